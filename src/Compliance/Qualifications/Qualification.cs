using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Compliance.Calendars;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Qualifications;

/// <summary>How a subject stands, apart from whether the qualification is valid.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Standing>))]
public enum Standing
{
    [StoredAs("Good")] Good,
    [StoredAs("Warned")] Warned,
    [StoredAs("Suspended")] Suspended,
    [StoredAs("Revoked")] Revoked,
}

[JsonConverter(typeof(JsonStringEnumConverter<Sanction>))]
public enum Sanction
{
    [StoredAs("Warning")] Warning,
    [StoredAs("Suspension")] Suspension,
    [StoredAs("Revocation")] Revocation,
}

/// <summary>Whether there is a qualification at all, apart from how its holder stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Validity>))]
public enum Validity
{
    [StoredAs("None")] None,
    [StoredAs("Valid")] Valid,
    [StoredAs("Relinquished")] Relinquished,
    [StoredAs("Revoked")] Revoked,
}

/// <summary>Whose qualification for what.</summary>
public readonly record struct QualificationId(
    [property: Stored("Subject")] Subject Subject,
    [property: Stored("Technique")] string Technique)
{
    public override string ToString() => $"{Subject.KindName}-{Subject.Id}-{Technique}";
}

/// <summary>What a sanction rests on: enough to reach the same verdict again years later.</summary>
/// <param name="Regulation">Id of the regulation.</param>
/// <param name="Counts">What was counted over the days judged.</param>
/// <param name="Findings">The binding breaches.</param>
public sealed record Grounds(
    [property: Stored("Regulation")] string Regulation,
    [property: Stored("Version")] int Version,
    [property: Stored("Observation")] Observation Observation,
    [property: Stored("Counts")] Counts Counts,
    [property: Stored("Findings")] IReadOnlyList<Finding> Findings);

