using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>One patient reported twice: shown, never refused, whichever report came first. H1 and H2 lie in 11, H3 in 31.</summary>
public sealed class DuplicateWorld : IAsyncLifetime
{
    private int _numbers;

    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(new DateOnly(2025, 9, 10));
        World = new(Service);
        await World.Hospital("H1");
        await World.Hospital("H2");
        (await Service.Put("institutions/H3", new { name = "Hospital H3", province = "31", level = "tertiaryA" }, await Service.National)).Expect(HttpStatusCode.Created);
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();

    public string NewName(string what) => $"{what} {Interlocked.Increment(ref _numbers)}";
}

public sealed class PossibleDuplicateTests(DuplicateWorld world) : IClassFixture<DuplicateWorld>
{
    private static readonly DateOnly Day = new(2025, 9, 1);

    private TestService Service => world.Service;

    private JsonObject Case(string pseudonym, string institution, string by, DateOnly? on = null, string technique = "neurovascular")
    {
        var report = World.Case(institution, world.NewName("c"), on ?? Day, by: by, technique: technique, code: technique == "comprehensive" ? "CI-L3-05" : null);
        report["patient"] = new JsonObject { ["pseudonym"] = pseudonym };
        return report;
    }

    private static bool In(JsonNode answer, string property) => answer[property]!.AsArray().Any(f => f!.GetValue<string>() == "possibleDuplicate");

    private Task<string> Own(string institution) => Service.Token("hospital", institution: institution);

