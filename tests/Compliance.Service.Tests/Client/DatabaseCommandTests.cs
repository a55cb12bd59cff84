using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Compliance.Service.Tests.Scenarios;

namespace Compliance.Service.Tests.Client;

/// <summary>verify finds what is not as it should be, rebuild mends what can be; demo and serve say where they are.</summary>
public sealed class DatabaseCommandTests
{
    private const string Versions = "The versions of a stream run from 1 without holes, in the order of their positions.";
    private const string Ends = "A stream's row has the version of its last event.";
    private const string Times = "What was recorded later has the higher position.";
    private const string Ids = "No event is there twice.";
    private const string Sequence = "Positions are drawn from their sequence.";
    private const string Ahead = "No checkpoint is ahead of the log.";
    private const string Snapshots = "A published snapshot of the register is what the log gives again.";

    private static readonly DateOnly Today = new(2025, 9, 1);

    /// <summary>A log with cases, a day closed and its register, that no service serves.</summary>
    private static async Task<string> Database()
    {
        var connectionString = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(Today, connectionString);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Import(World.Year("H1", Today, 20));
        await service.MoveTo(Today.AddDays(2));
        (await service.Get($"dashboards/compliance?minPosition={await service.Get<IEventStore>().Head()}", await world.Regulator)).Expect(HttpStatusCode.OK);
        return connectionString;
    }

