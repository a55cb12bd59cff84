using System.Collections.Concurrent;

namespace Compliance.Service.Tests.Crash;

/// <param name="Position">As answered; of an import, of the last of its cases.</param>
internal sealed record Acknowledged(Write Write, int Status, long Position, string? CaseId);

/// <summary>What the clients, outside the service, know: what was acknowledged, what was given up, and what should never have been answered.</summary>
internal sealed class Ledger
{
    private long _unacknowledged;
    private long _repeats;

    public ConcurrentQueue<Acknowledged> Acknowledged { get; } = new();

    public ConcurrentQueue<Write> GivenUp { get; } = new();

    public ConcurrentQueue<string> Wrong { get; } = new();

    /// <summary>Attempts that ended without an acknowledgement: refused, cut off, or never answered.</summary>
    public long Failures => Interlocked.Read(ref _unacknowledged);

    /// <summary>Writes sent again after their acknowledgement, to hear the same answer.</summary>
    public long Repeats => Interlocked.Read(ref _repeats);

    public int Events => Acknowledged.Sum(a => a.Write.Appends.Count);

    public void Failed() => Interlocked.Increment(ref _unacknowledged);

    public void Repeated() => Interlocked.Increment(ref _repeats);
}
