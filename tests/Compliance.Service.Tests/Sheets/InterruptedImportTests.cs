using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Compliance.Service.Client;
using Npgsql;

namespace Compliance.Service.Tests.Sheets;

/// <summary>
/// An import by the command line, killed (SIGKILL) twice in its middle, and the service twice under the one that goes on: the count is exact, nothing is doubled, and progress was never ahead of what was stored when it was shown.
/// COMPLIANCE_IMPORT_ROWS makes it longer; COMPLIANCE_IMPORT_REPORT names a file for what came out.
/// </summary>
public sealed partial class InterruptedImportTests
{
    private static readonly int Rows = int.Parse(Environment.GetEnvironmentVariable("COMPLIANCE_IMPORT_ROWS") ?? "24000", CultureInfo.InvariantCulture);

    /// <summary>It ends by itself, also when something hangs: the slowest machine stores more than a hundred a second.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(Rows / 100.0);

    private readonly List<string> _report = [];
    private int _claims;

    [Fact]
    public async Task An_import_killed_and_resumed_stores_every_case_once()
    {
        using var end = new CancellationTokenSource(AtMost);
        var database = await TestPostgres.CreateDatabase();
        await using var source = NpgsqlDataSource.Create(database);
        var file = Path.Combine(TestPostgres.NewDirectory(), "cases.csv");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Rows).Select(n => $"H1,row-{n},neurovascular,治疗,2026-{1 + (n % 6)}-{1 + (n % 28)} 14:20,P1").Prepend("医疗机构编号,病例号,技术,诊疗目的,完成时间,第一术者"));
        var url = ServiceProcess.FreeUrl();
        var service = ServiceProcess.Launch(database, url);
        try
        {
            await service.WaitUntilReady(TimeSpan.FromSeconds(60));
            using var issued = await service.Http.PostAsJsonAsync("/dev/token", new { role = "national" });
            var token = JsonNode.Parse(await issued.Content.ReadAsStringAsync())!["token"]!.GetValue<string>();
            service.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var put = await service.Http.PutAsJsonAsync("/api/v1/institutions/H1", new { name = "Hospital", province = "11", level = "tertiary" });
            put.EnsureSuccessStatusCode();
            ServiceProcess Import() => ServiceProcess.Launch(database, null, "import", file, "--url", url, "--token", token, "--language", "en");

            // The command is killed.
            foreach (var share in new[] { 1.0 / 6, 1.0 / 3 })
            {
                using var killed = Import();
                await Until(source, (long)(Rows * share), killed, end.Token);
                killed.Kill();
                await ShouldHaveToldTheTruth(killed, source);
                var state = (await ImportStateOf(file)).ShouldNotBeNull();
                state.ShouldBeInRange(0, await Stored(source));
                Report($"the command killed at {await Stored(source)} stored, {state} of them known to be");
            }

            // The service is killed under the next one, which waits for it to come back.
            using (var last = Import())
            {
                foreach (var share in new[] { 1.0 / 2, 3.0 / 4 })
                {
                    await Until(source, (long)(Rows * share), last, end.Token);
                    service.Dispose();
                    Report($"the service killed at {await Stored(source)} stored");
                    service = ServiceProcess.Launch(database, url);
                }

                (await last.Finished(end.Token)).ShouldBe(ExitCode.Done, last.Output);
                last.Output.ShouldContain("goes on behind the");
                (await ShouldHaveToldTheTruth(last, source)).ShouldBe(Rows, "the last that was told");
            }

            (await Stored(source)).ShouldBe(Rows);
            (await Doubled(source)).ShouldBe(0);
            (await ImportStateOf(file)).ShouldBeNull();

            // Sent once more it is all there.
            using var again = Import();
            (await again.Finished(end.Token)).ShouldBe(ExitCode.Done, again.Output);
            again.Output.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"of {Rows} reports 0 stored, {Rows} there before, 0 rejected"));
            (await Stored(source)).ShouldBe(Rows);
            Report($"rows in the file {Rows}, cases in the log {await Stored(source)}, doubled {await Doubled(source)}, kills 4");
            Report($"progress was shown {_claims} times, never ahead of the log at that moment, and at the end as much as it holds");
        }
        finally
        {
            service.Dispose();
            if (Environment.GetEnvironmentVariable("COMPLIANCE_IMPORT_REPORT") is { Length: > 0 } report)
                await File.WriteAllLinesAsync(report, _report);
        }
    }

    private void Report(string line) => _report.Add(line);

    private static async Task Until(NpgsqlDataSource source, long stored, ServiceProcess import, CancellationToken cancellation)
    {
        while (await Stored(source) < stored)
        {
            import.HasExited.ShouldBeFalse($"the kill must come in the middle of the import:\n{import.Output}");
            await Task.Delay(5, cancellation);
        }

        import.HasExited.ShouldBeFalse($"the kill must come in the middle of the import:\n{import.Output}");
    }

    /// <summary>Each line of progress against what the log held when it arrived: the log's own stamps tell that, also later.</summary>
    /// <returns>What was told last; 0 when nothing was.</returns>
    private async Task<long> ShouldHaveToldTheTruth(ServiceProcess import, NpgsqlDataSource source)
    {
        var told = import.Lines.Select(l => (l.At, Match: Counted().Match(l.Text))).Where(l => l.Match.Success)
            .Select(l => (l.At, Done: long.Parse(l.Match.Groups["done"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture))).ToList();
        told.Select(t => t.Done).ShouldBeInOrder();
        var commits = new List<(DateTimeOffset At, long Cases)>();
        await using var command = source.CreateCommand("select timestamp, sum(count(*)) over (order by timestamp) from events.mt_events where type = 'case_reported' group by timestamp order by timestamp");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            commits.Add((reader.GetFieldValue<DateTimeOffset>(0), (long)reader.GetDecimal(1)));
        foreach (var (at, done) in told)
            done.ShouldBeLessThanOrEqualTo(commits.LastOrDefault(c => c.At <= at).Cases, $"told at {at:O}");
        _claims += told.Count;
        return told.LastOrDefault().Done;
    }

    private static async Task<long?> ImportStateOf(string file) =>
        File.Exists(ImportState.PathFor(file)) ? JsonNode.Parse(await File.ReadAllTextAsync(ImportState.PathFor(file)))!["done"]!.GetValue<long>() : null;

    private static Task<long> Stored(NpgsqlDataSource source) => Count(source, "select count(*) from events.mt_events where type = 'case_reported'");

    private static Task<long> Doubled(NpgsqlDataSource source) =>
        Count(source, "select count(*) - count(distinct data->>'CaseNumber') from events.mt_events where type = 'case_reported'");

    private static async Task<long> Count(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [GeneratedRegex("%, (?<done>[0-9,]+) of ", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Counted();
}
