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

    /// <summary>Each is in memory as a whole, with its texts some hundreds of megabytes at worst.</summary>
    public const int Workbooks = 2;

    private readonly ConcurrencyLimiter _imports = Limit(Imports);
    private readonly ConcurrencyLimiter _workbooks = Limit(Workbooks);
    private readonly ConcurrencyLimiter _requests = Limit(Requests);

    public async Task InvokeAsync(HttpContext http)
    {
        if (!http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await next(http);
            return;
        }

        bool Sends(string type) => http.Request.ContentType?.StartsWith(type, StringComparison.OrdinalIgnoreCase) == true;
        var (places, bound) = Sends(ImportCases.Workbook) ? (_workbooks, Workbooks) : Sends(ImportCases.MediaType) || Sends(ImportCases.Csv) ? (_imports, Imports) : (_requests, Requests);
        using var place = places.AttemptAcquire();
        if (place.IsAcquired)
            await next(http);
        else
            await Problem.Refused(http, places == _requests ? "tooManyRequests" : "tooManyImports", bound).Header("Retry-After", places == _requests ? "1" : "10").ExecuteAsync(http);
    }

    public void Dispose()
    {
        _imports.Dispose();
        _workbooks.Dispose();
        _requests.Dispose();
    }

    // Nobody queues here: the place to wait is the caller's.
    private static ConcurrencyLimiter Limit(int at) => new(new ConcurrencyLimiterOptions { PermitLimit = at, QueueLimit = 0 });
}
