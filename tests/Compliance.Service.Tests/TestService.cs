using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Compliance.Service.Tests;

/// <summary>What the service answered.</summary>
public sealed record Answer(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Response)
{
    public long Position => Body!["position"]!.GetValue<long>();

    public Answer Expect(HttpStatusCode status)
    {
        Status.ShouldBe(status, Body?.ToJsonString());
        return this;
    }
}

/// <summary>
/// The whole service on a database and a port of its own, in Development, spoken to over HTTP. Its clock starts where
/// the test says and moves only when told to.
/// </summary>
public sealed class TestService : IAsyncDisposable
{
    private readonly ComplianceService _service;
    private readonly Dictionary<string, string> _tokens = [];

    private TestService(ComplianceService service, HttpClient http) => (_service, Http) = (service, http);

    public HttpClient Http { get; }

    public IServiceProvider Services => _service.App.Services;

    /// <param name="today">The day on whose noon, in Asia/Shanghai, the clock of an empty log is set.</param>
    /// <param name="configure">Changes to the services before the application is built.</param>
    public static async Task<TestService> Start(DateOnly? today = null, string? connectionString = null, string environment = "Development", Action<WebApplicationBuilder>? configure = null)
    {
        var service = await ComplianceService.Build(
        [
            "--urls=http://127.0.0.1:0",
            $"--environment={environment}",
            $"--ConnectionStrings:Compliance={connectionString ?? await TestPostgres.CreateDatabase()}",
            "--Logging:LogLevel:Default=Warning",
        ],
        configure);
        await service.App.StartAsync();
        var http = new HttpClient { BaseAddress = new Uri(service.App.Urls.Single()) };
        var started = new TestService(service, http);
        if (today is { } day)
        {
            await started.MoveClock(Noon(day));
        }

        return started;
    }

    public static DateTimeOffset Noon(DateOnly day) => new(day.ToDateTime(new TimeOnly(12, 0)), TimeSpan.FromHours(8));

    /// <summary>Moves the clock to noon of a day, closing every day before it.</summary>
    public Task MoveTo(DateOnly day) => MoveClock(Noon(day));

    public async Task MoveClock(DateTimeOffset now)
    {
        using var response = await Http.PostAsJsonAsync("/dev/clock", new { now });
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
    }

    public async Task<string> Token(string role, string? institution = null, string? physician = null, string? province = null)
    {
        var key = $"{role}/{institution}/{physician}/{province}";
        if (_tokens.TryGetValue(key, out var token))
        {
            return token;
        }

        using var response = await Http.PostAsJsonAsync("/dev/token", new { role, institution, physician, province });
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        return _tokens[key] = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["token"]!.GetValue<string>();
    }

    public Task<string> National => Token("national");

    /// <param name="body">An object to write as JSON, or text or bytes to send as they are.</param>
    public async Task<Answer> Send(HttpMethod method, string path, object? body = null, string? token = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path.StartsWith('/') ? path : $"/api/v1/{path}");
        request.Content = body switch
        {
            null => null,
            byte[] bytes => new ByteArrayContent(bytes),
            string text => new ByteArrayContent(Encoding.UTF8.GetBytes(text)),
            _ => new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, JsonSerializerOptions.Web)),
        };
        if (request.Content is not null)
        {
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        request.Headers.Authorization = token is null ? null : new("Bearer", token);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        }

        var response = await Http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        return new(response.StatusCode, answer.Length > 0 && response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json" or "application/fhir+json" ? JsonNode.Parse(answer) : null, response);
    }

    public Task<Answer> Get(string path, string? token = null) => Send(HttpMethod.Get, path, null, token);

    public Task<Answer> Post(string path, object body, string? token = null) => Send(HttpMethod.Post, path, body, token);

    public Task<Answer> Put(string path, object body, string? token = null) => Send(HttpMethod.Put, path, body, token);

    /// <summary>Posts lines to an import.</summary>
    public async Task<Answer> Import(string path, IEnumerable<object> lines, string? token = null) =>
        await Send(HttpMethod.Post, path, string.Concat(lines.Select(l => JsonSerializer.Serialize(l, JsonSerializerOptions.Web) + "\n")), token ?? await National, "application/x-ndjson");

    public T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _service.App.StopAsync();
        await _service.DisposeAsync();
    }
}
