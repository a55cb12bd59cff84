using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Cases;

/// <summary>What a hospital is answered to a report; <c>position</c> is added.</summary>
/// <param name="Deadline">The last day on which it would have been on time; null for a case without one.</param>
/// <param name="ProvisionalDeadline">True when the deadline reaches into a year whose calendar is not published yet.</param>
/// <param name="Flags">What is irregular about it; nothing is turned away for that.</param>
public sealed record ReportAnswer(Guid CaseId, DateOnly? Deadline, bool ProvisionalDeadline, ReportTimeliness Timeliness, IReadOnlyList<string> Flags);

/// <summary><c>POST /cases</c>: a case is reported, once; every repeat of it changes nothing.</summary>
public static class ReportCase
{
    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases", Report)
        .Allows(Role.Hospital, Role.Regulator, Role.National)
        .Takes()
        .TakesHeader(Idempotency.Header)
        .Describes<ReportDocument, ReportAnswer>("Reports a case; the same again answers 200 and changes nothing", 201, 200, 403, 409, 503);

    private static async Task<IResult> Report(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        // The report belongs to the day on which it arrived, however long the rest takes.
        var receivedOn = answers.Today;
        var body = await Body.Read(http);
        await commands.ReferenceShown(http.RequestAborted);
        var reference = await reads.Reference(http.RequestAborted);
        var read = ReportBody.Read(body, body.Root, reference, receivedOn, withOutcome: true);
        return body.Refused(http) ?? await Run(http, caller, answers, reads, log, reference, read!, body, receivedOn);
    }

    /// <summary>What becomes of a report that keeps to the contract, in whatever form it came.</summary>
    /// <param name="body">As it was sent: the idempotency key is guarded by its bytes.</param>
    internal static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Reference reference, ReportRead read, Body body, DateOnly receivedOn)
    {
        var place = await CaseAccess.PlaceOf(reads, log, read.Institution, http.RequestAborted);
        if (!caller.MayWriteFor(read.Institution, place?.Province) && (place is not null || caller.Role == Role.Hospital))
            return Problem.Forbidden(http);
        if (place is null)
            return Problem.Invalid(http, new Fault("/institution", "unknownInstitution"));

        CaseCircumstances there;
        await using (var connection = await reads.Open(http.RequestAborted))
            there = (await Circumstances.Load(connection, log, reference, [new(read.CaseId, read.Institution, read.Report, read.Patient?.Pseudonym)], http.RequestAborted))[0];
        var reported = new ReportedCase(read, there, reference, receivedOn);

        return await answers.Command(
            http,
            caller,
            Aggregates.Cases,
            Case.Stream(read.CaseId),
            body,
            (state, _) => reported.Decide(state, caller.Actor()),
            (state, events) => (events.Count > 0 ? StatusCodes.Status201Created : StatusCodes.Status200OK, reported.Answer(state, events)),
            events => Patients.With(read.CaseId, read.Patient),
            receivedOn: receivedOn);
    }
}

/// <summary>A report with all it is decided by: the same for one report and for a line of an import.</summary>
/// <param name="there">Null only for a case known to be in the log, whose flags are not decided again.</param>
internal sealed class ReportedCase(ReportRead read, CaseCircumstances? there, Reference reference, DateOnly receivedOn)
{
    private readonly Timeliness _timeliness = ReportingDeadline.Of(reference, read.Regulation, read.Report, receivedOn);

    public ReportRead Read => read;

    public Decision<Case.Event> Decide(Case.State state, Actor by) =>
        Case.ReportCase(state, read.Institution, read.CaseNumber, read.Report, read.Outcome, _timeliness, state.Report is null ? Flags(_timeliness) : [], by);

    /// <summary>The same decision for a dry run, which keeps nothing and so needs no flags.</summary>
    public Decision<Case.Event> Rehearse(Case.State state, Actor by) => Case.ReportCase(state, read.Institution, read.CaseNumber, read.Report, read.Outcome, _timeliness, [], by);

