using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Deadlines follow the notices of the State Council as they are published and amended: extended, never shortened. Worked by hand from the calendar of 2026.</summary>
public sealed class CalendarScenarioTests
{
    // Monday. After it: 22, 23, 24, 25, 28, 29, 30, 31 December are eight working days; Friday 1 January rests; 4 and 5 January are the ninth and tenth, as far as is known.
    private static readonly DateOnly Monday = new(2026, 12, 21);

    private static readonly string[] NewYear = ["2027-01-01", "2027-01-02", "2027-01-03"];

    // A notice that rests Monday and Tuesday as well: the ninth and tenth are 6 and 7 January.
    private static readonly string[] LongNewYear = [.. NewYear, "2027-01-04", "2027-01-05"];

    private sealed record Deadline(string? On, bool Provisional, string Timeliness, bool Flagged);

    private static async Task<(TestService Service, World World)> Start(DateOnly day)
    {
        var service = await TestService.Start(day);
        var world = new World(service);
        await world.Hospital("H1");
        return (service, world);
    }

    private static async Task<(string Id, Deadline Answered)> Report(World world, string number, DateOnly completedOn)
    {
        var answer = (await world.Service.Send(HttpMethod.Post, "cases", World.Case("H1", number, completedOn).ToJsonString(), await world.Regulator)).Expect(HttpStatusCode.Created).Body!;
        return (answer["caseId"]!.GetValue<string>(), Of(answer));
    }

