using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>Keeps the read model at the end of the log.</summary>
public sealed class ProjectionProcess(NpgsqlDataSource database, IEventStore log, ReadModel rows, ILogger<ProjectionProcess> logger)
    : OwnedProcess(database, LockKey, logger)
{
    /// <summary>The bytes read "project"; nodes of another version keep rows of their own.</summary>
    private const long LockKey = 0x70726f_6a656374_00 + ReadSchema.Version;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private long _position;

    protected override async Task<bool> Step(CancellationToken cancellation)
    {
        (_position, var more) = await rows.Advance(cancellation);
        return more;
    }

    protected override Task Wait(CancellationToken cancellation) => log.WaitForAppend(_position, Poll, cancellation);
}
