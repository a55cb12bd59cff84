namespace Compliance.Metrics;

/// <summary>
/// How often each thing counted happened, over some days. A case counts on its day of completion; an incident on the
/// day it was determined. Sums of counts over adjoining spans are the counts of the joined span.
/// </summary>
public sealed record Counts(
    [property: Stored("Cases")] int Cases,
    [property: Stored("DiagnosticCases")] int DiagnosticCases,
    [property: Stored("TherapeuticCases")] int TherapeuticCases,
    [property: Stored("Level3PlusCases")] int Level3PlusCases,
    [property: Stored("Level3PlusTherapeuticCases")] int Level3PlusTherapeuticCases,
    [property: Stored("SevereComplicationCases")] int SevereComplicationCases,
    [property: Stored("TherapeuticSevereComplicationCases")] int TherapeuticSevereComplicationCases,
    [property: Stored("DeathCases")] int DeathCases,
    [property: Stored("TherapeuticDeathCases")] int TherapeuticDeathCases,
    [property: Stored("PossibleSevereComplicationCases")] int PossibleSevereComplicationCases,
    [property: Stored("PossibleDeathCases")] int PossibleDeathCases,
    [property: Stored("PossibleTherapeuticSevereComplicationCases")] int PossibleTherapeuticSevereComplicationCases,
    [property: Stored("PossibleTherapeuticDeathCases")] int PossibleTherapeuticDeathCases,
    [property: Stored("Incidents")] int Incidents,
    [property: Stored("SeriousIncidents")] int SeriousIncidents,
    [property: Stored("LateReports")] int LateReports,
    [property: Stored("OverdueReports")] int OverdueReports)
{
    public static readonly Counts None = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>The counts of two spans of days that have none in common, taken together.</summary>
    public static Counts operator +(Counts a, Counts b) => new(
        a.Cases + b.Cases,
        a.DiagnosticCases + b.DiagnosticCases,
        a.TherapeuticCases + b.TherapeuticCases,
        a.Level3PlusCases + b.Level3PlusCases,
        a.Level3PlusTherapeuticCases + b.Level3PlusTherapeuticCases,
        a.SevereComplicationCases + b.SevereComplicationCases,
        a.TherapeuticSevereComplicationCases + b.TherapeuticSevereComplicationCases,
        a.DeathCases + b.DeathCases,
        a.TherapeuticDeathCases + b.TherapeuticDeathCases,
        a.PossibleSevereComplicationCases + b.PossibleSevereComplicationCases,
        a.PossibleDeathCases + b.PossibleDeathCases,
        a.PossibleTherapeuticSevereComplicationCases + b.PossibleTherapeuticSevereComplicationCases,
        a.PossibleTherapeuticDeathCases + b.PossibleTherapeuticDeathCases,
        a.Incidents + b.Incidents,
        a.SeriousIncidents + b.SeriousIncidents,
        a.LateReports + b.LateReports,
        a.OverdueReports + b.OverdueReports);

    /// <summary>The count of a name, as regulations name it.</summary>
    public int Of(CountName name) => name switch
    {
        CountName.Cases => Cases,
        CountName.DiagnosticCases => DiagnosticCases,
        CountName.TherapeuticCases => TherapeuticCases,
        CountName.Level3PlusCases => Level3PlusCases,
        CountName.Level3PlusTherapeuticCases => Level3PlusTherapeuticCases,
        CountName.SevereComplicationCases => SevereComplicationCases,
        CountName.TherapeuticSevereComplicationCases => TherapeuticSevereComplicationCases,
        CountName.DeathCases => DeathCases,
        CountName.TherapeuticDeathCases => TherapeuticDeathCases,
        CountName.PossibleSevereComplicationCases => PossibleSevereComplicationCases,
        CountName.PossibleDeathCases => PossibleDeathCases,
        CountName.Incidents => Incidents,
        CountName.SeriousIncidents => SeriousIncidents,
        CountName.LateReports => LateReports,
        CountName.OverdueReports => OverdueReports,
        _ => throw new System.Diagnostics.UnreachableException($"no count is called {name}"),
    };

    /// <summary>
    /// The same counts with every outcome not adjudicated unrelated taken as related: what the figures would be if
    /// each open question were answered against the subject. Never binding.
    /// </summary>
    public Counts WithPossible() => this with
    {
        SevereComplicationCases = PossibleSevereComplicationCases,
        DeathCases = PossibleDeathCases,
        TherapeuticSevereComplicationCases = PossibleTherapeuticSevereComplicationCases,
        TherapeuticDeathCases = PossibleTherapeuticDeathCases,
    };
}
