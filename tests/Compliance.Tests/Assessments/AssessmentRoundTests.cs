using Compliance.Assessments;
using Compliance.Metrics;
using static Compliance.Tests.Judging;
using Event = Compliance.Assessments.AssessmentRound.Event;
using State = Compliance.Assessments.AssessmentRound.State;

namespace Compliance.Tests.Assessments;

/// <summary>A round from its opening to its conclusion, and opened again for what was concealed. Every decision is taken twice, and the second gives nothing.</summary>
public class AssessmentRoundTests
{
    private static readonly DaySpan Period = new(new(2025, 1, 1), new(2025, 12, 31));
    private static readonly DateOnly OpenedOn = new(2026, 1, 20);
    private static readonly DateOnly ClosesOn = new(2026, 3, 21);
    private static readonly DateOnly Today = new(2026, 2, 10);

    private static readonly Subject Hospital = Subject.Institution("H1");
    private static readonly Subject Other = Subject.Institution("H2");

    private static readonly Event.Opened Opening = new(AssessmentRound.Id("neurovascular", "11", Period), "neurovascular", "11", Period, ClosesOn, Scheduled: true, OpenedOn, Actor.Monitor);

    private static readonly State NotOpened = State.Initial;
    private static readonly State Open = When(NotOpened, s => AssessmentRound.Open(s, Opening, Period.To)).After;
    private static readonly State Concluded = When(Open, s => AssessmentRound.Conclude(s, Today, Regulator)).After;
    private static readonly State Reopened = When(Concluded, s => AssessmentRound.Reopen(s, Hospital, "deaths were concealed", ClosesOn.AddDays(90), Today, Regulator)).After;
    private static readonly State ConcludedAnew = When(Reopened, s => AssessmentRound.Conclude(s, Today.AddDays(20), Regulator)).After;

    private sealed record Decided(IReadOnlyList<Event> Events, Refusal? Refusal, State After);

    private static Decided When(State state, Func<State, Decision<Event>> decide)
    {
        Decision<Event> decision = decide(state);
        State after = decision.Events.Aggregate(state, AssessmentRound.Evolve);
        decide(after).Events.ShouldBeEmpty("the same decision taken twice gives one event");
        return new(decision.Events, decision.Refusal, after);
    }

    private static T Single<T>(Decided decided)
        where T : Event => decided.Events.ShouldHaveSingleItem().ShouldBeOfType<T>();

    private static Score Passed(string item, string? remark = null) => new(item, true, remark);

    private static Score Failed(string item, string? remark = null) => new(item, false, remark);

    private static Decision<Event> Score(State state, Subject subject, params IReadOnlyList<Score> items) => AssessmentRound.Score(state, subject, items, Today, Regulator);

    private static IEnumerable<Score> ScoresOf(State state, Subject subject) => state.SheetOf(subject).Scores.Select(s => s.Score);

    // state x command

    private static readonly IReadOnlyDictionary<string, State> States = new Dictionary<string, State>
    {
        ["not opened"] = NotOpened,
        ["open"] = Open,
        ["concluded"] = Concluded,
        ["reopened for H1"] = Reopened,
        ["concluded anew"] = ConcludedAnew,
    };

    private static readonly IReadOnlyDictionary<string, Func<State, Decision<Event>>> Commands = new Dictionary<string, Func<State, Decision<Event>>>
    {
        ["open"] = s => AssessmentRound.Open(s, Opening, Period.To),
        ["score H1"] = s => Score(s, Hospital, Passed("caseSelection")),
        ["score H2"] = s => Score(s, Other, Passed("caseSelection")),
        ["override H1"] = s => AssessmentRound.SetOutcome(s, Hospital, AssessmentOutcome.Passed, "flooded", Today, Regulator),
        ["override H2"] = s => AssessmentRound.SetOutcome(s, Other, AssessmentOutcome.Passed, "flooded", Today, Regulator),
        ["conclude"] = s => AssessmentRound.Conclude(s, Today, Actor.Monitor),
        ["reopen for H1"] = s => AssessmentRound.Reopen(s, Hospital, "deaths were concealed", ClosesOn.AddDays(90), Today, Regulator),
        ["reopen for H2"] = s => AssessmentRound.Reopen(s, Other, "deaths were concealed", ClosesOn.AddDays(90), Today, Regulator),
    };