    private async Task<(string Id, bool Flagged)> Report(JsonObject report)
    {
        var answer = (await Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await Own((string)report["institution"]!))).Expect(HttpStatusCode.Created).Body!;
        return (answer["caseId"]!.GetValue<string>(), In(answer, "flags"));
    }

    private async Task<JsonNode> Get(string path, string token) => (await Service.Get($"{path}{(path.Contains('?') ? '&' : '?')}minPosition={await Service.Get<IEventStore>().Head()}", token)).Expect(HttpStatusCode.OK).Body!;

    private async Task<bool> Flagged(string id, string which = "flags") => In(await Get($"cases/{id}", await Service.National), which);

    /// <summary>What of the second differs from a treatment of H1 by H1-A on the day; and whether they look alike.</summary>
    public static TheoryData<string, string, string, int, string, bool> Seconds => new()
    {
        { "the same operator", "H1", "H1-A", 0, "neurovascular", true },
        { "another operator of the same hospital", "H1", "H1-B", 0, "neurovascular", false },
        { "another hospital", "H2", "H2-A", 0, "neurovascular", true },
        { "another hospital, the same operator", "H2", "H1-A", 0, "neurovascular", true },
        { "a hospital of another province", "H3", "nobody", 0, "neurovascular", true },
        { "another hospital the day after", "H2", "H2-A", 1, "neurovascular", false },
        { "the same operator the day before", "H1", "H1-A", -1, "neurovascular", false },
        { "another hospital, another technique", "H2", "H2-A", 0, "comprehensive", true },
        { "the same operator, another technique", "H1", "H1-A", 0, "comprehensive", true },
        { "another operator, another technique", "H1", "H1-B", 0, "comprehensive", false },
    };

    [Theory]
    [MemberData(nameof(Seconds))]
    public async Task Both_are_flagged_whichever_comes_first(string what, string institution, string by, int days, string technique, bool alike)
    {
        foreach (var secondFirst in (bool[])[false, true])
        {
            var patient = world.NewName("patient");
            var (a, b) = (Case(patient, "H1", "H1-A"), Case(patient, institution, by, Day.AddDays(days), technique));
            var (first, second) = (await Report(secondFirst ? b : a), await Report(secondFirst ? a : b));
            (first.Flagged, second.Flagged).ShouldBe((false, alike), what);
            (await Flagged(first.Id), await Flagged(second.Id)).ShouldBe((alike, alike), what);
            (await Flagged(first.Id, "flagsWhenReported"), await Flagged(second.Id, "flagsWhenReported")).ShouldBe((false, alike), what);
        }
    }

    [Fact]
    public async Task They_are_found_in_one_import()
    {
        var (one, two) = (world.NewName("patient"), world.NewName("patient"));
        var lines = new[]
        {
            Case(one, "H1", "H1-A"), Case(one, "H1", "H1-B"), Case(one, "H2", "H2-A"), Case(one, "H2", "H2-B"), Case(one, "H1", "H1-C"), Case(one, "H2", "H2-A", Day.AddDays(1)),
            Case(two, "H1", "H1-A"), Case(two, "H1", "H1-B"), Case(two, "H1", "H1-A"),
        };
        await world.World.Import(lines);
        var (now, answered) = ("", "");
        foreach (var line in lines)
        {
            var id = (await Service.Send(HttpMethod.Post, "cases", line.ToJsonString(), await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!["caseId"]!.GetValue<string>();
            now += await Flagged(id) ? 'x' : '.';
            answered += await Flagged(id, "flagsWhenReported") ? 'x' : '.';
        }

        now.ShouldBe("xxxxx." + "x.x");
        answered.ShouldBe("..xxx." + "..x", "the first did not know of those behind it");
    }

    [Fact]
    public async Task A_correction_or_a_void_of_one_frees_the_other()
    {
        var patient = world.NewName("patient");
        var (a, b) = (Case(patient, "H1", "H1-A"), Case(patient, "H2", "H2-A"));
        var (first, second) = ((await Report(a)).Id, (await Report(b)).Id);
        async Task Correct(Action<JsonObject> change)
        {
            b.Remove("outcome");
            change(b);
            (await Service.Send(HttpMethod.Post, $"cases/{second}/corrections", new JsonObject { ["reason"] = "r", ["report"] = b.DeepClone() }.ToJsonString(), await Own("H2"))).Expect(HttpStatusCode.OK);
        }

        async Task Flags(bool both) => (await Flagged(first), await Flagged(second)).ShouldBe((both, both));
        await Flags(true);
        await Correct(r => r["completedAt"] = "2025-09-02T10:00:00+08:00");
        await Flags(false);
        await Correct(r => r["completedAt"] = "2025-09-01T22:00:00+08:00");
        await Flags(true);
        await Correct(r => r["patient"] = new JsonObject { ["pseudonym"] = world.NewName("patient") });
        await Flags(false);
        await Correct(r => r["patient"] = new JsonObject { ["pseudonym"] = patient });
        await Flags(true);
        (await Service.Post($"cases/{second}/void", new { reason = "H1's patient" }, await Own("H2"))).Expect(HttpStatusCode.OK);
        (await Flagged(first)).ShouldBeFalse();
    }

    [Fact]
    public async Task Which_they_are_the_regulator_learns_and_the_hospital_of_its_own()
    {
        var patient = world.NewName("patient");
        var ((a, _), (b, _), (c, _)) = (await Report(Case(patient, "H1", "H1-A")), await Report(Case(patient, "H1", "H1-A")), await Report(Case(patient, "H3", "nobody")));
        async Task<JsonNode> Of(string id, string token) => await Get($"cases/{id}/possible-duplicates", token);
        static string[] Told(JsonNode answer) => [.. answer["items"]!.AsArray().Select(i => $"{i!["caseId"]} {i["institution"]} {i["sameOperator"]}").Order()];

        var toRegulator = await Of(a, await world.World.Regulator);
        Told(toRegulator).ShouldBe(new[] { $"{b} H1 true", $"{c} H3 false" }.Order());
        toRegulator["elsewhere"]!.GetValue<bool>().ShouldBeFalse();
        var toHospital = await Of(a, await Own("H1"));
        (Told(toHospital).ShouldHaveSingleItem(), toHospital["elsewhere"]!.GetValue<bool>()).ShouldBe(($"{b} H1 true", true));
        toHospital.ToJsonString().ShouldNotContain("H3");
        // H3 learns that there is one, and neither whose nor how many.
        (await Of(c, await Own("H3"))).ToJsonString().ShouldBe("""{"items":[],"elsewhere":true}""");
        // The physician of both reads both.
        Told(await Of(a, await Service.Token("physician", physician: "H1-A"))).ShouldBe([$"{b} H1 true"]);
        (await Of((await Report(Case(world.NewName("patient"), "H1", "H1-A"))).Id, await world.World.Regulator)).ToJsonString().ShouldBe("""{"items":[],"elsewhere":false}""");
        (await Of((await Report(World.Case("H1", world.NewName("c"), Day))).Id, await world.World.Regulator)).ToJsonString().ShouldBe("""{"items":[],"elsewhere":false}""");

        // Who is told of a case has read it; who is told only that there is one has not.
        await using var command = Service.Get<NpgsqlDataSource>().CreateCommand("select count(*) from compliance.patient_reads where case_id = $1 and role = $2");
        command.Parameters.Add(new() { Value = Guid.Parse(c) });
        command.Parameters.Add(new() { Value = "regulator" });
        ((long)(await command.ExecuteScalarAsync())!).ShouldBe(1);
        (command.Parameters[0].Value, command.Parameters[1].Value) = (Guid.Parse(a), "hospital");
        ((long)(await command.ExecuteScalarAsync())!).ShouldBe(1, "H1 read its own, and H3 nothing of it");

        // The list of cases finds them by their flag.
        (await Get("cases?institution=H3&flag=possibleDuplicate&limit=500", await Own("H3")))["items"]!.AsArray().Select(i => i!["caseId"]!.GetValue<string>()).ShouldContain(c);
    }

    /// <summary>A word typed where nothing was known would make thousands of patients one; the cost of a case must not follow their number.</summary>
    [Fact]
    public async Task A_pseudonym_of_more_cases_than_one_person_has_is_nobodys()
    {
        var nobody = world.NewName("unknown");
        await world.World.Import(Enumerable.Range(1, 99).Select(n => Case(nobody, "H1", "H1-A", Day.AddDays(-n))));
        var (twin, _) = await Report(Case(nobody, "H2", "H2-A", Day.AddDays(-50)));
        (await Flagged(twin)).ShouldBeTrue("a hundred are still one patient's");
        var (last, _) = await Report(Case(nobody, "H1", "H1-B", Day.AddDays(-200)));
        (await Flagged(twin), await Flagged(last)).ShouldBe((false, false));
        // The same operator's day is looked at all the same.
        var (again, flagged) = await Report(Case(nobody, "H1", "H1-B", Day.AddDays(-200)));
        (flagged, await Flagged(again), await Flagged(last)).ShouldBe((true, true, true));
    }
}
