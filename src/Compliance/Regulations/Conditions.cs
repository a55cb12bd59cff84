using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Registry;
using Compliance.Training;

namespace Compliance.Regulations;

/// <summary>A way to a qualification, or a dossier that is checked as a whole: the clauses that must all be met.</summary>
/// <param name="For">Who goes it. Only institutions and physicians are granted qualifications.</param>
/// <param name="Chain">The opinions in their order, the applicant's first and the province's last; empty where nobody is asked.</param>
/// <param name="ClosedOn">The first day on which it was no longer open (本规范实施前): only facts that held before it count, and nobody is granted anything by it any more. It explains old grants.</param>
public sealed record QualificationPath(string Id, Concern For, Bilingual Title, IReadOnlyList<OpinionStep> Chain, IReadOnlyList<string> Clauses, DateOnly? ClosedOn = null)
{
    /// <summary>The day whose facts count: the day itself, or, of a path that is closed by then, the last on which it was open.</summary>
    public DateOnly JudgedOn(DateOnly asOf) => ClosedOn <= asOf ? ClosedOn.Value.AddDays(-1) : asOf;
}

/// <summary>Who gives an opinion (意见) on an application, in the order of the form.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OpinionStep>))]
public enum OpinionStep
{
    [StoredAs("Applicant")] Applicant,
    [StoredAs("Department")] Department,
    [StoredAs("Institution")] Institution,
    [StoredAs("LocalAuthority")] LocalAuthority,
    [StoredAs("Province")] Province,
}

/// <summary>Of what type a fact is.</summary>
public enum FactType
{
    Flag,

    /// <summary>A whole number, not negative.</summary>
    Count,

    /// <summary>A number, not negative, with decimals.</summary>
    Quantity,
    Day,
    Instant,
    Text,
    List,
}

/// <summary>Who may attest a fact.</summary>
public enum Attester
{
    Applicant,
    Regulator,
}

/// <summary>A fact that clauses ask for.</summary>
/// <param name="Name">The same name means the same in every regulation.</param>
/// <param name="Choices">The texts there are to choose from; null where any is good.</param>
/// <param name="Fields">Of a list's items, by name; null for every other type.</param>
/// <param name="MayLack">Fields that an item need not have; every other it has.</param>
/// <param name="Known">Where the system has it from; then nobody attests it. Null for what is attested.</param>
/// <param name="LastDay">The day is the last of a period and belongs to it: months until it are counted to its end.</param>
/// <param name="Personal">It says who somebody is, or how to reach him: kept beside the log, only where a round of selection asks for it, and attested nowhere else.</param>
public sealed record FactDefinition(
    string Name,
    FactType Type,
    Bilingual Title,
    string? Unit = null,
    IReadOnlyList<string>? Choices = null,
    IReadOnlyDictionary<string, FactType>? Fields = null,
    Attester AttestedBy = Attester.Applicant,
    KnownFact? Known = null,
    bool LastDay = false,
    bool Personal = false,
    IReadOnlyList<string>? MayLack = null)
{
    /// <summary>True when what is attested for the one can be read as the other.</summary>
    public bool HoldsTheSameAs(FactDefinition other) =>
        Type == other.Type && (Fields ?? new Dictionary<string, FactType>()).OrderBy(f => f.Key).SequenceEqual((other.Fields ?? new Dictionary<string, FactType>()).OrderBy(f => f.Key));
}

/// <summary>What the system itself knows.</summary>
public enum KnownSource
{
    /// <summary>The institution's level, as text.</summary>
    Level,

    /// <summary>The physician's title on the day, as text.</summary>
    Title,
    LicenceScope,
    Specialty,

    /// <summary>Physicians of the institution with an active qualification, of a title or higher where one is given.</summary>
    Staff,

    /// <summary>Whether the subject's qualification for the technique is active.</summary>
    Qualification,

    /// <summary>Other institutions of the same district with an active qualification.</summary>
    QualifiedInDistrict,

