using System.Globalization;
using Npgsql;

namespace Compliance.Service.EventStore;

/// <summary>Wakes whoever waits for new events: at once for this node's own commits and for notified ones, and within
/// <see cref="PollInterval"/> where a notification was missed.</summary>
internal sealed class AppendSignal(NpgsqlDataSource database) : IAsyncDisposable
{
    public const string SelectHead = "select coalesce(max(seq_id), 0) from events.mt_events";

    /// <summary>How late a missed notification (a foreign writer, a pooler that swallows LISTEN) is made good; one index look-up each time.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private long _head;
    private TaskCompletionSource _next = NewSource();
    private Task? _listening;

    public void Publish(long position)
    {
        TaskCompletionSource waiters;
        lock (_lock)
        {
            if (position <= _head)
                return;
            _head = position;
            waiters = _next;
            _next = NewSource();
        }

        waiters.SetResult();
    }

    public async Task Wait(long afterPosition, TimeSpan atMost, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        deadline.CancelAfter(atMost);
        while (true)
        {
            Task next;
            lock (_lock)
            {
                // Only those who wait for events pay for a connection that listens.
                _listening ??= Task.Run(Listen, CancellationToken.None);
                if (_head > afterPosition)
                    return;
                next = _next.Task;
            }

            try
            {
                await next.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_listening is not null)
            await _listening;
        _stop.Dispose();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task Listen()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(_stop.Token);
                connection.Notification += (_, notice) =>
                {
                    if (long.TryParse(notice.Payload, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
                        Publish(position);
                };
                await using var listen = new NpgsqlCommand("listen " + PostgresEventStore.NotifyChannel, connection);
                await listen.ExecuteNonQueryAsync(_stop.Token);
                await using var head = new NpgsqlCommand(SelectHead, connection);
                while (true)
                {
                    Publish((long)(await head.ExecuteScalarAsync(_stop.Token))!);
                    while (await connection.WaitAsync(PollInterval, _stop.Token))
                    {
                        // Notified: the handler has published it.
                    }
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception)
            {
                // The database is away. Waiters run into their own time limit meanwhile, and health says so through the writer.
                await Task.Delay(PollInterval, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }
}
