using Compliance.Cases;
using Compliance.Devices;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>One row per case, and from those rows the counts of the days they touch.</summary>
internal static class CaseRows
{
    /// <summary>An institution, technique and day whose counts must be computed again.</summary>
    private readonly record struct Touched(string Institution, string Technique, DateOnly Day);

    private sealed record Row(CaseFacts Facts, Timeliness Timeliness, IReadOnlyList<CaseKey> Former, string? PatientHash, IReadOnlyList<DeviceUsed> Devices)
    {
        public Guid CaseId => Facts.Key.CaseId;
    }

    /// <summary>Writes the cases' rows as their states say, and recounts the days on which they count now or counted before.</summary>
    /// <param name="fresh">Cases that have no row yet.</param>
    /// <param name="known">Cases that have one.</param>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<Case.State> fresh, IReadOnlyList<Case.State> known, Reference reference, CancellationToken cancellation)
    {
        var touched = new HashSet<Touched>();
        var added = fresh.Select(s => RowOf(s, reference)).ToList();
        var changed = known.Select(s => RowOf(s, reference)).ToList();
        await Insert(connection, added, cancellation);
        if (changed.Count > 0)
        {
            var ids = changed.Select(r => r.CaseId).ToArray();
            // Where the cases counted until now.
            await Touch(
                connection,
                """
                select institution, technique, completed_on from case_facts where case_id = any($1)
                union all
                select institution, technique, determined_on from incidents where case_id = any($1)
                """,
                ids,
                touched,
                cancellation);
            await Update(connection, changed, cancellation);
            await connection.Execute("delete from incidents where case_id = any($1)", cancellation, ids);
            await connection.Execute("delete from device_uses where case_id = any($1)", cancellation, ids);
        }

        var rows = added.Concat(changed).ToList();
        await DeviceRows.InsertUses(connection, [.. rows.SelectMany(r => r.Devices)], cancellation);
        var incidents = rows.SelectMany(r => r.Facts.Voided ? [] : r.Facts.Incidents.Select(i => (r.Facts.Key, i))).ToList();
        if (incidents.Count > 0)
        {
            await connection.Execute(
                """
                insert into incidents (incident_id, case_id, institution, operator, technique, determined_on, grade)
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

        var former = rows.SelectMany(r => r.Former).Select(k => (k.CaseId, k.Institution, k.Operator, k.Technique)).Distinct().ToList();
        if (former.Count > 0)
        {
            await connection.Execute(
                "insert into former_places (case_id, institution, operator, technique) select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) on conflict do nothing",
                cancellation,
                former.Select(f => f.CaseId).ToArray(),
                former.Select(f => f.Institution).ToArray(),
                former.Select(f => f.Operator).ToArray(),
                former.Select(f => f.Technique).ToArray());
        }

        foreach (var key in rows.Select(r => r.Facts.Key))
        {
            touched.Add(new(key.Institution, key.Technique, key.CompletedOn));
        }

        foreach (var (key, incident) in incidents)
        {
            touched.Add(new(key.Institution, key.Technique, incident.DeterminedOn));
        }

        await Recount(connection, touched, cancellation);
    }

    private static Row RowOf(Case.State state, Reference reference) => new(
        CaseFacts.Of(state),
        reference.Calendars.Recompute(state.Timeliness!, state.Key!.CompletedOn, WorkingDays(reference, state.Key.Technique, state.Key.CompletedOn)),
        state.FormerKeys,
        state.Report!.PatientHash,
        DeviceUsed.Of(state));

    // COPY, because these are nearly all rows there ever are, and it costs a third of inserting them.
    private static async Task Insert(NpgsqlConnection connection, List<Row> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0)
        {
            return;
        }

        await using var copy = await connection.BeginBinaryImportAsync(
            """
            copy case_facts (case_id, institution, operator, technique, completed_on, received_on, deadline, provisional, calendar_version,
                             voided, therapeutic, level, severe, death, possible_severe, possible_death, succeeded, stay_days, patient_hash) from stdin (format binary)
            """,
            cancellation);
        foreach (var (facts, timeliness, _, patientHash, _) in rows)
        {
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(facts.Key.CaseId, NpgsqlDbType.Uuid, cancellation);
            await copy.WriteAsync(facts.Key.Institution, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(facts.Key.Operator, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(facts.Key.Technique, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(facts.Key.CompletedOn, NpgsqlDbType.Date, cancellation);
            await copy.WriteAsync(timeliness.ReceivedOn, NpgsqlDbType.Date, cancellation);
            if (timeliness.Deadline is { } deadline)
                await copy.WriteAsync(deadline, NpgsqlDbType.Date, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
            await copy.WriteAsync(timeliness.Provisional, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(timeliness.CalendarVersion, NpgsqlDbType.Integer, cancellation);
            await copy.WriteAsync(facts.Voided, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(facts.Therapeutic, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync((short)facts.Level, NpgsqlDbType.Smallint, cancellation);
            await copy.WriteAsync(facts.Severe, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(facts.Death, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(facts.PossibleSevere, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(facts.PossibleDeath, NpgsqlDbType.Boolean, cancellation);
            if (facts.Succeeded is { } succeeded)
                await copy.WriteAsync(succeeded, NpgsqlDbType.Boolean, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
            if (facts.StayDays is { } nights)
                await copy.WriteAsync(nights, NpgsqlDbType.Integer, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
            if (patientHash is not null)
                await copy.WriteAsync(patientHash, NpgsqlDbType.Text, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }

    private static Task Update(NpgsqlConnection connection, List<Row> rows, CancellationToken cancellation) => connection.Execute(
        """
        update case_facts f set
            institution = n.institution, operator = n.operator, technique = n.technique, completed_on = n.completed_on,
            received_on = n.received_on, deadline = n.deadline, provisional = n.provisional, calendar_version = n.calendar_version,
            voided = n.voided, therapeutic = n.therapeutic, level = n.level, severe = n.severe, death = n.death,
            possible_severe = n.possible_severe, possible_death = n.possible_death, succeeded = n.succeeded, stay_days = n.stay_days, patient_hash = n.patient_hash
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::date[], $8::boolean[], $9::int[],
                    $10::boolean[], $11::boolean[], $12::smallint[], $13::boolean[], $14::boolean[], $15::boolean[], $16::boolean[], $17::boolean[], $18::int[], $19::text[])
             as n (case_id, institution, operator, technique, completed_on, received_on, deadline, provisional, calendar_version,
                   voided, therapeutic, level, severe, death, possible_severe, possible_death, succeeded, stay_days, patient_hash)
        where f.case_id = n.case_id
        """,
        cancellation,
        rows.Select(r => r.CaseId).ToArray(),
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
        rows.Select(r => r.Facts.Succeeded).ToArray(),
        rows.Select(r => r.Facts.StayDays).ToArray(),
        rows.Select(r => r.PatientHash).ToArray());

    /// <summary>
    /// Moves the deadlines that a newly published calendar may extend: those still provisional, and those still open on
    /// the day it was recorded. Then whatever was late and is no more leaves the late reports.
    /// </summary>
    public static async Task RecomputeDeadlines(NpgsqlConnection connection, DateOnly recordedOn, Reference reference, CancellationToken cancellation)
    {
        var rows = new List<(Guid Id, Timeliness Before, string Technique, DateOnly CompletedOn)>();
        await using (var command = new NpgsqlCommand(
            "select case_id, received_on, deadline, provisional, calendar_version, technique, completed_on from case_facts where deadline is not null and (provisional or deadline >= $1)",
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
            update case_facts f set deadline = n.deadline, provisional = n.provisional, calendar_version = n.calendar_version
            from unnest($1::uuid[], $2::date[], $3::boolean[], $4::int[]) as n (case_id, deadline, provisional, calendar_version)
            where f.case_id = n.case_id
            """,
            cancellation,
            ids,
            moved.Select(m => m.After.Deadline).ToArray(),
            moved.Select(m => m.After.Provisional).ToArray(),
            moved.Select(m => m.After.CalendarVersion).ToArray());
        var touched = new HashSet<Touched>();
        await Touch(connection, "select institution, technique, completed_on from case_facts where case_id = any($1)", ids, touched, cancellation);
        await Recount(connection, touched, cancellation);
    }

