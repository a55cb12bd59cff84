using System.Diagnostics;
using System.Text.Json;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>
/// What the trainees of a base show of its duties (四(二): NV-TRB-PLAN, -TESTS, -DOSSIER, -CAPACITY and the same of CI) on a day, since it was last looked at.
/// </summary>
/// <remarks>
/// A training is looked at once: on the day it was completed or due, whichever came first, or when that became known. It is completed by the final evaluation passed. Who left before it was due is asked
/// nothing of; who was sent away at the end without a certificate did not complete it.
/// </remarks>
public sealed class TraineesRecord
{
    private readonly int _inTraining;
    private readonly bool _any;
    private readonly IReadOnlyList<Over> _over;

    /// <param name="trainees">All that were ever enrolled at the base.</param>
    /// <param name="after">The day of the last look.</param>
    public TraineesRecord(IReadOnlyList<Trainee.State> trainees, DateOnly after, DateOnly asOf)
    {
        var there = trainees.Where(t => !t.Stay.IsEmpty && t.Enrolment!.EnrolledOn <= asOf).ToList();
        _inTraining = there.Count(t => t.Stay.Contains(asOf));
        _any = there.Any(t => t.Stay.From <= asOf && t.Stay.To > after);
        _over = [.. there.Select(t => Over.Of(t, asOf)).OfType<Over>().Where(t => t.SeenOn > after && t.SeenOn <= asOf)];
    }

    /// <summary>Null where no trainee shows it: then it is attested.</summary>
    public JsonElement? Value(TraineesItem item) => item switch
    {
        TraineesItem.InTraining => KnownFacts.Number(_inTraining),
        TraineesItem.Planned => _any || _over.Count > 0 ? KnownFacts.Flag(true) : null, // nobody is enrolled without
        TraineesItem.InTime => Every(t => t.InTime),
        TraineesItem.TheoryTests => Fewest(t => t.TheoryTests),
        TraineesItem.PracticeTests => Fewest(t => t.PracticeTests),
        TraineesItem.Logged => Every(t => t.Logged),
        TraineesItem.Tested => Every(t => t.Tested),
        TraineesItem.Evaluated => Every(t => t.Evaluated),
        TraineesItem.Examined => Every(t => t.Tested && t.Evaluated),
        _ => throw new UnreachableException(),
    };

    private JsonElement? Every(Func<Over, bool> holds) => _over.Count == 0 ? null : KnownFacts.Flag(_over.All(holds));

    private JsonElement? Fewest(Func<Over, int> count) => _over.Count == 0 ? null : KnownFacts.Number(_over.Min(count));

    /// <summary>A training that was over, or should have been.</summary>
    /// <param name="SeenOn">The first day on which that could be seen.</param>
    private sealed record Over(DateOnly SeenOn, bool InTime, int TheoryTests, int PracticeTests, bool Logged, bool Evaluated)
    {
        public bool Tested => TheoryTests > 0 && PracticeTests > 0;

        /// <summary>Null while it is neither completed nor due, and where the trainee left before.</summary>
        public static Over? Of(Trainee.State trainee, DateOnly asOf)
        {
            var due = trainee.DueOn(asOf);
            var passed = trainee.Evaluations is [.., { Passed: true } last] && last.RecordedOn <= asOf ? last : null;
            var completed = passed is null ? (DateOnly?)null : trainee.LastDay;
            var early = completed is { } on && on <= due;
            if (!early && (due >= asOf || (trainee.EndedFor is not null && trainee.Until < due)))
                return null;
            // What is due is seen to be missing on the day after.
            var seen = early ? Later(completed!.Value, passed!.RecordedOn) : due.AddDays(1);
            int Tests(TestKind kind) => trainee.Tests.Count(t => t.Kind == kind && t.On <= asOf);
            return new(
                Later(seen, trainee.Enrolment!.EnrolledOn),
                early,
                Tests(TestKind.Theory),
                Tests(TestKind.Practice),
                trainee.Cases.Count > 0 && trainee.Cares.Count > 0,
                trainee.Evaluations.Any(e => e.RecordedOn <= asOf));
        }

        private static DateOnly Later(DateOnly a, DateOnly b) => a > b ? a : b;
    }
}
