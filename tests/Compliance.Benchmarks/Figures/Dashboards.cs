using Compliance.Benchmarks.Generation;
using Compliance.Metrics;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// A page of a dashboard, over HTTP, against the same sums computed from the table of cases. The aim is that of a national log; below a million cases there is little to sum up, and the figures are only reported.
/// </summary>
internal static class Dashboards
{
    private const long LargeFrom = 1_000_000;
    private const int Calls = 50;
    private const string Province = "44";

    public static readonly string[] Names = ["dashboard-provinces", "dashboard-compliance"];

    public static async Task Measure(Bench bench, World world, RunningService service, long cases)
    {
        var days = DaySpan.RollingYear(service.Clock.Today);
        var aim = cases >= LargeFrom ? new Aim(RatioAtMost: 0.01) : null;
        await using var connection = await world.Database.Source.OpenConnectionAsync(bench.Stop);
        foreach (var (name, path, sql, values) in new[]
        {
            (Names[0], $"/api/v1/dashboards/provinces?technique={Nation.Technique}", ReadSql.ProvincesFromCases, new object[] { Nation.Technique, days.From, days.To }),
            (Names[1], $"/api/v1/dashboards/compliance?technique={Nation.Technique}&kind=institution&province={Province}&limit=50", ReadSql.InstitutionsFromCases, [Nation.Technique, days.From, days.To, Province]),
        })
        {
            async Task<double> Page()
            {
                var milliseconds = new List<double>();
                for (var i = 0; i < Calls; i++)
                    milliseconds.Add(1000 * await Load.Seconds(() => service.Get(path, bench.Stop)));
                return Numbers.Median(milliseconds);
            }

            async Task<double> Computed() => 1000 * await Load.Seconds(() => ReadSql.Rows(connection, sql, bench.Stop, values));

            await Page();
            await Computed();
            var (measured, limit) = await Load.Alternate(name, bench.Options.Runs, _ => Page(), _ => Computed());
            bench.Report.Add(new(name, "ms", measured, limit, aim, cases, Cost.Itself));
        }
    }
}
