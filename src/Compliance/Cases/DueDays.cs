using Compliance.Calendars;

namespace Compliance.Cases;

/// <summary>How near the last day of an obligation is; the most pressing first.</summary>
public enum ObligationState
{
    Overdue,
    DueToday,

    /// <summary>Within the next <see cref="DueDays.SoonWorkingDays"/> working days.</summary>
    DueSoon,

    DueLater,
}

/// <summary>The days that part what is overdue from what is due today, soon and later.</summary>
/// <param name="AsOf">What is due on it is due today.</param>
/// <param name="SoonUntil">The last day that is soon.</param>
public sealed record DueDays(DateOnly AsOf, DateOnly SoonUntil)
{
    public const int SoonWorkingDays = 3;

    public static DueDays On(WorkingCalendar calendar, DateOnly asOf) => new(asOf, calendar.AddWorkingDays(asOf, SoonWorkingDays));

    public ObligationState StateOf(DateOnly dueOn) =>
        dueOn < AsOf ? ObligationState.Overdue : dueOn == AsOf ? ObligationState.DueToday : dueOn <= SoonUntil ? ObligationState.DueSoon : ObligationState.DueLater;

    /// <summary>The due days of a state, both included; of all states for null.</summary>
    public (DateOnly From, DateOnly To) Of(ObligationState? state) => state switch
    {
        ObligationState.Overdue => (DateOnly.MinValue, AsOf.AddDays(-1)),
        ObligationState.DueToday => (AsOf, AsOf),
        ObligationState.DueSoon => (AsOf.AddDays(1), SoonUntil),
        ObligationState.DueLater => (SoonUntil.AddDays(1), DateOnly.MaxValue),
        _ => (DateOnly.MinValue, DateOnly.MaxValue),
    };
}
