using System.Text.Json;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Compliance.Service.Public;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>Training bases as lists: all of them for regulators, the recognised ones for everybody.</summary>
public static class TrainingBaseLists
{
    /// <param name="Recognised">Today.</param>
    /// <param name="Trains">True when it may train today.</param>
    /// <param name="RecognisedFrom">First day of the last recognition.</param>
    /// <param name="EndedOn">First day without it; null while it stands.</param>
    /// <param name="ReviewedOn">Of the last review; null before the first.</param>
    /// <param name="ReviewPassed">Of the last review.</param>
    /// <param name="ReviewDueOn">Last day for the next; null while none is owed.</param>
    public sealed record BaseItem(
        TrainingBaseEndpoints.BaseNamed Base,
        BaseStatus State,
        bool Recognised,
        bool Trains,
        DateOnly? RecognisedFrom,
        DateOnly? EndedOn,
        int? Capacity,
        DateOnly? ReviewedOn,
        bool? ReviewPassed,
        DateOnly? ReviewDueOn);

    public sealed record BasesAnswer(IReadOnlyList<BaseItem> Items, string? NextCursor, long Position);

    /// <param name="Since">First day of the recognition.</param>
    /// <param name="Trains">False while the institution's own qualification is suspended or gone.</param>
    public sealed record PublicBase(
        RegisterEndpoints.PublicInstitution Institution, string Province, string Technique, string Kind, int CertifiesFromLevel, int CertifiesToLevel, DateOnly Since, bool Trains);

    public sealed record PublicBasesAnswer(IReadOnlyList<PublicBase> Items, string? NextCursor, long Position);