    /// <summary>Whole months of the longest unbroken aid (技术帮扶) by a qualified tertiary-A hospital, one of its seconded operators qualified all the time.</summary>
    Aid,

    /// <summary>The day that aid began.</summary>
    AidBegan,

    /// <summary>Cases that need the qualification, done without it.</summary>
    CasesBeforeGrant,

    /// <summary>Cases, over the months before the day or ever.</summary>
    Count,

    /// <summary>Whether it is a recognised training base of its kind, as a flag.</summary>
    BaseRecognition,

    /// <summary>Of which kind the training base is, as text.</summary>
    BaseKind,

    /// <summary>The tutors a training base has named who belong to it, as a list of <c>name</c> (the physician's id), <c>title</c> and <c>qualified</c>, on the day.</summary>
    Tutors,

    /// <summary>How many trainees at a time a training base declares to take.</summary>
    TraineeCapacity,

    /// <summary>Whether there was a case with one of some procedures, over the months.</summary>
    Procedures,

    /// <summary>How many of some procedures there were cases with, over the months.</summary>
    ProcedureTypes,

    /// <summary>The first day of the practice that goes on: between two of its cases never lay more than so many months without one.</summary>
    PractisedSince,

    /// <summary>
    /// Treatments as operator of record in the institution, in each of the last three years, as a list of <c>name</c> (the physician's id), <c>treatmentsYear1</c> (the latest), <c>treatmentsYear2</c> and
    /// <c>treatmentsYear3</c>; of who belongs to it on the day.
    /// </summary>
    OperatorYears,

    /// <summary>
    /// A training at a base of this system: of a trainee the one there is, of an applicant the last that stands certified for the levels that need the qualification. Where there is none it was before
    /// this system, or elsewhere, and is attested.
    /// </summary>
    Training,

    /// <summary>What a training base's trainees show of its duties since it was last looked at. Where none of them shows it, it is attested.</summary>
    Trainees,

    /// <summary>What a round of selection knows of an application to it.</summary>
    Selection,
}

/// <summary>What a round of selection knows.</summary>
public enum SelectionFact
{
    /// <summary>The instant at which the application was submitted.</summary>
    ReceivedAt,

    /// <summary>Whether it came to whom it was to be sent: what is submitted here did.</summary>
    Sent,

    /// <summary>Whether a file of a kind came with it.</summary>
    Attached,

    /// <summary>The institution's name in the registry.</summary>
    InstitutionName,

    /// <summary>Its province there, as a two-digit code.</summary>
    Province,
    FraudSubstantiated,

    /// <summary>The day the committee's scoring was closed.</summary>
    ReviewedOn,

    /// <summary>The outcome as it was published: <c>selected</c> or <c>notSelected</c>.</summary>
    Selected,
    PublishedOn,
}

/// <summary>What is known of a training.</summary>
public enum TrainingItem
{
    /// <summary>A certificate was given and stands.</summary>
    Certified,

    /// <summary>The kind of the base, as text.</summary>
    BaseKind,

    /// <summary>Whether the base was recognised as the training began; days on which it was not count for nothing.</summary>
    BaseRecognised,
    ExamPassed,

    /// <summary>First day.</summary>
    From,

    /// <summary>Last day.</summary>
    To,

    /// <summary>Whole months, net of interruptions.</summary>
    Months,

    /// <summary>Whether every case was supervised.</summary>
    Supervised,

    /// <summary>Cases in one role.</summary>
    Cases,

    /// <summary>Whether the trainee took part in one part of the care of patients.</summary>
    Care,
}

/// <summary>What is known of the trainees of a base. All but the first two are of those whose training was over, or should have been, since the base was last looked at.</summary>
public enum TraineesItem
{
    /// <summary>How many there are on the day.</summary>
    InTraining,

    /// <summary>Whether every one has a plan.</summary>
    Planned,

