using System.Globalization;
using System.Net;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Compliance.Service.Tests.Scenarios;
using Npgsql;

namespace Compliance.Service.Tests.Projections;

/// <summary>Rows are built again beside those that serve, compared with them, and put in their place.</summary>
public sealed class RebuildTests
{
    private static readonly DateOnly Today = new(2025, 9, 1);

    [Fact]
    public async Task A_rebuild_is_no_outage_and_loses_nothing_that_is_reported_meanwhile()
    {
        await using var service = await TestService.Start(Today);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Enforce(Today);
        await world.Import(World.Year("H1", Today.AddDays(-30), 150, deaths: 9));
        await service.MoveTo(Today.AddDays(3));

        using var stop = new CancellationTokenSource();
        var seen = 0;
        var reading = Task.Run(async () =>
        {
            for (var last = 0; !stop.IsCancellationRequested; seen++)
            {
                var cases = World.Count(await world.Metrics("H1"), "cases");
                cases.ShouldBeGreaterThanOrEqualTo(last);
                last = cases;
                (await service.Get("/api/v1/dashboards/compliance?technique=neurovascular", await world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Count.ShouldBe(3);
            }
        });
        long position = 0;
        var reporting = Task.Run(async () =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                position = await world.Import([World.Case("H1", $"meanwhile-{n}", Today)]);
            }
        });
        for (var times = 0; times < 5; times++)
        {
            await service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        }

        await stop.CancelAsync();
        await Task.WhenAll(reading, reporting);
        seen.ShouldBeGreaterThan(5);
        var metrics = World.Count(await world.Metrics("H1", minPosition: position), "cases");
        metrics.ShouldBeGreaterThan(150);
        (await world.Compliance("H1", minPosition: position))["standing"]!.GetValue<string>().ShouldBe("suspended");
        await Agrees(service);
        (await service.Get("/health/ready")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_rebuild_that_is_killed_is_taken_up_by_the_next_where_it_was()
    {
        const int cases = ReadModel.Batch * 3 / 2;
        var connectionString = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(Today, connectionString);
        var world = new World(service);
        await world.Hospital("H1");
        var head = await world.Import(World.Year("H1", Today, cases));
        var database = service.Get<NpgsqlDataSource>();
        var next = ReadSchema.Living.Next;

        using (var killed = ServiceProcess.Launch(connectionString, command: "rebuild"))
        {
            while (await Checkpoints.Read(database, next.Rows, CancellationToken.None) == 0)
            {
                killed.HasExited.ShouldBeFalse(killed.Output);
                await Task.Delay(5);
            }

            killed.Kill();
        }

        var at = await Checkpoints.Read(database, next.Rows, CancellationToken.None);
        at.ShouldBeInRange(1, head - 1);
        World.Count(await world.Metrics("H1"), "cases").ShouldBe(cases, "the rows that serve are the old ones");
        using var second = ServiceProcess.Launch(connectionString, command: "rebuild");
        (await second.Finished()).ShouldBe(0, second.Output);

        // "share  position of head …"
        var said = second.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(word => word != "of").Last();
        long.Parse(said, CultureInfo.InvariantCulture).ShouldBeGreaterThan(at, second.Output);
        (await Checkpoints.Read(database, next.Rows, CancellationToken.None)).ShouldBe(0, "the new rows have become the living ones");
        World.Count(await world.Metrics("H1"), "cases").ShouldBe(cases);
        await Agrees(service);
    }

    [Fact]
    public async Task Only_one_rebuild_runs_at_a_time()
    {
        await using var service = await TestService.Start(Today);
        await new World(service).Hospital("H1");
        await service.Get<Rebuild>().Run(
            _ => Should.Throw<RebuildRunsException>(() => service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None)), CancellationToken.None);
    }

    [Theory]
    [InlineData("update case_facts set death = true where case_id = (select min(case_id::text)::uuid from case_facts)", "case_facts")]
    [InlineData("delete from case_facts where case_id = (select min(case_id::text)::uuid from case_facts)", "case_facts")]
    [InlineData("update institution_days set cases = cases + 1 where day = (select min(day) from institution_days)", "institution_days")]
    [InlineData("delete from titles", "titles")]
    [InlineData("update closings set would_suspend = true", "closings")]
    [InlineData("update register_entries set standing = 'revoked' where kind = 'institution'", "register_entries")]
    [InlineData("update register_snapshots set sha256 = repeat('0', 64)", "register_snapshots")]
    public async Task Rows_that_are_not_what_the_log_says_turn_health_red_until_they_are_built_anew(string tampering, string table)
    {
        await using var service = await TestService.Start(Today);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Import(World.Year("H1", Today, 30));
        await service.MoveTo(Today.AddDays(1));
        await Agrees(service);

        await using (var command = service.Get<NpgsqlDataSource>().CreateCommand(tampering))
            (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0);
        var tables = await service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None);

        var differing = tables.Where(t => !t.Agrees).ShouldHaveSingleItem();
        differing.Table.ShouldBe(table);
        differing.Examples.ShouldNotBeEmpty();
        (await service.Get("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable).Body!["reasons"]!.AsArray().Select(r => r!.GetValue<string>()).ShouldBe(["projectionDiffers"]);

        await service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        (await service.Get("/health/ready")).Expect(HttpStatusCode.OK);
        await Agrees(service);
    }

    private static async Task Agrees(TestService service)
    {
        var tables = await service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None);
        tables.Select(t => t.Table).ShouldBe(
        [
            "active_spans", "announcements", "calendars", "case_facts", "closings", "days_closed", "enforcement", "incidents", "institution_days", "institutions",
            "physicians", "proposals", "provincial_limits", "qualifications", "register_entries", "register_snapshots", "register_touched", "registrations", "regulations", "titles",
        ]);
        tables.Where(t => !t.Agrees).SelectMany(t => t.Examples.Prepend(t.Table)).ShouldBeEmpty();
    }
}
