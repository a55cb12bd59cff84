using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Compliance.Service.Cases;
using Compliance.Service.Http;

namespace Compliance.Service.Client;

/// <summary>The service answered that it will not, or did not answer.</summary>
/// <param name="code">Of its problem; null when it could not be reached.</param>
internal sealed class ServiceRefusedException(string message, string? code = null, IReadOnlyList<FaultDocument>? faults = null) : Exception(message)
{
    public string? Code => code;

    public IReadOnlyList<FaultDocument> Faults => faults ?? [];
}

/// <summary>A running service, spoken to over HTTP. What may be repeated is, for a while.</summary>
internal sealed class ServiceClient : IDisposable
{
    /// <summary>A part is stored in a second or so; a service that closes missed days may take minutes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Between one try and the next; together longer than a restart takes.</summary>
    private static readonly TimeSpan[] Waits = [.. new[] { 1, 1, 2, 4, 8, 15, 15, 15 }.Select(s => TimeSpan.FromSeconds(s))];

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly Language _language;
    private bool _reached;

    public ServiceClient(Uri url, string? token, Language language)
    {
        _language = language;
        _http = new() { BaseAddress = url, Timeout = Patience };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        _http.DefaultRequestHeaders.AcceptLanguage.ParseAdd(Messages.Tag(language));
    }

    /// <exception cref="ServiceRefusedException"></exception>
    public async Task<ImportAnswer> Import(Part part, bool dryRun, CancellationToken cancellation)
    {
        using var response = await Send(
            () =>
            {
                var content = new ByteArrayContent(part.Body);
                content.Headers.ContentType = new MediaTypeHeaderValue(part.MediaType) { CharSet = part.MediaType == ImportCases.Csv ? "utf-8" : null };
                return new(HttpMethod.Post, dryRun ? "/api/v1/cases/import?dryRun=true" : "/api/v1/cases/import") { Content = content };
            },
            cancellation);
        return await Read(response, json => JsonSerializer.Deserialize<ImportAnswer>(json, Json.Options)!, cancellation);
    }

    /// <exception cref="ServiceRefusedException"></exception>
    public async Task<JsonElement> Get(string path, CancellationToken cancellation)
    {
        using var response = await Send(() => new(HttpMethod.Get, path), cancellation);
        return await Read(response, json => JsonElement.Parse(json), cancellation);
    }

    public void Dispose() => _http.Dispose();

    // A proxy that asks for a password, say, answers 200 as well.
    private async Task<T> Read<T>(HttpResponseMessage response, Func<byte[], T> read, CancellationToken cancellation)
    {
        try
        {
            return read(await response.Content.ReadAsByteArrayAsync(cancellation));
        }
        catch (JsonException)
        {
            throw Foreign(response);
        }
    }

    private ServiceRefusedException Foreign(HttpResponseMessage response) => new(Messages.Of(_language, "cli.foreign", _http.BaseAddress!, (int)response.StatusCode));

    private async Task<HttpResponseMessage> Send(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            TimeSpan? wait = null;
            string why;
            try
            {
                using var message = request();
                var response = await _http.SendAsync(message, cancellation);
                _reached = true;
                if (response.IsSuccessStatusCode)
                    return response;
                using (response)
                {
                    var refused = await Refusal(response, cancellation);
                    if (response.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests))
                        throw refused;
                    why = refused.Message;
                    wait = response.Headers.RetryAfter?.Delta;
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                why = e is TaskCanceledException ? Messages.Of(_language, "cli.noAnswer", (int)Patience.TotalMinutes) : e.Message;
                // Who never answered was rather misspelt than restarted.
                if (!_reached)
                    throw new ServiceRefusedException(Messages.Of(_language, "cli.notReached", _http.BaseAddress!, why));
            }

            if (attempt >= Waits.Length)
                throw new ServiceRefusedException($"{_http.BaseAddress}: {why}");
            await Task.Delay(wait is { } asked && asked < LongestWait && asked > Waits[attempt] ? asked : Waits[attempt], cancellation);
        }
    }

    private async Task<ServiceRefusedException> Refusal(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentType?.MediaType != Problem.ContentType)
            return Foreign(response);
        var problem = await Read(response, json => JsonSerializer.Deserialize<ProblemDocument>(json, Json.Options)!, cancellation);
        return new(problem.Detail, problem.Code, problem.Errors);
    }
}
