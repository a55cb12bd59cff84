using System.Diagnostics;

namespace Compliance.Cases;

/// <summary>What a hospital says of a procedure the moment it is done; the report tells the rest.</summary>
/// <param name="Technique">The regulation's technique, e.g. <c>neurovascular</c>.</param>
/// <param name="ProcedureCodes">Codes of the regulation's catalogue.</param>
/// <param name="Intent">As declared.</param>
/// <param name="Therapeutic">True when declared so, or when any procedure is a treatment by the catalogue.</param>
/// <param name="Level">The highest level of the procedures by the catalogue, 1 to 4; 0 where the technique is not graded.</param>
/// <param name="CompletedAt">When the procedure ended.</param>
/// <param name="CompletedOn">The same as a day in Asia/Shanghai.</param>
/// <param name="Operator">The operator of record (第一术者), where the hospital's system knows it already.</param>
public sealed record AnnouncedProcedure(
    [property: Stored("Technique")] string Technique,
    [property: Stored("ProcedureCodes")] IReadOnlyList<string> ProcedureCodes,
    [property: Stored("Intent")] Intent Intent,
    [property: Stored("Therapeutic")] bool Therapeutic,
    [property: Stored("Level")] int Level,
    [property: Stored("CompletedAt")] DateTimeOffset CompletedAt,
    [property: Stored("CompletedOn")] DateOnly CompletedOn,
    [property: Stored("Operator")] string? Operator)
{
    /// <summary>JSON pointers of the members that differ, as the HTTP contract names them; empty when the same was said twice. What is derived is not compared.</summary>
    public IReadOnlyList<string> DifferencesFrom(AnnouncedProcedure other)
    {
        var pointers = new List<string>();
        void Compare(string pointer, bool same)
        {
            if (!same)
            {
                pointers.Add(pointer);
            }
        }

        Compare("/technique", Technique == other.Technique);
        Compare("/procedureCodes", ProcedureCodes.SequenceEqual(other.ProcedureCodes));
        Compare("/intent", Intent == other.Intent);
        Compare("/completedAt", CompletedAt == other.CompletedAt);
        Compare("/operator", Operator == other.Operator);
        return pointers;
    }
}

/// <summary>Where and when an announced procedure belongs: stands in every event of it. <see cref="CaseKey"/> without the certainty who operated.</summary>
/// <param name="CaseId">Of the case that is to be reported.</param>
public sealed record ProcedureKey(
    [property: Stored("CaseId")] Guid CaseId,
    [property: Stored("Institution")] string Institution,
    [property: Stored("Operator")] string? Operator,
    [property: Stored("Technique")] string Technique,
    [property: Stored("CompletedOn")] DateOnly CompletedOn);

