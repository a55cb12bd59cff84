namespace Compliance.Cases;

/// <summary>What a hospital can owe about a case.</summary>
public enum ObligationKind
{
    /// <summary>The report of a procedure it announced (NV-REPORT-10WD, CI3-REPORT-10WD).</summary>
    Report,

    /// <summary>The statement of what had become of the patient by day 30.</summary>
    OutcomeStatement,

    /// <summary>A follow-up (随访) at one of the regulation's intervals.</summary>
    FollowUp,

    /// <summary>The answer to an outcome that somebody else noticed.</summary>
    NoticeAnswer,
}

/// <summary>Something owed and not yet done.</summary>
/// <param name="Number">Which of several of a kind: the interval of a follow-up, the notice to be answered; 0 where there is one.</param>
/// <param name="OpensOn">The first day on which it can be done.</param>
/// <param name="DueOn">The last day on which it is in time; past it, it is overdue.</param>
/// <param name="Provisional">True while that day rests on a calendar not yet published.</param>
public sealed record Obligation(
    ObligationKind Kind, int Number, Guid CaseId, string Institution, string CaseNumber, string Technique, string? Operator, DateOnly CompletedOn, DateOnly OpensOn, DateOnly DueOn, bool Provisional)
{
    /// <summary>The outcome notice to be answered; null for every other kind.</summary>
    public Guid? NoticeId { get; init; }
}
