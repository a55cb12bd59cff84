using System.Globalization;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

/// <summary>Something owed about a case.</summary>
/// <param name="Number">Which of several of a kind, a follow-up's interval in days; 0 where there is one.</param>
/// <param name="CaseId">Null for a notice that matches no case, or several.</param>
/// <param name="Operator">Of record; null where it was not said yet, and of a notice.</param>
/// <param name="OpensOn">The first day on which it can be done.</param>
/// <param name="DueOn">The last day on which it is in time.</param>
/// <param name="Provisional">True while that day rests on a calendar not yet published.</param>
public sealed record ObligationShown(
    ObligationKind Kind,
    int Number,
    Guid? CaseId,
    Guid? NoticeId,
    string Institution,
    string CaseNumber,
    string Technique,
    string? Operator,
    DateOnly CompletedOn,
    DateOnly OpensOn,
    DateOnly DueOn,
    bool Provisional,
    ObligationState State);

/// <summary>How many obligations there are in each state, on all pages.</summary>
public sealed record ObligationCounts(int Overdue, int DueToday, int DueSoon, int DueLater);

/// <param name="Counts">Of the kind and technique asked for, whatever <c>due</c> leaves out.</param>
public sealed record ObligationPage(IReadOnlyList<ObligationShown> Items, string? NextCursor, ObligationCounts Counts);

