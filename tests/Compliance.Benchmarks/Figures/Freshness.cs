using System.Collections.Concurrent;
using System.Diagnostics;
using Compliance.Benchmarks.Generation;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// From a report's answer to metrics that show it. First so many callers post single reports as fast as they are answered: the ingest limit. Then reports arrive at half that rate, whether or not the service keeps up, and for some of them the institution's metrics are asked for at the position that was answered.
/// </summary>
internal static class Freshness
{
    private const int Callers = 32;
    private const double ProbesPerSecond = 40;

    /// <summary>More than this unanswered means that half the limit is too much.</summary>
    private const int MostWaiting = 5_000;

    public static readonly string[] Names = ["freshness-p50", "freshness-p99"];

    public static async Task Measure(Bench bench, World world, RunningService service, long cases)
    {
        async Task<(GeneratedCase Case, long Position)> Report(GeneratedCase c)
        {
            var answer = await service.Post("/api/v1/cases", ReportLines.Of(c), "application/json", bench.Stop);
            return (c, answer["position"]!.GetValue<long>());
        }

        var receivedOn = service.Clock.Today;
        var numbers = world.Cases;
        GeneratedCase Next() => world.Reports.Number(Interlocked.Increment(ref numbers), receivedOn);
        await Load.Rate(Callers, bench.Options.Run, _ => Report(Next()), bench.Stop);
        var limit = await Load.Rate(Callers, bench.Options.Run, _ => Report(Next()), bench.Stop);
        var rate = limit / 2;
        Progress.Say($"freshness: {Numbers.Text(limit)} reports a second are answered; now {Numbers.Text(rate)} arrive");

        var (p50, p99, acknowledged) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < bench.Options.Runs; run++)
        {
            await service.Reached(RunningService.Standings, await world.Log.Head(bench.Stop), bench.Stop);
            var shown = new ConcurrentBag<double>();
            var answered = new ConcurrentBag<double>();
            await Arrive(rate, 2 * bench.Options.Run, async probe =>
            {
                var asked = Stopwatch.GetTimestamp();
                var (c, position) = await Report(Next());
                var at = Stopwatch.GetTimestamp();
                answered.Add(Stopwatch.GetElapsedTime(asked, at).TotalMilliseconds);
                if (!probe)
                    return;
                await service.Get($"/api/v1/institutions/{c.Institution}/metrics?technique={Nation.Technique}&minPosition={position}", bench.Stop);
                shown.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            });
            p50.Add(Numbers.Percentile([.. shown], 0.5));
            p99.Add(Numbers.Percentile([.. shown], 0.99));
            acknowledged.Add(Numbers.Percentile([.. answered], 0.99));
            Progress.Say($"freshness: run {run + 1} of {bench.Options.Runs}, p50 {Numbers.Text(p50[^1])} ms, p99 {Numbers.Text(p99[^1])} ms over {shown.Count} reports");
        }

        world.Cases = numbers + 1;
        bench.Report.Add(new(Names[0], "ms", p50, [], Cases: cases, Note: $"at {Numbers.Text(rate)} reports a second, half of what {Callers} callers get answered; p99 of the answer itself {Numbers.Text(Numbers.Median(acknowledged))} ms"));
        bench.Report.Add(new(Names[1], "ms", p99, [], new Aim(Below: 250), cases));
    }

    /// <summary>Open loop: each begins at its time, however long those before it take.</summary>
    private static async Task Arrive(double rate, TimeSpan duration, Func<bool, Task> one)
    {
        var running = new List<Task>();
        var started = Stopwatch.GetTimestamp();
        var every = Math.Max(1, (int)(rate / ProbesPerSecond));
        var total = (int)(rate * duration.TotalSeconds);
        for (var i = 0; i < total; i++)
        {
            var due = TimeSpan.FromSeconds(i / rate) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1))
                await Task.Delay(due);
            var probe = i % every == 0;
            running.Add(Task.Run(() => one(probe)));
            if (i % MostWaiting == 0 && running.Count(t => !t.IsCompleted) > MostWaiting)
                throw new InvalidOperationException("The service does not keep up with half of its own limit.");
        }

        await Task.WhenAll(running);
    }
}
