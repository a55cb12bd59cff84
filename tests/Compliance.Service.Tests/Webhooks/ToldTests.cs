using System.Diagnostics;
using System.Net;
using Compliance.Assessments;
using Compliance.Cases;
using Compliance.Qualifications;
using Compliance.Service.Tests.Events;
using Compliance.Service.Webhooks;
using Compliance.Training;

namespace Compliance.Service.Tests.Webhooks;

/// <summary>Every event is told to somebody or to nobody, and somebody has said which.</summary>
public sealed class ToldTests
{
    // Typed by hand, once more: who is told what is decided on, not fallen into.
    private static readonly Dictionary<string, (string Type, Audience Audience)> Expected = new()
    {
        ["qualification_granted"] = ("granted", Audience.Standing),
        ["warned"] = ("warned", Audience.Standing),
        ["warning_lifted"] = ("warningLifted", Audience.Standing),
        ["suspended"] = ("suspended", Audience.Standing),
        ["suspension_lifted"] = ("suspensionLifted", Audience.Standing),
        ["suspension_annulled"] = ("suspensionAnnulled", Audience.Standing),
        ["reinstated"] = ("reinstated", Audience.Standing),
        ["revoked"] = ("revoked", Audience.Standing),
        ["relinquished"] = ("relinquished", Audience.Standing),
        ["warning_proposed"] = ("warningProposed", Audience.Inner),
        ["suspension_proposed"] = ("suspensionProposed", Audience.Inner),
        ["revocation_proposed"] = ("revocationProposed", Audience.Inner),
        ["proposal_decided"] = ("proposalDecided", Audience.Inner),
        ["proposal_withdrawn"] = ("proposalWithdrawn", Audience.Inner),
        ["grounds_undermined"] = ("groundsUndermined", Audience.Inner),
        ["review_requested"] = ("reviewRequested", Audience.Inner),
        ["suspension_upheld"] = ("suspensionUpheld", Audience.Inner),
        ["reassessed"] = ("reassessed", Audience.Inner),
        ["assessed"] = ("assessed", Audience.Inner),
        ["hearing_requested"] = ("hearingRequested", Audience.Inner),
        ["objection_filed"] = ("objectionFiled", Audience.Inner),
        ["objection_answered"] = ("objectionAnswered", Audience.Inner),
        ["outcome_notice_filed"] = ("filed", Audience.Inner),
        ["training_base_recognised"] = ("recognised", Audience.Standing),
        ["training_base_withdrawn"] = ("withdrawn", Audience.Standing),
        ["training_base_given_up"] = ("givenUp", Audience.Standing),
        ["training_base_refused"] = ("refused", Audience.Inner),
        ["training_base_reviewed"] = ("reviewed", Audience.Inner),
        ["trainee_certificate_withdrawn"] = ("certificateWithdrawn", Audience.Inner),
        ["assessment_round_opened"] = ("opened", Audience.Standing),
        ["selection_objection_filed"] = ("objectionFiled", Audience.Inner),
        ["selection_fraud_suspected"] = ("fraudSuspected", Audience.Inner),
        ["selection_fraud_decided"] = ("fraudDecided", Audience.Inner),
        ["report_fell_overdue"] = ("fellOverdue", Audience.Inner),
    };

    private static readonly string[] ToldToNobody =
    [
        "institution_registered", "coverage_set", "physician_registered", "leave_entered", "leave_confirmed",
        "calendar_published", "regulation_published", "provincial_limits_published", "enforcement_set", "day_closed",
        "case_reported", "case_corrected", "complication_reported", "death_reported", "incident_recorded", "relation_declared",
        "outcome_stated", "follow_up_recorded", "outcome_notice_answered", "outcome_notice_decided", "outcome_withdrawn", "outcome_adjudicated", "case_voided", "change_requested", "request_decided",
        "procedure_announced", "procedure_announcement_withdrawn",
        "rectification_plan_filed", "rectification_evidence_filed", "hearing_held",
        "assessment_schedule_set", "assessment_scored", "assessment_outcome_overridden", "assessment_round_concluded", "assessment_round_reopened",
        "application_submitted", "facts_attested", "opinion_given", "application_returned", "application_withdrawn", "application_refused", "grant_filed", "aid_begun", "aid_ended",
        "device_registered", "device_registration_renewed", "device_registration_cancelled", "device_cancellation_withdrawn", "device_received", "device_receipt_corrected", "device_receipt_voided",
        "verified_total_entered", "verified_total_withdrawn",
        "training_base_applied", "training_base_facts_attested", "training_base_tutors_named", "training_base_capacity_declared",
        "selection_round_called", "selection_committee_named", "selection_conflict_declared", "selection_scored", "selection_scoring_closed", "selection_scoring_reopened", "selection_tie_decided", "selection_published", "selection_objection_stated", "selection_objection_answered", "selection_concluded",
        "selection_application_drafted", "selection_attachment_added", "selection_attachment_removed", "selection_application_submitted", "selection_fraud_answered", "selection_duties_attested", "selection_duties_reviewed",
        "trainee_enrolled", "trainee_extended", "trainee_absent", "trainee_case_logged", "trainee_care_recorded", "trainee_tested", "trainee_entry_withdrawn", "trainee_evaluated", "trainee_certified", "trainee_ended",
    ];