    /// <summary>Whether every one completed the training by the day it was due (规定时间内完成).</summary>
    InTime,

    /// <summary>Tests of theory of one of them, the fewest.</summary>
    TheoryTests,

    /// <summary>Tests of practice of one of them, the fewest.</summary>
    PracticeTests,

    /// <summary>Whether cases and care are logged for every one.</summary>
    Logged,

    /// <summary>Whether theory and practice of every one were tested.</summary>
    Tested,

    /// <summary>Whether every one was evaluated at the end.</summary>
    Evaluated,

    /// <summary>Whether every one was tested and evaluated.</summary>
    Examined,
}

/// <param name="Role">Of cases.</param>
/// <param name="Intent">Of cases; null for both.</param>
/// <param name="FromLevel">Of cases: the lowest level counted; 0 for all.</param>
/// <param name="Care">Of care.</param>
public sealed record TrainingFact(TrainingItem Item, TrainingRole? Role = null, Intent? Intent = null, int FromLevel = 0, CarePart? Care = null);

/// <param name="Title">For <see cref="KnownSource.Staff"/>: the lowest title counted.</param>
/// <param name="Count">For <see cref="KnownSource.Count"/>: what is counted.</param>
/// <param name="Minus">And what is taken from it.</param>
/// <param name="Months">Over how many months that end on the day; null for ever.</param>
/// <param name="History">The applicant may attest the part before all cases were in the system; it is added.</param>
/// <param name="Procedures">For <see cref="KnownSource.Procedures"/> and <see cref="KnownSource.ProcedureTypes"/>: codes of the catalogue.</param>
/// <param name="Training">For <see cref="KnownSource.Training"/>: what of it.</param>
/// <param name="Trainees">For <see cref="KnownSource.Trainees"/>: what of them.</param>
/// <param name="BreakMonths">For <see cref="KnownSource.PractisedSince"/>: more months than this without a case are a break.</param>
/// <param name="Selection">For <see cref="KnownSource.Selection"/>: what of it.</param>
/// <param name="Attachment">For <see cref="SelectionFact.Attached"/>: the kind of file.</param>
/// <param name="Formats">And the formats it may have; null for any there is.</param>
public sealed record KnownFact(
    KnownSource Source,
    Title? Title = null,
    CountName? Count = null,
    CountName? Minus = null,
    int? Months = null,
    bool History = false,
    IReadOnlyList<string>? Procedures = null,
    int? BreakMonths = null,
    TrainingFact? Training = null,
    TraineesItem? Trainees = null,
    SelectionFact? Selection = null,
    string? Attachment = null,
    IReadOnlyList<AttachmentFormat>? Formats = null)
{
    /// <summary>Whether it is attested where the system knows nothing of it: of trainings from before it was in use.</summary>
    [JsonIgnore]
    public bool MayBeUntold => Source is KnownSource.Training or KnownSource.Trainees;

    /// <summary>The days that are counted, up to a day; without months from the first day there can be a case on.</summary>
    public DaySpan Window(DateOnly asOf) => new(Months is { } months ? asOf.AddMonths(-months).AddDays(1) : DateOnly.MinValue, asOf);

    /// <summary>
    /// Whether a part of those days lies before the one from which all cases are in the system: only that part is the applicant's to attest. What is attested is about the window that ends on the day it
    /// held, and so is then what is counted: the two are one number of one window.
    /// </summary>
    public bool LeavesHistory(DateOnly? coverage, DateOnly heldOn) => History && coverage > Window(heldOn).From;
}

/// <summary>How two numbers, days or instants are compared.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Comparison>))]
public enum Comparison
{
    [StoredAs(">=")] AtLeast,
    [StoredAs(">")] Above,
    [StoredAs("<=")] AtMost,
    [StoredAs("<")] Below,
    [StoredAs("=")] Equal,
}

