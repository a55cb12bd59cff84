using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Compliance.Service.Schema;

/// <summary>Brings a database to this program's schema with the numbered files beside this class: forward only, each once, in its own transaction.</summary>
public static class SchemaRunner
{
    /// <summary>Several nodes start at once; one applies, the others wait and find it done. (The bytes read "Schema01".)</summary>
    private const long LockKey = 0x5363_6865_6D61_3031;

    /// <exception cref="InvalidOperationException">An applied file has been changed since, or the database is newer than the program.</exception>
    public static Task Apply(NpgsqlDataSource database, CancellationToken cancellation = default) => Apply(database, Embedded(), cancellation);

    /// <summary>Whether this program, or another release of it, has brought the database to a schema of its own.</summary>
    public static async Task<bool> IsThere(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select to_regclass('compliance.schema_versions') is not null");
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Applies nothing: for whoever only looks.</summary>
    /// <exception cref="InvalidOperationException">A file has not been applied, or has been changed since, or the database is newer than the program.</exception>
    public static async Task Demand(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        if (Pending(Embedded(), await Applied(connection, cancellation)) is { Count: > 0 } pending)
            throw new InvalidOperationException(
                $"The database is of an earlier release: {string.Join(", ", pending.Select(file => file.Name))} has not been applied. `compliance serve` or `compliance rebuild` of this release applies what is missing.");
    }

    internal static async Task Apply(NpgsqlDataSource database, IReadOnlyList<SchemaFile> files, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await Execute(connection, $"select pg_advisory_lock({LockKey})", cancellation);
        try
        {
            await Execute(
                connection,
                """
                create schema if not exists compliance;
                create table if not exists compliance.schema_versions (
                    number     integer     primary key,
                    name       text        not null,
                    sha256     text        not null,
                    applied_at timestamptz not null default clock_timestamp())
                """,
                cancellation);
            foreach (var file in Pending(files, await Applied(connection, cancellation)))
                await Apply(connection, file, cancellation);
        }
        finally
        {
            await Execute(connection, $"select pg_advisory_unlock({LockKey})", CancellationToken.None);
        }
    }

    /// <exception cref="InvalidOperationException">An applied file has been changed since, or the database is newer than the program.</exception>
    private static List<SchemaFile> Pending(IReadOnlyList<SchemaFile> files, Dictionary<int, string> applied)
    {
        var unknown = applied.Keys.Except(files.Select(file => file.Number)).ToArray();
        if (unknown.Length > 0)
            throw new InvalidOperationException(
                $"The database has schema version {unknown.Max()}, which this program does not know: it was written by a newer release.");
        if (files.FirstOrDefault(file => applied.TryGetValue(file.Number, out var sha256) && sha256 != file.Sha256) is { } changed)
            throw new InvalidOperationException(
                $"The schema file {changed.Name} was changed after it had been applied. Changes belong into a new file.");
        return [.. files.Where(file => !applied.ContainsKey(file.Number))];
    }

    private static async Task Apply(NpgsqlConnection connection, SchemaFile file, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Execute(connection, file.Sql, cancellation);
        await using var record = new NpgsqlCommand(
            "insert into compliance.schema_versions (number, name, sha256) values ($1, $2, $3)", connection);
        record.Parameters.Add(new NpgsqlParameter<int> { TypedValue = file.Number });
        record.Parameters.Add(new NpgsqlParameter<string> { TypedValue = file.Name });
        record.Parameters.Add(new NpgsqlParameter<string> { TypedValue = file.Sha256 });
        await record.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task<Dictionary<int, string>> Applied(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var applied = new Dictionary<int, string>();
        await using var command = new NpgsqlCommand("select number, sha256 from compliance.schema_versions", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        return applied;
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        // Without a time limit: waiting for another node, or building an index over millions of rows, takes what it takes.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static SchemaFile[] Embedded()
    {
        const string prefix = "schema/";
        var assembly = Assembly.GetExecutingAssembly();
        return
        [
            .. assembly.GetManifestResourceNames()
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(name =>
                {
                    using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                    return new SchemaFile(name[prefix.Length..], reader.ReadToEnd());
                })
                .OrderBy(file => file.Number),
        ];
    }
}

/// <param name="Name">Begins with its number: <c>0001_event_log.sql</c>.</param>
internal sealed record SchemaFile(string Name, string Sql)
{
    public int Number => int.Parse(Name.AsSpan(0, 4), NumberStyles.None);

    /// <summary>Over LF line ends, so that a checkout that converts them is not taken for a changed file.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));
}
