using System.Text;
using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>One request that breaks the contract, and what it must be answered.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Path">Under the base, or from the root with a slash. <c>{case}</c>, <c>{complication}</c>, <c>{foreignCase}</c>, <c>{round}</c>, <c>{foreignRound}</c>, <c>{concludedRound}</c> and <c>{selection}</c> stand for those there are.</param>
/// <param name="Body">Text or bytes sent as they are, an object sent as JSON; null for none.</param>
/// <param name="Expected">Each fault as <c>code pointer</c>, <c>(body)</c> being the whole; or, for a refusal without places, its code alone.</param>
public sealed record BadRequest(string Name, string Method, string Path, object? Body, int Status, params string[] Expected)
{
    /// <summary>The role and claim: <c>hospital H1</c>, <c>regulator 11</c>, <c>national</c>.</summary>
    public string Who { get; init; } = "national";

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Stands in the request and may be neither in the answer nor in the log.</summary>
    public string? Secret { get; init; }

    /// <summary>The name that the message of an unknown property or parameter suggests.</summary>
    public string? Suggests { get; init; }
}

/// <summary>The table of bad requests. Expectations are written by hand from the contract. Today is Tuesday 10 March 2026.</summary>
public static class BadRequests
{
    public static readonly DateOnly Today = new(2026, 3, 10);

    public const string IdentityCard = "110101199003074477"; // a valid check digit, as GB 11643 lays down
    public const string Mobile = "13800138000";
    public const string Landline = "010-65251234";

    private const string NoSuchId = "00000000-0000-0000-0000-000000000001";

    public static readonly IReadOnlyList<BadRequest> All =
    [
        .. Reports(), .. WholeBodies(), .. WhoReports(), .. Headers(), .. Changes(), .. Outcomes(), .. OwedOutcomes(), .. OutcomeNotices(), .. Procedures(), .. Obligations(), .. Registry(), .. Calendars(), .. Enforcement(), .. Webhooks(), .. Qualifications(), .. DeviceRegistrations(), .. DeviceReceipts(), .. DeviceUses(), .. VerifiedTotals(), .. TrainingBases(), .. Trainees(), .. CaseChanges(), .. Schedules(), .. Rounds(), .. Scoring(), .. Selections(), .. Notices(), .. Hearings(), .. Objections(),
        .. Regulations(), .. Queries(), .. Imports(), .. Elsewhere(), .. Private(),
    ];

    /// <summary>A report with every field there is.</summary>
    public static JsonObject Report() => JsonNode.Parse(
        """
        { "institution": "H1", "caseNumber": "2026-000123", "technique": "neurovascular", "procedureCodes": ["NV-ANEURYSM-COIL"], "icd9cm3": ["39.72"],
          "intent": "therapeutic", "completedAt": "2026-03-02T14:20:00+08:00", "operator": "H1-A", "trainee": "T0001", "assistants": ["H1-B"], "decidedBy": ["H1-A", "H1-B"],
          "patient": { "pseudonym": "q83vEjRWeJASNFZ4kBI0VniQ", "sex": "female", "ageYears": 61, "diagnosis": "I60.1" },
          "startedAt": "2026-03-02T12:05:00+08:00", "decidedOn": "2026-03-01", "decidedAt": "2026-03-01T16:30:00+08:00",
          "urgency": "emergency", "succeeded": true, "consent": "signed", "admittedOn": "2026-03-01", "dischargedOn": "2026-03-09",
          "consentDetails": { "signedAt": "2026-03-02T09:30:00+08:00", "patientInformed": true, "familyInformed": true, "topics": ["purpose", "risks", "aftercare", "complications"], "approvedBy": "H1-Z" },
          "devices": [ { "registration": "国械注准20193130001", "udi": "(01)06901234567892", "lot": "L2401", "serial": "S0009", "singleUse": true } ],
          "outcome": { "complications": [ { "code": "ischaemicStroke", "severe": true, "occurredOn": "2026-03-03", "relation": "related" } ], "death": { "occurredOn": "2026-03-05", "relation": "undetermined" }, "aliveOnDay30": false } }
        """)!.AsObject();

    private static string Report(Action<JsonObject> change)
    {
        var report = Report();
        change(report);
        return report.ToJsonString();
    }

    private static string Outcome(Action<JsonObject> change) => Report(r => change(r["outcome"]!.AsObject()));

    /// <summary>The whole report as text with one piece of it replaced, for what no writer of JSON would write.</summary>
    private static string Text(string piece, string by)
    {
        var text = Report().ToJsonString();
        text.ShouldContain(piece);
        return text.Replace(piece, by, StringComparison.Ordinal);
    }

    private static BadRequest Bad(string name, Action<JsonObject> change, params string[] expected) => new(name, "POST", "cases", Report(change), 400, expected) { Who = "hospital H1" };

    private static BadRequest Lacks(string property) => Bad($"a report without {property}", r => r.Remove(property), $"missing /{property}");

    private static IEnumerable<BadRequest> Reports() =>
    [
        Lacks("institution"), Lacks("caseNumber"), Lacks("technique"), Lacks("intent"), Lacks("completedAt"), Lacks("operator"),
        Bad("null for what is required", r => r["operator"] = null, "missing /operator"),
        Bad("a comprehensive case without procedure codes", r => { r["technique"] = "comprehensive"; r.Remove("procedureCodes"); r.Remove("outcome"); }, "missing /procedureCodes"),
        Bad("a comprehensive case with none", r => { r["technique"] = "comprehensive"; r["procedureCodes"] = new JsonArray(); r.Remove("outcome"); }, "empty /procedureCodes"),

        Bad("a misspelt optional property", r => { r["urgancy"] = "elective"; r.Remove("urgency"); }, "unknownProperty /urgancy") with { Suggests = "urgency" },
        Bad("a misspelt required property", r => { r["caseNumbr"] = "1"; r.Remove("caseNumber"); }, "missing /caseNumber", "unknownProperty /caseNumbr") with { Suggests = "caseNumber" },
        Bad("a property in another case", r => { r["Consent"] = "signed"; r.Remove("consent"); }, "unknownProperty /Consent") with { Suggests = "consent" },
        Bad("a misspelt property two levels down", r => { r["patient"]!["ageYear"] = 61; r["patient"]!.AsObject().Remove("ageYears"); }, "unknownProperty /patient/ageYear") with { Suggests = "ageYears" },
        Bad("a misspelt property in a list", r => r["devices"]![0]!["sn"] = "1", "unknownProperty /devices/0/sn"),
        Bad("a property that is nothing like any", r => r["surname"] = "Wang", "unknownProperty /surname"),
        Bad("what only the service tells", r => r["deadline"] = "2026-03-16", "unknownProperty /deadline"),

        Bad("a case number as a number", r => r["caseNumber"] = 123, "wrongType /caseNumber"),
        Bad("codes as one text", r => r["procedureCodes"] = "NV-ANEURYSM-COIL", "wrongType /procedureCodes"),
        Bad("a patient as a list", r => r["patient"] = new JsonArray(), "wrongType /patient"),
        Bad("a device that says nothing", r => r["devices"] = new JsonArray(new JsonObject { ["lot"] = "L1" }, new JsonObject { ["udi"] = null }), "empty /devices/1"),
        Bad("a UDI of 1,001 characters", r => r["devices"]![0]!["udi"] = new string('1', 1_001), "tooLong /devices/0/udi"),
        Bad("the same UDI and serial but for blanks", r => r["devices"] = new JsonArray(Device("A", "1"), Device(" A", "1 ")), "duplicateDevice /devices/1"),
        Bad("a device as text", r => r["devices"] = new JsonArray("x"), "wrongType /devices/0"),
        Bad("an outcome as text", r => r["outcome"] = "well", "wrongType /outcome"),
        Bad("success as text", r => r["succeeded"] = "yes", "wrongType /succeeded"),
        Bad("single use as a number", r => r["devices"]![0]!["singleUse"] = 1, "wrongType /devices/0/singleUse"),
        Bad("an assistant as a number", r => r["assistants"] = new JsonArray(7), "wrongType /assistants/0"),
        Bad("a null in a list", r => r["assistants"] = new JsonArray((JsonNode?)null), "wrongType /assistants/0"),

        Bad("an intent there is not", r => r["intent"] = "palliative", "unknownValue /intent"),
        Bad("an intent with a capital", r => r["intent"] = "Therapeutic", "unknownValue /intent"),
        Bad("an intent by its number", r => r["intent"] = "1", "unknownValue /intent"),
        Bad("an urgency there is not", r => r["urgency"] = "asap", "unknownValue /urgency"),
        Bad("a consent there is not", r => r["consent"] = "oral", "unknownValue /consent"),
        Bad("a sex there is not", r => r["patient"]!["sex"] = "F", "unknownValue /patient/sex"),

        Bad("a negative age", r => r["patient"]!["ageYears"] = -1, "outOfRange /patient/ageYears"),
        Bad("an age of 200", r => r["patient"]!["ageYears"] = 200, "outOfRange /patient/ageYears"),
        Bad("an age beyond integers", r => r["patient"]!["ageYears"] = 4_294_967_357, "outOfRange /patient/ageYears"),
        Bad("an age as text", r => r["patient"]!["ageYears"] = "61", "wrongType /patient/ageYears"),
        Bad("an age with a fraction", r => r["patient"]!["ageYears"] = 61.5, "wrongType /patient/ageYears"),
        Bad("a patient without pseudonym", r => r["patient"]!.AsObject().Remove("pseudonym"), "missing /patient/pseudonym"),
        Bad("a diagnosis in words", r => r["patient"]!["diagnosis"] = "stroke", "invalidDiagnosis /patient/diagnosis"),
        Bad("a procedure that is no ICD-9-CM-3 code", r => r["icd9cm3"] = new JsonArray("39.72", "coil"), "invalidIcd9 /icd9cm3/1"),

        Bad("completed tomorrow", r => r["completedAt"] = "2026-03-11T00:00:00+08:00", "futureDay /completedAt"),
        Bad("completed tomorrow by Shanghai's day, today by London's", r => r["completedAt"] = "2026-03-10T16:00:00Z", "futureDay /completedAt"),
        Bad("completed before there were catheters", r => r["completedAt"] = "1926-03-02T14:20:00+08:00", "outOfRange /completedAt"),
        Bad("completed on 30 February", r => r["completedAt"] = "2026-02-30T14:20:00+08:00", "invalidInstant /completedAt"),
        Bad("completed at an instant without offset", r => r["completedAt"] = "2026-03-02T14:20:00", "invalidInstant /completedAt"),
        Bad("completed on a day without time", r => r["completedAt"] = "2026-03-02", "invalidInstant /completedAt"),
        Bad("completed at 25 o'clock", r => r["completedAt"] = "2026-03-02T25:20:00+08:00", "invalidInstant /completedAt"),
        Bad("completed at a number of seconds", r => r["completedAt"] = 1772432400, "wrongType /completedAt"),
        Bad("admitted on 30 February", r => r["admittedOn"] = "2026-02-30", "invalidDay /admittedOn"),
        Bad("admitted on a day of another form", r => r["admittedOn"] = "2026-3-1", "invalidDay /admittedOn"),
        Bad("admitted on an instant", r => r["admittedOn"] = "2026-03-01T00:00:00+08:00", "invalidDay /admittedOn"),
        Bad("admitted in the year 3000", r => r["admittedOn"] = "3000-01-01", "outOfRange /admittedOn"),
        Bad("discharged tomorrow", r => r["dischargedOn"] = "2026-03-11", "futureDay /dischargedOn"),
        Bad("discharged before admitted", r => r["dischargedOn"] = "2026-02-28", "dischargedBeforeAdmitted /dischargedOn"),

        Bad("started an instant after the end", r => r["startedAt"] = "2026-03-02T14:20:01+08:00", "startedAfterCompleted /startedAt"),
        Bad("started tomorrow", r => r["startedAt"] = "2026-03-11T00:00:00+08:00", "futureDay /startedAt"),
        Bad("started before there were catheters", r => r["startedAt"] = "1989-12-31T23:59:59+08:00", "outOfRange /startedAt"),
        Bad("started on a day without time", r => r["startedAt"] = "2026-03-02", "invalidInstant /startedAt"),
        Bad("started at an instant without offset", r => r["startedAt"] = "2026-03-02T12:05:00", "invalidInstant /startedAt"),
        Bad("decided tomorrow", r => { r["decidedOn"] = "2026-03-11"; r.Remove("decidedAt"); }, "futureDay /decidedOn"),
        Bad("decided on an instant", r => r["decidedOn"] = "2026-03-01T16:30:00+08:00", "invalidDay /decidedOn"),
        Bad("decided at a day", r => r["decidedAt"] = "2026-03-01", "invalidInstant /decidedAt"),
        Bad("decided at an instant of tomorrow", r => { r["decidedAt"] = "2026-03-10T16:00:00Z"; r.Remove("decidedOn"); }, "futureDay /decidedAt"),
        Bad("decided on one day and at an instant of the next, by Shanghai's clocks", r => r["decidedAt"] = "2026-03-01T16:30:00Z", "decidedOnAnotherDay /decidedOn"),

        Bad("consent's details as text", r => r["consentDetails"] = "all told", "wrongType /consentDetails"),
        Bad("signed tomorrow", r => r["consentDetails"]!["signedAt"] = "2026-03-11T00:00:00+08:00", "futureDay /consentDetails/signedAt"),
        Bad("signed before there were catheters", r => r["consentDetails"]!["signedAt"] = "1926-03-02T09:30:00+08:00", "outOfRange /consentDetails/signedAt"),
        Bad("the patient informed in words", r => r["consentDetails"]!["patientInformed"] = "yes", "wrongType /consentDetails/patientInformed"),
        Bad("a topic there is not", r => r["consentDetails"]!["topics"] = new JsonArray("purpose", "costs"), "unknownValue /consentDetails/topics/1"),
        Bad("a topic by its name in the log", r => r["consentDetails"]!["topics"] = new JsonArray("Purpose"), "unknownValue /consentDetails/topics/0"),
        Bad("a topic twice", r => r["consentDetails"]!["topics"] = new JsonArray("risks", "purpose", "risks"), "duplicateItem /consentDetails/topics/2"),
        Bad("topics as one text", r => r["consentDetails"]!["topics"] = "purpose", "wrongType /consentDetails/topics"),
        Bad("approved by a name", r => r["consentDetails"]!["approvedBy"] = "王主任", "invalidId /consentDetails/approvedBy"),
        Bad("a misspelt detail of the consent", r => { r["consentDetails"]!["familyInform"] = true; r["consentDetails"]!.AsObject().Remove("familyInformed"); }, "unknownProperty /consentDetails/familyInform")
            with { Suggests = "familyInformed" },

        Bad("an unknown technique", r => r["technique"] = "cardiac", "unknownTechnique /technique"),
        Bad("an unknown procedure code", r => r["procedureCodes"] = new JsonArray("NV-ANEURYSM-COIL", "NV-NOTHING"), "unknownProcedureCode /procedureCodes/1"),
        Bad("a procedure code of another technique", r => r["procedureCodes"] = new JsonArray("CI-L3-05"), "unknownProcedureCode /procedureCodes/0"),
        Bad("an unknown complication code", r => r["outcome"]!["complications"]![0]!["code"] = "hiccups", "unknownComplicationCode /outcome/complications/0/code"),
        Bad("a complication without day", r => r["outcome"]!["complications"]![0]!.AsObject().Remove("occurredOn"), "missing /outcome/complications/0/occurredOn"),
        Bad("a complication tomorrow", r => r["outcome"]!["complications"]![0]!["occurredOn"] = "2026-03-11", "futureDay /outcome/complications/0/occurredOn"),
        Bad("a complication before the procedure", r => r["outcome"]!["complications"]![0]!["occurredOn"] = "2026-02-28", "beforeProcedure /outcome/complications/0/occurredOn"),
        Bad("a severity as text", r => r["outcome"]!["complications"]![0]!["severe"] = "true", "wrongType /outcome/complications/0/severe"),
        Bad("a death without relation", r => r["outcome"]!["death"]!.AsObject().Remove("relation"), "missing /outcome/death/relation"),
        Bad("a death with a relation there is not", r => r["outcome"]!["death"]!["relation"] = "maybe", "unknownValue /outcome/death/relation"),
        Bad("a death on 30 February", r => r["outcome"]!["death"]!["occurredOn"] = "2026-02-30", "invalidDay /outcome/death/occurredOn"),

        Bad("an operator that is no id", r => r["operator"] = "王医生", "invalidId /operator"),
        Bad("an operator with 65 characters", r => r["operator"] = new string('a', 65), "invalidId /operator"),
        Bad("an institution with a slash", r => r["institution"] = "H1/../H2", "invalidId /institution"),
        Bad("an assistant twice", r => r["assistants"] = new JsonArray("H1-B", "H1-B"), "duplicateItem /assistants/1"),
        Bad("a decider twice", r => r["decidedBy"] = new JsonArray("H1-A", "H1-B", "H1-A"), "duplicateItem /decidedBy/2"),
        Bad("21 assistants", r => r["assistants"] = new JsonArray([.. Enumerable.Range(0, 21).Select(n => (JsonNode)$"A{n}")]), "tooMany /assistants"),
        Bad("101 devices", r => r["devices"] = new JsonArray([.. Enumerable.Range(0, 101).Select(n => (JsonNode)new JsonObject { ["serial"] = $"S{n}" })]), "tooMany /devices"),
        Bad("the same UDI and serial twice", r => r["devices"] = new JsonArray(Device("A", "1"), Device("A", "2"), Device("A", "1")), "duplicateDevice /devices/2"),
        Bad("an empty case number", r => r["caseNumber"] = "", "empty /caseNumber"),
        Bad("a case number of blanks", r => r["caseNumber"] = "  ", "empty /caseNumber"),
        Bad("a case number of 201 characters", r => r["caseNumber"] = new string('n', 201), "tooLong /caseNumber"),
        Bad("a case number of 900 kB", r => r["caseNumber"] = new string('n', 900_000), "tooLong /caseNumber"),
        Bad("several faults at once", r => { r["intent"] = "x"; r["operator"] = 1; r["patient"]!["ageYears"] = -1; }, "unknownValue /intent", "wrongType /operator", "outOfRange /patient/ageYears"),
    ];

