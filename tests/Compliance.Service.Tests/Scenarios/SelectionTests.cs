using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>Rounds of selection over HTTP, from the call to the result.</summary>
public sealed class SelectionTests
{
    private static readonly DateTimeOffset Closing = new(2024, 4, 30, 17, 0, 0, TimeSpan.FromHours(8));

    private sealed record Applicant(string Id, Action<JsonObject>? Change = null, string Level = "tertiary", string? Without = null, bool Priority = false, params string[] Unmet);

    private static Applicant Short(string id, string clause, Action<JsonObject> change) => new(id, change, Unmet: clause.StartsWith("NC-B", StringComparison.Ordinal) ? ["NC-BASIC-ALL", clause] : [clause]);

    private static JsonNode Json(string json) => JsonNode.Parse(json)!;

    private static JsonNode Tutor(string title, string physician = "true", string daily = "true") => Json($$"""[{ "name": "T", "title": "{{title}}", "physician": {{physician}}, "teachesDaily": {{daily}} }]""");

    /// <summary>Forty, at and around every boundary. The last comes too late.</summary>
    private static readonly IReadOnlyList<Applicant> Forty =
    [
        // On the right side of every boundary.
        new("A01"),
        new("A02", Level: "tertiaryA"),
        new("A03", Level: "tertiaryB"),
        new("A04", f => (f["treadmill"], f["cycleErgometer"]) = (false, true)),
        new("A05", f => (f["restStudies2023"], f["stressStudies2023"]) = (300, 0)),
        new("A06", f => (f["restStudies2023"], f["stressStudies2023"]) = (0, 300)),
        new("A07", f => f["dailyTutors"] = Tutor("chief")),
        new("A08", f => f["fullSeniorStaff"] = 2),
        new("A09", f => f["lecturers"] = Json($"[{string.Join(',', Enumerable.Range(1, 9).Select(n => SelectionWorld.Lecturer(n)))}]")),
        new("A10", f => f["researchProjects"] = Json("""[{ "title": "t", "level": "provincial", "year": 2018 }]""")),
        new("A11", f => f["leaderTitle"] = "chief"),
        // The other conditions.
        new("P01", f => f["researchProjects"] = Json("""[{ "title": "t", "level": "provincial", "year": 2019 }]"""), Priority: true),
        new("P02", f => f["nationalCourses"] = Json("""[{ "title": "t", "year": 2019 }]"""), Priority: true),
        new("P03", f => f["naturalScienceGrants"] = Json("""[{ "title": "t", "year": 2019 }]"""), Priority: true),
        new("P04", f => f["scienceAwards"] = Json("""[{ "title": "t", "level": "ministerial", "year": 2019 }]"""), Priority: true),
        new("P05", f => f["publications"] = Json("""[{ "title": "t", "form": "book", "role": "deputyChiefEditor", "year": 2019 }]"""), Priority: true),
        // On the wrong side.
        new("S01", Level: "secondary", Unmet: ["NC-BASIC-ALL", "NC-B1-TERTIARY"]),
        Short("S02", "NC-B2-YEARS", f => f["restStudiesSince"] = "2021-04-04"),
        Short("S03", "NC-B2-YEARS", f => f["stressStudiesSince"] = "2021-04-04"),
        Short("S04", "NC-B2-VOL", f => f["stressStudies2023"] = 149),
        Short("S05", "NC-B2-VOL", f => (f["restStudies2023"], f["stressStudies2023"]) = (299, 0)),
        Short("S06", "NC-B3-SENIOR", f => f["seniorStaff"] = 1),
        Short("S07", "NC-B3-SENIOR", f => f["fullSeniorStaff"] = 0),
        Short("S08", "NC-B4-EQUIP", f => f["treadmill"] = false),
        Short("S09", "NC-B4-EQUIP", f => f["defibrillator"] = false),
        Short("S10", "NC-B4-EQUIP", f => f["ecgMonitor"] = false),
        Short("S11", "NC-B5-TUTOR", f => f["dailyTutors"] = Tutor("attending")),
        Short("S12", "NC-B5-TUTOR", f => f["dailyTutors"] = Tutor("chief", physician: "false")),
        Short("S13", "NC-B5-TUTOR", f => f["dailyTutors"] = Tutor("chief", daily: "false")),
        Short("S14", "NC-B5-TUTOR", f => f["dailyTutors"] = Json("[]")),
        Short("S15", "NC-LEADER", f => f["leaderTitle"] = "attending"),
        Short("S16", "NC-TRAINER", f => f["lecturers"] = Json($"[{SelectionWorld.Lecturer(1)}, {SelectionWorld.Lecturer(2, "attending")}]")),
        Short("S17", "NC-FORM3-FIELDS", f => f.Remove("leaderTelephone")),
        new("S18", Without: "form4StampedPdf", Unmet: ["NC-APP-FORMS"]),
        new("S19", Without: "staffEvidence", Unmet: ["NC-FORM2-EVID"]),
        new("C01"), // an expert's own hospital
        new("F01"), // fraud
        new("T01"), // on the last day
        new("T02"), // also in time, and equal to T01
        new("L01"), // at 17:00:00
    ];

    private static IEnumerable<string> Codes(Answer answer) => answer.Body!["errors"]?.AsArray().Select(e => $"{e!["code"]!.GetValue<string>()} {e["pointer"]!.GetValue<string>()}") ?? [answer.Body["code"]!.GetValue<string>()];

    private static void Refused(Answer answer, HttpStatusCode status, string code) => Codes(answer.Expect(status)).ShouldBe([code]);

