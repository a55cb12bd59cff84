using System.Net;
using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Who decided on a case and who performed it, asked of the registries for the very day; in the world of the flags.</summary>
public sealed class DeciderTests(FlagService world) : IClassFixture<FlagService>
{
    private static int _numbers;

    private TestService Service => world.Service;

    private static JsonObject Report(string institution, string on, JsonArray decidedBy, string changes = "{}", string? by = null)
    {
        var report = World.Case(institution, $"d{Interlocked.Increment(ref _numbers)}", DateOnly.Parse(on, System.Globalization.CultureInfo.InvariantCulture), by: by);
        report["decidedBy"] = decidedBy;
        foreach (var (property, value) in JsonNode.Parse(changes)!.AsObject())
        {
            report[property] = value?.DeepClone();
        }

        return report;
    }

    private async Task<Answer> Send(JsonObject report) => await Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await world.World.Regulator);

    private async Task<(Answer Answer, JsonNode Deciders)> Judged(JsonObject report)
    {
        var answer = (await Send(report)).Expect(HttpStatusCode.Created);
        var deciders = (await Service.Get($"cases/{answer.Body!["caseId"]!.GetValue<string>()}/deciders?minPosition={answer.Position}", await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!;
        return (answer, deciders);
    }

    private static string Why(JsonNode person) => string.Join(' ', person["whyNot"]!.AsArray().Select(w => w!.GetValue<string>()));

    private static string Flags(JsonNode answer) => string.Join(' ', answer["flags"]!.AsArray().Select(f => f!.GetValue<string>()));

    /// <summary>One who decided, where and when it was completed, what the report says of the decision; and what stands against counting it.</summary>
    public static TheoryData<string, string, string, string, string, string> Table => new()
    {
        { "registered here from the day of the decision", "H1-D", "H1", "2025-09-01", """{ "decidedOn": "2025-08-27" }""", "" },
        { "registered here from the day after it", "H1-D", "H1", "2025-09-01", """{ "decidedOn": "2025-08-26" }""", "notRegisteredHere" },
        { "registered here from the day of completion, nothing said of the decision", "H1-D", "H1", "2025-08-27", "{}", "" },
        { "registered here until the day of the decision", "H1-D", "H2", "2025-08-27", """{ "decidedOn": "2025-08-26" }""", "" },
        { "registered here until the day before it", "H1-D", "H2", "2025-08-28", """{ "decidedOn": "2025-08-27" }""", "notRegisteredHere" },
        { "registered here until the day before completion", "H1-D", "H2", "2025-08-27", "{}", "notRegisteredHere" },

        { "qualified from the day of the decision", "H1-C", "H1", "2025-08-28", """{ "decidedOn": "2025-08-27" }""", "" },
        { "qualified from the day after it", "H1-C", "H1", "2025-08-28", """{ "decidedOn": "2025-08-26" }""", "notQualified" },
        { "never qualified", "H1-U", "H1", "2025-08-28", "{}", "notQualified" },

        { "suspended from the day after the decision", "H1-S", "H1", "2025-09-02", """{ "decidedAt": "2025-09-01T23:59:59+08:00" }""", "" },
        { "suspended from the day of the decision, which is another day in London", "H1-S", "H1", "2025-09-02", """{ "decidedAt": "2025-09-01T16:00:00Z" }""", "suspended" },
        { "suspended from the day of completion", "H1-S", "H1", "2025-09-02", "{}", "suspended" },
        { "suspended from the day after completion", "H1-S", "H1", "2025-09-01", "{}", "" },

        { "associate chief from the day of the decision", "H5-C", "H5", "2025-08-28", """{ "decidedOn": "2025-08-27", "technique": "comprehensive", "procedureCodes": ["CI-L3-05"] }""", "" },
        { "associate chief from the day after it", "H5-C", "H5", "2025-08-28", """{ "decidedOn": "2025-08-26", "technique": "comprehensive", "procedureCodes": ["CI-L3-05"] }""", "titleTooLow" },
        { "attending, level 1", "H5-C", "H5", "2025-08-28", """{ "decidedOn": "2025-08-26", "technique": "comprehensive", "procedureCodes": ["CI-L1-04"] }""", "" },

        { "nobody knows", "nobody", "H1", "2025-08-28", "{}", "unknown" },
        { "of another hospital, and of another technique", "H5-A", "H1", "2025-08-28", "{}", "notRegisteredHere notQualified" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Who_decided_is_judged_on_the_day_of_the_decision(string what, string decider, string institution, string on, string changes, string why)
    {
        // Of a neurovascular case two must count, the other one always does; of a comprehensive one.
        var report = Report(institution, on, institution == "H5" ? [decider] : [decider, $"{institution}-A"], changes);
        var (answer, shown) = await Judged(report);

        Why(shown["deciders"]![0]!).ShouldBe(why, what);
        shown["deciders"]![0]!["counts"]!.GetValue<bool>().ShouldBe(why.Length == 0);
        (shown["decidersNeeded"]!.GetValue<int>() - shown["decidersCounted"]!.GetValue<int>()).ShouldBe(why.Length == 0 ? 0 : 1);
        Flags(answer.Body!).ShouldBe(why.Length == 0 ? "" : "tooFewDeciders");
        Flags(shown).ShouldBe(Flags(answer.Body!));
    }

    [Fact]
    public async Task A_guest_is_told_with_the_place_he_came_from()
    {
        var (answer, shown) = await Judged(Report("H2", "2025-08-27", ["H2-A", "H2-B"], """{ "decidedOn": "2025-08-26" }""", by: "H1-D"));

        Flags(answer.Body!).ShouldBe("operatorNotRegistered visitingExpert");
        var op = shown["operator"]!;
        Why(op).ShouldBe("notRegisteredHere");
        op["on"]!.GetValue<string>().ShouldBe("2025-08-27");
        op["mainRegistration"]!.GetValue<string>().ShouldBe("H1");
        (op["registeredHere"]!.GetValue<bool>(), op["seconded"]!.GetValue<bool>(), op["active"]!.GetValue<bool>(), op["title"]!.GetValue<string>()).ShouldBe((false, false, true, "chief"));
        shown["deciders"]!.AsArray().Select(d => d!["on"]!.GetValue<string>()).ShouldBe(["2025-08-26", "2025-08-26"]);
        shown["decidersCounted"]!.GetValue<int>().ShouldBe(2);

        var listed = (await Service.Get($"cases?institution=H2&flag=visitingExpert&minPosition={answer.Position}", await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!;
        listed["items"]!.AsArray().Select(c => c!["caseId"]!.GetValue<string>()).ShouldContain(answer.Body!["caseId"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_correction_of_the_day_moves_what_follows_from_it_and_both_reports_stay_repeats()
    {
        var report = Report("H1", "2025-09-02", ["H1-A", "H1-S"]);
        var answer = (await Send(report)).Expect(HttpStatusCode.Created);
        Flags(answer.Body!).ShouldBe("tooFewDeciders");
        var id = answer.Body!["caseId"]!.GetValue<string>();
        var corrected = report.DeepClone().AsObject();
        corrected["startedAt"] = "2025-09-02T08:15:00+08:00";
        corrected["decidedOn"] = "2025-09-01";
        corrected["consentDetails"] = JsonNode.Parse("""{ "signedAt": "2025-09-01T17:00:00+08:00", "patientInformed": true, "familyInformed": true, "topics": ["complications", "purpose", "risks", "aftercare"] }""");
        var without = corrected.DeepClone().AsObject();
        without.Remove("outcome");

        var changed = (await Service.Post($"cases/{id}/corrections", new { reason = "the record of the discussion was found", report = without }, await world.World.Regulator)).Expect(HttpStatusCode.OK);

        var shown = (await Service.Get($"cases/{id}?minPosition={changed.Position}", await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!;
        Flags(shown).ShouldBe("");
        shown["flagsWhenReported"]!.AsArray().Select(f => f!.GetValue<string>()).ShouldBe(["tooFewDeciders"]);
        shown["decidedOn"]!.GetValue<string>().ShouldBe("2025-09-01");
        shown["startedAt"]!.GetValue<DateTimeOffset>().ShouldBe(new(2025, 9, 2, 8, 15, 0, TimeSpan.FromHours(8)));
        shown["consentDetails"]!["topics"]!.AsArray().Select(t => t!.GetValue<string>()).ShouldBe(["purpose", "risks", "aftercare", "complications"]);
        foreach (var repeat in new[] { report, corrected })
        {
            (await Send(repeat)).Expect(HttpStatusCode.OK).Position.ShouldBe(changed.Position);
        }

        corrected["decidedOn"] = "2025-08-31";
        corrected["consentDetails"]!["familyInformed"] = false;
        (await Send(corrected)).Expect(HttpStatusCode.Conflict).Body!["errors"]!.AsArray().Select(e => e!["pointer"]!.GetValue<string>()).ShouldBe(["/decidedOn", "/consentDetails"]);
    }
}
