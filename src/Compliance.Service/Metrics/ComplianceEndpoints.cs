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

    /// <param name="Href">Where the data is read.</param>
    public sealed record DataUsed(string What, string Href);

    /// <summary>One finding, with everything it rests on.</summary>
    /// <param name="Clause">As it stands in the version that judged, with the province's limit where it is stricter.</param>
    public sealed record FindingAnswer(SubjectShown Subject, string Technique, DateOnly AsOf, RegulationShown Regulation, Clause Clause, FindingShown Finding, IReadOnlyList<DataUsed> Data, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/institutions/{id}/compliance/{clause}", (HttpContext http, Reads reads) => ShowFinding(http, reads, SubjectKind.Institution))
            .Allows(Role.Hospital, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Institution)
            .Takes("technique", "asOf", "minPosition").Describes<FindingAnswer>("One finding: the clause's text and reading, the version, and the data it used", 200, 400, 404, 503);
        api.MapGet("/physicians/{id}/compliance/{clause}", (HttpContext http, Reads reads) => ShowFinding(http, reads, SubjectKind.Physician))
            .Allows(Role.Physician, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Physician)
            .Takes("technique", "asOf", "minPosition").Describes<FindingAnswer>("One finding: the clause's text and reading, the version, and the data it used", 200, 400, 404, 503);
        api.MapGet("/institutions/{id}/compliance", (HttpContext http, Reads reads) => Show(http, reads, SubjectKind.Institution))
            .Allows(Role.Hospital, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Institution)
            .Takes("technique", "asOf", "minPosition").Describes<ComplianceAnswer>("An institution held against every clause", 200, 400, 404, 503);
        api.MapGet("/physicians/{id}/compliance", (HttpContext http, Reads reads) => Show(http, reads, SubjectKind.Physician))
            .Allows(Role.Physician, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Physician)
            .Takes("technique", "asOf", "minPosition").Describes<ComplianceAnswer>("A physician held against every clause", 200, 400, 404, 503);
    }

    private static Task<IResult> Show(HttpContext http, Reads reads, SubjectKind kind) => Judge(http, reads, kind, clause: null, (reference, id, read, regulation, findings, position) =>
    {
        var asOf = read.Facts.AsOf;
        var setting = reference.EnforcementOf(id.Technique, read.Province).On(asOf);
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
                position),
            Json.Options);
    });

    private static Task<IResult> ShowFinding(HttpContext http, Reads reads, SubjectKind kind)
    {
        var clauseId = http.Request.RouteValues["clause"] as string ?? "";
        return Judge(http, reads, kind, clauseId, (_, id, read, regulation, findings, position) =>
            findings.FirstOrDefault(f => f.Clause == clauseId) is { } finding && regulation?.Clause(clauseId) is { } clause
                ? Results.Json(
                    new FindingAnswer(
                        SubjectShown.Of(id.Subject), id.Technique, read.Facts.AsOf, new(regulation.Id, regulation.Version), clause, FindingShown.Of(finding, regulation), DataOf(id, clause, finding), position),
                    Json.Options)
                : Problem.Refused(http, "notFound"));
    }

    private static IReadOnlyList<DataUsed> DataOf(QualificationId id, Clause clause, Finding finding)
    {
        var kind = id.Subject.KindName;
        return clause switch
        {
            Clause.Condition => [new("attestations", $"/api/v1/qualifications/{kind}/{id.Subject.Id}/{id.Technique}/application?asOf={finding.JudgedOn:yyyy-MM-dd}"), new("registry", $"/api/v1/{kind}s/{id.Subject.Id}")],
            // Incidents count on the day they were determined, cases are listed by that of completion.
            Clause.NoIncidents => [new("metrics", $"/api/v1/{kind}s/{id.Subject.Id}/metrics?technique={id.Technique}&asOf={finding.JudgedOn:yyyy-MM-dd}")],
            Clause.QualifiedStaff => [new("registry", $"/api/v1/institutions/{id.Subject.Id}")],
            _ =>
            [
                new("cases", $"/api/v1/cases?{(id.Subject.Kind == SubjectKind.Institution ? "institution" : "operator")}={id.Subject.Id}&technique={id.Technique}&from={finding.Observation.From:yyyy-MM-dd}&to={finding.Observation.To:yyyy-MM-dd}"),
                new("metrics", $"/api/v1/{kind}s/{id.Subject.Id}/metrics?technique={id.Technique}&asOf={finding.JudgedOn:yyyy-MM-dd}"),
            ],
        };
    }

    private static async Task<IResult> Judge(
        HttpContext http, Reads reads, SubjectKind kind, string? clause, Func<Reference, QualificationId, FactsRead, Regulation?, IReadOnlyList<Finding>, long, IResult> answer)
    {
        var query = Query.Of(http);
        if (clause is not null)
        {
            query.PathId("clause");
        }

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
        var regulation = reference.Regulations.InForce(id.Technique, asOf, read.Province);
        var enforcement = reference.EnforcementOf(id.Technique, read.Province);
        IReadOnlyList<Finding> findings = regulation is null ? [] : Evaluation.Evaluate(regulation, read.Facts);
        // Whom the monitor does not judge has no run of breaches, and is suspended on no day.
        if (Monitoring.IsJudged(read.Qualification, asOf))
        {
            findings = Evaluation.Continue(findings, await Closings.Before(snapshot.Connection, id, asOf, http.RequestAborted), asOf, enforcement.ActingSince(asOf));
        }

        return answer(reference, id, read, regulation, findings, snapshot.Position);
    }
}