/// <summary>
/// A procedure announced as soon as it was done, its report to follow (NV-REPORT-10WD, CI3-REPORT-10WD). A stream beside the
/// case's: a report needs no announcement, and what was announced in error was no case.
/// </summary>
public static class Procedure
{
    /// <param name="caseId"><see cref="Case.IdOf"/>.</param>
    public static string Stream(Guid caseId) => $"procedure-{caseId:D}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Procedure")] ProcedureKey Procedure, [property: Stored("By")] Actor By)
    {
        /// <param name="Said">What was said of it.</param>
        /// <param name="Timeliness">When the announcement was received, and when the report is due; no deadline where the case has none.</param>
        public sealed record Announced(
            ProcedureKey Procedure,
            [property: Stored("CaseNumber")] string CaseNumber,
            [property: Stored("Announced")] AnnouncedProcedure Said,
            [property: Stored("Timeliness")] Timeliness Timeliness,
            Actor By) : Event(Procedure, By);

        /// <param name="Deadline">The one that passed.</param>
        /// <param name="Day">The day closed without a report, later than the deadline.</param>
        public sealed record ReportFellOverdue(
            ProcedureKey Procedure,
            [property: Stored("Deadline")] DateOnly Deadline,
            [property: Stored("Day")] DateOnly Day,
            Actor By) : Event(Procedure, By);

        public sealed record AnnouncementWithdrawn(
            ProcedureKey Procedure,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Procedure, By);
    }

    /// <param name="Said">Null while nothing was announced.</param>
    /// <param name="Withdrawn">True while the last announcement is withdrawn.</param>
    /// <param name="FellOverdueOn">The day closed on which the report of what stands announced was found overdue.</param>
    public sealed record State(ProcedureKey? Key, string CaseNumber, AnnouncedProcedure? Said, Timeliness? Timeliness, bool Withdrawn, DateOnly? FellOverdueOn)
    {
        public static readonly State Initial = new(null, "", null, null, false, null);

        /// <summary>A report is owed, unless there is one.</summary>
        public bool Stands => Said is not null && !Withdrawn;
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Announced a => new(a.Procedure, a.CaseNumber, a.Said, a.Timeliness, Withdrawn: false, FellOverdueOn: null),
        Event.ReportFellOverdue o => state with { FellOverdueOn = o.Day },
        Event.AnnouncementWithdrawn => state with { Withdrawn = true },
        _ => throw new UnreachableException($"a procedure knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>
    /// Announces a procedure whose report is to follow. The same again changes nothing. After a withdrawal another announcement
    /// takes the number, for that is how one is corrected; the one withdrawn is not revived by a nightly extract.
    /// </summary>
    public static Decision<Event> Announce(State state, string institution, string caseNumber, AnnouncedProcedure said, Timeliness timeliness, Actor by)
    {
        if (state.Said is { } before)
        {
            var pointers = said.DifferencesFrom(before);
            if (state.Withdrawn && pointers.Count == 0)
            {
                return Refusal.Conflict("procedureWithdrawn");
            }

            if (!state.Withdrawn)
            {
                return pointers.Count == 0 ? Decision<Event>.Nothing : new Refusal(RefusalKind.Conflict, "procedureDiffers", pointers, state.Key!.CaseId);
            }
        }

        var key = new ProcedureKey(Case.IdOf(institution, caseNumber), institution, said.Operator, said.Technique, said.CompletedOn);
        return new Event.Announced(key, caseNumber, said, timeliness, by);
    }

    /// <summary>
    /// Records that a day was closed without the report, once for each announcement: a deadline that a later calendar moved is shown as
    /// it stands, and not recorded a second time.
    /// </summary>
    /// <param name="procedure">As the closing saw it: what was announced anew since is a later closing's affair.</param>
    /// <param name="deadline">As the calendars had left it when the day was closed.</param>
    /// <param name="day">The day closed.</param>
    public static Decision<Event> RecordOverdue(State state, ProcedureKey procedure, DateOnly deadline, DateOnly day) =>
        state.Stands && state.Key == procedure && state.FellOverdueOn is null && deadline < day
            ? new Event.ReportFellOverdue(procedure, deadline, day, Actor.Monitor)
            : Decision<Event>.Nothing;

    /// <summary>
    /// Takes back an announcement made in error. Its hospital may until the deadline; later only the regulator, so that nobody gets
    /// rid of an overdue report by saying that there was nothing to report. What was reported is the case's affair.
    /// </summary>
    /// <param name="deadline">As the calendars have left it; null where there is none.</param>
    /// <param name="reported">There is a case of this number.</param>
    public static Decision<Event> Withdraw(State state, DateOnly? deadline, bool reported, bool regulator, string reason, DateOnly today, Actor by) =>
        state.Said is null ? Refusal.NotFound("noSuchProcedure")
        : state.Withdrawn ? Decision<Event>.Nothing
        : reported ? Refusal.Conflict("procedureReported", state.Key!.CaseId)
        : !regulator && deadline < today ? Refusal.Conflict("deadlinePassed")
        : new Event.AnnouncementWithdrawn(state.Key!, reason, today, by);
}
