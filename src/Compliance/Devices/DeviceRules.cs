using Compliance.Cases;

namespace Compliance.Devices;

/// <summary>Whether a device was approved on the day of its use.</summary>
public enum Approval
{
    /// <summary>Nobody keeps the registry of devices here.</summary>
    NotJudged,
    Approved,

    /// <summary>Its registration is known, and was neither valid on the day of use nor when it was made, or was cancelled by then.</summary>
    NotValid,

    /// <summary>The number it names is in no registry, and none lists its product.</summary>
    Unknown,

    /// <summary>No number was given, and no registration lists its product: approval not shown.</summary>
    NotNamed,
}

/// <summary>What is found about one device of a case.</summary>
/// <param name="Expired">Used after its last day.</param>
/// <param name="UsedBefore">The earliest use of the same single-use device in another case, on the same day or an earlier one; null when there is none.</param>
public sealed record DeviceFinding(DeviceUsed Use, Approval Approval, bool Expired, DeviceUsed? UsedBefore)
{
    /// <summary>The flags it earns its case, out of <see cref="CaseFlags"/>.</summary>
    public IEnumerable<string> Flags =>
    [
        .. Approval is Approval.NotValid or Approval.Unknown or Approval.NotNamed ? [CaseFlags.UnapprovedDevice] : Array.Empty<string>(),
        .. Expired ? [CaseFlags.ExpiredDevice] : Array.Empty<string>(),
        .. UsedBefore is not null ? [CaseFlags.ReusedDevice] : Array.Empty<string>(),
    ];
}

/// <summary>More single-use devices of a lot used than the institution received: a finding about the institution, for one of the pieces was used twice, or came from somewhere unknown (NV-DEV-NOREUSE, NV-DEV-REGISTER; CI likewise).</summary>
/// <param name="Product">The GTIN of 14 digits.</param>
/// <param name="Techniques">Those they were used for, in rising order: whose regulation it concerns.</param>
/// <param name="Used">Pieces, in standing cases.</param>
/// <param name="Received">Pieces, by its ledger.</param>
public sealed record LotExcess(string Institution, string Product, string Lot, IReadOnlyList<string> Techniques, int Used, long Received);

/// <summary>A use that a question about a device found.</summary>
/// <param name="Certain">False where the report does not say the product, the lot or the serial number that was asked for: in a recall such a patient is called, too.</param>
public sealed record DeviceTrace(DeviceUsed Use, bool Certain);

/// <summary>
/// The rules about devices: NV-DEV-APPROVED, NV-DEV-REGISTER, NV-DEV-NOREUSE and their like in CI. Everything is found anew from all standing cases of all hospitals, and rests on days of use, ids and registries alone,
/// so the order in which anything was reported, corrected or voided decides nothing.
/// </summary>
public static class DeviceRules
{
    /// <summary>
    /// What is found about each device, in rising order of day, case and line.
    /// <para>
    /// Reused (重复使用): a single-use device, by product and serial number, was used in another case on an earlier day, or on the same one. The first use was in order and stays without a finding, whatever others did with the device
    /// after it; of several on the first day nobody can say which was the first, so all have one. A lot contradicts only where both reports say one: serial numbers are unique within a product, and a lot left out must hide nothing.
    /// </para>
    /// <para>
    /// Single use: by the registration, where one says so, and otherwise by any report about the very device; what one hospital leaves out another may have said.
    /// </para>
    /// </summary>
    /// <param name="uses">For the findings of one case: its devices, and those of other standing cases with the same product and serial number. More changes nothing.</param>
    public static IReadOnlyList<DeviceFinding> Find(IEnumerable<DeviceUsed> uses, DeviceRegistry registry)
    {
        var all = InOrder(uses);
        var devices = all.Where(u => u is { Product: not null, Serial: not null }).ToList();
        var bySerial = devices.ToLookup(u => (u.Product, u.Serial));
        var byLot = devices.ToLookup(u => (u.Product, u.Serial, u.Lot));
        var singleUse = bySerial.Where(same => IsSingleUse(same, registry)).Select(same => same.Key).ToHashSet();

        DeviceUsed? UsedBefore(DeviceUsed u)
        {
            if (u.Product is null || u.Serial is null || !singleUse.Contains((u.Product, u.Serial)))
                return null;
            IEnumerable<DeviceUsed>[] same = u.Lot is null ? [bySerial[(u.Product, u.Serial)]] : [byLot[(u.Product, u.Serial, u.Lot)], byLot[(u.Product, u.Serial, null)]];
            return InOrder(same.SelectMany(s => s.Where(v => v.CaseId != u.CaseId).Take(1))).FirstOrDefault(v => v.UsedOn <= u.UsedOn);
        }

        return [.. all.Select(u => new DeviceFinding(u, ApprovalOf(u, registry), u.ExpiresOn < u.UsedOn, UsedBefore(u)))];
    }

