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
    public void VisitingExpert_might_have_operated_where_the_main_registration_is()
    {
        var guest = Regular with { OperatorRegisteredHere = false, OperatorMainRegistration = "H110002" };
        Nv(guest).ShouldBe(["operatorNotRegistered", "visitingExpert"]);
        Nv(guest with { OperatorMainRegistration = null }).ShouldBe(["operatorNotRegistered"], "registered nowhere, or nowhere mainly");
        Nv(guest with { OperatorQualified = false }).ShouldBe(["operatorNotQualified", "operatorNotRegistered"]);
        Nv(guest with { OperatorSuspended = true }).ShouldBe(["operatorSuspended", "operatorNotRegistered"]);
        Nv(guest with { OperatorRegisteredHere = true }).ShouldBeEmpty("registered here as well");
        Nv(guest with { OperatorRegisteredHere = true, OperatorSeconded = true }).ShouldBeEmpty("seconded under aid");
        Ci(Level2, Comprehensively with { OperatorRegisteredHere = false, OperatorMainRegistration = "H110002", OperatorQualified = false })
            .ShouldBe(["operatorNotRegistered", "visitingExpert"], "no qualification is needed at level 2");
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
    [InlineData(Consent.EmergencyApproved, false)] // of a report that does not say how urgent it was
    [InlineData(Consent.Absent, true)]
    [InlineData(null, true)]
    public void ConsentAbsent_also_when_nothing_is_said(Consent? consent, bool flagged) =>
        Nv(Regular, Given.Report with { Consent = consent, Urgency = null }).ShouldBe(flagged ? ["consentAbsent"] : []);

    // The day before, in London.
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 5, 0, TimeSpan.FromHours(8));

    [Fact]
    public void DecidedAfterStart_begins_with_the_instant_after_the_start()
    {
        var report = Given.Report with { StartedAt = Start };
        Nv(Regular, report).ShouldBeEmpty("nothing is said of the decision");
        Nv(Regular, report with { DecidedAt = Start }).ShouldBeEmpty();
        Nv(Regular, report with { DecidedAt = Start.ToUniversalTime() }).ShouldBeEmpty();
        Nv(Regular, report with { DecidedAt = Start.AddTicks(1) }).ShouldBe(["decidedAfterStart"]);
        Nv(Regular, report with { DecidedAt = Start.AddTicks(1), DecidedOn = Given.Day }).ShouldBe(["decidedAfterStart"]);
        Nv(Regular, report with { DecidedAt = Start.AddTicks(1), Urgency = Urgency.Emergency }).ShouldBe(["decidedAfterStart"]);
    }

    [Fact]
    public void DecidedAfterStart_by_day_is_the_day_after_that_of_the_start_in_Shanghai()
    {
        // 1 March, 16:05 in London.
        var report = Given.Report with { StartedAt = Start.ToUniversalTime() };
        Nv(Regular, report with { DecidedOn = Given.Day }).ShouldBeEmpty();
        Nv(Regular, report with { DecidedOn = Given.Day.AddDays(1) }).ShouldBe(["decidedAfterStart"]);
    }

    [Fact]
    public void DecidedAfterStart_without_a_start_is_what_lies_behind_the_end()
    {
        Nv(Regular, Given.Report with { DecidedAt = Given.Report.CompletedAt }).ShouldBeEmpty();
        Nv(Regular, Given.Report with { DecidedAt = Given.Report.CompletedAt.AddTicks(1) }).ShouldBe(["decidedAfterStart"]);
        Nv(Regular, Given.Report with { DecidedOn = Given.Day }).ShouldBeEmpty();
        Nv(Regular, Given.Report with { DecidedOn = Given.Day.AddDays(1) }).ShouldBe(["decidedAfterStart"]);
    }

    private static readonly ConsentDetails Sound = new(Start.AddHours(-3), PatientInformed: true, FamilyInformed: true, [ConsentTopic.Purpose, ConsentTopic.Risks, ConsentTopic.Aftercare, ConsentTopic.Complications], null);

    private static readonly CaseReport Signed = Given.Report with { StartedAt = Start, ConsentDetails = Sound };

    private static readonly CaseReport Approved = Given.Report with { StartedAt = Start, Consent = Consent.EmergencyApproved, Urgency = Urgency.Emergency };

    [Fact]
    public void ConsentAfterStart_begins_with_the_instant_of_the_start()
    {
        CaseReport At(CaseReport report, DateTimeOffset? at) => report with { ConsentDetails = Sound with { SignedAt = at, ApprovedBy = "H110001-Z" } };
        Nv(Regular, At(Signed, Start.AddTicks(-1))).ShouldBeEmpty();
        Nv(Regular, At(Signed, Start)).ShouldBe(["consentAfterStart"]);
        Nv(Regular, At(Signed, null)).ShouldBeEmpty();
        Nv(Regular, At(Approved, Start.AddTicks(-1))).ShouldBeEmpty();
        Nv(Regular, At(Approved, Start)).ShouldBe(["consentAfterStart"]);
        Nv(Regular, At(Signed with { StartedAt = null }, Signed.CompletedAt.AddTicks(-1))).ShouldBeEmpty("nobody knows that it had begun");
        Nv(Regular, At(Signed with { StartedAt = null }, Signed.CompletedAt)).ShouldBe(["consentAfterStart"]);
        Nv(Regular, At(Signed with { Consent = Consent.Absent }, Start)).ShouldBe(["consentAbsent"], "what is absent is not late as well");
    }

    [Fact]
    public void ConsentIncomplete_is_what_is_said_and_not_what_is_left_out()
    {
        CaseReport With(Func<ConsentDetails, ConsentDetails> change) => Signed with { ConsentDetails = change(Sound) };
        Nv(Regular, Signed).ShouldBeEmpty();
        Nv(Regular, Signed with { ConsentDetails = new(null, null, null, [], null) }).ShouldBeEmpty();
        Nv(Regular, With(d => d with { PatientInformed = false })).ShouldBe(["consentIncomplete"]);
        Nv(Regular, With(d => d with { FamilyInformed = false })).ShouldBe(["consentIncomplete"], "patient and family");
        Nv(Regular, With(d => d with { PatientInformed = false }) with { Urgency = Urgency.Emergency }).ShouldBe(["consentIncomplete"], "no exception in the text");
        foreach (var topic in Sound.Topics)
        {
            Nv(Regular, With(d => d with { Topics = [.. d.Topics.Where(t => t != topic)] })).ShouldBe(["consentIncomplete"], $"without {topic}");
        }
    }

    [Fact]
    public void Whoever_approves_in_an_emergency_does_so_because_nobody_could_be_told() =>
        Nv(Regular, Approved with { ConsentDetails = new(null, PatientInformed: false, FamilyInformed: false, [], "H110001-Z") }).ShouldBeEmpty();

    [Theory]
    [InlineData(Urgency.Emergency, false)]
    [InlineData(null, false)]
    [InlineData(Urgency.Urgent, true)]
    [InlineData(Urgency.Elective, true)]
    public void ConsentNotApproved_outside_an_emergency(Urgency? urgency, bool flagged) =>
        Nv(Regular, Approved with { Urgency = urgency }).ShouldBe(flagged ? ["consentNotApproved"] : []);

    [Fact]
    public void ConsentNotApproved_when_details_name_nobody()
    {
        Nv(Regular, Approved with { ConsentDetails = new(Start.AddHours(-1), null, null, [], null) }).ShouldBe(["consentNotApproved"]);
        Nv(Regular, Approved with { ConsentDetails = new(Start.AddHours(-1), null, null, [], "H110001-Z") }).ShouldBeEmpty();
        Nv(Regular, Signed with { ConsentDetails = Sound with { ApprovedBy = null } }).ShouldBeEmpty("what is signed needs no approval");
    }

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
    public void DiffersFromAnnouncement()
    {
        var said = new SaidBefore("neurovascular", Given.Day, Therapeutic: true, HasDeadline: true);
        Nv(Regular with { Announced = said }).ShouldBeEmpty();
        foreach (var other in new[] { said with { CompletedOn = Given.Day.AddDays(-1) }, said with { Technique = "comprehensive" }, said with { Therapeutic = false }, said with { HasDeadline = false } })
            Nv(Regular with { Announced = other }).ShouldBe(["differsFromAnnouncement"]);
        Nv(Regular with { Announced = said }, timeliness: Given.OnTime with { Deadline = null }).ShouldBe(["differsFromAnnouncement"]);
    }

    [Fact]
    public void Every_flag_there_is_stands_in_the_list()
    {
        var late = Level3 with { Urgency = Urgency.Emergency, Consent = Consent.Absent, DecidedOn = Given.Day.AddDays(1) };
        var all = CaseFlags.Of(
            late,
            Given.OnTime with { ReceivedOn = new(2026, 4, 1) },
            Comprehensive,
            new(true, false, false, true, Title.Resident, false, true, false, [], true) { DeviceFlags = ["unapprovedDevice", "expiredDevice", "reusedDevice"], Announced = new("neurovascular", Given.Day, true, true) });
        string[] consent =
        [
            .. Nv(Regular, Signed with { ConsentDetails = Sound with { SignedAt = Start, PatientInformed = false } }),
            .. Nv(Regular, Approved with { Urgency = null, ConsentDetails = Sound }),
        ];
        all.Concat(consent).Append(CaseFlags.OperatorUnknown).Append(CaseFlags.UnderAid).Append(CaseFlags.VisitingExpert).Concat(["lateOutcome", "outcomeStatementMissing", "followUpMissing", "outcomeContradicted"]).ShouldBe(CaseFlags.All, ignoreOrder: true);
    }

    /// <summary>Two cases of one pseudonym, each with institution, operator and day.</summary>
    [Theory]
    [InlineData("H1 P1 02", "H1 P1 02", true)]
    [InlineData("H1 P1 02", "H1 P2 02", false)]
    [InlineData("H1 P1 02", "H2 P1 02", true)]
    [InlineData("H1 P1 02", "H2 P2 02", true)]
    [InlineData("H1 P1 02", "H1 P1 03", false)]
    [InlineData("H1 P1 02", "H2 P2 03", false)]
    public void Cases_look_alike_on_one_day_by_one_operator_or_at_two_institutions(string first, string second, bool alike)
    {
        static CaseKey Key(string of, string technique) => of.Split(' ') is var parts ? new(Guid.NewGuid(), parts[0], parts[1], technique, new(2026, 3, int.Parse(parts[2]))) : throw new InvalidOperationException();
        var (a, b) = (Key(first, "neurovascular"), Key(second, "comprehensive"));
        (CaseFlags.LookAlike(a, b), CaseFlags.LookAlike(b, a)).ShouldBe((alike, alike));
        CaseFlags.LookAlike(a, a).ShouldBeFalse("no case looks like itself");
    }
}
