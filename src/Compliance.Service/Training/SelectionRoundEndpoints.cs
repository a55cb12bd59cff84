using System.Globalization;
using Compliance.Calendars;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Registry;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Training;

/// <summary>Where a round stands.</summary>
public enum SelectionStage
{
    /// <summary>Applications are not taken yet.</summary>
    Called,
    Open,
    Scoring,

    /// <summary>Scoring is closed and the ranking frozen.</summary>
    Ranked,
    Published,
    Concluded,
}

/// <summary>Rounds in which training bases are selected: called, scored by a committee, published, objected to, concluded.</summary>
public static class SelectionRoundEndpoints
{
    private const string Path = "/selection-rounds/{id}";

    private const int MostPointsOfAll = 1_000;

    /// <summary>Working days: a quarter of a year is a typing error.</summary>
    private const int LongestObjection = 60;

    private const int DefaultScoresNeeded = 2;

    /// <summary>The usual least of a publication (公示).</summary>
    private const int DefaultObjectionWorkingDays = 5;

    public sealed record CriterionEntry(string Id, string Title, int MostPoints);

    /// <param name="Number">By which the call is known; the round of a number is one.</param>
    /// <param name="Regulation">Its newest version in force on the first day.</param>
    /// <param name="OpensOn">Applications are taken from the first instant of this day.</param>
    /// <param name="ClosesAt">The first instant at which they are late: the regulation's own.</param>
    /// <param name="Places">How many are selected; may also be said when scoring is closed.</param>
    /// <param name="ScoresNeeded">Scores without which nobody is ranked; 2 unless given.</param>
    /// <param name="ObjectionWorkingDays">5 unless given.</param>
    public sealed record RoundRequest(
        string Number, string Title, string Regulation, DateOnly OpensOn, DateTimeOffset ClosesAt, IReadOnlyList<CriterionEntry> Criteria, int? Places = null, int? ScoresNeeded = null, int? ObjectionWorkingDays = null);

    /// <param name="Experts">Physicians of the registry: the whole committee.</param>
    public sealed record CommitteeRequest(IReadOnlyList<string> Experts);

    /// <param name="Expert">Whose conflict it is; an expert declares his own.</param>
    public sealed record ConflictRequest(string Institution, string Reason, string? Expert = null);

    public sealed record PointsEntry(string Criterion, int Points);

    /// <param name="Points">One of each criterion.</param>
    public sealed record ScoreRequest(string Institution, IReadOnlyList<PointsEntry> Points, string? Remark = null);

    /// <param name="Places">Where the call says none.</param>
    /// <param name="Reason">Why it is closed though somebody has not scored.</param>
    public sealed record CloseRequest(int? Places = null, string? Reason = null);

    public sealed record ReasonRequest(string Reason);

    /// <param name="Institutions">Those selected of the ones with equal scores across the last place.</param>
    public sealed record TieRequest(IReadOnlyList<string> Institutions, string Reason);

    public sealed record NothingRequest;

    public sealed record StatementRequest(string Statement);

    /// <param name="About">An applicant; null for the round as a whole.</param>
    public sealed record ObjectionRequest(string Reason, string? About = null);

    /// <param name="Eligible">Of an objection that is right about whether an applicant is eligible.</param>
    public sealed record AnswerRequest(bool Accepted, string Answer, bool? Eligible = null);

    /// <param name="Objection">The one just filed.</param>
    public sealed record RoundWritten(Guid Round, string Number, SelectionStage Stage, Guid? Objection, long Position);

    public sealed record RoundRow(
        Guid Round, string Number, string Title, string Technique, DateOnly OpensOn, DateTimeOffset ClosesAt, DateOnly? PublishedOn, DateOnly? ObjectionsUntil, DateOnly? ConcludedOn);

    /// <param name="Rank">Null for one that is not ranked.</param>
    public sealed record OutcomeRow(NamedInstitution Institution, SelectionOutcome Outcome, int? Rank);

