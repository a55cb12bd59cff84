using System.Threading.RateLimiting;
using Compliance.Service.Cases;

namespace Compliance.Service.Http;

/// <summary>
/// Takes no more requests at a time than there is memory and patience for: whoever is past the bound is told at once
/// when to come again, and costs nothing until then.
/// </summary>
public sealed class Congestion(RequestDelegate next) : IDisposable
{
    /// <summary>Each holds some chunks of lines in memory, at most a dozen megabytes; a few keep the log busy.</summary>
    public const int Imports = 32;

    /// <summary>Each may hold a body of a megabyte, and waits for one of a hundred connections to the database.</summary>
    public const int Requests = 1_000;

    private readonly ConcurrencyLimiter _imports = Limit(Imports);
    private readonly ConcurrencyLimiter _requests = Limit(Requests);

    public async Task InvokeAsync(HttpContext http)
    {
        if (!http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await next(http);
            return;
        }

        var import = http.Request.ContentType?.StartsWith(ImportCases.MediaType, StringComparison.OrdinalIgnoreCase) == true;
        using var place = (import ? _imports : _requests).AttemptAcquire();
        if (place.IsAcquired)
            await next(http);
        else
            await Problem.Refused(http, import ? "tooManyImports" : "tooManyRequests", import ? Imports : Requests).Header("Retry-After", import ? "10" : "1").ExecuteAsync(http);
    }

    public void Dispose()
    {
        _imports.Dispose();
        _requests.Dispose();
    }

    // Nobody queues here: the place to wait is the caller's.
    private static ConcurrencyLimiter Limit(int at) => new(new ConcurrencyLimiterOptions { PermitLimit = at, QueueLimit = 0 });
}
