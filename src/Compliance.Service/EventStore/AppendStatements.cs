using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.EventStore;

/// <summary>The SQL of the writer. Statements are few and fixed, so that each is prepared once per connection.</summary>
internal static class AppendStatements
{
    /// <summary>For rows and keys that only a program without the append lock can be holding. All others wait meanwhile.</summary>
    private const int RowLockWaitMilliseconds = 150;

    public static readonly string TakeLock = $"select pg_advisory_xact_lock({PostgresEventStore.AppendLockKey})";

    /// <summary>For the rest of the transaction, after the append lock has been waited for.</summary>
    private static readonly string SetRowLockWait = $"set_config('lock_timeout', '{RowLockWaitMilliseconds.ToString(CultureInfo.InvariantCulture)}', true)";

    private static readonly string LockSql = $"{TakeLock}, {SetRowLockWait}";
    private static readonly string NoLockSql = $"select {SetRowLockWait}";

    /// <summary>One microsecond (the column's resolution) above the last and not equal: a moment then belongs to one side of every commit for
    /// good, and "as known at" that moment cannot take in what is appended later.</summary>
    private const string Stamp =
        """
        greatest(clock_timestamp() + $1::double precision * interval '1 microsecond',
                 (select timestamp from events.mt_events order by seq_id desc limit 1) + interval '1 microsecond')
        """;

    private const string EventColumns = "events.mt_events (seq_id, id, stream_id, version, data, type, mt_dotnet_type, timestamp)";
    private const string StreamColumns = "events.mt_streams (id, version, timestamp, created)";

    public const string CopyStreams = $"copy {StreamColumns} from stdin (format binary)";
    public const string CopyEvents = $"copy {EventColumns} from stdin (format binary)";

    private const string NotifySql = $"select pg_notify('{PostgresEventStore.NotifyChannel}', $1)";

    private static readonly string OpenAndWrite = AllAtOnce(opens: true, moves: false);
    private static readonly string MoveAndWrite = AllAtOnce(opens: false, moves: true);
    private static readonly string OpenMoveAndWrite = AllAtOnce(opens: true, moves: true);

    /// <summary>A statement of its own, so that the next one's snapshot is taken when the lock is held.</summary>
    public static NpgsqlBatchCommand Lock(bool withAppendLock) => new(withAppendLock ? LockSql : NoLockSql);

    /// <summary>Every row of the log in one statement that fails unless every stream stands where the plan assumes it and the stamp is not
    /// too late. Answers the stamp and the positions.</summary>
    public static NpgsqlBatchCommand WriteAssuming(AppendPlan plan, TimeSpan clockOffset)
    {
        var moved = plan.Streams.Values.Count(stream => !stream.IsNew);
        var command = new NpgsqlBatchCommand(moved == 0 ? OpenAndWrite : moved == plan.Streams.Count ? MoveAndWrite : OpenMoveAndWrite)
        {
            Parameters =
            {
                new NpgsqlParameter<double> { TypedValue = Microseconds(clockOffset) },
                new NpgsqlParameter<DateTimeOffset> { TypedValue = plan.NotAfter?.ToUniversalTime() ?? DateTimeOffset.MaxValue },
            },
        };
        AddEvents(command.Parameters, plan);
        if (moved < plan.Streams.Count)
            AddStreams(command.Parameters, plan, isNew: true);
        if (moved > 0)
            AddStreams(command.Parameters, plan, isNew: false);
        return command;
    }

    // "skip locked" and not a wait: a row that is locked although we hold the append lock is held by a stranger, for who knows how long,
    // and this way it costs only those who want that stream.
    public static NpgsqlBatchCommand Versions(string[] streams) => new(
        """
        with held as (select id, version from events.mt_streams where id = any($1) for update skip locked)
        select known.id, held.version from events.mt_streams known left join held on held.id = known.id where known.id = any($1)
        """)
    {
        Parameters = { Array(NpgsqlDbType.Varchar, streams) },
    };

    /// <summary>The stamp, and positions for this many events.</summary>
    public static NpgsqlBatchCommand Draw(TimeSpan clockOffset, int events) => new(
        $"select {Stamp}, array(select nextval('events.mt_events_sequence') from generate_series(1, $2))")
    {
        Parameters = { new NpgsqlParameter<double> { TypedValue = Microseconds(clockOffset) }, new NpgsqlParameter<int> { TypedValue = events } },
    };

    public static NpgsqlBatchCommand OpenStreams(AppendPlan plan, DateTimeOffset stamp)
    {
        var command = new NpgsqlBatchCommand($"insert into {StreamColumns} select id, version, $1, $1 from unnest($2, $3) as stream (id, version)")
        {
            Parameters = { new NpgsqlParameter<DateTimeOffset> { TypedValue = stamp } },
        };
        AddStreams(command.Parameters, plan, isNew: true);
        return command;
    }

    /// <summary>Fails unless each of them stands where the plan says.</summary>
    public static NpgsqlBatchCommand MoveStreams(AppendPlan plan, DateTimeOffset stamp)
    {
        var command = new NpgsqlBatchCommand(
            $"with moved as ({Move("$1", firstParameter: 2)}) select 1 / (count(*) = cardinality($2))::int from moved")
        {
            Parameters = { new NpgsqlParameter<DateTimeOffset> { TypedValue = stamp } },
        };
        AddStreams(command.Parameters, plan, isNew: false);
        return command;
    }

