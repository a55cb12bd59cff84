using System.Text.Json;
using Compliance.Cases;
using Npgsql;

namespace Compliance.Service.Cases;

/// <summary>
/// Which cases an outcome notice is about: the one of the case number it gives, or those of the patient it names, at that institution, by that technique, not completed later than the outcome allows, and on
/// the day given, where one is. Voided cases are about nobody; the case of the number given is shown all the same, wherever it went: whoever decides must see that it was taken away.
/// </summary>
internal static class NoticesOf
{
    /// <summary>Cases of one pseudonym looked at, over all hospitals. A pseudonym with more is no person's: by it alone a notice is about none of them, and it must not cost more.</summary>
    private const int MostOfPatient = 200;

    private const string OfPatient = "f.institution = n.institution and f.technique = n.technique and not f.voided and f.completed_on <= n.occurred_on + 1 and (n.procedure_on is null or n.procedure_on = f.completed_on)";

    /// <summary>A notice that matches a case.</summary>
    public sealed record Match(Guid CaseId, OutcomeNotice.State Notice, DateOnly AnswerDueOn)
    {
        public CaseNoticeShown Shown => new(Notice.Filed!.Notice, Notice.Filed.What, Notice.Filed.OccurredOn, Notice.Stands, Notice.Stands == NoticeState.Open ? AnswerDueOn : null);

        /// <summary>The case in which its outcome stands since it was answered or decided; null while it stands in none.</summary>
        public Guid? StandsIn => Notice.Decision?.CaseId ?? Notice.Answer?.CaseId;
    }

    /// <summary>
    /// Whether a notice that is not dismissed is about the case: then what would take the case out of its reach waits for the regulator. One whose outcome stands in another case holds this one no more.
    /// It is asked of the rows, like the list in which a hospital finds its notices: what was filed a moment ago it cannot know of either.
    /// </summary>
    public static async Task<bool> Hold(NpgsqlConnection connection, FoundCase found, CancellationToken cancellation) =>
        (await Of(connection, found, cancellation)).Any(m => m.Notice.Stands != NoticeState.Dismissed && (m.StandsIn ?? found.CaseId) == found.CaseId);

    /// <summary>The notices that match a case.</summary>
    public static async Task<IEnumerable<Match>> Of(NpgsqlConnection connection, FoundCase found, CancellationToken cancellation)
    {
        var patients = await Patients.Of(connection, found.State.Report!.PatientHash is { } hash ? [(found.CaseId, hash)] : [], cancellation);
        return (await Cases(connection, [found], patients, cancellation))[found.CaseId];
    }

    /// <summary>The notices that match these cases, by case.</summary>
    public static async Task<ILookup<Guid, Match>> Cases(
        NpgsqlConnection connection, IReadOnlyList<FoundCase> cases, IReadOnlyDictionary<Guid, Patient> patients, CancellationToken cancellation)
    {
        var found = new List<Match>();
        if (cases.Count > 0)
        {
            await using var command = new NpgsqlCommand(
                $"""
                select f.case_id, n.answer_due, n.doc
                from unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::boolean[], $6::text[]) as f (case_id, institution, technique, completed_on, voided, pseudonym)
                join outcome_notices n on n.institution = f.institution
                left join compliance.notice_patients p on p.notice = n.notice
                where n.case_id = f.case_id and n.technique = f.technique and not f.voided or n.case_id is null and p.pseudonym = f.pseudonym and {OfPatient}
                  and (select count(*) from (select from compliance.patients c where c.pseudonym between f.pseudonym and f.pseudonym order by c.pseudonym limit {MostOfPatient + 1}) c) <= {MostOfPatient}
                order by n.filed_on, n.notice
                """,
                connection);
            command.Parameters.Add(new() { Value = cases.Select(c => c.CaseId).ToArray() });
            command.Parameters.Add(new() { Value = cases.Select(c => c.State.Key!.Institution).ToArray() });
            command.Parameters.Add(new() { Value = cases.Select(c => c.State.Key!.Technique).ToArray() });
            command.Parameters.Add(new() { Value = cases.Select(c => c.State.Key!.CompletedOn).ToArray() });
            command.Parameters.Add(new() { Value = cases.Select(c => c.State.Voided).ToArray() });
            command.Parameters.Add(new() { Value = cases.Select(c => patients.GetValueOrDefault(c.CaseId)?.Pseudonym).ToArray() });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                found.Add(new(reader.GetGuid(0), JsonSerializer.Deserialize(reader.GetString(2), StoredJson.Default.OutcomeNoticeState)!, reader.GetFieldValue<DateOnly>(1)));
        }

        return found.ToLookup(f => f.CaseId);
    }

    /// <summary>What is known beside the log of a notice.</summary>
    /// <param name="Numbered">The case of the number given, also one that is voided or of another technique now; null where there is none, or the patient is named.</param>
    /// <param name="Cases">Those that match.</param>
    public sealed record Matches(string? Pseudonym, Guid? Numbered, IReadOnlyList<Guid> Cases)
    {
        public static readonly Matches None = new(null, null, []);
    }

    /// <summary>The cases that match these notices, and the patients the notices name, by notice.</summary>
    public static async Task<IReadOnlyDictionary<Guid, Matches>> Notices(NpgsqlConnection connection, IReadOnlyList<Guid> notices, CancellationToken cancellation)
    {
        var found = new Dictionary<Guid, Matches>();
        await using var command = new NpgsqlCommand(
            $"""
            select n.notice, p.pseudonym,
                   array(
                       select f.case_id from case_facts f where f.case_id = n.case_id and f.technique = n.technique and not f.voided
                       union
                       select f.case_id
                       from (select c.case_id, c.hash, count(*) over () as cases
                             from (select c.case_id, c.hash from compliance.patients c
                                   where c.pseudonym between p.pseudonym and p.pseudonym order by c.pseudonym limit {MostOfPatient + 1}) c) c
                       join case_facts f on f.case_id = c.case_id and f.patient_hash = c.hash
                       where n.case_id is null and c.cases <= {MostOfPatient} and {OfPatient}
                       order by 1),
                   (select f.case_id from case_facts f where f.case_id = n.case_id)
            from outcome_notices n left join compliance.notice_patients p on p.notice = n.notice
            where n.notice = any($1)
            """,
            connection);
        command.Parameters.Add(new() { Value = notices.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found[reader.GetGuid(0)] = new(
                await reader.IsDBNullAsync(1, cancellation) ? null : reader.GetString(1), await reader.IsDBNullAsync(3, cancellation) ? null : reader.GetGuid(3), reader.GetFieldValue<Guid[]>(2));
        }

        return found;
    }
}
