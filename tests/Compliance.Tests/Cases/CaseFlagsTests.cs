using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Cases.Tests;

/// <summary>Each flag: a case that earns it, and one at the boundary that does not.</summary>
public class CaseFlagsTests
{
    private static readonly CaseRules Neurovascular = new(DecidersAtLeast: 2, QualificationFromLevel: 0);
    private static readonly CaseRules Comprehensive = new(DecidersAtLeast: 1, QualificationFromLevel: 3, new TitleRule(Title.AssociateChief, 3), new TitleRule(Title.AssociateChief, 3));

    private static readonly Decider One = new("P0001", RegisteredHere: true, Active: true, Title.Attending);
    private static readonly Decider Two = new("P0003", RegisteredHere: true, Active: true, Title.Attending);

    private static readonly CaseCircumstances Regular = new(
        OperatorKnown: true, OperatorRegisteredHere: true, OperatorQualified: true, OperatorSuspended: false, Title.AssociateChief, InstitutionQualified: true, InstitutionSuspended: false, UnderAid: false,
        [One, Two], LooksReportedBefore: false);

    private static readonly CaseReport Level3 = Given.Report with { Technique = "comprehensive", Level = 3 };
    private static readonly CaseReport Level2 = Level3 with { Level = 2 };
    private static readonly CaseCircumstances Comprehensively = Regular with { Deciders = [One with { Title = Title.AssociateChief }] };

    private static IReadOnlyList<string> Nv(CaseCircumstances there, CaseReport? report = null, Timeliness? timeliness = null) =>
        CaseFlags.Of(report ?? Given.Report, timeliness ?? Given.OnTime, Neurovascular, there);

    private static IReadOnlyList<string> Ci(CaseReport report, CaseCircumstances there) => CaseFlags.Of(report, Given.OnTime, Comprehensive, there);

    [Fact]
    public void A_regular_case_has_none()
    {
        Nv(Regular).ShouldBeEmpty();
        Ci(Level3, Comprehensively).ShouldBeEmpty();
    }

    [Fact]
    public void OperatorUnknown_is_told_alone_of_registration_and_title()
    {
        Nv(Regular with { OperatorKnown = false, OperatorRegisteredHere = false, OperatorTitle = null }).ShouldBe(["operatorUnknown"]);
        Nv(Regular with { OperatorKnown = true }).ShouldBeEmpty();
    }

    [Fact]
    public void OperatorNotQualified()
    {
        Nv(Regular with { OperatorQualified = false }).ShouldBe(["operatorNotQualified"]);
        Ci(Level3, Comprehensively with { OperatorQualified = false }).ShouldBe(["operatorNotQualified"]);
        Ci(Level2, Comprehensively with { OperatorQualified = false }).ShouldBeEmpty();
    }

    [Fact]
    public void OperatorSuspended()
    {
        Nv(Regular with { OperatorSuspended = true }).ShouldBe(["operatorSuspended"]);
        Ci(Level2, Comprehensively with { OperatorSuspended = true }).ShouldBeEmpty();
    }

    [Fact]
    public void OperatorNotRegistered()
    {
        Nv(Regular with { OperatorRegisteredHere = false }).ShouldBe(["operatorNotRegistered"]);
        Nv(Regular with { OperatorRegisteredHere = true }).ShouldBeEmpty();
    }

    [Fact]
    public void TitleTooLow()
    {
        Ci(Level3, Comprehensively with { OperatorTitle = Title.Attending }).ShouldBe(["titleTooLow"]);
        Ci(Level3, Comprehensively with { OperatorTitle = null }).ShouldBe(["titleTooLow"]);
        Ci(Level3, Comprehensively with { OperatorTitle = Title.AssociateChief }).ShouldBeEmpty();
        Ci(Level2, Comprehensively with { OperatorTitle = Title.Attending }).ShouldBeEmpty();
    }

    [Fact]
    public void InstitutionNotQualified()
    {
        Nv(Regular with { InstitutionQualified = false }).ShouldBe(["institutionNotQualified"]);
        Ci(Level2, Comprehensively with { InstitutionQualified = false }).ShouldBeEmpty();
    }

    [Fact]
    public void InstitutionSuspended()
    {
        Nv(Regular with { InstitutionSuspended = true }).ShouldBe(["institutionSuspended"]);
        Ci(Level2, Comprehensively with { InstitutionSuspended = true }).ShouldBeEmpty();
    }

