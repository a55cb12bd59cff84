using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.EventStore;

internal readonly record struct EventRow(Guid Id, EventType Type, ReadOnlyMemory<byte> Json);

internal sealed class PendingAppend(AppendRequest request, EventRow[] events, int bytes)
{
    private readonly TaskCompletionSource<AppendResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _claimed;

    public AppendRequest Request => request;

    public EventRow[] Events => events;

    public int Bytes => bytes;

    public Task<AppendResult> Answer => _answer.Task;

    /// <summary>True for exactly one of the two who may want it: the writer that takes it up, the caller who gives up waiting.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    public void Complete(AppendResult result) => _answer.TrySetResult(result);

    public void Fail(Exception cause) => _answer.TrySetException(cause);
}

/// <summary>Group commit: one loop per node that writes all waiting appends in one transaction of two round trips. The append lock makes all
/// writers wait for each other's flush, so the only way to go faster than one append per flush is to share one.</summary>
internal sealed class AppendWriter : IAsyncDisposable
{
    /// <summary>Requests that may wait. At a few thousand appends a second this is about what <see cref="QueueWait"/> can serve anyway.</summary>
    private const int QueueRequests = 4_096;

    /// <summary>Payload bytes that may wait: 4,096 requests of the largest size would be 4 GiB and more.</summary>
    private const long QueueBytes = 64L << 20;

    /// <summary>One group: large enough for an import's thousand and that the flush no longer counts, small enough that its first caller does not wait for long and that
    /// the append lock is held for some 20 milliseconds.</summary>
    private const int GroupRequests = 1_024;
    private const int GroupEvents = 2_000;
    private const int GroupBytes = 8 << 20;

    /// <summary>A group that fails is split into this many, down to single requests: few repeats where one request is to blame, and few
    /// levels (each costing a lock timeout) where that one waits for a lock.</summary>
    private const int SplitInto = 8;

    /// <summary>Bounded so that writes are answered within 2 seconds while somebody else holds the append lock.</summary>
    private static readonly TimeSpan AppendLockWait = TimeSpan.FromSeconds(1);

    /// <summary>For rows and keys that only a program without the append lock can be holding. All others wait meanwhile.</summary>
    private static readonly TimeSpan RowLockWait = TimeSpan.FromMilliseconds(150);

    /// <summary>How long a request may wait for the writer to take it up.</summary>
    private static readonly TimeSpan QueueWait = TimeSpan.FromMilliseconds(1_800);

    private static readonly TimeSpan ConnectWait = TimeSpan.FromMilliseconds(1_500);

    /// <summary>How long to keep asking for the outcome of a commit whose connection broke; longer than the server needs to notice a dead
    /// peer and to recover from a crash, shorter than callers' patience.</summary>
    private static readonly TimeSpan OutcomeWait = TimeSpan.FromSeconds(20);

    /// <summary>While there is trouble and nobody writes, try whether it is over this often, so that health heals without a caller.</summary>
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

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

    private static readonly string TakeLock = $"select pg_advisory_xact_lock({PostgresEventStore.AppendLockKey})";

    /// <summary>For the rest of the transaction, after the append lock has been waited for.</summary>
    private static readonly string SetRowLockWait = $"set_config('lock_timeout', '{(int)RowLockWait.TotalMilliseconds}', true)";

