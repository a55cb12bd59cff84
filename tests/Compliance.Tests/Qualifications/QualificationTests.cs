using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using static Compliance.Tests.Judging;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>The ladder: what is decided in which standing. Every decision is taken twice, and the second gives nothing.</summary>
public class QualificationTests
{
    private static readonly QualificationId Id = new(Subject.Institution("H1"), "neurovascular");
    private static readonly DateOnly GrantedOn = new(2020, 1, 1);
    private static readonly DateOnly Day = AsOf;
    private static readonly DateOnly Tomorrow = Day.AddDays(1);

    private static readonly Finding RateBreached = Breach("NV-RATE-COMP", BreachEffect.Suspend, Day);
    private static readonly Finding VolumeBreached = Breach("NV-VOL-INST", BreachEffect.Warn, Day);

    private static readonly State Good = Given(new Event.Granted(Id, 1, GrantedOn, "G-1", Imported: true, Regulator));
    private static readonly State Warned = When(Good, s => Closed(s, Day.AddDays(-10), EnforcementMode.Enforce, VolumeBreached)).After;
    private static readonly State Suspended = When(Good, s => Closed(s, Day.AddDays(-10), EnforcementMode.Enforce, RateBreached)).After;
    private static readonly State SuspensionProposed = When(Good, s => Closed(s, Day.AddDays(-10), EnforcementMode.Confirm, RateBreached)).After;
    private static readonly State RevocationProposed = When(Suspended, s => Reassess(s, passed: false, Day.AddMonths(4))).After;
    private static readonly State Revoked = When(RevocationProposed, s => Qualification.Revoke(s, "confirmed", Day.AddMonths(5), Regulator)).After;

    private sealed record Decided(IReadOnlyList<Event> Events, Refusal? Refusal, State After);

    private static State Given(params IReadOnlyList<Event> events) => Qualification.Fold(events);

    private static Decided When(State state, Func<State, Decision<Event>> decide)
    {
        var decision = decide(state);
        var after = decision.Events.Aggregate(state, Qualification.Evolve);
        decide(after).Events.ShouldBeEmpty("the same decision taken twice gives one event");
        return new(decision.Events, decision.Refusal, after);
    }

    private static T Single<T>(Decided decided)
        where T : Event => decided.Events.ShouldHaveSingleItem().ShouldBeOfType<T>();

    private static Closing ClosingOf(State state, DateOnly day, params IReadOnlyList<Finding> findings) =>
        new(day, Id, "11", "NV-2012", Judging.Neurovascular.Version, InstitutionWith(Treated(16, severe: 1)), findings, state.Standing, state.Pending.Any(), Monitoring.WouldSuspend(state, day, findings), GroundsHold: null);

    /// <summary>With the seven days that five working days are when no holiday is among them.</summary>
    private static Decision<Event> Reassess(State state, bool passed, DateOnly day) => Qualification.Reassess(state, passed, passed ? "mended" : "not mended", day.AddDays(7), day, Regulator);

    private static Decision<Event> Closed(State state, DateOnly day, EnforcementMode mode, params IReadOnlyList<Finding> findings) =>
        Decide(state, ClosingOf(state, day, findings), mode);

    private static Decision<Event> Decide(State state, Closing closing, EnforcementMode mode, bool held = false, DateOnly? recordedOn = null) =>
        Monitoring.RecordClosing(state, closing, Setting(mode), held, 3, recordedOn ?? closing.Day.AddDays(1), closing.Day.AddDays(8));

    // Nothing moved

    [Theory]
    [InlineData(EnforcementMode.Observe)]
    [InlineData(EnforcementMode.Confirm)]
    [InlineData(EnforcementMode.Enforce)]
    public void NothingBreachedIsNothingDecided(EnforcementMode mode) => When(Good, s => Closed(s, Day, mode, Met("NV-VOL-INST"))).Events.ShouldBeEmpty();

