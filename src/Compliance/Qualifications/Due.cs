namespace Compliance.Qualifications;

/// <summary>What somebody owes a qualification, or a round of assessment.</summary>
public enum DueKind
{
    /// <summary>Rectification is over: a reassessment is awaited, and without it nothing ends (NV-REASSESS).</summary>
    Reassessment,

    /// <summary>A proposal waits for a person.</summary>
    Proposal,

    /// <summary>A hearing was asked for and is to be held.</summary>
    Hearing,

    /// <summary>The grounds of a suspension no longer hold.</summary>
    GroundsDecision,

    /// <summary>The subject asked for a review of its suspension.</summary>
    Review,

    /// <summary>An objection waits for its answer.</summary>
    Objection,

    /// <summary>An attestation that a condition rests on ends.</summary>
    Attestation,

    /// <summary>A grant is to be reported to the ministry (NV-NOTICE-FILE).</summary>
    GrantFiling,

    /// <summary>A period ends and its round opens once the last report of it has been due.</summary>
    RoundOpening,

    /// <summary>A round closes: what is not scored by then stays unscored.</summary>
    RoundClosing,

    /// <summary>A training base is to be reviewed, by who recognises it: of a kind the ministry recognises, national.</summary>
    TrainingBaseReview,
}

/// <summary>One thing due and not done.</summary>
/// <param name="On">The last day to do it; where no rule gives one, the first on which it can be done.</param>
/// <param name="Province">Whose regulator owes it; null where it is that of the subject, wherever it belongs.</param>
/// <param name="Reference">Which proposal, objection or fact; null where there is only one.</param>
public sealed record Due(DueKind What, DateOnly On, string? Province, string? Reference)
{
    /// <summary>What is due on a qualification, from its state alone: no message has to arrive for it, and none can be lost.</summary>
    public static IReadOnlyList<Due> Of(Qualification.State state)
    {
        List<Due> dues = [];
        if (state.StandingSuspension is { } suspension)
        {
            if (!state.Pending.Any(p => p.Sanction == Sanction.Revocation))
                dues.Add(new(DueKind.Reassessment, suspension.RectificationEndsOn.AddDays(1), suspension.Province, null));
            if (suspension.GroundsDecisionDueOn is { } grounds)
                dues.Add(new(DueKind.GroundsDecision, grounds, suspension.Province, null));
            if (suspension.ReviewDueOn is { } review)
                dues.Add(new(DueKind.Review, review, suspension.Province, null));
        }

        foreach (Qualification.Proposal proposal in state.Pending)
        {
            bool toHear = proposal is { HearingRequestedOn: not null, HeardOn: null };
            // A revocation proposed before hearings were kept follows from a reassessment, and that from a suspension; which need not stand any more.
            DateOnly? on = toHear
                ? proposal.HearingRequestedOn
                : proposal.HeardOn ?? proposal.HearUntil?.AddDays(1) ?? proposal.JudgedOn ?? state.Suspensions.LastOrDefault()?.RectificationEndsOn.AddDays(1);
            if (on is { } day)
                dues.Add(new(toHear ? DueKind.Hearing : DueKind.Proposal, day, proposal.Province, proposal.Id.ToString("D")));
        }

        dues.AddRange(state.Objections.Where(o => o.Accepted is null).Select(o => new Due(DueKind.Objection, o.AnswerDueOn, null, o.Id.ToString("D"))));
        if (state.Grants is [.., { RelinquishedOn: null, RevokedOn: null } grant])
        {
            dues.AddRange(state.AttestedBy(DateOnly.MaxValue).Where(f => f.ValidUntil is not null).Select(f => new Due(DueKind.Attestation, f.ValidUntil!.Value, null, f.Fact)));
            if (grant is { Path: not null, FiledAs: null })
                dues.Add(new(DueKind.GrantFiling, grant.EffectiveOn, null, null));
        }

        return dues;
    }
}
