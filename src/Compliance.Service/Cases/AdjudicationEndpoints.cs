using System.Globalization;
using System.Text.Json;
using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

/// <summary>The regulator's list: outcomes declared unrelated, notices disputed, and how what was decided agrees with what was declared.</summary>
public static class AdjudicationEndpoints
{
    private enum Asked
    {
        Pending,
        Decided,
    }

    /// <param name="Kind"><c>complication</c>, <c>death</c>, <c>incident</c> or <c>notice</c>.</param>
    /// <param name="CaseId">Null for a notice, which says itself which cases it matches.</param>
    /// <param name="Of">What an adjudication names: <c>death</c>, or the id of a complication or incident; null for a notice.</param>
    /// <param name="Code">Of a complication; of a notice what was noticed.</param>
    /// <param name="Declared">The hospital's last word: what it declared, or asked to have declared; null for a notice.</param>
    /// <param name="Decision">A relation; of a notice <c>upheld</c> or <c>dismissed</c>; null while it is pending.</param>
    /// <param name="Reason">Of the decision; of a notice disputed that of the hospital.</param>
    public sealed record AdjudicationShown(
        string Kind,
        Guid? CaseId,
        string? Of,
        Guid? NoticeId,
        string Institution,
        string Technique,
        string? Code,
        DateOnly OccurredOn,
        Relation? Declared,
        string? Decision,
        string? Reason,
        string? DecidedBy,
        DateOnly? DecidedOn,
        Evidence? Evidence);

    /// <param name="Decided">Outcomes adjudicated.</param>
    /// <param name="Agreed">Of them, those adjudicated as declared.</param>
    /// <param name="Kappa">Cohen's, of the three relations; null where it is undefined.</param>
    public sealed record AgreementShown(int Decided, int Agreed, RatioShown Share, decimal? Kappa)
    {
        public static AgreementShown Of(Agreement a) => new(a.Decided, a.Agreed, RatioShown.Of(a.Agreed, a.Decided), a.Kappa);
    }

    public sealed record InstitutionAgreement(string Institution, AgreementShown Agreement);

