using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

/// <summary>Hospitals send full extracts nightly: what was said before says nothing new.</summary>
public class RepeatedReportTests
{
    private static readonly CaseReport Corrected = Report with { Operator = "P0009" };

    [Fact]
    public void The_same_report_again_is_no_event_whenever_it_comes() =>
        Reported(With(Death, Stroke)).When(s => Report_(s, outcome: With(Death, Stroke), timeliness: OnTime with { ReceivedOn = new(2026, 6, 1) })).ShouldBeEmpty();

    [Fact]
    public void The_order_of_complications_says_nothing() =>
        Reported(With(null, Stroke, Haematoma)).When(s => Report_(s, outcome: With(null, Haematoma, Stroke))).ShouldBeEmpty();

    [Fact]
    public void After_a_correction_both_the_first_report_and_the_present_one_are_repeats()
    {
        var state = Reported(With(null, Haematoma), s => Case.Correct(s, Corrected, OnTime, "typed wrongly", Hospital), s => Case.ReportDeath(s, Death, Day.AddDays(5), Hospital));

        state.When(s => Report_(s, outcome: With(null, Haematoma))).ShouldBeEmpty();
        state.When(s => Report_(s, Corrected, With(Death, Haematoma))).ShouldBeEmpty();
    }

    [Fact]
    public void A_mixture_of_the_first_and_the_present_report_is_neither()
    {
        var state = Reported(With(null, Haematoma), s => Case.Correct(s, Corrected, OnTime, "typed wrongly", Hospital), s => Case.ReportDeath(s, Death, Day.AddDays(5), Hospital));

        var refusal = Report_(state, Report, With(Death, Haematoma)).Refusal.ShouldNotBeNull();

        refusal.Code.ShouldBe("caseDiffers");
        refusal.Pointers.ShouldBe(["/operator"]);
    }

    /// <summary>A sheet has no blanks around a value, and no row for a device that says nothing.</summary>
    [Fact]
    public void Blanks_around_the_text_of_a_device_say_nothing()
    {
        CaseReport typed = Report with { Devices = [new(" N1", " (01)06901234567892 ", "L1 ", "\u3000S1", true), new(null, null, null, null, null), new(null, null, "L2", null, null)] };
        CaseReport plain = Report with { Devices = [new("N1", "(01)06901234567892", "L1", "S1", true), new(null, null, "L2", null, null)] };
        typed.DifferencesFrom(plain).ShouldBeEmpty();
        plain.DifferencesFrom(typed).ShouldBeEmpty();
        typed.DifferencesFrom(plain with { Devices = [plain.Devices[1], plain.Devices[0]] }).ShouldBe(["/devices"]);
        typed.DifferencesFrom(plain with { Devices = [plain.Devices[0] with { Lot = "L 1" }, plain.Devices[1]] }).ShouldBe(["/devices"]);
        typed.DifferencesFrom(plain with { Devices = [plain.Devices[0], plain.Devices[1] with { SingleUse = false }] }).ShouldBe(["/devices"]);
    }

    [Fact]
    public void What_differs_is_named()
    {
        var refusal = Report_(Reported(With(Death, Stroke)), Report with { Intent = Intent.Diagnostic, Consent = null, PatientHash = "other" }, With(null, Haematoma)).Refusal.ShouldNotBeNull();

        refusal.Kind.ShouldBe(RefusalKind.Conflict);
        refusal.Pointers.ShouldBe(["/intent", "/patient", "/consent", "/outcome/complications", "/outcome/death"]);
    }

    [Fact]
    public void Every_member_a_hospital_states_is_compared()
    {
        CaseReport[] others =
        [
            Report with { Technique = "comprehensive" }, Report with { ProcedureCodes = [] }, Report with { OtherCodes = ["39.72"] }, Report with { Intent = Intent.Diagnostic },
            Report with { CompletedAt = Report.CompletedAt.AddSeconds(1) }, Report with { Operator = "P2" }, Report with { Trainee = "P2" }, Report with { Assistants = [] }, Report with { DecidedBy = [] },
            Report with { PatientHash = null }, Report with { Urgency = null }, Report with { Succeeded = false }, Report with { Consent = Consent.Absent }, Report with { AdmittedOn = Day },
            Report with { DischargedOn = Day }, Report with { Devices = [] }, Report with { StartedAt = Report.CompletedAt }, Report with { DecidedOn = Day }, Report with { DecidedAt = Report.CompletedAt },
            Report with { ConsentDetails = Details },
        ];
        others.ShouldAllBe(other => other.DifferencesFrom(Report).Count == 1);
        others.SelectMany(other => other.DifferencesFrom(Report)).Distinct().Count().ShouldBe(others.Length);
        (Report with { CompletedAt = Report.CompletedAt.ToUniversalTime() }).DifferencesFrom(Report).ShouldBeEmpty();
    }

    private static readonly ConsentDetails Details = new(Report.CompletedAt, PatientInformed: true, FamilyInformed: true, [ConsentTopic.Purpose, ConsentTopic.Risks], "P0009");

    [Fact]
    public void Every_detail_of_the_consent_is_compared()
    {
        var report = Report with { ConsentDetails = Details };
        ConsentDetails?[] others =
        [
            null, Details with { SignedAt = null }, Details with { PatientInformed = null }, Details with { FamilyInformed = false }, Details with { Topics = [ConsentTopic.Purpose] }, Details with { ApprovedBy = null },
        ];
        foreach (var other in others)
        {
            (Report with { ConsentDetails = other }).DifferencesFrom(report).ShouldBe(["/consentDetails"]);
            report.DifferencesFrom(Report with { ConsentDetails = other }).ShouldBe(["/consentDetails"]);
        }

        (Report with { ConsentDetails = Details with { SignedAt = Report.CompletedAt.ToUniversalTime(), Topics = [ConsentTopic.Purpose, ConsentTopic.Risks] } }).DifferencesFrom(report).ShouldBeEmpty();
    }

    [Fact]
    public void A_correction_that_adds_what_was_not_said_is_told_from_a_repeat()
    {
        var more = Report with { StartedAt = Report.CompletedAt.AddHours(-2), DecidedOn = Day.AddDays(-1), ConsentDetails = Details };
        var state = Reported();
        Report_(state, more).Refusal.ShouldNotBeNull().Pointers.ShouldBe(["/startedAt", "/decidedOn", "/consentDetails"]);

        state = state.After(s => Case.Correct(s, more, OnTime, "the sheet was found", Hospital));

        state.Report.ShouldBe(more);
        state.When(s => Report_(s, more)).ShouldBeEmpty();
        state.When(s => Report_(s)).ShouldBeEmpty();
    }
}
