using System.Text.Json;
using System.Text.Json.Serialization;
using Compliance.Service.Cases.Fhir;
using Compliance.Service.EventStore;
using Compliance.Service.Processes;
using Npgsql;

namespace Compliance.Service.Http;

/// <summary>
/// One thing wrong with a request. <paramref name="Pointer"/> is a JSON pointer into the body (RFC 6901), or <c>query:name</c>, <c>path:name</c>, <c>header:Name</c>. <paramref name="Code"/> is an entry of
/// <see cref="Messages.Table"/>. <paramref name="Args"/> are limits and names of the contract, never what the caller wrote.
/// </summary>
public sealed record Fault(string Pointer, string Code, params object[] Args)
{
    /// <summary>A fault of a regulation, which tells in its own words what it found.</summary>
    public static Fault Of(Compliance.Regulations.RegulationFault fault) => new(fault.Pointer, fault.Code, fault.Message);
}

public sealed record FaultDocument(string Pointer, string Code, string Message);

/// <summary>The body of a refusal, RFC 9457 with the extensions <c>code</c>, <c>errors</c> and <c>correlationId</c>.</summary>
public sealed record ProblemDocument(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Instance,
    string Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<FaultDocument>? Errors,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CorrelationId);

/// <summary>A refusal as an answer, <c>application/problem+json</c>, and below <c>/fhir</c> an OperationOutcome. The one place that turns codes into HTTP.</summary>
public sealed class Problem : IResult, IStatusCodeHttpResult
{
    public const string ContentType = "application/problem+json";

    private readonly Language _language;
    private readonly Dictionary<string, string> _headers = [];

    private Problem(ProblemDocument document, Language language)
    {
        Document = document;
        _language = language;
    }

    public ProblemDocument Document { get; }

    int? IStatusCodeHttpResult.StatusCode => Document.Status;

    public static Problem Of(HttpContext http, int status, string code, params object[] args) => Make(http, status, code, args, faults: null, correlationId: null);

    /// <summary>With the status that <see cref="Messages.Table"/> gives the code.</summary>
    public static Problem Refused(HttpContext http, string code, params object[] args) => Make(http, StatusOf(code), code, args, faults: null, correlationId: null);

    /// <summary>A refusal that names places in the body, such as those in which a repeated report differs.</summary>
    public static Problem With(HttpContext http, int status, string code, IReadOnlyList<Fault> faults, params object[] args) => Make(http, status, code, args, faults, correlationId: null);

    public static Problem Invalid(HttpContext http, params IReadOnlyList<Fault> faults) => Make(http, 400, "invalid", [], faults, correlationId: null);

    public static Problem Forbidden(HttpContext http) => Refused(http, "forbidden");

    /// <summary>404, also for what exists but whose existence must not be told. Nothing distinguishes the two.</summary>
    public static Problem Hidden(HttpContext http) => Refused(http, "notFound");

    /// <summary>A bug. The answer says nothing but the id under which it was logged.</summary>
    public static Problem Internal(HttpContext http, string correlationId) => Make(http, 500, "internalError", [], faults: null, correlationId);

    public Problem Header(string name, string value)
    {
        _headers[name] = value;
        return this;
    }

    /// <summary>The same with its faults at other places: those of what the caller sent, when something else was made of it.</summary>
    public Problem At(Func<string, string> place)
    {
        var moved = new Problem(Document with { Errors = Document.Errors?.Select(e => e with { Pointer = place(e.Pointer) }).ToList() }, _language);
        foreach (var (name, value) in _headers)
            moved.Header(name, value);
        return moved;
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Document.Status;
        var fhir = Outcomes.AreSpokenAt(httpContext.Request.Path);
        response.ContentType = fhir ? Outcomes.ContentType : ContentType;
        response.Headers.ContentLanguage = Messages.Tag(_language);
        response.Headers.Append("Vary", "Accept-Language");
        foreach (var (name, value) in _headers)
            response.Headers[name] = value;
        var body = fhir ? JsonSerializer.SerializeToUtf8Bytes(Outcomes.Of(Document), Json.Options) : JsonSerializer.SerializeToUtf8Bytes(Document, Json.Options);
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }

