using System.Globalization;
using System.Text.Json;
using Compliance.Calendars;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Qualifications;
using Compliance.Service.Registry;
using Compliance.Training;

namespace Compliance.Service.Training;

public enum SelectionApplicationStatus
{
    /// <summary>The applicant's own affair: nobody else sees it.</summary>
    Draft,
    Submitted,

    /// <summary>Fraud was substantiated (NC-FRAUD).</summary>
    Cancelled,
}

/// <summary>What a named person, or national, says of a suspicion of fraud.</summary>
public enum FraudStep
{
    Suspected,
    Dismissed,
    Substantiated,
}

/// <summary>Applications in rounds of selection: forms, files, submission, and what became of a suspicion of fraud.</summary>
public static class SelectionApplicationEndpoints
{
    private const string ListPath = "/selection-rounds/{id}/applications";
    private const string Path = ListPath + "/{institution}";

    /// <summary>Items of a list: papers of five years, lecturers; the rows printed in the forms are no limit.</summary>
    private const int MostItems = 500;

    private static readonly IReadOnlyList<Role> Applicants = [Role.Hospital, Role.TrainingBase];
    private static readonly IReadOnlyList<Role> Readers = [Role.Hospital, Role.TrainingBase, Role.Physician, Role.National];

    /// <param name="Facts">The fields of the forms, by the names of the regulation's facts; whole, each time.</param>
    public sealed record DraftRequest(IReadOnlyDictionary<string, JsonElement> Facts);

    /// <param name="AsItIs">True to submit although clauses are not met.</param>
    public sealed record SubmitRequest(bool? AsItIs = null);

    public sealed record NothingRequest;

    /// <param name="Finding">What is suspected, or what was found.</param>
    public sealed record FraudRequest(FraudStep Step, string Finding);

    public sealed record StatementRequest(string Statement);

    /// <param name="Unmet">Clauses not met: of a draft if it were submitted now, else as they stood when it was received.</param>
    /// <param name="Attachment">The file just sent, or the one that is there already.</param>
    public sealed record ApplicationWritten(
        Guid Round, string Institution, SelectionApplicationStatus Status, DateTimeOffset? ReceivedAt, bool Eligible, bool Priority, IReadOnlyList<string> Unmet, Attachment? Attachment, long Position);

    /// <param name="Conflict">The calling expert has a conflict of interest: he is told no more than who it is.</param>
    /// <param name="Scored">By the calling expert.</param>
    /// <param name="Scores">That count.</param>
    public sealed record ApplicationRow(
        NamedInstitution Institution, bool Conflict, DateTimeOffset? ReceivedAt, bool? Cancelled, bool? Eligible, bool? Priority, IReadOnlyList<string>? Unmet, bool? Scored, int? Scores);

    public sealed record ApplicationRows(IReadOnlyList<ApplicationRow> Items, long Position);

    public sealed record ClauseShown(string Clause, Bilingual Title, ConditionOutcome Outcome, decimal? Actual, decimal? Limit, string? Comparison, IReadOnlyList<string> Short);

    /// <param name="Clauses">Those that must all be met.</param>
    /// <param name="OtherConditions">Those of which any gives priority.</param>
    /// <param name="Decision">What the round did with it: review, publication, fraud.</param>
    public sealed record SelectionEvaluation(bool Eligible, bool Priority, IReadOnlyList<ClauseShown> Clauses, IReadOnlyList<ClauseShown> OtherConditions, IReadOnlyList<ClauseShown> Decision);

    /// <param name="Substantiated">Null while it is looked into.</param>
    public sealed record SuspicionShown(string Suspicion, DateOnly SuspectedOn, string? Statement, bool? Substantiated, string? Finding, DateOnly? DecidedOn, string? DecidedBy);

    /// <param name="Persons">What the forms say of persons; empty once it was destroyed.</param>
    /// <param name="Objections">About this institution.</param>
    /// <param name="Outcome">As published; null before.</param>
    public sealed record ApplicationAnswer(
        Guid Round,
        NamedInstitution Institution,
        SelectionApplicationStatus Status,
        DateTimeOffset? ReceivedAt,
        IReadOnlyDictionary<string, JsonElement> Facts,
        IReadOnlyDictionary<string, JsonElement> Persons,
        IReadOnlyList<Attachment> Attachments,
        SelectionEvaluation Evaluation,
        IReadOnlyList<SuspicionShown> Suspicions,
        IReadOnlyList<SelectionRoundEndpoints.ObjectionShown> Objections,
        SelectionOutcome? Outcome,
        long Position);

