using System.Net;
using Npgsql;

namespace Compliance.Service.Tests.Webhooks;

/// <summary>Receivers that fail, hang, answer 500, vanish and come back: nothing lost, order kept, no other slowed.</summary>
public sealed class DeliveryTests
{
    private static readonly string[] Hospitals = ["H1", "H2", "H3"];

    /// <summary>What each subject is told, in its order.</summary>
    private static readonly string[] Life = ["suspended", "suspensionLifted", "suspended", "suspensionLifted"];

    [Fact]
    public async Task Receivers_that_fail_hang_answer_500_and_vanish_lose_nothing_and_slow_nobody()
    {
        // An attempt may take longer than the test waits for the receiver that works.
        await using var world = await WebhookWorld.Start(timeout: 60_000);
        var released = new TaskCompletionSource();
        await using var works = await Receiver.Start();
        await using var fails = await Receiver.Answering(r => r.Attempt <= 2 ? 503 : 204);
        await using var hangs = await Receiver.Start(async (r, _) =>
        {
            await released.Task;
            return r.Attempt == 1 ? 500 : 200;
        });
        var broken = true;
        await using var breaks = await Receiver.Answering(_ => broken ? 500 : 200);
        await using var vanishes = await Receiver.Start();
        await vanishes.Vanish();
        foreach (var hospital in Hospitals)
        {
            await world.World.Hospital(hospital);
        }

        var receivers = new[] { works, fails, hangs, breaks, vanishes };
        var hooks = new List<Hook>();
        foreach (var receiver in receivers)
        {
            hooks.Add(await world.SetUp(receiver.Url));
        }

        // One that has to be cut off in the middle of its work.
        await vanishes.Appear();
        foreach (var hospital in Hospitals)
        {
            await world.Act(hospital, "suspend");
        }

        await Eventually.Holds("something arrives before it vanishes", () => vanishes.Requests.Count > 0);
        await vanishes.Vanish();
        foreach (var act in new[] { "lift", "suspend", "lift" })
        {
            foreach (var hospital in Hospitals)
            {
                await world.Act(hospital, act);
            }
        }

        await Eventually.Holds("the receiver that works has everything while another holds on to a request", () => works.Taken.Count == Hospitals.Length * Life.Length, TimeSpan.FromSeconds(10));
        await Eventually.Holds("so has the one that fails at first", () => fails.Taken.Count == Hospitals.Length * Life.Length);
        hangs.Taken.ShouldBeEmpty();
        breaks.Taken.ShouldBeEmpty();

        released.SetResult();
        broken = false;
        await vanishes.Appear();
        foreach (var (receiver, hook) in receivers.Zip(hooks))
        {
            await Eventually.Holds("nothing is lost", () => receiver.Taken.Count == Hospitals.Length * Life.Length);
            ShouldKeepOrder(receiver);
            receiver.Requests.ShouldAllBe(r => r.IsSignedWith(hook.Secret));
            await Eventually.Holds("all of it is noted", async () => (await world.Deliveries(hook, "delivered")).Count == Hospitals.Length * Life.Length);
            (await world.Show(hook))["pending"]!.GetValue<int>().ShouldBe(0);
        }

        // A body and its id are the same in every attempt and for every receiver.
        receivers.SelectMany(r => r.Requests).GroupBy(r => r.Id).ShouldAllBe(g => g.Select(r => r.Body).Distinct().Count() == 1);
    }

