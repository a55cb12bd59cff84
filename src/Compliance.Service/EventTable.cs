using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Devices;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Training;

namespace Compliance.Service;

/// <summary>Every type of event there is, with its wire name: explicit, and frozen once a log holds it.</summary>
public static class EventTable
{
    public static readonly EventTypes Types = new(
    [
        Row("institution_registered", StoredJson.Default.InstitutionRegistered),
        Row("coverage_set", StoredJson.Default.CoverageSet),
        Row("physician_registered", StoredJson.Default.PhysicianRegistered),
        Row("leave_entered", StoredJson.Default.LeaveEntered),
        Row("leave_confirmed", StoredJson.Default.LeaveConfirmed),
        Row("calendar_published", StoredJson.Default.CalendarPublished),
        Row("regulation_published", StoredJson.Default.RegulationPublished),
        Row("provincial_limits_published", StoredJson.Default.LimitsPublished),
        Row("enforcement_set", StoredJson.Default.EnforcementSet),
        Row("day_closed", StoredJson.Default.DayClosed),
        Row("case_reported", StoredJson.Default.CaseReported),
        Row("case_corrected", StoredJson.Default.CaseCorrected),
        Row("complication_reported", StoredJson.Default.ComplicationReported),
        Row("death_reported", StoredJson.Default.DeathReported),
        Row("incident_recorded", StoredJson.Default.IncidentRecorded),
        Row("relation_declared", StoredJson.Default.RelationDeclared),
        Row("outcome_withdrawn", StoredJson.Default.OutcomeWithdrawn),
        Row("outcome_adjudicated", StoredJson.Default.OutcomeAdjudicated),
        Row("outcome_stated", StoredJson.Default.OutcomeStated),
        Row("follow_up_recorded", StoredJson.Default.FollowUpRecorded),
        Row("case_voided", StoredJson.Default.CaseVoided),
        Row("change_requested", StoredJson.Default.ChangeRequested),
        Row("request_decided", StoredJson.Default.RequestDecided),
        Row("procedure_announced", StoredJson.Default.ProcedureAnnounced),
        Row("report_fell_overdue", StoredJson.Default.ReportFellOverdue),
        Row("procedure_announcement_withdrawn", StoredJson.Default.AnnouncementWithdrawn),
        Row("outcome_notice_filed", StoredJson.Default.OutcomeNoticeFiled),
        Row("outcome_notice_answered", StoredJson.Default.OutcomeNoticeAnswered),
        Row("outcome_notice_decided", StoredJson.Default.OutcomeNoticeDecided),
        Row("qualification_granted", StoredJson.Default.QualificationGranted),
        Row("warned", StoredJson.Default.Warned),
        Row("warning_lifted", StoredJson.Default.WarningLifted),
        Row("warning_proposed", StoredJson.Default.WarningProposed),
        Row("suspension_proposed", StoredJson.Default.SuspensionProposed),
        Row("revocation_proposed", StoredJson.Default.RevocationProposed),
        Row("proposal_decided", StoredJson.Default.ProposalDecided),
        Row("proposal_withdrawn", StoredJson.Default.ProposalWithdrawn),
        Row("suspended", StoredJson.Default.Suspended),
        Row("suspension_lifted", StoredJson.Default.SuspensionLifted),
        Row("grounds_undermined", StoredJson.Default.GroundsUndermined),
        Row("suspension_upheld", StoredJson.Default.SuspensionUpheld),
        Row("suspension_annulled", StoredJson.Default.SuspensionAnnulled),
        Row("review_requested", StoredJson.Default.ReviewRequested),
        Row("rectification_plan_filed", StoredJson.Default.RectificationPlanFiled),
        Row("reassessed", StoredJson.Default.Reassessed),
        Row("reinstated", StoredJson.Default.Reinstated),
        Row("revoked", StoredJson.Default.Revoked),
        Row("relinquished", StoredJson.Default.Relinquished),
        Row("application_submitted", StoredJson.Default.ApplicationSubmitted),
        Row("facts_attested", StoredJson.Default.FactsAttested),
        Row("opinion_given", StoredJson.Default.OpinionGiven),
        Row("application_returned", StoredJson.Default.ApplicationReturned),
        Row("application_withdrawn", StoredJson.Default.ApplicationWithdrawn),
        Row("application_refused", StoredJson.Default.ApplicationRefused),
        Row("grant_filed", StoredJson.Default.GrantFiled),
        Row("aid_begun", StoredJson.Default.AidBegun),
        Row("aid_ended", StoredJson.Default.AidEnded),
        Row("rectification_evidence_filed", StoredJson.Default.RectificationEvidenceFiled),
        Row("assessment_schedule_set", StoredJson.Default.AssessmentScheduleSet),
        Row("assessment_round_opened", StoredJson.Default.RoundOpened),
        Row("assessment_scored", StoredJson.Default.AssessmentScored),
        Row("assessment_outcome_overridden", StoredJson.Default.OutcomeOverridden),
        Row("assessment_round_concluded", StoredJson.Default.RoundConcluded),
        Row("assessment_round_reopened", StoredJson.Default.RoundReopened),
        Row("assessed", StoredJson.Default.Assessed),
        Row("hearing_requested", StoredJson.Default.HearingRequested),
        Row("hearing_held", StoredJson.Default.HearingHeld),
        Row("objection_filed", StoredJson.Default.ObjectionFiled),
        Row("objection_answered", StoredJson.Default.ObjectionAnswered),
        Row("device_registered", StoredJson.Default.DeviceRegistered),
        Row("device_registration_renewed", StoredJson.Default.DeviceRegistrationRenewed),
        Row("device_registration_cancelled", StoredJson.Default.DeviceRegistrationCancelled),
        Row("device_cancellation_withdrawn", StoredJson.Default.DeviceCancellationWithdrawn),
        Row("device_received", StoredJson.Default.DeviceReceived),
        Row("device_receipt_corrected", StoredJson.Default.DeviceReceiptCorrected),
        Row("device_receipt_voided", StoredJson.Default.DeviceReceiptVoided),
        Row("verified_total_entered", StoredJson.Default.VerifiedTotalEntered),
        Row("verified_total_withdrawn", StoredJson.Default.VerifiedTotalWithdrawn),
        Row("training_base_applied", StoredJson.Default.TrainingBaseApplied),
        Row("training_base_facts_attested", StoredJson.Default.TrainingBaseFactsAttested),
        Row("training_base_tutors_named", StoredJson.Default.TrainingBaseTutorsNamed),
        Row("training_base_capacity_declared", StoredJson.Default.TrainingBaseCapacityDeclared),
        Row("training_base_refused", StoredJson.Default.TrainingBaseRefused),
        Row("training_base_recognised", StoredJson.Default.TrainingBaseRecognised),
        Row("training_base_reviewed", StoredJson.Default.TrainingBaseReviewed),
        Row("training_base_withdrawn", StoredJson.Default.TrainingBaseWithdrawn),
        Row("training_base_given_up", StoredJson.Default.TrainingBaseGivenUp),
        Row("trainee_enrolled", StoredJson.Default.TraineeEnrolled),
        Row("trainee_extended", StoredJson.Default.TraineeExtended),
        Row("trainee_absent", StoredJson.Default.TraineeAbsent),
        Row("trainee_case_logged", StoredJson.Default.TraineeCaseLogged),
        Row("trainee_care_recorded", StoredJson.Default.TraineeCareRecorded),
        Row("trainee_tested", StoredJson.Default.TraineeTested),
        Row("trainee_entry_withdrawn", StoredJson.Default.TraineeEntryWithdrawn),
        Row("trainee_evaluated", StoredJson.Default.TraineeEvaluated),
        Row("trainee_certified", StoredJson.Default.TraineeCertified),
        Row("trainee_certificate_withdrawn", StoredJson.Default.TraineeCertificateWithdrawn),
        Row("trainee_ended", StoredJson.Default.TraineeEnded),
        Row("selection_round_called", StoredJson.Default.SelectionCalled),
        Row("selection_committee_named", StoredJson.Default.SelectionCommitteeNamed),
        Row("selection_conflict_declared", StoredJson.Default.SelectionConflictDeclared),
        Row("selection_scored", StoredJson.Default.SelectionScored),
        Row("selection_scoring_closed", StoredJson.Default.SelectionScoringClosed),
        Row("selection_scoring_reopened", StoredJson.Default.SelectionScoringReopened),
        Row("selection_tie_decided", StoredJson.Default.SelectionTieDecided),
        Row("selection_published", StoredJson.Default.SelectionPublished),
        Row("selection_objection_filed", StoredJson.Default.SelectionObjectionFiled),
        Row("selection_objection_stated", StoredJson.Default.SelectionObjectionStated),
        Row("selection_objection_answered", StoredJson.Default.SelectionObjectionAnswered),
        Row("selection_concluded", StoredJson.Default.SelectionConcluded),
        Row("selection_application_drafted", StoredJson.Default.SelectionDrafted),
        Row("selection_attachment_added", StoredJson.Default.SelectionAttached),
        Row("selection_attachment_removed", StoredJson.Default.SelectionDetached),
        Row("selection_application_submitted", StoredJson.Default.SelectionSubmitted),
        Row("selection_fraud_suspected", StoredJson.Default.SelectionFraudSuspected),
        Row("selection_fraud_answered", StoredJson.Default.SelectionFraudAnswered),
        Row("selection_fraud_decided", StoredJson.Default.SelectionFraudDecided),
        Row("selection_duties_attested", StoredJson.Default.SelectionDutiesAttested),
        Row("selection_duties_reviewed", StoredJson.Default.SelectionDutiesReviewed),
    ]);

