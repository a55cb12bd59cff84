using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Tests.Regulations;
using Compliance.Training;
using static Compliance.Tests.Training.Selecting;

namespace Compliance.Tests.Training;

/// <summary>Every requirement of the selection of nuclear cardiology bases, on both sides of every boundary, by its clause.</summary>
public class NuclearCardiologyTests
{
    [Fact]
    public void Exactly_on_every_limit_nobody_is_kept_out_and_nobody_has_priority()
    {
        OnTheLimit.KeptOutBy.ShouldBeEmpty();
        OnTheLimit.HasPriority.ShouldBeFalse();
    }

    [Theory]
    [InlineData("2024-04-02T23:59:59.999999+08:00", false)]
    [InlineData("2024-04-03T00:00:00+08:00", true)]
    [InlineData("2024-04-30T16:59:59+08:00", true)]
    [InlineData("2024-04-30T16:59:59.999999+08:00", true)]
    [InlineData("2024-04-30T17:00:00+08:00", false)]
    [InlineData("2024-04-30T17:00:00.000001+08:00", false)]
    [InlineData("2024-04-30T08:59:59.999999Z", true)]
    [InlineData("2024-04-30T09:00:00Z", false)]
    public void NC_APP_DEADLINE(string receivedAt, bool inTime)
    {
        var at = DateTimeOffset.Parse(receivedAt, System.Globalization.CultureInfo.InvariantCulture);
        (OnTheLimit with { ReceivedAt = at }).Meets("NC-APP-DEADLINE").ShouldBe(inTime);
        SelectionFacts.Takes(NC, at).ShouldBe(inTime);
    }

    [Theory]
    [InlineData(HospitalLevel.TertiaryA, true)]
    [InlineData(HospitalLevel.TertiaryB, true)]
    [InlineData(HospitalLevel.Tertiary, true)]
    [InlineData(HospitalLevel.Secondary, false)]
    [InlineData(HospitalLevel.Primary, false)]
    public void NC_B1_TERTIARY(HospitalLevel level, bool met)
    {
        var of = OnTheLimit with { Level = level };
        (of.Meets("NC-B1-TERTIARY"), of.Meets("NC-BASIC-ALL")).ShouldBe((met, met));
    }

    [Theory]
    [InlineData("2021-04-30", "2021-04-30", true)]
    [InlineData("2021-05-01", "2021-04-30", false)]
    [InlineData("2021-04-30", "2021-05-01", false)]
    [InlineData("2010-01-01", "2021-05-01", false)]
    public void NC_B2_YEARS_of_both_to_the_day_it_was_received(string rest, string stress, bool met)
    {
        var of = OnTheLimit.With("restStudiesSince", rest).With("stressStudiesSince", stress);
        (of.Meets("NC-B2-YEARS"), of.Meets("NC-BASIC-ALL")).ShouldBe((met, met));
        // When the form was signed, by the applicant's own word, changes nothing.
        of.With("form2SignedOn", "2026-04-30").Meets("NC-B2-YEARS").ShouldBe(met);
        of.With("form2SignedOn", "2024-04-03").Meets("NC-B2-YEARS").ShouldBe(met);
    }

    [Theory]
    [InlineData(150, 150, true)]
    [InlineData(150, 149, false)]
    [InlineData(149, 150, false)]
    [InlineData(300, 0, true)]
    [InlineData(0, 300, true)]
    [InlineData(299, 0, false)]
    public void NC_B2_VOL_rest_and_stress_together(int rest, int stress, bool met)
    {
        var of = OnTheLimit.With("restStudies2023", rest).With("stressStudies2023", stress);
        (of.Meets("NC-B2-VOL"), of.Meets("NC-BASIC-ALL")).ShouldBe((met, met));
    }

    [Theory]
    [InlineData(2, 1, true)]
    [InlineData(2, 2, true)]
    [InlineData(1, 1, false)]
    [InlineData(2, 0, false)]
    [InlineData(2, 3, false)] // more full senior than senior: one of the two is wrong
    public void NC_B3_SENIOR(int senior, int full, bool met)
    {
        var of = OnTheLimit.With("seniorStaff", senior).With("fullSeniorStaff", full);
        (of.Meets("NC-B3-SENIOR"), of.Meets("NC-BASIC-ALL")).ShouldBe((met, met));
    }

    [Theory]
    [InlineData(true, false, true, true, true)]
    [InlineData(false, true, true, true, true)]
    [InlineData(false, false, true, true, false)]
    [InlineData(true, true, false, true, false)]
    [InlineData(true, true, true, false, false)]
    public void NC_B4_EQUIP_treadmill_or_cycle_and_both_of_the_others(bool treadmill, bool cycle, bool defibrillator, bool monitor, bool met)
    {
        var of = OnTheLimit.With("treadmill", treadmill).With("cycleErgometer", cycle).With("defibrillator", defibrillator).With("ecgMonitor", monitor);
        (of.Meets("NC-B4-EQUIP"), of.Meets("NC-BASIC-ALL")).ShouldBe((met, met));
    }

