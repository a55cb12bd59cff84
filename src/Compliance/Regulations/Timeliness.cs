using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>
/// The share of reports on time: NV-REPORT-10WD, CI3-REPORT-10WD. Shown and part of assessments; it never binds and
/// has no limit, so it puts nobody at risk by itself.
/// </summary>
public static class Timeliness
{
    /// <summary>The rate is of reports on time among those due: the numerator is what was neither late nor is overdue.</summary>
    public static Measurement Measure(Clause.Timeliness clause, Counts counts)
    {
        var due = counts.Of(clause.Reported) + counts.Of(clause.Overdue);
        var missed = counts.Of(clause.Late) + counts.Of(clause.Overdue);
        return due == 0 ? Measurement.NoRate(0) : Measurement.Rate(due - missed, due, missed == 0);
    }
}
