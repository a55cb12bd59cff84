using System.Text.Json;
using Compliance.Regulations;

namespace Compliance.Tests.Regulations;

/// <summary>Every path of application: accepted with each number exactly on its limit, and refused, by the clause that says so, one step beyond. Numbers retyped from the texts.</summary>
public class PathTests
{
    [Theory]
    [InlineData("NV-2012", "tertiary")]
    [InlineData("NV-2012", "new")]
    [InlineData("NV-2012", "trained")]
    [InlineData("NV-2012", "abroad")]
    [InlineData("NV-2012", "transitional1")]
    [InlineData("NV-2012", "transitional2")]
    [InlineData("CI-2012", "tertiary")]
    [InlineData("CI-2012", "new")]
    [InlineData("EN-2012", "recommendation")]
    public void OnTheLimitItIsEnough(string regulation, string path) => For(regulation, path).KeptOutBy.ShouldBeEmpty();

    [Fact]
    public void ASecondaryHospitalInATownsDistrictIsEnough() => For("NV-2012", "secondary").KeptOutBy.ShouldBeEmpty();

    [Fact]
    public void ASecondaryHospitalInACountyIsEnoughWhereNobodyCanBeReachedInTime() =>
        For("NV-2012", "secondary").With("urbanDistrict", false).With("qualifiedInDistrict", 1).KeptOutBy.ShouldBeEmpty();

    [Fact]
    public void ASecondaryHospitalForComprehensiveProcedures() => For("CI-2012", "secondary").KeptOutBy.ShouldBeEmpty();

    [Fact]
    public void APhysicianForComprehensiveProcedures()
    {
        For("CI-2012", "trained").KeptOutBy.ShouldBeEmpty();
        For("CI-2012", "abroad").KeptOutBy.ShouldBeEmpty();
        For("CI-2012", "transitional1").KeptOutBy.ShouldBeEmpty();
        For("CI-2012", "transitional2").KeptOutBy.ShouldBeEmpty();
    }