    private static JsonObject Device(string udi, string serial) => new() { ["udi"] = udi, ["serial"] = serial };

    private static IEnumerable<BadRequest> WholeBodies()
    {
        BadRequest Whole(string name, object? body, params string[] expected) => new(name, "POST", "cases", body, 400, expected) { Who = "hospital H1" };
        return
        [
            Whole("no body", null, "emptyBody (body)"),
            Whole("a body of blanks", "  \n", "invalidJson (body)"),
            Whole("a body that is no JSON", "institution=H1", "invalidJson (body)"),
            Whole("an array instead of an object", $"[{Report().ToJsonString()}]", "wrongType (body)"),
            Whole("a text instead of an object", "\"H1\"", "wrongType (body)"),
            Whole("null", "null", "wrongType (body)"),
            Whole("garbage behind the object", Report().ToJsonString() + "x", "invalidJson (body)"),
            Whole("a second object behind the first", Report().ToJsonString() + Report().ToJsonString(), "invalidJson (body)"),
            Whole("an object without end", Report().ToJsonString()[..^1], "invalidJson (body)"),
            Whole("a trailing comma", Text("\"succeeded\":true", "\"succeeded\":true,,"), "invalidJson (body)"),
            Whole("a comment", "// hello\n" + Report().ToJsonString(), "invalidJson (body)"),
            Whole("not a number", Text("61", "NaN"), "invalidJson (body)"),
            Whole("nested 33 levels deep", $"{{\"a\":{new string('[', 32)}{new string(']', 32)}}}", "tooDeep (body)"),
            Whole("nested a hundred thousand levels deep", new string('[', 100_000), "tooDeep (body)"),
            Whole("bytes that are no UTF-8", (byte[])[.. "{\"institution\":\""u8, 0xC3, 0x28, .. "\"}"u8], "invalidUtf8 (body)"),
            Whole("UTF-16", Encoding.Unicode.GetBytes(Report().ToJsonString()), "invalidJson (body)"),
            Whole("GB 18030", (byte[])[.. "{\"institution\":\""u8, 0xB1, 0xB1, 0xBE, 0xA9, .. "\"}"u8], "invalidUtf8 (body)"),
            Whole("a NUL escaped in text", Text("2026-000123", "2026\\u0000"), "invalidText /caseNumber"),
            Whole("a NUL as it is in text", Text("2026-000123", "2026\0"), "invalidJson (body)"),
            Whole("a line break in a case number", Text("2026-000123", "2026\\n1"), "invalidText /caseNumber"),
            Whole("half of a surrogate pair", Text("2026-000123", "2026\\uD800"), "invalidText /caseNumber"),
            Whole("half of a surrogate pair in an identifier", Text("H1-A\",\"trainee", "\\uDC00\",\"trainee"), "invalidText /operator"),
            Whole("half of a surrogate pair in a property's name", Text("\"succeeded\"", "\"\\uD800\""), "invalidText (body)"),
            Whole("a property twice", Text("\"succeeded\":true", "\"succeeded\":true,\"succeeded\":false"), "duplicateProperty /succeeded"),
            Whole("a property twice, once escaped", Text("\"succeeded\":true", "\"succeeded\":true,\"succeede\\u0064\":true"), "duplicateProperty /succeeded"),
            Whole("a property twice, two levels down", Text("\"ageYears\":61", "\"ageYears\":61,\"ageYears\":62"), "duplicateProperty /patient/ageYears"),
            Whole("a number of a million digits", Text("61", new string('9', 900_000)), "outOfRange /patient/ageYears"),
            new("a field of 2 MB", "POST", "cases", Report(r => r["caseNumber"] = new string('n', 2 * 1024 * 1024)), 413, "tooLarge") { Who = "hospital H1" },
            new("a report as CSV", "POST", "cases", "institution,caseNumber\nH1,1\n", 415, "unsupportedMediaType") { Who = "hospital H1", ContentType = "text/csv" },
        ];
    }

    private static IEnumerable<BadRequest> WhoReports() =>
    [
        new("another institution's token", "POST", "cases", Report().ToJsonString(), 403, "forbidden") { Who = "hospital H2" },
        new("a hospital's report for one there is not", "POST", "cases", Report(r => r["institution"] = "H99"), 403, "forbidden") { Who = "hospital H1" },
        new("a hospital that is not registered", "POST", "cases", Report(r => r["institution"] = "H99"), 400, "unknownInstitution /institution") { Who = "hospital H99" },
        new("an unknown institution", "POST", "cases", Report(r => r["institution"] = "H99"), 400, "unknownInstitution /institution"),
        new("a regulator of another province", "POST", "cases", Report().ToJsonString(), 403, "forbidden") { Who = "regulator 31" },
        new("a physician's report", "POST", "cases", Report().ToJsonString(), 403, "forbidden") { Who = "physician H1-A" },
        new("no token", "POST", "cases", Report().ToJsonString(), 401, "tokenMissing") { Who = "nobody" },
        new("no token and no JSON either", "POST", "cases", "{", 401, "tokenMissing") { Who = "nobody" },
    ];

    private static IEnumerable<BadRequest> Procedures()
    {
        const string sound = """{ "institution": "H1", "caseNumber": "a1", "technique": "neurovascular", "procedureCodes": ["NV-ANEURYSM-COIL"], "intent": "therapeutic", "completedAt": "2026-03-02T14:20:00+08:00", "operator": "H1-A" }""";
        BadRequest Announced(string name, Action<JsonObject> change, params string[] expected)
        {
            var body = JsonNode.Parse(sound)!.AsObject();
            change(body);
            return new(name, "POST", "procedures", body.ToJsonString(), 400, expected) { Who = "hospital H1" };
        }

        return
        [
            Announced("an announcement of nothing", b => b.Clear(), "missing /institution", "missing /caseNumber", "missing /technique", "missing /completedAt", "missing /intent"),
            Announced("announced before it is done", b => b["completedAt"] = "2026-03-11T00:00:00+08:00", "futureDay /completedAt"),
            Announced("announced of a technique there is not", b => b["technique"] = "cardiac", "unknownTechnique /technique"),
            Announced("announced by codes of another catalogue", b => b["procedureCodes"] = new JsonArray("NV-ANEURYSM-COIL", "CI-L3-05"), "unknownProcedureCode /procedureCodes/1"),
            Announced("a comprehensive procedure announced without codes", b => { b["technique"] = "comprehensive"; b.Remove("procedureCodes"); }, "missing /procedureCodes"),
            Announced("an announcement with a patient", b => b["patient"] = new JsonObject { ["pseudonym"] = "p" }, "unknownProperty /patient"),
            Announced("an announcement with a misspelt property", b => b["operater"] = "H1-A", "unknownProperty /operater") with { Suggests = "operator" },
            Announced("an announcement under a telephone number", b => b["caseNumber"] = Mobile, "personalData /caseNumber") with { Secret = Mobile },
            Announced("announced of an institution there is not", b => b["institution"] = "H99", "unknownInstitution /institution") with { Who = "national" },
            Announced("announced of a case that was reported, by another hospital", b => b["caseNumber"] = "c1", "forbidden") with { Who = "hospital H2", Status = 403 },
            new("a withdrawal of what was never announced", "POST", $"procedures/{NoSuchId}/withdraw", "{\"reason\":\"r\"}", 404, "notFound"),
            new("a withdrawal of a case", "POST", "procedures/{case}/withdraw", "{\"reason\":\"r\"}", 404, "notFound"),
            new("a withdrawal of no UUID", "POST", "procedures/1/withdraw", "{\"reason\":\"r\"}", 404, "notFound"),
        ];
    }

    private static IEnumerable<BadRequest> Obligations()
    {
        BadRequest Asked(string name, string query, int status, params string[] expected) => new(name, "GET", $"institutions/H1/obligations{query}", null, status, expected) { Who = "hospital H1" };
        BadRequest Feed(string name, string body, params string[] expected) => new(name, "POST", "institutions/H1/calendar-feeds", body, 400, expected) { Who = "hospital H1" };
        return
        [
            Asked("obligations of a kind there is not", "?kind=visit", 400, "unknownValue query:kind"),
            Asked("obligations due some time", "?due=some", 400, "unknownValue query:due"),
            Asked("obligations of a technique there is not", "?technique=cardiac", 400, "unknownTechnique query:technique"),
            Asked("obligations as of tomorrow", "?asOf=2026-03-11", 400, "futureDay query:asOf"),
            Asked("obligations behind a cursor of another list", $"?cursor={Service.Http.Page.Cursor("a", "b", "c", "d")}", 400, "invalidCursor query:cursor"),
            Asked("obligations by a misspelt filter", "?tecnique=neurovascular", 400, "unknownParameter query:tecnique") with { Suggests = "technique" },
            new("obligations of another hospital", "GET", "institutions/H1/obligations", null, 403, "forbidden") { Who = "hospital H2" },
            new("obligations of an institution there is not", "GET", "institutions/H99/obligations", null, 404, "noSuchInstitution"),
            new("obligations of another physician", "GET", "physicians/H1-B/obligations", null, 403, "forbidden") { Who = "physician H1-A" },
            Feed("a calendar feed in no language", "{}", "missing /language"),
            Feed("a calendar feed in a language there is not", "{\"language\":\"fr\"}", "unknownValue /language"),
            Feed("a calendar feed of a hospital that is not registered", "{\"language\":\"en\"}", "noSuchInstitution") with { Path = "institutions/H99/calendar-feeds", Who = "hospital H99", Status = 404 },
            new("a calendar feed there is not revoked", "DELETE", $"institutions/H1/calendar-feeds/{NoSuchId}", null, 404, "notFound") { Who = "hospital H1" },
            new("a calendar behind an address there is not", "GET", "feeds/deadlines/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.ics", null, 404, "notFound") { Who = "nobody" },
        ];
    }

    private static IEnumerable<BadRequest> Headers()
    {
        BadRequest Header(string name, string header, string value, int status, string expected) =>
            new(name, "POST", "cases/{case}/complications", "{\"code\":\"vasospasm\",\"occurredOn\":\"2026-03-03\",\"relation\":\"related\"}", status, expected) { Who = "hospital H1", Headers = [(header, value)] };
        return
        [
            Header("an empty Idempotency-Key", "Idempotency-Key", "", 400, "invalidIdempotencyKey header:Idempotency-Key"),
            Header("an Idempotency-Key of 129 characters", "Idempotency-Key", new string('k', 129), 400, "invalidIdempotencyKey header:Idempotency-Key"),
            Header("If-Match without quotes", "If-Match", "1", 400, "invalidIfMatch header:If-Match"),
            Header("If-Match of another version", "If-Match", "\"77\"", 412, "versionMoved"),
            Header("If-Match of a tag that is weak", "If-Match", "W/\"1\"", 412, "versionMoved"),
        ];
    }

    private static string Correction(Action<JsonObject>? change = null, Action<JsonObject>? whole = null)
    {
        var report = Report();
        report["caseNumber"] = "c1";
        report.Remove("outcome");
        change?.Invoke(report);
        var body = new JsonObject { ["reason"] = "wrong age", ["report"] = report };
        whole?.Invoke(body);
        return body.ToJsonString();
    }

    private static IEnumerable<BadRequest> Changes()
    {
        BadRequest Case(string name, string path, string body, int status, params string[] expected) => new(name, "POST", $"cases/{{case}}/{path}", body, status, expected) { Who = "hospital H1" };
        const string reason = "{\"reason\":\"entered in error\"}";
        return
        [
            Case("a correction with an outcome", "corrections", Correction(r => r["outcome"] = new JsonObject()), 400, "outcomeNotHere /report/outcome"),
            Case("a correction to another case number", "corrections", Correction(r => r["caseNumber"] = "c2"), 400, "cannotChange /report/caseNumber"),
            Case("a correction to another institution", "corrections", Correction(r => r["institution"] = "H2"), 400, "cannotChange /report/institution"),
            Case("a correction without reason", "corrections", Correction(whole: b => b.Remove("reason")), 400, "missing /reason"),
            Case("a correction of 4,001 characters of reason", "corrections", Correction(whole: b => b["reason"] = new string('r', 4001)), 400, "tooLong /reason"),
            Case("a correction without report", "corrections", Correction(whole: b => b.Remove("report")), 400, "missing /report"),
            Case("a correction that is a report", "corrections", Report(r => r.Remove("outcome")), 400,
                ["missing /reason", "missing /report",
                .. new[] { "institution", "caseNumber", "technique", "procedureCodes", "icd9cm3", "intent", "completedAt", "operator", "trainee", "assistants", "decidedBy", "patient", "urgency", "succeeded", "consent", "admittedOn", "dischargedOn", "devices", "startedAt", "decidedOn", "decidedAt", "consentDetails" }
                    .Select(p => $"unknownProperty /{p}")]),
            Case("a correction with a bad report", "corrections", Correction(r => { r["intent"] = "x"; r["colour"] = "red"; }), 400, "unknownValue /report/intent", "unknownProperty /report/colour"),
            Case("a correction that starts after the end", "corrections", Correction(r => r["startedAt"] = "2026-03-02T15:00:00+08:00"), 400, "startedAfterCompleted /report/startedAt"),
            Case("a correction of the consent to tomorrow", "corrections", Correction(r => r["consentDetails"]!["signedAt"] = "2026-03-11T09:00:00+08:00"), 400, "futureDay /report/consentDetails/signedAt"),
            Case("a correction to tomorrow", "corrections", Correction(r => r["completedAt"] = "2026-03-11T09:00:00+08:00"), 400, "futureDay /report/completedAt"),
            Case("voided without reason", "void", "{}", 400, "missing /reason"),
            Case("voided with an empty reason", "void", "{\"reason\":\"\"}", 400, "empty /reason"),
            Case("voided without body", "void", "", 400, "emptyBody (body)"),
            Case("a complication withdrawn that is not there", $"complications/{NoSuchId}/withdraw", reason, 404, "noSuchOutcome"),
            Case("a complication withdrawn by a name that is no id", "complications/ischaemicStroke/withdraw", reason, 404, "notFound"),
            Case("a death withdrawn as a complication", "complications/death/withdraw", reason, 404, "notFound"),
            Case("a relation of what is no outcome", "relation", "{\"of\":\"deth\",\"relation\":\"related\",\"reason\":\"r\"}", 400, "notAnOutcome /of"),
            Case("a relation of an outcome that is not there", "relation", $"{{\"of\":\"{NoSuchId}\",\"relation\":\"related\",\"reason\":\"r\"}}", 404, "noSuchOutcome"),
            Case("a relation that is not said", "relation", "{\"of\":\"death\",\"reason\":\"r\"}", 400, "missing /relation"),
            Case("a request decided by the hospital", $"requests/{NoSuchId}/decide", "{\"agree\":true,\"reason\":\"r\"}", 403, "forbidden"),
            Case("a request decided that is not there", $"requests/{NoSuchId}/decide", "{\"agree\":true,\"reason\":\"r\"}", 404, "noSuchRequest") with { Who = "regulator 11" },
            Case("a request decided by text", $"requests/{NoSuchId}/decide", "{\"agree\":\"yes\",\"reason\":\"r\"}", 400, "wrongType /agree") with { Who = "regulator 11" },
            Case("a request decided without saying how", $"requests/{NoSuchId}/decide", "{\"reason\":\"r\"}", 400, "missing /agree") with { Who = "regulator 11" },
            Case("an adjudication of nothing", "adjudications", "{\"relation\":\"unrelated\",\"reason\":\"r\"}", 400, "missing /of") with { Who = "regulator 11" },
            Case("an adjudication of what is not there", "adjudications", $"{{\"of\":\"{NoSuchId}\",\"relation\":\"unrelated\",\"reason\":\"r\"}}", 404, "noSuchOutcome") with { Who = "regulator 11" },
            Case("an adjudication by the hospital", "adjudications", "{\"of\":\"death\",\"relation\":\"unrelated\",\"reason\":\"r\"}", 403, "forbidden"),
            new("a change of another hospital's case", "POST", "cases/{foreignCase}/void", reason, 404, "notFound") { Who = "hospital H1" },
            new("a change of a case that is not there", "POST", $"cases/{NoSuchId}/void", reason, 404, "notFound"),
            new("a change of a case by its number", "POST", "cases/2026-000123/void", reason, 404, "notFound"),
        ];
    }

    private static IEnumerable<BadRequest> Outcomes()
    {
        BadRequest Case(string name, string path, string body, int status, params string[] expected) => new(name, "POST", $"cases/{{case}}/{path}", body, status, expected) { Who = "hospital H1" };
        return
        [
            Case("a complication with an unknown code", "complications", "{\"code\":\"hiccups\",\"occurredOn\":\"2026-03-03\",\"relation\":\"related\"}", 400, "unknownComplicationCode /code"),
            Case("a complication without anything", "complications", "{}", 400, "missing /code", "missing /occurredOn", "missing /relation"),
            Case("a complication before the procedure by two days", "complications", "{\"code\":\"vasospasm\",\"occurredOn\":\"2026-02-28\",\"relation\":\"related\"}", 400, "beforeProcedure /occurredOn"),
            Case("a complication with a relation there is not", "complications", "{\"code\":\"vasospasm\",\"occurredOn\":\"2026-03-03\",\"relation\":\"Related\"}", 400, "unknownValue /relation"),
            Case("a death tomorrow", "death", "{\"occurredOn\":\"2026-03-11\",\"relation\":\"related\"}", 400, "futureDay /occurredOn"),
            Case("a death on 31 April", "death", "{\"occurredOn\":\"2026-04-31\",\"relation\":\"related\"}", 400, "invalidDay /occurredOn"),
            Case("a second death", "death", "{\"occurredOn\":\"2026-03-07\",\"relation\":\"related\"}", 409, "deathAlreadyReported"),
            Case("an incident of grade 5", "incidents", "{\"grade\":5,\"determinedOn\":\"2026-03-07\",\"relation\":\"related\"}", 400, "outOfRange /grade"),
            Case("an incident of grade 0", "incidents", "{\"grade\":0,\"determinedOn\":\"2026-03-07\",\"relation\":\"related\"}", 400, "outOfRange /grade"),
            Case("an incident of grade 一", "incidents", "{\"grade\":\"一\",\"determinedOn\":\"2026-03-07\",\"relation\":\"related\"}", 400, "wrongType /grade"),
            Case("an incident of grade 2.0", "incidents", "{\"grade\":2.0,\"determinedOn\":\"2026-03-07\",\"relation\":\"related\"}", 400, "wrongType /grade"),
            Case("an incident determined tomorrow", "incidents", "{\"grade\":2,\"determinedOn\":\"2026-03-11\",\"relation\":\"related\"}", 400, "futureDay /determinedOn"),
        ];
    }

