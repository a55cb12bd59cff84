using Compliance.Service;
using Compliance.Service.Projections;
using Compliance.Service.Schema;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Compliance.Benchmarks;

/// <summary>A database of the cluster, with the service's schema.</summary>
internal sealed record Database(string Name, string ConnectionString, NpgsqlDataSource Source);

/// <summary>A PostgreSQL cluster for this run alone, as durable as PostgreSQL is by default; it and its data are gone at the end.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly string _directory;
    private readonly EmbeddedPostgres _postgres;
    private readonly Dictionary<string, Database> _databases = [];

    private Cluster(string directory, EmbeddedPostgres postgres)
    {
        (_directory, _postgres) = (directory, postgres);
        Server = NpgsqlDataSource.Create(_postgres.Connection("postgres"));
    }

    public NpgsqlDataSource Server { get; }

    public static async Task<Cluster> Start(string parent, CancellationToken stop)
    {
        var directory = Path.Combine(parent, $"compliance-bench-{Guid.NewGuid():N}");
        Directory.CreateDirectory(directory);
        // PostgreSQL's own user must be able to enter.
        File.SetUnixFileMode(
            directory,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        try
        {
            // With the settings that the service gives a server of its own.
            return new(directory, await EmbeddedPostgres.Start(Path.Combine(directory, "cluster"), new EmbeddedPostgresOptions(), NullLogger.Instance, stop));
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    public async Task<Database> Create(string name, CancellationToken stop)
    {
        await using (var create = Server.CreateCommand($"create database {name}"))
            await create.ExecuteNonQueryAsync(stop);
        var connection = _postgres.Connection(name);
        // As the service makes its own, but for filling bare tables, which takes what it takes.
        var database = new Database(name, connection, ReadSchema.Connect($"{connection};Command Timeout=0"));
        _databases.Add(name, database);
        await SchemaRunner.Apply(database.Source, stop);
        await ReadSchema.Living.Create(database.Source, stop);
        return database;
    }

    public async Task Drop(Database database)
    {
        _databases.Remove(database.Name);
        await database.Source.DisposeAsync();
        await using var drop = Server.CreateCommand($"drop database {database.Name} with (force)");
        await drop.ExecuteNonQueryAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _databases.Values)
            await database.Source.DisposeAsync();
        await Server.DisposeAsync();
        await _postgres.DisposeAsync();
        // Run by root the data may lie elsewhere than asked for.
        foreach (var made in new[] { _postgres.Directory, _directory }.Where(Directory.Exists))
            Directory.Delete(made, recursive: true);
    }
}
