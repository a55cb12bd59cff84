using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Compliance.Service.Qualifications;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Training;

/// <summary>Training bases (培训基地): applied for by the institution, recognised, reviewed and withdrawn by who recognises bases of the kind; NV-TB-*, CI-TB-PROV, CI3-TB-*.</summary>
public static class TrainingBaseEndpoints
{
    private const string Path = "/training-bases/{kind}/{technique}/{institution}";

    private static readonly IReadOnlyList<Role> Institutions = [Role.Hospital, Role.TrainingBase];

    private static readonly IReadOnlyList<Role> Authorities = [Role.Regulator, Role.National];

    private static readonly IReadOnlyList<Role> All = [.. Institutions, .. Authorities];

    /// <param name="Kind">Of the technique's regulation, as in `national`.</param>
    /// <param name="Tutors">As in `tutors`, from today.</param>
    /// <param name="Trainees">As in `capacity`, from today.</param>
    public sealed record BaseEntry(string Kind, string Technique, string Institution, IReadOnlyList<ApplicationEndpoints.FactEntry> Facts, IReadOnlyList<string>? Tutors = null, int? Trainees = null);

    public sealed record BaseAttestations(IReadOnlyList<ApplicationEndpoints.FactEntry> Facts);

    /// <param name="Tutors">All of them from that day on, by their ids in the registry.</param>
    /// <param name="From">Today unless given; of a recognised base not earlier.</param>
    public sealed record TutorsEntry(IReadOnlyList<string> Tutors, DateOnly? From = null);

    /// <param name="Trainees">How many at a time.</param>
    /// <param name="From">Today unless given; of a recognised base not earlier.</param>
    public sealed record CapacityEntry(int Trainees, DateOnly? From = null);

    /// <param name="Reference">Number of the document of recognition.</param>
    /// <param name="EffectiveOn">Today unless given.</param>
    /// <param name="Imported">True of one recognised before this system was in use: it is recorded and not judged.</param>
    public sealed record RecognitionEntry(string Reference, DateOnly? EffectiveOn = null, bool? Imported = null);

    public sealed record BaseRefusal(string Reason);

    public sealed record BaseReview(string Remark);

    public sealed record BaseWithdrawal(string Reason);

    public sealed record BaseGivenUp(string Reason);

    public sealed record BaseNamed(string Kind, string Technique, string Institution, string? Name, string? Province);

    /// <param name="EndedOn">First day without it; null while it stands.</param>
    public sealed record RecognitionShown(DateOnly EffectiveOn, string Reference, bool Imported, DateOnly? EndedOn);

    /// <param name="Counts">True when it counts as a tutor: qualified, and with the main registration at the base.</param>
    public sealed record TutorShown(string Physician, string Name, Title? Title, bool Qualified, bool MainRegistration, bool Counts);

    /// <param name="Passed">True when every clause was met.</param>
    /// <param name="Grounds">What was found, as frozen; null of a kind of base of which the text asks nothing.</param>
    public sealed record ReviewShown(DateOnly On, bool Passed, IReadOnlyList<string> Unmet, string Remark, Actor By, BaseGrounds? Grounds);

    /// <param name="CertifiesFromLevel">The lowest level it trains for; 0 where the regulation does not grade.</param>
    /// <param name="Trains">True when it may train today: recognised, and the institution's qualification, where one is needed, usable.</param>
    /// <param name="Capacity">Trainees at a time it declares for today; null where it declared none.</param>
    /// <param name="ReviewDueOn">Last day for the next review; null while none is owed.</param>
    /// <param name="Reason">Why it was refused, withdrawn or given up.</param>
    public sealed record BaseAnswer(
        BaseNamed Base,
        BaseStatus State,
        DateOnly? AppliedOn,
        int CertifiesFromLevel,
        int CertifiesToLevel,
        BaseAuthority RecognisedBy,
        bool Recognised,
        bool Trains,
        IReadOnlyList<RecognitionShown> Recognitions,
        int? Capacity,
        IReadOnlyList<TutorShown> Tutors,
        IReadOnlyList<ReviewShown> Reviews,
        DateOnly? ReviewDueOn,
        string? Reason,
        long Position);

    /// <param name="CountedTo">The last day whose cases were counted: by then every report was due.</param>
    /// <param name="Evaluation">Null of a kind of base of which the text asks nothing.</param>
    public sealed record BaseEvaluation(BaseNamed Base, DateOnly AsOf, DateOnly CountedTo, ApplicationEndpoints.EvaluationShown? Evaluation, long Position);

