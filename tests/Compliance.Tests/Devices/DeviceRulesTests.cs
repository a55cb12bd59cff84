using Compliance.Cases;
using Compliance.Devices;
using Case = Compliance.Cases.Case;

namespace Compliance.Tests.Devices;

/// <summary>Each finding: a device that earns it, and one at the boundary that does not.</summary>
public class DeviceRulesTests
{
    private const string Number = "国械注准20193130001";
    private const string Coil = "06901234567892";
    private const string Stent = "09521234543213";

    private static readonly Actor By = new("national", "n");
    private static readonly DateOnly Day = new(2026, 3, 2);
    private static readonly Guid A = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid B = new("00000000-0000-0000-0000-00000000000b");
    private static readonly Guid C = new("00000000-0000-0000-0000-00000000000c");

    private static DeviceUsed Use(Guid caseId, DateOnly? on = null, string? udi = $"(01){Coil}", string? lot = "L1", string? serial = "S1", string? registration = Number, bool? singleUse = true, string at = "H1", int line = 0, string technique = "neurovascular") =>
        DeviceUsed.Of(new CaseKey(caseId, at, "P1", technique, on ?? Day), line, new DeviceUse(registration, udi, lot, serial, singleUse));

    private static DeviceRegistry Registry(bool? singleUse = null, string[]? identifiers = null, DateOnly? cancelledOn = null, DateOnly? validTo = null)
    {
        var state = DeviceRegistration.Fold(
        [
            new DeviceRegistration.Event.Registered(DeviceRegistration.IdOf(Number), Number, "Coil", "Maker", singleUse, identifiers ?? [], new(2019, 5, 1), validTo ?? new(2029, 4, 30), Day, By),
        ]);
        return new([state with { CancelledOn = cancelledOn }], kept: true);
    }

    private static string[] Flags(Guid of, DeviceRegistry registry, params DeviceUsed[] uses) => [.. DeviceRules.FlagsOf(of, DeviceRules.Find(uses, registry))];

    private static Approval ApprovalOf(DeviceUsed use, DeviceRegistry registry) => DeviceRules.Find([use], registry).ShouldHaveSingleItem().Approval;

    [Fact]
    public void A_sound_device_earns_nothing()
    {
        Flags(A, Registry(), Use(A, udi: $"(01){Coil}(17)260302")).ShouldBeEmpty();
        DeviceRules.Find([], Registry()).ShouldBeEmpty();
    }

    [Fact]
    public void Unapproved()
    {
        Flags(A, Registry(validTo: Day), Use(A)).ShouldBeEmpty();
        Flags(A, Registry(validTo: Day.AddDays(-1)), Use(A)).ShouldBe(["unapprovedDevice"]);
        Flags(A, Registry(validTo: Day.AddDays(-1)), Use(A, udi: $"(01){Coil}(11)260301")).ShouldBeEmpty();
        // Made some day in February: the 1st is enough, or the 28th; and of the month of use only the days until then.
        Flags(A, Registry(validTo: new(2026, 2, 1)), Use(A, udi: $"(01){Coil}(11)260200")).ShouldBeEmpty();
        Flags(A, Registry(validTo: new(2026, 1, 31)), Use(A, udi: $"(01){Coil}(11)260200")).ShouldBe(["unapprovedDevice"]);
        Flags(A, Registry(validTo: new(2026, 2, 1)), Use(A, udi: $"(01){Coil}(11)260228")).ShouldBe(["unapprovedDevice"]);
        Flags(A, Registry(validTo: new(2026, 3, 1)), Use(A, udi: $"(01){Coil}(11)260300")).ShouldBeEmpty();
        Flags(A, Registry(validTo: new(2026, 2, 28)), Use(A, udi: $"(01){Coil}(11)260300")).ShouldBe(["unapprovedDevice"]);
        Flags(A, Registry(cancelledOn: Day), Use(A)).ShouldBe(["unapprovedDevice"]);
        Flags(A, Registry(cancelledOn: Day.AddDays(1)), Use(A)).ShouldBeEmpty();
    }

