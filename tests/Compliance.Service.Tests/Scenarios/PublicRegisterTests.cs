using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>What everybody may see without a token: the register of any day, what was announced, and what the register was when a day was closed.</summary>
public sealed class PublicRegisterTests : IAsyncLifetime
{
    private static readonly DateOnly Start = new(2025, 9, 1);
    private static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    private readonly CapturedLog _log = new();
    private TestService _service = null!;
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.Start(Start, configure: _log.Capture);
        _world = new(_service);
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    private static string? Text(JsonNode? node, string name) => node![name]?.GetValue<string>();

    private async Task<Answer> Public(string path) =>
        (await _service.Get($"public/{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}minPosition={await _service.Get<IEventStore>().Head()}")).Expect(HttpStatusCode.OK);

    private async Task<IReadOnlyList<JsonNode>> Items(string path) => [.. (await Public(path)).Body!["items"]!.AsArray().Select(i => i!)];

    /// <summary>As "name standing since", of whoever is listed.</summary>
    private async Task<IEnumerable<string>> Register(string query) => (await Items($"register?{query}")).Select(i => $"{Text(i["subject"], "name")} {Text(i, "standing")} {Text(i, "since")}");

    private async Task Act(string subject, string act, object body, HttpStatusCode expected = HttpStatusCode.OK) =>
        (await _service.Post($"qualifications/institution/{subject}/neurovascular/{act}", body, await _world.Regulator)).Expect(expected);

    private Task Rename(string id, string name) => Put($"institutions/{id}", new { name, province = World.Province, level = "tertiaryA" });

    private async Task Put(string path, object body) => ((int)(await _service.Put(path, body, await _world.Regulator)).Status).ShouldBeInRange(200, 201);

    [Fact]
    public async Task The_register_shows_any_day_as_it_is_now_known_to_have_been()
    {
        await _world.Hospital("H1");
        await Act("H1", "suspend", new { reason = "inspection" });
        (await Register("kind=institution")).ShouldBe(["Hospital H1 good 2020-01-01"], "what is decided takes effect the day after");
        await _service.MoveTo(Start.AddDays(2));
        await Rename("H1", "Renamed");
        (await _service.Put("institutions/H2", new { name = "Elsewhere", province = "31", level = "tertiaryA" }, await _service.National)).Expect(HttpStatusCode.Created);
        await Put("physicians/H1-A", new
        {
            name = "Doctor H1-A",
            titles = new[] { new { title = "chief", from = "2010-01-01" } },
            licenceScope = "surgery",
            specialty = "neurosurgery",
            registrations = new object[] { new { institution = "H1", from = "2010-01-01", to = "2025-09-01", main = true }, new { institution = "H2", from = "2025-09-02", main = true } },
        });

        (await Register("kind=institution")).ShouldBe(["Renamed suspended 2025-09-02"]);
        (await Register("kind=institution&asOf=2025-09-02")).ShouldBe(["Hospital H1 suspended 2025-09-02"]);
        (await Register("kind=institution&asOf=2025-09-01")).ShouldBe(["Hospital H1 good 2020-01-01"]);
        (await Register("asOf=2019-12-31")).ShouldBeEmpty();
        Text((await Public("register?asOf=2025-09-02")).Body, "asOf").ShouldBe("2025-09-02");

        // The province is that of the day, whether asked for by technique or not.
        foreach (var technique in new[] { "", "&technique=neurovascular" })
        {
            (await Register($"kind=physician&province=31{technique}")).ShouldBe(["Doctor H1-A good 2020-01-01"]);
            (await Register($"kind=physician&province=31&asOf=2025-09-01{technique}")).ShouldBeEmpty();
            (await Register($"kind=physician&province=11&asOf=2025-09-01{technique}")).Count().ShouldBe(2);
        }

        (await Items("register?kind=physician&asOf=2025-09-01")).Select(i => Text(i["institution"], "name")).ShouldBe(["Hospital H1", "Hospital H1"]);
        (await Items("register?kind=physician")).Select(i => Text(i["institution"], "name")).ShouldBe(["Elsewhere", "Renamed"]);

        // An annulled suspension was never there; a lifted one was.
        await Act("H1", "annul", new { reason = "in error" });
        (await Register("kind=institution&asOf=2025-09-02")).ShouldBe(["Hospital H1 good 2020-01-01"]);
        (await Register("kind=institution")).ShouldBe(["Renamed good 2020-01-01"]);
        await Act("H1", "relinquish", new { reason = "given up" });
        (await Register("kind=institution")).ShouldBe(["Renamed good 2020-01-01"]);
        await _service.MoveTo(Start.AddDays(3));
        (await Register("kind=institution")).ShouldBeEmpty();
        (await Register("kind=institution&asOf=2025-09-03")).ShouldBe(["Renamed good 2020-01-01"]);

        (await _service.Get("public/register?asOf=2025-09-05")).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("futureDay");
        (await _service.Get("public/register?asof=2025-09-01")).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("unknownParameter");
    }

