using Compliance.Calendars;

namespace Compliance.Tests.Calendars;

public class MonthsTests
{
    /// <summary>NV-RECTIFY-3M and the vectors of reading A27: the corresponding day still belongs to the period.</summary>
    [Theory]
    [InlineData("2025-11-30", "2026-02-28", "2026-03-01")]
    [InlineData("2025-12-31", "2026-03-31", "2026-04-01")]
    [InlineData("2025-08-31", "2025-11-30", "2025-12-01")]
    [InlineData("2025-09-15", "2025-12-15", "2025-12-16")]
    [InlineData("2023-11-30", "2024-02-29", "2024-03-01")]
    [InlineData("2026-02-28", "2026-05-28", "2026-05-29")]
    public void RectificationOfThreeMonths(string effectiveOn, string endsOn, string reassessmentFrom)
    {
        DateOnly end = Months.EndOfMonths(Day(effectiveOn), 3);
        end.ShouldBe(Day(endsOn));
        end.AddDays(1).ShouldBe(Day(reassessmentFrom));
    }

    [Fact]
    public void NegativePeriodsAreRefused() => Should.Throw<ArgumentOutOfRangeException>(() => Months.EndOfMonths(Day("2026-01-01"), -1));

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
