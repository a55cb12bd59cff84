using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Cases;

/// <summary>A change that took effect, or had before; <c>position</c> is added.</summary>
public sealed record CaseChanged(Guid CaseId);

/// <summary>A change that waits for the regulator; until then everything counts as before. <c>position</c> is added.</summary>
public sealed record ChangePending(Guid RequestId, bool Pending);

/// <summary>What all commands on a case have in common: it is found and within reach, or nothing is told; a change that became a request answers 202.</summary>
internal static class ChangeCase
{
    public static readonly Role[] Writers = [Role.Hospital, Role.Regulator, Role.National];

    public static readonly Role[] Regulators = [Role.Regulator, Role.National];

    /// <summary>What a command is read and decided with.</summary>
    /// <param name="Today">The day it was received on.</param>
    /// <param name="Held">Known to those only that ask for it.</param>
    public sealed record Asked(Body Body, FoundCase Found, Reference Reference, DateOnly Today, Actor By, Held Held);

    /// <summary>What stands outside the case and makes taking it back, or moving it, the regulator's affair.</summary>
    /// <param name="Noticed">An outcome notice that is not dismissed is about it: <see cref="NoticesOf.Hold"/>.</param>
    /// <param name="AnnouncedDue">Last day of the report its standing announcement was answered with, as the calendars have left it; null without either.</param>
    public sealed record Held(bool Noticed, DateOnly? AnnouncedDue)
    {
        public static readonly Held Nothing = new(false, null);

        public static async Task<Held> Of(NpgsqlConnection connection, IEventStore log, Reference reference, FoundCase found, CancellationToken cancellation)
        {
            var announced = Procedure.Fold((await log.ReadStream(Procedure.Stream(found.CaseId), cancellation: cancellation)).Select(e => (Procedure.Event)e.Data));
            return new(await NoticesOf.Hold(connection, found, cancellation), announced.Stands ? ReportingDeadline.Now(reference, announced).Deadline : null);
        }
    }

    /// <summary>What a body asked for.</summary>
    /// <param name="Decide">Given the case and the day of the append.</param>
    /// <param name="Answer">Status and body when the change took effect, or there was nothing to change.</param>
    /// <param name="Awaits">Finds, when nothing changed, the request that had been made before.</param>
    public sealed record Change(
        Func<Case.State, DateOnly, Decision<Case.Event>> Decide,
        Func<Case.State, IReadOnlyList<Case.Event>, (int Status, object Body)>? Answer = null,
        Func<Case.State, Case.Request?>? Awaits = null,
        Func<IReadOnlyList<Case.Event>, IReadOnlyList<Companion>>? Companions = null);

    /// <summary>Declares what every command on a case takes and may answer.</summary>
    public static RouteHandlerBuilder Command<TRequest, TAnswer>(this RouteHandlerBuilder endpoint, string summary, IReadOnlyList<Role> roles, params IReadOnlyList<int> statuses)
        where TRequest : notnull =>
        endpoint.Allows(roles).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match").Describes<TRequest, TAnswer>(summary, [.. statuses, 404, 409, 412, 503]);

    /// <param name="read">Reads the body, noting faults; what it returns is used only when there are none.</param>
    /// <param name="held">True for a command that asks what holds the case.</param>
    public static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId, Func<Asked, Change?> read, bool held = false)
    {
        var today = answers.Today;
        if (await CaseAccess.ForWriting(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var body = await Body.Read(http);
        var reference = await reads.Reference(http.RequestAborted);
        var holds = Held.Nothing;
        if (held)
        {
            await using var connection = await reads.Open(http.RequestAborted);
            holds = await Held.Of(connection, log, reference, found, http.RequestAborted);
        }

        var change = read(new(body, found, reference, today, caller.Actor(), holds));
        if (body.Refused(http) is { } refused)
            return refused;
        return await answers.Command(
            http,
            caller,
            Aggregates.Cases,
            Case.Stream(found.CaseId),
            body,
            change!.Decide,
            (state, events) => Answered(change, found.CaseId, state, events),
            change.Companions);
    }

    private static (int Status, object Body) Answered(Change change, Guid caseId, Case.State state, IReadOnlyList<Case.Event> events)
    {
        var requested = events.OfType<Case.Event.ChangeRequested>().FirstOrDefault()?.RequestId ?? (events.Count == 0 ? change.Awaits?.Invoke(state)?.Id : null);
        return requested is { } id
            ? (StatusCodes.Status202Accepted, new ChangePending(id, Pending: true))
            : change.Answer?.Invoke(state, events) ?? (StatusCodes.Status200OK, new CaseChanged(caseId));
    }

    /// <summary>The request of this kind, about this outcome, that waits for the regulator.</summary>
    public static Case.Request? Pending(Case.State state, RequestedChange change, string? of) =>
        state.Requests.FirstOrDefault(r => r.Agreed is null && r.Change == change && r.Of == of);

    /// <summary>A reason, as long as it needs to be.</summary>
    public static string Reason(BodyObject root) => root.Text("reason", BodyObject.LongText, lines: true);

    /// <summary><c>of</c>: the death, or the id of a complication or incident, in the one way of writing ids that the log knows.</summary>
    public static string Of(BodyObject root)
    {
        var of = root.OpaqueText("of");
        if (of.Length == 0 || of == Case.TheDeath)
            return of;
        if (Guid.TryParseExact(of, "D", out var id))
            return id.ToString("D");
        root.Fault("of", "notAnOutcome");
        return "";
    }
}
