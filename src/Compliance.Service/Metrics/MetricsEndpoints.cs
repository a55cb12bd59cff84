using Compliance.Metrics;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Metrics;

/// <summary>The counts and rates of the rolling year that ends on a day, and of many such days as a series.</summary>
public static class MetricsEndpoints
{
    /// <summary>A leap year of days. Each point sums a year, so more would be a query without bound.</summary>
    public const int MaxPoints = 366;

    public enum Step
    {
        Day,
        Month,
    }

    public sealed record MetricsItem(SubjectShown Subject, string Technique, DateOnly AsOf, WindowShown Window, CountsShown Counts, RatesShown Rates);

    public sealed record MetricsAnswer(SubjectShown Subject, string Technique, DateOnly AsOf, WindowShown Window, CountsShown Counts, RatesShown Rates, long Position);

    public sealed record SeriesAnswer(IReadOnlyList<MetricsItem> Items, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/institutions/{id}/metrics", (HttpContext http, Reads reads) => Show(http, reads, SubjectKind.Institution))
            .Allows(Role.Hospital, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Institution)
            .Takes("technique", "asOf", "minPosition").Describes<MetricsAnswer>("Counts and rates of an institution's rolling year", 200, 400, 404, 503);
        api.MapGet("/physicians/{id}/metrics", (HttpContext http, Reads reads) => Show(http, reads, SubjectKind.Physician))
            .Allows(Role.Physician, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Physician)
            .Takes("technique", "asOf", "minPosition").Describes<MetricsAnswer>("Counts and rates of a physician's rolling year, over all institutions", 200, 400, 404, 503);
        api.MapGet("/institutions/{id}/metrics/series", (HttpContext http, Reads reads, Clock clock) => ShowSeries(http, reads, clock, SubjectKind.Institution))
            .Allows(Role.Hospital, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Institution)
            .Takes("technique", "from", "to", "step", "minPosition").Describes<SeriesAnswer>("An institution's rolling years that end on the days from `from` to `to`, or on the last days of their months", 200, 400, 404, 503);
        api.MapGet("/physicians/{id}/metrics/series", (HttpContext http, Reads reads, Clock clock) => ShowSeries(http, reads, clock, SubjectKind.Physician))
            .Allows(Role.Physician, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Physician)
            .Takes("technique", "from", "to", "step", "minPosition").Describes<SeriesAnswer>("A physician's rolling years that end on the days from `from` to `to`, or on the last days of their months", 200, 400, 404, 503);
    }

    private static async Task<IResult> Show(HttpContext http, Reads reads, SubjectKind kind)
    {
        var query = Query.Of(http);
        var subject = new Subject(kind, query.PathId("id"));
        var technique = query.Text("technique");
        var asOf = reads.AsOf(query);
        var minPosition = query.Position();
        var reference = await Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        if (!await SubjectAccess.Exists(snapshot.Connection, subject, http.RequestAborted))
        {
            return Problem.Hidden(http);
        }

        var item = (await Items(snapshot, reference, subject, technique, [asOf], http.RequestAborted))[0];
        return Results.Json(new MetricsAnswer(item.Subject, item.Technique, item.AsOf, item.Window, item.Counts, item.Rates, snapshot.Position), Json.Options);
    }

    private static async Task<IResult> ShowSeries(HttpContext http, Reads reads, Clock clock, SubjectKind kind)
    {
        var query = Query.Of(http);
        var subject = new Subject(kind, query.PathId("id"));
        var technique = query.Text("technique");
        var from = query.Day("from");
        var to = query.Day("to");
        var step = query.OptionalChoice<Step>("step") ?? Step.Day;
        var minPosition = query.Position();
        var reference = await Known(query, reads, technique, http.RequestAborted);
        if (!query.HasFaults && to > clock.Today)
        {
            query.Fault("to", "futureDay");
        }

        if (!query.HasFaults && to < from)
        {
            query.Fault("to", "endsBeforeItBegins");
        }

        var days = query.HasFaults ? [] : Days(from, to, step).Take(MaxPoints + 1).ToList();
        if (days.Count > MaxPoints)
        {
            query.Fault("to", "tooManyPoints", MaxPoints);
        }

        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        return await SubjectAccess.Exists(snapshot.Connection, subject, http.RequestAborted)
            ? Results.Json(new SeriesAnswer(await Items(snapshot, reference, subject, technique, days, http.RequestAborted), snapshot.Position), Json.Options)
            : Problem.Hidden(http);
    }

    /// <summary>The reference data, with a fault when no regulation knows the technique.</summary>
    internal static async Task<Reference> Known(Query query, Reads reads, string? technique, CancellationToken cancellation)
    {
        var reference = await reads.Reference(cancellation);
        if (!string.IsNullOrEmpty(technique) && !reference.Regulations.Techniques.Contains(technique))
        {
            query.Fault("technique", "unknownTechnique");
        }

        return reference;
    }

    /// <summary>Each day, both ends included; or the last day of each month among them, and the last of all in any case.</summary>
    internal static IEnumerable<DateOnly> Days(DateOnly from, DateOnly to, Step step)
    {
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            if (step == Step.Day || day == to || day.Day == DateTime.DaysInMonth(day.Year, day.Month))
            {
                yield return day;
            }
        }
    }

    private static async Task<IReadOnlyList<MetricsItem>> Items(
        Snapshot snapshot, Reference reference, Subject subject, string technique, IReadOnlyList<DateOnly> days, CancellationToken cancellation)
    {
        var counts = await CountsQuery.Read(
            snapshot.Connection, [.. days.Select(day => new CountsAsked(subject, technique, DaySpan.RollingYear(day), day))], cancellation);
        return [.. days.Select((day, i) => Item(reference.Regulations.ForDefinitions(technique, day)!, subject, day, counts[i]))];
    }

    private static MetricsItem Item(Regulation definitions, Subject subject, DateOnly asOf, Counts counts)
    {
        var window = DaySpan.RollingYear(asOf);
        return new(SubjectShown.Of(subject), definitions.Technique, asOf, new(window.From, window.To), CountsShown.Of(counts), RatesShown.Of(definitions, counts));
    }
}