    [Theory]
    // institutions, neurovascular
    [InlineData("NV-2012", "tertiary", "level", "\"secondary\"", "NV-INST-LEVEL")]
    [InlineData("NV-2012", "tertiary", "functionSuited", "false", "NV-INST-FUNC")]
    [InlineData("NV-2012", "tertiary", "departmentNeurology", "false", "NV-INST-DEPTS")]
    [InlineData("NV-2012", "tertiary", "icu", "false", "NV-INST-ROOMS")]
    [InlineData("NV-2012", "tertiary", "neurosurgeryBeds", "29", "NV-INST-NS-BEDS")]
    [InlineData("NV-2012", "tertiary", "neurologyBeds", "39", "NV-INST-NEURO-BEDS")]
    [InlineData("NV-2012", "tertiary", "dsaRoadmap", "false", "NV-INST-CATH-DSA")]
    [InlineData("NV-2012", "tertiary", "icuBeds", "5", "NV-INST-ICU-BEDS")]
    [InlineData("NV-2012", "tertiary", "icuSmallestBedArea", "14.99", "NV-INST-ICU-AREA")]
    [InlineData("NV-2012", "tertiary", "icuStaff", """[{"profession":"physician","years":4,"dedicated":true,"trained":true},{"profession":"nurse","years":5,"dedicated":true,"trained":true}]""", "NV-INST-ICU-STAFF")]
    [InlineData("NV-2012", "tertiary", "icuStaff", """[{"profession":"physician","years":5,"dedicated":true,"trained":true},{"profession":"nurse","years":5,"dedicated":false,"trained":true}]""", "NV-INST-ICU-STAFF")]
    [InlineData("NV-2012", "tertiary", "icuStaff", """[{"profession":"physician","years":9,"dedicated":true,"trained":true}]""", "NV-INST-ICU-STAFF")]
    [InlineData("NV-2012", "tertiary", "mri", "false", "NV-INST-MRI-CT")]
    [InlineData("NV-2012", "tertiary", "ct", "false", "NV-INST-MRI-CT")]
    [InlineData("NV-2012", "secondary", "level", "\"primary\"", "NV-SEC-NEED")]
    [InlineData("NV-2012", "secondary", "need", "false", "NV-SEC-NEED")]
    [InlineData("NV-2012", "secondary", "qualifiedInDistrict", "1", "NV-SEC-NEED")]
    [InlineData("NV-2012", "secondary", "aidMonths", "11", "NV-SEC-AID")]
    [InlineData("NV-2012", "secondary", "capabilityAssessedOn", "\"2026-04-30\"", "NV-SEC-ASSESS")]
    [InlineData("NV-2012", "secondary", "capabilityAssessmentPassed", "false", "NV-SEC-ASSESS")]
    [InlineData("NV-2012", "secondary", "neurosurgeryBeds", "29", "NV-INST-NS-BEDS")]
    [InlineData("NV-2012", "new", "casesBeforeGrant", "1", "NV-NEW")]
    [InlineData("NV-2012", "new", "capabilityAssessmentPassed", "false", "NV-NEW")]
    // physicians, neurovascular
    [InlineData("NV-2012", "trained", "licenceScope", "\"dentistry\"", "NV-PHYS-LICENCE")]
    [InlineData("NV-2012", "trained", "licensed", "false", "NV-PHYS-LICENCE")]
    [InlineData("NV-2012", "trained", "experienceSince", "\"2023-07-01\"", "NV-PHYS-EXP3")]
    [InlineData("NV-2012", "trained", "specialty", "\"cardiology\"", "NV-PHYS-EXP3")]
    [InlineData("NV-2012", "trained", "neurologyMonths", "8", "NV-PHYS-CROSS-NS")]
    [InlineData("NV-2012", "trained", "imagingMonths", "8", "NV-PHYS-CROSS-NS")]
    [InlineData("NV-2012", "trained", "trainingExamPassed", "false", "NV-PHYS-TRAINED")]
    [InlineData("NV-2012", "trained", "baseRecognised", "false", "NV-PHYS-TRAINED")]
    [InlineData("NV-2012", "trained", "trainingTo", "\"2026-02-27\"", "NV-TR-12M")]
    [InlineData("NV-2012", "trained", "monthsAttended", "11", "NV-TR-12M")]
    [InlineData("NV-2012", "trained", "casesAsFirstOperator", "101", "AP-CASES")]
    [InlineData("NV-2012", "trained", "knownSeriousIncidents", "1", "AP-SAFE")]
    [InlineData("NV-2012", "trained", "knownAngiographies", "333", "AP-SAFE")]
    [InlineData("NV-2012", "trained", "knownCases", "100", "AP-SAFE")]
    [InlineData("NV-2012", "trained", "pledge", "false", "AP-PLEDGE")]
    [InlineData("NV-2012", "abroad", "abroadTo", "\"2026-02-27\"", "NV-TR-ABROAD")]
    [InlineData("NV-2012", "abroad", "abroadCasesDone", "false", "NV-TR-ABROAD")]
    [InlineData("NV-2012", "abroad", "abroadExamPassed", "false", "NV-TR-ABROAD")]
    // institutions, comprehensive
    [InlineData("CI-2012", "tertiary", "ciCases5y", "1999", "CI3-T")]
    [InlineData("CI-2012", "tertiary", "ciLevel3Plus5y", "999", "CI3-T")]
    [InlineData("CI-2012", "tertiary", "ciSince", "\"2021-07-01\"", "CI3-T")]
    [InlineData("CI-2012", "tertiary", "leadingInRegion", "false", "CI3-T")]
    [InlineData("CI-2012", "tertiary", "qualifiedStaff", "0", "CI-INST-PHYS")]
    [InlineData("CI-2012", "tertiary", "icuBeds", "5", "CI3-ICU")]
    [InlineData("CI-2012", "tertiary", "icuSmallestBedArea", "14.99", "CI3-ICU")]
    [InlineData("CI-2012", "tertiary", "anaesthesiology", "false", "CI3-ANAES")]
    [InlineData("CI-2012", "tertiary", "dsaRoadmap", "false", "CI3-CATH")]
    [InlineData("CI-2012", "secondary", "ciCases5y", "1499", "CI3-S")]
    [InlineData("CI-2012", "secondary", "ciLevel3Plus5y", "799", "CI3-S")]
    [InlineData("CI-2012", "secondary", "qualifiedInDistrict", "1", "CI3-S-NEED")]
    [InlineData("CI-2012", "secondary", "aidMonths", "11", "CI3-S-AID")]
    [InlineData("CI-2012", "secondary", "capabilityAssessedOn", "\"2026-04-30\"", "CI3-S-ASSESS")]
    [InlineData("CI-2012", "new", "casesBeforeGrant", "1", "CI3-NEW")]
    // physicians, comprehensive
    [InlineData("CI-2012", "trained", "experienceSince", "\"2021-07-01\"", "CI3-PHYS-EXP5")]
    [InlineData("CI-2012", "trained", "title", "\"resident\"", "CI3-PHYS-EXP5")]
    [InlineData("CI-2012", "trained", "trainingBaseLevel", "\"provincial\"", "CI3-PHYS-TRAINED")]
    [InlineData("CI-2012", "trained", "trainingTo", "\"2025-08-30\"", "CI-TR-6M")]
    [InlineData("CI-2012", "abroad", "abroadTo", "\"2025-08-30\"", "CI-TR-ABROAD")]
    // the recommendation
    [InlineData("EN-2012", "recommendation", "title", "\"attending\"", "EN-TITLE")]
    [InlineData("EN-2012", "recommendation", "independentCases3y", "299", "EN-CASES3Y")]
    [InlineData("EN-2012", "recommendation", "referees", """[{"name":"a","title":"chief","position":"p","unit":"H1","signedOn":"2026-06-01"},{"name":"a","title":"chief","position":"q","unit":"H1","signedOn":"2026-06-02"}]""", "EN-REFEREES")]
    public void OneStepBeyondTheClauseThatSaysSoKeepsOut(string regulation, string path, string fact, string value, string clause)
    {
        var applicant = For(regulation, path).With(fact, JsonElement.Parse(value));
        applicant.KeptOutBy.ShouldBe([clause]);
        applicant.Outcomes[clause].ShouldBe(ConditionOutcome.NotMet);
    }

