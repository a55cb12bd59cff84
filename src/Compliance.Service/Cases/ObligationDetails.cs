using System.Text.Json;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Cases;

/// <summary>A line of the view <c>obligations</c>.</summary>
/// <param name="Number">The place of a follow-up among those of its case, from 1; else 0.</param>
/// <param name="Id">The case; of an answer the notice.</param>
public readonly record struct ObligationKey(ObligationKind Kind, int Number, Guid Id, DateOnly DueOn);

/// <summary>All that is shown of what is owed. The view only says what and by when; the rest is read from the procedures, cases and notices themselves, so that it is what each of them shows.</summary>
internal static class ObligationDetails
{
    /// <returns>In the order of the keys; without what was done between the two looks.</returns>
    public static async Task<IReadOnlyList<Obligation>> Of(NpgsqlConnection connection, IEventStore log, Reference reference, IReadOnlyList<ObligationKey> keys, CancellationToken cancellation)
    {
        Guid[] Ids(Func<ObligationKind, bool> of) => [.. keys.Where(k => of(k.Kind)).Select(k => k.Id).Distinct()];
        var found = new Dictionary<(ObligationKind Kind, Guid Id, DateOnly DueOn), Obligation>();
        foreach (var o in await Reports(connection, Ids(k => k is ObligationKind.Report), cancellation))
            found[(o.Kind, o.CaseId, o.DueOn)] = o;
        var cases = Ids(k => k is ObligationKind.OutcomeStatement or ObligationKind.FollowUp);
        foreach (var events in cases.Length == 0 ? [] : (await log.ReadStreams([.. cases.Select(Case.Stream)], cancellation: cancellation)).GroupBy(e => e.Stream))
        {
            var state = Case.Fold(events.Select(e => (Case.Event)e.Data));
            foreach (var o in CaseDuties.Open(state, ReportingDeadline.RuleOf(reference, state), reference.Calendars))
                found[(o.Kind, o.CaseId, o.DueOn)] = o;
        }

        foreach (var o in await Answers(connection, reference, Ids(k => k is ObligationKind.NoticeAnswer), cancellation))
            found[(o.Kind, o.NoticeId!.Value, o.DueOn)] = o;
        return [.. keys.Select(k => found.GetValueOrDefault((k.Kind, k.Id, k.DueOn))).OfType<Obligation>()];
    }

    private static async Task<IReadOnlyList<Obligation>> Reports(NpgsqlConnection connection, Guid[] cases, CancellationToken cancellation)
    {
        if (cases.Length == 0)
            return [];
        await using var command = new NpgsqlCommand(
            "select case_id, institution, case_number, technique, operator, completed_on, deadline, provisional from procedures where case_id = any($1)", connection);
        command.Parameters.Add(new() { Value = cases });
        var owed = new List<Obligation>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var completedOn = reader.GetFieldValue<DateOnly>(5);
            owed.Add(new(
                ObligationKind.Report,
                0,
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetString(3),
                await reader.IsDBNullAsync(4, cancellation) ? null : reader.GetString(4),
                completedOn,
                completedOn,
                reader.GetFieldValue<DateOnly>(6),
                reader.GetBoolean(7)));
        }

        return owed;
    }

    // Of a notice that matches no case, or several, there is no case to name.
    private static async Task<IReadOnlyList<Obligation>> Answers(NpgsqlConnection connection, Reference reference, Guid[] notices, CancellationToken cancellation)
    {
        if (notices.Length == 0)
            return [];
        var states = new List<OutcomeNotice.State>();
        await using (var command = new NpgsqlCommand("select doc from outcome_notices where notice = any($1)", connection))
        {
            command.Parameters.Add(new() { Value = notices });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                states.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.OutcomeNoticeState)!);
        }

        var matches = await NoticesOf.Notices(connection, notices, cancellation);
        return
        [
            .. states.Select(s =>
            {
                var (filed, due) = (s.Filed!, NoticeRows.DueOf(s, reference));
                var caseId = matches.TryGetValue(filed.Notice, out var match) && match.Cases is [var only] ? only : Guid.Empty;
                return new Obligation(
                    ObligationKind.NoticeAnswer, 0, caseId, filed.Institution, filed.CaseNumber ?? "", filed.Technique, null, filed.ProcedureOn ?? filed.OccurredOn, filed.Answer.ReceivedOn, due.Deadline!.Value, due.Provisional)
                {
                    NoticeId = filed.Notice,
                };
            }),
        ];
    }
}
