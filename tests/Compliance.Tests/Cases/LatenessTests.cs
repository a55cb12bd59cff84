using Compliance.Calendars;

namespace Compliance.Cases.Tests;

/// <summary>Every time a case was late, and why. Deadlines are worked by hand from the calendar of 2026.</summary>
public class LatenessTests
{
    private static readonly DateOnly Monday = new(2026, 3, 2);
    private static readonly DateOnly Deadline = new(2026, 3, 16);

    private static Timeliness Due(DateOnly receivedOn, DateOnly? deadline, int version = 4, bool provisional = false) => new(receivedOn, deadline, version, provisional);

    private static (Case.Event, DateOnly) Reported(CaseReport report, Timeliness timeliness) => (
        new Case.Event.Reported(KeyOf(report), "1", report, timeliness, [], Given.Hospital), timeliness.ReceivedOn);

    private static (Case.Event, DateOnly) Corrected(CaseReport before, CaseReport report, Timeliness timeliness, DateOnly on, Guid? request = null) => (
        new Case.Event.Corrected(KeyOf(report), KeyOf(before), report, timeliness, "r", request, Given.Hospital), on);

    private static CaseKey KeyOf(CaseReport report) => new(Guid.Empty, "H1", report.Operator, report.Technique, report.CompletedOn);

    private static IReadOnlyList<Lateness> Of(params (Case.Event, DateOnly)[] events) => Lateness.Of(events, (_, told) => told);

    private static CaseReport On(DateOnly day) => Given.Report with { CompletedOn = day };

    [Fact]
    public void A_report_on_the_deadline_is_not_late_and_a_day_later_it_is()
    {
        Of(Reported(Given.Report, Due(Deadline, Deadline))).ShouldBeEmpty();
        Of(Reported(Given.Report, Due(Deadline.AddDays(1), Deadline))).ShouldBe([new(LatenessCause.Late, Deadline.AddDays(1), Deadline, null)]);
        Of(Reported(Given.Diagnostic, Due(Deadline.AddDays(90), null))).ShouldBeEmpty("it has no deadline");
    }

    [Fact]
    public void Once_late_stays_late_whatever_follows()
    {
        var late = Due(Deadline.AddDays(1), Deadline);
        Lateness[] once = [new(LatenessCause.Late, Deadline.AddDays(1), Deadline, null)];
        // Moved to the Tuesday, whose deadline is the day it came on; turned diagnostic; voided.
        Of(Reported(Given.Report, late), Corrected(Given.Report, On(Monday.AddDays(1)), Due(Deadline.AddDays(1), Deadline.AddDays(1)), Deadline.AddDays(3))).ShouldBe(once);
        Of(Reported(Given.Report, late), Corrected(Given.Report, Given.Diagnostic, Due(Deadline.AddDays(1), null), Deadline.AddDays(3))).ShouldBe(once);
        Of(Reported(Given.Report, late), (new Case.Event.Voided(KeyOf(Given.Report), "r", null, Given.Hospital), Deadline.AddDays(3))).ShouldBe(once);
        // A correction of what was late already is no second time.
        Of(Reported(Given.Report, late), Corrected(Given.Report, Given.Report with { Operator = "P2" }, late, Deadline.AddDays(30))).ShouldBe(once);
    }

    [Fact]
    public void A_correction_that_gives_the_case_a_deadline_is_held_against_it()
    {
        var first = Reported(Given.Diagnostic, Due(Monday, null));
        Of(first, Corrected(Given.Diagnostic, Given.Report, Due(Monday, Deadline), Deadline)).ShouldBeEmpty("on its last day");
        Of(first, Corrected(Given.Diagnostic, Given.Report, Due(Monday, Deadline), Deadline.AddDays(1)))
            .ShouldBe([new(LatenessCause.CorrectedAfterDeadline, Deadline.AddDays(1), Deadline, null)]);
    }

    [Fact]
    public void A_correction_that_moves_the_case_before_the_deadline_it_missed_is_late()
    {
        // Reported on the 17th as of Tuesday the 3rd, due on the 17th; it had been Monday, due on the 16th.
        var tuesday = On(Monday.AddDays(1));
        var first = Reported(tuesday, Due(Deadline.AddDays(1), Deadline.AddDays(1)));
        Of(first, Corrected(tuesday, Given.Report, Due(Deadline.AddDays(1), Deadline), Deadline.AddDays(4)))
            .ShouldBe([new(LatenessCause.CorrectedAfterDeadline, Deadline.AddDays(4), Deadline, null)]);
        // Reported on the 16th it would have been in time for Monday too, however late the day is put right.
        Of(Reported(tuesday, Due(Deadline, Deadline.AddDays(1))), Corrected(tuesday, Given.Report, Due(Deadline, Deadline), Deadline.AddDays(40))).ShouldBeEmpty();
        // Any other correction is none, whenever it comes.
        Of(Reported(Given.Report, Due(Monday, Deadline)), Corrected(Given.Report, Given.Report with { Operator = "P2" }, Due(Monday, Deadline), Deadline.AddDays(40))).ShouldBeEmpty();
    }

