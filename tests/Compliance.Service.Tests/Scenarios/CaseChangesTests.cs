using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Corrections, voids and what is asked for: whose figures follow, and what is told of it. On 10 September 2025; H1 and H2 lie in 11, H3 in 31.</summary>
public sealed class CaseChangesTests : IAsyncLifetime
{
    private static readonly DateOnly Today = new(2025, 9, 10);
    private static readonly DateOnly Day = new(2025, 9, 1);

    private TestService _service = null!;
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Today);
        _world = new(_service);
        await _world.Hospital("H1");
        await _world.Hospital("H2");
        (await _service.Put("institutions/H3", new { name = "Hospital H3", province = "31", level = "tertiaryA" }, await _service.National)).Expect(HttpStatusCode.Created);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private Task<long> Head => _service.Get<IEventStore>().Head();

    private Task<string> Own(string institution) => _service.Token("hospital", institution: institution);

    private async Task<string> Report(JsonObject report) =>
        (await _service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await Own((string)report["institution"]!))).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();

    private async Task Correct(string id, JsonObject report, Action<JsonObject> change, string reason = "typed wrongly")
    {
        report.Remove("outcome");
        change(report);
        (await _service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = reason, ["report"] = report.DeepClone() }.ToJsonString(), await Own((string)report["institution"]!))).Expect(HttpStatusCode.OK);
    }

    private async Task<List<JsonNode>> ChangesOf(string id, string? token = null) =>
        [.. (await _service.Get($"cases/{id}/changes?minPosition={await Head}", token ?? await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(c => c!)];

    private async Task<JsonNode> Page(string filters, string token) => (await _service.Get($"changes?minPosition={await Head}&{filters}", token)).Expect(HttpStatusCode.OK).Body!;

    /// <summary>Case number and kind of each.</summary>
    private async Task<List<string>> Listed(string filters, string token) => [.. (await Page(filters, token))["items"]!.AsArray().Select(c => $"{c!["caseNumber"]} {c["what"]}")];

    private async Task<int> Cases(string subject, DateOnly asOf, string technique = "neurovascular") =>
        World.Count(await _world.Metrics(subject, asOf, await Head, technique, subject.Contains('-') ? "physicians" : "institutions"), "cases");

    /// <summary>The cases of both operators and of the institution, by the evening of the day, and of the next; and those of the other technique.</summary>
    private async Task<string> Figures() =>
        $"{await Cases("H1-A", Day)} {await Cases("H1-B", Day)} {await Cases("H1", Day)}, {await Cases("H1-A", Day.AddDays(1))} {await Cases("H1-B", Day.AddDays(1))} {await Cases("H1", Day.AddDays(1))}, "
        + $"{await Cases("H1-A", Today, "comprehensive")} {await Cases("H1-B", Today, "comprehensive")} {await Cases("H1", Today, "comprehensive")}";

    [Fact]
    public async Task A_case_moved_between_operators_days_and_techniques_moves_in_all_their_figures_and_back()
    {
        var report = World.Case("H1", "c1", Day);
        var id = await Report(report);
        (await Figures()).ShouldBe("1 0 1, 1 0 1, 0 0 0");
        await Correct(id, report, r => r["operator"] = "H1-B");
        (await Figures()).ShouldBe("0 1 1, 0 1 1, 0 0 0");
        await Correct(id, report, r => r["completedAt"] = $"{World.Text(Day.AddDays(1))}T10:00:00+08:00");
        (await Figures()).ShouldBe("0 0 0, 0 1 1, 0 0 0");
        await Correct(id, report, r => (r["technique"], r["procedureCodes"]) = ("comprehensive", new JsonArray("CI-L3-05")));
        (await Figures()).ShouldBe("0 0 0, 0 0 0, 0 1 1");
        await Correct(id, report, r => (r["technique"], r["procedureCodes"]) = ("neurovascular", null));
        (await Figures()).ShouldBe("0 0 0, 0 1 1, 0 0 0");
        await Correct(id, report, r => r["completedAt"] = $"{World.Text(Day)}T10:00:00+08:00");
        (await Figures()).ShouldBe("0 1 1, 0 1 1, 0 0 0");
        await Correct(id, report, r => r["operator"] = "H1-A", "it was she after all");
        (await Figures()).ShouldBe("1 0 1, 1 0 1, 0 0 0");

        var changes = await ChangesOf(id);
        changes.Select(c => c["what"]!.GetValue<string>()).Distinct().ShouldBe(["correction"]);
        static string Moved(JsonNode change)
        {
            static string Of(JsonNode? moved, string what) => moved is null ? "" : $"{what} {moved["before"]} > {moved["after"]}; ";
            var moved = change["moved"]!;
            return Of(moved["operator"], "operator") + Of(moved["technique"], "technique") + Of(moved["completedOn"], "day") + string.Concat(moved["counts"]!.AsArray().Select(c => $"{c!["count"]} {c["before"]} > {c["after"]}; "));
        }

        changes.Select(Moved).ShouldBe(
        [
            "operator H1-A > H1-B; ",
            "day 2025-09-01 > 2025-09-02; ",
            "technique neurovascular > comprehensive; level3PlusCases 0 > 1; level3PlusTherapeuticCases 0 > 1; ",
            "technique comprehensive > neurovascular; level3PlusCases 1 > 0; level3PlusTherapeuticCases 1 > 0; ",
            "day 2025-09-02 > 2025-09-01; ",
            "operator H1-B > H1-A; ",
        ]);
        changes[0]["changes"]!.ToJsonString().ShouldBe("""[{"pointer":"/operator","before":"H1-A","after":"H1-B","withheld":false}]""");
        changes[0]["countedBefore"]!.ToJsonString().ShouldBe("""{"institution":"H1","operator":"H1-A","technique":"neurovascular","completedOn":"2025-09-01"}""");
        changes[0]["countedAfter"]!["operator"]!.GetValue<string>().ShouldBe("H1-B");
        changes[2]["changes"]!.AsArray().Select(c => c!["pointer"]!.GetValue<string>()).ShouldBe(["/technique", "/procedureCodes"]);
        changes[2]["changes"]![1]!["after"]!.ToJsonString().ShouldBe("""["CI-L3-05"]""");
        (changes[5]["reason"]!.GetValue<string>(), changes[5]["by"]!["name"]!.GetValue<string>(), changes[5]["on"]!.GetValue<string>(), changes[5]["caseNumber"]!.GetValue<string>())
            .ShouldBe(("it was she after all", "dev:hospital:H1", "2025-09-10", "c1"));
        // Both operators' changes, each once.
        (await Listed("operator=H1-A", await _world.Regulator)).Count.ShouldBe(2);
        (await Listed("operator=H1-B", await _world.Regulator)).Count.ShouldBe(6);
        (await Listed("technique=comprehensive", await _world.Regulator)).Count.ShouldBe(2);
        (await Listed("", await _world.Regulator)).Count.ShouldBe(6);
        // One that moved a case stands in two places, and is one of three all the same.
        (await Listed("limit=3", await _world.Regulator)).Count.ShouldBe(3);
        // The physician reads what was done to the case; the one who lost it no more.
        (await ChangesOf(id, await _service.Token("physician", physician: "H1-A"))).Count.ShouldBe(6);
        (await _service.Get($"cases/{id}/changes", await _service.Token("physician", physician: "H1-B"))).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Of_what_was_asked_for_voided_and_withdrawn_everything_is_told_but_the_patient()
    {
        var report = World.Case("H1", "fatal", Day, died: true);
        report["patient"] = new JsonObject { ["pseudonym"] = "pseudonym-one", ["ageYears"] = 61 };
        var id = await Report(report);
        await Correct(id, report, r => r["patient"] = new JsonObject { ["pseudonym"] = "pseudonym-two", ["ageYears"] = 62 });
        var request = (await _service.Post($"cases/{id}/death/withdraw", new { reason = "she lives" }, await Own("H1"))).Expect(HttpStatusCode.Accepted).Body!["requestId"]!.GetValue<string>();
        (await _service.Post($"cases/{id}/requests/{request}/decide", new { agree = true, reason = "seen her" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await _service.Post($"cases/{id}/void", new { reason = "entered twice" }, await Own("H1"))).Expect(HttpStatusCode.OK);

        var changes = await ChangesOf(id, await Own("H1"));
        changes.Select(c => $"{c["what"]} {c["by"]!["role"]} {c["reason"]} {c["asked"]?.ToString() ?? "-"} {c["agreed"]?.ToString() ?? "-"} {c["request"]?.ToString() == request}").ShouldBe(
        [
            "correction hospital typed wrongly - - False",
            "request hospital she lives withdrawal - True",
            "decision regulator seen her - true True",
            "withdrawal regulator she lives - - True",
            "void hospital entered twice - - False",
        ]);
        changes[0]["changes"]!.ToJsonString().ShouldBe("""[{"pointer":"/patient","before":null,"after":null,"withheld":true}]""");
        changes[0]["moved"].ShouldBeNull();
        changes[1]["changes"]![0]!.ToJsonString().ShouldBe("""{"pointer":"/outcome/death","before":{"occurredOn":"2025-09-01","relation":"related"},"after":null,"withheld":false}""");
        changes[1]["moved"].ShouldBeNull();
        changes[3]["moved"]!["counts"]!.AsArray().Select(c => $"{c!["count"]} {c["before"]} {c["after"]}").ShouldBe(["deathCases 1 0", "therapeuticDeathCases 1 0", "possibleDeathCases 1 0"]);
        changes[4]["changes"]![0]!.ToJsonString().ShouldBe("""{"pointer":"/status","before":"reported","after":"voided","withheld":false}""");
        changes[4]["moved"]!["counts"]!.AsArray().Select(c => $"{c!["count"]} {c["before"]} {c["after"]}").ShouldBe(["cases 1 0", "therapeuticCases 1 0"]);
        (changes[4]["countedBefore"]!["operator"]!.GetValue<string>(), changes[4]["countedAfter"]).ShouldBe(("H1-A", null));
        string.Concat(changes.Select(c => c.ToJsonString())).ShouldNotContain("pseudonym-");
        (await Page("", await _world.Regulator)).ToJsonString().ShouldNotContain("pseudonym-");
    }

    [Fact]
    public async Task Changes_are_listed_by_whom_when_and_what()
    {
        foreach (var (hospital, number) in new[] { ("H1", "a"), ("H2", "b"), ("H3", "c") })
        {
            var report = World.Case(hospital, number, Day);
            var id = await Report(report);
            await Correct(id, report, r => r["consent"] = "absent");
            if (hospital == "H1")
                (await _service.Post($"cases/{id}/void", new { reason = "r" }, await Own("H1"))).Expect(HttpStatusCode.OK);
        }

        await _service.MoveTo(Today.AddDays(1));
        var later = World.Case("H1", "d", Day);
        var last = await Report(later);
        await Correct(last, later, r => r["urgency"] = "urgent");

        var national = await _service.National;
        (await Listed("", national)).ShouldBe(["d correction", "c correction", "b correction", "a void", "a correction"]);
        (await Listed("", await _world.Regulator)).ShouldBe(["d correction", "b correction", "a void", "a correction"]);
        (await Listed("", await _service.Token("regulator", province: "31"))).ShouldBe(["c correction"]);
        (await Listed("", await Own("H1"))).ShouldBe(["d correction", "a void", "a correction"]);
        (await Listed("institution=H1", await _service.Token("regulator", province: "31"))).ShouldBeEmpty();
        (await Listed("institution=H2", national)).ShouldBe(["b correction"]);
        (await Listed("kind=void", national)).ShouldBe(["a void"]);
        (await Listed("operator=H2-A", await Own("H1"))).ShouldBeEmpty();
        // The days on which they were recorded, both included, and not those of the cases.
        (await Listed("from=2025-09-11", national)).ShouldBe(["d correction"]);
        (await Listed("to=2025-09-10&institution=H1", national)).ShouldBe(["a void", "a correction"]);
        (await Listed("from=2025-09-01&to=2025-09-09", national)).ShouldBeEmpty();

        // Page by page nothing is left out and nothing comes twice; a province's are those of its hospitals together.
        foreach (var (token, filter, all) in new[]
        {
            (national, "", ["d correction", "c correction", "b correction", "a void", "a correction"]),
            (await _world.Regulator, "", ["d correction", "b correction", "a void", "a correction"]),
            (await _world.Regulator, "&kind=correction&to=2025-09-10", new[] { "b correction", "a correction" }),
        })
        {
            foreach (var limit in new[] { 1, 2 })
            {
                var walked = new List<string>();
                string? cursor = null;
                do
                {
                    var page = await Page($"limit={limit}{filter}{(cursor is null ? "" : $"&cursor={cursor}")}", token);
                    walked.AddRange(page["items"]!.AsArray().Select(c => $"{c!["caseNumber"]} {c["what"]}"));
                    cursor = page["nextCursor"]?.GetValue<string>();
                }
                while (cursor is not null);
                walked.ShouldBe(all);
            }
        }

        // Who is shown a change has read the case.
        await using var command = _service.Get<NpgsqlDataSource>().CreateCommand("select count(*) from compliance.patient_reads where case_id = $1 and role = 'regulator'");
        command.Parameters.Add(new() { Value = Guid.Parse(last) });
        var before = (long)(await command.ExecuteScalarAsync())!;
        await Listed("operator=H1-A", await _world.Regulator);
        ((long)(await command.ExecuteScalarAsync())!).ShouldBe(before + 1);
        await Listed("kind=void", await _world.Regulator);
        ((long)(await command.ExecuteScalarAsync())!).ShouldBe(before + 1);
    }
}
