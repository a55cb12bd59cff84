using System.Diagnostics;
using System.Text.Json;
using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>
/// Rounds of assessment as rows. What is frozen at a round's opening is written where the projection meets the opening in the log, from the rows as they stand there: like a closing, it comes out the
/// same in every rebuild, and no report that arrives later is in it.
/// </summary>
internal static class AssessmentRows
{
    /// <summary>Subjects read at a time.</summary>
    private const int Chunk = 5_000;

    /// <summary>Writes down, for everybody in a round, or for the one it was opened again for, what is judged.</summary>
    public static async Task Freeze(NpgsqlConnection connection, Reference reference, AssessmentRound.Event opened, CancellationToken cancellation)
    {
        var (technique, province, period, openedOn) = await RoundOf(connection, opened.Round, cancellation);
        var (subjects, sitting) = opened switch
        {
            AssessmentRound.Event.Opened => (await Candidates(connection, technique, province, period.To, cancellation), 1),
            AssessmentRound.Event.Reopened again => ([again.Subject], again.Sitting),
            _ => throw new UnreachableException($"{opened.GetType().Name} freezes nothing"),
        };
        var places = new PlacesRead();
        foreach (var chunk in subjects.Chunk(Chunk))
        {
            var judged = (await FactsReader.Read(connection, reference, [.. chunk.Select(s => new FactsAsked(new(s, technique), period.To, openedOn))], cancellation, places))
                .Where(read => sitting > 1 || (read.Province == province && read.Qualification.ValidityOn(period.To) == Validity.Valid))
                .Select(read => (Read: read, Regulation: reference.Regulations.InForce(technique, period.To, read.Province)))
                .Where(of => of.Regulation is not null)
                .ToList();
            var computed = await Computed(connection, [.. judged.Select(j => j.Read.Facts)], openedOn, cancellation);
            var frozen = judged.Select((j, i) => new FrozenAssessment(
                opened.Round,
                sitting,
                new(j.Read.Facts.Subject, technique),
                j.Regulation!.Id,
                j.Regulation.Version,
                j.Read.Facts,
                Evaluation.Evaluate(j.Regulation, j.Read.Facts),
                computed[i],
                LeftOut: sitting == 1 && (j.Read.Qualification.Standing == Standing.Suspended || j.Read.Qualification.TookEffectBy(openedOn) > period.To))).ToList();
            await connection.Execute(
                """
                insert into assessments (round, kind, subject, sitting, left_out, recorded, doc)
                select $1, f.kind, f.subject, $2, f.left_out, false, f.doc from unnest($3::text[], $4::text[], $5::boolean[], $6::jsonb[]) as f (kind, subject, left_out, doc)
                """,
                cancellation,
                opened.Round,
                sitting,
                frozen.Select(f => f.Qualification.Subject.KindName).ToArray(),
                frozen.Select(f => f.Qualification.Subject.Id).ToArray(),
                frozen.Select(f => f.LeftOut).ToArray(),
                frozen.Select(f => JsonSerializer.Serialize(f, StoredJson.Default.FrozenAssessment)).ToArray());
        }

        await MarkToRecord(connection, [opened.Round], cancellation);
    }

    /// <summary>Writes the rounds as their states say.</summary>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<AssessmentRound.State> rounds, CancellationToken cancellation)
    {
        foreach (var state in rounds)
        {
            var entry = state.Entry!;
            await using var command = new NpgsqlCommand(
                """
                insert into rounds (round, technique, province, period_from, period_to, scheduled, opened_on, closes_on, sitting, concluded_on, to_record)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, false)
                on conflict (round) do update set closes_on = excluded.closes_on, sitting = excluded.sitting, concluded_on = excluded.concluded_on
                """,
                connection);
            foreach (object value in (object[])[entry.Round, entry.Technique, entry.Province, entry.Period.From, entry.Period.To, entry.Scheduled, entry.OpenedOn, state.ClosesOn, state.Sitting])
                command.Parameters.Add(new() { Value = value });
            command.Parameters.Add(new() { Value = (object?)state.ConcludedOn ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Date });
            await command.ExecuteNonQueryAsync(cancellation);
        }

        await MarkToRecord(connection, [.. rounds.Select(r => r.Entry!.Round)], cancellation);
    }

