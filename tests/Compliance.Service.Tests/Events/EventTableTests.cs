using System.Collections;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Devices;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Compliance.Training;
using Npgsql;
using Case = Compliance.Cases.Case;

namespace Compliance.Service.Tests.Events;

/// <summary>Names in the log are frozen, every member and value has one, and every event is known to everybody who must know it.</summary>
public sealed class EventTableTests
{
    // Typed by hand, once more: a name that changes in the table alone fails here.
    private static readonly string[] WireNames =
    [
        "institution_registered", "coverage_set",
        "physician_registered", "leave_entered", "leave_confirmed",
        "calendar_published", "regulation_published", "enforcement_set", "day_closed",
        "case_reported", "case_corrected", "complication_reported", "death_reported", "incident_recorded", "relation_declared",
        "outcome_withdrawn", "outcome_adjudicated", "case_voided", "change_requested", "request_decided",
        "procedure_announced", "report_fell_overdue", "procedure_announcement_withdrawn",
        "outcome_stated", "follow_up_recorded", "outcome_notice_filed", "outcome_notice_answered", "outcome_notice_decided",
        "qualification_granted", "warned", "warning_lifted", "warning_proposed", "suspension_proposed", "revocation_proposed",
        "proposal_decided", "proposal_withdrawn", "suspended", "suspension_lifted", "grounds_undermined", "suspension_upheld",
        "suspension_annulled", "review_requested", "rectification_plan_filed", "reassessed", "reinstated", "revoked", "relinquished",
        "provincial_limits_published",
        "application_submitted", "facts_attested", "opinion_given", "application_returned", "application_withdrawn", "application_refused", "grant_filed", "aid_begun", "aid_ended",
        "assessment_schedule_set", "assessment_round_opened", "assessment_scored", "assessment_outcome_overridden", "assessment_round_concluded", "assessment_round_reopened",
        "assessed", "rectification_evidence_filed", "hearing_requested", "hearing_held", "objection_filed", "objection_answered",
        "device_registered", "device_registration_renewed", "device_registration_cancelled", "device_cancellation_withdrawn", "device_received", "device_receipt_corrected", "device_receipt_voided",
        "verified_total_entered", "verified_total_withdrawn",
        "training_base_applied", "training_base_facts_attested", "training_base_tutors_named", "training_base_capacity_declared", "training_base_refused",
        "training_base_recognised", "training_base_reviewed", "training_base_withdrawn", "training_base_given_up",
        "selection_round_called", "selection_committee_named", "selection_conflict_declared", "selection_scored", "selection_scoring_closed", "selection_scoring_reopened", "selection_tie_decided", "selection_published", "selection_objection_filed", "selection_objection_stated", "selection_objection_answered", "selection_concluded",
        "selection_application_drafted", "selection_attachment_added", "selection_attachment_removed", "selection_application_submitted", "selection_fraud_suspected", "selection_fraud_answered", "selection_fraud_decided", "selection_duties_attested", "selection_duties_reviewed",
        "trainee_enrolled", "trainee_extended", "trainee_absent", "trainee_case_logged", "trainee_care_recorded", "trainee_tested", "trainee_entry_withdrawn", "trainee_evaluated", "trainee_certified", "trainee_certificate_withdrawn", "trainee_ended",
    ];

    // By the type's name in C#, which may change; the values are what stands in the log, which may not. Values are added, never removed.
    private static readonly Dictionary<string, string[]> ValueNames = new()
    {
        ["AssessmentOutcome"] = ["Passed", "Failed", "NotAssessed"],
        ["Comparison"] = [">=", ">", "<=", "<", "="],
        ["ConditionOutcome"] = ["Met", "NotMet", "NotAttested", "Expired", "NotApplicable"],
        ["OpinionDecision"] = ["Agree", "Return", "Refuse"],
        ["OpinionStep"] = ["Applicant", "Department", "Institution", "LocalAuthority", "Province"],
        ["AttachmentFormat"] = ["Pdf", "Jpeg", "Png", "OpenXml", "Ole"],
        ["SelectionOutcome"] = ["Selected", "NotSelected", "NotEligible", "Cancelled"],
        ["BreachEffect"] = ["Show", "Warn", "Suspend", "WarnThenSuspend"],
        ["ComplicationsStated"] = ["None", "Reported"],
        ["Consent"] = ["Signed", "EmergencyApproved", "Absent"],
        ["ConsentTopic"] = ["Purpose", "Risks", "Aftercare", "Complications"],
        ["EnforcementMode"] = ["Observe", "Confirm", "Enforce"],
        ["FollowUpStatus"] = ["Alive", "Dead", "Lost"],
        ["HospitalLevel"] = ["TertiaryA", "TertiaryB", "Tertiary", "Secondary", "Primary"],
        ["Intent"] = ["Diagnostic", "Therapeutic"],
        ["Outcome"] = ["Met", "Breached", "NotMeasurable", "NotApplicable"],
        ["Relation"] = ["Related", "Unrelated", "Undetermined"],
        ["RequestedChange"] = ["Void", "Correction", "Withdrawal", "Relation"],
        ["RevocationMode"] = ["Confirmed", "Automatic"],
        ["SubjectKind"] = ["Institution", "Physician"],
        ["CarePart"] = ["Preoperative", "Interpretation", "Consultation", "Procedure", "Record", "Perioperative", "Intensive", "FollowUp"],
        ["TestKind"] = ["Theory", "Practice"],
        ["TrainingRole"] = ["Participant", "Operator"],
        ["Title"] = ["Resident", "Attending", "AssociateChief", "Chief"],
        ["Urgency"] = ["Elective", "Urgent", "Emergency"],
    };

