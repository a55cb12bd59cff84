using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Tests.Registry;

public class PhysicianTests
{
    private static readonly Actor Regulator = new("regulator", "r11");

    // Each case: registrations "institution from to main", parted by semicolons, and the refusal expected (code and pointer).
    [Theory]
    [InlineData("", null, null)]
    [InlineData("A 2020-01-01 - main", null, null)]
    [InlineData("A 2020-01-01 - main; B 2021-01-01 - other", null, null)]
    [InlineData("A 2020-01-01 2020-12-31 main; B 2021-01-01 - main", null, null)]
    [InlineData("A 2020-01-01 2020-12-31 main; B 2022-01-01 - main", null, null)] // a year at no place at all
    [InlineData("A 2020-01-01 2020-01-01 main", null, null)] // one day
    [InlineData("A 2020-01-01 2020-12-31 main; A 2021-01-01 - main", null, null)] // twice, but never at once
    [InlineData("A 2020-01-01 - other", "notOneMainRegistration", "/registrations")]
    [InlineData("A 2020-01-01 - main; B 2021-01-01 - main", "notOneMainRegistration", "/registrations")]
    [InlineData("A 2020-01-01 2021-01-01 main; B 2021-01-01 - main", "notOneMainRegistration", "/registrations")] // the last day is included
    [InlineData("A 2020-01-01 2020-12-30 main; B 2020-01-01 2020-12-31 other", "notOneMainRegistration", "/registrations")] // one day outlives the main one
    [InlineData("A 2020-01-02 - main; B 2020-01-01 - other", "notOneMainRegistration", "/registrations")] // one day before it
    [InlineData("A 2020-01-01 - main; A 2021-01-01 - other", "registeredTwice", "/registrations")]
    [InlineData("A 2020-01-01 - main; B 2021-01-01 2020-12-31 other", "endsBeforeItBegins", "/registrations/1/to")]
    public void OnAnyDayWithARegistrationExactlyOneIsTheMainOne(string registrations, string? code, string? pointer)
    {
        var decision = Physician.Register(Physician.State.Initial, Entry(registrations));
        decision.Refusal?.Code.ShouldBe(code);
        (decision.Refusal?.Pointers.ShouldHaveSingleItem()).ShouldBe(pointer);
        decision.Events.Count.ShouldBe(code is null ? 1 : 0);
        if (decision.Refusal is { } refusal)
        {
            refusal.Kind.ShouldBe(RefusalKind.Invalid);
        }
    }

    [Fact]
    public void TwoTitlesCannotBeginOnOneDay()
    {
        var entry = Entry() with { Titles = [new(Title.Attending, Day("2015-01-01")), new(Title.Chief, Day("2020-01-01")), new(Title.AssociateChief, Day("2020-01-01"))] };
        var refusal = Physician.Register(Physician.State.Initial, entry).Refusal.ShouldNotBeNull();
        (refusal.Code, refusal.Pointers.ShouldHaveSingleItem()).ShouldBe(("twoTitlesFromOneDay", "/titles/2/from"));
    }

    [Fact]
    public void TheSameEntryInAnotherOrderChangesNothing()
    {
        var entry = Entry("A 2020-01-01 - main; B 2021-01-01 - other");
        var reordered = entry with { Titles = [.. entry.Titles.Reverse()], Registrations = [.. entry.Registrations.Reverse()], RecordedOn = Day("2026-05-01"), By = new("national", "n") };
        var state = Decided(Physician.State.Initial, Physician.Register(Physician.State.Initial, entry), s => Physician.Register(s, reordered));
        Physician.Register(state, Entry("A 2020-01-01 - main; B 2021-01-02 - other")).Events.ShouldHaveSingleItem();
        Physician.Register(state, entry with { Titles = [entry.Titles[0]] }).Events.ShouldHaveSingleItem();
        Physician.Register(state, entry with { Name = "Other" }).Events.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("2014-12-31", null)]
    [InlineData("2015-01-01", Title.Attending)]
    [InlineData("2019-12-31", Title.Attending)]
    [InlineData("2020-01-01", Title.AssociateChief)]
    public void ATitleIsHeldFromItsFirstDay(string day, Title? title) => Physician.Fold([Entry()]).TitleOn(Day(day)).ShouldBe(title);

    [Theory]
    [InlineData("2020-01-01", "2020-12-31", Title.AssociateChief)]
    [InlineData("2019-12-31", "2020-12-31", Title.Attending)] // one day of the lower title
    [InlineData("2014-12-31", "2020-12-31", null)] // one day of none
    [InlineData("2020-01-02", "2020-01-01", Title.Chief)] // no day at all
    public void TheLowestTitleOfASpanCountsEveryDay(string from, string to, Title? title) =>
        Physician.Fold([Entry()]).LowestTitleWithin(new DaySpan(Day(from), Day(to))).ShouldBe(title);

