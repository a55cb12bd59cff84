using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Cases.Fhir;

/// <summary>The names this system gives things in FHIR: systems of identifiers and codes, and extensions where the standard has no element.</summary>
internal static class FhirNames
{
    public const string Institution = "urn:compliance:fhir:institution";
    public const string Physician = "urn:compliance:fhir:physician";

    /// <summary>Staff numbers, of who approves a procedure and is no physician of the registry.</summary>
    public const string Staff = "urn:compliance:fhir:staff";

    public const string CaseNumber = "urn:compliance:fhir:case-number";
    public const string Pseudonym = "urn:compliance:fhir:pseudonym";
    public const string DeviceRegistration = "urn:compliance:fhir:device-registration";

    public const string Technique = "urn:compliance:fhir:technique";
    public const string DecidedBy = "urn:compliance:fhir:decided-by";
    public const string Decided = "urn:compliance:fhir:decided";
    public const string AliveOnDay30 = "urn:compliance:fhir:alive-on-day-30";
    public const string ConsentGiven = "urn:compliance:fhir:consent";
    public const string Signed = "urn:compliance:fhir:signed";
    public const string PatientInformed = "urn:compliance:fhir:patient-informed";
    public const string FamilyInformed = "urn:compliance:fhir:family-informed";
    public const string Topic = "urn:compliance:fhir:topic";
    public const string ApprovedBy = "urn:compliance:fhir:approved-by";
    public const string Age = "urn:compliance:fhir:age";
    public const string SingleUse = "urn:compliance:fhir:single-use";

    public const string Procedure = "urn:compliance:fhir:procedure";
    public const string Complication = "urn:compliance:fhir:complication";
    public const string Intent = "urn:compliance:fhir:intent";
    public const string Function = "urn:compliance:fhir:function";
    public const string Relation = "urn:compliance:fhir:relation";

    public const string Icd9 = "http://hl7.org/fhir/sid/icd-9-cm";

    /// <summary>Volume 3 alone, the procedures.</summary>
    public const string Icd9Procedures = "urn:oid:2.16.840.1.113883.6.104";

    public const string Icd10 = "http://hl7.org/fhir/sid/icd-10";
    public const string Snomed = "http://snomed.info/sct";
    public const string ParticipationType = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    public const string ActCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    public const string ActPriority = "http://terminology.hl7.org/CodeSystem/v3-ActPriority";
    public const string DischargeDisposition = "http://terminology.hl7.org/CodeSystem/discharge-disposition";
    public const string Seriousness = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness";
    public const string Severity = "http://terminology.hl7.org/CodeSystem/adverse-event-severity";
    public const string EventOutcome = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome";
    public const string Causality = "http://terminology.hl7.org/CodeSystem/adverse-event-causality-assess";
    public const string VerificationStatus = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
    public const string ConsentScope = "http://terminology.hl7.org/CodeSystem/consentscope";
    public const string Units = "http://unitsofmeasure.org";
    public const string DeviceAction = "http://hl7.org/fhir/device-action";
}

/// <summary>
/// One Bundle, read as one case: it becomes the very report a hospital would send to <c>POST /cases</c>, which <see cref="ReportBody"/> then reads, and what is wrong with the report is told where it stands in the Bundle.
/// The README beside this says what is read from where.
/// </summary>
internal sealed class FhirCase
{
    /// <summary>The resources a case is made of.</summary>
    public static readonly IReadOnlyList<string> Types = ["AdverseEvent", "Condition", "Consent", "Device", "Encounter", "Location", "Organization", "Patient", "Practitioner", "Procedure"];

    /// <summary>Above all lists of a report together.</summary>
    private const int MaxEntries = 500;

    /// <summary>Characters of a URL or a coded text.</summary>
    private const int MaxText = 2000;

    /// <summary>Of the Procedure, where no Consent says it.</summary>
    private static readonly IReadOnlyList<string> DetailsOfConsent = [FhirNames.Signed, FhirNames.PatientInformed, FhirNames.FamilyInformed, FhirNames.Topic, FhirNames.ApprovedBy];

    private readonly Body _body;
    private readonly List<Entry> _entries = [];
    private readonly JsonObject _report = [];
    private readonly Dictionary<string, string> _places = [];
    private readonly List<string> _unused = [];
    private readonly Dictionary<string, Entry> _named = [];
    private readonly Dictionary<Entry, IReadOnlyList<(string? Url, BodyObject Extension)>> _extensions = [];
    private readonly Dictionary<Entry, (string Value, string At)?> _known = [];
    private Entry? _patient;

    private FhirCase(Body body) => _body = body;

    public bool IsTransaction { get; private set; }

    /// <summary>Entries of the Bundle.</summary>
    public int Count { get; private set; }

    /// <summary>The entry of the procedure the others are part of, the first being 0.</summary>
    public int MainAt { get; private set; }

    /// <summary>Pointers of what stands in the Bundle and was left out.</summary>
    public IReadOnlyList<string> Unused => _unused;

    /// <param name="body">A Bundle that keeps to R4; its faults go there.</param>
    public static FhirCase Of(Body body)
    {
        var read = new FhirCase(body);
        read.Read();
        return read;
    }

