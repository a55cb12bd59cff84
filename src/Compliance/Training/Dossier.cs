using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>What the report of a case says of what a training log says, too.</summary>
/// <param name="Operator">The operator of record: of a case that a trainee operated in, the qualified supervisor (A8).</param>
/// <param name="Trainee">Who operated under supervision, by the report; null where it names nobody.</param>
public sealed record CaseAsReported(string Technique, DateOnly On, Intent Intent, int Level, string Operator, string? Trainee, bool Voided);

/// <summary>When a physician could be in charge of a trainee at the base.</summary>
/// <param name="Here">The days of registrations at the institution.</param>
/// <param name="Active">The days on which the physician's qualification could be used.</param>
public sealed record SupervisorDays(IReadOnlyList<DaySpan> Here, IReadOnlyList<DaySpan> Active);

/// <summary>What the system knows of a training beside its stream.</summary>
/// <param name="Training">The days on which the base may train; <see cref="TrainingBase.State.TrainingSpans"/>.</param>
/// <param name="Reports">Of the cases logged, those there are.</param>
/// <param name="Taken">The cases without a report of which another trainee was logged as operator before: where there is one, it says who operated.</param>
/// <param name="Supervisors">By id; who is unknown is missing.</param>
public sealed record TrainingFacts(
    TrainingBase.State Base,
    IReadOnlyList<DaySpan> Training,
    IReadOnlyDictionary<Guid, CaseAsReported> Reports,
    IReadOnlySet<Guid> Taken,
    IReadOnlyDictionary<string, SupervisorDays> Supervisors);

/// <summary>In what the report of a case is not as the training log says.</summary>
public enum Disagreement
{
    Technique,
    Day,
    Intent,
    Level,

    /// <summary>The report does not name this trainee as the one who operated.</summary>
    Trainee,

    /// <summary>Logged as a participant, and by the report the one who operated: a case counts in one role (A11).</summary>
    Role,

    /// <summary>The operator of record, who supervised (A8), is another than the one logged.</summary>
    Supervisor,
}

/// <summary>Why a logged case does not count.</summary>
public enum NotCounted
{
    /// <summary>Its report says otherwise.</summary>
    Disagrees,
    Voided,

    /// <summary>Another trainee was logged as its operator before.</summary>
    OperatedByAnother,
    NotSupervised,

    /// <summary>After the last day of the training, or on a day on which the base might not train.</summary>
    OutsideTraining,
}

/// <summary>A logged case beside its report.</summary>
/// <param name="Reported">Null where no report has come.</param>
/// <param name="WhyNot">Empty when it counts.</param>
public sealed record JudgedCase(Trainee.LoggedCase Logged, CaseAsReported? Reported, IReadOnlyList<Disagreement> Disagrees, IReadOnlyList<NotCounted> WhyNot)
{
    public bool Counts => WhyNot.Count == 0;
}

/// <summary>
/// A training held against the clauses of its path (NV-TR-*, CI-TR-*) on a day: what counts, what is short, whether it is complete.
/// </summary>
/// <remarks>
/// <para>A logged case counts unless its report contradicts it: a base corrects the log, or the hospital the report. Where no report has come the log alone is believed, and says so. A case whose report is
/// voided was none. Of several trainees logged as operator of a case the report says who operated; while there is none the first counts: one hand
/// held the catheter.</para>
/// <para>Who supervises is of the base on that day, as a tutor or by registration, and for procedures that need the qualification holds an active one (NV-TR-SUPERV). A case without counts for nobody, and as
/// long as it stands in the log not every case was supervised.</para>
/// <para>Months are net of interruptions: every day missed, and every day on which the base might not train, is made up for by a day at the end. So a year with one day missed is over a day later.</para>
/// <para>The examination is passed when of the tests of theory and of those of practice during the training the last was passed, and the final evaluation, made while the base might train.</para>
/// </remarks>
public sealed class Dossier
{
    /// <summary>Stands among <see cref="Missing"/> where the examination is not passed and no clause of the path says so.</summary>
    public const string Examination = "examination";

    private readonly Trainee.State _state;
    private readonly TrainingFacts _facts;

