using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Compliance.Calendars;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>As what a file was recognised by its first bytes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AttachmentFormat>))]
public enum AttachmentFormat
{
    [StoredAs("Pdf")] Pdf,
    [StoredAs("Jpeg")] Jpeg,
    [StoredAs("Png")] Png,

    /// <summary>Word or Excel, since 2007 (.docx, .xlsx).</summary>
    [StoredAs("OpenXml")] OpenXml,

    /// <summary>Word or Excel before 2007 (.doc, .xls).</summary>
    [StoredAs("Ole")] Ole,
}

/// <summary>A file that came with an application. Its name is not kept: people put names of persons there.</summary>
/// <param name="Id">Of the content, which is kept beside the log.</param>
/// <param name="Kind">What it is, by the name the regulation gives it, or <see cref="SelectionApplication.OtherEvidence"/>.</param>
/// <param name="Hash">SHA-256 of the content, in lower-case hexadecimal.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Scanned">True when a virus scanner was configured and passed it.</param>
public sealed record Attachment(
    [property: Stored("Id")] Guid Id,
    [property: Stored("Kind")] string Kind,
    [property: Stored("Hash")] string Hash,
    [property: Stored("Bytes")] int Bytes,
    [property: Stored("Format")] AttachmentFormat Format,
    [property: Stored("Scanned")] bool Scanned);

/// <summary>A field of the forms as it was filled in.</summary>
/// <param name="Value">Of the fact's type.</param>
public sealed record GivenFact([property: Stored("Fact")] string Fact, [property: Stored("Value")] JsonElement Value)
{
    public bool Says(GivenFact other) => Fact == other.Fact && JsonElement.DeepEquals(Value, other.Value);
}

/// <summary>
/// An institution's application (申报) in a selection round: the forms as data, the files, the one instant at which it was received, and whether it was cancelled for fraud (NC-FRAUD). What the forms say of
/// persons stands beside the log; here is its hash.
/// </summary>
public static class SelectionApplication
{
    /// <summary>The kind of a file that no clause asks for: what else an applicant wants the committee to see.</summary>
    public const string OtherEvidence = "evidence";

    /// <summary>Files of one application; the forms are six, and each may have its evidence.</summary>
    public const int MostAttachments = 30;

    public static string Stream(Guid round, string institution) => $"selection-application-{round:D}-{institution}";

