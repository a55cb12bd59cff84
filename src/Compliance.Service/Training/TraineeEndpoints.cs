using System.Text.Json;
using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Compliance.Service.Qualifications;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Training;

/// <summary>Trainees (培训学员): enrolled, logged, tested, evaluated and certified by their base; NV-TR-*, CI-TR-*, NV-TRB-*, CI-TRB-*.</summary>
public static class TraineeEndpoints
{
    /// <summary>Cases logged by one request: as many as a trainee does in a year.</summary>
    public const int MostCases = 500;

    /// <summary>How long an enrolment waits for another of the technique.</summary>
    private const int LockSeconds = 2;

    private const string Path = "/trainees/{trainee}";

    private static readonly IReadOnlyList<Role> Bases = [Role.Hospital, Role.TrainingBase];

    private static readonly IReadOnlyList<Role> Readers = [.. Bases, Role.Physician, Role.Regulator, Role.National];

    /// <param name="Kind">Of the base, as in `national`.</param>
    /// <param name="Level">The highest level of procedures to be certified for; only where the regulation grades.</param>
    /// <param name="From">First day; a stay may be entered after it began.</param>
    /// <param name="PlannedUntil">Last day.</param>
    /// <param name="Plan">The training plan.</param>
    /// <param name="Material">Edition of the outline and the books used.</param>
    public sealed record EnrolmentEntry(
        string Kind, string Technique, string Institution, string Physician, int? Level, DateOnly From, DateOnly PlannedUntil, ApplicationEndpoints.EvidenceEntry Plan, string Material);

    /// <param name="Until">New last day.</param>
    public sealed record ExtensionEntry(DateOnly Until, string Reason);

    /// <param name="From">First day absent.</param>
    /// <param name="To">Last day absent.</param>
    public sealed record InterruptionEntry(DateOnly From, DateOnly To, string Reason);

    /// <param name="CaseNumber">The hospital's own, as the case is, or will be, reported under.</param>
    /// <param name="On">Day of completion.</param>
    /// <param name="ProcedureCodes">Of the catalogue; required where it is graded.</param>
    /// <param name="Supervisor">The physician in charge: of the base on that day, and qualified where the procedure needs it.</param>
    public sealed record LoggedEntry(string CaseNumber, DateOnly On, TrainingRole Role, Intent Intent, IReadOnlyList<string>? ProcedureCodes, string Supervisor);

    public sealed record LogEntry(IReadOnlyList<LoggedEntry> Cases);

    public sealed record CareEntry(DateOnly On, IReadOnlyList<CarePart> Parts, string Supervisor);

    /// <param name="Score">Out of 100.</param>
    public sealed record TestEntry(TestKind Kind, DateOnly On, bool Passed, int? Score = null);

    public sealed record EntryWithdrawal(string Reason);

    public sealed record EvaluationEntry(DateOnly On, bool Passed, string Remark);

    /// <param name="Number">Of the certificate.</param>
    public sealed record CertificateEntry(string Number);

    public sealed record CertificateWithdrawal(string Reason);

    /// <param name="LastDay">Today unless given.</param>
    public sealed record EndEntry(string Reason, DateOnly? LastDay = null);

    /// <param name="Entries">The numbers given to what was entered.</param>
    public sealed record TraineeWritten(Guid Trainee, TraineeStatus State, IReadOnlyList<int> Entries, long Position);

    /// <param name="WithdrawnOn">Null while it stands.</param>
    public sealed record CertificateShown(string Number, DateOnly On, DateOnly? WithdrawnOn, string? WithdrawnFor);

    /// <param name="Counted">In each role, of the cases that count.</param>
    /// <param name="NotReported">Of which no report has come.</param>
    /// <param name="Disagreeing">Whose report says otherwise.</param>
    public sealed record CasesInShort(int Logged, int Counted, int NotReported, int Disagreeing, IReadOnlyList<RoleCount> ByRole);

    public sealed record RoleCount(TrainingRole Role, int Diagnostic, int Therapeutic, int Level3Plus);