    private static IEnumerable<BadRequest> OwedOutcomes()
    {
        BadRequest Case(string name, string path, string body, int status, params string[] expected) => new(name, "POST", $"cases/{{case}}/{path}", body, status, expected) { Who = "hospital H1" };
        return
        [
            // The case was completed on 2 March; the patient had a stroke and died on 5 March.
            Case("a statement of nothing", "outcome-statement", "{}", 400, "missing /aliveOnDay30", "missing /complications"),
            Case("a statement in a word there is not", "outcome-statement", "{\"aliveOnDay30\":false,\"complications\":\"some\"}", 400, "unknownValue /complications"),
            Case("alive on day 30, having died", "outcome-statement", "{\"aliveOnDay30\":true,\"complications\":\"reported\"}", 400, "diedByThen /aliveOnDay30"),
            Case("no complications where one stands", "outcome-statement", "{\"aliveOnDay30\":false,\"complications\":\"none\"}", 400, "complicationsStand /complications"),
            Case("a follow-up of nothing", "follow-ups", "{}", 400, "missing /on", "missing /status"),
            Case("a follow-up tomorrow", "follow-ups", "{\"on\":\"2026-03-11\",\"status\":\"lost\"}", 400, "futureDay /on"),
            Case("a follow-up before the procedure", "follow-ups", "{\"on\":\"2026-02-28\",\"status\":\"lost\"}", 400, "beforeProcedure /on"),
            Case("a follow-up of an interval there is not", "follow-ups", "{\"on\":\"2026-03-09\",\"status\":\"dead\",\"interval\":60}", 400, "unknownValue /interval"),
            Case("a follow-up before its interval", "follow-ups", "{\"on\":\"2026-03-09\",\"status\":\"dead\",\"interval\":30}", 400, "beforeInterval /on"),
            Case("found alive after the death", "follow-ups", "{\"on\":\"2026-03-06\",\"status\":\"alive\"}", 400, "afterDeath /status"),
            Bad("stated while day 30 lies ahead", r => r["outcome"]!.AsObject().Remove("death"), "outcomeStillOpen /outcome/aliveOnDay30"),
            Bad("stated alive, having died", r => r["outcome"]!["aliveOnDay30"] = true, "diedByThen /outcome/aliveOnDay30"),
            Bad("stated dead, having died later", r => { r["completedAt"] = "2026-01-05T10:00:00+08:00"; r["outcome"]!["complications"] = new JsonArray(); r.Remove("admittedOn"); r.Remove("startedAt"); r.Remove("dischargedOn"); }, "deathNotReported /outcome/aliveOnDay30"),
            new("adjudications in a state there is not", "GET", "adjudications?state=open", null, 400, "unknownValue query:state"),
            new("adjudications with a cursor of another list", "GET", "adjudications?cursor=WyJhIl0", null, 400, "invalidCursor query:cursor"),
            new("adjudications of an unknown technique", "GET", "adjudications?technique=cardiac", null, 400, "unknownTechnique query:technique"),
            new("agreement about nothing", "GET", "adjudications/agreement", null, 400, "missing query:technique", "missing query:from", "missing query:to"),
            new("agreement that ends before it begins", "GET", "adjudications/agreement?technique=neurovascular&from=2026-03-02&to=2026-03-01", null, 400, "endsBeforeItBegins query:to"),
        ];
    }

    private static IEnumerable<BadRequest> OutcomeNotices()
    {
        BadRequest Notice(string name, Action<JsonObject> change, params string[] expected)
        {
            var body = OutcomeTests.Notice("H2", new(2026, 3, 9), caseNumber: "c1");
            change(body);
            return new(name, "POST", "outcome-notices", body.ToJsonString(), 400, expected) { Who = "hospital H1" };
        }

        BadRequest Act(string name, string act, string who, string body, int status, params string[] expected) => new(name, "POST", $"outcome-notices/{NoSuchId}/{act}", body, status, expected) { Who = who };
        return
        [
            new("a notice of nothing", "POST", "outcome-notices", "{}", 400, "missing /institution", "missing /technique", "missing /what", "missing /occurredOn", "oneOfTwo /caseNumber", "missing /evidence") { Who = "hospital H1" },
            Notice("a notice of a case of one's own", n => n["institution"] = "H1", "ownInstitution /institution"),
            Notice("a notice to an institution nobody knows", n => n["institution"] = "H99", "unknownInstitution /institution"),
            Notice("a notice of a technique there is not", n => n["technique"] = "cardiac", "unknownTechnique /technique"),
            Notice("a notice of an unknown complication", n => n["what"] = "hiccups", "unknownComplicationCode /what"),
            Notice("a notice of tomorrow", n => n["occurredOn"] = "2026-03-11", "futureDay /occurredOn"),
            Notice("a notice of an outcome before the procedure", n => n["procedureOn"] = "2026-03-11", "beforeProcedure /occurredOn"),
            Notice("a notice that names patient and case", n => n["patientPseudonym"] = "p", "oneOfTwo /caseNumber"),
            Notice("a notice with a document of tomorrow", n => n["evidence"]!["date"] = "2026-03-11", "futureDay /evidence/date"),
            Notice("a notice with half a hash", n => n["evidence"]!["hash"] = "abc", "invalidHash /evidence/hash"),
            Notice("a notice that names an identity card", n => { n.Remove("caseNumber"); n["patientPseudonym"] = IdentityCard; }, "personalData /patientPseudonym") with { Secret = IdentityCard },
            Act("an answer to no notice", "answer", "hospital H1", "{}", 404, "notFound"),
            Act("a decision on no notice", "decide", "regulator 11", "{}", 404, "notFound"),
            new("a notice by what is no id", "GET", "outcome-notices/1", null, 400, "invalidUuid path:id"),
            new("notices in a state there is not", "GET", "outcome-notices?state=pending", null, 400, "unknownValue query:state"),
            new("another hospital's outcome notices", "GET", "outcome-notices?institution=H2", null, 403, "forbidden") { Who = "hospital H1" },
        ];
    }

    private static string Physician(Action<JsonObject> change)
    {
        var physician = JsonNode.Parse(
            """
            { "name": "Doctor X", "titles": [ { "title": "attending", "from": "2015-01-01" }, { "title": "chief", "from": "2020-01-01" } ], "licenceScope": "surgery", "specialty": "neurosurgery",
              "registrations": [ { "institution": "H1", "from": "2015-01-01", "to": "2019-12-31", "main": true }, { "institution": "H2", "from": "2020-01-01", "main": true } ] }
            """)!.AsObject();
        change(physician);
        return physician.ToJsonString();
    }

    private static IEnumerable<BadRequest> Registry()
    {
        BadRequest Place(string name, string body, params string[] expected) => new(name, "PUT", "institutions/H50", body, 400, expected);
        BadRequest Person(string name, Action<JsonObject> change, params string[] expected) => new(name, "PUT", "physicians/P50", Physician(change), 400, expected);
        BadRequest Leave(string name, string body, int status, params string[] expected) => new(name, "POST", "physicians/H1-A/leaves", body, status, expected) { Who = "hospital H1" };
        return
        [
            Place("an institution without anything", "{}", "missing /name", "missing /province", "missing /level"),
            Place("a province there is not", "{\"name\":\"N\",\"province\":\"99\",\"level\":\"tertiaryA\"}", "invalidProvince /province"),
            Place("a province by name", "{\"name\":\"N\",\"province\":\"Beijing\",\"level\":\"tertiaryA\"}", "invalidProvince /province"),
            Place("a province as a number", "{\"name\":\"N\",\"province\":11,\"level\":\"tertiaryA\"}", "wrongType /province"),
            Place("a level there is not", "{\"name\":\"N\",\"province\":\"11\",\"level\":\"quaternary\"}", "unknownValue /level"),
            Place("facts as a list", "{\"name\":\"N\",\"province\":\"11\",\"level\":\"tertiaryA\",\"facts\":[1]}", "wrongType /facts"),
            Place("a fact no database keeps", "{\"name\":\"N\",\"province\":\"11\",\"level\":\"tertiaryA\",\"facts\":{\"beds\":1e400000}}", "outOfRange /facts/beds"),
            Place("a fact with NUL", "{\"name\":\"N\",\"province\":\"11\",\"level\":\"tertiaryA\",\"facts\":{\"note\":[\"a\\u0000b\"]}}", "invalidText /facts/note/0"),
            Place("a fact twice", "{\"name\":\"N\",\"province\":\"11\",\"level\":\"tertiaryA\",\"facts\":{\"beds\":1,\"beds\":2}}", "duplicateProperty /facts/beds"),
            new("an institution with a blank in its id", "PUT", "institutions/H%2050", "{\"name\":\"N\",\"province\":\"11\",\"level\":\"tertiaryA\"}", 400, "invalidId path:id"),
            new("an institution entered in another province", "PUT", "institutions/H50", "{\"name\":\"N\",\"province\":\"31\",\"level\":\"tertiaryA\"}", 403, "forbidden") { Who = "regulator 11" },
            new("an institution moved to another province by its regulator", "PUT", "institutions/H1", "{\"name\":\"N\",\"province\":\"31\",\"level\":\"tertiaryA\"}", 403, "forbidden") { Who = "regulator 11" },
            new("coverage from tomorrow", "PUT", "institutions/H1/coverage/neurovascular", "{\"from\":\"2026-03-11\"}", 400, "futureDay /from"),
            new("coverage of an unknown technique", "PUT", "institutions/H1/coverage/cardiac", "{\"from\":\"2026-03-01\"}", 400, "unknownTechnique path:technique"),
            new("coverage of an unknown institution", "PUT", "institutions/H99/coverage/neurovascular", "{\"from\":\"2026-03-01\"}", 404, "noSuchInstitution"),

            Person("two main registrations", p => p["registrations"]![0]!.AsObject().Remove("to"), "notOneMainRegistration /registrations"),
            Person("no main registration", p => p["registrations"]![1]!["main"] = false, "notOneMainRegistration /registrations"),
            Person("a registration that does not say whether it is the main one", p => p["registrations"]![1]!.AsObject().Remove("main"), "missing /registrations/1/main"),
            Person("a registration that ends before it begins", p => p["registrations"]![0]!["to"] = "2014-12-31", "endsBeforeItBegins /registrations/0/to"),
            Person("a place registered twice", p => { p["registrations"]![0]!["institution"] = "H2"; p["registrations"]![0]!["to"] = "2020-01-01"; p["registrations"]![0]!["main"] = true; p["registrations"]![1]!["main"] = false; }, "registeredTwice /registrations"),
            Person("registered at an institution there is not", p => p["registrations"]![1]!["institution"] = "H99", "unknownInstitution /registrations/1/institution"),
            Person("two titles from one day", p => p["titles"]![1]!["from"] = "2015-01-01", "twoTitlesFromOneDay /titles/1/from"),
            Person("a title there is not", p => p["titles"]![0]!["title"] = "professor", "unknownValue /titles/0/title"),
            Person("titles missing", p => p.Remove("titles"), "missing /titles"),
            Person("a misspelt member of a registration", p => { p["registrations"]![0]!["until"] = "2019-12-31"; }, "unknownProperty /registrations/0/until"),

            Leave("a leave that ends before it begins", "{\"from\":\"2026-04-02\",\"to\":\"2026-04-01\",\"reason\":\"illness\"}", 400, "endsBeforeItBegins /to"),
            Leave("a leave without end", "{\"from\":\"2026-04-02\",\"reason\":\"illness\"}", 400, "missing /to"),
            Leave("a leave on 31 June", "{\"from\":\"2026-06-31\",\"to\":\"2026-07-01\",\"reason\":\"illness\"}", 400, "invalidDay /from"),
            Leave("a leave of another hospital's physician", "{\"from\":\"2026-04-01\",\"to\":\"2026-04-02\",\"reason\":\"illness\"}", 403, "forbidden") with { Who = "hospital H2" },
            Leave("a leave of a physician there is not", "{\"from\":\"2026-04-01\",\"to\":\"2026-04-02\",\"reason\":\"illness\"}", 404, "noSuchPhysician") with { Path = "physicians/P99/leaves", Who = "regulator 11" },
            new("a leave confirmed that is not there", "POST", $"physicians/H1-A/leaves/{NoSuchId}/confirm", "{}", 404, "noSuchLeave") { Who = "regulator 11" },
            new("a leave confirmed by what is no id", "POST", "physicians/H1-A/leaves/first/confirm", "{}", 400, "invalidUuid path:leaveId") { Who = "regulator 11" },
        ];
    }

    private static IEnumerable<BadRequest> Calendars()
    {
        BadRequest Year(string name, string body, params string[] expected) => new(name, "PUT", "calendars/2027", body, 400, expected);
        return
        [
            Year("a make-up day on a Tuesday", "{\"notice\":\"n\",\"rest\":[],\"makeUp\":[\"2027-01-05\"]}", "makeUpNotWeekend /makeUp/0"),
            Year("a rest day of another year", "{\"notice\":\"n\",\"rest\":[\"2027-01-01\",\"2028-01-01\"],\"makeUp\":[]}", "dayOutsideYear /rest/1"),
            Year("a rest day before the last week of the year before", "{\"notice\":\"n\",\"rest\":[\"2026-12-24\"],\"makeUp\":[]}", "dayOutsideYear /rest/0"),
            Year("a rest day twice", "{\"notice\":\"n\",\"rest\":[\"2027-01-01\",\"2027-01-01\"],\"makeUp\":[]}", "dayRepeated /rest/1"),
            Year("a day both rested and worked", "{\"notice\":\"n\",\"rest\":[\"2027-01-02\"],\"makeUp\":[\"2027-01-02\"]}", "restAndMakeUp /rest/0"),
            Year("29 February of a year without", "{\"notice\":\"n\",\"rest\":[\"2027-02-29\"],\"makeUp\":[]}", "invalidDay /rest/0"),
            Year("no lists", "{\"notice\":\"n\"}", "missing /rest", "missing /makeUp"),
            Year("no notice", "{\"rest\":[],\"makeUp\":[]}", "missing /notice"),
            new("a calendar published by a province", "PUT", "calendars/2027", "{\"notice\":\"n\",\"rest\":[],\"makeUp\":[]}", 403, "forbidden") { Who = "regulator 11" },
            new("a year that is no number", "PUT", "calendars/next", "{\"notice\":\"n\",\"rest\":[],\"makeUp\":[]}", 400, "wrongType path:year"),
            new("a year out of range", "GET", "calendars/1800", null, 400, "outOfRange path:year"),
            new("a year not published", "GET", "calendars/2199", null, 404, "notFound"),
        ];
    }

    private static IEnumerable<BadRequest> Enforcement()
    {
        BadRequest Set(string name, string body, int status, params string[] expected) => new(name, "PUT", "enforcement/neurovascular/11", body, status, expected) { Who = "regulator 11" };
        return
        [
            Set("enforcement from yesterday", "{\"mode\":\"enforce\",\"from\":\"2026-03-09\"}", 400, "fromInThePast /from"),
            Set("a mode there is not", "{\"mode\":\"punish\",\"from\":\"2026-03-10\"}", 400, "unknownValue /mode"),
            Set("a revocation there is not", "{\"mode\":\"enforce\",\"from\":\"2026-03-10\",\"revocation\":\"never\"}", 400, "unknownValue /revocation"),
            Set("a negative hold", "{\"mode\":\"enforce\",\"from\":\"2026-03-10\",\"holdAbove\":-1}", 400, "outOfRange /holdAbove"),
            Set("a hold in percent", "{\"mode\":\"enforce\",\"from\":\"2026-03-10\",\"holdAbove\":\"2 %\"}", 400, "wrongType /holdAbove"),
            Set("the mode missing", "{\"from\":\"2026-03-10\"}", 400, "missing /mode"),
            Set("enforcement in another province", "{\"mode\":\"enforce\",\"from\":\"2026-03-10\"}", 403, "forbidden") with { Path = "enforcement/neurovascular/31" },
            Set("enforcement of a technique there is not", "{\"mode\":\"enforce\",\"from\":\"2026-03-10\"}", 400, "unknownTechnique path:technique") with { Path = "enforcement/cardiac/11" },
            Set("enforcement in a province there is not", "{\"mode\":\"enforce\",\"from\":\"2026-03-10\"}", 400, "invalidProvince path:province") with { Path = "enforcement/neurovascular/99", Who = "national" },
        ];
    }

