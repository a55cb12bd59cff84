using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using static Compliance.Assessments.AssessmentOutcome;
using static Compliance.Tests.Judging;

namespace Compliance.Tests.Assessments;

/// <summary>How a round ends for one subject: the shipped clauses held against frozen figures, and what persons said (NV-ASSESS-FAIL-SUSPEND, NV-ASSESS-11).</summary>
public class FrozenAssessmentTests
{
    private static readonly IReadOnlyList<AssessmentItem> Items = Neurovascular.InPractice.AssessmentItems;

    private static readonly SubjectFacts NothingToJudge = InstitutionWith(Counts.None).ObservedForPartOfTheYear();

    private static FrozenAssessment Frozen(SubjectFacts facts, Regulation? regulation = null)
    {
        Regulation by = regulation ?? Neurovascular;
        return new(Guid.Empty, 1, new(facts.Subject, by.Technique), by.Id, by.Version, facts, Evaluation.Evaluate(by, facts), new(0, 0, 0, 0, 0, 0, 0, 0), LeftOut: false);
    }

    private static AssessmentResult Result(SubjectFacts facts, AssessmentRound.Sheet? sheet = null, Regulation? regulation = null) =>
        Frozen(facts, regulation).Result((regulation ?? Neurovascular).InPractice.AssessmentItems, sheet ?? AssessmentRound.Sheet.Empty);

    /// <summary>The first so many items of the regulation, in their order.</summary>
    private static AssessmentRound.Sheet Scored(int passed, int failed = 0) => new(
        [.. Items.Take(passed + failed).Select((item, i) => new AssessmentRound.ScoreGiven(new(item.Id, i < passed, null), AsOf, Regulator))], null);

    private static AssessmentRound.Sheet Overridden(AssessmentRound.Sheet sheet, AssessmentOutcome outcome) => sheet with { Override = new(outcome, "seen on the spot", AsOf, Regulator) };

    private static string[] Clauses(IEnumerable<Finding> findings) => [.. findings.Select(f => f.Clause).Order(StringComparer.Ordinal)];

    private static string[] Split(string clauses) => clauses.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // by the clauses alone, nothing scored

    [Theory]
    [InlineData(100, 5, 2, Passed, "")]
    [InlineData(50, 3, 0, Failed, "NV-RATE-COMP")] // exactly 6.00 %
    [InlineData(51, 3, 0, Passed, "")] // 51 cases a year only warn (原则上)
    [InlineData(99, 5, 3, Passed, "")]
    [InlineData(99, 0, 4, Failed, "NV-MORT-LOWVOL")]
    [InlineData(100, 0, 3, Failed, "NV-RATE-MORT")] // exactly 3.00 %
    [InlineData(101, 0, 3, Passed, "")]
    [InlineData(30, 0, 0, Passed, "")]
    [InlineData(29, 0, 0, Failed, "NV-VOL-INST-TX")] // at once: the ninety days are the monitor's
    [InlineData(0, 0, 0, Failed, "NV-VOL-INST-TX")]
    [InlineData(29, 2, 0, Failed, "NV-RATE-COMP NV-VOL-INST-TX")]
    public void ANeurovascularInstitution(int treated, int severe, int deaths, AssessmentOutcome outcome, string failed)
    {
        AssessmentResult result = Result(InstitutionWith(Treated(treated, severe, deaths)));
        result.Outcome.ShouldBe(outcome);
        Clauses(result.Failed).ShouldBe(Split(failed));
    }

    [Theory]
    [InlineData(30, 0, 0, Passed, "")]
    [InlineData(29, 0, 0, Failed, "NV-PHYS-30")]
    [InlineData(0, 0, 0, Failed, "NV-PHYS-30")]
    [InlineData(50, 3, 0, Passed, "")] // of a physician's own cases the rates only warn
    [InlineData(99, 0, 4, Passed, "")]
    public void ANeurovascularPhysician(int treated, int severe, int deaths, AssessmentOutcome outcome, string failed)
    {
        AssessmentResult result = Result(PhysicianWith(Treated(treated, severe, deaths)));
        result.Outcome.ShouldBe(outcome);
        Clauses(result.Failed).ShouldBe(Split(failed));
    }

    [Theory]
    [InlineData(21, 1, 0, 0, Passed, "")] // far below 300 cases, which only warns
    [InlineData(20, 1, 0, 0, Failed, "CI-RATE-COMP")] // exactly 5.00 %
    [InlineData(101, 0, 1, 0, Passed, "")]
    [InlineData(100, 0, 1, 0, Failed, "CI-RATE-MORT")] // exactly 1.00 %
    [InlineData(300, 0, 0, 1, Failed, "CI-ACCIDENT-0")]
    public void AComprehensiveInstitution(int cases, int severe, int deaths, int incidents, AssessmentOutcome outcome, string failed)
    {
        AssessmentResult result = Result(InstitutionWith(Treated(cases, severe, deaths) with { Incidents = incidents }), regulation: Comprehensive);
        result.Outcome.ShouldBe(outcome);
        Clauses(result.Failed).ShouldBe(Split(failed));
    }

