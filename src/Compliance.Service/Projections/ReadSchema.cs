using System.Globalization;
using System.Reflection;
using Compliance.Service.EventStore;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>
/// Where one edition of the rows lies, and the checkpoints they move under. A release that needs other rows raises
/// <see cref="Version"/>: its nodes fill a schema of their own while those of the release before go on with theirs.
/// </summary>
/// <param name="Name">Of the PostgreSQL schema; nothing but lower-case letters, digits and underscores.</param>
public sealed record ReadSchema(string Name)
{
    /// <summary>Raised whenever a row or a table of the read model changes its meaning or shape.</summary>
    public const int Version = 4;

    private const string Prefix = "read_";

    /// <summary>The rows this release reads.</summary>
    public static readonly ReadSchema Living = new(Prefix + Version.ToString(CultureInfo.InvariantCulture));

    /// <summary>Tells of the locks that nodes of a version hold; with the version they make one lock each. (The bytes read "rows".)</summary>
    private const int LockClass = 0x726f_7773;

    /// <summary>Checkpoint of everything that <see cref="ReadModel"/> writes.</summary>
    public string Rows => $"{Name}:All";

    /// <summary>Checkpoint of <see cref="Projections.Standings"/>.</summary>
    public string Standings => $"{Name}_standings:All";

    /// <summary>Where the same rows are built anew while these serve.</summary>
    public ReadSchema Next => new(Name + "_next");

    /// <summary>Where the same rows are built anew only to be compared with these.</summary>
    public ReadSchema Proof => new(Name + "_proof");

    /// <summary>Connections of this data source find the living rows by their bare names.</summary>
    public static NpgsqlDataSource Connect(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // The statements are few and fixed; prepared, each saves its planning.
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 3,
            SearchPath = Living.Name,
            // What a session sets it sets for a transaction, or takes back itself: cleaning up behind each would cost every short statement a second one.
            NoResetOnClose = true,
        };
        // Several nodes may be told apart by the names in their connection strings.
        settings.ApplicationName ??= "compliance";
        // Statements here take milliseconds, compiling them takes tenths of seconds; the planner thinks otherwise where it overestimates.
        settings.Options = $"{settings.Options} -c jit=off".Trim();
        return NpgsqlDataSource.Create(settings);
    }

    /// <summary>Begins a transaction in which these rows are found by their bare names.</summary>
    public async Task<NpgsqlTransaction> Begin(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var transaction = await connection.BeginTransactionAsync(cancellation);
        // No flush of its own: a crash that loses these rows loses their checkpoint with them, and whatever is decided from them is flushed behind them.
        await connection.Execute($"set local search_path = {Name}; set local synchronous_commit = off", cancellation);
        return transaction;
    }

    /// <summary>Makes the empty tables, unless they are there.</summary>
    public async Task Create(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Nodes that start together: one creates, the others wait and find it done.
        await connection.Execute("select pg_advisory_xact_lock($1, 0)", cancellation, LockClass);
        if (!await Exists(connection, cancellation))
        {
            await Checkpoints.Forget(connection, [Rows, Standings], cancellation);
            await connection.Execute($"create schema {Name}; set local search_path = {Name}", cancellation);
            await connection.Execute(Definition(), cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    public async Task Drop(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Drop(connection, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Removes these rows and puts those of another edition, with their checkpoints, in their place.</summary>
    public async Task ReplaceBy(ReadSchema next, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await Drop(connection, cancellation);
        await connection.Execute($"alter schema {next.Name} rename to {Name}", cancellation);
        await Checkpoints.Rename(connection, next.Rows, Rows, cancellation);
        await Checkpoints.Rename(connection, next.Standings, Standings, cancellation);
    }

    private async Task Drop(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await Checkpoints.Forget(connection, [Rows, Standings], cancellation);
        await connection.Execute($"drop schema if exists {Name} cascade", cancellation);
    }

    /// <summary>Whether the tables are there, be they filled or not.</summary>
    public async Task<bool> Exists(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await Exists(connection, cancellation);
    }

    private async Task<bool> Exists(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select exists (select from pg_namespace where nspname = $1)", connection);
        command.Parameters.Add(new() { Value = Name });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Has the planner's statistics made anew.</summary>
    public async Task Analyze(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        foreach (var table in await Tables(connection, cancellation))
        {
            await connection.Execute($"analyze {Name}.{table}", cancellation);
        }
    }

    /// <summary>The tables, by name.</summary>
    public async Task<IReadOnlyList<string>> Tables(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select tablename from pg_tables where schemaname = $1 order by tablename", connection);
        command.Parameters.Add(new() { Value = Name });
        var tables = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            tables.Add(reader.GetString(0));
        return tables;
    }

    private static string Definition()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("read_model.sql")!);
        return reader.ReadToEnd();
    }
}
