using Compliance.Training;

namespace Compliance.Tests.Training;

public class BaseRecordTests
{
    private static readonly DateOnly By = new(2026, 2, 24);

    private static DateOnly Since(DateOnly? coverage, DateOnly? attested, params string[] days) => BaseRecord.PractisedSince([.. days.Select(DateOnly.Parse)], 12, By, coverage, attested);

    [Fact]
    public void PractisedSinceTheFirstCaseAfterABreak()
    {
        Since(null, null, "2016-01-05", "2017-01-05", "2018-01-04", "2019-01-03", "2020-01-03", "2021-01-02", "2022-01-02", "2023-01-02", "2024-01-02", "2025-01-02", "2025-06-01").ShouldBe(new(2016, 1, 5));
        // Twelve months to the day are no break; one day more is.
        Since(null, null, "2024-05-01", "2025-05-01").ShouldBe(new(2024, 5, 1));
        Since(null, null, "2024-04-30", "2025-05-01").ShouldBe(new(2025, 5, 1));
        // 29 February ends its twelve months on 28 February.
        Since(null, null, "2024-02-29", "2025-02-28", "2025-12-01").ShouldBe(new(2024, 2, 29));
        Since(null, null, "2024-02-29", "2025-03-01", "2025-12-01").ShouldBe(new(2025, 3, 1));
    }

    [Fact]
    public void WhatWasGivenUpDoesNotGoOn()
    {
        Since(null, null).ShouldBe(By);
        Since(null, null, "2020-01-01", "2025-02-24").ShouldBe(new(2025, 2, 24));
        Since(null, null, "2020-01-01", "2025-02-23").ShouldBe(By);
    }

    [Fact]
    public void WhatIsAttestedOfTheTimeBeforeStandsWhereNoBreakFollowed()
    {
        DateOnly coverage = new(2025, 1, 1), attested = new(2014, 3, 1);
        Since(coverage, attested, "2025-02-01", "2026-01-15").ShouldBe(attested);
        Since(coverage, null, "2025-02-01", "2026-01-15").ShouldBe(new(2025, 2, 1));
        // More than twelve months from the coverage to the first case, or between two cases.
        Since(new(2024, 1, 31), attested, "2025-02-01", "2026-01-15").ShouldBe(new(2025, 2, 1));
        Since(new(2023, 1, 1), attested, "2023-02-01", "2025-02-01", "2026-01-15").ShouldBe(new(2025, 2, 1));
        // Attested of a day the system covers it says nothing.
        Since(coverage, new(2025, 1, 2), "2025-02-01", "2026-01-15").ShouldBe(new(2025, 2, 1));
        Since(null, attested, "2025-02-01", "2026-01-15").ShouldBe(new(2025, 2, 1));
    }

    [Theory]
    [InlineData("2026-02-24", "2025-02-25", "2024-02-25", "2023-02-25")]
    [InlineData("2024-02-29", "2023-03-01", "2022-03-01", "2021-03-01")]
    [InlineData("2025-02-28", "2024-02-29", "2023-03-01", "2022-03-01")]
    public void ThreeYearsLeaveNoDayOut(string endsOn, params string[] from)
    {
        var years = BaseRecord.ThreeYears(DateOnly.Parse(endsOn));
        years.Select(y => y.From).ShouldBe(from.Select(DateOnly.Parse));
        years.Select(y => y.To).ShouldBe([DateOnly.Parse(endsOn), years[0].From.AddDays(-1), years[1].From.AddDays(-1)]);
    }
}
