using Compliance.Metrics;
using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

/// <summary>What a change changed, with what stood before and after: expectations are written by hand from the report and the rules of counting.</summary>
public class CaseChangeTests
{
    private static readonly CountName[] Treated = [CountName.Cases, CountName.TherapeuticCases];

    /// <summary>The changes that a decision makes.</summary>
    private static List<CaseChange> Changes(Case.State state, Func<Case.State, Decision<Case.Event>> decide)
    {
        var changes = new List<CaseChange>();
        foreach (var e in state.When(decide))
        {
            (CaseChange.Of(state, e) is null).ShouldBe(CaseChange.KindOf(e) is null);
            if (CaseChange.Of(state, e) is { } change)
                changes.Add(change);
            state = Case.Evolve(state, e);
        }

        return changes;
    }

    private static CaseChange Change(Case.State state, Func<Case.State, Decision<Case.Event>> decide) => Changes(state, decide).ShouldHaveSingleItem();

    private static Func<Case.State, Decision<Case.Event>> Correct(CaseReport report) => s => Case.Correct(s, report, OnTime, "typed wrongly", Hospital);

    private static string[] Told(CaseChange change) => [.. change.Changes.Select(c => $"{c.Pointer}: {c.Before} > {c.After}")];

    private static (CountName, int, int)[] Counts(CaseChange change) => [.. change.Moved!.Counts.Select(c => (c.Count, c.Before, c.After))];

    [Fact]
    public void A_case_moved_to_another_operator_leaves_ones_figures_for_the_others()
    {
        var change = Change(Reported(), Correct(Report with { Operator = "P0009" }));
        (change.What, change.Reason, change.Request, change.Agreed).ShouldBe((ChangeKind.Correction, "typed wrongly", null, null));
        Told(change).ShouldBe(["/operator: P0001 > P0009"]);
        change.CountedBefore.ShouldBe(new("H110001", "P0001", "neurovascular", Day));
        change.CountedAfter.ShouldBe(new("H110001", "P0009", "neurovascular", Day));
        change.Moved!.Operator.ShouldBe(new("P0001", "P0009"));
        (change.Moved.Technique, change.Moved.CompletedOn, change.Moved.Counts.Count).ShouldBe((null, null, 0));
    }

    [Fact]
    public void A_case_moved_to_another_day_or_technique_says_from_where_to_where()
    {
        var later = Report with { CompletedAt = Report.CompletedAt.AddDays(1), CompletedOn = Day.AddDays(1) };
        var moved = Change(Reported(), Correct(later));
        Told(moved).ShouldHaveSingleItem().ShouldStartWith("/completedAt: ");
        moved.Moved!.CompletedOn.ShouldBe(new(Day, Day.AddDays(1)));
        // Later on the same day changes what is read, and nobody's figures.
        Change(Reported(), Correct(Report with { CompletedAt = Report.CompletedAt.AddHours(1) })).Moved.ShouldBeNull();

        var other = Change(Reported(), Correct(Report with { Technique = "comprehensive", ProcedureCodes = ["CI-L3-05"], Level = 3 }));
        other.Changes.Select(c => c.Pointer).ShouldBe(["/technique", "/procedureCodes"]);
        ((IReadOnlyList<string>)other.Changes[1].Before!).ShouldBe(["NV-ANEURYSM-COIL"]);
        ((IReadOnlyList<string>)other.Changes[1].After!).ShouldBe(["CI-L3-05"]);
        other.Moved!.Technique.ShouldBe(new("neurovascular", "comprehensive"));
        Counts(other).ShouldBe([(CountName.Level3PlusCases, 0, 1), (CountName.Level3PlusTherapeuticCases, 0, 1)]);
    }

