using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Tests.Scenarios;
using Npgsql;
using Xunit.Abstractions;

namespace Compliance.Service.Tests.Crash;

/// <summary>What others' transactions, held open for a minute, do to the whole service: the three at once, each on a database of its own.</summary>
[Collection(Alone.Name)]
public sealed class ForeignTransactionsTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AnsweredWithin = TimeSpan.FromSeconds(2);
    private static readonly DateOnly Start = new(2025, 9, 1);

    [Fact]
    public Task Held_for_a_minute_they_disturb_only_what_they_hold() => Task.WhenAll(Bystanders(), OneStream(), AppendLock());

    /// <summary>A report of years of data in one snapshot, and a writer beside the log.</summary>
    private async Task Bystanders()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(Start, database);
        var world = new World(service);
        await world.Hospital("H1");
        await using var reader = await Foreign.Begin(database, "set transaction isolation level repeatable read; select count(*) from events.mt_events; select count(*) from compliance.patients");
        await using var writer = await Foreign.Begin(
            database, "insert into compliance.patients (case_id, hash, pseudonym) values (gen_random_uuid(), 'other', 'other'); insert into compliance.patient_reads (caller, role, case_id) values ('other', 'other', gen_random_uuid())");
        var (days, slowest) = (0, TimeSpan.Zero);
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < Held; days++)
        {
            var asked = Stopwatch.GetTimestamp();
            var reported = (await service.Post("cases", World.Case("H1", $"c{days}", Start), await world.Regulator)).Expect(HttpStatusCode.Created);
            slowest = Stopwatch.GetElapsedTime(asked) > slowest ? Stopwatch.GetElapsedTime(asked) : slowest;
            World.Count(await world.Metrics("H1", minPosition: reported.Position), "cases").ShouldBe(days + 1, "the projection goes on");
            if (days < 60)
            {
                await service.MoveTo(Start.AddDays(days + 1));
            }

            // By the clock just moved on, what was written a moment ago has waited for half a day.
            for (var asking = Stopwatch.GetTimestamp(); (await service.Get("/health/ready")).Status != HttpStatusCode.OK; await Task.Delay(50))
            {
                Stopwatch.GetElapsedTime(asking).ShouldBeLessThan(TimeSpan.FromSeconds(5), "health stays red");
            }

            await Task.Delay(500);
        }

        slowest.ShouldBeLessThan(AnsweredWithin);
        output.WriteLine($"beside a reader and a writer: {days} reports shown and days closed, the slowest report in {slowest.TotalMilliseconds:F0} ms");
    }

    private async Task OneStream()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(Start, database);
        var world = new World(service);
        await world.Hospital("H1");
        var held = (await service.Post("cases", World.Case("H1", "held", Start), await world.Regulator)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var death = new JsonObject { ["occurredOn"] = World.Text(Start), ["relation"] = "related" };
        var others = 0;
        await using (await Foreign.Begin(database, $"select from events.mt_streams where id = 'case-{held}' for update"))
        {
            for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < Held; others++)
            {
                var asked = Stopwatch.GetTimestamp();
                var refused = service.Post($"cases/{held}/death", death, await world.Regulator);
                (await service.Post("cases", World.Case("H1", $"c{others}", Start), await world.Regulator)).Expect(HttpStatusCode.Created);
                (await refused).Expect(HttpStatusCode.ServiceUnavailable);
                Stopwatch.GetElapsedTime(asked).ShouldBeLessThan(AnsweredWithin);
                (await service.Get("/health/ready")).Expect(HttpStatusCode.OK);
                await Task.Delay(500);
            }
        }

        (await service.Post($"cases/{held}/death", death, await world.Regulator)).Expect(HttpStatusCode.OK);
        output.WriteLine($"beside a held stream: {others} reports of other cases acknowledged");
    }

    private async Task AppendLock()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(Start, database);
        var world = new World(service);
        await world.Hospital("H1");
        var before = (await service.Post("cases", World.Case("H1", "before", Start), await world.Regulator)).Expect(HttpStatusCode.Created);
        var (refused, slowest) = (0, TimeSpan.Zero);
        await using (var foreign = await Foreign.Begin(database, $"select pg_advisory_xact_lock({PostgresEventStore.AppendLockKey})"))
        {
            for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < Held; refused += 5)
            {
                var asked = Stopwatch.GetTimestamp();
                var token = await world.Regulator;
                var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(n => service.Post("cases", World.Case("H1", $"c{n}", Start), token)));
                slowest = Stopwatch.GetElapsedTime(asked) > slowest ? Stopwatch.GetElapsedTime(asked) : slowest;
                answers.ShouldAllBe(a => a.Status == HttpStatusCode.ServiceUnavailable);
                var health = (await service.Get("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable).Body!;
                health["reasons"]!.AsArray().Select(r => r!.GetValue<string>()).ShouldContain("logCannotBeWritten");
                health["appendLockHeldBy"]!["pid"]!.GetValue<int>().ShouldBe(foreign.Pid);
                health["appendLockHeldBy"]!["applicationName"]!.GetValue<string>().ShouldBe(Foreign.ApplicationName);
                // What is there is still shown.
                World.Count(await world.Metrics("H1", minPosition: before.Position), "cases").ShouldBe(1);
                await Task.Delay(500);
            }
        }

        slowest.ShouldBeLessThan(AnsweredWithin);
        for (var n = 0; n < 5; n++)
        {
            (await service.Post("cases", World.Case("H1", $"c{n}", Start), await world.Regulator)).Expect(HttpStatusCode.Created);
        }

        (await service.Get("/health/ready")).Expect(HttpStatusCode.OK).Body!["appendLockHeldBy"].ShouldBeNull();
        await service.MoveTo(Start.AddDays(1));
        output.WriteLine($"beside a held append lock: {refused} reports refused, the slowest five in {slowest.TotalMilliseconds:F0} ms");
    }

    /// <summary>Another program's transaction; rolled back in the end.</summary>
    private sealed class Foreign(NpgsqlConnection connection) : IAsyncDisposable
    {
        public const string ApplicationName = "quarterly report";

        public int Pid => connection.ProcessID;

        public static async Task<Foreign> Begin(string database, string sql)
        {
            var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false, ApplicationName = ApplicationName }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("begin; " + sql, connection);
            await command.ExecuteNonQueryAsync();
            return new(connection);
        }

        // Told to: a connection that is merely closed lets go of its locks when the server comes to notice, and who asks at once waits 150 ms for a row and no longer.
        public async ValueTask DisposeAsync()
        {
            await using (connection)
            {
                await using var command = new NpgsqlCommand("rollback", connection);
                await command.ExecuteNonQueryAsync();
            }
        }
    }
}