    public sealed record PublicationShown(int Edition, DateOnly PublishedOn, DateOnly ObjectionsUntil, IReadOnlyList<OutcomeRow> Outcomes);

    /// <param name="By">Who filed it; null for whom it is about.</param>
    /// <param name="Statement">Of the institution it is about.</param>
    /// <param name="Accepted">Null while it waits for an answer.</param>
    public sealed record ObjectionShown(
        Guid Objection, int Edition, NamedInstitution? About, string Reason, DateOnly FiledOn, string? By, string? Statement, bool? Accepted, string? Answer, bool? Eligible, DateOnly? AnsweredOn, string? AnsweredBy);

    /// <param name="Mean">Of the scores that count, cut to four decimals; null without any.</param>
    /// <param name="Rank">Null for one that is not ranked.</param>
    /// <param name="Scores">Null, and the rest with it, for an expert in conflict.</param>
    public sealed record RankShown(NamedInstitution Institution, int? Rank, decimal? Mean, int? Scores, bool? Priority, IReadOnlyList<string>? Unmet);

    /// <param name="Counts">False of an expert who left the committee, or has a conflict.</param>
    public sealed record ScoreShown(string Institution, string Expert, IReadOnlyList<CriterionPoints> Points, string? Remark, DateOnly ScoredOn, bool Counts);

    public sealed record ConflictShown(string Expert, string Institution, string? Reason, DateOnly? DeclaredOn);

    /// <param name="Ranking">Frozen when scoring was closed; null before.</param>
    /// <param name="Scores">Of an expert while scoring is open the own; of national none; when it is closed all.</param>
    /// <param name="Tied">Equal across the last place and not decided; empty else.</param>
    public sealed record CommitteeShown(
        IReadOnlyList<Expert> Experts, IReadOnlyList<ConflictShown> Conflicts, IReadOnlyList<RankShown>? Ranking, IReadOnlyList<ScoreShown> Scores, int? Places, IReadOnlyList<string> Tied, int OpenPlaces);

    /// <param name="Attachments">The kinds of file the forms ask for; <c>evidence</c> for any other.</param>
    /// <param name="Objections">For national all, for anybody else the own, and for an institution those about it.</param>
    /// <param name="Committee">For national and the experts.</param>
    public sealed record RoundAnswer(
        Guid Round,
        string Number,
        string Title,
        string Technique,
        ComplianceEndpoints.RegulationShown Regulation,
        DateOnly OpensOn,
        DateTimeOffset ClosesAt,
        int? Places,
        IReadOnlyList<Criterion> Criteria,
        int ScoresNeeded,
        int ObjectionWorkingDays,
        IReadOnlyDictionary<string, IReadOnlyList<AttachmentFormat>> Attachments,
        SelectionStage Stage,
        PublicationShown? Published,
        IReadOnlyList<ObjectionShown> Objections,
        DateOnly? ConcludedOn,
        CommitteeShown? Committee,
        long Position);

    private delegate Decision<SelectionRound.Event> Decide(SelectionRound.State round, IReadOnlyList<SelectionApplication.State> applications, DateTimeOffset now);

    /// <param name="All">Every application is decided on, and read.</param>
    /// <param name="One">Or the one of this institution.</param>
    private sealed record Act(Decide Decide, bool All = false, string? One = null);

