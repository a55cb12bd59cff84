using System.Collections.Frozen;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>Whose facts, and as of which day.</summary>
/// <param name="AssessedOn">
/// Of an assessment, the day it was opened on: then the day itself is judged instead of the settled day, since every report of it has been due; and who began anew by then has answered for what was before.
/// </param>
public readonly record struct FactsAsked(QualificationId Qualification, DateOnly AsOf, DateOnly? AssessedOn = null);

/// <summary>A subject's facts, and what they were read with.</summary>
/// <param name="Province">Where the subject belongs on the day; null when it never had a registration.</param>
/// <param name="Coverage">The day from which all its cases are in the system; null for always.</param>
public sealed record FactsRead(SubjectFacts Facts, Qualification.State Qualification, string? Province, string Name, DateOnly? Coverage);

/// <summary>
/// Reads everything <c>Evaluate</c> looks at, for many subjects and days at once. The closings, the dashboards and a
/// single question all read here, so that they cannot disagree.
/// </summary>
public static class FactsReader
{
    /// <param name="places">What has been read of institutions in the same transaction, to be used again and added to.</param>
    public static async Task<IReadOnlyList<FactsRead>> Read(
        NpgsqlConnection connection, Reference reference, IReadOnlyList<FactsAsked> asked, CancellationToken cancellation, PlacesRead? places = null)
    {
        if (asked.Count == 0)
        {
            return [];
        }

        var persons = Ids(asked, SubjectKind.Physician);
        var people = await Physicians(connection, persons, cancellation);
        var own = await Qualifications(connection, persons, cancellation);
        places ??= new();
        await places.Add(
            connection, [.. Ids(asked, SubjectKind.Institution).Concat(people.Values.SelectMany(p => p.Entry!.Registrations.Select(r => r.Institution))).Distinct()], cancellation);

        var prepared = asked.Select(a => Prepare(a, reference, people, places.Institutions, id => own.GetValueOrDefault(id) ?? places.Qualifications.GetValueOrDefault(id))).ToList();
        // The days that bind and those up to date are nearly the same: each is counted once, in three parts.
        var parts = prepared.ConvertAll(p => Parts(p.Judged.Span, p.Current.Span));
        var counts = await CountsQuery.Read(
            connection,
            [.. parts.SelectMany((days, i) => days.Select(d => new CountsAsked(prepared[i].Id.Subject, prepared[i].Id.Technique, d, prepared[i].AsOf)))],
            cancellation);
        var staff = await StaffOf(connection, asked, cancellation);

        return
        [
            .. prepared.Select((p, i) => p.With(counts[3 * i] + counts[(3 * i) + 1], counts[(3 * i) + 1] + counts[(3 * i) + 2], staff[i])),
        ];
    }

    /// <summary>The days of the earlier span alone, those of both, and those of the later alone; an empty part where there are none.</summary>
    internal static DaySpan[] Parts(DaySpan earlier, DaySpan later)
    {
        if (!earlier.Overlaps(later))
        {
            return [earlier, None, later];
        }

        if (later.From < earlier.From || later.To < earlier.To)
        {
            throw new ArgumentException($"{later} is not later than {earlier}.", nameof(later));
        }

        return [new(earlier.From, later.From.AddDays(-1)), new(later.From, earlier.To), new(earlier.To.AddDays(1), later.To)];
    }

    private static readonly DaySpan None = new(DateOnly.MaxValue, DateOnly.MinValue);

