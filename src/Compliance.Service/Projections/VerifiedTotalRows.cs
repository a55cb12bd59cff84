using Compliance.Cases;
using Compliance.Metrics;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>A total that stands, with what was reported of its period by what the rows show.</summary>
public sealed record TotalReported(DaySpan Period, ReportedShare Cases);

/// <summary>Whose totals, and within which days.</summary>
internal readonly record struct TotalsAsked(string Institution, string Technique, DaySpan Within);

/// <summary>Independently counted totals as rows: those that stand.</summary>
internal static class VerifiedTotalRows
{
    /// <summary>Writes the totals of institutions and techniques as their states say.</summary>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<VerifiedTotals.State> states, CancellationToken cancellation)
    {
        await connection.Execute(
            "delete from verified_totals t using unnest($1::text[], $2::text[]) as k (institution, technique) where t.institution = k.institution and t.technique = k.technique",
            cancellation,
            states.Select(s => s.Institution).ToArray(),
            states.Select(s => s.Technique).ToArray());
        var standing = states.SelectMany(s => s.Standing.Select(t => (s.Institution, s.Technique, Total: t))).ToList();
        await connection.Execute(
            "insert into verified_totals (institution, technique, from_on, to_on, cases) select * from unnest($1::text[], $2::text[], $3::date[], $4::date[], $5::int[])",
            cancellation,
            standing.Select(x => x.Institution).ToArray(),
            standing.Select(x => x.Technique).ToArray(),
            standing.Select(x => x.Total.Period.From).ToArray(),
            standing.Select(x => x.Total.Period.To).ToArray(),
            standing.Select(x => x.Total.Count!.Cases).ToArray());
    }

    /// <summary>The totals that lie wholly within the days asked, and, if wanted, the latest of all; in the order asked, and of each by their periods.</summary>
    public static async Task<ILookup<int, TotalReported>> Read(NpgsqlConnection connection, IReadOnlyList<TotalsAsked> asked, bool andLatest, CancellationToken cancellation)
    {
        var found = new List<(int At, TotalReported Total)>();
        if (asked.Count > 0)
        {
            await using var command = new NpgsqlCommand(
                """
                select k.ord, t.from_on, t.to_on, t.cases, d.cases
                from unnest($1::text[], $2::text[], $3::date[], $4::date[]) with ordinality as k (institution, technique, from_on, to_on, ord)
                cross join lateral (
                    select v.from_on, v.to_on, v.cases from verified_totals v
                    where v.institution = k.institution and v.technique = k.technique and v.from_on >= k.from_on and v.to_on <= k.to_on
                    union
                    (select v.from_on, v.to_on, v.cases from verified_totals v
                     where v.institution = k.institution and v.technique = k.technique and $5 order by v.to_on desc limit 1)) t
                cross join lateral (
                    select coalesce(sum(i.cases), 0)::int as cases from institution_days i
                    where i.institution = k.institution and i.technique = k.technique and i.day between t.from_on and t.to_on) d
                order by k.ord, t.to_on
                """,
                connection);
            command.Parameters.Add(new() { Value = asked.Select(a => a.Institution).ToArray() });
            command.Parameters.Add(new() { Value = asked.Select(a => a.Technique).ToArray() });
            command.Parameters.Add(new() { Value = asked.Select(a => a.Within.From).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = asked.Select(a => a.Within.To).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = andLatest });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                found.Add(((int)reader.GetInt64(0) - 1, new(
                    new(reader.GetFieldValue<DateOnly>(1), reader.GetFieldValue<DateOnly>(2)), new(reader.GetInt32(3), reader.GetInt32(4)))));
            }
        }

        return found.ToLookup(f => f.At, f => f.Total);
    }
}
