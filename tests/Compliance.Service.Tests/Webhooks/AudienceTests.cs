using System.Net;
using Compliance.Service.Tests.Scenarios;

namespace Compliance.Service.Tests.Webhooks;

/// <summary>Who is told what: each role what it may read, and nobody a case.</summary>
public sealed class AudienceTests
{
    private static IEnumerable<string> Told(Receiver receiver) => receiver.Taken.Select(r => $"{r.Type} {r.Subject}").Order(StringComparer.Ordinal);

    [Fact]
    public async Task Each_is_told_what_its_role_may_read()
    {
        await using var world = await WebhookWorld.Start();
        var (service, start) = (world.Service, WebhookWorld.Today);
        await world.World.Hospital("H1");
        await world.World.Hospital("H2");
        await world.World.Enforce(start, "confirm");
        // Four deaths of few, all by H1-A: the monitor proposes to suspend the hospital, and to warn its physician.
        await world.World.Import(Enumerable.Range(0, 4).Select(n => World.Case("H1", $"fatal {n}", start.AddDays(-60), died: true)));

        await using var national = await Receiver.Start();
        await using var province = await Receiver.Start();
        await using var elsewhere = await Receiver.Start();
        await using var own = await Receiver.Start();
        await using var others = await Receiver.Start();
        await using var physician = await Receiver.Start();
        await using var colleague = await Receiver.Start();
        await using var technique = await Receiver.Start();
        await world.SetUp(national.Url);
        await world.SetUp(province.Url, await world.World.Regulator);
        await world.SetUp(elsewhere.Url, await service.Token("regulator", province: "31"));
        var hospital = await world.SetUp(own.Url, await service.Token("hospital", institution: "H1"));
        await world.SetUp(others.Url, await service.Token("hospital", institution: "H2"));
        await world.SetUp(physician.Url, await service.Token("physician", physician: "H1-A"));
        await world.SetUp(colleague.Url, await service.Token("physician", physician: "H1-B"));
        await world.SetUp(technique.Url, technique: "comprehensive");

        await service.MoveTo(start.AddDays(1));
        var proposals = (await service.Get($"proposals?minPosition={await world.Head}", await world.World.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        var warning = proposals.Single(p => p!["subject"]!["id"]!.GetValue<string>() == "H1-A")!["proposalId"]!.GetValue<string>();
        (await service.Post($"proposals/{warning}/decide", new { agree = true, reason = "so" }, await world.World.Regulator)).Expect(HttpStatusCode.OK);
        await world.Act("H2", "suspend");

        string[] ofThePhysician = ["proposalDecided physician/H1-A/neurovascular", "warned physician/H1-A/neurovascular", "warningProposed physician/H1-A/neurovascular"];
        List<string> all = [];
        await Eventually.Holds("everybody is told everything", async () =>
        {
            all = [.. Told(national)];
            // Of different subjects none waits for another's, so the last act may be told before the first.
            return (await world.Show(hospital))["pending"]!.GetValue<int>() == 0
                && all.Contains("suspended institution/H2/neurovascular") && others.Taken.Any(r => r.Type == "suspended") && Told(province).SequenceEqual(all) && Told(physician).SequenceEqual(ofThePhysician);
        });
        all.ShouldContain("suspensionProposed institution/H1/neurovascular");
        // Of its physicians the standing only.
        Told(own).ShouldBe(all.Where(t => t.EndsWith(" institution/H1/neurovascular", StringComparison.Ordinal)).Append("warned physician/H1-A/neurovascular").Order(StringComparer.Ordinal));
        Told(others).ShouldAllBe(t => t.Contains("H2", StringComparison.Ordinal));
        Told(colleague).ShouldAllBe(t => t.Contains("physician/H1-B/", StringComparison.Ordinal));
        elsewhere.Requests.ShouldBeEmpty();
        technique.Requests.ShouldBeEmpty();

        var warned = own.Taken.Single(r => r.Type == "warned");
        warned.ContentType.ShouldStartWith("application/cloudevents+json");
        warned.Event["specversion"]!.GetValue<string>().ShouldBe("1.0");
        warned.Event["id"]!.GetValue<string>().ShouldBe(warned.Id);
        warned.Event["source"]!.GetValue<string>().ShouldBe("/api/v1");
        warned.Event["datacontenttype"]!.GetValue<string>().ShouldBe("application/json");
        DateTimeOffset.Parse(warned.Event["time"]!.GetValue<string>()).ShouldBeGreaterThan(TestService.Noon(start.AddDays(1)));
        (DateTimeOffset.UtcNow - warned.SentAt).ShouldBeLessThan(TimeSpan.FromMinutes(1), "the time of the attempt is real, whatever the demonstration's clock says");
        var data = warned.Event["data"]!;
        (data["technique"]!.GetValue<string>(), data["standing"]!.GetValue<string>(), data["judgedOn"]!.GetValue<string>(), data["effectiveOn"]!.GetValue<string>(), data["link"]!.GetValue<string>())
            .ShouldBe(("neurovascular", "warned", World.Text(start), World.Text(start.AddDays(2)), "/api/v1/qualifications/physician/H1-A/neurovascular"));
        warned.Event["sequence"]!.GetValue<string>().ShouldBe(data["position"]!.GetValue<long>().ToString("D19"));
        (await service.Get(data["link"]!.GetValue<string>(), hospital.Token)).Expect(HttpStatusCode.OK).Body!["standing"]!.GetValue<string>().ShouldBe("warned");
        others.Taken.Single(r => r.Type == "suspended").Event["data"]!["rectificationEndsOn"]!.GetValue<string>().ShouldBe("2025-12-03");

        // Neither a case nor what somebody wrote about it.
        foreach (var body in national.Taken.Select(r => r.Body))
        {
            body.ShouldNotContain("fatal");
            body.ShouldNotContain("case", Case.Insensitive);
            body.ShouldNotContain("reason");
        }
    }

    [Fact]
    public async Task An_owner_sees_its_own_webhooks_and_the_secret_once()
    {
        await using var world = await WebhookWorld.Start();
        await using var receiver = await Receiver.Start();
        await world.World.Hospital("H1");
        var service = world.Service;
        var (own, other) = (await service.Token("hospital", institution: "H1"), await service.Token("hospital", institution: "H2"));
        const string secret = "a secret of the receiver's choice";
        (await service.Post("webhooks", new { url = receiver.Url, secret }, own)).Expect(HttpStatusCode.BadRequest);
        var chosen = secret.Replace(' ', '_');
        async Task<Answer> Make(string key, string url) => await service.Send(HttpMethod.Post, "webhooks", new { url, secret = chosen }, own, headers: ("Idempotency-Key", key));
        var made = (await Make("k1", receiver.Url)).Expect(HttpStatusCode.Created).Body!;
        made["secret"]!.GetValue<string>().ShouldBe(chosen);
        (await Make("k1", receiver.Url)).Expect(HttpStatusCode.Created).Body!.ToJsonString().ShouldBe(made.ToJsonString());
        (await Make("k1", receiver.Url + "/2")).Expect(HttpStatusCode.UnprocessableEntity);

        var hook = new Hook(made["id"]!.GetValue<string>(), chosen, own);
        var list = (await service.Get("webhooks", own)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        list.ShouldHaveSingleItem()!["url"]!.GetValue<string>().ShouldBe(receiver.Url);
        list.ToJsonString().ShouldNotContain(chosen);
        (await world.Show(hook)).ToJsonString().ShouldNotContain(chosen);
        (await service.Get("webhooks", other)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldBeEmpty();
        (await service.Get($"webhooks/{hook.Id}", other)).Expect(HttpStatusCode.NotFound);

        await world.Act("H1", "suspend");
        await Eventually.Holds("it is told", () => receiver.Taken.Count == 1);
        receiver.Taken[0].IsSignedWith(chosen).ShouldBeTrue();

        (await service.Send(HttpMethod.Delete, $"webhooks/{hook.Id}", token: other)).Expect(HttpStatusCode.NotFound);
        (await service.Send(HttpMethod.Delete, $"webhooks/{hook.Id}", token: own)).Expect(HttpStatusCode.NoContent);
        (await service.Get($"webhooks/{hook.Id}", own)).Expect(HttpStatusCode.NotFound);
        (await service.Get("webhooks", own)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_owner_has_so_many_webhooks_and_pages_through_them()
    {
        await using var world = await WebhookWorld.Start();
        var (service, own) = (world.Service, await world.Service.Token("physician", physician: "P1"));
        var ids = new List<string>();
        for (var i = 0; i < Compliance.Service.Webhooks.WebhookEndpoints.MaxPerOwner; i++)
        {
            ids.Add((await world.SetUp($"http://127.0.0.1:1/{i}", own)).Id);
        }

        (await service.Post("webhooks", new { url = "http://127.0.0.1:1/" }, own)).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("tooManyWebhooks");
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await service.Get($"webhooks?limit=4{(cursor is null ? "" : $"&cursor={cursor}")}", own)).Expect(HttpStatusCode.OK).Body!;
            seen.AddRange(page["items"]!.AsArray().Select(w => w!["id"]!.GetValue<string>()));
            cursor = page["nextCursor"]?.GetValue<string>();
        }
        while (cursor is not null);
        // In the order of their ids: of two made in the same millisecond either may be the first.
        seen.ShouldBe(ids.Order(StringComparer.Ordinal));
        (await service.Send(HttpMethod.Delete, $"webhooks/{ids[0]}", token: own)).Expect(HttpStatusCode.NoContent);
        await world.SetUp("http://127.0.0.1:1/", own);
    }
}