    [Fact]
    public void ObservingRecordsNothing()
    {
        When(Good, s => Closed(s, Day, EnforcementMode.Observe, RateBreached, VolumeBreached)).Events.ShouldBeEmpty();
        When(Warned, s => Closed(s, Day, EnforcementMode.Observe)).Events.ShouldBeEmpty("a standing sanction stays when a province goes back to observing");
        When(Good, s => Monitoring.RecordClosing(s, ClosingOf(s, Day, RateBreached), setting: null, held: false, 3, Tomorrow, Tomorrow)).Events.ShouldBeEmpty();
    }

    [Fact]
    public void WhoIsNotQualifiedIsNotJudged()
    {
        var from = new Event.Granted(Id, 1, Tomorrow, "G-1", Imported: false, Regulator);
        When(Given(from), s => Closed(s, Day, EnforcementMode.Enforce, RateBreached)).Events.ShouldBeEmpty();
        var relinquished = When(Good, s => Qualification.Relinquish(s, "closed", Day.AddDays(-1), Holder)).After;
        When(relinquished, s => Closed(s, Day, EnforcementMode.Enforce, RateBreached)).Events.ShouldBeEmpty();
        Monitoring.WouldSuspend(relinquished, Day, [RateBreached]).ShouldBeFalse();
    }

    [Fact]
    public void AFindingThatDoesNotBindSanctionsNobody() =>
        When(Good, s => Closed(s, Day, EnforcementMode.Enforce, RateBreached with { Binding = false })).Events.ShouldBeEmpty();

    [Fact]
    public void ADayClosedBeforeTheLastOneJudgedDecidesNothing() => When(Warned, s => Closed(s, Day.AddDays(-11), EnforcementMode.Enforce)).Events.ShouldBeEmpty();

    // enforce

    [Fact]
    public void EnforcingWarns()
    {
        var decided = When(Good, s => Closed(s, Day, EnforcementMode.Enforce, VolumeBreached, Met("NV-VOL-INST-TX")));
        var warned = Single<Event.Warned>(decided);
        (warned.JudgedOn, warned.EffectiveOn, warned.By, warned.Grounds.Regulation, warned.Grounds.Version).ShouldBe((Day, Tomorrow.AddDays(1), Actor.Monitor, "NV-2012", Judging.Neurovascular.Version));
        warned.Grounds.Findings.ShouldBe([VolumeBreached]);
        decided.After.Standing.ShouldBe(Standing.Warned);
        decided.After.StandingOn(Day).ShouldBe(Standing.Good);
        decided.After.StandingOn(Tomorrow).ShouldBe(Standing.Warned);
        decided.After.StepOn(Tomorrow)!.EffectiveOn.ShouldBe(Tomorrow.AddDays(1));
    }

    [Fact]
    public void AWarningStandsWhileAnythingIsBreachedAndFallsWithTheLast()
    {
        When(Warned, s => Closed(s, Day, EnforcementMode.Enforce, Breach("NV-INST-PHYS-2", BreachEffect.Warn, Day))).Events.ShouldBeEmpty();
        var lifted = When(Warned, s => Closed(s, Day, EnforcementMode.Enforce, Met("NV-VOL-INST")));
        Single<Event.WarningLifted>(lifted).EffectiveOn.ShouldBe(Tomorrow.AddDays(1));
        lifted.After.Standing.ShouldBe(Standing.Good);
        lifted.After.TookEffectBy(Day.AddYears(1)).ShouldBe(GrantedOn, "a warning gives no fresh start");
    }

    [Fact]
    public void EnforcingSuspendsFromGoodAndFromWarned()
    {
        foreach (var before in new[] { Good, Warned })
        {
            var decided = When(before, s => Closed(s, Day, EnforcementMode.Enforce, RateBreached, VolumeBreached));
            var suspended = Single<Event.Suspended>(decided);
            (suspended.JudgedOn, suspended.EffectiveOn, suspended.Province, suspended.By).ShouldBe((Day, Tomorrow.AddDays(1), "11", Actor.Monitor));
            suspended.Grounds!.Findings.ShouldBe([RateBreached, VolumeBreached]);
            decided.After.StandingSuspension!.Before.ShouldBe(before.Standing);
            decided.After.IsActiveOn(Tomorrow).ShouldBeTrue();
            decided.After.IsActiveOn(Tomorrow.AddDays(1)).ShouldBeFalse();
        }
    }

