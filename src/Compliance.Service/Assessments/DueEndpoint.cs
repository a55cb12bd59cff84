using System.Globalization;
using Compliance.Qualifications;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Assessments;

/// <summary><c>GET /due</c>: what is due and not done, from what stands now. No message has to have arrived for it, and none can have been lost.</summary>
public static class DueEndpoint
{
    /// <summary>How far ahead is looked unless asked.</summary>
    private const int DaysAhead = 30;

    /// <param name="DueOn">The last day to do it; where no rule gives one, the first on which it can be done.</param>
    /// <param name="Overdue">True when that day is over; of a round to be opened, when it should have been.</param>
    /// <param name="Subject">Null for a round.</param>
    /// <param name="Reference">Which proposal, objection, fact or round; of a training base its kind.</param>
    public sealed record DueShown(DueKind What, DateOnly DueOn, bool Overdue, string Technique, string? Province, DashboardEndpoints.NamedSubject? Subject, string? Reference);

    public sealed record DueAnswer(IReadOnlyList<DueShown> Items, string? NextCursor, long Position);

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/due", Show)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "province", "until", "limit", "cursor", "minPosition")
            .Describes<DueAnswer>("What is due and not done, the oldest first: assessments, reassessments, decisions, answers, attestations that end", 200, 400, 503);

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, Clock clock)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var today = clock.Today;
        var until = query.OptionalDay("until") ?? today.AddDays(DaysAhead);
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 6);
        if (cursor is not null && !DateOnly.TryParseExact(cursor[0], "O", out _))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        var reference = await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        if (query.Refused(http) is { } refused)
        {
            return refused;
        }

        if (DashboardEndpoints.OutOfReach(caller, province))
        {
            return Problem.Forbidden(http);
        }

        if (await reads.Judged(http, minPosition) is { } late)
        {
            return late;
        }

        province = caller.Role == Role.Regulator ? caller.Province : province;
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted, ReadSchema.Living.Standings);
        var schedules = Schedules(reference, technique, province, until);
        await using var command = new NpgsqlCommand(
            """
            with all_due as (
                select d.due_on, d.what, d.technique, coalesce(d.province, s.province) as province, d.kind, d.subject, coalesce(s.name, d.subject) as name, coalesce(d.reference, '') as reference
                from dues d
                left join standings s on s.technique = d.technique and s.kind = d.kind and s.subject = d.subject
                where d.due_on <= $3
                union all
                select b.review_due_on, $17, b.technique, case when b.reviewed_by = 'regulator' then i.province end, 'institution', b.institution, coalesce(i.name, b.institution), b.kind
                from training_bases b
                left join institutions i on i.id = b.institution
                where b.review_due_on <= $3
                union all
                select closes_on, $9, technique, province, '', '', '', round::text from rounds where concluded_on is null and closes_on <= $3
                union all
                select n.due_on, $10, n.technique, n.province, '', '', '', ''
                from unnest($6::date[], $7::text[], $8::text[], $16::date[]) as n (due_on, technique, province, period_from)
                where not exists (select from rounds r where r.technique = n.technique and r.province = n.province and r.period_from = n.period_from and r.period_to = n.due_on)
            )
            select * from all_due
            where ($1 is null or technique = $1) and ($2 is null or province = $2)
              and ($4::date is null or (due_on, what, technique, kind, subject, reference) > ($4::date, $11, $12, $13, $14, $15))
            order by due_on, what, technique, kind, subject, reference
            limit $5
            """,
            snapshot.Connection);
        DashboardEndpoints.Add(command, technique);
        DashboardEndpoints.Add(command, province);
        command.Parameters.Add(new() { Value = until });
        command.Parameters.Add(new() { Value = cursor is null ? DBNull.Value : DateOnly.ParseExact(cursor[0], "O", CultureInfo.InvariantCulture), NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = limit + 1 });
        command.Parameters.Add(new() { Value = schedules.Select(s => s.DueOn).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = schedules.Select(s => s.Technique).ToArray() });
        command.Parameters.Add(new() { Value = schedules.Select(s => s.Province).ToArray() });
        command.Parameters.Add(new() { Value = Json.Name(DueKind.RoundClosing) });
        command.Parameters.Add(new() { Value = Json.Name(DueKind.RoundOpening) });
        for (var i = 1; i < 6; i++)
        {
            DashboardEndpoints.Add(command, cursor?[i]);
        }

        command.Parameters.Add(new() { Value = schedules.Select(s => s.From).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = Json.Name(DueKind.TrainingBaseReview) });

        var items = new List<DueShown>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            var (dueOn, what) = (reader.GetFieldValue<DateOnly>(0), Json.Names<DueKind>()[reader.GetString(1)]);
            items.Add(new(
                what,
                dueOn,
                // A round opens by itself as the day closes on which the last report of its period has been due.
                what == DueKind.RoundOpening ? dueOn <= Settled(reference, reader.GetString(2), today.AddDays(-1)) : dueOn < today,
                reader.GetString(2),
                DashboardEndpoints.Text(reader, 3),
                reader.GetString(4) is { Length: > 0 } kind ? new(Json.Names<SubjectKind>()[kind], reader.GetString(5), reader.GetString(6)) : null,
                reader.GetString(7) is { Length: > 0 } of ? of : null));
        }

        var page = Paged.Cut(
            items,
            limit,
            d => [d.DueOn.ToString("O", CultureInfo.InvariantCulture), Json.Name(d.What), d.Technique, d.Subject is { } s ? Json.Name(s.Kind) : "", d.Subject?.Id ?? "", d.Reference ?? ""]);
        return Results.Json(new DueAnswer(page.Items, page.NextCursor, snapshot.Position), Json.Options);
    }

    // Those over and those under way: whether a round was opened for them the rows know.
    private static List<(DateOnly From, DateOnly DueOn, string Technique, string Province)> Schedules(Reference reference, string? technique, string? province, DateOnly until) =>
        [.. reference.Schedules.Where(s => (technique is null || s.Key.Technique == technique) && (province is null || s.Key.Province == province))
            .SelectMany(s => s.Value.PeriodsEndingBy(until)
                .Where(period => reference.Regulations.InForce(s.Key.Technique, period.To, s.Key.Province) is not null)
                .Select(period => (period.From, period.To, s.Key.Technique, s.Key.Province)))];

    private static DateOnly Settled(Reference reference, string technique, DateOnly day) =>
        reference.Calendar.SettledDay(day, reference.Regulations.ForDefinitions(technique, day)!.InPractice.Reporting.WorkingDays);
}
