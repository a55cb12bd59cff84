using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Regulations;
using Npgsql;

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
            if (reference.Regulations.InForce(technique, day) is not { } regulation)
            {
                continue;
            }

            foreach (var chunk in (await Judged(connection, technique, day, cancellation)).Chunk(Chunk))
            {
                var before = (await On(connection, technique, day.AddDays(-1), cancellation, [.. chunk.Select(id => id.Subject)])).ToDictionary(c => c.Qualification.Subject, c => c.Findings);
                await Write(connection, reference, regulation, day, chunk, before, cancellation);
            }
        }
    }

    private static async Task Write(
        NpgsqlConnection connection,
        Reference reference,
        Regulation regulation,
        DateOnly day,
        IReadOnlyList<QualificationId> judged,
        Dictionary<Subject, IReadOnlyList<Finding>> before,
        CancellationToken cancellation)
    {
        var facts = await FactsReader.Read(connection, reference, [.. judged.Select(id => new FactsAsked(id, day))], cancellation);
        var closings = new List<Closing>(facts.Count);
        foreach (var read in facts)
        {
            var groundsHold = await GroundsHold(asked => FactsReader.Read(connection, reference, asked, cancellation), reference, read.Qualification);
            closings.Add(Of(day, reference, regulation, read, before.GetValueOrDefault(read.Facts.Subject) ?? [], groundsHold));
        }

        await connection.Execute(
            """
            insert into read.closings (technique, day, kind, subject, province, would_suspend, doc)
            select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::boolean[], $7::jsonb[])
            """,
            cancellation,
            regulation.Technique,
            day,
            closings.Select(c => c.Qualification.Subject.KindName).ToArray(),
            closings.Select(c => c.Qualification.Subject.Id).ToArray(),
            closings.Select(c => c.Province).ToArray(),
            closings.Select(c => c.WouldSuspend).ToArray(),
            closings.Select(c => JsonSerializer.Serialize(c, StoredJson.Default.Closing)).ToArray());
    }

    /// <summary>One subject's closing, from what was read of it.</summary>
    internal static Closing Of(DateOnly day, Reference reference, Regulation regulation, FactsRead read, IReadOnlyList<Finding> before, bool? groundsHold)
    {
        var actingSince = reference.EnforcementOf(regulation.Technique, read.Province).ActingSince(day);
        var findings = Evaluation.Continue(Evaluation.Evaluate(regulation, read.Facts), before, day, actingSince);
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
            Qualification.WouldSuspend(read.Qualification, day, findings),
            groundsHold);
    }

    /// <summary>
    /// Whether what a standing suspension rests on is still so, by what is known now: null where there is nothing to
    /// ask. A clause that had to be breached for some days must still have been on every one of them.
    /// </summary>
    internal static async Task<bool?> GroundsHold(Func<IReadOnlyList<FactsAsked>, Task<IReadOnlyList<FactsRead>>> read, Reference reference, Qualification.State qualification)
    {
        if (qualification.StandingSuspension is not { UnderminedOnce: false, Grounds: { } grounds, JudgedOn: var judgedOn }
            || reference.Regulations.Find(grounds.Regulation, grounds.Version) is not { } regulation)
        {
            return null;
        }

        foreach (var ground in Qualification.SuspendedFor(qualification))
        {
            var days = ground.Effect == BreachEffect.WarnThenSuspend ? ground.AfterDays!.Value : 1;
            var asked = Enumerable.Range(0, days).Select(back => new FactsAsked(qualification.Id!.Value, judgedOn.AddDays(-back))).ToList();
            var facts = await read(asked);
            if (facts.All(f => Evaluation.Evaluate(regulation, f.Facts).Any(now => now.Clause == ground.Clause && now.IsBreach)))
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<List<QualificationId>> Judged(NpgsqlConnection connection, string technique, DateOnly day, CancellationToken cancellation)
    {
        var judged = new List<QualificationId>();
        await using var command = new NpgsqlCommand("select doc from read.qualifications where technique = $1 order by kind, subject", connection);
        command.Parameters.Add(new() { Value = technique });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var state = JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.QualificationState)!;
            if (Qualification.IsJudged(state, day))
            {
                judged.Add(state.Id!.Value);
            }
        }

        return judged;
    }

    /// <summary>The findings of one subject in the closing before a day, or in the last there is while that day is still to be closed; none when it was not judged then.</summary>
    public static async Task<IReadOnlyList<Finding>> Before(NpgsqlConnection connection, QualificationId id, DateOnly day, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select doc from read.closings where technique = $1 and day = least($2, (select max(day) from read.days_closed)) and kind = $3 and subject = $4", connection);
        command.Parameters.Add(new() { Value = id.Technique });
        command.Parameters.Add(new() { Value = day.AddDays(-1) });
        command.Parameters.Add(new() { Value = id.Subject.KindName });
        command.Parameters.Add(new() { Value = id.Subject.Id });
        return await command.ExecuteScalarAsync(cancellation) is string doc ? JsonSerializer.Deserialize(doc, StoredJson.Default.Closing)!.Findings : [];
    }

    /// <summary>The closings of one day, in the order of their subjects; of all of them, or of those named.</summary>
    public static async Task<IReadOnlyList<Closing>> On(
        NpgsqlConnection connection, string technique, DateOnly day, CancellationToken cancellation, IReadOnlyList<Subject>? subjects = null)
    {
        var closings = new List<Closing>();
        await using var command = new NpgsqlCommand(
            """
            select doc from read.closings
            where technique = $1 and day = $2 and ($3 or (kind, subject) in (select * from unnest($4::text[], $5::text[])))
            order by kind, subject
            """,
            connection);
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = day });
        command.Parameters.Add(new() { Value = subjects is null });
        command.Parameters.Add(new() { Value = (subjects ?? []).Select(s => s.KindName).ToArray() });
        command.Parameters.Add(new() { Value = (subjects ?? []).Select(s => s.Id).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            closings.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.Closing)!);
        }

        return closings;
    }
}
