using System.Text.Json;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Tests.Regulations;

public class RegulationFileTests
{
    private static readonly ShippedRegulation Neurovascular = Shipped("NV-2012");
    private static readonly ShippedRegulation Comprehensive = Shipped("CI-2012");

    [Fact]
    public void TheShippedFilesAreConsistent()
    {
        ShippedRegulations.All.Select(shipped => (shipped.Regulation.Id, shipped.Regulation.Version)).ShouldBe([("CI-2012", 4), ("EN-2012", 1), ("NC-2024", 2), ("NV-2012", 4)]);
        foreach (ShippedRegulation shipped in ShippedRegulations.All)
        {
            RegulationFile.Validate(shipped.Regulation).ShouldBeEmpty();
            shipped.Sha256.ShouldMatch("^[0-9a-f]{64}$");
        }
    }

    /// <summary>Each as if it were published after the others: a fact of one name is of one type.</summary>
    [Fact]
    public void TheShippedFilesGoTogether()
    {
        foreach (ShippedRegulation shipped in ShippedRegulations.All)
        {
            RegulationSet others = ShippedRegulations.All.Where(other => other != shipped).Aggregate(RegulationSet.Empty, (set, other) => set.With(other.Regulation));
            others.ValidateNext(shipped.Regulation with { Version = 1 }).ShouldBeEmpty(shipped.Regulation.Id);
        }
    }

    [Fact]
    public void ARegulationWrittenAndReadAgainIsTheSame()
    {
        foreach (ShippedRegulation shipped in ShippedRegulations.All)
        {
            string written = JsonSerializer.Serialize(shipped.Regulation, RegulationFile.Json);
            ParsedRegulation again = RegulationFile.Parse(written);
            again.Faults.ShouldBeEmpty();
            JsonSerializer.Serialize(again.Regulation, RegulationFile.Json).ShouldBe(written);
        }
    }

    /// <summary>The names are part of the contract of /metrics and of every regulation file.</summary>
    [Fact]
    public void CountsAreCalledThisInJson() => Enum.GetValues<CountName>().Select(count => JsonSerializer.Serialize(count).Trim('"')).ShouldBe(
    [
        "cases", "diagnosticCases", "therapeuticCases", "level3PlusCases", "level3PlusTherapeuticCases", "severeComplicationCases", "therapeuticSevereComplicationCases",
        "deathCases", "therapeuticDeathCases", "possibleSevereComplicationCases", "possibleDeathCases", "incidents", "seriousIncidents", "lateReports", "overdueReports",
    ]);

