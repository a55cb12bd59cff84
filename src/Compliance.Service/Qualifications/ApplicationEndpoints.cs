using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;

namespace Compliance.Service.Qualifications;

/// <summary>Applications for qualifications: what is attested, how it stands clause by clause, who has given an opinion; and what is attested and filed after the grant.</summary>
public static class ApplicationEndpoints
{
    private const string Path = "/qualifications/{kind}/{subject}/{technique}";

    /// <summary>Facts of one request: the longest path asks for fewer.</summary>
    private const int MostFacts = 300;

    /// <summary>Documents for one fact, and items of a list.</summary>
    private const int MostItems = 50;

    /// <summary>More square metres or anything else than this nobody has.</summary>
    private const decimal LargestQuantity = 1_000_000_000;

    public sealed record EvidenceEntry(string Name, string Hash, DateOnly Date);

    /// <param name="Value">True or false, a number, a day, an instant, a text, or a list of objects, by the fact's type.</param>
    /// <param name="HeldOn">The day it is about; today unless given, and not later.</param>
    /// <param name="ValidUntil">Last day the attestation is good for.</param>
    public sealed record FactEntry(string Fact, object Value, DateOnly? HeldOn, DateOnly? ValidUntil, IReadOnlyList<EvidenceEntry> Evidence);

    /// <param name="Path">Of the regulation.</param>
    /// <param name="DryRun">True only to be told how the clauses stand; nothing is recorded.</param>
    public sealed record ApplicationEntry(SubjectKind Kind, string Subject, string Technique, string Path, IReadOnlyList<FactEntry> Facts, bool? DryRun);

    public sealed record AttestationsEntry(IReadOnlyList<FactEntry> Facts);

    public sealed record OpinionEntry(OpinionStep Step, OpinionDecision Decision, string Text, string SignedBy, EvidenceEntry Stamp, DateOnly SignedOn);

    public sealed record WithdrawRequest(string Reason);

    public sealed record FilingRequest(string Reference);

    /// <param name="Hospital">The sender: tertiary A and qualified.</param>
    /// <param name="Seconded">The physicians sent.</param>
    public sealed record AidRequest(string Hospital, IReadOnlyList<string> Seconded, DateOnly From);

    public sealed record AidEndRequest(DateOnly LastDay);

    /// <param name="Value">Null where there is none.</param>
    /// <param name="Known">True: from the system itself.</param>
    public sealed record FactUsed(string Fact, Bilingual Title, string? Unit, JsonElement? Value, bool Known, DateOnly? HeldOn, DateOnly? ValidUntil, IReadOnlyList<Evidence> Evidence);

    /// <param name="Short">The facts that keep it from being met.</param>
    public sealed record ClauseEvaluated(
        string Clause,
        Bilingual Title,
        Bilingual Phrase,
        Bilingual? Reading,
        string Source,
        ConditionOutcome Outcome,
        decimal? Actual,
        decimal? Limit,
        string? Comparison,
        IReadOnlyList<string> Short,
        IReadOnlyList<FactUsed> Facts);

    /// <param name="Satisfied">True when no clause keeps the applicant from the qualification.</param>
    public sealed record EvaluationShown(ComplianceEndpoints.RegulationShown Regulation, string Path, DateOnly AsOf, bool Satisfied, IReadOnlyList<ClauseEvaluated> Clauses);

    /// <param name="Awaits">Whose opinion is next; null when nobody's is.</param>
    public sealed record ApplicationShown(
        int Number, string Path, ComplianceEndpoints.RegulationShown Regulation, ApplicationStatus Status, DateOnly SubmittedOn, IReadOnlyList<Opinion> Opinions, OpinionStep? Awaits, string? Reason);

    /// <param name="Application">Null while there is none.</param>
    /// <param name="Evaluation">How its clauses stand today, or as of the day of the question.</param>
    public sealed record ApplicationAnswer(SubjectShown Subject, string Technique, ApplicationShown? Application, EvaluationShown? Evaluation, long Position);

    /// <summary>What is fixed before an act is decided.</summary>
    /// <param name="Regulation">The version applications are judged by today, with what the province demands.</param>
    internal sealed record Asked(QualificationId Id, DateOnly Today, Holder Holder, Caller Caller, Regulation Regulation, KnownBook Known)
    {
        public Actor By => Caller.Actor();

        public bool IsHolder => Caller.IsHolder(Id.Subject);