    [Theory]
    [InlineData("open", "Opened", "nothing", "nothing", "nothing", "nothing")]
    [InlineData("score H1", "noSuchRound", "Scored", "roundConcluded", "Scored", "roundConcluded")]
    [InlineData("score H2", "noSuchRound", "Scored", "roundConcluded", "roundConcluded", "roundConcluded")]
    [InlineData("override H1", "noSuchRound", "OutcomeOverridden", "roundConcluded", "OutcomeOverridden", "roundConcluded")]
    [InlineData("override H2", "noSuchRound", "OutcomeOverridden", "roundConcluded", "roundConcluded", "roundConcluded")]
    [InlineData("conclude", "noSuchRound", "Concluded", "nothing", "Concluded", "nothing")]
    [InlineData("reopen for H1", "noSuchRound", "roundNotConcluded", "Reopened", "nothing", "Reopened")]
    [InlineData("reopen for H2", "noSuchRound", "roundNotConcluded", "Reopened", "Reopened", "Reopened")]
    public void EachCommandInEachState(string command, params string[] expected) =>
        States.Values.Select(state => When(state, Commands[command])).Select(d => d.Refusal?.Code ?? d.Events.SingleOrDefault()?.GetType().Name ?? "nothing").ShouldBe(expected);

    // opened

    [Fact]
    public void OneRoundForAPeriodWhoeverAsksForIt()
    {
        AssessmentRound.Id("neurovascular", "11", Period).ShouldBe(Opening.Round);
        Guid[] others =
        [
            AssessmentRound.Id("comprehensive", "11", Period),
            AssessmentRound.Id("neurovascular", "12", Period),
            AssessmentRound.Id("neurovascular", "11", Period with { From = Period.From.AddDays(1) }),
            AssessmentRound.Id("neurovascular", "11", Period with { To = Period.To.AddDays(1) }),
        ];
        others.Append(Opening.Round).Distinct().Count().ShouldBe(5);
        // The schedule has opened it; a regulator asks for the same on another day.
        When(Open, s => AssessmentRound.Open(s, Opening with { Scheduled = false, OpenedOn = Today, ClosesOn = Today, By = Regulator }, Today)).ShouldBe(new Decided([], null, Open));
    }

    [Theory]
    [InlineData("2025-12-30", "periodNotSettled")] // reports of the last day may still come in time
    [InlineData("2025-12-31", null)]
    [InlineData("2026-01-31", null)]
    public void OpensOnceEveryReportOfThePeriodWasDue(string settledOn, string? refusal) =>
        AssessmentRound.Open(NotOpened, Opening, DateOnly.ParseExact(settledOn, "yyyy-MM-dd")).Refusal?.Code.ShouldBe(refusal);

    [Fact]
    public void ItClosesNotBeforeItOpens()
    {
        AssessmentRound.Open(NotOpened, Opening with { ClosesOn = OpenedOn.AddDays(-1) }, Period.To).Refusal!.Code.ShouldBe("closesTooEarly");
        Single<Event.Opened>(When(NotOpened, s => AssessmentRound.Open(s, Opening with { ClosesOn = OpenedOn }, Period.To)));
    }

    // scored

    [Fact]
    public void AnItemIsScoredAnewAndTheOthersStay()
    {
        State scored = When(Open, s => Score(s, Hospital, Passed("caseSelection"), Failed("followUp", "half of them"))).After;
        Decided anew = When(scored, s => Score(s, Hospital, Failed("caseSelection"), Failed("followUp", "half of them")));
        Single<Event.Scored>(anew).Items.ShouldBe([Failed("caseSelection")], "what is said already is not said again");
        ScoresOf(anew.After, Hospital).ShouldBe([Failed("followUp", "half of them"), Failed("caseSelection")], ignoreOrder: true);
        ScoresOf(anew.After, Other).ShouldBeEmpty();
    }

    [Fact]
    public void ARemarkChangedIsAnotherScore() =>
        Single<Event.Scored>(When(When(Open, s => Score(s, Hospital, Failed("followUp", "half"))).After, s => Score(s, Hospital, Failed("followUp", "a third")))).Items.ShouldBe([Failed("followUp", "a third")]);

