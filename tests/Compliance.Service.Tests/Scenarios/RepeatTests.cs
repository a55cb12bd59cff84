using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>One hospital on 1 September 2025.</summary>
public sealed class RepeatService : IAsyncLifetime
{
    public static readonly DateOnly Today = new(2025, 9, 1);

    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(Today);
        World = new(Service);
        await World.Hospital("H1");
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();
}

/// <summary>What is sent again changes nothing and is answered as before; what meanwhile moved is not overwritten.</summary>
public sealed class RepeatTests(RepeatService hospital) : IClassFixture<RepeatService>
{
    private static readonly DateOnly Day = RepeatService.Today.AddDays(-3);

    private static readonly object Vasospasm = new { code = "vasospasm", occurredOn = World.Text(Day), relation = "related" };

    private static readonly object Haematoma = new { code = "accessSiteHaematoma", occurredOn = World.Text(Day), relation = "related" };

    private static int _numbers;

    private TestService Service => hospital.Service;

    private Task<string> Hospital => Service.Token("hospital", institution: "H1");

    private static string NewNumber() => $"n{Interlocked.Increment(ref _numbers)}";

    private async Task<Answer> Post(string path, object body, string? key = null, string? ifMatch = null, string? token = null)
    {
        var headers = new List<(string, string)>();
        if (key is not null)
        {
            headers.Add(("Idempotency-Key", key));
        }

        if (ifMatch is not null)
        {
            headers.Add(("If-Match", ifMatch));
        }

        return await Service.Send(HttpMethod.Post, path, body is JsonObject json ? json.ToJsonString() : body, token ?? await Hospital, headers: [.. headers]);
    }

    private async Task<string> NewCase(bool died = false) =>
        (await Post("cases", World.Case("H1", NewNumber(), Day, died: died))).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();

    private async Task<JsonNode> Shown(string id) => (await Service.Get($"cases/{id}", await Hospital)).Expect(HttpStatusCode.OK).Body!;

    private async Task<string> ETagOf(string path) => (await Service.Get(path, await Hospital)).Expect(HttpStatusCode.OK).Response.Headers.ETag!.ToString();

    // Member by member: the order of an object's members means nothing.
    private static bool Same(Answer one, Answer other) => JsonNode.DeepEquals(one.Body, other.Body) && Equals(one.Response.Headers.ETag, other.Response.Headers.ETag);

    private Task<long> Head => Service.Get<IEventStore>().Head();

    [Fact]
    public async Task The_same_key_and_body_are_answered_the_same()
    {
        var report = World.Case("H1", NewNumber(), Day, died: true);
        var first = (await Post("cases", report, "k1")).Expect(HttpStatusCode.Created);
        var head = await Head;
        var again = (await Post("cases", report, "k1")).Expect(HttpStatusCode.Created);
        Same(again, first).ShouldBeTrue("the position included");

        // Also when the case is another since.
        var id = first.Body!["caseId"]!.GetValue<string>();
        (await Post($"cases/{id}/complications", Vasospasm)).Expect(HttpStatusCode.Created);
        Same((await Post("cases", report, "k1")).Expect(HttpStatusCode.Created), first).ShouldBeTrue();
        (await Head).ShouldBe(head + 1);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        (await Post("cases", World.Case("H1", NewNumber(), Day), "k2")).Expect(HttpStatusCode.Created);
        var head = await Head;
        var other = (await Post("cases", World.Case("H1", NewNumber(), Day), "k2")).Expect(HttpStatusCode.UnprocessableEntity);
        other.Body!["code"]!.GetValue<string>().ShouldBe("idempotencyKeyReused");
        (await Head).ShouldBe(head);
    }

