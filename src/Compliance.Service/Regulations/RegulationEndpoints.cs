using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.Http;
using Microsoft.AspNetCore.Http.HttpResults;

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

    public sealed record RegulationWritten(string Id, int Version, string Technique, DateOnly EffectiveFrom, DateOnly JudgesFrom, string Hash, long Position);

    /// <param name="From">The older version.</param>
    /// <param name="Changes">By their places; what stands in lists is named by its id.</param>
    public sealed record DiffAnswer(string Id, int From, int To, IReadOnlyList<RegulationChange> Changes);

    public sealed record LimitEntry(string Clause, decimal Limit, string? Fact);

    /// <param name="JudgesFrom">First day judged by it: tomorrow at the earliest.</param>
    /// <param name="Document">Number of the province's document.</param>
    public sealed record LimitsEntry(int Version, DateOnly JudgesFrom, string Document, IReadOnlyList<LimitEntry> Limits);

    public sealed record LimitsWritten(string Regulation, string Province, int Version, DateOnly JudgesFrom, long Position);

    public sealed record ClauseAnswer(string Regulation, int Version, Clause Clause);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/regulations", Publish)
            .Allows(Role.National).Takes().TakesHeader(Idempotency.Header)
            .Describes<Regulation, RegulationWritten>("Publishes a regulation or its next version; nothing judged already is judged again", 201, 409, 422, 503)
            .Produces<RegulationWritten>(200);
        api.MapGet("/regulations/schema", Schema).AllowsAnyone().Takes().Describes<object>("The JSON Schema of a regulation file", 200);
        api.MapGet("/regulations/{id}/diff", Diff)
            .AllowsEveryRole().Takes("from", "to", "minPosition")
            .Describes<DiffAnswer>("What differs between two versions; `from` and `to` are versions, the last two unless given", 200, 404, 503);
        api.MapGet("/regulations/{id}/{version}/clauses/{clause}", ShowClause)
            .AllowsEveryRole().Takes("minPosition").Describes<ClauseAnswer>("One clause: its text, how it is tested, the reading chosen", 200, 404, 503);
        api.MapGet("/public/regulations/{id}/{version}/print", Print)
            .AllowsAnyone().Takes("minPosition").DescribesAs("text/html", "One version, to be read and printed", 200, 404, 503);
        api.MapPost("/regulations/{id}/provinces/{province}", Tighten)
            .Allows(Role.Regulator, Role.National)
            .ScopedTo((http, caller) => ValueTask.FromResult(caller.ActsIn(http.Request.RouteValues["province"] as string) ? Scope.Within : Scope.Outside))
            .Takes().TakesHeader(Idempotency.Header)
            .Describes<LimitsEntry, LimitsWritten>("Publishes stricter limits of a province; a limit may only be tightened", 201, 404, 409, 422, 503)
            .Produces<LimitsWritten>(200);
        api.MapGet("/regulations/{id}/provinces", ListLimits)
            .AllowsEveryRole().Takes("minPosition").Describes<Page<ProvincialLimits>>("What provinces demand beyond a regulation, every version", 200, 404, 503);

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
        var (regulation, refused) = await Find(http, reads);
        return regulation is null ? refused! : Answer(http, regulation);
    }

    private static async Task<IResult> Publish(HttpContext http, Caller caller, Answers answers, Reads reads)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        if (body.RefusedAsText(http) is { } broken)
        {
            return broken;
        }

        var (regulation, faults) = RegulationFile.Parse(body.Text);
        // What is published already is the stream's to say: the same file sent again is no fault.
        faults = regulation is null ? faults : [.. reference.Regulations.ValidateNext(regulation).Where(f => f.Code is not ("versionExists" or "versionNotNext"))];
        if (faults.Count > 0)
        {
            return Problem.Invalid(http, [.. faults.Take(Body.MaxFaults).Select(Fault.Of)]);
        }

        var hash = Convert.ToHexStringLower(body.Sha256());
        var document = JsonElement.Parse(body.Text);
        return await answers.Command(
            http,
            caller,
            Aggregates.Regulations,
            PublishedRegulation.Stream(regulation!.Id),
            body,
            (state, today) => PublishedRegulation.Publish(state, reference.Regulations, regulation, document, hash, today, caller.Actor()),
            (_, events) => (events.Count > 0 ? 201 : 200, new { regulation.Id, regulation.Version, regulation.Technique, regulation.EffectiveFrom, regulation.JudgesFrom, hash }),
            reference: true);
    }

    private static IResult Schema(HttpContext http) => Answer(http, RegulationFile.Schema);

    private static async Task<IResult> Diff(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var to = query.OptionalInteger("to", 1, int.MaxValue);
        var from = query.OptionalInteger("from", 1, int.MaxValue);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var regulations = (await reads.Reference(http.RequestAborted)).Regulations;
        to ??= regulations.All.Where(r => r.Id == id).Select(r => (int?)r.Version).Max() ?? 0;
        from ??= Math.Max(1, to.Value - 1);
        return regulations.Find(id, from.Value) is { } older && regulations.Find(id, to.Value) is { } newer
            ? Results.Json(new DiffAnswer(id, older.Version, newer.Version, RegulationDiff.Between(older, newer)), Json.Options)
            : Problem.Refused(http, "notFound");
    }

    private static async Task<IResult> ShowClause(HttpContext http, Reads reads)
    {
        var (regulation, refused) = await Find(http, reads, query => query.PathId("clause"));
        return regulation is null ? refused!
            : regulation.Clause((string)http.Request.RouteValues["clause"]!) is { } clause ? Answer(http, new ClauseAnswer(regulation.Id, regulation.Version, clause))
            : Problem.Refused(http, "notFound");
    }

    private static async Task<IResult> Print(HttpContext http, Reads reads)
    {
        var (regulation, refused) = await Find(http, reads);
        return regulation is null ? refused! : new RazorComponentResult<RegulationPage>(new { Regulation = regulation, Chinese = Messages.Preferred(http) == Language.Chinese });
    }

    private static async Task<IResult> Tighten(HttpContext http, Caller caller, Answers answers, Reads reads)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var query = Query.Of(http);
        var id = query.PathId("id");
        var province = query.PathId("province");
        if (province.Length > 0 && !Provinces.IsCode(province))
        {
            query.PathFault("province", "invalidProvince");
        }

        var body = await Body.Read(http);
        var limits = new ProvincialLimits(
            id,
            province,
            body.Root.Integer("version", 1, 10_000),
            body.Root.Day("judgesFrom"),
            body.Root.Text("document"),
            [.. body.Root.Objects("limits", required: true).Select(l => new StricterLimit(l.Text("clause"), l.Number("limit", 0, 100_000), l.OptionalText("fact")))]);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        if (reference.Regulations.All.LastOrDefault(r => r.Id == id) is not { } regulation)
        {
            return Problem.Refused(http, "notFound");
        }

        if (limits.Validate(regulation) is { Count: > 0 } faults)
        {
            return Problem.Invalid(http, [.. faults.Select(Fault.Of)]);
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.ProvincialLimits,
            PublishedLimits.Stream(id, province),
            body,
            (state, today) => PublishedLimits.Publish(state, limits, today, caller.Actor()),
            (_, events) => (events.Count > 0 ? 201 : 200, new { regulation = id, province, limits.Version, limits.JudgesFrom }),
            reference: true);
    }

    private static async Task<IResult> ListLimits(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var regulations = (await reads.Reference(http.RequestAborted)).Regulations;
        return regulations.All.Any(r => r.Id == id)
            ? Results.Json(Page.Of<ProvincialLimits>([.. regulations.Provincial.Where(l => l.Regulation == id)], null), Json.Options)
            : Problem.Refused(http, "notFound");
    }

    private static async Task<(Regulation? Regulation, IResult? Refused)> Find(HttpContext http, Reads reads, Action<Query>? more = null)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var version = query.PathInteger("version", 1, int.MaxValue);
        var minPosition = query.Position();
        more?.Invoke(query);
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return (null, refused);
        }

        return (await reads.Reference(http.RequestAborted)).Regulations.Find(id, version) is { } regulation ? (regulation, null) : (null, Problem.Refused(http, "notFound"));
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
