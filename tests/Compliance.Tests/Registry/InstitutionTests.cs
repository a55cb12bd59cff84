using System.Text.Json;
using Compliance.Registry;

namespace Compliance.Tests.Registry;

public class InstitutionTests
{
    private static readonly Actor Regulator = new("regulator", "r11");

    [Fact]
    public void TheSameEntryChangesNothingWhoeverSendsItAndWhen()
    {
        var state = Decided(Institution.State.Initial, Institution.Register(Institution.State.Initial, Entry()), s => Institution.Register(s, Entry() with { RecordedOn = Day("2026-05-01"), By = new("national", "n") }));
        Institution.Register(state, Entry(facts: """{ "angiographyRooms":2,"beds":900 }""")).Events.ShouldBeEmpty();
        Institution.Register(state, Entry(facts: """{"beds":901}""")).Events.ShouldHaveSingleItem();
        Institution.Register(state, Entry() with { Facts = null }).Events.ShouldHaveSingleItem();
        Institution.Register(state, Entry() with { Level = HospitalLevel.Secondary }).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void NamesAreDatedFromTheDayTheyWereRecorded()
    {
        var state = Institution.Fold(
        [
            Entry(),
            Entry() with { Level = HospitalLevel.TertiaryB, RecordedOn = Day("2026-02-01") },
            Entry() with { Name = "Second Hospital", RecordedOn = Day("2026-03-01") },
        ]);
        state.Names.ShouldBe([new("First Hospital", Day("2026-01-01")), new("Second Hospital", Day("2026-03-01"))]);
    }

    [Fact]
    public void CoverageIsSetOncePerTechniqueAndDay()
    {
        Institution.SetCoverage(Institution.State.Initial, "neurovascular", Day("2025-01-01"), Regulator).Refusal!.Code.ShouldBe("noSuchInstitution");
        var entered = Institution.Fold([Entry()]);
        var state = Decided(entered, Institution.SetCoverage(entered, "neurovascular", Day("2025-01-01"), Regulator), s => Institution.SetCoverage(s, "neurovascular", Day("2025-01-01"), Regulator));
        Institution.SetCoverage(state, "comprehensive", Day("2025-01-01"), Regulator).Events.ShouldHaveSingleItem();
        Institution.SetCoverage(state, "neurovascular", Day("2025-02-01"), Regulator).Events.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("11", true)]
    [InlineData("66", true)]
    [InlineData("82", true)]
    [InlineData("10", false)]
    [InlineData("16", false)]
    [InlineData("67", false)]
    [InlineData("1", false)]
    [InlineData("110000", false)]
    [InlineData("", false)]
    public void ProvincesAreThoseOfTheStandard(string text, bool valid) => Provinces.IsCode(text).ShouldBe(valid);

    [Fact]
    public void ThereAreThirtyFourProvincesAndTheCorps() => Enumerable.Range(0, 100).Count(n => Provinces.IsCode($"{n:00}")).ShouldBe(35);

    private static Institution.Event.Registered Entry(string facts = """{"beds":900,"angiographyRooms":2}""") =>
        new("H1", "First Hospital", "11", "110105", HospitalLevel.TertiaryA, JsonElement.Parse(facts), Day("2026-01-01"), Regulator);

    /// <summary>The state after a decision that changes something, and changes nothing when taken again.</summary>
    private static Institution.State Decided(Institution.State before, Decision<Institution.Event> decision, Func<Institution.State, Decision<Institution.Event>> again)
    {
        decision.Refusal.ShouldBeNull();
        decision.Events.ShouldNotBeEmpty();
        var after = decision.Events.Aggregate(before, Institution.Evolve);
        again(after).ShouldBe(Decision<Institution.Event>.Nothing);
        return after;
    }

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
