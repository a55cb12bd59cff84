using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using static Compliance.Tests.Judging;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>The acts of the ladder with everything filled in that a test is not about; numbers of months, days and failures are those of the shipped regulation.</summary>
internal static class Ladder
{
    public static readonly QualificationId Id = new(Subject.Institution("H1"), "neurovascular");
    public static readonly DateOnly GrantedOn = new(2020, 1, 1);

    public static readonly Finding RateBreached = Breach("NV-RATE-COMP", BreachEffect.Suspend, AsOf);
    public static readonly Finding VolumeBreached = Breach("NV-VOL-INST", BreachEffect.Warn, AsOf);

    public static ProceedingRules Rules => Neurovascular.InPractice.Proceedings;

    public static State Granted { get; } = Qualification.Fold([new Event.Granted(Id, 1, GrantedOn, "G-1", Imported: true, Regulator)]);

    public sealed record Decided(IReadOnlyList<Event> Events, Refusal? Refusal, State After)
    {
        /// <summary>The refusal's code, or the names of the events, or that nothing happened.</summary>
        public string Result => Refusal?.Code ?? (Events.Count == 0 ? "nothing" : string.Join(" + ", Events.Select(e => e.GetType().Name)));
    }

    /// <summary>Decides, and decides again on what came of it: the second gives no event.</summary>
    public static Decided When(State state, Func<State, Decision<Event>> decide)
    {
        Decision<Event> decision = decide(state);
        State after = decision.Events.Aggregate(state, Qualification.Evolve);
        decide(after).Events.ShouldBeEmpty("the same decision taken twice gives one event");
        return new(decision.Events, decision.Refusal, after);
    }

    /// <summary>What it comes to when it is not refused.</summary>
    public static State Then(this State state, Func<State, Decision<Event>> decide)
    {
        Decided decided = When(state, decide);
        decided.Refusal.ShouldBeNull();
        return decided.After;
    }

    // five working days without a holiday among them
    public static DateOnly HearUntil(DateOnly proposedOn) => proposedOn.AddDays(7);

    // closings

    public static Closing ClosingOf(State state, DateOnly day, params IReadOnlyList<Finding> findings) =>
        new(day, Id, "11", "NV-2012", Judging.Neurovascular.Version, InstitutionWith(Treated(16, severe: 1)), findings, state.Standing, state.Pending.Any(), Monitoring.WouldSuspend(state, day, findings), GroundsHold: null);

    public static Decision<Event> Closed(State state, DateOnly day, EnforcementMode mode, params IReadOnlyList<Finding> findings) => Decide(state, ClosingOf(state, day, findings), mode);

    public static Decision<Event> Decide(
        State state, Closing closing, EnforcementMode mode = EnforcementMode.Enforce, bool held = false, DateOnly? recordedOn = null, RevocationMode revocation = RevocationMode.Confirmed) =>
        Monitoring.RecordClosing(state, closing, Setting(mode), held, Rules.RectificationMonths, recordedOn ?? closing.Day.AddDays(1), closing.Day.AddDays(8), revocation);

    // rounds

    public static DaySpan Year(int year) => new(new(year, 1, 1), new(year, 12, 31));

    public static Guid RoundOf(DaySpan period) => AssessmentRound.Id("neurovascular", "11", period);

    /// <summary>A round concluded, its outcome by the clauses: 50 treatments with 3 severe complications fail, with 2 they pass, and no case at all in part of a year assesses nothing.</summary>
    public static Decision<Event> Concluded(
        State state, DaySpan period, AssessmentOutcome outcome, DateOnly on, EnforcementMode mode = EnforcementMode.Enforce, bool held = false, int sitting = 1, Actor? by = null, DateOnly? recordedOn = null, bool scheduled = true, DateOnly? judgedFrom = null)
    {
        DateOnly recorded = recordedOn ?? on;
        SubjectFacts facts = outcome switch
        {
            AssessmentOutcome.Failed => InstitutionWith(Treated(50, severe: 3)),
            AssessmentOutcome.Passed => InstitutionWith(Treated(50, severe: 2)),
            _ => InstitutionWith(Counts.None).ObservedForPartOfTheYear(),
        };
        Observation judged = new(judgedFrom ?? period.From, period.To, facts.Judged.Complete);
        facts = facts with { AsOf = period.To, Judged = judged, Current = judged };
        FrozenAssessment frozen = new(RoundOf(period), sitting, Id, "NV-2012", Judging.Neurovascular.Version, facts, Evaluation.Evaluate(Neurovascular, facts), new(0, 0, 0, 0, 0, 0, 0, 0), LeftOut: false);
        AssessmentResult result = frozen.Result(Neurovascular.InPractice.AssessmentItems, AssessmentRound.Sheet.Empty);
        result.Outcome.ShouldBe(outcome);
        return PeriodicAssessment.Record(state, frozen, result, new(frozen.Round, sitting, "11", period, scheduled, Setting(mode), held, Rules, on, recorded, HearUntil(recorded), by ?? Actor.Monitor));
    }

    public static Decision<Event> Failed(State state, DaySpan period, DateOnly on, EnforcementMode mode = EnforcementMode.Enforce, bool held = false) =>
        Concluded(state, period, AssessmentOutcome.Failed, on, mode, held);

    // a person's acts

    public static Decision<Event> Suspend(State state, DateOnly on) => Qualification.Suspend(state, "11", "inspection", Rules.RectificationMonths, on, Regulator);

    public static Decision<Event> Lift(State state, DateOnly on) => Qualification.Lift(state, "mended", on, Regulator);

    public static Decision<Event> Annul(State state, DateOnly on) => Qualification.Annul(state, "the data were wrong", on, Regulator);

    public static Decision<Event> Reassess(State state, bool passed, DateOnly on) => Qualification.Reassess(state, passed, passed ? "mended" : "not mended", HearUntil(on), on, Regulator);

    public static Decision<Event> Revoke(State state, DateOnly on) => Qualification.Revoke(state, "confirmed", on, Regulator);

    public static Decision<Event> Grant(State state, DateOnly effectiveOn, string reference = "G-2") => Qualification.GrantIt(state, Id, effectiveOn, reference, imported: false, Regulator);

    public static Decision<Event> Relinquish(State state, DateOnly on) => Qualification.Relinquish(state, "closed", on, Holder);

    public static Decision<Event> AskToBeHeard(State state, DateOnly on) => Hearing.Request(state, "hear us", on, Holder);

    public static Decision<Event> Hear(State state, DateOnly heldOn, DateOnly today) => Hearing.Hold(state, heldOn, "both sides spoke", today, Regulator);

    /// <summary>Agrees to the last proposal there was, or declines it.</summary>
    public static Func<State, Decision<Event>> DecideLast(State state, bool agree, DateOnly on)
    {
        Guid id = state.Proposals is [.., var last] ? last.Id : Guid.Empty;
        return s => Qualification.DecideProposal(s, id, agree, agree ? "right" : "wrong", Rules.RectificationMonths, on, Regulator);
    }
}