    private static int StatusOf(string code) => Messages.Table.TryGetValue(code, out var sentence) && sentence.Status >= 400 ? sentence.Status : 400;

    private static Problem Make(HttpContext http, int status, string code, object[] args, IReadOnlyList<Fault>? faults, string? correlationId)
    {
        var language = Messages.Preferred(http);
        var title = Messages.Table.ContainsKey($"status.{status}") ? $"status.{status}" : status >= 500 ? "status.500" : "status.400";
        var path = http.Request.PathBase + http.Request.Path;
        // A number typed into a path is refused like one in a field, and must not come back either. One in 600 UUIDs holds eleven digits by chance, and is none.
        var instance = path.HasValue && !path.Value.Split('/').Any(segment => !Guid.TryParseExact(segment, "D", out _) && PersonalData.Found(segment)) ? path.ToUriComponent() : "/";
        return new Problem(
            new ProblemDocument(
                $"urn:compliance:problem:{code}",
                Messages.Of(language, title),
                status,
                Messages.Of(language, code, args),
                instance,
                code,
                faults?.Select(f => new FaultDocument(f.Pointer, f.Code, Messages.Of(language, f))).ToList(),
                correlationId),
            language);
    }
}

/// <summary>Outermost: no exception and no bare status leaves the service as anything but a problem.</summary>
public sealed class Failures(RequestDelegate next, ILogger<Failures> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
                await ForStatus(http, http.Response.StatusCode).ExecuteAsync(http);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer and nothing to repair.
        }
        catch (BadHttpRequestException e) when (!http.Response.HasStarted)
        {
            // Its message may quote the request, so only its status is told.
            http.Response.Clear();
            await ForStatus(http, e.StatusCode).ExecuteAsync(http);
        }
        catch (Exception e) when (!http.Response.HasStarted && IsOutage(e))
        {
            log.LogWarning("The database cannot be reached: {Reason}", e.Message);
            http.Response.Clear();
            await Problem.Of(http, 503, "unavailable").Header("Retry-After", "1").ExecuteAsync(http);
        }
        catch (Exception e)
        {
            var correlationId = System.Diagnostics.Activity.Current?.TraceId.ToHexString() ?? Guid.CreateVersion7().ToString("N");
            // The route's pattern, not the path: a path may hold what must not be logged.
            log.LogError(e, "Unhandled exception {CorrelationId} in {Endpoint}", correlationId, http.GetEndpoint()?.DisplayName);
            if (http.Response.HasStarted)
            {
                http.Abort();
                return;
            }

            http.Response.Clear();
            await Problem.Internal(http, correlationId).ExecuteAsync(http);
        }
    }

    // The server gone, restarting or out of connections; what it says of a statement is a bug of ours.
    private static bool IsOutage(Exception e) =>
        e is AppendOutcomeUnknownException or LogUnavailableException
        || (e is NpgsqlException n && (n is not PostgresException p || p.SqlState.StartsWith("57P", StringComparison.Ordinal) || p.SqlState.StartsWith("53", StringComparison.Ordinal) || p.SqlState.StartsWith("08", StringComparison.Ordinal)));

    private static Problem ForStatus(HttpContext http, int status) => status switch
    {
        401 => Problem.Of(http, 401, "tokenMissing"),
        403 => Problem.Of(http, 403, "forbidden"),
        404 => Problem.Of(http, 404, "notFound"),
        405 => Problem.Of(http, 405, "methodNotAllowed"),
        406 => Problem.Of(http, 406, "notAcceptable"),
        413 => Problem.Of(http, 413, "tooLarge", http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? Body.MaxBytes),
        415 => Problem.Of(http, 415, "unsupportedMediaType"),
        >= 500 => Problem.Of(http, status, "unavailable"),
        _ => Problem.Of(http, status, "requestRefused"),
    };
}
