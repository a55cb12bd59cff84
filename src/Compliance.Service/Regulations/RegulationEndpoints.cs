using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Compliance.Regulations;
using Compliance.Service.Http;

namespace Compliance.Service.Regulations;

/// <summary>The regulations judged by, for the roles and, without a token and cacheable, for everyone.</summary>
public static class RegulationEndpoints
{
    /// <summary>How long a cache may keep a public answer. A version never changes, but lists grow, and a rule that comes into force should be found the same hour.</summary>
    private static readonly TimeSpan KeptInCaches = TimeSpan.FromMinutes(10);

    /// <param name="Document">Number of the document (发文字号).</param>
    /// <param name="EffectiveFrom">First day in force.</param>
    /// <param name="JudgesFrom">First day judged by it.</param>
    public sealed record RegulationRow(string Id, int Version, string Technique, Bilingual Title, string Document, DateOnly EffectiveFrom, DateOnly JudgesFrom);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/regulations", List)
            .AllowsEveryRole()
            .Takes("limit", "cursor", "minPosition")
            .Describes<Page<RegulationRow>>("The regulations, every version", 200, 503);
        api.MapGet("/regulations/{id}/{version}", Get)
            .AllowsEveryRole()
            .Takes("minPosition")
            .Describes<Regulation>("One version of a regulation, whole: limits, effects, periods and lists", 200, 404, 503);
        api.MapGet("/public/regulations", List)
            .AllowsAnyone()
            .Takes("limit", "cursor", "minPosition")
            .Describes<Page<RegulationRow>>("The regulations, every version; open to all", 200, 503);
        api.MapGet("/public/regulations/{id}/{version}", Get)
            .AllowsAnyone()
            .Takes("minPosition")
            .Describes<Regulation>("One version of a regulation, whole; open to all", 200, 404, 503);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        var cursor = query.Cursor(2);
        var version = 0;
        if (cursor is not null && !int.TryParse(cursor[1], NumberStyles.None, CultureInfo.InvariantCulture, out version))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var items = (await reads.Reference(http.RequestAborted)).Regulations.All
            .OrderBy(r => r.Id, StringComparer.Ordinal)
            .ThenBy(r => r.Version)
            .SkipWhile(r => cursor is not null && (string.CompareOrdinal(r.Id, cursor[0]), r.Version).CompareTo((0, version)) <= 0)
            .Take(limit + 1)
            .Select(r => new RegulationRow(r.Id, r.Version, r.Technique, r.Title, r.Document, r.EffectiveFrom, r.JudgesFrom))
            .ToList();
        return Answer(http, Paged.Cut(items, limit, i => [i.Id, i.Version.ToString(CultureInfo.InvariantCulture)]));
    }

    private static async Task<IResult> Get(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var version = query.PathInteger("version", 1, int.MaxValue);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        return (await reads.Reference(http.RequestAborted)).Regulations.Find(id, version) is { } regulation
            ? Answer(http, regulation)
            : Problem.Refused(http, "notFound");
    }

    // The tag is of what is sent: a stream's version would call every version of an edition changed when the next is published.
    private static IResult Answer<T>(HttpContext http, T content)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(content, Json.Options);
        if (http.GetEndpoint()?.Metadata.GetMetadata<Access>() is { Roles: null })
        {
            http.Response.Headers.CacheControl = $"public, max-age={(int)KeptInCaches.TotalSeconds}";
        }

        // Bytes, not Json: this result answers If-None-Match with 304.
        return Results.Bytes(bytes, "application/json; charset=utf-8", entityTag: new($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\""));
    }
}
