using System.Text.Json.Serialization;
using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Regulations;

/// <summary>A text in Chinese, as the regulation words it, and in English.</summary>
public sealed record Bilingual(string Zh, string En);

/// <summary>
/// One version of a management rule (管理规范) for one technique, with every limit, effect, period and list the software goes by. Pure data: a new technique, or a new edition, is a new file.
/// </summary>
/// <param name="Id">The edition, as in <c>NV-2012</c>.</param>
/// <param name="Version">1 upwards within the edition; a pair of id and version is published once.</param>
/// <param name="Technique">The technique's name on the wire, as in <c>neurovascular</c>.</param>
/// <param name="Title">The title of the document.</param>
/// <param name="Document">Its number (发文字号).</param>
/// <param name="Note">What a reader must know about the text behind this file.</param>
/// <param name="EffectiveFrom">First day it is in force: reports are coded by it from then on.</param>
/// <param name="JudgesFrom">First day it is judged by, normally a year later, so that no year is judged by a rule that did not stand at its beginning.</param>
/// <param name="GuidelineVolume">Cases a year, at least 1. The denominator of a rate in an incomplete observation is taken as at least this.</param>
/// <param name="SevereComplications">The rate of severe complications that is shown.</param>
/// <param name="Mortality">The mortality that is shown.</param>
/// <param name="Reporting">Which cases have a reporting deadline, and the outcome statement that is owed for them.</param>
/// <param name="CaseRules">Who may decide on and perform a case.</param>
/// <param name="Proceedings">The periods of rectification, review and assessment.</param>
/// <param name="AssessmentItems">The qualitative items of an assessment, each scored pass or fail.</param>
/// <param name="Catalogue">The procedures that can be reported.</param>
/// <param name="Complications">The complications that can be reported, with their severity.</param>
/// <param name="Clauses">The clauses that are monitored.</param>
public sealed record Regulation(
    string Id,
    int Version,
    string Technique,
    Bilingual Title,
    string Document,
    string Note,
    DateOnly EffectiveFrom,
    DateOnly JudgesFrom,
    int GuidelineVolume,
    RateDefinition SevereComplications,
    RateDefinition Mortality,
    ReportingRule Reporting,
    CaseRules CaseRules,
    ProceedingRules Proceedings,
    IReadOnlyList<AssessmentItem> AssessmentItems,
    IReadOnlyList<CatalogueEntry> Catalogue,
    IReadOnlyList<ComplicationCode> Complications,
    IReadOnlyList<Clause> Clauses)
{
    /// <summary>The catalogue's entry for a code; null when it has none.</summary>
    public CatalogueEntry? Procedure(string code) => Catalogue.FirstOrDefault(entry => entry.Code == code);

    /// <summary>The code table's entry for a complication; null when it has none.</summary>
    public ComplicationCode? Complication(string code) => Complications.FirstOrDefault(entry => entry.Code == code);

    /// <summary>The codes this version's catalogue does not have, as given. A report that names one breaks the contract.</summary>
    public IReadOnlyList<string> UnknownProcedures(IEnumerable<string> codes) => [.. codes.Where(code => Procedure(code) is null)];

    /// <summary>The highest level among the procedures, 0 when none is graded. Unknown codes add nothing; ask <see cref="UnknownProcedures"/> first.</summary>
    public int HighestLevel(IEnumerable<string> codes) => codes.Select(code => Procedure(code)?.Level ?? 0).DefaultIfEmpty(0).Max();

    /// <summary>
    /// Whether a case is therapeutic: declared so, or with any therapeutic part. The codes never make a declared treatment diagnostic: of one attempted and abandoned the angiography may be all there is to code.
    /// </summary>
    public bool IsTherapeutic(bool declaredTherapeutic, IEnumerable<string> codes) => declaredTherapeutic || codes.Any(code => Procedure(code)?.Therapeutic == true);

    /// <summary>Whether a complication is severe: by the code table, or because the report says so. A report raises the severity and never lowers it.</summary>
    public bool IsSevere(string code, bool? declared) => declared == true || Complication(code)?.Severe == true;

    /// <summary>Whether a case has a reporting deadline. Those without one are reported too: volumes and denominators need them.</summary>
    public bool HasDeadline(bool therapeutic, int level) => (therapeutic || !Reporting.TherapeuticOnly) && level >= Reporting.FromLevel;
}

