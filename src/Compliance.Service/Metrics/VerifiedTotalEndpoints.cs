using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Metrics;

/// <summary>
/// Independently counted totals of institutions, and the share never reported (漏报率) that they show. Entered by the regulator of the province, or national; read by the institution too, which has a right to know what it is measured by.
/// </summary>
public static class VerifiedTotalEndpoints
{
    /// <summary>No period has as many; the exact bound, by its days, is decided with the rest.</summary>
    private const int MostCases = 100_000_000;

    /// <param name="From">First day counted.</param>
    /// <param name="To">Last day counted; it is over.</param>
    /// <param name="TherapeuticCases">Of the cases; left out where they were not counted apart.</param>
    /// <param name="Source">Where the number comes from.</param>
    /// <param name="Reason">Required where another count of the same period stands.</param>
    public sealed record TotalEntry(string Technique, DateOnly From, DateOnly To, int Cases, string Source, int? TherapeuticCases = null, string? Reason = null);

    public sealed record WithdrawalEntry(string Reason);

    public sealed record TotalWritten(Guid TotalId, long Position);

    /// <param name="Reported">As of now, not voided.</param>
    /// <param name="Missing">Counted and never reported.</param>
    /// <param name="NeverReported">Missing of those counted.</param>
    /// <param name="Surplus">Reported beyond what was counted; null where there are none.</param>
    public sealed record ComparisonShown(int Verified, int Reported, int Missing, RatioShown NeverReported, int? Surplus);

    /// <param name="Cases">Null of a withdrawal.</param>
    /// <param name="Reason">Null of a first entry without one.</param>
    public sealed record TotalStepShown(bool Withdrawn, DateOnly On, Actor By, int? Cases, int? TherapeuticCases, string? Source, string? Reason);

    /// <param name="Cases">Null once withdrawn.</param>
    /// <param name="Therapeutic">Null once withdrawn, or where they were not counted apart.</param>
    /// <param name="ReportsDueBy">The last day on which a report of the period was in time. Until then what is missing may only not be due yet.</param>
    /// <param name="Provisional">True while that day rests on a calendar not yet published.</param>
    /// <param name="History">The oldest first; the last is what stands.</param>
    public sealed record TotalShown(
        Guid TotalId,
        string Technique,
        DateOnly From,
        DateOnly To,
        bool Withdrawn,
        string? Source,
        ComparisonShown? Cases,
        ComparisonShown? Therapeutic,
        DateOnly ReportsDueBy,
        bool Provisional,
        IReadOnlyList<TotalStepShown> History);

    public sealed record TotalsAnswer(IReadOnlyList<TotalShown> Items, long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/institutions/{id}/verified-totals", Enter)
            .Allows(Role.Regulator, Role.National).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TotalEntry, TotalWritten>("Enters an independently counted total of a period; the same period again takes the place of what stands, with a reason; the same again answers 200 and changes nothing", 201, 200, 403, 404, 409, 412, 422);
        api.MapPost("/institutions/{id}/verified-totals/{totalId}/withdraw", Withdraw)
            .Allows(Role.Regulator, Role.National).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<WithdrawalEntry, TotalWritten>("Takes back a total that should not have been entered", 200, 403, 404, 409, 412, 422);
        api.MapGet("/institutions/{id}/verified-totals", List)
            .Allows(Role.Hospital, Role.Regulator, Role.National).ScopedTo(SubjectAccess.Institution).Takes("technique", "minPosition")
            .Describes<TotalsAnswer>("The independently counted totals of an institution with what it reported of each period and the share never reported; withdrawn ones among them", 200, 400, 404, 503);
    }

    private static async Task<IResult> Enter(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var body = await Body.Read(http);
        var root = body.Root;
        var technique = root.Text("technique");
        if (technique.Length > 0 && !(await reads.Reference(http.RequestAborted)).Regulations.Techniques.Contains(technique))
            root.Fault("technique", "unknownTechnique");
        var period = new DaySpan(root.Day("from"), root.Day("to"));
        var count = new IndependentCount(root.Integer("cases", 0, MostCases), root.OptionalInteger("therapeuticCases", 0, MostCases), root.Text("source"));
        var reason = root.OptionalText("reason", BodyObject.LongText, lines: true);
        if ((query.Refused(http) ?? body.Refused(http) ?? await OutOfReach(http, caller, reads, log, institution)) is { } refused)
            return refused;
        return await answers.Command(
            http,
            caller,
            Aggregates.VerifiedTotals,
            VerifiedTotals.Stream(institution, technique),
            body,
            (state, today) => VerifiedTotals.Enter(state, institution, technique, period, count, reason, today, caller.Actor()),
            (state, events) => (
                state.Find(VerifiedTotals.IdOf(institution, technique, period))!.History.Count == events.Count ? StatusCodes.Status201Created : StatusCodes.Status200OK,
                new { totalId = VerifiedTotals.IdOf(institution, technique, period) }));
    }

