using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Compliance.Metrics;

namespace Compliance.Assessments;

/// <summary>How a round ended for one subject.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AssessmentOutcome>))]
public enum AssessmentOutcome
{
    [StoredAs("Passed")] Passed,
    [StoredAs("Failed")] Failed,

    /// <summary>Nothing binding could be judged, and not every item was scored.</summary>
    [StoredAs("NotAssessed")] NotAssessed,
}

/// <summary>One qualitative item of NV-ASSESS-11 or CI3-ASSESS-11, scored.</summary>
/// <param name="Item">Its id in the regulation.</param>
public sealed record Score(
    [property: Stored("Item")] string Item,
    [property: Stored("Passed")] bool Passed,
    [property: Stored("Remark")] string? Remark);

/// <summary>
/// One round of assessment (评估): a technique, a province, a period, and everybody qualified there on its last day. What was counted is frozen at the opening; what a person says of a subject stands here,
/// and what follows for the subject in the stream of its qualification.
/// </summary>
public static class AssessmentRound
{
    public static string Stream(Guid id) => $"assessment-round-{id:D}";

    /// <summary>One round for a period, whoever asks for it first and however often.</summary>
    public static Guid Id(string technique, string province, DaySpan period) => NameBasedId.Of("assessmentRound", technique, province, Day(period.From), Day(period.To));

    private static string Day(DateOnly day) => day.ToString("O", CultureInfo.InvariantCulture);

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Round")] Guid Round, [property: Stored("By")] Actor By)
    {
        /// <param name="ClosesOn">Concluded by itself on the closing of this day, unless a person did before.</param>
        /// <param name="Scheduled">False for a period that is none of the schedule's.</param>
        /// <param name="OpenedOn">The day it is open from. Of a scheduled one the day after the closing that opened it, however late that was recorded.</param>
        public sealed record Opened(
            Guid Round,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Province")] string Province,
            [property: Stored("Period")] DaySpan Period,
            [property: Stored("ClosesOn")] DateOnly ClosesOn,
            [property: Stored("Scheduled")] bool Scheduled,
            [property: Stored("OpenedOn")] DateOnly OpenedOn,
            Actor By) : Event(Round, By);

        /// <param name="Items">Those scored now; items scored before and not named stay as they are.</param>
        public sealed record Scored(
            Guid Round,
            [property: Stored("Subject")] Subject Subject,
            [property: Stored("Items")] IReadOnlyList<Score> Items,
            [property: Stored("ScoredOn")] DateOnly ScoredOn,
            Actor By) : Event(Round, By);

        public sealed record OutcomeOverridden(
            Guid Round,
            [property: Stored("Subject")] Subject Subject,
            [property: Stored("Outcome")] AssessmentOutcome Outcome,
            [property: Stored("Reason")] string Reason,
            [property: Stored("OverriddenOn")] DateOnly OverriddenOn,
            Actor By) : Event(Round, By);

        /// <param name="Sitting">1, and one more each time it was opened again.</param>
        /// <param name="ConcludedOn">The day closed, or the day a person concluded it.</param>
        public sealed record Concluded(
            Guid Round,
            [property: Stored("Sitting")] int Sitting,
            [property: Stored("ConcludedOn")] DateOnly ConcludedOn,
            Actor By) : Event(Round, By);

        /// <summary>Opened again for one subject, because outcomes had been concealed: its figures are frozen anew, and it is concluded anew.</summary>
        public sealed record Reopened(
            Guid Round,
            [property: Stored("Sitting")] int Sitting,
            [property: Stored("Subject")] Subject Subject,
            [property: Stored("Reason")] string Reason,
            [property: Stored("ReopenedOn")] DateOnly ReopenedOn,
            [property: Stored("ClosesOn")] DateOnly ClosesOn,
            Actor By) : Event(Round, By);
    }

    public sealed record ScoreGiven(Score Score, DateOnly ScoredOn, Actor By);

    public sealed record Override(AssessmentOutcome Outcome, string Reason, DateOnly OverriddenOn, Actor By);

    /// <summary>What persons have said of one subject.</summary>
    /// <param name="Scores">The last of each item.</param>
    public sealed record Sheet(IReadOnlyList<ScoreGiven> Scores, Override? Override)
    {
        public static readonly Sheet Empty = new([], null);
    }

