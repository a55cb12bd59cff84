using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Qualifications;

/// <summary>What the system proposes, and the person who decides.</summary>
public static class ProposalEndpoints
{
    /// <param name="JudgedOn">The closed day; null for a revocation, which follows from a reassessment.</param>
    /// <param name="Held">True when the monitor would have suspended, but too many fell at once.</param>
    public sealed record PendingProposal(
        Guid ProposalId, DashboardEndpoints.NamedSubject Subject, string Technique, string Province, Sanction Sanction, bool Held, DateOnly? JudgedOn, GroundsShown? Grounds);

    public sealed record ProposalsAnswer(IReadOnlyList<PendingProposal> Items, string? NextCursor, long Position);

    public sealed record DecideRequest(bool Agree, string Reason);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/proposals", List)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "province", "limit", "cursor", "minPosition")
            .Describes<ProposalsAnswer>("Proposals that wait for a decision", 200, 400, 503);
        api.MapPost("/proposals/{id}/decide", Decide)
            .Allows(Role.Regulator, Role.National).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<DecideRequest, QualificationEndpoints.QualificationAnswer>("Agrees to a proposal, which then takes effect tomorrow, or declines it", 200, 404, 409, 412, 422, 503);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 4);
        if (cursor is not null && !Guid.TryParseExact(cursor[3], "D", out _))
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

        // The monitor proposes: a position it has not dealt with may be about to add to the list.
        if ((await reads.Judged(http, minPosition) ?? await reads.Shown(http, minPosition)) is { } late)
        {
            return late;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select p.kind, p.subject, coalesce(i.name, d.name, p.subject), p.technique, p.doc
            from proposals p
            left join institutions i on p.kind = 'institution' and i.id = p.subject
            left join physicians d on p.kind = 'physician' and d.id = p.subject
            where p.pending and ($1 is null or p.technique = $1) and ($2 is null or p.province = $2)
              and ($3 is null or (p.technique, p.kind, p.subject, p.proposal_id) > ($3, $4, $5, $6::uuid))
            order by p.technique, p.kind, p.subject, p.proposal_id
            limit $7
            """,
            snapshot.Connection);
        DashboardEndpoints.Add(command, technique);
        DashboardEndpoints.Add(command, caller.Role == Role.Regulator ? caller.Province : province);
        for (var i = 0; i < 4; i++)
        {
            DashboardEndpoints.Add(command, cursor?[i]);
        }

        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<PendingProposal>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            var shown = ProposalShown.Of(JsonSerializer.Deserialize(reader.GetString(4), StoredJson.Default.Proposal)!, reference.Regulations);
            items.Add(new(
                shown.ProposalId,
                new(Json.Names<SubjectKind>()[reader.GetString(0)], reader.GetString(1), reader.GetString(2)),
                reader.GetString(3),
                shown.Province,
                shown.Sanction,
                shown.Held,
                shown.JudgedOn,
                shown.Grounds));
        }

        var page = Paged.Cut(items, limit, p => [p.Technique, Json.Name(p.Subject.Kind), p.Subject.Id, p.ProposalId.ToString("D")]);
        return Results.Json(new ProposalsAnswer(page.Items, page.NextCursor, snapshot.Position), Json.Options);
    }

    private static async Task<IResult> Decide(HttpContext http, Caller caller, Answers answers, Reads reads, NpgsqlDataSource database, IEventStore log)
    {
        var query = Query.Of(http);
        var proposalId = query.PathUuid("id");
        var body = await Body.Read(http);
        var agree = body.Root.Flag("agree");
        var reason = body.Root.Text("reason", BodyObject.LongText, lines: true);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        if (await Find(database, log, proposalId, http.RequestAborted) is not { } id)
        {
            return Problem.Refused(http, "noSuchProposal");
        }

        var reference = await reads.Reference(http.RequestAborted);
        // Asked inside the decision, so that it is the state written upon that allows it.
        var allowed = true;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Qualifications,
            Qualification.Stream(id),
            body,
            (state, today) =>
            {
                var proposal = state.Proposals.FirstOrDefault(p => p.Id == proposalId);
                allowed = proposal is null || caller.ActsIn(proposal.Province);
                if (!allowed)
                {
                    return Refusal.Conflict("forbidden");
                }

                // The period of the regulation the proposal was judged by; a revocation has none.
                var regulation = (proposal?.Grounds is { } grounds ? reference.Regulations.Find(grounds.Regulation, grounds.Version) : null)
                    ?? reference.Regulations.ForDefinitions(id.Technique, today)!;
                return Qualification.DecideProposal(state, proposalId, agree, reason, regulation.InPractice.Proceedings.RectificationMonths, today, caller.Actor());
            },
            (state, _) => (200, QualificationShown.Of(state, answers.Today, reference.Regulations, inner: true)),
            reference: true);
        return allowed ? result : Problem.Forbidden(http);
    }

    /// <summary>Whose qualification a proposal is about. One read from the log a moment ago may not stand in the rows yet: asked again once they have come as far.</summary>
    private static async Task<QualificationId?> Find(NpgsqlDataSource database, IEventStore log, Guid proposalId, CancellationToken cancellation)
    {
        if (await Row(database, proposalId, cancellation) is { } found)
        {
            return found;
        }

        var head = await log.Head(cancellation);
        return await Checkpoints.Read(database, ReadSchema.Living.Rows, cancellation) < head
            && await Checkpoints.WaitFor(database, ReadSchema.Living.Rows, head, Checkpoints.LongestWait, cancellation)
            ? await Row(database, proposalId, cancellation)
            : null;
    }

    private static async Task<QualificationId?> Row(NpgsqlDataSource database, Guid proposalId, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select kind, subject, technique from proposals where proposal_id = $1");
        command.Parameters.Add(new() { Value = proposalId });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? new(new(Json.Names<SubjectKind>()[reader.GetString(0)], reader.GetString(1)), reader.GetString(2)) : null;
    }
}
