using Compliance.Cases;
using Compliance.Service;

namespace Compliance.Benchmarks.Figures;

/// <summary>A complication is reported of a case that is there: load, fold, decide, append. The limit: the same decision with bare SQL in two round trips, each caller on a connection of its own.</summary>
internal static class Decide
{
    private static readonly (int Callers, double Aim)[] Measured = [(1, 0.8), (16, 1.2)];

    private static readonly Actor By = new("hospital", "quality-officer");

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static readonly string[] Names = [.. Measured.Select(m => $"decide-{m.Callers}")];

    /// <param name="streams">The cases that stand in both logs alike.</param>
    public static async Task Measure(Bench bench, World world, int streams)
    {
        var names = Enumerable.Range(0, streams).Select(i => Case.Stream(world.Reports.Number(i).CaseId)).ToArray();
        var commands = new Commands(world.Log, world.Database.Source, world.Clock);
        long ours = 0;
        long theirs = 0;

        // Every time round, another day: the same complication again would change nothing.
        Decision<Case.Event> Report(Case.State state, long n) => Case.ReportComplication(
            state, new("vasospasm", Severe: false, World.Today.AddDays((int)(n / streams)), Relation.Related), World.Today, By);

        foreach (var (callers, aim) in Measured)
        {
            var name = $"decide-{callers}";
            if (!bench.Options.Wants(name))
                continue;
            var bare = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => BareCaller.Open(world.Database, bench.Stop)));
            Task<double> Ours(TimeSpan duration) => Load.Rate(
                callers,
                duration,
                async _ =>
                {
                    var n = Interlocked.Increment(ref ours);
                    var outcome = await commands.Execute(Aggregates.Cases, names[n % streams], (state, _) => Report(state, n), CancellationToken.None);
                    if (outcome is not Outcome<Case.State, Case.Event>.Done { Events.Count: 1 })
                        throw new InvalidOperationException($"A complication was answered with {outcome}.");
                },
                bench.Stop);
            Task<double> Limit(TimeSpan duration) => Load.Rate(
                callers,
                duration,
                caller =>
                {
                    var n = Interlocked.Increment(ref theirs);
                    return bare[caller].Decide(names[n % streams], state => Report(state, n), bench.Stop);
                },
                bench.Stop);
            await Ours(WarmUp);
            await Limit(WarmUp);
            var (measured, limit) = await Load.Alternate(name, bench.Options.Runs, _ => Ours(bench.Options.Run), _ => Limit(bench.Options.Run));
            bench.Report.Add(new(name, "commands/s", measured, limit, new Aim(RatioAtLeast: aim)));
            foreach (var caller in bare)
                await caller.DisposeAsync();
        }
    }
}
