using Compliance.Calendars;
using Compliance.Regulations;

namespace Compliance.Cases;

/// <summary>How a follow-up that is owed stands.</summary>
public enum FollowUpDuty
{
    /// <summary>Nothing has been recorded for it.</summary>
    Open,

    /// <summary>The patient was found, in its window, and that was reported by its end.</summary>
    InTime,

    /// <summary>Recorded outside its window, reported after it, or the patient was lost (失访).</summary>
    Otherwise,
}

/// <summary>A follow-up owed, done or not.</summary>
/// <param name="OpensOn">The first day of its window.</param>
/// <param name="DueOn">The last day of its window, by whose end it is reported too.</param>
public sealed record OwedFollowUp(int Interval, DateOnly OpensOn, DateOnly DueOn, FollowUpDuty Duty);

/// <summary>
/// What a hospital owes about a case once it is reported: the outcome statement within working days after day 30, and the follow-ups (NV-CASE-FOLLOWUP, CI-CASE-FOLLOWUP). Only a case with a
/// reporting deadline owes anything, and a voided one nothing. All of it is derived from the case, its regulation and the calendars; nothing is kept.
/// </summary>
public static class CaseDuties
{
    /// <summary>What of a statement contradicts the day or the death: a code with its arguments; null when nothing does.</summary>
    /// <param name="diedOn">The day of the death the case holds; null without one.</param>
    /// <param name="statedOn">The day the statement is received.</param>
    public static (string Code, object[] Args)? StatementFault(DateOnly completedOn, ReportingRule rule, bool aliveOnDay30, DateOnly? diedOn, DateOnly statedOn)
    {
        var last = completedOn.AddDays(rule.OutcomeAfterDays);
        return diedOn is null && statedOn <= last ? ("outcomeStillOpen", [last])
            : aliveOnDay30 && diedOn <= last ? ("diedByThen", [diedOn.Value])
            : !aliveOnDay30 && !(diedOn <= last) ? ("deathNotReported", [last])
            : null;
    }

    /// <summary>Whether the last statement is one about day 30: a correction may have moved that day, or the death that allowed an early statement been withdrawn.</summary>
    public static bool StatementStands(Case.State state, ReportingRule rule) =>
        state.Stated is { } stated && (state.Death is not null || stated.StatedOn > state.Key!.CompletedOn.AddDays(rule.OutcomeAfterDays));

    /// <summary>When the statement is due, whether or not it was made; null for a case that owes none. The calendar of the report's day tells, and later ones extend it as they do the report's own deadline.</summary>
    public static Timeliness? StatementDue(Case.State state, ReportingRule rule, CalendarHistory calendars)
    {
        if (!Owes(state))
            return null;
        var last = state.Key!.CompletedOn.AddDays(rule.OutcomeAfterDays);
        var known = calendars.Publications.LastOrDefault(p => p.Calendar.Version <= state.Timeliness!.CalendarVersion).Calendar ?? WorkingCalendar.Empty;
        var first = known.Deadline(last, rule.OutcomeStatementWorkingDays);
        return calendars.Recompute(new(state.Timeliness!.ReceivedOn, first.On, first.CalendarVersion, first.Provisional), last, rule.OutcomeStatementWorkingDays);
    }

    /// <summary>
    /// The follow-ups owed, in their order. None is owed of a patient who died by the end of its window; nor where the window had ended before the case was reported: nobody can be on time for what the
    /// system did not know of, and the lateness of the report is held against its hospital already. A correction of the day opens the windows anew, as it does the statement: what was learnt before a window
    /// tells nothing of it, and discharges nothing.
    /// </summary>
    public static IReadOnlyList<OwedFollowUp> FollowUps(Case.State state, ReportingRule rule)
    {
        if (!Owes(state))
            return [];
        var owed = new List<OwedFollowUp>(rule.Intervals.Count);
        foreach (var interval in rule.Intervals)
        {
            var opensOn = state.Key!.CompletedOn.AddDays(interval.Days);
            var dueOn = opensOn.AddDays(interval.WithinDays);
            if (dueOn < state.Timeliness!.ReceivedOn || state.Death?.OccurredOn <= dueOn)
                continue;
            var recorded = state.FollowUps.Where(f => f.Interval == interval.Days && f.On >= opensOn).ToList();
            var inTime = recorded.Count > 0 && recorded[^1].Status != FollowUpStatus.Lost
                && recorded.Exists(f => f.Status != FollowUpStatus.Lost && f.On >= opensOn && f.On <= dueOn && f.ReceivedOn <= dueOn);
            owed.Add(new(interval.Days, opensOn, dueOn, recorded.Count == 0 ? FollowUpDuty.Open : inTime ? FollowUpDuty.InTime : FollowUpDuty.Otherwise));
        }

        return owed;
    }

