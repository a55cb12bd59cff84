using System.Globalization;
using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Metrics;

/// <summary>Everybody who is qualified, has cases, or was counted to have had some, with the latest standing; and the same added up by province. From the monitor's rows alone.</summary>
public static class DashboardEndpoints
{
    public enum Sort
    {
        Subject,

        /// <summary>Worst first.</summary>
        Overall,

        /// <summary>Most first.</summary>
        Deaths,

        /// <summary>Most first.</summary>
        Cases,
    }

    public sealed record NamedSubject(SubjectKind Kind, string Id, string Name);

    public sealed record FindingInShort(
        string Clause, Outcome Outcome, bool Binding, BreachEffect OnBreach, decimal? Actual, decimal? Limit, string Comparison, DateOnly? Since, DateOnly? SuspendsOn, Outcome? Current, Outcome? Possible);

    public sealed record KeyCounts(int Cases, int TherapeuticCases, int Deaths, int SevereComplications, int LateReports);

    /// <param name="Standing">Null without a qualification.</param>
    /// <param name="NeverReported">Of an institution, by the latest total counted independently; null where there is none.</param>
    public sealed record DashboardRow(
        NamedSubject Subject,
        string Technique,
        string? Province,
        Validity Qualification,
        Standing? Standing,
        DateOnly? Since,
        Overall Overall,
        DateOnly AsOf,
        IReadOnlyList<FindingInShort> Findings,
        KeyCounts Counts,
        NeverReportedShown? NeverReported);

    public sealed record DashboardAnswer(IReadOnlyList<DashboardRow> Items, string? NextCursor, long Position);

    /// <param name="ByStanding">By name; those without a qualification stand under <c>none</c>.</param>
    public sealed record SubjectsShown(int Total, IReadOnlyDictionary<string, int> ByStanding, IReadOnlyDictionary<string, int> ByOverall);

    /// <param name="Province">Null for physicians whom no registry knows.</param>
    /// <param name="Cases">Of the institutions' rolling years.</param>
    /// <param name="LateShare">Reports that were late among the cases that have a deadline.</param>
    /// <param name="NeverReported">Cases never reported (漏报) of those counted independently, over the institutions' totals that lie within their rolling years.</param>
    public sealed record ProvinceRow(string? Province, SubjectsShown Institutions, SubjectsShown Physicians, int Cases, RatesShown Rates, RatioShown LateShare, RatioShown NeverReported);

