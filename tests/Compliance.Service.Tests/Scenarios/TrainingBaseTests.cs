using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>
/// Training bases over HTTP, judged by their own cases. Today is Tuesday 10 March 2026; the settled day is 24 February: its tenth working day, 28 February being worked, is Monday 9 March.
/// So the year is 25 February 2025 to 24 February 2026, and the two before it begin on 25 February 2024 and 2023.
/// </summary>
public sealed class TrainingBaseTests : IAsyncLifetime
{
    private static readonly DateOnly Today = new(2026, 3, 10);
    private static readonly DateOnly Settled = new(2026, 2, 24);

    private const string Base = "training-bases/national/neurovascular/H1";
    private const string Provincial = "training-bases/provincial/comprehensive/H1";

    private TestService _service = null!;
    private World _world = null!;
    private int _numbers;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Today);
        _world = new(_service);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private Task<string> Hospital => _service.Token("trainingBase", institution: "H1");

    private Task<string> Ministry => _service.National;

    private Task<long> Head => _service.Get<IEventStore>().Head();

    private static object Attest(string fact, object value, string? heldOn = null) => new { fact, value, heldOn, evidence = new[] { new { name = "certificate", hash = new string('a', 64), date = "2026-02-01" } } };

    /// <summary>Everything an institution attests for a recognition under NV-2012.</summary>
    private static object[] Attested => [Attest("neurologyBeds", 60), Attest("neurosurgeryBeds", 60), Attest("interventionalBeds", 30), Attest("trainingFacilities", true), Attest("academicStanding", "first in the province")];

    private async Task<Answer> Apply(object[] facts, string[]? tutors = null, int? trainees = null) =>
        await _service.Post("training-bases", new { kind = "national", technique = "neurovascular", institution = "H1", facts, tutors, trainees }, await Hospital);

    private async Task<Answer> Recognise(string path = Base, object? body = null, string? token = null) => await _service.Post($"{path}/recognise", body ?? new { reference = "R-1" }, token ?? await Ministry);

    /// <summary>So many cases on a day.</summary>
    private Task<long> Report(int cases, DateOnly on, bool therapeutic = true, string by = "H1-A", string? code = null, string technique = "neurovascular") =>
        _world.Import(Enumerable.Range(0, cases).Select(_ => World.Case("H1", $"b{_numbers++}", on, by, therapeutic, technique, code)));

    /// <summary>A base with three qualified tutors, the volumes on their limits: 500 cases and 250 treatments in the year, one operator with 150, 150 and 150, and a treatment of each group of diseases.</summary>
    private async Task OnTheLimit()
    {
        await _world.Hospital("H1");
        await _world.Physician("H1-C", "H1", "attending");
        (await _service.Import("qualifications/import", [new { kind = "physician", subject = "H1-C", technique = "neurovascular", grantedOn = "2020-01-01", reference = "before" }], await _world.Regulator)).Expect(HttpStatusCode.OK);
        foreach (var code in new[] { "NV-ANEURYSM-COIL", "NV-CAS", "NV-SPINAL-DAVF-EMBOL" })
            await Report(1, Settled, code: code);
        await Report(147, Settled.AddDays(-100));
        await Report(100, Settled.AddDays(-50), by: "H1-B");
        await Report(250, new(2025, 2, 25), therapeutic: false, by: "H1-B");
        await Report(150, new(2025, 2, 24));
        await Report(150, new(2023, 2, 25));
    }

    private async Task<JsonNode> Evaluate(string path = Base, string query = "", long? at = null) =>
        (await _service.Get($"{path}/evaluation?minPosition={at ?? await Head}{query}", await Hospital)).Expect(HttpStatusCode.OK).Body!;

    private static Dictionary<string, string> Outcomes(JsonNode evaluation) =>
        evaluation["evaluation"]!["clauses"]!.AsArray().ToDictionary(c => c!["clause"]!.GetValue<string>(), c => c!["outcome"]!.GetValue<string>());

    private static string[] Unmet(JsonNode evaluation) => [.. Outcomes(evaluation).Where(o => o.Value != "met").Select(o => o.Key)];

    private static JsonNode? Fact(JsonNode evaluation, string fact) =>
        evaluation["evaluation"]!["clauses"]!.AsArray().SelectMany(c => c!["facts"]!.AsArray()).First(f => f!["fact"]!.GetValue<string>() == fact)!["value"];

    private async Task<JsonNode> Shown(string path = Base) => (await _service.Get($"{path}?minPosition={await Head}", await Hospital)).Expect(HttpStatusCode.OK).Body!;

    private async Task<JsonArray> Public(string query = "") => (await _service.Get($"public/training-bases?minPosition={await Head}{query}")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();

    private async Task<(string What, string On, string? Province, string? Reference)[]> ReviewsDue(string until, string token) =>
    [
        .. (await _service.Get($"due?until={until}&minPosition={await Head}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .Where(d => d!["what"]!.GetValue<string>() == "trainingBaseReview")
            .Select(d => (d!["subject"]!["id"]!.GetValue<string>(), d["dueOn"]!.GetValue<string>(), d["province"]?.GetValue<string>(), d["reference"]?.GetValue<string>())),
    ];

    private async Task<string[]> Announced() =>
    [
        .. (await _service.Get($"public/announcements?minPosition={await Head}")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .Where(a => a!["what"]!.GetValue<string>().StartsWith("trainingBase", StringComparison.Ordinal)).Select(a => $"{a!["what"]} {a["subject"]!["id"]} {a["baseKind"]} {a["effectiveOn"]}"),
    ];

    [Fact]
    public async Task From_an_application_to_the_withdrawal()
    {
        await OnTheLimit();
        var applied = (await Apply(Attested, ["H1-A", "H1-B"], trainees: 4)).Expect(HttpStatusCode.Created);
        applied.Body!["state"]!.GetValue<string>().ShouldBe("applied");
        (await Apply(Attested)).Expect(HttpStatusCode.OK);
        (await Apply([Attest("neurologyBeds", 61)])).Expect(HttpStatusCode.Conflict);

        // Two tutors are one too few; the recognition itself is not asked for before it.
        var refused = (await Recognise()).Expect(HttpStatusCode.Conflict).Body!;
        (refused["code"]!.GetValue<string>(), refused["detail"]!.GetValue<string>()).ShouldBe(("conditionsNotMet", "Not met: NV-TB-TUTORS."));
        Unmet(await Evaluate()).ShouldBe(["NV-TB-TUTORS"]);
        (await _service.Post($"{Base}/tutors", new { tutors = new[] { "H1-A", "H1-B", "H1-C" } }, await Hospital)).Expect(HttpStatusCode.OK);
        (await Public()).ShouldBeEmpty();
        (await Recognise()).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("recognised");
        (await Recognise()).Expect(HttpStatusCode.OK);

        var shown = await Shown();
        (shown["recognised"]!.GetValue<bool>(), shown["trains"]!.GetValue<bool>(), shown["capacity"]!.GetValue<int>(), shown["reviewDueOn"]!.GetValue<string>()).ShouldBe((true, true, 4, "2027-03-10"));
        shown["tutors"]!.AsArray().Select(t => (t!["physician"]!.GetValue<string>(), t["title"]!.GetValue<string>(), t["counts"]!.GetValue<bool>())).ShouldBe([("H1-A", "chief", true), ("H1-B", "chief", true), ("H1-C", "attending", true)]);
        var listed = (await Public()).ShouldHaveSingleItem()!;
        (listed["institution"]!["name"]!.GetValue<string>(), listed["kind"]!.GetValue<string>(), listed["since"]!.GetValue<string>(), listed["trains"]!.GetValue<bool>()).ShouldBe(("Hospital H1", "national", "2026-03-10", true));
        (await Announced()).ShouldBe(["trainingBaseRecognised H1 national 2026-03-10"]);

        // What follows is asked at reviews: 四(二) was never attested, but that there are no more trainees than places is known.
        Unmet(await Evaluate()).ShouldBe(["NV-TRB-MATERIAL", "NV-TRB-PLAN", "NV-TRB-TESTS", "NV-TRB-DOSSIER"]);
        (await ReviewsDue("2027-03-09", await Ministry)).ShouldBeEmpty();
        (await ReviewsDue("2027-03-10", await Ministry)).ShouldBe([("H1", "2027-03-10", null, "national")]);
        (await ReviewsDue("2027-03-10", await _world.Regulator)).ShouldBeEmpty("the ministry reviews what it recognised");

        // A year later, on a day whose year begins on 23 February 2026: three cases in it. The review is recorded with what it found, and withdraws nothing.
        await _service.MoveTo(new(2027, 3, 9));
        (await _service.Post($"{Base}/review", new { remark = "three cases in a year" }, await _world.Regulator)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post($"{Base}/review", new { remark = "three cases in a year" }, await Ministry)).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("recognised");
        shown = await Shown();
        var review = shown["reviews"]!.AsArray().ShouldHaveSingleItem()!;
        review["unmet"]!.AsArray().Select(c => c!.GetValue<string>()).ShouldBe(
            ["NV-TB-VOL", "NV-TB-OP150", "NV-TRB-MATERIAL", "NV-TRB-PLAN", "NV-TRB-TESTS", "NV-TRB-DOSSIER"]);
        review["grounds"]!["known"]!.AsArray().Single(k => k!["fact"]!.GetValue<string>() == "yearlyCases")!["value"]!.GetValue<int>().ShouldBe(3);
        (shown["recognised"]!.GetValue<bool>(), shown["reviewDueOn"]!.GetValue<string>()).ShouldBe((true, "2028-03-09"));

        (await _service.Post($"{Base}/withdraw", new { reason = "three cases in a year" }, await _world.Regulator)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post($"{Base}/withdraw", new { reason = "three cases in a year" }, await Ministry)).Expect(HttpStatusCode.OK);
        (await Public()).Count.ShouldBe(1, "until the end of the day");
        (await Announced()).ShouldBe(["trainingBaseWithdrawn H1 national 2027-03-10", "trainingBaseRecognised H1 national 2026-03-10"]);
        await _service.MoveTo(new(2027, 3, 10));
        (await Public()).ShouldBeEmpty();
        shown = await Shown();
        (shown["state"]!.GetValue<string>(), shown["recognised"]!.GetValue<bool>(), shown["trains"]!.GetValue<bool>(), shown["reviewDueOn"]).ShouldBe(("withdrawn", false, false, null));
        (await ReviewsDue("2028-12-31", await Ministry)).ShouldBeEmpty();
        (await _service.Get($"{Base}/history", await Hospital)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(e => e!["type"]!.GetValue<string>()).ShouldBe(
        [
            "training_base_applied", "training_base_tutors_named", "training_base_capacity_declared", "training_base_tutors_named", "training_base_recognised", "training_base_reviewed", "training_base_withdrawn",
        ]);
    }

    /// <summary>NV-TB-VOL-A, NV-TB-OP150 and NV-TB-DISEASES from the cases themselves, a case to either side of every limit and of every day.</summary>
    [Fact]
    public async Task What_the_cases_say_is_counted_to_the_settled_day_and_never_attested()
    {
        await OnTheLimit();
        await Apply(Attested, ["H1-A", "H1-B", "H1-C"], trainees: 4);
        var evaluation = await Evaluate();
        Unmet(evaluation).ShouldBeEmpty();
        evaluation["countedTo"]!.GetValue<string>().ShouldBe("2026-02-24");
        (Fact(evaluation, "yearlyCases")!.GetValue<int>(), Fact(evaluation, "yearlyTreatments")!.GetValue<int>()).ShouldBe((500, 250));
        Fact(evaluation, "operatorYears")!.AsArray().Select(o => $"{o!["name"]} {o["treatmentsYear1"]} {o["treatmentsYear2"]} {o["treatmentsYear3"]}").ShouldBe(["H1-A 150 150 150", "H1-B 100 0 0"]);

        // One case of the year voided, and in its place one a day too late, or too early.
        await Void("b2");
        Unmet(await Evaluate()).ShouldBe(["NV-TB-DISEASES", "NV-TB-VOL", "NV-TB-OP150"], "it was the only spinal one");
        await Report(1, Settled.AddDays(1), code: "NV-SPINAL-AVM-EMBOL");
        await Report(1, new(2025, 2, 24), code: "NV-SPINAL-AVM-EMBOL");
        Unmet(await Evaluate()).ShouldBe(["NV-TB-DISEASES", "NV-TB-VOL", "NV-TB-OP150"]);
        await Report(1, new(2025, 2, 25), code: "NV-SPINAL-AVM-EMBOL");
        Unmet(await Evaluate()).ShouldBeEmpty();

        // A day later the first day of the year has left it, with 251 cases; and that of the third, with 150.
        await _service.MoveTo(Today.AddDays(1));
        Unmet(await Evaluate()).ShouldBe(["NV-TB-VOL", "NV-TB-OP150"]);
        Unmet(await Evaluate(query: "&asOf=2026-03-10")).ShouldBeEmpty();

        // Who works elsewhere is no operator of the base any more, and no tutor.
        (await _service.Put("institutions/H2", new { name = "Hospital H2", province = "11", level = "tertiaryA" }, await _world.Regulator)).Expect(HttpStatusCode.Created);
        (await _service.Put(
            "physicians/H1-A",
            new
            {
                name = "Doctor H1-A",
                titles = new[] { new { title = "chief", from = "2010-01-01" } },
                licenceScope = "surgery",
                specialty = "neurosurgery",
                registrations = new object[] { new { institution = "H1", from = "2010-01-01", to = "2026-03-10", main = true }, new { institution = "H2", from = "2026-03-11", main = true } },
            },
            await _world.Regulator)).Expect(HttpStatusCode.OK);
        evaluation = await Evaluate();
        Unmet(evaluation).ShouldBe(["NV-TB-TUTORS", "NV-TB-VOL", "NV-TB-OP150"]);
        Fact(evaluation, "operatorYears")!.AsArray().ShouldHaveSingleItem()!["name"]!.GetValue<string>().ShouldBe("H1-B");

        foreach (var (fact, value) in new (string, object)[] { ("totalTreatments", 2000), ("techniqueSince", "2010-01-01"), ("tutors", Array.Empty<object>()), ("traineeCapacity", 9), ("baseRecognition", true) })
        {
            var refused = (await _service.Post($"{Base}/attestations", new { facts = new[] { Attest(fact, value) } }, await Hospital)).Expect(HttpStatusCode.BadRequest);
            refused.Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("knownToSystem", fact);
        }
    }

    private async Task Void(string number)
    {
        var id = Compliance.Cases.Case.IdOf("H1", number);
        (await _service.Post($"cases/{id}/void", new { reason = "entered twice" }, await _service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.OK);
    }

    /// <summary>NV-TB-VOL-B: ten years and 2,000 treatments, of which the system knows only the last.</summary>
    [Fact]
    public async Task The_time_before_all_cases_were_in_the_system_is_attested_and_added()
    {
        await _world.Hospital("H1");
        (await _service.Put("institutions/H1/coverage/neurovascular", new { from = "2025-02-25" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        await Report(40, new(2025, 3, 11));
        await Report(110, new(2026, 2, 20));
        await Apply([Attest("totalTreatments", 1849), Attest("techniqueSince", "2016-03-10"), Attest("operatorYears", new[] { new { name = "H1-A", treatmentsYear1 = 0, treatmentsYear2 = 150, treatmentsYear3 = 150 } })]);
        var evaluation = await Evaluate();
        (Outcomes(evaluation)["NV-TB-VOL"], Outcomes(evaluation)["NV-TB-OP150"], Fact(evaluation, "totalTreatments")!.GetValue<int>()).ShouldBe(("notMet", "met", 150));

        // 1,850 attested and 150 known; since ten years to the day.
        async Task<string> Volume(int treatments, string since)
        {
            (await _service.Post($"{Base}/attestations", new { facts = new[] { Attest("totalTreatments", treatments), Attest("techniqueSince", since) } }, await Hospital)).Expect(HttpStatusCode.OK);
            return Outcomes(await Evaluate())["NV-TB-VOL"];
        }

        (await Volume(1850, "2016-03-10")).ShouldBe("met");
        // Whom it names it names by the id in the registry.
        var refused = (await _service.Post(
            $"{Base}/attestations", new { facts = new[] { Attest("operatorYears", new[] { new { name = "Doctor Wang", treatmentsYear1 = 150, treatmentsYear2 = 150, treatmentsYear3 = 150 } }) } }, await Hospital)).Expect(HttpStatusCode.BadRequest);
        refused.Body!["errors"]!.AsArray().Select(e => (e!["code"]!.GetValue<string>(), e["pointer"]!.GetValue<string>())).ShouldBe([("unknownPhysician", "/facts/0/value/0/name")]);
        (await Volume(1850, "2016-03-11")).ShouldBe("notMet");
        (await Volume(1849, "2016-03-10")).ShouldBe("notMet");

        // A treatment after the attestation is added to it without a word, and the three years move on: an attestation of the time before says nothing of years that it does not reach.
        await _service.MoveTo(new(2026, 6, 30));
        await Report(1, new(2026, 4, 1));
        (Outcomes(await Evaluate())["NV-TB-VOL"], Fact(await Evaluate(), "totalTreatments")!.GetValue<int>()).ShouldBe(("met", 151));
        Outcomes(await Evaluate())["NV-TB-OP150"].ShouldBe("notMet", "its window ended on 10 March: attested anew, or not at all");
        await _service.MoveTo(new(2029, 3, 9));
        Outcomes(await Evaluate())["NV-TB-OP150"].ShouldBe("notMet");
    }

    /// <summary>CI3-TB-COVER60, CI-TB-PROV; and what the one kind of base may, the other may not.</summary>
    [Fact]
    public async Task A_province_designates_its_bases_and_the_ministry_counts_types()
    {
        await _world.Hospital("H1", "comprehensive");
        foreach (var type in Enumerable.Range(1, 14).Select(n => $"CI-L3-{n:00}").Concat(["CI-L4-01", "CI-L4-02", "CI-L4-14", "CI-L2-01"]))
            await Report(1, Settled, code: type, technique: "comprehensive");
        (await _service.Post("training-bases", new { kind = "national", technique = "comprehensive", institution = "H1" }, await Hospital)).Expect(HttpStatusCode.Created);
        const string National = "training-bases/national/comprehensive/H1";
        Types(await Evaluate(National)).ShouldBe((16, "notMet"), "the open item and level 2 are no types of it");
        await Report(2, Settled.AddDays(-1), code: "CI-L4-02", technique: "comprehensive");
        Types(await Evaluate(National)).ShouldBe((16, "notMet"), "a type counts once");
        await Report(1, new(2025, 2, 24), code: "CI-L4-03", technique: "comprehensive");
        Types(await Evaluate(National)).ShouldBe((16, "notMet"), "the year before");
        await Report(1, new(2025, 2, 25), code: "CI-L4-03", technique: "comprehensive");
        Types(await Evaluate(National)).ShouldBe((17, "met"));
        (await Recognise(National, token: await _world.Regulator)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post($"{National}/refuse", new { reason = "too few cases" }, await Ministry)).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("refused");

        (await _service.Post("training-bases", new { kind = "provincial", technique = "comprehensive", institution = "H1" }, await Hospital)).Expect(HttpStatusCode.Created);
        (await Evaluate(Provincial))["evaluation"].ShouldBeNull("the text asks nothing beforehand");
        (await Recognise(Provincial, token: await _service.Token("regulator", province: "31"))).Expect(HttpStatusCode.Forbidden);
        (await Recognise(Provincial, token: await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await ReviewsDue("2027-03-10", await _world.Regulator)).ShouldBe([("H1", "2027-03-10", "11", "provincial")]);
        (await ReviewsDue("2027-03-10", await _service.Token("regulator", province: "31"))).ShouldBeEmpty();
        Unmet(await Evaluate(Provincial)).ShouldBe(["CI-TRB-PLAN", "CI-TRB-TESTS", "CI-TRB-DOSSIER", "CI-TRB-CAPACITY"], "who designated it is known");

        var items = (await _service.Get($"training-bases?technique=comprehensive&minPosition={await Head}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        items.Select(i => (i!["base"]!["kind"]!.GetValue<string>(), i["state"]!.GetValue<string>(), i["recognised"]!.GetValue<bool>())).ShouldBe([("national", "refused", false), ("provincial", "recognised", true)]);
        async Task<int> Listed(string query, string token) => (await _service.Get($"training-bases?{query}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Count;
        (await Listed("state=refused", await Ministry), await Listed("kind=provincial&province=11", await Ministry), await Listed("technique=neurovascular", await Ministry), await Listed("limit=10", await _service.Token("regulator", province: "31")))
            .ShouldBe((1, 1, 0, 0));
        var first = (await _service.Get("training-bases?limit=1", await Ministry)).Expect(HttpStatusCode.OK).Body!;
        var second = (await _service.Get($"training-bases?limit=1&cursor={first["nextCursor"]}", await Ministry)).Expect(HttpStatusCode.OK).Body!;
        (first["items"]![0]!["base"]!["kind"]!.GetValue<string>(), second["items"]![0]!["base"]!["kind"]!.GetValue<string>(), second["nextCursor"]).ShouldBe(("national", "provincial", null));
        var open = (await Public("&technique=comprehensive")).ShouldHaveSingleItem()!;
        (open["kind"]!.GetValue<string>(), open["certifiesFromLevel"]!.GetValue<int>(), open["certifiesToLevel"]!.GetValue<int>()).ShouldBe(("provincial", 1, 2));
    }

    private static (int, string) Types(JsonNode evaluation) => (Fact(evaluation, "baseLevel3PlusTypes")!.GetValue<int>(), Outcomes(evaluation)["CI3-TB-COVER60"]);

    /// <summary>An institution that is suspended is still recognised, and trains nobody, but for levels that need no qualification.</summary>
    [Fact]
    public async Task A_suspended_institution_trains_nobody()
    {
        await _world.Hospital("H1");
        (await Recognise(body: new { reference = "of 2015", effectiveOn = "2015-05-01", imported = true })).Expect(HttpStatusCode.OK);
        (await Recognise(Provincial, new { reference = "of 2015", effectiveOn = "2015-05-01", imported = true }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await Announced()).ShouldBeEmpty("of 2015 it is no news");
        (await Trains(Base), await Trains(Provincial)).ShouldBe((true, true), "it has no qualification for levels 3 and 4, and needs none");
        (await _service.Post("qualifications/institution/H1/neurovascular/suspend", new { reason = "inspection" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await Trains(Base)).ShouldBeTrue("from tomorrow");
        await _service.MoveTo(Today.AddDays(1));
        (await Trains(Base), await Trains(Provincial)).ShouldBe((false, true));
        (await Public()).Select(b => (b!["kind"]!.GetValue<string>(), b["since"]!.GetValue<string>(), b["trains"]!.GetValue<bool>())).ShouldBe([("provincial", "2015-05-01", true), ("national", "2015-05-01", false)]);
        (await _service.Post("qualifications/institution/H1/neurovascular/lift", new { reason = "in order" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Today.AddDays(2));
        (await Trains(Base)).ShouldBeTrue();
        (await _service.Post($"{Base}/give-up", new { reason = "the head retires" }, await Hospital)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Today.AddDays(3));
        (await Trains(Base)).ShouldBeFalse();

        async Task<bool> Trains(string path) => (await Shown(path))["trains"]!.GetValue<bool>();
    }
}