/// <summary>A rate is a ratio of two counts over the same days; without cases in the denominator there is none.</summary>
public sealed record RateDefinition(CountName Numerator, CountName Denominator);

/// <summary>The duty to report a case.</summary>
/// <param name="WorkingDays">Working days after the day of completion, at least 1, the last one included.</param>
/// <param name="TherapeuticOnly">Only therapeutic cases have the deadline.</param>
/// <param name="FromLevel">Only cases of this level or higher have it; 0 for every level.</param>
/// <param name="OutcomeAfterDays">Days after completion up to which an outcome statement covers a case that has a deadline.</param>
/// <param name="OutcomeStatementWorkingDays">Working days after that day within which the statement is owed. The same hold for the answer to an outcome notice.</param>
/// <param name="LateOutcomeAfterDays">An outcome reported more days than this after it happened is late.</param>
public sealed record ReportingRule(int WorkingDays, bool TherapeuticOnly, int FromLevel, int OutcomeAfterDays, int OutcomeStatementWorkingDays, int LateOutcomeAfterDays);

/// <summary>Who may decide on and perform a case. What does not fit is accepted and flagged.</summary>
/// <param name="DecidersAtLeast">How many different qualified physicians of the institution decide on a case; the operator may be one of them.</param>
/// <param name="QualificationFromLevel">The lowest level that needs the technique's qualification; 0 where every case does.</param>
/// <param name="Deciders">The title at least one of the deciders needs; null where none is demanded.</param>
/// <param name="Operator">The title the operator of record needs; null where none is demanded.</param>
public sealed record CaseRules(int DecidersAtLeast, int QualificationFromLevel, TitleRule? Deciders = null, TitleRule? Operator = null);

/// <summary>A title demanded for cases of a level or higher; level 0 means every case.</summary>
public sealed record TitleRule(Title AtLeast, int FromLevel);

/// <summary>The periods and numbers of sanctions and assessments.</summary>
/// <param name="RectificationMonths">Months of rectification (整改期) from the day a suspension takes effect, at least 1; the corresponding day still belongs to it.</param>
/// <param name="FailuresToRevoke">Assessments failed in a row after which revocation is proposed, at least 1.</param>
/// <param name="GroundsDecisionWorkingDays">Working days for the decision on a suspension whose grounds became untrue.</param>
/// <param name="ReviewWorkingDays">Working days for a person's decision on an objection.</param>
/// <param name="AssessmentClosesAfterDays">Days from the opening of a round to its closing unless set otherwise.</param>
public sealed record ProceedingRules(int RectificationMonths, int FailuresToRevoke, int GroundsDecisionWorkingDays, int ReviewWorkingDays, int AssessmentClosesAfterDays);

/// <summary>One qualitative item of an assessment.</summary>
public sealed record AssessmentItem(string Id, Bilingual Title);

/// <summary>A procedure of the regulation's catalogue.</summary>
/// <param name="Code">The code a report names.</param>
/// <param name="Level">1 to 4, higher is harder (手术分级); 0 where the regulation does not grade.</param>
/// <param name="Therapeutic">True: makes the case therapeutic. False: a diagnostic procedure. Null: as the report declares.</param>
/// <param name="Title">The catalogue's wording.</param>
public sealed record CatalogueEntry(string Code, int Level, bool? Therapeutic, Bilingual Title);

/// <summary>A complication that can be reported. A report may raise its severity, never lower it.</summary>
public sealed record ComplicationCode(string Code, bool Severe, Bilingual Title);

/// <summary>What follows from a binding breach.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BreachEffect>))]
public enum BreachEffect
{
    /// <summary>Nothing: the finding is shown and never binds.</summary>
    [StoredAs("Show")]
    Show,

    [StoredAs("Warn")]
    Warn,

    [StoredAs("Suspend")]
    Suspend,

    /// <summary>A warning at once, suspension when the same finding has been breached and binding on every day closed for a number of days.</summary>
    [StoredAs("WarnThenSuspend")]
    WarnThenSuspend,
}

/// <summary>Whom a clause applies to, with what effect.</summary>
/// <param name="Subject">At most one application a clause and kind of subject.</param>
/// <param name="Effect">What a binding breach brings.</param>
/// <param name="AfterDays">Days of breach until suspension, at least 1, for <see cref="BreachEffect.WarnThenSuspend"/>; null for every other effect.</param>
public sealed record Application(SubjectKind Subject, BreachEffect Effect, int? AfterDays = null);

