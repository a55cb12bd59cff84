namespace Compliance.Service.Tests.Reckoning;

public sealed record Ratio(int Numerator, int Denominator);

/// <summary>The counts of domain.md, over the rolling year that ends on the day asked for, and the technique's two rates.</summary>
public sealed record Metrics(
    DateOnly From,
    DateOnly To,
    int Cases,
    int DiagnosticCases,
    int TherapeuticCases,
    int Level3PlusCases,
    int Level3PlusTherapeuticCases,
    int SevereComplicationCases,
    int TherapeuticSevereComplicationCases,
    int DeathCases,
    int TherapeuticDeathCases,
    int PossibleSevereComplicationCases,
    int PossibleDeathCases,
    int Incidents,
    int SeriousIncidents,
    int LateReports,
    int OverdueReports,
    Ratio SevereComplications,
    Ratio Mortality);

public enum Outcome { Met, Breached, NotMeasurable, NotApplicable }

/// <summary>Both days included; empty when <paramref name="From"/> lies after <paramref name="To"/>.</summary>
public sealed record Observation(DateOnly From, DateOnly To, bool Complete);

/// <summary>
/// A clause judged. Floors, few deaths, incidents and staff have a <paramref name="Count"/>; rates a numerator and the denominator
/// judged (raised to the guideline volume where the observation is incomplete). <paramref name="Binding"/> is that of the kind of
/// clause and says nothing where the outcome is neither met nor breached.
/// </summary>
public sealed record Finding(
    string Clause, Outcome Outcome, bool Binding, DateOnly JudgedOn, Observation Observation, int? Count, int? Numerator, int? Denominator)
{
    public bool BreachedAndBinding => Outcome == Outcome.Breached && Binding;
}

/// <summary>A finding with the same clause on the day asked for, and the first closing of its present run (null: none).</summary>
public sealed record ShownFinding(Finding Judged, Finding Current, DateOnly? Since);

public enum Overall { Compliant, AtRisk, Breached, NotMeasurable }

public enum Standing { Good, Warned, Suspended, Revoked }

public enum DecisionKind
{
    Warned,
    WarningLifted,
    WarningProposed,
    SuspensionProposed,
    RevocationProposed,
    ProposalWithdrawn,
    ProposalDeclined,
    Suspended,
    Lifted,
    Annulled,
    Reinstated,
    ReassessmentFailed,
    Revoked,
    Relinquished,
    GroundsUndermined,
}

/// <summary>
/// Something decided about a qualification. <paramref name="JudgedOn"/> is null where nothing was judged (a regulator's own act).
/// <paramref name="Grounds"/> are all clauses breached and binding on that day, <paramref name="Suspending"/> those of them that
/// suspended; both in the order of the table of clauses. <paramref name="Proposal"/> is the proposal's number within the
/// qualification, where one is made, decided or withdrawn.
/// </summary>
public sealed record Decision(
    DecisionKind Kind,
    Subject Subject,
    Technique Technique,
    DateOnly? JudgedOn,
    DateOnly RecordedOn,
    DateOnly EffectiveOn,
    IReadOnlyList<string> Grounds,
    IReadOnlyList<string> Suspending,
    bool Held,
    int? Proposal,
    bool ByMonitor)
{
    public override string ToString() =>
        $"{Subject} {Technique} {Kind}{(Held ? " (held)" : "")} judged {JudgedOn:O} recorded {RecordedOn:O} effective {EffectiveOn:O} [{string.Join(' ', Grounds)}] suspending [{string.Join(' ', Suspending)}]{(Proposal is null ? "" : $" proposal {Proposal}")}";
}

public enum ProposalKind { Warning, Suspension, Revocation }

public enum ProposalState { Pending, Agreed, Declined, Withdrawn }

public sealed record ProposalShown(int Number, ProposalKind Kind, ProposalState State, DateOnly? JudgedOn, bool Held, IReadOnlyList<string> Grounds);

/// <summary>
/// Readings that neither the design nor the brief settles, each in one place, so that a difference found in a comparison can be
/// tried both ways before it is called a fault.
/// </summary>
public sealed record Readings
{
    public static readonly Readings Chosen = new();

    /// <summary>Relinquishing ends the validity the day after the act, as every decision; else on the day of the act.</summary>
    public bool RelinquishedTheDayAfter { get; init; } = true;

    /// <summary>A proposal is withdrawn when none of its own clauses calls for it any more; else when no clause at all does.</summary>
    public bool ProposalFallsWithItsOwnGrounds { get; init; } = true;

    /// <summary>From the day it is annulled on, an annulled suspension is treated as never having been in effect; else until that day it was.</summary>
    public bool AnnulledReachesBack { get; init; } = true;

    /// <summary>A regulator may revoke only what is proposed for revocation.</summary>
    public bool RevokeNeedsProposal { get; init; } = true;
}
