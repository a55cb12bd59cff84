using Compliance.Qualifications;

namespace Compliance.Regulations;

/// <summary>What the findings of a closed day ask for.</summary>
public enum Verdict
{
    Clear,
    Warned,
    Suspended,
}

/// <summary>What a changed regulation would have made of a day that was closed.</summary>
/// <param name="Verdict">By the change.</param>
/// <param name="Before">By the regulation that judged the day.</param>
/// <param name="Clauses">The breaches that make the difference: those of the change, or, where it clears, those that are gone.</param>
public sealed record WhatIfChange(QualificationId Qualification, string? Province, Verdict Before, Verdict Verdict, IReadOnlyList<string> Clauses);

/// <summary>
/// Holds the facts that were judged on a closed day against another regulation. The facts are those the closing was written with, so the answer is what the monitor would have found that evening,
/// not what is known by now. Whether the province was acting on findings then makes no difference: the question is what the rule would have done.
/// </summary>
public static class WhatIf
{
    /// <summary>
    /// The findings of a closing by another regulation. Where a breach began is known for the clauses that are as they were; for the others it is left open, and
    /// <see cref="OpenRuns"/> says which of them must be looked for.
    /// </summary>
    public static IReadOnlyList<Finding> Judge(Regulation draft, Regulation actual, Closing closing) =>
        [.. Evaluation.Evaluate(draft, closing.Facts).Select(f => f.IsBreach && IsSame(f.Clause, draft, actual) ? f with { Since = closing.Findings.FirstOrDefault(was => was.Clause == f.Clause)?.Since } : f)];

    /// <summary>The breaches that suspend once they have lasted, and of which nobody has said yet since when they do.</summary>
    public static IEnumerable<Finding> OpenRuns(IReadOnlyList<Finding> findings) => findings.Where(f => f is { IsBreach: true, Effect: BreachEffect.WarnThenSuspend, Since: null });

    /// <summary>The first day closed of the run of breaches that a finding belongs to, by another regulation; looked for no further back than makes a difference.</summary>
    /// <param name="closingOn">The subject's closing of a day; null where there is none, which ends the run.</param>
    /// <param name="draftOn">What would have judged a closing; null where nothing did.</param>
    public static DateOnly Since(Finding finding, DateOnly day, Func<DateOnly, Closing?> closingOn, Func<Closing, Regulation?> draftOn)
    {
        DateOnly since = day;
        while (day.DayNumber - since.DayNumber + 1 < finding.AfterDays
            && closingOn(since.AddDays(-1)) is { } before
            && draftOn(before) is { } draft
            && Evaluation.Evaluate(draft, before.Facts).Any(f => f.Clause == finding.Clause && f.IsBreach))
        {
            since = since.AddDays(-1);
        }

        return since;
    }

    /// <summary>What the findings of a day ask for.</summary>
    public static Verdict Of(IReadOnlyList<Finding> findings, DateOnly day) =>
        findings.Any(f => Suspends(f, day)) ? Verdict.Suspended : findings.Any(f => f.IsBreach) ? Verdict.Warned : Verdict.Clear;

    /// <summary>The difference between what was found and what the draft finds; null when there is none.</summary>
    public static WhatIfChange? Compare(Closing closing, IReadOnlyList<Finding> draft)
    {
        (Verdict before, Verdict after) = (Of(closing.Findings, closing.Day), Of(draft, closing.Day));
        if (before == after)
            return null;
        (IReadOnlyList<Finding> worse, IReadOnlyList<Finding> better) = after > before ? (draft, closing.Findings) : (closing.Findings, draft);
        bool Counts(Finding f) => (after > before ? after : before) == Verdict.Suspended ? Suspends(f, closing.Day) : f.IsBreach;
        return new(closing.Qualification, closing.Province, before, after, [.. worse.Where(f => Counts(f) && !better.Any(b => b.Clause == f.Clause && Counts(b))).Select(f => f.Clause)]);
    }

    private static bool Suspends(Finding f, DateOnly day) => f.IsBreach && f.Effect switch
    {
        BreachEffect.Suspend => true,
        BreachEffect.WarnThenSuspend => f.Since is { } since && day >= since.AddDays(f.AfterDays!.Value - 1),
        _ => false,
    };

    // A rate in an incomplete observation depends on the guideline volume too.
    private static bool IsSame(string clause, Regulation draft, Regulation actual) =>
        draft.Clause(clause) is { } now && now.Equals(actual.Clause(clause) is { } was ? was with { Applies = now.Applies, Concerns = now.Concerns, Title = now.Title, Phrase = now.Phrase, Reading = now.Reading } : null)
        && (now is not Clause.EventRate || draft.InPractice.GuidelineVolume == actual.InPractice.GuidelineVolume);

    /// <summary>What of a draft the facts of closed days cannot answer for, since they were counted by the regulation in force: how cases are coded, which have a deadline, who may do them.</summary>
    public static IReadOnlyList<string> NotFollowed(Regulation actual, Regulation draft) =>
        [.. RegulationDiff.Between(actual, draft).Select(change => change.At)
            .Where(at => at.StartsWith("/practice/catalogue", StringComparison.Ordinal) || at.StartsWith("/practice/complications", StringComparison.Ordinal) || at.StartsWith("/practice/reporting", StringComparison.Ordinal)
                || at.StartsWith("/practice/caseRules", StringComparison.Ordinal) || at.StartsWith("/practice/proceedings", StringComparison.Ordinal))];
}
