namespace Compliance.Calendars;

/// <summary>Periods of months as the Civil Code (民法典) counts them, articles 201 to 203; reading A27.</summary>
public static class Months
{
    /// <summary>
    /// The last day of a period of <paramref name="months"/> (0 or more) that runs from <paramref name="from"/>: the corresponding day of the last month, or that month's last day where it has none.
    /// The day still belongs to the period; what must wait for the end may happen the day after.
    /// </summary>
    public static DateOnly EndOfMonths(DateOnly from, int months)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(months);
        return from.AddMonths(months);
    }

    /// <summary>Whole months from one day to another: each is over on the corresponding day, or on the last of a month that has none. Negative when the other lies before.</summary>
    public static int Elapsed(DateOnly from, DateOnly until)
    {
        int months = ((until.Year - from.Year) * 12) + until.Month - from.Month;
        return from.AddMonths(months) > until ? months - 1 : months;
    }
}
