using System.Text.Json.Serialization;
using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Regulations;

/// <summary>A text in Chinese, as the regulation words it, and in English.</summary>
public sealed record Bilingual(string Zh, string En);

/// <summary>
/// One version of a management rule (管理规范), or of a programme's conditions, with every limit, effect, period and list the software goes by. Pure data: a new technique, or a new edition, is a new file.
/// </summary>
/// <param name="Id">The edition, as in <c>NV-2012</c>.</param>
/// <param name="Version">1 upwards within the edition; a pair of id and version is published once.</param>
/// <param name="Technique">The name of the technique or programme on the wire, as in <c>neurovascular</c>.</param>
/// <param name="Title">The title of the document.</param>
/// <param name="Document">Its number (发文字号).</param>
/// <param name="Note">What a reader must know about the text behind this file.</param>
/// <param name="EffectiveFrom">First day it is in force: reports are coded by it from then on.</param>
/// <param name="JudgesFrom">First day it is judged by, normally a year later, so that no year is judged by a rule that did not stand at its beginning.</param>
/// <param name="Facts">What clauses ask for that is not counted from cases: attested, or known to the system.</param>
/// <param name="Paths">The ways to a qualification, and the dossiers that are checked as a whole.</param>
/// <param name="Clauses">Every requirement of the text, each by its id.</param>
/// <param name="Practice">How the technique is practised and watched over; null for a programme, which is not monitored.</param>
/// <param name="Selection">How a programme selects among applicants; null where it selects nobody.</param>
public sealed record Regulation(
    string Id,
    int Version,
    string Technique,
    Bilingual Title,
    string Document,
    string Note,
    DateOnly EffectiveFrom,
    DateOnly JudgesFrom,
    IReadOnlyList<FactDefinition> Facts,
    IReadOnlyList<QualificationPath> Paths,
    IReadOnlyList<Clause> Clauses,
    Practice? Practice = null,
    SelectionRules? Selection = null)
{
    /// <summary>How the technique is practised. Ask for it only of a technique: <see cref="RegulationSet.Techniques"/> names them.</summary>
    /// <exception cref="InvalidOperationException">This is a programme.</exception>
    [JsonIgnore]
    public Practice InPractice => Practice ?? throw new InvalidOperationException($"{Id} is a programme: nothing is monitored by it.");

    /// <summary>The facts that conditions of a kind of subject ask for on every day after the grant.</summary>
    public IReadOnlySet<string> KeptFacts(SubjectKind kind) => Clauses.OfType<Regulations.Clause.Condition>().Where(clause => clause.For(kind) is not null).SelectMany(clause => FactsOf(clause.Test)).ToHashSet();

    /// <summary>The facts that the clauses of a path ask for.</summary>
    public IReadOnlySet<string> FactsOf(QualificationPath path) => path.Clauses.Select(Clause).OfType<Regulations.Clause.Condition>().SelectMany(clause => FactsOf(clause.Test)).ToHashSet();

    private IEnumerable<string> FactsOf(Test test) => test.Facts.Concat(test.Named.SelectMany(id => Clause(id) is Regulations.Clause.Condition named ? FactsOf(named.Test) : []));

    /// <summary>The clause of an id; null when there is none.</summary>
    public Clause? Clause(string id) => Clauses.FirstOrDefault(clause => clause.Id == id);

    /// <summary>The path of an id; null when there is none.</summary>
    public QualificationPath? Path(string id) => Paths.FirstOrDefault(path => path.Id == id);

    /// <summary>The fact of a name; null when there is none.</summary>
    public FactDefinition? Fact(string name) => Facts.FirstOrDefault(fact => fact.Name == name);
}

/// <summary>What rounds of selection go by: paths of the regulation.</summary>
/// <param name="Application">Every clause of it is met by whoever can be selected.</param>
/// <param name="Priority">Whoever meets any clause of it is considered first among equals.</param>
/// <param name="Decision">What the round itself does with an application.</param>
/// <param name="Duties">What whoever was selected does as a base, and attests; null where the text asks nothing.</param>
/// <param name="ReviewEveryMonths">From the result, and from each review of the duties, to the last day for the next; null where there are no duties.</param>
/// <param name="Shown">Facts the forms ask for and the committee is shown, which no clause decides on.</param>
public sealed record SelectionRules(string Application, string Priority, string Decision, string? Duties = null, int? ReviewEveryMonths = null, IReadOnlyList<string>? Shown = null);

/// <summary>What continuous monitoring of a technique goes by: what can be reported, when, by whom, and what follows.</summary>
/// <param name="GuidelineVolume">Cases a year, at least 1. The denominator of a rate in an incomplete observation is taken as at least this.</param>
/// <param name="SevereComplications">The rate of severe complications that is shown.</param>
/// <param name="Mortality">The mortality that is shown.</param>
/// <param name="Reporting">Which cases have a reporting deadline, and the outcome statement that is owed for them.</param>
/// <param name="CaseRules">Who may decide on and perform a case.</param>
/// <param name="Proceedings">The periods of rectification, review and assessment.</param>
/// <param name="AssessmentItems">The qualitative items of an assessment, each scored pass or fail.</param>
/// <param name="Catalogue">The procedures that can be reported.</param>
/// <param name="Complications">The complications that can be reported, with their severity.</param>
/// <param name="Training">Who may teach the technique and how it is learnt; null where the regulation says nothing of it.</param>
public sealed record Practice(
    int GuidelineVolume,
    RateDefinition SevereComplications,
    RateDefinition Mortality,
    ReportingRule Reporting,
    CaseRules CaseRules,
    ProceedingRules Proceedings,
    IReadOnlyList<AssessmentItem> AssessmentItems,
    IReadOnlyList<CatalogueEntry> Catalogue,
    IReadOnlyList<ComplicationCode> Complications,
    TrainingRules? Training = null)
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
/// <param name="FollowUps">The follow-ups owed for a case that has a deadline, in order; null or empty where none is.</param>
public sealed record ReportingRule(
    int WorkingDays,
    bool TherapeuticOnly,
    int FromLevel,
    int OutcomeAfterDays,
    int OutcomeStatementWorkingDays,
    int LateOutcomeAfterDays,
    IReadOnlyList<FollowUpInterval>? FollowUps = null)
{
    /// <summary>The follow-ups owed, the earliest first.</summary>
    [JsonIgnore]
    public IReadOnlyList<FollowUpInterval> Intervals => FollowUps ?? [];
}

