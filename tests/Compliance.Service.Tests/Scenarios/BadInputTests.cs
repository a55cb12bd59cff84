using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>A small province on 10 March 2026 with a case that has a complication and a death, and everything that is logged.</summary>
public sealed class BadInputService : IAsyncLifetime
{
    public CapturedLog Log { get; } = new();

    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    /// <summary>What the names in braces of a path stand for.</summary>
    public IReadOnlyDictionary<string, string> Known { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(BadRequests.Today.AddDays(-1), configure: Log.Capture);
        await new SelectionWorld(Service).Publish("NC-2026", BadRequests.Today, new(2026, 4, 30, 17, 0, 0, TimeSpan.FromHours(8)));
        await Service.MoveTo(BadRequests.Today);
        World = new(Service);
        await World.Hospital("H1");
        await World.Hospital("H2");
        (await Service.Put("institutions/H3", new { name = "Hospital H3", province = "31", level = "tertiaryA" }, await Service.National)).Expect(HttpStatusCode.Created);
        var report = BadRequests.Report();
        report["caseNumber"] = "c1";
        var answer = (await Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await Service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Created);
        var id = answer.Body!["caseId"]!.GetValue<string>();
        var foreign = (await Service.Send(HttpMethod.Post, "cases", World.Case("H2", "c1", BadRequests.Today).ToJsonString(), await Service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.Created);
        var shown = (await Service.Get($"cases/{id}?minPosition={foreign.Position}", await Service.National)).Expect(HttpStatusCode.OK).Body!;
        Known = new Dictionary<string, string>
        {
            ["{case}"] = id,
            ["{complication}"] = shown["complications"]![0]!["id"]!.GetValue<string>(),
            ["{foreignCase}"] = foreign.Body!["caseId"]!.GetValue<string>(),
            // The last period that is settled.
            ["{round}"] = await Round(World.Province, "2025-02-25", "2026-02-24"),
            ["{foreignRound}"] = await Round("31", "2025-02-25", "2026-02-24"),
            ["{concludedRound}"] = await Round(World.Province, "2024-01-01", "2024-12-31"),
        };
        var selecting = new SelectionWorld(Service);
        var selection = await selecting.Open(SelectionWorld.Call("NC-2026-1", "NC-2026", World.Text(BadRequests.Today), "2026-04-30T17:00:00+08:00"));
        (await Service.Post($"selection-rounds/{selection}/committee", new { experts = new[] { "H2-A" } }, await Service.National)).Expect(HttpStatusCode.OK);
        (await selecting.Draft(selection, "H1", SelectionWorld.Forms())).Expect(HttpStatusCode.OK);
        Known = new Dictionary<string, string>(Known) { ["{selection}"] = selection };
        var concluded = (await Service.Post($"assessment-rounds/{Known["{concludedRound}"]}/conclude", new { }, await Service.National)).Expect(HttpStatusCode.OK);
        // The monitor has said what it has to say: from here on nothing moves but by request.
        (await Service.Get($"dashboards/compliance?minPosition={concluded.Position}", await Service.National)).Expect(HttpStatusCode.OK);
        (await Service.Get($"dashboards/compliance?minPosition={await Head}", await Service.National)).Expect(HttpStatusCode.OK);
    }

    private async Task<string> Round(string province, string from, string to) =>
        (await Service.Post("assessment-rounds", new { technique = "neurovascular", province, from, to }, await Service.National)).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();

    public async Task DisposeAsync() => await Service.DisposeAsync();

    public Task<long> Head => Service.Get<IEventStore>().Head();

    public async Task<string?> TokenOf(string who) => who.Split(' ') switch
    {
        ["hospital", var institution] => await Service.Token("hospital", institution: institution),
        ["physician", var physician] => await Service.Token("physician", physician: physician),
        ["regulator", var province] => await Service.Token("regulator", province: province),
        ["national"] => await Service.National,
        _ => null,
    };

    public async Task<(Answer Answer, string Text)> Send(BadRequest request)
    {
        var path = Known.Aggregate(request.Path, (text, known) => text.Replace(known.Key, known.Value, StringComparison.Ordinal));
        var answer = await Service.Send(new(request.Method), path, request.Body, await TokenOf(request.Who), request.ContentType, [.. request.Headers]);
        return (answer, $"{answer.Response.Headers}{await answer.Response.Content.ReadAsStringAsync()}");
    }
}

/// <summary>What breaks the contract is refused at its place, and leaves no trace; what was refused for privacy is neither told nor logged.</summary>
public sealed class BadInputTests(BadInputService bad) : IClassFixture<BadInputService>
{
    private static readonly IReadOnlyDictionary<string, BadRequest> Table = BadRequests.All.ToDictionary(r => r.Name);

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_bad_request_is_refused_at_its_place_and_changes_nothing(string name)
    {
        var request = Table[name];
        var before = await bad.Head;

        var (answer, text) = await bad.Send(request);

        ((int)answer.Status).ShouldBe(request.Status, text);
        answer.Response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        Said(answer.Body!).ShouldBe(request.Expected, ignoreOrder: true, text);
        (await bad.Head).ShouldBe(before, "nothing is stored");
        text.ShouldNotMatch(@"   at |Exception|\.cs|Npgsql|System\.", "no stack trace");
        if (request.Suggests is { } near)
        {
            answer.Body!["errors"]!.AsArray().Select(e => e!["message"]!.GetValue<string>()).ShouldContain(m => m.Contains($"`{near}`", StringComparison.Ordinal));
        }

        if (request.Secret is { } secret)
        {
            ShouldNotTell(text, secret);
            ShouldNotTell(string.Join('\n', bad.Log.Lines), secret);
        }
    }

