using Compliance.Calendars;
using Compliance.Qualifications;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>
/// When a day is closed, decides from its closings who is warned, suspended, or cleared. What is shown follows every
/// event; what is decided, only closed days.
/// </summary>
public sealed class DayMonitor(NpgsqlDataSource database, IEventStore log, Commands commands, ReferenceCache references, Assessor assessor, OverdueReports overdue, ILogger<DayMonitor> logger)
    : OwnedProcess(database, LockKey, logger)
{
    /// <summary>Its checkpoint stands behind the last day decided on and all that was decided on it.</summary>
    public const string Name = "monitor:All";

    /// <summary>The bytes read "monitor".</summary>
    private const long LockKey = 0x6d6f6e69746f72;

    /// <summary>Sanctions decided side by side: they share the log's commits.</summary>
    private const int AtOnce = 64;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _database = database;
    private long _position;
    private long _version;
    private long _seen;

    protected override Task Wait(CancellationToken cancellation) => log.WaitForAppend(_seen, Poll, cancellation);

    /// <summary>Decides on the next day closed.</summary>
    protected override async Task<bool> Step(CancellationToken cancellation)
    {
        _position = await Checkpoints.Read(_database, Name, cancellation);
        _seen = await log.Head(cancellation);
        RecordedEvent? closed = null;
        foreach (var e in await log.ReadStream(Day.Stream, _version + 1, cancellation))
        {
            if (e.Position > _position)
            {
                closed = e;
                break;
            }

            _version = e.Version;
        }

        if (closed is null)
        {
            // A person may conclude a round on any day.
            var carriedOut = await assessor.CarryOut(references.Get, Place, cancellation);
            return carriedOut > 0 && await Checkpoints.WaitFor(_database, ReadSchema.Living.Rows, carriedOut, Checkpoints.LongestWait, cancellation);
        }

        if (!await Checkpoints.WaitFor(_database, ReadSchema.Living.Rows, closed.Position, Checkpoints.LongestWait, cancellation))
        {
            // The rows are behind; look again, so that a lost lock is noticed.
            return true;
        }

        var day = ((Day.Closed)closed.Data).Date;
        var to = Math.Max(closed.Position, await Decide(day, cancellation));
        to = Math.Max(to, await overdue.OnClosed(day, Place, cancellation));
        to = Math.Max(to, await assessor.OnClosed(day, await references.Get(cancellation), Place, cancellation));
        // Who waits for the monitor is shown what it decided.
        if (!await Checkpoints.WaitFor(_database, ReadSchema.Living.Rows, to, Checkpoints.LongestWait, cancellation))
        {
            return true;
        }

        to = Math.Max(to, await assessor.CarryOut(references.Get, Place, cancellation));
        if (!await Checkpoints.WaitFor(_database, ReadSchema.Living.Rows, to, Checkpoints.LongestWait, cancellation))
        {
            return true;
        }

        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await Checkpoints.Move(connection, Name, _position, to, cancellation);
        return true;
    }

    private Fence Place => new(Name, _position);

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
            IReadOnlyList<Closing> asking;
            Dictionary<QualificationId, Qualification.State> states;
            IReadOnlyList<(string? Province, int WouldSuspend, int Judged)> tally;
            await using (var connection = await _database.OpenConnectionAsync(cancellation))
            {
                asking = await Closings.Asking(connection, technique, day, cancellation);
                states = await FactsReader.Qualifications(connection, [.. asking.Select(c => c.Qualification.Subject.Id)], cancellation);
                tally = await Closings.Tally(connection, technique, day, cancellation);
            }

            foreach (var province in asking.GroupBy(c => c.Province))
            {
                var setting = reference.EnforcementOf(technique, province.Key).On(day);
                var (_, wouldSuspend, judged) = tally.Single(t => t.Province == province.Key);
                var held = setting is { Mode: EnforcementMode.Enforce } && Enforcement.MustHold(setting, wouldSuspend, judged);
                // Most have been dealt with: warned long ago, waiting for somebody to decide. That the rows say as well as the log, and at once.
                foreach (var chunk in province.Where(c => Record(c, states[c.Qualification], day.AddDays(1), setting, held, reference).Events.Count > 0).Chunk(AtOnce))
                {
                    position = Math.Max(position, (await Task.WhenAll(chunk.Select(c => Decide(c, setting, held, reference, cancellation)))).Max());
                }
            }
        }

        return position;
    }

    private static Decision<Qualification.Event> Record(Closing closing, Qualification.State state, DateOnly today, Enforcement.Set? setting, bool held, Reference reference)
    {
        var proceedings = reference.Regulations.Find(closing.Regulation, closing.RegulationVersion)!.InPractice.Proceedings;
        var revocation = state.Pending.FirstOrDefault(p => p.Sanction == Sanction.Revocation) is { } proposed
            && reference.EnforcementOf(closing.Qualification.Technique, proposed.Province).On(closing.Day) is { Mode: not EnforcementMode.Observe } of
            ? of.Revocation
            : RevocationMode.Confirmed;
        return Monitoring.RecordClosing(
            state, closing, setting, held, proceedings.RectificationMonths, today, reference.Calendar.AddWorkingDays(today, proceedings.GroundsDecisionWorkingDays), revocation);
    }

    private async Task<long> Decide(Closing closing, Enforcement.Set? setting, bool held, Reference reference, CancellationToken cancellation)
    {
        var outcome = await commands.Execute(
            Aggregates.Qualifications,
            Qualification.Stream(closing.Qualification),
            (state, today) => Record(closing, state, today, setting, held, reference),
            cancellation,
            (_, events, _) => events.Count == 0 ? [] : [Place.Row]);
        var position = Place.PositionOf(outcome);
        foreach (var e in (outcome as Outcome<Qualification.State, Qualification.Event>.Done)?.Events ?? [])
        {
            logger.LogInformation("{Decision} for {Qualification}, judged on {Day:O}", e.GetType().Name, closing.Qualification, closing.Day);
        }

        return position;
    }
}
