using System.Globalization;
using System.Text.Json;
using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Compliance.Service.Qualifications;
using Npgsql;
using NpgsqlTypes;
using Timeliness = Compliance.Cases.Timeliness;

namespace Compliance.Service.Cases;

/// <summary>
/// Outcome notices: what another hospital, or the regulator, learnt of a patient. Filing answers 202 and a new id whatever there is, and nobody who filed can read it again: so it tells of no case. The
/// hospital where it was done answers within the working days of an outcome statement; the regulator decides what is disputed, or left unanswered.
/// </summary>
public static class NoticeEndpoints
{
    private static readonly CompanionKind PatientRow = new(
        "noticePatient",
        "insert into compliance.notice_patients (notice, hash, pseudonym) select * from unnest($1::uuid[], $2::text[], $3::text[])",
        NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Text);

    private enum Asked
    {
        Open,
        Overdue,
        Accepted,
        Disputed,
        Upheld,
        Dismissed,
    }

    /// <param name="Institution">Where the procedure was done.</param>
    /// <param name="What"><c>death</c>, or the code of a complication.</param>
    /// <param name="CaseNumber">That hospital's; either this or the pseudonym.</param>
    /// <param name="ProcedureOn">The day of the procedure, where it is known.</param>
    public sealed record NoticeEntry(
        string Institution, string Technique, string What, DateOnly OccurredOn, ApplicationEndpoints.EvidenceEntry Evidence, string? PatientPseudonym = null, string? CaseNumber = null, DateOnly? ProcedureOn = null);

    /// <param name="CaseId">The case in which the outcome stands; needed unless one alone matches, and one of those that match. Where none does, the regulator decides.</param>
    /// <param name="Relation">Of the outcome to the procedure, as the hospital declares it; with <c>accepted: true</c>.</param>
    public sealed record AnswerEntry(bool Accepted, string Reason, Relation? Relation = null, Guid? CaseId = null);

    /// <param name="CaseId">The case of that institution in which the outcome is to stand; without it the one that matches, if any.</param>
    /// <param name="Relation">Undetermined unless said, which counts until it is adjudicated.</param>
    public sealed record DecisionEntry(bool Uphold, string Reason, Relation? Relation = null, Guid? CaseId = null);

    public sealed record NoticeFiled(Guid NoticeId, long Position);

    public sealed record NoticeChanged(Guid NoticeId, NoticeState State, Guid? CaseId, long Position);

    public sealed record AnswerShown(bool Accepted, Guid? CaseId, string Reason, DateOnly AnsweredOn, string By);

    public sealed record DecisionShown(bool Upheld, Guid? CaseId, string Reason, DateOnly DecidedOn, string By);

