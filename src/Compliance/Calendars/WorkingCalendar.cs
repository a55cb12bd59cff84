using System.Collections.Immutable;

namespace Compliance.Calendars;

/// <summary>
/// One published year of rest and make-up days (放假与调休), as a State Council notice names them. A later notice for the same year is a higher version.
/// </summary>
/// <param name="Year">The year the notice is for. Its entries may reach into the last week of the year before.</param>
/// <param name="Version">1 for the first publication of the year, then upwards.</param>
/// <param name="Notice">Where the notice is published.</param>
/// <param name="Rest">Days off, weekends among them or not.</param>
/// <param name="MakeUp">Saturdays and Sundays that are worked.</param>
public sealed record CalendarYear(int Year, int Version, string Notice, IReadOnlyList<DateOnly> Rest, IReadOnlyList<DateOnly> MakeUp);

/// <summary>A fault of a calendar file: where (a JSON pointer), which (a stable code) and what it means.</summary>
public sealed record CalendarFault(string Pointer, string Code, string Message);

/// <summary>The last day on which a report is on time, until its last instant.</summary>
/// <param name="On">That day, included.</param>
/// <param name="CalendarVersion">The <see cref="WorkingCalendar.Version"/> it was computed with.</param>
/// <param name="Provisional">A day walked lies in a year without a notice, so a notice may still move it.</param>
public readonly record struct ReportDeadline(DateOnly On, int CalendarVersion, bool Provisional);

/// <summary>
/// Working days (工作日): a day in a make-up list, or Monday to Friday and in no rest list. In a year without a notice weekends and 1 January alone are rest days. Immutable.
/// </summary>
public sealed class WorkingCalendar
{
    // The notice for a year may rule the last days of the year before it (2022-12-31 stands in the one for 2023), never earlier ones.
    private const int FirstDayOfLastWeek = 25;

    private readonly ImmutableSortedDictionary<int, CalendarYear> years;

    // What the notices say of single days, whichever year's notice says it: true is worked, false is not.
    private readonly Dictionary<DateOnly, bool> named;

    private WorkingCalendar(ImmutableSortedDictionary<int, CalendarYear> years, int version)
    {
        this.years = years;
        Version = version;
        named = [];

        // Ascending years: where two notices name the same day, that of the later year is the later word.
        foreach (CalendarYear year in years.Values)
        {
            foreach (DateOnly day in year.Rest)
                named[day] = false;
            foreach (DateOnly day in year.MakeUp)
                named[day] = true;
        }
    }

    /// <summary>No notice at all: weekends and 1 January rest, every deadline is provisional.</summary>
    public static WorkingCalendar Empty { get; } = new(ImmutableSortedDictionary<int, CalendarYear>.Empty, 0);

    /// <summary>How many publications have been folded in, superseded ones too. It names the calendar a deadline was computed with.</summary>
    public int Version { get; }

    /// <summary>The publications that hold, one a year, oldest year first.</summary>
    public IEnumerable<CalendarYear> Years => years.Values;

    /// <summary>The calendar with one publication more. Of a year the highest version holds; of equal versions the one that was there.</summary>
    public WorkingCalendar With(CalendarYear year) =>
        years.TryGetValue(year.Year, out CalendarYear? held) && held.Version >= year.Version
            ? new(years, Version + 1)
            : new(years.SetItem(year.Year, year), Version + 1);

    public bool IsPublished(int year) => years.ContainsKey(year);

    public bool IsWorkingDay(DateOnly day) =>
        named.TryGetValue(day, out bool worked)
            ? worked
            : !IsWeekend(day) && (IsPublished(day.Year) || day is not { Month: 1, Day: 1 });

    /// <summary>The reporting deadline: the last of <paramref name="workingDays"/> (at least 1) working days after <paramref name="completedOn"/>, which is not counted.</summary>
    public ReportDeadline Deadline(DateOnly completedOn, int workingDays = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workingDays, 1);
        DateOnly on = AddWorkingDays(completedOn, workingDays);
        DateOnly firstWalked = completedOn.AddDays(1);
        bool provisional = false;
        for (int year = firstWalked.Year; year <= on.Year; year++)
            provisional |= !IsPublished(year);
        return new(on, Version, provisional);
    }

    /// <summary>
    /// The settled day at <paramref name="asOf"/>: the last day whose deadline lies before it. Every report of that day and of those before it was due by then.
    /// </summary>
    public DateOnly SettledDay(DateOnly asOf, int workingDays = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workingDays, 1);

        // A deadline lies before asOf when enough working days lie between the two days: count them backwards, and step before the last one counted.
        DateOnly day = asOf;
        for (int left = workingDays; left > 0;)
        {
            day = day.AddDays(-1);
            if (IsWorkingDay(day))
                left--;
        }

        return day.AddDays(-1);
    }

    /// <summary>The day that is the <paramref name="count"/>-th working day after <paramref name="day"/>; 0 gives the day itself, working or not. Negative counts are refused.</summary>
    public DateOnly AddWorkingDays(DateOnly day, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        for (int left = count; left > 0;)
        {
            day = day.AddDays(1);
            if (IsWorkingDay(day))
                left--;
        }

        return day;
    }

    /// <summary>What is wrong with a calendar file; empty when nothing is. Faults stand in the order of the file.</summary>
    public static IReadOnlyList<CalendarFault> Validate(CalendarYear year)
    {
        List<CalendarFault> faults = [];
        if (year.Year is < 2 or > 9998)
            faults.Add(new("/year", "yearOutOfRange", "The year must lie between 2 and 9998."));
        if (year.Version < 1)
            faults.Add(new("/version", "versionOutOfRange", "The version must be 1 or more."));
        if (string.IsNullOrWhiteSpace(year.Notice))
            faults.Add(new("/notice", "noticeMissing", "The notice the days are taken from must be named."));

        CheckDays(year, year.Rest, "/rest", faults);
        HashSet<DateOnly> makeUp = CheckDays(year, year.MakeUp, "/makeUp", faults);
        for (int i = 0; i < year.MakeUp.Count; i++)
        {
            DateOnly day = year.MakeUp[i];
            if (!IsWeekend(day))
                faults.Add(new($"/makeUp/{i}", "makeUpNotWeekend", $"{day:yyyy-MM-dd} is a {day.DayOfWeek}; only Saturdays and Sundays are made up."));
        }

        for (int i = 0; i < year.Rest.Count; i++)
        {
            if (makeUp.Contains(year.Rest[i]))
                faults.Add(new($"/rest/{i}", "restAndMakeUp", $"{year.Rest[i]:yyyy-MM-dd} cannot be both a rest day and a make-up day."));
        }

        return faults;
    }

    private static HashSet<DateOnly> CheckDays(CalendarYear year, IReadOnlyList<DateOnly> days, string pointer, List<CalendarFault> faults)
    {
        HashSet<DateOnly> seen = [];
        for (int i = 0; i < days.Count; i++)
        {
            DateOnly day = days[i];
            bool belongs = day.Year == year.Year || (day.Year == year.Year - 1 && day is { Month: 12, Day: >= FirstDayOfLastWeek });
            if (!belongs)
                faults.Add(new($"{pointer}/{i}", "dayOutsideYear", $"{day:yyyy-MM-dd} lies neither in {year.Year} nor in the last week of the year before."));
            if (!seen.Add(day))
                faults.Add(new($"{pointer}/{i}", "dayRepeated", $"{day:yyyy-MM-dd} stands in the list twice."));
        }

        return seen;
    }

    private static bool IsWeekend(DateOnly day) => day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
}
