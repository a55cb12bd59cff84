using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>No malpractice incident of any grade in the year that ends on the day itself, always binding: CI-ACCIDENT-0.</summary>
public static class NoIncidents
{
    public static Measurement Measure(Clause.NoIncidents clause, Counts current) =>
        Measurement.Count(current.Of(clause.Count), current.Of(clause.Count) == 0);
}