    private static async Task<(int Code, string Output, string Error)> Run(string database, params string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await CommandLine.Run([.. args, $"--ConnectionStrings:Compliance={database}"], output, error);
        return (code, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task A_sound_log_is_verified_and_rebuilt()
    {
        var database = await Database();
        foreach (var closings in new[] { Array.Empty<string>(), ["--closings"] })
        {
            var (code, output, error) = await Run(database, ["verify", "--json", .. closings]);
            code.ShouldBe(ExitCode.Done, output + error);
            output.TrimEnd('\n').ShouldNotContain("\n");
            var verified = JsonNode.Parse(output)!;
            verified["agrees"]!.GetValue<bool>().ShouldBeTrue();
            verified["checks"]!.AsArray().Select(c => c!["rule"]!.GetValue<string>()).ShouldBe([Versions, Ends, Times, Ids, Sequence, Ahead, Snapshots]);
            verified["tables"]!.AsArray().Select(t => t!["table"]!.GetValue<string>()).Contains("closings").ShouldBe(closings.Length > 0);
            // Progress is one object a line.
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!["progress"]!["doing"]!.GetValue<string>()).Distinct().ShouldBe(["verify"]);
        }

        var rebuilt = await Run(database, "rebuild", "--json");
        rebuilt.Code.ShouldBe(ExitCode.Done, rebuilt.Error);
        JsonNode.Parse(rebuilt.Output)!["what"]!.GetValue<string>().ShouldBe("all");
        JsonNode.Parse(rebuilt.Output)!["position"]!.GetValue<long>().ShouldBeGreaterThan(20);
        rebuilt = await Run(database, "rebuild", "standings");
        rebuilt.Code.ShouldBe(ExitCode.Done, rebuilt.Error);
        rebuilt.Output.ShouldBe("Done.\n");
    }

    [Theory]
    [InlineData("update events.mt_events set version = 2 where seq_id = (select min(seq_id) from events.mt_events where type = 'case_reported')", Versions, Ends)]
    [InlineData("update events.mt_streams set version = version + 1 where id = (select min(stream_id) from events.mt_events where type = 'case_reported')", Ends)]
    [InlineData("insert into events.mt_streams (id, version, timestamp, created) values ('nobody', 0, now(), now())", Ends)]
    [InlineData("update events.mt_events set timestamp = timestamp - interval '10 years' where seq_id = (select max(seq_id) from events.mt_events)", Times)]
    [InlineData("update events.mt_events set id = (select id from events.mt_events order by seq_id limit 1) where seq_id = (select max(seq_id) from events.mt_events)", Ids)]
    [InlineData("alter sequence events.mt_events_sequence restart with 1", Sequence)]
    [InlineData("insert into events.mt_event_progression (name, last_seq_id) values ('somebody:All', 1000000)", Ahead)]
    [InlineData("update read.register_snapshots set sha256 = repeat('0', 64) where technique = 'neurovascular' and day = (select max(day) from read.register_snapshots)", Snapshots)]
    public async Task What_is_wrong_with_the_log_is_found(string tampering, params string[] rules)
    {
        var database = await Database();
        await TestPostgres.Execute(database, tampering.Replace("read.", $"{ReadSchema.Living.Name}.", StringComparison.Ordinal));
        var (code, output, error) = await Run(database, "verify", "--json");
        code.ShouldBe(ExitCode.Findings, output + error);
        var broken = JsonNode.Parse(output)!["checks"]!.AsArray().Where(c => !c!["holds"]!.GetValue<bool>()).ToList();
        broken.Select(c => c!["rule"]!.GetValue<string>()).ShouldBe(rules);
        broken.ShouldAllBe(c => c!["broken"]!.GetValue<long>() == 1 && c["examples"]!.AsArray().Count == 1);
    }

    [Fact]
    public async Task A_row_that_the_log_does_not_give_is_found_and_built_anew()
    {
        var database = await Database();
        await TestPostgres.Execute(database, $"update {ReadSchema.Living.Name}.case_facts set death = true where case_id = (select min(case_id::text)::uuid from {ReadSchema.Living.Name}.case_facts)");
        var (code, output, _) = await Run(database, "verify");
        code.ShouldBe(ExitCode.Findings);
        output.Split('\n').Where(l => l.StartsWith("DIFFERS", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldContain("case_facts");
        output.ShouldNotContain("BROKEN");
        output.Where(c => c != '\n').ShouldAllBe(c => !char.IsControl(c));
        (await Run(database, "rebuild")).Code.ShouldBe(ExitCode.Done);
        (await Run(database, "verify")).Code.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_told()
    {
        var (code, output, error) = await Run("Host=127.0.0.1;Port=1", "verify", "--json");
        code.ShouldBe(ExitCode.NotDone);
        output.ShouldBeEmpty();
        JsonNode.Parse(error)!["error"]!["code"]!.GetValue<string>().ShouldBe("notReached");
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("rebuild")]
    [InlineData("rebuild standings")]
    public async Task Where_no_log_is_none_is_made(string line)
    {
        var directory = Path.Combine(TestPostgres.NewDirectory(), "misspelt");
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        (await CommandLine.Run([.. line.Split(' '), $"--COMPLIANCE_DATA={directory}"], output, error)).ShouldBe(ExitCode.NotDone, output.ToString());
        error.ToString().ShouldContain($"no data in {directory}");
        Directory.Exists(directory).ShouldBeFalse();

        var database = await TestPostgres.CreateDatabase();
        await TestPostgres.Execute(database, $"drop schema compliance cascade; drop schema events cascade; drop schema {ReadSchema.Living.Name} cascade");
        var told = await Run(database, line.Split(' '));
        (told.Code, told.Output).ShouldBe((ExitCode.NotDone, ""));
        told.Error.ShouldContain("holds no log");
        (await Schemas(database)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_of_the_release_before_is_not_touched_by_who_only_looks()
    {
        var database = await Database();
        await TestPostgres.Execute(database, "insert into compliance.schema_versions (number, name, sha256) values (9999, '9999_later.sql', '')");
        (await Run(database, "verify")).Error.ShouldContain("newer release");
        await TestPostgres.Execute(database, "delete from compliance.schema_versions where number in (6, 9999); drop table compliance.notice_patients");
        var told = await Run(database, "verify");
        (told.Code, told.Output).ShouldBe((ExitCode.NotDone, ""));
        told.Error.ShouldContain("0006_outcome_notices.sql");
        await Should.ThrowAsync<Npgsql.PostgresException>(() => TestPostgres.Execute(database, "select from compliance.notice_patients"), "verify applied what is pending");
        // A rebuild is what prepares a release.
        (await Run(database, "rebuild")).Code.ShouldBe(ExitCode.Done);
        (await Run(database, "verify")).Code.ShouldBe(ExitCode.Done);

        await TestPostgres.Execute(database, $"drop schema {ReadSchema.Living.Name} cascade");
        told = await Run(database, "verify");
        (told.Code, told.Output).ShouldBe((ExitCode.NotDone, ""));
        told.Error.ShouldContain("compliance rebuild");
        (await Schemas(database)).ShouldBe(["compliance", "events"]);
        (await Run(database, "rebuild")).Code.ShouldBe(ExitCode.Done);
        (await Run(database, "verify")).Code.ShouldBe(ExitCode.Done);
    }

    /// <summary>Those that are the service's, by name.</summary>
    private static async Task<IReadOnlyList<string>> Schemas(string database)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select coalesce(array_agg(nspname::text order by nspname), '{}') from pg_namespace where nspname in ('compliance', 'events') or starts_with(nspname, 'read')");
        return (string[])(await command.ExecuteScalarAsync())!;
    }

    [Fact]
    public async Task A_demonstration_is_refused_outside_Development()
    {
        // Nothing was opened: there is no such database.
        var (code, output, error) = await Run("Host=127.0.0.1;Port=1", "demo", "--environment=Production");
        code.ShouldBe(ExitCode.Misspelt, error);
        output.ShouldBeEmpty();
        error.ShouldContain("Development");
    }

    [Theory]
    [InlineData("demo", "url")]
    [InlineData("serve", "urls")]
    public async Task Who_serves_says_where_and_nothing_else_on_the_standard_output(string command, string member)
    {
        using var process = ServiceProcess.Launch(await Database(), null, command, "--json", "--Logging:LogLevel:Default=Information");
        await process.WaitUntilReady(TimeSpan.FromSeconds(60));
        for (var tries = 0; tries < 600 && process.Lines.All(l => l.IsError); tries++)
            await Task.Delay(50);
        var outcome = JsonNode.Parse(process.Lines.Where(l => !l.IsError).ShouldHaveSingleItem().Text)!;
        outcome[member]!.ToJsonString().ShouldContain(process.Http.BaseAddress!.ToString().TrimEnd('/'));
        process.Lines.ShouldContain(l => l.IsError, "its log goes elsewhere");
        if (command == "demo")
        {
            // What it says to look at can be looked at, with the token that it names.
            var look = outcome["looks"]!.AsArray()[^1]!;
            using var request = new HttpRequestMessage(HttpMethod.Get, look["path"]!.GetValue<string>());
            request.Headers.Authorization = new("Bearer", outcome["tokens"]![look["as"]!.GetValue<string>()]!.GetValue<string>());
            using var answer = await process.Http.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }
}