    /// <summary>A repeat is answered as the case stands: with the day it was first received, and today's flags if it is the report that stands.</summary>
    public ReportAnswer Answer(Case.State state, IReadOnlyList<Case.Event> events)
    {
        var timeliness = ReportingDeadline.Now(reference, state);
        var flags = events.Count > 0 || read.Report.DifferencesFrom(state.Report!).Count > 0 ? state.FlagsWhenReported : Flags(timeliness);
        return new(read.CaseId, timeliness.Deadline, timeliness.Provisional, ReportingDeadline.WordFor(timeliness), flags);
    }

    private IReadOnlyList<string> Flags(Timeliness timeliness) => CaseFlags.Of(read.Report, timeliness, read.Regulation.InPractice.CaseRules, there ?? throw new InvalidOperationException("Flags of a repeat were asked for."));
}

// Described only: bodies are read by ReportBody, which refuses what these would let through.

/// <summary>A report, as a correction carries it.</summary>
internal record ReportWithoutOutcome(
    string Institution,
    string CaseNumber,
    string Technique,
    Intent Intent,
    DateTimeOffset CompletedAt,
    string Operator,
    IReadOnlyList<string>? ProcedureCodes = null,
    IReadOnlyList<string>? Icd9cm3 = null,
    string? Trainee = null,
    IReadOnlyList<string>? Assistants = null,
    IReadOnlyList<string>? DecidedBy = null,
    PatientDocument? Patient = null,
    Urgency? Urgency = null,
    bool? Succeeded = null,
    Consent? Consent = null,
    DateOnly? AdmittedOn = null,
    DateOnly? DischargedOn = null,
    IReadOnlyList<DeviceDocument>? Devices = null,
    DateTimeOffset? StartedAt = null,
    DateOnly? DecidedOn = null,
    DateTimeOffset? DecidedAt = null,
    ConsentDetailsDocument? ConsentDetails = null);

/// <summary>A report, as hospitals send it.</summary>
internal sealed record ReportDocument(
    string Institution,
    string CaseNumber,
    string Technique,
    Intent Intent,
    DateTimeOffset CompletedAt,
    string Operator,
    IReadOnlyList<string>? ProcedureCodes = null,
    IReadOnlyList<string>? Icd9cm3 = null,
    string? Trainee = null,
    IReadOnlyList<string>? Assistants = null,
    IReadOnlyList<string>? DecidedBy = null,
    PatientDocument? Patient = null,
    Urgency? Urgency = null,
    bool? Succeeded = null,
    Consent? Consent = null,
    DateOnly? AdmittedOn = null,
    DateOnly? DischargedOn = null,
    IReadOnlyList<DeviceDocument>? Devices = null,
    DateTimeOffset? StartedAt = null,
    DateOnly? DecidedOn = null,
    DateTimeOffset? DecidedAt = null,
    ConsentDetailsDocument? ConsentDetails = null,
    OutcomeDocument? Outcome = null)
    : ReportWithoutOutcome(
        Institution, CaseNumber, Technique, Intent, CompletedAt, Operator, ProcedureCodes, Icd9cm3, Trainee, Assistants, DecidedBy, Patient, Urgency, Succeeded, Consent, AdmittedOn, DischargedOn, Devices, StartedAt, DecidedOn, DecidedAt,
        ConsentDetails);

internal sealed record PatientDocument(string Pseudonym, Sex? Sex = null, int? AgeYears = null, string? Diagnosis = null);

internal sealed record ConsentDetailsDocument(
    DateTimeOffset? SignedAt = null, bool? PatientInformed = null, bool? FamilyInformed = null, IReadOnlyList<ConsentTopic>? Topics = null, string? ApprovedBy = null);

internal sealed record DeviceDocument(string? Registration = null, string? Udi = null, string? Lot = null, string? Serial = null, bool? SingleUse = null);

/// <param name="AliveOnDay30">Makes the report the outcome statement too; once day 30 is over, or with a death.</param>
internal sealed record OutcomeDocument(IReadOnlyList<ComplicationDocument>? Complications = null, DeathDocument? Death = null, bool? AliveOnDay30 = null);

internal sealed record ComplicationDocument(string Code, DateOnly OccurredOn, Relation Relation, bool? Severe = null);

internal sealed record DeathDocument(DateOnly OccurredOn, Relation Relation);
