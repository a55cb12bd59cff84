using System.Globalization;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

/// <summary><c>GET /cases</c>: the cases a caller may read, oldest first, voided ones among them.</summary>
public static class ListCases
{
    /// <summary>Rows looked through for one page when a flag is asked for: flags are derived, no index finds them. The cursor goes on where the page stopped, be it short or empty.</summary>
    private const int MostScanned = 2_000;

    private sealed record Row(Guid CaseId, DateOnly CompletedOn, string? Province);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases", List)
        .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
        .Takes("institution", "operator", "technique", "from", "to", "flag", "timeliness", "limit", "cursor", "minPosition")
        .Describes<Page<CaseShown>>("Cases, oldest first; with `flag`, a page may be short although more follow", 200, 403, 503);

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.OptionalId("institution");
        var @operator = query.OptionalId("operator");
        var technique = query.OptionalText("technique");
        var from = query.OptionalDay("from");
        var to = query.OptionalDay("to");
        var flag = query.OptionalText("flag");
        if (flag is not null && !CaseFlags.All.Contains(flag))
            query.Fault("flag", "unknownValue", string.Join(", ", CaseFlags.All));
        var timeliness = query.OptionalChoice<ReportTimeliness>("timeliness");
        var limit = query.Limit();
        var position = query.Position();
        var after = After(query);
        var reference = await reads.Reference(http.RequestAborted);
        if (technique is not null && !reference.Regulations.Techniques.Contains(technique))
            query.Fault("technique", "unknownTechnique");
        if (query.Refused(http) is { } refused)
            return refused;
        if (await reads.Shown(http, position) is { } notShown)
            return notShown;
        // Asked for more than its own, a caller is told so, and not shown an empty list.
        if ((caller.Role == Role.Hospital && (institution ?? caller.Institution) != caller.Institution) || (caller.Role == Role.Physician && (@operator ?? caller.Physician) != caller.Physician))
            return Problem.Forbidden(http);
        if (caller.Role == Role.Hospital)
            institution = caller.Institution;
        if (caller.Role == Role.Physician)
            @operator = caller.Physician;

