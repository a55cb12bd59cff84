using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Qualifications;
using static Compliance.Tests.Judging;
using static Compliance.Tests.Qualifications.Ladder;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>评估不合格的…暂停…并责令整改 (NV-ASSESS-FAIL-SUSPEND): what a concluded round makes of a qualification, by how far the province lets the system go.</summary>
public class PeriodicAssessmentTests
{
    private static readonly DateOnly ConcludedOn = new(2026, 3, 16);

    private static readonly State FailedOnce = Granted.Then(s => Failed(s, Year(2024), new(2025, 3, 16))).Then(s => Reassess(s, passed: true, new(2025, 7, 1)));

    private static State Warned => Granted.Then(s => Closed(s, ConcludedOn.AddDays(-20), EnforcementMode.Enforce, VolumeBreached));

    [Theory]
    [InlineData(EnforcementMode.Enforce, false, "Assessed + Suspended", "Assessed + Suspended + RevocationProposed")]
    [InlineData(EnforcementMode.Enforce, true, "Assessed + SuspensionProposed", "Assessed + SuspensionProposed + RevocationProposed")]
    [InlineData(EnforcementMode.Confirm, false, "Assessed + SuspensionProposed", "Assessed + SuspensionProposed + RevocationProposed")]
    [InlineData(EnforcementMode.Observe, false, "Assessed", "Assessed")]
    public void AFailedRoundByMode(EnforcementMode mode, bool held, string first, string second)
    {
        foreach (State good in new[] { Granted, Warned })
            When(good, s => Failed(s, Year(2025), ConcludedOn, mode, held)).Result.ShouldBe(first);
        When(FailedOnce, s => Failed(s, Year(2025), ConcludedOn, mode, held)).Result.ShouldBe(second);
    }

    [Theory]
    [InlineData(AssessmentOutcome.Passed)]
    [InlineData(AssessmentOutcome.NotAssessed)]
    public void WhoDidNotFailHasItOnRecordAndNothingElse(AssessmentOutcome outcome)
    {
        foreach (EnforcementMode mode in Enum.GetValues<EnforcementMode>())
            When(FailedOnce, s => Concluded(s, Year(2025), outcome, ConcludedOn, mode)).Result.ShouldBe("Assessed");
    }

    [Fact]
    public void WhereNobodyHasSetAModeTheProvinceObserves()
    {
        State observed = Granted.Then(s => Failed(s, Year(2025), ConcludedOn, EnforcementMode.Observe));
        observed.Assessments.ShouldHaveSingleItem().Counts.ShouldBeFalse();
        PeriodicAssessment.FailuresInRow(observed).ShouldBe(0);
        Granted.Then(s => Failed(s, Year(2025), ConcludedOn)).Assessments.ShouldHaveSingleItem().Counts.ShouldBeTrue();
    }

    [Fact]
    public void TheSuspensionSaysWhichRoundItFollowsFromAndOnWhatGrounds()
    {
        Decided decided = When(Granted, s => Failed(s, Year(2025), ConcludedOn));
        PeriodicAssessment.Event.Assessed assessed = decided.Events[0].ShouldBeOfType<PeriodicAssessment.Event.Assessed>();
        (assessed.Round, assessed.Sitting, assessed.Period, assessed.Outcome, assessed.AssessedOn).ShouldBe((RoundOf(Year(2025)), 1, Year(2025), AssessmentOutcome.Failed, ConcludedOn));
        Event.Suspended suspended = decided.Events[1].ShouldBeOfType<Event.Suspended>();
        (suspended.Round, suspended.Province, suspended.EffectiveOn, suspended.RectificationEndsOn, suspended.By)
            .ShouldBe((RoundOf(Year(2025)), "11", new(2026, 3, 17), new(2026, 6, 17), Actor.Monitor));
        suspended.Grounds!.Findings.ShouldHaveSingleItem().Clause.ShouldBe("NV-RATE-COMP");
        Monitoring.SuspendedFor(decided.After).ShouldHaveSingleItem().Clause.ShouldBe("NV-RATE-COMP");
    }

    [Fact]
    public void TheRevocationSaysWhichRoundWasTheLastAndUntilWhenToAskForAHearing()
    {
        Decided decided = When(FailedOnce, s => Failed(s, Year(2025), ConcludedOn));
        Event.RevocationProposed proposed = decided.Events[^1].ShouldBeOfType<Event.RevocationProposed>();
        (proposed.Round, proposed.Province, proposed.HearUntil).ShouldBe((RoundOf(Year(2025)), "11", HearUntil(ConcludedOn)));
        // Nobody goes on meanwhile who has just failed again.
        decided.After.IsActiveOn(ConcludedOn.AddDays(1)).ShouldBeFalse();
    }

