using System.Globalization;
using Npgsql;
using Xunit.Abstractions;

namespace Compliance.Service.Tests.Crash;

/// <summary>Whole runs with processes of their own, which would slow down other tests and be slowed down by them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>
/// Hospitals report while service and PostgreSQL are killed, the disk is full and connections break; afterwards the log
/// is held against the clients' own ledger, the rows against a rebuild, and all of it against a run in which nothing
/// happened. What is not shown: the loss of what the kernel has not written, as in a power cut.
/// </summary>
[Collection(Alone.Name)]
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan ReadyWait = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_was_acknowledged_is_there_once_whatever_was_killed_cut_or_full()
    {
        var lasts = Setting("COMPLIANCE_CRASH_SECONDS") is { } seconds ? TimeSpan.FromSeconds(seconds) : Short;
        var seed = Setting("COMPLIANCE_CRASH_SEED") ?? Random.Shared.Next(1_000_000);
        Say($"seed {seed}");
        await using var cluster = await DurableCluster.Start();
        using var wire = new Wire(cluster.Socket);
        var database = new NpgsqlConnectionStringBuilder(cluster.ConnectionString) { Host = wire.Host, Pooling = true, MaxPoolSize = 40 }.ConnectionString;
        var ledger = new Ledger();
        Faults faults;
        EndState disturbed;
        int days;
        await using (var service = new SupervisedService(database))
        {
            faults = new Faults(cluster, wire, service, ledger, new Random(seed), Say);
            await service.WaitUntilReady(ReadyWait);
            var faulting = Task.CompletedTask;
            using var stop = new CancellationTokenSource();
            try
            {
                days = await Live(new Clients(() => [service.Http], ledger, stop.Token), new Script(seed), day =>
                {
                    if (day == 0)
                    {
                        faulting = faults.Run(lasts, longestPause: lasts > Short ? TimeSpan.FromSeconds(5) : TimeSpan.FromMilliseconds(800), stop.Token);
                        _ = faulting.ContinueWith(_ => stop.CancelAsync(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                    }

                    return !faulting.IsCompleted && day < Script.MostDays;
                });
            }
            finally
            {
                await stop.CancelAsync();
                await Task.WhenAny(faulting);
                // Why the clients were called off.
                if (faulting.IsFaulted)
                {
                    await faulting;
                }
            }

            service.Wrong.ShouldBeEmpty();
            await service.WaitUntilReady(ReadyWait);
            disturbed = await EndState.Read(service.Http, cluster.ConnectionString);
        }

        Say($"{days} days lived through; comparing");
        var findings = await Checks.Findings(ledger, cluster.ConnectionString);
        findings.ShouldBeEmpty();
        var rebuilt = await RebuildComparison.Differences(cluster.ConnectionString);
        rebuilt.ShouldBeEmpty();
        var undisturbed = await Undisturbed(seed, days);
        var differences = disturbed.Differences(undisturbed).ToList();
        differences.ShouldBeEmpty();
        disturbed.Sanctions.ShouldBeGreaterThan(days > 3 ? 2 : 0);
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {faults.Kills} kills and {faults.Done.Where(d => d.Key >= Fault.FillDisk).Sum(d => d.Value)} other faults ({cluster.Disk} among them), {ledger.Acknowledged.Count} writes of {ledger.Events} events acknowledged, {ledger.Failures} attempts failed, {ledger.Repeats} repeats, {days} days, {disturbed.Sanctions} sanctions; slowest recovery {faults.SlowestRecovery.TotalSeconds:F1} s; 0 lost, 0 doubled, 0 differences"));
    }

    /// <summary>Lives through days as long as told to.</summary>
    /// <param name="goesOn">Asked before each day, with the number of days lived through.</param>
    /// <returns>The days lived through.</returns>
    internal static async Task<int> Live(Clients clients, Script script, Func<int, bool> goesOn)
    {
        await clients.Settle(script);
        var day = 0;
        for (; goesOn(day); day++)
        {
            await clients.Write(script.NextDay());
            await clients.MoveTo(Script.Start.AddDays(day + 1));
        }

        return day;
    }

    /// <summary>What the same days lead to when nothing happens, on one node.</summary>
    internal static async Task<EndState> Undisturbed(int seed, int days)
    {
        var database = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(connectionString: database);
        var ledger = new Ledger();
        await Live(new Clients(() => [service.Http], ledger), new Script(seed), day => day < days);
        ledger.Wrong.ShouldBeEmpty();
        return await EndState.Read(service.Http, database);
    }

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private void Say(string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("COMPLIANCE_CRASH_PROGRESS") is { Length: > 0 } file)
        {
            File.AppendAllText(file, line + "\n");
        }
    }
}