        await using var connection = await reads.Open(http.RequestAborted);
        var shown = new List<CaseShown>();
        string? next = null;
        for (var scanned = 0; ;)
        {
            var wanted = flag is null ? limit : Query.MaxLimit;
            var rows = await Rows(connection, caller, institution, @operator, technique is null ? [.. reference.Regulations.Techniques] : [technique], from, to, timeliness, flag, reads.Today, after, wanted + 1, http.RequestAborted);
            var more = rows.Count > wanted;
            rows = [.. rows.Take(wanted)];
            var page = await CaseShown.Of(connection, reference, await Found(log, caller, rows, http.RequestAborted), reads.Today, http.RequestAborted);
            scanned += rows.Count;
            foreach (var item in flag is null ? page : page.Where(c => c.Flags.Contains(flag)))
            {
                if (shown.Count == limit)
                {
                    // More than asked for in this chunk: the next page begins behind the last one shown.
                    more = true;
                    rows = [.. rows.TakeWhile(r => r.CaseId != shown[^1].CaseId), rows.First(r => r.CaseId == shown[^1].CaseId)];
                    break;
                }

                shown.Add(item);
            }

            if (rows.Count > 0)
                after = (rows[^1].CompletedOn, rows[^1].CaseId);
            if (!more || shown.Count >= limit || scanned >= MostScanned)
            {
                next = more ? Page.Cursor(after!.Value.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), after.Value.CaseId.ToString("D")) : null;
                break;
            }
        }

        await Patients.NoteReads(connection, caller, shown.Select(c => c.CaseId), http.RequestAborted);
        return Results.Json(Page.Of(shown, next), Json.Options);
    }

    private static (DateOnly Day, Guid CaseId)? After(Query query)
    {
        if (query.Cursor(2) is not { } keys)
            return null;
        if (DateOnly.TryParseExact(keys[0], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && Guid.TryParseExact(keys[1], "D", out var id))
            return (day, id);
        query.Fault("cursor", "invalidCursor");
        return null;
    }

    private static async Task<List<Row>> Rows(
        NpgsqlConnection connection,
        Caller caller,
        string? institution,
        string? @operator,
        string[] techniques,
        DateOnly? from,
        DateOnly? to,
        ReportTimeliness? timeliness,
        string? flag,
        DateOnly today,
        (DateOnly Day, Guid CaseId)? after,
        int count,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand { Connection = connection };
        var where = new List<string> { "f.technique = any($1)" };
        void Where(string condition, object value, NpgsqlDbType type)
        {
            command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });
            where.Add(string.Format(CultureInfo.InvariantCulture, condition, command.Parameters.Count));
        }

        command.Parameters.Add(new() { Value = techniques, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        if (institution is not null)
            Where("f.institution = ${0}", institution, NpgsqlDbType.Text);
        if (@operator is not null)
            Where("f.operator = ${0}", @operator, NpgsqlDbType.Text);
        if (caller.Role == Role.Regulator)
            Where("i.province = ${0}", caller.Province!, NpgsqlDbType.Text);
        if (from is not null)
            Where("f.completed_on >= ${0}", from.Value, NpgsqlDbType.Date);
        if (to is not null)
            Where("f.completed_on <= ${0}", to.Value, NpgsqlDbType.Date);
        if (timeliness is not null)
        {
            where.Add(timeliness switch
            {
                ReportTimeliness.Late => "f.received_on > f.deadline",
                ReportTimeliness.OnTime => "f.received_on <= f.deadline",
                _ => "f.deadline is null",
            });
        }

        // What can earn these flags an index finds; of one institution, for those that fall due. Whether it does is still asked of the case.
        if (flag == CaseFlags.LateOutcome)
            where.Add("f.late_outcome");
        else if (flag == CaseFlags.OutcomeStatementMissing && institution is not null)
            Where("f.statement_due < ${0}", today, NpgsqlDbType.Date);
        else if (flag == CaseFlags.FollowUpMissing && institution is not null)
            Where("f.follow_up_due < ${0}", today, NpgsqlDbType.Date);

        if (after is { } a)
        {
            command.Parameters.Add(new() { Value = a.Day, NpgsqlDbType = NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = a.CaseId, NpgsqlDbType = NpgsqlDbType.Uuid });
            where.Add($"(f.completed_on, f.case_id) > (${command.Parameters.Count - 1}, ${command.Parameters.Count})");
        }

        // Left join: what an institution not projected yet has reported is there for national, and for itself.
        command.CommandText = $"""
            select f.case_id, f.completed_on, i.province
            from case_facts f left join institutions i on i.id = f.institution
            where {string.Join(" and ", where)}
            order by f.completed_on, f.case_id
            limit {count}
            """;
        var rows = new List<Row>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add(new(reader.GetGuid(0), reader.GetFieldValue<DateOnly>(1), await reader.IsDBNullAsync(2, cancellation) ? null : reader.GetString(2)));
        return rows;
    }

    // The log may know more than the rows: what it moved out of reach a moment ago is not shown.
    private static async Task<IReadOnlyList<FoundCase>> Found(IEventStore log, Caller caller, IReadOnlyList<Row> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0)
            return [];
        var streams = (await log.ReadStreams([.. rows.Select(r => Case.Stream(r.CaseId))], cancellation: cancellation)).GroupBy(e => e.Stream).ToDictionary(g => g.Key, g => g.ToList());
        var found = new List<FoundCase>(rows.Count);
        foreach (var row in rows)
        {
            if (streams.TryGetValue(Case.Stream(row.CaseId), out var events)
                && FoundCase.Of(events) is var @case
                && caller.MayReadCase(@case.State.Key!.Institution, row.Province, @case.State.Key.Operator))
            {
                found.Add(@case);
            }
        }

        return found;
    }
}