    private static async Task<IResult> Withdraw(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var id = query.PathUuid("totalId");
        var body = await Body.Read(http);
        var reason = ChangeCase.Reason(body.Root);
        if ((query.Refused(http) ?? body.Refused(http) ?? await OutOfReach(http, caller, reads, log, institution)) is { } refused)
            return refused;
        // Which technique it is of only its stream tells, and there are as many streams as techniques.
        if ((await Read(reads, log, institution, http.RequestAborted)).FirstOrDefault(s => s.Find(id) is not null) is not { } found)
            return Problem.Refused(http, "noSuchVerifiedTotal");
        return await answers.Command(
            http,
            caller,
            Aggregates.VerifiedTotals,
            VerifiedTotals.Stream(institution, found.Technique),
            body,
            (state, today) => VerifiedTotals.Withdraw(state, id, reason, today, caller.Actor()),
            (_, _) => (StatusCodes.Status200OK, new { totalId = id }));
    }

    private static async Task<IResult> List(HttpContext http, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var technique = query.OptionalText("technique");
        var minPosition = query.Position();
        var reference = await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
            return refused;

        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        if (!await SubjectAccess.Exists(snapshot.Connection, Subject.Institution(institution), http.RequestAborted))
            return Problem.Hidden(http);
        // What the rows show of cases and the totals are of one position.
        var totals = (await Read(reads, log, institution, http.RequestAborted, snapshot.Position)).Where(s => technique is null || s.Technique == technique).OrderBy(s => s.Technique, StringComparer.Ordinal)
            .SelectMany(s => s.Totals.Select(t => (s.Technique, Total: t))).ToList();
        var counts = await CountsQuery.Read(
            snapshot.Connection, [.. totals.Select(t => new CountsAsked(Subject.Institution(institution), t.Technique, t.Total.Period, t.Total.Period.To))], http.RequestAborted);
        return Results.Json(new TotalsAnswer([.. totals.Zip(counts, (t, c) => Shown(reference, t.Technique, t.Total, c))], snapshot.Position), Json.Options);
    }

    private static TotalShown Shown(Reference reference, string technique, VerifiedTotals.Total total, Counts counts)
    {
        static ComparisonShown Compare(int verified, int reported)
        {
            var share = new ReportedShare(verified, reported);
            return new(verified, reported, share.Missing, RatioShown.Of(share.Missing, verified), share.Surplus > 0 ? share.Surplus : null);
        }

        var due = reference.Calendar.Deadline(total.Period.To, reference.Regulations.ReportDefinitions(technique, total.Period.To)!.InPractice.Reporting.WorkingDays);
        return new(
            total.Id,
            technique,
            total.Period.From,
            total.Period.To,
            total.Count is null,
            total.Count?.Source,
            total.Count is { } count ? Compare(count.Cases, counts.Cases) : null,
            total.Count?.TherapeuticCases is { } therapeutic ? Compare(therapeutic, counts.TherapeuticCases) : null,
            due.On,
            due.Provisional,
            [.. total.History.Select(e => e switch
            {
                VerifiedTotals.Event.Entered entered => new TotalStepShown(false, entered.RecordedOn, entered.By, entered.Count.Cases, entered.Count.TherapeuticCases, entered.Count.Source, entered.Reason),
                VerifiedTotals.Event.Withdrawn withdrawn => new TotalStepShown(true, withdrawn.RecordedOn, withdrawn.By, null, null, null, withdrawn.Reason),
                _ => throw new System.Diagnostics.UnreachableException($"a verified total knows no {e.GetType().Name}"),
            })]);
    }

    /// <summary>What was counted of an institution, by technique.</summary>
    private static async Task<IReadOnlyList<VerifiedTotals.State>> Read(Reads reads, IEventStore log, string institution, CancellationToken cancellation, long upTo = long.MaxValue)
    {
        var techniques = (await reads.Reference(cancellation)).Regulations.Techniques;
        var events = await log.ReadStreams([.. techniques.Select(t => VerifiedTotals.Stream(institution, t))], upTo, cancellation);
        return [.. events.GroupBy(e => e.Stream).Select(g => VerifiedTotals.Fold(g.Select(e => (VerifiedTotals.Event)e.Data)))];
    }

    private static async Task<Problem?> OutOfReach(HttpContext http, Caller caller, Reads reads, IEventStore log, string institution)
    {
        var place = await CaseAccess.PlaceOf(reads, log, institution, http.RequestAborted);
        return place is null ? Problem.Refused(http, "noSuchInstitution") : caller.ActsIn(place.Province) ? null : Problem.Forbidden(http);
    }
}
