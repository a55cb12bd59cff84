using System.Diagnostics;
using System.Globalization;

namespace Compliance.Service.Tests.Crash;

internal enum Fault
{
    KillService,
    KillPostmaster,
    KillBackend,
    KillServiceAndPostmaster,
    FillDisk,
    CutConnections,
    LoseAnswers,
    HalveRequests,
    TerminateSessions,
}

/// <summary>
/// Trouble at random moments, each kind once before any comes again, until the time is up. The next comes when writes
/// are acknowledged again: a service that is never up shows nothing.
/// </summary>
internal sealed class Faults(DurableCluster cluster, Wire wire, SupervisedService service, Ledger ledger, Random random, Action<string> progress)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Fault> _waiting = [];

    public Dictionary<Fault, int> Done { get; } = [];

    public TimeSpan SlowestRecovery { get; private set; }

    /// <summary>SIGKILLs: the service's, PostgreSQL's.</summary>
    public int Kills => Done.Sum(d => d.Key switch { Fault.KillService or Fault.KillPostmaster or Fault.KillBackend => d.Value, Fault.KillServiceAndPostmaster => 2 * d.Value, _ => 0 });

    public async Task Run(TimeSpan atLeast, TimeSpan longestPause, CancellationToken cancellation)
    {
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < atLeast || Done.Count < Enum.GetValues<Fault>().Length;)
        {
            await Task.Delay(random.NextDouble() * longestPause, cancellation);
            var fault = Next();
            await Do(fault);
            Done[fault] = Done.GetValueOrDefault(fault) + 1;
            var recovery = await Recovered(fault, cancellation);
            SlowestRecovery = recovery > SlowestRecovery ? recovery : SlowestRecovery;
            progress(string.Create(
                CultureInfo.InvariantCulture,
                $"{Stopwatch.GetElapsedTime(started).TotalSeconds,4:F0} s  {fault,-24} writes again after {recovery.TotalSeconds,4:F1} s   {Kills} kills, {ledger.Acknowledged.Count} writes acknowledged, {ledger.Failures} attempts failed"));
        }
    }

    private Fault Next()
    {
        if (_waiting.Count == 0)
        {
            var all = Enum.GetValues<Fault>();
            random.Shuffle(all);
            _waiting.AddRange(all);
        }

        var next = _waiting[^1];
        _waiting.RemoveAt(_waiting.Count - 1);
        return next;
    }

    private async Task Do(Fault fault)
    {
        switch (fault)
        {
            case Fault.KillService:
                service.Kill();
                break;
            case Fault.KillPostmaster:
                await cluster.KillPostmaster();
                await Task.Delay(random.Next(500));
                await cluster.EnsureStarted();
                break;
            case Fault.KillBackend:
                cluster.KillBackend(random);
                break;
            case Fault.KillServiceAndPostmaster:
                service.Kill();
                await cluster.KillPostmaster();
                await cluster.EnsureStarted();
                break;
            case Fault.FillDisk:
                cluster.Fill();
                await Task.Delay(random.Next(1_500, 3_000));
                cluster.Free();
                await cluster.EnsureStarted();
                break;
            case Fault.CutConnections:
                wire.CutAll();
                break;
            case Fault.LoseAnswers:
                wire.LoseAnswers();
                break;
            case Fault.HalveRequests:
                wire.HalveRequests();
                break;
            case Fault.TerminateSessions:
                await cluster.Terminate(random.Next(1, 12));
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>How long after the fault the next two writes were acknowledged; the first may have been on its way back already.</summary>
    private async Task<TimeSpan> Recovered(Fault fault, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        for (var before = ledger.Acknowledged.Count; ledger.Acknowledged.Count < before + 2; await Task.Delay(20, cancellation))
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
            {
                throw new TimeoutException($"After {fault} nothing is acknowledged for {Patience}:\n{service.Output}");
            }

            await cluster.EnsureStarted();
        }

        return Stopwatch.GetElapsedTime(since);
    }
}
