using Compliance.Regulations;
using static Compliance.Tests.Judging;

namespace Compliance.Tests.Regulations;

/// <summary>A province may demand more, and never less; findings then name both limits.</summary>
public class ProvincialLimitsTests
{
    [Theory]
    [InlineData("NV-PHYS-30", 40, null)]
    [InlineData("NV-RATE-MORT", 2, null)]
    [InlineData("NV-MORT-LOWVOL", 2, null)]
    [InlineData("NV-INST-PHYS-2", 3, null)]
    [InlineData("NV-INST-NS-BEDS", 40, "neurosurgeryBeds")]
    [InlineData("NV-INST-ICU-AREA", 16.5, "icuSmallestBedArea")]
    public void ALimitMayBeTightened(string clause, double limit, string? fact) => Limits(new StricterLimit(clause, (decimal)limit, fact)).Validate(Neurovascular).ShouldBeEmpty();

    [Theory]
    [InlineData("NV-PHYS-30", 30, null, "notStricter")] // the same is no stricter
    [InlineData("NV-PHYS-30", 29, null, "notStricter")]
    [InlineData("NV-RATE-MORT", 3, null, "notStricter")]
    [InlineData("NV-RATE-MORT", 4, null, "notStricter")]
    [InlineData("NV-MORT-LOWVOL", 4, null, "notStricter")]
    [InlineData("NV-INST-NS-BEDS", 29, "neurosurgeryBeds", "notStricter")]
    [InlineData("NV-INST-NS-BEDS", 40, "neurologyBeds", "noSuchLimit")]
    [InlineData("NV-INST-NS-BEDS", 40, null, "noSuchLimit")]
    [InlineData("NV-REPORT-10WD", 5, null, "noSuchLimit")]
    [InlineData("NV-RATE-MORT", 2.5, null, "noSuchLimit")] // percents are whole
    [InlineData("NV-NOWHERE", 1, null, "unknownClause")]
    public void NothingElseMay(string clause, double limit, string? fact, string code) => Limits(new StricterLimit(clause, (decimal)limit, fact)).Validate(Neurovascular).ShouldHaveSingleItem().Code.ShouldBe(code);

    [Fact]
    public void AFindingNamesBothLimits()
    {
        var stricter = Limits(new StricterLimit("NV-RATE-MORT", 2), new StricterLimit("NV-PHYS-30", 40)).Over(Neurovascular);
        // 2 of 101 is 1.98 %: below both. 3 of 134 is 2.24 %: below the nation's alone.
        Evaluation.Evaluate(stricter, InstitutionWith(Treated(101, deaths: 2))).Of("NV-RATE-MORT").Measured.Outcome.ShouldBe(Outcome.Met);
        var finding = Evaluation.Evaluate(stricter, InstitutionWith(Treated(134, deaths: 3))).Of("NV-RATE-MORT");
        (finding.Measured.Outcome, finding.Limit, finding.Stricter).ShouldBe((Outcome.Breached, 0.02m, new Stricter("11", 1, 0.03m)));
        Evaluation.Evaluate(Neurovascular, InstitutionWith(Treated(134, deaths: 3))).Of("NV-RATE-MORT").Stricter.ShouldBeNull();
        Evaluation.Evaluate(stricter, PhysicianWith(Treated(39))).Of("NV-PHYS-30").Stricter.ShouldBe(new Stricter("11", 1, 30));
    }

    [Fact]
    public void TheProvinceAndTheDaySayWhoseLimitsHold()
    {
        var set = ShippedRegulations.Set.With(Limits(new StricterLimit("NV-PHYS-30", 40))).With(Limits(new StricterLimit("NV-PHYS-30", 50)) with { Version = 2, JudgesFrom = new(2026, 7, 1) });
        AtLeast("11", new(2026, 5, 31)).ShouldBe(30);
        AtLeast("11", new(2026, 6, 1)).ShouldBe(40);
        AtLeast("11", new(2026, 7, 1)).ShouldBe(50);
        AtLeast("12", new(2026, 7, 1)).ShouldBe(30);
        AtLeast(null, new(2026, 7, 1)).ShouldBe(30);

        int AtLeast(string? province, DateOnly day) => set.InForce("neurovascular", day, province)!.Clause("NV-PHYS-30").ShouldBeOfType<Clause.AnnualVolume>().AtLeast;
    }

    [Fact]
    public void WhereTheNationHasCaughtUpItsOwnLimitStands()
    {
        var nation = Neurovascular with { Clauses = [.. Neurovascular.Clauses.Select(c => c is Clause.AnnualVolume { Id: "NV-PHYS-30" } volume ? volume with { AtLeast = 60 } : c)] };
        var over = Limits(new StricterLimit("NV-PHYS-30", 40)).Over(nation).Clause("NV-PHYS-30").ShouldBeOfType<Clause.AnnualVolume>();
        (over.AtLeast, over.Stricter).ShouldBe((60, null));
    }

    [Fact]
    public void PublishingIsIdempotentAndNeverReachesBack()
    {
        var actor = new Actor("regulator", "anna");
        var limits = Limits(new StricterLimit("NV-PHYS-30", 40));
        var today = limits.JudgesFrom.AddDays(-1);
        var published = PublishedLimits.Publish(PublishedLimits.State.Initial, limits, today, actor).Events.ShouldHaveSingleItem();
        var state = PublishedLimits.Evolve(PublishedLimits.State.Initial, published);
        PublishedLimits.Publish(state, Limits(new StricterLimit("NV-PHYS-30", 40)), today, actor).Events.ShouldBeEmpty();
        PublishedLimits.Publish(state, Limits(new StricterLimit("NV-PHYS-30", 41)), today, actor).Refusal!.Code.ShouldBe("versionExists");
        PublishedLimits.Publish(state, limits with { Version = 3 }, today, actor).Refusal!.Code.ShouldBe("versionNotNext");
        PublishedLimits.Publish(PublishedLimits.State.Initial, limits, limits.JudgesFrom, actor).Refusal!.Code.ShouldBe("judgesFromTooEarly");
    }

    private static ProvincialLimits Limits(params IReadOnlyList<StricterLimit> limits) => new("NV-2012", "11", 1, new(2026, 6, 1), "京卫医〔2026〕1号", limits);
}
