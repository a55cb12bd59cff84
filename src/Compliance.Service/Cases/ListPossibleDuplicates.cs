using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary><c>GET /cases/{caseId}/possible-duplicates</c>: what earns a case its flag <c>possibleDuplicate</c>, so that whoever reads it can tell a case reported twice from two visits.</summary>
public static class ListPossibleDuplicates
{
    /// <summary>More than an operator does in a day, or one patient ever has.</summary>
    private const int Most = PossibleDuplicates.MostOfOnePatient;

    /// <param name="SameOperator">Whether the operator of record is the same.</param>
    public sealed record PossibleDuplicateShown(Guid CaseId, string Institution, bool SameOperator);

    /// <param name="Items">Those the caller may know of: a regulator all, whichever province they lie in, for a duplicate does not end at a border; a hospital its own, a physician none but his or her own.</param>
    /// <param name="Elsewhere">Whether there are others, of which the caller is told nothing else.</param>
    public sealed record PossibleDuplicatesAnswer(IReadOnlyList<PossibleDuplicateShown> Items, bool Elsewhere);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{caseId}/possible-duplicates", List)
        .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
        .Takes("minPosition")
        .Describes<PossibleDuplicatesAnswer>("Cases not voided of the same pseudonym and day, by the same operator or of another institution; of another institution's a hospital learns only that there are some", 200, 404, 503);

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId)
    {
        var query = Query.Of(http);
        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (await CaseAccess.ForReading(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var report = found.State.Report!;
        var reference = await reads.Reference(http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        var patient = report.PatientHash is { } hash ? (await Patients.Of(connection, [(found.CaseId, hash)], http.RequestAborted)).GetValueOrDefault(found.CaseId) : null;
        var others = await PossibleDuplicates.Of(connection, reference, new(found.CaseId, found.State.Key!.Institution, report, patient?.Pseudonym), Most, http.RequestAborted);
        var shown = others
            .Where(o => caller.Role is Role.Regulator or Role.National || caller.MayReadCase(o.Institution, provinceOfInstitution: null, o.Operator))
            .Select(o => new PossibleDuplicateShown(o.CaseId, o.Institution, o.Operator == report.Operator))
            .ToList();
        // Who is told of another case has read that one, too.
        await Patients.NoteReads(connection, caller, shown.Select(s => s.CaseId).Append(found.CaseId), http.RequestAborted);
        ETags.Set(http, found.Version);
        return Results.Json(new PossibleDuplicatesAnswer(shown, shown.Count < others.Count), Json.Options);
    }
}
