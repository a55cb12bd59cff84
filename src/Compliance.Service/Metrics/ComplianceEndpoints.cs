using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Metrics;

/// <summary>What one subject is judged to be on a day, clause by clause: computed anew from the rows, for any day there has been.</summary>
public static class ComplianceEndpoints
{
    public sealed record RegulationShown(string Id, int Version);

    /// <param name="Until">Last day it holds; null while it lasts.</param>
    public sealed record ValidityShown(Validity State, DateOnly? GrantedOn, DateOnly? Until)
    {
        internal static ValidityShown Of(Qualification.State state, DateOnly day)
        {
            var grant = state.GrantOn(day);
            var ended = grant is null ? null : grant.RevokedOn is { } r && !(grant.RelinquishedOn < r) ? r : grant.RelinquishedOn;
            return new(state.ValidityOn(day), grant?.EffectiveOn, ended?.AddDays(-1));
        }
    }

    /// <param name="From">First day of the mode; null where nothing was ever set and everything is only observed.</param>
    public sealed record EnforcementShown(EnforcementMode Mode, DateOnly? From, RevocationMode Revocation);

    /// <param name="Regulation">The version judged by; null before the first that judges.</param>
    /// <param name="Standing">Null without a qualification.</param>
    /// <param name="SettledDay">The last day whose reports were all due: volumes and rates are judged on it.</param>
    public sealed record ComplianceAnswer(
        SubjectShown Subject,
        string Technique,
        RegulationShown? Regulation,
        DateOnly AsOf,
        ValidityShown Validity,
        Standing? Standing,
        DateOnly? StandingEffectiveOn,
        Overall Overall,
        EnforcementShown Enforcement,
        DateOnly SettledDay,
        IReadOnlyList<FindingShown> Findings,
        long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/institutions/{id}/compliance", (HttpContext http, Reads reads) => Show(http, reads, SubjectKind.Institution))
            .Allows(Role.Hospital, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Institution)
            .Takes("technique", "asOf", "minPosition").Describes<ComplianceAnswer>("An institution held against every clause", 200, 400, 404, 503);
        api.MapGet("/physicians/{id}/compliance", (HttpContext http, Reads reads) => Show(http, reads, SubjectKind.Physician))
            .Allows(Role.Physician, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Physician)
            .Takes("technique", "asOf", "minPosition").Describes<ComplianceAnswer>("A physician held against every clause", 200, 400, 404, 503);
    }

    private static async Task<IResult> Show(HttpContext http, Reads reads, SubjectKind kind)
    {
        var query = Query.Of(http);
        var id = new QualificationId(new(kind, query.PathId("id")), query.Text("technique"));
        var asOf = reads.AsOf(query);
        var minPosition = query.Position();
        var reference = await MetricsEndpoints.Known(query, reads, id.Technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        if (!await SubjectAccess.Exists(snapshot.Connection, id.Subject, http.RequestAborted))
        {
            return Problem.Hidden(http);
        }

        var read = (await FactsReader.Read(snapshot.Connection, reference, [new(id, asOf)], http.RequestAborted))[0];
        var regulation = reference.Regulations.InForce(id.Technique, asOf);
        var enforcement = reference.EnforcementOf(id.Technique, read.Province);
        IReadOnlyList<Finding> findings = regulation is null ? [] : Evaluation.Evaluate(regulation, read.Facts);
        // Whom the monitor does not judge has no run of breaches, and is suspended on no day.
        if (Qualification.IsJudged(read.Qualification, asOf))
        {
            findings = Evaluation.Continue(findings, await Closings.Before(snapshot.Connection, id, asOf, http.RequestAborted), asOf, enforcement.ActingSince(asOf));
        }

        var setting = enforcement.On(asOf);
        var step = read.Qualification.StepOn(asOf);
        return Results.Json(
            new ComplianceAnswer(
                SubjectShown.Of(id.Subject),
                id.Technique,
                regulation is null ? null : new(regulation.Id, regulation.Version),
                asOf,
                ValidityShown.Of(read.Qualification, asOf),
                step?.Standing,
                step?.EffectiveOn,
                Evaluation.Overall(findings),
                new(setting?.Mode ?? EnforcementMode.Observe, setting?.From, setting?.Revocation ?? RevocationMode.Confirmed),
                read.Facts.Judged.To,
                FindingShown.All(findings, regulation),
                snapshot.Position),
            Json.Options);
    }
}
