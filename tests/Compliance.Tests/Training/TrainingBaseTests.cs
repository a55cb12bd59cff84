using System.Text.Json;
using Compliance.Metrics;
using Compliance.Regulations;
using Compliance.Training;

namespace Compliance.Tests.Training;

/// <summary>The life of a training base; today is 10 March 2026.</summary>
public class TrainingBaseTests
{
    private static readonly DateOnly Today = new(2026, 3, 10);
    private static readonly TrainingBaseId Id = new("national", "neurovascular", "H1");
    private static readonly Actor Hospital = new("hospital", "li.na");
    private static readonly Actor Ministry = new("national", "zhao.lei");
    private static readonly Regulation Rules = ShippedRegulations.Set.All.Single(r => r.Id == "NV-2012");

    private static readonly BaseGrounds AllMet = Grounds(ConditionOutcome.Met);
    private static readonly BaseGrounds OneShort = Grounds(ConditionOutcome.NotMet);

    private static BaseGrounds Grounds(ConditionOutcome tutors) => new(
        "trainingBaseConditions", "NV-2012", 3, Today, new(2026, 2, 24), [new("NV-TB-LEVEL", ConditionOutcome.Met, ["level"], [], null, null, null), new("NV-TB-TUTORS", tutors, ["tutors"], [], null, null, null)], []);

    private static AttestedFact Fact(string name, int value) => new(name, JsonSerializer.SerializeToElement(value), Today, null, []);

