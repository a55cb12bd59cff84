using Compliance.Service.EventStore;
using Compliance.Service.Webhooks;
using Npgsql;

namespace Compliance.Service.Tests.Webhooks;

/// <summary>From the log to deliveries: each event once for each webhook that was there, whoever believes to be the owner.</summary>
public sealed class DispatchTests
{
    private static readonly string[] Hospitals = ["H1", "H2", "H3"];

    [Fact]
    public async Task A_webhook_set_up_in_the_midst_of_events_is_told_those_behind_its_position_and_no_others()
    {
        await using var world = await WebhookWorld.Start();
        await using var receiver = await Receiver.Start();
        foreach (var hospital in Hospitals)
        {
            await world.World.Hospital(hospital);
        }

        var first = await world.SetUp(receiver.Url);
        var enough = false;
        var acting = Task.WhenAll(Hospitals.Select(async hospital =>
        {
            for (var i = 0; i < 100 && !Volatile.Read(ref enough); i++)
            {
                await world.Act(hospital, i % 2 == 0 ? "suspend" : "lift");
            }
        }));
        var made = new List<(string Id, long Position, string Token)>();
        foreach (var token in new[] { await world.World.Regulator, await world.Service.National })
        {
            for (var i = 0; i < 8; i++)
            {
                var hook = (await world.Service.Post("webhooks", new { url = receiver.Url }, token)).Expect(System.Net.HttpStatusCode.Created);
                made.Add((hook.Body!["id"]!.GetValue<string>(), hook.Position, token));
                await Eventually.Holds("the next begins elsewhere", async () => await world.Head > hook.Position);
            }
        }

        Volatile.Write(ref enough, true);
        await acting;
        var all = (await world.Deliveries(first)).Select(d => d["position"]!.GetValue<long>()).ToList();
        made.Select(m => m.Position).ShouldBeUnique("they began in the midst of it");
        foreach (var (id, position, token) in made)
        {
            (await world.Deliveries(new(id, "", token))).Select(d => d["position"]!.GetValue<long>()).ShouldBe(all.Where(p => p > position));
        }
    }

    /// <summary>The moment between reading the head and being there for others to see.</summary>
    [Fact]
    public async Task Events_wait_for_a_webhook_that_is_being_set_up_and_it_for_them()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var world = await WebhookWorld.Start(database);
        await using var receiver = await Receiver.Start();
        await world.World.Hospital("H1");
        var first = await world.SetUp(receiver.Url);
        await using var source = NpgsqlDataSource.Create(database);
        async Task<bool> SomebodyWaits()
        {
            await using var waiting = source.CreateCommand("select exists (select from pg_locks where locktype = 'advisory' and not granted and classid = $1 and database = (select oid from pg_database where datname = current_database()))");
            waiting.Parameters.Add(new() { Value = 0x686f_6f6bu, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid });
            return (bool)(await waiting.ExecuteScalarAsync())!;
        }

