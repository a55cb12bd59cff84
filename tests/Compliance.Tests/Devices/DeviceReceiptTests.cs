using Compliance.Devices;
using static Compliance.Devices.DeviceReceipt;

namespace Compliance.Tests.Devices;

/// <summary>Every decision on a line of the ledger, and that taking it again gives nothing more.</summary>
public class DeviceReceiptTests
{
    private static readonly Actor Hospital = new("hospital", "store");
    private static readonly DateOnly Today = new(2026, 3, 2);
    private static readonly DeviceGoods Goods = new("06901234567892", "L2401", ["S2", "S1"], 2, "国械注准20193130001", "Supplier", Today);
    private static readonly DeviceGoods Loose = Goods with { Serials = [], Quantity = 10 };

    private static State Received(DeviceGoods goods) => After(State.Initial, s => Receive(s, "H1", "R-1", goods, Today, Hospital));

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
    public void A_receipt_is_entered_once_and_sent_nightly()
    {
        State state = Received(Goods with { Di = "6901234567892" });
        state.Goods!.Di.ShouldBe("06901234567892");
        state.Goods.Serials.ShouldBe(["S1", "S2"]);
        state = After(state, s => Correct(s, Loose, "no serials on the papers", Today, Hospital));
        Receive(state, "H1", "R-1", Goods, Today, Hospital).Events.ShouldBeEmpty();
        Receive(state, "H1", "R-1", Goods, Today, Hospital).Refusal.ShouldBeNull();
        Receive(state, "H1", "R-1", Loose with { Supplier = "Other" }, Today, Hospital).Refusal!.Code.ShouldBe("receiptDiffers");
    }

    /// <summary>As lots of cases are read: else what came as one lot would be used as another.</summary>
    [Fact]
    public void A_lot_is_kept_without_spaces_and_not_at_all_where_nothing_was_said()
    {
        Received(Goods with { Lot = " L2401 ", Serials = [" S1", "S2 "] }).Goods!.SameAs(Goods with { Serials = ["S1", "S2"] }).ShouldBeTrue();
        Received(Goods with { Lot = "/" }).Goods!.Lot.ShouldBeNull();
        Receive(State.Initial, "H1", "R-1", Goods with { Serials = ["S1", " S1"] }, Today, Hospital).Refusal!.Pointers.ShouldBe(["/serials/1"]);
    }

    [Fact]
    public void A_correction_says_what_stood_before()
    {
        Event e = Correct(Received(Loose), Loose with { Lot = "L2402" }, "misread", Today, Hospital).Events.ShouldHaveSingleItem();
        var corrected = e.ShouldBeOfType<Event.Corrected>();
        corrected.Before.Lot.ShouldBe("L2401");
        corrected.Goods.Lot.ShouldBe("L2402");
        corrected.Institution.ShouldBe("H1");
    }

    [Fact]
    public void What_was_voided_stays_so()
    {
        State voided = After(Received(Loose), s => DeviceReceipt.Void(s, "sent back", Today, Hospital));
        Receive(voided, "H1", "R-1", Loose, Today, Hospital).Refusal!.Code.ShouldBe("receiptVoided");
        Correct(voided, Loose, "r", Today, Hospital).Refusal!.Code.ShouldBe("receiptVoided");
        Correct(State.Initial, Loose, "r", Today, Hospital).Refusal!.Code.ShouldBe("noSuchReceipt");
        DeviceReceipt.Void(State.Initial, "r", Today, Hospital).Refusal!.Code.ShouldBe("noSuchReceipt");
    }

    [Fact]
    public void What_is_refused()
    {
        static (string, string) Refused(DeviceGoods goods) => Receive(State.Initial, "H1", "R-1", goods, Today, Hospital).Refusal is { } r ? (r.Code, r.Pointers[0]) : ("", "");
        Refused(Loose with { Di = "06901234567890" }).ShouldBe(("notAGtin", "/di"));
        Refused(Loose with { Quantity = 0 }).ShouldBe(("outOfRange", "/quantity"));
        Refused(Loose with { Quantity = 100_001 }).ShouldBe(("outOfRange", "/quantity"));
        Refused(Loose with { Quantity = 100_000 }).ShouldBe(("", ""));
        Refused(Loose with { ReceivedOn = Today.AddDays(1) }).ShouldBe(("futureDay", "/receivedOn"));
        Refused(Goods with { Serials = ["S1", "S1"] }).ShouldBe(("duplicateItem", "/serials/1"));
        Refused(Goods with { Quantity = 3 }).ShouldBe(("quantityNotSerials", "/quantity"));
    }

    [Fact]
    public void Institution_and_number_name_a_receipt()
    {
        IdOf("H1", "1").ShouldBe(IdOf("H1", "1"));
        IdOf("H1", "1").ShouldNotBe(IdOf("H11", ""));
        Stream(IdOf("H1", "1")).ShouldStartWith("device-receipt-");
    }
}