    /// <param name="Sitting">0 before it is opened.</param>
    /// <param name="ConcludedOn">Of the present sitting; null while it is open.</param>
    /// <param name="OpenFor">Whom the present sitting is about; null for everybody.</param>
    public sealed record State(
        Event.Opened? Entry, int Sitting, DateOnly ClosesOn, DateOnly? ConcludedOn, Actor? ConcludedBy, IReadOnlyList<Subject>? OpenFor, ImmutableDictionary<Subject, Sheet> Sheets)
    {
        public static readonly State Initial = new(null, 0, default, null, null, null, ImmutableDictionary<Subject, Sheet>.Empty);

        public Sheet SheetOf(Subject subject) => Sheets.GetValueOrDefault(subject) ?? Sheet.Empty;

        /// <summary>True while something can still be said of a subject.</summary>
        public bool IsOpenFor(Subject subject) => Entry is not null && ConcludedOn is null && OpenFor?.Contains(subject) != false;
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Opened o => state with { Entry = o, Sitting = 1, ClosesOn = o.ClosesOn },
        Event.Scored s => Change(state, s.Subject, sheet => sheet with
        {
            Scores = [.. sheet.Scores.Where(was => s.Items.All(i => i.Item != was.Score.Item)), .. s.Items.Select(i => new ScoreGiven(i, s.ScoredOn, s.By))],
        }),
        Event.OutcomeOverridden o => Change(state, o.Subject, sheet => sheet with { Override = new(o.Outcome, o.Reason, o.OverriddenOn, o.By) }),
        Event.Concluded c => state with { ConcludedOn = c.ConcludedOn, ConcludedBy = c.By },
        // What was said of the subject when outcomes were concealed stays on record, and is said anew where it should change.
        Event.Reopened r => Change(state, r.Subject, sheet => sheet with { Override = null }) with
        {
            Sitting = r.Sitting,
            // One more in a sitting takes no time from those it was opened for before.
            ClosesOn = state.ConcludedOn is null && state.ClosesOn > r.ClosesOn ? state.ClosesOn : r.ClosesOn,
            ConcludedOn = null,
            ConcludedBy = null,
            OpenFor = state.ConcludedOn is null ? [.. state.OpenFor ?? [], r.Subject] : [r.Subject],
        },
        _ => throw new UnreachableException($"a round knows no {e.GetType().Name}"),
    };

    /// <summary>As it stood when a sitting was concluded, or as it stands where it has not been.</summary>
    public static State AtConclusion(IEnumerable<Event> events, int sitting)
    {
        State state = State.Initial;
        foreach (Event e in events)
        {
            state = Evolve(state, e);
            if (e is Event.Concluded concluded && concluded.Sitting == sitting)
                break;
        }

        return state;
    }

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    private static State Change(State state, Subject subject, Func<Sheet, Sheet> change) =>
        state with { Sheets = state.Sheets.SetItem(subject, change(state.SheetOf(subject))) };

    /// <summary>Opens a round. The same round asked for again is the one there is.</summary>
    /// <param name="settledOn">The settled day: the period must be over, and every report of it due.</param>
    public static Decision<Event> Open(State state, Event.Opened wanted, DateOnly settledOn) =>
        state.Entry is not null ? Decision<Event>.Nothing
        : wanted.Period.To > settledOn ? Refusal.Invalid("periodNotSettled", "/to", settledOn)
        : wanted.ClosesOn < wanted.OpenedOn ? Refusal.Invalid("closesTooEarly", "/closesOn", wanted.OpenedOn)
        : wanted;

    /// <summary>Scores items of one subject; what was said before is replaced, and kept in the log.</summary>
    public static Decision<Event> Score(State state, Subject subject, IReadOnlyList<Score> items, DateOnly on, Actor by) =>
        Closed(state, subject) is { } refusal ? refusal
        : items.Where(i => !state.SheetOf(subject).Scores.Any(was => was.Score == i)).ToList() is { Count: > 0 } changed ? new Event.Scored(state.Entry!.Round, subject, changed, on, by)
        : Decision<Event>.Nothing;

    /// <summary>A named regulator sets the outcome of one subject, whatever the findings and scores say; always with the reason.</summary>
    public static Decision<Event> SetOutcome(State state, Subject subject, AssessmentOutcome outcome, string reason, DateOnly on, Actor by) =>
        Closed(state, subject) is { } refusal ? refusal
        : state.SheetOf(subject).Override is { } was && (was.Outcome, was.Reason) == (outcome, reason) ? Decision<Event>.Nothing
        : new Event.OutcomeOverridden(state.Entry!.Round, subject, outcome, reason, on, by);

    /// <summary>Concludes the round: on its closing date by itself, or earlier by a regulator.</summary>
    public static Decision<Event> Conclude(State state, DateOnly on, Actor by) =>
        state.Entry is null ? Refusal.NotFound("noSuchRound")
        : state.ConcludedOn is not null ? Decision<Event>.Nothing
        : new Event.Concluded(state.Entry.Round, state.Sitting, on, by);

    /// <summary>Opens a concluded round again for a subject whose outcomes were concealed; a round that is open for it already is left as it is.</summary>
    /// <param name="closesOn">Concluded by itself on the closing of this day.</param>
    public static Decision<Event> Reopen(State state, Subject subject, string reason, DateOnly closesOn, DateOnly on, Actor by) =>
        state.Entry is null ? Refusal.NotFound("noSuchRound")
        : state.IsOpenFor(subject) ? (state.Sitting > 1 ? Decision<Event>.Nothing : Refusal.Conflict("roundNotConcluded", state.ClosesOn))
        : closesOn < on ? Refusal.Invalid("closesTooEarly", "/closesOn", on)
        : new Event.Reopened(state.Entry.Round, state.ConcludedOn is null ? state.Sitting : state.Sitting + 1, subject, reason, on, closesOn, by);

    private static Refusal? Closed(State state, Subject subject) =>
        state.Entry is null ? Refusal.NotFound("noSuchRound")
        : state.IsOpenFor(subject) ? null
        : Refusal.Conflict("roundConcluded");
}
