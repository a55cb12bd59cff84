using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Compliance.Regulations;

namespace Compliance.Cases;

/// <summary>What a hospital may ask for and only the regulator can grant: nobody escapes by editing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RequestedChange>))]
public enum RequestedChange
{
    [StoredAs("Void")] Void,
    [StoredAs("Correction")] Correction,
    [StoredAs("Withdrawal")] Withdrawal,
    [StoredAs("Relation")] Relation,
}

/// <summary>A case: reported once, then corrected, followed and judged, but never forgotten.</summary>
public static class Case
{
    /// <summary>The id of a case: the institution and the hospital's own case number, and nothing else, name it.</summary>
    public static Guid IdOf(string institution, string caseNumber) => NameBasedId.Of("case", institution, caseNumber);

    public static string Stream(Guid caseId) => $"case-{caseId:D}";

    /// <summary>What names the death in a relation or an adjudication; complications and incidents are named by id.</summary>
    public const string TheDeath = "death";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Case")] CaseKey Case, [property: Stored("By")] Actor By)
    {
        /// <param name="Case">Where the case belongs.</param>
        /// <param name="Flags">What was irregular as far as the registries knew when the report was answered.</param>
        public sealed record Reported(
            CaseKey Case,
            [property: Stored("CaseNumber")] string CaseNumber,
            [property: Stored("Report")] CaseReport Report,
            [property: Stored("Timeliness")] Timeliness Timeliness,
            [property: Stored("Flags")] IReadOnlyList<string> Flags,
            Actor By) : Event(Case, By);

        /// <param name="Case">Where the case belongs from now on.</param>
        /// <param name="Before">Where it belonged until now.</param>
        /// <param name="RequestId">The request it grants, when it needed the regulator's consent.</param>
        public sealed record Corrected(
            CaseKey Case,
            [property: Stored("Before")] CaseKey Before,
            [property: Stored("Report")] CaseReport Report,
            [property: Stored("Timeliness")] Timeliness Timeliness,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RequestId")] Guid? RequestId,
            Actor By) : Event(Case, By);

        /// <param name="InReport">True when it came inside the first report.</param>
        public sealed record ComplicationReported(
            CaseKey Case,
            [property: Stored("ComplicationId")] Guid ComplicationId,
            [property: Stored("Code")] string Code,
            [property: Stored("Severe")] bool Severe,
            [property: Stored("OccurredOn")] DateOnly OccurredOn,
            [property: Stored("Relation")] Relation Relation,
            [property: Stored("ReceivedOn")] DateOnly ReceivedOn,
            [property: Stored("InReport")] bool InReport,
            Actor By) : Event(Case, By);

        /// <param name="InReport">True when it came inside the first report.</param>
        public sealed record DeathReported(
            CaseKey Case,
            [property: Stored("OccurredOn")] DateOnly OccurredOn,
            [property: Stored("Relation")] Relation Relation,
            [property: Stored("ReceivedOn")] DateOnly ReceivedOn,
            [property: Stored("InReport")] bool InReport,
            Actor By) : Event(Case, By);

        /// <summary>A malpractice incident (医疗事故) determined by the authority competent for it.</summary>
        /// <param name="Grade">1 (worst) to 4.</param>
        /// <param name="DeterminedOn">The day it counts on (A24).</param>
        public sealed record IncidentRecorded(
            CaseKey Case,
            [property: Stored("IncidentId")] Guid IncidentId,
            [property: Stored("Grade")] int Grade,
            [property: Stored("DeterminedOn")] DateOnly DeterminedOn,
            [property: Stored("Relation")] Relation Relation,
            Actor By) : Event(Case, By);

        /// <param name="Of"><see cref="TheDeath"/>, or the id of a complication.</param>
        public sealed record RelationDeclared(
            CaseKey Case,
            [property: Stored("Of")] string Of,
            [property: Stored("Relation")] Relation Relation,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Case, By);

        /// <param name="Of"><see cref="TheDeath"/>, or the id of a complication.</param>
        public sealed record OutcomeWithdrawn(
            CaseKey Case,
            [property: Stored("Of")] string Of,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RequestId")] Guid? RequestId,
            Actor By) : Event(Case, By);

        /// <param name="Of"><see cref="TheDeath"/>, or the id of a complication or an incident.</param>
        /// <param name="RequestId">The hospital's request it grants, if it was asked for.</param>
        public sealed record OutcomeAdjudicated(
            CaseKey Case,
            [property: Stored("Of")] string Of,
            [property: Stored("Relation")] Relation Relation,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RequestId")] Guid? RequestId,
            Actor By) : Event(Case, By);

        public sealed record Voided(
            CaseKey Case,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RequestId")] Guid? RequestId,
            Actor By) : Event(Case, By);

        /// <summary>The hospital states what had become of the patient by day 30; a later statement takes the place of the one before.</summary>
        /// <param name="AliveOnDay30">Whether the patient was alive on the last day the statement covers.</param>
        /// <param name="InReport">True when it came inside the first report.</param>
        public sealed record OutcomeStated(
            CaseKey Case,
            [property: Stored("AliveOnDay30")] bool AliveOnDay30,
            [property: Stored("Complications")] ComplicationsStated Complications,
            [property: Stored("StatedOn")] DateOnly StatedOn,
            [property: Stored("InReport")] bool InReport,
            Actor By) : Event(Case, By);

        /// <summary>A follow-up (随访); one of the same interval takes the place of the one before.</summary>
        /// <param name="Interval">The interval of the regulation it answers, in days after completion; null for one before the first.</param>
        /// <param name="On">The day the patient's state was learnt, or sought in vain.</param>
        public sealed record FollowUpRecorded(
            CaseKey Case,
            [property: Stored("FollowUpId")] Guid FollowUpId,
            [property: Stored("Interval")] int? Interval,
            [property: Stored("On")] DateOnly On,
            [property: Stored("Status")] FollowUpStatus Status,
            [property: Stored("Remark")] string? Remark,
            [property: Stored("ReceivedOn")] DateOnly ReceivedOn,
            Actor By) : Event(Case, By);

        /// <summary>A change that would take an outcome out of the figures: it waits for the regulator, and until then everything counts as before.</summary>
        /// <param name="Of">What is to be withdrawn or re-declared.</param>
        /// <param name="Report">The report as it would stand, for a correction.</param>
        public sealed record ChangeRequested(
            CaseKey Case,
            [property: Stored("RequestId")] Guid RequestId,
            [property: Stored("Change")] RequestedChange Change,
            [property: Stored("Of")] string? Of,
            [property: Stored("Report")] CaseReport? Report,
            [property: Stored("Timeliness")] Timeliness? Timeliness,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Case, By);

        /// <param name="Agreed">When true, the event that carries the change out stands in the same append.</param>
        public sealed record RequestDecided(
            CaseKey Case,
            [property: Stored("RequestId")] Guid RequestId,
            [property: Stored("Agreed")] bool Agreed,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Case, By);
    }