    [Theory]
    [InlineData("associateChief", true, true, true)]
    [InlineData("chief", true, true, true)]
    [InlineData("attending", true, true, false)]
    [InlineData("associateChief", false, true, false)]
    [InlineData("associateChief", true, false, false)]
    public void NC_B5_TUTOR_one_physician_who_teaches_daily(string title, bool physician, bool daily, bool met)
    {
        var of = OnTheLimit.With("dailyTutors", new[] { Tutor(title, physician, daily) });
        (of.Meets("NC-B5-TUTOR"), of.Meets("NC-BASIC-ALL")).ShouldBe((met, met));
        OnTheLimit.With("dailyTutors", Array.Empty<object>()).Meets("NC-B5-TUTOR").ShouldBeFalse();
    }

    [Theory]
    [InlineData("provincial", 2019, true)]
    [InlineData("ministerial", 2024, true)]
    [InlineData("national", 2019, true)]
    [InlineData("provincial", 2024, true)]
    [InlineData("provincial", 2018, false)]
    [InlineData("provincial", 2025, false)]
    [InlineData("municipal", 2023, false)]
    public void NC_O1_projects_from_2019_of_provincial_level_or_higher(string level, int year, bool priority) =>
        Priority("NC-O1", "researchProjects", new { title = "t", level, year }, priority);

    [Theory]
    [InlineData(2019, true)]
    [InlineData(2024, true)]
    [InlineData(2018, false)]
    [InlineData(2025, false)]
    public void NC_O2_NC_O3_courses_and_grants_from_2019(int year, bool priority)
    {
        Priority("NC-O2", "nationalCourses", new { title = "t", year }, priority);
        Priority("NC-O3", "naturalScienceGrants", new { title = "t", year }, priority);
    }

    [Theory]
    [InlineData("provincial", 2019, true)]
    [InlineData("provincial", 2024, true)]
    [InlineData("provincial", 2018, false)]
    [InlineData("provincial", 2025, false)]
    [InlineData("municipal", 2023, false)]
    public void NC_O4_awards(string level, int year, bool priority) => Priority("NC-O4", "scienceAwards", new { title = "t", level, year }, priority);

    [Theory]
    [InlineData("article", "firstAuthor", 2019, true)]
    [InlineData("article", "correspondingAuthor", 2019, true)]
    [InlineData("article", "firstAuthor", 2024, true)]
    [InlineData("article", "firstAuthor", 2025, false)]
    [InlineData("book", "chiefEditor", 2024, true)]
    [InlineData("book", "chiefEditor", 2025, false)]
    [InlineData("article", "secondAuthor", 2023, false)]
    [InlineData("article", "firstAuthor", 2018, false)]
    [InlineData("book", "deputyChiefEditor", 2019, true)]
    [InlineData("book", "chiefEditor", 2019, true)]
    [InlineData("book", "editor", 2023, false)]
    [InlineData("book", "chiefEditor", 2018, false)]
    public void NC_O5_papers_and_books(string form, string role, int year, bool priority) => Priority("NC-O5", "publications", new { title = "t", form, role, year }, priority);

    /// <summary>A16: by the day where one is given, five years back from the closing, both ends included.</summary>
    [Theory]
    [InlineData(2019, "2019-04-29", false)]
    [InlineData(2019, "2019-04-30", true)]
    [InlineData(2024, "2024-04-30", true)]
    [InlineData(2024, "2024-05-01", false)]
    [InlineData(2018, "2019-04-30", false)] // the year says otherwise
    public void NC_O1_to_NC_O5_by_the_day_where_it_is_known(int year, string on, bool priority)
    {
        Priority("NC-O1", "researchProjects", new { title = "t", level = "provincial", year, on }, priority);
        Priority("NC-O2", "nationalCourses", new { title = "t", year, on }, priority);
        Priority("NC-O3", "naturalScienceGrants", new { title = "t", year, on }, priority);
        Priority("NC-O4", "scienceAwards", new { title = "t", level = "provincial", year, on }, priority);
        Priority("NC-O5", "publications", new { title = "t", form = "article", role = "firstAuthor", year, on }, priority);
        Priority("NC-O5", "publications", new { title = "t", form = "book", role = "chiefEditor", year, on }, priority);
    }

