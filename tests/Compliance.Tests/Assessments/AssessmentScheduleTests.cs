using Compliance.Assessments;
using Compliance.Metrics;
using static Compliance.Tests.Judging;

namespace Compliance.Tests.Assessments;

/// <summary>定期评估 (NV-ASSESS-PERIODIC, CI3-ASSESS-PERIODIC): when a period ends, by the schedule the province has set (A23).</summary>
public class AssessmentScheduleTests
{
    /// <summary>Half-yearly, the first period ending on 31 August 2026.</summary>
    private static readonly AssessmentSchedule.Set HalfYearly = Set("2026-08-31", everyMonths: 6, recordedOn: "2026-01-10");

    private static DateOnly Day(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd");

    private static AssessmentSchedule.Set Set(string firstDueOn, int everyMonths, string recordedOn) => new("neurovascular", "11", Day(firstDueOn), everyMonths, Day(recordedOn), Regulator);

    private static AssessmentSchedule.State Given(params IReadOnlyList<AssessmentSchedule.Set> settings) => AssessmentSchedule.Fold(settings);

    private static string[] EndingBy(AssessmentSchedule.State schedule, string day) => [.. schedule.PeriodsEndingBy(Day(day)).Select(Text)];

    private static string Text(DaySpan period) => $"{period.From:yyyy-MM-dd}..{period.To:yyyy-MM-dd}";

    [Theory]
    [InlineData("2026-08-31", 6, 0, "2026-03-01..2026-08-31")]
    [InlineData("2026-08-31", 6, 1, "2026-09-01..2027-02-28")] // February has no 31st
    [InlineData("2026-08-31", 6, 2, "2027-03-01..2027-08-31")] // and shortens no later period
    [InlineData("2026-08-31", 6, 3, "2027-09-01..2028-02-29")]
    [InlineData("2026-12-31", 12, 0, "2026-01-01..2026-12-31")]
    [InlineData("2026-12-31", 12, 3, "2029-01-01..2029-12-31")]
    [InlineData("2026-01-31", 1, 0, "2026-01-01..2026-01-31")]
    [InlineData("2026-01-31", 1, 1, "2026-02-01..2026-02-28")]
    [InlineData("2026-01-31", 1, 2, "2026-03-01..2026-03-31")]
    [InlineData("2026-09-30", 1, 0, "2026-09-01..2026-09-30")] // due at the end of a month, always
    [InlineData("2026-02-28", 6, 1, "2026-03-01..2026-08-31")] // the 28th was the month's last day
    [InlineData("2028-02-29", 12, 0, "2027-03-01..2028-02-29")]
    [InlineData("2028-02-29", 12, 1, "2028-03-01..2029-02-28")]
    [InlineData("2028-02-29", 60, 1, "2028-03-01..2033-02-28")]
    public void APeriodIsCountedFromTheFirstDueDate(string firstDueOn, int everyMonths, int number, string period) =>
        Text(Set(firstDueOn, everyMonths, "2026-01-10").Period(number)).ShouldBe(period);

    [Theory]
    [InlineData("2026-08-31", 6)]
    [InlineData("2026-01-30", 1)]
    [InlineData("2026-11-30", 3)]
    public void NoDayIsInTwoPeriodsAndNoneIsLeftOut(string firstDueOn, int everyMonths)
    {
        AssessmentSchedule.Set schedule = Set(firstDueOn, everyMonths, "2026-01-10");
        foreach (int number in Enumerable.Range(0, 24))
            schedule.Period(number + 1).From.ShouldBe(schedule.Period(number).To.AddDays(1));
    }

    [Fact]
    public void APeriodHasEndedOnItsLastDay()
    {
        EndingBy(Given(HalfYearly), "2026-08-30").ShouldBeEmpty();
        EndingBy(Given(HalfYearly), "2026-08-31").ShouldBe(["2026-03-01..2026-08-31"]);
        EndingBy(Given(HalfYearly), "2027-02-27").ShouldBe(["2026-03-01..2026-08-31"]);
        EndingBy(Given(HalfYearly), "2027-02-28").ShouldBe(["2026-03-01..2026-08-31", "2026-09-01..2027-02-28"]);
        EndingBy(AssessmentSchedule.State.Initial, "2030-01-01").ShouldBeEmpty();
    }

    /// <summary>A due date belongs to the schedule that stood on it: what was due before the change stays due, what would have been due after it does not come.</summary>
    [Theory]
    [InlineData("2026-08-30", "2026-11-01..2026-12-31")] // changed before the first due date: it never comes
    [InlineData("2026-08-31", "2026-11-01..2026-12-31")] // from that day on the new one stands
    [InlineData("2026-09-01", "2026-03-01..2026-08-31 2026-11-01..2026-12-31")] // the day after: it was due
    [InlineData("2026-12-31", "2026-03-01..2026-08-31 2026-11-01..2026-12-31")] // first due on the day it is recorded
    public void ChangedMidway(string changedOn, string periods)
    {
        // Every two months, the first period ending with the year.
        AssessmentSchedule.State changed = Given(HalfYearly, Set("2026-12-31", everyMonths: 2, changedOn));
        EndingBy(changed, "2027-02-27").ShouldBe(periods.Split(' '));
    }

    [Fact]
    public void ChangedTwiceTheOneInBetweenCountsForItsOwnDays()
    {
        AssessmentSchedule.State changed = Given(HalfYearly, Set("2026-10-31", 1, "2026-09-10"), Set("2027-06-30", 12, "2026-12-15"));
        EndingBy(changed, "2027-12-31").ShouldBe(["2026-03-01..2026-08-31", "2026-10-01..2026-10-31", "2026-11-01..2026-11-30", "2026-07-01..2027-06-30"]);
    }

    [Fact]
    public void ChangedTwiceOnOneDayTheLastWordStands() =>
        EndingBy(Given(HalfYearly, Set("2026-09-10", 1, "2026-09-10"), Set("2026-12-31", 12, "2026-09-10")), "2026-12-31").ShouldBe(["2026-03-01..2026-08-31", "2026-01-01..2026-12-31"]);

    [Fact]
    public void ADayBeforeTheChangeKnowsNothingOfIt() => EndingBy(Given(HalfYearly, Set("2026-12-31", 2, "2026-09-01")), "2026-08-31").ShouldBe(["2026-03-01..2026-08-31"]);

    [Theory]
    [InlineData("2026-02-01", "2026-03-01..2026-08-31")]
    [InlineData("2026-08-30", "2026-03-01..2026-08-31")]
    [InlineData("2026-08-31", "2026-09-01..2027-02-28")] // that day is over
    [InlineData("2027-02-28", "2027-03-01..2027-08-31")]
    public void TheNextPeriod(string after, string next) => Text(Given(HalfYearly).NextAfter(Day(after))!.Value).ShouldBe(next);

    [Fact]
    public void TheNextPeriodIsOfTheScheduleThatStands()
    {
        Text(Given(HalfYearly, Set("2026-12-31", 12, "2026-03-01")).NextAfter(Day("2026-03-01"))!.Value).ShouldBe("2026-01-01..2026-12-31");
        AssessmentSchedule.State.Initial.NextAfter(Day("2026-03-01")).ShouldBeNull();
    }

    [Fact]
    public void ItNeverReachesBack()
    {
        AssessmentSchedule.Decide(AssessmentSchedule.State.Initial, Set("2026-01-09", 6, "2026-01-10")).Refusal!.Code.ShouldBe("dueInThePast");
        AssessmentSchedule.Set today = Set("2026-01-10", 6, "2026-01-10");
        AssessmentSchedule.Decide(AssessmentSchedule.State.Initial, today).Events.ShouldBe([today]);
    }

    /// <summary>Also when its first due date has gone by meanwhile, and whoever sends it.</summary>
    [Fact]
    public void TheSameScheduleSentAgainChangesNothing()
    {
        Decision<AssessmentSchedule.Set> again = AssessmentSchedule.Decide(Given(HalfYearly), HalfYearly with { RecordedOn = Day("2027-05-01"), By = Holder });
        (again.Events.Count, again.Refusal).ShouldBe((0, null));
    }

    [Fact]
    public void GoneBackToAfterAnotherItIsAChange()
    {
        AssessmentSchedule.Set back = HalfYearly with { RecordedOn = Day("2026-03-01") };
        AssessmentSchedule.Decide(Given(HalfYearly, Set("2026-12-31", 12, "2026-02-01")), back).Events.ShouldBe([back]);
    }
}