    private static readonly IReadOnlySet<Type> StoredTypes = StoredShape.Reachable(EventTable.Types.All.Select(t => t.Type));

    // Lives whose events are the golden ones, in an order they can happen in; those of a qualification repeat, since it can be suspended in five ways out.
    private static readonly string[] OfAnInstitution = ["institution_registered", "coverage_set"];
    private static readonly string[] OfAPhysician = ["physician_registered", "leave_entered", "leave_confirmed"];

    private static readonly string[] OfACase =
    [
        "case_reported", "complication_reported", "death_reported", "incident_recorded", "relation_declared",
        "change_requested", "request_decided", "case_corrected", "outcome_adjudicated", "outcome_withdrawn",
        "outcome_stated", "follow_up_recorded", "case_voided",
    ];

    private static readonly string[] OfAProcedure = ["procedure_announced.minimal", "procedure_announcement_withdrawn", "procedure_announced", "report_fell_overdue"];
    private static readonly string[] OfANotice = ["outcome_notice_filed", "outcome_notice_answered.minimal", "outcome_notice_decided"];

    private static readonly string[] OfAQualification =
    [
        "qualification_granted",
        "warning_proposed", "proposal_decided", "warned", "warning_lifted",
        "suspension_proposed", "proposal_withdrawn",
        "suspended", "review_requested", "suspension_upheld", "grounds_undermined", "suspension_annulled",
        "suspended", "rectification_plan_filed", "suspension_lifted",
        "suspended", "reassessed", "reinstated",
        "suspended", "revocation_proposed", "revoked",
        "qualification_granted", "relinquished",
    ];

    private static readonly string[] OfAnApplication =
    [
        "aid_begun", "application_submitted", "facts_attested", "opinion_given", "application_returned", "application_submitted", "application_withdrawn",
        "application_submitted", "application_refused", "aid_ended", "application_submitted", "qualification_granted.applied", "grant_filed",
    ];

    private static readonly string[] OfASchedule = ["assessment_schedule_set"];

    private static readonly string[] OfARound =
        ["assessment_round_opened", "assessment_scored", "assessment_outcome_overridden", "assessment_outcome_overridden.passed", "assessment_round_concluded", "assessment_round_reopened"];

    private static readonly string[] OfAnAssessedQualification =
    [
        "qualification_granted", "assessed", "suspension_proposed.assessed", "suspended.assessed", "rectification_evidence_filed",
        "revocation_proposed.assessed", "hearing_requested", "hearing_held", "objection_filed", "objection_answered",
    ];

    private static readonly string[] OfADeviceRegistration = ["device_registered", "device_registration_renewed", "device_registration_cancelled", "device_cancellation_withdrawn"];
    private static readonly string[] OfADeviceReceipt = ["device_received", "device_receipt_corrected", "device_receipt_voided"];

    private static readonly string[] OfVerifiedTotals = ["verified_total_entered.minimal", "verified_total_entered", "verified_total_withdrawn"];

    private static readonly string[] OfATrainingBase =
    [
        "training_base_applied", "training_base_facts_attested", "training_base_tutors_named", "training_base_capacity_declared", "training_base_refused",
        "training_base_applied", "training_base_refused.minimal", "training_base_applied", "training_base_recognised",
        "training_base_reviewed.minimal", "training_base_reviewed", "training_base_withdrawn", "training_base_applied", "training_base_given_up.application", "training_base_recognised.imported", "training_base_given_up",
    ];

    private static readonly string[] OfASelection =
    [
        "selection_round_called", "selection_committee_named", "selection_conflict_declared", "selection_scored", "selection_scoring_closed.minimal", "selection_scoring_reopened", "selection_scored.minimal",
        "selection_scoring_closed", "selection_tie_decided", "selection_published", "selection_objection_filed", "selection_objection_stated", "selection_objection_answered", "selection_concluded",
    ];

    private static readonly string[] OfASelectionApplication =
    [
        "selection_application_drafted", "selection_attachment_added", "selection_attachment_removed", "selection_attachment_added", "selection_application_submitted",
        "selection_fraud_suspected", "selection_fraud_answered", "selection_fraud_decided", "selection_duties_attested", "selection_duties_reviewed",
    ];

    private static readonly string[] OfATrainee =
    [
        "trainee_enrolled", "trainee_extended", "trainee_absent", "trainee_case_logged", "trainee_care_recorded", "trainee_tested", "trainee_tested.minimal", "trainee_entry_withdrawn",
        "trainee_evaluated", "trainee_certified", "trainee_certificate_withdrawn",
    ];

    // Beside a certificate there is no such end: another trainee's.
    private static readonly string[] OfATraineeWhoLeft = ["trainee_enrolled", "trainee_ended"];

    private static readonly string[] Alone = ["provincial_limits_published", "calendar_published", "regulation_published", "enforcement_set", "day_closed"];

    public static TheoryData<string> Files => [.. GoldenFile.All.Select(file => file.Name)];

    public static TheoryData<string> Names => [.. EventTable.Types.All.Select(type => type.WireName)];

