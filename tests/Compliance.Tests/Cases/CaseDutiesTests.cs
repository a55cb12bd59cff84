using Compliance.Calendars;
using Compliance.Regulations;
using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

/// <summary>
/// What is owed about a case of Monday 2 March 2026, reported on 5 March. Day 30 is 1 April; the working days after it are 2, 3, 7 to 10 and 13 to 16 April (4 to 6 April rest), so the statement is due
/// on 16 April. The follow-ups are due from 1 to 16 April, and from 31 May to 30 June.
/// </summary>
public class CaseDutiesTests
{
    private static readonly ReportingRule Rule = ShippedRegulations.Set.ReportDefinitions("neurovascular", Given.Day)!.InPractice.Reporting;

    private static readonly CalendarHistory Calendars = ShippedCalendars.All.Aggregate(
        CalendarHistory.Empty, (history, shipped) => history.With(new(shipped.Calendar.Year, 1, "n", shipped.Calendar.Rest, shipped.Calendar.MakeUp, null, new(2026, 1, 1), Hospital)));

    private static DateOnly On(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd");

    private static IReadOnlyList<string> Flags(Case.State state, string today) => CaseDuties.Flags(state, Rule, Calendars, On(today));

    private static Decision<Case.Event> State(Case.State state, bool alive, string on, ComplicationsStated complications = ComplicationsStated.None) =>
        Case.StateOutcome(state, alive, complications, Rule, On(on), Hospital);

    private static Decision<Case.Event> FollowUp(Case.State state, string on, FollowUpStatus status = FollowUpStatus.Alive, int? interval = null, string? received = null, string? remark = null) =>
        Case.RecordFollowUp(state, interval, On(on), status, remark, Rule, On(received ?? on), Hospital);

    private static Case.State Case_(DateOnly completedOn, DateOnly receivedOn, DateOnly? deadline, int calendar = 4, bool provisional = false) => Case.State.Initial.After(s => Report_(
        s, Report with { CompletedOn = completedOn }, timeliness: new(receivedOn, deadline, calendar, provisional)));

    [Fact]
    public void A_case_with_a_deadline_owes_a_statement_and_two_follow_ups() =>
        CaseDuties.Open(Reported(), Rule, Calendars).Select(o => (o.Kind, o.Number, o.OpensOn, o.DueOn, o.Provisional)).ShouldBe(
            [
                (ObligationKind.FollowUp, 30, On("2026-04-01"), On("2026-04-16"), false),
                (ObligationKind.OutcomeStatement, 0, On("2026-04-02"), On("2026-04-16"), false),
                (ObligationKind.FollowUp, 90, On("2026-05-31"), On("2026-06-30"), false),
            ],
            ignoreOrder: true);

    [Fact]
    public void Rest_days_and_make_up_days_are_counted_as_the_notice_says() =>
        // Day 30 of 1 September 2025 is 1 October; 2 to 8 October rest, Saturday the 11th is worked: 9, 10, 11, 13 to 17, 20 and 21 October.
        CaseDuties.StatementDue(Case_(new(2025, 9, 1), new(2025, 9, 2), new(2025, 9, 15)), Rule, Calendars)!.Deadline.ShouldBe(On("2025-10-21"));

    [Fact]
    public void A_deadline_beyond_the_published_years_is_provisional_and_extended_by_the_notice()
    {
        // Day 30 of 1 December 2026 is 31 December. By weekends and 1 January alone the ten are 4 to 8 and 11 to 15 January.
        var state = Case_(new(2026, 12, 1), new(2026, 12, 2), new(2026, 12, 15));
        CaseDuties.StatementDue(state, Rule, Calendars).ShouldBe(new Timeliness(new(2026, 12, 2), On("2027-01-15"), 4, Provisional: true));
        // Two more rest days move it over the weekend to Tuesday; a day that is worked instead never brings it forward.
        var published = Calendars.With(new(2027, 1, "n", [On("2027-01-01"), On("2027-01-04"), On("2027-01-05")], [], null, new(2026, 12, 20), Hospital));
        CaseDuties.StatementDue(state, Rule, published).ShouldBe(new Timeliness(new(2026, 12, 2), On("2027-01-19"), 5, Provisional: false));
        var shorter = Calendars.With(new(2027, 1, "n", [On("2027-01-01")], [On("2027-01-02")], null, new(2026, 12, 20), Hospital));
        CaseDuties.StatementDue(state, Rule, shorter)!.Deadline.ShouldBe(On("2027-01-15"));
    }

    [Fact]
    public void What_was_overdue_when_a_calendar_was_amended_stays_overdue()
    {
        // Due on 16 April; on the 17th an amendment makes the 16th a rest day: what a hospital missed it has missed.
        var amended = ShippedCalendars.All.Single(c => c.Calendar.Year == 2026).Calendar;
        CalendarHistory On_(string day) => Calendars.With(new(2026, 2, "n", [.. amended.Rest, On("2026-04-16")], amended.MakeUp, null, On(day), Hospital));
        CaseDuties.StatementDue(Reported(), Rule, On_("2026-04-17"))!.Deadline.ShouldBe(On("2026-04-16"));
        CaseDuties.StatementDue(Reported(), Rule, On_("2026-04-16"))!.Deadline.ShouldBe(On("2026-04-17"));
    }

    [Fact]
    public void A_case_without_a_deadline_or_voided_owes_nothing()
    {
        CaseDuties.Open(Case_(Given.Day, new(2026, 3, 5), deadline: null), Rule, Calendars).ShouldBeEmpty();
        CaseDuties.Open(Reported(null, s => Case.Void(s, "r", Hospital)), Rule, Calendars).ShouldBeEmpty();
        Flags(Reported(null, s => Case.Void(s, "r", Hospital)), "2027-01-01").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("2026-04-16", "")]
    [InlineData("2026-04-17", "outcomeStatementMissing followUpMissing")]
    public void What_is_due_today_is_not_missing_yet(string today, string flags) => string.Join(' ', Flags(Reported(), today)).ShouldBe(flags);

    [Theory]
    [InlineData("2026-04-01", "outcomeStillOpen")]
    [InlineData("2026-04-02", null)]
    public void The_statement_waits_until_day_30_is_over(string today, string? refused)
    {
        if (refused is not null)
            Reported().Refused(s => State(s, alive: true, today)).ShouldBe(refused);
        else
            Reported().When(s => State(s, alive: true, today)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.OutcomeStated>().StatedOn.ShouldBe(On(today));
    }

    [Fact]
    public void A_statement_made_is_owed_no_more()
    {
        var stated = Reported(null, s => State(s, alive: true, "2026-04-02"));
        CaseDuties.Open(stated, Rule, Calendars).ShouldAllBe(o => o.Kind == ObligationKind.FollowUp);
        Flags(stated, "2026-04-17").ShouldBe(["followUpMissing"]);
    }

    [Fact]
    public void Of_a_patient_who_died_it_can_be_made_at_once_and_must_say_so()
    {
        var dead = Reported(With(Death));
        dead.When(s => State(s, alive: false, "2026-03-06")).ShouldHaveSingleItem();
        var refusal = State(dead, alive: true, "2026-03-06").Refusal!;
        (refusal.Code, refusal.Pointers.Single()).ShouldBe(("diedByThen", "/aliveOnDay30"));
        CaseDuties.Open(dead, Rule, Calendars).ShouldHaveSingleItem().OpensOn.ShouldBe(new DateOnly(2026, 3, 5), "no follow-up is owed of the dead");
    }

    [Theory]
    [InlineData("2026-04-01", false)]
    [InlineData("2026-04-02", true)]
    public void The_day_of_death_says_whether_the_patient_was_alive_on_day_30(string diedOn, bool alive)
    {
        var dead = Reported(null, s => Case.ReportDeath(s, new(On(diedOn), Relation.Related), On("2026-04-03"), Hospital));
        dead.When(s => State(s, alive, "2026-04-03")).ShouldHaveSingleItem();
        dead.Refused(s => State(s, !alive, "2026-04-03")).ShouldBe(alive ? "deathNotReported" : "diedByThen");
    }

    [Fact]
    public void What_the_case_holds_cannot_be_denied()
    {
        Reported().Refused(s => State(s, alive: false, "2026-04-02")).ShouldBe("deathNotReported");
        Reported(With(null, Haematoma)).Refused(s => State(s, alive: true, "2026-04-02")).ShouldBe("complicationsStand");
        Reported().Refused(s => State(s, alive: true, "2026-04-02", ComplicationsStated.Reported)).ShouldBe("noComplicationReported");
        Reported(With(null, Haematoma)).When(s => State(s, alive: true, "2026-04-02", ComplicationsStated.Reported)).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_report_may_carry_the_statement()
    {
        var events = Case.State.Initial.When(s => Report_(s, outcome: With(null, Haematoma) with { AliveOnDay30 = true }, timeliness: OnTime with { ReceivedOn = On("2026-04-02") }));
        events[^1].ShouldBeOfType<Case.Event.OutcomeStated>().ShouldSatisfyAllConditions(
            e => e.InReport.ShouldBeTrue(), e => e.AliveOnDay30.ShouldBeTrue(), e => e.Complications.ShouldBe(ComplicationsStated.Reported), e => e.StatedOn.ShouldBe(On("2026-04-02")));
    }

    [Fact]
    public void An_extract_with_or_without_the_statement_says_nothing_new()
    {
        var stated = Reported(null, s => State(s, alive: true, "2026-04-02"));
        Report_(stated).ShouldBe(Decision<Case.Event>.Nothing);
        Report_(stated, outcome: ReportedOutcome.None with { AliveOnDay30 = true }).ShouldBe(Decision<Case.Event>.Nothing);
        Report_(stated, outcome: ReportedOutcome.None with { AliveOnDay30 = false }).Refusal!.Pointers.ShouldBe(["/outcome/aliveOnDay30"]);
        Report_(Reported(), outcome: ReportedOutcome.None with { AliveOnDay30 = true }).Refusal!.Pointers.ShouldBe(["/outcome/aliveOnDay30"]);

        // First sent with it, and a death learnt of since: the report as first sent still changes nothing.
        var first = Case.State.Initial.After(s => Report_(s, outcome: ReportedOutcome.None with { AliveOnDay30 = true })).After(s => Case.ReportDeath(s, Death, On("2026-05-01"), Hospital));
        Report_(first, outcome: ReportedOutcome.None with { AliveOnDay30 = true }).ShouldBe(Decision<Case.Event>.Nothing);
        Report_(first).ShouldBe(Decision<Case.Event>.Nothing);
    }

    [Fact]
    public void A_statement_that_the_case_has_come_to_deny_is_flagged_until_it_is_made_anew()
    {
        var denied = Reported(null, s => State(s, alive: true, "2026-04-02"), s => Case.ReportComplication(s, Haematoma, On("2026-04-02"), Hospital));
        Flags(denied, "2026-04-10").ShouldBe(["outcomeContradicted"]);
        Flags(denied.After(s => State(s, alive: true, "2026-04-10", ComplicationsStated.Reported)), "2026-04-10").ShouldBeEmpty();
    }

    [Fact]
    public void A_statement_that_rested_on_a_death_withdrawn_is_owed_again()
    {
        var dead = Reported(With(Death), s => State(s, alive: false, "2026-03-06"), s => Case.Withdraw(s, Case.TheDeath, "r", Hospital));
        Flags(dead, "2026-04-17").ShouldBeEmpty();
        var alive = dead.After(s => Case.DecideRequest(s, s.Request(), agree: true, "r", Regulator));
        Flags(alive, "2026-04-16").ShouldBeEmpty();
        Flags(alive, "2026-04-17").ShouldBe(["outcomeStatementMissing", "followUpMissing"]);
    }

    [Theory]
    [InlineData("2026-04-04", "")]
    [InlineData("2026-04-05", "lateOutcome")]
    public void An_outcome_is_late_more_than_thirty_days_after_it_happened(string receivedOn, string flags)
    {
        // The stroke was on 3 March, the death on 5 March.
        string.Join(' ', Flags(Reported(null, s => Case.ReportDeath(s, Death, On(receivedOn), Hospital)), "2026-04-10")).ShouldBe(flags);
        string.Join(' ', Flags(Reported(null, s => Case.ReportComplication(s, Stroke, On(receivedOn).AddDays(-2), Hospital)), "2026-04-10")).ShouldBe(flags);
    }

    [Fact]
    public void A_late_complication_withdrawn_is_no_outcome()
    {
        var late = Reported(null, s => Case.ReportComplication(s, Haematoma, On("2026-04-10"), Hospital));
        Flags(late, "2026-04-10").ShouldBe(["lateOutcome"]);
        Flags(late.After(s => Case.Withdraw(s, s.Complications[0].Id.ToString(), "r", Hospital)), "2026-04-10").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("2026-03-31", "2026-03-31", null, FollowUpDuty.Open)]
    [InlineData("2026-04-01", "2026-04-01", 30, FollowUpDuty.InTime)]
    [InlineData("2026-04-16", "2026-04-16", 30, FollowUpDuty.InTime)]
    [InlineData("2026-04-16", "2026-04-17", 30, FollowUpDuty.Otherwise)]
    [InlineData("2026-04-17", "2026-04-17", 30, FollowUpDuty.Otherwise)]
    [InlineData("2026-05-30", "2026-05-30", 30, FollowUpDuty.Otherwise)]
    [InlineData("2026-05-31", "2026-05-31", 90, FollowUpDuty.Open)]
    public void A_follow_up_answers_the_interval_that_has_begun(string on, string received, int? interval, FollowUpDuty first)
    {
        var followed = Reported(null, s => FollowUp(s, on, received: received));
        followed.FollowUps.ShouldHaveSingleItem().Interval.ShouldBe(interval);
        CaseDuties.FollowUps(followed, Rule)[0].Duty.ShouldBe(first);
    }

    [Fact]
    public void A_follow_up_may_name_its_interval()
    {
        Reported().When(s => FollowUp(s, "2026-06-05", interval: 30)).ShouldHaveSingleItem().ShouldBeOfType<Case.Event.FollowUpRecorded>().Interval.ShouldBe(30);
        Reported().Refused(s => FollowUp(s, "2026-05-30", interval: 90)).ShouldBe("beforeInterval");
        Reported().Refused(s => FollowUp(s, "2026-06-05", interval: 60)).ShouldBe("unknownValue");
    }

    [Fact]
    public void A_patient_lost_is_followed_up_and_counts_as_missed()
    {
        var lost = Reported(null, s => FollowUp(s, "2026-04-10", FollowUpStatus.Lost));
        CaseDuties.FollowUps(lost, Rule)[0].Duty.ShouldBe(FollowUpDuty.Otherwise);
        Flags(lost.After(s => State(s, alive: true, "2026-04-10")), "2026-04-17").ShouldBeEmpty();
        CaseDuties.FollowUps(lost.After(s => FollowUp(s, "2026-04-12")), Rule)[0].Duty.ShouldBe(FollowUpDuty.InTime, "found again in time");
        CaseDuties.FollowUps(Reported(null, s => FollowUp(s, "2026-04-10"), s => FollowUp(s, "2026-04-11", FollowUpStatus.Lost)), Rule)[0].Duty.ShouldBe(FollowUpDuty.Otherwise);
    }

    [Fact]
    public void The_same_follow_up_again_changes_nothing_and_another_takes_its_place()
    {
        var followed = Reported(null, s => FollowUp(s, "2026-04-10", remark: "by telephone"));
        FollowUp(followed, "2026-04-10", remark: "by telephone").ShouldBe(Decision<Case.Event>.Nothing);
        followed.After(s => FollowUp(s, "2026-04-10", remark: "seen")).StandingFollowUps.ShouldHaveSingleItem().Remark.ShouldBe("seen");
    }

    [Theory]
    [InlineData("2026-04-16", 0)]
    [InlineData("2026-04-17", 1)]
    [InlineData("2026-06-30", 1)]
    [InlineData("2026-07-01", 2)]
    public void Whoever_dies_by_the_end_of_a_window_is_followed_up_no_more(string diedOn, int owed) =>
        CaseDuties.FollowUps(Reported(null, s => Case.ReportDeath(s, new(On(diedOn), Relation.Related), On("2026-07-02"), Hospital)), Rule).Count.ShouldBe(owed);

    [Theory]
    [InlineData("2026-04-16", 2)]
    [InlineData("2026-04-17", 1)]
    [InlineData("2026-07-01", 0)]
    public void What_was_over_before_the_report_is_not_owed(string receivedOn, int owed) =>
        CaseDuties.FollowUps(Case_(Given.Day, On(receivedOn), new(2026, 3, 16)), Rule).Count.ShouldBe(owed);

    /// <summary>Corrected to Tuesday 3 March the first window is 2 to 17 April.</summary>
    [Theory]
    [InlineData("2026-04-01", FollowUpDuty.Open)]
    [InlineData("2026-04-02", FollowUpDuty.InTime)]
    public void A_correction_of_the_day_opens_again_what_was_learnt_before_the_window(string on, FollowUpDuty duty)
    {
        var tuesday = Report with { CompletedOn = new(2026, 3, 3), CompletedAt = Report.CompletedAt.AddDays(1) };
        var moved = Reported(null, s => FollowUp(s, on), s => Case.Correct(s, tuesday, OnTime, "r", Hospital));
        CaseDuties.FollowUps(moved, Rule)[0].ShouldBe(new(30, On("2026-04-02"), On("2026-04-17"), duty));
        CaseDuties.Open(moved, Rule, Calendars).Any(o => (o.Kind, o.Number) == (ObligationKind.FollowUp, 30)).ShouldBe(duty == FollowUpDuty.Open);
    }

    [Fact]
    public void A_follow_up_that_finds_the_patient_dead_stands_for_no_report()
    {
        var dead = Reported(null, s => FollowUp(s, "2026-04-10", FollowUpStatus.Dead));
        dead.Death.ShouldBeNull();
        Flags(dead, "2026-04-10").ShouldBe(["outcomeContradicted"]);
        Flags(dead.After(s => Case.ReportDeath(s, new(On("2026-04-10"), Relation.Undetermined), On("2026-04-10"), Hospital)), "2026-04-10").ShouldBeEmpty();
        Flags(dead.After(s => Case.ReportDeath(s, new(On("2026-04-11"), Relation.Undetermined), On("2026-04-11"), Hospital)), "2026-04-11").ShouldBe(["outcomeContradicted"]);
    }

    [Fact]
    public void Nobody_is_found_alive_after_the_death()
    {
        var dead = Reported(With(Death));
        dead.Refused(s => FollowUp(s, "2026-03-06")).ShouldBe("afterDeath");
        dead.When(s => FollowUp(s, "2026-03-05")).ShouldHaveSingleItem();
        Flags(Reported(null, s => FollowUp(s, "2026-03-06"), s => Case.ReportDeath(s, Death, On("2026-03-07"), Hospital)), "2026-03-07").ShouldBe(["outcomeContradicted"]);
    }

    [Fact]
    public void A_voided_case_takes_neither()
    {
        var voided = Reported(null, s => Case.Void(s, "r", Hospital));
        voided.Refused(s => State(s, alive: true, "2026-04-02")).ShouldBe("caseVoided");
        voided.Refused(s => FollowUp(s, "2026-04-02")).ShouldBe("caseVoided");
    }
}
