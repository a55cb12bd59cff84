using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Metrics;

namespace Compliance.Devices;

/// <summary>
/// The registration of a device (医疗器械注册证) with the drug authority (药品监督管理部门): what may be used at all, NV-DEV-APPROVED and CI-DEV-APPROVED. Entered by the national authority, or by a regulator.
/// </summary>
public static class DeviceRegistration
{
    /// <summary>The id of a registration: its number, however it was typed.</summary>
    public static Guid IdOf(string number) => NameBasedId.Of("deviceRegistration", NumberOf(number));

    public static string Stream(Guid id) => $"device-registration-{id:D}";

    /// <summary>A number (注册证编号) as it is compared: without spaces, full-width letters and digits as plain ones, capitals.</summary>
    public static string NumberOf(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)).Select(c => char.ToUpperInvariant(c is >= '！' and <= '～' ? (char)(c - '！' + '!') : c)));

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Registration")] Guid Registration, [property: Stored("By")] Actor By)
    {
        /// <summary>The entry as it stands from now on, whole. A renewal, or a cancellation, is not part of it, and stays.</summary>
        /// <param name="Number">As printed on the certificate, e.g. <c>国械注准20193130001</c>.</param>
        /// <param name="SingleUse">Whether it may be used once only (一次性使用); null where the certificate does not say.</param>
        /// <param name="DeviceIdentifiers">The products it covers, as GTINs of 14 digits in rising order; empty where nobody listed them.</param>
        /// <param name="ValidFrom">First day.</param>
        /// <param name="ValidTo">Last day, included.</param>
        public sealed record Registered(
            Guid Registration,
            [property: Stored("Number")] string Number,
            [property: Stored("Name")] string Name,
            [property: Stored("Maker")] string Maker,
            [property: Stored("SingleUse")] bool? SingleUse,
            [property: Stored("DeviceIdentifiers")] IReadOnlyList<string> DeviceIdentifiers,
            [property: Stored("ValidFrom")] DateOnly ValidFrom,
            [property: Stored("ValidTo")] DateOnly ValidTo,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Registration, By);

        /// <summary>延续注册: the same number for a further period.</summary>
        /// <param name="ValidFrom">First day.</param>
        /// <param name="ValidTo">Last day, included.</param>
        public sealed record Renewed(
            Guid Registration,
            [property: Stored("ValidFrom")] DateOnly ValidFrom,
            [property: Stored("ValidTo")] DateOnly ValidTo,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Registration, By);

        /// <summary>注销 or 撤销: from that day nothing of it may be used, whenever it was made.</summary>
        /// <param name="CancelledOn">First day without it.</param>
        public sealed record Cancelled(
            Guid Registration,
            [property: Stored("CancelledOn")] DateOnly CancelledOn,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Registration, By);

        /// <summary>The cancellation was entered by mistake, or set aside: it never was.</summary>
        public sealed record CancellationWithdrawn(
            Guid Registration,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Registration, By);
    }

    /// <param name="Renewals">In the order they were recorded.</param>
    /// <param name="CancelledOn">First day without it; null while it stands.</param>
    public sealed record State(Event.Registered? Entry, IReadOnlyList<DaySpan> Renewals, DateOnly? CancelledOn)
    {
        public static readonly State Initial = new(null, [], null);

        /// <summary>The days on which it was, is or will be valid, were it not cancelled.</summary>
        [JsonIgnore]
        public IEnumerable<DaySpan> Validity => Entry is { } e ? Renewals.Prepend(new(e.ValidFrom, e.ValidTo)) : [];

        /// <summary>
        /// Whether a device was approved for a use. The clause does not say which day counts: what was made while the registration was valid may be used up after it has lapsed, which is how the drug authority
        /// treats it, so either day is enough. A cancellation ends that too.
        /// </summary>
        /// <param name="made">The days on one of which it was made, as its label says: any of them is enough. Null, or days after its use, tell nothing.</param>
        public bool Approves(DateOnly usedOn, DaySpan? made) =>
            !(CancelledOn <= usedOn) && Validity.Any(v => v.Contains(usedOn) || (made is { } m && v.Overlaps(m with { To = m.To < usedOn ? m.To : usedOn })));
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Registered r => state with { Entry = r },
        Event.Renewed r => state with { Renewals = [.. state.Renewals, new(r.ValidFrom, r.ValidTo)] },
        Event.Cancelled c => state with { CancelledOn = c.CancelledOn },
        Event.CancellationWithdrawn => state with { CancelledOn = null },
        _ => throw new UnreachableException($"a device registration knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>Enters a registration, or mends what was entered. The same entry sent again changes nothing.</summary>
    /// <param name="entry">Its identifiers may be GTINs of any length, in any order.</param>
    public static Decision<Event> Register(State state, Event.Registered entry)
    {
        if (entry.ValidTo < entry.ValidFrom)
            return Refusal.Invalid("endsBeforeItBegins", "/validTo");
        for (var i = 0; i < entry.DeviceIdentifiers.Count; i++)
        {
            if (Udi.Gtin14(entry.DeviceIdentifiers[i]) is null)
                return Refusal.Invalid("notAGtin", $"/deviceIdentifiers/{i}");
        }

        var wanted = entry with { DeviceIdentifiers = [.. entry.DeviceIdentifiers.Select(d => Udi.Gtin14(d)!).Distinct().Order(StringComparer.Ordinal)] };
        return state.Entry is { } e && e.DeviceIdentifiers.SequenceEqual(wanted.DeviceIdentifiers)
            && (e with { DeviceIdentifiers = wanted.DeviceIdentifiers, RecordedOn = wanted.RecordedOn, By = wanted.By }) == wanted
            ? Decision<Event>.Nothing
            : wanted;
    }

    /// <summary>Renews it: for a period that ends later than all before it.</summary>
    public static Decision<Event> Renew(State state, DateOnly validFrom, DateOnly validTo, DateOnly today, Actor by) =>
        state.Entry is null ? Refusal.NotFound("noSuchDeviceRegistration")
        : validTo < validFrom ? Refusal.Invalid("endsBeforeItBegins", "/validTo")
        : state.Renewals.Contains(new(validFrom, validTo)) ? Decision<Event>.Nothing
        : state.CancelledOn is { } cancelled ? Refusal.Conflict("deviceRegistrationCancelled", cancelled)
        : state.Validity.Max(v => v.To) is var last && validTo <= last ? Refusal.Invalid("renewalEndsTooEarly", "/validTo", last)
        : new Event.Renewed(state.Entry.Registration, validFrom, validTo, today, by);

    /// <summary>Cancels it, from a day that may lie before or after today: the decision is the drug authority's, and is only recorded here.</summary>
    public static Decision<Event> Cancel(State state, DateOnly cancelledOn, string reason, DateOnly today, Actor by) =>
        state.Entry is null ? Refusal.NotFound("noSuchDeviceRegistration")
        : state.CancelledOn == cancelledOn ? Decision<Event>.Nothing
        : state.CancelledOn is { } other ? Refusal.Conflict("deviceRegistrationCancelled", other)
        : new Event.Cancelled(state.Entry.Registration, cancelledOn, reason, today, by);

    public static Decision<Event> WithdrawCancellation(State state, string reason, DateOnly today, Actor by) =>
        state.Entry is null ? Refusal.NotFound("noSuchDeviceRegistration")
        : state.CancelledOn is null ? Decision<Event>.Nothing
        : new Event.CancellationWithdrawn(state.Entry.Registration, reason, today, by);
}
