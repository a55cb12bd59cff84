using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Compliance.Regulations;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>A round of selection to act in: calls, forms, files.</summary>
public sealed class SelectionWorld(TestService service)
{
    public const string LeadersTelephone = "13911112222";

    /// <summary>What an application needs beside its forms.</summary>
    public static readonly IReadOnlyList<string> Files =
        ["form2Electronic", "form2StampedPdf", "form3Electronic", "form3StampedPdf", "form4Electronic", "form4StampedPdf", "volumeEvidence", "staffEvidence"];

    public static byte[] Pdf(string content) => Encoding.ASCII.GetBytes($"%PDF-1.7\n{content}");

    /// <summary>Forms whose every number lies exactly on the limit of NC-2024, and which meet none of the other conditions.</summary>
    public static JsonObject Forms() => JsonNode.Parse(
        $$"""
        { "academicStanding": "a statement", "leaderAcademicStanding": "a statement", "trainingStaff": true, "trainingEquipment": true, "trainingPremises": true,
          "restStudiesSince": "2021-04-03", "stressStudiesSince": "2021-04-03", "form2SignedOn": "2024-04-03", "restStudies2023": 150, "stressStudies2023": 150, "seniorStaff": 2, "fullSeniorStaff": 1,
          "treadmill": true, "cycleErgometer": false, "defibrillator": true, "ecgMonitor": true, "dailyTutors": [{ "name": "Tutor", "title": "associateChief", "physician": true, "teachesDaily": true }],
          "researchProjects": [], "nationalCourses": [], "naturalScienceGrants": [], "scienceAwards": [], "publications": [], "hospitalType": "general", "institutionAddress": "1 Street", "departmentProfile": "p",
          "radiationProtectionEquipment": true, "departmentPhysicians": 4, "departmentTechnicians": 3, "departmentNurses": 2, "teachingHospital": false, "trainingHardware": "rooms", "figuresOfEnd2023": true,
          "form2Stamp": "institution", "form3Stamp": "institution", "form4Stamp": "institution", "leaderTitle": "associateChief", "leaderGoodEthics": true, "leaderHealthy": true, "leaderOrganises": true,
          "leaderUpright": true, "leaderCapable": true, "leaderTimeAssured": true, "leaderName": "Leader Surname", "leaderAge": 50, "leaderSex": "female", "leaderEthnicity": "Han", "leaderPosition": "head",
          "leaderYears": 20, "leaderTelephone": "{{LeadersTelephone}}", "leaderEmail": "leader@hospital.example", "leaderPostalAddress": "1 Street", "leaderCareer": "career", "form3SignedOn": "2024-04-03",
          "form3StampedOn": "2024-04-03", "lecturers": [{{Lecturer(1)}}], "form4Signed": true }
        """)!.AsObject();

    public static string Lecturer(int number, string title = "associateChief") =>
        $$"""{ "number": {{number}}, "specialty": "s", "name": "Lecturer {{number}}", "age": 40, "department": "d", "title": "{{title}}", "telephone": "010-65251234", "email": "m", "goodEthics": true, "capable": true, "timeAssured": true }""";

    /// <summary>A call with the days of its regulation.</summary>
    public static JsonObject Call(string number, string regulation = "NC-2024", string opensOn = "2024-04-03", string closesAt = "2024-04-30T17:00:00+08:00", int? places = 5) => new()
    {
        ["number"] = number,
        ["title"] = $"Training bases, {number}",
        ["regulation"] = regulation,
        ["opensOn"] = opensOn,
        ["closesAt"] = closesAt,
        ["places"] = places,
        ["criteria"] = new JsonArray(new JsonObject { ["id"] = "merit", ["title"] = "Merit", ["mostPoints"] = 100 }),
    };

    /// <summary>Another edition of NC-2024, with other days and another volume.</summary>
    public async Task Publish(string id, DateOnly from, DateTimeOffset closesAt, int volume = 300)
    {
        var file = ShippedRegulations.All.Single(s => s.Regulation.Id == "NC-2024").Json
            .Replace("\"NC-2024\"", $"\"{id}\"", StringComparison.Ordinal)
            .Replace("\"version\": 2", "\"version\": 1", StringComparison.Ordinal)
            .Replace("2024-04-30T17:00:00+08:00", closesAt.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("2024-04-03", World.Text(from), StringComparison.Ordinal)
            .Replace("\"value\": 300", $"\"value\": {volume}", StringComparison.Ordinal);
        (await service.Send(HttpMethod.Post, "regulations", file, await service.National)).Expect(HttpStatusCode.Created);
    }

    public async Task<string> Open(JsonObject call) => (await service.Post("selection-rounds", call, await service.National)).Expect(HttpStatusCode.Created).Body!["round"]!.GetValue<string>();

    public async Task Institution(string id, string level = "tertiaryA") =>
        (await service.Put($"institutions/{id}", new { name = $"Hospital {id}", province = World.Province, level }, await service.National)).Expect(HttpStatusCode.Created);

    public Task<string> Hospital(string institution) => service.Token("hospital", institution: institution);

    public async Task<Answer> Draft(string round, string institution, JsonObject forms) =>
        await service.Put($"selection-rounds/{round}/applications/{institution}", new JsonObject { ["facts"] = forms.DeepClone() }, await Hospital(institution));

    public async Task<Answer> Attach(string round, string institution, string kind, byte[] content, params (string, string)[] headers) =>
        await service.Send(HttpMethod.Post, $"selection-rounds/{round}/applications/{institution}/attachments/{kind}", content, await Hospital(institution), "application/octet-stream", headers);

    public async Task<Answer> Submit(string round, string institution, bool? asItIs = null) =>
        await service.Post($"selection-rounds/{round}/applications/{institution}/submit", new { asItIs }, await Hospital(institution));

    /// <summary>Forms and files, not submitted yet.</summary>
    public async Task Prepare(string round, string institution, Action<JsonObject>? change = null, string? without = null)
    {
        var forms = Forms();
        change?.Invoke(forms);
        (await Draft(round, institution, forms)).Expect(HttpStatusCode.OK);
        foreach (var kind in Files.Where(f => f != without))
        {
            (await Attach(round, institution, kind, Pdf($"{institution} {kind}"))).Expect(HttpStatusCode.Created);
        }
    }
}
