using System.Diagnostics;
using System.Globalization;
using Compliance.Calendars;
using Compliance.Service.EventStore;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// A day passes: from the day's end standing in the log to the counts and findings of every qualified subject written down; and on to the monitor's decisions and everybody's standing refreshed; and what another limit would have made of it.
/// </summary>
internal static class Closing
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    /// <summary>Minutes of closing are enough to know; the number of runs is shown.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(4);

    public static readonly string[] Names = ["closing-day", "closing-monitor", "closing-standings", "what-if-day"];

    public static async Task Measure(Bench bench, World world, RunningService service, long cases)
    {
        var started = Stopwatch.GetTimestamp();
        // The first brings to light what two years have left behind; the days after it are the daily work.
        var first = await CloseNext(world, service, bench.Stop);
        if (!bench.Options.Wants(Names))
            return;
        var days = new List<Passed>();
        while (days.Count < bench.Options.Runs && (days.Count < 2 || Stopwatch.GetElapsedTime(started) < Enough))
        {
            days.Add(await CloseNext(world, service, bench.Stop));
            Progress.Say($"closing: run {days.Count} of {bench.Options.Runs}, {days[^1]}");
        }

        var subjects = world.Nation.Institutions.Count + world.Nation.Physicians.Count;
        bench.Report.Add(new(Names[0], "s", [.. days.Select(d => d.Closing)], [], new Aim(Below: 10), cases, Note: $"{subjects:N0} qualified subjects; the first day of all: {first}"));
        bench.Report.Add(new(Names[1], "s", [.. days.Select(d => d.Monitor)], [], Cases: cases));
        bench.Report.Add(new(Names[2], "s", [.. days.Select(d => d.Standings)], [], Cases: cases));
        var tried = new List<double>();
        while (tried.Count < bench.Options.Runs)
            tried.Add(await Load.Seconds(() => service.Post("/api/v1/regulations/what-if", new { technique = "neurovascular", limits = new[] { new { clause = "NV-RATE-MORT", limit = 2 } } }, bench.Stop)));
        bench.Report.Add(new(Names[3], "s", tried, [], new Aim(Below: 10), cases, Note: "a limit changed, over the last day closed"));
    }

    /// <summary>Seconds, each after the one before.</summary>
    private sealed record Passed(double Closing, double Monitor, double Standings, long Decisions)
    {
        public override string ToString() =>
            $"closed in {Numbers.Text(Closing)} s, {Decisions:N0} decisions in {Numbers.Text(Monitor)} s, standings in {Numbers.Text(Standings)} s";
    }

    private static async Task<Passed> CloseNext(World world, RunningService service, CancellationToken stop)
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
        var closing = await Load.Seconds(() => service.Reached(RunningService.Rows, position, stop));
        var monitor = await Load.Seconds(() => service.Reached(RunningService.Monitor, position, stop));
        var standings = await Load.Seconds(() => service.Reached(RunningService.Standings, position, stop));
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
        return new(closing, monitor, standings, decisions);
    }
}
