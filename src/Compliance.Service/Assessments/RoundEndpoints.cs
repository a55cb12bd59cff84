using System.Text.Json;
using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Compliance.Service.Qualifications;
using Npgsql;

namespace Compliance.Service.Assessments;

/// <summary>Rounds of assessment: opened, scored, concluded; and what was frozen, for everybody in them.</summary>
public static class RoundEndpoints
{
    private const string Path = "/assessment-rounds/{id}";
    private const string SubjectPath = Path + "/subjects/{kind}/{subject}";

    private static readonly IReadOnlyList<Role> Regulators = [Role.Regulator, Role.National];

    /// <param name="From">First day of the period.</param>
    /// <param name="To">Its last, of which every report must have been due; the twelve months that end with it are judged.</param>
    /// <param name="ClosesOn">Concluded by itself on the closing of this day; by the regulation unless given.</param>
    public sealed record RoundRequest(string Technique, string Province, DateOnly From, DateOnly To, DateOnly? ClosesOn = null);

    public sealed record SubjectEntry(SubjectKind Kind, string Id);

    public sealed record ScoreEntry(string Item, bool Passed, string? Remark = null);

    public sealed record ScoresRequest(SubjectEntry Subject, IReadOnlyList<ScoreEntry> Items);

    public sealed record OverrideRequest(SubjectEntry Subject, AssessmentOutcome Outcome, string Reason);

    public sealed record ConcludeRequest;

    /// <param name="Reason">Which outcomes had been concealed, and how that came out.</param>
    public sealed record ReopenRequest(SubjectEntry Subject, string Reason, DateOnly? ClosesOn = null);

    /// <param name="Scheduled">False for a period that is none of the schedule's: what fails in it does not enter the row of failures.</param>
    /// <param name="Sitting">1, and one more each time it was opened again for concealed outcomes.</param>
    /// <param name="ConcludedOn">Of the present sitting; null while it is open.</param>
    public sealed record RoundShown(
        Guid Round, string Technique, string Province, ScheduleEndpoints.PeriodShown Period, bool Scheduled, DateOnly OpenedOn, DateOnly ClosesOn, int Sitting, DateOnly? ConcludedOn);

    public sealed record RoundWritten(
        Guid Round, string Technique, string Province, ScheduleEndpoints.PeriodShown Period, bool Scheduled, DateOnly OpenedOn, DateOnly ClosesOn, int Sitting, DateOnly? ConcludedOn, long Position);

    /// <param name="LeftOut">Suspended at the opening.</param>
    /// <param name="Outcomes">Of those concluded, how many ended how.</param>
    /// <param name="Items">The qualitative items to be scored.</param>
    public sealed record RoundAnswer(RoundShown Round, string? ConcludedBy, int Subjects, int LeftOut, IReadOnlyDictionary<string, int> Outcomes, IReadOnlyList<AssessmentItem> Items, long Position);

    /// <param name="Outcome">As it ended; null before.</param>
    /// <param name="WouldBe">As it would end by what is frozen and scored now.</param>
    /// <param name="FailedClauses">Those whose binding breach fails it.</param>
    public sealed record SubjectRow(
        DashboardEndpoints.NamedSubject Subject, bool LeftOut, int Sitting, AssessmentOutcome? Outcome, AssessmentOutcome WouldBe, IReadOnlyList<string> FailedClauses, IReadOnlyList<string> FailedItems, int Unscored);

    public sealed record RoundSubjects(IReadOnlyList<SubjectRow> Items, string? NextCursor, long Position);

    public sealed record ScoreShown(string Item, Bilingual Title, bool? Passed, string? Remark, DateOnly? ScoredOn, string? Assessor);

    /// <param name="SuccessRate">Successful of the cases of which success was reported; null without any.</param>
    /// <param name="AverageStayDays">Nights in hospital; null without any.</param>
    /// <param name="OnTimeShare">Reports on time, of those that have a deadline.</param>
    /// <param name="FollowUpRate">Follow-ups made and reported in time, of those whose window had ended when the round was opened.</param>
    /// <param name="Completeness">Reported of those counted independently, by the verified totals within the days judged; null where there are none.</param>
    public sealed record ComputedShown(
        RatioShown SuccessRate, decimal? AverageStayDays, RatioShown OnTimeShare, RatioShown FollowUpRate, int SevereComplicationCases, int DeathCases, int Incidents, int SeriousIncidents, RatioShown? Completeness);

