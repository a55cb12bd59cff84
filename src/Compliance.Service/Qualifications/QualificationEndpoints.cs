using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Compliance.Service.Qualifications;

/// <summary>One qualification: where it stands, how it came there, and what the holder and named regulators do about it.</summary>
public static class QualificationEndpoints
{
    private const string Path = "/qualifications/{kind}/{subject}/{technique}";

    private static readonly IReadOnlyList<Role> Regulators = [Role.Regulator, Role.National];
    private static readonly IReadOnlyList<Role> Holders = [Role.Hospital, Role.Physician];

    public sealed record QualificationAnswer(
        SubjectShown Subject,
        string Technique,
        ComplianceEndpoints.ValidityShown Validity,
        Standing? Standing,
        DateOnly? EffectiveOn,
        SuspensionShown? Suspension,
        IReadOnlyList<GrantShown> Grants,
        IReadOnlyList<ProposalShown>? Proposals,
        IReadOnlyList<AssessmentShown>? Assessments,
        IReadOnlyList<ObjectionShown>? Objections,
        long Position);

    /// <param name="Type">The wire name, as the log has it.</param>
    public sealed record HistoryItem(string Type, long Version, long Position, DateTimeOffset RecordedAt, Actor By, JsonObject Data);

    public sealed record NoticesAnswer(IReadOnlyList<NoticeShown> Items, long Position);

    public sealed record HistoryAnswer(IReadOnlyList<HistoryItem> Items, string? NextCursor, long Position);

    /// <param name="EffectiveOn">Tomorrow at the earliest, and by default.</param>
    /// <param name="Opinion">The province's, where an application is open; without one it was applied for elsewhere.</param>
    public sealed record GrantRequest(string Reference, DateOnly? EffectiveOn, ApplicationEndpoints.OpinionEntry? Opinion);

    public sealed record SuspendRequest(string Reason);

    public sealed record LiftRequest(string Reason);

    public sealed record AnnulRequest(string Reason);

    /// <param name="Uphold">True, from the regulator who decides; absent from the holder who objects.</param>
    public sealed record ReviewRequest(string Reason, bool? Uphold);

    public sealed record RectificationPlanRequest(string Plan);

    public sealed record RectificationEvidenceRequest(string Remark, IReadOnlyList<ApplicationEndpoints.EvidenceEntry> Evidence);

    public sealed record HearingRequest(string Statement);

    /// <param name="HeldOn">From the day it was asked for to today.</param>
    /// <param name="Record">What was said, in short.</param>
    public sealed record HearingRecordRequest(DateOnly HeldOn, string Record);

    /// <param name="Notice">The version of the decision in the history, as its notice names it.</param>
    public sealed record ObjectionRequest(long Notice, string Reason);

    public sealed record ObjectionAnswerRequest(Guid ObjectionId, bool Accepted, string Answer);

    public sealed record ReassessmentRequest(bool Passed, string Remark);

    public sealed record RevokeRequest(string Reason);

    public sealed record RelinquishRequest(string Reason);

    /// <summary>What an act is decided on. <paramref name="State"/> is the one written upon.</summary>
    /// <param name="Application">What an application is judged by; only for a grant.</param>
    /// <param name="Notices">Of the decisions so far; only for an objection.</param>
    private sealed record Situation(
        QualificationId Id, Qualification.State State, DateOnly Today, Holder Holder, Caller Caller, Reference Reference, ApplicationEndpoints.Asked? Application, IReadOnlyList<Notice> Notices)
    {
        public Actor By => Caller.Actor();

        public ProceedingRules Proceedings => (Reference.Regulations.InForce(Id.Technique, Today) ?? Reference.Regulations.ForDefinitions(Id.Technique, Today)!).InPractice.Proceedings;

        public bool InProvince => Caller.ActsIn(Holder.Province);

        public bool EndsSuspension => Caller.EndsSuspension(State, Holder);

        public bool DecidesRevocation => Caller.DecidesRevocation(State, Holder);
    }

