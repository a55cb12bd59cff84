using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>A ceiling on a rate, always binding: NV-RATE-COMP, NV-RATE-MORT, CI-RATE-COMP, CI-RATE-MORT.</summary>
public static class EventRate
{
    /// <summary>
    /// Met when <c>100·k &lt; p·n</c>, on integers: 3 of 100 is exactly 3.00 % and breaches "below 3 %". In an
    /// incomplete observation n is at least the guideline volume of a year, so the first death of the first month is
    /// not a rate of 100 %. Where few cases are judged by a count instead (A1), the cases there really were decide.
    /// </summary>
    public static Measurement Measure(Clause.EventRate clause, Counts counts, bool complete, int guidelineVolume)
    {
        var k = counts.Of(clause.Numerator);
        var n = counts.Of(clause.Denominator);
        if (n < clause.WhenDenominatorAtLeast)
        {
            return Measurement.NotApplicable;
        }

        if (n == 0)
        {
            return Measurement.NoRate(k);
        }

        var judged = complete ? n : Math.Max(n, guidelineVolume);
        return Measurement.Rate(k, judged, 100L * k < (long)clause.BelowPercent * judged);
    }
}
