using Compliance.Devices;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Devices;

/// <summary><c>GET /cases/{caseId}/devices</c>: each device of a case as it was read, and what is found about it, so that whoever has a flag to answer for knows which device earned it and why.</summary>
public static class CaseDevicesEndpoint
{
    /// <param name="Institution">Null for a hospital or a physician, unless it is the hospital's own.</param>
    /// <param name="CaseId">Null for whoever may not read that case: a regulator is told where a device was used in another province, and not in which case.</param>
    public sealed record UsedBeforeShown(DateOnly UsedOn, string? Institution, Guid? CaseId);

    /// <param name="Line">Its place in the report, from 0.</param>
    /// <param name="Udi">In canonical form; null where none was given or it cannot be read.</param>
    /// <param name="NotRead">Why the UDI cannot be read, or not from there on; no fault of the case, which was accepted. Null where it was, or where none was given.</param>
    /// <param name="Product">The GTIN of 14 digits, or what stands for one.</param>
    /// <param name="ExpiresOn">The last day it might be used.</param>
    /// <param name="Flags">What this device earns its case.</param>
    /// <param name="UsedBefore">The earliest use of the same single-use device in another case.</param>
    public sealed record CaseDeviceShown(
        int Line,
        string? Udi,
        FaultDocument? NotRead,
        string? Product,
        string? Lot,
        string? Serial,
        DateOnly? MadeOn,
        DateOnly? ExpiresOn,
        string? Registration,
        bool? SingleUse,
        Approval Approval,
        IReadOnlyList<string> Flags,
        UsedBeforeShown? UsedBefore);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{caseId}/devices", List)
        .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
        .Takes("minPosition")
        .Describes<Page<CaseDeviceShown>>("The devices of a case, and what is found about each: whether it was approved, why not, expired, or used before", 200, 404, 503);

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId)
    {
        var query = Query.Of(http);
        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (await CaseAccess.ForReading(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var (state, report) = (found.State, found.State.Report!);
        await using var connection = await reads.Open(http.RequestAborted);
        var findings = (await DeviceFindings.Of(connection, log: null, [new(found.CaseId, state.Key!.Institution, report, Pseudonym: null, state.Voided)], http.RequestAborted))[0];
        var provinces = caller.Role == Role.Regulator ? await reads.ProvincesOf([.. findings.Select(f => f.UsedBefore?.Institution).OfType<string>().Distinct()], http.RequestAborted) : Nowhere;
        var shown = findings.Select(f => Shown(http, caller, f, report.Devices[f.Use.Line].Udi, provinces)).ToList();
        // Who is told of another case has read that one, too.
        await Patients.NoteReads(connection, caller, shown.Select(s => s.UsedBefore?.CaseId).OfType<Guid>().Append(found.CaseId).Distinct(), http.RequestAborted);
        ETags.Set(http, found.Version);
        return Results.Json(Page.Of(shown, nextCursor: null), Json.Options);
    }

    private static readonly IReadOnlyDictionary<string, string> Nowhere = new Dictionary<string, string>();

    private static CaseDeviceShown Shown(HttpContext http, Caller caller, DeviceFinding finding, string? reported, IReadOnlyDictionary<string, string> provinces)
    {
        var u = finding.Use;
        // Where nothing but a stroke was typed there is no UDI, and nothing to say about it.
        var fault = u.Product is not null && reported is not null ? Udi.Parse(reported, u.UsedOn).Fault : null;
        var notRead = fault is null ? null : UdiFaults.At($"/devices/{u.Line}/udi", fault);
        var readable = finding.UsedBefore is { } before && caller.MayReadInstitution(before.Institution, provinces.GetValueOrDefault(before.Institution));
        return new(
            u.Line,
            u.Udi,
            notRead is null ? null : new(notRead.Pointer, notRead.Code, Messages.Of(Messages.Preferred(http), notRead)),
            u.Product,
            u.Lot,
            u.Serial,
            u.MadeOn,
            u.ExpiresOn,
            u.Registration,
            u.SingleUse,
            finding.Approval,
            [.. finding.Flags],
            finding.UsedBefore is { } b ? new(b.UsedOn, readable || caller.Role == Role.Regulator ? b.Institution : null, readable ? b.CaseId : null) : null);
    }
}
