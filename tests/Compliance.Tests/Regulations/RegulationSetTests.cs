using Compliance.Regulations;

namespace Compliance.Tests.Regulations;

public class RegulationSetTests
{
    private static readonly Regulation First = Judging.Neurovascular;
    private static readonly Regulation Second = First with { Id = "NV-2030", Version = 1, EffectiveFrom = Day("2030-03-01"), JudgesFrom = Day("2031-03-01") };
    private static readonly RegulationSet Set = ShippedRegulations.Set.With(Second);

    [Theory]
    [InlineData("2013-07-08", null)] // before the first nothing is judged
    [InlineData("2013-07-09", "NV-2012")]
    [InlineData("2030-03-01", "NV-2012")]
    [InlineData("2031-02-28", "NV-2012")]
    [InlineData("2031-03-01", "NV-2030")]
    public void JudgedByTheLastThatJudgesOnTheDay(string asOf, string? id) => (Set.InForce("neurovascular", Day(asOf))?.Id).ShouldBe(id);

    [Theory]
    [InlineData("2010-01-01", "NV-2012")]
    [InlineData("2013-07-08", "NV-2012")]
    [InlineData("2031-02-28", "NV-2012")]
    [InlineData("2031-03-01", "NV-2030")]
    public void MetricsAreShownByTheVersionThatJudgesOrTheFirst(string asOf, string id) => Set.ForDefinitions("neurovascular", Day(asOf))!.Id.ShouldBe(id);

    [Theory]
    [InlineData("2010-01-01", "NV-2012")]
    [InlineData("2012-07-09", "NV-2012")]
    [InlineData("2030-02-28", "NV-2012")]
    [InlineData("2030-03-01", "NV-2030")]
    public void ReportsAreCodedByTheVersionInForce(string day, string id) => Set.ReportDefinitions("neurovascular", Day(day))!.Id.ShouldBe(id);

    [Fact]
    public void AnAmendmentFromTheSameDayReplacesWhatItAmends()
    {
        RegulationSet amended = Set.With(Second with { Version = 2 });
        amended.InForce("neurovascular", Day("2031-03-01"))!.Version.ShouldBe(2);
        amended.ReportDefinitions("neurovascular", Day("2030-03-01"))!.Version.ShouldBe(2);
    }

    [Fact]
    public void TechniquesDoNotMix()
    {
        Set.Techniques.ShouldBe(["comprehensive", "neurovascular"]);
        Set.InForce("comprehensive", Day("2031-03-01"))!.Id.ShouldBe("CI-2012");
        Set.InForce("cardiac", Day("2031-03-01")).ShouldBeNull();
        Set.ForDefinitions("cardiac", Day("2031-03-01")).ShouldBeNull();
        Set.ReportDefinitions("cardiac", Day("2031-03-01")).ShouldBeNull();
    }

    [Fact]
    public void WhatIsPublishedIsNotReplaced()
    {
        Regulation same = Second with { Practice = Second.InPractice with { GuidelineVolume = 1 } };
        Set.With(same).Find("NV-2030", 1)!.InPractice.GuidelineVolume.ShouldBe(100);
        Set.ValidateNext(same).ShouldHaveSingleItem().Code.ShouldBe("versionExists");
        Set.ValidateNext(Second with { Version = 2, Technique = "cardiac" }).ShouldHaveSingleItem().Code.ShouldBe("techniqueChanged");
        Set.ValidateNext(Second with { Version = 2 }).ShouldBeEmpty();
    }

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}