/// <summary>
/// A test as data. Exactly one of the forms: a combination (<see cref="AllOf"/>, <see cref="AnyOf"/>, <see cref="If"/> with <see cref="Then"/>), another <see cref="Clause"/>,
/// whether a fact is <see cref="Recorded"/>, or a comparison of facts.
/// </summary>
public sealed record Test
{
    public IReadOnlyList<Test>? AllOf { get; init; }

    public IReadOnlyList<Test>? AnyOf { get; init; }

    public Test? If { get; init; }

    public Test? Then { get; init; }

    /// <summary>The result of another clause of the regulation.</summary>
    public string? Clause { get; init; }

    /// <summary>A fact that must have been attested, whatever it says.</summary>
    public string? Recorded { get; init; }

    public string? Fact { get; init; }

    /// <summary>Facts added up, in place of one.</summary>
    public IReadOnlyList<string>? Sum { get; init; }

    /// <summary>What a flag must be.</summary>
    public bool? Is { get; init; }

    /// <summary>The texts of which it must be one.</summary>
    public IReadOnlyList<string>? In { get; init; }

    public Comparison? Comparison { get; init; }

    /// <summary>The limit.</summary>
    public decimal? Value { get; init; }

    /// <summary>Of the limit, for people to read; <c>months</c> of a day are the whole months elapsed since, <c>percent</c> and <c>perMille</c> are of a rate.</summary>
    public string? Unit { get; init; }

    /// <summary>The denominator that makes the fact a rate.</summary>
    public string? Of { get; init; }

    /// <summary>Another fact, in place of the limit.</summary>
    public string? Than { get; init; }

    /// <summary>What the left side is multiplied by before it is compared with another fact.</summary>
    public int? Times { get; init; }

    /// <summary>The day until which months have elapsed; the day of judgement unless given.</summary>
    public string? Until { get; init; }

    /// <summary>The limit of an instant.</summary>
    public DateTimeOffset? Instant { get; init; }

    /// <summary>Which items of a list are counted, by their fields; all unless given.</summary>
    public IReadOnlyDictionary<string, ItemTest>? Where { get; init; }

    /// <summary>Items that agree in these fields are counted once.</summary>
    public IReadOnlyList<string>? DistinctBy { get; init; }

    /// <summary>What every item of a list must fit, and there is one at least.</summary>
    public IReadOnlyDictionary<string, ItemTest>? Every { get; init; }

    /// <summary>The facts it names, itself and in its parts; those of other clauses are theirs.</summary>
    [JsonIgnore]
    public IEnumerable<string> Facts =>
        new[] { Recorded, Fact, Of, Than, Until }.OfType<string>().Concat(Sum ?? []).Concat(Parts.SelectMany(part => part.Facts)).Distinct();

    /// <summary>The clauses it names, itself and in its parts.</summary>
    [JsonIgnore]
    public IEnumerable<string> Named => Parts.SelectMany(part => part.Named).Concat(Clause is null ? [] : [Clause]);

    /// <summary>The tests it combines.</summary>
    [JsonIgnore]
    public IEnumerable<Test> Parts => (AllOf ?? AnyOf ?? []).Concat(new[] { If, Then }.OfType<Test>());
}

/// <summary>What a field of a list's item must be: a flag, one of some texts, a count within bounds, or a day of a period; exactly one of the four.</summary>
/// <param name="AtMost">Included, as <paramref name="AtLeast"/> is; either may be left out.</param>
/// <param name="From">First day of the period. A day that an item need not say, and does not, is not tested.</param>
/// <param name="To">Last day of the period; both are given.</param>
public sealed record ItemTest(bool? Is = null, IReadOnlyList<string>? In = null, int? AtLeast = null, int? AtMost = null, DateOnly? From = null, DateOnly? To = null);

/// <summary>What a document says of itself: enough to find it and to tell whether it is the one that was shown.</summary>
/// <param name="Hash">SHA-256 of the document, in lower-case hexadecimal.</param>
/// <param name="Date">Of the document.</param>
public sealed record Evidence([property: Stored("Name")] string Name, [property: Stored("Hash")] string Hash, [property: Stored("Date")] DateOnly Date);

