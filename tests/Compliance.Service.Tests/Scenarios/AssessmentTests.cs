using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Rounds of assessment and what comes of them, lived through the API; days by the State Council's calendar of 2025.</summary>
public sealed class AssessmentTests : IAsyncLifetime
{
    private const string Technique = "neurovascular";

    private static readonly DateOnly Start = new(2025, 1, 2);

    private TestService _service = null!;
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Start);
        _world = new(_service);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private static DateOnly Day(string day) => DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture);

    private async Task Schedule(string firstDueOn, int everyMonths) =>
        (await _service.Put($"assessment-schedules/{Technique}/11", new { firstDueOn, everyMonths }, await _world.Regulator)).Expect(HttpStatusCode.OK);

    private async Task<IReadOnlyList<JsonNode>> Rounds() =>
        [.. (await _service.Get($"assessment-rounds?technique={Technique}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(r => r!)];

    private async Task<string> LastRound() => (await Rounds())[0]["round"]!.GetValue<string>();

    private async Task<Answer> Act(string round, string act, object body) => await _service.Post($"assessment-rounds/{round}/{act}", body, await _world.Regulator);

    private async Task<Answer> On(string subject, string act, object body, string? token = null) => await _service.Post($"qualifications/institution/{subject}/{Technique}/{act}", body, token ?? await _world.Regulator);

    private async Task<JsonNode> Assessed(string round, string subject, string kind = "institution") =>
        (await _service.Get($"assessment-rounds/{round}/subjects/{kind}/{subject}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!;

    private async Task Fail(string round, string subject) =>
        (await Act(round, "scores", new { subject = new { kind = "institution", id = subject }, items = new[] { new { item = await Item(round), passed = false, remark = "records incomplete" } } })).Expect(HttpStatusCode.OK);

    private async Task<string> Item(string round) =>
        (await _service.Get($"assessment-rounds/{round}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()[^1]!["id"]!.GetValue<string>();

    /// <summary>What was recorded of a subject, by type.</summary>
    private async Task<IReadOnlyList<JsonNode>> Recorded(string subject, string type, string kind = "institution") =>
        [.. (await _world.History(subject, kind)).Where(e => e["type"]!.GetValue<string>() == type).Select(e => e["data"]!)];

    private async Task<string?> OnRegister(string subject, string asOf) =>
        (await _service.Get($"public/register?technique={Technique}&kind=institution&asOf={asOf}")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .SingleOrDefault(i => i!["subject"]!["id"]!.GetValue<string>() == subject)?["standing"]!.GetValue<string>();

    /// <summary>An institution whose two physicians do their part: in half a year from now still enough.</summary>
    private async Task Busy(string id, int deaths = 0)
    {
        await _world.Hospital(id);
        await _world.Import(World.Year(id, Start.AddDays(-1), 240, deaths));
    }

    [Fact]
    public async Task A_year_in_a_province()
    {
        await Busy("H1");
        await Busy("H2");
        // One of H3's physicians has twenty cases a year.
        await _world.Hospital("H3");
        await _world.Import(Enumerable.Range(0, 240).Select(n => World.Case("H3", $"c{n}", Start.AddDays(-1 - (int)(1.5 * n)), by: n % 12 == 0 ? "H3-B" : "H3-A")));
        await _world.Enforce(Start);
        await Schedule("2025-01-31", 6);
        var hospital = await _service.Token("hospital", institution: "H1");

        // The tenth working day after 31 January is 17 February (Spring Festival, 8 February made up for): the day is settled on the 18th, and its closing opens the round.
        await _service.MoveTo(Day("2025-02-18"));
        (await Rounds()).ShouldBeEmpty();
        await _service.MoveTo(Day("2025-02-19"));
        var round = (await Rounds()).Single();
        (round["period"]!["from"]!.GetValue<string>(), round["period"]!["to"]!.GetValue<string>(), round["openedOn"]!.GetValue<string>(), round["closesOn"]!.GetValue<string>(), round["scheduled"]!.GetValue<bool>())
            .ShouldBe(("2024-08-01", "2025-01-31", "2025-02-19", "2025-04-20", true));
        var first = await LastRound();
        var third = await Assessed(first, "H3-B", "physician");
        third["wouldBe"]!.GetValue<string>().ShouldBe("failed");
        // The twelve months to 31 January, and cases from 25 January 2024 on: the first of twenty has left.
        third["findings"]!.AsArray().Single(f => f!["clause"]!.GetValue<string>() == "NV-PHYS-30")!["actual"]!.GetValue<decimal>().ShouldBe(19);
        (await Assessed(first, "H2"))["wouldBe"]!.GetValue<string>().ShouldBe("passed");

        // One item fails H1; the round closes by itself.
        await Fail(first, "H1");
        await _service.MoveTo(Day("2025-04-20"));
        (await _world.Standing("H1")).ShouldBe("good");
        await _service.MoveTo(Day("2025-04-21"));
        (await Act(first, "scores", new { subject = new { kind = "institution", id = "H2" }, items = new[] { new { item = await Item(first), passed = false } } })).Expect(HttpStatusCode.Conflict);
        var assessed = (await Recorded("H1", "assessed")).Single();
        (assessed["outcome"]!.GetValue<string>(), assessed["counts"]!.GetValue<bool>(), assessed["failedItems"]![0]!["remark"]!.GetValue<string>()).ShouldBe(("failed", true, "records incomplete"));
        (await Recorded("H2", "assessed")).Single()["outcome"]!.GetValue<string>().ShouldBe("passed");
        var suspended = (await Recorded("H1", "suspended")).Single();
        (suspended["effectiveOn"]!.GetValue<string>(), suspended["rectificationEndsOn"]!.GetValue<string>(), suspended["round"]!.GetValue<string>(), suspended["grounds"]!["version"]!.GetValue<int>())
            .ShouldBe(("2025-04-22", "2025-07-22", first, ShippedRegulations.All.Single(s => s.Regulation.Id == "NV-2012").Regulation.Version));
        // The monitor had suspended the physician after ninety days: the failure is recorded, and suspends nobody twice.
        (await Recorded("H3-B", "suspended", "physician")).Count.ShouldBe(1);
        (await Recorded("H3-B", "assessed", "physician")).Single()["outcome"]!.GetValue<string>().ShouldBe("failed");

        // Rectification: planned, shown, reassessed the day after its last.
        (await On("H1", "rectification-plan", new { plan = "A second reader for every record." }, hospital)).Expect(HttpStatusCode.OK);
        (await On("H1", "rectification-evidence", new { remark = "Done.", evidence = new[] { new { name = "audit.pdf", hash = new string('a', 64), date = "2025-04-21" } } }, hospital)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Day("2025-07-22"));
        (await On("H1", "reassessment", new { passed = true, remark = "mended" })).Expect(HttpStatusCode.Conflict);
        await _service.MoveTo(Day("2025-07-23"));
        var due = (await _service.Get($"due?technique={Technique}", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(d => (d!["what"]!.GetValue<string>(), d["dueOn"]!.GetValue<string>(), d["subject"]?["id"]!.GetValue<string>())).ToList();
        due.ShouldContain(("reassessment", "2025-07-23", "H1"));
        due.ShouldContain(("roundOpening", "2025-07-31", null));
        (await On("H1", "reassessment", new { passed = true, remark = "mended" })).Expect(HttpStatusCode.OK);

        // The next round, of what was seen since: eight days. Failed again, it is the second in a row.
        await _service.MoveTo(Day("2025-08-20"));
        var second = await LastRound();
        second.ShouldNotBe(first);
        (await Assessed(second, "H1"))["observation"]!["from"]!.GetValue<string>().ShouldBe("2025-07-24");
        await Fail(second, "H1");
        (await Act(second, "conclude", new { })).Expect(HttpStatusCode.OK);
        var proposed = await Await("H1", "revocation_proposed");
        (proposed["hearUntil"]!.GetValue<string>(), proposed["round"]!.GetValue<string>()).ShouldBe(("2025-08-27", second));
        (await Recorded("H1", "suspended"))[1]["effectiveOn"]!.GetValue<string>().ShouldBe("2025-08-21");

        // Nobody is revoked unheard.
        (await On("H1", "revoke", new { reason = "twice in a row" })).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("hearingPeriodOpen");
        (await On("H1", "hearing", new { statement = "The second failure concerns records kept before rectification." }, hospital)).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Day("2025-08-29"));
        (await On("H1", "revoke", new { reason = "twice in a row" })).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("hearingOutstanding");
        (await On("H1", "hearing-record", new { heldOn = "2025-08-28", record = "Heard; nothing new." })).Expect(HttpStatusCode.OK);
        (await On("H1", "revoke", new { reason = "twice in a row" })).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Day("2025-09-01"));

        // The register on every date in between, and what was announced.
        foreach (var (day, standing) in new[]
        {
            ("2025-04-21", "good"), ("2025-04-22", "suspended"), ("2025-07-23", "suspended"), ("2025-07-24", "good"), ("2025-08-20", "good"), ("2025-08-21", "suspended"), ("2025-08-29", "suspended"), ("2025-08-30", "revoked"),
        })
        {
            (await OnRegister("H1", day)).ShouldBe(standing, day);
        }

        (await _service.Get($"public/announcements?technique={Technique}&kind=institution")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(a => (a!["what"]!.GetValue<string>(), a["effectiveOn"]!.GetValue<string>()))
            .ShouldBe([("revoked", "2025-08-30"), ("suspended", "2025-08-21"), ("reinstated", "2025-07-24"), ("suspended", "2025-04-22")]);

        // Every sanction and lifting has its notice, in both languages and on paper.
        var notices = (await _service.Get($"qualifications/institution/H1/{Technique}/notices", hospital)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        notices.Select(n => n!["decision"]!.GetValue<string>()).ShouldBe(["assessed", "suspended", "reinstated", "assessed", "suspended", "revocation_proposed", "revoked"]);
        using var page = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/qualifications/institution/H1/{Technique}/notices/{notices[1]!["notice"]!.GetValue<long>()}/print");
        page.Headers.Authorization = new("Bearer", hospital);
        page.Headers.AcceptLanguage.ParseAdd("zh-CN");
        var printed = WebUtility.HtmlDecode(await (await _service.Http.SendAsync(page)).Content.ReadAsStringAsync());
        printed.ShouldContain("暂停技术临床应用资质通知书");
        printed.ShouldContain("整改期至2025年7月22日");

        // An objection to one of them is answered.
        (await On("H1", "objections", new { notice = notices[0]!["notice"]!.GetValue<long>(), reason = "The item was scored of another year." }, hospital)).Expect(HttpStatusCode.OK);
        var objection = (await _service.Get($"qualifications/institution/H1/{Technique}", hospital)).Expect(HttpStatusCode.OK).Body!["objections"]!.AsArray().Single()!;
        objection["answerDueOn"]!.GetValue<string>().ShouldBe("2025-09-15");
        (await On("H1", "objection-answers", new { objectionId = objection["objectionId"]!.GetValue<string>(), accepted = false, answer = "It was of this one." })).Expect(HttpStatusCode.OK);
    }

    private async Task<JsonNode> Await(string subject, string type)
    {
        // Carrying a round out is the monitor's; a judged read waits for it.
        var head = await _service.Get<IEventStore>().Head();
        (await _service.Get($"dashboards/compliance?technique={Technique}&minPosition={head}", await _world.Regulator)).Expect(HttpStatusCode.OK);
        return (await Recorded(subject, type))[^1];
    }

    [Fact]
    public async Task What_is_reported_after_a_round_changes_the_standing_and_not_the_round()
    {
        await Busy("H1");
        await _world.Enforce(Start);
        await _service.MoveTo(Day("2025-02-03"));
        // 2025-01-13 is the tenth working day after 27 December: that day is settled, the next not yet.
        (await Open("2024-01-01", "2025-01-20")).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["pointer"]!.GetValue<string>().ShouldBe("/to");
        var round = (await Open("2024-01-01", "2024-12-31")).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        (await Open("2024-01-01", "2024-12-31")).Expect(HttpStatusCode.OK);
        (await Act(round, "conclude", new { })).Expect(HttpStatusCode.OK);
        (await Act(round, "conclude", new { })).Expect(HttpStatusCode.OK);
        (await Await("H1", "assessed"))["outcome"]!.GetValue<string>().ShouldBe("passed");
        var before = await Assessed(round, "H1");
        before["since"]!.AsArray().ShouldBeEmpty();
        var pack = await Pack(round);

        // Eight deaths of 2024 come to light: 8 of 248 is not below 3 %.
        await _world.Import(Enumerable.Range(0, 8).Select(n => World.Case("H1", $"late{n}", Day("2024-06-03"), died: true)));
        var head = await _service.Get<IEventStore>().Head();
        (await _service.Get($"dashboards/compliance?technique={Technique}&minPosition={head}", await _world.Regulator)).Expect(HttpStatusCode.OK);
        var after = await Assessed(round, "H1");
        JsonNode.DeepEquals(before["findings"], after["findings"]).ShouldBeTrue();
        JsonNode.DeepEquals(before["counts"], after["counts"]).ShouldBeTrue();
        var difference = after["since"]!.AsArray().Single(d => d!["clause"]!.GetValue<string>() == "NV-RATE-MORT")!;
        (difference["frozen"]!["numerator"]!.GetValue<int>(), difference["now"]!["numerator"]!.GetValue<int>(), difference["now"]!["outcome"]!.GetValue<string>()).ShouldBe((0, 8, "breached"));
        after["outcome"]!.GetValue<string>().ShouldBe("passed");
        (await Pack(round)).ShouldBe(pack);
        await _service.MoveTo(Day("2025-02-04"));
        (await _world.Standing("H1")).ShouldBe("suspended");

        // They had been concealed: opened again for this one, frozen anew, concluded anew, and said in public.
        (await Act(round, "reopen", new { subject = new { kind = "institution", id = "H1" }, reason = "Eight deaths were reported a year late." })).Expect(HttpStatusCode.OK);
        (await Assessed(round, "H1"))["wouldBe"]!.GetValue<string>().ShouldBe("failed");
        (await Act(round, "conclude", new { })).Expect(HttpStatusCode.OK);
        var anew = await Await("H1", "assessed");
        (anew["sitting"]!.GetValue<int>(), anew["outcome"]!.GetValue<string>()).ShouldBe((2, "failed"));
        (await Recorded("H1", "suspended")).Count.ShouldBe(1);
        (await _service.Get("public/announcements")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(a => a!["what"]!.GetValue<string>()).ShouldBe(["assessedAnew", "suspended"]);

        // The same pack from rows built anew from the log.
        var reopened = await Pack(round);
        reopened.ShouldNotBe(pack);
        await _service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        (await Pack(round)).ShouldBe(reopened);
    }

    private async Task<Answer> Open(string from, string to) => await _service.Post("assessment-rounds", new { technique = Technique, province = "11", from, to }, await _world.Regulator);

    private async Task<byte[]> Pack(string round)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/assessment-rounds/{round}/subjects/institution/H1/pack");
        request.Headers.Authorization = new("Bearer", await _service.Token("hospital", institution: "H1"));
        using var answer = await _service.Http.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        using var zip = new ZipArchive(new MemoryStream(bytes));
        zip.Entries.Select(e => e.Name).ShouldBe(["cases.csv", "findings.json", "notice.zh-CN.html", "notice.en.html"]);
        return bytes;
    }

    [Fact]
    public async Task A_round_under_observation_sanctions_nobody_and_in_confirm_it_proposes()
    {
        await Busy("H1");
        await Busy("H2");
        await _service.MoveTo(Day("2025-02-03"));
        var round = (await Open("2024-01-01", "2024-12-31")).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        await Fail(round, "H1");
        (await Act(round, "conclude", new { })).Expect(HttpStatusCode.OK);
        var assessed = await Await("H1", "assessed");
        (assessed["outcome"]!.GetValue<string>(), assessed["counts"]!.GetValue<bool>()).ShouldBe(("failed", false));
        (await _world.Standing("H1")).ShouldBe("good");

        await _world.Enforce(Day("2025-02-03"), "confirm");
        var second = (await Open("2024-01-01", "2025-01-10")).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        await Fail(second, "H1");
        (await Act(second, "overrides", new { subject = new { kind = "institution", id = "H2" }, outcome = "failed", reason = "Inspectors were not let in." })).Expect(HttpStatusCode.OK);
        (await Act(second, "conclude", new { })).Expect(HttpStatusCode.OK);
        (await Await("H2", "assessed"))["overriddenBecause"]!.GetValue<string>().ShouldBe("Inspectors were not let in.");
        (await _world.Standing("H1")).ShouldBe("good");
        var proposals = (await _service.Get("proposals", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        proposals.Select(p => (p!["subject"]!["id"]!.GetValue<string>(), p["sanction"]!.GetValue<string>())).ShouldBe([("H1", "suspension"), ("H2", "suspension")]);
        (await _service.Post($"proposals/{proposals[0]!["proposalId"]!.GetValue<string>()}/decide", new { agree = true, reason = "as assessed" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        (await Recorded("H1", "suspended")).Single()["round"]!.GetValue<string>().ShouldBe(second);
        // No closing takes back what a round proposed.
        await _service.MoveTo(Day("2025-02-05"));
        (await _service.Get("proposals", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Count.ShouldBe(1);
    }

    /// <summary>Who was suspended at the opening, or has begun anew since the period, has answered for it.</summary>
    [Fact]
    public async Task Nobody_answers_twice_for_the_same_days()
    {
        foreach (var id in new[] { "H1", "H2", "H3" })
        {
            await _world.Hospital(id);
            await _world.Import(World.Year(id, Start.AddDays(-1), 120, deaths: 5));
        }

        await _service.MoveTo(Day("2025-01-10"));
        (await On("H1", "suspend", new { reason = "inspection" })).Expect(HttpStatusCode.OK);
        (await On("H2", "suspend", new { reason = "inspection" })).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Day("2025-01-15"));
        (await On("H2", "lift", new { reason = "mended" })).Expect(HttpStatusCode.OK);
        await _service.MoveTo(Day("2025-02-03"));
        await _world.Enforce(Day("2025-02-03"));
        var round = (await Open("2024-01-01", "2024-12-31")).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        foreach (var (id, leftOut) in new[] { ("H1", true), ("H2", true), ("H3", false) })
        {
            (await Assessed(round, id))["leftOut"]!.GetValue<bool>().ShouldBe(leftOut, id);
        }

        (await Act(round, "overrides", new { subject = new { kind = "institution", id = "H2" }, outcome = "failed", reason = "once more" })).Expect(HttpStatusCode.BadRequest)
            .Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("notInRound");
        (await Act(round, "conclude", new { })).Expect(HttpStatusCode.OK);
        (await Await("H3", "assessed"))["outcome"]!.GetValue<string>().ShouldBe("failed");
        (await Recorded("H2", "assessed")).ShouldBeEmpty();
        (await Recorded("H3", "suspended")).Single()["round"]!.GetValue<string>().ShouldBe(round);

        // The figures it rests on change: a person decides whether it stands.
        var dead = (await _service.Get($"cases?institution=H3&technique={Technique}&limit=500", await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Where(c => c!["death"] is not null).Select(c => c!["caseId"]!.GetValue<string>()).ToList();
        foreach (var id in dead.Take(3))
        {
            (await _service.Post($"cases/{id}/adjudications", new { of = "death", relation = "unrelated", reason = "reviewed" }, await _world.Regulator)).Expect(HttpStatusCode.OK);
        }

        await _service.MoveTo(Day("2025-02-04"));
        (await Recorded("H3", "grounds_undermined")).Count.ShouldBe(1);
    }

    /// <summary>A physician takes standing, failures and rectification along; the province that suspended is the one that reinstates.</summary>
    [Fact]
    public async Task Moving_to_another_province_lifts_nothing()
    {
        await Busy("H1");
        await _world.Enforce(Start);
        var there = await _service.Token("regulator", province: "31");
        (await _service.Put("institutions/S1", new { name = "Hospital S1", province = "31", level = "tertiaryA" }, there)).Expect(HttpStatusCode.Created);
        await _service.MoveTo(Day("2025-02-03"));
        var round = (await Open("2024-01-01", "2024-12-31")).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        (await Act(round, "overrides", new { subject = new { kind = "physician", id = "H1-A" }, outcome = "failed", reason = "Cases were chosen that should not have been." })).Expect(HttpStatusCode.OK);
        (await _service.Put(
            "physicians/H1-A",
            new
            {
                name = "Doctor H1-A",
                titles = new[] { new { title = "chief", from = "2010-01-01" } },
                licenceScope = "surgery",
                specialty = "neurosurgery",
                registrations = new object[] { new { institution = "H1", from = "2010-01-01", to = "2025-02-02", main = true }, new { institution = "S1", from = "2025-02-03", main = true } },
            },
            await _service.National)).Expect(HttpStatusCode.OK);
        // He belonged to the round's province on the last day of its period.
        (await Act(round, "conclude", new { })).Expect(HttpStatusCode.OK);
        var head = await _service.Get<IEventStore>().Head();
        (await _service.Get($"dashboards/compliance?technique={Technique}&minPosition={head}", await _world.Regulator)).Expect(HttpStatusCode.OK);
        var path = $"qualifications/physician/H1-A/{Technique}";
        (await _service.Get(path, there)).Expect(HttpStatusCode.OK).Body!["suspension"]!["province"]!.GetValue<string>().ShouldBe("11");
        await _service.MoveTo(Day("2025-05-05"));
        (await _service.Post($"{path}/reassessment", new { passed = true, remark = "here too" }, there)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post($"{path}/lift", new { reason = "here too" }, there)).Expect(HttpStatusCode.Forbidden);
        (await _service.Post($"{path}/reassessment", new { passed = true, remark = "mended" }, await _world.Regulator)).Expect(HttpStatusCode.OK).Body!["standing"]!.GetValue<string>().ShouldBe("good");
    }

    /// <summary>Ten days without the service, over a due date, a closing date and the end of a hearing period: the same outcomes with the same grounds, taking effect after the return.</summary>
    [Fact]
    public async Task A_standstill_changes_when_not_what()
    {
        var never = await Decisions(standsStill: false);
        var returned = await Decisions(standsStill: true);
        returned.Select(d => d.What).ShouldBe(never.Select(d => d.What));
        never.ShouldContain(d => d.What.StartsWith("suspended", StringComparison.Ordinal));
        foreach (var (there, here) in returned.Zip(never))
        {
            // Nobody was there to record it before the 25th.
            there.EffectiveOn.ShouldBe(here.EffectiveOn > Start && here.EffectiveOn < Day("2025-02-26") ? Day("2025-02-26") : here.EffectiveOn, there.What);
        }
    }

    private sealed record Decided(string What, DateOnly? EffectiveOn);

    private static async Task<IReadOnlyList<Decided>> Decisions(bool standsStill)
    {
        var database = await TestPostgres.CreateDatabase();
        var service = await TestService.Start(Start, database);
        try
        {
            var world = new World(service);
            // 5 of 150 deaths: suspended by the closing on which the fifth is known and settled. And one that a round fails, on its closing date.
            await world.Hospital("H1");
            await world.Import(World.Year("H1", Start.AddDays(-1), 240));
            await world.Hospital("H2");
            await world.Import(World.Year("H2", Start.AddDays(-1), 240));
            await world.Enforce(Start);
            (await service.Put($"assessment-schedules/{Technique}/11", new { firstDueOn = "2025-01-31", everyMonths = 12 }, await world.Regulator)).Expect(HttpStatusCode.OK);
            await service.MoveTo(Day("2025-02-14"));
            // Due for judgement while nobody is there: done on 8 February, settled after the 21st.
            await world.Import(Enumerable.Range(0, 8).Select(n => World.Case("H1", $"d{n}", Day("2025-02-08"), died: true)));
            var round = (await service.Post("assessment-rounds", new { technique = Technique, province = "11", from = "2024-01-01", to = "2024-12-31", closesOn = "2025-02-20" }, await world.Regulator))
                .Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
            var item = (await service.Get($"assessment-rounds/{round}", await world.Regulator)).Body!["items"]!.AsArray()[0]!["id"]!.GetValue<string>();
            (await service.Post($"assessment-rounds/{round}/scores", new { subject = new { kind = "institution", id = "H2" }, items = new[] { new { item, passed = false } } }, await world.Regulator)).Expect(HttpStatusCode.OK);
            if (standsStill)
            {
                await service.DisposeAsync();
                await using (var connection = new NpgsqlConnection(database))
                {
                    await connection.OpenAsync();
                    await using var command = new NpgsqlCommand("update compliance.clock set ahead_by = ahead_by + interval '11 days'", connection);
                    (await command.ExecuteNonQueryAsync()).ShouldBe(1);
                }

                service = await TestService.Start(connectionString: database);
                world = new(service);
            }

            await service.MoveTo(Day("2025-02-28"));
            var decided = new List<Decided>();
            foreach (var (kind, subject) in new[] { ("institution", "H1"), ("institution", "H2") })
            {
                foreach (var e in await world.History(subject, kind))
                {
                    var data = e["data"]!;
                    var effectiveOn = data["effectiveOn"] is { } on ? Day(on.GetValue<string>()) : (DateOnly?)null;
                    // Everything but when it was recorded.
                    foreach (var moved in new[] { "effectiveOn", "rectificationEndsOn" })
                    {
                        data.AsObject().Remove(moved);
                    }

                    decided.Add(new($"{e["type"]} {subject} {data.ToJsonString()}", effectiveOn));
                }
            }

            return decided;
        }
        finally
        {
            await service.DisposeAsync();
        }
    }
}
