using System.Text.Json;
using Compliance.Calendars;

namespace Compliance.Tests.Calendars;

public class WorkingCalendarTests
{
    private static readonly WorkingCalendar Calendar = ShippedCalendars.All.Aggregate(WorkingCalendar.Empty, (calendar, shipped) => calendar.With(shipped.Calendar));

    /// <summary>Counted off the notices with a finger; "28=1" reads: the 28th is working day 1. (m) marks a make-up day.</summary>
    [Theory]
    // 2023: New Year 12-31 to 01-02, Spring Festival 01-21 to 01-27, made up on Sat 01-28 and Sun 01-29.
    [InlineData("2022-12-31", "2023-01-16", "Sat, rest by the 2023 notice: 3-6=1-4, 9-13=5-9, 16=10")]
    [InlineData("2023-01-02", "2023-01-16", "Mon, rest: 3-6=1-4, 9-13=5-9, 16=10")]
    [InlineData("2023-01-13", "2023-02-01", "Fri: 16-20=1-5, 21-27 off, (m)28=6, (m)29=7, 30=8, 31=9, 02-01=10")]
    [InlineData("2023-01-20", "2023-02-08", "Fri before the festival: (m)28=1, (m)29=2, 30=3, 31=4, 02-01..03=5-7, 6=8, 7=9, 8=10")]
    [InlineData("2023-01-28", "2023-02-09", "on a make-up Sat: (m)29=1, 30=2, 31=3, 02-01..03=4-6, 6-9=7-10")]
    // 2023: Labour Day 04-29 to 05-03, made up on Sun 04-23 and Sat 05-06; Dragon Boat 06-22 to 06-24, made up on Sun 06-25.
    [InlineData("2023-04-20", "2023-05-06", "Thu: 21=1, (m)23=2, 24-28=3-7, 29 to 05-03 off, 4=8, 5=9, (m)6=10: the deadline is a make-up Sat")]
    [InlineData("2023-06-16", "2023-07-03", "Fri: 19-21=1-3, 22-24 off, (m)25=4, 26-30=5-9, 07-03=10")]
    // 2023: Mid-Autumn and National Day 09-29 to 10-06, made up on Sat 10-07 and Sun 10-08.
    [InlineData("2023-09-28", "2023-10-18", "Thu: 29 to 10-06 off, (m)7=1, (m)8=2, 9-13=3-7, 16=8, 17=9, 18=10")]
    [InlineData("2023-10-03", "2023-10-18", "in the holiday: as on its eve")]
    [InlineData("2023-10-07", "2023-10-19", "on a make-up Sat: (m)8=1, 9-13=2-6, 16-19=7-10")]
    [InlineData("2023-12-25", "2024-01-09", "Mon: 26-29=1-4, 30 to 01-01 off, 2-5=5-8, 8=9, 9=10")]
    // 2024: Spring Festival 02-10 to 02-17, made up on Sun 02-04 and Sun 02-18.
    [InlineData("2024-01-31", "2024-02-19", "Wed: 1=1, 2=2, (m)4=3, 5-9=4-8, 10-17 off, (m)18=9, 19=10")]
    [InlineData("2024-02-04", "2024-02-22", "on a make-up Sun: 5-9=1-5, (m)18=6, 19-22=7-10")]
    [InlineData("2024-02-09", "2024-02-29", "Fri before the festival: (m)18=1, 19-23=2-6, 26-29=7-10, in a leap year")]
    // 2024: Mid-Autumn 09-15 to 09-17, made up on Sat 09-14; National Day 10-01 to 10-07, made up on Sun 09-29 and Sat 10-12.
    [InlineData("2024-09-13", "2024-09-29", "Fri: (m)14=1, 15-17 off, 18-20=2-4, 23-27=5-9, (m)29=10: the deadline is a make-up Sun")]
    [InlineData("2024-09-27", "2024-10-16", "Fri: (m)29=1, 30=2, 10-01..07 off, 8-11=3-6, (m)12=7, 14=8, 15=9, 16=10")]
    [InlineData("2024-10-12", "2024-10-25", "on a make-up Sat: 14-18=1-5, 21-25=6-10")]
    [InlineData("2024-12-20", "2025-01-06", "Fri: 23-27=1-5, 30=6, 31=7, 01-01 off, 2=8, 3=9, 6=10")]
    // 2025: Spring Festival 01-28 to 02-04, made up on Sun 01-26 and Sat 02-08.
    [InlineData("2025-01-22", "2025-02-11", "Wed: 23=1, 24=2, (m)26=3, 27=4, 28 to 02-04 off, 5-7=5-7, (m)8=8, 10=9, 11=10")]
    [InlineData("2025-01-26", "2025-02-14", "on a make-up Sun: 27=1, 02-05..07=2-4, (m)8=5, 10-14=6-10")]
    [InlineData("2025-01-27", "2025-02-17", "Mon before the festival: 02-05..07=1-3, (m)8=4, 10-14=5-9, 17=10")]
    // 2025: National Day and Mid-Autumn 10-01 to 10-08, made up on Sun 09-28 and Sat 10-11.
    [InlineData("2025-09-26", "2025-10-16", "Fri: (m)28=1, 29=2, 30=3, 10-01..08 off, 9=4, 10=5, (m)11=6, 13-16=7-10")]
    [InlineData("2025-10-01", "2025-10-21", "in the holiday: 9=1, 10=2, (m)11=3, 13-17=4-8, 20=9, 21=10")]
    // 2026: New Year 01-01 to 01-03, made up on Sun 01-04.
    [InlineData("2025-12-24", "2026-01-08", "Wed: 25=1, 26=2, 29-31=3-5, 01-01..03 off, (m)4=6, 5-8=7-10")]
    [InlineData("2026-01-04", "2026-01-16", "on a make-up Sun: 5-9=1-5, 12-16=6-10")]
    // 2026: Spring Festival 02-15 to 02-23, made up on Sat 02-14 and Sat 02-28.
    [InlineData("2026-02-06", "2026-02-27", "Fri: 9-13=1-5, (m)14=6, 15-23 off, 24-27=7-10")]
    [InlineData("2026-02-13", "2026-03-05", "Fri: (m)14=1, 15-23 off, 24-27=2-5, (m)28=6, 03-02..05=7-10")]
    [InlineData("2026-02-14", "2026-03-06", "on a make-up Sat: 24-27=1-4, (m)28=5, 03-02..06=6-10")]
    [InlineData("2026-03-02", "2026-03-16", "Mon, no holiday near: 3-6=1-4, 9-13=5-9, 16=10")]
    // 2026: Mid-Autumn 09-25 to 09-27, made up on Sun 09-20; National Day 10-01 to 10-07, made up on Sat 10-10.
    [InlineData("2026-09-18", "2026-10-09", "Fri: (m)20=1, 21-24=2-5, 25-27 off, 28-30=6-8, 10-01..07 off, 8=9, 9=10")]
    [InlineData("2026-09-30", "2026-10-20", "Wed before the holiday: 8=1, 9=2, (m)10=3, 12-16=4-8, 19=9, 20=10")]
    [InlineData("2026-12-17", "2026-12-31", "Thu: 18=1, 21-25=2-6, 28-31=7-10: the last one that needs no calendar of 2027")]
    public void DeadlineWorkedByHand(string completedOn, string deadline, string working)
    {
        ReportDeadline actual = Calendar.Deadline(Day(completedOn));
        actual.On.ShouldBe(Day(deadline), working);
        actual.Provisional.ShouldBeFalse();
        actual.CalendarVersion.ShouldBe(4);
    }

