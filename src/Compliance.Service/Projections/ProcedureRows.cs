using Compliance.Cases;
using Compliance.Service.Cases;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>One row per announced procedure that is still to be reported, what every closing found overdue among them, and of every announcement that stands what its report is held against.</summary>
internal static class ProcedureRows
{
    /// <summary>Writes the rows as the procedures' states say. What has been reported has none, in whichever order report and announcement came.</summary>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<Procedure.State> states, Reference reference, CancellationToken cancellation)
    {
        var ids = states.Select(s => s.Key!.CaseId).ToArray();
        await Remove(connection, ids, cancellation);
        await connection.Execute("delete from announced where case_id = any($1)", cancellation, ids);
        var rows = states.Where(s => s.Stands).Select(s => (State: s, Key: s.Key!, Timeliness: ReportingDeadline.Now(reference, s))).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        await connection.Execute(
            """
            insert into procedures (case_id, institution, case_number, operator, technique, completed_on, received_on, deadline, provisional, calendar_version, fell_overdue)
            select n.* from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[], $8::date[], $9::boolean[], $10::int[], $11::boolean[]) as n (case_id)
            where not exists (select from case_facts f where f.case_id = n.case_id)
            """,
            cancellation,
            rows.Select(r => r.Key.CaseId).ToArray(),
            rows.Select(r => r.Key.Institution).ToArray(),
            rows.Select(r => r.State.CaseNumber).ToArray(),
            rows.Select(r => r.Key.Operator).ToArray(),
            rows.Select(r => r.Key.Technique).ToArray(),
            rows.Select(r => r.Key.CompletedOn).ToArray(),
            rows.Select(r => r.Timeliness.ReceivedOn).ToArray(),
            rows.Select(r => r.Timeliness.Deadline).ToArray(),
            rows.Select(r => r.Timeliness.Provisional).ToArray(),
            rows.Select(r => r.Timeliness.CalendarVersion).ToArray(),
            rows.Select(r => r.State.FellOverdueOn is not null).ToArray());
        await connection.Execute(
            "insert into announced (case_id, technique, completed_on, therapeutic, has_deadline) select * from unnest($1::uuid[], $2::text[], $3::date[], $4::boolean[], $5::boolean[])",
            cancellation,
            rows.Select(r => r.Key.CaseId).ToArray(),
            rows.Select(r => r.Key.Technique).ToArray(),
            rows.Select(r => r.Key.CompletedOn).ToArray(),
            rows.Select(r => r.State.Said!.Therapeutic).ToArray(),
            rows.Select(r => r.Timeliness.Deadline is not null).ToArray());
    }

    /// <summary>What was announced of these cases and stands, by case.</summary>
    public static async Task<IReadOnlyDictionary<Guid, SaidBefore>> Announced(NpgsqlConnection connection, Guid[] cases, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select case_id, technique, completed_on, therapeutic, has_deadline from announced where case_id = any($1)", connection);
        command.Parameters.Add(new() { Value = cases });
        var announced = new Dictionary<Guid, SaidBefore>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            announced.Add(reader.GetGuid(0), new(reader.GetString(1), reader.GetFieldValue<DateOnly>(2), reader.GetBoolean(3), reader.GetBoolean(4)));
        return announced;
    }

    /// <summary>Cases seen for the first time: nothing more is owed of their procedures.</summary>
    public static Task Reported(NpgsqlConnection connection, Guid[] cases, CancellationToken cancellation) =>
        cases.Length == 0 ? Task.CompletedTask : Remove(connection, cases, cancellation);

    private static Task Remove(NpgsqlConnection connection, Guid[] ids, CancellationToken cancellation) =>
        connection.Execute("delete from procedures where case_id = any($1)", cancellation, ids);

    /// <summary>As for cases: what is provisional or still open follows a calendar published, and is only ever extended.</summary>
    public static async Task RecomputeDeadlines(NpgsqlConnection connection, DateOnly recordedOn, Reference reference, CancellationToken cancellation)
    {
        var moved = new List<(Guid Id, Timeliness After)>();
        await using (var command = new NpgsqlCommand(
            "select case_id, received_on, deadline, provisional, calendar_version, technique, completed_on from procedures where deadline is not null and (provisional or deadline >= $1)",
            connection))
        {
            command.Parameters.Add(new() { Value = recordedOn });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var before = new Timeliness(reader.GetFieldValue<DateOnly>(1), reader.GetFieldValue<DateOnly>(2), reader.GetInt32(4), reader.GetBoolean(3));
                var after = ReportingDeadline.Now(reference, before, reader.GetString(5), reader.GetFieldValue<DateOnly>(6));
                if (after != before)
                {
                    moved.Add((reader.GetGuid(0), after));
                }
            }
        }

        await connection.Execute(
            """
            update procedures p set deadline = n.deadline, provisional = n.provisional, calendar_version = n.calendar_version
            from unnest($1::uuid[], $2::date[], $3::boolean[], $4::int[]) as n (case_id, deadline, provisional, calendar_version)
            where p.case_id = n.case_id
            """,
            cancellation,
            moved.Select(m => m.Id).ToArray(),
            moved.Select(m => m.After.Deadline).ToArray(),
            moved.Select(m => m.After.Provisional).ToArray(),
            moved.Select(m => m.After.CalendarVersion).ToArray());
    }

    /// <summary>Lists, for a day closed, the procedures whose report is overdue at its end and was not before.</summary>
    public static Task FallOverdue(NpgsqlConnection connection, DateOnly day, CancellationToken cancellation) => connection.Execute(
        """
        with fallen as (
            update procedures set fell_overdue = true where deadline < $1 and not fell_overdue
            returning case_id, institution, operator, technique, completed_on, deadline
        )
        insert into overdue_reports (day, case_id, institution, operator, technique, completed_on, deadline)
        select $1, f.* from fallen f
        """,
        cancellation,
        day);

    /// <summary>What was listed of a day.</summary>
    public static async Task<IReadOnlyList<(ProcedureKey Procedure, DateOnly Deadline)>> FellOverdue(NpgsqlConnection connection, DateOnly day, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select case_id, institution, operator, technique, completed_on, deadline from overdue_reports where day = $1 order by case_id", connection);
        command.Parameters.Add(new() { Value = day });
        var fallen = new List<(ProcedureKey, DateOnly)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            fallen.Add((
                new(reader.GetGuid(0), reader.GetString(1), await reader.IsDBNullAsync(2, cancellation) ? null : reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateOnly>(4)),
                reader.GetFieldValue<DateOnly>(5)));
        }

        return fallen;
    }
}
