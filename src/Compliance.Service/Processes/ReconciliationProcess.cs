using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>Once a day compares the rows with the log. It writes nothing but what came out; a difference turns health red.</summary>
public sealed class ReconciliationProcess(NpgsqlDataSource database, Reconciliation reconciliation, ILogger<ReconciliationProcess> logger)
    : OwnedProcess(database, LockKey, logger)
{
    /// <summary>The bytes read "reconcil".</summary>
    private const long LockKey = 0x7265636f_6e63696c;

    private static readonly TimeSpan Every = TimeSpan.FromDays(1);

    /// <summary>How often it looks whether a day has passed. It waits first: a service that has just started has other things to do.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromHours(1);

    private bool _waited;

    protected override Task Wait(CancellationToken cancellation) => Task.Delay(Look, cancellation);

    protected override async Task<bool> Step(CancellationToken cancellation)
    {
        if (!_waited || (await reconciliation.Last(cancellation))?.Ago < Every)
        {
            _waited = true;
            return false;
        }

        try
        {
            foreach (var table in (await reconciliation.Run(closings: false, static _ => { }, cancellation)).Where(t => !t.Agrees))
            {
                logger.LogError("{Table} is not what the log says: {Rows} rows, {RowsOfLog} by the log", table.Table, table.Rows, table.RowsOfLog);
            }
        }
        catch (RebuildRunsException)
        {
            logger.LogInformation("A rebuild is running; rows and log are compared after it");
        }

        return false;
    }
}