    [Fact]
    public void AHeldOneIsMarkedAsHeldAndOneToConfirmIsNot()
    {
        When(Granted, s => Failed(s, Year(2025), ConcludedOn, held: true)).After.Pending.ShouldHaveSingleItem().Held.ShouldBeTrue();
        When(Granted, s => Failed(s, Year(2025), ConcludedOn, EnforcementMode.Confirm)).After.Pending.ShouldHaveSingleItem().Held.ShouldBeFalse();
    }

    [Fact]
    public void TheProposedSuspensionIsOfTheRoundWhenAgreed()
    {
        State proposed = Granted.Then(s => Failed(s, Year(2025), ConcludedOn, EnforcementMode.Confirm));
        State suspended = proposed.Then(DecideLast(proposed, agree: true, ConcludedOn.AddDays(5)));
        (suspended.StandingSuspension!.Round, suspended.StandingSuspension.EffectiveOn).ShouldBe((RoundOf(Year(2025)), ConcludedOn.AddDays(6)));
    }

    // failures in a row, by their periods

    [Fact]
    public void ThreeRoundsEachOverlappingTheNextAreTwoFailures()
    {
        State state = Granted;
        DaySpan[] periods = [Year(2023), new(new(2023, 7, 1), new(2024, 6, 30)), Year(2024)];
        foreach (DaySpan period in periods)
            state = state.Then(s => Failed(s, period, ConcludedAfter(period))).Then(s => Lift(s, ConcludedAfter(period)));
        PeriodicAssessment.FailuresInRow(state).ShouldBe(2);
    }

    [Theory]
    [InlineData("2024-12-31", 2)] // the day before
    [InlineData("2025-01-01", 1)] // one day in common
    public void OneDayInCommonIsOverlapping(string firstEndsOn, int failures)
    {
        DaySpan first = new(new(2024, 1, 1), DateOnly.ParseExact(firstEndsOn, "yyyy-MM-dd"));
        State state = Granted.Then(s => Failed(s, first, ConcludedAfter(first))).Then(s => Lift(s, ConcludedAfter(first))).Then(s => Failed(s, Year(2025), ConcludedOn));
        PeriodicAssessment.FailuresInRow(state).ShouldBe(failures);
    }

    private static DateOnly ConcludedAfter(DaySpan period) => period.To.AddDays(75);

    /// <summary>Nobody fails again before anybody has told him that he failed: the year 2024, concluded when 2025 was over, says nothing about having been warned.</summary>
    [Theory]
    [InlineData("2025-12-30", 2)]
    [InlineData("2025-12-31", 1)]
    [InlineData("2026-03-25", 1)]
    public void TheFirstWasConcludedBeforeTheSecondPeriodWasOver(string firstConcludedOn, int failures)
    {
        DateOnly first = DateOnly.ParseExact(firstConcludedOn, "yyyy-MM-dd");
        State state = Granted.Then(s => Failed(s, Year(2024), first, EnforcementMode.Confirm)).Then(s => Failed(s, Year(2025), first.AddDays(90), EnforcementMode.Confirm));
        PeriodicAssessment.FailuresInRow(state).ShouldBe(failures);
    }

    /// <summary>Half-yearly rounds judge twelve months each: what failed the first by its figures is seen by the second again, unless observation began anew in between. Items are about the period.</summary>
    [Theory]
    [InlineData("2025-01-01", 1)]
    [InlineData("2025-06-30", 1)]
    [InlineData("2025-07-01", 2)]
    public void TheSameCasesFailNobodyTwice(string secondJudgedFrom, int failures)
    {
        (DaySpan first, DaySpan second) = (new(new(2025, 1, 1), new(2025, 6, 30)), new(new(2025, 7, 1), new(2025, 12, 31)));
        State state = Granted
            .Then(s => Concluded(s, first, AssessmentOutcome.Failed, ConcludedAfter(first), EnforcementMode.Confirm, judgedFrom: new(2024, 7, 1)))
            .Then(s => Concluded(s, second, AssessmentOutcome.Failed, ConcludedAfter(second), EnforcementMode.Confirm, judgedFrom: DateOnly.ParseExact(secondJudgedFrom, "yyyy-MM-dd")));
        PeriodicAssessment.FailuresInRow(state).ShouldBe(failures);
    }

