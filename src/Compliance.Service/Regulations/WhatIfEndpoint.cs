using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Regulations;

/// <summary><c>POST /regulations/what-if</c>: whom a draft, or a changed limit, would newly warn, suspend or clear, on a closed day or over a span of them. Nothing is written.</summary>
public static class WhatIfEndpoint
{
    /// <summary>Days of one question.</summary>
    private const int MostDays = 400;

    /// <summary>Subjects whose closings are read back at a time, when their runs of breaches are looked for: some months of each.</summary>
    private const int SubjectsBack = 200;

    public const string Lines = "application/x-ndjson";

    /// <param name="Clause">Of the regulation in force.</param>
    /// <param name="Limit">As the regulation writes it: cases, percent, deaths.</param>
    /// <param name="Fact">Which of the facts of a condition.</param>
    public sealed record LimitChanged(string Clause, decimal Limit, string? Fact);

    /// <param name="Technique">Whose regulation is changed.</param>
    /// <param name="Draft">A whole regulation file; or else <paramref name="Limits"/>.</param>
    /// <param name="Limits">Limits changed in the regulation that judged the day, looser or stricter.</param>
    /// <param name="Province">One only; all unless given.</param>
    /// <param name="AsOf">The closed day asked about; the last one unless given.</param>
    /// <param name="From">With <paramref name="To"/>: every day closed in between, both included. The answer is then sent line by line, with progress.</param>
    public sealed record WhatIfRequest(string Technique, Regulation? Draft, IReadOnlyList<LimitChanged>? Limits, string? Province, DateOnly? AsOf, DateOnly? From, DateOnly? To);

    /// <param name="Before">What the findings asked for by the regulation that stood.</param>
    /// <param name="Verdict">What they would ask for.</param>
    /// <param name="Clauses">Those that make the difference.</param>
    public sealed record SubjectChanged(SubjectShown Subject, Verdict Before, Verdict Verdict, IReadOnlyList<string> Clauses);

    /// <param name="Province">Null for those who belong to none.</param>
    /// <param name="Eased">Suspended by the regulation that stood, and only warned by the change.</param>
    public sealed record ProvinceChanged(
        string? Province, IReadOnlyList<SubjectChanged> NewlySuspended, IReadOnlyList<SubjectChanged> NewlyWarned, IReadOnlyList<SubjectChanged> Eased, IReadOnlyList<SubjectChanged> Cleared);

    /// <param name="Judged">Subjects judged that day.</param>
    /// <param name="NotFollowed">What differs in the draft and is not followed here, by its place: the facts were counted by the regulation in force.</param>
    public sealed record WhatIfAnswer(
        string Technique, ComplianceEndpoints.RegulationShown Regulation, DateOnly AsOf, int Judged, IReadOnlyList<ProvinceChanged> Provinces, IReadOnlyList<string> NotFollowed);

    /// <param name="Days">On which it would have been so.</param>
    public sealed record SubjectOverDays(SubjectShown Subject, string? Province, Verdict Verdict, DateOnly FirstDay, DateOnly LastDay, int Days, IReadOnlyList<string> Clauses);

    public sealed record DayTally(DateOnly Day, int NewlySuspended, int NewlyWarned, int Eased, int Cleared);

    /// <summary>One line of the answer over a span: the days done so far, or, last, the whole.</summary>
    public sealed record WhatIfLine(int Done, int Of, DayTally? Day, IReadOnlyList<SubjectOverDays>? Subjects, IReadOnlyList<string>? NotFollowed);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/regulations/what-if", Ask)
        .Allows(Role.Regulator, Role.National).Takes()
        .Describes<WhatIfRequest, WhatIfAnswer>($"Whom a draft or a changed limit would newly warn, suspend or clear; over a span of days as `{Lines}`", 200, 404, 503);

    private sealed record Asked(string Technique, Regulation? Draft, IReadOnlyList<StricterLimit> Limits, string? Province, Reference Reference)
    {
        /// <summary>The regulation that judged a day in a province, and what it would be.</summary>
        public (Regulation Actual, Regulation Draft)? On(DateOnly day, string? province)
        {
            if (Reference.Regulations.InForce(Technique, day, province) is not { } actual)
            {
                return null;
            }

            return (actual, Draft is null ? LimitChange.Over(actual, Limits) : Reference.Regulations.Over(Draft, day, province));
        }
    }

    private static async Task<IResult> Ask(HttpContext http, Caller caller, Reads reads)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        var root = body.Root;
        var technique = root.Id("technique");
        var draft = root.OptionalRaw("draft");
        var limits = root.Objects("limits").Select(l => (Place: l, Limit: new StricterLimit(l.Text("clause"), l.Number("limit", 0, 100_000), l.OptionalText("fact")))).ToList();
        var province = root.OptionalText("province");
        var asOf = root.OptionalDay("asOf");
        var from = root.OptionalDay("from");
        var to = root.OptionalDay("to");
        if (technique.Length > 0 && !reference.Regulations.Techniques.Contains(technique))
        {
            root.Fault("technique", "unknownTechnique");
        }

