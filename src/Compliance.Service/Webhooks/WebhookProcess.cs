using System.Diagnostics;
using Compliance.Service.EventStore;
using Compliance.Service.Processes;
using Npgsql;

namespace Compliance.Service.Webhooks;

/// <summary>Turns the log into deliveries, and keeps a loop running for every webhook, on the node that owns it.</summary>
public sealed class WebhookProcess(NpgsqlDataSource database, IEventStore log, Sender sender, DeliveryTimes times, ILogger<WebhookProcess> logger)
    : OwnedProcess(database, LockKey, logger)
{
    /// <summary>The bytes read "webhooks".</summary>
    private const long LockKey = 0x7765_6268_6f6f_6b73;

    /// <summary>How soon it is seen that a webhook was set up, ended or woken through another node.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>Under load events come by the hundred: turned together they cost one transaction, and nobody told by a webhook minds.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);

    /// <summary>How often what is old is looked for.</summary>
    private static readonly TimeSpan RemoveEvery = TimeSpan.FromHours(1);

    private readonly WebhookRows _rows = new(database);
    private readonly Dispatch _dispatch = new(database, log);
    private readonly Dictionary<Guid, Loop> _loops = [];
    private CancellationToken _owning;
    private bool _begun;
    private bool _idle;
    private long? _removedAt;

    private sealed record Loop(Courier Courier, Task Running, CancellationTokenSource Stop)
    {
        /// <summary>How often its owner had woken it when it was last looked at.</summary>
        public long Wakes { get; set; }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await EndLoops(_ => true);
    }

    protected override async Task<bool> Step(CancellationToken cancellation)
    {
        if (!_begun || cancellation != _owning)
        {
            // Owner anew: the loops of the last time were cancelled with it.
            await EndLoops(_ => true);
            await _dispatch.Begin(cancellation);
            (_begun, _owning) = (true, cancellation);
        }

        var webhooks = await _rows.Active(cancellation);
        await Tend(webhooks, cancellation);
        var more = false;
        if (_removedAt is not { } at || Stopwatch.GetElapsedTime(at) > RemoveEvery)
        {
            more = await _rows.RemoveOld(cancellation);
            _removedAt = more ? null : Stopwatch.GetTimestamp();
        }

        _idle = webhooks.Count == 0;
        if (_idle)
        {
            return more;
        }

        var (told, moreEvents) = await _dispatch.Advance(webhooks.Min(w => w.Webhook.BeginsAfter), cancellation);
        foreach (var id in told)
        {
            // One set up in this moment has no loop yet; its first look finds them.
            _loops.GetValueOrDefault(id)?.Courier.Wake();
        }

        return more || moreEvents;
    }

    protected override async Task Wait(CancellationToken cancellation)
    {
        await Task.Delay(_idle ? Poll : Gather, cancellation);
        if (!_idle)
        {
            await log.WaitForAppend(_dispatch.Position, Poll, cancellation);
        }
    }

    /// <summary>One loop for each webhook, and none for any other.</summary>
    private async Task Tend(IReadOnlyList<(Webhook Webhook, long Wakes)> webhooks, CancellationToken cancellation)
    {
        var active = webhooks.Select(w => w.Webhook.Id).ToHashSet();
        await EndLoops(id => !active.Contains(id));
        foreach (var (webhook, wakes) in webhooks)
        {
            if (!_loops.TryGetValue(webhook.Id, out var loop))
            {
                var courier = new Courier(webhook, _rows, sender, times, logger);
                var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                _loops.Add(webhook.Id, loop = new(courier, courier.Run(stop.Token), stop) { Wakes = wakes });
            }

            if (loop.Wakes != wakes)
            {
                loop.Wakes = wakes;
                loop.Courier.Wake();
            }
        }
    }

    // What is under way is cancelled, and waited for: an attempt ends at once, its mark within a statement.
    private async Task EndLoops(Func<Guid, bool> which)
    {
        var ended = _loops.Where(l => which(l.Key)).ToList();
        foreach (var (id, loop) in ended)
        {
            await loop.Stop.CancelAsync();
            await loop.Running;
            loop.Stop.Dispose();
            _loops.Remove(id);
        }
    }
}
