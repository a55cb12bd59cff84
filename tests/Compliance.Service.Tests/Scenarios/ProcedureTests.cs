using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;
using Case = Compliance.Cases.Case;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>
/// Procedures announced, reports owed and overdue. Worked by hand from the calendar of 2025: after Monday 22 September the working days are 23 to 26, Sunday the 28th, 29 and 30, and, when
/// 1 to 8 October have rested, 9, 10 and Saturday 11 October, which is the tenth.
/// </summary>
public sealed class ProcedureTests
{
    private static readonly DateOnly Monday = new(2025, 9, 22);
    private static readonly DateOnly Deadline = new(2025, 10, 11);

    private static async Task<(TestService Service, World World, string Own)> Start(DateOnly day)
    {
        var service = await TestService.Start(day);
        var world = new World(service);
        await world.Hospital("H1");
        return (service, world, await service.Token("hospital", institution: "H1"));
    }

    private static object Announcement(string number, DateOnly completedOn, string? by = "H1-A", string intent = "therapeutic") =>
        new { institution = "H1", caseNumber = number, technique = "neurovascular", intent, completedAt = $"{World.Text(completedOn)}T10:00:00+08:00", @operator = by };

    private static async Task<Answer> Announce(TestService service, string own, string number, DateOnly completedOn, string? by = "H1-A", HttpStatusCode expected = HttpStatusCode.Created) =>
        (await service.Post("procedures", Announcement(number, completedOn, by), own)).Expect(expected);

    private static string Id(Answer answer) => answer.Body!["caseId"]!.GetValue<string>();

    private static async Task<Answer> Report(TestService service, string own, string number, DateOnly completedOn, string? by = null) =>
        (await service.Send(HttpMethod.Post, "cases", World.Case("H1", number, completedOn, by).ToJsonString(), own)).Expect(HttpStatusCode.Created);

    private static async Task<JsonNode> Obligations(TestService service, string token, string query = "", string of = "institutions/H1") =>
        (await service.Get($"{of}/obligations?minPosition={await service.Get<IEventStore>().Head()}{query}", token)).Expect(HttpStatusCode.OK).Body!;

    private static IEnumerable<string> States(JsonNode page) => page["items"]!.AsArray().Select(i => $"{i!["caseNumber"]} {i["dueOn"]} {i["state"]}");

    private static string Counts(JsonNode page) => string.Join(' ', new[] { "overdue", "dueToday", "dueSoon", "dueLater" }.Select(c => page["counts"]![c]));

    private static async Task<IReadOnlyList<Procedure.Event.ReportFellOverdue>> FellOverdue(TestService service, string id) =>
        [.. (await service.Get<IEventStore>().ReadStream(Procedure.Stream(Guid.Parse(id)))).Select(e => e.Data).OfType<Procedure.Event.ReportFellOverdue>()];

    private static async Task<int> Overdue(World world, DateOnly asOf, string subject = "H1", string kind = "institutions") =>
        World.Count(await world.Metrics(subject, asOf, await world.Service.Get<IEventStore>().Head(), kind: kind), "overdueReports");

    [Fact]
    public async Task From_the_announcement_to_the_report_that_came_too_late()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var answer = await Announce(service, own, "a", Monday);
        var id = Id(answer);
        (answer.Body!["deadline"]!.GetValue<string>(), answer.Body["provisionalDeadline"]!.GetValue<bool>(), answer.Body["status"]!.GetValue<string>()).ShouldBe(("2025-10-11", false, "announced"));
        id.ShouldBe(Case.IdOf("H1", "a").ToString("D"));
        // Of the three days before the deadline's third working day to the day after it.
        foreach (var (day, state, counts) in new[]
        {
            (new DateOnly(2025, 9, 29), "dueLater", "0 0 0 1"), (new(2025, 9, 30), "dueSoon", "0 0 1 0"), (new(2025, 10, 10), "dueSoon", "0 0 1 0"), (Deadline, "dueToday", "0 1 0 0"),
        })
        {
            await service.MoveTo(day);
            var page = await Obligations(service, own);
            States(page).ShouldBe([$"a 2025-10-11 {state}"]);
            Counts(page).ShouldBe(counts);
            (await Overdue(world, day)).ShouldBe(0);
        }

