using Compliance.Calendars;

namespace Compliance.Cases.Tests;

/// <summary>What is owed as a calendar shows it, and which day is soon.</summary>
public class DeadlineFeedTests
{
    private static readonly DateOnly Today = new(2026, 3, 16);
    private static readonly Guid Feed = new("0b8a7c1d-4e52-5f36-8a97-1c2d3e4f5061");

    private static readonly DueCount[] Due =
    [
        new(Today.AddDays(1), ObligationKind.FollowUp, 1),
        new(Today.AddDays(-1), ObligationKind.Report, 2),
        new(Today, ObligationKind.Report, 1),
        new(Today.AddDays(-9), ObligationKind.Report, 3),
        new(Today, ObligationKind.OutcomeStatement, 2),
        new(Today.AddDays(1), ObligationKind.NoticeAnswer, 0),
    ];

    [Fact]
    public void One_entry_a_day_and_kind_and_what_is_overdue_stands_on_today()
    {
        DeadlineFeed.Entries(Feed, Due, Today, chinese: false).Select(e => (e.On, e.Summary)).ShouldBe(
            [(Today, "5 reports overdue"), (Today, "1 report due"), (Today, "2 outcome statements due"), (Today.AddDays(1), "1 follow-up due")]);
        DeadlineFeed.Entries(Feed, Due, Today, chinese: true).Select(e => e.Summary).ShouldBe(["5份病例报告已逾期", "1份病例报告到期", "2份结局说明到期", "1项随访到期"]);
        DeadlineFeed.Entries(Feed, [], Today, chinese: false).ShouldBeEmpty();
    }

    [Fact]
    public void An_entry_keeps_its_id_and_no_two_share_one()
    {
        var ids = DeadlineFeed.Entries(Feed, Due, Today, chinese: false).Select(e => e.Id).ToList();
        ids.ShouldBeUnique();
        ids.Count(id => Guid.TryParse(id, out var _)).ShouldBe(ids.Count);
        // Another number of things due, in another language: the same entries.
        DeadlineFeed.Entries(Feed, Due.Select(d => d with { Count = d.Count * 2 }), Today, chinese: true).Select(e => e.Id).ShouldBe(ids);
        // The overdue ones move on with the days and stay one entry; those due today have become overdue.
        var tomorrow = DeadlineFeed.Entries(Feed, Due, Today.AddDays(1), chinese: false);
        tomorrow.Select(e => e.Summary).ShouldBe(["6 reports overdue", "2 outcome statements overdue", "1 follow-up due"]);
        (tomorrow[0].Id, tomorrow[2].Id).ShouldBe((ids[0], ids[3]));
        DeadlineFeed.Entries(Guid.Empty, Due, Today, chinese: false).Select(e => e.Id).Intersect(ids).ShouldBeEmpty();
    }

    /// <summary>Around the National Day of 2025: 1 to 8 October rest, Sunday 28 September and Saturday 11 October are worked.</summary>
    [Theory]
    [InlineData("2025-09-29", "2025-10-11", ObligationState.DueLater)] // 30 September, 9 and 10 October
    [InlineData("2025-09-30", "2025-10-11", ObligationState.DueSoon)] // 9, 10 and 11 October
    [InlineData("2025-10-08", "2025-10-11", ObligationState.DueSoon)]
    [InlineData("2025-10-10", "2025-10-11", ObligationState.DueSoon)]
    [InlineData("2025-10-11", "2025-10-11", ObligationState.DueToday)]
    [InlineData("2025-10-12", "2025-10-11", ObligationState.Overdue)]
    [InlineData("2025-10-11", "2025-10-12", ObligationState.DueSoon)]
    public void Soon_is_within_three_working_days(string asOf, string dueOn, ObligationState state)
    {
        static DateOnly Day(string text) => DateOnly.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var days = DueDays.On(ShippedCalendars.All.Aggregate(WorkingCalendar.Empty, (c, s) => c.With(s.Calendar)), Day(asOf));
        days.StateOf(Day(dueOn)).ShouldBe(state);
        // The states part the days without gap or overlap.
        foreach (var of in Enum.GetValues<ObligationState>())
        {
            var (from, to) = days.Of(of);
            (from <= Day(dueOn) && Day(dueOn) <= to).ShouldBe(of == state);
        }

        days.Of(null).ShouldBe((DateOnly.MinValue, DateOnly.MaxValue));
    }
}
