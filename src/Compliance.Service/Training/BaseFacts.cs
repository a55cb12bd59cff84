using System.Globalization;
using System.Text.Json;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.Projections;
using Compliance.Service.Qualifications;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>A tutor as the registry has him or her on a day.</summary>
/// <param name="Name">The id, where the registry knows nobody by it.</param>
/// <param name="Title">Null where none is known.</param>
/// <param name="Qualified">With an active qualification for the technique.</param>
/// <param name="Own">With the main registration at the base: others do not count.</param>
public sealed record TutorOnDay(string Physician, string Name, Title? Title, bool Qualified, bool Own);

/// <summary>What the system itself knows of a training base, for the clauses of a path.</summary>
/// <param name="CountedTo">The last day whose cases were counted.</param>
public sealed record BaseKnown(KnownBook Book, DateOnly CountedTo, IReadOnlyList<TutorOnDay> Tutors);

/// <summary>
/// Reads it: levels, qualification, tutors and capacity as they stood on the day, what trainees show of its duties by then, cases up to the settled day.
/// </summary>
public static class BaseFacts
{
    /// <summary>Operators told of: those nearest to the limit in the worst of their three years.</summary>
    private const int MostOperators = 20;

    /// <param name="path">Whose facts are read; null for none but the tutors.</param>
    /// <param name="recognised">Whether it is, or is just being, recognised.</param>
    public static async Task<BaseKnown> Read(
        NpgsqlConnection connection, Reference reference, Regulation regulation, QualificationPath? path, TrainingBaseId id, TrainingBase.State state, DateOnly asOf, bool recognised, CancellationToken cancellation)
    {
        var holder = new QualificationId(Subject.Institution(id.Institution), id.Technique);
        var countedTo = reference.Calendar.SettledDay(asOf, regulation.InPractice.Reporting.WorkingDays);
        var tutors = await Tutors(connection, id, state.TutorsOn(asOf), asOf, cancellation);
        var read = (await FactsReader.Read(connection, reference, [new(holder, asOf)], cancellation))[0];
        var entry = (await FactsReader.Institutions(connection, [id.Institution], cancellation)).GetValueOrDefault(id.Institution)?.Entry;
        var attested = state.AttestedBy(asOf).Where(a => !(a.ValidUntil < asOf)).ToDictionary(a => a.Fact);
        var known = new Dictionary<string, JsonElement>();
        var counted = new Dictionary<string, DateOnly>();
        var asked = path is null ? new HashSet<string>() : regulation.FactsOf(path);
        var ofTrainees = path is null ? new Dictionary<string, JsonElement>() : await OfTrainees(connection, regulation, path, id, state, asOf, cancellation);
        foreach (var fact in regulation.Facts.Where(f => f.Known is not null && asked.Contains(f.Name)))
        {
            var source = fact.Known!;
            // What is attested of the time before all cases were in the system is added to what is counted from there on. Of a window that moves it is about the days that end on the day it held, and so is then
            // what is counted beside it: of use while that day is not before the settled one, afterwards it is attested anew, or the cases alone speak.
            var history = attested.TryGetValue(fact.Name, out var before) && source.LeavesHistory(read.Coverage, countedTo) && source.LeavesHistory(read.Coverage, before.HeldOn)
                && (source.Months is null || before.HeldOn >= countedTo) ? before : null;
            var end = source.Months is null ? countedTo : history?.HeldOn ?? countedTo;
            JsonElement? value = source.Source switch
            {
                KnownSource.Qualification => KnownFacts.Flag(read.Qualification.IsActiveOn(asOf)),
                KnownSource.BaseRecognition => KnownFacts.Flag(recognised),
                KnownSource.BaseKind => KnownFacts.Text(id.Kind),
                KnownSource.TraineeCapacity => state.CapacityOn(asOf) is { } capacity ? KnownFacts.Number(capacity) : null,
                KnownSource.Tutors => JsonSerializer.SerializeToElement(
                    tutors.Where(t => t.Own).Select(t => new { name = t.Physician, title = t.Title is { } title ? Http.Json.Name(title) : "", qualified = t.Qualified })),
                KnownSource.Trainees => ofTrainees.TryGetValue(fact.Name, out var shown) ? shown : null,
                KnownSource.Count => KnownFacts.Number(await ApplicationFacts.Count(connection, holder, source, From(read.Coverage, history, source.Window(end)), cancellation)),
                KnownSource.Procedures => KnownFacts.Flag(await Types(connection, id, source.Procedures!, source.Window(end), cancellation) > 0),
                KnownSource.ProcedureTypes => KnownFacts.Number(await Types(connection, id, source.Procedures!, source.Window(end), cancellation)),
                KnownSource.PractisedSince => Day(BaseRecord.PractisedSince(
                    await Days(connection, id, read.Coverage ?? DateOnly.MinValue, countedTo, cancellation), source.BreakMonths!.Value, countedTo, read.Coverage, history is null ? null : DayOf(history))),
                KnownSource.OperatorYears => await OperatorYears(connection, id, BaseRecord.ThreeYears(end), history is null ? DateOnly.MinValue : read.Coverage!.Value, asOf, history?.Value, cancellation),
                _ => KnownFacts.OfRegistry(fact, entry?.Level, null, null, null, read.Facts.Staff),
            };
            if (source.Source == KnownSource.Count && history is not null)
            {
                counted[fact.Name] = history.HeldOn;
            }

            if (value is { } there)
            {
                known[fact.Name] = there;
            }
        }

        return new(new(asOf, known, read.Facts.Staff, read.Coverage, counted), countedTo, tutors);
    }

