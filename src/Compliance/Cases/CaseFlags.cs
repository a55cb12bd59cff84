using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Cases;

/// <summary>One of those who decided on a case, as the registries know them on its day.</summary>
public sealed record Decider(string Physician, bool RegisteredHere, bool Active, Title? Title);

/// <summary>What the registries say about the people and the place of a case, on its day.</summary>
/// <param name="UnderAid">The institution is aided by a qualified one before its own grant; those seconded to it count as its own.</param>
public sealed record CaseCircumstances(
    bool OperatorKnown,
    bool OperatorRegisteredHere,
    bool OperatorQualified,
    bool OperatorSuspended,
    Title? OperatorTitle,
    bool InstitutionQualified,
    bool InstitutionSuspended,
    bool UnderAid,
    IReadOnlyList<Decider> Deciders,
    bool LooksReportedBefore)
{
    /// <summary>The flags that the case's devices earn it, by the rules about devices.</summary>
    public IReadOnlyList<string> DeviceFlags { get; init; } = [];
}

/// <summary>
/// What is irregular about a case. Nothing reported is turned away for being irregular: it is accepted and flagged,
/// and the flags change when what they rest on does.
/// </summary>
public static class CaseFlags
{
    public const string OperatorUnknown = "operatorUnknown";
    public const string OperatorNotQualified = "operatorNotQualified";
    public const string OperatorSuspended = "operatorSuspended";
    public const string OperatorNotRegistered = "operatorNotRegistered";
    public const string TitleTooLow = "titleTooLow";
    public const string InstitutionNotQualified = "institutionNotQualified";
    public const string InstitutionSuspended = "institutionSuspended";

    /// <summary>Done at an institution that is aided by a qualified hospital before its own grant (技术帮扶): in order, and counted.</summary>
    public const string UnderAid = "underAid";
    public const string TooFewDeciders = "tooFewDeciders";
    public const string ConsentAbsent = "consentAbsent";
    public const string Late = "late";
    public const string PossibleDuplicate = "possibleDuplicate";

    /// <summary>A device without a registration that was valid for it (NV-DEV-APPROVED, CI-DEV-APPROVED).</summary>
    public const string UnapprovedDevice = "unapprovedDevice";

    /// <summary>A device used after the last day that its UDI gives.</summary>
    public const string ExpiredDevice = "expiredDevice";

    /// <summary>A single-use device that another case had used (NV-DEV-NOREUSE, CI-DEV-NOREUSE).</summary>
    public const string ReusedDevice = "reusedDevice";

    /// <summary>A complication or a death was reported later after it happened than the regulation allows (domain: lateOutcome).</summary>
    public const string LateOutcome = "lateOutcome";

    /// <summary>The outcome statement is overdue.</summary>
    public const string OutcomeStatementMissing = "outcomeStatementMissing";

    /// <summary>A follow-up is overdue (NV-CASE-FOLLOWUP, CI-CASE-FOLLOWUP).</summary>
    public const string FollowUpMissing = "followUpMissing";

    /// <summary>The statement or a follow-up says of the patient what the case does not: the hospital owes the report, or another statement.</summary>
    public const string OutcomeContradicted = "outcomeContradicted";

    /// <summary>Marks a case done by, or at, somebody who may not: the text has no exception for emergencies (A26), the reader should know.</summary>
    public const string Emergency = "emergency";

    /// <summary>Those that follow from the case itself and the day, without the registries; <see cref="CaseDuties.Flags"/> gives them.</summary>
    public static readonly IReadOnlyList<string> OfOutcomes = [LateOutcome, OutcomeStatementMissing, FollowUpMissing, OutcomeContradicted];

    public static readonly IReadOnlyList<string> All =
    [
        OperatorUnknown, OperatorNotQualified, OperatorSuspended, OperatorNotRegistered, TitleTooLow, InstitutionNotQualified,
        InstitutionSuspended, UnderAid, TooFewDeciders, ConsentAbsent, Late, PossibleDuplicate,
        UnapprovedDevice, ExpiredDevice, ReusedDevice, Emergency, .. OfOutcomes,
    ];

    public static IReadOnlyList<string> Of(CaseReport report, Timeliness timeliness, CaseRules rules, CaseCircumstances there)
    {
        var flags = new List<string>();
        void Flag(string flag, bool when)
        {
            if (when)
            {
                flags.Add(flag);
            }
        }

        // The comprehensive qualification concerns levels 3 and 4; below them nobody lacks it.
        var needsQualification = report.Level >= rules.QualificationFromLevel;
        Flag(OperatorUnknown, !there.OperatorKnown);
        Flag(OperatorNotQualified, needsQualification && !there.OperatorQualified);
        Flag(OperatorSuspended, needsQualification && there.OperatorSuspended);
        Flag(OperatorNotRegistered, there.OperatorKnown && !there.OperatorRegisteredHere);
        Flag(TitleTooLow, there.OperatorKnown && !HasTitle(rules.Operator, report.Level, there.OperatorTitle));
        Flag(InstitutionNotQualified, needsQualification && !there.InstitutionQualified && !there.UnderAid);
        Flag(UnderAid, needsQualification && !there.InstitutionQualified && there.UnderAid);
        Flag(InstitutionSuspended, needsQualification && there.InstitutionSuspended);
        Flag(TooFewDeciders, there.Deciders
            .Where(d => d.RegisteredHere && (d.Active || !needsQualification) && HasTitle(rules.Deciders, report.Level, d.Title))
            .DistinctBy(d => d.Physician)
            .Count() < rules.DecidersAtLeast);

        // Consent left unsaid is consent not shown.
        Flag(ConsentAbsent, report.Consent is null or Consent.Absent);
        Flag(Late, timeliness.IsLate);
        Flag(PossibleDuplicate, there.LooksReportedBefore);
        Flag(UnapprovedDevice, there.DeviceFlags.Contains(UnapprovedDevice));
        Flag(ExpiredDevice, there.DeviceFlags.Contains(ExpiredDevice));
        Flag(ReusedDevice, there.DeviceFlags.Contains(ReusedDevice));
        Flag(Emergency, report.Urgency == Urgency.Emergency
            && flags.Exists(f => f is OperatorUnknown or OperatorNotQualified or OperatorSuspended or InstitutionNotQualified or InstitutionSuspended));
        return flags;
    }

    private static bool HasTitle(TitleRule? rule, int level, Title? title) =>
        rule is null || level < rule.FromLevel || title >= rule.AtLeast;
}
