using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Compliance.Service.Webhooks;
using Npgsql;

namespace Compliance.Service;

/// <summary>Whether the service lives, and whether it can be relied on: red when a projection stopped or lags, when the log cannot be written, or while missing days are being closed.</summary>
public static class Health
{
    /// <summary>How long an event may wait to be shown; longer is a fault, or more load than the service can bear.</summary>
    private static readonly TimeSpan LagAllowed = TimeSpan.FromSeconds(30);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => Results.Json(new Live("live"), Json.Options)).AllowsAnyone().Describes<Live>("The process answers");
        app.MapGet("/health/ready", Ready).AllowsAnyone().Describes<Readiness>("Ready to work", 200, 503);
    }

    private sealed record Live(string Status);

    private sealed record Readiness(string Status, IReadOnlyList<string> Reasons, long Head, long Projected, long Judged, LockHolder? AppendLockHeldBy);

    /// <summary>A session that keeps everybody from writing: what an operator needs to end it, and nothing it says.</summary>
    /// <param name="Pid">Of its server process.</param>
    /// <param name="HeldForSeconds">Age of its transaction.</param>
    private sealed record LockHolder(int Pid, string ApplicationName, double HeldForSeconds);

    private static async Task<IResult> Ready(
        NpgsqlDataSource database, PostgresEventStore log, ProjectionProcess projection, StandingsProcess standings, DayMonitor monitor, WebhookProcess webhooks, DayCloser days, Reconciliation reconciliation, Clock clock, CancellationToken cancellation)
    {
        var reasons = new List<string>();
        long head = 0, projected = 0, judged = 0;
        LockHolder? holder = null;
        try
        {
            (head, projected, judged) = (
                await log.Head(cancellation),
                await Checkpoints.Read(database, ReadSchema.Living.Rows, cancellation),
                await Checkpoints.Read(database, ReadSchema.Living.Standings, cancellation));
            Add("projectionLags", await Lags(projected));
            Add("standingsLag", await Lags(judged));
            Add("closingMissingDays", days.IsBehind);
            Add("projectionDiffers", await reconciliation.Last(cancellation) is { Agreed: false });
            holder = log.Trouble is null ? null : await AppendLockHolder(database, cancellation);
        }
        catch (NpgsqlException)
        {
            Add("databaseUnreachable", when: true);
        }

        Add("projectionStopped", projection.Health.Stopped is not null);
        Add("standingsStopped", standings.Health.Stopped is not null);
        Add("monitorStopped", monitor.Health.Stopped is not null);
        Add("webhooksStopped", webhooks.Health.Stopped is not null);
        Add("logCannotBeWritten", log.Trouble is not null);
        return Results.Json(
            new Readiness(reasons.Count == 0 ? "ready" : "notReady", reasons, head, projected, judged, holder), Json.Options, statusCode: reasons.Count == 0 ? 200 : 503);

        async Task<bool> Lags(long reached) =>
            await log.ReadAll(reached, 1, cancellation) is [var waiting] && clock.Now - waiting.RecordedAt > LagAllowed;

        void Add(string reason, bool when)
        {
            if (when)
            {
                reasons.Add(reason);
            }
        }
    }

    private static async Task<LockHolder?> AppendLockHolder(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select s.pid, s.application_name, extract(epoch from clock_timestamp() - s.xact_start)::float8
            from pg_locks l join pg_stat_activity s on s.pid = l.pid
            where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())
              and (l.classid::bigint << 32) | l.objid::bigint = $1
            """);
        command.Parameters.Add(new() { Value = PostgresEventStore.AppendLockKey });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        // Another user's session shows its process, but neither name nor age.
        return await reader.ReadAsync(cancellation)
            ? new(reader.GetInt32(0), await reader.IsDBNullAsync(1, cancellation) ? "" : reader.GetString(1), await reader.IsDBNullAsync(2, cancellation) ? 0 : reader.GetDouble(2))
            : null;
    }
}
