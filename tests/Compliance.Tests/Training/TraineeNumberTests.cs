using Compliance.Metrics;
using Compliance.Training;
using static Compliance.Cases.Intent;
using static Compliance.Tests.Training.TrainingLog;
using static Compliance.Training.TrainingRole;

namespace Compliance.Tests.Training;

/// <summary>Every number a trainee must reach, on both sides of it, by the clause that says so. Numbers retyped from the texts.</summary>
public class TraineeNumberTests
{
    private static TrainingLog Nv(int participatedDiagnostic = 100, int participatedTreatments = 50, int operatedDiagnostic = 40, int operatedTreatments = 20) =>
        Neurovascular.Enrolled()
            .With(participatedDiagnostic, Participant, Diagnostic)
            .With(participatedTreatments, Participant, Therapeutic)
            .With(operatedDiagnostic, Operator, Diagnostic)
            .With(operatedTreatments, Operator, Therapeutic)
            .Rest();

    private static TrainingLog Ci(int lower = 50, int upper = 50) => Comprehensive.Enrolled().With(lower, Operator, Therapeutic, level: 2).With(upper, Operator, Therapeutic, level: 3).Rest();

    [Theory]
    [InlineData(100, 50, 40, 20, "")]
    [InlineData(99, 50, 40, 20, "NV-TR-DX100")]
    [InlineData(100, 49, 40, 20, "NV-TR-TX50")]
    [InlineData(100, 50, 39, 20, "NV-TR-OPDX40")]
    [InlineData(100, 50, 40, 19, "NV-TR-OPTX20")]
    // The roles are disjoint (A11): what was operated does not count as taken part in, nor the other way round, however much there is of it.
    [InlineData(60, 30, 140, 70, "NV-TR-DX100 NV-TR-TX50")]
    [InlineData(200, 100, 0, 0, "NV-TR-OPDX40 NV-TR-OPTX20")]
    [InlineData(99, 51, 40, 20, "NV-TR-DX100")]
    public void Neurovascular_cases_in_each_role(int participatedDiagnostic, int participatedTreatments, int operatedDiagnostic, int operatedTreatments, string missing) =>
        Nv(participatedDiagnostic, participatedTreatments, operatedDiagnostic, operatedTreatments).Missing.ShouldBe(missing);

    [Theory]
    [InlineData(50, 50, "")]
    [InlineData(49, 50, "CI-TR-OP100")]
    [InlineData(51, 49, "CI3-TR-OP50")]
    [InlineData(0, 100, "")] // the 50 are inside the 100
    [InlineData(100, 0, "CI3-TR-OP50")]
    public void Comprehensive_cases_as_operator(int lower, int upper, string missing) => Ci(lower, upper).Missing.ShouldBe(missing);

    [Fact]
    public void Comprehensive_cases_taken_part_in_are_none_as_operator() =>
        Comprehensive.Enrolled().With(99, Operator, Therapeutic, level: 3).With(100, Participant, Therapeutic, level: 3).Rest().Missing.ShouldBe("CI-TR-OP100");

    [Fact]
    public void Level_4_counts_among_the_50_and_a_diagnostic_case_too() =>
        Comprehensive.Enrolled().With(50, Operator, Diagnostic, level: 4).With(50, Operator, Therapeutic, level: 1).Rest().Missing.ShouldBe("");

    // A provincial base trains for levels 1 and 2 alone: CI3-TR-OP50 is not asked.
    [Theory]
    [InlineData(100, "")]
    [InlineData(99, "CI-TR-OP100")]
    public void For_levels_1_and_2_a_hundred_of_any_level(int cases, string missing) => Lower.Enrolled().With(cases, Operator, Therapeutic, level: 1).Rest().Missing.ShouldBe(missing);

    [Theory]
    [InlineData("2025-12-31", 12, "")] // NV-TR-12M: the last day belongs to the year
    [InlineData("2025-12-30", 11, "NV-TR-12M")]
    public void Twelve_months(string evaluatedOn, int months, string missing)
    {
        var log = Neurovascular.Enrolled().With(100, Participant, Diagnostic).With(50, Participant, Therapeutic).With(40, Operator, Diagnostic).With(20, Operator, Therapeutic)
            .CaredFor(Enum.GetValues<CarePart>())
            .Then(s => Trainee.RecordTest(s, TestKind.Theory, new(2025, 6, 1), true, null, Today, By))
            .Then(s => Trainee.RecordTest(s, TestKind.Practice, new(2025, 6, 1), true, null, Today, By))
            .Evaluated(on: DateOnly.Parse(evaluatedOn));
        (log.Dossier().Months, log.Missing).ShouldBe((months, missing));
    }

    [Theory]
    [InlineData("2025-06-30", 6, "")] // CI-TR-6M
    [InlineData("2025-06-29", 5, "CI-TR-6M")]
    public void Six_months(string evaluatedOn, int months, string missing)
    {
        var log = Comprehensive.Enrolled().With(100, Operator, Therapeutic, level: 3).CaredFor(Enum.GetValues<CarePart>())
            .Then(s => Trainee.RecordTest(s, TestKind.Theory, new(2025, 6, 1), true, null, Today, By))
            .Then(s => Trainee.RecordTest(s, TestKind.Practice, new(2025, 6, 1), true, null, Today, By))
            .Evaluated(on: DateOnly.Parse(evaluatedOn));
        (log.Dossier().Months, log.Missing).ShouldBe((months, missing));
    }

