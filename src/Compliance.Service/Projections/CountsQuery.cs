using Compliance.Metrics;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>Days of one subject to be counted, and the day as of which reports are late or overdue.</summary>
public readonly record struct CountsAsked(Subject Subject, string Technique, DaySpan Days, DateOnly AsOf);

/// <summary>
/// What happened on a span of days: for an institution the sums of <c>institution_days</c>, at most 366 small rows a year
/// however many cases there are; for a physician the cases themselves, no more than one person can do.
/// </summary>
public static class CountsQuery
{
    private const string Many = "unnest($1::text[], $2::text[], $3::date[], $4::date[], $5::date[]) with ordinality";

    // The planner looks through this, as though the values stood in the statement; over arrays it plans anew for every call.
    private const string One = "(values ($1::text, $2::text, $3::date, $4::date, $5::date, 1::bigint))";

    // A case reported late is overdue as of a day before its report, and neither late nor overdue before its deadline. So is a procedure announced and not
    // reported at all: `procedures` holds no other, so that nothing is counted twice.
    // The days of the late ones are no key to be looked up (hence the zero): the planner would read all cases of the year to find the few that were received since.
    private static readonly Statement OfInstitutions = new("""
        select k.ord, d.cases, d.diagnostic, d.therapeutic, d.level3plus, d.level3plus_therapeutic, d.severe, d.therapeutic_severe, d.death, d.therapeutic_death,
               d.possible_severe, d.possible_death, d.possible_therapeutic_severe, d.possible_therapeutic_death, d.incidents, d.serious_incidents,
               d.late - l.not_yet as late, l.overdue + p.overdue as overdue
        from asked as k (subject, technique, from_on, to_on, as_of, ord)
        cross join lateral (
            select coalesce(sum(d.cases), 0) as cases, coalesce(sum(d.diagnostic), 0) as diagnostic, coalesce(sum(d.therapeutic), 0) as therapeutic,
                   coalesce(sum(d.level3plus), 0) as level3plus, coalesce(sum(d.level3plus_therapeutic), 0) as level3plus_therapeutic,
                   coalesce(sum(d.severe), 0) as severe, coalesce(sum(d.therapeutic_severe), 0) as therapeutic_severe,
                   coalesce(sum(d.death), 0) as death, coalesce(sum(d.therapeutic_death), 0) as therapeutic_death,
                   coalesce(sum(d.possible_severe), 0) as possible_severe, coalesce(sum(d.possible_death), 0) as possible_death,
                   coalesce(sum(d.possible_therapeutic_severe), 0) as possible_therapeutic_severe,
                   coalesce(sum(d.possible_therapeutic_death), 0) as possible_therapeutic_death,
                   coalesce(sum(d.incidents), 0) as incidents, coalesce(sum(d.serious_incidents), 0) as serious_incidents,
                   coalesce(sum(d.late), 0) as late
            from institution_days d
            where d.institution = k.subject and d.technique = k.technique and d.day between k.from_on and k.to_on
        ) d
        cross join lateral (
            select count(*) as not_yet, count(*) filter (where f.deadline < k.as_of) as overdue
            from case_facts f
            where f.institution = k.subject and f.technique = k.technique and f.received_on > f.deadline and f.received_on > k.as_of
              and f.completed_on + 0 between k.from_on and k.to_on and not f.voided
        ) l
        cross join lateral (
            select count(*) as overdue
            from procedures p
            where p.institution = k.subject and p.technique = k.technique and p.deadline < k.as_of and p.completed_on between k.from_on and k.to_on
        ) p
        """);

