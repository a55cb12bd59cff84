using Compliance.Service.EventStore;
using Compliance.Service.Schema;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>How a process is doing, for health.</summary>
public sealed class ProcessHealth
{
    private volatile string? _stopped;

    /// <summary>Why it stopped; null while it runs, here or on another node.</summary>
    public string? Stopped
    {
        get => _stopped;
        set => _stopped = value;
    }
}

/// <summary>
/// A process that runs on one node at a time: whoever holds the session lock, taken over within seconds when that node
/// dies. The lock is no fence: what the process writes commits with a compare-and-set of its checkpoint.
/// </summary>
public abstract class OwnedProcess(NpgsqlDataSource database, long lockKey, ILogger log) : BackgroundService
{
    /// <summary>How often a node that is not owner asks for the lock.</summary>
    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>How often the owner shows the server that it is there, and sees that it still is owner.</summary>
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(1);

    /// <summary>
    /// So long after its last sign of life the server ends an owner's session, and frees the lock. A killed node's goes at
    /// once; this is for one that is cut off or frozen, whose connection looks alive. With <see cref="TryAgain"/>
    /// every takeover is done within four seconds.
    /// </summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(3);

    public ProcessHealth Health { get; } = new();

    /// <summary>Does what there is to do and returns; called again at once when it returns true, else after something was appended.</summary>
    protected abstract Task<bool> Step(CancellationToken cancellation);

    /// <summary>Waits until there may be something to do.</summary>
    protected abstract Task Wait(CancellationToken cancellation);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The service starts answering before the first step: never hold up its start.
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested && Health.Stopped is null)
        {
            try
            {
                await RunWhileOwner(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (IsPassing(e))
            {
                log.LogWarning("{Process} pauses: {Reason}", GetType().Name, e.Message);
            }
            catch (Exception e)
            {
                // A bug, or an event this program does not know: going on would leave its effects out for ever.
                log.LogError(e, "{Process} stopped", GetType().Name);
                Health.Stopped = e.Message;
                return;
            }

            await Task.Delay(TryAgain, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunWhileOwner(CancellationToken stopping)
    {
        await using var mine = await SessionLock.TryTake(database, lockKey, stopping, LongestSilence);
        if (mine is null)
        {
            return;
        }

        using var owning = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watch = Watch(mine, owning);
        try
        {
            while (!owning.IsCancellationRequested)
            {
                if (!await Step(owning.Token))
                {
                    await Wait(owning.Token);
                }
            }
        }
        finally
        {
            await owning.CancelAsync();
            await watch;
        }
    }

    // When the session is gone, another node may own the process already.
    private static async Task Watch(SessionLock mine, CancellationTokenSource owning)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Ping, owning.Token);
                await mine.Check();
            }
        }
        catch (OperationCanceledException)
        {
            // The process ended first.
        }
        catch (NpgsqlException)
        {
            await owning.CancelAsync();
        }
    }

    private static bool IsPassing(Exception e) =>
        e is NpgsqlException { IsTransient: true } or CheckpointMovedException or OperationCanceledException or LogUnavailableException or AppendOutcomeUnknownException or TimeoutException
        || (e is PostgresException p && p.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow)
        || (e is NpgsqlException { InnerException: System.IO.IOException or System.Net.Sockets.SocketException });
}

/// <summary>The log cannot be written just now; the process tries again.</summary>
public sealed class LogUnavailableException(string reason) : Exception(reason);
