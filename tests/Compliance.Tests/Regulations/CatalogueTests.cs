using Compliance.Regulations;

namespace Compliance.Tests.Regulations;

public class CatalogueTests
{
    private static readonly Regulation Neurovascular = Judging.Neurovascular;
    private static readonly Regulation Comprehensive = Judging.Comprehensive;

    [Fact]
    public void TheComprehensiveCatalogueHasFortySevenTypesInFourLevels()
    {
        Comprehensive.InPractice.Catalogue.Count.ShouldBe(47);
        Comprehensive.InPractice.Catalogue.GroupBy(entry => entry.Level).Select(level => (level.Key, level.Count())).ShouldBe([(1, 10), (2, 9), (3, 14), (4, 14)]);

        // The codes run CI-L1-01 to CI-L4-14 in the order of the annex.
        Comprehensive.InPractice.Catalogue.Select(entry => entry.Code).ShouldBe(
            from level in new[] { (Grade: 1, Types: 10), (Grade: 2, Types: 9), (Grade: 3, Types: 14), (Grade: 4, Types: 14) }
            from type in Enumerable.Range(1, level.Types)
            select $"CI-L{level.Grade}-{type:00}");
    }

    [Theory]
    [InlineData("CI-L1-01", "一般动静脉造影术和其他部位插管造影术")]
    [InlineData("CI-L1-10", "经T型管取石术")]
    [InlineData("CI-L2-04", "经导管选择性动静脉血样采集术")]
    [InlineData("CI-L2-09", "透视下金属异物取出术")]
    [InlineData("CI-L3-05", "经皮胃造瘘术")]
    [InlineData("CI-L3-14", "经皮肾造瘘术")]
    [InlineData("CI-L4-05", "经颈静脉肝内门体分流术（TIPS）")]
    [InlineData("CI-L4-14", "其他准予临床应用的新技术")]
    public void CodesNameTheTypesOfTheAnnex(string code, string title) => Comprehensive.InPractice.Procedure(code)!.Title.Zh.ShouldBe(title);

    [Fact]
    public void DiagnosticAndDeclaredTypesAreThese()
    {
        Comprehensive.InPractice.Catalogue.Where(entry => entry.Therapeutic == false).Select(entry => entry.Code).ShouldBe(["CI-L1-01", "CI-L1-02", "CI-L1-03", "CI-L2-04", "CI-L3-11"]);
        // Accesses through which something else is done, and the open item.
        Comprehensive.InPractice.Catalogue.Where(entry => entry.Therapeutic is null).Select(entry => entry.Code).ShouldBe(["CI-L1-05", "CI-L1-06", "CI-L3-05", "CI-L4-10", "CI-L4-14"]);
    }

    [Fact]
    public void TheNeurovascularCatalogueIsUngraded()
    {
        Neurovascular.InPractice.Catalogue.ShouldAllBe(entry => entry.Level == 0 && entry.Code.StartsWith("NV-", StringComparison.Ordinal));
        Neurovascular.InPractice.Procedure("NV-ANEURYSM-COIL")!.Therapeutic.ShouldBe(true);
        Neurovascular.InPractice.Procedure("NV-DSA-CEREBRAL")!.Therapeutic.ShouldBe(false);
        Neurovascular.InPractice.HighestLevel(["NV-ANEURYSM-COIL"]).ShouldBe(0);
    }

    [Fact]
    public void TheHighestLevelOfACaseCounts()
    {
        Comprehensive.InPractice.HighestLevel(["CI-L1-01", "CI-L4-05", "CI-L2-01"]).ShouldBe(4);
        Comprehensive.InPractice.HighestLevel([]).ShouldBe(0);
        Comprehensive.InPractice.HighestLevel(["CI-L2-01", "NV-THROMBECTOMY"]).ShouldBe(2);
        Comprehensive.InPractice.UnknownProcedures(["CI-L2-01", "NV-THROMBECTOMY"]).ShouldBe(["NV-THROMBECTOMY"]);
    }

    [Theory]
    [InlineData(false, "NV-DSA-CEREBRAL", false)]
    [InlineData(false, "NV-DSA-CEREBRAL NV-THROMBECTOMY", true)]
    [InlineData(true, "NV-DSA-CEREBRAL", true)] // attempted and abandoned
    [InlineData(false, "NV-OTHER", false)]
    [InlineData(true, "NV-OTHER", true)]
    [InlineData(true, "", true)]
    [InlineData(false, "", false)]
    public void AnyTherapeuticPartMakesTheCaseTherapeutic(bool declared, string codes, bool therapeutic) =>
        Neurovascular.InPractice.IsTherapeutic(declared, codes.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ShouldBe(therapeutic);

    [Theory]
    [InlineData("ischaemicStroke", null, true)]
    [InlineData("ischaemicStroke", false, true)] // never lowered
    [InlineData("accessSiteHaematoma", null, false)]
    [InlineData("accessSiteHaematoma", false, false)]
    [InlineData("accessSiteHaematoma", true, true)] // raised
    [InlineData("other", null, false)]
    [InlineData("other", true, true)]
    [InlineData("notInTheTable", null, false)]
    public void AReportRaisesTheSeverityAndNeverLowersIt(string code, bool? declared, bool severe)
    {
        Neurovascular.InPractice.IsSevere(code, declared).ShouldBe(severe);
        Comprehensive.InPractice.IsSevere(code, declared).ShouldBe(severe);
    }

    [Theory]
    [InlineData("NV-2012", true, 0, true)]
    [InlineData("NV-2012", false, 0, false)]
    [InlineData("CI-2012", true, 2, false)]
    [InlineData("CI-2012", true, 3, true)]
    [InlineData("CI-2012", false, 4, true)]
    public void TherapeuticNeurovascularCasesAndComprehensiveOnesFromLevelThreeHaveADeadline(string regulation, bool therapeutic, int level, bool deadline) =>
        ShippedRegulations.All.Single(s => s.Regulation.Id == regulation).Regulation.InPractice.HasDeadline(therapeutic, level).ShouldBe(deadline);
}
