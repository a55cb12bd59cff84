using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;

namespace Compliance.Assessments;

/// <summary>How much of what was counted independently had been reported, over the verified totals that lie wholly within the days judged. A surplus of one period makes up for nothing missing in another.</summary>
/// <param name="Reported">Of those counted.</param>
/// <param name="Verified">Counted.</param>
public sealed record Completeness([property: Stored("Reported")] int Reported, [property: Stored("Verified")] int Verified);

/// <summary>What the system itself can say about the qualitative items, over the twelve months that were judged. Nothing in it decides.</summary>
/// <param name="WithSuccess">Cases of which success or failure was reported.</param>
/// <param name="Succeeded">Of them, the successful ones (手术成功率).</param>
/// <param name="WithStay">Cases with both days of a stay in hospital.</param>
/// <param name="StayDays">Nights of those stays, added up (平均住院日).</param>
/// <param name="Due">Cases that have a reporting deadline.</param>
/// <param name="Late">Of them, those reported after it.</param>
/// <param name="FollowUpsDue">Follow-ups (随访) of the cases whose window had ended when the round was opened.</param>
/// <param name="FollowUpsInTime">Of them, those made in it and reported by its end, the patient found (随访率).</param>
public sealed record ComputedItems(
    [property: Stored("WithSuccess")] int WithSuccess,
    [property: Stored("Succeeded")] int Succeeded,
    [property: Stored("WithStay")] int WithStay,
    [property: Stored("StayDays")] int StayDays,
    [property: Stored("Due")] int Due,
    [property: Stored("Late")] int Late,
    [property: Stored("FollowUpsDue")] int FollowUpsDue,
    [property: Stored("FollowUpsInTime")] int FollowUpsInTime)
{
    /// <summary>Null where there was no such total, and for a physician, for whom nobody counts.</summary>
    [Stored("Completeness")]
    public Completeness? Completeness { get; init; }
}

/// <summary>One subject of a round as it was counted and judged when the round was opened: later reports change it no more.</summary>
/// <param name="LeftOut">True for one suspended at the opening: it takes part again once it has been reassessed.</param>
public sealed record FrozenAssessment(
    [property: Stored("Round")] Guid Round,
    [property: Stored("Sitting")] int Sitting,
    [property: Stored("Qualification")] QualificationId Qualification,
    [property: Stored("Regulation")] string Regulation,
    [property: Stored("Version")] int Version,
    [property: Stored("Facts")] SubjectFacts Facts,
    [property: Stored("Findings")] IReadOnlyList<Finding> Findings,
    [property: Stored("Computed")] ComputedItems Computed,
    [property: Stored("LeftOut")] bool LeftOut)
{
    /// <summary>The version that judged it.</summary>
    public Regulation JudgedBy(RegulationSet regulations) => regulations.Find(Regulation, Version)!;

    /// <summary>How it ends by what is frozen and by what persons have said of it in the round so far.</summary>
    public AssessmentResult Result(RegulationSet regulations, AssessmentRound.State round) => Result(JudgedBy(regulations).InPractice.AssessmentItems, round.SheetOf(Qualification.Subject));

    /// <inheritdoc cref="Result(RegulationSet, AssessmentRound.State)"/>
    public AssessmentResult Result(IReadOnlyList<AssessmentItem> items, AssessmentRound.Sheet sheet)
    {
        List<Finding> failed = [.. Findings.Where(f => f.FailsAssessment)];
        List<Score> failedItems = [.. sheet.Scores.Select(s => s.Score).Where(s => !s.Passed).OrderBy(s => s.Item, StringComparer.Ordinal)];
        List<string> unscored = [.. items.Select(i => i.Id).Where(id => sheet.Scores.All(s => s.Score.Item != id))];
        // Only what could have failed it: that a hospital without a single case has two qualified physicians passes nobody.
        // Nor that without one nothing went wrong.
        bool judged = Facts.Counts.Cases > 0 && Findings.Any(f => f.IsDecisive && f.Measured.Outcome is Outcome.Met or Outcome.Breached);
        AssessmentOutcome outcome = sheet.Override?.Outcome
            ?? (failed.Count + failedItems.Count > 0 ? AssessmentOutcome.Failed
                : judged || unscored.Count == 0 ? AssessmentOutcome.Passed
                : AssessmentOutcome.NotAssessed);
        return new(outcome, failed, failedItems, unscored, sheet.Override);
    }

    /// <summary>What a sanction that follows from it rests on.</summary>
    public Grounds Grounds => new(Regulation, Version, Facts.Judged, Facts.Counts, [.. Findings.Where(f => f.FailsAssessment)]);
}

/// <param name="Failed">Binding breaches of clauses whose effect is to suspend.</param>
/// <param name="FailedItems">Items scored as not passed.</param>
/// <param name="Unscored">Ids of the items nobody has scored.</param>
/// <param name="Override">A person's word, which goes before findings and scores.</param>
public sealed record AssessmentResult(AssessmentOutcome Outcome, IReadOnlyList<Finding> Failed, IReadOnlyList<Score> FailedItems, IReadOnlyList<string> Unscored, AssessmentRound.Override? Override);