    [Fact]
    public async Task Namesakes_are_paged_through_and_no_cursor_tells_them_apart()
    {
        await Rename("H1", "Hospital");
        var ids = Enumerable.Range(0, 7).Select(n => $"P{n}").ToList();
        foreach (var id in ids)
        {
            await Put($"physicians/{id}", new
            {
                name = ids.IndexOf(id) is 0 or 6 ? $"A long name, and behind its fortieth letter {id}" : "王伟",
                titles = new[] { new { title = "chief", from = "2010-01-01" } },
                licenceScope = "surgery",
                specialty = "neurosurgery",
                registrations = new[] { new { institution = "H1", from = "2010-01-01", main = true } },
            });
        }

        (await _service.Import("qualifications/import", ids.Select(id => new { kind = "physician", subject = id, technique = "neurovascular", grantedOn = $"2020-01-0{ids.IndexOf(id) + 1}", reference = "r" }), await _world.Regulator)).Expect(HttpStatusCode.OK);

        foreach (var limit in new[] { 1, 2, 3, 5 })
        {
            var since = new List<string>();
            string? cursor = null;
            do
            {
                var page = await Public($"register?limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}");
                since.AddRange(page.Body!["items"]!.AsArray().Select(i => Text(i, "since")!));
                cursor = Text(page.Body, "nextCursor");
                if (cursor is not null)
                {
                    JsonNode.Parse(Base64Url.DecodeFromChars(cursor))!.AsArray().Select(k => k!.GetValue<string>()).Take(2).ShouldBe(["neurovascular", "physician"]);
                    JsonNode.Parse(Base64Url.DecodeFromChars(cursor))!.AsArray()[3]!.GetValue<string>().Length.ShouldBe(1);
                }
            }
            while (cursor is not null);
            since.Order().ShouldBe(Enumerable.Range(1, 7).Select(n => $"2020-01-0{n}"), $"{limit} at a time");
        }

        (await _service.Get($"public/register?cursor={Base64Url.EncodeToString("""["neurovascular","physician","x","-1"]"""u8)}")).Expect(HttpStatusCode.BadRequest);
    }

    // Snapshots

    private async Task<(string Text, string Digest, HttpResponseMessage Response)> Snapshot(string day, string technique = "neurovascular")
    {
        var response = await _service.Http.GetAsync($"/api/v1/public/register/snapshots/{technique}/{day}");
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        var bytes = await response.Content.ReadAsByteArrayAsync();
        response.Headers.GetValues("Repr-Digest").ShouldBe([$"sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes))}:"]);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        return (Encoding.UTF8.GetString(bytes), Convert.ToHexStringLower(SHA256.HashData(bytes)), response);
    }

    /// <summary>Every snapshot there is, made anew from the log by the service, which compares it with its digest.</summary>
    private async Task<IReadOnlyList<string>> EverySnapshot()
    {
        var listed = await Items("register/snapshots?limit=500");
        foreach (var row in listed)
        {
            var (text, digest, _) = await Snapshot(Text(row, "day")!, Text(row, "technique")!);
            digest.ShouldBe(Text(row, "sha256"));
            text.Count(c => c == '\n').ShouldBe(row["entries"]!.GetValue<int>());
        }

        return [.. listed.Select(r => r.ToJsonString())];
    }

    [Fact]
    public async Task A_snapshot_stays_what_was_known_when_its_day_was_closed()
    {
        await _world.Hospital("H1");
        await _world.Hospital("H2");
        await Act("H1", "suspend", new { reason = "inspection of 病例" });
        await _service.MoveTo(Start.AddDays(2));
        await Act("H1", "annul", new { reason = "in error" });
        await Rename("H2", "Renamed");
        (await Register("kind=institution&asOf=2025-09-02")).ShouldAllBe(line => !line.Contains("suspended", StringComparison.Ordinal));
        (await Snapshot("2025-09-01")).Text.ShouldNotContain("suspended");
        var known = await Snapshot("2025-09-02");
        known.Text.ShouldContain("""{"id":"H1","institution":null,"kind":"institution","name":"Hospital H1","province":"11","since":"2025-09-02","standing":"suspended","technique":"neurovascular"}""" + "\n");
        known.Text.ShouldContain("""{"id":null,"institution":{"id":"H1","name":"Hospital H1"},"kind":"physician","name":"Doctor H1-A","province":"11","since":"2020-01-01","standing":"good","technique":"neurovascular"}""" + "\n");
        known.Text.ShouldNotContain("Renamed");
        known.Text.ShouldNotContain("inspection");
        known.Text.ShouldNotContain("\"H1-A\"");

        // A grant that takes effect on a day on which nothing else happens, among days on which nothing does.
        await _world.Hospital("H3", qualified: false);
        await Act("H3", "grant", new { reference = "G-3", effectiveOn = "2025-09-06" }, HttpStatusCode.Created);
        await _service.MoveTo(Start.AddDays(8));
        var rows = (await Items("register/snapshots?technique=neurovascular")).ToDictionary(r => Text(r, "day")!, r => (Digest: Text(r, "sha256"), Entries: r["entries"]!.GetValue<int>()));
        rows["2025-09-02"].Digest.ShouldBe(known.Digest);
        rows["2025-09-03"].Digest.ShouldNotBe(known.Digest);
        (rows["2025-09-04"], rows["2025-09-05"]).ShouldBe((rows["2025-09-03"], rows["2025-09-03"]), "on a quiet day nothing changes");
        rows["2025-09-06"].Entries.ShouldBe(rows["2025-09-05"].Entries + 1);
        rows["2025-09-08"].ShouldBe(rows["2025-09-06"]);

        var before = await EverySnapshot();
        before.Count.ShouldBeGreaterThan(20);
        (await Snapshot("2025-09-02")).Text.ShouldBe(known.Text);
        (await _service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None)).Where(t => !t.Agrees).SelectMany(t => t.Examples.Prepend(t.Table)).ShouldBeEmpty();
        (await _service.Get<Reconciliation>().Run(closings: false, static _ => { }, CancellationToken.None)).Where(t => !t.Agrees).SelectMany(t => t.Examples.Prepend(t.Table)).ShouldBeEmpty();
        await _service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        (await EverySnapshot()).ShouldBe(before);

        // In pages, newest first.
        var first = (await Public("register/snapshots?technique=neurovascular&limit=3")).Body!;
        first["items"]!.AsArray().Select(r => Text(r, "day")).ShouldBe(["2025-09-08", "2025-09-07", "2025-09-06"]);
        Text((await Items($"register/snapshots?technique=neurovascular&cursor={Text(first, "nextCursor")}"))[0], "day").ShouldBe("2025-09-05");
        var (all, cursor) = (new List<string>(), (string?)null);
        do
        {
            var page = (await Public($"register/snapshots?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}")).Body!;
            all.AddRange(page["items"]!.AsArray().Select(r => r!.ToJsonString()));
            cursor = Text(page, "nextCursor");
        }
        while (cursor is not null);
        all.ShouldBe(before);

        // Whoever has it is not sent it again.
        var again = new HttpRequestMessage(HttpMethod.Get, "/api/v1/public/register/snapshots/neurovascular/2025-09-02");
        again.Headers.IfNoneMatch.Add(known.Response.Headers.ETag!);
        (await _service.Http.SendAsync(again)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        known.Response.Headers.CacheControl!.Public.ShouldBeTrue();

        (await _service.Get("public/register/snapshots/neurovascular/2025-09-09")).Expect(HttpStatusCode.NotFound).Body!["code"]!.GetValue<string>().ShouldBe("noSuchSnapshot");
        (await _service.Get("public/register/snapshots/cardiac/2025-09-02")).Expect(HttpStatusCode.NotFound);
        (await _service.Get("public/register/snapshots/neurovascular/2025-02-30")).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["pointer"]!.GetValue<string>().ShouldBe("path:day");
    }

    [Theory]
    [InlineData("update register_snapshots set sha256 = repeat('0', 64) where technique = 'neurovascular'")]
    [InlineData("delete from qualifications where kind = 'physician'")]
    public async Task A_snapshot_that_the_log_does_not_bear_out_is_not_shown_but_reported(string tampering)
    {
        await _world.Hospital("H1");
        await _service.MoveTo(Start.AddDays(1));
        await Snapshot("2025-09-01");
        await using (var command = _service.Get<NpgsqlDataSource>().CreateCommand(tampering))
            (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0);

        var refused = (await _service.Get("public/register/snapshots/neurovascular/2025-09-01")).Expect(HttpStatusCode.InternalServerError);
        refused.Body!["code"]!.GetValue<string>().ShouldBe("snapshotDiffers");
        refused.Body.ToJsonString().ShouldNotContain("Doctor");
        _log.Lines.ShouldContain(line => line.Contains("neurovascular on 2025-09-01", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_rows_say_of_somebody_is_not_what_a_snapshot_is_made_from()
    {
        await _world.Hospital("H1");
        await _service.MoveTo(Start.AddDays(1));
        var before = await Snapshot("2025-09-01");
        await using (var command = _service.Get<NpgsqlDataSource>().CreateCommand("update register_entries set standing = 'revoked'; update institutions set name = 'x'; update qualifications set doc = '{}'"))
            (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0);
        (await Snapshot("2025-09-01")).Text.ShouldBe(before.Text);
    }

    // Announcements

    [Fact]
    public async Task What_becomes_of_a_qualification_is_announced_and_why_is_not()
    {
        await _world.Hospital("H1");
        await _world.Hospital("H2", qualified: false);
        (await Items("announcements")).ShouldBeEmpty("qualifications from before the system are no news");
        const string secret = "because of one patient";
        await Act("H2", "grant", new { reference = secret }, HttpStatusCode.Created);
        await Act("H1", "suspend", new { reason = secret });
        await _service.MoveTo(Start.AddDays(1));
        await Rename("H1", "Renamed");
        await Act("H1", "annul", new { reason = secret });
        await Act("H1", "suspend", new { reason = secret });
        await Act("H1", "lift", new { reason = secret });
        (await _service.Post("qualifications/physician/H1-A/neurovascular/relinquish", new { reason = secret }, await _world.Regulator)).Expect(HttpStatusCode.OK);

        var all = await Items("announcements");
        all.Select(a => $"{Text(a, "what")} {Text(a["subject"], "name")} {Text(a, "effectiveOn")}").ShouldBe(
        [
            "relinquished Doctor H1-A 2025-09-03",
            "suspensionLifted Renamed 2025-09-03",
            "suspended Renamed 2025-09-03",
            "suspensionAnnulled Renamed 2025-09-03",
            "suspended Hospital H1 2025-09-02",
            "granted Hospital H2 2025-09-02",
        ]);
        all.ShouldAllBe(a => a.AsObject().Select(p => p.Key).SequenceEqual(new[] { "id", "published", "effectiveOn", "what", "technique", "province", "subject", "institution", "withdraws", "withdrawnBy", "baseKind" }));
        (Text(all[3], "withdraws"), Text(all[4], "withdrawnBy")).ShouldBe((Text(all[4], "id"), Text(all[3], "id")));
        all.Where(a => Text(a, "withdrawnBy") is not null || Text(a, "withdraws") is not null).Count().ShouldBe(2);
        (Text(all[0]["subject"], "id"), Text(all[0]["institution"], "name"), Text(all[0], "province")).ShouldBe((null, "Renamed", "11"));
        (Text(all[4]["subject"], "id"), all[4]["institution"]).ShouldBe(("H1", null));
        var history = await _world.History("H1");
        history.Count.ShouldBe(5);

        var answer = await Public("announcements");
        answer.Response.Headers.CacheControl!.Public.ShouldBeTrue();
        foreach (var text in new[] { answer.Body!.ToJsonString(), await Feed("") })
        {
            text.ShouldNotContain(secret);
            text.ShouldNotContain("\"H1-A\"");
            text.ShouldNotContain("regulator");
        }

        // Filters, and pages.
        (await Items("announcements?kind=physician")).Count.ShouldBe(1);
        (await Items("announcements?from=2025-09-02")).Count.ShouldBe(4);
        (await Items("announcements?to=2025-09-01&technique=neurovascular&province=11")).Count.ShouldBe(2);
        (await Items("announcements?technique=comprehensive")).ShouldBeEmpty();
        (await Items("announcements?province=31")).ShouldBeEmpty();
        var paged = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await Public($"announcements?limit=4{(cursor is null ? "" : $"&cursor={cursor}")}")).Body!;
            paged.AddRange(page["items"]!.AsArray().Select(a => Text(a, "id")!));
            cursor = Text(page, "nextCursor");
        }
        while (cursor is not null);
        paged.ShouldBe(all.Select(a => Text(a, "id")));
        (await _service.Get("public/announcements?from=2025-09-02&to=2025-09-01")).Expect(HttpStatusCode.BadRequest).Body!["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("endsBeforeItBegins");
        (await _service.Get("public/announcements?cursor=x")).Expect(HttpStatusCode.BadRequest);
        (await _service.Get("public/announcements.atom?page=2")).Expect(HttpStatusCode.BadRequest);

        // A later name changes nothing that was announced, nor does a rebuild.
        await Rename("H1", "Once more");
        var stood = (await Items("announcements")).Select(a => a.ToJsonString()).ToList();
        stood.ShouldBe(all.Select(a => a.ToJsonString()));
        await _service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        (await Items("announcements")).Select(a => a.ToJsonString()).ShouldBe(stood);
    }

    private async Task<string> Feed(string query, string language = "en")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/public/announcements.atom?minPosition={await _service.Get<IEventStore>().Head()}{query}");
        request.Headers.AcceptLanguage.ParseAdd(language);
        using var response = await _service.Http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/atom+xml; charset=utf-8");
        response.Content.Headers.ContentLanguage.ShouldBe([language]);
        response.Headers.Vary.ShouldContain("Accept-Language");
        response.Headers.CacheControl!.Public.ShouldBeTrue();
        return await response.Content.ReadAsStringAsync();
    }

    [Fact]
    public async Task Announcements_are_an_Atom_feed_in_both_languages()
    {
        var empty = XDocument.Parse(await Feed("")).Root!;
        (empty.Elements(Atom + "entry").Count(), empty.Element(Atom + "updated")!.Value).ShouldBe((0, "1970-01-01T00:00:00.000000Z"));

        await Rename("H1", "北京 <第一> & \"医院\" \uFFFE𠮷");
        await Act("H1", "grant", new { reference = "G-1" }, HttpStatusCode.Created);
        await _service.MoveTo(Start.AddDays(1));
        await Act("H1", "suspend", new { reason = "r" });
        await Act("H1", "annul", new { reason = "r" });
        var listed = await Items("announcements");

        var feed = XDocument.Parse(await Feed("&limit=2&technique=neurovascular")).Root!;
        feed.Name.ShouldBe(Atom + "feed");
        feed.Element(Atom + "id")!.Value.ShouldStartWith("urn:uuid:");
        feed.Element(Atom + "id")!.Value.ShouldBe(XDocument.Parse(await Feed("&technique=neurovascular", "zh-CN")).Root!.Element(Atom + "id")!.Value);
        feed.Element(Atom + "id")!.Value.ShouldNotBe(empty.Element(Atom + "id")!.Value);
        feed.Element(Atom + "author")!.Element(Atom + "name")!.Value.ShouldNotBeEmpty();
        string Link(string relation) => feed.Elements(Atom + "link").Single(l => l.Attribute("rel")!.Value == relation).Attribute("href")!.Value;
        Link("self").ShouldStartWith("/api/v1/public/announcements.atom?");
        Link("self").ShouldEndWith("&limit=2&technique=neurovascular");

        var entries = feed.Elements(Atom + "entry").ToList();
        entries.Select(e => e.Element(Atom + "id")!.Value).ShouldBe(listed.Take(2).Select(a => $"urn:uuid:{Text(a, "id")}"));
        entries.Select(e => e.Element(Atom + "title")!.Value).ShouldBe(
            ["Suspension annulled: 北京 <第一> & \"医院\" \uFFFD𠮷", "Qualification suspended: 北京 <第一> & \"医院\" \uFFFD𠮷"]);
        entries[1].Element(Atom + "content")!.Value.ShouldEndWith("is suspended from 2025-09-03 on. (This announcement has been withdrawn.)");
        // To be withdrawn is to be changed.
        entries[1].Element(Atom + "updated")!.Value.ShouldBe(entries[0].Element(Atom + "published")!.Value);
        entries[0].Element(Atom + "updated")!.Value.ShouldBe(entries[0].Element(Atom + "published")!.Value);
        DateTimeOffset.Parse(entries[0].Element(Atom + "published")!.Value).ShouldBe(DateTimeOffset.Parse(Text(listed[0], "published")!));
        feed.Element(Atom + "updated")!.Value.ShouldBe(entries[0].Element(Atom + "updated")!.Value);
        entries[0].Elements(Atom + "category").Select(c => c.Attribute("term")!.Value).ShouldBe(["suspensionAnnulled", "neurovascular", "institution", "11"]);
        (await _service.Http.GetStringAsync(Link("next"))).ShouldContain("Qualification granted");

        var chinese = XDocument.Parse(await Feed("", "zh-CN")).Root!;
        chinese.Attribute(XNamespace.Xml + "lang")!.Value.ShouldBe("zh-CN");
        chinese.Elements(Atom + "entry").Last().Element(Atom + "title")!.Value.ShouldStartWith("准予资质：北京");
        chinese.Elements(Atom + "entry").Last().Element(Atom + "content")!.Value.ShouldContain("《神经血管介入诊疗技术管理规范》");
    }
}
