namespace Compliance.Service.EventStore;

/// <summary>An event as it stands in the log.</summary>
/// <param name="Position">Its place in the whole log: rises in commit order, starts at 1, may leave holes.</param>
/// <param name="Version">Its place in its stream: starts at 1, without holes.</param>
/// <param name="RecordedAt">The writer's stamp, UTC, whole microseconds: never falls as the position rises.</param>
/// <param name="Data">An instance of the CLR type registered for the event's wire name.</param>
public sealed record RecordedEvent(long Position, Guid Id, string Stream, long Version, DateTimeOffset RecordedAt, object Data);

/// <summary>Events and companion rows that commit together or not at all.</summary>
/// <param name="Stream">1 to <see cref="EventStoreLimits.StreamNameLength"/> characters.</param>
/// <param name="ExpectedVersion">The version the decision was made on; 0 means that the stream does not exist yet.</param>
/// <param name="Events">At most <see cref="EventStoreLimits.EventsPerAppend"/>. Empty when only companions are written: the stream is then
/// left alone, but its version is checked all the same.</param>
public sealed record AppendRequest(string Stream, long ExpectedVersion, IReadOnlyList<object> Events)
{
    public IReadOnlyList<Companion> Companions { get; init; } = [];

    /// <summary>The latest stamp (inclusive) under which the decision still holds; later than that it is <see cref="AppendResult.Expired"/>.
    /// For decisions that named the day they were made on and must be made anew after midnight.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>What became of an append. Every case but <see cref="Appended"/> means that nothing was written.</summary>
public abstract record AppendResult
{
    private AppendResult()
    {
    }

    /// <param name="Version">The stream's version now.</param>
    /// <param name="Position">Position of the last event written; 0 when there were only companions.</param>
    /// <param name="RecordedAt">The stamp of the transaction, as stored.</param>
    public sealed record Appended(long Version, long Position, DateTimeOffset RecordedAt) : AppendResult;

    /// <summary>The stream is not at the expected version: load again and decide anew.</summary>
    public sealed record Conflict(long ActualVersion) : AppendResult;

    /// <summary>A companion row could not be written as exactly one row, e.g. its key is taken or the checkpoint has moved.</summary>
    public sealed record CompanionRefused(string Kind) : AppendResult;

    /// <summary>The stamp would have been later than <see cref="AppendRequest.NotAfter"/>.</summary>
    public sealed record Expired(DateTimeOffset Stamp) : AppendResult;

    /// <summary>A lock, a full queue, a server that is gone. Trying the same again later may succeed.</summary>
    public sealed record Unavailable(string Reason) : AppendResult;

    /// <summary>The payload can never be stored: NUL, lone surrogates, too deep, too large.</summary>
    public sealed record Rejected(string Reason) : AppendResult;
}

/// <summary>The connection broke during the commit and the database did not come back in time to be asked. The append may or may not
/// have happened; only a retry under the same idempotency key is safe.</summary>
public sealed class AppendOutcomeUnknownException(Exception? cause)
    : Exception("The connection broke during the commit, and the database could not be asked for the outcome.", cause);

/// <summary>Bounds of one append; past them it is <see cref="AppendResult.Rejected"/>.</summary>
public static class EventStoreLimits
{
    /// <summary>Both unique indexes hold the name, and an index row must stay under 2,704 bytes whatever the script it is written in.</summary>
    public const int StreamNameLength = 500;

    /// <summary>One decision that records more than this is a misplaced import; the bound keeps one transaction short.</summary>
    public const int EventsPerAppend = 5_000;

    /// <summary>A case report has under 1 KiB; 1 MiB leaves room for shipped regulations and keeps one event from filling the writer's memory.</summary>
    public const int EventBytes = 1 << 20;

    /// <summary>Levels of nesting. No event has ten; jsonb recurses on the server's stack, so it must not be the callers' choice.</summary>
    public const int EventDepth = 32;

    /// <summary>Requests per <see cref="IEventStore.AppendEach"/>: as many as are committed as one group; more would only wait.</summary>
    public const int RequestsPerCall = 1_000;

    /// <summary>Events per <see cref="IEventStore.ReadAll"/>: what a projection keeps in memory at a time.</summary>
    public const int ReadBatch = 10_000;
}

/// <summary>The log. Reading throws <see cref="UnknownEventTypeException"/> at an event of a type this program does not know.</summary>
public interface IEventStore
{
    /// <summary>Writes events and companions atomically and answers after the commit. Cancelling withdraws the request while it still waits
    /// in the queue; once it is being written, the call ends with its outcome instead.</summary>
    /// <exception cref="AppendOutcomeUnknownException">The outcome could not be learnt.</exception>
    /// <exception cref="ArgumentException">An event of an unregistered type, or companion values that do not fit their kind: a bug.</exception>
    Task<AppendResult> Append(AppendRequest request, CancellationToken cancellation = default);

    /// <summary>Writes many requests, each on its own: one's conflict or refusal is no other's. Two of the same stream are taken in their order.
    /// For imports: the call waits, is withdrawn and is answered like one append, unless its events are so many or so large that it is cut into
    /// several.</summary>
    /// <param name="requests">At most <see cref="EventStoreLimits.RequestsPerCall"/>.</param>
    /// <returns>In the order of the requests.</returns>
    /// <exception cref="AppendOutcomeUnknownException">The outcome of one or more could not be learnt; the others may be written.</exception>
    /// <exception cref="ArgumentException">Too many requests; an event of an unregistered type, or companion values that do not fit their kind: a
    /// bug, and nothing is written.</exception>
    Task<IReadOnlyList<AppendResult>> AppendEach(IReadOnlyList<AppendRequest> requests, CancellationToken cancellation = default);

    /// <summary>The stream's events from <paramref name="fromVersion"/> (inclusive) in version order; none when there is no such stream.</summary>
    Task<IReadOnlyList<RecordedEvent>> ReadStream(string stream, long fromVersion = 1, CancellationToken cancellation = default);

    /// <summary>The events of all these streams, up to <paramref name="upToPosition"/> (inclusive), in position order.</summary>
    Task<IReadOnlyList<RecordedEvent>> ReadStreams(
        IReadOnlyCollection<string> streams, long upToPosition = long.MaxValue, CancellationToken cancellation = default);

    /// <summary>The next <paramref name="max"/> events (1 to <see cref="EventStoreLimits.ReadBatch"/>) after a position (exclusive), in position order.</summary>
    Task<IReadOnlyList<RecordedEvent>> ReadAll(long afterPosition, int max, CancellationToken cancellation = default);

    /// <summary>The highest position committed; 0 for an empty log.</summary>
    Task<long> Head(CancellationToken cancellation = default);

    /// <summary>Returns as soon as the log reaches beyond the position, whichever node wrote, or when the time is up.</summary>
    Task WaitForAppend(long afterPosition, TimeSpan atMost, CancellationToken cancellation = default);
}