    /// <summary>All that is known of a subject before anything is counted.</summary>
    internal sealed record Prepared(
        QualificationId Id,
        DateOnly AsOf,
        Observation Judged,
        Observation Current,
        bool Excused,
        Physician.State? Person,
        Institution.State? Place,
        Qualification.State Qualification,
        string? Province,
        string Name,
        DateOnly? Coverage,
        IReadOnlySet<string> Kept)
    {
        public FactsRead With(Counts judged, Counts current, Staff staff) => new(
            new SubjectFacts(
                Id.Subject, Id.Technique, AsOf, Judged, judged, Current, current, staff, Excused, Person?.LowestTitleWithin(Judged.Span), Person?.LowestTitleWithin(Current.Span), Conditions()),
            Qualification,
            Province,
            Name,
            Coverage);

        // Without the documents, and only what is asked day by day: closings keep these for every subject and day.
        private ConditionFacts? Conditions() => Qualification.Attested.Count > 0 && Kept is { Count: > 0 } asked && Qualification.AttestedBy(AsOf) is var attested && attested.Any(a => asked.Contains(a.Fact))
            ? new(Qualification.PathOn(AsOf), [.. attested.Where(a => asked.Contains(a.Fact)).Select(a => a with { Evidence = [] })], Place?.Entry?.Level, Person?.TitleOn(AsOf), Person?.Entry?.LicenceScope, Person?.Entry?.Specialty)
            : null;
    }

    /// <summary>What the registry and the qualifications say; pure, so that it can be asked without a database.</summary>
    internal static Prepared Prepare(
        FactsAsked asked,
        Reference reference,
        Dictionary<string, Physician.State> people,
        Dictionary<string, Institution.State> places,
        Func<QualificationId, Qualification.State?> qualifications)
    {
        var (id, asOf, assessedOn) = asked;
        var qualification = qualifications(id) ?? Qualification.State.Initial;
        var person = id.Subject.Kind == SubjectKind.Physician ? people.GetValueOrDefault(id.Subject.Id) ?? Physician.State.Initial : null;
        var place = id.Subject.Kind == SubjectKind.Institution ? places.GetValueOrDefault(id.Subject.Id) : null;

        DateOnly? Covered(Institution.State? at) => at is not null && at.Coverage.TryGetValue(id.Technique, out var from) ? from : null;
        var coverage = person is null ? Covered(place) : person.RegistrationsOn(asOf).Select(r => Covered(places.GetValueOrDefault(r.Institution))).Max();
        var tookEffect = qualification.TookEffectBy(assessedOn ?? asOf);
        var workingDays = reference.Regulations.ForDefinitions(id.Technique, asOf)?.Practice?.Reporting.WorkingDays ?? 10;
        var judged = Observation.EndingOn(assessedOn is not null ? asOf : reference.Calendar.SettledDay(asOf, workingDays), tookEffect, coverage);
        var current = Observation.EndingOn(asOf, tookEffect, coverage);

        // Annulled later or not: nobody worked there on those days.
        bool PlaceSuspended(string institution, DateOnly day) =>
            qualifications(new(Subject.Institution(institution), id.Technique))?.WasSuspendedWithin(new(day, day)) == true;
        var excused = qualification.WasSuspendedWithin(judged.Span)
            || (person is not null && Excuses.Apply(person, judged.Span, PlaceSuspended, SuspensionDays(person, id.Technique, qualifications)));
        var main = person?.LastMainBy(asOf)?.Institution;
        var province = person is null ? place?.Entry?.Province : main is null ? null : places.GetValueOrDefault(main)?.Entry?.Province;
        var name = person is null ? place?.Entry?.Name : person.Entry?.Name;
        var kept = qualification.Attested.Count == 0 ? FrozenSet<string>.Empty : reference.Regulations.InForce(id.Technique, asOf)?.KeptFacts(id.Subject.Kind) ?? FrozenSet<string>.Empty;
        return new(id, asOf, judged, current, excused, person, place, qualification, province, name ?? id.Subject.Id, coverage, kept);
    }

    // Whether a physician was kept from every place can change only where one of their suspensions begins or ends.
    private static IEnumerable<DateOnly> SuspensionDays(Physician.State person, string technique, Func<QualificationId, Qualification.State?> qualifications) =>
        (person.Entry?.Registrations ?? []).Select(r => r.Institution).Distinct()
            .SelectMany(i => qualifications(new(Subject.Institution(i), technique))?.Suspensions ?? [])
            .SelectMany(s => s.EndedOn is { } ended ? new[] { s.EffectiveOn, ended } : [s.EffectiveOn]);

