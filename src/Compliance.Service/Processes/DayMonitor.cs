using Compliance.Calendars;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>
/// Watches the log: refreshes the standing rows of whoever an event touches, and when a day is closed, decides from its
/// closings who is warned, suspended, or cleared. What is shown follows every event; what is decided, only closed days.
/// </summary>
public sealed class DayMonitor(NpgsqlDataSource database, IEventStore log, Commands commands, ReferenceCache references, ILogger<DayMonitor> logger)
    : OwnedProcess(database, LockKey, logger)
{
    public const string Name = "monitor";

    /// <summary>The bytes read "monitor".</summary>
    private const long LockKey = 0x6d6f6e69746f72;

    private const int Batch = 2_000;

    /// <summary>Sanctions decided side by side: they share the log's commits.</summary>
    private const int AtOnce = 64;

    /// <summary>Subjects refreshed at a time.</summary>
    private const int Chunk = 5_000;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _database = database;
    private long _position;

    protected override Task Wait(CancellationToken cancellation) => log.WaitForAppend(_position, Poll, cancellation);

    /// <summary>Deals with the next events, up to the first day closed among them.</summary>
    protected override async Task<bool> Step(CancellationToken cancellation)
    {
        _position = await Checkpoints.Read(_database, Name, cancellation);
        var events = await log.ReadAll(_position, Batch, cancellation);
        if (events.Count == 0)
        {
            return false;
        }

        var touched = new Touched();
        var to = events[^1].Position;
        DateOnly? closed = null;
        foreach (var e in events)
        {
            touched.Add(e.Data);
            if (e.Data is Day.Closed day)
            {
                (to, closed) = (e.Position, day.Date);
                break;
            }
        }

        if (!await Checkpoints.WaitFor(_database, ReadModel.Name, to, Checkpoints.LongestWait, cancellation))
        {
            // The rows are behind; look again, so that a lost lock is noticed.
            return true;
        }

        // Who has waited for this position is shown what was decided on it, and the standing rows below are written with it.
        if (closed is { } on && !await Checkpoints.WaitFor(_database, ReadModel.Name, await Decide(on, cancellation), Checkpoints.LongestWait, cancellation))
        {
            return true;
        }

        await Refresh(touched, to, cancellation);
        _position = to;
        return true;
    }

    /// <summary>
    /// Decides on a closed day, from its closings alone. Repeated after a crash it comes to the same decisions, and each
    /// is taken once. Every append asserts the checkpoint, so a monitor that has lost its place sanctions nobody.
    /// </summary>
    /// <returns>A position by which all the decisions stand in the log, also when they were taken before.</returns>
    private async Task<long> Decide(DateOnly day, CancellationToken cancellation)
    {
        long position = 0;
        var reference = await references.Get(cancellation);
        foreach (var technique in reference.Regulations.Techniques)
        {
            IReadOnlyList<Closing> closings;
            await using (var connection = await _database.OpenConnectionAsync(cancellation))
            {
                closings = await Closings.On(connection, technique, day, cancellation);
            }

            foreach (var province in closings.GroupBy(c => c.Province))
            {
                var setting = reference.EnforcementOf(technique, province.Key).On(day);
                var held = setting is { Mode: EnforcementMode.Enforce }
                    && Enforcement.MustHold(setting, province.Count(c => c.WouldSuspend), province.Count());
                foreach (var chunk in province.Where(c => c.AsksForDecision).Chunk(AtOnce))
                {
                    position = Math.Max(position, (await Task.WhenAll(chunk.Select(c => Decide(c, setting, held, reference, cancellation)))).Max());
                }
            }
        }

        return position;
    }

    private async Task<long> Decide(Closing closing, Enforcement.Set? setting, bool held, Reference reference, CancellationToken cancellation)
    {
        var proceedings = reference.Regulations.Find(closing.Regulation, closing.RegulationVersion)!.Proceedings;
        var outcome = await commands.Execute(
            Aggregates.Qualifications,
            Qualification.Stream(closing.Qualification),
            (state, today) => Qualification.RecordClosing(
                state, closing, setting, held, proceedings.RectificationMonths, today, reference.Calendar.AddWorkingDays(today, proceedings.GroundsDecisionWorkingDays)),
            cancellation,
            (_, events, _) => events.Count == 0 ? [] : [Checkpoints.Move(Name, _position, _position)]);
        switch (outcome)
        {
            case Outcome<Qualification.State, Qualification.Event>.Done done:
                foreach (var e in done.Events)
                {
                    logger.LogInformation("{Decision} for {Qualification}, judged on {Day:O}", e.GetType().Name, closing.Qualification, closing.Day);
                }

                return done.Position;
            case Outcome<Qualification.State, Qualification.Event>.CompanionRefused:
                throw new CheckpointMovedException(Name, _position);
            case Outcome<Qualification.State, Qualification.Event>.Unavailable unavailable:
                throw new LogUnavailableException(unavailable.Reason);
            default:
                throw new InvalidOperationException($"The closing of {closing.Day} for {closing.Qualification} was answered with {outcome}.");
        }
    }

    /// <summary>Writes the standing rows as of the day after the last one closed, and moves the checkpoint with them.</summary>
    private async Task Refresh(Touched touched, long to, CancellationToken cancellation)
    {
        var reference = await references.Get(cancellation);
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Checkpoints.Move(connection, Name, _position, to, cancellation);
        if (await LastClosed(connection, cancellation) is { } lastClosed)
        {
            var subjects = await touched.WithStanding(connection, log, cancellation);
            foreach (var chunk in subjects.Chunk(Chunk))
            {
                await Refresh(connection, reference, chunk, lastClosed, cancellation);
            }
        }

        await transaction.CommitAsync(cancellation);
    }

    private static async Task Refresh(
        NpgsqlConnection connection,
        Reference reference,
        IReadOnlyList<QualificationId> subjects,
        DateOnly lastClosed,
        CancellationToken cancellation)
    {
        var asOf = lastClosed.AddDays(1);
        var before = new Dictionary<QualificationId, IReadOnlyList<Finding>>();
        foreach (var of in subjects.GroupBy(s => s.Technique))
        {
            foreach (var closing in await Closings.On(connection, of.Key, lastClosed, cancellation, [.. of.Select(s => s.Subject)]))
            {
                before[closing.Qualification] = closing.Findings;
            }
        }

        var facts = await FactsReader.Read(connection, reference, [.. subjects.Select(s => new FactsAsked(s, asOf))], cancellation);
        var counts = await CountsQuery.Read(
            connection, [.. subjects.Select(s => new CountsAsked(s.Subject, s.Technique, DaySpan.RollingYear(asOf), asOf))], cancellation);
        var rows = facts.Select((read, i) =>
        {
            var technique = read.Facts.Technique;
            var findings = reference.Regulations.InForce(technique, asOf) is { } regulation
                ? Evaluation.Continue(
                    Evaluation.Evaluate(regulation, read.Facts),
                    before.GetValueOrDefault(subjects[i]) ?? [],
                    asOf,
                    reference.EnforcementOf(technique, read.Province).ActingSince(asOf))
                : [];
            return StandingRow.From(read, counts[i], reference.Regulations.ForDefinitions(technique, asOf)!, findings);
        }).ToList();
        await StandingRow.Write(connection, rows, cancellation);
    }

    private static async Task<DateOnly?> LastClosed(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select max(day) from read.days_closed", connection);
        return await command.ExecuteScalarAsync(cancellation) is DateOnly day ? day : null;
    }
}
