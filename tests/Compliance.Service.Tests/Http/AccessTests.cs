using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Compliance.Service.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Compliance.Service.Tests.Http;

/// <summary>A service of a few endpoints on a port of its own.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private const string Phone = "13800138000";

    private sealed record Noted(string A, string? B, DateOnly Day, Role Role);

    private sealed class Log : ILoggerProvider, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue($"{formatter(state, exception)} {exception}");
    }

    private readonly Log _log = new();
    private readonly HttpClient _client = new();
    private WebApplication? _app;

    public async Task InitializeAsync()
    {
        _app = Build("Development");
        await _app.StartAsync();
        _client.BaseAddress = new Uri(_app.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app!.DisposeAsync();
    }

    private WebApplication Build(string environment, params IReadOnlyList<(string Key, string Value)> settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(_log);
        builder.AddComplianceHttp();
        var app = builder.Build();
        app.UseComplianceHttp();
        app.MapGet("/anyone", () => "anyone").AllowsAnyone();
        foreach (var role in Enum.GetValues<Role>())
            app.MapGet($"/only/{Json.Names<Role>().Single(r => r.Value == role).Key}", (Caller caller) => caller.Name).Allows(role);
        app.MapGet("/two", (Caller caller) => caller.Name).Allows(Role.Regulator, Role.National).Takes("asOf", "limit").TakesHeader("If-Match").Describes<string>("Two roles", 200, 404);
        app.MapGet("/institutions/{id}", (string id) => id)
            .Allows(Role.Hospital, Role.National)
            .ScopedTo((http, caller) => ValueTask.FromResult(caller.MayReadInstitution((string)http.Request.RouteValues["id"]!, provinceOfInstitution: null) ? Scope.Within : Scope.Hidden));
        app.MapPost("/notes", async (HttpContext http) =>
        {
            var body = await Body.Read(http);
            var note = new Noted(body.Root.Text("a"), body.Root.OptionalText("b"), new DateOnly(2026, 3, 2), Role.TrainingBase);
            return body.Refused(http) ?? Results.Json(note, Json.Options);
        }).AllowsAnyone().Describes<Noted, Noted>("Notes", 201, 409);
        app.MapGet("/throws", string () => throw new InvalidOperationException("secret of the house")).AllowsAnyone();
        app.MapGet("/bad", string () => throw new BadHttpRequestException($"quotes {Phone}", 413)).AllowsAnyone();
        app.MapGet("/number/{n}", (int n) => n).AllowsAnyone();
        return app;
    }

    private async Task<string> Token(string role) =>
        (await (await _client.PostAsJsonAsync("/dev/token", new { role, institution = "H1", physician = "P1", province = "11" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;

    private async Task<HttpResponseMessage> Get(string path, string? token = null, string? language = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (language is not null)
            request.Headers.AcceptLanguage.ParseAdd(language);
        return await _client.SendAsync(request);
    }

    private static async Task<string> CodeOf(HttpResponseMessage answer, int status)
    {
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        problem.GetProperty("status").GetInt32().ShouldBe(status);
        foreach (var member in new[] { "type", "title", "detail", "instance" })
            problem.GetProperty(member).GetString().ShouldNotBeNullOrEmpty();
        return problem.GetProperty("code").GetString()!;
    }

    private static async Task<string[]> FaultsOf(HttpResponseMessage answer, int status)
    {
        (await CodeOf(answer, status)).ShouldBe("invalid");
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("pointer")} {e.GetProperty("code")}").ToArray();
    }

    [Fact]
    public async Task Every_role_reaches_what_names_it_and_nothing_else()
    {
        var roles = Json.Names<Role>().Keys.ToList();
        foreach (var role in roles)
        {
            var token = await Token(role);
            foreach (var other in roles)
            {
                var answer = await Get($"/only/{other}", token);
                if (role == other)
                    answer.StatusCode.ShouldBe(HttpStatusCode.OK);
                else
                    (await CodeOf(answer, 403)).ShouldBe("forbidden");
            }

            (await Get("/anyone", token)).StatusCode.ShouldBe(HttpStatusCode.OK);
            (await Get("/two", token)).StatusCode.ShouldBe(role is "regulator" or "national" ? HttpStatusCode.OK : HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task Without_a_token_or_with_a_bad_one_401_says_what_is_wanted()
    {
        (await Get("/anyone")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var missing = await Get("/two");
        (await CodeOf(missing, 401)).ShouldBe("tokenMissing");
        missing.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        var bad = await Get("/two", "a.b.c");
        (await CodeOf(bad, 401)).ShouldBe("tokenInvalid");
        bad.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer error=\"invalid_token\"");
        using var basic = new HttpRequestMessage(HttpMethod.Get, "/two") { Headers = { Authorization = new AuthenticationHeaderValue("Basic", "YTpi") } };
        (await CodeOf(await _client.SendAsync(basic), 401)).ShouldBe("tokenInvalid");
    }

    [Fact]
    public async Task Scope_is_asked_before_the_endpoint()
    {
        var token = await Token("hospital");
        (await Get("/institutions/H1", token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await CodeOf(await Get("/institutions/H2", token), 404)).ShouldBe("notFound");
        (await Get("/institutions/H2", await Token("national"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Query_parameters_not_declared_are_refused()
    {
        var token = await Token("national");
        (await Get("/two?asOf=2026-01-01", token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await FaultsOf(await Get("/two?asof=2026-01-01", token), 400)).ShouldBe(["query:asof unknownParameter"]);
        (await FaultsOf(await Get("/anyone?x=1"), 400)).ShouldBe(["query:x unknownParameter"]);
    }

    [Fact]
    public async Task An_endpoint_that_says_nothing_keeps_the_service_from_starting()
    {
        await using var app = Build("Production");
        app.MapGet("/forgotten", () => "x");
        (await Should.ThrowAsync<InvalidOperationException>(() => app.StartAsync())).Message.ShouldContain("/forgotten");
    }

    [Fact]
    public async Task Keys_come_from_the_configuration()
    {
        var key = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32);
        await using var app = Build("Production", ("Tokens:SigningKeys:0", Convert.ToBase64String(key)), ("Tokens:Audience", "compliance"));
        await app.StartAsync();
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Audience = "compliance",
            Claims = new Dictionary<string, object> { ["sub"] = "ministry", ["role"] = "national" },
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(key), SecurityAlgorithms.HmacSha256),
        });
        (await (await Get($"{app.Urls.Single()}/two", token)).Content.ReadAsStringAsync()).ShouldBe("ministry");
        (await Get($"{app.Urls.Single()}/two", await Token("national"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_body_that_is_not_there_is_refused()
    {
        using var nothing = new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        (await FaultsOf(await _client.PostAsync(new Uri("/notes", UriKind.Relative), nothing), 400)).ShouldBe([" emptyBody"]);
        ((int)(await _client.PostAsync(new Uri("/notes", UriKind.Relative), content: null)).StatusCode).ShouldBeInRange(400, 415);
    }

    [Fact]
    public async Task Development_tokens_exist_in_development_only()
    {
        await using var app = Build("Production");
        await app.StartAsync();
        using var content = JsonContent.Create(new { role = "national" });
        (await CodeOf(await _client.PostAsync(new Uri($"{app.Urls.Single()}/dev/token"), content), 404)).ShouldBe("notFound");
    }

    [Theory]
    [InlineData("{\"role\":\"hospital\"}", "/institution missing")]
    [InlineData("{\"role\":\"regulator\",\"province\":\"Beijing\"}", "/province invalidProvince")]
    [InlineData("{\"role\":\"boss\"}", "/role unknownValue")]
    [InlineData("{\"role\":\"national\",\"instituton\":\"H1\"}", "/instituton unknownProperty")]
    public async Task A_development_token_names_what_its_role_needs(string json, string told)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        (await FaultsOf(await _client.PostAsync(new Uri("/dev/token", UriKind.Relative), content), 400)).ShouldBe([told]);
    }

    [Fact]
    public async Task What_routing_refuses_is_a_problem_too()
    {
        (await CodeOf(await Get("/nowhere"), 404)).ShouldBe("notFound");
        (await CodeOf(await _client.DeleteAsync(new Uri("/notes", UriKind.Relative)), 405)).ShouldBe("methodNotAllowed");
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");
        (await CodeOf(await _client.PostAsync(new Uri("/notes", UriKind.Relative), text), 415)).ShouldBe("unsupportedMediaType");
        (await CodeOf(await Get("/number/x"), 400)).ShouldBe("requestRefused");
    }

    [Fact]
    public async Task Exceptions_tell_nothing_but_their_correlation_id()
    {
        var answer = await Get("/throws");
        (await CodeOf(answer, 500)).ShouldBe("internalError");
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldNotContain("secret");
        text.ShouldNotContain("   at ");
        var id = JsonElement.Parse(text).GetProperty("correlationId").GetString()!;
        _log.Lines.ShouldContain(l => l.Contains(id, StringComparison.Ordinal) && l.Contains("secret of the house", StringComparison.Ordinal));
        (await CodeOf(await Get("/bad"), 413)).ShouldBe("tooLarge");
    }

    [Fact]
    public async Task Bodies_are_bounded_however_they_are_sent()
    {
        var big = $"{{\"a\":\"{new string('x', 2 * 1024 * 1024)}\"}}";
        using var sized = new StringContent(big, Encoding.UTF8, "application/json");
        (await CodeOf(await _client.PostAsync(new Uri("/notes", UriKind.Relative), sized), 413)).ShouldBe("tooLarge");
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/notes") { Content = new StringContent(big, Encoding.UTF8, "application/json") };
        chunked.Headers.TransferEncodingChunked = true;
        (await CodeOf(await _client.SendAsync(chunked), 413)).ShouldBe("tooLarge");
    }

    [Fact]
    public async Task What_was_refused_for_privacy_is_neither_told_nor_logged()
    {
        using var content = new StringContent($"{{\"a\":\"tel {Phone}\",\"x{Phone}\":1}}", Encoding.UTF8, "application/json");
        var answer = await _client.PostAsync(new Uri("/notes", UriKind.Relative), content);
        (await FaultsOf(answer, 400)).ShouldBe(["/a personalData", " personalData"]);
        (await answer.Content.ReadAsStringAsync()).ShouldNotContain(Phone);
        foreach (var path in new[] { $"/anyone?q={Phone}", $"/anyone?{Phone}=1", $"/nowhere/{Phone}", $"/number/x{Phone}", "/bad" })
            (await (await Get(path)).Content.ReadAsStringAsync()).ShouldNotContain(Phone);
        _log.Lines.ShouldNotContain(l => l.Contains(Phone, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_are_camel_case_and_keep_nulls()
    {
        using var content = new StringContent("{\"a\":\"张\"}", Encoding.UTF8, "application/json");
        (await (await _client.PostAsync(new Uri("/notes", UriKind.Relative), content)).Content.ReadAsStringAsync()).ShouldBe("""{"a":"张","b":null,"day":"2026-03-02","role":"trainingBase"}""");
    }

    [Fact]
    public async Task Refusals_follow_the_language()
    {
        var answer = await Get("/nowhere", language: "zh-CN,en;q=0.5");
        answer.Content.Headers.ContentLanguage.ShouldBe(["zh-CN"]);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("未找到");
    }

    [Fact]
    public async Task The_document_describes_and_needs_no_token()
    {
        var document = JsonElement.Parse(await (await Get("/openapi/v1.json")).Content.ReadAsStringAsync());
        document.GetProperty("openapi").GetString()!.ShouldStartWith("3.1");
        var two = document.GetProperty("paths").GetProperty("/two").GetProperty("get");
        two.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ShouldBe(["asOf", "limit", "If-Match"]);
        two.GetProperty("responses").EnumerateObject().Select(r => r.Name).ShouldBe(["200", "404", "401", "403"], ignoreOrder: true);
        two.GetProperty("security")[0].TryGetProperty("bearer", out _).ShouldBeTrue();
        var notes = document.GetProperty("paths").GetProperty("/notes").GetProperty("post");
        notes.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out _).ShouldBeTrue();
        notes.GetProperty("responses").EnumerateObject().Select(r => r.Name).ShouldBe(["201", "409", "400"], ignoreOrder: true);
        notes.TryGetProperty("security", out _).ShouldBeFalse();
        document.GetProperty("components").GetProperty("schemas").GetProperty("Role").GetProperty("enum").EnumerateArray().Select(e => e.GetString()).ShouldContain("trainingBase");
        var page = await Get("/docs/index.html");
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Get("/docs")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(Role.Hospital, true, false, false, false)]
    [InlineData(Role.TrainingBase, true, false, false, false)]
    [InlineData(Role.Physician, false, false, true, false)]
    [InlineData(Role.Regulator, true, false, true, true)]
    [InlineData(Role.National, true, true, true, true)]
    public void Reach_follows_role_and_claims(Role role, bool own, bool foreign, bool self, bool acts)
    {
        var caller = Caller.Of(role, "x", "H1", "P1", "11")!;
        caller.MayWriteFor("H1", "11").ShouldBe(own);
        caller.MayReadInstitution("H1", "11").ShouldBe(own);
        caller.MayReadInstitution("H2", "44").ShouldBe(foreign);
        caller.MayReadInstitution("H2", provinceOfInstitution: null).ShouldBe(foreign);
        caller.MayReadPhysician("P1", "11").ShouldBe(self);
        caller.MayReadPhysician("P2", "44").ShouldBe(foreign);
        caller.MayReadCase("H2", "44", "P1").ShouldBe(foreign || role == Role.Physician);
        caller.ActsIn("11").ShouldBe(acts);
        caller.ActsIn("44").ShouldBe(foreign);
    }
}
