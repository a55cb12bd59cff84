namespace Compliance.Benchmarks.Figures;

/// <summary>What a case takes on disk, indexes and all, in the log and in the rows derived from it. Nothing limits it; it is reported, and must not grow.</summary>
internal static class Bytes
{
    public static readonly string[] Names = ["bytes-log", "bytes-read", "bytes-patients"];

    /// <param name="Log">The log's tables.</param>
    /// <param name="Read">The read models': every schema that is neither the log's nor keeps what belongs to its transactions.</param>
    /// <param name="Patients">What is kept of patients, beside the log.</param>
    public sealed record Sizes(long Log, long Read, long Patients);

    public static async Task<Sizes> Read(World world, CancellationToken stop)
    {
        await using var command = world.Database.Source.CreateCommand(
            """
            select coalesce(sum(pg_total_relation_size(c.oid)) filter (where n.nspname = 'events'), 0)::bigint,
                   coalesce(sum(pg_total_relation_size(c.oid)) filter (where n.nspname not in ('events', 'compliance', 'bare')), 0)::bigint,
                   coalesce(sum(pg_total_relation_size(c.oid)) filter (where n.nspname = 'compliance' and c.relname = 'patients'), 0)::bigint
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)'
            """);
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        return new(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    /// <param name="before">With the registry and without cases.</param>
    public static void Add(Bench bench, World world, Sizes before, Sizes after, long cases)
    {
        bench.Report.Add(new("bytes-log", "bytes/case", [(double)(after.Log - before.Log) / cases], [], Cases: cases, Cost: Cost.Itself));
        bench.Report.Add(new(
            "bytes-read", "bytes/case", [(double)(after.Read - before.Read) / cases], [], Cases: cases, Cost: Cost.Itself, Note: $"beside the registry of {world.Nation.Institutions.Count + world.Nation.Physicians.Count:N0} subjects"));
    }
}
