using System.Text.Json;
using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

/// <summary>What would take a grave outcome out of the figures waits for the regulator; until then everything counts as before.</summary>
public class NobodyEscapesByEditingTests
{
    private static string Figures(Case.State state) => JsonSerializer.Serialize(CaseFacts.Of(state)) + string.Join(',', CaseFacts.Of(state).Incidents);

    public static TheoryData<string> Escapes() => ["void", "diagnostic", "withdraw death", "withdraw complication", "death unrelated", "complication unrelated"];

    private static Decision<Case.Event> Try(string escape, Case.State s) => escape switch
    {
        "void" => Case.Void(s, "r", Hospital),
        "diagnostic" => Case.Correct(s, Diagnostic, OnTime, "r", Hospital),
        "withdraw death" => Case.Withdraw(s, Case.TheDeath, "r", Hospital),
        "withdraw complication" => Case.Withdraw(s, s.Complications[0].Id.ToString(), "r", Hospital),
        "death unrelated" => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "r", Hospital),
        _ => Case.DeclareRelation(s, s.Complications[0].Id.ToString(), Relation.Unrelated, "r", Hospital),
    };

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
        refused.When(s => Case.Correct(s, Report with { Operator = "P0009" }, OnTime, "r", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Corrected>();
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
        CaseFacts.Of(Reported(With(Death), s => Case.Correct(s, Report with { Operator = "P0009" }, OnTime, "r", Hospital))).ShouldSatisfyAllConditions(
            f => f.Death.ShouldBeTrue(),
            f => f.Key.Operator.ShouldBe("P0009"));
}
