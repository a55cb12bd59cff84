using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Devices;
using Compliance.Service.EventStore;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Hospitals H1 and H2 in province 11 and H3 in 31, on 10 September 2025. Nobody has entered the registration of a device.</summary>
public sealed class DeviceWorld : IAsyncLifetime
{
    public static readonly DateOnly Today = new(2025, 9, 10);

    private int _numbers;

    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(Today);
        World = new(Service);
        await World.Hospital("H1");
        await World.Hospital("H2");
        (await Service.Put("institutions/H3", new { name = "Hospital H3", province = "31", level = "tertiaryA" }, await Service.National)).Expect(HttpStatusCode.Created);
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();

    public int NewNumber() => Interlocked.Increment(ref _numbers);

    /// <summary>A GTIN of 14 digits that no other test uses, its check digit reckoned by hand: from the right, the digits weigh 3 and 1 in turn.</summary>
    public string NewProduct()
    {
        var digits = $"0690{NewNumber():D9}";
        var sum = digits.Select((digit, place) => (digit - '0') * (place % 2 == 0 ? 3 : 1)).Sum();
        return $"{digits}{(10 - (sum % 10)) % 10}";
    }

    public static JsonObject Device(string? udi, string? lot = null, string? serial = null, bool? singleUse = true, string? registration = null) => new()
    {
        ["registration"] = registration,
        ["udi"] = udi,
        ["lot"] = lot,
        ["serial"] = serial,
        ["singleUse"] = singleUse,
    };

    public JsonObject Case(string institution, DateOnly on, params JsonObject[] devices)
    {
        var report = World.Case(institution, $"d{NewNumber()}", on);
        report["devices"] = new JsonArray(devices);
        return report;
    }

    /// <summary>Reports a case as its hospital.</summary>
    /// <returns>Its id, and the flags about devices it was answered with.</returns>
    public async Task<(string Id, string Flags)> Report(JsonObject report)
    {
        var answer = (await Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await Token((string)report["institution"]!))).Expect(HttpStatusCode.Created).Body!;
        return (answer["caseId"]!.GetValue<string>(), AboutDevices(answer["flags"]!));
    }

    public Task<string> Token(string institution) => Service.Token("hospital", institution: institution);

    public async Task Correct(string id, JsonObject report, Action<JsonObject> change)
    {
        report.Remove("outcome");
        change(report);
        (await Service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "typed wrongly", ["report"] = report.DeepClone() }.ToJsonString(), await Token((string)report["institution"]!)))
            .Expect(HttpStatusCode.OK);
    }

    public async Task Void(string id) => (await Service.Post($"cases/{id}/void", new { reason = "by mistake" }, await Service.National)).Expect(HttpStatusCode.OK);

    /// <summary>The flags about devices that a case shows now, once everything written so far is in the rows.</summary>
    public Task<string> Flags(string id) => Flags(id, "flags");

    public async Task<string> Flags(string id, string which) =>
        AboutDevices((await Service.Get($"cases/{id}?minPosition={await Head()}", await Service.National)).Expect(HttpStatusCode.OK).Body![which]!);

    public Task<long> Head() => Service.Get<IEventStore>().Head();

    private static string AboutDevices(JsonNode flags) =>
        string.Join(' ', flags.AsArray().Select(f => f!.GetValue<string>()).Where(f => f.EndsWith("Device", StringComparison.Ordinal)));
}

/// <summary>Devices through the whole service: found across hospitals and provinces, in whatever order they are reported.</summary>
public sealed class DeviceTests(DeviceWorld world) : IClassFixture<DeviceWorld>
{
    private const string None = "";
    private const string Reused = "reusedDevice";
    private const string Unapproved = "unapprovedDevice";
    private const string Expired = "expiredDevice";

    private static readonly DateOnly Day = DeviceWorld.Today.AddDays(-5);

