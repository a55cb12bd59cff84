using Compliance.Cases;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Service.Devices;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

/// <summary>A case whose circumstances are asked for.</summary>
/// <param name="Pseudonym">The patient's; null when nothing is known, and then nothing looks like it.</param>
/// <param name="Voided">A voided case has no devices.</param>
public sealed record CircumstancesAsked(Guid CaseId, string Institution, CaseReport Report, string? Pseudonym, bool Voided = false);

/// <summary>
/// What the registries say about the people and the place of many cases at once, each on its own day: of those who decided, the day of the decision. The answer to a report, an import and the flags shown are all computed from here.
/// </summary>
public static class Circumstances
{
    private readonly record struct PersonKey(string Physician, string Institution, string Technique, DateOnly Day);

    private readonly record struct PlaceKey(string Institution, string Technique, DateOnly Day);

    /// <param name="Main">The institution of the main registration.</param>
    private sealed record Person(bool Known, bool RegisteredHere, bool Active, Title? Title, string? Main, bool Seconded = false);

    /// <summary>For cases that the rows show already.</summary>
    public static Task<IReadOnlyList<CaseCircumstances>> Load(NpgsqlConnection connection, Reference reference, IReadOnlyList<CircumstancesAsked> asked, CancellationToken cancellation) =>
        Load(connection, log: null, reference, asked, cancellation);

    /// <summary>For reports just received: what looks like them may have been received a moment before, and not be in the rows yet; such cases are read from the log.</summary>
    public static async Task<IReadOnlyList<CaseCircumstances>> Load(
        NpgsqlConnection connection, IEventStore? log, Reference reference, IReadOnlyList<CircumstancesAsked> asked, CancellationToken cancellation)
    {
        if (asked.Count == 0)
            return [];
        var people = await People(
            connection,
            [.. asked.SelectMany(a => a.Report.DecidedBy.Select(p => KeyOf(p, a, a.Report.DecisionDay)).Append(KeyOf(a.Report.Operator, a, a.Report.CompletedOn))).Distinct()],
            cancellation);
        var places = await Places(connection, [.. asked.SelectMany(a => new[] { PlaceOf(a, a.Report.CompletedOn), PlaceOf(a, a.Report.DecisionDay) }).Distinct()], cancellation);
        var held = await NotActive(connection, people, places, cancellation);
        var duplicates = await PossibleDuplicates.Among(connection, log, reference, asked, cancellation);
        var devices = await DeviceFindings.Flags(connection, log, asked, cancellation);
        var announced = await ProcedureRows.Announced(connection, [.. asked.Select(a => a.CaseId)], cancellation);

        // Qualified means that the grant is valid; suspended says that it could not be used. Those active are both the simple way.
        (bool Qualified, bool Suspended) Standing(bool active, Subject subject, string technique, DateOnly day)
        {
            if (active)
                return (true, false);
            var valid = held.TryGetValue(new(subject, technique), out var q) && q.ValidityOn(day) == Validity.Valid;
            return (valid, valid && q!.IsSuspendedOn(day));
        }

        return
        [
            .. asked.Select((a, i) =>
            {
                var (report, day) = (a.Report, a.Report.CompletedOn);
                Application.Aid? AidOn(DateOnly on) => held.GetValueOrDefault(new(Subject.Institution(a.Institution), report.Technique))?.AidOn(on);
                // Whoever is seconded counts as the institution's own.
                Person Of(string physician, DateOnly on) =>
                    people[KeyOf(physician, a, on)] is { RegisteredHere: false } p && AidOn(on)?.Seconded.Contains(physician) == true ? p with { RegisteredHere = true, Seconded = true } : people[KeyOf(physician, a, on)];
                Decider DeciderOf(string physician)
                {
                    var p = Of(physician, report.DecisionDay);
                    var (_, suspended) = Standing(p.Active, Subject.Physician(physician), report.Technique, report.DecisionDay);
                    return new(physician, p.RegisteredHere, p.Active, p.Title) { Known = p.Known, Suspended = suspended, Seconded = p.Seconded, MainRegistration = p.Main };
                }

                var op = Of(report.Operator, day);
                var operatorStands = Standing(op.Active, Subject.Physician(report.Operator), report.Technique, day);
                var placeStands = Standing(places[PlaceOf(a, day)], Subject.Institution(a.Institution), report.Technique, day);
                return new CaseCircumstances(
                    op.Known,
                    op.RegisteredHere,
                    operatorStands.Qualified,
                    operatorStands.Suspended,
                    op.Title,
                    placeStands.Qualified,
                    placeStands.Suspended,
                    AidOn(day) is not null,
                    [.. report.DecidedBy.Select(DeciderOf)],
                    duplicates.Contains(i)) { OperatorSeconded = op.Seconded, OperatorMainRegistration = op.Main, DeviceFlags = devices[i], Announced = announced.GetValueOrDefault(a.CaseId) };
            }),
        ];
    }

