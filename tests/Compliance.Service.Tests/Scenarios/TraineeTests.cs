using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Trainees over HTTP: H1 is a training base, recognised long before; whoever learns there is registered at H2.</summary>
public sealed class TraineeTests : IAsyncLifetime
{
    private static readonly DateOnly First = new(2025, 3, 3);

    private TestService _service = null!;
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(First);
        _world = new(_service);
        await _world.Hospital("H1");
        await _world.Hospital("H2");
        await _world.Physician("T1", "H2", "attending");
        await _world.Physician("T2", "H2", "attending");
        (await _service.Post("training-bases/national/neurovascular/H1/recognise", new { reference = "R-1", effectiveOn = "2020-01-01", imported = true }, await _service.National)).Expect(HttpStatusCode.OK);
        await Capacity(2);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private Task<string> Base => _service.Token("trainingBase", institution: "H1");

    private Task<long> Head => _service.Get<IEventStore>().Head();

    internal static object Enrolment(string institution, string physician, DateOnly from, DateOnly until, string kind = "national", string technique = "neurovascular", int? level = null) => new
    {
        kind,
        technique,
        institution,
        physician,
        level,
        from = World.Text(from),
        plannedUntil = World.Text(until),
        plan = new { name = "training plan", hash = new string('b', 64), date = "2025-02-01" },
        material = "edition of 2012",
    };

    internal static object Entry(string caseNumber, DateOnly on, string role = "participant", string intent = "diagnostic", string supervisor = "H1-A") => new { caseNumber, on = World.Text(on), role, intent, supervisor };

    private async Task Capacity(int trainees, string institution = "H1") =>
        (await _service.Post($"training-bases/national/neurovascular/{institution}/capacity", new { trainees }, await _service.Token("trainingBase", institution: institution))).Expect(HttpStatusCode.OK);

    private async Task<Answer> Enrol(string physician = "T1", DateOnly? from = null, DateOnly? until = null) =>
        await _service.Post("trainees", Enrolment("H1", physician, from ?? First, until ?? First.AddYears(1).AddDays(-1)), await Base);

    private async Task<string> Enrolled(string physician = "T1", DateOnly? until = null) => (await Enrol(physician, until: until)).Expect(HttpStatusCode.Created).Body!["trainee"]!.GetValue<string>();

    private async Task<Answer> Log(string trainee, params object[] cases) => await _service.Post($"trainees/{trainee}/cases", new { cases }, await Base);

    private static object[] Many(string prefix, int count, string role, string intent, DateOnly on) => [.. Enumerable.Range(0, count).Select(n => Entry($"{prefix}{n}", on, role, intent))];

    private async Task<Answer> Do(string trainee, string act, object body) => await _service.Post($"trainees/{trainee}/{act}", body, await Base);

    private async Task<JsonNode> Dossier(string trainee) => (await _service.Get($"trainees/{trainee}?minPosition={await Head}", await Base)).Expect(HttpStatusCode.OK).Body!;

    private async Task<string> Missing(string trainee) => string.Join(' ', (await Dossier(trainee))["missing"]!.AsArray().Select(m => m!.GetValue<string>()));