/// <summary>
/// <c>GET /institutions/{id}/obligations</c> and the same of a physician: what is owed now and not yet done, the most pressing first. With <c>asOf</c> it is looked at from
/// another day: what is still owed today, as it stood then.
/// </summary>
public static class Obligations
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/institutions/{id}/obligations", OfInstitution)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes("kind", "technique", "due", "asOf", "limit", "cursor", "minPosition")
            .Describes<ObligationPage>("What an institution owes about its cases: overdue, due today, soon, later", 200, 403, 404, 503);
        api.MapGet("/physicians/{id}/obligations", OfPhysician)
            .Allows(Role.Physician)
            .Takes("kind", "technique", "due", "asOf", "limit", "cursor", "minPosition")
            .Describes<ObligationPage>("What is owed about a physician's own cases, by whichever institution", 200, 403, 503);
    }

    private static Task<IResult> OfInstitution(HttpContext http, Caller caller, Reads reads, IEventStore log) => List(http, caller, reads, log, "institution", async id =>
    {
        var place = await CaseAccess.PlaceOf(reads, log, id, http.RequestAborted);
        return !caller.MayReadInstitution(id, place?.Province) ? Problem.Forbidden(http) : place is null ? Problem.Refused(http, "noSuchInstitution") : null;
    });

    private static Task<IResult> OfPhysician(HttpContext http, Caller caller, Reads reads, IEventStore log) =>
        List(http, caller, reads, log, "operator", id => Task.FromResult(caller.Physician == id ? null : Problem.Forbidden(http)));

    /// <param name="column">By which the obligations are the subject's own.</param>
    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log, string column, Func<string, Task<Problem?>> outOfReach)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var kind = query.OptionalChoice<ObligationKind>("kind");
        var technique = query.OptionalText("technique");
        var due = query.OptionalChoice<ObligationState>("due");
        var asOf = reads.AsOf(query);
        var limit = query.Limit();
        var after = After(query);
        var position = query.Position();
        var reference = await reads.Reference(http.RequestAborted);
        if (technique is not null && !reference.Regulations.Techniques.Contains(technique))
            query.Fault("technique", "unknownTechnique");
        if ((query.Refused(http) ?? await outOfReach(id) ?? await reads.Shown(http, position)) is { } refused)
            return refused;

        var days = DueDays.On(reference.Calendar, asOf);
        await using var connection = await reads.Open(http.RequestAborted);
        var found = await Read(connection, column, id, kind, technique, days.Of(due), after, limit + 1, http.RequestAborted);
        var counts = await Count(connection, column, id, kind, technique, days, http.RequestAborted);
        var page = Paged.Cut(found, limit, o => [o.DueOn.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), Json.Name(o.Kind), o.Id.ToString("D"), o.Number.ToString(CultureInfo.InvariantCulture)]);
        var owed = await ObligationDetails.Of(connection, log, reference, page.Items, http.RequestAborted);
        // Which patient was treated when, by the hospital's own number, is patient-level data too.
        await Patients.NoteReads(connection, caller, owed.Select(o => o.CaseId).Where(c => c != Guid.Empty).Distinct(), http.RequestAborted);
        return Results.Json(
            new ObligationPage(
                [.. owed.Select(o => new ObligationShown(
                    o.Kind, o.Number, o.CaseId == Guid.Empty ? null : o.CaseId, o.NoticeId, o.Institution, o.CaseNumber, o.Technique, o.Operator, o.CompletedOn, o.OpensOn, o.DueOn, o.Provisional, days.StateOf(o.DueOn)))],
                page.NextCursor,
                counts),
            Json.Options);
    }

    private static (DateOnly DueOn, string Kind, Guid Id, int Number)? After(Query query)
    {
        if (query.Cursor(4) is not { } keys)
            return null;
        if (DateOnly.TryParseExact(keys[0], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var dueOn)
            && Json.Names<ObligationKind>().ContainsKey(keys[1])
            && Guid.TryParseExact(keys[2], "D", out var id)
            && int.TryParse(keys[3], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return (dueOn, keys[1], id, number);
        query.Fault("cursor", "invalidCursor");
        return null;
    }

    private static async Task<IReadOnlyList<ObligationKey>> Read(
        NpgsqlConnection connection,
        string column,
        string id,
        ObligationKind? kind,
        string? technique,
        (DateOnly From, DateOnly To) days,
        (DateOnly DueOn, string Kind, Guid Id, int Number)? after,
        int count,
        CancellationToken cancellation)
    {
        await using var command = Of(
            $"""
             select o.kind, o.number, o.id, o.due_on
             from obligations o
             where o.{column} = $1 and ($2 is null or o.kind = $2) and ($3 is null or o.technique = $3) and o.due_on between $4 and $5
               and ($6 is null or (o.due_on, o.kind, o.id, o.number) > ($6, $7, $8, $9))
             order by o.due_on, o.kind, o.id, o.number
             limit $10
             """,
            connection,
            id,
            kind,
            technique,
            days.From,
            days.To);
        command.Parameters.Add(new() { Value = after is { } a ? a.DueOn : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = after?.Kind ?? "", NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = after?.Id ?? Guid.Empty, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = after?.Number ?? 0, NpgsqlDbType = NpgsqlDbType.Integer });
        command.Parameters.Add(new() { Value = count });
        var found = new List<ObligationKey>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            found.Add(new(Json.Names<ObligationKind>()[reader.GetString(0)], reader.GetInt32(1), reader.GetGuid(2), reader.GetFieldValue<DateOnly>(3)));
        return found;
    }

    private static async Task<ObligationCounts> Count(NpgsqlConnection connection, string column, string id, ObligationKind? kind, string? technique, DueDays days, CancellationToken cancellation)
    {
        await using var command = Of(
            $"""
             select count(*) filter (where o.due_on < $4), count(*) filter (where o.due_on = $4), count(*) filter (where o.due_on > $4 and o.due_on <= $5), count(*) filter (where o.due_on > $5)
             from obligations o
             where o.{column} = $1 and ($2 is null or o.kind = $2) and ($3 is null or o.technique = $3)
             """,
            connection,
            id,
            kind,
            technique,
            days.AsOf,
            days.SoonUntil);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new((int)reader.GetInt64(0), (int)reader.GetInt64(1), (int)reader.GetInt64(2), (int)reader.GetInt64(3));
    }

    private static NpgsqlCommand Of(string sql, NpgsqlConnection connection, string id, ObligationKind? kind, string? technique, DateOnly from, DateOnly to) => new(sql, connection)
    {
        Parameters =
        {
            new() { Value = id },
            new() { Value = kind is { } k ? Json.Name(k) : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            new() { Value = (object?)technique ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            new() { Value = from, NpgsqlDbType = NpgsqlDbType.Date },
            new() { Value = to, NpgsqlDbType = NpgsqlDbType.Date },
        },
    };

    /// <summary>How many things of each kind an institution owes on each day.</summary>
    public static async Task<IReadOnlyList<DueCount>> ByDay(NpgsqlConnection connection, string institution, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select o.due_on, o.kind, count(*) from obligations o where o.institution = $1 group by o.due_on, o.kind", connection);
        command.Parameters.Add(new() { Value = institution });
        var due = new List<DueCount>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            due.Add(new(reader.GetFieldValue<DateOnly>(0), Json.Names<ObligationKind>()[reader.GetString(1)], (int)reader.GetInt64(2)));
        return due;
    }
}
