using System.Globalization;
using System.Text;
using Compliance.Qualifications;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Public;

/// <summary>The public list of institutions and physicians admitted to a technique (公示): NV-PUB-LIST, CI3-PUB-LIST, and revocations.</summary>
public static class RegisterEndpoints
{
    /// <summary>Standings change once a day; a correction must not stand in caches for much longer than it takes to make it.</summary>
    internal const int CachedForSeconds = 300;

    /// <summary>Characters of a name by which entries are ordered: as many as a cursor can hold.</summary>
    private const int OrderedBy = 40;

    /// <summary>As many entries may share the beginning of a name; a cursor that says more was not given out here.</summary>
    private const int MostNamesakes = 100_000;

    /// <param name="Id">Of an institution; a physician is named and nothing else.</param>
    public sealed record PublicSubject(SubjectKind Kind, string? Id, string Name);

    public sealed record PublicInstitution(string Id, string Name);

    /// <param name="Institution">Of a physician, the main place of practice; null for an institution.</param>
    /// <param name="Since">First day of the standing.</param>
    public sealed record RegisterEntry(PublicSubject Subject, PublicInstitution? Institution, string? Province, string Technique, Standing Standing, DateOnly? Since);

    /// <param name="AsOf">The day shown.</param>
    public sealed record RegisterAnswer(IReadOnlyList<RegisterEntry> Items, string? NextCursor, DateOnly AsOf, long Position);

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/public/register", Show)
            .AllowsAnyone()
            .Takes("technique", "province", "kind", "asOf", "limit", "cursor", "minPosition")
            .Describes<RegisterAnswer>("Who is admitted to which technique on a day, and since when the standing is what it is", 200, 400, 503);

    private static async Task<IResult> Show(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var kind = query.OptionalChoice<SubjectKind>("kind");
        var asOf = reads.AsOf(query);
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 4);
        var shown = 0;
        if (cursor is not null && (!int.TryParse(cursor[3], NumberStyles.None, CultureInfo.InvariantCulture, out shown) || shown > MostNamesakes))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        await Qualifying(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        await using var command = new NpgsqlCommand { Connection = snapshot.Connection };
        // Only the conditions asked for: with them the rows are a stretch of an index, in its order. The digest parts namesakes, and is told to nobody: it would give away an id to whoever tries them all.
        var sql = new StringBuilder(
            $"""
            select e.kind, case when e.kind = 'institution' then e.subject end, e.name, e.place, e.place_name, e.province, e.technique, e.standing, e.since, left(e.name, {OrderedBy})
            from register_entries e
            where e.from_on <= $1 and e.to_on > $1
            """);
        command.Parameters.Add(new() { Value = asOf });
        string Parameter(object value)
        {
            command.Parameters.Add(new() { Value = value });
            return $"${command.Parameters.Count}";
        }

        if (technique is not null)
            sql.Append($" and e.technique = {Parameter(technique)}");
        if (province is not null)
            sql.Append($" and e.province = {Parameter(province)}");
        if (kind is { } k)
            sql.Append($" and e.kind = {Parameter(Json.Name(k))}");
        if (cursor is not null)
            sql.Append($" and (e.technique, e.kind, left(e.name, {OrderedBy})) >= ({Parameter(cursor[0])}, {Parameter(cursor[1])}, {Parameter(cursor[2])})");
        command.CommandText = sql.Append($" order by e.technique, e.kind, left(e.name, {OrderedBy}), md5(e.subject) limit {Parameter(limit + 1)} offset {Parameter(shown)}").ToString();

        var items = new List<RegisterEntry>();
        // A page continues at a name, behind so many of those who share it.
        IReadOnlyList<string> last = cursor is null ? [] : [.. cursor.Take(3)];
        string? next = null;
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            if (items.Count == limit)
            {
                next = Page.Cursor([.. last, shown.ToString(CultureInfo.InvariantCulture)]);
                break;
            }

            items.Add(new(
                new(Json.Names<SubjectKind>()[reader.GetString(0)], DashboardEndpoints.Text(reader, 1), reader.GetString(2)),
                reader.IsDBNull(3) ? null : new(reader.GetString(3), reader.GetString(4)),
                DashboardEndpoints.Text(reader, 5),
                reader.GetString(6),
                Json.Names<Standing>()[reader.GetString(7)],
                reader.GetFieldValue<DateOnly>(8)));
            string[] key = [reader.GetString(6), reader.GetString(0), reader.GetString(9)];
            shown = key.SequenceEqual(last) ? shown + 1 : 1;
            last = key;
        }

        http.Response.Headers.CacheControl = $"public, max-age={CachedForSeconds}";
        return Results.Json(new RegisterAnswer(items, next, asOf, snapshot.Position), Json.Options);
    }

    /// <summary>Notes a fault where there can be no qualification for the technique: it must be one of a regulation, or a programme.</summary>
    internal static async Task<Reference> Qualifying(Query query, Reads reads, string? technique, CancellationToken cancellation)
    {
        var reference = await reads.Reference(cancellation);
        if (technique is not null && !reference.Regulations.Qualifying.Contains(technique))
        {
            query.Fault("technique", "unknownTechnique");
        }

        return reference;
    }
}