    private static List<string> Ids(IReadOnlyList<FactsAsked> asked, SubjectKind kind) =>
        [.. asked.Where(a => a.Qualification.Subject.Kind == kind).Select(a => a.Qualification.Subject.Id).Distinct()];

    public static async Task<Dictionary<string, Physician.State>> Physicians(NpgsqlConnection connection, IReadOnlyCollection<string> ids, CancellationToken cancellation) =>
        (await connection.Documents("select doc from physicians where id = any($1)", StoredJson.Default.PhysicianState, cancellation, ids.ToArray())).ToDictionary(p => p.Entry!.Physician);

    public static async Task<Dictionary<string, Institution.State>> Institutions(NpgsqlConnection connection, IReadOnlyCollection<string> ids, CancellationToken cancellation) =>
        (await connection.Documents("select doc from institutions where id = any($1)", StoredJson.Default.InstitutionState, cancellation, ids.ToArray())).ToDictionary(i => i.Entry!.Institution);

    public static async Task<Dictionary<QualificationId, Qualification.State>> Qualifications(NpgsqlConnection connection, IReadOnlyCollection<string> subjects, CancellationToken cancellation) =>
        (await connection.Documents("select doc from qualifications where subject = any($1)", StoredJson.Default.QualificationState, cancellation, subjects.ToArray())).ToDictionary(q => q.Id!.Value);

    // One institution after the other: a planner that may join as it likes reads all registrations and spans when statistics are young.
    private const string StaffSql = """
        select asked.ord, s.*
        from unnest($1::text[], $2::text[], $3::date[]) with ordinality as asked (institution, technique, as_of, ord)
        cross join lateral (
            select count(*), count(*) filter (where held.rank >= 3), count(*) filter (where held.rank >= 4)
            from registrations r
            cross join lateral (
                select from active_spans a
                where a.kind = 'physician' and a.subject = r.physician and a.technique = asked.technique and asked.as_of between a.from_on and a.to_on limit 1
            ) active
            left join lateral (
                select t.rank from titles t where t.physician = r.physician and t.from_on <= asked.as_of order by t.from_on desc limit 1
            ) held on true
            where r.institution = asked.institution and r.main and asked.as_of between r.from_on and r.to_on
        ) s
        """;

    private static async Task<Staff[]> StaffOf(NpgsqlConnection connection, IReadOnlyList<FactsAsked> asked, CancellationToken cancellation)
    {
        var staff = new Staff[asked.Count];
        var of = asked.Select((a, i) => (a, i)).Where(x => x.a.Qualification.Subject.Kind == SubjectKind.Institution).ToList();
        if (of.Count == 0)
        {
            return staff;
        }

        await using var command = new NpgsqlCommand(StaffSql, connection);
        command.Parameters.Add(new() { Value = of.Select(x => x.a.Qualification.Subject.Id).ToArray() });
        command.Parameters.Add(new() { Value = of.Select(x => x.a.Qualification.Technique).ToArray() });
        command.Parameters.Add(new() { Value = of.Select(x => x.a.AsOf).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            staff[of[(int)reader.GetInt64(0) - 1].i] = new((int)reader.GetInt64(1), (int)reader.GetInt64(2), (int)reader.GetInt64(3));
        }

        return staff;
    }
}

/// <summary>What has been read of institutions: thousands of physicians work in the same ones.</summary>
public sealed class PlacesRead
{
    private readonly HashSet<string> _asked = [];

    public Dictionary<string, Institution.State> Institutions { get; } = [];

    public Dictionary<QualificationId, Qualification.State> Qualifications { get; } = [];

    /// <summary>Reads those not asked for before.</summary>
    public async Task Add(NpgsqlConnection connection, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        string[] missing = [.. ids.Where(_asked.Add)];
        foreach (var (id, state) in await FactsReader.Institutions(connection, missing, cancellation))
            Institutions.Add(id, state);
        foreach (var (id, state) in await FactsReader.Qualifications(connection, missing, cancellation))
            Qualifications.Add(id, state);
    }
}
