using System.Globalization;
using System.Text.Json;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Public;
using Compliance.Service.Qualifications;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>Who a round made a training base: the lists, and the duties (NC-DUTY-*) it attests and that are reviewed every year. Fraud substantiated since takes an institution off both lists.</summary>
public static class SelectedBases
{
    private const string Application = "/selection-rounds/{id}/applications/{institution}";

    private static readonly IReadOnlyList<Role> Bases = [Role.Hospital, Role.TrainingBase];

    /// <param name="Facts">The regulation's facts of the duties; whole, each time.</param>
    public sealed record DutiesRequest(IReadOnlyDictionary<string, JsonElement> Facts);

    public sealed record ReviewRequest(string Remark);

    /// <param name="AttestedOn">Since the last review; null where nothing was.</param>
    /// <param name="Unmet">Clauses of the duties: of a review as it found them, else as they stand.</param>
    /// <param name="Passed">Of the last review; null before the first.</param>
    /// <param name="ReviewDueOn">Last day for the next.</param>
    public sealed record DutiesWritten(Guid Round, string Institution, DateOnly? AttestedOn, IReadOnlyList<string> Unmet, DateOnly? ReviewedOn, bool? Passed, DateOnly? ReviewDueOn, long Position);

    /// <param name="Since">The day of the result.</param>
    /// <param name="AttestedOn">Its duties, since the last review; null where it has not.</param>
    /// <param name="ReviewPassed">Of the last review; null before the first.</param>
    /// <param name="ReviewDueOn">Last day for the next; null where the text names no duties.</param>
    public sealed record SelectedBase(
        NamedInstitution Institution, string Province, string Technique, Guid Round, string Number, DateOnly Since, DateOnly? AttestedOn, DateOnly? ReviewedOn, bool? ReviewPassed, DateOnly? ReviewDueOn);

    public sealed record SelectedBasesAnswer(IReadOnlyList<SelectedBase> Items, string? NextCursor, long Position);

    public sealed record PublicSelectedBase(NamedInstitution Institution, string Province, string Technique, Guid Round, DateOnly Since);

    public sealed record PublicSelectedBasesAnswer(IReadOnlyList<PublicSelectedBase> Items, string? NextCursor, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost(Application + "/duties", Attest).Allows(Bases).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<DutiesRequest, DutiesWritten>("Attests how a selected base does its duties, until they are reviewed", 200, 404, 409, 412, 422, 503);
        api.MapPost(Application + "/duties-review", Review).Allows(Role.National).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<ReviewRequest, DutiesWritten>("Reviews the duties of a selected base by what was attested since the last review; withdraws nothing by itself", 200, 404, 409, 412, 422, 503);
        api.MapGet("/selected-bases", List).Allows(Role.Regulator, Role.National).Takes("province", "limit", "cursor", "minPosition")
            .Describes<SelectedBasesAnswer>("Training bases that rounds of selection made, of the province or of all", 200, 400, 503);
        api.MapGet("/public/selected-bases", ListPublic).AllowsAnyone().Takes("province", "limit", "cursor", "minPosition")
            .Describes<PublicSelectedBasesAnswer>("Training bases that rounds of selection made", 200, 400, 503);
    }

    private static async Task<IResult> Attest(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var (id, institution) = (query.PathUuid("id"), query.PathId("institution"));
        var body = await Body.Read(http);
        if (query.Refused(http) is { } malformed)
        {
            return malformed;
        }

        if (caller.Institution != institution)
        {
            return Problem.Hidden(http);
        }

        var (round, regulation) = await Known(reads, log, id, http.RequestAborted);
        if (regulation is null)
        {
            return Problem.Refused(http, "noSuchSelectionRound");
        }

        var form = body.Root.Object("facts");
        var facts = new List<GivenFact>();
        foreach (var field in SelectionFacts.OfTheDuties(regulation))
        {
            if (form.OptionalRaw(field.Name) is not { } value)
            {
                continue;
            }

            if (!ApplicationEndpoints.Fits(field, value))
            {
                form.Fault(field.Name, "wrongType", new Term(Json.Name(field.Type)));
            }

            facts.Add(new(field.Name, value));
        }

        return body.Refused(http) ?? await answers.Command(
            http, caller, Aggregates.SelectionApplications, SelectionApplication.Stream(id, institution), body,
            (state, today) => SelectionApplication.AttestDuties(state, round, facts, today, caller.Actor()),
            (state, _) => (200, Written(state, round, regulation)));
    }

    private static async Task<IResult> Review(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var (id, institution) = (query.PathUuid("id"), query.PathId("institution"));
        var body = await Body.Read(http);
        var remark = body.Root.Text("remark", BodyObject.LongText, lines: true);
        if ((query.Refused(http) ?? body.Refused(http)) is { } wrong)
        {
            return wrong;
        }

        var (round, regulation) = await Known(reads, log, id, http.RequestAborted);
        return regulation is null ? Problem.Refused(http, "noSuchSelectionRound") : await answers.Command(
            http, caller, Aggregates.SelectionApplications, SelectionApplication.Stream(id, institution), body,
            (state, today) => SelectionApplication.ReviewDuties(state, round, regulation, remark, today, caller.Actor()),
            (state, _) => (200, Written(state, round, regulation)));
    }

