using System.Diagnostics;
using Compliance.Metrics;

namespace Compliance.Cases;

/// <summary>What was done to a case after it had been reported. What was added to it (an outcome, an incident) is no change.</summary>
public enum ChangeKind
{
    Correction,
    Void,
    Withdrawal,

    /// <summary>The hospital declared a relation anew.</summary>
    Relation,

    /// <summary>The regulator settled a relation.</summary>
    Adjudication,

    /// <summary>Asked for; until the regulator agrees nothing has changed.</summary>
    Request,

    /// <summary>The regulator's, on a request. What it grants is a change of its own, recorded together with it.</summary>
    Decision,
}

/// <summary>One thing that reads otherwise.</summary>
/// <param name="Pointer">
/// As a report names it (<c>/operator</c>); <c>/status</c>; of outcomes, which have ids, <c>/outcome/death</c>, <c>/outcome/complications/{id}</c>, <c>/incidents/{id}</c>, with <c>/relation</c> or <c>/adjudicated</c> behind.
/// </param>
/// <param name="Before">In the words of a report; null where nothing stood, or where it is withheld.</param>
/// <param name="After">As <paramref name="Before"/>.</param>
/// <param name="Withheld">True for the patient, of whom only that something changed is said: the log holds hashes, and what they stand for is restricted and may be destroyed.</param>
public sealed record ValueChange(string Pointer, object? Before, object? After, bool Withheld = false);

/// <summary>Whose figures a case counts in, and on which day.</summary>
public sealed record CountedAt(string Institution, string Operator, string Technique, DateOnly CompletedOn)
{
    public static CountedAt? Of(Case.State state) => state.Voided || state.Key is not { } key ? null : new(key.Institution, key.Operator, key.Technique, key.CompletedOn);
}

public sealed record MovedFromTo<T>(T Before, T After);

/// <summary>A count that the case was in and is not, or the other way; of incidents how many.</summary>
public sealed record CountMoved(CountName Count, int Before, int After);

/// <summary>What a change did to somebody's figures; null where that stayed the same.</summary>
public sealed record Moved(MovedFromTo<string>? Operator, MovedFromTo<string>? Technique, MovedFromTo<DateOnly>? CompletedOn, IReadOnlyList<CountMoved> Counts);