    private static IEnumerable<BadRequest> Webhooks()
    {
        BadRequest Set(string name, string body, params string[] expected) => new(name, "POST", "webhooks", body, 400, expected) { Who = "hospital H1" };
        const string secret = "0123456789abcdef0123456789abcde";
        return
        [
            Set("a webhook without url", "{}", "missing /url"),
            Set("a webhook with a misspelt property", "{\"url\":\"https://h.example/\",\"secrt\":\"x\"}", "unknownProperty /secrt") with { Suggests = "secret" },
            Set("a webhook to a path", "{\"url\":\"/hook\"}", "invalidUrl /url"),
            Set("a webhook to a file", "{\"url\":\"file:///etc/passwd\"}", "invalidUrl /url"),
            Set("a webhook with user information", "{\"url\":\"https://u:wordOfMouth@h.example/\"}", "invalidUrl /url") with { Secret = "wordOfMouth" },
            Set("a webhook with a fragment", "{\"url\":\"https://h.example/#a\"}", "invalidUrl /url"),
            Set("a webhook longer than any", $"{{\"url\":\"https://h.example/{new string('a', 1000)}\"}}", "tooLong /url"),
            Set("a webhook with a short secret", $"{{\"url\":\"https://h.example/\",\"secret\":\"{secret}\"}}", "invalidSecret /secret") with { Secret = secret },
            Set("a webhook with a secret that is no base64", "{\"url\":\"https://h.example/\",\"secret\":\"whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!\"}", "invalidSecret /secret"),
            Set("a webhook of a technique there is not", "{\"url\":\"https://h.example/\",\"technique\":\"cardiac\"}", "unknownTechnique /technique"),
            new("a webhook that is no UUID", "GET", "webhooks/1", null, 400, "invalidUuid path:id") { Who = "hospital H1" },
            new("a webhook there is not", "GET", $"webhooks/{NoSuchId}", null, 404, "notFound") { Who = "hospital H1" },
            new("deliveries of a webhook there is not", "GET", $"webhooks/{NoSuchId}/deliveries", null, 404, "notFound") { Who = "hospital H1" },
            new("a delivery repeated of a webhook there is not", "POST", $"webhooks/{NoSuchId}/deliveries/1-0/repeat", null, 404, "notFound") { Who = "hospital H1" },
            new("webhooks from a cursor that is none", "GET", $"webhooks?cursor={Service.Http.Page.Cursor("H1")}", null, 400, "invalidCursor query:cursor") { Who = "hospital H1" },
        ];
    }

    private static IEnumerable<BadRequest> Qualifications()
    {
        BadRequest Act(string name, string path, string body, int status, params string[] expected) => new(name, "POST", $"qualifications/{path}", body, status, expected) { Who = "regulator 11" };
        return
        [
            Act("a grant from today", "institution/H2/comprehensive/grant", "{\"reference\":\"r\",\"effectiveOn\":\"2026-03-10\"}", 400, "effectiveTooEarly /effectiveOn"),
            Act("a grant without reference", "institution/H2/comprehensive/grant", "{}", 400, "missing /reference"),
            Act("a grant to nobody", "institution/H99/comprehensive/grant", "{\"reference\":\"r\"}", 404, "notFound"),
            Act("a grant of an unknown technique", "institution/H2/cardiac/grant", "{\"reference\":\"r\"}", 400, "unknownTechnique path:technique"),
            Act("a grant to a kind there is not", "nurse/H2/comprehensive/grant", "{\"reference\":\"r\"}", 400, "unknownValue path:kind"),
            Act("a grant in another province", "institution/H3/comprehensive/grant", "{\"reference\":\"r\"}", 403, "forbidden"),
            Act("a suspension without reason", "institution/H1/neurovascular/suspend", "{}", 400, "missing /reason"),
            Act("a suspension lifted that is not there", "institution/H1/neurovascular/lift", "{\"reason\":\"r\"}", 409, "notSuspended"),
            Act("a review decided without saying how", "institution/H1/neurovascular/review", "{\"reason\":\"r\"}", 400, "missing /uphold"),
            Act("a review decided the other way", "institution/H1/neurovascular/review", "{\"reason\":\"r\",\"uphold\":false}", 400, "unknownValue /uphold"),
            Act("an unknown kind of act", "institution/H1/neurovascular/pardon", "{\"reason\":\"r\"}", 404, "notFound"),
            new("a proposal decided that is not there", "POST", $"proposals/{NoSuchId}/decide", "{\"agree\":true,\"reason\":\"r\"}", 404, "noSuchProposal") { Who = "regulator 11" },
            new("a proposal decided by what is no id", "POST", "proposals/first/decide", "{\"agree\":true,\"reason\":\"r\"}", 400, "invalidUuid path:id") { Who = "regulator 11" },
            new("a qualification there is not", "GET", "qualifications/institution/H1/comprehensive", null, 404, "noSuchQualification"),
        ];
    }

    private static IEnumerable<BadRequest> DeviceRegistrations()
    {
        BadRequest Entry(string name, Action<JsonObject> change, params string[] expected)
        {
            var body = JsonNode.Parse("""{ "number": "国械注准20193130001", "name": "Coil", "maker": "M", "singleUse": true, "deviceIdentifiers": ["06901234567892"], "validFrom": "2019-05-01", "validTo": "2029-04-30" }""")!.AsObject();
            change(body);
            return new(name, "POST", "device-registrations", body.ToJsonString(), 400, expected);
        }

        BadRequest Act(string name, string act, string body, int status, params string[] expected) => new(name, "POST", $"device-registrations/{NoSuchId}/{act}", body, status, expected);
        return
        [
            new("a registration of nothing", "POST", "device-registrations", "{}", 400, "missing /number", "missing /name", "missing /maker", "missing /validFrom", "missing /validTo"),
            Entry("a registration of a device that ends before it begins", e => e["validTo"] = "2019-04-30", "endsBeforeItBegins /validTo"),
            Entry("a product whose check digit is wrong", e => e["deviceIdentifiers"] = new JsonArray("06901234567892", "06901234567893"), "notAGtin /deviceIdentifiers/1"),
            Entry("a product as a number", e => e["deviceIdentifiers"] = new JsonArray(6901234567892), "wrongType /deviceIdentifiers/0"),
            Entry("1,001 products", e => e["deviceIdentifiers"] = new JsonArray([.. Enumerable.Repeat(0, 1_001).Select(_ => (JsonNode)"06901234567892")]), "tooMany /deviceIdentifiers"),
            Entry("single use in words", e => e["singleUse"] = "yes", "wrongType /singleUse"),
            Entry("a registration with a misspelt end", e => { e.Remove("validTo"); e["validUntil"] = "2029-04-30"; }, "missing /validTo", "unknownProperty /validUntil"),
            Entry("an identity card as the number of a registration", e => e["number"] = IdentityCard, "personalData /number") with { Secret = IdentityCard },
            Entry("a telephone as the maker", e => e["maker"] = Mobile, "personalData /maker") with { Secret = Mobile },
            Entry("a registration by a hospital", _ => { }, "forbidden") with { Who = "hospital H1", Status = 403 },
            Act("a renewal of what is not there", "renew", """{ "validFrom": "2029-05-01", "validTo": "2034-04-30" }""", 404, "noSuchDeviceRegistration"),
            Act("a cancellation of what is not there", "cancel", """{ "cancelledOn": "2026-03-01", "reason": "r" }""", 404, "noSuchDeviceRegistration"),
            Act("a cancellation without anything", "cancel", "{}", 400, "missing /cancelledOn", "missing /reason"),
            Act("a cancellation taken back that is not there", "withdraw-cancellation", """{ "reason": "r" }""", 404, "noSuchDeviceRegistration"),
            new("a renewal by number", "POST", "device-registrations/N1/renew", """{ "validFrom": "2029-05-01", "validTo": "2034-04-30" }""", 400, "invalidUuid path:id"),
            new("a registration there is not", "GET", $"device-registrations/{NoSuchId}", null, 404, "noSuchDeviceRegistration"),
            new("registrations of what is no GTIN", "GET", "device-registrations?product=123", null, 400, "notAGtin query:product"),
            new("registrations by maker", "GET", "device-registrations?maker=M", null, 400, "unknownParameter query:maker"),
        ];
    }

    private static IEnumerable<BadRequest> DeviceReceipts()
    {
        BadRequest Receipt(string name, Action<JsonObject> change, int status, params string[] expected)
        {
            var body = JsonNode.Parse("""{ "number": "R-1", "di": "06901234567892", "lot": "L2401", "serials": ["S1", "S2"], "quantity": 2, "registration": "国械注准20193130001", "supplier": "S", "receivedOn": "2026-03-09" }""")!.AsObject();
            change(body);
            return new(name, "POST", "institutions/H1/device-receipts", body.ToJsonString(), status, expected) { Who = "hospital H1" };
        }

        BadRequest Scanned(string name, string udi, string code) => Receipt(name, r => { r.Remove("di"); r["udi"] = udi; }, 400, $"{code} /udi");
        BadRequest Act(string name, string act, string body, int status, params string[] expected) =>
            new(name, "POST", $"institutions/H1/device-receipts/{NoSuchId}/{act}", body, status, expected) { Who = "hospital H1" };
        return
        [
            new("a receipt of nothing", "POST", "institutions/H1/device-receipts", "{}", 400, "missing /number", "missing /di", "missing /quantity", "missing /supplier", "missing /receivedOn") { Who = "hospital H1" },
            Receipt("a receipt of what is no GTIN", r => r["di"] = "06901234567893", 400, "notAGtin /di"),
            Receipt("a receipt of tomorrow", r => r["receivedOn"] = "2026-03-11", 400, "futureDay /receivedOn"),
            Receipt("a receipt of 0 pieces", r => { r.Remove("serials"); r["quantity"] = 0; }, 400, "outOfRange /quantity"),
            Receipt("a receipt of 100,001 pieces", r => { r.Remove("serials"); r["quantity"] = 100_001; }, 400, "outOfRange /quantity"),
            Receipt("a receipt of other pieces than serials", r => r["quantity"] = 3, 400, "quantityNotSerials /quantity"),
            Receipt("a receipt with a serial twice", r => r["serials"] = new JsonArray("S1", "S1"), 400, "duplicateItem /serials/1"),
            Receipt("a receipt with an empty serial", r => r["serials"] = new JsonArray("S1", ""), 400, "empty /serials/1"),
            Receipt("a receipt whose UDI is of another product", r => r["udi"] = "(01)09521234543213", 400, "contradictsUdi /di"),
            Receipt("a receipt whose UDI is of another lot", r => r["udi"] = "(01)06901234567892(10)L9", 400, "contradictsUdi /lot"),
            Receipt("a receipt whose UDI is of another piece", r => r["udi"] = "(01)06901234567892(21)S9", 400, "contradictsUdi /serials"),
            Scanned("a UDI of another agency in a ledger", "MA.156.M0.100105", "udiNoAi"),
            Scanned("a UDI without product", "(10)L2401", "udiNoProduct"),
            Scanned("a UDI with a wrong check digit", "(01)06901234567893", "udiCheckDigit"),
            Scanned("a UDI with an identifier there is not", "(01)06901234567892(77)1", "udiUnknownAi"),
            Scanned("a UDI that expires in the thirteenth month", "(01)06901234567892(17)261301", "udiDate"),
            Scanned("a UDI cut short", "(01)0690123456789", "udiValueShort"),
            Scanned("a UDI with letters in its GTIN", "(01)0690123456789x", "udiNotDigit"),
            Scanned("a UDI with a lot of 21 characters", "(01)06901234567892(10)123456789012345678901", "udiValueLong"),
            Scanned("a UDI with a lot in Chinese", "(01)06901234567892(10)批号", "udiCharacter"),
            Scanned("a UDI of two lots", "(01)06901234567892(10)L1(10)L2", "udiContradiction"),
            Scanned("a GTIN of 9 digits as UDI", "690123456", "udiGtinLength"),
            Scanned("a barcode that is none of GS1", "]E00690123456789", "udiCarrier"),
            Scanned("a blank UDI", " ", "empty"),
            Scanned("a UDI with a line break", "(01)06901234567892\n(10)L1", "invalidText"),
            Receipt("an identity card as supplier", r => r["supplier"] = IdentityCard, 400, "personalData /supplier") with { Secret = IdentityCard },
            Receipt("an identity card as a serial in a ledger", r => r["serials"] = new JsonArray("S1", IdentityCard), 400, "personalData /serials/1") with { Secret = IdentityCard },
            Receipt("a receipt in another hospital's ledger", _ => { }, 403, "forbidden") with { Who = "hospital H2" },
            Receipt("a receipt by the regulator", _ => { }, 403, "forbidden") with { Who = "regulator 11" },
            Receipt("a receipt of a hospital that is not registered", _ => { }, 404, "noSuchInstitution") with { Path = "institutions/H99/device-receipts", Who = "hospital H99" },
            Act("a correction of a receipt there is not", "corrections", """{ "reason": "r", "goods": { "di": "06901234567892", "quantity": 1, "supplier": "S", "receivedOn": "2026-03-09" } }""", 404, "noSuchReceipt"),
            Act("a correction of a receipt without goods", "corrections", """{ "reason": "r" }""", 400, "missing /goods"),
            Act("a correction of a receipt without product", "corrections", """{ "reason": "r", "goods": { "quantity": 1, "supplier": "S", "receivedOn": "2026-03-09" } }""", 400, "missing /goods/di"),
            Act("a receipt voided that is not there", "void", """{ "reason": "r" }""", 404, "noSuchReceipt"),
            Act("a receipt voided without reason", "void", "{}", 400, "missing /reason"),
            new("a ledger of an institution there is not", "GET", "institutions/H99/device-receipts", null, 404, "noSuchInstitution"),
            new("a ledger of another hospital", "GET", "institutions/H1/device-receipts", null, 403, "forbidden") { Who = "hospital H2" },
            new("a ledger behind a cursor of another list", "GET", $"institutions/H1/device-receipts?cursor={Service.Http.Page.Cursor("a", "b")}", null, 400, "invalidCursor query:cursor"),
            new("a ledger of what is no GTIN", "GET", "institutions/H1/device-receipts?product=coil", null, 400, "notAGtin query:product"),
            new("excesses by lot", "GET", "institutions/H1/device-receipts/excesses?lot=L1", null, 400, "unknownParameter query:lot"),
        ];
    }

    private static IEnumerable<BadRequest> VerifiedTotals()
    {
        BadRequest Total(string name, Action<JsonObject> change, int status, params string[] expected)
        {
            var body = JsonNode.Parse("""{ "technique": "neurovascular", "from": "2025-01-01", "to": "2025-12-31", "cases": 100, "therapeuticCases": 60, "source": "insurer", "reason": "r" }""")!.AsObject();
            change(body);
            return new(name, "POST", "institutions/H1/verified-totals", body.ToJsonString(), status, expected);
        }

        BadRequest Get(string name, string path, int status, params string[] expected) => new(name, "GET", path, null, status, expected);
        return
        [
            new("a total of nothing", "POST", "institutions/H1/verified-totals", "{}", 400, "missing /technique", "missing /from", "missing /to", "missing /cases", "missing /source"),
            Total("a total of a technique there is not", t => t["technique"] = "cardiac", 400, "unknownTechnique /technique"),
            Total("a total of a period that ends today", t => t["to"] = "2026-03-10", 400, "periodNotOver /to"),
            Total("a total of a period to come", t => (t["from"], t["to"]) = ("2026-04-01", "2026-04-30"), 400, "periodNotOver /to"),
            Total("a total that ends before it begins", t => t["to"] = "2024-12-31", 400, "endsBeforeItBegins /to"),
            Total("a total from before there were catheters", t => t["from"] = "1989-12-31", 400, "outOfRange /from"),
            Total("a total from 30 February", t => t["from"] = "2025-02-30", 400, "invalidDay /from"),
            Total("a total of minus one", t => t["cases"] = -1, 400, "outOfRange /cases"),
            Total("a total of a thousand and one a day", t => (t["to"], t["cases"]) = ("2025-01-01", 1_001), 400, "outOfRange /cases"),
            Total("a total beyond integers", t => t["cases"] = 4_294_967_357, 400, "outOfRange /cases"),
            Total("a total as text", t => t["cases"] = "100", 400, "wrongType /cases"),
            Total("a total of a half", t => t["cases"] = 99.5, 400, "wrongType /cases"),
            Total("more treatments than cases", t => t["therapeuticCases"] = 101, 400, "outOfRange /therapeuticCases"),
            Total("minus one treatment", t => t["therapeuticCases"] = -1, 400, "outOfRange /therapeuticCases"),
            Total("a total without source", t => t.Remove("source"), 400, "missing /source"),
            Total("a misspelt total", t => t["therapeutic"] = 60, 400, "unknownProperty /therapeutic"),
            Total("a total of an institution there is not", _ => { }, 404, "noSuchInstitution") with { Path = "institutions/H99/verified-totals" },
            Total("a total of another province", _ => { }, 403, "forbidden") with { Who = "regulator 31" },
            Total("a total by the hospital itself", _ => { }, 403, "forbidden") with { Who = "hospital H1" },
            Total("an identity card as source", t => t["source"] = IdentityCard, 400, "personalData /source") with { Secret = IdentityCard },
            Total("a telephone in the reason of a total", t => t["reason"] = $"asked {Mobile}", 400, "personalData /reason") with { Secret = Mobile },
            new("a total withdrawn that is not there", "POST", $"institutions/H1/verified-totals/{NoSuchId}/withdraw", """{ "reason": "r" }""", 404, "noSuchVerifiedTotal"),
            new("a total withdrawn without reason", "POST", $"institutions/H1/verified-totals/{NoSuchId}/withdraw", "{}", 400, "missing /reason"),
            new("a total withdrawn by number", "POST", "institutions/H1/verified-totals/1/withdraw", """{ "reason": "r" }""", 400, "invalidUuid path:totalId"),
            new("a total withdrawn of an institution there is not", "POST", $"institutions/H99/verified-totals/{NoSuchId}/withdraw", """{ "reason": "r" }""", 404, "noSuchInstitution"),
            Get("totals of a technique there is not", "institutions/H1/verified-totals?technique=cardiac", 400, "unknownTechnique query:technique"),
            Get("totals of an institution there is not", "institutions/H99/verified-totals", 404, "notFound"),
            Get("totals by source", "institutions/H1/verified-totals?source=insurer", 400, "unknownParameter query:source"),
        ];
    }