/// <summary>A qualification (技术临床应用资质): granted, watched, and taken away only with grounds.</summary>
public static class Qualification
{
    public static string Stream(QualificationId id) => $"qualification-{id}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Qualification")] QualificationId Qualification, [property: Stored("By")] Actor By)
    {
        /// <param name="Grant">1 for the first, rising with each grant in the same stream.</param>
        /// <param name="EffectiveOn">First day it may be used; observation starts here.</param>
        /// <param name="Imported">True when it was granted before the system existed.</param>
        /// <param name="Grounds">How the clauses of the path stood; null where it was not applied for in this system.</param>
        public sealed record Granted(
            QualificationId Qualification,
            [property: Stored("Grant")] int Grant,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Reference")] string Reference,
            [property: Stored("Imported")] bool Imported,
            Actor By,
            [property: Stored("Grounds"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ApplicationGrounds? Grounds = null) : Event(Qualification, By);

        /// <param name="JudgedOn">The closed day whose findings these are.</param>
        /// <param name="EffectiveOn">The day after the day it was recorded.</param>
        public sealed record Warned(
            QualificationId Qualification,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Grounds")] Grounds Grounds,
            [property: Stored("ProposalId")] Guid? ProposalId,
            Actor By) : Event(Qualification, By);

        public sealed record WarningLifted(
            QualificationId Qualification,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            Actor By) : Event(Qualification, By);

        public sealed record WarningProposed(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            [property: Stored("Province")] string Province,
            [property: Stored("Grounds")] Grounds Grounds,
            Actor By) : Event(Qualification, By);

        /// <param name="Held">True when the monitor would have suspended, but too many fell at once.</param>
        /// <param name="Round">The assessment that failed; null where a closing demands it.</param>
        public sealed record SuspensionProposed(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            [property: Stored("Province")] string Province,
            [property: Stored("Held")] bool Held,
            [property: Stored("Grounds")] Grounds Grounds,
            Actor By,
            [property: Stored("Round"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Round = null) : Event(Qualification, By);

        /// <param name="Grounds">Those of the suspension that rectification did not mend, or of the last assessment failed; null when a person suspended without findings.</param>
        /// <param name="HearUntil">The last day on which the subject may ask to be heard; null where it was proposed before that was kept.</param>
        /// <param name="Round">The last of the assessments failed in a row; null after a reassessment.</param>
        public sealed record RevocationProposed(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("Province")] string Province,
            [property: Stored("Reason")] string Reason,
            [property: Stored("Grounds")] Grounds? Grounds,
            Actor By,
            [property: Stored("HearUntil"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? HearUntil = null,
            [property: Stored("Round"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Round = null) : Event(Qualification, By);

        /// <param name="Agreed">When true, the event that carries it out stands in the same append.</param>
        public sealed record ProposalDecided(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("Agreed")] bool Agreed,
            [property: Stored("Reason")] string Reason,
            [property: Stored("DecidedOn")] DateOnly DecidedOn,
            Actor By) : Event(Qualification, By);

        /// <summary>The grounds fell away, or a heavier decision took the proposal's place.</summary>
        /// <param name="JudgedOn">The closed day judged, or the day of the person's act that replaced it.</param>
        public sealed record ProposalWithdrawn(
            QualificationId Qualification,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            Actor By) : Event(Qualification, By);

        /// <param name="JudgedOn">The closed day judged, or the day a person decided.</param>
        /// <param name="EffectiveOn">The day after the day it was recorded.</param>
        /// <param name="RectificationEndsOn">The last day of rectification; reassessed at the earliest the day after.</param>
        /// <param name="Province">The province that suspended, and that alone reinstates.</param>
        /// <param name="Grounds">Null only when a named person suspended for reasons of his or her own.</param>
        /// <param name="Round">The assessment that failed; null where a closing demanded it or a person decided.</param>
        public sealed record Suspended(
            QualificationId Qualification,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("RectificationEndsOn")] DateOnly RectificationEndsOn,
            [property: Stored("Province")] string? Province,
            [property: Stored("Reason")] string? Reason,
            [property: Stored("Grounds")] Grounds? Grounds,
            [property: Stored("ProposalId")] Guid? ProposalId,
            Actor By,
            [property: Stored("Round"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Round = null) : Event(Qualification, By);

        public sealed record SuspensionLifted(
            QualificationId Qualification,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Qualification, By);

        /// <summary>What is known now no longer bears the suspension: a person decides within five working days.</summary>
        public sealed record GroundsUndermined(
            QualificationId Qualification,
            [property: Stored("JudgedOn")] DateOnly JudgedOn,
            [property: Stored("DecisionDueOn")] DateOnly DecisionDueOn,
            [property: Stored("Findings")] IReadOnlyList<Finding> Findings,
            Actor By) : Event(Qualification, By);

        public sealed record SuspensionUpheld(
            QualificationId Qualification,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Qualification, By);

        /// <summary>The suspension leaves the register, and the flags it caused fall.</summary>
        public sealed record SuspensionAnnulled(
            QualificationId Qualification,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Qualification, By);

        /// <param name="DecisionDueOn">Ten working days after the request.</param>
        public sealed record ReviewRequested(
            QualificationId Qualification,
            [property: Stored("Reason")] string Reason,
            [property: Stored("DecisionDueOn")] DateOnly DecisionDueOn,
            Actor By) : Event(Qualification, By);

        public sealed record RectificationPlanFiled(
            QualificationId Qualification,
            [property: Stored("Plan")] string Plan,
            [property: Stored("FiledOn")] DateOnly FiledOn,
            Actor By) : Event(Qualification, By);

        /// <summary>Evidence that what the plan says was done.</summary>
        public sealed record RectificationEvidenceFiled(
            QualificationId Qualification,
            [property: Stored("Remark")] string Remark,
            [property: Stored("Evidence")] IReadOnlyList<Evidence> Evidence,
            [property: Stored("FiledOn")] DateOnly FiledOn,
            Actor By) : Event(Qualification, By);

        public sealed record Reassessed(
            QualificationId Qualification,
            [property: Stored("Passed")] bool Passed,
            [property: Stored("Remark")] string Remark,
            [property: Stored("AssessedOn")] DateOnly AssessedOn,
            Actor By) : Event(Qualification, By);

        public sealed record Reinstated(
            QualificationId Qualification,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            Actor By) : Event(Qualification, By);

        public sealed record Revoked(
            QualificationId Qualification,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("ProposalId")] Guid ProposalId,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Qualification, By);

        public sealed record Relinquished(
            QualificationId Qualification,
            [property: Stored("EffectiveOn")] DateOnly EffectiveOn,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Qualification, By);
    }

    /// <param name="EndedOn">The first day it no longer held; null while it does.</param>
    /// <param name="Before">The standing it replaced.</param>
    /// <param name="Undermined">True from the finding that its grounds no longer hold until a person has decided.</param>
    /// <param name="RectificationPlan">As last filed.</param>
    /// <param name="Evidence">Of the rectification, in the order it was filed.</param>
    /// <param name="Round">The assessment that failed; null where it rests on a closing or a person.</param>
    /// <param name="GroundsDecisionDueOn">Set while it is undermined.</param>
    /// <param name="ReviewDueOn">Set while a review is pending.</param>
    /// <param name="UnderminedOnce">True once that has been found: a suspension upheld is not put in question again.</param>
    public sealed record Suspension(
        DateOnly JudgedOn,
        DateOnly EffectiveOn,
        DateOnly RectificationEndsOn,
        string? Province,
        Grounds? Grounds,
        Actor By,
        Standing Before,
        DateOnly? EndedOn,
        bool Annulled,
        bool Undermined,
        bool UnderminedOnce,
        bool ReviewPending,
        string? RectificationPlan,
        IReadOnlyList<Evidence> Evidence,
        Guid? Round = null,
        DateOnly? GroundsDecisionDueOn = null,
        DateOnly? ReviewDueOn = null);

    /// <param name="Agreed">Null while nobody has decided.</param>
    /// <param name="DecidedOn">When somebody decided.</param>
    /// <param name="Round">The assessment it follows from; null where a closing or a reassessment led to it.</param>
    /// <param name="HearUntil">Of a revocation, the last day on which to ask for a hearing.</param>
    /// <param name="HearingRequestedOn">Null unless the subject asked.</param>
    /// <param name="HeardOn">Null until it was heard.</param>
    public sealed record Proposal(
        Guid Id,
        Sanction Sanction,
        DateOnly? JudgedOn,
        string Province,
        bool Held,
        Grounds? Grounds,
        bool? Agreed,
        DateOnly? DecidedOn,
        bool Withdrawn,
        Guid? Round = null,
        DateOnly? HearUntil = null,
        DateOnly? HearingRequestedOn = null,
        DateOnly? HeardOn = null)
    {
        [JsonIgnore]
        public bool IsPending => Agreed is null && !Withdrawn;
    }

    /// <summary>A standing, the day on which it was decided, and the first day on which it holds.</summary>
    public sealed record Step(DateOnly DecidedOn, Standing Standing, DateOnly EffectiveOn);

    /// <summary>One grant in the stream and how it ended.</summary>
    /// <param name="Path">The path of the regulation it was applied for by; null where it was not applied for in this system.</param>
    /// <param name="FiledAs">Under what reference it was reported to the ministry; null until it is.</param>
    public sealed record Grant(
        int Number, DateOnly EffectiveOn, string Reference, DateOnly? RelinquishedOn, DateOnly? RevokedOn, string? Path = null, string? FiledAs = null, DateOnly? FiledOn = null);

    /// <param name="Standing">As last decided, whether or not in effect already.</param>
    /// <param name="FreshStarts">Days on which observation began: grants, liftings, reinstatements.</param>
    /// <param name="LastJudgedOn">The last closed day on which the monitor decided something.</param>
    public sealed record State(
        QualificationId? Id,
        IReadOnlyList<Grant> Grants,
        Standing Standing,
        IReadOnlyList<Step> Steps,
        IReadOnlyList<Suspension> Suspensions,
        IReadOnlyList<DateOnly> FreshStarts,
        IReadOnlyList<Proposal> Proposals,
        DateOnly? LastJudgedOn)
    {
        public static readonly State Initial = new(null, [], Standing.Good, [], [], [], [], null);

        /// <summary>The periodic assessments, each as it was last concluded.</summary>
        public IReadOnlyList<PeriodicAssessment.Concluded> Assessments { get; init; } = [];

        /// <summary>Objections to decisions, in the order they were filed.</summary>
        public IReadOnlyList<Objection.Raised> Objections { get; init; } = [];

        /// <summary>The last application; null when there never was one.</summary>
        public Application.State? Application { get; init; }

        /// <summary>Every attestation, in the order they were recorded.</summary>
        public IReadOnlyList<AttestedFact> Attested { get; init; } = [];

        /// <summary>What was attested of each fact for the latest day by then; of two for one day the later.</summary>
        public IReadOnlyList<AttestedFact> AttestedBy(DateOnly day) => AttestedFact.AsOf(Attested, day);

        /// <summary>The path of the grant that holds on a day; null where it was not applied for in this system.</summary>
        public string? PathOn(DateOnly day) => GrantOn(day)?.Path;

        /// <summary>The aid received by one that is not qualified yet (技术帮扶), in its order.</summary>
        public IReadOnlyList<Application.Aid> Aids { get; init; } = [];

        /// <summary>The aid on a day: it makes up for a qualification not granted yet (<c>underAid</c>), and for nothing else. Null when there is none.</summary>
        public Application.Aid? AidOn(DateOnly day) => ValidityOn(day) == Validity.None ? Aids.LastOrDefault(a => a.Days.Contains(day)) : null;

        [JsonIgnore]
        public Suspension? StandingSuspension => Standing == Standing.Suspended ? Suspensions[^1] : null;

        [JsonIgnore]
        public IEnumerable<Proposal> Pending => Proposals.Where(p => p.IsPending);

        public Grant? GrantOn(DateOnly day) => Grants.LastOrDefault(g => g.EffectiveOn <= day);

        public Validity ValidityOn(DateOnly day) => GrantOn(day) switch
        {
            null => Validity.None,
            { RevokedOn: { } r } when r <= day => Validity.Revoked,
            { RelinquishedOn: { } r } when r <= day => Validity.Relinquished,
            _ => Validity.Valid,
        };

        /// <summary>The standing as decided by the end of a day; what a decision says takes effect the day after it.</summary>
        public Standing StandingOn(DateOnly day) => StepOn(day)?.Standing ?? Standing.Good;

        /// <summary>The decision the standing on a day rests on; null before the first grant.</summary>
        public Step? StepOn(DateOnly day) => Steps.LastOrDefault(s => s.DecidedOn <= day);

        /// <summary>True when a suspension was in effect on the day. An annulled one never was.</summary>
        public bool IsSuspendedOn(DateOnly day) => Suspensions.Any(s => !s.Annulled && s.EffectiveOn <= day && (s.EndedOn is null || day < s.EndedOn));

        /// <summary>True when the qualification could be used on the day: valid, and neither suspended nor revoked.</summary>
        public bool IsActiveOn(DateOnly day) => ValidityOn(day) == Validity.Valid && !IsSuspendedOn(day);

        /// <summary>The days on which the qualification could be used, as spans in rising order; open ends reach to the last day there is.</summary>
        public IReadOnlyList<DaySpan> ActiveSpans()
        {
            var spans = new List<DaySpan>();
            for (var i = 0; i < Grants.Count; i++)
            {
                var grant = Grants[i];
                var ends = (grant.RevokedOn < (grant.RelinquishedOn ?? DateOnly.MaxValue) ? grant.RevokedOn : grant.RelinquishedOn)?.AddDays(-1) ?? DateOnly.MaxValue;
                var from = grant.EffectiveOn;
                foreach (var s in Suspensions.Where(s => !s.Annulled && s.EffectiveOn >= from && s.EffectiveOn <= ends).OrderBy(s => s.EffectiveOn))
                {
                    spans.Add(new(from, s.EffectiveOn.AddDays(-1)));
                    from = s.EndedOn ?? DateOnly.MaxValue;
                    if (s.EndedOn is null)
                    {
                        break;
                    }
                }

                if (from != DateOnly.MaxValue)
                {
                    spans.Add(new(from, ends));
                }
            }

            return [.. spans.Where(s => !s.IsEmpty)];
        }

        /// <summary>The last day by then on which observation began.</summary>
        public DateOnly? TookEffectBy(DateOnly day) => FreshStarts.Where(d => d <= day).Select(d => (DateOnly?)d).Max();

        /// <summary>Days on which the holder was kept from working: the annulled suspensions too.</summary>
        public bool WasSuspendedWithin(DaySpan span) =>
            Suspensions.Any(s => new DaySpan(s.EffectiveOn, s.EndedOn?.AddDays(-1) ?? DateOnly.MaxValue).Overlaps(span));
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Granted g => state with
        {
            Id = g.Qualification,
            Grants = [.. state.Grants, new(g.Grant, g.EffectiveOn, g.Reference, null, null, g.Grounds?.Path)],
            Application = g.Grounds is null ? state.Application : state.Application! with { Status = ApplicationStatus.Granted },
            Standing = Standing.Good,
            Steps = [.. state.Steps, new(g.EffectiveOn, Standing.Good, g.EffectiveOn)],
            FreshStarts = [.. state.FreshStarts, g.EffectiveOn],
        },
        Event.Warned w => Stand(state, Standing.Warned, w.EffectiveOn) with { LastJudgedOn = Later(state.LastJudgedOn, w.JudgedOn) },
        Event.WarningLifted w => Stand(state, Standing.Good, w.EffectiveOn) with { LastJudgedOn = Later(state.LastJudgedOn, w.JudgedOn) },
        Event.WarningProposed p => Propose(state, new(p.ProposalId, Sanction.Warning, p.JudgedOn, p.Province, Held: false, p.Grounds, null, null, Withdrawn: false)),
        Event.SuspensionProposed p => Propose(state, new(p.ProposalId, Sanction.Suspension, p.JudgedOn, p.Province, p.Held, p.Grounds, null, null, Withdrawn: false, p.Round)),
        Event.RevocationProposed p => Propose(state, new(p.ProposalId, Sanction.Revocation, null, p.Province, Held: false, p.Grounds, null, null, Withdrawn: false, p.Round, p.HearUntil)),
        // Whoever declines to suspend for a failed assessment says that it should not have failed.
        Event.ProposalDecided d => Change(state, d.ProposalId, p => p with { Agreed = d.Agreed, DecidedOn = d.DecidedOn }) with
        {
            Assessments = !d.Agreed && state.Proposals.First(p => p.Id == d.ProposalId) is { Sanction: Sanction.Suspension, Round: { } round } ? Strike(state, round) : state.Assessments,
        },
        // Withdrawn by a person's act, it says nothing about which days the monitor has judged.
        Event.ProposalWithdrawn w => Change(state, w.ProposalId, p => p with { Withdrawn = true }) with
        {
            LastJudgedOn = w.By == Actor.Monitor ? Later(state.LastJudgedOn, w.JudgedOn) : state.LastJudgedOn,
        },
        Event.Suspended s => Stand(state, Standing.Suspended, s.EffectiveOn) with
        {
            Suspensions =
            [
                .. state.Suspensions,
                new(s.JudgedOn, s.EffectiveOn, s.RectificationEndsOn, s.Province, s.Grounds, s.By, state.Standing, null, Annulled: false, Undermined: false, UnderminedOnce: false, ReviewPending: false, RectificationPlan: null, Evidence: [], s.Round),
            ],
            LastJudgedOn = s.By == Actor.Monitor && s.Round is null ? Later(state.LastJudgedOn, s.JudgedOn) : state.LastJudgedOn,
        },
        Event.SuspensionLifted l => FreshStart(state, l.EffectiveOn),
        Event.Reinstated r => FreshStart(state, r.EffectiveOn),
        Event.GroundsUndermined g => Last(state, s => s with { Undermined = true, UnderminedOnce = true, GroundsDecisionDueOn = g.DecisionDueOn }) with { LastJudgedOn = Later(state.LastJudgedOn, g.JudgedOn) },
        Event.SuspensionUpheld => Last(state, Settled),
        Event.ReviewRequested r => Last(state, s => s with { ReviewPending = true, ReviewDueOn = r.DecisionDueOn }),
        Event.SuspensionAnnulled a => Annul(state, a.EffectiveOn),
        Event.RectificationPlanFiled f => Last(state, s => s with { RectificationPlan = f.Plan }),
        Event.RectificationEvidenceFiled f => Last(state, s => s with { Evidence = [.. s.Evidence, .. f.Evidence] }),
        Event.Reassessed => state,
        // The suspension ends with what was suspended: a later grant begins free of it.
        Event.Revoked r => (state.StandingSuspension is null ? Stand(state, Standing.Revoked, r.EffectiveOn) : Last(Stand(state, Standing.Revoked, r.EffectiveOn), s => Settled(s) with { EndedOn = r.EffectiveOn })) with
        {
            Grants = [.. state.Grants.SkipLast(1), state.Grants[^1] with { RevokedOn = r.EffectiveOn }],
        },
        Application.Event a => Application.Evolve(state, a),
        PeriodicAssessment.Event a => PeriodicAssessment.Evolve(state, a),
        Hearing.Event h => Hearing.Evolve(state, h),
        Objection.Event o => Objection.Evolve(state, o),
        Event.Relinquished r => state with { Grants = [.. state.Grants.SkipLast(1), state.Grants[^1] with { RelinquishedOn = r.EffectiveOn }] },
        _ => throw new UnreachableException($"a qualification knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    // A decision takes effect the day after it was recorded, so its day is the one before.
    private static State Stand(State state, Standing standing, DateOnly effectiveOn) =>
        state with { Standing = standing, Steps = [.. state.Steps, new(effectiveOn.AddDays(-1), standing, effectiveOn)] };

    private static State FreshStart(State state, DateOnly effectiveOn) =>
        Last(Stand(state, Standing.Good, effectiveOn), s => Settled(s) with { EndedOn = effectiveOn }) with
        {
            FreshStarts = [.. state.FreshStarts, effectiveOn],
        };

    private static State Annul(State state, DateOnly effectiveOn)
    {
        var (before, round) = (state.Suspensions[^1].Before, state.Suspensions[^1].Round);
        var withoutIt = state.Steps.Take(state.Steps.ToList().FindLastIndex(s => s.Standing == Standing.Suspended));
        return Last(
            state with
            {
                Standing = before,
                Steps = [.. withoutIt],
                // What should never have been is no failure either.
                Assessments = round is { } failed ? Strike(state, failed) : state.Assessments,
            },
            s => Settled(s) with { EndedOn = effectiveOn, Annulled = true });
    }

    private static IReadOnlyList<PeriodicAssessment.Concluded> Strike(State state, Guid round) => [.. state.Assessments.Select(a => a.Round == round ? a with { Struck = true } : a)];

    /// <summary>A person has decided: nothing about it is in question any more.</summary>
    private static Suspension Settled(Suspension s) => s with { Undermined = false, GroundsDecisionDueOn = null, ReviewPending = false, ReviewDueOn = null };

    private static State Last(State state, Func<Suspension, Suspension> change) =>
        state with { Suspensions = [.. state.Suspensions.SkipLast(1), change(state.Suspensions[^1])] };

    private static State Propose(State state, Proposal proposal) =>
        state with { Proposals = [.. state.Proposals, proposal], LastJudgedOn = proposal.Round is null ? Later(state.LastJudgedOn, proposal.JudgedOn) : state.LastJudgedOn };

    internal static State Change(State state, Guid proposalId, Func<Proposal, Proposal> change) =>
        state with { Proposals = [.. state.Proposals.Select(p => p.Id == proposalId ? change(p) : p)] };

    private static DateOnly? Later(DateOnly? a, DateOnly? b) => a is null || b > a ? b : a;

    /// <summary>Grants the qualification, or grants it anew after it was relinquished or revoked: a new number and a clean row of failures.</summary>
    /// <param name="effectiveOn">First day it may be used; an imported one lies in the past.</param>
    /// <param name="grounds">Of the application that is granted; null where there is none in this system.</param>
    public static Decision<Event> GrantIt(State state, QualificationId id, DateOnly effectiveOn, string reference, bool imported, Actor by, ApplicationGrounds? grounds = null)
    {
        if (state.Grants is [.., var last])
        {
            if (state.Grants.Any(g => g.EffectiveOn == effectiveOn && g.Reference == reference))
            {
                return Decision<Event>.Nothing;
            }

            if (state.Standing == Standing.Suspended || state.Pending.Any())
            {
                return Refusal.Conflict("proceedingPending");
            }

            if ((last.RevokedOn ?? last.RelinquishedOn) is not { } ended)
            {
                return Refusal.Conflict("alreadyGranted", last.EffectiveOn);
            }

            if (effectiveOn < ended)
            {
                return Refusal.Conflict("grantBeforeEnd", ended);
            }
        }

        return new Event.Granted(id, state.Grants.Count + 1, effectiveOn, reference, imported, by, grounds);
    }

    internal static Decision<Event> Revoked(State state, Proposal proposal, string reason, DateOnly recordedOn, Actor by)
    {
        var id = state.Id!.Value;
        return Decision<Event>.Of(
        [
            new Event.ProposalDecided(id, proposal.Id, true, reason, recordedOn, by),
            .. Withdraw(state, p => p.Id != proposal.Id, recordedOn, by),
            new Event.Revoked(id, recordedOn.AddDays(1), proposal.Id, reason, by),
        ]);
    }

    internal static IEnumerable<Event> Withdraw(State state, Func<Proposal, bool> which, DateOnly day, Actor by) =>
        state.Pending.Where(which).Select(p => new Event.ProposalWithdrawn(state.Id!.Value, p.Id, day, by));

    internal static Guid NextProposal(State state) =>
        NameBasedId.Of("proposal", state.Id!.Value.ToString(), (state.Proposals.Count + 1).ToString(CultureInfo.InvariantCulture));

    internal static Event.Suspended SuspendedNow(
        QualificationId id, DateOnly judgedOn, DateOnly recordedOn, int rectificationMonths, string? province, string? reason, Grounds? grounds, Guid? proposalId, Actor by, Guid? round = null)
    {
        var effectiveOn = recordedOn.AddDays(1);
        return new(id, judgedOn, effectiveOn, Months.EndOfMonths(effectiveOn, rectificationMonths), province, reason, grounds, proposalId, by, round);
    }

    /// <summary>A person agrees to a proposal, which then takes effect in the same append, or declines it.</summary>
    public static Decision<Event> DecideProposal(State state, Guid proposalId, bool agree, string reason, int rectificationMonths, DateOnly recordedOn, Actor by)
    {
        var proposal = state.Proposals.FirstOrDefault(p => p.Id == proposalId);
        if (proposal is null)
        {
            return Refusal.NotFound("noSuchProposal", proposalId);
        }

        if (proposal.Withdrawn)
        {
            return Refusal.Conflict("proposalWithdrawn", proposalId);
        }

        if (proposal.Agreed is { } decided)
        {
            return decided == agree ? Decision<Event>.Nothing : Refusal.Conflict("proposalDecided", proposalId);
        }

        var id = state.Id!.Value;
        var decision = new Event.ProposalDecided(id, proposalId, agree, reason, recordedOn, by);
        if (!agree)
        {
            return decision;
        }

        if (proposal.Sanction == Sanction.Revocation)
        {
            return state.Standing == Standing.Revoked ? Refusal.Conflict("standingChanged", state.Standing)
                : Hearing.Outstanding(proposal, recordedOn) is { } outstanding ? outstanding
                : Revoked(state, proposal, reason, recordedOn, by);
        }

        return proposal.Sanction switch
        {
            Sanction.Warning when state.Standing == Standing.Good =>
                Decision<Event>.Of(decision, new Event.Warned(id, proposal.JudgedOn!.Value, recordedOn.AddDays(1), proposal.Grounds!, proposalId, by)),
            Sanction.Suspension when state.Standing is Standing.Good or Standing.Warned =>
                Decision<Event>.Of(decision, SuspendedNow(id, proposal.JudgedOn!.Value, recordedOn, rectificationMonths, proposal.Province, reason, proposal.Grounds, proposalId, by, proposal.Round)),
            _ => Refusal.Conflict("standingChanged", state.Standing),
        };
    }

    /// <summary>A named regulator suspends, in any mode.</summary>
    public static Decision<Event> Suspend(State state, string? province, string reason, int rectificationMonths, DateOnly recordedOn, Actor by) =>
        Missing(state, recordedOn) is { } refusal ? refusal
        : state.Standing switch
        {
            Standing.Suspended => Decision<Event>.Nothing,
            Standing.Revoked => Refusal.Conflict("standingChanged", state.Standing),
            _ => Decision<Event>.Of([.. Withdraw(state, p => p.Sanction != Sanction.Revocation, recordedOn, by), SuspendedNow(state.Id!.Value, recordedOn, recordedOn, rectificationMonths, province, reason, null, null, by)]),
        };

    public static Decision<Event> Lift(State state, string reason, DateOnly recordedOn, Actor by) =>
        NotSuspended(state) is { } refusal ? refusal
        : Decision<Event>.Of([.. Withdraw(state, p => FallsWithSuspension(state, p), recordedOn, by), new Event.SuspensionLifted(state.Id!.Value, recordedOn.AddDays(1), reason, by)]);

    public static Decision<Event> Annul(State state, string reason, DateOnly recordedOn, Actor by) =>
        NotSuspended(state) is { } refusal ? refusal
        : Decision<Event>.Of([.. Withdraw(state, p => FallsWithSuspension(state, p), recordedOn, by), new Event.SuspensionAnnulled(state.Id!.Value, recordedOn.AddDays(1), reason, by)]);

    // A revocation proposed for other assessments than the one suspended for stands on its own.
    private static bool FallsWithSuspension(State state, Proposal p) => p is not { Sanction: Sanction.Revocation, Round: not null } || p.Round == state.StandingSuspension!.Round;

    /// <summary>A person upholds a suspension whose grounds were undermined, or that the subject objected to.</summary>
    public static Decision<Event> Uphold(State state, string reason, Actor by) =>
        NotSuspended(state) is { } refusal ? refusal
        : state.StandingSuspension is { Undermined: false, ReviewPending: false } ? Refusal.Conflict("nothingToReview")
        : new Event.SuspensionUpheld(state.Id!.Value, reason, by);

    /// <summary>The subject objects: a person decides within ten working days.</summary>
    public static Decision<Event> RequestReview(State state, string reason, DateOnly decisionDueOn, Actor by) =>
        NotSuspended(state) is { } refusal ? refusal
        : state.StandingSuspension!.ReviewPending ? Decision<Event>.Nothing
        : new Event.ReviewRequested(state.Id!.Value, reason, decisionDueOn, by);

    public static Decision<Event> FileRectificationPlan(State state, string plan, DateOnly recordedOn, Actor by) =>
        NotSuspended(state) is { } refusal ? refusal
        : state.StandingSuspension!.RectificationPlan == plan ? Decision<Event>.Nothing
        : new Event.RectificationPlanFiled(state.Id!.Value, plan, recordedOn, by);

    /// <summary>The holder shows what has been done. The same documents filed again change nothing.</summary>
    public static Decision<Event> FileRectificationEvidence(State state, string remark, IReadOnlyList<Evidence> evidence, DateOnly recordedOn, Actor by) =>
        NotSuspended(state) is { } refusal ? refusal
        : evidence.Where(e => !state.StandingSuspension!.Evidence.Contains(e)).ToList() is { Count: > 0 } more ? new Event.RectificationEvidenceFiled(state.Id!.Value, remark, more, recordedOn, by)
        : Decision<Event>.Nothing;

    /// <summary>Reassesses after rectification (整改后评估), at the earliest the day after its last: passed reinstates; failed proposes revocation.</summary>
    /// <param name="hearUntil">The last day on which the subject may ask to be heard about that.</param>
    public static Decision<Event> Reassess(State state, bool passed, string remark, DateOnly hearUntil, DateOnly recordedOn, Actor by)
    {
        if (NotSuspended(state) is { } refusal)
        {
            return refusal;
        }

        var suspension = state.StandingSuspension!;
        if (recordedOn <= suspension.RectificationEndsOn)
        {
            return Refusal.Conflict("rectificationNotEnded", suspension.RectificationEndsOn);
        }

        if (state.Pending.Any(p => p.Sanction == Sanction.Revocation))
        {
            // Failed again, it was said before; where revocation is proposed for something else, that is decided first.
            return passed || state.Pending.Any(p => p is { Sanction: Sanction.Revocation, Round: not null }) ? Refusal.Conflict("proposalPending") : Decision<Event>.Nothing;
        }

        var id = state.Id!.Value;
        var reassessed = new Event.Reassessed(id, passed, remark, recordedOn, by);
        return passed
            ? Decision<Event>.Of([reassessed, .. Withdraw(state, _ => true, recordedOn, by), new Event.Reinstated(id, recordedOn.AddDays(1), by)])
            : Decision<Event>.Of(reassessed, new Event.RevocationProposed(id, NextProposal(state), suspension.Province ?? "", remark, suspension.Grounds, by, hearUntil));
    }

    /// <summary>A named person confirms the revocation that was proposed. Without a proposal nothing is revoked.</summary>
    public static Decision<Event> Revoke(State state, string reason, DateOnly recordedOn, Actor by) =>
        state.Standing == Standing.Revoked ? Decision<Event>.Nothing
        : state.Pending.FirstOrDefault(p => p.Sanction == Sanction.Revocation) is { } proposal ? DecideProposal(state, proposal.Id, agree: true, reason, rectificationMonths: 0, recordedOn, by)
        : Refusal.Conflict("noRevocationProposed");

    /// <summary>The technique is given up: monitoring ends, a pending proceeding does not.</summary>
    public static Decision<Event> Relinquish(State state, string reason, DateOnly recordedOn, Actor by) =>
        state.Grants is not [.., var last] ? Refusal.NotFound("noSuchQualification")
        : last.RelinquishedOn is not null ? Decision<Event>.Nothing
        : last.RevokedOn is not null ? Refusal.Conflict("standingChanged", state.Standing)
        : new Event.Relinquished(state.Id!.Value, recordedOn.AddDays(1), reason, by);

    private static Refusal? Missing(State state, DateOnly day) =>
        state.ValidityOn(day) == Validity.Valid ? null : Refusal.NotFound("noSuchQualification");

    private static Refusal? NotSuspended(State state) =>
        state.Grants.Count == 0 ? Refusal.NotFound("noSuchQualification")
        : state.Standing == Standing.Suspended ? null
        : Refusal.Conflict("notSuspended", state.Standing);
}