/// <summary>A change to a case with what stood before and after, derived from its events alone.</summary>
/// <param name="Request">The request it is, decides, or grants.</param>
/// <param name="Asked">Of a request, what it asks for.</param>
/// <param name="Agreed">Of a decision.</param>
/// <param name="Changes">Of a request what would change; of a decision nothing.</param>
/// <param name="CountedBefore">Null for a case voided.</param>
/// <param name="CountedAfter">As <paramref name="CountedBefore"/>.</param>
/// <param name="Moved">Null when every figure stays as it was: of requests and decisions always.</param>
public sealed record CaseChange(
    ChangeKind What,
    string Reason,
    Guid? Request,
    RequestedChange? Asked,
    bool? Agreed,
    IReadOnlyList<ValueChange> Changes,
    CountedAt? CountedBefore,
    CountedAt? CountedAfter,
    Moved? Moved)
{
    /// <summary>Null for an event that changes nothing reported before it.</summary>
    public static ChangeKind? KindOf(Case.Event e) => e switch
    {
        Case.Event.Corrected => ChangeKind.Correction,
        Case.Event.Voided => ChangeKind.Void,
        Case.Event.OutcomeWithdrawn => ChangeKind.Withdrawal,
        Case.Event.RelationDeclared => ChangeKind.Relation,
        Case.Event.OutcomeAdjudicated => ChangeKind.Adjudication,
        Case.Event.ChangeRequested => ChangeKind.Request,
        Case.Event.RequestDecided => ChangeKind.Decision,
        _ => null,
    };

    /// <summary>The change that an event made to a case; null where <see cref="KindOf"/> is.</summary>
    /// <param name="before">The case up to the event.</param>
    public static CaseChange? Of(Case.State before, Case.Event e)
    {
        if (KindOf(e) is not { } kind)
            return null;
        var (reason, request, changes) = e switch
        {
            Case.Event.Corrected c => (c.Reason, c.RequestId, Corrected(before.Report!, c.Report)),
            Case.Event.Voided v => (v.Reason, v.RequestId, Voided()),
            Case.Event.OutcomeWithdrawn w => (w.Reason, w.RequestId, Withdrawn(before, w.Of)),
            Case.Event.RelationDeclared r => (r.Reason, null, Related(before, r.Of, r.Relation)),
            Case.Event.OutcomeAdjudicated a => (a.Reason, a.RequestId, Adjudicated(before, a.Of, a.Relation)),
            Case.Event.ChangeRequested r => (r.Reason, r.RequestId, r.Change switch
            {
                RequestedChange.Void => Voided(),
                RequestedChange.Correction => Corrected(before.Report!, r.Report!),
                RequestedChange.Withdrawal => Withdrawn(before, r.Of!),
                RequestedChange.Relation => Related(before, r.Of!, Relation.Unrelated),
                _ => throw new UnreachableException($"no request is called {r.Change}"),
            }),
            Case.Event.RequestDecided d => (d.Reason, (Guid?)d.RequestId, Array.Empty<ValueChange>()),
            _ => throw new UnreachableException($"{e.GetType().Name} is no change"),
        };
        var after = Case.Evolve(before, e);
        return new(
            kind,
            reason,
            request,
            (e as Case.Event.ChangeRequested)?.Change,
            (e as Case.Event.RequestDecided)?.Agreed,
            changes,
            CountedAt.Of(before),
            CountedAt.Of(after),
            MovedBetween(CaseFacts.Of(before), CaseFacts.Of(after)));
    }

    private static ValueChange[] Corrected(CaseReport before, CaseReport after) =>
        [.. after.DifferencesFrom(before).Select(pointer => pointer == CaseReport.PatientPointer ? new ValueChange(pointer, null, null, Withheld: true) : new(pointer, before.At(pointer), after.At(pointer)))];

    private static ValueChange[] Voided() => [new("/status", "reported", "voided")];

    private static ValueChange[] Withdrawn(Case.State before, string of) => [new(PointerTo(before, of), OutcomeIn(before, of), null)];

    private static ValueChange[] Related(Case.State before, string of, Relation relation) => [new($"{PointerTo(before, of)}/relation", RelationIn(before, of).Declared, relation)];

    private static ValueChange[] Adjudicated(Case.State before, string of, Relation relation) => [new($"{PointerTo(before, of)}/adjudicated", RelationIn(before, of).Adjudicated, relation)];

    private static string PointerTo(Case.State state, string of) =>
        of == Case.TheDeath ? "/outcome/death" : IncidentOf(state, of) is not null ? $"/incidents/{of}" : $"/outcome/complications/{of}";

    private static object? OutcomeIn(Case.State state, string of) => of == Case.TheDeath
        ? state.Death is { } d ? new ReportedDeath(d.OccurredOn, d.Declared) : null
        : ComplicationOf(state, of) is { } c ? new ReportedComplication(c.Code, c.Severe, c.OccurredOn, c.Declared) : null;

    private static (Relation? Declared, Relation? Adjudicated) RelationIn(Case.State state, string of) => of == Case.TheDeath
        ? (state.Death?.Declared, state.Death?.Adjudicated)
        : ComplicationOf(state, of) is { } c ? (c.Declared, c.Adjudicated)
        : (IncidentOf(state, of)?.Declared, IncidentOf(state, of)?.Adjudicated);

    private static Case.Complication? ComplicationOf(Case.State state, string of) => state.Complications.FirstOrDefault(c => Guid.TryParse(of, out var id) && c.Id == id);

    private static Case.Incident? IncidentOf(Case.State state, string of) => state.Incidents.FirstOrDefault(i => Guid.TryParse(of, out var id) && i.Id == id);

    private static Moved? MovedBetween(CaseFacts before, CaseFacts after)
    {
        static MovedFromTo<T>? FromTo<T>(T before, T after) => EqualityComparer<T>.Default.Equals(before, after) ? null : new(before, after);
        var (countsBefore, countsAfter) = (before.Counted, after.Counted);
        var moved = new Moved(
            FromTo(before.Key.Operator, after.Key.Operator),
            FromTo(before.Key.Technique, after.Key.Technique),
            FromTo(before.Key.CompletedOn, after.Key.CompletedOn),
            [.. Enum.GetValues<CountName>().Select(name => new CountMoved(name, countsBefore.Of(name), countsAfter.Of(name))).Where(c => c.Before != c.After)]);
        return moved is { Operator: null, Technique: null, CompletedOn: null, Counts.Count: 0 } ? null : moved;
    }
}