    /// <summary>An applicant at work on its own application.</summary>
    /// <param name="Now">By the log's clock.</param>
    private sealed record Own(
        Guid Id, string Institution, SelectionRound.State Round, Regulation Regulation, Compliance.Registry.Institution.Event.Registered Entry, SelectionPersons Persons, Caller Caller, DateTimeOffset Now)
    {
        public Guid Application => SelectionApplication.IdOf(Id, Institution);

        public TooLate Before => new(Round.Call!.ClosesAt, Round.Late());

        public (IReadOnlyList<ConditionResult> Results, IReadOnlyList<ConditionResult> Priority) Evaluate(SelectionApplication.State state, SelectionPersons persons, DateTimeOffset receivedAt)
        {
            var book = SelectionFacts.Book(Regulation, state, persons.Facts, new(Entry, receivedAt), Shanghai.DayOf(receivedAt));
            return (SelectionFacts.Evaluate(Regulation, Regulation.Selection!.Application, book), SelectionFacts.Evaluate(Regulation, Regulation.Selection.Priority, book));
        }

        public ApplicationWritten Written(SelectionApplication.State state, SelectionPersons persons, DateTimeOffset now, Attachment? attachment = null)
        {
            var (results, priority) = state.Submission is { } s ? (s.Results, s.Priority) : Evaluate(state, persons, now);
            return new(
                Id, Institution, Status(state), state.Submission?.ReceivedAt.ToOffset(TimeSpan.FromHours(8)), results.All(r => r.IsSatisfied), priority.Any(r => r.Outcome == ConditionOutcome.Met),
                [.. results.Where(r => !r.IsSatisfied).Select(r => r.Clause)], attachment, 0);
        }
    }

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet(ListPath, List).Allows(Role.National, Role.Physician).Takes("minPosition")
            .Describes<ApplicationRows>("Applications submitted in a round; for its experts from the closing on", 200, 400, 404, 503);
        api.MapGet(Path, Show).Allows(Readers).Takes("minPosition")
            .Describes<ApplicationAnswer>("An application: the own, for national one submitted, for an expert without a conflict one to be scored. Every reading is noted", 200, 400, 404, 503);
        api.MapPut(Path, Draft).Allows(Applicants).Takes().TakesHeader("If-Match")
            .Describes<DraftRequest, ApplicationWritten>("Fills in the forms, until they are submitted", 200, 404, 409, 412, 503);
        api.MapPost(Path + "/attachments/{kind}", Attach).Allows(Applicants).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Accepts<Stream>("application/octet-stream")
            .Describes<ApplicationWritten>("Sends a file: the body is its content", 201, 200, 400, 404, 409, 412, 413, 415, 422, 503);
        api.MapGet(Path + "/attachments/{attachment}", Download).Allows(Readers).Takes()
            .DescribesAs("application/octet-stream", "A file of an application. Every reading is noted", 200, 400, 404);
        api.MapPost(Path + "/attachments/{attachment}/remove", Detach).Allows(Applicants).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<NothingRequest, ApplicationWritten>("Takes a file away again, before the application is submitted", 200, 404, 409, 412, 422, 503);
        api.MapPost(Path + "/submit", Submit).Allows(Applicants).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<SubmitRequest, ApplicationWritten>("Submits the application for good, before the closing by the service's clock", 200, 404, 409, 412, 422, 503);
        api.MapPost(Path + "/fraud", Fraud).Allows(Role.National).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<FraudRequest, ApplicationWritten>("Records a suspicion of fraud, and what was found; substantiated it cancels the application at whatever stage", 200, 404, 409, 412, 422, 503);
        api.MapPost(Path + "/fraud-statement", Statement).Allows(Applicants).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<StatementRequest, ApplicationWritten>("What the applicant says to a suspicion", 200, 404, 409, 412, 422, 503);
    }

    private static SelectionApplicationStatus Status(SelectionApplication.State state) =>
        state.IsCancelled ? SelectionApplicationStatus.Cancelled : state.Submission is null ? SelectionApplicationStatus.Draft : SelectionApplicationStatus.Submitted;

    /// <summary>The own application in a round. That another institution applies is not told.</summary>
    private static async Task<(Own? Own, IResult? Refused)> OwnOf(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock, Query query)
    {
        var id = query.PathUuid("id");
        var institution = query.PathId("institution");
        if (query.Refused(http) is { } wrong)
        {
            return (null, wrong);
        }

        if (caller.Institution != institution)
        {
            return (null, Problem.Hidden(http));
        }

        var round = await log.Round(id, http.RequestAborted);
        if (round.Call is not { } call)
        {
            return (null, Problem.Refused(http, "noSuchSelectionRound"));
        }

        if ((await log.Institution(institution, http.RequestAborted)).State.Entry is not { } entry)
        {
            return (null, Problem.Refused(http, "noSuchInstitution"));
        }

        var regulation = (await reads.Reference(http.RequestAborted)).Regulations.Find(call.Regulation, call.Version)!;
        await using var connection = await reads.Open(http.RequestAborted);
        var persons = await SelectionPersons.Read(connection, SelectionApplication.IdOf(id, institution), http.RequestAborted);
        return (new(id, institution, round, regulation, entry, persons, caller, await SelectionLog.Now(connection, clock, http.RequestAborted)), null);
    }

    private static async Task<IResult> Draft(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock)
    {
        var (own, refused) = await OwnOf(http, caller, reads, log, clock, Query.Of(http));
        if (own is null)
        {
            return refused!;
        }

        var body = await Body.Read(http);
        var form = body.Root.Object("facts");
        var facts = new List<GivenFact>();
        var persons = new Dictionary<string, JsonElement>();
        foreach (var field in SelectionFacts.OfTheForms(own.Regulation))
        {
            if ((field.Personal ? form.OptionalPersonal(field.Name) : form.OptionalRaw(field.Name)) is not { } value)
            {
                continue;
            }

            if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > MostItems)
            {
                form.Fault(field.Name, "tooMany", MostItems);
            }
            else if (!ApplicationEndpoints.Fits(field, value, MostItems))
            {
                form.Fault(field.Name, "wrongType", new Term(Json.Name(field.Type)));
            }
            else if (field.Type == FactType.Day && DateOnly.ParseExact(value.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture) > Shanghai.DayOf(own.Now))
            {
                form.Fault(field.Name, "futureDay");
            }
            else if (field.Personal)
            {
                persons.Add(field.Name, value);
            }
            else
            {
                facts.Add(new(field.Name, value));
            }
        }

        if (body.Refused(http) is { } wrong)
        {
            return wrong;
        }

        var kept = SelectionPersons.Of(persons, own.Persons);
        return await answers.Command(
            http,
            caller,
            Aggregates.SelectionApplications,
            SelectionApplication.Stream(own.Id, own.Institution),
            body,
            (state, _) => SelectionApplication.Draft(state, own.Round, own.Institution, facts, kept.Hash, own.Now, caller.Actor()),
            (state, _) => (200, own.Written(state, kept, own.Now)),
            _ => [kept.With(own.Application)],
            before: own.Before);
    }

    private static async Task<IResult> Attach(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock, SelectionAttachments attachments)
    {
        var query = Query.Of(http);
        var kind = query.PathId("kind");
        var (own, refused) = await OwnOf(http, caller, reads, log, clock, query);
        if (own is null)
        {
            return refused!;
        }

        var kinds = SelectionFacts.Attachments(own.Regulation);
        if (!kinds.TryGetValue(kind, out var formats))
        {
            return Problem.Invalid(http, new Fault("path:kind", "unknownValue", string.Join(", ", kinds.Keys)));
        }

        // Nothing is read that could not be kept, unless it may be what was kept before.
        if (own.Round.NotOpen(own.Now) is { } closed && !http.Request.Headers.ContainsKey(Idempotency.Header))
        {
            return Answers.Refused(http, closed);
        }

        var taken = await attachments.Take(http, own.Application, kind, formats);
        if (taken.Attachment is not { } attachment)
        {
            var refusal = Problem.Refused(http, taken.Refused!, taken.Args);
            return taken.Refused == SelectionAttachments.Busy ? refusal.Header("Retry-After", "5") : refusal;
        }

        // What was sent is told by its kind and content: the same key with another file is another request.
        var body = Body.Parse(JsonSerializer.SerializeToUtf8Bytes(new { kind, hash = attachment.Hash }));
        try
        {
            return await answers.Command(
                http,
                caller,
                Aggregates.SelectionApplications,
                SelectionApplication.Stream(own.Id, own.Institution),
                body,
                (state, _) => SelectionApplication.Attach(state, own.Round, attachment, own.Now, caller.Actor()),
                (state, events) => (
                    events.Count > 0 ? 201 : 200,
                    own.Written(state, own.Persons, own.Now, state.Attachments.First(a => (a.Kind, a.Hash) == (attachment.Kind, attachment.Hash)))),
                _ => [SelectionAttachments.Kept(attachment.Id)],
                before: own.Before);
        }
        finally
        {
            // Whatever became of it: what an event named stays.
            await attachments.Forget(attachment.Id);
        }
    }

    private static async Task<IResult> Detach(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var attachment = query.PathUuid("attachment");
        var (own, refused) = await OwnOf(http, caller, reads, log, clock, query);
        var body = await Body.Read(http);
        if ((own is null ? refused : body.Refused(http)) is { } wrong)
        {
            return wrong;
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.SelectionApplications,
            SelectionApplication.Stream(own!.Id, own.Institution),
            body,
            (state, _) => SelectionApplication.Detach(state, own.Round, attachment, own.Now, caller.Actor()),
            (state, _) => (200, own.Written(state, own.Persons, own.Now)),
            _ => [SelectionAttachments.Destroyed(attachment)],
            before: own.Before);
    }

    private static async Task<IResult> Submit(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock)
    {
        var (own, refused) = await OwnOf(http, caller, reads, log, clock, Query.Of(http));
        if (own is null)
        {
            return refused!;
        }

        var body = await Body.Read(http);
        var asItIs = body.Root.OptionalFlag("asItIs") ?? false;
        if (body.Refused(http) is { } wrong)
        {
            return wrong;
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.SelectionApplications,
            SelectionApplication.Stream(own.Id, own.Institution),
            body,
            (state, _) =>
            {
                // Drafted anew between the reading and the writing: what would be judged is not what was written.
                return state.Submission is null && state.PersonsHash is not null && state.PersonsHash != own.Persons.Hash
                    ? Refusal.Conflict(Commands.TooManyWriters)
                    : SelectionApplication.Submit(state, own.Round, s => own.Evaluate(s, own.Persons, own.Now), asItIs, own.Now, caller.Actor());
            },
            (state, _) => (200, own.Written(state, own.Persons, own.Now)),
            before: own.Before);
    }

    private static async Task<IResult> Statement(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Clock clock)
    {
        var (own, refused) = await OwnOf(http, caller, reads, log, clock, Query.Of(http));
        if (own is null)
        {
            return refused!;
        }

        var body = await Body.Read(http);
        var statement = body.Root.Text("statement", BodyObject.LongText, lines: true);
        return body.Refused(http) ?? await answers.Command(
            http,
            caller,
            Aggregates.SelectionApplications,
            SelectionApplication.Stream(own.Id, own.Institution),
            body,
            (state, today) => SelectionApplication.AnswerSuspicion(state, statement, today, caller.Actor()),
            (state, _) => (200, own.Written(state, own.Persons, own.Now)));
    }

    private static async Task<IResult> Fraud(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var institution = query.PathId("institution");
        var body = await Body.Read(http);
        var step = body.Root.Choice<FraudStep>("step");
        var finding = body.Root.Text("finding", BodyObject.LongText, lines: true);
        if ((query.Refused(http) ?? body.Refused(http)) is { } wrong)
        {
            return wrong;
        }

        var round = await log.Round(id, http.RequestAborted);
        if (round.Call is null)
        {
            return Problem.Refused(http, "noSuchSelectionRound");
        }

        var hearUntil = SelectionRoundEndpoints.HearUntil(round, (await reads.Reference(http.RequestAborted)).Calendar);
        return await answers.Command(
            http,
            caller,
            Aggregates.SelectionApplications,
            SelectionApplication.Stream(id, institution),
            body,
            (state, today) => step == FraudStep.Suspected
                ? SelectionApplication.Suspect(state, round, finding, today, caller.Actor())
                : state.Submission is null ? Refusal.NotFound("noSuchSelectionApplication")
                : SelectionApplication.DecideFraud(state, round, step == FraudStep.Substantiated, finding, hearUntil, today, caller.Actor()),
            (state, _) => (200, new ApplicationWritten(
                id, institution, Status(state), state.Submission!.ReceivedAt.ToOffset(TimeSpan.FromHours(8)), round.IsEligible(state), state.HasPriority,
                [.. state.Submission.Results.Where(r => !r.IsSatisfied).Select(r => r.Clause)], null, 0)));
    }

    /// <summary>The application a path names, for whoever may read it: its institution, national once it is submitted, an expert without a conflict once the round has closed.</summary>
    private static async Task<(SelectionRound.State Round, SelectionApplication.State? Application, IResult? Refused)> Readable(HttpContext http, Caller caller, IEventStore log, Clock clock, Query query)
    {
        var id = query.PathUuid("id");
        var institution = query.PathId("institution");
        if (query.Refused(http) is { } wrong)
        {
            return (SelectionRound.State.Initial, null, wrong);
        }

        var round = await log.Round(id, http.RequestAborted);
        if (caller.Role is Role.Hospital or Role.TrainingBase && caller.Institution != institution)
        {
            return (round, null, Problem.Hidden(http));
        }

        if (round.Call is null)
        {
            return (round, null, Problem.Refused(http, "noSuchSelectionRound"));
        }

        if (caller.Role == Role.Physician && !round.IsExpert(caller.Physician!))
        {
            return (round, null, Problem.Forbidden(http));
        }

        var application = await log.Application(id, institution, http.RequestAborted);
        var visible = application.Institution is not null && caller.Role switch
        {
            Role.National => application.Submission is not null,
            Role.Physician => application.Submission is not null && round.Conclusion is null && clock.Now >= round.Call.ClosesAt && !round.HasConflict(caller.Physician!, institution)
                && !(await log.Physician(caller.Physician!, http.RequestAborted)).State.PlacesSince(round.Call.OpensOn).Contains(institution),
            _ => true,
        };
        return visible ? (round, application, null) : (round, null, Problem.Hidden(http));
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var round = await log.Round(id, http.RequestAborted);
        if (round.Call is null)
        {
            return Problem.Refused(http, "noSuchSelectionRound");
        }

        if (caller.Role == Role.Physician && !round.IsExpert(caller.Physician!))
        {
            return Problem.Forbidden(http);
        }

        var (all, late) = await SelectionLog.Applications(http, reads, log, id);
        if (late is not null)
        {
            return late;
        }

        var expert = caller.Role == Role.Physician ? caller.Physician : null;
        IReadOnlyList<string> places = expert is null ? [] : (await log.Physician(expert, http.RequestAborted)).State.PlacesSince(round.Call.OpensOn);
        var names = await SelectionLog.Names(reads, all.Select(a => a.Institution!), http.RequestAborted);
        return Results.Json(
            new ApplicationRows(
                [
                    .. all.Where(a => a.Submission is not null && (expert is null || clock.Now >= round.Call.ClosesAt)).Select(a =>
                        expert is not null && (round.HasConflict(expert, a.Institution!) || places.Contains(a.Institution!))
                            ? new ApplicationRow(names.Named(a.Institution!), true, null, null, null, null, null, null, null)
                            : new(
                                names.Named(a.Institution!),
                                false,
                                a.Submission!.ReceivedAt.ToOffset(TimeSpan.FromHours(8)),
                                a.IsCancelled,
                                round.IsEligible(a),
                                a.HasPriority,
                                [.. a.Submission.Results.Where(r => !r.IsSatisfied).Select(r => r.Clause)],
                                expert is null ? null : round.Scores.Any(s => (s.Expert, s.Institution) == (expert, a.Institution)),
                                round.CountedScores(a.Institution!).Count())),
                ],
                await reads.Position(http.RequestAborted)),
            Json.Options);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var minPosition = query.Position();
        var (round, application, refused) = await Readable(http, caller, log, clock, query);
        if ((refused ?? await reads.Shown(http, minPosition)) is { } wrong)
        {
            return wrong;
        }

        var call = round.Call!;
        var (id, institution) = (call.Round, application!.Institution!);
        var regulation = (await reads.Reference(http.RequestAborted)).Regulations.Find(call.Regulation, call.Version)!;
        var entry = (await log.Institution(institution, http.RequestAborted)).State.Entry;
        await using var connection = await reads.Open(http.RequestAborted);
        await SelectionPersons.NoteRead(connection, caller, SelectionApplication.IdOf(id, institution), http.RequestAborted);
        var persons = await SelectionPersons.Read(connection, SelectionApplication.IdOf(id, institution), http.RequestAborted);
        var outcome = application.IsCancelled ? SelectionOutcome.Cancelled
            : (round.Conclusion?.Outcomes ?? round.Publications.LastOrDefault()?.Outcomes)?.FirstOrDefault(o => o.Institution == institution)?.Outcome;
        var published = round.Publications.LastOrDefault();
        var receivedAt = application.Submission?.ReceivedAt ?? clock.Now;
        var book = SelectionFacts.Book(
            regulation,
            application,
            persons.Facts,
            new(entry, receivedAt, application.IsCancelled, round.ScoringOpen ? null : round.Closing?.ClosedOn, published is null ? null : outcome, published?.PublishedOn),
            Shanghai.DayOf(receivedAt));
        // What was submitted stands as it was judged then; a draft is judged as it stands.
        var results = application.Submission?.Results ?? SelectionFacts.Evaluate(regulation, regulation.Selection!.Application, book);
        var priority = application.Submission?.Priority ?? SelectionFacts.Evaluate(regulation, regulation.Selection!.Priority, book);
        IReadOnlyList<ClauseShown> Clauses(IReadOnlyList<ConditionResult> of) =>
            [.. of.Select(r => new ClauseShown(r.Clause, regulation.Clause(r.Clause)!.Title, r.Outcome, r.Actual, r.Limit, r.Comparison is { } c ? Conditions.Sign(c) : null, r.Short))];
        return Results.Json(
            new ApplicationAnswer(
                id,
                new(institution, entry?.Name),
                Status(application),
                application.Submission?.ReceivedAt.ToOffset(TimeSpan.FromHours(8)),
                application.Facts.ToDictionary(f => f.Fact, f => f.Value),
                persons.Facts,
                application.Attachments,
                new(
                    application.Submission is null ? results.All(r => r.IsSatisfied) : round.IsEligible(application),
                    priority.Any(r => r.Outcome == ConditionOutcome.Met),
                    Clauses(results),
                    Clauses(priority),
                    application.Submission is null ? [] : Clauses(SelectionFacts.Evaluate(regulation, regulation.Selection!.Decision, book))),
                [.. application.Suspicions.Select(s => new SuspicionShown(
                    s.Suspicion.Suspicion, s.Suspicion.SuspectedOn, s.Statement?.Statement, s.Decision?.Substantiated, s.Decision?.Finding, s.Decision?.DecidedOn, s.Decision?.By.Name))],
                [
                    .. round.Objections.Where(o => o.Filed.About == institution && caller.Role != Role.Physician)
                        .Select(o => SelectionRoundEndpoints.Shown(o, caller, entry is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [institution] = entry.Name })),
                ],
                outcome,
                await reads.Position(http.RequestAborted)),
            Json.Options);
    }

    private static async Task<IResult> Download(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("attachment");
        var (round, application, refused) = await Readable(http, caller, log, clock, query);
        if (application is null)
        {
            return refused!;
        }

        if (application.Attachments.FirstOrDefault(a => a.Id == id) is not { } attachment)
        {
            return Problem.Refused(http, "noSuchAttachment");
        }

        await using var connection = await reads.Open(http.RequestAborted);
        await SelectionPersons.NoteRead(connection, caller, SelectionApplication.IdOf(round.Call!.Round, application.Institution!), http.RequestAborted);
        return await SelectionAttachments.Content(connection, id, http.RequestAborted) is { } content
            // Saved, never opened in the page: it is somebody else's file.
            ? Results.File(content, SelectionAttachments.MediaType(attachment.Format), $"{attachment.Kind}{SelectionAttachments.Extension(attachment.Format, content)}")
            : Problem.Refused(http, "noSuchAttachment");
    }
}
