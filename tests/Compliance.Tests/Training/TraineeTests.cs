using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Training;
using static Compliance.Cases.Intent;
using static Compliance.Tests.Training.TrainingLog;
using static Compliance.Training.TrainingRole;

namespace Compliance.Tests.Training;

/// <summary>A training from enrolment to certificate: what may be entered, what is refused, and what of it counts.</summary>
public class TraineeTests
{
    private static readonly TrainingLog Nv = Neurovascular;

    private static TrainingLog Complete() =>
        Nv.Enrolled().With(100, Participant, Diagnostic).With(50, Participant, Therapeutic).With(40, Operator, Diagnostic).With(20, Operator, Therapeutic).Rest();

    private static string? EnrolmentRefused(TrainingLog log) => log.Refused(s => Trainee.Enrol(s, log.Asked, log.Places));

    private static DateOnly Day(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd");

    [Theory]
    [InlineData("2025-12-31", null)] // NV-TR-12M: a year to the day
    [InlineData("2025-12-30", "planTooShort")]
    [InlineData("2024-12-31", "endsBeforeItBegins")]
    [InlineData("2030-01-01", null)]
    [InlineData("2030-01-02", "stayTooLong")]
    public void A_plan_leaves_time_for_the_months(string until, string? refused) => EnrolmentRefused(Nv with { Until = Day(until) }).ShouldBe(refused);

    [Theory]
    [InlineData("2025-06-30", null)] // CI-TR-6M
    [InlineData("2025-06-29", "planTooShort")]
    public void Six_months_are_enough_for_comprehensive_procedures(string until, string? refused) => EnrolmentRefused(Comprehensive with { Until = Day(until) }).ShouldBe(refused);

    // CI-TB-PROV: a provincial base trains for levels 1 and 2 only; a national one for all.
    [Theory]
    [InlineData("provincial", 1, null)]
    [InlineData("provincial", 2, null)]
    [InlineData("provincial", 3, "baseCertifiesOtherLevels")]
    [InlineData("provincial", 0, "baseCertifiesOtherLevels")]
    [InlineData("national", 4, null)]
    [InlineData("national", 1, null)]
    public void A_kind_of_base_certifies_its_levels(string kind, int level, string? refused) =>
        EnrolmentRefused(Comprehensive with { At = new(kind, "comprehensive", "H1"), Level = level }).ShouldBe(refused);

    [Theory]
    [InlineData("2025-01-01", "2025-06-30", null)]
    [InlineData("2025-01-02", "2025-06-30", "baseMayNotTrain")] // not yet on the first day
    [InlineData("2024-01-01", "2024-12-31", "baseMayNotTrain")] // no longer
    public void A_base_that_may_not_train_enrols_nobody(string from, string to, string? refused) => EnrolmentRefused(Nv with { Training = [new(Day(from), Day(to))] }).ShouldBe(refused);

    [Fact]
    public void A_stay_entered_late_is_taken_only_by_a_base_that_still_may_train()
    {
        var late = Nv with { Training = [new(new(2024, 1, 1), new(2025, 6, 30))] };
        late.Refused(s => Trainee.Enrol(s, late.Asked with { EnrolledOn = new(2025, 6, 30) }, late.Places)).ShouldBeNull();
        late.Refused(s => Trainee.Enrol(s, late.Asked with { EnrolledOn = new(2025, 7, 1) }, late.Places)).ShouldBe("baseMayNotTrain");
    }

    [Theory]
    [InlineData("2024-01-01", "2024-12-31", null)]
    [InlineData("2024-01-01", "2025-01-01", "alreadyInTraining")]
    [InlineData("2025-12-31", "2026-12-31", "alreadyInTraining")]
    [InlineData("2026-01-01", "2026-12-31", null)]
    public void Nobody_is_in_two_trainings_on_a_day(string from, string to, string? refused) => EnrolmentRefused(Nv with { Own = [new(Day(from), Day(to))] }).ShouldBe(refused);

    // NV-TRB-CAPACITY, CI-TRB-CAPACITY: on no day more than declared.
    [Fact]
    public void There_are_no_more_trainees_than_the_base_declared()
    {
        var two = Nv with { Base = BaseOf(2) };
        EnrolmentRefused(two with { Others = [new(new(2025, 1, 1), new(2025, 12, 31))] }).ShouldBeNull();
        // Two others, one after the other, take one place.
        EnrolmentRefused(two with { Others = [new(new(2024, 1, 1), new(2025, 6, 30)), new(new(2025, 7, 1), new(2026, 6, 30))] }).ShouldBeNull();
        // One day on which both are there is enough.
        EnrolmentRefused(two with { Others = [new(new(2024, 1, 1), new(2025, 6, 30)), new(new(2025, 6, 30), new(2026, 6, 30))] }).ShouldBe("baseFull");
        EnrolmentRefused(two with { Others = [new(new(2025, 12, 31), new(2026, 6, 30)), new(new(2025, 12, 31), new(2026, 6, 30))] }).ShouldBe("baseFull");
        EnrolmentRefused(two with { Others = [new(new(2026, 1, 1), new(2026, 6, 30)), new(new(2026, 1, 1), new(2026, 6, 30))] }).ShouldBeNull();
        EnrolmentRefused(Nv with { Base = BaseOf(0) }).ShouldBe("baseFull");
        EnrolmentRefused(Nv with { Base = BaseOf(5) with { Capacities = [] } }).ShouldBe("baseFull", "who declared nothing has no place");
        // A capacity that falls during the stay.
        var falls = Nv with { Base = BaseOf(2) with { Capacities = [new(new(2020, 1, 1), 2), new(new(2025, 9, 1), 1)] } };
        EnrolmentRefused(falls).ShouldBeNull();
        EnrolmentRefused(falls with { Others = [new(new(2024, 9, 1), new(2025, 8, 31))] }).ShouldBeNull();
        EnrolmentRefused(falls with { Others = [new(new(2024, 9, 2), new(2025, 9, 1))] }).ShouldBe("baseFull");
    }

    [Fact]
    public void Of_days_before_anything_was_declared_a_stay_entered_late_asks_nothing()
    {
        string? Refused(TrainingLog log, string enteredOn) => log.Refused(s => Trainee.Enrol(s, log.Asked with { EnrolledOn = Day(enteredOn) }, log.Places));
        var declared = Nv with { Base = BaseOf(1) with { Capacities = [new(new(2025, 3, 1), 1)] } };
        Refused(declared, "2025-02-28").ShouldBe("baseFull", "nothing was declared for the day it was entered");
        Refused(declared, "2025-03-01").ShouldBeNull();
        Refused(declared with { Others = [new(new(2025, 1, 1), new(2025, 2, 28))] }, "2025-03-01").ShouldBeNull();
        Refused(declared with { Others = [new(new(2025, 1, 1), new(2025, 3, 1))] }, "2025-03-02").ShouldBe("baseFull", "it was declared for that day");
    }

    [Fact]
    public void Enrolled_again_differently_is_refused()
    {
        var log = Nv.Enrolled();
        log.Refused(s => Trainee.Enrol(s, log.Asked with { Material = "2024" }, log.Places)).ShouldBe("traineeDiffers");
    }

    [Fact]
    public void A_longer_stay_needs_a_place_and_is_none_backwards()
    {
        var log = Nv.Enrolled();
        var longer = log.Then(s => Trainee.Extend(s, new(2026, 3, 31), "illness", log.Places, Today, By));
        (longer.State.Until, longer.Dossier().LastDay).ShouldBe((new DateOnly(2026, 3, 31), new DateOnly(2026, 3, 31)));
        string? Refused(TrainingLog at, string until) => at.Refused(s => Trainee.Extend(s, Day(until), "illness", at.Places, Today, By));
        Refused(log, "2025-12-30").ShouldBe("notBefore");
        Refused(log, "2030-01-01").ShouldBeNull();
        Refused(log, "2030-01-02").ShouldBe("stayTooLong");
        Refused(log with { Base = BaseOf(1), Others = [new(new(2026, 1, 1), new(2026, 12, 31))] }, "2026-01-01").ShouldBe("baseFull");
        Refused(log with { Base = BaseOf(1), Others = [new(new(2026, 1, 2), new(2026, 12, 31))] }, "2026-01-01").ShouldBeNull();
        Refused(log with { Own = [new(new(2026, 1, 1), new(2026, 12, 31))] }, "2026-01-01").ShouldBe("alreadyInTraining");
        Refused(log with { Training = [new(new(2020, 1, 1), new(2026, 6, 29))] }, "2026-12-31").ShouldBe("baseMayNotTrain");
    }

    [Theory]
    [InlineData("2024-12-31", "outsideStay")]
    [InlineData("2025-01-01", null)]
    [InlineData("2025-12-31", null)]
    [InlineData("2026-01-01", "outsideStay")]
    [InlineData("2026-07-01", "futureDay")]
    [InlineData("2025-03-09", null)]
    [InlineData("2025-03-10", "absentThatDay")]
    [InlineData("2025-03-20", "absentThatDay")]
    [InlineData("2025-03-21", null)]
    public void What_is_entered_was_done_during_the_stay_and_in_presence(string on, string? refused)
    {
        var log = Nv.Enrolled().Then(s => Trainee.RecordAbsence(s, new(2025, 3, 10), new(2025, 3, 20), "illness", Today, By));
        log.Refused(s => Trainee.LogCases(s, [log.Entry("1", on: Day(on))], Today, By)).ShouldBe(refused);
        log.Refused(s => Trainee.RecordCare(s, Day(on), [CarePart.Record], Supervisor, Today, By)).ShouldBe(refused);
        log.Refused(s => Trainee.RecordTest(s, TestKind.Theory, Day(on), true, null, Today, By)).ShouldBe(refused);
    }

    [Fact]
    public void Nobody_was_absent_on_a_day_with_a_case()
    {
        var log = Nv.Enrolled().With(1, Participant, Diagnostic, on: new(2025, 3, 10));
        string? Refused(string from, string to) => log.Refused(s => Trainee.RecordAbsence(s, Day(from), Day(to), "illness", Today, By));
        Refused("2025-03-01", "2025-03-09").ShouldBeNull();
        Refused("2025-03-01", "2025-03-10").ShouldBe("presentThatDay");
        Refused("2025-03-10", "2025-03-10").ShouldBe("presentThatDay");
        Refused("2025-03-11", "2025-03-12").ShouldBeNull();
        Refused("2025-03-12", "2025-03-11").ShouldBe("endsBeforeItBegins");
        Refused("2024-12-31", "2025-01-01").ShouldBe("outsideStay");
        Refused("2025-12-31", "2026-01-01").ShouldBe("outsideStay");
    }

    // A11: a case counts in one role.
    [Fact]
    public void A_case_is_logged_once()
    {
        var log = Nv.Enrolled().Then(s => Trainee.LogCases(s, [Nv.Entry("1", Participant)], Today, By));
        log.Refused(s => Trainee.LogCases(s, [log.Entry("1", Operator)], Today, By)).ShouldBe("caseLoggedAlready");
        log.Refused(s => Trainee.LogCases(s, [log.Entry("2"), log.Entry("2", Operator)], Today, By)).ShouldBe("caseLoggedAlready");
        // Sent again among new ones it is passed over.
        var more = log.Then(s => Trainee.LogCases(s, [log.Entry("1", Participant), log.Entry("2")], Today, By));
        more.State.Cases.Select(c => (c.Number, c.Entry.CaseNumber)).ShouldBe([(1, "1"), (2, "2")]);
        // Withdrawn, it can be logged as it was; its old number is not used again.
        var corrected = more.Then(s => Trainee.Withdraw(s, 1, "was operator", Today, By)).Then(s => Trainee.LogCases(s, [log.Entry("1", Operator)], Today, By));
        corrected.State.Cases.Select(c => (c.Number, c.Entry.CaseNumber, c.Entry.Role)).ShouldBe([(2, "2", Participant), (3, "1", Operator)]);
    }

    [Fact]
    public void Nothing_is_logged_when_one_of_them_is_refused()
    {
        var log = Nv.Enrolled();
        var decision = Trainee.LogCases(log.State, [log.Entry("1"), log.Entry("2", on: new(2026, 1, 1))], Today, By);
        (decision.Events.Count, decision.Refusal!.Code, decision.Refusal.Pointers[0]).ShouldBe((0, "outsideStay", "/cases/1/on"));
    }

    [Fact]
    public void Nobody_supervises_oneself()
    {
        var log = Nv.Enrolled();
        log.Refused(s => Trainee.LogCases(s, [log.Entry("1", supervisor: Physician)], Today, By)).ShouldBe("supervisesOneself");
        log.Refused(s => Trainee.RecordCare(s, new(2025, 2, 1), [CarePart.Record], Physician, Today, By)).ShouldBe("supervisesOneself");
    }

    [Fact]
    public void A_dossier_has_an_end()
    {
        var log = Nv.Enrolled().With(Trainee.MostEntries - 1, Participant, Diagnostic);
        log.Refused(s => Trainee.LogCases(s, [log.Entry("a"), log.Entry("b")], Today, By)).ShouldBe("dossierFull");
        log.Refused(s => Trainee.LogCases(s, [log.Entry("a")], Today, By)).ShouldBeNull();
    }

    [Theory]
    [InlineData("neurovascular", "2025-01-01", Diagnostic, 0, "T1", "")]
    [InlineData("comprehensive", "2025-01-01", Diagnostic, 0, "T1", "Technique")]
    [InlineData("neurovascular", "2025-01-02", Diagnostic, 0, "T1", "Day")]
    [InlineData("neurovascular", "2025-01-01", Therapeutic, 0, "T1", "Intent")]
    [InlineData("neurovascular", "2025-01-01", Diagnostic, 3, "T1", "Level")]
    [InlineData("neurovascular", "2025-01-01", Diagnostic, 0, null, "Trainee")]
    [InlineData("neurovascular", "2025-01-01", Diagnostic, 0, "T2", "Trainee")]
    public void What_the_report_contradicts_does_not_count(string technique, string on, Intent intent, int level, string? trainee, string disagrees)
    {
        var report = new CaseAsReported(technique, Day(on), intent, level, Supervisor, trainee, Voided: false);
        var operated = Nv.Enrolled().With(1, Operator, Diagnostic);
        operated = operated with { Reports = new() { [operated.State.Cases[0].CaseId] = report } };
        var judged = operated.Dossier().Cases.ShouldHaveSingleItem();
        string.Join(' ', judged.Disagrees).ShouldBe(disagrees);
        judged.WhyNot.ShouldBe(disagrees.Length == 0 ? [] : [NotCounted.Disagrees]);
        operated.Dossier().Count(Operator, Diagnostic, 0).ShouldBe(disagrees.Length == 0 ? 1 : 0);
        // Whom else the report names as having operated says nothing of who took part; by it this trainee operated, and a case counts in one role.
        var took = Nv.Enrolled().With(1, Participant, Diagnostic);
        took = took with { Reports = new() { [took.State.Cases[0].CaseId] = report } };
        took.Dossier().Count(Participant, Diagnostic, 0).ShouldBe(disagrees is "Trainee" ? 1 : 0);
        (took.Dossier().Cases[0].Disagrees.Contains(Disagreement.Role)).ShouldBe(trainee == Physician);
    }

    /// <summary>A8: the operator of record is the supervisor.</summary>
    [Fact]
    public void Who_supervises_by_the_log_is_the_operator_by_the_report()
    {
        var report = new CaseAsReported("neurovascular", new(2025, 1, 1), Diagnostic, 0, "S2", Physician, Voided: false);
        var operated = Nv.Enrolled().With(1, Operator, Diagnostic);
        operated = operated with { Reports = new() { [operated.State.Cases[0].CaseId] = report } };
        operated.Dossier().Cases[0].Disagrees.ShouldBe([Disagreement.Supervisor]);
        operated.Dossier().Cases[0].Counts.ShouldBeFalse();
        // Who took part learnt from whoever was in charge of him; the report says nothing of that.
        var took = Nv.Enrolled().With(1, Participant, Diagnostic);
        took = took with { Reports = new() { [took.State.Cases[0].CaseId] = report with { Trainee = null } } };
        took.Dossier().Cases[0].Counts.ShouldBeTrue();
    }

    [Fact]
    public void A_certificate_rests_on_the_dossier_as_it_is_written_upon()
    {
        var log = Complete();
        var before = log.Dossier();
        var since = log.Then(s => Trainee.Withdraw(s, log.State.Cases[^1].Number, "in error", Today, By));
        since.Refused(s => Trainee.Certify(s, before, new HashSet<string>(), "C-1", Today, By)).ShouldBe("conflict");
        since.Refused(s => Trainee.Certify(s, since.Dossier(), new HashSet<string>(), "C-1", Today, By)).ShouldBe("trainingIncomplete");
        var failed = log.Then(s => Trainee.Evaluate(s, Today, false, "failed after all", Today, By));
        failed.Refused(s => Trainee.Certify(s, before, new HashSet<string>(), "C-1", Today, By)).ShouldBe("conflict");
        log.Refused(s => Trainee.Certify(s, before, new HashSet<string>(), "C-1", Today, By)).ShouldBeNull();
    }

    [Fact]
    public void No_two_certificates_of_a_base_have_a_number()
    {
        var log = Complete();
        log.Refused(s => Trainee.Certify(s, log.Dossier(), new HashSet<string> { "C-1" }, "C-1", Today, By)).ShouldBe("certificateNumberTaken");
        log.Refused(s => Trainee.Certify(s, log.Dossier(), new HashSet<string> { "C-1" }, "C-2", Today, By)).ShouldBeNull();
    }

    [Fact]
    public void A_stay_that_has_not_begun_ends_before_its_first_day()
    {
        var log = Nv.Enrolled();
        var before = log.Then(s => Trainee.End(s, new(2024, 12, 31), "in error", new(2024, 12, 31), By));
        (before.State.Status, before.State.Until, before.State.Stay.IsEmpty).ShouldBe((TraineeStatus.Ended, new DateOnly(2024, 12, 31), true));
        log.Then(s => Trainee.End(s, new(2024, 6, 1), "in error", new(2024, 6, 1), By)).State.Until.ShouldBe(new DateOnly(2024, 12, 31));
        log.Refused(s => Trainee.End(s, new(2025, 1, 1), "in error", new(2024, 12, 31), By)).ShouldBe("futureDay");
        // From the first day on it was a day.
        log.Refused(s => Trainee.End(s, new(2024, 12, 31), "in error", new(2025, 1, 1), By)).ShouldBe("outsideStay");
        log.Then(s => Trainee.End(s, new(2025, 1, 1), "left", new(2025, 1, 1), By)).State.Stay.ShouldBe(new DaySpan(new(2025, 1, 1), new(2025, 1, 1)));
    }

    [Fact]
    public void An_entry_made_in_error_is_withdrawn_after_the_end_too()
    {
        var ended = Nv.Enrolled().With(1, Operator, Diagnostic).Then(s => Trainee.End(s, new(2025, 6, 30), "left", Today, By));
        ended.Then(s => Trainee.Withdraw(s, 1, "another's case", Today, By)).State.Cases.ShouldBeEmpty();
        var log = Complete();
        log.Then(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-1", Today, By)).Refused(s => Trainee.Withdraw(s, 1, "r", Today, By)).ShouldBe("trainingClosed");
    }

    [Fact]
    public void A_voided_case_was_none_and_one_not_reported_counts()
    {
        var log = Nv.Enrolled().With(1, Operator, Diagnostic);
        log.Dossier().Cases[0].ShouldSatisfyAllConditions(c => c.Reported.ShouldBeNull(), c => c.Counts.ShouldBeTrue());
        var voided = log with { Reports = new() { [log.State.Cases[0].CaseId] = new("neurovascular", new(2025, 1, 1), Diagnostic, 0, Supervisor, Physician, Voided: true) } };
        voided.Dossier().Cases[0].WhyNot.ShouldBe([NotCounted.Voided]);
    }

    [Fact]
    public void Of_a_case_one_trainee_is_operator()
    {
        var log = Nv.Enrolled().With(1, Operator, Diagnostic).With(1, Participant, Diagnostic);
        var taken = log with { Taken = [.. log.State.Cases.Select(c => c.CaseId)] };
        (taken.Dossier().Count(Operator, null, 0), taken.Dossier().Count(Participant, null, 0)).ShouldBe((0, 1));
        taken.Dossier().Cases[0].WhyNot.ShouldBe([NotCounted.OperatedByAnother]);
    }

    [Fact]
    public void What_came_after_the_evaluation_it_was_passed_with_does_not_count()
    {
        var log = Nv.Enrolled().With(1, Participant, Diagnostic, on: new(2025, 12, 30)).With(1, Participant, Diagnostic, first: 1, on: new(2025, 12, 31)).Evaluated(on: new(2025, 12, 30));
        (log.Dossier().LastDay, log.Dossier().Count(Participant, null, 0)).ShouldBe((new DateOnly(2025, 12, 30), 1));
        // Evaluated again after more training, it does.
        log.Evaluated(on: new(2026, 1, 15)).Dossier().Count(Participant, null, 0).ShouldBe(2);
    }

    [Fact]
    public void Evaluations_do_not_go_back()
    {
        var log = Nv.Enrolled();
        string? Refused(TrainingLog at, string on) => at.Refused(s => Trainee.Evaluate(s, Day(on), true, "r", Today, By));
        (Refused(log, "2024-12-31"), Refused(log, "2025-01-01"), Refused(log, "2026-06-30"), Refused(log, "2026-07-01")).ShouldBe(("notBefore", null, null, "futureDay"));
        var failed = log.Evaluated(passed: false, on: new(2025, 12, 1));
        (Refused(failed, "2025-11-30"), Refused(failed, "2025-12-01")).ShouldBe(("notBefore", null));
    }

    [Fact]
    public void A_certificate_needs_every_clause()
    {
        var log = Complete();
        var certified = log.Then(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-1", Today, By));
        certified.State.Status.ShouldBe(TraineeStatus.Certified);
        certified.State.Certificate!.Grounds.ShouldSatisfyAllConditions(
            g => g.Unmet.ShouldBeEmpty(),
            g => (g.Path, g.Regulation, g.AsOf, g.CountedTo).ShouldBe(("trainee", "NV-2012", Today, new DateOnly(2025, 12, 31))));
        // Its place is free from the day after the last.
        certified.State.Stay.To.ShouldBe(new(2025, 12, 31));

        var shorter = log.Then(s => Trainee.Withdraw(s, 1, "not there", Today, By));
        Trainee.Certify(shorter.State, shorter.Dossier(), new HashSet<string>(), "C-1", Today, By).Refusal.ShouldNotBeNull().ShouldSatisfyAllConditions(r => r.Code.ShouldBe("trainingIncomplete"), r => r.Args.ShouldBe(["NV-TR-DX100"]));
        certified.Refused(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-2", Today, By)).ShouldBe("certifiedAlready");
    }

    [Fact]
    public void What_is_certified_or_ended_changes_no_more()
    {
        var log = Complete();
        var certified = log.Then(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-1", Today, By));
        var ended = log.Then(s => Trainee.End(s, new(2025, 11, 30), "left", Today, By));
        (ended.State.Status, ended.State.Stay.To).ShouldBe((TraineeStatus.Ended, new DateOnly(2025, 11, 30)));
        foreach (var closed in new[] { certified, ended })
        {
            closed.Refused(s => Trainee.LogCases(s, [log.Entry("x")], Today, By)).ShouldBe("trainingClosed");
            closed.Refused(s => Trainee.RecordCare(s, new(2025, 2, 1), [CarePart.Record], Supervisor, Today, By)).ShouldBe("trainingClosed");
            closed.Refused(s => Trainee.RecordTest(s, TestKind.Theory, new(2025, 2, 1), true, null, Today, By)).ShouldBe("trainingClosed");
            closed.Refused(s => Trainee.RecordAbsence(s, new(2025, 2, 1), new(2025, 2, 1), "r", Today, By)).ShouldBe("trainingClosed");
            closed.Refused(s => Trainee.Evaluate(s, Today, true, "r", Today, By)).ShouldBe("trainingClosed");
            closed.Refused(s => Trainee.Extend(s, new(2026, 12, 31), "r", log.Places, Today, By)).ShouldBe("trainingClosed");
            closed.Refused(s => Trainee.End(s, new(2025, 6, 1), "r", Today, By)).ShouldBe("trainingClosed");
        }

        ended.Refused(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-1", Today, By)).ShouldBe("trainingClosed");
        // What a certificate rests on stays. An entry of who left without one may stand in the way of another trainee.
        certified.Refused(s => Trainee.Withdraw(s, 1, "r", Today, By)).ShouldBe("trainingClosed");
        ended.Then(s => Trainee.Withdraw(s, 1, "r", Today, By)).State.Withdrawn.ShouldBe([1]);
    }

    [Fact]
    public void A_certificate_is_taken_back_once_and_none_is_given_after_it()
    {
        var log = Complete();
        log.Refused(s => Trainee.WithdrawCertificate(s, "forged", Today, By)).ShouldBe("notCertified");
        var withdrawn = log.Then(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-1", Today, By)).Then(s => Trainee.WithdrawCertificate(s, "forged", Today, By));
        withdrawn.State.Status.ShouldBe(TraineeStatus.CertificateWithdrawn);
        withdrawn.Refused(s => Trainee.Certify(s, log.Dossier(), new HashSet<string>(), "C-2", Today, By)).ShouldBe("trainingClosed");
    }

    [Theory]
    [InlineData("2024-12-31", "outsideStay")]
    [InlineData("2025-12-31", null)]
    [InlineData("2026-01-01", "outsideStay")]
    public void A_stay_ends_within_it(string lastDay, string? refused) => Nv.Enrolled().Refused(s => Trainee.End(s, Day(lastDay), "left", Today, By)).ShouldBe(refused);

    [Fact]
    public void A_stay_ends_today_at_the_latest()
    {
        var today = new DateOnly(2025, 6, 1);
        Nv.Enrolled().Refused(s => Trainee.End(s, today, "left", today, By)).ShouldBeNull();
        Nv.Enrolled().Refused(s => Trainee.End(s, today.AddDays(1), "left", today, By)).ShouldBe("futureDay");
    }

    [Fact]
    public void An_entry_that_is_not_there_is_not_withdrawn()
    {
        var log = Nv.Enrolled().With(2, Participant, Diagnostic);
        (log.Refused(s => Trainee.Withdraw(s, 0, "r", Today, By)), log.Refused(s => Trainee.Withdraw(s, 2, "r", Today, By)), log.Refused(s => Trainee.Withdraw(s, 3, "r", Today, By))).ShouldBe(("noSuchEntry", null, "noSuchEntry"));
    }

    [Fact]
    public void Of_nobody_there_is_nothing()
    {
        foreach (var decision in new[]
        {
            Trainee.LogCases(Trainee.State.Initial, [], Today, By), Trainee.End(Trainee.State.Initial, Today, "r", Today, By), Trainee.Withdraw(Trainee.State.Initial, 1, "r", Today, By),
            Trainee.WithdrawCertificate(Trainee.State.Initial, "r", Today, By), Trainee.Extend(Trainee.State.Initial, Today, "r", Nv.Places, Today, By),
        })
        {
            decision.Refusal!.Code.ShouldBe("noSuchTrainee");
        }
    }
}