    /// <summary>The flags of one case, each once, in the order of <see cref="CaseFlags.All"/>.</summary>
    public static IReadOnlyList<string> FlagsOf(Guid caseId, IEnumerable<DeviceFinding> findings)
    {
        var earned = findings.Where(f => f.Use.CaseId == caseId).SelectMany(f => f.Flags).ToHashSet();
        return [.. CaseFlags.All.Where(earned.Contains)];
    }

    /// <summary>
    /// The lots of which an institution used more than it received, by institution, product and lot. An institution is judged from the day of its first receipt on, for what it had in stock before nobody booked;
    /// one without a ledger here is not. Within that all receipts count, whatever their day: what a supplier brings to the operation is booked after it.
    /// </summary>
    /// <param name="uses">For one institution, its devices, and all its receipts.</param>
    public static IReadOnlyList<LotExcess> Excesses(IEnumerable<DeviceUsed> uses, IEnumerable<DeviceReceipt.State> receipts, DeviceRegistry registry)
    {
        var ledger = receipts.Where(r => r is { First: not null, Voided: false }).ToList();
        var begins = ledger.GroupBy(r => r.First!.Institution).ToDictionary(r => r.Key, r => r.Min(x => x.Goods!.ReceivedOn));
        var received = ledger.ToLookup(r => (r.First!.Institution, r.Goods!.Di, r.Goods.Lot), r => (long)r.Goods!.Quantity);
        var excesses =
            from u in uses
            where u is { Product: not null, Lot: not null } && begins.TryGetValue(u.Institution, out var begun) && u.UsedOn >= begun
            group u by (u.Institution, Product: u.Product!, Lot: u.Lot!) into lot
            where IsSingleUse(lot, registry)
            let key = lot.Key
            // A piece with a serial number is one, however often its case names it.
            let used = lot.DistinctBy(u => (u.CaseId, u.Serial, u.Serial is null ? u.Line : 0)).Count()
            // What was booked without a lot may be of this one.
            let there = received[(key.Institution, key.Product, key.Lot)].Sum() + received[(key.Institution, key.Product, null)].Sum()
            where used > there
            select new LotExcess(key.Institution, key.Product, key.Lot, [.. lot.Select(u => u.Technique).Distinct().Order(StringComparer.Ordinal)], used, there);
        return [.. excesses.OrderBy(e => e.Institution, StringComparer.Ordinal).ThenBy(e => e.Product, StringComparer.Ordinal).ThenBy(e => e.Lot, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Where a device went, or all of a lot, or all of a product. In rising order of day, institution, case and line. Uses of which a report leaves out what was asked for are among them, as not certain: the lot, the serial number,
    /// or the product itself, where the line names a registration (注册证编号) that covers it and no other GTIN. A line that names neither is nobody's.
    /// </summary>
    /// <param name="product">A GTIN of 14 digits, or what stands for one, <see cref="DeviceUsed.NameOf"/>.</param>
    /// <param name="lot">Null for all.</param>
    /// <param name="serial">Null for all.</param>
    /// <param name="registrations">The numbers, as they are compared, of those that list the product.</param>
    public static IReadOnlyList<DeviceTrace> Trace(IEnumerable<DeviceUsed> uses, string product, string? lot, string? serial, IReadOnlyCollection<string> registrations)
    {
        static bool MayBe(string? asked, string? said) => asked is null || said is null || asked == said;
        bool MayBeOfProduct(DeviceUsed u) => u.Product == product || (!u.ProductKnown && u.Registration is { } number && registrations.Contains(number));
        return
        [
            .. uses.Where(u => MayBeOfProduct(u) && MayBe(lot, u.Lot) && MayBe(serial, u.Serial))
                .OrderBy(u => u.UsedOn).ThenBy(u => u.Institution, StringComparer.Ordinal).ThenBy(u => u.CaseId).ThenBy(u => u.Line)
                .Select(u => new DeviceTrace(u, u.Product == product && (lot is null || u.Lot is not null) && (serial is null || u.Serial is not null))),
        ];
    }

    private static Approval ApprovalOf(DeviceUsed use, DeviceRegistry registry)
    {
        if (!registry.Kept)
            return Approval.NotJudged;
        var known = registry.Of(use).ToList();
        return known.Exists(r => r.Approves(use.UsedOn, use is { MadeFrom: { } from, MadeOn: { } to } ? new(from, to) : null)) ? Approval.Approved
            : known.Count > 0 ? Approval.NotValid
            : use.Registration is null ? Approval.NotNamed
            : Approval.Unknown;
    }

    private static bool IsSingleUse(IEnumerable<DeviceUsed> same, DeviceRegistry registry)
    {
        var registered = same.SelectMany(registry.Of).Select(r => r.Entry!.SingleUse).Where(s => s is not null).ToList();
        return registered.Count > 0 ? registered.Contains(true) : same.Any(u => u.SingleUse == true);
    }

    private static List<DeviceUsed> InOrder(IEnumerable<DeviceUsed> uses) => [.. uses.OrderBy(u => u.UsedOn).ThenBy(u => u.CaseId).ThenBy(u => u.Line)];
}