    private sealed record Row(TrainingBase.State State, DateOnly? ReviewDueOn, string Name, string Province, bool Active)
    {
        public TrainingBaseId Id => State.Id!.Value;
    }

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/training-bases", List)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "kind", "state", "province", "limit", "cursor", "minPosition")
            .Describes<BasesAnswer>("Training bases of the province, or of all", 200, 400, 503);
        api.MapGet("/public/training-bases", ListPublic)
            .AllowsAnyone()
            .Takes("technique", "kind", "province", "limit", "cursor", "minPosition")
            .Describes<PublicBasesAnswer>("The training bases recognised today", 200, 400, 503);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var state = query.OptionalChoice<BaseStatus>("state");
        var (asked, refused) = await Ask(http, reads, query);
        if (asked is null)
            return refused!;
        if (DashboardEndpoints.OutOfReach(caller, asked.Province))
            return Problem.Forbidden(http);
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        var rows = await Find(snapshot.Connection, asked with { Province = caller.Role == Role.Regulator ? caller.Province : asked.Province }, state, recognised: false, http.RequestAborted);
        var page = Paged.Cut(rows, asked.Limit, Key);
        return Results.Json(
            new BasesAnswer(
                [
                    .. page.Items.Select(r => new BaseItem(
                        new(r.Id.Kind, r.Id.Technique, r.Id.Institution, r.Name, r.Province),
                        r.State.Status,
                        r.State.IsRecognised(asked.Today),
                        Trains(asked, r),
                        r.State.Recognitions is [.., var last] ? last.EffectiveOn : null,
                        r.State.Recognitions is [.., var ended] ? ended.EndedOn : null,
                        r.State.CapacityOn(asked.Today),
                        r.State.Reviews is [.., var review] ? review.On : null,
                        r.State.Reviews is [.., var reviewed] ? reviewed.Passed : null,
                        r.ReviewDueOn)),
                ],
                page.NextCursor,
                snapshot.Position),
            Json.Options);
    }

    private static async Task<IResult> ListPublic(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var (asked, refused) = await Ask(http, reads, query);
        if (asked is null)
            return refused!;
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        var page = Paged.Cut(await Find(snapshot.Connection, asked, state: null, recognised: true, http.RequestAborted), asked.Limit, Key);
        http.Response.Headers.CacheControl = $"public, max-age={RegisterEndpoints.CachedForSeconds}";
        return Results.Json(
            new PublicBasesAnswer(
                [
                    .. page.Items.Select(r => new PublicBase(
                        new(r.Id.Institution, r.Name),
                        r.Province,
                        r.Id.Technique,
                        r.Id.Kind,
                        asked.RuleOf(r.Id)?.CertifiesFromLevel ?? 0,
                        asked.RuleOf(r.Id)?.CertifiesToLevel ?? 0,
                        r.State.Recognitions.Last(of => of.Days.Contains(asked.Today)).EffectiveOn,
                        Trains(asked, r))),
                ],
                page.NextCursor,
                snapshot.Position),
            Json.Options);
    }

    private sealed record Asked(Reference Reference, string? Technique, string? Kind, string? Province, int Limit, IReadOnlyList<string>? Cursor, DateOnly Today)
    {
        public BaseRule? RuleOf(TrainingBaseId id) => TrainingBaseEndpoints.TrainingOf(Reference, id.Technique, Today)?.Base(id.Kind);
    }

    private static async Task<(Asked? Asked, IResult? Refused)> Ask(HttpContext http, Reads reads, Query query)
    {
        var (kind, province, limit, cursor, minPosition) = (query.OptionalId("kind"), query.OptionalText("province"), query.Limit(), query.Cursor(keys: 3), query.Position());
        var technique = query.OptionalText("technique");
        var reference = await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        var kinds = reference.Regulations.Techniques.Select(t => TrainingBaseEndpoints.TrainingOf(reference, t, reads.Today)).OfType<TrainingRules>().SelectMany(t => t.Bases).Select(b => b.Kind).Distinct().ToList();
        if (kind is not null && !kinds.Contains(kind))
            query.Fault("kind", "unknownValue", string.Join(", ", kinds));
        return (query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused ? (null, refused) : (new(reference, technique, kind, province, limit, cursor, reads.Today), null);
    }

    private static bool Trains(Asked asked, Row row) =>
        row.State.IsRecognised(asked.Today)
        && (row.Active || asked.RuleOf(row.Id) is { } rule && !asked.Reference.Regulations.ForApplications(row.Id.Technique, asked.Today, province: null)!.InPractice.CaseRules.NeedsQualification(rule.CertifiesToLevel));

    private static IReadOnlyList<string> Key(Row row) => [row.Id.Technique, row.Id.Kind, row.Id.Institution];

    private static async Task<IReadOnlyList<Row>> Find(NpgsqlConnection connection, Asked asked, BaseStatus? state, bool recognised, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select b.doc, b.review_due_on, i.name, i.province,
                   exists (select from active_spans a where a.kind = 'institution' and a.subject = b.institution and a.technique = b.technique and $1 between a.from_on and a.to_on)
            from training_bases b
            join institutions i on i.id = b.institution
            where ($2 is null or b.technique = $2) and ($3 is null or b.kind = $3) and ($4 is null or b.status = $4) and ($5 is null or i.province = $5)
              and (not $6 or exists (
                  select from training_base_spans s where s.technique = b.technique and s.kind = b.kind and s.institution = b.institution and $1 between s.from_on and s.to_on))
              and ($7 is null or (b.technique, b.kind, b.institution) > ($7, $8, $9))
            order by b.technique, b.kind, b.institution
            limit $10
            """,
            connection);
        command.Parameters.Add(new() { Value = asked.Today });
        foreach (var text in new[] { asked.Technique, asked.Kind, state is { } of ? Json.Name(of) : null, asked.Province })
            command.Parameters.Add(new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = recognised });
        for (var i = 0; i < 3; i++)
            command.Parameters.Add(new() { Value = (object?)asked.Cursor?[i] ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = asked.Limit + 1 });
        var rows = new List<Row>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new(
                JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.TrainingBaseState)!,
                reader.IsDBNull(1) ? null : reader.GetFieldValue<DateOnly>(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetBoolean(4)));
        }

        return rows;
    }
}