    [Fact]
    public void Approval_says_why()
    {
        ApprovalOf(Use(A), DeviceRegistry.NotKept).ShouldBe(Approval.NotJudged);
        ApprovalOf(Use(A), Registry()).ShouldBe(Approval.Approved);
        ApprovalOf(Use(A), Registry(validTo: Day.AddDays(-1))).ShouldBe(Approval.NotValid);
        ApprovalOf(Use(A, registration: "国械注准20190000000"), Registry()).ShouldBe(Approval.Unknown);
        ApprovalOf(Use(A, registration: null), Registry()).ShouldBe(Approval.NotNamed);
        ApprovalOf(Use(A, registration: "／", udi: null), Registry()).ShouldBe(Approval.NotNamed);
    }

    [Fact]
    public void A_registration_is_found_by_number_or_by_product()
    {
        ApprovalOf(Use(A, registration: "国械注准 2019 3130001"), Registry()).ShouldBe(Approval.Approved);
        ApprovalOf(Use(A, registration: null), Registry(identifiers: [Coil])).ShouldBe(Approval.Approved);
        ApprovalOf(Use(A, registration: null, udi: $"01{Coil}10L1"), Registry(identifiers: [Coil])).ShouldBe(Approval.Approved);
        ApprovalOf(Use(A, registration: "mistyped"), Registry(identifiers: [Coil])).ShouldBe(Approval.Approved);
        ApprovalOf(Use(A, registration: null, udi: Stent), Registry(identifiers: [Coil])).ShouldBe(Approval.NotNamed);
    }

    [Fact]
    public void Expired()
    {
        Flags(A, Registry(), Use(A, udi: $"(01){Coil}(17)260302")).ShouldBeEmpty();
        Flags(A, Registry(), Use(A, udi: $"(01){Coil}(17)260301")).ShouldBe(["expiredDevice"]);
        Flags(A, Registry(), Use(A, udi: $"(01){Coil}(17)260300")).ShouldBeEmpty();
        Flags(A, Registry(), Use(A, udi: $"(01){Coil}(17)260200")).ShouldBe(["expiredDevice"]);
    }

    [Fact]
    public void Reused_is_the_later_use_in_whatever_hospital()
    {
        DeviceUsed first = Use(A), later = Use(B, Day.AddDays(1), at: "H2");
        Flags(A, Registry(), later, first).ShouldBeEmpty();
        Flags(B, Registry(), later, first).ShouldBe(["reusedDevice"]);
        DeviceRules.Find([later, first], Registry()).Single(f => f.Use.CaseId == B).UsedBefore.ShouldBe(first);
    }

    [Fact]
    public void Of_several_on_the_first_day_none_was_the_first()
    {
        DeviceUsed[] uses = [Use(A), Use(B, at: "H2"), Use(C, Day.AddDays(1))];
        foreach (Guid of in new[] { A, B, C })
            Flags(of, Registry(), uses).ShouldBe(["reusedDevice"]);
    }

    [Fact]
    public void The_same_device_is_the_same_product_and_serial_number()
    {
        DeviceUsed first = Use(A);
        DateOnly next = Day.AddDays(1);
        Flags(B, Registry(), first, Use(B, next, serial: "S2")).ShouldBeEmpty();
        Flags(B, Registry(), first, Use(B, next, serial: "s1")).ShouldBeEmpty();
        Flags(B, Registry(), first, Use(B, next, udi: Stent)).ShouldBeEmpty();
        Flags(B, Registry(), first, Use(B, next, serial: null)).ShouldBeEmpty();
        Flags(B, Registry(), first, Use(B, next, udi: null)).ShouldBeEmpty();
        Flags(B, Registry(), first, Use(B, next, lot: "L2")).ShouldBeEmpty();
        Flags(B, Registry(), first, Use(B, next, lot: null)).ShouldBe(["reusedDevice"]);
        Flags(B, Registry(), Use(A, lot: null), Use(B, next, lot: "L2")).ShouldBe(["reusedDevice"]);
        Flags(B, Registry(), first, Use(B, next, udi: $"]d201{Coil}10L1\u001d21S1", lot: null, serial: null)).ShouldBe(["reusedDevice"]);
        Flags(B, Registry(), first, Use(B, next, udi: $"(01){Coil}(21)S2")).ShouldBeEmpty();
    }