    private static async Task<(SelectionRound.State Round, Regulation? Regulation)> Known(Reads reads, IEventStore log, Guid id, CancellationToken cancellation)
    {
        var round = await log.Round(id, cancellation);
        return (round, round.Call is { } call ? (await reads.Reference(cancellation)).Regulations.Find(call.Regulation, call.Version) : null);
    }

    private static DutiesWritten Written(SelectionApplication.State state, SelectionRound.State round, Regulation regulation)
    {
        var review = state.Reviews.LastOrDefault();
        var results = state.DutiesAttested is null && review is not null ? review.Results
            : regulation.Selection!.Duties is null ? []
            : SelectionFacts.Duties(regulation, state, state.DutiesAttested?.AttestedOn ?? round.Conclusion!.ConcludedOn);
        return new(
            state.Round, state.Institution!, state.DutiesAttested?.AttestedOn, [.. results.Where(r => !r.IsSatisfied).Select(r => r.Clause)], review?.ReviewedOn, review?.Passed,
            SelectionApplication.ReviewDueOn(state, round, regulation.Selection!), 0);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var (asked, refused) = await Ask(http, reads, query);
        if (asked is null)
        {
            return refused!;
        }

        if (DashboardEndpoints.OutOfReach(caller, asked.Province))
        {
            return Problem.Forbidden(http);
        }

        var page = Paged.Cut(await Find(reads, asked with { Province = caller.Role == Role.Regulator ? caller.Province : asked.Province }, http.RequestAborted), asked.Limit, Keys);
        return Results.Json(new SelectedBasesAnswer(page.Items, page.NextCursor, await reads.Position(http.RequestAborted)), Json.Options);
    }

    private static async Task<IResult> ListPublic(HttpContext http, Reads reads)
    {
        var (asked, refused) = await Ask(http, reads, Query.Of(http));
        if (asked is null)
        {
            return refused!;
        }

        var page = Paged.Cut(await Find(reads, asked, http.RequestAborted), asked.Limit, Keys);
        http.Response.Headers.CacheControl = $"public, max-age={RegisterEndpoints.CachedForSeconds}";
        return Results.Json(
            new PublicSelectedBasesAnswer(
                [.. page.Items.Select(b => new PublicSelectedBase(b.Institution, b.Province, b.Technique, b.Round, b.Since))], page.NextCursor, await reads.Position(http.RequestAborted)),
            Json.Options);
    }

    private sealed record Asked(string? Province, int Limit, string Institution, Guid Round);

    private static async Task<(Asked? Asked, IResult? Refused)> Ask(HttpContext http, Reads reads, Query query)
    {
        var (province, limit, cursor, minPosition) = (query.OptionalText("province"), query.Limit(), query.Cursor(keys: 2), query.Position());
        DashboardEndpoints.CheckProvince(query, province);
        Guid round = default;
        if (cursor is not null && !Guid.TryParseExact(cursor[1], "D", out round))
        {
            query.Fault("cursor", "invalidCursor");
        }

        return (query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused ? (null, refused) : (new(province, limit, cursor?[0] ?? "", round), null);
    }

    private static IReadOnlyList<string> Keys(SelectedBase row) => [row.Institution.Id, row.Round.ToString("D", CultureInfo.InvariantCulture)];

    private static async Task<IReadOnlyList<SelectedBase>> Find(Reads reads, Asked asked, CancellationToken cancellation)
    {
        var regulations = (await reads.Reference(cancellation)).Regulations;
        await using var connection = await reads.Open(cancellation);
        await using var command = new NpgsqlCommand(
            """
            select i.id, i.name, i.province, r.technique, r.round, r.number, r.concluded_on, a.attested_on, a.reviewed_on, a.passed, r.regulation, r.version
            from selection_outcomes o
            join selection_rounds r on r.round = o.round
            join selection_applications a on a.round = o.round and a.institution = o.institution
            join institutions i on i.id = o.institution
            where o.outcome = 'selected' and r.concluded_on is not null and not a.cancelled and ($1 is null or i.province = $1) and (i.id, r.round) > ($2, $3)
            order by i.id, r.round
            limit $4
            """,
            connection);
        command.Parameters.Add(new() { Value = (object?)asked.Province ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = asked.Institution });
        command.Parameters.Add(new() { Value = asked.Round });
        command.Parameters.Add(new() { Value = asked.Limit + 1 });
        var rows = new List<SelectedBase>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        DateOnly? Day(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateOnly>(column);
        while (await reader.ReadAsync(cancellation))
        {
            var since = Day(6)!.Value;
            rows.Add(new(
                new(reader.GetString(0), reader.GetString(1)), reader.GetString(2), reader.GetString(3), reader.GetGuid(4), reader.GetString(5), since, Day(7), Day(8),
                reader.IsDBNull(9) ? null : reader.GetBoolean(9),
                regulations.Find(reader.GetString(10), reader.GetInt32(11))?.Selection?.ReviewEveryMonths is { } months ? (Day(8) ?? since).AddMonths(months) : null));
        }

        return rows;
    }
}
