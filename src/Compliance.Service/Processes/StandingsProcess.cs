using System.Diagnostics;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>Keeps what the dashboards show behind the rows it is computed from.</summary>
public sealed class StandingsProcess(NpgsqlDataSource database, IEventStore log, Standings standings, ILogger<StandingsProcess> logger)
    : OwnedProcess(database, LockKey, logger)
{
    /// <summary>The bytes read "standin"; nodes of another version keep rows of their own.</summary>
    private const long LockKey = 0x7374616e_64696e_00 + ReadSchema.Version;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>It rests three times as long as it worked, so that under load it refreshes more subjects less often, and leaves the machine to those who report.</summary>
    private const int RestForWork = 3;

    /// <summary>So old a dashboard may be while a country reports; without load it follows at once.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private readonly NpgsqlDataSource _database = database;
    private long _position;

    protected override async Task<bool> Step(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var before = _position;
        (_position, var more) = await standings.Advance(cancellation);
        if (_position > before)
        {
            var rest = RestForWork * Stopwatch.GetElapsedTime(started);
            await Task.Delay(rest < LongestRest ? rest : LongestRest, cancellation);
        }

        return more;
    }

    protected override async Task Wait(CancellationToken cancellation)
    {
        await log.WaitForAppend(_position, Poll, cancellation);
        // The rows follow an append by some moments, and nothing tells when.
        await Checkpoints.WaitFor(_database, ReadSchema.Living.Rows, _position + 1, Poll, cancellation);
    }
}
