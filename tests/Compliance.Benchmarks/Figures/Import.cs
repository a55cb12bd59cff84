using System.Diagnostics;
using System.Net;
using Compliance.Benchmarks.Generation;
using Compliance.Service.Cases;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// The whole way in: case reports sent as NDJSON over HTTP, with every process of the service running beside. The limit is that of the bulk append: COPY of the same rows. And the memory of the process during one long import, its sender included.
/// </summary>
internal static class Import
{
    /// <summary>Cases in one run: what a large hospital sends once a year, or a province every few days.</summary>
    private const long MostCasesInRun = 20_000;

    /// <summary>Of the one long import, unless there are fewer cases.</summary>
    private const long MostLines = 1_000_000;
    private const int LinesAtATime = 1_000;

    /// <summary>Which it is spread over, as what a country hands in at once is.</summary>
    private const int Days = 700;

    /// <summary>The first part and the last of the long import are compared.</summary>
    private const int Parts = 10;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static readonly string[] Names = ["import", "memory"];

    /// <param name="copied">Cases that COPY takes a second.</param>
    public static async Task Measure(Bench bench, World world, RunningService service, long cases, double? copied)
    {
        var inRun = (int)Math.Min(MostCasesInRun, cases / (2 * bench.Options.Runs));
        await Send(bench, world, service, (int)Load.WarmUp(cases, inRun));
        var before = await Bytes.Read(world, bench.Stop);
        var (rates, behind) = (new List<double>(), new List<double>());
        for (var run = 0; run < bench.Options.Runs; run++)
        {
            var (seconds, position) = await Send(bench, world, service, inRun);
            rates.Add(inRun / seconds);
            behind.Add(await Load.Seconds(() => service.Reached(RunningService.Rows, position, bench.Stop)));
            var judged = await Load.Seconds(() => service.Reached(RunningService.Standings, position, bench.Stop));
            Progress.Say($"import: run {run + 1} of {bench.Options.Runs}, {Numbers.Text(rates[^1])} cases a second; metrics {Numbers.Text(behind[^1])} s behind at its end, standings {Numbers.Text(judged)} s behind them");
        }

        // Only the whole way in writes them.
        var patients = (await Bytes.Read(world, bench.Stop)).Patients - before.Patients;
        bench.Report.Add(new("bytes-patients", "bytes/case", [(double)patients / inRun / bench.Options.Runs], [], Cases: cases));
        bench.Report.Add(new(
            "import", "cases/s", rates, copied is { } limit ? [limit] : [], new Aim(RatioAtLeast: 0.5), cases, Cost.Inverse, $"at its end metrics were {Numbers.Text(Numbers.Median(behind))} s behind"));
        if (bench.Options.Wants("memory"))
            await Memory(bench, world, service, cases);
    }

    private static async Task Memory(Bench bench, World world, RunningService service, long cases)
    {
        var lines = Math.Min(MostLines, cases);
        var receivedOn = service.Clock.Today;
        var progress = new Progress("memory: one import", lines, "lines");
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(bench.Stop);
        // What came before has left garbage that is not the service's.
        GC.Collect();
        var watch = MemoryOverTime(watching.Token);
        using var content = new StreamedLines(Enumerable.Range(0, (int)(lines / LinesAtATime)).Select(_ =>
        {
            progress.Add(LinesAtATime);
            return ReportLines.Of(Enumerable.Range(0, LinesAtATime).Select(n => world.Reports.Number(world.Cases++, receivedOn.AddDays(-(n % Days)))));
        }));
        var answer = await service.Post("/api/v1/cases/import", content, bench.Stop);
        await watching.CancelAsync();
        var memory = await watch;
        var (first, last) = (memory.Take(memory.Count / Parts).Max(), memory.TakeLast(memory.Count / Parts).Max());
        bench.Report.Add(new(
            "memory", "MiB", [memory.Max()], [], Cases: cases, Note: $"peak resident memory during one import of {answer["accepted"]!.GetValue<long>():N0} lines, with the sender in the same process; in its first tenth {Numbers.Text(first)}, in its last {Numbers.Text(last)}"));
    }

    private static async Task<(double Seconds, long Position)> Send(Bench bench, World world, RunningService service, int cases)
    {
        var receivedOn = service.Clock.Today;
        // Made beforehand: what a sender costs is not the service's.
        var lines = ReportLines.Of(Enumerable.Range(0, cases).Select(_ => world.Reports.Number(world.Cases++, receivedOn)));
        long position = 0;
        var seconds = await Load.Seconds(async () =>
        {
            var answer = await service.Post("/api/v1/cases/import", lines, ImportCases.MediaType, bench.Stop);
            if (answer["accepted"]!.GetValue<long>() != cases)
                throw new InvalidOperationException($"Not every line was accepted; the first fault: {answer["errors"]!.AsArray().FirstOrDefault()?.ToJsonString()}");
            position = answer["position"]!.GetValue<long>();
        });
        return (seconds, position);
    }

    private static async Task<List<double>> MemoryOverTime(CancellationToken stop)
    {
        var memory = new List<double>();
        using var process = Process.GetCurrentProcess();
        while (!stop.IsCancellationRequested)
        {
            process.Refresh();
            memory.Add(process.WorkingSet64 / (double)(1 << 20));
            await Task.Delay(Look, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return memory;
    }

    /// <summary>Lines made as they are sent, so that the sender keeps none of them.</summary>
    private sealed class StreamedLines : HttpContent
    {
        private readonly IEnumerable<byte[]> _lines;

        public StreamedLines(IEnumerable<byte[]> lines)
        {
            _lines = lines;
            Headers.ContentType = new(ImportCases.MediaType);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (var lines in _lines)
                await stream.WriteAsync(lines);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
