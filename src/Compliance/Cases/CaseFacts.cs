using Compliance.Metrics;

namespace Compliance.Cases;

/// <summary>
/// What a case counts as today: always computed anew from the case, never incremented, so corrections, late reports,
/// redelivery and rebuild give the same number.
/// </summary>
/// <param name="Severe">At least one severe complication that counts; a case counts once however many were reported.</param>
/// <param name="Death">A death that counts.</param>
/// <param name="PossibleSevere">As <paramref name="Severe"/>, with all but those adjudicated unrelated.</param>
/// <param name="PossibleDeath">As <paramref name="Death"/>, unless adjudicated unrelated.</param>
/// <param name="Succeeded">As reported; null where it was not.</param>
/// <param name="StayDays">Nights from admission to discharge; null unless both were reported.</param>
/// <param name="Incidents">Related malpractice incidents, with the day they were determined on.</param>
public sealed record CaseFacts(
    CaseKey Key,
    bool Voided,
    bool Therapeutic,
    int Level,
    bool Severe,
    bool Death,
    bool PossibleSevere,
    bool PossibleDeath,
    Timeliness Timeliness,
    bool? Succeeded,
    int? StayDays,
    IReadOnlyList<(Guid Id, int Grade, DateOnly DeterminedOn)> Incidents)
{
    /// <summary>What the case adds to the counts of its institution and its operator: incidents on the days they were determined, all else on its day of completion. A case voided adds nothing.</summary>
    public Counts Counted
    {
        get
        {
            int One(bool counts) => counts && !Voided ? 1 : 0;
            return new(
                One(true),
                One(!Therapeutic),
                One(Therapeutic),
                One(Level >= 3),
                One(Level >= 3 && Therapeutic),
                One(Severe),
                One(Severe && Therapeutic),
                One(Death),
                One(Death && Therapeutic),
                One(PossibleSevere),
                One(PossibleDeath),
                One(PossibleSevere && Therapeutic),
                One(PossibleDeath && Therapeutic),
                Voided ? 0 : Incidents.Count,
                Voided ? 0 : Incidents.Count(i => i.Grade <= 2),
                One(Timeliness.IsLate),
                0);
        }
    }

    public static CaseFacts Of(Case.State state)
    {
        var severe = state.StandingComplications.Where(c => c.Severe).ToList();
        return new(
            state.Key!,
            state.Voided,
            state.Report!.Therapeutic,
            state.Report.Level,
            severe.Exists(c => Counts(c.Declared, c.Adjudicated)),
            state.Death is { } d && Counts(d.Declared, d.Adjudicated),
            severe.Exists(c => c.Adjudicated != Relation.Unrelated),
            state.Death is { } p && p.Adjudicated != Relation.Unrelated,
            state.Timeliness!,
            state.Report.Succeeded,
            state.Report.DischargedOn?.DayNumber - state.Report.AdmittedOn?.DayNumber,
            [.. state.Incidents.Where(i => Counts(i.Declared, i.Adjudicated)).Select(i => (i.Id, i.Grade, i.DeterminedOn))]);
    }

    /// <summary>Related and undetermined outcomes count until adjudicated otherwise (A3).</summary>
    private static bool Counts(Relation declared, Relation? adjudicated) => (adjudicated ?? declared) != Relation.Unrelated;
}
