using System.Text.Json;
using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

/// <summary>What would take a grave outcome out of the figures waits for the regulator; until then everything counts as before.</summary>
public class NobodyEscapesByEditingTests
{
    private static string Figures(Case.State state) => JsonSerializer.Serialize(CaseFacts.Of(state)) + string.Join(',', CaseFacts.Of(state).Incidents);

    public static TheoryData<string> Escapes() => ["void", "diagnostic", "day", "technique", "operator", "withdraw death", "withdraw complication", "death unrelated", "complication unrelated"];

    private static Decision<Case.Event> Try(string escape, Case.State s) => escape switch
    {
        "void" => Case.Void(s, "r", Hospital),
        "diagnostic" => Case.Correct(s, Diagnostic, OnTime, "r", Hospital),
        "day" => Case.Correct(s, On(new(2024, 3, 2)), OnTime, "r", Hospital),
        "technique" => Case.Correct(s, Report with { Technique = "comprehensive" }, OnTime, "r", Hospital),
        "operator" => Case.Correct(s, Report with { Operator = "P0009" }, OnTime, "r", Hospital),
        "withdraw death" => Case.Withdraw(s, Case.TheDeath, "r", Hospital),
        "withdraw complication" => Case.Withdraw(s, s.Complications[0].Id.ToString(), "r", Hospital),
        "death unrelated" => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "r", Hospital),
        _ => Case.DeclareRelation(s, s.Complications[0].Id.ToString(), Relation.Unrelated, "r", Hospital),
    };

    private static CaseReport On(DateOnly day) => Report with { CompletedOn = day, CompletedAt = new(day, new(9, 0), TimeSpan.FromHours(8)) };

    private static Case.State FoundOn(Case.State state, DateOnly day, FollowUpStatus status, Guid id) =>
        Case.Evolve(state, new Case.Event.FollowUpRecorded(state.Key!, id, 30, day, status, null, day, Hospital));

    [Theory]
    [MemberData(nameof(Escapes))]
    public void Is_asked_for_once_and_changes_no_figure(string escape)
    {
        var state = Reported(With(Death, Stroke));
        state.When(s => Try(escape, s)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>();
        Figures(state.After(s => Try(escape, s))).ShouldBe(Figures(state));
    }

    [Theory]
    [MemberData(nameof(Escapes))]
    public void Takes_effect_when_the_regulator_agrees(string escape)
    {
        var state = Reported(With(Death, Stroke));
        var asked = state.After(s => Try(escape, s));
        asked.When(s => Case.DecideRequest(s, asked.Request(), agree: true, "file read", Regulator)).Count.ShouldBe(2);
        Figures(asked.After(s => Case.DecideRequest(s, asked.Request(), agree: true, "file read", Regulator))).ShouldNotBe(Figures(state));
    }

    [Theory]
    [MemberData(nameof(Escapes))]
    public void Changes_nothing_when_the_regulator_refuses_and_may_be_asked_for_again(string escape)
    {
        var state = Reported(With(Death, Stroke));
        var asked = state.After(s => Try(escape, s));
        asked.When(s => Case.DecideRequest(s, asked.Request(), agree: false, "no", Regulator)).ShouldHaveSingleItem();
        var refused = asked.After(s => Case.DecideRequest(s, asked.Request(), agree: false, "no", Regulator));
        Figures(refused).ShouldBe(Figures(state));
        refused.Refused(s => Case.DecideRequest(s, asked.Request(), agree: true, "yes", Regulator)).ShouldBe("requestDecided");
        refused.When(s => Try(escape, s)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>().RequestId.ShouldNotBe(asked.Request());
    }

    [Fact]
    public void An_incident_alone_keeps_a_case_from_being_voided()
    {
        var state = Reported(null, s => Case.RecordIncident(s, 4, Day.AddDays(99), Relation.Related, Regulator));
        state.When(s => Case.Void(s, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>();
    }

    [Fact]
    public void An_agreed_relation_leaves_the_possible_counts_too()
    {
        var asked = Reported(With(Death)).After(s => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "r", Hospital));
        CaseFacts.Of(asked).PossibleDeath.ShouldBeTrue();
        CaseFacts.Of(asked.After(s => Case.DecideRequest(s, s.Request(), agree: true, "r", Regulator))).PossibleDeath.ShouldBeFalse();
    }

    [Fact]
    public void Two_corrections_cannot_wait_at_once()
    {
        var asked = Reported(With(Death)).After(s => Case.Correct(s, Diagnostic, OnTime, "r", Hospital));
        asked.Refused(s => Case.Correct(s, Diagnostic with { Operator = "P0009" }, OnTime, "r", Hospital)).ShouldBe("requestPending");
    }

    [Fact]
    public void What_waits_for_the_regulator_does_not_undo_a_later_correction()
    {
        var asked = Reported(With(Death)).After(s => Case.Correct(s, Diagnostic, OnTime, "r", Hospital));
        asked.Refused(s => Case.Correct(s, Report with { Operator = "P0009" }, OnTime, "r", Hospital)).ShouldBe("requestPending");
        var refused = asked.After(s => Case.DecideRequest(s, s.Request(), agree: false, "r", Regulator));
        refused.When(s => Case.Correct(s, Report with { Succeeded = false }, OnTime, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Corrected>();
    }

    [Fact]
    public void Agreeing_to_what_has_gone_since_changes_nothing_more()
    {
        var state = Reported(With(Death)).After(s => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "r", Hospital));
        var relation = state.Request();
        state = state.After(s => Case.Withdraw(s, Case.TheDeath, "r", Hospital));
        state = state.After(s => Case.DecideRequest(s, s.Request(), agree: true, "r", Regulator));
        state.When(s => Case.DecideRequest(s, relation, agree: true, "r", Regulator)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.RequestDecided>();
    }

    [Fact]
    public void Moving_a_fatal_case_to_another_operator_takes_the_death_along() =>
        CaseFacts.Of(Reported(With(Death), s => Case.Correct(s, Report with { Operator = "P0009" }, OnTime, "r", Hospital), s => Case.DecideRequest(s, s.Request(), agree: true, "file read", Regulator)))
            .ShouldSatisfyAllConditions(
                f => f.Death.ShouldBeTrue(),
                f => f.Key.Operator.ShouldBe("P0009"));

    [Fact]
    public void A_mild_complication_moves_with_its_case_at_once() =>
        Reported(With(null, Haematoma)).When(s => Case.Correct(s, On(Day.AddDays(-400)) with { Operator = "P0009" }, OnTime, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Corrected>();

    [Fact]
    public void What_a_notice_tells_of_holds_the_case_like_an_outcome()
    {
        var state = Reported();
        CaseReport[] escapes = [Diagnostic, On(Day.AddDays(-1)), Report with { Technique = "comprehensive" }, Report with { Operator = "P0009" }, Report with { PatientHash = "another" }];
        foreach (var report in escapes)
        {
            state.When(s => Case.Correct(s, report, OnTime, "r", Hospital, noticed: true)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>();
            state.When(s => Case.Correct(s, report, OnTime, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Corrected>();
        }

        state.When(s => Case.Correct(s, Report with { Succeeded = false }, OnTime, "r", Hospital, noticed: true)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Corrected>();
        state.When(s => Case.Void(s, "r", Hospital, noticed: true)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>();
    }

    [Fact]
    public void What_was_announced_and_is_past_its_deadline_is_voided_with_consent_alone() =>
        Reported().When(s => Case.Void(s, "r", Hospital, announcedAndDue: true)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>().Change.ShouldBe(RequestedChange.Void);

    [Fact]
    public void A_follow_up_that_found_the_patient_dead_holds_the_case_while_it_stands()
    {
        var dead = FoundOn(Reported(), Day.AddDays(31), FollowUpStatus.Dead, Guid.NewGuid());
        dead.When(s => Case.Void(s, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ChangeRequested>();
        FoundOn(dead, Day.AddDays(32), FollowUpStatus.Alive, Guid.NewGuid()).When(s => Case.Void(s, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Voided>();
    }

    [Fact]
    public void No_correction_sets_the_day_after_the_report()
    {
        // Received on 5 March.
        Reported().When(s => Case.Correct(s, On(new(2026, 3, 5)), OnTime, "r", Hospital)).ShouldHaveSingleItem();
        var refusal = Case.Correct(Reported(), On(new(2026, 3, 6)), OnTime, "r", Hospital).Refusal.ShouldNotBeNull();
        (refusal.Kind, refusal.Code, refusal.Pointers.Single(), refusal.Args.Single()).ShouldBe((RefusalKind.Invalid, "afterReport", "/report/completedAt", new DateOnly(2026, 3, 5)));
    }

    public static TheoryData<string> Outcomes() => ["complication", "death", "incident"];

    [Theory]
    [MemberData(nameof(Outcomes))]
    public void No_correction_sets_the_day_more_than_one_after_an_outcome(string outcome)
    {
        // On 3 March, reported on the 5th.
        var state = outcome switch
        {
            "complication" => Reported(With(null, Haematoma)),
            "death" => Reported(With(Death with { OccurredOn = new(2026, 3, 3) })),
            _ => Reported(null, s => Case.RecordIncident(s, 4, new(2026, 3, 3), Relation.Related, Regulator)),
        };
        state.When(s => Case.Correct(s, On(new(2026, 3, 4)), OnTime, "r", Hospital)).ShouldHaveSingleItem();
        state.Refused(s => Case.Correct(s, On(new(2026, 3, 5)), OnTime, "r", Hospital)).ShouldBe("afterOutcome");
    }

    [Fact]
    public void A_complication_withdrawn_holds_no_day()
    {
        var state = Reported(With(null, Haematoma), s => Case.Withdraw(s, s.Complications[0].Id.ToString(), "r", Hospital));
        state.When(s => Case.Correct(s, On(new(2026, 3, 5)), OnTime, "r", Hospital)).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_day_asked_for_before_an_outcome_came_that_forbids_it_is_not_agreed_to()
    {
        var asked = Reported(With(Death), s => Case.Correct(s, On(new(2026, 3, 5)), OnTime, "r", Hospital), s => Case.ReportComplication(s, Haematoma, new(2026, 3, 9), Hospital));
        asked.Refused(s => Case.DecideRequest(s, s.Request(), agree: true, "r", Regulator)).ShouldBe("afterOutcome");
        asked.When(s => Case.DecideRequest(s, asked.Request(), agree: false, "r", Regulator)).ShouldHaveSingleItem();
    }
}