    /// <summary>The report, coded by the regulation of its day; faults go to the Bundle's body, at their places in it. Null when there are any.</summary>
    public ReportRead? Report(Reference reference, DateOnly today)
    {
        var told = _body.Faults.Select(f => f.Pointer).ToHashSet();
        var report = Body.Parse(JsonSerializer.SerializeToUtf8Bytes(_report));
        var read = ReportBody.Read(report, report.Root, reference, today, withOutcome: true);
        report.Finish();
        foreach (var fault in report.Faults.Select(f => f with { Pointer = PlaceOf(f.Pointer) }))
        {
            // What could not be taken from its element is not also missing.
            if (fault.Code != "missing" || !told.Any(t => t == fault.Pointer || t.StartsWith(fault.Pointer + "/", StringComparison.Ordinal) || fault.Pointer.StartsWith(t + "/", StringComparison.Ordinal)))
                _body.Add(fault);
        }

        return _body.HasFaults ? null : read;
    }

    /// <summary>Where in the Bundle a member of the report stands, or should.</summary>
    /// <param name="pointer">Into the report; what leads elsewhere, as <c>header:Name</c> does, stays as it is.</param>
    public string PlaceOf(string pointer)
    {
        if (!pointer.StartsWith('/'))
            return pointer;
        for (var at = pointer; at.Length > 0; at = at[..at.LastIndexOf('/')])
        {
            if (_places.TryGetValue(at, out var place))
                return place;
        }

        return "";
    }

    private void Read()
    {
        if (Entries() is not { } procedures)
            return;
        var main = procedures[0];
        _patient = Follow(main.Json.Object("subject"), "Patient");
        Procedures(procedures);
        People(main);
        Decided(main);
        Institution(main, Encounter(procedures));
        PatientOf(main);
        Devices(procedures);
        Consented(main);
        Outcome(main);
        PutFlag("/outcome/aliveOnDay30", main, FhirNames.AliveOnDay30);
        foreach (var entry in _entries.Where(e => !e.Linked).Select(e => e.Json))
        {
            entry.Fault(null, "fhirNotLinked");
            entry.TakeAll();
        }

        var (asked, opened) = _body.Asked();
        foreach (var fault in R4.Judge(_body.Element, asked, opened, _body.Faults.Select(f => f.Pointer).ToHashSet(), _unused))
            _body.Add(fault);
    }

    // The entries, and of them the procedures, that which the others are part of first; null when nobody knows which that is.
    private List<Entry>? Entries()
    {
        var root = _body.Root;
        if (root.OptionalText("resourceType") != "Bundle")
        {
            root.Fault(null, "fhirNotABundle");
            return null;
        }

        var type = root.OptionalText("type");
        if (type is not ("collection" or "transaction"))
            root.Fault("type", "fhirBundleType");
        IsTransaction = type == "transaction";
        foreach (var entry in root.Objects("entry", MaxEntries))
            Entered(entry);
        if (_entries.Count == 0 && _body.HasFaults)
            return null;
        foreach (var once in new[] { "Patient", "Encounter", "Consent" })
        {
            foreach (var more in _entries.Where(e => e.Type == once).Skip(1))
                more.Json.Fault(null, "fhirOnlyOne", once);
        }

        var procedures = _entries.Where(e => e.Type == "Procedure").ToList();
        var parts = procedures.Where(p => p.Json.Objects("partOf").Select(r => Follow(r, "Procedure")).ToList().Count > 0).ToHashSet();
        var whole = procedures.Where(p => !parts.Contains(p)).ToList();
        foreach (var more in whole.Skip(1))
            more.Json.Fault("partOf", "fhirSeveralProcedures");
        if (whole.Count == 0)
            root.Fault("entry", "fhirNoProcedure");
        if (whole.Count != 1)
            return null;
        whole[0].Linked = true;
        MainAt = whole[0].At;
        foreach (var part in parts)
            part.Linked = true;
        return [whole[0], .. procedures.Where(parts.Contains)];
    }

    private void Entered(BodyObject entry)
    {
        var at = Count++;
        var url = entry.OptionalOpaqueText("fullUrl", MaxText);
        if (IsTransaction)
            Requested(entry.Object("request"));
        var json = entry.Object("resource");
        if (json.OptionalText("resourceType") is not { } type)
            return;
        if (!Types.Contains(type))
        {
            json.Fault(null, "fhirResourceType", string.Join(", ", Types));
            // What stands in it is nobody's business, and is not told one by one.
            json.TakeAll();
            return;
        }

        var made = new Entry(type, at, json) { Linked = type is "AdverseEvent" or "Consent" or "Condition" };
        _entries.Add(made);
        // By the fullUrl, and as Type/id, be it said by the resource or by a fullUrl that is an address.
        string?[] names = [url, json.OptionalOpaqueText("id") is { } id ? $"{type}/{id}" : null, url?.Split('/') is [.., var kind, var last] && kind == type ? $"{type}/{last}" : null];
        foreach (var name in names.OfType<string>().Distinct())
        {
            if (_named.TryAdd(name, made))
                continue;
            entry.Fault(null, "fhirDuplicateEntry");
            break;
        }
    }

    private static void Requested(BodyObject request)
    {
        if (request.Text("method") is { Length: > 0 } method and not ("POST" or "PUT"))
            request.Fault("method", "unknownValue", "POST, PUT");
        if (request.OptionalOpaqueText("url", MaxText)?.Contains('?') == true)
            request.Fault("url", "fhirConditional");
        foreach (var condition in new[] { "ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist" })
        {
            if (request.Has(condition))
                request.Fault(condition, "fhirConditional");
        }
    }

