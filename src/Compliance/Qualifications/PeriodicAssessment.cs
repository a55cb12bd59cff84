using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Qualifications;

/// <summary>What a concluded round (定期评估) makes of a qualification: NV-ASSESS-FAIL-SUSPEND, NV-REVOKE-2X and their like. It stands in the stream of the qualification, so that an outcome and the sanction it leads to are one append.</summary>
public static class PeriodicAssessment
{
    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event(QualificationId Qualification, Actor By) : Qualifications.Qualification.Event(Qualification, By)
    {
        /// <param name="Sitting">1 for the round's first conclusion; one opened again for concealed outcomes is a new published decision.</param>
        /// <param name="Counts">False for a round concluded while the province only observed: it does not enter the row of failures.</param>
        /// <param name="Scheduled">False for one a person opened for a period of his own: it suspends, but it is none of the periodic ones, and does not enter the row either.</param>
        /// <param name="FailedItems">Qualitative items scored as not passed.</param>
        /// <param name="OverriddenBecause">Set when a person decided the outcome.</param>
        /// <param name="Grounds">What was judged, with the findings that failed it; none where items or a person did.</param>
        public sealed record Assessed(
            QualificationId Qualification,
            [property: Stored("Round")] Guid Round,
            [property: Stored("Sitting")] int Sitting,
            [property: Stored("Province")] string Province,
            [property: Stored("Period")] DaySpan Period,
            [property: Stored("Outcome")] AssessmentOutcome Outcome,
            [property: Stored("Counts")] bool Counts,
            [property: Stored("Scheduled")] bool Scheduled,
            [property: Stored("FailedItems")] IReadOnlyList<Score> FailedItems,
            [property: Stored("OverriddenBecause")] string? OverriddenBecause,
            [property: Stored("Grounds")] Grounds Grounds,
            [property: Stored("AssessedOn")] DateOnly AssessedOn,
            Actor By) : Event(Qualification, By);
    }

    /// <param name="About">The days it is about: those judged where figures failed it, the period where items or a person did.</param>
    /// <param name="AssessedOn">The day it was first concluded.</param>
    /// <param name="Grant">The number of the grant it is about: a new grant begins a clean row.</param>
    /// <param name="Struck">True once a person has annulled the suspension that followed from it, or declined it: it counts for nothing.</param>
    public sealed record Concluded(
        Guid Round,
        int Sitting,
        DaySpan Period,
        DaySpan About,
        AssessmentOutcome Outcome,
        bool Counts,
        bool Scheduled,
        DateOnly AssessedOn,
        int Grant,
        bool Struck,
        IReadOnlyList<Score> FailedItems,
        string? OverriddenBecause);

    public static Qualification.State Evolve(Qualification.State state, Event e) => e switch
    {
        // A round concluded anew replaces what it said before.
        Event.Assessed a => state with
        {
            Assessments =
            [
                .. state.Assessments.Where(was => was.Round != a.Round),
                new(
                    a.Round,
                    a.Sitting,
                    a.Period,
                    a.FailedItems.Count > 0 || a.OverriddenBecause is not null ? a.Period : a.Grounds.Observation.Span,
                    a.Outcome,
                    a.Counts,
                    a.Scheduled,
                    state.Assessments.FirstOrDefault(was => was.Round == a.Round)?.AssessedOn ?? a.AssessedOn,
                    state.GrantOn(a.Period.To)?.Number ?? 0,
                    Struck: false,
                    a.FailedItems,
                    a.OverriddenBecause),
            ],
        },
        _ => throw new System.Diagnostics.UnreachableException($"no assessment is called {e.GetType().Name}"),
    };

    /// <summary>
    /// How many periodic assessments of the present grant failed in a row (连续评估不合格), by their periods; reading A6: only scheduled ones count, a passed one begins the row anew, one that assessed
    /// nothing neither counts nor resets, and reassessments after rectification are no part of it.
    /// </summary>
    /// <remarks>
    /// Two that are about the same days are one failure, as is one whose period was over before the one before it was concluded: nobody loses a qualification for the same year twice, or for failing again
    /// before anybody had told him that he failed.
    /// </remarks>
    public static int FailuresInRow(Qualification.State state)
    {
        int failures = 0;
        Concluded? later = null;
        foreach (Concluded entry in state.Assessments
            .Where(a => a is { Counts: true, Scheduled: true, Struck: false, Outcome: not AssessmentOutcome.NotAssessed } && a.Grant == state.Grants.Count)
            // Of two that end on one day the one concluded later is the later.
            .Reverse()
            .OrderByDescending(a => a.Period.To))
        {
            if (entry.Outcome == AssessmentOutcome.Passed)
                break;
            if (later is not null && (later.About.Overlaps(entry.About) || later.Period.To <= entry.AssessedOn))
                continue;
            failures++;
            later = entry;
        }

        return failures;
    }

