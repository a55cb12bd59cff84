using Compliance.Metrics;
using Compliance.Registry;
using Compliance.Regulations;
using static Compliance.Tests.Judging;

namespace Compliance.Tests.Regulations;

/// <summary>The boundary vectors of the clauses, held against the regulations as shipped.</summary>
public class EvaluationTests
{
    private static readonly string[] Mortality = ["NV-RATE-MORT", "NV-MORT-LOWVOL"];

    // Exactly one of rate and count speaks; the other does not apply.
    private static Finding DeathsOf(SubjectFacts facts)
    {
        var both = Evaluation.Evaluate(Neurovascular, facts).Where(f => Mortality.Contains(f.Clause)).ToList();
        both.Count.ShouldBe(2);
        return both.Where(f => f.Measured.Outcome != Outcome.NotApplicable).ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(0, 0, Outcome.NotMeasurable)]
    [InlineData(1, 0, Outcome.Met)]
    [InlineData(30, 1, Outcome.Met)]
    [InlineData(10, 3, Outcome.Met)]
    [InlineData(99, 3, Outcome.Met)]
    [InlineData(99, 4, Outcome.Breached)]
    [InlineData(100, 2, Outcome.Met)]
    [InlineData(100, 3, Outcome.Breached)] // exactly 3.00 %
    [InlineData(100, 4, Outcome.Breached)]
    [InlineData(101, 3, Outcome.Met)]
    [InlineData(133, 4, Outcome.Breached)]
    [InlineData(134, 4, Outcome.Met)]
    [InlineData(200, 6, Outcome.Breached)]
    [InlineData(201, 6, Outcome.Met)]
    public void NeurovascularMortality(int treated, int deaths, Outcome outcome)
    {
        foreach (var facts in new[] { InstitutionWith(Treated(treated, deaths: deaths)), PhysicianWith(Treated(treated, deaths: deaths)) })
        {
            var finding = DeathsOf(facts);
            finding.Measured.Outcome.ShouldBe(outcome);
            finding.Clause.ShouldBe(treated < 100 ? "NV-MORT-LOWVOL" : "NV-RATE-MORT");
            finding.Binding.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(99, 3, Outcome.Met)] // the count stands in place of the rate, also while the year is not whole
    [InlineData(99, 4, Outcome.Breached)]
    [InlineData(100, 2, Outcome.Met)]
    [InlineData(100, 4, Outcome.Breached)]
    [InlineData(0, 0, Outcome.NotMeasurable)]
    public void NeurovascularMortalityOfPartOfAYear(int treated, int deaths, Outcome outcome)
    {
        var finding = DeathsOf(InstitutionWith(Treated(treated, deaths: deaths)).ObservedForPartOfTheYear());
        finding.Measured.Outcome.ShouldBe(outcome);
        finding.Binding.ShouldBeTrue();
    }

    [Theory]
    [InlineData(50, 3, Outcome.Breached)]
    [InlineData(51, 3, Outcome.Met)]
    [InlineData(100, 6, Outcome.Breached)]
    [InlineData(100, 5, Outcome.Met)]
    [InlineData(16, 1, Outcome.Breached)]
    [InlineData(17, 1, Outcome.Met)]
    [InlineData(0, 0, Outcome.NotMeasurable)]
    public void NeurovascularComplications(int treated, int severe, Outcome outcome) =>
        Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(treated, severe))).Of("NV-RATE-COMP").Measured.Outcome.ShouldBe(outcome);

    [Theory]
    [InlineData(16, 1, Outcome.Met, 100)] // one of a hundred
    [InlineData(16, 5, Outcome.Met, 100)]
    [InlineData(16, 6, Outcome.Breached, 100)]
    [InlineData(99, 5, Outcome.Met, 100)]
    [InlineData(101, 6, Outcome.Met, 101)]
    [InlineData(0, 0, Outcome.NotMeasurable, 0)]
    public void InPartOfAYearARateIsOfTheGuidelineVolumeAtLeast(int treated, int severe, Outcome outcome, int denominator)
    {
        var finding = Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(treated, severe)).ObservedForPartOfTheYear()).Of("NV-RATE-COMP");
        (finding.Measured.Outcome, finding.Measured.Denominator, finding.Binding, finding.Observation.Complete).ShouldBe((outcome, denominator, true, false));
    }

    [Theory]
    [InlineData("CI-RATE-MORT", 100, 1, Outcome.Breached)]
    [InlineData("CI-RATE-MORT", 101, 1, Outcome.Met)]
    [InlineData("CI-RATE-MORT", 200, 2, Outcome.Breached)]
    [InlineData("CI-RATE-MORT", 201, 2, Outcome.Met)]
    [InlineData("CI-RATE-MORT", 50, 1, Outcome.Breached)] // no clause for few cases here
    [InlineData("CI-RATE-COMP", 20, 1, Outcome.Breached)]
    [InlineData("CI-RATE-COMP", 21, 1, Outcome.Met)]
    [InlineData("CI-RATE-COMP", 0, 0, Outcome.NotMeasurable)]
    public void ComprehensiveRates(string clause, int cases, int hit, Outcome outcome)
    {
        var counts = clause == "CI-RATE-MORT" ? Treated(cases, deaths: hit) : Treated(cases, severe: hit);
        var finding = Evaluation.Evaluate(Comprehensive, InstitutionWith(counts)).Of(clause);
        (finding.Measured.Outcome, finding.Binding).ShouldBe((outcome, true));
    }

    [Theory]
    [InlineData(50, 1, Outcome.Met)] // 1 of 300
    [InlineData(50, 2, Outcome.Met)]
    [InlineData(50, 3, Outcome.Breached)]
    [InlineData(300, 3, Outcome.Breached)]
    [InlineData(301, 3, Outcome.Met)]
    public void ComprehensiveMortalityOfPartOfAYear(int cases, int deaths, Outcome outcome) =>
        Evaluation.Evaluate(Comprehensive, InstitutionWith(Treated(cases, deaths: deaths)).ObservedForPartOfTheYear()).Of("CI-RATE-MORT").Measured.Outcome.ShouldBe(outcome);

    [Fact]
    public void ComprehensiveRatesAreOfAllCasesNeurovascularOnesOfTreatments()
    {
        var counts = Treated(50, severe: 3, deaths: 4) with { Cases = 1000 };
        Evaluation.Evaluate(Neurovascular, InstitutionWith(counts)).Of("NV-RATE-COMP").Measured.Denominator.ShouldBe(50);
        Evaluation.Evaluate(Comprehensive, InstitutionWith(counts)).Of("CI-RATE-COMP").Measured.Denominator.ShouldBe(1000);
    }

    public static TheoryData<string, SubjectFacts, Outcome> Volumes => new()
    {
        { "NV-VOL-INST", InstitutionWith(Counts.None with { Cases = 99 }), Outcome.Breached },
        { "NV-VOL-INST", InstitutionWith(Counts.None with { Cases = 100 }), Outcome.Met },
        { "NV-VOL-INST-TX", InstitutionWith(Treated(29)), Outcome.Breached },
        { "NV-VOL-INST-TX", InstitutionWith(Treated(30)), Outcome.Met },
        { "NV-PHYS-30", PhysicianWith(Treated(29)), Outcome.Breached },
        { "NV-PHYS-30", PhysicianWith(Treated(30)), Outcome.Met },
        { "NV-PHYS-30", PhysicianWith(Counts.None), Outcome.Breached },
        { "CI3-VOL-INST", InstitutionWith(Counts.None with { Level3PlusCases = 299 }), Outcome.Breached },
        { "CI3-VOL-INST", InstitutionWith(Counts.None with { Level3PlusCases = 300 }), Outcome.Met },
        { "CI3-PHYS-30", PhysicianWith(Counts.None with { Level3PlusTherapeuticCases = 29 }), Outcome.Breached },
        { "CI3-PHYS-30", PhysicianWith(Counts.None with { Level3PlusTherapeuticCases = 30 }), Outcome.Met },
    };

    [Theory]
    [MemberData(nameof(Volumes))]
    public void AFloorBindsOverAWholeYearInWhichTheSubjectCouldWork(string clause, SubjectFacts facts, Outcome outcome)
    {
        var regulation = clause.StartsWith("NV", StringComparison.Ordinal) ? Neurovascular : Comprehensive;
        var whole = Evaluation.Evaluate(regulation, facts).Of(clause);
        (whole.Measured.Outcome, whole.Binding, whole.JudgedOn).ShouldBe((outcome, true, Settled));

        foreach (var less in new[] { facts.ObservedForPartOfTheYear(), facts.OnLeave() })
        {
            var finding = Evaluation.Evaluate(regulation, less).Of(clause);
            (finding.Measured.Outcome, finding.Binding).ShouldBe((outcome, false));
        }
    }

    [Fact]
    public void ALeaveExcusesNoRate() =>
        Evaluation.Evaluate(Neurovascular, PhysicianWith(Treated(16, severe: 1)).OnLeave()).Of("NV-RATE-COMP").IsBreach.ShouldBeTrue();

    [Theory]
    [InlineData(Title.AssociateChief, Outcome.Breached)]
    [InlineData(Title.Attending, Outcome.NotApplicable)]
    [InlineData(null, Outcome.NotApplicable)]
    public void NobodyIsJudgedForWhatHisTitleForbids(Title? lowest, Outcome outcome) =>
        Evaluation.Evaluate(Comprehensive, PhysicianWith(Counts.None) with { LowestTitle = lowest, CurrentLowestTitle = lowest }).Of("CI3-PHYS-30").Measured.Outcome.ShouldBe(outcome);

    [Fact]
    public void AnIncidentIsJudgedOnTheDayItself()
    {
        var facts = InstitutionWith(Treated(400) with { Level3PlusCases = 400 });
        Evaluation.Evaluate(Comprehensive, facts).Of("CI-ACCIDENT-0").Measured.Outcome.ShouldBe(Outcome.Met);
        var since = Evaluation.Evaluate(Comprehensive, facts.Today(facts.Counts with { Incidents = 1 })).Of("CI-ACCIDENT-0");
        (since.IsBreach, since.JudgedOn, since.Suspends(AsOf)).ShouldBe((true, AsOf, true));
    }

    [Theory]
    [InlineData(1, 1, "NV-INST-PHYS-2", Outcome.Breached)]
    [InlineData(2, 0, "NV-INST-PHYS-2", Outcome.Met)]
    [InlineData(2, 0, "CI3-PHYS-2", Outcome.Breached)] // one of them associate chief or higher
    [InlineData(2, 1, "CI3-PHYS-2", Outcome.Met)]
    [InlineData(1, 1, "CI3-PHYS-2", Outcome.Breached)]
    public void QualifiedStaffOnTheDay(int qualified, int associateChiefs, string clause, Outcome outcome)
    {
        var regulation = clause.StartsWith("NV", StringComparison.Ordinal) ? Neurovascular : Comprehensive;
        var finding = Evaluation.Evaluate(regulation, InstitutionWith(Treated(120)) with { Staff = new(qualified, associateChiefs, 0) }).Of(clause);
        (finding.Measured.Outcome, finding.Binding, finding.JudgedOn, finding.Effect).ShouldBe((outcome, true, AsOf, BreachEffect.Warn));
    }

    [Fact]
    public void EachKindOfSubjectHasItsOwnClauses()
    {
        Evaluation.Evaluate(Neurovascular, InstitutionWith(Counts.None)).Select(f => f.Clause).ShouldBe(
            ["NV-VOL-INST", "NV-VOL-INST-TX", "NV-RATE-COMP", "NV-RATE-MORT", "NV-MORT-LOWVOL", "NV-INST-PHYS-2", "NV-REPORT-10WD"], ignoreOrder: true);
        Evaluation.Evaluate(Neurovascular, PhysicianWith(Counts.None)).Select(f => f.Clause).ShouldBe(
            ["NV-RATE-COMP", "NV-RATE-MORT", "NV-MORT-LOWVOL", "NV-PHYS-30", "NV-REPORT-10WD"], ignoreOrder: true);
    }

    [Fact]
    public void TimelinessIsShownAndNeverBinds()
    {
        var finding = Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(120) with { LateReports = 3 })).Of("NV-REPORT-10WD");
        (finding.Measured.Outcome, finding.Binding, finding.Measured.Numerator, finding.Measured.Denominator).ShouldBe((Outcome.Breached, false, 117, 120));
    }

    public static TheoryData<string, SubjectFacts, Overall> Overalls => new()
    {
        { "a good year", InstitutionWith(Treated(120)), Overall.Compliant },
        { "reports were late", InstitutionWith(Treated(120) with { LateReports = 9 }), Overall.Compliant },
        { "a clause is breached and binds", InstitutionWith(Treated(120, severe: 12)), Overall.Breached },
        { "a floor is missed in part of a year", InstitutionWith(Treated(99)).ObservedForPartOfTheYear(), Overall.AtRisk },
        { "breached today", InstitutionWith(Treated(120)).Today(Treated(120, deaths: 9)), Overall.AtRisk },
        { "breached if what is declared unrelated is not", InstitutionWith(Treated(120) with { PossibleTherapeuticDeathCases = 9 }), Overall.AtRisk },
        { "diagnostic deaths are none of treatments", InstitutionWith(Treated(120) with { PossibleDeathCases = 9 }), Overall.Compliant },
    };

    [Theory]
    [MemberData(nameof(Overalls))]
    public void OverallInAWord(string why, SubjectFacts facts, Overall overall) =>
        Evaluation.Overall(Evaluation.Evaluate(Neurovascular, facts)).ShouldBe(overall, why);

    [Fact]
    public void WithoutAnyMeasureThereIsNoVerdict()
    {
        Evaluation.Overall([]).ShouldBe(Overall.NotMeasurable);
        Evaluation.Overall(Evaluation.Evaluate(Comprehensive, PhysicianWith(Counts.None) with { LowestTitle = null, CurrentLowestTitle = null })).ShouldBe(Overall.NotMeasurable);
    }

    // The closings from a day on, each carrying on the one before.
    private static IReadOnlyList<Finding> Close(DateOnly from, int days, Func<int, IReadOnlyList<Finding>> found, Func<int, DateOnly?> actingSince)
    {
        IReadOnlyList<Finding> before = [];
        for (var i = 0; i < days; i++)
        {
            before = Evaluation.Continue(found(i), BreachRun.Of(before), from.AddDays(i), actingSince(i));
        }

        return before;
    }

    private static readonly DateOnly First = new(2026, 3, 1);
    private static readonly IReadOnlyList<Finding> Missed = Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(29)));
    private static readonly IReadOnlyList<Finding> Reached = Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(30)));

    [Theory]
    [InlineData(1, false)]
    [InlineData(89, false)]
    [InlineData(90, true)]
    [InlineData(91, true)]
    public void NinetyDaysClosedSuspendOnTheNinetieth(int days, bool suspends)
    {
        var finding = Close(First, days, _ => Missed, _ => First.AddYears(-1)).Of("NV-VOL-INST-TX");
        (finding.Since, finding.SuspendsOn).ShouldBe((First, First.AddDays(89)));
        finding.Suspends(First.AddDays(days - 1)).ShouldBe(suspends);
    }

    [Fact]
    public void ADayMetBreaksTheRun() =>
        Close(First, 100, i => i == 50 ? Reached : Missed, _ => First).Of("NV-VOL-INST-TX").Since.ShouldBe(First.AddDays(51));

    [Fact]
    public void ADayThatDoesNotBindBreaksTheRun()
    {
        var onLeave = Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(29)).OnLeave());
        var finding = Close(First, 100, i => i == 99 ? onLeave : Missed, _ => First).Of("NV-VOL-INST-TX");
        (finding.Since, finding.SuspendsOn, finding.Suspends(First.AddDays(99))).ShouldBe((null, null, false));
    }

    [Fact]
    public void DaysThatWereOnlyObservedAreNotCounted()
    {
        var enforcedFrom = First.AddDays(60);
        var finding = Close(First, 120, _ => Missed, i => i >= 60 ? enforcedFrom : null).Of("NV-VOL-INST-TX");
        (finding.Since, finding.SuspendsOn).ShouldBe((First, enforcedFrom.AddDays(89)));
        Close(First, 50, _ => Missed, _ => null).Of("NV-VOL-INST-TX").SuspendsOn.ShouldBeNull();
    }

    [Fact]
    public void DaysObservedBetweenTwoStretchesOfEnforcementBreakTheCount()
    {
        var again = First.AddDays(70);
        Close(First, 100, _ => Missed, i => i < 40 ? First : i < 70 ? null : again).Of("NV-VOL-INST-TX").SuspendsOn.ShouldBe(again.AddDays(89));
    }

    /// <summary>The days in a province that only observed are held against nobody in the one moved to, however long that one has enforced.</summary>
    [Fact]
    public void DaysObservedElsewhereDoNotTravel()
    {
        var moved = First.AddDays(100);
        var finding = Close(First, 101, _ => Missed, i => i < 100 ? null : First.AddYears(-2)).Of("NV-VOL-INST-TX");
        (finding.Since, finding.SuspendsOn).ShouldBe((First, moved.AddDays(89)));
    }

    [Fact]
    public void DaysCountedInOneEnforcingProvinceCountInTheNext() =>
        Close(First, 60, _ => Missed, i => i < 30 ? First.AddDays(-5) : First.AddDays(-500)).Of("NV-VOL-INST-TX").SuspendsOn.ShouldBe(First.AddDays(89));

    [Fact]
    public void WhatSuspendsAtOnceAndWhatOnlyWarns()
    {
        var rate = Close(First, 1, _ => Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(120, severe: 12))), _ => First).Of("NV-RATE-COMP");
        (rate.Since, rate.SuspendsOn, rate.Suspends(First)).ShouldBe((First, null, true));
        var volume = Close(First, 400, _ => Missed, _ => First).Of("NV-VOL-INST");
        (volume.Since, volume.SuspendsOn, volume.Suspends(First.AddDays(399))).ShouldBe((First, null, false));
    }
}
