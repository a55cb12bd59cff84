using Compliance.Metrics;
using Compliance.Registry;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Registry;

/// <summary>Leaves of physicians: entered by a hospital of theirs or the regulator, and counted once the regulator has confirmed them.</summary>
public static class Leaves
{
    /// <param name="To">Last day, included.</param>
    public sealed record LeaveEntry(DateOnly From, DateOnly To, string Reason);

    public sealed record LeaveWritten(Guid LeaveId, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/physicians/{id}/leaves", Enter)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .TakesHeader(Idempotency.Header)
            .TakesHeader("If-Match")
            .Describes<LeaveEntry, LeaveWritten>("Enters a leave, to be confirmed; 200 with its id when it was entered before", 201, 404, 412, 422)
            .Produces<LeaveWritten>(200);
        api.MapPost("/physicians/{id}/leaves/{leaveId}/confirm", Confirm)
            .Allows(Role.Regulator, Role.National)
            .TakesHeader(Idempotency.Header)
            .TakesHeader("If-Match")
            .Describes<LeaveWritten>("Confirms a leave; from then on it excuses", 200, 400, 404, 412, 422);
    }

    /// <summary>
    /// The leaves a caller may see; null for one who may see none of anybody here. What kept a physician from work may
    /// be an illness: a hospital sees the leaves if he or she is registered there today, else those that fell in the time there.
    /// </summary>
    internal static IReadOnlyList<Physicians.LeaveShown>? ShownTo(Caller caller, Physician.State physician, string? province, DateOnly today)
    {
        var all = caller.MayReadPhysician(physician.Entry!.Physician, province) || IsAt(caller, physician, new DaySpan(today, today));
        return all || IsAt(caller, physician, new DaySpan(DateOnly.MinValue, DateOnly.MaxValue))
            ? [.. physician.Leaves.Where(l => all || IsAt(caller, physician, new DaySpan(l.From, l.To))).Select(l => new Physicians.LeaveShown(l.Id, l.From, l.To, l.Reason, l.Confirmed))]
            : null;
    }

    private static async Task<IResult> Enter(HttpContext http, Caller caller, Answers answers, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var body = await Body.Read(http);
        var from = body.Root.Day("from");
        var to = body.Root.Day("to");
        var reason = body.Root.Text("reason", BodyObject.LongText, lines: true);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        var (present, _) = await log.Physician(id, http.RequestAborted);
        var province = await log.ProvinceOf(present, answers.Today, http.RequestAborted);
        // A hospital enters the leaves of those who were registered there on a day of them.
        if (present.Entry is not null && !caller.ActsIn(province) && !IsAt(caller, present, new DaySpan(from, to < from ? from : to)))
        {
            return Problem.Forbidden(http);
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.Physicians,
            Physician.Stream(id),
            body,
            (state, _) => Physician.EnterLeave(state, from, to, reason, caller.Actor()),
            (state, events) => (events.Count > 0 ? 201 : 200, new { leaveId = Physician.FindLeave(state, from, to, reason)!.Id }),
            reference: true);
    }

    private static async Task<IResult> Confirm(HttpContext http, Caller caller, Answers answers, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var leaveId = query.PathUuid("leaveId");
        var body = await Body.Read(http);
        // There is nothing to say, so no body is as good as an empty object.
        var refused = query.Refused(http) ?? (body.Faults is [{ Code: "emptyBody" }] ? null : body.Refused(http));
        if (refused is not null)
        {
            return refused;
        }

        var (present, _) = await log.Physician(id, http.RequestAborted);
        var province = await log.ProvinceOf(present, answers.Today, http.RequestAborted);
        if (present.Entry is not null && !caller.ActsIn(province))
        {
            return Problem.Forbidden(http);
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.Physicians,
            Physician.Stream(id),
            body,
            (state, _) => state.Entry is null ? Refusal.NotFound("noSuchPhysician") : Physician.ConfirmLeave(state, leaveId, caller.Actor()),
            (_, _) => (200, new { leaveId }),
            reference: true);
    }

    private static bool IsAt(Caller caller, Physician.State physician, DaySpan days) =>
        caller.Role == Role.Hospital
        && physician.Entry!.Registrations.Any(r => r.Institution == caller.Institution && days.Overlaps(new DaySpan(r.From, r.To ?? DateOnly.MaxValue)));
}
