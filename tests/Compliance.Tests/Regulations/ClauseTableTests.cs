using Compliance.Metrics;
using Compliance.Regulations;
using static Compliance.Regulations.BreachEffect;
using static Compliance.SubjectKind;
using Title = Compliance.Registry.Title;

namespace Compliance.Tests.Regulations;

// Inside the namespace, where its names go before those of the namespace Compliance, such as Cases.
using static Compliance.Metrics.CountName;

/// <summary>The monitored clauses, retyped from the texts and the design's table, not from the files.</summary>
public class ClauseTableTests
{
    private static readonly Regulation Neurovascular = Shipped("NV-2012");
    private static readonly Regulation Comprehensive = Shipped("CI-2012");

    [Fact]
    public void TheClausesAreTheseAndNoOthers()
    {
        Monitored(Neurovascular).ShouldBe(
            ["NV-VOL-INST", "NV-VOL-INST-TX", "NV-RATE-COMP", "NV-RATE-MORT", "NV-MORT-LOWVOL", "NV-INST-PHYS-2", "NV-PHYS-30", "NV-REPORT-10WD"], ignoreOrder: true);
        Monitored(Comprehensive).ShouldBe(
            ["CI3-VOL-INST", "CI-RATE-COMP", "CI-RATE-MORT", "CI-ACCIDENT-0", "CI3-PHYS-2", "CI3-PHYS-30", "CI3-REPORT-10WD"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("NV-VOL-INST", "三(六)", Warn, null, null, null)]
    [InlineData("NV-VOL-INST-TX", "三(六)", WarnThenSuspend, 90, null, null)]
    [InlineData("NV-RATE-COMP", "三(六)", Suspend, null, Warn, null)]
    [InlineData("NV-RATE-MORT", "三(六)", Suspend, null, Warn, null)]
    [InlineData("NV-MORT-LOWVOL", "三(六)", Suspend, null, Warn, null)]
    [InlineData("NV-INST-PHYS-2", "一(四)", Warn, null, null, null)]
    [InlineData("NV-PHYS-30", "三(七)", null, null, WarnThenSuspend, 90)]
    [InlineData("NV-REPORT-10WD", "三(五)", Show, null, Show, null)]
    [InlineData("CI3-VOL-INST", "三(六)", Warn, null, null, null)]
    [InlineData("CI-RATE-COMP", "三(六)", Suspend, null, Warn, null)]
    [InlineData("CI-RATE-MORT", "三(六)", Suspend, null, Warn, null)]
    [InlineData("CI-ACCIDENT-0", "三(六)", Suspend, null, null, null)]
    [InlineData("CI3-PHYS-2", "一(五)2", Warn, null, null, null)]
    [InlineData("CI3-PHYS-30", "三(七)", null, null, WarnThenSuspend, 90)]
    [InlineData("CI3-REPORT-10WD", "三(五)", Show, null, Show, null)]
    public void WhatABreachBringsToWhom(string id, string source, BreachEffect? onInstitution, int? institutionAfterDays, BreachEffect? onPhysician, int? physicianAfterDays)
    {
        Clause clause = Clause(id);
        clause.Source.ShouldBe(source);
        (clause.For(Institution)?.Effect).ShouldBe(onInstitution);
        (clause.For(Institution)?.AfterDays).ShouldBe(institutionAfterDays);
        (clause.For(Physician)?.Effect).ShouldBe(onPhysician);
        (clause.For(Physician)?.AfterDays).ShouldBe(physicianAfterDays);
    }

    [Theory]
    [InlineData("NV-VOL-INST", Cases, 100, true, null)]
    [InlineData("NV-VOL-INST-TX", TherapeuticCases, 30, false, null)]
    [InlineData("NV-PHYS-30", TherapeuticCases, 30, false, null)]
    [InlineData("CI3-VOL-INST", Level3PlusCases, 300, true, null)]
    [InlineData("CI3-PHYS-30", Level3PlusTherapeuticCases, 30, false, Title.AssociateChief)]
    public void FloorsOnCounts(string id, CountName count, int atLeast, bool guidelineOnly, Title? unlessTitleBelow)
    {
        Clause.AnnualVolume clause = Clause(id).ShouldBeOfType<Clause.AnnualVolume>();
        (clause.Count, clause.AtLeast, clause.GuidelineOnly, clause.UnlessTitleBelow).ShouldBe((count, atLeast, guidelineOnly, unlessTitleBelow));
    }

    [Theory]
    [InlineData("NV-RATE-COMP", TherapeuticSevereComplicationCases, TherapeuticCases, 6, 0)]
    [InlineData("NV-RATE-MORT", TherapeuticDeathCases, TherapeuticCases, 3, 100)]
    [InlineData("CI-RATE-COMP", SevereComplicationCases, Cases, 5, 0)]
    [InlineData("CI-RATE-MORT", DeathCases, Cases, 1, 0)]
    public void CeilingsOnRates(string id, CountName numerator, CountName denominator, int belowPercent, int whenDenominatorAtLeast)
    {
        Clause.EventRate clause = Clause(id).ShouldBeOfType<Clause.EventRate>();
        (clause.Numerator, clause.Denominator, clause.BelowPercent, clause.WhenDenominatorAtLeast)
            .ShouldBe((numerator, denominator, belowPercent, whenDenominatorAtLeast));
    }

    [Fact]
    public void ThreeDeathsAreAllowedBelowAHundredTreatmentsInPlaceOfTheRate()
    {
        Clause.FewCasesMortality clause = Clause("NV-MORT-LOWVOL").ShouldBeOfType<Clause.FewCasesMortality>();
        (clause.InPlaceOf, clause.Numerator, clause.Denominator, clause.WhenDenominatorBelow, clause.AtMost).ShouldBe(("NV-RATE-MORT", TherapeuticDeathCases, TherapeuticCases, 100, 3));
    }

    [Fact]
    public void IncidentsOfAnyGradeCount() => Clause("CI-ACCIDENT-0").ShouldBeOfType<Clause.NoIncidents>().Count.ShouldBe(Incidents);

    [Fact]
    public void TwoQualifiedPhysiciansAndForTheComprehensiveOneAssociateChief()
    {
        Clause.QualifiedStaff neurovascular = Clause("NV-INST-PHYS-2").ShouldBeOfType<Clause.QualifiedStaff>();
        (neurovascular.AtLeast, neurovascular.WithTitle).ShouldBe((2, null));
        Clause.QualifiedStaff comprehensive = Clause("CI3-PHYS-2").ShouldBeOfType<Clause.QualifiedStaff>();
        (comprehensive.AtLeast, comprehensive.WithTitle).ShouldBe((2, new StaffTitle(1, Title.AssociateChief)));
    }

    [Fact]
    public void TimelinessIsOfTheCasesThatHaveADeadline()
    {
        Clause("NV-REPORT-10WD").ShouldBeOfType<Clause.Timeliness>().Reported.ShouldBe(TherapeuticCases);
        Clause("CI3-REPORT-10WD").ShouldBeOfType<Clause.Timeliness>().Reported.ShouldBe(Level3PlusCases);
    }

    [Fact]
    public void WhatElseTheRegulationsSay()
    {
        (Neurovascular.Technique, Neurovascular.InPractice.GuidelineVolume, Neurovascular.Title.Zh).ShouldBe(("neurovascular", 100, "神经血管介入诊疗技术管理规范"));
        (Comprehensive.Technique, Comprehensive.InPractice.GuidelineVolume, Comprehensive.Title.Zh).ShouldBe(("comprehensive", 300, "综合介入诊疗技术管理规范"));
        Neurovascular.InPractice.SevereComplications.ShouldBe(new RateDefinition(TherapeuticSevereComplicationCases, TherapeuticCases));
        Neurovascular.InPractice.Mortality.ShouldBe(new RateDefinition(TherapeuticDeathCases, TherapeuticCases));
        Comprehensive.InPractice.SevereComplications.ShouldBe(new RateDefinition(SevereComplicationCases, Cases));
        Comprehensive.InPractice.Mortality.ShouldBe(new RateDefinition(DeathCases, Cases));
        (Neurovascular.InPractice.Reporting with { FollowUps = null }).ShouldBe(new ReportingRule(10, TherapeuticOnly: true, FromLevel: 0, OutcomeAfterDays: 30, OutcomeStatementWorkingDays: 10, LateOutcomeAfterDays: 30));
        (Comprehensive.InPractice.Reporting with { FollowUps = null }).ShouldBe(new ReportingRule(10, TherapeuticOnly: false, FromLevel: 3, OutcomeAfterDays: 30, OutcomeStatementWorkingDays: 10, LateOutcomeAfterDays: 30));
        Neurovascular.InPractice.CaseRules.ShouldBe(new CaseRules(DecidersAtLeast: 2, QualificationFromLevel: 0));
        TitleRule associateChief = new(Title.AssociateChief, FromLevel: 3);
        Comprehensive.InPractice.CaseRules.ShouldBe(new CaseRules(DecidersAtLeast: 1, QualificationFromLevel: 3, associateChief, associateChief));
        foreach (Regulation regulation in new[] { Neurovascular, Comprehensive })
        {
            regulation.EffectiveFrom.ShouldBe(new DateOnly(2012, 7, 9));
            regulation.JudgesFrom.ShouldBe(new DateOnly(2013, 7, 9));
            regulation.InPractice.AssessmentItems.Count.ShouldBe(11);
            regulation.InPractice.Reporting.Intervals.ShouldBe([new FollowUpInterval(30, 15), new FollowUpInterval(90, 30)]);
            regulation.InPractice.Proceedings.ShouldBe(new ProceedingRules(RectificationMonths: 3, FailuresToRevoke: 2, GroundsDecisionWorkingDays: 5, ReviewWorkingDays: 10, HearingWorkingDays: 5, AssessmentClosesAfterDays: 60));
        }
    }

    private static IEnumerable<string> Monitored(Regulation regulation) => regulation.Clauses.Where(clause => clause is not (Compliance.Regulations.Clause.Condition or Compliance.Regulations.Clause.Enforced)).Select(clause => clause.Id);

    private static Regulation Shipped(string id) => ShippedRegulations.All.Single(shipped => shipped.Regulation.Id == id).Regulation;

    private static Clause Clause(string id) => Neurovascular.Clauses.Concat(Comprehensive.Clauses).Single(clause => clause.Id == id);
}