/// <summary>A follow-up (随访) owed: from so many days after completion on, and no later than so many days after that; both ends included.</summary>
/// <param name="Days">Days after completion, at least 1: by what happened before, nobody knows how the patient was then.</param>
/// <param name="WithinDays">Days after that day, 0 or more.</param>
public sealed record FollowUpInterval(int Days, int WithinDays);

/// <summary>Who may decide on and perform a case. What does not fit is accepted and flagged.</summary>
/// <param name="DecidersAtLeast">How many different qualified physicians of the institution decide on a case; the operator may be one of them.</param>
/// <param name="QualificationFromLevel">The lowest level that needs the technique's qualification; 0 where every case does.</param>
/// <param name="Deciders">The title at least one of the deciders needs; null where none is demanded.</param>
/// <param name="Operator">The title the operator of record needs; null where none is demanded.</param>
public sealed record CaseRules(int DecidersAtLeast, int QualificationFromLevel, TitleRule? Deciders = null, TitleRule? Operator = null)
{
    /// <summary>The comprehensive qualification concerns levels 3 and 4; below them nobody lacks it.</summary>
    public bool NeedsQualification(int level) => level >= QualificationFromLevel;
}

/// <summary>A title demanded for cases of a level or higher; level 0 means every case.</summary>
public sealed record TitleRule(Title AtLeast, int FromLevel);

/// <summary>The periods and numbers of sanctions and assessments.</summary>
/// <param name="RectificationMonths">Months of rectification (整改期) from the day a suspension takes effect, at least 1; the corresponding day still belongs to it.</param>
/// <param name="FailuresToRevoke">Assessments failed in a row after which revocation is proposed, at least 1.</param>
/// <param name="GroundsDecisionWorkingDays">Working days for the decision on a suspension whose grounds became untrue.</param>
/// <param name="ReviewWorkingDays">Working days for a person's decision on an objection.</param>
/// <param name="HearingWorkingDays">Working days after revocation was proposed within which the subject may ask to be heard (听证); nobody is revoked before they are over.</param>
/// <param name="AssessmentClosesAfterDays">Days from the opening of a round to its closing unless set otherwise.</param>
public sealed record ProceedingRules(int RectificationMonths, int FailuresToRevoke, int GroundsDecisionWorkingDays, int ReviewWorkingDays, int HearingWorkingDays, int AssessmentClosesAfterDays);

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

/// <summary>Training bases (培训基地) and what is learnt there.</summary>
/// <param name="Bases">The kinds of base there are, each once.</param>
/// <param name="Trainee">What a trainee must have done.</param>
/// <param name="ReviewEveryMonths">Months from a recognition, or from the last review, within which a base is reviewed; at least 1.</param>
public sealed record TrainingRules(IReadOnlyList<BaseRule> Bases, TraineeRule Trainee, int ReviewEveryMonths)
{
    /// <summary>The rule for bases of a kind; null when there is no such kind.</summary>
    public BaseRule? Base(string kind) => Bases.FirstOrDefault(rule => rule.Kind == kind);
}

/// <summary>A kind of training base: NV-TB-*, CI3-TB-*, CI-TB-PROV.</summary>
/// <param name="Kind">The name of the kind on the wire, as in <c>national</c>.</param>
/// <param name="Path">The path whose clauses are all met when a base is recognised; null where the text asks nothing beforehand.</param>
/// <param name="ReviewPath">The path a review holds the base against; null where the text asks nothing.</param>
/// <param name="CertifiesFromLevel">The lowest level of procedures it trains for; 0 where the regulation does not grade.</param>
/// <param name="CertifiesToLevel">The highest.</param>
/// <param name="RecognisedBy">Who recognises bases of the kind, reviews them and withdraws the recognition.</param>
public sealed record BaseRule(string Kind, string? Path, string? ReviewPath, int CertifiesFromLevel, int CertifiesToLevel, BaseAuthority RecognisedBy)
{
    /// <summary>Whether its certificate is good for procedures of a level.</summary>
    public bool Certifies(int level) => CertifiesFromLevel <= level && level <= CertifiesToLevel;
}

/// <summary>Whose a kind of training base is.</summary>
public enum BaseAuthority
{
    /// <summary>The ministry's (卫生部).</summary>
    National,

    /// <summary>That of the province the base lies in.</summary>
    Regulator,
}

/// <summary>What a trainee must have done.</summary>
/// <param name="Path">The path whose clauses are all met before a certificate is given.</param>
/// <param name="Months">Months of training, net of interruptions; at least 1. A stay is planned for no less.</param>
/// <param name="LowerPath">In its place for who is trained only for levels that need no qualification; null where the regulation does not grade.</param>
public sealed record TraineeRule(string Path, int Months, string? LowerPath = null);
