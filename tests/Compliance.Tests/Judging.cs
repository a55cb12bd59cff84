using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Tests;

/// <summary>Makes what is judged, so that a test says only what it is about: a whole year without excuse, on an ordinary day.</summary>
internal static class Judging
{
    public static readonly DateOnly AsOf = new(2026, 6, 30);
    public static readonly DateOnly Settled = new(2026, 6, 12);

    public static Regulation Neurovascular => ShippedRegulations.All.Single(s => s.Regulation.Id == "NV-2012").Regulation;

    public static Regulation Comprehensive => ShippedRegulations.All.Single(s => s.Regulation.Id == "CI-2012").Regulation;

    public static SubjectFacts InstitutionWith(Counts counts) => Facts(Subject.Institution("H1"), counts);

    public static SubjectFacts PhysicianWith(Counts counts) =>
        Facts(Subject.Physician("P1"), counts) with { LowestTitle = Title.AssociateChief, CurrentLowestTitle = Title.AssociateChief };

    /// <summary>Treatments, and among them those with a severe complication and those that died.</summary>
    public static Counts Treated(int cases, int severe = 0, int deaths = 0) => Counts.None with
    {
        Cases = cases,
        TherapeuticCases = cases,
        SevereComplicationCases = severe,
        TherapeuticSevereComplicationCases = severe,
        DeathCases = deaths,
        TherapeuticDeathCases = deaths,
        PossibleSevereComplicationCases = severe,
        PossibleDeathCases = deaths,
        PossibleTherapeuticSevereComplicationCases = severe,
        PossibleTherapeuticDeathCases = deaths,
    };

    /// <summary>The observation begins some months into the year.</summary>
    public static SubjectFacts ObservedForPartOfTheYear(this SubjectFacts facts) => facts with
    {
        Judged = facts.Judged with { From = facts.Judged.From.AddMonths(3), Complete = false },
        Current = facts.Current with { From = facts.Current.From.AddMonths(3), Complete = false },
    };

    public static SubjectFacts OnLeave(this SubjectFacts facts) => facts with { Excused = true };

    public static SubjectFacts Today(this SubjectFacts facts, Counts current) => facts with { CurrentCounts = current };

    public static Finding Of(this IReadOnlyList<Finding> findings, string clause) => findings.Single(f => f.Clause == clause);

    private static SubjectFacts Facts(Subject subject, Counts counts) => new(
        subject,
        "neurovascular",
        AsOf,
        Observation.EndingOn(Settled, null, null),
        counts,
        Observation.EndingOn(AsOf, null, null),
        counts,
        new Staff(2, 1, 0),
        Excused: false,
        null,
        null);

    public static Finding Breach(string clause, BreachEffect effect, DateOnly since, DateOnly? suspendsOn = null) => new(
        clause, Measurement.Count(29, met: false), Binding: true, effect, effect == BreachEffect.WarnThenSuspend ? 90 : null, Settled, Observation.EndingOn(Settled, null, null), 30, ">=", since, suspendsOn, null, null);

    public static Finding Met(string clause) => Breach(clause, BreachEffect.Warn, Settled) with { Measured = Measurement.Count(30, met: true), Since = null };

    public static Enforcement.Set Setting(EnforcementMode mode, string province = "11") =>
        new("neurovascular", province, mode, new(2026, 1, 1), RevocationMode.Confirmed, null, new(2026, 1, 1), Regulator);

    public static readonly Actor Regulator = new("regulator", "anna");

    public static readonly Actor Holder = new("hospital", "hans");
}