    /// <param name="Level">0 where the regulation does not grade.</param>
    /// <param name="DueOn">The day by which it is to be completed: as planned at the enrolment, and later by the days absent.</param>
    /// <param name="Until">Last day of the stay, as planned, extended or ended.</param>
    /// <param name="LastDay">The last day of training counted so far.</param>
    /// <param name="EnrolledOn">The day it was entered.</param>
    /// <param name="DaysMissed">Absent, or on which the base might not train.</param>
    /// <param name="Months">Whole months, net of them.</param>
    /// <param name="Missing">The clauses not met; `examination` where no clause of the path asks for it.</param>
    /// <param name="Complete">True when the certificate may be given, or was.</param>
    public sealed record TraineeAnswer(
        Guid Trainee,
        TrainingBaseEndpoints.BaseNamed Base,
        string Physician,
        string Name,
        int Level,
        TraineeStatus State,
        DateOnly From,
        DateOnly PlannedUntil,
        DateOnly DueOn,
        DateOnly Until,
        DateOnly LastDay,
        DateOnly EnrolledOn,
        Evidence Plan,
        string Material,
        int DaysMissed,
        int Months,
        IReadOnlyList<Trainee.Absence> Absences,
        IReadOnlyList<Trainee.Care> Care,
        IReadOnlyList<Trainee.Test> Tests,
        IReadOnlyList<Trainee.Evaluation> Evaluations,
        IReadOnlyList<Trainee.Extension> Extensions,
        CasesInShort Cases,
        ApplicationEndpoints.EvaluationShown Clauses,
        IReadOnlyList<string> Missing,
        bool Complete,
        CertificateShown? Certificate,
        string? EndedFor,
        long Position);

    /// <param name="Reported">False where no report has come: the log alone is believed.</param>
    /// <param name="Disagrees">In what its report says otherwise.</param>
    /// <param name="WhyNot">Why it does not count; empty when it does.</param>
    public sealed record LoggedShown(
        int Number,
        Guid CaseId,
        string CaseNumber,
        DateOnly On,
        TrainingRole Role,
        Intent Intent,
        int Level,
        IReadOnlyList<string> ProcedureCodes,
        string Supervisor,
        DateOnly RecordedOn,
        bool Reported,
        bool Counts,
        IReadOnlyList<Disagreement> Disagrees,
        IReadOnlyList<NotCounted> WhyNot);

    public sealed record LoggedAnswer(IReadOnlyList<LoggedShown> Items, string? NextCursor, long Position);

    /// <summary>A trainee there is, within the caller's reach.</summary>
    private sealed record Found(Trainee.State State, IReadOnlyList<RecordedEvent> Events, TraineeFacts.BaseRead Base, Reference Reference, Caller Caller, DateOnly Today)
    {
        public Trainee.Event.Enrolled Enrolment => State.Enrolment!;

        public Actor By => Caller.Actor();

        /// <summary>Who recognises bases of the kind.</summary>
        public bool IsAuthority => Base.Rule.RecognisedBy == BaseAuthority.National ? Caller.Role == Role.National : Caller.ActsIn(Base.Province);
    }

    /// <summary>The decision on the state written upon; null when it is not this caller's to take.</summary>
    private delegate Decision<Trainee.Event>? Act(Trainee.State state, DateOnly today);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/trainees", Enrol).Allows(Bases).Takes().TakesHeader(Idempotency.Header)
            .Describes<EnrolmentEntry, TraineeWritten>("Enrols a physician for training", 201, 403, 404, 409, 503)
            .Produces<TraineeWritten>(200);
        api.MapGet(Path, Show).Allows(Readers).Takes("minPosition")
            .Describes<TraineeAnswer>("The dossier of a trainee: what counts against each clause, and what is missing", 200, 404, 503);
        api.MapGet(Path + "/cases", Cases).Allows(Readers).Takes("limit", "cursor", "minPosition")
            .Describes<LoggedAnswer>("The cases logged for a trainee, beside their reports", 200, 400, 404, 503);
        api.MapGet(Path + "/history", History).Allows(Readers).Takes("limit", "cursor", "minPosition")
            .Describes<QualificationEndpoints.HistoryAnswer>("Every event of a training, with when and by whom", 200, 400, 404, 503);

