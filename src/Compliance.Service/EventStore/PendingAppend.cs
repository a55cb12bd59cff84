namespace Compliance.Service.EventStore;

internal readonly record struct EventRow(Guid Id, EventType Type, ReadOnlyMemory<byte> Json);

/// <summary>One request on its way through the writer.</summary>
internal sealed class PendingAppend(AppendRequest request, EventRow[] events, int bytes)
{
    private PendingCall? _call;

    public AppendRequest Request => request;

    public EventRow[] Events => events;

    public int Bytes => bytes;

    /// <summary>Null until it is decided.</summary>
    public AppendResult? Result { get; private set; }

    public void BelongsTo(PendingCall call) => _call = call;

    /// <summary>The first answer stands.</summary>
    public void Complete(AppendResult result)
    {
        if (Result is not null)
            return;
        Result = result;
        _call!.OneDone(failure: null);
    }

    public void Fail(Exception cause)
    {
        if (Result is not null)
            return;
        Result = new AppendResult.Unavailable(cause.Message);
        _call!.OneDone(cause);
    }
}

/// <summary>One entry of the queue: the request of one caller, or the many of an import, which wait and are answered together.</summary>
internal sealed class PendingCall
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private int _open;
    private int _claimed;

    public PendingCall(IReadOnlyList<PendingAppend> appends)
    {
        Appends = appends;
        _open = appends.Count;
        foreach (var append in appends)
        {
            append.BelongsTo(this);
            Events += append.Events.Length;
            Bytes += append.Bytes;
        }
    }

    public IReadOnlyList<PendingAppend> Appends { get; }

    public int Events { get; }

    public long Bytes { get; }

    /// <summary>Ends when every request has its result; fails with the first failure among them, once the others are done too.</summary>
    public Task Done => _done.Task;

    /// <summary>True for exactly one of the two who may want it: the writer that takes it up, the caller who gives up waiting.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>Only the writer calls it, or the caller that has claimed it.</summary>
    public void OneDone(Exception? failure)
    {
        _failure ??= failure;
        if (--_open > 0)
            return;
        if (_failure is null)
            _done.TrySetResult();
        else
            _done.TrySetException(_failure);
    }

    public void CompleteAll(AppendResult result)
    {
        foreach (var append in Appends)
            append.Complete(result);
    }
}
