using System.Text.Json.Serialization;
using Compliance.Service.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Tests.EventStore;

public sealed record Noted(string Text);

public sealed record Nested(List<Nested> Inner);

[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(Nested))]
internal sealed partial class TestJson : JsonSerializerContext;

/// <summary>A database of the test class's own, and stores on it.</summary>
public sealed class EventStoreFixture : IAsyncLifetime
{
    public static readonly EventTypes Types = new(
    [
        new EventType("noted", typeof(Noted), TestJson.Default.Noted),
        new EventType("nested", typeof(Nested), TestJson.Default.Nested),
    ]);

    public static readonly CompanionKind Key = new(
        "key", "insert into keys (key) select * from unnest($1::text[]) on conflict do nothing", NpgsqlDbType.Text);

    private readonly List<IAsyncDisposable> _owned = [];
    private int _streams;

    public string ConnectionString { get; private set; } = "";

    public NpgsqlDataSource Database { get; private set; } = null!;

    public PostgresEventStore Store { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        ConnectionString = await TestPostgres.CreateDatabase();
        Database = NpgsqlDataSource.Create(ConnectionString);
        await Execute("create table keys (key text primary key)");
        Store = NewStore();
    }

    public async Task DisposeAsync()
    {
        foreach (var owned in _owned)
            await owned.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>As on another node.</summary>
    public PostgresEventStore NewStore(TimeSpan clockOffset = default, EventTypes? types = null)
    {
        var store = new PostgresEventStore(Database, types ?? Types, () => clockOffset);
        _owned.Add(store);
        return store;
    }

    public string NewStream() => $"stream-{Interlocked.Increment(ref _streams)}";

    public static AppendRequest Note(string stream, long expectedVersion, params Companion[] companions) =>
        new(stream, expectedVersion, [new Noted($"after {expectedVersion}")]) { Companions = companions };

    /// <summary>Holds the writer at its first request so that the others meet in one group behind it.</summary>
    public async Task<AppendResult[]> Grouped(PostgresEventStore store, params AppendRequest[] requests) =>
        await Task.WhenAll(await WhileHeld(store, () => requests.Select(request => store.Append(request)).ToArray()));

    /// <summary>Holds the writer at a first request until the others have been handed in.</summary>
    public async Task<T> WhileHeld<T>(PostgresEventStore store, Func<T> handIn)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.BeforeCommit = async () =>
        {
            store.BeforeCommit = null;
            held.SetResult();
            await gate.Task;
        };
        var first = store.Append(Note(NewStream(), 0));
        await held.Task;
        var handed = handIn();
        gate.SetResult();
        await first;
        return handed;
    }

    public async Task Execute(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> Scalar<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs something while another program's transaction has done something. On a connection of its own: a pooled one may have been killed by the test before.</summary>
    public async Task While(string foreignSql, Func<Task> action)
    {
        await using var connection = new NpgsqlConnection($"{ConnectionString};Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(foreignSql, connection);
        await command.ExecuteNonQueryAsync();
        await action();
        await transaction.RollbackAsync();
    }
}