    [Fact]
    public void The_log_is_captured_at_all() => bad.Log.Lines.Count.ShouldBeGreaterThan(50);

    [Fact]
    public async Task What_breaks_the_contract_is_told_in_the_callers_language()
    {
        var (answer, _) = await bad.Send(Table["a negative age"] with { Headers = [("Accept-Language", "zh-CN")] });
        var error = answer.Body!["errors"]!.AsArray().Single()!;
        (error["code"]!.GetValue<string>(), error["message"]!.GetValue<string>()).ShouldBe(("outOfRange", "应在 0 与 120 之间。"));
    }

    public static TheoryData<string, string, string> DigitsOfDevices => new()
    {
        { "udi", "(01)06901234567892(17)270101(10)13800138000", "GS1 with a lot of eleven digits" },
        { "udi", "0106901234567892172701011013800138000", "the same without brackets" },
        { "lot", "13800138000", "a lot of eleven digits" },
        { "lot", "138-0013-8000", "parted by hyphens" },
        { "serial", "15912345678", "a serial of eleven digits" },
        { "serial", "110101199003074478", "eighteen digits whose check digit is no identity card's" },
        { "registration", "国械注准20193130001", "a registration number of eleven digits" },
    };

    [Theory]
    [MemberData(nameof(DigitsOfDevices))]
    public async Task A_device_may_be_numbered_like_a_telephone(string field, string value, string what)
    {
        var report = BadRequests.Report();
        report["caseNumber"] = $"device {what}";
        report["devices"]![0]![field] = value;
        var id = await Accepted(report);
        var shown = (await bad.Service.Get($"cases/{id}", await bad.Service.National)).Expect(HttpStatusCode.OK).Body!;
        shown["devices"]![0]![field]!.GetValue<string>().ShouldBe(value);
    }

