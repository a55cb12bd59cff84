using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.Http;
using Compliance.Service.Tests.Scenarios;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Compliance.Service.Tests.Client;

/// <summary>A hospital on 10 March 2026 with 120 treatments in the last year, six of them fatal, and what is due of it.</summary>
public sealed class AskedService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(BadRequests.Today);
        World = new(Service);
        await World.Hospital("H1");
        await World.Hospital("H2");
        var position = await World.Import(Enumerable.Range(0, 120).Select(n => World.Case("H1", $"q{n}", BadRequests.Today.AddDays(-30 - n), by: n % 2 == 0 ? "H1-A" : "H1-B", died: n < 6)));
        (await Service.Put($"assessment-schedules/neurovascular/{World.Province}", new { firstDueOn = "2026-03-31", everyMonths = 12 }, await World.Regulator)).Expect(HttpStatusCode.OK);
        (await Service.Get($"dashboards/compliance?minPosition={position}", await World.Regulator)).Expect(HttpStatusCode.OK);
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();
}

/// <summary>metrics, compliance and due: what the API answers, for people as a table and for programs as it came.</summary>
public sealed class QuestionTests(AskedService asked) : IClassFixture<AskedService>
{
    private Task<string> Hospital => asked.Service.Token("hospital", institution: "H1");

    private Task<(int Code, string Output, string Error)> Run(string token, string line) => Run(asked.Service.Http.BaseAddress!, token, line);

