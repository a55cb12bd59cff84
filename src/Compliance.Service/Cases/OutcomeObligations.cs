using System.Text.Json;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Cases;

/// <summary>
/// What an institution owes about cases already reported: outcome statements, follow-ups, and answers to outcome notices. An index finds the cases of that institution that owe anything; what they owe is
/// computed from the cases themselves, so that it is what each of them shows.
/// </summary>
public static class OutcomeObligations
{
    /// <summary>The obligations due from a day to a day (both included) and not done, the earliest due first; at most so many.</summary>
    public static async Task<IReadOnlyList<Obligation>> Of(
        NpgsqlConnection connection, IEventStore log, Reference reference, string institution, DateOnly from, DateOnly to, int most, CancellationToken cancellation)
    {
        var owing = new List<Guid>();
        await using (var command = new NpgsqlCommand(
            """
            select case_id from (
                select f.case_id, f.statement_due as due_on from case_facts f where f.institution = $1 and f.statement_due between $2 and $3
                union all
                select f.case_id, s.due_on
                from case_facts f cross join lateral unnest(f.follow_ups_due, string_to_array(f.follow_ups, null)) as s (due_on, letter)
                where f.institution = $1 and f.follow_up_due <= $3 and s.letter = 'o' and s.due_on between $2 and $3) d
            order by d.due_on, d.case_id
            limit $4
            """,
            connection))
        {
            command.Parameters.Add(new() { Value = institution });
            command.Parameters.Add(new() { Value = from });
            command.Parameters.Add(new() { Value = to });
            command.Parameters.Add(new() { Value = most });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                owing.Add(reader.GetGuid(0));
        }

        var cases = owing.Count == 0 ? [] : (await log.ReadStreams([.. owing.Distinct().Select(Case.Stream)], cancellation: cancellation)).GroupBy(e => e.Stream).Select(g => Case.Fold(g.Select(e => (Case.Event)e.Data)));
        var owed = cases.SelectMany(state => CaseDuties.Open(state, ReportingDeadline.RuleOf(reference, state), reference.Calendars)).ToList();
        owed.AddRange(await Answers(connection, reference, institution, from, to, most, cancellation));
        return [.. owed.Where(o => o.Institution == institution && o.DueOn >= from && o.DueOn <= to).OrderBy(o => o.DueOn).ThenBy(o => o.Kind).ThenBy(o => o.CaseId).ThenBy(o => o.Number).ThenBy(o => o.NoticeId).Take(most)];
    }

    // Of a notice that matches no case, or several, there is no case to name.
    private static async Task<IReadOnlyList<Obligation>> Answers(NpgsqlConnection connection, Reference reference, string institution, DateOnly from, DateOnly to, int most, CancellationToken cancellation)
    {
        var states = new List<OutcomeNotice.State>();
        await using (var command = new NpgsqlCommand(
            "select doc from outcome_notices where institution = $1 and state = 'open' and answer_due between $2 and $3 order by answer_due, notice limit $4", connection))
        {
            command.Parameters.Add(new() { Value = institution });
            command.Parameters.Add(new() { Value = from });
            command.Parameters.Add(new() { Value = to });
            command.Parameters.Add(new() { Value = most });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                states.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.OutcomeNoticeState)!);
        }

        var matches = states.Count == 0 ? new Dictionary<Guid, (string? Pseudonym, IReadOnlyList<Guid> Cases)>() : await NoticesOf.Notices(connection, [.. states.Select(s => s.Filed!.Notice)], cancellation);
        return
        [
            .. states.Select(s =>
            {
                var (filed, due) = (s.Filed!, NoticeRows.DueOf(s, reference));
                var caseId = matches.TryGetValue(filed.Notice, out var match) && match.Cases is [var only] ? only : Guid.Empty;
                return new Obligation(
                    ObligationKind.NoticeAnswer, 0, caseId, institution, filed.CaseNumber ?? "", filed.Technique, null, filed.ProcedureOn ?? filed.OccurredOn, filed.Answer.ReceivedOn, due.Deadline!.Value, due.Provisional)
                {
                    NoticeId = filed.Notice,
                };
            }),
        ];
    }
}
