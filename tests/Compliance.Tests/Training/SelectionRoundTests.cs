using Compliance.Regulations;
using Compliance.Training;
using static Compliance.Tests.Training.Selecting;
using Event = Compliance.Training.SelectionRound.Event;
using State = Compliance.Training.SelectionRound.State;

namespace Compliance.Tests.Training;

/// <summary>A round from its call to its result. Every decision is taken twice, and the second gives nothing.</summary>
public class SelectionRoundTests
{
    private static readonly DateTimeOffset CalledAt = new(2024, 4, 2, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly DateOnly May = new(2024, 5, 20);
    private static readonly DateTimeOffset InMay = new(2024, 5, 20, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly DateOnly Until = new(2024, 5, 27);
    private static readonly Actor Expert = new("physician", "expert");

    private static readonly Event.Called Call = new(
        SelectionRound.IdOf("NC-2024-1"), "NC-2024-1", "First", "nuclear-cardiology-base", "NC-2024", 2, new(2024, 4, 3), Closing, 2, [new("teaching", "Teaching", 60), new("equipment", "Equipment", 40)], 2, 5,
        new(2024, 4, 2), National);

    public static readonly State Called = When(State.Initial, s => SelectionRound.Open(s, Call, NC, CalledAt));

    private static readonly State Named = When(Called, s => SelectionRound.NameCommittee(s, [new("E1", []), new("E2", []), new("E3", ["A"])], May, National));

    private static State When(State state, Func<State, Decision<Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull(decision.Refusal?.Code);
        var after = decision.Events.Aggregate(state, SelectionRound.Evolve);
        decision.Events.ShouldNotBeEmpty();
        decide(after).Events.ShouldBeEmpty("the same decision taken twice gives one event");
        return after;
    }

    /// <summary>No statement is waited for beyond the day itself.</summary>
    private static DateOnly AtOnce(DateOnly told) => told;

    private static string? Code(Decision<Event> decision) => decision.Refusal?.Code;

    private static readonly SelectionApplication.State A = OnTheLimit.Submitted("A");
    private static readonly SelectionApplication.State B = OnTheLimit.Submitted("B");
    private static readonly SelectionApplication.State C = OnTheLimit.Submitted("C");
    private static readonly SelectionApplication.State Preferred = OnTheLimit.With("naturalScienceGrants", new[] { new { title = "t", year = 2019 } }).Submitted("P");
    private static readonly SelectionApplication.State Short = OnTheLimit.With("restStudies2023", 149).Submitted("S");

    private static State Score(State state, SelectionApplication.State of, string expert, int teaching, int equipment = 0) =>
        When(state, s => SelectionRound.Score(s, of, expert, [new("teaching", teaching), new("equipment", equipment)], null, InMay, Expert));

    /// <summary>By E1 and E2, so many points from each.</summary>
    private static State Scored(State state, params (SelectionApplication.State Of, int E1, int E2)[] scores) =>
        scores.Aggregate(state, (s, x) => Score(Score(s, x.Of, "E1", x.E1), x.Of, "E2", x.E2));

    private static State Close(State state, params SelectionApplication.State[] applications) => When(state, s => SelectionRound.CloseScoring(s, applications, null, "E3 is ill", InMay, National));

    private static SelectionApplication.State Fraudulent(SelectionApplication.State of) => of with
    {
        Suspicions = [new(new(Guid.Empty, of.Institution!, "t", "s", May, National), null, new(Guid.Empty, of.Institution!, "t", "title", false, true, "f", May, National))],
    };

    [Fact]
    public void A_call_has_the_days_of_its_regulation()
    {
        Code(SelectionRound.Open(State.Initial, Call with { ClosesAt = Closing.AddMicroseconds(1) }, NC, CalledAt)).ShouldBe("notTheRegulationsDays");
        Code(SelectionRound.Open(State.Initial, Call with { ClosesAt = Closing.AddMicroseconds(-1) }, NC, CalledAt)).ShouldBe("notTheRegulationsDays");
        Code(SelectionRound.Open(State.Initial, Call with { OpensOn = new(2024, 4, 2) }, NC, CalledAt)).ShouldBe("notTheRegulationsDays");
        Code(SelectionRound.Open(State.Initial, Call with { OpensOn = new(2024, 5, 1) }, NC, CalledAt)).ShouldBe("endsBeforeItBegins");
        Code(SelectionRound.Open(State.Initial, Call, NC, Closing)).ShouldBe("closesTooEarly");
        Code(SelectionRound.Open(State.Initial, Call, Judging.Neurovascular, CalledAt)).ShouldBe("selectsNobody");
        SelectionRound.Open(State.Initial, Call with { OpensOn = new(2024, 4, 10) }, NC, CalledAt).Events.ShouldHaveSingleItem();
        Code(SelectionRound.Open(Called, Call with { Places = 3 }, NC, CalledAt)).ShouldBe("selectionRoundExists");
    }

    /// <summary>A second round with other numbers is a file.</summary>
    [Fact]
    public void Another_regulation_has_another_closing_and_another_volume()
    {
        var (file, _) = Read();
        var other = RegulationFile.Parse(file
            .Replace("\"NC-2024\"", "\"NC-2025\"").Replace("\"version\": 2", "\"version\": 1").Replace("2024-04-30T17:00:00+08:00", "2025-09-30T12:00:00+08:00").Replace("2024-04-03", "2025-09-01").Replace("\"value\": 300", "\"value\": 400")).Regulation!;
        var closing = new DateTimeOffset(2025, 9, 30, 12, 0, 0, TimeSpan.FromHours(8));
        Code(SelectionRound.Open(State.Initial, Call with { OpensOn = new(2025, 9, 1) }, other, CalledAt)).ShouldBe("endsBeforeItBegins");
        SelectionRound.Open(State.Initial, Call with { OpensOn = new(2025, 9, 1), ClosesAt = closing }, other, CalledAt).Events.ShouldHaveSingleItem();
        var of = OnTheLimit with { Regulation = other, ReceivedAt = closing.AddSeconds(-1) };
        of.KeptOutBy.ShouldBe(["NC-BASIC-ALL", "NC-B2-VOL"]);
        of.With("restStudies2023", 250).KeptOutBy.ShouldBeEmpty();
        of.With("restStudies2023", 249).KeptOutBy.ShouldBe(["NC-BASIC-ALL", "NC-B2-VOL"]);
        (of.With("restStudies2023", 250) with { ReceivedAt = closing }).KeptOutBy.ShouldBe(["NC-APP-DEADLINE"]);
    }

    private static (string Json, Regulation Regulation) Read() => (System.Text.Json.JsonSerializer.Serialize(NC, RegulationFile.Json), NC);

    [Fact]
    public void An_expert_scores_after_the_closing_every_criterion_within_its_points()
    {
        CriterionPoints[] good = [new("teaching", 60), new("equipment", 40)];
        string? Refused(IReadOnlyList<CriterionPoints> points, SelectionApplication.State? of = null, DateTimeOffset? now = null) => Code(SelectionRound.Score(Named, of ?? B, "E1", points, null, now ?? InMay, Expert));
        Refused(good, now: Closing.AddMicroseconds(-1)).ShouldBe("selectionRoundStillOpen");
        Refused(good, now: Closing).ShouldBeNull();
        Refused([new("teaching", 61), new("equipment", 40)]).ShouldBe("outOfRange");
        Refused([new("teaching", 0), new("equipment", 0)]).ShouldBeNull();
        Refused([new("teaching", -1), new("equipment", 40)]).ShouldBe("outOfRange");
        Refused([new("teaching", 60)]).ShouldBe("everyCriterion");
        Refused([new("teaching", 60), new("teaching", 40)]).ShouldBe("duplicateItem");
        Refused([new("teaching", 60), new("fame", 40)]).ShouldBe("unknownValue");
        Refused(good, Short).ShouldBe("notEligible");
        Refused(good, Fraudulent(B)).ShouldBe("selectionApplicationCancelled");
        Refused(good, OnTheLimit.State("D")).ShouldBe("noSuchSelectionApplication");
        var again = Score(Score(Named, B, "E1", 10), B, "E1", 20);
        again.Scores.ShouldHaveSingleItem().Points[0].Points.ShouldBe(20);
    }

    [Fact]
    public void A_conflict_of_interest_hides_the_application_and_takes_the_score_away()
    {
        // The own institution is one by itself.
        Code(SelectionRound.Score(Named, A, "E3", [new("teaching", 1), new("equipment", 1)], null, InMay, Expert)).ShouldBe("noSuchSelectionApplication");
        Code(SelectionRound.DeclareConflict(Named, "E9", "B", "r", May, Expert)).ShouldBe("notAnExpert");
        var scored = Scored(Named, (A, 50, 50), (B, 60, 10));
        var declared = When(scored, s => SelectionRound.DeclareConflict(s, "E2", "B", "a project together", May, Expert));
        Code(SelectionRound.Score(declared, B, "E2", [new("teaching", 1), new("equipment", 1)], null, InMay, Expert)).ShouldBe("noSuchSelectionApplication");
        // The score given before no longer counts, and one is too few of two.
        declared.CountedScores("B").Select(s => s.Expert).ShouldBe(["E1"]);
        var refusal = SelectionRound.CloseScoring(declared, [A, B], null, "E3 is ill", InMay, National).Refusal!;
        refusal.Code.ShouldBe("tooFewScores");
        refusal.Args.ShouldBe([2, "B"]);
        var mended = Close(Score(declared, B, "E3", 40), A, B);
        mended.Closing!.Ranking.Select(r => (r.Institution, r.Points, r.Scores, r.Rank)).ShouldBe([("A", 100, 2, 1), ("B", 100, 2, 1)]);
    }

    [Fact]
    public void Scoring_is_closed_when_all_have_scored_or_with_a_reason()
    {
        var scored = Scored(Named, (A, 50, 50));
        Code(SelectionRound.CloseScoring(scored, [A], null, null, Closing.AddMicroseconds(-1), National)).ShouldBe("selectionRoundStillOpen");
        // E3 is in conflict with A and owes nothing there.
        When(scored, s => SelectionRound.CloseScoring(s, [A], null, null, InMay, National)).ScoringOpen.ShouldBeFalse();
        var two = Scored(scored, (B, 40, 40));
        Code(SelectionRound.CloseScoring(two, [A, B], null, null, InMay, National)).ShouldBe("scoresMissing");
        Code(SelectionRound.CloseScoring(two, [A, B], 3, "r", InMay, National)).ShouldBe("placesFixed");
        var closed = Close(two, A, B, Short);
        Code(SelectionRound.Score(closed, B, "E3", [new("teaching", 1), new("equipment", 1)], null, InMay, Expert)).ShouldBe("scoringClosed");
        Code(SelectionRound.DeclareConflict(closed, "E1", "B", "r", May, Expert)).ShouldBe("scoringClosed");
        closed.Closing!.Ranking.Single(r => r.Institution == "S").ShouldSatisfyAllConditions(s => (s.Rank, s.Scores).ShouldBe((0, 0)), s => s.Unmet.ShouldBe(["NC-BASIC-ALL", "NC-B2-VOL"]));
        var reopened = When(closed, s => SelectionRound.ReopenScoring(s, "r", May, National));
        (reopened.Sitting, reopened.ScoringOpen, reopened.Scores.Count).ShouldBe((2, true, 4));
        Code(SelectionRound.ReopenScoring(two, "r", May, National)).ShouldBe("scoringNotClosed");
    }

    [Fact]
    public void The_mean_ranks_then_the_priority_and_equals_share_a_rank()
    {
        // Means 40, 41, 41, 39.5: P before B by its grant, though both have 41.
        var ranking = SelectionRound.Rank(Scored(Named, (A, 40, 40), (B, 42, 40), (Preferred, 41, 41), (C, 40, 39)), [C, B, A, Preferred, Short]);
        ranking.Select(r => (r.Institution, r.Rank)).ShouldBe([("P", 1), ("B", 2), ("A", 3), ("C", 4), ("S", 0)]);
        // Three scores of 120 points together are a mean of 40, as two of 80 are.
        var three = Score(Scored(Named, (A, 40, 40), (B, 40, 40)), B, "E3", 40);
        SelectionRound.Rank(three, [A, B]).Select(r => (r.Institution, r.Points, r.Scores, r.Rank)).ShouldBe([("A", 80, 2, 1), ("B", 120, 3, 1)]);
        // One point more of three is more than the same mean of two.
        SelectionRound.Rank(Score(Scored(Named, (A, 40, 40), (B, 40, 40)), B, "E3", 41), [A, B]).Select(r => r.Institution).ShouldBe(["B", "A"]);
        // A higher mean beats priority: it may be considered, and decides nothing by itself.
        SelectionRound.Rank(Scored(Named, (A, 41, 41), (Preferred, 41, 40)), [A, Preferred]).Select(r => r.Institution).ShouldBe(["A", "P"]);
        SelectionRound.Rank(Scored(Named, (A, 40, 40), (B, 40, 40), (C, 39, 40)), [A, B, C]).Select(r => r.Rank).ShouldBe([1, 1, 3]);
    }

    [Fact]
    public void A_tie_across_the_last_place_is_decided_by_somebody_with_a_reason()
    {
        var tied = Close(Scored(Named, (A, 50, 50), (B, 40, 40), (C, 40, 40)), A, B, C);
        SelectionApplication.State[] all = [A, B, C];
        SelectionRound.Divide(tied.Closing!, new HashSet<string>()).ShouldSatisfyAllConditions(p => p.Sure.ShouldBe(["A"]), p => p.Tied.ShouldBe(["B", "C"]), p => p.Open.ShouldBe(1));
        var refusal = SelectionRound.Publish(tied, all, Until, May, National).Refusal!;
        refusal.Code.ShouldBe("tieUndecided");
        refusal.Args.ShouldBe([1, "B, C"]);
        Code(SelectionRound.DecideTie(tied, all, ["B", "C"], "r", May, National)).ShouldBe("tieChoice");
        Code(SelectionRound.DecideTie(tied, all, ["A"], "r", May, National)).ShouldBe("tieChoice");
        var decided = When(tied, s => SelectionRound.DecideTie(s, all, ["C"], "no base in its region", May, National));
        SelectionRound.Outcomes(decided, SelectionRound.Cancelled(all))!.Select(o => (o.Institution, o.Outcome)).ShouldBe(
            [("A", SelectionOutcome.Selected), ("B", SelectionOutcome.NotSelected), ("C", SelectionOutcome.Selected)]);
        // Equals that all have a place, or none, are no tie to decide.
        Code(SelectionRound.DecideTie(Close(Scored(Named, (B, 40, 40), (C, 40, 40)), B, C), [B, C], ["B"], "r", May, National)).ShouldBe("noTie");
        Code(SelectionRound.DecideTie(Close(Scored(Named, (A, 50, 50), (B, 49, 50), (C, 40, 40), (Preferred, 39, 40)), A, B, C, Preferred), [A, B, C, Preferred], ["C"], "r", May, National)).ShouldBe("noTie");
        // Fraud of one of them makes room: no tie is left.
        SelectionRound.Outcomes(tied, SelectionRound.Cancelled([A, Fraudulent(B), C]))!.Select(o => (o.Institution, o.Outcome, o.Rank)).ShouldBe(
            [("A", SelectionOutcome.Selected, 1), ("B", SelectionOutcome.Cancelled, 0), ("C", SelectionOutcome.Selected, 2)]);
    }

    private static readonly State Ranked = Close(Scored(Named, (A, 50, 50), (B, 45, 45), (C, 40, 40)), A, B, C, Short);
    private static readonly SelectionApplication.State[] Everybody = [A, B, C, Short];
    private static readonly State Published = When(Ranked, s => SelectionRound.Publish(s, Everybody, Until, May, National));

    private static IEnumerable<(string, SelectionOutcome)> Told(IReadOnlyList<PublishedOutcome> outcomes) => outcomes.Select(o => (o.Institution, o.Outcome));

    [Fact]
    public void NC_PUBLISH_then_objections_then_the_result()
    {
        Told(Published.Publications.ShouldHaveSingleItem().Outcomes).ShouldBe(
            [("A", SelectionOutcome.Selected), ("B", SelectionOutcome.Selected), ("C", SelectionOutcome.NotSelected), ("S", SelectionOutcome.NotEligible)]);
        Code(SelectionRound.Object(Ranked, "B", "r", May, Hospital)).ShouldBe("notPublished");
        Code(SelectionRound.Conclude(Ranked, Everybody, May, National)).ShouldBe("notPublished");
        Code(SelectionRound.Object(Published, "B", "r", Until.AddDays(1), Hospital)).ShouldBe("objectionsClosed");
        Code(SelectionRound.Object(Published, "X", "r", Until, Hospital)).ShouldBe("notInRound");
        Code(SelectionRound.Conclude(Published, Everybody, Until, National)).ShouldBe("objectionsStillTaken");
        When(Published, s => SelectionRound.Conclude(s, Everybody, Until.AddDays(1), National)).Conclusion!.Outcomes.ShouldBe(Published.Publications[0].Outcomes);

        var objected = When(Published, s => SelectionRound.Object(s, "B", "too few studies", Until, Hospital));
        Code(SelectionRound.Conclude(objected, Everybody, Until.AddDays(1), National)).ShouldBe("objectionsUnanswered");
        var id = objected.Objections.ShouldHaveSingleItem().Filed.Objection;
        Code(SelectionRound.AnswerObjection(objected, Guid.Empty, true, "a", null, AtOnce, Until, National)).ShouldBe("noSuchObjection");
        Code(SelectionRound.AnswerObjection(objected, id, false, "a", true, AtOnce, Until, National)).ShouldBe("eligibilityOfNobody");
        var dismissed = When(objected, s => SelectionRound.AnswerObjection(s, id, false, "they were counted on site", null, AtOnce, Until, National));
        Code(SelectionRound.AnswerObjection(dismissed, id, true, "a", null, AtOnce, Until, National)).ShouldBe("objectionAnswered");
        var concluded = When(dismissed, s => SelectionRound.Conclude(s, Everybody, Until.AddDays(1), National));
        Code(SelectionRound.Object(concluded, "C", "r", Until, Hospital)).ShouldBe("objectionsClosed");
        Code(SelectionRound.Publish(concluded, Everybody, Until, May, National)).ShouldBe("selectionRoundConcluded");
    }

    [Fact]
    public void An_objection_that_is_right_is_published_anew_before_there_is_a_result()
    {
        var objected = When(Published, s => SelectionRound.Object(s, "S", "300 studies, as the evidence says", Until, Hospital));
        var accepted = When(objected, s => SelectionRound.AnswerObjection(s, s.Objections[0].Filed.Objection, true, "so it does", true, AtOnce, Until, National));
        Code(SelectionRound.Conclude(accepted, Everybody, Until.AddDays(1), National)).ShouldBe("rankAnew");
        var reopened = When(accepted, s => SelectionRound.ReopenScoring(s, "S is eligible", Until, National));
        Code(SelectionRound.Publish(reopened, Everybody, Until, Until, National)).ShouldBe("scoringNotClosed");
        var ranked = Close(Scored(reopened, (Short, 48, 48)), Everybody);
        var anew = When(ranked, s => SelectionRound.Publish(s, Everybody, Until.AddDays(9), Until.AddDays(2), National));
        Told(anew.Publications[1].Outcomes).ShouldBe([("A", SelectionOutcome.Selected), ("S", SelectionOutcome.Selected), ("B", SelectionOutcome.NotSelected), ("C", SelectionOutcome.NotSelected)]);
        Code(SelectionRound.Conclude(anew, Everybody, Until.AddDays(9), National)).ShouldBe("objectionsStillTaken");
        When(anew, s => SelectionRound.Conclude(s, Everybody, Until.AddDays(10), National));
    }

    /// <summary>No outcome rests on a ranking that an objection has shown to be wrong, whichever way.</summary>
    [Theory]
    [InlineData("A", false)]
    [InlineData("S", true)]
    public void An_objection_that_is_right_about_eligibility_is_ranked_anew_first(string about, bool eligible)
    {
        var objected = When(Published, s => SelectionRound.Object(s, about, "r", May, Hospital));
        var id = objected.Objections[0].Filed.Objection;
        var stated = When(objected, s => SelectionRound.StateOnObjection(s, id, about, "as it was", May, Hospital));
        var accepted = When(stated, s => SelectionRound.AnswerObjection(s, id, true, "so it is", eligible, AtOnce, May, National));
        foreach (var refusal in new[]
        {
            SelectionRound.Publish(accepted, Everybody, Until, May, National),
            SelectionRound.DecideTie(accepted, Everybody, [about], "r", May, National),
            SelectionRound.Conclude(accepted, Everybody, Until.AddDays(1), National),
        })
        {
            refusal.Refusal!.ShouldSatisfyAllConditions(r => r.Code.ShouldBe("rankAnew"), r => r.Args.ShouldBe([about]));
        }

        // Cancelled meanwhile, it is neither the one nor the other.
        Code(SelectionRound.Publish(accepted, [.. Everybody.Select(a => a.Institution == about ? Fraudulent(a) : a)], Until, May, National)).ShouldBeNull();
        var reopened = When(accepted, s => SelectionRound.ReopenScoring(s, "r", May, National));
        var ranked = Close(eligible ? Scored(reopened, (Short, 48, 48)) : reopened, Everybody);
        ranked.Closing!.Ranking.Single(r => r.Institution == about).Rank.ShouldBe(eligible ? 2 : 0);
        var anew = When(ranked, s => SelectionRound.Publish(s, Everybody, Until, May, National));
        anew.Publications[1].Outcomes.Single(o => o.Institution == about).Outcome.ShouldBe(eligible ? SelectionOutcome.Selected : SelectionOutcome.NotEligible);
        When(anew, s => SelectionRound.Conclude(s, Everybody, Until.AddDays(1), National));
    }

    [Fact]
    public void Nobody_is_found_not_eligible_without_having_been_heard()
    {
        static DateOnly InFive(DateOnly told) => told.AddDays(5);
        var objected = When(Published, s => SelectionRound.Object(s, "A", "r", May, Hospital));
        var id = objected.Objections[0].Filed.Objection;
        var refusal = SelectionRound.AnswerObjection(objected, id, true, "a", false, InFive, May.AddDays(5), National).Refusal!;
        (refusal.Code, refusal.Args.ShouldHaveSingleItem()).ShouldBe(("applicantNotHeard", May.AddDays(5)));
        When(objected, s => SelectionRound.AnswerObjection(s, id, true, "a", false, InFive, May.AddDays(6), National)).Eligibility["A"].ShouldBeFalse();
        When(objected, s => SelectionRound.AnswerObjection(s, id, false, "a", null, InFive, May, National)).Eligibility.ShouldBeEmpty();
        // Only whom it is about makes a statement on it, and before it is answered.
        Code(SelectionRound.StateOnObjection(objected, id, "B", "s", May, Hospital)).ShouldBe("noSuchObjection");
        var stated = When(objected, s => SelectionRound.StateOnObjection(s, id, "A", "s", May, Hospital));
        var answered = When(stated, s => SelectionRound.AnswerObjection(s, id, true, "a", false, InFive, May, National));
        Code(SelectionRound.StateOnObjection(answered, id, "A", "more", May, Hospital)).ShouldBe("objectionAnswered");
    }

    /// <summary>The registry may show an expert's place late, or back-dated: what he scored there does not count, nor is it shown to him.</summary>
    [Fact]
    public void A_conflict_that_shows_after_the_score_counts_when_scoring_is_closed()
    {
        var scored = Scored(Named, (A, 50, 50), (B, 60, 10));
        var since = new Dictionary<string, IReadOnlyList<string>> { ["E1"] = ["B"], ["E2"] = [] };
        Code(SelectionRound.CloseScoring(scored, [A, B], null, "r", InMay, National, since)).ShouldBe("tooFewScores");
        var closed = When(Score(scored, B, "E3", 30), s => SelectionRound.CloseScoring(s, [A, B], null, "r", InMay, National, since));
        // 10 and 30, without E1's 60.
        closed.Closing!.Ranking.Select(r => (r.Institution, r.Points, r.Scores)).ShouldBe([("A", 100, 2), ("B", 40, 2)]);
        (closed.HasConflict("E1", "B"), closed.HasConflict("E3", "A"), closed.HasConflict("E2", "B")).ShouldBe((true, true, false));
    }

    /// <summary>Once closed, scores are known to all: from then on nothing of them is changed, nor the number of places.</summary>
    [Fact]
    public void After_a_first_closing_scores_and_places_stand()
    {
        var without = When(State.Initial, s => SelectionRound.Open(s, Call with { Places = null }, NC, CalledAt));
        without = When(without, s => SelectionRound.NameCommittee(s, [new("E1", []), new("E2", []), new("E3", [])], May, National));
        var closed = When(Scored(without, (A, 50, 50), (B, 45, 45)), s => SelectionRound.CloseScoring(s, [A, B], 1, "E3 is ill", InMay, National));
        var reopened = When(closed, s => SelectionRound.ReopenScoring(s, "E3 is well", May, National));
        Code(SelectionRound.Score(reopened, A, "E1", [new("teaching", 49), new("equipment", 0)], null, InMay, Expert)).ShouldBe("scoreStands");
        SelectionRound.Score(reopened, A, "E1", [new("teaching", 50), new("equipment", 0)], null, InMay, Expert).ShouldBe(Decision<Event>.Nothing);
        var all = Score(Score(reopened, A, "E3", 40), B, "E3", 60);
        Code(SelectionRound.CloseScoring(all, [A, B], 2, null, InMay, National)).ShouldBe("placesFixed");
        When(all, s => SelectionRound.CloseScoring(s, [A, B], null, null, InMay, National)).Closing!.Places.ShouldBe(1);
    }

    [Fact]
    public void Opened_again_it_is_published_anew_though_nothing_changed()
    {
        var again = Close(When(Published, s => SelectionRound.ReopenScoring(s, "r", May, National)), Everybody);
        Code(SelectionRound.Conclude(again, Everybody, Until.AddDays(1), National)).ShouldBe("publishAnew");
        var anew = When(again, s => SelectionRound.Publish(s, Everybody, Until.AddDays(3), May.AddDays(3), National));
        anew.Publications[1].Outcomes.ShouldBe(Published.Publications[0].Outcomes);
        When(anew, s => SelectionRound.Conclude(s, Everybody, Until.AddDays(4), National));
    }

    [Fact]
    public void There_is_no_result_while_fraud_is_looked_into()
    {
        SelectionApplication.State[] since = [A with { Suspicions = [new(new(Guid.Empty, "A", "t", "s", May, National), null, null)] }, B, C, Short];
        var refusal = SelectionRound.Conclude(Published, since, Until.AddDays(1), National).Refusal!;
        (refusal.Code, refusal.Args.ShouldHaveSingleItem()).ShouldBe(("fraudUndecided", "A"));
    }

    /// <summary>Who applies is told to nobody before the closing, not even by another refusal.</summary>
    [Fact]
    public void A_score_before_the_closing_is_refused_alike_for_who_applied_and_who_did_not()
    {
        string? Refused(SelectionApplication.State of) => Code(SelectionRound.Score(Named, of, "E3", [new("teaching", 1), new("equipment", 1)], null, Closing.AddMicroseconds(-1), Expert));
        (Refused(A), Refused(B), Refused(OnTheLimit.State("D"))).ShouldBe(("selectionRoundStillOpen", "selectionRoundStillOpen", "selectionRoundStillOpen"));
    }

    /// <summary>NC-FRAUD at every stage: what is cancelled makes room for the next, but only in public.</summary>
    [Fact]
    public void Fraud_found_after_the_publication_is_published_anew()
    {
        SelectionApplication.State[] since = [Fraudulent(A), B, C, Short];
        Code(SelectionRound.Conclude(Published, since, Until.AddDays(1), National)).ShouldBe("publishAnew");
        var anew = When(Published, s => SelectionRound.Publish(s, since, Until.AddDays(9), Until.AddDays(2), National));
        Told(anew.Publications[1].Outcomes).ShouldBe([("A", SelectionOutcome.Cancelled), ("B", SelectionOutcome.Selected), ("C", SelectionOutcome.Selected), ("S", SelectionOutcome.NotEligible)]);
        // And before the ranking it is not ranked at all.
        SelectionRound.Rank(Scored(Named, (A, 50, 50), (B, 45, 45)), [Fraudulent(A), B]).Select(r => (r.Institution, r.Rank)).ShouldBe([("B", 1), ("A", 0)]);
    }

    [Fact]
    public void Where_the_call_names_no_places_the_closing_does()
    {
        var without = When(State.Initial, s => SelectionRound.Open(s, Call with { Places = null }, NC, CalledAt));
        without = When(without, s => SelectionRound.NameCommittee(s, [new("E1", []), new("E2", [])], May, National));
        var scored = Scored(without, (A, 50, 50), (B, 45, 45));
        Code(SelectionRound.CloseScoring(scored, [A, B], null, null, InMay, National)).ShouldBe("missing");
        var closed = When(scored, s => SelectionRound.CloseScoring(s, [A, B], 1, null, InMay, National));
        Told(SelectionRound.Outcomes(closed, SelectionRound.Cancelled([A, B]))!).ShouldBe([("A", SelectionOutcome.Selected), ("B", SelectionOutcome.NotSelected)]);
    }

    private static readonly IReadOnlyList<GivenFact> Dutiful =
    [
        .. SelectionFacts.OfTheDuties(NC).Select(f => new GivenFact(f.Name, System.Text.Json.JsonSerializer.SerializeToElement<object>(f.Type == FactType.Flag ? true : 3))),
    ];

    /// <summary>NC-DUTY-*: whoever was selected attests its duties and is reviewed, the first time a year after the result.</summary>
    [Fact]
    public void Who_was_selected_is_a_base_with_duties()
    {
        var concluded = When(Published, s => SelectionRound.Conclude(s, Everybody, Until.AddDays(1), National));
        Dutiful.Select(f => f.Fact).ShouldBe(
            ["trainingPlan", "workSystem", "managementMeasures", "lecturersSettled", "traineesAdmittedByPlan", "traineesDue", "traineesDoneOnTime", "theoryTaught", "practiceTaught", "lecturesRegular",
             "caseDiscussionsRegular", "dossierBasics", "dossierAttendance", "dossierContent", "dossierTimes", "dossierExam"]);
        string? Refused(SelectionApplication.State of, State round) => SelectionApplication.AttestDuties(of, round, Dutiful, Until, Hospital).Refusal?.Code;
        Refused(A, Published).ShouldBe("notABase", "published is no result");
        Refused(C, concluded).ShouldBe("notABase", "not selected");
        Refused(Fraudulent(A), concluded).ShouldBe("notABase");
        Refused(OnTheLimit.State("D"), concluded).ShouldBe("noSuchSelectionApplication");
        SelectionApplication.ReviewDuties(C, concluded, NC, "r", Until, National).Refusal!.Code.ShouldBe("notABase");

        DateOnly? Due(SelectionApplication.State of) => SelectionApplication.ReviewDueOn(of, concluded, NC.Selection!);
        (Due(A), Due(C), Due(Fraudulent(A))).ShouldBe((new DateOnly(2025, 5, 28), null, null));
        var attested = Twice(A, s => SelectionApplication.AttestDuties(s, concluded, Dutiful, May, Hospital));
        var reviewed = Twice(attested, s => SelectionApplication.ReviewDuties(s, concluded, NC, "as attested", new(2025, 5, 20), National));
        (reviewed.Reviews.ShouldHaveSingleItem().Passed, reviewed.DutiesAttested, Due(reviewed)).ShouldBe((true, null, new DateOnly(2026, 5, 20)));
        // For the next it is attested anew; a duty not done is shown, and it stays a base.
        var anew = Twice(reviewed, s => SelectionApplication.ReviewDuties(s, concluded, NC, "nothing said", new(2026, 5, 20), National));
        anew.Reviews[1].Results.Select(r => (r.Clause, r.Outcome)).ShouldBe(
            [("NC-DUTY-PLAN", ConditionOutcome.NotAttested), ("NC-DUTY-TEACH", ConditionOutcome.NotAttested), ("NC-DUTY-LECT", ConditionOutcome.NotAttested), ("NC-DUTY-DOSSIER", ConditionOutcome.NotAttested)]);
        (anew.Reviews[1].Passed, SelectionApplication.IsBase(anew, concluded)).ShouldBe((false, true));
        SelectionApplication.IsBase(Fraudulent(anew), concluded).ShouldBeFalse();
    }

    private static SelectionApplication.State Twice(SelectionApplication.State state, Func<SelectionApplication.State, Decision<SelectionApplication.Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull(decision.Refusal?.Code);
        var after = decision.Events.ShouldHaveSingleItem() is var e ? SelectionApplication.Evolve(state, e) : state;
        decide(after).Events.ShouldBeEmpty("the same decision taken twice gives one event");
        return after;
    }
}