    private void Procedures(List<Entry> procedures)
    {
        var main = procedures[0].Json;
        Put("/caseNumber", IdentifierOf(main, [FhirNames.CaseNumber], person: false), $"{main.Pointer}/identifier");
        Put("/technique", Only(procedures[0], FhirNames.Technique) is { } technique ? Taken(technique, "valueCode") : null, $"{main.Pointer}/extension");
        var (codes, others) = (new List<Code>(), new List<Code>());
        var intent = new List<(Intent Intent, string At)>();
        foreach (var procedure in procedures)
        {
            var json = procedure.Json;
            if (procedure != procedures[0] && Follow(json.Object("subject"), "Patient") is { } subject && subject != _patient)
                json.Fault("subject", "fhirOtherPatient");
            foreach (var code in Codes(json, "code", FhirNames.Procedure, FhirNames.Icd9, FhirNames.Icd9Procedures))
                (code.System == FhirNames.Procedure ? codes : others).Add(code);
            // One that the others are part of must say so itself; a treatment among them makes it one.
            if (Choice(json, "category", (FhirNames.Intent, "diagnostic", Intent.Diagnostic), (FhirNames.Intent, "therapeutic", Intent.Therapeutic), (FhirNames.Snomed, "103693007", Intent.Diagnostic), (FhirNames.Snomed, "277132007", Intent.Therapeutic)) is { } said && (procedure == procedures[0] || said == Intent.Therapeutic))
                intent.Add((said, $"{json.Pointer}/category"));
            if (json.Has("complication"))
                json.Fault("complication", "fhirComplicationElsewhere");
            if (json.Has("complicationDetail"))
                json.Fault("complicationDetail", "fhirComplicationElsewhere");
            Status(json, main: procedure == procedures[0]);
        }

        PutAll("/procedureCodes", codes, $"{main.Pointer}/code");
        PutAll("/icd9cm3", others, $"{main.Pointer}/code");
        var decisive = intent.Exists(i => i.Intent == Intent.Therapeutic) ? intent.Find(i => i.Intent == Intent.Therapeutic) : intent.FirstOrDefault();
        Put("/intent", intent.Count > 0 ? (Json.Name(decisive.Intent), decisive.At) : null, $"{main.Pointer}/category");
        if (main.Has("performedPeriod"))
        {
            Put("/completedAt", Taken(main.Object("performedPeriod"), "end"), $"{main.Pointer}/performedPeriod/end");
            Put("/startedAt", Instant(main.Object("performedPeriod"), "start"), $"{main.Pointer}/performedPeriod/start");
        }
        else
        {
            Put("/completedAt", Taken(main, "performedDateTime"), $"{main.Pointer}/performedDateTime");
            _places["/startedAt"] = $"{main.Pointer}/performedDateTime";
        }
    }

    private void Status(BodyObject procedure, bool main)
    {
        var status = procedure.Text("status");
        if (status == "entered-in-error")
            procedure.Fault("status", "fhirEnteredInError");
        else if (status is not ("completed" or "stopped" or ""))
            procedure.Fault("status", "fhirNotPerformed");
        if (!main)
            return;
        var succeeded = Choice(procedure, "outcome", (FhirNames.Snomed, "385669000", true), (FhirNames.Snomed, "385670005", false), (FhirNames.Snomed, "385671000", false));
        if (status == "stopped" && succeeded == true)
            procedure.Fault("outcome", "fhirContradicts", "status");
        if (succeeded is { } said)
            Put("/succeeded", JsonValue.Create(said), $"{procedure.Pointer}/outcome");
        else if (status == "stopped")
            Put("/succeeded", JsonValue.Create(false), $"{procedure.Pointer}/status");
    }

    private void People(Entry main)
    {
        var people = new Dictionary<Function, List<Code>> { [Function.Operator] = [], [Function.Assistant] = [], [Function.Trainee] = [] };
        foreach (var performer in main.Json.Objects("performer"))
        {
            var function = Choice(
                performer, "function",
                (FhirNames.Function, "operator", Function.Operator), (FhirNames.ParticipationType, "PPRF", Function.Operator),
                (FhirNames.Function, "assistant", Function.Assistant), (FhirNames.ParticipationType, "SPRF", Function.Assistant),
                (FhirNames.Function, "trainee", Function.Trainee));
            if (!performer.Has("function"))
                performer.Fault("function", "missing");
            if (Known(performer.Object("actor"), "Practitioner", FhirNames.Physician) is { } person && function is { } of)
                people[of].Add(new("", person.Value, person.At));
        }

        PutOne("/operator", people[Function.Operator], $"{main.Json.Pointer}/performer");
        PutOne("/trainee", people[Function.Trainee], $"{main.Json.Pointer}/performer");
        PutAll("/assistants", people[Function.Assistant], $"{main.Json.Pointer}/performer");
        PutAll("/decidedBy", Values(main, FhirNames.DecidedBy, e => Known(e.Object("valueReference"), "Practitioner", FhirNames.Physician)), $"{main.Json.Pointer}/extension");
    }

    /// <summary>A day, an instant, or one of each.</summary>
    private void Decided(Entry main)
    {
        var said = Values(main, FhirNames.Decided, e => Taken(e, "valueDateTime"));
        PutOne("/decidedOn", [.. said.Where(d => !HasTime(d.Value))], $"{main.Json.Pointer}/extension");
        PutOne("/decidedAt", [.. said.Where(d => HasTime(d.Value))], $"{main.Json.Pointer}/extension");
    }

