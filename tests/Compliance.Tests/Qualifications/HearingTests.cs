using Compliance.Calendars;
using Compliance.Qualifications;
using static Compliance.Tests.Judging;
using static Compliance.Tests.Qualifications.Ladder;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>听证: before anybody is revoked there are five working days to ask to be heard; who asked is heard first.</summary>
public class HearingTests
{
    private static readonly DateOnly ProposedOn = new(2026, 6, 29);

    /// <summary>The last day to ask: the fifth working day.</summary>
    private static readonly DateOnly LastDay = new(2026, 7, 6);

    private static readonly State Rectified = Granted.Then(s => Closed(s, new(2026, 2, 1), EnforcementMode.Enforce, RateBreached));

    /// <summary>After a failed reassessment.</summary>
    private static readonly State Proposed = Rectified.Then(s => Reassess(s, passed: false, ProposedOn));

    private static readonly State Asked = Proposed.Then(s => AskToBeHeard(s, LastDay));

    private static DateOnly Date(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd");

    private static Decision<Event> Automatically(State state, DateOnly day, DateOnly? recordedOn = null, EnforcementMode mode = EnforcementMode.Enforce) =>
        Decide(state, ClosingOf(state, day), mode, recordedOn: recordedOn, revocation: RevocationMode.Automatic);

    [Theory]
    [InlineData("2026-06-29", "2026-07-06")] // a Monday; the day itself is not counted
    [InlineData("2025-09-30", "2025-10-14")] // the holidays last to 8 October, and Saturday the 11th is worked
    [InlineData("2025-10-10", "2025-10-16")] // with that Saturday
    public void TheDaysToAskAreWorkingDays(string proposedOn, string lastDay) =>
        ShippedCalendars.All.Aggregate(WorkingCalendar.Empty, (calendar, year) => calendar.With(year.Calendar)).AddWorkingDays(Date(proposedOn), Rules.HearingWorkingDays).ShouldBe(Date(lastDay));

    [Fact]
    public void AskedForOnTheLastDayAndNotTheDayAfter()
    {
        Proposed.Pending.ShouldHaveSingleItem().HearUntil.ShouldBe(LastDay);
        When(Proposed, s => AskToBeHeard(s, ProposedOn)).Result.ShouldBe("Requested");
        When(Proposed, s => AskToBeHeard(s, LastDay)).Result.ShouldBe("Requested");
        When(Proposed, s => AskToBeHeard(s, LastDay.AddDays(1))).Result.ShouldBe("hearingPeriodOver");
        // Who asked in time may send it again later.
        When(Asked, s => AskToBeHeard(s, LastDay.AddDays(9))).Result.ShouldBe("nothing");
    }

    [Fact]
    public void NothingIsDecidedBeforeTheLastDayIsOver()
    {
        When(Proposed, s => Revoke(s, LastDay)).Refusal!.Args.ShouldBe([LastDay]);
        When(Proposed, s => Revoke(s, LastDay)).Result.ShouldBe("hearingPeriodOpen");
        When(Proposed, DecideLast(Proposed, agree: true, LastDay)).Result.ShouldBe("hearingPeriodOpen");
        When(Proposed, s => Revoke(s, LastDay.AddDays(1))).Result.ShouldBe("ProposalDecided + Revoked");
        When(Proposed, DecideLast(Proposed, agree: true, LastDay.AddDays(1))).Result.ShouldBe("ProposalDecided + Revoked");
        When(Proposed, DecideLast(Proposed, agree: false, ProposedOn)).Result.ShouldBe("ProposalDecided", "in the subject's favour at any time");
    }

    [Fact]
    public void WhoAskedIsHeardFirstHoweverLongThatTakes()
    {
        When(Asked, s => Revoke(s, LastDay.AddDays(90))).Result.ShouldBe("hearingOutstanding");
        State heard = Asked.Then(s => Hear(s, LastDay.AddDays(60), LastDay.AddDays(61)));
        When(heard, s => Revoke(s, LastDay.AddDays(61))).Result.ShouldBe("ProposalDecided + Revoked");
    }

    [Fact]
    public void HeardWithinTheDaysToAskItMayBeDecidedAtOnce()
    {
        State heard = Proposed.Then(s => AskToBeHeard(s, ProposedOn.AddDays(1))).Then(s => Hear(s, ProposedOn.AddDays(2), ProposedOn.AddDays(2)));
        When(heard, s => Revoke(s, ProposedOn.AddDays(2))).Result.ShouldBe("ProposalDecided + Revoked");
    }

    [Theory]
    [InlineData("2026-07-05", "hearingDay")] // before it was asked for
    [InlineData("2026-07-06", "Held")]
    [InlineData("2026-07-20", "Held")] // today
    [InlineData("2026-07-21", "hearingDay")] // not held yet
    public void ItWasHeldAfterItWasAskedForAndByToday(string heldOn, string result) => When(Asked, s => Hear(s, Date(heldOn), new(2026, 7, 20))).Result.ShouldBe(result);

    [Fact]
    public void ItIsHeldOnceAndOnlyWhereSomebodyAsked()
    {
        When(Proposed, s => Hear(s, LastDay, LastDay)).Result.ShouldBe("noHearingRequested");
        State heard = Asked.Then(s => Hear(s, LastDay.AddDays(2), LastDay.AddDays(2)));
        When(heard, s => Hear(s, LastDay.AddDays(3), LastDay.AddDays(3))).Result.ShouldBe("nothing");
        heard.Pending.ShouldHaveSingleItem().HeardOn.ShouldBe(LastDay.AddDays(2));
    }

    [Fact]
    public void EachProposalHasItsOwnHearing()
    {
        State declined = Asked.Then(s => Hear(s, LastDay, LastDay));
        declined = declined.Then(DecideLast(declined, agree: false, LastDay));
        When(declined, s => AskToBeHeard(s, LastDay)).Result.ShouldBe("noRevocationProposed");
        State again = declined.Then(s => Reassess(s, passed: false, LastDay.AddDays(30)));
        When(again, s => Revoke(s, LastDay.AddDays(30))).Result.ShouldBe("hearingPeriodOpen");
        When(again, s => AskToBeHeard(s, LastDay.AddDays(31))).Result.ShouldBe("Requested");
    }

    /// <summary>After failures in a row as after a failed reassessment.</summary>
    [Fact]
    public void AlsoAfterFailuresInARow()
    {
        State twice = Granted.Then(s => Failed(s, Year(2024), new(2025, 3, 16))).Then(s => Reassess(s, passed: true, new(2025, 7, 1))).Then(s => Failed(s, Year(2025), ProposedOn));
        When(twice, s => Revoke(s, LastDay)).Result.ShouldBe("hearingPeriodOpen");
        When(twice, s => AskToBeHeard(s, LastDay)).Result.ShouldBe("Requested");
        When(twice, s => Revoke(s, LastDay.AddDays(1))).Result.ShouldBe("ProposalDecided + Revoked");
    }

    // where the province lets the system revoke

    [Theory]
    [InlineData("2026-07-05", "2026-07-06", "nothing")] // somebody may still ask
    [InlineData("2026-07-06", "2026-07-07", "ProposalDecided + Revoked")]
    [InlineData("2026-07-06", "2026-07-08", "nothing")] // caught up with: who could not reach the system could not ask
    [InlineData("2026-07-06", "2026-07-27", "nothing")]
    public void RevokedByItselfOnTheClosingOfTheLastDay(string closed, string recordedOn, string result) =>
        When(Proposed, s => Automatically(s, Date(closed), Date(recordedOn))).Result.ShouldBe(result);

    [Fact]
    public void RevokedByItselfItIsTheMonitorsDecisionFromTheDayAfter()
    {
        Decided decided = When(Proposed, s => Automatically(s, LastDay));
        Event.Revoked revoked = decided.Events[^1].ShouldBeOfType<Event.Revoked>();
        (revoked.By, revoked.EffectiveOn, revoked.ProposalId).ShouldBe((Actor.Monitor, LastDay.AddDays(2), Proposed.Proposals[^1].Id));
        decided.Events[0].ShouldBeOfType<Event.ProposalDecided>().By.ShouldBe(Actor.Monitor);
        (decided.After.Standing, decided.After.ValidityOn(LastDay.AddDays(1)), decided.After.ValidityOn(LastDay.AddDays(2))).ShouldBe((Standing.Revoked, Validity.Valid, Validity.Revoked));
    }

    /// <summary>The subject asked, was heard, was spared, or the province wants a person: nothing happens by itself, on that closing or later.</summary>
    [Fact]
    public void NeverByItselfOnceAHearingWasAskedFor()
    {
        State[] others = [Asked, Asked.Then(s => Hear(s, LastDay, LastDay)), Proposed.Then(DecideLast(Proposed, agree: false, LastDay))];
        foreach (State state in others)
            foreach (int after in Enumerable.Range(0, 40))
                When(state, s => Automatically(s, LastDay.AddDays(after))).Result.ShouldBe("nothing");
        When(Proposed, s => Decide(s, ClosingOf(s, LastDay), revocation: RevocationMode.Confirmed)).Result.ShouldBe("nothing");
    }

    /// <summary>The last day to ask fell into a standstill: nobody could ask, so the first day closed in time afterwards revokes nobody either, and a person decides.</summary>
    [Fact]
    public void NeverByItselfOnALaterClosing()
    {
        foreach (int after in Enumerable.Range(1, 40))
            When(Proposed, s => Automatically(s, LastDay.AddDays(after))).Result.ShouldBe("nothing");
        When(Proposed, s => Revoke(s, LastDay.AddDays(9))).Result.ShouldBe("ProposalDecided + Revoked");
    }

    /// <summary>What the proposal rests on waits for a person's word: then revoking does too.</summary>
    [Fact]
    public void NeverByItselfWhileTheSuspensionIsInQuestion()
    {
        When(Proposed, s => Decide(s, ClosingOf(s, LastDay) with { GroundsHold = false }, revocation: RevocationMode.Automatic)).Result.ShouldBe("GroundsUndermined");
        When(Proposed.Then(s => Decide(s, ClosingOf(s, LastDay.AddDays(-2)) with { GroundsHold = false })), s => Automatically(s, LastDay)).Result.ShouldBe("nothing");
        When(Proposed.Then(s => Qualification.RequestReview(s, "not our cases", LastDay.AddDays(14), Holder)), s => Automatically(s, LastDay)).Result.ShouldBe("nothing");
    }
}