/// <summary>A fact as somebody attested it.</summary>
/// <param name="Value">Of the fact's type.</param>
/// <param name="HeldOn">The day it is about.</param>
/// <param name="ValidUntil">The last day the attestation is good for; null where nothing limits it.</param>
public sealed record AttestedFact(
    [property: Stored("Fact")] string Fact,
    [property: Stored("Value")] JsonElement Value,
    [property: Stored("HeldOn")] DateOnly HeldOn,
    [property: Stored("ValidUntil")] DateOnly? ValidUntil,
    [property: Stored("Evidence")] IReadOnlyList<Evidence> Evidence)
{
    /// <summary>True when the two say the same of the same day by the same documents.</summary>
    public bool Says(AttestedFact other) =>
        Fact == other.Fact && HeldOn == other.HeldOn && ValidUntil == other.ValidUntil && JsonElement.DeepEquals(Value, other.Value) && Evidence.SequenceEqual(other.Evidence);

    /// <summary>Of attestations in the order recorded, what they say as of a day: of each fact the last word about the latest day.</summary>
    public static IReadOnlyList<AttestedFact> AsOf(IEnumerable<AttestedFact> attested, DateOnly day) =>
        [.. attested.Where(f => f.HeldOn <= day).Reverse().GroupBy(f => f.Fact).Select(of => of.MaxBy(f => f.HeldOn)!)];
}

/// <summary>The facts about a subject on a day: as attested, and as the system knows them.</summary>
/// <param name="Attested">By name, as they stood on the day.</param>
/// <param name="Known">By name; those the system could not say are missing.</param>
/// <param name="Staff">Zeros for a physician.</param>
public sealed record FactBook(DateOnly AsOf, IReadOnlyDictionary<string, AttestedFact> Attested, IReadOnlyDictionary<string, JsonElement> Known, Staff Staff);

/// <summary>What the system knows of a subject on a day: the facts apart from what is attested.</summary>
/// <param name="Coverage">From when all its cases are in the system; null for always.</param>
/// <param name="CountedTo">Of the facts that were counted from the coverage on, to be added to what is attested of the time before: the day that attestation held.</param>
public sealed record KnownBook(DateOnly AsOf, IReadOnlyDictionary<string, JsonElement> Known, Staff Staff, DateOnly? Coverage, IReadOnlyDictionary<string, DateOnly> CountedTo)
{
    /// <summary>Together with what is attested. Of what the system counts itself nothing attested counts, but for the part it was counted to fit.</summary>
    public FactBook With(Regulation regulation, IReadOnlyList<AttestedFact> attested) => new(
        AsOf,
        attested.Where(a => regulation.Fact(a.Fact)?.Known is not { } known || IsUntold(known, a.Fact) || (CountedTo.TryGetValue(a.Fact, out var to) && to == a.HeldOn)).ToDictionary(a => a.Fact),
        Known,
        Staff);

    private bool IsUntold(KnownFact known, string fact) => known.MayBeUntold && !Known.ContainsKey(fact);
}

/// <summary>How a clause stands in an application or a dossier.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConditionOutcome>))]
public enum ConditionOutcome
{
    [StoredAs("Met")] Met,
    [StoredAs("NotMet")] NotMet,

    /// <summary>Something it needs was never attested.</summary>
    [StoredAs("NotAttested")] NotAttested,

    /// <summary>Something it needs was attested for a time that is over.</summary>
    [StoredAs("Expired")] Expired,

    /// <summary>It does not speak of this subject.</summary>
    [StoredAs("NotApplicable")] NotApplicable,
}