    /// <summary>An encounter of the main procedure; the others may name the same.</summary>
    private BodyObject? Encounter(List<Entry> procedures)
    {
        var named = procedures.Select(p => p.Json.OptionalObject("encounter") is { } r ? Follow(r, "Encounter") : null).ToList();
        if (named.FirstOrDefault(e => e is not null)?.Json is not { } encounter)
            return null;
        OfThePatient(encounter, "subject");
        if (encounter.Text("status") is "planned" or "cancelled" or "entered-in-error")
            encounter.Fault("status", "fhirNotPerformed");
        var kind = encounter.OptionalObject("class");
        var (system, code) = (kind?.OptionalText("system", MaxText), kind?.OptionalText("code"));
        // What it is booked as is more particular than by which door the patient came.
        var urgency = Choice(
            encounter, "priority",
            (FhirNames.ActPriority, "EM", Urgency.Emergency), (FhirNames.ActPriority, "S", Urgency.Emergency), (FhirNames.ActPriority, "UR", Urgency.Urgent), (FhirNames.ActPriority, "A", Urgency.Urgent),
            (FhirNames.ActPriority, "EL", Urgency.Elective), (FhirNames.ActPriority, "R", Urgency.Elective));
        if (urgency is { } said)
            Put("/urgency", (Json.Name(said), $"{encounter.Pointer}/priority"), "");
        else if (system == FhirNames.ActCode && code == "EMER")
            Put("/urgency", (Json.Name(Urgency.Emergency), $"{encounter.Pointer}/class"), "");
        if (encounter.OptionalObject("period") is { } period)
        {
            Put("/admittedOn", Day(period, "start"), "");
            Put("/dischargedOn", Day(period, "end"), "");
        }

        return encounter;
    }

    private void Institution(Entry main, BodyObject? encounter)
    {
        var room = main.Json.OptionalObject("location") is { } location ? Follow(location, "Location")?.Json : null;
        if (room?.OptionalText("status") is "inactive")
            room.Fault("status", "fhirEnteredInError");
        var there = room?.OptionalObject("managingOrganization") is { } owner ? Known(owner, "Organization", FhirNames.Institution) : null;
        var provider = encounter?.OptionalObject("serviceProvider") is { } serving ? Known(serving, "Organization", FhirNames.Institution) : null;
        if (there is { } a && provider is { } b && a.Value != b.Value)
            encounter!.Fault("serviceProvider", "fhirContradicts", "Procedure.location");
        Put("/institution", there ?? provider, encounter is null ? $"{main.Json.Pointer}/location" : $"{encounter.Pointer}/serviceProvider");
    }

    private void PatientOf(Entry main)
    {
        if (_patient?.Json is not { } patient)
            return;
        var own = patient.Objects("identifier").Where(i => Of(i, [FhirNames.Pseudonym], other: "fhirPersonalElement")).ToList();
        foreach (var more in own.Skip(1))
            more.Fault(null, "fhirOnlyOne", FhirNames.Pseudonym);
        var pseudonym = own is [var one, ..] ? one.OptionalOpaqueText("value") is { } value ? (value, $"{one.Pointer}/value") : ((string, string)?)null : null;
        if (own.Count == 0)
            patient.Fault("identifier", "fhirIdentifier", FhirNames.Pseudonym);
        Put("/patient/pseudonym", pseudonym, $"{patient.Pointer}/identifier");
        Put("/patient/sex", Taken(patient, "gender"), "");
        if (patient.OptionalFlag("active") == false)
            patient.Fault("active", "fhirEnteredInError");
        if (Only(_patient, FhirNames.Age)?.Object("valueAge") is { } age)
            Age(age);
        Diagnosis(main);
    }

    /// <summary>In years, which the code says and not the unit: that is for reading, and of an infant it may say months.</summary>
    private void Age(BodyObject age)
    {
        age.OptionalText("unit");
        var years = age.OptionalRaw("value");
        if (!age.Has("value"))
            return;
        foreach (var (name, needed) in new[] { ("code", "a"), ("system", FhirNames.Units) })
        {
            if (age.OptionalText(name, MaxText) != needed)
                age.Fault(name, age.Has(name) ? "unknownValue" : "missing", needed);
        }

        if (years is { } value)
            Put("/patient/ageYears", JsonNode.Parse(value.GetRawText())!.AsValue(), $"{age.Pointer}/value");
    }

    /// <summary>The reason of the procedure, or the only condition there is.</summary>
    private void Diagnosis(Entry main)
    {
        var reasons = main.Json.Objects("reasonReference").Select(r => Follow(r, "Condition")).OfType<Entry>().ToList();
        var all = _entries.Where(e => e.Type == "Condition").ToList();
        foreach (var condition in all.Select(c => c.Json))
        {
            OfThePatient(condition, "subject");
            condition.Has("clinicalStatus");
            if (Choice(condition, "verificationStatus", [.. new[] { "unconfirmed", "provisional", "differential", "confirmed" }.Select(c => (FhirNames.VerificationStatus, c, true)), .. new[] { "refuted", "entered-in-error" }.Select(c => (FhirNames.VerificationStatus, c, false))]) == false)
                condition.Fault("verificationStatus", "fhirEnteredInError");
        }

        if (reasons.Count == 0 && all.Count > 1)
            main.Json.Fault("reasonReference", "fhirSeveralConditions");
        if ((reasons.FirstOrDefault() ?? (all.Count == 1 ? all[0] : null))?.Json is not { } diagnosed)
            return;
        if (OnlyCode(diagnosed, "code", FhirNames.Icd10) is { } code)
            Put("/patient/diagnosis", (code.Value, code.At), "");
    }

    private void Devices(List<Entry> procedures)
    {
        var used = new List<Entry>();
        foreach (var procedure in procedures.Select(p => p.Json))
        {
            foreach (var focal in procedure.Objects("focalDevice"))
            {
                var device = Follow(focal.Object("manipulated"), "Device");
                // One that was taken out was put in by another procedure.
                if (Choice(focal, "action", (FhirNames.DeviceAction, "explanted", false), (FhirNames.DeviceAction, "implanted", true), (FhirNames.DeviceAction, "manipulated", true)) == false)
                    focal.Fault("action", "fhirExplanted");
                else if (device is not null)
                    used.Add(device);
            }

            used.AddRange(procedure.Objects("usedReference").Select(r => Follow(r, "Device")).OfType<Entry>());
        }

        var n = 0;
        foreach (var device in used.Distinct())
            Used(device, $"/devices/{n++}");
    }

