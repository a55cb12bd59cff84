using System.Net;
using System.Text.Json.Nodes;
using Compliance.Calendars;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>A case report becomes a suspension.</summary>
public sealed class MainJobTests
{
    private static readonly DateOnly Start = new(2025, 9, 1);

    [Fact]
    public async Task Too_many_deaths_suspend_an_institution_on_the_day_their_reports_were_all_due()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Enforce(Start);
        await world.Import(World.Year("H1", Start.AddDays(-60), 120));
        await service.MoveTo(Start.AddDays(1));
        (await world.Standing("H1")).ShouldBe("good");

        // Five deaths of 120 and some are over 3 %, but Monday 1 September settles only when its ten working days are over:
        // 2–5, 8–12 and 15 September. Its deadline, the 15th, must lie before the day judged: the closing of the 16th.
        await world.Import(Enumerable.Range(0, 5).Select(n => World.Case("H1", $"d{n}", Start, died: true)));
        await service.MoveTo(new DateOnly(2025, 9, 16));
        (await world.Standing("H1")).ShouldBe("good");
        (await world.Compliance("H1"))["overall"]!.GetValue<string>().ShouldBe("breached", "on the 16th the five deaths are settled");

        await service.MoveTo(new DateOnly(2025, 9, 17));
        (await world.Standing("H1")).ShouldBe("suspended");
        var suspended = (await world.History("H1")).Single(e => e["type"]!.GetValue<string>() == "suspended")["data"]!;
        suspended["judgedOn"]!.GetValue<string>().ShouldBe("2025-09-16");
        suspended["effectiveOn"]!.GetValue<string>().ShouldBe("2025-09-18");
        suspended["rectificationEndsOn"]!.GetValue<string>().ShouldBe("2025-12-18");
        var ground = suspended["grounds"]!["findings"]!.AsArray().Select(f => f!).Single(f => f["clause"]!.GetValue<string>() == "NV-RATE-MORT");
        ground["measured"]!["numerator"]!.GetValue<int>().ShouldBe(5);
        ground["judgedOn"]!.GetValue<string>().ShouldBe("2025-09-01");
        suspended["grounds"]!["counts"]!["therapeuticDeathCases"]!.GetValue<int>().ShouldBe(5);
    }

    [Fact]
    public async Task A_rolling_year_changes_at_midnight_with_no_event()
    {
        await using var service = await TestService.Start(new DateOnly(2025, 3, 3));
        var world = new World(service);
        await world.Hospital("H1");
        var position = await world.Import([World.Case("H1", "1", new DateOnly(2024, 3, 4))]);

        World.Count(await world.Metrics("H1", minPosition: position), "cases").ShouldBe(1);
        var shown = await Row(world, "H1");
        shown["counts"]!["cases"]!.GetValue<int>().ShouldBe(1);

        await service.MoveTo(new DateOnly(2025, 3, 4));
        World.Count(await world.Metrics("H1"), "cases").ShouldBe(0);
        (await Row(world, "H1"))["counts"]!["cases"]!.GetValue<int>().ShouldBe(0, "the standing follows on DayClosed alone");
    }

    private static async Task<JsonNode> Row(World world, string id)
    {
        var head = await world.Service.Get<IEventStore>().Head();
        return (await world.Service.Get($"dashboards/compliance?technique=neurovascular&kind=institution&minPosition={head}", await world.Regulator))
            .Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(i => i!).Single(i => i["subject"]!["id"]!.GetValue<string>() == id);
    }

    [Theory]
    // A year that ends on 29 February begins on 1 March of the year before; one that ends on 28 February 2025 begins on 29 February 2024.
    [InlineData("2024-02-29", "2023-03-01", 1)]
    [InlineData("2024-02-29", "2023-02-28", 0)]
    [InlineData("2025-02-27", "2024-02-29", 1)]
    [InlineData("2025-02-28", "2024-02-29", 1)]
    [InlineData("2025-03-01", "2024-02-29", 0)]
    public async Task The_leap_day_at_both_ends(string asOf, string completedOn, int counted)
    {
        await using var service = await TestService.Start(new DateOnly(2025, 6, 2));
        var world = new World(service);
        await world.Hospital("H1");
        var position = await world.Import([World.Case("H1", "1", DateOnly.Parse(completedOn))]);
        World.Count(await world.Metrics("H1", DateOnly.Parse(asOf), position), "cases").ShouldBe(counted);
    }

    [Fact]
    public async Task A_hundred_callers_report_the_same_case_at_once()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        var token = await service.Token("hospital", institution: "H1");
        var report = World.Case("H1", "1", Start.AddDays(-3), died: true).ToJsonString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => service.Send(HttpMethod.Post, "cases", report, token)));

        answers.Count(a => a.Status == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(a => a.Status == HttpStatusCode.OK).ShouldBe(99);
        answers.Select(a => a.Body!["caseId"]!.GetValue<string>()).Distinct().Count().ShouldBe(1);
        var id = answers[0].Body!["caseId"]!.GetValue<string>();
        var history = (await service.Get($"cases/{id}/history", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        history.Select(e => e!["type"]!.GetValue<string>()).ShouldBe(["case_reported", "death_reported"]);
    }

    [Fact]
    public async Task The_same_extract_every_night_for_a_month_appends_nothing_more()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        var extract = World.Year("H1", Start.AddDays(-5), 40, deaths: 2, complications: 3).ToList();
        await world.Import(extract);
        var token = await service.Token("hospital", institution: "H1");

        for (var night = 1; night <= 30; night++)
        {
            if (night % 10 == 0)
            {
                // Corrections in between: the extract, as first sent, still says nothing new.
                var corrected = World.Case("H1", $"y{night}", Start.AddDays(-20), by: "H1-B");
                corrected.Remove("outcome");
                var caseId = (await service.Send(HttpMethod.Post, "cases", extract[night].ToJsonString(), token)).Expect(HttpStatusCode.OK).Body!["caseId"]!.GetValue<string>();
                (await service.Post($"cases/{caseId}/corrections", new { reason = "wrong operator", report = corrected }, token)).Expect(HttpStatusCode.OK);
            }

            var before = await service.Get<IEventStore>().Head();
            var again = (await service.Import("cases/import", extract, token)).Expect(HttpStatusCode.OK).Body!;
            again["unchanged"]!.GetValue<int>().ShouldBe(40, again.ToJsonString());
            (await service.Get<IEventStore>().Head()).ShouldBe(before);
            await service.MoveTo(Start.AddDays(night));
        }
    }

    [Fact]
    public async Task Nobody_escapes_by_editing()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        var token = await service.Token("hospital", institution: "H1");
        var day = Start.AddDays(-5);
        var fatal = (await service.Send(HttpMethod.Post, "cases", World.Case("H1", "fatal", day, died: true, complication: true).ToJsonString(), token)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var complication = (await service.Get($"cases/{fatal}", token)).Expect(HttpStatusCode.OK).Body!["complications"]![0]!["id"]!.GetValue<string>();
        var diagnostic = World.Case("H1", "fatal", day, therapeutic: false);
        diagnostic.Remove("outcome");

        var requests = new List<string>();
        foreach (var (path, body) in new (string, object)[]
        {
            ("void", new { reason = "entered in error" }),
            ("corrections", new { reason = "was diagnostic", report = diagnostic }),
            ("death/withdraw", new { reason = "lives" }),
            ($"complications/{complication}/withdraw", new { reason = "none" }),
            ("relation", new { of = "death", relation = "unrelated", reason = "other illness" }),
        })
        {
            var asked = (await service.Post($"cases/{fatal}/{path}", body, token)).Expect(HttpStatusCode.Accepted);
            requests.Add(asked.Body!["requestId"]!.GetValue<string>());
            var metrics = await world.Metrics("H1", minPosition: asked.Position);
            (World.Count(metrics, "cases"), World.Count(metrics, "therapeuticDeathCases"), World.Count(metrics, "therapeuticSevereComplicationCases")).ShouldBe((1, 1, 1), path);
        }

        // The hospital cannot agree with itself.
        (await service.Post($"cases/{fatal}/requests/{requests[0]}/decide", new { agree = true, reason = "yes" }, token)).Expect(HttpStatusCode.Forbidden);
        var agreed = (await service.Post($"cases/{fatal}/requests/{requests[4]}/decide", new { agree = true, reason = "seen the file" }, await world.Regulator)).Expect(HttpStatusCode.OK);
        var after = await world.Metrics("H1", minPosition: agreed.Position);
        (World.Count(after, "deathCases"), World.Count(after, "possibleDeathCases"), World.Count(after, "severeComplicationCases")).ShouldBe((0, 0, 1));
        var voided = (await service.Post($"cases/{fatal}/requests/{requests[0]}/decide", new { agree = true, reason = "seen" }, await world.Regulator)).Expect(HttpStatusCode.OK);
        World.Count(await world.Metrics("H1", minPosition: voided.Position), "cases").ShouldBe(0);
    }

    [Fact]
    public async Task A_province_is_taken_into_use_by_observing_first()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        string[] hospitals = ["H1", "H2", "H3"];
        foreach (var hospital in hospitals)
        {
            await world.Hospital(hospital);
        }

        // Two years in random order: H2 loses 6 of 120 in each, H3 does 20 a year, each operator 60 or so spread evenly.
        var cases = hospitals.SelectMany(h => Enumerable.Range(0, 2).SelectMany(y =>
            World.Year(h, Start.AddDays(-1).AddYears(-y), h == "H3" ? 20 : 120, deaths: h == "H2" ? 6 : 0, prefix: $"{y}-"))).ToArray();
        new Random(5).Shuffle(cases);
        await world.Import(cases);
        await service.MoveTo(Start.AddDays(30));
        foreach (var hospital in hospitals)
        {
            (await world.Standing(hospital)).ShouldBe("good", "the province only observes");
        }

        await world.Enforce(Start.AddDays(30));
        await service.MoveTo(Start.AddDays(31));
        (await world.Standing("H1")).ShouldBe("good");
        (await world.Standing("H2")).ShouldBe("suspended");
        (await world.Standing("H3")).ShouldBe("warned", "too few cases suspend only after ninety days");
        (await world.Standing("H1-A", "physicians")).ShouldBe("good");
        (await world.Standing("H3-A", "physicians")).ShouldBe("warned");
    }

    [Fact]
    public async Task Thirty_cases_a_year_spread_evenly_are_thirty_cases()
    {
        await using var service = await TestService.Start(Start);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Enforce(Start);
        var calendar = ShippedCalendars.All.Aggregate(WorkingCalendar.Empty, (known, shipped) => known.With(shipped.Calendar));
        var waiting = new Queue<DateOnly>(Enumerable.Range(0, 90).Select(n => Start.AddYears(-2).AddDays(12 * n)));

        // Each is reported on the last day it may be, ten working days after the procedure, and never late.
        for (var day = Start; day < Start.AddDays(200); day = day.AddDays(1))
        {
            if (day > Start)
            {
                await service.MoveTo(day);
            }

            var due = new List<DateOnly>();
            while (waiting.TryPeek(out var next) && calendar.Deadline(next).On <= day)
            {
                due.Add(waiting.Dequeue());
            }

            if (due.Count > 0)
            {
                await world.Import(due.Select(d => World.Case("H1", World.Text(d), d, by: "H1-A")));
            }
        }

        (await world.History("H1-A", "physician")).Select(e => e["type"]!.GetValue<string>()).ShouldBe(["qualification_granted"]);
    }
}
