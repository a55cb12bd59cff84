using System.Diagnostics;
using System.Globalization;
using Compliance.Calendars;

namespace Compliance.Cases;

/// <summary>How many obligations of a kind are due on a day.</summary>
public sealed record DueCount(DateOnly DueOn, ObligationKind Kind, int Count);

/// <summary>
/// What is owed as a calendar shows it: one entry a day and kind, with the number of things due. The address of a feed leaks
/// sooner or later, so nothing in it leads to a case. What is overdue stands on today until it is done.
/// </summary>
public static class DeadlineFeed
{
    /// <param name="feed">Makes the ids of the entries: the same entry keeps its id, and no two feeds share one.</param>
    /// <param name="due">In any order; a day and kind may come more than once.</param>
    public static IReadOnlyList<CalendarEntry> Entries(Guid feed, IEnumerable<DueCount> due, DateOnly today, bool chinese)
    {
        string IdOf(string what, ObligationKind kind) => NameBasedId.Of("deadlineFeed", feed.ToString("D"), what, kind.ToString()).ToString("D");
        return
        [
            .. due.GroupBy(d => (Overdue: d.DueOn < today, On: d.DueOn < today ? today : d.DueOn, d.Kind))
                .Select(g => (g.Key, Count: g.Sum(d => d.Count)))
                .Where(g => g.Count > 0)
                .OrderBy(g => g.Key.On).ThenByDescending(g => g.Key.Overdue).ThenBy(g => g.Key.Kind)
                .Select(g => new CalendarEntry(
                    // What is overdue moves from day to day and stays one entry.
                    IdOf(g.Key.Overdue ? "overdue" : g.Key.On.ToString("O", CultureInfo.InvariantCulture), g.Key.Kind), g.Key.On, Text(g.Key.Kind, g.Count, g.Key.Overdue, chinese))),
        ];
    }

    private static string Text(ObligationKind kind, int count, bool overdue, bool chinese)
    {
        var (one, many, zh) = kind switch
        {
            ObligationKind.Report => ("report", "reports", "份病例报告"),
            ObligationKind.OutcomeStatement => ("outcome statement", "outcome statements", "份结局说明"),
            ObligationKind.FollowUp => ("follow-up", "follow-ups", "项随访"),
            ObligationKind.NoticeAnswer => ("answer to a notice", "answers to notices", "份结局通报答复"),
            _ => throw new UnreachableException($"nobody said how {kind} is told"),
        };
        return chinese ? $"{count}{zh}{(overdue ? "已逾期" : "到期")}" : $"{count} {(count == 1 ? one : many)} {(overdue ? "overdue" : "due")}";
    }
}