    private readonly NpgsqlDataSource _database;
    private readonly Func<TimeSpan> _clockOffset;
    private readonly Action<long> _committed;
    private readonly Channel<PendingAppend> _queue = Channel.CreateBounded<PendingAppend>(
        // Synchronous continuations: an idle writer sets out on its caller's thread, up to its first network wait, sparing a thread switch.
        new BoundedChannelOptions(QueueRequests) { SingleReader = true, AllowSynchronousContinuations = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Task _loop;
    private long _queuedBytes;
    private NpgsqlConnection? _connection;
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

    public async Task<AppendResult> Append(PendingAppend append, CancellationToken cancellation)
    {
        if (Interlocked.Add(ref _queuedBytes, append.Bytes) > QueueBytes || !_queue.Writer.TryWrite(append))
        {
            Interlocked.Add(ref _queuedBytes, -append.Bytes);
            return new AppendResult.Unavailable(_closed ? "The event store is closed." : "Too many writes are waiting.");
        }

        try
        {
            return await append.Answer.WaitAsync(QueueWait, cancellation);
        }
        catch (Exception e) when ((e is TimeoutException or OperationCanceledException) && !append.Answer.IsCompleted)
        {
            // Once the writer has taken it up, only the outcome is a truthful answer.
            if (!append.TryClaim())
                return await append.Answer;
            cancellation.ThrowIfCancellationRequested();
            return new AppendResult.Unavailable(_trouble ?? "Writing takes too long; the append was withdrawn.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _closed = true;
        _queue.Writer.TryComplete();
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
                group = TakeGroup();
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

    private async Task<bool> WaitForWork()
    {
        var work = _queue.Reader.WaitToReadAsync().AsTask();
        while (_trouble is not null && await Task.WhenAny(work, Task.Delay(ProbeInterval)) != work)
            await Write([]);
        return await work;
    }

    private List<PendingAppend> TakeGroup()
    {
        var group = new List<PendingAppend>();
        var events = 0;
        var bytes = 0;
        while (group.Count < GroupRequests && events < GroupEvents && bytes < GroupBytes && _queue.Reader.TryRead(out var append))
        {
            Interlocked.Add(ref _queuedBytes, -append.Bytes);
            if (!append.TryClaim())
                continue;
            group.Add(append);
            events += append.Events.Length;
            bytes += append.Bytes;
        }

        return group;
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
                    group = TakeGroup();
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
        Lead lead;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                lead = await TakeLead(group);
                break;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await Rollback();
                return new Outcome.Unreachable("Another program holds the append lock.");
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException or IOException or InvalidOperationException)
            {
                // Nothing has been written yet. The first failure may only mean that the connection died while idle.
                await Drop();
                if (attempt == 2)
                    return new Outcome.Unreachable($"The database does not answer: {e.Message}");
            }
        }

        var plan = Plan.Of(group, lead);
        if (plan.Accepted.Count == 0)
        {
            await Rollback();
            return new Outcome.Known(plan.Results);
        }

        if (BeforeCommit is { } beforeCommit)
            await beforeCommit();

        var companions = new Dictionary<NpgsqlBatchCommand, CompanionKind>();
        await using var batch = Rows(plan, companions);
        try
        {
            await batch.PrepareAsync();
            await batch.ExecuteNonQueryAsync();
        }
        catch (PostgresException e) when (e.InvariantSeverity == "ERROR")
        {
            // An error, other than a FATAL one, always precedes the end of the transaction, so nothing is written.
            await Rollback();
            var failed = batch.BatchCommands.Cast<NpgsqlBatchCommand>().FirstOrDefault(command => command.StatementType == StatementType.Unknown);
            return Explain(e, failed is null ? null : companions.GetValueOrDefault(failed));
        }
        catch (Exception e)
        {
            await Drop();
            return await AskForOutcome(plan, e);
        }

        return Committed(plan);
    }

    private Outcome.Known Committed(Plan plan)
    {
        if (plan.LastPosition > 0)
            _committed(plan.LastPosition);
        return new Outcome.Known(plan.Results);
    }

    /// <summary>Round trip 1: lock, versions, stamp, positions, in that order: all that is read or drawn must be so under the lock. The lock
    /// is a statement of its own, so that the next one's snapshot is taken when it is held.</summary>
    private async Task<Lead> TakeLead(List<PendingAppend> group)
    {
        var streams = group.Select(append => append.Request.Stream).Distinct().ToArray();
        var events = group.Sum(append => append.Events.Length);

        var connection = await Connect();
        await using var batch = new NpgsqlBatch(connection) { Timeout = (int)AppendLockWait.TotalSeconds + 1 };
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(WithoutAppendLock ? $"select {SetRowLockWait}" : $"{TakeLock}, {SetRowLockWait}"));
        // "skip locked" and not a wait: a row that is locked although we hold the append lock is held by a stranger, for who knows how long,
        // and this way it costs only those who want that stream.
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            with held as (select id, version from events.mt_streams where id = any($1) for update skip locked)
            select known.id, held.version from events.mt_streams known left join held on held.id = known.id where known.id = any($1)
            """)
        { Parameters = { Array(NpgsqlDbType.Varchar, streams) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            select clock_timestamp(),
                   (select timestamp from events.mt_events order by seq_id desc limit 1),
                   array(select nextval('events.mt_events_sequence') from generate_series(1, $1))
            """)
        { Parameters = { new NpgsqlParameter<int> { TypedValue = events } } });

        // Preparing what this connection has prepared before costs nothing.
        await batch.PrepareAsync();
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var versions = new Dictionary<string, long?>();
        while (await reader.ReadAsync())
            versions.Add(reader.GetString(0), await reader.IsDBNullAsync(1) ? null : reader.GetInt64(1));

        await reader.NextResultAsync();
        await reader.ReadAsync();
        var stamp = reader.GetFieldValue<DateTimeOffset>(0) + _clockOffset();
        stamp = stamp.AddTicks(-(stamp.Ticks % TimeSpan.TicksPerMicrosecond));
        if (!await reader.IsDBNullAsync(1))
        {
            // One microsecond (the column's resolution) above and not equal: a moment then belongs to one side of every commit for good, and
            // "as known at" that moment cannot take in what is appended later.
            var above = reader.GetFieldValue<DateTimeOffset>(1).AddMicroseconds(1);
            stamp = stamp > above ? stamp : above;
        }

        return new Lead(versions, stamp, new Queue<long>(reader.GetFieldValue<long[]>(2)));
    }

