using Compliance.Cases;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>One row per case, and from those rows the counts of the days they touch.</summary>
internal static class CaseRows
{
    /// <summary>A subject, technique and day whose counts must be computed again.</summary>
    private readonly record struct Touched(string Kind, string Subject, string Technique, DateOnly Day);

    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<Case.State> states, Reference reference, CancellationToken cancellation)
    {
        var touched = new HashSet<Touched>();
        var ids = states.Select(s => s.Key!.CaseId).ToArray();

        // Where the cases counted until now.
        await Touch(
            connection,
            """
            select institution, operator, technique, completed_on from read.case_facts where case_id = any($1)
            union all
            select institution, operator, technique, determined_on from read.incidents where case_id = any($1)
            """,
            ids,
            touched,
            cancellation);

        var rows = states.Select(s => (
            Facts: CaseFacts.Of(s),
            Timeliness: reference.Calendars.Recompute(s.Timeliness!, s.Key!.CompletedOn, WorkingDays(reference, s.Key.Technique, s.Key.CompletedOn)),
            s.Report!.PatientHash)).ToList();
        await connection.Execute(
            """
            insert into read.case_facts (case_id, institution, operator, technique, completed_on, received_on, deadline, provisional, calendar_version,
                                         voided, therapeutic, level, severe, death, possible_severe, possible_death, patient_hash)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::date[], $8::boolean[], $9::int[],
                                 $10::boolean[], $11::boolean[], $12::smallint[], $13::boolean[], $14::boolean[], $15::boolean[], $16::boolean[], $17::text[])
            on conflict (case_id) do update set
                institution = excluded.institution, operator = excluded.operator, technique = excluded.technique, completed_on = excluded.completed_on,
                received_on = excluded.received_on, deadline = excluded.deadline, provisional = excluded.provisional, calendar_version = excluded.calendar_version,
                voided = excluded.voided, therapeutic = excluded.therapeutic, level = excluded.level, severe = excluded.severe, death = excluded.death,
                possible_severe = excluded.possible_severe, possible_death = excluded.possible_death, patient_hash = excluded.patient_hash
            """,
            cancellation,
            ids,
            rows.Select(r => r.Facts.Key.Institution).ToArray(),
            rows.Select(r => r.Facts.Key.Operator).ToArray(),
            rows.Select(r => r.Facts.Key.Technique).ToArray(),
            rows.Select(r => r.Facts.Key.CompletedOn).ToArray(),
            rows.Select(r => r.Timeliness.ReceivedOn).ToArray(),
            rows.Select(r => r.Timeliness.Deadline).ToArray(),
            rows.Select(r => r.Timeliness.Provisional).ToArray(),
            rows.Select(r => r.Timeliness.CalendarVersion).ToArray(),
            rows.Select(r => r.Facts.Voided).ToArray(),
            rows.Select(r => r.Facts.Therapeutic).ToArray(),
            rows.Select(r => (short)r.Facts.Level).ToArray(),
            rows.Select(r => r.Facts.Severe).ToArray(),
            rows.Select(r => r.Facts.Death).ToArray(),
            rows.Select(r => r.Facts.PossibleSevere).ToArray(),
            rows.Select(r => r.Facts.PossibleDeath).ToArray(),
            rows.Select(r => r.PatientHash).ToArray());

        var incidents = rows.SelectMany(r => r.Facts.Voided ? [] : r.Facts.Incidents.Select(i => (r.Facts.Key, i))).ToList();
        await connection.Execute("delete from read.incidents where case_id = any($1)", cancellation, ids);
        if (incidents.Count > 0)
        {
            await connection.Execute(
                """
                insert into read.incidents (incident_id, case_id, institution, operator, technique, determined_on, grade)
                select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::date[], $7::smallint[])
                """,
                cancellation,
                incidents.Select(x => x.i.Id).ToArray(),
                incidents.Select(x => x.Key.CaseId).ToArray(),
                incidents.Select(x => x.Key.Institution).ToArray(),
                incidents.Select(x => x.Key.Operator).ToArray(),
                incidents.Select(x => x.Key.Technique).ToArray(),
                incidents.Select(x => x.i.DeterminedOn).ToArray(),
                incidents.Select(x => (short)x.i.Grade).ToArray());
        }

        foreach (var key in rows.Select(r => r.Facts.Key))
        {
            Touch(touched, key.Institution, key.Operator, key.Technique, key.CompletedOn);
        }

        foreach (var (key, incident) in incidents)
        {
            Touch(touched, key.Institution, key.Operator, key.Technique, incident.DeterminedOn);
        }

        await Recount(connection, touched, cancellation);
    }

    /// <summary>
    /// Moves the deadlines that a newly published calendar may extend: those still provisional, and those still open on
    /// the day it was recorded. Then whatever was late and is no more leaves the late reports.
    /// </summary>
    public static async Task RecomputeDeadlines(NpgsqlConnection connection, DateOnly recordedOn, Reference reference, CancellationToken cancellation)
    {
        var rows = new List<(Guid Id, Timeliness Before, string Technique, DateOnly CompletedOn)>();
        await using (var command = new NpgsqlCommand(
            "select case_id, received_on, deadline, provisional, calendar_version, technique, completed_on from read.case_facts where deadline is not null and (provisional or deadline >= $1)",
            connection))
        {
            command.Parameters.Add(new() { Value = recordedOn });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                rows.Add((
                    reader.GetGuid(0),
                    new(reader.GetFieldValue<DateOnly>(1), reader.GetFieldValue<DateOnly>(2), reader.GetInt32(4), reader.GetBoolean(3)),
                    reader.GetString(5),
                    reader.GetFieldValue<DateOnly>(6)));
            }
        }

        var moved = rows
            .Select(r => (r.Id, r.Before, After: reference.Calendars.Recompute(r.Before, r.CompletedOn, WorkingDays(reference, r.Technique, r.CompletedOn))))
            .Where(r => r.After != r.Before)
            .ToList();
        var ids = moved.Select(m => m.Id).ToArray();
        await connection.Execute(
            """
            update read.case_facts f set deadline = n.deadline, provisional = n.provisional, calendar_version = n.calendar_version
            from unnest($1::uuid[], $2::date[], $3::boolean[], $4::int[]) as n (case_id, deadline, provisional, calendar_version)
            where f.case_id = n.case_id
            """,
            cancellation,
            ids,
            moved.Select(m => m.After.Deadline).ToArray(),
            moved.Select(m => m.After.Provisional).ToArray(),
            moved.Select(m => m.After.CalendarVersion).ToArray());
        var touched = new HashSet<Touched>();
        await Touch(connection, "select institution, operator, technique, completed_on from read.case_facts where case_id = any($1)", ids, touched, cancellation);
        await Recount(connection, touched, cancellation);
    }

    private static int WorkingDays(Reference reference, string technique, DateOnly day) =>
        reference.Regulations.ReportDefinitions(technique, day)!.Reporting.WorkingDays;

    private static void Touch(HashSet<Touched> touched, string institution, string @operator, string technique, DateOnly day)
    {
        touched.Add(new("institution", institution, technique, day));
        touched.Add(new("physician", @operator, technique, day));
    }

    private static async Task Touch(NpgsqlConnection connection, string sql, Guid[] ids, HashSet<Touched> touched, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = ids });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            Touch(touched, reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateOnly>(3));
        }
    }

    private static async Task Recount(NpgsqlConnection connection, HashSet<Touched> touched, CancellationToken cancellation)
    {
        foreach (var (kind, column) in new[] { ("institution", "institution"), ("physician", "operator") })
        {
            var keys = touched.Where(t => t.Kind == kind).ToList();
            if (keys.Count == 0)
            {
                continue;
            }

            await connection.Execute(
                RecountSql.Replace("$subject", column, StringComparison.Ordinal),
                cancellation,
                kind,
                keys.Select(k => k.Subject).ToArray(),
                keys.Select(k => k.Technique).ToArray(),
                keys.Select(k => k.Day).ToArray());
        }
    }

    private const string RecountSql = """
        insert into read.subject_days (kind, subject, technique, day, cases, diagnostic, therapeutic, level3plus, level3plus_therapeutic, severe, therapeutic_severe,
            death, therapeutic_death, possible_severe, possible_death, possible_therapeutic_severe, possible_therapeutic_death, incidents, serious_incidents, late)
        select $1, k.subject, k.technique, k.day, c.*, i.*, l.*
        from unnest($2::text[], $3::text[], $4::date[]) as k (subject, technique, day)
        cross join lateral (
            select count(*), count(*) filter (where not f.therapeutic), count(*) filter (where f.therapeutic),
                   count(*) filter (where f.level >= 3), count(*) filter (where f.level >= 3 and f.therapeutic),
                   count(*) filter (where f.severe), count(*) filter (where f.severe and f.therapeutic),
                   count(*) filter (where f.death), count(*) filter (where f.death and f.therapeutic),
                   count(*) filter (where f.possible_severe), count(*) filter (where f.possible_death),
                   count(*) filter (where f.possible_severe and f.therapeutic), count(*) filter (where f.possible_death and f.therapeutic)
            from read.case_facts f
            where f.$subject = k.subject and f.technique = k.technique and f.completed_on = k.day and not f.voided
        ) c
        cross join lateral (
            select count(*), count(*) filter (where n.grade <= 2)
            from read.incidents n
            where n.$subject = k.subject and n.technique = k.technique and n.determined_on = k.day
        ) i
        cross join lateral (
            select count(*)
            from read.case_facts f
            where f.$subject = k.subject and f.technique = k.technique and f.completed_on = k.day and not f.voided and f.received_on > f.deadline
        ) l
        on conflict (kind, subject, technique, day) do update set
            cases = excluded.cases, diagnostic = excluded.diagnostic, therapeutic = excluded.therapeutic,
            level3plus = excluded.level3plus, level3plus_therapeutic = excluded.level3plus_therapeutic,
            severe = excluded.severe, therapeutic_severe = excluded.therapeutic_severe, death = excluded.death, therapeutic_death = excluded.therapeutic_death,
            possible_severe = excluded.possible_severe, possible_death = excluded.possible_death,
            possible_therapeutic_severe = excluded.possible_therapeutic_severe, possible_therapeutic_death = excluded.possible_therapeutic_death,
            incidents = excluded.incidents, serious_incidents = excluded.serious_incidents, late = excluded.late
        """;
}
