using System.Diagnostics;
using Compliance.Service.EventStore;
using Compliance.Service.Schema;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>How far a rebuild has come.</summary>
/// <param name="Position">Events up to here are in the new rows.</param>
/// <param name="Head">The end of the log when it was last looked at.</param>
/// <param name="Rate">Positions a second since this run began.</param>
public sealed record RebuildProgress(long Position, long Head, double Rate)
{
    public TimeSpan? Left => Rate > 0 ? TimeSpan.FromSeconds((Head - Position) / Rate) : null;
}

/// <summary>Another rebuild is under way, on this node or another.</summary>
public sealed class RebuildRunsException() : Exception("Another rebuild or verification is running.");

/// <summary>What one table holds, and what the log says that it should.</summary>
/// <param name="Checksum">Sum over its rows of a hash of each: equal for equal rows in any order.</param>
/// <param name="Examples">Some rows that stand on one side only.</param>
public sealed record TableCompared(string Table, long Rows, long RowsOfLog, decimal Checksum, decimal ChecksumOfLog, IReadOnlyList<string> Examples)
{
    public bool Agrees => Rows == RowsOfLog && Checksum == ChecksumOfLog;
}

/// <summary>
/// Builds the rows again from the log, beside those that serve: to put them in their place in one transaction, or to
/// compare them. A rebuild that dies stays where it was, and the next goes on from there.
/// </summary>
public sealed class Rebuild(IEventStore log, NpgsqlDataSource database, ReadSchema living)
{
    /// <summary>The bytes read "rebuild".</summary>
    private const long LockKey = 0x7265_6275_696c_64;

    /// <summary>How long the switch waits for readers of the old rows before it lets them go on and tries again.</summary>
    private const string SwitchWait = "1s";

    /// <summary>Of each table, and of each side.</summary>
    private const int Examples = 3;

    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Builds everything anew and switches over.</summary>
    /// <exception cref="RebuildRunsException">Only one may run at a time.</exception>
    public async Task Run(Action<RebuildProgress> progress, CancellationToken cancellation)
    {
        await using var only = await Claim(cancellation);
        var next = living.Next;
        await next.Create(database, cancellation);
        var rows = new ReadModel(log, database, next);
        var standings = new Standings(log, database, next);
        do
        {
            await CatchUp(rows, next, progress, cancellation);
            await CatchUp(standings, next, await Checkpoints.Read(database, next.Rows, cancellation), cancellation);
        }
        while (!await Switch(next, rows, standings, cancellation));
    }

    /// <summary>Builds the rows of a second edition up to where these stand, compares them table by table, and drops it.</summary>
    /// <param name="closings">Whether every day closed is judged again, too, and the register's snapshot of it taken: the longest part by far once years have gone by.</param>
    /// <exception cref="RebuildRunsException">Only one may run at a time.</exception>
    public async Task<(long Position, IReadOnlyList<TableCompared> Tables)> Compare(bool closings, Action<RebuildProgress> progress, CancellationToken cancellation)
    {
        await using var only = await Claim(cancellation);
        var proof = living.Proof;
        // What an earlier comparison left was perhaps built by another program.
        await proof.Drop(database, cancellation);
        await proof.Create(database, cancellation);
        try
        {
            var rows = new ReadModel(log, database, proof) { WithClosings = closings };
            await CatchUp(rows, proof, progress, cancellation);
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
            var position = await Together(rows, proof, connection, cancellation);
            return (position, await CompareTables(connection, proof, closings, cancellation));
        }
        finally
        {
            await proof.Drop(database, CancellationToken.None);
        }
    }

    private async Task CatchUp(ReadModel rows, ReadSchema edition, Action<RebuildProgress> progress, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        long? first = null;
        long analysed = 0;
        for (var more = true; more;)
        {
            (var position, more) = await rows.Advance(cancellation);
            first ??= position;
            // The planner must not take new tables for the empty ones they were until autovacuum comes round.
            if (position >= 2 * analysed)
            {
                await edition.Analyze(database, cancellation);
                analysed = position;
            }

            progress(new(position, await log.Head(cancellation), (position - first.Value) / Math.Max(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.001)));
        }
    }

