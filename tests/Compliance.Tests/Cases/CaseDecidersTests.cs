using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Cases.Tests;

/// <summary>Who counts among those who decided, and everything that keeps somebody from counting.</summary>
public class CaseDecidersTests
{
    private static readonly CaseRules Neurovascular = new(DecidersAtLeast: 2, QualificationFromLevel: 0);
    private static readonly CaseRules Comprehensive = new(DecidersAtLeast: 1, QualificationFromLevel: 3, new TitleRule(Title.AssociateChief, 3), new TitleRule(Title.Chief, 4));
    private static readonly Decider Own = new("P0001", RegisteredHere: true, Active: true, Title.Attending);

    private static CaseCircumstances There(params Decider[] deciders) => new(
        OperatorKnown: true, OperatorRegisteredHere: true, OperatorQualified: true, OperatorSuspended: false, Title.AssociateChief, InstitutionQualified: true, InstitutionSuspended: false, UnderAid: false,
        deciders, LooksReportedBefore: false);

    private static IReadOnlyList<WhyNot> Why(Decider decider, CaseRules? rules = null, int level = 0) =>
        CaseDeciders.Of(Given.Report with { Level = level }, rules ?? Neurovascular, There(decider)).ShouldHaveSingleItem().WhyNot;

    [Fact]
    public void One_of_the_institution_who_may_counts()
    {
        Why(Own).ShouldBeEmpty();
        Why(Own with { Seconded = true, MainRegistration = "H2" }).ShouldBeEmpty("seconded under aid");
    }

    [Fact]
    public void Everything_against_somebody_is_told()
    {
        Why(Own with { RegisteredHere = false }).ShouldBe([WhyNot.NotRegisteredHere]);
        Why(Own with { Active = false }).ShouldBe([WhyNot.NotQualified]);
        Why(Own with { Active = false, Suspended = true }).ShouldBe([WhyNot.Suspended]);
        Why(Own with { RegisteredHere = false, Active = false, Title = null }, Comprehensive, level: 3).ShouldBe([WhyNot.NotRegisteredHere, WhyNot.NotQualified, WhyNot.TitleTooLow]);
        Why(new("nobody", false, false, null) { Known = false }, Comprehensive, level: 3).ShouldBe([WhyNot.Unknown]);
    }

    [Theory]
    [InlineData(Title.Attending, 2, true)]
    [InlineData(Title.Attending, 3, false)]
    [InlineData(Title.AssociateChief, 3, true)]
    [InlineData(null, 3, false)]
    public void A_title_is_asked_for_from_its_level(Title? title, int level, bool counts) =>
        Why(Own with { Title = title }, Comprehensive, level).ShouldBe(counts ? [] : [WhyNot.TitleTooLow]);

    [Fact]
    public void Below_the_level_that_needs_a_qualification_nobody_lacks_it()
    {
        Why(Own with { Active = false, Suspended = true }, Comprehensive, level: 2).ShouldBeEmpty();
        Why(Own with { Active = false, Suspended = true, Title = Title.Chief }, Comprehensive, level: 3).ShouldBe([WhyNot.Suspended]);
    }

    [Fact]
    public void Whoever_is_named_twice_is_one()
    {
        var second = Own with { Physician = "P0003", Active = false };
        CaseDeciders.Of(Given.Report, Neurovascular, There(Own, second, Own)).Select(d => (d.Decider.Physician, d.Counts)).ShouldBe([("P0001", true), ("P0003", false)]);
    }

    [Fact]
    public void The_operator_is_asked_for_the_title_of_operators()
    {
        CaseDeciders.OfOperator(Given.Report with { Level = 3 }, Comprehensive, There()).Counts.ShouldBeTrue();
        CaseDeciders.OfOperator(Given.Report with { Level = 4 }, Comprehensive, There()).WhyNot.ShouldBe([WhyNot.TitleTooLow]);
        CaseDeciders.OfOperator(Given.Report, Neurovascular, There() with { OperatorSuspended = true, OperatorRegisteredHere = false }).WhyNot.ShouldBe([WhyNot.NotRegisteredHere, WhyNot.Suspended]);
        CaseDeciders.OfOperator(Given.Report, Neurovascular, There() with { OperatorKnown = false }).WhyNot.ShouldBe([WhyNot.Unknown]);
    }

    [Fact]
    public void The_day_of_the_decision_is_the_one_said_or_that_of_completion()
    {
        Given.Report.DecisionDay.ShouldBe(new(2026, 3, 2));
        (Given.Report with { DecidedOn = new(2026, 2, 27) }).DecisionDay.ShouldBe(new(2026, 2, 27));
        // Half past ten in the evening of the 27th in London is the morning of the 28th in Shanghai.
        (Given.Report with { DecidedAt = new(2026, 2, 27, 22, 30, 0, TimeSpan.Zero) }).DecisionDay.ShouldBe(new(2026, 2, 28));
    }
}
