using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Calendars;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>How a round ended for one applicant.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SelectionOutcome>))]
public enum SelectionOutcome
{
    [StoredAs("Selected")] Selected,
    [StoredAs("NotSelected")] NotSelected,

    /// <summary>Some clause of the application was not met (NC-BASIC-ALL).</summary>
    [StoredAs("NotEligible")] NotEligible,

    /// <summary>Fraud was substantiated (NC-FRAUD).</summary>
    [StoredAs("Cancelled")] Cancelled,
}

/// <summary>One line of the score sheet of a round.</summary>
/// <param name="MostPoints">At least 1; points run from 0 to it.</param>
public sealed record Criterion([property: Stored("Id")] string Id, [property: Stored("Title")] string Title, [property: Stored("MostPoints")] int MostPoints);

/// <summary>A member of the committee (专家委员会).</summary>
/// <param name="Institutions">Where he or she was registered when named, at any time since the round opened: a conflict of interest by itself.</param>
public sealed record Expert([property: Stored("Physician")] string Physician, [property: Stored("Institutions")] IReadOnlyList<string> Institutions);

public sealed record CriterionPoints([property: Stored("Criterion")] string Criterion, [property: Stored("Points")] int Points);

/// <summary>An application as the committee's scores rank it.</summary>
/// <param name="Unmet">The clauses that were not met; empty for one that is eligible, and where an objection alone showed that it is not.</param>
/// <param name="Points">The points of all its scores together; their mean is this over <paramref name="Scores"/>.</param>
/// <param name="Scores">Of experts without a conflict; 0 for one that is not eligible.</param>
/// <param name="Rank">From 1, equals sharing one; 0 for one that is not ranked.</param>
public sealed record RankedApplication(
    [property: Stored("Institution")] string Institution,
    [property: Stored("Unmet")] IReadOnlyList<string> Unmet,
    [property: Stored("Priority")] bool Priority,
    [property: Stored("Points")] int Points,
    [property: Stored("Scores")] int Scores,
    [property: Stored("Rank")] int Rank);

/// <summary>What the public is told of one applicant.</summary>
/// <param name="Rank">0 for one that is not ranked.</param>
public sealed record PublishedOutcome([property: Stored("Institution")] string Institution, [property: Stored("Outcome")] SelectionOutcome Outcome, [property: Stored("Rank")] int Rank);

/// <summary>
/// One round in which training bases are selected (遴选): the call, the committee, its conflicts of interest and scores, ranking, publication (公示), objections, result. Scores stand in this one stream, so that a
/// ranking rests on exactly those before it.
/// </summary>
/// <remarks>
/// Readings. <b>可优先考虑</b> ("may be considered with priority"): the committee's mean score decides; of equal means those that meet any of NC-O1 to NC-O5 come first. <b>Ties</b> that are left share a rank,
/// and where one runs across the last place a named person decides it, with the reason. <b>Publication</b>: objections are taken for working days that the call names; who is cancelled in that time makes room for
/// the next, and so does whatever else changes an outcome, but only by a publication anew, with its own days. Who is cancelled after the result leaves a place empty: filling it is another decision.
/// </remarks>
public static class SelectionRound
{
    public static string Stream(Guid id) => $"selection-round-{id:D}";

