using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Tests.Scenarios;
using Hl7.Fhir.Serialization;
using static Compliance.Service.Tests.Fhir.FhirExamples;
using CapabilityStatement = Hl7.Fhir.Model.CapabilityStatement;
using FHIRVersion = Hl7.Fhir.Model.FHIRVersion;

namespace Compliance.Service.Tests.Fhir;

/// <summary>One hospital on Tuesday 10 March 2026, and everything that is logged.</summary>
public sealed class FhirService : IAsyncLifetime
{
    public static readonly DateOnly Today = new(2026, 3, 10);

    public CapturedLog Log { get; } = new();

    public TestService Service { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(Today, configure: Log.Capture);
        await new World(Service).Hospital("H1");
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();
}

/// <summary>A Bundle is read as the report it means, goes the way of every report, and what is wrong with it is told where it stands.</summary>
public sealed class FhirTests(FhirService hospital) : IClassFixture<FhirService>
{
    private const string R4 = "application/fhir+json; fhirVersion=4.0";
    private const string Secret = "欧阳震华";
    private const string Hl7 = "http://terminology.hl7.org/CodeSystem/";
    private const string Snomed = "http://snomed.info/sct";

    private static int _numbers;

    private TestService Service => hospital.Service;

    private Task<long> Head => Service.Get<IEventStore>().Head();

    private async Task<Answer> Post(object bundle, string contentType = R4, string institution = "H1", params (string Name, string Value)[] headers) =>
        await Service.Send(HttpMethod.Post, "fhir", bundle is JsonObject json ? json.ToJsonString() : bundle, await Service.Token("hospital", institution: institution), contentType, headers);

    private async Task<Answer> PostReport(JsonObject report) => await Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await Service.Token("hospital", institution: "H1"));

    /// <summary>The case as an OperationOutcome says it was taken.</summary>
    private async Task<JsonNode> Shown(JsonNode outcome) =>
        (await Service.Get($"cases/{CaseId(outcome)}?minPosition={Said(outcome, "position", "valueDecimal").ToJsonString()}", await Service.National)).Expect(HttpStatusCode.OK).Body!;

    /// <summary>The aneurysm under a case number of its own, changed.</summary>
    private static JsonObject Changed(Action<JsonObject> change)
    {
        var bundle = Bundle("aneurysm");
        bundle.At(Procedure)["identifier"]![0]!["value"] = $"F-{Interlocked.Increment(ref _numbers)}";
        change(bundle);
        return bundle;
    }

    private static JsonNode Said(JsonNode outcome, string name, string type) =>
        outcome["issue"]![0]!["extension"]!.AsArray().Single(e => e!["url"]!.GetValue<string>() == $"urn:compliance:fhir:{name}")![type]!;

    private static string CaseId(JsonNode outcome) => Said(outcome, "case-id", "valueUuid").GetValue<string>()["urn:uuid:".Length..];

    /// <summary>Every issue as severity, type, code and place.</summary>
    private static List<string> Issues(JsonNode outcome) =>
        [.. outcome["issue"]!.AsArray().Select(i => $"{i!["severity"]} {i["code"]} {i["details"]!["coding"]![0]!["code"]} {i["expression"]?[0] ?? i["location"]?[0]}".TrimEnd())];

