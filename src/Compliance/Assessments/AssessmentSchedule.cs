using Compliance.Metrics;

namespace Compliance.Assessments;

/// <summary>When the periodic assessments (定期评估) of a technique are due in a province. The text gives no interval (A23): the province does.</summary>
public static class AssessmentSchedule
{
    public static string Stream(string technique, string province) => $"assessment-schedule-{technique}-{province}";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    /// <param name="FirstDueOn">The last day of the first period; the day of recording or later.</param>
    /// <param name="EveryMonths">Months of a period, 1 to 60.</param>
    public sealed record Set(
        [property: Stored("Technique")] string Technique,
        [property: Stored("Province")] string Province,
        [property: Stored("FirstDueOn")] DateOnly FirstDueOn,
        [property: Stored("EveryMonths")] int EveryMonths,
        [property: Stored("RecordedOn")] DateOnly RecordedOn,
        [property: Stored("By")] Actor By)
    {
        /// <summary>The period of a number, 0 being the first. Its last day is counted from the first due date, so that a short month shortens no later period; due at the end of a month, it is due at ends of months.</summary>
        public DaySpan Period(int number) => new(DueOn(number - 1).AddDays(1), DueOn(number));

        private DateOnly DueOn(int number)
        {
            DateOnly day = FirstDueOn.AddMonths(number * EveryMonths);
            return FirstDueOn.AddDays(1).Day == 1 ? new(day.Year, day.Month, DateTime.DaysInMonth(day.Year, day.Month)) : day;
        }
    }

    /// <summary>The settings in the order they were recorded.</summary>
    public sealed record State(IReadOnlyList<Set> Settings)
    {
        public static readonly State Initial = new([]);

        /// <summary>The periods that end by a day, in their order: each by the setting that stood on its last day.</summary>
        public IEnumerable<DaySpan> PeriodsEndingBy(DateOnly day)
        {
            for (int i = 0; i < Settings.Count; i++)
            {
                DateOnly until = i + 1 < Settings.Count && Settings[i + 1].RecordedOn <= day ? Settings[i + 1].RecordedOn.AddDays(-1) : day;
                for (int number = 0; Settings[i].Period(number) is var period && period.To <= until; number++)
                    yield return period;
            }
        }

        /// <summary>The first period that ends after a day; null without a schedule.</summary>
        public DaySpan? NextAfter(DateOnly day)
        {
            if (Settings.Count == 0)
                return null;
            int number = 0;
            while (Settings[^1].Period(number).To <= day)
                number++;
            return Settings[^1].Period(number);
        }
    }

    public static State Evolve(State state, Set e) => new([.. state.Settings, e]);

    public static State Fold(IEnumerable<Set> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>Sets the schedule. It never reaches back: a period over when it is recorded is assessed by hand or not at all. The same schedule sent again changes nothing.</summary>
    public static Decision<Set> Decide(State state, Set wanted) =>
        state.Settings is [.., var last] && (last with { RecordedOn = wanted.RecordedOn, By = wanted.By }) == wanted ? Decision<Set>.Nothing
        : wanted.FirstDueOn < wanted.RecordedOn ? Refusal.Invalid("dueInThePast", "/firstDueOn", wanted.RecordedOn)
        : wanted;
}
