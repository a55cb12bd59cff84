using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Cases;

public enum CaseStatus
{
    Reported,
    Voided,
}

/// <param name="Relation">As the hospital declared it.</param>
/// <param name="Adjudicated">As the regulator settled it; null while nobody did.</param>
public sealed record ComplicationShown(Guid Id, string Code, bool Severe, DateOnly OccurredOn, Relation Relation, Relation? Adjudicated, DateOnly ReceivedOn);

public sealed record DeathShown(DateOnly OccurredOn, Relation Relation, Relation? Adjudicated, DateOnly ReceivedOn);

public sealed record IncidentShown(Guid Id, int Grade, DateOnly DeterminedOn, Relation Relation, Relation? Adjudicated);

public sealed record PatientShown(string Pseudonym, Sex? Sex, int? AgeYears, string? Diagnosis);

/// <summary>A request that waits for the regulator; until then everything counts as before.</summary>
/// <param name="Change"><c>void</c>, <c>correction</c>, <c>withdrawal</c> or <c>relation</c>.</param>
/// <param name="Of">What is to be withdrawn or called unrelated.</param>
/// <param name="Differs">For a correction, the members of the report it would change.</param>
public sealed record RequestShown(Guid RequestId, RequestedChange Change, string? Of, IReadOnlyList<string> Differs, string Reason, Actor By);

/// <summary>A case: the report as it stands, and what came of it.</summary>
/// <param name="Therapeutic">By intent, or because any of its procedures is a treatment.</param>
/// <param name="Level">The highest of its procedures; 0 where the technique is not graded.</param>
/// <param name="CompletedOn">The day in Asia/Shanghai on which it counts.</param>
/// <param name="Patient">Null when none was reported, or what stood there was destroyed.</param>
/// <param name="Flags">Derived from today's registries.</param>
/// <param name="FlagsWhenReported">What the report was answered with.</param>
/// <param name="Lateness">Every time it was late and why, also where it no longer is; empty for a case that never was.</param>
/// <param name="Version">Of its stream, as the ETag has it.</param>
public sealed record CaseShown(
    Guid CaseId,
    CaseStatus Status,
    string Institution,
    string CaseNumber,
    string Technique,
    IReadOnlyList<string> ProcedureCodes,
    IReadOnlyList<string> Icd9cm3,
    Intent Intent,
    bool Therapeutic,
    int Level,
    DateTimeOffset CompletedAt,
    DateOnly CompletedOn,
    DateTimeOffset? StartedAt,
    string Operator,
    string? Trainee,
    IReadOnlyList<string> Assistants,
    IReadOnlyList<string> DecidedBy,
    DateOnly? DecidedOn,
    DateTimeOffset? DecidedAt,
    PatientShown? Patient,
    Urgency? Urgency,
    bool? Succeeded,
    Consent? Consent,
    ConsentDetails? ConsentDetails,
    DateOnly? AdmittedOn,
    DateOnly? DischargedOn,
    IReadOnlyList<DeviceUse> Devices,
    IReadOnlyList<ComplicationShown> Complications,
    DeathShown? Death,
    IReadOnlyList<IncidentShown> Incidents,
    IReadOnlyList<RequestShown> Requests,
    IReadOnlyList<string> Flags,
    IReadOnlyList<string> FlagsWhenReported,
    DateOnly ReceivedOn,
    DateOnly? Deadline,
    bool ProvisionalDeadline,
    ReportTimeliness Timeliness,
    IReadOnlyList<Lateness> Lateness,
    long Version,
    long Position)
{
    /// <summary>Shows cases as they stand in the log, with their patients and today's flags. Whoever shows them notes that they were read.</summary>
    public static async Task<IReadOnlyList<CaseShown>> Of(NpgsqlConnection connection, Reference reference, IReadOnlyList<FoundCase> cases, CancellationToken cancellation)
    {
        var patients = await Patients.Of(connection, [.. cases.Where(c => c.State.Report!.PatientHash is not null).Select(c => (c.CaseId, c.State.Report!.PatientHash!))], cancellation);
        var there = await Circumstances.Load(
            connection,
            reference,
            [.. cases.Select(c => new CircumstancesAsked(c.CaseId, c.State.Key!.Institution, c.State.Report!, patients.GetValueOrDefault(c.CaseId)?.Pseudonym, c.State.Voided))],
            cancellation);
        return [.. cases.Select((c, i) => Of(c, reference, patients.GetValueOrDefault(c.CaseId), there[i]))];
    }

    private static CaseShown Of(FoundCase found, Reference reference, Patient? patient, CaseCircumstances there)
    {
        var (state, report) = (found.State, found.State.Report!);
        var timeliness = ReportingDeadline.Now(reference, state);
        return new(
            found.CaseId,
            state.Voided ? CaseStatus.Voided : CaseStatus.Reported,
            state.Key!.Institution,
            state.CaseNumber,
            report.Technique,
            report.ProcedureCodes,
            report.OtherCodes,
            report.Intent,
            report.Therapeutic,
            report.Level,
            report.CompletedAt,
            report.CompletedOn,
            report.StartedAt,
            report.Operator,
            report.Trainee,
            report.Assistants,
            report.DecidedBy,
            report.DecidedOn,
            report.DecidedAt,
            patient is null ? null : new(patient.Pseudonym, patient.Sex, patient.AgeYears, patient.Diagnosis),
            report.Urgency,
            report.Succeeded,
            report.Consent,
            report.ConsentDetails,
            report.AdmittedOn,
            report.DischargedOn,
            report.Devices,
            [.. state.StandingComplications.Select(c => new ComplicationShown(c.Id, c.Code, c.Severe, c.OccurredOn, c.Declared, c.Adjudicated, c.ReceivedOn))],
            state.Death is { } d ? new(d.OccurredOn, d.Declared, d.Adjudicated, d.ReceivedOn) : null,
            [.. state.Incidents.Select(i => new IncidentShown(i.Id, i.Grade, i.DeterminedOn, i.Declared, i.Adjudicated))],
            [.. state.Requests.Where(r => r.Agreed is null).Select(r => new RequestShown(r.Id, r.Change, r.Of, r.Report?.DifferencesFrom(report) ?? [], r.Reason, r.By))],
            CaseFlags.Of(report, timeliness, ReportingDeadline.RegulationOf(reference, state).InPractice.CaseRules, there),
            state.FlagsWhenReported,
            timeliness.ReceivedOn,
            timeliness.Deadline,
            timeliness.Provisional,
            ReportingDeadline.WordFor(timeliness),
            Compliance.Cases.Lateness.Of(
                found.Events.Select(e => ((Case.Event)e.Data, Shanghai.DayOf(e.RecordedAt))),
                (key, then) => ReportingDeadline.Now(reference, then, key.Technique, key.CompletedOn)),
            found.Version,
            found.Position);
    }
}