    [Fact]
    public async Task A_key_is_one_callers_and_one_paths()
    {
        var report = World.Case("H1", NewNumber(), Day);
        var id = (await Post("cases", report, "k3")).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        (await Post("cases", World.Case("H1", NewNumber(), Day), "k3", token: await hospital.World.Regulator)).Expect(HttpStatusCode.Created);
        (await Post($"cases/{id}/complications", Vasospasm, "k3")).Expect(HttpStatusCode.Created);
        (await Post($"cases/{await NewCase()}/complications", Haematoma, "k3")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_refusal_is_not_kept_under_the_key()
    {
        var report = World.Case("H1", NewNumber(), Day);
        report["intent"] = "x";
        (await Post("cases", report, "k4")).Expect(HttpStatusCode.BadRequest);
        report["intent"] = "diagnostic";
        (await Post("cases", report, "k4")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_key_holds_for_what_was_asked_with_If_Match()
    {
        var id = await NewCase();
        var tag = await ETagOf($"cases/{id}");
        var first = (await Post($"cases/{id}/complications", Vasospasm, "k5", tag)).Expect(HttpStatusCode.Created);
        Same((await Post($"cases/{id}/complications", Vasospasm, "k5", tag)).Expect(HttpStatusCode.Created), first).ShouldBeTrue("its own first try moved the case");
        (await Post($"cases/{id}/complications", Haematoma, key: null, tag)).Expect(HttpStatusCode.PreconditionFailed);
    }

    [Fact]
    public async Task Twenty_at_once_with_one_key_are_one()
    {
        var id = await NewCase();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Post($"cases/{id}/complications", Vasospasm, "k6")));
        answers.ShouldAllBe(a => a.Status == HttpStatusCode.Created);
        answers.ShouldAllBe(a => Same(a, answers[0]));
        (await Shown(id))["complications"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task Of_ten_bodies_at_once_with_one_key_one_is_taken()
    {
        var id = await NewCase();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => Post($"cases/{id}/complications", new { code = "other", occurredOn = World.Text(Day.AddDays(n % 3)), relation = "related", severe = n >= 3 }, "k7")));
        var bodies = answers.GroupBy(a => a.Status).ToDictionary(g => g.Key, g => g.Count());
        // Bodies 3 to 9 say three things, some of them twice: who repeats the one taken is answered like it.
        bodies.Keys.ShouldBe([HttpStatusCode.Created, HttpStatusCode.UnprocessableEntity], ignoreOrder: true);
        answers.Where(a => a.Status == HttpStatusCode.Created).Select(a => a.Body!["complicationId"]!.GetValue<string>()).Distinct().Count().ShouldBe(1);
        (await Shown(id))["complications"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_change_made_on_an_old_representation_is_refused()
    {
        var id = await NewCase();
        var tag = await ETagOf($"cases/{id}");
        var moved = (await Post($"cases/{id}/complications", Vasospasm, ifMatch: tag)).Expect(HttpStatusCode.Created);
        moved.Response.Headers.ETag!.ToString().ShouldNotBe(tag);
        (await ETagOf($"cases/{id}")).ShouldBe(moved.Response.Headers.ETag.ToString());

        var head = await Head;
        var refused = (await Post($"cases/{id}/complications", Haematoma, ifMatch: tag)).Expect(HttpStatusCode.PreconditionFailed);
        refused.Body!["code"]!.GetValue<string>().ShouldBe("versionMoved");
        refused.Response.Headers.ETag.ShouldBe(moved.Response.Headers.ETag);
        (await Head).ShouldBe(head);

        (await Post($"cases/{id}/complications", Haematoma, ifMatch: $"{tag}, {moved.Response.Headers.ETag}")).Expect(HttpStatusCode.Created);
        (await Post($"cases/{id}/death", new { occurredOn = World.Text(Day), relation = "related" }, ifMatch: "*")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_entry_of_the_registry_is_changed_on_its_present_representation_alone()
    {
        async Task<Answer> Put(string name, string tag) => await Service.Send(
            HttpMethod.Put, "institutions/H1", new { name, province = World.Province, level = "tertiaryA" }, await hospital.World.Regulator, headers: ("If-Match", tag));
        var tag = await ETagOf("institutions/H1");
        (await Put("Renamed", tag)).Expect(HttpStatusCode.OK);
        (await Put("Renamed again", tag)).Expect(HttpStatusCode.PreconditionFailed);
        (await Put("Renamed again", await ETagOf("institutions/H1"))).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_equal_report_changes_nothing()
    {
        var report = World.Case("H1", NewNumber(), Day, died: true, complication: true);
        var first = (await Post("cases", report)).Expect(HttpStatusCode.Created);
        var head = await Head;
        var again = (await Post("cases", report)).Expect(HttpStatusCode.OK);
        again.Body!["caseId"]!.GetValue<string>().ShouldBe(first.Body!["caseId"]!.GetValue<string>());

        // The same said in other words: members in another order, the instant with another offset, null for what is left out.
        var other = new JsonObject(report.Reverse().Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        other["completedAt"] = $"{World.Text(Day)}T02:00:00Z";
        other["trainee"] = null;
        other["assistants"] = new JsonArray();
        (await Post("cases", other)).Expect(HttpStatusCode.OK);
        (await Head).ShouldBe(head);
    }

    [Fact]
    public async Task A_report_that_differs_is_told_where()
    {
        var report = World.Case("H1", NewNumber(), Day, complication: true);
        var id = (await Post("cases", report)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var head = await Head;
        report["operator"] = "H1-B";
        report["urgency"] = "elective";
        report["outcome"]!["death"] = new JsonObject { ["occurredOn"] = World.Text(Day), ["relation"] = "related" };
        var refused = (await Post("cases", report)).Expect(HttpStatusCode.Conflict);
        refused.Body!["code"]!.GetValue<string>().ShouldBe("caseDiffers");
        refused.Body["errors"]!.AsArray().Select(e => e!["pointer"]!.GetValue<string>()).ShouldBe(["/operator", "/urgency", "/outcome/death"], ignoreOrder: true);
        refused.Body["detail"]!.GetValue<string>().ShouldContain($"/api/v1/cases/{id}/corrections");
        (await Head).ShouldBe(head);
    }

    [Fact]
    public async Task After_a_correction_the_report_as_first_sent_and_as_it_stands_say_nothing_new()
    {
        var first = World.Case("H1", NewNumber(), Day, complication: true);
        // A mild one: with a grave one the correction would wait for the regulator.
        first["outcome"]!["complications"]![0]!["code"] = "accessSiteHaematoma";
        var id = (await Post("cases", first)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var corrected = first.DeepClone().AsObject();
        corrected["operator"] = "H1-B";
        var report = corrected.DeepClone().AsObject();
        report.Remove("outcome");
        (await Post($"cases/{id}/corrections", new JsonObject { ["reason"] = "wrong operator", ["report"] = report })).Expect(HttpStatusCode.OK);

        var head = await Head;
        (await Post("cases", first)).Expect(HttpStatusCode.OK);
        (await Post("cases", corrected)).Expect(HttpStatusCode.OK);
        (await Head).ShouldBe(head);
        (await Shown(id))["operator"]!.GetValue<string>().ShouldBe("H1-B", "the first says nothing new, and so undoes nothing");
        corrected["consent"] = "absent";
        (await Post("cases", corrected)).Expect(HttpStatusCode.Conflict).Body!["errors"]!.AsArray().Select(e => e!["pointer"]!.GetValue<string>()).ShouldBe(["/consent"]);
    }

    [Fact]
    public async Task A_voided_case_is_not_reported_again()
    {
        var report = World.Case("H1", NewNumber(), Day);
        var id = (await Post("cases", report)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        (await Post($"cases/{id}/void", new { reason = "never happened" })).Expect(HttpStatusCode.OK);
        var head = await Head;
        (await Post("cases", report)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("caseVoided");
        report["urgency"] = "elective";
        (await Post("cases", report)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("caseVoided");
        (await Post($"cases/{id}/complications", Vasospasm)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("caseVoided");
        // Voided again: as it is.
        (await Post($"cases/{id}/void", new { reason = "never happened" })).Expect(HttpStatusCode.OK);
        (await Head).ShouldBe(head);
    }

    [Fact]
    public async Task An_outcome_reported_again_is_one()
    {
        var id = await NewCase(died: true);
        var first = (await Post($"cases/{id}/complications", Vasospasm)).Expect(HttpStatusCode.Created).Body!["complicationId"]!.GetValue<string>();
        (await Post($"cases/{id}/incidents", new { grade = 2, determinedOn = World.Text(Day), relation = "related" })).Expect(HttpStatusCode.Created);
        var head = await Head;
        (await Post($"cases/{id}/complications", Vasospasm)).Expect(HttpStatusCode.OK).Body!["complicationId"]!.GetValue<string>().ShouldBe(first);
        (await Post($"cases/{id}/incidents", new { grade = 2, determinedOn = World.Text(Day), relation = "related" })).Expect(HttpStatusCode.OK);
        (await Post($"cases/{id}/death", new { occurredOn = World.Text(Day), relation = "related" })).Expect(HttpStatusCode.OK);
        (await Post($"cases/{id}/death", new { occurredOn = World.Text(Day.AddDays(1)), relation = "related" })).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("deathAlreadyReported");
        (await Head).ShouldBe(head);
    }
}
