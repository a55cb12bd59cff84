using System.Text.Json;
using Compliance.Regulations;
using Compliance.Tests.Regulations;

namespace Compliance.Tests.Training;

/// <summary>Every number of the clauses about training bases (1.8, 1.9 and 2.4 of the design's list), from both sides of its limit; the numbers are typed from the text.</summary>
public class BaseClauseTests
{
    private static object Tutor(string id, string title = "attending", bool qualified = true) => new { name = id, title, qualified };

    private static object Years(string id, int latest, int before, int first) => new { name = id, treatmentsYear1 = latest, treatmentsYear2 = before, treatmentsYear3 = first };

    /// <summary>A base on every limit of its text.</summary>
    private static Applicant Base(string regulation, string path = "trainingBase") => regulation == "NV-2012"
        ? Applicant.On(regulation, path).With("neurologyBeds", 60).With("neurosurgeryBeds", 60).With("interventionalBeds", 30)
            .With("tutors", new[] { Tutor("a", "chief"), Tutor("b"), Tutor("c") })
            .With("yearlyCases", 500).With("yearlyTreatments", 250).With("techniqueSince", "2020-01-01").With("totalTreatments", 0)
            .With("operatorYears", new[] { Years("a", 150, 150, 150) })
            .With("academicStanding", "first").With("trainingMaterialEdition", "2012").With("theoryTests", 1).With("practiceTests", 1).With("trainees", 4).With("traineeCapacity", 4)
        : Applicant.On(regulation, path)
            .With("tutors", new[] { Tutor("a", "chief"), Tutor("b", "chief"), Tutor("c"), Tutor("d"), Tutor("e") })
            .With("baseDesignation", "national").With("baseCasesYear", 1000).With("baseLevel3PlusYear", 500).With("baseLevel3PlusTypes", 17)
            .With("academicStanding", "first").With("trainingMaterialEdition", "2012").With("theoryTests", 1).With("practiceTests", 1).With("traineesAccepted", 4).With("trainingCapacity", 4);

    [Theory]
    [InlineData("NV-2012", "trainingBaseConditions")]
    [InlineData("NV-2012", "trainingBase")]
    [InlineData("CI-2012", "trainingBaseConditions")]
    [InlineData("CI-2012", "trainingBase")]
    [InlineData("CI-2012", "provincialTrainingBase")]
    public void OnEveryLimitEveryClauseIsMet(string regulation, string path) => Base(regulation, path).KeptOutBy.ShouldBeEmpty();