/// <summary>A clause held against the facts.</summary>
/// <param name="Facts">Those it looked at, itself or through other clauses.</param>
/// <param name="Short">Those of them that keep it from being met: too little, missing or expired.</param>
/// <param name="Actual">Where the whole test is one comparison of numbers, what was found.</param>
/// <param name="Limit">And the limit.</param>
public sealed record ConditionResult(
    [property: Stored("Clause")] string Clause,
    [property: Stored("Outcome")] ConditionOutcome Outcome,
    [property: Stored("Facts")] IReadOnlyList<string> Facts,
    [property: Stored("Short")] IReadOnlyList<string> Short,
    [property: Stored("Actual")] decimal? Actual,
    [property: Stored("Limit")] decimal? Limit,
    [property: Stored("Comparison")] Comparison? Comparison)
{
    /// <summary>True when it keeps nobody from the qualification.</summary>
    [JsonIgnore]
    public bool IsSatisfied => Outcome is ConditionOutcome.Met or ConditionOutcome.NotApplicable;
}

/// <summary>Holds facts against conditions: NV-INST-*, NV-SEC-*, NV-PHYS-*, NV-TB-*, NV-TR-*, NV-GF*, AP-*, their like in CI, NC-* and EN-*. Nothing else compares a fact with a limit.</summary>
public static class Conditions
{
    /// <summary>The clauses of a path, in its order.</summary>
    /// <param name="facts">As of <see cref="QualificationPath.JudgedOn"/>.</param>
    public static IReadOnlyList<ConditionResult> Evaluate(Regulation regulation, QualificationPath path, FactBook facts) =>
        [.. path.Clauses.Select(id => Judge(regulation, regulation.Clause(id)!, facts))];

    /// <summary>One clause that is decided by facts.</summary>
    public static ConditionResult Judge(Regulation regulation, Clause clause, FactBook facts)
    {
        switch (clause)
        {
            case Clause.Condition condition:
                var verdict = Test(regulation, condition.Test, facts);
                return new(clause.Id, verdict.Outcome, verdict.Facts, verdict.Short, verdict.Actual, verdict.Limit, verdict.Comparison);
            case Clause.QualifiedStaff staff:
                var measured = QualifiedStaff.Measure(staff, facts.Staff);
                return new(clause.Id, measured.Outcome == Outcome.Met ? ConditionOutcome.Met : ConditionOutcome.NotMet, [], [], measured.Actual, staff.AtLeast, Regulations.Comparison.AtLeast);
            default:
                throw new UnreachableException($"{clause.Id} is not decided by facts.");
        }
    }

    private sealed record Verdict(
        ConditionOutcome Outcome, IReadOnlyList<string> Facts, IReadOnlyList<string> Short, decimal? Actual = null, decimal? Limit = null, Comparison? Comparison = null);

    private static Verdict Test(Regulation regulation, Test test, FactBook facts) => test switch
    {
        { AllOf: { } all } => All(all.Select(part => Test(regulation, part, facts))),
        { AnyOf: { } any } => Any([.. any.Select(part => Test(regulation, part, facts))]),
        { If: { } condition, Then: { } then } => Provided(Test(regulation, condition, facts), () => Test(regulation, then, facts)),
        { Clause: { } id } => Judge(regulation, regulation.Clause(id)!, facts) is var of ? new(of.Outcome, of.Facts, of.Short, of.Actual, of.Limit, of.Comparison) : throw new UnreachableException(),
        _ => Compare(regulation, test, facts),
    };

    /// <summary>What is short of the whole is everything that is short of its parts; the gravest says how it stands.</summary>
    private static Verdict All(IEnumerable<Verdict> parts)
    {
        var of = parts.ToList();
        var outcome = of.Exists(v => v.Outcome == ConditionOutcome.NotMet) ? ConditionOutcome.NotMet
            : of.Exists(v => v.Outcome == ConditionOutcome.Expired) ? ConditionOutcome.Expired
            : of.Exists(v => v.Outcome == ConditionOutcome.NotAttested) ? ConditionOutcome.NotAttested
            : of.TrueForAll(v => v.Outcome == ConditionOutcome.NotApplicable) ? ConditionOutcome.NotApplicable
            : ConditionOutcome.Met;
        return new(outcome, Union(of, v => v.Facts), Union(of, v => v.Short));
    }