    /// <summary>What is kept beside the log is kept under this.</summary>
    public static Guid IdOf(Guid round, string institution) => NameBasedId.Of("selectionApplication", round.ToString("D"), institution);

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Round")] Guid Round, [property: Stored("Institution")] string Institution, [property: Stored("By")] Actor By)
    {
        /// <summary>The forms as they are filled in now, whole.</summary>
        /// <param name="Facts">Without what they say of persons.</param>
        /// <param name="PersonsHash">SHA-256 of what they say of persons, in lower-case hexadecimal.</param>
        public sealed record Drafted(
            Guid Round,
            string Institution,
            [property: Stored("Facts")] IReadOnlyList<GivenFact> Facts,
            [property: Stored("PersonsHash")] string PersonsHash,
            [property: Stored("DraftedOn")] DateOnly DraftedOn,
            Actor By) : Event(Round, Institution, By);

        public sealed record Attached(
            Guid Round,
            string Institution,
            [property: Stored("Attachment")] Attachment Attachment,
            [property: Stored("AttachedOn")] DateOnly AttachedOn,
            Actor By) : Event(Round, Institution, By);

        /// <summary>Taken away again before the application was submitted; its content is destroyed.</summary>
        public sealed record Detached(
            Guid Round,
            string Institution,
            [property: Stored("Attachment")] Guid Attachment,
            [property: Stored("DetachedOn")] DateOnly DetachedOn,
            Actor By) : Event(Round, Institution, By);

        /// <summary>Final: nothing of it changes any more.</summary>
        /// <param name="ReceivedAt">By the service's clock, never by the sender's; before the closing.</param>
        /// <param name="Version">Of the regulation.</param>
        /// <param name="Results">How each clause that must be met stood.</param>
        /// <param name="Priority">How each of the other conditions (其他条件) stood.</param>
        public sealed record Submitted(
            Guid Round,
            string Institution,
            [property: Stored("ReceivedAt")] DateTimeOffset ReceivedAt,
            [property: Stored("Regulation")] string Regulation,
            [property: Stored("Version")] int Version,
            [property: Stored("PersonsHash")] string PersonsHash,
            [property: Stored("Results")] IReadOnlyList<ConditionResult> Results,
            [property: Stored("Priority")] IReadOnlyList<ConditionResult> Priority,
            Actor By) : Event(Round, Institution, By);

        /// <summary>Suspicion alone cancels nothing (NC-FRAUD).</summary>
        public sealed record FraudSuspected(
            Guid Round,
            string Institution,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Suspicion")] string Suspicion,
            [property: Stored("SuspectedOn")] DateOnly SuspectedOn,
            Actor By) : Event(Round, Institution, By);

        /// <summary>What the applicant says to it.</summary>
        public sealed record FraudAnswered(
            Guid Round,
            string Institution,
            [property: Stored("Statement")] string Statement,
            [property: Stored("AnsweredOn")] DateOnly AnsweredOn,
            Actor By) : Event(Round, Institution, By);

        /// <summary>A named person has found: substantiated (查实), which cancels the application at whatever stage, or not.</summary>
        /// <param name="Title">Of the round.</param>
        /// <param name="Concluded">True after the result: what the public was told is no longer so, and it is told that too.</param>
        public sealed record FraudDecided(
            Guid Round,
            string Institution,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Title")] string Title,
            [property: Stored("Concluded")] bool Concluded,
            [property: Stored("Substantiated")] bool Substantiated,
            [property: Stored("Finding")] string Finding,
            [property: Stored("DecidedOn")] DateOnly DecidedOn,
            Actor By) : Event(Round, Institution, By);

        /// <summary>What a selected base says of its duties (NC-DUTY-*), whole.</summary>
        public sealed record DutiesAttested(
            Guid Round,
            string Institution,
            [property: Stored("Facts")] IReadOnlyList<GivenFact> Facts,
            [property: Stored("AttestedOn")] DateOnly AttestedOn,
            Actor By) : Event(Round, Institution, By);

        /// <summary>The duties were looked at; withdraws nothing by itself.</summary>
        /// <param name="Results">How each clause stood by what was attested since the last review.</param>
        public sealed record DutiesReviewed(
            Guid Round,
            string Institution,
            [property: Stored("Regulation")] string Regulation,
            [property: Stored("Version")] int Version,
            [property: Stored("Results")] IReadOnlyList<ConditionResult> Results,
            [property: Stored("Remark")] string Remark,
            [property: Stored("ReviewedOn")] DateOnly ReviewedOn,
            Actor By) : Event(Round, Institution, By)
        {
            /// <summary>True when every clause was met.</summary>
            [JsonIgnore]
            public bool Passed => Results.All(r => r.IsSatisfied);
        }
    }

    /// <param name="Statement">What the applicant said last; null for nothing yet.</param>
    /// <param name="Decision">Null while it is looked into.</param>
    public sealed record Suspected(Event.FraudSuspected Suspicion, Event.FraudAnswered? Statement, Event.FraudDecided? Decision);

