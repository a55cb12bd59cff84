using Compliance.Calendars;

namespace Compliance.Tests.Calendars;

public class CalendarFilesTests
{
    [Fact]
    public void TheShippedFilesAreTheFourPublishedYearsWithoutFaults()
    {
        // Days off and make-up days, counted in the notices. 2022-12-31 belongs to the notice for 2023.
        ShippedCalendars.All.Select(shipped => (shipped.Calendar.Year, shipped.Calendar.Version, shipped.Calendar.Rest.Count, shipped.Calendar.MakeUp.Count))
            .ShouldBe([(2023, 1, 27, 7), (2024, 1, 28, 8), (2025, 1, 28, 5), (2026, 1, 33, 6)]);
        foreach (ShippedCalendar shipped in ShippedCalendars.All)
        {
            WorkingCalendar.Validate(shipped.Calendar).ShouldBeEmpty();
            shipped.Sha256.ShouldMatch("^[0-9a-f]{64}$");
        }
    }

    [Fact]
    public void EveryFaultIsNamedWithItsPlace()
    {
        CalendarYear year = new(
            2027,
            0,
            " ",
            [Day("2027-01-01"), Day("2027-01-01"), Day("2026-12-24"), Day("2028-01-01"), Day("2027-02-06"), Day("2026-12-25")],
            [Day("2027-02-06"), Day("2027-02-08"), Day("2026-12-26")]);
        WorkingCalendar.Validate(year).Select(fault => (fault.Pointer, fault.Code)).ShouldBe(
        [
            ("/version", "versionOutOfRange"),
            ("/notice", "noticeMissing"),
            ("/rest/1", "dayRepeated"),
            ("/rest/2", "dayOutsideYear"),
            ("/rest/3", "dayOutsideYear"),
            ("/makeUp/1", "makeUpNotWeekend"),
            ("/rest/4", "restAndMakeUp"),
        ]);
    }

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