    private static PersonKey KeyOf(string physician, CircumstancesAsked a, DateOnly day) => new(physician, a.Institution, a.Report.Technique, day);

    private static PlaceKey PlaceOf(CircumstancesAsked a, DateOnly day) => new(a.Institution, a.Report.Technique, day);

    private static async Task<Dictionary<PersonKey, Person>> People(NpgsqlConnection connection, IReadOnlyList<PersonKey> keys, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select k.ord,
                   exists (select from physicians p where p.id = k.physician),
                   exists (select from registrations r where r.physician = k.physician and r.institution = k.institution and k.day between r.from_on and r.to_on),
                   exists (select from active_spans a where a.subject = k.physician and a.technique = k.technique and a.kind = 'physician' and k.day between a.from_on and a.to_on),
                   (select t.rank from titles t where t.physician = k.physician and t.from_on <= k.day order by t.from_on desc limit 1),
                   (select r.institution from registrations r where r.physician = k.physician and r.main and k.day between r.from_on and r.to_on limit 1)
            from unnest($1::text[], $2::text[], $3::text[], $4::date[]) with ordinality as k (physician, institution, technique, day, ord)
            """,
            connection);
        Add(command, keys.Select(k => k.Physician));
        Add(command, keys.Select(k => k.Institution));
        Add(command, keys.Select(k => k.Technique));
        Add(command, keys.Select(k => k.Day));
        var people = new Dictionary<PersonKey, Person>(keys.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            Title? title = await reader.IsDBNullAsync(4, cancellation) ? null : (Title)reader.GetInt16(4);
            people[keys[(int)reader.GetInt64(0) - 1]] = new(reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3), title, await reader.IsDBNullAsync(5, cancellation) ? null : reader.GetString(5));
        }

        return people;
    }

    private static async Task<Dictionary<PlaceKey, bool>> Places(NpgsqlConnection connection, IReadOnlyList<PlaceKey> keys, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select k.ord,
                   exists (select from active_spans a where a.subject = k.institution and a.technique = k.technique and a.kind = 'institution' and k.day between a.from_on and a.to_on)
            from unnest($1::text[], $2::text[], $3::date[]) with ordinality as k (institution, technique, day, ord)
            """,
            connection);
        Add(command, keys.Select(k => k.Institution));
        Add(command, keys.Select(k => k.Technique));
        Add(command, keys.Select(k => k.Day));
        var places = new Dictionary<PlaceKey, bool>(keys.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            places[keys[(int)reader.GetInt64(0) - 1]] = reader.GetBoolean(1);
        return places;
    }

    // Why somebody is not active (never granted, ended, suspended) is told by the whole qualification; the few it concerns are worth reading it.
    private static Task<Dictionary<QualificationId, Qualification.State>> NotActive(
        NpgsqlConnection connection, Dictionary<PersonKey, Person> people, Dictionary<PlaceKey, bool> places, CancellationToken cancellation) =>
        FactsReader.Qualifications(
            connection,
            [.. people.Where(p => !p.Value.Active).Select(p => p.Key.Physician).Concat(places.Where(p => !p.Value).Select(p => p.Key.Institution)).Distinct()],
            cancellation);

    private static void Add(NpgsqlCommand command, IEnumerable<string> values) => command.Parameters.Add(new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });

    private static void Add(NpgsqlCommand command, IEnumerable<DateOnly> values) => command.Parameters.Add(new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date });
}