    /// <summary>Decides, and again on what came of it: the same decision twice is one.</summary>
    private static TrainingBase.State Then(TrainingBase.State state, Func<TrainingBase.State, Decision<TrainingBase.Event>> decide, int events = 1)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull();
        decision.Events.Count.ShouldBe(events);
        var after = decision.Events.Aggregate(state, TrainingBase.Evolve);
        var again = decide(after);
        (again.Refusal, again.Events.Count).ShouldBe((null, 0));
        return after;
    }

    private static string? Refused(Decision<TrainingBase.Event> decision)
    {
        decision.Events.ShouldBeEmpty();
        return decision.Refusal?.Code;
    }

    private static TrainingBase.State Applied => Then(TrainingBase.State.Initial, s => TrainingBase.Apply(s, Id, Rules, [Fact("neurologyBeds", 60)], Today, Hospital));

    private static Decision<TrainingBase.Event> Recognise(TrainingBase.State state, DateOnly? on = null, BaseGrounds? grounds = null, bool imported = false) =>
        TrainingBase.Recognise(state, Id, grounds ?? AllMet, on ?? Today, "R-1", imported, Today, Ministry);

    private static TrainingBase.State Recognised => Then(Applied, s => Recognise(s));

    [Fact]
    public void AnApplicationIsOneUntilItIsDecided()
    {
        var state = Applied;
        (state.Status, state.Applications, state.AppliedOn, state.IsRecognised(Today)).ShouldBe((BaseStatus.Applied, 1, Today, false));
        Refused(TrainingBase.Apply(state, Id, Rules, [Fact("neurologyBeds", 61)], Today, Hospital)).ShouldBe("trainingBaseApplicationOpen");
        state = Then(state, s => TrainingBase.Attest(s, [Fact("neurologyBeds", 61)], Today, Hospital));
        state.AttestedBy(Today).ShouldHaveSingleItem().Value.GetInt32().ShouldBe(61);
        state.AttestedBy(Today.AddDays(-1)).ShouldBeEmpty("it held on that day only");
        Refused(TrainingBase.Attest(TrainingBase.State.Initial, [Fact("neurologyBeds", 61)], Today, Hospital)).ShouldBe("noSuchTrainingBase");
    }

    [Fact]
    public void RecognitionNeedsAnApplicationAndEveryClause()
    {
        Refused(Recognise(TrainingBase.State.Initial)).ShouldBe("noTrainingBaseApplication");
        var refused = Recognise(Applied, grounds: OneShort);
        (Refused(refused), refused.Refusal!.Args.Single()).ShouldBe(("conditionsNotMet", "NV-TB-TUTORS"));
        Refused(Recognise(Applied, Today.AddDays(-1))).ShouldBe("notBefore");
        var later = Then(Applied, s => Recognise(s, Today.AddDays(1)));
        (later.IsRecognised(Today), later.IsRecognised(Today.AddDays(1)), later.Status).ShouldBe((false, true, BaseStatus.Recognised));
        Refused(Recognise(Recognised, Today.AddDays(5))).ShouldBe("trainingBaseRecognised");
        Refused(TrainingBase.Apply(Recognised, Id, Rules, [], Today, Hospital)).ShouldBe("trainingBaseRecognised");
    }

    [Fact]
    public void OneRecognisedBeforeTheSystemIsRecordedAndNotJudged()
    {
        var state = Then(TrainingBase.State.Initial, s => Recognise(s, new(2015, 5, 1), OneShort, imported: true));
        (state.IsRecognised(new(2015, 4, 30)), state.IsRecognised(new(2015, 5, 1)), state.IsRecognised(Today)).ShouldBe((false, true, true));
        ((TrainingBase.Event.Recognised)Recognise(TrainingBase.State.Initial, new(2015, 5, 1), OneShort, imported: true).Events.Single()).Grounds.ShouldBeNull();
        Refused(Recognise(TrainingBase.State.Initial, Today, imported: true)).ShouldBe("notAfter");
        Recognise(TrainingBase.State.Initial, Today.AddDays(-1), imported: true).Refusal.ShouldBeNull();
        state.ReviewDueOn(12).ShouldBe(new DateOnly(2027, 3, 10), "its first review is counted from the day it was recorded");
    }

    /// <summary>Else one flag would be a recognition without judgement.</summary>
    [Fact]
    public void WhoAppliedOrWasRecognisedHereIsNotRecordedAsFromBefore()
    {
        Refused(Recognise(Applied, new(2015, 5, 1), imported: true)).ShouldBe("trainingBaseApplicationOpen");
        var withdrawn = Then(Recognised, s => TrainingBase.Withdraw(s, "r", Today, Ministry));
        Refused(TrainingBase.Recognise(withdrawn, Id, null, Today.AddDays(5), "R-9", true, Today.AddDays(9), Ministry)).ShouldBe("recognisedHereBefore");
    }

    /// <summary>NV-TRB-*: of the year, at every review; the conditions of the recognition hold until something else is attested.</summary>
    [Fact]
    public void TheDutiesOfTrainingAreAttestedAnewForEveryReview()
    {
        var review = Rules.Path("trainingBase")!;
        var day = Today.AddMonths(11);
        AttestedFact On(string name, DateOnly on) => Fact(name, 4) with { HeldOn = on };
        ConditionOutcome Outcome(TrainingBase.State of, string clause, DateOnly asOf) =>
            TrainingBase.Judge(of, Rules, review, new(asOf, new Dictionary<string, JsonElement>(), new(0, 0, 0), null, new Dictionary<string, DateOnly>()), asOf).Results.Single(r => r.Clause == clause).Outcome;
        var state = Then(Recognised, s => TrainingBase.Attest(s, [On("theoryTests", day), On("interventionalBeds", Today), On("neurosurgeryBeds", Today)], day, Hospital));
        state.AttestedFor(Rules, review, day).ShouldAllBe(a => a.ValidUntil == null);
        state = Then(state, s => TrainingBase.RecordReview(s, AllMet, "fine", day, Ministry));
        state.AttestedFor(Rules, review, day).ShouldAllBe(a => a.ValidUntil == null, "on the day of the review it still says what it said");
        var later = state.AttestedFor(Rules, review, day.AddDays(1)).ToDictionary(a => a.Fact, a => a.ValidUntil);
        (later["theoryTests"], later["interventionalBeds"]).ShouldBe((day, null));
        Outcome(state, "NV-TRB-TESTS", day.AddYears(1)).ShouldBe(ConditionOutcome.Expired);
        state.AttestedFor(Rules, Rules.Path("trainingBaseConditions")!, day.AddDays(1)).ShouldAllBe(a => a.ValidUntil == null);
        Then(state, s => TrainingBase.Attest(s, [On("theoryTests", day.AddDays(1))], day.AddDays(1), Hospital)).AttestedFor(Rules, review, day.AddDays(1)).Single(a => a.Fact == "theoryTests").ValidUntil.ShouldBeNull();
    }

    /// <summary>The period of the next review is that of the regulation in force when the last look was recorded, not when it takes effect.</summary>
    [Fact]
    public void ALookIsRecordedBeforeItTakesEffect()
    {
        var state = Then(Applied, s => Recognise(s, Today.AddDays(30)));
        (state.LookedAtOn, state.LookedAtRecordedOn).ShouldBe((Today.AddDays(30), Today));
        Applied.LookedAtRecordedOn.ShouldBeNull();
    }

    [Fact]
    public void ARefusalIsAnsweredByANewApplication()
    {
        var refused = Then(Applied, s => TrainingBase.Refuse(s, OneShort, "too few tutors", Today, Ministry));
        (refused.Status, refused.Reason).ShouldBe((BaseStatus.Refused, "too few tutors"));
        Refused(Recognise(refused)).ShouldBe("noTrainingBaseApplication");
        var again = Then(refused, s => TrainingBase.Apply(s, Id, Rules, [], Today.AddDays(30), Hospital));
        (again.Status, again.Applications, again.Reason).ShouldBe((BaseStatus.Applied, 2, null));
        Refused(TrainingBase.Refuse(Recognised, OneShort, "r", Today, Ministry)).ShouldBe("noTrainingBaseApplication");
    }

    [Theory]
    [InlineData("2026-03-10", "2027-03-10")]
    [InlineData("2028-02-29", "2029-02-28")]
    public void AReviewIsDueOnTheCorrespondingDay(string recognisedOn, string dueOn) =>
        Then(Applied, s => Recognise(s, DateOnly.Parse(recognisedOn))).ReviewDueOn(12).ShouldBe(DateOnly.Parse(dueOn));

    [Fact]
    public void AReviewNotPassedWithdrawsNothingAndMovesTheNext()
    {
        var day = Today.AddMonths(11);
        var state = Then(Recognised, s => TrainingBase.RecordReview(s, OneShort, "two tutors left", day, Ministry));
        (state.Reviews.Single().Passed, state.IsRecognised(day), state.Status, state.ReviewDueOn(12)).ShouldBe((false, true, BaseStatus.Recognised, day.AddMonths(12)));
        Then(Recognised, s => TrainingBase.RecordReview(s, null, "designated by the province: nothing is asked", day, Ministry)).Reviews.Single().Passed.ShouldBeTrue();
        Refused(TrainingBase.RecordReview(Applied, AllMet, "r", Today, Ministry)).ShouldBe("trainingBaseNotRecognised");
    }

    [Fact]
    public void AWithdrawalHoldsFromTomorrowAndOwesNoReview()
    {
        var state = Then(Recognised, s => TrainingBase.Withdraw(s, "two tutors left", Today.AddDays(20), Ministry));
        (state.IsRecognised(Today.AddDays(20)), state.IsRecognised(Today.AddDays(21)), state.Status, state.ReviewDueOn(12)).ShouldBe((true, false, BaseStatus.Withdrawn, null));
        Refused(TrainingBase.Withdraw(Applied, "r", Today, Ministry)).ShouldBe("trainingBaseNotRecognised");

        // A new application; the recognition does not begin before the last has ended.
        var again = Then(state, s => TrainingBase.Apply(s, Id, Rules, [], Today.AddDays(20), Hospital));
        Refused(TrainingBase.Recognise(again, Id, AllMet, Today.AddDays(20), "R-2", false, Today.AddDays(20), Ministry)).ShouldBe("notBefore");
        again = Then(again, s => TrainingBase.Recognise(s, Id, AllMet, Today.AddDays(40), "R-2", false, Today.AddDays(20), Ministry));
        (again.IsRecognised(Today), again.IsRecognised(Today.AddDays(39)), again.IsRecognised(Today.AddDays(40))).ShouldBe((true, false, true));
    }

    [Fact]
    public void OneWithdrawnBeforeItBeganNeverWas()
    {
        var state = Then(Then(Applied, s => Recognise(s, Today.AddDays(30))), s => TrainingBase.Withdraw(s, "in error", Today, Ministry));
        Enumerable.Range(0, 60).Any(n => state.IsRecognised(Today.AddDays(n))).ShouldBeFalse();
        state.TrainingSpans(needsQualification: false, []).ShouldBeEmpty();
    }

    [Fact]
    public void AnInstitutionGivesUpItsApplicationOrItsRecognition()
    {
        Then(Applied, s => TrainingBase.GiveUp(s, "not now", Today, Hospital)).Status.ShouldBe(BaseStatus.GivenUp);
        var state = Then(Recognised, s => TrainingBase.GiveUp(s, "the head retires", Today, Hospital));
        (state.IsRecognised(Today), state.IsRecognised(Today.AddDays(1))).ShouldBe((true, false));
        Refused(TrainingBase.GiveUp(TrainingBase.State.Initial, "r", Today, Hospital)).ShouldBe("noSuchTrainingBase");
        Refused(TrainingBase.GiveUp(Then(Applied, s => TrainingBase.Refuse(s, null, "r", Today, Ministry)), "r", Today, Hospital)).ShouldBe("trainingBaseNotRecognised");
    }

    [Fact]
    public void TutorsAreThoseNamedLastForTheDay()
    {
        var state = Then(Applied, s => TrainingBase.NameTutors(s, ["P2", "P1", "P2"], new(2024, 1, 1), Today, Hospital));
        state.TutorsOn(Today).ShouldBe(["P1", "P2"]);
        state = Then(state, s => TrainingBase.NameTutors(s, ["P3"], Today, Today, Hospital));
        (state.IsTutor("P1", new(2023, 12, 31)), state.IsTutor("P1", Today.AddDays(-1)), state.IsTutor("P1", Today), state.IsTutor("P3", Today)).ShouldBe((false, true, false, true));
        state = Then(state, s => TrainingBase.NameTutors(s, [], Today, Today, Hospital));
        state.TutorsOn(Today).ShouldBeEmpty();
    }

    /// <summary>NV-TRB-CAPACITY, CI-TRB-CAPACITY.</summary>
    [Fact]
    public void CapacityIsWhatWasDeclaredForTheDay()
    {
        Applied.CapacityOn(Today).ShouldBeNull();
        var state = Then(Then(Applied, s => TrainingBase.DeclareCapacity(s, 4, Today, Today, Hospital)), s => TrainingBase.DeclareCapacity(s, 6, Today.AddDays(10), Today, Hospital));
        (state.CapacityOn(Today.AddDays(-1)), state.CapacityOn(Today), state.CapacityOn(Today.AddDays(9)), state.CapacityOn(Today.AddDays(10))).ShouldBe((null, 4, 4, 6));
        Then(state, s => TrainingBase.DeclareCapacity(s, 0, Today.AddDays(20), Today, Hospital)).CapacityOn(Today.AddDays(20)).ShouldBe(0);
        Then(state, s => TrainingBase.DeclareCapacity(s, TrainingBase.MostTrainees, Today.AddDays(20), Today, Hospital)).CapacityOn(Today.AddDays(20)).ShouldBe(1_000);
        Refused(TrainingBase.DeclareCapacity(state, -1, Today, Today, Hospital)).ShouldBe("outOfRange");
        Refused(TrainingBase.DeclareCapacity(state, 1_001, Today, Today, Hospital)).ShouldBe("outOfRange");
    }

    [Fact]
    public void NothingReachesBackBehindARecognition()
    {
        Refused(TrainingBase.NameTutors(Recognised, ["P1"], Today.AddDays(-1), Today, Hospital)).ShouldBe("notBefore");
        Refused(TrainingBase.DeclareCapacity(Recognised, 9, Today.AddDays(-1), Today, Hospital)).ShouldBe("notBefore");
        Then(Recognised, s => TrainingBase.NameTutors(s, ["P1"], Today, Today, Hospital)).IsTutor("P1", Today).ShouldBeTrue();

        // Nor behind one that is over: whom it had then stays so.
        var ended = Then(Recognised, s => TrainingBase.Withdraw(s, "r", Today.AddDays(9), Ministry));
        Refused(TrainingBase.NameTutors(ended, ["P1"], Today.AddDays(9), Today.AddDays(50), Hospital)).ShouldBe("notBefore");
        Then(ended, s => TrainingBase.NameTutors(s, ["P1"], Today.AddDays(10), Today.AddDays(50), Hospital)).IsTutor("P1", Today.AddDays(9)).ShouldBeFalse();
    }

    [Fact]
    public void ItTrainsWhileItIsRecognisedAndTheInstitutionMayPractise()
    {
        var state = Then(Recognised, s => TrainingBase.Withdraw(s, "r", new(2026, 12, 31), Ministry));
        DaySpan before = new(new(2020, 1, 1), new(2026, 5, 31)), after = new(new(2026, 9, 1), DateOnly.MaxValue);
        state.TrainingSpans(needsQualification: true, [before, after]).ShouldBe([new(Today, new(2026, 5, 31)), new(new(2026, 9, 1), new(2026, 12, 31))], "suspended from June to August");
        state.TrainingSpans(needsQualification: true, []).ShouldBeEmpty();
        state.TrainingSpans(needsQualification: false, []).ShouldBe([new(Today, new(2026, 12, 31))], "levels 1 and 2 need no qualification");
        state.TrainingSpans(needsQualification: true, [new(new(2027, 1, 1), DateOnly.MaxValue)]).ShouldBeEmpty();
    }

    [Fact]
    public void GroundsHoldWhatWasFoundAndWhatWasKnown()
    {
        var state = Then(Applied, s => TrainingBase.Attest(s, [Fact("neurosurgeryBeds", 60), Fact("interventionalBeds", 29)], Today, Hospital));
        var known = new Dictionary<string, JsonElement> { ["level"] = KnownFacts.Text("tertiaryA"), ["baseRecognition"] = KnownFacts.Flag(true) };
        var grounds = TrainingBase.Judge(state, Rules, Rules.Path("trainingBaseConditions")!, new(Today, known, new(0, 0, 0), null, new Dictionary<string, DateOnly>()), new(2026, 2, 24));
        (grounds.Path, grounds.Regulation, grounds.Version, grounds.AsOf, grounds.CountedTo).ShouldBe(("trainingBaseConditions", "NV-2012", 4, Today, new DateOnly(2026, 2, 24)));
        grounds.Results.Single(r => r.Clause == "NV-TB-BEDS").ShouldSatisfyAllConditions(r => r.Outcome.ShouldBe(ConditionOutcome.NotMet), r => (r.Actual, r.Limit).ShouldBe((149m, 150m)));
        grounds.Unmet.ShouldNotContain("NV-TB-RECOG");
        grounds.Unmet.ShouldContain("NV-TB-TUTORS");
        grounds.Known.Select(k => k.Fact).ShouldBe(["baseRecognition", "level"]);
    }

    /// <summary>What is known is never attested: what somebody attested in its place counts nothing.</summary>
    [Fact]
    public void WhatIsAttestedOfWhatIsKnownCountsNothing()
    {
        var state = Then(Applied, s => TrainingBase.Attest(s, [Fact("yearlyCases", 5000), Fact("yearlyTreatments", 5000)], Today, Hospital));
        var known = new Dictionary<string, JsonElement> { ["yearlyCases"] = KnownFacts.Number(499), ["yearlyTreatments"] = KnownFacts.Number(250), ["techniqueSince"] = KnownFacts.Text("2026-01-01"), ["totalTreatments"] = KnownFacts.Number(0) };
        TrainingBase.Judge(state, Rules, Rules.Path("trainingBaseConditions")!, new(Today, known, new(0, 0, 0), null, new Dictionary<string, DateOnly>()), Today)
            .Results.Single(r => r.Clause == "NV-TB-VOL").Outcome.ShouldBe(ConditionOutcome.NotMet);
    }
}