    /// <param name="Institutions">Those of which anything was decided.</param>
    public sealed record AgreementAnswer(string Technique, DateOnly From, DateOnly To, AgreementShown All, IReadOnlyList<InstitutionAgreement> Institutions, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/adjudications", List)
            .Allows(Role.Regulator, Role.National)
            .Takes("state", "technique", "institution", "limit", "cursor", "minPosition")
            .Describes<Page<AdjudicationShown>>("Outcomes declared unrelated and notices disputed that wait for the regulator (`pending`, unless asked otherwise), or those decided; by the day they occurred", 200, 503);
        api.MapGet("/adjudications/agreement", Agree)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "from", "to", "minPosition")
            .Describes<AgreementAnswer>("How far the relations declared agree with those adjudicated from a day to a day: counts, share and Cohen's kappa, per institution and in all", 200, 503);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var state = query.OptionalChoice<Asked>("state") ?? Asked.Pending;
        var technique = query.OptionalText("technique");
        var institution = query.OptionalId("institution");
        var limit = query.Limit();
        var cursor = query.Cursor(2);
        var after = default((DateOnly Day, Guid Id));
        if (cursor is not null && !(DateOnly.TryParseExact(cursor[0], "O", out after.Day) && Guid.TryParseExact(cursor[1], "D", out after.Id)))
            query.Fault("cursor", "invalidCursor");
        var position = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select a.id, a.kind, a.case_id, a.institution, a.technique, a.code, a.occurred_on, a.declared, a.decision, a.reason, a.decided_by, a.decided_on, a.evidence
            from adjudications a left join institutions i on i.id = a.institution
            where a.pending = $1 and ($2 is null or a.technique = $2) and ($3 is null or a.institution = $3) and ($4 is null or i.province = $4)
              and ($5::date is null or (a.occurred_on, a.id) > ($5::date, $6::uuid))
            order by a.occurred_on, a.id
            limit $7
            """,
            connection);
        command.Parameters.Add(new() { Value = state == Asked.Pending });
        DashboardEndpoints.Add(command, technique);
        DashboardEndpoints.Add(command, institution);
        DashboardEndpoints.Add(command, caller.Role == Role.Regulator ? caller.Province : null);
        command.Parameters.Add(new() { Value = cursor is null ? DBNull.Value : after.Day, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = after.Id });
        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<(Guid Id, AdjudicationShown Shown)>();
        await using (var reader = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await reader.ReadAsync(http.RequestAborted))
                items.Add((reader.GetGuid(0), Row(reader)));
        }

        var page = Paged.Cut(items, limit, a => [a.Shown.OccurredOn.ToString("O", CultureInfo.InvariantCulture), a.Id.ToString("D")]);
        await Patients.NoteReads(connection, caller, page.Items.Select(a => a.Shown.CaseId).OfType<Guid>().Distinct(), http.RequestAborted);
        return Results.Json(Page.Of([.. page.Items.Select(a => a.Shown)], page.NextCursor), Json.Options);
    }

    private static AdjudicationShown Row(NpgsqlDataReader reader)
    {
        var (id, kind) = (reader.GetGuid(0), reader.GetString(1));
        return new(
            kind,
            reader.IsDBNull(2) ? null : reader.GetGuid(2),
            kind switch { AdjudicationRows.Notice => null, AdjudicationRows.Death => Case.TheDeath, _ => id.ToString("D") },
            kind == AdjudicationRows.Notice ? id : null,
            reader.GetString(3),
            reader.GetString(4),
            DashboardEndpoints.Text(reader, 5),
            reader.GetFieldValue<DateOnly>(6),
            DashboardEndpoints.Text(reader, 7) is { } declared ? Json.Names<Relation>()[declared] : null,
            DashboardEndpoints.Text(reader, 8),
            DashboardEndpoints.Text(reader, 9),
            DashboardEndpoints.Text(reader, 10),
            reader.IsDBNull(11) ? null : reader.GetFieldValue<DateOnly>(11),
            DashboardEndpoints.Text(reader, 12) is { } evidence ? JsonSerializer.Deserialize(evidence, StoredJson.Default.Evidence) : null);
    }

    private static async Task<IResult> Agree(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.Text("technique");
        var (from, to) = (query.Day("from"), query.Day("to"));
        if (!query.HasFaults && to < from)
            query.Fault("to", "endsBeforeItBegins");
        var position = query.Position();
        await MetricsEndpoints.Known(query, reads, technique.Length == 0 ? null : technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select a.institution, a.declared, a.decision, count(*)::int
            from adjudications a left join institutions i on i.id = a.institution
            where not a.pending and a.kind <> 'notice' and a.technique = $1 and a.decided_on between $2 and $3 and ($4 is null or i.province = $4)
            group by a.institution, a.declared, a.decision
            order by a.institution
            """,
            snapshot.Connection);
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = from });
        command.Parameters.Add(new() { Value = to });
        DashboardEndpoints.Add(command, caller.Role == Role.Regulator ? caller.Province : null);
        var cells = new List<(string Institution, (Relation Declared, Relation Adjudicated, int Count) Cell)>();
        await using (var reader = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await reader.ReadAsync(http.RequestAborted))
                cells.Add((reader.GetString(0), (Json.Names<Relation>()[reader.GetString(1)], Json.Names<Relation>()[reader.GetString(2)], reader.GetInt32(3))));
        }

        return Results.Json(
            new AgreementAnswer(
                technique,
                from,
                to,
                AgreementShown.Of(Agreement.Of([.. cells.Select(c => c.Cell)])),
                [.. cells.GroupBy(c => c.Institution).Select(g => new InstitutionAgreement(g.Key, AgreementShown.Of(Agreement.Of([.. g.Select(c => c.Cell)]))))],
                snapshot.Position),
            Json.Options);
    }
}