    public sealed record Complication(Guid Id, string Code, bool Severe, DateOnly OccurredOn, Relation Declared, Relation? Adjudicated, DateOnly ReceivedOn, bool Withdrawn);

    public sealed record Death(DateOnly OccurredOn, Relation Declared, Relation? Adjudicated, DateOnly ReceivedOn);

    public sealed record Incident(Guid Id, int Grade, DateOnly DeterminedOn, Relation Declared, Relation? Adjudicated);

    /// <param name="StatedOn">The day it was received.</param>
    public sealed record Statement(bool AliveOnDay30, ComplicationsStated Complications, DateOnly StatedOn, Actor By);

    public sealed record FollowUp(Guid Id, int? Interval, DateOnly On, FollowUpStatus Status, string? Remark, DateOnly ReceivedOn, Actor By);

    /// <param name="Agreed">Null while the regulator has not decided.</param>
    public sealed record Request(Guid Id, RequestedChange Change, string? Of, CaseReport? Report, Timeliness? Timeliness, string Reason, Actor By, bool? Agreed);

    public sealed record State(
        CaseKey? Key,
        string CaseNumber,
        CaseReport? FirstReport,
        ReportedOutcome FirstOutcome,
        CaseReport? Report,
        Timeliness? Timeliness,
        IReadOnlyList<string> FlagsWhenReported,
        IReadOnlyList<Complication> Complications,
        Death? Death,
        IReadOnlyList<Incident> Incidents,
        IReadOnlyList<Request> Requests,
        bool Voided)
    {
        public static readonly State Initial = new(null, "", null, ReportedOutcome.None, null, null, [], [], null, [], [], false);

        /// <summary>Where the case counted before corrections moved it, each place once.</summary>
        public IReadOnlyList<CaseKey> FormerKeys { get; init; } = [];

        /// <summary>The last outcome statement; null when none was made.</summary>
        public Statement? Stated { get; init; }

        /// <summary>Every follow-up in the order recorded, those replaced among them.</summary>
        public IReadOnlyList<FollowUp> FollowUps { get; init; } = [];

        /// <summary>Of each interval the follow-up recorded last.</summary>
        public IEnumerable<FollowUp> StandingFollowUps => FollowUps.GroupBy(f => f.Interval).Select(g => g.Last());

        public IEnumerable<Complication> StandingComplications => Complications.Where(c => !c.Withdrawn);

        /// <summary>What makes a change to the case the regulator's affair: a death, a severe complication, an incident, or a follow-up that found the patient dead, whose report is still owed.</summary>
        public bool HasGraveOutcome =>
            Death is not null || StandingComplications.Any(c => c.Severe) || Incidents.Count > 0 || StandingFollowUps.Any(f => f.Status == FollowUpStatus.Dead);
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Reported r => state with
        {
            Key = r.Case,
            CaseNumber = r.CaseNumber,
            FirstReport = r.Report,
            Report = r.Report,
            Timeliness = r.Timeliness,
            FlagsWhenReported = r.Flags,
        },
        Event.Corrected c => state with
        {
            Key = c.Case,
            Report = c.Report,
            Timeliness = c.Timeliness,
            FormerKeys = c.Case == state.Key || state.FormerKeys.Contains(state.Key!) ? state.FormerKeys : [.. state.FormerKeys, state.Key!],
        },
        Event.ComplicationReported c => state with
        {
            Complications = [.. state.Complications, new(c.ComplicationId, c.Code, c.Severe, c.OccurredOn, c.Relation, null, c.ReceivedOn, Withdrawn: false)],
            FirstOutcome = c.InReport
                ? state.FirstOutcome with { Complications = [.. state.FirstOutcome.Complications, new(c.Code, c.Severe, c.OccurredOn, c.Relation)] }
                : state.FirstOutcome,
        },
        Event.DeathReported d => state with
        {
            Death = new(d.OccurredOn, d.Relation, null, d.ReceivedOn),
            FirstOutcome = d.InReport ? state.FirstOutcome with { Death = new(d.OccurredOn, d.Relation) } : state.FirstOutcome,
        },
        Event.IncidentRecorded i => state with { Incidents = [.. state.Incidents, new(i.IncidentId, i.Grade, i.DeterminedOn, i.Relation, null)] },
        Event.RelationDeclared r => Relate(state, r.Of, c => c with { Declared = r.Relation }, d => d with { Declared = r.Relation }, i => i with { Declared = r.Relation }),
        Event.OutcomeAdjudicated a => Relate(state, a.Of, c => c with { Adjudicated = a.Relation }, d => d with { Adjudicated = a.Relation }, i => i with { Adjudicated = a.Relation }),
        Event.OutcomeWithdrawn w => w.Of == TheDeath
            ? state with { Death = null }
            : Relate(state, w.Of, c => c with { Withdrawn = true }, d => d, i => i),
        Event.OutcomeStated o => state with
        {
            Stated = new(o.AliveOnDay30, o.Complications, o.StatedOn, o.By),
            FirstOutcome = o.InReport ? state.FirstOutcome with { AliveOnDay30 = o.AliveOnDay30 } : state.FirstOutcome,
        },
        Event.FollowUpRecorded f => state with { FollowUps = [.. state.FollowUps, new(f.FollowUpId, f.Interval, f.On, f.Status, f.Remark, f.ReceivedOn, f.By)] },
        Event.Voided => state with { Voided = true },
        Event.ChangeRequested r => state with { Requests = [.. state.Requests, new(r.RequestId, r.Change, r.Of, r.Report, r.Timeliness, r.Reason, r.By, null)] },
        Event.RequestDecided d => state with { Requests = [.. state.Requests.Select(r => r.Id == d.RequestId ? r with { Agreed = d.Agreed } : r)] },
        _ => throw new UnreachableException($"a case knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    private static State Relate(State state, string of, Func<Complication, Complication> complication, Func<Death, Death> death, Func<Incident, Incident> incident) =>
        of == TheDeath
            ? state with { Death = state.Death is null ? null : death(state.Death) }
            : state with
            {
                Complications = [.. state.Complications.Select(c => Names(of, c.Id) ? complication(c) : c)],
                Incidents = [.. state.Incidents.Select(i => Names(of, i.Id) ? incident(i) : i)],
            };

    private static bool Names(string of, Guid id) => Guid.TryParse(of, out var named) && named == id;

    /// <summary>
    /// Reports a case. A report equal to the one first sent, or to the case as it stands now, changes nothing:
    /// hospitals send full extracts nightly.
    /// </summary>
    public static Decision<Event> ReportCase(
        State state, string institution, string caseNumber, CaseReport report, ReportedOutcome outcome, Timeliness timeliness, IReadOnlyList<string> flags, Actor by)
    {
        if (state.Report is not null)
        {
            return state.Voided ? Refusal.Conflict("caseVoided")
                : DifferencesFrom(state, report, outcome) is { Count: > 0 } pointers
                    ? new Refusal(RefusalKind.Conflict, "caseDiffers", pointers, state.Key!.CaseId)
                    : Decision<Event>.Nothing;
        }

        var caseId = IdOf(institution, caseNumber);
        var key = new CaseKey(caseId, institution, report.Operator, report.Technique, report.CompletedOn);
        List<Event> events = [new Event.Reported(key, caseNumber, report, timeliness, flags, by)];
        foreach (var c in outcome.Complications)
        {
            events.Add(new Event.ComplicationReported(key, IdWithin(caseId, "complication", events.Count), c.Code, c.Severe, c.OccurredOn, c.Relation, timeliness.ReceivedOn, InReport: true, by));
        }

        if (outcome.Death is { } death)
        {
            events.Add(new Event.DeathReported(key, death.OccurredOn, death.Relation, timeliness.ReceivedOn, InReport: true, by));
        }

        if (outcome.AliveOnDay30 is { } alive)
        {
            var complications = outcome.Complications.Count > 0 ? ComplicationsStated.Reported : ComplicationsStated.None;
            events.Add(new Event.OutcomeStated(key, alive, complications, timeliness.ReceivedOn, InReport: true, by));
        }

        return new(events, null);
    }

    /// <summary>The JSON pointers in which a repeated report differs from the case, as first sent and as it stands; empty when it equals either.</summary>
    private static IReadOnlyList<string> DifferencesFrom(State state, CaseReport report, ReportedOutcome outcome)
    {
        IReadOnlyList<string> fromFirst = [.. report.DifferencesFrom(state.FirstReport!), .. OutcomeDifferences(outcome, state.FirstOutcome)];
        if (fromFirst.Count == 0)
        {
            return [];
        }

        return [.. report.DifferencesFrom(state.Report!), .. OutcomeDifferences(outcome, OutcomeNow(state))];
    }

    private static ReportedOutcome OutcomeNow(State state) => new(
        [.. state.StandingComplications.Select(c => new ReportedComplication(c.Code, c.Severe, c.OccurredOn, c.Declared))],
        state.Death is { } d ? new(d.OccurredOn, d.Declared) : null,
        state.Stated?.AliveOnDay30);

    private static IEnumerable<string> OutcomeDifferences(ReportedOutcome a, ReportedOutcome b)
    {
        static IEnumerable<ReportedComplication> Sorted(ReportedOutcome o) =>
            o.Complications.OrderBy(c => c.Code, StringComparer.Ordinal).ThenBy(c => c.OccurredOn).ThenBy(c => c.Severe).ThenBy(c => c.Relation);
        if (!Sorted(a).SequenceEqual(Sorted(b)))
        {
            yield return "/outcome/complications";
        }

        if (a.Death != b.Death)
        {
            yield return "/outcome/death";
        }

        // A report that says nothing of it contradicts nobody: extracts of before the thirtieth day cannot.
        if (a.AliveOnDay30 is { } alive && alive != b.AliveOnDay30)
        {
            yield return "/outcome/aliveOnDay30";
        }
    }

    /// <summary>
    /// Puts the whole report anew. Taking a grave outcome out of the figures in which it counts, to another day, technique or operator, or by turning the case diagnostic, is a request: a death moved out
    /// of the rolling year is as gone as one withdrawn. So it is of a case that a notice is about, of which the patient too stays who it was. While a request waits, no other correction is taken,
    /// for agreeing to it would undo what was corrected since.
    /// </summary>
    /// <param name="noticed">An outcome notice that is not dismissed is about the case as it stands.</param>
    public static Decision<Event> Correct(State state, CaseReport report, Timeliness timeliness, string reason, Actor by, bool noticed = false)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        if (report.DifferencesFrom(state.Report!).Count == 0)
        {
            return Decision<Event>.Nothing;
        }

        if (state.Requests.FirstOrDefault(r => r.Agreed is null && r.Change == RequestedChange.Correction) is { } waiting)
        {
            return waiting.Report!.DifferencesFrom(report).Count == 0 ? Decision<Event>.Nothing : Refusal.Conflict("requestPending", waiting.Id);
        }

        if (Misdated(state, report, "/report/completedAt") is { } misdated)
        {
            return misdated;
        }

        if (((state.HasGraveOutcome || noticed) && Moves(state.Report!, report)) || (noticed && report.PatientHash != state.Report!.PatientHash))
        {
            return AskFor(state, RequestedChange.Correction, of: null, report, timeliness, reason, by);
        }

        return Corrected(state, report, timeliness, reason, requestId: null, by);
    }

    private static bool Moves(CaseReport before, CaseReport after) =>
        (before.CompletedOn, before.Technique, before.Operator) != (after.CompletedOn, after.Technique, after.Operator) || (before.Therapeutic && !after.Therapeutic);

    /// <summary>A day to which no correction can move the case: it was reported by then, and its outcomes came of it, at most a day earlier where a procedure ran past midnight.</summary>
    private static Refusal? Misdated(State state, CaseReport report, string pointer)
    {
        if (report.CompletedOn == state.Report!.CompletedOn)
        {
            return null;
        }

        if (report.CompletedOn > state.Timeliness!.ReceivedOn)
        {
            return Refusal.Invalid("afterReport", pointer, state.Timeliness.ReceivedOn);
        }

        var outcomes = state.StandingComplications.Select(c => c.OccurredOn).Concat(state.Incidents.Select(i => i.DeterminedOn));
        return (state.Death is { } d ? outcomes.Append(d.OccurredOn) : outcomes).Where(on => on.AddDays(1) < report.CompletedOn).Order().ToList() is [var first, ..]
            ? Refusal.Invalid("afterOutcome", pointer, first)
            : null;
    }

    private static Event.Corrected Corrected(State state, CaseReport report, Timeliness timeliness, string reason, Guid? requestId, Actor by) =>
        new(state.Key! with { Operator = report.Operator, Technique = report.Technique, CompletedOn = report.CompletedOn }, state.Key!, report, timeliness, reason, requestId, by);

    public static Decision<Event> ReportComplication(State state, ReportedComplication c, DateOnly receivedOn, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        if (Standing(state, c) is not null)
        {
            return Decision<Event>.Nothing;
        }

        var id = IdWithin(state.Key!.CaseId, "complication", state.Complications.Count + 1);
        return new Event.ComplicationReported(state.Key, id, c.Code, c.Severe, c.OccurredOn, c.Relation, receivedOn, InReport: false, by);
    }

    /// <summary>The complication of a case that a report names again, if it stands.</summary>
    public static Complication? Standing(State state, ReportedComplication c) =>
        state.StandingComplications.FirstOrDefault(s => s.Code == c.Code && s.Severe == c.Severe && s.OccurredOn == c.OccurredOn && s.Declared == c.Relation);

    public static Decision<Event> ReportDeath(State state, ReportedDeath death, DateOnly receivedOn, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        return state.Death switch
        {
            null => new Event.DeathReported(state.Key!, death.OccurredOn, death.Relation, receivedOn, InReport: false, by),
            { } d when d.OccurredOn == death.OccurredOn && d.Declared == death.Relation => Decision<Event>.Nothing,
            _ => Refusal.Conflict("deathAlreadyReported"),
        };
    }

    /// <summary>
    /// States what had become of the patient by day 30: whether alive on it, and that complications are none or all reported. It cannot be made before day 30 is over unless the patient has died, nor
    /// against what the case holds. The same again changes nothing; another takes its place.
    /// </summary>
    public static Decision<Event> StateOutcome(State state, bool aliveOnDay30, ComplicationsStated complications, ReportingRule rule, DateOnly receivedOn, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        if (CaseDuties.StatementFault(state.Key!.CompletedOn, rule, aliveOnDay30, state.Death?.OccurredOn, receivedOn) is { } fault)
        {
            return Refusal.Invalid(fault.Code, "/aliveOnDay30", fault.Args);
        }

        if ((complications == ComplicationsStated.Reported) != state.StandingComplications.Any())
        {
            return Refusal.Invalid(complications == ComplicationsStated.None ? "complicationsStand" : "noComplicationReported", "/complications");
        }

        return state.Stated is { } stated && CaseDuties.StatementStands(state, rule) && (stated.AliveOnDay30, stated.Complications) == (aliveOnDay30, complications)
            ? Decision<Event>.Nothing
            : new Event.OutcomeStated(state.Key, aliveOnDay30, complications, receivedOn, InReport: false, by);
    }

    /// <summary>
    /// Records a follow-up. One that finds the patient dead is taken although no death is reported: it tells the truth, it does not stand for the report, and the case is flagged until that is made.
    /// </summary>
    /// <param name="interval">The regulation's interval it is for; null for the latest that had begun.</param>
    public static Decision<Event> RecordFollowUp(State state, int? interval, DateOnly on, FollowUpStatus status, string? remark, ReportingRule rule, DateOnly receivedOn, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        if (interval is { } asked)
        {
            if (rule.Intervals.All(i => i.Days != asked))
            {
                return Refusal.Invalid("unknownValue", "/interval", string.Join(", ", rule.Intervals.Select(i => i.Days)));
            }

            if (on < state.Key!.CompletedOn.AddDays(asked))
            {
                return Refusal.Invalid("beforeInterval", "/on", state.Key.CompletedOn.AddDays(asked));
            }
        }

        if (status == FollowUpStatus.Alive && on > state.Death?.OccurredOn)
        {
            return Refusal.Invalid("afterDeath", "/status", state.Death.OccurredOn);
        }

        var answers = interval ?? rule.Intervals.LastOrDefault(i => state.Key!.CompletedOn.AddDays(i.Days) <= on)?.Days;
        return state.FollowUps.LastOrDefault(f => f.Interval == answers) is { } last && (last.On, last.Status, last.Remark) == (on, status, remark)
            ? Decision<Event>.Nothing
            : new Event.FollowUpRecorded(state.Key!, IdWithin(state.Key!.CaseId, "followUp", state.FollowUps.Count + 1), answers, on, status, remark, receivedOn, by);
    }

    public static Decision<Event> RecordIncident(State state, int grade, DateOnly determinedOn, Relation relation, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        return state.Incidents.Any(i => i.Grade == grade && i.DeterminedOn == determinedOn && i.Declared == relation)
            ? Decision<Event>.Nothing
            : new Event.IncidentRecorded(state.Key!, IdWithin(state.Key!.CaseId, "incident", state.Incidents.Count + 1), grade, determinedOn, relation, by);
    }

    /// <summary>Withdraws an outcome reported in error. A death or a severe complication leaves only with the regulator's consent.</summary>
    public static Decision<Event> Withdraw(State state, string of, string reason, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        if (of == TheDeath)
        {
            return state.Death is null ? Refusal.NotFound("noSuchOutcome", of) : AskFor(state, RequestedChange.Withdrawal, of, null, null, reason, by);
        }

        return state.Complications.FirstOrDefault(c => Names(of, c.Id)) switch
        {
            null => Refusal.NotFound("noSuchOutcome", of),
            { Withdrawn: true } => Decision<Event>.Nothing,
            { Severe: true } => AskFor(state, RequestedChange.Withdrawal, of, null, null, reason, by),
            _ => new Event.OutcomeWithdrawn(state.Key!, of, reason, null, by),
        };
    }

    /// <summary>The hospital declares the relation anew. To call a grave outcome unrelated is a request; the other way takes effect at once.</summary>
    public static Decision<Event> DeclareRelation(State state, string of, Relation relation, string reason, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        var (declared, adjudicated, grave, found) = Outcome(state, of);
        return !found ? Refusal.NotFound("noSuchOutcome", of)
            : adjudicated is not null ? Refusal.Conflict("alreadyAdjudicated", of)
            : declared == relation ? Decision<Event>.Nothing
            : grave && relation == Relation.Unrelated ? AskFor(state, RequestedChange.Relation, of, null, null, reason, by)
            : new Event.RelationDeclared(state.Key!, of, relation, reason, by);
    }

    /// <summary>The regulator settles whether an outcome is related to the procedure.</summary>
    public static Decision<Event> Adjudicate(State state, string of, Relation relation, string reason, Actor by)
    {
        if (Unchangeable(state) is { } refusal)
        {
            return refusal;
        }

        var (_, adjudicated, _, found) = Outcome(state, of);
        return !found ? Refusal.NotFound("noSuchOutcome", of)
            : adjudicated == relation ? Decision<Event>.Nothing
            : new Event.OutcomeAdjudicated(state.Key!, of, relation, reason, null, by);
    }

    private static (Relation Declared, Relation? Adjudicated, bool Grave, bool Found) Outcome(State state, string of)
    {
        if (of == TheDeath)
        {
            return state.Death is { } d ? (d.Declared, d.Adjudicated, true, true) : default;
        }

        if (state.StandingComplications.FirstOrDefault(c => Names(of, c.Id)) is { } c)
        {
            return (c.Declared, c.Adjudicated, c.Severe, true);
        }

        return state.Incidents.FirstOrDefault(i => Names(of, i.Id)) is { } incident ? (incident.Declared, incident.Adjudicated, true, true) : default;
    }

    /// <summary>
    /// Takes a case back that should never have been reported. Only with the regulator's consent one leaves that has a grave outcome, that a notice is about, or that was announced and past its deadline:
    /// a report made and taken back would discharge what the hospital itself may withdraw no more (<see cref="Procedure.Withdraw"/>).
    /// </summary>
    /// <param name="noticed">An outcome notice that is not dismissed is about the case as it stands.</param>
    /// <param name="announcedAndDue">Its announcement stands, and the deadline of that has passed.</param>
    public static Decision<Event> Void(State state, string reason, Actor by, bool noticed = false, bool announcedAndDue = false)
    {
        if (state.Report is null)
        {
            return Refusal.NotFound("noSuchCase");
        }

        return state.Voided ? Decision<Event>.Nothing
            : state.HasGraveOutcome || noticed || announcedAndDue ? AskFor(state, RequestedChange.Void, null, null, null, reason, by)
            : new Event.Voided(state.Key!, reason, null, by);
    }

    /// <summary>The regulator agrees to a request, which then takes effect in the same append, or refuses it, and nothing changes.</summary>
    public static Decision<Event> DecideRequest(State state, Guid requestId, bool agree, string reason, Actor by)
    {
        if (state.Report is null)
        {
            return Refusal.NotFound("noSuchCase");
        }

        var request = state.Requests.FirstOrDefault(r => r.Id == requestId);
        if (request is null)
        {
            return Refusal.NotFound("noSuchRequest", requestId);
        }

        if (request.Agreed is { } decided)
        {
            return decided == agree ? Decision<Event>.Nothing : Refusal.Conflict("requestDecided", requestId);
        }

        var decision = new Event.RequestDecided(state.Key!, requestId, agree, reason, by);
        if (!agree)
        {
            return decision;
        }

        // An outcome may have come since that lies before the day asked for.
        if (!state.Voided && request.Change == RequestedChange.Correction && Misdated(state, request.Report!, "/agree") is { } misdated)
        {
            return misdated;
        }

        // What the request was about may have gone since, by another request: then agreeing changes nothing more.
        return state.Voided ? decision : request.Change switch
        {
            RequestedChange.Void => Decision<Event>.Of(decision, new Event.Voided(state.Key!, request.Reason, requestId, by)),
            RequestedChange.Correction => Decision<Event>.Of(decision, Corrected(state, request.Report!, request.Timeliness!, request.Reason, requestId, by)),
            RequestedChange.Withdrawal => Outcome(state, request.Of!).Found
                ? Decision<Event>.Of(decision, new Event.OutcomeWithdrawn(state.Key!, request.Of!, request.Reason, requestId, by))
                : decision,
            // Agreeing to "unrelated" settles the question, so the outcome leaves the possible counts as well.
            RequestedChange.Relation => Outcome(state, request.Of!).Found
                ? Decision<Event>.Of(decision, new Event.OutcomeAdjudicated(state.Key!, request.Of!, Relation.Unrelated, reason, requestId, by))
                : decision,
            _ => throw new UnreachableException($"no request is called {request.Change}"),
        };
    }

    private static Decision<Event> AskFor(State state, RequestedChange change, string? of, CaseReport? report, Timeliness? timeliness, string reason, Actor by)
    {
        if (state.Requests.Any(r => r.Agreed is null && r.Change == change && r.Of == of))
        {
            return Decision<Event>.Nothing;
        }

        var id = IdWithin(state.Key!.CaseId, "request", state.Requests.Count + 1);
        return new Event.ChangeRequested(state.Key, id, change, of, report, timeliness, reason, by);
    }

    private static Refusal? Unchangeable(State state) =>
        state.Report is null ? Refusal.NotFound("noSuchCase") : state.Voided ? Refusal.Conflict("caseVoided") : null;

    private static Guid IdWithin(Guid caseId, string what, int number) =>
        NameBasedId.Of(what, caseId.ToString("D"), number.ToString(CultureInfo.InvariantCulture));
}
