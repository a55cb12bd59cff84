using System.Diagnostics;
using Compliance.Training;

namespace Compliance.Qualifications;

/// <summary>What the public is told of.</summary>
public enum AnnouncedAct
{
    /// <summary>NV-NOTICE-PUB, NV-PUB-LIST, CI3-PUB-LIST.</summary>
    Granted,
    Suspended,
    SuspensionLifted,

    /// <summary>What was announced is taken back.</summary>
    SuspensionAnnulled,
    Reinstated,

    /// <summary>NV-REVOKE-PUB, CI3-REVOKE-PUB.</summary>
    Revoked,
    Relinquished,

    /// <summary>A round opened again because outcomes had been concealed was concluded anew.</summary>
    AssessedAnew,

    /// <summary>NV-TB-RECOG, CI-TB-PROV.</summary>
    TrainingBaseRecognised,
    TrainingBaseWithdrawn,
    TrainingBaseGivenUp,

    /// <summary>NC-PUBLISH: the outcome of a round of selection, open to objections.</summary>
    SelectionPublished,

    /// <summary>The result of a round of selection.</summary>
    SelectionConcluded,

    /// <summary>NC-FRAUD after the result: an outcome of the round no longer stands.</summary>
    SelectionCancelled,
}

/// <summary>
/// What is announced of an event, and it is little: who, what and from when. No grounds, no counts, and no reasons, since free text may tell of patients.
/// </summary>
/// <param name="EffectiveOn">First day of what it says.</param>
/// <param name="BaseKind">Of a training base, its kind, as in <c>national</c>: who is of two kinds is told of for each. Null of all else.</param>
public sealed record Announcement(AnnouncedAct Act, DateOnly EffectiveOn, string? BaseKind = null)
{
    /// <summary>
    /// Which events are announced: the one switch. Null for those that are not: proposals and opinions decide nothing yet, a warning is an admonition and stands in the register only, and a
    /// grant from before the system is no news.
    /// </summary>
    /// <remarks>
    /// To announce another event: an <see cref="AnnouncedAct"/> and a line here, or a switch like this one beside its aggregate; then its sentences in the service's <c>AnnouncementFeed</c>.
    /// What is no qualification's is added to what <c>ReadModel.Apply</c> collects.
    /// </remarks>
    public static Announcement? Of(Qualification.Event e) => e switch
    {
        Qualification.Event.Granted { Imported: true } => null,
        Qualification.Event.Granted g => new(AnnouncedAct.Granted, g.EffectiveOn),
        Qualification.Event.Suspended s => new(AnnouncedAct.Suspended, s.EffectiveOn),
        Qualification.Event.SuspensionLifted l => new(AnnouncedAct.SuspensionLifted, l.EffectiveOn),
        Qualification.Event.SuspensionAnnulled a => new(AnnouncedAct.SuspensionAnnulled, a.EffectiveOn),
        Qualification.Event.Reinstated r => new(AnnouncedAct.Reinstated, r.EffectiveOn),
        Qualification.Event.Revoked r => new(AnnouncedAct.Revoked, r.EffectiveOn),
        Qualification.Event.Relinquished r => new(AnnouncedAct.Relinquished, r.EffectiveOn),
        // Of the first conclusion the sanctions tell; one opened again is a decision published anew, whatever follows from it.
        PeriodicAssessment.Event.Assessed { Sitting: > 1 } a => new(AnnouncedAct.AssessedAnew, a.AssessedOn),
        Qualification.Event.Warned
            or Qualification.Event.WarningLifted
            or Qualification.Event.WarningProposed
            or Qualification.Event.SuspensionProposed
            or Qualification.Event.RevocationProposed
            or Qualification.Event.ProposalDecided
            or Qualification.Event.ProposalWithdrawn
            or Qualification.Event.GroundsUndermined
            or Qualification.Event.SuspensionUpheld
            or Qualification.Event.ReviewRequested
            or Qualification.Event.RectificationPlanFiled
            or Qualification.Event.RectificationEvidenceFiled
            or Qualification.Event.Reassessed
            or PeriodicAssessment.Event.Assessed
            or Hearing.Event.Requested
            or Hearing.Event.Held
            or Objection.Event.Filed
            or Objection.Event.Answered
            or Application.Event.Submitted
            or Application.Event.FactsAttested
            or Application.Event.OpinionGiven
            or Application.Event.Returned
            or Application.Event.Withdrawn
            or Application.Event.Refused
            or Application.Event.GrantFiled
            or Application.Event.AidBegun
            or Application.Event.AidEnded => null,
        _ => throw new UnreachableException($"nobody said whether {e.GetType().Name} is announced"),
    };

    /// <summary>The same of training bases: who may teach, and who no longer may. Recognised before the system it is no news, and a review decides nothing.</summary>
    public static Announcement? Of(TrainingBase.Event e) => e switch
    {
        TrainingBase.Event.Recognised { Imported: true } => null,
        TrainingBase.Event.Recognised r => new(AnnouncedAct.TrainingBaseRecognised, r.EffectiveOn, r.Base.Kind),
        TrainingBase.Event.Withdrawn w => new(AnnouncedAct.TrainingBaseWithdrawn, w.EffectiveOn, w.Base.Kind),
        TrainingBase.Event.GivenUp { EffectiveOn: { } day } g => new(AnnouncedAct.TrainingBaseGivenUp, day, g.Base.Kind),
        TrainingBase.Event.GivenUp
            or TrainingBase.Event.Applied
            or TrainingBase.Event.FactsAttested
            or TrainingBase.Event.TutorsNamed
            or TrainingBase.Event.CapacityDeclared
            or TrainingBase.Event.Refused
            or TrainingBase.Event.Reviewed => null,
        _ => throw new UnreachableException(),
    };

    /// <summary>The same of an application in a round of selection: fraud found before the result shows in the result.</summary>
    public static Announcement? Of(SelectionApplication.Event e) =>
        e is SelectionApplication.Event.FraudDecided { Substantiated: true, Concluded: true } d ? new(AnnouncedAct.SelectionCancelled, d.DecidedOn) : null;

    /// <summary>The same of a round of selection.</summary>
    public static Announcement? Of(SelectionRound.Event e) => e switch
    {
        SelectionRound.Event.Published p => new(AnnouncedAct.SelectionPublished, p.PublishedOn),
        SelectionRound.Event.Concluded c => new(AnnouncedAct.SelectionConcluded, c.ConcludedOn),
        SelectionRound.Event.Called
            or SelectionRound.Event.CommitteeNamed
            or SelectionRound.Event.ConflictDeclared
            or SelectionRound.Event.Scored
            or SelectionRound.Event.ObjectionStated
            or SelectionRound.Event.ScoringClosed
            or SelectionRound.Event.ScoringReopened
            or SelectionRound.Event.TieDecided
            or SelectionRound.Event.ObjectionFiled
            or SelectionRound.Event.ObjectionAnswered => null,
        _ => throw new UnreachableException($"nobody said whether {e.GetType().Name} is announced"),
    };
}