    private void Used(Entry entry, string at)
    {
        var device = entry.Json;
        Put(at, new JsonObject(), device.Pointer);
        if (device.Has("patient"))
            OfThePatient(device, "patient");
        if (device.OptionalText("status") is "entered-in-error")
            device.Fault("status", "fhirEnteredInError");
        var registrations = device.Objects("identifier").Where(i => Of(i, [FhirNames.DeviceRegistration])).ToList();
        foreach (var more in registrations.Skip(1))
            more.Fault(null, "fhirOnlyOne", FhirNames.DeviceRegistration);
        foreach (var registration in registrations.Take(1))
            Put($"{at}/registration", registration.OptionalDeviceText("value") is { } value ? (value, $"{registration.Pointer}/value") : null, "");
        var carriers = device.Objects("udiCarrier");
        foreach (var more in carriers.Skip(1))
            more.Fault(null, "fhirOnlyOne", "udiCarrier");
        foreach (var carrier in carriers.Take(1))
        {
            var (readable, product) = (carrier.OptionalUdi("carrierHRF"), carrier.OptionalDeviceText("deviceIdentifier"));
            foreach (var known in new[] { "issuer", "jurisdiction", "entryType" })
                carrier.OptionalDeviceText(known, MaxText);
            if (readable is not null && product is not null && !readable.Contains(product, StringComparison.Ordinal))
                carrier.Fault("deviceIdentifier", "contradictsUdi");
            Put($"{at}/udi", readable is not null ? (readable, $"{carrier.Pointer}/carrierHRF") : product is not null ? (product, $"{carrier.Pointer}/deviceIdentifier") : null, "");
        }

        Put($"{at}/lot", device.OptionalDeviceText("lotNumber") is { } lot ? (lot, $"{device.Pointer}/lotNumber") : null, "");
        Put($"{at}/serial", device.OptionalDeviceText("serialNumber") is { } serial ? (serial, $"{device.Pointer}/serialNumber") : null, "");
        PutFlag($"{at}/singleUse", entry, FhirNames.SingleUse);
    }

    private void Consented(Entry main)
    {
        var said = Only(main, FhirNames.ConsentGiven) is { } given ? Taken(given, "valueCode") : null;
        var entry = _entries.Find(e => e.Type == "Consent");
        if (entry?.Json is { } consent)
        {
            foreach (var known in new[] { "category", "policy", "policyRule" })
                consent.Has(known);
            // One to research, or to the use of data, is none to the procedure.
            if (Codes(consent, "scope", FhirNames.ConsentScope).Exists(c => c.Value != "treatment"))
                consent.Fault("scope", "unknownValue", "treatment");
            if (consent.OptionalObject("provision") is { } provision)
                Permitted(provision);
            OfThePatient(consent, "patient");
            var status = consent.Text("status");
            if (said is not null || DetailsOfConsent.Any(url => Extended(main, url).Any()))
                consent.Fault(null, "fhirGivenTwice");
            else if (status is not ("active" or "rejected"))
                consent.Fault("status", "unknownValue", "active, rejected");
            else
                said = (Json.Name(status == "active" ? Consent.Signed : Consent.Absent), $"{consent.Pointer}/status");
        }

        Put("/consent", said, "");
        var of = entry ?? main;
        _places["/consentDetails"] = of == main ? $"{main.Json.Pointer}/extension" : of.Json.Pointer;
        if (of == main)
        {
            Put("/consentDetails/signedAt", Only(main, FhirNames.Signed) is { } signed ? Instant(signed, "valueDateTime") : null, "");
            PutFlag("/consentDetails/patientInformed", main, FhirNames.PatientInformed);
            PutFlag("/consentDetails/familyInformed", main, FhirNames.FamilyInformed);
        }
        else
        {
            Put("/consentDetails/signedAt", Instant(of.Json, "dateTime"), "");
            Verified(of.Json);
        }

        PutAll("/consentDetails/topics", Values(of, FhirNames.Topic, e => Taken(e, "valueCode")), $"{of.Json.Pointer}/extension");
        if (Only(of, FhirNames.ApprovedBy) is { } approved)
            Put("/consentDetails/approvedBy", Known(approved.Object("valueReference"), "Practitioner", FhirNames.Physician, FhirNames.Staff), "");
    }

    // What is denied may be the procedure itself.
    private static void Permitted(BodyObject provision)
    {
        if (provision.OptionalText("type") == "deny")
            provision.Fault("type", "fhirModifier");
        foreach (var exception in provision.Objects("provision"))
            Permitted(exception);
    }

    private void Verified(BodyObject consent)
    {
        var informed = new Dictionary<string, bool>();
        foreach (var verification in consent.Objects("verification"))
        {
            // With whom nobody says: it is told as not used.
            if (verification.OptionalObject("verifiedWith") is not { } with || Informed(with) is not { } whom || verification.OptionalFlag("verified") is not { } said)
                continue;
            if (informed.TryAdd(whom, said))
                Put($"/consentDetails/{whom}", JsonValue.Create(said), $"{verification.Pointer}/verified");
            else if (informed[whom] != said)
                verification.Fault("verified", "fhirContradicts", "Consent.verification");
        }
    }

