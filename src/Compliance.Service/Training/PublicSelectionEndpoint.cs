using Compliance.Service.Http;
using Compliance.Service.Public;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Training;

/// <summary>Rounds of selection as the public sees them once they are published (NC-PUBLISH): institutions by name, and the outcome.</summary>
public static class PublicSelectionEndpoint
{
    /// <param name="Outcome">Who did not meet the conditions is not selected, and no more is said of it.</param>
    public sealed record PublicOutcome(NamedInstitution Institution, SelectionOutcome Outcome);

    public sealed record PublicRound(
        Guid Round, string Number, string Title, string Technique, DateOnly OpensOn, DateTimeOffset ClosesAt, DateOnly PublishedOn, DateOnly ObjectionsUntil, DateOnly? ConcludedOn, IReadOnlyList<PublicOutcome> Outcomes);

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/public/selection-rounds", List).AllowsAnyone().Takes("limit", "cursor", "minPosition")
            .Describes<Page<PublicRound>>("Rounds of selection whose outcome is published, the one that closed last first", 200, 400, 503);

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var (rows, limit, refused) = await SelectionRoundEndpoints.Rows(http, reads, publishedOnly: true);
        if (rows is null)
        {
            return refused!;
        }

        var outcomes = await Outcomes(reads, [.. rows.Select(r => r.Round)], http.RequestAborted);
        http.Response.Headers.CacheControl = $"public, max-age={RegisterEndpoints.CachedForSeconds}";
        var page = Paged.Cut(rows, limit, SelectionRoundEndpoints.Keys);
        return Results.Json(
            new Page<PublicRound>(
                [.. page.Items.Select(r => new PublicRound(r.Round, r.Number, r.Title, r.Technique, r.OpensOn, r.ClosesAt, r.PublishedOn!.Value, r.ObjectionsUntil!.Value, r.ConcludedOn, [.. outcomes[r.Round]]))],
                page.NextCursor),
            Json.Options);
    }

    private static async Task<ILookup<Guid, PublicOutcome>> Outcomes(Reads reads, Guid[] rounds, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        await using var command = new NpgsqlCommand(
            """
            select o.round, o.institution, i.name, case when a.cancelled then 'cancelled' when o.outcome = 'notEligible' then 'notSelected' else o.outcome end
            from selection_outcomes o
            join selection_applications a on a.round = o.round and a.institution = o.institution
            left join institutions i on i.id = o.institution
            where o.round = any($1)
            order by o.institution
            """,
            connection);
        command.Parameters.Add(new() { Value = rounds });
        var found = new List<(Guid Round, PublicOutcome Outcome)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found.Add((reader.GetGuid(0), new(new(reader.GetString(1), await reader.IsDBNullAsync(2, cancellation) ? null : reader.GetString(2)), Json.Names<SelectionOutcome>()[reader.GetString(3)])));
        }

        return found.ToLookup(f => f.Round, f => f.Outcome);
    }
}
