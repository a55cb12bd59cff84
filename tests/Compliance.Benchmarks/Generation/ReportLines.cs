using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Compliance.Service.Http;

namespace Compliance.Benchmarks.Generation;

/// <summary>Reports as hospitals send them.</summary>
internal static class ReportLines
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line each, as the import takes them.</summary>
    public static byte[] Of(IEnumerable<GeneratedCase> cases)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var c in cases)
        {
            Write(buffer, c);
            buffer.Write("\n"u8);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The body of one report.</summary>
    public static byte[] Of(GeneratedCase c)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        Write(buffer, c);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> buffer, GeneratedCase c)
    {
        var r = c.Report;
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartObject();
        json.WriteString("institution", c.Institution);
        json.WriteString("caseNumber", c.CaseNumber);
        json.WriteString("technique", r.Technique);
        Texts(json, "procedureCodes", r.ProcedureCodes);
        Texts(json, "icd9cm3", r.OtherCodes);
        json.WriteString("intent", Json.Name(r.Intent));
        json.WriteString("completedAt", r.CompletedAt.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture));
        json.WriteString("operator", r.Operator);
        Texts(json, "assistants", r.Assistants);
        Texts(json, "decidedBy", r.DecidedBy);
        json.WriteStartObject("patient");
        json.WriteString("pseudonym", c.Patient.Pseudonym);
        json.WriteString("sex", Json.Name(c.Patient.Sex!.Value));
        json.WriteNumber("ageYears", c.Patient.AgeYears!.Value);
        json.WriteString("diagnosis", c.Patient.Diagnosis);
        json.WriteEndObject();
        json.WriteString("urgency", Json.Name(r.Urgency!.Value));
        if (r.Succeeded is { } succeeded)
            json.WriteBoolean("succeeded", succeeded);
        json.WriteString("consent", Json.Name(r.Consent!.Value));
        Day(json, "admittedOn", r.AdmittedOn);
        Day(json, "dischargedOn", r.DischargedOn);
        json.WriteStartArray("devices");
        foreach (var device in r.Devices)
        {
            json.WriteStartObject();
            json.WriteString("udi", device.Udi);
            json.WriteString("lot", device.Lot);
            json.WriteString("serial", device.Serial);
            json.WriteBoolean("singleUse", device.SingleUse!.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Outcome(json, c);
        json.WriteEndObject();
    }

    private static void Outcome(Utf8JsonWriter json, GeneratedCase c)
    {
        json.WriteStartObject("outcome");
        json.WriteStartArray("complications");
        foreach (var complication in c.Outcome.Complications)
        {
            json.WriteStartObject();
            json.WriteString("code", complication.Code);
            json.WriteBoolean("severe", complication.Severe);
            Day(json, "occurredOn", complication.OccurredOn);
            json.WriteString("relation", Json.Name(complication.Relation));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (c.Outcome.Death is { } death)
        {
            json.WriteStartObject("death");
            Day(json, "occurredOn", death.OccurredOn);
            json.WriteString("relation", Json.Name(death.Relation));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Day(Utf8JsonWriter json, string name, DateOnly? day)
    {
        if (day is { } known)
            json.WriteString(name, known.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }
}
