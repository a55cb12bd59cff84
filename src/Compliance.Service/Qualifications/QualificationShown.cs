using Compliance.Assessments;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Metrics;

namespace Compliance.Service.Qualifications;

/// <summary>What a sanction or a proposal rests on.</summary>
public sealed record GroundsShown(ComplianceEndpoints.RegulationShown Regulation, ObservationShown Observation, CountsShown Counts, IReadOnlyList<FindingShown> Findings)
{
    internal static GroundsShown Of(Grounds grounds, RegulationSet regulations) => new(
        new(grounds.Regulation, grounds.Version),
        new(grounds.Observation.From, grounds.Observation.To, grounds.Observation.Complete),
        CountsShown.Of(grounds.Counts),
        FindingShown.All(grounds.Findings, regulations.Find(grounds.Regulation, grounds.Version)));
}

/// <param name="Held">True when the monitor would have suspended, but too many fell at once.</param>
/// <param name="JudgedOn">The closed day, or the day an assessment was concluded; null for a revocation.</param>
/// <param name="Round">The assessment it follows from.</param>
/// <param name="HearUntil">Of a revocation, the last day on which the subject may ask to be heard.</param>
public sealed record ProposalShown(
    Guid ProposalId,
    Sanction Sanction,
    DateOnly? JudgedOn,
    string Province,
    bool Held,
    GroundsShown? Grounds,
    Guid? Round,
    DateOnly? HearUntil,
    DateOnly? HearingRequestedOn,
    DateOnly? HeardOn)
{
    internal static ProposalShown Of(Qualification.Proposal proposal, RegulationSet regulations) => new(
        proposal.Id,
        proposal.Sanction,
        proposal.JudgedOn,
        proposal.Province,
        proposal.Held,
        proposal.Grounds is { } grounds ? GroundsShown.Of(grounds, regulations) : null,
        proposal.Round,
        proposal.HearUntil,
        proposal.HearingRequestedOn,
        proposal.HeardOn);
}

/// <summary>How a round of assessment ended for the subject.</summary>
/// <param name="Counts">False for a round concluded while the province only observed.</param>
/// <param name="Struck">True once the suspension that followed from it was annulled.</param>
public sealed record AssessmentShown(Guid Round, int Sitting, DateOnly From, DateOnly To, AssessmentOutcome Outcome, bool Counts, bool Struck);

/// <param name="Notice">The version of the decision objected to.</param>
/// <param name="Accepted">Null while it waits for an answer, by <paramref name="AnswerDueOn"/>.</param>
public sealed record ObjectionShown(Guid ObjectionId, long Notice, string Reason, DateOnly FiledOn, DateOnly AnswerDueOn, bool? Accepted, string? Answer, DateOnly? AnsweredOn);

/// <param name="RectificationEndsOn">Its last day.</param>
/// <param name="ReassessmentFrom">The first day on which it may be reassessed.</param>
/// <param name="Province">The province that suspended, and alone ends it.</param>
/// <param name="Undermined">True while a person has to decide on grounds that no longer hold.</param>
/// <param name="Grounds">Null to those whom they do not concern, and when a named person suspended for reasons of his own.</param>
public sealed record SuspensionShown(
    DateOnly JudgedOn,
    DateOnly EffectiveOn,
    DateOnly RectificationEndsOn,
    DateOnly ReassessmentFrom,
    string? Province,
    bool Undermined,
    bool ReviewPending,
    string? RectificationPlan,
    IReadOnlyList<Evidence>? Evidence,
    Guid? Round,
    GroundsShown? Grounds);

/// <param name="Path">The path it was applied for by; null where it was not applied for in this system.</param>
/// <param name="FiledAs">Under what reference it was reported to the ministry.</param>
public sealed record GrantShown(int Number, DateOnly EffectiveOn, string Reference, DateOnly? RelinquishedOn, DateOnly? RevokedOn, string? Path, string? FiledAs, DateOnly? FiledOn);

