using System.Text.Json;
using Compliance.Cases;
using Compliance.Service;
using Compliance.Service.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Benchmarks;

/// <summary>
/// The tables of the log once more, in a schema of their own, with the same columns, indexes and foreign key and nothing else: what PostgreSQL can do with these rows when nobody asks for order, versions or companions.
/// </summary>
internal static class BareTables
{
    /// <summary>With all that stands in the log already, so that both sides work on tables of one size. Indexes come after the rows: quicker, and no smaller.</summary>
    public static Task Make(World world) => world.Execute(
        """
        create schema bare;
        create table bare.mt_streams (like events.mt_streams including defaults);
        create table bare.mt_events (like events.mt_events including defaults);
        insert into bare.mt_streams select * from events.mt_streams;
        insert into bare.mt_events select * from events.mt_events;
        alter table bare.mt_streams add constraint pkey_mt_streams_id primary key (id);
        alter table bare.mt_events add constraint pkey_mt_events_seq_id primary key (seq_id);
        alter table bare.mt_events add constraint fkey_mt_events_stream_id foreign key (stream_id) references bare.mt_streams (id);
        create unique index pk_mt_events_stream_and_version on bare.mt_events (stream_id, version);
        create sequence bare.mt_events_sequence owned by bare.mt_events.seq_id;
        select setval('bare.mt_events_sequence', (select coalesce(max(seq_id), 0) + 1 from bare.mt_events));
        alter table bare.mt_events set (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
        analyze events.mt_streams, events.mt_events, bare.mt_streams, bare.mt_events;
        checkpoint
        """);

    public static Task Drop(World world) => world.Execute("drop schema bare cascade");

    /// <summary>Copies the rows of these appends in one transaction.</summary>
    public static async Task Copy(NpgsqlConnection connection, IReadOnlyList<AppendRequest> requests, CancellationToken stop)
    {
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var now = DateTimeOffset.UtcNow;
        await using (var streams = await connection.BeginBinaryImportAsync("copy bare.mt_streams (id, version, timestamp, created) from stdin (format binary)", stop))
        {
            foreach (var request in requests)
            {
                streams.StartRow();
                streams.Write(request.Stream, NpgsqlDbType.Varchar);
                streams.Write((long)request.Events.Count, NpgsqlDbType.Bigint);
                streams.Write(now, NpgsqlDbType.TimestampTz);
                streams.Write(now, NpgsqlDbType.TimestampTz);
            }

            await streams.CompleteAsync(stop);
        }

        var position = await Positions(connection, requests.Sum(r => r.Events.Count), stop);
        await using (var events = await connection.BeginBinaryImportAsync(
            "copy bare.mt_events (seq_id, id, stream_id, version, data, type, timestamp, mt_dotnet_type) from stdin (format binary)", stop))
        {
            foreach (var request in requests)
            {
                for (var i = 0; i < request.Events.Count; i++)
                {
                    var type = EventTable.Types.For(request.Events[i].GetType());
                    events.StartRow();
                    events.Write(position++, NpgsqlDbType.Bigint);
                    events.Write(Guid.CreateVersion7(), NpgsqlDbType.Uuid);
                    events.Write(request.Stream, NpgsqlDbType.Varchar);
                    events.Write(i + 1L, NpgsqlDbType.Bigint);
                    events.Write(JsonSerializer.SerializeToUtf8Bytes(request.Events[i], type.Json), NpgsqlDbType.Jsonb);
                    events.Write(type.WireName, NpgsqlDbType.Varchar);
                    events.Write(now, NpgsqlDbType.TimestampTz);
                    events.Write(type.DotnetType, NpgsqlDbType.Varchar);
                }
            }

            await events.CompleteAsync(stop);
        }

        await transaction.CommitAsync(stop);
    }

    // One draw for all of them: the cheapest way there is, as befits a limit.
    private static async Task<long> Positions(NpgsqlConnection connection, int count, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand("select setval('bare.mt_events_sequence', nextval('bare.mt_events_sequence') + $1) - $1", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = count });
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }
}

