namespace Compliance.Benchmarks.Figures;

/// <summary>
/// Bulk appends to new streams, a thousand events a call: the last part of filling the log. The limit: binary COPY of the same stream and event rows, a thousand at a time, each a transaction, into bare tables that hold as much.
/// </summary>
internal static class BulkAppend
{
    /// <summary>Cases in one run: a second or two of work, and a fraction of what is there.</summary>
    private const long MostCasesInRun = 20_000;

    public static readonly string[] Names = ["bulk"];

    /// <summary>Fills the log, to the last case.</summary>
    /// <returns>Cases that COPY takes a second; null where nobody asked.</returns>
    public static async Task<double?> Measure(Bench bench, World world, long cases)
    {
        // What the import is held against, too.
        if (!bench.Options.Wants([.. Names, .. Import.Names]))
        {
            await world.Fill(cases);
            return null;
        }

        var runs = bench.Options.Runs;
        var inRun = Math.Min(MostCasesInRun, cases / (2 * runs));
        var warmUp = Load.WarmUp(cases, inRun);
        await world.Fill(cases - warmUp - (runs * inRun));
        await BareTables.Make(world);
        var (ours, limit) = (new double[runs], new double[runs]);
        await using (var connection = await world.Database.Source.OpenConnectionAsync(bench.Stop))
        {
            foreach (var batch in world.Next(warmUp))
            {
                await world.Append(batch);
                await BareTables.Copy(connection, batch, bench.Stop);
            }

            for (var run = 0; run < runs; run++)
            {
                var batches = world.Next(inRun).ToList();
                async Task Append()
                {
                    foreach (var batch in batches)
                        await world.Append(batch);
                }

                async Task Copy()
                {
                    foreach (var batch in batches)
                        await BareTables.Copy(connection, batch, bench.Stop);
                }

                var (first, second) = run % 2 == 0 ? ((Func<Task>)Append, (Func<Task>)Copy) : (Copy, Append);
                var (a, b) = (inRun / await Load.Seconds(first), inRun / await Load.Seconds(second));
                (ours[run], limit[run]) = run % 2 == 0 ? (a, b) : (b, a);
                Progress.Say($"bulk: run {run + 1} of {runs}, {Numbers.Text(ours[run])} against {Numbers.Text(limit[run])} cases a second");
            }
        }

        await BareTables.Drop(world);
        bench.Report.Add(new("bulk", "cases/s", ours, limit, new Aim(RatioAtLeast: 0.85), cases, Cost.Inverse));
        return Numbers.Median(limit);
    }
}