    /// <summary>One round for a number, however often it is called.</summary>
    public static Guid IdOf(string number) => NameBasedId.Of("selectionRound", number);

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Round")] Guid Round, [property: Stored("By")] Actor By)
    {
        /// <param name="Number">By which the call is known.</param>
        /// <param name="OpensOn">Applications are taken from the first instant of this day.</param>
        /// <param name="ClosesAt">The first instant at which they are late (NC-APP-DEADLINE, A17).</param>
        /// <param name="Places">How many are selected; null where that is said when scoring is closed.</param>
        /// <param name="ScoresNeeded">Scores without which nobody is ranked, at least 1.</param>
        /// <param name="ObjectionWorkingDays">Working days after the publication in which it can be objected to, at least 1.</param>
        public sealed record Called(
            Guid Round,
            [property: Stored("Number")] string Number,
            [property: Stored("Title")] string Title,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Regulation")] string Regulation,
            [property: Stored("Version")] int Version,
            [property: Stored("OpensOn")] DateOnly OpensOn,
            [property: Stored("ClosesAt")] DateTimeOffset ClosesAt,
            [property: Stored("Places")] int? Places,
            [property: Stored("Criteria")] IReadOnlyList<Criterion> Criteria,
            [property: Stored("ScoresNeeded")] int ScoresNeeded,
            [property: Stored("ObjectionWorkingDays")] int ObjectionWorkingDays,
            [property: Stored("CalledOn")] DateOnly CalledOn,
            Actor By) : Event(Round, By);

        /// <summary>The whole committee from now on; scores of whoever is no longer in it do not count.</summary>
        public sealed record CommitteeNamed(
            Guid Round,
            [property: Stored("Experts")] IReadOnlyList<Expert> Experts,
            [property: Stored("NamedOn")] DateOnly NamedOn,
            Actor By) : Event(Round, By);

        /// <summary>An expert has a conflict of interest with an applicant, by his own word or as was found.</summary>
        public sealed record ConflictDeclared(
            Guid Round,
            [property: Stored("Expert")] string Expert,
            [property: Stored("Institution")] string Institution,
            [property: Stored("Reason")] string Reason,
            [property: Stored("DeclaredOn")] DateOnly DeclaredOn,
            Actor By) : Event(Round, By);

        /// <param name="Points">One of each criterion.</param>
        public sealed record Scored(
            Guid Round,
            [property: Stored("Institution")] string Institution,
            [property: Stored("Expert")] string Expert,
            [property: Stored("Points")] IReadOnlyList<CriterionPoints> Points,
            [property: Stored("Remark")] string? Remark,
            [property: Stored("ScoredOn")] DateOnly ScoredOn,
            Actor By) : Event(Round, By);

        /// <param name="Sitting">1, and one more each time scoring was opened again.</param>
        /// <param name="Places">How many are selected.</param>
        /// <param name="Ranking">Of every application received, frozen.</param>
        /// <param name="Experts">The committee, with every place each had been registered at by then: what the registry showed after a score counts as well.</param>
        /// <param name="Reason">Why it was closed with scores missing; null where none was.</param>
        public sealed record ScoringClosed(
            Guid Round,
            [property: Stored("Sitting")] int Sitting,
            [property: Stored("Places")] int Places,
            [property: Stored("Ranking")] IReadOnlyList<RankedApplication> Ranking,
            [property: Stored("Experts")] IReadOnlyList<Expert> Experts,
            [property: Stored("Reason")] string? Reason,
            [property: Stored("ClosedOn")] DateOnly ClosedOn,
            Actor By) : Event(Round, By);

        /// <summary>Scores given stand, since everybody has seen the others' by now; they can be added to until scoring is closed anew.</summary>
        public sealed record ScoringReopened(
            Guid Round,
            [property: Stored("Sitting")] int Sitting,
            [property: Stored("Reason")] string Reason,
            [property: Stored("ReopenedOn")] DateOnly ReopenedOn,
            Actor By) : Event(Round, By);

        /// <summary>Which of those with equal scores take the last places.</summary>
        public sealed record TieDecided(
            Guid Round,
            [property: Stored("Sitting")] int Sitting,
            [property: Stored("Institutions")] IReadOnlyList<string> Institutions,
            [property: Stored("Reason")] string Reason,
            [property: Stored("DecidedOn")] DateOnly DecidedOn,
            Actor By) : Event(Round, By);

        /// <summary>NC-PUBLISH.</summary>
        /// <param name="Edition">1, and one more each time it was published anew.</param>
        /// <param name="ObjectionsUntil">The last day on which to object.</param>
        public sealed record Published(
            Guid Round,
            [property: Stored("Edition")] int Edition,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Title")] string Title,
            [property: Stored("Outcomes")] IReadOnlyList<PublishedOutcome> Outcomes,
            [property: Stored("PublishedOn")] DateOnly PublishedOn,
            [property: Stored("ObjectionsUntil")] DateOnly ObjectionsUntil,
            Actor By) : Event(Round, By);

        /// <param name="About">The institution it is about, which is told of it; null for the round as a whole.</param>
        /// <param name="Of">The institution that objects; null where whoever objects acts for none.</param>
        public sealed record ObjectionFiled(
            Guid Round,
            [property: Stored("Objection")] Guid Objection,
            [property: Stored("Edition")] int Edition,
            [property: Stored("Technique")] string Technique,
            [property: Stored("About")] string? About,
            [property: Stored("Of")] string? Of,
            [property: Stored("Reason")] string Reason,
            [property: Stored("FiledOn")] DateOnly FiledOn,
            Actor By) : Event(Round, By);

        /// <summary>What the institution it is about says to it.</summary>
        public sealed record ObjectionStated(
            Guid Round,
            [property: Stored("Objection")] Guid Objection,
            [property: Stored("Statement")] string Statement,
            [property: Stored("StatedOn")] DateOnly StatedOn,
            Actor By) : Event(Round, By);

        /// <param name="Accepted">True when it was right: then the outcome is published anew before there is a result.</param>
        /// <param name="Eligible">Whether the applicant it is about is to be ranked after all, or not after all; null where it says nothing of that.</param>
        public sealed record ObjectionAnswered(
            Guid Round,
            [property: Stored("Objection")] Guid Objection,
            [property: Stored("Accepted")] bool Accepted,
            [property: Stored("Answer")] string Answer,
            [property: Stored("Eligible")] bool? Eligible,
            [property: Stored("AnsweredOn")] DateOnly AnsweredOn,
            Actor By) : Event(Round, By);

        /// <summary>The result.</summary>
        public sealed record Concluded(
            Guid Round,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Title")] string Title,
            [property: Stored("Outcomes")] IReadOnlyList<PublishedOutcome> Outcomes,
            [property: Stored("ConcludedOn")] DateOnly ConcludedOn,
            Actor By) : Event(Round, By);
    }

