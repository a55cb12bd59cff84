using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Cases;

public enum ProcedureStatus
{
    /// <summary>Its report is to follow.</summary>
    Announced,

    /// <summary>There is a case of this number: nothing is owed, and an announcement changes nothing.</summary>
    Reported,
}

/// <summary>What a hospital is answered to an announcement; <c>position</c> is added.</summary>
/// <param name="Deadline">The last day on which the report is on time; null for a case without one. Of a case reported, that case's.</param>
/// <param name="ProvisionalDeadline">True when the deadline reaches into a year whose calendar is not published yet.</param>
public sealed record AnnouncementAnswer(Guid CaseId, ProcedureStatus Status, DateOnly? Deadline, bool ProvisionalDeadline);

/// <summary><c>POST /procedures</c>: a procedure is done, and its report to follow; and what was announced in error is taken back.</summary>
public static class AnnounceProcedure
{
    /// <summary>Described only; <see cref="ReportBody"/> reads it.</summary>
    private sealed record AnnouncementDocument(
        string Institution, string CaseNumber, string Technique, Intent Intent, DateTimeOffset CompletedAt, IReadOnlyList<string>? ProcedureCodes = null, string? Operator = null);

    private sealed record WithdrawalDocument(string Reason);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/procedures", Announce)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes()
            .TakesHeader(Idempotency.Header)
            .Describes<AnnouncementDocument, AnnouncementAnswer>("Announces a procedure as soon as it is done; the report is owed by the deadline. The same again answers 200 and changes nothing", 201, 200, 403, 409, 503);
        api.MapPost("/procedures/{caseId}/withdraw", Withdraw)
            .Command<WithdrawalDocument, CaseChanged>("Takes back an announcement made in error: the hospital until the deadline, the regulator at any time", ChangeCase.Writers, 200);
    }

    private static async Task<IResult> Announce(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        var receivedOn = answers.Today;
        var body = await Body.Read(http);
        await commands.ReferenceShown(http.RequestAborted);
        var reference = await reads.Reference(http.RequestAborted);
        var read = ReportBody.ReadAnnouncement(body, body.Root, reference, receivedOn);
        if (body.Refused(http) is { } refused)
            return refused;
        var place = await CaseAccess.PlaceOf(reads, log, read!.Institution, http.RequestAborted);
        if (!caller.MayWriteFor(read.Institution, place?.Province) && (place is not null || caller.Role == Role.Hospital))
            return Problem.Forbidden(http);
        if (place is null)
            return Problem.Invalid(http, new Fault("/institution", "unknownInstitution"));
        if (await Reported(log, read.CaseId, http.RequestAborted) is { Report: not null } reported)
            return await OfCase(http, caller, answers, body, reference, reported);
        var timeliness = ReportingDeadline.Of(reference, read.Regulation, read.Said, receivedOn);
        return await answers.Command(
            http,
            caller,
            Aggregates.Procedures,
            Procedure.Stream(read.CaseId),
            body,
            (state, _) => Procedure.Announce(state, read.Institution, read.CaseNumber, read.Said, timeliness, caller.Actor()),
            (state, events) => (events.Count > 0 ? StatusCodes.Status201Created : StatusCodes.Status200OK, Answer(ProcedureStatus.Announced, read.CaseId, ReportingDeadline.Now(reference, state))),
            receivedOn: receivedOn);
    }

    /// <summary>What was reported needs no announcement, whatever it says. Of a voided case nothing could be reported any more, so nothing may be announced either.</summary>
    private static Task<IResult> OfCase(HttpContext http, Caller caller, Answers answers, Body body, Reference reference, Case.State reported) => answers.Command(
        http,
        caller,
        Aggregates.Cases,
        Case.Stream(reported.Key!.CaseId),
        body,
        (state, _) => state.Voided ? Refusal.Conflict("caseVoided") : Decision<Case.Event>.Nothing,
        (state, _) => (StatusCodes.Status200OK, Answer(ProcedureStatus.Reported, state.Key!.CaseId, ReportingDeadline.Now(reference, state))));

    private static AnnouncementAnswer Answer(ProcedureStatus status, Guid caseId, Timeliness timeliness) => new(caseId, status, timeliness.Deadline, timeliness.Provisional);

    private static async Task<IResult> Withdraw(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId)
    {
        if (!Guid.TryParseExact(caseId, "D", out var id) || await log.ReadStream(Procedure.Stream(id), cancellation: http.RequestAborted) is not { Count: > 0 } events)
            return Problem.Hidden(http);
        var institution = Procedure.Fold(events.Select(e => (Procedure.Event)e.Data)).Key!.Institution;
        var province = (await CaseAccess.PlaceOf(reads, log, institution, http.RequestAborted))?.Province;
        if (!caller.MayWriteFor(institution, province))
            return Problem.Hidden(http);
        var body = await Body.Read(http);
        var reason = ChangeCase.Reason(body.Root);
        if (body.Refused(http) is { } refused)
            return refused;
        var reported = (await Reported(log, id, http.RequestAborted)).Report is not null;
        var reference = await reads.Reference(http.RequestAborted);
        return await answers.Command(
            http,
            caller,
            Aggregates.Procedures,
            Procedure.Stream(id),
            body,
            (state, today) => Procedure.Withdraw(state, ReportingDeadline.Now(reference, state).Deadline, reported, caller.ActsIn(province), reason, today, caller.Actor()),
            (_, _) => (StatusCodes.Status200OK, new CaseChanged(id)));
    }

    private static async Task<Case.State> Reported(IEventStore log, Guid caseId, CancellationToken cancellation) =>
        Case.Fold((await log.ReadStream(Case.Stream(caseId), cancellation: cancellation)).Select(e => (Case.Event)e.Data));
}
