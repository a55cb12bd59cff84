using System.Globalization;
using System.Text.Json;
using Compliance.Calendars;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.Projections;
using Compliance.Service.Training;
using Npgsql;

namespace Compliance.Service.Qualifications;

/// <summary>What the system itself knows of an applicant, for the clauses of a path; beside it what has been attested.</summary>
public static class ApplicationFacts
{
    /// <summary>Everything the regulation asks for that is known, as of a day.</summary>
    /// <param name="state">The qualification as the log has it: the rows may be behind.</param>
    public static async Task<KnownBook> Read(
        NpgsqlConnection connection, Reference reference, Regulation regulation, QualificationId id, Qualification.State state, DateOnly asOf, CancellationToken cancellation)
    {
        var read = (await FactsReader.Read(connection, reference, [new(id, asOf)], cancellation))[0];
        var entry = id.Subject.Kind == SubjectKind.Institution ? (await FactsReader.Institutions(connection, [id.Subject.Id], cancellation)).GetValueOrDefault(id.Subject.Id)?.Entry : null;
        var person = id.Subject.Kind == SubjectKind.Physician ? (await FactsReader.Physicians(connection, [id.Subject.Id], cancellation)).GetValueOrDefault(id.Subject.Id) : null;
        var aid = await LongestAid(connection, id.Technique, state, asOf, cancellation);
        var known = new Dictionary<string, JsonElement>();
        var countedTo = new Dictionary<string, DateOnly>();
        var attested = state.AttestedBy(asOf).ToDictionary(f => f.Fact);
        var training = person is not null && regulation.Practice?.Training is not null ? await TraineeFacts.Told(connection, reference, regulation, id.Subject.Id, attested, asOf, cancellation) : null;
        // What other paths ask for, of training bases and trainees, is not read: some of it is counted over every case.
        var concern = id.Subject.Kind == SubjectKind.Institution ? Concern.Institution : Concern.Physician;
        var asked = regulation.Paths.Where(p => p.For == concern).SelectMany(regulation.FactsOf).ToHashSet();
        foreach (var fact in regulation.Facts.Where(f => asked.Contains(f.Name)))
        {
            if (fact.Known is { } history && attested.TryGetValue(fact.Name, out var before) && history.LeavesHistory(read.Coverage, before.HeldOn))
            {
                countedTo[fact.Name] = before.HeldOn;
                known[fact.Name] = KnownFacts.Number(await Count(connection, id, history, new(read.Coverage!.Value, before.HeldOn), cancellation));
                continue;
            }

            JsonElement? value = fact.Known switch
            {
                null => null,
                { Source: KnownSource.Qualification } => KnownFacts.Flag(state.IsActiveOn(asOf)),
                { Source: KnownSource.QualifiedInDistrict } => entry?.District is { } district ? KnownFacts.Number(await QualifiedIn(connection, id, entry.Province, district, asOf, cancellation)) : null,
                { Source: KnownSource.Aid } => KnownFacts.Number(aid is { } of ? Months.Elapsed(of.From, of.To.AddDays(1)) : 0),
                { Source: KnownSource.AidBegan } => aid is { } of ? KnownFacts.Text(of.From.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) : null,
                { Source: KnownSource.CasesBeforeGrant } => KnownFacts.Number(await CasesBeforeGrant(connection, reference, id, state, asOf, cancellation)),
                { Source: KnownSource.Training } => training?.TryGetValue(fact.Name, out var told) == true ? told : null,
                { Source: KnownSource.Count } count => KnownFacts.Number(await Count(connection, id, count, count.Window(asOf), cancellation)),
                _ => KnownFacts.OfRegistry(fact, entry?.Level, person?.TitleOn(asOf), person?.Entry?.LicenceScope, person?.Entry?.Specialty, read.Facts.Staff),
            };
            if (value is { } there)
            {
                known[fact.Name] = there;
            }
        }

        return new(asOf, known, read.Facts.Staff, read.Coverage, countedTo);
    }

    internal static async Task<int> Count(NpgsqlConnection connection, QualificationId id, KnownFact count, DaySpan days, CancellationToken cancellation)
    {
        var counts = (await CountsQuery.Read(connection, [new(id.Subject, id.Technique, days, days.To)], cancellation))[0];
        return counts.Of(count.Count!.Value) - (count.Minus is { } minus ? counts.Of(minus) : 0);
    }

    private static async Task<int> QualifiedIn(NpgsqlConnection connection, QualificationId id, string province, string district, DateOnly asOf, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select count(*)::int
            from institutions i
            where i.province = $1 and i.doc->'Entry'->>'District' = $2 and i.id <> $3
              and exists (select from active_spans a where a.kind = 'institution' and a.subject = i.id and a.technique = $4 and $5 between a.from_on and a.to_on)
            """,
            connection);
        command.Parameters.Add(new() { Value = province });
        command.Parameters.Add(new() { Value = district });
        command.Parameters.Add(new() { Value = id.Subject.Id });
        command.Parameters.Add(new() { Value = id.Technique });
        command.Parameters.Add(new() { Value = asOf });
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Cases that needed the qualification, done while it was neither active nor made up for by aid.</summary>
    private static async Task<int> CasesBeforeGrant(
        NpgsqlConnection connection, Reference reference, QualificationId id, Qualification.State state, DateOnly asOf, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select completed_on, count(*)::int
            from case_facts
            where {(id.Subject.Kind == SubjectKind.Institution ? "institution" : "operator")} = $1 and technique = $2 and completed_on <= $3 and level >= $4 and not voided
            group by completed_on
            """,
            connection);
        command.Parameters.Add(new() { Value = id.Subject.Id });
        command.Parameters.Add(new() { Value = id.Technique });
        command.Parameters.Add(new() { Value = asOf });
        command.Parameters.Add(new() { Value = reference.Regulations.ForDefinitions(id.Technique, asOf)!.InPractice.CaseRules.QualificationFromLevel });
        var cases = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var day = reader.GetFieldValue<DateOnly>(0);
            cases += state.IsActiveOn(day) || state.AidOn(day) is not null ? 0 : reader.GetInt32(1);
        }

        return cases;
    }

    /// <summary>The longest unbroken aid by then: the sender a tertiary-A hospital with an active qualification, and at least one of the seconded with theirs, on every day.</summary>
    private static async Task<DaySpan?> LongestAid(NpgsqlConnection connection, string technique, Qualification.State state, DateOnly asOf, CancellationToken cancellation)
    {
        if (state.Aids.Count == 0)
        {
            return null;
        }

        var senders = await FactsReader.Institutions(connection, [.. state.Aids.Select(a => a.Hospital).Distinct()], cancellation);
        var qualifications = await FactsReader.Qualifications(connection, [.. state.Aids.SelectMany(a => a.Seconded.Append(a.Hospital)).Distinct()], cancellation);
        return AidRecord.Longest(
            state.Aids,
            hospital => senders.GetValueOrDefault(hospital)?.Entry?.Level == HospitalLevel.TertiaryA,
            subject => qualifications.GetValueOrDefault(new(subject, technique))?.ActiveSpans() ?? [],
            asOf);
    }
}
