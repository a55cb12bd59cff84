using System.Text.Json.Serialization;
using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Regulations;

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
public sealed record AppliesTo(SubjectKind Subject, BreachEffect Effect, int? AfterDays = null);

/// <summary>
/// A clause as data: the kinds of test there are, each with the numbers it needs. How a kind is judged is one pure function a kind, elsewhere; what is judged stands in the regulation's file.
/// </summary>
/// <param name="Id">Stable: findings, sanctions and answers cite it.</param>
/// <param name="Title">The requirement's name, short.</param>
/// <param name="Source">The paragraph of the regulation, as in <c>三(六)</c>.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(AnnualVolume), "annualVolume")]
[JsonDerivedType(typeof(EventRate), "eventRate")]
[JsonDerivedType(typeof(FewCasesMortality), "fewCasesMortality")]
[JsonDerivedType(typeof(NoIncidents), "noIncidents")]
[JsonDerivedType(typeof(QualifiedStaff), "qualifiedStaff")]
[JsonDerivedType(typeof(Timeliness), "timeliness")]
[JsonDerivedType(typeof(Condition), "condition")]
[JsonDerivedType(typeof(Enforced), "enforced")]
public abstract record Clause(string Id, Bilingual Title, string Source)
{
    /// <summary>The key phrase of the text, and what it says in English.</summary>
    public required Bilingual Phrase { get; init; }

    public required Nature Nature { get; init; }

    /// <summary>Whom or what the requirement is about; at least one.</summary>
    public required IReadOnlyList<Concern> Concerns { get; init; }

    /// <summary>The reading chosen, where the text is open, and why; null where it is not.</summary>
    public Bilingual? Reading { get; init; }

    /// <summary>The text says 原则上 (in principle), or speaks of a preference: falling short is below the guideline, not a violation.</summary>
    public bool GuidelineOnly { get; init; }

    /// <summary>Whom a breach is held against day by day, with what effect; empty where nothing is judged daily.</summary>
    public IReadOnlyList<AppliesTo> Applies { get; init; } = [];

    /// <summary>The province that tightened the limit, and what it was; null in every regulation as published.</summary>
    [JsonIgnore]
    public Stricter? Stricter { get; init; }

    /// <summary>How the clause applies to a kind of subject; null when it does not.</summary>
    public AppliesTo? For(SubjectKind subject) => Applies.FirstOrDefault(application => application.Subject == subject);

    /// <summary>A floor on a count: met when it is <paramref name="AtLeast"/> or more.</summary>
    /// <param name="UnlessTitleBelow">Not applicable to a physician whose title was below this on any day of the observation: nobody is judged for what he may not do.</param>
    public sealed record AnnualVolume(
        string Id,
        Bilingual Title,
        string Source,
        CountName Count,
        int AtLeast,
        Title? UnlessTitleBelow = null) : Clause(Id, Title, Source);

    /// <summary>A ceiling on a rate: met when 100 × numerator &lt; <paramref name="BelowPercent"/> × denominator, so the limit itself is a breach (低于).</summary>
    /// <param name="WhenDenominatorAtLeast">Below this denominator another clause stands instead; 0 where none does.</param>
    public sealed record EventRate(
        string Id,
        Bilingual Title,
        string Source,
        CountName Numerator,
        CountName Denominator,
        int BelowPercent,
        int WhenDenominatorAtLeast = 0) : Clause(Id, Title, Source);

    /// <summary>Mortality with few cases: met when there are at most <paramref name="AtMost"/> deaths (不得超过), in place of a rate.</summary>
    /// <param name="InPlaceOf">The id of the rate clause it stands in for, which has the same numerator and denominator and begins where this ends.</param>
    /// <param name="WhenDenominatorBelow">It stands below this denominator (不足).</param>
    public sealed record FewCasesMortality(
        string Id,
        Bilingual Title,
        string Source,
        string InPlaceOf,
        CountName Numerator,
        CountName Denominator,
        int WhenDenominatorBelow,
        int AtMost) : Clause(Id, Title, Source);

    /// <summary>No incident in the rolling year: met when the count is 0.</summary>
    public sealed record NoIncidents(
        string Id,
        Bilingual Title,
        string Source,
        CountName Count) : Clause(Id, Title, Source);

    /// <summary>Physicians of the institution with an active qualification: met when there are <paramref name="AtLeast"/> or more, and among them those of the title demanded.</summary>
    public sealed record QualifiedStaff(
        string Id,
        Bilingual Title,
        string Source,
        int AtLeast,
        StaffTitle? WithTitle = null) : Clause(Id, Title, Source);

    /// <summary>The share of reports on time, and the reports overdue. It has no limit and never binds.</summary>
    /// <param name="Reported">The cases that have a deadline.</param>
    /// <param name="Late">Those of them reported after it.</param>
    /// <param name="Overdue">Those past it and not reported.</param>
    public sealed record Timeliness(
        string Id,
        Bilingual Title,
        string Source,
        CountName Reported,
        CountName Late,
        CountName Overdue) : Clause(Id, Title, Source);

    /// <summary>
    /// Something that must be so, tested on facts: at an application, and, where it applies to the holder, on every day after the grant (NV-MIN: the conditions are the least that must be kept).
    /// </summary>
    public sealed record Condition(
        string Id,
        Bilingual Title,
        string Source,
        Test Test) : Clause(Id, Title, Source);

    /// <summary>Something the system enforces or records in the course of its work.</summary>
    /// <param name="Names">What of it: flags, fields of the report, decisions, paths; empty for what has no parts.</param>
    public sealed record Enforced(
        string Id,
        Bilingual Title,
        string Source,
        Mechanism By,
        IReadOnlyList<string> Names) : Clause(Id, Title, Source);
}

/// <summary>How many of the staff need at least a title.</summary>
public sealed record StaffTitle(int AtLeast, Title Title);

/// <summary>What sort of requirement a clause is.</summary>
public enum Nature
{
    Scope,

    /// <summary>A number over a period.</summary>
    Threshold,

    /// <summary>What must be so before a grant, and be kept afterwards (最低要求).</summary>
    Precondition,

    Workflow,
    Deadline,
    Record,
    Publication,
    Prohibition,
}

/// <summary>Whom or what a requirement is about.</summary>
public enum Concern
{
    Institution,
    Physician,
    Nurse,
    TrainingBase,
    Trainee,
    Case,
    Device,
    Regulator,
    Expert,
}

/// <summary>What in the system enforces or records a requirement.</summary>
public enum Mechanism
{
    /// <summary>The catalogue says which procedures are of the technique, and of which level.</summary>
    Catalogue,

    /// <summary>Cases are flagged; the names are the flags.</summary>
    CaseFlags,

    /// <summary>The HTTP contract refuses what is not in the form prescribed.</summary>
    Contract,

    /// <summary>The case report records it; the names are its fields.</summary>
    Report,

    /// <summary>Decisions on qualifications record it; the names are the decisions.</summary>
    Decisions,

    /// <summary>The public register shows it.</summary>
    Register,

    /// <summary>Conditions are judged on every day after the grant.</summary>
    Minimum,

    /// <summary>A path as a whole says it; the names are the paths.</summary>
    Paths,
}
