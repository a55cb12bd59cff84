using System.Globalization;
using Compliance.Calendars;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Calendar = Compliance.Calendars.Calendar;

namespace Compliance.Service.Calendars;

/// <summary>The years of rest and make-up days that deadlines are computed with.</summary>
public static class CalendarEndpoints
{
    /// <summary>More than this no year has of either.</summary>
    private const int MostDays = 366;

    /// <param name="Notice">Where the State Council's notice stands.</param>
    /// <param name="Rest">Days off, weekends among them or not.</param>
    /// <param name="MakeUp">Weekend days that are worked.</param>
    public sealed record CalendarEntry(string Notice, IReadOnlyList<DateOnly> Rest, IReadOnlyList<DateOnly> MakeUp);

    public sealed record CalendarWritten(int Year, int Version, long Position);

    public sealed record CalendarShown(int Year, int Version, string Notice, IReadOnlyList<DateOnly> Rest, IReadOnlyList<DateOnly> MakeUp);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/calendars/{year}", Get)
            .AllowsEveryRole()
            .Takes("minPosition")
            .Describes<CalendarShown>("The calendar of a year, in its present version", 200, 404, 503);
        api.MapGet("/calendars", List)
            .AllowsEveryRole()
            .Takes("limit", "cursor", "minPosition")
            .Describes<Page<CalendarShown>>("The calendars that hold, one a year", 200, 503);
        api.MapPut("/calendars/{year}", Put)
            .Allows(Role.National)
            .TakesHeader("If-Match")
            .Describes<CalendarEntry, CalendarWritten>("Publishes a year, or amends it; deadlines that are open or provisional are computed again", 201, 412)
            .Produces<CalendarWritten>(200);
    }

    // All years are one stream, so the tag of one moves with the others: who amends a year has seen them all.
    private static async Task<IResult> Get(HttpContext http, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var year = Year(query);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var (history, version) = await Read(log, http.RequestAborted);
        if (Of(history, year) is not { } calendar)
        {
            return Problem.Refused(http, "notFound");
        }

        ETags.Set(http, version);
        return Results.Json(Show(calendar), Json.Options);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        var after = 0;
        if (query.Cursor(1) is [var last] && !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var (history, _) = await Read(log, http.RequestAborted);
        var items = history.Latest.Years.Where(y => y.Year > after).Take(limit + 1).Select(Show).ToList();
        return Results.Json(Paged.Cut(items, limit, i => [i.Year.ToString(CultureInfo.InvariantCulture)]), Json.Options);
    }

    private static async Task<IResult> Put(HttpContext http, Caller caller, Answers answers)
    {
        var query = Query.Of(http);
        var year = Year(query);
        var body = await Body.Read(http);
        var notice = body.Root.Text("notice", BodyObject.LongText);
        var rest = body.Root.Days("rest", MostDays, required: true);
        var makeUp = body.Root.Days("makeUp", MostDays, required: true);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        // Asked of sound lists only, whose places are the body's. The decision asks again.
        var faults = WorkingCalendar.Validate(new CalendarYear(year, 1, notice, rest, makeUp)).Take(Body.MaxFaults).Select(f => new Fault(f.Pointer, f.Code)).ToList();
        if (faults.Count > 0)
        {
            return Problem.Invalid(http, faults);
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.Calendars,
            Calendar.Stream,
            body,
            (history, today) => Calendar.Decide(history, year, notice, rest, makeUp, today, caller.Actor()),
            (history, events) => (events is [{ Version: 1 }] ? 201 : 200, new { year, version = Of(history, year)!.Version }),
            reference: true);
    }

    private static int Year(Query query) => query.PathInteger("year", BodyObject.FirstDay.Year, BodyObject.LastDay.Year);

    private static CalendarYear? Of(CalendarHistory history, int year) => history.Latest.Years.FirstOrDefault(y => y.Year == year);

    private static async Task<(CalendarHistory History, long Version)> Read(IEventStore log, CancellationToken cancellation)
    {
        var events = await log.ReadStream(Calendar.Stream, cancellation: cancellation);
        return (events.Aggregate(CalendarHistory.Empty, (history, e) => Calendar.Evolve(history, (Calendar.Published)e.Data)), events.Count);
    }

    private static CalendarShown Show(CalendarYear y) => new(y.Year, y.Version, y.Notice, y.Rest, y.MakeUp);
}
