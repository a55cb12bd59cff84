using Compliance.Cases;

namespace Compliance.Calendars;

/// <summary>The calendars in the order they were published, and the day each was.</summary>
public sealed record CalendarHistory(IReadOnlyList<(WorkingCalendar Calendar, DateOnly RecordedOn)> Publications)
{
    public static readonly CalendarHistory Empty = new([]);

    public WorkingCalendar Latest => Publications is [.., var last] ? last.Calendar : WorkingCalendar.Empty;

    public CalendarHistory With(Calendar.Published p) =>
        new([.. Publications, (Latest.With(new CalendarYear(p.Year, p.Version, p.Notice, p.Rest, p.MakeUp)), p.RecordedOn)]);

    /// <summary>
    /// A deadline as later calendars left it: one that was provisional, or still open on the day a calendar was
    /// published, is computed again. That may extend it, never shorten it: what a hospital was once told holds.
    /// </summary>
    public Timeliness Recompute(Timeliness timeliness, DateOnly completedOn, int workingDays)
    {
        if (timeliness.Deadline is null)
        {
            return timeliness;
        }

        var now = timeliness;
        foreach (var (calendar, recordedOn) in Publications)
        {
            if (calendar.Version > now.CalendarVersion && (now.Provisional || now.Deadline >= recordedOn))
            {
                var again = calendar.Deadline(completedOn, workingDays);
                now = now with
                {
                    Deadline = again.On > now.Deadline ? again.On : now.Deadline,
                    CalendarVersion = again.CalendarVersion,
                    Provisional = again.Provisional,
                };
            }
        }

        return now;
    }
}
