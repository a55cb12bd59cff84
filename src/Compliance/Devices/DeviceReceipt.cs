using System.Diagnostics;

namespace Compliance.Devices;

/// <summary>What arrived: one product of one lot, from one supplier.</summary>
/// <param name="Di">The product as a GTIN of 14 digits.</param>
/// <param name="Lot">Null for what is told apart by serial numbers alone.</param>
/// <param name="Serials">Each piece's, where they have one; otherwise empty.</param>
/// <param name="Quantity">Pieces, at least 1; as many as serials where there are any.</param>
/// <param name="Registration">The number of its registration (注册证编号), as on the papers.</param>
/// <param name="ReceivedOn">The day it arrived.</param>
public sealed record DeviceGoods(
    [property: Stored("Di")] string Di,
    [property: Stored("Lot")] string? Lot,
    [property: Stored("Serials")] IReadOnlyList<string> Serials,
    [property: Stored("Quantity")] int Quantity,
    [property: Stored("Registration")] string? Registration,
    [property: Stored("Supplier")] string Supplier,
    [property: Stored("ReceivedOn")] DateOnly ReceivedOn)
{
    public bool SameAs(DeviceGoods other) => Serials.SequenceEqual(other.Serials) && (this with { Serials = other.Serials }) == other;
}

/// <summary>
/// A line of an institution's ledger of devices (器材登记制度): where what it uses came from, NV-DEV-REGISTER and CI-DEV-REGISTER. Entered by the institution; what goes back to the supplier is a correction of the quantity.
/// </summary>
public static class DeviceReceipt
{
    /// <summary>More than any hospital gets of one product at once; a larger number is a typing error.</summary>
    public const int MostPieces = 100_000;

    /// <summary>The id of a receipt: the institution and its own number for the line, and nothing else, name it.</summary>
    public static Guid IdOf(string institution, string number) => NameBasedId.Of("deviceReceipt", institution, number);

    public static string Stream(Guid id) => $"device-receipt-{id:D}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Receipt")] Guid Receipt, [property: Stored("Institution")] string Institution, [property: Stored("By")] Actor By)
    {
        /// <param name="Number">The institution's own, of the line: a delivery of three lots is three receipts.</param>
        public sealed record Received(
            Guid Receipt,
            string Institution,
            [property: Stored("Number")] string Number,
            [property: Stored("Goods")] DeviceGoods Goods,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Receipt, Institution, By);

        /// <param name="Before">What stood there until now.</param>
        public sealed record Corrected(
            Guid Receipt,
            string Institution,
            [property: Stored("Before")] DeviceGoods Before,
            [property: Stored("Goods")] DeviceGoods Goods,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Receipt, Institution, By);

        /// <summary>It was entered by mistake: nothing of the kind arrived, or all of it went back.</summary>
        public sealed record Voided(
            Guid Receipt,
            string Institution,
            [property: Stored("Before")] DeviceGoods Before,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Receipt, Institution, By);
    }

    /// <param name="First">As it was first entered.</param>
    /// <param name="Goods">As it stands.</param>
    public sealed record State(Event.Received? First, DeviceGoods? Goods, bool Voided)
    {
        public static readonly State Initial = new(null, null, false);
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Received r => new(r, r.Goods, Voided: false),
        Event.Corrected c => state with { Goods = c.Goods },
        Event.Voided => state with { Voided = true },
        _ => throw new UnreachableException($"a receipt knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>Enters a receipt. One equal to the one first entered, or to what stands now, changes nothing: hospitals send full extracts nightly.</summary>
    public static Decision<Event> Receive(State state, string institution, string number, DeviceGoods goods, DateOnly today, Actor by)
    {
        if (FaultOf(goods, today) is { } fault)
            return fault;
        var wanted = Plain(goods);
        return state.First is not { } first ? new Event.Received(IdOf(institution, number), institution, number, wanted, today, by)
            : state.Voided ? Refusal.Conflict("receiptVoided")
            : first.Goods.SameAs(wanted) || state.Goods!.SameAs(wanted) ? Decision<Event>.Nothing
            : Refusal.Conflict("receiptDiffers");
    }

    /// <summary>Puts the whole line anew.</summary>
    public static Decision<Event> Correct(State state, DeviceGoods goods, string reason, DateOnly today, Actor by)
    {
        if ((Unchangeable(state) ?? FaultOf(goods, today)) is { } refused)
            return refused;
        var wanted = Plain(goods);
        return state.Goods!.SameAs(wanted) ? Decision<Event>.Nothing : new Event.Corrected(state.First!.Receipt, state.First.Institution, state.Goods, wanted, reason, today, by);
    }

    public static Decision<Event> Void(State state, string reason, DateOnly today, Actor by) =>
        state.Voided ? Decision<Event>.Nothing
        : Unchangeable(state) is { } refused ? refused
        : new Event.Voided(state.First!.Receipt, state.First.Institution, state.Goods!, reason, today, by);

    private static Refusal? Unchangeable(State state) =>
        state.First is null ? Refusal.NotFound("noSuchReceipt") : state.Voided ? Refusal.Conflict("receiptVoided") : null;

    // Lots are compared with those of the cases, and so are read like them.
    private static DeviceGoods Plain(DeviceGoods goods) => goods with
    {
        Di = Udi.Gtin14(goods.Di)!,
        Lot = DeviceUsed.Said(goods.Lot),
        Serials = [.. goods.Serials.Select(s => s.Trim()).Order(StringComparer.Ordinal)],
    };

    private static Refusal? FaultOf(DeviceGoods goods, DateOnly today)
    {
        if (Udi.Gtin14(goods.Di) is null)
            return Refusal.Invalid("notAGtin", "/di");
        if (goods.Quantity is < 1 or > MostPieces)
            return Refusal.Invalid("outOfRange", "/quantity", 1, MostPieces);
        if (goods.ReceivedOn > today)
            return Refusal.Invalid("futureDay", "/receivedOn");
        var seen = new HashSet<string>();
        for (var i = 0; i < goods.Serials.Count; i++)
        {
            if (!seen.Add(goods.Serials[i].Trim()))
                return Refusal.Invalid("duplicateItem", $"/serials/{i}");
        }

        return goods.Serials.Count > 0 && goods.Serials.Count != goods.Quantity ? Refusal.Invalid("quantityNotSerials", "/quantity", goods.Serials.Count) : null;
    }
}