    public sealed record BaseWritten(BaseNamed Base, BaseStatus State, long Position);

    private enum Against
    {
        /// <summary>What is asked for a recognition.</summary>
        Recognition,

        /// <summary>What is asked at a review.</summary>
        Review,
    }

    /// <summary>What is fixed before an act is decided.</summary>
    /// <param name="Regulation">The version of the day; of a kind of base that provinces recognise with what the province demands beyond it.</param>
    internal sealed record Asked(TrainingBaseId Id, BaseRule Rule, Regulation Regulation, Reference Reference, Holder Holder, Caller Caller, DateOnly Today)
    {
        public Actor By => Caller.Actor();

        public bool IsOwn => Caller.Role is Role.Hospital or Role.TrainingBase && Caller.Institution == Id.Institution;

        public bool IsAuthority => Rule.RecognisedBy == BaseAuthority.National ? Caller.Role == Role.National : Caller.ActsIn(Holder.Province);

        public BaseNamed Named => new(Id.Kind, Id.Technique, Id.Institution, Holder.Name, Holder.Province);

        public bool NeedsQualification => Regulation.InPractice.CaseRules.NeedsQualification(Rule.CertifiesToLevel);
    }

    /// <summary>The decision on the state written upon; null when it is not this caller's to take.</summary>
    private delegate Decision<TrainingBase.Event>? Act(TrainingBase.State state, DateOnly today);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/training-bases", Apply).Allows(Institutions).Takes().TakesHeader(Idempotency.Header)
            .Describes<BaseEntry, BaseWritten>("Applies for recognition as a training base", 201, 403, 404, 409, 503)
            .Produces<BaseWritten>(200);
        api.MapGet(Path, Show).Allows(All).ScopedTo(SubjectAccess.NamedInstitution).Takes("minPosition")
            .Describes<BaseAnswer>("A training base: recognitions, tutors with their titles today, capacity, reviews", 200, 400, 404, 503);
        api.MapGet(Path + "/history", History).Allows(All).ScopedTo(SubjectAccess.NamedInstitution).Takes("limit", "cursor", "minPosition")
            .Describes<QualificationEndpoints.HistoryAnswer>("Every event of a training base, with when and by whom", 200, 400, 404, 503);
        api.MapGet(Path + "/evaluation", Evaluate).Allows(All).ScopedTo(SubjectAccess.NamedInstitution).Takes("against", "asOf", "minPosition")
            .Describes<BaseEvaluation>("How each clause stands for a training base on a day: `against` is `recognition` or `review`, by default what comes next", 200, 400, 404, 503);

