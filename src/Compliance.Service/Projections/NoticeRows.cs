using System.Text.Json;
using Compliance.Cases;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>One row per outcome notice. Which cases it matches is asked when it is read: patients are known beside the log only.</summary>
internal static class NoticeRows
{
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<OutcomeNotice.State> states, Reference reference, CancellationToken cancellation)
    {
        var due = states.Select(s => DueOf(s, reference)).ToList();
        await connection.Execute(
            """
            insert into outcome_notices (notice, institution, technique, case_id, procedure_on, occurred_on, filed_on, answer_due, provisional, calendar, state, doc)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::date[], $6::date[], $7::date[], $8::date[], $9::boolean[], $10::int[], $11::text[], $12::jsonb[])
            on conflict (notice) do update set
                answer_due = excluded.answer_due, provisional = excluded.provisional, calendar = excluded.calendar, state = excluded.state, doc = excluded.doc
            """,
            cancellation,
            states.Select(s => s.Filed!.Notice).ToArray(),
            states.Select(s => s.Filed!.Institution).ToArray(),
            states.Select(s => s.Filed!.Technique).ToArray(),
            states.Select(s => s.Filed!.CaseNumber is { } number ? (Guid?)Case.IdOf(s.Filed.Institution, number) : null).ToArray(),
            states.Select(s => s.Filed!.ProcedureOn).ToArray(),
            states.Select(s => s.Filed!.OccurredOn).ToArray(),
            states.Select(s => s.Filed!.Answer.ReceivedOn).ToArray(),
            due.Select(d => d.Deadline!.Value).ToArray(),
            due.Select(d => d.Provisional).ToArray(),
            due.Select(d => d.CalendarVersion).ToArray(),
            states.Select(s => Http.Json.Name(s.Stands)).ToArray(),
            states.Select(s => JsonSerializer.Serialize(s, StoredJson.Default.OutcomeNoticeState)).ToArray());
        await connection.Execute("delete from adjudications where id = any($1)", cancellation, states.Select(s => s.Filed!.Notice).ToArray());
        await AdjudicationRows.Insert(connection, [.. states.Select(AdjudicationRows.Of).OfType<AdjudicationRow>()], cancellation);
    }

    /// <summary>The deadlines of all notices as a newly published calendar leaves them: there are few.</summary>
    public static async Task RecomputeDeadlines(NpgsqlConnection connection, Reference reference, CancellationToken cancellation)
    {
        var states = new List<OutcomeNotice.State>();
        await using (var command = new NpgsqlCommand("select doc from outcome_notices", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
                states.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.OutcomeNoticeState)!);
        }

        if (states.Count > 0)
            await Write(connection, states, reference, cancellation);
    }

    /// <summary>By when a notice is to be answered, as calendars published since have left it.</summary>
    public static Timeliness DueOf(OutcomeNotice.State state, Reference reference)
    {
        var filed = state.Filed!;
        return reference.Calendars.Recompute(filed.Answer, filed.Answer.ReceivedOn, WorkingDays(reference, filed.Technique, filed.OccurredOn));
    }

    /// <summary>Working days for the answer: those of the outcome statement.</summary>
    public static int WorkingDays(Reference reference, string technique, DateOnly occurredOn) =>
        reference.Regulations.ReportDefinitions(technique, occurredOn)!.InPractice.Reporting.OutcomeStatementWorkingDays;
}