    [Fact]
    public async Task Forty_apply_and_five_are_selected()
    {
        Forty.Count.ShouldBe(40);
        var connection = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(new(2024, 4, 3), connection);
        var world = new SelectionWorld(service);
        var (national, round) = (await service.National, await world.Open(SelectionWorld.Call("NC-2024-1")));
        var path = $"selection-rounds/{round}";
        Task<Answer> Act(string act, object body, string? token = null) => service.Post($"{path}/{act}", body, token ?? national);

        foreach (var applicant in Forty)
        {
            await world.Institution(applicant.Id, applicant.Level);
            await world.Prepare(round, applicant.Id, applicant.Change, applicant.Without);
        }

        foreach (var applicant in Forty.Where(a => a.Id is not ("T01" or "L01")))
        {
            if (applicant.Unmet.Length > 0)
            {
                Refused(await world.Submit(round, applicant.Id), HttpStatusCode.Conflict, "applicationIncomplete");
            }

            var submitted = (await world.Submit(round, applicant.Id, asItIs: applicant.Unmet.Length > 0)).Expect(HttpStatusCode.OK).Body!;
            submitted["unmet"]!.AsArray().Select(u => u!.GetValue<string>()).ShouldBe(applicant.Unmet, applicant.Id);
            (submitted["eligible"]!.GetValue<bool>(), submitted["priority"]!.GetValue<bool>()).ShouldBe((applicant.Unmet.Length == 0, applicant.Priority), applicant.Id);
        }

        // On the last day, and the closing itself. The second before stands in SelectionApplicationTests and below, where no machine's speed decides.
        await service.MoveClock(Closing.AddHours(-1));
        var last = (await Act("applications/T01/submit", new { }, await world.Hospital("T01"))).Expect(HttpStatusCode.OK).Body!;
        DateTimeOffset.Parse(last["receivedAt"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(Closing.AddHours(-1), Closing.AddMicroseconds(-1));
        await service.MoveClock(Closing);
        Refused(await world.Submit(round, "L01"), HttpStatusCode.Conflict, "selectionRoundClosed");
        Refused(await world.Draft(round, "L01", SelectionWorld.Forms()), HttpStatusCode.Conflict, "selectionRoundClosed");
        Refused(await world.Attach(round, "L01", "evidence", SelectionWorld.Pdf("late")), HttpStatusCode.Conflict, "selectionRoundClosed");
        Refused(await world.Draft(round, "A01", new JsonObject()), HttpStatusCode.Conflict, "alreadySubmitted");
        // Submitted in time, and asked again when it is late, under a new key: the receipt there is.
        var again = (await service.Send(HttpMethod.Post, $"{path}/applications/T01/submit", new { }, await world.Hospital("T01"), headers: ("Idempotency-Key", "again"))).Expect(HttpStatusCode.OK).Body!;
        again["receivedAt"]!.GetValue<string>().ShouldBe(last["receivedAt"]!.GetValue<string>());

        // So is a file that came in time.
        (await world.Attach(round, "T01", "form2StampedPdf", SelectionWorld.Pdf("T01 form2StampedPdf"), ("Idempotency-Key", "again"))).Expect(HttpStatusCode.OK);
        Refused(await world.Attach(round, "T01", "form2StampedPdf", SelectionWorld.Pdf("another"), ("Idempotency-Key", "another")), HttpStatusCode.Conflict, "alreadySubmitted");

        // The committee: E3 is registered at the hospital C01.
        await service.MoveTo(new(2024, 5, 13));
        await world.Institution("X1");
        foreach (var (expert, at) in new[] { ("E1", "X1"), ("E2", "X1"), ("E3", "C01") })
        {
            await new World(service).Physician(expert, at);
        }

        (await Act("committee", new { experts = new[] { "E1", "E2", "E3" } })).Expect(HttpStatusCode.OK);
        async Task<string> Expert(string id) => await service.Token("physician", physician: id);
        (await service.Get($"{path}/applications/C01", await Expert("E3"))).Expect(HttpStatusCode.NotFound);
        (await service.Get($"{path}/applications/L01", await Expert("E1"))).Expect(HttpStatusCode.NotFound);
        var seen = (await service.Get($"{path}/applications", await Expert("E3"))).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        seen.Count.ShouldBe(39);
        seen.Where(a => a!["conflict"]!.GetValue<bool>()).ShouldHaveSingleItem()!.AsObject().ShouldSatisfyAllConditions(
            a => a["institution"]!["id"]!.GetValue<string>().ShouldBe("C01"), a => a["receivedAt"].ShouldBeNull(), a => a["eligible"].ShouldBeNull());
        seen.Count(a => a!["eligible"]?.GetValue<bool>() == true).ShouldBe(19, "twenty, without the one in conflict");

        // 95 and 94 for C01 and F01; 90 for P01 and A01, of whom P01 has priority; 80 for three, and 50 for the rest.
        int Points(string id) => id switch { "C01" => 95, "F01" => 94, "P01" or "A01" => 90, "A02" or "T01" or "T02" => 80, _ => 50 };
        Task<Answer> Score(string expert, string institution, int points, string token) => Act("scores", new { institution, points = new[] { new { criterion = "merit", points } } }, token);
        Refused(await Score("E3", "C01", 1, await Expert("E3")), HttpStatusCode.NotFound, "noSuchSelectionApplication");
        Refused(await Score("E1", "S01", 1, await Expert("E1")), HttpStatusCode.Conflict, "notEligible");
        Refused(await Score("E1", "A01", 101, await Expert("E1")), HttpStatusCode.BadRequest, "outOfRange /points/0/points");
        foreach (var expert in new[] { "E1", "E2", "E3" })
        {
            foreach (var applicant in Forty.Where(a => a.Unmet.Length == 0 && a.Id != "L01" && (expert, a.Id) != ("E3", "C01") && (expert, a.Id) != ("E3", "A11")))
            {
                (await Score(expert, applicant.Id, Points(applicant.Id), await Expert(expert))).Expect(HttpStatusCode.OK);
            }
        }

        // Nobody sees another's score before scoring is closed.
        async Task<JsonArray> Scores(string token) => (await service.Get(path, token)).Expect(HttpStatusCode.OK).Body!["committee"]!["scores"]!.AsArray();
        (await Scores(await Expert("E1"))).Select(s => s!["expert"]!.GetValue<string>()).Distinct().ShouldBe(["E1"]);
        (await Scores(national)).ShouldBeEmpty();
        var missing = (await Act("close-scoring", new { })).Expect(HttpStatusCode.Conflict).Body!;
        (missing["code"]!.GetValue<string>(), missing["detail"]!.GetValue<string>()).ShouldBe(("scoresMissing", "Not scored by every expert: A11. To close all the same, say why."));
        (await Act("close-scoring", new { reason = "E3 is ill" })).Expect(HttpStatusCode.OK).Body!["stage"]!.GetValue<string>().ShouldBe("ranked");
        var committee = (await service.Get(path, national)).Body!["committee"]!;
        committee["scores"]!.AsArray().Count.ShouldBe(58, "twenty by each of three, without two of E3's");
        committee["ranking"]!.AsArray().Take(7).Select(r => (r!["institution"]!["id"]!.GetValue<string>(), r["rank"]!.GetValue<int>(), r["mean"]!.GetValue<decimal>())).ShouldBe(
            [("C01", 1, 95m), ("F01", 2, 94m), ("P01", 3, 90m), ("A01", 4, 90m), ("A02", 5, 80m), ("T01", 5, 80m), ("T02", 5, 80m)]);
        committee["ranking"]!.AsArray().Count(r => r!["rank"] is null).ShouldBe(19);

        // Three are equal across the fifth place.
        Refused(await Act("publish", new { }), HttpStatusCode.Conflict, "tieUndecided");
        Refused(await Act("tie", new { institutions = new[] { "A02", "T01" }, reason = "r" }), HttpStatusCode.BadRequest, "tieChoice /institutions");
        (await Act("tie", new { institutions = new[] { "T02" }, reason = "no base in its region" })).Expect(HttpStatusCode.OK);
        (await service.Get("public/selection-rounds")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldBeEmpty();
        await service.MoveTo(new(2024, 5, 20)); // a Monday; the fifth working day after it is the next
        var published = (await Act("publish", new { })).Expect(HttpStatusCode.OK);
        async Task<JsonNode> Public(long position) => (await service.Get($"public/selection-rounds?minPosition={position}")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().ShouldHaveSingleItem()!;
        static IEnumerable<string> Selected(JsonNode of) => of["outcomes"]!.AsArray().Where(o => o!["outcome"]!.GetValue<string>() == "selected").Select(o => o!["institution"]!["id"]!.GetValue<string>());
        var shown = await Public(published.Position);
        Selected(shown).ShouldBe(["A01", "C01", "F01", "P01", "T02"]);
        (shown["objectionsUntil"]!.GetValue<string>(), shown["outcomes"]!.AsArray().Count).ShouldBe(("2024-05-27", 39));
        shown["outcomes"]!.AsArray().Select(o => o!["outcome"]!.GetValue<string>()).Distinct().ShouldBe(["selected", "notSelected"], ignoreOrder: true);

        // Objected to, and answered; a suspicion of fraud, answered, substantiated.
        var objection = (await Act("objections", new { about = "F01", reason = "its numbers cannot be" }, await world.Hospital("A02"))).Expect(HttpStatusCode.OK).Body!["objection"]!.GetValue<string>();
        (await service.Get(path, await world.Hospital("A03"))).Body!["objections"]!.AsArray().ShouldBeEmpty("it is between A02 and national");
        (await service.Get(path, await service.Token("trainingBase", institution: "A02"))).Body!["objections"]!.AsArray().ShouldHaveSingleItem("it is the institution's, whoever filed it");
        // Whom it is about reads it, but not who filed it, and says what it has to say.
        var told = (await service.Get(path, await world.Hospital("F01"))).Body!["objections"]!.AsArray().ShouldHaveSingleItem()!;
        (told["reason"]!.GetValue<string>(), told["by"]).ShouldBe(("its numbers cannot be", null));
        (await service.Get($"{path}/applications/F01", await world.Hospital("F01"))).Body!["objections"]!.AsArray().ShouldHaveSingleItem()!["objection"]!.GetValue<string>().ShouldBe(objection);
        Refused(await Act($"objections/{objection}/answer", new { accepted = true, answer = "a", eligible = false }), HttpStatusCode.Conflict, "applicantNotHeard");
        Refused(await Act($"objections/{objection}/statement", new { statement = "s" }, await world.Hospital("A03")), HttpStatusCode.NotFound, "noSuchObjection");
        (await Act($"objections/{objection}/statement", new { statement = "they are" }, await world.Hospital("F01"))).Expect(HttpStatusCode.OK);
        Refused(await Act("conclude", new { }), HttpStatusCode.Conflict, "objectionsStillTaken");
        Refused(await Act("applications/F01/fraud", new { step = "substantiated", finding = "f" }), HttpStatusCode.Conflict, "noFraudInquiry");
        (await Act("applications/F01/fraud", new { step = "suspected", finding = "numbers differ from the hospital's own" })).Expect(HttpStatusCode.OK).Body!["status"]!.GetValue<string>().ShouldBe("submitted");
        (await Act("applications/F01/fraud-statement", new { statement = "counted otherwise" }, await world.Hospital("F01"))).Expect(HttpStatusCode.OK);
        var cancelled = (await Act("applications/F01/fraud", new { step = "substantiated", finding = "made up" })).Expect(HttpStatusCode.OK);
        cancelled.Body!["status"]!.GetValue<string>().ShouldBe("cancelled");
        Selected(await Public(cancelled.Position)).ShouldBe(["A01", "C01", "P01", "T02"], "at once");
        (await Act($"objections/{objection}/answer", new { accepted = true, answer = "found on site" })).Expect(HttpStatusCode.OK);
        (await service.Get(path, await world.Hospital("A02"))).Body!["objections"]!.AsArray().ShouldHaveSingleItem()!["accepted"]!.GetValue<bool>().ShouldBeTrue();

        // A place more for those who are equal: decided anew, published anew, with days for objections anew.
        await service.MoveTo(new(2024, 5, 28));
        Refused(await Act("objections", new { reason = "late" }, await world.Hospital("A02")), HttpStatusCode.Conflict, "objectionsClosed");
        Refused(await Act("conclude", new { }), HttpStatusCode.Conflict, "tieUndecided");
        (await Act("tie", new { institutions = new[] { "T02", "T01" }, reason = "regions" })).Expect(HttpStatusCode.OK);
        Refused(await Act("conclude", new { }), HttpStatusCode.Conflict, "publishAnew");
        (await Act("publish", new { })).Expect(HttpStatusCode.OK);
        await service.MoveTo(new(2024, 6, 4)); // Tuesday to Tuesday
        Refused(await Act("conclude", new { }), HttpStatusCode.Conflict, "objectionsStillTaken");
        await service.MoveTo(new(2024, 6, 5));
        var result = (await Act("conclude", new { })).Expect(HttpStatusCode.OK);
        shown = await Public(result.Position);
        Selected(shown).ShouldBe(["A01", "C01", "P01", "T01", "T02"]);
        shown["concludedOn"]!.GetValue<string>().ShouldBe("2024-06-05");
        shown["outcomes"]!.AsArray().Single(o => o!["outcome"]!.GetValue<string>() == "cancelled")!["institution"]!["name"]!.GetValue<string>().ShouldBe("Hospital F01");

        // Also after the result fraud cancels.
        (await Act("applications/T01/fraud", new { step = "suspected", finding = "s" })).Expect(HttpStatusCode.OK);
        Refused(await Act("applications/T01/fraud", new { step = "substantiated", finding = "f" }), HttpStatusCode.Conflict, "applicantNotHeard");
        await service.MoveTo(new(2024, 6, 14)); // five working days after 5 June: Thursday, Friday, Tuesday (Monday is Dragon Boat Day), Wednesday, Thursday 13 June
        var late = (await Act("applications/T01/fraud", new { step = "substantiated", finding = "f" })).Expect(HttpStatusCode.OK);
        Selected(await Public(late.Position)).ShouldBe(["A01", "C01", "P01", "T02"]);

        // Announced: twice published, once concluded, and once that somebody selected is no more.
        var announced = (await service.Get($"public/announcements?kind=selectionRound&minPosition={await service.Get<IEventStore>().Head()}")).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        announced.Select(a => a!["what"]!.GetValue<string>()).ShouldBe(["selectionCancelled", "selectionConcluded", "selectionPublished", "selectionPublished"]);
        announced[0]!["subject"]!.ToJsonString().ShouldBe($$"""{"kind":"selectionRound","id":"{{round}}","name":"Training bases, NC-2024-1"}""");
        var feed = await service.Http.GetStringAsync("/api/v1/public/announcements.atom");
        feed.ShouldContain("Training bases, NC-2024-1");

        // What the round did stands in each application.
        var own = (await service.Get($"{path}/applications/T02", await world.Hospital("T02"))).Expect(HttpStatusCode.OK).Body!;
        own["outcome"]!.GetValue<string>().ShouldBe("selected");
        own["evaluation"]!["decision"]!.AsArray().Select(c => (c!["clause"]!.GetValue<string>(), c["outcome"]!.GetValue<string>())).ShouldBe([("NC-REVIEW", "met"), ("NC-PUBLISH", "met"), ("NC-FRAUD", "met")]);
        await NothingOfPersons(connection);
    }

    /// <summary>Names and telephones stand beside the log, and nowhere else.</summary>
    private static async Task NothingOfPersons(string connection)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        async Task<long> Count(string of)
        {
            await using var command = database.CreateCommand($"select count(*) from {of}");
            return (long)(await command.ExecuteScalarAsync())!;
        }

        foreach (var secret in new[] { SelectionWorld.LeadersTelephone, "Leader Surname", "Lecturer 1", "leader@hospital.example" })
        {
            (await Count($"events.mt_events where data::text like '%{secret}%'")).ShouldBe(0, secret);
            (await Count($"compliance.idempotency_keys where answer::text like '%{secret}%'")).ShouldBe(0, secret);
        }

        (await Count($"compliance.selection_persons where doc like '%{SelectionWorld.LeadersTelephone}%'")).ShouldBe(39, "one left the telephone out");
        (await Count("compliance.selection_reads where caller = 'dev:hospital:T02'")).ShouldBe(1);
    }

    /// <summary>The volume is 400 in this one, and it closes at noon.</summary>
    [Fact]
    public async Task A_second_round_with_other_numbers_is_a_file()
    {
        await using var service = await TestService.Start(new(2025, 8, 31));
        var world = new SelectionWorld(service);
        var closing = new DateTimeOffset(2025, 9, 30, 12, 0, 0, TimeSpan.FromHours(8));
        await world.Publish("NC-2025", new(2025, 9, 1), closing, volume: 400);
        Refused(await service.Post("selection-rounds", SelectionWorld.Call("late"), await service.National), HttpStatusCode.BadRequest, "closesTooEarly /closesAt");
        Refused(await service.Post("selection-rounds", SelectionWorld.Call("other", "NC-2025", "2025-09-01", "2025-09-30T17:00:00+08:00"), await service.National), HttpStatusCode.BadRequest, "notTheRegulationsDays /closesAt");
        var round = await world.Open(SelectionWorld.Call("NC-2025-1", "NC-2025", "2025-09-01", "2025-09-30T12:00:00+08:00"));
        await world.Institution("H1");
        await world.Institution("H2");
        Refused(await world.Draft(round, "H1", SelectionWorld.Forms()), HttpStatusCode.Conflict, "selectionRoundNotOpen");
        await service.MoveTo(new(2025, 9, 10));
        await world.Prepare(round, "H1", f => f["restStudies2023"] = 250);
        await world.Prepare(round, "H2", f => f["restStudies2023"] = 249);
        (await world.Submit(round, "H1")).Expect(HttpStatusCode.OK).Body!["eligible"]!.GetValue<bool>().ShouldBeTrue();
        var short1 = (await world.Submit(round, "H2")).Expect(HttpStatusCode.Conflict).Body!;
        short1["detail"]!.GetValue<string>().ShouldStartWith("Not met: NC-BASIC-ALL, NC-B2-VOL.");
        await service.MoveClock(closing);
        Refused(await world.Submit(round, "H2", asItIs: true), HttpStatusCode.Conflict, "selectionRoundClosed");
    }

    [Fact]
    public async Task Files_are_kept_by_their_content_and_read_by_whom_they_concern()
    {
        await using var scanner = WebApplication.CreateSlimBuilder().Build();
        scanner.Urls.Add("http://127.0.0.1:0");
        scanner.MapPost("/scan", async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var text = await reader.ReadToEndAsync();
            return Results.StatusCode(text.Contains("VIRUS", StringComparison.Ordinal) ? 406 : text.Contains("BROKEN", StringComparison.Ordinal) ? 500 : 204);
        });
        await scanner.StartAsync();
        await using var service = await TestService.Start(new(2024, 4, 3), configure: b => b.Configuration["Attachments:Scanner"] = $"{scanner.Urls.Single()}/scan");
        var world = new SelectionWorld(service);
        var round = await world.Open(SelectionWorld.Call("NC-2024-1"));
        await world.Institution("H1");
        await world.Institution("H2");
        Refused(await world.Attach(round, "H1", "form2StampedPdf", SelectionWorld.Pdf("x")), HttpStatusCode.Conflict, "formsFirst");
        (await world.Draft(round, "H1", SelectionWorld.Forms())).Expect(HttpStatusCode.OK);

        var content = SelectionWorld.Pdf("form 2, stamped");
        var sent = (await world.Attach(round, "H1", "form2StampedPdf", content, ("Idempotency-Key", "k1"))).Expect(HttpStatusCode.Created).Body!["attachment"]!;
        (sent["hash"]!.GetValue<string>(), sent["bytes"]!.GetValue<int>(), sent["format"]!.GetValue<string>(), sent["scanned"]!.GetValue<bool>())
            .ShouldBe((Convert.ToHexStringLower(SHA256.HashData(content)), content.Length, "pdf", true));
        var id = sent["id"]!.GetValue<string>();
        (await world.Attach(round, "H1", "form2StampedPdf", content)).Expect(HttpStatusCode.OK).Body!["attachment"]!["id"]!.GetValue<string>().ShouldBe(id, "the same content is there");
        (await world.Attach(round, "H1", "form2StampedPdf", content, ("Idempotency-Key", "k1"))).Expect(HttpStatusCode.Created).Body!["attachment"]!["id"]!.GetValue<string>().ShouldBe(id);
        Refused(await world.Attach(round, "H1", "form2StampedPdf", SelectionWorld.Pdf("another"), ("Idempotency-Key", "k1")), HttpStatusCode.UnprocessableEntity, "idempotencyKeyReused");

        Refused(await world.Attach(round, "H1", "form2StampedPdf", Encoding.ASCII.GetBytes("PDF in name only")), HttpStatusCode.UnsupportedMediaType, "unsupportedAttachment");
        Refused(await world.Attach(round, "H1", "form2StampedPdf", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), HttpStatusCode.UnsupportedMediaType, "unsupportedAttachment");
        (await world.Attach(round, "H1", "evidence", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])).Expect(HttpStatusCode.Created);
        Refused(await world.Attach(round, "H1", "form9", content), HttpStatusCode.BadRequest, "unknownValue path:kind");
        Refused(await world.Attach(round, "H1", "evidence", []), HttpStatusCode.BadRequest, "emptyBody");
        Refused(await world.Attach(round, "H1", "evidence", SelectionWorld.Pdf("VIRUS")), HttpStatusCode.UnprocessableEntity, "attachmentInfected");
        Refused(await world.Attach(round, "H1", "evidence", SelectionWorld.Pdf("BROKEN")), HttpStatusCode.ServiceUnavailable, "scannerUnavailable");
        var large = new byte[Training.SelectionAttachments.MaxBytes];
        SelectionWorld.Pdf("").CopyTo(large, 0);
        (await world.Attach(round, "H1", "evidence", large)).Expect(HttpStatusCode.Created);
        Refused(await world.Attach(round, "H1", "evidence", [.. large, 0]), HttpStatusCode.RequestEntityTooLarge, "tooLarge");

        async Task<HttpResponseMessage> Read(string token) => (await service.Get($"selection-rounds/{round}/applications/H1/attachments/{id}", token)).Response;
        using var own = await Read(await world.Hospital("H1"));
        (await own.Content.ReadAsByteArrayAsync()).ShouldBe(content);
        own.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        (await Read(await world.Hospital("H2"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Read(await service.National)).StatusCode.ShouldBe(HttpStatusCode.NotFound, "a draft is the applicant's own");

        (await service.Post($"selection-rounds/{round}/applications/H1/attachments/{id}/remove", new { }, await world.Hospital("H1"))).Expect(HttpStatusCode.OK);
        (await Read(await world.Hospital("H1"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Post($"selection-rounds/{round}/applications/H1/attachments/{id}/remove", new { }, await world.Hospital("H1"))).Expect(HttpStatusCode.NotFound);
    }

    /// <summary>A round of one place with two applicants and two experts, through a conflict found after the score, an objection about eligibility, and scoring opened again.</summary>
    [Fact]
    public async Task What_shows_after_the_ranking_is_ranked_anew()
    {
        var connection = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(new(2024, 4, 3), connection);
        var world = new SelectionWorld(service);
        var (national, round) = (await service.National, await world.Open(SelectionWorld.Call("NC-2024-1", places: 1)));
        var path = $"selection-rounds/{round}";
        Task<Answer> Act(string act, object body, string? token = null) => service.Post($"{path}/{act}", body, token ?? national);
        foreach (var id in new[] { "H1", "H2", "X1" })
        {
            await world.Institution(id);
        }

        foreach (var id in new[] { "H1", "H2" })
        {
            await world.Prepare(round, id);
            (await world.Submit(round, id)).Expect(HttpStatusCode.OK);
        }

        await service.MoveTo(new(2024, 5, 13));
        foreach (var expert in new[] { "E1", "E2", "E3" })
        {
            await new World(service).Physician(expert, "X1");
        }

        (await Act("committee", new { experts = new[] { "E1", "E2", "E3" } })).Expect(HttpStatusCode.OK);
        async Task<string> Expert(string id) => await service.Token("physician", physician: id);
        async Task Score(string expert, string institution, int points) =>
            (await Act("scores", new { institution, points = new[] { new { criterion = "merit", points } } }, await Expert(expert))).Expect(HttpStatusCode.OK);
        foreach (var (expert, first, second) in new[] { ("E1", 100, 0), ("E2", 60, 70), ("E3", 60, 70) })
        {
            await Score(expert, "H1", first);
            await Score(expert, "H2", second);
        }

        // An expert without a conflict reads an application and a file, and it is noted; one who declares a conflict does not.
        (await service.Get($"{path}/applications/H1", await Expert("E2"))).Expect(HttpStatusCode.OK).Body!["persons"]!["leaderTelephone"]!.GetValue<string>().ShouldBe(SelectionWorld.LeadersTelephone);
        (await service.Get($"{path}/applications/H1", national)).Expect(HttpStatusCode.OK).Body!["persons"]!["leaderHealthy"]!.GetValue<bool>().ShouldBeTrue();
        (await Scalar(connection, "select count(*) from compliance.selection_reads where role = 'physician'"), await Scalar(connection, "select count(*) from compliance.selection_reads where role = 'national'")).ShouldBe((1L, 1L));
        (await Act("conflicts", new { institution = "H2", reason = "a project together" }, await Expert("E3"))).Expect(HttpStatusCode.OK);
        (await service.Get($"{path}/applications/H2", await Expert("E3"))).Expect(HttpStatusCode.NotFound);
        var file = await Scalar(connection, "select attachment::text from compliance.selection_attachments where application = '" + Compliance.Training.SelectionApplication.IdOf(Guid.Parse(round), "H2").ToString("D") + "' limit 1");
        (await service.Get($"{path}/applications/H2/attachments/{file}", await Expert("E3"))).Expect(HttpStatusCode.NotFound);
        (await service.Get($"{path}/applications/H2/attachments/{file}", await Expert("E2"))).Status.ShouldBe(HttpStatusCode.OK);
        (await Scalar(connection, "select count(*) from compliance.selection_reads where role = 'physician'")).ShouldBe(2L, "what is refused is not read");

        // E1 was registered at H1 all the while, as the registry shows only now.
        var registrations = new[] { new { institution = "X1", from = "2010-01-01", main = true }, new { institution = "H1", from = "2015-01-01", main = false } };
        (await service.Put("physicians/E1", new { name = "Doctor E1", titles = new[] { new { title = "chief", from = "2010-01-01" } }, licenceScope = "surgery", specialty = "neurosurgery", registrations }, national)).Expect(HttpStatusCode.OK);
        (await Act("close-scoring", new { })).Expect(HttpStatusCode.OK);
        var committee = (await service.Get(path, national)).Body!["committee"]!;
        // H1: 60 and 60, without E1's 100. H2: 0 and 70, without E3's 70.
        committee["ranking"]!.AsArray().Select(r => (r!["institution"]!["id"]!.GetValue<string>(), r["mean"]!.GetValue<decimal>())).ShouldBe([("H1", 60m), ("H2", 35m)]);
        var hidden = (await service.Get(path, await Expert("E1"))).Body!["committee"]!;
        hidden["scores"]!.AsArray().ShouldAllBe(s => s!["institution"]!.GetValue<string>() == "H2");
        hidden["ranking"]![0]!["mean"].ShouldBeNull();

        // Published, objected to with reason: nothing rests on the ranking before it is made anew.
        (await Act("publish", new { })).Expect(HttpStatusCode.OK);
        var objection = (await Act("objections", new { about = "H1", reason = "no treadmill" }, await world.Hospital("H2"))).Body!["objection"]!.GetValue<string>();
        (await Act($"objections/{objection}/statement", new { statement = "sold" }, await world.Hospital("H1"))).Expect(HttpStatusCode.OK);
        (await Act($"objections/{objection}/answer", new { accepted = true, answer = "seen on site", eligible = false })).Expect(HttpStatusCode.OK);
        Refused(await Act("publish", new { }), HttpStatusCode.Conflict, "rankAnew");
        await service.MoveTo(new(2024, 6, 3));
        Refused(await Act("conclude", new { }), HttpStatusCode.Conflict, "rankAnew");
        (await Act("reopen-scoring", new { reason = "H1 is not eligible" })).Expect(HttpStatusCode.OK).Body!["stage"]!.GetValue<string>().ShouldBe("scoring");
        Refused(await Act("scores", new { institution = "H2", points = new[] { new { criterion = "merit", points = 1 } } }, await Expert("E2")), HttpStatusCode.Conflict, "scoreStands");
        (await Act("close-scoring", new { })).Expect(HttpStatusCode.OK);
        var published = (await Act("publish", new { })).Expect(HttpStatusCode.OK);
        (await service.Get($"public/selection-rounds?minPosition={published.Position}")).Body!["items"]![0]!["outcomes"]!.AsArray().Select(o => (o!["institution"]!["id"]!.GetValue<string>(), o["outcome"]!.GetValue<string>()))
            .ShouldBe([("H1", "notSelected"), ("H2", "selected")]);
        await service.MoveTo(new(2024, 6, 14));
        (await Act("conclude", new { })).Expect(HttpStatusCode.OK);
        // What the committee read to decide it reads no more.
        (await service.Get($"{path}/applications/H2", await Expert("E2"))).Expect(HttpStatusCode.NotFound);
    }

    /// <summary>What the forms say of persons cannot be guessed back from the hash in the log: the same word of two applicants has two.</summary>
    [Fact]
    public void The_hash_of_persons_is_salted()
    {
        var facts = new Dictionary<string, System.Text.Json.JsonElement> { ["leaderAge"] = System.Text.Json.JsonSerializer.SerializeToElement(50) };
        var none = new Training.SelectionPersons(new Dictionary<string, System.Text.Json.JsonElement>(), "", "{}");
        var one = Training.SelectionPersons.Of(facts, none);
        Training.SelectionPersons.Of(facts, none).Hash.ShouldNotBe(one.Hash);
        Training.SelectionPersons.Of(facts, one).Hash.ShouldBe(one.Hash, "drafted again it is no change");
        one.Hash.ShouldNotBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(one.Text))));
    }

    [Theory]
    [InlineData("scanner")]
    [InlineData("ftp://scanner/")]
    public async Task A_scanner_that_cannot_be_asked_stops_the_service_from_starting(string url) =>
        await Should.ThrowAsync<InvalidOperationException>(async () => await TestService.Start(configure: b => b.Configuration["Attachments:Scanner"] = url));

    [Fact]
    public void A_file_is_called_after_what_it_is()
    {
        string Of(string content) => Training.SelectionAttachments.Extension(Compliance.Training.AttachmentFormat.OpenXml, Encoding.ASCII.GetBytes(content));
        (Of("[Content_Types].xml word/document.xml"), Of("[Content_Types].xml xl/workbook.xml"), Of("[Content_Types].xml ppt/presentation.xml")).ShouldBe((".docx", ".xlsx", ".zip"));
    }

    /// <summary>The log's stamp decides, and not this node's clock: what is written at the closing is late even where it was decided before.</summary>
    [Fact]
    public async Task What_reaches_the_log_at_the_closing_is_late()
    {
        await using var service = await TestService.Start(new(2024, 4, 3));
        var late = new TooLate(TestService.Noon(new(2024, 4, 3)), Refusal.Conflict("selectionRoundClosed", "noon"));
        var round = Compliance.Training.SelectionRound.IdOf("x");
        var outcome = await service.Get<Commands>().Execute(
            Aggregates.SelectionApplications,
            Compliance.Training.SelectionApplication.Stream(round, "H1"),
            (_, day) => new Compliance.Training.SelectionApplication.Event.Drafted(round, "H1", [], "h", day, new("hospital", "n")),
            CancellationToken.None,
            before: late);
        outcome.ShouldBeOfType<Outcome<Compliance.Training.SelectionApplication.State, Compliance.Training.SelectionApplication.Event>.Refused>().Refusal.Code.ShouldBe("selectionRoundClosed");

        // By the stamp it got: what closes the instant after would have taken it, and nothing that changes nothing is late.
        Task<Outcome<Compliance.Training.SelectionApplication.State, Compliance.Training.SelectionApplication.Event>> Draft(DateTimeOffset at, bool nothing = false) => service.Get<Commands>().Execute(
            Aggregates.SelectionApplications,
            Compliance.Training.SelectionApplication.Stream(round, "H1"),
            (_, day) => nothing
                ? Decision<Compliance.Training.SelectionApplication.Event>.Nothing
                : new Compliance.Training.SelectionApplication.Event.Drafted(round, "H1", [], "h", day, new("hospital", "n")),
            CancellationToken.None,
            (_, _, _) => [new Training.SelectionPersons(new Dictionary<string, System.Text.Json.JsonElement>(), "salt", "{}").With(Guid.Empty)],
            before: new(at, late.Refusal));
        (await Draft(TestService.Noon(new(2024, 4, 3)).AddHours(2))).ShouldBeOfType<Outcome<Compliance.Training.SelectionApplication.State, Compliance.Training.SelectionApplication.Event>.Done>();
        (await Draft(late.At)).ShouldBeOfType<Outcome<Compliance.Training.SelectionApplication.State, Compliance.Training.SelectionApplication.Event>.Refused>();
        (await Draft(late.At, nothing: true)).ShouldBeOfType<Outcome<Compliance.Training.SelectionApplication.State, Compliance.Training.SelectionApplication.Event>.Done>();
    }

    private static async Task<object?> Scalar(string connection, string sql)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>The other way round: who was kept out was eligible after all, is selected, and is a base with duties (NC-DUTY-*) until fraud is found. What the other's forms said of persons is destroyed a year after the result.</summary>
    [Fact]
    public async Task Who_was_eligible_after_all_becomes_a_base_with_duties()
    {
        var connection = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(new(2024, 4, 3), connection);
        var world = new SelectionWorld(service);
        var (national, round) = (await service.National, await world.Open(SelectionWorld.Call("NC-2024-1", places: 1)));
        var path = $"selection-rounds/{round}";
        Task<Answer> Act(string act, object body, string? token = null) => service.Post($"{path}/{act}", body, token ?? national);
        async Task<string> Expert(string id) => await service.Token("physician", physician: id);
        foreach (var id in new[] { "H1", "H2", "H3", "X1" })
        {
            await world.Institution(id);
        }

        await world.Prepare(round, "H1");
        await world.Prepare(round, "H2", f => f["treadmill"] = false);
        (await world.Draft(round, "H3", SelectionWorld.Forms())).Expect(HttpStatusCode.OK); // never submitted
        (await world.Submit(round, "H1")).Expect(HttpStatusCode.OK);
        (await world.Submit(round, "H2", asItIs: true)).Expect(HttpStatusCode.OK);
        await service.MoveTo(new(2024, 5, 13));
        foreach (var expert in new[] { "E1", "E2" })
        {
            await new World(service).Physician(expert, "X1");
        }

        (await Act("committee", new { experts = new[] { "E1", "E2" } })).Expect(HttpStatusCode.OK);
        async Task Score(string institution, int points)
        {
            foreach (var expert in new[] { "E1", "E2" })
            {
                (await Act("scores", new { institution, points = new[] { new { criterion = "merit", points } } }, await Expert(expert))).Expect(HttpStatusCode.OK);
            }
        }

        await Score("H1", 80);
        (await Act("close-scoring", new { })).Expect(HttpStatusCode.OK);
        (await Act("publish", new { })).Expect(HttpStatusCode.OK);
        var objection = (await Act("objections", new { about = "H2", reason = "a cycle ergometer there is" }, await world.Hospital("H2"))).Body!["objection"]!.GetValue<string>();
        (await Act($"objections/{objection}/answer", new { accepted = true, answer = "seen on site", eligible = true })).Expect(HttpStatusCode.OK);
        Refused(await Act("publish", new { }), HttpStatusCode.Conflict, "rankAnew");
        await service.MoveTo(new(2024, 6, 3));
        Refused(await Act("conclude", new { }), HttpStatusCode.Conflict, "rankAnew");
        (await Act("reopen-scoring", new { reason = "H2 is eligible" })).Expect(HttpStatusCode.OK);
        await Score("H2", 90);
        (await Act("close-scoring", new { })).Expect(HttpStatusCode.OK);
        (await Act("publish", new { })).Expect(HttpStatusCode.OK);
        await service.MoveTo(new(2024, 6, 14));
        Refused(await Act("applications/H2/duties", new { facts = new { } }, await world.Hospital("H2")), HttpStatusCode.Conflict, "notABase");
        var result = (await Act("conclude", new { })).Expect(HttpStatusCode.OK);

        // The lists: of the province, of another, and of the public.
        async Task<JsonArray> Listed(string of, long position, string? token = null) => (await service.Get($"{of}minPosition={position}", token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray();
        var regulator = await service.Token("regulator", province: World.Province);
        var listed = (await Listed("selected-bases?", result.Position, regulator)).ShouldHaveSingleItem()!;
        (listed["institution"]!["id"]!.GetValue<string>(), listed["technique"]!.GetValue<string>(), listed["since"]!.GetValue<string>(), listed["reviewDueOn"]!.GetValue<string>(), listed["reviewedOn"])
            .ShouldBe(("H2", "nuclear-cardiology-base", "2024-06-14", "2025-06-14", null));
        (await Listed("selected-bases?", result.Position, await service.Token("regulator", province: "31"))).ShouldBeEmpty();
        var open = (await Listed("public/selected-bases?", result.Position)).ShouldHaveSingleItem()!;
        (open["institution"]!["name"]!.GetValue<string>(), open["since"]!.GetValue<string>()).ShouldBe(("Hospital H2", "2024-06-14"));
        (await Listed("public/selected-bases?province=31&", result.Position)).ShouldBeEmpty();

        // The duties: all but one done on time.
        var duties = new JsonObject(new[]
        {
            "trainingPlan", "workSystem", "managementMeasures", "lecturersSettled", "traineesAdmittedByPlan", "theoryTaught", "practiceTaught", "lecturesRegular", "caseDiscussionsRegular", "dossierBasics",
            "dossierAttendance", "dossierContent", "dossierTimes", "dossierExam",
        }.Select(f => KeyValuePair.Create(f, (JsonNode?)true)))
        { ["traineesDue"] = 3, ["traineesDoneOnTime"] = 2 };
        Refused(await Act("applications/H1/duties", new { facts = duties }, await world.Hospital("H1")), HttpStatusCode.Conflict, "notABase");
        var attested = (await Act("applications/H2/duties", new { facts = duties }, await service.Token("trainingBase", institution: "H2"))).Expect(HttpStatusCode.OK).Body!;
        attested["unmet"]!.AsArray().Select(u => u!.GetValue<string>()).ShouldBe(["NC-DUTY-TEACH"]);
        duties["traineesDoneOnTime"] = 3;
        (await Act("applications/H2/duties", new { facts = duties }, await world.Hospital("H2"))).Expect(HttpStatusCode.OK).Body!["unmet"]!.AsArray().ShouldBeEmpty();
        await service.MoveTo(new(2024, 7, 1));
        var reviewed = (await Act("applications/H2/duties-review", new { remark = "as attested" })).Expect(HttpStatusCode.OK);
        (reviewed.Body!["passed"]!.GetValue<bool>(), reviewed.Body["reviewDueOn"]!.GetValue<string>(), reviewed.Body["attestedOn"]).ShouldBe((true, "2025-07-01", null));
        listed = (await Listed("selected-bases?", reviewed.Position, national)).ShouldHaveSingleItem()!;
        (listed["reviewedOn"]!.GetValue<string>(), listed["reviewPassed"]!.GetValue<bool>(), listed["reviewDueOn"]!.GetValue<string>()).ShouldBe(("2024-07-01", true, "2025-07-01"));

        // Kept for twelve months after the result, of a base longer; the corresponding day belongs to them.
        async Task<IReadOnlyList<string>> Kept(string table)
        {
            var kept = new List<string>();
            foreach (var id in new[] { "H1", "H2", "H3" })
            {
                if ((long)(await Scalar(connection, $"select count(*) from compliance.{table} where application = '{Compliance.Training.SelectionApplication.IdOf(Guid.Parse(round), id):D}'"))! > 0)
                {
                    kept.Add(id);
                }
            }

            return kept;
        }

        await Training.SelectionRetention.Destroy(service.Get<NpgsqlDataSource>(), new(2025, 6, 14), 12, default);
        (await Kept("selection_persons")).ShouldBe(["H1", "H2", "H3"]);
        await Training.SelectionRetention.Destroy(service.Get<NpgsqlDataSource>(), new(2025, 6, 15), 12, default);
        (await Kept("selection_persons")).ShouldBe(["H2"]);
        (await Kept("selection_attachments")).ShouldBe(["H2"]);
        // What was decided needs none of it.
        var read = (await service.Get($"{path}/applications/H1", national)).Expect(HttpStatusCode.OK).Body!;
        (read["eligible"] ?? read["evaluation"]!["eligible"])!.GetValue<bool>().ShouldBeTrue();
        read["persons"]!.AsObject().ShouldBeEmpty();

        // Fraud takes it off both lists, and there are no duties any more.
        (await Act("applications/H2/fraud", new { step = "suspected", finding = "s" })).Expect(HttpStatusCode.OK);
        (await Act("applications/H2/fraud-statement", new { statement = "s" }, await world.Hospital("H2"))).Expect(HttpStatusCode.OK);
        var cancelled = (await Act("applications/H2/fraud", new { step = "substantiated", finding = "f" })).Expect(HttpStatusCode.OK);
        (await Listed("selected-bases?", cancelled.Position, national)).ShouldBeEmpty();
        (await Listed("public/selected-bases?", cancelled.Position)).ShouldBeEmpty();
        Refused(await Act("applications/H2/duties-review", new { remark = "again" }), HttpStatusCode.Conflict, "notABase");
    }

    /// <summary>Nobody keeps others from sending: not by a bad line, nor with many; nor does a scanner that hangs, beyond a bounded wait.</summary>
    [Fact]
    public async Task Slow_uploads_keep_nobody_else_waiting()
    {
        var hangs = new TaskCompletionSource();
        await using var scanner = WebApplication.CreateSlimBuilder().Build();
        scanner.Urls.Add("http://127.0.0.1:0");
        scanner.MapPost("/scan", async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            if ((await reader.ReadToEndAsync()).Contains("HANG", StringComparison.Ordinal))
            {
                await hangs.Task;
            }

            return Results.NoContent();
        });
        await scanner.StartAsync();
        await using var service = await TestService.Start(new(2024, 4, 3), configure: b => b.Configuration["Attachments:Scanner"] = $"{scanner.Urls.Single()}/scan");
        var world = new SelectionWorld(service);
        var round = await world.Open(SelectionWorld.Call("NC-2024-1"));
        var hospitals = Enumerable.Range(1, 7).Select(n => $"H{n}").ToList();
        foreach (var id in hospitals)
        {
            await world.Institution(id);
            (await world.Draft(round, id, SelectionWorld.Forms())).Expect(HttpStatusCode.OK);
        }

        // Five, more than have a turn at a time, stall with their files half sent.
        var lines = new List<TcpClient>();
        foreach (var id in hospitals.Take(5))
        {
            var line = new TcpClient();
            await line.ConnectAsync(service.Http.BaseAddress!.Host, service.Http.BaseAddress.Port);
            await line.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /api/v1/selection-rounds/{round}/applications/{id}/attachments/evidence HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {await world.Hospital(id)}\r\n"
                + "Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n%PDF-1.7"));
            lines.Add(line);
        }

        (await world.Attach(round, "H6", "evidence", SelectionWorld.Pdf("x"))).Expect(HttpStatusCode.Created);
        // A second of the same applicant waits for nobody: it is told to come again.
        await Eventually(async () => (await world.Attach(round, "H1", "evidence", SelectionWorld.Pdf("x"))) is { Status: HttpStatusCode.ServiceUnavailable } busy
            && Codes(busy).Single() == "uploadsBusy" && busy.Response.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(5));
        // What comes slower than the least rate is ended.
        foreach (var line in lines)
        {
            using var answer = new StreamReader(line.GetStream());
            (await answer.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe("HTTP/1.1 408 Request Timeout");
            line.Dispose();
        }

        // Four wait for the scanner; the fifth is told so when its wait is over, and gets in as soon as one is through.
        service.Get<Training.SelectionAttachments>().LongestTurn = TimeSpan.FromMilliseconds(200);
        var waiting = hospitals.Take(4).Select(id => world.Attach(round, id, "evidence", SelectionWorld.Pdf($"HANG {id}"))).ToList();
        await Eventually(async () => await world.Attach(round, "H6", "evidence", SelectionWorld.Pdf("y")) is { Status: HttpStatusCode.ServiceUnavailable } busy && Codes(busy).Single() == "uploadsBusy");
        hangs.SetResult();
        foreach (var through in await Task.WhenAll(waiting))
        {
            through.Expect(HttpStatusCode.Created);
        }

        (await world.Attach(round, "H7", "evidence", SelectionWorld.Pdf("z"))).Expect(HttpStatusCode.Created);
    }

    private static async Task Eventually(Func<Task<bool>> holds)
    {
        for (var attempt = 0; !await holds(); attempt++)
        {
            attempt.ShouldBeLessThan(100);
            await Task.Delay(50);
        }
    }

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }

    /// <summary>A node whose clock is ten minutes ahead takes what the log has in time, and refuses what it has not.</summary>
    [Fact]
    public async Task No_node_is_stricter_than_the_log()
    {
        await using var service = await TestService.Start(new(2024, 4, 30), configure: b =>
            Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(b.Services, new Clock(new Ahead(TimeSpan.FromMinutes(10)))));
        var world = new SelectionWorld(service);
        var round = await world.Open(SelectionWorld.Call("NC-2024-1"));
        foreach (var id in new[] { "H1", "H2" })
        {
            await world.Institution(id);
            await world.Prepare(round, id);
        }

        // By this node it is five past five, by the log five to five.
        await service.MoveClock(Closing.AddMinutes(5));
        service.Get<Clock>().Now.ShouldBeGreaterThanOrEqualTo(Closing.AddMinutes(5));
        (await world.Attach(round, "H1", "evidence", SelectionWorld.Pdf("more"))).Expect(HttpStatusCode.Created);
        (await world.Draft(round, "H2", SelectionWorld.Forms())).Expect(HttpStatusCode.OK);
        var received = (await world.Submit(round, "H1")).Expect(HttpStatusCode.OK).Body!["receivedAt"]!.GetValue<string>();
        DateTimeOffset.Parse(received, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(Closing.AddMinutes(-5), Closing.AddMicroseconds(-1));
        await service.MoveClock(Closing.AddMinutes(10));
        Refused(await world.Submit(round, "H2"), HttpStatusCode.Conflict, "selectionRoundClosed");
    }

    /// <summary>One second before, and at 17:00:00. Where the machine took longer than that second the same is seen of another round: whatever is answered, it is so by the instant at which it was received.</summary>
    [Fact]
    public async Task A_second_before_the_closing_is_in_time_and_the_closing_is_late()
    {
        await using var service = await TestService.Start(new(2025, 8, 31));
        var world = new SelectionWorld(service);
        await world.Institution("H1");
        await world.Institution("H2");
        DateTimeOffset ClosingOf(int n) => new(2025, 9, 10 + n, 17, 0, 0, TimeSpan.FromHours(8));
        for (var n = 0; n < 5; n++)
        {
            await world.Publish($"NC-{n}", new(2025, 9, 1), ClosingOf(n));
        }

        await service.MoveTo(new(2025, 9, 1));
        var rounds = new List<(string Round, DateTimeOffset Closing)>();
        for (var n = 0; n < 5; n++)
        {
            var closing = ClosingOf(n);
            rounds.Add((await world.Open(SelectionWorld.Call($"N{n}", $"NC-{n}", "2025-09-01", closing.ToString("yyyy-MM-dd'T'HH:mm:sszzz", System.Globalization.CultureInfo.InvariantCulture))), closing));
            await world.Prepare(rounds[n].Round, "H1");
            await world.Prepare(rounds[n].Round, "H2");
        }

        foreach (var (round, closing) in rounds)
        {
            await service.MoveClock(closing.AddMinutes(-1));
            await service.MoveClock(closing.AddSeconds(-1));
            var answer = await world.Submit(round, "H1");
            await service.MoveClock(closing);
            Refused(await world.Submit(round, "H2"), HttpStatusCode.Conflict, "selectionRoundClosed");
            if (answer.Status == HttpStatusCode.OK)
            {
                DateTimeOffset.Parse(answer.Body!["receivedAt"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(closing.AddSeconds(-1), closing.AddMicroseconds(-1));
                return;
            }

            Refused(answer, HttpStatusCode.Conflict, "selectionRoundClosed");
        }

        Assert.Fail("No second of five was long enough.");
    }

    /// <summary>A file that no event named goes as a day closes, a day after it came; one that was named stays.</summary>
    [Fact]
    public async Task What_no_event_named_goes_as_a_day_closes()
    {
        var connection = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(new(2024, 4, 3), connection);
        await new SelectionWorld(service).Institution("H1");
        foreach (var (kept, hours) in new[] { (false, 25), (false, 23), (true, 25) })
        {
            await Scalar(connection, $"insert into compliance.selection_attachments (attachment, application, kept, received_at, content) values (gen_random_uuid(), gen_random_uuid(), {kept}, clock_timestamp() - interval '{hours} hours', 'x')");
        }

        await service.MoveTo(new(2024, 4, 4));
        (await Scalar(connection, "select string_agg(kept::text, ',' order by kept) from compliance.selection_attachments")).ShouldBe("false,true");
    }

    /// <summary>What is submitted is what was judged: drafted anew in between, it is not submitted with what was read before.</summary>
    [Fact]
    public async Task A_draft_and_a_submission_at_once_do_not_mix()
    {
        var connection = await TestPostgres.CreateDatabase();
        await using var service = await TestService.Start(new(2024, 4, 3), connection);
        var world = new SelectionWorld(service);
        var round = await world.Open(SelectionWorld.Call("NC-2024-1"));
        await world.Institution("H1");
        await world.Institution("H2");
        await world.Prepare(round, "H1");
        // As though a draft had been written between the reading of the persons and the submission.
        var application = Compliance.Training.SelectionApplication.IdOf(Guid.Parse(round), "H1");
        await Scalar(connection, $"update compliance.selection_persons set salt = 'other' where application = '{application:D}'");
        Refused(await world.Submit(round, "H1"), HttpStatusCode.Conflict, "tooManyWriters");

        // Both at once: one comes first, and what stands beside the log is what the log names.
        await world.Prepare(round, "H2");
        var forms = SelectionWorld.Forms();
        forms["leaderAge"] = 51;
        var (drafted, submitted) = (world.Draft(round, "H2", forms), world.Submit(round, "H2"));
        (await drafted).Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Conflict);
        (await submitted).Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Conflict);
        (await world.Submit(round, "H2")).Expect(HttpStatusCode.OK);
        var state = Compliance.Training.SelectionApplication.Fold(
            (await service.Get<IEventStore>().ReadStream(Compliance.Training.SelectionApplication.Stream(Guid.Parse(round), "H2"))).Select(e => (Compliance.Training.SelectionApplication.Event)e.Data));
        (await Scalar(connection, $"select hash from compliance.selection_persons where application = '{Compliance.Training.SelectionApplication.IdOf(Guid.Parse(round), "H2"):D}'")).ShouldBe(state.Submission!.PersonsHash);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("601")]
    [InlineData("a year")]
    public async Task A_retention_that_is_no_number_of_months_stops_the_service_from_starting(string months) =>
        await Should.ThrowAsync<InvalidOperationException>(async () => await TestService.Start(configure: b => b.Configuration["Selection:KeepMonths"] = months));
}
