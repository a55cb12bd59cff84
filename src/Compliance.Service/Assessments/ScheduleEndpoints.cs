using Compliance.Assessments;
using Compliance.Service.Http;
using Compliance.Service.Metrics;

namespace Compliance.Service.Assessments;

/// <summary>When assessments are due, by technique and province.</summary>
public static class ScheduleEndpoints
{
    /// <summary>Five years; more seldom is not periodic.</summary>
    private const int LongestMonths = 60;

    /// <param name="FirstDueOn">The last day of the first period: today or later.</param>
    /// <param name="EveryMonths">Months of a period.</param>
    public sealed record ScheduleEntry(DateOnly FirstDueOn, int EveryMonths);

    public sealed record PeriodShown(DateOnly From, DateOnly To);

    /// <param name="Next">The period under way; its round opens once every report of its last day has been due.</param>
    public sealed record ScheduleShown(string Technique, string Province, DateOnly FirstDueOn, int EveryMonths, DateOnly RecordedOn, string By, PeriodShown Next);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPut("/assessment-schedules/{technique}/{province}", Put)
            .Allows(Role.Regulator, Role.National)
            .ScopedTo((http, caller) => ValueTask.FromResult(caller.ActsIn(http.Request.RouteValues["province"] as string) ? Scope.Within : Scope.Outside))
            .TakesHeader("If-Match")
            .Describes<ScheduleEntry, ScheduleShown>("Sets when the periodic assessments of a technique are due in a province", 200, 412);
        api.MapGet("/assessment-schedules", List)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "minPosition")
            .Describes<Page<ScheduleShown>>("The schedules there are; a regulator sees the own province", 200, 503);
    }

    private static async Task<IResult> Put(HttpContext http, Caller caller, Answers answers, Reads reads)
    {
        var query = Query.Of(http);
        var (technique, province) = DashboardEndpoints.InPath(query, await reads.Reference(http.RequestAborted));
        var body = await Body.Read(http);
        var firstDueOn = body.Root.Day("firstDueOn");
        var everyMonths = body.Root.Integer("everyMonths", 1, LongestMonths);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.AssessmentSchedules,
            AssessmentSchedule.Stream(technique, province),
            body,
            (state, today) => AssessmentSchedule.Decide(state, new(technique, province, firstDueOn, everyMonths, today, caller.Actor())),
            (state, _) => (200, Shown(state, answers.Today)),
            reference: true);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, Clock clock)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        // One a technique and province: never more than fit on a page.
        return Results.Json(
            Page.Of<ScheduleShown>(
                [.. (await reads.Reference(http.RequestAborted)).Schedules.Where(s => caller.ActsIn(s.Key.Province) && (technique is null || s.Key.Technique == technique)).OrderBy(s => s.Key).Select(s => Shown(s.Value, clock.Today))],
                null),
            Json.Options);
    }

    private static ScheduleShown Shown(AssessmentSchedule.State state, DateOnly today)
    {
        var (last, next) = (state.Settings[^1], state.NextAfter(today.AddDays(-1))!.Value);
        return new(last.Technique, last.Province, last.FirstDueOn, last.EveryMonths, last.RecordedOn, last.By.Name, new(next.From, next.To));
    }
}
