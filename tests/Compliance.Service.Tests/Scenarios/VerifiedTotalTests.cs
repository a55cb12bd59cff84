using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Totals counted independently of the reports, and the share never reported (漏报率): on 10 September 2025, every number reckoned by hand.</summary>
public sealed class VerifiedTotalTests : IAsyncLifetime
{
    private static readonly DateOnly Today = new(2025, 9, 10);

    private TestService _service = null!;
    private World _world = null!;
    private int _numbers;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Today);
        _world = new(_service);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private static DateOnly Day(string day) => DateOnly.Parse(day, CultureInfo.InvariantCulture);

    private Task<long> Head => _service.Get<IEventStore>().Head();

    /// <summary>So many cases on one day.</summary>
    private async Task<long> Report(string institution, string on, int treatments, int diagnostic = 0) =>
        await _world.Import(Enumerable.Range(0, treatments + diagnostic).Select(n => World.Case(institution, $"t{_numbers++}", Day(on), therapeutic: n < treatments)));

    private async Task<Answer> Enter(string institution, string from, string to, int cases, int? therapeuticCases = null, string source = "insurer", string? reason = null, string technique = "neurovascular", string? token = null) =>
        await _service.Post($"institutions/{institution}/verified-totals", new { technique, from, to, cases, therapeuticCases, source, reason }, token ?? await _world.Regulator);

    private async Task<string> Entered(string institution, string from, string to, int cases, int? therapeuticCases = null) =>
        (await Enter(institution, from, to, cases, therapeuticCases)).Expect(HttpStatusCode.Created).Body!["totalId"]!.GetValue<string>();

    private async Task<Answer> Withdraw(string institution, string total) => await _service.Post($"institutions/{institution}/verified-totals/{total}/withdraw", new { reason = "another hospital's" }, await _world.Regulator);

    private async Task<List<JsonNode>> Totals(string institution, string? technique = null) =>
        [.. (await _service.Get($"institutions/{institution}/verified-totals?minPosition={await Head}{(technique is null ? "" : $"&technique={technique}")}", await _service.Token("hospital", institution: institution)))
            .Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(t => t!)];

    private async Task<JsonNode> Total(string institution) => (await Totals(institution)).ShouldHaveSingleItem();

    /// <summary>verified, reported, missing, share, surplus.</summary>
    private static string Compared(JsonNode? comparison) => comparison is null
        ? "none"
        : $"{comparison["verified"]} {comparison["reported"]} {comparison["missing"]} {Ratio(comparison["neverReported"])} {comparison["surplus"]?.ToString() ?? "-"}";

    private static string Ratio(JsonNode? ratio) => ratio is null ? "none" : $"{ratio["numerator"]}/{ratio["denominator"]}={ratio["value"]?.ToString() ?? "null"}";

    private async Task<List<JsonNode>> Dashboard() =>
        [.. (await _service.Get($"dashboards/compliance?technique=neurovascular&kind=institution&minPosition={await Head}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(r => r!)];

    /// <summary>The days of the total, the share, surplus, and whether every report was due.</summary>
    private async Task<string> OnDashboard(string institution) =>
        (await Dashboard()).SingleOrDefault(r => r["subject"]!["id"]!.GetValue<string>() == institution) is not { } row ? "no row"
        : row["neverReported"] is not { } share ? "none"
        : $"{share["from"]} {share["to"]} {Ratio(share)} {share["surplus"]?.ToString() ?? "-"} {share["settled"]}";

    private async Task<string> OfProvince(string province = World.Province) =>
        Ratio((await _service.Get($"dashboards/provinces?technique=neurovascular&minPosition={await Head}", await _service.National)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .Single(p => p!["province"]?.GetValue<string>() == province)!["neverReported"]);

    [Fact]
    public async Task The_share_never_reported_follows_the_reports()
    {
        await _world.Hospital("H1");
        await Report("H1", "2025-06-30", 1);
        await Report("H1", "2025-07-01", 3, diagnostic: 1);
        await Report("H1", "2025-07-31", 3, diagnostic: 1);
        await Report("H1", "2025-08-01", 1);
        var entered = (await Enter("H1", "2025-07-01", "2025-07-31", 10, 8)).Expect(HttpStatusCode.Created);

        // Eight of ten on the days counted, both ends included; six of eight treatments.
        var total = await Total("H1");
        total["totalId"]!.GetValue<string>().ShouldBe(entered.Body!["totalId"]!.GetValue<string>());
        Compared(total["cases"]).ShouldBe("10 8 2 2/10=0.2 -");
        Compared(total["therapeutic"]).ShouldBe("8 6 2 2/8=0.25 -");
        // Ten working days after Thursday 31 July: 1, 4 to 8, 11 to 14 August.
        (total["reportsDueBy"]!.GetValue<string>(), total["provisional"]!.GetValue<bool>(), total["withdrawn"]!.GetValue<bool>()).ShouldBe(("2025-08-14", false, false));
        (await OnDashboard("H1")).ShouldBe("2025-07-01 2025-07-31 2/10=0.2 - true");

        await Report("H1", "2025-07-15", 2);
        Compared((await Total("H1"))["cases"]).ShouldBe("10 10 0 0/10=0 -");
        (await OnDashboard("H1")).ShouldBe("2025-07-01 2025-07-31 0/10=0 - true");
        await Report("H1", "2025-07-16", 0, diagnostic: 1);
        total = await Total("H1");
        Compared(total["cases"]).ShouldBe("10 11 0 0/10=0 1");
        Compared(total["therapeutic"]).ShouldBe("8 8 0 0/8=0 -");
        (await OnDashboard("H1")).ShouldBe("2025-07-01 2025-07-31 0/10=0 1 true");

        // A case voided, and one corrected to a day outside, are missing again.
        var report = World.Case("H1", "moved", Day("2025-07-20"));
        var id = (await _service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await _service.National)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        Compared((await Total("H1"))["cases"]).ShouldBe("10 12 0 0/10=0 2");
        report.Remove("outcome");
        report["completedAt"] = "2025-08-02T10:00:00+08:00";
        (await _service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "r", ["report"] = report }.ToJsonString(), await _service.National)).Expect(HttpStatusCode.OK);
        Compared((await Total("H1"))["cases"]).ShouldBe("10 11 0 0/10=0 1");
        report["completedAt"] = "2025-07-31T10:00:00+08:00";
        (await _service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "r", ["report"] = report.DeepClone() }.ToJsonString(), await _service.National)).Expect(HttpStatusCode.OK);
        (await _service.Post($"cases/{id}/void", new { reason = "r" }, await _service.National)).Expect(HttpStatusCode.OK);
        Compared((await Total("H1"))["cases"]).ShouldBe("10 11 0 0/10=0 1");
    }

    [Fact]
    public async Task A_total_is_superseded_with_a_reason_and_withdrawn_and_nothing_is_forgotten()
    {
        await _world.Hospital("H1");
        var id = await Entered("H1", "2025-07-01", "2025-07-31", 10);
        var head = await Head;
        (await Enter("H1", "2025-07-01", "2025-07-31", 10)).Expect(HttpStatusCode.OK);
        (await Head).ShouldBe(head);
        var refused = (await Enter("H1", "2025-07-01", "2025-07-31", 12)).Expect(HttpStatusCode.BadRequest).Body!["errors"]!.AsArray().ShouldHaveSingleItem()!;
        (refused["code"]!.GetValue<string>(), refused["pointer"]!.GetValue<string>()).ShouldBe(("missing", "/reason"));
        var overlapping = (await Enter("H1", "2025-07-31", "2025-08-31", 5, reason: "r")).Expect(HttpStatusCode.Conflict).Body!;
        overlapping["code"]!.GetValue<string>().ShouldBe("verifiedTotalsOverlap");
        overlapping["detail"]!.GetValue<string>().ShouldContain("2025-07-01");
        // Of another technique the same days may be counted.
        (await Enter("H1", "2025-07-31", "2025-08-31", 5, technique: "comprehensive")).Expect(HttpStatusCode.Created);

        (await Enter("H1", "2025-07-01", "2025-07-31", 12, 7, "registry", "counted again", token: await _service.National)).Expect(HttpStatusCode.OK).Body!["totalId"]!.GetValue<string>().ShouldBe(id);
        (await Withdraw("H1", id)).Expect(HttpStatusCode.OK);
        head = await Head;
        (await Withdraw("H1", id)).Expect(HttpStatusCode.OK);
        (await Head).ShouldBe(head);
        var total = (await Totals("H1", "neurovascular")).ShouldHaveSingleItem();
        (total["withdrawn"]!.GetValue<bool>(), total["cases"], total["therapeutic"], total["source"]).ShouldBe((true, null, null, null));
        total["history"]!.AsArray().Select(h => $"{h!["withdrawn"]} {h["on"]} {h["by"]!["role"]} {h["cases"]?.ToString() ?? "-"} {h["therapeuticCases"]?.ToString() ?? "-"} {h["source"]?.ToString() ?? "-"} {h["reason"]?.ToString() ?? "-"}").ShouldBe(
        [
            "false 2025-09-10 regulator 10 - insurer -",
            "false 2025-09-10 national 12 7 registry counted again",
            "true 2025-09-10 regulator - - - another hospital's",
        ]);
        (await OnDashboard("H1")).ShouldBe("none");

        // Its days are free.
        await Entered("H1", "2025-07-31", "2025-08-31", 5);
        (await Totals("H1", "neurovascular")).Select(t => (t["from"]!.GetValue<string>(), t["withdrawn"]!.GetValue<bool>())).ShouldBe([("2025-07-01", true), ("2025-07-31", false)]);
        (await Totals("H1")).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_dashboard_shows_the_latest_and_a_province_the_year()
    {
        await _world.Hospital("H1");
        await _world.Hospital("H2");
        await Report("H1", "2025-07-15", 8);
        await Report("H2", "2025-03-15", 15);
        (await OfProvince()).ShouldBe("0/0=null");
        await Entered("H1", "2025-07-01", "2025-07-31", 10);
        await Entered("H2", "2025-03-01", "2025-03-31", 20);
        // 2 of 10 and 5 of 20.
        (await OfProvince()).ShouldBe("7/30=0.233333");
        // The rolling year that ends today began on 11 September 2024: a total from that day lies in it, one from the day before does not. It is not the latest either.
        await Entered("H2", "2024-09-10", "2024-09-10", 100);
        await Entered("H1", "2024-09-11", "2024-09-12", 10);
        (await OfProvince()).ShouldBe("17/40=0.425");
        (await OnDashboard("H1")).ShouldBe("2025-07-01 2025-07-31 2/10=0.2 - true");
        // Of the last day that is over reports are not due yet, and of the 26th of August they have been: ten working days end on 9 September.
        await Entered("H1", "2025-08-27", "2025-09-09", 4);
        (await OnDashboard("H1")).ShouldBe("2025-08-27 2025-09-09 4/4=1 - false");
        await Entered("H2", "2025-08-26", "2025-08-26", 1);
        (await OnDashboard("H2")).ShouldBe("2025-08-26 2025-08-26 1/1=1 - true");
        (await OfProvince()).ShouldBe("22/45=0.488889");

        // Days pass: that of September has left the year, and what is left is reckoned anew.
        await _service.MoveTo(Today.AddDays(1));
        (await OfProvince()).ShouldBe("12/35=0.342857");
        // A physician has no such share.
        (await _service.Get($"dashboards/compliance?technique=neurovascular&kind=physician&minPosition={await Head}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .ShouldAllBe(r => r!["neverReported"] == null);
    }

    [Fact]
    public async Task Who_reported_nothing_at_all_is_on_the_dashboard()
    {
        await _world.Hospital("H9", qualified: false);
        (await OnDashboard("H9")).ShouldBe("no row");
        var id = await Entered("H9", "2025-07-01", "2025-07-31", 5);
        (await OnDashboard("H9")).ShouldBe("2025-07-01 2025-07-31 5/5=1 - true");
        (await OfProvince()).ShouldBe("5/5=1");
        await _service.MoveTo(Today.AddDays(1));
        (await OnDashboard("H9")).ShouldBe("2025-07-01 2025-07-31 5/5=1 - true");
        (await Withdraw("H9", id)).Expect(HttpStatusCode.OK);
        (await OnDashboard("H9")).ShouldBe("no row");
    }

    [Fact]
    public async Task An_assessment_is_told_how_complete_the_reports_were_at_its_opening()
    {
        await _world.Hospital("H1");
        await _world.Hospital("H2");
        await Report("H1", "2025-01-15", 8);
        await Report("H1", "2025-02-15", 4);
        await Report("H1", "2025-06-25", 1);
        await Report("H1", "2024-07-01", 1);
        // 8 of 10, and 3 of 3: the fourth of February makes up for nothing missing in January; the first day of the period counts, and what reaches over its end does not.
        await Entered("H1", "2025-01-01", "2025-01-31", 10);
        await Entered("H1", "2025-02-01", "2025-02-28", 3);
        await Entered("H1", "2024-07-01", "2024-07-01", 2);
        await Entered("H1", "2025-06-20", "2025-07-01", 50);
        await Entered("H1", "2024-06-30", "2024-06-30", 50);
        var round = (await _service.Post("assessment-rounds", new { technique = "neurovascular", province = World.Province, from = "2024-07-01", to = "2025-06-30" }, await _world.Regulator))
            .Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        async Task<string> Completeness(string kind, string subject) =>
            Ratio((await _service.Get($"assessment-rounds/{round}/subjects/{kind}/{subject}?minPosition={await Head}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["computed"]!["completeness"]);
        (await Completeness("institution", "H1")).ShouldBe("12/15=0.8");
        (await Completeness("institution", "H2")).ShouldBe("none", "nobody counted");
        (await Completeness("physician", "H1-A")).ShouldBe("none");

        // What is reported and counted afterwards changes the round no more.
        await Report("H1", "2025-01-16", 1);
        await Entered("H1", "2025-03-01", "2025-03-31", 9);
        await Entered("H2", "2025-03-01", "2025-03-31", 9);
        (await Completeness("institution", "H1")).ShouldBe("12/15=0.8");
        (await Completeness("institution", "H2")).ShouldBe("none");

        var pack = (await _service.Get($"assessment-rounds/{round}/subjects/institution/H1/pack", await _world.Regulator)).Expect(HttpStatusCode.OK);
        await using var zip = new ZipArchive(await pack.Response.Content.ReadAsStreamAsync());
        await using var findings = await zip.GetEntry("findings.json")!.OpenAsync();
        (await JsonNode.ParseAsync(findings))!["computed"]!["completeness"]!.ToJsonString().ShouldBe("""{"reported":12,"verified":15}""");
    }
}