    // Every day missed is made up for by a day at the end.
    [Theory]
    [InlineData("2025-12-31", 1, "NV-TR-12M")]
    [InlineData("2026-01-01", 1, "")]
    [InlineData("2026-01-01", 2, "NV-TR-12M")]
    [InlineData("2026-01-30", 30, "")]
    [InlineData("2026-01-29", 30, "NV-TR-12M")]
    public void Twelve_months_net_of_interruptions(string until, int daysAbsent, string missing)
    {
        var log = (Neurovascular with { Until = DateOnly.Parse(until) }).Enrolled()
            .With(100, Participant, Diagnostic).With(50, Participant, Therapeutic).With(40, Operator, Diagnostic).With(20, Operator, Therapeutic)
            .Then(s => Trainee.RecordAbsence(s, new(2025, 3, 1), new DateOnly(2025, 3, 1).AddDays(daysAbsent - 1), "illness", Today, By))
            .Rest();
        log.Missing.ShouldBe(missing);
    }

    [Fact]
    public void Six_months_net_of_interruptions()
    {
        TrainingLog Missed(DateOnly until) => (Comprehensive with { Until = until }).Enrolled().With(100, Operator, Therapeutic, level: 3)
            .Then(s => Trainee.RecordAbsence(s, new(2025, 3, 1), new(2025, 3, 10), "illness", Today, By)).Rest();
        Missed(new(2025, 7, 9)).Missing.ShouldBe("CI-TR-6M");
        Missed(new(2025, 7, 10)).Missing.ShouldBe("");
    }

    [Fact]
    public void Absences_that_overlap_are_missed_once()
    {
        var log = Neurovascular.Enrolled()
            .Then(s => Trainee.RecordAbsence(s, new(2025, 3, 1), new(2025, 3, 10), "illness", Today, By))
            .Then(s => Trainee.RecordAbsence(s, new(2025, 3, 5), new(2025, 3, 12), "illness", Today, By));
        log.Dossier().DaysMissed.ShouldBe(12);
    }

    [Fact]
    public void Days_on_which_the_base_might_not_train_are_missed_and_their_cases_do_not_count()
    {
        var log = Nv() with { Training = [new(new(2020, 1, 1), new(2025, 12, 30))] };
        (log.Dossier().DaysMissed, log.Dossier().Months).ShouldBe((1, 11));
        // Tests and evaluation were on the last day, when it might not.
        log.Missing.ShouldBe("NV-TR-12M NV-TR-EXAM");
        var early = Nv() with { Training = [new(new(2025, 1, 2), DateOnly.MaxValue)] };
        early.Dossier().Cases.ShouldAllBe(c => c.WhyNot.Contains(NotCounted.OutsideTraining));
        early.Dossier().Count(Participant, null, 0).ShouldBe(0);
    }

    [Fact]
    public void Each_of_the_eight_parts_of_the_care_is_needed()
    {
        var all = Enum.GetValues<CarePart>();
        all.Length.ShouldBe(8);
        foreach (var left in all)
        {
            var log = Neurovascular.Enrolled().With(100, Participant, Diagnostic).With(50, Participant, Therapeutic).With(40, Operator, Diagnostic).With(20, Operator, Therapeutic)
                .CaredFor([.. all.Where(p => p != left)]).Tested(TestKind.Theory, TestKind.Practice).Evaluated();
            log.Missing.ShouldBe("NV-TR-FULLCARE", $"without {left}");
            log.CaredFor(left).Missing.ShouldBe("");
            Comprehensive.Enrolled().With(100, Operator, Therapeutic, level: 3).CaredFor([.. all.Where(p => p != left)]).Tested(TestKind.Theory, TestKind.Practice).Evaluated()
                .Missing.ShouldBe("CI-TR-FULLCARE", $"without {left}");
        }
    }

    [Theory]
    [InlineData(true, true, true, "")]
    [InlineData(false, true, true, "NV-TR-EXAM")] // NV-TRB-TESTS: theory and practice, one of each at the least, and the evaluation
    [InlineData(true, false, true, "NV-TR-EXAM")]
    [InlineData(true, true, false, "NV-TR-EXAM")]
    public void Tests_of_theory_and_practice_and_the_final_evaluation(bool theory, bool practice, bool evaluation, string missing)
    {
        var log = Neurovascular.Enrolled().With(100, Participant, Diagnostic).With(50, Participant, Therapeutic).With(40, Operator, Diagnostic).With(20, Operator, Therapeutic).CaredFor(Enum.GetValues<CarePart>());
        log = log.Tested([.. new[] { (theory, TestKind.Theory), (practice, TestKind.Practice) }.Where(t => t.Item1).Select(t => t.Item2)]);
        (evaluation ? log.Evaluated() : log).Missing.ShouldBe(missing);
    }

