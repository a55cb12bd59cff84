using System.Text.Json;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Proves the rows: compares them with what the log gives when it is folded again, and keeps what came out for health.</summary>
public sealed class Reconciliation(Rebuild rebuild, NpgsqlDataSource database)
{
    /// <summary>Compares and remembers.</summary>
    /// <exception cref="RebuildRunsException">A rebuild, or another comparison, is under way.</exception>
    public async Task<IReadOnlyList<TableCompared>> Run(bool closings, Action<RebuildProgress> progress, CancellationToken cancellation)
    {
        var (position, tables) = await rebuild.Compare(closings, progress, cancellation);
        await using var command = database.CreateCommand(
            "insert into compliance.reconciliations (position, agrees, tables) values ($1, $2, $3::jsonb)");
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = tables.All(t => t.Agrees) });
        command.Parameters.Add(new() { Value = JsonSerializer.Serialize(tables) });
        await command.ExecuteNonQueryAsync(cancellation);
        return tables;
    }

    /// <summary>How long ago the last one was, and whether rows and log agreed; null when there was none since the rows were built.</summary>
    public async Task<(TimeSpan Ago, bool Agreed)?> Last(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select clock_timestamp() - at, agrees from compliance.reconciliations order by at desc limit 1");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetTimeSpan(0), reader.GetBoolean(1)) : null;
    }

    /// <summary>What was compared before does not speak of the rows as they are now.</summary>
    internal static Task Forget(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.Execute("delete from compliance.reconciliations", cancellation);
}
