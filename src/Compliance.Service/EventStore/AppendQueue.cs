using System.Threading.Channels;

namespace Compliance.Service.EventStore;

/// <summary>What waits for the writer, bounded in requests and in bytes. Single appends and calls of many stand in two lines, so that nobody
/// waits behind more than one group of an import.</summary>
internal sealed class AppendQueue
{
    /// <summary>One entry of the queue and one group: large enough for an import's thousand and that the flush no longer counts, small enough
    /// that its first caller does not wait for long and that the append lock is held for some tens of milliseconds.</summary>
    public const int GroupEvents = 2_000;
    public const int GroupBytes = 8 << 20;
    private const int GroupRequests = 1_024;

    /// <summary>Requests that may wait. At a few thousand appends a second this is about what callers' patience can be served anyway.</summary>
    private const int QueueRequests = 4_096;

    /// <summary>Payload bytes that may wait: 4,096 requests of the largest size would be 4 GiB and more.</summary>
    private const long QueueBytes = 64L << 20;

    // Synchronous continuations: an idle writer sets out on its caller's thread, up to its first network wait, sparing a thread switch.
    private readonly Channel<PendingCall> _arrivals = Channel.CreateUnbounded<PendingCall>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly Queue<PendingCall> _single = new();
    private readonly Queue<PendingCall> _many = new();
    private long _requests;
    private long _bytes;

    /// <summary>False when it is full or closed.</summary>
    public bool TryAdd(PendingCall call)
    {
        // Both are counted before either is judged, so that callers at the same moment cannot pass the bound together.
        var requests = Interlocked.Add(ref _requests, call.Appends.Count);
        var bytes = Interlocked.Add(ref _bytes, call.Bytes);
        if (requests <= QueueRequests && bytes <= QueueBytes && _arrivals.Writer.TryWrite(call))
            return true;
        Leave(call);
        return false;
    }

    public void Close() => _arrivals.Writer.TryComplete();

    /// <summary>False when it is closed and empty.</summary>
    public ValueTask<bool> WaitForWork() => _single.Count + _many.Count > 0 ? new(true) : _arrivals.Reader.WaitToReadAsync();

    /// <summary>The next group; none when all who waited have given up. Only for the writer.</summary>
    public List<PendingAppend> Take()
    {
        while (_arrivals.Reader.TryRead(out var call))
            (call.Appends.Count == 1 ? _single : _many).Enqueue(call);

        var group = new List<PendingAppend>();
        var (events, bytes) = (0, 0L);
        // Half of a group for those who are alone, and the rest for the others: neither line can starve the other.
        Fill(_single, _many.Count > 0 ? 2 : 1);
        Fill(_many, 1);
        return group;

        void Fill(Queue<PendingCall> line, int share)
        {
            while (group.Count < GroupRequests / share && events < GroupEvents / share && bytes < GroupBytes / share && line.TryDequeue(out var call))
            {
                Leave(call);
                if (!call.TryClaim())
                    continue;
                group.AddRange(call.Appends);
                events += call.Events;
                bytes += call.Bytes;
            }
        }
    }

    private void Leave(PendingCall call)
    {
        Interlocked.Add(ref _requests, -call.Appends.Count);
        Interlocked.Add(ref _bytes, -call.Bytes);
    }
}
