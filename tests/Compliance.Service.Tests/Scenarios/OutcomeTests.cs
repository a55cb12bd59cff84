using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>What is owed about a case once it is reported, what others notice of it, and what the regulator decides; days by the State Council's calendar of 2025.</summary>
public sealed class OutcomeTests
{
    public static JsonObject Notice(string institution, DateOnly occurredOn, string? pseudonym = null, string? caseNumber = null, string what = "death")
    {
        var notice = new JsonObject
        {
            ["institution"] = institution,
            ["technique"] = "neurovascular",
            ["what"] = what,
            ["occurredOn"] = World.Text(occurredOn),
            ["evidence"] = new JsonObject { ["name"] = "discharge letter", ["hash"] = new string('a', 64), ["date"] = World.Text(occurredOn) },
        };
        if (pseudonym is not null)
            notice["patientPseudonym"] = pseudonym;
        if (caseNumber is not null)
            notice["caseNumber"] = caseNumber;
        return notice;
    }

    private static DateOnly Day(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd");

    private static async Task<(TestService Service, World World, string Hospital)> Start(string today)
    {
        var service = await TestService.Start(Day(today));
        var world = new World(service);
        await world.Hospital("H1");
        return (service, world, await service.Token("hospital", institution: "H1"));
    }

    private static async Task<string> Report(TestService service, string token, JsonObject report)
    {
        var answer = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), token)).Expect(HttpStatusCode.Created);
        return answer.Body!["caseId"]!.GetValue<string>();
    }

    private static async Task<JsonNode> Shown(TestService service, string token, string caseId) => (await service.Get($"cases/{caseId}?minPosition={await service.Get<IEventStore>().Head()}", token)).Expect(HttpStatusCode.OK).Body!;

    private static string Flags(JsonNode shown) => string.Join(' ', shown["flags"]!.AsArray().Select(f => f!.GetValue<string>()));

    private static string? Text(JsonNode node, string property) => node[property]?.GetValue<string>();

    private static async Task<IReadOnlyList<JsonNode>> Items(TestService service, string path, string token) =>
        [.. (await service.Get($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}minPosition={await service.Get<IEventStore>().Head()}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(i => i!)];

    private sealed record Owing(ObligationKind Kind, int Number, string CaseNumber, Guid? CaseId, Guid? NoticeId, DateOnly DueOn, bool Provisional);

    /// <summary>What H1 owes, due between two days, both included.</summary>
    private static async Task<IReadOnlyList<Owing>> Owed(TestService service, string from, string to) =>
    [
        .. (await Items(service, "institutions/H1/obligations", await service.Token("hospital", institution: "H1")))
            .Select(i => new Owing(
                Enum.Parse<ObligationKind>(Text(i, "kind")!, ignoreCase: true),
                i["number"]!.GetValue<int>(),
                Text(i, "caseNumber")!,
                i["caseId"]?.GetValue<Guid>(),
                i["noticeId"]?.GetValue<Guid>(),
                Day(Text(i, "dueOn")!),
                i["provisional"]!.GetValue<bool>()))
            .Where(o => o.DueOn >= Day(from) && o.DueOn <= Day(to)),
    ];

    private static string Code(Answer answer, string pointer)
    {
        var error = answer.Expect(HttpStatusCode.BadRequest).Body!["errors"]!.AsArray().ShouldHaveSingleItem()!;
        Text(error, "pointer").ShouldBe(pointer);
        return Text(error, "code")!;
    }

    [Fact]
    public async Task A_case_is_followed_until_nothing_is_owed()
    {
        var (service, _, hospital) = await Start("2025-09-02");
        await using var _s = service;
        // Of 1 September day 30 is 1 October; the statement is due on 21 October, the follow-ups from 1 to 16 October and from 30 November to 30 December.
        var done = await Report(service, hospital, World.Case("H1", "done", Day("2025-09-01")));
        var missed = await Report(service, hospital, World.Case("H1", "missed", Day("2025-09-01")));
        var diagnostic = await Report(service, hospital, World.Case("H1", "diagnostic", Day("2025-09-01"), therapeutic: false));
        var fresh = await Shown(service, hospital, done);
        (fresh["outcomeStatement"], Text(fresh, "outcomeStatementDueOn"), Flags(fresh)).ShouldBe((null, "2025-10-21", ""));
        fresh["followUps"]!.AsArray().Select(f => (f!["interval"]!.GetValue<int>(), Text(f, "opensOn"), Text(f, "dueOn"), Text(f, "on"))).ShouldBe([(30, "2025-10-01", "2025-10-16", null), (90, "2025-11-30", "2025-12-30", null)]);
        (await Shown(service, hospital, diagnostic))["followUps"]!.AsArray().ShouldBeEmpty();
        (await Owed(service, "2025-09-01", "2026-09-01")).Count.ShouldBe(6);
        (await Owed(service, "2025-10-16", "2025-10-16")).Select(o => (o.Kind, o.Number, o.CaseNumber)).ShouldBe([(ObligationKind.FollowUp, 30, "done"), (ObligationKind.FollowUp, 30, "missed")], ignoreOrder: true);
        (await Owed(service, "2025-10-17", "2025-10-21")).Take(1).ShouldHaveSingleItem().ShouldSatisfyAllConditions(o => o.Kind.ShouldBe(ObligationKind.OutcomeStatement), o => o.DueOn.ShouldBe(Day("2025-10-21")));

        var statement = new { aliveOnDay30 = true, complications = "none" };
        await service.MoveTo(Day("2025-10-01"));
        Code(await service.Post($"cases/{done}/outcome-statement", statement, hospital), "/aliveOnDay30").ShouldBe("outcomeStillOpen");
        await service.MoveTo(Day("2025-10-02"));
        (await service.Post($"cases/{done}/outcome-statement", statement, hospital)).Expect(HttpStatusCode.OK);
        var head = await service.Get<IEventStore>().Head();
        (await service.Post($"cases/{done}/outcome-statement", statement, hospital)).Expect(HttpStatusCode.OK);
        (await service.Get<IEventStore>().Head()).ShouldBe(head, "the same again changes nothing");

        await service.MoveTo(Day("2025-10-16"));
        var followUp = new { on = "2025-10-15", status = "alive", remark = "seen" };
        var first = (await service.Post($"cases/{done}/follow-ups", followUp, hospital)).Expect(HttpStatusCode.Created).Body!;
        first["interval"]!.GetValue<int>().ShouldBe(30);
        Text((await service.Post($"cases/{done}/follow-ups", followUp, hospital)).Expect(HttpStatusCode.OK).Body!, "followUpId").ShouldBe(Text(first, "followUpId"));
        Flags(await Shown(service, hospital, missed)).ShouldBe("");

        await service.MoveTo(Day("2025-10-17"));
        Flags(await Shown(service, hospital, missed)).ShouldBe("followUpMissing");
        await service.MoveTo(Day("2025-10-21"));
        Flags(await Shown(service, hospital, missed)).ShouldBe("followUpMissing");
        (await Items(service, "cases?flag=outcomeStatementMissing", hospital)).ShouldBeEmpty();
        await service.MoveTo(Day("2025-10-22"));
        Flags(await Shown(service, hospital, missed)).ShouldBe("outcomeStatementMissing followUpMissing");
        foreach (var flag in new[] { "outcomeStatementMissing", "followUpMissing" })
        {
            (await Items(service, $"cases?flag={flag}", hospital)).Select(c => Text(c, "caseNumber")).ShouldBe(["missed"]);
            (await Items(service, $"cases?flag={flag}", await service.Token("regulator", province: "11"))).Select(c => Text(c, "caseNumber")).ShouldBe(["missed"]);
        }

        var shown = await Shown(service, hospital, done);
        (Flags(shown), shown["outcomeStatement"]!["aliveOnDay30"]!.GetValue<bool>(), Text(shown["outcomeStatement"]!, "complications"), Text(shown["outcomeStatement"]!, "statedOn"), Text(shown, "outcomeStatementDueOn"))
            .ShouldBe(("", true, "none", "2025-10-02", null));
        (Text(shown["followUps"]![0]!, "remark"), shown["followUps"]![0]!["inTime"]!.GetValue<bool>()).ShouldBe(("seen", true));
        (await Owed(service, "2025-01-01", "2025-10-22")).Select(o => (o.Kind, o.CaseNumber)).ShouldBe([(ObligationKind.FollowUp, "missed"), (ObligationKind.OutcomeStatement, "missed")]);

        // Found dead: the follow-up is taken, and the death is owed.
        (await service.Post($"cases/{missed}/follow-ups", new { on = "2025-10-20", status = "dead" }, hospital)).Expect(HttpStatusCode.Created);
        Flags(await Shown(service, hospital, missed)).ShouldBe("outcomeStatementMissing outcomeContradicted");
        (await service.Post($"cases/{missed}/death", new { occurredOn = "2025-09-20", relation = "related" }, hospital)).Expect(HttpStatusCode.OK);
        Code(await service.Post($"cases/{missed}/outcome-statement", statement, hospital), "/aliveOnDay30").ShouldBe("diedByThen");
        // 32 days after it happened.
        (await service.Post($"cases/{missed}/outcome-statement", new { aliveOnDay30 = false, complications = "none" }, hospital)).Expect(HttpStatusCode.OK);
        Flags(await Shown(service, hospital, missed)).ShouldBe("lateOutcome");
        (await Owed(service, "2025-01-01", "2026-12-31")).Select(o => (o.Kind, o.CaseNumber, o.DueOn)).ShouldBe([(ObligationKind.FollowUp, "done", Day("2025-12-30"))]);
    }

    [Fact]
    public async Task An_import_may_carry_the_statement()
    {
        var (service, _, hospital) = await Start("2025-10-10");
        await using var _s = service;
        JsonObject Alive(string number, string completedOn)
        {
            var report = World.Case("H1", number, Day(completedOn), complication: true);
            report["outcome"]!["aliveOnDay30"] = true;
            return report;
        }

        // Day 30 of 9 September is 9 October, of 10 September the 10th.
        var lines = new[] { Alive("over", "2025-09-09"), Alive("open", "2025-09-10") };
        var answer = (await service.Import("cases/import", lines, hospital)).Expect(HttpStatusCode.OK).Body!;
        (answer["accepted"]!.GetValue<int>(), answer["rejected"]!.GetValue<int>()).ShouldBe((1, 1));
        var error = answer["errors"]!.AsArray().ShouldHaveSingleItem()!;
        (error["line"]!.GetValue<int>(), Text(error, "code"), Text(error, "pointer")).ShouldBe((2, "outcomeStillOpen", "/outcome/aliveOnDay30"));
        (await service.Import("cases/import", lines.Take(1), hospital)).Expect(HttpStatusCode.OK).Body!["unchanged"]!.GetValue<int>().ShouldBe(1);
        var shown = (await Items(service, "cases", hospital)).ShouldHaveSingleItem();
        (Text(shown["outcomeStatement"]!, "complications"), Text(shown["outcomeStatement"]!, "statedOn"), Text(shown, "outcomeStatementDueOn")).ShouldBe(("reported", "2025-10-10", null));

        // Corrected and reported again as first sent: nothing changes; only the other way round is another word.
        var anew = lines[0].DeepClone().AsObject();
        anew.Remove("outcome");
        anew["succeeded"] = true;
        (await service.Send(HttpMethod.Post, $"cases/{Text(shown, "caseId")}/corrections", new JsonObject { ["reason"] = "r", ["report"] = anew }.ToJsonString(), hospital)).Expect(HttpStatusCode.OK);
        (await service.Import("cases/import", lines.Take(1), hospital)).Expect(HttpStatusCode.OK).Body!["unchanged"]!.GetValue<int>().ShouldBe(1);
        Text((await Shown(service, hospital, Text(shown, "caseId")!))["outcomeStatement"]!, "statedOn").ShouldBe("2025-10-10");
    }

    [Fact]
    public async Task An_outcome_reported_late_is_shown_to_the_regulator()
    {
        var (service, world, hospital) = await Start("2025-10-10");
        await using var _s = service;
        // 9 September is 31 days before, 10 September 30.
        foreach (var (number, occurredOn) in new[] { ("late", "2025-09-09"), ("in time", "2025-09-10") })
        {
            var id = await Report(service, hospital, World.Case("H1", number, Day("2025-09-01")));
            (await service.Post($"cases/{id}/complications", new { code = "vasospasm", occurredOn, relation = "related" }, hospital)).Expect(HttpStatusCode.Created);
        }

        (await Items(service, "cases?flag=lateOutcome", await world.Regulator)).Select(c => Text(c, "caseNumber")).ShouldBe(["late"]);
        (await Items(service, "cases?flag=lateOutcome", await service.Token("regulator", province: "31"))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_pseudonym_of_more_cases_than_a_person_has_matches_none()
    {
        var (service, _, hospital) = await Start("2025-09-22");
        await using var _s = service;
        var report = World.Case("H1", "c1", Day("2025-09-01"));
        report["patient"] = new JsonObject { ["pseudonym"] = "unknown" };
        var id = await Report(service, hospital, report);
        await service.Post("outcome-notices", Notice("H1", Day("2025-09-20"), pseudonym: "unknown"), await service.National);

        async Task Others(int count)
        {
            await using var command = service.Get<NpgsqlDataSource>().CreateCommand($"insert into compliance.patients (case_id, hash, pseudonym) select gen_random_uuid(), 'of another hospital', 'unknown' from generate_series(1, {count})");
            await command.ExecuteNonQueryAsync();
        }

        async Task<string> Matched() =>
            $"{string.Join(',', (await Items(service, "outcome-notices", hospital)).Single()["cases"]!.AsArray())} {(await Shown(service, hospital, id))["outcomeNotices"]!.AsArray().Count}";

        // With its own row 200, and 201.
        await Others(199);
        (await Matched()).ShouldBe($"{id} 1");
        await Others(1);
        (await Matched()).ShouldBe(" 0");
    }

    [Fact]
    public async Task What_another_hospital_learns_is_answered_where_it_was_done()
    {
        var (service, world, hospital) = await Start("2025-09-22");
        await using var _s = service;
        await world.Hospital("H2");
        var other = await service.Token("hospital", institution: "H2");
        var regulator = await world.Regulator;
        var report = World.Case("H1", "c1", Day("2025-09-01"));
        report["patient"] = new JsonObject { ["pseudonym"] = "pseudonym-of-c1" };
        var id = await Report(service, hospital, report);

        async Task<string> File(JsonObject notice, string token) => Text((await service.Post("outcome-notices", notice, token)).Expect(HttpStatusCode.Accepted).Body!, "noticeId")!;

        // Whether or not there is such a case, the filer is told the same.
        var (there, notThere) = (
            await service.Post("outcome-notices", Notice("H1", Day("2025-09-20"), pseudonym: "pseudonym-of-c1"), other), await service.Post("outcome-notices", Notice("H1", Day("2025-09-20"), pseudonym: "of nobody"), other));
        static string Told(Answer a) =>
            $"{a.Status} {string.Join(',', a.Body!.AsObject().Select(p => p.Key))} {a.Response.Headers.ETag} {string.Join(',', a.Response.Headers.Select(h => h.Key).Order())}";
        Told(there).ShouldBe(Told(notThere));
        there.Status.ShouldBe(HttpStatusCode.Accepted);
        var (known, unknown) = (Text(there.Body!, "noticeId")!, Text(notThere.Body!, "noticeId")!);
        (await service.Get($"outcome-notices/{known}", other)).Expect(HttpStatusCode.NotFound);
        (await Items(service, "outcome-notices", other)).ShouldBeEmpty();
        (await Items(service, "outcome-notices", await service.Token("regulator", province: "31"))).ShouldBeEmpty();

        // Ten working days after 22 September: 23 to 26, Sunday 28 worked, 29 and 30, then 9 to 11 October.
        var listed = await Items(service, "outcome-notices", hospital);
        listed.Select(n => (Text(n, "noticeId"), Text(n, "answerDueOn"), Text(n, "filer"), Text(n, "patientPseudonym"), string.Join(',', n["cases"]!.AsArray().Select(c => c!.GetValue<string>())))).ShouldBe(
            [(known, "2025-10-11", "H2", "pseudonym-of-c1", id), (unknown, "2025-10-11", "H2", "of nobody", "")], ignoreOrder: true);
        (await Items(service, "outcome-notices", regulator)).Count.ShouldBe(2);
        (await Owed(service, "2025-09-22", "2025-10-11")).Where(o => o.Kind == ObligationKind.NoticeAnswer).Select(o => (o.NoticeId!.Value.ToString("D"), o.CaseId, o.DueOn)).ShouldBe(
            [(known, Guid.Parse(id), Day("2025-10-11")), (unknown, (Guid?)null, Day("2025-10-11"))], ignoreOrder: true);
        (await Shown(service, hospital, id))["outcomeNotices"]!.AsArray().ShouldHaveSingleItem().ShouldSatisfyAllConditions(n => Text(n!, "state").ShouldBe("open"), n => Text(n!, "answerDueOn").ShouldBe("2025-10-11"));

        // Accepting reports the outcome; without a case there is nothing to report it in.
        Code(await service.Post($"outcome-notices/{unknown}/answer", new { accepted = true, reason = "r", relation = "related" }, hospital), "/caseId").ShouldBe("caseNeeded");
        Code(await service.Post($"outcome-notices/{unknown}/answer", new { accepted = true, reason = "r", relation = "related", caseId = Guid.NewGuid() }, hospital), "/caseId").ShouldBe("notThatCase");
        (await service.Send(HttpMethod.Post, $"outcome-notices/{known}/answer", new { accepted = true, reason = "r", relation = "related" }, hospital, headers: ("If-Match", "\"7\""))).Expect(HttpStatusCode.PreconditionFailed);
        (await Shown(service, hospital, id))["death"].ShouldBeNull("what is refused leaves nothing in the case");
        var accepted = (await service.Post($"outcome-notices/{known}/answer", new { accepted = true, reason = "confirmed by the family", relation = "unrelated" }, hospital)).Expect(HttpStatusCode.OK);
        (Text(accepted.Body!, "state"), Text(accepted.Body!, "caseId")).ShouldBe(("accepted", id));
        var shown = await Shown(service, hospital, id);
        (Text(shown["death"]!, "occurredOn"), Text(shown["death"]!, "relation"), Text(shown["outcomeNotices"]![0]!, "state")).ShouldBe(("2025-09-20", "unrelated", "accepted"));
        var head = await service.Get<IEventStore>().Head();
        (await service.Post($"outcome-notices/{known}/answer", new { accepted = true, reason = "again", relation = "related" }, hospital)).Expect(HttpStatusCode.OK);
        (await service.Get<IEventStore>().Head()).ShouldBe(head);
        Text((await service.Post($"outcome-notices/{known}/answer", new { accepted = false, reason = "r" }, hospital)).Expect(HttpStatusCode.Conflict).Body!, "code").ShouldBe("noticeAnswered");

        // Disputed, it stands on the regulator's list until it is decided.
        (await service.Post($"outcome-notices/{unknown}/answer", new { accepted = false, reason = "never treated here" }, hospital)).Expect(HttpStatusCode.OK);
        (await Items(service, "adjudications", regulator)).Select(a => (Text(a, "kind"), Text(a, "noticeId"), Text(a, "reason"))).ShouldBe([("death", null, null), ("notice", unknown, "never treated here")], ignoreOrder: true);
        (await service.Post($"outcome-notices/{unknown}/decide", new { uphold = false, reason = "another hospital's patient" }, regulator)).Expect(HttpStatusCode.OK);
        var decided = (await Items(service, "adjudications?state=decided", regulator)).ShouldHaveSingleItem();
        (Text(decided, "noticeId"), Text(decided, "decision"), Text(decided, "decidedOn"), Text(decided, "decidedBy"), Text(decided["evidence"]!, "name")).ShouldBe((unknown, "dismissed", "2025-09-22", "dev:regulator:11", "discharge letter"));

        // A complication by case number, not answered: overdue from the day after, and then the regulator decides.
        var stroke = await File(Notice("H1", Day("2025-09-21"), caseNumber: "c1", what: "ischaemicStroke"), regulator);
        await service.MoveTo(Day("2025-10-11"));
        (await Items(service, "outcome-notices?state=overdue", regulator)).ShouldBeEmpty();
        Text((await service.Post($"outcome-notices/{stroke}/decide", new { uphold = true, reason = "r" }, regulator)).Expect(HttpStatusCode.Conflict).Body!, "code").ShouldBe("noticeNotDue");
        (await Shown(service, hospital, id))["complications"]!.AsArray().ShouldBeEmpty("nothing is written for a decision that is refused");
        await service.MoveTo(Day("2025-10-12"));
        (await Items(service, "outcome-notices?state=overdue", hospital)).Select(n => (Text(n, "noticeId"), n["overdue"]!.GetValue<bool>())).ShouldBe([(stroke, true)]);
        (await service.Post($"outcome-notices/{stroke}/decide", new { uphold = true, reason = "letter read" }, regulator)).Expect(HttpStatusCode.OK);
        var complication = (await Shown(service, hospital, id))["complications"]!.AsArray().ShouldHaveSingleItem()!;
        (Text(complication, "code"), complication["severe"]!.GetValue<bool>(), Text(complication, "relation")).ShouldBe(("ischaemicStroke", true, "undetermined"));
        (await Items(service, "outcome-notices?state=overdue", hospital)).ShouldBeEmpty();
        (await Items(service, "outcome-notices?state=upheld&limit=1", regulator)).ShouldHaveSingleItem();

        // The log holds no pseudonym.
        await using var command = service.Get<NpgsqlDataSource>().CreateCommand("select count(*) from events.mt_events where data::text like '%pseudonym-of-c1%'");
        ((long)(await command.ExecuteScalarAsync())!).ShouldBe(0);
    }

    private static JsonObject Of(string number, string pseudonym, string completedOn = "2025-09-01", bool died = false)
    {
        var report = World.Case("H1", number, Day(completedOn), died: died);
        report["patient"] = new JsonObject { ["pseudonym"] = pseudonym };
        return report;
    }

    private static async Task<string> Filed(TestService service, JsonObject notice) => Text((await service.Post("outcome-notices", notice, await service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.Accepted).Body!, "noticeId")!;

    [Fact]
    public async Task An_outcome_is_put_into_a_case_that_the_notice_can_be_about_and_no_other()
    {
        var (service, world, hospital) = await Start("2025-09-22");
        await using var _s = service;
        await world.Hospital("H2");
        var regulator = await world.Regulator;
        var c1 = await Report(service, hospital, Of("c1", "patient-x"));
        // Another patient who died long ago; the same one on a day not meant; another who lives.
        var (dead, sameLater, other) = (
            await Report(service, hospital, Of("c9", "patient-y", "2025-03-03", died: true)), await Report(service, hospital, Of("c2", "patient-x", "2025-09-21")), await Report(service, hospital, Of("c3", "patient-z")));
        var byPatient = Notice("H1", Day("2025-09-15"), pseudonym: "patient-x");
        var (named, numbered) = (await Filed(service, byPatient), await Filed(service, Notice("H1", Day("2025-09-15"), caseNumber: "c1")));
        await Items(service, "outcome-notices", hospital);
        var head = await service.Get<IEventStore>().Head();
        foreach (var (notice, caseId) in new[] { (named, dead), (named, sameLater), (named, other), (numbered, dead), (numbered, other) })
            Code(await service.Post($"outcome-notices/{notice}/answer", new { accepted = true, reason = "r", relation = "related", caseId }, hospital), "/caseId").ShouldBe("notThatCase");
        (await service.Get<IEventStore>().Head()).ShouldBe(head, "nothing is written, neither in a case nor of the notice");

        // The regulator may go beyond what matches, but not hide a death behind another.
        (await service.Post($"outcome-notices/{named}/answer", new { accepted = false, reason = "r" }, hospital)).Expect(HttpStatusCode.OK);
        Text((await service.Post($"outcome-notices/{named}/decide", new { uphold = true, reason = "r", caseId = dead }, regulator)).Expect(HttpStatusCode.Conflict).Body!, "code").ShouldBe("deathAlreadyReported");
        (await service.Post($"outcome-notices/{named}/decide", new { uphold = true, reason = "the pseudonym was another's", caseId = other }, regulator)).Expect(HttpStatusCode.OK);
        Text((await Shown(service, hospital, other))["death"]!, "occurredOn").ShouldBe("2025-09-15");

        (await service.Post($"outcome-notices/{numbered}/answer", new { accepted = true, reason = "r", relation = "related", caseId = c1 }, hospital)).Expect(HttpStatusCode.OK);
        Text((await Shown(service, hospital, c1))["death"]!, "occurredOn").ShouldBe("2025-09-15");
    }

    [Fact]
    public async Task A_notice_holds_the_case_it_is_about_until_it_is_dismissed()
    {
        var (service, world, hospital) = await Start("2025-09-22");
        await using var _s = service;
        await world.Hospital("H2");
        var regulator = await world.Regulator;
        var report = Of("c1", "patient-x");
        var id = await Report(service, hospital, report);
        var gone = await Report(service, hospital, Of("c2", "patient-y"));
        (await service.Post($"cases/{gone}/void", new { reason = "entered twice" }, hospital)).Expect(HttpStatusCode.OK);
        var (notice, late) = (await Filed(service, Notice("H1", Day("2025-09-15"), pseudonym: "patient-x")), await Filed(service, Notice("H1", Day("2025-09-15"), caseNumber: "c2")));
        report.Remove("outcome");

        // What was voided before is shown to whoever decides.
        var listed = await Items(service, "outcome-notices", regulator);
        listed.Select(n => (Text(n, "noticeId"), n["cases"]!.AsArray().Count, Text(n, "numberedCase"))).ShouldBe([(notice, 1, null), (late, 0, gone)], ignoreOrder: true);

        async Task<string?> Correct(Action<JsonObject> change, HttpStatusCode expected)
        {
            var changed = report.DeepClone().AsObject();
            change(changed);
            var answer = (await service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "r", ["report"] = changed }.ToJsonString(), hospital)).Expect(expected);
            return Text(answer.Body!, "requestId");
        }

        async Task Refuse(string? request) => (await service.Post($"cases/{id}/requests/{request}/decide", new { agree = false, reason = "there is a notice" }, regulator)).Expect(HttpStatusCode.OK);
        Action<JsonObject>[] escapes =
        [
            r => r["intent"] = "diagnostic",
            r => r["completedAt"] = "2024-09-01T10:00:00+08:00",
            r => (r["technique"], r["procedureCodes"]) = ("comprehensive", new JsonArray("CI-L3-05")),
            r => r["operator"] = "H1-B",
            r => r["patient"] = new JsonObject { ["pseudonym"] = "patient-w" },
        ];
        foreach (var escape in escapes)
            await Refuse(await Correct(escape, HttpStatusCode.Accepted));
        await Correct(r => r["succeeded"] = true, HttpStatusCode.OK);
        report["succeeded"] = true;
        await Refuse(Text((await service.Post($"cases/{id}/void", new { reason = "entered twice" }, hospital)).Expect(HttpStatusCode.Accepted).Body!, "requestId"));

        // Disputed it holds still; dismissed no more.
        (await service.Post($"outcome-notices/{notice}/answer", new { accepted = false, reason = "r" }, hospital)).Expect(HttpStatusCode.OK);
        await Items(service, "outcome-notices", hospital);
        await Refuse(await Correct(escapes[0], HttpStatusCode.Accepted));
        (await service.Post($"outcome-notices/{notice}/decide", new { uphold = false, reason = "another patient" }, regulator)).Expect(HttpStatusCode.OK);
        await Items(service, "outcome-notices", hospital);
        await Correct(escapes[3], HttpStatusCode.OK);
        (await service.Post($"cases/{id}/void", new { reason = "entered twice" }, hospital)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_notice_upheld_without_a_case_is_put_into_the_one_reported_since()
    {
        var (service, world, hospital) = await Start("2025-09-22");
        await using var _s = service;
        await world.Hospital("H2");
        var regulator = await world.Regulator;
        var notice = await Filed(service, Notice("H1", Day("2025-09-15"), pseudonym: "patient-x"));
        (await service.Post($"outcome-notices/{notice}/answer", new { accepted = false, reason = "never here" }, hospital)).Expect(HttpStatusCode.OK);
        async Task<Answer> Uphold() => (await service.Post($"outcome-notices/{notice}/decide", new { uphold = true, reason = "she was" }, regulator)).Expect(HttpStatusCode.OK);
        Text((await Uphold()).Body!, "caseId").ShouldBeNull();
        var head = await service.Get<IEventStore>().Head();
        await Uphold();
        (await service.Get<IEventStore>().Head()).ShouldBe(head, "the same again changes nothing while there is no case");

        var id = await Report(service, hospital, Of("c1", "patient-x", "2025-09-10"));
        Flags(await Shown(service, hospital, id)).ShouldBe("outcomeContradicted");
        (await Items(service, "cases?flag=outcomeContradicted", regulator)).Select(c => Text(c, "caseId")).ShouldBe([id]);
        Text((await Uphold()).Body!, "caseId").ShouldBe(id);
        var shown = await Shown(service, hospital, id);
        (Text(shown["death"]!, "occurredOn"), Text(shown["death"]!, "relation"), Flags(shown)).ShouldBe(("2025-09-15", "undetermined", ""));
        head = await service.Get<IEventStore>().Head();
        await Uphold();
        (await service.Get<IEventStore>().Head()).ShouldBe(head);
    }

    [Fact]
    public async Task A_correction_moves_no_death_by_itself()
    {
        var (service, world, hospital) = await Start("2025-09-22");
        await using var _s = service;
        var report = World.Case("H1", "c1", Day("2025-09-10"), died: true);
        var id = await Report(service, hospital, report);
        report.Remove("outcome");
        await service.MoveTo(Day("2025-09-24"));
        async Task<Answer> Correct(string day)
        {
            report["completedAt"] = $"{day}T10:00:00+08:00";
            return await service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "r", ["report"] = report.DeepClone() }.ToJsonString(), hospital);
        }

        async Task<int> Deaths() => World.Count(await world.Metrics("H1", Day("2025-09-24"), await service.Get<IEventStore>().Head()), "deathCases");
        Code(await Correct("2025-09-23"), "/report/completedAt").ShouldBe("afterReport");
        Code(await Correct("2025-09-12"), "/report/completedAt").ShouldBe("afterOutcome");
        var request = Text((await Correct("2023-09-10")).Expect(HttpStatusCode.Accepted).Body!, "requestId");
        (await Deaths()).ShouldBe(1);
        (await service.Post($"cases/{id}/requests/{request}/decide", new { agree = true, reason = "the file is of 2023" }, await world.Regulator)).Expect(HttpStatusCode.OK);
        (await Deaths()).ShouldBe(0);
    }

    [Fact]
    public async Task A_request_refused_is_no_agreement()
    {
        var (service, world, hospital) = await Start("2025-09-22");
        await using var _s = service;
        var regulator = await world.Regulator;
        var (asked, taken) = (await Report(service, hospital, World.Case("H1", "asked", Day("2025-09-10"), died: true)), await Report(service, hospital, World.Case("H1", "taken back", Day("2025-09-10"), died: true)));
        foreach (var id in new[] { asked, taken })
        {
            var request = Text((await service.Post($"cases/{id}/relation", new { of = "death", relation = "unrelated", reason = "autopsy" }, hospital)).Expect(HttpStatusCode.Accepted).Body!, "requestId");
            (await service.Post($"cases/{id}/requests/{request}/decide", new { agree = false, reason = "no autopsy" }, regulator)).Expect(HttpStatusCode.OK);
        }

        // Whoever declares it anew has said something else since.
        (await service.Post($"cases/{taken}/relation", new { of = "death", relation = "undetermined", reason = "on reflection" }, hospital)).Expect(HttpStatusCode.OK);
        foreach (var id in new[] { asked, taken })
            (await service.Post($"cases/{id}/adjudications", new { of = "death", relation = "related", reason = "file read" }, regulator)).Expect(HttpStatusCode.OK);
        (await Items(service, "adjudications?state=decided", regulator)).Select(a => (Text(a, "caseId"), Text(a, "declared"), Text(a, "decision"))).ShouldBe([(asked, "unrelated", "related"), (taken, "undetermined", "related")], ignoreOrder: true);
        var all = (await service.Get("adjudications/agreement?technique=neurovascular&from=2025-09-22&to=2025-09-22", regulator)).Expect(HttpStatusCode.OK).Body!["all"]!;
        (all["decided"]!.GetValue<int>(), all["agreed"]!.GetValue<int>()).ShouldBe((2, 0));
    }

    [Fact]
    public async Task A_calendar_published_later_extends_what_is_owed()
    {
        var (service, _, hospital) = await Start("2026-12-02");
        await using var _s = service;
        // Day 30 of 1 December is 31 December: by weekends and 1 January alone the ten days end on 15 January. Of 25 December they are 28 to 31 December, 4 to 8 and 11 January.
        var id = await Report(service, hospital, World.Case("H1", "c1", Day("2026-12-01")));
        await service.MoveTo(Day("2026-12-25"));
        (await service.Post("outcome-notices", Notice("H1", Day("2026-12-20"), caseNumber: "c1"), await service.National)).Expect(HttpStatusCode.Accepted);
        async Task<IEnumerable<(ObligationKind, DateOnly, bool)>> Due() => (await Owed(service, "2027-01-10", "2027-01-31")).Where(o => o.Kind != ObligationKind.FollowUp).Select(o => (o.Kind, o.DueOn, o.Provisional));
        (await Due()).ShouldBe([(ObligationKind.NoticeAnswer, Day("2027-01-11"), true), (ObligationKind.OutcomeStatement, Day("2027-01-15"), true)]);

        (await service.Put("calendars/2027", new { notice = "n", rest = new[] { "2027-01-01", "2027-01-04", "2027-01-05" }, makeUp = Array.Empty<string>() }, await service.National)).Expect(HttpStatusCode.Created);
        (await Due()).ShouldBe([(ObligationKind.NoticeAnswer, Day("2027-01-13"), false), (ObligationKind.OutcomeStatement, Day("2027-01-19"), false)]);
        Text(await Shown(service, hospital, id), "outcomeStatementDueOn").ShouldBe("2027-01-19");
        (await service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None)).Where(t => !t.Agrees).Select(t => t.Table).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_declared_is_held_against_what_was_decided()
    {
        var (service, world, _) = await Start("2025-09-22");
        await using var _s = service;
        await world.Hospital("H2");
        var regulator = await world.Regulator;
        var ids = new Dictionary<string, string>();
        foreach (var (number, institution, declared) in new[]
            { ("a", "H1", "related"), ("b", "H1", "related"), ("c", "H1", "unrelated"), ("d", "H1", "unrelated"), ("e", "H1", "unrelated"), ("f", "H2", "unrelated"), ("g", "H2", "undetermined") })
        {
            var report = World.Case(institution, number, Day("2025-09-10"), died: true);
            report["outcome"]!["death"]!["relation"] = declared;
            ids[number] = await Report(service, regulator, report);
        }

        var pending = await Items(service, "adjudications", regulator);
        pending.Select(a => Text(a, "caseId")).ShouldBe([ids["c"], ids["d"], ids["e"], ids["f"]], ignoreOrder: true);
        pending.ShouldAllBe(a => Text(a, "kind") == "death" && Text(a, "of") == "death" && Text(a, "declared") == "unrelated" && a["decision"] == null);
        (await Items(service, "adjudications?institution=H2&technique=neurovascular", regulator)).Select(a => Text(a, "caseId")).ShouldBe([ids["f"]]);
        (await Items(service, "adjudications?technique=comprehensive", regulator)).ShouldBeEmpty();
        (await Items(service, "adjudications", await service.Token("regulator", province: "31"))).ShouldBeEmpty();

        await service.MoveTo(Day("2025-09-24"));
        foreach (var (number, relation) in new[] { ("a", "related"), ("b", "unrelated"), ("c", "unrelated"), ("d", "unrelated"), ("f", "related") })
            (await service.Post($"cases/{ids[number]}/adjudications", new { of = "death", relation, reason = $"file {number} read" }, regulator)).Expect(HttpStatusCode.OK);
        (await Items(service, "adjudications", regulator)).Select(a => Text(a, "caseId")).ShouldBe([ids["e"]]);
        var decided = await Items(service, "adjudications?state=decided", regulator);
        decided.Count.ShouldBe(5);
        var f = decided.Single(a => Text(a, "caseId") == ids["f"]);
        (Text(f, "declared"), Text(f, "decision"), Text(f, "reason"), Text(f, "decidedBy"), Text(f, "decidedOn")).ShouldBe(("unrelated", "related", "file f read", "dev:regulator:11", "2025-09-24"));

        // Page after page, each once.
        var seen = new List<string?>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await service.Get($"adjudications?state=decided&limit=2{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}", regulator)).Expect(HttpStatusCode.OK).Body!;
            seen.AddRange(page["items"]!.AsArray().Select(a => Text(a!, "caseId")));
            cursor = Text(page, "nextCursor");
        }

        seen.ShouldBe(decided.Select(a => Text(a, "caseId")));

        // H1: both related 1, declared related 1, both unrelated 2. Chance 2·1 + 2·3 = 8 of 16: κ = (4·3 − 8) / (16 − 8). H2: 0 of 1, chance none. Together 3 of 5, chance 2·2 + 3·3 = 13 of 25: κ = 2/12.
        async Task<JsonNode> Agreement(string from, string to, string token) =>
            (await service.Get($"adjudications/agreement?technique=neurovascular&from={from}&to={to}", token)).Expect(HttpStatusCode.OK).Body!;
        static (int, int, decimal?, decimal?) Figures(JsonNode a) =>
            (a["decided"]!.GetValue<int>(), a["agreed"]!.GetValue<int>(), a["share"]!["value"]?.GetValue<decimal>(), a["kappa"]?.GetValue<decimal>());
        var agreement = await Agreement("2025-09-24", "2025-09-24", regulator);
        Figures(agreement["all"]!).ShouldBe((5, 3, 0.6m, 0.166667m));
        agreement["institutions"]!.AsArray().Select(i => (Text(i!, "institution"), Figures(i!["agreement"]!))).ShouldBe([("H1", (4, 3, 0.75m, 0.5m)), ("H2", (1, 0, 0m, 0m))]);
        Figures((await Agreement("2025-09-25", "2025-12-31", regulator))["all"]!).ShouldBe((0, 0, null, null));
        Figures((await Agreement("2025-09-24", "2025-09-24", await service.Token("regulator", province: "31")))["all"]!).ShouldBe((0, 0, null, null));

        // A hospital that asked for it had said so: agreeing to the request is agreement.
        var hospital = await service.Token("hospital", institution: "H2");
        var request = Text((await service.Post($"cases/{ids["g"]}/relation", new { of = "death", relation = "unrelated", reason = "autopsy" }, hospital)).Expect(HttpStatusCode.Accepted).Body!, "requestId");
        (await service.Post($"cases/{ids["g"]}/requests/{request}/decide", new { agree = true, reason = "autopsy read" }, regulator)).Expect(HttpStatusCode.OK);
        (await Items(service, "adjudications?state=decided&institution=H2", regulator)).Select(a => (Text(a, "declared"), Text(a, "decision"))).ShouldBe([("unrelated", "related"), ("unrelated", "unrelated")], ignoreOrder: true);
        // A voided case is on no list.
        var voiding = Text((await service.Post($"cases/{ids["e"]}/void", new { reason = "entered twice" }, regulator)).Expect(HttpStatusCode.Accepted).Body!, "requestId");
        (await service.Post($"cases/{ids["e"]}/requests/{voiding}/decide", new { agree = true, reason = "r" }, regulator)).Expect(HttpStatusCode.OK);
        (await Items(service, "adjudications", regulator)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_follow_up_rate_is_frozen_with_the_round()
    {
        var (service, world, hospital) = await Start("2025-03-10");
        await using var _s = service;
        // Of 3 March the first window is 2 to 17 April, of 4 March 3 to 18 April; the second windows end in July. Of the third nobody is told.
        var first = await Report(service, hospital, World.Case("H1", "first", Day("2025-03-03")));
        var second = await Report(service, hospital, World.Case("H1", "second", Day("2025-03-04"), by: "H1-B"));
        await Report(service, hospital, World.Case("H1", "third", Day("2025-03-04"), by: "H1-B"));
        await service.MoveTo(Day("2025-04-17"));
        (await service.Post($"cases/{first}/follow-ups", new { on = "2025-04-17", status = "alive" }, hospital)).Expect(HttpStatusCode.Created);
        // On the last day of the window none of the second's is due yet.
        await service.MoveTo(Day("2025-04-18"));
        async Task<string> Open(string from, string to) =>
            Text((await service.Post("assessment-rounds", new { technique = "neurovascular", province = "11", from, to }, await world.Regulator)).Expect(HttpStatusCode.Created).Body!, "round")!;
        async Task<(int, int)> Rate(string round, string path)
        {
            var rate = (await service.Get($"assessment-rounds/{round}/subjects/{path}?minPosition={await service.Get<IEventStore>().Head()}", await world.Regulator)).Expect(HttpStatusCode.OK).Body!["computed"]!["followUpRate"]!;
            return (rate["numerator"]!.GetValue<int>(), rate["denominator"]!.GetValue<int>());
        }

        var early = await Open("2024-03-06", "2025-03-05");
        (await Rate(early, "institution/H1")).ShouldBe((1, 1));
        await service.MoveTo(Day("2025-04-19"));
        (await service.Post($"cases/{second}/follow-ups", new { on = "2025-04-18", status = "alive" }, hospital)).Expect(HttpStatusCode.Created);
        var later = await Open("2024-03-07", "2025-03-06");
        (await Rate(later, "institution/H1")).ShouldBe((1, 3));
        (await Rate(later, "physician/H1-B")).ShouldBe((0, 2));
        (await Rate(early, "institution/H1")).ShouldBe((1, 1), "what was frozen stays");

        using var response = await service.Http.SendAsync(new(HttpMethod.Get, $"/api/v1/assessment-rounds/{later}/subjects/institution/H1/pack") { Headers = { Authorization = new("Bearer", await world.Regulator) } });
        await using var zip = new ZipArchive(await response.Content.ReadAsStreamAsync());
        var computed = (await JsonNode.ParseAsync(await zip.GetEntry("findings.json")!.OpenAsync()))!["computed"]!;
        (computed["followUpsInTime"]!.GetValue<int>(), computed["followUpsDue"]!.GetValue<int>()).ShouldBe((1, 3));
    }
}
