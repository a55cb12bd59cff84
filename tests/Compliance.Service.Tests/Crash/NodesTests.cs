using System.Diagnostics;
using Npgsql;
using Xunit.Abstractions;

namespace Compliance.Service.Tests.Crash;

/// <summary>Several nodes on one database come to what one node comes to.</summary>
[Collection(Alone.Name)]
public sealed class NodesTests(ITestOutputHelper output)
{
    private const int Seed = 20120709;

    /// <summary>How long a death may leave projections and processes without an owner.</summary>
    private static readonly TimeSpan LongestTakeover = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReadyWait = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task With_one_killed_every_ten_seconds_they_come_to_the_same_end(int howMany)
    {
        var database = await TestPostgres.CreateDatabase();
        var nodes = Enumerable.Range(1, howMany).Select(n => new SupervisedService(Named(database, n))).ToList();
        var ledger = new Ledger();
        EndState together;
        int days;
        var takeovers = new List<TimeSpan>();
        try
        {
            await Task.WhenAll(nodes.Select(n => n.WaitUntilReady(ReadyWait)));
            var killing = Task.CompletedTask;
            days = await CrashTests.Live(new Clients(() => [.. nodes.Select(n => n.Http)], ledger), new Script(Seed), day =>
            {
                killing = day == 0 ? Kill(nodes, new Ownership(database), takeovers) : killing;
                return !killing.IsCompleted;
            });
            await killing;
            nodes.SelectMany(n => n.Wrong).ShouldBeEmpty();
            await nodes[0].WaitUntilReady(ReadyWait);
            together = await EndState.Read(nodes[0].Http, database);
        }
        catch
        {
            nodes.ForEach(n => output.WriteLine(n.Output));
            throw;
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }

        var findings = await Checks.Findings(ledger, database);
        findings.ShouldBeEmpty();
        var differences = together.Differences(await CrashTests.Undisturbed(Seed, days)).ToList();
        differences.ShouldBeEmpty();
        together.Sanctions.ShouldBeGreaterThan(0);
        takeovers.ShouldAllBe(t => t < LongestTakeover);
        output.WriteLine($"{howMany} nodes, {days} days, {ledger.Acknowledged.Count} writes acknowledged, {together.Sanctions} sanctions, takeovers {string.Join(", ", takeovers.Select(t => $"{t.TotalSeconds:F1} s"))}");
    }

    /// <summary>Paused, not dead: the machine still answers the server, so only the silence of the session tells.</summary>
    [Fact]
    public async Task A_frozen_owner_is_taken_over_too_and_thawed_does_no_harm()
    {
        var database = await TestPostgres.CreateDatabase();
        using var first = await ServiceProcess.Start(Named(database, 1));
        var ownership = new Ownership(database);
        var owner = await ownership.AnyOwner(Ownership.Projection);
        using var second = await ServiceProcess.Start(Named(database, 2));
        first.Freeze();
        var taken = await Task.WhenAll(ownership.Takeover(Ownership.Projection, owner.Session), ownership.Takeover(Ownership.Monitor, (await ownership.AnyOwner(Ownership.Monitor)).Session));
        taken.ShouldAllBe(t => t < LongestTakeover);
        first.Thaw();
        await first.WaitUntilReady(ReadyWait);
        (await ownership.AnyOwner(Ownership.Projection)).Node.ShouldBe("node-2");
        output.WriteLine($"taken over after {taken.Max().TotalSeconds:F1} s");
    }

    private static string Named(string database, int node) => new NpgsqlConnectionStringBuilder(database) { ApplicationName = $"node-{node}", MaxPoolSize = 30 }.ConnectionString;

    /// <summary>Kills the projection's owner, then the monitor's.</summary>
    private static async Task Kill(IReadOnlyList<SupervisedService> nodes, Ownership ownership, List<TimeSpan> takeovers)
    {
        foreach (var process in new[] { Ownership.Projection, Ownership.Monitor })
        {
            await Task.Delay(BetweenKills);
            var owner = await ownership.AnyOwner(process);
            var killed = Stopwatch.GetTimestamp();
            nodes[int.Parse(owner.Node["node-".Length..]) - 1].Kill();
            await ownership.Takeover(process, owner.Session);
            takeovers.Add(Stopwatch.GetElapsedTime(killed));
        }
    }
}