    [Fact]
    public void ABreachThatMustLastWarnsUntilItHasLasted()
    {
        var lasting = Breach("NV-VOL-INST-TX", BreachEffect.WarnThenSuspend, Day.AddDays(-88), suspendsOn: Tomorrow);
        Single<Event.Warned>(When(Good, s => Closed(s, Day, EnforcementMode.Enforce, lasting)));
        Single<Event.Suspended>(When(Good, s => Closed(s, Tomorrow, EnforcementMode.Enforce, lasting)));
        When(Warned, s => Closed(s, Day, EnforcementMode.Enforce, lasting)).Events.ShouldBeEmpty();
        Single<Event.Suspended>(When(Warned, s => Closed(s, Tomorrow, EnforcementMode.Enforce, lasting)));
    }

    [Fact]
    public void MissedDaysClosedAtOnceReachBackToNothing()
    {
        var suspended = Single<Event.Suspended>(When(Good, s => Decide(s, ClosingOf(s, Day, RateBreached), EnforcementMode.Enforce, recordedOn: Day.AddDays(20))));
        (suspended.JudgedOn, suspended.EffectiveOn).ShouldBe((Day, Day.AddDays(21)));
    }

    [Fact]
    public void WhenTooManyFallAtOnceTheyAreHeldAsProposalsAndWarned()
    {
        var decided = When(Good, s => Decide(s, ClosingOf(s, Day, RateBreached), EnforcementMode.Enforce, held: true));
        decided.Events.Select(e => e.GetType()).ShouldBe([typeof(Event.SuspensionProposed), typeof(Event.Warned)]);
        decided.After.Pending.ShouldHaveSingleItem().Held.ShouldBeTrue();
        // What waits for a person is not decided by the monitor on the next day, when nobody else falls with it.
        When(decided.After, s => Closed(s, Tomorrow, EnforcementMode.Enforce, RateBreached)).Events.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(5, 10, false)]
    [InlineData(6, 10, true)]
    [InlineData(6, 299, true)]
    [InlineData(6, 300, false)] // exactly 2 %
    [InlineData(21, 1000, true)]
    public void TooManyIsMoreThanFiveAndMoreThanTwoPercent(int suspensions, int subjects, bool held) =>
        Enforcement.MustHold(Setting(EnforcementMode.Enforce), suspensions, subjects).ShouldBe(held);

    [Fact]
    public void TooManyIsWhatTheProvinceSays() =>
        Enforcement.MustHold(Setting(EnforcementMode.Enforce) with { HoldAbove = 0 }, 1, 1000).ShouldBeTrue();

    // confirm

    [Fact]
    public void ConfirmingProposesAWarning()
    {
        var decided = When(Good, s => Closed(s, Day, EnforcementMode.Confirm, VolumeBreached));
        var proposed = Single<Event.WarningProposed>(decided);
        decided.After.Standing.ShouldBe(Standing.Good);
        When(decided.After, s => Closed(s, Tomorrow, EnforcementMode.Confirm, VolumeBreached)).Events.ShouldBeEmpty("it is proposed already");

        var agreed = When(decided.After, s => Qualification.DecideProposal(s, proposed.ProposalId, agree: true, "right", 3, Tomorrow, Regulator));
        agreed.Events.Select(e => e.GetType()).ShouldBe([typeof(Event.ProposalDecided), typeof(Event.Warned)]);
        agreed.After.Standing.ShouldBe(Standing.Warned);
    }

    [Fact]
    public void ConfirmingProposesASuspensionWhichTakesEffectWhenAgreed()
    {
        var proposal = SuspensionProposed.Pending.ShouldHaveSingleItem();
        (proposal.Sanction, proposal.Held, proposal.Province).ShouldBe((Sanction.Suspension, false, "11"));
        SuspensionProposed.Standing.ShouldBe(Standing.Good);
        var agreed = When(SuspensionProposed, s => Qualification.DecideProposal(s, proposal.Id, agree: true, "right", 3, Day, Regulator));
        var suspended = agreed.Events[^1].ShouldBeOfType<Event.Suspended>();
        (suspended.EffectiveOn, suspended.RectificationEndsOn, suspended.By, suspended.ProposalId).ShouldBe((Tomorrow, Tomorrow.AddMonths(3), Regulator, proposal.Id));
        suspended.Grounds!.Findings.ShouldBe([RateBreached]);
    }

