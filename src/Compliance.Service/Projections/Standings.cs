using System.Diagnostics;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Metrics;
using Compliance.Service.Processes;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>
/// Keeps the rows that dashboards and the register show: one per subject and technique that is qualified, has cases, or was found to have had some,
/// as of the day after the last one closed. Computed again from the other rows for whoever an event touches.
/// </summary>
public sealed class Standings(IEventStore log, NpgsqlDataSource database, ReadSchema schema)
{
    /// <summary>Events read at a time.</summary>
    private const int Batch = 10_000;

    /// <summary>When as many are waiting, they touch nearly everybody, and everybody is refreshed once instead of looking further for whom.</summary>
    private const int MostEvents = 100_000;

    /// <summary>Subjects refreshed at a time.</summary>
    private const int Chunk = 5_000;

    /// <summary>How often is looked whether the monitor has carried out a round.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private Reference? _reference;

    /// <summary>Refreshes whom the next events touch.</summary>
    /// <returns>The checkpoint afterwards, and whether there is more to do at once.</returns>
    /// <exception cref="CheckpointMovedException">Another node owns the rows; nothing was changed.</exception>
    public async Task<(long Position, bool More)> Advance(CancellationToken cancellation)
    {
        var from = await Checkpoints.Read(database, schema.Standings, cancellation);
        var rows = await Checkpoints.Read(database, schema.Rows, cancellation);
        if (from >= rows)
        {
            return (from, false);
        }

        var touched = new Touched { Everybody = from == 0 };
        var to = from;
        var count = 0;
        while (to < rows && !touched.Everybody)
        {
            var events = await log.ReadAll(to, Batch, cancellation);
            if (events.Count == 0)
            {
                throw new InvalidOperationException($"The rows stand at {rows}, but the log ends at {to}.");
            }

            foreach (var e in events.TakeWhile(e => e.Position <= rows))
            {
                touched.Add(e.Data);
                to = e.Position;
                touched.Everybody |= ++count == MostEvents;
            }
        }

        if (touched.Everybody)
        {
            to = rows;
        }

        // What was decided on a day, or by a round, is shown together with it: not before the monitor has dealt with it, and the rows with that.
        if ((touched.Everybody && !await Decided(to, cancellation)) || ((touched.Everybody || touched.Concluded) && !await CarriedOut(cancellation)))
        {
            return (from, true);
        }

        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await schema.Begin(connection, cancellation);
        await Checkpoints.Move(connection, schema.Standings, from, to, cancellation);
        if (await LastClosed(connection, cancellation) is { } lastClosed)
        {
            _reference = await Reference.Read(connection, _reference, cancellation);
            await Refresh(connection, touched, lastClosed, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return (to, true);
    }

    /// <summary>Has all of them computed again by whoever owns them, now or when a service next runs; until then they stand as they are.</summary>
    public async Task Restart(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Checkpoints.Hold(connection, [schema.Standings], cancellation);
        await Checkpoints.Forget(connection, [schema.Standings], cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>True when the monitor has decided on every day closed by the position, and the rows show what.</summary>
    private async Task<bool> Decided(long position, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select coalesce(max(position), 0) from {schema.Name}.days_closed where position <= $1");
        command.Parameters.Add(new() { Value = position });
        var closed = (long)(await command.ExecuteScalarAsync(cancellation))!;
        return await Checkpoints.WaitFor(database, DayMonitor.Name, closed, Checkpoints.LongestWait, cancellation)
            && await Checkpoints.WaitFor(database, schema.Rows, await Checkpoints.Read(database, DayMonitor.Name, cancellation), Checkpoints.LongestWait, cancellation);
    }

    /// <summary>True when the outcomes of all concluded rounds stand in the qualifications.</summary>
    private async Task<bool> CarriedOut(CancellationToken cancellation)
    {
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < Checkpoints.LongestWait; await Task.Delay(Look, cancellation))
        {
            await using var command = database.CreateCommand($"select exists (select from {schema.Name}.rounds where to_record)");
            if (!(bool)(await command.ExecuteScalarAsync(cancellation))!)
                return true;
        }

        return false;
    }

    private async Task Refresh(NpgsqlConnection connection, Touched touched, DateOnly lastClosed, CancellationToken cancellation)
    {
        var subjects = await touched.Subjects(connection, log, [.. _reference!.Regulations.Techniques], cancellation);
        await StandingRow.Remove(connection, [.. subjects.Where(s => !s.HasStanding).Select(s => s.Id)], cancellation);
        var places = new PlacesRead();
        foreach (var chunk in subjects.Where(s => s.HasStanding).Select(s => s.Id).Chunk(Chunk))
        {
            await Refresh(connection, _reference, chunk, lastClosed, places, cancellation);
        }
    }

    private static async Task Refresh(
        NpgsqlConnection connection, Reference reference, IReadOnlyList<QualificationId> subjects, DateOnly lastClosed, PlacesRead places, CancellationToken cancellation)
    {
        var asOf = lastClosed.AddDays(1);
        var before = new Dictionary<QualificationId, IReadOnlyList<BreachRun>>();
        foreach (var of in subjects.GroupBy(s => s.Technique))
        {
            foreach (var (subject, runs) in await Closings.RunsOn(connection, of.Key, lastClosed, [.. of.Select(s => s.Subject)], cancellation))
            {
                before[new(subject, of.Key)] = runs;
            }
        }

        var facts = await FactsReader.Read(connection, reference, [.. subjects.Select(s => new FactsAsked(s, asOf))], cancellation, places);
        var year = DaySpan.RollingYear(asOf);
        var counts = await YearCounts(connection, facts, year, asOf, cancellation);
        int[] institutions = [.. Enumerable.Range(0, facts.Count).Where(i => facts[i].Facts.Subject.Kind == SubjectKind.Institution)];
        var counted = await VerifiedTotalRows.Read(connection, [.. institutions.Select(i => new TotalsAsked(facts[i].Facts.Subject.Id, facts[i].Facts.Technique, year))], andLatest: true, cancellation);
        var totals = institutions.Select((i, at) => (i, at)).Where(x => counted.Contains(x.at)).ToDictionary(x => x.i, x => (IReadOnlyList<TotalReported>)[.. counted[x.at]]);
        var rows = facts.Select((read, i) => (Read: read, Counts: counts[i], Totals: totals.GetValueOrDefault(i) ?? [], Before: before.GetValueOrDefault(subjects[i]) ?? [])).AsParallel().AsOrdered().Select(of =>
        {
            var technique = of.Read.Facts.Technique;
            var findings = reference.Regulations.InForce(technique, asOf, of.Read.Province) is { } regulation
                ? Evaluation.Continue(
                    Evaluation.Evaluate(regulation, of.Read.Facts), of.Before, asOf, reference.EnforcementOf(technique, of.Read.Province).ActingSince(asOf))
                : [];
            return StandingRow.From(of.Read, of.Counts, of.Totals, reference.Regulations.ForDefinitions(technique, asOf)!, findings);
        }).ToList();
        await StandingRow.Write(connection, rows, cancellation);
    }

    // Most subjects are observed for the whole year, and their counts are known already.
    private static async Task<Counts[]> YearCounts(NpgsqlConnection connection, IReadOnlyList<FactsRead> facts, DaySpan year, DateOnly asOf, CancellationToken cancellation)
    {
        Counts[] counts = [.. facts.Select(f => f.Facts.CurrentCounts)];
        int[] cut = [.. Enumerable.Range(0, facts.Count).Where(i => facts[i].Facts.Current.Span != year)];
        var asked = await CountsQuery.Read(connection, [.. cut.Select(i => new CountsAsked(facts[i].Facts.Subject, facts[i].Facts.Technique, year, asOf))], cancellation);
        foreach (var (i, whole) in cut.Zip(asked))
        {
            counts[i] = whole;
        }

        return counts;
    }

    private static async Task<DateOnly?> LastClosed(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select max(day) from days_closed", connection);
        return await command.ExecuteScalarAsync(cancellation) is DateOnly day ? day : null;
    }
}