    /// <summary>What is owed and not done, the earliest due first.</summary>
    public static IReadOnlyList<Obligation> Open(Case.State state, ReportingRule rule, CalendarHistory calendars)
    {
        var key = state.Key!;
        Obligation Owed(ObligationKind kind, int number, DateOnly opensOn, DateOnly dueOn, bool provisional) =>
            new(kind, number, key.CaseId, key.Institution, state.CaseNumber, key.Technique, key.Operator, key.CompletedOn, opensOn, dueOn, provisional);

        var open = FollowUps(state, rule).Where(f => f.Duty == FollowUpDuty.Open).Select(f => Owed(ObligationKind.FollowUp, f.Interval, f.OpensOn, f.DueOn, provisional: false)).ToList();
        if (!StatementStands(state, rule) && StatementDue(state, rule, calendars) is { Deadline: { } due } statement)
        {
            var after = key.CompletedOn.AddDays(rule.OutcomeAfterDays + 1);
            open.Add(Owed(ObligationKind.OutcomeStatement, 0, state.Death is { } d && d.ReceivedOn < after ? d.ReceivedOn : after, due, statement.Provisional));
        }

        return [.. open.OrderBy(o => o.DueOn)];
    }

    /// <summary>Whether a complication or death of the case was reported more days after it happened than the regulation allows.</summary>
    public static bool HasLateOutcome(Case.State state, ReportingRule rule) =>
        state.StandingComplications.Any(c => c.ReceivedOn.DayNumber - c.OccurredOn.DayNumber > rule.LateOutcomeAfterDays)
        || (state.Death is { } d && d.ReceivedOn.DayNumber - d.OccurredOn.DayNumber > rule.LateOutcomeAfterDays);

    /// <summary>Whether the statement or a follow-up that stands says what the case denies.</summary>
    public static bool Contradicted(Case.State state, ReportingRule rule)
    {
        var stated = StatementStands(state, rule) ? state.Stated : null;
        return (stated is not null
                && (StatementFault(state.Key!.CompletedOn, rule, stated.AliveOnDay30, state.Death?.OccurredOn, stated.StatedOn) is not null
                    || (stated.Complications == ComplicationsStated.Reported) != state.StandingComplications.Any()))
            || state.StandingFollowUps.Any(f => f.Status switch
            {
                FollowUpStatus.Alive => state.Death?.OccurredOn < f.On,
                FollowUpStatus.Dead => !(state.Death?.OccurredOn <= f.On),
                _ => false,
            });
    }

    /// <summary>The flags of <see cref="CaseFlags.OfOutcomes"/> that a case earns, in their order; what fell due yesterday or before is missing today.</summary>
    public static IReadOnlyList<string> Flags(Case.State state, ReportingRule rule, CalendarHistory calendars, DateOnly today)
    {
        if (state.Voided)
            return [];
        var missing = Open(state, rule, calendars).Where(o => o.DueOn < today).Select(o => o.Kind).ToHashSet();
        return
        [
            .. HasLateOutcome(state, rule) ? [CaseFlags.LateOutcome] : Array.Empty<string>(),
            .. missing.Contains(ObligationKind.OutcomeStatement) ? [CaseFlags.OutcomeStatementMissing] : Array.Empty<string>(),
            .. missing.Contains(ObligationKind.FollowUp) ? [CaseFlags.FollowUpMissing] : Array.Empty<string>(),
            .. Contradicted(state, rule) ? [CaseFlags.OutcomeContradicted] : Array.Empty<string>(),
        ];
    }

    private static bool Owes(Case.State state) => !state.Voided && state.Timeliness?.Deadline is not null;
}
