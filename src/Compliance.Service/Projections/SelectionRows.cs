using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Rounds of selection, who applied in them, and what was published of whom. Forms, scores and rankings stand in the streams alone.</summary>
internal static class SelectionRows
{
    public static async Task WriteRounds(NpgsqlConnection connection, IReadOnlyList<SelectionRound.State> states, CancellationToken cancellation)
    {
        await connection.Execute(
            """
            insert into selection_rounds (round, number, title, technique, opens_on, closes_at, published_on, objections_until, concluded_on, regulation, version)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::timestamptz[], $7::date[], $8::date[], $9::date[], $10::text[], $11::integer[])
            on conflict (round) do update set published_on = excluded.published_on, objections_until = excluded.objections_until, concluded_on = excluded.concluded_on
            """,
            cancellation,
            states.Select(s => s.Call!.Round).ToArray(),
            states.Select(s => s.Call!.Number).ToArray(),
            states.Select(s => s.Call!.Title).ToArray(),
            states.Select(s => s.Call!.Technique).ToArray(),
            states.Select(s => s.Call!.OpensOn).ToArray(),
            states.Select(s => s.Call!.ClosesAt.ToUniversalTime()).ToArray(),
            states.Select(s => s.Publications.LastOrDefault()?.PublishedOn).ToArray(),
            states.Select(s => s.Publications.LastOrDefault()?.ObjectionsUntil).ToArray(),
            states.Select(s => s.Conclusion?.ConcludedOn).ToArray(),
            states.Select(s => s.Call!.Regulation).ToArray(),
            states.Select(s => s.Call!.Version).ToArray());
        await connection.Execute("delete from selection_outcomes where round = any($1)", cancellation, states.Select(s => s.Call!.Round).ToArray());
        var outcomes = states.SelectMany(s => (s.Conclusion?.Outcomes ?? s.Publications.LastOrDefault()?.Outcomes ?? []).Select(o => (s.Call!.Round, o))).ToList();
        await connection.Execute(
            "insert into selection_outcomes (round, institution, outcome) select * from unnest($1::uuid[], $2::text[], $3::text[])",
            cancellation,
            outcomes.Select(x => x.Round).ToArray(),
            outcomes.Select(x => x.o.Institution).ToArray(),
            outcomes.Select(x => Http.Json.Name(x.o.Outcome)).ToArray());
    }

    public static Task WriteApplications(NpgsqlConnection connection, IReadOnlyList<SelectionApplication.State> states, CancellationToken cancellation) =>
        connection.Execute(
            """
            insert into selection_applications (round, institution, submitted, cancelled, attested_on, reviewed_on, passed)
            select * from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::date[], $6::date[], $7::boolean[])
            on conflict (round, institution) do update
            set submitted = excluded.submitted, cancelled = excluded.cancelled, attested_on = excluded.attested_on, reviewed_on = excluded.reviewed_on, passed = excluded.passed
            """,
            cancellation,
            states.Select(s => s.Round).ToArray(),
            states.Select(s => s.Institution!).ToArray(),
            states.Select(s => s.Submission is not null).ToArray(),
            states.Select(s => s.IsCancelled).ToArray(),
            states.Select(s => s.DutiesAttested?.AttestedOn).ToArray(),
            states.Select(s => s.Reviews.LastOrDefault()?.ReviewedOn).ToArray(),
            states.Select(s => s.Reviews.LastOrDefault()?.Passed).ToArray());
}
