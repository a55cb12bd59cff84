using System.Diagnostics;

namespace Compliance.Qualifications;

/// <summary>The right to be heard (听证) before a revocation that was proposed: asked for within some working days, then held, and only after that decided.</summary>
public static class Hearing
{
    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event(QualificationId Qualification, Actor By) : Qualifications.Qualification.Event(Qualification, By)
    {
        public sealed record Requested(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("Statement")] string Statement,
            [property: Stored("RequestedOn")] DateOnly RequestedOn,
            Actor By) : Event(Qualification, By);

        /// <param name="Record">What was said, in short.</param>
        public sealed record Held(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("HeldOn")] DateOnly HeldOn,
            [property: Stored("Record")] string Record,
            Actor By) : Event(Qualification, By);
    }

    public static Qualification.State Evolve(Qualification.State state, Event e) => e switch
    {
        Event.Requested r => Qualification.Change(state, r.ProposalId, p => p with { HearingRequestedOn = r.RequestedOn }),
        Event.Held h => Qualification.Change(state, h.ProposalId, p => p with { HeardOn = h.HeldOn }),
        _ => throw new UnreachableException($"no part of a hearing is called {e.GetType().Name}"),
    };

    /// <summary>The subject asks to be heard about the revocation that is proposed.</summary>
    public static Decision<Qualification.Event> Request(Qualification.State state, string statement, DateOnly on, Actor by) =>
        Pending(state) is not { } proposal ? Refusal.Conflict("noRevocationProposed")
        : proposal.HearingRequestedOn is not null ? Decision<Qualification.Event>.Nothing
        : on > proposal.HearUntil ? Refusal.Conflict("hearingPeriodOver", proposal.HearUntil)
        : new Event.Requested(state.Id!.Value, proposal.Id, statement, on, by);

    /// <summary>A regulator records that it was held.</summary>
    public static Decision<Qualification.Event> Hold(Qualification.State state, DateOnly heldOn, string record, DateOnly today, Actor by) =>
        Pending(state) is not { } proposal ? Refusal.Conflict("noRevocationProposed")
        : proposal.HearingRequestedOn is not { } requested ? Refusal.Conflict("noHearingRequested")
        : proposal.HeardOn is not null ? Decision<Qualification.Event>.Nothing
        : heldOn < requested || heldOn > today ? Refusal.Invalid("hearingDay", "/heldOn", requested, today)
        : new Event.Held(state.Id!.Value, proposal.Id, heldOn, record, by);

    /// <summary>Why a revocation cannot be carried out yet; null when it can. One proposed before hearings were kept here has no such period.</summary>
    public static Refusal? Outstanding(Qualification.Proposal proposal, DateOnly today) =>
        proposal is { HearingRequestedOn: not null, HeardOn: null } ? Refusal.Conflict("hearingOutstanding")
        : proposal is { HearingRequestedOn: null, HearUntil: { } until } && today <= until ? Refusal.Conflict("hearingPeriodOpen", until)
        : null;

    private static Qualification.Proposal? Pending(Qualification.State state) => state.Pending.FirstOrDefault(p => p.Sanction == Sanction.Revocation);
}