    private static EventType Row<T>(string wireName, JsonTypeInfo<T> json) => new(wireName, typeof(T), json);
}

/// <summary>The JSON of the log and of the documents in the read models; apart from the HTTP contract's.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.Unspecified)]
[JsonSerializable(typeof(Institution.Event.Registered), TypeInfoPropertyName = "InstitutionRegistered")]
[JsonSerializable(typeof(Institution.Event.CoverageSet), TypeInfoPropertyName = "CoverageSet")]
[JsonSerializable(typeof(Physician.Event.Registered), TypeInfoPropertyName = "PhysicianRegistered")]
[JsonSerializable(typeof(Physician.Event.LeaveEntered), TypeInfoPropertyName = "LeaveEntered")]
[JsonSerializable(typeof(Physician.Event.LeaveConfirmed), TypeInfoPropertyName = "LeaveConfirmed")]
[JsonSerializable(typeof(Calendar.Published), TypeInfoPropertyName = "CalendarPublished")]
[JsonSerializable(typeof(PublishedRegulation.Published), TypeInfoPropertyName = "RegulationPublished")]
[JsonSerializable(typeof(PublishedLimits.Published), TypeInfoPropertyName = "LimitsPublished")]
[JsonSerializable(typeof(Enforcement.Set), TypeInfoPropertyName = "EnforcementSet")]
[JsonSerializable(typeof(Day.Closed), TypeInfoPropertyName = "DayClosed")]
[JsonSerializable(typeof(Case.Event.Reported), TypeInfoPropertyName = "CaseReported")]
[JsonSerializable(typeof(Case.Event.Corrected), TypeInfoPropertyName = "CaseCorrected")]
[JsonSerializable(typeof(Case.Event.ComplicationReported), TypeInfoPropertyName = "ComplicationReported")]
[JsonSerializable(typeof(Case.Event.DeathReported), TypeInfoPropertyName = "DeathReported")]
[JsonSerializable(typeof(Case.Event.IncidentRecorded), TypeInfoPropertyName = "IncidentRecorded")]
[JsonSerializable(typeof(Case.Event.RelationDeclared), TypeInfoPropertyName = "RelationDeclared")]
[JsonSerializable(typeof(Case.Event.OutcomeWithdrawn), TypeInfoPropertyName = "OutcomeWithdrawn")]
[JsonSerializable(typeof(Case.Event.OutcomeAdjudicated), TypeInfoPropertyName = "OutcomeAdjudicated")]
[JsonSerializable(typeof(Case.Event.OutcomeStated), TypeInfoPropertyName = "OutcomeStated")]
[JsonSerializable(typeof(Case.Event.FollowUpRecorded), TypeInfoPropertyName = "FollowUpRecorded")]
[JsonSerializable(typeof(Case.Event.Voided), TypeInfoPropertyName = "CaseVoided")]
[JsonSerializable(typeof(Case.Event.ChangeRequested), TypeInfoPropertyName = "ChangeRequested")]
[JsonSerializable(typeof(Case.Event.RequestDecided), TypeInfoPropertyName = "RequestDecided")]
[JsonSerializable(typeof(Procedure.Event.Announced), TypeInfoPropertyName = "ProcedureAnnounced")]
[JsonSerializable(typeof(Procedure.Event.ReportFellOverdue), TypeInfoPropertyName = "ReportFellOverdue")]
[JsonSerializable(typeof(Procedure.Event.AnnouncementWithdrawn), TypeInfoPropertyName = "AnnouncementWithdrawn")]
[JsonSerializable(typeof(OutcomeNotice.Event.Filed), TypeInfoPropertyName = "OutcomeNoticeFiled")]
[JsonSerializable(typeof(OutcomeNotice.Event.Answered), TypeInfoPropertyName = "OutcomeNoticeAnswered")]
[JsonSerializable(typeof(OutcomeNotice.Event.Decided), TypeInfoPropertyName = "OutcomeNoticeDecided")]
[JsonSerializable(typeof(Qualification.Event.Granted), TypeInfoPropertyName = "QualificationGranted")]
[JsonSerializable(typeof(Qualification.Event.Warned), TypeInfoPropertyName = "Warned")]
[JsonSerializable(typeof(Qualification.Event.WarningLifted), TypeInfoPropertyName = "WarningLifted")]
[JsonSerializable(typeof(Qualification.Event.WarningProposed), TypeInfoPropertyName = "WarningProposed")]
[JsonSerializable(typeof(Qualification.Event.SuspensionProposed), TypeInfoPropertyName = "SuspensionProposed")]
[JsonSerializable(typeof(Qualification.Event.RevocationProposed), TypeInfoPropertyName = "RevocationProposed")]
[JsonSerializable(typeof(Qualification.Event.ProposalDecided), TypeInfoPropertyName = "ProposalDecided")]
[JsonSerializable(typeof(Qualification.Event.ProposalWithdrawn), TypeInfoPropertyName = "ProposalWithdrawn")]
[JsonSerializable(typeof(Qualification.Event.Suspended), TypeInfoPropertyName = "Suspended")]
[JsonSerializable(typeof(Qualification.Event.SuspensionLifted), TypeInfoPropertyName = "SuspensionLifted")]
[JsonSerializable(typeof(Qualification.Event.GroundsUndermined), TypeInfoPropertyName = "GroundsUndermined")]
[JsonSerializable(typeof(Qualification.Event.SuspensionUpheld), TypeInfoPropertyName = "SuspensionUpheld")]
[JsonSerializable(typeof(Qualification.Event.SuspensionAnnulled), TypeInfoPropertyName = "SuspensionAnnulled")]
[JsonSerializable(typeof(Qualification.Event.ReviewRequested), TypeInfoPropertyName = "ReviewRequested")]
[JsonSerializable(typeof(Qualification.Event.RectificationPlanFiled), TypeInfoPropertyName = "RectificationPlanFiled")]
[JsonSerializable(typeof(Qualification.Event.Reassessed), TypeInfoPropertyName = "Reassessed")]
[JsonSerializable(typeof(Qualification.Event.Reinstated), TypeInfoPropertyName = "Reinstated")]
[JsonSerializable(typeof(Qualification.Event.Revoked), TypeInfoPropertyName = "Revoked")]
[JsonSerializable(typeof(Qualification.Event.Relinquished), TypeInfoPropertyName = "Relinquished")]
[JsonSerializable(typeof(Application.Event.Submitted), TypeInfoPropertyName = "ApplicationSubmitted")]
[JsonSerializable(typeof(Application.Event.FactsAttested), TypeInfoPropertyName = "FactsAttested")]
[JsonSerializable(typeof(Application.Event.OpinionGiven), TypeInfoPropertyName = "OpinionGiven")]
[JsonSerializable(typeof(Application.Event.Returned), TypeInfoPropertyName = "ApplicationReturned")]
[JsonSerializable(typeof(Application.Event.Withdrawn), TypeInfoPropertyName = "ApplicationWithdrawn")]
[JsonSerializable(typeof(Application.Event.Refused), TypeInfoPropertyName = "ApplicationRefused")]
[JsonSerializable(typeof(Application.Event.GrantFiled), TypeInfoPropertyName = "GrantFiled")]
[JsonSerializable(typeof(Application.Event.AidBegun), TypeInfoPropertyName = "AidBegun")]
[JsonSerializable(typeof(Application.Event.AidEnded), TypeInfoPropertyName = "AidEnded")]
[JsonSerializable(typeof(Qualification.Event.RectificationEvidenceFiled), TypeInfoPropertyName = "RectificationEvidenceFiled")]
[JsonSerializable(typeof(AssessmentSchedule.Set), TypeInfoPropertyName = "AssessmentScheduleSet")]
[JsonSerializable(typeof(AssessmentRound.Event.Opened), TypeInfoPropertyName = "RoundOpened")]
[JsonSerializable(typeof(AssessmentRound.Event.Scored), TypeInfoPropertyName = "AssessmentScored")]
[JsonSerializable(typeof(AssessmentRound.Event.OutcomeOverridden), TypeInfoPropertyName = "OutcomeOverridden")]
[JsonSerializable(typeof(AssessmentRound.Event.Concluded), TypeInfoPropertyName = "RoundConcluded")]
[JsonSerializable(typeof(AssessmentRound.Event.Reopened), TypeInfoPropertyName = "RoundReopened")]
[JsonSerializable(typeof(PeriodicAssessment.Event.Assessed), TypeInfoPropertyName = "Assessed")]
[JsonSerializable(typeof(Hearing.Event.Requested), TypeInfoPropertyName = "HearingRequested")]
[JsonSerializable(typeof(Hearing.Event.Held), TypeInfoPropertyName = "HearingHeld")]
[JsonSerializable(typeof(Objection.Event.Filed), TypeInfoPropertyName = "ObjectionFiled")]
[JsonSerializable(typeof(Objection.Event.Answered), TypeInfoPropertyName = "ObjectionAnswered")]
[JsonSerializable(typeof(DeviceRegistration.Event.Registered), TypeInfoPropertyName = "DeviceRegistered")]
[JsonSerializable(typeof(DeviceRegistration.Event.Renewed), TypeInfoPropertyName = "DeviceRegistrationRenewed")]
[JsonSerializable(typeof(DeviceRegistration.Event.Cancelled), TypeInfoPropertyName = "DeviceRegistrationCancelled")]
[JsonSerializable(typeof(DeviceRegistration.Event.CancellationWithdrawn), TypeInfoPropertyName = "DeviceCancellationWithdrawn")]
[JsonSerializable(typeof(DeviceReceipt.Event.Received), TypeInfoPropertyName = "DeviceReceived")]
[JsonSerializable(typeof(DeviceReceipt.Event.Corrected), TypeInfoPropertyName = "DeviceReceiptCorrected")]
[JsonSerializable(typeof(DeviceReceipt.Event.Voided), TypeInfoPropertyName = "DeviceReceiptVoided")]
[JsonSerializable(typeof(VerifiedTotals.Event.Entered), TypeInfoPropertyName = "VerifiedTotalEntered")]
[JsonSerializable(typeof(VerifiedTotals.Event.Withdrawn), TypeInfoPropertyName = "VerifiedTotalWithdrawn")]
[JsonSerializable(typeof(TrainingBase.Event.Applied), TypeInfoPropertyName = "TrainingBaseApplied")]
[JsonSerializable(typeof(TrainingBase.Event.FactsAttested), TypeInfoPropertyName = "TrainingBaseFactsAttested")]
[JsonSerializable(typeof(TrainingBase.Event.TutorsNamed), TypeInfoPropertyName = "TrainingBaseTutorsNamed")]
[JsonSerializable(typeof(TrainingBase.Event.CapacityDeclared), TypeInfoPropertyName = "TrainingBaseCapacityDeclared")]
[JsonSerializable(typeof(TrainingBase.Event.Refused), TypeInfoPropertyName = "TrainingBaseRefused")]
[JsonSerializable(typeof(TrainingBase.Event.Recognised), TypeInfoPropertyName = "TrainingBaseRecognised")]
[JsonSerializable(typeof(TrainingBase.Event.Reviewed), TypeInfoPropertyName = "TrainingBaseReviewed")]
[JsonSerializable(typeof(TrainingBase.Event.Withdrawn), TypeInfoPropertyName = "TrainingBaseWithdrawn")]
[JsonSerializable(typeof(TrainingBase.Event.GivenUp), TypeInfoPropertyName = "TrainingBaseGivenUp")]
[JsonSerializable(typeof(Trainee.Event.Enrolled), TypeInfoPropertyName = "TraineeEnrolled")]
[JsonSerializable(typeof(Trainee.Event.Extended), TypeInfoPropertyName = "TraineeExtended")]
[JsonSerializable(typeof(Trainee.Event.Absent), TypeInfoPropertyName = "TraineeAbsent")]
[JsonSerializable(typeof(Trainee.Event.CaseLogged), TypeInfoPropertyName = "TraineeCaseLogged")]
[JsonSerializable(typeof(Trainee.Event.CareRecorded), TypeInfoPropertyName = "TraineeCareRecorded")]
[JsonSerializable(typeof(Trainee.Event.Tested), TypeInfoPropertyName = "TraineeTested")]
[JsonSerializable(typeof(Trainee.Event.EntryWithdrawn), TypeInfoPropertyName = "TraineeEntryWithdrawn")]
[JsonSerializable(typeof(Trainee.Event.Evaluated), TypeInfoPropertyName = "TraineeEvaluated")]
[JsonSerializable(typeof(Trainee.Event.Certified), TypeInfoPropertyName = "TraineeCertified")]
[JsonSerializable(typeof(Trainee.Event.CertificateWithdrawn), TypeInfoPropertyName = "TraineeCertificateWithdrawn")]
[JsonSerializable(typeof(Trainee.Event.Ended), TypeInfoPropertyName = "TraineeEnded")]
[JsonSerializable(typeof(SelectionRound.Event.Called), TypeInfoPropertyName = "SelectionCalled")]
[JsonSerializable(typeof(SelectionRound.Event.CommitteeNamed), TypeInfoPropertyName = "SelectionCommitteeNamed")]
[JsonSerializable(typeof(SelectionRound.Event.ConflictDeclared), TypeInfoPropertyName = "SelectionConflictDeclared")]
[JsonSerializable(typeof(SelectionRound.Event.Scored), TypeInfoPropertyName = "SelectionScored")]
[JsonSerializable(typeof(SelectionRound.Event.ScoringClosed), TypeInfoPropertyName = "SelectionScoringClosed")]
[JsonSerializable(typeof(SelectionRound.Event.ScoringReopened), TypeInfoPropertyName = "SelectionScoringReopened")]
[JsonSerializable(typeof(SelectionRound.Event.TieDecided), TypeInfoPropertyName = "SelectionTieDecided")]
[JsonSerializable(typeof(SelectionRound.Event.Published), TypeInfoPropertyName = "SelectionPublished")]
[JsonSerializable(typeof(SelectionRound.Event.ObjectionFiled), TypeInfoPropertyName = "SelectionObjectionFiled")]
[JsonSerializable(typeof(SelectionRound.Event.ObjectionStated), TypeInfoPropertyName = "SelectionObjectionStated")]
[JsonSerializable(typeof(SelectionRound.Event.ObjectionAnswered), TypeInfoPropertyName = "SelectionObjectionAnswered")]
[JsonSerializable(typeof(SelectionRound.Event.Concluded), TypeInfoPropertyName = "SelectionConcluded")]
[JsonSerializable(typeof(SelectionApplication.Event.Drafted), TypeInfoPropertyName = "SelectionDrafted")]
[JsonSerializable(typeof(SelectionApplication.Event.Attached), TypeInfoPropertyName = "SelectionAttached")]
[JsonSerializable(typeof(SelectionApplication.Event.Detached), TypeInfoPropertyName = "SelectionDetached")]
[JsonSerializable(typeof(SelectionApplication.Event.Submitted), TypeInfoPropertyName = "SelectionSubmitted")]
[JsonSerializable(typeof(SelectionApplication.Event.FraudSuspected), TypeInfoPropertyName = "SelectionFraudSuspected")]
[JsonSerializable(typeof(SelectionApplication.Event.FraudAnswered), TypeInfoPropertyName = "SelectionFraudAnswered")]
[JsonSerializable(typeof(SelectionApplication.Event.FraudDecided), TypeInfoPropertyName = "SelectionFraudDecided")]
[JsonSerializable(typeof(SelectionApplication.Event.DutiesAttested), TypeInfoPropertyName = "SelectionDutiesAttested")]
[JsonSerializable(typeof(SelectionApplication.Event.DutiesReviewed), TypeInfoPropertyName = "SelectionDutiesReviewed")]
[JsonSerializable(typeof(IReadOnlyList<AssessmentSchedule.Set>), TypeInfoPropertyName = "AssessmentScheduleSets")]
[JsonSerializable(typeof(AssessmentSchedule.State), TypeInfoPropertyName = "AssessmentScheduleState")]
[JsonSerializable(typeof(FrozenAssessment), TypeInfoPropertyName = "FrozenAssessment")]
[JsonSerializable(typeof(OutcomeNotice.State), TypeInfoPropertyName = "OutcomeNoticeState")]
[JsonSerializable(typeof(Evidence), TypeInfoPropertyName = "Evidence")]
[JsonSerializable(typeof(DeviceRegistration.State), TypeInfoPropertyName = "DeviceRegistrationState")]
[JsonSerializable(typeof(DeviceReceipt.State), TypeInfoPropertyName = "DeviceReceiptState")]
[JsonSerializable(typeof(TrainingBase.State), TypeInfoPropertyName = "TrainingBaseState")]
[JsonSerializable(typeof(Trainee.State), TypeInfoPropertyName = "TraineeState")]
[JsonSerializable(typeof(Institution.State), TypeInfoPropertyName = "InstitutionState")]
[JsonSerializable(typeof(Physician.State), TypeInfoPropertyName = "PhysicianState")]
[JsonSerializable(typeof(Qualification.State), TypeInfoPropertyName = "QualificationState")]
[JsonSerializable(typeof(ProvincialLimits), TypeInfoPropertyName = "ProvincialLimits")]
[JsonSerializable(typeof(Enforcement.State), TypeInfoPropertyName = "EnforcementState")]
[JsonSerializable(typeof(Closing), TypeInfoPropertyName = "Closing")]
[JsonSerializable(typeof(IReadOnlyList<BreachRun>), TypeInfoPropertyName = "BreachRuns")]
internal sealed partial class StoredJson : JsonSerializerContext;