    [Theory]
    [InlineData("experienceSince", "\"2023-07-01\"", new[] { "CI-PHYS-EXP3", "CI3-PHYS-EXP5" })] // three years, and five, are both short
    [InlineData("licenceScope", "\"内科\"", new string[0])] // a suited specialty is attested
    public void ExperienceForComprehensiveProcedures(string fact, string value, string[] clauses) => For("CI-2012", "trained").With(fact, JsonElement.Parse(value)).KeptOutBy.ShouldBe(clauses);

    [Fact]
    public void AResidentFitsNeitherTheRuleNorTheForm() => For("NV-2012", "trained").With("title", "resident").KeptOutBy.ShouldBe(["NV-PHYS-TITLE", "AP-ID"]);

    [Theory]
    [InlineData("neurology", "neurosurgeryMonths", 8, "NV-PHYS-CROSS-N")]
    [InlineData("neurology", "imagingMonths", 8, "NV-PHYS-CROSS-N")]
    [InlineData("神经内科", "neurologyMonths", 0, null)]
    [InlineData("interventional radiology", "neurosurgeryMonths", 8, "NV-PHYS-CROSS-R")]
    [InlineData("放射介入", "neurologyMonths", 8, "NV-PHYS-CROSS-R")]
    [InlineData("放射介入", "imagingMonths", 0, null)]
    [InlineData("神经外科", "neurosurgeryMonths", 0, null)]
    public void EachSpecialtyOwesTheTrainingInTheOtherTwo(string specialty, string fact, int months, string? clause) =>
        For("NV-2012", "trained").With("specialty", specialty).With(fact, months).KeptOutBy.ShouldBe(clause is null ? [] : [clause]);

