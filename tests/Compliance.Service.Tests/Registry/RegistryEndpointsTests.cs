using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Compliance.Regulations;
using Compliance.Service.Calendars;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Compliance.Service.Qualifications;
using Compliance.Service.Registry;
using Compliance.Service.Regulations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Compliance.Service.Tests.Registry;

/// <summary>Registry, calendars, regulations and enforcement over HTTP, on a database of the class's own, seeded; each test with provinces of its own.</summary>
public sealed class RegistryEndpointsTests(RegistryEndpointsTests.Service service) : IClassFixture<RegistryEndpointsTests.Service>
{
    public sealed class Service : IAsyncLifetime
    {
        private NpgsqlDataSource _database = null!;
        private PostgresEventStore _log = null!;
        private ReadModel _rows = null!;
        private WebApplication _app = null!;

        public HttpClient Client { get; } = new();

        internal IEventStore Log => _log;

        internal Clock Clock { get; } = new(TimeProvider.System);

        public async Task InitializeAsync()
        {
            _database = ReadSchema.Connect(await TestPostgres.CreateDatabase());
            _log = new(_database, EventTable.Types, () => TimeSpan.Zero);
            _rows = new(_log, _database, ReadSchema.Living);
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            builder.AddComplianceHttp();
            builder.Services.AddSingleton(_database).AddSingleton<IEventStore>(_log).AddSingleton(Clock)
                .AddSingleton<Commands>().AddSingleton<Answers>().AddSingleton<Reads>().AddSingleton<ReferenceCache>();
            _app = builder.Build();
            _app.UseComplianceHttp();
            var api = _app.MapGroup("/api/v1");
            Institutions.Map(api);
            Physicians.Map(api);
            CalendarEndpoints.Map(api);
            RegulationEndpoints.Map(api);
            EnforcementEndpoints.Map(api);
            await new Seeding(_log, Clock, NullLogger<Seeding>.Instance).Begin(CancellationToken.None);
            await Project();
            await _app.StartAsync();
            Client.BaseAddress = new Uri(_app.Urls.Single());
        }

        public async Task DisposeAsync()
        {
            Client.Dispose();
            await _app.DisposeAsync();
            await _log.DisposeAsync();
            await _database.DisposeAsync();
        }

        public async Task Project()
        {
            while ((await _rows.Advance(CancellationToken.None)).More)
            {
            }
        }
    }

    private static readonly string Today = new Clock(TimeProvider.System).Today.ToString("yyyy-MM-dd");