    /// <summary>The member of the report that says whether they were informed. Of the family no more is taken than that it is the family.</summary>
    private string? Informed(BodyObject with)
    {
        if (with.Has("identifier"))
        {
            with.Fault("identifier", "fhirPersonalElement");
            return null;
        }

        var type = with.OptionalText("type");
        if (with.Has("reference"))
        {
            if (Follow(with, "Patient") is not { } entry)
                return null;
            if (entry != _patient)
                with.Fault("reference", "fhirOtherPatient");
            if (type is not (null or "Patient"))
                with.Fault("type", "fhirContradicts", "reference");
            return "patientInformed";
        }

        if (type is "Patient" or "RelatedPerson")
            return type == "Patient" ? "patientInformed" : "familyInformed";
        if (type is not null)
            with.Fault("type", "unknownValue", "Patient, RelatedPerson");
        else if (!with.Has("type"))
            with.Fault("type", "missing");
        return null;
    }

    private void Outcome(Entry main)
    {
        var fatal = new List<(BodyObject Event, Relation Relation, bool Alone)>();
        var n = 0;
        foreach (var happened in _entries.Where(e => e.Type == "AdverseEvent").Select(e => e.Json))
        {
            OfThePatient(happened, "subject");
            if (happened.Text("actuality") is { Length: > 0 } actuality and not "actual")
                happened.Fault("actuality", "unknownValue", "actual");
            var relation = Related(happened, main);
            var died = Choice(happened, "outcome", [.. new[] { "resolved", "recovering", "ongoing", "resolvedWithSequelae", "unknown" }.Select(c => (FhirNames.EventOutcome, c, false)), (FhirNames.EventOutcome, "fatal", true)]) == true;
            var severe = Serious(happened);
            var code = happened.Has("event") ? OnlyCode(happened, "event", FhirNames.Complication) : null;
            if (died)
                fatal.Add((happened, relation, Alone: !happened.Has("event")));
            if (!happened.Has("event") && died)
                continue;
            var at = $"/outcome/complications/{n++}";
            Put(at, new JsonObject(), happened.Pointer);
            Put($"{at}/code", code is null ? null : (code.Value, code.At), $"{happened.Pointer}/event");
            if (severe)
                Put($"{at}/severe", JsonValue.Create(true), happened.Pointer);
            Put($"{at}/occurredOn", Day(happened, "date"), $"{happened.Pointer}/date");
            Put($"{at}/relation", (Json.Name(relation), $"{happened.Pointer}/suspectEntity"), "");
        }

        Death(fatal);
    }

    // Not stated is not unrelated: it counts until adjudicated (A3). Unrelated is what every suspect was found to be, the main procedure among them.
    private Relation Related(BodyObject happened, Entry main)
    {
        var relations = new List<Relation>();
        var judged = false;
        foreach (var suspect in happened.Objects("suspectEntity"))
        {
            judged |= Follow(suspect.Object("instance"), links: false, "Procedure", "Device") == main;
            var assessed = suspect.Objects("causality").Select(Assessed).ToList();
            relations.AddRange(assessed.Count > 0 ? assessed : [Relation.Undetermined]);
        }

        if (!judged)
            relations.Add(Relation.Undetermined);
        return relations.Contains(Relation.Related) ? Relation.Related : relations.TrueForAll(r => r == Relation.Unrelated) ? Relation.Unrelated : Relation.Undetermined;
    }

    private static Relation Assessed(BodyObject causality) => Choice(
        causality, "assessment",
        (FhirNames.Causality, "Certain", Relation.Related), (FhirNames.Causality, "Probably-Likely", Relation.Related), (FhirNames.Causality, "Possible", Relation.Undetermined),
        (FhirNames.Causality, "Conditional-Classified", Relation.Undetermined), (FhirNames.Causality, "Unassessable-Unclassifiable", Relation.Undetermined), (FhirNames.Causality, "Unlikely", Relation.Unrelated),
        (FhirNames.Relation, "related", Relation.Related), (FhirNames.Relation, "unrelated", Relation.Unrelated), (FhirNames.Relation, "undetermined", Relation.Undetermined)) ?? Relation.Undetermined;

    private bool Serious(BodyObject happened)
    {
        var severity = Choice(happened, "severity", (FhirNames.Severity, "mild", false), (FhirNames.Severity, "moderate", false), (FhirNames.Severity, "severe", true));
        var seriousness = Choice(
            happened, "seriousness",
            [(FhirNames.Seriousness, "Non-serious", false), .. new[] { "Serious", "SeriousResultsInDeath", "SeriousIsLifeThreatening", "SeriousResultsInHospitalization", "SeriousResultsInDisability", "SeriousIsBirthDefect", "SeriousRequiresPreventImpairment" }.Select(c => (FhirNames.Seriousness, c, true))]);
        return severity == true || seriousness == true;
    }