    /// <summary>One is enough. Where none is met, what could still be attested, or attested anew, says more than what is certainly not so.</summary>
    private static Verdict Any(IReadOnlyList<Verdict> parts)
    {
        var facts = Union(parts, v => v.Facts);
        if (parts.Any(v => v.Outcome == ConditionOutcome.Met))
        {
            return new(ConditionOutcome.Met, facts, []);
        }

        var outcome = parts.Any(v => v.Outcome == ConditionOutcome.Expired) ? ConditionOutcome.Expired
            : parts.Any(v => v.Outcome == ConditionOutcome.NotAttested) ? ConditionOutcome.NotAttested
            : parts.All(v => v.Outcome == ConditionOutcome.NotApplicable) ? ConditionOutcome.NotApplicable
            : ConditionOutcome.NotMet;
        return new(outcome, facts, Union(parts, v => v.Short));
    }

    private static Verdict Provided(Verdict condition, Func<Verdict> then) => condition.Outcome switch
    {
        ConditionOutcome.Met => then() is var v ? v with { Facts = Union([condition, v], of => of.Facts) } : throw new UnreachableException(),
        ConditionOutcome.NotMet or ConditionOutcome.NotApplicable => new(ConditionOutcome.NotApplicable, condition.Facts, []),
        _ => condition,
    };

    private static Verdict Compare(Regulation regulation, Test test, FactBook book)
    {
        var facts = test.Facts.ToList();
        var expired = facts.Where(f => Find(regulation, f, book) is null && book.Attested.ContainsKey(f)).ToList();
        var missing = facts.Where(f => Find(regulation, f, book) is null).Except(expired).ToList();
        if (expired.Count + missing.Count > 0)
        {
            return new(expired.Count > 0 ? ConditionOutcome.Expired : ConditionOutcome.NotAttested, facts, [.. expired, .. missing]);
        }

        JsonElement Value(string fact) => Find(regulation, fact, book)!.Value;
        Verdict Result(bool met, decimal? actual = null) =>
            new(met ? ConditionOutcome.Met : ConditionOutcome.NotMet, facts, met ? [] : facts, actual, actual is null ? null : test.Value, actual is null ? null : test.Comparison);

        if (test.Recorded is not null)
        {
            return Result(met: true);
        }

        if (test.Sum is { } sum)
        {
            var total = sum.Sum(f => Value(f).GetDecimal());
            return Result(Holds(total.CompareTo(test.Value!.Value), test.Comparison!.Value), total);
        }

        var value = Value(test.Fact!);
        switch (regulation.Fact(test.Fact!)!.Type)
        {
            case FactType.Flag:
                return Result(value.GetBoolean() == test.Is);
            case FactType.Text:
                return Result(test.In!.Contains(value.GetString()));
            case FactType.List when test.Every is { } every:
                return Result(value.GetArrayLength() > 0 && value.EnumerateArray().All(item => Fits(item, every)));
            case FactType.List:
                var items = value.EnumerateArray().Where(item => test.Where is null || Fits(item, test.Where));
                decimal number = test.DistinctBy is { } keys ? items.Select(item => string.Join('\u001f', keys.Select(key => Field(item, key)))).Distinct().Count() : items.Count();
                return Result(Holds(number.CompareTo(test.Value!.Value), test.Comparison!.Value), number);
            case FactType.Instant:
                return Result(Holds(value.GetDateTimeOffset().CompareTo(test.Instant!.Value), test.Comparison!.Value));
            case FactType.Day when test.Than is { } day:
                return Result(Holds(Day(value).CompareTo(Day(Value(day))), test.Comparison!.Value));
            case FactType.Day:
                decimal months = Calendars.Months.Elapsed(Day(value), test.Until is { } until ? Day(Value(until)).AddDays(regulation.Fact(until)!.LastDay ? 1 : 0) : book.AsOf);
                return Result(Holds(months.CompareTo(test.Value!.Value), test.Comparison!.Value), months);
            default:
                var left = value.GetDecimal();
                if (test.Of is { } denominator)
                {
                    // Crosswise, on whole numbers: 1 of 333 is above 0.3 %, and no rounding says so. Without cases there is no rate.
                    var (n, per) = (Value(denominator).GetDecimal(), test.Unit == PerMille ? 1_000 : 100);
                    return n == 0
                        ? new(ConditionOutcome.NotApplicable, facts, [])
                        : Result(Holds((left * per).CompareTo(test.Value!.Value * n), test.Comparison!.Value), decimal.Round(left * per / n, 4));
                }

                return test.Than is { } other
                    ? Result(Holds((left * (test.Times ?? 1)).CompareTo(Value(other).GetDecimal()), test.Comparison!.Value))
                    : Result(Holds(left.CompareTo(test.Value!.Value), test.Comparison!.Value), left);
        }
    }