        if (province is not null && !Provinces.IsCode(province))
        {
            root.Fault("province", "invalidProvince");
        }

        if (root.Has("draft") != (limits.Count == 0))
        {
            root.Fault("limits", "oneOf", "draft, limits");
        }

        if (from is null != to is null || (from is not null && asOf is not null))
        {
            root.Fault("from", "oneOf", "asOf, from + to");
        }
        else if (to < from)
        {
            root.Fault("to", "endsBeforeItBegins");
        }
        else if (to is { } last && last.DayNumber - from!.Value.DayNumber >= MostDays)
        {
            root.Fault("to", "tooManyPoints", MostDays);
        }

        Regulation? regulation = null;
        if (draft is { } file)
        {
            var parsed = RegulationFile.Parse(file.GetRawText());
            regulation = parsed.Regulation;
            foreach (var fault in parsed.Faults.Take(Body.MaxFaults))
            {
                body.Add(Fault.Of(fault with { Pointer = "/draft" + fault.Pointer }));
            }

            foreach (var fault in regulation is null ? [] : reference.Regulations.ValidateNext(regulation).Where(f => f.Code is not ("versionExists" or "versionNotNext")).Take(Body.MaxFaults))
            {
                body.Add(Fault.Of(fault with { Pointer = "/draft" + fault.Pointer }));
            }

            if (regulation is not null && regulation.Technique != technique)
            {
                body.Add(new Fault("/draft/technique", "techniqueChanged", technique));
            }
        }

        if (body.Refused(http) is { } refused)
        {
            return refused;
        }

        province ??= caller.Role == Role.Regulator ? caller.Province : null;
        if (caller.Role == Role.Regulator && province != caller.Province)
        {
            return Problem.Forbidden(http);
        }

        await using var connection = await reads.Open(http.RequestAborted);
        var closed = await Days(connection, from ?? asOf, to ?? asOf, http.RequestAborted);
        if (closed.Count == 0)
        {
            return Problem.Refused(http, "notClosed");
        }

        var asked = new Asked(technique, regulation, [.. limits.Select(l => l.Limit)], province, reference);
        if (asked.On(closed[^1], province) is not { } sides)
        {
            return Problem.Refused(http, "notJudged");
        }

        foreach (var (place, limit) in limits)
        {
            if (!LimitChange.Fits(sides.Actual, limit))
            {
                place.Fault(null, "noSuchLimit", limit.Clause);
            }
        }

        if (body.Refused(http) is { } unfit)
        {
            return unfit;
        }

        var notFollowed = WhatIf.NotFollowed(sides.Actual, sides.Draft);
        if (from is not null)
        {
            return Results.Stream(stream => Span(stream, reads, asked, closed, notFollowed, http.RequestAborted), Lines);
        }

