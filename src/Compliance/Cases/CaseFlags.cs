using Compliance.Calendars;
using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Cases;

/// <summary>One of those who decided on a case, as the registries know them on <see cref="CaseReport.DecisionDay"/>.</summary>
/// <param name="RegisteredHere">Registered at the institution of the case, or seconded to it under aid (技术帮扶).</param>
/// <param name="Active">Qualified, and not suspended.</param>
public sealed record Decider(string Physician, bool RegisteredHere, bool Active, Title? Title)
{
    public bool Known { get; init; } = true;

    /// <summary>Qualified, and kept from using it by a suspension.</summary>
    public bool Suspended { get; init; }

    /// <summary>Not registered here, and counted as the institution's own because of aid.</summary>
    public bool Seconded { get; init; }

    /// <summary>The institution of the main registration (主要执业机构); null without one.</summary>
    public string? MainRegistration { get; init; }
}

/// <summary>Of an announcement what its report must not contradict unnoticed.</summary>
/// <param name="HasDeadline">Its report had one.</param>
public sealed record SaidBefore(string Technique, DateOnly CompletedOn, bool Therapeutic, bool HasDeadline);

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
    /// <summary>The operator is not registered here, and counted as the institution's own because of aid.</summary>
    public bool OperatorSeconded { get; init; }

    /// <summary>The institution of the operator's main registration (主要执业机构) on the day of completion; null without one.</summary>
    public string? OperatorMainRegistration { get; init; }

    /// <summary>What was announced of the procedure, while that stands; null for a case never announced.</summary>
    public SaidBefore? Announced { get; init; }

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

    /// <summary>Not of this institution on the day of completion (NV-CASE-OPERATOR, CI-CASE-OPERATOR), nor seconded to it under aid.</summary>
    public const string OperatorNotRegistered = "operatorNotRegistered";

    /// <summary>
    /// 会诊、外请专家: the operator who is not registered here has the main registration elsewhere, and might have used the qualification there. It stands beside <see cref="OperatorNotRegistered"/>,
    /// for the text asks for an operator of the institution's own and knows no consultations (NV-CASE-OPERATOR, CI-CASE-OPERATOR): it tells a guest from somebody with no right to operate anywhere.
    /// </summary>
    public const string VisitingExpert = "visitingExpert";

    /// <summary>Below the title for the level, on the day of completion (CI3-CASE-OPERATOR).</summary>
    public const string TitleTooLow = "titleTooLow";
    public const string InstitutionNotQualified = "institutionNotQualified";
    public const string InstitutionSuspended = "institutionSuspended";

    /// <summary>Done at an institution that is aided by a qualified hospital before its own grant (技术帮扶): in order, and counted.</summary>
    public const string UnderAid = "underAid";

    /// <summary>Fewer than asked for decided who count, by <see cref="CaseDeciders"/> (NV-CASE-DECIDE2, CI-CASE-DECIDE, CI3-CASE-DECIDE).</summary>
    public const string TooFewDeciders = "tooFewDeciders";

    /// <summary>
    /// Decided when the procedure had begun; in the instant of its start is in time (NV-CASE-DECIDE2, CI-CASE-DECIDE). Without a start the end is taken, which is certainly behind it; of a decision without time of day
    /// only the day is compared, for on the day itself nobody knows.
    /// </summary>
    public const string DecidedAfterStart = "decidedAfterStart";

    /// <summary>No consent, or nothing said about it (NV-CASE-CONSENT, CI-CASE-CONSENT).</summary>
    public const string ConsentAbsent = "consentAbsent";

    /// <summary>Signed or approved when the procedure had begun; the clauses say before (实施前), so the instant of the start is too late. Without a start the end is taken (NV-CASE-CONSENT, CI-CASE-CONSENT).</summary>
    public const string ConsentAfterStart = "consentAfterStart";

    /// <summary>
    /// Signed, but the report says that the patient or the family was not informed, or names some of the four topics and not all (NV-CASE-CONSENT, CI-CASE-CONSENT: patient <b>and</b> family). What is not said earns nothing.
    /// A patient who could not be told is no exception in the text; the flag shows it, and whoever reads it judges.
    /// </summary>
    public const string ConsentIncomplete = "consentIncomplete";

    /// <summary>
    /// The institution's approval stood in for consent, but the report calls the case elective or urgent (限期), or gives details and names nobody who approved (NV-CASE-CONSENT, CI-CASE-CONSENT; 民法典 1220). Urgency left unsaid
    /// contradicts nothing. That somebody was informed neither: to be told on the telephone is not to have consented.
    /// </summary>
    public const string ConsentNotApproved = "consentNotApproved";
    public const string Late = "late";

    /// <summary>
    /// Of another day or technique than was announced, no longer a treatment or one now, or with a deadline where there was none or the other way round (NV-REPORT-10WD, CI3-REPORT-10WD): a report may put right
    /// what was announced in haste, and nobody escapes a deadline unseen by reporting something else.
    /// </summary>
    public const string DiffersFromAnnouncement = "differsFromAnnouncement";

    /// <summary>Another case not voided looks like it: see <see cref="LookAlike"/>.</summary>
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

    /// <summary>
    /// Marks a case done by, or at, somebody who may not: the text has no exception for emergencies (A26), the reader should know. It excuses nothing, and takes no other flag away; those about decision and consent stand
    /// without it, beside the urgency that the report gives.
    /// </summary>
    public const string Emergency = "emergency";

    /// <summary>Those that follow from the case itself and the day, without the registries; <see cref="CaseDuties.Flags"/> gives them.</summary>
    public static readonly IReadOnlyList<string> OfOutcomes = [LateOutcome, OutcomeStatementMissing, FollowUpMissing, OutcomeContradicted];

    public static readonly IReadOnlyList<string> All =
    [
        OperatorUnknown, OperatorNotQualified, OperatorSuspended, OperatorNotRegistered, VisitingExpert, TitleTooLow, InstitutionNotQualified,
        InstitutionSuspended, UnderAid, TooFewDeciders, DecidedAfterStart, ConsentAbsent, ConsentAfterStart, ConsentIncomplete, ConsentNotApproved, Late, DiffersFromAnnouncement, PossibleDuplicate,
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

        var needsQualification = rules.NeedsQualification(report.Level);
        Flag(OperatorUnknown, !there.OperatorKnown);
        Flag(OperatorNotQualified, needsQualification && !there.OperatorQualified);
        Flag(OperatorSuspended, needsQualification && there.OperatorSuspended);
        Flag(OperatorNotRegistered, there.OperatorKnown && !there.OperatorRegisteredHere);
        Flag(VisitingExpert, there is { OperatorKnown: true, OperatorRegisteredHere: false, OperatorMainRegistration: not null }
            && (!needsQualification || there is { OperatorQualified: true, OperatorSuspended: false }));
        Flag(TitleTooLow, there.OperatorKnown && !CaseDeciders.HasTitle(rules.Operator, report.Level, there.OperatorTitle));
        Flag(InstitutionNotQualified, needsQualification && !there.InstitutionQualified && !there.UnderAid);
        Flag(UnderAid, needsQualification && !there.InstitutionQualified && there.UnderAid);
        Flag(InstitutionSuspended, needsQualification && there.InstitutionSuspended);
        Flag(TooFewDeciders, CaseDeciders.Of(report, rules, there).Count(d => d.Counts) < rules.DecidersAtLeast);
        Flag(DecidedAfterStart, report.DecidedAt is { } at ? at > report.BegunBy : report.DecidedOn > Shanghai.DayOf(report.BegunBy));

        // Consent left unsaid is consent not shown.
        Flag(ConsentAbsent, report.Consent is null or Consent.Absent);
        Flag(ConsentAfterStart, report.Consent is Consent.Signed or Consent.EmergencyApproved && report.ConsentDetails?.SignedAt >= report.BegunBy);
        Flag(ConsentIncomplete, report is { Consent: Consent.Signed, ConsentDetails: { } details }
            && (details.PatientInformed == false || details.FamilyInformed == false || (details.Topics.Count > 0 && Topics.Except(details.Topics).Any())));
        Flag(ConsentNotApproved, report.Consent == Consent.EmergencyApproved
            && (report.Urgency is Urgency.Elective or Urgency.Urgent || report.ConsentDetails is { ApprovedBy: null }));
        Flag(Late, timeliness.IsLate);
        Flag(DiffersFromAnnouncement, there.Announced is { } said && said != new SaidBefore(report.Technique, report.CompletedOn, report.Therapeutic, timeliness.Deadline is not null));
        Flag(PossibleDuplicate, there.LooksReportedBefore);
        Flag(UnapprovedDevice, there.DeviceFlags.Contains(UnapprovedDevice));
        Flag(ExpiredDevice, there.DeviceFlags.Contains(ExpiredDevice));
        Flag(ReusedDevice, there.DeviceFlags.Contains(ReusedDevice));
        Flag(Emergency, report.Urgency == Urgency.Emergency
            && flags.Exists(f => f is OperatorUnknown or OperatorNotQualified or OperatorSuspended or InstitutionNotQualified or InstitutionSuspended));
        return flags;
    }

    private static readonly ConsentTopic[] Topics = Enum.GetValues<ConsentTopic>();

    /// <summary>
    /// Whether two cases of one pseudonym may be the same, reported twice: on the same day, of whatever technique, by the same operator, or by two institutions. Another operator of the same institution is another visit:
    /// a hospital knows its own patients, and numbers its cases itself.
    /// </summary>
    public static bool LookAlike(CaseKey a, CaseKey b) =>
        a.CaseId != b.CaseId && a.CompletedOn == b.CompletedOn && (a.Operator == b.Operator || a.Institution != b.Institution);
}