    public static TheoryData<string> Files => [.. GoldenFile.All.Select(file => file.Name)];

    [Fact]
    public void Every_event_type_is_told_or_listed_as_told_to_nobody() =>
        Expected.Keys.Concat(ToldToNobody).ShouldBe(EventTable.Types.All.Select(t => t.WireName), ignoreOrder: true);

    [Theory]
    [MemberData(nameof(Files))]
    public void An_event_is_told_as_listed(string name)
    {
        var golden = GoldenFile.Named(name);
        var told = Told.Of(golden.Event);
        // What was granted or recognised before the system existed is no news, and an application taken back changes nothing.
        if (ToldToNobody.Contains(golden.WireName) || golden.Event is Qualification.Event.Granted { Imported: true } or TrainingBase.Event.Recognised { Imported: true } or TrainingBase.Event.GivenUp { EffectiveOn: null }
            // Of the round as a whole, it is about nobody.
            or SelectionRound.Event.ObjectionFiled { About: null })
        {
            told.ShouldBeEmpty();
            return;
        }

        var telling = told.ShouldHaveSingleItem();
        var (report, notice) = (golden.Event is Procedure.Event, golden.Event as OutcomeNotice.Event.Filed);
        var trainingBase = (golden.Event as TrainingBase.Event)?.Base;
        var selection = golden.Event switch { SelectionApplication.Event a => $"selection/{a.Round:D}/{a.Institution}", SelectionRound.Event.ObjectionFiled o => $"selection/{o.Round:D}/{o.About}", _ => null };
        var certificate = golden.Event as Trainee.Event.CertificateWithdrawn;
        var about = certificate is not null ? "trainee" : selection is not null ? "selection" : report ? "report" : notice is not null ? "outcomeNotice" : trainingBase is not null ? "trainingBase" : telling.Holder is null ? "assessmentRound" : "qualification";
        (telling.Type, telling.Audience).ShouldBe(($"compliance.{about}.{Expected[golden.WireName].Type}", Expected[golden.WireName].Audience));
        telling.Subject.ShouldBe(certificate is not null ? $"trainee/{certificate.Trainee:D}" : selection is not null ? selection : notice is not null ? $"outcome-notice/{notice.Notice:D}"
            : trainingBase is { } at ? $"training-base/{at.Kind}/{at.Technique}/{at.Institution}"
            : telling.Holder is { } holder ? $"{holder.KindName}/{holder.Id}/{telling.Technique}{(report ? "/reports" : "")}" : $"assessment-round/{((AssessmentRound.Event)golden.Event).Round:D}");
        (telling.Holder is not null || telling.Province is not null).ShouldBeTrue();
    }

    [Fact]
    public void What_nobody_has_thought_of_stops_the_process() => Should.Throw<UnreachableException>(() => Told.Of("no event"));

    /// <summary>The example that Standard Webhooks' own libraries are tested with.</summary>
    [Fact]
    public void A_signature_is_that_of_the_standards_example() =>
        Signature.Of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), "{\"test\": 2432232314}")
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    [Theory]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true)]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", false)]
    [InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("0123456789abcdef0123456789abcdef", true)]
    [InlineData("0123456789abcdef0123456789abcde", false)]
    [InlineData("0123456789abcdef 123456789abcdef", false)]
    [InlineData("0123456789abcdef密123456789abcdef", false)]
    public void A_secret_is_long_and_plain(string secret, bool good) => Signature.IsSecret(secret).ShouldBe(good);

    [Fact]
    public void A_secret_made_here_is_one() => Signature.IsSecret(Signature.NewSecret()).ShouldBeTrue();

    [Theory]
    [InlineData("https://hospital.example/hook?x=1", true)]
    [InlineData("https://10.1.2.3:8443/", true)]
    [InlineData("http://hospital.example/", false)]
    [InlineData("https://user@hospital.example/", false)]
    [InlineData("https://user:pass@hospital.example/", false)]
    [InlineData("https://hospital.example/#part", false)]
    [InlineData("/hook", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("hospital.example", false)]
    public void A_receiver_is_reached_over_https(string url, bool good) => WebhookEndpoints.IsReceiver(url, development: false).ShouldBe(good);

    [Fact]
    public void Plain_http_is_for_Development() => WebhookEndpoints.IsReceiver("http://127.0.0.1:1/", development: true).ShouldBeTrue();

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("fe80::1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("10.1.2.3", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("8.8.8.8", true)]
    [InlineData("2001:db8::1", true)]
    public void A_receiver_is_on_another_host(string address, bool elsewhere) => Sender.IsElsewhere(IPAddress.Parse(address)).ShouldBe(elsewhere);

    [Fact]
    public void Pauses_double_to_an_hour_and_end_after_three_days()
    {
        var times = DeliveryTimes.Default;
        new[] { 1, 2, 3, 10, 11, 80 }.Select(n => times.PauseAfter(n).TotalSeconds).ShouldBe([5, 10, 20, 2560, 3600, 3600]);
        var all = TimeSpan.FromSeconds(Enumerable.Range(1, times.Attempts - 1).Sum(n => times.PauseAfter(n).TotalSeconds));
        all.TotalDays.ShouldBeInRange(2.9, 3.1);
    }
}
