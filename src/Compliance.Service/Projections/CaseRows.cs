using System.Globalization;
using Compliance.Cases;
using Compliance.Devices;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Npgsql;
using NpgsqlTypes;
using Timeliness = Compliance.Cases.Timeliness;

namespace Compliance.Service.Projections;

/// <summary>A case, and the events it was folded from.</summary>
internal sealed record CaseRead(Case.State State, IReadOnlyList<RecordedEvent> Events)
{
    public static CaseRead Of(IReadOnlyList<RecordedEvent> events) => new(Case.Fold(events.Select(e => (Case.Event)e.Data)), events);
}

/// <summary>One row per case, and from those rows the counts of the days they touch.</summary>
internal static class CaseRows
{
    /// <summary>An institution, technique and day whose counts must be computed again.</summary>
    private readonly record struct Touched(string Institution, string Technique, DateOnly Day);

    private sealed record Row(CaseFacts Facts, Timeliness Timeliness, IReadOnlyList<CaseKey> Former, string? PatientHash, IReadOnlyList<DeviceUsed> Devices, OwedRow Owed, string? Procedures, string? Trainee)
    {
        public Guid CaseId => Facts.Key.CaseId;
    }

    /// <summary>What is owed about a case, and whether an outcome came late.</summary>
    private sealed record OwedRow(Timeliness? Statement, DateOnly? FollowUpDue, DateOnly[]? FollowUpsDue, string? FollowUps, bool LateOutcome);

    /// <summary>Writes the cases' rows as their states say, and recounts the days on which they count now or counted before.</summary>
    /// <param name="fresh">Cases that have no row yet.</param>
    /// <param name="known">Cases that have one.</param>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<CaseRead> fresh, IReadOnlyList<CaseRead> known, Reference reference, CancellationToken cancellation)
    {
        var touched = new HashSet<Touched>();
        var added = fresh.Select(s => RowOf(s.State, reference)).ToList();
        var changed = known.Select(s => RowOf(s.State, reference)).ToList();
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
            await connection.Execute("delete from adjudications where case_id = any($1)", cancellation, ids);
        }

        var rows = added.Concat(changed).ToList();
        await DeviceRows.InsertUses(connection, [.. rows.SelectMany(r => r.Devices)], cancellation);
        await AdjudicationRows.Insert(connection, [.. fresh.Concat(known).SelectMany(AdjudicationRows.Of)], cancellation);
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

    private static Row RowOf(Case.State state, Reference reference)
    {
        var rule = Rule(reference, state.Key!.Technique, state.Key.CompletedOn);
        return new(
            CaseFacts.Of(state),
            reference.Calendars.Recompute(state.Timeliness!, state.Key.CompletedOn, rule.WorkingDays),
            state.FormerKeys,
            state.Report!.PatientHash,
            DeviceUsed.Of(state),
            OwedOf(state, rule, reference),
            state.Report.ProcedureCodes is { Count: > 0 } codes ? string.Join(' ', codes) : null,
            state.Report.Trainee);
    }