    private async Task<(int Status, JsonElement Body, HttpResponseHeaders Headers)> Send(HttpMethod method, string path, string? who = null, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1{path}");
        if (who is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await Token(who));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        var answer = await service.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.Length == 0 ? default : JsonElement.Parse(text), answer.Headers);
    }

    /// <summary>"regulator 11", "hospital H1", "physician P1", "national".</summary>
    private async Task<string> Token(string who)
    {
        var words = who.Split(' ');
        var claim = words[0] switch { "regulator" => "province", "physician" => "physician", _ => "institution" };
        var body = words.Length == 1 ? $$"""{"role":"{{words[0]}}"}""" : $$"""{"role":"{{words[0]}}","{{claim}}":"{{words[1]}}"}""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var answer = await service.Client.PostAsync(new Uri("/dev/token", UriKind.Relative), content);
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("token").GetString()!;
    }

    private Task<(int Status, JsonElement Body, HttpResponseHeaders Headers)> Put(string path, string who, string body, params (string, string)[] headers) => Send(HttpMethod.Put, path, who, body, headers);

    private Task<(int Status, JsonElement Body, HttpResponseHeaders Headers)> Get(string path, string? who) => Send(HttpMethod.Get, path, who);

    private static string[] Faults(JsonElement problem) =>
        [.. problem.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("pointer")} {e.GetProperty("code")}")];

    private static string Hospital(string province, string name = "First") => $$"""{"name":"{{name}}","province":"{{province}}","level":"tertiaryA","facts":{"beds":900} }""";

    private static string Doctor(params string[] registrations) =>
        $$"""{"name":"Somebody","titles":[{"title":"associateChief","from":"2015-01-01"}],"licenceScope":"surgery","specialty":"neurosurgery","registrations":[{{string.Join(',', registrations)}}]}""";

    private static string At(string institution, string from = "2020-01-01", string to = "null", bool main = true) =>
        $$"""{"institution":"{{institution}}","from":"{{from}}","to":{{(to == "null" ? to : $"\"{to}\"")}},"main":{{(main ? "true" : "false")}}}""";

    [Fact]
    public async Task An_institution_is_registered_changed_and_shown()
    {
        var created = await Put("/institutions/I1", "regulator 11", Hospital("11"));
        created.Status.ShouldBe(201);
        created.Body.GetProperty("id").GetString().ShouldBe("I1");
        created.Headers.ETag!.Tag.ShouldBe("\"1\"");
        var again = await Put("/institutions/I1", "regulator 11", Hospital("11"));
        (again.Status, again.Body.GetProperty("position").GetInt64()).ShouldBe((200, created.Body.GetProperty("position").GetInt64()));
        (await Put("/institutions/I1", "regulator 11", Hospital("11", "Second"), ("If-Match", "\"7\""))).Status.ShouldBe(412);
        (await Put("/institutions/I1", "regulator 11", Hospital("11", "Second"), ("If-Match", "\"1\""))).Status.ShouldBe(200);
        var covered = await Put("/institutions/I1/coverage/neurovascular", "regulator 11", """{"from":"2025-01-01"}""");
        covered.Status.ShouldBe(200);

        // Shown at once, before any projection has run.
        var shown = await Get("/institutions/I1", "physician P9");
        shown.Status.ShouldBe(200);
        shown.Headers.ETag!.Tag.ShouldBe("\"3\"");
        shown.Body.ToString().ShouldBe(
            $$$"""{"id":"I1","name":"Second","names":[{"name":"First","from":"{{{Today}}}"},{"name":"Second","from":"{{{Today}}}"}],"province":"11","district":null,"level":"tertiaryA","coverage":[{"technique":"neurovascular","from":"2025-01-01"}],"facts":{"beds":900}}""");

        await service.Project();
        var list = await Get($"/institutions?province=11&minPosition={covered.Body.GetProperty("position")}", "national");
        list.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()).ShouldContain("I1");
        (await Get("/institutions/NONE", "national")).Body.GetProperty("code").GetString().ShouldBe("noSuchInstitution");
    }

    [Fact]
    public async Task Lists_go_on_where_the_page_ended()
    {
        foreach (var id in new[] { "L3", "L1", "L2" })
            await Put($"/institutions/{id}", "regulator 65", Hospital("65"));
        await service.Project();
        var first = await Get("/institutions?province=65&limit=2", "national");
        first.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()).ShouldBe(["L1", "L2"]);
        var second = await Get($"/institutions?province=65&limit=2&cursor={first.Body.GetProperty("nextCursor")}", "national");
        second.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()).ShouldBe(["L3"]);
        second.Body.GetProperty("nextCursor").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_regulator_writes_in_the_own_province_alone()
    {
        (await Put("/institutions/R1", "regulator 12", Hospital("13"))).Status.ShouldBe(403);
        (await Put("/institutions/R1", "hospital R1", Hospital("13"))).Status.ShouldBe(403);
        (await Put("/institutions/R1", "regulator 13", Hospital("13"))).Status.ShouldBe(201);
        (await Put("/institutions/R1", "regulator 12", Hospital("12"))).Status.ShouldBe(403); // takes it from another
        (await Put("/institutions/R1", "regulator 13", Hospital("12"))).Status.ShouldBe(403); // gives it to another
        (await Put("/institutions/R1/coverage/neurovascular", "regulator 12", """{"from":"2025-01-01"}""")).Status.ShouldBe(403);
        (await Put("/institutions/R1", "national", Hospital("12"))).Status.ShouldBe(200);
        (await Put("/institutions/R1", "regulator 12", Hospital("12", "Ours"))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Bad_entries_are_refused_with_their_places()
    {
        Faults((await Put("/institutions/B1", "national", """{"name":"x","province":"16","level":"TertiaryA","facts":[1],"levle":1}""")).Body)
            .ShouldBe(["/level unknownValue", "/province invalidProvince", "/facts wrongType", "/levle unknownProperty"]);
        Faults((await Put("/institutions/B1", "national", """{"name":"x","province":"11","level":"tertiary","facts":{"a\u0000":1,"n":1e200000,"t":"a\u0000"} }""")).Body)
            .ShouldBe(["/facts invalidText", "/facts/n outOfRange", "/facts/t invalidText"]); // what jsonb refuses: NUL, also in a name, and numbers past its range
        Faults((await Put("/institutions/B1/coverage/cardiac", "national", """{"from":"2025-01-01"}""")).Body).ShouldBe(["path:technique unknownTechnique"]);
        Faults((await Put("/institutions/B1/coverage/neurovascular", "national", """{"from":"2199-01-01"}""")).Body).ShouldBe(["/from futureDay"]);
        (await Put("/institutions/B1/coverage/neurovascular", "national", """{"from":"2025-01-01"}""")).Body.GetProperty("code").GetString().ShouldBe("noSuchInstitution");
        Faults((await Put("/physicians/B1", "national", Doctor(At("NONE")))).Body).ShouldBe(["/registrations/0/institution unknownInstitution"]);
        await Put("/institutions/B2", "national", Hospital("11"));
        Faults((await Put("/physicians/B1", "national", Doctor(At("B2", main: false)))).Body).ShouldBe(["/registrations notOneMainRegistration"]);
    }

    [Fact]
    public async Task A_physician_is_written_by_the_present_or_the_new_province()
    {
        await Put("/institutions/M21", "national", Hospital("21"));
        await Put("/institutions/M22", "national", Hospital("22"));
        (await Put("/physicians/PM", "regulator 22", Doctor(At("M21")))).Status.ShouldBe(403);
        (await Put("/physicians/PM", "regulator 21", Doctor(At("M21")))).Status.ShouldBe(201);
        (await Put("/physicians/PM", "regulator 21", Doctor(At("M21")))).Status.ShouldBe(200);
        (await Put("/physicians/PM", "regulator 23", Doctor(At("M21", to: "2020-12-31")))).Status.ShouldBe(403);
        (await Put("/physicians/PM", "regulator 22", Doctor(At("M21"), At("M22", main: false)))).Status.ShouldBe(403); // a place beside the main one takes nobody
        (await Put("/physicians/PM", "regulator 22", Doctor(At("M21", to: "2020-12-31"), At("M22", "2021-01-01")))).Status.ShouldBe(200);
        (await Put("/physicians/PM", "regulator 21", Doctor(At("M22", "2021-01-01")))).Status.ShouldBe(403);
        (await Get("/physicians/PM", "national")).Body.GetProperty("province").GetString().ShouldBe("22");
        await service.Project();
        (await Get("/physicians?province=22&institution=M22", "national")).Body.GetProperty("items").EnumerateArray().ShouldHaveSingleItem().GetProperty("id").GetString().ShouldBe("PM");
        (await Get("/physicians?institution=M21", "national")).Body.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Leaves_are_entered_confirmed_and_seen_by_whom_they_concern()
    {
        await Put("/institutions/V1", "national", Hospital("31"));
        await Put("/institutions/V2", "national", Hospital("31"));
        await Put("/physicians/PV", "national", Doctor(At("V1", to: "2024-12-31"), At("V2", "2025-01-01")));
        const string leave = """{"from":"2025-02-01","to":"2025-06-30","reason":"maternity"}""";
        (await Send(HttpMethod.Post, "/physicians/PV/leaves", "hospital V1", leave)).Status.ShouldBe(403);
        var entered = await Send(HttpMethod.Post, "/physicians/PV/leaves", "hospital V2", leave, ("Idempotency-Key", "k1"));
        entered.Status.ShouldBe(201);
        var id = entered.Body.GetProperty("leaveId").GetString();
        var repeated = await Send(HttpMethod.Post, "/physicians/PV/leaves", "hospital V2", leave, ("Idempotency-Key", "k1"));
        (repeated.Status, repeated.Body.ToString()).ShouldBe((201, entered.Body.ToString()));
        (await Send(HttpMethod.Post, "/physicians/PV/leaves", "hospital V2", leave)).Status.ShouldBe(200);
        (await Send(HttpMethod.Post, $"/physicians/PV/leaves/{id}/confirm", "regulator 32")).Status.ShouldBe(403);
        (await Send(HttpMethod.Post, $"/physicians/PV/leaves/{Guid.Empty}/confirm", "regulator 31")).Body.GetProperty("code").GetString().ShouldBe("noSuchLeave");
        (await Send(HttpMethod.Post, $"/physicians/PV/leaves/{id}/confirm", "regulator 31")).Status.ShouldBe(200);
        (await Send(HttpMethod.Post, $"/physicians/PV/leaves/{id}/confirm", "regulator 31", "{}")).Status.ShouldBe(200);
        Faults((await Send(HttpMethod.Post, "/physicians/PV/leaves/x/confirm", "regulator 31", """{"agree":true}""")).Body).ShouldBe(["path:leaveId invalidUuid"]);

        foreach (var (who, seen) in new[] { ("physician PV", 1), ("hospital V2", 1), ("regulator 31", 1), ("national", 1), ("hospital V1", 0), ("hospital V3", -1), ("regulator 32", -1), ("physician PX", -1) })
        {
            var leaves = (await Get("/physicians/PV", who)).Body.GetProperty("leaves");
            (leaves.ValueKind == JsonValueKind.Null ? -1 : leaves.GetArrayLength()).ShouldBe(seen, who);
        }
    }

    [Fact]
    public async Task A_year_is_published_and_amended()
    {
        (await Get("/calendars/2026", "physician P9")).Body.GetProperty("version").GetInt32().ShouldBe(1);
        (await Get("/calendars", "national")).Body.GetProperty("items").EnumerateArray().Select(y => y.GetProperty("year").GetInt32()).Take(4).ShouldBe([2023, 2024, 2025, 2026]);
        const string year = """{"notice":"notice","rest":["2031-01-01"],"makeUp":["2031-01-04"]}""";
        (await Put("/calendars/2031", "regulator 11", year)).Status.ShouldBe(403);
        (await Get("/calendars/2031", "national")).Status.ShouldBe(404);
        var first = await Put("/calendars/2031", "national", year);
        (first.Status, first.Body.GetProperty("year").GetInt32(), first.Body.GetProperty("version").GetInt32()).ShouldBe((201, 2031, 1));
        (await Put("/calendars/2031", "national", year)).Body.ToString().ShouldBe(first.Body.ToString());
        var amended = await Put("/calendars/2031", "national", year.Replace("2031-01-01", "2031-01-02", StringComparison.Ordinal));
        (amended.Status, amended.Body.GetProperty("version").GetInt32()).ShouldBe((200, 2));
        Faults((await Put("/calendars/2031", "national", """{"notice":"n","rest":["2031-01-04","2030-12-24"],"makeUp":["2031-01-04","2031-01-06"]}""")).Body)
            .ShouldBe(["/rest/1 dayOutsideYear", "/makeUp/1 makeUpNotWeekend", "/rest/0 restAndMakeUp"]);
        Faults((await Put("/calendars/20x", "national", year)).Body).ShouldBe(["path:year wrongType"]);
        await service.Project();
    }

    [Fact]
    public async Task Regulations_are_open_to_all_and_cacheable()
    {
        var list = await Get("/public/regulations", who: null);
        list.Body.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetString()).ShouldBe(["CI-2012", "EN-2012", "NC-2024", "NV-2012"]);
        var page = await Get("/public/regulations?limit=1", who: null);
        (await Get($"/public/regulations?limit=1&cursor={page.Body.GetProperty("nextCursor")}", who: null)).Body.GetProperty("items")[0].GetProperty("id").GetString().ShouldBe("EN-2012");
        var open = await Get("/public/regulations/NV-2012/4", who: null);
        open.Headers.CacheControl!.Public.ShouldBeTrue();
        open.Body.GetProperty("clauses").EnumerateArray().First(c => c.GetProperty("id").GetString() == "NV-VOL-INST-TX").GetProperty("applies")[0].GetProperty("effect").GetString().ShouldBe("warnThenSuspend");
        open.Body.GetProperty("clauses")[0].TryGetProperty("kind", out _).ShouldBeTrue();
        (await Send(HttpMethod.Get, "/public/regulations/NV-2012/4", headers: ("If-None-Match", open.Headers.ETag!.Tag))).Status.ShouldBe(304);
        var closed = await Get("/regulations/NV-2012/4", "physician P9");
        closed.Body.ToString().ShouldBe(open.Body.ToString());
        closed.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await Get("/regulations/NV-2012/9", "national")).Status.ShouldBe(404);
        (await Get("/regulations/NV-2012/4", who: null)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Enforcement_is_set_by_the_province_and_never_backwards()
    {
        var wanted = $$"""{"mode":"enforce","from":"{{Today}}"}""";
        (await Put("/enforcement/neurovascular/41", "regulator 42", wanted)).Status.ShouldBe(403);
        var set = await Put("/enforcement/neurovascular/41", "regulator 41", wanted);
        set.Status.ShouldBe(200);
        set.Body.GetProperty("revocation").GetString().ShouldBe("confirmed");
        set.Body.GetProperty("judgedOn").GetString().ShouldBe(DateOnly.ParseExact(Today, "yyyy-MM-dd").AddDays(-1).ToString("yyyy-MM-dd"));
        set.Body.GetProperty("wouldWarn").GetArrayLength().ShouldBe(0);
        (await Put("/enforcement/neurovascular/41", "national", wanted)).Body.GetProperty("position").GetInt64().ShouldBe(set.Body.GetProperty("position").GetInt64());
        Faults((await Put("/enforcement/neurovascular/41", "national", """{"mode":"observe","from":"2020-01-01"}""")).Body).ShouldBe(["/from fromInThePast"]);
        Faults((await Put("/enforcement/cardiac/99", "national", """{"mode":"Enforce","from":"2020-01-01","holdAbove":-1}""")).Body).ShouldBe(["path:technique unknownTechnique", "path:province invalidProvince"]);
        await service.Project();
        var shown = (await Get("/enforcement", "regulator 41")).Body.GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        (shown.GetProperty("mode").GetString(), shown.GetProperty("settings")[0].GetProperty("by").GetString()).ShouldBe(("enforce", "dev:regulator:41"));
        (await Get("/enforcement", "regulator 42")).Body.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Seeding_again_adds_nothing_also_on_two_nodes_at_once()
    {
        var before = (await service.Log.ReadStreams([Compliance.Calendars.Calendar.Stream, Compliance.Calendars.Day.Stream, "regulation-NV-2012", "regulation-CI-2012"])).Where(e => e.Data is not Compliance.Calendars.Calendar.Published { Hash: null }).ToList();
        before.Count.ShouldBe(7);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new Seeding(service.Log, service.Clock, NullLogger<Seeding>.Instance).Begin(CancellationToken.None)));
        (await service.Log.ReadStreams([Compliance.Calendars.Calendar.Stream, Compliance.Calendars.Day.Stream, "regulation-NV-2012", "regulation-CI-2012"])).Count(e => e.Data is not Compliance.Calendars.Calendar.Published { Hash: null }).ShouldBe(7);
    }

    [Fact]
    public async Task A_release_amends_no_regulation_that_a_log_holds()
    {
        await using var database = ReadSchema.Connect(await TestPostgres.CreateDatabase());
        await using PostgresEventStore log = new(database, EventTable.Types, () => TimeSpan.Zero);
        var shipped = ShippedRegulations.All.Single(s => s.Regulation.Id == "NV-2012");
        PublishedRegulation.Published earlier = new("NV-2012", 2, "neurovascular", JsonElement.Parse(shipped.Json.Replace("\"version\": 3", "\"version\": 2", StringComparison.Ordinal)), new string('0', 64), new("system", "shipped"));
        await log.Append(new("regulation-NV-2012", 0, [earlier]));
        await new Seeding(log, service.Clock, NullLogger<Seeding>.Instance).Begin(CancellationToken.None);
        (await log.ReadStream("regulation-NV-2012")).Select(e => ((PublishedRegulation.Published)e.Data).Version).ShouldBe([2]);
        (await log.ReadStream("regulation-CI-2012")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_shipped_file_that_was_edited_in_place_is_refused()
    {
        await using var database = ReadSchema.Connect(await TestPostgres.CreateDatabase());
        await using PostgresEventStore log = new(database, EventTable.Types, () => TimeSpan.Zero);
        var shipped = ShippedRegulations.All.Single(s => s.Regulation.Id == "NV-2012");
        await log.Append(new("regulation-NV-2012", 0, [new PublishedRegulation.Published("NV-2012", shipped.Regulation.Version, "neurovascular", JsonElement.Parse(shipped.Json), new string('0', 64), new("system", "shipped"))]));
        await Should.ThrowAsync<ShippedContentChangedException>(() => new Seeding(log, service.Clock, NullLogger<Seeding>.Instance).Begin(CancellationToken.None));
    }

    [Fact]
    public async Task The_document_has_the_values_of_enums()
    {
        var document = JsonElement.Parse(await service.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)));
        var schemas = document.GetProperty("components").GetProperty("schemas");
        schemas.GetProperty("HospitalLevel").GetProperty("enum").EnumerateArray().Select(e => e.GetString()).ShouldBe(["tertiaryA", "tertiaryB", "tertiary", "secondary", "primary"]);
        schemas.GetProperty("InstitutionEntry").GetProperty("properties").GetProperty("level").ToString().ShouldContain("HospitalLevel");
    }
}
