using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests.Crash;

/// <summary>Builds the read model anew from the log and says where it differs from what stood there. The one place here that knows how that is done.</summary>
internal static class RebuildComparison
{
    /// <summary>Some rows of each table that stand on one side only; no service may be running on the database.</summary>
    public static async Task<IReadOnlyList<string>> Differences(string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var log = new PostgresEventStore(database, EventTable.Types, () => TimeSpan.Zero);
        await using var connection = await database.OpenConnectionAsync();
        var rows = new RowsUnderHistory(database, log, await Reference.Read(connection, null, CancellationToken.None));
        await rows.Rebuild();
        return await rows.DifferencesOfRebuild();
    }
}
