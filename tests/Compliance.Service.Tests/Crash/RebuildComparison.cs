using Compliance.Service.EventStore;
using Compliance.Service.Projections;

namespace Compliance.Service.Tests.Crash;

/// <summary>Builds the read model anew from the log and says where it differs from what stood there. The one place here that knows how that is done.</summary>
internal static class RebuildComparison
{
    /// <summary>Some rows of each table that stand on one side only; no service may be running on the database.</summary>
    public static async Task<IReadOnlyList<string>> Differences(string connectionString)
    {
        await using var database = ReadSchema.Connect(connectionString);
        await using var log = new PostgresEventStore(database, EventTable.Types, () => TimeSpan.Zero);
        var (_, tables) = await new Rebuild(log, database, ReadSchema.Living).Compare(closings: true, static _ => { }, CancellationToken.None);
        tables.Count.ShouldBeGreaterThan(10);
        return [.. tables.Where(t => !t.Agrees).SelectMany(t => t.Examples.Prepend($"{t.Table}: {t.Rows} rows, by the log {t.RowsOfLog}"))];
    }
}
