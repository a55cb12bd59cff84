using System.CommandLine;

namespace Compliance.Benchmarks;

/// <summary>What is measured, how large and how often.</summary>
/// <param name="Cases">Sizes, rising.</param>
/// <param name="Seconds">How long one run of a figure of rates lasts.</param>
/// <param name="Subjects">Qualified institutions and physicians.</param>
/// <param name="Only">The figures, or groups of figures, to run; none for all.</param>
/// <param name="Output">Where <c>bench.json</c> goes.</param>
/// <param name="Data">Where the cluster lies while it lasts.</param>
internal sealed record Options(IReadOnlyList<long> Cases, int Runs, double Seconds, int Subjects, long Seed, IReadOnlyList<string> Only, string Output, string Data)
{
    public TimeSpan Run => TimeSpan.FromSeconds(Seconds);

    /// <summary>A group's name stands for all its figures: <c>appends</c> for <c>appends-16</c>.</summary>
    public bool Wants(params IEnumerable<string> figures) =>
        Only.Count == 0 || figures.Any(f => Only.Any(o => Names(o, f)));

    private static bool Names(string only, string figure) => figure == only || figure.StartsWith(only + "-", StringComparison.Ordinal);

    /// <summary>The command line, read; the run itself is handed in, so that there is one place that knows the options.</summary>
    public static RootCommand Command(Func<Options, CancellationToken, Task<int>> run)
    {
        var cases = new Option<long[]>("--cases") { Description = "Cases in the log; several sizes show whether the cost of one stays flat.", DefaultValueFactory = _ => [100_000] };
        var runs = new Option<int>("--runs") { Description = "Runs of which the median is shown.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<double>("--seconds") { Description = "Length of one run of a rate.", DefaultValueFactory = _ => 3 };
        var subjects = new Option<int>("--subjects") { Description = "Qualified institutions and physicians.", DefaultValueFactory = _ => 50_000 };
        var seed = new Option<long>("--seed") { Description = "The same seed generates the same cases.", DefaultValueFactory = _ => 20120709 };
        var only = new Option<string[]>("--only") { Description = $"Figures or groups: {string.Join(", ", Bench.Names)}.", DefaultValueFactory = _ => [] };
        var output = new Option<string>("--output") { Description = "Directory of bench.json.", DefaultValueFactory = _ => Path.Combine(AppContext.BaseDirectory, "results") };
        var data = new Option<string>("--data") { Description = "Directory in which the cluster is made, and removed at the end.", DefaultValueFactory = _ => Path.GetTempPath() };
        Require(cases, c => c.Length > 0 && c.All(n => n >= 1_000), "at least 1000 cases");
        Require(runs, r => r is > 0 and <= 100, "1 to 100 runs");
        Require(seconds, s => s is > 0 and <= 600, "at most 600 seconds");
        Require(subjects, s => s is >= 100 and <= 1_000_000, "100 to 1000000 subjects");
        Require(only, of => of.All(o => Bench.Names.Any(n => Names(o, n))), "names of figures, or of groups");
        var command = new RootCommand("Measures the event store, the projections and the service against what PostgreSQL itself can do.") { cases, runs, seconds, subjects, seed, only, output, data };
        command.SetAction((parsed, stop) => run(
            new(
                [.. parsed.GetValue(cases)!.Order().Distinct()],
                parsed.GetValue(runs),
                parsed.GetValue(seconds),
                parsed.GetValue(subjects),
                parsed.GetValue(seed),
                parsed.GetValue(only)!,
                Path.GetFullPath(parsed.GetValue(output)!),
                Path.GetFullPath(parsed.GetValue(data)!)),
            stop));
        return command;
    }

    private static void Require<T>(Option<T> option, Func<T, bool> holds, string what) => option.Validators.Add(result =>
    {
        if (result.Errors.Any() || !holds(result.GetValue(option)!))
            result.AddError($"{option.Name} takes {what}.");
    });
}
