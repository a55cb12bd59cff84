using System.Text.Json;
using Compliance.Calendars;
using Compliance.Cases;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>What stands on the regulator's list, or was decided on it.</summary>
/// <param name="Id">Of the complication, incident or notice; of a death the case's.</param>
/// <param name="Decision">Null while it is pending.</param>
internal sealed record AdjudicationRow(
    Guid Id,
    string Kind,
    Guid? CaseId,
    string Institution,
    string Technique,
    string? Code,
    DateOnly OccurredOn,
    string? Declared,
    string? Decision,
    string? Reason,
    string? DecidedBy,
    DateOnly? DecidedOn,
    string? Evidence);

/// <summary>The rows of the adjudication list: of cases written anew with them, of notices with theirs.</summary>
internal static class AdjudicationRows
{
    public const string Death = "death";
    public const string Complication = "complication";
    public const string Incident = "incident";
    public const string Notice = "notice";

    /// <summary>The outcomes of a case declared unrelated and not adjudicated, and those adjudicated. What was withdrawn, or voided, is on no list.</summary>
    public static IEnumerable<AdjudicationRow> Of(CaseRead read)
    {
        var state = read.State;
        if (state.Voided)
            yield break;
        foreach (var c in state.StandingComplications.Where(c => Listed(c.Declared, c.Adjudicated)))
            yield return Row(read, c.Id, Complication, c.Code, c.OccurredOn, c.Declared, c.Adjudicated);
        if (state.Death is { } d && Listed(d.Declared, d.Adjudicated))
            yield return Row(read, state.Key!.CaseId, Death, null, d.OccurredOn, d.Declared, d.Adjudicated);
        foreach (var i in state.Incidents.Where(i => Listed(i.Declared, i.Adjudicated)))
            yield return Row(read, i.Id, Incident, null, i.DeterminedOn, i.Declared, i.Adjudicated);
    }

    private static bool Listed(Relation declared, Relation? adjudicated) => adjudicated is not null || declared == Relation.Unrelated;

    private static AdjudicationRow Row(CaseRead read, Guid id, string kind, string? code, DateOnly occurredOn, Relation declared, Relation? adjudicated)
    {
        var key = read.State.Key!;
        var last = adjudicated is null ? null : read.Events.Last(e => e.Data is Case.Event.OutcomeAdjudicated a && (kind == Death ? a.Of == Case.TheDeath : Guid.TryParse(a.Of, out var of) && of == id));
        var decision = (Case.Event.OutcomeAdjudicated?)last?.Data;
        var said = Asked(read, kind == Death ? Case.TheDeath : id.ToString("D")) ? Relation.Unrelated : declared;
        return new(
            id, kind, key.CaseId, key.Institution, key.Technique, code, occurredOn, Http.Json.Name(said), adjudicated is { } a ? Http.Json.Name(a) : null,
            decision?.Reason, decision?.By.Name, last is null ? null : Shanghai.DayOf(last.RecordedAt), Evidence: null);
    }

    /// <summary>
    /// Whether the hospital's last word of an outcome was to ask that it be called unrelated: it said so, subject to consent, and whether the regulator agreed, refused, or decided without answering does not make it
    /// have said anything else. What it declares later is another word, and a death reported anew another death.
    /// </summary>
    private static bool Asked(CaseRead read, string of)
    {
        bool Same(string other) => of == other || (Guid.TryParse(of, out var a) && Guid.TryParse(other, out var b) && a == b);
        return read.Events.Select(e => e.Data).LastOrDefault(e => e switch
        {
            Case.Event.ChangeRequested { Change: RequestedChange.Relation, Of: { } asked } => Same(asked),
            Case.Event.RelationDeclared r => Same(r.Of),
            Case.Event.OutcomeWithdrawn w => Same(w.Of),
            _ => false,
        }) is Case.Event.ChangeRequested;
    }

    /// <summary>A notice that is disputed, or was decided; null for one that no regulator has to do with.</summary>
    public static AdjudicationRow? Of(OutcomeNotice.State state)
    {
        if (state.Stands is not (NoticeState.Disputed or NoticeState.Upheld or NoticeState.Dismissed))
            return null;
        var (filed, decision) = (state.Filed!, state.Decision);
        return new(
            filed.Notice, Notice, null, filed.Institution, filed.Technique, filed.What, filed.OccurredOn, Declared: null, decision is null ? null : Http.Json.Name(state.Stands),
            decision?.Reason ?? state.Answer?.Reason, decision?.By.Name, decision?.DecidedOn, JsonSerializer.Serialize(filed.Evidence, StoredJson.Default.Evidence));
    }

    public static Task Insert(NpgsqlConnection connection, IReadOnlyList<AdjudicationRow> rows, CancellationToken cancellation) => rows.Count == 0 ? Task.CompletedTask : connection.Execute(
        """
        insert into adjudications (id, kind, case_id, institution, technique, code, occurred_on, pending, declared, decision, reason, decided_by, decided_on, evidence)
        select n.id, n.kind, n.case_id, n.institution, n.technique, n.code, n.occurred_on, n.decision is null, n.declared, n.decision, n.reason, n.decided_by, n.decided_on, n.evidence
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::date[], $8::text[], $9::text[], $10::text[], $11::text[], $12::date[], $13::jsonb[])
             as n (id, kind, case_id, institution, technique, code, occurred_on, declared, decision, reason, decided_by, decided_on, evidence)
        """,
        cancellation,
        rows.Select(r => r.Id).ToArray(),
        rows.Select(r => r.Kind).ToArray(),
        rows.Select(r => r.CaseId).ToArray(),
        rows.Select(r => r.Institution).ToArray(),
        rows.Select(r => r.Technique).ToArray(),
        rows.Select(r => r.Code).ToArray(),
        rows.Select(r => r.OccurredOn).ToArray(),
        rows.Select(r => r.Declared).ToArray(),
        rows.Select(r => r.Decision).ToArray(),
        rows.Select(r => r.Reason).ToArray(),
        rows.Select(r => r.DecidedBy).ToArray(),
        rows.Select(r => r.DecidedOn).ToArray(),
        rows.Select(r => r.Evidence).ToArray());
}