    /// <summary>What of the facts of a path the trainees show, by a day; empty where it asks nothing of them.</summary>
    public static async Task<IReadOnlyDictionary<string, JsonElement>> OfTrainees(
        NpgsqlConnection connection, Regulation regulation, QualificationPath path, TrainingBaseId id, TrainingBase.State state, DateOnly asOf, CancellationToken cancellation)
    {
        var facts = regulation.FactsOf(path).Select(f => regulation.Fact(f)!).Where(f => f.Known?.Trainees is not null).ToList();
        if (facts.Count == 0)
            return new Dictionary<string, JsonElement>();
        var trainees = await connection.Documents("select doc from trainees where institution = any($1)", StoredJson.Default.TraineeState, cancellation, [id.Institution]);
        var record = new TraineesRecord([.. trainees.Where(t => t.Enrolment!.Base == id)], state.LookedAtBefore(asOf), asOf);
        return facts.Select(f => (f.Name, Value: record.Value(f.Known!.Trainees!.Value))).Where(f => f.Value is not null).ToDictionary(f => f.Name, f => f.Value!.Value);
    }

    // Beside what is attested of the time before, only what came after is counted.
    private static DaySpan From(DateOnly? coverage, AttestedFact? history, DaySpan window) => history is null || coverage <= window.From ? window : window with { From = coverage!.Value };

    /// <summary>The tutors in the order named, as the registry has them on the day.</summary>
    public static async Task<IReadOnlyList<TutorOnDay>> Tutors(NpgsqlConnection connection, TrainingBaseId id, IReadOnlyList<string> tutors, DateOnly asOf, CancellationToken cancellation)
    {
        var people = await FactsReader.Physicians(connection, tutors, cancellation);
        var qualifications = await FactsReader.Qualifications(connection, tutors, cancellation);
        return
        [
            .. tutors.Select(t => people.GetValueOrDefault(t) is var person && qualifications.GetValueOrDefault(new(Subject.Physician(t), id.Technique)) is var qualification
                ? new TutorOnDay(t, person?.Entry?.Name ?? t, person?.TitleOn(asOf), qualification?.IsActiveOn(asOf) == true, person?.MainOn(asOf)?.Institution == id.Institution)
                : throw new System.Diagnostics.UnreachableException()),
        ];
    }