    [Fact]
    public void A_treatment_turned_diagnostic_leaves_the_treatments()
    {
        var change = Change(Reported(), Correct(Diagnostic));
        Told(change).ShouldContain("/intent: Therapeutic > Diagnostic");
        (change.Moved!.Operator, change.Moved.Technique, change.Moved.CompletedOn).ShouldBe((null, null, null));
        Counts(change).ShouldBe([(CountName.DiagnosticCases, 0, 1), (CountName.TherapeuticCases, 1, 0)]);
        Counts(Change(Reported(null, Correct(Diagnostic)), Correct(Report))).ShouldBe([(CountName.DiagnosticCases, 1, 0), (CountName.TherapeuticCases, 0, 1)]);
    }

    /// <summary>Every member there is can be told, and of the patient only that something changed.</summary>
    [Fact]
    public void Of_the_patient_nothing_is_told()
    {
        var all = new CaseReport(
            "comprehensive", ["CI-L3-05"], ["39.72"], Intent.Diagnostic, true, 3, Report.CompletedAt.AddDays(1), Day.AddDays(1), "P0009", "P0008", ["P0007"], ["P0006"],
            "other hash", Urgency.Urgent, false, Consent.Absent, Day, Day.AddDays(3), []);
        var changes = Change(Reported(), Correct(all)).Changes;
        changes.Select(c => c.Pointer).ShouldBe(
        [
            "/technique", "/procedureCodes", "/icd9cm3", "/intent", "/completedAt", "/operator", "/trainee", "/assistants", "/decidedBy", "/patient", "/urgency", "/succeeded", "/consent", "/admittedOn", "/dischargedOn", "/devices",
        ]);
        changes.Single(c => c.Withheld).ShouldBe(new("/patient", null, null, Withheld: true));
        changes.Where(c => !c.Withheld).ShouldAllBe(c => c.After != null && !Equals(c.Before, c.After));
    }

    [Fact]
    public void A_void_takes_the_case_out_of_every_figure()
    {
        var change = Change(Reported(With(null, Haematoma)), s => Case.Void(s, "another patient's", Hospital));
        (change.What, change.CountedAfter).ShouldBe((ChangeKind.Void, null));
        change.CountedBefore.ShouldBe(new("H110001", "P0001", "neurovascular", Day));
        Told(change).ShouldBe(["/status: reported > voided"]);
        Counts(change).ShouldBe([.. Treated.Select(c => (c, 1, 0))]);
    }

    [Fact]
    public void An_outcome_that_counts_nowhere_moves_nothing()
    {
        var state = Reported(With(null, Haematoma));
        var id = state.Complications[0].Id;
        var change = Change(state, s => Case.Withdraw(s, id.ToString(), "another patient's", Hospital));
        (change.What, change.Moved).ShouldBe((ChangeKind.Withdrawal, null));
        change.Changes.ShouldBe([new($"/outcome/complications/{id}", Haematoma, null)]);
    }

    [Fact]
    public void What_was_asked_for_moves_nothing_until_it_is_agreed_to()
    {
        var state = Reported(With(Death, Stroke));
        var asked = Change(state, s => Case.Withdraw(s, Case.TheDeath, "she lives", Hospital));
        (asked.What, asked.Asked, asked.Moved, asked.Agreed).ShouldBe((ChangeKind.Request, RequestedChange.Withdrawal, null, null));
        asked.Changes.ShouldBe([new("/outcome/death", Death, null)]);
        asked.CountedAfter.ShouldBe(asked.CountedBefore);

        var pending = state.After(s => Case.Withdraw(s, Case.TheDeath, "she lives", Hospital));
        Changes(pending, s => Case.DecideRequest(s, pending.Request(), agree: false, "file read", Regulator)).Select(c => (c.What, c.Request, c.Agreed, c.Moved)).ShouldBe([(ChangeKind.Decision, pending.Request(), (bool?)false, null)]);
        var agreed = Changes(pending, s => Case.DecideRequest(s, pending.Request(), agree: true, "file read", Regulator));
        agreed.Select(c => (c.What, c.Request, c.Reason)).ShouldBe([(ChangeKind.Decision, pending.Request(), "file read"), (ChangeKind.Withdrawal, pending.Request(), "she lives")]);
        (agreed[0].Moved, agreed[0].Changes.Count, agreed[0].Agreed).ShouldBe((null, 0, true));
        Counts(agreed[1]).ShouldBe([(CountName.DeathCases, 1, 0), (CountName.TherapeuticDeathCases, 1, 0), (CountName.PossibleDeathCases, 1, 0)]);
    }