    /// <param name="Places">Where the calling expert is registered now.</param>
    /// <param name="Objection">The one the path names.</param>
    private sealed record Asked(
        Caller Caller, Actor By, SelectionRound.State Round, IReadOnlyList<string> Places, Guid Objection, WorkingCalendar Calendar, Func<string, Task<Compliance.Registry.Physician.State>> Physician);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/selection-rounds", Call)
            .Allows(Role.National).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<RoundRequest, RoundWritten>("Calls a round of selection; called again it is the same round", 200, 201, 409, 412, 422, 503);
        api.MapGet("/selection-rounds", List).AllowsEveryRole().Takes("limit", "cursor", "minPosition")
            .Describes<Page<RoundRow>>("Rounds of selection, the one that closes last first", 200, 400, 503);
        api.MapGet(Path, Show).AllowsEveryRole().Takes("minPosition")
            .Describes<RoundAnswer>("A round: the call, what was published, and for national and the experts what the committee does", 200, 400, 404, 503);
        Post<CommitteeRequest>(api, "committee", "Names the whole committee", [Role.National], async (body, asked) =>
        {
            var ids = body.Ids("experts", required: true);
            if (body.Has("experts") && ids.Count == 0)
            {
                body.Fault("experts", "empty");
            }

            Refusal? wrong = null;
            var experts = new List<Expert>();
            for (var i = 0; i < ids.Count; i++)
            {
                var known = await asked.Physician(ids[i]);
                wrong ??= known.Entry is null ? Refusal.Invalid("unknownPhysician", $"/experts/{i}") : experts.Exists(e => e.Physician == ids[i]) ? Refusal.Invalid("duplicateItem", $"/experts/{i}") : null;
                experts.Add(new(ids[i], known.PlacesSince(asked.Round.Call!.OpensOn)));
            }

            return new((round, _, now) => wrong is not null ? wrong : SelectionRound.NameCommittee(round, experts, Shanghai.DayOf(now), asked.By));
        });
        Post<ConflictRequest>(api, "conflicts", "Declares a conflict of interest: the expert neither sees the application nor scores it", [Role.Physician, Role.National], (body, asked) =>
        {
            var institution = body.Id("institution");
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            var expert = body.OptionalId("expert") ?? asked.Caller.Physician;
            if (expert is null)
            {
                body.Fault("expert", "missing");
            }
            else if (asked.Caller.Role == Role.Physician && expert != asked.Caller.Physician)
            {
                body.Fault("expert", "ownConflictOnly");
            }

            return Task.FromResult(new Act((round, _, now) => SelectionRound.DeclareConflict(round, expert!, institution, reason, Shanghai.DayOf(now), asked.By)));
        });
        Post<ScoreRequest>(api, "scores", "Scores an application, on every criterion; nobody sees it before scoring is closed", [Role.Physician], (body, asked) =>
        {
            var institution = body.Id("institution");
            var points = body.Objects("points", required: true).Select(p => new CriterionPoints(p.Id("criterion"), p.Integer("points", 0, MostPointsOfAll))).ToList();
            var remark = body.OptionalText("remark", BodyObject.LongText, lines: true);
            return Task.FromResult(new Act(
                // Who has been registered there since is in conflict as well.
                (round, applications, now) => asked.Places.Contains(institution) && now >= round.Call!.ClosesAt
                    ? Refusal.NotFound("noSuchSelectionApplication")
                    : SelectionRound.Score(round, applications[0], asked.Caller.Physician!, points, remark, now, asked.By),
                One: institution));
        });
        Post<CloseRequest>(api, "close-scoring", "Closes the scoring and freezes the ranking", [Role.National], async (body, asked) =>
        {
            var places = body.OptionalInteger("places", 1, MostPointsOfAll);
            var reason = body.OptionalText("reason", BodyObject.LongText, lines: true);
            // What the registry shows by now counts, also of a score given before it did.
            var registered = new Dictionary<string, IReadOnlyList<string>>();
            foreach (var expert in asked.Round.Experts)
            {
                registered[expert.Physician] = (await asked.Physician(expert.Physician)).PlacesSince(asked.Round.Call!.OpensOn);
            }

            return new((round, applications, now) => SelectionRound.CloseScoring(round, applications, places, reason, now, asked.By, registered), All: true);
        });
        Post<ReasonRequest>(api, "reopen-scoring", "Opens the scoring again; it is closed, and the outcome published, anew", [Role.National], (body, asked) =>
        {
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            return Task.FromResult(new Act((round, _, now) => SelectionRound.ReopenScoring(round, reason, Shanghai.DayOf(now), asked.By)));
        });
        Post<TieRequest>(api, "tie", "Decides which of those equal across the last place are selected", [Role.National], (body, asked) =>
        {
            var institutions = body.Ids("institutions", required: true);
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            return Task.FromResult(new Act((round, applications, now) => SelectionRound.DecideTie(round, applications, institutions, reason, Shanghai.DayOf(now), asked.By), All: true));
        });
        Post<NothingRequest>(api, "publish", "Publishes the outcome, or publishes it anew where it changed", [Role.National], (_, asked) => Task.FromResult(new Act(
            (round, applications, now) => SelectionRound.Publish(
                round, applications, asked.Calendar.AddWorkingDays(Shanghai.DayOf(now), round.Call!.ObjectionWorkingDays), Shanghai.DayOf(now), asked.By),
            All: true)));
        Post<ObjectionRequest>(api, "objections", "Objects to what was published", [.. Enum.GetValues<Role>()], (body, asked) =>
        {
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            var about = body.OptionalId("about");
            return Task.FromResult(new Act((round, _, now) => SelectionRound.Object(round, about, reason, Shanghai.DayOf(now), asked.By, asked.Caller.Institution)));
        }, ofPhysiciansExperts: false);
        Post<StatementRequest>(api, "objections/{objection}/statement", "What an applicant says to an objection about it", [Role.Hospital, Role.TrainingBase], (body, asked) =>
        {
            var statement = body.Text("statement", BodyObject.LongText, lines: true);
            return Task.FromResult(new Act((round, _, now) => SelectionRound.StateOnObjection(round, asked.Objection, asked.Caller.Institution!, statement, Shanghai.DayOf(now), asked.By)));
        });
        Post<AnswerRequest>(api, "objections/{objection}/answer", "Answers an objection, with reasons", [Role.National], (body, asked) =>
        {
            var accepted = body.Flag("accepted");
            var answer = body.Text("answer", BodyObject.LongText, lines: true);
            var eligible = body.OptionalFlag("eligible");
            return Task.FromResult(new Act((round, _, now) => SelectionRound.AnswerObjection(round, asked.Objection, accepted, answer, eligible, HearUntil(round, asked.Calendar), Shanghai.DayOf(now), asked.By)));
        });
        Post<NothingRequest>(api, "conclude", "The result: what was published last, once the days for objections are over", [Role.National], (_, asked) => Task.FromResult(new Act(
            (round, applications, now) => SelectionRound.Conclude(round, applications, Shanghai.DayOf(now), asked.By), All: true)));
    }

    private static void Post<TRequest>(RouteGroupBuilder api, string act, string summary, IReadOnlyList<Role> roles, Func<BodyObject, Asked, Task<Act>> read, bool ofPhysiciansExperts = true)
        where TRequest : notnull =>
        api.MapPost($"{Path}/{act}", (HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock) => Run(http, caller, answers, reads, log, clock, read, ofPhysiciansExperts))
            .Allows(roles).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TRequest, RoundWritten>(summary, 200, 404, 409, 412, 422, 503);

    private static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock, Func<BodyObject, Asked, Task<Act>> read, bool ofPhysiciansExperts)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var objection = http.Request.RouteValues.ContainsKey("objection") ? query.PathUuid("objection") : Guid.Empty;
        var body = await Body.Read(http);
        if (query.Refused(http) is { } wrong)
        {
            return wrong;
        }

        var round = await log.Round(id, http.RequestAborted);
        if (round.Call is null)
        {
            return Problem.Refused(http, "noSuchSelectionRound");
        }

        if (ofPhysiciansExperts && caller.Role == Role.Physician && !round.IsExpert(caller.Physician!))
        {
            return Problem.Forbidden(http);
        }

        IReadOnlyList<string> places = caller.Role == Role.Physician ? (await log.Physician(caller.Physician!, http.RequestAborted)).State.PlacesSince(round.Call.OpensOn) : [];
        var calendar = (await reads.Reference(http.RequestAborted)).Calendar;
        var act = await read(body.Root, new(caller, caller.Actor(), round, places, objection, calendar, async physician => (await log.Physician(physician, http.RequestAborted)).State));
        if (body.Refused(http) is { } refused)
        {
            return refused;
        }

        IReadOnlyList<SelectionApplication.State> applications = act.One is { } one ? [await log.Application(id, one, http.RequestAborted)] : [];
        if (act.All)
        {
            (applications, var late) = await SelectionLog.Applications(http, reads, log, id);
            if (late is not null)
            {
                return late;
            }
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.SelectionRounds,
            SelectionRound.Stream(id),
            body,
            (state, _) => act.Decide(state, applications, clock.Now),
            (state, events) => (200, Written(state, clock.Now, (events.FirstOrDefault() as SelectionRound.Event.ObjectionFiled)?.Objection)));
    }

    /// <summary>Whoever is spoken against has as long to answer as objections are taken.</summary>
    internal static Func<DateOnly, DateOnly> HearUntil(SelectionRound.State round, WorkingCalendar calendar) => told => calendar.AddWorkingDays(told, round.Call!.ObjectionWorkingDays);

    private static RoundWritten Written(SelectionRound.State state, DateTimeOffset now, Guid? objection) => new(state.Call!.Round, state.Call.Number, Stage(state, now), objection, 0);

    internal static SelectionStage Stage(SelectionRound.State round, DateTimeOffset now) =>
        round.Conclusion is not null ? SelectionStage.Concluded
        : round.Closing is not null && !round.ScoringOpen ? (round.Publications.Count > 0 ? SelectionStage.Published : SelectionStage.Ranked)
        : now >= round.Call!.ClosesAt ? SelectionStage.Scoring
        : now >= Shanghai.StartOf(round.Call.OpensOn) ? SelectionStage.Open
        : SelectionStage.Called;

    private static async Task<IResult> Call(HttpContext http, Caller caller, Answers answers, Reads reads, Clock clock)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        var root = body.Root;
        var number = root.Id("number");
        var title = root.Text("title");
        var edition = root.Id("regulation");
        var opensOn = root.Day("opensOn");
        var closesAt = root.Instant("closesAt");
        var places = root.OptionalInteger("places", 1, MostPointsOfAll);
        var scoresNeeded = root.OptionalInteger("scoresNeeded", 1, BodyObject.MaxItems) ?? DefaultScoresNeeded;
        var objectionWorkingDays = root.OptionalInteger("objectionWorkingDays", 1, LongestObjection) ?? DefaultObjectionWorkingDays;
        var entries = root.SomeObjects("criteria");
        var criteria = new List<Criterion>();
        foreach (var entry in entries)
        {
            var criterion = new Criterion(entry.Id("id"), entry.Text("title"), entry.Integer("mostPoints", 1, MostPointsOfAll));
            if (criteria.Exists(c => c.Id == criterion.Id))
            {
                entry.Fault("id", "duplicateItem");
            }

            criteria.Add(criterion);
        }

        var regulation = reference.Regulations.All.Where(r => r.Id == edition && r.EffectiveFrom <= opensOn).MaxBy(r => r.Version);
        if (edition.Length > 0 && regulation is null)
        {
            root.Fault("regulation", "unknownRegulation");
        }

        if (body.Refused(http) is { } refused)
        {
            return refused;
        }

        var id = SelectionRound.IdOf(number);
        return await answers.Command(
            http,
            caller,
            Aggregates.SelectionRounds,
            SelectionRound.Stream(id),
            body,
            (state, today) => SelectionRound.Open(
                state,
                new(id, number, title, regulation!.Technique, regulation.Id, regulation.Version, opensOn, closesAt, places, criteria, scoresNeeded, objectionWorkingDays, today, caller.Actor()),
                regulation,
                clock.Now),
            (state, events) => (events.Count > 0 ? 201 : 200, Written(state, clock.Now, null)));
    }

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var (rows, limit, refused) = await Rows(http, reads, publishedOnly: false);
        return rows is null ? refused! : Results.Json(Paged.Cut(rows, limit, Keys), Json.Options);
    }

    internal static IReadOnlyList<string> Keys(RoundRow row) => [row.ClosesAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), row.Round.ToString("D")];

    /// <summary>A page of rounds with one more, the one that closes last first.</summary>
    internal static async Task<(IReadOnlyList<RoundRow>? Rows, int Limit, IResult? Refused)> Rows(HttpContext http, Reads reads, bool publishedOnly)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 2);
        DateTime closes = default;
        Guid last = default;
        if (cursor is not null && !(DateTime.TryParseExact(cursor[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out closes) && closes.Kind == DateTimeKind.Utc && Guid.TryParseExact(cursor[1], "D", out last)))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return (null, limit, refused);
        }

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select round, number, title, technique, opens_on, closes_at, published_on, objections_until, concluded_on
            from selection_rounds
            where (not $1 or published_on is not null) and (not $2 or (closes_at, round) < ($3, $4))
            order by closes_at desc, round desc
            limit $5
            """,
            connection);
        command.Parameters.Add(new() { Value = publishedOnly });
        command.Parameters.Add(new() { Value = cursor is not null });
        command.Parameters.Add(new() { Value = DateTime.SpecifyKind(closes, DateTimeKind.Utc) });
        command.Parameters.Add(new() { Value = last });
        command.Parameters.Add(new() { Value = limit + 1 });
        var rows = new List<RoundRow>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        DateOnly? Day(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateOnly>(column);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            rows.Add(new(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), Day(4)!.Value,
                reader.GetFieldValue<DateTimeOffset>(5).ToOffset(TimeSpan.FromHours(8)), Day(6), Day(7), Day(8)));
        }

        return (rows, limit, null);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var round = await log.Round(id, http.RequestAborted);
        if (round.Call is not { } call)
        {
            return Problem.Refused(http, "noSuchSelectionRound");
        }

        var regulation = (await reads.Reference(http.RequestAborted)).Regulations.Find(call.Regulation, call.Version)!;
        var cancelled = await SelectionLog.Cancelled(reads, id, http.RequestAborted);
        var names = await SelectionLog.Names(reads, (round.Closing?.Ranking.Select(r => r.Institution) ?? []).Concat(round.Objections.Select(o => o.Filed.About).OfType<string>()), http.RequestAborted);
        var published = round.Publications.LastOrDefault();
        var inner = caller.Role == Role.National || (caller.Role == Role.Physician && round.IsExpert(caller.Physician!));
        IReadOnlyList<string> places = inner && caller.Physician is { } expert ? (await log.Physician(expert, http.RequestAborted)).State.PlacesSince(call.OpensOn) : [];
        return Results.Json(
            new RoundAnswer(
                id,
                call.Number,
                call.Title,
                call.Technique,
                new(call.Regulation, call.Version),
                call.OpensOn,
                call.ClosesAt,
                call.Places,
                call.Criteria,
                call.ScoresNeeded,
                call.ObjectionWorkingDays,
                SelectionFacts.Attachments(regulation),
                Stage(round, clock.Now),
                published is null ? null : new(
                    published.Edition,
                    published.PublishedOn,
                    published.ObjectionsUntil,
                    [
                        // Who was cancelled since is shown as that: no outcome outlives its application.
                        .. (round.Conclusion?.Outcomes ?? published.Outcomes).Select(o => cancelled.Contains(o.Institution)
                            ? new OutcomeRow(names.Named(o.Institution), SelectionOutcome.Cancelled, null)
                            : inner || caller.Institution == o.Institution ? new(names.Named(o.Institution), o.Outcome, o.Rank == 0 ? null : o.Rank)
                            // Of others everybody is told what the public is.
                            : new(names.Named(o.Institution), o.Outcome == SelectionOutcome.NotEligible ? SelectionOutcome.NotSelected : o.Outcome, null)),
                    ]),
                [
                    .. round.Objections.Where(o => caller.Role == Role.National || IsOwn(o, caller) || IsAbout(o, caller)).Select(o => Shown(o, caller, names)),
                ],
                round.Conclusion?.ConcludedOn,
                inner ? Committee(caller, round, places, cancelled, names) : null,
                await reads.Position(http.RequestAborted)),
            Json.Options);
    }

    // Of an institution's it is everybody's who acts for it.
    private static bool IsOwn(SelectionRound.Raised objection, Caller caller) =>
        objection.Filed.By == caller.Actor() || (caller.Role is Role.Hospital or Role.TrainingBase && caller.Institution == objection.Filed.Of);

    private static bool IsAbout(SelectionRound.Raised objection, Caller caller) => caller.Role is Role.Hospital or Role.TrainingBase && caller.Institution == objection.Filed.About;

    /// <summary>An objection as its parties may read it. Whom it is about is told what is said, and by whom it was answered, but not who filed it.</summary>
    internal static ObjectionShown Shown(SelectionRound.Raised objection, Caller caller, IReadOnlyDictionary<string, string> names) => new(
        objection.Filed.Objection,
        objection.Filed.Edition,
        objection.Filed.About is { } about ? names.Named(about) : null,
        objection.Filed.Reason,
        objection.Filed.FiledOn,
        caller.Role == Role.National || IsOwn(objection, caller) ? objection.Filed.By.Name : null,
        objection.Statement?.Statement,
        objection.Answer?.Accepted,
        objection.Answer?.Answer,
        objection.Answer?.Eligible,
        objection.Answer?.AnsweredOn,
        objection.Answer?.By.Name);

    /// <param name="places">Where the calling expert has been registered since the opening.</param>
    private static CommitteeShown Committee(
        Caller caller, SelectionRound.State round, IReadOnlyList<string> places, IReadOnlySet<string> cancelled, Dictionary<string, string> names)
    {
        var closing = round.ScoringOpen ? null : round.Closing;
        var tie = closing is not null && SelectionRound.Outcomes(round, cancelled) is null ? SelectionRound.Divide(closing, cancelled) : null;
        // An application in conflict is not shown to whom it concerns, nor how it was scored.
        bool Concerned(string institution) => caller.Role == Role.Physician && (round.HasConflict(caller.Physician!, institution) || places.Contains(institution));
        // An expert learns of a conflict that it is one; why another has it is between him and national.
        bool May(string expert) => caller.Role == Role.National || caller.Physician == expert;
        return new(
            round.Experts,
            [
                .. round.Experts.SelectMany(e => e.Institutions.Select(i => new ConflictShown(e.Physician, i, null, null))),
                .. round.Conflicts.Select(c => new ConflictShown(c.Expert, c.Institution, May(c.Expert) ? c.Reason : null, c.DeclaredOn)),
            ],
            closing is null ? null : [.. closing.Ranking.Select(r => Concerned(r.Institution)
                ? new RankShown(names.Named(r.Institution), r.Rank == 0 ? null : r.Rank, null, null, null, null)
                : new(names.Named(r.Institution), r.Rank == 0 ? null : r.Rank, r.Scores == 0 ? null : Mean(r), r.Scores, r.Priority, r.Unmet))],
            [
                .. round.Scores.Where(s => closing is not null || s.Expert == caller.Physician)
                    .Where(s => !Concerned(s.Institution))
                    .Select(s => new ScoreShown(s.Institution, s.Expert, s.Points, s.Remark, s.ScoredOn, round.CountedScores(s.Institution).Contains(s))),
            ],
            closing?.Places ?? round.Call!.Places,
            tie?.Tied ?? [],
            tie?.Open ?? 0);
    }

    private static decimal Mean(RankedApplication of) => decimal.Truncate(10_000m * of.Points / of.Scores) / 10_000m;
}
