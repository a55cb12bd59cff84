using System.Diagnostics;

namespace Compliance.Benchmarks;

/// <summary>Says on standard error how far a long piece of work has come, how fast, and how long it will take; once a second at most.</summary>
internal sealed class Progress(string what, long total, string unit)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly long _started = Stopwatch.GetTimestamp();
    private long _said = Stopwatch.GetTimestamp();
    private long _done;

    public static void Say(string text) => Console.Error.WriteLine(text);

    public void Add(long done)
    {
        _done += done;
        if (Stopwatch.GetElapsedTime(_said) < Pause)
            return;
        _said = Stopwatch.GetTimestamp();
        var rate = _done / Stopwatch.GetElapsedTime(_started).TotalSeconds;
        Say($"{what}: {_done:N0} of {total:N0} {unit}, {rate:N0} a second, {TimeSpan.FromSeconds((total - _done) / rate):h\\:mm\\:ss} left");
    }
}