    /// <summary>A15: the years before are asked for and shown, and decide nothing.</summary>
    [Theory]
    [InlineData("restStudies2021")]
    [InlineData("stressStudies2021")]
    [InlineData("restStudies2022")]
    [InlineData("stressStudies2022")]
    public void NC_B2_VOL_is_judged_on_2023_alone(string field)
    {
        SelectionFacts.OfTheForms(NC).Select(f => f.Name).ShouldContain(field);
        OnTheLimit.With(field, null).KeptOutBy.ShouldBeEmpty();
        OnTheLimit.With(field, 10_000).With("restStudies2023", 149).KeptOutBy.ShouldBe(["NC-BASIC-ALL", "NC-B2-VOL"]);
    }

    private static void Priority(string clause, string field, object item, bool priority)
    {
        var of = OnTheLimit.With(field, new[] { item });
        (of.Meets(clause), of.HasPriority).ShouldBe((priority, priority), clause);
        of.KeptOutBy.ShouldBeEmpty("it is no condition");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void NC_APP_FORMS_each_in_both_versions(string form) => OnTheLimit.Without(form).KeptOutBy.ShouldBe(["NC-APP-FORMS"]);

    public static TheoryData<string> Forms => [.. SixForms];

    [Theory]
    [InlineData("volumeEvidence")]
    [InlineData("staffEvidence")]
    public void NC_FORM2_EVID(string file)
    {
        OnTheLimit.Without(file).KeptOutBy.ShouldBe(["NC-FORM2-EVID"]);
        OnTheLimit.With("figuresOfEnd2023", false).KeptOutBy.ShouldBe(["NC-FORM2-EVID"]);
    }

    [Theory]
    [InlineData("attending", false)]
    [InlineData("associateChief", true)]
    [InlineData("chief", true)]
    public void NC_LEADER_deputy_senior_or_higher(string title, bool met) => OnTheLimit.With("leaderTitle", title).Meets("NC-LEADER").ShouldBe(met);

    [Theory]
    [InlineData("leaderGoodEthics")]
    [InlineData("leaderHealthy")]
    [InlineData("leaderOrganises")]
    [InlineData("leaderUpright")]
    [InlineData("leaderCapable")]
    [InlineData("leaderTimeAssured")]
    public void NC_LEADER_all_that_is_asked(string quality) => OnTheLimit.With(quality, false).KeptOutBy.ShouldBe(["NC-LEADER"]);

    [Fact]
    public void NC_TRAINER_every_one_of_them()
    {
        OnTheLimit.With("lecturers", new[] { Lecturer(1), Lecturer(2, "chief") }).KeptOutBy.ShouldBeEmpty();
        foreach (var wrong in new[] { Lecturer(2, "attending"), Lecturer(2, goodEthics: false), Lecturer(2, capable: false), Lecturer(2, timeAssured: false) })
        {
            OnTheLimit.With("lecturers", new[] { Lecturer(1), wrong }).KeptOutBy.ShouldBe(["NC-TRAINER"]);
        }
    }

    [Fact]
    public void NC_FORM4_FIELDS_one_row_at_least_and_the_eight_printed_are_no_limit()
    {
        OnTheLimit.With("lecturers", Array.Empty<object>()).Meets("NC-FORM4-FIELDS").ShouldBeFalse();
        OnTheLimit.With("lecturers", Enumerable.Range(1, 9).Select(n => Lecturer(n)).ToArray()).KeptOutBy.ShouldBeEmpty();
        OnTheLimit.With("lecturers", new[] { Lecturer(0) }).KeptOutBy.ShouldBe(["NC-FORM4-FIELDS"]);
        OnTheLimit.With("lecturers", new[] { Lecturer(1, age: 0) }).KeptOutBy.ShouldBe(["NC-FORM4-FIELDS"]);
        OnTheLimit.With("form4Signed", false).KeptOutBy.ShouldBe(["NC-FORM4-FIELDS"]);
    }

    /// <summary>Whatever its clause asks for, and nothing of the others.</summary>
    [Theory]
    [InlineData("NC-ACAD", "academicStanding")]
    [InlineData("NC-LEADER-ACAD", "leaderAcademicStanding")]
    [InlineData("NC-RESOURCES", "trainingStaff", "trainingEquipment", "trainingPremises")]
    [InlineData("NC-FORM2-FIELDS", "hospitalType", "institutionAddress", "departmentProfile", "radiationProtectionEquipment", "departmentPhysicians", "departmentTechnicians", "departmentNurses", "teachingHospital",
        "trainingHardware", "researchProjects", "nationalCourses", "naturalScienceGrants", "scienceAwards", "publications")]
    [InlineData("NC-FORM3-FIELDS", "leaderName", "leaderAge", "leaderSex", "leaderEthnicity", "leaderPosition", "leaderYears", "leaderTelephone", "leaderEmail", "leaderPostalAddress", "leaderCareer", "form3SignedOn", "form3StampedOn")]
    public void A_field_left_out_keeps_out(string clause, params string[] fields)
    {
        foreach (var field in fields)
        {
            OnTheLimit.With(field, null).KeptOutBy.ShouldBe([clause], field);
        }
    }

    [Theory]
    [InlineData("form2Stamp", "NC-FORM-STAMP")]
    [InlineData("form3Stamp", "NC-FORM-STAMP", "NC-FORM3-FIELDS")]
    [InlineData("form4Stamp", "NC-FORM-STAMP", "NC-FORM4-FIELDS")]
    public void NC_FORM_STAMP_of_the_institution_or_its_authority(string stamp, params string[] clauses)
    {
        OnTheLimit.With(stamp, null).KeptOutBy.ShouldBe(clauses);
        OnTheLimit.With(stamp, "institution").KeptOutBy.ShouldBeEmpty();
        OnTheLimit.With(stamp, "authority").KeptOutBy.ShouldBeEmpty();
        OnTheLimit.With(stamp, "department").Meets("NC-FORM-STAMP").ShouldBeFalse();
    }

    [Fact]
    public void NC_REVIEW_NC_PUBLISH_NC_FRAUD_are_what_the_round_did()
    {
        ConditionOutcome Of(string clause, SelectionKnown known) => OnTheLimit.Results("selection", known).Single(r => r.Clause == clause).Outcome;
        var nothing = new SelectionKnown(null, Closing);
        (Of("NC-REVIEW", nothing), Of("NC-PUBLISH", nothing), Of("NC-FRAUD", nothing)).ShouldBe((ConditionOutcome.NotAttested, ConditionOutcome.NotAttested, ConditionOutcome.Met));
        var done = nothing with { ReviewedOn = new(2024, 5, 20), Outcome = SelectionOutcome.NotSelected, PublishedOn = new(2024, 5, 22), FraudSubstantiated = true };
        (Of("NC-REVIEW", done), Of("NC-PUBLISH", done), Of("NC-FRAUD", done)).ShouldBe((ConditionOutcome.Met, ConditionOutcome.Met, ConditionOutcome.NotMet));
    }

    [Theory]
    [InlineData("NC-DUTY-PLAN", "trainingPlan", "workSystem", "managementMeasures", "lecturersSettled")]
    [InlineData("NC-DUTY-TEACH", "traineesAdmittedByPlan")]
    [InlineData("NC-DUTY-LECT", "theoryTaught", "practiceTaught", "lecturesRegular", "caseDiscussionsRegular")]
    [InlineData("NC-DUTY-DOSSIER", "dossierBasics", "dossierAttendance", "dossierContent", "dossierTimes", "dossierExam")]
    public void The_duties_of_a_base(string clause, params string[] flags)
    {
        var dutiful = Applicant.On("NC-2024", "duties").With("traineesDue", 3).With("traineesDoneOnTime", 3);
        dutiful.KeptOutBy.ShouldBeEmpty();
        foreach (var flag in flags)
        {
            dutiful.With(flag, false).KeptOutBy.ShouldBe([clause], flag);
        }

        dutiful.With("traineesDoneOnTime", 2).KeptOutBy.ShouldBe(["NC-DUTY-TEACH"]);
        dutiful.With("traineesDoneOnTime", 4).KeptOutBy.ShouldBe(["NC-DUTY-TEACH"], "one of the two is wrong");
        dutiful.With("traineesDue", 0).With("traineesDoneOnTime", 0).KeptOutBy.ShouldBeEmpty("nobody was due");
    }

    [Fact]
    public void The_forms_are_what_applicants_attest_and_persons_stand_apart()
    {
        var fields = SelectionFacts.OfTheForms(NC);
        fields.Select(f => f.Name).ShouldBe(OnTheLimit.Fields.Keys, ignoreOrder: true);
        fields.Where(f => f.Personal).Select(f => f.Name).ShouldBe(
            ["leaderAcademicStanding", "dailyTutors", "leaderName", "leaderAge", "leaderSex", "leaderEthnicity", "leaderPosition", "leaderYears", "leaderTelephone", "leaderEmail", "leaderPostalAddress", "leaderCareer", "lecturers",
             "leaderTitle", "leaderGoodEthics", "leaderHealthy", "leaderOrganises", "leaderUpright", "leaderCapable", "leaderTimeAssured"],
            ignoreOrder: true);
        SelectionFacts.Attachments(NC).Keys.ShouldBe([.. SixForms, "volumeEvidence", "staffEvidence", "evidence"], ignoreOrder: true);
        SelectionFacts.Attachments(NC)["form3StampedPdf"].ShouldBe([AttachmentFormat.Pdf]);
    }
}
