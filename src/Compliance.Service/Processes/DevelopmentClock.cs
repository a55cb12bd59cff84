using Compliance.Calendars;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>In Development only: time can be moved forward, day by day, so that a year is lived through in a minute.</summary>
public static class DevelopmentClock
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/dev/clock", (Clock clock) => Results.Json(new Shown(clock.Now), Json.Options)).AllowsAnyone().Describes<Shown>("The service's time; in Development only");
        app.MapPost("/dev/clock", Move).AllowsAnyone().Describes<Wanted, Shown>("Moves the service's time forward, closing every day in between; in Development only", 200, 409);
    }

    private sealed record Shown(DateTimeOffset Now);

    private sealed record Wanted(DateTimeOffset Now);

    private static async Task<IResult> Move(HttpContext http, Clock clock, NpgsqlDataSource database, IEventStore log, DayCloser closer)
    {
        var body = await Body.Read(http);
        var now = body.Root.Instant("now");
        if (body.Refused(http) is { } refused)
        {
            return refused;
        }

        if (await log.Head(http.RequestAborted) == 0)
        {
            await clock.Set(database, now, http.RequestAborted);
            return Results.Json(new Shown(clock.Now), Json.Options);
        }

        if (now < clock.Now)
        {
            return Problem.Of(http, 409, "clockRunsForward");
        }

        // Through every midnight in turn, so that each day's decisions are recorded on the day they would have been.
        while (await closer.LastClosed(http.RequestAborted) is { } last && Shanghai.EndOf(last.AddDays(1)) is var end && end <= now)
        {
            var after = end + DayCloser.Grace;
            await clock.Set(database, after < now ? (after > clock.Now ? after : clock.Now) : now, http.RequestAborted);
            await closer.CloseDue(after <= now ? DayCloser.Grace : TimeSpan.Zero, http.RequestAborted);
        }

        if (now > clock.Now)
        {
            await clock.Set(database, now, http.RequestAborted);
        }

        // Another node may have been first to close a day; and whoever moves time wants to see what it brought.
        await closer.Settled(http.RequestAborted);
        await Checkpoints.WaitFor(database, ReadSchema.Living.Standings, await log.Head(http.RequestAborted), Checkpoints.LongestWait, http.RequestAborted);
        return Results.Json(new Shown(clock.Now), Json.Options);
    }
}