    private static IEnumerable<BadRequest> TrainingBases()
    {
        const string Base = "training-bases/national/neurovascular/H1";
        BadRequest Apply(string name, string body, int status, params string[] expected) => new(name, "POST", "training-bases", body, status, expected) { Who = "hospital H1" };
        BadRequest Act(string name, string act, string body, int status, params string[] expected) => new(name, "POST", $"{Base}/{act}", body, status, expected) { Who = "hospital H1" };
        BadRequest Get(string name, string path, int status, params string[] expected) => new(name, "GET", path, null, status, expected);
        return
        [
            Apply("a base of nothing", "{}", 400, "missing /kind", "missing /technique", "missing /institution"),
            Apply("a base of a technique there is not", """{ "kind": "national", "technique": "cardiac", "institution": "H1" }""", 400, "unknownTechnique /technique"),
            Apply("a base of a programme", """{ "kind": "national", "technique": "nuclear-cardiology-base", "institution": "H1" }""", 400, "unknownTechnique /technique"),
            Apply("a base of a kind there is not", """{ "kind": "provincial", "technique": "neurovascular", "institution": "H1" }""", 400, "unknownValue /kind"),
            Apply("another hospital's base", """{ "kind": "national", "technique": "neurovascular", "institution": "H2" }""", 403, "forbidden"),
            Apply("a base that attests its cases", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "facts": [{ "fact": "yearlyCases", "value": 500 }] }""", 400, "knownToSystem /facts/0/fact"),
            Apply("a base that attests ten years", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "facts": [{ "fact": "techniqueSince", "value": "2010-01-01" }] }""", 400, "knownToSystem /facts/0/fact"),
            Apply("a base that attests what nobody asks", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "facts": [{ "fact": "parkingSpaces", "value": 5 }] }""", 400, "unknownFact /facts/0/fact"),
            Apply("a base with half a bed", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "facts": [{ "fact": "neurologyBeds", "value": 59.5 }] }""", 400, "wrongType /facts/0/value"),
            Apply("a base with a tutor there is not", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "tutors": ["H1-A", "Nobody"] }""", 400, "unknownPhysician /tutors/1"),
            Apply("a base for 1,001 trainees", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "trainees": 1001 }""", 400, "outOfRange /trainees"),
            Apply("a misspelt base", """{ "kind": "national", "technique": "neurovascular", "institution": "H1", "capacity": 4 }""", 400, "unknownProperty /capacity"),
            Act("tutors by name alone", "tutors", """{ "tutors": [{ "name": "Doctor" }] }""", 400, "wrongType /tutors/0"),
            Act("no tutors said", "tutors", "{}", 400, "missing /tutors"),
            Act("tutors from 30 February", "tutors", """{ "tutors": [], "from": "2026-02-30" }""", 400, "invalidDay /from"),
            Act("tutors of a base there is not", "tutors", """{ "tutors": [] }""", 404, "noSuchTrainingBase"),
            Act("room for minus one", "capacity", """{ "trainees": -1 }""", 400, "outOfRange /trainees"),
            Act("room for a half", "capacity", """{ "trainees": 1.5 }""", 400, "wrongType /trainees"),
            Act("room in a base there is not", "capacity", """{ "trainees": 1 }""", 404, "noSuchTrainingBase"),
            Act("a base given up without reason", "give-up", "{}", 400, "missing /reason"),
            Act("a base that recognises itself", "recognise", """{ "reference": "R" }""", 403, "forbidden"),
            Act("a recognition by the province that is the ministry's", "recognise", """{ "reference": "R" }""", 403, "forbidden") with { Who = "regulator 11" },
            Act("a recognition without document", "recognise", "{}", 400, "missing /reference") with { Who = "national" },
            Act("a recognition nobody applied for", "recognise", """{ "reference": "R" }""", 409, "noTrainingBaseApplication") with { Who = "national" },
            Act("a recognition of before, of tomorrow", "recognise", """{ "reference": "R", "imported": true, "effectiveOn": "2026-03-11" }""", 400, "notAfter /effectiveOn") with { Who = "national" },
            Act("a recognition that reaches back", "recognise", """{ "reference": "R", "effectiveOn": "2026-03-09" }""", 400, "notBefore /effectiveOn") with { Who = "national" },
            Act("a review of a base there is not", "review", """{ "remark": "r" }""", 404, "noSuchTrainingBase") with { Who = "national" },
            Act("a review without remark", "review", "{}", 400, "missing /remark") with { Who = "national" },
            Act("a base withdrawn that is none", "withdraw", """{ "reason": "r" }""", 404, "noSuchTrainingBase") with { Who = "national" },
            Act("an identity card in a reason of withdrawal", "withdraw", $$"""{ "reason": "{{IdentityCard}}" }""", 400, "personalData /reason") with { Who = "national", Secret = IdentityCard },
            Act("a base refused that is none", "refuse", """{ "reason": "r" }""", 404, "noSuchTrainingBase") with { Who = "national" },
            new("a base of a hospital there is not", "POST", "training-bases/national/neurovascular/H99/recognise", """{ "reference": "R", "imported": true }""", 404, "noSuchInstitution"),
            Get("a base to read of a kind there is not", "training-bases/provincial/neurovascular/H1", 400, "unknownValue path:kind"),
            Get("a base to read of a technique there is not", "training-bases/national/cardiac/H1", 400, "unknownTechnique path:technique"),
            Get("a base that never applied", Base, 404, "noSuchTrainingBase"),
            Get("another hospital's base to read", Base, 403, "forbidden") with { Who = "hospital H2" },
            Get("a base of another province", Base, 403, "forbidden") with { Who = "regulator 31" },
            Get("a base evaluated tomorrow", $"{Base}/evaluation?asOf=2026-03-11", 400, "futureDay query:asOf"),
            Get("a base against a whim", $"{Base}/evaluation?against=whim", 400, "unknownValue query:against"),
            Get("the history of a base behind no cursor", $"{Base}/history?cursor=!", 400, "invalidCursor query:cursor"),
            Get("bases in a state there is not", "training-bases?state=closed", 400, "unknownValue query:state"),
            Get("bases of a kind there is not", "training-bases?kind=municipal", 400, "unknownValue query:kind"),
            Get("bases of another province", "training-bases?province=31", 403, "forbidden") with { Who = "regulator 11" },
            Get("bases of no province", "training-bases?province=1", 400, "invalidProvince query:province"),
            Get("bases behind a cursor of another list", $"training-bases?cursor={Service.Http.Page.Cursor("a")}", 400, "invalidCursor query:cursor"),
            Get("public bases by state", "public/training-bases?state=applied", 400, "unknownParameter query:state"),
            Get("501 public bases", "public/training-bases?limit=501", 400, "outOfRange query:limit"),
        ];
    }

    private static IEnumerable<BadRequest> Trainees()
    {
        const string Trainee = $"trainees/{NoSuchId}";
        BadRequest Enrol(string name, string change, int status, params string[] expected)
        {
            var entry = JsonNode.Parse("""{ "kind": "national", "technique": "neurovascular", "institution": "H1", "physician": "H1-A", "from": "2026-03-01", "plannedUntil": "2027-02-28", "material": "2012", "plan": { "name": "P", "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "date": "2026-02-01" } }""")!.AsObject();
            foreach (var (property, value) in JsonNode.Parse(change)!.AsObject().ToList())
            {
                entry.Remove(property);
                if (value is not null)
                    entry[property] = value.DeepClone();
            }

            return new(name, "POST", "trainees", entry.ToJsonString(), status, expected) { Who = "hospital H1" };
        }

        BadRequest Act(string act, string body) => new($"{act} of a trainee there is not", "POST", $"{Trainee}/{act}", body, 404, "notFound") { Who = "hospital H1" };
        BadRequest Get(string name, string path, int status, params string[] expected) => new(name, "GET", path, null, status, expected);
        return
        [
            new("a trainee of nothing", "POST", "trainees", "{}", 400, "missing /kind", "missing /technique", "missing /institution", "missing /physician", "missing /from", "missing /plannedUntil", "missing /plan", "missing /material") { Who = "hospital H1" },
            Enrol("a trainee of a technique there is not", """{ "technique": "cardiac" }""", 400, "unknownTechnique /technique"),
            Enrol("a trainee of a kind of base there is not", """{ "kind": "municipal" }""", 400, "unknownValue /kind"),
            Enrol("a trainee for a level where there is none", """{ "level": 3 }""", 400, "ungraded /level"),
            Enrol("a trainee for level 5", """{ "technique": "comprehensive", "level": 5 }""", 400, "outOfRange /level"),
            Enrol("a trainee without level", """{ "technique": "comprehensive" }""", 400, "missing /level"),
            Enrol("a trainee with a plan of tomorrow", """{ "plan": { "name": "P", "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "date": "2026-03-11" } }""", 400, "futureDay /plan/date"),
            Enrol("a trainee from 30 February", """{ "from": "2026-02-30" }""", 400, "invalidDay /from"),
            Enrol("a misspelt trainee", """{ "until": "2027-02-28" }""", 400, "unknownProperty /until"),
            Enrol("an identity card as material", $$"""{ "material": "{{IdentityCard}}" }""", 400, "personalData /material") with { Secret = IdentityCard },
            Enrol("another hospital's trainee", """{ "institution": "H2" }""", 403, "forbidden"),
            Enrol("a trainee of a hospital that is no base", """{ "from": "2026-03-01" }""", 404, "noSuchTrainingBase"),
            Act("interruptions", """{ "from": "2026-03-01", "to": "2026-03-02", "reason": "r" }"""),
            Act("cases", """{ "cases": [] }"""),
            Act("care", """{ "on": "2026-03-01", "parts": [], "supervisor": "H1-A" }"""),
            Act("tests", """{ "kind": "theory", "on": "2026-03-01", "passed": true }"""),
            Act("entries/1/withdraw", """{ "reason": "r" }"""),
            Act("evaluation", """{ "on": "2026-03-01", "passed": true, "remark": "r" }"""),
            Act("certificate", """{ "number": "C" }"""),
            Act("certificate/withdraw", """{ "reason": "r" }""") with { Who = "national" },
            Act("extension", """{ "until": "2026-03-01", "reason": "r" }"""),
            Act("end", """{ "reason": "r" }"""),
            Get("a trainee there is not", Trainee, 404, "notFound"),
            Get("a trainee by name", "trainees/T1", 400, "invalidUuid path:trainee"),
            Get("the cases of a trainee there is not, to read", $"{Trainee}/cases", 404, "notFound"),
            Get("cases of a trainee behind no cursor", $"{Trainee}/cases?cursor=!", 400, "invalidCursor query:cursor"),
            Get("the history of a trainee behind no cursor", $"{Trainee}/history?cursor=!", 400, "invalidCursor query:cursor"),
            Get("trainees in a state there is not", "trainees?state=tired", 400, "unknownValue query:state"),
            Get("trainees by a progress there is not", "trainees?progress=slow", 400, "unknownValue query:progress"),
            Get("trainees of another province", "trainees?province=31", 403, "forbidden") with { Who = "regulator 11" },
            Get("trainees of no province", "trainees?province=1", 400, "invalidProvince query:province"),
            Get("trainees of a technique there is not", "trainees?technique=cardiac", 400, "unknownTechnique query:technique"),
            Get("trainees behind a cursor of another list", $"trainees?cursor={Service.Http.Page.Cursor("a", "b")}", 400, "invalidCursor query:cursor"),
            Get("501 trainees", "trainees?limit=501", 400, "outOfRange query:limit"),
            Get("certificates by base", "certificates?base=H1", 400, "unknownParameter query:base"),
            Get("certificates of another province", "certificates?province=31", 403, "forbidden") with { Who = "regulator 11" },
        ];
    }

    private static IEnumerable<BadRequest> CaseChanges()
    {
        BadRequest Get(string name, string path, int status, params string[] expected) => new(name, "GET", path, null, status, expected);
        return
        [
            Get("changes of a kind there is not", "changes?kind=edit", 400, "unknownValue query:kind"),
            Get("changes of a technique there is not", "changes?technique=cardiac", 400, "unknownTechnique query:technique"),
            Get("changes from 30 February", "changes?from=2026-02-30", 400, "invalidDay query:from"),
            Get("changes behind a cursor of another list", $"changes?cursor={Service.Http.Page.Cursor("2026-03-10", "x")}", 400, "invalidCursor query:cursor"),
            Get("changes behind no cursor", "changes?cursor=!", 400, "invalidCursor query:cursor"),
            Get("501 changes", "changes?limit=501", 400, "outOfRange query:limit"),
            Get("changes by flag", "changes?flag=late", 400, "unknownParameter query:flag"),
            Get("changes of another hospital", "changes?institution=H2", 403, "forbidden") with { Who = "hospital H1" },
            Get("changes, for a physician", "changes", 403, "forbidden") with { Who = "physician H1-A" },
            Get("changes of another hospital's case", "cases/{foreignCase}/changes", 404, "notFound") with { Who = "hospital H1" },
            Get("changes of a case there is not", $"cases/{NoSuchId}/changes", 404, "notFound"),
            Get("changes of a case by kind", "cases/{case}/changes?kind=void", 400, "unknownParameter query:kind"),
            Get("duplicates of another hospital's case", "cases/{foreignCase}/possible-duplicates", 404, "notFound") with { Who = "hospital H1" },
            Get("duplicates of a case there is not", $"cases/{NoSuchId}/possible-duplicates", 404, "notFound"),
            Get("duplicates by operator", "cases/{case}/possible-duplicates?operator=H1-A", 400, "unknownParameter query:operator"),
        ];
    }

    private static IEnumerable<BadRequest> DeviceUses()
    {
        BadRequest Uses(string name, string path, params string[] expected) => new(name, "GET", $"devices/{path}", null, 400, expected);
        return
        [
            Uses("uses of a blank", "%20/uses", "empty path:udi"),
            Uses("uses of a UDI longer than any reported", $"{new string('1', 1_001)}/uses", "tooLong path:udi"),
            Uses("uses of a line break", "a%0Ab/uses", "invalidText path:udi"),
            Uses("uses of a lot that the UDI denies", "(01)06901234567892(10)L1/uses?lot=L2", "contradictsUdi query:lot"),
            Uses("uses of a piece that the UDI denies", "(01)06901234567892(21)S1/uses?serial=S2", "contradictsUdi query:serial"),
            Uses("uses that are perhaps certain", "06901234567892/uses?certain=perhaps", "wrongType query:certain"),
            Uses("uses behind a cursor of another list", $"06901234567892/uses?cursor={Service.Http.Page.Cursor("a", "b", "c")}", "invalidCursor query:cursor"),
            Uses("uses of an identity card", $"{IdentityCard}/uses", "personalData path:udi") with { Secret = IdentityCard },
            Uses("uses of an identity card as serial", $"06901234567892/uses?serial={IdentityCard}", "personalData query:serial") with { Secret = IdentityCard },
            new("devices of another hospital's case", "GET", "cases/{foreignCase}/devices", null, 404, "notFound") { Who = "hospital H1" },
            new("devices of a case there is not", "GET", $"cases/{NoSuchId}/devices", null, 404, "notFound"),
            new("devices of a case by flag", "GET", "cases/{case}/devices?flag=reusedDevice", null, 400, "unknownParameter query:flag"),
            new("deciders of another hospital's case", "GET", "cases/{foreignCase}/deciders", null, 404, "notFound") { Who = "hospital H1" },
            new("deciders of a case there is not", "GET", $"cases/{NoSuchId}/deciders", null, 404, "notFound"),
            new("deciders of a case as of a day", "GET", "cases/{case}/deciders?asOf=2026-03-01", null, 400, "unknownParameter query:asOf"),
            new("uses, for a physician", "GET", "devices/06901234567892/uses", null, 403, "forbidden") { Who = "physician H1-A" },
        ];
    }

    private static IEnumerable<BadRequest> Schedules()
    {
        BadRequest Set(string name, string body, int status, params string[] expected) => new(name, "PUT", "assessment-schedules/neurovascular/11", body, status, expected) { Who = "regulator 11" };
        const string yearly = "{\"firstDueOn\":\"2026-12-31\",\"everyMonths\":12}";
        return
        [
            Set("a schedule of nothing", "{}", 400, "missing /firstDueOn", "missing /everyMonths"),
            Set("a schedule due yesterday", "{\"firstDueOn\":\"2026-03-09\",\"everyMonths\":12}", 400, "dueInThePast /firstDueOn"),
            Set("a schedule due on 31 June", "{\"firstDueOn\":\"2026-06-31\",\"everyMonths\":12}", 400, "invalidDay /firstDueOn"),
            Set("a schedule every 0 months", "{\"firstDueOn\":\"2026-12-31\",\"everyMonths\":0}", 400, "outOfRange /everyMonths"),
            Set("a schedule every 61 months", "{\"firstDueOn\":\"2026-12-31\",\"everyMonths\":61}", 400, "outOfRange /everyMonths"),
            Set("a schedule every month and a half", "{\"firstDueOn\":\"2026-12-31\",\"everyMonths\":1.5}", 400, "wrongType /everyMonths"),
            Set("a schedule in words", "{\"firstDueOn\":\"2026-12-31\",\"everyMonths\":\"yearly\"}", 400, "wrongType /everyMonths"),
            Set("a schedule with a misspelt interval", "{\"firstDueOn\":\"2026-12-31\",\"everyMonth\":12}", 400, "missing /everyMonths", "unknownProperty /everyMonth") with { Suggests = "everyMonths" },
            Set("a schedule in another province", yearly, 403, "forbidden") with { Path = "assessment-schedules/neurovascular/31" },
            Set("a schedule set by a hospital", yearly, 403, "forbidden") with { Who = "hospital H1" },
            Set("a schedule of a technique there is not", yearly, 400, "unknownTechnique path:technique") with { Path = "assessment-schedules/cardiac/11" },
            Set("a schedule in a province there is not", yearly, 400, "invalidProvince path:province") with { Path = "assessment-schedules/neurovascular/99", Who = "national" },
            Set("a schedule of another version", yearly, 412, "versionMoved") with { Headers = [("If-Match", "\"77\"")] },
            new("schedules of an unknown technique", "GET", "assessment-schedules?technique=cardiac", null, 400, "unknownTechnique query:technique"),
            new("schedules by what they are not listed by", "GET", "assessment-schedules?state=open", null, 400, "unknownParameter query:state"),

            new("what is due in a province there is not", "GET", "due?province=99", null, 400, "invalidProvince query:province"),
            new("what is due in another province", "GET", "due?province=31", null, 403, "forbidden") { Who = "regulator 11" },
            new("what is due until 30 February", "GET", "due?until=2026-02-30", null, 400, "invalidDay query:until"),
            new("what is due of an unknown technique", "GET", "due?technique=cardiac", null, 400, "unknownTechnique query:technique"),
            new("what is due behind a cursor that is none", "GET", "due?cursor=abc", null, 400, "invalidCursor query:cursor"),
            new("what is due behind a cursor of another list", "GET", $"due?cursor={Service.Http.Page.Cursor("a", "b", "c", "d", "e", "f")}", null, 400, "invalidCursor query:cursor"),
            new("what is due, 501 of it", "GET", "due?limit=501", null, 400, "outOfRange query:limit"),
            new("what is due by a misspelt day", "GET", "due?untill=2026-04-01", null, 400, "unknownParameter query:untill") { Suggests = "until" },
            new("what is due, for a hospital", "GET", "due", null, 403, "forbidden") { Who = "hospital H1" },
        ];
    }

    private static IEnumerable<BadRequest> Selections()
    {
        const string own = "selection-rounds/{selection}/applications/H1";
        static string Call(Action<JsonObject> change)
        {
            var call = SelectionWorld.Call("NC-2026-2", "NC-2026", "2026-03-10", "2026-04-30T17:00:00+08:00");
            change(call);
            return call.ToJsonString();
        }

        static string Forms(Action<JsonObject> change)
        {
            var forms = SelectionWorld.Forms();
            change(forms);
            return new JsonObject { ["facts"] = forms }.ToJsonString();
        }

        BadRequest Calls(string name, Action<JsonObject> change, params string[] expected) => new(name, "POST", "selection-rounds", Call(change), 400, expected);
        BadRequest Fills(string name, Action<JsonObject> change, params string[] expected) => new(name, "PUT", own, Forms(change), 400, expected) { Who = "hospital H1" };
        BadRequest Acts(string name, string act, string body, int status, params string[] expected) => new(name, "POST", $"selection-rounds/{{selection}}/{act}", body, status, expected);
        return
        [
            new("a call of nothing", "POST", "selection-rounds", "{}", 400,
                ["missing /number", "missing /title", "missing /regulation", "missing /opensOn", "missing /closesAt", "missing /criteria"]),
            Calls("a call that closes a second after the regulation does", c => c["closesAt"] = "2026-04-30T17:00:01+08:00", "notTheRegulationsDays /closesAt"),
            Calls("a call that opens before the regulation does", c => c["regulation"] = "NV-2012", "selectsNobody /regulation"),
            Calls("a call by a regulation there is not", c => c["regulation"] = "NC-1", "unknownRegulation /regulation"),
            Calls("a call without criteria", c => c["criteria"] = new JsonArray(), "empty /criteria"),
            Calls("a call with a criterion twice", c => c["criteria"]!.AsArray().Add(c["criteria"]![0]!.DeepClone()), "duplicateItem /criteria/1/id"),
            Calls("a call with no points to give", c => c["criteria"]![0]!["mostPoints"] = 0, "outOfRange /criteria/0/mostPoints"),
            Calls("a call for nobody", c => c["places"] = 0, "outOfRange /places"),
            Calls("a call with a local time", c => c["closesAt"] = "2026-04-30T17:00:00", "invalidInstant /closesAt"),
            Calls("a call with a misspelt property", c => c["place"] = 1, "unknownProperty /place") with { Suggests = "places" },
            Calls("a telephone number in a title", c => c["title"] = Mobile, "personalData /title") with { Secret = Mobile },
            new("a call by a regulator", "POST", "selection-rounds", Call(_ => { }), 403, "forbidden") { Who = "regulator 11" },
            new("a round of selection there is not", "GET", $"selection-rounds/{NoSuchId}", null, 404, "noSuchSelectionRound"),
            new("a round of selection by its number", "GET", "selection-rounds/NC-2026-1", null, 400, "invalidUuid path:id"),
            new("rounds of selection behind a cursor that is none", "GET", "selection-rounds?cursor=abc", null, 400, "invalidCursor query:cursor"),
            new("public rounds of selection of a province", "GET", "public/selection-rounds?province=11", null, 400, "unknownParameter query:province"),

            Fills("forms with a field there is not", f => f["leaderPhone"] = "1", "unknownProperty /facts/leaderPhone"),
            Fills("forms with what the round knows", f => f["receivedAt"] = "2026-03-10T12:00:00+08:00", "unknownProperty /facts/receivedAt"),
            Fills("forms with a number as text", f => f["restStudies2023"] = "150", "wrongType /facts/restStudies2023"),
            Fills("forms with a negative number", f => f["restStudies2023"] = -1, "wrongType /facts/restStudies2023"),
            Fills("forms with a title there is not", f => f["leaderTitle"] = "professor", "wrongType /facts/leaderTitle"),
            Fills("forms with a trainer of too few fields", f => f["lecturers"]![0]!.AsObject().Remove("age"), "wrongType /facts/lecturers"),
            Fills("forms with 501 publications", f => f["publications"] = new JsonArray([.. Enumerable.Range(0, 501).Select(_ => (JsonNode)new JsonObject())]), "tooMany /facts/publications"),
            Fills("forms with a day to come", f => f["form2SignedOn"] = "2026-03-11", "futureDay /facts/form2SignedOn"),
            new("forms with half a character", "PUT", own, "{\"facts\":{\"departmentProfile\":\"\\ud800\"}}", 400, "invalidText /facts/departmentProfile") { Who = "hospital H1" },
            new("forms with half a character in a list", "PUT", own, "{\"facts\":{\"publications\":[{\"title\":\"\\ud800\"}]}}", 400, "invalidText /facts/publications/0/title") { Who = "hospital H1" },
            new("forms with half a character of a person", "PUT", own, "{\"facts\":{\"leaderName\":\"\\ud800\"}}", 400, "invalidText /facts/leaderName") { Who = "hospital H1" },
            Fills("forms with a telephone number where none belongs", f => f["departmentProfile"] = Mobile, "personalData /facts/departmentProfile") with { Secret = Mobile },
            Fills("forms with an identity-card number of the leader", f => f["leaderName"] = IdentityCard, "personalData /facts/leaderName") with { Secret = IdentityCard },
            new("forms of nothing", "PUT", own, "{}", 400, "missing /facts") { Who = "hospital H1" },
            new("forms of another hospital", "PUT", own, Forms(_ => { }), 404, "notFound") { Who = "hospital H2" },
            new("another hospital's application", "GET", own, null, 404, "notFound") { Who = "hospital H2" },
            new("a draft for national", "GET", own, null, 404, "notFound"),
            new("a file of a kind there is not", "POST", $"{own}/attachments/form9", "%PDF-", 400, "unknownValue path:kind") { Who = "hospital H1", ContentType = "application/octet-stream" },
            new("a file as JSON", "POST", $"{own}/attachments/form2StampedPdf", "{}", 415, "unsupportedMediaType") { Who = "hospital H1" },
            new("a file that is no PDF", "POST", $"{own}/attachments/form2StampedPdf", "MZ", 415, "unsupportedAttachment") { Who = "hospital H1", ContentType = "application/octet-stream" },
            new("a file that is not there", "GET", $"{own}/attachments/{NoSuchId}", null, 404, "noSuchAttachment") { Who = "hospital H1" },
            new("submitted by another word", "POST", $"{own}/submit", "{\"asItIs\":\"yes\"}", 400, "wrongType /asItIs") { Who = "hospital H1" },
            new("submitted incomplete", "POST", $"{own}/submit", "{}", 409, "applicationIncomplete") { Who = "hospital H1" },
            new("a statement where nothing is suspected", "POST", $"{own}/fraud-statement", "{\"statement\":\"s\"}", 409, "noFraudInquiry") { Who = "hospital H1" },
            Acts("fraud in a draft", "applications/H1/fraud", "{\"step\":\"suspected\",\"finding\":\"f\"}", 404, "noSuchSelectionApplication"),
            Acts("fraud of a kind there is not", "applications/H1/fraud", "{\"step\":\"proved\",\"finding\":\"f\"}", 400, "unknownValue /step"),

            new("duties of nothing", "POST", $"{own}/duties", "{}", 400, "missing /facts") { Who = "hospital H1" },
            new("duties with a number as a flag", "POST", $"{own}/duties", "{\"facts\":{\"trainingPlan\":1}}", 400, "wrongType /facts/trainingPlan") { Who = "hospital H1" },
            new("duties with half a character", "POST", $"{own}/duties", "{\"facts\":{\"trainingPlan\":\"\\ud800\"}}", 400, "invalidText /facts/trainingPlan") { Who = "hospital H1" },
            new("duties with a field of the forms", "POST", $"{own}/duties", "{\"facts\":{\"treadmill\":true}}", 400, "unknownProperty /facts/treadmill") { Who = "hospital H1" },
            new("duties of a draft", "POST", $"{own}/duties", "{\"facts\":{\"trainingPlan\":true}}", 404, "noSuchSelectionApplication") { Who = "hospital H1" },
            new("duties in a round there is not", "POST", $"selection-rounds/{NoSuchId}/applications/H1/duties", "{\"facts\":{}}", 404, "noSuchSelectionRound") { Who = "hospital H1" },
            Acts("a review of duties without a remark", "applications/H1/duties-review", "{}", 400, "missing /remark"),
            Acts("a review of a draft's duties", "applications/H1/duties-review", "{\"remark\":\"r\"}", 404, "noSuchSelectionApplication"),
            new("selected bases behind a cursor that is none", "GET", "selected-bases?cursor=abc", null, 400, "invalidCursor query:cursor"),
            new("selected bases of a province there is not", "GET", "public/selected-bases?province=00", null, 400, "invalidProvince query:province"),
            new("selected bases of another province", "GET", "selected-bases?province=31", null, 403, "forbidden") { Who = "regulator 11" },
            Fills("forms with a day that is none in a list", f => f["researchProjects"] = JsonNode.Parse("""[{ "title": "t", "level": "national", "year": 2020, "on": "2020-02-30" }]"""), "wrongType /facts/researchProjects"),

            Acts("a committee of nobody", "committee", "{\"experts\":[]}", 400, "empty /experts"),
            Acts("a committee with somebody unknown", "committee", "{\"experts\":[\"H2-A\",\"P999\"]}", 400, "unknownPhysician /experts/1"),
            Acts("a conflict of nobody", "conflicts", "{\"institution\":\"H1\",\"reason\":\"r\"}", 400, "missing /expert"),
            Acts("a conflict of who is no expert", "conflicts", "{\"institution\":\"H1\",\"reason\":\"r\",\"expert\":\"H1-A\"}", 400, "notAnExpert /expert"),
            Acts("another expert's conflict", "conflicts", "{\"institution\":\"H1\",\"reason\":\"r\",\"expert\":\"H2-B\"}", 400, "ownConflictOnly /expert") with { Who = "physician H2-A" },
            Acts("a score by who is no expert", "scores", "{\"institution\":\"H1\",\"points\":[]}", 403, "forbidden") with { Who = "physician H1-A" },
            Acts("a score before the closing tells nobody who applies", "scores", "{\"institution\":\"H9\",\"points\":[{\"criterion\":\"merit\",\"points\":1}]}", 409, "selectionRoundStillOpen") with { Who = "physician H2-A" },
            Acts("scoring closed while applications are taken", "close-scoring", "{}", 409, "selectionRoundStillOpen"),
            Acts("scoring opened that was never closed", "reopen-scoring", "{\"reason\":\"r\"}", 409, "scoringNotClosed"),
            Acts("a tie before there is a ranking", "tie", "{\"institutions\":[\"H1\"],\"reason\":\"r\"}", 409, "scoringNotClosed"),
            Acts("published before there is a ranking", "publish", "{}", 409, "scoringNotClosed"),
            Acts("an objection to what is not published", "objections", "{\"reason\":\"r\"}", 409, "notPublished") with { Who = "hospital H1" },
            Acts("a statement on no objection", $"objections/{NoSuchId}/statement", "{\"statement\":\"s\"}", 404, "noSuchObjection") with { Who = "hospital H1" },
            Acts("an answer to no objection", $"objections/{NoSuchId}/answer", "{\"accepted\":false,\"answer\":\"a\"}", 404, "noSuchObjection"),
            Acts("a result of nothing", "conclude", "{}", 409, "scoringNotClosed"),
        ];
    }

    private static IEnumerable<BadRequest> Rounds()
    {
        BadRequest Opened(string name, Action<JsonObject> change, int status, params string[] expected)
        {
            var body = JsonNode.Parse("""{ "technique": "neurovascular", "province": "11", "from": "2025-02-01", "to": "2026-01-31", "closesOn": "2026-03-31" }""")!.AsObject();
            change(body);
            return new(name, "POST", "assessment-rounds", body.ToJsonString(), status, expected) { Who = "regulator 11" };
        }

        BadRequest Get(string name, string path, int status, params string[] expected) => new(name, "GET", $"assessment-rounds{path}", null, status, expected) { Who = "regulator 11" };
        return
        [
            Opened("a round of nothing", b => b.Clear(), 400, "missing /technique", "missing /province", "missing /from", "missing /to"),
            Opened("a round without end", b => b.Remove("to"), 400, "missing /to"),
            Opened("a round of an unknown technique", b => b["technique"] = "cardiac", 400, "unknownTechnique /technique"),
            Opened("a round in a province there is not", b => b["province"] = "99", 400, "invalidProvince /province"),
            Opened("a round in another province", b => b["province"] = "31", 403, "forbidden"),
            Opened("a round that ends before it begins", b => b["to"] = "2025-01-31", 400, "endsBeforeItBegins /to"),
            Opened("a round from 30 February", b => b["from"] = "2025-02-30", 400, "invalidDay /from"),
            Opened("a round whose last reports are due only today", b => b["to"] = "2026-02-25", 400, "periodNotSettled /to"),
            Opened("a round to tomorrow", b => b["to"] = "2026-03-11", 400, "periodNotSettled /to"),
            Opened("a round that closed yesterday", b => b["closesOn"] = "2026-03-09", 400, "closesTooEarly /closesOn"),
            Opened("a round that closes by an instant", b => b["closesOn"] = "2026-03-31T00:00:00Z", 400, "invalidDay /closesOn"),
            Opened("a round of years no regulation judges", b => { b["from"] = "2001-01-01"; b["to"] = "2001-12-31"; }, 400, "notJudged /to"),
            Opened("a round with a misspelt end", b => b["closeOn"] = "2026-03-31", 400, "unknownProperty /closeOn") with { Suggests = "closesOn" },
            Opened("a round opened by a physician", _ => { }, 403, "forbidden") with { Who = "physician H1-A" },

            Get("rounds of a province there is not", "?province=99", 400, "invalidProvince query:province"),
            Get("rounds of another province", "?province=31", 403, "forbidden"),
            Get("rounds of an unknown technique", "?technique=cardiac", 400, "unknownTechnique query:technique"),
            Get("rounds that may be open", "?open=maybe", 400, "wrongType query:open"),
            Get("rounds behind a cursor of another list", $"?cursor={Service.Http.Page.Cursor("a", "b")}", 400, "invalidCursor query:cursor"),
            Get("no rounds at all", "?limit=0", 400, "outOfRange query:limit"),
            Get("a round by what is no id", "/first", 400, "invalidUuid path:id"),
            Get("a round there is not", $"/{NoSuchId}", 404, "noSuchRound"),
            Get("a round of another province", "/{foreignRound}", 403, "forbidden"),
            Get("a round with what it does not take", "/{round}?verbose=1", 400, "unknownParameter query:verbose"),
            Get("a round for its hospitals", "/{round}", 403, "forbidden") with { Who = "hospital H1" },
            Get("everybody in a round there is not", $"/{NoSuchId}/subjects", 404, "noSuchRound"),
            Get("everybody in a round behind a cursor that is none", "/{round}/subjects?cursor=abc", 400, "invalidCursor query:cursor"),
            Get("a subject of a kind there is not in a round", "/{round}/subjects/nurse/H1", 400, "unknownValue path:kind"),
            Get("a subject with a blank in its id in a round", "/{round}/subjects/institution/H%201", 400, "invalidId path:subject"),
            Get("a subject that is not in the round", "/{round}/subjects/institution/H3", 404, "noSuchRound"),
            Get("a subject of a round there is not", $"/{NoSuchId}/subjects/institution/H1", 404, "noSuchRound"),
            Get("oneself in a round there is not", $"/{NoSuchId}/subjects/institution/H1", 404, "noSuchRound") with { Who = "hospital H1" },
            Get("another hospital in a round", "/{round}/subjects/institution/H2", 403, "forbidden") with { Who = "hospital H1" },
            Get("another physician in a round", "/{round}/subjects/physician/H1-B", 403, "forbidden") with { Who = "physician H1-A" },
            Get("the pack of a subject that is not in the round", "/{round}/subjects/institution/H3/pack", 404, "noSuchRound"),
            Get("the pack of a round there is not", $"/{NoSuchId}/subjects/institution/H1/pack", 404, "noSuchRound"),
            Get("the pack of a kind there is not", "/{round}/subjects/nurse/H1/pack", 400, "unknownValue path:kind"),
            Get("a pack of another form", "/{round}/subjects/institution/H1/pack?format=rar", 400, "unknownParameter query:format"),
            Get("another hospital's pack", "/{round}/subjects/institution/H2/pack", 403, "forbidden") with { Who = "hospital H1" },
        ];
    }

    private static IEnumerable<BadRequest> Scoring()
    {
        BadRequest Act(string name, string act, string body, int status, params string[] expected) => new(name, "POST", $"assessment-rounds/{act}", body, status, expected) { Who = "regulator 11" };
        const string h1 = "\"subject\":{\"kind\":\"institution\",\"id\":\"H1\"}";
        const string h3 = "\"subject\":{\"kind\":\"institution\",\"id\":\"H3\"}";
        const string good = "{\"item\":\"caseSelection\",\"passed\":true}";
        return
        [
            Act("scores of nothing", "{round}/scores", "{}", 400, "missing /subject", "missing /items"),
            Act("scores of no item", "{round}/scores", $"{{{h1},\"items\":[]}}", 400, "empty /items"),
            Act("scores of a kind there is not", "{round}/scores", $"{{\"subject\":{{\"kind\":\"nurse\",\"id\":\"H1\"}},\"items\":[{good}]}}", 400, "unknownValue /subject/kind"),
            Act("scores of a subject by its name alone", "{round}/scores", $"{{\"subject\":\"H1\",\"items\":[{good}]}}", 400, "wrongType /subject"),
            Act("scores of somebody not in the round", "{round}/scores", $"{{{h3},\"items\":[{good}]}}", 400, "notInRound /subject"),
            Act("an item there is not, scored", "{round}/scores", $"{{{h1},\"items\":[{good},{{\"item\":\"parking\",\"passed\":true}}]}}", 400, "unknownValue /items/1/item"),
            Act("an item scored twice", "{round}/scores", $"{{{h1},\"items\":[{good},{good}]}}", 400, "duplicateItem /items/1/item"),
            Act("an item without its score", "{round}/scores", $"{{{h1},\"items\":[{{\"item\":\"caseSelection\"}}]}}", 400, "missing /items/0/passed"),
            Act("an item scored in points", "{round}/scores", $"{{{h1},\"items\":[{{\"item\":\"caseSelection\",\"passed\":7}}]}}", 400, "wrongType /items/0/passed"),
            Act("a remark of 4,001 characters", "{round}/scores", $"{{{h1},\"items\":[{{\"item\":\"caseSelection\",\"passed\":true,\"remark\":\"{new string('r', 4001)}\"}}]}}", 400, "tooLong /items/0/remark"),
            Act("101 items scored", "{round}/scores", $"{{{h1},\"items\":[{string.Join(',', Enumerable.Repeat(good, 101))}]}}", 400, "tooMany /items"),
            Act("a misspelt member of a score", "{round}/scores", $"{{{h1},\"items\":[{{\"item\":\"caseSelection\",\"passed\":true,\"remarks\":\"r\"}}]}}", 400, "unknownProperty /items/0/remarks") with { Suggests = "remark" },
            Act("scores in a round that is concluded", "{concludedRound}/scores", $"{{{h1},\"items\":[{good}]}}", 409, "roundConcluded"),
            Act("scores in a round there is not", $"{NoSuchId}/scores", $"{{{h1},\"items\":[{good}]}}", 404, "noSuchRound"),
            Act("scores in a round that is no id", "first/scores", $"{{{h1},\"items\":[{good}]}}", 400, "invalidUuid path:id"),
            Act("scores in another province", "{foreignRound}/scores", $"{{{h3},\"items\":[{good}]}}", 403, "forbidden"),
            Act("scores by the hospital itself", "{round}/scores", $"{{{h1},\"items\":[{good}]}}", 403, "forbidden") with { Who = "hospital H1" },
            Act("a mobile number in a remark", "{round}/scores", $"{{{h1},\"items\":[{{\"item\":\"caseSelection\",\"passed\":true,\"remark\":\"ask {Mobile}\"}}]}}", 400, "personalData /items/0/remark") with { Secret = Mobile },

            Act("an override of nothing", "{round}/overrides", "{}", 400, "missing /subject", "missing /outcome", "missing /reason"),
            Act("an override without reason", "{round}/overrides", $"{{{h1},\"outcome\":\"passed\",\"reason\":\"\"}}", 400, "empty /reason"),
            Act("an override to an outcome there is not", "{round}/overrides", $"{{{h1},\"outcome\":\"excellent\",\"reason\":\"r\"}}", 400, "unknownValue /outcome"),
            Act("an override with a capital", "{round}/overrides", $"{{{h1},\"outcome\":\"Failed\",\"reason\":\"r\"}}", 400, "unknownValue /outcome"),
            Act("an override of somebody not in the round", "{round}/overrides", $"{{{h3},\"outcome\":\"passed\",\"reason\":\"r\"}}", 400, "notInRound /subject"),
            Act("an override in a round that is concluded", "{concludedRound}/overrides", $"{{{h1},\"outcome\":\"passed\",\"reason\":\"r\"}}", 409, "roundConcluded"),
            Act("an override in a round there is not", $"{NoSuchId}/overrides", $"{{{h1},\"outcome\":\"passed\",\"reason\":\"r\"}}", 404, "noSuchRound"),
            Act("an override in another province", "{foreignRound}/overrides", $"{{{h3},\"outcome\":\"passed\",\"reason\":\"r\"}}", 403, "forbidden"),

            Act("a conclusion without body", "{round}/conclude", "", 400, "emptyBody (body)"),
            Act("a conclusion that says when", "{round}/conclude", "{\"on\":\"2026-03-10\"}", 400, "unknownProperty /on"),
            Act("a conclusion of a round there is not", $"{NoSuchId}/conclude", "{}", 404, "noSuchRound"),
            Act("a conclusion in another province", "{foreignRound}/conclude", "{}", 403, "forbidden"),
            Act("a conclusion by a hospital", "{round}/conclude", "{}", 403, "forbidden") with { Who = "hospital H1" },
            Act("a conclusion of another version", "{round}/conclude", "{}", 412, "versionMoved") with { Headers = [("If-Match", "\"77\"")] },

            Act("a round opened again for nobody", "{concludedRound}/reopen", "{}", 400, "missing /subject", "missing /reason"),
            Act("a round opened again that is open", "{round}/reopen", $"{{{h1},\"reason\":\"r\"}}", 409, "roundNotConcluded"),
            Act("a round opened again and closed yesterday", "{concludedRound}/reopen", $"{{{h1},\"reason\":\"r\",\"closesOn\":\"2026-03-09\"}}", 400, "closesTooEarly /closesOn"),
            Act("a round opened again for somebody not in it", "{concludedRound}/reopen", $"{{{h3},\"reason\":\"r\"}}", 400, "notInRound /subject"),
            Act("a round opened again that is not there", $"{NoSuchId}/reopen", $"{{{h1},\"reason\":\"r\"}}", 404, "noSuchRound"),
            Act("a round opened again in another province", "{foreignRound}/reopen", $"{{{h3},\"reason\":\"r\"}}", 403, "forbidden"),
        ];
    }

    private static IEnumerable<BadRequest> Notices()
    {
        BadRequest Get(string name, string path, int status, params string[] expected) => new(name, "GET", $"qualifications/{path}", null, status, expected) { Who = "regulator 11" };
        return
        [
            Get("notices of a qualification there is not", "institution/H1/comprehensive/notices", 404, "noSuchQualification"),
            Get("notices of an unknown technique", "institution/H1/cardiac/notices", 400, "unknownTechnique path:technique"),
            Get("notices of a kind there is not", "nurse/H1/neurovascular/notices", 400, "unknownValue path:kind"),
            Get("another hospital's notices", "institution/H2/neurovascular/notices", 403, "forbidden") with { Who = "hospital H1" },
            Get("notices by the page", "institution/H1/neurovascular/notices?page=2", 400, "unknownParameter query:page"),
            Get("notice 0", "institution/H1/neurovascular/notices/0", 400, "outOfRange path:version"),
            Get("a notice that is no number", "institution/H1/neurovascular/notices/last", 400, "wrongType path:version"),
            Get("a notice of a grant, of which none is given", "institution/H1/neurovascular/notices/1", 404, "noSuchNotice"),
            Get("a notice there is not", "institution/H1/neurovascular/notices/99", 404, "noSuchNotice"),
            Get("a notice there is not, to print", "institution/H1/neurovascular/notices/99/print", 404, "noSuchNotice"),
            Get("a notice in a language of the query", "institution/H1/neurovascular/notices/1/print?lang=zh", 400, "unknownParameter query:lang"),
            Get("a notice of another hospital, to print", "institution/H2/neurovascular/notices/1/print", 403, "forbidden") with { Who = "hospital H1" },
        ];
    }

    private static IEnumerable<BadRequest> Hearings()
    {
        const string of = "qualifications/institution/H1/neurovascular";
        BadRequest Asks(string name, string act, string body, int status, params string[] expected) => new(name, "POST", $"{of}/{act}", body, status, expected) { Who = "hospital H1" };
        BadRequest Records(string name, string body, int status, params string[] expected) => new(name, "POST", $"{of}/hearing-record", body, status, expected) { Who = "regulator 11" };
        string Evidence(string name, string hash, string date) => $"{{\"remark\":\"done\",\"evidence\":[{{\"name\":\"{name}\",\"hash\":\"{hash}\",\"date\":\"{date}\"}}]}}";
        var sha = new string('0', 64);
        return
        [
            Asks("a hearing asked for in no words", "hearing", "{}", 400, "missing /statement"),
            Asks("a hearing asked for in empty words", "hearing", "{\"statement\":\"\"}", 400, "empty /statement"),
            Asks("a hearing about no revocation", "hearing", "{\"statement\":\"s\"}", 409, "noRevocationProposed"),
            Asks("a hearing asked for by the regulator", "hearing", "{\"statement\":\"s\"}", 403, "forbidden") with { Who = "regulator 11" },
            Asks("a hearing asked for by another", "hearing", "{\"statement\":\"s\"}", 403, "forbidden") with { Who = "hospital H2" },
            Asks("an identity card in a statement", "hearing", $"{{\"statement\":\"{IdentityCard}\"}}", 400, "personalData /statement") with { Secret = IdentityCard },
            Records("a record of nothing", "{}", 400, "missing /heldOn", "missing /record"),
            Records("a hearing held on 30 February", "{\"heldOn\":\"2026-02-30\",\"record\":\"r\"}", 400, "invalidDay /heldOn"),
            Records("a record of a hearing about no revocation", "{\"heldOn\":\"2026-03-10\",\"record\":\"r\"}", 409, "noRevocationProposed"),
            Records("a record by the hospital", "{\"heldOn\":\"2026-03-10\",\"record\":\"r\"}", 403, "forbidden") with { Who = "hospital H1" },
            Records("a record in another province", "{\"heldOn\":\"2026-03-10\",\"record\":\"r\"}", 403, "forbidden") with { Who = "regulator 31" },

            Asks("evidence of nothing", "rectification-evidence", "{}", 400, "missing /remark", "missing /evidence"),
            Asks("evidence without a document", "rectification-evidence", "{\"remark\":\"done\",\"evidence\":[]}", 400, "empty /evidence"),
            Asks("evidence of tomorrow", "rectification-evidence", Evidence("n", sha, "2026-03-11"), 400, "futureDay /evidence/0/date"),
            Asks("evidence whose hash is none", "rectification-evidence", Evidence("n", "abc", "2026-03-01"), 400, "invalidHash /evidence/0/hash"),
            Asks("evidence without a name", "rectification-evidence", Evidence("", sha, "2026-03-01"), 400, "empty /evidence/0/name"),
            Asks("evidence by a name alone", "rectification-evidence", "{\"remark\":\"done\",\"evidence\":[\"n\"]}", 400, "wrongType /evidence/0"),
            Asks("a mobile number in the name of evidence", "rectification-evidence", Evidence($"call {Mobile}", sha, "2026-03-01"), 400, "personalData /evidence/0/name") with { Secret = Mobile },
            Asks("evidence of rectifying what is not suspended", "rectification-evidence", Evidence("n", sha, "2026-03-01"), 409, "notSuspended"),
            Asks("evidence from the regulator", "rectification-evidence", Evidence("n", sha, "2026-03-01"), 403, "forbidden") with { Who = "regulator 11" },
        ];
    }

    private static IEnumerable<BadRequest> Objections()
    {
        const string of = "qualifications/institution/H1/neurovascular";
        BadRequest Objects(string name, string body, int status, params string[] expected) => new(name, "POST", $"{of}/objections", body, status, expected) { Who = "hospital H1" };
        BadRequest Answers(string name, string body, int status, params string[] expected) => new(name, "POST", $"{of}/objection-answers", body, status, expected) { Who = "regulator 11" };
        const string answer = $"{{\"objectionId\":\"{NoSuchId}\",\"accepted\":false,\"answer\":\"a\"}}";
        return
        [
            Objects("an objection to nothing", "{}", 400, "missing /notice", "missing /reason"),
            Objects("an objection to notice 0", "{\"notice\":0,\"reason\":\"r\"}", 400, "outOfRange /notice"),
            Objects("an objection to a notice in words", "{\"notice\":\"the last\",\"reason\":\"r\"}", 400, "wrongType /notice"),
            Objects("an objection to a notice there is not", "{\"notice\":99,\"reason\":\"r\"}", 400, "noSuchNotice /notice"),
            Objects("an objection to a grant", "{\"notice\":1,\"reason\":\"r\"}", 400, "noSuchNotice /notice"),
            Objects("an objection without reason", "{\"notice\":1,\"reason\":\"\"}", 400, "empty /reason"),
            Objects("an objection by the regulator", "{\"notice\":1,\"reason\":\"r\"}", 403, "forbidden") with { Who = "regulator 11" },
            Objects("an objection by another", "{\"notice\":1,\"reason\":\"r\"}", 403, "forbidden") with { Who = "hospital H2" },
            Objects("a landline in an objection", $"{{\"notice\":1,\"reason\":\"call {Landline}\"}}", 400, "personalData /reason") with { Secret = Landline },
            Answers("an answer to nothing", "{}", 400, "missing /objectionId", "missing /accepted", "missing /answer"),
            Answers("an answer to what is no id", "{\"objectionId\":\"first\",\"accepted\":true,\"answer\":\"a\"}", 400, "invalidUuid /objectionId"),
            Answers("an answer that is neither yes nor no", $"{{\"objectionId\":\"{NoSuchId}\",\"accepted\":\"partly\",\"answer\":\"a\"}}", 400, "wrongType /accepted"),
            Answers("an answer to an objection there is not", answer, 404, "noSuchObjection"),
            Answers("an answer by the hospital", answer, 403, "forbidden") with { Who = "hospital H1" },
            Answers("an answer in another province", answer, 403, "forbidden") with { Who = "regulator 31" },
        ];
    }

    private static IEnumerable<BadRequest> Queries()
    {
        BadRequest Get(string name, string path, params string[] expected) => new(name, "GET", path, null, 400, expected);
        return
        [
            Get("a misspelt query parameter", "cases?institutoin=H1", "unknownParameter query:institutoin") with { Suggests = "institution" },
            Get("a query parameter in another case", "cases?Institution=H1", "unknownParameter query:Institution") with { Suggests = "institution" },
            Get("a query parameter nobody knows", "cases?verbose=1", "unknownParameter query:verbose"),
            Get("a repeated query parameter", "cases?institution=H1&institution=H2", "repeatedParameter query:institution"),
            Get("an empty query parameter", "cases?operator=", "empty query:operator"),
            Get("a query parameter where none is taken", "calendars/2026?asOf=2026-01-01", "unknownParameter query:asOf"),
            new("a query parameter on a write", "POST", "cases?force=true", Report().ToJsonString(), 400, "unknownParameter query:force"),
            Get("limit 0", "cases?limit=0", "outOfRange query:limit"),
            Get("limit 501", "cases?limit=501", "outOfRange query:limit"),
            Get("a limit in words", "institutions?limit=ten", "wrongType query:limit"),
            Get("a limit of a hundred digits", $"institutions?limit={new string('9', 100)}", "wrongType query:limit"),
            Get("a malformed cursor", "cases?cursor=abc", "invalidCursor query:cursor"),
            Get("a cursor of another list", $"cases?cursor={Service.Http.Page.Cursor("H1")}", "invalidCursor query:cursor"),
            Get("a cursor with NUL", $"institutions?cursor={Service.Http.Page.Cursor("a\0b")}", "invalidCursor query:cursor"),
            Get("a cursor of the dashboard that is none", "dashboards/compliance?cursor=!", "invalidCursor query:cursor"),
            Get("a negative minPosition", "cases?minPosition=-1", "outOfRange query:minPosition"),
            Get("from 30 February", "cases?from=2026-02-30", "invalidDay query:from"),
            Get("a flag there is not", "cases?flag=odd", "unknownValue query:flag"),
            Get("a timeliness there is not", "cases?timeliness=early", "unknownValue query:timeliness"),
            Get("cases of an unknown technique", "cases?technique=cardiac", "unknownTechnique query:technique"),
            Get("bytes that are no UTF-8 in a query, which stay escaped", "cases?institution=%FF%FE", "invalidId query:institution"),
            Get("NUL in a query", "cases?institution=H1%00", "invalidText query:institution"),
            new("another hospital's cases", "GET", "cases?institution=H2", null, 403, "forbidden") { Who = "hospital H1" },
            new("another operator's cases", "GET", "cases?operator=H1-B", null, 403, "forbidden") { Who = "physician H1-A" },

            Get("metrics without technique", "institutions/H1/metrics", "missing query:technique"),
            Get("metrics of an unknown technique", "institutions/H1/metrics?technique=cardiac", "unknownTechnique query:technique"),
            Get("metrics as of tomorrow", "institutions/H1/metrics?technique=neurovascular&asOf=2026-03-11", "futureDay query:asOf"),
            Get("metrics as of 30 February", "physicians/H1-A/metrics?technique=neurovascular&asOf=2026-02-30", "invalidDay query:asOf"),
            Get("metrics with a misspelt asOf", "institutions/H1/metrics?technique=neurovascular&asof=2026-03-01", "unknownParameter query:asof") with { Suggests = "asOf" },
            new("metrics of nobody", "GET", "institutions/H99/metrics?technique=neurovascular", null, 404, "notFound"),
            new("metrics of another hospital", "GET", "institutions/H2/metrics?technique=neurovascular", null, 403, "forbidden") { Who = "hospital H1" },
            Get("compliance as of tomorrow", "institutions/H1/compliance?technique=neurovascular&asOf=2026-03-11", "futureDay query:asOf"),
            Get("compliance as of an instant", "physicians/H1-A/compliance?technique=neurovascular&asOf=2026-03-01T00:00:00Z", "invalidDay query:asOf"),
            Get("a series by the week", "institutions/H1/metrics/series?technique=neurovascular&from=2026-01-01&to=2026-02-01&step=week", "unknownValue query:step"),
            Get("a series without end", "institutions/H1/metrics/series?technique=neurovascular&from=2026-01-01&step=day", "missing query:to"),
            Get("a series to tomorrow", "institutions/H1/metrics/series?technique=neurovascular&from=2026-03-01&to=2026-03-11&step=day", "futureDay query:to"),
            Get("a series that ends before it begins", "institutions/H1/metrics/series?technique=neurovascular&from=2026-03-01&to=2026-02-01&step=day", "endsBeforeItBegins query:to"),
            Get("a dashboard of a kind there is not", "dashboards/compliance?kind=nurse", "unknownValue query:kind"),
            Get("a dashboard by a standing there is not", "dashboards/compliance?standing=bad", "unknownValue query:standing"),
            Get("a dashboard sorted by luck", "dashboards/compliance?sort=luck", "unknownValue query:sort"),
            Get("a dashboard of a province there is not", "dashboards/compliance?province=99", "invalidProvince query:province"),
            new("a dashboard of another province", "GET", "dashboards/compliance?province=31", null, 403, "forbidden") { Who = "regulator 11" },
            Get("provinces without technique", "dashboards/provinces", "missing query:technique"),
            Get("enforcement of an unknown technique", "enforcement?technique=cardiac", "unknownTechnique query:technique"),
            Get("proposals of an unknown technique", "proposals?technique=cardiac", "unknownTechnique query:technique"),
            Get("physicians of a province there is not", "physicians?province=1", "invalidProvince query:province"),
            Get("a public register with a token for a page", "public/register?page=2", "unknownParameter query:page") with { Who = "nobody" },
            Get("a public register of an unknown technique", "public/register?technique=cardiac", "unknownTechnique query:technique") with { Who = "nobody" },
            Get("a public register as of tomorrow", "public/register?asOf=2026-03-11", "futureDay query:asOf") with { Who = "nobody" },
            Get("announcements of a province there is not", "public/announcements?province=99", "invalidProvince query:province") with { Who = "nobody" },
            Get("announcements that end before they begin", "public/announcements?from=2026-02-01&to=2026-01-01", "endsBeforeItBegins query:to") with { Who = "nobody" },
            Get("a feed of a kind there is not", "public/announcements.atom?kind=nurse", "unknownValue query:kind") with { Who = "nobody" },
            Get("snapshots of an unknown technique", "public/register/snapshots?technique=cardiac", "unknownTechnique query:technique") with { Who = "nobody" },
            Get("a snapshot of 30 February", "public/register/snapshots/neurovascular/2026-02-30", "invalidDay path:day") with { Who = "nobody" },
            new("a snapshot there is not", "GET", "public/register/snapshots/neurovascular/2020-01-01", null, 404, "noSuchSnapshot") { Who = "nobody" },
            Get("a regulation's version 0", "public/regulations/NV-2012/0", "outOfRange path:version") with { Who = "nobody" },
            new("a regulation there is not", "GET", "regulations/NV-2099/1", null, 404, "notFound"),
        ];
    }

    private static IEnumerable<BadRequest> Regulations()
    {
        BadRequest WhatIf(string name, string body, params string[] expected) => new(name, "POST", "regulations/what-if", body, 400, expected);
        return
        [
            new("a regulation of 2 MB", "POST", "regulations", new string('[', 2 * 1024 * 1024), 413, "tooLarge"),
            new("a regulation that is none", "POST", "regulations", "[1, 2]", 400, "wrongType (body)"),
            new("a regulation from a province", "POST", "regulations", "{}", 403, "forbidden") { Who = "regulator 11" },
            WhatIf("a change of nothing", """{ "technique": "neurovascular" }""", "oneOf /limits"),
            WhatIf("a change of a clause there is not", """{ "technique": "neurovascular", "limits": [{ "clause": "NV-SHOES", "limit": 2 }] }""", "noSuchLimit /limits/0"),
            WhatIf("a change without its limit", """{ "technique": "neurovascular", "limits": [{ "clause": "NV-RATE-MORT" }] }""", "missing /limits/0/limit"),
            WhatIf("a span without its end", """{ "technique": "neurovascular", "limits": [{ "clause": "NV-RATE-MORT", "limit": 2 }], "from": "2026-01-01" }""", "oneOf /from"),
            WhatIf("a span of years", """{ "technique": "neurovascular", "limits": [{ "clause": "NV-RATE-MORT", "limit": 2 }], "from": "2024-01-01", "to": "2026-01-01" }""", "tooManyPoints /to"),
            new("a diff from version 0", "GET", "regulations/NV-2012/diff?from=0&to=x", null, 400, "outOfRange query:from", "wrongType query:to"),
        ];
    }

    private static IEnumerable<BadRequest> Imports()
    {
        BadRequest Import(string name, string path, object? body, int status, params string[] expected) => new(name, "POST", path, body, status, expected) { ContentType = "application/x-ndjson" };
        return
        [
            Import("an empty import", "cases/import", "", 400, "emptyBody (body)"),
            Import("an import of blank lines", "cases/import", "\n \r\n\t\n", 400, "emptyBody (body)"),
            Import("an empty import of qualifications", "qualifications/import", "", 400, "emptyBody (body)"),
            Import("an import as a text", "cases/import", "institution,caseNumber\nH1,1\n", 415, "unsupportedMediaType") with { ContentType = "text/plain" },
            Import("a sheet in Big5", "cases/import", "institution,caseNumber\nH1,1\n", 415, "unsupportedCharset") with { ContentType = "text/csv; charset=big5" },
            Import("an empty sheet", "cases/import", "\n\n", 400, "emptyBody (body)") with { ContentType = "text/csv" },
            Import("an import as JSON", "cases/import", $"[{Report().ToJsonString()}]", 415, "unsupportedMediaType") with { ContentType = "application/json" },
            Import("an import of qualifications as CSV", "qualifications/import", "kind,subject\n", 415, "unsupportedMediaType") with { ContentType = "text/csv" },
            Import("an import by a physician", "cases/import", Report().ToJsonString() + "\n", 403, "forbidden") with { Who = "physician H1-A" },
            Import("an import of qualifications by a hospital", "qualifications/import", "{}\n", 403, "forbidden") with { Who = "hospital H1" },
            Import("an import with a misspelt query parameter", "cases/import?dryrun=true", Report().ToJsonString() + "\n", 400, "unknownParameter query:dryrun") with { Suggests = "dryRun" },
            Import("a dry run of neither kind", "cases/import?dryRun=1", Report().ToJsonString() + "\n", 400, "wrongType query:dryRun"),
        ];
    }

    private static IEnumerable<BadRequest> Elsewhere() =>
    [
        new("a path there is not", "GET", "patients", null, 404, "notFound"),
        new("a path there is not, without token", "GET", "patients", null, 404, "notFound") { Who = "nobody" },
        new("a method that is not allowed", "DELETE", "cases/{case}", null, 405, "methodNotAllowed"),
        new("a write to what is only read", "PUT", "public/register", "{}", 405, "methodNotAllowed"),
        new("a token for a role there is not", "POST", "/dev/token", "{\"role\":\"admin\"}", 400, "unknownValue /role") { Who = "nobody" },
        new("a token for a hospital without name", "POST", "/dev/token", "{\"role\":\"hospital\"}", 400, "missing /institution") { Who = "nobody" },
        new("a clock set back", "POST", "/dev/clock", "{\"now\":\"2026-03-01T12:00:00+08:00\"}", 409, "clockRunsForward") { Who = "nobody" },
        new("a clock without offset", "POST", "/dev/clock", "{\"now\":\"2026-03-11T12:00:00\"}", 400, "invalidInstant /now") { Who = "nobody" },
    ];

    private static IEnumerable<BadRequest> Private()
    {
        BadRequest Bad(string name, string secret, Action<JsonObject> change, params string[] expected) => new(name, "POST", "cases", Report(change), 400, expected) { Who = "hospital H1", Secret = secret };
        BadRequest Write(string name, string secret, string path, string body, params string[] expected) => new(name, "POST", path, body, 400, expected) { Who = "regulator 11", Secret = secret };
        BadRequest Get(string name, string secret, string path, int status, params string[] expected) => new(name, "GET", path, null, status, expected) { Secret = secret };
        const string place = "{{\"name\":{0},\"province\":\"11\",\"level\":\"tertiaryA\",\"facts\":{1}}}";
        string Place(string name, string facts) => string.Format(System.Globalization.CultureInfo.InvariantCulture, place, name, facts);
        return
        [
            Bad("an identity card as case number", IdentityCard, r => r["caseNumber"] = IdentityCard, "personalData /caseNumber"),
            Bad("an identity card with a small x, in a case number", "11010119900307889x", r => r["caseNumber"] = "No. 11010119900307889x", "personalData /caseNumber"),
            Bad("a mobile number in a case number", Mobile, r => r["caseNumber"] = $"A-{Mobile}-1", "personalData /caseNumber"),
            Bad("a mobile number with spaces", "138 0013 8000", r => r["caseNumber"] = "138 0013 8000", "personalData /caseNumber"),
            Bad("a mobile number with country code", "86-13800138000", r => r["caseNumber"] = "+86-13800138000", "personalData /caseNumber"),
            Bad("a mobile number in full-width digits", "１３８００１３８０００", r => r["caseNumber"] = "１３８００１３８０００", "personalData /caseNumber"),
            Bad("a landline as case number", Landline, r => r["caseNumber"] = Landline, "personalData /caseNumber"),
            Bad("a labelled name", "张小明", r => r["caseNumber"] = "姓名：张小明", "personalData /caseNumber"),
            Bad("a mobile number as trainee", Mobile, r => r["trainee"] = Mobile, "personalData /trainee"),
            Bad("an identity card as operator", IdentityCard, r => r["operator"] = IdentityCard, "personalData /operator"),
            Bad("a mobile number as assistant", Mobile, r => r["assistants"] = new JsonArray("H1-B", Mobile), "personalData /assistants/1"),
            Bad("an identity card as institution", IdentityCard, r => r["institution"] = IdentityCard, "personalData /institution"),
            Bad("a mobile number as technique", Mobile, r => r["technique"] = Mobile, "personalData /technique"),
            Bad("a mobile number as procedure code", Mobile, r => r["procedureCodes"] = new JsonArray(Mobile), "personalData /procedureCodes/0"),
            Bad("a mobile number as diagnosis", Mobile, r => r["patient"]!["diagnosis"] = $"I60.1 {Mobile}", "personalData /patient/diagnosis"),
            Bad("an identity card as pseudonym", IdentityCard, r => r["patient"]!["pseudonym"] = IdentityCard, "personalData /patient/pseudonym"),
            Bad("an identity card in a long pseudonym", IdentityCard, r => r["patient"]!["pseudonym"] = $"pseudonym-of-the-patient-{IdentityCard}", "personalData /patient/pseudonym"),
            Bad("a labelled telephone as lot", Mobile, r => r["devices"]![0]!["lot"] = $"电话{Mobile}", "personalData /devices/0/lot"),
            Bad("an identity card as serial", IdentityCard, r => r["devices"]![0]!["serial"] = IdentityCard, "personalData /devices/0/serial"),
            Bad("an identity card in a UDI", IdentityCard, r => r["devices"]![0]!["udi"] = $"(01)06901234567892(21){IdentityCard}", "personalData /devices/0/udi"),
            Bad("a mobile number as intent", Mobile, r => r["intent"] = Mobile, "unknownValue /intent"),
            Bad("a mobile number as a day", Mobile, r => r["admittedOn"] = Mobile, "invalidDay /admittedOn"),
            Bad("a mobile number as a number", Mobile, r => r["patient"]!["ageYears"] = 13_800_138_000, "outOfRange /patient/ageYears"),
            Bad("a mobile number as complication code", Mobile, r => r["outcome"]!["complications"]![0]!["code"] = Mobile, "personalData /outcome/complications/0/code"),
            Bad("a mobile number as a property's name", Mobile, r => r[Mobile] = 1, "personalData (body)"),
            Bad("an identity card in a property's name", IdentityCard, r => r["patient"]![$"id{IdentityCard}"] = 1, "personalData /patient"),
            Bad("a name as a property's name", "张小明", r => r["张小明"] = 1, "unknownProperty (body)"),
            new("a mobile number in what is no JSON", "POST", "cases", $"{{\"caseNumber\":{Mobile}x", 400, "invalidJson (body)") { Who = "hospital H1", Secret = Mobile },
            Write("a mobile number in a reason", Mobile, "cases/{case}/void", $"{{\"reason\":\"call {Mobile}\"}}", "personalData /reason"),
            Write("an identity card over two lines of a reason", "110101 19900307 4477", "cases/{case}/void", "{\"reason\":\"see\\n110101 19900307 4477\"}", "personalData /reason"),
            Write("a mobile number in a correction's report", Mobile, "cases/{case}/corrections", Correction(r => r["caseNumber"] = Mobile), "personalData /report/caseNumber"),
            Write("a mobile number in an adjudication", Mobile, "cases/{case}/adjudications", $"{{\"of\":\"death\",\"relation\":\"unrelated\",\"reason\":\"{Mobile}\"}}", "personalData /reason"),
            Write("a mobile number as what an adjudication is of", Mobile, "cases/{case}/adjudications", $"{{\"of\":\"{Mobile}\",\"relation\":\"unrelated\",\"reason\":\"r\"}}", "personalData /of"),
            Write("a mobile number in a leave's reason", Mobile, "physicians/H1-A/leaves", $"{{\"from\":\"2026-04-01\",\"to\":\"2026-04-02\",\"reason\":\"ill, {Mobile}\"}}", "personalData /reason"),
            Write("a mobile number in the reason of a suspension", Mobile, "qualifications/institution/H1/neurovascular/suspend", $"{{\"reason\":\"{Mobile}\"}}", "personalData /reason"),
            Write("an identity card as the reference of a grant", IdentityCard, "qualifications/institution/H2/comprehensive/grant", $"{{\"reference\":\"{IdentityCard}\"}}", "personalData /reference"),
            Write("a landline in an institution's name", Landline, "institutions/H50", Place($"\"Hospital, {Landline}\"", "{}"), "personalData /name") with { Method = "PUT" },
            Write("a mobile number in a fact", Mobile, "institutions/H50", Place("\"N\"", $"{{\"contact\":{{\"phone\":[\"{Mobile}\"]}}}}"), "personalData /facts/contact/phone/0") with { Method = "PUT" },
            Write("a mobile number as a fact's name", Mobile, "institutions/H50", Place("\"N\"", $"{{\"{Mobile}\":1}}"), "personalData /facts") with { Method = "PUT" },
            Write("a mobile number as a fact's number", Mobile, "institutions/H50", Place("\"N\"", $"{{\"phone\":{Mobile}}}"), "personalData /facts/phone") with { Method = "PUT" },
            Write("an identity card as a physician's name", IdentityCard, "physicians/P50", Physician(p => p["name"] = IdentityCard), "personalData /name") with { Method = "PUT" },
            Write("an identity card as a physician's id", IdentityCard, $"physicians/{IdentityCard}", Physician(_ => { }), "personalData path:id") with { Method = "PUT" },
            Write("a landline in a calendar's notice", Landline, "calendars/2027", $"{{\"notice\":\"call {Landline}\",\"rest\":[],\"makeUp\":[]}}", "personalData /notice") with { Method = "PUT", Who = "national" },
            Get("a mobile number as a query parameter", Mobile, $"cases?operator={Mobile}", 400, "personalData query:operator"),
            Get("a mobile number as technique of a query", Mobile, $"institutions/H1/metrics?technique={Mobile}", 400, "personalData query:technique"),
            Get("an identity card as a query parameter's name", IdentityCard, $"cases?{IdentityCard}=1", 400, "personalData query:"),
            Get("a mobile number as limit", Mobile, $"cases?limit={Mobile}", 400, "outOfRange query:limit"),
            Get("a mobile number as asOf", Mobile, $"institutions/H1/metrics?technique=neurovascular&asOf={Mobile}", 400, "invalidDay query:asOf"),
            Get("a mobile number as cursor", Mobile, $"cases?cursor={Mobile}", 400, "invalidCursor query:cursor"),
            Get("a mobile number as a case's id", Mobile, $"cases/{Mobile}", 404, "notFound"),
            Get("an identity card in a path there is not", IdentityCard, $"patients/{IdentityCard}", 404, "notFound"),
            Get("a mobile number as a physician", Mobile, $"physicians/{Mobile}", 400, "personalData path:id"),
            Get("a mobile number as whose metrics", Mobile, $"physicians/{Mobile}/metrics?technique=neurovascular", 400, "personalData path:id"),
            Get("a mobile number as a year", Mobile, $"calendars/{Mobile}", 400, "wrongType path:year"),
            Get("a mobile number as a token", Mobile, "cases", 401, "tokenInvalid") with { Who = "nobody", Headers = [("Authorization", $"Bearer {Mobile}")] },
            Write("a mobile number as Idempotency-Key", Mobile, "cases/{case}/void", "{\"reason\":\"r\"}", "invalidIdempotencyKey header:Idempotency-Key") with { Headers = [("Idempotency-Key", Mobile)] },
            Write("a mobile number as If-Match", Mobile, "cases/{case}/void", "{\"reason\":\"r\"}", "invalidIfMatch header:If-Match") with { Headers = [("If-Match", Mobile)] },
            Write("a mobile number as a role", Mobile, "/dev/token", $"{{\"role\":\"{Mobile}\"}}", "unknownValue /role") with { Who = "nobody" },
        ];
    }
}
