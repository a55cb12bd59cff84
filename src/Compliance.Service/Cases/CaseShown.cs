using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Cases;

public enum CaseStatus
{
    Reported,
    Voided,
}

/// <param name="Complications"><c>none</c>, or <c>reported</c>: all there were stand in the case.</param>
public sealed record StatementShown(bool AliveOnDay30, ComplicationsStated Complications, DateOnly StatedOn, string By);

/// <summary>A follow-up owed, or recorded though none is owed.</summary>
/// <param name="Interval">Of the regulation, in days after completion; null for one recorded before the first.</param>
/// <param name="OpensOn">First day of its window; null where none is owed.</param>
/// <param name="DueOn">Last day of its window; null where none is owed.</param>
/// <param name="On">The day the patient's state was learnt; null, like what follows, while none is recorded.</param>
/// <param name="InTime">Whether it counts in the follow-up rate; null where none is owed.</param>
public sealed record FollowUpShown(int? Interval, DateOnly? OpensOn, DateOnly? DueOn, DateOnly? On, FollowUpStatus? Status, string? Remark, DateOnly? ReceivedOn, bool? InTime);

/// <summary>An outcome notice that this case matches.</summary>
/// <param name="What"><c>death</c>, or the code of a complication.</param>
/// <param name="AnswerDueOn">Last day of the answer; null once it is answered or decided.</param>
public sealed record CaseNoticeShown(Guid NoticeId, string What, DateOnly OccurredOn, NoticeState State, DateOnly? AnswerDueOn);

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
/// <param name="OutcomeStatement">What had become of the patient by day 30; null while nobody has said.</param>
/// <param name="OutcomeStatementDueOn">Last day of the statement; null once it is made, and where none is owed.</param>
/// <param name="OutcomeNotices">What others noticed of this patient.</param>
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
    StatementShown? OutcomeStatement,
    DateOnly? OutcomeStatementDueOn,
    IReadOnlyList<FollowUpShown> FollowUps,
    IReadOnlyList<CaseNoticeShown> OutcomeNotices,
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
    public static async Task<IReadOnlyList<CaseShown>> Of(NpgsqlConnection connection, Reference reference, IReadOnlyList<FoundCase> cases, DateOnly today, CancellationToken cancellation)
    {
        var patients = await Patients.Of(connection, [.. cases.Where(c => c.State.Report!.PatientHash is not null).Select(c => (c.CaseId, c.State.Report!.PatientHash!))], cancellation);
        var there = await Circumstances.Load(
            connection,
            reference,
            [.. cases.Select(c => new CircumstancesAsked(c.CaseId, c.State.Key!.Institution, c.State.Report!, patients.GetValueOrDefault(c.CaseId)?.Pseudonym, c.State.Voided))],
            cancellation);
        var notices = await NoticesOf.Cases(connection, cases, patients, cancellation);
        return [.. cases.Select((c, i) => Of(c, reference, patients.GetValueOrDefault(c.CaseId), there[i], [.. notices[c.CaseId]], today))];
    }

    private static CaseShown Of(FoundCase found, Reference reference, Patient? patient, CaseCircumstances there, IReadOnlyList<NoticesOf.Match> notices, DateOnly today)
    {
        var (state, report) = (found.State, found.State.Report!);
        var practice = ReportingDeadline.RegulationOf(reference, state).InPractice;
        var open = CaseDuties.Open(state, practice.Reporting, reference.Calendars);
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
            state.Stated is { } s && CaseDuties.StatementStands(state, practice.Reporting) ? new(s.AliveOnDay30, s.Complications, s.StatedOn, s.By.Name) : null,
            open.FirstOrDefault(o => o.Kind == ObligationKind.OutcomeStatement)?.DueOn,
            FollowUpsOf(state, practice.Reporting),
            [.. notices.Select(n => n.Shown)],
            [.. state.Requests.Where(r => r.Agreed is null).Select(r => new RequestShown(r.Id, r.Change, r.Of, r.Report?.DifferencesFrom(report) ?? [], r.Reason, r.By))],
            [.. CaseFlags.Of(report, timeliness, practice.CaseRules, there).Concat(CaseDuties.Flags(state, practice.Reporting, reference.Calendars, today)).Concat(Denies(state, notices) ? [CaseFlags.OutcomeContradicted] : []).Distinct()],
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

    /// <summary>Whether a notice was upheld for want of a case without one, and this case, that it matches, does not hold its outcome: the regulator decides it again.</summary>
    private static bool Denies(Case.State state, IReadOnlyList<NoticesOf.Match> notices) => notices.Any(n => n is { Notice: { Stands: NoticeState.Upheld, Filed: { } filed }, StandsIn: null }
        && (filed.What == OutcomeNotice.Death ? state.Death is null : !state.StandingComplications.Any(c => c.Code == filed.What)));

    private static IReadOnlyList<FollowUpShown> FollowUpsOf(Case.State state, ReportingRule rule)
    {
        var owed = CaseDuties.FollowUps(state, rule);
        return
        [
            .. state.StandingFollowUps.Where(f => owed.All(o => o.Interval != f.Interval || f.On < o.OpensOn)).Select(f => new FollowUpShown(f.Interval, null, null, f.On, f.Status, f.Remark, f.ReceivedOn, null)),
            .. owed.Select(o => state.FollowUps.LastOrDefault(f => f.Interval == o.Interval && f.On >= o.OpensOn) is { } f
                ? new FollowUpShown(o.Interval, o.OpensOn, o.DueOn, f.On, f.Status, f.Remark, f.ReceivedOn, o.Duty == FollowUpDuty.InTime)
                : new FollowUpShown(o.Interval, o.OpensOn, o.DueOn, null, null, null, null, InTime: false)),
        ];
    }
}