    /// <param name="PersonsHash">Null before the first draft.</param>
    /// <param name="Submission">Null for a draft.</param>
    /// <param name="Suspicions">In the order they were raised; only the last can be open.</param>
    /// <param name="DutiesAttested">Since the last review; null where nothing was.</param>
    /// <param name="Reviews">Of the duties, the oldest first.</param>
    public sealed record State(
        Guid Round,
        string? Institution,
        IReadOnlyList<GivenFact> Facts,
        string? PersonsHash,
        IReadOnlyList<Attachment> Attachments,
        Event.Submitted? Submission,
        IReadOnlyList<Suspected> Suspicions,
        Event.DutiesAttested? DutiesAttested,
        IReadOnlyList<Event.DutiesReviewed> Reviews)
    {
        public static readonly State Initial = new(Guid.Empty, null, [], null, [], null, [], null, []);

        /// <summary>NC-BASIC-ALL and the other clauses of the application: whether all were met when it was received.</summary>
        public bool IsEligible => Submission is { } s && s.Results.All(r => r.IsSatisfied);

        /// <summary>NC-O1 to NC-O5: whether any was met when it was received.</summary>
        public bool HasPriority => Submission is { } s && s.Priority.Any(r => r.Outcome == ConditionOutcome.Met);

        /// <summary>NC-FRAUD: fraud was substantiated.</summary>
        public bool IsCancelled => Cancelled is not null;

        public Event.FraudDecided? Cancelled => Suspicions.Select(s => s.Decision).FirstOrDefault(d => d?.Substantiated == true);
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Drafted d => state with { Round = d.Round, Institution = d.Institution, Facts = d.Facts, PersonsHash = d.PersonsHash },
        Event.Attached a => state with { Attachments = [.. state.Attachments, a.Attachment] },
        Event.Detached d => state with { Attachments = [.. state.Attachments.Where(a => a.Id != d.Attachment)] },
        Event.Submitted s => state with { Submission = s },
        Event.FraudSuspected s => state with { Suspicions = [.. state.Suspicions, new(s, null, null)] },
        Event.FraudAnswered a => Last(state, s => s with { Statement = a }),
        Event.FraudDecided d => Last(state, s => s with { Decision = d }),
        Event.DutiesAttested d => state with { DutiesAttested = d },
        Event.DutiesReviewed r => state with { DutiesAttested = null, Reviews = [.. state.Reviews, r] },
        _ => throw new UnreachableException($"an application to a selection round knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    private static State Last(State state, Func<Suspected, Suspected> change) => state with { Suspicions = [.. state.Suspicions.SkipLast(1), change(state.Suspicions[^1])] };

    /// <summary>Fills in the forms, whole; what was there before is replaced.</summary>
    /// <param name="now">By the service's clock.</param>
    public static Decision<Event> Draft(State state, SelectionRound.State round, string institution, IReadOnlyList<GivenFact> facts, string personsHash, DateTimeOffset now, Actor by) =>
        Fixed(state, round, now) is { } refusal ? refusal
        : state.PersonsHash == personsHash && state.Facts.Count == facts.Count && state.Facts.Zip(facts).All(f => f.First.Says(f.Second)) ? Decision<Event>.Nothing
        : new Event.Drafted(round.Call!.Round, institution, facts, personsHash, Shanghai.DayOf(now), by);

    /// <summary>Adds a file. The same content for the same kind is there already, and is told so also when it is late.</summary>
    public static Decision<Event> Attach(State state, SelectionRound.State round, Attachment attachment, DateTimeOffset now, Actor by) =>
        state.Attachments.Any(a => (a.Kind, a.Hash) == (attachment.Kind, attachment.Hash)) ? Decision<Event>.Nothing
        : Fixed(state, round, now) is { } refusal ? refusal
        : state.Institution is null ? Refusal.Conflict("formsFirst")
        : state.Attachments.Count >= MostAttachments ? Refusal.Conflict("tooManyAttachments", MostAttachments)
        : new Event.Attached(state.Round, state.Institution, attachment, Shanghai.DayOf(now), by);

    public static Decision<Event> Detach(State state, SelectionRound.State round, Guid attachment, DateTimeOffset now, Actor by) =>
        state.Attachments.All(a => a.Id != attachment) ? Refusal.NotFound("noSuchAttachment")
        : Fixed(state, round, now) is { } refusal ? refusal
        : new Event.Detached(state.Round, state.Institution!, attachment, Shanghai.DayOf(now), by);

    /// <summary>
    /// Submits for good (NC-APP-DEADLINE: received before the closing, the closing itself being late). Of an application some clause of which is not met the applicant is told, and submits it as it is only by
    /// saying so: nobody loses a round by a form forgotten.
    /// </summary>
    /// <param name="evaluate">How the clauses stand if it is received now: those that must be met, and those of the priority.</param>
    /// <param name="asItIs">The applicant knows that clauses are not met.</param>
    public static Decision<Event> Submit(
        State state, SelectionRound.State round, Func<State, (IReadOnlyList<ConditionResult> Results, IReadOnlyList<ConditionResult> Priority)> evaluate, bool asItIs, DateTimeOffset now, Actor by)
    {
        if (state.Submission is not null)
        {
            return Decision<Event>.Nothing;
        }

        if (Fixed(state, round, now) is { } refusal)
        {
            return refusal;
        }

        if (state.Institution is null)
        {
            return Refusal.Conflict("formsFirst");
        }

        var (results, priority) = evaluate(state);
        return !asItIs && results.Where(r => !r.IsSatisfied).Select(r => r.Clause).ToList() is { Count: > 0 } unmet
            ? Refusal.Conflict("applicationIncomplete", string.Join(", ", unmet))
            : new Event.Submitted(state.Round, state.Institution, now, round.Call!.Regulation, round.Call.Version, state.PersonsHash!, results, priority, by);
    }

    /// <summary>Somebody named suspects fraud in what was submitted; the applicant sees it and may answer.</summary>
    public static Decision<Event> Suspect(State state, SelectionRound.State round, string suspicion, DateOnly on, Actor by) =>
        state.Submission is null ? Refusal.NotFound("noSuchSelectionApplication")
        : state.IsCancelled ? Refusal.Conflict("selectionApplicationCancelled")
        : state.Suspicions is [.., { Decision: null } open] ? (open.Suspicion.Suspicion == suspicion ? Decision<Event>.Nothing : Refusal.Conflict("fraudUnderInquiry", open.Suspicion.SuspectedOn))
        : new Event.FraudSuspected(state.Round, state.Institution!, round.Call!.Technique, suspicion, on, by);

    public static Decision<Event> AnswerSuspicion(State state, string statement, DateOnly on, Actor by) =>
        state.Suspicions is not [.., { Decision: null } open] ? Refusal.Conflict("noFraudInquiry")
        : open.Statement?.Statement == statement ? Decision<Event>.Nothing
        : new Event.FraudAnswered(state.Round, state.Institution!, statement, on, by);

    /// <summary>
    /// A named person decides on the suspicion that stands, also after the result. The applicant is told of it when it is recorded; nothing is substantiated before it made a statement, or the days to make one are over.
    /// </summary>
    /// <param name="hearUntil">Of the day the suspicion was recorded, the last day on which a statement is waited for.</param>
    public static Decision<Event> DecideFraud(State state, SelectionRound.State round, bool substantiated, string finding, Func<DateOnly, DateOnly> hearUntil, DateOnly on, Actor by) =>
        state.Suspicions is [.., { Decision: { } decided }] && (decided.Substantiated, decided.Finding) == (substantiated, finding) ? Decision<Event>.Nothing
        : state.Suspicions is not [.., { Decision: null } open] ? Refusal.Conflict("noFraudInquiry")
        : substantiated && open.Statement is null && on <= hearUntil(open.Suspicion.SuspectedOn) ? Refusal.Conflict("applicantNotHeard", hearUntil(open.Suspicion.SuspectedOn))
        : new Event.FraudDecided(state.Round, state.Institution!, round.Call!.Technique, round.Call.Title, round.Conclusion is not null, substantiated, finding, on, by);

    /// <summary>Whether the round made it a base, and no fraud has taken that away since (NC-FRAUD).</summary>
    public static bool IsBase(State state, SelectionRound.State round) =>
        !state.IsCancelled && round.Conclusion?.Outcomes.Any(o => o.Institution == state.Institution && o.Outcome == SelectionOutcome.Selected) == true;

    /// <summary>Last day for the next review of the duties: so many months after the result or the last review. Null of what is no base, or where nothing is reviewed.</summary>
    public static DateOnly? ReviewDueOn(State state, SelectionRound.State round, SelectionRules rules) =>
        IsBase(state, round) && rules.ReviewEveryMonths is { } months ? (state.Reviews is [.., var last] ? last.ReviewedOn : round.Conclusion!.ConcludedOn).AddMonths(months) : null;

    /// <summary>A base attests how it does its duties (NC-DUTY-*), whole; the later word replaces the earlier until it is reviewed.</summary>
    public static Decision<Event> AttestDuties(State state, SelectionRound.State round, IReadOnlyList<GivenFact> facts, DateOnly on, Actor by) =>
        NoBase(state, round) is { } refusal ? refusal
        : state.DutiesAttested is { } was && was.Facts.Count == facts.Count && was.Facts.Zip(facts).All(f => f.First.Says(f.Second)) ? Decision<Event>.Nothing
        : new Event.DutiesAttested(state.Round, state.Institution!, facts, on, by);

    /// <summary>A named person looks at the duties, as attested since the last review. What is not met is shown, and withdraws nothing: the text names no such consequence.</summary>
    public static Decision<Event> ReviewDuties(State state, SelectionRound.State round, Regulation regulation, string remark, DateOnly on, Actor by) =>
        NoBase(state, round) is { } refusal ? refusal
        : regulation.Selection?.Duties is null ? Refusal.Conflict("noDuties")
        : state is { DutiesAttested: null, Reviews: [.., var last] } && (last.ReviewedOn, last.Remark) == (on, remark) ? Decision<Event>.Nothing
        : new Event.DutiesReviewed(state.Round, state.Institution!, regulation.Id, regulation.Version, SelectionFacts.Duties(regulation, state, on), remark, on, by);

    private static Refusal? NoBase(State state, SelectionRound.State round) =>
        state.Submission is null ? Refusal.NotFound("noSuchSelectionApplication") : IsBase(state, round) ? null : Refusal.Conflict("notABase");

    // What is submitted is final, and nothing is changed before the opening or from the closing on.
    private static Refusal? Fixed(State state, SelectionRound.State round, DateTimeOffset now) =>
        state.Submission is not null ? Refusal.Conflict("alreadySubmitted", state.Submission.ReceivedAt) : round.NotOpen(now);
}