    private void Death(List<(BodyObject Event, Relation Relation, bool Alone)> fatal)
    {
        var patient = _patient?.Json;
        var expired = Expired();
        var deceased = patient?.OptionalFlag("deceasedBoolean");
        var died = deceased == true || expired;
        var on = patient is null ? null : Day(patient, "deceasedDateTime");
        // Of an event that is nothing but the death the day is that of the death; of a complication that ended so it is not.
        foreach (var alone in fatal.Where(f => f.Alone))
        {
            var day = Day(alone.Event, "date");
            if (on is { } said && day is { } other && said.Value != other.Value)
                alone.Event.Fault("date", "fhirContradicts", "Patient.deceased");
            on ??= day;
        }

        if (deceased == false && (fatal.Count > 0 || expired))
        {
            patient!.Fault("deceasedBoolean", "fhirContradicts", fatal.Count > 0 ? "AdverseEvent.outcome" : "Encounter.hospitalization");
            return;
        }

        if (on is null && fatal.Count == 0 && !died)
            return;
        var relation = fatal.Exists(f => f.Relation == Relation.Related) ? Relation.Related : fatal.Count > 0 && fatal.TrueForAll(f => f.Relation == Relation.Unrelated) ? Relation.Unrelated : Relation.Undetermined;
        Put("/outcome/death/occurredOn", on, fatal.Find(f => f.Alone).Event is { } only ? $"{only.Pointer}/date" : $"{patient?.Pointer}/deceasedDateTime");
        Put("/outcome/death/relation", (Json.Name(relation), fatal.FirstOrDefault().Event?.Pointer ?? patient?.Pointer ?? ""), "");
    }

    private bool Expired() => _entries.Find(e => e.Type == "Encounter" && e.Linked)?.Json.OptionalObject("hospitalization")?.OptionalObject("dischargeDisposition") is { } left
        && left.Objects("coding").Select(c => (System: c.OptionalText("system", MaxText), Code: c.OptionalText("code"))).ToList().Contains((FhirNames.DischargeDisposition, "exp"));

    private void OfThePatient(BodyObject owner, string name)
    {
        if (Follow(owner.Object(name), "Patient") is { } other && other != _patient)
            owner.Fault(name, "fhirOtherPatient");
    }

    /// <summary>The entry a reference names, by its fullUrl or as <c>Type/id</c>.</summary>
    private Entry? Follow(BodyObject reference, params IReadOnlyList<string> types) => Follow(reference, links: true, types);

    /// <param name="links">False for a reference that does not make what it names a part of the case.</param>
    private Entry? Follow(BodyObject reference, bool links, params IReadOnlyList<string> types)
    {
        reference.OptionalText("type", MaxText);
        if (reference.OptionalOpaqueText("reference", MaxText) is not { } text)
        {
            if (!reference.Has("reference"))
                reference.Fault("reference", "missing");
            return null;
        }

        if (!_named.TryGetValue(text, out var entry))
        {
            reference.Fault("reference", "fhirDangling");
            return null;
        }

        entry.Linked |= links;
        if (types.Contains(entry.Type))
            return entry;
        reference.Fault("reference", "fhirReferenceType", string.Join(", ", types));
        return null;
    }

    /// <summary>Who or what a reference means, as the registry knows it: named in the reference, or by the resource it points at.</summary>
    private (string Value, string At)? Known(BodyObject reference, string type, params IReadOnlyList<string> systems)
    {
        if (reference.OptionalObject("identifier") is { } logical)
        {
            if (Of(logical, systems, other: "fhirIdentifier"))
                return logical.OptionalText("value") is { } value ? (value, $"{logical.Pointer}/value") : null;
            return null;
        }

        if (Follow(reference, type) is not { } entry)
            return null;
        if (_known.TryGetValue(entry, out var known))
            return known;
        var found = entry.Json;
        found.Has("active");
        return _known[entry] = IdentifierOf(found, systems, type == "Practitioner");
    }

    private (string Value, string At)? IdentifierOf(BodyObject resource, IReadOnlyList<string> systems, bool person)
    {
        var own = resource.Objects("identifier").Where(i => Of(i, systems, person ? "fhirPersonalElement" : null)).ToList();
        if (own is not [var one, ..])
        {
            resource.Fault("identifier", "fhirIdentifier", string.Join(", ", systems));
            return null;
        }

        foreach (var more in own.Skip(1))
            more.Fault(null, "fhirOnlyOne", string.Join(", ", systems));
        return one.OptionalText("value") is { } value ? (value, $"{one.Pointer}/value") : null;
    }

    /// <summary>Whether an identifier is of one of the systems.</summary>
    /// <param name="other">The fault of one that is not; null where others may stand too.</param>
    private static bool Of(BodyObject identifier, IReadOnlyList<string> systems, string? other = null)
    {
        foreach (var known in new[] { "type", "period" })
            identifier.Has(known);
        var own = identifier.OptionalText("system", MaxText) is { } system && systems.Contains(system);
        if (!own && other is not null)
        {
            identifier.TakeAll();
            identifier.Fault(null, other, string.Join(", ", systems));
        }
        else if (identifier.OptionalText("use") is "old")
        {
            identifier.Fault("use", "fhirEnteredInError");
        }

        return own;
    }

    private IEnumerable<BodyObject> Extended(Entry entry, string url)
    {
        if (!_extensions.TryGetValue(entry, out var all))
            _extensions[entry] = all = [.. entry.Json.Objects("extension").Select(e => (e.OptionalText("url", MaxText), e))];
        return all.Where(e => e.Url == url).Select(e => e.Extension);
    }

    /// <summary>The one extension there may be.</summary>
    private BodyObject? Only(Entry entry, string url)
    {
        var all = Extended(entry, url).ToList();
        foreach (var more in all.Skip(1))
            more.Fault(null, "fhirOnlyOne", url);
        return all.FirstOrDefault();
    }

    private List<Code> Values(Entry entry, string url, Func<BodyObject, (string Value, string At)?> read) =>
        [.. Extended(entry, url).Select(read).OfType<(string Value, string At)>().Select(v => new Code("", v.Value, v.At))];

