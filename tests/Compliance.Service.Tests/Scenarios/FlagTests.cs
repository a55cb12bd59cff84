using System.Net;
using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>
/// A world on 3 September 2025 in which much begins on 27 August: the grant of H1-C, the move of H1-D from H2 to H1, the title of H5-C, the grant of H6. H7 and H1-S are suspended from 2 September.
/// </summary>
public sealed class FlagService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(new DateOnly(2025, 9, 1));
        World = new(Service);
        var regulator = await World.Regulator;
        foreach (var id in new[] { "H1", "H2", "H7" })
        {
            await World.Hospital(id);
        }

        await World.Hospital("H5", technique: "comprehensive");
        await World.Hospital("H6", qualified: false);
        foreach (var id in new[] { "H1-C", "H1-S", "H1-U" })
        {
            await World.Physician(id, "H1");
        }

        async Task Physician(string id, object titles, params object[] registrations) =>
            (await Service.Put($"physicians/{id}", new { name = $"Doctor {id}", titles, licenceScope = "surgery", specialty = "neurosurgery", registrations }, regulator)).Expect(HttpStatusCode.Created);
        await Physician(
            "H1-D",
            new[] { new { title = "chief", from = "2010-01-01" } },
            new { institution = "H2", from = "2010-01-01", to = "2025-08-26", main = true },
            new { institution = "H1", from = "2025-08-27", main = true });
        await Physician(
            "H5-C",
            new[] { new { title = "attending", from = "2010-01-01" }, new { title = "associateChief", from = "2025-08-27" } },
            new { institution = "H5", from = "2010-01-01", main = true });
        object Granted(string kind, string subject, string from, string technique = "neurovascular") => new { kind, subject, technique, grantedOn = from, reference = "r" };
        (await Service.Import(
            "qualifications/import",
            [
                Granted("physician", "H1-C", "2025-08-27"), Granted("physician", "H1-D", "2020-01-01"), Granted("physician", "H1-S", "2020-01-01"), Granted("physician", "H5-C", "2020-01-01", "comprehensive"),
                Granted("institution", "H6", "2025-08-27"), Granted("physician", "H6-A", "2020-01-01"), Granted("physician", "H6-B", "2020-01-01"),
            ],
            regulator)).Expect(HttpStatusCode.OK).Body!["accepted"]!.GetValue<int>().ShouldBe(7);
        foreach (var path in new[] { "institution/H7", "physician/H1-S" })
        {
            var suspended = (await Service.Post($"qualifications/{path}/neurovascular/suspend", new { reason = "inspection" }, regulator)).Expect(HttpStatusCode.OK);
            suspended.Body!["effectiveOn"]?.GetValue<string>().ShouldBe("2025-09-02");
        }

        await Service.MoveTo(new DateOnly(2025, 9, 3));
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();
}

/// <summary>Nothing reported is turned away for being irregular: each flag with a case that earns it, and one at the boundary that does not.</summary>
public sealed class FlagTests(FlagService world) : IClassFixture<FlagService>
{
    private const string Sound = "";

    private static int _numbers;

    private static string NewNumber() => $"f{Interlocked.Increment(ref _numbers)}";

