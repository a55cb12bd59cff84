using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Two years reported at once, long after their deadlines.</summary>
public sealed class BackdatedTests
{
    private static readonly DateOnly Today = new(2025, 9, 1);

    [Fact]
    public async Task What_is_reported_late_is_counted_where_it_belongs_and_changes_nothing_that_was_judged_before()
    {
        await using var service = await TestService.Start(Today);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Hospital("H2");
        await world.Enforce(Today);
        await world.Import(World.Year("H2", Today.AddDays(-30), 150, prefix: "in time"));
        await service.MoveTo(Today.AddDays(3));
        var before = await Closings(service);
        var decided = (await world.History("H1")).Count;

        // A fatal year among them: 240 of 730 cases ended in death.
        long position = 0;
        var years = Enumerable.Range(0, 730).Select(n => World.Case("H1", $"late-{n}", Today.AddDays(-n), died: n % 3 == 0)).ToList();
        foreach (var chunk in years.Chunk(250))
        {
            position = await world.Import(chunk);
            World.Count(await world.Metrics("H2", Today.AddDays(-30), position), "cases").ShouldBe(150, "reads go on meanwhile");
        }

        World.Count(await world.Metrics("H1", Today, position), "cases").ShouldBe(365);
        World.Count(await world.Metrics("H1", Today.AddYears(-1), position), "cases").ShouldBe(365);
        (await Closings(service)).ShouldBe(before, "the days closed were judged by what was known then");
        (await world.History("H1")).Count.ShouldBe(decided, "nothing is decided before the next day has closed");

        await service.MoveTo(Today.AddDays(4));
        (await Closings(service)).ShouldStartWith(before);
        var suspended = (await world.History("H1")).Single(e => e["type"]!.GetValue<string>() == "suspended")["data"]!;
        suspended["judgedOn"]!.GetValue<string>().ShouldBe(World.Text(Today.AddDays(3)));
        suspended["effectiveOn"]!.GetValue<string>().ShouldBe(World.Text(Today.AddDays(5)));
        (await world.Standing("H2")).ShouldBe("good");
        var tables = await service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None);
        tables.Where(t => !t.Agrees).ShouldBeEmpty();
    }

    private static async Task<string> Closings(TestService service)
    {
        await using var command = service.Get<NpgsqlDataSource>().CreateCommand("select string_agg(doc::text, E'\\n' order by day, technique, kind, subject) from closings");
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
