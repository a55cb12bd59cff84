using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;

namespace Compliance.Service.Cases;

/// <summary>
/// What a hospital owes, as a calendar that programs subscribe to. They cannot send a token, so the address itself is the secret: it is told once, only its hash is kept, and its hospital
/// revokes it. Since an address leaks sooner or later, the feed has numbers and no cases.
/// </summary>
public static class CalendarFeeds
{
    /// <summary>One for every department and duty room; more is a mistake.</summary>
    public const int MaxPerInstitution = 20;

    /// <summary>256 bits: nobody finds one by trying.</summary>
    private const int SecretBytes = 32;

    private const string Chinese = "zh-CN";

    private static readonly string[] Languages = ["en", Chinese];

    /// <param name="Language"><c>en</c> or <c>zh-CN</c>: what its entries are written in.</param>
    public sealed record FeedRequest(string Language);

    /// <param name="Url">From the root of the address at which the service is reached. Told this once.</param>
    public sealed record FeedCreated(Guid Id, string Url, string Language, DateTimeOffset CreatedAt);

    public sealed record FeedShown(Guid Id, string Language, DateTimeOffset CreatedAt, string CreatedBy);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/institutions/{id}/calendar-feeds", Create)
            .Allows(Role.Hospital)
            .Takes()
            .Describes<FeedRequest, FeedCreated>("Makes a secret address of a calendar of deadlines. It is told once: who lost the answer revokes the feed and makes another", 201, 403, 404, 409, 503);
        api.MapGet("/institutions/{id}/calendar-feeds", List)
            .Allows(Role.Hospital)
            .Takes("limit", "cursor")
            .Describes<Page<FeedShown>>("The calendar feeds there are, without their addresses", 200, 403, 503);
        api.MapDelete("/institutions/{id}/calendar-feeds/{feedId}", Revoke)
            .Allows(Role.Hospital)
            .Takes()
            .WithSummary("Revokes a calendar feed: its address answers 404 from now on")
            .Produces(204).Produces<ProblemDocument>(404, Problem.ContentType);
        api.MapGet("/feeds/deadlines/{secret}.ics", Read)
            .AllowsAnyone()
            .Takes()
            .DescribesAs("text/calendar", "What is due on which day, by number and kind, to whoever has the address (iCalendar)", 200, 404, 503);
    }

    private static async Task<IResult> Create(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var body = await Body.Read(http);
        var language = body.Root.Text("language");
        if (language.Length > 0 && !Languages.Contains(language))
            body.Root.Fault("language", "unknownValue", string.Join(", ", Languages));
        if ((query.Refused(http) ?? body.Refused(http) ?? OutOfReach(http, caller, institution)) is { } refused)
            return refused;
        if (await CaseAccess.PlaceOf(reads, log, institution, http.RequestAborted) is null)
            return Problem.Refused(http, "noSuchInstitution");

        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            insert into compliance.calendar_feeds (id, institution, language, secret_hash, created_by)
            select $1, $2, $3, $4, $5 where (select count(*) from compliance.calendar_feeds where institution = $2) < $6
            returning created_at
            """,
            connection);
        var id = Guid.CreateVersion7();
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = institution });
        command.Parameters.Add(new() { Value = language });
        command.Parameters.Add(new() { Value = HashOf(secret) });
        command.Parameters.Add(new() { Value = caller.Name });
        command.Parameters.Add(new() { Value = MaxPerInstitution });
        return await command.ExecuteScalarAsync(http.RequestAborted) is DateTime createdAt
            ? Results.Json(new FeedCreated(id, $"/api/v1/feeds/deadlines/{secret}.ics", language, new(createdAt, TimeSpan.Zero)), Json.Options, statusCode: StatusCodes.Status201Created)
            : Problem.Refused(http, "tooManyFeeds", MaxPerInstitution);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var limit = query.Limit();
        var after = Guid.Empty;
        if (query.Cursor(1) is [var last] && !Guid.TryParseExact(last, "D", out after))
            query.Fault("cursor", "invalidCursor");
        if ((query.Refused(http) ?? OutOfReach(http, caller, institution)) is { } refused)
            return refused;
        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            "select id, language, created_at, created_by from compliance.calendar_feeds where institution = $1 and id > $2 order by id limit $3", connection);
        command.Parameters.Add(new() { Value = institution });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = limit + 1 });
        var feeds = new List<FeedShown>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
            feeds.Add(new(reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3)));
        return Results.Json(Paged.Cut(feeds, limit, f => [f.Id.ToString("D")]), Json.Options);
    }

    private static async Task<IResult> Revoke(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var id = query.PathUuid("feedId");
        if ((query.Refused(http) ?? OutOfReach(http, caller, institution)) is { } refused)
            return refused;
        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand("delete from compliance.calendar_feeds where institution = $1 and id = $2", connection);
        command.Parameters.Add(new() { Value = institution });
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteNonQueryAsync(http.RequestAborted) > 0 ? Results.NoContent() : Problem.Hidden(http);
    }

    private static async Task<IResult> Read(HttpContext http, Reads reads, Clock clock, string secret)
    {
        await using var connection = await reads.Open(http.RequestAborted);
        if (await Find(connection, secret, http.RequestAborted) is not var (id, institution, name, language))
            return Problem.Hidden(http);
        var chinese = language == Chinese;
        var due = await Obligations.ByDay(connection, institution, http.RequestAborted);
        var now = clock.Now;
        // Nobody's cache keeps for others what a secret address shows.
        http.Response.Headers.CacheControl = "private, max-age=900";
        return Results.Text(
            CalendarFile.Write(chinese ? $"{name}：待办期限" : $"Deadlines of {name}", now, DeadlineFeed.Entries(id, due, Shanghai.DayOf(now), chinese)), CalendarFile.ContentType, Encoding.UTF8);
    }

    private static async Task<(Guid Id, string Institution, string Name, string Language)?> Find(NpgsqlConnection connection, string secret, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select f.id, f.institution, coalesce(i.name, f.institution), f.language from compliance.calendar_feeds f left join institutions i on i.id = f.institution where f.secret_hash = $1", connection);
        command.Parameters.Add(new() { Value = HashOf(secret) });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)) : null;
    }

    private static Problem? OutOfReach(HttpContext http, Caller caller, string institution) => caller.MayWriteFor(institution, provinceOfInstitution: null) ? null : Problem.Forbidden(http);

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
