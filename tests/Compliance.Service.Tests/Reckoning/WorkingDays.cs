namespace Compliance.Service.Tests.Reckoning;

/// <summary>
/// The reckoner's own calendar, copied from the State Council's notices for 2023 to 2026. In other years the working days are
/// Monday to Friday without the first of January.
/// </summary>
public static class WorkingDays
{
    private static readonly HashSet<DateOnly> Rest = Days("""
        2022-12-31 2023-01-01 2023-01-02 2023-01-21 2023-01-22 2023-01-23 2023-01-24 2023-01-25 2023-01-26 2023-01-27 2023-04-05
        2023-04-29 2023-04-30 2023-05-01 2023-05-02 2023-05-03 2023-06-22 2023-06-23 2023-06-24 2023-09-29 2023-09-30 2023-10-01
        2023-10-02 2023-10-03 2023-10-04 2023-10-05 2023-10-06
        2024-01-01 2024-02-10 2024-02-11 2024-02-12 2024-02-13 2024-02-14 2024-02-15 2024-02-16 2024-02-17 2024-04-04 2024-04-05
        2024-04-06 2024-05-01 2024-05-02 2024-05-03 2024-05-04 2024-05-05 2024-06-10 2024-09-15 2024-09-16 2024-09-17 2024-10-01
        2024-10-02 2024-10-03 2024-10-04 2024-10-05 2024-10-06 2024-10-07
        2025-01-01 2025-01-28 2025-01-29 2025-01-30 2025-01-31 2025-02-01 2025-02-02 2025-02-03 2025-02-04 2025-04-04 2025-04-05
        2025-04-06 2025-05-01 2025-05-02 2025-05-03 2025-05-04 2025-05-05 2025-05-31 2025-06-01 2025-06-02 2025-10-01 2025-10-02
        2025-10-03 2025-10-04 2025-10-05 2025-10-06 2025-10-07 2025-10-08
        2026-01-01 2026-01-02 2026-01-03 2026-02-15 2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20 2026-02-21 2026-02-22
        2026-02-23 2026-04-04 2026-04-05 2026-04-06 2026-05-01 2026-05-02 2026-05-03 2026-05-04 2026-05-05 2026-06-19 2026-06-20
        2026-06-21 2026-09-25 2026-09-26 2026-09-27 2026-10-01 2026-10-02 2026-10-03 2026-10-04 2026-10-05 2026-10-06 2026-10-07
        """);

    private static readonly HashSet<DateOnly> MakeUp = Days("""
        2023-01-28 2023-01-29 2023-04-23 2023-05-06 2023-06-25 2023-10-07 2023-10-08
        2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12
        2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
        2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
        """);

    public static bool IsWorkingDay(DateOnly day)
    {
        if (MakeUp.Contains(day))
        {
            return true;
        }
        if (day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday || Rest.Contains(day))
        {
            return false;
        }
        return day is not { Month: 1, Day: 1 };
    }

    /// <summary>The tenth working day after the day of completion, still in time.</summary>
    public static DateOnly Deadline(DateOnly completedOn) => After(completedOn, 10);

    /// <summary>So many working days after a day, which is not counted.</summary>
    public static DateOnly After(DateOnly from, int workingDays)
    {
        var day = from;
        for (var left = workingDays; left > 0;)
        {
            day = day.AddDays(1);
            if (IsWorkingDay(day))
            {
                left--;
            }
        }
        return day;
    }

    /// <summary>The last day whose deadline lies before <paramref name="asOf"/>.</summary>
    public static DateOnly SettledDay(DateOnly asOf)
    {
        var day = asOf;
        while (Deadline(day) >= asOf)
        {
            day = day.AddDays(-1);
        }
        return day;
    }

    private static HashSet<DateOnly> Days(string text) =>
        text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(DateOnly.Parse).ToHashSet();
}