    /// <summary>Who, where, when, what else the report says; and the flags it is answered with.</summary>
    public static TheoryData<string, string, string, string, string, string> Table => new()
    {
        { "sound", "H1-A", "H1", "2025-08-27", "{}", Sound },

        { "operator nobody knows", "nobody", "H1", "2025-08-27", "{}", "operatorUnknown operatorNotQualified" },
        { "operator known, never qualified", "H1-U", "H1", "2025-08-27", "{}", "operatorNotQualified" },
        { "operator qualified from that day", "H1-C", "H1", "2025-08-27", "{}", Sound },
        { "operator qualified from the next day", "H1-C", "H1", "2025-08-26", "{}", "operatorNotQualified" },
        { "operator qualified for another technique", "H5-A", "H1", "2025-08-27", "{}", "operatorNotQualified operatorNotRegistered" },
        { "operator suspended from that day", "H1-S", "H1", "2025-09-02", "{}", "operatorSuspended" },
        { "operator suspended from the next day", "H1-S", "H1", "2025-09-01", "{}", Sound },

        { "operator registered from that day", "H1-D", "H1", "2025-08-27", "{}", Sound },
        { "operator registered from the next day", "H1-D", "H1", "2025-08-26", "{}", "operatorNotRegistered visitingExpert" },
        { "operator registered until that day", "H1-D", "H2", "2025-08-26", """{ "decidedBy": ["H2-A", "H2-B"] }""", Sound },
        { "operator registered until the day before", "H1-D", "H2", "2025-08-27", """{ "decidedBy": ["H2-A", "H2-B"] }""", "operatorNotRegistered visitingExpert" },
        { "operator of another hospital, suspended from that day", "H1-S", "H2", "2025-09-02", """{ "decidedBy": ["H2-A", "H2-B"] }""", "operatorSuspended operatorNotRegistered" },
        { "operator of another hospital, suspended from the next day", "H1-S", "H2", "2025-09-01", """{ "decidedBy": ["H2-A", "H2-B"] }""", "operatorNotRegistered visitingExpert" },

        { "associate chief from that day, level 3", "H5-C", "H5", "2025-08-27", """{ "technique": "comprehensive", "procedureCodes": ["CI-L3-05"] }""", Sound },
        { "attending until that day, level 3", "H5-C", "H5", "2025-08-26", """{ "technique": "comprehensive", "procedureCodes": ["CI-L3-05"] }""", "titleTooLow" },
        { "attending, level 1", "H5-C", "H5", "2025-08-26", """{ "technique": "comprehensive", "procedureCodes": ["CI-L1-04"] }""", Sound },
        { "nobody qualified, level 1", "H1-A", "H1", "2025-08-26", """{ "technique": "comprehensive", "procedureCodes": ["CI-L1-04"] }""", Sound },
        { "nobody qualified, level 3", "H1-A", "H1", "2025-08-26", """{ "technique": "comprehensive", "procedureCodes": ["CI-L1-04", "CI-L3-05"] }""", "operatorNotQualified institutionNotQualified tooFewDeciders" },

        { "institution qualified from that day", "H6-A", "H6", "2025-08-27", "{}", Sound },
        { "institution qualified from the next day", "H6-A", "H6", "2025-08-26", "{}", "institutionNotQualified" },
        { "institution suspended from that day", "H7-A", "H7", "2025-09-02", "{}", "institutionSuspended" },
        { "institution suspended from the next day", "H7-A", "H7", "2025-09-01", "{}", Sound },

        { "two deciders", "H1-A", "H1", "2025-08-27", """{ "decidedBy": ["H1-A", "H1-B"] }""", Sound },
        { "one decider", "H1-A", "H1", "2025-08-27", """{ "decidedBy": ["H1-A"] }""", "tooFewDeciders" },
        { "no decider", "H1-A", "H1", "2025-08-27", """{ "decidedBy": null }""", "tooFewDeciders" },
        { "two deciders, one of another hospital", "H1-A", "H1", "2025-08-27", """{ "decidedBy": ["H1-A", "H2-A"] }""", "tooFewDeciders" },
        { "two deciders, one not qualified", "H1-A", "H1", "2025-08-27", """{ "decidedBy": ["H1-A", "H1-U"] }""", "tooFewDeciders" },
        { "decided in the instant of the start", "H1-A", "H1", "2025-08-27", """{ "startedAt": "2025-08-27T08:00:00+08:00", "decidedAt": "2025-08-27T00:00:00Z" }""", Sound },
        { "decided a second after the start", "H1-A", "H1", "2025-08-27", """{ "startedAt": "2025-08-27T08:00:00+08:00", "decidedAt": "2025-08-27T00:00:01Z" }""", "decidedAfterStart" },
        { "three deciders, one not qualified", "H1-A", "H1", "2025-08-27", """{ "decidedBy": ["H1-A", "H1-U", "H1-B"] }""", Sound },

        { "consent absent", "H1-A", "H1", "2025-08-27", """{ "consent": "absent" }""", "consentAbsent" },
        { "consent not said", "H1-A", "H1", "2025-08-27", """{ "consent": null }""", "consentAbsent" },
        { "consent by the institution in an emergency", "H1-A", "H1", "2025-08-27", """{ "consent": "emergencyApproved", "urgency": "emergency" }""", Sound },

        { "consent by the institution, elective", "H1-A", "H1", "2025-08-27", """{ "consent": "emergencyApproved", "urgency": "elective" }""", "consentNotApproved" },
        { "signed before the start", "H1-A", "H1", "2025-08-27", """{ "startedAt": "2025-08-27T08:00:00+08:00", "consentDetails": { "signedAt": "2025-08-27T07:59:59+08:00", "familyInformed": true } }""", Sound },
        { "signed in the instant of the start", "H1-A", "H1", "2025-08-27", """{ "startedAt": "2025-08-27T08:00:00+08:00", "consentDetails": { "signedAt": "2025-08-27T08:00:00+08:00" } }""", "consentAfterStart" },
        { "signed, the family not told", "H1-A", "H1", "2025-08-27", """{ "consentDetails": { "patientInformed": true, "familyInformed": false } }""", "consentIncomplete" },

        { "an emergency by one who may not", "H1-U", "H1", "2025-08-27", """{ "urgency": "emergency" }""", "operatorNotQualified emergency" },
        { "urgent, by one who may not", "H1-U", "H1", "2025-08-27", """{ "urgency": "urgent" }""", "operatorNotQualified" },
        { "an emergency with too few deciders", "H1-A", "H1", "2025-08-27", """{ "urgency": "emergency", "decidedBy": [] }""", "tooFewDeciders" },

        { "diagnostic, by one who may not", "H1-U", "H1", "2025-08-27", """{ "intent": "diagnostic" }""", "operatorNotQualified" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task A_fresh_report_is_flagged(string what, string by, string institution, string on, string changes, string flags)
    {
        var report = World.Case(institution, NewNumber(), DateOnly.Parse(on), by: by);
        foreach (var (property, value) in JsonNode.Parse(changes)!.AsObject())
        {
            report[property] = value?.DeepClone();
        }

        (await Flags(report)).ShouldBe(flags, what);
    }

    [Fact]
    public async Task What_looks_reported_before_is_flagged()
    {
        JsonObject Report(string pseudonym, string on = "2025-08-27", string by = "H1-A", string institution = "H1")
        {
            var report = World.Case(institution, NewNumber(), DateOnly.Parse(on), by: by);
            report["decidedBy"] = new JsonArray($"{institution}-A", $"{institution}-B");
            report["patient"] = new JsonObject { ["pseudonym"] = pseudonym };
            return report;
        }

        (await Flags(Report("patient 1"))).ShouldBe(Sound);
        (await Flags(Report("patient 1"))).ShouldBe("possibleDuplicate");
        (await Flags(Report("patient 1", on: "2025-08-28"))).ShouldBe(Sound, "another day");
        (await Flags(Report("patient 1", by: "H1-B"))).ShouldBe(Sound, "another operator");
        (await Flags(Report("patient 2"))).ShouldBe(Sound, "another patient");
        (await Flags(Report("patient 1", institution: "H2"))).ShouldBe("operatorNotRegistered visitingExpert possibleDuplicate", "pseudonyms of a province's hospitals meet");
        (await Flags(Report("patient 1", by: "H2-A", institution: "H2"))).ShouldBe("possibleDuplicate", "another hospital, whoever operated");
        (await Flags(World.Case("H1", NewNumber(), new DateOnly(2025, 8, 27)))).ShouldBe(Sound, "nobody is not the same patient as nobody");
    }

    [Fact]
    public async Task A_report_is_late_from_the_first_instant_after_its_deadline()
    {
        // Monday 1 September: the ten working days after it are 2–5, 8–12 and 15 September.
        var monday = new DateOnly(2025, 9, 1);
        await using var service = await TestService.Start(monday);
        var there = new World(service);
        await there.Hospital("H1");
        await there.Hospital("H5", technique: "comprehensive");
        async Task<(string Timeliness, string? Deadline, string Flags)> Report(JsonObject report)
        {
            var answer = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await there.Regulator)).Expect(HttpStatusCode.Created).Body!;
            return (answer["timeliness"]!.GetValue<string>(), answer["deadline"]?.GetValue<string>(), string.Join(' ', answer["flags"]!.AsArray().Select(f => f!.GetValue<string>())));
        }

        JsonObject Comprehensive(string code) => World.Case("H5", NewNumber(), monday, technique: "comprehensive", code: code);

        await service.MoveClock(new DateTimeOffset(2025, 9, 15, 23, 57, 0, TimeSpan.FromHours(8)));
        (await Report(World.Case("H1", NewNumber(), monday))).ShouldBe(("onTime", "2025-09-15", Sound));
        (await Report(Comprehensive("CI-L3-05"))).ShouldBe(("onTime", "2025-09-15", Sound));

        await service.MoveClock(new DateTimeOffset(2025, 9, 16, 0, 2, 0, TimeSpan.FromHours(8)));
        (await Report(World.Case("H1", NewNumber(), monday))).ShouldBe(("late", "2025-09-15", "late"));
        (await Report(World.Case("H1", NewNumber(), monday.AddDays(1)))).ShouldBe(("onTime", "2025-09-16", Sound));
        (await Report(Comprehensive("CI-L3-05"))).ShouldBe(("late", "2025-09-15", "late"));

        // Only therapeutic neurovascular cases and comprehensive ones of level 3 or 4 have a deadline.
        (await Report(World.Case("H1", NewNumber(), monday, therapeutic: false))).ShouldBe(("noDeadline", null, Sound));
        (await Report(Comprehensive("CI-L1-04"))).ShouldBe(("noDeadline", null, Sound));
    }

    /// <summary>The flags a report is answered with, which are also those shown.</summary>
    private async Task<string> Flags(JsonObject report)
    {
        static string In(JsonNode answer, string property) => string.Join(' ', answer[property]!.AsArray().Select(f => f!.GetValue<string>()));
        var service = world.Service;
        var answer = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await world.World.Regulator)).Expect(HttpStatusCode.Created);
        var shown = (await service.Get($"cases/{answer.Body!["caseId"]!.GetValue<string>()}?minPosition={answer.Position}", await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!;
        In(shown, "flags").ShouldBe(In(answer.Body!, "flags"));
        In(shown, "flagsWhenReported").ShouldBe(In(answer.Body!, "flags"));
        return In(answer.Body!, "flags");
    }
}