    /// <summary>Who concluded a round, on which day, and what that leads to where.</summary>
    /// <param name="Scheduled">True for a period of the province's schedule, whoever opened its round.</param>
    /// <param name="Setting">Of the round's province on the day it is recorded; null while observing.</param>
    /// <param name="Held">True when the round would suspend more at once than a province's data can be trusted with: then nobody is suspended, it is proposed.</param>
    /// <param name="ConcludedOn">The day closed, or the day a person concluded the round: what is decided is judged on it, however late it is recorded.</param>
    /// <param name="RecordedOn">What is decided takes effect the day after.</param>
    /// <param name="HearUntil">The last day on which to ask for a hearing, should revocation be proposed.</param>
    public sealed record Conclusion(
        Guid Round,
        int Sitting,
        string Province,
        DaySpan Period,
        bool Scheduled,
        Enforcement.Set? Setting,
        bool Held,
        ProceedingRules Proceedings,
        DateOnly ConcludedOn,
        DateOnly RecordedOn,
        DateOnly HearUntil,
        Actor By);

    /// <summary>
    /// Records the outcome of a concluded round, and what follows from it. A failure suspends (or proposes to); the last of so many in a row as the regulation says proposes revocation too, and until somebody
    /// has decided nobody goes on who has just failed again. Under <c>observe</c> it is recorded, and nothing follows, also later.
    /// </summary>
    public static Decision<Qualification.Event> Record(Qualification.State state, FrozenAssessment frozen, AssessmentResult result, Conclusion of)
    {
        if (state.Id is not { } id || state.Assessments.Any(a => a.Round == of.Round && a.Sitting >= of.Sitting))
            return Decision<Qualification.Event>.Nothing;

        // A person's word is the ground then, not the figures.
        Grounds grounds = result.Override is null ? frozen.Grounds : frozen.Grounds with { Findings = [] };
        bool counts = of.Setting is { Mode: EnforcementMode.Confirm or EnforcementMode.Enforce };
        List<Qualification.Event> events = [];
        void Add(Qualification.Event e)
        {
            events.Add(e);
            state = Qualification.Evolve(state, e);
        }

        Add(new Event.Assessed(id, of.Round, of.Sitting, of.Province, of.Period, result.Outcome, counts, of.Scheduled, result.FailedItems, result.Override?.Reason, grounds, of.ConcludedOn, of.By));
        if (result.Outcome != AssessmentOutcome.Failed)
        {
            // Opened again, it did not fail after all: what an earlier sitting led to, and nobody has decided, falls.
            foreach (Qualification.Event e in Qualification.Withdraw(state, p => p.Round == of.Round, of.ConcludedOn, of.By).ToList())
                Add(e);
        }

        // What was assessed is the grant that held on the period's last day: one granted since begins clean.
        if (!counts || result.Outcome != AssessmentOutcome.Failed || state.Standing == Standing.Revoked || state.GrantOn(of.Period.To)?.Number != state.Grants.Count)
            return new(events, null);

        if (state.ValidityOn(of.RecordedOn) == Validity.Valid && state.Standing is Standing.Good or Standing.Warned)
        {
            if (of.Setting!.Mode == EnforcementMode.Enforce && !of.Held)
            {
                foreach (Qualification.Event e in Qualification.Withdraw(state, p => p.Sanction != Sanction.Revocation, of.ConcludedOn, of.By).ToList())
                    Add(e);
                Add(Qualification.SuspendedNow(id, of.ConcludedOn, of.RecordedOn, of.Proceedings.RectificationMonths, of.Province, null, grounds, null, of.By, of.Round));
            }
            else if (!state.Pending.Any(p => p.Sanction == Sanction.Suspension && p.Round == of.Round))
            {
                foreach (Qualification.Event e in Qualification.Withdraw(state, p => p.Sanction != Sanction.Revocation, of.ConcludedOn, of.By).ToList())
                    Add(e);
                Add(new Qualification.Event.SuspensionProposed(
                    id, Qualification.NextProposal(state), of.ConcludedOn, of.Province, of.Setting.Mode == EnforcementMode.Enforce, grounds, of.By, of.Round));
            }
        }

        // Also of one that has given the technique up since: that ends monitoring, not a proceeding.
        if (FailuresInRow(state) >= of.Proceedings.FailuresToRevoke && !state.Pending.Any(p => p.Sanction == Sanction.Revocation))
            Add(new Qualification.Event.RevocationProposed(id, Qualification.NextProposal(state), of.Province, "", grounds, of.By, of.HearUntil, of.Round));
        return new(events, null);
    }
}