    [Fact]
    public void AProposalIsWithdrawnWhenItsGroundsFall() =>
        Single<Event.ProposalWithdrawn>(When(SuspensionProposed, s => Closed(s, Day, EnforcementMode.Confirm, Met("NV-RATE-COMP")))).By.ShouldBe(Actor.Monitor);

    [Fact]
    public void AHeavierProposalTakesTheLightersPlace()
    {
        var warning = When(Good, s => Closed(s, Day, EnforcementMode.Confirm, VolumeBreached)).After;
        When(warning, s => Closed(s, Tomorrow, EnforcementMode.Confirm, VolumeBreached, RateBreached)).Events.Select(e => e.GetType())
            .ShouldBe([typeof(Event.ProposalWithdrawn), typeof(Event.SuspensionProposed)]);
    }

    [Fact]
    public void GoingOverToEnforceSuspendsInPlaceOfTheProposal() =>
        When(SuspensionProposed, s => Closed(s, Day, EnforcementMode.Enforce, RateBreached)).Events.Select(e => e.GetType())
            .ShouldBe([typeof(Event.ProposalWithdrawn), typeof(Event.Suspended)]);

    [Fact]
    public void WhatWasDeclinedIsNotProposedAgainWhileTheSameBreachLasts()
    {
        var breach = RateBreached with { Since = Day.AddDays(-10) };
        var declined = When(SuspensionProposed, s => Qualification.DecideProposal(s, SuspensionProposed.Proposals[0].Id, agree: false, "a fault in the data", 3, Day, Regulator)).After;
        declined.Pending.ShouldBeEmpty();
        foreach (var mode in new[] { EnforcementMode.Confirm, EnforcementMode.Enforce })
        {
            When(declined, s => Closed(s, Day, mode, breach)).Events.ShouldAllBe(e => e is Event.WarningProposed || e is Event.Warned);
        }

        Monitoring.WouldSuspend(declined, Day, [breach]).ShouldBeFalse();
        var again = breach with { Since = Day.AddDays(5) };
        Single<Event.SuspensionProposed>(When(declined, s => Closed(s, Day.AddDays(5), EnforcementMode.Confirm, again))).ProposalId.ShouldNotBe(SuspensionProposed.Proposals[0].Id);
    }

    /// <summary>The closing's rows were written while the proposal was pending; a person declined it before the monitor came to decide.</summary>
    [Fact]
    public void WhatIsDeclinedAfterTheDayWasClosedIsNotProposedAgain()
    {
        var closing = ClosingOf(SuspensionProposed, Day, RateBreached with { Since = Day.AddDays(-10) });
        closing.WouldSuspend.ShouldBeTrue();
        var declined = When(SuspensionProposed, s => Qualification.DecideProposal(s, SuspensionProposed.Proposals[0].Id, agree: false, "a fault in the data", 3, Tomorrow, Regulator)).After;
        When(declined, s => Decide(s, closing, EnforcementMode.Confirm)).Events.ShouldNotContain(e => e is Event.SuspensionProposed);
        When(declined, s => Decide(s, closing, EnforcementMode.Enforce)).Events.ShouldNotContain(e => e is Event.Suspended);
    }

    [Fact]
    public void AProposalIsDecidedOnce()
    {
        var id = SuspensionProposed.Proposals[0].Id;
        var agreed = When(SuspensionProposed, s => Qualification.DecideProposal(s, id, agree: true, "right", 3, Day, Regulator)).After;
        When(agreed, s => Qualification.DecideProposal(s, id, agree: false, "wrong", 3, Day, Regulator)).Refusal!.Code.ShouldBe("proposalDecided");
        var withdrawn = When(SuspensionProposed, s => Closed(s, Day, EnforcementMode.Confirm, Met("NV-RATE-COMP"))).After;
        When(withdrawn, s => Qualification.DecideProposal(s, id, agree: true, "right", 3, Day, Regulator)).Refusal!.Code.ShouldBe("proposalWithdrawn");
        When(Good, s => Qualification.DecideProposal(s, Guid.Empty, agree: true, "right", 3, Day, Regulator)).Refusal!.Kind.ShouldBe(RefusalKind.NotFound);
    }