    [Fact]
    public void AnOverrideIsReplacedByTheNext()
    {
        Decision<Event> Override(State s, AssessmentOutcome outcome, string reason) => AssessmentRound.SetOutcome(s, Hospital, outcome, reason, Today, Regulator);
        State first = When(Open, s => Override(s, AssessmentOutcome.Passed, "flooded")).After;
        Single<Event.OutcomeOverridden>(When(first, s => Override(s, AssessmentOutcome.Passed, "the hall was flooded")));
        When(first, s => Override(s, AssessmentOutcome.NotAssessed, "flooded")).After.SheetOf(Hospital).Override!.Outcome.ShouldBe(AssessmentOutcome.NotAssessed);
    }

    // concluded

    [Fact]
    public void WhoConcludedAndWhenIsKept()
    {
        Event.Concluded concluded = Single<Event.Concluded>(When(Open, s => AssessmentRound.Conclude(s, Today, Regulator)));
        (concluded.Sitting, concluded.ConcludedOn, concluded.By).ShouldBe((1, Today, Regulator));
        When(Concluded, s => AssessmentRound.Conclude(s, ClosesOn, Actor.Monitor)).After.ConcludedBy.ShouldBe(Regulator, "concluded early, nothing is left for the closing date");
    }

    // opened again

    [Fact]
    public void OpenedAgainItIsAboutThatSubjectAlone()
    {
        Event.Reopened again = Single<Event.Reopened>(When(Concluded, s => AssessmentRound.Reopen(s, Hospital, "deaths were concealed", ClosesOn.AddDays(90), Today, Regulator)));
        (again.Sitting, again.Subject, again.ClosesOn).ShouldBe((2, Hospital, ClosesOn.AddDays(90)));
        (Reopened.ClosesOn, Reopened.ConcludedOn, Reopened.ConcludedBy).ShouldBe((ClosesOn.AddDays(90), null, null));
        (Reopened.IsOpenFor(Hospital), Reopened.IsOpenFor(Other)).ShouldBe((true, false));
        Single<Event.Concluded>(When(Reopened, s => AssessmentRound.Conclude(s, Today, Regulator))).Sitting.ShouldBe(2);
    }

    /// <summary>A person's word rested on what was concealed; what was seen on the spot was seen.</summary>
    [Fact]
    public void OpenedAgainTheOverrideFallsAndTheScoresStay()
    {
        State scored = When(Open, s => Score(s, Hospital, Failed("followUp"))).After;
        State overridden = When(scored, s => AssessmentRound.SetOutcome(s, Hospital, AssessmentOutcome.Passed, "flooded", Today, Regulator)).After;
        State othersToo = When(overridden, s => AssessmentRound.SetOutcome(s, Other, AssessmentOutcome.Passed, "flooded", Today, Regulator)).After;
        State concluded = When(othersToo, s => AssessmentRound.Conclude(s, Today, Regulator)).After;
        State again = When(concluded, s => AssessmentRound.Reopen(s, Hospital, "deaths were concealed", ClosesOn, Today, Regulator)).After;
        again.SheetOf(Hospital).Override.ShouldBeNull();
        ScoresOf(again, Hospital).ShouldBe([Failed("followUp")]);
        again.SheetOf(Other).Override.ShouldNotBeNull("nobody asked about that one");
    }

    [Fact]
    public void ASecondSubjectJoinsTheSameSitting()
    {
        Decided both = When(Reopened, s => AssessmentRound.Reopen(s, Other, "deaths there too", ClosesOn.AddDays(100), Today, Regulator));
        Single<Event.Reopened>(both).Sitting.ShouldBe(2);
        (both.After.IsOpenFor(Hospital), both.After.IsOpenFor(Other)).ShouldBe((true, true));
    }

    [Fact]
    public void AThirdSittingIsAboutWhomItWasOpenedFor()
    {
        State third = When(ConcludedAnew, s => AssessmentRound.Reopen(s, Other, "deaths there too", ClosesOn.AddDays(100), Today.AddDays(30), Regulator)).After;
        (third.Sitting, third.IsOpenFor(Hospital), third.IsOpenFor(Other)).ShouldBe((3, false, true));
    }

    [Fact]
    public void ReopenedItClosesNotBeforeToday()
    {
        AssessmentRound.Reopen(Concluded, Hospital, "deaths were concealed", Today.AddDays(-1), Today, Regulator).Refusal!.Code.ShouldBe("closesTooEarly");
        Single<Event.Reopened>(When(Concluded, s => AssessmentRound.Reopen(s, Hospital, "deaths were concealed", Today, Today, Regulator)));
    }
}
