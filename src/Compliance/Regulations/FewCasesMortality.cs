using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>
/// Deaths of few cases, always binding: NV-MORT-LOWVOL. It stands instead of the rate (A1): with both, three deaths
/// in ninety-nine would already fail the rate, and the clause would never decide anything.
/// </summary>
public static class FewCasesMortality
{
    public static Measurement Measure(Clause.FewCasesMortality clause, Counts counts)
    {
        var deaths = counts.Of(clause.Numerator);
        var n = counts.Of(clause.Denominator);
        return n >= clause.WhenDenominatorBelow ? Measurement.NotApplicable
            : n == 0 ? Measurement.NoRate(deaths)
            : Measurement.Count(deaths, deaths <= clause.AtMost) with { Numerator = deaths, Denominator = n };
    }
}
