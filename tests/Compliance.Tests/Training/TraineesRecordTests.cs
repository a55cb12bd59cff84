using System.Text.Json;
using Compliance.Regulations;
using Compliance.Training;
using static Compliance.Tests.Training.TrainingLog;

namespace Compliance.Tests.Training;

/// <summary>NV-TRB-* and CI-TRB-* from the trainees. The training is due on 31 December 2025, everything else is entered on the day it was.</summary>
public class TraineesRecordTests
{
    private static readonly DateOnly Due = new(2025, 12, 31);

    private static readonly TrainingLog There = Neurovascular.Enrolled();

    private static string Shown(TraineesItem item, DateOnly after, DateOnly asOf, params TrainingLog[] logs) => new TraineesRecord([.. logs.Select(l => l.State)], after, asOf).Value(item)?.GetRawText() ?? "";

    private static string Shown(TraineesItem item, DateOnly asOf, params TrainingLog[] logs) => Shown(item, new(2025, 3, 1), asOf, logs);

    private static TrainingLog Evaluated(TrainingLog log, DateOnly on, bool passed = true, DateOnly? recordedOn = null) => log.Then(s => Trainee.Evaluate(s, on, passed, "r", recordedOn ?? on, By));

    [Fact]
    public void NvTrbCapacity_CountsWhoIsThereOnTheDay()
    {
        foreach (var (day, there) in new[] { ("2024-12-31", "0"), ("2025-01-01", "1"), ("2025-12-31", "1"), ("2026-01-01", "0") })
            Shown(TraineesItem.InTraining, DateOnly.ParseExact(day, "yyyy-MM-dd"), There).ShouldBe(there, day);
        var gone = There.Then(s => Trainee.End(s, new(2025, 6, 30), "left", new(2025, 6, 30), By));
        Shown(TraineesItem.InTraining, new(2025, 6, 30), There, gone).ShouldBe("2");
        Shown(TraineesItem.InTraining, new(2025, 7, 1), There, gone).ShouldBe("1");
    }

    [Fact]
    public void NvTrbPlan_EverybodyHasOneAndWhereThereIsNobodyItIsAttested()
    {
        Shown(TraineesItem.Planned, new(2025, 6, 1), There).ShouldBe("true");
        Shown(TraineesItem.Planned, new(2025, 6, 1)).ShouldBe("");
        Shown(TraineesItem.Planned, new DateOnly(2026, 6, 1), new DateOnly(2026, 12, 31), There).ShouldBe("", "nobody was there since");
    }

    [Theory]
    [InlineData("2025-12-31", 0, "true")]
    [InlineData("2026-01-01", 0, "false")]
    [InlineData("2026-01-02", 2, "true")] // two days absent: due two days later
    [InlineData("2026-01-03", 2, "false")]
    public void NvTrbPlan_CompletedInTheTimeSet(string passedOn, int absent, string inTime)
    {
        var on = DateOnly.ParseExact(passedOn, "yyyy-MM-dd");
        var log = There;
        if (absent > 0)
            log = log.Then(s => Trainee.RecordAbsence(s, new(2025, 5, 1), new DateOnly(2025, 5, 1).AddDays(absent - 1), "ill", Due, By));
        // However far the stay is extended, the day it was due stays.
        log = log.Then(s => Trainee.Extend(s, new(2026, 6, 30), "numbers short", log.Places, Due, By));
        Shown(TraineesItem.InTime, on.AddDays(1), Evaluated(log, on)).ShouldBe(inTime);
    }

