using System.Text.Json.Serialization;
using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Cases;

/// <summary>Why somebody might not decide on a case, or perform it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WhyNot>))]
public enum WhyNot
{
    /// <summary>The registries do not know the physician; then nothing else is told.</summary>
    Unknown,
    NotRegisteredHere,
    NotQualified,
    Suspended,
    TitleTooLow,
}

/// <summary>One who decided on a case or performed it, and whether that counts.</summary>
/// <param name="WhyNot">Everything that stands against it; empty for one that counts.</param>
public sealed record DeciderJudged(Decider Decider, IReadOnlyList<WhyNot> WhyNot)
{
    public bool Counts => WhyNot.Count == 0;
}

/// <summary>
/// Who decided on a case, and who may (NV-CASE-DECIDE2, CI-CASE-DECIDE, CI3-CASE-DECIDE): physicians of the institution, able to use the qualification and of the title on the very day of the decision. That of the operator counts
/// like any other's (A19), whoever is named twice counts once, and whoever is seconded under aid is the institution's own. Where the level needs no qualification neither its want nor its suspension matters.
/// </summary>
public static class CaseDeciders
{
    /// <summary>In the order of the report, each once.</summary>
    public static IReadOnlyList<DeciderJudged> Of(CaseReport report, CaseRules rules, CaseCircumstances there) =>
        [.. there.Deciders.DistinctBy(d => d.Physician).Select(d => new DeciderJudged(d, Why(d, report.Level, rules, rules.Deciders)))];

    /// <summary>The operator in the same terms, on the day of completion, and of the title that operators need (NV-CASE-OPERATOR, CI-CASE-OPERATOR, CI3-CASE-OPERATOR).</summary>
    public static DeciderJudged OfOperator(CaseReport report, CaseRules rules, CaseCircumstances there)
    {
        var op = new Decider(report.Operator, there.OperatorRegisteredHere, there is { OperatorQualified: true, OperatorSuspended: false }, there.OperatorTitle)
        {
            Known = there.OperatorKnown,
            Suspended = there.OperatorSuspended,
            Seconded = there.OperatorSeconded,
            MainRegistration = there.OperatorMainRegistration,
        };
        return new(op, Why(op, report.Level, rules, rules.Operator));
    }

    public static bool HasTitle(TitleRule? rule, int level, Title? title) => rule is null || level < rule.FromLevel || title >= rule.AtLeast;

    private static IReadOnlyList<WhyNot> Why(Decider d, int level, CaseRules rules, TitleRule? title)
    {
        if (!d.Known)
        {
            return [WhyNot.Unknown];
        }

        var why = new List<WhyNot>();
        if (!d.RegisteredHere)
        {
            why.Add(WhyNot.NotRegisteredHere);
        }

        if (rules.NeedsQualification(level) && !d.Active)
        {
            why.Add(d.Suspended ? WhyNot.Suspended : WhyNot.NotQualified);
        }

        if (!HasTitle(title, level, d.Title))
        {
            why.Add(WhyNot.TitleTooLow);
        }

        return why;
    }
}