    [Theory]
    [InlineData("2002-07-08", 150, true)] // ten years on the last day before the rules
    [InlineData("2002-07-08", 149, false)]
    [InlineData("2002-07-09", 299, false)] // a day short of ten years
    [InlineData("2002-07-09", 300, true)]
    [InlineData("2007-07-08", 300, true)] // five years
    [InlineData("2007-07-09", 999, false)]
    public void TenYearsWithAHundredAndFiftyOrFiveWithThreeHundred(string since, int treatments, bool enough) =>
        For("NV-2012", "transitional1").With("continuousSince", since).With("treatments5y", treatments).Outcomes["NV-GF1-VOL"].ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Theory]
    [InlineData(0, 0, true)] // no angiographies, no rate
    [InlineData(1, 333, false)]
    [InlineData(1, 334, true)]
    [InlineData(3, 1000, false)]
    [InlineData(3, 1001, true)]
    public void ThreeInAThousandAngiographies(int severe, int angiographies, bool enough) =>
        (For("NV-2012", "transitional2").With("angiographySevere3y", severe).With("angiographies3y", angiographies).Outcomes["NV-GF-SAFE"] == ConditionOutcome.NotMet).ShouldBe(!enough);

    [Theory]
    [InlineData(3, 100, false)]
    [InlineData(3, 101, true)]
    public void ThreePercentOfAllCases(int deaths, int cases, bool enough) =>
        For("NV-2012", "transitional1").With("deaths3y", deaths).With("cases3y", cases).Outcomes["NV-GF-SAFE"].ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Theory]
    [InlineData("continuousLevel3Since", "\"2002-07-09\"", false)]
    [InlineData("ciCases5yBefore", "499", false)]
    [InlineData("ciLevel3Plus5yBefore", "199", false)]
    [InlineData("ciSevere5yBefore", "25", false)] // 25 of 500 is exactly 5 %
    [InlineData("ciDeaths5yBefore", "5", false)] // 5 of 500 is exactly 1 %
    [InlineData("seriousIncidents5y", "1", false)]
    [InlineData("title", "\"attending\"", false)]
    public void WithoutTrainingOrExaminationForComprehensiveProcedures(string fact, string value, bool enough) =>
        For("CI-2012", "transitional1").With(fact, JsonElement.Parse(value)).KeptOutBy.Count.ShouldBe(enough ? 0 : 1);

    [Fact]
    public void TwoChiefsOfTheHouseAndOneFromElsewhereRecommend()
    {
        var applicant = For("NV-2012", "transitional1");
        applicant.With("recommenders", new[] { Applicant.Recommender("a", "chief", false), Applicant.Recommender("b", "chief", false), Applicant.Recommender("c", "chief", false) }).Outcomes["NV-GF-REC"].ShouldBe(ConditionOutcome.NotMet);
        applicant.With("recommenders", new[] { Applicant.Recommender("a", "chief", true), Applicant.Recommender("b", "chief", false) }).Outcomes["NV-GF-REC"].ShouldBe(ConditionOutcome.NotMet);
        applicant.With("recommenders", new[] { Applicant.Recommender("a", "associateChief", true), Applicant.Recommender("b", "chief", false), Applicant.Recommender("c", "chief", false) }).Outcomes["NV-GF-REC"].ShouldBe(ConditionOutcome.NotMet);
        applicant.With("recommenders", new[] { Applicant.Recommender("a", "chief", true), Applicant.Recommender("a", "chief", true), Applicant.Recommender("c", "chief", false) }).Outcomes["NV-GF-REC"].ShouldBe(ConditionOutcome.NotMet);
    }

    [Fact]
    public void TwoQualifiedPhysiciansAreNeededAndForComprehensiveProceduresAnAssociateChiefAmongThem()
    {
        (For("NV-2012", "tertiary") with { Staff = new(1, 1, 1) }).KeptOutBy.ShouldBe(["NV-INST-PHYS-2"]);
        (For("CI-2012", "tertiary") with { Staff = new(2, 0, 0) }).KeptOutBy.ShouldBe(["CI3-PHYS-2"]);
    }

    [Theory]
    [InlineData("neurologyBeds", 50, 150, true)]
    [InlineData("neurologyBeds", 50, 149, false)]
    public void BedsOfATrainingBaseAreAddedUp(string fact, int beds, int total, bool enough) =>
        Base().With(fact, beds).With("neurosurgeryBeds", 60).With("interventionalBeds", total - beds - 60).Outcomes["NV-TB-BEDS"].ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Theory]
    [InlineData(500, 250, "2020-01-01", 0, true)]
    [InlineData(499, 250, "2020-01-01", 0, false)]
    [InlineData(500, 249, "2020-01-01", 0, false)]
    [InlineData(10, 10, "2016-06-30", 2000, true)] // ten years and 2,000 instead
    [InlineData(10, 10, "2016-06-30", 1999, false)]
    [InlineData(10, 10, "2016-07-01", 2000, false)]
    public void ATrainingBaseByTheYearOrByTenYears(int yearly, int treatments, string since, int ever, bool enough) =>
        Base().With("yearlyCases", yearly).With("yearlyTreatments", treatments).With("techniqueSince", since).With("totalTreatments", ever).Outcomes["NV-TB-VOL"]
            .ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Theory]
    [InlineData(16, false)]
    [InlineData(17, true)]
    public void SixtyPercentOfTheTypes(int types, bool enough) =>
        For("CI-2012", "trainingBase").With("baseLevel3PlusTypes", types).Outcomes["CI3-TB-COVER60"].ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Theory]
    [InlineData("2024-04-03T00:00:00+08:00", true)]
    [InlineData("2024-04-02T23:59:59+08:00", false)]
    [InlineData("2024-04-30T16:59:59+08:00", true)]
    [InlineData("2024-04-30T17:00:00+08:00", false)]
    [InlineData("2024-04-30T08:59:59Z", true)] // the same instant, told elsewhere
    public void ReceivedBeforeFive(string receivedAt, bool inTime) =>
        For("NC-2024", "base").With("receivedAt", receivedAt).Outcomes["NC-APP-DEADLINE"].ShouldBe(inTime ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Theory]
    [InlineData(150, 150, true)]
    [InlineData(150, 149, false)]
    [InlineData(0, 300, true)]
    public void ThreeHundredStudiesAtRestAndUnderStress(int rest, int stress, bool enough) =>
        For("NC-2024", "base").With("restStudies2023", rest).With("stressStudies2023", stress).Outcomes["NC-B2-VOL"].ShouldBe(enough ? ConditionOutcome.Met : ConditionOutcome.NotMet);

    [Fact]
    public void WhatNobodyAttestedIsNotHeldAgainstTheFactsButKeepsOut()
    {
        var applicant = For("NV-2012", "tertiary").With("neurosurgeryBeds", null);
        applicant.KeptOutBy.ShouldBe(["NV-INST-NS-BEDS"]);
        applicant.Outcomes["NV-INST-NS-BEDS"].ShouldBe(ConditionOutcome.NotAttested);
        For("NV-2012", "tertiary").With("functionSuited", new Applicant.Missing()).Outcomes["NV-INST-FUNC"].ShouldBe(ConditionOutcome.NotAttested);
    }

    private static Applicant Base() => For("NV-2012", "trainingBase");

    private static Applicant For(string regulation, string path)
    {
        var applicant = Applicant.On(regulation, path);
        return (regulation, path) switch
        {
            ("NV-2012", "secondary") => applicant.With("level", "secondary"),
            ("CI-2012", "secondary") => applicant.With("level", "secondary").With("ciCases5y", 1500).With("ciLevel3Plus5y", 800),
            ("CI-2012", "trained") => applicant.With("experienceSince", "2021-06-30").With("trainingTo", "2025-08-31"),
            ("CI-2012", "abroad") => applicant.With("experienceSince", "2021-06-30").With("abroadTo", "2025-08-31"),
            ("NV-2012", "transitional1") or ("CI-2012", "transitional1") => applicant.With("title", "associateChief"),
            ("NV-2012", "transitional2") => applicant.With("continuousSince", "2004-07-08"),
            ("EN-2012", _) => applicant.With("title", "associateChief"),
            _ => applicant,
        };
    }
}