    [Theory]
    [InlineData("2026-12-18", "2027-01-04", "Fri: 21-25=1-5, 28-31=6-9, 01-01 off in any year, 4=10")]
    [InlineData("2026-12-31", "2027-01-15", "Thu: 01-04..08=1-5, 11-15=6-10")]
    [InlineData("2027-02-05", "2027-02-19", "Fri before the Spring Festival nobody has announced yet: 8-12=1-5, 15-19=6-10")]
    [InlineData("2022-12-30", "2023-01-16", "Fri: walks 2022-12-31, a day of a year without a notice here; 3-6=1-4, 9-13=5-9, 16=10")]
    public void DeadlineInAYearWithoutANoticeIsProvisional(string completedOn, string deadline, string working)
    {
        ReportDeadline actual = Calendar.Deadline(Day(completedOn));
        actual.On.ShouldBe(Day(deadline), working);
        actual.Provisional.ShouldBeTrue();
    }

    [Fact]
    public void ANoticeSettlesAProvisionalDeadline()
    {
        WorkingCalendar withNotice = Calendar.With(new(2027, 1, "made up for this test", [Day("2027-01-01"), Day("2027-01-02"), Day("2027-01-03"), Day("2027-01-04")], []));
        withNotice.Deadline(Day("2026-12-18")).ShouldBe(new ReportDeadline(Day("2027-01-05"), 5, Provisional: false));
    }

    [Fact]
    public void EveryDayOfTheFourYearsAgreesWithANaiveCount()
    {
        int days = 0;
        for (DateOnly day = Day("2023-01-01"); day <= Day("2026-12-31"); day = day.AddDays(1), days++)
        {
            Calendar.IsWorkingDay(day).ShouldBe(Naive.IsWorkingDay(day), $"{day:O}");
            Calendar.Deadline(day).On.ShouldBe(Naive.Deadline(day), $"deadline of {day:O}");
            Calendar.SettledDay(day).ShouldBe(Naive.SettledDay(day), $"settled day at {day:O}");
        }

        days.ShouldBe(1461);
    }