    /// <summary>Round trip 2: every row of the group, and the commit.</summary>
    private NpgsqlBatch Rows(Plan plan, Dictionary<NpgsqlBatchCommand, CompanionKind> companions)
    {
        var batch = new NpgsqlBatch(_connection);
        var stamp = new NpgsqlParameter<DateTimeOffset> { TypedValue = plan.Stamp };

        if (plan.Streams.Any(stream => stream.Value.IsNew))
            batch.BatchCommands.Add(StreamRows(
                "insert into events.mt_streams (id, version, timestamp, created) select id, version, $3, $3 from unnest($1, $2) as stream (id, version)",
                plan.Streams.Where(stream => stream.Value.IsNew)));
        if (plan.Streams.Any(stream => !stream.Value.IsNew))
            batch.BatchCommands.Add(StreamRows(
                """
                update events.mt_streams known set version = stream.version, timestamp = $3
                  from unnest($1, $2) as stream (id, version) where known.id = stream.id
                """,
                plan.Streams.Where(stream => !stream.Value.IsNew)));
        if (plan.Events.Count > 0)
            batch.BatchCommands.Add(EventRows(plan, stamp));

        foreach (var kind in plan.Accepted.SelectMany(index => plan.Group[index].Request.Companions).GroupBy(companion => companion.Kind))
        {
            var command = kind.Key.Command([.. kind]);
            companions.Add(command, kind.Key);
            batch.BatchCommands.Add(command);
        }

        if (plan.LastPosition > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"select pg_notify('{PostgresEventStore.NotifyChannel}', $1)")
            {
                Parameters = { new NpgsqlParameter<string> { TypedValue = plan.LastPosition.ToString() } },
            });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        return batch;