    private static async Task<(int Code, string Output, string Error)> Run(Uri url, string token, string line)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await CommandLine.Run([.. line.Split(' '), "--url", url.ToString(), "--token", token], output, error);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>The line of a table that begins with a word, its columns one space apart.</summary>
    private static string LineOf(string table, string word) =>
        string.Join(' ', table.Split('\n').Single(l => l.StartsWith(word + "  ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Theory]
    [InlineData("metrics --technique neurovascular", "institutions/H1/metrics?technique=neurovascular")]
    [InlineData("metrics --institution H1 --technique neurovascular --as-of 2026-01-15", "institutions/H1/metrics?technique=neurovascular&asOf=2026-01-15")]
    [InlineData("compliance --technique neurovascular", "institutions/H1/compliance?technique=neurovascular")]
    [InlineData("compliance --institution H1 --technique neurovascular --as-of 2026-01-15", "institutions/H1/compliance?technique=neurovascular&asOf=2026-01-15")]
    public async Task By_json_a_hospital_gets_the_answer_as_it_came_and_nothing_else(string line, string path)
    {
        var (code, output, error) = await Run(await Hospital, line + " --json");
        code.ShouldBe(ExitCode.Done, error);
        error.ShouldBeEmpty();
        output.TrimEnd('\n').ShouldNotContain("\n");
        var answer = (await asked.Service.Get(path, await Hospital)).Expect(HttpStatusCode.OK).Body!;
        JsonNode.DeepEquals(JsonNode.Parse(output), answer).ShouldBeTrue($"{output}\n{answer.ToJsonString()}");
    }

    [Theory]
    [InlineData("dashboards/compliance?technique=neurovascular&sort=deaths&limit=2", "compliance --technique neurovascular --sort deaths --limit 2")]
    [InlineData("dashboards/compliance?technique=neurovascular&kind=institution&limit=100", "compliance --technique neurovascular --kind institution")]
    [InlineData("due?technique=neurovascular&until=2026-03-31&limit=100", "due --technique neurovascular --until 2026-03-31")]
    public async Task By_json_a_regulator_gets_the_list_as_it_came(string path, string line)
    {
        var (code, output, error) = await Run(await asked.World.Regulator, line + " --json");
        code.ShouldBe(ExitCode.Done, error);
        var answer = (await asked.Service.Get(path, await asked.World.Regulator)).Expect(HttpStatusCode.OK).Body!;
        answer["items"]!.AsArray().ShouldNotBeEmpty();
        JsonNode.DeepEquals(JsonNode.Parse(output), answer).ShouldBeTrue($"{output}\n{answer.ToJsonString()}");
    }

    [Fact]
    public async Task Metrics_are_shown_to_people()
    {
        var (code, output, error) = await Run(await Hospital, "metrics --technique neurovascular --language en");
        code.ShouldBe(ExitCode.Done, error);
        // Of the year from 11 March 2025 on, both days included.
        output.ShouldStartWith("institution H1  neurovascular  2025-03-11 to 2026-03-10\n");
        LineOf(output, "cases").ShouldBe("cases 120");
        LineOf(output, "therapeutic, deaths").ShouldBe("therapeutic, deaths 6");
        LineOf(output, "mortality").ShouldBe("mortality 6 of 120 5.00 %");
        LineOf(output, "rate of severe complications").ShouldBe("rate of severe complications 0 of 120 0.00 %");
        output.Where(c => c != '\n').ShouldAllBe(c => !char.IsControl(c));

        LineOf((await Run(await Hospital, "metrics --technique neurovascular --language zh-CN")).Output, "死亡率").ShouldBe("死亡率 6 / 120（例） 5.00 %");
        // Every second case was hers.
        LineOf((await Run(await asked.World.Regulator, "metrics --physician H1-A --technique neurovascular --language en")).Output, "cases").ShouldBe("cases 60");
        // Nobody has done anything there: no rate, and no division by it.
        LineOf((await Run(await asked.World.Regulator, "metrics --institution H2 --technique neurovascular --language en")).Output, "mortality").ShouldBe("mortality 0 of 0");
    }

    [Fact]
    public async Task Compliance_is_shown_to_people_clause_by_clause()
    {
        var (code, output, error) = await Run(await Hospital, "compliance --technique neurovascular --language en");
        code.ShouldBe(ExitCode.Done, error);
        // Six of 120 are five per cent, and three were too many; a hundred cases are enough.
        LineOf(output, "NV-RATE-MORT").ShouldMatch(@"^NV-RATE-MORT breached( \(not binding\))? 0\.05\d* < 0\.03 .*Mortality$");
        LineOf(output, "NV-VOL-INST").ShouldMatch(@"^NV-VOL-INST met( \(not binding\))? 120 >= 100 ");
        LineOf(output, "standing").ShouldStartWith("standing good");
    }

    [Fact]
    public async Task The_dashboard_is_shown_to_people_page_by_page()
    {
        var (_, output, _) = await Run(await asked.World.Regulator, "compliance --technique neurovascular --kind institution --sort deaths --language en");
        var lines = output.TrimEnd().Split('\n');
        lines.Length.ShouldBe(3);
        // Every case was reported at least thirty days after it: late, all of them.
        lines[1].ShouldMatch("^institution +H1 +Hospital H1 +neurovascular +11 +good +breached +120 +6 +NV-REPORT-10WD NV-RATE-MORT$");
        lines[2].ShouldMatch("^institution +H2 ");

        // Two institutions with two physicians each.
        (await Run(await asked.World.Regulator, "compliance --technique neurovascular --limit 5 --language en")).Output.ShouldContain("There are more than these 5");
        (await Run(await asked.World.Regulator, "compliance --technique neurovascular --limit 6 --language en")).Output.ShouldNotContain("There are more");
    }

    [Fact]
    public async Task What_is_due_is_shown_to_people()
    {
        (await Run(await asked.World.Regulator, "due --technique neurovascular --until 2026-03-31 --language en")).Output.ShouldMatch("2026-03-31 +roundOpening +neurovascular +11");
        (await Run(await asked.World.Regulator, "due --technique neurovascular --until 2026-03-30 --language en")).Output.ShouldNotContain("roundOpening");
    }

    [Fact]
    public async Task A_hospital_sees_what_it_announced_and_has_not_reported()
    {
        var hospital = await asked.Service.Token("hospital", institution: "H2");
        var announced = new { institution = "H2", caseNumber = "p-1", technique = "neurovascular", intent = "therapeutic", @operator = "H2-A", completedAt = "2026-03-09T10:00:00+08:00" };
        var position = (await asked.Service.Post("procedures", announced, hospital)).Expect(HttpStatusCode.Created).Body!["position"]!.GetValue<long>();
        // Ten working days after Monday the 9th: four of that week, five of the next, and Monday the 23rd.
        var (code, output, error) = await Run(hospital, $"due --min-position {position} --language en");
        code.ShouldBe(ExitCode.Done, error);
        output.TrimEnd().Split('\n')[^1].ShouldMatch("^2026-03-23 +dueLater +report +p-1 +neurovascular +H2-A +2026-03-09$");
    }

    [Fact]
    public async Task A_hospital_s_list_is_read_page_by_page()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var stub = builder.Build();
        var queries = new List<string>();
        stub.MapGet("/api/v1/institutions/H1/obligations", (HttpContext http) =>
        {
            lock (queries)
                queries.Add(http.Request.QueryString.Value!);
            // Two pages of one item.
            return http.Request.Query["cursor"] == "next"
                ? Results.Json(new { items = new[] { Owed("followUp", "c-2", "2026-03-20", provisional: true, "dueLater") }, nextCursor = (string?)null, position = 7 })
                : Results.Json(new { items = new[] { Owed("report", "c-1", "2026-03-09", provisional: false, "overdue") }, nextCursor = (string?)"next", position = 7 });
        });
        await stub.StartAsync();
        var url = new Uri(stub.Urls.Single());

        var (code, output, error) = await Run(url, await Hospital, "due --language en");
        code.ShouldBe(ExitCode.Done, error);
        queries.ShouldBe(["?limit=100", "?limit=99&cursor=next"]);
        var lines = output.TrimEnd().Split('\n');
        lines.Length.ShouldBe(3);
        lines[1].ShouldMatch("^2026-03-09 +overdue +report +c-1 +neurovascular +H1-A +2026-02-20$");
        lines[2].ShouldMatch(@"^2026-03-20 \(provisional\) +dueLater +followUp +c-2 ");

        (_, output, _) = await Run(url, await asked.Service.National, "due --institution H1 --technique neurovascular --json");
        JsonNode.Parse(output)!["items"]!.AsArray().Select(i => i!["caseNumber"]!.GetValue<string>()).ShouldBe(["c-1", "c-2"]);
        queries[2].ShouldBe("?technique=neurovascular&limit=100");
    }

    private static object Owed(string kind, string caseNumber, string dueOn, bool provisional, string state) =>
        new { kind, caseId = Guid.Empty, caseNumber, technique = "neurovascular", @operator = "H1-A", completedOn = "2026-02-20", dueOn, provisional, state };

    [Theory]
    [InlineData("metrics --technique dentistry", ExitCode.Misspelt, "invalid", "query:technique unknownTechnique")]
    [InlineData("metrics --technique neurovascular --as-of 2026-02-30", ExitCode.Misspelt, "invalid", "query:asOf invalidDay")]
    [InlineData("compliance", ExitCode.Misspelt, "invalid", "query:technique missing")]
    [InlineData("metrics --institution H2 --technique neurovascular", ExitCode.NotDone, "forbidden")]
    [InlineData("compliance --kind institution", ExitCode.NotDone, "forbidden")]
    [InlineData("due --until 2026-03-31 --institution H1", ExitCode.Misspelt, "misspelt")]
    [InlineData("due --until 2026-03-31", ExitCode.Misspelt, "misspelt")]
    [InlineData("due --province 11 --technique neurovascular", ExitCode.Misspelt, "misspelt")]
    [InlineData("compliance --institution H1 --sort deaths", ExitCode.Misspelt, "misspelt")]
    [InlineData("metrics --technique neurovascular --institution H1 --physician H1-A", ExitCode.Misspelt, "misspelt")]
    [InlineData("compliance --limit 0", ExitCode.Misspelt, "misspelt")]
    public async Task What_cannot_be_answered_is_told_by_exit_code_and_as_json(string line, int code, string problem, params string[] faults)
    {
        var answered = await Run(await Hospital, line + " --json");
        answered.Code.ShouldBe(code, answered.Error);
        answered.Output.ShouldBeEmpty();
        answered.Error.TrimEnd('\n').ShouldNotContain("\n");
        var error = JsonNode.Parse(answered.Error)!["error"]!;
        error["exitCode"]!.GetValue<int>().ShouldBe(code);
        error["code"]!.GetValue<string>().ShouldBe(problem);
        error["message"]!.GetValue<string>().ShouldNotBeNullOrWhiteSpace();
        error["errors"]!.AsArray().Select(e => $"{e!["pointer"]} {e["code"]}").ShouldBe(faults);
    }

    [Fact]
    public async Task Who_is_nobody_must_say_whose()
    {
        var (code, output, error) = await Run(await asked.World.Regulator, "metrics --technique neurovascular --language en");
        code.ShouldBe(ExitCode.Misspelt);
        output.ShouldBeEmpty();
        error.ShouldContain("--institution ID or --physician ID");
        (await Run("no-token", "metrics --technique neurovascular --institution H1")).Code.ShouldBe(ExitCode.NotDone);
        (await Run(new Uri(ServiceProcess.FreeUrl()), "no-token", "due --json")).Code.ShouldBe(ExitCode.NotDone);
    }

    /// <summary>A count of the API that has no word would be shown by its name.</summary>
    [Fact]
    public async Task Every_count_and_rate_has_a_word()
    {
        var answer = (await asked.Service.Get("institutions/H1/metrics?technique=neurovascular", await Hospital)).Expect(HttpStatusCode.OK).Body!;
        foreach (var name in answer["counts"]!.AsObject().Select(c => $"cli.count.{c.Key}").Concat(answer["rates"]!.AsObject().Select(r => $"cli.rate.{r.Key}")))
            Messages.Table.ContainsKey(name).ShouldBeTrue(name);
    }
}
