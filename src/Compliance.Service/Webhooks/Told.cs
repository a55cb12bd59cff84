using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Devices;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Training;

namespace Compliance.Service.Webhooks;

/// <summary>Who is told, beyond national, which is told everything.</summary>
public enum Audience
{
    /// <summary>Where a qualification stands, which nobody is kept from: its holder, the hospitals a physician is registered at, the regulator.</summary>
    Standing,

    /// <summary>Why, and what may follow: the holder and the regulator. <c>Caller.MayReadInner</c> asks the same.</summary>
    Inner,
}

/// <summary>What one event tells about one subject.</summary>
/// <param name="Type">Of the CloudEvent.</param>
/// <param name="Subject">Of the CloudEvent; deliveries of one subject keep the order of the log.</param>
/// <param name="Holder">Whom it is about; null where it is about nobody in particular, and then the regulator of the province named is told.</param>
/// <param name="Link">Where it can be read.</param>
public sealed record Telling(string Type, string Subject, string Technique, Subject? Holder, Audience Audience, string Link)
{
    /// <summary>A province that the event names; the holder's, and the one that suspended, are told in any case.</summary>
    public string? Province { get; init; }

    public DateOnly? JudgedOn { get; init; }

    public DateOnly? EffectiveOn { get; init; }

    public DateOnly? RectificationEndsOn { get; init; }

    public DateOnly? DecisionDueOn { get; init; }

    public Guid? ProposalId { get; init; }

    public Sanction? Sanction { get; init; }

    public bool? Agreed { get; init; }

    public bool? Passed { get; init; }
}

/// <summary>The <c>data</c> of a CloudEvent: facts without reasons, cases or patients, and where to read the rest. What an event does not say is left out.</summary>
/// <param name="Standing">After the event, as decided, whether or not in effect already.</param>
/// <param name="JudgedOn">The closed day judged, or the day a person decided.</param>
/// <param name="EffectiveOn">First day of what was decided.</param>
/// <param name="RectificationEndsOn">Its last day.</param>
/// <param name="DecisionDueOn">By when a person decides; of a round the day it closes, of a revocation proposed the last on which to ask for a hearing, of an outcome notice the last on which to answer it.</param>
/// <param name="Agreed">Whether a proposal, or an objection, was agreed to, or a suspicion of fraud substantiated.</param>
/// <param name="Passed">Whether a reassessment, or an assessment, was passed.</param>
/// <param name="Link">Where the subject is read.</param>
/// <param name="Position">Of the log: for <c>minPosition</c>.</param>
public sealed record ToldData(
    string Technique,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Standing? Standing,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? JudgedOn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? EffectiveOn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? RectificationEndsOn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? DecisionDueOn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? ProposalId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Sanction? Sanction,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Agreed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Passed,
    string Link,
    long Position);

