using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Calendars;

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

/// <summary>What patient and family are to be told before the start (NV-CASE-CONSENT, CI-CASE-CONSENT).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConsentTopic>))]
public enum ConsentTopic
{
    /// <summary>手术目的.</summary>
    [StoredAs("Purpose")] Purpose,

    /// <summary>手术风险.</summary>
    [StoredAs("Risks")] Risks,

    /// <summary>术后注意事项.</summary>
    [StoredAs("Aftercare")] Aftercare,

    /// <summary>可能发生的并发症及预防措施.</summary>
    [StoredAs("Complications")] Complications,
}

/// <summary>How consent came about, as far as the hospital says. What is null, and topics left out altogether, are not said and earn no flag.</summary>
/// <param name="SignedAt">When the consent was signed or, in an emergency, the approval.</param>
/// <param name="Topics">In the order of <see cref="ConsentTopic"/>, each once: in what order they were told says nothing. Empty when not said.</param>
/// <param name="ApprovedBy">Staff number of the head of the institution, or of whom the head authorised, who approved in an emergency in place of patient and family (民法典 1220). No name.</param>
public sealed record ConsentDetails(
    [property: Stored("SignedAt")] DateTimeOffset? SignedAt,
    [property: Stored("PatientInformed")] bool? PatientInformed,
    [property: Stored("FamilyInformed")] bool? FamilyInformed,
    [property: Stored("Topics")] IReadOnlyList<ConsentTopic> Topics,
    [property: Stored("ApprovedBy")] string? ApprovedBy)
{
    public bool SaysTheSameAs(ConsentDetails? other) => other is not null && this with { Topics = other.Topics } == other && Topics.SequenceEqual(other.Topics);
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

/// <summary>What an outcome statement says of complications: that there were none, or that all there were stand in the case.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ComplicationsStated>))]
public enum ComplicationsStated
{
    [StoredAs("None")] None,
    [StoredAs("Reported")] Reported,
}

/// <summary>How a follow-up (随访) found the patient.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FollowUpStatus>))]
public enum FollowUpStatus
{
    [StoredAs("Alive")] Alive,
    [StoredAs("Dead")] Dead,

    /// <summary>失访: sought in vain. It discharges the duty, for no more can be done, and is no follow-up in the rate.</summary>
    [StoredAs("Lost")] Lost,
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
/// <param name="DecidedBy">Who decided on it; the operator may be among them (A19).</param>
/// <param name="Succeeded">False for a treatment attempted and abandoned.</param>
/// <param name="StartedAt">When the procedure began, not after it ended; null when not said.</param>
/// <param name="DecidedOn">The day, in Asia/Shanghai, on which it was decided; null when not said. Where <paramref name="DecidedAt"/> is said too, its day.</param>
/// <param name="DecidedAt">When it was decided, where more than the day is known.</param>
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
    [property: Stored("Devices")] IReadOnlyList<DeviceUse> Devices,
    [property: Stored("StartedAt"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? StartedAt = null,
    [property: Stored("DecidedOn"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? DecidedOn = null,
    [property: Stored("DecidedAt"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? DecidedAt = null,
    [property: Stored("ConsentDetails"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ConsentDetails? ConsentDetails = null)
{
    /// <summary>The day on which those who decided must have been the institution's own, qualified and of the title: of the decision, or of completion where none is said.</summary>
    [JsonIgnore]
    public DateOnly DecisionDay => DecidedOn ?? (DecidedAt is { } at ? Shanghai.DayOf(at) : CompletedOn);

    /// <summary>The instant by which the procedure had certainly begun: its start or, where none is said, its end.</summary>
    [JsonIgnore]
    public DateTimeOffset BegunBy => StartedAt ?? CompletedAt;

    /// <summary>Names the patient, of whom a report holds the hash alone.</summary>
    public const string PatientPointer = "/patient";

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
        Compare(PatientPointer, PatientHash == other.PatientHash);
        Compare("/urgency", Urgency == other.Urgency);
        Compare("/succeeded", Succeeded == other.Succeeded);
        Compare("/consent", Consent == other.Consent);
        Compare("/admittedOn", AdmittedOn == other.AdmittedOn);
        Compare("/dischargedOn", DischargedOn == other.DischargedOn);
        Compare("/devices", Said(Devices).SequenceEqual(Said(other.Devices)));
        Compare("/startedAt", StartedAt == other.StartedAt);
        Compare("/decidedOn", DecidedOn == other.DecidedOn);
        Compare("/decidedAt", DecidedAt == other.DecidedAt);
        Compare("/consentDetails", ConsentDetails?.SaysTheSameAs(other.ConsentDetails) ?? other.ConsentDetails is null);
        return pointers;
    }

    /// <summary>What stands at one of the pointers that <see cref="DifferencesFrom"/> gives; of the patient that is the hash.</summary>
    public object? At(string pointer) => pointer switch
    {
        "/technique" => Technique,
        "/procedureCodes" => ProcedureCodes,
        "/icd9cm3" => OtherCodes,
        "/intent" => Intent,
        "/completedAt" => CompletedAt,
        "/operator" => Operator,
        "/trainee" => Trainee,
        "/assistants" => Assistants,
        "/decidedBy" => DecidedBy,
        PatientPointer => PatientHash,
        "/urgency" => Urgency,
        "/succeeded" => Succeeded,
        "/consent" => Consent,
        "/admittedOn" => AdmittedOn,
        "/dischargedOn" => DischargedOn,
        "/devices" => Devices,
        "/startedAt" => StartedAt,
        "/decidedOn" => DecidedOn,
        "/decidedAt" => DecidedAt,
        "/consentDetails" => ConsentDetails,
        _ => throw new UnreachableException($"a report has nothing at {pointer}"),
    };

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

/// <summary>The outcomes a report states; all parts may be empty.</summary>
/// <param name="AliveOnDay30">When given, the report is the outcome statement too, and its complications are all there were.</param>
public sealed record ReportedOutcome(IReadOnlyList<ReportedComplication> Complications, ReportedDeath? Death, bool? AliveOnDay30 = null)
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
