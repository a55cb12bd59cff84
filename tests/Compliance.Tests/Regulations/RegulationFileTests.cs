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
        ShippedRegulations.All.Select(shipped => (shipped.Regulation.Id, shipped.Regulation.Version)).ShouldBe([("CI-2012", 1), ("NV-2012", 1)]);
        foreach (ShippedRegulation shipped in ShippedRegulations.All)
        {
            RegulationFile.Validate(shipped.Regulation).ShouldBeEmpty();
            shipped.Sha256.ShouldMatch("^[0-9a-f]{64}$");
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
    [InlineData("unknown member", "\"guidelineVolume\": 100", "\"guidelineVolume\": 100, \"guideline\": 1", "/guideline", "malformed")]
    [InlineData("member twice", "\"guidelineVolume\": 100", "\"guidelineVolume\": 100, \"guidelineVolume\": 1", "/guidelineVolume", "malformed")]
    [InlineData("member missing", "\"guidelineVolume\": 100,", "", "", "malformed")]
    [InlineData("text where a number belongs", "\"guidelineVolume\": 100", "\"guidelineVolume\": \"100\"", "/guidelineVolume", "malformed")]
    [InlineData("unknown count", "\"count\": \"cases\"", "\"count\": \"operations\"", "/clauses/0/count", "malformed")]
    [InlineData("count by number", "\"count\": \"cases\"", "\"count\": 99", "/clauses/0/count", "unknownName")]
    [InlineData("unknown kind of clause", "\"kind\": \"noIncidents\"", "\"kind\": \"someIncidents\"", "/clauses/3", "malformed")]
    [InlineData("clause without a kind", "\"kind\": \"noIncidents\",", "", "/clauses", "clauseKindMissing")]
    [InlineData("null in a list", "\"catalogue\": [", "\"catalogue\": [ null,", "", "nullInList")]
    [InlineData("null for a text", "\"title\": { \"zh\": \"其他\",", "\"title\": { \"zh\": null,", "/complications/*", "malformed")]
    [InlineData("judged before it is in force", "\"judgesFrom\": \"2013-07-09\"", "\"judgesFrom\": \"2012-07-08\"", "/judgesFrom", "judgesBeforeEffective")]
    [InlineData("code twice", "\"code\": \"other\"", "\"code\": \"localInfection\"", "/complications/*", "repeated")]
    [InlineData("clause twice", "\"id\": \"CI3-VOL-INST\"", "\"id\": \"CI-RATE-COMP\"", "/clauses/1/id", "repeated")]
    [InlineData("clause twice", "\"id\": \"NV-VOL-INST\"", "\"id\": \"NV-VOL-INST-TX\"", "/clauses/1/id", "repeated")]
    [InlineData("a rate of itself", "\"numerator\": \"deathCases\", \"denominator\": \"cases\"", "\"numerator\": \"cases\", \"denominator\": \"cases\"", "/mortality/numerator", "rateOfItself")]
    [InlineData("level that does not exist", "\"code\": \"CI-L4-14\", \"level\": 4", "\"code\": \"CI-L4-14\", \"level\": 5", "/catalogue/46/level", "levelOutOfRange")]
    [InlineData("half a graded catalogue", "\"code\": \"CI-L4-14\", \"level\": 4", "\"code\": \"CI-L4-14\", \"level\": 0", "/catalogue", "catalogueHalfGraded")]
    [InlineData("days missing", "\"effect\": \"WarnThenSuspend\", \"afterDays\": 90", "\"effect\": \"WarnThenSuspend\"", "/clauses/*", "afterDaysMisplaced")]
    [InlineData("days misplaced", "\"effect\": \"Suspend\"", "\"effect\": \"Suspend\", \"afterDays\": 90", "/clauses/*", "afterDaysMisplaced")]
    [InlineData("days of nothing", "\"afterDays\": 90", "\"afterDays\": 0", "/clauses/*", "numberOutOfRange")]
    [InlineData("a clause that is only shown", "\"effect\": \"Suspend\"", "\"effect\": \"Show\"", "/clauses/*", "effectUnfit")]
    [InlineData("timeliness that suspends", "\"effect\": \"Show\"", "\"effect\": \"Suspend\"", "/clauses/*", "effectUnfit")]
    [InlineData("a guideline that suspends", "\"effect\": \"Warn\" }],\n      \"count\"", "\"effect\": \"Suspend\" }],\n      \"count\"", "/clauses/0/guidelineOnly", "effectUnfit")]
    [InlineData("a ceiling of nothing", "\"belowPercent\": 6", "\"belowPercent\": 0", "/clauses/2/belowPercent", "numberOutOfRange")]
    [InlineData("few cases without a rate", "\"inPlaceOf\": \"NV-RATE-MORT\"", "\"inPlaceOf\": \"NV-RATE\"", "/clauses/4/inPlaceOf", "unknownClause")]
    [InlineData("a rate with nothing below", "\"inPlaceOf\": \"NV-RATE-MORT\"", "\"inPlaceOf\": \"NV-RATE-COMP\"", "/clauses/3/whenDenominatorAtLeast", "gapBelow")]
    [InlineData("a gap between the two", "\"whenDenominatorBelow\": 100", "\"whenDenominatorBelow\": 99", "/clauses/4/inPlaceOf", "doesNotMeet")]
    [InlineData("no incidents of cases", "\"count\": \"incidents\"", "\"count\": \"cases\"", "/clauses/3/count", "notIncidents")]
    [InlineData("more chiefs than staff", "\"atLeast\": 1, \"title\"", "\"atLeast\": 3, \"title\"", "/clauses/4/withTitle/atLeast", "moreThanAll")]
    [InlineData("nobody to apply to", "\"applies\": [{ \"subject\": \"Institution\", \"effect\": \"Suspend\" }]", "\"applies\": []", "/clauses/3/applies", "appliesToNobody")]
    [InlineData("subject twice", "\"subject\": \"Physician\", \"effect\": \"Warn\" }", "\"subject\": \"Institution\", \"effect\": \"Warn\" }", "/clauses/*", "repeated")]
    [InlineData("deadline at once", "\"workingDays\": 10", "\"workingDays\": 0", "/reporting/workingDays", "numberOutOfRange")]
    [InlineData("no title in Chinese", "\"zh\": \"其他\"", "\"zh\": \" \"", "/complications/*", "empty")]
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
