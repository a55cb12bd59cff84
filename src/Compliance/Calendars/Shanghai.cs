namespace Compliance.Calendars;

/// <summary>A day is a calendar day in Asia/Shanghai, eight hours ahead of UTC all year round.</summary>
public static class Shanghai
{
    private static readonly TimeSpan Ahead = TimeSpan.FromHours(8);

    public static DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(instant.ToOffset(Ahead).DateTime);

    /// <summary>The first instant of a day.</summary>
    public static DateTimeOffset StartOf(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), Ahead);

    /// <summary>The first instant after a day.</summary>
    public static DateTimeOffset EndOf(DateOnly day) => StartOf(day).AddDays(1);
}