    /// <summary>A6: a round a person opens for a period of his own suspends, and is none of the periodic ones.</summary>
    [Fact]
    public void OnlyScheduledOnesMakeARow()
    {
        Decided decided = When(FailedOnce, s => Concluded(s, Year(2025), AssessmentOutcome.Failed, ConcludedOn, scheduled: false));
        decided.Result.ShouldBe("Assessed + Suspended");
        PeriodicAssessment.FailuresInRow(decided.After).ShouldBe(1);
    }

    /// <summary>Whoever declines to suspend for a failed assessment, says that it should not have failed.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void OneThatAPersonDeclinedIsNoFailure(bool agree, int failures)
    {
        State proposed = Granted.Then(s => Failed(s, Year(2025), ConcludedOn, EnforcementMode.Confirm));
        PeriodicAssessment.FailuresInRow(proposed.Then(DecideLast(proposed, agree, ConcludedOn.AddDays(5)))).ShouldBe(failures);
    }

    [Fact]
    public void OneRevocationIsProposedHoweverManyFail()
    {
        State twice = FailedOnce.Then(s => Failed(s, Year(2025), ConcludedOn));
        When(twice, s => Failed(s, Year(2026), ConcludedOn.AddYears(1))).Result.ShouldBe("Assessed");
    }

    /// <summary>Giving the technique up ends monitoring, not a proceeding: the failure counts, nobody is suspended from what was given up, and revocation is proposed.</summary>
    [Fact]
    public void OneThatHasGivenUpMeanwhile()
    {
        When(Granted.Then(s => Relinquish(s, ConcludedOn.AddDays(-9))), s => Failed(s, Year(2025), ConcludedOn)).Result.ShouldBe("Assessed");
        When(FailedOnce.Then(s => Relinquish(s, ConcludedOn.AddDays(-9))), s => Failed(s, Year(2025), ConcludedOn)).Result.ShouldBe("Assessed + RevocationProposed");
    }

    // a round opened again for what was concealed

    [Fact]
    public void ANewSittingReplacesWhatTheRoundSaidBefore()
    {
        State passed = Granted.Then(s => Concluded(s, Year(2025), AssessmentOutcome.Passed, ConcludedOn));
        Decided again = When(passed, s => Concluded(s, Year(2025), AssessmentOutcome.Failed, ConcludedOn.AddDays(90), sitting: 2));
        again.Result.ShouldBe("Assessed + Suspended");
        again.After.Assessments.ShouldHaveSingleItem().Sitting.ShouldBe(2);
        // The first sitting, recorded late, says nothing any more.
        When(again.After, s => Concluded(s, Year(2025), AssessmentOutcome.Passed, ConcludedOn.AddDays(91))).Result.ShouldBe("nothing");
    }

    [Fact]
    public void FailedInBothSittingsItIsOneFailure()
    {
        State failed = Granted.Then(s => Failed(s, Year(2025), ConcludedOn));
        Decided again = When(failed, s => Concluded(s, Year(2025), AssessmentOutcome.Failed, ConcludedOn.AddDays(40), sitting: 2));
        (again.Result, PeriodicAssessment.FailuresInRow(again.After)).ShouldBe(("Assessed", 1));
    }

    [Fact]
    public void FailedAnewAfterItWasAnnulledItCountsAgain()
    {
        State annulled = Granted.Then(s => Failed(s, Year(2025), ConcludedOn)).Then(s => Annul(s, ConcludedOn.AddDays(9)));
        PeriodicAssessment.FailuresInRow(annulled).ShouldBe(0);
        Decided again = When(annulled, s => Concluded(s, Year(2025), AssessmentOutcome.Failed, ConcludedOn.AddDays(40), sitting: 2));
        (again.Result, PeriodicAssessment.FailuresInRow(again.After)).ShouldBe(("Assessed + Suspended", 1));
    }

    /// <summary>It passed after all: what was only proposed on the strength of the first sitting falls. A suspension that took effect is a person's to annul.</summary>
    [Theory]
    [InlineData(AssessmentOutcome.Passed)]
    [InlineData(AssessmentOutcome.NotAssessed)]
    public void NoLongerFailedWhatItLedToIsWithdrawn(AssessmentOutcome outcome)
    {
        State proposed = FailedOnce.Then(s => Failed(s, Year(2025), ConcludedOn, EnforcementMode.Confirm));
        Decided again = When(proposed, s => Concluded(s, Year(2025), outcome, ConcludedOn.AddDays(3), EnforcementMode.Confirm, sitting: 2, by: Regulator));
        again.Result.ShouldBe("Assessed + ProposalWithdrawn + ProposalWithdrawn");
        again.After.Pending.ShouldBeEmpty();
        // What was proposed for other reasons stays.
        State other = Granted.Then(s => Closed(s, ConcludedOn.AddDays(-1), EnforcementMode.Confirm, RateBreached));
        When(other, s => Concluded(s, Year(2025), outcome, ConcludedOn)).Result.ShouldBe("Assessed");
    }

