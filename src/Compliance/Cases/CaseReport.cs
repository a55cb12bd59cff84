using System.Text.Json.Serialization;

namespace Compliance.Cases;

/// <summary>诊断 or 治疗: what the case was done for. A treatment attempted and abandoned is therapeutic.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Intent>))]
public enum Intent
{
    [StoredAs("Diagnostic")] Diagnostic,
    [StoredAs("Therapeutic")] Therapeutic,
}

[JsonConverter(typeof(JsonStringEnumConverter<Urgency>))]
public enum Urgency
{
    [StoredAs("Elective")] Elective,
    [StoredAs("Urgent")] Urgent,
    [StoredAs("Emergency")] Emergency,
}

/// <summary>知情同意书: signed before the start, approved by the institution in an emergency, or absent.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Consent>))]
public enum Consent
{
    [StoredAs("Signed")] Signed,
    [StoredAs("EmergencyApproved")] EmergencyApproved,
    [StoredAs("Absent")] Absent,
}

/// <summary>与操作相关: whether an outcome is related to the procedure.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Relation>))]
public enum Relation
{
    [StoredAs("Related")] Related,
    [StoredAs("Unrelated")] Unrelated,

    /// <summary>Counts as related until adjudicated: leaving it open gains nothing (A3).</summary>
    [StoredAs("Undetermined")] Undetermined,
}

/// <summary>A device used, as its label says (NV-DEV-REGISTER).</summary>
public sealed record DeviceUse(
    [property: Stored("Registration")] string? Registration,
    [property: Stored("Udi")] string? Udi,
    [property: Stored("Lot")] string? Lot,
    [property: Stored("Serial")] string? Serial,
    [property: Stored("SingleUse")] bool? SingleUse)
{
    /// <summary>Whether it says nothing at all.</summary>
    [JsonIgnore]
    public bool IsEmpty => this is { Registration: null, Udi: null, Lot: null, Serial: null, SingleUse: null };
}

/// <summary>
/// One visit of one patient to the angiography room, as its hospital reports it, without outcomes and without the
/// patient: those are kept beside the log, <see cref="PatientHash"/> proves what stood there.
/// </summary>
/// <param name="Technique">The regulation's technique, e.g. <c>neurovascular</c>.</param>
/// <param name="ProcedureCodes">Codes of the regulation's catalogue.</param>
/// <param name="OtherCodes">ICD-9-CM-3 codes, if known.</param>
/// <param name="Intent">As declared.</param>
/// <param name="Therapeutic">True when declared so, or when any procedure is a treatment by the catalogue.</param>
/// <param name="Level">The highest level of the procedures by the catalogue, 1 to 4; 0 where the technique is not graded.</param>
/// <param name="CompletedAt">When the procedure ended.</param>
/// <param name="CompletedOn">The same as a day in Asia/Shanghai: the day the case counts on.</param>
/// <param name="Operator">The one operator of record (第一术者); assistants get no count.</param>
/// <param name="Trainee">Who operated under the operator's supervision; credited in the training log alone.</param>
/// <param name="Succeeded">False for a treatment attempted and abandoned.</param>
public sealed record CaseReport(
    [property: Stored("Technique")] string Technique,
    [property: Stored("ProcedureCodes")] IReadOnlyList<string> ProcedureCodes,
    [property: Stored("OtherCodes")] IReadOnlyList<string> OtherCodes,
    [property: Stored("Intent")] Intent Intent,
    [property: Stored("Therapeutic")] bool Therapeutic,
    [property: Stored("Level")] int Level,
    [property: Stored("CompletedAt")] DateTimeOffset CompletedAt,
    [property: Stored("CompletedOn")] DateOnly CompletedOn,
    [property: Stored("Operator")] string Operator,
    [property: Stored("Trainee")] string? Trainee,
    [property: Stored("Assistants")] IReadOnlyList<string> Assistants,
    [property: Stored("DecidedBy")] IReadOnlyList<string> DecidedBy,
    [property: Stored("PatientHash")] string? PatientHash,
    [property: Stored("Urgency")] Urgency? Urgency,
    [property: Stored("Succeeded")] bool? Succeeded,
    [property: Stored("Consent")] Consent? Consent,
    [property: Stored("AdmittedOn")] DateOnly? AdmittedOn,
    [property: Stored("DischargedOn")] DateOnly? DischargedOn,
    [property: Stored("Devices")] IReadOnlyList<DeviceUse> Devices)
{
    /// <summary>
    /// JSON pointers of the members of a report that differ between two reports, as the HTTP contract names them;
    /// empty when a hospital said the same twice. What is derived (level, day) is not compared, nor are blanks around the text of a device, or devices of which nothing is said: a sheet has neither.
    /// </summary>
    public IReadOnlyList<string> DifferencesFrom(CaseReport other)
    {
        var pointers = new List<string>();
        void Compare(string pointer, bool same)
        {
            if (!same)
            {
                pointers.Add(pointer);
            }
        }

        Compare("/technique", Technique == other.Technique);
        Compare("/procedureCodes", ProcedureCodes.SequenceEqual(other.ProcedureCodes));
        Compare("/icd9cm3", OtherCodes.SequenceEqual(other.OtherCodes));
        Compare("/intent", Intent == other.Intent);
        Compare("/completedAt", CompletedAt == other.CompletedAt);
        Compare("/operator", Operator == other.Operator);
        Compare("/trainee", Trainee == other.Trainee);
        Compare("/assistants", Assistants.SequenceEqual(other.Assistants));
        Compare("/decidedBy", DecidedBy.SequenceEqual(other.DecidedBy));
        Compare("/patient", PatientHash == other.PatientHash);
        Compare("/urgency", Urgency == other.Urgency);
        Compare("/succeeded", Succeeded == other.Succeeded);
        Compare("/consent", Consent == other.Consent);
        Compare("/admittedOn", AdmittedOn == other.AdmittedOn);
        Compare("/dischargedOn", DischargedOn == other.DischargedOn);
        Compare("/devices", Said(Devices).SequenceEqual(Said(other.Devices)));
        return pointers;
    }

    private static IEnumerable<DeviceUse> Said(IEnumerable<DeviceUse> devices) => devices
        .Select(d => new DeviceUse(d.Registration?.Trim(), d.Udi?.Trim(), d.Lot?.Trim(), d.Serial?.Trim(), d.SingleUse))
        .Where(d => !d.IsEmpty);
}