        Guid between;
        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await WebhookRows.HoldSet(connection, CancellationToken.None);
            between = (await WebhookRows.Insert(connection, new(Compliance.Service.Http.Role.National, ""), receiver.Url, Signature.NewSecret(), null, await world.Head, CancellationToken.None)).Id;
            await world.Act("H1", "suspend");
            await Eventually.Holds("the event waits", () => SomebodyWaits());
            await transaction.CommitAsync();
        }

        var hook = first with { Id = between.ToString("D") };
        await Eventually.Holds("it is told to the one set up before it", async () => (await world.Deliveries(hook)).Count == 1);

        Task<Hook> late;
        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await WebhookRows.HoldSet(connection, CancellationToken.None);
            late = world.SetUp(receiver.Url);
            await Eventually.Holds("the webhook waits", () => SomebodyWaits());
            await world.Act("H1", "lift");
            await transaction.CommitAsync();
        }

        hook = await late;
        await world.Act("H1", "suspend");
        await Eventually.Holds("what came meanwhile is turned", async () => (await world.Deliveries(first)).Count == 3);
        (await world.Deliveries(hook)).Select(d => d["type"]!.GetValue<string>()).ShouldBe(["compliance.qualification.suspended"], "it begins behind the lifting");
    }

    [Fact]
    public async Task Whoever_has_lost_its_place_turns_nothing()
    {
        var database = await TestPostgres.CreateDatabase();
        await using (var world = await WebhookWorld.Start(database))
        {
            await world.World.Hospital("H1");
            await using var receiver = await Receiver.Start();
            await world.SetUp(receiver.Url);
            await world.Act("H1", "suspend");
            await Eventually.Holds("it is turned", () => receiver.Taken.Count == 1);
        }

        await using var source = NpgsqlDataSource.Create(database);
        await using var log = new PostgresEventStore(source, EventTable.Types, () => TimeSpan.Zero);
        async Task<long> Rows()
        {
            await using var count = source.CreateCommand("select count(*) from compliance.webhook_deliveries");
            return (long)(await count.ExecuteScalarAsync())!;
        }

        // As if nothing had been turned yet.
        await using (var back = source.CreateCommand($"delete from compliance.webhook_deliveries; update events.mt_event_progression set last_seq_id = 0 where name = '{Dispatch.Name}'"))
        {
            await back.ExecuteNonQueryAsync();
        }

        var (one, other) = (new Dispatch(source, log), new Dispatch(source, log));
        await one.Begin(CancellationToken.None);
        await other.Begin(CancellationToken.None);
        (await one.Advance(0, CancellationToken.None)).Webhooks.ShouldHaveSingleItem();
        (await Rows()).ShouldBe(1);
        await Should.ThrowAsync<CheckpointMovedException>(() => other.Advance(0, CancellationToken.None));
        (await Rows()).ShouldBe(1);
        // Owner in earnest, it takes up where the first left off.
        await other.Begin(CancellationToken.None);
        (await other.Advance(0, CancellationToken.None)).ShouldBe(([], false));
    }

    [Fact]
    public async Task A_mark_of_an_attempt_that_was_overtaken_changes_nothing()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var source = NpgsqlDataSource.Create(database);
        var rows = new WebhookRows(source);
        await using var connection = await source.OpenConnectionAsync();
        var hook = await WebhookRows.Insert(connection, new(Compliance.Service.Http.Role.National, ""), "https://h.example/", Signature.NewSecret(), null, 0, CancellationToken.None);
        await WebhookRows.Add(connection, [new(hook.Id, 1, 0, "m1", "s", "t", "{}"), new(hook.Id, 2, 0, "m2", "s", "t", "{}"), new(hook.Id, 3, 0, "m3", "other", "t", "{}")], CancellationToken.None);

        var (due, next) = await rows.Due(hook.Id, 10, CancellationToken.None);
        due.Select(d => d.MessageId).ShouldBe(["m1", "m3"], "of a subject only the oldest");
        next.ShouldBeNull();
        await rows.Mark(hook.Id, due[0], DeliveryState.Pending, 500, "status", TimeSpan.FromHours(1), gone: false);
        await rows.Mark(hook.Id, due[0], DeliveryState.Delivered, 200, null, TimeSpan.Zero, gone: false);
        var listed = await rows.Deliveries(hook.Id, null, null, 10, CancellationToken.None);
        listed.Select(d => (d.State, d.Attempts, d.LastStatus)).ShouldBe([(DeliveryState.Pending, 1, 500), (DeliveryState.Pending, 0, null), (DeliveryState.Pending, 0, null)]);
        (due, next) = await rows.Due(hook.Id, 10, CancellationToken.None);
        due.ShouldHaveSingleItem().MessageId.ShouldBe("m3", "the first is paused, and holds back the second");
        next!.Value.ShouldBeInRange(TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
    }
}