    // a new grant

    /// <summary>A round about days before the grant, concluded after it or opened again, is on record and says nothing of the new grant: its row is clean.</summary>
    [Fact]
    public void ARoundAboutAnEarlierGrantIsNothingToTheNewOne()
    {
        State anew = FailedOnce.Then(s => Relinquish(s, new(2026, 1, 9))).Then(s => Grant(s, new(2026, 2, 1)));
        Decided decided = When(anew, s => Failed(s, Year(2025), ConcludedOn));
        (decided.Result, PeriodicAssessment.FailuresInRow(decided.After)).ShouldBe(("Assessed", 0));
        When(decided.After, s => Failed(s, Year(2026), ConcludedOn.AddYears(1))).Result.ShouldBe("Assessed + Suspended");
    }

    // two rounds that end on one day

    /// <summary>Half a year and a whole one end on the same day: the one concluded later is the later word.</summary>
    [Theory]
    [InlineData("F P", 0)]
    [InlineData("P F", 1)]
    public void OfTwoRoundsThatEndOnOneDayTheOneConcludedLaterIsTheLater(string outcomes, int failures)
    {
        AssessmentOutcome[] of = [.. outcomes.Split(' ').Select(o => o == "F" ? AssessmentOutcome.Failed : AssessmentOutcome.Passed)];
        State state = Granted.Then(s => Concluded(s, Year(2025), of[0], ConcludedOn)).Then(s => Concluded(s, Year(2025) with { From = new(2025, 7, 1) }, of[1], ConcludedOn.AddDays(5)));
        PeriodicAssessment.FailuresInRow(state).ShouldBe(failures);
    }

    // the monitor's days

    /// <summary>A round judges no day that was closed: the closing of the day it was concluded on, and the days still to be caught up with, are judged as if it were not.</summary>
    [Theory]
    [InlineData(EnforcementMode.Confirm, false)]
    [InlineData(EnforcementMode.Enforce, true)]
    public void ARoundTakesNoClosingFromTheMonitor(EnforcementMode mode, bool held)
    {
        State proposed = Warned.Then(s => Failed(s, Year(2025), ConcludedOn, mode, held));
        proposed.LastJudgedOn.ShouldBe(ConcludedOn.AddDays(-20), "the day of the warning");
        foreach (int before in new[] { 19, 1, 0 })
            When(proposed, s => Closed(s, ConcludedOn.AddDays(-before), EnforcementMode.Enforce, Met("NV-VOL-INST"))).Result.ShouldBe("WarningLifted");
    }

    /// <summary>After a standstill: judged on the closing that concluded the round, in effect from the day after it was recorded, and every later closing is still the monitor's.</summary>
    [Fact]
    public void CaughtUpWithItReachesBackToNothing()
    {
        DateOnly recorded = ConcludedOn.AddDays(20);
        Decided failed = When(FailedOnce, s => Concluded(s, Year(2025), AssessmentOutcome.Failed, ConcludedOn, recordedOn: recorded));
        failed.Events[0].ShouldBeOfType<PeriodicAssessment.Event.Assessed>().AssessedOn.ShouldBe(ConcludedOn);
        Event.Suspended suspended = failed.Events[1].ShouldBeOfType<Event.Suspended>();
        (suspended.JudgedOn, suspended.EffectiveOn, suspended.RectificationEndsOn).ShouldBe((ConcludedOn, recorded.AddDays(1), recorded.AddDays(1).AddMonths(3)));
        failed.Events[2].ShouldBeOfType<Event.RevocationProposed>().HearUntil.ShouldBe(HearUntil(recorded));

        State proposed = Granted.Then(s => Closed(s, ConcludedOn.AddDays(-9), EnforcementMode.Confirm, VolumeBreached));
        State replaced = proposed.Then(s => Concluded(s, Year(2025), AssessmentOutcome.Failed, ConcludedOn, recordedOn: recorded));
        When(replaced, s => Decide(s, ClosingOf(s, ConcludedOn.AddDays(1)) with { GroundsHold = false }, recordedOn: recorded)).Result.ShouldBe("GroundsUndermined");
    }
}