    public static TheoryData<string, string> GoodTwins => new()
    {
        { "today, late in the evening", """{ "completedAt": "2026-03-10T23:59:59+08:00", "outcome": null }""" },
        { "an instant in UTC", """{ "completedAt": "2026-03-02T06:20:00Z" }""" },
        { "started and ended in one instant", """{ "startedAt": "2026-03-02T06:20:00Z" }""" },
        { "decided and signed after the end", """{ "decidedOn": "2026-03-10", "decidedAt": "2026-03-09T16:00:00Z", "consentDetails": { "signedAt": "2026-03-10T23:59:59+08:00" } }""" },
        { "topics in an order of their own", """{ "consentDetails": { "topics": ["complications", "purpose", "aftercare", "risks"] } }""" },
        { "details of a consent that say nothing", """{ "consentDetails": { "topics": [], "approvedBy": null } }""" },
        { "the same UDI with two serials", """{ "devices": [ { "udi": "A", "serial": "1" }, { "udi": "A", "serial": "2" } ] }""" },
        { "the same UDI twice without serial", """{ "devices": [ { "udi": "A" }, { "udi": "A" } ] }""" },
        { "an age of 0", """{ "patient": { "pseudonym": "p", "ageYears": 0 } }""" },
        { "discharged on the day of admission", """{ "admittedOn": "2026-03-09", "dischargedOn": "2026-03-09" }""" },
        { "null for what is optional", """{ "trainee": null, "urgency": null, "devices": null }""" },
        { "a case number with a date and a dash", """{ "caseNumber": "2026-03-10/138-20260302" }""" },
        { "a case number in Chinese", """{ "caseNumber": "神介〔2026〕第12号 👍" }""" },
        { "an escaped surrogate pair", """{ "caseNumber": "\ud83d\udc4d 1" }""" },
        { "twenty assistants", """{ "assistants": ["A1","A2","A3","A4","A5","A6","A7","A8","A9","A10","A11","A12","A13","A14","A15","A16","A17","A18","A19","A20"] }""" },
    };

    [Theory]
    [MemberData(nameof(GoodTwins))]
    public async Task What_only_looks_bad_is_accepted(string name, string change)
    {
        var report = BadRequests.Report();
        report["caseNumber"] = $"good: {name}";
        foreach (var (property, value) in JsonNode.Parse(change)!.AsObject())
        {
            report[property] = value?.DeepClone();
        }

        await Accepted(report);
    }

    [Fact]
    public async Task Of_a_mixed_import_good_lines_are_stored_and_bad_lines_named()
    {
        var before = await bad.Head;
        string[] lines =
        [
            Line("m1"),
            Line("m2", r => r.Remove("operator")),
            "{",
            "",
            Line("m3"),
            Line("m4", r => r["institution"] = "H2"),
            Line("m5", r => { r["intent"] = "x"; r["colour"] = "red"; }),
            Line($"m6 {BadRequests.Mobile}"),
            Line("m1"),
            Line("m1", r => r["urgency"] = "elective"),
            "[" + Line("m7") + "]",
            Line("m8"),
        ];
        var answer = (await Import(string.Join('\n', lines) + "\n")).Expect(HttpStatusCode.OK);

        Numbers(answer.Body!).ShouldBe((3, 1, 7));
        Lines(answer.Body!).ShouldBe(
        [
            "2 missing /operator", "3 invalidJson ", "6 forbidden /institution", "7 unknownProperty /colour", "7 unknownValue /intent", "8 personalData /caseNumber", "10 caseDiffers /urgency", "11 wrongType ",
        ]);
        answer.Body!.ToJsonString().ShouldNotContain(BadRequests.Mobile);
        string.Join('\n', bad.Log.Lines).ShouldNotContain(BadRequests.Mobile);
        // Each report with its complication, its death and its statement.
        (await bad.Head).ShouldBe(before + 12);
        answer.Position.ShouldBe(before + 12);
        foreach (var number in new[] { "m1", "m3", "m8" })
        {
            (await IsStored(number)).ShouldBeTrue(number);
        }

        foreach (var number in new[] { "m2", "m4", "m5", "m7" })
        {
            (await IsStored(number)).ShouldBeFalse(number);
        }
    }

