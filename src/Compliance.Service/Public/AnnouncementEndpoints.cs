using System.Globalization;
using System.Text;
using Compliance.Qualifications;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Public;

/// <summary>What an announcement is about.</summary>
public enum AnnouncedKind
{
    Institution,
    Physician,

    /// <summary>A round in which training bases are selected.</summary>
    SelectionRound,
}

/// <summary>What became of whose qualification, as it is made public: NV-NOTICE-PUB, NV-PUB-LIST, NV-REVOKE-PUB and their sisters. Newest first.</summary>
public static class AnnouncementEndpoints
{
    /// <param name="Id">Of an institution, or of a round; null of a physician.</param>
    public sealed record AnnouncedSubject(AnnouncedKind Kind, string? Id, string Name);

    /// <param name="Id">Of the event announced.</param>
    /// <param name="Published">When it was recorded, and with that made public.</param>
    /// <param name="EffectiveOn">First day of what it says.</param>
    /// <param name="Province">Where the subject belonged; null of a physician who has never had a main registration.</param>
    /// <param name="Institution">Of a physician, the main place of practice then; null for an institution.</param>
    /// <param name="Withdraws">The announcement that this one takes back; null for all but an annulment.</param>
    /// <param name="WithdrawnBy">The announcement that took this one back; null while it stands.</param>
    /// <param name="BaseKind">Of a training base, its kind, as in `national`; null of all else.</param>
    public sealed record AnnouncementShown(
        Guid Id,
        DateTimeOffset Published,
        DateOnly EffectiveOn,
        AnnouncedAct What,
        string Technique,
        string? Province,
        AnnouncedSubject Subject,
        RegisterEndpoints.PublicInstitution? Institution,
        Guid? Withdraws,
        Guid? WithdrawnBy,
        string? BaseKind);

    public sealed record AnnouncementsAnswer(IReadOnlyList<AnnouncementShown> Items, string? NextCursor, long Position);

    /// <summary>What a page is made of, for the list and for the feed.</summary>
    /// <param name="Withdrawn">When each of those taken back was.</param>
    internal sealed record Found(IReadOnlyList<AnnouncementShown> Items, IReadOnlyDictionary<Guid, DateTimeOffset> Withdrawn, string? NextCursor, long Position, Reference Reference);

    public static void Map(RouteGroupBuilder api)
    {
        string[] parameters = ["technique", "province", "kind", "from", "to", "limit", "cursor", "minPosition"];
        api.MapGet("/public/announcements", List)
            .AllowsAnyone()
            .Takes(parameters)
            .Describes<AnnouncementsAnswer>("What became of whose qualification, and of rounds of selection, newest first; `from` and `to` are days of publication", 200, 400, 503);
        api.MapGet("/public/announcements.atom", Feed)
            .AllowsAnyone()
            .Takes(parameters)
            .DescribesAs(AnnouncementFeed.ContentType.Split(';')[0], "The same as an Atom feed (RFC 4287), in the language asked for", 200, 400, 503);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var (found, refused) = await Find(http, reads);
        return found is null ? refused! : Results.Json(new AnnouncementsAnswer(found.Items, found.NextCursor, found.Position), Json.Options);
    }

    private static async Task<IResult> Feed(HttpContext http, Reads reads)
    {
        var (found, refused) = await Find(http, reads);
        if (found is null)
        {
            return refused!;
        }

        var language = Messages.Preferred(http);
        http.Response.Headers.ContentLanguage = Messages.Tag(language);
        http.Response.Headers.Append("Vary", "Accept-Language");
        return Results.Bytes(AnnouncementFeed.Write(http.Request, found, language), AnnouncementFeed.ContentType);
    }

    private static async Task<(Found? Found, IResult? Refused)> Find(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var kind = query.OptionalChoice<AnnouncedKind>("kind");
        var from = query.OptionalDay("from");
        var to = query.OptionalDay("to");
        if (to < from)
        {
            query.Fault("to", "endsBeforeItBegins");
        }

        var limit = query.Limit();
        var cursor = query.Cursor(keys: 1);
        var before = long.MaxValue;
        if (cursor is not null && !long.TryParse(cursor[0], NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        var reference = await RegisterEndpoints.Qualifying(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return (null, refused);
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        await using var command = new NpgsqlCommand { Connection = snapshot.Connection };
        string Parameter(object value)
        {
            command.Parameters.Add(new() { Value = value });
            return $"${command.Parameters.Count}";
        }

        var sql = new StringBuilder(
            $"""
            select a.position, a.event_id, a.published, a.effective_on, a.act, a.technique, a.province, a.kind, a.institution, a.name, a.place, a.place_name, a.withdraws, w.event_id, w.published, a.base_kind
            from announcements a
            left join announcements w on w.withdraws = a.event_id
            where a.position < {Parameter(before)}
            """);
        if (technique is not null)
            sql.Append($" and a.technique = {Parameter(technique)}");
        if (province is not null)
            sql.Append($" and a.province = {Parameter(province)}");
        if (kind is { } k)
            sql.Append($" and a.kind = {Parameter(Json.Name(k))}");
        if (from is { } first)
            sql.Append($" and a.published_on >= {Parameter(first)}");
        if (to is { } end)
            sql.Append($" and a.published_on <= {Parameter(end)}");
        command.CommandText = sql.Append($" order by a.position desc limit {Parameter(limit + 1)}").ToString();

        var items = new List<AnnouncementShown>();
        var withdrawn = new Dictionary<Guid, DateTimeOffset>();
        string? next = null;
        long last = 0;
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            if (items.Count == limit)
            {
                next = Page.Cursor(last.ToString(CultureInfo.InvariantCulture));
                break;
            }

            last = reader.GetInt64(0);
            items.Add(new(
                reader.GetGuid(1),
                reader.GetFieldValue<DateTimeOffset>(2),
                reader.GetFieldValue<DateOnly>(3),
                Json.Names<AnnouncedAct>()[reader.GetString(4)],
                reader.GetString(5),
                DashboardEndpoints.Text(reader, 6),
                new(Json.Names<AnnouncedKind>()[reader.GetString(7)], DashboardEndpoints.Text(reader, 8), reader.GetString(9)),
                reader.IsDBNull(10) ? null : new(reader.GetString(10), reader.GetString(11)),
                reader.IsDBNull(12) ? null : reader.GetGuid(12),
                reader.IsDBNull(13) ? null : reader.GetGuid(13),
                DashboardEndpoints.Text(reader, 15)));
            if (!reader.IsDBNull(14))
            {
                withdrawn[items[^1].Id] = reader.GetFieldValue<DateTimeOffset>(14);
            }
        }

        http.Response.Headers.CacheControl = $"public, max-age={RegisterEndpoints.CachedForSeconds}";
        return (new(items, withdrawn, next, snapshot.Position, reference), null);
    }
}