    public static NpgsqlBatchCommand WriteEvents(AppendPlan plan, DateTimeOffset stamp, long[] positions)
    {
        var command = new NpgsqlBatchCommand($"insert into {EventColumns} select event.*, $1 from unnest($2, $3, $4, $5, $6, $7, $8) as event")
        {
            Parameters =
            {
                new NpgsqlParameter<DateTimeOffset> { TypedValue = stamp },
                Array(NpgsqlDbType.Bigint, positions.Length == plan.Events.Count ? positions : positions[..plan.Events.Count]),
            },
        };
        AddEvents(command.Parameters, plan);
        return command;
    }

    public static NpgsqlBatchCommand Notify(long position) => new(NotifySql)
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = position.ToString(CultureInfo.InvariantCulture) } },
    };

    /// <summary>The events of these streams and versions, in the order given; those that are not there are left out.</summary>
    public static NpgsqlBatchCommand Find(AppendPlan plan) => new(
        """
        select event.id, event.seq_id, event.timestamp
          from unnest($1, $2) with ordinality as wanted (stream, version, place)
          join events.mt_events event on event.stream_id = wanted.stream and event.version = wanted.version
         order by wanted.place
        """)
    {
        Parameters =
        {
            Array(NpgsqlDbType.Varchar, plan.Events.ConvertAll(row => row.Stream)),
            Array(NpgsqlDbType.Bigint, plan.Events.ConvertAll(row => row.Version)),
        },
    };

    private static string AllAtOnce(bool opens, bool moves)
    {
        // $1 clock offset, $2 not after, $3 to $8 events, then the streams opened, then those moved
        const int streams = 9;
        var open = $"opened as (insert into {StreamColumns} select id, version, at, at from stamp, unnest(${streams}, ${streams + 1}) as stream (id, version)),";
        var firstMoved = opens ? streams + 2 : streams;
        return
            $"""
             with stamp as materialized (select {Stamp} as at),
             {(opens ? open : "")}
             {(moves ? $"moved as ({Move("(select at from stamp)", firstMoved)})," : "")}
             written as (
                insert into {EventColumns}
                select nextval('events.mt_events_sequence'), event.*, (select at from stamp) from unnest($3, $4, $5, $6, $7, $8) as event
                returning seq_id),
             positions as materialized (select array_agg(seq_id) as all, max(seq_id) as last from written)
             select at, positions.all, 1 / (at <= $2)::int,
                    {(moves ? $"1 / ((select count(*) from moved) = cardinality(${firstMoved}))::int," : "")}
                    pg_notify('{PostgresEventStore.NotifyChannel}', positions.last::text)
               from stamp, positions
             """;
    }

    private static string Move(string stamp, int firstParameter) =>
        $"""
         update events.mt_streams known set version = stream.version, timestamp = {stamp}
           from unnest(${firstParameter}, ${firstParameter + 1}, ${firstParameter + 2}) as stream (id, version, origin)
          where known.id = stream.id and known.version = stream.origin
         returning 1
         """;

    private static void AddStreams(NpgsqlParameterCollection parameters, AppendPlan plan, bool isNew)
    {
        var (ids, versions, origins) = (new List<string>(plan.Streams.Count), new List<long>(plan.Streams.Count), new List<long>());
        foreach (var (id, stream) in plan.Streams)
        {
            if (stream.IsNew != isNew)
                continue;
            ids.Add(id);
            versions.Add(stream.To);
            if (!isNew)
                origins.Add(stream.From);
        }

        parameters.Add(Array(NpgsqlDbType.Varchar, ids));
        parameters.Add(Array(NpgsqlDbType.Bigint, versions));
        if (!isNew)
            parameters.Add(Array(NpgsqlDbType.Bigint, origins));
    }

    private static void AddEvents(NpgsqlParameterCollection parameters, AppendPlan plan)
    {
        var count = plan.Events.Count;
        var (ids, streams, versions) = (new Guid[count], new string[count], new long[count]);
        var (data, types, dotnetTypes) = (new ReadOnlyMemory<byte>[count], new string[count], new string[count]);
        for (var i = 0; i < count; i++)
        {
            var row = plan.Events[i];
            (ids[i], streams[i], versions[i]) = (row.Event.Id, row.Stream, row.Version);
            (data[i], types[i], dotnetTypes[i]) = (row.Event.Json, row.Event.Type.WireName, row.Event.Type.DotnetType);
        }

        parameters.Add(Array(NpgsqlDbType.Uuid, ids));
        parameters.Add(Array(NpgsqlDbType.Varchar, streams));
        parameters.Add(Array(NpgsqlDbType.Bigint, versions));
        parameters.Add(Array(NpgsqlDbType.Jsonb, data));
        parameters.Add(Array(NpgsqlDbType.Varchar, types));
        parameters.Add(Array(NpgsqlDbType.Varchar, dotnetTypes));
    }

    private static double Microseconds(TimeSpan time) => Math.Truncate(time.TotalMicroseconds);

    private static NpgsqlParameter<T[]> Array<T>(NpgsqlDbType type, IEnumerable<T> values) =>
        new() { TypedValue = values as T[] ?? [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}