    [Theory]
    [InlineData("not JSON at all", "\"id\"", "id", "", "malformed")]
    [InlineData("unknown member", "\"guidelineVolume\": 100", "\"guidelineVolume\": 100, \"guideline\": 1", "/practice/guideline", "malformed")]
    [InlineData("member twice", "\"guidelineVolume\": 100", "\"guidelineVolume\": 100, \"guidelineVolume\": 1", "/practice/guidelineVolume", "malformed")]
    [InlineData("member missing", "\"guidelineVolume\": 100,", "", "/practice", "malformed")]
    [InlineData("text where a number belongs", "\"guidelineVolume\": 100", "\"guidelineVolume\": \"100\"", "/practice/guidelineVolume", "malformed")]
    [InlineData("unknown count", "\"count\": \"incidents\"", "\"count\": \"operations\"", "/clauses/*", "malformed")]
    [InlineData("count by number", "\"count\": \"incidents\"", "\"count\": 99", "/clauses/*", "malformed")]
    [InlineData("unknown kind of clause", "\"kind\": \"noIncidents\"", "\"kind\": \"someIncidents\"", "/clauses/*", "malformed")]
    [InlineData("clause without a kind", "\"kind\": \"noIncidents\",", "", "/clauses", "clauseKindMissing")]
    [InlineData("null in a list", "\"catalogue\": [", "\"catalogue\": [ null,", "", "nullInList")]
    [InlineData("null for a text", "\"title\": { \"zh\": \"其他\",", "\"title\": { \"zh\": null,", "/practice/complications/*", "malformed")]
    [InlineData("judged before it is in force", "\"judgesFrom\": \"2013-07-09\"", "\"judgesFrom\": \"2012-07-08\"", "/judgesFrom", "judgesBeforeEffective")]
    [InlineData("code twice", "\"code\": \"other\"", "\"code\": \"localInfection\"", "/practice/complications/*", "repeated")]
    [InlineData("clause twice", "\"id\": \"CI3-VOL-INST\"", "\"id\": \"CI-RATE-COMP\"", "/clauses/*", "repeated")]
    [InlineData("clause twice", "\"id\": \"NV-VOL-INST\"", "\"id\": \"NV-VOL-INST-TX\"", "/clauses/*", "repeated")]
    [InlineData("a rate of itself", "\"numerator\": \"deathCases\", \"denominator\": \"cases\"", "\"numerator\": \"cases\", \"denominator\": \"cases\"", "/practice/mortality/numerator", "rateOfItself")]
    [InlineData("level that does not exist", "\"code\": \"CI-L4-14\", \"level\": 4", "\"code\": \"CI-L4-14\", \"level\": 5", "/practice/catalogue/46/level", "levelOutOfRange")]
    [InlineData("half a graded catalogue", "\"code\": \"CI-L4-14\", \"level\": 4", "\"code\": \"CI-L4-14\", \"level\": 0", "/practice/catalogue", "catalogueHalfGraded")]
    [InlineData("days missing", "\"effect\": \"warnThenSuspend\", \"afterDays\": 90", "\"effect\": \"warnThenSuspend\"", "/clauses/*", "afterDaysMisplaced")]
    [InlineData("days misplaced", "\"effect\": \"suspend\"", "\"effect\": \"suspend\", \"afterDays\": 90", "/clauses/*", "afterDaysMisplaced")]
    [InlineData("days of nothing", "\"afterDays\": 90", "\"afterDays\": 0", "/clauses/*", "numberOutOfRange")]
    [InlineData("a clause that is only shown", "\"effect\": \"suspend\"", "\"effect\": \"show\"", "/clauses/*", "effectUnfit")]
    [InlineData("timeliness that suspends", "\"effect\": \"show\"", "\"effect\": \"suspend\"", "/clauses/*", "effectUnfit")]
    [InlineData("a guideline that suspends", "\"effect\": \"warn\" }],\n      \"count\"", "\"effect\": \"suspend\" }],\n      \"count\"", "/clauses/*", "effectUnfit")]
    [InlineData("a ceiling of nothing", "\"belowPercent\": 6", "\"belowPercent\": 0", "/clauses/*", "numberOutOfRange")]
    [InlineData("few cases without a rate", "\"inPlaceOf\": \"NV-RATE-MORT\"", "\"inPlaceOf\": \"NV-RATE\"", "/clauses/*", "unknownClause")]
    [InlineData("a rate with nothing below", "\"inPlaceOf\": \"NV-RATE-MORT\"", "\"inPlaceOf\": \"NV-RATE-COMP\"", "/clauses/*", "gapBelow")]
    [InlineData("a gap between the two", "\"whenDenominatorBelow\": 100", "\"whenDenominatorBelow\": 99", "/clauses/*", "doesNotMeet")]
    [InlineData("no incidents of cases", "\"count\": \"incidents\"", "\"count\": \"cases\"", "/clauses/*", "notIncidents")]
    [InlineData("more chiefs than staff", "\"atLeast\": 1, \"title\"", "\"atLeast\": 3, \"title\"", "/clauses/*", "moreThanAll")]
    [InlineData("nobody to apply to", "\"applies\": [{ \"subject\": \"institution\", \"effect\": \"suspend\" }]", "\"applies\": []", "/clauses/*", "appliesToNobody")]
    [InlineData("subject twice", "\"effect\": \"suspend\" }, { \"subject\": \"physician\"", "\"effect\": \"suspend\" }, { \"subject\": \"institution\"", "/clauses/*", "repeated")]
    [InlineData("deadline at once", "\"workingDays\": 10", "\"workingDays\": 0", "/practice/reporting/workingDays", "numberOutOfRange")]
    [InlineData("a follow-up at once", "\"followUps\": [{ \"days\": 30", "\"followUps\": [{ \"days\": 0", "/practice/reporting/followUps/0/days", "numberOutOfRange")]
    [InlineData("a follow-up that ends before it begins", "\"withinDays\": 15", "\"withinDays\": -1", "/practice/reporting/followUps/0/withinDays", "numberOutOfRange")]
    [InlineData("two follow-ups on one day", "\"withinDays\": 15", "\"withinDays\": 60", "/practice/reporting/followUps/1/days", "followUpsOutOfOrder")]
    [InlineData("no follow-up among them", "\"followUps\": [", "\"followUps\": [null, ", "", "nullInList")]
    [InlineData("a base judged by no path", "\"path\": \"trainingBaseConditions\"", "\"path\": \"tertiary\"", "/practice/training/bases/0/path", "unknownPath")]
    [InlineData("a base reviewed by no path", "\"reviewPath\": \"provincialTrainingBase\"", "\"reviewPath\": \"nothing\"", "/practice/training/bases/1/reviewPath", "unknownPath")]
    [InlineData("a base of levels there are not", "\"certifiesFromLevel\": 1, \"certifiesToLevel\": 4", "\"certifiesFromLevel\": 1, \"certifiesToLevel\": 5", "/practice/training/bases/0/certifiesToLevel", "levelOutOfRange")]
    [InlineData("a base of no level", "\"certifiesFromLevel\": 1, \"certifiesToLevel\": 2", "\"certifiesFromLevel\": 3, \"certifiesToLevel\": 2", "/practice/training/bases/1/certifiesToLevel", "levelOutOfRange")]
    [InlineData("a kind of base twice", "\"kind\": \"provincial\"", "\"kind\": \"national\"", "/practice/training/bases/1/kind", "repeated")]
    [InlineData("a trainee along no path", "\"trainee\": { \"path\": \"trainee\"", "\"trainee\": { \"path\": \"trained\"", "/practice/training/trainee/path", "unknownPath")]
    [InlineData("reviews all the time", "\"reviewEveryMonths\": 12", "\"reviewEveryMonths\": 0", "/practice/training/reviewEveryMonths", "numberOutOfRange")]
    [InlineData("training of no months", "\"months\": 12 },\n      \"reviewEveryMonths\"", "\"months\": 0 },\n      \"reviewEveryMonths\"", "/practice/training/trainee/months", "numberOutOfRange")]
    [InlineData("known procedures that are none", "\"CI-L4-13\"] }", "\"CI-L4-15\"] }", "/facts/*", "unknownProcedure")]
    [InlineData("no procedures to look for", "\"procedures\": [\"NV-SPINAL-AVM-EMBOL\", \"NV-SPINAL-DAVF-EMBOL\"]", "\"procedures\": []", "/facts/*", "proceduresMisplaced")]
    [InlineData("practice that nothing breaks", "\"source\": \"practisedSince\", \"breakMonths\": 12", "\"source\": \"practisedSince\"", "/facts/*", "breakMisplaced")]
    [InlineData("two years of operators", "\"source\": \"operatorYears\", \"months\": 36", "\"source\": \"operatorYears\", \"months\": 24", "/facts/*", "countMisplaced")]
    [InlineData("tutors without titles", "\"fields\": { \"name\": \"text\", \"title\": \"text\", \"qualified\": \"flag\" }", "\"fields\": { \"name\": \"text\", \"qualified\": \"flag\" }", "/facts/*", "fieldsMisplaced")]
    [InlineData("a recognition in numbers", "\"name\": \"baseRecognition\", \"type\": \"flag\"", "\"name\": \"baseRecognition\", \"type\": \"count\"", "/facts/*", "typeUnfit")]
    [InlineData("what is known of a training, unsaid", "\"known\": { \"source\": \"training\", \"training\": { \"item\": \"examPassed\" } }", "\"known\": { \"source\": \"training\" }", "/facts/*", "trainingMisplaced")]
    [InlineData("of a training what is known elsewhere", "\"known\": { \"source\": \"level\" }", "\"known\": { \"source\": \"level\", \"training\": { \"item\": \"baseKind\" } }", "/facts/*", "trainingMisplaced")]
    [InlineData("cases in no role", "{ \"item\": \"cases\", \"role\": \"operator\", \"intent\": \"diagnostic\" }", "{ \"item\": \"cases\", \"intent\": \"diagnostic\" }", "/facts/*", "trainingMisplaced")]
    [InlineData("a role in the months", "{ \"item\": \"months\" }", "{ \"item\": \"months\", \"role\": \"operator\" }", "/facts/*", "trainingMisplaced")]
    [InlineData("care of no part", "{ \"item\": \"care\", \"care\": \"record\" }", "{ \"item\": \"care\" }", "/facts/*", "trainingMisplaced")]
    [InlineData("trainees of no lower path", "\"lowerPath\": \"lowerTrainee\"", "\"lowerPath\": \"trained\"", "/practice/training/trainee/lowerPath", "unknownPath")]
    [InlineData("condition of no fact", "\"fact\": \"icuBeds\"", "\"fact\": \"icuBed\"", "/clauses/*", "noSuchFact")]
    [InlineData("a flag compared with a number", "\"fact\": \"mri\", \"is\": true", "\"fact\": \"mri\", \"comparison\": \">=\", \"value\": 1", "/clauses/*", "testUnfit")]
    [InlineData("a number that must be true", "\"fact\": \"icuBeds\", \"comparison\": \">=\", \"value\": 6, \"unit\": \"beds\"", "\"fact\": \"icuBeds\", \"is\": true", "/clauses/*", "testUnfit")]
    [InlineData("a comparison with nothing", "\"fact\": \"icuBeds\", \"comparison\": \">=\", \"value\": 6", "\"fact\": \"icuBeds\", \"comparison\": \">=\"", "/clauses/*", "testUnfit")]
    [InlineData("two forms at once", "\"test\": { \"clause\": \"NV-PHYS-LICENCE\" }", "\"test\": { \"clause\": \"NV-PHYS-LICENCE\", \"recorded\": \"licensed\" }", "/clauses/*", "notOneForm")]
    [InlineData("a clause that tests itself", "\"test\": { \"clause\": \"NV-PHYS-LICENCE\" }", "\"test\": { \"clause\": \"NV-GF-LIC\" }", "/clauses/*", "circular")]
    [InlineData("a path along no clause", "\"clauses\": [\"NV-GF1\"", "\"clauses\": [\"NV-GF9\"", "/paths/*", "unknownClause")]
    [InlineData("opinions out of order", "\"chain\": [\"applicant\", \"province\"]", "\"chain\": [\"province\", \"applicant\"]", "/paths/*", "chainOutOfOrder")]
    [InlineData("a mechanism that does no such thing", "\"names\": [\"tooFewDeciders\"", "\"names\": [\"tooManyDeciders\"", "/clauses/*", "unknownName")]
    [InlineData("no title in Chinese", "\"zh\": \"其他\"", "\"zh\": \" \"", "/practice/complications/*", "empty")]
    public void AFaultIsNamedWithItsPlace(string why, string text, string instead, string pointer, string code)
    {
        // Every fault is made in whichever of the shipped files has the text.
        string good = Neurovascular.Json.Contains(text, StringComparison.Ordinal) ? Neurovascular.Json : Comprehensive.Json;
        int at = good.IndexOf(text, StringComparison.Ordinal);
        at.ShouldBeGreaterThanOrEqualTo(0, why);
        ParsedRegulation parsed = RegulationFile.Parse(string.Concat(good.AsSpan(0, at), instead, good.AsSpan(at + text.Length)));
        parsed.Regulation.ShouldBeNull(why);
        parsed.Faults.ShouldAllBe(fault => !fault.Message.Contains("Compliance.", StringComparison.Ordinal), "messages are for those who write regulations, not for those who write C#");
        parsed.Faults.ShouldContain(fault => fault.Code == code && Matches(fault.Pointer, pointer), $"{why}: {string.Join("; ", parsed.Faults)}");
    }

    [Fact]
    public void EmptyInputIsAFault()
    {
        RegulationFile.Parse("null").Faults.ShouldHaveSingleItem().Code.ShouldBe("malformed");
        RegulationFile.Parse("").Faults.ShouldHaveSingleItem().Code.ShouldBe("malformed");
        RegulationFile.Parse("[]").Faults.ShouldHaveSingleItem().Code.ShouldBe("malformed");
    }

    private static bool Matches(string pointer, string expected) =>
        expected.EndsWith('*') ? pointer.StartsWith(expected.TrimEnd('*'), StringComparison.Ordinal) : pointer == expected;

    private static ShippedRegulation Shipped(string id) => ShippedRegulations.All.Single(shipped => shipped.Regulation.Id == id);
}
