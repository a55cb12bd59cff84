using Compliance.Benchmarks.Generation;
using Compliance.Cases;
using Compliance.Service;
using Compliance.Service.EventStore;

namespace Compliance.Benchmarks.Figures;

/// <summary>Single-event appends to new streams. The limit: a stream row and an event row in one transaction and one round trip, prepared, each caller on a connection of its own.</summary>
internal static class Appends
{
    private static readonly (int Callers, double Aim)[] Measured = [(1, 0.8), (16, 1.6), (64, 3)];

    /// <summary>Different events, written over and over under new names.</summary>
    private const int Pool = 5_000;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static readonly string[] Names = [.. Measured.Select(m => $"appends-{m.Callers}")];

    public static async Task Measure(Bench bench, World world)
    {
        var events = Enumerable.Range(0, Pool).Select(i => world.Reports.Events(world.Reports.Number(i))[0]).ToArray();
        var bytes = events.Select(e => (double)StorableJson.Serialize(e, EventTable.Types.For(e.GetType())).Json.Length).ToArray();
        long made = 0;
        (string Stream, object Data) Next()
        {
            var n = Interlocked.Increment(ref made);
            Span<byte> id = stackalloc byte[16];
            Dice.Of(bench.Options.Seed, n).Fill(id);
            return (Case.Stream(new Guid(id)), events[n % Pool]);
        }

        foreach (var (callers, aim) in Measured)
        {
            var name = $"appends-{callers}";
            if (!bench.Options.Wants(name))
                continue;
            var bare = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => BareCaller.Open(world.Database, bench.Stop)));
            Task<double> Ours(TimeSpan duration) => Load.Rate(
                callers,
                duration,
                async _ =>
                {
                    var (stream, data) = Next();
                    if (await world.Log.Append(new(stream, 0, [data])) is not AppendResult.Appended)
                        throw new InvalidOperationException("An append was refused.");
                },
                bench.Stop);
            Task<double> Limit(TimeSpan duration) => Load.Rate(
                callers,
                duration,
                caller =>
                {
                    var (stream, data) = Next();
                    return bare[caller].AppendNew(stream, data, bench.Stop);
                },
                bench.Stop);
            await Ours(WarmUp);
            await Limit(WarmUp);
            var (ours, limit) = await Load.Alternate(name, bench.Options.Runs, _ => Ours(bench.Options.Run), _ => Limit(bench.Options.Run));
            bench.Report.Add(new(name, "events/s", ours, limit, new Aim(RatioAtLeast: aim), Note: $"events of {bytes.Average():N0} bytes on average, nine in ten of {Numbers.Percentile(bytes, 0.05):N0} to {Numbers.Percentile(bytes, 0.95):N0}"));
            foreach (var caller in bare)
                await caller.DisposeAsync();
        }
    }
}
