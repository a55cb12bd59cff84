using System.Globalization;
using System.Text;

namespace Compliance.Calendars;

/// <summary>One entry of a whole day.</summary>
/// <param name="Id">Unique in the world, and the same whenever the same entry is written again.</param>
public sealed record CalendarEntry(string Id, DateOnly On, string Summary);

/// <summary>Entries as the text of an iCalendar file (RFC 5545), for calendar programs.</summary>
public static class CalendarFile
{
    public const string ContentType = "text/calendar; charset=utf-8";

    /// <summary>Octets of a line at most, its end not counted (RFC 5545, 3.1).</summary>
    private const int LongestLine = 75;

    /// <param name="name">What programs call the calendar.</param>
    /// <param name="stamp">When it was made; instants finer than a second are cut.</param>
    public static string Write(string name, DateTimeOffset stamp, IEnumerable<CalendarEntry> entries)
    {
        var text = new StringBuilder();
        void Line(string line) => text.Append(Fold(line)).Append("\r\n");
        Line("BEGIN:VCALENDAR");
        Line("VERSION:2.0");
        Line("PRODID:-//Compliance//Deadlines//EN");
        Line("CALSCALE:GREGORIAN");
        // NAME and REFRESH-INTERVAL are those of RFC 7986, the others what programs knew before it.
        Line($"NAME:{Escape(name)}");
        Line($"X-WR-CALNAME:{Escape(name)}");
        Line("REFRESH-INTERVAL;VALUE=DURATION:PT6H");
        Line("X-PUBLISHED-TTL:PT6H");
        // A calendar has at least one component, also when nothing is due.
        Line("BEGIN:VTIMEZONE");
        Line("TZID:Asia/Shanghai");
        Line("BEGIN:STANDARD");
        Line("DTSTART:19700101T000000");
        Line("TZOFFSETFROM:+0800");
        Line("TZOFFSETTO:+0800");
        Line("END:STANDARD");
        Line("END:VTIMEZONE");
        foreach (var entry in entries)
        {
            Line("BEGIN:VEVENT");
            Line($"UID:{entry.Id}");
            Line($"DTSTAMP:{stamp.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}");
            // Without an end it lasts that one day.
            Line($"DTSTART;VALUE=DATE:{entry.On.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}");
            Line($"SUMMARY:{Escape(entry.Summary)}");
            // A deadline keeps nobody busy.
            Line("TRANSP:TRANSPARENT");
            Line("END:VEVENT");
        }

        Line("END:VCALENDAR");
        return text.ToString();
    }

    /// <summary>A text as the value of a property (RFC 5545, 3.3.11).</summary>
    public static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace(";", "\\;", StringComparison.Ordinal)
        .Replace(",", "\\,", StringComparison.Ordinal)
        .Replace("\r\n", "\\n", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>A line cut into lines of at most 75 octets of UTF-8, each but the first begun with a space; no character is cut.</summary>
    public static string Fold(string line)
    {
        var folded = new StringBuilder(line.Length + 8);
        var octets = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            if (octets + rune.Utf8SequenceLength > LongestLine)
            {
                folded.Append("\r\n ");
                octets = 1;
            }

            folded.Append(rune.ToString());
            octets += rune.Utf8SequenceLength;
        }

        return folded.ToString();
    }
}
