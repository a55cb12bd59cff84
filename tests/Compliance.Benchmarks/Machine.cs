using Npgsql;

namespace Compliance.Benchmarks;

/// <summary>What the figures were measured on.</summary>
internal sealed record Machine(int Cores, double MemoryGiB, string OperatingSystem, string Runtime, string PostgreSql, IReadOnlyDictionary<string, string> Settings)
{
    public static async Task<Machine> Read(NpgsqlDataSource server, CancellationToken stop)
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await using var version = server.CreateCommand("show server_version");
        var postgres = (string)(await version.ExecuteScalarAsync(stop))!;
        // What was set, apart from language and time zone; and the three that durability rests on, set or not.
        await using var command = server.CreateCommand(
            """
            select name, current_setting(name) from pg_settings
            where (source = 'configuration file' and setting is distinct from boot_val and category !~ '^(Client Connection Defaults / Locale|Reporting)')
               or name in ('fsync', 'synchronous_commit', 'full_page_writes')
            """);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            // Where it lies is the machine's affair.
            if (!reader.GetString(0).Contains("director", StringComparison.Ordinal))
                settings[reader.GetString(0)] = reader.GetString(1);
        }

        return new(
            Environment.ProcessorCount,
            Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30), 1),
            System.Runtime.InteropServices.RuntimeInformation.OSDescription,
            System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
            postgres,
            settings);
    }

    public override string ToString() =>
        $"{Cores} cores, {MemoryGiB} GiB, {OperatingSystem}, {Runtime}, PostgreSQL {PostgreSql} ({string.Join(", ", Settings.Select(s => $"{s.Key} = {s.Value}"))})";
}