    /// <summary>Notes of whom the outcome stands in the qualification.</summary>
    public static async Task Record(NpgsqlConnection connection, IReadOnlyList<Qualification.State> states, CancellationToken cancellation)
    {
        var recorded = states.SelectMany(s => s.Assessments.Select(a => (s.Id!.Value.Subject, a))).ToList();
        if (recorded.Count == 0)
            return;
        await connection.Execute(
            """
            update assessments a set recorded = true, outcome = n.outcome
            from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[]) as n (round, kind, subject, sitting, outcome)
            where a.round = n.round and a.kind = n.kind and a.subject = n.subject and a.sitting = n.sitting
            """,
            cancellation,
            recorded.Select(r => r.a.Round).ToArray(),
            recorded.Select(r => r.Subject.KindName).ToArray(),
            recorded.Select(r => r.Subject.Id).ToArray(),
            recorded.Select(r => r.a.Sitting).ToArray(),
            recorded.Select(r => Http.Json.Name(r.a.Outcome)).ToArray());
        await MarkToRecord(connection, [.. recorded.Select(r => r.a.Round).Distinct()], cancellation);
    }

    private const string ToRecord = "not a.left_out and not a.recorded and (a.sitting < r.sitting or r.concluded_on is not null)";

    private static Task MarkToRecord(NpgsqlConnection connection, Guid[] rounds, CancellationToken cancellation) =>
        connection.Execute($"update rounds r set to_record = exists (select from assessments a where a.round = r.round and {ToRecord}) where r.round = any($1)", cancellation, rounds);

    public static async Task<IReadOnlyList<Guid>> All(NpgsqlConnection connection, CancellationToken cancellation) => await Ids(connection, "select round from rounds", cancellation);

    /// <summary>The concluded rounds of which not every outcome stands in its qualification yet.</summary>
    public static async Task<IReadOnlyList<Guid>> RoundsToRecord(NpgsqlConnection connection, CancellationToken cancellation) =>
        await Ids(connection, "select round from rounds where to_record order by period_to, round", cancellation);

    /// <summary>The open rounds whose closing date has come.</summary>
    public static async Task<IReadOnlyList<Guid>> RoundsToConclude(NpgsqlConnection connection, DateOnly day, CancellationToken cancellation) =>
        await Ids(connection, "select round from rounds where concluded_on is null and closes_on <= $1 order by closes_on, round", cancellation, day);

    /// <summary>Whose outcomes of a round do not stand in their qualifications yet.</summary>
    public static Task<IReadOnlyList<FrozenAssessment>> ToRecordOf(NpgsqlConnection connection, Guid round, CancellationToken cancellation) =>
        Documents(connection, $"select a.doc from assessments a join rounds r on r.round = a.round where a.round = $1 and {ToRecord} order by a.sitting, a.kind, a.subject", cancellation, round);

    /// <summary>Everybody assessed in one sitting of a round.</summary>
    public static Task<IReadOnlyList<FrozenAssessment>> Of(NpgsqlConnection connection, Guid round, int sitting, CancellationToken cancellation) =>
        Documents(connection, "select doc from assessments where round = $1 and sitting = $2 and not left_out order by kind, subject", cancellation, round, sitting);

    /// <summary>How many a round is about.</summary>
    public static async Task<int> Assessed(NpgsqlConnection connection, Guid round, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select count(*)::int from assessments where round = $1 and sitting = 1 and not left_out", connection) { Parameters = { new() { Value = round } } };
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<IReadOnlyList<FrozenAssessment>> Documents(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        var documents = new List<byte[]>();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (object value in values)
            command.Parameters.Add(new() { Value = value });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            documents.Add(reader.GetFieldValue<byte[]>(0));
        return Rows.Parse(documents, StoredJson.Default.FrozenAssessment);
    }

    private static async Task<IReadOnlyList<Guid>> Ids(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        var ids = new List<Guid>();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (object value in values)
            command.Parameters.Add(new() { Value = value });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            ids.Add(reader.GetGuid(0));
        return ids;
    }

    private static async Task<(string Technique, string Province, DaySpan Period, DateOnly OpenedOn)> RoundOf(NpgsqlConnection connection, Guid round, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select technique, province, period_from, period_to, opened_on from rounds where round = $1", connection);
        command.Parameters.Add(new() { Value = round });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetString(0), reader.GetString(1), new(reader.GetFieldValue<DateOnly>(2), reader.GetFieldValue<DateOnly>(3)), reader.GetFieldValue<DateOnly>(4));
    }

