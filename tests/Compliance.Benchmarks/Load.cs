using System.Diagnostics;

namespace Compliance.Benchmarks;

/// <summary>Ways of letting something run and saying how fast it was.</summary>
internal static class Load
{
    /// <summary>
    /// Cases before the first run: the first of them compile the way that the others take; the next touch the pages that all of them need, which were read long ago or never. Until then the disk is measured.
    /// </summary>
    public static long WarmUp(long cases, long inRun) => Math.Max(Math.Min(1_000, inRun), cases / 50);

    /// <summary>Times a second that so many callers, each waiting for its own last answer, got one.</summary>
    public static async Task<double> Rate(int callers, TimeSpan duration, Func<int, Task> one, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(
            async () =>
            {
                long count = 0;
                while (Stopwatch.GetElapsedTime(started) < duration)
                {
                    stop.ThrowIfCancellationRequested();
                    await one(caller);
                    count++;
                }

                return count;
            },
            stop)));
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Both sides in turn, each beginning every other run: whatever drifts, drifts under both.</summary>
    public static async Task<(double[] Ours, double[] Limit)> Alternate(string what, int runs, Func<int, Task<double>> ours, Func<int, Task<double>> limit)
    {
        var (a, b) = (new double[runs], new double[runs]);
        for (var run = 0; run < runs; run++)
        {
            if (run % 2 == 0)
                (a[run], b[run]) = (await ours(run), await limit(run));
            else
                (b[run], a[run]) = (await limit(run), await ours(run));
            Progress.Say($"{what}: run {run + 1} of {runs}, {Numbers.Text(a[run])} against {Numbers.Text(b[run])}");
        }

        return (a, b);
    }

    public static async Task<double> Seconds(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