        // Sunday the 12th: the day of the deadline is closed, and nothing is overdue at its end.
        await service.MoveTo(Deadline.AddDays(1));
        States(await Obligations(service, own)).ShouldBe(["a 2025-10-11 overdue"]);
        (await FellOverdue(service, id)).ShouldBeEmpty();
        (await Overdue(world, Deadline)).ShouldBe(0);
        (await Overdue(world, Deadline.AddDays(1))).ShouldBe(1);

        await service.MoveTo(Deadline.AddDays(2));
        var fell = (await FellOverdue(service, id)).ShouldHaveSingleItem();
        (fell.Deadline, fell.Day, fell.By).ShouldBe((Deadline, Deadline.AddDays(1), Actor.Monitor));
        await service.MoveTo(Deadline.AddDays(5));
        (await FellOverdue(service, id)).Count.ShouldBe(1, "it falls once");
        (await Overdue(world, Deadline.AddDays(5), "H1-A", "physicians")).ShouldBe(1);

        var reported = await Report(service, own, "a", Monday, by: "H1-B");
        reported.Body!["timeliness"]!.GetValue<string>().ShouldBe("late");
        (await Obligations(service, own, "&kind=report"))["items"]!.AsArray().ShouldBeEmpty();
        (await Overdue(world, Deadline.AddDays(5))).ShouldBe(0);
        (await Overdue(world, Deadline.AddDays(4))).ShouldBe(1, "as of that day it had not come; and it counts once");
        (await Overdue(world, Deadline.AddDays(4), "H1-A", "physicians")).ShouldBe(0, "the report says who operated");
        (await Overdue(world, Deadline.AddDays(4), "H1-B", "physicians")).ShouldBe(1);
        (await FellOverdue(service, id)).Count.ShouldBe(1, "what was overdue was overdue");
        (await service.Get($"cases/{id}", own)).Expect(HttpStatusCode.OK).Body!["lateness"]!.ToJsonString()
            .ShouldBe("""[{"cause":"late","on":"2025-10-16","deadline":"2025-10-11","recomputedDeadline":null}]""");
        (await Announce(service, own, "a", Monday, expected: HttpStatusCode.OK)).Body!["status"]!.GetValue<string>().ShouldBe("reported");
    }

    [Fact]
    public async Task What_was_reported_in_time_never_falls_overdue()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var id = Id(await Announce(service, own, "a", Monday));
        var before = Id(await Report(service, own, "b", Monday));
        // Announced after it was reported, and announced otherwise: the case stands, nothing is owed.
        var answer = await Announce(service, own, "b", Monday.AddDays(-1), by: null, expected: HttpStatusCode.OK);
        (Id(answer), answer.Body!["status"]!.GetValue<string>(), answer.Body["deadline"]!.GetValue<string>()).ShouldBe((before, "reported", "2025-10-11"));
        answer.Position.ShouldBeGreaterThan(0);
        (await service.Get<IEventStore>().ReadStream(Procedure.Stream(Guid.Parse(before)))).ShouldBeEmpty();
        await service.MoveTo(Deadline);
        await Report(service, own, "a", Monday);
        await service.MoveTo(Deadline.AddDays(3));
        (await FellOverdue(service, id)).ShouldBeEmpty();
        (await Overdue(world, Deadline.AddDays(3))).ShouldBe(0);
        var shown = (await service.Get($"cases/{id}", own)).Expect(HttpStatusCode.OK).Body!;
        (shown["timeliness"]!.GetValue<string>(), shown["lateness"]!.ToJsonString()).ShouldBe(("onTime", "[]"));
        // A voided case takes nothing any more, and so no announcement.
        (await service.Post($"cases/{before}/void", new { reason = "another patient" }, own)).Expect(HttpStatusCode.OK);
        (await Announce(service, own, "b", Monday, expected: HttpStatusCode.Conflict)).Body!["code"]!.GetValue<string>().ShouldBe("caseVoided");
    }

    [Fact]
    public async Task A_standstill_changes_when_and_not_what()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var id = Id(await Announce(service, own, "a", Monday));
        var later = Id(await Announce(service, own, "b", Monday.AddDays(-3)));
        // Nine days at once, the deadline among them.
        await service.MoveTo(new DateOnly(2025, 9, 30));
        await service.MoveTo(Deadline.AddDays(9));
        var fell = (await FellOverdue(service, id)).ShouldHaveSingleItem();
        (fell.Deadline, fell.Day).ShouldBe((Deadline, Deadline.AddDays(1)));
        // Friday the 19th: 22 to 26, 28 to 30 September are eight, 9 and 10 October the ninth and the tenth.
        (await FellOverdue(service, later)).ShouldHaveSingleItem().Deadline.ShouldBe(Deadline.AddDays(-1));
        (await Overdue(world, Deadline.AddDays(9))).ShouldBe(2);
    }

    [Fact]
    public async Task What_is_due_when_it_is_announced_too_late_is_overdue_at_once()
    {
        var (service, world, own) = await Start(Deadline.AddDays(4));
        await using var _ = service;
        var id = Id(await Announce(service, own, "a", Monday));
        States(await Obligations(service, own)).ShouldBe(["a 2025-10-11 overdue"]);
        (await Overdue(world, Deadline.AddDays(4))).ShouldBe(1);
        await service.MoveTo(Deadline.AddDays(5));
        var fell = (await FellOverdue(service, id)).ShouldHaveSingleItem();
        (fell.Deadline, fell.Day).ShouldBe((Deadline, Deadline.AddDays(4)));
    }

    [Fact]
    public async Task A_procedure_without_a_deadline_owes_nothing_by_a_day()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var answer = (await service.Post("procedures", Announcement("a", Monday, intent: "diagnostic"), own)).Expect(HttpStatusCode.Created);
        answer.Body!["deadline"].ShouldBeNull();
        (await Obligations(service, own))["items"]!.AsArray().ShouldBeEmpty();
        await service.MoveTo(Deadline.AddDays(30));
        (await FellOverdue(service, Id(answer))).ShouldBeEmpty();
        (await Overdue(world, Deadline.AddDays(30))).ShouldBe(0);
    }

    /// <summary>Tuesday 1 December 2026 is due on the 15th: 2 to 4, 7 to 11, 14 and 15.</summary>
    [Fact]
    public async Task A_deadline_follows_an_amended_notice_and_is_only_ever_extended()
    {
        var (service, _, own) = await Start(new DateOnly(2026, 12, 2));
        await using var __ = service;
        var id = Id(await Announce(service, own, "a", new DateOnly(2026, 12, 1)));
        var passed = Id(await Announce(service, own, "b", new DateOnly(2026, 11, 27)));
        await service.MoveTo(new DateOnly(2026, 12, 15));
        States(await Obligations(service, own)).ShouldBe(["b 2026-12-11 overdue", "a 2026-12-15 dueToday"]);
        (await FellOverdue(service, passed)).ShouldHaveSingleItem().Deadline.ShouldBe(new DateOnly(2026, 12, 11));

        async Task Amend(Func<IEnumerable<string>, IEnumerable<string>> rest)
        {
            var present = (await service.Get("calendars/2026", await service.National)).Expect(HttpStatusCode.OK).Body!;
            string[] Days(string of) => [.. present[of]!.AsArray().Select(d => d!.GetValue<string>())];
            (await service.Put("calendars/2026", new { notice = "amended", rest = rest(Days("rest")), makeUp = Days("makeUp") }, await service.National)).Expect(HttpStatusCode.OK);
        }

        await Amend(days => days.Append("2026-12-10"));
        States(await Obligations(service, own)).ShouldBe(["b 2026-12-11 overdue", "a 2026-12-16 dueSoon"], "what had passed stays where it was");
        await Amend(days => days.Where(d => d != "2026-12-10"));
        States(await Obligations(service, own)).ShouldBe(["b 2026-12-11 overdue", "a 2026-12-16 dueSoon"]);
        (await Announce(service, own, "a", new DateOnly(2026, 12, 1), expected: HttpStatusCode.OK)).Body!["deadline"]!.GetValue<string>().ShouldBe("2026-12-16", "a repeat is told the day as it is now");
        await service.MoveTo(new DateOnly(2026, 12, 17));
        (await FellOverdue(service, id)).ShouldBeEmpty();
        await service.MoveTo(new DateOnly(2026, 12, 18));
        (await FellOverdue(service, id)).ShouldHaveSingleItem().Deadline.ShouldBe(new DateOnly(2026, 12, 16));
    }

    [Fact]
    public async Task An_announcement_made_in_error_is_withdrawn_by_its_hospital_until_the_deadline_and_then_by_the_regulator()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var (inTime, tooLate) = (Id(await Announce(service, own, "a", Monday)), Id(await Announce(service, own, "b", Monday)));
        async Task<Answer> Withdraw(string id, string token) => await service.Post($"procedures/{id}/withdraw", new { reason = "another room" }, token);
        await service.MoveTo(Deadline);
        (await Withdraw(inTime, own)).Expect(HttpStatusCode.OK);
        States(await Obligations(service, own)).ShouldBe(["b 2025-10-11 dueToday"]);
        await service.MoveTo(Deadline.AddDays(1));
        (await Withdraw(inTime, own)).Expect(HttpStatusCode.OK);
        (await Withdraw(tooLate, own)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("deadlinePassed");
        (await Withdraw(tooLate, await service.Token("regulator", province: "31"))).Expect(HttpStatusCode.NotFound);
        await service.MoveTo(Deadline.AddDays(2));
        (await FellOverdue(service, inTime)).ShouldBeEmpty();
        (await FellOverdue(service, tooLate)).Count.ShouldBe(1);
        (await Withdraw(tooLate, await world.Regulator)).Expect(HttpStatusCode.OK);
        (await Obligations(service, own))["items"]!.AsArray().ShouldBeEmpty();
        (await Overdue(world, Deadline.AddDays(2))).ShouldBe(0);
        var withdrawn = (await service.Get<IEventStore>().ReadStream(Procedure.Stream(Guid.Parse(tooLate))))[^1].Data.ShouldBeOfType<Procedure.Event.AnnouncementWithdrawn>();
        (withdrawn.By.Role, withdrawn.By.Name, withdrawn.Reason).ShouldBe(("regulator", "dev:regulator:11", "another room"));

        // Sent again as it was it stays withdrawn; put right it is owed anew.
        (await Announce(service, own, "a", Monday, expected: HttpStatusCode.Conflict)).Body!["code"]!.GetValue<string>().ShouldBe("procedureWithdrawn");
        await Announce(service, own, "a", Deadline, by: "H1-B");
        States(await Obligations(service, own)).ShouldBe(["a 2025-10-24 dueLater"]);
        // What has been reported is the case's affair.
        var reported = Id(await Report(service, own, "a", Deadline));
        (await Withdraw(reported, own)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("procedureReported");
    }

    [Fact]
    public async Task An_announcement_is_repeated_freely_and_contradicted_never()
    {
        var (service, _, own) = await Start(Monday);
        await using var __ = service;
        var first = await Announce(service, own, "a", Monday);
        var again = await Announce(service, own, "a", Monday, expected: HttpStatusCode.OK);
        (Id(again), again.Position).ShouldBe((Id(first), first.Position));
        var other = await Announce(service, own, "a", Monday, by: "H1-B", expected: HttpStatusCode.Conflict);
        (other.Body!["code"]!.GetValue<string>(), other.Body["errors"]!.AsArray().Select(e => $"{e!["code"]} {e["pointer"]}").ShouldHaveSingleItem()).ShouldBe(("procedureDiffers", "differs /operator"));
        (await service.Get<IEventStore>().ReadStream(Procedure.Stream(Guid.Parse(Id(first))))).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Obligations_are_listed_in_order_by_pages_and_filters()
    {
        var (service, _, own) = await Start(Deadline.AddDays(1));
        await using var __ = service;
        // Due on 11 October, and on the 13th, 23rd and 24th.
        foreach (var (number, day, by) in new[] { ("b", new DateOnly(2025, 9, 23), "H1-B"), ("a", Monday, "H1-A"), ("d", new(2025, 10, 11), "H1-A"), ("c", new(2025, 10, 10), "H1-B") })
        {
            await Announce(service, own, number, day, by);
        }

        string[] all = ["a 2025-10-11 overdue", "b 2025-10-13 dueSoon", "c 2025-10-23 dueLater", "d 2025-10-24 dueLater"];
        var page = await Obligations(service, own);
        States(page).ShouldBe(all);
        (Counts(page), page["nextCursor"]).ShouldBe(("1 0 1 2", null));
        var first = page["items"]![0]!;
        (first["kind"]!.GetValue<string>(), first["number"]!.GetValue<int>(), first["caseId"]!.GetValue<string>(), first["technique"]!.GetValue<string>(), first["operator"]!.GetValue<string>(),
            first["completedOn"]!.GetValue<string>(), first["provisional"]!.GetValue<bool>())
            .ShouldBe(("report", 0, Case.IdOf("H1", "a").ToString("D"), "neurovascular", "H1-A", "2025-09-22", false));

        var paged = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            page = await Obligations(service, own, $"&limit=1{cursor}");
            paged.Add(States(page).ShouldHaveSingleItem());
            Counts(page).ShouldBe("1 0 1 2");
            cursor = page["nextCursor"]?.GetValue<string>() is { } next ? $"&cursor={next}" : null;
        }

        paged.ShouldBe(all);
        States(await Obligations(service, own, "&due=dueLater")).ShouldBe(all[2..]);
        States(await Obligations(service, own, "&due=dueSoon&kind=report&technique=neurovascular")).ShouldBe(all[1..2]);
        States(await Obligations(service, own, "&due=dueToday")).ShouldBeEmpty();
        Counts(await Obligations(service, own, "&technique=comprehensive")).ShouldBe("0 0 0 0");
        Counts(await Obligations(service, own, "&kind=followUp")).ShouldBe("0 0 0 0");
        // From another day.
        States(await Obligations(service, own, "&asOf=2025-10-11")).ShouldBe(["a 2025-10-11 dueToday", .. all[1..]]);
        // A physician sees those of the cases he or she operated in.
        States(await Obligations(service, await service.Token("physician", physician: "H1-B"), of: "physicians/H1-B")).ShouldBe([all[1], all[2]]);
        // Who was shown whose case is noted.
        await using var command = service.Get<NpgsqlDataSource>().CreateCommand("select count(distinct case_id) from compliance.patient_reads where role = 'physician'");
        (await command.ExecuteScalarAsync()).ShouldBe(2L);
    }

    [Fact]
    public async Task A_calendar_of_deadlines_is_open_to_whoever_has_its_address_and_names_no_case()
    {
        var (service, _, own) = await Start(Deadline.AddDays(1));
        await using var __ = service;
        async Task<(string Id, string Url)> Feed(string language)
        {
            var made = (await service.Post("institutions/H1/calendar-feeds", new { language }, own)).Expect(HttpStatusCode.Created).Body!;
            return (made["id"]!.GetValue<string>(), made["url"]!.GetValue<string>());
        }

        async Task<string> Text(string url)
        {
            var answer = (await service.Get(url)).Expect(HttpStatusCode.OK);
            answer.Response.Content.Headers.ContentType!.ToString().ShouldBe("text/calendar; charset=utf-8");
            answer.Response.Headers.CacheControl!.Private.ShouldBeTrue();
            return await answer.Response.Content.ReadAsStringAsync();
        }

        var (english, chinese) = (await Feed("en"), await Feed("zh-CN"));
        (await Text(english.Url)).ShouldNotContain("VEVENT");
        foreach (var (number, day) in new[] { ("case-a", Monday), ("case-b", Monday), ("case-c", Monday.AddDays(1)), ("case-d", new DateOnly(2025, 10, 10)) })
        {
            await Announce(service, own, number, day);
        }

        Counts(await Obligations(service, own)).ShouldBe("2 0 1 1");
        var text = await Text(english.Url);
        IEnumerable<string> Lines(string of) => text.Split("\r\n").Where(l => l.StartsWith(of, StringComparison.Ordinal));
        Lines("DTSTART;").ShouldBe(["DTSTART;VALUE=DATE:20251012", "DTSTART;VALUE=DATE:20251013", "DTSTART;VALUE=DATE:20251023"]);
        Lines("SUMMARY:").ShouldBe(["SUMMARY:2 reports overdue", "SUMMARY:1 report due", "SUMMARY:1 report due"]);
        Lines("NAME:").ShouldBe(["NAME:Deadlines of Hospital H1"]);
        text.ShouldNotContain("case-");
        text.ShouldNotContain("H1-A");
        text.ShouldNotContain(Case.IdOf("H1", "case-a").ToString("D"));
        (await Text(chinese.Url)).ShouldContain("SUMMARY:2份病例报告已逾期\r\n");
        Lines("UID:").Intersect((await Text(chinese.Url)).Split("\r\n")).ShouldBeEmpty();

        // The list tells of the feeds, and of no address; nor does the database know one.
        var secret = english.Url.Split('/')[^1][..^4];
        secret.Length.ShouldBe(43);
        var listed = (await service.Get("institutions/H1/calendar-feeds", own)).Expect(HttpStatusCode.OK).Body!;
        listed["items"]!.AsArray().Select(f => $"{f!["id"]} {f["language"]}").ShouldBe([$"{english.Id} en", $"{chinese.Id} zh-CN"], ignoreOrder: true);
        listed.ToJsonString().ShouldNotContain(secret);
        await using var command = service.Get<NpgsqlDataSource>().CreateCommand("select count(*) from compliance.calendar_feeds f where f::text like '%' || $1 || '%'");
        command.Parameters.Add(new() { Value = secret });
        (await command.ExecuteScalarAsync()).ShouldBe(0L);

        (await service.Send(HttpMethod.Delete, $"institutions/H1/calendar-feeds/{english.Id}", null, own)).Expect(HttpStatusCode.NoContent);
        (await service.Get(english.Url)).Expect(HttpStatusCode.NotFound);
        (await service.Send(HttpMethod.Delete, $"institutions/H1/calendar-feeds/{english.Id}", null, own)).Expect(HttpStatusCode.NotFound);
        await Text(chinese.Url);
        for (var n = 1; n < 20; n++)
        {
            await Feed("en");
        }

        (await service.Post("institutions/H1/calendar-feeds", new { language = "en" }, own)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("tooManyFeeds");
    }

    [Fact]
    public async Task A_correction_that_makes_a_case_due_after_its_deadline_is_shown_as_late_for_good()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var report = World.Case("H1", "a", Monday, therapeutic: false);
        var id = Id((await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), own)).Expect(HttpStatusCode.Created));
        await service.MoveTo(Deadline.AddDays(1));
        report.Remove("outcome");
        async Task Correct(string intent)
        {
            report["intent"] = intent;
            (await service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "r", ["report"] = report.DeepClone() }.ToJsonString(), own)).Expect(HttpStatusCode.OK);
        }

        await Correct("therapeutic");
        const string once = """[{"cause":"correctedAfterDeadline","on":"2025-10-12","deadline":"2025-10-11","recomputedDeadline":null}]""";
        async Task<string> Lateness() => (await service.Get($"cases/{id}", own)).Expect(HttpStatusCode.OK).Body!["lateness"]!.ToJsonString();
        (await Lateness()).ShouldBe(once);
        await Correct("diagnostic");
        (await service.Post($"cases/{id}/void", new { reason = "r" }, await world.Regulator)).Expect(HttpStatusCode.OK);
        (await Lateness()).ShouldBe(once);
    }

    [Fact]
    public async Task What_was_announced_and_reported_is_voided_by_its_hospital_until_the_deadline_and_then_with_consent()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        var ids = new Dictionary<string, string>();
        foreach (var number in new[] { "in time", "too late" })
        {
            ids[number] = Id(await Announce(service, own, number, Monday));
            await Report(service, own, number, Monday);
        }

        var never = Id(await Report(service, own, "never announced", Monday));
        async Task<Answer> Void(string id, HttpStatusCode expected) => (await service.Post($"cases/{id}/void", new { reason = "another room" }, own)).Expect(expected);
        await service.MoveTo(Deadline);
        await Void(ids["in time"], HttpStatusCode.OK);
        await service.MoveTo(Deadline.AddDays(1));
        await Void(never, HttpStatusCode.OK);
        var request = (await Void(ids["too late"], HttpStatusCode.Accepted)).Body!["requestId"]!.GetValue<string>();
        (await Void(ids["too late"], HttpStatusCode.Accepted)).Body!["requestId"]!.GetValue<string>().ShouldBe(request);
        async Task<int> Cases() => World.Count(await world.Metrics("H1", Deadline.AddDays(1), await service.Get<IEventStore>().Head()), "cases");
        (await Cases()).ShouldBe(1);
        (await service.Post($"cases/{ids["too late"]}/requests/{request}/decide", new { agree = true, reason = "r" }, await world.Regulator)).Expect(HttpStatusCode.OK);
        (await Cases()).ShouldBe(0);
        (await Obligations(service, own, "&kind=report"))["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_report_of_something_else_than_was_announced_is_flagged()
    {
        var (service, world, own) = await Start(Monday.AddDays(3));
        await using var _ = service;
        foreach (var number in new[] { "same", "day", "intent", "withdrawn" })
        {
            var id = Id(await Announce(service, own, number, Monday));
            if (number == "withdrawn")
                (await service.Post($"procedures/{id}/withdraw", new { reason = "another room" }, own)).Expect(HttpStatusCode.OK);
        }

        await Obligations(service, own);
        async Task<bool> Flagged(string number, DateOnly day, bool therapeutic = true)
        {
            var report = World.Case("H1", number, day, by: "H1-B", therapeutic: therapeutic);
            var answer = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), own)).Expect(HttpStatusCode.Created).Body!;
            var shown = (await service.Get($"cases/{answer["caseId"]}", own)).Expect(HttpStatusCode.OK).Body!;
            bool In(JsonNode of, string what) => of[what]!.AsArray().Any(f => f!.GetValue<string>() == "differsFromAnnouncement");
            In(shown, "flags").ShouldBe(In(answer, "flags"));
            return In(answer, "flags");
        }

        (await Flagged("same", Monday)).ShouldBeFalse("who operated is often learnt later");
        (await Flagged("day", Monday.AddDays(1))).ShouldBeTrue();
        (await Flagged("intent", Monday, therapeutic: false)).ShouldBeTrue();
        (await Flagged("withdrawn", Monday.AddDays(1))).ShouldBeFalse();
        (await Flagged("never announced", Monday)).ShouldBeFalse();
        (await service.Get($"cases?flag=differsFromAnnouncement&minPosition={await service.Get<IEventStore>().Head()}", await world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .Select(c => c!["caseNumber"]!.GetValue<string>()).ShouldBe(["intent", "day"]);
    }

    [Fact]
    public async Task A_case_late_by_a_calendar_of_the_time_shows_both_deadlines()
    {
        // Monday 21 December 2026 is due on 5 January as far as is known; the notice rests 4 and 5 as well, so the ninth and the tenth are 6 and 7.
        var (service, _, own) = await Start(new DateOnly(2027, 1, 6));
        await using var __ = service;
        var id = Id(await Report(service, own, "a", new DateOnly(2026, 12, 21)));
        async Task<string> Lateness() =>
            (await service.Get($"cases/{id}?minPosition={await service.Get<IEventStore>().Head()}", own)).Expect(HttpStatusCode.OK).Body!["lateness"]!.ToJsonString();
        (await Lateness()).ShouldBe("""[{"cause":"late","on":"2027-01-06","deadline":"2027-01-05","recomputedDeadline":null}]""");
        (await service.Put("calendars/2027", new { notice = "n", rest = Enumerable.Range(1, 5).Select(d => $"2027-01-0{d.ToString(CultureInfo.InvariantCulture)}"), makeUp = Array.Empty<string>() }, await service.National))
            .Expect(HttpStatusCode.Created);
        (await Lateness()).ShouldBe("""[{"cause":"calendarRecomputed","on":"2027-01-06","deadline":"2027-01-05","recomputedDeadline":"2027-01-07"}]""");
    }

    [Fact]
    public async Task The_hospital_is_told_that_a_report_fell_overdue_and_nobody_of_which_case()
    {
        var (service, world, own) = await Start(Monday);
        await using var _ = service;
        await world.Hospital("H2");
        async Task<(string Id, string Token)> Hook(string token) => ((await service.Post("webhooks", new { url = "http://127.0.0.1:1/" }, token)).Expect(HttpStatusCode.Created).Body!["id"]!.GetValue<string>(), token);
        var (hospital, other, physician, regulator) = (
            await Hook(own), await Hook(await service.Token("hospital", institution: "H2")), await Hook(await service.Token("physician", physician: "H1-A")), await Hook(await world.Regulator));
        await Announce(service, own, "a", Monday);
        await service.MoveTo(Deadline.AddDays(2));
        var head = await service.Get<IEventStore>().Head();
        async Task<IEnumerable<string>> Told((string Id, string Token) hook) =>
            (await service.Get($"webhooks/{hook.Id}/deliveries?minPosition={head}", hook.Token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
                .Select(d => $"{d!["type"]} {d["subject"]}").Where(t => t.Contains("report", StringComparison.Ordinal));
        string[] once = ["compliance.report.fellOverdue institution/H1/neurovascular/reports"];
        (await Told(hospital)).ShouldBe(once);
        (await Told(regulator)).ShouldBe(once);
        (await Told(other)).ShouldBeEmpty();
        (await Told(physician)).ShouldBeEmpty();
        await using var command = service.Get<NpgsqlDataSource>().CreateCommand("select body from compliance.webhook_deliveries where type = 'compliance.report.fellOverdue' limit 1");
        var body = (string)(await command.ExecuteScalarAsync())!;
        body.ShouldNotContain(Case.IdOf("H1", "a").ToString("D"));
        var data = JsonNode.Parse(body)!["data"]!;
        data["judgedOn"]!.GetValue<string>().ShouldBe("2025-10-12");
        // Where the link leads, its owner finds what is owed.
        States((await service.Get(data["link"]!.GetValue<string>(), own)).Expect(HttpStatusCode.OK).Body!).ShouldBe(["a 2025-10-11 overdue"]);
    }

    [Fact]
    public async Task The_dashboards_of_everybody_concerned_follow_a_report()
    {
        var (service, world, own) = await Start(Deadline.AddDays(1));
        await using var _ = service;
        await world.Import([World.Case("H1", "other", Deadline, by: "H1-A")]);
        await Announce(service, own, "a", Monday, by: "H1-A");
        // The reports that were due, and those in time.
        async Task<string> Timely(string kind, string subject)
        {
            var head = await service.Get<IEventStore>().Head();
            (await Checkpoints.WaitFor(service.Get<NpgsqlDataSource>(), ReadSchema.Living.Standings, head, TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBeTrue();
            await using var command = service.Get<NpgsqlDataSource>().CreateCommand("select doc::text from standings where kind = $1 and subject = $2 and technique = 'neurovascular'");
            command.Parameters.Add(new() { Value = kind });
            command.Parameters.Add(new() { Value = subject });
            var finding = JsonNode.Parse((string)(await command.ExecuteScalarAsync())!)!["findings"]!.AsArray().Single(f => f!["clause"]!.GetValue<string>() == "NV-REPORT-10WD")!["current"]!;
            return $"{finding["numerator"]} of {finding["denominator"]}";
        }

        (await Timely("institution", "H1")).ShouldBe("1 of 2");
        (await Timely("physician", "H1-A")).ShouldBe("1 of 2");
        // By somebody else, as it turns out, and late.
        await Report(service, own, "a", Monday, by: "H1-B");
        (await Timely("institution", "H1")).ShouldBe("1 of 2");
        (await Timely("physician", "H1-A")).ShouldBe("1 of 1");
        (await Timely("physician", "H1-B")).ShouldBe("0 of 1");
    }
}