/// <param name="Standing">As decided by now; null before the first grant takes effect.</param>
/// <param name="EffectiveOn">First day of the standing, which may be tomorrow.</param>
/// <param name="Proposals">Those that wait for a decision; null to those whom they do not concern, as assessments and objections are.</param>
public sealed record QualificationShown(
    SubjectShown Subject,
    string Technique,
    ComplianceEndpoints.ValidityShown Validity,
    Standing? Standing,
    DateOnly? EffectiveOn,
    SuspensionShown? Suspension,
    IReadOnlyList<GrantShown> Grants,
    IReadOnlyList<ProposalShown>? Proposals,
    IReadOnlyList<AssessmentShown>? Assessments,
    IReadOnlyList<ObjectionShown>? Objections)
{
    /// <param name="inner">True for whom it concerns: the holder, its regulator, national. All others see where it stands, and not why.</param>
    internal static QualificationShown Of(Qualification.State state, DateOnly today, RegulationSet regulations, bool inner)
    {
        var id = state.Id!.Value;
        var step = state.StepOn(today);
        return new(
            SubjectShown.Of(id.Subject),
            id.Technique,
            ComplianceEndpoints.ValidityShown.Of(state, today),
            step?.Standing,
            step?.EffectiveOn,
            state.StandingSuspension is { } s
                ? new(
                    s.JudgedOn,
                    s.EffectiveOn,
                    s.RectificationEndsOn,
                    s.RectificationEndsOn.AddDays(1),
                    s.Province,
                    s.Undermined,
                    s.ReviewPending,
                    inner ? s.RectificationPlan : null,
                    inner ? s.Evidence : null,
                    inner ? s.Round : null,
                    inner && s.Grounds is { } grounds ? GroundsShown.Of(grounds, regulations) : null)
                : null,
            [.. state.Grants.Select(g => new GrantShown(g.Number, g.EffectiveOn, g.Reference, g.RelinquishedOn, g.RevokedOn, g.Path, g.FiledAs, g.FiledOn))],
            inner ? [.. state.Pending.Select(p => ProposalShown.Of(p, regulations))] : null,
            inner ? [.. state.Assessments.Select(a => new AssessmentShown(a.Round, a.Sitting, a.Period.From, a.Period.To, a.Outcome, a.Counts, a.Struck))] : null,
            inner ? [.. state.Objections.Select(o => new ObjectionShown(o.Id, o.Against, o.Reason, o.FiledOn, o.AnswerDueOn, o.Accepted, o.Answer, o.AnsweredOn))] : null);
    }
}

/// <summary>Which acts on a qualification are whose.</summary>
internal static class Reach
{
    /// <summary>The holder speaking for itself: the institution's own token, the physician's own.</summary>
    public static bool IsHolder(this Caller caller, Subject subject) => subject.Kind == SubjectKind.Institution
        ? caller.Role == Role.Hospital && caller.Institution == subject.Id
        : caller.Role == Role.Physician && caller.Physician == subject.Id;

    /// <summary>The province that suspended ends what it began, wherever the holder has gone since.</summary>
    public static bool EndsSuspension(this Caller caller, Qualification.State state, Holder holder) => caller.ActsIn(state.StandingSuspension?.Province ?? holder.Province);

    /// <summary>The province that proposed to revoke hears the subject and decides, whether or not it is suspended and wherever it has gone since.</summary>
    public static bool DecidesRevocation(this Caller caller, Qualification.State state, Holder holder) =>
        state.Pending.FirstOrDefault(p => p.Sanction == Sanction.Revocation) is { } proposal ? caller.ActsIn(proposal.Province) : caller.EndsSuspension(state, holder);

    /// <summary>Grounds, proposals and history: the holder, the regulator where it belongs, was suspended or has a proposal pending, national.</summary>
    public static bool MayReadInner(this Caller caller, Qualification.State state, Subject subject, string? province) =>
        caller.IsHolder(subject) || caller.ActsIn(province) || (state.StandingSuspension?.Province is { } suspendedBy && caller.ActsIn(suspendedBy))
        || state.Pending.Any(p => caller.ActsIn(p.Province));
}
