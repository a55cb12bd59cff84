using Compliance.Metrics;

namespace Compliance.Training;

/// <summary>What the cases of a training base say of it, beyond sums: NV-TB-VOL-B, NV-TB-OP150.</summary>
public static class BaseRecord
{
    /// <summary>
    /// The first day of the practice that goes on (持续开展): going back from a day, the first case before which lay a break, or none. The day itself, that is no time at all, where there was no case for so long.
    /// </summary>
    /// <param name="days">Days with cases up to then, in rising order; with a coverage, from it on.</param>
    /// <param name="breakMonths">More months than this between two cases are a break; on the corresponding day it is none yet.</param>
    /// <param name="coverage">From when all cases are in the system; null for always.</param>
    /// <param name="attested">Since when it was practised, as attested for the time before the coverage: it stands where the cases leave no break since.</param>
    public static DateOnly PractisedSince(IReadOnlyList<DateOnly> days, int breakMonths, DateOnly by, DateOnly? coverage, DateOnly? attested)
    {
        bool Breaks(DateOnly from, DateOnly to) => from.AddMonths(breakMonths) < to;

        if (days.Count == 0 || Breaks(days[^1], by))
            return by;
        int first = days.Count - 1;
        while (first > 0 && !Breaks(days[first - 1], days[first]))
            first--;
        return first == 0 && attested <= coverage && !Breaks(coverage!.Value, days[0]) ? attested.Value : days[first];
    }

    /// <summary>The last three years (近3年来每年), the latest first: three successive twelve months, the latest of which ends on a day.</summary>
    public static IReadOnlyList<DaySpan> ThreeYears(DateOnly endsOn)
    {
        DaySpan first = DaySpan.RollingYear(endsOn);
        DaySpan second = DaySpan.RollingYear(first.From.AddDays(-1));
        return [first, second, DaySpan.RollingYear(second.From.AddDays(-1))];
    }
}