    private static async Task<Deadline> Shown(World world, string id, long minPosition = 0)
    {
        var shown = (await world.Service.Get($"cases/{id}?minPosition={minPosition}", await world.Regulator)).Expect(HttpStatusCode.OK).Body!;
        // The list says the same, from its rows.
        var timeliness = shown["timeliness"]!.GetValue<string>();
        (await world.Service.Get($"cases?timeliness={timeliness}&minPosition={minPosition}", await world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
            .Select(i => i!["caseId"]!.GetValue<string>()).ShouldContain(id, timeliness);
        return Of(shown);
    }

    private static Deadline Of(JsonNode answer) => new(
        answer["deadline"]?.GetValue<string>(),
        answer["provisionalDeadline"]!.GetValue<bool>(),
        answer["timeliness"]!.GetValue<string>(),
        answer["flags"]!.AsArray().Any(f => f!.GetValue<string>() == "late"));

    private static async Task<long> Publish(World world, int year, HttpStatusCode expected, IEnumerable<string> rest, params string[] makeUp) =>
        (await world.Service.Put($"calendars/{year}", new { notice = $"State Council, {year}", rest, makeUp }, await world.Service.National)).Expect(expected).Position;

    /// <summary>The calendar of 2026 with some days of rest more.</summary>
    private static async Task<long> Amend2026(World world, params string[] rest)
    {
        var present = (await world.Service.Get("calendars/2026", await world.Service.National)).Expect(HttpStatusCode.OK).Body!;
        return await Publish(
            world, 2026, HttpStatusCode.OK, [.. present["rest"]!.AsArray().Select(d => d!.GetValue<string>()), .. rest], [.. present["makeUp"]!.AsArray().Select(d => d!.GetValue<string>())]);
    }

    private static async Task<int> Late(World world, long position) => World.Count(await world.Metrics("H1", minPosition: position), "lateReports");

    [Fact]
    public async Task A_deadline_in_a_year_not_published_is_provisional_and_settled_by_the_notice()
    {
        var (service, world) = await Start(Monday.AddDays(1));
        await using var _ = service;
        var (id, answered) = await Report(world, "1", Monday);
        answered.ShouldBe(new("2027-01-05", Provisional: true, "onTime", Flagged: false));
        var before = await Report(world, "2", new DateOnly(2026, 12, 16));
        before.Answered.ShouldBe(new("2026-12-30", Provisional: false, "onTime", Flagged: false), "that one ends within the year");

        (await world.Service.Get("calendars/2027", await service.National)).Expect(HttpStatusCode.NotFound);
        var position = await Publish(world, 2027, HttpStatusCode.Created, LongNewYear);
        (await Shown(world, id, position)).ShouldBe(new("2027-01-07", Provisional: false, "onTime", Flagged: false));
        (await Shown(world, before.Id)).ShouldBe(before.Answered);
        // The same notice again changes nothing.
        (await Publish(world, 2027, HttpStatusCode.OK, LongNewYear)).ShouldBe(position);
    }

    [Fact]
    public async Task A_notice_that_would_shorten_a_deadline_does_not()
    {
        var (service, world) = await Start(Monday.AddDays(1));
        await using var _ = service;
        var (id, _) = await Report(world, "1", Monday);
        // Saturday 2 January worked: the ninth; Monday the 4th would be the tenth.
        var position = await Publish(world, 2027, HttpStatusCode.Created, ["2027-01-01"], "2027-01-02");
        (await Shown(world, id, position)).ShouldBe(new("2027-01-05", Provisional: false, "onTime", Flagged: false), "what a hospital was once told holds");
        // Whoever reports after the notice is told the day by it.
        (await Report(world, "2", Monday)).Answered.ShouldBe(new("2027-01-04", Provisional: false, "onTime", Flagged: false));
    }

    [Fact]
    public async Task A_deadline_that_is_open_follows_an_amended_notice()
    {
        var (service, world) = await Start(new DateOnly(2026, 12, 2));
        await using var _ = service;
        // Tuesday 1 December: 2–4, 7–11, 14 and 15.
        var (id, answered) = await Report(world, "1", new DateOnly(2026, 12, 1));
        answered.ShouldBe(new("2026-12-15", Provisional: false, "onTime", Flagged: false));

        // On the last day it is open: a day of rest more on the 10th moves it to the 16th.
        await service.MoveTo(new DateOnly(2026, 12, 15));
        var position = await Amend2026(world, "2026-12-10");
        (await Shown(world, id, position)).ShouldBe(new("2026-12-16", Provisional: false, "onTime", Flagged: false));
        // The rest day withdrawn again: not shortened.
        (await Shown(world, id, await Amend2026Without(world, "2026-12-10"))).ShouldBe(new("2026-12-16", Provisional: false, "onTime", Flagged: false));
    }

    private static async Task<long> Amend2026Without(World world, string day)
    {
        var present = (await world.Service.Get("calendars/2026", await world.Service.National)).Expect(HttpStatusCode.OK).Body!;
        return await Publish(
            world, 2026, HttpStatusCode.OK, present["rest"]!.AsArray().Select(d => d!.GetValue<string>()).Where(d => d != day), [.. present["makeUp"]!.AsArray().Select(d => d!.GetValue<string>())]);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_stays_where_it_was()
    {
        var (service, world) = await Start(new DateOnly(2026, 12, 16));
        await using var _ = service;
        var (late, answered) = await Report(world, "1", new DateOnly(2026, 12, 1));
        answered.ShouldBe(new("2026-12-15", Provisional: false, "late", Flagged: true));
        var position = await Amend2026(world, "2026-12-10");
        (await Shown(world, late, position)).ShouldBe(answered, "it was over when the notice was amended");
        (await Late(world, position)).ShouldBe(1);
    }

    [Fact]
    public async Task A_case_late_by_a_provisional_deadline_becomes_on_time_when_the_notice_extends_it()
    {
        var (service, world) = await Start(new DateOnly(2027, 1, 6));
        await using var _ = service;
        var (id, answered) = await Report(world, "1", Monday);
        answered.ShouldBe(new("2027-01-05", Provisional: true, "late", Flagged: true));
        var (closed, closedAnswered) = await Report(world, "2", new DateOnly(2026, 12, 16));
        closedAnswered.ShouldBe(new("2026-12-30", Provisional: false, "late", Flagged: true));
        var head = await service.Get<IEventStore>().Head();
        (await Late(world, head)).ShouldBe(2);

        // The notice comes after the deadline it settles.
        await service.MoveTo(new DateOnly(2027, 1, 8));
        var position = await Publish(world, 2027, HttpStatusCode.Created, LongNewYear);
        (await Shown(world, id, position)).ShouldBe(new("2027-01-07", Provisional: false, "onTime", Flagged: false));
        (await Shown(world, closed, position)).ShouldBe(closedAnswered);
        (await Late(world, position)).ShouldBe(1);
        // What it was answered with is kept.
        (await service.Get($"cases/{id}", await world.Regulator)).Body!["flagsWhenReported"]!.AsArray().Select(f => f!.GetValue<string>()).ShouldBe(["late"]);

        // Settled, and over: a later amendment changes nothing.
        position = await Publish(world, 2027, HttpStatusCode.OK, [.. LongNewYear, "2027-01-06", "2027-01-07"]);
        (await Shown(world, id, position)).ShouldBe(new("2027-01-07", Provisional: false, "onTime", Flagged: false));
    }
}
