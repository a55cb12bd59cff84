using Compliance.Qualifications;

namespace Compliance.Tests.Qualifications;

public class EnforcementTests
{
    private static readonly Actor Regulator = new("regulator", "r11");

    [Fact]
    public void ObservingIsTheDefault()
    {
        Enforcement.State.Initial.ModeOn(Day("2026-01-01")).ShouldBe(EnforcementMode.Observe);
        Enforcement.State.Initial.ActingSince(Day("2026-01-01")).ShouldBeNull();
    }

    [Theory]
    [InlineData("2026-03-31", EnforcementMode.Observe, null)]
    [InlineData("2026-04-01", EnforcementMode.Confirm, "2026-04-01")]
    [InlineData("2026-06-30", EnforcementMode.Confirm, "2026-04-01")]
    [InlineData("2026-07-01", EnforcementMode.Enforce, "2026-04-01")] // confirming and enforcing are one stretch
    [InlineData("2026-08-31", EnforcementMode.Enforce, "2026-04-01")]
    [InlineData("2026-09-01", EnforcementMode.Observe, null)]
    [InlineData("2026-09-30", EnforcementMode.Observe, null)]
    [InlineData("2026-10-01", EnforcementMode.Enforce, "2026-10-01")] // observing in between begins it anew
    public void AModeHoldsFromItsDayOn(string day, EnforcementMode mode, string? actingSince)
    {
        var state = Enforcement.Fold(
        [
            Set(EnforcementMode.Confirm, "2026-04-01", "2026-03-01"),
            Set(EnforcementMode.Enforce, "2026-07-01", "2026-06-01"),
            Set(EnforcementMode.Observe, "2026-09-01", "2026-09-01"),
            Set(EnforcementMode.Enforce, "2026-10-01", "2026-09-15"),
        ]);
        state.ModeOn(Day(day)).ShouldBe(mode);
        state.ActingSince(Day(day)).ShouldBe(actingSince is null ? null : Day(actingSince));
    }

    [Fact]
    public void WhatWasRecordedLaterHoldsAlsoAgainstALaterDaySetBefore()
    {
        // Enforcing from June was announced; then observing was set from May on: that is the last word for June too.
        var state = Enforcement.Fold([Set(EnforcementMode.Enforce, "2026-06-01", "2026-03-01"), Set(EnforcementMode.Observe, "2026-05-01", "2026-04-01")]);
        state.ModeOn(Day("2026-06-01")).ShouldBe(EnforcementMode.Observe);
        state.ActingSince(Day("2026-06-01")).ShouldBeNull();
    }

    [Fact]
    public void TheSameSettingChangesNothingAlsoAfterItsDayHasCome()
    {
        var wanted = Set(EnforcementMode.Enforce, "2026-04-01", "2026-04-01");
        var decision = Enforcement.Decide(Enforcement.State.Initial, wanted);
        var state = decision.Events.Aggregate(Enforcement.State.Initial, Enforcement.Evolve);
        state.Settings.ShouldHaveSingleItem();
        Enforcement.Decide(state, wanted).ShouldBe(Decision<Enforcement.Set>.Nothing);
        Enforcement.Decide(state, wanted with { RecordedOn = Day("2026-04-02"), By = new("national", "n") }).ShouldBe(Decision<Enforcement.Set>.Nothing);
        Enforcement.Decide(state, wanted with { HoldAbove = 3 }).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void ASettingNeverReachesBack()
    {
        var refusal = Enforcement.Decide(Enforcement.State.Initial, Set(EnforcementMode.Enforce, "2026-03-31", "2026-04-01")).Refusal.ShouldNotBeNull();
        (refusal.Code, refusal.Pointers.ShouldHaveSingleItem()).ShouldBe(("fromInThePast", "/from"));
        Enforcement.Decide(Enforcement.State.Initial, Set(EnforcementMode.Enforce, "2026-04-01", "2026-04-01")).Refusal.ShouldBeNull();
    }

    [Theory]
    [InlineData(null, 5, 10, false)]
    [InlineData(null, 6, 10, true)]
    [InlineData(null, 6, 250, true)] // 2 % are 5
    [InlineData(null, 6, 299, true)]
    [InlineData(null, 6, 300, false)] // 2 % are 6: not more than that
    [InlineData(null, 7, 300, true)]
    [InlineData(null, 7, 350, false)]
    [InlineData(0, 1, 1000, true)]
    [InlineData(0, 0, 1000, false)]
    [InlineData(12, 12, 20, false)]
    [InlineData(12, 13, 10_000, true)] // the province's own number stands instead of the share
    public void TooManyAtOnceAreHeld(int? holdAbove, int suspensions, int subjects, bool held) =>
        Enforcement.MustHold(Set(EnforcementMode.Enforce, "2026-04-01", "2026-04-01") with { HoldAbove = holdAbove }, suspensions, subjects).ShouldBe(held);

    private static Enforcement.Set Set(EnforcementMode mode, string from, string recordedOn) =>
        new("neurovascular", "11", mode, Day(from), RevocationMode.Confirmed, null, Day(recordedOn), Regulator);

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