    private static async Task<int> Types(NpgsqlConnection connection, TrainingBaseId id, IReadOnlyList<string> procedures, DaySpan days, CancellationToken cancellation)
    {
        await using var command = Over(
            connection,
            """
            select count(distinct c.code)::int
            from case_facts f cross join lateral unnest(string_to_array(f.procedures, ' ')) as c (code)
            where f.institution = $1 and f.technique = $2 and f.completed_on between $3 and $4 and not f.voided and c.code = any($5)
            """,
            id,
            days);
        command.Parameters.Add(new() { Value = procedures.ToArray() });
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<IReadOnlyList<DateOnly>> Days(NpgsqlConnection connection, TrainingBaseId id, DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        await using var command = Over(
            connection, "select day from institution_days where institution = $1 and technique = $2 and day between $3 and $4 and cases > 0 order by day", id, new(from, to));
        var days = new List<DateOnly>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            days.Add(reader.GetFieldValue<DateOnly>(0));
        }

        return days;
    }

    /// <summary>Treatments of each operator who belongs to the base in each of three years, with what is attested of the time before.</summary>
    private static async Task<JsonElement> OperatorYears(
        NpgsqlConnection connection, TrainingBaseId id, IReadOnlyList<DaySpan> years, DateOnly from, DateOnly asOf, JsonElement? attested, CancellationToken cancellation)
    {
        await using var command = Over(
            connection,
            """
            select r.physician, count(f.*) filter (where f.completed_on >= $5)::int, count(f.*) filter (where f.completed_on >= $6 and f.completed_on < $5)::int, count(f.*) filter (where f.completed_on < $6)::int
            from (select distinct physician from registrations where institution = $1 and $7 between from_on and to_on) r
            left join case_facts f on f.operator = r.physician and f.institution = $1 and f.technique = $2 and f.completed_on between $3 and $4 and f.therapeutic and not f.voided
            group by r.physician
            """,
            id,
            new(from > years[2].From ? from : years[2].From, years[0].To));
        command.Parameters.Add(new() { Value = years[0].From });
        command.Parameters.Add(new() { Value = years[1].From });
        command.Parameters.Add(new() { Value = asOf });
        var before = attested is { } list
            ? list.EnumerateArray().GroupBy(i => i.GetProperty("name").GetString()!).ToDictionary(g => g.Key, g => Enumerable.Range(1, 3).Select(y => g.Sum(i => (long)i.GetProperty($"treatmentsYear{y}").GetInt32())).ToArray())
            : [];
        var operators = new List<(string Physician, long[] Years)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                var earlier = before.GetValueOrDefault(reader.GetString(0)) ?? [0, 0, 0];
                operators.Add((reader.GetString(0), [reader.GetInt32(1) + earlier[0], reader.GetInt32(2) + earlier[1], reader.GetInt32(3) + earlier[2]]));
            }
        }

        return JsonSerializer.SerializeToElement(
            operators.Where(o => o.Years.Sum() > 0).OrderByDescending(o => o.Years.Min()).ThenBy(o => o.Physician, StringComparer.Ordinal).Take(MostOperators)
                .Select(o => new { name = o.Physician, treatmentsYear1 = o.Years[0], treatmentsYear2 = o.Years[1], treatmentsYear3 = o.Years[2] }));
    }

    private static NpgsqlCommand Over(NpgsqlConnection connection, string sql, TrainingBaseId id, DaySpan days)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = id.Institution });
        command.Parameters.Add(new() { Value = id.Technique });
        command.Parameters.Add(new() { Value = days.From, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = days.To, NpgsqlDbType = NpgsqlDbType.Date });
        return command;
    }

    private static JsonElement Day(DateOnly day) => KnownFacts.Text(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    private static DateOnly DayOf(AttestedFact fact) => DateOnly.ParseExact(fact.Value.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture);
}