    private static JsonObject Device(string? udi, string? lot = null, string? serial = null, bool? singleUse = true, string? registration = null) => DeviceWorld.Device(udi, lot, serial, singleUse, registration);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_single_use_device_used_again_is_found_across_provinces_whichever_report_comes_first(bool laterUseFirst)
    {
        var product = world.NewProduct();
        var (first, later) = (world.Case("H1", Day, Device($"(01){product}(10)L1(21)S1")), world.Case("H3", Day.AddDays(2), Device(product, lot: "L1", serial: "S1", singleUse: null)));
        var reports = laterUseFirst ? [later, first] : new[] { first, later };
        var answers = new Dictionary<JsonObject, (string Id, string Flags)>();
        foreach (var report in reports)
        {
            answers[report] = await world.Report(report);
        }

        answers[first].Flags.ShouldBe(None);
        answers[later].Flags.ShouldBe(laterUseFirst ? None : Reused, "what was known when it was reported");
        (await world.Flags(answers[first].Id)).ShouldBe(None);
        (await world.Flags(answers[later].Id)).ShouldBe(Reused);
        (await world.Flags(answers[later].Id, "flagsWhenReported")).ShouldBe(answers[later].Flags);
        var listed = (await world.Service.Get($"cases?institution=H3&flag=reusedDevice&limit=500&minPosition={await world.Head()}", await world.Service.National)).Expect(HttpStatusCode.OK).Body!;
        listed["items"]!.AsArray().Select(c => c!["caseId"]!.GetValue<string>()).ShouldContain(answers[later].Id);
        // Whose the other case is the regulator learns, and the hospital not.
        async Task<JsonNode> UsedBefore(string token) =>
            (await world.Service.Get($"cases/{answers[later].Id}/devices", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldHaveSingleItem()!["usedBefore"]!;
        var before = await NotesOf(answers[first].Id, "national");
        var told = await UsedBefore(await world.Service.National);
        (told["caseId"]!.GetValue<string>(), told["institution"]!.GetValue<string>(), told["usedOn"]!.GetValue<string>()).ShouldBe((answers[first].Id, "H1", World.Text(Day)));
        // The regulator of another province learns where and when, and is told of no case that he may not read.
        (await UsedBefore(await world.Service.Token("regulator", province: "31"))).ToJsonString().ShouldBe($$"""{"usedOn":"{{World.Text(Day)}}","institution":"H1","caseId":null}""");
        (await UsedBefore(await world.Token("H3"))).ToJsonString().ShouldBe($$"""{"usedOn":"{{World.Text(Day)}}","institution":null,"caseId":null}""");
        (await world.Service.Get($"cases/{answers[later].Id}", await world.Token("H3"))).Expect(HttpStatusCode.OK).Body!.ToJsonString().ShouldNotContain("H1");
        (await NotesOf(answers[first].Id, "national")).ShouldBe(before + 1, "who is told of a case has read it");
        (await NotesOf(answers[first].Id, "regulator")).ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_found_in_one_import(bool laterUseFirst)
    {
        var product = world.NewProduct();
        var lines = new[] { world.Case("H1", Day, Device(product, serial: "S1")), world.Case("H2", Day.AddDays(1), Device(product, serial: "S1")), world.Case("H2", Day.AddDays(1), Device(product, serial: "S2")) };
        if (laterUseFirst)
        {
            Array.Reverse(lines);
        }

        await world.World.Import(lines);
        var shown = new Dictionary<string, (string Now, string Answered)>();
        foreach (var line in lines)
        {
            var at = (string)line["institution"]! + line["devices"]![0]!["serial"];
            // The same again changes nothing, and tells the id.
            var id = (await world.Service.Send(HttpMethod.Post, "cases", line.ToJsonString(), await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!["caseId"]!.GetValue<string>();
            shown[at] = (await world.Flags(id), await world.Flags(id, "flagsWhenReported"));
        }

        shown["H1S1"].ShouldBe((None, None));
        shown["H2S1"].ShouldBe((Reused, laterUseFirst ? None : Reused));
        shown["H2S2"].ShouldBe((None, None));
    }

    [Fact]
    public async Task Corrections_and_voids_move_the_flag()
    {
        var product = world.NewProduct();
        var (first, second) = (world.Case("H1", Day, Device(product, serial: "S1")), world.Case("H2", Day.AddDays(1), Device(product, serial: "S1")));
        var (a, b) = ((await world.Report(first)).Id, (await world.Report(second)).Id);
        async Task Flags(string ofFirst, string ofSecond) => (await world.Flags(a), await world.Flags(b)).ShouldBe((ofFirst, ofSecond));

        await Flags(None, Reused);
        await world.Correct(b, second, r => r["devices"]![0]!["serial"] = "S2");
        await Flags(None, None);
        await world.Correct(b, second, r => r["devices"]![0]!["serial"] = "S1");
        await Flags(None, Reused);
        await world.Correct(b, second, r => r["completedAt"] = $"{World.Text(Day)}T08:00:00+08:00");
        await Flags(Reused, Reused);
        await world.Correct(b, second, r => r["completedAt"] = $"{World.Text(Day.AddDays(-1))}T08:00:00+08:00");
        await Flags(Reused, None);
        await world.Correct(b, second, r => r["devices"] = new JsonArray());
        await Flags(None, None);
        await world.Correct(b, second, r => r["devices"] = new JsonArray(Device(product, serial: "S1")));
        await Flags(Reused, None);
        await world.Void(b);
        await Flags(None, None);
        (await world.Flags(b, "flagsWhenReported")).ShouldBe(Reused);
        (await world.Service.Get($"cases/{b}/devices", await world.Token("H2"))).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldBeEmpty();
    }

    /// <summary>In the words of the report: which device, and why.</summary>
    [Fact]
    public async Task Of_many_devices_each_is_told_apart()
    {
        var product = world.NewProduct();
        await world.Report(world.Case("H1", Day, Device(product, serial: "S1")));
        var (id, _) = await world.Report(world.Case("H1", Day.AddDays(1), Device($"(01){product}(17)250905(21)S2"), Device($"(01){product}(21)S1"), Device($"(01){product}(21"), Device(null)));
        var devices = (await world.Service.Get($"cases/{id}/devices?minPosition={await world.Head()}", await world.Token("H1"))).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        devices.Select(d => d!["flags"]!.ToJsonString()).ShouldBe(["[\"expiredDevice\"]", "[\"reusedDevice\"]", "[]", "[]"]);
        devices.Select(d => d!["line"]!.GetValue<int>()).ShouldBe([0, 1, 2, 3]);
        devices.Select(d => d!["approval"]!.GetValue<string>()).Distinct().ShouldBe(["notJudged"]);
        devices.Select(d => d!["notRead"]?["pointer"]?.GetValue<string>()).ShouldBe([null, null, "/devices/2/udi", null]);
        devices[2]!["notRead"]!["code"]!.GetValue<string>().ShouldBe("udiNoAi");
        // Its own case a hospital may know.
        devices[1]!["usedBefore"]!["institution"]!.GetValue<string>().ShouldBe("H1");
    }

    public static TheoryData<string, string, string> Pieces => new()
    {
        { "the same piece, scanned", """{ "udi": "]d201{product}10L1\u001d21S1", "singleUse": true }""", Reused },
        { "the same piece, lot unsaid", """{ "udi": "{product}", "serial": "S1", "singleUse": true }""", Reused },
        { "the same piece, nobody denies it", """{ "udi": "(01){product}(21)S1" }""", Reused },
        { "another serial number", """{ "udi": "(01){product}(10)L1(21)S2", "singleUse": true }""", None },
        { "another lot", """{ "udi": "(01){product}(10)L2(21)S1", "singleUse": true }""", None },
        { "no serial number", """{ "udi": "(01){product}(10)L1", "singleUse": true }""", None },
        { "nothing said where a serial number should be", """{ "udi": "(01){product}(10)L1", "serial": "/", "singleUse": true }""", None },
        { "another product", """{ "udi": "(01)09521234543213(10)L1(21)S1", "singleUse": true }""", None },
        { "the last day of its life", """{ "udi": "(01){product}(17)250905(21)S3" }""", None },
        { "the day after the last of its life", """{ "udi": "(01){product}(17)250904(21)S4" }""", Expired },
        { "the day after the last, and used before", """{ "udi": "(01){product}(17)250904(21)S1" }""", $"{Expired} {Reused}" },
        { "what stands before a fault is read", """{ "udi": "(01){product}(17)250904(21)S4(99" }""", Expired },
        { "a mistyped product has no last day", """{ "udi": "(01)0{product}(17)250904(21)S4" }""", None },
        { "the same piece behind an element that says nothing here", """{ "udi": "(01){product}(241)REF7(21)S1" }""", Reused },
        { "the same piece before a fault", """{ "udi": "(01){product}(21)S1(05)X" }""", Reused },
    };

    /// <summary>Each flag with a case that earns it, and those at the boundary that do not.</summary>
    [Theory]
    [MemberData(nameof(Pieces))]
    public async Task A_device_earns_what_it_is(string what, string device, string flags)
    {
        var product = world.NewProduct();
        await world.Report(world.Case("H1", Day.AddDays(-1), Device($"(01){product}(10)L1(21)S1")));
        var (id, answered) = await world.Report(world.Case("H2", Day, JsonNode.Parse(device.Replace("{product}", product, StringComparison.Ordinal))!.AsObject()));
        answered.ShouldBe(flags, what);
        (await world.Flags(id)).ShouldBe(flags, what);
    }

    [Fact]
    public async Task What_may_be_used_again_may_be_used_again()
    {
        var product = world.NewProduct();
        foreach (var at in new[] { "H1", "H1", "H2" })
        {
            (await world.Report(world.Case(at, Day, Device(product, serial: "S1", singleUse: false)))).Flags.ShouldBe(None);
        }

        // One report that says otherwise is enough to ask.
        (await world.Report(world.Case("H1", Day.AddDays(1), Device(product, serial: "S1")))).Flags.ShouldBe(Reused);
    }

    /// <summary>A piece in more cases than are looked at: the first of them still tells.</summary>
    [Fact]
    public async Task A_device_reported_everywhere_costs_no_more_and_is_found()
    {
        var product = world.NewProduct();
        await world.World.Import(Enumerable.Range(0, 250).Select(n => world.Case("H1", Day.AddDays(-n % 50), Device(product, serial: "S1"))));
        (await world.Flags((await world.Report(world.Case("H2", Day.AddDays(1), Device(product, serial: "S1")))).Id)).ShouldBe(Reused);
        (await world.Flags((await world.Report(world.Case("H2", Day.AddDays(-60), Device(product, serial: "S1")))).Id)).ShouldBe(None, "before all of them");
    }

    [Fact]
    public async Task A_registration_entered_later_clears_the_cases_before_it()
    {
        await using var service = await TestService.Start(DeviceWorld.Today);
        var here = new World(service);
        await here.Hospital("H1");
        var token = await service.Token("hospital", institution: "H1");
        async Task<(string Id, string Flags)> Report(DateOnly on, JsonObject device)
        {
            var report = world.Case("H1", on, device);
            var answer = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), token)).Expect(HttpStatusCode.Created).Body!;
            return (answer["caseId"]!.GetValue<string>(), string.Join(' ', answer["flags"]!.AsArray().Select(f => f!.GetValue<string>())));
        }

        async Task<string> Shown(string id, string which = "flags") => string.Join(
            ' ', (await service.Get($"cases/{id}?minPosition={await service.Get<IEventStore>().Head()}", token)).Expect(HttpStatusCode.OK).Body![which]!.AsArray().Select(f => f!.GetValue<string>()));
        async Task<string> Registered(string number, DateOnly from, DateOnly to, HttpStatusCode status = HttpStatusCode.Created, params string[] products) =>
            (await service.Post("device-registrations", new { number, name = "Coil", maker = "M", validFrom = World.Text(from), validTo = World.Text(to), deviceIdentifiers = products }, await service.National))
                .Expect(status).Body!["id"]!.GetValue<string>();
        async Task Act(string id, string act, object body) => (await service.Post($"device-registrations/{id}/{act}", body, await here.Regulator)).Expect(HttpStatusCode.OK);

        var product = world.NewProduct();
        var (before, answered) = await Report(Day, Device(null, registration: "国械注准20193130001"));
        answered.ShouldBe(None, "nobody keeps the registry");
        await Registered("国械注准20200000000", new(2020, 1, 1), new(2030, 1, 1));
        (await Shown(before)).ShouldBe(Unapproved);
        (await Shown(before, "flagsWhenReported")).ShouldBe(None);
        var (unknown, now) = await Report(Day, Device(product, registration: "国械注准 20193130001"));
        now.ShouldBe(Unapproved, "entered a moment before");
        (await Report(Day, Device(null))).Flags.ShouldBe(Unapproved, "no number is no approval");

        var id = await Registered("国械注准20193130001", new(2019, 5, 1), Day);
        (await Shown(before)).ShouldBe(None);
        (await Shown(unknown)).ShouldBe(None);
        (await Shown(unknown, "flagsWhenReported")).ShouldBe(Unapproved);

        // The last day is included; what was made by then may be used up.
        var (after, _) = await Report(Day.AddDays(1), Device(null, registration: "国械注准20193130001"));
        (await Shown(after)).ShouldBe(Unapproved);
        (await Report(Day.AddDays(1), Device($"(01){product}(11){Day:yyMMdd}", registration: "国械注准20193130001"))).Flags.ShouldBe(None);
        await Act(id, "renew", new { validFrom = World.Text(Day.AddDays(1)), validTo = "2030-09-05" });
        (await Shown(after)).ShouldBe(None);
        (await service.Post($"device-registrations/{id}/renew", new { validFrom = "2026-01-01", validTo = "2030-09-05" }, await service.National)).Expect(HttpStatusCode.BadRequest)
            .Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("renewalEndsTooEarly");

        async Task<string> Why(string of) => (await service.Get($"cases/{of}/devices", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldHaveSingleItem()!["approval"]!.GetValue<string>();
        (await Why(before), await Why(after)).ShouldBe(("approved", "approved"));

        // From the day of a cancellation on it ends for all, from the day before for nobody.
        await Act(id, "cancel", new { cancelledOn = World.Text(Day.AddDays(1)), reason = "recall" });
        (await Shown(before), await Shown(after)).ShouldBe((None, Unapproved));
        (await Why(before), await Why(after)).ShouldBe(("approved", "notValid"));
        (await service.Post($"device-registrations/{id}/cancel", new { cancelledOn = World.Text(Day), reason = "recall" }, await service.National)).Expect(HttpStatusCode.Conflict)
            .Body!["code"]!.GetValue<string>().ShouldBe("deviceRegistrationCancelled");
        await Act(id, "withdraw-cancellation", new { reason = "by mistake" });
        (await Shown(after)).ShouldBe(None);

        // Found by product, too, whatever number was typed.
        var (listed, _) = await Report(Day, Device(product));
        (await Shown(listed)).ShouldBe(Unapproved);
        (await Registered("国械注准20193130001", new(2019, 5, 1), Day, HttpStatusCode.OK, product)).ShouldBe(id);
        (await Shown(listed)).ShouldBe(None);
        var shown = (await service.Get($"device-registrations?product={product}&minPosition={await service.Get<IEventStore>().Head()}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldHaveSingleItem()!;
        (shown["id"]!.GetValue<string>(), shown["validity"]!.AsArray().Count, shown["cancelledOn"]).ShouldBe((id, 2, null));
        shown.ToJsonString().ShouldBe((await service.Get($"device-registrations/{id}", token)).Expect(HttpStatusCode.OK).Body!.ToJsonString());
        async Task<int> Listed(string query) => (await service.Get($"device-registrations?{query}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Count;
        (await Listed("limit=500")).ShouldBe(2);
        (await Listed($"number={Uri.EscapeDataString(" 国械注准20193130001")}")).ShouldBe(1);
        (await Listed("number=unknown")).ShouldBe(0);
    }

    /// <summary>Two releases run side by side: what the other wrote stops the rows of this one, and not the reports.</summary>
    [Fact]
    public async Task A_report_is_taken_behind_an_event_of_the_next_release()
    {
        await using var service = await TestService.Start(DeviceWorld.Today);
        await new World(service).Hospital("H1");
        var (product, token) = (world.NewProduct(), await service.Token("hospital", institution: "H1"));
        async Task<Answer> Reported() => (await service.Send(HttpMethod.Post, "cases", world.Case("H1", Day, Device(product, serial: "S1")).ToJsonString(), token)).Expect(HttpStatusCode.Created);
        (await service.Get($"cases?minPosition={(await Reported()).Position}", token)).Expect(HttpStatusCode.OK);

        var voided = EventTable.Types.For(typeof(DeviceReceipt.Event.Voided));
        await using (var next = new PostgresEventStore(service.Get<NpgsqlDataSource>(), new([voided with { WireName = "device_eaten" }]), () => service.Get<Clock>().AheadBy))
        {
            var goods = new DeviceGoods(product, null, [], 1, null, "S", Day);
            (await next.Append(new AppendRequest("of-the-next-release", 0, [new DeviceReceipt.Event.Voided(Guid.NewGuid(), "H1", goods, "r", Day, new("hospital", "h"))]))).ShouldBeOfType<AppendResult.Appended>();
        }

        (await Reported()).Body!["flags"]!.AsArray().Select(f => f!.GetValue<string>()).ShouldContain(Reused, "the rows know the first");
    }

    [Fact]
    public async Task All_cases_with_a_lot_are_found_for_a_recall()
    {
        var product = world.NewProduct();
        async Task<string> Used(string at, int day, JsonObject device) => (await world.Report(world.Case(at, Day.AddDays(day), Device("(01)09521234543213"), device))).Id;
        var first = await Used("H1", -3, Device($"]d201{product}10A/7\u001d21S1"));
        var second = await Used("H3", -2, Device($"(01){product}", lot: "A/7"));
        var unsaid = await Used("H2", -1, Device($"(01){product}"));
        var other = await Used("H1", 0, Device($"(01){product}", lot: "A/8"));
        await world.Void(await Used("H1", 1, Device($"(01){product}", lot: "A/7")));

        async Task<JsonNode> Uses(string udi, string query = "", string? token = null) =>
            (await world.Service.Get($"devices/{Uri.EscapeDataString(udi)}/uses?minPosition={await world.Head()}{query}", token ?? await world.Service.National)).Expect(HttpStatusCode.OK).Body!;
        static (string, bool)[] Cases(JsonNode uses) => [.. uses["items"]!.AsArray().Select(u => (u!["caseId"]!.GetValue<string>(), u["certain"]!.GetValue<bool>()))];

        Cases(await Uses($"(01){product}(10)A/7")).ShouldBe([(first, true), (second, true), (unsaid, false)]);
        Cases(await Uses(product, "&lot=A%2F7")).ShouldBe([(first, true), (second, true), (unsaid, false)]);
        Cases(await Uses(product[1..], "&lot=A/7&certain=true")).ShouldBe([(first, true), (second, true)]);
        Cases(await Uses(product)).ShouldBe([(first, true), (second, true), (unsaid, true), (other, true)]);
        Cases(await Uses($"01{product}10A/7\u001d21S1")).ShouldBe([(first, true), (second, false), (unsaid, false)]);
        Cases(await Uses(product, "&serial=S2&certain=true")).ShouldBe([]);
        var line = (await Uses($"(01){product}(10)A/7(21)S1", "&certain=true"))["items"]!.AsArray().ShouldHaveSingleItem()!;
        (line["institution"]!.GetValue<string>(), line["line"]!.GetValue<int>(), line["lot"]!.GetValue<string>(), line["usedOn"]!.GetValue<string>()).ShouldBe(("H1", 1, "A/7", World.Text(Day.AddDays(-3))));

        // A hospital sees its own.
        Cases(await Uses(product, token: await world.Token("H1"))).ShouldBe([(first, true), (other, true)]);

        // Page by page it is the same list.
        var walked = new List<(string, bool)>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await Uses(product, $"&limit=1{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            walked.AddRange(Cases(page));
            cursor = page["nextCursor"]?.GetValue<string>();
        }

        walked.ShouldBe(Cases(await Uses(product)));
    }

    /// <summary>Whoever may have had the lot is called: what a label says beside it, a fault in it, or a number typed instead of it hides nobody.</summary>
    [Fact]
    public async Task A_recall_finds_lines_without_product()
    {
        // Its own service: in the others nobody keeps the registry.
        var here = new DeviceWorld();
        await here.InitializeAsync();
        var (product, other, n) = (here.NewProduct(), here.NewProduct(), here.NewNumber());
        var (number, elsewhere) = ($"国械注准2025313{n:D4}", $"国械注准2025314{n:D4}");
        async Task Registered(string number, string di) =>
            (await here.Service.Post("device-registrations", new { number, name = "Coil", maker = "M", validFrom = "2020-01-01", validTo = "2030-01-01", deviceIdentifiers = new[] { di } }, await here.Service.National)).Expect(HttpStatusCode.Created);
        await Registered(number, product);
        await Registered(elsewhere, other);
        var day = -30;
        async Task<string> Used(JsonObject device) => (await here.Report(here.Case("H1", Day.AddDays(day++), device))).Id;
        var behind = await Used(Device($"(01){product}(241)REF7(10)L1"));
        var faulty = await Used(Device($"(01){product}(10)L1(05)X"));
        var typed = await Used(Device(null, lot: "L1", serial: "S1", registration: $" {number}"));
        var unread = await Used(Device("MA.156.M0.100105", lot: "L1", registration: number));
        var silent = await Used(Device(null, registration: number));
        await Used(Device(null, lot: "L2", registration: number));
        await Used(Device(null, lot: "L1", registration: elsewhere));
        await Used(Device($"(01){other}", lot: "L1", registration: number));
        await Used(Device(null, lot: "L1"));
        await here.Void(await Used(Device(null, lot: "L1", registration: number)));

        async Task<(string, bool)[]> Cases(string udi, string query = "") =>
            [.. (await here.Service.Get($"devices/{Uri.EscapeDataString(udi)}/uses?minPosition={await here.Head()}{query}", await here.Service.National)).Expect(HttpStatusCode.OK)
                .Body!["items"]!.AsArray().Select(u => (u!["caseId"]!.GetValue<string>(), u["certain"]!.GetValue<bool>()))];
        (await Cases(product, "&lot=L1")).ShouldBe([(behind, true), (faulty, true), (typed, false), (unread, false), (silent, false)]);
        (await Cases($"(01){product}(10)L1(05)X")).ShouldBe(await Cases(product, "&lot=L1"));
        (await Cases(product, "&lot=L1&certain=true")).ShouldBe([(behind, true), (faulty, true)]);
        (await Cases(product, "&lot=L1&serial=S2")).ShouldBe([(behind, false), (faulty, false), (unread, false), (silent, false)]);
        (await Cases(product, "&serial=S1")).Select(c => c.Item1).ShouldContain(typed);
        (await Cases(product)).Length.ShouldBe(6, "with the lot L2 of the registration");
        (await Cases(product, "&lot=L1&limit=2")).ShouldBe([(behind, true), (faulty, true)]);
        (await Cases("MA.156.M0.100105", "&lot=L1")).ShouldContain((unread, true));
        await here.DisposeAsync();
    }

    /// <summary>A regulator sees its province (domain.md): of cases elsewhere where, when and how many, and nothing to ask for them by.</summary>
    [Fact]
    public async Task Elsewhere_a_device_is_followed_without_its_cases()
    {
        var product = world.NewProduct();
        async Task<string> Used(string at, int day, params string?[] lots) => (await world.Report(world.Case(at, Day.AddDays(day), [.. lots.Select(lot => Device($"(01){product}", lot: lot))]))).Id;
        await Used("H1", -3, "L1", "L1", null);
        await Used("H1", -3, "L1", "L2");
        await Used("H2", -3, default(string));
        var own = await Used("H3", -2, "L1", "L1");
        await Used("H2", -1, "L2");

        async Task<string[]> Uses(string query, string token)
        {
            var lines = new List<string>();
            for (string? cursor = ""; cursor is not null;)
            {
                var page = (await world.Service.Get($"devices/{product}/uses?minPosition={await world.Head()}{query}{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}", token)).Expect(HttpStatusCode.OK).Body!;
                lines.AddRange(page["items"]!.AsArray().Select(u => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{u!["usedOn"]} {u["institution"]} {u["caseId"]?.GetValue<string>() ?? "-"} {u["line"]?.GetValue<int>().ToString(CultureInfo.InvariantCulture) ?? "-"} {u["lot"]?.GetValue<string>() ?? "-"} {u["count"]} {(u["certain"]!.GetValue<bool>() ? "certain" : "perhaps")}")));
                cursor = page["nextCursor"]?.GetValue<string>();
            }

            return [.. lines];
        }

        var (of31, of11) = (await world.Service.Token("regulator", province: "31"), await world.World.Regulator);
        string At(int day) => World.Text(Day.AddDays(day));
        string[] asSeenIn31 = [$"{At(-3)} H1 - - - 4 certain", $"{At(-3)} H2 - - - 1 perhaps", $"{At(-2)} H3 {own} 0 L1 1 certain", $"{At(-2)} H3 {own} 1 L1 1 certain"];
        (await Uses("&lot=L1", of31)).ShouldBe(asSeenIn31);
        (await Uses("&lot=L1&limit=1", of31)).ShouldBe(asSeenIn31);
        (await Uses("&lot=L1&certain=true", of31)).ShouldBe([$"{At(-3)} H1 - - - 3 certain", .. asSeenIn31[2..]]);
        (await Uses("", of31)).Length.ShouldBe(5, "H1 with five devices, H2 on two days, and the two of H3");
        var in11 = await Uses("", of11);
        in11.Count(u => u.Contains(" - ", StringComparison.Ordinal) && u.Contains(" H3 ", StringComparison.Ordinal)).ShouldBe(1);
        in11.Single(u => u.Contains(" H3 ", StringComparison.Ordinal)).ShouldBe($"{At(-2)} H3 - - - 2 certain");
        in11.Length.ShouldBe(8);
        (await Uses("", await world.Service.National)).Length.ShouldBe(9);
        (await Uses("", await world.Token("H3"))).ShouldBe([$"{At(-2)} H3 {own} 0 L1 1 certain", $"{At(-2)} H3 {own} 1 L1 1 certain"]);
        (await NotesOf(own, "regulator")).ShouldBe(5, "each page that regulator 31 saw, and nothing that regulator 11 did");
    }

    /// <summary>Whatever was scanned or pasted there: the case is taken, and found by it.</summary>
    [Theory]
    [InlineData(201)]
    [InlineData(1_000)]
    public async Task A_UDI_is_no_fault_of_the_case_however_long(int characters)
    {
        // Of Chinese characters that no compression makes short enough for an index: 3 bytes each, and other 200 in the serial number.
        var random = new Random(characters);
        string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)random.Next('一', '龥')));
        var (udi, lot, serial) = (Text(characters), Text(200), Text(200));
        var (id, _) = await world.Report(world.Case("H1", Day, Device(udi, lot, serial, registration: Text(200))));
        (await world.Report(world.Case("H2", Day.AddDays(1), Device(characters < 1_000 ? $" {udi} " : udi, serial: serial)))).Flags.ShouldBe(Reused);
        (await world.Flags(id)).ShouldBe(None);
        var shown = (await world.Service.Get($"cases/{id}", await world.Token("H1"))).Expect(HttpStatusCode.OK).Body!;
        shown["devices"]![0]!["udi"]!.GetValue<string>().ShouldBe(udi);
        if (characters < 500)
        {
            var uses = (await world.Service.Get($"devices/{Uri.EscapeDataString(udi)}/uses?lot={Uri.EscapeDataString(lot)}", await world.Token("H1"))).Expect(HttpStatusCode.OK).Body!;
            uses["items"]!.AsArray().ShouldHaveSingleItem()!["caseId"]!.GetValue<string>().ShouldBe(id);
        }
    }

    /// <summary>A label with many elements, as it is sent in the path.</summary>
    [Fact]
    public async Task A_long_label_is_looked_up()
    {
        var product = world.NewProduct();
        var udi = $"(01){product}(10)L1(240){new string('A', 30)}(91){new string('B', 90)}(92){new string('C', 90)}(93){new string('D', 90)}";
        var (id, _) = await world.Report(world.Case("H1", Day, Device(udi)));
        var uses = (await world.Service.Get($"devices/{Uri.EscapeDataString(udi)}/uses?minPosition={await world.Head()}", await world.Token("H1"))).Expect(HttpStatusCode.OK).Body!;
        uses["items"]!.AsArray().ShouldHaveSingleItem()!["caseId"]!.GetValue<string>().ShouldBe(id);
    }

    [Fact]
    public async Task A_text_that_is_no_UDI_names_a_product_and_is_said_to_be_none()
    {
        var ma = $"MA.156.M0.100105/{world.NewNumber()}";
        var (id, _) = await world.Report(world.Case("H1", Day, Device(ma, lot: "7")));
        var uses = (await world.Service.Send(
            HttpMethod.Get, $"devices/{Uri.EscapeDataString(ma)}/uses?lot=7&minPosition={await world.Head()}", token: await world.World.Regulator, headers: [("Accept-Language", "zh-CN")])).Expect(HttpStatusCode.OK).Body!;
        uses["items"]!.AsArray().ShouldHaveSingleItem()!["caseId"]!.GetValue<string>().ShouldBe(id);
        (uses["product"]!.GetValue<string>(), uses["notRead"]!["pointer"]!.GetValue<string>(), uses["notRead"]!["code"]!.GetValue<string>(), uses["notRead"]!["message"]!.GetValue<string>())
            .ShouldBe((ma, "path:udi", "udiNoAi", "此处应为应用标识符，例如 (01)（第 1 个字符）。"));
    }

    /// <summary>That a patient had a device is read like the case itself.</summary>
    [Fact]
    public async Task Every_case_named_is_noted()
    {
        var product = world.NewProduct();
        var (id, _) = await world.Report(world.Case("H1", Day, Device(product, serial: "S1"), Device(product, serial: "S2")));
        foreach (var token in new[] { await world.World.Regulator, await world.Token("H2"), await world.Token("H1") })
        {
            (await world.Service.Get($"devices/{product}/uses?minPosition={await world.Head()}", token)).Expect(HttpStatusCode.OK);
        }

        (await NotesOf(id, "regulator")).ShouldBe(1, "who sees two lines of a case reads it once");
        (await NotesOf(id, "hospital")).ShouldBe(1, "H2 saw nothing");
    }

    private async Task<long> NotesOf(string caseId, string role)
    {
        await using var command = world.Service.Get<NpgsqlDataSource>().CreateCommand("select count(*) from compliance.patient_reads where case_id = $1 and role = $2");
        command.Parameters.Add(new() { Value = Guid.Parse(caseId) });
        command.Parameters.Add(new() { Value = role });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [Fact]
    public async Task More_used_of_a_lot_than_received_is_found()
    {
        var (at, token) = ($"H-ledger-{world.NewNumber()}", "");
        (await world.Service.Put($"institutions/{at}", new { name = at, province = "11", level = "tertiaryA" }, await world.World.Regulator)).Expect(HttpStatusCode.Created);
        token = await world.Token(at);
        var (product, again) = (world.NewProduct(), world.NewProduct());
        object Goods(int quantity, string? lot = "L1", string? di = null) => new { supplier = "S", receivedOn = World.Text(Day), di = di ?? product, lot, quantity };
        async Task<string> Received(string number, HttpStatusCode status, int quantity, string? lot = "L1", string? di = null) =>
            (await world.Service.Post($"institutions/{at}/device-receipts", new { number, supplier = "S", receivedOn = World.Text(Day), di = di ?? product, lot, quantity }, token)).Expect(status).Body!["receiptId"]?.GetValue<string>() ?? "";
        async Task Act(string id, string act, object body) => (await world.Service.Post($"institutions/{at}/device-receipts/{id}/{act}", body, token)).Expect(HttpStatusCode.OK);
        async Task<string[]> Excesses(string query = "", string? by = null) =>
            [.. (await world.Service.Get($"institutions/{at}/device-receipts/excesses?minPosition={await world.Head()}{query}", by ?? token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray()
                .Select(e => string.Create(CultureInfo.InvariantCulture, $"{e!["lot"]} {e["used"]} of {e["received"]} {string.Join(',', e["techniques"]!.AsArray().Select(t => t!.GetValue<string>()))}"))];

        JsonObject Piece(string? serial = null, string lot = "L1", bool? singleUse = true, string? of = null) => Device($"(01){of ?? product}(10){lot}", serial: serial, singleUse: singleUse);
        await world.Report(world.Case(at, Day, Piece(), Piece(), Piece("S1"), Device($"(10)L1(01){product}", serial: "S1", singleUse: null)));
        await world.Report(world.Case(at, Day.AddDays(-1), Piece()));
        await world.Report(world.Case("H2", Day, Piece(), Piece()));
        await world.Report(world.Case(at, Day, Piece(of: again, singleUse: false), Piece(of: again, singleUse: false)));
        (await Excesses()).ShouldBe([], "who keeps no ledger is not judged by one");

        // Three pieces, one of them named twice, on the day the ledger begins; the one of the day before does not count.
        var id = await Received("R1", HttpStatusCode.Created, 3);
        (await Excesses()).ShouldBe([]);
        (await Received("R1", HttpStatusCode.OK, 3)).ShouldBe(id);
        (await world.Service.Post($"institutions/{at}/device-receipts", new { number = "R1", supplier = "S", receivedOn = World.Text(Day), di = product, lot = "L1", quantity = 4 }, token)).Expect(HttpStatusCode.Conflict)
            .Body!["code"]!.GetValue<string>().ShouldBe("receiptDiffers");
        await Act(id, "corrections", new { reason = "one sent back", goods = Goods(2) });
        (await Excesses()).ShouldBe(["L1 3 of 2 neurovascular"]);
        (await Excesses(by: await world.World.Regulator)).ShouldBe(["L1 3 of 2 neurovascular"]);
        (await Received("R1", HttpStatusCode.OK, 3)).ShouldBe(id, "as first sent: the nightly extract");
        (await Excesses()).ShouldBe(["L1 3 of 2 neurovascular"]);
        var more = await Received("R2", HttpStatusCode.Created, 1, lot: null);
        (await Excesses()).ShouldBe([], "what was booked without a lot may be of this one");
        await Act(more, "void", new { reason = "sent back" });
        await Received("R3", HttpStatusCode.Created, 1, lot: "L2");
        (await Excesses()).ShouldBe(["L1 3 of 2 neurovascular"]);
        (await world.Service.Post($"institutions/{at}/device-receipts/{more}/corrections", new { reason = "r", goods = Goods(1) }, token)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("receiptVoided");
        (await world.Service.Post($"institutions/H1/device-receipts/{id}/void", new { reason = "r" }, await world.Token("H1"))).Expect(HttpStatusCode.NotFound).Body!["code"]!.GetValue<string>().ShouldBe("noSuchReceipt");
        (await world.Service.Post($"institutions/{at}/device-receipts/{id}/corrections", new { reason = "r", goods = Goods(1, di: "1") }, token)).Expect(HttpStatusCode.BadRequest)
            .Body!["errors"]![0]!["pointer"]!.GetValue<string>().ShouldBe("/goods/di");

        // A second lot in excess; page by page both are told.
        await world.Report(world.Case(at, Day, Piece(lot: "L2"), Piece(lot: "L2")));
        (await Excesses()).ShouldBe(["L1 3 of 2 neurovascular", "L2 2 of 1 neurovascular"]);
        (await Excesses("&limit=1")).ShouldBe(["L1 3 of 2 neurovascular"]);
        var next = (await world.Service.Get($"institutions/{at}/device-receipts/excesses?limit=1", token)).Expect(HttpStatusCode.OK).Body!["nextCursor"]!.GetValue<string>();
        (await Excesses($"&limit=1&cursor={next}")).ShouldBe(["L2 2 of 1 neurovascular"]);

        // The ledger itself, page by page and by lot.
        async Task<JsonNode> Ledger(string query) => (await world.Service.Get($"institutions/{at}/device-receipts?{query}", await world.Service.National)).Expect(HttpStatusCode.OK).Body!;
        static string[] Lines(JsonNode ledger) => [.. ledger["items"]!.AsArray().Select(r => $"{r!["number"]} {r["quantity"]} {(r["voided"]!.GetValue<bool>() ? "voided" : r["lot"])}")];
        Lines(await Ledger("limit=500")).ShouldBe(["R1 2 L1", "R2 1 voided", "R3 1 L2"], ignoreOrder: true);
        Lines(await Ledger("lot=L1")).ShouldBe(["R1 2 L1"]);
        Lines(await Ledger($"product={again}")).ShouldBe([]);
        Lines(await Ledger($"to={World.Text(Day.AddDays(-1))}")).ShouldBe([]);
        var walked = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await Ledger($"limit=2{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            walked.AddRange(Lines(page));
            cursor = page["nextCursor"]?.GetValue<string>();
        }

        walked.ShouldBe(Lines(await Ledger("limit=500")));
    }

    /// <summary>1,100 lots in order and one behind them that is not: no page looks at all of them.</summary>
    [Fact]
    public async Task A_page_of_excesses_looks_at_a_thousand_lots()
    {
        var at = $"H-lots-{world.NewNumber()}";
        (await world.Service.Put($"institutions/{at}", new { name = at, province = "11", level = "tertiaryA" }, await world.World.Regulator)).Expect(HttpStatusCode.Created);
        var token = await world.Token(at);
        var (enough, missing) = (world.NewProduct(), world.NewProduct());
        // What no scanner should send, at its longest: a cursor holds it, too.
        string[] unread = [.. "一丁".Select(c => new string(c, 150) + '\u001d' + new string(c, 49))];
        (await world.Service.Post($"institutions/{at}/device-receipts", new { number = "R1", supplier = "S", receivedOn = World.Text(Day), di = enough, quantity = 1 }, token)).Expect(HttpStatusCode.Created);
        await world.World.Import(Enumerable.Range(0, 11).Select(n => world.Case(at, Day, [.. Enumerable.Range(0, 100).Select(lot => Device(enough, lot: $"L{n}-{lot}"))])).Append(world.Case(at, Day, Device(missing, lot: "L"), Device(unread[0], lot: new('批', 200)), Device(unread[1], lot: new('批', 200)))));

        async Task<(int Pages, List<string> Products)> Walk(int limit)
        {
            var (pages, found) = (0, new List<string>());
            for (string? cursor = ""; cursor is not null; pages++)
            {
                var page = (await world.Service.Get($"institutions/{at}/device-receipts/excesses?limit={limit}&minPosition={await world.Head()}{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}", token)).Expect(HttpStatusCode.OK).Body!;
                found.AddRange(page["items"]!.AsArray().Select(e => e!["product"]!.GetValue<string>()));
                cursor = page["nextCursor"]?.GetValue<string>();
            }

            return (pages, found);
        }

        var (pages, found) = await Walk(100);
        pages.ShouldBe(2);
        found.ShouldBe([missing, .. unread], ignoreOrder: true);
        (await Walk(1)).Products.ShouldBe(found);
    }

    /// <summary>What was scanned says product, lot and serial number; nothing has to be typed.</summary>
    [Fact]
    public async Task A_ledger_is_kept_with_a_scanner()
    {
        var (product, token) = (world.NewProduct(), await world.Token("H2"));
        var made = (await world.Service.Post("institutions/H2/device-receipts", new { number = $"scan {world.NewNumber()}", supplier = "S", receivedOn = World.Text(Day), udi = $"]d201{product}10L1\u001d21S1" }, token)).Expect(HttpStatusCode.Created);
        var line = (await world.Service.Get($"institutions/H2/device-receipts?product={product}&minPosition={made.Position}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldHaveSingleItem()!;
        (line["di"]!.GetValue<string>(), line["lot"]!.GetValue<string>(), line["quantity"]!.GetValue<int>(), line["serials"]!.ToJsonString()).ShouldBe((product, "L1", 1, """["S1"]"""));
    }
}