    /// <summary>The value of a fact on the day: known, or attested and still good, or, where the system knows a part, both together. Null where there is none.</summary>
    private static JsonElement? Find(Regulation regulation, string fact, FactBook book)
    {
        var attested = book.Attested.TryGetValue(fact, out var said) && !(said.ValidUntil < book.AsOf) ? said.Value : (JsonElement?)null;
        if (regulation.Fact(fact)!.Known is not { } known)
        {
            return attested;
        }

        if (!book.Known.TryGetValue(fact, out var value))
        {
            return known.MayBeUntold ? attested : null;
        }

        return known.History && attested is { } before ? JsonElement.Parse((value.GetDecimal() + before.GetDecimal()).ToString(CultureInfo.InvariantCulture)) : value;
    }

    private static bool Holds(int order, Comparison comparison) => comparison switch
    {
        Regulations.Comparison.AtLeast => order >= 0,
        Regulations.Comparison.Above => order > 0,
        Regulations.Comparison.AtMost => order <= 0,
        Regulations.Comparison.Below => order < 0,
        Regulations.Comparison.Equal => order == 0,
        _ => throw new UnreachableException(),
    };

    private static bool Fits(JsonElement item, IReadOnlyDictionary<string, ItemTest> tests) => tests.All(test =>
        !item.TryGetProperty(test.Key, out var field) ? test.Value.From is not null : test.Value switch
        {
            { From: { } from, To: { } to } => Day(field) >= from && Day(field) <= to,
            { Is: { } flag } => field.GetBoolean() == flag,
            { In: { } texts } => texts.Contains(field.GetString()),
            { AtLeast: not null } or { AtMost: not null } => field.GetDecimal() >= (test.Value.AtLeast ?? decimal.MinValue) && field.GetDecimal() <= (test.Value.AtMost ?? decimal.MaxValue),
            _ => throw new UnreachableException(),
        });

    private static string Field(JsonElement item, string key) => item.TryGetProperty(key, out var field) ? field.ToString() : "";

    private static DateOnly Day(JsonElement value) => DateOnly.ParseExact(value.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>As the contract writes it.</summary>
    public static string Sign(Comparison comparison) => comparison switch
    {
        Regulations.Comparison.AtLeast => ">=",
        Regulations.Comparison.Above => ">",
        Regulations.Comparison.AtMost => "<=",
        Regulations.Comparison.Below => "<",
        Regulations.Comparison.Equal => "=",
        _ => throw new UnreachableException(),
    };

    internal const string Months = "months";
    internal const string Percent = "percent";
    internal const string PerMille = "perMille";

    private static IReadOnlyList<string> Union(IEnumerable<Verdict> of, Func<Verdict, IReadOnlyList<string>> names) => [.. of.SelectMany(names).Distinct()];
}
