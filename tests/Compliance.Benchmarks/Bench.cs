using Compliance.Benchmarks.Figures;

namespace Compliance.Benchmarks;

/// <summary>One run of everything that was asked for.</summary>
internal sealed record Bench(Options Options, Cluster Cluster, Report Report, CancellationToken Stop)
{
    /// <summary>Every figure there is.</summary>
    public static readonly string[] Names =
    [
        .. Appends.Names, .. Decide.Names, .. BulkAppend.Names, .. CatchUp.Names, .. Bytes.Names, .. Closing.Names,
        .. SubjectMetrics.Names, .. Dashboards.Names, .. Import.Names, .. Freshness.Names,
    ];

    /// <returns>0 when every aim is met; 1 when one is not; 130 when the run was interrupted.</returns>
    public static async Task<int> Run(Options options, CancellationToken stop)
    {
        Report? report = null;
        var interrupted = false;
        try
        {
            Directory.CreateDirectory(options.Data);
            Progress.Say($"Making a cluster in {options.Data}");
            await using var cluster = await Cluster.Start(options.Data, stop);
            var machine = await Machine.Read(cluster.Server, stop);
            report = new Report(options, machine);
            Console.WriteLine(machine);
            var bench = new Bench(options, cluster, report, stop);
            if (options.Wants([.. Appends.Names, .. Decide.Names]))
                await bench.Small();
            foreach (var cases in options.Cases)
                await bench.At(cases);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            interrupted = true;
        }

        if (report is null)
            return 130;
        Console.WriteLine(report.Table());
        Console.WriteLine(interrupted ? "Interrupted." : $"Written to {Path.Combine(options.Output, Report.FileName)}");
        return interrupted ? 130 : report.Figures.Any(f => f.IsMet == false) ? 1 : 0;
    }

    /// <summary>What concerns one stream at a time, on a log of a size that fits into memory.</summary>
    private async Task Small()
    {
        const int streams = 20_000;
        await using var world = await World.Create(this, "small");
        await world.Fill(streams);
        await BareTables.Make(world);
        await Appends.Measure(this, world);
        await Decide.Measure(this, world, streams);
    }

    /// <summary>What depends on how many cases there are.</summary>
    private async Task At(long cases)
    {
        if (!Options.Wants(Names.Except([.. Appends.Names, .. Decide.Names])))
            return;
        Progress.Say($"At {cases:N0} cases");
        await using var world = await World.Create(this, $"cases_{cases}");
        await world.Register();
        var before = await Bytes.Read(world, Stop);
        var limit = await BulkAppend.Measure(this, world, cases);
        await CatchUp.Measure(this, world, cases);
        if (Options.Wants(Bytes.Names))
            Bytes.Add(this, world, before, await Bytes.Read(world, Stop), cases);
        if (!Options.Wants(["rebuild", .. Closing.Names, .. SubjectMetrics.Names, .. Dashboards.Names, .. Import.Names, "bytes-patients", .. Freshness.Names]))
            return;

        // As autovacuum would have by the time a log has grown so long.
        await world.Execute("vacuum analyze");
        await using var service = await RunningService.Start(world.Database, Stop);
        await service.Reached(RunningService.Standings, await world.Log.Head(Stop), Stop);
        if (Options.Wants("rebuild"))
            await CatchUp.Rebuild(this, world, cases);
        if (Options.Wants([.. Closing.Names, .. Dashboards.Names]))
            await Closing.Measure(this, world, service, cases);
        if (Options.Wants(SubjectMetrics.Names))
            await SubjectMetrics.Measure(this, world, service, cases);
        if (Options.Wants(Dashboards.Names))
            await Dashboards.Measure(this, world, service, cases);
        if (Options.Wants([.. Import.Names, "bytes-patients"]))
            await Import.Measure(this, world, service, cases, limit);
        if (Options.Wants(Freshness.Names))
            await Freshness.Measure(this, world, service, cases);
    }
}
