using System.Diagnostics;
using System.Globalization;
using Compliance.Benchmarks.Generation;
using Compliance.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// One subject's rolling metrics: the query under <c>GET /institutions/{id}/metrics</c> and the physician's, against one plain SQL statement over the same rows, whose answers must be equal; and how long the whole call takes one caller.
/// </summary>
internal static class SubjectMetrics
{
    /// <summary>Subjects asked for in turn: drawn by their share of the cases, since large ones are asked for more often, and cost more.</summary>
    private const int Sample = 100;

    private const int LeastCalls = 200;

    public static readonly string[] Names = ["metrics-institution", "metrics-physician", "metrics-http-institution-p99", "metrics-http-physician-p99"];

    public static async Task Measure(Bench bench, World world, RunningService service, long cases)
    {
        var (institutions, physicians) = Drawn(bench, world);
        var asOf = service.Clock.Today;
        await using var connection = await world.Database.Source.OpenConnectionAsync(bench.Stop);
        foreach (var (kind, subjects, sql) in new[]
        {
            ("institution", institutions, ReadSql.InstitutionCounts),
            ("physician", physicians, ReadSql.PhysicianCounts),
        })
        {
            await Query(bench, $"metrics-{kind}", connection, subjects, asOf, sql, cases);
            await Calls(bench, service, subjects);
            var calls = new List<double>();
            for (var run = 0; run < bench.Options.Runs; run++)
                calls.Add(await Calls(bench, service, subjects));
            bench.Report.Add(new($"metrics-http-{kind}-p99", "ms", calls, [], new Aim(Below: 5), cases));
        }
    }

    private static (List<Subject> Institutions, List<Subject> Physicians) Drawn(Bench bench, World world)
    {
        var (institutions, physicians) = (new List<Subject>(), new List<Subject>());
        var dice = Dice.Of(bench.Options.Seed, long.MinValue);
        for (var i = 0; i < Sample; i++)
        {
            var institution = world.Nation.Institution(ref dice);
            institutions.Add(Subject.Institution(world.Nation.Institutions[institution]));
            physicians.Add(Subject.Physician(world.Nation.Physicians[world.Nation.Operator(ref dice, institution)]));
        }

        return (institutions, physicians);
    }

    private static async Task Query(Bench bench, string name, NpgsqlConnection connection, List<Subject> subjects, DateOnly asOf, string sql, long cases)
    {
        var days = DaySpan.RollingYear(asOf);
        async Task<Counts> Ours(Subject subject) => (await CountsQuery.Read(connection, [new(subject, Nation.Technique, days, asOf)], bench.Stop))[0];
        async Task<Counts> Plain(Subject subject)
        {
            var row = (await ReadSql.Rows(connection, sql, bench.Stop, subject.Id, Nation.Technique, days.From, days.To))[0];
            int At(int column) => Convert.ToInt32(row[column], CultureInfo.InvariantCulture);
            return new(
                At(0), At(1), At(2), At(3), At(4), At(5), At(6), At(7), At(8), At(9), At(10), At(11), At(12), At(13), At(14), At(15), At(16));
        }

        foreach (var subject in subjects)
        {
            if (await Ours(subject) is var ours && await Plain(subject) is var plain && ours != plain)
                throw new InvalidOperationException($"{subject}: the service counts {ours}, plain SQL {plain}.");
        }

        async Task<double> Milliseconds(Func<Subject, Task<Counts>> ask) => 1000 / await Load.Rate(1, bench.Options.Run, Turns(subjects, ask), bench.Stop);
        var (measured, limit) = await Load.Alternate(name, bench.Options.Runs, _ => Milliseconds(Ours), _ => Milliseconds(Plain));
        bench.Report.Add(new(name, "ms", measured, limit, new Aim(RatioAtMost: 1.3), cases, Cost.Itself, "the query alone; answers compared"));
    }

    private static Func<int, Task> Turns(List<Subject> subjects, Func<Subject, Task<Counts>> ask)
    {
        var turn = 0;
        return _ => ask(subjects[turn++ % subjects.Count]);
    }

    /// <summary>The 99th percentile over calls one after the other.</summary>
    private static async Task<double> Calls(Bench bench, RunningService service, List<Subject> subjects)
    {
        var milliseconds = new List<double>();
        var started = Stopwatch.GetTimestamp();
        while (milliseconds.Count < LeastCalls || Stopwatch.GetElapsedTime(started) < bench.Options.Run)
        {
            var subject = subjects[milliseconds.Count % subjects.Count];
            milliseconds.Add(1000 * await Load.Seconds(() => service.Get($"/api/v1/{subject.KindName}s/{subject.Id}/metrics?technique={Nation.Technique}", bench.Stop)));
        }

        return Numbers.Percentile(milliseconds, 0.99);
    }
}
