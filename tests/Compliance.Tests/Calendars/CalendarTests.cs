using Compliance.Calendars;

namespace Compliance.Tests.Calendars;

public class CalendarTests
{
    private static readonly Actor National = new("national", "n");

    [Fact]
    public void AYearIsPublishedOnceAndAmendedByVersions()
    {
        var first = Decide(CalendarHistory.Empty, "notice 1", ["2027-01-01", "2027-01-02"]);
        first.Events.ShouldHaveSingleItem().Version.ShouldBe(1);
        var history = Calendar.Evolve(CalendarHistory.Empty, first.Events[0]);

        Decide(history, "notice 1", ["2027-01-01", "2027-01-02"]).ShouldBe(Decision<Calendar.Published>.Nothing);
        Decide(history, "notice 1", ["2027-01-02", "2027-01-01"]).ShouldBe(Decision<Calendar.Published>.Nothing);

        var amendment = Decide(history, "notice 2", ["2027-01-01", "2027-01-02"]).Events.ShouldHaveSingleItem();
        amendment.Version.ShouldBe(2);
        history = Calendar.Evolve(history, amendment);
        Decide(history, "notice 2", ["2027-01-01", "2027-01-02"]).Events.ShouldBeEmpty();
        Decide(history, "notice 1", ["2027-01-01", "2027-01-02"]).Events.ShouldHaveSingleItem().Version.ShouldBe(3); // back again is a change too
        history.Latest.Version.ShouldBe(2);
    }

    [Fact]
    public void AFaultyYearIsRefusedWithItsPlace()
    {
        var refusal = Decide(CalendarHistory.Empty, "notice", ["2027-01-01", "2028-01-01"]).Refusal.ShouldNotBeNull();
        (refusal.Code, refusal.Pointers.ShouldHaveSingleItem()).ShouldBe(("dayOutsideYear", "/rest/1"));
    }

    private static Decision<Calendar.Published> Decide(CalendarHistory history, string notice, string[] rest) =>
        Calendar.Decide(history, 2027, notice, [.. rest.Select(d => DateOnly.ParseExact(d, "yyyy-MM-dd"))], [], new DateOnly(2026, 11, 1), National);
}