    public sealed record OverrideShown(AssessmentOutcome Outcome, string Reason, DateOnly OverriddenOn, string By);

    /// <param name="Clause">One whose figures are no longer what they were at the opening.</param>
    public sealed record DifferenceShown(string Clause, FindingShown Frozen, FindingShown Now);

    /// <param name="Findings">As frozen at the opening.</param>
    /// <param name="Since">What the same period gives by what is known now, where that differs; it changes nothing here.</param>
    public sealed record AssessmentAnswer(
        RoundShown Round,
        DashboardEndpoints.NamedSubject Subject,
        bool LeftOut,
        int Sitting,
        AssessmentOutcome? Outcome,
        AssessmentOutcome WouldBe,
        ComplianceEndpoints.RegulationShown Regulation,
        ObservationShown Observation,
        CountsShown Counts,
        IReadOnlyList<FindingShown> Findings,
        ComputedShown Computed,
        IReadOnlyList<ScoreShown> Items,
        OverrideShown? Override,
        IReadOnlyList<DifferenceShown> Since,
        long Position);

    /// <summary>A round, and who in it is asked about.</summary>
    /// <param name="Round">As it stood when the sitting was concluded, or as it stands.</param>
    /// <param name="FrozenAt">Where the log stood when the figures were frozen.</param>
    internal sealed record Found(AssessmentRound.State Round, FrozenAssessment Frozen, long FrozenAt, AssessmentOutcome? Outcome, string Name);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/assessment-rounds", Open)
            .Allows(Regulators).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<RoundRequest, RoundWritten>("Opens a round for any settled period; asked for again it is the same round", 200, 201, 412, 422, 503);
        api.MapGet("/assessment-rounds", List)
            .Allows(Regulators)
            .Takes("technique", "province", "open", "limit", "cursor", "minPosition")
            .Describes<Page<RoundShown>>("Rounds, the latest period first", 200, 400, 503);
        api.MapGet(Path, Show).Allows(Regulators).Takes("minPosition")
            .Describes<RoundAnswer>("A round, and how many in it ended how", 200, 400, 404, 503);
        api.MapGet(Path + "/subjects", ShowSubjects).Allows(Regulators).Takes("limit", "cursor", "minPosition")
            .Describes<RoundSubjects>("Everybody in a round, with the outcome, or the one there would be", 200, 400, 404, 503);
        api.MapGet(SubjectPath, ShowSubject).Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).Takes("sitting", "minPosition")
            .Describes<AssessmentAnswer>("One subject of a round: frozen figures, findings and scores, and what is known since", 200, 400, 404, 503);
        Post<ScoresRequest>(api, "scores", "Scores qualitative items of one subject", (body, find) =>
        {
            var subject = SubjectIn(body);
            var items = body.SomeObjects("items").Select(i => (Place: i, Score: new Score(i.Text("item"), i.Flag("passed"), i.OptionalText("remark", BodyObject.LongText, lines: true)))).ToList();
            foreach (var twice in items.GroupBy(i => i.Score.Item).SelectMany(g => g.Skip(1)))
            {
                twice.Place.Fault("item", "duplicateItem");
            }

            return async by =>
            {
                var (found, regulations) = await find(subject);
                if (found is not { Frozen.LeftOut: false })
                {
                    return (_, _) => Refusal.Invalid("notInRound", "/subject");
                }

                var known = found.Frozen.JudgedBy(regulations).InPractice.AssessmentItems.Select(i => i.Id).ToHashSet();
                return items.FindIndex(i => !known.Contains(i.Score.Item)) is var unknown and >= 0
                    ? (_, _) => Refusal.Invalid("unknownValue", $"/items/{unknown}/item", string.Join(", ", known))
                    : (now, day) => AssessmentRound.Score(now, subject, [.. items.Select(i => i.Score)], day, by);
            };
        });
        Post<OverrideRequest>(api, "overrides", "Sets the outcome of one subject, with the reason", (body, find) =>
        {
            var subject = SubjectIn(body);
            var outcome = body.Choice<AssessmentOutcome>("outcome");
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            return async by => (await find(subject)).Found is not { Frozen.LeftOut: false }
                ? (_, _) => Refusal.Invalid("notInRound", "/subject")
                : (now, day) => AssessmentRound.SetOutcome(now, subject, outcome, reason, day, by);
        });
        Post<ConcludeRequest>(api, "conclude", "Concludes the round before its closing date: outcomes and what follows from them are recorded", (_, _) =>
            by => Task.FromResult<Decide>((now, day) => AssessmentRound.Conclude(now, day, by)));
        Post<ReopenRequest>(api, "reopen", "Opens a concluded round again for one subject, because outcomes had been concealed", (body, find) =>
        {
            var subject = SubjectIn(body);
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            var closesOn = body.OptionalDay("closesOn");
            return async by =>
            {
                var (found, regulations) = await find(subject);
                return found is not { Frozen.LeftOut: false }
                    ? (_, _) => Refusal.Invalid("notInRound", "/subject")
                    : (now, day) => AssessmentRound.Reopen(
                        now, subject, reason, closesOn ?? day.AddDays(found.Frozen.JudgedBy(regulations).InPractice.Proceedings.AssessmentClosesAfterDays), day, by);
            };
        });
    }

    private delegate Decision<AssessmentRound.Event> Decide(AssessmentRound.State state, DateOnly today);

    private delegate Task<(Found? Found, RegulationSet Regulations)> Find(Subject subject);

    private delegate Task<Decide> Act(Actor by);

    private static Subject SubjectIn(BodyObject body)
    {
        var of = body.Object("subject");
        return new(of.Choice<SubjectKind>("kind"), of.Id("id"));
    }

    private static async Task<IResult> Open(HttpContext http, Caller caller, Answers answers, Reads reads)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        var technique = body.Root.Id("technique");
        var province = body.Root.Text("province");
        var period = new DaySpan(body.Root.Day("from"), body.Root.Day("to"));
        var closesOn = body.Root.OptionalDay("closesOn");
        if (technique.Length > 0 && !reference.Regulations.Techniques.Contains(technique))
        {
            body.Root.Fault("technique", "unknownTechnique");
        }

        if (province.Length > 0 && !Provinces.IsCode(province))
        {
            body.Root.Fault("province", "invalidProvince");
        }

        if (!body.HasFaults && period.IsEmpty)
        {
            body.Root.Fault("to", "endsBeforeItBegins");
        }

        if (body.Refused(http) is { } refused)
        {
            return refused;
        }

        if (!caller.ActsIn(province))
        {
            return Problem.Forbidden(http);
        }

        if (reference.Regulations.InForce(technique, period.To, province) is not { } regulation)
        {
            return Problem.Invalid(http, new Fault("/to", "notJudged"));
        }

        var id = AssessmentRound.Id(technique, province, period);
        // A scheduled period is one whoever opens its round.
        var scheduled = reference.Schedules.TryGetValue((technique, province), out var schedule) && schedule.PeriodsEndingBy(period.To).Contains(period);
        return await answers.Command(
            http,
            caller,
            Aggregates.AssessmentRounds,
            AssessmentRound.Stream(id),
            body,
            (state, today) => AssessmentRound.Open(
                state,
                new(id, technique, province, period, closesOn ?? today.AddDays(regulation.InPractice.Proceedings.AssessmentClosesAfterDays), scheduled, today, caller.Actor()),
                reference.Calendar.SettledDay(today, regulation.InPractice.Reporting.WorkingDays)),
            (state, events) => (events.Count > 0 ? 201 : 200, Shown(state)));
    }

    private static RoundShown Shown(AssessmentRound.State state)
    {
        var entry = state.Entry!;
        return new(entry.Round, entry.Technique, entry.Province, new(entry.Period.From, entry.Period.To), entry.Scheduled, entry.OpenedOn, state.ClosesOn, state.Sitting, state.ConcludedOn);
    }

    private static void Post<TRequest>(RouteGroupBuilder api, string act, string summary, Func<BodyObject, Find, Act> read)
        where TRequest : notnull =>
        api.MapPost($"{Path}/{act}", (HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Run(http, caller, answers, reads, log, read))
            .Allows(Regulators).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TRequest, RoundWritten>(summary, 200, 404, 409, 412, 422, 503);

    private static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Func<BodyObject, Find, Act> read)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var body = await Body.Read(http);
        IReadOnlyList<RecordedEvent> events = [];
        Problem? late = null;
        Find find = async subject =>
        {
            (var found, late) = await FindSubject(http, reads, events, subject);
            return (found, (await reads.Reference(http.RequestAborted)).Regulations);
        };
        var act = read(body.Root, find);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        events = await log.ReadStream(AssessmentRound.Stream(id), cancellation: http.RequestAborted);
        if (Opened(events) is not { } opened)
        {
            return Problem.Refused(http, "noSuchRound");
        }

        if (!caller.ActsIn(opened.Province))
        {
            return Problem.Forbidden(http);
        }

        var decide = await act(caller.Actor());
        return late is not null ? late : await answers.Command(http, caller, Aggregates.AssessmentRounds, AssessmentRound.Stream(id), body, (state, today) => decide(state, today), (state, _) => (200, Shown(state)));
    }

    private static AssessmentRound.Event.Opened? Opened(IReadOnlyList<RecordedEvent> events) => events is [var first, ..] ? (AssessmentRound.Event.Opened)first.Data : null;

    /// <summary>One subject of a round. Whoever has just opened it finds what was frozen: the rows are waited for.</summary>
    /// <param name="events">Of the round, at least one.</param>
    private static async Task<(Found? Found, Problem? Late)> FindSubject(HttpContext http, Reads reads, IReadOnlyList<RecordedEvent> events, Subject subject, int? sitting = null)
    {
        if (await reads.Shown(http, events[^1].Position) is { } late)
        {
            return (null, late);
        }

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select a.doc, a.outcome, coalesce(i.name, p.name, a.subject)
            from assessments a
            left join institutions i on a.kind = 'institution' and i.id = a.subject
            left join physicians p on a.kind = 'physician' and p.id = a.subject
            where a.round = $1 and a.kind = $2 and a.subject = $3 and ($4::int is null or a.sitting = $4)
            order by a.sitting desc
            limit 1
            """,
            connection);
        foreach (object value in (object[])[Opened(events)!.Round, subject.KindName, subject.Id, (object?)sitting ?? DBNull.Value])
        {
            command.Parameters.Add(new() { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        if (!await reader.ReadAsync(http.RequestAborted))
        {
            return (null, null);
        }

        var frozen = JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.FrozenAssessment)!;
        var frozenAt = events.Last(e => e.Data is AssessmentRound.Event.Opened || (e.Data is AssessmentRound.Event.Reopened again && again.Subject == subject && again.Sitting <= frozen.Sitting)).Position;
        return (new(AssessmentRound.AtConclusion(events.Select(e => (AssessmentRound.Event)e.Data), frozen.Sitting), frozen, frozenAt, OutcomeIn(reader, 1), reader.GetString(2)), null);
    }

    private static AssessmentOutcome? OutcomeIn(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : Json.Names<AssessmentOutcome>()[reader.GetString(column)];

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var open = query.Flag("open");
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 2);
        if (cursor is not null && !(DateOnly.TryParseExact(cursor[0], "O", out _) && Guid.TryParseExact(cursor[1], "D", out _)))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        if (query.Refused(http) is { } refused)
        {
            return refused;
        }

        if (DashboardEndpoints.OutOfReach(caller, province))
        {
            return Problem.Forbidden(http);
        }

        if (await reads.Shown(http, minPosition) is { } late)
        {
            return late;
        }

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select round, technique, province, period_from, period_to, scheduled, opened_on, closes_on, sitting, concluded_on
            from rounds
            where ($1 is null or technique = $1) and ($2 is null or province = $2) and (not $3 or concluded_on is null) and ($4::date is null or (period_to, round) < ($4::date, $5::uuid))
            order by period_to desc, round desc
            limit $6
            """,
            connection);
        DashboardEndpoints.Add(command, technique);
        DashboardEndpoints.Add(command, caller.Role == Role.Regulator ? caller.Province : province);
        command.Parameters.Add(new() { Value = open });
        DashboardEndpoints.Add(command, cursor?[0]);
        DashboardEndpoints.Add(command, cursor?[1]);
        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<RoundShown>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        DateOnly Day(int column) => reader.GetFieldValue<DateOnly>(column);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            items.Add(new(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), new(Day(3), Day(4)), reader.GetBoolean(5), Day(6), Day(7), reader.GetInt32(8), reader.IsDBNull(9) ? null : Day(9)));
        }

        return Results.Json(Paged.Cut(items, limit, r => [r.Period.To.ToString("O", System.Globalization.CultureInfo.InvariantCulture), r.Round.ToString("D")]), Json.Options);
    }

    /// <summary>The round a path names, for whoever acts in its province.</summary>
    private static async Task<(AssessmentRound.State? Round, IResult? Refused)> RoundIn(HttpContext http, Caller caller, Reads reads, IEventStore log, Query query)
    {
        var id = query.PathUuid("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return (null, refused);
        }

        var events = await log.ReadStream(AssessmentRound.Stream(id), cancellation: http.RequestAborted);
        return Opened(events) is not { } opened ? (null, Problem.Refused(http, "noSuchRound"))
            : !caller.ActsIn(opened.Province) ? (null, Problem.Forbidden(http))
            : await reads.Shown(http, events[^1].Position) is { } late ? (null, late)
            : (AssessmentRound.Fold(events.Select(e => (AssessmentRound.Event)e.Data)), null);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var (round, refused) = await RoundIn(http, caller, reads, log, Query.Of(http));
        if (round is null)
        {
            return refused!;
        }

        var reference = await reads.Reference(http.RequestAborted);
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        var outcomes = new Dictionary<string, int>();
        var (subjects, leftOut) = (0, 0);
        await using var command = new NpgsqlCommand("select left_out, outcome, count(*)::int from assessments a where round = $1 and not exists (select from assessments b where b.round = a.round and b.kind = a.kind and b.subject = a.subject and b.sitting > a.sitting) group by left_out, outcome order by outcome", snapshot.Connection);
        command.Parameters.Add(new() { Value = round.Entry!.Round });
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            subjects += reader.GetInt32(2);
            if (reader.GetBoolean(0))
            {
                leftOut += reader.GetInt32(2);
            }
            else if (!reader.IsDBNull(1))
            {
                outcomes[reader.GetString(1)] = reader.GetInt32(2);
            }
        }

        return Results.Json(
            new RoundAnswer(
                Shown(round), round.ConcludedBy?.Name, subjects, leftOut, outcomes, reference.Regulations.InForce(round.Entry.Technique, round.Entry.Period.To)?.InPractice.AssessmentItems ?? [], snapshot.Position),
            Json.Options);
    }

    private static async Task<IResult> ShowSubjects(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 2);
        var (round, refused) = await RoundIn(http, caller, reads, log, query);
        if (round is null)
        {
            return refused!;
        }

        var regulations = (await reads.Reference(http.RequestAborted)).Regulations;
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select a.doc, a.outcome, coalesce(i.name, p.name, a.subject)
            from assessments a
            left join institutions i on a.kind = 'institution' and i.id = a.subject
            left join physicians p on a.kind = 'physician' and p.id = a.subject
            where a.round = $1 and ($2 is null or (a.kind, a.subject) > ($2, $3))
              and not exists (select from assessments b where b.round = a.round and b.kind = a.kind and b.subject = a.subject and b.sitting > a.sitting)
            order by a.kind, a.subject
            limit $4
            """,
            snapshot.Connection);
        command.Parameters.Add(new() { Value = round.Entry!.Round });
        DashboardEndpoints.Add(command, cursor?[0]);
        DashboardEndpoints.Add(command, cursor?[1]);
        command.Parameters.Add(new() { Value = limit + 1 });
        var rows = new List<SubjectRow>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            var frozen = JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.FrozenAssessment)!;
            var subject = frozen.Qualification.Subject;
            var result = frozen.Result(regulations, round);
            rows.Add(new(
                new(subject.Kind, subject.Id, reader.GetString(2)),
                frozen.LeftOut,
                frozen.Sitting,
                OutcomeIn(reader, 1),
                result.Outcome,
                [.. result.Failed.Select(f => f.Clause)],
                [.. result.FailedItems.Select(i => i.Item)],
                result.Unscored.Count));
        }

        var page = Paged.Cut(rows, limit, r => [Json.Name(r.Subject.Kind), r.Subject.Id]);
        return Results.Json(new RoundSubjects(page.Items, page.NextCursor, snapshot.Position), Json.Options);
    }

    /// <summary>The subject of a round that a path names, for its holder and for whoever acts in the round's province.</summary>
    internal static async Task<(Found? Found, IResult? Refused)> SubjectOf(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var subject = QualificationEndpoints.SubjectIn(query);
        var sitting = query.OptionalInteger("sitting", 1, int.MaxValue);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return (null, refused);
        }

        var events = await log.ReadStream(AssessmentRound.Stream(id), cancellation: http.RequestAborted);
        if (Opened(events) is not { } opened)
        {
            return (null, Problem.Refused(http, "noSuchRound"));
        }

        if (!caller.IsHolder(subject) && !caller.ActsIn(opened.Province))
        {
            return (null, Problem.Forbidden(http));
        }

        var (found, late) = await FindSubject(http, reads, events, subject, sitting);
        return found is not null ? (found, null) : (null, late ?? Problem.Refused(http, "noSuchRound"));
    }

    private static async Task<IResult> ShowSubject(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var (found, refused) = await SubjectOf(http, caller, reads, log);
        return found is null ? refused! : Results.Json(await Answer(reads, found, http.RequestAborted), Json.Options);
    }

    internal static async Task<AssessmentAnswer> Answer(Reads reads, Found found, CancellationToken cancellation)
    {
        var (frozen, reference) = (found.Frozen, await reads.Reference(cancellation));
        var regulation = frozen.JudgedBy(reference.Regulations);
        var sheet = found.Round.SheetOf(frozen.Qualification.Subject);
        await using var snapshot = await Snapshot.Open(reads, cancellation);
        var now = (await FactsReader.Read(snapshot.Connection, reference, [new(frozen.Qualification, frozen.Facts.AsOf, found.Round.Entry!.OpenedOn)], cancellation))[0];
        var findings = Evaluation.Evaluate(reference.Regulations.InForce(regulation.Technique, frozen.Facts.AsOf, found.Round.Entry.Province) ?? regulation, now.Facts);
        return new(
            Shown(found.Round),
            new(frozen.Qualification.Subject.Kind, frozen.Qualification.Subject.Id, found.Name),
            frozen.LeftOut,
            frozen.Sitting,
            found.Outcome,
            frozen.Result(reference.Regulations, found.Round).Outcome,
            new(regulation.Id, regulation.Version),
            new(frozen.Facts.Judged.From, frozen.Facts.Judged.To, frozen.Facts.Judged.Complete),
            CountsShown.Of(frozen.Facts.Counts),
            FindingShown.All(frozen.Findings, regulation),
            Computed(frozen),
            [.. regulation.InPractice.AssessmentItems.Select(i => sheet.Scores.FirstOrDefault(s => s.Score.Item == i.Id) is { } score
                ? new ScoreShown(i.Id, i.Title, score.Score.Passed, score.Score.Remark, score.ScoredOn, score.By.Name)
                : new ScoreShown(i.Id, i.Title, null, null, null, null))],
            sheet.Override is { } o ? new(o.Outcome, o.Reason, o.OverriddenOn, o.By.Name) : null,
            [.. frozen.Findings.Join(findings, f => f.Clause, f => f.Clause, (was, n) => (was, n)).Where(x => x.was.Measured != x.n.Measured || x.was.Binding != x.n.Binding)
                .Select(x => new DifferenceShown(x.was.Clause, FindingShown.Of(x.was, regulation), FindingShown.Of(x.n, regulation)))],
            snapshot.Position);
    }

    private static ComputedShown Computed(FrozenAssessment frozen)
    {
        var (items, counts) = (frozen.Computed, frozen.Facts.Counts);
        return new(
            RatioShown.Of(items.Succeeded, items.WithSuccess),
            items.WithStay == 0 ? null : decimal.Round((decimal)items.StayDays / items.WithStay, 1),
            RatioShown.Of(items.Due - items.Late, items.Due),
            RatioShown.Of(items.FollowUpsInTime, items.FollowUpsDue),
            counts.SevereComplicationCases,
            counts.DeathCases,
            counts.Incidents,
            counts.SeriousIncidents,
            items.Completeness is { } of ? RatioShown.Of(of.Reported, of.Verified) : null);
    }
}
