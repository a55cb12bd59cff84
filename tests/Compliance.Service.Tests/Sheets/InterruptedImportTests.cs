using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Compliance.Service.Client;
using Npgsql;

namespace Compliance.Service.Tests.Sheets;

/// <summary>An import by the command line, killed in its middle, and the service under the next one: the count is exact, nothing is doubled, and progress was never ahead of what is stored. COMPLIANCE_IMPORT_ROWS makes it longer.</summary>
public sealed partial class InterruptedImportTests
{
    private static readonly int Rows = int.Parse(Environment.GetEnvironmentVariable("COMPLIANCE_IMPORT_ROWS") ?? "24000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task An_import_killed_and_resumed_stores_every_case_once()
    {
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
            using (var first = Import())
            {
                await Until(source, Rows / 6, first);
                first.Kill();
                await ShouldHaveToldTheTruth(first.Output, source);
            }

            var state = (await ImportStateOf(file)).ShouldNotBeNull();
            state.ShouldBeInRange(0, await Stored(source));

            // The service is killed under the next one, which waits for it to come back.
            using (var second = Import())
            {
                await Until(source, Rows / 2, second);
                service.Dispose();
                await ShouldHaveToldTheTruth(second.Output, source);
                service = ServiceProcess.Launch(database, url);
                (await second.Finished()).ShouldBe(ImportCommand.AllStored, second.Output);
                second.Output.ShouldContain("goes on behind the");
                await ShouldHaveToldTheTruth(second.Output, source);
            }

            (await Stored(source)).ShouldBe(Rows);
            (await ImportStateOf(file)).ShouldBeNull();

            // Sent a third time it is all there.
            using var third = Import();
            (await third.Finished()).ShouldBe(ImportCommand.AllStored, third.Output);
            third.Output.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"of {Rows} reports 0 stored, {Rows} there before, 0 rejected"));
            (await Stored(source)).ShouldBe(Rows);
        }
        finally
        {
            service.Dispose();
        }
    }

    private static async Task Until(NpgsqlDataSource source, long stored, ServiceProcess import)
    {
        while (await Stored(source) < stored)
        {
            import.HasExited.ShouldBeFalse($"the kill must come in the middle of the import:\n{import.Output}");
            await Task.Delay(5);
        }

        import.HasExited.ShouldBeFalse($"the kill must come in the middle of the import:\n{import.Output}");
    }

    private static async Task ShouldHaveToldTheTruth(string output, NpgsqlDataSource source)
    {
        var told = Counted().Matches(output).Select(m => int.Parse(m.Groups["done"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture)).ToList();
        told.ShouldBeInOrder();
        told.DefaultIfEmpty(0).Max().ShouldBeLessThanOrEqualTo((int)await Stored(source));
    }

    private static async Task<long?> ImportStateOf(string file) =>
        File.Exists(ImportState.PathFor(file)) ? JsonNode.Parse(await File.ReadAllTextAsync(ImportState.PathFor(file)))!["done"]!.GetValue<long>() : null;

    private static async Task<long> Stored(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("select count(*) from events.mt_events where type = 'case_reported'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [GeneratedRegex("%, (?<done>[0-9,]+) of ", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Counted();
}