/// <summary>Which events are told, under what type and to whom: one line each, and one for each that is told to nobody.</summary>
public static class Told
{
    /// <summary>What an event tells, one item for each subject; empty where it tells nobody.</summary>
    public static IReadOnlyList<Telling> Of(object data) => data switch
    {
        // What was granted before the system existed is no news, and comes by the tens of thousands.
        Qualification.Event.Granted { Imported: true } => [],
        Qualification.Event.Granted e => [About(e, "granted", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        Qualification.Event.Warned e => [About(e, "warned", Audience.Standing) with { JudgedOn = e.JudgedOn, EffectiveOn = e.EffectiveOn }],
        Qualification.Event.WarningLifted e => [About(e, "warningLifted", Audience.Standing) with { JudgedOn = e.JudgedOn, EffectiveOn = e.EffectiveOn }],
        Qualification.Event.Suspended e =>
            [About(e, "suspended", Audience.Standing) with { Province = e.Province, JudgedOn = e.JudgedOn, EffectiveOn = e.EffectiveOn, RectificationEndsOn = e.RectificationEndsOn }],
        Qualification.Event.SuspensionLifted e => [About(e, "suspensionLifted", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        Qualification.Event.SuspensionAnnulled e => [About(e, "suspensionAnnulled", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        Qualification.Event.Reinstated e => [About(e, "reinstated", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        Qualification.Event.Revoked e => [About(e, "revoked", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        Qualification.Event.Relinquished e => [About(e, "relinquished", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],

        Qualification.Event.WarningProposed e =>
            [About(e, "warningProposed", Audience.Inner) with { Province = e.Province, JudgedOn = e.JudgedOn, ProposalId = e.ProposalId, Sanction = Sanction.Warning }],
        Qualification.Event.SuspensionProposed e =>
            [About(e, "suspensionProposed", Audience.Inner) with { Province = e.Province, JudgedOn = e.JudgedOn, ProposalId = e.ProposalId, Sanction = Sanction.Suspension }],
        Qualification.Event.RevocationProposed e =>
            [About(e, "revocationProposed", Audience.Inner) with { Province = e.Province, ProposalId = e.ProposalId, Sanction = Sanction.Revocation, DecisionDueOn = e.HearUntil }],
        Qualification.Event.ProposalDecided e => [About(e, "proposalDecided", Audience.Inner) with { ProposalId = e.ProposalId, Agreed = e.Agreed }],
        // A proposal that was told would otherwise wait for ever at the receiver.
        Qualification.Event.ProposalWithdrawn e => [About(e, "proposalWithdrawn", Audience.Inner) with { ProposalId = e.ProposalId, JudgedOn = e.JudgedOn }],
        Qualification.Event.GroundsUndermined e => [About(e, "groundsUndermined", Audience.Inner) with { JudgedOn = e.JudgedOn, DecisionDueOn = e.DecisionDueOn }],
        Qualification.Event.ReviewRequested e => [About(e, "reviewRequested", Audience.Inner) with { DecisionDueOn = e.DecisionDueOn }],
        Qualification.Event.SuspensionUpheld e => [About(e, "suspensionUpheld", Audience.Inner)],
        Qualification.Event.Reassessed e => [About(e, "reassessed", Audience.Inner) with { Passed = e.Passed }],

        PeriodicAssessment.Event.Assessed e =>
            [About(e, "assessed", Audience.Inner) with { Province = e.Province, JudgedOn = e.AssessedOn, Passed = e.Outcome == AssessmentOutcome.NotAssessed ? null : e.Outcome == AssessmentOutcome.Passed }],
        Hearing.Event.Requested e => [About(e, "hearingRequested", Audience.Inner) with { ProposalId = e.ProposalId }],
        Objection.Event.Filed e => [About(e, "objectionFiled", Audience.Inner) with { DecisionDueOn = e.AnswerDueOn }],
        Objection.Event.Answered e => [About(e, "objectionAnswered", Audience.Inner) with { Agreed = e.Accepted }],
        OutcomeNotice.Event.Filed e =>
            [new("compliance.outcomeNotice.filed", $"outcome-notice/{e.Notice:D}", e.Technique, Subject.Institution(e.Institution), Audience.Inner, $"/api/v1/outcome-notices/{e.Notice:D}") { DecisionDueOn = e.Answer.Deadline }],
        AssessmentRound.Event.Opened e => [About(e.Round, e.Technique, "opened") with { Province = e.Province, DecisionDueOn = e.ClosesOn }],

        // Recognised before the system existed, it is no news.
        TrainingBase.Event.Recognised { Imported: true } => [],
        TrainingBase.Event.Recognised e => [About(e, "recognised", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        TrainingBase.Event.Withdrawn e => [About(e, "withdrawn", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        TrainingBase.Event.GivenUp { EffectiveOn: not null } e => [About(e, "givenUp", Audience.Standing) with { EffectiveOn = e.EffectiveOn }],
        TrainingBase.Event.Refused e => [About(e, "refused", Audience.Inner)],
        TrainingBase.Event.Reviewed e => [About(e, "reviewed", Audience.Inner) with { JudgedOn = e.ReviewedOn, Passed = e.Grounds is null || e.Grounds.Unmet.Count == 0 }],
        // What happens between a base and who recognises it.
        TrainingBase.Event => [],
        // A qualification may rest on it.
        Trainee.Event.CertificateWithdrawn e =>
        [
            new("compliance.trainee.certificateWithdrawn", $"trainee/{e.Trainee:D}", e.Technique, Subject.Physician(e.Physician), Audience.Inner, $"/api/v1/qualifications/physician/{e.Physician}/{e.Technique}")
            {
                EffectiveOn = e.WithdrawnOn,
            },
        ],
        // What goes on between a base and its trainees can be read by both.
        Trainee.Event => [],

        // The case is named by nothing: what is owed can be read where the link leads.
        Procedure.Event.ReportFellOverdue e =>
        [
            new("compliance.report.fellOverdue", $"institution/{e.Procedure.Institution}/{e.Procedure.Technique}/reports", e.Procedure.Technique, Subject.Institution(e.Procedure.Institution), Audience.Inner,
                $"/api/v1/institutions/{e.Procedure.Institution}/obligations?kind=report&due=overdue") { JudgedOn = e.Day },
        ],
        Procedure.Event => [],

        // Told to nobody: what happens between a holder and its regulator, and what the regulator itself has written.
        Qualification.Event.RectificationPlanFiled or Qualification.Event.RectificationEvidenceFiled or Hearing.Event.Held or Application.Event => [],
        // How a round ended is told to each of its subjects.
        AssessmentRound.Event or AssessmentSchedule.Set => [],
        Institution.Event or Physician.Event => [],
        Calendar.Published or PublishedRegulation.Published or PublishedLimits.Published or Enforcement.Set or Day.Closed => [],
        // Who answers knows it, and the regulator finds it on the list.
        OutcomeNotice.Event => [],
        // Cases never leave by this door, nor what was used in them.
        Case.Event or DeviceRegistration.Event or DeviceReceipt.Event => [],
        // What a regulator counted; the hospital reads it beside its own figures.
        VerifiedTotals.Event => [],
        // Who is spoken against is told, and can answer.
        SelectionApplication.Event.FraudSuspected e => [About(e, e.Technique, "fraudSuspected")],
        SelectionApplication.Event.FraudDecided e => [About(e, e.Technique, "fraudDecided") with { Agreed = e.Substantiated }],
        SelectionRound.Event.ObjectionFiled { About: { } institution } e =>
            [new("compliance.selection.objectionFiled", $"selection/{e.Round:D}/{institution}", e.Technique, Subject.Institution(institution), Audience.Inner, $"/api/v1/selection-rounds/{e.Round:D}")],
        // Who applied reads the rest where it applied, and the outcome is announced to all.
        SelectionRound.Event or SelectionApplication.Event => [],
        _ => throw new UnreachableException($"nobody has said whom {data.GetType().Name} is told"),
    };

    private static Telling About(TrainingBase.Event e, string what, Audience audience)
    {
        var path = $"{e.Base.Kind}/{e.Base.Technique}/{e.Base.Institution}";
        return new($"compliance.trainingBase.{what}", $"training-base/{path}", e.Base.Technique, Subject.Institution(e.Base.Institution), audience, $"/api/v1/training-bases/{path}");
    }

    private static Telling About(SelectionApplication.Event e, string technique, string what) =>
        new($"compliance.selection.{what}", $"selection/{e.Round:D}/{e.Institution}", technique, Subject.Institution(e.Institution), Audience.Inner, $"/api/v1/selection-rounds/{e.Round:D}/applications/{e.Institution}");

    private static Telling About(Guid round, string technique, string what) =>
        new($"compliance.assessmentRound.{what}", $"assessment-round/{round:D}", technique, null, Audience.Standing, $"/api/v1/assessment-rounds/{round:D}");

    private static Telling About(Qualification.Event e, string what, Audience audience)
    {
        var path = $"{e.Qualification.Subject.KindName}/{e.Qualification.Subject.Id}/{e.Qualification.Technique}";
        return new($"compliance.qualification.{what}", path, e.Qualification.Technique, e.Qualification.Subject, audience, $"/api/v1/qualifications/{path}");
    }
}
