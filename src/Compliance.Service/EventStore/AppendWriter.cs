using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Npgsql;

namespace Compliance.Service.EventStore;

/// <summary>Group commit: one loop per node that writes all waiting appends in one transaction. The append lock makes all writers wait for
/// each other's flush, so the only way to go faster than one append per flush is to share one. A group is first written in one round trip as if
/// every expected version were right; if that fails, in two, between which it is decided who conflicts with whom.</summary>
internal sealed class AppendWriter : IAsyncDisposable
{
    /// <summary>A group that fails is split into this many, down to single requests: few repeats where one request is to blame, and few
    /// levels (each costing a lock timeout) where that one waits for a lock.</summary>
    private const int SplitInto = 8;

    /// <summary>From so many events on, COPY's four further messages should cost less than arrays that the server must unpack.</summary>
    private const int CopyFrom = 128;

    /// <summary>Bounded so that writes are answered within 2 seconds while somebody else holds the append lock.</summary>
    private static readonly TimeSpan AppendLockWait = TimeSpan.FromSeconds(1);

    /// <summary>How long a request may wait for the writer to take it up.</summary>
    private static readonly TimeSpan QueueWait = TimeSpan.FromMilliseconds(1_800);

    private static readonly TimeSpan ConnectWait = TimeSpan.FromMilliseconds(1_500);

    /// <summary>For the whole of a transaction in one round trip: the lock, the rows and the flush. Past it the outcome is asked for.</summary>
    private static readonly TimeSpan OneTripWait = TimeSpan.FromSeconds(5);

    /// <summary>How long to keep asking for the outcome of a commit whose connection broke; longer than the server needs to notice a dead
    /// peer and to recover from a crash, shorter than callers' patience.</summary>
    private static readonly TimeSpan OutcomeWait = TimeSpan.FromSeconds(20);

    /// <summary>While there is trouble and nobody writes, try whether it is over this often, so that health heals without a caller.</summary>
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    /// <summary>After a stranger's row lock was met in one round trip, everybody goes by two, which step round such rows, for so long.</summary>
    private static readonly TimeSpan Caution = TimeSpan.FromSeconds(1);

    /// <summary>For this connection only. The timeouts and keepalives free the append lock when this node dies or is cut off while holding
    /// it. The planner settings: everything here is a look-up by key, and a plan made while the tables were small must not scan them
    /// when they have grown, nor be compiled because a scan was priced out of reach. Nothing about synchronous_commit: what is acknowledged has been flushed.</summary>
    private static readonly string SessionSettings =
        $"""
         set lock_timeout = {(int)AppendLockWait.TotalMilliseconds};
         set idle_in_transaction_session_timeout = '5s';
         set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3; set tcp_user_timeout = 10000;
         set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set jit = off
         """;

    private static readonly Outcome AppendLockHeld = new Outcome.Unreachable("Another program holds the append lock.");

    private readonly NpgsqlDataSource _database;
    private readonly Func<TimeSpan> _clockOffset;
    private readonly Action<long> _committed;
    private readonly AppendQueue _queue = new();
    private readonly Task _loop;
    private NpgsqlConnection? _connection;
    private long _session;
    private long _cautious;
    private volatile string? _trouble;
    private volatile bool _closed;

    /// <param name="committed">Told the last position of every commit.</param>
    public AppendWriter(NpgsqlDataSource database, Func<TimeSpan> clockOffset, Action<long> committed)
    {
        _database = database;
        _clockOffset = clockOffset;
        _committed = committed;
        _loop = Task.Run(Loop);
    }

    public string? Trouble => _trouble;

    public bool WithoutAppendLock { get; set; }

    public Func<Task>? BeforeCommit { get; set; }

