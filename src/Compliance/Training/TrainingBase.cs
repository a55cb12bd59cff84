using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Compliance.Calendars;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>An institution as a training base (培训基地) of a kind for a technique.</summary>
/// <param name="Kind">Of <see cref="TrainingRules.Bases"/>, as in <c>national</c>.</param>
public readonly record struct TrainingBaseId(
    [property: Stored("Kind")] string Kind,
    [property: Stored("Technique")] string Technique,
    [property: Stored("Institution")] string Institution);

[JsonConverter(typeof(JsonStringEnumConverter<BaseStatus>))]
public enum BaseStatus
{
    /// <summary>Applied for, and not decided.</summary>
    [StoredAs("Applied")] Applied,
    [StoredAs("Refused")] Refused,
    [StoredAs("Recognised")] Recognised,

    /// <summary>By who recognised it.</summary>
    [StoredAs("Withdrawn")] Withdrawn,

    /// <summary>By the institution itself, an application or the recognition.</summary>
    [StoredAs("GivenUp")] GivenUp,
}

/// <summary>A fact as the system knew it when a decision was taken.</summary>
public sealed record KnownValue([property: Stored("Fact")] string Fact, [property: Stored("Value")] JsonElement Value);

/// <summary>What a decision on a base rests on: the path, the version of the regulation, how each clause stood, and what the system itself knew.</summary>
/// <param name="AsOf">The day it was held against the clauses.</param>
/// <param name="CountedTo">The last day whose cases were counted: the settled day, by which every report was due.</param>
public sealed record BaseGrounds(
    [property: Stored("Path")] string Path,
    [property: Stored("Regulation")] string Regulation,
    [property: Stored("Version")] int Version,
    [property: Stored("AsOf")] DateOnly AsOf,
    [property: Stored("CountedTo")] DateOnly CountedTo,
    [property: Stored("Results")] IReadOnlyList<ConditionResult> Results,
    [property: Stored("Known")] IReadOnlyList<KnownValue> Known)
{
    /// <summary>The clauses that are not met, in the order of the path.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Unmet => [.. Results.Where(r => !r.IsSatisfied).Select(r => r.Clause)];
}

/// <summary>
/// A training base from its application to the end of its recognition: NV-TB-*, CI-TB-PROV, CI3-TB-*; its tutors (指导医师), the number of trainees it takes (NV-TRB-CAPACITY, CI-TRB-CAPACITY), and its
/// yearly reviews. One stream for each institution, technique and kind, however often it is recognised.
/// </summary>
/// <remarks>A review that is not passed withdraws nothing: who recognised the base decides on it by name, and may wait for it to be put right.</remarks>
public static class TrainingBase
{
    /// <summary>More trainees at a time than any base has; a larger number is a typing error.</summary>
    public const int MostTrainees = 1_000;

    /// <summary>More tutors than any base has.</summary>
    public const int MostTutors = 200;

