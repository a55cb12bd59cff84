using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Regulations;

/// <summary>A floor on a year's count: NV-VOL-INST, NV-VOL-INST-TX, NV-PHYS-30, CI3-VOL-INST, CI3-PHYS-30.</summary>
public static class AnnualVolume
{
    /// <summary>Met when the count is the floor or more. Nobody is judged for what he may not do: below the title, the clause does not apply.</summary>
    public static Measurement Measure(Clause.AnnualVolume clause, Counts counts, Title? lowestTitle) =>
        clause.UnlessTitleBelow is { } title && (lowestTitle is null || lowestTitle < title)
            ? Measurement.NotApplicable
            : Measurement.Count(counts.Of(clause.Count), counts.Of(clause.Count) >= clause.AtLeast);

    /// <summary>A count is a year's volume only over a whole year in which the subject could work.</summary>
    public static bool IsBinding(SubjectFacts facts) => facts.Judged.Complete && !facts.Excused;
}
