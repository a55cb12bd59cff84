namespace Compliance.Metrics;

/// <summary>Days from <paramref name="From"/> to <paramref name="To"/>, both included; empty when From lies after To.</summary>
public readonly record struct DaySpan([property: Stored("From")] DateOnly From, [property: Stored("To")] DateOnly To)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => From > To;

    public bool Contains(DateOnly day) => From <= day && day <= To;

    public bool Overlaps(DaySpan other) => !IsEmpty && !other.IsEmpty && From <= other.To && other.From <= To;

    /// <summary>The rolling year (每年, judged continuously): the twelve months that end on a day, both ends included.</summary>
    /// <remarks>A year that ends on 29 February begins on 1 March of the year before.</remarks>
    public static DaySpan RollingYear(DateOnly endsOn) => new(endsOn.AddYears(-1).AddDays(1), endsOn);
}

/// <summary>The days a subject is judged on: its rolling year, cut to what may be held against it.</summary>
/// <param name="From">First day judged.</param>
/// <param name="To">Last day judged.</param>
/// <param name="Complete">True when it is a whole rolling year: only then does a count mean a year's volume.</param>
public readonly record struct Observation(
    [property: Stored("From")] DateOnly From,
    [property: Stored("To")] DateOnly To,
    [property: Stored("Complete")] bool Complete)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public DaySpan Span => new(From, To);

    /// <summary>
    /// From the latest of the first day of the rolling year, the day the qualification took effect, and the day from
    /// which the cases are all in the system; null means no such limit.
    /// </summary>
    public static Observation EndingOn(DateOnly day, DateOnly? tookEffectOn, DateOnly? coverageFrom)
    {
        var first = DaySpan.RollingYear(day).From;
        var from = first;
        if (tookEffectOn > from)
        {
            from = tookEffectOn.Value;
        }

        if (coverageFrom > from)
        {
            from = coverageFrom.Value;
        }

        return new(from, day, from == first);
    }
}
