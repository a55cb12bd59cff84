namespace Compliance.Cases;

/// <summary>Why a case was not reported in time, or seemed not to be.</summary>
public enum LatenessCause
{
    /// <summary>The report was received after its deadline.</summary>
    Late,

    /// <summary>
    /// A correction received after the deadline gave the case the deadline it had missed: by moving it to another day or technique,
    /// or by making it a case that has one. Other corrections are no lateness, whenever they come; nor is one that brings back a day
    /// and technique for which the case had been in time already: what was reported in time is not late for a mistake put right.
    /// </summary>
    CorrectedAfterDeadline,

    /// <summary>
    /// Late by the calendar of the time, and in time by one published later. The reverse there is not: a deadline once told is
    /// extended, never shortened.
    /// </summary>
    CalendarRecomputed,
}

/// <summary>One time a case was late: kept for good, though it be corrected or voided later. Derived from its events and the calendars, stored nowhere.</summary>
/// <param name="On">The day the report, or the correction, was received on.</param>
/// <param name="Deadline">As it was when that was received.</param>
/// <param name="RecomputedDeadline">As calendars published since have left it; null where they left it as it was.</param>
public sealed record Lateness(LatenessCause Cause, DateOnly On, DateOnly Deadline, DateOnly? RecomputedDeadline)
{
    /// <summary>Every time a case was late, in order; empty for one that never was.</summary>
    /// <param name="events">Of the case, with the days they were recorded on.</param>
    /// <param name="asRecomputed">A deadline as the calendars published since have left it.</param>
    public static IReadOnlyList<Lateness> Of(IEnumerable<(Case.Event Event, DateOnly RecordedOn)> events, Func<CaseKey, Timeliness, Timeliness> asRecomputed)
    {
        var found = new List<Lateness>();
        var requested = new Dictionary<Guid, DateOnly>();
        var inTime = new HashSet<(DateOnly, string)>();
        Timeliness? before = null;
        void Add(LatenessCause cause, DateOnly on, DateOnly counts, CaseKey of, Timeliness told, Timeliness now)
        {
            if (told.Deadline is not { } deadline)
            {
                return;
            }

            if (counts <= deadline)
            {
                inTime.Add((of.CompletedOn, of.Technique));
            }
            else if (!inTime.Contains((of.CompletedOn, of.Technique)))
            {
                found.Add(new(now.Deadline < counts ? cause : LatenessCause.CalendarRecomputed, on, deadline, now.Deadline == deadline ? null : now.Deadline));
            }
        }

        foreach (var (e, recordedOn) in events)
        {
            switch (e)
            {
                case Case.Event.Reported r:
                    before = asRecomputed(r.Case, r.Timeliness);
                    Add(LatenessCause.Late, r.Timeliness.ReceivedOn, r.Timeliness.ReceivedOn, r.Case, r.Timeliness, before);
                    break;
                case Case.Event.ChangeRequested r:
                    requested[r.RequestId] = recordedOn;
                    break;
                case Case.Event.Corrected c:
                    // What waited for the regulator came when the hospital asked.
                    var on = c.RequestId is { } id && requested.TryGetValue(id, out var asked) ? asked : recordedOn;
                    var after = asRecomputed(c.Case, c.Timeliness);
                    if (before!.Deadline is null)
                    {
                        // Nothing was due until now, so what is due was reported with the correction.
                        Add(LatenessCause.CorrectedAfterDeadline, on, on, c.Case, c.Timeliness, after);
                    }
                    else if (!before.IsLate)
                    {
                        Add(LatenessCause.CorrectedAfterDeadline, on, c.Timeliness.ReceivedOn, c.Case, c.Timeliness, after);
                    }

                    before = after;
                    break;
            }
        }

        return found;
    }
}
