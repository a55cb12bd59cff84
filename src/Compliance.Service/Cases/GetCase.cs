using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <param name="Type">The event's wire name.</param>
/// <param name="HappenedOn">When what it tells happened; null where it tells of nothing but itself.</param>
/// <param name="RecordedAt">When the log learnt of it.</param>
/// <param name="By">Who said so.</param>
/// <param name="Data">The event; patients are named by hash alone.</param>
public sealed record CaseEventShown(string Type, DateOnly? HappenedOn, DateTimeOffset RecordedAt, long Position, long Version, Actor By, object Data);

/// <summary><c>GET /cases/{caseId}</c> and its history.</summary>
public static class GetCase
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/cases/{caseId}", Get)
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
            .Takes("minPosition")
            .Describes<CaseShown>("A case: the report as it stands, outcomes, flags, deadline, pending requests", 200, 404, 503);
        api.MapGet("/cases/{caseId}/history", History)
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
            .Takes("minPosition")
            .Describes<Page<CaseEventShown>>("Every event of a case, with when it happened, when it was learnt, and who said so", 200, 404, 503);
    }

    private static async Task<IResult> Get(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId)
    {
        if (await NotReady(http, reads) is { } notReady)
            return notReady;
        if (await CaseAccess.ForReading(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var reference = await reads.Reference(http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        var shown = await CaseShown.Of(connection, reference, [found], reads.Today, http.RequestAborted);
        await Patients.NoteReads(connection, caller, [found.CaseId], http.RequestAborted);
        ETags.Set(http, found.Version);
        return Results.Json(shown[0], Json.Options);
    }

    private static async Task<IResult> History(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId)
    {
        if (await NotReady(http, reads) is { } notReady)
            return notReady;
        if (await CaseAccess.ForReading(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var events = await log.ReadStream(Case.Stream(found.CaseId), cancellation: http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        await Patients.NoteReads(connection, caller, [found.CaseId], http.RequestAborted);
        ETags.Set(http, events[^1].Version);
        return Results.Json(Page.Of([.. events.Select(Shown)], nextCursor: null), Json.Options);
    }

    private static async Task<Problem?> NotReady(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var position = query.Position();
        return query.Refused(http) ?? await reads.Shown(http, position);
    }

    private static CaseEventShown Shown(RecordedEvent recorded)
    {
        var e = (Case.Event)recorded.Data;
        DateOnly? happenedOn = e switch
        {
            Case.Event.Reported or Case.Event.Corrected => e.Case.CompletedOn,
            Case.Event.ComplicationReported c => c.OccurredOn,
            Case.Event.DeathReported d => d.OccurredOn,
            Case.Event.IncidentRecorded i => i.DeterminedOn,
            Case.Event.FollowUpRecorded f => f.On,
            _ => null,
        };
        return new(EventTable.Types.For(e.GetType()).WireName, happenedOn, recorded.RecordedAt, recorded.Position, recorded.Version, e.By, e);
    }
}