    private static OwedRow OwedOf(Case.State state, ReportingRule rule, Reference reference)
    {
        var followUps = CaseDuties.FollowUps(state, rule);
        return new(
            CaseDuties.StatementStands(state, rule) ? null : CaseDuties.StatementDue(state, rule, reference.Calendars),
            followUps.FirstOrDefault(f => f.Duty == FollowUpDuty.Open)?.DueOn,
            followUps.Count == 0 ? null : [.. followUps.Select(f => f.DueOn)],
            followUps.Count == 0 ? null : string.Concat(followUps.Select(f => f.Duty switch { FollowUpDuty.Open => 'o', FollowUpDuty.InTime => 't', _ => 'x' })),
            !state.Voided && CaseDuties.HasLateOutcome(state, rule));
    }

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
                             voided, therapeutic, level, severe, death, possible_severe, possible_death, succeeded, stay_days, patient_hash,
                             statement_due, statement_provisional, statement_calendar, follow_up_due, follow_ups_due, follow_ups, late_outcome, procedures, trainee) from stdin (format binary)
            """,
            cancellation);
        foreach (var (facts, timeliness, _, patientHash, _, owed, procedures, trainee) in rows)
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
            await WriteOwed(copy, owed, cancellation);
            if (procedures is not null)
                await copy.WriteAsync(procedures, NpgsqlDbType.Text, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
            if (trainee is not null)
                await copy.WriteAsync(trainee, NpgsqlDbType.Text, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }

    private static async Task WriteOwed(NpgsqlBinaryImporter copy, OwedRow owed, CancellationToken cancellation)
    {
        if (owed.Statement is { Deadline: { } deadline } statement)
        {
            await copy.WriteAsync(deadline, NpgsqlDbType.Date, cancellation);
            await copy.WriteAsync(statement.Provisional, NpgsqlDbType.Boolean, cancellation);
            await copy.WriteAsync(statement.CalendarVersion, NpgsqlDbType.Integer, cancellation);
        }
        else
        {
            for (var i = 0; i < 3; i++)
                await copy.WriteNullAsync(cancellation);
        }

        if (owed.FollowUpDue is { } followUp)
            await copy.WriteAsync(followUp, NpgsqlDbType.Date, cancellation);
        else
            await copy.WriteNullAsync(cancellation);
        if (owed.FollowUpsDue is { } all)
        {
            await copy.WriteAsync(all, NpgsqlDbType.Array | NpgsqlDbType.Date, cancellation);
            await copy.WriteAsync(owed.FollowUps!, NpgsqlDbType.Text, cancellation);
        }
        else
        {
            await copy.WriteNullAsync(cancellation);
            await copy.WriteNullAsync(cancellation);
        }

        await copy.WriteAsync(owed.LateOutcome, NpgsqlDbType.Boolean, cancellation);
    }

    private static Task Update(NpgsqlConnection connection, List<Row> rows, CancellationToken cancellation) => connection.Execute(
        """
        update case_facts f set
            institution = n.institution, operator = n.operator, technique = n.technique, completed_on = n.completed_on,
            received_on = n.received_on, deadline = n.deadline, provisional = n.provisional, calendar_version = n.calendar_version,
            voided = n.voided, therapeutic = n.therapeutic, level = n.level, severe = n.severe, death = n.death,
            possible_severe = n.possible_severe, possible_death = n.possible_death, succeeded = n.succeeded, stay_days = n.stay_days, patient_hash = n.patient_hash,
            statement_due = n.statement_due, statement_provisional = n.statement_provisional, statement_calendar = n.statement_calendar,
            follow_up_due = n.follow_up_due, follow_ups_due = n.follow_ups_due::date[], follow_ups = n.follow_ups, late_outcome = n.late_outcome, procedures = n.procedures, trainee = n.trainee
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::date[], $8::boolean[], $9::int[],
                    $10::boolean[], $11::boolean[], $12::smallint[], $13::boolean[], $14::boolean[], $15::boolean[], $16::boolean[], $17::boolean[], $18::int[], $19::text[],
                    $20::date[], $21::boolean[], $22::int[], $23::date[], $24::text[], $25::text[], $26::boolean[], $27::text[], $28::text[])
             as n (case_id, institution, operator, technique, completed_on, received_on, deadline, provisional, calendar_version,
                   voided, therapeutic, level, severe, death, possible_severe, possible_death, succeeded, stay_days, patient_hash,
                   statement_due, statement_provisional, statement_calendar, follow_up_due, follow_ups_due, follow_ups, late_outcome, procedures, trainee)
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
        rows.Select(r => r.PatientHash).ToArray(),
        rows.Select(r => r.Owed.Statement?.Deadline).ToArray(),
        rows.Select(r => r.Owed.Statement?.Provisional).ToArray(),
        rows.Select(r => r.Owed.Statement?.CalendarVersion).ToArray(),
        rows.Select(r => r.Owed.FollowUpDue).ToArray(),
        // An array of arrays of different lengths there is not: as text.
        rows.Select(r => r.Owed.FollowUpsDue is { } due ? $"{{{string.Join(',', due.Select(d => d.ToString("O", CultureInfo.InvariantCulture)))}}}" : null).ToArray(),
        rows.Select(r => r.Owed.FollowUps).ToArray(),
        rows.Select(r => r.Owed.LateOutcome).ToArray(),
        rows.Select(r => r.Procedures).ToArray(),
        rows.Select(r => r.Trainee).ToArray());

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
            .Select(r => (r.Id, r.Before, After: reference.Calendars.Recompute(r.Before, r.CompletedOn, Rule(reference, r.Technique, r.CompletedOn).WorkingDays)))
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
        await RecomputeStatements(connection, recordedOn, reference, cancellation);
    }

    // The same for the outcome statements still owed.
    private static async Task RecomputeStatements(NpgsqlConnection connection, DateOnly recordedOn, Reference reference, CancellationToken cancellation)
    {
        var moved = new List<(Guid Id, Timeliness After)>();
        await using (var command = new NpgsqlCommand(
            """
            select case_id, received_on, statement_due, statement_provisional, statement_calendar, technique, completed_on
            from case_facts where statement_due is not null and (statement_provisional or statement_due >= $1)
            """,
            connection))
        {
            command.Parameters.Add(new() { Value = recordedOn });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var before = new Timeliness(reader.GetFieldValue<DateOnly>(1), reader.GetFieldValue<DateOnly>(2), reader.GetInt32(4), reader.GetBoolean(3));
                var completedOn = reader.GetFieldValue<DateOnly>(6);
                var rule = Rule(reference, reader.GetString(5), completedOn);
                var after = reference.Calendars.Recompute(before, completedOn.AddDays(rule.OutcomeAfterDays), rule.OutcomeStatementWorkingDays);
                if (after != before)
                    moved.Add((reader.GetGuid(0), after));
            }
        }

        await connection.Execute(
            """
            update case_facts f set statement_due = n.due, statement_provisional = n.provisional, statement_calendar = n.calendar
            from unnest($1::uuid[], $2::date[], $3::boolean[], $4::int[]) as n (case_id, due, provisional, calendar)
            where f.case_id = n.case_id
            """,
            cancellation,
            moved.Select(m => m.Id).ToArray(),
            moved.Select(m => m.After.Deadline).ToArray(),
            moved.Select(m => m.After.Provisional).ToArray(),
            moved.Select(m => m.After.CalendarVersion).ToArray());
    }

    private static ReportingRule Rule(Reference reference, string technique, DateOnly day) => reference.Regulations.ReportDefinitions(technique, day)!.InPractice.Reporting;

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