    [Fact]
    public void What_requests_ask_for_is_told_as_it_would_be()
    {
        var state = Reported(With(Death, Stroke));
        Told(Change(state, s => Case.Void(s, "r", Hospital))).ShouldBe(["/status: reported > voided"]);
        Told(Change(state, Correct(Diagnostic))).ShouldContain("/intent: Therapeutic > Diagnostic");
        Told(Change(state, s => Case.DeclareRelation(s, Case.TheDeath, Relation.Unrelated, "r", Hospital))).ShouldBe(["/outcome/death/relation: Undetermined > Unrelated"]);
    }

    [Fact]
    public void A_relation_declared_or_adjudicated_says_which_it_was()
    {
        var state = Reported(With(Death), s => Case.RecordIncident(s, 2, Day, Relation.Related, Regulator));
        var declared = Change(state, s => Case.DeclareRelation(s, Case.TheDeath, Relation.Related, "r", Hospital));
        (declared.What, declared.Moved).ShouldBe((ChangeKind.Relation, null), "undetermined counted already");
        Told(declared).ShouldBe(["/outcome/death/relation: Undetermined > Related"]);

        var adjudicated = Change(state, s => Case.Adjudicate(s, Case.TheDeath, Relation.Unrelated, "r", Regulator));
        adjudicated.What.ShouldBe(ChangeKind.Adjudication);
        Told(adjudicated).ShouldBe(["/outcome/death/adjudicated:  > Unrelated"]);
        Counts(adjudicated).ShouldBe([(CountName.DeathCases, 1, 0), (CountName.TherapeuticDeathCases, 1, 0), (CountName.PossibleDeathCases, 1, 0)]);

        var incident = state.Incidents[0].Id;
        var ofIncident = Change(state, s => Case.Adjudicate(s, incident.ToString(), Relation.Unrelated, "r", Regulator));
        Told(ofIncident).ShouldBe([$"/incidents/{incident}/adjudicated:  > Unrelated"]);
        Counts(ofIncident).ShouldBe([(CountName.Incidents, 1, 0), (CountName.SeriousIncidents, 1, 0)]);
    }

    [Fact]
    public void What_is_added_is_no_change()
    {
        var state = Reported();
        Changes(Case.State.Initial, s => Report_(s, outcome: With(Death, Stroke))).ShouldBeEmpty();
        Changes(state, s => Case.ReportDeath(s, Death, Day, Hospital)).ShouldBeEmpty();
        Changes(state, s => Case.ReportComplication(s, Stroke, Day, Hospital)).ShouldBeEmpty();
        Changes(state, s => Case.RecordIncident(s, 2, Day, Relation.Related, Regulator)).ShouldBeEmpty();
    }

    [Fact]
    public void A_case_adds_to_each_count_what_it_is()
    {
        var state = Reported(With(Death, Stroke), s => Case.RecordIncident(s, 3, Day, Relation.Related, Regulator), s => Case.RecordIncident(s, 2, Day, Relation.Related, Regulator));
        CaseFacts.Of(state).Counted.ShouldBe(new(1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 0, 0));
        var late = OnTime with { ReceivedOn = OnTime.Deadline!.Value.AddDays(1) };
        CaseFacts.Of(Case.State.Initial.After(s => Report_(s, Diagnostic with { Level = 3 }, timeliness: late))).Counted.ShouldBe(new(1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0));
        CaseFacts.Of(Reported(null, s => Case.Void(s, "r", Hospital))).Counted.ShouldBe(Metrics.Counts.None);
    }
}
