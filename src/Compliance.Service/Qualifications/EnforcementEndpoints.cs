using Compliance.Qualifications;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Qualifications;

/// <summary>How far the monitor may act by itself, by technique and province.</summary>
public static class EnforcementEndpoints
{
    /// <summary>More subjects than this no province has.</summary>
    private const int LargestHold = 1_000_000;

    /// <param name="From">First day judged in this mode: today or later.</param>
    /// <param name="Revocation">Whether a person decides on a revocation proposed; <c>confirmed</c> unless given.</param>
    /// <param name="HoldAbove">More suspensions than this in one closing are held as proposals; the greater of 5 and 2 % of the subjects unless given.</param>
    public sealed record EnforcementEntry(EnforcementMode Mode, DateOnly From, RevocationMode? Revocation = null, int? HoldAbove = null);

    /// <param name="Clauses">Those whose breach leads there.</param>
    public sealed record SubjectAffected(SubjectKind Kind, string Subject, IReadOnlyList<string> Clauses);

    /// <param name="JudgedOn">The last day closed, from whose findings the lists are; null while none is.</param>
    /// <param name="WouldWarn">Who would be warned by the findings of that day: in good standing, with a binding breach that does not suspend at once.</param>
    /// <param name="WouldSuspend">Who would be suspended. A breach that must last some days counts them from <c>from</c> at the earliest.</param>
    public sealed record EnforcementWritten(
        string Technique,
        string Province,
        EnforcementMode Mode,
        DateOnly From,
        RevocationMode Revocation,
        int? HoldAbove,
        DateOnly? JudgedOn,
        IReadOnlyList<SubjectAffected> WouldWarn,
        IReadOnlyList<SubjectAffected> WouldSuspend,
        long Position);

    public sealed record SettingShown(EnforcementMode Mode, DateOnly From, RevocationMode Revocation, int? HoldAbove, DateOnly RecordedOn, string By);

    /// <param name="Mode">Of today.</param>
    /// <param name="Settings">In the order they were recorded; on a day the last recorded of those that begin by then holds.</param>
    public sealed record EnforcementShown(string Technique, string Province, EnforcementMode Mode, IReadOnlyList<SettingShown> Settings);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPut("/enforcement/{technique}/{province}", Put)
            .Allows(Role.Regulator, Role.National)
            .ScopedTo((http, caller) => ValueTask.FromResult(caller.ActsIn(http.Request.RouteValues["province"] as string) ? Scope.Within : Scope.Outside))
            .TakesHeader("If-Match")
            .Describes<EnforcementEntry, EnforcementWritten>("Sets how far the monitor acts, and answers with whom the last day closed would affect", 200, 412);
        api.MapGet("/enforcement", List)
            .Allows(Role.Regulator, Role.National)
            .Takes("technique", "limit", "cursor", "minPosition")
            .Describes<Page<EnforcementShown>>("What was set, by technique and province; a regulator sees the own province. What is not listed is observed.", 200, 503);
    }

    private static async Task<IResult> Put(HttpContext http, Caller caller, Answers answers, Reads reads)
    {
        var query = Query.Of(http);
        var (technique, province) = DashboardEndpoints.InPath(query, await reads.Reference(http.RequestAborted));
        var body = await Body.Read(http);
        var mode = body.Root.Choice<EnforcementMode>("mode");
        var from = body.Root.Day("from");
        var revocation = body.Root.OptionalChoice<RevocationMode>("revocation") ?? RevocationMode.Confirmed;
        var holdAbove = body.Root.OptionalInteger("holdAbove", 0, LargestHold);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        var (judgedOn, wouldWarn, wouldSuspend) = await Affected(reads, technique, province, http.RequestAborted);
        return await answers.Command(
            http,
            caller,
            Aggregates.Enforcements,
            Enforcement.Stream(technique, province),
            body,
            (state, today) => Enforcement.Decide(state, new(technique, province, mode, from, revocation, holdAbove, today, caller.Actor())),
            (_, _) => (200, new { technique, province, mode, from, revocation, holdAbove, judgedOn, wouldWarn, wouldSuspend }));
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, Clock clock)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var limit = query.Limit();
        var cursor = query.Cursor(2);
        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var today = clock.Today;
        var items = (await reads.Reference(http.RequestAborted)).Enforcement
            .Where(e => caller.ActsIn(e.Key.Province) && (technique is null || e.Key.Technique == technique))
            .OrderBy(e => e.Key.Technique, StringComparer.Ordinal)
            .ThenBy(e => e.Key.Province, StringComparer.Ordinal)
            .SkipWhile(e => cursor is not null && (string.CompareOrdinal(e.Key.Technique, cursor[0]), string.CompareOrdinal(e.Key.Province, cursor[1])).CompareTo((0, 0)) <= 0)
            .Take(limit + 1)
            .Select(e => new EnforcementShown(
                e.Key.Technique,
                e.Key.Province,
                e.Value.ModeOn(today),
                [.. e.Value.Settings.Select(s => new SettingShown(s.Mode, s.From, s.Revocation, s.HoldAbove, s.RecordedOn, s.By.Name))]))
            .ToList();
        return Results.Json(Paged.Cut(items, limit, i => [i.Technique, i.Province]), Json.Options);
    }

    /// <summary>
    /// Whom the findings of the last closed day would touch if the monitor acted on them. Those of another standing have
    /// been dealt with: a warned one is not warned again, a suspended one not at all.
    /// </summary>
    private static async Task<(DateOnly? JudgedOn, IReadOnlyList<SubjectAffected> WouldWarn, IReadOnlyList<SubjectAffected> WouldSuspend)> Affected(
        Reads reads, string technique, string province, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        if (await LastClosed(connection, cancellation) is not { } day)
        {
            return (null, [], []);
        }

        var closings = (await Closings.Asking(connection, technique, day, cancellation)).Where(c => c.Province == province && c.Findings.Any(f => f.IsBreach)).ToList();
        var qualifications = await FactsReader.Qualifications(connection, [.. closings.Select(c => c.Qualification.Subject.Id)], cancellation);
        var warn = new List<SubjectAffected>();
        var suspend = new List<SubjectAffected>();
        foreach (var closing in closings)
        {
            var subject = closing.Qualification.Subject;
            if (closing.WouldSuspend)
            {
                suspend.Add(new(subject.Kind, subject.Id, [.. closing.Findings.Where(f => f.Suspends(day)).Select(f => f.Clause)]));
            }
            else if (qualifications.GetValueOrDefault(closing.Qualification) is { Standing: Standing.Good })
            {
                warn.Add(new(subject.Kind, subject.Id, [.. closing.Findings.Where(f => f.IsBreach).Select(f => f.Clause)]));
            }
        }

        return (day, warn, suspend);
    }

    // Its closings are written with it, also where nobody was judged.
    private static async Task<DateOnly?> LastClosed(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select max(day) from days_closed", connection);
        return await command.ExecuteScalarAsync(cancellation) is DateOnly day ? day : null;
    }
}
