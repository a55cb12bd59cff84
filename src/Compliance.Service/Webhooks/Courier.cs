namespace Compliance.Service.Webhooks;

/// <summary>
/// The loop of one webhook: no receiver waits for another's. Of every subject only the oldest delivery goes out, of several
/// subjects side by side. No connection to the database is held while a request is under way.
/// </summary>
internal sealed class Courier(Webhook webhook, WebhookRows rows, Sender sender, DeliveryTimes times, ILogger log)
{
    /// <summary>Subjects sent side by side: a national receiver is told of tens of thousands, and must not be flooded.</summary>
    private const int SideBySide = 8;

    /// <summary>Deliveries read at a time, of a receiver that answers.</summary>
    private const int Page = 64;

    /// <summary>A receiver that answered nothing of what was sent is left alone in between, whatever else waits: a dead one with a thousand subjects is not asked a thousand times a second.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    /// <summary>After trouble of our own, such as a database that is away.</summary>
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(5);

    /// <summary>A pause that is over by the database's clock may not be by this one's timer.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(10);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private bool _gone;

    /// <summary>There may be something to deliver. Called by one caller at a time.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    /// <summary>Delivers until cancelled, or until the receiver wants no more.</summary>
    public async Task Run(CancellationToken cancellation)
    {
        // Whoever starts it has others to start.
        await Task.Yield();
        var failedRounds = 0;
        while (!_gone && !cancellation.IsCancellationRequested)
        {
            try
            {
                var (due, next) = await rows.Due(webhook.Id, failedRounds > 0 ? SideBySide : Page, cancellation);
                if (due.Count == 0)
                {
                    await _wake.WaitAsync(next is { } wait ? (wait > ShortestWait ? wait : ShortestWait) : Timeout.InfiniteTimeSpan, cancellation);
                    continue;
                }

                var delivered = 0;
                await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = SideBySide, CancellationToken = cancellation }, async (delivery, cancelled) =>
                {
                    if (!_gone && await Attempt(delivery, cancelled))
                    {
                        Interlocked.Increment(ref delivered);
                    }
                });
                failedRounds = delivered > 0 ? 0 : failedRounds + 1;
                if (failedRounds > 0)
                {
                    var rest = times.PauseAfter(failedRounds);
                    await Task.Delay(rest < LongestRest ? rest : LongestRest, cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // One webhook's trouble is its own; what is not marked goes out again.
                log.LogWarning("Webhook {Webhook} pauses: {Reason}", webhook.Id, e.Message);
                await Task.Delay(AfterTrouble, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> Attempt(DueDelivery delivery, CancellationToken cancellation)
    {
        var attempted = await sender.Send(webhook, delivery.MessageId, delivery.Body, cancellation);
        var failures = delivery.Attempts + 1;
        // Gone is the webhook's end, not this delivery's.
        var state = attempted.Delivered ? DeliveryState.Delivered : failures >= times.Attempts && !attempted.Gone ? DeliveryState.Dead : DeliveryState.Pending;
        await rows.Mark(webhook.Id, delivery, state, attempted.Status, attempted.Error, times.PauseAfter(failures), attempted.Gone);
        if (attempted.Gone)
        {
            _gone = true;
            log.LogWarning("Webhook {Webhook} has ended: its receiver answered 410", webhook.Id);
        }
        else if (state == DeliveryState.Dead)
        {
            log.LogWarning("Webhook {Webhook} has a dead letter at {Position}: {Error} {Status}", webhook.Id, delivery.Position, attempted.Error, attempted.Status);
        }

        return attempted.Delivered;
    }
}
