using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Qualifications;

/// <summary>One subject on one closed day: what the monitor decides from, and nothing else.</summary>
/// <param name="Day">The day closed.</param>
/// <param name="Province">Where the subject belongs on the day; null when it never had a registration.</param>
/// <param name="Regulation">Id of the regulation judged by.</param>
/// <param name="Facts">What was counted.</param>
/// <param name="Findings">With the runs they belong to.</param>
/// <param name="Standing">As decided when the day was closed.</param>
/// <param name="ProposalsPending">True when somebody has yet to decide on a proposal.</param>
/// <param name="WouldSuspend">True when the findings demand suspension and nobody is waiting to decide on it already.</param>
/// <param name="GroundsHold">For a suspended subject with grounds: whether they are still true as known now; else null.</param>
public sealed record Closing(
    DateOnly Day,
    QualificationId Qualification,
    string? Province,
    string Regulation,
    int RegulationVersion,
    SubjectFacts Facts,
    IReadOnlyList<Finding> Findings,
    Standing Standing,
    bool ProposalsPending,
    bool WouldSuspend,
    bool? GroundsHold)
{
    /// <summary>False when nothing in it can lead to a decision: most subjects on most days.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool AsksForDecision => Standing == Standing.Warned || ProposalsPending || GroundsHold == false || Findings.Any(f => f.IsBreach);
}