        NpgsqlBatchCommand StreamRows(string sql, IEnumerable<KeyValuePair<string, PlannedStream>> streams) => new(sql)
        {
            Parameters =
            {
                Array(NpgsqlDbType.Varchar, streams.Select(stream => stream.Key)),
                Array(NpgsqlDbType.Bigint, streams.Select(stream => stream.Value.Version)),
                stamp.Clone(),
            },
        };
    }

    private static NpgsqlBatchCommand EventRows(Plan plan, NpgsqlParameter stamp) => new(
        """
        insert into events.mt_events (seq_id, id, stream_id, version, data, type, mt_dotnet_type, timestamp)
        select event.*, $8 from unnest($1, $2, $3, $4, $5, $6, $7) as event
        """)
    {
        Parameters =
        {
            Array(NpgsqlDbType.Bigint, plan.Events.Select(row => row.Position)),
            Array(NpgsqlDbType.Uuid, plan.Events.Select(row => row.Event.Id)),
            Array(NpgsqlDbType.Varchar, plan.Events.Select(row => row.Stream)),
            Array(NpgsqlDbType.Bigint, plan.Events.Select(row => row.Version)),
            Array(NpgsqlDbType.Jsonb, plan.Events.Select(row => row.Event.Json)),
            Array(NpgsqlDbType.Varchar, plan.Events.Select(row => row.Event.Type.WireName)),
            Array(NpgsqlDbType.Varchar, plan.Events.Select(row => row.Event.Type.DotnetType)),
            stamp.Clone(),
        },
    };

    private static NpgsqlParameter<T[]> Array<T>(NpgsqlDbType type, IEnumerable<T> values) =>
        new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };

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
        return new Outcome.RolledBack(answer, e);
    }

    /// <summary>The connection broke while the commit was under way: asks the database whether the group's first event is there.</summary>
    private async Task<Outcome> AskForOutcome(Plan plan, Exception cause)
    {
        // Without events there is nothing to look for.
        if (plan.Events.Count == 0)
            return new Outcome.Unknown(cause);

        var witness = plan.Events[0];
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < OutcomeWait; await Task.Delay(100))
        {
            try
            {
                var connection = await Connect();
                await using var batch = new NpgsqlBatch(connection);
                batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
                // Whoever holds the lock may be our own lost transaction, still committing: only once it is free is the answer final.
                batch.BatchCommands.Add(new NpgsqlBatchCommand(TakeLock));
                batch.BatchCommands.Add(new NpgsqlBatchCommand("select id from events.mt_events where stream_id = $1 and version = $2")
                {
                    Parameters =
                    {
                        new NpgsqlParameter<string> { TypedValue = witness.Stream },
                        new NpgsqlParameter<long> { TypedValue = witness.Version },
                    },
                });
                batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
                await using var reader = await batch.ExecuteReaderAsync();
                await reader.NextResultAsync();
                var written = await reader.ReadAsync() && reader.GetGuid(0) == witness.Event.Id;
                return written
                    ? Committed(plan)
                    : new Outcome.RolledBack(new AppendResult.Unavailable("The connection broke before the commit; nothing was written."), cause);
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException or IOException or InvalidOperationException)
            {
                await Drop();
            }
        }

        return new Outcome.Unknown(cause);
    }

    private async Task<NpgsqlConnection> Connect()
    {
        if (_connection is not null)
            return _connection;

        using var patience = new CancellationTokenSource(ConnectWait);
        var connection = await _database.OpenConnectionAsync(patience.Token);
        try
        {
            await using var settings = new NpgsqlCommand(SessionSettings, connection);
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
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private abstract record Outcome
    {
        private Outcome()
        {
        }

        /// <param name="Results">In the order of the group.</param>
        public sealed record Known(AppendResult[] Results) : Outcome;

        /// <summary>Somebody's row was refused, or the connection broke, and nobody's is written; parts of the group may fare better.</summary>
        /// <param name="Answer">The answer if there was only one; null when the cause is a bug to be thrown.</param>
        public sealed record RolledBack(AppendResult? Answer, Exception Cause) : Outcome;

        /// <summary>Nothing was written, and whoever tries next will fare no better.</summary>
        public sealed record Unreachable(string Reason) : Outcome;

        public sealed record Unknown(Exception Cause) : Outcome;
    }

    /// <param name="Versions">Of the streams that exist; null where a stranger has locked the row.</param>
    private sealed record Lead(Dictionary<string, long?> Versions, DateTimeOffset Stamp, Queue<long> Positions);

    private readonly record struct PlannedEvent(string Stream, long Version, long Position, EventRow Event);

    private readonly record struct PlannedStream(long Version, bool IsNew);

    /// <summary>Who may write what, decided in memory: expected versions are checked against the database's and, since later requests see
    /// what earlier ones of the same group will have written, against each other.</summary>
    private sealed record Plan(
        List<PendingAppend> Group,
        AppendResult[] Results,
        List<int> Accepted,
        Dictionary<string, PlannedStream> Streams,
        List<PlannedEvent> Events,
        DateTimeOffset Stamp)
    {
        public long LastPosition => Events.Count > 0 ? Events[^1].Position : 0;

        public static Plan Of(List<PendingAppend> group, Lead lead)
        {
            var plan = new Plan(group, new AppendResult[group.Count], [], [], [], lead.Stamp);
            for (var i = 0; i < group.Count; i++)
            {
                plan.Results[i] = plan.Decide(group[i], lead);
                if (plan.Results[i] is AppendResult.Appended)
                    plan.Accepted.Add(i);
            }

            return plan;
        }

        private AppendResult Decide(PendingAppend append, Lead lead)
        {
            var stream = append.Request.Stream;
            var exists = lead.Versions.TryGetValue(stream, out var stored);
            if (exists && stored is null)
                return new AppendResult.Unavailable("Another program holds a lock on the stream.");

            var version = Streams.TryGetValue(stream, out var planned) ? planned.Version : stored ?? 0;
            if (version != append.Request.ExpectedVersion)
                return new AppendResult.Conflict(version);
            if (append.Request.NotAfter < lead.Stamp)
                return new AppendResult.Expired(lead.Stamp);
            if (append.Events.Length == 0)
                return new AppendResult.Appended(version, 0, lead.Stamp);

            foreach (var row in append.Events)
                Events.Add(new PlannedEvent(stream, ++version, lead.Positions.Dequeue(), row));
            Streams[stream] = new PlannedStream(version, !exists);
            return new AppendResult.Appended(version, LastPosition, lead.Stamp);
        }
    }
}
