using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>Enough qualified physicians of the institution's own, on the day itself, always binding: NV-INST-PHYS-2, CI3-PHYS-2.</summary>
public static class QualifiedStaff
{
    public static Measurement Measure(Clause.QualifiedStaff clause, Staff staff) =>
        Measurement.Count(
            staff.Qualified,
            staff.Qualified >= clause.AtLeast && (clause.WithTitle is not { } title || staff.AtLeast(title.Title) >= title.AtLeast));
}
