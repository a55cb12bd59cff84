using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Qualifications, proposals, dashboards and the public register over HTTP, in one small province.</summary>
public sealed class QualificationTests
{
    private static readonly DateOnly Start = new(2025, 9, 1);

    private static string? Text(JsonNode? node, string name) => node![name]?.GetValue<string>();

    private static IReadOnlyList<JsonNode> Items(Answer answer) => [.. answer.Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(i => i!)];

    private static async Task<string> Shown(World world, string path)
    {
        var head = await world.Service.Get<IEventStore>().Head();
        return $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}minPosition={head}";
    }

    [Fact]
    public async Task A_suspension_from_the_regulators_hand_to_revocation_and_a_new_grant()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        var (regulator, hospital) = (await world.Regulator, await service.Token("hospital", institution: "H1"));
        var elsewhere = await service.Token("regulator", province: "31");
        const string path = "qualifications/institution/H1/neurovascular";

        (await service.Post($"{path}/lift", new { reason = "none" }, regulator)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("notSuspended");
        (await service.Post($"{path}/suspend", new { reason = "inspection" }, elsewhere)).Expect(HttpStatusCode.Forbidden);
        (await service.Post($"{path}/suspend", new { reason = "inspection" }, hospital)).Expect(HttpStatusCode.Forbidden);
        var suspended = (await service.Post($"{path}/suspend", new { reason = "inspection" }, regulator)).Expect(HttpStatusCode.OK);
        Text(suspended.Body, "standing").ShouldBe("suspended");
        Text(suspended.Body, "effectiveOn").ShouldBe("2025-09-02");
        Text(suspended.Body!["suspension"], "rectificationEndsOn").ShouldBe("2025-12-02");
        Text(suspended.Body!["suspension"], "reassessmentFrom").ShouldBe("2025-12-03");
        suspended.Response.Headers.ETag!.Tag.ShouldBe("\"2\"");
        (await service.Send(HttpMethod.Post, $"{path}/lift", new { reason = "x" }, regulator, headers: ("If-Match", "\"1\""))).Expect(HttpStatusCode.PreconditionFailed);

        (await service.Post($"{path}/review", new { uphold = true, reason = "x" }, regulator)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("nothingToReview");
        (await service.Post($"{path}/review", new { reason = "not so" }, hospital)).Expect(HttpStatusCode.OK).Body!["suspension"]!["reviewPending"]!.GetValue<bool>().ShouldBeTrue();
        (await service.Post($"{path}/review", new { uphold = false, reason = "x" }, regulator)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["pointer"]!.GetValue<string>().ShouldBe("/uphold");
        (await service.Post($"{path}/review", new { uphold = true, reason = "so" }, regulator)).Expect(HttpStatusCode.OK);
        (await service.Post($"{path}/rectification-plan", new { plan = "hire" }, hospital)).Expect(HttpStatusCode.OK);
        (await service.Post($"{path}/reassessment", new { passed = true, remark = "x" }, regulator)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("rectificationNotEnded");

        // Others see where it stands, and not why.
        var stranger = (await service.Get(path, await service.Token("physician", physician: "P9"))).Expect(HttpStatusCode.OK).Body!;
        Text(stranger, "standing").ShouldBe("suspended");
        stranger["proposals"].ShouldBeNull();
        stranger["suspension"]!["rectificationPlan"].ShouldBeNull();
        Text((await service.Get(path, hospital)).Expect(HttpStatusCode.OK).Body!["suspension"], "rectificationPlan").ShouldBe("hire");
        (await service.Get($"{path}/history", elsewhere)).Expect(HttpStatusCode.Forbidden);
        (await service.Get($"{path}/history", await service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.Forbidden);

        await service.MoveTo(new DateOnly(2025, 12, 3));
        var failed = (await service.Post($"{path}/reassessment", new { passed = false, remark = "nothing done" }, regulator)).Expect(HttpStatusCode.OK);
        Text(failed.Body!["proposals"]![0], "sanction").ShouldBe("revocation");
        var proposals = Items(await service.Get(await Shown(world, "proposals?technique=neurovascular"), regulator));
        Text(proposals.ShouldHaveSingleItem()["subject"], "name").ShouldBe("Hospital H1");
        Items(await service.Get("proposals", elsewhere)).ShouldBeEmpty();
        (await service.Get("proposals?province=11", elsewhere)).Expect(HttpStatusCode.Forbidden);
        var id = Text(proposals[0], "proposalId");
        (await service.Post($"proposals/{id}/decide", new { agree = true, reason = "x" }, elsewhere)).Expect(HttpStatusCode.Forbidden);
        (await service.Post($"proposals/{id}/decide", new { agree = true, reason = "x" }, regulator)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("hearingPeriodOpen");
        await service.MoveTo(new DateOnly(2025, 12, 11));
        (await service.Post($"proposals/{Guid.Empty}/decide", new { agree = true, reason = "x" }, regulator)).Expect(HttpStatusCode.NotFound);
        Text((await service.Post($"proposals/{id}/decide", new { agree = true, reason = "final" }, regulator)).Expect(HttpStatusCode.OK).Body, "standing").ShouldBe("revoked");

        (await service.Post($"{path}/grant", new { reference = "new", effectiveOn = "2025-12-11" }, regulator)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("grantBeforeEnd");
        (await service.Post($"{path}/grant", new { reference = "new" }, regulator)).Expect(HttpStatusCode.Created);
        (await service.Post($"{path}/grant", new { reference = "new" }, regulator)).Expect(HttpStatusCode.OK);
        (await service.Post($"{path}/grant", new { reference = "other" }, regulator)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("alreadyGranted");

        var history = await world.History("H1");
        history.Select(e => Text(e, "type")).ShouldBe(
            ["qualification_granted", "suspended", "review_requested", "suspension_upheld", "rectification_plan_filed", "reassessed", "revocation_proposed", "proposal_decided", "revoked", "qualification_granted"]);
        Text(history[1]["by"], "role").ShouldBe("regulator");
        Text(history[1]["data"], "reason").ShouldBe("inspection");
        history[1]["data"]!.AsObject().ContainsKey("qualification").ShouldBeFalse();
        var first = (await service.Get($"{path}/history?limit=4", regulator)).Expect(HttpStatusCode.OK).Body!;
        Text(Items(await service.Get($"{path}/history?limit=4&cursor={Text(first, "nextCursor")}", regulator))[0], "type").ShouldBe("rectification_plan_filed");
    }

    [Fact]
    public async Task A_hearing_and_an_objection_have_their_time_and_are_counted_once()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Hospital("H2");
        var regulator = await world.Regulator;
        async Task<Answer> Act(string subject, string act, object body, bool byHolder = false) =>
            await service.Post($"qualifications/institution/{subject}/neurovascular/{act}", body, byHolder ? await service.Token("hospital", institution: subject) : regulator);
        async Task Refused(string code, string subject, string act, object body, bool byHolder = false) => (await Act(subject, act, body, byHolder)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe(code);
        async Task<string> Twice(string subject, string act, object body, bool byHolder)
        {
            var first = (await Act(subject, act, body, byHolder)).Expect(HttpStatusCode.OK).Response.Headers.ETag!.Tag;
            (await Act(subject, act, body, byHolder)).Expect(HttpStatusCode.OK).Response.Headers.ETag!.Tag.ShouldBe(first, "the same again changes nothing");
            return first;
        }

        foreach (var subject in new[] { "H1", "H2" })
        {
            (await Act(subject, "suspend", new { reason = "inspection" })).Expect(HttpStatusCode.OK);
        }

        await Refused("askForReview", "H1", "objections", new { notice = 2, reason = "not so" }, byHolder: true);
        object evidence = new { remark = "done", evidence = new[] { new { name = "plan", hash = new string('0', 64), date = "2025-09-01" } } };
        (await Twice("H1", "rectification-evidence", evidence, byHolder: true)).ShouldBe("\"3\"");

        await service.MoveTo(new DateOnly(2025, 12, 3));
        foreach (var subject in new[] { "H1", "H2" })
        {
            var failed = (await Act(subject, "reassessment", new { passed = false, remark = "nothing done" })).Expect(HttpStatusCode.OK);
            Text(failed.Body!["proposals"]![0], "hearUntil").ShouldBe("2025-12-10");
        }

        await Refused("noHearingRequested", "H1", "hearing-record", new { heldOn = "2025-12-03", record = "r" });
        await Refused("hearingPeriodOpen", "H1", "revoke", new { reason = "final" });

        // The last day to ask.
        await service.MoveTo(new DateOnly(2025, 12, 10));
        await Refused("hearingPeriodOpen", "H2", "revoke", new { reason = "final" });
        await Twice("H1", "hearing", new { statement = "we did" }, byHolder: true);
        foreach (var day in new[] { "2025-12-09", "2025-12-11" })
        {
            var error = (await Act("H1", "hearing-record", new { heldOn = day, record = "r" })).Expect(HttpStatusCode.BadRequest).Body!["errors"]!.AsArray().ShouldHaveSingleItem()!;
            (Text(error, "pointer"), Text(error, "code")).ShouldBe(("/heldOn", "hearingDay"));
        }

        await service.MoveTo(new DateOnly(2025, 12, 11));
        await Refused("hearingPeriodOver", "H2", "hearing", new { statement = "too late" }, byHolder: true);
        (await Act("H2", "revoke", new { reason = "final" })).Expect(HttpStatusCode.OK);
        await Refused("hearingOutstanding", "H1", "revoke", new { reason = "final" });
        await Twice("H1", "hearing-record", new { heldOn = "2025-12-11", record = "heard" }, byHolder: false);
        (await Act("H1", "revoke", new { reason = "final" })).Expect(HttpStatusCode.OK);

        // What ends a suspension, and what ended it, is objected to like any other decision.
        var notices = Items(await service.Get("qualifications/institution/H1/neurovascular/notices", regulator));
        notices.Select(n => Text(n, "decision")).ShouldBe(["suspended", "revocation_proposed", "revoked"]);
        var notice = notices[2]["notice"]!.GetValue<long>();
        await Twice("H1", "objections", new { notice, reason = "not so" }, byHolder: true);
        await Refused("alreadyObjected", "H1", "objections", new { notice, reason = "not at all" }, byHolder: true);
        var objection = (await service.Get("qualifications/institution/H1/neurovascular", regulator)).Expect(HttpStatusCode.OK).Body!["objections"]!.AsArray().ShouldHaveSingleItem()!;
        // Ten working days from Thursday 11 December.
        Text(objection, "answerDueOn").ShouldBe("2025-12-25");
        var objectionId = Text(objection, "objectionId");
        await Twice("H1", "objection-answers", new { objectionId, accepted = false, answer = "it was" }, byHolder: false);
        await Refused("objectionAnswered", "H1", "objection-answers", new { objectionId, accepted = true, answer = "it was not" });
        (await Act("H2", "objection-answers", new { objectionId, accepted = true, answer = "of another" })).Expect(HttpStatusCode.NotFound).Body!["code"]!.GetValue<string>().ShouldBe("noSuchObjection");
    }

    [Fact]
    public async Task Grants_need_a_subject_and_never_reach_back()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1", qualified: false);
        var regulator = await world.Regulator;
        (await service.Post("qualifications/physician/P9/neurovascular/grant", new { reference = "x" }, regulator)).Expect(HttpStatusCode.NotFound);
        (await service.Post("qualifications/nobody/H1/neurovascular/grant", new { reference = "x" }, regulator)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["pointer"]!.GetValue<string>().ShouldBe("path:kind");
        (await service.Post("qualifications/institution/H1/cardiac/grant", new { reference = "x" }, regulator)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("unknownTechnique");
        var early = (await service.Post("qualifications/institution/H1/neurovascular/grant", new { reference = "x", effectiveOn = "2025-09-01" }, regulator)).Expect(HttpStatusCode.BadRequest);
        Text(early.Body!["errors"]![0], "code").ShouldBe("effectiveTooEarly");
        (await service.Get("qualifications/institution/H1/neurovascular", regulator)).Expect(HttpStatusCode.NotFound);
        Text((await service.Post("qualifications/physician/H1-A/neurovascular/grant", new { reference = "x" }, regulator)).Expect(HttpStatusCode.Created).Body!["grants"]![0], "effectiveOn").ShouldBe("2025-09-02");
    }

    [Fact]
    public async Task An_import_names_its_bad_lines_and_sent_again_changes_nothing()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1", qualified: false);
        (await service.Put("institutions/H31", new { name = "Elsewhere", province = "31", level = "tertiaryA" }, await service.National)).Expect(HttpStatusCode.Created);
        object Line(string kind, string subject, string technique = "neurovascular", string grantedOn = "2020-01-01") => new { kind, subject, technique, grantedOn, reference = "list of 2020" };
        object[] lines = [Line("institution", "H1"), Line("physician", "H1-A"), Line("physician", "nobody"), Line("institution", "H31"), Line("institution", "H1", "cardiac"), Line("institution", "H1", grantedOn: "2025-09-02"), Line("institution", "H1")];
        var answer = (await service.Import("qualifications/import", lines, await world.Regulator)).Expect(HttpStatusCode.OK).Body!;
        (answer["accepted"]!.GetValue<int>(), answer["unchanged"]!.GetValue<int>(), answer["rejected"]!.GetValue<int>()).ShouldBe((2, 1, 4));
        answer["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["pointer"]} {e["code"]}").ShouldBe(["3 /subject unknownSubject", "4 /subject forbidden", "5 /technique unknownTechnique", "6 /grantedOn futureDay"]);
        var again = (await service.Import("qualifications/import", lines, await world.Regulator)).Expect(HttpStatusCode.OK).Body!;
        (again["accepted"]!.GetValue<int>(), again["unchanged"]!.GetValue<int>()).ShouldBe((0, 3));
        var cut = (await service.Send(HttpMethod.Post, "qualifications/import", "{\"kind\":\"institution\",\"subj", await world.Regulator, "application/x-ndjson")).Expect(HttpStatusCode.OK).Body!;
        Text(cut["errors"]![0], "code").ShouldBe("cutOff");
        (await service.Send(HttpMethod.Post, "qualifications/import", "", await world.Regulator, "application/x-ndjson")).Expect(HttpStatusCode.BadRequest);
        (await service.Send(HttpMethod.Post, "qualifications/import", "{}", await world.Regulator)).Expect(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task Confirming_proposes_and_the_dashboards_and_the_register_show_who_stands_how()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        foreach (var hospital in new[] { "H1", "H2", "H3" })
        {
            await world.Hospital(hospital);
        }

        await world.Enforce(Start, "confirm");
        await world.Import([.. World.Year("H1", Start.AddDays(-30), 120, deaths: 6), .. World.Year("H2", Start.AddDays(-30), 120), .. World.Year("H3", Start.AddDays(-30), 40)]);
        await service.MoveTo(Start.AddDays(1));
        var regulator = await world.Regulator;

        var proposals = Items(await service.Get(await Shown(world, "proposals"), regulator));
        var proposal = proposals.Single(p => Text(p["subject"], "id") == "H1");
        (Text(proposal, "sanction"), proposal["held"]!.GetValue<bool>(), Text(proposal, "judgedOn")).ShouldBe(("suspension", false, "2025-09-01"));
        proposal["grounds"]!["findings"]!.AsArray().Select(f => Text(f, "clause")).ShouldContain("NV-RATE-MORT");
        var paged = (await service.Get("proposals?limit=1", regulator)).Expect(HttpStatusCode.OK).Body!;
        Items(await service.Get($"proposals?cursor={Text(paged, "nextCursor")}", regulator)).Count.ShouldBe(proposals.Count - 1);
        var decided = (await service.Post($"proposals/{Text(proposal, "proposalId")}/decide", new { agree = true, reason = "seen" }, regulator)).Expect(HttpStatusCode.OK);
        Text(await world.Compliance("H1", minPosition: decided.Position), "standing").ShouldBe("suspended");

        foreach (var (sort, first) in new[] { ("subject", "H1"), ("overall", "H1"), ("deaths", "H1"), ("cases", "H1") })
        {
            var all = new List<string>();
            string? cursor = null;
            do
            {
                var page = (await service.Get(await Shown(world, $"dashboards/compliance?technique=neurovascular&sort={sort}&limit=4{(cursor is null ? "" : $"&cursor={cursor}")}"), regulator)).Expect(HttpStatusCode.OK);
                all.AddRange(Items(page).Select(i => Text(i["subject"], "id")!));
                cursor = Text(page.Body, "nextCursor");
            }
            while (cursor is not null);
            all.Count.ShouldBe(9, sort);
            all.Distinct().Count().ShouldBe(9, sort);
            all[0].ShouldStartWith(first, customMessage: sort);
        }

        var h1 = Items(await service.Get("dashboards/compliance?kind=institution&standing=suspended", regulator)).ShouldHaveSingleItem();
        (Text(h1["subject"], "name"), Text(h1, "qualification"), Text(h1, "overall"), h1["counts"]!["deaths"]!.GetValue<int>()).ShouldBe(("Hospital H1", "valid", "breached", 6));
        (await service.Get("dashboards/compliance?province=31", regulator)).Expect(HttpStatusCode.Forbidden);
        (await service.Get("dashboards/compliance", await service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Forbidden);
        (await service.Get($"dashboards/compliance?sort=deaths&cursor={Text((await service.Get("dashboards/compliance?sort=cases&limit=1", regulator)).Body, "nextCursor")}", regulator)).Expect(HttpStatusCode.BadRequest);

        var rows = Items(await service.Get("dashboards/compliance?kind=institution", regulator));
        var province = Items(await service.Get("dashboards/provinces?technique=neurovascular", regulator)).ShouldHaveSingleItem();
        (Text(province, "province"), province["cases"]!.GetValue<int>(), province["institutions"]!["total"]!.GetValue<int>(), province["institutions"]!["byStanding"]!["suspended"]!.GetValue<int>(), province["physicians"]!["total"]!.GetValue<int>())
            .ShouldBe(("11", rows.Sum(r => r["counts"]!["cases"]!.GetValue<int>()), 3, 1, 6));
        province["rates"]!["mortality"]!["numerator"]!.GetValue<int>().ShouldBe(6);

        var register = (await service.Get("public/register?technique=neurovascular")).Expect(HttpStatusCode.OK);
        register.Response.Headers.CacheControl!.Public.ShouldBeTrue();
        Items(register).Count.ShouldBe(9);
        var physician = Items(await service.Get("public/register?kind=physician&limit=1")).ShouldHaveSingleItem();
        physician["subject"]!["id"].ShouldBeNull();
        Text(physician["institution"], "name").ShouldBe("Hospital H1");
        var names = new List<string>();
        string? next = null;
        do
        {
            var page = await service.Get($"public/register?limit=2{(next is null ? "" : $"&cursor={next}")}");
            names.AddRange(Items(page).Select(i => Text(i["subject"], "name")!));
            next = Text(page.Body, "nextCursor");
        }
        while (next is not null);
        names.Count.ShouldBe(9);
        names.ShouldBeUnique();

        var series = (await service.Get("institutions/H1/metrics/series?technique=neurovascular&from=2025-06-15&to=2025-08-15&step=month", regulator)).Expect(HttpStatusCode.OK);
        Items(series).Select(i => Text(i, "asOf")).ShouldBe(["2025-06-30", "2025-07-31", "2025-08-15"]);
        Items(await service.Get("physicians/H1-A/metrics/series?technique=neurovascular&from=2025-08-01&to=2025-08-15", regulator)).Count.ShouldBe(15);
        (await service.Get("institutions/H1/metrics/series?technique=neurovascular&from=2023-06-15&to=2025-08-15", regulator)).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("tooManyPoints");
        (await service.Get("institutions/H9/metrics?technique=neurovascular", regulator)).Expect(HttpStatusCode.NotFound);
        (await service.Get("institutions/H1/compliance?technique=cardiac", regulator)).Expect(HttpStatusCode.BadRequest);
        (await service.Get("physicians/H1-A/metrics?technique=neurovascular", await service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Forbidden);
        (await service.Get("institutions/H2/metrics?technique=neurovascular", await service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Forbidden);
    }
}