    private Dossier(Trainee.State state, TrainingFacts facts, Regulation regulation, DateOnly asOf)
    {
        (_state, _facts, AsOf) = (state, facts, asOf);
        Enrolment = state.Enrolment!;
        LastDay = state.LastDay < asOf ? state.LastDay : asOf;
        Cases = [.. state.Cases.Select(c => Judge(c, regulation))];
        Cares = [.. state.Cares.Where(c => InTraining(c.On))];
        DaysMissed = Enumerable.Range(0, Math.Max(0, LastDay.DayNumber - Enrolment.From.DayNumber + 1)).Select(Enrolment.From.AddDays).Count(day => state.IsAbsent(day) || !MayTrain(day));
        Months = Math.Max(0, Calendars.Months.Elapsed(Enrolment.From, LastDay.AddDays(1 - DaysMissed)));
        AllSupervised = Cases.Count > 0 && Cases.All(c => !c.WhyNot.Contains(NotCounted.NotSupervised)) && state.Cares.All(c => IsSupervised(c.Supervisor, c.On, Enrolment.Level, regulation));
        ExamPassed = state.Evaluations is [.., { Passed: true, On: var on }] && on <= asOf && MayTrain(on) && Enum.GetValues<TestKind>().All(LastTestPassed);
        Path = regulation.Path(PathOf(regulation, Enrolment.Level))!;
        Known = regulation.Facts.Where(f => f.Known?.Training is not null).ToDictionary(f => f.Name, f => Value(f.Known!.Training!));
        Book = new(asOf, new Dictionary<string, AttestedFact>(), Known, default);
        Regulation = regulation;
        Results = Conditions.Evaluate(regulation, Path, Book);
        Missing = [.. Results.Where(r => !r.IsSatisfied).Select(r => r.Clause)];
        if (!ExamPassed && !Results.Any(r => !r.IsSatisfied && Asks(regulation, r)))
            Missing = [.. Missing, Examination];
        Grounds = new(Path.Id, regulation.Id, regulation.Version, asOf, LastDay, Results, [.. Known.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => new KnownValue(k.Key, k.Value))]);
    }

    public DateOnly AsOf { get; }

    public Trainee.Event.Enrolled Enrolment { get; }

    /// <summary>The last day of training counted: its end, or the day itself while it lasts.</summary>
    public DateOnly LastDay { get; }

    /// <summary>In the order logged; withdrawn ones are none.</summary>
    public IReadOnlyList<JudgedCase> Cases { get; }

    /// <summary>Those that count.</summary>
    public IReadOnlyList<Trainee.Care> Cares { get; }

    /// <summary>Days of absence, or on which the base might not train, to <see cref="LastDay"/>.</summary>
    public int DaysMissed { get; }

    /// <summary>Whole months, net of the days missed.</summary>
    public int Months { get; }

    public bool AllSupervised { get; }

    public bool ExamPassed { get; }

    public Regulation Regulation { get; }

    public QualificationPath Path { get; }

    /// <summary>What of the regulation's facts this training tells.</summary>
    public IReadOnlyDictionary<string, JsonElement> Known { get; }

    /// <summary>The same for the evaluation of the clauses: nobody attests anything for a trainee.</summary>
    public FactBook Book { get; }

    public IReadOnlyList<ConditionResult> Results { get; }

    /// <summary>Whether it was made of this state of the stream, so that nothing was entered, withdrawn or decided since.</summary>
    public bool IsOf(Trainee.State state) =>
        (state.Entries, state.Withdrawn.Count, state.Evaluations.Count, state.Until, state.EndedFor, state.Certificate)
        == (_state.Entries, _state.Withdrawn.Count, _state.Evaluations.Count, _state.Until, _state.EndedFor, _state.Certificate);

    /// <summary>The clauses not met; empty when the certificate may be given.</summary>
    public IReadOnlyList<string> Missing { get; }

    public BaseGrounds Grounds { get; }

    /// <param name="state">Of who is enrolled.</param>
    /// <param name="regulation">One with training.</param>
    /// <param name="asOf">The day it is held against the clauses; nothing later is counted.</param>
    public static Dossier Of(Trainee.State state, TrainingFacts facts, Regulation regulation, DateOnly asOf) => new(state, facts, regulation, asOf);

    /// <summary>The path of a training for procedures up to a level.</summary>
    public static string PathOf(Regulation regulation, int level) =>
        regulation.InPractice.Training!.Trainee is { LowerPath: { } lower } && !regulation.InPractice.CaseRules.NeedsQualification(level) ? lower : regulation.InPractice.Training.Trainee.Path;

    /// <summary>How many cases count.</summary>
    /// <param name="intent">Null for both.</param>
    public int Count(TrainingRole role, Intent? intent, int fromLevel) => Cases.Count(c => c.Counts && c.Logged.Entry is var e && e.Role == role && (intent is null || e.Intent == intent) && e.Level >= fromLevel);

    private JudgedCase Judge(Trainee.LoggedCase logged, Regulation regulation)
    {
        var entry = logged.Entry;
        var report = _facts.Reports.GetValueOrDefault(logged.CaseId);
        List<Disagreement> disagrees = report is null || report.Voided ? [] :
        [
            .. new (Disagreement In, bool There)[]
            {
                (Disagreement.Technique, report.Technique != Enrolment.Base.Technique),
                (Disagreement.Day, report.On != entry.On),
                (Disagreement.Intent, report.Intent != entry.Intent),
                (Disagreement.Level, report.Level != entry.Level),
                (Disagreement.Trainee, entry.Role == TrainingRole.Operator && report.Trainee != Enrolment.Physician),
                (Disagreement.Role, entry.Role == TrainingRole.Participant && report.Trainee == Enrolment.Physician),
                (Disagreement.Supervisor, entry.Role == TrainingRole.Operator && report.Operator != entry.Supervisor),
            }.Where(d => d.There).Select(d => d.In),
        ];
        return new(
            logged,
            report,
            disagrees,
            [
                .. new (NotCounted Why, bool So)[]
                {
                    (NotCounted.Disagrees, disagrees.Count > 0),
                    (NotCounted.Voided, report is { Voided: true }),
                    (NotCounted.OperatedByAnother, entry.Role == TrainingRole.Operator && _facts.Taken.Contains(logged.CaseId)),
                    (NotCounted.NotSupervised, !IsSupervised(entry.Supervisor, entry.On, entry.Level, regulation)),
                    (NotCounted.OutsideTraining, !InTraining(entry.On)),
                }.Where(w => w.So).Select(w => w.Why),
            ]);
    }

    private bool IsSupervised(string supervisor, DateOnly on, int level, Regulation regulation) => MaySupervise(_facts, regulation, supervisor, on, level);

    /// <summary>Whether a physician may be in charge of a trainee at the base on a day.</summary>
    /// <param name="level">Of the procedure.</param>
    public static bool MaySupervise(TrainingFacts facts, Regulation regulation, string supervisor, DateOnly on, int level) =>
        facts.Supervisors.TryGetValue(supervisor, out var days)
        && (facts.Base.IsTutor(supervisor, on) || days.Here.Any(d => d.Contains(on)))
        && (!regulation.InPractice.CaseRules.NeedsQualification(level) || days.Active.Any(d => d.Contains(on)));

    private bool MayTrain(DateOnly day) => _facts.Training.Any(t => t.Contains(day));

    private bool InTraining(DateOnly day) => day <= LastDay && MayTrain(day);

    private bool LastTestPassed(TestKind kind) => _state.Tests.Where(t => t.Kind == kind && InTraining(t.On)).OrderBy(t => t.On).ThenBy(t => t.Number).LastOrDefault() is { Passed: true };

    private static bool Asks(Regulation regulation, ConditionResult result) => result.Facts.Any(f => regulation.Fact(f)?.Known?.Training?.Item == TrainingItem.ExamPassed);

    private JsonElement Value(TrainingFact fact) => fact.Item switch
    {
        TrainingItem.Certified => KnownFacts.Flag(_state.Status == TraineeStatus.Certified),
        TrainingItem.BaseKind => KnownFacts.Text(Enrolment.Base.Kind),
        TrainingItem.BaseRecognised => KnownFacts.Flag(_facts.Base.IsRecognised(Enrolment.From)),
        TrainingItem.ExamPassed => KnownFacts.Flag(ExamPassed),
        TrainingItem.From => Day(Enrolment.From),
        TrainingItem.To => Day(LastDay),
        TrainingItem.Months => KnownFacts.Number(Months),
        TrainingItem.Supervised => KnownFacts.Flag(AllSupervised),
        TrainingItem.Cases => KnownFacts.Number(Count(fact.Role!.Value, fact.Intent, fact.FromLevel)),
        TrainingItem.Care => KnownFacts.Flag(Cares.Any(c => c.Parts.Contains(fact.Care!.Value))),
        _ => throw new UnreachableException(),
    };

    private static JsonElement Day(DateOnly day) => KnownFacts.Text(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
}
