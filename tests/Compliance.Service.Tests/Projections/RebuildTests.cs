using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Assessments;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Compliance.Service.Tests.Scenarios;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Tests.Projections;

/// <summary>Rows are built again beside those that serve, compared with them, and put in their place.</summary>
public sealed class RebuildTests
{
    private static readonly DateOnly Today = new(2025, 9, 1);

    [Fact]
    public async Task A_rebuild_is_no_outage_and_loses_nothing_that_is_reported_meanwhile()
    {
        await using var service = await TestService.Start(Today);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Enforce(Today);
        await world.Import(World.Year("H1", Today.AddDays(-30), 150, deaths: 9));
        await service.MoveTo(Today.AddDays(3));

        using var stop = new CancellationTokenSource();
        var seen = 0;
        var reading = Task.Run(async () =>
        {
            for (var last = 0; !stop.IsCancellationRequested; seen++)
            {
                var cases = World.Count(await world.Metrics("H1"), "cases");
                cases.ShouldBeGreaterThanOrEqualTo(last);
                last = cases;
                (await service.Get("/api/v1/dashboards/compliance?technique=neurovascular", await world.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Count.ShouldBe(3);
            }
        });
        long position = 0;
        var reporting = Task.Run(async () =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                position = await world.Import([World.Case("H1", $"meanwhile-{n}", Today)]);
            }
        });
        for (var times = 0; times < 5; times++)
        {
            await service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        }

        await stop.CancelAsync();
        await Task.WhenAll(reading, reporting);
        seen.ShouldBeGreaterThan(5);
        var metrics = World.Count(await world.Metrics("H1", minPosition: position), "cases");
        metrics.ShouldBeGreaterThan(150);
        (await world.Compliance("H1", minPosition: position))["standing"]!.GetValue<string>().ShouldBe("suspended");
        await Agrees(service);
        (await service.Get("/health/ready")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_rebuild_that_is_killed_is_taken_up_by_the_next_where_it_was()
    {
        const int cases = ReadModel.Batch * 3 / 2;
        var connectionString = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(Today, connectionString);
        var world = new World(service);
        await world.Hospital("H1");
        var head = await world.Import(World.Year("H1", Today, cases));
        var database = service.Get<NpgsqlDataSource>();
        var next = ReadSchema.Living.Next;

        using (var killed = ServiceProcess.Launch(connectionString, command: "rebuild"))
        {
            while (await Checkpoints.Read(database, next.Rows, CancellationToken.None) == 0)
            {
                killed.HasExited.ShouldBeFalse(killed.Output);
                await Task.Delay(5);
            }

            killed.Kill();
        }

        var at = await Checkpoints.Read(database, next.Rows, CancellationToken.None);
        at.ShouldBeInRange(1, head - 1);
        World.Count(await world.Metrics("H1"), "cases").ShouldBe(cases, "the rows that serve are the old ones");
        using var second = ServiceProcess.Launch(connectionString, command: "rebuild");
        (await second.Finished()).ShouldBe(0, second.Output);

        // "share  position of head …"
        var said = second.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(word => word != "of").Last();
        long.Parse(said, CultureInfo.InvariantCulture).ShouldBeGreaterThan(at, second.Output);
        (await Checkpoints.Read(database, next.Rows, CancellationToken.None)).ShouldBe(0, "the new rows have become the living ones");
        World.Count(await world.Metrics("H1"), "cases").ShouldBe(cases);
        await Agrees(service);
    }

    [Fact]
    public async Task Only_one_rebuild_runs_at_a_time()
    {
        await using var service = await TestService.Start(Today);
        await new World(service).Hospital("H1");
        await service.Get<Rebuild>().Run(
            _ => Should.Throw<RebuildRunsException>(() => service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None)), CancellationToken.None);
    }

    [Theory]
    [InlineData("update case_facts set death = true where case_id = (select min(case_id::text)::uuid from case_facts)", "case_facts")]
    [InlineData("delete from case_facts where case_id = (select min(case_id::text)::uuid from case_facts)", "case_facts")]
    [InlineData("update institution_days set cases = cases + 1 where day = (select min(day) from institution_days)", "institution_days")]
    [InlineData("delete from titles", "titles")]
    [InlineData("update closings set would_suspend = true", "closings")]
    [InlineData("update register_entries set standing = 'revoked' where kind = 'institution'", "register_entries")]
    [InlineData("update register_snapshots set sha256 = repeat('0', 64)", "register_snapshots")]
    [InlineData("update case_facts set succeeded = not succeeded where succeeded is not null", "case_facts")]
    [InlineData("update case_facts set stay_days = stay_days + 1 where stay_days is not null", "case_facts")]
    [InlineData("delete from former_places", "former_places")]
    [InlineData("update case_changes set kind = 'void'", "case_changes")]
    [InlineData("delete from case_changes where operator = 'H1-A'", "case_changes")]
    [InlineData("update verified_totals set cases = cases + 1", "verified_totals")]
    [InlineData("delete from verified_totals", "verified_totals")]
    [InlineData("update training_bases set review_due_on = review_due_on + 1", "training_bases")]
    [InlineData("delete from training_base_spans", "training_base_spans")]
    [InlineData("update case_facts set procedures = null where procedures is not null", "case_facts")]
    [InlineData("update case_facts set trainee = null where trainee is not null", "case_facts")]
    [InlineData("update trainees set to_on = to_on + 1", "trainees")]
    [InlineData("delete from trainee_operators", "trainee_operators")]
    [InlineData("update assessments set doc = jsonb_set(doc, '{Computed,Completeness,Reported}', '7') where kind = 'institution' and doc->'Computed'->'Completeness' ->> 'Verified' = '40'", "assessments")]
    [InlineData("update assessment_schedules set doc = jsonb_set(doc, '{Settings,0,EveryMonths}', '6')", "assessment_schedules")]
    [InlineData("update rounds set closes_on = closes_on + 1", "rounds")]
    [InlineData("update rounds set concluded_on = null where concluded_on is not null", "rounds")]
    [InlineData("delete from assessments where kind = 'institution'", "assessments")]
    [InlineData("update assessments set outcome = 'passed' where outcome = 'failed'", "assessments")]
    [InlineData("update assessments set doc = jsonb_set(doc, '{Facts,Counts,DeathCases}', '7') where kind = 'institution'", "assessments")]
    [InlineData("update dues set due_on = due_on + 1", "dues")]
    [InlineData("delete from dues", "dues")]
    [InlineData("update device_uses set serial = 'S2'", "device_uses")]
    [InlineData("delete from device_uses", "device_uses")]
    [InlineData("update device_registrations set doc = jsonb_set(doc, '{Entry,ValidTo}', '\"2099-12-31\"')", "device_registrations")]
    [InlineData("delete from device_registration_products", "device_registration_products")]
    [InlineData("update case_facts set statement_due = statement_due + 1 where statement_due is not null", "case_facts")]
    [InlineData("update case_facts set follow_ups = 'tt' where follow_ups is not null", "case_facts")]
    [InlineData("update case_facts set late_outcome = true where not late_outcome", "case_facts")]
    [InlineData("update outcome_notices set answer_due = answer_due + 1", "outcome_notices")]
    [InlineData("delete from adjudications where kind = 'death'", "adjudications")]
    [InlineData("update adjudications set pending = true", "adjudications")]
    [InlineData("update device_receipts set quantity = quantity + 1", "device_receipts")]
    [InlineData("update procedures set deadline = deadline + 1", "procedures")]
    [InlineData("update announced set therapeutic = not therapeutic", "announced")]
    [InlineData("update procedures set fell_overdue = false where fell_overdue", "procedures")]
    [InlineData("update selection_applications set submitted = false", "selection_applications")]
    [InlineData("delete from selection_rounds", "selection_rounds")]
    [InlineData("update selection_outcomes set outcome = 'notSelected'", "selection_outcomes")]
    [InlineData("update overdue_reports set deadline = deadline - 1", "overdue_reports")]
    public async Task Rows_that_are_not_what_the_log_says_turn_health_red_until_they_are_built_anew(string tampering, string table)
    {
        await using var service = await TestService.Start(Today);
        var world = new World(service);
        await world.Hospital("H1");
        await world.Import(World.Year("H1", Today, 30));
        await Corrected(service);
        await Equipped(service);
        await Announced(service);
        await Counted(service);
        await Assessed(service);
        await Noticed(service);
        await Taught(service);
        await service.MoveTo(Today.AddDays(1));
        await Selected(service);
        await Published(service);
        await Agrees(service);

        await using (var command = service.Get<NpgsqlDataSource>().CreateCommand(tampering))
            (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0);
        var tables = await service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None);

        var differing = tables.Where(t => !t.Agrees).ShouldHaveSingleItem();
        differing.Table.ShouldBe(table);
        differing.Examples.ShouldNotBeEmpty();
        (await service.Get("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable).Body!["reasons"]!.AsArray().Select(r => r!.GetValue<string>()).ShouldBe(["projectionDiffers"]);

        await service.Get<Rebuild>().Run(static _ => { }, CancellationToken.None);
        (await service.Get("/health/ready")).Expect(HttpStatusCode.OK);
        await Agrees(service);
    }

    /// <summary>A case with an outcome of the treatment and a stay, moved from one operator to another.</summary>
    private static async Task Corrected(TestService service)
    {
        var report = World.Case("H1", "moved", Today.AddDays(-10));
        (report["succeeded"], report["admittedOn"], report["dischargedOn"]) = (true, World.Text(Today.AddDays(-11)), World.Text(Today.AddDays(-8)));
        var token = await service.National;
        var id = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), token)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        report.Remove("outcome");
        report["operator"] = "H1-B";
        (await service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "another operator", ["report"] = report }.ToJsonString(), token)).Expect(HttpStatusCode.OK);
    }

    /// <summary>Two totals of a year that a round judges, one of them put in place of another, and one withdrawn.</summary>
    private static async Task Counted(TestService service)
    {
        var token = await service.National;
        Task<Answer> Enter(string from, string to, int cases) => service.Post("institutions/H1/verified-totals", new { technique = "neurovascular", from, to, cases, source = "insurer", reason = "r" }, token);
        (await Enter("2024-07-01", "2024-12-31", 10)).Expect(HttpStatusCode.Created);
        (await Enter("2024-07-01", "2024-12-31", 20)).Expect(HttpStatusCode.OK);
        (await Enter("2025-01-01", "2025-06-30", 20)).Expect(HttpStatusCode.Created);
        var withdrawn = (await Enter("2023-01-01", "2023-12-31", 5)).Expect(HttpStatusCode.Created).Body!["totalId"]!.GetValue<string>();
        (await service.Post($"institutions/H1/verified-totals/{withdrawn}/withdraw", new { reason = "another hospital's" }, token)).Expect(HttpStatusCode.OK);
    }

    /// <summary>A registration, a line of a ledger, and the device in a case that was corrected.</summary>
    private static async Task Equipped(TestService service)
    {
        var token = await service.Token("hospital", institution: "H1");
        (await service.Post("device-registrations", new { number = "N1", name = "Coil", maker = "M", validFrom = "2020-01-01", validTo = "2029-12-31", deviceIdentifiers = new[] { "6901234567892" } }, await service.National)).Expect(HttpStatusCode.Created);
        (await service.Post("institutions/H1/device-receipts", new { number = "R1", supplier = "S", receivedOn = World.Text(Today.AddDays(-20)), udi = "(01)06901234567892(10)L1", quantity = 9 }, token)).Expect(HttpStatusCode.Created);
        var report = World.Case("H1", "equipped", Today.AddDays(-10));
        report["devices"] = new JsonArray(new JsonObject { ["registration"] = "N1", ["udi"] = "(01)06901234567892(10)L1(17)300101", ["serial"] = "S0", ["singleUse"] = true }, new JsonObject { ["lot"] = "L2" });
        var id = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), token)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        report.Remove("outcome");
        report["devices"]![0]!["serial"] = "S1";
        (await service.Send(HttpMethod.Post, $"cases/{id}/corrections", new JsonObject { ["reason"] = "another piece", ["report"] = report }.ToJsonString(), token)).Expect(HttpStatusCode.OK);
    }

    /// <summary>Procedures: one whose report is overdue, one still open, one reported before it was announced and one after, and one withdrawn.</summary>
    private static async Task Announced(TestService service)
    {
        var token = await service.Token("hospital", institution: "H1");
        async Task<string> Announce(string number, DateOnly day, HttpStatusCode expected = HttpStatusCode.Created) =>
            (await service.Post("procedures", new { institution = "H1", caseNumber = number, technique = "neurovascular", intent = "therapeutic", completedAt = $"{World.Text(day)}T09:00:00+08:00", @operator = "H1-A" }, token))
                .Expect(expected).Body!["caseId"]!.GetValue<string>();
        async Task Report(string number) =>
            (await service.Send(HttpMethod.Post, "cases", World.Case("H1", number, Today.AddDays(-3)).ToJsonString(), token)).Expect(HttpStatusCode.Created);
        await Announce("overdue", Today.AddDays(-40));
        await Announce("open", Today.AddDays(-2));
        await Report("reported first");
        await Announce("reported first", Today.AddDays(-3), HttpStatusCode.OK);
        await Announce("reported later", Today.AddDays(-3));
        await Report("reported later");
        (await service.Post($"procedures/{await Announce("in error", Today.AddDays(-3))}/withdraw", new { reason = "another room" }, token)).Expect(HttpStatusCode.OK);
    }

    /// <summary>A schedule, a round that is open, and one that a person has failed and concluded; and somebody suspended, of whom a reassessment is due.</summary>
    private static async Task Assessed(TestService service)
    {
        var token = await service.National;
        (await service.Put($"assessment-schedules/neurovascular/{World.Province}", new { firstDueOn = "2025-12-31", everyMonths = 12 }, token)).Expect(HttpStatusCode.OK);
        foreach (var (from, to) in new[] { ("2024-07-01", "2025-06-30"), ("2023-07-01", "2024-06-30") })
        {
            (await service.Post("assessment-rounds", new { technique = "neurovascular", province = World.Province, from, to }, token)).Expect(HttpStatusCode.Created);
        }

        var second = AssessmentRound.Id("neurovascular", World.Province, new(new(2023, 7, 1), new(2024, 6, 30)));
        (await service.Post($"assessment-rounds/{second:D}/overrides", new { subject = new { kind = "institution", id = "H1" }, outcome = "failed", reason = "seen on site" }, token)).Expect(HttpStatusCode.OK);
        (await service.Post($"assessment-rounds/{second:D}/conclude", new { }, token)).Expect(HttpStatusCode.OK);
        (await service.Post("qualifications/physician/H1-B/neurovascular/suspend", new { reason = "inspection" }, token)).Expect(HttpStatusCode.OK);
    }

    /// <summary>A death declared unrelated and adjudicated, with its statement and a follow-up that tried; a notice that is disputed, and one that waits.</summary>
    private static async Task Noticed(TestService service)
    {
        var (token, regulator) = (await service.Token("hospital", institution: "H1"), await service.National);
        var report = World.Case("H1", "followed", Today.AddDays(-40), died: true);
        report["outcome"]!["death"]!["relation"] = "unrelated";
        report["outcome"]!["aliveOnDay30"] = false;
        var id = (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), token)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        (await service.Post($"cases/{id}/follow-ups", new { on = World.Text(Today.AddDays(-40)), status = "dead" }, token)).Expect(HttpStatusCode.Created);
        (await service.Post($"cases/{id}/adjudications", new { of = "death", relation = "related", reason = "file read" }, regulator)).Expect(HttpStatusCode.OK);
        foreach (var disputed in new[] { true, false })
        {
            var filed = (await service.Post("outcome-notices", OutcomeTests.Notice("H1", Today.AddDays(-3), caseNumber: "y3"), regulator)).Expect(HttpStatusCode.Accepted);
            if (disputed)
                (await service.Post($"outcome-notices/{filed.Body!["noticeId"]!.GetValue<string>()}/answer", new { accepted = false, reason = "another patient" }, token)).Expect(HttpStatusCode.OK);
        }
    }

    /// <summary>A case with its procedures, and two training bases, one of them given up.</summary>
    private static async Task Taught(TestService service)
    {
        var token = await service.National;
        (await service.Send(HttpMethod.Post, "cases", World.Case("H1", "coded", Today.AddDays(-10), code: "NV-CAS").ToJsonString(), token)).Expect(HttpStatusCode.Created);
        foreach (var path in new[] { "national/neurovascular", "national/comprehensive" })
            (await service.Post($"training-bases/{path}/H1/recognise", new { reference = "R-1", effectiveOn = "2015-05-01", imported = true }, token)).Expect(HttpStatusCode.OK);
        await LoggedTrainee(service);
        (await service.Post("training-bases/national/comprehensive/H1/give-up", new { reason = "r" }, await service.Token("trainingBase", institution: "H1"))).Expect(HttpStatusCode.OK);
    }

    /// <summary>A round of selection with an application in it.</summary>
    private static async Task Selected(TestService service)
    {
        var world = new SelectionWorld(service);
        var closing = new DateTimeOffset(Today.AddDays(30).ToDateTime(new(17, 0)), TimeSpan.FromHours(8));
        await world.Publish("NC-X", Today.AddDays(2), closing);
        var round = await world.Open(SelectionWorld.Call("NC-X-1", "NC-X", World.Text(Today.AddDays(2)), closing.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture)));
        await service.MoveTo(Today.AddDays(2));
        (await world.Draft(round, "H1", SelectionWorld.Forms())).Expect(HttpStatusCode.OK);
        (await world.Submit(round, "H1", asItIs: true)).Expect(HttpStatusCode.OK);
    }

    /// <summary>A round published and concluded.</summary>
    private static async Task Published(TestService service)
    {
        var log = service.Get<IEventStore>();
        var (round, by) = (Guid.Parse("5a0c7e21-93b4-5f68-8d10-4e2f6a7b8c9d"), new Compliance.Actor("national", "n"));
        IReadOnlyList<PublishedOutcome> outcomes = [new("H1", SelectionOutcome.Selected, 1)];
        await log.Append(new(SelectionRound.Stream(round), 0,
        [
            new SelectionRound.Event.Called(round, "NC-Y", "NC-Y", "nuclear-cardiology-base", "NC-X", 1, Today, TestService.Noon(Today), 1, [new("merit", "Merit", 100)], 1, 5, Today, by),
            new SelectionRound.Event.Published(round, 1, "nuclear-cardiology-base", "NC-Y", outcomes, Today, Today, by),
            new SelectionRound.Event.Concluded(round, "nuclear-cardiology-base", "NC-Y", outcomes, Today, by),
        ]));
        await log.Append(new(SelectionApplication.Stream(round, "H1"), 0,
        [
            new SelectionApplication.Event.Drafted(round, "H1", [], "h", Today, by),
            new SelectionApplication.Event.FraudSuspected(round, "H1", "nuclear-cardiology-base", "s", Today, by),
            new SelectionApplication.Event.FraudDecided(round, "H1", "nuclear-cardiology-base", "NC-Y", true, true, "f", Today, by),
        ]));
    }

    /// <summary>A trainee with a case as operator, reported as such.</summary>
    private static async Task LoggedTrainee(TestService service)
    {
        var own = await service.Token("trainingBase", institution: "H1");
        await new World(service).Physician("H1-T", "H1", "attending");
        (await service.Post("training-bases/national/neurovascular/H1/capacity", new { trainees = 2 }, own)).Expect(HttpStatusCode.OK);
        var id = (await service.Post("trainees", TraineeTests.Enrolment("H1", "H1-T", Today, Today.AddYears(1)), own)).Expect(HttpStatusCode.Created).Body!["trainee"]!.GetValue<string>();
        var report = World.Case("H1", "operated", Today);
        report["trainee"] = "H1-T";
        (await service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Created);
        (await service.Post($"trainees/{id}/cases", new { cases = new[] { TraineeTests.Entry("operated", Today, "operator", "therapeutic", "H1-A") } }, own)).Expect(HttpStatusCode.OK);
    }

    private static async Task Agrees(TestService service)
    {
        var tables = await service.Get<Reconciliation>().Run(closings: true, static _ => { }, CancellationToken.None);
        tables.Select(t => t.Table).ShouldBe(
        [
            "active_spans", "adjudications", "announced", "announcements", "assessment_schedules", "assessments", "calendars", "case_changes", "case_facts", "closings", "days_closed",
            "device_receipts", "device_registration_products", "device_registrations", "device_uses", "dues", "enforcement", "former_places", "incidents",
            "institution_days", "institutions", "outcome_notices", "overdue_reports", "physicians", "procedures", "proposals", "provincial_limits", "qualifications", "register_entries", "register_snapshots", "register_touched", "registrations",
            "regulations", "rounds", "selection_applications", "selection_outcomes", "selection_rounds", "titles", "trainee_operators", "trainees", "training_base_spans", "training_bases", "verified_totals",
        ]);
        tables.Where(t => !t.Agrees).SelectMany(t => t.Examples.Prepend(t.Table)).ShouldBeEmpty();
    }
}
