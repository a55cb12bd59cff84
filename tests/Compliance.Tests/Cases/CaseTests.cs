using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

/// <summary>Every decision on a case, and that taking it again gives nothing more.</summary>
public class CaseTests
{
    [Fact]
    public void A_report_with_its_outcomes_is_one_append()
    {
        var events = Case.State.Initial.When(s => Report_(s, outcome: With(Death, Stroke, Haematoma)));

        events.Select(e => e.GetType().Name).ShouldBe(["Reported", "ComplicationReported", "ComplicationReported", "DeathReported"]);
        events.ShouldAllBe(e => e.Case == new CaseKey(Case.IdOf("H110001", "2026-000123"), "H110001", "P0001", "neurovascular", Day));
        events.OfType<Case.Event.ComplicationReported>().Select(e => e.ComplicationId).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void Institution_and_number_name_a_case()
    {
        Case.IdOf("H110001", "1").ShouldBe(Case.IdOf("H110001", "1"));
        Case.IdOf("H110001", "1").ShouldNotBe(Case.IdOf("H110001", "2"));
        Case.IdOf("H11000", "11").ShouldNotBe(Case.IdOf("H110001", "1"));
    }

    [Fact]
    public void A_correction_names_where_the_case_belonged_and_where_it_belongs_now()
    {
        var corrected = Report with { Operator = "P0009", CompletedOn = new(2026, 2, 27), CompletedAt = new(2026, 2, 27, 9, 0, 0, TimeSpan.FromHours(8)) };

        var e = Reported().When(s => Case.Correct(s, corrected, OnTime, "typed wrongly", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Corrected>();

        e.Before.Operator.ShouldBe("P0001");
        e.Case.Operator.ShouldBe("P0009");
        e.Before.CompletedOn.ShouldBe(Day);
        e.Case.CompletedOn.ShouldBe(new(2026, 2, 27));
    }

    [Fact]
    public void A_correction_that_says_the_same_changes_nothing() =>
        Reported().When(s => Case.Correct(s, Report with { }, OnTime, "nightly", Hospital)).ShouldBeEmpty();

    [Fact]
    public void A_complication_is_reported_once()
    {
        var state = Reported(With(null, Stroke));
        state.When(s => Case.ReportComplication(s, Stroke, Day.AddDays(9), Hospital)).ShouldBeEmpty();
        state.When(s => Case.ReportComplication(s, Haematoma, Day.AddDays(9), Hospital))
            .ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ComplicationReported>().InReport.ShouldBeFalse();
    }

    [Fact]
    public void A_complication_withdrawn_can_be_reported_again_under_another_id()
    {
        var state = Reported(With(null, Haematoma));
        var first = state.Complications[0].Id;
        state = state.After(s => Case.Withdraw(s, first.ToString(), "other patient", Hospital));

        var e = state.When(s => Case.ReportComplication(s, Haematoma, Day.AddDays(9), Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.ComplicationReported>();

        e.ComplicationId.ShouldNotBe(first);
    }

    [Fact]
    public void Nobody_dies_twice()
    {
        Reported().When(s => Case.ReportDeath(s, Death, Day.AddDays(9), Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.DeathReported>();
        Reported(With(Death)).Refused(s => Case.ReportDeath(s, Death with { OccurredOn = new(2026, 3, 6) }, Day.AddDays(9), Hospital)).ShouldBe("deathAlreadyReported");
    }

    [Fact]
    public void An_incident_counts_on_the_day_it_was_determined_and_once()
    {
        var state = Reported().After(s => Case.RecordIncident(s, 3, new(2027, 5, 1), Relation.Related, Regulator));
        state.When(s => Case.RecordIncident(s, 3, new(2027, 5, 1), Relation.Related, Regulator)).ShouldBeEmpty();
        CaseFacts.Of(state).Incidents.ShouldHaveSingleItem().DeterminedOn.ShouldBe(new(2027, 5, 1));
    }

    [Fact]
    public void A_slight_complication_is_withdrawn_at_once()
    {
        var state = Reported(With(null, Haematoma));
        state.When(s => Case.Withdraw(s, s.Complications[0].Id.ToString(), "other patient", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.OutcomeWithdrawn>();
    }

    [Fact]
    public void What_is_not_there_cannot_be_withdrawn_related_or_adjudicated()
    {
        var state = Reported();
        state.Refused(s => Case.Withdraw(s, Case.TheDeath, "r", Hospital)).ShouldBe("noSuchOutcome");
        state.Refused(s => Case.Withdraw(s, Guid.Empty.ToString(), "r", Hospital)).ShouldBe("noSuchOutcome");
        state.Refused(s => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "r", Hospital)).ShouldBe("noSuchOutcome");
        state.Refused(s => Case.Adjudicate(s, Case.TheDeath, Relation.Unrelated, "r", Regulator)).ShouldBe("noSuchOutcome");
        state.Refused(s => Case.DecideRequest(s, Guid.Empty, agree: true, "r", Regulator)).ShouldBe("noSuchRequest");
    }

    [Fact]
    public void The_relation_is_declared_anew_until_it_is_adjudicated()
    {
        var state = Reported(With(Death));
        state.When(s => Case.DeclareRelation(s, Case.TheDeath, Relation.Related, "autopsy", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.RelationDeclared>();
        state.When(s => Case.Adjudicate(s, Case.TheDeath, Relation.Unrelated, "file read", Regulator)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.OutcomeAdjudicated>();
        state.After(s => Case.Adjudicate(s, Case.TheDeath, Relation.Related, "file read", Regulator))
            .Refused(s => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "no", Hospital)).ShouldBe("alreadyAdjudicated");
    }

    [Fact]
    public void A_case_without_grave_outcome_is_voided_at_once_and_then_fixed()
    {
        var state = Reported(With(null, Haematoma));
        state.When(s => Case.Void(s, "reported by mistake", Hospital)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.Voided>();

        var voided = state.After(s => Case.Void(s, "reported by mistake", Hospital));
        voided.Refused(s => Report_(s, outcome: With(null, Haematoma))).ShouldBe("caseVoided");
        voided.Refused(s => Case.Correct(s, Diagnostic, OnTime, "r", Hospital)).ShouldBe("caseVoided");
        voided.Refused(s => Case.ReportComplication(s, Stroke, Day, Hospital)).ShouldBe("caseVoided");
        voided.Refused(s => Case.ReportDeath(s, Death, Day, Hospital)).ShouldBe("caseVoided");
        CaseFacts.Of(voided).Voided.ShouldBeTrue();
    }

    [Fact]
    public void What_was_never_reported_is_not_found()
    {
        var none = Case.State.Initial;
        none.Refused(s => Case.Correct(s, Report, OnTime, "r", Hospital)).ShouldBe("noSuchCase");
        none.Refused(s => Case.ReportComplication(s, Stroke, Day, Hospital)).ShouldBe("noSuchCase");
        none.Refused(s => Case.ReportDeath(s, Death, Day, Hospital)).ShouldBe("noSuchCase");
        none.Refused(s => Case.RecordIncident(s, 1, Day, Relation.Related, Regulator)).ShouldBe("noSuchCase");
        none.Refused(s => Case.Withdraw(s, Case.TheDeath, "r", Hospital)).ShouldBe("noSuchCase");
        none.Refused(s => Case.DeclareRelation(s, Case.TheDeath, Relation.Related, "r", Hospital)).ShouldBe("noSuchCase");
        none.Refused(s => Case.Adjudicate(s, Case.TheDeath, Relation.Related, "r", Regulator)).ShouldBe("noSuchCase");
        none.Refused(s => Case.Void(s, "r", Hospital)).ShouldBe("noSuchCase");
        none.Refused(s => Case.DecideRequest(s, Guid.Empty, agree: true, "r", Regulator)).ShouldBe("noSuchCase");
    }
}