    [Theory]
    [InlineData("2019-12-31", null)]
    [InlineData("2020-01-01", "A")]
    [InlineData("2020-12-31", "A")]
    [InlineData("2021-06-01", "A")] // between two, the last before it
    [InlineData("2021-12-31", "A")]
    [InlineData("2022-01-01", "B")]
    [InlineData("2030-01-01", "B")] // after the last
    public void BetweenTwoRegistrationsTheLastOneDecidesTheProvince(string day, string? institution)
    {
        var state = Physician.Fold([Entry("A 2020-01-01 2020-12-31 main; B 2022-01-01 2024-12-31 main; C 2022-06-01 2023-01-01 other")]);
        state.LastMainBy(Day(day))?.Institution.ShouldBe(institution);
        (state.LastMainBy(Day(day)) is null).ShouldBe(institution is null);
    }

    // Present registrations, those wanted, and whose province may write on 2026-03-01.
    [Theory]
    [InlineData(null, "A 2020-01-01 - main", "A")]
    [InlineData(null, "A 2020-01-01 2020-12-31 main; B 2027-01-01 - main", "B")] // none today: the latest
    [InlineData(null, "", "")] // nobody but national
    [InlineData("A 2020-01-01 - main", "A 2020-01-01 2026-02-28 main; B 2026-03-01 - main", "A B")]
    [InlineData("A 2020-01-01 - main", "A 2020-01-01 2026-03-01 main; B 2026-03-02 - main", "A A")] // still there today
    [InlineData("A 2020-01-01 2020-12-31 main; B 2027-01-01 - main", "", "A")] // left, and not yet elsewhere
    [InlineData("B 2027-01-01 - main", "", "B")]
    public void ThePresentAndTheNewMainRegistrationDecideWhoWrites(string? present, string wanted, string deciding)
    {
        var state = present is null ? Physician.State.Initial : Physician.Fold([Entry(present)]);
        string.Join(' ', Physician.DecidingWhoWrites(state, Registrations(wanted), Day("2026-03-01")).Select(r => r.Institution)).ShouldBe(deciding);
    }

    [Fact]
    public void ALeaveIsEnteredOnceAndConfirmedOnce()
    {
        Decision<Physician.Event> Enter(Physician.State s, string to) => Physician.EnterLeave(s, Day("2026-01-01"), Day(to), "maternity", Regulator);
        Enter(Physician.State.Initial, "2026-05-31").Refusal!.Code.ShouldBe("noSuchPhysician");

        var registered = Physician.Fold([Entry()]);
        (Enter(registered, "2025-12-31").Refusal is { Code: "endsBeforeItBegins", Pointers: ["/to"] }).ShouldBeTrue();
        var entered = Decided(registered, Enter(registered, "2026-05-31"), s => Enter(s, "2026-05-31"));
        entered.Leaves.ShouldHaveSingleItem().Confirmed.ShouldBeFalse();
        var two = Decided(entered, Enter(entered, "2026-01-01"), s => Enter(s, "2026-01-01")); // a leave of one day
        two.Leaves.Select(l => l.Id).Distinct().Count().ShouldBe(2);

        Physician.ConfirmLeave(two, Guid.Empty, Regulator).Refusal!.Code.ShouldBe("noSuchLeave");
        var id = two.Leaves[0].Id;
        var confirmed = Decided(two, Physician.ConfirmLeave(two, id, Regulator), s => Physician.ConfirmLeave(s, id, Regulator));
        confirmed.Leaves.Select(l => l.Confirmed).ShouldBe([true, false]);
        Enter(confirmed, "2026-05-31").Events.ShouldBeEmpty();
    }

    private static Physician.Event.Registered Entry(string registrations = "A 2020-01-01 - main") => new(
        "P1",
        "Somebody",
        [new(Title.Attending, Day("2015-01-01")), new(Title.AssociateChief, Day("2020-01-01"))],
        "surgery",
        "neurosurgery",
        Registrations(registrations),
        Day("2026-01-01"),
        Regulator);

    private static List<Registration> Registrations(string text) =>
        [.. text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' '))
            .Select(w => new Registration(w[0], Day(w[1]), w[2] == "-" ? null : Day(w[2]), w[3] == "main"))];

    /// <summary>The state after a decision that changes something, and changes nothing when taken again.</summary>
    private static Physician.State Decided(Physician.State before, Decision<Physician.Event> decision, Func<Physician.State, Decision<Physician.Event>> again)
    {
        decision.Refusal.ShouldBeNull();
        decision.Events.ShouldNotBeEmpty();
        var after = decision.Events.Aggregate(before, Physician.Evolve);
        again(after).ShouldBe(Decision<Physician.Event>.Nothing);
        return after;
    }

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
