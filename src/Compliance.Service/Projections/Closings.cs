using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Regulations;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>Writes down, for a day closed and every subject judged, the counts and findings that the monitor decides from.</summary>
internal static class Closings
{
    /// <summary>Subjects read at a time: a province's worth, so that a nation's closing needs no more memory than that.</summary>
    private const int Chunk = 5_000;

    public static async Task Write(NpgsqlConnection connection, Reference reference, DateOnly day, CancellationToken cancellation)
    {
        foreach (var technique in reference.Regulations.Techniques)
        {
            if (reference.Regulations.InForce(technique, day) is { } regulation)
            {
                var places = new PlacesRead();
                foreach (var chunk in (await Qualified(connection, technique, cancellation)).Chunk(Chunk))
                {
                    await Write(connection, reference, regulation, day, chunk, places, cancellation);
                }
            }
        }
    }

    private static async Task Write(
        NpgsqlConnection connection, Reference reference, Regulation regulation, DateOnly day, IReadOnlyList<QualificationId> qualified, PlacesRead places, CancellationToken cancellation)
    {
        var before = await RunsOn(connection, regulation.Technique, day.AddDays(-1), [.. qualified.Select(id => id.Subject)], cancellation);
        var facts = (await FactsReader.Read(connection, reference, [.. qualified.Select(id => new FactsAsked(id, day))], cancellation, places))
            .Where(read => Monitoring.IsJudged(read.Qualification, day)).ToList();
        var asked = facts.SelectMany(read => GroundsAsked(reference, read.Qualification)).Distinct().ToList();
        var grounds = asked.Zip(await FactsReader.Read(connection, reference, asked, cancellation, places)).ToDictionary(g => g.First, g => g.Second);
        var closings = facts.AsParallel().AsOrdered().Select(read =>
        {
            var closing = Of(
                day, reference, regulation, read, before.GetValueOrDefault(read.Facts.Subject) ?? [], GroundsHold(reference, read.Qualification, a => grounds[a]));
            var runs = BreachRun.Of(closing.Findings);
            return (Closing: closing, Runs: runs.Count == 0 ? null : JsonSerializer.Serialize(runs, StoredJson.Default.BreachRuns), Document: JsonSerializer.Serialize(closing, StoredJson.Default.Closing));
        }).ToList();

        await using var copy = await connection.BeginBinaryImportAsync(
            "copy closings (technique, day, kind, subject, province, would_suspend, asks, runs, doc) from stdin (format binary)", cancellation);
        foreach (var (closing, runs, document) in closings)
        {
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(regulation.Technique, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(day, NpgsqlDbType.Date, cancellation);
            await copy.WriteAsync(closing.Qualification.Subject.KindName, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(closing.Qualification.Subject.Id, NpgsqlDbType.Text, cancellation);
            if (closing.Province is { } province)
                await copy.WriteAsync(province, NpgsqlDbType.Text, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
            await copy.WriteAsync(closing.WouldSuspend, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(closing.AsksForDecision, NpgsqlDbType.Boolean, cancellation);
            if (runs is not null)
                await copy.WriteAsync(runs, NpgsqlDbType.Jsonb, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
            await copy.WriteAsync(document, NpgsqlDbType.Jsonb, cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }

    /// <summary>One subject's closing, from what was read of it.</summary>
    internal static Closing Of(DateOnly day, Reference reference, Regulation regulation, FactsRead read, IReadOnlyList<BreachRun> before, bool? groundsHold)
    {
        var actingSince = reference.EnforcementOf(regulation.Technique, read.Province).ActingSince(day);
        var stricter = reference.Regulations.InForce(regulation.Technique, day, read.Province) ?? regulation;
        var findings = Evaluation.Continue(Evaluation.Evaluate(stricter, read.Facts), before, day, actingSince);
        return new(
            day,
            read.Qualification.Id!.Value,
            read.Province,
            regulation.Id,
            regulation.Version,
            read.Facts,
            findings,
            read.Qualification.Standing,
            read.Qualification.Pending.Any(),
            Monitoring.WouldSuspend(read.Qualification, day, findings),
            groundsHold);
    }

    /// <summary>The days to look at again before <see cref="GroundsHold"/> can be said; none where there is nothing to ask.</summary>
    internal static IEnumerable<FactsAsked> GroundsAsked(Reference reference, Qualification.State qualification) =>
        Grounds(reference, qualification) is { } judgedOn
            ? Monitoring.SuspendedFor(qualification).SelectMany(ground => DaysOf(qualification, ground, judgedOn)).Distinct()
            : [];

    /// <summary>
    /// Whether what a standing suspension rests on is still so, by what is known now: null where there is nothing to
    /// ask. A clause that had to be breached for some days must still have been on every one of them.
    /// </summary>
    /// <param name="facts">Of every day in <see cref="GroundsAsked"/>; each is held against what judged it, where the subject belonged then.</param>
    internal static bool? GroundsHold(Reference reference, Qualification.State qualification, Func<FactsAsked, FactsRead> facts) =>
        Grounds(reference, qualification) is { } judgedOn
            ? Monitoring.SuspendedFor(qualification).Any(ground => DaysOf(qualification, ground, judgedOn).All(asked =>
                facts(asked) is var read
                && reference.Regulations.InForce(qualification.Id!.Value.Technique, asked.AsOf, read.Province) is { } regulation
                && Evaluation.Evaluate(regulation, read.Facts).Any(now => now.Clause == ground.Clause && now.IsBreach)))
            : null;

    // Of an assessment that items or a person failed, the figures are not the grounds.
    private static DateOnly? Grounds(Reference reference, Qualification.State qualification) =>
        qualification.StandingSuspension is { UnderminedOnce: false, Grounds: { } grounds, JudgedOn: var judgedOn, Round: var round }
        && reference.Regulations.Find(grounds.Regulation, grounds.Version) is not null
        && (round is null || RoundOf(qualification) is { FailedItems.Count: 0, OverriddenBecause: null })
            ? judgedOn
            : null;

    private static PeriodicAssessment.Concluded? RoundOf(Qualification.State qualification) => qualification.Assessments.FirstOrDefault(a => a.Round == qualification.StandingSuspension!.Round);

    private static IEnumerable<FactsAsked> DaysOf(Qualification.State qualification, Finding ground, DateOnly judgedOn) =>
        RoundOf(qualification) is { } round
            ? [new(qualification.Id!.Value, round.Period.To, AssessedOn: judgedOn)]
            : Enumerable.Range(0, ground.Effect == BreachEffect.WarnThenSuspend ? ground.AfterDays!.Value : 1).Select(back => new FactsAsked(qualification.Id!.Value, judgedOn.AddDays(-back)));

    private static async Task<List<QualificationId>> Qualified(NpgsqlConnection connection, string technique, CancellationToken cancellation)
    {
        var qualified = new List<QualificationId>();
        await using var command = new NpgsqlCommand("select kind, subject from qualifications where technique = $1 and granted order by kind, subject", connection);
        command.Parameters.Add(new() { Value = technique });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            qualified.Add(new(new(reader.GetString(0) == "institution" ? SubjectKind.Institution : SubjectKind.Physician, reader.GetString(1)), technique));
        }

        return qualified;
    }

    /// <summary>The breaches that went on when a day closed, of these subjects; those without are missing.</summary>
    public static async Task<IReadOnlyDictionary<Subject, IReadOnlyList<BreachRun>>> RunsOn(
        NpgsqlConnection connection, string technique, DateOnly day, IReadOnlyList<Subject> subjects, CancellationToken cancellation)
    {
        var found = new List<Subject>(subjects.Count);
        var documents = new List<byte[]>(subjects.Count);
        await using var command = new NpgsqlCommand(
            """
            select k.kind, k.subject, c.runs
            from unnest($3::text[], $4::text[]) as k (kind, subject)
            join closings c on c.technique = $1 and c.day = $2 and c.kind = k.kind and c.subject = k.subject and c.runs is not null
            """,
            connection);
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = day });
        command.Parameters.Add(new() { Value = subjects.Select(s => s.KindName).ToArray() });
        command.Parameters.Add(new() { Value = subjects.Select(s => s.Id).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(new(reader.GetString(0) == "institution" ? SubjectKind.Institution : SubjectKind.Physician, reader.GetString(1)));
            documents.Add(reader.GetFieldValue<byte[]>(2));
        }

        return found.Zip(Rows.Parse(documents, StoredJson.Default.BreachRuns)).ToDictionary();
    }

    /// <summary>The breaches of one subject that went on at the closing before a day, or at the last there is while that day is still to be closed.</summary>
    public static async Task<IReadOnlyList<BreachRun>> Before(NpgsqlConnection connection, QualificationId id, DateOnly day, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select runs from closings where technique = $1 and day = least($2, (select max(day) from days_closed)) and kind = $3 and subject = $4", connection);
        command.Parameters.Add(new() { Value = id.Technique });
        command.Parameters.Add(new() { Value = day.AddDays(-1) });
        command.Parameters.Add(new() { Value = id.Subject.KindName });
        command.Parameters.Add(new() { Value = id.Subject.Id });
        return await command.ExecuteScalarAsync(cancellation) is string runs ? JsonSerializer.Deserialize(runs, StoredJson.Default.BreachRuns)! : [];
    }

    /// <summary>The closings of one day in which something may lead to a decision, in the order of their subjects.</summary>
    public static Task<IReadOnlyList<Closing>> Asking(NpgsqlConnection connection, string technique, DateOnly day, CancellationToken cancellation) =>
        Read(connection, "select doc from closings where technique = $1 and day = $2 and asks order by kind, subject", cancellation, technique, day);

    /// <summary>All closings of one day, in the order of their subjects.</summary>
    /// <param name="province">One only; null for all.</param>
    public static Task<IReadOnlyList<Closing>> On(NpgsqlConnection connection, string technique, DateOnly day, string? province, CancellationToken cancellation) =>
        province is null
            ? Read(connection, "select doc from closings where technique = $1 and day = $2 order by kind, subject", cancellation, technique, day)
            : Read(connection, "select doc from closings where technique = $1 and day = $2 and province = $3 order by kind, subject", cancellation, technique, day, province);

    /// <summary>The closings of some subjects, on the days from one to another, both included.</summary>
    public static Task<IReadOnlyList<Closing>> Of(
        NpgsqlConnection connection, string technique, DateOnly from, DateOnly to, IReadOnlyCollection<Subject> subjects, CancellationToken cancellation) =>
        Read(
            connection,
            """
            select c.doc
            from generate_series($2::date, $3::date, interval '1 day') as d (day)
            cross join unnest($4::text[], $5::text[]) as k (kind, subject)
            join closings c on c.technique = $1 and c.day = d.day::date and c.kind = k.kind and c.subject = k.subject
            """,
            cancellation,
            technique,
            from,
            to,
            subjects.Select(s => s.KindName).ToArray(),
            subjects.Select(s => s.Id).ToArray());

    /// <summary>How many would be suspended on a day, of how many judged: in each province, and last of those who belong to none.</summary>
    public static async Task<IReadOnlyList<(string? Province, int WouldSuspend, int Judged)>> Tally(NpgsqlConnection connection, string technique, DateOnly day, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select province, count(*) filter (where would_suspend)::int, count(*)::int from closings where technique = $1 and day = $2 group by province order by province", connection);
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = day });
        var tally = new List<(string?, int, int)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            tally.Add((await reader.IsDBNullAsync(0, cancellation) ? null : reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2)));
        return tally;
    }

    private static async Task<IReadOnlyList<Closing>> Read(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] arguments)
    {
        var documents = new List<byte[]>();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new() { Value = argument });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            documents.Add(reader.GetFieldValue<byte[]>(0));
        }

        return Rows.Parse(documents, StoredJson.Default.Closing);
    }
}