    public static string Stream(TrainingBaseId id) => $"training-base-{id.Kind}-{id.Technique}-{id.Institution}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Base")] TrainingBaseId Base, [property: Stored("By")] Actor By)
    {
        /// <param name="Number">1 for the first application in the stream.</param>
        public sealed record Applied(
            TrainingBaseId Base,
            [property: Stored("Number")] int Number,
            [property: Stored("Regulation")] string Regulation,
            [property: Stored("Version")] int Version,
            [property: Stored("Facts")] IReadOnlyList<AttestedFact> Facts,
            [property: Stored("AppliedOn")] DateOnly AppliedOn,
            Actor By) : Event(Base, By);

        public sealed record FactsAttested(
            TrainingBaseId Base,
            [property: Stored("Facts")] IReadOnlyList<AttestedFact> Facts,
            [property: Stored("AttestedOn")] DateOnly AttestedOn,
            Actor By) : Event(Base, By);

        /// <param name="Tutors">All of them from that day on, by their ids in the registry, in rising order.</param>
        public sealed record TutorsNamed(
            TrainingBaseId Base,
            [property: Stored("Tutors")] IReadOnlyList<string> Tutors,
            [property: Stored("From")] DateOnly From,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Base, By);

        /// <param name="Trainees">How many at a time, from that day on.</param>
        public sealed record CapacityDeclared(
            TrainingBaseId Base,
            [property: Stored("Trainees")] int Trainees,
            [property: Stored("From")] DateOnly From,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Base, By);

        public sealed record Refused(
            TrainingBaseId Base,
            [property: Stored("Reason")] string Reason,
            [property: Stored("Grounds")] BaseGrounds? Grounds,
            [property: Stored("RefusedOn")] DateOnly RefusedOn,
            Actor By) : Event(Base, By);

        /// <param name="Reference">Number of the document of recognition (认定文件).</param>
        /// <param name="Imported">Recognised before this system was in use: recorded, and not judged.</param>
        /// <param name="Grounds">Null of an imported one, and of a kind of base of which the text asks nothing beforehand.</param>
        public sealed record Recognised(
            TrainingBaseId Base,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Reference")] string Reference,
            [property: Stored("Imported")] bool Imported,
            [property: Stored("Grounds")] BaseGrounds? Grounds,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Base, By);

        /// <param name="Remark">The reviewer's.</param>
        /// <param name="Grounds">Null of a kind of base of which the text asks nothing.</param>
        public sealed record Reviewed(
            TrainingBaseId Base,
            [property: Stored("Remark")] string Remark,
            [property: Stored("Grounds")] BaseGrounds? Grounds,
            [property: Stored("ReviewedOn")] DateOnly ReviewedOn,
            Actor By) : Event(Base, By);

        /// <param name="EffectiveOn">First day without the recognition.</param>
        public sealed record Withdrawn(
            TrainingBaseId Base,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Base, By);

        /// <param name="EffectiveOn">First day without the recognition; null of an application.</param>
        public sealed record GivenUp(
            TrainingBaseId Base,
            [property: Stored("EffectiveOn")] DateOnly? EffectiveOn,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Base, By);
    }

    /// <summary>Who taught from a day on.</summary>
    public sealed record TutorList([property: Stored("From")] DateOnly From, [property: Stored("Tutors")] IReadOnlyList<string> Tutors);

    /// <summary>How many trainees at a time from a day on.</summary>
    public sealed record Capacity([property: Stored("From")] DateOnly From, [property: Stored("Trainees")] int Trainees);

    /// <param name="EndedOn">First day without it; null while it stands.</param>
    public sealed record Recognition(
        [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
        [property: Stored("Reference")] string Reference,
        [property: Stored("Imported")] bool Imported,
        [property: Stored("RecordedOn")] DateOnly RecordedOn,
        [property: Stored("EndedOn")] DateOnly? EndedOn)
    {
        /// <summary>Empty where it was withdrawn before it began.</summary>
        [JsonIgnore]
        public DaySpan Days => new(EffectiveOn, EndedOn?.AddDays(-1) ?? DateOnly.MaxValue);
    }

    /// <summary>A review and what it found.</summary>
    public sealed record Review(
        [property: Stored("On")] DateOnly On,
        [property: Stored("Remark")] string Remark,
        [property: Stored("Grounds")] BaseGrounds? Grounds,
        [property: Stored("By")] Actor By)
    {
        /// <summary>True when every clause was met.</summary>
        [JsonIgnore]
        public bool Passed => Grounds is null || Grounds.Unmet.Count == 0;
    }

    /// <param name="Id">Null before the first event.</param>
    /// <param name="Status">Of the last application or recognition.</param>
    /// <param name="Applications">How many there were.</param>
    /// <param name="AppliedOn">Of the last; null where it never applied.</param>
    /// <param name="Attested">Every attestation, in the order recorded.</param>
    /// <param name="TutorLists">In the order recorded.</param>
    /// <param name="Capacities">In the order recorded.</param>
    /// <param name="Recognitions">The oldest first; no two share a day.</param>
    /// <param name="Reviews">The oldest first.</param>
    /// <param name="Reason">Why it was refused, withdrawn or given up; null else.</param>
    public sealed record State(
        [property: Stored("Id")] TrainingBaseId? Id,
        [property: Stored("Status")] BaseStatus Status,
        [property: Stored("Applications")] int Applications,
        [property: Stored("AppliedOn")] DateOnly? AppliedOn,
        [property: Stored("Attested")] IReadOnlyList<AttestedFact> Attested,
        [property: Stored("TutorLists")] IReadOnlyList<TutorList> TutorLists,
        [property: Stored("Capacities")] IReadOnlyList<Capacity> Capacities,
        [property: Stored("Recognitions")] IReadOnlyList<Recognition> Recognitions,
        [property: Stored("Reviews")] IReadOnlyList<Review> Reviews,
        [property: Stored("Reason")] string? Reason)
    {
        public static readonly State Initial = new(null, BaseStatus.Applied, 0, null, [], [], [], [], [], null);

        /// <summary>Whether it is a recognised base on a day. Whether it may train that day is asked of <see cref="TrainingSpans"/>.</summary>
        public bool IsRecognised(DateOnly on) => Recognitions.Any(r => r.Days.Contains(on));

        /// <summary>How many trainees at a time it declared to take on a day; null where it had declared nothing.</summary>
        public int? CapacityOn(DateOnly on) => Capacities.Where(c => c.From <= on).OrderBy(c => c.From).LastOrDefault()?.Trainees;

        /// <summary>The tutors named for a day. Whether they are qualified, and of which title, the registry says.</summary>
        public IReadOnlyList<string> TutorsOn(DateOnly on) => TutorLists.Where(l => l.From <= on).OrderBy(l => l.From).LastOrDefault()?.Tutors ?? [];

        /// <summary>Whether a physician is named as tutor on a day.</summary>
        public bool IsTutor(string physician, DateOnly on) => TutorsOn(on).Contains(physician);

        /// <summary>What is attested as of a day: of each fact the last word about the latest day.</summary>
        public IReadOnlyList<AttestedFact> AttestedBy(DateOnly day) => AttestedFact.AsOf(Attested, day);

        /// <summary>
        /// The days on which it may train, in rising order: recognised, and, where what it trains for needs the institution's qualification, on which that could be used. So an institution that is suspended
        /// or revoked takes nobody and trains nobody, though it is still recognised.
        /// </summary>
        /// <param name="needsQualification">False for a base that trains only for levels that need none (CI-TB-PROV).</param>
        /// <param name="active">The days on which the institution's qualification could be used; <c>Qualification.State.ActiveSpans</c>.</param>
        public IReadOnlyList<DaySpan> TrainingSpans(bool needsQualification, IReadOnlyList<DaySpan> active) =>
        [
            .. Recognitions.SelectMany(r => needsQualification ? active.Select(a => new DaySpan(Later(a.From, r.Days.From), Earlier(a.To, r.Days.To))) : [r.Days]).Where(s => !s.IsEmpty).OrderBy(s => s.From),
        ];

        /// <summary>
        /// The last day for the next review; null while it is not recognised, or its end is recorded. A recognition from before this system, and an early one, is counted from the day it was recorded.
        /// </summary>
        /// <param name="everyMonths"><see cref="TrainingRules.ReviewEveryMonths"/>; null where the regulation wants none.</param>
        public DateOnly? ReviewDueOn(int? everyMonths) => LookedAtOn is { } day && everyMonths is { } months ? Months.EndOfMonths(day, months) : null;

        /// <summary>The day of the last review, or of the recognition that stands; null while none does.</summary>
        [JsonIgnore]
        public DateOnly? LookedAtOn => Standing is not { } standing ? null
            : Later(Later(standing.EffectiveOn, standing.RecordedOn), Reviews is [.., var last] ? last.On : DateOnly.MinValue);

        /// <summary>The day on which the last recognition or review was recorded: the regulation in force then sets when the next review is due. Null while no recognition stands.</summary>
        [JsonIgnore]
        public DateOnly? LookedAtRecordedOn => Standing is not { } standing ? null : Later(standing.RecordedOn, Reviews is [.., var last] ? last.On : DateOnly.MinValue);

        /// <summary>The last day before one on which it was looked at, by a review or a recognition; the first day there is where it never was.</summary>
        public DateOnly LookedAtBefore(DateOnly day) =>
            Recognitions.Select(r => Later(r.EffectiveOn, r.RecordedOn)).Concat(Reviews.Select(r => r.On)).Where(on => on < day).DefaultIfEmpty(DateOnly.MinValue).Max();

        /// <summary>
        /// What is attested as of a day for a path. At a review the duties of training (NV-TRB-*, CI-TRB-*), which no condition of a recognition asks for, are those of the time since it was last looked at: what
        /// was attested for the look before has expired.
        /// </summary>
        public IReadOnlyList<AttestedFact> AttestedFor(Regulation regulation, QualificationPath path, DateOnly asOf)
        {
            var attested = AttestedBy(asOf);
            if (Id is not { } id || regulation.Practice?.Training?.Base(id.Kind) is not { } rule || rule.ReviewPath != path.Id)
                return attested;
            var last = LookedAtBefore(asOf);
            var conditions = rule.Path is { } before ? regulation.FactsOf(regulation.Path(before)!) : new HashSet<string>();
            return [.. attested.Select(a => a.HeldOn > last || conditions.Contains(a.Fact) || a.ValidUntil <= last ? a : a with { ValidUntil = last })];
        }

        /// <summary>The recognition that stands, begun or not; null when its end is recorded, or there is none.</summary>
        [JsonIgnore]
        public Recognition? Standing => Recognitions is [.., { EndedOn: null } last] ? last : null;

        private static DateOnly Later(DateOnly a, DateOnly b) => a > b ? a : b;

        private static DateOnly Earlier(DateOnly a, DateOnly b) => a < b ? a : b;
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Applied a => state with
        {
            Id = a.Base,
            Status = BaseStatus.Applied,
            Applications = a.Number,
            AppliedOn = a.AppliedOn,
            Attested = [.. state.Attested, .. a.Facts],
            Reason = null,
        },
        Event.FactsAttested a => state with { Attested = [.. state.Attested, .. a.Facts] },
        Event.TutorsNamed t => state with { TutorLists = [.. state.TutorLists, new(t.From, t.Tutors)] },
        Event.CapacityDeclared c => state with { Capacities = [.. state.Capacities, new(c.From, c.Trainees)] },
        Event.Refused r => state with { Status = BaseStatus.Refused, Reason = r.Reason },
        Event.Recognised r => state with
        {
            Id = r.Base,
            Status = BaseStatus.Recognised,
            Recognitions = [.. state.Recognitions, new(r.EffectiveOn, r.Reference, r.Imported, r.RecordedOn, null)],
            Reason = null,
        },
        Event.Reviewed r => state with { Reviews = [.. state.Reviews, new(r.ReviewedOn, r.Remark, r.Grounds, r.By)] },
        Event.Withdrawn w => Ended(state, BaseStatus.Withdrawn, w.EffectiveOn, w.Reason),
        Event.GivenUp g => Ended(state, BaseStatus.GivenUp, g.EffectiveOn, g.Reason),
        _ => throw new UnreachableException($"a training base knows no {e.GetType().Name}"),
    };

    private static State Ended(State state, BaseStatus status, DateOnly? on, string reason) => state with
    {
        Status = status,
        Recognitions = on is null ? state.Recognitions : [.. state.Recognitions.SkipLast(1), state.Recognitions[^1] with { EndedOn = on }],
        Reason = reason,
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>How the clauses of a path stand for a base, and what the system knew.</summary>
    /// <param name="known">As of the day of judgement.</param>
    /// <param name="countedTo">The last day whose cases were counted.</param>
    public static BaseGrounds Judge(State state, Regulation regulation, QualificationPath path, KnownBook known, DateOnly countedTo) => new(
        path.Id,
        regulation.Id,
        regulation.Version,
        known.AsOf,
        countedTo,
        Conditions.Evaluate(regulation, path, known.With(regulation, state.AttestedFor(regulation, path, known.AsOf))),
        [.. known.Known.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => new KnownValue(k.Key, k.Value))]);

    /// <summary>The institution applies. Sent again with nothing new it changes nothing; after a refusal, or an end, it is a new application.</summary>
    /// <param name="facts">Checked against the regulation's facts.</param>
    public static Decision<Event> Apply(State state, TrainingBaseId id, Regulation regulation, IReadOnlyList<AttestedFact> facts, DateOnly today, Actor by) =>
        state.Standing is { } standing ? Refusal.Conflict("trainingBaseRecognised", standing.EffectiveOn)
        : state is { Id: not null, Status: BaseStatus.Applied } ? New(state, facts).Count == 0 ? Decision<Event>.Nothing : Refusal.Conflict("trainingBaseApplicationOpen", state.Applications)
        : new Event.Applied(id, state.Applications + 1, regulation.Id, regulation.Version, New(state, facts), today, by);

    /// <summary>Attests facts, with an application and after the recognition: its conditions are looked at again every year.</summary>
    public static Decision<Event> Attest(State state, IReadOnlyList<AttestedFact> facts, DateOnly today, Actor by) =>
        state.Id is not { } id ? Refusal.NotFound("noSuchTrainingBase")
        : New(state, facts) is { Count: > 0 } added ? new Event.FactsAttested(id, added, today, by)
        : Decision<Event>.Nothing;

    // What the last word on a fact says already is not said again.
    private static IReadOnlyList<AttestedFact> New(State state, IReadOnlyList<AttestedFact> facts) =>
        [.. facts.Where(f => state.Attested.LastOrDefault(held => held.Fact == f.Fact && held.HeldOn == f.HeldOn)?.Says(f) != true)];

    /// <summary>Names all tutors from a day on; none is allowed. Of a base that is, or was, recognised it never reaches back: nobody becomes the tutor of what was done without one.</summary>
    public static Decision<Event> NameTutors(State state, IReadOnlyList<string> tutors, DateOnly from, DateOnly today, Actor by)
    {
        if (state.Id is not { } id)
            return Refusal.NotFound("noSuchTrainingBase");
        IReadOnlyList<string> all = [.. tutors.Distinct().Order(StringComparer.Ordinal)];
        if (state.TutorLists.LastOrDefault(l => l.From == from) is { } said && said.Tutors.SequenceEqual(all))
            return Decision<Event>.Nothing;
        return ReachesBack(state, from, today) ?? (Decision<Event>)new Event.TutorsNamed(id, all, from, today, by);
    }

    /// <summary>Declares how many trainees it takes at a time from a day on; 0 for none. As <see cref="NameTutors"/> it never reaches back behind a recognition; who is there already stays.</summary>
    public static Decision<Event> DeclareCapacity(State state, int trainees, DateOnly from, DateOnly today, Actor by) =>
        state.Id is not { } id ? Refusal.NotFound("noSuchTrainingBase")
        : trainees is < 0 or > MostTrainees ? Refusal.Invalid("outOfRange", "/trainees", 0, MostTrainees)
        : state.Capacities.LastOrDefault(c => c.From == from)?.Trainees == trainees ? Decision<Event>.Nothing
        : ReachesBack(state, from, today) ?? (Decision<Event>)new Event.CapacityDeclared(id, trainees, from, today, by);

    private static Refusal? ReachesBack(State state, DateOnly from, DateOnly today)
    {
        DateOnly? earliest = state.Standing is not null ? today : state.Recognitions is [.., { EndedOn: { } ended }] ? ended : null;
        return from < earliest ? Refusal.Invalid("notBefore", "/from", earliest) : null;
    }

    /// <summary>
    /// Recognises a base that applied (NV-TB-RECOG, CI-TB-PROV), when every clause of the path is met. One from before this system (<paramref name="imported"/>) is recorded as it is: nobody attested anything
    /// for it, and its first review looks at everything.
    /// </summary>
    /// <param name="grounds">With the recognition itself taken as given; null where the text asks nothing beforehand.</param>
    /// <param name="effectiveOn">Today or later; of an imported one earlier than today.</param>
    public static Decision<Event> Recognise(State state, TrainingBaseId id, BaseGrounds? grounds, DateOnly effectiveOn, string reference, bool imported, DateOnly today, Actor by)
    {
        if (state.Standing is { } standing)
        {
            return standing.EffectiveOn == effectiveOn && standing.Reference == reference && standing.Imported == imported
                ? Decision<Event>.Nothing
                : Refusal.Conflict("trainingBaseRecognised", standing.EffectiveOn);
        }

        // Whoever applied here is judged here, and whoever was recognised here was not recognised before this system.
        if (imported && state is { Id: not null, Status: BaseStatus.Applied })
            return Refusal.Conflict("trainingBaseApplicationOpen", state.Applications);
        if (imported && state.Recognitions.Count > 0)
            return Refusal.Conflict("recognisedHereBefore");
        if (imported ? effectiveOn >= today : effectiveOn < today)
            return imported ? Refusal.Invalid("notAfter", "/effectiveOn", today.AddDays(-1)) : Refusal.Invalid("notBefore", "/effectiveOn", today);
        if (state.Recognitions is [.., { EndedOn: { } ended }] && effectiveOn < ended)
            return Refusal.Invalid("notBefore", "/effectiveOn", ended);
        if (!imported && (state.Id is null || state.Status != BaseStatus.Applied))
            return Refusal.Conflict("noTrainingBaseApplication");
        return !imported && grounds is { Unmet: { Count: > 0 } unmet }
            ? Refusal.Conflict("conditionsNotMet", string.Join(", ", unmet))
            : new Event.Recognised(id, effectiveOn, reference, imported, imported ? null : grounds, today, by);
    }

    /// <summary>Refuses an application, with what was found.</summary>
    public static Decision<Event> Refuse(State state, BaseGrounds? grounds, string reason, DateOnly today, Actor by) => state switch
    {
        { Id: null } => Refusal.NotFound("noSuchTrainingBase"),
        { Status: BaseStatus.Refused } => Decision<Event>.Nothing,
        { Status: BaseStatus.Applied, Id: { } id } => new Event.Refused(id, reason, grounds, today, by),
        _ => Refusal.Conflict("noTrainingBaseApplication"),
    };

    /// <summary>Reviews a base and freezes what was found. The same remark sent again on the same day changes nothing.</summary>
    public static Decision<Event> RecordReview(State state, BaseGrounds? grounds, string remark, DateOnly today, Actor by) =>
        state.Id is not { } id ? Refusal.NotFound("noSuchTrainingBase")
        : !state.IsRecognised(today) ? Refusal.Conflict("trainingBaseNotRecognised", state.Status)
        : state.Reviews is [.., var last] && last.On == today && last.Remark == remark ? Decision<Event>.Nothing
        : new Event.Reviewed(id, remark, grounds, today, by);

    /// <summary>Withdraws the recognition, from tomorrow: what was trained by then stays.</summary>
    public static Decision<Event> Withdraw(State state, string reason, DateOnly today, Actor by) =>
        state.Id is not { } id ? Refusal.NotFound("noSuchTrainingBase")
        : state.Status == BaseStatus.Withdrawn ? Decision<Event>.Nothing
        : state.Standing is null ? Refusal.Conflict("trainingBaseNotRecognised", state.Status)
        : new Event.Withdrawn(id, today.AddDays(1), reason, today, by);

    /// <summary>The institution takes its application back, or gives the recognition up, from tomorrow.</summary>
    public static Decision<Event> GiveUp(State state, string reason, DateOnly today, Actor by) => state switch
    {
        { Id: null } => Refusal.NotFound("noSuchTrainingBase"),
        { Status: BaseStatus.GivenUp } => Decision<Event>.Nothing,
        { Standing: not null, Id: { } id } => new Event.GivenUp(id, today.AddDays(1), reason, today, by),
        { Status: BaseStatus.Applied, Id: { } id } => new Event.GivenUp(id, null, reason, today, by),
        _ => Refusal.Conflict("trainingBaseNotRecognised", state.Status),
    };
}
