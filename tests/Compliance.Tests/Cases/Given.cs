namespace Compliance.Cases.Tests;

/// <summary>What the tests of a case start from.</summary>
internal static class Given
{
    public static readonly Actor Hospital = new("hospital", "records office");
    public static readonly Actor Regulator = new("regulator", "officer");
    public static readonly DateOnly Day = new(2026, 3, 2);

    public static readonly CaseReport Report = new(
        "neurovascular", ["NV-ANEURYSM-COIL"], [], Intent.Therapeutic, true, 0, new(2026, 3, 2, 14, 20, 0, TimeSpan.FromHours(8)), Day, "P0001", null, ["P0002"], ["P0001", "P0003"],
        "hash", Urgency.Elective, true, Consent.Signed, null, null, [new("国械注准20193130001", "(01)06901234567892", "L1", "S1", true)]);

    public static readonly CaseReport Diagnostic = Report with { Intent = Intent.Diagnostic, Therapeutic = false, ProcedureCodes = ["NV-DSA-CEREBRAL"] };

    public static readonly Timeliness OnTime = new(new(2026, 3, 5), new(2026, 3, 16), 4, Provisional: false);
    public static readonly ReportedComplication Stroke = new("ischaemicStroke", Severe: true, new(2026, 3, 3), Relation.Related);
    public static readonly ReportedComplication Haematoma = new("accessSiteHaematoma", Severe: false, new(2026, 3, 3), Relation.Related);
    public static readonly ReportedDeath Death = new(new(2026, 3, 5), Relation.Undetermined);

    public static ReportedOutcome With(ReportedDeath? death, params ReportedComplication[] complications) => new(complications, death);

    /// <summary>A case reported, and then all these decisions taken on it; every one of them must be accepted.</summary>
    public static Case.State Reported(ReportedOutcome? outcome = null, params Func<Case.State, Decision<Case.Event>>[] then) =>
        then.Aggregate(Case.State.Initial.After(s => Report_(s, outcome: outcome)), (state, decide) => state.After(decide));

    public static Decision<Case.Event> Report_(Case.State state, CaseReport? report = null, ReportedOutcome? outcome = null, Timeliness? timeliness = null) =>
        Case.ReportCase(state, "H110001", "2026-000123", report ?? Report, outcome ?? ReportedOutcome.None, timeliness ?? OnTime, ["tooFewDeciders"], Hospital);

    public static Case.State After(this Case.State state, Func<Case.State, Decision<Case.Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull();
        return decision.Events.Aggregate(state, Case.Evolve);
    }

    /// <summary>The events decided; and deciding the same on the state after them must give no further event.</summary>
    public static IReadOnlyList<Case.Event> When(this Case.State state, Func<Case.State, Decision<Case.Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull();
        decide(decision.Events.Aggregate(state, Case.Evolve)).Events.ShouldBeEmpty();
        return decision.Events;
    }

    public static string Refused(this Case.State state, Func<Case.State, Decision<Case.Event>> decide)
    {
        var decision = decide(state);
        decision.Events.ShouldBeEmpty();
        return decision.Refusal.ShouldNotBeNull().Code;
    }

    public static Guid Request(this Case.State state) => state.Requests[^1].Id;
}
