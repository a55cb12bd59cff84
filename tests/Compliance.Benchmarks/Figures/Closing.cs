using System.Diagnostics;
using System.Globalization;
using Compliance.Calendars;
using Compliance.Service.EventStore;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// A day passes: from the day's end standing in the log to the counts and findings of every qualified subject written down; and on to the monitor's decisions and everybody's standing refreshed.
/// </summary>
internal static class Closing
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    /// <summary>Minutes of closing are enough to know; the number of runs is shown.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(4);

    public static readonly string[] Names = ["closing-day", "closing-monitor"];

    /// <summary>The cases of the fill are of the past: who judges and shows need not go through them one by one before the first closing, which refreshes everybody.</summary>
    public static async Task SkipToEnd(World world, CancellationToken stop)
    {
        var head = await world.Log.Head(stop);
        await using var connection = await world.Database.Source.OpenConnectionAsync(stop);
        foreach (var follower in RunningService.Followers)
        {
            var at = await Checkpoints.Read(connection, follower, stop);
            if (at < head)
                await Checkpoints.Move(connection, follower, at, head, stop);
        }
    }

    public static async Task Measure(Bench bench, World world, RunningService service, long cases)
    {
        var started = Stopwatch.GetTimestamp();
        // The first brings to light what two years have left behind; the days after it are the daily work.
        var first = await CloseNext(world, service, bench.Stop);
        if (!bench.Options.Wants(Names))
            return;
        var (closings, monitors) = (new List<double>(), new List<double>());
        while (closings.Count < bench.Options.Runs && (closings.Count < 2 || Stopwatch.GetElapsedTime(started) < Enough))
        {
            var (closing, monitor, decisions) = await CloseNext(world, service, bench.Stop);
            closings.Add(closing);
            monitors.Add(monitor);
            Progress.Say($"closing: run {closings.Count} of {bench.Options.Runs}, {Numbers.Text(closing)} s, {Numbers.Text(monitor)} s more with {decisions} decisions");
        }

        var subjects = world.Nation.Institutions.Count + world.Nation.Physicians.Count;
        bench.Report.Add(new(
            "closing-day", "s", closings, [], new Aim(Below: 10), cases, Note: $"{subjects:N0} qualified subjects; the first day of all took {Numbers.Text(first.Closing)} s"));
        bench.Report.Add(new(
            "closing-monitor", "s", monitors, [], Cases: cases, Note: $"decisions and standings, after the closing; the first day of all took {Numbers.Text(first.Monitor)} s with {first.Decisions:N0} decisions"));
    }

    private static async Task<(double Closing, double Monitor, long Decisions)> CloseNext(World world, RunningService service, CancellationToken stop)
    {
        var before = await world.Log.ReadStream(Day.Stream, cancellation: stop);
        var next = ((Day.Closed)before[^1].Data).Date.AddDays(1);
        // An hour past midnight: no second day ends meanwhile.
        var now = Shanghai.EndOf(next).AddHours(1).ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
        var moving = service.Post("/dev/clock", new { now }, stop);
        IReadOnlyList<RecordedEvent> closed;
        while ((closed = await world.Log.ReadStream(Day.Stream, before[^1].Version + 1, stop)).Count == 0)
        {
            if (moving.IsCompleted)
                throw new InvalidOperationException($"The clock was moved past {next:O}, and the day was not closed: {await moving}");
            await Task.Delay(Look, stop);
        }

        var position = closed[0].Position;
        var closing = await Load.Seconds(() => service.Reached(RunningService.Followers[0], position, stop));
        var monitor = await Load.Seconds(() => service.Reached(RunningService.Followers[^1], position, stop));
        try
        {
            await moving;
        }
        catch (InvalidOperationException)
        {
            // The service gives the monitor five minutes and then answers with an error; the first day may take longer, and was waited for here.
        }

        // What was decided stands behind the day; nothing else writes.
        var decisions = await world.Log.Head(stop) - position;
        return (closing, monitor, decisions);
    }
}
