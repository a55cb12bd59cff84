using System.Text;
using Compliance.Calendars;

namespace Compliance.Tests.Calendars;

/// <summary>The text of a calendar file, held against RFC 5545.</summary>
public class CalendarFileTests
{
    private static readonly DateTimeOffset Stamp = new(2026, 3, 16, 8, 5, 9, TimeSpan.FromHours(8));

    /// <summary>The example of 3.1 of the RFC, folded where it must be and not where it may be, reads the same when it is unfolded.</summary>
    [Fact]
    public void Long_lines_are_folded_at_75_octets()
    {
        CalendarFile.Fold("DESCRIPTION:This is a long description that exists on a long line.").ShouldBe("DESCRIPTION:This is a long description that exists on a long line.");
        var at75 = new string('a', 75);
        CalendarFile.Fold(at75).ShouldBe(at75);
        CalendarFile.Fold(at75 + "b").ShouldBe(at75 + "\r\n b");
        // The space that begins a line counts: 75 and 74 octets.
        CalendarFile.Fold(new string('a', 149)).ShouldBe(at75 + "\r\n " + new string('a', 74));
        CalendarFile.Fold(new string('a', 150)).ShouldBe(at75 + "\r\n " + new string('a', 74) + "\r\n a");
    }

    [Theory]
    [InlineData("报", 3)]
    [InlineData("é", 2)]
    [InlineData("𠮷", 4)]
    public void No_character_is_cut_in_two(string character, int octets)
    {
        Encoding.UTF8.GetByteCount(character).ShouldBe(octets);
        var line = "SUMMARY:" + string.Concat(Enumerable.Repeat(character, 60));
        var folded = CalendarFile.Fold(line);
        var lines = folded.Split("\r\n");
        lines.ShouldAllBe(l => Encoding.UTF8.GetByteCount(l) <= 75);
        // As full as can be: one character more would not fit.
        lines[..^1].ShouldAllBe(l => Encoding.UTF8.GetByteCount(l) > 75 - octets);
        lines[1..].ShouldAllBe(l => l[0] == ' ');
        folded.Replace("\r\n ", "", StringComparison.Ordinal).ShouldBe(line);
    }

    /// <summary>The example of 3.3.11 of the RFC: "Project XYZ Final Review\nConference Room - 3B\nCome Prepared."</summary>
    [Fact]
    public void Texts_are_escaped_as_in_the_RFC()
    {
        CalendarFile.Escape("Project XYZ Final Review\nConference Room - 3B\nCome Prepared.").ShouldBe(@"Project XYZ Final Review\nConference Room - 3B\nCome Prepared.");
        CalendarFile.Escape("a;b,c\\d\r\ne").ShouldBe(@"a\;b\,c\\d\ne");
    }

    [Fact]
    public void A_calendar_of_one_entry()
    {
        var text = CalendarFile.Write("Deadlines of A, B", Stamp, [new("u-1", new DateOnly(2026, 3, 17), "3 reports due")]);
        text.ShouldEndWith("END:VCALENDAR\r\n");
        text.Replace("\r\n", "", StringComparison.Ordinal).ShouldNotContain("\n");
        var lines = text.Split("\r\n")[..^1];
        (lines[0], lines[1]).ShouldBe(("BEGIN:VCALENDAR", "VERSION:2.0"));
        lines.ShouldContain(@"NAME:Deadlines of A\, B");
        string.Join('|', lines[Array.IndexOf(lines, "BEGIN:VEVENT")..(Array.IndexOf(lines, "END:VEVENT") + 1)])
            .ShouldBe("BEGIN:VEVENT|UID:u-1|DTSTAMP:20260316T000509Z|DTSTART;VALUE=DATE:20260317|SUMMARY:3 reports due|TRANSP:TRANSPARENT|END:VEVENT");
    }

    /// <summary>3.6: a calendar has at least one component, and each that begins ends.</summary>
    [Fact]
    public void A_calendar_with_nothing_in_it_is_one_all_the_same()
    {
        var open = new Stack<string>();
        var components = 0;
        foreach (var line in CalendarFile.Write("n", Stamp, []).Split("\r\n"))
        {
            if (line.StartsWith("BEGIN:", StringComparison.Ordinal))
            {
                components += open.Count == 1 ? 1 : 0;
                open.Push(line[6..]);
            }
            else if (line.StartsWith("END:", StringComparison.Ordinal))
            {
                open.Pop().ShouldBe(line[4..]);
            }
        }

        open.ShouldBeEmpty();
        components.ShouldBeGreaterThan(0);
    }
}
