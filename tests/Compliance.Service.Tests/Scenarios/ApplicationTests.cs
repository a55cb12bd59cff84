using System.Net;
using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Applications over HTTP: what is attested and what the system knows, the chain of opinions, the grant, and that its conditions are kept.</summary>
public sealed class ApplicationTests : IAsyncLifetime
{
    private static readonly DateOnly Today = new(2026, 3, 2);
    private static readonly object Seal = new { name = "seal", hash = new string('0', 64), date = "2026-03-01" };

    private TestService _service = null!;
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Today);
        _world = new(_service);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    /// <summary>Everything the path "tertiary" of NV-2012 asks an institution to attest.</summary>
    private static IEnumerable<(string Fact, object Value)> OfATertiaryHospital =>
    [
        .. new[]
        {
            "functionSuited", "departmentNeurology", "departmentNeurosurgery", "departmentImaging", "interventionalSuite", "icu", "microneurosurgery", "aneurysmClipping", "malformationResection", "haematomaEvacuation",
            "radiationProtection", "asepticOperation", "asepticZones", "changingAndWashing", "dsa", "dsaRoadmap", "dsaGood", "pacs", "intubationAndAnaesthesia", "resuscitation", "oxygenSupply", "anaesthesiaMachine",
            "defibrillator", "suction", "oximetry", "emergencyDrugs", "storageCabinet", "storageCustodian", "icuClass3", "icuMonitor", "icuMonitorEcg", "icuMonitorPressure", "icuMonitorOximetry", "icuVentilator",
            "icuIntracranialPressure", "icuInvasiveVentilation", "icuTransport", "dopplerRoutine", "dopplerBedside", "mri", "ct", "otherStaffTrained", "nursesTrained", "plansKept", "followUpPolicy", "approvedDevicesOnly",
            "noDeviceReuse", "pricingFollowed",
        }.Select(flag => (flag, (object)true)),
        ("neurosurgeryBeds", 30), ("neurologyBeds", 40), ("icuBeds", 6), ("icuSmallestBedArea", 15.0),
        ("icuStaff", new[] { new { profession = "physician", years = 5, dedicated = true, trained = true }, new { profession = "nurse", years = 5, dedicated = true, trained = true } }),
    ];

    private static object Attest(string fact, object value, string? validUntil = null) =>
        new { fact, value, validUntil, evidence = new[] { new { name = "certificate", hash = new string('a', 64), date = "2026-02-01" } } };

    private async Task<Answer> Apply(string institution, IEnumerable<(string Fact, object Value)> facts, bool dryRun = false, string path = "tertiary") =>
        await _service.Post(
            "qualifications",
            new { kind = "institution", subject = institution, technique = "neurovascular", path, facts = facts.Select(f => Attest(f.Fact, f.Value)), dryRun },
            await _service.Token("hospital", institution: institution));

    private static string Outcome(JsonNode answer, string clause) =>
        answer["evaluation"]!["clauses"]!.AsArray().Single(c => c!["clause"]!.GetValue<string>() == clause)!["outcome"]!.GetValue<string>();

    private static object Opinion(string step, string decision = "agree", string signedOn = "2026-03-02") => new { step, decision, text = "as found", signedBy = "the head", stamp = Seal, signedOn };

    [Fact]
    public async Task An_institution_applies_is_granted_and_keeps_the_conditions()
    {
        await _world.Hospital("H1", qualified: false);
        (await _service.Import(
            "qualifications/import",
            new[] { "H1-A", "H1-B" }.Select(p => (object)new { kind = "physician", subject = p, technique = "neurovascular", grantedOn = "2020-01-01", reference = "r" }).ToList(),
            await _world.Regulator)).Expect(HttpStatusCode.OK);
        const string path = "qualifications/institution/H1/neurovascular";

        var short1 = (await Apply("H1", OfATertiaryHospital.Select(f => f.Fact == "neurosurgeryBeds" ? (f.Fact, 29) : f), dryRun: true)).Expect(HttpStatusCode.OK).Body!;
        (Outcome(short1, "NV-INST-NS-BEDS"), Outcome(short1, "NV-INST-NEURO-BEDS"), Outcome(short1, "NV-INST-PHYS-2")).ShouldBe(("notMet", "met", "met"));
        short1["evaluation"]!["satisfied"]!.GetValue<bool>().ShouldBeFalse();
        (await _service.Get(path, await _world.Regulator)).Status.ShouldBe(HttpStatusCode.NotFound, "a dry run leaves nothing");

        var submitted = (await Apply("H1", OfATertiaryHospital.Where(f => f.Fact != "pacs"))).Expect(HttpStatusCode.Created).Body!;
        Outcome(submitted, "NV-INST-CATH-PACS").ShouldBe("notAttested");
        submitted["application"]!["awaits"]!.GetValue<string>().ShouldBe("province");
        (await _service.Post($"{path}/grant", new { reference = "G-1" }, await _world.Regulator)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("opinionNeeded");
        var refused = (await _service.Post($"{path}/grant", new { reference = "G-1", opinion = Opinion("province") }, await _world.Regulator)).Expect(HttpStatusCode.Conflict).Body!;
        (refused["code"]!.GetValue<string>(), refused["detail"]!.GetValue<string>()).ShouldBe(("conditionsNotMet", "Not met: NV-INST-CATH-PACS, NV-INST-MRI-CT."));

        var hospital = await _service.Token("hospital", institution: "H1");
        var attested = (await _service.Post($"{path}/attestations", new { facts = new[] { Attest("pacs", true, "2026-05-31") } }, hospital)).Expect(HttpStatusCode.OK).Body!;
        attested["evaluation"]!["satisfied"]!.GetValue<bool>().ShouldBeTrue(attested.ToJsonString());
        (await _service.Post($"{path}/grant", new { reference = "G-1", opinion = Opinion("province") }, await _world.Regulator)).Expect(HttpStatusCode.Created);
        var filed = (await _service.Post($"{path}/file", new { reference = "F-1" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        filed.Body!["application"]!["status"]!.GetValue<string>().ShouldBe("granted");

        await _service.MoveTo(new DateOnly(2026, 5, 31));
        (await Finding("NV-INST-CATH-PACS"))["outcome"]!.GetValue<string>().ShouldBe("met");
        var register = (await _service.Send(HttpMethod.Get, "public/register?technique=neurovascular&kind=institution", null, null)).Expect(HttpStatusCode.OK).Body!;
        register["items"]!.AsArray().Select(i => i!["id"]?.GetValue<string>() ?? i["subject"]!["id"]!.GetValue<string>()).ShouldContain("H1");

        // The attestation expires; beds are reported below the limit. Findings open at once, and a warning follows where the province lets the monitor act.
        await _world.Enforce(new DateOnly(2026, 6, 1));
        await _service.MoveTo(new DateOnly(2026, 6, 1));
        var expired = await Finding("NV-INST-CATH-PACS");
        (expired["outcome"]!.GetValue<string>(), expired["binding"]!.GetValue<bool>(), expired["facts"]![0]!.GetValue<string>()).ShouldBe(("breached", true, "pacs"));
        var position = (await _service.Post($"{path}/attestations", new { facts = new[] { Attest("neurosurgeryBeds", 28) } }, hospital)).Expect(HttpStatusCode.OK).Position;
        var beds = (await _world.Compliance("H1", minPosition: position))["findings"]!.AsArray().Single(f => f!["clause"]!.GetValue<string>() == "NV-INST-NS-BEDS")!;
        (beds["outcome"]!.GetValue<string>(), beds["actual"]!.GetValue<decimal>(), beds["limit"]!.GetValue<decimal>()).ShouldBe(("breached", 28, 30));
        await _service.MoveTo(new DateOnly(2026, 6, 2));
        (await _world.Standing("H1")).ShouldBe("warned");
        var grounds = (await _world.History("H1")).Single(e => e["type"]!.GetValue<string>() == "warned")["data"]!["grounds"]!["findings"]!.AsArray();
        grounds.Select(f => f!["clause"]!.GetValue<string>()).ShouldContain("NV-INST-NS-BEDS");

        // Attested anew, and mended: the warning falls.
        (await _service.Post($"{path}/attestations", new { facts = new[] { Attest("pacs", true), Attest("neurosurgeryBeds", 30) } }, hospital)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(new DateOnly(2026, 6, 3));
        (await _world.Standing("H1")).ShouldBe("good");

        async Task<JsonNode> Finding(string clause) => (await _service.Get($"institutions/H1/compliance/{clause}?technique=neurovascular", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["finding"]!;
    }

    [Fact]
    public async Task A_physician_goes_the_whole_chain_of_the_form()
    {
        await _world.Hospital("H1", qualified: false);
        const string path = "qualifications/physician/H1-A/neurovascular";
        var self = await _service.Token("physician", physician: "H1-A");
        var hospital = await _service.Token("hospital", institution: "H1");
        (string, object)[] facts =
        [
            ("licensed", true), ("experienceSince", "2020-01-01"), ("neurologyMonths", 9), ("imagingMonths", 9), ("neurosurgeryMonths", 0), ("trainedAtBase", true), ("trainingExamPassed", true),
            ("trainingFrom", "2024-01-01"), ("trainingTo", "2025-01-01"), ("monthsAttended", 12), ("applicantName", "Doctor H1-A"), ("applicantSex", "female"), ("applicantAge", 41), ("applicantUnit", "H1"),
            ("applicantDepartment", "neurosurgery"), ("specialtyYears", 12), ("titleYears", 4), ("trainedSinceYear", 2024), ("operatingYears", 2), ("totalCases", 60), ("guidesJuniors", "yes"), ("pledge", true),
        ];
        (await _service.Post("qualifications", new { kind = "physician", subject = "H1-A", technique = "neurovascular", path = "trained", facts = facts.Select(f => Attest(f.Item1, f.Item2)) }, self)).Expect(HttpStatusCode.Created);

        // What the system knows nobody attests; what the regulator finds the regulator attests.
        var known = (await _service.Post($"{path}/attestations", new { facts = new[] { Attest("casesAsFirstOperator", 60), Attest("baseRecognised", true), Attest("shoeSize", 42), Attest("neurologyMonths", -1) } }, self)).Expect(HttpStatusCode.BadRequest);
        known.Body!["errors"]!.AsArray().Select(e => (e!["pointer"]!.GetValue<string>(), e["code"]!.GetValue<string>())).ShouldBe(
            [("/facts/0/fact", "knownToSystem"), ("/facts/1/fact", "regulatorAttests"), ("/facts/2/fact", "unknownFact"), ("/facts/3/value", "wrongType")]);
        (await _service.Post($"{path}/attestations", new { facts = new[] { Attest("baseRecognised", true) } }, await _world.Regulator)).Expect(HttpStatusCode.OK);

        (await _service.Post($"{path}/opinions", Opinion("institution"), hospital)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("notTheNextOpinion");
        (await _service.Post($"{path}/opinions", Opinion("department", signedOn: "2026-03-01"), hospital)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("signedTooEarly");
        (await _service.Post($"{path}/opinions", Opinion("department"), hospital)).Expect(HttpStatusCode.OK);
        (await _service.Post($"{path}/opinions", Opinion("institution"), hospital)).Expect(HttpStatusCode.OK);
        (await _service.Post($"{path}/opinions", Opinion("localAuthority", "return"), await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["application"]!["status"]!.GetValue<string>().ShouldBe("returned");
        (await _service.Post("qualifications", new { kind = "physician", subject = "H1-A", technique = "neurovascular", path = "trained", facts = new[] { Attest("titleYears", 5) } }, self)).Expect(HttpStatusCode.Created);
        foreach (var (step, who) in new[] { ("department", hospital), ("institution", hospital), ("localAuthority", await _world.Regulator) })
        {
            (await _service.Post($"{path}/opinions", Opinion(step), who)).Expect(HttpStatusCode.OK);
        }

        var shown = (await _service.Get($"{path}/application", self)).Expect(HttpStatusCode.OK).Body!;
        shown["evaluation"]!["clauses"]!.AsArray().Where(c => c!["outcome"]!.GetValue<string>() is not ("met" or "notApplicable")).Select(c => c!["clause"]!.GetValue<string>()).ShouldBeEmpty();
        shown["application"]!["opinions"]!.AsArray().Select(o => o!["step"]!.GetValue<string>()).ShouldBe(["department", "institution", "localAuthority"]);
        var granted = (await _service.Post($"{path}/grant", new { reference = "G-7", opinion = Opinion("province") }, await _world.Regulator)).Expect(HttpStatusCode.Created).Body!;
        granted["grants"]![0]!["path"]!.GetValue<string>().ShouldBe("trained");
        (await _service.Post($"{path}/grant", new { reference = "G-7", opinion = Opinion("province") }, await _world.Regulator)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_transitional_path_grants_nothing_and_explains_an_old_grant()
    {
        await _world.Hospital("H1");
        var self = await _service.Token("physician", physician: "H1-A");
        const string path = "qualifications/physician/H1-A/neurovascular";
        (await _service.Post("qualifications", new { kind = "physician", subject = "H1-A", technique = "neurovascular", path = "transitional1", facts = Array.Empty<object>() }, self))
            .Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("pathClosed");
        object Held(string fact, object value, string on = "2012-06-30") => new { fact, value, heldOn = on, evidence = Array.Empty<object>() };
        (await _service.Post(
            $"{path}/attestations",
            new { facts = new[] { Held("continuousSince", "2000-01-01"), Held("treatments5y", 150), Held("angiographies3y", 500), Held("angiographySevere3y", 1, "2026-01-01") } },
            self)).Expect(HttpStatusCode.OK);
        var clauses = (await _service.Get($"{path}/application?path=transitional1", self)).Expect(HttpStatusCode.OK).Body!;
        clauses["evaluation"]!["asOf"]!.GetValue<string>().ShouldBe("2012-07-08");
        (Outcome(clauses, "NV-GF1-VOL"), Outcome(clauses, "NV-GF-SAFE")).ShouldBe(("met", "notAttested"), "what is dated later explains nothing");
    }

    [Fact]
    public async Task Aid_makes_up_for_a_grant_to_come_and_is_counted()
    {
        await _world.Hospital("H1");
        await _world.Hospital("H2", qualified: false);
        (await _service.Put("institutions/H2", new { name = "Hospital H2", province = World.Province, district = "110105", level = "secondary" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await _service.Post("qualifications/institution/H2/neurovascular/aid", new { hospital = "H1", seconded = new[] { "H1-A", "H1-B" }, from = "2025-02-01" }, await _world.Regulator)).Expect(HttpStatusCode.OK);

        async Task<string[]> Flags(string number, string on, string by, string? decidedOn = null)
        {
            var report = World.Case("H2", number, DateOnly.Parse(on, System.Globalization.CultureInfo.InvariantCulture), by: by);
            report["decidedBy"] = new JsonArray("H1-A", "H1-B");
            report["decidedOn"] = decidedOn;
            var answer = (await _service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await _service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.Created);
            return [.. answer.Body!["flags"]!.AsArray().Select(f => f!.GetValue<string>()).Where(f => f != "late")];
        }

        (await Flags("aided", "2026-02-27", "H1-A")).ShouldBe(["underAid"]);
        (await Flags("own", "2026-02-27", "H2-A")).ShouldBe(["operatorNotQualified", "underAid"]);
        (await Flags("before", "2025-01-31", "H1-A")).ShouldBe(["operatorNotRegistered", "visitingExpert", "institutionNotQualified", "tooFewDeciders"]);
        (await Flags("decided before", "2025-02-01", "H1-A", decidedOn: "2025-01-31")).ShouldBe(["underAid", "tooFewDeciders"]);

        // Seconded is neither a guest nor registered.
        var deciders = (await _service.Get($"cases/{Compliance.Cases.Case.IdOf("H2", "aided"):D}/deciders", await _service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.OK).Body!;
        deciders["decidersCounted"]!.GetValue<int>().ShouldBe(2);
        deciders["operator"]!.ShouldSatisfyAllConditions(
            o => o["seconded"]!.GetValue<bool>().ShouldBeTrue(),
            o => o["counts"]!.GetValue<bool>().ShouldBeTrue(),
            o => o["mainRegistration"]!.GetValue<string>().ShouldBe("H1"));

        // A year of it, with the rest: as of today thirteen months have passed.
        var evaluated = (await Apply("H2", [("need", true), ("urbanDistrict", true)], dryRun: true, path: "secondary")).Expect(HttpStatusCode.OK).Body!;
        (Outcome(evaluated, "NV-SEC-AID"), Outcome(evaluated, "NV-SEC-NEED"), Outcome(evaluated, "NV-SEC-ASSESS")).ShouldBe(("met", "met", "notAttested"));
        (await _world.Metrics("H2", minPosition: await _service.Get<Compliance.Service.EventStore.IEventStore>().Head()))["counts"]!["cases"]!.GetValue<int>().ShouldBe(2);
    }

    [Fact]
    public async Task A_recommendation_for_endoscopy()
    {
        await _world.Hospital("H1", qualified: false);
        var self = await _service.Token("physician", physician: "H1-A");
        object Referee(string name) => new { name, title = "chief", position = "director", unit = "H9", signedOn = "2026-03-01" };
        object Request(params object[] referees) => new
        {
            kind = "physician",
            subject = "H1-A",
            technique = "endoscopy-recommendation",
            path = "recommendation",
            facts = new[]
            {
                Attest("licensed", true), Attest("goodEthics", true), Attest("sinceStatement", "since 2010"), Attest("independentCases3y", 300), Attest("independentCasesYearly", 100), Attest("physiciansTaught", 9),
                Attest("procedure", "ERCP"), Attest("recommendedOn", "2026-03-01"), Attest("referees", referees),
            },
            dryRun = true,
        };
        var same = (await _service.Post("qualifications", Request(Referee("a"), Referee("a")), self)).Expect(HttpStatusCode.OK).Body!;
        (Outcome(same, "EN-REFEREES"), Outcome(same, "EN-CASES3Y")).ShouldBe(("notMet", "met"));
        var two = (await _service.Post("qualifications", Request(Referee("a"), Referee("b")), self)).Expect(HttpStatusCode.OK).Body!;
        two["evaluation"]!["satisfied"]!.GetValue<bool>().ShouldBeTrue(two.ToJsonString());
        // A programme is not a technique: nobody reports cases of it.
        var report = World.Case("H1", "1", Today.AddDays(-1), technique: "endoscopy-recommendation");
        (await _service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await _service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.BadRequest);
    }
}