        Post<BaseAttestations>(api, "attestations", "Attests facts, for an application, and anew for every review", All, async (body, asked, reads, http) =>
        {
            await using var connection = await reads.Open(http.RequestAborted);
            var state = Fold(await http.RequestServices.GetRequiredService<IEventStore>().ReadStream(TrainingBase.Stream(asked.Id), cancellation: http.RequestAborted));
            var told = PathOf(asked, Against.Review) is { } review ? await BaseFacts.OfTrainees(connection, asked.Regulation, review, asked.Id, state, asked.Today, http.RequestAborted) : null;
            var facts = ApplicationEndpoints.Facts(body.Root, asked.Regulation, asked.Today, await Coverage(connection, asked, http.RequestAborted), asked.IsAuthority, told);
            await CheckOperators(connection, body, asked, facts, http.RequestAborted);
            return (state, today) => asked.IsOwn || asked.IsAuthority ? TrainingBase.Attest(state, facts, today, asked.By) : null;
        });
        Post<TutorsEntry>(api, "tutors", "Names all tutors from a day on", Institutions, async (body, asked, reads, http) =>
        {
            var tutors = await Tutors(body, reads, http);
            var from = body.Root.OptionalDay("from") ?? asked.Today;
            return (state, today) => asked.IsOwn ? TrainingBase.NameTutors(state, tutors, from, today, asked.By) : null;
        });
        Post<CapacityEntry>(api, "capacity", "Declares how many trainees it takes at a time from a day on", Institutions, (body, asked, _, _) =>
        {
            var trainees = body.Root.Integer("trainees", 0, TrainingBase.MostTrainees);
            var from = body.Root.OptionalDay("from") ?? asked.Today;
            return Task.FromResult<Act>((state, today) => asked.IsOwn ? TrainingBase.DeclareCapacity(state, trainees, from, today, asked.By) : null);
        });
        Post<BaseGivenUp>(api, "give-up", "Takes the application back, or gives the recognition up, by the institution", Institutions, (body, asked, _, _) =>
        {
            var reason = Reason(body.Root);
            return Task.FromResult<Act>((state, today) => asked.IsOwn ? TrainingBase.GiveUp(state, reason, today, asked.By) : null);
        });
        Post<RecognitionEntry>(api, "recognise", "Recognises a training base whose every clause is met, or records one recognised before", Authorities, async (body, asked, reads, http) =>
        {
            var reference = body.Root.Text("reference");
            var effectiveOn = body.Root.OptionalDay("effectiveOn") ?? asked.Today;
            var imported = body.Root.OptionalFlag("imported") ?? false;
            var known = await Known(asked, Against.Recognition, reads, http, recognised: true);
            return (state, today) => asked.IsAuthority
                ? Judged(asked, Against.Recognition, known, state, grounds => TrainingBase.Recognise(state, asked.Id, imported ? null : grounds, effectiveOn, reference, imported, today, asked.By))
                : null;
        });
        Post<BaseRefusal>(api, "refuse", "Refuses an application, with how the clauses stood", Authorities, async (body, asked, reads, http) =>
        {
            var reason = Reason(body.Root);
            var known = await Known(asked, Against.Recognition, reads, http, recognised: false);
            return (state, today) => asked.IsAuthority ? Judged(asked, Against.Recognition, known, state, grounds => TrainingBase.Refuse(state, grounds, reason, today, asked.By)) : null;
        });
        Post<BaseReview>(api, "review", "Reviews a training base and freezes what was found; nothing is withdrawn by it", Authorities, async (body, asked, reads, http) =>
        {
            var remark = body.Root.Text("remark", BodyObject.LongText, lines: true);
            var known = await Known(asked, Against.Review, reads, http, recognised: true);
            return (state, today) => asked.IsAuthority ? Judged(asked, Against.Review, known, state, grounds => TrainingBase.RecordReview(state, grounds, remark, today, asked.By)) : null;
        });
        Post<BaseWithdrawal>(api, "withdraw", "Withdraws the recognition from tomorrow, by a named person", Authorities, (body, asked, _, _) =>
        {
            var reason = Reason(body.Root);
            return Task.FromResult<Act>((state, today) => asked.IsAuthority ? TrainingBase.Withdraw(state, reason, today, asked.By) : null);
        });
    }

    private static string Reason(BodyObject body) => body.Text("reason", BodyObject.LongText, lines: true);

    private static void Post<TRequest>(RouteGroupBuilder api, string act, string summary, IReadOnlyList<Role> roles, Func<Body, Asked, Reads, HttpContext, Task<Act>> read)
        where TRequest : notnull =>
        api.MapPost($"{Path}/{act}", (HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Decide(http, caller, answers, reads, log, read))
            .Allows(roles).ScopedTo(SubjectAccess.NamedInstitution).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TRequest, BaseWritten>(summary, 200, 403, 404, 409, 412, 503);

    private static async Task<IResult> Apply(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        var root = body.Root;
        var (kind, technique, institution) = (root.Text("kind"), root.Id("technique"), root.Id("institution"));
        var training = TrainingOf(reference, technique, answers.Today);
        if (technique.Length > 0 && training is null)
            root.Fault("technique", "unknownTechnique");
        if (kind.Length > 0 && training is not null && training.Base(kind) is null)
            root.Fault("kind", "unknownValue", Kinds(training));
        if (body.HasFaults)
            return body.Refused(http)!;
        var id = new TrainingBaseId(kind, technique, institution);
        if (caller.Institution != institution)
            return Problem.Forbidden(http);
        var (asked, refused) = await Ask(http, caller, reads, log, reference, id, answers.Today);
        if (asked is null)
            return refused!;

        List<AttestedFact> facts = [];
        if (root.Has("facts"))
        {
            await using var connection = await reads.Open(http.RequestAborted);
            facts = ApplicationEndpoints.Facts(root, asked.Regulation, asked.Today, await Coverage(connection, asked, http.RequestAborted), regulator: false);
            await CheckOperators(connection, body, asked, facts, http.RequestAborted);
        }

        var tutors = root.Has("tutors") ? await Tutors(body, reads, http) : null;
        var trainees = root.OptionalInteger("trainees", 0, TrainingBase.MostTrainees);
        if (body.Refused(http) is { } wrong)
            return wrong;
        return await Run(http, caller, answers, body, asked, (state, today) =>
        {
            var decision = TrainingBase.Apply(state, id, asked.Regulation, facts, today, asked.By);
            var events = new List<TrainingBase.Event>(decision.Events);
            // One append: an application stands with its tutors and its capacity, or not at all.
            foreach (var more in new Func<TrainingBase.State, Decision<TrainingBase.Event>>?[]
            {
                tutors is null ? null : s => TrainingBase.NameTutors(s, tutors, today, today, asked.By),
                trainees is { } number ? s => TrainingBase.DeclareCapacity(s, number, today, today, asked.By) : null,
            }.OfType<Func<TrainingBase.State, Decision<TrainingBase.Event>>>())
            {
                if (decision.Refusal is not null)
                    return decision;
                decision = more(events.Aggregate(state, TrainingBase.Evolve));
                events.AddRange(decision.Events);
            }

            return decision.Refusal is not null ? decision : new(events, null);
        });
    }

    private static async Task<IResult> Decide(
        HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Func<Body, Asked, Reads, HttpContext, Task<Act>> read)
    {
        var query = Query.Of(http);
        var reference = await reads.Reference(http.RequestAborted);
        var id = IdIn(query, reference, answers.Today);
        var body = await Body.Read(http);
        if (query.Refused(http) is { } wrong)
            return wrong;
        var (asked, refused) = await Ask(http, caller, reads, log, reference, id, answers.Today);
        if (asked is null)
            return refused!;
        var act = await read(body, asked, reads, http);
        return body.Refused(http) ?? await Run(http, caller, answers, body, asked, act);
    }

    private static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Body body, Asked asked, Act act)
    {
        // Asked inside the decision, so that it is the state written upon that allows it.
        var allowed = true;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.TrainingBases,
            TrainingBase.Stream(asked.Id),
            body,
            (state, today) =>
            {
                var decision = act(state, today);
                allowed = decision is not null;
                return decision ?? Refusal.Conflict("forbidden");
            },
            (state, events) => (events.Any(e => e is TrainingBase.Event.Applied) ? StatusCodes.Status201Created : StatusCodes.Status200OK, new { @base = asked.Named, state = state.Status }));
        return allowed ? result : Problem.Forbidden(http);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var (asked, events, position, refused) = await Read(http, caller, reads, log, Query.Of(http));
        if (asked is null)
            return refused!;
        var state = Fold(events);
        await using var connection = await reads.Open(http.RequestAborted);
        var tutors = await BaseFacts.Tutors(connection, asked.Id, state.TutorsOn(asked.Today), asked.Today, http.RequestAborted);
        var institution = new QualificationId(Subject.Institution(asked.Id.Institution), asked.Id.Technique);
        var active = (await FactsReader.Qualifications(connection, [asked.Id.Institution], http.RequestAborted)).GetValueOrDefault(institution)?.ActiveSpans() ?? [];
        ETags.Set(http, events[^1].Version);
        return Results.Json(
            new BaseAnswer(
                asked.Named,
                state.Status,
                state.AppliedOn,
                asked.Rule.CertifiesFromLevel,
                asked.Rule.CertifiesToLevel,
                asked.Rule.RecognisedBy,
                state.IsRecognised(asked.Today),
                state.TrainingSpans(asked.NeedsQualification, active).Any(s => s.Contains(asked.Today)),
                [.. state.Recognitions.Select(r => new RecognitionShown(r.EffectiveOn, r.Reference, r.Imported, r.EndedOn))],
                state.CapacityOn(asked.Today),
                [.. tutors.Select(t => new TutorShown(t.Physician, t.Name, t.Title, t.Qualified, t.Own, t.Qualified && t.Own))],
                [.. state.Reviews.Select(r => new ReviewShown(r.On, r.Passed, r.Grounds?.Unmet ?? [], r.Remark, r.By, r.Grounds))],
                state.ReviewDueOn(TrainingBaseRows.RulesOf(asked.Reference, state)?.ReviewEveryMonths),
                state.Reason,
                position),
            Json.Options);
    }

    private static async Task<IResult> Evaluate(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var against = query.OptionalChoice<Against>("against");
        var asOf = reads.AsOf(query);
        var (asked, events, position, refused) = await Read(http, caller, reads, log, query, asOf);
        if (asked is null)
            return refused!;
        var state = Fold(events);
        against ??= state.IsRecognised(asOf) ? Against.Review : Against.Recognition;
        var path = PathOf(asked, against.Value);
        await using var connection = await reads.Open(http.RequestAborted);
        var known = await BaseFacts.Read(connection, asked.Reference, asked.Regulation, path, asked.Id, state, asOf, against == Against.Recognition || state.IsRecognised(asOf), http.RequestAborted);
        return Results.Json(
            new BaseEvaluation(
                asked.Named, asOf, known.CountedTo, path is null ? null : ApplicationEndpoints.Evaluated(asked.Regulation, path, known.Book.With(asked.Regulation, state.AttestedFor(asked.Regulation, path, asOf))), position),
            Json.Options);
    }

    private static async Task<IResult> History(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        long after = 0;
        if (query.Cursor(keys: 1) is [var key] && !(long.TryParse(key, out after) && after > 0))
            query.Fault("cursor", "invalidCursor");
        var (asked, events, position, refused) = await Read(http, caller, reads, log, query);
        if (asked is null)
            return refused!;
        ETags.Set(http, events[^1].Version);
        var page = Paged.Cut([.. events.Where(e => e.Version > after).Take(limit + 1).Select(Item)], limit, item => [$"{item.Version}"]);
        return Results.Json(new QualificationEndpoints.HistoryAnswer(page.Items, page.NextCursor, position), Json.Options);
    }

    private static QualificationEndpoints.HistoryItem Item(RecordedEvent recorded)
    {
        var e = (TrainingBase.Event)recorded.Data;
        var data = JsonSerializer.SerializeToNode(e, e.GetType(), Json.Options)!.AsObject();
        // Said by the path and beside it.
        data.Remove("base");
        data.Remove("by");
        return new(EventTable.Types.For(e.GetType()).WireName, recorded.Version, recorded.Position, recorded.RecordedAt, e.By, data);
    }

    /// <summary>A base that is there, from the log, and where the rows stood; or why it is not shown. Reads what is left of the query.</summary>
    private static async Task<(Asked? Asked, IReadOnlyList<RecordedEvent> Events, long Position, IResult? Refused)> Read(
        HttpContext http, Caller caller, Reads reads, IEventStore log, Query query, DateOnly? asOf = null)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var id = IdIn(query, reference, reads.Today);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } wrong)
            return (null, [], 0, wrong);
        var position = await reads.Position(http.RequestAborted);
        var events = await log.ReadStream(TrainingBase.Stream(id), cancellation: http.RequestAborted);
        if (events.Count == 0)
            return (null, [], 0, Problem.Refused(http, "noSuchTrainingBase"));
        var (asked, refused) = await Ask(http, caller, reads, log, reference, id, reads.Today, asOf);
        return (asked, events, position, refused);
    }

    private static TrainingBase.State Fold(IEnumerable<RecordedEvent> events) => TrainingBase.Fold(events.Select(e => (TrainingBase.Event)e.Data));

    private static async Task<(Asked? Asked, Problem? Refused)> Ask(
        HttpContext http, Caller caller, Reads reads, IEventStore log, Reference reference, TrainingBaseId id, DateOnly today, DateOnly? asOf = null)
    {
        // What has just been written (registry, attestations, cases) is what the clauses are held against.
        if (HttpMethods.IsPost(http.Request.Method) && await reads.Shown(http, await log.Head(http.RequestAborted)) is { } late)
            return (null, late);
        if (await Holders.Find(log, Subject.Institution(id.Institution), today, http.RequestAborted) is not { } holder)
            return (null, Problem.Refused(http, "noSuchInstitution"));
        var rule = TrainingOf(reference, id.Technique, today)!.Base(id.Kind)!;
        var regulation = reference.Regulations.ForApplications(id.Technique, asOf ?? today, rule.RecognisedBy == BaseAuthority.National ? null : holder.Province)!;
        return (new(id, rule, regulation, reference, holder, caller, today), null);
    }

    /// <summary>What the technique's regulation says of training today; null where there is no such technique, or it says nothing.</summary>
    internal static TrainingRules? TrainingOf(Reference reference, string technique, DateOnly today) => reference.Regulations.ForApplications(technique, today, province: null)?.Practice?.Training;

    internal static string Kinds(TrainingRules training) => string.Join(", ", training.Bases.Select(b => b.Kind));

    private static TrainingBaseId IdIn(Query query, Reference reference, DateOnly today)
    {
        var (kind, technique, institution) = (query.PathId("kind"), query.PathId("technique"), query.PathId("institution"));
        var training = TrainingOf(reference, technique, today);
        if (technique.Length > 0 && training is null)
            query.PathFault("technique", "unknownTechnique");
        if (kind.Length > 0 && training is not null && training.Base(kind) is null)
            query.PathFault("kind", "unknownValue", Kinds(training));
        return new(kind, technique, institution);
    }

    private static QualificationPath? PathOf(Asked asked, Against against) =>
        (against == Against.Recognition ? asked.Rule.Path : asked.Rule.ReviewPath) is { } path ? asked.Regulation.Path(path) : null;

    /// <summary>What is known for a decision, and the state of the stream it was read for.</summary>
    private sealed record KnownThen(BaseKnown Known, TrainingBase.State State)
    {
        /// <summary>Whether nothing that clauses look at was entered since: what is frozen must be what is decided upon.</summary>
        public bool IsOf(TrainingBase.State state) =>
            (state.TutorLists.Count, state.Capacities.Count, state.Attested.Count, state.Recognitions.Count) == (State.TutorLists.Count, State.Capacities.Count, State.Attested.Count, State.Recognitions.Count);
    }

    /// <param name="recognised">True where it is being recognised, or the decision refuses where it is not: then it is taken as given (NV-TB-RECOG).</param>
    private static async Task<KnownThen> Known(Asked asked, Against against, Reads reads, HttpContext http, bool recognised)
    {
        var log = http.RequestServices.GetRequiredService<IEventStore>();
        var state = Fold(await log.ReadStream(TrainingBase.Stream(asked.Id), cancellation: http.RequestAborted));
        await using var connection = await reads.Open(http.RequestAborted);
        return new(await BaseFacts.Read(connection, asked.Reference, asked.Regulation, PathOf(asked, against), asked.Id, state, asked.Today, recognised, http.RequestAborted), state);
    }

    /// <summary>The decision on the grounds, if they are still those of the state written upon.</summary>
    private static Decision<TrainingBase.Event> Judged(Asked asked, Against against, KnownThen then, TrainingBase.State state, Func<BaseGrounds?, Decision<TrainingBase.Event>> decide) =>
        !then.IsOf(state) ? Refusal.Conflict("conflict")
        : decide(PathOf(asked, against) is { } path ? TrainingBase.Judge(state, asked.Regulation, path, then.Known.Book, then.Known.CountedTo) : null);

    private static async Task<DateOnly?> Coverage(NpgsqlConnection connection, Asked asked, CancellationToken cancellation) =>
        (await FactsReader.Institutions(connection, [asked.Id.Institution], cancellation)).GetValueOrDefault(asked.Id.Institution)?.Coverage.TryGetValue(asked.Id.Technique, out var from) == true ? from : null;

    /// <summary>Operators are named by their ids in the registry, as tutors are: no person's name comes into the log.</summary>
    private static async Task CheckOperators(NpgsqlConnection connection, Body body, Asked asked, IReadOnlyList<AttestedFact> facts, CancellationToken cancellation)
    {
        // Of a body with faults facts are missing, and places in the list say nothing.
        if (body.HasFaults)
            return;
        foreach (var (fact, i) in facts.Select((fact, i) => (fact, i)).Where(f => asked.Regulation.Fact(f.fact.Fact)?.Known?.Source == KnownSource.OperatorYears))
        {
            List<string> named = [.. fact.Value.EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];
            var there = await FactsReader.Physicians(connection, [.. named.Distinct()], cancellation);
            for (var j = 0; j < named.Count; j++)
            {
                if (!there.ContainsKey(named[j]))
                    body.Add(new Fault($"/facts/{i}/value/{j}/name", "unknownPhysician"));
            }
        }
    }

    private static async Task<IReadOnlyList<string>> Tutors(Body body, Reads reads, HttpContext http)
    {
        var tutors = body.Root.Ids("tutors", TrainingBase.MostTutors, required: true);
        await using var connection = await reads.Open(http.RequestAborted);
        var there = await FactsReader.Physicians(connection, [.. tutors], http.RequestAborted);
        for (var i = 0; i < tutors.Count; i++)
        {
            if (!there.ContainsKey(tutors[i]))
                body.Add(new Fault($"/tutors/{i}", "unknownPhysician"));
        }

        return tutors;
    }
}
