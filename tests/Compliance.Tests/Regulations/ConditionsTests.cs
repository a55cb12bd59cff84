using System.Text.Json;
using Compliance.Metrics;
using Compliance.Registry;
using Compliance.Regulations;
using static Compliance.Tests.Judging;

namespace Compliance.Tests.Regulations;

/// <summary>How tests combine, what is known and what attested, and that the conditions of a grant stay conditions.</summary>
public class ConditionsTests
{
    private static readonly DateOnly Day = new(2026, 6, 30);

    [Theory]
    [InlineData("""{"allOf":[{"fact":"ct","is":true},{"fact":"mri","is":true}]}""", "ct mri", "", ConditionOutcome.Met)]
    [InlineData("""{"allOf":[{"fact":"ct","is":true},{"fact":"mri","is":true}]}""", "ct", "", ConditionOutcome.NotAttested)]
    [InlineData("""{"allOf":[{"fact":"ct","is":true},{"fact":"mri","is":true}]}""", "ct", "mri", ConditionOutcome.Expired)]
    [InlineData("""{"allOf":[{"fact":"ct","is":false},{"fact":"mri","is":true}]}""", "ct", "mri", ConditionOutcome.NotMet)] // certainly not, whatever is attested next
    [InlineData("""{"anyOf":[{"fact":"ct","is":true},{"fact":"mri","is":true}]}""", "ct", "", ConditionOutcome.Met)]
    [InlineData("""{"anyOf":[{"fact":"ct","is":false},{"fact":"mri","is":true}]}""", "ct", "", ConditionOutcome.NotAttested)] // could still be
    [InlineData("""{"anyOf":[{"fact":"ct","is":false},{"fact":"mri","is":false}]}""", "ct mri", "", ConditionOutcome.NotMet)]
    [InlineData("""{"if":{"fact":"ct","is":true},"then":{"fact":"mri","is":true}}""", "ct mri", "", ConditionOutcome.Met)]
    [InlineData("""{"if":{"fact":"ct","is":false},"then":{"fact":"mri","is":true}}""", "ct", "", ConditionOutcome.NotApplicable)]
    [InlineData("""{"if":{"fact":"ct","is":true},"then":{"fact":"mri","is":true}}""", "mri", "", ConditionOutcome.NotAttested)]
    [InlineData("""{"recorded":"ct"}""", "ct", "", ConditionOutcome.Met)]
    [InlineData("""{"recorded":"ct"}""", "", "", ConditionOutcome.NotAttested)]
    public void TestsCombine(string test, string attested, string expired, ConditionOutcome outcome) => Judge(test, attested, expired).Outcome.ShouldBe(outcome);