    /// <summary>Of a subject nothing is even sent before the one before it was taken.</summary>
    private static void ShouldKeepOrder(Receiver receiver)
    {
        foreach (var subject in receiver.Requests.GroupBy(r => r.Subject))
        {
            var requests = subject.ToList();
            requests.DistinctBy(r => r.Id).Select(r => r.Type).ShouldBe(Life);
            var sequences = requests.Select(r => r.Event["sequence"]!.GetValue<string>()).ToList();
            sequences.ShouldBe(sequences.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_receiver_that_never_answers_is_given_up_and_asked_again()
    {
        await using var world = await WebhookWorld.Start(timeout: 300);
        await using var hangs = await Receiver.Start(async (r, http) =>
        {
            if (r.Attempt == 1)
            {
                // Until the service hangs up.
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return 200;
        });
        await world.World.Hospital("H1");
        var hook = await world.SetUp(hangs.Url);
        await world.Act("H1", "suspend");
        await Eventually.Holds("it arrives", async () => (await world.Deliveries(hook, "delivered")).Count == 1);
        var delivery = (await world.Deliveries(hook)).ShouldHaveSingleItem();
        delivery["attempts"]!.GetValue<int>().ShouldBe(2);
        hangs.Requests.Select(r => r.Id).Distinct().ShouldHaveSingleItem().ShouldBe(delivery["messageId"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_dead_letter_is_seen_holds_back_its_subject_alone_and_is_repeated()
    {
        await using var world = await WebhookWorld.Start(attempts: 3);
        var broken = true;
        await using var receiver = await Receiver.Answering(r => broken && r.Subject.Contains("H1", StringComparison.Ordinal) ? 500 : 200);
        await world.World.Hospital("H1");
        await world.World.Hospital("H2");
        var hook = await world.SetUp(receiver.Url);
        await world.Act("H1", "suspend");
        await world.Act("H1", "lift");
        await world.Act("H2", "suspend");
        await Eventually.Holds("it is given up", async () => (await world.Deliveries(hook, "dead")).Count == 1);
        await Eventually.Holds("the other subject goes on", () => receiver.Taken.Count == 1);

        var dead = (await world.Deliveries(hook, "dead"))[0];
        (dead["attempts"]!.GetValue<int>(), dead["lastStatus"]!.GetValue<int>(), dead["lastError"]!.GetValue<string>(), dead["subject"]!.GetValue<string>(), dead["type"]!.GetValue<string>())
            .ShouldBe((3, 500, "status", "institution/H1/neurovascular", "compliance.qualification.suspended"));
        var shown = await world.Show(hook);
        (shown["dead"]!.GetValue<int>(), shown["pending"]!.GetValue<int>()).ShouldBe((1, 1));
        var waiting = (await world.Deliveries(hook, "pending")).ShouldHaveSingleItem();
        waiting["attempts"]!.GetValue<int>().ShouldBe(0);
        (await world.Resolve(hook, waiting, "skip")).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("deliveryNotDead");

        broken = false;
        (await world.Resolve(hook, dead, "repeat")).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("pending");
        await Eventually.Holds("both go out", () => receiver.Taken.Count == 3);
        receiver.Taken.Where(r => r.Subject.Contains("H1", StringComparison.Ordinal)).Select(r => r.Type).ShouldBe(["suspended", "suspensionLifted"]);
        await Eventually.Holds("and are noted", async () => (await world.Deliveries(hook, "delivered")).Count == 3);
        (await world.Resolve(hook, dead, "repeat")).Expect(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_dead_letter_that_is_skipped_lets_the_later_ones_go()
    {
        await using var world = await WebhookWorld.Start(attempts: 2);
        await using var receiver = await Receiver.Answering(r => r.Type == "suspended" ? 400 : 200);
        await world.World.Hospital("H1");
        var hook = await world.SetUp(receiver.Url);
        await world.Act("H1", "suspend");
        await world.Act("H1", "lift");
        await Eventually.Holds("it is given up", async () => (await world.Deliveries(hook, "dead")).Count == 1);
        receiver.Taken.ShouldBeEmpty();
        var dead = (await world.Deliveries(hook, "dead"))[0];
        foreach (var time in new[] { "once", "again" })
        {
            (await world.Resolve(hook, dead, "skip")).Expect(HttpStatusCode.OK).Body!["state"]!.GetValue<string>().ShouldBe("skipped", time);
        }

        await Eventually.Holds("the later one goes out", () => receiver.Taken.Select(r => r.Type).SequenceEqual(["suspensionLifted"]));
        (await world.Deliveries(hook, "skipped")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_restart_loses_nothing_and_another_node_may_be_asked()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var receiver = await Receiver.Start();
        await receiver.Vanish();
        Hook hook;
        await using (var first = await WebhookWorld.Start(database))
        {
            await first.World.Hospital("H1");
            await using var second = await WebhookWorld.Start(database, again: true);
            hook = await second.SetUp(receiver.Url);
            await second.Act("H1", "suspend");
            await second.Act("H1", "lift");
            await Eventually.Holds("it is tried", async () => (await second.Deliveries(hook)) is [var tried, _] && tried["attempts"]!.GetValue<int>() > 0);
            (await second.Deliveries(hook))[0]["lastError"]!.GetValue<string>().ShouldBe("connectionError");
        }

        await receiver.Appear();
        await using var third = await WebhookWorld.Start(database, again: true);
        hook = hook with { Token = await third.Service.National };
        await third.Act("H1", "suspend");
        await Eventually.Holds("all arrives", () => receiver.Taken.Count == 3);
        receiver.Taken.Select(r => r.Type).ShouldBe(["suspended", "suspensionLifted", "suspended"]);
        receiver.Requests.ShouldAllBe(r => r.IsSignedWith(hook.Secret));
        (await third.Deliveries(hook)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task What_is_under_way_when_the_service_ends_goes_out_again_with_the_same_id()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var receiver = await Receiver.Start(async (r, http) =>
        {
            if (r.Attempt == 1)
            {
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return 200;
        });
        Hook hook;
        await using (var first = await WebhookWorld.Start(database, timeout: 60_000))
        {
            await first.World.Hospital("H1");
            hook = await first.SetUp(receiver.Url);
            await first.Act("H1", "suspend");
            await first.Act("H1", "lift");
            await Eventually.Holds("it is under way", () => receiver.Requests.Count == 1);
        }

        await using var second = await WebhookWorld.Start(database, again: true);
        hook = hook with { Token = await second.Service.National };
        await Eventually.Holds("both arrive", async () => (await second.Deliveries(hook, "delivered")).Count == 2);
        receiver.Requests[1].Id.ShouldBe(receiver.Requests[0].Id);
        receiver.Requests.DistinctBy(r => r.Id).Select(r => r.Type).ShouldBe(["suspended", "suspensionLifted"]);
    }

    [Fact]
    public async Task What_was_delivered_long_ago_is_removed_and_what_was_not_is_kept()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var receiver = await Receiver.Answering(r => r.Type == "suspended" ? 200 : 500);
        Hook hook;
        await using (var world = await WebhookWorld.Start(database, attempts: 1))
        {
            await world.World.Hospital("H1");
            hook = await world.SetUp(receiver.Url);
            await world.Act("H1", "suspend");
            await world.Act("H1", "lift");
            await Eventually.Holds("one is delivered, one dead", async () => (await world.Deliveries(hook)).Select(d => d["state"]!.GetValue<string>()).SequenceEqual(["delivered", "dead"]));
        }

        await using (var source = NpgsqlDataSource.Create(database))
        {
            await using var command = source.CreateCommand(
                "update compliance.webhook_deliveries set created_at = created_at - interval '31 days', settled_at = settled_at - interval '31 days'");
            (await command.ExecuteNonQueryAsync()).ShouldBe(2);
        }

        await using var later = await WebhookWorld.Start(database, again: true);
        hook = hook with { Token = await later.Service.National };
        await Eventually.Holds("the delivered one is removed", async () => (await later.Deliveries(hook)).Select(d => d["state"]!.GetValue<string>()).SequenceEqual(["dead"]));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_410_ends_the_webhook()
    {
        await using var world = await WebhookWorld.Start();
        await using var receiver = await Receiver.Answering(r => r.Attempt == 1 ? 302 : 410);
        await world.World.Hospital("H1");
        var hook = await world.SetUp(receiver.Url);
        await world.Act("H1", "suspend");
        await Eventually.Holds("it ends", async () => (await world.Show(hook))["endedBecause"]?.GetValue<string>() == "gone");
        receiver.Requests.Select(r => r.Path).Distinct().ShouldBe(["/hook"]);
        var delivery = (await world.Deliveries(hook)).ShouldHaveSingleItem();
        (delivery["state"]!.GetValue<string>(), delivery["lastStatus"]!.GetValue<int>()).ShouldBe(("pending", 410));
        (await world.Resolve(hook, delivery, "repeat")).Expect(HttpStatusCode.Conflict).Body!["code"]!.GetValue<string>().ShouldBe("webhookEnded");

        // Nothing is turned for it any more; a second one, set up since, shows that something was.
        await using var other = await Receiver.Start();
        await world.SetUp(other.Url);
        await world.Act("H1", "lift");
        await Eventually.Holds("the other is told", () => other.Taken.Select(r => r.Type).SequenceEqual(["suspensionLifted"]));
        (await world.Deliveries(hook)).Count.ShouldBe(1);
        receiver.Requests.Count.ShouldBe(2);
    }
}