    private static int WorkingDays(Reference reference, string technique, DateOnly day) =>
        reference.Regulations.ReportDefinitions(technique, day)!.InPractice.Reporting.WorkingDays;

    private static async Task Touch(NpgsqlConnection connection, string sql, Guid[] ids, HashSet<Touched> touched, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = ids });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            touched.Add(new(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateOnly>(2)));
        }
    }

    // In the order of the index, so that neighbours are found on the same pages.
    private static Task Recount(NpgsqlConnection connection, HashSet<Touched> touched, CancellationToken cancellation)
    {
        var days = touched.OrderBy(t => t.Institution, StringComparer.Ordinal).ThenBy(t => t.Technique, StringComparer.Ordinal).ThenBy(t => t.Day).ToList();
        return connection.Execute(RecountSql, cancellation, days.Select(d => d.Institution).ToArray(), days.Select(d => d.Technique).ToArray(), days.Select(d => d.Day).ToArray());
    }

    private const string RecountSql = """
        insert into institution_days (institution, technique, day, cases, diagnostic, therapeutic, level3plus, level3plus_therapeutic, severe, therapeutic_severe,
            death, therapeutic_death, possible_severe, possible_death, possible_therapeutic_severe, possible_therapeutic_death, late, incidents, serious_incidents)
        select k.institution, k.technique, k.day, c.*, i.*
        from unnest($1::text[], $2::text[], $3::date[]) as k (institution, technique, day)
        cross join lateral (
            select count(*), count(*) filter (where not f.therapeutic), count(*) filter (where f.therapeutic),
                   count(*) filter (where f.level >= 3), count(*) filter (where f.level >= 3 and f.therapeutic),
                   count(*) filter (where f.severe), count(*) filter (where f.severe and f.therapeutic),
                   count(*) filter (where f.death), count(*) filter (where f.death and f.therapeutic),
                   count(*) filter (where f.possible_severe), count(*) filter (where f.possible_death),
                   count(*) filter (where f.possible_severe and f.therapeutic), count(*) filter (where f.possible_death and f.therapeutic),
                   count(*) filter (where f.received_on > f.deadline)
            from case_facts f
            where f.institution = k.institution and f.technique = k.technique and f.completed_on = k.day and not f.voided
        ) c
        cross join lateral (
            select count(*), count(*) filter (where n.grade <= 2)
            from incidents n
            where n.institution = k.institution and n.technique = k.technique and n.determined_on = k.day
        ) i
        on conflict (institution, technique, day) do update set
            cases = excluded.cases, diagnostic = excluded.diagnostic, therapeutic = excluded.therapeutic,
            level3plus = excluded.level3plus, level3plus_therapeutic = excluded.level3plus_therapeutic,
            severe = excluded.severe, therapeutic_severe = excluded.therapeutic_severe, death = excluded.death, therapeutic_death = excluded.therapeutic_death,
            possible_severe = excluded.possible_severe, possible_death = excluded.possible_death,
            possible_therapeutic_severe = excluded.possible_therapeutic_severe, possible_therapeutic_death = excluded.possible_therapeutic_death,
            late = excluded.late, incidents = excluded.incidents, serious_incidents = excluded.serious_incidents
        """;
}