    /// <summary>Who may belong to a province on a day; of a physician whoever was ever in it with the main registration, and what is read of each then tells.</summary>
    private static async Task<IReadOnlyList<Subject>> Candidates(NpgsqlConnection connection, string technique, string province, DateOnly day, CancellationToken cancellation)
    {
        var subjects = new List<Subject>();
        await using var command = new NpgsqlCommand(
            """
            select q.kind, q.subject
            from qualifications q
            where q.technique = $1 and q.granted
              and (q.kind = 'institution' and exists (select from institutions i where i.id = q.subject and i.province = $2)
                   or q.kind = 'physician' and exists (
                        select from registrations r join institutions i on i.id = r.institution where r.physician = q.subject and r.main and r.from_on <= $3 and i.province = $2))
            order by q.kind, q.subject
            """,
            connection);
        foreach (object value in (object[])[technique, province, day])
            command.Parameters.Add(new() { Value = value });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            subjects.Add(new(reader.GetString(0) == "institution" ? SubjectKind.Institution : SubjectKind.Physician, reader.GetString(1)));
        return subjects;
    }

    private const string Sums = """
        select count(*) filter (where f.succeeded is not null), count(*) filter (where f.succeeded), count(*) filter (where f.stay_days is not null), coalesce(sum(f.stay_days), 0),
               count(*) filter (where f.deadline is not null), count(*) filter (where f.received_on > f.deadline),
               coalesce(sum(u.due), 0)::bigint, coalesce(sum(u.in_time), 0)::bigint
        """;

    // What is due when the round is opened had its last day before.
    private const string FollowUps = """
        left join lateral (
            select count(*) as due, count(*) filter (where s.letter = 't') as in_time
            from unnest(f.follow_ups_due, string_to_array(f.follow_ups, null)) as s (due_on, letter)
            where s.due_on < $5) u on f.follow_ups_due is not null
        """;

    private static async Task<IReadOnlyList<ComputedItems>> Computed(NpgsqlConnection connection, IReadOnlyList<SubjectFacts> facts, DateOnly openedOn, CancellationToken cancellation)
    {
        var computed = new ComputedItems[facts.Count];
        foreach (var (kind, column) in new[] { (SubjectKind.Institution, "institution"), (SubjectKind.Physician, "operator") })
        {
            int[] of = [.. Enumerable.Range(0, facts.Count).Where(i => facts[i].Subject.Kind == kind)];
            await using var command = new NpgsqlCommand(
                $"""
                select k.ord, c.* from unnest($1::text[], $2::text[], $3::date[], $4::date[]) with ordinality as k (subject, technique, from_on, to_on, ord)
                cross join lateral ({Sums} from case_facts f {FollowUps}
                    where f.{column} = k.subject and f.technique = k.technique and f.completed_on between k.from_on and k.to_on and not f.voided) c
                """,
                connection);
            command.Parameters.Add(new() { Value = of.Select(i => facts[i].Subject.Id).ToArray() });
            command.Parameters.Add(new() { Value = of.Select(i => facts[i].Technique).ToArray() });
            command.Parameters.Add(new() { Value = of.Select(i => facts[i].Judged.From).ToArray() });
            command.Parameters.Add(new() { Value = of.Select(i => facts[i].Judged.To).ToArray() });
            command.Parameters.Add(new() { Value = openedOn });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            int Int(int column) => (int)reader.GetInt64(column);
            while (await reader.ReadAsync(cancellation))
                computed[of[Int(0) - 1]] = new(Int(1), Int(2), Int(3), Int(4), Int(5), Int(6), Int(7), Int(8));
        }

        int[] places = [.. Enumerable.Range(0, facts.Count).Where(i => facts[i].Subject.Kind == SubjectKind.Institution)];
        var totals = await VerifiedTotalRows.Read(connection, [.. places.Select(i => new TotalsAsked(facts[i].Subject.Id, facts[i].Technique, facts[i].Judged.Span))], andLatest: false, cancellation);
        foreach (var of in totals)
            computed[places[of.Key]] = computed[places[of.Key]] with { Completeness = new(of.Sum(t => t.Cases.Verified - t.Cases.Missing), of.Sum(t => t.Cases.Verified)) };
        return computed;
    }
}