    /// <param name="Statement">What the institution it is about said last; null for nothing yet.</param>
    /// <param name="Answer">Null while it waits for one.</param>
    /// <param name="AnsweredAfter">The edition that was the last when it was answered; 0 before.</param>
    public sealed record Raised(Event.ObjectionFiled Filed, Event.ObjectionStated? Statement, Event.ObjectionAnswered? Answer, int AnsweredAfter);

    /// <param name="Call">Null before it is called.</param>
    /// <param name="Scores">The last of each expert on each application.</param>
    /// <param name="Closing">The last closing of the scoring; null before the first.</param>
    /// <param name="ScoringOpen">Whether it was opened again since, or never closed.</param>
    /// <param name="Tie">As it was decided in this sitting; null when it was not.</param>
    /// <param name="Eligibility">Where an objection was right about it, against what was frozen with the application.</param>
    /// <param name="ReopenedAfter">The edition that was the last when scoring was opened again; 0 before.</param>
    public sealed record State(
        Event.Called? Call,
        IReadOnlyList<Expert> Experts,
        IReadOnlyList<Event.ConflictDeclared> Conflicts,
        IReadOnlyList<Event.Scored> Scores,
        int Sitting,
        Event.ScoringClosed? Closing,
        bool ScoringOpen,
        Event.TieDecided? Tie,
        IReadOnlyList<Event.Published> Publications,
        IReadOnlyList<Raised> Objections,
        IReadOnlyDictionary<string, bool> Eligibility,
        int ReopenedAfter,
        Event.Concluded? Conclusion)
    {
        public static readonly State Initial = new(null, [], [], [], 1, null, true, null, [], [], new Dictionary<string, bool>(), 0, null);

        /// <summary>Why no application is taken at that instant; null while they are.</summary>
        public Refusal? NotOpen(DateTimeOffset now) =>
            now < Shanghai.StartOf(Call!.OpensOn) ? Refusal.Conflict("selectionRoundNotOpen", Call.OpensOn)
            : now >= Call.ClosesAt ? Late()
            : null;

        /// <summary>NC-APP-DEADLINE: what whoever comes at the closing or later is told.</summary>
        public Refusal Late() => Refusal.Conflict("selectionRoundClosed", Call!.ClosesAt.ToOffset(TimeSpan.FromHours(8)));

        public bool IsExpert(string physician) => Experts.Any(e => e.Physician == physician);

        /// <summary>Whether an expert may neither see nor score an application: his own institution's, or one he declared.</summary>
        public bool HasConflict(string expert, string institution) =>
            Experts.Any(e => e.Physician == expert && e.Institutions.Contains(institution)) || Conflicts.Any(c => (c.Expert, c.Institution) == (expert, institution));

        /// <summary>The scores that count: of experts who are in the committee, and have no conflict.</summary>
        public IEnumerable<Event.Scored> CountedScores(string institution) =>
            Scores.Where(s => s.Institution == institution && IsExpert(s.Expert) && !HasConflict(s.Expert, institution));

        public bool IsEligible(SelectionApplication.State application) => Eligibility.TryGetValue(application.Institution!, out var found) ? found : application.IsEligible;
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Called c => state with { Call = c },
        Event.CommitteeNamed c => state with { Experts = c.Experts },
        Event.ConflictDeclared c => state with { Conflicts = [.. state.Conflicts, c] },
        Event.Scored s => state with { Scores = [.. state.Scores.Where(was => (was.Expert, was.Institution) != (s.Expert, s.Institution)), s] },
        Event.ScoringClosed c => state with { Sitting = c.Sitting, Closing = c, Experts = c.Experts, ScoringOpen = false, Tie = null },
        Event.ScoringReopened r => state with { Sitting = r.Sitting, ScoringOpen = true, Tie = null, ReopenedAfter = state.Publications.Count },
        Event.TieDecided t => state with { Tie = t },
        Event.Published p => state with { Publications = [.. state.Publications, p] },
        Event.ObjectionFiled f => state with { Objections = [.. state.Objections, new(f, null, null, 0)] },
        Event.ObjectionStated o => state with { Objections = [.. state.Objections.Select(x => x.Filed.Objection == o.Objection ? x with { Statement = o } : x)] },
        Event.ObjectionAnswered a => Answered(state, a),
        Event.Concluded c => state with { Conclusion = c },
        _ => throw new UnreachableException($"a selection round knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    private static State Answered(State state, Event.ObjectionAnswered answer)
    {
        var about = state.Objections.Single(o => o.Filed.Objection == answer.Objection).Filed.About;
        return state with
        {
            Objections = [.. state.Objections.Select(o => o.Filed.Objection == answer.Objection ? o with { Answer = answer, AnsweredAfter = state.Publications.Count } : o)],
            Eligibility = answer.Eligible is { } eligible && about is not null ? new Dictionary<string, bool>(state.Eligibility) { [about] = eligible } : state.Eligibility,
        };
    }

    /// <summary>Calls a round. Its days must be those of the regulation: applications are taken exactly until the instant at which its own clauses say that they are late.</summary>
    public static Decision<Event> Open(State state, Event.Called wanted, Regulation regulation, DateTimeOffset now) =>
        state.Call is { } call
            ? Same(call, wanted) ? Decision<Event>.Nothing : Refusal.Conflict("selectionRoundExists", call.Number)
        : regulation.Selection is null ? Refusal.Invalid("selectsNobody", "/regulation")
        : wanted.ClosesAt <= now ? Refusal.Invalid("closesTooEarly", "/closesAt", now)
        : Shanghai.StartOf(wanted.OpensOn) >= wanted.ClosesAt ? Refusal.Invalid("endsBeforeItBegins", "/closesAt")
        : !SelectionFacts.Takes(regulation, Shanghai.StartOf(wanted.OpensOn)) ? Refusal.Invalid("notTheRegulationsDays", "/opensOn")
        // The clause's limit itself is late, and the instant before it is not.
        : !SelectionFacts.Takes(regulation, wanted.ClosesAt.AddMicroseconds(-1)) || SelectionFacts.Takes(regulation, wanted.ClosesAt) ? Refusal.Invalid("notTheRegulationsDays", "/closesAt")
        : wanted;

    private static bool Same(Event.Called a, Event.Called b) =>
        (a with { Criteria = b.Criteria, CalledOn = b.CalledOn, By = b.By }) == b && a.Criteria.SequenceEqual(b.Criteria);

    public static Decision<Event> NameCommittee(State state, IReadOnlyList<Expert> experts, DateOnly on, Actor by) =>
        NotScoring(state) is { } refusal ? refusal
        : state.Experts.Count == experts.Count && state.Experts.Zip(experts).All(e => e.First.Physician == e.Second.Physician && e.First.Institutions.SequenceEqual(e.Second.Institutions)) ? Decision<Event>.Nothing
        : new Event.CommitteeNamed(state.Call!.Round, experts, on, by);

    /// <summary>A conflict, once declared, stands: the expert neither sees the application nor scores it, and a score given before does not count.</summary>
    public static Decision<Event> DeclareConflict(State state, string expert, string institution, string reason, DateOnly on, Actor by) =>
        NotScoring(state) is { } refusal ? refusal
        : !state.IsExpert(expert) ? Refusal.Invalid("notAnExpert", "/expert")
        : state.Conflicts.Any(c => (c.Expert, c.Institution) == (expert, institution)) ? Decision<Event>.Nothing
        : new Event.ConflictDeclared(state.Call!.Round, expert, institution, reason, on, by);

    /// <summary>
    /// An expert scores an application: after the closing for applications and before that of the scoring, every criterion from 0 to its most points. A later sheet of the same expert replaces the earlier until scoring
    /// is closed for the first time, when all become known to all; from then on he only scores what he had not.
    /// </summary>
    public static Decision<Event> Score(
        State state, SelectionApplication.State application, string expert, IReadOnlyList<CriterionPoints> points, string? remark, DateTimeOffset now, Actor by)
    {
        if (NotScoring(state) is { } refusal)
        {
            return refusal;
        }

        // Before the closing nobody is told who has applied, not even by a refusal.
        if (now < state.Call!.ClosesAt)
        {
            return Refusal.Conflict("selectionRoundStillOpen", state.Call.ClosesAt.ToOffset(TimeSpan.FromHours(8)));
        }

        // What an expert may not see is not there.
        if (application.Submission is null || state.HasConflict(expert, application.Institution!))
        {
            return Refusal.NotFound("noSuchSelectionApplication");
        }

        if (application.IsCancelled)
        {
            return Refusal.Conflict("selectionApplicationCancelled");
        }

        if (!state.IsEligible(application))
        {
            return Refusal.Conflict("notEligible");
        }

        for (var i = 0; i < points.Count; i++)
        {
            if (state.Call.Criteria.FirstOrDefault(c => c.Id == points[i].Criterion) is not { } criterion)
            {
                return Refusal.Invalid("unknownValue", $"/points/{i}/criterion", string.Join(", ", state.Call.Criteria.Select(c => c.Id)));
            }

            if (points[i].Points < 0 || points[i].Points > criterion.MostPoints)
            {
                return Refusal.Invalid("outOfRange", $"/points/{i}/points", 0, criterion.MostPoints);
            }

            if (points.Take(i).Any(p => p.Criterion == criterion.Id))
            {
                return Refusal.Invalid("duplicateItem", $"/points/{i}/criterion");
            }
        }

        var was = state.Scores.FirstOrDefault(s => (s.Expert, s.Institution) == (expert, application.Institution));
        return points.Count < state.Call.Criteria.Count ? Refusal.Invalid("everyCriterion", "/points", string.Join(", ", state.Call.Criteria.Select(c => c.Id)))
            : was is not null && was.Remark == remark && was.Points.Order(ById).SequenceEqual(points.Order(ById)) ? Decision<Event>.Nothing
            : was is not null && state.Closing is not null ? Refusal.Conflict("scoreStands")
            : new Event.Scored(state.Call.Round, application.Institution!, expert, points, remark, Shanghai.DayOf(now), by);
    }

    private static readonly Comparer<CriterionPoints> ById = Comparer<CriterionPoints>.Create((a, b) => string.CompareOrdinal(a.Criterion, b.Criterion));

    /// <summary>Every application received, as the scores that count rank it: the higher mean first, of equal means the one with priority, and what is equal still shares a rank. Means are compared crosswise, on whole numbers.</summary>
    public static IReadOnlyList<RankedApplication> Rank(State state, IReadOnlyList<SelectionApplication.State> applications)
    {
        var all = applications.Where(a => a.Submission is not null).OrderBy(a => a.Institution, StringComparer.Ordinal).Select(a =>
        {
            var ranked = state.IsEligible(a) && !a.IsCancelled;
            var scores = ranked ? state.CountedScores(a.Institution!).ToList() : [];
            return new RankedApplication(
                a.Institution!,
                state.IsEligible(a) ? [] : [.. a.Submission!.Results.Where(r => !r.IsSatisfied).Select(r => r.Clause)],
                a.HasPriority,
                scores.Sum(s => s.Points.Sum(p => p.Points)),
                scores.Count,
                ranked ? 1 : 0);
        }).ToList();
        return
        [
            .. all.Select(a => a.Rank == 0 ? a : a with { Rank = 1 + all.Count(other => other.Rank > 0 && Before(other, a) < 0) })
                .OrderBy(a => a.Rank == 0).ThenBy(a => a.Rank).ThenBy(a => a.Institution, StringComparer.Ordinal),
        ];
    }

    /// <summary>Negative when <paramref name="a"/> comes before <paramref name="b"/>.</summary>
    private static int Before(RankedApplication a, RankedApplication b) =>
        ((long)b.Points * a.Scores).CompareTo((long)a.Points * b.Scores) is not 0 and var byMean ? byMean : b.Priority.CompareTo(a.Priority);

    /// <summary>Closes the scoring and freezes the ranking. Where an expert without a conflict has not scored somebody, whoever closes says why; without as many scores as the call asks for nobody is ranked at all.</summary>
    /// <param name="places">Said here where the call did not; what the first closing said stands.</param>
    /// <param name="registered">Where the registry shows the experts to have been registered since the opening, by now; null where nothing has changed since they were named.</param>
    public static Decision<Event> CloseScoring(
        State state, IReadOnlyList<SelectionApplication.State> applications, int? places, string? reason, DateTimeOffset now, Actor by, IReadOnlyDictionary<string, IReadOnlyList<string>>? registered = null)
    {
        if (state.Call is not { } call)
        {
            return Refusal.NotFound("noSuchSelectionRound");
        }

        if (state.Closing is { } closing && !state.ScoringOpen)
        {
            return places is null || places == closing.Places ? Decision<Event>.Nothing : Refusal.Conflict("scoringClosed");
        }

        if (now < call.ClosesAt)
        {
            return Refusal.Conflict("selectionRoundStillOpen", call.ClosesAt.ToOffset(TimeSpan.FromHours(8)));
        }

        if ((call.Places ?? state.Closing?.Places) is { } fixedPlaces && places is not null && places != fixedPlaces)
        {
            return Refusal.Invalid("placesFixed", "/places", fixedPlaces);
        }

        if ((call.Places ?? state.Closing?.Places ?? places) is not { } wanted)
        {
            return Refusal.Invalid("missing", "/places");
        }

        // A score given before the registry showed the conflict does not count either.
        state = state with { Experts = [.. state.Experts.Select(e => e with { Institutions = [.. e.Institutions.Union(registered?.GetValueOrDefault(e.Physician) ?? [])] })] };
        var ranking = Rank(state, applications);
        if (ranking.Where(r => r.Rank > 0 && r.Scores < call.ScoresNeeded).Select(r => r.Institution).ToList() is { Count: > 0 } few)
        {
            return Refusal.Conflict("tooFewScores", call.ScoresNeeded, string.Join(", ", few));
        }

        return reason is null && ranking.Where(r => r.Rank > 0 && state.Experts.Any(e => Owes(state, e, r))).Select(r => r.Institution).ToList() is { Count: > 0 } missing
            ? Refusal.Conflict("scoresMissing", string.Join(", ", missing))
            : new Event.ScoringClosed(call.Round, state.Sitting, wanted, ranking, state.Experts, reason, Shanghai.DayOf(now), by);
    }

    private static bool Owes(State state, Expert expert, RankedApplication application) =>
        !state.HasConflict(expert.Physician, application.Institution) && state.Scores.All(s => (s.Expert, s.Institution) != (expert.Physician, application.Institution));

    public static Decision<Event> ReopenScoring(State state, string reason, DateOnly on, Actor by) =>
        state.Call is null ? Refusal.NotFound("noSuchSelectionRound")
        : state.Conclusion is not null ? Refusal.Conflict("selectionRoundConcluded")
        : state.ScoringOpen ? (state.Closing is null ? Refusal.Conflict("scoringNotClosed") : Decision<Event>.Nothing)
        : new Event.ScoringReopened(state.Call.Round, state.Sitting + 1, reason, on, by);

    /// <summary>Who takes the places: those ranked and not cancelled since, in order.</summary>
    /// <param name="Sure">Selected by rank alone.</param>
    /// <param name="Tied">Equal, across the last place; empty where there is no such tie.</param>
    /// <param name="Open">How many of those tied are selected.</param>
    public sealed record Places(IReadOnlyList<string> Sure, IReadOnlyList<string> Tied, int Open);

    public static Places Divide(Event.ScoringClosed closing, IReadOnlySet<string> cancelled)
    {
        var standing = closing.Ranking.Where(r => r.Rank > 0 && !cancelled.Contains(r.Institution)).OrderBy(r => r.Rank).ToList();
        if (standing.Count <= closing.Places)
        {
            return new([.. standing.Select(r => r.Institution)], [], 0);
        }

        var last = standing[closing.Places - 1].Rank;
        if (standing[closing.Places].Rank != last)
        {
            return new([.. standing.Take(closing.Places).Select(r => r.Institution)], [], 0);
        }

        var sure = standing.Where(r => r.Rank < last).Select(r => r.Institution).ToList();
        return new(sure, [.. standing.Where(r => r.Rank == last).Select(r => r.Institution)], closing.Places - sure.Count);
    }

    /// <summary>A named person decides, with the reason, which of those equal across the last place are selected.</summary>
    public static Decision<Event> DecideTie(State state, IReadOnlyList<SelectionApplication.State> applications, IReadOnlyList<string> institutions, string reason, DateOnly on, Actor by)
    {
        if (Undecided(state, applications) is { } refusal)
        {
            return refusal;
        }

        var places = Divide(state.Closing!, Cancelled(applications));
        return places.Tied.Count == 0 ? Refusal.Conflict("noTie")
            : !Decides(places, institutions) ? Refusal.Invalid("tieChoice", "/institutions", places.Open, string.Join(", ", places.Tied))
            : state.Tie is { } was && was.Reason == reason && was.Institutions.ToHashSet().SetEquals(institutions) ? Decision<Event>.Nothing
            : new Event.TieDecided(state.Call!.Round, state.Sitting, institutions, reason, on, by);
    }

    private static bool Decides(Places places, IReadOnlyList<string> institutions) =>
        institutions.Count == places.Open && institutions.Distinct().Count() == institutions.Count && institutions.All(places.Tied.Contains);

    /// <summary>How the round ends for everybody who applied, by the ranking as it stands; null while a tie is open.</summary>
    public static IReadOnlyList<PublishedOutcome>? Outcomes(State state, IReadOnlySet<string> cancelled)
    {
        var places = Divide(state.Closing!, cancelled);
        if (places.Tied.Count > 0 && (state.Tie is null || !Decides(places, state.Tie.Institutions)))
        {
            return null;
        }

        HashSet<string> selected = [.. places.Sure, .. places.Tied.Count > 0 ? state.Tie!.Institutions : []];
        return
        [
            .. state.Closing!.Ranking.Select(r => cancelled.Contains(r.Institution)
                ? new PublishedOutcome(r.Institution, SelectionOutcome.Cancelled, 0)
                : new(r.Institution, r.Rank == 0 ? SelectionOutcome.NotEligible : selected.Contains(r.Institution) ? SelectionOutcome.Selected : SelectionOutcome.NotSelected, r.Rank)),
        ];
    }

    public static HashSet<string> Cancelled(IReadOnlyList<SelectionApplication.State> applications) => [.. applications.Where(a => a.IsCancelled).Select(a => a.Institution!)];

    /// <summary>Publishes the outcome (公示), or publishes it anew where it changed, or where an objection was right. What is published already is not published twice.</summary>
    public static Decision<Event> Publish(State state, IReadOnlyList<SelectionApplication.State> applications, DateOnly objectionsUntil, DateOnly on, Actor by) =>
        Undecided(state, applications) is { } refusal ? refusal
        : Outcomes(state, Cancelled(applications)) is not { } outcomes ? Tied(state, applications)
        : state.Publications is [.., var last] && last.Outcomes.SequenceEqual(outcomes) && !Stale(state) ? Decision<Event>.Nothing
        : new Event.Published(state.Call!.Round, state.Publications.Count + 1, state.Call.Technique, state.Call.Title, outcomes, on, objectionsUntil, by);

    /// <summary>Whether what was published last must be published anew, though the outcome may be the same: an objection to it was right, or scoring was opened again since.</summary>
    private static bool Stale(State state) =>
        state.ReopenedAfter == state.Publications.Count || state.Objections.Any(o => o.Answer?.Accepted == true && o.AnsweredAfter == state.Publications.Count);

    /// <summary>Anybody objects to the outcome published last, by its last day.</summary>
    /// <param name="of">The institution that objects, if one does.</param>
    public static Decision<Event> Object(State state, string? about, string reason, DateOnly on, Actor by, string? of = null) =>
        state.Publications is not [.., var last] ? Refusal.Conflict("notPublished")
        : state.Conclusion is not null || on > last.ObjectionsUntil ? Refusal.Conflict("objectionsClosed", last.ObjectionsUntil)
        : about is not null && last.Outcomes.All(o => o.Institution != about) ? Refusal.Invalid("notInRound", "/about")
        : state.Objections.Any(o => o.Filed.Edition == last.Edition && (o.Filed.About, o.Filed.Reason, o.Filed.By) == (about, reason, by)) ? Decision<Event>.Nothing
        : new Event.ObjectionFiled(
            state.Call!.Round, NameBasedId.Of("selectionObjection", state.Call.Round.ToString("D"), $"{state.Objections.Count + 1}"), last.Edition, state.Call.Technique, about, of, reason, on, by);

    /// <summary>The institution an objection is about says what it has to say to it, until it is answered.</summary>
    public static Decision<Event> StateOnObjection(State state, Guid objection, string institution, string statement, DateOnly on, Actor by) =>
        state.Objections.FirstOrDefault(o => o.Filed.Objection == objection && o.Filed.About == institution) is not { } raised ? Refusal.NotFound("noSuchObjection", objection)
        : raised.Statement?.Statement == statement ? Decision<Event>.Nothing
        : raised.Answer is not null ? Refusal.Conflict("objectionAnswered", objection)
        : new Event.ObjectionStated(state.Call!.Round, objection, statement, on, by);

    /// <param name="eligible">Of an objection that was right about an applicant's eligibility.</param>
    /// <param name="hearUntil">Of the day an institution was told of something against it, the last day on which its statement is waited for.</param>
    public static Decision<Event> AnswerObjection(State state, Guid objection, bool accepted, string answer, bool? eligible, Func<DateOnly, DateOnly> hearUntil, DateOnly on, Actor by) =>
        state.Objections.FirstOrDefault(o => o.Filed.Objection == objection) is not { } raised ? Refusal.NotFound("noSuchObjection", objection)
        : raised.Answer is { } was ? ((was.Accepted, was.Answer, was.Eligible) == (accepted, answer, eligible) ? Decision<Event>.Nothing : Refusal.Conflict("objectionAnswered", objection))
        : eligible is not null && (!accepted || raised.Filed.About is null) ? Refusal.Invalid("eligibilityOfNobody", "/eligible")
        // Nobody is thrown out without having been heard.
        : eligible == false && raised.Statement is null && on <= hearUntil(raised.Filed.FiledOn) ? Refusal.Conflict("applicantNotHeard", hearUntil(raised.Filed.FiledOn))
        : new Event.ObjectionAnswered(state.Call!.Round, objection, accepted, answer, eligible, on, by);

    /// <summary>
    /// The result: the outcome as it was published last, once its days for objections are over, every objection is answered, and nothing has changed since.
    /// </summary>
    public static Decision<Event> Conclude(State state, IReadOnlyList<SelectionApplication.State> applications, DateOnly on, Actor by)
    {
        if (state.Conclusion is not null)
        {
            return Decision<Event>.Nothing;
        }

        if (Undecided(state, applications) is { } refusal)
        {
            return refusal;
        }

        if (state.Publications is not [.., var last])
        {
            return Refusal.Conflict("notPublished");
        }

        if (on <= last.ObjectionsUntil)
        {
            return Refusal.Conflict("objectionsStillTaken", last.ObjectionsUntil);
        }

        if (state.Objections.Any(o => o.Answer is null))
        {
            return Refusal.Conflict("objectionsUnanswered");
        }

        if (applications.Where(a => a.Suspicions is [.., { Decision: null }]).Select(a => a.Institution!).ToList() is { Count: > 0 } suspected)
        {
            return Refusal.Conflict("fraudUndecided", string.Join(", ", suspected));
        }

        return Outcomes(state, Cancelled(applications)) is not { } outcomes ? Tied(state, applications)
            : Stale(state) || !outcomes.SequenceEqual(last.Outcomes) ? Refusal.Conflict("publishAnew")
            : new Event.Concluded(state.Call!.Round, state.Call.Technique, state.Call.Title, outcomes, on, by);
    }

    private static Refusal Tied(State state, IReadOnlyList<SelectionApplication.State> applications)
    {
        var places = Divide(state.Closing!, Cancelled(applications));
        return Refusal.Conflict("tieUndecided", places.Open, string.Join(", ", places.Tied));
    }

    private static Refusal? NotScoring(State state) =>
        state.Call is null ? Refusal.NotFound("noSuchSelectionRound")
        : state.Conclusion is not null ? Refusal.Conflict("selectionRoundConcluded")
        : state.ScoringOpen ? null
        : Refusal.Conflict("scoringClosed");

    private static Refusal? Undecided(State state, IReadOnlyList<SelectionApplication.State> applications) =>
        state.Call is null ? Refusal.NotFound("noSuchSelectionRound")
        : state.Conclusion is not null ? Refusal.Conflict("selectionRoundConcluded")
        : state.Closing is null || state.ScoringOpen ? Refusal.Conflict("scoringNotClosed")
        : Contradicted(state, Cancelled(applications)) is { Count: > 0 } wrong ? Refusal.Conflict("rankAnew", string.Join(", ", wrong))
        : null;

    /// <summary>Who is ranked though an objection showed that the conditions are not met, or is not although they are: no outcome rests on such a ranking.</summary>
    private static List<string> Contradicted(State state, HashSet<string> cancelled) =>
        [.. state.Closing!.Ranking.Where(r => !cancelled.Contains(r.Institution) && state.Eligibility.TryGetValue(r.Institution, out var eligible) && eligible != r.Rank > 0).Select(r => r.Institution)];
}