/// <summary>A complication as a report states it.</summary>
/// <param name="Code">A code of the regulation's table.</param>
/// <param name="Severe">By the table, or raised by the report; never lowered by it.</param>
public sealed record ReportedComplication(string Code, bool Severe, DateOnly OccurredOn, Relation Relation);

/// <summary>A death as a report states it.</summary>
public sealed record ReportedDeath(DateOnly OccurredOn, Relation Relation);

/// <summary>The outcomes a report states; both parts may be empty.</summary>
public sealed record ReportedOutcome(IReadOnlyList<ReportedComplication> Complications, ReportedDeath? Death)
{
    public static readonly ReportedOutcome None = new([], null);
}

/// <summary>Where and when a case belongs: stands in every event of a case, so that no reader has to look it up.</summary>
public sealed record CaseKey(
    [property: Stored("CaseId")] Guid CaseId,
    [property: Stored("Institution")] string Institution,
    [property: Stored("Operator")] string Operator,
    [property: Stored("Technique")] string Technique,
    [property: Stored("CompletedOn")] DateOnly CompletedOn);

/// <summary>
/// When a report was received and when it was due.
/// </summary>
/// <param name="ReceivedOn">The day, in Asia/Shanghai, on which the service received it.</param>
/// <param name="Deadline">The tenth working day after the day of completion, until its last instant (NV-REPORT-10WD, CI3-REPORT-10WD); null for a case without one.</param>
/// <param name="CalendarVersion">How many calendars had been published when it was computed.</param>
/// <param name="Provisional">True when it reaches into a year not published yet.</param>
public sealed record Timeliness(
    [property: Stored("ReceivedOn")] DateOnly ReceivedOn,
    [property: Stored("Deadline")] DateOnly? Deadline,
    [property: Stored("CalendarVersion")] int CalendarVersion,
    [property: Stored("Provisional")] bool Provisional)
{
    [JsonIgnore]
    public bool IsLate => Deadline < ReceivedOn;
}