    /// <summary>Returns when every request of the call has its result.</summary>
    public async Task Append(PendingCall call, CancellationToken cancellation)
    {
        if (!_queue.TryAdd(call))
        {
            call.CompleteAll(new AppendResult.Unavailable(_closed ? "The event store is closed." : "Too many writes are waiting."));
            return;
        }

        try
        {
            await call.Done.WaitAsync(QueueWait, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Once the writer has taken it up, only the outcome is a truthful answer; it may have come at this very moment.
            if (call.Done.IsCompleted || !call.TryClaim())
            {
                await call.Done;
                return;
            }

            cancellation.ThrowIfCancellationRequested();
            call.CompleteAll(new AppendResult.Unavailable(_trouble ?? "Writing takes too long; the append was withdrawn."));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _closed = true;
        _queue.Close();
        await _loop;
        await Drop();
    }

    private async Task Loop()
    {
        while (true)
        {
            List<PendingAppend> group = [];
            try
            {
                if (!await WaitForWork())
                    return;
                group = _queue.Take();
                if (group.Count > 0)
                    await Write(group);
            }
            catch (Exception e)
            {
                // A bug; but one that must not leave callers waiting for ever, nor stop the writer.
                _trouble = e.Message;
                group.ForEach(append => append.Fail(e));
                await Drop();
            }
        }
    }

    private ValueTask<bool> WaitForWork() => _trouble is null ? _queue.WaitForWork() : new(WaitAndProbe());

    private async Task<bool> WaitAndProbe()
    {
        var work = _queue.WaitForWork().AsTask();
        while (_trouble is not null && await Task.WhenAny(work, Task.Delay(ProbeInterval)) != work)
            await Write([]);
        return await work;
    }

    /// <summary>Writes the group and answers every caller in it, if need be by writing parts of it on their own.</summary>
    private async Task Write(List<PendingAppend> group)
    {
        switch (await TryWrite(group))
        {
            case Outcome.Known known:
                _trouble = null;
                for (var i = 0; i < group.Count; i++)
                    group[i].Complete(known.Results[i]);
                break;

            case Outcome.RolledBack when group.Count > 1:
                foreach (var part in group.Chunk((group.Count + SplitInto - 1) / SplitInto))
                    await Write([.. part]);
                break;

            case Outcome.RolledBack { Answer: { } answer }:
                group.ForEach(append => append.Complete(answer));
                break;

            case Outcome.RolledBack rolledBack:
                group.ForEach(append => append.Fail(rolledBack.Cause));
                break;

            case Outcome.Unreachable unreachable:
                _trouble = unreachable.Reason;
                // Those who queued up meanwhile have waited as long already; another round would keep them beyond their 2 seconds.
                do
                {
                    group.ForEach(append => append.Complete(new AppendResult.Unavailable(unreachable.Reason)));
                    group = _queue.Take();
                }
                while (group.Count > 0);
                break;

            case Outcome.Unknown unknown:
                _trouble = "The outcome of a commit could not be learnt.";
                group.ForEach(append => append.Fail(new AppendOutcomeUnknownException(unknown.Cause)));
                break;

            default:
                throw new UnreachableException();
        }
    }

    private async Task<Outcome> TryWrite(List<PendingAppend> group)
    {
        var tries = 2;
        if (group.Count > 0 && BeforeCommit is null && !WithoutAppendLock && Environment.TickCount64 >= _cautious
            && AppendPlan.Assuming(group) is { } plan)
        {
            if (!await TryConnect())
                tries = 1;
            else if (await (plan.Events.Count < CopyFrom ? WriteInOneTrip(plan) : WriteByCopy(plan)) is { } outcome)
                return outcome;
        }

        return await WriteInTwoTrips(group, tries);
    }

    /// <summary>Everything in one message, which is one transaction: it commits when the last statement has succeeded.</summary>
    /// <returns>Null when an assumption was wrong, or the connection broke before anything was written.</returns>
    private async Task<Outcome?> WriteInOneTrip(AppendPlan plan)
    {
        await using var batch = new NpgsqlBatch(_connection) { Timeout = (int)OneTripWait.TotalSeconds };
        batch.BatchCommands.Add(AppendStatements.Lock(withAppendLock: true));
        batch.BatchCommands.Add(AppendStatements.WriteAssuming(plan, _clockOffset()));
        AddCompanions(batch, plan);
        DateTimeOffset stamp;
        long[] positions;
        try
        {
            // Preparing what this connection has prepared before costs nothing.
            await batch.PrepareAsync();
            await using var reader = await batch.ExecuteReaderAsync();
            await reader.NextResultAsync();
            await reader.ReadAsync();
            (stamp, positions) = (reader.GetFieldValue<DateTimeOffset>(0), reader.GetFieldValue<long[]>(1));
            while (await reader.NextResultAsync())
            {
                // The last one ends with the commit.
            }
        }
        catch (PostgresException e) when (e.InvariantSeverity == "ERROR")
        {
            return Judge(e, batch, plan);
        }
        catch (Exception e)
        {
            return await AskForOutcome(plan, e) is var outcome and not Outcome.RolledBack ? outcome : null;
        }

        return Committed(plan, stamp, positions);
    }

    /// <summary>Many new rows: the positions are drawn first, since COPY cannot draw them.</summary>
    /// <returns>Null as in one round trip.</returns>
    private async Task<Outcome?> WriteByCopy(AppendPlan plan)
    {
        Lead lead;
        try
        {
            lead = await TakeLead([], plan.Events.Count);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await Rollback();
            return AppendLockHeld;
        }
        catch (Exception e) when (IsPassing(e))
        {
            await Drop();
            return null;
        }

        if (lead.Stamp > plan.NotAfter)
        {
            await Rollback();
            return null;
        }

        return await WriteRows(plan, lead) is var outcome and not Outcome.RolledBack { ByCompanion: false } ? outcome : null;
    }

    private async Task<Outcome> WriteInTwoTrips(List<PendingAppend> group, int tries)
    {
        var streams = group.Select(append => append.Request.Stream).Distinct().ToArray();
        var events = group.Sum(append => append.Events.Length);
        Lead lead;
        while (true)
        {
            try
            {
                lead = await TakeLead(streams, events);
                break;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await Rollback();
                return AppendLockHeld;
            }
            catch (Exception e) when (IsPassing(e))
            {
                // Nothing has been written yet. The first failure may only mean that the connection died while idle.
                await Drop();
                if (--tries == 0)
                    return new Outcome.Unreachable($"The database does not answer: {e.Message}");
            }
        }

        var plan = AppendPlan.Of(group, lead.Versions, lead.Stamp);
        if (plan.Accepted == 0)
        {
            await Rollback();
            return new Outcome.Known(plan.Results(lead.Stamp, []));
        }

        if (BeforeCommit is { } beforeCommit)
            await beforeCommit();
        return await WriteRows(plan, lead);
    }

    /// <summary>Lock, versions, stamp, positions, in that order: all that is read or drawn must be so under the lock.</summary>
    /// <param name="streams">None when their versions are taken to be right.</param>
    private async Task<Lead> TakeLead(string[] streams, int events)
    {
        await using var batch = new NpgsqlBatch(await Connect()) { Timeout = (int)AppendLockWait.TotalSeconds + 1 };
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        batch.BatchCommands.Add(AppendStatements.Lock(!WithoutAppendLock));
        if (streams.Length > 0)
            batch.BatchCommands.Add(AppendStatements.Versions(streams));
        batch.BatchCommands.Add(AppendStatements.Draw(_clockOffset(), events));

        await batch.PrepareAsync();
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var versions = new Dictionary<string, long?>();
        if (streams.Length > 0)
        {
            while (await reader.ReadAsync())
                versions.Add(reader.GetString(0), await reader.IsDBNullAsync(1) ? null : reader.GetInt64(1));
            await reader.NextResultAsync();
        }

        await reader.ReadAsync();
        return new Lead(versions, reader.GetFieldValue<DateTimeOffset>(0), reader.GetFieldValue<long[]>(1));
    }

    /// <summary>Every row of the plan, and the commit.</summary>
    private async Task<Outcome> WriteRows(AppendPlan plan, Lead lead)
    {
        await using var batch = new NpgsqlBatch(_connection);
        var byCopy = plan.Events.Count >= CopyFrom;
        var opened = plan.Streams.Values.Count(stream => stream.IsNew);
        if (opened > 0 && !byCopy)
            batch.BatchCommands.Add(AppendStatements.OpenStreams(plan, lead.Stamp));
        if (opened < plan.Streams.Count)
            batch.BatchCommands.Add(AppendStatements.MoveStreams(plan, lead.Stamp));
        if (plan.Events.Count > 0 && !byCopy)
            batch.BatchCommands.Add(AppendStatements.WriteEvents(plan, lead.Stamp, lead.Positions));
        AddCompanions(batch, plan);
        if (plan.Events.Count > 0)
            batch.BatchCommands.Add(AppendStatements.Notify(lead.Positions[plan.Events.Count - 1]));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        var copying = byCopy;
        try
        {
            if (byCopy)
                await EventCopy.Write(_connection!, plan, lead.Stamp, lead.Positions);
            copying = false;
            await batch.PrepareAsync();
            await batch.ExecuteNonQueryAsync();
        }
        catch (PostgresException e) when (e.InvariantSeverity == "ERROR")
        {
            // An error, other than a FATAL one, always precedes the end of the transaction, so nothing is written.
            await Rollback();
            var kind = copying ? null : KindOf(Failed(batch), plan);
            if (kind is null)
                Heed(e);
            return Explain(e, kind);
        }
        catch (Exception e)
        {
            return await AskForOutcome(plan, e);
        }

        return Committed(plan, lead.Stamp, lead.Positions);
    }

    private static void AddCompanions(NpgsqlBatch batch, AppendPlan plan)
    {
        foreach (var (kind, rows) in plan.Companions ?? [])
            batch.BatchCommands.Add(kind.Command(rows));
    }

    private Outcome.Known Committed(AppendPlan plan, DateTimeOffset stamp, long[] positions)
    {
        if (plan.Events.Count > 0)
            _committed(positions[plan.Events.Count - 1]);
        return new Outcome.Known(plan.Results(stamp, positions));
    }

    /// <summary>What an error in one round trip means: it was rolled back as a whole.</summary>
    /// <returns>Null when the log's own statement refused, so that two round trips must tell whom.</returns>
    private Outcome? Judge(PostgresException e, NpgsqlBatch batch, AppendPlan plan)
    {
        var failed = Failed(batch);
        if (e.SqlState == PostgresErrorCodes.LockNotAvailable && failed == batch.BatchCommands[0])
            return AppendLockHeld;
        if (KindOf(failed, plan) is { } kind)
            return Explain(e, kind);
        Heed(e);
        return null;
    }

    private void Heed(PostgresException e)
    {
        if (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            _cautious = Environment.TickCount64 + (long)Caution.TotalMilliseconds;
    }

    /// <summary>The first statement that did not complete.</summary>
    private static NpgsqlBatchCommand? Failed(NpgsqlBatch batch) =>
        batch.BatchCommands.Cast<NpgsqlBatchCommand>().FirstOrDefault(command => command.StatementType == StatementType.Unknown);

    private static CompanionKind? KindOf(NpgsqlBatchCommand? command, AppendPlan plan) =>
        command is null ? null : plan.Companions?.Keys.FirstOrDefault(kind => kind.Sql == command.CommandText);

    /// <summary>What an error means for a request that was alone in its group.</summary>
    /// <param name="kind">The companions' whose statement failed; null for the log's own statements.</param>
    private static Outcome.RolledBack Explain(PostgresException e, CompanionKind? kind)
    {
        AppendResult? answer = (e.SqlState[..2], kind) switch
        {
            // Class 42, syntax error or access rule violation: a companion's statement is wrong, and no answer would be true.
            ("42", _) => null,
            // 22 data exception, 23 integrity constraint violation
            ("22" or "23", not null) => new AppendResult.CompanionRefused(kind.Name),
            ("22" or "54", null) => new AppendResult.Rejected(e.MessageText),
            // A stream or position that a writer without the append lock has taken between our two round trips.
            ("23", null) => new AppendResult.Unavailable($"Another program writes without the append lock ({e.ConstraintName})."),
            ("55", _) => new AppendResult.Unavailable("Another program holds a lock on the stream or a companion row."),
            _ => new AppendResult.Unavailable(e.MessageText),
        };
        return new Outcome.RolledBack(answer, e, ByCompanion: kind is not null);
    }

    /// <summary>The connection broke while the commit was under way, or before it: asks the database whether the group's events are there.</summary>
    private async Task<Outcome> AskForOutcome(AppendPlan plan, Exception cause)
    {
        var lost = _session;
        await Drop();
        // Without events there is nothing to look for.
        if (plan.Events.Count == 0)
            return new Outcome.Unknown(cause);

        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < OutcomeWait; await Task.Delay(100))
        {
            try
            {
                await using var batch = new NpgsqlBatch(await Connect());
                batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
                // The lost session may not even have read our message yet, and would still carry it out: only once it has ended, and let go
                // of its own lock, is the answer final.
                batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_xact_lock($1)") { Parameters = { new NpgsqlParameter<long> { TypedValue = lost } } });
                batch.BatchCommands.Add(AppendStatements.Find(plan));
                batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
                await using var reader = await batch.ExecuteReaderAsync();
                await reader.NextResultAsync();
                var positions = new List<long>(plan.Events.Count);
                var stamp = DateTimeOffset.MinValue;
                while (await reader.ReadAsync() && (positions.Count > 0 || reader.GetGuid(0) == plan.Events[0].Event.Id))
                {
                    positions.Add(reader.GetInt64(1));
                    stamp = reader.GetFieldValue<DateTimeOffset>(2);
                }

                return positions.Count > 0
                    ? Committed(plan, stamp, [.. positions])
                    : new Outcome.RolledBack(new AppendResult.Unavailable("The connection broke before the commit; nothing was written."), cause, ByCompanion: false);
            }
            catch (Exception e) when (IsPassing(e))
            {
                await Drop();
            }
        }

        return new Outcome.Unknown(cause);
    }

    private async Task<bool> TryConnect()
    {
        try
        {
            await Connect();
            return true;
        }
        catch (Exception e) when (IsPassing(e))
        {
            return false;
        }
    }

    private async Task<NpgsqlConnection> Connect()
    {
        if (_connection is not null)
            return _connection;

        using var patience = new CancellationTokenSource(ConnectWait);
        var connection = await _database.OpenConnectionAsync(patience.Token);
        try
        {
            // A lock of its own that the session holds until it ends: how one that was lost is waited for.
            _session = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
            await using var settings = new NpgsqlCommand($"{SessionSettings}; select pg_advisory_lock({_session})", connection);
            await settings.ExecuteNonQueryAsync(patience.Token);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        return _connection = connection;
    }

    private async Task Rollback()
    {
        try
        {
            await using var rollback = new NpgsqlCommand("rollback", _connection);
            await rollback.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
        {
            // The server rolls back by itself when the connection ends.
            await Drop();
        }
    }

    private async Task Drop()
    {
        if (_connection is not { } connection)
            return;
        _connection = null;
        try
        {
            // One that still works goes back to the pool, and must take neither locks nor settings with it.
            if (connection.FullState == System.Data.ConnectionState.Open)
            {
                await using var leave = new NpgsqlCommand("rollback; select pg_advisory_unlock_all(); reset all", connection);
                await leave.ExecuteNonQueryAsync();
            }
        }
        catch (Exception e) when (IsPassing(e))
        {
            // Then it is broken now, and ends.
        }

        await connection.DisposeAsync();
    }

    private static bool IsPassing(Exception e) => e is NpgsqlException or OperationCanceledException or IOException or InvalidOperationException;

    private abstract record Outcome
    {
        private Outcome()
        {
        }

        /// <param name="Results">In the order of the group.</param>
        public sealed record Known(AppendResult[] Results) : Outcome;

        /// <summary>Somebody's row was refused, or the connection broke, and nobody's is written; parts of the group may fare better.</summary>
        /// <param name="Answer">The answer if there was only one; null when the cause is a bug to be thrown.</param>
        /// <param name="ByCompanion">False when one of the log's own statements failed.</param>
        public sealed record RolledBack(AppendResult? Answer, Exception Cause, bool ByCompanion) : Outcome;

        /// <summary>Nothing was written, and whoever tries next will fare no better.</summary>
        public sealed record Unreachable(string Reason) : Outcome;

        public sealed record Unknown(Exception Cause) : Outcome;
    }

    /// <param name="Versions">Of the streams that exist; null where a stranger has locked the row.</param>
    private sealed record Lead(Dictionary<string, long?> Versions, DateTimeOffset Stamp, long[] Positions);
}
