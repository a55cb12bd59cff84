using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Regulations;

namespace Compliance.Cases;

/// <summary>Where an outcome notice stands.</summary>
public enum NoticeState
{
    /// <summary>Waits for the answer of the hospital where it was done.</summary>
    Open,

    /// <summary>The hospital agrees, and has reported the outcome.</summary>
    Accepted,

    /// <summary>The hospital disagrees: the regulator decides.</summary>
    Disputed,

    /// <summary>The regulator decided that it happened.</summary>
    Upheld,

    /// <summary>The regulator decided that it did not.</summary>
    Dismissed,
}

/// <summary>
/// An outcome of a case that somebody else learnt of: another hospital to which the patient came, or the regulator. Who files it is not told whether there is such a case, nor what became of the notice.
/// </summary>
public static class OutcomeNotice
{
    public static string Stream(Guid notice) => $"outcome-notice-{notice:D}";

    /// <summary>What is noticed when it is not a complication.</summary>
    public const string Death = Case.TheDeath;

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Notice")] Guid Notice, [property: Stored("Institution")] string Institution, [property: Stored("Technique")] string Technique, [property: Stored("By")] Actor By)
    {
        /// <param name="Institution">Where the procedure was done.</param>
        /// <param name="CaseNumber">That hospital's, where it is known; null when the patient is named instead.</param>
        /// <param name="PatientHash">SHA-256 of the pseudonym, which is kept beside the log; null when the case number is given.</param>
        /// <param name="ProcedureOn">The day of the procedure, where it is known.</param>
        /// <param name="What"><see cref="Death"/>, or the code of a complication.</param>
        /// <param name="Filer">The institution that noticed it; null for a regulator.</param>
        /// <param name="Answer">When it was received, and by when it is to be answered.</param>
        public sealed record Filed(
            Guid Notice,
            string Institution,
            string Technique,
            [property: Stored("CaseNumber")] string? CaseNumber,
            [property: Stored("PatientHash")] string? PatientHash,
            [property: Stored("ProcedureOn")] DateOnly? ProcedureOn,
            [property: Stored("What")] string What,
            [property: Stored("OccurredOn")] DateOnly OccurredOn,
            [property: Stored("Evidence")] Evidence Evidence,
            [property: Stored("Filer")] string? Filer,
            [property: Stored("Answer")] Timeliness Answer,
            Actor By) : Event(Notice, Institution, Technique, By);

        /// <param name="CaseId">The case in which the outcome stands since; null when it was disputed.</param>
        public sealed record Answered(
            Guid Notice,
            string Institution,
            string Technique,
            [property: Stored("Accepted")] bool Accepted,
            [property: Stored("CaseId")] Guid? CaseId,
            [property: Stored("Reason")] string Reason,
            [property: Stored("AnsweredOn")] DateOnly AnsweredOn,
            Actor By) : Event(Notice, Institution, Technique, By);

        /// <summary>The regulator decided a notice; once more where it was upheld without a case, and there is one now.</summary>
        /// <param name="CaseId">The case in which the outcome stands since; null when it was dismissed, or there is no such case to put it in.</param>
        public sealed record Decided(
            Guid Notice,
            string Institution,
            string Technique,
            [property: Stored("Upheld")] bool Upheld,
            [property: Stored("CaseId")] Guid? CaseId,
            [property: Stored("Reason")] string Reason,
            [property: Stored("DecidedOn")] DateOnly DecidedOn,
            Actor By) : Event(Notice, Institution, Technique, By);
    }

    public sealed record State(Event.Filed? Filed, Event.Answered? Answer, Event.Decided? Decision)
    {
        public static readonly State Initial = new(null, null, null);

        [JsonIgnore]
        public NoticeState Stands => Decision is { } d ? (d.Upheld ? NoticeState.Upheld : NoticeState.Dismissed)
            : Answer is { } a ? (a.Accepted ? NoticeState.Accepted : NoticeState.Disputed)
            : NoticeState.Open;
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Filed f => state with { Filed = f },
        Event.Answered a => state with { Answer = a },
        Event.Decided d => state with { Decision = d },
        _ => throw new UnreachableException($"a notice knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>Files a notice. Its id is new each time: one that met an earlier notice would tell its filer how far that has come.</summary>
    public static Decision<Event> File(State state, Event.Filed filed) => state.Filed is null ? filed : Decision<Event>.Nothing;

    /// <summary>The hospital where it was done answers, once, and late too.</summary>
    /// <param name="caseId">The case in which it has reported the outcome, for a notice it accepts.</param>
    public static Decision<Event> Respond(State state, bool accepted, Guid? caseId, string reason, DateOnly today, Actor by)
    {
        if (state.Filed is not { } filed)
            return Refusal.NotFound("noSuchNotice");
        return state.Answer is { } before
            ? before.Accepted == accepted ? Decision<Event>.Nothing : Refusal.Conflict("noticeAnswered")
            : new Event.Answered(filed.Notice, filed.Institution, filed.Technique, accepted, accepted ? caseId : null, reason, today, by);
    }

    /// <summary>
    /// The regulator decides what the hospital disputes, or leaves unanswered past its deadline. One upheld while there was no case for it is decided again, upheld, with the case that was reported since: what is
    /// held to have happened must come to count.
    /// </summary>
    public static Decision<Event> Decide(State state, bool upheld, Guid? caseId, string reason, DateOnly? answerDueOn, DateOnly today, Actor by)
    {
        if (state.Filed is not { } filed)
            return Refusal.NotFound("noSuchNotice");
        return state.Decision is { } before && !(before is { Upheld: true, CaseId: null } && upheld && caseId is not null)
                ? before.Upheld == upheld ? Decision<Event>.Nothing : Refusal.Conflict("noticeDecided")
            : state.Answer is { Accepted: true } ? Refusal.Conflict("noticeAnswered")
            : state.Answer is null && today <= answerDueOn ? Refusal.Conflict("noticeNotDue", answerDueOn.Value)
            : new Event.Decided(filed.Notice, filed.Institution, filed.Technique, upheld, upheld ? caseId : null, reason, today, by);
    }
}