        var (changes, judged, _) = await On(connection, asked, closed[^1], null, http.RequestAborted);
        return Results.Json(
            new WhatIfAnswer(
                technique,
                new(sides.Actual.Id, sides.Actual.Version),
                closed[^1],
                judged,
                [.. changes.GroupBy(c => c.Province).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Of)],
                notFollowed),
            Json.Options);
    }

    private static ProvinceChanged Of(IGrouping<string?, WhatIfChange> province)
    {
        IReadOnlyList<SubjectChanged> Those(Func<WhatIfChange, bool> which) =>
            [.. province.Where(which).Select(c => new SubjectChanged(SubjectShown.Of(c.Qualification.Subject), c.Before, c.Verdict, c.Clauses))];
        return new(
            province.Key,
            Those(c => c.Verdict == Verdict.Suspended),
            Those(c => c is { Before: Verdict.Clear, Verdict: Verdict.Warned }),
            Those(c => c is { Before: Verdict.Suspended, Verdict: Verdict.Warned }),
            Those(c => c.Verdict == Verdict.Clear));
    }

    /// <summary>One line a day closed, and last a line with everybody it would have touched.</summary>
    private static async Task Span(Stream stream, Reads reads, Asked asked, IReadOnlyList<DateOnly> days, IReadOnlyList<string> notFollowed, CancellationToken cancellation)
    {
        async Task Line(WhatIfLine line)
        {
            await JsonSerializer.SerializeAsync(stream, line, Json.Options, cancellation);
            await stream.WriteAsync("\n"u8.ToArray(), cancellation);
            await stream.FlushAsync(cancellation);
        }

        await using var connection = await reads.Open(cancellation);
        var touched = new Dictionary<(QualificationId Id, Verdict Verdict), SubjectOverDays>();
        Runs? runs = null;
        for (var i = 0; i < days.Count; i++)
        {
            (var changes, _, runs) = await On(connection, asked, days[i], runs?.Day == days[i].AddDays(-1) ? runs : null, cancellation);
            foreach (var c in changes)
            {
                touched[(c.Qualification, c.Verdict)] = touched.TryGetValue((c.Qualification, c.Verdict), out var so)
                    ? so with { LastDay = days[i], Days = so.Days + 1, Province = c.Province, Clauses = [.. so.Clauses.Union(c.Clauses)] }
                    : new(SubjectShown.Of(c.Qualification.Subject), c.Province, c.Verdict, days[i], days[i], 1, c.Clauses);
            }

            await Line(new(
                i + 1,
                days.Count,
                new(
                    days[i],
                    changes.Count(c => c.Verdict == Verdict.Suspended),
                    changes.Count(c => c is { Before: Verdict.Clear, Verdict: Verdict.Warned }),
                    changes.Count(c => c is { Before: Verdict.Suspended, Verdict: Verdict.Warned }),
                    changes.Count(c => c.Verdict == Verdict.Clear)),
                null,
                null));
        }

        await Line(new(days.Count, days.Count, null, [.. touched.Values.OrderBy(t => t.Subject.Kind).ThenBy(t => t.Subject.Id, StringComparer.Ordinal).ThenBy(t => t.Verdict)], notFollowed));
    }

    /// <summary>Who was judged by the change on a day, and since when the breaches that must last have lasted.</summary>
    private sealed record Runs(DateOnly Day, IReadOnlySet<Subject> Judged, IReadOnlyDictionary<(Subject Subject, string Clause), DateOnly> Since);

    /// <summary>What the change makes of one closed day.</summary>
    /// <param name="before">The runs of the day before; whoever was not judged there is looked for in the closings, as everybody is where it is null.</param>
    private static async Task<(IReadOnlyList<WhatIfChange> Changes, int Judged, Runs Runs)> On(NpgsqlConnection connection, Asked asked, DateOnly day, Runs? before, CancellationToken cancellation)
    {
        var closings = await Closings.On(connection, asked.Technique, day, asked.Province, cancellation);
        var judged = closings.AsParallel().AsOrdered().Select(closing => (Closing: closing, Findings: asked.On(day, closing.Province) is var (actual, draft) ? WhatIf.Judge(draft, actual, closing) : [])).ToList();
        var open = judged.SelectMany(j => WhatIf.OpenRuns(j.Findings).Select(f => (j.Closing.Qualification.Subject, Finding: f))).ToList();
        var since = await Since(connection, asked, day, [.. open.Where(o => before?.Judged.Contains(o.Subject) != true)], cancellation);
        foreach (var (subject, finding) in open.Where(o => before?.Judged.Contains(o.Subject) == true))
        {
            since[(subject, finding.Clause)] = before!.Since.TryGetValue((subject, finding.Clause), out var began) ? began : day;
        }

        var findings = judged.ConvertAll(j => (
            j.Closing,
            Findings: (IReadOnlyList<Finding>)[.. j.Findings.Select(f => since.TryGetValue((j.Closing.Qualification.Subject, f.Clause), out var began) ? f with { Since = began } : f)]));
        var going = findings.SelectMany(j => j.Findings.Where(f => f is { IsBreach: true, Effect: BreachEffect.WarnThenSuspend, Since: not null }).Select(f => (Key: (j.Closing.Qualification.Subject, f.Clause), Since: f.Since!.Value)));
        return (
            [.. findings.Select(j => WhatIf.Compare(j.Closing, j.Findings)).OfType<WhatIfChange>()],
            closings.Count,
            new(day, closings.Select(c => c.Qualification.Subject).ToHashSet(), going.ToDictionary(g => g.Key, g => g.Since)));
    }

    /// <summary>Since when each breach has lasted without a break, by the closings before, and no further back than makes a difference.</summary>
    private static async Task<Dictionary<(Subject Subject, string Clause), DateOnly>> Since(
        NpgsqlConnection connection, Asked asked, DateOnly day, IReadOnlyList<(Subject Subject, Finding Finding)> open, CancellationToken cancellation)
    {
        var since = new Dictionary<(Subject Subject, string Clause), DateOnly>();
        foreach (var chunk in open.GroupBy(o => o.Subject).Chunk(SubjectsBack))
        {
            var closings = (await Closings.Of(
                connection, asked.Technique, day.AddDays(1 - chunk.SelectMany(o => o).Max(o => o.Finding.AfterDays!.Value)), day.AddDays(-1), [.. chunk.Select(o => o.Key)], cancellation))
                .ToDictionary(c => (c.Qualification.Subject, c.Day));
            foreach (var (subject, finding) in chunk.SelectMany(o => o))
            {
                since[(subject, finding.Clause)] = WhatIf.Since(
                    finding, day, on => closings.GetValueOrDefault((subject, on)), closing => asked.On(closing.Day, closing.Province)?.Draft);
            }
        }

        return since;
    }

    private static async Task<IReadOnlyList<DateOnly>> Days(NpgsqlConnection connection, DateOnly? from, DateOnly? to, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select day from days_closed where day between coalesce($1, (select max(day) from days_closed)) and coalesce($2, (select max(day) from days_closed)) order by day", connection);
        command.Parameters.Add(new() { Value = (object?)from ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = (object?)to ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Date });
        var days = new List<DateOnly>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            days.Add(reader.GetFieldValue<DateOnly>(0));
        }

        return days;
    }
}