/// <summary>One caller of the bare tables, with a connection and prepared statements of its own.</summary>
internal sealed class BareCaller : IAsyncDisposable
{
    private const string InsertEvent =
        """
        insert into bare.mt_events (seq_id, id, stream_id, version, data, type, mt_dotnet_type, timestamp)
        values (nextval('bare.mt_events_sequence'), $1, $2, $3, $4, $5, $6, clock_timestamp())
        """;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlBatch _new;
    private readonly NpgsqlBatch _next;
    private readonly NpgsqlCommand _load;

    private BareCaller(NpgsqlConnection connection)
    {
        _connection = connection;
        _new = Batch("insert into bare.mt_streams (id, version, timestamp, created) values ($1, $2, clock_timestamp(), clock_timestamp())");
        _next = Batch("update bare.mt_streams set version = $2, timestamp = clock_timestamp() where id = $1 and version = $2 - 1");
        _load = new NpgsqlCommand("select version, type, data from bare.mt_events where stream_id = $1 order by version", connection) { Parameters = { new NpgsqlParameter<string>() } };
    }

    public static async Task<BareCaller> Open(Database database, CancellationToken stop)
    {
        var caller = new BareCaller(await database.Source.OpenConnectionAsync(stop));
        await caller._new.PrepareAsync(stop);
        await caller._next.PrepareAsync(stop);
        await caller._load.PrepareAsync(stop);
        return caller;
    }

    /// <summary>A stream row and an event row, in one transaction and one round trip: a batch outside a transaction is one.</summary>
    public Task AppendNew(string stream, object data, CancellationToken stop) => Write(_new, stream, 1, data, stop);

    /// <summary>Loads and folds the case, decides and writes the one event that comes of it, in two round trips.</summary>
    public async Task Decide(string stream, Func<Case.State, Decision<Case.Event>> decide, CancellationToken stop)
    {
        ((NpgsqlParameter<string>)_load.Parameters[0]).TypedValue = stream;
        var state = Case.State.Initial;
        long version = 0;
        await using (var reader = await _load.ExecuteReaderAsync(stop))
        {
            while (await reader.ReadAsync(stop))
            {
                version = reader.GetInt64(0);
                var type = EventTable.Types.ForWireName(reader.GetString(1))!;
                state = Case.Evolve(state, (Case.Event)JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(2), type.Json)!);
            }
        }

        await Write(_next, stream, version + 1, decide(state).Events.Single(), stop);
    }

    private static async Task Write(NpgsqlBatch batch, string stream, long version, object data, CancellationToken stop)
    {
        var type = EventTable.Types.For(data.GetType());
        var (row, e) = (batch.BatchCommands[0].Parameters, batch.BatchCommands[1].Parameters);
        Set(row[0], stream);
        Set(row[1], version);
        Set(e[0], Guid.CreateVersion7());
        Set(e[1], stream);
        Set(e[2], version);
        Set(e[3], JsonSerializer.SerializeToUtf8Bytes(data, type.Json));
        Set(e[4], type.WireName);
        Set(e[5], type.DotnetType);
        if (await batch.ExecuteNonQueryAsync(stop) != 2)
            throw new InvalidOperationException($"The bare stream {stream} is not at version {version - 1}.");
    }

    private static void Set<T>(NpgsqlParameter parameter, T value) => ((NpgsqlParameter<T>)parameter).TypedValue = value;

    private NpgsqlBatch Batch(string streamRow) => new(_connection)
    {
        BatchCommands =
        {
            new NpgsqlBatchCommand(streamRow) { Parameters = { Of<string>(NpgsqlDbType.Varchar), Of<long>(NpgsqlDbType.Bigint) } },
            new NpgsqlBatchCommand(InsertEvent)
            {
                Parameters =
                {
                    Of<Guid>(NpgsqlDbType.Uuid), Of<string>(NpgsqlDbType.Varchar), Of<long>(NpgsqlDbType.Bigint),
                    Of<byte[]>(NpgsqlDbType.Jsonb), Of<string>(NpgsqlDbType.Varchar), Of<string>(NpgsqlDbType.Varchar),
                },
            },
        },
    };

    private static NpgsqlParameter<T> Of<T>(NpgsqlDbType type) => new() { NpgsqlDbType = type };

    public async ValueTask DisposeAsync()
    {
        await _new.DisposeAsync();
        await _next.DisposeAsync();
        await _load.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