    public sealed record ProvincesAnswer(IReadOnlyList<ProvinceRow> Items, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/dashboards/compliance", ShowCompliance)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "kind", "province", "standing", "overall", "sort", "limit", "cursor", "minPosition")
            .Describes<DashboardAnswer>("One row per subject that is qualified, has cases, or was counted to have had some, with its latest standing", 200, 400, 503);
        api.MapGet("/dashboards/provinces", ShowProvinces)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "minPosition")
            .Describes<ProvincesAnswer>("One row per province: subjects by standing and verdict, cases, rates, late reports, the share never reported", 200, 400, 503);
    }

    // Ascending keys only, so that a page continues with one comparison of rows; what is worst or most has the smallest.
    private static string KeyOf(Sort sort) => sort switch
    {
        Sort.Overall => "s.overall_rank",
        Sort.Deaths => "-s.deaths",
        Sort.Cases => "-s.cases",
        _ => "0",
    };

    private static async Task<IResult> ShowCompliance(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var kind = query.OptionalChoice<SubjectKind>("kind");
        var province = query.OptionalText("province");
        var standing = query.OptionalChoice<Standing>("standing");
        var overall = query.OptionalChoice<Overall>("overall");
        var sort = query.OptionalChoice<Sort>("sort") ?? Sort.Subject;
        var limit = query.Limit();
        // With its order in it: the cursor of another order would leave rows out.
        var cursor = query.Cursor(keys: 5);
        var key = 0;
        if (cursor is not null && (cursor[0] != Json.Name(sort) || !int.TryParse(cursor[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out key)))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        CheckProvince(query, province);
        if (query.Refused(http) is { } refused)
        {
            return refused;
        }

        if (OutOfReach(caller, province))
        {
            return Problem.Forbidden(http);
        }

        if (await reads.Judged(http, minPosition) is { } late)
        {
            return late;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted, ReadSchema.Living.Standings);
        await using var command = new NpgsqlCommand(
            $"""
            select s.kind, s.subject, s.name, s.technique, s.province, s.validity, s.standing, s.since, s.overall, s.as_of, s.doc,
                   s.cases, s.therapeutic, s.deaths, s.severe, s.late, {KeyOf(sort)} as key
            from standings s
            where ($1 is null or s.technique = $1) and ($2 is null or s.kind = $2) and ($3 is null or s.province = $3)
              and ($4 is null or s.standing = $4) and ($5 is null or s.overall = $5)
              and ($6 is null or ({KeyOf(sort)}, s.technique, s.kind, s.subject) > ($6, $7, $8, $9))
            order by key, s.technique, s.kind, s.subject
            limit $10
            """,
            snapshot.Connection);
        Add(command, technique);
        Add(command, kind is { } k ? Json.Name(k) : null);
        Add(command, caller.Role == Role.Regulator ? caller.Province : province);
        Add(command, standing is { } s ? Json.Name(s) : null);
        Add(command, overall is { } o ? Json.Name(o) : null);
        command.Parameters.Add(new() { Value = cursor is null ? DBNull.Value : key, NpgsqlDbType = NpgsqlDbType.Integer });
        Add(command, cursor?[2]);
        Add(command, cursor?[3]);
        Add(command, cursor?[4]);
        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<DashboardRow>();
        string? next = null;
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            if (items.Count == limit)
            {
                next = Page.Cursor(Json.Name(sort), key.ToString(CultureInfo.InvariantCulture), items[^1].Technique, Json.Name(items[^1].Subject.Kind), items[^1].Subject.Id);
                break;
            }

            items.Add(Row(reader));
            key = reader.GetInt32(16);
        }

        return Results.Json(new DashboardAnswer(items, next, snapshot.Position), Json.Options);
    }

    private static DashboardRow Row(NpgsqlDataReader reader)
    {
        var document = JsonSerializer.Deserialize<StandingDocument>(reader.GetString(10), Json.Options)!;
        return new(
            new(Json.Names<SubjectKind>()[reader.GetString(0)], reader.GetString(1), reader.GetString(2)),
            reader.GetString(3),
            Text(reader, 4),
            Json.Names<Validity>()[reader.GetString(5)],
            Text(reader, 6) is { } standing ? Json.Names<Standing>()[standing] : null,
            reader.IsDBNull(7) ? null : reader.GetFieldValue<DateOnly>(7),
            Json.Names<Overall>()[reader.GetString(8)],
            reader.GetFieldValue<DateOnly>(9),
            [.. document.Findings.Select(f => new FindingInShort(f.Clause, f.Outcome, f.Binding, f.OnBreach, f.Actual, f.Limit, f.Comparison, f.Since, f.SuspendsOn, f.Current?.Outcome, f.Possible))],
            new(reader.GetInt32(11), reader.GetInt32(12), reader.GetInt32(13), reader.GetInt32(14), reader.GetInt32(15)),
            document.NeverReported);
    }

    private sealed record Group(string? Province, SubjectKind Kind, string Standing, string Overall, int Subjects, int[] Sums);

    private static async Task<IResult> ShowProvinces(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        // Rates are of one regulation's definition: over several techniques they cannot be added up.
        var technique = query.Text("technique");
        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted, ReadSchema.Living.Standings);
        await using var command = new NpgsqlCommand(
            """
            select province, kind, coalesce(standing, 'none'), overall, count(*)::int,
                   sum(cases)::int, sum(severe_numerator)::int, sum(severe_denominator)::int, sum(death_numerator)::int, sum(death_denominator)::int, sum(late)::int, sum(due)::int,
                   sum(never_reported)::int, sum(verified)::int
            from standings
            where technique = $1 and ($2 is null or province = $2)
            group by province, kind, coalesce(standing, 'none'), overall
            """,
            snapshot.Connection);
        command.Parameters.Add(new() { Value = technique });
        Add(command, caller.Role == Role.Regulator ? caller.Province : null);
        var groups = new List<Group>();
        await using (var reader = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await reader.ReadAsync(http.RequestAborted))
            {
                groups.Add(new(
                    Text(reader, 0), Json.Names<SubjectKind>()[reader.GetString(1)], reader.GetString(2), reader.GetString(3), reader.GetInt32(4), [.. Enumerable.Range(5, 9).Select(reader.GetInt32)]));
            }
        }

        var items = groups.GroupBy(g => g.Province).OrderBy(g => g.Key is null).ThenBy(g => g.Key, StringComparer.Ordinal).Select(ProvinceOf).ToList();
        return Results.Json(new ProvincesAnswer(items, snapshot.Position), Json.Options);
    }

    private static ProvinceRow ProvinceOf(IGrouping<string?, Group> groups)
    {
        var institutions = groups.Where(g => g.Kind == SubjectKind.Institution).ToList();
        // A case is counted for its institution and for its operator: added up once.
        int Sum(int column) => institutions.Sum(g => g.Sums[column]);
        return new(
            groups.Key,
            Subjects(institutions),
            Subjects([.. groups.Where(g => g.Kind == SubjectKind.Physician)]),
            Sum(0),
            new(RatioShown.Of(Sum(1), Sum(2)), RatioShown.Of(Sum(3), Sum(4))),
            RatioShown.Of(Sum(5), Sum(6)),
            RatioShown.Of(Sum(7), Sum(8)));
    }

    private static SubjectsShown Subjects(List<Group> groups) => new(
        groups.Sum(g => g.Subjects),
        Json.Names<Standing>().Keys.Append("none").ToDictionary(name => name, name => groups.Where(g => g.Standing == name).Sum(g => g.Subjects)),
        Json.Names<Overall>().Keys.ToDictionary(name => name, name => groups.Where(g => g.Overall == name).Sum(g => g.Subjects)));

    /// <summary>A technique that is monitored, and a province, both named in the path.</summary>
    internal static (string Technique, string Province) InPath(Query query, Reference reference)
    {
        var (technique, province) = (query.PathId("technique"), query.PathId("province"));
        if (technique.Length > 0 && !reference.Regulations.Techniques.Contains(technique))
        {
            query.PathFault("technique", "unknownTechnique");
        }

        if (province.Length > 0 && !Provinces.IsCode(province))
        {
            query.PathFault("province", "invalidProvince");
        }

        return (technique, province);
    }

    internal static void CheckProvince(Query query, string? province)
    {
        if (province is not null && !Provinces.IsCode(province))
        {
            query.Fault("province", "invalidProvince");
        }
    }

    /// <summary>A regulator asks for his own province, or names none and gets it.</summary>
    internal static bool OutOfReach(Caller caller, string? province) => caller.Role == Role.Regulator && province is not null && province != caller.Province;

    internal static void Add(NpgsqlCommand command, string? value) => command.Parameters.Add(new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });

    internal static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