    /// <summary>One fact on the wrong side of its limit keeps it from that clause, and from no other.</summary>
    [Theory]
    [InlineData("NV-2012", "baseRecognition", "false", "NV-TB-RECOG")]
    [InlineData("NV-2012", "level", "\"tertiaryB\"", "NV-TB-LEVEL")]
    [InlineData("NV-2012", "level", "\"tertiary\"", "NV-TB-LEVEL")]
    [InlineData("NV-2012", "qualified", "false", "NV-TB-LEVEL")]
    [InlineData("NV-2012", "interventionalBeds", "29", "NV-TB-BEDS")]
    [InlineData("NV-2012", "treatsHaemorrhagic", "false", "NV-TB-DISEASES")]
    [InlineData("NV-2012", "treatsIschaemic", "false", "NV-TB-DISEASES")]
    [InlineData("NV-2012", "treatsSpinal", "false", "NV-TB-DISEASES")]
    [InlineData("NV-2012", "trainingFacilities", "false", "NV-TB-FACIL")]
    [InlineData("NV-2012", "yearlyCases", "499", "NV-TB-VOL")]
    [InlineData("NV-2012", "yearlyTreatments", "249", "NV-TB-VOL")]
    [InlineData("NV-2012", "academicStanding", null, "NV-TB-ACAD")]
    [InlineData("NV-2012", "trainingMaterialEdition", null, "NV-TRB-MATERIAL")]
    [InlineData("NV-2012", "planForEach", "false", "NV-TRB-PLAN")]
    [InlineData("NV-2012", "trainingOnTime", "false", "NV-TRB-PLAN")]
    [InlineData("NV-2012", "theoryTests", "0", "NV-TRB-TESTS")]
    [InlineData("NV-2012", "practiceTests", "0", "NV-TRB-TESTS")]
    [InlineData("NV-2012", "finalEvaluation", "false", "NV-TRB-TESTS")]
    [InlineData("NV-2012", "dossierTraining", "false", "NV-TRB-DOSSIER")]
    [InlineData("NV-2012", "dossierExams", "false", "NV-TRB-DOSSIER")]
    [InlineData("NV-2012", "dossierEvaluations", "false", "NV-TRB-DOSSIER")]
    [InlineData("NV-2012", "attendanceKept", "false", "NV-TRB-DOSSIER")]
    [InlineData("NV-2012", "trainees", "5", "NV-TRB-CAPACITY")]
    [InlineData("CI-2012", "baseDesignation", null, "CI-TB-PROV")]
    [InlineData("CI-2012", "level", "\"tertiaryB\"", "CI3-TB-LEVEL")]
    [InlineData("CI-2012", "qualificationActive", "false", "CI3-TB-LEVEL")]
    [InlineData("CI-2012", "trainingResources", "false", "CI3-TB-FACIL")]
    [InlineData("CI-2012", "baseCasesYear", "999", "CI3-TB-VOL")]
    [InlineData("CI-2012", "baseLevel3PlusYear", "499", "CI3-TB-VOL")]
    [InlineData("CI-2012", "baseLevel3PlusTypes", "16", "CI3-TB-COVER60")]
    [InlineData("CI-2012", "academicStanding", null, "CI3-TB-ACAD")]
    [InlineData("CI-2012", "trainingMaterialEdition", null, "CI-TRB-MATERIAL")]
    [InlineData("CI-2012", "trainingPlan", "false", "CI-TRB-PLAN")]
    [InlineData("CI-2012", "trainingCompletedInTime", "false", "CI-TRB-PLAN")]
    [InlineData("CI-2012", "theoryTests", "0", "CI-TRB-TESTS")]
    [InlineData("CI-2012", "practiceTests", "0", "CI-TRB-TESTS")]
    [InlineData("CI-2012", "finalEvaluation", "false", "CI-TRB-TESTS")]
    [InlineData("CI-2012", "trainingResultsReported", "false", "CI-TRB-TESTS")]
    [InlineData("CI-2012", "traineeDossiers", "false", "CI-TRB-DOSSIER")]
    [InlineData("CI-2012", "examDossiers", "false", "CI-TRB-DOSSIER")]
    [InlineData("CI-2012", "attendanceRecords", "false", "CI-TRB-DOSSIER")]
    [InlineData("CI-2012", "traineesAccepted", "5", "CI-TRB-CAPACITY")]
    public void OneStepShortOfALimit(string regulation, string fact, string? value, string clause) =>
        Base(regulation).With(fact, value is null ? null : JsonSerializer.Deserialize<JsonElement>(value)).KeptOutBy.ShouldBe([clause]);

    [Fact]
    public void NvTbTutors_ThreeQualifiedAndOneOfThemChief()
    {
        Tutors("NV-2012", Tutor("a", "chief"), Tutor("b")).ShouldBe(["NV-TB-TUTORS"]);
        Tutors("NV-2012", Tutor("a", "chief"), Tutor("b"), Tutor("c", qualified: false)).ShouldBe(["NV-TB-TUTORS"]);
        Tutors("NV-2012", Tutor("a", "associateChief"), Tutor("b", "associateChief"), Tutor("c", "associateChief")).ShouldBe(["NV-TB-TUTORS"]);
        Tutors("NV-2012", Tutor("a"), Tutor("b"), Tutor("c"), Tutor("d", "chief", qualified: false)).ShouldBe(["NV-TB-TUTORS"], "a chief who is not qualified is no tutor");
        Tutors("NV-2012", Tutor("a", "chief"), Tutor("b"), Tutor("b")).ShouldBe(["NV-TB-TUTORS"], "nobody counts twice");
    }