    // suspended: lifted, annulled, upheld, objected to

    [Fact]
    public void ALiftingGivesAFreshStart()
    {
        var lifted = When(Suspended, s => Qualification.Lift(s, "mended", Day, Regulator));
        Single<Event.SuspensionLifted>(lifted).EffectiveOn.ShouldBe(Tomorrow);
        lifted.After.Standing.ShouldBe(Standing.Good);
        lifted.After.IsSuspendedOn(Day).ShouldBeTrue();
        lifted.After.IsSuspendedOn(Tomorrow).ShouldBeFalse();
        lifted.After.TookEffectBy(Day).ShouldBe(GrantedOn);
        lifted.After.TookEffectBy(Tomorrow).ShouldBe(Tomorrow);
        lifted.After.WasSuspendedWithin(new(Day, Tomorrow)).ShouldBeTrue();
    }

    [Fact]
    public void TheClosingOfTheDayOfALiftingDoesNotSuspendAgain()
    {
        var lifted = When(Suspended, s => Qualification.Lift(s, "mended", Day, Regulator)).After;
        Monitoring.WouldSuspend(lifted, Day, [RateBreached]).ShouldBeFalse();
        When(lifted, s => Closed(s, Day, EnforcementMode.Enforce, RateBreached)).Events.ShouldBeEmpty();
        Single<Event.Suspended>(When(lifted, s => Closed(s, Tomorrow, EnforcementMode.Enforce, RateBreached)));
    }

    [Fact]
    public void AnAnnulledSuspensionNeverWas()
    {
        var suspended = When(Warned, s => Closed(s, Day.AddDays(-5), EnforcementMode.Enforce, RateBreached)).After;
        var annulled = When(suspended, s => Qualification.Annul(s, "the data were wrong", Day, Regulator));
        Single<Event.SuspensionAnnulled>(annulled).EffectiveOn.ShouldBe(Tomorrow);
        annulled.After.Standing.ShouldBe(Standing.Warned);
        annulled.After.StandingOn(Day.AddDays(-3)).ShouldBe(Standing.Warned);
        annulled.After.IsSuspendedOn(Day.AddDays(-3)).ShouldBeFalse();
        annulled.After.ActiveSpans().ShouldBe(Good.ActiveSpans(), ignoreOrder: true, customMessage: "the flags it caused fall");
        annulled.After.TookEffectBy(Day.AddYears(1)).ShouldBe(GrantedOn);
        annulled.After.WasSuspendedWithin(new(Day, Day)).ShouldBeTrue("the holder was kept from working all the same");
    }

    [Fact]
    public void FallenGroundsAreForAPersonToDecideOnOnce()
    {
        Decision<Event> Undermined(State s) => Decide(s, ClosingOf(s, Day) with { GroundsHold = false }, EnforcementMode.Observe);
        var undermined = When(Suspended, Undermined);
        Single<Event.GroundsUndermined>(undermined);
        undermined.After.Standing.ShouldBe(Standing.Suspended);
        var upheld = When(undermined.After, s => Qualification.Uphold(s, "other cases weigh the same", Regulator)).After;
        upheld.StandingSuspension!.Undermined.ShouldBeFalse();
        When(upheld, s => Decide(s, ClosingOf(s, Tomorrow) with { GroundsHold = false }, EnforcementMode.Enforce)).Events.ShouldBeEmpty();
        When(Suspended, s => Decide(s, ClosingOf(s, Day) with { GroundsHold = true }, EnforcementMode.Enforce)).Events.ShouldBeEmpty();
    }