    [Fact]
    public async Task An_import_cut_off_in_the_middle_of_a_line_keeps_the_whole_ones_and_names_the_last()
    {
        var answer = (await Import($"{Line("cut1")}\n{Line("cut2")}\n{Line("cut3")[..200]}")).Expect(HttpStatusCode.OK);
        Numbers(answer.Body!).ShouldBe((2, 0, 1));
        Lines(answer.Body!).ShouldBe(["3 cutOff "]);
        answer.Body!["lastLine"]!.GetValue<long>().ShouldBe(2);
        (await IsStored("cut3")).ShouldBeFalse();

        // Sent again, whole, without an end to its last line: that one is new, the others are there.
        var again = (await Import($"{Line("cut1")}\n{Line("cut2")}\n{Line("cut3")}")).Expect(HttpStatusCode.OK);
        Numbers(again.Body!).ShouldBe((1, 2, 0));
        again.Body!["lastLine"]!.GetValue<long>().ShouldBe(3);
    }

    [Fact]
    public async Task An_import_cut_off_in_the_middle_of_a_character_names_the_line()
    {
        var bytes = Encoding.UTF8.GetBytes($"{Line("char1")}\n{{\"institution\":\"H1\",\"caseNumber\":\"神");
        var answer = (await Import(bytes[..^1])).Expect(HttpStatusCode.OK);
        Numbers(answer.Body!).ShouldBe((1, 0, 1));
        Lines(answer.Body!).ShouldBe(["2 cutOff "]);
    }

    [Fact]
    public async Task An_import_whose_line_is_longer_than_any_report_goes_on_behind_it()
    {
        var answer = (await Import($"{Line("long1")}\n{Line(new string('n', 2 * 1024 * 1024))}\n{Line("long2")}\n")).Expect(HttpStatusCode.OK);
        Numbers(answer.Body!).ShouldBe((2, 0, 1));
        Lines(answer.Body!).ShouldBe(["2 tooLarge "]);
    }

