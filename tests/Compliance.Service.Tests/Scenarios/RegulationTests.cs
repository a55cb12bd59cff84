using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Regulations;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Regulations are data: published, compared, tightened by a province, tried out beforehand, and a new technique is a file.</summary>
public sealed class RegulationTests : IAsyncLifetime
{
    private static readonly DateOnly Start = new(2025, 9, 1);

    private TestService _service = null!;
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Start);
        _world = new(_service);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private static string File(string name)
    {
        using var reader = new StreamReader(typeof(RegulationTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static readonly int Shipped = Neurovascular["version"]!.GetValue<int>();

    private static JsonObject Neurovascular => JsonNode.Parse(ShippedRegulations.All.Single(s => s.Regulation.Id == "NV-2012").Json)!.AsObject();

    private static JsonObject Next(Action<JsonObject> change, string judgesFrom = "2025-10-01")
    {
        var next = Neurovascular;
        next["version"] = Shipped + 1;
        next["effectiveFrom"] = "2025-09-03";
        next["judgesFrom"] = judgesFrom;
        change(next);
        return next;
    }

    private static JsonObject Clause(JsonObject regulation, string id) => regulation["clauses"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == id)!.AsObject();

    private async Task<Answer> Publish(string file) => await _service.Send(HttpMethod.Post, "regulations", file, await _service.National);

    [Fact]
    public async Task A_technique_is_a_file_and_nothing_else()
    {
        (await Publish(File("peripheral-vascular.json"))).Expect(HttpStatusCode.Created);
        (await Publish(File("peripheral-vascular.json"))).Expect(HttpStatusCode.OK);
        const string technique = "peripheral-vascular";
        await _world.Hospital("H1", technique);
        await _world.Enforce(Start, technique: technique);

        // Reports, their codes, deadlines and flags.
        JsonObject Case(string number, DateOnly on, bool died = false) => World.Case("H1", number, on, technique: technique, code: "PV-STENT", died: died);
        var hospital = await _service.Token("hospital", institution: "H1");
        var report = (await _service.Send(HttpMethod.Post, "cases", Case("first", new(2025, 8, 29)).ToJsonString(), hospital)).Expect(HttpStatusCode.Created).Body!;
        (report["deadline"]!.GetValue<string>(), report["flags"]!.AsArray().Count).ShouldBe(("2025-09-05", 0));
        (await _service.Send(HttpMethod.Post, "cases", World.Case("H1", "x", Start, technique: technique, code: "NV-CAS").ToJsonString(), hospital)).Expect(HttpStatusCode.BadRequest);

        // Metrics and findings by its own definitions: 1 of 61 is below 2 %, 2 of 62 is not.
        await _world.Import(Enumerable.Range(0, 59).Select(n => Case($"y{n}", new DateOnly(2025, 8, 20).AddDays(-6 * n))));
        await _world.Import([Case("d1", new(2025, 8, 21), died: true)]);
        await _service.MoveTo(Start.AddDays(1));
        var metrics = await _world.Metrics("H1", technique: technique, minPosition: await Head());
        (World.Count(metrics, "cases"), metrics["rates"]!["mortality"]!["numerator"]!.GetValue<int>(), metrics["rates"]!["mortality"]!["denominator"]!.GetValue<int>()).ShouldBe((61, 1, 61));
        var compliance = await _world.Compliance("H1", technique: technique);
        (compliance["regulation"]!["id"]!.GetValue<string>(), compliance["overall"]!.GetValue<string>()).ShouldBe(("PV-2025", "compliant"));
        compliance["findings"]!.AsArray().Select(f => f!["clause"]!.GetValue<string>()).ShouldBe(["PV-VOL", "PV-MORT"]);

        // And a sanction, with its own period of rectification.
        await _world.Import([Case("d2", new(2025, 8, 22), died: true)]);
        await _service.MoveTo(Start.AddDays(2));
        (await _world.Standing("H1", technique: technique)).ShouldBe("suspended");
        var suspended = (await _world.History("H1", technique: technique)).Single(e => e["type"]!.GetValue<string>() == "suspended")["data"]!;
        (suspended["grounds"]!["regulation"]!.GetValue<string>(), suspended["effectiveOn"]!.GetValue<string>(), suspended["rectificationEndsOn"]!.GetValue<string>()).ShouldBe(("PV-2025", "2025-09-04", "2026-03-04"));

        // An application along its path.
        await _world.Hospital("H2", technique, qualified: false);
        var applied = await _service.Post(
            "qualifications",
            new { kind = "institution", subject = "H2", technique, path = "any", facts = new[] { new { fact = "hybridRoom", value = true } } },
            await _service.Token("hospital", institution: "H2"));
        applied.Expect(HttpStatusCode.Created).Body!["evaluation"]!["satisfied"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task A_version_judges_from_its_day_on_and_decisions_name_it()
    {
        await _world.Hospital("H1");
        await _world.Enforce(Start);
        // 2.5 %, and 2.8 % when in October the oldest have left the year.
        await _world.Import(World.Year("H1", Start.AddDays(-30), 200, deaths: 5));
        await _service.MoveTo(Start.AddDays(1));
        (await _world.Standing("H1")).ShouldBe("good");
        (await Publish(Next(r => Clause(r, "NV-RATE-MORT")["belowPercent"] = 2).ToJsonString())).Expect(HttpStatusCode.Created);
        await _service.MoveTo(new DateOnly(2025, 10, 1));
        (await _world.Standing("H1")).ShouldBe("good");
        await _service.MoveTo(new DateOnly(2025, 10, 2));
        (await _world.Standing("H1")).ShouldBe("suspended");
        var suspended = (await _world.History("H1")).Single(e => e["type"]!.GetValue<string>() == "suspended")["data"]!;
        (suspended["judgedOn"]!.GetValue<string>(), suspended["grounds"]!["version"]!.GetValue<int>()).ShouldBe(("2025-10-01", Shipped + 1));
        (await _world.Compliance("H1", new DateOnly(2025, 9, 30)))["regulation"]!["version"]!.GetValue<int>().ShouldBe(Shipped);

        var diff = (await _service.Get($"regulations/NV-2012/diff?from={Shipped}&to={Shipped + 1}", await _service.National)).Expect(HttpStatusCode.OK).Body!["changes"]!.AsArray();
        diff.Select(c => c!["at"]!.GetValue<string>()).ShouldBe(["/version", "/effectiveFrom", "/judgesFrom", "/clauses/NV-RATE-MORT/belowPercent"]);
        (diff[3]!["from"]!.GetValue<int>(), diff[3]!["to"]!.GetValue<int>()).ShouldBe((3, 2));
    }

    public static TheoryData<string, string, string, string> Faults => new()
    {
        { "a limit of nothing", "/clauses/NV-RATE-MORT/belowPercent=0", "numberOutOfRange", "/belowPercent" },
        { "another rule for what has fallen due", "/effectiveFrom=\"2025-09-01\"", "effectiveFromTooEarly", "/effectiveFrom" },
        { "a version left out", "/version=99", "versionNotNext", "" },
        { "another technique", "/technique=\"cardiac\"", "techniqueChanged", "/technique" },
        { "misspelt", "/notes=\"x\"", "malformed", "/notes" },
        { "a path along no clause", "/paths/trained/clauses=[\"NV-PHYS-NOWHERE\"]", "unknownClause", "/clauses/0" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_contradicts_itself_is_refused_where_it_does(string why, string change, string code, string pointer)
    {
        var (at, value) = (change.Split('=')[0].Split('/'), JsonNode.Parse(change.Split('=', 2)[1]));
        var file = Next(r =>
        {
            var of = at.Length == 4 ? r[at[1]]!.AsArray().Single(i => i!["id"]!.GetValue<string>() == at[2])!.AsObject() : r;
            of[at[^1]] = value;
        });
        var refused = await Publish(file.ToJsonString());
        ((int)refused.Status).ShouldBeInRange(400, 409, why);
        if (pointer.Length > 0)
        {
            refused.Body!["errors"]!.AsArray().ShouldContain(e => e!["code"]!.GetValue<string>() == code && e["pointer"]!.GetValue<string>().EndsWith(pointer), $"{why}: {refused.Body.ToJsonString()}");
        }
        else
        {
            refused.Body!["code"]!.GetValue<string>().ShouldBe(code);
        }

        (await _service.Get($"regulations/NV-2012/{Shipped + 1}", await _service.National)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_province_demands_more_and_findings_name_both()
    {
        await _world.Hospital("H1");
        (await _service.Put("institutions/H9", new { name = "Hospital H9", province = "31", level = "tertiaryA" }, await _service.National)).Expect(HttpStatusCode.Created);
        await _world.Enforce(Start);
        await _world.Import(World.Year("H1", Start.AddDays(-30), 150, deaths: 4));
        object Limits(int limit, string from = "2025-09-10", int version = 1) => new { version, judgesFrom = from, document = "京卫医〔2025〕9号", limits = new[] { new { clause = "NV-RATE-MORT", limit } } };
        (await _service.Post("regulations/NV-2012/provinces/11", Limits(4), await _world.Regulator)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("notStricter");
        (await _service.Post("regulations/NV-2012/provinces/11", Limits(2), await _world.Regulator)).Expect(HttpStatusCode.Created);
        (await _service.Post("regulations/NV-2012/provinces/11", Limits(2), await _world.Regulator)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(new DateOnly(2025, 9, 10));
        (await _world.Standing("H1")).ShouldBe("good");
        await _service.MoveTo(new DateOnly(2025, 9, 11));
        (await _world.Standing("H1")).ShouldBe("suspended");
        var finding = (await _world.History("H1")).Single(e => e["type"]!.GetValue<string>() == "suspended")["data"]!["grounds"]!["findings"]!.AsArray().Single(f => f!["clause"]!.GetValue<string>() == "NV-RATE-MORT")!;
        (finding["limit"]!.GetValue<decimal>(), finding["stricter"]!["province"]!.GetValue<string>(), finding["stricter"]!["nationalLimit"]!.GetValue<decimal>()).ShouldBe((0.02m, "11", 0.03m));
        (await _service.Get("regulations/NV-2012/provinces", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Count.ShouldBe(1);

        // A report comes to light that makes the grounds untrue by neither limit: they still hold by the province's.
        await _service.MoveTo(new DateOnly(2025, 9, 12));
        (await _world.History("H1")).ShouldNotContain(e => e["type"]!.GetValue<string>() == "grounds_undermined");
    }

    [Fact]
    public async Task What_a_limit_would_do_is_told_and_nothing_is_written()
    {
        await _world.Hospital("H1");
        await _world.Hospital("H2");
        await _world.Hospital("H3");
        await _world.Import(World.Year("H1", Start.AddDays(-30), 150, deaths: 4)); // 2.7 %
        await _world.Import(World.Year("H2", Start.AddDays(-30), 150, deaths: 2)); // 1.3 %
        await _world.Import(World.Year("H3", Start.AddDays(-30), 150, deaths: 6)); // 4 %
        await _service.MoveTo(Start.AddDays(5));
        var head = await Head();
        async Task<JsonNode> Ask(object question) => (await _service.Post("regulations/what-if", question, await _world.Regulator)).Expect(HttpStatusCode.OK).Body!;
        static string[] Of(JsonNode answer, string list) =>
            [.. answer["provinces"]!.AsArray().SelectMany(p => p![list]!.AsArray()).Select(s => s!["subject"]!["id"]!.GetValue<string>()).Where(id => id.Length == 2)];

        var two = await Ask(new { technique = "neurovascular", limits = new[] { new { clause = "NV-RATE-MORT", limit = 2 } } });
        (two["asOf"]!.GetValue<string>(), two["judged"]!.GetValue<int>()).ShouldBe(("2025-09-05", 9));
        Of(two, "newlySuspended").ShouldBe(["H1"]);
        Of(two, "cleared").ShouldBeEmpty();
        var five = await Ask(new { technique = "neurovascular", limits = new[] { new { clause = "NV-RATE-MORT", limit = 5 } }, asOf = "2025-09-03" });
        (Of(five, "cleared")[0], Of(five, "newlySuspended").Length).ShouldBe(("H3", 0));
        var draft = await Ask(new { technique = "neurovascular", draft = Next(r => Clause(r, "NV-RATE-MORT")["belowPercent"] = 2) });
        Of(draft, "newlySuspended").ShouldBe(["H1"]);
        draft["notFollowed"]!.AsArray().ShouldBeEmpty();

        // Over days: a line for each, and last whom it would have touched.
        var lines = await Lines(new { technique = "neurovascular", limits = new[] { new { clause = "NV-RATE-MORT", limit = 2 } }, from = "2025-09-01", to = "2025-09-05" });
        lines.Count.ShouldBe(6);
        lines.Take(5).Select(l => l["day"]!["newlySuspended"]!.GetValue<int>()).ShouldAllBe(n => n == 1);
        var touched = lines[5]["subjects"]!.AsArray().Single(s => s!["subject"]!["id"]!.GetValue<string>() == "H1")!;
        (touched["verdict"]!.GetValue<string>(), touched["firstDay"]!.GetValue<string>(), touched["days"]!.GetValue<int>()).ShouldBe(("suspended", "2025-09-01", 5));

        (await Head()).ShouldBe(head);
        (await _service.Post("regulations/what-if", new { technique = "neurovascular", limits = new[] { new { clause = "NV-REPORT-10WD", limit = 2 } } }, await _world.Regulator))
            .Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("noSuchLimit");
        (await _service.Post("regulations/what-if", new { technique = "neurovascular", province = "31", limits = new[] { new { clause = "NV-RATE-MORT", limit = 2 } } }, await _world.Regulator)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post("regulations/what-if", new { technique = "neurovascular", asOf = "2025-08-01", limits = new[] { new { clause = "NV-RATE-MORT", limit = 2 } } }, await _world.Regulator)).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_clause_is_shown_with_what_a_finding_used()
    {
        await _world.Hospital("H1");
        await _world.Import(World.Year("H1", Start.AddDays(-30), 120));
        var clause = (await _service.Get($"regulations/NV-2012/{Shipped}/clauses/NV-MORT-LOWVOL", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["clause"]!;
        (clause["source"]!.GetValue<string>(), clause["reading"] is not null, clause["atMost"]!.GetValue<int>()).ShouldBe(("三(六)", true, 3));
        var finding = (await _service.Get($"institutions/H1/compliance/NV-VOL-INST?technique=neurovascular&minPosition={await Head()}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!;
        (finding["regulation"]!["version"]!.GetValue<int>(), finding["clause"]!["phrase"]!["zh"]!.GetValue<string>()).ShouldBe((Shipped, "每年完成的神经血管介入诊疗病例原则上不少于100例"));
        var cases = finding["data"]!.AsArray().Single(d => d!["what"]!.GetValue<string>() == "cases")!["href"]!.GetValue<string>();
        var items = (await _service.Get($"{cases["/api/v1/".Length..]}&limit=500", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        items.Count.ShouldBe((int)finding["finding"]!["actual"]!.GetValue<decimal>());
        (await _service.Get("institutions/H1/compliance/NV-PHYS-30?technique=neurovascular", await _world.Regulator)).Status.ShouldBe(HttpStatusCode.NotFound);

        using var page = await _service.Http.GetAsync(new Uri($"/api/v1/public/regulations/NV-2012/{Shipped}/print", UriKind.Relative));
        (page.StatusCode, page.Content.Headers.ContentType!.MediaType).ShouldBe((HttpStatusCode.OK, "text/html"));
        var html = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync());
        html.ShouldContain("NV-INST-NS-BEDS");
        html.ShouldContain("神经外科。床位不少于30张");
    }

    private Task<long> Head() => _service.Get<IEventStore>().Head();

    private async Task<IReadOnlyList<JsonNode>> Lines(object question)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/regulations/what-if") { Content = new StringContent(JsonSerializer.Serialize(question), System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", await _world.Regulator);
        using var response = await _service.Http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