    [Fact]
    public void FindingsThatOnlyWarnAreListedAndFailNobody()
    {
        SubjectFacts facts = InstitutionWith(Treated(51)) with { Staff = new(1, 0, 0) };
        Clauses(Frozen(facts).Findings.Where(f => f.IsBreach)).ShouldBe(["NV-INST-PHYS-2", "NV-VOL-INST"]);
        Result(facts).Outcome.ShouldBe(Passed);
    }

    /// <summary>Volumes of part of a year, or of a year with leave in it, are not held against anybody; rates are, of the guideline volume at least.</summary>
    [Theory]
    [InlineData(29, 0, Passed, Passed)]
    [InlineData(50, 5, Passed, Failed)] // 5 of 100; in the whole year with leave 5 of 50
    [InlineData(50, 6, Failed, Failed)] // 6 of 100
    [InlineData(0, 0, NotAssessed, NotAssessed)]
    public void WhatDoesNotBindFailsNobody(int treated, int severe, AssessmentOutcome inPartOfTheYear, AssessmentOutcome withLeave)
    {
        Result(InstitutionWith(Treated(treated, severe)).ObservedForPartOfTheYear()).Outcome.ShouldBe(inPartOfTheYear);
        Result(InstitutionWith(Treated(treated, severe)).OnLeave()).Outcome.ShouldBe(withLeave);
    }

    /// <summary>Nothing that could have failed the physician was judged: to have met what only warns passes nobody.</summary>
    [Fact]
    public void APhysicianObservedForPartOfTheYearIsNotAssessed()
    {
        Result(PhysicianWith(Treated(29)).ObservedForPartOfTheYear()).Outcome.ShouldBe(NotAssessed);
        Result(PhysicianWith(Treated(29)).OnLeave()).Outcome.ShouldBe(NotAssessed);
    }

    // by items

    [Fact]
    public void ElevenItemsAreScored()
    {
        Items.Count.ShouldBe(11);
        Comprehensive.InPractice.AssessmentItems.Count.ShouldBe(11);
    }

    [Theory]
    [InlineData(0, 0, NotAssessed, Passed, Failed)]
    [InlineData(10, 0, NotAssessed, Passed, Failed)] // one is missing
    [InlineData(11, 0, Passed, Passed, Failed)] // every item scored: assessed, also without figures
    [InlineData(0, 1, Failed, Failed, Failed)] // one failed is enough, also where no other is scored
    [InlineData(10, 1, Failed, Failed, Failed)]
    public void OneItemFailedFails(int passed, int failed, AssessmentOutcome nothingJudged, AssessmentOutcome clausesMet, AssessmentOutcome clauseBreached)
    {
        Result(NothingToJudge, Scored(passed, failed)).Outcome.ShouldBe(nothingJudged);
        Result(InstitutionWith(Treated(100)), Scored(passed, failed)).Outcome.ShouldBe(clausesMet);
        Result(InstitutionWith(Treated(50, severe: 3)), Scored(passed, failed)).Outcome.ShouldBe(clauseBreached);
    }

    [Fact]
    public void WhichItemsFailedAndWhichNobodyScored()
    {
        AssessmentResult result = Result(NothingToJudge, Scored(passed: 8, failed: 2));
        result.FailedItems.Select(i => i.Item).ShouldBe(["satisfaction", "followUp"], ignoreOrder: true);
        result.Unscored.ShouldBe(["recordQuality"]);
    }

    // by a person's word

    [Theory]
    [InlineData(Passed)]
    [InlineData(Failed)]
    [InlineData(NotAssessed)]
    public void AnOverrideGoesBeforeFindingsAndScores(AssessmentOutcome outcome)
    {
        foreach (SubjectFacts facts in new[] { NothingToJudge, InstitutionWith(Treated(100)), InstitutionWith(Treated(50, severe: 3)) })
        {
            foreach (AssessmentRound.Sheet sheet in new[] { AssessmentRound.Sheet.Empty, Scored(11), Scored(10, failed: 1) })
            {
                AssessmentResult result = Result(facts, Overridden(sheet, outcome));
                result.Outcome.ShouldBe(outcome);
                result.Override!.Reason.ShouldBe("seen on the spot");
            }
        }
    }

    [Fact]
    public void WhatAnOverrideSetsAsideIsStillListed()
    {
        AssessmentResult result = Result(InstitutionWith(Treated(50, severe: 3)), Overridden(Scored(10, failed: 1), Passed));
        Clauses(result.Failed).ShouldBe(["NV-RATE-COMP"]);
        result.FailedItems.Count.ShouldBe(1);
    }

    // what a sanction rests on

    [Fact]
    public void TheGroundsAreTheBreachesThatFailItAndTheFiguresJudged()
    {
        // 29 treatments warn (NV-VOL-INST) and fail (NV-VOL-INST-TX).
        SubjectFacts facts = InstitutionWith(Treated(29));
        Grounds grounds = Frozen(facts).Grounds;
        Clauses(grounds.Findings).ShouldBe(["NV-VOL-INST-TX"]);
        (grounds.Regulation, grounds.Version, grounds.Observation, grounds.Counts).ShouldBe(("NV-2012", Judging.Neurovascular.Version, facts.Judged, facts.Counts));
        Frozen(NothingToJudge).Grounds.Findings.ShouldBeEmpty();
    }
}