    [Fact]
    public void The_last_test_and_the_last_evaluation_count()
    {
        var log = Nv();
        var failed = log.Then(s => Trainee.RecordTest(s, TestKind.Theory, new(2025, 12, 31), false, 40, Today, By));
        failed.Missing.ShouldBe("NV-TR-EXAM");
        failed.Then(s => Trainee.RecordTest(s, TestKind.Theory, new(2025, 12, 31), true, 90, Today, By)).Missing.ShouldBe("");
        // One failed before one passed is forgotten.
        log.Then(s => Trainee.RecordTest(s, TestKind.Theory, new(2025, 12, 30), false, 40, Today, By)).Missing.ShouldBe("");
        log.Evaluated(passed: false, on: new(2026, 1, 5)).Missing.ShouldBe("NV-TR-EXAM");
        log.Evaluated(passed: false, on: new(2026, 1, 5)).Evaluated(on: new(2026, 1, 6)).Missing.ShouldBe("");
    }

    [Fact]
    public void For_levels_1_and_2_the_examination_is_asked_for_though_no_clause_of_the_path_does()
    {
        var log = Lower.Enrolled().With(100, Operator, Therapeutic, level: 1).CaredFor(Enum.GetValues<CarePart>()).Tested(TestKind.Theory, TestKind.Practice);
        log.Missing.ShouldBe(Dossier.Examination);
        log.Evaluated().Missing.ShouldBe("");
    }

    [Theory]
    [InlineData("2025-01-01", "2025-12-31", "")] // NV-TR-SUPERV: qualified on the day
    [InlineData("2025-01-02", "2025-12-31", "NV-TR-DX100 NV-TR-TX50 NV-TR-OPDX40 NV-TR-OPTX20 NV-TR-SUPERV")]
    [InlineData("2024-01-01", "2024-12-31", "NV-TR-DX100 NV-TR-TX50 NV-TR-OPDX40 NV-TR-OPTX20 NV-TR-SUPERV")]
    public void Who_supervises_is_qualified_on_the_day(string from, string to, string missing)
    {
        DaySpan always = new(new(2020, 1, 1), DateOnly.MaxValue);
        (Nv() with { Supervisors = new() { [Supervisor] = new([always], [new(DateOnly.Parse(from), DateOnly.Parse(to))]) } }).Missing.ShouldBe(missing);
    }

    [Fact]
    public void Who_supervises_is_of_the_base_as_tutor_or_by_registration()
    {
        DaySpan always = new(new(2020, 1, 1), DateOnly.MaxValue);
        var stranger = Nv() with { Supervisors = new() { [Supervisor] = new([], [always]) } };
        stranger.Dossier().AllSupervised.ShouldBeFalse();
        (stranger with { Base = BaseOf(5) with { TutorLists = [new(new(2025, 1, 1), [Supervisor])] } }).Missing.ShouldBe("");
        (stranger with { Base = BaseOf(5) with { TutorLists = [new(new(2025, 1, 2), [Supervisor])] } }).Dossier().AllSupervised.ShouldBeFalse();
        (Nv() with { Supervisors = [] }).Dossier().AllSupervised.ShouldBeFalse();
    }

    [Fact]
    public void One_case_without_supervision_is_one_too_many_until_it_is_withdrawn()
    {
        var log = Nv().With(1, Participant, Diagnostic, first: 500, supervisor: "S2");
        log.Missing.ShouldBe("NV-TR-SUPERV");
        log.Then(s => Trainee.Withdraw(s, log.State.Cases[^1].Number, "not supervised", Today, By)).Missing.ShouldBe("");
    }

    [Fact]
    public void Below_the_levels_that_need_it_who_supervises_needs_no_qualification()
    {
        DaySpan always = new(new(2020, 1, 1), DateOnly.MaxValue);
        var unqualified = new Dictionary<string, SupervisorDays> { [Supervisor] = new([always], []) };
        (Lower.Enrolled().With(100, Operator, Therapeutic, level: 2).Rest() with { Supervisors = unqualified }).Missing.ShouldBe("");
        (Lower.Enrolled().With(100, Operator, Therapeutic, level: 3).Rest() with { Supervisors = unqualified }).Missing.ShouldBe("CI-TR-OP100 CI-TR-FULLCARE");
    }

    [Fact]
    public void Nothing_is_met_at_the_beginning() =>
        Neurovascular.Enrolled().Dossier(new(2025, 1, 1)).Missing.ShouldBe(["NV-TR-12M", "NV-TR-DX100", "NV-TR-TX50", "NV-TR-OPDX40", "NV-TR-OPTX20", "NV-TR-SUPERV", "NV-TR-EXAM", "NV-TR-FULLCARE"]);

    [Fact]
    public void Months_are_those_elapsed_by_the_day_asked_about()
    {
        var log = Neurovascular.Enrolled();
        (log.Dossier(new(2024, 12, 1)).Months, log.Dossier(new(2025, 1, 30)).Months, log.Dossier(new(2025, 1, 31)).Months, log.Dossier(new(2025, 12, 30)).Months, log.Dossier(new(2026, 5, 1)).Months).ShouldBe((0, 0, 1, 11, 12));
    }
}
