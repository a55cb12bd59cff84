namespace Compliance.Calendars;

/// <summary>The working-day calendars as published, one stream for all years: its version is how many were published.</summary>
public static class Calendar
{
    public const string Stream = "calendars";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    /// <param name="Year">The year of the State Council's notice (国务院办公厅节假日安排通知).</param>
    /// <param name="Version">1 for the notice, rising with each amendment.</param>
    /// <param name="Notice">Where the notice stands.</param>
    /// <param name="Rest">Days off, weekends among them or not.</param>
    /// <param name="MakeUp">Weekend days worked (调休).</param>
    /// <param name="Hash">SHA-256 of the shipped file, in hex; null for one put through the API.</param>
    public sealed record Published(
        [property: Stored("Year")] int Year,
        [property: Stored("Version")] int Version,
        [property: Stored("Notice")] string Notice,
        [property: Stored("Rest")] IReadOnlyList<DateOnly> Rest,
        [property: Stored("MakeUp")] IReadOnlyList<DateOnly> MakeUp,
        [property: Stored("Hash")] string? Hash,
        [property: Stored("RecordedOn")] DateOnly RecordedOn,
        [property: Stored("By")] Actor By);

    public static CalendarHistory Evolve(CalendarHistory history, Published e) => history.With(e);

    /// <summary>
    /// Publishes a year, or amends it with the next version. The same notice with the same days changes nothing,
    /// in whatever order they are listed.
    /// </summary>
    public static Decision<Published> Decide(CalendarHistory history, int year, string notice, IReadOnlyList<DateOnly> rest, IReadOnlyList<DateOnly> makeUp, DateOnly recordedOn, Actor by)
    {
        var present = history.Latest.Years.FirstOrDefault(y => y.Year == year);
        var version = (present?.Version ?? 0) + 1;
        if (WorkingCalendar.Validate(new CalendarYear(year, version, notice, rest, makeUp)) is [var fault, ..])
        {
            return Refusal.Invalid(fault.Code, fault.Pointer);
        }

        return present is not null && present.Notice == notice && SameDays(present.Rest, rest) && SameDays(present.MakeUp, makeUp)
            ? Decision<Published>.Nothing
            : new Published(year, version, notice, rest, makeUp, null, recordedOn, by);
    }

    private static bool SameDays(IReadOnlyList<DateOnly> a, IReadOnlyList<DateOnly> b) => a.Order().SequenceEqual(b.Order());
}

/// <summary>The passing of days, recorded: whatever depends on the date is decided in reaction to it.</summary>
public static class Day
{
    /// <summary>One stream for all days; its expected version is the only arbiter of who closes one.</summary>
    public const string Stream = "days";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    /// <param name="Date">The day that ended. Every report received on it stands before this event.</param>
    public sealed record Closed([property: Stored("Date")] DateOnly Date);
}