    [Theory]
    [InlineData("2023-02-01", "2023-01-12", "the 13th, a Friday, is due on 02-01 itself")]
    [InlineData("2023-02-02", "2023-01-15", "the 13th to the 15th were due on 02-01; the 16th is due on 02-02")]
    [InlineData("2026-03-17", "2026-03-02", "03-02 was due on 03-16; 03-03 is due on 03-17")]
    public void SettledDayWorkedByHand(string asOf, string settled, string why) => Calendar.SettledDay(Day(asOf)).ShouldBe(Day(settled), why);

    [Fact]
    public void WithoutANoticeWeekendsAndNewYearRest()
    {
        WorkingCalendar.Empty.Version.ShouldBe(0);
        WorkingCalendar.Empty.IsPublished(2026).ShouldBeFalse();
        WorkingCalendar.Empty.IsWorkingDay(Day("2026-01-01")).ShouldBeFalse();
        WorkingCalendar.Empty.IsWorkingDay(Day("2026-01-02")).ShouldBeTrue();
        WorkingCalendar.Empty.IsWorkingDay(Day("2026-01-03")).ShouldBeFalse();
        WorkingCalendar.Empty.IsWorkingDay(Day("2026-10-01")).ShouldBeTrue();
    }

    [Fact]
    public void AnEntryHoldsOnItsDayWhicheverYearsNoticeCarriesIt()
    {
        CalendarYear next = new(2029, 1, "made up for this test", [Day("2028-12-29")], [Day("2028-12-30")]);
        WorkingCalendar calendar = WorkingCalendar.Empty.With(next);
        calendar.IsWorkingDay(Day("2028-12-29")).ShouldBeFalse();
        calendar.IsWorkingDay(Day("2028-12-30")).ShouldBeTrue();
        calendar.IsPublished(2028).ShouldBeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OfAYearTheHighestVersionHoldsInWhateverOrderTheyCome(bool amendmentFirst)
    {
        CalendarYear first = new(2027, 1, "first", [Day("2027-05-03")], [Day("2027-05-08")]);
        CalendarYear amended = new(2027, 2, "amended", [Day("2027-05-04")], []);
        WorkingCalendar calendar = amendmentFirst ? WorkingCalendar.Empty.With(amended).With(first) : WorkingCalendar.Empty.With(first).With(amended);
        calendar.Version.ShouldBe(2);
        calendar.Years.ShouldBe([amended]);
        calendar.IsWorkingDay(Day("2027-05-03")).ShouldBeTrue();
        calendar.IsWorkingDay(Day("2027-05-04")).ShouldBeFalse();
        calendar.IsWorkingDay(Day("2027-05-08")).ShouldBeFalse();
    }

    [Fact]
    public void AddingNoWorkingDaysGivesTheDayItself()
    {
        Calendar.AddWorkingDays(Day("2026-02-17"), 0).ShouldBe(Day("2026-02-17"));
        Calendar.AddWorkingDays(Day("2026-02-17"), 1).ShouldBe(Day("2026-02-24"));
        Should.Throw<ArgumentOutOfRangeException>(() => Calendar.AddWorkingDays(Day("2026-02-17"), -1));
        Should.Throw<ArgumentOutOfRangeException>(() => Calendar.Deadline(Day("2026-02-17"), 0));
    }

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");

    /// <summary>The rule of the data file and nothing else: no shared code, every day walked.</summary>
    private static class Naive
    {
        private static readonly HashSet<string> Rest = Read("rest");
        private static readonly HashSet<string> MakeUp = Read("makeUp");

        public static bool IsWorkingDay(DateOnly day)
        {
            string name = day.ToString("yyyy-MM-dd");
            if (MakeUp.Contains(name))
                return true;
            if (day.Year is < 2023 or > 2026 && name.EndsWith("-01-01", StringComparison.Ordinal))
                return false;
            return !Rest.Contains(name) && day.DayOfWeek != DayOfWeek.Saturday && day.DayOfWeek != DayOfWeek.Sunday;
        }

        public static DateOnly Deadline(DateOnly completedOn)
        {
            int worked = 0;
            DateOnly day = completedOn;
            while (worked < 10)
            {
                day = day.AddDays(1);
                worked += IsWorkingDay(day) ? 1 : 0;
            }

            return day;
        }

        /// <summary>By its definition: try every day back from the day itself until one was due before it.</summary>
        public static DateOnly SettledDay(DateOnly asOf)
        {
            DateOnly day = asOf;
            while (Deadline(day) >= asOf)
                day = day.AddDays(-1);
            return day;
        }

        private static HashSet<string> Read(string list)
        {
            HashSet<string> days = [];
            foreach (string year in new[] { "2023", "2024", "2025", "2026" })
            {
                using Stream stream = typeof(WorkingCalendar).Assembly.GetManifestResourceStream($"calendars/{year}.json")!;
                using JsonDocument file = JsonDocument.Parse(stream);
                foreach (JsonElement day in file.RootElement.GetProperty(list).EnumerateArray())
                    days.Add(day.GetString()!);
            }

            return days;
        }
    }
}