    [Fact]
    public void WhatIsShortIsNamed()
    {
        var result = Judge("""{"allOf":[{"fact":"ct","is":true},{"fact":"mri","is":true},{"fact":"pacs","is":true}]}""", "ct", "pacs");
        result.Short.ShouldBe(["mri", "pacs"], ignoreOrder: true);
        result.Facts.ShouldBe(["ct", "mri", "pacs"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("2025-06-30", 12, true)]
    [InlineData("2025-07-01", 12, false)]
    [InlineData("2025-05-31", 13, true)] // June has no 31st: its last day ends the month
    [InlineData("2026-07-01", 0, false)] // not begun
    public void MonthsElapseOnTheCorrespondingDay(string since, int months, bool enough)
    {
        var regulation = Neurovascular with { Clauses = [Of($$"""{"fact":"experienceSince","comparison":">=","value":{{months}},"unit":"months"}""")] };
        Conditions.Judge(regulation, regulation.Clauses[0], Book(("experienceSince", JsonSerializer.SerializeToElement(since), null))).Outcome.ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);
    }

    [Fact]
    public void WhatTheSystemCountsIsAddedToWhatWasBeforeIt()
    {
        var cases = Comprehensive.Fact("ciCases5y")!;
        var held = Day.AddDays(-20);
        KnownBook known = new(Day, new Dictionary<string, JsonElement> { ["ciCases5y"] = KnownFacts.Number(700) }, default, new(2025, 1, 1), new Dictionary<string, DateOnly> { ["ciCases5y"] = held });
        AttestedFact before = new("ciCases5y", KnownFacts.Number(1300), held, null, []);
        Actual(known.With(Comprehensive, [before])).ShouldBe(2000);
        // Attested of another window than was counted, or of what is all in the system: it would be counted twice.
        Actual(known.With(Comprehensive, [before with { HeldOn = Day }])).ShouldBe(700);
        Actual((known with { CountedTo = new Dictionary<string, DateOnly>() }).With(Comprehensive, [before])).ShouldBe(700);
        cases.Known!.Window(Day).ShouldBe(new DaySpan(new(2021, 7, 1), Day));
        (cases.Known.LeavesHistory(null, Day), cases.Known.LeavesHistory(new(2021, 7, 1), Day), cases.Known.LeavesHistory(new(2021, 7, 2), Day)).ShouldBe((false, false, true));

        static decimal Actual(FactBook book)
        {
            var regulation = Comprehensive with { Clauses = [Of("""{"fact":"ciCases5y","comparison":">=","value":2000,"unit":"cases"}""")] };
            return Conditions.Judge(regulation, regulation.Clauses[0], book).Actual!.Value;
        }
    }

    /// <summary>NV-PHYS-TRAINED: from certificate to application; a training from before this system is attested.</summary>
    [Fact]
    public void OfATrainingTheSystemKnowsNothingAttestedCounts()
    {
        AttestedFact[] attested = [.. new[] { "trainedAtBase", "baseRecognised", "trainingExamPassed" }.Select(f => new AttestedFact(f, KnownFacts.Flag(true), Day.AddDays(-20), null, []))];
        ConditionOutcome Trained(params (string Fact, bool Value)[] known) => Conditions.Judge(
            Neurovascular,
            Neurovascular.Clause("NV-PHYS-TRAINED")!,
            new KnownBook(Day, known.ToDictionary(k => k.Fact, k => KnownFacts.Flag(k.Value)), default, null, new Dictionary<string, DateOnly>()).With(Neurovascular, attested)).Outcome;

        Trained().ShouldBe(ConditionOutcome.Met);
        Trained(("trainingExamPassed", false)).ShouldBe(ConditionOutcome.NotMet);
        attested = [];
        Trained().ShouldBe(ConditionOutcome.NotAttested);
        Trained(("trainedAtBase", true), ("baseRecognised", true), ("trainingExamPassed", true)).ShouldBe(ConditionOutcome.Met);
    }

    [Fact]
    public void OnlyWhatHeldBeforeCountsOnAPathThatIsClosed()
    {
        var path = Neurovascular.Path("transitional1")!;
        path.JudgedOn(Day).ShouldBe(new DateOnly(2012, 7, 8));
        path.JudgedOn(new(2012, 7, 8)).ShouldBe(new DateOnly(2012, 7, 8));
        Neurovascular.Path("trained")!.JudgedOn(Day).ShouldBe(Day);
    }

    [Theory]
    [InlineData(30, null, Outcome.Met)]
    [InlineData(29, null, Outcome.Breached)] // beds reported below the limit
    [InlineData(30, "2026-06-30", Outcome.Met)] // good until the day itself
    [InlineData(30, "2026-06-29", Outcome.Breached)] // the attestation has expired
    public void TheConditionsOfAGrantStayConditions(int beds, string? validUntil, Outcome outcome)
    {
        var finding = Evaluation.Evaluate(Neurovascular, Granted("tertiary", Attested("neurosurgeryBeds", beds, validUntil))).Of("NV-INST-NS-BEDS");
        (finding.Measured.Outcome, finding.Binding, finding.Effect, finding.JudgedOn).ShouldBe((outcome, true, BreachEffect.Warn, AsOf));
        finding.Facts.ShouldBe(outcome == Outcome.Breached ? ["neurosurgeryBeds"] : null);
        if (validUntil is null)
            (finding.Measured.Actual, finding.Limit, finding.Comparison).ShouldBe((beds, 30, ">="));
    }

    [Fact]
    public void AConditionOfAnotherPathIsNobodysToKeep()
    {
        var secondary = Granted("secondary", Attested("neurosurgeryBeds", 30, null)) with { };
        Evaluation.Evaluate(Neurovascular, secondary).ShouldNotContain(f => f.Clause == "NV-INST-LEVEL");
        var tertiary = Granted("tertiary", Attested("neurosurgeryBeds", 30, null)) is var facts ? facts with { Conditions = facts.Conditions! with { Level = HospitalLevel.Secondary } } : null!;
        Evaluation.Evaluate(Neurovascular, tertiary).Of("NV-INST-LEVEL").Measured.Outcome.ShouldBe(Outcome.Breached);
    }

    [Fact]
    public void OfAGrantFromBeforeTheSystemOnlyWhatHasBeenAttestedIsJudged()
    {
        Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(120))).ShouldNotContain(f => f.Clause == "NV-INST-NS-BEDS");
        var findings = Evaluation.Evaluate(Neurovascular, Granted(null, Attested("neurosurgeryBeds", 29, null)));
        findings.Of("NV-INST-NS-BEDS").Measured.Outcome.ShouldBe(Outcome.Breached);
        findings.ShouldNotContain(f => f.Clause == "NV-INST-NEURO-BEDS");
        findings.ShouldNotContain(f => f.Clause == "NV-INST-LEVEL");
    }

    [Fact]
    public void WhatNobodyAttestedCannotBeJudged() =>
        Evaluation.Evaluate(Neurovascular, Granted("tertiary", Attested("neurosurgeryBeds", 30, null))).Of("NV-INST-NEURO-BEDS").Measured.Outcome.ShouldBe(Outcome.NotMeasurable);

    private static SubjectFacts Granted(string? path, params IReadOnlyList<AttestedFact> attested) =>
        InstitutionWith(Treated(120)) with { Conditions = new(path, attested, HospitalLevel.TertiaryA, null, null, null) };

    private static AttestedFact Attested(string fact, int value, string? validUntil) =>
        new(fact, KnownFacts.Number(value), AsOf.AddYears(-1), validUntil is null ? null : DateOnly.ParseExact(validUntil, "yyyy-MM-dd"), []);

    private static Clause Of(string test) => new Clause.Condition("T", new("测", "T"), "一", JsonSerializer.Deserialize<Test>(test, RegulationFile.Json)!)
    {
        Phrase = new("测", "T"),
        Nature = Nature.Precondition,
        Concerns = [Concern.Institution],
    };

    private static ConditionResult Judge(string test, string attested, string expired)
    {
        var regulation = Neurovascular with { Clauses = [Of(test)] };
        return Conditions.Judge(
            regulation,
            regulation.Clauses[0],
            Book([
                .. attested.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(f => (f, KnownFacts.Flag(true), (DateOnly?)null)),
                .. expired.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(f => (f, KnownFacts.Flag(true), (DateOnly?)Day.AddDays(-1))),
            ]));
    }

    private static FactBook Book(params IEnumerable<(string Fact, JsonElement Value, DateOnly? ValidUntil)> facts) =>
        new(Day, facts.ToDictionary(f => f.Fact, f => new AttestedFact(f.Fact, f.Value, Day.AddYears(-1), f.ValidUntil, [])), new Dictionary<string, JsonElement>(), default);
}