    [Fact]
    public void TooFewDeciders_counts_different_qualified_physicians_of_the_institution()
    {
        Nv(Regular with { Deciders = [] }).ShouldBe(["tooFewDeciders"]);
        Nv(Regular with { Deciders = [One] }).ShouldBe(["tooFewDeciders"]);
        Nv(Regular with { Deciders = [One, One] }).ShouldBe(["tooFewDeciders"]);
        Nv(Regular with { Deciders = [One, Two with { Active = false }] }).ShouldBe(["tooFewDeciders"]);
        Nv(Regular with { Deciders = [One, Two with { RegisteredHere = false }] }).ShouldBe(["tooFewDeciders"]);
        Nv(Regular with { Deciders = [One, Two] }).ShouldBeEmpty();
        Ci(Level3, Comprehensively with { Deciders = [One] }).ShouldBe(["tooFewDeciders"]);
        Ci(Level2, Comprehensively with { Deciders = [One with { Active = false }] }).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Consent.Signed, false)]
    [InlineData(Consent.EmergencyApproved, false)]
    [InlineData(Consent.Absent, true)]
    [InlineData(null, true)]
    public void ConsentAbsent_also_when_nothing_is_said(Consent? consent, bool flagged) =>
        Nv(Regular, Given.Report with { Consent = consent }).ShouldBe(flagged ? ["consentAbsent"] : []);

    [Fact]
    public void Late_is_the_day_after_the_deadline()
    {
        Nv(Regular, timeliness: Given.OnTime with { ReceivedOn = new(2026, 3, 16) }).ShouldBeEmpty();
        Nv(Regular, timeliness: Given.OnTime with { ReceivedOn = new(2026, 3, 17) }).ShouldBe(["late"]);
        Nv(Regular, timeliness: new(new(2030, 1, 1), null, 4, Provisional: false)).ShouldBeEmpty();
    }

    [Fact]
    public void PossibleDuplicate() => Nv(Regular with { LooksReportedBefore = true }).ShouldBe(["possibleDuplicate"]);

    [Fact]
    public void Emergency_marks_those_who_may_not_and_excuses_nobody()
    {
        var emergency = Given.Report with { Urgency = Urgency.Emergency };
        Nv(Regular, emergency).ShouldBeEmpty();
        Nv(Regular with { InstitutionQualified = false }, emergency).ShouldBe(["institutionNotQualified", "emergency"]);
        Nv(Regular with { InstitutionQualified = false }, emergency with { Urgency = Urgency.Urgent }).ShouldBe(["institutionNotQualified"]);
        Nv(Regular with { Deciders = [] }, emergency).ShouldBe(["tooFewDeciders"]);
    }

    [Fact]
    public void Aid_makes_up_for_the_grant_of_the_institution_and_for_nothing_else()
    {
        Nv(Regular with { InstitutionQualified = false, UnderAid = true }).ShouldBe(["underAid"]);
        Nv(Regular with { InstitutionQualified = false, UnderAid = true, OperatorQualified = false }).ShouldBe(["operatorNotQualified", "underAid"]);
        Nv(Regular with { UnderAid = true }).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("unapprovedDevice")]
    [InlineData("expiredDevice")]
    [InlineData("reusedDevice")]
    public void A_device_earns_its_case_its_flags(string flag) => Nv(Regular with { DeviceFlags = [flag] }).ShouldBe([flag]);

    [Fact]
    public void Every_flag_there_is_stands_in_the_list()
    {
        var all = CaseFlags.Of(
            Level3 with { Urgency = Urgency.Emergency, Consent = Consent.Absent },
            Given.OnTime with { ReceivedOn = new(2026, 4, 1) },
            Comprehensive,
            new(true, false, false, true, Title.Resident, false, true, false, [], true) { DeviceFlags = ["unapprovedDevice", "expiredDevice", "reusedDevice"] });
        all.Append(CaseFlags.OperatorUnknown).Append(CaseFlags.UnderAid).Concat(["lateOutcome", "outcomeStatementMissing", "followUpMissing", "outcomeContradicted"]).ShouldBe(CaseFlags.All, ignoreOrder: true);
    }
}