    [Fact]
    public void A_detour_back_to_what_was_reported_in_time_is_no_lateness()
    {
        var (first, due) = (Reported(Given.Report, Due(Monday, Deadline)), Due(Monday, Deadline));
        var astray = Corrected(Given.Report, Given.Diagnostic, Due(Monday, null), Deadline.AddDays(5));
        Of(first, astray, Corrected(Given.Diagnostic, Given.Report, due, Deadline.AddDays(60))).ShouldBeEmpty();
        // Back to another day, or technique, is something never reported in time.
        var tuesday = On(Monday.AddDays(1));
        Of(first, astray, Corrected(Given.Diagnostic, tuesday, Due(Monday, Deadline.AddDays(1)), Deadline.AddDays(60)))
            .ShouldBe([new(LatenessCause.CorrectedAfterDeadline, Deadline.AddDays(60), Deadline.AddDays(1), null)]);
        Of(first, astray, Corrected(Given.Diagnostic, Given.Report with { Technique = "comprehensive" }, due, Deadline.AddDays(60)))
            .ShouldBe([new(LatenessCause.CorrectedAfterDeadline, Deadline.AddDays(60), Deadline, null)]);
        // A correction in time counts as a report in time.
        Of(
            Reported(Given.Diagnostic, Due(Monday, null)), Corrected(Given.Diagnostic, Given.Report, due, Deadline), astray, Corrected(Given.Diagnostic, Given.Report, due, Deadline.AddDays(60))).ShouldBeEmpty();
    }

    [Fact]
    public void What_waited_for_the_regulator_came_when_the_hospital_asked()
    {
        var id = Guid.NewGuid();
        var asked = (new Case.Event.ChangeRequested(KeyOf(Given.Diagnostic), id, RequestedChange.Correction, null, Given.Report, Due(Monday, Deadline), "r", Given.Hospital), Deadline);
        Of(Reported(Given.Diagnostic, Due(Monday, null)), asked, Corrected(Given.Diagnostic, Given.Report, Due(Monday, Deadline), Deadline.AddDays(9), id)).ShouldBeEmpty();
        asked.Item2 = Deadline.AddDays(1);
        Of(Reported(Given.Diagnostic, Due(Monday, null)), asked, Corrected(Given.Diagnostic, Given.Report, Due(Monday, Deadline), Deadline.AddDays(9), id))
            .ShouldBe([new(LatenessCause.CorrectedAfterDeadline, Deadline.AddDays(1), Deadline, null)]);
    }

    /// <summary>
    /// Monday 21 December 2026: eight working days to the end of the year, the first of January rests, 4 and 5 January are the ninth and the tenth as far as is known.
    /// </summary>
    [Theory]
    [InlineData("2027-01-05", null, null)]
    [InlineData("2027-01-06", LatenessCause.CalendarRecomputed, "2027-01-07")]
    [InlineData("2027-01-07", LatenessCause.CalendarRecomputed, "2027-01-07")]
    [InlineData("2027-01-08", LatenessCause.Late, "2027-01-07")]
    public void A_notice_that_extends_the_deadline_is_told_with_both_deadlines(string receivedOn, LatenessCause? cause, string? recomputed)
    {
        var calendars = ShippedCalendars.All.Aggregate(CalendarHistory.Empty, (h, s) => h.With(new(s.Calendar.Year, s.Calendar.Version, s.Calendar.Notice, s.Calendar.Rest, s.Calendar.MakeUp, s.Sha256, new(2026, 1, 1), Given.Regulator)));
        var completedOn = new DateOnly(2026, 12, 21);
        var due = calendars.Latest.Deadline(completedOn);
        (due.On, due.Provisional).ShouldBe((new DateOnly(2027, 1, 5), true));
        // The notice rests 1 to 5 January: the ninth and the tenth are the 6th and 7th.
        var later = calendars.With(new(2027, 1, "n", [.. Enumerable.Range(1, 5).Select(d => new DateOnly(2027, 1, d))], [], null, new(2027, 1, 20), Given.Regulator));
        var report = On(completedOn);
        var received = DateOnly.Parse(receivedOn, System.Globalization.CultureInfo.InvariantCulture);
        var events = new[] { Reported(report, Due(received, due.On, due.CalendarVersion, provisional: true)) };

        var found = Lateness.Of(events, (key, told) => later.Recompute(told, key.CompletedOn, 10));

        found.ShouldBe(cause is { } c ? [new(c, received, new(2027, 1, 5), DateOnly.Parse(recomputed!, System.Globalization.CultureInfo.InvariantCulture))] : []);
    }
}
