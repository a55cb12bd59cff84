using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.Projections;
using Timeliness = Compliance.Cases.Timeliness;

namespace Compliance.Service.Cases;

/// <summary>When a report was due, by the regulation's reporting rule and the calendars (NV-REPORT-10WD, CI3-REPORT-10WD).</summary>
public static class ReportingDeadline
{
    public static Timeliness Of(Reference reference, Regulation regulation, CaseReport report, DateOnly receivedOn) =>
        Of(reference, regulation, report.Therapeutic, report.Level, report.CompletedOn, receivedOn);

    /// <param name="receivedOn">The day the announcement was received on.</param>
    public static Timeliness Of(Reference reference, Regulation regulation, AnnouncedProcedure said, DateOnly receivedOn) =>
        Of(reference, regulation, said.Therapeutic, said.Level, said.CompletedOn, receivedOn);

    private static Timeliness Of(Reference reference, Regulation regulation, bool therapeutic, int level, DateOnly completedOn, DateOnly receivedOn)
    {
        if (!regulation.InPractice.HasDeadline(therapeutic, level))
            return new(receivedOn, null, reference.Calendar.Version, Provisional: false);
        var deadline = reference.Calendar.Deadline(completedOn, regulation.InPractice.Reporting.WorkingDays);
        return new(receivedOn, deadline.On, deadline.CalendarVersion, deadline.Provisional);
    }

    /// <summary>
    /// Of a case corrected: it was received when it was first reported. Where nothing the deadline rests on has changed it stays what it was, since what a hospital was once told holds.
    /// </summary>
    public static Timeliness Corrected(Reference reference, Regulation regulation, Case.State state, CaseReport report)
    {
        var before = state.Timeliness!;
        var after = Of(reference, regulation, report, before.ReceivedOn);
        var same = report.Technique == state.Report!.Technique && report.CompletedOn == state.Report.CompletedOn && before.Deadline is null == after.Deadline is null;
        return same ? before : after;
    }

    /// <summary>As calendars published since have left it.</summary>
    public static Timeliness Now(Reference reference, Case.State state) => Now(reference, state.Timeliness!, state.Key!.Technique, state.Key.CompletedOn);

    /// <summary>The same of an announced procedure.</summary>
    public static Timeliness Now(Reference reference, Procedure.State state) => Now(reference, state.Timeliness!, state.Key!.Technique, state.Key.CompletedOn);

    /// <summary>The same of what was done on a day.</summary>
    public static Timeliness Now(Reference reference, Timeliness timeliness, string technique, DateOnly completedOn) =>
        reference.Calendars.Recompute(timeliness, completedOn, RegulationOf(reference, technique, completedOn).InPractice.Reporting.WorkingDays);

    /// <summary>The version a case is coded by.</summary>
    public static Regulation RegulationOf(Reference reference, Case.State state) => RegulationOf(reference, state.Report!.Technique, state.Report.CompletedOn);

    private static Regulation RegulationOf(Reference reference, string technique, DateOnly completedOn) =>
        reference.Regulations.ReportDefinitions(technique, completedOn)
        ?? throw new InvalidOperationException("A case was accepted for a technique without regulation.");

    /// <summary>The duties that a case is held to.</summary>
    public static ReportingRule RuleOf(Reference reference, Case.State state) => RegulationOf(reference, state).InPractice.Reporting;

    public static ReportTimeliness WordFor(Timeliness timeliness) =>
        timeliness.Deadline is null ? ReportTimeliness.NoDeadline : timeliness.IsLate ? ReportTimeliness.Late : ReportTimeliness.OnTime;
}

public enum ReportTimeliness
{
    OnTime,
    Late,
    NoDeadline,
}
