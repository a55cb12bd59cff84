using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Compliance.Devices;
using Compliance.Service.EventStore;
using Compliance.Service.Tests.Fhir;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Two provinces: H1 and H2 with their physicians in 11, H3 in 31, all of them with a case, and a proposal to suspend H4.</summary>
public sealed class AccessService : IAsyncLifetime
{
    public static readonly DateOnly Today = new(2026, 3, 10);

    private int _cases;

    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public string Database { get; private set; } = "";

    public string Proposal { get; private set; } = "";

    /// <summary>Of everybody in 11, open.</summary>
    public string Round { get; private set; } = "";

    /// <summary>Of a technique nobody in 11 is qualified for.</summary>
    public string EmptyRound { get; private set; } = "";

    public string Objection { get; private set; } = "";

    /// <summary>A round of selection that is open, with an application of H1; H2-A is its expert.</summary>
    public string Selection { get; private set; } = "";

    /// <summary>A file of that application.</summary>
    public string Attachment { get; private set; } = "";

    /// <summary>That H1-A is suspended no more.</summary>
    public long Notice { get; private set; }

    public async Task InitializeAsync()
    {
        Database = await TestPostgres.CreateDatabase();
        Service = await TestService.Start(Today.AddDays(-1), Database);
        World = new(Service);
        await World.Hospital("H1");
        await World.Hospital("H2");
        await World.Hospital("H4");
        (await Service.Put("institutions/H3", new { name = "Hospital H3", province = "31", level = "tertiaryA" }, await Service.National)).Expect(HttpStatusCode.Created);
        await World.Import([World.Case("H1", "of H1", Today.AddDays(-1)), World.Case("H2", "of H2", Today.AddDays(-1))]);
        (await Service.Send(HttpMethod.Post, "cases", World.Case("H3", "of H3", Today.AddDays(-1)).ToJsonString(), await Service.Token("hospital", institution: "H3"))).Expect(HttpStatusCode.Created);

        (await Service.Post("device-registrations", new { number = "N1", name = "Coil", maker = "M", validFrom = "2020-01-01", validTo = "2029-12-31" }, await Service.National)).Expect(HttpStatusCode.Created);
        (await Service.Post("institutions/H1/device-receipts", new { number = "R1", supplier = "S", receivedOn = "2026-03-01", di = "06901234567892", quantity = 1 }, await Service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Created);

        await new SelectionWorld(Service).Publish("NC-2026", Today, Closing);

        (await Service.Post("training-bases", new { kind = "national", technique = "neurovascular", institution = "H1" }, await Service.Token("trainingBase", institution: "H1"))).Expect(HttpStatusCode.Created);
        (await Service.Post("training-bases/provincial/comprehensive/H1/recognise", new { reference = "R", effectiveOn = "2020-01-01", imported = true }, await World.Regulator)).Expect(HttpStatusCode.OK);
        (await Service.Post("training-bases/provincial/comprehensive/H1/capacity", new { trainees = 1 }, await Service.Token("trainingBase", institution: "H1"))).Expect(HttpStatusCode.OK);
        (await Service.Post("trainees", TraineeTests.Enrolment("H1", "H1-A", new(2026, 3, 1), new(2026, 8, 31), "provincial", "comprehensive", 2), await Service.Token("trainingBase", institution: "H1"))).Expect(HttpStatusCode.Created);

        // Four deaths of few: the monitor proposes to suspend.
        await World.Enforce(Today.AddDays(-1), "confirm");
        await World.Import(Enumerable.Range(0, 4).Select(n => World.Case("H4", $"fatal {n}", Today.AddDays(-60), died: true)));
        await Service.MoveTo(Today);
        var proposals = (await Service.Get($"proposals?minPosition={await Service.Get<IEventStore>().Head()}", await World.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        await Assess();
        await Select();
        Proposal = proposals.First(p => p!["subject"]!["id"]!.GetValue<string>() == "H4")!["proposalId"]!.GetValue<string>();
    }

    private static readonly DateTimeOffset Closing = new(2026, 4, 30, 17, 0, 0, TimeSpan.FromHours(8));

    private async Task Select()
    {
        var world = new SelectionWorld(Service);
        Selection = await world.Open(SelectionWorld.Call("NC-2026-1", "NC-2026", World.Text(Today), "2026-04-30T17:00:00+08:00"));
        (await Service.Post($"selection-rounds/{Selection}/committee", new { experts = new[] { "H2-A" } }, await Service.National)).Expect(HttpStatusCode.OK);
        (await world.Draft(Selection, "H1", SelectionWorld.Forms())).Expect(HttpStatusCode.OK);
        Attachment = (await world.Attach(Selection, "H1", "evidence", SelectionWorld.Pdf("x"))).Expect(HttpStatusCode.Created).Body!["attachment"]!["id"]!.GetValue<string>();
        (await world.Submit(Selection, "H1", asItIs: true)).Expect(HttpStatusCode.OK);
    }

    /// <summary>A round with H1 in it, one with nobody, and notices for H1-A, who objected to the first of them.</summary>
    private async Task Assess()
    {
        async Task<string> Opened(string technique) =>
            (await Service.Post("assessment-rounds", new { technique, province = World.Province, from = "2025-02-25", to = "2026-02-24" }, await World.Regulator)).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();
        (Round, EmptyRound) = (await Opened("neurovascular"), await Opened("comprehensive"));
        foreach (var act in new[] { "suspend", "lift" })
        {
            (await Service.Post($"qualifications/physician/H1-A/neurovascular/{act}", new { reason = "inspection" }, await World.Regulator)).Expect(HttpStatusCode.OK);
        }

        var notices = (await Service.Get("qualifications/physician/H1-A/neurovascular/notices", await World.Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(n => n!["notice"]!.GetValue<long>()).ToList();
        notices.Count.ShouldBe(2);
        Notice = notices[1];
        var objected = (await Service.Post("qualifications/physician/H1-A/neurovascular/objections", new { notice = notices[0], reason = "not so" }, await Service.Token("physician", physician: "H1-A"))).Expect(HttpStatusCode.OK);
        Objection = objected.Body!["objections"]!.AsArray().ShouldHaveSingleItem()!["objectionId"]!.GetValue<string>();
        (await Service.Get($"dashboards/compliance?minPosition={objected.Position}", await World.Regulator)).Expect(HttpStatusCode.OK);
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();

    public Task<long> Head => Service.Get<IEventStore>().Head();

    /// <summary>A new case of H1, by H1-A, with a complication, a death and a request to void it.</summary>
    public async Task<(string CaseId, string ComplicationId, string RequestId)> NewCase()
    {
        var number = $"walk {Interlocked.Increment(ref _cases)}";
        var own = await Service.Token("hospital", institution: "H1");
        var id = (await Service.Send(HttpMethod.Post, "cases", World.Case("H1", number, Today.AddDays(-2), died: true, complication: true).ToJsonString(), own)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var complication = (await Service.Get($"cases/{id}", own)).Expect(HttpStatusCode.OK).Body!["complications"]![0]!["id"]!.GetValue<string>();
        var request = (await Service.Post($"cases/{id}/void", new { reason = "entered in error" }, own)).Expect(HttpStatusCode.Accepted);
        (await Service.Get($"cases/{id}?minPosition={request.Position}", own)).Expect(HttpStatusCode.OK);
        return (id, complication, request.Body!["requestId"]!.GetValue<string>());
    }

    /// <summary>A webhook of H1 with a dead delivery, 1-0.</summary>
    public async Task<string> NewWebhook()
    {
        var made = (await Service.Post("webhooks", new { url = "http://127.0.0.1:1/" }, await Service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Created);
        var id = made.Body!["id"]!.GetValue<string>();
        await using var database = NpgsqlDataSource.Create(Database);
        await using var command = database.CreateCommand(
            "insert into compliance.webhook_deliveries (webhook, position, n, message_id, subject, type, body, state) values ($1, 1, 0, 'm', 's', 't', '{}', 'dead')");
        command.Parameters.Add(new() { Value = Guid.Parse(id) });
        await command.ExecuteNonQueryAsync();
        return id;
    }

    /// <summary>A procedure of H1, announced.</summary>
    public async Task<string> NewProcedure() =>
        (await Service.Post(
            "procedures",
            new { institution = "H1", caseNumber = $"announced {Interlocked.Increment(ref _cases)}", technique = "neurovascular", intent = "therapeutic", completedAt = $"{World.Text(Today.AddDays(-1))}T10:00:00+08:00" },
            await Service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();

    /// <summary>A calendar feed of H1.</summary>
    public async Task<(string Id, string Url)> NewFeed()
    {
        var made = (await Service.Post("institutions/H1/calendar-feeds", new { language = "en" }, await Service.Token("hospital", institution: "H1"))).Expect(HttpStatusCode.Created).Body!;
        return (made["id"]!.GetValue<string>(), made["url"]!.GetValue<string>());
    }

    /// <summary>A notice by H2 of a case of H1, shown in the lists.</summary>
    public async Task<string> NewOutcomeNotice()
    {
        var filed = (await Service.Post("outcome-notices", OutcomeTests.Notice("H1", Today.AddDays(-1), caseNumber: "of H1"), await Service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.Accepted);
        (await Service.Get($"outcome-notices?minPosition={filed.Position}", await World.Regulator)).Expect(HttpStatusCode.OK);
        return filed.Body!["noticeId"]!.GetValue<string>();
    }

    public async Task<string> NewLeave()
    {
        var from = Today.AddDays(100 + Interlocked.Increment(ref _cases));
        return (await Service.Post("physicians/H1-A/leaves", new { from = World.Text(from), to = World.Text(from), reason = "illness" }, await World.Regulator)).Expect(HttpStatusCode.Created).Body!["leaveId"]!.GetValue<string>();
    }
}

/// <summary>Every endpoint there is, for every caller there is, held against a table written by hand from the contract.</summary>
public sealed class AccessTests(AccessService province) : IClassFixture<AccessService>
{
    private TestService Service => province.Service;

    /// <summary>The callers, in the order of the table's columns: hospitals H1 and H2, physicians H1-A and H2-A, regulators of 11 and 31, national, a training base.</summary>
    private static readonly (string Name, string Role, string? Institution, string? Physician, string? Province)[] Callers =
    [
        ("its hospital", "hospital", "H1", null, null),
        ("another hospital", "hospital", "H2", null, null),
        ("its physician", "physician", null, "H1-A", null),
        ("another physician", "physician", null, "H2-A", null),
        ("its regulator", "regulator", null, null, "11"),
        ("another regulator", "regulator", null, null, "31"),
        ("national", "national", null, null, null),
        ("a training base", "trainingBase", "B1", null, null),
    ];

    /// <summary>What an endpoint answers to each caller.</summary>
    /// <param name="Path">The path asked for; what stands in braces is replaced by something new for every row.</param>
    /// <param name="Answers"><c>ok</c>: within reach, whatever else is said; <c>403</c>; <c>404</c>: not even that it exists; <c>line</c>: 200, with every line refused as out of reach. Or <c>open</c> to all.</param>
    private sealed record Row(string Path, string Answers, object? Body = null);

    private const string Open = "open";
    private const string Everybody = "ok    ok    ok    ok    ok    ok    ok    ok";
    private const string Regulators = "403   403   403   403   ok    403   ok    403";

    private const string OfRegulators = "403   403   403   403   ok    ok    ok    403";

    //                                 hosp. other phys. other reg.  other nat.  base
    private const string Case = "ok    404   ok    404   ok    404   ok    403";
    private const string ChangeCase = "ok    404   403   403   ok    404   ok    403";
    private const string JudgeCase = "403   403   403   403   ok    404   ok    403";
    private const string OfPlace = "ok    403   403   403   ok    403   ok    403";
    private const string Webhook = "ok    404   404   404   404   404   404   403";
    private const string OwnHospital = "ok    403   403   403   403   403   403   403";
    private const string OfMinistry = "403   403   403   403   403   403   ok    403";
    private const string Dossier = "ok    404   ok    404   ok    404   ok    404";
    private const string OfBase = "ok    404   403   403   403   403   403   404";
    private const string OfAuthority = "403   403   403   403   ok    404   ok    403";
    private const string OfPerson = "403   403   ok    403   ok    403   ok    403";

    private const string National = "403   403   403   403   403   403   ok    403";
    private const string Applicant = "ok    404   403   403   403   403   403   404";

    // An expert sees an application from the closing on, and this round is open.
    private const string ReadsApplication = "ok    404   403   404   403   403   ok    404";

    private static readonly object H1 = new { kind = "institution", id = "H1" };
    private static readonly object Reason = new { reason = "r" };
    private static readonly Guid Registration = DeviceRegistration.IdOf("N1");
    private static readonly Guid Trainee = Compliance.Training.Trainee.IdOf(new("provincial", "comprehensive", "H1"), "H1-A", new(2026, 3, 1));
    private static readonly Guid Receipt = DeviceReceipt.IdOf("H1", "R1");

    private static readonly Dictionary<string, Row> Table = new()
    {
        ["GET /health/live"] = new("/health/live", Open),
        ["GET /health/ready"] = new("/health/ready", Open),
        ["GET /openapi/{documentName}.json"] = new("/openapi/v1.json", Open),
        ["POST /dev/token"] = new("/dev/token", Open, new { role = "national" }),
        ["GET /dev/clock"] = new("/dev/clock", Open),
        ["POST /dev/clock"] = new("/dev/clock", Open, new { now = "x" }),

        ["GET /api/v1/public/register"] = new("public/register", Open),
        ["GET /api/v1/public/register/snapshots"] = new("public/register/snapshots", Open),
        ["GET /api/v1/public/register/snapshots/{technique}/{day}"] = new("public/register/snapshots/neurovascular/2026-03-09", Open),
        ["GET /api/v1/public/announcements"] = new("public/announcements", Open),
        ["GET /api/v1/public/announcements.atom"] = new("public/announcements.atom", Open),
        ["GET /api/v1/public/regulations"] = new("public/regulations", Open),
        ["GET /api/v1/public/regulations/{id}/{version}"] = new("public/regulations/NV-2012/4", Open),

        ["GET /api/v1/public/regulations/{id}/{version}/print"] = new("public/regulations/NV-2012/4/print", Open),
        ["GET /api/v1/regulations/schema"] = new("regulations/schema", Open),

        // Written by the regulator of the province, or national; read by all.
        ["GET /api/v1/institutions"] = new("institutions", Everybody),
        ["GET /api/v1/institutions/{id}"] = new("institutions/H1", Everybody),
        ["PUT /api/v1/institutions/{id}"] = new("institutions/H1", Regulators, new { name = "Hospital H1", province = "11", level = "tertiaryA" }),
        ["PUT /api/v1/institutions/{id}/coverage/{technique}"] = new("institutions/H1/coverage/comprehensive", Regulators, new { from = "2020-01-01" }),
        ["GET /api/v1/physicians"] = new("physicians", Everybody),
        ["GET /api/v1/physicians/{id}"] = new("physicians/H1-A", Everybody),
        ["PUT /api/v1/physicians/{id}"] = new("physicians/H1-A", Regulators, new
        {
            name = "Doctor H1-A",
            titles = new[] { new { title = "chief", from = "2010-01-01" } },
            licenceScope = "surgery",
            specialty = "neurosurgery",
            registrations = new[] { new { institution = "H1", from = "2010-01-01", main = true } },
        }),
        // A hospital proposes its own leaves.
        ["POST /api/v1/physicians/{id}/leaves"] = new("physicians/H1-A/leaves", OfPlace, new { from = "2026-05-01", to = "2026-05-02", reason = "illness" }),
        ["POST /api/v1/physicians/{id}/leaves/{leaveId}/confirm"] = new("physicians/H1-A/leaves/{leave}/confirm", Regulators, new { }),

        // A hospital sees and writes its own cases, a physician reads his or her own, a regulator acts in the province.
        ["GET /api/v1/cases"] = new("cases", "ok    ok    ok    ok    ok    ok    ok    403"),
        ["POST /api/v1/cases"] = new("cases", OfPlace, World.Case("H1", "posted", AccessService.Today.AddDays(-1))),
        ["POST /api/v1/fhir"] = new("fhir", OfPlace, FhirExamples.Bundle("aneurysm")),
        ["GET /api/v1/fhir/metadata"] = new("fhir/metadata", Open),
        ["POST /api/v1/cases/import"] = new("cases/import", "ok    line  403   403   ok    line  ok    403", World.Case("H1", "imported", AccessService.Today.AddDays(-1))),
        ["GET /api/v1/cases/template.csv"] = new("cases/template.csv", Open),
        ["GET /api/v1/cases/template.xlsx"] = new("cases/template.xlsx", Open),
        ["GET /api/v1/cases/{caseId}"] = new("cases/{case}", Case),
        ["GET /api/v1/cases/{caseId}/history"] = new("cases/{case}/history", Case),
        ["GET /api/v1/cases/{caseId}/deciders"] = new("cases/{case}/deciders", Case),
        ["GET /api/v1/cases/{caseId}/changes"] = new("cases/{case}/changes", Case),
        ["GET /api/v1/cases/{caseId}/possible-duplicates"] = new("cases/{case}/possible-duplicates", Case),
        ["GET /api/v1/changes"] = new("changes", "ok    ok    403   403   ok    ok    ok    403"),
        ["GET /api/v1/institutions/{id}/verified-totals"] = new("institutions/H1/verified-totals", OfPlace),
        ["POST /api/v1/institutions/{id}/verified-totals"] = new("institutions/H1/verified-totals", Regulators, new { technique = "neurovascular", from = "2025-01-01", to = "2025-12-31", cases = 9, source = "insurer" }),
        ["POST /api/v1/institutions/{id}/verified-totals/{totalId}/withdraw"] = new("institutions/H1/verified-totals/{total}/withdraw", Regulators, Reason),
        // A base of a kind that the ministry recognises: the province reads, and decides nothing.
        ["POST /api/v1/training-bases"] = new("training-bases", OwnHospital, new { kind = "national", technique = "comprehensive", institution = "H1" }),
        ["POST /api/v1/trainees"] = new("trainees", OwnHospital, TraineeTests.Enrolment("H1", "H1-B", new(2026, 3, 1), new(2026, 8, 31), "provincial", "comprehensive", 2)),
        ["GET /api/v1/trainees"] = new("trainees", Everybody),
        ["GET /api/v1/certificates"] = new("certificates", Everybody),
        ["GET /api/v1/trainees/{trainee}"] = new($"trainees/{Trainee}", Dossier),
        ["GET /api/v1/trainees/{trainee}/cases"] = new($"trainees/{Trainee}/cases", Dossier),
        ["GET /api/v1/trainees/{trainee}/history"] = new($"trainees/{Trainee}/history", Dossier),
        ["POST /api/v1/trainees/{trainee}/interruptions"] = new($"trainees/{Trainee}/interruptions", OfBase, new { from = "2026-04-01", to = "2026-04-02", reason = "r" }),
        ["POST /api/v1/trainees/{trainee}/cases"] = new($"trainees/{Trainee}/cases", OfBase, new { cases = Array.Empty<object>() }),
        ["POST /api/v1/trainees/{trainee}/care"] = new($"trainees/{Trainee}/care", OfBase, new { on = "2026-03-02", parts = new[] { "record" }, supervisor = "H1-B" }),
        ["POST /api/v1/trainees/{trainee}/tests"] = new($"trainees/{Trainee}/tests", OfBase, new { kind = "theory", on = "2026-03-02", passed = true }),
        ["POST /api/v1/trainees/{trainee}/entries/{number}/withdraw"] = new($"trainees/{Trainee}/entries/1/withdraw", OfBase, Reason),
        ["POST /api/v1/trainees/{trainee}/evaluation"] = new($"trainees/{Trainee}/evaluation", OfBase, new { on = "2026-03-02", passed = false, remark = "r" }),
        ["POST /api/v1/trainees/{trainee}/certificate"] = new($"trainees/{Trainee}/certificate", OfBase, new { number = "C" }),
        ["POST /api/v1/trainees/{trainee}/certificate/withdraw"] = new($"trainees/{Trainee}/certificate/withdraw", OfAuthority, Reason),
        ["POST /api/v1/trainees/{trainee}/extension"] = new($"trainees/{Trainee}/extension", OfBase, new { until = "2026-09-30", reason = "r" }),
        ["POST /api/v1/trainees/{trainee}/end"] = new($"trainees/{Trainee}/end", OfBase, new { lastDay = "2026-03-02" }),
        ["GET /api/v1/training-bases"] = new("training-bases", OfRegulators),
        ["GET /api/v1/public/training-bases"] = new("public/training-bases", Open),
        ["GET /api/v1/training-bases/{kind}/{technique}/{institution}"] = new("training-bases/national/neurovascular/H1", OfPlace),
        ["GET /api/v1/training-bases/{kind}/{technique}/{institution}/history"] = new("training-bases/national/neurovascular/H1/history", OfPlace),
        ["GET /api/v1/training-bases/{kind}/{technique}/{institution}/evaluation"] = new("training-bases/national/neurovascular/H1/evaluation", OfPlace),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/attestations"] = new("training-bases/national/neurovascular/H1/attestations", "ok    403   403   403   403   403   ok    403", new { facts = Array.Empty<object>() }),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/tutors"] = new("training-bases/national/neurovascular/H1/tutors", OwnHospital, new { tutors = new[] { "H1-A" } }),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/capacity"] = new("training-bases/national/neurovascular/H1/capacity", OwnHospital, new { trainees = 3 }),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/give-up"] = new("training-bases/national/neurovascular/H1/give-up", OwnHospital, Reason),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/recognise"] = new("training-bases/national/neurovascular/H1/recognise", OfMinistry, new { reference = "R" }),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/refuse"] = new("training-bases/national/neurovascular/H1/refuse", OfMinistry, Reason),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/review"] = new("training-bases/national/neurovascular/H1/review", OfMinistry, new { remark = "r" }),
        ["POST /api/v1/training-bases/{kind}/{technique}/{institution}/withdraw"] = new("training-bases/national/neurovascular/H1/withdraw", OfMinistry, Reason),
        ["GET /api/v1/cases/{caseId}/devices"] = new("cases/{case}/devices", Case),
        ["POST /api/v1/cases/{caseId}/complications"] = new("cases/{case}/complications", ChangeCase, new { code = "vasospasm", occurredOn = "2026-03-09", relation = "related" }),
        ["POST /api/v1/cases/{caseId}/death"] = new("cases/{case}/death", ChangeCase, new { occurredOn = "2026-03-08", relation = "related" }),
        ["POST /api/v1/cases/{caseId}/incidents"] = new("cases/{case}/incidents", ChangeCase, new { grade = 2, determinedOn = "2026-03-09", relation = "related" }),
        ["POST /api/v1/cases/{caseId}/outcome-statement"] = new("cases/{case}/outcome-statement", ChangeCase, new { aliveOnDay30 = false, complications = "reported" }),
        ["POST /api/v1/cases/{caseId}/follow-ups"] = new("cases/{case}/follow-ups", ChangeCase, new { on = "2026-03-09", status = "lost" }),
        ["POST /api/v1/cases/{caseId}/corrections"] = new("cases/{case}/corrections", ChangeCase, new { reason = "r", report = new { } }),
        ["POST /api/v1/cases/{caseId}/complications/{complicationId}/withdraw"] = new("cases/{case}/complications/{complication}/withdraw", ChangeCase, Reason),
        ["POST /api/v1/cases/{caseId}/death/withdraw"] = new("cases/{case}/death/withdraw", ChangeCase, Reason),
        ["POST /api/v1/cases/{caseId}/void"] = new("cases/{case}/void", ChangeCase, Reason),
        ["POST /api/v1/cases/{caseId}/relation"] = new("cases/{case}/relation", "ok    404   403   403   403   403   403   403", new { of = "death", relation = "undetermined", reason = "r" }),
        ["POST /api/v1/cases/{caseId}/requests/{requestId}/decide"] = new("cases/{case}/requests/{request}/decide", JudgeCase, new { agree = false, reason = "r" }),
        ["POST /api/v1/cases/{caseId}/adjudications"] = new("cases/{case}/adjudications", JudgeCase, new { of = "death", relation = "related", reason = "r" }),

        // What is owed is the hospital's and its regulator's affair; a calendar's address is the hospital's own, and open to whoever has it.
        ["POST /api/v1/procedures"] = new("procedures", OfPlace,
            new { institution = "H1", caseNumber = "announced", technique = "neurovascular", intent = "therapeutic", completedAt = "2026-03-09T10:00:00+08:00" }),
        ["POST /api/v1/procedures/{caseId}/withdraw"] = new("procedures/{procedure}/withdraw", ChangeCase, Reason),
        ["GET /api/v1/institutions/{id}/obligations"] = new("institutions/H1/obligations", OfPlace),
        ["GET /api/v1/physicians/{id}/obligations"] = new("physicians/H1-A/obligations", "403   403   ok    403   403   403   403   403"),
        ["POST /api/v1/institutions/{id}/calendar-feeds"] = new("institutions/H1/calendar-feeds", OwnHospital, new { language = "zh-CN" }),
        ["GET /api/v1/institutions/{id}/calendar-feeds"] = new("institutions/H1/calendar-feeds", OwnHospital),
        ["DELETE /api/v1/institutions/{id}/calendar-feeds/{feedId}"] = new("institutions/H1/calendar-feeds/{feed}", OwnHospital),
        ["GET /api/v1/feeds/deadlines/{secret}.ics"] = new("{feedUrl}", Open),
        // Who files a notice never reads it; the hospital where it was done answers, the regulator decides, and keeps the list.
        ["POST /api/v1/outcome-notices"] = new("outcome-notices", "ok    ok    403   403   ok    ok    ok    403", OutcomeTests.Notice("H1", AccessService.Today, caseNumber: "of H1")),
        ["GET /api/v1/outcome-notices"] = new("outcome-notices", "ok    ok    403   403   ok    ok    ok    403"),
        ["GET /api/v1/outcome-notices/{id}"] = new("outcome-notices/{outcomeNotice}", "ok    404   403   403   ok    404   ok    403"),
        ["POST /api/v1/outcome-notices/{id}/answer"] = new("outcome-notices/{outcomeNotice}/answer", "ok    404   403   403   403   403   403   403", new { accepted = false, reason = "r" }),
        ["POST /api/v1/outcome-notices/{id}/decide"] = new("outcome-notices/{outcomeNotice}/decide", JudgeCase, new { uphold = false, reason = "r" }),
        ["GET /api/v1/adjudications"] = new("adjudications", OfRegulators),
        ["GET /api/v1/adjudications/agreement"] = new("adjudications/agreement?technique=neurovascular&from=2026-01-01&to=2026-03-10", OfRegulators),

        // A hospital sees of physicians the standing, not the metrics of other sites.
        ["GET /api/v1/institutions/{id}/metrics"] = new("institutions/H1/metrics?technique=neurovascular", OfPlace),
        ["GET /api/v1/institutions/{id}/metrics/series"] = new("institutions/H1/metrics/series?technique=neurovascular&from=2026-03-01&to=2026-03-02&step=day", OfPlace),
        ["GET /api/v1/institutions/{id}/compliance/{clause}"] = new("institutions/H1/compliance/NV-RATE-MORT?technique=neurovascular", OfPlace),
        ["GET /api/v1/physicians/{id}/compliance/{clause}"] = new("physicians/H1-A/compliance/NV-RATE-MORT?technique=neurovascular", OfPerson),
        ["GET /api/v1/institutions/{id}/compliance"] = new("institutions/H1/compliance?technique=neurovascular", OfPlace),
        ["GET /api/v1/physicians/{id}/metrics"] = new("physicians/H1-A/metrics?technique=neurovascular", OfPerson),
        ["GET /api/v1/physicians/{id}/metrics/series"] = new("physicians/H1-A/metrics/series?technique=neurovascular&from=2026-03-01&to=2026-03-02&step=day", OfPerson),
        ["GET /api/v1/physicians/{id}/compliance"] = new("physicians/H1-A/compliance?technique=neurovascular", OfPerson),
        ["GET /api/v1/dashboards/compliance"] = new("dashboards/compliance", "403   403   403   403   ok    ok    ok    403"),
        ["GET /api/v1/dashboards/provinces"] = new("dashboards/provinces?technique=neurovascular", "403   403   403   403   ok    ok    ok    403"),

        ["GET /api/v1/qualifications/{kind}/{subject}/{technique}"] = new("qualifications/institution/H1/neurovascular", Everybody),
        ["GET /api/v1/qualifications/{kind}/{subject}/{technique}/history"] = new("qualifications/institution/H1/neurovascular/history", OfPlace),
        ["POST /api/v1/qualifications/import"] = new("qualifications/import", "403   403   403   403   ok    line  ok    403",
            new { kind = "institution", subject = "H1", technique = "neurovascular", grantedOn = "2020-01-01", reference = "before the system" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/grant"] = new("qualifications/institution/H1/comprehensive/grant", Regulators, new { reference = "r" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/suspend"] = new("qualifications/institution/H1/neurovascular/suspend", Regulators, Reason),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/lift"] = new("qualifications/institution/H1/neurovascular/lift", Regulators, Reason),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/annul"] = new("qualifications/institution/H1/neurovascular/annul", Regulators, Reason),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/review"] = new("qualifications/institution/H1/neurovascular/review", OfPlace, new { reason = "r", uphold = true }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/rectification-plan"] = new("qualifications/institution/H1/neurovascular/rectification-plan", "ok    403   403   403   403   403   403   403", new { plan = "p" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/reassessment"] = new("qualifications/institution/H1/neurovascular/reassessment", Regulators, new { passed = true, remark = "r" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/revoke"] = new("qualifications/institution/H1/neurovascular/revoke", Regulators, Reason),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/relinquish"] = new("qualifications/physician/H1-A/neurovascular/relinquish", "403   403   ok    403   ok    403   ok    403", Reason),

        // The applicant applies; who is asked for an opinion gives his own; the regulator of the province does the rest.
        ["POST /api/v1/qualifications"] = new("qualifications", "ok    403   403   403   403   403   403   403",
            new { kind = "institution", subject = "H1", technique = "comprehensive", path = "tertiary", facts = Array.Empty<object>(), dryRun = true }),
        ["GET /api/v1/qualifications/{kind}/{subject}/{technique}/application"] = new("qualifications/institution/H1/neurovascular/application", OfPlace),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/attestations"] = new("qualifications/institution/H1/neurovascular/attestations", OfPlace, new { facts = Array.Empty<object>() }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/opinions"] = new("qualifications/physician/H1-A/comprehensive/opinions", "ok    403   403   403   403   403   403   403",
            new { step = "department", decision = "agree", text = "t", signedBy = "s", stamp = new { name = "n", hash = new string('0', 64), date = "2026-03-01" }, signedOn = "2026-03-01" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/withdraw"] = new("qualifications/institution/H1/comprehensive/withdraw", "ok    403   403   403   403   403   403   403", Reason),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/file"] = new("qualifications/institution/H1/neurovascular/file", Regulators, new { reference = "r" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/aid"] = new("qualifications/institution/H1/comprehensive/aid", Regulators, new { hospital = "H2", seconded = new[] { "H2-A" }, from = "2026-03-01" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/aid/end"] = new("qualifications/institution/H1/comprehensive/aid/end", Regulators, new { lastDay = "2026-03-09" }),

        ["GET /api/v1/enforcement"] = new("enforcement", "403   403   403   403   ok    ok    ok    403"),
        ["PUT /api/v1/enforcement/{technique}/{province}"] = new("enforcement/comprehensive/11", Regulators, new { mode = "observe", from = "2026-03-11" }),
        ["GET /api/v1/proposals"] = new("proposals", "403   403   403   403   ok    ok    ok    403"),
        ["POST /api/v1/proposals/{id}/decide"] = new("proposals/{proposal}/decide", Regulators, new { agree = false, reason = "r" }),

        // Rounds are opened, scored and concluded by the regulator of the province; of one subject in them the holder reads too.
        ["GET /api/v1/assessment-schedules"] = new("assessment-schedules", OfRegulators),
        ["PUT /api/v1/assessment-schedules/{technique}/{province}"] = new("assessment-schedules/comprehensive/11", Regulators, new { firstDueOn = "2026-12-31", everyMonths = 12 }),
        ["GET /api/v1/assessment-rounds"] = new("assessment-rounds", OfRegulators),
        ["POST /api/v1/assessment-rounds"] = new("assessment-rounds", Regulators, new { technique = "neurovascular", province = "11", from = "2024-01-01", to = "2024-12-31" }),
        ["GET /api/v1/assessment-rounds/{id}"] = new("assessment-rounds/{round}", Regulators),
        ["GET /api/v1/assessment-rounds/{id}/subjects"] = new("assessment-rounds/{round}/subjects", Regulators),
        ["GET /api/v1/assessment-rounds/{id}/subjects/{kind}/{subject}"] = new("assessment-rounds/{round}/subjects/institution/H1", OfPlace),
        ["GET /api/v1/assessment-rounds/{id}/subjects/{kind}/{subject}/pack"] = new("assessment-rounds/{round}/subjects/physician/H1-A/pack", OfPerson),
        ["POST /api/v1/assessment-rounds/{id}/scores"] = new("assessment-rounds/{round}/scores", Regulators, new { subject = H1, items = new[] { new { item = "caseSelection", passed = true } } }),
        ["POST /api/v1/assessment-rounds/{id}/overrides"] = new("assessment-rounds/{round}/overrides", Regulators, new { subject = H1, outcome = "passed", reason = "r" }),
        ["POST /api/v1/assessment-rounds/{id}/conclude"] = new("assessment-rounds/{emptyRound}/conclude", Regulators, new { }),
        ["POST /api/v1/assessment-rounds/{id}/reopen"] = new("assessment-rounds/{round}/reopen", Regulators, new { subject = H1, reason = "r" }),
        // National calls and decides, whoever applies sees the own application alone, an expert scores.
        ["GET /api/v1/selected-bases"] = new("selected-bases", OfRegulators),
        ["GET /api/v1/public/selected-bases"] = new("public/selected-bases", Open),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/duties"] = new("selection-rounds/{selection}/applications/H1/duties", Applicant, new { facts = new { } }),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/duties-review"] = new("selection-rounds/{selection}/applications/H1/duties-review", National, new { remark = "r" }),
        ["GET /api/v1/public/selection-rounds"] = new("public/selection-rounds", Open),
        ["GET /api/v1/selection-rounds"] = new("selection-rounds", Everybody),
        ["POST /api/v1/selection-rounds"] = new("selection-rounds", National, new { }),
        ["GET /api/v1/selection-rounds/{id}"] = new("selection-rounds/{selection}", Everybody),
        ["POST /api/v1/selection-rounds/{id}/committee"] = new("selection-rounds/{selection}/committee", National, new { experts = new[] { "H2-A" } }),
        ["POST /api/v1/selection-rounds/{id}/conflicts"] = new("selection-rounds/{selection}/conflicts", "403   403   403   ok    403   403   ok    403", new { institution = "H4" }),
        ["POST /api/v1/selection-rounds/{id}/scores"] = new("selection-rounds/{selection}/scores", "403   403   403   ok    403   403   403   403", new { institution = "H1" }),
        ["POST /api/v1/selection-rounds/{id}/close-scoring"] = new("selection-rounds/{selection}/close-scoring", National, new { }),
        ["POST /api/v1/selection-rounds/{id}/reopen-scoring"] = new("selection-rounds/{selection}/reopen-scoring", National, Reason),
        ["POST /api/v1/selection-rounds/{id}/tie"] = new("selection-rounds/{selection}/tie", National, new { institutions = new[] { "H1" }, reason = "r" }),
        ["POST /api/v1/selection-rounds/{id}/publish"] = new("selection-rounds/{selection}/publish", National, new { }),
        ["POST /api/v1/selection-rounds/{id}/objections"] = new("selection-rounds/{selection}/objections", Everybody, Reason),
        ["POST /api/v1/selection-rounds/{id}/objections/{objection}/statement"] = new($"selection-rounds/{{selection}}/objections/{Guid.Empty}/statement", "ok    ok    403   403   403   403   403   ok", new { }),
        ["POST /api/v1/selection-rounds/{id}/objections/{objection}/answer"] = new($"selection-rounds/{{selection}}/objections/{Guid.Empty}/answer", National, new { }),
        ["POST /api/v1/selection-rounds/{id}/conclude"] = new("selection-rounds/{selection}/conclude", National, new { }),
        ["GET /api/v1/selection-rounds/{id}/applications"] = new("selection-rounds/{selection}/applications", "403   403   403   ok    403   403   ok    403"),
        ["GET /api/v1/selection-rounds/{id}/applications/{institution}"] = new("selection-rounds/{selection}/applications/H1", ReadsApplication),
        ["PUT /api/v1/selection-rounds/{id}/applications/{institution}"] = new("selection-rounds/{selection}/applications/H1", Applicant, new { facts = new { } }),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/attachments/{kind}"] = new("selection-rounds/{selection}/applications/H1/attachments/evidence", Applicant, "%PDF-1.7"),
        ["GET /api/v1/selection-rounds/{id}/applications/{institution}/attachments/{attachment}"] = new("selection-rounds/{selection}/applications/H1/attachments/{attachment}", ReadsApplication),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/attachments/{attachment}/remove"] = new("selection-rounds/{selection}/applications/H1/attachments/{attachment}/remove", Applicant, new { }),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/submit"] = new("selection-rounds/{selection}/applications/H1/submit", Applicant, new { }),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/fraud"] = new("selection-rounds/{selection}/applications/H1/fraud", National, new { step = "dismissed", finding = "f" }),
        ["POST /api/v1/selection-rounds/{id}/applications/{institution}/fraud-statement"] = new("selection-rounds/{selection}/applications/H1/fraud-statement", Applicant, new { statement = "s" }),
        ["GET /api/v1/due"] = new("due", OfRegulators),

        // Notices, hearing and objections belong to the holder and to the regulator; the regulator neither asks nor objects.
        ["GET /api/v1/qualifications/{kind}/{subject}/{technique}/notices"] = new("qualifications/physician/H1-A/neurovascular/notices", OfPerson),
        ["GET /api/v1/qualifications/{kind}/{subject}/{technique}/notices/{version}"] = new("qualifications/physician/H1-A/neurovascular/notices/{notice}", OfPerson),
        ["GET /api/v1/qualifications/{kind}/{subject}/{technique}/notices/{version}/print"] = new("qualifications/physician/H1-A/neurovascular/notices/{notice}/print", OfPerson),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/rectification-evidence"] = new("qualifications/institution/H1/neurovascular/rectification-evidence", "ok    403   403   403   403   403   403   403",
            new { remark = "r", evidence = new[] { new { name = "n", hash = new string('0', 64), date = "2026-03-01" } } }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/hearing"] = new("qualifications/institution/H1/neurovascular/hearing", "ok    403   403   403   403   403   403   403", new { statement = "s" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/hearing-record"] = new("qualifications/institution/H1/neurovascular/hearing-record", Regulators, new { heldOn = "2026-03-10", record = "r" }),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/objections"] = new("qualifications/physician/H1-A/neurovascular/objections", "403   403   ok    403   403   403   403   403", """{ "notice": {notice}, "reason": "r" }"""),
        ["POST /api/v1/qualifications/{kind}/{subject}/{technique}/objection-answers"] = new("qualifications/physician/H1-A/neurovascular/objection-answers", Regulators,
            """{ "objectionId": "{objection}", "accepted": false, "answer": "a" }"""),

        // The drug authority's registrations are no province's, and no secret; a ledger is its hospital's own; a device is followed through all provinces, with its cases in the own one, by a hospital through its own cases.
        ["GET /api/v1/device-registrations"] = new("device-registrations", Everybody),
        ["POST /api/v1/device-registrations"] = new("device-registrations", OfRegulators, new { number = "N2", name = "Stent", maker = "M", validFrom = "2020-01-01", validTo = "2029-12-31" }),
        ["GET /api/v1/device-registrations/{id}"] = new($"device-registrations/{Registration}", Everybody),
        ["POST /api/v1/device-registrations/{id}/renew"] = new($"device-registrations/{Registration}/renew", OfRegulators, new { validFrom = "2030-01-01", validTo = "2034-12-31" }),
        ["POST /api/v1/device-registrations/{id}/cancel"] = new($"device-registrations/{Registration}/cancel", OfRegulators, new { cancelledOn = "2026-03-01", reason = "r" }),
        ["POST /api/v1/device-registrations/{id}/withdraw-cancellation"] = new($"device-registrations/{Registration}/withdraw-cancellation", OfRegulators, Reason),
        ["GET /api/v1/institutions/{id}/device-receipts"] = new("institutions/H1/device-receipts", OfPlace),
        ["GET /api/v1/institutions/{id}/device-receipts/excesses"] = new("institutions/H1/device-receipts/excesses", OfPlace),
        ["POST /api/v1/institutions/{id}/device-receipts"] = new("institutions/H1/device-receipts", OwnHospital, new { number = "R2", supplier = "S", receivedOn = "2026-03-01", di = "06901234567892", quantity = 1 }),
        ["POST /api/v1/institutions/{id}/device-receipts/{receiptId}/corrections"] = new($"institutions/H1/device-receipts/{Receipt}/corrections", OwnHospital,
            new { reason = "r", goods = new { supplier = "S", receivedOn = "2026-03-01", di = "06901234567892", quantity = 2 } }),
        ["POST /api/v1/institutions/{id}/device-receipts/{receiptId}/void"] = new($"institutions/H1/device-receipts/{Receipt}/void", OwnHospital, Reason),
        ["GET /api/v1/devices/{udi}/uses"] = new("devices/06901234567892/uses", "ok    ok    403   403   ok    ok    ok    403"),

        // Everybody has webhooks of his own; those asked for here are H1's.
        ["GET /api/v1/webhooks"] = new("webhooks", "ok    ok    ok    ok    ok    ok    ok    403"),
        ["POST /api/v1/webhooks"] = new("webhooks", "ok    ok    ok    ok    ok    ok    ok    403", new { url = "http://127.0.0.1:1/" }),
        ["GET /api/v1/webhooks/{id}"] = new("webhooks/{webhook}", Webhook),
        ["DELETE /api/v1/webhooks/{id}"] = new("webhooks/{webhook}", Webhook),
        ["GET /api/v1/webhooks/{id}/deliveries"] = new("webhooks/{webhook}/deliveries", Webhook),
        ["POST /api/v1/webhooks/{id}/deliveries/{deliveryId}/repeat"] = new("webhooks/{webhook}/deliveries/1-0/repeat", Webhook),
        ["POST /api/v1/webhooks/{id}/deliveries/{deliveryId}/skip"] = new("webhooks/{webhook}/deliveries/1-0/skip", Webhook),

        ["GET /api/v1/regulations"] = new("regulations", Everybody),
        ["GET /api/v1/regulations/{id}/{version}"] = new("regulations/NV-2012/4", Everybody),
        ["GET /api/v1/regulations/{id}/diff"] = new("regulations/NV-2012/diff?from=4&to=4", Everybody),
        ["GET /api/v1/regulations/{id}/{version}/clauses/{clause}"] = new("regulations/NV-2012/4/clauses/NV-RATE-MORT", Everybody),
        ["GET /api/v1/regulations/{id}/provinces"] = new("regulations/NV-2012/provinces", Everybody),
        ["POST /api/v1/regulations"] = new("regulations", "403   403   403   403   403   403   ok    403", new { }),
        ["POST /api/v1/regulations/{id}/provinces/{province}"] = new("regulations/NV-2012/provinces/11", Regulators, new { }),
        ["POST /api/v1/regulations/what-if"] = new("regulations/what-if", "403   403   403   403   ok    ok    ok    403", new { technique = "neurovascular", limits = new[] { new { clause = "NV-PHYS-30", limit = 40 } } }),
        ["GET /api/v1/calendars"] = new("calendars", Everybody),
        ["GET /api/v1/calendars/{year}"] = new("calendars/2026", Everybody),
        // National publishes regulations and calendars.
        ["PUT /api/v1/calendars/{year}"] = new("calendars/2028", "403   403   403   403   403   403   ok    403", new { notice = "n", rest = new[] { "2028-01-01" }, makeUp = Array.Empty<string>() }),
    };

    private static IEnumerable<string> Endpoints(TestService service) =>
        from endpoint in service.Get<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"]
        select $"{method} /{endpoint.RoutePattern.RawText!.TrimStart('/')}";

    [Fact]
    public void Every_endpoint_is_in_the_table()
    {
        var endpoints = Endpoints(Service).ToHashSet();
        endpoints.Count.ShouldBeGreaterThan(50);
        endpoints.Except(Table.Keys).ShouldBeEmpty("these endpoints are not in the table: who may call them?");
    }

    public static TheoryData<string> Rows => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task An_endpoint_answers_whom_the_contract_says(string endpoint)
    {
        var row = Table[endpoint];
        var (method, path) = (new HttpMethod(endpoint.Split(' ')[0]), await Path(row.Path));
        if (row.Answers == Open)
        {
            var open = await Send(method, path, row.Body, token: null);
            new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound }.ShouldNotContain(open.Status);
            return;
        }

        var before = await province.Head;
        foreach (var (kind, bad) in await BadTokens())
        {
            var answer = await Send(method, path, row.Body, bad);
            answer.Status.ShouldBe(HttpStatusCode.Unauthorized, kind);
            answer.Response.Headers.WwwAuthenticate.ToString().ShouldStartWith("Bearer");
        }

        // First those who may not: nothing they send may leave a trace.
        var answers = row.Answers.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        answers.Length.ShouldBe(Callers.Length);
        foreach (var (caller, expected) in Callers.Zip(answers).Where(c => c.Second != "ok"))
        {
            var answer = await Send(method, path, row.Body, await Token(caller));
            if (expected == "line")
            {
                answer.Expect(HttpStatusCode.OK).Body!["errors"]!.AsArray().Select(e => e!["code"]!.GetValue<string>()).ShouldBe(["forbidden"], caller.Name);
                continue;
            }

            ((int)answer.Status).ShouldBe(int.Parse(expected), $"{caller.Name}: {answer.Body?.ToJsonString()}");
            // Where FHIR is spoken it stands in the issue.
            (answer.Body!["code"] ?? answer.Body["issue"]![0]!["details"]!["coding"]![0]!["code"])!.GetValue<string>().ShouldBe(expected == "403" ? "forbidden" : "notFound", caller.Name);
        }

        (await province.Head).ShouldBe(before);
        foreach (var (caller, _) in Callers.Zip(answers).Where(c => c.Second == "ok"))
        {
            var answer = await Send(method, path, row.Body, await Token(caller));
            new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound }.ShouldNotContain(answer.Status, $"{caller.Name}: {answer.Body?.ToJsonString()}");
            ((int)answer.Status).ShouldBeLessThan(500, $"{caller.Name}: {answer.Body?.ToJsonString()}");
            if (method == HttpMethod.Get)
            {
                answer.Status.ShouldBe(HttpStatusCode.OK, caller.Name);
                answer.Response.Headers.CacheControl!.ToString().ShouldBe("no-store", "what one may see no cache keeps for another");
            }
        }
    }

    [Fact]
    public async Task Whom_a_list_is_for_decides_what_stands_in_it()
    {
        async Task<List<string>> Of(string path, string property, string role, string? institution = null, string? physician = null, string? of = null)
        {
            var token = await Service.Token(role, institution, physician, of);
            return [.. (await Service.Get($"{path}minPosition={await province.Head}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(c => c![property]!.GetValue<string>()).Distinct().Order()];
        }

        (await Of("cases?limit=500&", "institution", "hospital", institution: "H2")).ShouldBe(["H2"]);
        (await Of("cases?limit=500&", "institution", "regulator", of: "31")).ShouldBe(["H3"]);
        (await Of("cases?limit=500&", "institution", "regulator", of: "11")).ShouldBe(["H1", "H2", "H4"]);
        (await Of("cases?limit=500&", "institution", "national")).ShouldBe(["H1", "H2", "H3", "H4"]);
        (await Of("cases?limit=500&", "operator", "physician", physician: "H2-A")).ShouldBe(["H2-A"]);
        (await Of("cases?limit=500&", "operator", "physician", physician: "nobody")).ShouldBe([]);
        (await Of("cases?limit=500&institution=H1&", "institution", "regulator", of: "31")).ShouldBe([]);
        (await Of("changes?limit=500&", "institution", "hospital", institution: "H2")).ShouldBe([]);
        await province.NewCase();
        (await Of("changes?limit=500&", "institution", "regulator", of: "31")).ShouldBe([]);
        (await Of("changes?limit=500&", "institution", "regulator", of: "11")).ShouldBe(["H1"]);
        (await Of("changes?limit=500&", "institution", "hospital", institution: "H1")).ShouldBe(["H1"]);
        (await Of("dashboards/compliance?limit=500&", "province", "regulator", of: "11")).ShouldBe(["11"]);
        (await Of("enforcement?", "province", "regulator", of: "31")).ShouldBe([]);
        (await Of("proposals?", "province", "regulator", of: "31")).ShouldBe([]);
        (await Of("assessment-rounds?", "province", "regulator", of: "31")).ShouldBe([]);
        (await Of("assessment-rounds?", "province", "regulator", of: "11")).ShouldBe(["11"]);
        (await Of("due?", "province", "regulator", of: "31")).ShouldBe([]);
        (await Of("due?", "province", "regulator", of: "11")).ShouldBe(["11"]);
    }

    [Fact]
    public async Task A_case_out_of_reach_is_answered_like_one_that_is_not_there()
    {
        var (id, _, _) = await province.NewCase();
        var token = await Service.Token("hospital", institution: "H2");
        async Task<string> Told(string caseId) => (await Service.Get($"cases/{caseId}", token)).Expect(HttpStatusCode.NotFound).Body!.ToJsonString().Replace(caseId, "", StringComparison.Ordinal);
        (await Told(id)).ShouldBe(await Told(Guid.NewGuid().ToString("D")));
    }

    /// <summary>One UUID in 600 has eleven digits that could be a mobile number: it is an id all the same, in a path as in a field.</summary>
    [Fact]
    public async Task An_id_that_looks_like_a_telephone_number_is_an_id()
    {
        const string like = "00000000-0000-4000-8000-a13912345678";
        const string unlike = "00000000-0000-4000-8000-a2391234567b";
        var token = await Service.Token("hospital", institution: "H1");
        (await Service.Get($"cases/{like}", token)).Expect(HttpStatusCode.NotFound).Body!["instance"]!.GetValue<string>().ShouldBe($"/api/v1/cases/{like}");
        (await Service.Get("cases/13912345678", token)).Body!["instance"]!.GetValue<string>().ShouldBe("/");

        var (id, _, _) = await province.NewCase();
        async Task<string> Refused(string of) =>
            (await Service.Post($"cases/{id}/relation", new { of, relation = "unrelated", reason = "r" }, token)).Body!.ToJsonString().Replace(of, "", StringComparison.Ordinal);
        (await Refused(like)).ShouldBe(await Refused(unlike));
    }

    [Fact]
    public async Task Every_reading_of_a_case_is_noted()
    {
        var (id, _, _) = await province.NewCase();
        await using var database = NpgsqlDataSource.Create(province.Database);
        async Task<List<string>> Readers()
        {
            await using var command = database.CreateCommand("select role || ' ' || caller from compliance.patient_reads where case_id = $1 order by read_at");
            command.Parameters.Add(new() { Value = Guid.Parse(id) });
            var readers = new List<string>();
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                readers.Add(reader.GetString(0));
            }

            return readers;
        }

        var before = (await Readers()).Count;
        (await Service.Get($"cases/{id}", await Service.Token("physician", physician: "H1-A"))).Expect(HttpStatusCode.OK);
        (await Service.Get($"cases/{id}/history", await province.World.Regulator)).Expect(HttpStatusCode.OK);
        (await Service.Get("cases?limit=500&operator=H1-A", await Service.National)).Expect(HttpStatusCode.OK);
        (await Service.Get($"cases/{id}/deciders", await province.World.Regulator)).Expect(HttpStatusCode.OK);
        // Those who see nothing read nothing.
        (await Service.Get($"cases/{id}/deciders", await Service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.NotFound);
        (await Service.Get($"cases/{id}", await Service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.NotFound);
        (await Service.Get("cases?limit=500", await Service.Token("hospital", institution: "H2"))).Expect(HttpStatusCode.OK);
        (await Readers()).Skip(before).ShouldBe(["physician dev:physician:H1-A", "regulator dev:regulator:11", "national dev:national", "regulator dev:regulator:11"]);
    }

    /// <summary>Its table of cases is patient-level data too.</summary>
    [Fact]
    public async Task Every_case_in_a_pack_is_noted()
    {
        var database = Service.Get<NpgsqlDataSource>();
        async Task<long> Notes()
        {
            await using var command = database.CreateCommand("select count(*) from compliance.patient_reads where role = 'regulator' and case_id in (select case_id from case_facts where institution = 'H4')");
            return (long)(await command.ExecuteScalarAsync())!;
        }

        var before = await Notes();
        var pack = $"assessment-rounds/{province.Round}/subjects/institution/H4/pack";
        (await Service.Get(pack, await province.World.Regulator)).Expect(HttpStatusCode.OK).Response.Content.Headers.ContentType!.MediaType.ShouldBe("application/zip");
        (await Notes()).ShouldBe(before + 4);
        (await Service.Get(pack, await Service.Token("regulator", province: "31"))).Expect(HttpStatusCode.Forbidden);
        (await Notes()).ShouldBe(before + 4);
    }

    [Fact]
    public async Task The_public_register_needs_no_token_and_shows_no_case()
    {
        var (id, _, _) = await province.NewCase();
        var answer = (await Service.Get($"public/register?technique=neurovascular&minPosition={await province.Head}")).Expect(HttpStatusCode.OK);
        var text = answer.Body!.ToJsonString();
        answer.Body["items"]!.AsArray().Count.ShouldBeGreaterThan(2);
        answer.Response.Headers.CacheControl!.Public.ShouldBeTrue();
        text.ShouldNotContain(id);
        // Of a physician only name, institution, technique, standing and since when: not even the id.
        text.ShouldNotContain("\"H1-A\"");
        text.ShouldNotContain("cases");
        text.ShouldNotContain("walk ");
        text.ShouldNotContain("death");
    }

    private async Task<string> Path(string template)
    {
        if (template.Contains("{case}", StringComparison.Ordinal))
        {
            var (id, complication, request) = await province.NewCase();
            template = template.Replace("{case}", id, StringComparison.Ordinal).Replace("{complication}", complication, StringComparison.Ordinal).Replace("{request}", request, StringComparison.Ordinal);
        }

        if (template.Contains("{leave}", StringComparison.Ordinal))
        {
            template = template.Replace("{leave}", await province.NewLeave(), StringComparison.Ordinal);
        }

        if (template.Contains("{outcomeNotice}", StringComparison.Ordinal))
        {
            template = template.Replace("{outcomeNotice}", await province.NewOutcomeNotice(), StringComparison.Ordinal);
        }

        if (template.Contains("{webhook}", StringComparison.Ordinal))
        {
            template = template.Replace("{webhook}", await province.NewWebhook(), StringComparison.Ordinal);
        }

        if (template.Contains("{procedure}", StringComparison.Ordinal))
        {
            template = template.Replace("{procedure}", await province.NewProcedure(), StringComparison.Ordinal);
        }

        if (template.Contains("{feed", StringComparison.Ordinal))
        {
            var (id, url) = await province.NewFeed();
            template = template.Replace("{feedUrl}", url, StringComparison.Ordinal).Replace("{feed}", id, StringComparison.Ordinal);
        }

        if (template.Contains("{total}", StringComparison.Ordinal))
        {
            var entered = await Service.Post("institutions/H1/verified-totals", new { technique = "neurovascular", from = "2024-01-01", to = "2024-12-31", cases = 9, source = "insurer" }, await Service.National);
            template = template.Replace("{total}", entered.Body!["totalId"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        return template.Replace("{proposal}", province.Proposal, StringComparison.Ordinal)
            .Replace("{round}", province.Round, StringComparison.Ordinal)
            .Replace("{emptyRound}", province.EmptyRound, StringComparison.Ordinal)
            .Replace("{selection}", province.Selection, StringComparison.Ordinal)
            .Replace("{attachment}", province.Attachment, StringComparison.Ordinal)
            .Replace("{notice}", $"{province.Notice}", StringComparison.Ordinal);
    }

    private Task<Answer> Send(HttpMethod method, string path, object? body, string? token) => path.EndsWith("/import", StringComparison.Ordinal)
        ? Service.Send(method, path, System.Text.Json.JsonSerializer.Serialize(body, System.Text.Json.JsonSerializerOptions.Web) + "\n", token, "application/x-ndjson")
        : path.EndsWith("/attachments/evidence", StringComparison.Ordinal) ? Service.Send(method, path, body, token, "application/octet-stream")
        : Service.Send(
            method,
            path,
            body switch
            {
                JsonObject json => json.ToJsonString(),
                string text => text.Replace("{objection}", province.Objection, StringComparison.Ordinal).Replace("{notice}", $"{province.Notice}", StringComparison.Ordinal),
                _ => body,
            },
            token);

    private Task<string> Token((string Name, string Role, string? Institution, string? Physician, string? Province) caller) =>
        Service.Token(caller.Role, caller.Institution, caller.Physician, caller.Province);

    private async Task<IReadOnlyList<(string Kind, string? Token)>> BadTokens()
    {
        await using var database = NpgsqlDataSource.Create(province.Database);
        await using var command = database.CreateCommand("select key from compliance.development_key");
        var ours = (byte[])(await command.ExecuteScalarAsync())!;
        string Made(byte[] key, DateTime expires, string role = "national") => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = "compliance-development",
            NotBefore = expires.AddDays(-1),
            IssuedAt = expires.AddDays(-1),
            Expires = expires,
            Claims = new Dictionary<string, object> { ["sub"] = "somebody", ["role"] = role },
            SigningCredentials = new(new SymmetricSecurityKey(key), SecurityAlgorithms.HmacSha256),
        });
        var tomorrow = DateTime.UtcNow.AddDays(1);
        // The same, sound in every respect, is accepted: what is refused below is refused for its one fault.
        (await Service.Get("calendars/2026", Made(ours, tomorrow))).Expect(HttpStatusCode.OK);
        return
        [
            ("no token", null),
            ("garbage", "garbage"),
            ("another's key", Made(RandomNumberGenerator.GetBytes(32), tomorrow)),
            ("expired", Made(ours, DateTime.UtcNow.AddHours(-1))),
            ("a role there is not", Made(ours, tomorrow, "admin")),
            ("a hospital without institution", Made(ours, tomorrow, "hospital")),
            ("unsigned", $"{Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}")}.{Made(ours, tomorrow).Split('.')[1]}."),
        ];
    }
}