    [Fact]
    public async Task An_import_whose_sender_goes_away_keeps_the_whole_lines()
    {
        var before = await bad.Head;
        var token = await bad.TokenOf("hospital H1");
        var address = bad.Service.Http.BaseAddress!;
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(address.Host, address.Port);
            await using var stream = client.GetStream();
            async Task Write(string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
            async Task Chunk(string text) => await Write($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");
            await Write($"POST /api/v1/cases/import HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
            await Chunk($"{Line("gone1")}\n{Line("gone2")}\n");
            await Chunk(Line("gone3")[..200]);
            await stream.FlushAsync();
            // Reset, not closed: nobody waits for an answer.
            client.LingerState = new(true, 0);
        }

        // Nobody tells when the service has noticed; it is given ten seconds.
        for (var attempt = 0; attempt < 100 && await bad.Head < before + 8; attempt++)
        {
            await Task.Delay(100);
        }

        (await bad.Head).ShouldBe(before + 8);
        (await IsStored("gone1"), await IsStored("gone2"), await IsStored("gone3")).ShouldBe((true, true, false));
    }

    [Fact]
    public async Task A_sender_who_goes_away_at_the_end_of_what_would_be_a_report_has_not_sent_it()
    {
        // The line is whole JSON, but more of it, or another line, may have been on its way.
        var before = await bad.Head;
        var token = await bad.TokenOf("hospital H1");
        var address = bad.Service.Http.BaseAddress!;
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(address.Host, address.Port);
            await using var stream = client.GetStream();
            async Task Write(string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
            async Task Chunk(string text) => await Write($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");
            await Write($"POST /api/v1/cases/import HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
            await Chunk($"{Line("end1")}\n{Line("end2")}");
        }

        for (var attempt = 0; attempt < 100 && await bad.Head < before + 4; attempt++)
        {
            await Task.Delay(100);
        }

        (await bad.Head).ShouldBe(before + 4);
        (await IsStored("end1"), await IsStored("end2")).ShouldBe((true, false));
    }

    [Fact]
    public async Task Of_a_mixed_import_of_qualifications_good_lines_are_stored_and_bad_lines_named()
    {
        string[] lines =
        [
            """{"kind":"institution","subject":"H2","technique":"comprehensive","grantedOn":"2020-01-01","reference":"r"}""",
            """{"kind":"institution","subject":"H99","technique":"comprehensive","grantedOn":"2020-01-01","reference":"r"}""",
            """{"kind":"physician","subject":"H2-A","technique":"comprehensive","grantedOn":"2026-03-11","reference":"r"}""",
            """{"kind":"nurse","subject":"H2-A","technique":"cardiac","grantedOn":"2020-02-30","reference":""}""",
            """{"kind":"institution","subject":"H3","technique":"comprehensive","grantedOn":"2020-01-01","reference":"r"}""",
            $$"""{"kind":"physician","subject":"H2-B","technique":"comprehensive","grantedOn":"2020-01-01","reference":"{{BadRequests.IdentityCard}}"}""",
            """{"kind":"physician","subject":"H2-A","technique":"comprehensive","grantedOn":"2026-03-10","reference":"r"}""",
            """{"kind":"physician","subject":"H2-B","tech""",
        ];
        var answer = (await bad.Service.Send(HttpMethod.Post, "qualifications/import", string.Join('\n', lines), await bad.World.Regulator, "application/x-ndjson")).Expect(HttpStatusCode.OK);

        Numbers(answer.Body!).ShouldBe((2, 0, 6));
        Lines(answer.Body!).ShouldBe(
        [
            "2 unknownSubject /subject", "3 futureDay /grantedOn", "4 empty /reference", "4 invalidDay /grantedOn", "4 unknownTechnique /technique", "4 unknownValue /kind",
            "5 forbidden /subject", "6 personalData /reference", "8 cutOff ",
        ]);
        answer.Body!.ToJsonString().ShouldNotContain(BadRequests.IdentityCard);
        string.Join('\n', bad.Log.Lines).ShouldNotContain(BadRequests.IdentityCard);
    }

    private static string[] Said(JsonNode problem) => problem["errors"] is JsonArray errors && problem["code"]!.GetValue<string>() == "invalid"
        ? [.. errors.Select(e => $"{e!["code"]!.GetValue<string>()} {(e["pointer"]!.GetValue<string>() is { Length: > 0 } pointer ? pointer : "(body)")}")]
        : [problem["code"]!.GetValue<string>()];

    private static void ShouldNotTell(string text, string secret)
    {
        text.Contains(secret, StringComparison.Ordinal).ShouldBeFalse("what was refused for privacy is told");
        // Nor as JSON or a URI would write it.
        text.Contains(Uri.EscapeDataString(secret), StringComparison.OrdinalIgnoreCase).ShouldBeFalse();
        text.Contains(JsonValue.Create(secret).ToJsonString().Trim('"'), StringComparison.OrdinalIgnoreCase).ShouldBeFalse();
    }

    private static string Line(string caseNumber, Action<JsonObject>? change = null)
    {
        var report = BadRequests.Report();
        report["caseNumber"] = caseNumber;
        change?.Invoke(report);
        return report.ToJsonString(Json.Options);
    }

    private async Task<Answer> Import(object lines) => await bad.Service.Send(HttpMethod.Post, "cases/import", lines, await bad.TokenOf("hospital H1"), "application/x-ndjson");

    private static (int Accepted, int Unchanged, int Rejected) Numbers(JsonNode answer) =>
        (answer["accepted"]!.GetValue<int>(), answer["unchanged"]!.GetValue<int>(), answer["rejected"]!.GetValue<int>());

    private static IEnumerable<string> Lines(JsonNode answer) => answer["errors"]!.AsArray()
        .Select(e => (Line: e!["line"]!.GetValue<int>(), Said: $"{e["line"]!.GetValue<int>()} {e["code"]!.GetValue<string>()} {e["pointer"]!.GetValue<string>()}"))
        .OrderBy(e => e.Line).ThenBy(e => e.Said, StringComparer.Ordinal).Select(e => e.Said);

    private async Task<string> Accepted(JsonObject report) =>
        (await bad.Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await bad.TokenOf("hospital H1"))).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();

    private async Task<bool> IsStored(string caseNumber) =>
        (await bad.Service.Get($"cases/{Compliance.Cases.Case.IdOf("H1", caseNumber):D}", await bad.Service.National)).Status == HttpStatusCode.OK;
}
