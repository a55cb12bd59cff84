using Compliance.Calendars;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>
/// Records the passing of days, one by one and in order, whichever node comes first: the expected version of the
/// stream is the only arbiter. The next day is not closed before the monitor has dealt with the one before, so that
/// the log alone decides what each closing saw.
/// </summary>
public sealed class DayCloser(IEventStore log, NpgsqlDataSource database, Clock clock, IConfiguration configuration, ILogger<DayCloser> logger) : BackgroundService
{
    /// <summary>A day is closed a minute after it ended: by then every report received on it is in (see <see cref="Commands.ReceiptGrace"/>).</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>So long after its end a day that is not closed means a standstill, and writes wait.</summary>
    private static readonly TimeSpan Standstill = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Fifty thousand subjects are closed in ten seconds; longer than this means that something stopped.</summary>
    private static readonly TimeSpan LongestClosing = TimeSpan.FromMinutes(5);

    /// <summary>No day number: nothing is closed yet. An int, so that it can be read beside the loop that writes it.</summary>
    private const int None = -1;

    private readonly SemaphoreSlim _one = new(1);
    private volatile int _lastClosed = None;
    private long _version;

    /// <summary>The last day closed; null before the log begins.</summary>
    public async Task<DateOnly?> LastClosed(CancellationToken cancellation) => (await Latest(cancellation)).Day;

    /// <summary>True while missing days are still to be closed after a standstill: what is written now would precede them. As last looked at, at most a second ago.</summary>
    public bool IsBehind => _lastClosed is not None and var last && Shanghai.EndOf(DateOnly.FromDayNumber(last + 1)) + Standstill <= clock.Now;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // The clock of Development is moved on one node, and is every node's.
                await clock.Load(database, stoppingToken);
                await CloseDue(Grace, stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or LogUnavailableException or AppendOutcomeUnknownException or TimeoutException or System.IO.IOException)
            {
                logger.LogWarning("No day can be closed just now: {Reason}", e.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Look, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Closes every day that ended at least so long ago by the database's clock, and waits until the monitor has dealt with each.</summary>
    public async Task CloseDue(TimeSpan grace, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            while (await Latest(cancellation) is { Day: { } last, Position: var position }
                && Shanghai.EndOf(last.AddDays(1)) + grace <= await DatabaseNow(cancellation))
            {
                await Settle(position, cancellation);
                switch (await log.Append(new(Day.Stream, _version, [new Day.Closed(last.AddDays(1))]), cancellation))
                {
                    case AppendResult.Appended appended:
                        logger.LogInformation("Closed {Day:O}", last.AddDays(1));
                        await Settle(appended.Position, cancellation);
                        await Answers.ForgetOldKeys(database, cancellation);
                        await Training.SelectionAttachments.Sweep(database, cancellation);
                        await Training.SelectionRetention.Destroy(database, last.AddDays(1), Training.SelectionRetention.MonthsIn(configuration), cancellation);
                        break;
                    case AppendResult.Conflict:
                        break;
                    case AppendResult.Unavailable unavailable:
                        throw new LogUnavailableException(unavailable.Reason);
                    case var other:
                        throw new InvalidOperationException($"A day could not be closed: {other}");
                }
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Waits until the monitor has dealt with the last day closed, by whichever node.</summary>
    public async Task Settled(CancellationToken cancellation) => await Settle((await Latest(cancellation)).Position, cancellation);

    private async Task Settle(long position, CancellationToken cancellation)
    {
        if (!await Checkpoints.WaitFor(database, DayMonitor.Name, position, LongestClosing, cancellation))
        {
            throw new TimeoutException("The monitor has not dealt with the last day closed.");
        }
    }

    private async Task<DateTimeOffset> DatabaseNow(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select clock_timestamp()");
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellation))!, TimeSpan.Zero) + clock.AheadBy;
    }

    private async Task<(DateOnly? Day, long Position)> Latest(CancellationToken cancellation)
    {
        long position = 0;
        foreach (var e in await log.ReadStream(Day.Stream, Math.Max(1, _version), cancellation))
        {
            (_lastClosed, _version, position) = (((Day.Closed)e.Data).Date.DayNumber, e.Version, e.Position);
        }

        return (_lastClosed == None ? null : DateOnly.FromDayNumber(_lastClosed), position);
    }
}