    private static readonly Statement OfPhysicians = new("""
        select k.ord, c.cases, c.diagnostic, c.therapeutic, c.level3plus, c.level3plus_therapeutic, c.severe, c.therapeutic_severe, c.death, c.therapeutic_death,
               c.possible_severe, c.possible_death, c.possible_therapeutic_severe, c.possible_therapeutic_death, i.incidents, i.serious_incidents,
               c.late, c.overdue + p.overdue as overdue
        from asked as k (subject, technique, from_on, to_on, as_of, ord)
        cross join lateral (
            select count(*) as cases, count(*) filter (where not f.therapeutic) as diagnostic, count(*) filter (where f.therapeutic) as therapeutic,
                   count(*) filter (where f.level >= 3) as level3plus, count(*) filter (where f.level >= 3 and f.therapeutic) as level3plus_therapeutic,
                   count(*) filter (where f.severe) as severe, count(*) filter (where f.severe and f.therapeutic) as therapeutic_severe,
                   count(*) filter (where f.death) as death, count(*) filter (where f.death and f.therapeutic) as therapeutic_death,
                   count(*) filter (where f.possible_severe) as possible_severe, count(*) filter (where f.possible_death) as possible_death,
                   count(*) filter (where f.possible_severe and f.therapeutic) as possible_therapeutic_severe,
                   count(*) filter (where f.possible_death and f.therapeutic) as possible_therapeutic_death,
                   count(*) filter (where f.received_on > f.deadline and f.received_on <= k.as_of) as late,
                   count(*) filter (where f.received_on > f.deadline and f.received_on > k.as_of and f.deadline < k.as_of) as overdue
            from case_facts f
            where f.operator = k.subject and f.technique = k.technique and f.completed_on between k.from_on and k.to_on and not f.voided
        ) c
        cross join lateral (
            select count(*) as incidents, count(*) filter (where n.grade <= 2) as serious_incidents
            from incidents n
            where n.operator = k.subject and n.technique = k.technique and n.determined_on between k.from_on and k.to_on
        ) i
        cross join lateral (
            select count(*) as overdue
            from procedures p
            where p.operator = k.subject and p.technique = k.technique and p.deadline < k.as_of and p.completed_on between k.from_on and k.to_on
        ) p
        """);

    /// <summary>The counts, in the order asked.</summary>
    public static async Task<IReadOnlyList<Counts>> Read(NpgsqlConnection connection, IReadOnlyList<CountsAsked> asked, CancellationToken cancellation)
    {
        var counts = new Counts[asked.Count];
        Array.Fill(counts, Counts.None);
        foreach (var (kind, statement) in new[] { (SubjectKind.Institution, OfInstitutions), (SubjectKind.Physician, OfPhysicians) })
        {
            int[] of = [.. Enumerable.Range(0, asked.Count).Where(i => asked[i].Subject.Kind == kind && !asked[i].Days.IsEmpty)];
            if (of.Length > 0)
                await Read(connection, statement, asked, of, counts, cancellation);
        }

        return counts;
    }

    private static async Task Read(NpgsqlConnection connection, Statement statement, IReadOnlyList<CountsAsked> asked, int[] of, Counts[] counts, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(of.Length == 1 ? statement.OfOne : statement.OfMany, connection);
        if (of is [var only])
        {
            var one = asked[only];
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = one.Subject.Id });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = one.Technique });
            command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = one.Days.From });
            command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = one.Days.To });
            command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = one.AsOf });
        }
        else
        {
            command.Parameters.Add(new() { Value = of.Select(i => asked[i].Subject.Id).ToArray() });
            command.Parameters.Add(new() { Value = of.Select(i => asked[i].Technique).ToArray() });
            command.Parameters.Add(new() { Value = of.Select(i => asked[i].Days.From).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = of.Select(i => asked[i].Days.To).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = of.Select(i => asked[i].AsOf).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            int At(int column) => (int)reader.GetInt64(column);
            counts[of[At(0) - 1]] = new(
                At(1), At(2), At(3), At(4), At(5), At(6), At(7), At(8), At(9), At(10), At(11), At(12), At(13), At(14), At(15), At(16), At(17));
        }
    }

    private sealed class Statement(string sql)
    {
        public string OfOne { get; } = sql.Replace("from asked", $"from {One}", StringComparison.Ordinal);

        public string OfMany { get; } = sql.Replace("from asked", $"from {Many}", StringComparison.Ordinal);
    }
}
