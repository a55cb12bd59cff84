using Npgsql;

namespace Compliance.Benchmarks;

/// <summary>
/// The few statements that go past the service to the rows of its read model: what the same answers cost as plain SQL. Names are unqualified, as the service's are: its data source knows the schema.
/// </summary>
internal static class ReadSql
{
    /// <summary>The counts of one institution over days from $3 to $4 as of $4, in the order of <see cref="Compliance.Metrics.Counts"/>.</summary>
    public const string InstitutionCounts = """
        select coalesce(sum(cases), 0), coalesce(sum(diagnostic), 0), coalesce(sum(therapeutic), 0), coalesce(sum(level3plus), 0), coalesce(sum(level3plus_therapeutic), 0),
               coalesce(sum(severe), 0), coalesce(sum(therapeutic_severe), 0), coalesce(sum(death), 0), coalesce(sum(therapeutic_death), 0),
               coalesce(sum(possible_severe), 0), coalesce(sum(possible_death), 0), coalesce(sum(possible_therapeutic_severe), 0), coalesce(sum(possible_therapeutic_death), 0),
               coalesce(sum(incidents), 0), coalesce(sum(serious_incidents), 0),
               coalesce(sum(late), 0)::bigint - (select count(*) from case_facts f where f.institution = $1 and f.technique = $2 and f.received_on > f.deadline and f.received_on > $4 and f.completed_on between $3 and $4 and not f.voided),
               (select count(*) from case_facts f where f.institution = $1 and f.technique = $2 and f.received_on > f.deadline and f.received_on > $4 and f.deadline < $4 and f.completed_on between $3 and $4 and not f.voided)
        from institution_days where institution = $1 and technique = $2 and day between $3 and $4
        """;

    /// <summary>The same of one physician, straight from the cases.</summary>
    public const string PhysicianCounts = """
        select count(*), count(*) filter (where not therapeutic), count(*) filter (where therapeutic), count(*) filter (where level >= 3), count(*) filter (where level >= 3 and therapeutic),
               count(*) filter (where severe), count(*) filter (where severe and therapeutic), count(*) filter (where death), count(*) filter (where death and therapeutic),
               count(*) filter (where possible_severe), count(*) filter (where possible_death), count(*) filter (where possible_severe and therapeutic), count(*) filter (where possible_death and therapeutic),
               (select count(*) from incidents n where n.operator = $1 and n.technique = $2 and n.determined_on between $3 and $4),
               (select count(*) from incidents n where n.operator = $1 and n.technique = $2 and n.determined_on between $3 and $4 and n.grade <= 2),
               count(*) filter (where received_on > deadline and received_on <= $4), count(*) filter (where received_on > $4 and deadline < $4)
        from case_facts where operator = $1 and technique = $2 and completed_on between $3 and $4 and not voided
        """;

    /// <summary>Cases, rates and late reports of a technique by province, from the cases of the days from $2 to $3.</summary>
    public const string ProvincesFromCases = """
        select i.province, count(*), count(*) filter (where f.therapeutic), count(*) filter (where f.severe and f.therapeutic), count(*) filter (where f.death and f.therapeutic),
               count(*) filter (where f.received_on > f.deadline)
        from case_facts f join institutions i on i.id = f.institution
        where f.technique = $1 and f.completed_on between $2 and $3 and not f.voided
        group by i.province
        """;

    /// <summary>The same by institution, for the institutions of province $4.</summary>
    public const string InstitutionsFromCases = """
        select i.id, i.name, count(*), count(*) filter (where f.therapeutic), count(*) filter (where f.severe), count(*) filter (where f.death),
               count(*) filter (where f.received_on > f.deadline)
        from case_facts f join institutions i on i.id = f.institution
        where f.technique = $1 and f.completed_on between $2 and $3 and not f.voided and i.province = $4
        group by i.id, i.name
        order by i.id
        """;

    /// <summary>Every row, as numbers where they are.</summary>
    public static async Task<List<object[]>> Rows(NpgsqlConnection connection, string sql, CancellationToken stop, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        var rows = new List<object[]>();
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }
}