    [Fact]
    public void WhatIsDueIsSeenTheDayAfterAndOnce()
    {
        Shown(TraineesItem.InTime, Due, There).ShouldBe("");
        Shown(TraineesItem.InTime, Due.AddDays(1), There).ShouldBe("false");
        Shown(TraineesItem.InTime, Due, Due.AddDays(1), There).ShouldBe("false");
        Shown(TraineesItem.InTime, Due.AddDays(1), Due.AddDays(300), There).ShouldBe("", "it was looked at");
        // Completed before it was due, it is looked at then; where that was entered later, when it was.
        var (early, late) = (Evaluated(There, new(2025, 11, 1)), Evaluated(There, new(2025, 11, 1), recordedOn: new(2025, 11, 20)));
        Shown(TraineesItem.InTime, new(2025, 10, 31), early).ShouldBe("");
        Shown(TraineesItem.InTime, new(2025, 11, 1), early).ShouldBe("true");
        Shown(TraineesItem.InTime, new DateOnly(2025, 11, 1), new DateOnly(2025, 12, 31), early).ShouldBe("");
        Shown(TraineesItem.InTime, new(2025, 11, 10), late).ShouldBe("");
        Shown(TraineesItem.InTime, new DateOnly(2025, 11, 10), new DateOnly(2025, 12, 31), late).ShouldBe("true");
        Shown(TraineesItem.InTime, Due.AddDays(1), early, There).ShouldBe("false", "every one");
    }

    [Fact]
    public void WhoLeftBeforeItWasDueIsAskedNothingOf()
    {
        TrainingLog Left(DateOnly on) => There.Then(s => Trainee.End(s, on, "left", new(2026, 6, 30), By));
        Shown(TraineesItem.InTime, Due.AddDays(1), Left(Due.AddDays(-1))).ShouldBe("");
        Shown(TraineesItem.InTime, Due.AddDays(1), Left(Due)).ShouldBe("false", "it was over, and not completed");
    }

    [Fact]
    public void NvTrbTests_TheFewestOfOneAndAnEvaluationOfEach()
    {
        TrainingLog Tested(TrainingLog log, TestKind kind, int times) =>
            Enumerable.Range(1, times).Aggregate(log, (l, n) => l.Then(s => Trainee.RecordTest(s, kind, new(2025, 6, n), true, null, Due, By)));
        var (one, two) = (Tested(There, TestKind.Theory, 1), Tested(Tested(There, TestKind.Theory, 2), TestKind.Practice, 1));
        var day = Due.AddDays(1);
        (Shown(TraineesItem.TheoryTests, day, two), Shown(TraineesItem.TheoryTests, day, one, two), Shown(TraineesItem.PracticeTests, day, one, two)).ShouldBe(("2", "1", "0"));
        (Shown(TraineesItem.Tested, day, two), Shown(TraineesItem.Tested, day, one, two), Shown(TraineesItem.TheoryTests, Due, two)).ShouldBe(("true", "false", ""));
        // Failed is evaluated, too: that the trainee passes is not the base's to promise.
        var failed = Evaluated(two, Due, passed: false);
        (Shown(TraineesItem.Evaluated, day, failed), Shown(TraineesItem.Evaluated, day, two, failed), Shown(TraineesItem.InTime, day, failed)).ShouldBe(("true", "false", "false"));
        (Shown(TraineesItem.Examined, day, failed), Shown(TraineesItem.Examined, day, two), Shown(TraineesItem.Examined, day, Evaluated(one, Due))).ShouldBe(("true", "false", "false"));
    }

    [Fact]
    public void NvTrbDossier_CasesAndCareOfEach()
    {
        var logged = There.With(1, TrainingRole.Participant, Compliance.Cases.Intent.Diagnostic);
        var whole = logged.CaredFor(CarePart.Record);
        var day = Due.AddDays(1);
        (Shown(TraineesItem.Logged, day, whole), Shown(TraineesItem.Logged, day, logged), Shown(TraineesItem.Logged, day, whole, There)).ShouldBe(("true", "false", "false"));
    }

    /// <summary>What is told outweighs what is attested; what is not told is attested.</summary>
    [Fact]
    public void WhatTraineesShowNobodyAttests()
    {
        var regulation = Neurovascular.Regulation;
        AttestedFact[] attested = [new("theoryTests", JsonSerializer.SerializeToElement(3), new(2026, 1, 1), null, [])];
        KnownBook Book(params (string, JsonElement)[] known) => new(new(2026, 1, 1), known.ToDictionary(k => k.Item1, k => k.Item2), default, null, new Dictionary<string, DateOnly>());
        Book(("theoryTests", KnownFacts.Number(0))).With(regulation, attested).Attested.ShouldBeEmpty();
        Book().With(regulation, attested).Attested.Keys.ShouldBe(["theoryTests"]);
    }
}
