using Compliance.Metrics;
using static Compliance.Devices.DeviceRegistration;

namespace Compliance.Tests.Devices;

/// <summary>Every decision on a registration, and that taking it again gives nothing more.</summary>
public class DeviceRegistrationTests
{
    private const string Number = "国械注准20193130001";

    private static readonly Actor National = new("national", "nmpa");
    private static readonly DateOnly Today = new(2026, 3, 2);

    private static readonly Event.Registered Entry = new(
        IdOf(Number), Number, "Detachable coil", "Maker", SingleUse: true, ["06901234567892", "9521234543213"], new(2019, 5, 1), new(2024, 4, 30), Today, National);

    private static State Entered => After(State.Initial, s => Register(s, Entry));

    /// <summary>The state after a decision that changes something, and changes nothing when taken again.</summary>
    private static State After(State state, Func<State, Decision<Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull();
        decision.Events.ShouldNotBeEmpty();
        State after = decision.Events.Aggregate(state, Evolve);
        decide(after).Events.ShouldBeEmpty();
        decide(after).Refusal.ShouldBeNull();
        return after;
    }

    [Fact]
    public void An_entry_is_sent_again_and_mended()
    {
        Entered.Entry!.DeviceIdentifiers.ShouldBe(["06901234567892", "09521234543213"]);
        Register(Entered, Entry with { DeviceIdentifiers = ["9521234543213", "06901234567892", "09521234543213"], RecordedOn = Today.AddDays(9), By = new("regulator", "r") }).Events.ShouldBeEmpty();
        State mended = After(Entered, s => Register(s, Entry with { Name = "Coil", DeviceIdentifiers = [] }));
        mended.Entry!.DeviceIdentifiers.ShouldBeEmpty();
    }

    [Fact]
    public void A_renewal_keeps_what_was_valid_before_it()
    {
        State renewed = After(Entered, s => Renew(s, new(2024, 5, 1), new(2029, 4, 30), Today, National));
        renewed.Validity.ShouldBe([new DaySpan(new(2019, 5, 1), new(2024, 4, 30)), new DaySpan(new(2024, 5, 1), new(2029, 4, 30))]);
        After(renewed, s => Register(s, Entry with { Maker = "Maker & Co." })).Validity.Count().ShouldBe(2);
    }

    [Fact]
    public void A_cancellation_and_its_end()
    {
        State cancelled = After(Entered, s => Cancel(s, new(2022, 1, 1), "recall", Today, National));
        State stands = After(cancelled, s => WithdrawCancellation(s, "of another product", Today, National));
        stands.CancelledOn.ShouldBeNull();
        Cancel(cancelled, new(2022, 1, 2), "recall", Today, National).Refusal!.Code.ShouldBe("deviceRegistrationCancelled");
        Renew(cancelled, new(2024, 5, 1), new(2029, 4, 30), Today, National).Refusal!.Code.ShouldBe("deviceRegistrationCancelled");
    }

    [Fact]
    public void What_is_refused()
    {
        State none = State.Initial;
        Renew(none, Today, Today, Today, National).Refusal!.Code.ShouldBe("noSuchDeviceRegistration");
        Cancel(none, Today, "r", Today, National).Refusal!.Code.ShouldBe("noSuchDeviceRegistration");
        WithdrawCancellation(none, "r", Today, National).Refusal!.Code.ShouldBe("noSuchDeviceRegistration");
        Register(none, Entry with { ValidTo = new(2019, 4, 30) }).Refusal!.Code.ShouldBe("endsBeforeItBegins");
        Register(none, Entry with { ValidTo = new(2019, 5, 1) }).Refusal.ShouldBeNull();
        Register(none, Entry with { DeviceIdentifiers = ["06901234567892", "06901234567890"] }).Refusal!.Pointers.ShouldBe(["/deviceIdentifiers/1"]);
        Renew(Entered, new(2024, 5, 1), new(2024, 4, 30), Today, National).Refusal!.Code.ShouldBe("endsBeforeItBegins");
        Renew(Entered, new(2020, 5, 1), new(2024, 4, 30), Today, National).Refusal!.Code.ShouldBe("renewalEndsTooEarly");
        Renew(Entered, new(2020, 5, 1), new(2024, 5, 1), Today, National).Refusal.ShouldBeNull();
    }

    /// <summary>Valid from 1 May 2019 to 30 April 2024 and from 1 June 2024 to 31 May 2029: a gap of May 2024. NV-DEV-APPROVED, on the day of use or of manufacture.</summary>
    [Theory]
    [InlineData("2019-04-30", null, false)]
    [InlineData("2019-05-01", null, true)]
    [InlineData("2024-04-30", null, true)]
    [InlineData("2024-05-01", null, false)]
    [InlineData("2024-05-01", "2024-04-30", true)]
    [InlineData("2024-05-31", "2024-05-01", false)]
    [InlineData("2024-05-31", "2024-06-01", false)]
    [InlineData("2024-06-01", "2024-05-15", true)]
    [InlineData("2029-05-31", null, true)]
    [InlineData("2029-06-01", null, false)]
    [InlineData("2029-06-01", "2029-05-31", true)]
    [InlineData("2019-05-01", "2019-04-30", true)]
    public void Approved_on_the_day_of_use_or_of_manufacture(string usedOn, string? madeOn, bool approved)
    {
        State state = After(Entered, s => Renew(s, new(2024, 6, 1), new(2029, 5, 31), Today, National));
        state.Approves(Day(usedOn), madeOn is null ? null : new DaySpan(Day(madeOn), Day(madeOn))).ShouldBe(approved);
    }

    [Theory]
    [InlineData("2021-12-31", null, true)]
    [InlineData("2022-01-01", null, false)]
    [InlineData("2022-01-01", "2020-01-01", false)]
    [InlineData("2025-01-01", "2020-01-01", false)]
    public void Nothing_of_a_cancelled_registration_is_used_any_more(string usedOn, string? madeOn, bool approved) =>
        After(Entered, s => Cancel(s, new(2022, 1, 1), "recall", Today, National)).Approves(Day(usedOn), madeOn is null ? null : new DaySpan(Day(madeOn), Day(madeOn))).ShouldBe(approved);

    [Theory]
    [InlineData("国械注准 20193130001")]
    [InlineData("国械注准２０１９３１３０００１")]
    [InlineData(" 国械注准20193130001　")]
    public void A_number_is_one_however_it_was_typed(string typed) => IdOf(typed).ShouldBe(IdOf(Number));

    [Fact]
    public void Another_number_is_another()
    {
        IdOf("国械注进20193130001").ShouldNotBe(IdOf(Number));
        Stream(IdOf(Number)).ShouldStartWith("device-registration-");
        NumberOf("ce 0123a").ShouldBe("CE0123A");
    }

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