    /// <param name="Institution">Where the procedure was done.</param>
    /// <param name="PatientPseudonym">Null where the case number was given, or the row was destroyed.</param>
    /// <param name="Filer">The institution that noticed it; null for a regulator.</param>
    /// <param name="AnswerDueOn">Last day of the answer.</param>
    /// <param name="Cases">Those that match; none where no such case was reported.</param>
    /// <param name="NumberedCase">The case of the number given, also where it is voided or of another technique now; null where there is none, or the patient is named.</param>
    public sealed record NoticeShown(
        Guid NoticeId,
        string Institution,
        string Technique,
        string? CaseNumber,
        string? PatientPseudonym,
        DateOnly? ProcedureOn,
        string What,
        DateOnly OccurredOn,
        Evidence Evidence,
        string? Filer,
        DateOnly FiledOn,
        DateOnly AnswerDueOn,
        bool ProvisionalAnswerDue,
        bool Overdue,
        NoticeState State,
        AnswerShown? Answer,
        DecisionShown? Decision,
        IReadOnlyList<Guid> Cases,
        Guid? NumberedCase);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/outcome-notices", File)
            .Allows(Role.Hospital, Role.Regulator, Role.National).Takes().TakesHeader(Idempotency.Header)
            .Describes<NoticeEntry, NoticeFiled>("Files an outcome of a case done elsewhere; the answer is the same whether or not there is such a case", 202, 400, 422, 503);
        api.MapGet("/outcome-notices", List)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes("institution", "technique", "state", "limit", "cursor", "minPosition")
            .Describes<Page<NoticeShown>>("Outcome notices of an institution's own cases, or of a province's, the oldest first", 200, 403, 503);
        api.MapGet("/outcome-notices/{id}", Get)
            .Allows(Role.Hospital, Role.Regulator, Role.National).Takes("minPosition")
            .Describes<NoticeShown>("One outcome notice; for the hospital where it was done and its regulator, not for who filed it", 200, 404, 503);
        api.MapPost("/outcome-notices/{id}/answer", Answer)
            .Allows(Role.Hospital).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<AnswerEntry, NoticeChanged>("Accepts a notice, which reports the outcome in its case, or disputes it, which leaves it to the regulator", 200, 404, 409, 412, 422, 503);
        api.MapPost("/outcome-notices/{id}/decide", Decide)
            .Allows(Role.Regulator, Role.National).Takes().TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<DecisionEntry, NoticeChanged>("Decides a notice that was disputed, or not answered in time; upheld, the outcome is reported in its case", 200, 404, 409, 412, 422, 503);
    }

    private static async Task<IResult> File(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var today = answers.Today;
        var body = await Body.Read(http);
        var root = body.Root;
        var reference = await reads.Reference(http.RequestAborted);
        var institution = root.Id("institution");
        var technique = root.Text("technique");
        var occurredOn = ReportBody.OutcomeDay(root, "occurredOn", completedOn: null, today);
        var regulation = reference.Regulations.Techniques.Contains(technique) ? reference.Regulations.ReportDefinitions(technique, occurredOn) : null;
        if (technique.Length > 0 && regulation is null)
            root.Fault("technique", "unknownTechnique");
        var what = root.Text("what");
        if (what.Length > 0 && what != OutcomeNotice.Death && regulation is not null && regulation.InPractice.Complication(what) is null)
            root.Fault("what", "unknownComplicationCode", regulation.Id);
        var procedureOn = root.OptionalDay("procedureOn");
        if (procedureOn > occurredOn.AddDays(1))
            root.Fault("occurredOn", "beforeProcedure", procedureOn.Value);
        var caseNumber = root.OptionalText("caseNumber");
        var pseudonym = root.OptionalOpaqueText("patientPseudonym");
        if (root.Has("caseNumber") == root.Has("patientPseudonym"))
            root.Fault("caseNumber", "oneOfTwo", "caseNumber", "patientPseudonym");
        var evidence = ApplicationEndpoints.EvidenceOf(root.Object("evidence"), today);
        if (caller.Role == Role.Hospital && institution == caller.Institution)
            root.Fault("institution", "ownInstitution");
        if (body.Refused(http) is { } refused)
            return refused;
        if (await CaseAccess.PlaceOf(reads, log, institution, http.RequestAborted) is null)
            return Problem.Invalid(http, new Fault("/institution", "unknownInstitution"));

        var id = Guid.CreateVersion7();
        var hash = pseudonym is null ? null : new Patient(pseudonym, null, null, null).Hash;
        return await answers.Command(
            http,
            caller,
            Aggregates.OutcomeNotices,
            OutcomeNotice.Stream(id),
            body,
            (state, day) =>
            {
                var due = reference.Calendar.Deadline(day, NoticeRows.WorkingDays(reference, technique, occurredOn));
                return OutcomeNotice.File(state, new(
                    id, institution, technique, caseNumber, hash, procedureOn, what, occurredOn, evidence, caller.Role == Role.Hospital ? caller.Institution : null,
                    new Timeliness(day, due.On, due.CalendarVersion, due.Provisional), caller.Actor()));
            },
            (_, _) => (StatusCodes.Status202Accepted, new { noticeId = id }),
            _ => pseudonym is null ? [] : [new(PatientRow, id, hash, pseudonym)]);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var institution = query.OptionalId("institution");
        var technique = query.OptionalText("technique");
        var state = query.OptionalChoice<Asked>("state");
        var limit = query.Limit();
        var cursor = query.Cursor(2);
        var after = default((DateOnly Day, Guid Notice));
        if (cursor is not null && !(DateOnly.TryParseExact(cursor[0], "O", out after.Day) && Guid.TryParseExact(cursor[1], "D", out after.Notice)))
            query.Fault("cursor", "invalidCursor");
        var position = query.Position();
        var reference = await reads.Reference(http.RequestAborted);
        if (technique is not null && !reference.Regulations.Techniques.Contains(technique))
            query.Fault("technique", "unknownTechnique");
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (caller.Role == Role.Hospital && (institution ?? caller.Institution) != caller.Institution)
            return Problem.Forbidden(http);
        if (caller.Role == Role.Hospital)
            institution = caller.Institution;

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand { Connection = connection };
        var where = new List<string> { "true" };
        void Where(string condition, object value, NpgsqlDbType type)
        {
            command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });
            where.Add(string.Format(CultureInfo.InvariantCulture, condition, command.Parameters.Count));
        }

        if (institution is not null)
            Where("n.institution = ${0}", institution, NpgsqlDbType.Text);
        if (caller.Role == Role.Regulator)
            Where("i.province = ${0}", caller.Province!, NpgsqlDbType.Text);
        if (technique is not null)
            Where("n.technique = ${0}", technique, NpgsqlDbType.Text);
        if (state is { } s)
            Where("n.state = ${0}", Json.Name(s == Asked.Overdue ? Asked.Open : s), NpgsqlDbType.Text);
        if (state == Asked.Overdue)
            Where("n.answer_due < ${0}", reads.Today, NpgsqlDbType.Date);
        if (cursor is not null)
        {
            Where("n.filed_on >= ${0}", after.Day, NpgsqlDbType.Date);
            Where($"(n.filed_on, n.notice) > (${command.Parameters.Count}, ${{0}})", after.Notice, NpgsqlDbType.Uuid);
        }

        command.CommandText = $"""
            select n.doc from outcome_notices n left join institutions i on i.id = n.institution
            where {string.Join(" and ", where)}
            order by n.filed_on, n.notice
            limit {limit + 1}
            """;
        var states = new List<OutcomeNotice.State>();
        await using (var reader = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await reader.ReadAsync(http.RequestAborted))
                states.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.OutcomeNoticeState)!);
        }

        var page = Paged.Cut(states, limit, n => [n.Filed!.Answer.ReceivedOn.ToString("O", CultureInfo.InvariantCulture), n.Filed.Notice.ToString("D")]);
        return Results.Json(Page.Of(await Show(connection, caller, page.Items, reference, reads.Today, http.RequestAborted), page.NextCursor), Json.Options);
    }

    private static async Task<IResult> Get(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;
        if (await Find(http, caller, reads, log, id) is not { } found)
            return Problem.Hidden(http);
        var reference = await reads.Reference(http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        ETags.Set(http, found.Version);
        return Results.Json((await Show(connection, caller, [found.State], reference, reads.Today, http.RequestAborted))[0], Json.Options);
    }

    private static async Task<IReadOnlyList<NoticeShown>> Show(
        NpgsqlConnection connection, Caller caller, IReadOnlyList<OutcomeNotice.State> states, Reference reference, DateOnly today, CancellationToken cancellation)
    {
        var matches = await NoticesOf.Notices(connection, [.. states.Select(s => s.Filed!.Notice)], cancellation);
        var shown = states.Select(s =>
        {
            var (filed, due) = (s.Filed!, NoticeRows.DueOf(s, reference));
            var (pseudonym, numbered, cases) = matches.GetValueOrDefault(filed.Notice, NoticesOf.Matches.None);
            return new NoticeShown(
                filed.Notice,
                filed.Institution,
                filed.Technique,
                filed.CaseNumber,
                pseudonym,
                filed.ProcedureOn,
                filed.What,
                filed.OccurredOn,
                filed.Evidence,
                filed.Filer,
                filed.Answer.ReceivedOn,
                due.Deadline!.Value,
                due.Provisional,
                s.Stands == NoticeState.Open && due.Deadline < today,
                s.Stands,
                s.Answer is { } a ? new(a.Accepted, a.CaseId, a.Reason, a.AnsweredOn, a.By.Name) : null,
                s.Decision is { } d ? new(d.Upheld, d.CaseId, d.Reason, d.DecidedOn, d.By.Name) : null,
                cases,
                numbered);
        }).ToList();
        // A notice names a patient too, whether or not there is a case: it is noted under its own id.
        await Patients.NoteReads(connection, caller, shown.SelectMany(n => n.Cases.Append(n.NoticeId).Concat(n.NumberedCase is { } numbered ? [numbered] : [])).Distinct(), cancellation);
        return shown;
    }

    private static async Task<IResult> Answer(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        if (query.Refused(http) is { } malformed)
            return malformed;
        if (await Find(http, caller, reads, log, id) is not { } found)
            return Problem.Hidden(http);
        var body = await Body.Read(http);
        var accepted = body.Root.Flag("accepted");
        var reason = ChangeCase.Reason(body.Root);
        var relation = accepted ? body.Root.Choice<Relation>("relation") : body.Root.OptionalChoice<Relation>("relation");
        var caseId = body.Root.OptionalUuid("caseId");
        if (body.Refused(http) is { } refused)
            return refused;
        Guid? stands = null;
        if (accepted && found.State.Answer is null)
        {
            if (Moved(http, found) is { } moved)
                return moved;
            var (reported, problem) = await Report(http, caller, commands, reads, log, found.State, caseId, relation ?? Relation.Undetermined, needed: true);
            if (problem is not null)
                return problem;
            stands = reported;
        }

        return await answers.Command(
            http,
            caller,
            Aggregates.OutcomeNotices,
            OutcomeNotice.Stream(id),
            body,
            (state, today) => OutcomeNotice.Respond(state, accepted, stands, reason, today, caller.Actor()),
            Changed);
    }

    private static async Task<IResult> Decide(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        if (query.Refused(http) is { } malformed)
            return malformed;
        if (await Find(http, caller, reads, log, id) is not { } found)
            return Problem.Hidden(http);
        var body = await Body.Read(http);
        var uphold = body.Root.Flag("uphold");
        var reason = ChangeCase.Reason(body.Root);
        var relation = body.Root.OptionalChoice<Relation>("relation");
        var caseId = body.Root.OptionalUuid("caseId");
        if (body.Refused(http) is { } refused)
            return refused;
        var reference = await reads.Reference(http.RequestAborted);
        Decision<OutcomeNotice.Event> Decision(OutcomeNotice.State state, Guid? stands, DateOnly today) =>
            OutcomeNotice.Decide(state, uphold, stands, reason, NoticeRows.DueOf(state, reference).Deadline, today, caller.Actor());

        Guid? into = null;
        // Nothing is written into a case for a decision that will be refused, or was taken before; one upheld without a case is, if there is a case now.
        if (uphold && Decision(found.State, caseId ?? Guid.Empty, answers.Today).Events.Count > 0)
        {
            if (Moved(http, found) is { } moved)
                return moved;
            var (reported, problem) = await Report(http, caller, commands, reads, log, found.State, caseId, relation ?? Relation.Undetermined, needed: false);
            if (problem is not null)
                return problem;
            into = reported;
        }

        return await answers.Command(http, caller, Aggregates.OutcomeNotices, OutcomeNotice.Stream(id), body, (state, today) => Decision(state, into, today), Changed);
    }

    private static (int Status, object Body) Changed(OutcomeNotice.State state, IReadOnlyList<OutcomeNotice.Event> events) =>
        (StatusCodes.Status200OK, new { noticeId = state.Filed!.Notice, state = state.Stands, caseId = state.Decision?.CaseId ?? state.Answer?.CaseId });

    private sealed record Found(OutcomeNotice.State State, long Version);

    /// <summary>Asked before anything is written into a case: the caller decided on another version of the notice.</summary>
    private static IResult? Moved(HttpContext http, Found found)
    {
        var (expected, malformed) = ETags.IfMatch(http);
        return malformed ?? (expected is null || expected.Admits(found.Version) ? null : ETags.Moved(http, found.Version));
    }

    /// <summary>A notice, for the hospital where it was done and for its regulator; null for everybody else, who filed it among them.</summary>
    private static async Task<Found?> Find(HttpContext http, Caller caller, Reads reads, IEventStore log, Guid id)
    {
        var events = await log.ReadStream(OutcomeNotice.Stream(id), cancellation: http.RequestAborted);
        if (events.Count == 0)
            return null;
        var state = OutcomeNotice.Fold(events.Select(e => (OutcomeNotice.Event)e.Data));
        var place = await CaseAccess.PlaceOf(reads, log, state.Filed!.Institution, http.RequestAborted);
        return caller.MayReadInstitution(state.Filed.Institution, place?.Province) ? new(state, events[^1].Version) : null;
    }

    /// <summary>
    /// Reports what was noticed in the case it is about. The log appends to one stream at a time: the case comes first, so that no notice is ever answered without its outcome; whoever is cut off between
    /// the two answers again, and finds the outcome there. A hospital puts it into a case that matches and no other: a death would vanish in a case that has one, or in one that counts nowhere any more. The
    /// regulator may name any case of the institution, of another technique or day too, where what the notice says of it is wrong, or the case is; but none whose patient died on another day.
    /// </summary>
    /// <param name="needed">True for the hospital: there must be a case that matches.</param>
    private static async Task<(Guid? CaseId, IResult? Problem)> Report(
        HttpContext http, Caller caller, Commands commands, Reads reads, IEventStore log, OutcomeNotice.State notice, Guid? named, Relation relation, bool needed)
    {
        var filed = notice.Filed!;
        await using var connection = await reads.Open(http.RequestAborted);
        if (named is null)
        {
            var matches = (await NoticesOf.Notices(connection, [filed.Notice], http.RequestAborted)).GetValueOrDefault(filed.Notice, NoticesOf.Matches.None).Cases;
            if (matches.Count == 0 && !needed)
                return (null, null);
            if (matches.Count != 1)
                return (null, Problem.Invalid(http, new Fault("/caseId", "caseNeeded", matches.Count)));
            named = matches[0];
        }

        var found = await CaseAccess.ForWriting(http, caller, reads, log, named.Value.ToString("D"));
        if (found is null || found.State.Key!.Institution != filed.Institution)
            return (null, Problem.Invalid(http, new Fault("/caseId", "notThatCase")));
        // As the log has it now: what was reported a moment ago is not in the rows yet.
        var matched = (await NoticesOf.Of(connection, found, http.RequestAborted)).Any(m => m.Notice.Filed!.Notice == filed.Notice);
        var regulation = ReportingDeadline.RegulationOf(await reads.Reference(http.RequestAborted), found.State);
        if ((needed && !matched) || (filed.What != OutcomeNotice.Death && regulation.InPractice.Complication(filed.What) is null))
            return (null, Problem.Invalid(http, new Fault("/caseId", "notThatCase")));
        var outcome = await commands.Execute(
            Aggregates.Cases,
            Case.Stream(found.CaseId),
            (state, today) => state.Voided ? Refusal.Conflict("caseVoided")
                : filed.OccurredOn < state.Key!.CompletedOn.AddDays(-1) ? Refusal.Invalid("beforeProcedure", "/caseId", state.Key.CompletedOn)
                : filed.What == OutcomeNotice.Death
                    ? state.Death is null ? Case.ReportDeath(state, new(filed.OccurredOn, relation), today, caller.Actor())
                        : matched || state.Death.OccurredOn == filed.OccurredOn ? Decision<Case.Event>.Nothing
                        : Refusal.Conflict("deathAlreadyReported")
                    : state.StandingComplications.Any(c => c.Code == filed.What && c.OccurredOn == filed.OccurredOn)
                        ? Decision<Case.Event>.Nothing
                        : Case.ReportComplication(state, new(filed.What, regulation.InPractice.IsSevere(filed.What, declared: null), filed.OccurredOn, relation), today, caller.Actor()),
            http.RequestAborted);
        return outcome switch
        {
            Outcome<Case.State, Case.Event>.Done => (found.CaseId, null),
            Outcome<Case.State, Case.Event>.Refused { Refusal: var refusal } => (null, Answers.Refused(http, refusal)),
            _ => (null, Answers.Unavailable(http)),
        };
    }
}