        public bool IsPlace => Caller.Role == Role.Hospital && Caller.Institution == Holder.Main;

        public bool InProvince => Caller.ActsIn(Holder.Province);
    }

    /// <summary>The decision on the state written upon; null when it is not this caller's to take.</summary>
    private delegate Decision<Qualification.Event>? Act(Qualification.State state, DateOnly today);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/qualifications", Submit)
            .Allows(Role.Hospital, Role.Physician).Takes().TakesHeader(Idempotency.Header)
            .Describes<ApplicationEntry, ApplicationAnswer>("Applies for a qualification, or submits again what was given back; answers how each clause stands", 201, 404, 409, 422, 503)
            .Produces<ApplicationAnswer>(200);
        api.MapGet(Path + "/application", Show)
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).Takes("path", "asOf", "minPosition")
            .Describes<ApplicationAnswer>("The last application, and how the clauses of its path (or of another) stand on a day", 200, 400, 404, 503);

        Post<AttestationsEntry>(api, "attestations", "Attests facts: for an application, or because the conditions of a grant stay conditions", [Role.Hospital, Role.Physician, Role.Regulator, Role.National], (body, asked) =>
        {
            var facts = Facts(body, asked.Regulation, asked.Today, asked.Known.Coverage, asked.InProvince, asked.Known.Known);
            return (state, today) => asked.IsHolder || asked.IsPlace || asked.InProvince ? Application.AttestFacts(state, asked.Id, asked.Regulation, facts, today, asked.By) : null;
        });
        Post<OpinionEntry>(api, "opinions", "Gives the next opinion on an application; the province grants by granting", [Role.Hospital, Role.Regulator, Role.National], (body, asked) =>
        {
            var opinion = OpinionOf(body);
            var own = opinion.Step is OpinionStep.Department or OpinionStep.Institution ? asked.IsPlace : asked.InProvince;
            return (state, today) => own ? Application.GiveOpinion(state, asked.Regulation, opinion, asked.Known, today, asked.By) : null;
        });
        Post<WithdrawRequest>(api, "withdraw", "Takes the application back, by the applicant", [Role.Hospital, Role.Physician], (body, asked) =>
        {
            var reason = body.Text("reason", BodyObject.LongText, lines: true);
            return (state, today) => asked.IsHolder ? Application.Withdraw(state, reason, today, asked.By) : null;
        });
        Post<FilingRequest>(api, "file", "Records that the grant was reported to the ministry", [Role.Regulator, Role.National], (body, asked) =>
        {
            var reference = body.Text("reference");
            return (state, today) => asked.InProvince ? Application.FileGrant(state, reference, today, asked.By) : null;
        });
        Post<AidRequest>(api, "aid", "Aid by a qualified hospital begins, for an institution not qualified yet", [Role.Regulator, Role.National], (body, asked) =>
        {
            var hospital = body.Id("hospital");
            var seconded = body.Ids("seconded", MostItems, required: true);
            var from = body.Day("from");
            if (seconded.Count == 0 && body.Has("seconded"))
            {
                body.Fault("seconded", "empty");
            }

            if (from > asked.Today)
            {
                body.Fault("from", "futureDay");
            }

            return (state, _) => !asked.InProvince ? null
                : asked.Id.Subject.Kind != SubjectKind.Institution || asked.Regulation.Practice is null ? Refusal.Conflict("aidIsForInstitutions")
                : Application.BeginAid(state, asked.Id, hospital, seconded, from, asked.By);
        });
        Post<AidEndRequest>(api, "aid/end", "Aid ends", [Role.Regulator, Role.National], (body, asked) =>
        {
            var lastDay = body.Day("lastDay");
            if (lastDay > asked.Today)
            {
                body.Fault("lastDay", "futureDay");
            }

            return (state, _) => asked.InProvince ? Application.EndAid(state, lastDay, asked.By) : null;
        });
    }

    private static void Post<TRequest>(RouteGroupBuilder api, string act, string summary, IReadOnlyList<Role> roles, Func<BodyObject, Asked, Act> read)
        where TRequest : notnull =>
        api.MapPost($"{Path}/{act}", (HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Decide(http, caller, answers, reads, log, read))
            .Allows(roles).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TRequest, ApplicationAnswer>(summary, 200, 404, 409, 412, 422, 503);

    private static async Task<IResult> Decide(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Func<BodyObject, Asked, Act> read)
    {
        var query = Query.Of(http);
        var reference = await reads.Reference(http.RequestAborted);
        var id = QualificationEndpoints.IdIn(query, reference);
        var body = await Body.Read(http);
        if (query.Refused(http) is { } wrong)
        {
            return wrong;
        }

        var (asked, _, refused) = await Ask(http, caller, reads, log, reference, id, answers.Today);
        if (asked is null)
        {
            return refused!;
        }

        var act = read(body.Root, asked);
        return body.Refused(http) ?? await Run(http, caller, answers, body, asked, act);
    }

    private static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Body body, Asked asked, Act act)
    {
        // Asked inside the decision, so that it is the state written upon that allows it.
        var allowed = true;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Qualifications,
            Qualification.Stream(asked.Id),
            body,
            (state, today) =>
            {
                var decision = act(state, today);
                allowed = decision is not null;
                return decision ?? Refusal.Conflict("forbidden");
            },
            (state, events) => (events.Any(e => e is Application.Event.Submitted) ? 201 : 200, Shown(asked, state, path: null)),
            reference: true);
        return allowed ? result : Problem.Forbidden(http);
    }

    /// <summary>Everything a decision needs beside the state; or the refusal, where there is no such subject, or it is not to be told.</summary>
    /// <param name="asOf">Whose version and facts; today unless given. Who may ask is always said by today.</param>
    /// <param name="along">The path asked about: of one that is closed the facts of its last day count.</param>
    internal static async Task<(Asked? Asked, Qualification.State State, Problem? Refused)> Ask(
        HttpContext http, Caller caller, Reads reads, IEventStore log, Reference reference, QualificationId id, DateOnly today, DateOnly? asOf = null, Func<Regulation, QualificationPath?>? along = null)
    {
        // What the caller has just written (registry, attestations, cases) is what the clauses are held against.
        if (await reads.Shown(http, await log.Head(http.RequestAborted)) is { } late)
        {
            return (null, Qualification.State.Initial, late);
        }

        if (await Holders.Find(log, id.Subject, today, http.RequestAborted) is not { } holder)
        {
            return (null, Qualification.State.Initial, Problem.Hidden(http));
        }

        var state = Qualification.Fold((await log.ReadStream(Qualification.Stream(id), cancellation: http.RequestAborted)).Select(e => (Qualification.Event)e.Data));
        var regulation = reference.Regulations.ForApplications(id.Technique, asOf ?? today, holder.Province)!;
        await using var connection = await reads.Open(http.RequestAborted);
        var known = await ApplicationFacts.Read(connection, reference, regulation, id, state, along?.Invoke(regulation)?.JudgedOn(asOf ?? today) ?? asOf ?? today, http.RequestAborted);
        return (new(id, today, holder, caller, regulation, known), state, null);
    }

    private static async Task<IResult> Submit(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        var kind = body.Root.Choice<SubjectKind>("kind");
        var subject = body.Root.Id("subject");
        var technique = body.Root.Id("technique");
        var pathId = body.Root.Text("path");
        var dryRun = body.Root.OptionalFlag("dryRun") ?? false;
        if (technique.Length > 0 && !reference.Regulations.Qualifying.Contains(technique))
        {
            body.Root.Fault("technique", "unknownTechnique");
        }

        if (body.HasFaults)
        {
            return body.Refused(http)!;
        }

        var id = new QualificationId(new(kind, subject), technique);
        var (asked, state, refused) = await Ask(http, caller, reads, log, reference, id, answers.Today, along: r => r.Path(pathId));
        if (asked is null)
        {
            return refused!;
        }

        if (!asked.IsHolder)
        {
            return Problem.Forbidden(http);
        }

        var facts = body.Root.Has("facts") ? Facts(body.Root, asked.Regulation, asked.Today, asked.Known.Coverage, asked.InProvince, asked.Known.Known) : [];
        var path = asked.Regulation.Path(pathId);
        if (path is null || path.For != (kind == SubjectKind.Institution ? Concern.Institution : Concern.Physician) || (path.ClosedOn is null && path.Chain.Count == 0))
        {
            body.Root.Fault("path", "unknownPath", string.Join(", ", asked.Regulation.Paths.Where(p => p.For == (kind == SubjectKind.Institution ? Concern.Institution : Concern.Physician)).Select(p => p.Id)));
        }

        if (body.Refused(http) is { } wrong)
        {
            return wrong;
        }

        if (dryRun)
        {
            var after = state with { Attested = [.. state.Attested, .. facts] };
            return Results.Json(
                new ApplicationAnswer(SubjectShown.Of(id.Subject), technique, null, Evaluated(asked, after, path!), await reads.Position(http.RequestAborted)), Json.Options);
        }

        return await Run(http, caller, answers, body, asked, (present, today) => Application.Submit(present, id, asked.Regulation, path!, facts, today, asked.By));
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var reference = await reads.Reference(http.RequestAborted);
        var id = QualificationEndpoints.IdIn(query, reference);
        var pathId = query.OptionalText("path");
        var asOf = reads.AsOf(query);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var position = await reads.Position(http.RequestAborted);
        var (asked, state, late) = await Ask(http, caller, reads, log, reference, id, answers.Today, asOf, r => pathId is null ? null : r.Path(pathId));
        if (asked is null)
        {
            return late!;
        }

        if (!(asked.IsPlace || caller.MayReadInner(state, id.Subject, asked.Holder.Province)))
        {
            return Problem.Forbidden(http);
        }

        var path = pathId is null ? null : asked.Regulation.Path(pathId);
        if (pathId is not null && path is null)
        {
            query.Fault("path", "unknownPath", string.Join(", ", asked.Regulation.Paths.Select(p => p.Id)));
            return query.Refused(http)!;
        }

        return Results.Json(Shown(asked, state, path) with { Position = position }, Json.Options);
    }

    private static ApplicationAnswer Shown(Asked asked, Qualification.State state, QualificationPath? path)
    {
        // A version in force since may have the path no more: then nobody is awaited.
        var application = state.Application is { } a
            ? new ApplicationShown(
                a.Number, a.Path, new(a.Regulation, a.Version), a.Status, a.SubmittedOn, a.Opinions, asked.Regulation.Path(a.Path) is { } along ? a.Next(along) : null, a.Reason)
            : null;
        path ??= (application?.Path ?? state.PathOn(asked.Known.AsOf)) is { } id ? asked.Regulation.Path(id) : null;
        return new(SubjectShown.Of(asked.Id.Subject), asked.Id.Technique, application, path is null ? null : Evaluated(asked, state, path), 0);
    }

    private static EvaluationShown Evaluated(Asked asked, Qualification.State state, QualificationPath path) =>
        Evaluated(asked.Regulation, path, asked.Known.With(asked.Regulation, state.AttestedBy(asked.Known.AsOf)));

    /// <summary>How each clause of a path stands, with the facts it looked at.</summary>
    internal static EvaluationShown Evaluated(Regulation regulation, QualificationPath path, FactBook facts)
    {
        var results = Conditions.Evaluate(regulation, path, facts);
        return new(
            new(regulation.Id, regulation.Version),
            path.Id,
            facts.AsOf,
            results.All(r => r.IsSatisfied),
            [.. results.Select(r => Evaluated(regulation, regulation.Clause(r.Clause)!, r, facts))]);
    }

    private static ClauseEvaluated Evaluated(Regulation regulation, Clause clause, ConditionResult result, FactBook facts) => new(
        clause.Id,
        clause.Title,
        clause.Phrase,
        clause.Reading,
        clause.Source,
        result.Outcome,
        result.Actual,
        result.Limit,
        result.Comparison is { } comparison ? Conditions.Sign(comparison) : null,
        result.Short,
        [
            .. result.Facts.Select(name =>
            {
                var fact = regulation.Fact(name)!;
                var attested = facts.Attested.GetValueOrDefault(name);
                return new FactUsed(
                    name,
                    fact.Title,
                    fact.Unit,
                    facts.Known.TryGetValue(name, out var known) ? known : attested?.Value,
                    facts.Known.ContainsKey(name) || fact.Known is { MayBeUntold: false },
                    attested?.HeldOn,
                    attested?.ValidUntil,
                    attested?.Evidence ?? []);
            }),
        ]);

    internal static Opinion OpinionOf(BodyObject body) => new(
        body.Choice<OpinionStep>("step"),
        body.Choice<OpinionDecision>("decision"),
        body.Text("text", BodyObject.LongText, lines: true),
        body.Text("signedBy"),
        EvidenceOf(body.Object("stamp"), today: null),
        body.Day("signedOn"));

    /// <param name="today">No document is of a later day; null where the decision says so.</param>
    internal static Evidence EvidenceOf(BodyObject body, DateOnly? today)
    {
        var hash = body.OpaqueText("hash");
        if (hash.Length > 0 && !(hash.Length == 64 && hash.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'))))
        {
            body.Fault("hash", "invalidHash");
        }

        var date = body.Day("date");
        if (date > today)
        {
            body.Fault("date", "futureDay");
        }

        return new(body.Text("name"), hash, date);
    }

    /// <summary>Facts as attested, checked against those of a regulation.</summary>
    /// <param name="coverage">From when all cases of who attests are in the system; null for always.</param>
    /// <param name="regulator">Whether it is the regulator who attests.</param>
    /// <param name="told">The facts the system knows of who attests; of trainings they are attested where it knows none.</param>
    internal static List<AttestedFact> Facts(BodyObject body, Regulation regulation, DateOnly today, DateOnly? coverage, bool regulator, IReadOnlyDictionary<string, JsonElement>? told = null)
    {
        var facts = new List<AttestedFact>();
        foreach (var entry in body.Objects("facts", MostFacts, required: true))
        {
            var name = entry.Text("fact");
            var heldOn = entry.OptionalDay("heldOn") ?? today;
            var validUntil = entry.OptionalDay("validUntil");
            var evidence = entry.Objects("evidence", MostItems).Select(e => EvidenceOf(e, today)).ToList();
            if (entry.OptionalRaw("value") is not { } value)
            {
                if (!entry.Has("value"))
                {
                    entry.Fault("value", "missing");
                }

                continue;
            }

            if (heldOn > today)
            {
                entry.Fault("heldOn", "futureDay");
            }

            if (validUntil < heldOn)
            {
                entry.Fault("validUntil", "endsBeforeItBegins");
            }

            if (name.Length > 0 && Wrong(name, value, heldOn, regulation, coverage, regulator, told?.ContainsKey(name) == true, facts) is var (property, code, args))
            {
                entry.Fault(property, code, args);
            }
            else if (name.Length > 0)
            {
                facts.Add(new(name, value, heldOn, validUntil, evidence));
            }
        }

        return facts;
    }

    private static (string Property, string Code, object[] Args)? Wrong(
        string name, JsonElement value, DateOnly heldOn, Regulation regulation, DateOnly? coverage, bool regulator, bool told, List<AttestedFact> before)
    {
        if (regulation.Fact(name) is not { } fact)
        {
            return ("fact", "unknownFact", [regulation.Id]);
        }

        return fact.Known is { } known && !known.LeavesHistory(coverage, heldOn) && (!known.MayBeUntold || told) ? ("fact", "knownToSystem", [])
            : fact.Personal ? ("fact", "personalData", [])
            : fact.AttestedBy == Attester.Regulator && !regulator ? ("fact", "regulatorAttests", [])
            : before.Exists(f => f.Fact == name) ? ("fact", "duplicateItem", [])
            : !Fits(fact, value) ? ("value", "wrongType", [new Term(Json.Name(fact.Type))])
            : null;
    }

    /// <summary>Whether a value is of the fact's type.</summary>
    /// <param name="mostItems">Of a list.</param>
    internal static bool Fits(FactDefinition fact, JsonElement value, int mostItems = MostItems) => fact.Type != FactType.List
        ? Fits(fact.Type, fact.Choices, value)
        : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= mostItems && value.EnumerateArray().All(item =>
            item.ValueKind == JsonValueKind.Object
            && item.EnumerateObject().All(of => fact.Fields!.ContainsKey(of.Name))
            && fact.Fields!.All(field => item.TryGetProperty(field.Key, out var of) ? Fits(field.Value, null, of) : fact.MayLack?.Contains(field.Key) == true));

    private static bool Fits(FactType type, IReadOnlyList<string>? choices, JsonElement value) => type switch
    {
        FactType.Flag => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        FactType.Count => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0,
        FactType.Quantity => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var quantity) && quantity is >= 0 and <= LargestQuantity,
        FactType.Text => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= BodyObject.LongText } text && (choices is null || choices.Contains(text)),
        FactType.Day => value.ValueKind == JsonValueKind.String && BodyObject.TryDay(value.GetString()!, out _),
        FactType.Instant => value.ValueKind == JsonValueKind.String && BodyObject.TryInstant(value.GetString()!, out _) && value.TryGetDateTimeOffset(out _),
        _ => false,
    };
}