    [Fact]
    public void Ci3TbTutors_FiveQualifiedAndTwoOfThemChief()
    {
        Tutors("CI-2012", Tutor("a", "chief"), Tutor("b", "chief"), Tutor("c"), Tutor("d")).ShouldBe(["CI3-TB-TUTORS"]);
        Tutors("CI-2012", Tutor("a", "chief"), Tutor("b", "associateChief"), Tutor("c"), Tutor("d"), Tutor("e")).ShouldBe(["CI3-TB-TUTORS"]);
        Tutors("CI-2012", Tutor("a", "chief"), Tutor("b", "chief"), Tutor("c"), Tutor("d"), Tutor("e", qualified: false)).ShouldBe(["CI3-TB-TUTORS"]);
    }

    private static IReadOnlyList<string> Tutors(string regulation, params object[] tutors) => Base(regulation).With("tutors", tutors).KeptOutBy;

    /// <summary>NV-TB-VOL-A or NV-TB-VOL-B: 500 with 250, or ten years with 2000; on 30 June 2026.</summary>
    [Theory]
    [InlineData(500, 250, "2026-01-01", 0, true, false)]
    [InlineData(499, 250, "2016-06-30", 2000, false, true)]
    [InlineData(500, 249, "2016-06-30", 2000, false, true)]
    [InlineData(499, 250, "2016-07-01", 2000, false, false)] // a day short of ten years
    [InlineData(499, 250, "2016-06-30", 1999, false, false)]
    public void NvTbVol_ByTheYearOrByTenYears(int cases, int treatments, string since, int ever, bool a, bool b)
    {
        var applicant = Base("NV-2012").With("yearlyCases", cases).With("yearlyTreatments", treatments).With("techniqueSince", since).With("totalTreatments", ever);
        var facts = Base("NV-2012").Regulation;
        applicant.Outcomes["NV-TB-VOL"].ShouldBe(a || b ? ConditionOutcome.Met : ConditionOutcome.NotMet);
        Alone(facts, "NV-TB-VOL-A", applicant).ShouldBe(a ? ConditionOutcome.Met : ConditionOutcome.NotMet);
        Alone(facts, "NV-TB-VOL-B", applicant).ShouldBe(b ? ConditionOutcome.Met : ConditionOutcome.NotMet);
    }

    private static ConditionOutcome Alone(Regulation regulation, string clause, Applicant applicant) =>
        (applicant with { Path = applicant.Path with { Clauses = [clause] }, Regulation = regulation }).Outcomes[clause];

    /// <summary>NV-TB-OP150: one and the same physician, in each of the three years; with either of the two volumes.</summary>
    [Fact]
    public void NvTbOp150_OnePhysicianInEachOfThreeYears()
    {
        Operators(Years("a", 149, 150, 150)).ShouldBe(["NV-TB-OP150"]);
        Operators(Years("a", 150, 149, 150)).ShouldBe(["NV-TB-OP150"]);
        Operators(Years("a", 150, 150, 149)).ShouldBe(["NV-TB-OP150"]);
        Operators(Years("a", 450, 0, 0)).ShouldBe(["NV-TB-OP150"], "three years' worth in one is one year");
        Operators(Years("a", 150, 150, 149), Years("b", 149, 149, 150)).ShouldBe(["NV-TB-OP150"], "two physicians do not make one");
        Operators(Years("a", 0, 0, 0), Years("b", 150, 150, 150)).ShouldBeEmpty();
        Base("NV-2012").With("yearlyCases", 0).With("techniqueSince", "2016-06-30").With("totalTreatments", 2000).With("operatorYears", new[] { Years("a", 149, 150, 150) }).KeptOutBy
            .ShouldBe(["NV-TB-OP150"], "A14: it is asked with the ten years too");
    }