    [Fact]
    public void AnObjectionIsDecidedByAPerson()
    {
        var objected = When(Suspended, s => Qualification.RequestReview(s, "not our cases", Day.AddDays(14), Holder));
        Single<Event.ReviewRequested>(objected).DecisionDueOn.ShouldBe(Day.AddDays(14));
        When(objected.After, s => Qualification.Uphold(s, "they are", Regulator)).After.StandingSuspension!.ReviewPending.ShouldBeFalse();
        When(Suspended, s => Qualification.Uphold(s, "nobody asked", Regulator)).Refusal!.Code.ShouldBe("nothingToReview");
    }

    [Fact]
    public void APlanIsFiledOnce()
    {
        var filed = When(Suspended, s => Qualification.FileRectificationPlan(s, "we hire", Day, Holder));
        Single<Event.RectificationPlanFiled>(filed);
        Single<Event.RectificationPlanFiled>(When(filed.After, s => Qualification.FileRectificationPlan(s, "we hire two", Day, Holder)));
    }

    [Fact]
    public void WithoutASuspensionThereIsNothingToEnd()
    {
        Func<State, Decision<Event>>[] decisions =
        [
            s => Qualification.Lift(s, "x", Day, Regulator),
            s => Qualification.Annul(s, "x", Day, Regulator),
            s => Qualification.Uphold(s, "x", Regulator),
            s => Qualification.RequestReview(s, "x", Day, Holder),
            s => Qualification.FileRectificationPlan(s, "x", Day, Holder),
            s => Reassess(s, passed: true, Day),
        ];
        foreach (var decide in decisions)
        {
            When(Good, decide).Refusal!.Code.ShouldBe("notSuspended");
            When(Warned, decide).Refusal!.Code.ShouldBe("notSuspended");
            When(Revoked, decide).Refusal!.Code.ShouldBe("notSuspended");
            When(State.Initial, decide).Refusal!.Code.ShouldBe("noSuchQualification");
        }
    }

    // a named person suspends

    [Fact]
    public void ANamedPersonSuspendsInAnyMode()
    {
        foreach (var before in new[] { Good, Warned })
        {
            var suspended = Single<Event.Suspended>(When(before, s => Qualification.Suspend(s, "11", "inspection", 3, Day, Regulator)));
            (suspended.Grounds, suspended.Reason, suspended.By, suspended.EffectiveOn).ShouldBe((null, "inspection", Regulator, Tomorrow));
        }

        When(Suspended, s => Qualification.Suspend(s, "11", "inspection", 3, Day, Regulator)).Events.ShouldBeEmpty();
        When(Revoked, s => Qualification.Suspend(s, "11", "inspection", 3, Day, Regulator)).Refusal!.Code.ShouldBe("standingChanged");
        When(State.Initial, s => Qualification.Suspend(s, "11", "inspection", 3, Day, Regulator)).Refusal!.Code.ShouldBe("noSuchQualification");
    }

    /// <summary>The act of a person is recorded as that person's, and closes no day for the monitor.</summary>
    [Fact]
    public void WhatAPersonsActReplacesIsWithdrawnByThatPerson()
    {
        var decided = When(SuspensionProposed, s => Qualification.Suspend(s, "11", "inspection", 3, Day, Regulator));
        decided.Events[0].ShouldBeOfType<Event.ProposalWithdrawn>().By.ShouldBe(Regulator);
        decided.After.LastJudgedOn.ShouldBe(SuspensionProposed.LastJudgedOn);
    }

    // rectification, reassessment, revocation

    [Theory]
    [InlineData("2025-11-30", "2026-03-01")]
    [InlineData("2025-12-31", "2026-04-01")]
    [InlineData("2025-08-31", "2025-12-01")]
    [InlineData("2025-09-15", "2025-12-16")]
    public void ReassessedAtTheEarliestTheDayAfterThreeMonths(string effectiveOn, string reassessedFrom)
    {
        var (effective, from) = (DateOnly.ParseExact(effectiveOn, "yyyy-MM-dd"), DateOnly.ParseExact(reassessedFrom, "yyyy-MM-dd"));
        var suspended = When(Good, s => Qualification.Suspend(s, "11", "inspection", 3, effective.AddDays(-1), Regulator)).After;
        suspended.StandingSuspension!.EffectiveOn.ShouldBe(effective);
        When(suspended, s => Reassess(s, passed: true, from.AddDays(-1))).Refusal!.Code.ShouldBe("rectificationNotEnded");
        When(suspended, s => Reassess(s, passed: true, from)).Events
            .Select(e => e.GetType()).ShouldBe([typeof(Event.Reassessed), typeof(Event.Reinstated)]);
    }