    private static void ShouldBeR4(string json)
    {
        FhirJsonDeserializer.STRICT.TryDeserializeResource(json, out _, out var issues);
        issues.Select(i => i.Message).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_Bundle_is_the_report_it_means()
    {
        var answer = (await Post(Bundle("aneurysm"))).Expect(HttpStatusCode.Created);

        ShouldBeR4(answer.Body!.ToJsonString());
        var id = CaseId(answer.Body!);
        answer.Response.Headers.Location!.ToString().ShouldBe($"/api/v1/cases/{id}");
        // Ten working days after Monday 2 March.
        Said(answer.Body!, "deadline", "valueDate").GetValue<string>().ShouldBe("2026-03-16");
        Said(answer.Body!, "timeliness", "valueCode").GetValue<string>().ShouldBe("onTime");

        var shown = await Shown(answer.Body!);
        foreach (var (name, expected) in Report("aneurysm").Where(m => m.Key is not ("outcome" or "completedAt" or "startedAt" or "decidedAt" or "consentDetails")))
        {
            JsonNode.DeepEquals(shown[name], expected).ShouldBeTrue($"{name}: {shown[name]?.ToJsonString()}");
        }

        static DateTimeOffset At(JsonNode? instant) => DateTimeOffset.Parse(instant!.GetValue<string>(), CultureInfo.InvariantCulture);
        var offset = TimeSpan.FromHours(8);
        At(shown["startedAt"]).ShouldBe(new(2026, 3, 2, 12, 5, 0, offset));
        At(shown["completedAt"]).ShouldBe(new(2026, 3, 2, 14, 20, 0, offset));
        At(shown["decidedAt"]).ShouldBe(new(2026, 3, 2, 8, 15, 0, offset));
        shown["decidedOn"].ShouldBeNull();
        var details = shown["consentDetails"]!;
        At(details["signedAt"]).ShouldBe(new(2026, 3, 2, 11, 30, 0, offset));
        (details["patientInformed"]!.GetValue<bool>(), details["familyInformed"]!.GetValue<bool>(), details["topics"]!.ToJsonString(), details["approvedBy"])
            .ShouldBe((false, true, "[\"purpose\",\"risks\",\"complications\"]", null));
        var complication = shown["complications"]!.AsArray().ShouldHaveSingleItem()!;
        (complication["code"]!.GetValue<string>(), complication["severe"]!.GetValue<bool>(), complication["occurredOn"]!.GetValue<string>(), complication["relation"]!.GetValue<string>())
            .ShouldBe(("ischaemicStroke", true, "2026-03-03", "related"));
        shown["death"].ShouldBeNull();

        // Told in the answer: the flags, and nothing that was not used.
        var flags = shown["flagsWhenReported"]!.AsArray().Select(f => f!.GetValue<string>()).ToList();
        Issues(answer.Body!).ShouldBe(["information informational fhirReported", .. flags.Select(f => $"warning business-rule {f}")]);

        // The same in the other form changes nothing, nor does it again in this.
        var before = await Head;
        (await PostReport(Report("aneurysm"))).Expect(HttpStatusCode.OK).Body!["caseId"]!.GetValue<string>().ShouldBe(id);
        var again = (await Post(Bundle("aneurysm"))).Expect(HttpStatusCode.OK);
        CaseId(again.Body!).ShouldBe(id);
        Issues(again.Body!)[0].ShouldBe("information informational fhirUnchanged");
        (await Head).ShouldBe(before);
    }

    [Fact]
    public async Task A_transaction_of_several_procedures_is_one_case_and_is_answered_entry_by_entry()
    {
        // First as JSON: what the Bundle says is then no news.
        var id = (await PostReport(Report("embolisation"))).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var before = await Head;

        var answer = (await Post(Bundle("embolisation"))).Expect(HttpStatusCode.OK);

        (await Head).ShouldBe(before);
        ShouldBeR4(answer.Body!.ToJsonString());
        answer.Body!["type"]!.GetValue<string>().ShouldBe("transaction-response");
        var responses = answer.Body["entry"]!.AsArray().Select(e => e!["response"]!).ToList();
        responses.Select(r => r["status"]!.GetValue<string>()).ShouldBe(["200 OK", "200 OK", "200 OK", "200 OK", "200 OK"]);
        responses.Select(r => r["location"]?.GetValue<string>()).ShouldBe([null, null, $"/api/v1/cases/{id}", null, null]);
        CaseId(responses[2]["outcome"]!).ShouldBe(id);

        var other = Bundle("embolisation");
        other.At(2)["identifier"]![0]!["value"] = "CI-78";
        var reported = (await Post(other)).Expect(HttpStatusCode.OK).Body!["entry"]![2]!["response"]!;
        reported["status"]!.GetValue<string>().ShouldBe("201 Created");
        var shown = await Shown(reported["outcome"]!);
        shown["level"]!.GetValue<int>().ShouldBe(3);
        shown["succeeded"]!.GetValue<bool>().ShouldBeFalse("it was stopped");
        shown["death"]!["occurredOn"]!.GetValue<string>().ShouldBe("2026-03-05");
        shown["outcomeStatement"]!["aliveOnDay30"]!.GetValue<bool>().ShouldBeFalse();
        shown["consentDetails"]!["approvedBy"]!.GetValue<string>().ShouldBe("D-001");
    }

    private static void Fatal(JsonObject b) => b.At(Event)["outcome"] = Concept($"{Hl7}adverse-event-outcome", "fatal");

    private static void Mild(JsonObject b)
    {
        b.At(Event)["event"] = Concept("urn:compliance:fhir:complication", "vasospasm");
        b.At(Event).Remove("severity");
    }

    private static Action<JsonObject> Causality(string code) => b => b.At(Event)["suspectEntity"]![0]!["causality"]![0]!["assessment"] = Concept($"{Hl7}adverse-event-causality-assess", code);

    private static JsonObject ToDevice => new() { ["reference"] = "urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e7" };

    private static JsonArray Extensions(JsonObject bundle, int n) => bundle.At(n)["extension"]!.AsArray();

    /// <summary>Adds an extension to the resource of an entry.</summary>
    private static void Extend(JsonObject bundle, int n, string name, string type, JsonNode value) =>
        Extensions(bundle, n).Add(new JsonObject { ["url"] = $"urn:compliance:fhir:{name}", [type] = value });

    private static JsonObject To(string reference) => new() { ["reference"] = reference };

    private static JsonObject Identified(string system, string value) => new() { ["identifier"] = new JsonObject { ["system"] = $"urn:compliance:fhir:{system}", ["value"] = value } };

    private const string Whole = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";
    private const string Coil = "urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e7";

    /// <summary>What the event is suspected to come of, each with the WHO-UMC assessment; null: nobody assessed it.</summary>
    private static Action<JsonObject> Suspected(params IReadOnlyList<(string Of, string? Assessment)> suspects) => b => b.At(Event)["suspectEntity"] = new JsonArray([.. suspects.Select(s =>
    {
        var suspect = new JsonObject { ["instance"] = To(s.Of) };
        if (s.Assessment is { } said)
            suspect["causality"] = new JsonArray(new JsonObject { ["assessment"] = Concept($"{Hl7}adverse-event-causality-assess", said) });
        return (JsonNode)suspect;
    })]);

    /// <summary>Adds a procedure that is part of the aneurysm's.</summary>
    private static void AddPart(JsonObject bundle, string intent) =>
        Add(bundle, $$"""{ "resourceType": "Procedure", "id": "part", "status": "completed", "partOf": [{ "reference": "{{Whole}}" }], "subject": { "reference": "urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e1" }, "category": { "coding": [{ "system": "urn:compliance:fhir:intent", "code": "{{intent}}" }] } }""");

    /// <summary>The same as a transaction, whose patient is stored at an address.</summary>
    private static Action<JsonObject> PatientAt(string url) => b =>
    {
        b["type"] = "transaction";
        foreach (var (n, entry) in b["entry"]!.AsArray().Index())
            entry!["request"] = new JsonObject { ["method"] = "PUT", ["url"] = n == Patient ? url : $"{b.At(n)["resourceType"]}/{n}" };
    };

    /// <summary>Adds the first identifier of an entry again, under another value.</summary>
    private static Action<JsonObject> IdentifiedTwice(int n) => b =>
    {
        var other = b.At(n)["identifier"]![0]!.DeepClone();
        other["value"] = "other";
        b.At(n)["identifier"]!.AsArray().Add(other);
    };

    private static JsonObject Said(string text) => new() { ["text"] = text };

    /// <summary>What the Procedure says in place of a Consent.</summary>
    private static Action<JsonObject> WithoutConsent(string name, string type, JsonNode value) => b =>
    {
        b["entry"]!.AsArray().RemoveAt(Consent);
        Extend(b, Procedure, name, type, value.DeepClone());
    };

    private static Action<JsonObject> Verified(int n, string member, JsonNode? value) => b => b.At(Consent)["verification"]![n]![member] = value?.DeepClone();

    /// <summary>Completed on a day of February, and alive or not on day 30.</summary>
    private static Action<JsonObject> February(int day, bool alive) => b =>
    {
        b.At(Procedure).Remove("performedPeriod");
        b.At(Procedure)["performedDateTime"] = $"2026-02-{day:00}T14:20:00+08:00";
        Extend(b, Procedure, "alive-on-day-30", "valueBoolean", alive);
    };

    /// <summary>What a changed aneurysm is read as: a member of the case, and its value.</summary>
    private static readonly Dictionary<string, (Action<JsonObject> Change, string Path, string Expected)> Meanings = new()
    {
        ["stopped is not succeeded"] = (b => { b.At(Procedure)["status"] = "stopped"; b.At(Procedure).Remove("outcome"); }, "succeeded", "false"),
        ["partly successful is not succeeded"] = (b => b.At(Procedure)["outcome"] = Concept(Snomed, "385670005"), "succeeded", "false"),
        ["no outcome says nothing"] = (b => b.At(Procedure).Remove("outcome"), "succeeded", "null"),
        ["18:00 in UTC is the next day in Shanghai"] = (b => { b.At(Procedure).Remove("performedPeriod"); b.At(Procedure)["performedDateTime"] = "2026-03-02T18:00:00Z"; }, "completedOn", "\"2026-03-03\""),
        ["a diagnostic procedure"] = (b => { b.At(Procedure)["category"] = Concept(Snomed, "103693007"); b.At(Procedure)["code"] = Concept("urn:compliance:fhir:procedure", "NV-DSA-CEREBRAL"); }, "therapeutic", "false"),
        ["the priority is more particular than the class"] = (b => b.At(Encounter)["priority"] = Concept($"{Hl7}v3-ActPriority", "EL"), "urgency", "\"elective\""),
        ["an inpatient's urgency is not said"] = (b => b.At(Encounter)["class"]!["code"] = "IMP", "urgency", "null"),
        ["a consent refused is none"] = (b => b.At(Consent)["status"] = "rejected", "consent", "\"absent\""),
        ["no consent says nothing"] = (b => b["entry"]!.AsArray().RemoveAt(Consent), "consent", "null"),
        ["of a label the product alone"] = (b => b.At(Device)["udiCarrier"]![0]!.AsObject().Remove("carrierHRF"), "devices/0/udi", "\"09504000059118\""),
        ["a focal device"] = (b => { b.At(Procedure).Remove("usedReference"); b.At(Procedure)["focalDevice"] = new JsonArray(new JsonObject { ["manipulated"] = ToDevice }); }, "devices/0/lot", "\"7654321D\""),
        ["a device named twice is one"] = (b => b.At(Procedure)["usedReference"]!.AsArray().Add(ToDevice), "devices/1/lot", "null"),
        ["certain is related"] = (Causality("Certain"), "complications/0/relation", "\"related\""),
        ["possible is undetermined"] = (Causality("Possible"), "complications/0/relation", "\"undetermined\""),
        ["unlikely is unrelated, be it written small"] = (Causality("unlikely"), "complications/0/relation", "\"unrelated\""),
        ["not assessed is undetermined"] = (b => b.At(Event).Remove("suspectEntity"), "complications/0/relation", "\"undetermined\""),
        ["of procedure and device the procedure not assessed"] = (Suspected((Coil, "Unlikely"), (Whole, null)), "complications/0/relation", "\"undetermined\""),
        ["of procedure and device the device not assessed"] = (Suspected((Whole, "Unlikely"), (Coil, null)), "complications/0/relation", "\"undetermined\""),
        ["neither procedure nor device likely"] = (Suspected((Whole, "Unlikely"), (Coil, "Unlikely")), "complications/0/relation", "\"unrelated\""),
        ["the device alone unlikely says nothing of the procedure"] = (Suspected((Coil, "Unlikely")), "complications/0/relation", "\"undetermined\""),
        ["a part alone unlikely says nothing of the whole"] = (b => { AddPart(b, "diagnostic"); Suspected(("Procedure/part", "Unlikely"))(b); }, "complications/0/relation", "\"undetermined\""),
        ["the device alone certain is related"] = (Suspected((Coil, "Certain")), "complications/0/relation", "\"related\""),
        ["an assessment that is none is undetermined"] = (b => b.At(Event)["suspectEntity"]![0]!["causality"] = new JsonArray(new JsonObject { ["productRelatedness"] = "none" }), "complications/0/relation", "\"undetermined\""),
        ["a diagnostic part beside a treatment"] = (b => AddPart(b, "diagnostic"), "therapeutic", "true"),
        ["a treatment that is part of a diagnostic procedure"] = (b => { b.At(Procedure)["category"] = Concept(Snomed, "103693007"); AddPart(b, "therapeutic"); }, "therapeutic", "true"),
        ["a consent that permits"] = (b => b.At(Consent)["provision"] = new JsonObject { ["type"] = "permit" }, "consent", "\"signed\""),
        ["of a code said twice the one"] = (b => b.At(Event)["event"]!["coding"]!.AsArray().Add(b.At(Event)["event"]!["coding"]![0]!.DeepClone()), "complications/0/code", "\"ischaemicStroke\""),
        ["a light complication"] = (Mild, "complications/0/severe", "false"),
        ["a light one called serious"] = (b => { Mild(b); b.At(Event)["seriousness"] = Concept($"{Hl7}adverse-event-seriousness", "SeriousIsLifeThreatening"); }, "complications/0/severe", "true"),
        ["mild does not lower the table"] = (b => b.At(Event)["severity"] = Concept($"{Hl7}adverse-event-severity", "mild"), "complications/0/severe", "true"),
        ["who died of a complication died when the patient says"] = (b => { Fatal(b); b.At(Patient)["deceasedDateTime"] = "2026-03-05"; }, "death/occurredOn", "\"2026-03-05\""),
        ["and the death is as related as it"] = (b => { Fatal(b); b.At(Patient)["deceasedDateTime"] = "2026-03-05"; }, "death/relation", "\"related\""),
        ["a death nobody assessed"] = (b => b.At(Patient)["deceasedDateTime"] = "2026-03-05", "death/relation", "\"undetermined\""),
        ["an event that is nothing but the death has its day"] = (b => { Fatal(b); b.At(Event).Remove("event"); }, "death/occurredOn", "\"2026-03-03\""),
        ["and is no complication"] = (b => { Fatal(b); b.At(Event).Remove("event"); }, "complications", "[]"),
        ["alive"] = (b => b.At(Patient)["deceasedBoolean"] = false, "death", "null"),
        ["alive says nothing of day 30"] = (b => b.At(Patient)["deceasedBoolean"] = false, "outcomeStatement", "null"),
        // Day 30 was yesterday, 9 March.
        ["alive on day 30"] = (February(7, alive: true), "outcomeStatement/aliveOnDay30", "true"),
        ["dead before day 30"] = (b => { b.At(Patient)["deceasedDateTime"] = "2026-03-05"; Extend(b, Procedure, "alive-on-day-30", "valueBoolean", false); }, "outcomeStatement/aliveOnDay30", "false"),
        ["one instant has no start"] = (b => { b.At(Procedure).Remove("performedPeriod"); b.At(Procedure)["performedDateTime"] = "2026-03-02T14:20:00+08:00"; }, "startedAt", "null"),
        ["a start of which the day is known is none"] = (b => b.At(Procedure)["performedPeriod"]!["start"] = "2026-03-02", "startedAt", "null"),
        ["decided on a day"] = (b => Extensions(b, Procedure)[3]!["valueDateTime"] = "2026-03-01", "decidedOn", "\"2026-03-01\""),
        ["decided on a day has no instant"] = (b => Extensions(b, Procedure)[3]!["valueDateTime"] = "2026-03-01", "decidedAt", "null"),
        ["decided on a day and at an instant of it"] = (b => Extend(b, Procedure, "decided", "valueDateTime", "2026-03-02"), "decidedOn", "\"2026-03-02\""),
        ["a signature of which the day is known has no instant"] = (b => b.At(Consent)["dateTime"] = "2026-03-02", "consentDetails/signedAt", "null"),
        ["the patient was told"] = (Verified(0, "verified", true), "consentDetails/patientInformed", "true"),
        ["the patient, by type alone"] = (Verified(0, "verifiedWith", new JsonObject { ["type"] = "Patient" }), "consentDetails/patientInformed", "false"),
        ["the family was not told"] = (Verified(1, "verified", false), "consentDetails/familyInformed", "false"),
        ["told, nobody says whom"] = (b => b.At(Consent)["verification"]![1]!.AsObject().Remove("verifiedWith"), "consentDetails/familyInformed", "null"),
        ["nothing verified says nothing"] = (b => b.At(Consent).Remove("verification"), "consentDetails/patientInformed", "null"),
        ["the topic of aftercare"] = (b => Extend(b, Consent, "topic", "valueCode", "aftercare"), "consentDetails/topics", "[\"purpose\",\"risks\",\"aftercare\",\"complications\"]"),
        ["approved by a physician"] = (b => Extend(b, Consent, "approved-by", "valueReference", To("urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e5")), "consentDetails/approvedBy", "\"H1-A\""),
        ["approved by one of the staff"] = (b => Extend(b, Consent, "approved-by", "valueReference", Identified("staff", "D-001")), "consentDetails/approvedBy", "\"D-001\""),
        ["approved by one of the staff who has an entry"] = (b =>
        {
            Add(b, """{ "resourceType": "Practitioner", "id": "head", "identifier": [{ "system": "urn:compliance:fhir:staff", "value": "D-002" }] }""");
            Extend(b, Consent, "approved-by", "valueReference", To("Practitioner/head"));
        }, "consentDetails/approvedBy", "\"D-002\""),
        ["without a Consent the Procedure says the patient was told"] = (WithoutConsent("patient-informed", "valueBoolean", true), "consentDetails/patientInformed", "true"),
        ["without a Consent the Procedure says the family was not told"] = (WithoutConsent("family-informed", "valueBoolean", false), "consentDetails/familyInformed", "false"),
        ["without a Consent the Procedure says of what"] = (WithoutConsent("topic", "valueCode", "risks"), "consentDetails/topics", "[\"risks\"]"),
    };

    public static TheoryData<string> MeaningNames => [.. Meanings.Keys];

    [Theory]
    [MemberData(nameof(MeaningNames))]
    public async Task An_element_means(string name)
    {
        var (change, path, expected) = Meanings[name];
        var answer = (await Post(Changed(change))).Expect(HttpStatusCode.Created);

        var found = path.Split('/').Aggregate<string, JsonNode?>(
            await Shown(answer.Body!), (node, part) => node is JsonArray list ? list.ElementAtOrDefault(int.Parse(part, CultureInfo.InvariantCulture)) : node?[part]);

        (found?.ToJsonString() ?? "null").ShouldBe(expected);
    }

    private static JsonNode Entry(string resource) => new JsonObject { ["resource"] = JsonNode.Parse(resource) };

    private static void Add(JsonObject bundle, string resource) => bundle["entry"]!.AsArray().Add(Entry(resource));

    /// <summary>What is wrong with a changed aneurysm: every issue as type, code and FHIRPath.</summary>
    private static readonly Dictionary<string, (Action<JsonObject> Change, string[] Expected)> Faults = new()
    {
        // personal data, in each place it comes in
        ["a patient's name"] = (b => b.At(Patient)["name"] = new JsonArray(new JsonObject { ["family"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.name"]),
        ["a patient's telephone"] = (b => b.At(Patient)["telecom"] = new JsonArray(new JsonObject { ["system"] = "phone", ["value"] = BadRequests.Mobile }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.telecom"]),
        ["a patient's address"] = (b => b.At(Patient)["address"] = new JsonArray(new JsonObject { ["text"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.address"]),
        ["a patient's photo"] = (b => b.At(Patient)["photo"] = new JsonArray(new JsonObject { ["title"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.photo"]),
        ["a patient's relative"] = (b => b.At(Patient)["contact"] = new JsonArray(new JsonObject { ["name"] = new JsonObject { ["text"] = Secret } }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.contact"]),
        ["a year of birth"] = (b => b.At(Patient)["birthDate"] = "1964", ["business-rule fhirPersonalElement Bundle.entry[1].resource.birthDate"]),
        ["an identity card"] = (b => b.At(Patient)["identifier"]!.AsArray().Add(new JsonObject { ["system"] = "urn:oid:2.16.156.112604.1.1", ["value"] = BadRequests.IdentityCard }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.identifier[1]"]),
        ["an identity card as pseudonym"] = (b => b.At(Patient)["identifier"]![0]!["value"] = BadRequests.IdentityCard, ["business-rule personalData Bundle.entry[1].resource.identifier[0].value"]),
        ["a telephone as case number"] = (b => b.At(Procedure)["identifier"]![0]!["value"] = $"T {BadRequests.Mobile}", ["business-rule personalData Bundle.entry[0].resource.identifier[0].value"]),
        ["a narrative"] = (b => b.At(Procedure)["text"] = new JsonObject { ["status"] = "generated", ["div"] = $"<div xmlns=\"http://www.w3.org/1999/xhtml\">{Secret}</div>" }, ["business-rule fhirPersonalElement Bundle.entry[0].resource.text"]),
        ["a note"] = (b => b.At(Procedure)["note"] = new JsonArray(new JsonObject { ["text"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[0].resource.note"]),
        ["a physician's name"] = (b => b.At(Operator)["name"] = new JsonArray(new JsonObject { ["text"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[5].resource.name"]),
        ["a physician's other number"] = (b => b.At(Operator)["identifier"]!.AsArray().Add(new JsonObject { ["system"] = "urn:x", ["value"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[5].resource.identifier[1]"]),
        ["a name beside a reference"] = (b => b.At(Procedure)["subject"]!["display"] = Secret, ["business-rule fhirPersonalElement Bundle.entry[0].resource.subject.display"]),
        ["a name in an unknown extension"] = (b => b.At(Patient)["extension"]!.AsArray().Add(new JsonObject { ["url"] = "urn:x", ["valueHumanName"] = new JsonObject { ["text"] = Secret } }), ["business-rule fhirPersonalElement Bundle.entry[1].resource.extension[1].value"]),
        ["an address below a primitive"] = (b => b.At(Patient)["_gender"] = new JsonObject { ["extension"] = new JsonArray(new JsonObject { ["url"] = "urn:x", ["valueAddress"] = new JsonObject { ["text"] = Secret } }) }, ["business-rule fhirPersonalElement Bundle.entry[1].resource._gender.extension[0].value"]),
        ["a telephone in what is not used"] = (b => b.At(Procedure)["followUp"] = new JsonArray(new JsonObject { ["text"] = $"call {BadRequests.Mobile}" }), ["business-rule personalData Bundle.entry[0].resource.followUp[0].text"]),

        ["an identity card in the address of an entry"] = (PatientAt($"Patient?identifier=urn:x|{BadRequests.IdentityCard}"), ["business-rule personalData Bundle.entry[1].request.url"]),
        ["a telephone as unit of an age"] = (b => b.At(Patient)["extension"]![0]!["valueAge"]!["unit"] = BadRequests.Mobile, ["business-rule personalData Bundle.entry[1].resource.extension[0].value.unit"]),
        ["a telephone as kind of identifier"] = (b => b.At(Patient)["identifier"]![0]!["type"] = Said(BadRequests.Mobile), ["business-rule personalData Bundle.entry[1].resource.identifier[0].type.text"]),
        ["a telephone as kind of consent"] = (b => b.At(Consent)["category"]![0]!["text"] = BadRequests.Mobile, ["business-rule personalData Bundle.entry[9].resource.category[0].text"]),
        ["a telephone as clinical status"] = (b => b.At(Condition)["clinicalStatus"] = Said(BadRequests.Mobile), ["business-rule personalData Bundle.entry[2].resource.clinicalStatus.text"]),
        ["a name in the rule of a consent"] = (b => b.At(Consent)["policyRule"]!["extension"] = new JsonArray(new JsonObject { ["url"] = "urn:x", ["valueHumanName"] = Said(Secret) }), ["business-rule fhirPersonalElement Bundle.entry[9].resource.policyRule.extension[0].value"]),

        // what would change the meaning of what was read
        ["a modifier extension"] = (b => b.At(Procedure)["modifierExtension"] = new JsonArray(new JsonObject { ["url"] = "urn:x", ["valueBoolean"] = true }), ["not-supported fhirModifier Bundle.entry[0].resource.modifierExtension"]),
        ["implicit rules"] = (b => b.At(Procedure)["implicitRules"] = "urn:x", ["not-supported fhirModifier Bundle.entry[0].resource.implicitRules"]),
        ["a link to another patient"] = (b => b.At(Patient)["link"] = new JsonArray(new JsonObject { ["other"] = new JsonObject { ["reference"] = "Patient/x" }, ["type"] = "replaced-by" }), ["not-supported fhirModifier Bundle.entry[1].resource.link"]),
        ["a contained resource"] = (b => b.At(Procedure)["contained"] = new JsonArray(new JsonObject { ["resourceType"] = "Patient", ["id"] = "p" }), ["not-supported fhirContained Bundle.entry[0].resource.contained"]),
        ["a modifier extension in a policy"] = (b => b.At(Consent)["policy"] = new JsonArray(new JsonObject { ["uri"] = "urn:x", ["modifierExtension"] = new JsonArray(new JsonObject { ["url"] = "urn:x", ["valueBoolean"] = true }) }), ["not-supported fhirModifier Bundle.entry[9].resource.policy[0].modifierExtension"]),
        ["a consent to research"] = (b => b.At(Consent)["scope"] = Concept($"{Hl7}consentscope", "research"), ["code-invalid unknownValue Bundle.entry[9].resource.scope"]),
        ["a consent to treatment and research"] = (b => b.At(Consent)["scope"]!["coding"]!.AsArray().Add(new JsonObject { ["system"] = $"{Hl7}consentscope", ["code"] = "research" }), ["code-invalid unknownValue Bundle.entry[9].resource.scope"]),
        ["a consent to what nobody understands"] = (b => b.At(Consent)["scope"] = Concept("urn:x", "treatment"), ["code-invalid fhirCodeSystem Bundle.entry[9].resource.scope"]),
        ["a consent that denies"] = (b => b.At(Consent)["provision"] = new JsonObject { ["type"] = "deny" }, ["not-supported fhirModifier Bundle.entry[9].resource.provision.type"]),
        ["a consent that denies a part"] = (b => b.At(Consent)["provision"] = new JsonObject { ["type"] = "permit", ["provision"] = new JsonArray(new JsonObject { ["type"] = "deny" }) }, ["not-supported fhirModifier Bundle.entry[9].resource.provision.provision[0].type"]),
        ["not done"] = (b => b.At(Procedure)["status"] = "not-done", ["business-rule fhirNotPerformed Bundle.entry[0].resource.status"]),
        ["in progress"] = (b => b.At(Procedure)["status"] = "in-progress", ["business-rule fhirNotPerformed Bundle.entry[0].resource.status"]),
        ["entered in error"] = (b => b.At(Procedure)["status"] = "entered-in-error", ["business-rule fhirEnteredInError Bundle.entry[0].resource.status"]),
        ["a diagnosis refuted"] = (b => b.At(Condition)["verificationStatus"] = Concept($"{Hl7}condition-ver-status", "refuted"), ["business-rule fhirEnteredInError Bundle.entry[2].resource.verificationStatus"]),
        ["an event that nearly happened"] = (b => b.At(Event)["actuality"] = "potential", ["code-invalid unknownValue Bundle.entry[8].resource.actuality"]),

        // references and entries
        ["a dangling reference"] = (b => b.At(Procedure)["usedReference"]!.AsArray().Add(new JsonObject { ["reference"] = "Device/none" }), ["not-found fhirDangling Bundle.entry[0].resource.usedReference[1].reference"]),
        ["a reference to something else"] = (b => b.At(Procedure)["encounter"] = ToDevice,
            ["value fhirReferenceType Bundle.entry[0].resource.encounter.reference", "business-rule fhirNotLinked Bundle.entry[3].resource", "business-rule fhirNotLinked Bundle.entry[4].resource", "required missing Bundle.entry[0].resource.location"]),
        ["the same entry twice"] = (b => b["entry"]!.AsArray().Add(b["entry"]![Device]!.DeepClone()), ["duplicate fhirDuplicateEntry Bundle.entry[10]", "business-rule fhirNotLinked Bundle.entry[10].resource"]),
        ["a second patient"] = (b => Add(b, """{ "resourceType": "Patient", "id": "other" }"""), ["business-rule fhirOnlyOne Bundle.entry[10].resource", "business-rule fhirNotLinked Bundle.entry[10].resource"]),
        ["a device nobody used"] = (b => Add(b, """{ "resourceType": "Device", "id": "other", "serialNumber": "1" }"""), ["business-rule fhirNotLinked Bundle.entry[10].resource"]),
        ["a device taken out"] = (b => b.At(Procedure)["focalDevice"] = new JsonArray(new JsonObject { ["action"] = Concept("http://hl7.org/fhir/device-action", "explanted"), ["manipulated"] = ToDevice }), ["business-rule fhirExplanted Bundle.entry[0].resource.focalDevice[0].action"]),
        ["a second procedure that stands alone"] = (b => Add(b, """{ "resourceType": "Procedure", "status": "completed", "subject": { "reference": "urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e1" } }"""), ["business-rule fhirSeveralProcedures Bundle.entry[10].resource.partOf"]),
        ["a resource of another type"] = (b => Add(b, """{ "resourceType": "Observation", "status": "final", "code": { "text": "x" } }"""), ["not-supported fhirResourceType Bundle.entry[10].resource"]),
        ["a Bundle of another type"] = (b => b["type"] = "batch", ["not-supported fhirBundleType Bundle.type"]),
        ["a transaction without requests"] = (b => b["type"] = "transaction", [.. Enumerable.Range(0, 10).Select(n => $"required missing Bundle.entry[{n}].request")]),
        ["another patient's event"] = (b => { Add(b, """{ "resourceType": "Patient", "id": "other" }"""); b.At(Event)["subject"]!["reference"] = "Patient/other"; },
            ["business-rule fhirOnlyOne Bundle.entry[10].resource", "business-rule fhirOtherPatient Bundle.entry[8].resource.subject"]),

        ["a conditional update"] = (PatientAt("Patient?identifier=urn:x|1"), ["not-supported fhirConditional Bundle.entry[1].request.url"]),
        ["two case numbers"] = (IdentifiedTwice(Procedure), ["business-rule fhirOnlyOne Bundle.entry[0].resource.identifier[1]"]),
        ["two physician numbers"] = (IdentifiedTwice(Operator), ["business-rule fhirOnlyOne Bundle.entry[5].resource.identifier[1]"]),
        ["two institutions"] = (IdentifiedTwice(Organization), ["business-rule fhirOnlyOne Bundle.entry[4].resource.identifier[1]"]),
        ["two registrations of a device"] = (IdentifiedTwice(Device), ["business-rule fhirOnlyOne Bundle.entry[7].resource.identifier[1]"]),
        ["two techniques"] = (b => Extend(b, Procedure, "technique", "valueCode", "comprehensive"), ["business-rule fhirOnlyOne Bundle.entry[0].resource.extension[4]"]),
        ["two ages"] = (b => Extensions(b, Patient).Add(Extensions(b, Patient)[0]!.DeepClone()), ["business-rule fhirOnlyOne Bundle.entry[1].resource.extension[1]"]),
        ["for single use, and not"] = (b => Extend(b, Device, "single-use", "valueBoolean", false), ["business-rule fhirOnlyOne Bundle.entry[7].resource.extension[1]"]),
        ["consent, and none"] = (b => { WithoutConsent("consent", "valueCode", "signed")(b); Extend(b, Procedure, "consent", "valueCode", "absent"); }, ["business-rule fhirOnlyOne Bundle.entry[0].resource.extension[5]"]),
        ["two complications in one event"] = (b => b.At(Event)["event"]!["coding"]!.AsArray().Add(new JsonObject { ["system"] = "urn:compliance:fhir:complication", ["code"] = "vasospasm" }), ["business-rule fhirOnlyOne Bundle.entry[8].resource.event.coding[1].code"]),
        ["two diagnoses in one Condition"] = (b => b.At(Condition)["code"]!["coding"]!.AsArray().Add(new JsonObject { ["system"] = "http://hl7.org/fhir/sid/icd-10", ["code"] = "I60.2" }), ["business-rule fhirOnlyOne Bundle.entry[2].resource.code.coding[1].code"]),

        // what the report's own reader finds, at its place here
        ["no institution"] = (b => { b.At(Encounter).Remove("serviceProvider"); b["entry"]!.AsArray().RemoveAt(Organization); }, ["required missing Bundle.entry[3].resource.serviceProvider"]),
        ["an institution that is no id"] = (b => b.At(Organization)["identifier"]![0]!["value"] = "no such/id", ["value invalidId Bundle.entry[4].resource.identifier[0].value"]),
        ["no case number"] = (b => b.At(Procedure)["identifier"]![0]!["system"] = "urn:his", ["required fhirIdentifier Bundle.entry[0].resource.identifier"]),
        ["no pseudonym"] = (b => b.At(Patient).Remove("identifier"), ["required fhirIdentifier Bundle.entry[1].resource.identifier"]),
        ["no technique"] = (b => b.At(Procedure)["extension"]!.AsArray().RemoveAt(0), ["required missing Bundle.entry[0].resource.extension"]),
        ["a technique nobody knows"] = (b => b.At(Procedure)["extension"]![0]!["valueCode"] = "cardiac", ["code-invalid unknownTechnique Bundle.entry[0].resource.extension[0].value"]),
        ["no intent"] = (b => b.At(Procedure).Remove("category"), ["required missing Bundle.entry[0].resource.category"]),
        ["no intent but that of a diagnostic part"] = (b => { b.At(Procedure).Remove("category"); AddPart(b, "diagnostic"); }, ["required missing Bundle.entry[0].resource.category"]),
        ["an intent of another system"] = (b => b.At(Procedure)["category"] = Concept("urn:x", "y"), ["code-invalid fhirCodeSystem Bundle.entry[0].resource.category"]),
        ["a procedure the catalogue has not"] = (b => b.At(Procedure)["code"]!["coding"]![0]!["code"] = "NV-NONE", ["code-invalid unknownProcedureCode Bundle.entry[0].resource.code.coding[0].code"]),
        ["no ICD-9-CM-3 code"] = (b => b.At(Procedure)["code"]!["coding"]![1]!["code"] = "x", ["code-invalid invalidIcd9 Bundle.entry[0].resource.code.coding[1].code"]),
        ["no operator"] = (b => b.At(Procedure)["performer"]!.AsArray().RemoveAt(0), ["required missing Bundle.entry[0].resource.performer"]),
        ["two operators"] = (b => b.At(Procedure)["performer"]![1]!["function"] = Concept("urn:compliance:fhir:function", "operator"), ["business-rule fhirOnlyOne Bundle.entry[6].resource.identifier[0].value"]),
        ["a performer without function"] = (b => b.At(Procedure)["performer"]![1]!.AsObject().Remove("function"), ["required missing Bundle.entry[0].resource.performer[1].function"]),
        ["not completed yet"] = (b => b.At(Procedure)["performedPeriod"]!.AsObject().Remove("end"), ["required missing Bundle.entry[0].resource.performed.end"]),
        ["completed on a day, without time"] = (b => b.At(Procedure)["performedPeriod"]!["end"] = "2026-03-02", ["value invalidInstant Bundle.entry[0].resource.performed.end"]),
        ["completed tomorrow"] = (b => b.At(Procedure)["performedPeriod"]!["end"] = "2026-03-11T00:00:00+08:00", ["value futureDay Bundle.entry[0].resource.performed.end"]),
        ["a diagnosis that is no ICD-10 code"] = (b => b.At(Condition)["code"]!["coding"]![0]!["code"] = "stroke", ["code-invalid invalidDiagnosis Bundle.entry[2].resource.code.coding[0].code"]),
        ["a diagnosis of another system"] = (b => b.At(Condition)["code"] = Concept("urn:x", "I60.1"), ["code-invalid fhirCodeSystem Bundle.entry[2].resource.code"]),
        ["an age of 121"] = (b => b.At(Patient)["extension"]![0]!["valueAge"]!["value"] = 121, ["value outOfRange Bundle.entry[1].resource.extension[0].value.value"]),
        ["an age in months"] = (b => b.At(Patient)["extension"]![0]!["valueAge"]!["code"] = "mo", ["code-invalid unknownValue Bundle.entry[1].resource.extension[0].value.code"]),
        ["an age in months, said in words"] = (b => b.At(Patient)["extension"]![0]!["valueAge"] = new JsonObject { ["value"] = 8, ["unit"] = "月" },
            ["required missing Bundle.entry[1].resource.extension[0].value.code", "required missing Bundle.entry[1].resource.extension[0].value.system"]),
        ["an age in units of another system"] = (b => b.At(Patient)["extension"]![0]!["valueAge"]!["system"] = "urn:x", ["code-invalid unknownValue Bundle.entry[1].resource.extension[0].value.system"]),
        ["an age of more than so much"] = (b => b.At(Patient)["extension"]![0]!["valueAge"]!["comparator"] = ">", ["not-supported fhirModifier Bundle.entry[1].resource.extension[0].value.comparator"]),
        ["discharged before admitted"] = (b => b.At(Encounter)["period"]!["end"] = "2026-03-01", ["value dischargedBeforeAdmitted Bundle.entry[3].resource.period.end"]),
        ["discharged at the end of time"] = (b => b.At(Encounter)["period"]!["end"] = "9999-12-31T23:59:59Z", ["value outOfRange Bundle.entry[3].resource.period.end"]),
        ["died at the end of time"] = (b => b.At(Patient)["deceasedDateTime"] = "9999-12-31T23:59:59Z", ["value outOfRange Bundle.entry[1].resource.deceased"]),
        ["a complication at the end of time"] = (b => b.At(Event)["date"] = "9999-12-31T23:59:59Z", ["value outOfRange Bundle.entry[8].resource.date"]),
        ["a complication nobody knows"] = (b => b.At(Event)["event"]!["coding"]![0]!["code"] = "cough", ["code-invalid unknownComplicationCode Bundle.entry[8].resource.event.coding[0].code"]),
        ["a complication without a day"] = (b => b.At(Event).Remove("date"), ["required missing Bundle.entry[8].resource.date"]),
        ["a complication before the procedure"] = (b => b.At(Event)["date"] = "2026-02-28", ["value beforeProcedure Bundle.entry[8].resource.date"]),
        ["a complication where it has no day"] = (b => b.At(Procedure)["complication"] = new JsonArray(new JsonObject { ["text"] = "stroke" }), ["business-rule fhirComplicationElsewhere Bundle.entry[0].resource.complication"]),
        ["died, nobody says when"] = (b => b.At(Patient)["deceasedBoolean"] = true, ["required missing Bundle.entry[1].resource.deceased"]),
        ["died of a complication, nobody says when"] = (Fatal, ["required missing Bundle.entry[1].resource.deceased"]),
        ["left the hospital dead, nobody says when"] = (b => b.At(Encounter)["hospitalization"] = new JsonObject { ["dischargeDisposition"] = Concept($"{Hl7}discharge-disposition", "exp") }, ["required missing Bundle.entry[1].resource.deceased"]),
        ["died on two days"] = (b => { Fatal(b); b.At(Event).Remove("event"); b.At(Patient)["deceasedDateTime"] = "2026-03-05"; }, ["business-rule fhirContradicts Bundle.entry[8].resource.date"]),
        ["alive, and died of a complication"] = (b => { Fatal(b); b.At(Patient)["deceasedBoolean"] = false; }, ["business-rule fhirContradicts Bundle.entry[1].resource.deceased"]),
        ["alive, and an event that is nothing but the death"] = (b => { Fatal(b); b.At(Event).Remove("event"); b.At(Patient)["deceasedBoolean"] = false; }, ["business-rule fhirContradicts Bundle.entry[1].resource.deceased"]),
        ["alive, and left the hospital dead"] = (b =>
        {
            b.At(Encounter)["hospitalization"] = new JsonObject { ["dischargeDisposition"] = Concept($"{Hl7}discharge-disposition", "exp") };
            b.At(Patient)["deceasedBoolean"] = false;
        }, ["business-rule fhirContradicts Bundle.entry[1].resource.deceased"]),
        ["stopped and successful"] = (b => b.At(Procedure)["status"] = "stopped", ["business-rule fhirContradicts Bundle.entry[0].resource.outcome"]),
        ["consent said twice"] = (b => b.At(Procedure)["extension"]!.AsArray().Add(new JsonObject { ["url"] = "urn:compliance:fhir:consent", ["valueCode"] = "signed" }), ["business-rule fhirGivenTwice Bundle.entry[9].resource"]),
        ["a label that is another's"] = (b => b.At(Device)["udiCarrier"]![0]!["deviceIdentifier"] = "06901234567892", ["value contradictsUdi Bundle.entry[7].resource.udiCarrier[0].deviceIdentifier"]),

        // when it began, who decided when, how consent came about, day 30
        ["started after the end"] = (b => b.At(Procedure)["performedPeriod"]!["start"] = "2026-03-02T14:20:01+08:00", ["value startedAfterCompleted Bundle.entry[0].resource.performed.start"]),
        ["started before there were catheters"] = (b => b.At(Procedure)["performedPeriod"]!["start"] = "1989-12-31T23:59:59+08:00", ["value outOfRange Bundle.entry[0].resource.performed.start"]),
        ["decided in a month"] = (b => Extensions(b, Procedure)[3]!["valueDateTime"] = "2026-03", ["value invalidDay Bundle.entry[0].resource.extension[3].value"]),
        ["decided tomorrow"] = (b => Extensions(b, Procedure)[3]!["valueDateTime"] = "2026-03-11", ["value futureDay Bundle.entry[0].resource.extension[3].value"]),
        ["decided at two instants"] = (b => Extend(b, Procedure, "decided", "valueDateTime", "2026-03-02T08:16:00+08:00"), ["business-rule fhirOnlyOne Bundle.entry[0].resource.extension[4].value"]),
        ["decided on another day"] = (b => Extend(b, Procedure, "decided", "valueDateTime", "2026-03-01"), ["value decidedOnAnotherDay Bundle.entry[0].resource.extension[4].value"]),
        ["signed tomorrow"] = (b => b.At(Consent)["dateTime"] = "2026-03-11T00:00:00+08:00", ["value futureDay Bundle.entry[9].resource.dateTime"]),
        ["signed tomorrow, as the Procedure says"] = (WithoutConsent("signed", "valueDateTime", "2026-03-11T00:00:00+08:00"), ["value futureDay Bundle.entry[0].resource.extension[4].value"]),
        ["a topic nobody knows"] = (b => Extensions(b, Consent)[0]!["valueCode"] = "costs", ["code-invalid unknownValue Bundle.entry[9].resource.extension[0].value"]),
        ["a topic twice"] = (b => Extend(b, Consent, "topic", "valueCode", "risks"), ["duplicate duplicateItem Bundle.entry[9].resource.extension[3].value"]),
        ["a relative"] = (b =>
        {
            Add(b, $$"""{ "resourceType": "RelatedPerson", "id": "r", "patient": { "reference": "urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e1" }, "name": [{ "text": "{{Secret}}" }] }""");
            Verified(1, "verifiedWith", To("RelatedPerson/r"))(b);
        }, ["not-supported fhirResourceType Bundle.entry[10].resource", "not-found fhirDangling Bundle.entry[9].resource.verification[1].verifiedWith.reference"]),
        ["a relative's number"] = (Verified(1, "verifiedWith", new JsonObject { ["type"] = "RelatedPerson", ["identifier"] = new JsonObject { ["value"] = BadRequests.IdentityCard } }), ["business-rule fhirPersonalElement Bundle.entry[9].resource.verification[1].verifiedWith.identifier"]),
        ["a relative's name"] = (Verified(1, "verifiedWith", new JsonObject { ["type"] = "RelatedPerson", ["display"] = Secret }), ["business-rule fhirPersonalElement Bundle.entry[9].resource.verification[1].verifiedWith.display"]),
        ["neither patient nor family"] = (Verified(1, "verifiedWith", new JsonObject { ["type"] = "Group" }), ["code-invalid unknownValue Bundle.entry[9].resource.verification[1].verifiedWith.type"]),
        ["the patient called family"] = (Verified(0, "verifiedWith", new JsonObject { ["reference"] = "urn:uuid:2d3151bd-1cbf-4d64-b04d-cd9187a4c6e1", ["type"] = "RelatedPerson" }), ["business-rule fhirContradicts Bundle.entry[9].resource.verification[0].verifiedWith.type"]),
        ["told and not told"] = (Verified(0, "verifiedWith", new JsonObject { ["type"] = "RelatedPerson" }), ["business-rule fhirContradicts Bundle.entry[9].resource.verification[1].verified"]),
        ["an approver who is no id"] = (b => Extend(b, Consent, "approved-by", "valueReference", Identified("staff", "no such/id")), ["value invalidId Bundle.entry[9].resource.extension[3].value.identifier.value"]),
        ["an approver of another system"] = (b => Extend(b, Consent, "approved-by", "valueReference", Identified("institution", "H1")), ["required fhirIdentifier Bundle.entry[9].resource.extension[3].value.identifier"]),
        ["two approvers"] = (b => { Extend(b, Consent, "approved-by", "valueReference", Identified("staff", "D-001")); Extend(b, Consent, "approved-by", "valueReference", Identified("staff", "D-002")); }, ["business-rule fhirOnlyOne Bundle.entry[9].resource.extension[4]"]),
        ["an operator by staff number"] = (b => b.At(Procedure)["performer"]![0]!["actor"] = Identified("staff", "D-001"), ["required fhirIdentifier Bundle.entry[0].resource.performer[0].actor.identifier"]),
        ["consent told of twice"] = (b => Extend(b, Procedure, "topic", "valueCode", "risks"), ["business-rule fhirGivenTwice Bundle.entry[9].resource"]),
        // Day 30 is today, 10 March.
        ["alive on a day 30 that is not over"] = (February(8, alive: true), ["value outcomeStillOpen Bundle.entry[0].resource.extension[4].value"]),
        ["not alive on day 30, and no death"] = (February(7, alive: false), ["value deathNotReported Bundle.entry[0].resource.extension[4].value"]),

        // what is not FHIR R4
        ["an element R4 has not"] = (b => b.At(Procedure)["statu"] = "completed", ["structure fhirUnknownElement Bundle.entry[0].resource.statu"]),
        ["an element of R5"] = (b => b.At(Procedure)["occurrenceDateTime"] = "2026-03-02", ["structure fhirUnknownElement Bundle.entry[0].resource.occurrenceDateTime"]),
        ["no status"] = (b => b.At(Procedure).Remove("status"), ["required missing Bundle.entry[0].resource.status"]),
        ["a sex R4 has not"] = (b => b.At(Patient)["gender"] = "femal", ["code-invalid fhirCode Bundle.entry[1].resource.gender"]),
        ["a month 13"] = (b => b.At(Event)["date"] = "2026-13-02", ["value fhirValue Bundle.entry[8].resource.date"]),
        ["a number where text stands"] = (b => b.At(Device)["lotNumber"] = 7, ["value fhirValue Bundle.entry[7].resource.lotNumber"]),
        ["a resource R4 has not"] = (b => Add(b, """{ "resourceType": "Widget", "id": "w" }"""), ["not-supported fhirResourceType Bundle.entry[10].resource"]),
        ["both forms of a choice"] = (b => b.At(Procedure)["performedDateTime"] = "2026-03-02T10:00:00+08:00", ["structure duplicateProperty Bundle.entry[0].resource"]),
    };

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public async Task What_is_wrong_is_told_where_it_stands(string name)
    {
        var (change, expected) = Faults[name];
        var before = await Head;

        var answer = await Post(Changed(change));

        var text = await answer.Response.Content.ReadAsStringAsync();
        answer.Status.ShouldBe(HttpStatusCode.BadRequest, text);
        Issues(answer.Body!).ShouldBe(expected.Select(e => $"error {e}"), ignoreOrder: true, text);
        ShouldBeR4(text);
        foreach (var secret in new[] { Secret, BadRequests.IdentityCard, BadRequests.Mobile })
        {
            text.ShouldNotContain(secret);
            string.Join('\n', hospital.Log.Lines).ShouldNotContain(secret);
        }

        (await Head).ShouldBe(before, "nothing is stored");
    }

    public static TheoryData<string, string, string, int, string> Bodies => new()
    {
        { "malformed JSON", "{ \"resourceType\": ", R4, 400, "error structure invalidJson" },
        { "nothing", "", R4, 400, "error structure emptyBody" },
        { "a list", "[]", R4, 400, "error structure wrongType" },
        { "half a surrogate pair", "{ \"resourceType\": \"Bundle\", \"type\": \"\\ud800\" }", R4, 400, "error structure invalidText" },
        { "no resource", "{ \"type\": \"collection\" }", R4, 400, "error structure fhirStructure" },
        { "a resource that is no Bundle", "{ \"resourceType\": \"Patient\", \"gender\": \"male\" }", R4, 400, "error structure fhirNotABundle" },
        { "an empty Bundle", "{ \"resourceType\": \"Bundle\", \"type\": \"collection\" }", R4, 400, "error required fhirNoProcedure Bundle.entry" },
        { "malformed JSON behind a byte order mark", "\uFEFF{ \"resourceType\": ", R4, 400, "error structure invalidJson" },
        { "FHIR R5", "{}", "application/fhir+json; fhirVersion=5.0", 415, "error not-supported unsupportedFhirVersion" },
        { "XML", "<Bundle/>", "application/fhir+xml", 415, "error not-supported unsupportedMediaType" },
        { "more than a megabyte", new string(' ', 1_100_000), R4, 413, "error too-long tooLarge" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task What_is_no_Bundle_is_refused_in_FHIRs_own_way(string what, string body, string contentType, int status, string expected)
    {
        var answer = await Post(body, contentType);
        ((int)answer.Status).ShouldBe(status, what);
        Issues(answer.Body!).ShouldBe([expected], what);
        ShouldBeR4(answer.Body!.ToJsonString());
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_part_of_the_Bundle() =>
        Issues((await Post($"\uFEFF{Changed(_ => { }).ToJsonString()}")).Expect(HttpStatusCode.Created).Body!)[0].ShouldBe("information informational fhirReported");

    [Fact]
    public async Task Refusals_of_access_are_told_in_FHIRs_own_way()
    {
        async Task<string> Of(string? token, string path = "fhir")
        {
            var answer = await Service.Send(HttpMethod.Post, path, Bundle("aneurysm").ToJsonString(), token, R4);
            return $"{(int)answer.Status} {Issues(answer.Body!).ShouldHaveSingleItem()}";
        }

        (await Of(token: null)).ShouldBe("401 error login tokenMissing");
        (await Of(await Service.Token("physician", physician: "H1-A"))).ShouldBe("403 error forbidden forbidden");
        (await Of(await Service.Token("hospital", institution: "H2"))).ShouldBe("403 error forbidden forbidden");
        (await Of(await Service.National, "fhir?_format=json")).ShouldBe("400 error value unknownParameter http._format");
        var read = await Service.Get("fhir", await Service.National);
        (read.Status, Issues(read.Body!).ShouldHaveSingleItem()).ShouldBe((HttpStatusCode.MethodNotAllowed, "error not-supported methodNotAllowed"));
    }

    [Fact]
    public async Task An_institution_nobody_registered_is_named_where_it_stands()
    {
        var answer = (await Post(Changed(b => b.At(Organization)["identifier"]![0]!["value"] = "H99"), institution: "H99")).Expect(HttpStatusCode.BadRequest);
        Issues(answer.Body!).ShouldBe(["error not-found unknownInstitution Bundle.entry[4].resource.identifier[0].value"]);
    }

    [Fact]
    public async Task What_differs_from_the_case_is_a_conflict_and_names_the_elements()
    {
        var bundle = Changed(_ => { });
        (await Post(bundle)).Expect(HttpStatusCode.Created);
        bundle.At(Procedure)["outcome"] = Concept(Snomed, "385671000");
        bundle.At(Consent)["status"] = "rejected";
        bundle.At(Procedure)["performedPeriod"]!["start"] = "2026-03-02T12:06:00+08:00";
        Extensions(bundle, Procedure)[3]!["valueDateTime"] = "2026-03-02T08:16:00+08:00";
        Extensions(bundle, Consent).RemoveAt(0);

        var answer = (await Post(bundle)).Expect(HttpStatusCode.Conflict);

        Issues(answer.Body!).ShouldBe(
            ["error conflict caseDiffers", .. new[] { "0].resource.outcome", "9].resource.status", "0].resource.performed.start", "0].resource.extension[3].value", "9].resource" }.Select(e => $"error conflict differs Bundle.entry[{e}")]);
        ShouldBeR4(answer.Body!.ToJsonString());
    }

    [Fact]
    public async Task An_idempotency_key_is_kept()
    {
        var bundle = Changed(_ => { });
        var first = (await Post(bundle, headers: ("Idempotency-Key", "fhir 1"))).Expect(HttpStatusCode.Created);
        (await Post(bundle, headers: ("Idempotency-Key", "fhir 1"))).Expect(HttpStatusCode.Created).Body!.ToJsonString().ShouldBe(first.Body!.ToJsonString());
        Issues((await Post(Changed(_ => { }), headers: ("Idempotency-Key", "fhir 1"))).Expect(HttpStatusCode.UnprocessableEntity).Body!).ShouldBe(["error conflict idempotencyKeyReused"]);
    }

    [Fact]
    public async Task A_header_that_is_wrong_is_named()
    {
        var answer = (await Post(Changed(_ => { }), headers: ("Idempotency-Key", new string('k', 1000)))).Expect(HttpStatusCode.BadRequest);
        Issues(answer.Body!).ShouldBe(["error value invalidIdempotencyKey http.Idempotency-Key"]);
    }

    [Fact]
    public async Task Issues_are_told_in_the_callers_language()
    {
        var answer = await Post(Changed(b => b.At(Procedure)["status"] = "not-done"), headers: ("Accept-Language", "zh-CN"));
        answer.Body!["issue"]![0]!["diagnostics"]!.GetValue<string>().ShouldStartWith("仅上报已实施的操作");
        answer.Response.Content.Headers.ContentLanguage.ShouldBe(["zh-CN"]);
    }

    [Fact]
    public async Task What_is_not_used_is_told()
    {
        var answer = (await Post(Changed(b =>
        {
            b.At(Procedure)["bodySite"] = new JsonArray(new JsonObject { ["text"] = "left" });
            b.At(Patient)["maritalStatus"] = Concept($"{Hl7}v3-MaritalStatus", "M");
            // Of these only the day is known, and of the verification nobody.
            b.At(Procedure)["performedPeriod"]!["start"] = "2026-03-02";
            b.At(Consent)["dateTime"] = "2026-03-02";
            b.At(Consent)["verification"]![0]!.AsObject().Remove("verifiedWith");
            // The same again in other words: nothing is lost with it.
            b.At(Procedure)["code"]!["coding"]!.AsArray().Add(new JsonObject { ["system"] = Snomed, ["code"] = "1", ["display"] = "coil" });
        }))).Expect(HttpStatusCode.Created);
        Issues(answer.Body!).Where(i => i.Contains("fhirNotUsed", StringComparison.Ordinal)).ShouldBe(
            new[] { "0].resource.performed.start", "0].resource.bodySite", "1].resource.maritalStatus", "9].resource.dateTime", "9].resource.verification[0].verified" }.Select(e => $"warning not-supported fhirNotUsed Bundle.entry[{e}"),
            ignoreOrder: true);
    }

    /// <summary>An answer names a hundred places at most, and says how many there are.</summary>
    [Theory]
    [InlineData(100, 100)]
    [InlineData(101, 100)]
    public async Task How_much_is_not_used_is_told(int unknown, int named)
    {
        var answer = (await Post(Changed(b =>
        {
            for (var n = 0; n < unknown; n++)
                Extend(b, n % 2 == 0 ? Procedure : Device, $"unknown-{n}", "valueBoolean", true);
        }))).Expect(HttpStatusCode.Created);

        ShouldBeR4(answer.Body!.ToJsonString());
        Said(answer.Body!, "not-used", "valueDecimal").GetValue<int>().ShouldBe(unknown);
        Issues(answer.Body!).Count(i => i.Contains("fhirNotUsed", StringComparison.Ordinal)).ShouldBe(named);
    }

    [Fact]
    public async Task The_capability_statement_is_open_and_R4()
    {
        var text = (await Service.Get("fhir/metadata")).Expect(HttpStatusCode.OK).Body!.ToJsonString();
        ShouldBeR4(text);
        var said = FhirJsonDeserializer.STRICT.DeserializeResource(text).ShouldBeOfType<CapabilityStatement>();
        said.FhirVersion.ShouldBe(FHIRVersion.N4_0_1);
        said.Rest.Single().Interaction.Select(i => i.Code).ShouldBe([CapabilityStatement.SystemRestfulInteraction.Transaction]);
    }
}
