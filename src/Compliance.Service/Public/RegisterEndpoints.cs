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
    private const int CachedForSeconds = 300;

    /// <param name="Id">Of an institution; a physician is named and nothing else.</param>
    public sealed record PublicSubject(SubjectKind Kind, string? Id, string Name);

    public sealed record PublicInstitution(string Id, string Name);

    /// <param name="Institution">Of a physician, the main place of practice; null for an institution.</param>
    /// <param name="Since">First day of the standing.</param>
    public sealed record RegisterEntry(PublicSubject Subject, PublicInstitution? Institution, string? Province, string Technique, Standing Standing, DateOnly? Since);

    public sealed record RegisterAnswer(IReadOnlyList<RegisterEntry> Items, string? NextCursor, long Position);

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/public/register", Show)
            .AllowsAnyone()
            .Takes("technique", "province", "kind", "limit", "cursor", "minPosition")
            .Describes<RegisterAnswer>("Who is admitted to which technique, and since when the standing is what it is", 200, 400, 503);

    private static async Task<IResult> Show(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var kind = query.OptionalChoice<SubjectKind>("kind");
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 4);
        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted, ReadSchema.Living.Standings);
        // Ordered by what is shown, of a name as much as a cursor can hold; the digest parts namesakes without putting a physician's id into a public cursor.
        await using var command = new NpgsqlCommand(
            """
            select s.kind, s.subject, s.name, place.id, place.name, s.province, s.technique, s.standing, s.since, md5(s.subject), left(s.name, 40)
            from standings s
            left join lateral (
                select i.id, i.name
                from registrations r
                join institutions i on i.id = r.institution
                where s.kind = 'physician' and r.physician = s.subject and r.main and s.as_of between r.from_on and r.to_on
                limit 1
            ) place on true
            where s.validity in ('valid', 'revoked') and s.standing is not null
              and ($1 is null or s.technique = $1) and ($2 is null or s.province = $2) and ($3 is null or s.kind = $3)
              and ($4 is null or (s.technique, s.kind, left(s.name, 40), md5(s.subject)) > ($4, $5, $6, $7))
            order by s.technique, s.kind, left(s.name, 40), md5(s.subject)
            limit $8
            """,
            snapshot.Connection);
        DashboardEndpoints.Add(command, technique);
        DashboardEndpoints.Add(command, province);
        DashboardEndpoints.Add(command, kind is { } k ? Json.Name(k) : null);
        for (var i = 0; i < 4; i++)
        {
            DashboardEndpoints.Add(command, cursor?[i]);
        }

        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<RegisterEntry>();
        IReadOnlyList<string> last = [];
        string? next = null;
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            if (items.Count == limit)
            {
                next = Page.Cursor(last);
                break;
            }

            var isPhysician = reader.GetString(0) == Json.Name(SubjectKind.Physician);
            items.Add(new(
                new(isPhysician ? SubjectKind.Physician : SubjectKind.Institution, isPhysician ? null : reader.GetString(1), reader.GetString(2)),
                reader.IsDBNull(3) ? null : new(reader.GetString(3), reader.GetString(4)),
                DashboardEndpoints.Text(reader, 5),
                reader.GetString(6),
                Json.Names<Standing>()[reader.GetString(7)],
                reader.IsDBNull(8) ? null : reader.GetFieldValue<DateOnly>(8)));
            last = [reader.GetString(6), reader.GetString(0), reader.GetString(10), reader.GetString(9)];
        }

        http.Response.Headers.CacheControl = $"public, max-age={CachedForSeconds}";
        return Results.Json(new RegisterAnswer(items, next, snapshot.Position), Json.Options);
    }
}