    [Fact]
    public void PassedReinstatesAndObservationStartsAnew()
    {
        var day = Day.AddMonths(4);
        var after = When(Suspended, s => Reassess(s, passed: true, day)).After;
        (after.Standing, after.TookEffectBy(day.AddDays(1)), after.IsActiveOn(day), after.IsActiveOn(day.AddDays(1))).ShouldBe((Standing.Good, day.AddDays(1), false, true));
    }

    [Fact]
    public void FailedOnlyProposesRevocation()
    {
        RevocationProposed.Standing.ShouldBe(Standing.Suspended);
        var proposal = RevocationProposed.Pending.ShouldHaveSingleItem();
        (proposal.Sanction, proposal.Province).ShouldBe((Sanction.Revocation, "11"));
        When(RevocationProposed, s => Reassess(s, passed: true, Day.AddMonths(5))).Refusal!.Code.ShouldBe("proposalPending");
        Revoked.Standing.ShouldBe(Standing.Revoked);
        Revoked.ValidityOn(Day.AddMonths(5)).ShouldBe(Validity.Valid);
        Revoked.ValidityOn(Day.AddMonths(5).AddDays(1)).ShouldBe(Validity.Revoked);
    }

    [Fact]
    public void NothingIsRevokedWithoutAProposal()
    {
        When(Good, s => Qualification.Revoke(s, "x", Day, Regulator)).Refusal!.Code.ShouldBe("noRevocationProposed");
        When(Suspended, s => Qualification.Revoke(s, "x", Day, Regulator)).Refusal!.Code.ShouldBe("noRevocationProposed");
        var declined = When(RevocationProposed, s => Qualification.DecideProposal(s, s.Proposals[^1].Id, agree: false, "one more chance", 3, Day.AddMonths(5), Regulator)).After;
        declined.Standing.ShouldBe(Standing.Suspended);
        When(declined, s => Qualification.Revoke(s, "x", Day.AddMonths(6), Regulator)).Refusal!.Code.ShouldBe("noRevocationProposed");
    }

    /// <summary>Not with the failed reassessment: the days to ask for a hearing come first.</summary>
    [Fact]
    public void WhereTheProvinceLetsItTheSystemRevokesOnTheClosingOfTheLastDayToAskForAHearing()
    {
        var lastDay = RevocationProposed.Pending.ShouldHaveSingleItem().HearUntil!.Value;
        lastDay.ShouldBe(Day.AddMonths(4).AddDays(7));
        Decision<Event> Close(State s, DateOnly day, RevocationMode revocation) =>
            Monitoring.RecordClosing(s, ClosingOf(s, day), Setting(EnforcementMode.Enforce), held: false, 3, day.AddDays(1), day.AddDays(8), revocation);

        When(RevocationProposed, s => Close(s, lastDay.AddDays(-1), RevocationMode.Automatic)).Events.ShouldBeEmpty();
        When(RevocationProposed, s => Close(s, lastDay, RevocationMode.Confirmed)).Events.ShouldBeEmpty("here a named person decides");
        var decided = When(RevocationProposed, s => Close(s, lastDay, RevocationMode.Automatic));
        var revoked = decided.Events[^1].ShouldBeOfType<Event.Revoked>();
        (revoked.By, revoked.EffectiveOn).ShouldBe((Actor.Monitor, lastDay.AddDays(2)));
        decided.After.Pending.ShouldBeEmpty();
    }

    // grants and ends