    /// <summary>The decision; null when it is not this caller's to take.</summary>
    private delegate Decision<Qualification.Event>? Act(Situation now);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet(Path, Show).AllowsEveryRole().Takes("minPosition")
            .Describes<QualificationAnswer>("Where a qualification stands; grounds and proposals only to whom it concerns", 200, 400, 404, 503);
        api.MapGet(Path + "/history", ShowHistory).Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).ScopedTo(HolderAlone).Takes("limit", "cursor", "minPosition")
            .Describes<HistoryAnswer>("Every event of a qualification, with when and by whom", 200, 400, 404, 503);

        api.MapGet(Path + "/notices", ListNotices).Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).ScopedTo(HolderAlone).Takes("minPosition")
            .Describes<NoticesAnswer>("The notices of every sanction, lifting and assessment, in both languages", 200, 400, 404, 503);
        api.MapGet(Path + "/notices/{version}", (HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock) => ShowNotice(http, caller, reads, log, clock, print: false))
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).ScopedTo(HolderAlone).Takes("minPosition")
            .Describes<NoticeShown>("One notice", 200, 400, 404, 503);
        api.MapGet(Path + "/notices/{version}/print", (HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock) => ShowNotice(http, caller, reads, log, clock, print: true))
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).ScopedTo(HolderAlone).Takes("minPosition")
            .DescribesAs("text/html", "One notice as a page that prints on A4, in the language asked for", 200, 400, 404, 503);

        Post<GrantRequest>(api, "grant", "Grants the qualification, also anew after it ended", Regulators, (body, _) =>
        {
            var reference = body.Text("reference");
            var effectiveOn = body.OptionalDay("effectiveOn");
            var opinion = body.OptionalObject("opinion") is { } of ? ApplicationEndpoints.OpinionOf(of) : null;
            return now => now.InProvince ? Grant(now, effectiveOn, reference, opinion) : null;
        });
        Post<SuspendRequest>(api, "suspend", "Suspends, by a named regulator, in any mode of enforcement", Regulators, (body, _) =>
        {
            var reason = Reason(body);
            return now => now.InProvince ? Qualification.Suspend(now.State, now.Holder.Province, reason, now.Proceedings.RectificationMonths, now.Today, now.By) : null;
        });
        Post<LiftRequest>(api, "lift", "Lifts the suspension: good standing, and observation starts anew", Regulators, (body, _) =>
        {
            var reason = Reason(body);
            return now => now.EndsSuspension ? Qualification.Lift(now.State, reason, now.Today, now.By) : null;
        });
        Post<AnnulRequest>(api, "annul", "Annuls the suspension: it should never have been", Regulators, (body, _) =>
        {
            var reason = Reason(body);
            return now => now.EndsSuspension ? Qualification.Annul(now.State, reason, now.Today, now.By) : null;
        });
        Post<ReviewRequest>(api, "review", "Objects to the suspension, by its holder; or upholds it after review, by the regulator", [.. Holders, .. Regulators], (body, caller) =>
        {
            var reason = Reason(body);
            if (Holders.Contains(caller.Role))
            {
                return now => Qualification.RequestReview(now.State, reason, now.Reference.Calendar.AddWorkingDays(now.Today, now.Proceedings.ReviewWorkingDays), now.By);
            }

            // To give way is to lift or to annul, which differ.
            if (!body.Flag("uphold") && body.Has("uphold"))
            {
                body.Fault("uphold", "unknownValue", "true");
            }

            return now => now.EndsSuspension ? Qualification.Uphold(now.State, reason, now.By) : null;
        });
        Post<RectificationPlanRequest>(api, "rectification-plan", "Files the plan of rectification, by the holder", Holders, (body, _) =>
        {
            var plan = body.Text("plan", BodyObject.LongText, lines: true);
            return now => Qualification.FileRectificationPlan(now.State, plan, now.Today, now.By);
        });
        Post<ReassessmentRequest>(api, "reassessment", "Reassesses after rectification: passed reinstates, failed proposes revocation", Regulators, (body, _) =>
        {
            var passed = body.Flag("passed");
            var remark = body.Text("remark", BodyObject.LongText, lines: true);
            return now => now.EndsSuspension
                ? Qualification.Reassess(now.State, passed, remark, now.Reference.Calendar.AddWorkingDays(now.Today, now.Proceedings.HearingWorkingDays), now.Today, now.By)
                : null;
        });
        Post<RectificationEvidenceRequest>(api, "rectification-evidence", "Files evidence of rectification, by the holder", Holders, (body, _) =>
        {
            var remark = body.Text("remark", BodyObject.LongText, lines: true);
            var evidence = body.SomeObjects("evidence").Select(e => ApplicationEndpoints.EvidenceOf(e, today: null)).ToList();
            return now => evidence.FindIndex(e => e.Date > now.Today) is var future and >= 0
                ? Refusal.Invalid("futureDay", $"/evidence/{future}/date")
                : Qualification.FileRectificationEvidence(now.State, remark, evidence, now.Today, now.By);
        });
        Post<HearingRequest>(api, "hearing", "Asks to be heard about the revocation that is proposed, by the holder", Holders, (body, _) =>
        {
            var statement = body.Text("statement", BodyObject.LongText, lines: true);
            return now => Hearing.Request(now.State, statement, now.Today, now.By);
        });
        Post<HearingRecordRequest>(api, "hearing-record", "Records that the hearing was held, by the regulator", Regulators, (body, _) =>
        {
            var (heldOn, record) = (body.Day("heldOn"), body.Text("record", BodyObject.LongText, lines: true));
            return now => now.DecidesRevocation ? Hearing.Hold(now.State, heldOn, record, now.Today, now.By) : null;
        });
        Post<ObjectionRequest>(api, "objections", "Objects to a decision, by the holder", Holders, (body, _) =>
        {
            var notice = body.Integer("notice", 1, int.MaxValue);
            var reason = Reason(body);
            return now => now.Notices.FirstOrDefault(n => n.Version == notice) is not { } of ? Refusal.Invalid("noSuchNotice", "/notice")
                : of.IsReviewed(now.State) ? Refusal.Conflict("askForReview")
                : Objection.File(now.State, notice, reason, now.Today, now.Reference.Calendar.AddWorkingDays(now.Today, now.Proceedings.ReviewWorkingDays), now.By);
        });
        Post<ObjectionAnswerRequest>(api, "objection-answers", "Answers an objection, by the regulator", Regulators, (body, _) =>
        {
            var (objection, accepted, answer) = (body.Uuid("objectionId"), body.Flag("accepted"), body.Text("answer", BodyObject.LongText, lines: true));
            return now => now.InProvince || now.EndsSuspension ? Objection.Answer(now.State, objection, accepted, answer, now.Today, now.By) : null;
        });
        Post<RevokeRequest>(api, "revoke", "Confirms the revocation that was proposed", Regulators, (body, _) =>
        {
            var reason = Reason(body);
            return now => now.DecidesRevocation ? Qualification.Revoke(now.State, reason, now.Today, now.By) : null;
        });
        Post<RelinquishRequest>(api, "relinquish", "Gives the technique up: monitoring ends, a pending proceeding does not", [.. Holders, .. Regulators], (body, caller) =>
        {
            var reason = Reason(body);
            return now => Holders.Contains(caller.Role) || now.InProvince ? Qualification.Relinquish(now.State, reason, now.Today, now.By) : null;
        });
    }

    private static string Reason(BodyObject body) => body.Text("reason", BodyObject.LongText, lines: true);

    private static Decision<Qualification.Event> Grant(Situation now, DateOnly? effectiveOn, string reference, Opinion? opinion)
    {
        var tomorrow = now.Today.AddDays(1);
        // The same request sent again after midnight means the grant it made, not one for the day after.
        var day = effectiveOn ?? now.State.Grants.LastOrDefault(g => g.Reference == reference && g.RelinquishedOn is null && g.RevokedOn is null)?.EffectiveOn ?? tomorrow;
        var applied = now.State.Application is { Status: ApplicationStatus.Open or ApplicationStatus.Returned } || (opinion is not null && now.State.Application is { Status: ApplicationStatus.Granted });
        if (applied == opinion is null)
        {
            return applied ? Refusal.Invalid("opinionNeeded", "/opinion") : Refusal.Invalid("noSuchApplication", "/opinion");
        }

        if (opinion is { Step: not OpinionStep.Province } or { Decision: not OpinionDecision.Agree })
        {
            return Refusal.Invalid("grantAgrees", "/opinion");
        }

        var decision = opinion is null
            ? Qualification.GrantIt(now.State, now.Id, day, reference, imported: false, now.By)
            : Application.Grant(now.State, now.Application!.Regulation, opinion, now.Application.Known, day, reference, now.Today, now.By);
        return decision.Events.Count > 0 && day < tomorrow ? Refusal.Invalid("effectiveTooEarly", "/effectiveOn", tomorrow) : decision;
    }

    private static void Post<TRequest>(RouteGroupBuilder api, string act, string summary, IReadOnlyList<Role> roles, Func<BodyObject, Caller, Act> read)
        where TRequest : notnull =>
        api.MapPost($"{Path}/{act}", (HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Decide(http, caller, answers, reads, log, act, read))
            .Allows(roles).ScopedTo(HolderAlone).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TRequest, QualificationAnswer>(summary, 200, 404, 409, 412, 422, 503);

    // Whom the path names; of regulators only the state and the registry tell whose it is.
    private static ValueTask<Scope> HolderAlone(HttpContext http, Caller caller)
    {
        var subject = new Subject(
            http.Request.RouteValues["kind"] as string == "institution" ? SubjectKind.Institution : SubjectKind.Physician, http.Request.RouteValues["subject"] as string ?? "");
        return ValueTask.FromResult(!Holders.Contains(caller.Role) || caller.IsHolder(subject) ? Scope.Within : Scope.Outside);
    }

    /// <summary>Whom <c>kind</c> and <c>subject</c> of the path name.</summary>
    internal static Subject SubjectIn(Query query)
    {
        var kind = SubjectKind.Institution;
        if (query.PathId("kind") is { Length: > 0 } name && !Json.Names<SubjectKind>().TryGetValue(name, out kind))
        {
            query.PathFault("kind", "unknownValue", string.Join(", ", Json.Names<SubjectKind>().Keys));
        }

        return new(kind, query.PathId("subject"));
    }

    internal static QualificationId IdIn(Query query, Reference reference)
    {
        var subject = SubjectIn(query);
        var technique = query.PathId("technique");
        if (technique.Length > 0 && !reference.Regulations.Qualifying.Contains(technique))
        {
            query.PathFault("technique", "unknownTechnique");
        }

        return new(subject, technique);
    }

    private static async Task<IResult> Decide(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string name, Func<BodyObject, Caller, Act> read)
    {
        var query = Query.Of(http);
        var reference = await reads.Reference(http.RequestAborted);
        var id = IdIn(query, reference);
        var body = await Body.Read(http);
        var act = read(body.Root, caller);
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        if (await Qualifications.Holders.Find(log, id.Subject, answers.Today, http.RequestAborted) is not { } holder)
        {
            return Problem.Hidden(http);
        }

        if (name is not ("grant" or "relinquish") && !reference.Regulations.Techniques.Contains(id.Technique))
        {
            return Problem.Refused(http, "notMonitored");
        }

        ApplicationEndpoints.Asked? asked = null;
        if (name == "grant" && body.Root.Has("opinion"))
        {
            (asked, _, var late) = await ApplicationEndpoints.Ask(http, caller, reads, log, reference, id, answers.Today);
            if (asked is null)
            {
                return late!;
            }
        }

        // Decisions stay in the stream for good: one added meanwhile is objected to next time.
        IReadOnlyList<Notice> notices = name == "objections"
            ? [.. (await log.ReadStream(Qualification.Stream(id), cancellation: http.RequestAborted)).Select(Notice.Of).OfType<Notice>()]
            : [];
        // Asked inside the decision, so that it is the state written upon that allows it.
        var allowed = true;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Qualifications,
            Qualification.Stream(id),
            body,
            (state, today) =>
            {
                var decision = act(new(id, state, today, holder, caller, reference, asked, notices));
                allowed = decision is not null;
                return decision ?? Refusal.Conflict("forbidden");
            },
            (state, events) => (events.Any(e => e is Qualification.Event.Granted) ? 201 : 200, QualificationShown.Of(state, answers.Today, reference.Regulations, inner: true)),
            reference: true);
        return allowed ? result : Problem.Forbidden(http);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var reference = await reads.Reference(http.RequestAborted);
        var id = IdIn(query, reference);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var position = await reads.Position(http.RequestAborted);
        // From the log, not from the rows: an ETag that is behind would make every If-Match fail.
        var events = await log.ReadStream(Qualification.Stream(id), cancellation: http.RequestAborted);
        if (events.Count == 0)
        {
            return Problem.Refused(http, "noSuchQualification");
        }

        var state = Fold(events);
        var inner = caller.MayReadInner(state, id.Subject, (await Qualifications.Holders.Find(log, id.Subject, clock.Today, http.RequestAborted))?.Province);
        if (state.Grants.Count == 0 && !inner)
        {
            // That somebody has applied is nobody else's business.
            return Problem.Refused(http, "noSuchQualification");
        }

        var shown = QualificationShown.Of(state, clock.Today, reference.Regulations, inner);
        ETags.Set(http, events[^1].Version);
        return Results.Json(
            new QualificationAnswer(
                shown.Subject, shown.Technique, shown.Validity, shown.Standing, shown.EffectiveOn, shown.Suspension, shown.Grants, shown.Proposals, shown.Assessments, shown.Objections, Math.Max(position, events[^1].Position)),
            Json.Options);
    }

    /// <param name="Position">Up to which the log was read.</param>
    /// <param name="Refused">The answer, where the caller may not read it or there is nothing to read.</param>
    private sealed record Read(QualificationId Id, IReadOnlyList<RecordedEvent> Events, Qualification.State State, Holder? Holder, long Position, IResult? Refused);

    /// <summary>The events of a qualification, for whoever may read why they came about.</summary>
    private static async Task<Read> Inner(
        HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock, Query query)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var id = IdIn(query, reference);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Judged(http, minPosition)) is { } refused)
        {
            return new(id, [], Qualification.State.Initial, null, 0, refused);
        }

        var position = await reads.Position(http.RequestAborted);
        var events = await log.ReadStream(Qualification.Stream(id), cancellation: http.RequestAborted);
        var holder = await Qualifications.Holders.Find(log, id.Subject, clock.Today, http.RequestAborted);
        var state = Fold(events);
        return new(
            id,
            events,
            state,
            holder,
            events is [.., var last] ? Math.Max(position, last.Position) : position,
            holder is not null && !caller.MayReadInner(state, id.Subject, holder.Province) ? Problem.Forbidden(http)
                : events.Count == 0 ? Problem.Refused(http, "noSuchQualification")
                : null);
    }

    private static async Task<IResult> ListNotices(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var (id, events, state, holder, position, refused) = await Inner(http, caller, reads, log, clock, Query.Of(http));
        if (refused is not null)
        {
            return refused;
        }

        var regulations = (await reads.Reference(http.RequestAborted)).Regulations;
        return Results.Json(new NoticesAnswer([.. events.Select(Notice.Of).OfType<Notice>().Select(n => NoticeShown.Of(n, holder?.Name ?? id.Subject.Id, state, regulations))], position), Json.Options);
    }

    private static async Task<IResult> ShowNotice(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock, bool print)
    {
        var query = Query.Of(http);
        var version = query.PathInteger("version", 1, int.MaxValue);
        var (id, events, state, holder, _, refused) = await Inner(http, caller, reads, log, clock, query);
        if (refused is not null)
        {
            return refused;
        }

        if (events.FirstOrDefault(e => e.Version == version) is not { } recorded || Notice.Of(recorded) is not { } notice)
        {
            return Problem.Refused(http, "noSuchNotice");
        }

        var shown = NoticeShown.Of(notice, holder?.Name ?? id.Subject.Id, state, (await reads.Reference(http.RequestAborted)).Regulations);
        return print ? new RazorComponentResult<NoticePage>(new { Notice = shown, Chinese = Messages.Preferred(http) == Language.Chinese }) : Results.Json(shown, Json.Options);
    }

    private static async Task<IResult> ShowHistory(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        long after = 0;
        if (query.Cursor(keys: 1) is [var key] && !(long.TryParse(key, out after) && after > 0))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var (_, events, _, _, position, refused) = await Inner(http, caller, reads, log, clock, query);
        if (refused is not null)
        {
            return refused;
        }

        ETags.Set(http, events[^1].Version);
        var page = Paged.Cut([.. events.Where(e => e.Version > after).Take(limit + 1).Select(Item)], limit, item => [$"{item.Version}"]);
        return Results.Json(new HistoryAnswer(page.Items, page.NextCursor, position), Json.Options);
    }

    private static Qualification.State Fold(IEnumerable<RecordedEvent> events) => Qualification.Fold(events.Select(e => (Qualification.Event)e.Data));

    private static HistoryItem Item(RecordedEvent recorded)
    {
        var e = (Qualification.Event)recorded.Data;
        var data = JsonSerializer.SerializeToNode(e, e.GetType(), Json.Options)!.AsObject();
        // Said by the path and beside it.
        data.Remove("qualification");
        data.Remove("by");
        return new(EventTable.Types.For(e.GetType()).WireName, recorded.Version, recorded.Position, recorded.RecordedAt, e.By, data);
    }
}