    [Fact]
    public void Another_agency_or_a_misread_label_is_compared_as_it_stands()
    {
        const string ma = "MA.156.M0.100105";
        DeviceUsed read = Use(A, udi: ma);
        (read.Product, read.Udi, read.ExpiresOn).ShouldBe((ma, null, null));
        Flags(B, Registry(), read, Use(B, Day.AddDays(1), udi: $" {ma} ")).ShouldBe(["reusedDevice"]);
        Flags(B, Registry(), read, Use(B, Day.AddDays(1), udi: ma + ".1")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("—")]
    [InlineData(" ")]
    [InlineData("无")]
    [InlineData("N/A")]
    [InlineData("none")]
    [InlineData("不详")]
    [InlineData("未知")]
    [InlineData("不明")]
    [InlineData("没有")]
    [InlineData("暂无")]
    [InlineData("（无）")]
    [InlineData("N.A.")]
    [InlineData("ＮＡ")]
    [InlineData("Unknown ")]
    [InlineData("0")]
    [InlineData("0000")]
    [InlineData("00-00")]
    [InlineData("０００")]
    public void What_fills_an_empty_field_is_no_serial_number(string serial) => Flags(B, Registry(), Use(A, serial: serial), Use(B, Day.AddDays(1), serial: serial)).ShouldBeEmpty();

    [Theory]
    [InlineData("1")]
    [InlineData("0001")]
    [InlineData("NA1")]
    [InlineData("无锡001")]
    [InlineData("O")]
    public void What_only_looks_like_nothing_is_one(string serial) => Flags(B, Registry(), Use(A, serial: serial), Use(B, Day.AddDays(1), serial: serial)).ShouldBe(["reusedDevice"]);

    /// <summary>Typed as a UDI it is no more than typed beside it, and what stands beside it counts.</summary>
    [Fact]
    public void What_fills_an_element_is_none()
    {
        Flags(B, Registry(), Use(A, udi: $"(01){Coil}(21)0000", serial: null), Use(B, Day.AddDays(1), udi: $"(01){Coil}(21)0000", serial: null)).ShouldBeEmpty();
        DeviceUsed use = Use(A, udi: $"(01){Coil}(10)NA(21)0");
        (use.Lot, use.Serial).ShouldBe(("L1", "S1"));
    }

    /// <summary>A recall finds whoever had it: what stands before a fault is read, and nothing is taken from an element at fault.</summary>
    [Theory]
    [InlineData("(10)L7(21)S7(05)X", "L7", "S7", null)]
    [InlineData("(10)L7(17)270101(21)S7(99", "L7", "S7", "2027-01-01")]
    [InlineData("(10)L7(17)271301(21)S7", "L7", "S7", null)]
    [InlineData("(10)L7(21)批号", "L7", "S1", null)]
    [InlineData("(10)123456789012345678901(21)S7", "L1", "S1", null)]
    [InlineData("(10)L7(21)S7(10)L8", "L1", "S7", null)]
    [InlineData("(77)1(10)L7", "L1", "S1", null)]
    public void A_fault_behind_the_product_hides_only_what_is_behind_it(string elements, string lot, string serial, string? expires)
    {
        DeviceUsed use = Use(A, udi: $"(01){Coil}{elements}");
        (use.Product, use.Lot, use.Serial, use.Udi).ShouldBe((Coil, lot, serial, null));
        use.ExpiresOn.ShouldBe(expires is null ? null : DateOnly.ParseExact(expires, "yyyy-MM-dd"));
    }

    [Theory]
    [InlineData("(01)06901234567893(10)L7")]
    [InlineData("(05)X(01)06901234567892(10)L7")]
    [InlineData("(01)06901234567892(10)L7(01)09521234543213")]
    [InlineData("(01)00000000000000(10)L7(05)X")]
    public void Without_a_product_the_text_stands_for_it(string udi)
    {
        DeviceUsed use = Use(A, udi: udi);
        (use.Product, use.Lot, use.Udi).ShouldBe((udi, "L1", null));
    }

    /// <summary>What names a product stands in an index, and a page of it is 8 KB.</summary>
    [Fact]
    public void A_long_text_is_named_by_its_digest()
    {
        string text = new('标', 201);
        DeviceUsed use = Use(A, udi: text);
        // sha256sum of the 603 bytes in UTF-8.
        use.Product.ShouldBe("sha256:51fadbe3065ed5d9209868eadb2b1c66cdbb8dfa863a7e167b2af77f3bc74b67");
        Use(A, udi: $" {text} ").Product.ShouldBe(use.Product);
        Use(A, udi: text + "1").Product.ShouldNotBe(use.Product);
        Use(A, udi: text[1..]).Product.ShouldBe(text[1..]);
    }

    [Fact]
    public void Twice_in_one_case_is_one_use() => Flags(A, Registry(), Use(A), Use(A, line: 1)).ShouldBeEmpty();

    /// <summary>The registration decides; without one whoever said so; and nobody's silence outweighs it.</summary>
    [Theory]
    [InlineData(null, true, true, true)]
    [InlineData(null, false, true, true)]
    [InlineData(null, true, null, true)]
    [InlineData(null, false, null, false)]
    [InlineData(null, null, null, false)]
    [InlineData(true, false, false, true)]
    [InlineData(true, null, null, true)]
    [InlineData(false, true, true, false)]
    public void Single_use(bool? registered, bool? first, bool? later, bool reused) =>
        Flags(B, Registry(registered), Use(A, singleUse: first), Use(B, Day.AddDays(1), singleUse: later)).Length.ShouldBe(reused ? 1 : 0);

    [Fact]
    public void Flags_come_once_and_in_their_order()
    {
        DeviceUsed[] uses = [Use(A), Use(B, Day.AddDays(1), udi: $"(01){Coil}(17)260302", registration: "?1"), Use(B, Day.AddDays(1), serial: "S7", registration: null, line: 1)];
        Flags(B, Registry(), uses).ShouldBe(["unapprovedDevice", "expiredDevice", "reusedDevice"]);
        CaseFlags.All.ShouldContain("unapprovedDevice");
    }

    [Fact]
    public void A_voided_case_has_no_devices()
    {
        var report = Cases.Tests.Given.Report;
        Case.State reported = Cases.Tests.Given.Reported();
        DeviceUsed.Of(reported).ShouldHaveSingleItem().Product.ShouldBe(Coil);
        DeviceUsed.Of(reported)[0].Line.ShouldBe(0);
        DeviceUsed.Of(reported)[0].UsedOn.ShouldBe(report.CompletedOn);
        DeviceUsed.Of(reported with { Voided = true }).ShouldBeEmpty();
        DeviceUsed.Of(Case.State.Initial).ShouldBeEmpty();
    }

    private static DeviceReceipt.State Receipt(string number, int quantity, string? lot = "L1", string at = "H1", DateOnly? on = null, string di = Coil) =>
        DeviceReceipt.Fold(DeviceReceipt.Receive(DeviceReceipt.State.Initial, at, number, new(di, lot, [], quantity, null, "S", on ?? Day.AddDays(-9)), Day, By).Events);

    [Fact]
    public void More_used_than_received()
    {
        DeviceUsed[] uses = [Use(A, serial: null), Use(A, serial: null, line: 1), Use(B, serial: null, technique: "comprehensive")];
        DeviceRules.Excesses(uses, [Receipt("1", 2), Receipt("2", 1)], DeviceRegistry.NotKept).ShouldBeEmpty();
        LotExcess excess = DeviceRules.Excesses(uses, [Receipt("1", 2)], DeviceRegistry.NotKept).ShouldHaveSingleItem();
        (excess.Institution, excess.Product, excess.Lot, excess.Used, excess.Received).ShouldBe(("H1", Coil, "L1", 3, 2L));
        excess.Techniques.ShouldBe(["comprehensive", "neurovascular"]);
        DeviceRules.Excesses(uses, [Receipt("1", 2), Receipt("2", 9) with { Voided = true }], DeviceRegistry.NotKept).ShouldHaveSingleItem();
        DeviceRules.Excesses(uses, [Receipt("1", 2), Receipt("2", 9, at: "H2")], DeviceRegistry.NotKept).ShouldHaveSingleItem();
        DeviceRules.Excesses(uses, [Receipt("1", 2), Receipt("2", 9, lot: "L2")], DeviceRegistry.NotKept).ShouldHaveSingleItem();
        DeviceRules.Excesses(uses, [Receipt("1", 2), Receipt("2", 1, lot: null)], DeviceRegistry.NotKept).ShouldBeEmpty();
        DeviceRules.Excesses(uses, [Receipt("1", 9, di: Stent)], DeviceRegistry.NotKept).ShouldHaveSingleItem().Received.ShouldBe(0);
    }

    [Fact]
    public void Who_keeps_no_ledger_is_not_judged_by_one()
    {
        DeviceRules.Excesses([Use(A, at: "H2")], [Receipt("1", 1)], DeviceRegistry.NotKept).ShouldBeEmpty();
        DeviceRules.Excesses([Use(A), Use(B, serial: "S2")], [Receipt("1", 1, on: Day)], DeviceRegistry.NotKept).ShouldHaveSingleItem();
        DeviceRules.Excesses([Use(A), Use(B, Day.AddDays(-1), serial: "S2")], [Receipt("1", 1, on: Day)], DeviceRegistry.NotKept).ShouldBeEmpty();
    }

    [Fact]
    public void Pieces_are_counted_once_and_only_of_single_use()
    {
        DeviceRules.Excesses([Use(A), Use(A, line: 1)], [Receipt("1", 1)], DeviceRegistry.NotKept).ShouldBeEmpty();
        DeviceRules.Excesses([Use(A), Use(B)], [Receipt("1", 1)], DeviceRegistry.NotKept).ShouldHaveSingleItem();
        DeviceRules.Excesses([Use(A, singleUse: false), Use(B, singleUse: null)], [Receipt("1", 1)], DeviceRegistry.NotKept).ShouldBeEmpty();
        DeviceRules.Excesses([Use(A), Use(B)], [Receipt("1", 1)], Registry(singleUse: false)).ShouldBeEmpty();
    }

    [Fact]
    public void Where_a_device_went_and_a_lot()
    {
        DeviceUsed[] uses = [Use(C, Day.AddDays(1), lot: null, serial: "S3"), Use(B, serial: null), Use(A, Day.AddDays(2)), Use(A, lot: "L2"), Use(A, udi: Stent), Use(A, udi: null)];
        (Guid, string?, bool)[] Traced(string text)
        {
            Udi udi = Udi.Parse(text, Day).Udi!;
            return [.. DeviceRules.Trace(uses, udi.Di, udi.Lot, udi.Serial, []).Select(t => (t.Use.CaseId, t.Use.Lot, t.Certain))];
        }

        Traced(Coil).ShouldBe([(A, "L2", true), (B, "L1", true), (C, null, true), (A, "L1", true)]);
        Traced($"(01){Coil}(10)L1").ShouldBe([(B, "L1", true), (C, null, false), (A, "L1", true)]);
        Traced($"(01){Coil}(10)L1(21)S1").ShouldBe([(B, "L1", false), (A, "L1", true)]);
        Traced($"(01){Coil}(10)L9").ShouldBe([(C, null, false)]);
    }

    [Fact]
    public void A_line_without_product_may_be_of_any_that_its_registration_covers()
    {
        DeviceUsed[] uses = [Use(A, udi: null), Use(B, udi: "MA.156.M0.100105"), Use(C, udi: Stent), Use(C, udi: null, registration: "N2", line: 1), Use(C, udi: null, registration: null, line: 2), Use(C, udi: null, lot: "L2", line: 3), Use(C, udi: null, lot: null, line: 4)];
        DeviceRules.Trace(uses, Coil, "L1", null, [DeviceRegistration.NumberOf(Number)]).Select(t => (t.Use.CaseId, t.Use.Line, t.Certain)).ShouldBe([(A, 0, false), (B, 0, false), (C, 4, false)]);
        DeviceRules.Trace(uses, Coil, "L1", null, []).ShouldBeEmpty();
    }
}