        Post<InterruptionEntry>(api, "interruptions", "Records that the trainee was, or will be, away", (body, found, _) =>
        {
            var (from, to, reason) = (body.Root.Day("from"), body.Root.Day("to"), Reason(body.Root));
            return Task.FromResult<Act>((state, today) => Trainee.RecordAbsence(state, from, to, reason, today, found.By));
        });
        Post<LogEntry>(api, "cases", "Logs cases with the trainee's role in each; all of them, or none", LogCases);
        Post<CareEntry>(api, "care", "Records parts of the care of patients that the trainee took part in", async (body, found, http) =>
        {
            var (on, supervisor) = (body.Root.Day("on"), body.Root.Id("supervisor"));
            var parts = Parts(body);
            await CheckSupervisors(found, http, [(body.Root, supervisor, on, found.Enrolment.Level)]);
            return (state, today) => Trainee.RecordCare(state, on, parts, supervisor, today, found.By);
        });
        Post<TestEntry>(api, "tests", "Records a test of theory or of practice", (body, found, _) =>
        {
            var (kind, on, passed, score) = (body.Root.Choice<TestKind>("kind"), body.Root.Day("on"), body.Root.Flag("passed"), body.Root.OptionalInteger("score", 0, 100));
            return Task.FromResult<Act>((state, today) => Trainee.RecordTest(state, kind, on, passed, score, today, found.By));
        });
        Post<EntryWithdrawal>(api, "entries/{number}/withdraw", "Withdraws an entry made in error: an interruption, a case, care or a test", (body, found, http) =>
        {
            var number = int.TryParse(http.Request.RouteValues["number"] as string, out var n) ? n : 0;
            var reason = Reason(body.Root);
            return Task.FromResult<Act>((state, today) => Trainee.Withdraw(state, number, reason, today, found.By));
        });
        Post<EvaluationEntry>(api, "evaluation", "Evaluates the trainee at the end; the last one counts", (body, found, _) =>
        {
            var (on, passed, remark) = (body.Root.Day("on"), body.Root.Flag("passed"), body.Root.Text("remark", BodyObject.LongText, lines: true));
            return Task.FromResult<Act>((state, today) => Trainee.Evaluate(state, on, passed, remark, today, found.By));
        });
        Post<CertificateEntry>(api, "certificate", "Gives the certificate, when every clause is met", async (body, found, http) =>
        {
            var number = body.Root.Text("number");
            await using var connection = await ReadsOf(http).Open(http.RequestAborted);
            var (_, dossier, _) = (await TraineeFacts.Dossiers(connection, found.Reference, [found.State], found.Today, http.RequestAborted))[0];
            var others = await TraineeFacts.Certificates(connection, found.Enrolment, http.RequestAborted);
            return (state, today) => Trainee.Certify(state, dossier, others, number, today, found.By);
        }, alone: true);
        Post<CertificateWithdrawal>(api, "certificate/withdraw", "Takes a certificate back, by who recognises bases of the kind", (body, found, _) =>
        {
            var reason = Reason(body.Root);
            return Task.FromResult<Act>((state, today) => found.IsAuthority ? Trainee.WithdrawCertificate(state, reason, today, found.By) : null);
        }, [Role.Regulator, Role.National]);
        Post<EndEntry>(api, "end", "Ends the training without a certificate", (body, found, _) =>
        {
            var (lastDay, reason) = (body.Root.OptionalDay("lastDay") ?? found.Today, Reason(body.Root));
            return Task.FromResult<Act>((state, today) => Trainee.End(state, lastDay, reason, today, found.By));
        });
        Post<ExtensionEntry>(api, "extension", "Plans a later end", async (body, found, http) =>
        {
            var (until, reason) = (body.Root.Day("until"), Reason(body.Root));
            var places = await Places(http, found.Base, found.Enrolment);
            return (state, today) => Trainee.Extend(state, until, reason, places, today, found.By);
        }, alone: true);
    }

    private static string Reason(BodyObject body) => body.Text("reason", BodyObject.LongText, lines: true);

    private static Reads ReadsOf(HttpContext http) => http.RequestServices.GetRequiredService<Reads>();

    /// <param name="alone">Whether other trainees' places or certificates are looked at: then nobody else takes one meanwhile.</param>
    private static void Post<TRequest>(
        RouteGroupBuilder api, string act, string summary, Func<Body, Found, HttpContext, Task<Act>> read, IReadOnlyList<Role>? roles = null, bool alone = false)
        where TRequest : notnull =>
        api.MapPost($"{Path}/{act}", (HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Decide(http, caller, answers, reads, log, read, alone))
            .Allows(roles ?? Bases).Takes()
            .TakesHeader(Idempotency.Header).TakesHeader("If-Match")
            .Describes<TRequest, TraineeWritten>(summary, 200, 403, 404, 409, 412, 503);

    private static async Task<IResult> Enrol(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        var root = body.Root;
        var (kind, technique, institution, physician) = (root.Text("kind"), root.Id("technique"), root.Id("institution"), root.Id("physician"));
        var rules = TrainingBaseEndpoints.TrainingOf(reference, technique, answers.Today);
        if (technique.Length > 0 && rules is null)
            root.Fault("technique", "unknownTechnique");
        var rule = rules?.Base(kind);
        if (kind.Length > 0 && rules is not null && rule is null)
            root.Fault("kind", "unknownValue", TrainingBaseEndpoints.Kinds(rules));
        var level = rule is { CertifiesToLevel: > 0 } ? root.Integer("level", 1, RegulationFile.HighestGrade) : 0;
        if (rule is { CertifiesToLevel: 0 } && root.Has("level"))
            root.Fault("level", "ungraded");
        var (from, until) = (root.Day("from"), root.Day("plannedUntil"));
        var plan = ApplicationEndpoints.EvidenceOf(root.Object("plan"), answers.Today);
        var material = root.Text("material");
        if (body.Refused(http) is { } wrong)
            return wrong;
        if (caller.Institution != institution)
            return Problem.Forbidden(http);

        await using var turn = await Turn(http, technique);
        // Who was enrolled before the lock was had is seen.
        if (turn is null || await reads.Shown(http, await log.Head(http.RequestAborted)) is not null)
            return Answers.Unavailable(http);
        var at = new TrainingBaseId(kind, technique, institution);
        TraineeFacts.BaseRead? found;
        await using (var connection = await reads.Open(http.RequestAborted))
        {
            found = (await TraineeFacts.Bases(connection, reference, [at], answers.Today, http.RequestAborted)).GetValueOrDefault(at);
            if (found is null)
                return Problem.Refused(http, "noSuchTrainingBase");
            if ((await FactsReader.Physicians(connection, [physician], http.RequestAborted)).Count == 0)
                body.Add(new Fault("/physician", "unknownPhysician"));
        }

        if (body.Refused(http) is { } unknown)
            return unknown;
        var id = Trainee.IdOf(at, physician, from);
        Trainee.Event.Enrolled Asked(DateOnly today) => new(id, at, physician, level, from, until, plan, material, today, caller.Actor());
        var places = await Places(http, found, Asked(answers.Today));
        return await Run(http, caller, answers, body, id, (state, today) => Trainee.Enrol(state, Asked(today), places));
    }

    private static async Task<Trainee.Places> Places(HttpContext http, TraineeFacts.BaseRead at, Trainee.Event.Enrolled enrolment)
    {
        await using var connection = await ReadsOf(http).Open(http.RequestAborted);
        var (others, own) = await TraineeFacts.Stays(connection, enrolment.Base, enrolment.Physician, enrolment.Trainee, enrolment.From, http.RequestAborted);
        return new(at.Rule, at.Regulation.InPractice.Training!.Trainee.Months, at.State, at.Training, others, own);
    }

    /// <summary>One at a time takes a place for a technique, on whatever node: two who both see the last one free would both take it. Null when it took too long.</summary>
    private static async Task<NpgsqlTransaction?> Turn(HttpContext http, string technique)
    {
        var connection = await ReadsOf(http).Open(http.RequestAborted);
        // Whoever holds it is done within seconds, or gone, and its lock with it.
        http.Response.RegisterForDisposeAsync(connection);
        var transaction = await connection.BeginTransactionAsync(http.RequestAborted);
        try
        {
            await connection.Execute($"set local lock_timeout = '{LockSeconds}s'", http.RequestAborted);
            await connection.Execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", http.RequestAborted, (object)$"trainees of {technique}");
            return transaction;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await transaction.DisposeAsync();
            return null;
        }
    }

    private static async Task<Act> LogCases(Body body, Found found, HttpContext http)
    {
        var asked = body.Root.Objects("cases", MostCases, required: true);
        if (asked.Count == 0 && body.Root.Has("cases"))
            body.Root.Fault("cases", "empty");
        var entries = new List<CaseEntry>();
        foreach (var of in asked)
        {
            var (number, on, role, intent, supervisor) = (of.Text("caseNumber"), of.Day("on"), of.Choice<TrainingRole>("role"), of.Choice<Intent>("intent"), of.Id("supervisor"));
            var regulation = found.Reference.Regulations.ReportDefinitions(found.Enrolment.Base.Technique, on);
            var codes = ReportBody.Procedures(body, of, regulation);
            // As a report is read: what it is compared with.
            var therapeutic = regulation?.InPractice.IsTherapeutic(intent == Intent.Therapeutic, codes) ?? false;
            entries.Add(new(number, on, role, therapeutic ? Intent.Therapeutic : Intent.Diagnostic, regulation?.InPractice.HighestLevel(codes) ?? 0, codes, supervisor));
        }

        await CheckSupervisors(found, http, [.. asked.Select((of, i) => (of, entries[i].Supervisor, entries[i].On, entries[i].Level))]);
        await using var connection = await ReadsOf(http).Open(http.RequestAborted);
        Guid[] operated = [.. entries.Where(e => e.Role == TrainingRole.Operator).Select(e => Case.IdOf(found.Enrolment.Base.Institution, e.CaseNumber))];
        // Where there is a report it says who operated, and the dossier shows the difference.
        var reported = await TraineeFacts.Reports(connection, operated, http.RequestAborted);
        var taken = (await TraineeFacts.Operators(connection, operated, http.RequestAborted)).Where(o => o.Trainee != found.Enrolment.Trainee && !reported.ContainsKey(o.CaseId)).Select(o => o.CaseId).ToHashSet();
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Role == TrainingRole.Operator && taken.Contains(Case.IdOf(found.Enrolment.Base.Institution, entries[i].CaseNumber)))
                asked[i].Fault("caseNumber", "operatedByAnother");
        }

        return (state, today) => Trainee.LogCases(state, entries, today, found.By);
    }

    /// <summary>What is known to be untrue is not entered; what becomes so later does not count.</summary>
    private static async Task CheckSupervisors(Found found, HttpContext http, IReadOnlyList<(BodyObject Of, string Supervisor, DateOnly On, int Level)> named)
    {
        await using var connection = await ReadsOf(http).Open(http.RequestAborted);
        var supervisors = await TraineeFacts.Supervisors(connection, found.Enrolment.Base, [.. named.Select(n => n.Supervisor).Where(s => s.Length > 0).Distinct()], http.RequestAborted);
        var facts = new TrainingFacts(found.Base.State, [], new Dictionary<Guid, CaseAsReported>(), new HashSet<Guid>(), supervisors);
        foreach (var (of, supervisor, on, level) in named)
        {
            if (supervisor.Length > 0 && of.Has("on") && !Dossier.MaySupervise(facts, found.Base.Regulation, supervisor, on, level))
                of.Fault("supervisor", "supervisorUnfit");
        }
    }

    private static IReadOnlyList<CarePart> Parts(Body body)
    {
        var names = Json.Names<CarePart>();
        var parts = new List<CarePart>();
        foreach (var (name, i) in body.Root.Texts("parts", required: true).Select((name, i) => (name, i)))
        {
            if (names.TryGetValue(name, out var part))
                parts.Add(part);
            else
                body.Add(new Fault($"/parts/{i}", "unknownValue", string.Join(", ", names.Keys)));
        }

        return parts;
    }

    private static async Task<IResult> Decide(
        HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Func<Body, Found, HttpContext, Task<Act>> read, bool alone)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("trainee");
        var body = await Body.Read(http);
        if (query.Refused(http) is { } wrong)
            return wrong;
        if (await reads.Shown(http, await log.Head(http.RequestAborted)) is { } late)
            return late;
        var (found, refused) = await Find(http, caller, reads, log, id, answers.Today);
        if (found is null)
            return refused!;
        // Only who may see the trainee holds others up.
        await using var turn = alone ? await Turn(http, found.Enrolment.Base.Technique) : null;
        if (alone)
        {
            if (turn is null || await reads.Shown(http, await log.Head(http.RequestAborted)) is not null)
                return Answers.Unavailable(http);
            (found, refused) = await Find(http, caller, reads, log, id, answers.Today);
            if (found is null)
                return refused!;
        }

        var act = await read(body, found, http);
        return body.Refused(http) ?? await Run(http, caller, answers, body, id, act);
    }

    private static async Task<IResult> Run(HttpContext http, Caller caller, Answers answers, Body body, Guid id, Act act)
    {
        var allowed = true;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Trainees,
            Trainee.Stream(id),
            body,
            (state, today) =>
            {
                var decision = act(state, today);
                allowed = decision is not null;
                return decision ?? Refusal.Conflict("forbidden");
            },
            (state, events) => (events.Any(e => e is Trainee.Event.Enrolled) ? StatusCodes.Status201Created : StatusCodes.Status200OK, new { trainee = id, state = state.Status, entries = Entered(events) }));
        return allowed ? result : Problem.Forbidden(http);
    }

    private static IReadOnlyList<int> Entered(IReadOnlyList<Trainee.Event> events) =>
    [
        .. events.Select(e => e switch { Trainee.Event.Absent a => a.Number, Trainee.Event.CaseLogged c => c.Number, Trainee.Event.CareRecorded c => c.Number, Trainee.Event.Tested t => t.Number, _ => 0 })
            .Where(n => n > 0),
    ];

    /// <summary>The trainee, from the log. Who may not read the dossier is not told that there is one.</summary>
    private static async Task<(Found? Found, Problem? Refused)> Find(HttpContext http, Caller caller, Reads reads, IEventStore log, Guid id, DateOnly today)
    {
        var events = await log.ReadStream(Trainee.Stream(id), cancellation: http.RequestAborted);
        if (events.Count == 0)
            return (null, Problem.Hidden(http));
        var state = Trainee.Fold(events.Select(e => (Trainee.Event)e.Data));
        var reference = await reads.Reference(http.RequestAborted);
        await using var connection = await reads.Open(http.RequestAborted);
        var at = (await TraineeFacts.Bases(connection, reference, [state.Enrolment!.Base], today, http.RequestAborted)).GetValueOrDefault(state.Enrolment.Base);
        var reach = at is not null
            && (caller.MayReadInstitution(state.Enrolment.Base.Institution, at.Province) || (caller.Role == Role.Physician && caller.Physician == state.Enrolment.Physician));
        return reach ? (new(state, events, at!, reference, caller, today), null) : (null, Problem.Hidden(http));
    }

    /// <summary>The same for reading; what is left of the query is read.</summary>
    private static async Task<(Found? Found, long Position, IResult? Refused)> Read(HttpContext http, Caller caller, Reads reads, IEventStore log, Query query)
    {
        var id = query.PathUuid("trainee");
        var minPosition = query.Position();
        if (query.Refused(http) is { } wrong)
            return (null, 0, wrong);
        if (await reads.Shown(http, minPosition) is { } late)
            return (null, 0, late);
        var position = await reads.Position(http.RequestAborted);
        var (found, refused) = await Find(http, caller, reads, log, id, reads.Today);
        if (found is not null)
            ETags.Set(http, found.Events[^1].Version);
        return (found, position, refused);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var (found, position, refused) = await Read(http, caller, reads, log, Query.Of(http));
        if (found is null)
            return refused!;
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        var (_, dossier, at) = (await TraineeFacts.Dossiers(snapshot.Connection, found.Reference, [found.State], found.Today, http.RequestAborted))[0];
        var name = (await FactsReader.Physicians(snapshot.Connection, [found.Enrolment.Physician], http.RequestAborted)).GetValueOrDefault(found.Enrolment.Physician)?.Entry?.Name;
        return Results.Json(Shown(found.State, dossier, at, name ?? found.Enrolment.Physician, position), Json.Options);
    }

    private static TraineeAnswer Shown(Trainee.State state, Dossier dossier, TraineeFacts.BaseRead at, string name, long position)
    {
        var enrolment = state.Enrolment!;
        return new(
            enrolment.Trainee,
            Named(enrolment.Base, at),
            enrolment.Physician,
            name,
            enrolment.Level,
            state.Status,
            enrolment.From,
            enrolment.PlannedUntil,
            state.DueOn(dossier.AsOf),
            state.Until,
            dossier.LastDay,
            enrolment.EnrolledOn,
            enrolment.Plan,
            enrolment.Material,
            dossier.DaysMissed,
            dossier.Months,
            state.Absences,
            state.Cares,
            state.Tests,
            state.Evaluations,
            state.Extensions,
            new(
                dossier.Cases.Count,
                dossier.Cases.Count(c => c.Counts),
                dossier.Cases.Count(c => c.Reported is null),
                dossier.Cases.Count(c => c.Disagrees.Count > 0),
                [.. Enum.GetValues<TrainingRole>().Select(r => new RoleCount(r, dossier.Count(r, Intent.Diagnostic, 0), dossier.Count(r, Intent.Therapeutic, 0), dossier.Count(r, null, 3)))]),
            ApplicationEndpoints.Evaluated(dossier.Regulation, dossier.Path, dossier.Book),
            dossier.Missing,
            dossier.Missing.Count == 0,
            CertificateOf(state),
            state.EndedFor,
            position);
    }

    internal static TrainingBaseEndpoints.BaseNamed Named(TrainingBaseId id, TraineeFacts.BaseRead at) => new(id.Kind, id.Technique, id.Institution, at.Name, at.Province);

    internal static CertificateShown? CertificateOf(Trainee.State state) => state.Certificate is { } c ? new(c.Number, c.On, c.WithdrawnOn, c.WithdrawnFor) : null;

    private static async Task<IResult> Cases(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        var after = 0;
        if (query.Cursor(keys: 1) is [var key] && !(int.TryParse(key, out after) && after > 0))
            query.Fault("cursor", "invalidCursor");
        var (found, position, refused) = await Read(http, caller, reads, log, query);
        if (found is null)
            return refused!;
        await using var connection = await reads.Open(http.RequestAborted);
        var (_, dossier, _) = (await TraineeFacts.Dossiers(connection, found.Reference, [found.State], found.Today, http.RequestAborted))[0];
        var page = Paged.Cut([.. dossier.Cases.Where(c => c.Logged.Number > after).Take(limit + 1).Select(ShownCase)], limit, c => [$"{c.Number}"]);
        await Patients.NoteReads(connection, caller, page.Items.Where(c => c.Reported).Select(c => c.CaseId), http.RequestAborted);
        return Results.Json(new LoggedAnswer(page.Items, page.NextCursor, position), Json.Options);
    }

    private static LoggedShown ShownCase(JudgedCase judged)
    {
        var (logged, entry) = (judged.Logged, judged.Logged.Entry);
        return new(
            logged.Number, logged.CaseId, entry.CaseNumber, entry.On, entry.Role, entry.Intent, entry.Level, entry.Codes, entry.Supervisor, logged.RecordedOn,
            judged.Reported is not null, judged.Counts, judged.Disagrees, judged.WhyNot);
    }

    private static async Task<IResult> History(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        long after = 0;
        if (query.Cursor(keys: 1) is [var key] && !(long.TryParse(key, out after) && after > 0))
            query.Fault("cursor", "invalidCursor");
        var (found, position, refused) = await Read(http, caller, reads, log, query);
        if (found is null)
            return refused!;
        List<RecordedEvent> shown = [.. found.Events.Where(e => e.Version > after).Take(limit + 1)];
        await using var connection = await reads.Open(http.RequestAborted);
        await Patients.NoteReads(connection, caller, shown.Take(limit).Select(e => (e.Data as Trainee.Event.CaseLogged)?.CaseId).OfType<Guid>().Distinct(), http.RequestAborted);
        var page = Paged.Cut([.. shown.Select(Item)], limit, item => [$"{item.Version}"]);
        return Results.Json(new QualificationEndpoints.HistoryAnswer(page.Items, page.NextCursor, position), Json.Options);
    }

    private static QualificationEndpoints.HistoryItem Item(RecordedEvent recorded)
    {
        var e = (Trainee.Event)recorded.Data;
        var data = JsonSerializer.SerializeToNode(e, e.GetType(), Json.Options)!.AsObject();
        // Said by the path and beside it.
        data.Remove("trainee");
        data.Remove("by");
        return new(EventTable.Types.For(e.GetType()).WireName, recorded.Version, recorded.Position, recorded.RecordedAt, e.By, data);
    }
}