    [Fact]
    public void The_wire_names_are_those_typed_here() =>
        EventTable.Types.All.Select(type => type.WireName).ShouldBe(WireNames, ignoreOrder: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_event_has_a_golden_file(string wireName) => GoldenFile.Named(wireName).Event.ShouldBeOfType(EventTable.Types.ForWireName(wireName)!.Type);

    [Theory]
    [MemberData(nameof(Files))]
    public void What_is_stored_is_read_and_written_without_loss(string name)
    {
        var golden = GoldenFile.Named(name);
        golden.ShouldBeStoredAs(golden.Stored(golden.Event));
    }

    /// <summary>jsonb puts the members into an order of its own and writes numbers in its own way.</summary>
    [Fact]
    public async Task What_is_stored_survives_jsonb()
    {
        await using var database = NpgsqlDataSource.Create(await TestPostgres.CreateDatabase());
        foreach (var golden in GoldenFile.All)
        {
            await using var command = database.CreateCommand("select $1::jsonb::text");
            command.Parameters.Add(new() { Value = golden.Stored(golden.Event) });
            var stored = (string)(await command.ExecuteScalarAsync())!;

            golden.ShouldBeStoredAs(stored);
            golden.ShouldBeStoredAs(golden.Stored(golden.EventOf(stored)));
        }
    }

    /// <summary>A node of the next release may write members that this one has never heard of.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Unknown_members_are_ignored(string name)
    {
        var golden = GoldenFile.Named(name);
        var newer = golden.Node;
        var added = 0;
        StoredShape.EachObject(newer, golden.Type.Type, (o, _) =>
        {
            o.Insert(0, "AddedLater", new JsonObject { ["Deep"] = new JsonArray(1, "two") });
            added++;
        });

        added.ShouldBeGreaterThan(0);
        golden.ShouldBeStoredAs(golden.Stored(golden.EventOf(newer.ToJsonString())));
    }

    /// <summary>A node of the release before does not write the nullable members that this one has.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Nullable_members_left_out_are_null(string name)
    {
        var golden = GoldenFile.Named(name);
        var older = golden.Node;
        StoredShape.EachObject(older, golden.Type.Type, (o, type) =>
        {
            foreach (var member in StoredShape.Members(type).Where(m => m.Nullable && m.WrittenWhenNull && o[m.StoredName!] is null))
            {
                o.Remove(member.StoredName!).ShouldBeTrue($"{name}.json leaves out {member}");
            }
        });
        golden.ShouldBeStoredAs(golden.Stored(golden.EventOf(older.ToJsonString())));
    }

    /// <summary>A member lost on the way shows only where the file holds something else than what a lost member becomes.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void The_golden_files_of_an_event_fill_every_member(string wireName)
    {
        var members = GoldenFile.All.Where(file => file.WireName == wireName).SelectMany(file => StoredShape.Walk(file.Event, file.Type.Type)).ToList();
        members.ShouldNotBeEmpty();
        members.Select(m => m.Path).Except(members.Where(m => IsFilled(m.Value)).Select(m => m.Path)).ShouldBeEmpty();
    }

    [Fact]
    public void Every_nullable_member_is_null_in_some_golden_file()
    {
        var leftOut = GoldenFile.All.SelectMany(file => StoredShape.Walk(file.Event, file.Type.Type))
            .Where(m => m.Value is null)
            .Select(m => m.Member.ToString());
        StoredTypes.Where(StoredShape.HasMembers).SelectMany(StoredShape.Members)
            .Where(m => m.Nullable)
            .Select(m => m.ToString())
            .Except(leftOut)
            .ShouldBeEmpty();
    }

    [Fact]
    public void Every_stored_member_has_an_explicit_name()
    {
        var members = StoredTypes.Where(StoredShape.HasMembers).SelectMany(StoredShape.Members).ToList();
        members.Where(m => m.StoredName is null).Select(m => m.ToString()).ShouldBeEmpty();
        members.Where(m => m.StoredName is { } n && !(char.IsAsciiLetterUpper(n[0]) && n.All(char.IsAsciiLetterOrDigit))).Select(m => m.ToString()).ShouldBeEmpty();
    }

    /// <summary>Nothing but plain values, lists and records of the domain: no dictionary, no floating point, no type another library may change.</summary>
    [Fact]
    public void Stored_members_are_made_of_a_few_kinds_of_value()
    {
        StoredTypes.Where(t => !StoredShape.IsValue(t) && !t.Assembly.Equals(typeof(Case).Assembly)).Select(t => t.ToString()).ShouldBeEmpty();
        // The walk went all the way down.
        StoredTypes.ShouldContain(typeof(Measurement));
        StoredTypes.ShouldContain(typeof(DeviceUse));
    }

    [Fact]
    public void Every_stored_value_of_an_enum_has_an_explicit_frozen_name()
    {
        var enums = StoredTypes.Where(t => t.IsEnum).ToList();
        enums.Where(e => e.GetCustomAttribute<JsonConverterAttribute>()?.ConverterType != typeof(JsonStringEnumConverter<>).MakeGenericType(e)).ShouldBeEmpty();
        enums.ToDictionary(e => e.Name, e => string.Join(", ", e.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(f => f.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? $"{f.Name} without a name")))
            .OrderBy(e => e.Key, StringComparer.Ordinal)
            .ShouldBe(ValueNames.ToDictionary(e => e.Key, e => string.Join(", ", e.Value)).OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    /// <summary>An event that is not in the table cannot be appended; here that is found before somebody tries.</summary>
    [Fact]
    public void Every_event_of_the_domain_stands_in_the_table()
    {
        var types = typeof(Case).Assembly.GetTypes();
        var ofAnAggregate = types.Where(t => !t.IsAbstract && t.BaseType is { IsAbstract: true, IsNested: true, Name: "Event" });

        // What has a stream and no abstract Event has its events beside its state.
        var standingAlone = types
            .Where(t => t is { IsAbstract: true, IsSealed: true } && t.GetMember("Stream").Length > 0 && t.GetNestedType("Event") is null)
            .SelectMany(t => t.GetNestedTypes())
            .Where(t => t.Name != "State");
        ofAnAggregate.Concat(standingAlone).Select(t => t.FullName).ShouldBe(EventTable.Types.All.Select(t => t.Type.FullName), ignoreOrder: true);
    }

    [Fact]
    public void Every_event_stands_in_one_of_the_lives_below() =>
        new[] { OfAnInstitution, OfAPhysician, OfACase, OfAProcedure, OfAQualification, OfAnApplication, OfASchedule, OfARound, OfAnAssessedQualification, OfADeviceRegistration, OfADeviceReceipt, OfVerifiedTotals, OfANotice, OfATrainingBase, OfATrainee, OfATraineeWhoLeft, OfASelection, OfASelectionApplication, Alone }.SelectMany(life => life).Select(name => name.Split('.')[0]).Distinct().ShouldBe(WireNames, ignoreOrder: true);

    [Fact]
    public void An_institution_evolves_by_all_its_events()
    {
        var state = Institution.Fold(Golden<Institution.Event>(OfAnInstitution));
        state.Entry!.Name.ShouldBe("钱塘市第一人民医院");
        state.Coverage["comprehensive"].ShouldBe(new(2024, 1, 1));
    }

    [Fact]
    public void A_physician_evolves_by_all_its_events()
    {
        var state = Physician.Fold(Golden<Physician.Event>(OfAPhysician));
        state.TitleOn(new(2020, 1, 1)).ShouldBe(Title.AssociateChief);
        state.Leaves.ShouldHaveSingleItem().Confirmed.ShouldBeTrue();
    }

    [Fact]
    public void A_case_evolves_by_all_its_events()
    {
        var state = Case.Fold(Golden<Case.Event>(OfACase));
        (state.Voided, state.Death, state.Key!.Operator, state.Key.CompletedOn).ShouldBe((true, null, "P33-4712", new DateOnly(2026, 3, 3)));
        state.Complications.ShouldHaveSingleItem().Declared.ShouldBe(Relation.Unrelated);
        state.Incidents.ShouldHaveSingleItem().Adjudicated.ShouldBe(Relation.Unrelated);
        state.Requests.ShouldHaveSingleItem().Agreed.ShouldBe(true);
        state.FirstOutcome.Death.ShouldBe(new(new DateOnly(2026, 3, 10), Relation.Unrelated));
        (state.FirstOutcome.AliveOnDay30, state.Stated!.Complications, state.Stated.StatedOn).ShouldBe((true, ComplicationsStated.Reported, new(2026, 4, 3)));
        state.StandingFollowUps.ShouldHaveSingleItem().Status.ShouldBe(FollowUpStatus.Lost);
    }

    [Fact]
    public void A_notice_evolves_by_all_its_events()
    {
        var state = OutcomeNotice.Fold(Golden<OutcomeNotice.Event>(OfANotice));
        (state.Filed!.CaseNumber, state.Answer!.Accepted, state.Decision!.Upheld, state.Stands).ShouldBe(("住院2026-0042", false, true, NoticeState.Upheld));
    }

    [Fact]
    public void A_training_base_evolves_by_all_its_events()
    {
        var state = TrainingBase.Fold(Golden<TrainingBase.Event>(OfATrainingBase));
        (state.Status, state.Reason, state.Applications, state.AppliedOn).ShouldBe((BaseStatus.GivenUp, "负责人退休", 1, new DateOnly(2026, 2, 1)));
        state.Recognitions.Select(r => (r.EffectiveOn, r.EndedOn, r.Imported)).ShouldBe(
            [(new(2026, 4, 1), new DateOnly(2027, 5, 1), false), (new(2027, 6, 1), new DateOnly(2027, 9, 1), true)]);
        state.Reviews.Select(r => r.Passed).ShouldBe([true, false]);
        (state.IsTutor("P33-4712", new(2026, 2, 3)), state.IsTutor("P33-4712", new(2026, 2, 4)), state.CapacityOn(new(2026, 2, 4))).ShouldBe((false, true, 6));
        state.AttestedBy(new(2026, 1, 31)).Count.ShouldBe(2);
    }

    [Fact]
    public void A_trainee_evolves_by_all_its_events()
    {
        var state = Trainee.Fold(Golden<Trainee.Event>(OfATrainee));
        (state.Status, state.Until, state.LastDay, state.Entries, state.Stay.To).ShouldBe((TraineeStatus.CertificateWithdrawn, new DateOnly(2026, 12, 5), new DateOnly(2026, 12, 4), 5, new DateOnly(2026, 12, 4)));
        (state.Absences.Count, state.Withdrawn.Single(), state.Cases.Single().Entry.CaseNumber, state.Cares.Single().Parts.Count).ShouldBe((0, 1, "住院2026-0815", 8));
        state.Tests.Select(t => (t.Kind, t.Score)).ShouldBe([(TestKind.Practice, 87), (TestKind.Theory, (int?)null)]);
        (state.Certificate!.Number, state.Certificate.WithdrawnOn, state.Certificate.WithdrawnFor).ShouldBe(("综介培2026-0007", new DateOnly(2027, 2, 1), "考核记录不实"));
        var left = Trainee.Fold(Golden<Trainee.Event>(OfATraineeWhoLeft));
        (left.Status, left.Until, left.EndedFor).ShouldBe((TraineeStatus.Ended, new DateOnly(2026, 7, 31), "工作调动"));
    }

    [Fact]
    public void A_procedure_evolves_by_all_its_events()
    {
        var state = Procedure.Fold(Golden<Procedure.Event>(OfAProcedure));
        (state.Stands, state.CaseNumber, state.Key!.Operator, state.FellOverdueOn).ShouldBe((true, "2026-000318", "P33-4711", new DateOnly(2026, 3, 17)));
        var withdrawn = Procedure.Fold(Golden<Procedure.Event>(OfAProcedure[..2]));
        (withdrawn.Stands, withdrawn.Withdrawn, withdrawn.FellOverdueOn).ShouldBe((false, true, null));
        Procedure.Fold(Golden<Procedure.Event>(OfAProcedure[..3])).FellOverdueOn.ShouldBeNull();
    }

    [Fact]
    public void A_qualification_evolves_by_all_its_events()
    {
        var state = Qualification.Fold(Golden<Qualification.Event>(OfAQualification));
        state.Grants.Select(g => (g.RevokedOn, g.RelinquishedOn)).ShouldBe([(new DateOnly(2026, 7, 4), null), (null, new DateOnly(2026, 12, 1))]);
        state.Suspensions.Select(s => (s.Annulled, s.UnderminedOnce, s.EndedOn)).ShouldBe(
            [(true, true, new DateOnly(2026, 4, 18)), (false, false, new DateOnly(2026, 4, 20)), (false, false, new DateOnly(2026, 7, 3)), (false, false, new DateOnly(2026, 7, 4))]);
        state.Proposals.Select(p => p.Sanction).ShouldBe([Sanction.Warning, Sanction.Suspension, Sanction.Revocation]);
        state.Steps.Select(s => s.Standing).ShouldContain(Standing.Warned);
    }

    [Fact]
    public void An_application_evolves_by_all_its_events()
    {
        var state = Qualification.Fold(Golden<Qualification.Event>(OfAnApplication));
        (state.Application!.Status, state.Application.Path, state.Application.Opinions.Count).ShouldBe((ApplicationStatus.Granted, "secondary", 0));
        state.Grants.ShouldHaveSingleItem().ShouldBe(new(1, new(2026, 4, 1), "浙卫医〔2026〕31号", null, null, "secondary", "备案2026-031", new(2026, 4, 8)));
        state.Aids.ShouldHaveSingleItem().To.ShouldBe(new DateOnly(2026, 1, 31));
        state.AttestedBy(new(2026, 2, 2)).Single(f => f.Fact == "neurosurgeryBeds").Value.GetInt32().ShouldBe(30);
        state.AttestedBy(new(2026, 2, 3)).Single(f => f.Fact == "neurosurgeryBeds").Value.GetInt32().ShouldBe(31);
        (state.AidOn(new(2026, 1, 31)) is not null, state.AidOn(new(2026, 2, 1)) is null).ShouldBe((true, true));
    }

    [Fact]
    public void A_schedule_evolves_by_its_event()
    {
        var state = AssessmentSchedule.Fold(Golden<AssessmentSchedule.Set>(OfASchedule));
        state.PeriodsEndingBy(new(2026, 12, 30)).ShouldBeEmpty();
        state.PeriodsEndingBy(new(2026, 12, 31)).ShouldBe([new(new(2026, 1, 1), new(2026, 12, 31))]);
        state.NextAfter(new(2026, 12, 31)).ShouldBe(new(new(2027, 1, 1), new(2027, 12, 31)));
    }

    [Fact]
    public void A_round_evolves_by_all_its_events()
    {
        var state = AssessmentRound.Fold(Golden<AssessmentRound.Event>(OfARound));
        (state.Entry!.Scheduled, state.Sitting, state.ClosesOn, state.ConcludedOn).ShouldBe((true, 2, new(2026, 5, 31), null));
        var (hospital, physician) = (Subject.Institution("H33-0101"), Subject.Physician("P33-4711"));
        (state.IsOpenFor(physician), state.IsOpenFor(hospital)).ShouldBe((true, false));
        state.SheetOf(physician).Scores.Select(s => (s.Score.Item, s.Score.Passed)).ShouldBe([("caseSelection", true), ("postoperativeCare", false)]);
        state.SheetOf(physician).Override.ShouldBeNull("it was opened again to be decided anew");
        state.SheetOf(hospital).Override!.Outcome.ShouldBe(AssessmentOutcome.Passed);
    }

    [Fact]
    public void An_assessed_qualification_evolves_by_all_its_events()
    {
        var state = Qualification.Fold(Golden<Qualification.Event>(OfAnAssessedQualification));
        var assessed = state.Assessments.ShouldHaveSingleItem();
        (assessed.Sitting, assessed.Period, assessed.Outcome, assessed.Counts, assessed.Grant, assessed.Struck, assessed.OverriddenBecause)
            .ShouldBe((1, new(new(2025, 1, 1), new(2025, 12, 31)), AssessmentOutcome.Failed, true, 1, false, "现场检查发现瞒报"));
        state.Standing.ShouldBe(Standing.Suspended);
        (state.StandingSuspension!.Round, state.StandingSuspension.Evidence.Count).ShouldBe((assessed.Round, 2));
        state.Proposals.Select(p => (p.Sanction, p.Round, p.HearUntil, p.HearingRequestedOn, p.HeardOn)).ShouldBe(
            [(Sanction.Suspension, assessed.Round, null, null, null), (Sanction.Revocation, assessed.Round, new DateOnly(2026, 3, 25), new DateOnly(2026, 3, 23), new DateOnly(2026, 4, 9))]);
        var objection = state.Objections.ShouldHaveSingleItem();
        (objection.Against, objection.AnswerDueOn, objection.Accepted, objection.AnsweredOn).ShouldBe((3, new(2026, 4, 8), true, new DateOnly(2026, 4, 7)));
    }

    [Fact]
    public void A_device_registration_evolves_by_all_its_events()
    {
        var state = DeviceRegistration.Fold(Golden<DeviceRegistration.Event>(OfADeviceRegistration));
        (state.Entry!.Number, state.Entry.SingleUse, state.CancelledOn).ShouldBe(("国械注准20193130001", true, null));
        state.Validity.ShouldBe([new(new(2019, 5, 1), new(2024, 4, 30)), new(new(2024, 5, 1), new(2029, 4, 30))]);
        DeviceRegistration.Fold(Golden<DeviceRegistration.Event>(OfADeviceRegistration[..3])).CancelledOn.ShouldBe(new(2026, 2, 1));
    }

    [Fact]
    public void A_device_receipt_evolves_by_all_its_events()
    {
        var state = DeviceReceipt.Fold(Golden<DeviceReceipt.Event>(OfADeviceReceipt));
        (state.First!.Number, state.First.Goods.Quantity, state.Goods!.Quantity, state.Voided).ShouldBe(("入库2026-0117-3", 2, 1, true));
        state.Goods.Serials.ShouldBe(["S-0042"]);
    }

    [Fact]
    public void Verified_totals_evolve_by_all_their_events()
    {
        var total = VerifiedTotals.Fold(Golden<VerifiedTotals.Event>(OfVerifiedTotals)).Totals.ShouldHaveSingleItem();
        (total.Period, total.Count, total.History.Count).ShouldBe((new(new(2025, 7, 1), new(2025, 12, 31)), null, 3));
        VerifiedTotals.Fold(Golden<VerifiedTotals.Event>(OfVerifiedTotals[..2])).Standing.ShouldHaveSingleItem().Count.ShouldBe(new(412, 300, "医保结算清单"));
    }

    [Fact]
    public void A_selection_evolves_by_all_its_events()
    {
        var state = SelectionRound.Fold(Golden<SelectionRound.Event>(OfASelection));
        (state.Sitting, state.ScoringOpen, state.Closing!.Reason, state.Tie!.Institutions.Single()).ShouldBe((2, false, "一位专家因病未评分", "H33-0101"));
        (state.HasConflict("P33-4711", "H33-0101"), state.HasConflict("P11-0002", "H33-0102"), state.HasConflict("P11-0002", "H33-0101")).ShouldBe((true, true, false));
        // Of the two scores one is in conflict.
        (state.Scores.Count, state.CountedScores("H33-0101").Count(), state.CountedScores("H33-0102").Count()).ShouldBe((2, 1, 0));
        state.Objections.ShouldHaveSingleItem().ShouldSatisfyAllConditions(o => o.Answer!.Accepted.ShouldBeTrue(), o => o.AnsweredAfter.ShouldBe(1), o => o.Statement!.Statement.ShouldBe("例数以检查登记为准"));
        state.Eligibility["H33-0103"].ShouldBeTrue();
        state.Conclusion!.Outcomes[1].Outcome.ShouldBe(SelectionOutcome.Cancelled);
    }

    [Fact]
    public void A_selection_application_evolves_by_all_its_events()
    {
        var state = SelectionApplication.Fold(Golden<SelectionApplication.Event>(OfASelectionApplication));
        (state.Institution, state.Facts.Count, state.IsEligible, state.HasPriority, state.IsCancelled).ShouldBe(("H33-0101", 2, false, true, true));
        state.Attachments.ShouldHaveSingleItem().ShouldSatisfyAllConditions(a => a.Kind.ShouldBe("volumeEvidence"), a => a.Format.ShouldBe(AttachmentFormat.Png));
        (state.DutiesAttested, state.Reviews.ShouldHaveSingleItem().Passed).ShouldBe((null, false));
        state.Submission!.ReceivedAt.ShouldBe(new(2024, 4, 30, 16, 59, 59, TimeSpan.FromHours(8)));
        state.Suspicions.ShouldHaveSingleItem().Statement!.Statement.ShouldBe("系统统计口径差异");
    }

    [Fact]
    public void What_stands_alone_is_read()
    {
        Golden<PublishedLimits.Published>(["provincial_limits_published"]).Single().Limits.Validate(ShippedRegulations.All.Single(s => s.Regulation.Id == "NV-2012").Regulation).ShouldBeEmpty();

        Enforcement.Fold(Golden<Enforcement.Set>(["enforcement_set"])).ModeOn(new(2026, 2, 1)).ShouldBe(EnforcementMode.Enforce);

        var calendar = CalendarHistory.Empty.With(Golden<Calendar.Published>(["calendar_published"]).Single()).Latest;
        (calendar.IsWorkingDay(new(2026, 1, 2)), calendar.IsWorkingDay(new(2026, 1, 4))).ShouldBe((false, true));

        var regulation = Golden<PublishedRegulation.Published>(["regulation_published"]).Single();
        RegulationFile.ParseStored(regulation.Document.GetRawText()).Faults.ShouldBeEmpty();

        Golden<Day.Closed>(["day_closed"]).Single().Date.ShouldBe(new(2026, 3, 31));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_monitor_knows_whom_every_event_touches(string name)
    {
        var touched = new Touched();
        Should.NotThrow(() => touched.Add(GoldenFile.Named(name).Event));
        touched.Everybody.ShouldBe(Alone.Contains(GoldenFile.Named(name).WireName));
    }

    [Fact]
    public void The_monitor_stops_at_what_it_does_not_know() => Should.Throw<UnreachableException>(() => new Touched().Add("no event"));

    /// <summary>All of them through the store, from jsonb, into rows.</summary>
    [Fact]
    public async Task The_read_model_takes_every_event()
    {
        await using var database = ReadSchema.Connect(await TestPostgres.CreateDatabase());
        await using var log = new PostgresEventStore(database, EventTable.Types, () => TimeSpan.Zero);
        await Append(log, Calendar.Stream, "calendar_published");
        await Append(log, PublishedRegulation.Stream("CI-2012"), "regulation_published");
        await Append(log, Enforcement.Stream("comprehensive", "33"), "enforcement_set");
        await Append(log, Institution.Stream("H33-0101"), OfAnInstitution);
        await Append(log, Physician.Stream("P33-4711"), OfAPhysician);
        await Append(log, Case.Stream(new("6f1c2b9e-3a47-5d18-9c02-8e4b7a10d5f3")), OfACase);
        await Append(log, Procedure.Stream(new("0b8a7c1d-4e52-5f36-8a97-1c2d3e4f5061")), OfAProcedure);
        await Append(log, Qualification.Stream(new(Subject.Physician("P33-4711"), "comprehensive")), OfAQualification);
        await Append(log, PublishedLimits.Stream("NV-2012", "33"), "provincial_limits_published");
        await Append(log, Qualification.Stream(new(Subject.Physician("P33-0102"), "neurovascular")), OfAnApplication);
        await Append(log, AssessmentSchedule.Stream("comprehensive", "33"), OfASchedule);
        await Append(log, AssessmentRound.Stream(new("3d5b7f90-6a1c-5e42-9b08-7c2d4e6f8a10")), OfARound);
        (await log.Append(new AppendRequest(
            Qualification.Stream(new(Subject.Physician("P33-4711"), "comprehensive")), OfAQualification.Length, [.. Golden<object>(OfAnAssessedQualification)]))).ShouldBeOfType<AppendResult.Appended>();
        await Append(log, DeviceRegistration.Stream(new("c1a6e5b2-7f30-5c4d-9a81-2b3c4d5e6f70")), OfADeviceRegistration);
        await Append(log, DeviceReceipt.Stream(new("d2b7f6c3-8041-5d5e-8b92-3c4d5e6f7081")), OfADeviceReceipt);
        await Append(log, VerifiedTotals.Stream("H33-0101", "comprehensive"), OfVerifiedTotals[..2]);
        await Append(log, TrainingBase.Stream(new("national", "comprehensive", "H33-0101")), OfATrainingBase);
        await Append(log, Trainee.Stream(new("5a1c9e30-7b42-5d18-8f6a-2c3e4f506172")), OfATrainee);
        await Append(log, OutcomeNotice.Stream(new("0197c3a0-5d00-7abc-8def-0123456789ab")), OfANotice);
        await Append(log, SelectionRound.Stream(new("5a0c7e21-93b4-5f68-8d10-4e2f6a7b8c9d")), OfASelection);
        await Append(log, SelectionApplication.Stream(new("5a0c7e21-93b4-5f68-8d10-4e2f6a7b8c9d"), "H33-0101"), OfASelectionApplication);
        await Append(log, Day.Stream, "day_closed");

        var readModel = new ReadModel(log, database, ReadSchema.Living);
        var (position, more) = await readModel.Advance(CancellationToken.None);

        (position, more).ShouldBe((await log.Head(), false));
        (await Count(database, "calendars")).ShouldBe(1);
        (await Count(database, "regulations")).ShouldBe(1);
        (await Count(database, "enforcement")).ShouldBe(1);
        (await Count(database, "provincial_limits")).ShouldBe(1);
        (await Count(database, "qualifications where granted")).ShouldBe(2);
        (await Count(database, "assessment_schedules where technique = 'comprehensive' and province = '33'")).ShouldBe(1);
        (await Count(database, "rounds where sitting = 2 and concluded_on is null and closes_on = '2026-05-31' and period_to = '2025-12-31'")).ShouldBe(1);
        (await Count(database, "assessments where subject = 'P33-4711' and sitting = 1 and recorded and outcome = 'failed' and not left_out")).ShouldBe(1);
        (await Count(database, "assessments where subject = 'P33-4711' and sitting = 2 and not recorded and outcome is null and not left_out")).ShouldBe(1);
        // The revocation was heard, and waits for a decision since.
        (await Count(database, "dues where subject = 'P33-4711' and what = 'proposal' and due_on = '2026-04-09'")).ShouldBe(1);
        (await Count(database, "former_places where operator = 'P33-4711'")).ShouldBe(1);
        (await Count(database, "institutions where name = '钱塘市第一人民医院' and province = '33'")).ShouldBe(1);
        (await Count(database, "registrations where main and institution = 'H33-0101'")).ShouldBe(1);
        (await Count(database, "titles")).ShouldBe(2);
        (await Count(database, "case_facts where voided and operator = 'P33-4712' and deadline = '2026-03-16'")).ShouldBe(1);
        (await Count(database, "procedures where institution = 'H33-0101' and operator = 'P33-4711' and case_number = '2026-000318' and fell_overdue")).ShouldBe(1);
        (await Count(database, "overdue_reports")).ShouldBe(0, "it had been recorded before the day was closed");
        (await Count(database, $"qualifications where version = {OfAQualification.Length + OfAnAssessedQualification.Length}")).ShouldBe(1);
        (await Count(database, "device_uses")).ShouldBe(0, "the case was voided");
        (await Count(database, "device_registrations where number = '国械注准20193130001'")).ShouldBe(1);
        (await Count(database, "device_registration_products")).ShouldBe(2);
        (await Count(database, "device_receipts where voided and institution = 'H33-0101' and lot = 'A7' and quantity = 1 and received_on = '2026-01-17'")).ShouldBe(1);
        // Declared anew, asked for, decided, corrected (with both operators), adjudicated, withdrawn, voided.
        (await Count(database, "case_changes")).ShouldBe(8);
        (await Count(database, "case_changes where kind = 'correction' and operator in ('P33-4711', 'P33-4712')")).ShouldBe(2);
        (await Count(database, "case_changes where kind = 'void' and operator = 'P33-4712'")).ShouldBe(1);
        (await Count(database, "verified_totals where institution = 'H33-0101' and from_on = '2025-07-01' and to_on = '2025-12-31' and cases = 412")).ShouldBe(1);
        (await Count(database, "outcome_notices where state = 'upheld' and institution = 'H33-0101' and procedure_on = '2026-03-02' and case_id is not null")).ShouldBe(1);
        (await Count(database, "adjudications where kind = 'notice' and not pending and decision = 'upheld' and decided_on = '2026-04-20'")).ShouldBe(1);
        (await Count(database, "case_facts where statement_due is null and follow_ups is null and not late_outcome")).ShouldBe(1, "a voided case owes nothing");
        (await Count(database, "training_bases where institution = 'H33-0101' and status = 'givenUp' and review_due_on is null")).ShouldBe(1);
        (await Count(database, "training_base_spans where (from_on, to_on) in (('2026-04-01', '2027-04-30'), ('2027-06-01', '2027-08-31'))")).ShouldBe(2);
        (await Count(database, "trainees where physician = 'P33-5120' and status = 'certificateWithdrawn' and to_on = '2026-12-04' and certified_on = '2026-12-08' and level = 4")).ShouldBe(1);
        (await Count(database, "trainee_operators where case_id = '0b8a7c1d-4e52-5f36-8a97-1c2d3e4f5061'")).ShouldBe(1);
        (await Count(database, "announcements where act like 'trainingBase%'")).ShouldBe(3, "of the recognition from before nobody is told");
        (await Count(database, "selection_rounds where number = 'NC-2024-1' and published_on = '2024-05-22' and objections_until = '2024-05-29' and concluded_on = '2024-06-03'")).ShouldBe(1);
        (await Count(database, "selection_applications where institution = 'H33-0101' and submitted and cancelled and attested_on is null and reviewed_on = '2025-06-03' and not passed")).ShouldBe(1);
        (await Count(database, "selection_outcomes where (institution, outcome) in (('H33-0101', 'selected'), ('H33-0102', 'cancelled'))")).ShouldBe(2);
        (await Count(database, "announcements where kind = 'selectionRound' and act in ('selectionPublished', 'selectionConcluded', 'selectionCancelled')")).ShouldBe(3);
        (await Count(database, "days_closed where day = '2026-03-31'")).ShouldBe(1);
        (await log.Append(new AppendRequest(VerifiedTotals.Stream("H33-0101", "comprehensive"), 2, [.. Golden<object>(OfVerifiedTotals[2..])]))).ShouldBeOfType<AppendResult.Appended>();
        await readModel.Advance(CancellationToken.None);
        (await Count(database, "verified_totals")).ShouldBe(0, "it was withdrawn");
        (await Count(database, "closings where day = '2026-03-31' and subject = 'P33-4711' and province = '33'")).ShouldBe(1);
    }

    private static async Task Append(PostgresEventStore log, string stream, params string[] wireNames) =>
        (await log.Append(new AppendRequest(stream, 0, [.. Golden<object>(wireNames)]))).ShouldBeOfType<AppendResult.Appended>();

    private static async Task<long> Count(NpgsqlDataSource database, string of)
    {
        await using var command = database.CreateCommand($"select count(*) from {of}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static IEnumerable<T> Golden<T>(IEnumerable<string> names) => names.Select(name => (T)GoldenFile.Named(name).Event);

    private static bool IsFilled(object? value) => value switch
    {
        null or "" => false,
        ICollection list => list.Count > 0,
        ValueType v => !v.Equals(Activator.CreateInstance(v.GetType())),
        _ => true,
    };
}
