using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>The service as a process of its own, killed in the middle of its work.</summary>
public sealed class KilledTests
{
    private const int Lines = 15_000;

    private static readonly DateOnly Day = new(2026, 9, 1);

    [Fact]
    public async Task What_was_acknowledged_before_a_kill_is_there_once_after_it()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var source = NpgsqlDataSource.Create(database);
        var acknowledged = new ConcurrentBag<(JsonObject Report, string CaseId)>();
        var import = string.Concat(Enumerable.Range(0, Lines).Select(n => Report($"line-{n}").ToJsonString() + "\n"));
        string token;
        using (var first = await ServiceProcess.Start(database))
        {
            using (var issued = await first.Http.PostAsJsonAsync("/dev/token", new { role = "national" }))
            {
                token = JsonNode.Parse(await issued.Content.ReadAsStringAsync())!["token"]!.GetValue<string>();
            }

            first.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var put = await first.Http.PutAsJsonAsync("/api/v1/institutions/H1", new { name = "Hospital", province = "11", level = "tertiary" });
            put.EnsureSuccessStatusCode();
            var importing = first.Http.PostAsync("/api/v1/cases/import", Ndjson(import));
            var reporting = Task.WhenAll(Enumerable.Range(0, 4).Select(async caller =>
            {
                for (var n = 0; ; n++)
                {
                    var report = Report($"single-{caller}-{n}");
                    using var response = await first.Http.PostAsync("/api/v1/cases", new StringContent(report.ToJsonString(), Encoding.UTF8, "application/json"));
                    if (response.StatusCode == HttpStatusCode.Created)
                    {
                        acknowledged.Add((report, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["caseId"]!.GetValue<string>()));
                    }
                }
            }));
            // Some of both: the single reports are a handful, so a hundred more than are acknowledged are the import's.
            while ((acknowledged.Count < 20 || await Stored(source) < acknowledged.Count + 100) && !importing.IsCompleted)
            {
                await Task.Delay(5);
            }

            importing.IsCompleted.ShouldBeFalse("the kill must come in the middle of the import");
            first.Kill();
            await Should.ThrowAsync<HttpRequestException>(importing);
            await Should.ThrowAsync<HttpRequestException>(reporting);
        }

        using var second = await ServiceProcess.Start(database);
        second.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (report, caseId) in acknowledged)
        {
            using var again = await second.Http.PostAsync("/api/v1/cases", new StringContent(report.ToJsonString(), Encoding.UTF8, "application/json"));
            again.StatusCode.ShouldBe(HttpStatusCode.OK);
            JsonNode.Parse(await again.Content.ReadAsStringAsync())!["caseId"]!.GetValue<string>().ShouldBe(caseId);
        }

        // What the killed import had stored is found, not doubled; what it had not is stored now.
        var answer = JsonNode.Parse(await (await second.Http.PostAsync("/api/v1/cases/import", Ndjson(import))).Content.ReadAsStringAsync())!;
        (answer["accepted"]!.GetValue<int>() + answer["unchanged"]!.GetValue<int>()).ShouldBe(Lines);
        answer["unchanged"]!.GetValue<int>().ShouldBeGreaterThan(0);

        // Callers who were cut off may have been stored or not: their number is what the log holds beyond the others.
        var stored = await Stored(source);
        stored.ShouldBeInRange(Lines + acknowledged.Count, Lines + acknowledged.Count + 4);
        var metrics = await second.Http.GetFromJsonAsync<JsonNode>($"/api/v1/institutions/H1/metrics?technique=neurovascular&minPosition={answer["position"]}");
        metrics!["counts"]!["cases"]!.GetValue<int>().ShouldBe((int)stored);
    }

    private static async Task<long> Stored(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("select count(*) from events.mt_events where type = 'case_reported'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static JsonObject Report(string number)
    {
        var report = World.Case("H1", number, Day);
        report["operator"] = "P1";
        return report;
    }

    private static StringContent Ndjson(string lines)
    {
        var content = new StringContent(lines, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        return content;
    }
}