    private async Task<JsonArray> Cases(string trainee) => (await _service.Get($"trainees/{trainee}/cases?minPosition={await Head}", await Base)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();

    private static string Code(Answer answer) => answer.Body!["code"]!.GetValue<string>();

    private static (string, string)[] Faults(Answer answer) => [.. answer.Expect(HttpStatusCode.BadRequest).Body!["errors"]!.AsArray().Select(e => (e!["code"]!.GetValue<string>(), e["pointer"]!.GetValue<string>()))];

    private static string Texts(JsonNode? list) => string.Join(' ', list!.AsArray().Select(i => i!.GetValue<string>()));

    private static object Attest(string fact, object value) => new { fact, value, evidence = new[] { new { name = "certificate", hash = new string('a', 64), date = "2025-02-01" } } };

    /// <summary>Everything but the cases.</summary>
    private async Task Rest(string trainee, DateOnly on)
    {
        (await Do(trainee, "care", new { on = World.Text(on), supervisor = "H1-B", parts = new[] { "preoperative", "interpretation", "consultation", "procedure", "record", "perioperative", "intensive", "followUp" } })).Expect(HttpStatusCode.OK);
        (await Do(trainee, "tests", new { kind = "theory", on = World.Text(on), passed = true, score = 88 })).Expect(HttpStatusCode.OK);
        (await Do(trainee, "tests", new { kind = "practice", on = World.Text(on), passed = true })).Expect(HttpStatusCode.OK);
        (await Do(trainee, "evaluation", new { on = World.Text(First.AddYears(1).AddDays(-1)), passed = true, remark = "fit" })).Expect(HttpStatusCode.OK);
    }

    /// <summary>Enrolled, trained, examined, certified, applied, granted, first case, monitored.</summary>
    [Fact]
    public async Task A_neurosurgeon_from_enrolment_to_the_first_case()
    {
        var id = await Enrolled();
        var end = First.AddYears(1).AddDays(-1);
        var on = First.AddDays(30);
        await _service.MoveTo(on);
        // All but one are reported, each to the operator of record; two things say who had the catheter in hand.
        await _world.Import(
        [
            .. Enumerable.Range(0, 100).Select(n => Operated($"d{n}", on, trainee: null)), .. Enumerable.Range(0, 50).Select(n => Operated($"t{n}", on, trainee: null, therapeutic: true)),
            .. Enumerable.Range(0, 39).Select(n => Operated($"o{n}", on)), .. Enumerable.Range(0, 20).Select(n => Operated($"p{n}", on, therapeutic: true)),
        ]);
        await _service.MoveTo(end.AddDays(1));
        (await Log(id, Many("d", 100, "participant", "diagnostic", on))).Expect(HttpStatusCode.OK);
        (await Log(id, [.. Many("t", 50, "participant", "therapeutic", on), .. Many("o", 39, "operator", "diagnostic", on), .. Many("p", 20, "operator", "therapeutic", on)])).Expect(HttpStatusCode.OK);
        (await Missing(id)).ShouldBe("NV-TR-OPDX40 NV-TR-EXAM NV-TR-FULLCARE");
        await Rest(id, on);

        // One short, then met.
        var short1 = (await Do(id, "certificate", new { number = "C-1" })).Expect(HttpStatusCode.Conflict);
        (Code(short1), short1.Body!["detail"]!.GetValue<string>().Contains("NV-TR-OPDX40", StringComparison.Ordinal)).ShouldBe(("trainingIncomplete", true));
        (await Log(id, Entry("o39", on, "operator"))).Expect(HttpStatusCode.OK);
        (await Missing(id)).ShouldBe("");
        (await Do(id, "certificate", new { number = "C-1" })).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("certified");
        var dossier = await Dossier(id);
        (dossier["months"]!.GetValue<int>(), dossier["cases"]!["logged"]!.GetValue<int>(), dossier["cases"]!["notReported"]!.GetValue<int>()).ShouldBe((12, 210, 1));

        // Nothing of it was the trainee's own case: what was reported is its operator's.
        World.Count(await _world.Metrics("T1", kind: "physicians", minPosition: await Head), "cases").ShouldBe(0);
        World.Count(await _world.Metrics("H1-A", kind: "physicians", asOf: end, minPosition: await Head), "cases").ShouldBe(209);

        // Applied for, without retyping what the training was.
        var self = await _service.Token("physician", physician: "T1");
        const string path = "qualifications/physician/T1/neurovascular";
        (string, object)[] facts =
        [
            ("licensed", true), ("experienceSince", "2020-01-01"), ("neurologyMonths", 9), ("imagingMonths", 9), ("neurosurgeryMonths", 0), ("applicantName", "Doctor T1"), ("applicantSex", "female"),
            ("applicantAge", 38), ("applicantUnit", "H2"), ("applicantDepartment", "neurosurgery"), ("specialtyYears", 8), ("titleYears", 4), ("trainedSinceYear", 2025), ("operatingYears", 1), ("totalCases", 60),
            ("guidesJuniors", "yes"), ("pledge", true),
        ];
        Faults(await _service.Post("qualifications", Application([.. facts, ("trainingExamPassed", true), ("trainingFrom", "2025-03-03")]), self))
            .ShouldBe([("knownToSystem", "/facts/17/fact"), ("knownToSystem", "/facts/18/fact")]);
        var applied = (await _service.Post("qualifications", Application(facts), self)).Expect(HttpStatusCode.Created).Body!;
        applied["evaluation"]!["clauses"]!.AsArray().Where(c => c!["outcome"]!.GetValue<string>() is not ("met" or "notApplicable")).Select(c => c!["clause"]!.GetValue<string>()).ShouldBeEmpty();
        var trained = applied["evaluation"]!["clauses"]!.AsArray().Single(c => c!["clause"]!.GetValue<string>() == "NV-PHYS-TRAINED")!["facts"]!.AsArray();
        trained.Select(f => (f!["fact"]!.GetValue<string>(), f["value"]!.GetValue<bool>(), f["known"]!.GetValue<bool>())).ShouldBe([("trainedAtBase", true, true), ("baseRecognised", true, true), ("trainingExamPassed", true, true)]);

        var hospital = await _service.Token("hospital", institution: "H2");
        foreach (var (step, who) in new[] { ("department", hospital), ("institution", hospital), ("localAuthority", await _world.Regulator) })
            (await _service.Post($"{path}/opinions", Opinion(step), who)).Expect(HttpStatusCode.OK);
        (await _service.Post($"{path}/grant", new { reference = "G-1", opinion = Opinion("province") }, await _world.Regulator)).Expect(HttpStatusCode.Created);

        // The first case, and the day closed on it.
        var granted = end.AddDays(2);
        await _service.MoveTo(granted);
        var report = World.Case("H2", "first", granted, by: "T1");
        (await _service.Send(HttpMethod.Post, "cases", report.ToJsonString(), hospital)).Expect(HttpStatusCode.Created).Body!["flags"]!.AsArray().Select(f => f!.GetValue<string>())
            .ShouldNotContain(f => f.StartsWith("operator", StringComparison.Ordinal));
        await _service.MoveTo(granted.AddDays(1));
        World.Count(await _world.Metrics("T1", kind: "physicians", minPosition: await Head), "therapeuticCases").ShouldBe(1);
        (await _world.Standing("T1", "physicians")).ShouldBe("good");
        var findings = (await _world.Compliance("T1", kind: "physicians"))["findings"]!.AsArray();
        findings.Select(f => f!["clause"]!.GetValue<string>()).ShouldContain("NV-PHYS-30");

        object Application((string, object)[] attested) => new { kind = "physician", subject = "T1", technique = "neurovascular", path = "trained", facts = attested.Select(f => Attest(f.Item1, f.Item2)) };
        object Opinion(string step) => new { step, decision = "agree", text = "agreed", signedBy = "Chen", stamp = new { name = "seal", hash = new string('c', 64), date = World.Text(end.AddDays(1)) }, signedOn = World.Text(end.AddDays(1)) };
    }

    private static JsonObject Operated(string number, DateOnly on, string? trainee = "T1", bool therapeutic = false)
    {
        var report = World.Case("H1", number, on, therapeutic: therapeutic);
        report["trainee"] = trainee;
        return report;
    }

    [Fact]
    public async Task A_certificate_taken_back_tells_an_application_nothing()
    {
        var id = await Enrolled();
        await _service.MoveTo(First.AddYears(1));
        var on = First.AddDays(30);
        (await Log(id, [.. Many("d", 100, "participant", "diagnostic", on), .. Many("t", 50, "participant", "therapeutic", on), .. Many("o", 40, "operator", "diagnostic", on), .. Many("p", 20, "operator", "therapeutic", on)])).Expect(HttpStatusCode.OK);
        await Rest(id, on);
        (await Do(id, "certificate", new { number = "C-1" })).Expect(HttpStatusCode.OK);
        async Task<bool> Known()
        {
            var shown = (await _service.Get($"qualifications/physician/T1/neurovascular/application?path=trained&minPosition={await Head}", await _service.Token("physician", physician: "T1"))).Expect(HttpStatusCode.OK).Body!;
            return shown["evaluation"]!["clauses"]!.AsArray().Single(c => c!["clause"]!.GetValue<string>() == "NV-PHYS-TRAINED")!["outcome"]!.GetValue<string>() == "met";
        }

        (await Known()).ShouldBeTrue();
        async Task<JsonNode> Listed() => (await _service.Get($"certificates?technique=neurovascular&minPosition={await Head}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldHaveSingleItem()!;
        (await Listed()).ShouldSatisfyAllConditions(c => c["number"]!.GetValue<string>().ShouldBe("C-1"), c => c["withdrawnOn"].ShouldBeNull(), c => c["lastDay"]!.GetValue<string>().ShouldBe("2026-03-02"));
        // The ministry recognises bases of the kind, so it alone takes back what they give.
        (await _service.Post($"trainees/{id}/certificate/withdraw", new { reason = "log forged" }, await _world.Regulator)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post($"trainees/{id}/certificate/withdraw", new { reason = "log forged" }, await _service.National)).Expect(HttpStatusCode.OK);
        (await Known()).ShouldBeFalse();
        // Nor does the trainee's own word take its place: the log says there is none.
        Faults(await _service.Post(
            "qualifications",
            new { kind = "physician", subject = "T1", technique = "neurovascular", path = "trained", facts = new[] { Attest("trainedAtBase", true), Attest("trainingExamPassed", true) } },
            await _service.Token("physician", physician: "T1"))).ShouldBe([("knownToSystem", "/facts/0/fact"), ("knownToSystem", "/facts/1/fact")]);
        (await Listed())["withdrawnOn"]!.GetValue<string>().ShouldBe("2026-03-03");
    }

    [Fact]
    public async Task Places_are_as_many_as_declared_also_for_two_at_once()
    {
        await Capacity(1);
        var answers = await Task.WhenAll(Enrol("T1"), Enrol("T2"));
        answers.Count(a => a.Status == HttpStatusCode.Created).ShouldBe(1);
        var refused = answers.Single(a => a.Status != HttpStatusCode.Created);
        (refused.Status, Code(refused)).ShouldBe((HttpStatusCode.Conflict, "baseFull"));
        await Capacity(2);
        var late = answers[0].Status == HttpStatusCode.Created ? "T2" : "T1";
        (await Enrol(late)).Expect(HttpStatusCode.Created);
        // Sent again it is the same.
        (await Enrol(late)).Expect(HttpStatusCode.OK);
        (await Enrol("H2-A")).Expect(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_base_that_may_not_train_takes_nobody()
    {
        // Its own qualification suspended: still recognised, and no place to learn.
        (await _service.Post("qualifications/institution/H1/neurovascular/suspend", new { reason = "inspection" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        Code((await Enrol("T1", First.AddDays(1), First.AddYears(1))).Expect(HttpStatusCode.Conflict)).ShouldBe("baseMayNotTrain");
        (await _service.Post("training-bases/national/neurovascular/H1/withdraw", new { reason = "no longer fit" }, await _service.National)).Expect(HttpStatusCode.OK);
        Code((await Enrol("T1", First.AddDays(1), First.AddYears(1))).Expect(HttpStatusCode.Conflict)).ShouldBe("baseMayNotTrain");
        Code((await _service.Post("trainees", Enrolment("H2", "T1", First, First.AddYears(1)), await _service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.NotFound)).ShouldBe("noSuchTrainingBase");
    }

    [Fact]
    public async Task Days_after_a_withdrawal_of_the_base_do_not_count()
    {
        var id = await Enrolled();
        (await _service.Post("training-bases/national/neurovascular/H1/withdraw", new { reason = "no longer fit" }, await _service.National)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(First.AddDays(10));
        (await Log(id, Entry("1", First), Entry("2", First.AddDays(1)))).Expect(HttpStatusCode.OK);
        var dossier = await Dossier(id);
        // First is trained; the nine days after it, and today, are not.
        dossier["daysMissed"]!.GetValue<int>().ShouldBe(10);
        (await Cases(id)).Select(c => Texts(c!["whyNot"])).ShouldBe(["", "outsideTraining"]);
    }

    [Fact]
    public async Task A_logged_case_is_held_against_its_report()
    {
        var id = await Enrolled();
        var on = First.AddDays(1);
        await _service.MoveTo(First.AddDays(20));
        (await Log(id, Entry("right", on, "operator"), Entry("otherDay", on), Entry("treated", on), Entry("unnamed", on, "operator"), Entry("voided", on), Entry("absent", on))).Expect(HttpStatusCode.OK);
        await _world.Import(
        [
            Operated("right", on), Operated("otherDay", on.AddDays(1), trainee: null), Operated("treated", on, therapeutic: true, trainee: null), Operated("unnamed", on, trainee: null), Operated("voided", on, trainee: null),
        ]);
        var hospital = await _service.Token("hospital", institution: "H1");
        var voided = Compliance.Cases.Case.IdOf("H1", "voided");
        (await _service.Post($"cases/{voided}/void", new { reason = "entered twice" }, hospital)).Expect(HttpStatusCode.OK);
        (await Cases(id)).Select(c => (c!["caseNumber"]!.GetValue<string>(), c["reported"]!.GetValue<bool>(), Texts(c["disagrees"]), Texts(c["whyNot"]))).ShouldBe(
        [
            ("right", true, "", ""), ("otherDay", true, "day", "disagrees"), ("treated", true, "intent", "disagrees"), ("unnamed", true, "trainee", "disagrees"), ("voided", true, "", "voided"), ("absent", false, "", ""),
        ]);
        var cases = (await Dossier(id))["cases"]!;
        (cases["logged"]!.GetValue<int>(), cases["counted"]!.GetValue<int>(), cases["notReported"]!.GetValue<int>(), cases["disagreeing"]!.GetValue<int>()).ShouldBe((6, 2, 1, 3));
        // Whoever is shown cases is noted.
        (await Reads(voided)).ShouldBeGreaterThan(0);

        // Put right: the report, or the log.
        var corrected = Operated("unnamed", on);
        corrected.Remove("outcome");
        (await _service.Post($"cases/{Compliance.Cases.Case.IdOf("H1", "unnamed")}/corrections", new { reason = "trainee left out", report = corrected }, hospital)).Expect(HttpStatusCode.OK);
        (await Do(id, "entries/2/withdraw", new { reason = "wrong day" })).Expect(HttpStatusCode.OK);
        (await Log(id, Entry("otherDay", on.AddDays(1)))).Expect(HttpStatusCode.OK).Body!["entries"]!.AsArray().Select(n => n!.GetValue<int>()).ShouldBe([7]);
        (await Dossier(id))["cases"]!["counted"]!.GetValue<int>().ShouldBe(4);
    }

    private async Task<long> Reads(Guid caseId)
    {
        await using var command = _service.Get<Npgsql.NpgsqlDataSource>().CreateCommand("select count(*) from compliance.patient_reads where case_id = $1 and role = 'trainingBase'");
        command.Parameters.Add(new() { Value = caseId });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Of a case that has a report the report says whose it is, whoever was logged first.</summary>
    [Fact]
    public async Task A_wrong_entry_of_one_trainee_does_not_keep_the_case_from_another()
    {
        var (first, second) = (await Enrolled("T1"), await Enrolled("T2"));
        (await Log(first, Entry("c", First, "operator"))).Expect(HttpStatusCode.OK);
        Faults(await Log(second, Entry("c", First, "operator"))).ShouldBe([("operatedByAnother", "/cases/0/caseNumber")]);
        await _service.MoveTo(First.AddDays(5));
        await _world.Import([Operated("c", First, trainee: "T2")]);
        (await Log(second, Entry("c", First, "operator"))).Expect(HttpStatusCode.OK);
        (await Cases(first)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(c => c!["counts"]!.GetValue<bool>().ShouldBeFalse(), c => Texts(c!["disagrees"]).ShouldBe("trainee"));
        (await Cases(second)).ShouldHaveSingleItem()!["counts"]!.GetValue<bool>().ShouldBeTrue();
    }

    /// <summary>A base recorded as from before declares its capacity today, and enters who is there.</summary>
    [Fact]
    public async Task Who_was_there_before_the_base_came_to_the_system_is_entered_late() =>
        (await Enrol("T1", First.AddMonths(-6), First.AddMonths(6))).Expect(HttpStatusCode.Created);

    [Fact]
    public async Task A_stay_entered_in_error_frees_its_place_before_it_begins()
    {
        await Capacity(1);
        var id = (await Enrol("T1", First.AddMonths(2), First.AddMonths(14))).Expect(HttpStatusCode.Created).Body!["trainee"]!.GetValue<string>();
        Code((await Enrol("T2", First.AddMonths(3), First.AddMonths(15))).Expect(HttpStatusCode.Conflict)).ShouldBe("baseFull");
        (await Do(id, "end", new { reason = "entered in error" })).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("ended");
        (await Enrol("T2", First.AddMonths(3), First.AddMonths(15))).Expect(HttpStatusCode.Created);
        // It never was: the same days with another plan are no contradiction.
        await Capacity(2);
        (await Enrol("T1", First.AddMonths(2), First.AddMonths(15))).Expect(HttpStatusCode.Created).Body!["trainee"]!.GetValue<string>().ShouldBe(id);
        Code((await Enrol("T1", First.AddMonths(2), First.AddMonths(16))).Expect(HttpStatusCode.Conflict)).ShouldBe("traineeDiffers");
    }

    /// <summary>NV-TRB-PLAN, -TESTS, -DOSSIER and -CAPACITY of a base, from what its own trainee was given.</summary>
    [Fact]
    public async Task A_base_is_reviewed_by_what_its_trainees_show()
    {
        const string at = "training-bases/national/neurovascular/H1";
        async Task<Dictionary<string, string>> Review() => (await _service.Get($"{at}/evaluation?against=review&minPosition={await Head}", await Base)).Expect(HttpStatusCode.OK).Body!["evaluation"]!["clauses"]!.AsArray()
            .Where(c => c!["clause"]!.GetValue<string>() is "NV-TRB-PLAN" or "NV-TRB-TESTS" or "NV-TRB-DOSSIER" or "NV-TRB-CAPACITY").ToDictionary(c => c!["clause"]!.GetValue<string>()[7..], c => c!["outcome"]!.GetValue<string>());
        async Task<Answer> Attested(string fact) => await _service.Post($"{at}/attestations", new { facts = new[] { Attest(fact, true) } }, await Base);
        static Dictionary<string, string> Outcomes(string plan, string tests, string dossier) => new() { ["PLAN"] = plan, ["TESTS"] = tests, ["DOSSIER"] = dossier, ["CAPACITY"] = "met" };

        var id = await Enrolled();
        (await Review()).ShouldBe(Outcomes("notAttested", "notAttested", "notAttested"), ignoreOrder: true);
        Faults(await Attested("planForEach")).ShouldBe([("knownToSystem", "/facts/0/fact")]);
        // Due on 2 March 2026, and not over then: nobody attests otherwise.
        await _service.MoveTo(First.AddYears(1));
        (await Review()).ShouldBe(Outcomes("notMet", "notMet", "notMet"), ignoreOrder: true);
        Faults(await Attested("trainingOnTime")).ShouldBe([("knownToSystem", "/facts/0/fact")]);
        // It was over: the entries came late, the evaluation on the last day did not.
        (await Log(id, Entry("1", First.AddDays(30)))).Expect(HttpStatusCode.OK);
        await Rest(id, First.AddDays(30));
        (await Review()).ShouldBe(Outcomes("met", "met", "notAttested"), ignoreOrder: true);
        (await Attested("attendanceKept")).Expect(HttpStatusCode.OK);
        (await Review()).ShouldBe(Outcomes("met", "met", "met"), ignoreOrder: true);
        // Looked at, it is of the past: what follows is shown by others, or attested.
        (await _service.Post($"{at}/review", new { remark = "as it should be" }, await _service.National)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(First.AddYears(1).AddDays(1));
        (await Review()).ShouldBe(Outcomes("notAttested", "notAttested", "expired"), ignoreOrder: true);
        (await Attested("trainingOnTime")).Expect(HttpStatusCode.OK);
    }

    /// <summary>From a certificate for levels 3 and 4 to the application; one for levels 1 and 2 says nothing there (CI-TB-PROV, CI3-PHYS-TRAINED, CI-TR-6M).</summary>
    [Fact]
    public async Task A_certificate_for_comprehensive_procedures_is_known_to_an_application_for_its_levels()
    {
        await _world.Hospital("H3", "comprehensive");
        var trainer = await _service.Token("trainingBase", institution: "H3");
        foreach (var (kind, authority) in new[] { ("national", await _service.National), ("provincial", await _world.Regulator) })
        {
            (await _service.Post($"training-bases/{kind}/comprehensive/H3/recognise", new { reference = "R-3", effectiveOn = "2020-01-01", imported = true }, authority)).Expect(HttpStatusCode.OK);
            (await _service.Post($"training-bases/{kind}/comprehensive/H3/capacity", new { trainees = 1 }, trainer)).Expect(HttpStatusCode.OK);
        }

        var end = First.AddMonths(6).AddDays(-1);
        async Task<string> Enrolled(string physician, string kind, int level) =>
            (await _service.Post("trainees", Enrolment("H3", physician, First, end, kind, "comprehensive", level), trainer)).Expect(HttpStatusCode.Created).Body!["trainee"]!.GetValue<string>();
        async Task<Answer> Do(string id, string act, object body) => await _service.Post($"trainees/{id}/{act}", body, trainer);
        var (upper, lower) = (await Enrolled("T1", "national", 4), await Enrolled("T2", "provincial", 2));
        await _service.MoveTo(end.AddDays(1));
        var on = World.Text(First.AddDays(30));
        foreach (var (id, name, above) in new[] { (upper, "u", 49), (lower, "l", 0) })
        {
            (await Do(id, "cases", new
            {
                cases = Enumerable.Range(0, 100)
                    .Select(n => new { caseNumber = $"{name}{n}", on, role = "operator", intent = "therapeutic", supervisor = "H3-A", procedureCodes = new[] { n < above ? "CI-L3-01" : "CI-L2-01" } }),
            })).Expect(HttpStatusCode.OK);
            (await Do(id, "care", new { on, supervisor = "H3-B", parts = new[] { "preoperative", "interpretation", "consultation", "procedure", "record", "perioperative", "intensive", "followUp" } })).Expect(HttpStatusCode.OK);
            (await Do(id, "tests", new { kind = "theory", on, passed = true })).Expect(HttpStatusCode.OK);
            (await Do(id, "tests", new { kind = "practice", on, passed = true })).Expect(HttpStatusCode.OK);
            (await Do(id, "evaluation", new { on = World.Text(end), passed = true, remark = "fit" })).Expect(HttpStatusCode.OK);
        }

        // CI3-TR-OP50: 49 of 100 are of level 3; for levels 1 and 2 nobody asks.
        (await Do(lower, "certificate", new { number = "L-1" })).Expect(HttpStatusCode.OK);
        (await Do(upper, "certificate", new { number = "U-1" })).Expect(HttpStatusCode.Conflict).Body!["detail"]!.GetValue<string>().ShouldContain("CI3-TR-OP50");
        (await Do(upper, "cases", new { cases = new[] { new { caseNumber = "u100", on, role = "operator", intent = "therapeutic", supervisor = "H3-A", procedureCodes = new[] { "CI-L4-01" } } } })).Expect(HttpStatusCode.OK);
        (await Do(upper, "certificate", new { number = "U-1" })).Expect(HttpStatusCode.OK);

        async Task<(string, string, string)> Known(string physician)
        {
            var clauses = (await _service.Get($"qualifications/physician/{physician}/comprehensive/application?path=trained&minPosition={await Head}", await _service.Token("physician", physician: physician)))
                .Expect(HttpStatusCode.OK).Body!["evaluation"]!["clauses"]!.AsArray().ToDictionary(c => c!["clause"]!.GetValue<string>(), c => c!["outcome"]!.GetValue<string>());
            return (clauses["CI-PHYS-TRAINED"], clauses["CI3-PHYS-TRAINED"], clauses["CI-TR-6M"]);
        }

        (await Known("T1")).ShouldBe(("met", "met", "met"));
        (await Known("T2")).ShouldBe(("notAttested", "notAttested", "notAttested"));
    }

    [Fact]
    public async Task What_is_logged_changes_nobodys_figures()
    {
        var id = await Enrolled();
        var on = First.AddDays(1);
        await _service.MoveTo(First.AddDays(20));
        await _world.Import([Operated("one", on, therapeutic: true)]);
        async Task<(int, int, int)> Figures() => (
            World.Count(await _world.Metrics("H1-A", kind: "physicians", minPosition: await Head), "therapeuticCases"),
            World.Count(await _world.Metrics("T1", kind: "physicians", minPosition: await Head), "cases"),
            World.Count(await _world.Metrics("H1", minPosition: await Head), "cases"));
        (await Figures()).ShouldBe((1, 0, 1));
        (await Log(id, [Entry("one", on, "operator", "therapeutic"), .. Many("more", 30, "operator", "therapeutic", on)])).Expect(HttpStatusCode.OK);
        (await Figures()).ShouldBe((1, 0, 1));
    }

    [Fact]
    public async Task Of_a_case_one_trainee_is_operator_and_who_supervises_is_fit()
    {
        var (first, second) = (await Enrolled("T1"), await Enrolled("T2"));
        (await Log(first, Entry("1", First, "operator"))).Expect(HttpStatusCode.OK);
        Faults(await Log(second, Entry("2", First, "operator"), Entry("1", First, "operator"))).ShouldBe([("operatedByAnother", "/cases/1/caseNumber")]);
        (await Log(second, Entry("1", First))).Expect(HttpStatusCode.OK);
        Faults(await Log(first, Entry("3", First, supervisor: "H2-A"), Entry("4", First, supervisor: "Nobody"))).ShouldBe([("supervisorUnfit", "/cases/0/supervisor"), ("supervisorUnfit", "/cases/1/supervisor")]);
        // Named a tutor, a qualified physician of another hospital teaches here.
        (await _service.Post("training-bases/national/neurovascular/H1/tutors", new { tutors = new[] { "H2-A" } }, await Base)).Expect(HttpStatusCode.OK);
        (await Log(first, Entry("3", First, supervisor: "H2-A"))).Expect(HttpStatusCode.OK);
        // A tutor without a qualification does not.
        (await _service.Post("training-bases/national/neurovascular/H1/tutors", new { tutors = new[] { "H2-A", "T2" } }, await Base)).Expect(HttpStatusCode.OK);
        Faults(await Log(first, Entry("5", First, supervisor: "T2"))).ShouldBe([("supervisorUnfit", "/cases/0/supervisor")]);
        // Withdrawn by the one, the case is the other's.
        (await Do(first, "entries/1/withdraw", new { reason = "took part only" })).Expect(HttpStatusCode.OK);
        (await Do(second, "entries/1/withdraw", new { reason = "operated" })).Expect(HttpStatusCode.OK);
        (await Log(second, Entry("1", First, "operator"))).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_breaks_the_contract_is_named_and_nothing_of_it_is_kept()
    {
        var id = await Enrolled();
        Faults(await Do(id, "cases", new { cases = Array.Empty<object>() })).ShouldBe([("empty", "/cases")]);
        Faults(await Log(id, Entry("1", First), new { caseNumber = "2", on = "2025-03-04", role = "assistant", intent = "diagnostic", supervisor = "H1-A" })).ShouldBe([("unknownValue", "/cases/1/role")]);
        Faults(await Log(id, Entry("1", First), Entry("2", First.AddDays(1)))).ShouldBe([("futureDay", "/cases/1/on")]);
        Faults(await Log(id, new { caseNumber = "1", on = "2025-03-03", role = "operator", intent = "diagnostic", supervisor = "H1-A", procedureCodes = new[] { "NV-NOTHING" } })).ShouldBe([("unknownProcedureCode", "/cases/0/procedureCodes/0")]);
        Faults(await Log(id, Entry(BadRequests.IdentityCard, First))).ShouldBe([("personalData", "/cases/0/caseNumber")]);
        Faults(await Do(id, "care", new { on = "2025-03-03", supervisor = "H1-A", parts = new[] { "record", "cleaning" } })).ShouldBe([("unknownValue", "/parts/1")]);
        Faults(await Do(id, "care", new { on = "2025-03-03", supervisor = "H1-A", parts = Array.Empty<string>() })).ShouldBe([("empty", "/parts")]);
        Faults(await Do(id, "tests", new { kind = "theory", on = "2025-03-03", passed = true, score = 101 })).ShouldBe([("outOfRange", "/score")]);
        Faults(await Do(id, "interruptions", new { from = "2025-03-10", to = "2025-03-09", reason = "r" })).ShouldBe([("endsBeforeItBegins", "/to")]);
        Faults(await Do(id, "evaluation", new { on = "2025-03-04", passed = true, remark = "r" })).ShouldBe([("futureDay", "/on")]);
        Faults(await Do(id, "end", new { reason = "r", lastDay = "2025-03-04" })).ShouldBe([("futureDay", "/lastDay")]);
        Faults(await Do(id, "extension", new { until = "2026-03-01", reason = "r" })).ShouldBe([("notBefore", "/until")]);
        Faults(await Do(id, "certificate", new { })).ShouldBe([("missing", "/number")]);
        Code((await Do(id, "entries/1/withdraw", new { reason = "r" })).Expect(HttpStatusCode.NotFound)).ShouldBe("noSuchEntry");
        Faults(await Enrol("T9")).ShouldBe([("unknownPhysician", "/physician")]);
        Faults(await Enrol("T2", until: First.AddYears(1).AddDays(-2))).ShouldBe([("planTooShort", "/plannedUntil")]);
        (await Dossier(id))["cases"]!["logged"]!.GetValue<int>().ShouldBe(0);
        (await _service.Get($"trainees/{id}/history", await Base)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(i => i!["type"]!.GetValue<string>()).ShouldBe(["trainee_enrolled"]);
    }

    [Fact]
    public async Task Levels_decide_who_certifies_and_what_is_asked()
    {
        (await _service.Post("training-bases/provincial/comprehensive/H1/recognise", new { reference = "R-2", effectiveOn = "2020-01-01", imported = true }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await _service.Post("training-bases/provincial/comprehensive/H1/capacity", new { trainees = 2 }, await Base)).Expect(HttpStatusCode.OK);
        async Task<Answer> Enrol(int? level) => await _service.Post("trainees", Enrolment("H1", "T1", First, First.AddMonths(6), "provincial", "comprehensive", level), await Base);
        Faults(await Enrol(null)).ShouldBe([("missing", "/level")]);
        Faults(await Enrol(5)).ShouldBe([("outOfRange", "/level")]);
        Faults(await Enrol(3)).ShouldBe([("baseCertifiesOtherLevels", "/level")]);
        // H1 holds no qualification for comprehensive procedures; levels 1 and 2 need none.
        var id = (await Enrol(2)).Expect(HttpStatusCode.Created).Body!["trainee"]!.GetValue<string>();
        (await Missing(id)).ShouldBe("CI-TR-6M CI-TR-OP100 CI-TR-FULLCARE examination");
        (await Log(id, new { caseNumber = "1", on = "2025-03-03", role = "operator", intent = "therapeutic", supervisor = "H1-A", procedureCodes = new[] { "CI-L2-01" } })).Expect(HttpStatusCode.OK);
        Faults(await Log(id, new { caseNumber = "2", on = "2025-03-03", role = "operator", intent = "therapeutic", supervisor = "H1-A", procedureCodes = new[] { "CI-L3-01" } })).ShouldBe([("supervisorUnfit", "/cases/0/supervisor")]);
        Faults(await Log(id, Entry("3", First))).ShouldBe([("missing", "/cases/0/procedureCodes")]);
        (await Cases(id)).ShouldHaveSingleItem()!["level"]!.GetValue<int>().ShouldBe(2);
    }

    [Fact]
    public async Task Dossiers_and_lists_are_for_whom_they_concern()
    {
        var (first, second) = (await Enrolled("T1"), await Enrolled("T2", First.AddYears(1)));
        (await Log(first, Entry("1", First))).Expect(HttpStatusCode.OK);
        var at = await Head;
        var (self, other) = (await _service.Token("physician", physician: "T1"), await _service.Token("physician", physician: "T2"));
        var (strange, away) = (await _service.Token("hospital", institution: "H2"), await _service.Token("regulator", province: "31"));
        foreach (var path in new[] { "", "/cases", "/history" })
        {
            foreach (var may in new[] { await Base, self, await _world.Regulator, await _service.National })
                (await _service.Get($"trainees/{first}{path}?minPosition={at}", may)).Expect(HttpStatusCode.OK);
            foreach (var mayNot in new[] { other, strange, away })
                Code((await _service.Get($"trainees/{first}{path}", mayNot)).Expect(HttpStatusCode.NotFound)).ShouldBe("notFound");
        }

        // Neither the trainee nor another hospital writes.
        (await _service.Post($"trainees/{first}/end", new { reason = "r" }, self)).Expect(HttpStatusCode.Forbidden);
        Code((await _service.Post($"trainees/{first}/end", new { reason = "r" }, strange)).Expect(HttpStatusCode.NotFound)).ShouldBe("notFound");

        async Task<string[]> Listed(string query, string token) =>
            [.. (await _service.Get($"trainees?minPosition={at}{query}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(i => i!["physician"]!.GetValue<string>()).Order()];
        (await Listed("", await _world.Regulator)).ShouldBe(["T1", "T2"]);
        (await Listed("", await Base)).ShouldBe(["T1", "T2"]);
        (await Listed("", self)).ShouldBe(["T1"]);
        (await Listed("", strange)).ShouldBeEmpty();
        (await Listed("", away)).ShouldBeEmpty();
        (await Listed("&base=H1&technique=neurovascular&state=training&progress=incomplete", await _service.National)).ShouldBe(["T1", "T2"]);
        (await Listed("&progress=complete", await _service.National)).ShouldBeEmpty();
        (await Listed("&state=certified", await _service.National)).ShouldBeEmpty();
        (await Listed("&base=H2", await _service.National)).ShouldBeEmpty();
        (await Listed("&technique=comprehensive", await _service.National)).ShouldBeEmpty();
        (await Listed("&province=31", await _service.National)).ShouldBeEmpty();
        (await _service.Get("trainees?base=H1", strange)).Expect(HttpStatusCode.Forbidden);

        // A page at a time comes to the same.
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await _service.Get($"trainees?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}", await _service.National)).Expect(HttpStatusCode.OK).Body!;
            seen.AddRange(page["items"]!.AsArray().Select(i => i!["trainee"]!.GetValue<string>()));
            cursor = page["nextCursor"]?.GetValue<string>();
        }
        while (cursor is not null);
        seen.ShouldBe([first, second], ignoreOrder: true);
    }
}
