using System.Diagnostics;
using System.Globalization;

namespace Compliance.Qualifications;

/// <summary>An objection (申诉) of the subject to a decision that it was given notice of, and the answer. To a suspension that stands it is a request for review, which a person decides by lifting, annulling or upholding it.</summary>
public static class Objection
{
    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event(QualificationId Qualification, Actor By) : Qualifications.Qualification.Event(Qualification, By)
    {
        /// <param name="Against">The version in this stream of the decision objected to.</param>
        public sealed record Filed(
            QualificationId Qualification,
            [property: Stored("ObjectionId")] Guid ObjectionId,
            [property: Stored("Against")] long Against,
            [property: Stored("Reason")] string Reason,
            [property: Stored("FiledOn")] DateOnly FiledOn,
            [property: Stored("AnswerDueOn")] DateOnly AnswerDueOn,
            Actor By) : Event(Qualification, By);

        /// <param name="Accepted">True when the subject was right; what follows from that is an act of its own.</param>
        public sealed record Answered(
            QualificationId Qualification,
            [property: Stored("ObjectionId")] Guid ObjectionId,
            [property: Stored("Accepted")] bool Accepted,
            [property: Stored("Answer")] string Answer,
            [property: Stored("AnsweredOn")] DateOnly AnsweredOn,
            Actor By) : Event(Qualification, By);
    }

    /// <param name="Accepted">Null while it waits for an answer.</param>
    public sealed record Raised(Guid Id, long Against, string Reason, DateOnly FiledOn, DateOnly AnswerDueOn, bool? Accepted, string? Answer, DateOnly? AnsweredOn);

    public static Qualification.State Evolve(Qualification.State state, Event e) => e switch
    {
        Event.Filed f => state with { Objections = [.. state.Objections, new(f.ObjectionId, f.Against, f.Reason, f.FiledOn, f.AnswerDueOn, null, null, null)] },
        Event.Answered a => state with
        {
            Objections = [.. state.Objections.Select(o => o.Id == a.ObjectionId ? o with { Accepted = a.Accepted, Answer = a.Answer, AnsweredOn = a.AnsweredOn } : o)],
        },
        _ => throw new UnreachableException($"no part of an objection is called {e.GetType().Name}"),
    };

    /// <summary>The subject objects to a decision; one objection to each.</summary>
    public static Decision<Qualification.Event> File(Qualification.State state, long against, string reason, DateOnly on, DateOnly answerDueOn, Actor by) =>
        state.Id is not { } id ? Refusal.NotFound("noSuchQualification")
        : state.Objections.FirstOrDefault(o => o.Against == against) is { } filed
            ? filed.Reason == reason ? Decision<Qualification.Event>.Nothing : Refusal.Conflict("alreadyObjected", filed.FiledOn)
            : new Event.Filed(
                id, NameBasedId.Of("objection", id.ToString(), against.ToString(CultureInfo.InvariantCulture)), against, reason, on, answerDueOn, by);

    public static Decision<Qualification.Event> Answer(Qualification.State state, Guid objection, bool accepted, string answer, DateOnly on, Actor by) =>
        state.Objections.FirstOrDefault(o => o.Id == objection) is not { } filed ? Refusal.NotFound("noSuchObjection", objection)
        : filed.Accepted is null ? new Event.Answered(state.Id!.Value, objection, accepted, answer, on, by)
        : (filed.Accepted, filed.Answer) == (accepted, answer) ? Decision<Qualification.Event>.Nothing
        : Refusal.Conflict("objectionAnswered", objection);
}