    private static IReadOnlyList<string> Operators(params object[] operators) => Base("NV-2012").With("operatorYears", operators).KeptOutBy;

    /// <summary>What 四(二) asks of the training is looked at when there has been some: at reviews, not before the first trainee.</summary>
    [Theory]
    [InlineData("NV-2012", "NV-TRB-")]
    [InlineData("CI-2012", "CI-TRB-")]
    public void DutiesOfTheTrainingAreLookedAtInReviews(string regulation, string duties)
    {
        var of = ShippedRegulations.Set.All.Single(r => r.Id == regulation);
        of.Path("trainingBaseConditions")!.Clauses.ShouldAllBe(c => !c.StartsWith(duties, StringComparison.Ordinal));
        of.Path("trainingBase")!.Clauses.ShouldBe([.. of.Path("trainingBaseConditions")!.Clauses, .. of.Clauses.Select(c => c.Id).Where(id => id.StartsWith(duties, StringComparison.Ordinal))]);
    }

    [Fact]
    public void WhoRecognisesWhichKindAndWhatItCertifies()
    {
        var neurovascular = ShippedRegulations.Set.All.Single(r => r.Id == "NV-2012").InPractice.Training!;
        neurovascular.Bases.ShouldHaveSingleItem().ShouldBe(new("national", "trainingBaseConditions", "trainingBase", 0, 0, BaseAuthority.National));
        neurovascular.Trainee.ShouldBe(new("trainee", 12));

        // 卫生部 for levels 3 and 4 (and what lies below them), the province for 1 and 2: CI-TB-PROV.
        var comprehensive = ShippedRegulations.Set.All.Single(r => r.Id == "CI-2012").InPractice.Training!;
        comprehensive.Trainee.ShouldBe(new("trainee", 6, "lowerTrainee"));
        Enumerable.Range(1, 4).Select(level => (comprehensive.Base("national")!.Certifies(level), comprehensive.Base("provincial")!.Certifies(level)))
            .ShouldBe([(true, true), (true, true), (true, false), (true, false)]);
        (comprehensive.Base("national")!.RecognisedBy, comprehensive.Base("provincial")!.RecognisedBy, comprehensive.Base("municipal")).ShouldBe((BaseAuthority.National, BaseAuthority.Regulator, null));
        comprehensive.Base("provincial")!.Path.ShouldBeNull("the text asks nothing of a province's base beforehand");
    }

    /// <summary>CI3-TB-COVER60: 14 types of level 3 and 13 of level 4, without the open item; 60 % of 27 is 16.2.</summary>
    [Fact]
    public void Ci3TbCover60_TheOpenItemIsNoType()
    {
        var of = ShippedRegulations.Set.All.Single(r => r.Id == "CI-2012");
        var counted = of.Fact("baseLevel3PlusTypes")!.Known!.Procedures!;
        counted.ShouldBe([.. Enumerable.Range(1, 14).Select(n => $"CI-L3-{n:00}"), .. Enumerable.Range(1, 13).Select(n => $"CI-L4-{n:00}")]);
        counted.Count.ShouldBe(27);
    }

    /// <summary>What the base's own cases, its tutors and the registry say nobody attests; what trainees do is attested for now.</summary>
    [Fact]
    public void WhatIsKnownIsNotAttested()
    {
        string[] Attested(string regulation, string path)
        {
            var of = ShippedRegulations.Set.All.Single(r => r.Id == regulation);
            return [.. of.Facts.Where(f => f.Known is null && of.FactsOf(of.Path(path)!).Contains(f.Name)).Select(f => f.Name)];
        }

        Attested("NV-2012", "trainingBaseConditions").ShouldBe(["neurosurgeryBeds", "neurologyBeds", "interventionalBeds", "trainingFacilities", "academicStanding"], ignoreOrder: true);
        Attested("CI-2012", "trainingBaseConditions").ShouldBe(["trainingResources", "academicStanding"], ignoreOrder: true);
    }
}
