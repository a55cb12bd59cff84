namespace Compliance.Benchmarks.Generation;

/// <summary>Random numbers by SplitMix64: made in a nanosecond from any seed, so that every case has dice of its own and can be generated without those before it.</summary>
internal struct Dice(ulong seed)
{
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    private ulong _state = seed;

    /// <summary>The dice of one thing among many.</summary>
    public static Dice Of(long seed, long thing) => new(unchecked(((ulong)seed * Step) + ((ulong)thing * 0xD1B5_4A32_D192_ED03)));

    public ulong Next()
    {
        unchecked
        {
            _state += Step;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 included, 1 excluded.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>0 to <paramref name="n"/> - 1.</summary>
    public int Below(int n) => (int)(Unit() * n);

    /// <summary>Both bounds included.</summary>
    public int Between(int from, int to) => from + Below(to - from + 1);

    public bool Chance(double p) => Unit() < p;

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public void Fill(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)Next();
    }
}
