using System.Text.Json.Serialization;

namespace Compliance.Metrics;

/// <summary>
/// What a case or an incident counts as. Regulation files and answers name the counts in camelCase; a name is part of both contracts and never changes.
/// Cases are counted on their day of completion, for the institution and for the operator of record (第一术者).
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<CountName>))]
public enum CountName
{
    /// <summary>All cases not voided.</summary>
    [StoredAs("cases")]
    Cases,

    [StoredAs("diagnosticCases")]
    DiagnosticCases,

    [StoredAs("therapeuticCases")]
    TherapeuticCases,

    /// <summary>Cases of level 3 or 4 (三级以上手术).</summary>
    [StoredAs("level3PlusCases")]
    Level3PlusCases,

    [StoredAs("level3PlusTherapeuticCases")]
    Level3PlusTherapeuticCases,

    /// <summary>Cases with at least one severe complication (严重并发症) that counts: related, or undetermined and not adjudicated otherwise. Once, however many were reported.</summary>
    [StoredAs("severeComplicationCases")]
    SevereComplicationCases,

    [StoredAs("therapeuticSevereComplicationCases")]
    TherapeuticSevereComplicationCases,

    /// <summary>Cases with a death (死亡) that counts, on the day of the procedure.</summary>
    [StoredAs("deathCases")]
    DeathCases,

    [StoredAs("therapeuticDeathCases")]
    TherapeuticDeathCases,

    /// <summary>Cases with a severe complication that nobody has adjudicated unrelated.</summary>
    [StoredAs("possibleSevereComplicationCases")]
    PossibleSevereComplicationCases,

    /// <summary>Cases with a death that nobody has adjudicated unrelated.</summary>
    [StoredAs("possibleDeathCases")]
    PossibleDeathCases,

    /// <summary>Related malpractice incidents (医疗事故) of any grade, on the day they were determined.</summary>
    [StoredAs("incidents")]
    Incidents,

    /// <summary>Those of grade 1 or 2 (二级以上; grade 1 is the worst).</summary>
    [StoredAs("seriousIncidents")]
    SeriousIncidents,

    /// <summary>Cases reported after their deadline.</summary>
    [StoredAs("lateReports")]
    LateReports,

    /// <summary>Procedures announced, past their deadline and not reported.</summary>
    [StoredAs("overdueReports")]
    OverdueReports,
}