    // No further than asked: where something is always being reported, the end of the log is never reached.
    private async Task<bool> CatchUp(Standings standings, ReadSchema next, long upTo, CancellationToken cancellation)
    {
        for (var at = await Checkpoints.Read(database, next.Standings, cancellation); at < upTo;)
        {
            var (to, _) = await standings.Advance(cancellation);
            if (to == at)
                return false;
            at = to;
        }

        return true;
    }

    /// <summary>True when it is done; false when it could not be just now: readers of the old rows do not make way, or the monitor has not yet dealt with a day.</summary>
    private async Task<bool> Switch(ReadSchema next, ReadModel rows, Standings standings, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            await connection.Execute($"set local lock_timeout = '{SwitchWait}'", cancellation);
            // From here on their owners write nothing more into the rows that are about to go.
            var held = await Checkpoints.Hold(connection, [living.Rows, living.Standings], cancellation);
            for (var at = await Checkpoints.Read(database, next.Rows, cancellation); at < held[living.Rows];)
            {
                (at, _) = await rows.Advance(cancellation);
            }

            if (!await CatchUp(standings, next, held[living.Standings], cancellation))
                return false;

            await living.ReplaceBy(next, connection, cancellation);
            await Reconciliation.Forget(connection, cancellation);
            await transaction.CommitAsync(cancellation);
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            await transaction.RollbackAsync(CancellationToken.None);
            await Task.Delay(TryAgain, cancellation);
            return false;
        }
    }

    /// <summary>Brings the second edition exactly to where the first stands, and takes the snapshot in which both stand there.</summary>
    private async Task<long> Together(ReadModel rows, ReadSchema proof, NpgsqlConnection snapshot, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var to = (await Checkpoints.Hold(connection, [living.Rows], cancellation))[living.Rows];
        for (var at = await Checkpoints.Read(database, proof.Rows, cancellation); at < to;)
        {
            (at, _) = await rows.Advance(cancellation, to);
        }

        return await Checkpoints.Read(snapshot, living.Rows, cancellation);
    }

    private async Task<IReadOnlyList<TableCompared>> CompareTables(NpgsqlConnection connection, ReadSchema proof, bool closings, CancellationToken cancellation)
    {
        var compared = new List<TableCompared>();
        foreach (var table in await living.Tables(connection, cancellation))
        {
            // Standings belong to another checkpoint, and where reference data changed last is told by batches.
            if (table is "standings" or "reference_changed" || (!closings && table is ("closings" or "register_snapshots")))
                continue;

            // A day on which nothing counts any more may stand as a row of zeros, or not at all.
            var which = table == "institution_days" ? " where (cases, incidents) <> (0, 0)" : "";
            var (here, of) = ($"select t::text as row from {living.Name}.{table} t{which}", $"select t::text as row from {proof.Name}.{table} t{which}");
            var (rows, sum) = await Sum(connection, here, cancellation);
            var (rowsOfLog, sumOfLog) = await Sum(connection, of, cancellation);
            var agrees = rows == rowsOfLog && sum == sumOfLog;
            compared.Add(new(table, rows, rowsOfLog, sum, sumOfLog, agrees ? [] : [.. await Sample(connection, "not of the log: ", here, of, cancellation), .. await Sample(connection, "missing: ", of, here, cancellation)]));
        }

        return compared;
    }

    private static async Task<(long Rows, decimal Sum)> Sum(NpgsqlConnection connection, string rows, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select count(*), coalesce(sum(hashtextextended(row, 0)), 0) from ({rows}) r", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetDecimal(1));
    }

    private static async Task<List<string>> Sample(NpgsqlConnection connection, string label, string of, string without, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"({of}) except all ({without}) limit {Examples}", connection) { CommandTimeout = 0 };
        var sample = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            sample.Add(label + reader.GetString(0));
        return sample;
    }

    private async Task<SessionLock> Claim(CancellationToken cancellation) =>
        await SessionLock.TryTake(database, LockKey, cancellation) ?? throw new RebuildRunsException();
}
