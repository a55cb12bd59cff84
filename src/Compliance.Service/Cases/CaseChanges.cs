using System.Globalization;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

/// <param name="At">When the log learnt of it.</param>
/// <param name="On">The same as a day in Asia/Shanghai.</param>
/// <param name="Request">The request it is, decides, or grants.</param>
/// <param name="Asked">Of a request, what it asks for.</param>
/// <param name="Agreed">Of a decision.</param>
/// <param name="Changes">Of a request what would change; of a decision nothing.</param>
/// <param name="CountedBefore">Whose figures the case counted in; null for one voided.</param>
/// <param name="CountedAfter">Whose it counts in since.</param>
/// <param name="Moved">What it did to their figures; null when nothing.</param>
public sealed record CaseChangeShown(
    Guid CaseId,
    string Institution,
    string CaseNumber,
    ChangeKind What,
    DateTimeOffset At,
    DateOnly On,
    long Position,
    Actor By,
    string Reason,
    Guid? Request,
    RequestedChange? Asked,
    bool? Agreed,
    IReadOnlyList<ValueChange> Changes,
    CountedAt? CountedBefore,
    CountedAt? CountedAfter,
    Moved? Moved);

/// <summary>
/// <c>GET /cases/{caseId}/changes</c> and <c>GET /changes</c>: what was corrected, voided, withdrawn, declared anew, asked for and decided, with before and after, reason and person. Of patients only that something changed: whoever may read
/// the present ones reads them with the case.
/// </summary>
public static class CaseChanges
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/cases/{caseId}/changes", OfCase)
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
            .Takes("minPosition")
            .Describes<Page<CaseChangeShown>>("Every change to a case since it was reported, the oldest first, with what stood before and after", 200, 404, 503);
        api.MapGet("/changes", List)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes("institution", "operator", "technique", "from", "to", "kind", "limit", "cursor", "minPosition")
            .Describes<Page<CaseChangeShown>>(
                "Changes to cases by the day they were recorded on, the newest first; a case moved from one operator or technique to another is found with both. `kind`: `correction`, `void`, `withdrawal`, `relation`, `adjudication`, `request` or `decision`",
                200,
                403,
                503);
    }

    private static async Task<IResult> OfCase(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId)
    {
        var query = Query.Of(http);
        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (await CaseAccess.ForReading(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var events = await log.ReadStream(Case.Stream(found.CaseId), cancellation: http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        await Patients.NoteReads(connection, caller, [found.CaseId], http.RequestAborted);
        ETags.Set(http, events[^1].Version);
        return Results.Json(Page.Of(In(events), nextCursor: null), Json.Options);
    }

    /// <summary>The changes that the events of one case made, in their order.</summary>
    private static List<CaseChangeShown> In(IEnumerable<RecordedEvent> events)
    {
        var shown = new List<CaseChangeShown>();
        var state = Case.State.Initial;
        foreach (var recorded in events)
        {
            var e = (Case.Event)recorded.Data;
            if (CaseChange.Of(state, e) is { } change)
            {
                shown.Add(new(
                    e.Case.CaseId,
                    e.Case.Institution,
                    state.CaseNumber,
                    change.What,
                    recorded.RecordedAt,
                    Shanghai.DayOf(recorded.RecordedAt),
                    recorded.Position,
                    e.By,
                    change.Reason,
                    change.Request,
                    change.Asked,
                    change.Agreed,
                    change.Changes,
                    change.CountedBefore,
                    change.CountedAfter,
                    change.Moved));
            }

            state = Case.Evolve(state, e);
        }

        return shown;
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.OptionalId("institution");
        var @operator = query.OptionalId("operator");
        var technique = query.OptionalText("technique");
        var from = query.OptionalDay("from");
        var to = query.OptionalDay("to");
        var kind = query.OptionalChoice<ChangeKind>("kind");
        var limit = query.Limit();
        var before = Before(query);
        var position = query.Position();
        await Metrics.MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (caller.Role == Role.Hospital && (institution ??= caller.Institution) != caller.Institution)
            return Problem.Forbidden(http);

        await using var connection = await reads.Open(http.RequestAborted);
        var rows = await Rows(connection, caller, institution, @operator, technique, from, to, kind, before, limit + 1, http.RequestAborted);
        var page = rows.Take(limit).ToList();
        var events = page.Count == 0 ? [] : await log.ReadStreams([.. page.Select(r => Case.Stream(r.CaseId)).Distinct()], cancellation: http.RequestAborted);
        var changes = events.GroupBy(e => e.Stream).SelectMany(In).ToDictionary(c => c.Position);
        await Patients.NoteReads(connection, caller, page.Select(r => r.CaseId).Distinct(), http.RequestAborted);
        return Results.Json(
            Page.Of(
                [.. page.Select(r => changes[r.Position])],
                rows.Count > limit ? Page.Cursor(page[^1].Day.ToString("O", CultureInfo.InvariantCulture), page[^1].Position.ToString(CultureInfo.InvariantCulture)) : null),
            Json.Options);
    }

    private static (DateOnly Day, long Position)? Before(Query query)
    {
        if (query.Cursor(2) is not { } keys)
            return null;
        if (DateOnly.TryParseExact(keys[0], "O", out var day) && long.TryParse(keys[1], NumberStyles.None, CultureInfo.InvariantCulture, out var position))
            return (day, position);
        query.Fault("cursor", "invalidCursor");
        return null;
    }

    private static async Task<List<(DateOnly Day, long Position, Guid CaseId)>> Rows(
        NpgsqlConnection connection,
        Caller caller,
        string? institution,
        string? @operator,
        string? technique,
        DateOnly? from,
        DateOnly? to,
        ChangeKind? kind,
        (DateOnly Day, long Position)? before,
        int count,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand { Connection = connection };
        var where = new List<string>();
        // Conditions are written only where something was asked: each combination is a statement with a plan of its own.
        void Where(string condition, NpgsqlDbType type, object? value)
        {
            if (value is null)
                return;
            command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });
            where.Add(string.Format(CultureInfo.InvariantCulture, condition, command.Parameters.Count));
        }

        Where("c.institution = ${0}", NpgsqlDbType.Text, institution);
        Where("c.operator = ${0}", NpgsqlDbType.Text, @operator);
        Where("c.technique = ${0}", NpgsqlDbType.Text, technique);
        Where("c.kind = ${0}", NpgsqlDbType.Text, kind is { } k ? Json.Name(k) : null);
        Where("c.day >= ${0}", NpgsqlDbType.Date, from);
        Where("c.day <= ${0}", NpgsqlDbType.Date, to);
        // A province's are the newest of each of its institutions, merged: read by day, they would lie anywhere among the nation's. Those of one institution or operator are few as it is.
        var merged = caller.Role == Role.Regulator && institution is null && @operator is null;
        if (merged)
            where.Add("c.institution = i.id");
        else
            Where("c.institution in (select i.id from institutions i where i.province = ${0})", NpgsqlDbType.Text, caller.Role == Role.Regulator ? caller.Province : null);
        if (before is { } b)
        {
            command.Parameters.Add(new() { Value = b.Day, NpgsqlDbType = NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = b.Position, NpgsqlDbType = NpgsqlDbType.Bigint });
            where.Add($"(c.day, c.position) < (${command.Parameters.Count - 1}, ${command.Parameters.Count})");
        }

        // A change that moved a case has a row for each place.
        var newest = $"""
            select distinct on (c.day, c.position) c.day, c.position, c.case_id
            from case_changes c
            {(where.Count > 0 ? "where " + string.Join(" and ", where) : "")}
            order by c.day desc, c.position desc
            limit {count}
            """;
        if (merged)
            command.Parameters.Add(new() { Value = caller.Province, NpgsqlDbType = NpgsqlDbType.Text });
        command.CommandText = merged
            ? $"select c.* from institutions i cross join lateral ({newest}) c where i.province = ${command.Parameters.Count} order by c.day desc, c.position desc limit {count}"
            : newest;
        var rows = new List<(DateOnly, long, Guid)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add((reader.GetFieldValue<DateOnly>(0), reader.GetInt64(1), reader.GetGuid(2)));
        return rows;
    }
}
