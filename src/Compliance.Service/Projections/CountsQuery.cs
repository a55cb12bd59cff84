using Compliance.Metrics;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>Days of one subject to be counted, and the day as of which reports are late or overdue.</summary>
public readonly record struct CountsAsked(Subject Subject, string Technique, DaySpan Days, DateOnly AsOf);

/// <summary>Sums of <c>read.subject_days</c>: at most 366 small rows a subject, however many cases there are.</summary>
public static class CountsQuery
{
    // A case reported late is overdue as of a day before its report, and neither late nor overdue before its deadline.
    private const string Sql = """
        select coalesce(sum(d.cases), 0), coalesce(sum(d.diagnostic), 0), coalesce(sum(d.therapeutic), 0),
               coalesce(sum(d.level3plus), 0), coalesce(sum(d.level3plus_therapeutic), 0),
               coalesce(sum(d.severe), 0), coalesce(sum(d.therapeutic_severe), 0),
               coalesce(sum(d.death), 0), coalesce(sum(d.therapeutic_death), 0),
               coalesce(sum(d.possible_severe), 0), coalesce(sum(d.possible_death), 0),
               coalesce(sum(d.possible_therapeutic_severe), 0), coalesce(sum(d.possible_therapeutic_death), 0),
               coalesce(sum(d.incidents), 0), coalesce(sum(d.serious_incidents), 0),
               (coalesce(sum(d.late), 0) - k.not_yet)::bigint, k.overdue::bigint
        from (
            select asked.*, late.not_yet, late.overdue
            from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[], $6::date[]) with ordinality
                 as asked (kind, subject, technique, from_on, to_on, as_of, ord)
            cross join lateral (
                select sum(n) as not_yet, sum(o) as overdue
                from (
                    select count(*) as n, count(*) filter (where f.deadline < asked.as_of) as o
                    from read.case_facts f
                    where asked.kind = 'institution' and f.institution = asked.subject and f.technique = asked.technique
                      and f.received_on > f.deadline and f.received_on > asked.as_of
                      and f.completed_on between asked.from_on and asked.to_on and not f.voided
                    union all
                    select count(*), count(*) filter (where f.deadline < asked.as_of)
                    from read.case_facts f
                    where asked.kind = 'physician' and f.operator = asked.subject and f.technique = asked.technique
                      and f.received_on > f.deadline and f.received_on > asked.as_of
                      and f.completed_on between asked.from_on and asked.to_on and not f.voided
                ) either
            ) late
        ) k
        left join read.subject_days d
          on d.kind = k.kind and d.subject = k.subject and d.technique = k.technique and d.day between k.from_on and k.to_on
        group by k.ord, k.not_yet, k.overdue
        order by k.ord
        """;

    /// <summary>The counts, in the order asked.</summary>
    public static async Task<IReadOnlyList<Counts>> Read(NpgsqlConnection connection, IReadOnlyList<CountsAsked> asked, CancellationToken cancellation)
    {
        if (asked.Count == 0)
        {
            return [];
        }

        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new() { Value = asked.Select(a => a.Subject.KindName).ToArray() });
        command.Parameters.Add(new() { Value = asked.Select(a => a.Subject.Id).ToArray() });
        command.Parameters.Add(new() { Value = asked.Select(a => a.Technique).ToArray() });
        command.Parameters.Add(new() { Value = asked.Select(a => a.Days.From).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = asked.Select(a => a.Days.To).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = asked.Select(a => a.AsOf).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        var counts = new List<Counts>(asked.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            int At(int column) => (int)reader.GetInt64(column);
            counts.Add(new(
                At(0), At(1), At(2), At(3), At(4), At(5), At(6), At(7), At(8), At(9), At(10), At(11), At(12), At(13), At(14), At(15), At(16)));
        }

        return counts;
    }
}