/// <summary>
/// A clause as data: the kinds of test there are, each with the numbers it needs. How a kind is judged is one pure function a kind, elsewhere; what is judged stands in the regulation's file.
/// </summary>
/// <param name="Id">Stable: findings, sanctions and answers cite it.</param>
/// <param name="Title">The requirement in short.</param>
/// <param name="Source">The paragraph of the regulation, as in <c>三(六)</c>.</param>
/// <param name="Applies">At least one.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(AnnualVolume), "annualVolume")]
[JsonDerivedType(typeof(EventRate), "eventRate")]
[JsonDerivedType(typeof(FewCasesMortality), "fewCasesMortality")]
[JsonDerivedType(typeof(NoIncidents), "noIncidents")]
[JsonDerivedType(typeof(QualifiedStaff), "qualifiedStaff")]
[JsonDerivedType(typeof(Timeliness), "timeliness")]
public abstract record Clause(string Id, Bilingual Title, string Source, IReadOnlyList<Application> Applies)
{
    /// <summary>How the clause applies to a kind of subject; null when it does not.</summary>
    public Application? For(SubjectKind subject) => Applies.FirstOrDefault(application => application.Subject == subject);

    /// <summary>A floor on a count: met when it is <paramref name="AtLeast"/> or more.</summary>
    /// <param name="GuidelineOnly">The text says 原则上 (in principle): below it is below the guideline, not a violation.</param>
    /// <param name="UnlessTitleBelow">Not applicable to a physician whose title was below this on any day of the observation: nobody is judged for what he may not do.</param>
    public sealed record AnnualVolume(
        string Id,
        Bilingual Title,
        string Source,
        IReadOnlyList<Application> Applies,
        CountName Count,
        int AtLeast,
        bool GuidelineOnly = false,
        Title? UnlessTitleBelow = null) : Clause(Id, Title, Source, Applies);

    /// <summary>A ceiling on a rate: met when 100 × numerator &lt; <paramref name="BelowPercent"/> × denominator, so the limit itself is a breach (低于).</summary>
    /// <param name="WhenDenominatorAtLeast">Below this denominator another clause stands instead; 0 where none does.</param>
    public sealed record EventRate(
        string Id,
        Bilingual Title,
        string Source,
        IReadOnlyList<Application> Applies,
        CountName Numerator,
        CountName Denominator,
        int BelowPercent,
        int WhenDenominatorAtLeast = 0) : Clause(Id, Title, Source, Applies);

    /// <summary>Mortality with few cases: met when there are at most <paramref name="AtMost"/> deaths (不得超过), in place of a rate.</summary>
    /// <param name="InPlaceOf">The id of the rate clause it stands in for, which has the same numerator and denominator and begins where this ends.</param>
    /// <param name="WhenDenominatorBelow">It stands below this denominator (不足).</param>
    public sealed record FewCasesMortality(
        string Id,
        Bilingual Title,
        string Source,
        IReadOnlyList<Application> Applies,
        string InPlaceOf,
        CountName Numerator,
        CountName Denominator,
        int WhenDenominatorBelow,
        int AtMost) : Clause(Id, Title, Source, Applies);

    /// <summary>No incident in the rolling year: met when the count is 0.</summary>
    public sealed record NoIncidents(
        string Id,
        Bilingual Title,
        string Source,
        IReadOnlyList<Application> Applies,
        CountName Count) : Clause(Id, Title, Source, Applies);

    /// <summary>Physicians of the institution with an active qualification: met when there are <paramref name="AtLeast"/> or more, and among them those of the title demanded.</summary>
    public sealed record QualifiedStaff(
        string Id,
        Bilingual Title,
        string Source,
        IReadOnlyList<Application> Applies,
        int AtLeast,
        StaffTitle? WithTitle = null) : Clause(Id, Title, Source, Applies);

    /// <summary>The share of reports on time, and the reports overdue. It has no limit and never binds.</summary>
    /// <param name="Reported">The cases that have a deadline.</param>
    /// <param name="Late">Those of them reported after it.</param>
    /// <param name="Overdue">Those past it and not reported.</param>
    public sealed record Timeliness(
        string Id,
        Bilingual Title,
        string Source,
        IReadOnlyList<Application> Applies,
        CountName Reported,
        CountName Late,
        CountName Overdue) : Clause(Id, Title, Source, Applies);
}

/// <summary>How many of the staff need at least a title.</summary>
public sealed record StaffTitle(int AtLeast, Title Title);
