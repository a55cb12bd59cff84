using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Regulations;
using Compliance.Training;
using Case = Compliance.Cases.Case;

namespace Compliance.Tests.Training;

/// <summary>A training as told in a test: the stay, and the world around it. What is decided is decided twice: the second time nothing more may come of it.</summary>
internal sealed record TrainingLog(Regulation Regulation, TrainingBaseId At, int Level, DateOnly From, DateOnly Until)
{
    public const string Physician = "T1";
    public const string Supervisor = "S1";

    public static readonly Actor By = new("trainingBase", "quality office");

    public static readonly Evidence Plan = new("plan", new string('a', 64), new(2024, 12, 1));

    /// <summary>The day everything is recorded on, unless said.</summary>
    public static readonly DateOnly Today = new(2026, 6, 30);

    private static readonly TrainingBaseId National = new("national", "neurovascular", "H1");

    /// <summary>Twelve months to the day, at a base that was recognised long before.</summary>
    public static TrainingLog Neurovascular { get; } = new(Judging.Neurovascular, National, 0, new(2025, 1, 1), new(2025, 12, 31));

    /// <summary>Six months to the day.</summary>
    public static TrainingLog Comprehensive { get; } = new(Judging.Comprehensive, National with { Technique = "comprehensive" }, 4, new(2025, 1, 1), new(2025, 6, 30));

    public static TrainingLog Lower { get; } = Comprehensive with { At = new("provincial", "comprehensive", "H1"), Level = 2 };

    public TrainingBase.State Base { get; init; } = BaseOf(5);

    /// <summary>The days the base may train.</summary>
    public IReadOnlyList<DaySpan> Training { get; init; } = [new(new(2020, 1, 1), DateOnly.MaxValue)];

    public IReadOnlyList<DaySpan> Others { get; init; } = [];

    public IReadOnlyList<DaySpan> Own { get; init; } = [];

    public Dictionary<Guid, CaseAsReported> Reports { get; init; } = [];

    public HashSet<Guid> Taken { get; init; } = [];

    public Dictionary<string, SupervisorDays> Supervisors { get; init; } = new() { [Supervisor] = new([new(new(2020, 1, 1), DateOnly.MaxValue)], [new(new(2020, 1, 1), DateOnly.MaxValue)]) };

    public Trainee.State State { get; init; } = Trainee.State.Initial;

    public static TrainingBase.State BaseOf(int capacity) => TrainingBase.State.Initial with
    {
        Id = National,
        Status = BaseStatus.Recognised,
        Recognitions = [new(new(2020, 1, 1), "R1", true, new(2020, 1, 1), null)],
        Capacities = [new(new(2020, 1, 1), capacity)],
    };

    public Trainee.Places Places => new(Regulation.InPractice.Training!.Base(At.Kind)!, Regulation.InPractice.Training.Trainee.Months, Base, Training, Others, Own);

    public Trainee.Event.Enrolled Asked => new(Trainee.IdOf(At, Physician, From), At, Physician, Level, From, Until, Plan, "2012", From, By);

    public TrainingLog Enrolled() => Then(s => Trainee.Enrol(s, Asked, Places));

    /// <summary>Decides, takes what came of it, and decides again: a repeat changes nothing.</summary>
    public TrainingLog Then(Func<Trainee.State, Decision<Trainee.Event>> decide)
    {
        var decision = decide(State);
        (decision.Refusal?.Code).ShouldBeNull();
        decision.Events.ShouldNotBeEmpty();
        var after = decision.Events.Aggregate(State, Trainee.Evolve);
        var again = decide(after);
        (again.Refusal?.Code).ShouldBeNull();
        again.Events.ShouldBeEmpty();
        return this with { State = after };
    }

    /// <summary>The code it is refused with; null when it is not.</summary>
    public string? Refused(Func<Trainee.State, Decision<Trainee.Event>> decide) => decide(State).Refusal?.Code;

    /// <summary>Cases on a day, numbered by what they are and from <paramref name="first"/> on.</summary>
    public TrainingLog With(int count, TrainingRole role, Intent intent, int level = 0, int first = 0, DateOnly? on = null, string supervisor = Supervisor) =>
        count == 0 ? this : Then(s => Trainee.LogCases(s, [.. Enumerable.Range(first, count).Select(n => Entry($"{role} {intent} {level} {n}", role, intent, level, on, supervisor))], Today, By));

    public CaseEntry Entry(string number, TrainingRole role = TrainingRole.Participant, Intent intent = Intent.Diagnostic, int level = 0, DateOnly? on = null, string supervisor = Supervisor) =>
        new(number, on ?? From, role, intent, level, [], supervisor);

    public Guid CaseOf(string number) => Case.IdOf(At.Institution, number);

    public TrainingLog Tested(params TestKind[] kinds) => kinds.Aggregate(this, (log, kind) => log.Then(s => Trainee.RecordTest(s, kind, log.Until, true, 80, Today, By)));

    public TrainingLog CaredFor(params CarePart[] parts) => Then(s => Trainee.RecordCare(s, From, parts, Supervisor, Today, By));

    public TrainingLog Evaluated(bool passed = true, DateOnly? on = null) => Then(s => Trainee.Evaluate(s, on ?? Until, passed, "as seen", Today, By));

    /// <summary>Everything but the cases.</summary>
    public TrainingLog Rest() => CaredFor(Enum.GetValues<CarePart>()).Tested(TestKind.Theory, TestKind.Practice).Evaluated();

    public Dossier Dossier(DateOnly? asOf = null) => Compliance.Training.Dossier.Of(State, new(Base, Training, Reports, Taken, Supervisors), Regulation, asOf ?? Today);

    public string Missing => string.Join(' ', Dossier().Missing);
}