    [Fact]
    public void GrantedOnce()
    {
        Decision<Event> Grant(State s, DateOnly on, string reference) => Qualification.GrantIt(s, Id, on, reference, imported: false, Regulator);
        Single<Event.Granted>(When(State.Initial, s => Grant(s, Tomorrow, "G-7"))).Grant.ShouldBe(1);
        When(Good, s => Grant(s, GrantedOn, "G-1")).Events.ShouldBeEmpty();
        When(Good, s => Grant(s, Tomorrow, "G-2")).Refusal!.Code.ShouldBe("alreadyGranted");
        When(Suspended, s => Grant(s, Tomorrow, "G-2")).Refusal!.Code.ShouldBe("proceedingPending");
        When(SuspensionProposed, s => Grant(s, Tomorrow, "G-2")).Refusal!.Code.ShouldBe("proceedingPending");
    }

    [Fact]
    public void AfterRevocationANewGrantStartsClean()
    {
        var again = Day.AddMonths(12);
        When(Revoked, s => Qualification.GrantIt(s, Id, Day.AddMonths(5), "G-2", imported: false, Regulator)).Refusal!.Code.ShouldBe("grantBeforeEnd");
        var granted = When(Revoked, s => Qualification.GrantIt(s, Id, again, "G-2", imported: false, Regulator));
        Single<Event.Granted>(granted).Grant.ShouldBe(2);
        granted.After.Standing.ShouldBe(Standing.Good);
        granted.After.StandingOn(again.AddDays(-1)).ShouldBe(Standing.Revoked);
        granted.After.TookEffectBy(again).ShouldBe(again);
        // The old suspension ended with the revocation: it keeps the new holder neither from working nor from being judged.
        granted.After.IsSuspendedOn(again).ShouldBeFalse();
        granted.After.IsActiveOn(again).ShouldBeTrue();
        granted.After.WasSuspendedWithin(new(again, again.AddYears(1))).ShouldBeFalse();
        Single<Event.Suspended>(When(granted.After, s => Closed(s, again.AddYears(1), EnforcementMode.Enforce, RateBreached)));
    }

    /// <summary>The list of qualifications from before the system is sent again after one of them was given up and granted anew.</summary>
    [Fact]
    public void AnOldGrantSentAgainChangesNothing()
    {
        var relinquished = When(Good, s => Qualification.Relinquish(s, "closed", Day, Holder)).After;
        var anew = When(relinquished, s => Qualification.GrantIt(s, Id, Day.AddDays(30), "G-2", imported: false, Regulator)).After;
        var sentAgain = When(anew, s => Qualification.GrantIt(s, Id, GrantedOn, "G-1", imported: true, Regulator));
        (sentAgain.Events.Count, sentAgain.Refusal).ShouldBe((0, null));
    }

    [Fact]
    public void GivingUpEndsMonitoringAndNoProceeding()
    {
        var relinquished = When(Suspended, s => Qualification.Relinquish(s, "closed", Day, Holder));
        Single<Event.Relinquished>(relinquished).EffectiveOn.ShouldBe(Tomorrow);
        (relinquished.After.ValidityOn(Day), relinquished.After.ValidityOn(Tomorrow), relinquished.After.Standing).ShouldBe((Validity.Valid, Validity.Relinquished, Standing.Suspended));
        When(relinquished.After, s => Reassess(s, passed: false, Day.AddMonths(4))).Refusal.ShouldBeNull();
        When(Revoked, s => Qualification.Relinquish(s, "x", Day, Holder)).Refusal!.Code.ShouldBe("standingChanged");
        When(State.Initial, s => Qualification.Relinquish(s, "x", Day, Holder)).Refusal!.Code.ShouldBe("noSuchQualification");
    }

    [Fact]
    public void DaysOfWork()
    {
        var lifted = When(Suspended, s => Qualification.Lift(s, "mended", Day, Regulator)).After;
        var ended = When(lifted, s => Qualification.Relinquish(s, "closed", Day.AddDays(100), Holder)).After;
        var suspendedOn = Day.AddDays(-8);
        ended.ActiveSpans().ShouldBe([new DaySpan(GrantedOn, suspendedOn.AddDays(-1)), new DaySpan(Tomorrow, Day.AddDays(100))]);
        Revoked.ActiveSpans().ShouldBe([new DaySpan(GrantedOn, suspendedOn.AddDays(-1))]);
    }
}