    /// <summary>The codes of an element that are of the systems asked for. What others stand beside them say the same in other words; where there are only others, nobody understands them.</summary>
    private static List<Code> Codes(BodyObject owner, string name, params IReadOnlyList<string> systems)
    {
        if (owner.OptionalObject(name) is not { } concept)
            return [];
        var codes = new List<Code>();
        foreach (var coding in concept.Objects("coding"))
        {
            var (system, code) = (coding.OptionalText("system", MaxText), coding.OptionalText("code"));
            if (system is not null && code is not null && systems.Contains(system))
                codes.Add(new(system, code, $"{coding.Pointer}/code"));
        }

        if (codes.Count == 0)
            owner.Fault(name, "fhirCodeSystem", string.Join(", ", systems));
        return codes;
    }

    /// <summary>The one code there may be; of two, neither says the same in other words.</summary>
    private Code? OnlyCode(BodyObject owner, string name, string system)
    {
        var codes = Codes(owner, name, system).DistinctBy(c => c.Value).ToList();
        foreach (var more in codes.Skip(1))
            _body.Add(new(more.At, "fhirOnlyOne", name));
        return codes.FirstOrDefault();
    }

    /// <summary>What the code of an element means; null when the element is not there. Codes are compared without regard to case, which HL7 has changed in its own.</summary>
    private static T? Choice<T>(BodyObject owner, string name, params IReadOnlyList<(string System, string Code, T Meaning)> choices)
        where T : struct
    {
        var codes = Codes(owner, name, [.. choices.Select(c => c.System).Distinct()]);
        if (codes.Count == 0)
            return null;
        var meant = codes.SelectMany(code => choices.Where(c => c.System == code.System && string.Equals(c.Code, code.Value, StringComparison.OrdinalIgnoreCase)).Select(c => c.Meaning)).Distinct().ToList();
        if (meant.Count == 0)
            owner.Fault(name, "unknownValue", string.Join(", ", choices.Select(c => c.Code)));
        else if (meant.Count > 1)
            owner.Fault(name, "fhirContradicts", name);
        return meant is [var one] ? one : null;
    }

    private static (string Value, string At)? Taken(BodyObject owner, string name) => owner.OptionalText(name) is { } text ? (text, $"{owner.Pointer}/{name}") : null;

    /// <summary>The day of a date or an instant, in Shanghai. What is neither, or out of range, is passed on to be refused.</summary>
    private static (string Value, string At)? Day(BodyObject owner, string name)
    {
        var taken = Taken(owner, name);
        if (taken is not { } said || !BodyObject.TryInstant(said.Value, out var at))
            return taken;
        // Of the last instant there is Shanghai has no day.
        var day = BodyObject.InRange(at) ? Shanghai.DayOf(at) : DateOnly.FromDateTime(at.UtcDateTime);
        return (day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), said.At);
    }

    /// <summary>An instant. A day alone, which R4 allows in the same place, says too little and is told as not used.</summary>
    private (string Value, string At)? Instant(BodyObject owner, string name)
    {
        var taken = Taken(owner, name);
        if (taken is null || HasTime(taken.Value.Value))
            return taken;
        _unused.Add(taken.Value.At);
        return null;
    }

    private static bool HasTime(string dateTime) => dateTime.Contains('T');

    private void PutFlag(string pointer, Entry entry, string url)
    {
        var flag = Only(entry, url);
        Put(pointer, flag?.OptionalFlag("valueBoolean") is { } said ? JsonValue.Create(said) : null, flag is null ? $"{entry.Json.Pointer}/extension" : $"{flag.Pointer}/valueBoolean");
    }

    private void PutOne(string pointer, List<Code> values, string place)
    {
        Put(pointer, values is [var one, ..] ? (one.Value, one.At) : null, place);
        foreach (var more in values.Skip(1))
            _body.Add(new(more.At, "fhirOnlyOne", pointer[1..]));
    }

    private void PutAll(string pointer, List<Code> values, string place)
    {
        _places[pointer] = place;
        var n = 0;
        // Two procedures of a visit may be of the same kind.
        foreach (var value in pointer is "/procedureCodes" or "/icd9cm3" ? values.DistinctBy(v => v.Value) : values)
            Put($"{pointer}/{n++}", (value.Value, value.At), "");
    }

    private void Put(string pointer, (string Value, string At)? value, string place) => Put(pointer, value is { } v ? JsonValue.Create(v.Value) : null, value?.At ?? place);

    /// <summary>Writes a member of the report, and remembers where it stands in the Bundle.</summary>
    /// <param name="value">Null: nothing stands there.</param>
    /// <param name="place">Where it does, or should.</param>
    private void Put(string pointer, JsonNode? value, string place)
    {
        if (place.Length > 0)
            _places[pointer] = place;
        if (value is null)
            return;
        var parts = pointer.Split('/')[1..];
        JsonNode at = _report;
        for (var i = 0; i + 1 < parts.Length; i++)
        {
            var next = at is JsonArray list ? list[int.Parse(parts[i], CultureInfo.InvariantCulture)] : at[parts[i]];
            if (next is null)
                at[parts[i]] = next = char.IsAsciiDigit(parts[i + 1][0]) ? new JsonArray() : new JsonObject();
            at = next;
        }

        if (at is JsonArray items)
            items.Add(value);
        else
            at[parts[^1]] = value;
    }

    private enum Function
    {
        Operator,
        Assistant,
        Trainee,
    }

    private sealed record Code(string System, string Value, string At);

    private sealed class Entry(string type, int at, BodyObject json)
    {
        public string Type => type;

        /// <summary>Its place in the Bundle, the first being 0.</summary>
        public int At => at;

        public BodyObject Json => json;

        /// <summary>Whether it is of the case by what it is, or by a reference of another.</summary>
        public bool Linked { get; set; }
    }
}
