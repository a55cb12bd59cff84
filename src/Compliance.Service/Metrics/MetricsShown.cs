using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Service.Metrics;

public sealed record SubjectShown(SubjectKind Kind, string Id)
{
    public static SubjectShown Of(Subject subject) => new(subject.Kind, subject.Id);
}

/// <summary>Both days included.</summary>
public sealed record WindowShown(DateOnly From, DateOnly To);

/// <param name="Value">Rounded to six decimals, for people to read; null without cases in the denominator.</param>
public sealed record RatioShown(int Numerator, int Denominator, decimal? Value)
{
    public static RatioShown Of(int numerator, int denominator) =>
        new(numerator, denominator, denominator == 0 ? null : decimal.Round((decimal)numerator / denominator, 6));

    public static RatioShown Of(RateDefinition rate, Counts counts) => Of(counts.Of(rate.Numerator), counts.Of(rate.Denominator));
}

/// <summary>By the definitions of the regulation for the technique.</summary>
public sealed record RatesShown(RatioShown SevereComplications, RatioShown Mortality)
{
    public static RatesShown Of(Regulation definitions, Counts counts) =>
        new(RatioShown.Of(definitions.InPractice.SevereComplications, counts), RatioShown.Of(definitions.InPractice.Mortality, counts));
}

/// <summary>The counts of the contract. Those that only serve the reading of open questions stay inside.</summary>
public sealed record CountsShown(
    int Cases,
    int DiagnosticCases,
    int TherapeuticCases,
    int Level3PlusCases,
    int Level3PlusTherapeuticCases,
    int SevereComplicationCases,
    int TherapeuticSevereComplicationCases,
    int DeathCases,
    int TherapeuticDeathCases,
    int PossibleSevereComplicationCases,
    int PossibleDeathCases,
    int Incidents,
    int SeriousIncidents,
    int LateReports,
    int OverdueReports)
{
    public static CountsShown Of(Counts c) => new(
        c.Cases,
        c.DiagnosticCases,
        c.TherapeuticCases,
        c.Level3PlusCases,
        c.Level3PlusTherapeuticCases,
        c.SevereComplicationCases,
        c.TherapeuticSevereComplicationCases,
        c.DeathCases,
        c.TherapeuticDeathCases,
        c.PossibleSevereComplicationCases,
        c.PossibleDeathCases,
        c.Incidents,
        c.SeriousIncidents,
        c.LateReports,
        c.OverdueReports);
}
