using Compliance.Cases;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary><c>GET /cases/{caseId}/deciders</c>: who decided on a case and who performed it, what the registries say of each on the very day, and why somebody does not count: so that whoever has a flag to answer for can.</summary>
public static class GetDeciders
{
    /// <summary>One physician named on the case.</summary>
    /// <param name="On">The day asked about: of the decision for those who decided, of completion for the operator.</param>
    /// <param name="RegisteredHere">Registered at the institution of the case on that day, or seconded to it.</param>
    /// <param name="Seconded">Not registered here, and counted as the institution's own because of aid (技术帮扶).</param>
    /// <param name="MainRegistration">The institution of the main registration (主要执业机构) on that day; null without one.</param>
    /// <param name="Active">Qualified on that day, and not suspended.</param>
    /// <param name="Title">As held on that day; null where the registry names none.</param>
    /// <param name="TitleAtLeast">The lowest title that will do for the level; null where any does.</param>
    /// <param name="Counts">Whether the decision counts, or the operator was one who may.</param>
    /// <param name="WhyNot">Everything that stands against it.</param>
    public sealed record PersonShown(
        string Physician,
        DateOnly On,
        bool Known,
        bool RegisteredHere,
        bool Seconded,
        string? MainRegistration,
        bool Active,
        bool Suspended,
        Title? Title,
        Title? TitleAtLeast,
        bool Counts,
        IReadOnlyList<WhyNot> WhyNot);

    /// <summary>Derived from today's registries, as the flags are.</summary>
    /// <param name="QualificationNeeded">False where the level needs none; then nobody is kept from counting by the want of one.</param>
    /// <param name="DecidersNeeded">How many must count.</param>
    /// <param name="DecidersCounted">How many do.</param>
    /// <param name="Deciders">In the order of the report, each once.</param>
    /// <param name="Flags">Those of the case's flags that concern who decided and who performed it.</param>
    public sealed record DecidersShown(
        Guid CaseId,
        string Technique,
        int Level,
        bool QualificationNeeded,
        DateOnly CompletedOn,
        DateTimeOffset? StartedAt,
        DateOnly? DecidedOn,
        DateTimeOffset? DecidedAt,
        int DecidersNeeded,
        int DecidersCounted,
        IReadOnlyList<PersonShown> Deciders,
        PersonShown Operator,
        IReadOnlyList<string> Flags,
        long Position);

    private static readonly string[] Concerning =
    [
        CaseFlags.OperatorUnknown, CaseFlags.OperatorNotQualified, CaseFlags.OperatorSuspended, CaseFlags.OperatorNotRegistered, CaseFlags.VisitingExpert, CaseFlags.TitleTooLow, CaseFlags.TooFewDeciders,
        CaseFlags.DecidedAfterStart,
    ];

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{caseId}/deciders", Get)
        .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National)
        .Takes("minPosition")
        .Describes<DecidersShown>("Who decided on a case and who performed it: registered here, qualified, of what title on that day; who counts, and why others do not", 200, 404, 503);

    private static async Task<IResult> Get(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId)
    {
        var query = Query.Of(http);
        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (await CaseAccess.ForReading(http, caller, reads, log, caseId) is not { } found)
            return Problem.Hidden(http);
        var (state, report) = (found.State, found.State.Report!);
        var reference = await reads.Reference(http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        // Without the pseudonym: whether it looks reported before is no matter here.
        var there = (await Circumstances.Load(connection, reference, [new(found.CaseId, state.Key!.Institution, report, Pseudonym: null, state.Voided)], http.RequestAborted))[0];
        await Patients.NoteReads(connection, caller, [found.CaseId], http.RequestAborted);
        var rules = ReportingDeadline.RegulationOf(reference, state).InPractice.CaseRules;
        var deciders = CaseDeciders.Of(report, rules, there);
        var shown = new DecidersShown(
            found.CaseId,
            report.Technique,
            report.Level,
            rules.NeedsQualification(report.Level),
            report.CompletedOn,
            report.StartedAt,
            report.DecidedOn,
            report.DecidedAt,
            rules.DecidersAtLeast,
            deciders.Count(d => d.Counts),
            [.. deciders.Select(d => Shown(d, report.DecisionDay, report.Level, rules.Deciders))],
            Shown(CaseDeciders.OfOperator(report, rules, there), report.CompletedOn, report.Level, rules.Operator),
            [.. CaseFlags.Of(report, ReportingDeadline.Now(reference, state), rules, there).Intersect(Concerning)],
            found.Position);
        ETags.Set(http, found.Version);
        return Results.Json(shown, Json.Options);
    }

    private static PersonShown Shown(DeciderJudged judged, DateOnly on, int level, TitleRule? title)
    {
        var p = judged.Decider;
        return new(
            p.Physician, on, p.Known, p.RegisteredHere, p.Seconded, p.MainRegistration, p.Active, p.Suspended, p.Title, title is not null && level >= title.FromLevel ? title.AtLeast : null, judged.Counts, judged.WhyNot);
    }
}
