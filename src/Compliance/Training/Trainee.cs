using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>What a trainee did in a case (A8, A11): a case counts in one role. The operator of record stays the qualified supervisor.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrainingRole>))]
public enum TrainingRole
{
    /// <summary>参与完成.</summary>
    [StoredAs("Participant")] Participant,

    /// <summary>在上级医师指导下作为术者.</summary>
    [StoredAs("Operator")] Operator,
}

/// <summary>The parts of the care of a patient (全过程管理) that NV-TR-FULLCARE and CI-TR-FULLCARE name, in their order.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CarePart>))]
public enum CarePart
{
    /// <summary>术前评价.</summary>
    [StoredAs("Preoperative")] Preoperative,

    /// <summary>诊断性检查结果解释.</summary>
    [StoredAs("Interpretation")] Interpretation,

    /// <summary>与其他学科共同会诊.</summary>
    [StoredAs("Consultation")] Consultation,

    /// <summary>介入诊疗操作.</summary>
    [StoredAs("Procedure")] Procedure,

    /// <summary>介入诊疗操作过程记录.</summary>
    [StoredAs("Record")] Record,

    /// <summary>围手术期处理.</summary>
    [StoredAs("Perioperative")] Perioperative,

    /// <summary>重症监护治疗.</summary>
    [StoredAs("Intensive")] Intensive,

    /// <summary>手术后随访.</summary>
    [StoredAs("FollowUp")] FollowUp,
}

[JsonConverter(typeof(JsonStringEnumConverter<TestKind>))]
public enum TestKind
{
    /// <summary>理论.</summary>
    [StoredAs("Theory")] Theory,

    /// <summary>实践操作.</summary>
    [StoredAs("Practice")] Practice,
}

/// <summary>Where a training stands.</summary>
public enum TraineeStatus
{
    /// <summary>Enrolled, and nothing has ended it.</summary>
    Training,
    Certified,

    /// <summary>A certificate was given and taken back.</summary>
    CertificateWithdrawn,

    /// <summary>Without a certificate.</summary>
    Ended,
}

/// <summary>A case as a base logs it for a trainee.</summary>
/// <param name="CaseNumber">The hospital's own, as the case is reported under.</param>
/// <param name="On">Day of completion.</param>
/// <param name="Level">Of the catalogue, the highest of the codes; 0 where the regulation does not grade.</param>
/// <param name="Supervisor">The physician in charge (上级医师), by the id in the registry: NV-TR-SUPERV.</param>
public sealed record CaseEntry(
    [property: Stored("CaseNumber")] string CaseNumber,
    [property: Stored("On")] DateOnly On,
    [property: Stored("Role")] TrainingRole Role,
    [property: Stored("Intent")] Intent Intent,
    [property: Stored("Level")] int Level,
    [property: Stored("Codes")] IReadOnlyList<string> Codes,
    [property: Stored("Supervisor")] string Supervisor)
{
    public bool Says(CaseEntry other) => this with { Codes = other.Codes } == other && Codes.SequenceEqual(other.Codes);
}

/// <summary>
/// A physician in training at a base, from enrolment to certificate (培训档案): NV-TR-*, CI-TR-*, and of each trainee NV-TRB-PLAN, NV-TRB-TESTS and NV-TRB-DOSSIER. One stream for each stay.
/// What of it counts is said by <see cref="Dossier"/>, which sees the reports of the cases beside it. Nothing here is ever counted as anybody's own case: no qualification is kept up by training.
/// </summary>
public static class Trainee
{
    /// <summary>Years from the first day to the last planned; a longer stay is a typing error.</summary>
    public const int LongestStayYears = 5;

    /// <summary>Entries of a dossier, withdrawn ones among them; ten times what any clause asks for.</summary>
    public const int MostEntries = 3_000;

    /// <summary>By base, physician and first day: entered twice it is the same stay.</summary>
    public static Guid IdOf(TrainingBaseId at, string physician, DateOnly from) =>
        NameBasedId.Of("trainee", at.Kind, at.Technique, at.Institution, physician, from.ToString("O", System.Globalization.CultureInfo.InvariantCulture));

    public static string Stream(Guid trainee) => $"trainee-{trainee:D}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Trainee")] Guid Trainee, [property: Stored("By")] Actor By)
    {
        /// <param name="Level">The highest level of procedures to be certified for; 0 where the regulation does not grade.</param>
        /// <param name="From">First day.</param>
        /// <param name="PlannedUntil">Last day.</param>
        /// <param name="Plan">The training plan of this trainee (培训计划).</param>
        /// <param name="Material">Edition of the outline and the books used (培训大纲和教材).</param>
        public sealed record Enrolled(
            Guid Trainee,
            [property: Stored("Base")] TrainingBaseId Base,
            [property: Stored("Physician")] string Physician,
            [property: Stored("Level")] int Level,
            [property: Stored("From")] DateOnly From,
            [property: Stored("PlannedUntil")] DateOnly PlannedUntil,
            [property: Stored("Plan")] Evidence Plan,
            [property: Stored("Material")] string Material,
            [property: Stored("EnrolledOn")] DateOnly EnrolledOn,
            Actor By) : Event(Trainee, By);

        /// <param name="Until">Last day, later than the one before.</param>
        public sealed record Extended(
            Guid Trainee,
            [property: Stored("Until")] DateOnly Until,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        /// <param name="Number">Of the entry; entries of all kinds are numbered together, from 1.</param>
        /// <param name="From">First day absent.</param>
        /// <param name="To">Last day absent.</param>
        public sealed record Absent(
            Guid Trainee,
            [property: Stored("Number")] int Number,
            [property: Stored("From")] DateOnly From,
            [property: Stored("To")] DateOnly To,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        /// <param name="CaseId">Of the case, reported or not.</param>
        public sealed record CaseLogged(
            Guid Trainee,
            [property: Stored("Number")] int Number,
            [property: Stored("CaseId")] Guid CaseId,
            [property: Stored("Entry")] CaseEntry Entry,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        public sealed record CareRecorded(
            Guid Trainee,
            [property: Stored("Number")] int Number,
            [property: Stored("On")] DateOnly On,
            [property: Stored("Parts")] IReadOnlyList<CarePart> Parts,
            [property: Stored("Supervisor")] string Supervisor,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        /// <param name="Score">Out of 100; null where none was given.</param>
        public sealed record Tested(
            Guid Trainee,
            [property: Stored("Number")] int Number,
            [property: Stored("Kind")] TestKind Kind,
            [property: Stored("On")] DateOnly On,
            [property: Stored("Passed")] bool Passed,
            [property: Stored("Score")] int? Score,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        public sealed record EntryWithdrawn(
            Guid Trainee,
            [property: Stored("Number")] int Number,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        public sealed record Evaluated(
            Guid Trainee,
            [property: Stored("On")] DateOnly On,
            [property: Stored("Passed")] bool Passed,
            [property: Stored("Remark")] string Remark,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);

        /// <param name="Certificate">Its number (培训合格证书).</param>
        /// <param name="Grounds">How the clauses stood.</param>
        public sealed record Certified(
            Guid Trainee,
            [property: Stored("Certificate")] string Certificate,
            [property: Stored("CertifiedOn")] DateOnly CertifiedOn,
            [property: Stored("Grounds")] BaseGrounds Grounds,
            Actor By) : Event(Trainee, By);

        public sealed record CertificateWithdrawn(
            Guid Trainee,
            [property: Stored("Physician")] string Physician,
            [property: Stored("Technique")] string Technique,
            [property: Stored("Reason")] string Reason,
            [property: Stored("WithdrawnOn")] DateOnly WithdrawnOn,
            Actor By) : Event(Trainee, By);

        /// <param name="LastDay">Of the stay.</param>
        public sealed record Ended(
            Guid Trainee,
            [property: Stored("LastDay")] DateOnly LastDay,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Trainee, By);
    }

    public sealed record Absence([property: Stored("Number")] int Number, [property: Stored("From")] DateOnly From, [property: Stored("To")] DateOnly To, [property: Stored("Reason")] string Reason)
    {
        [JsonIgnore]
        public DaySpan Days => new(From, To);
    }

    public sealed record LoggedCase([property: Stored("Number")] int Number, [property: Stored("CaseId")] Guid CaseId, [property: Stored("Entry")] CaseEntry Entry, [property: Stored("RecordedOn")] DateOnly RecordedOn);

    public sealed record Care([property: Stored("Number")] int Number, [property: Stored("On")] DateOnly On, [property: Stored("Parts")] IReadOnlyList<CarePart> Parts, [property: Stored("Supervisor")] string Supervisor);

    public sealed record Test(
        [property: Stored("Number")] int Number,
        [property: Stored("Kind")] TestKind Kind,
        [property: Stored("On")] DateOnly On,
        [property: Stored("Passed")] bool Passed,
        [property: Stored("Score")] int? Score);

    public sealed record Evaluation(
        [property: Stored("On")] DateOnly On, [property: Stored("Passed")] bool Passed, [property: Stored("Remark")] string Remark, [property: Stored("RecordedOn")] DateOnly RecordedOn);

    /// <param name="Until">The last day then planned.</param>
    public sealed record Extension([property: Stored("Until")] DateOnly Until, [property: Stored("Reason")] string Reason, [property: Stored("RecordedOn")] DateOnly RecordedOn);

    /// <param name="WithdrawnOn">Null while it stands.</param>
    public sealed record Certificate(
        [property: Stored("Number")] string Number,
        [property: Stored("On")] DateOnly On,
        [property: Stored("Grounds")] BaseGrounds Grounds,
        [property: Stored("WithdrawnOn")] DateOnly? WithdrawnOn,
        [property: Stored("WithdrawnFor")] string? WithdrawnFor);

    /// <summary>Entries that were withdrawn are in the events alone.</summary>
    /// <param name="Enrolment">Null before the first event.</param>
    /// <param name="Until">Last day of the stay, as planned, extended or ended.</param>
    /// <param name="Extensions">The earliest first.</param>
    /// <param name="Entries">How many there were, withdrawn ones among them.</param>
    /// <param name="Withdrawn">The numbers of those withdrawn.</param>
    /// <param name="EndedFor">Why it ended without a certificate; null else.</param>
    public sealed record State(
        [property: Stored("Enrolment")] Event.Enrolled? Enrolment,
        [property: Stored("Until")] DateOnly Until,
        [property: Stored("Extensions")] IReadOnlyList<Extension> Extensions,
        [property: Stored("Entries")] int Entries,
        [property: Stored("Withdrawn")] IReadOnlyList<int> Withdrawn,
        [property: Stored("Absences")] IReadOnlyList<Absence> Absences,
        [property: Stored("Cases")] IReadOnlyList<LoggedCase> Cases,
        [property: Stored("Cares")] IReadOnlyList<Care> Cares,
        [property: Stored("Tests")] IReadOnlyList<Test> Tests,
        [property: Stored("Evaluations")] IReadOnlyList<Evaluation> Evaluations,
        [property: Stored("Certificate")] Certificate? Certificate,
        [property: Stored("EndedFor")] string? EndedFor)
    {
        public static readonly State Initial = new(null, default, [], 0, [], [], [], [], [], [], null, null);

        [JsonIgnore]
        public TraineeStatus Status => this switch
        {
            { EndedFor: not null } => TraineeStatus.Ended,
            { Certificate.WithdrawnOn: not null } => TraineeStatus.CertificateWithdrawn,
            { Certificate: not null } => TraineeStatus.Certified,
            _ => TraineeStatus.Training,
        };

        /// <summary>
        /// The last day of the training: that of the evaluation it was passed with, where it came before the end of the stay; else the end of the stay. Asked only of who is enrolled.
        /// </summary>
        [JsonIgnore]
        public DateOnly LastDay => Evaluations is [.., { Passed: true, On: var on }] && on < Until ? on : Until;

        /// <summary>
        /// The day by which it was to be completed (规定时间): as planned at the enrolment, and later by as many days as the trainee had been absent by a day. An extension moves the end of the stay and not this day.
        /// </summary>
        public DateOnly DueOn(DateOnly asOf) => Enrolment!.PlannedUntil.AddDays(
            Absences.SelectMany(a => Enumerable.Range(a.From.DayNumber, a.To.DayNumber - a.From.DayNumber + 1)).Where(day => day <= asOf.DayNumber).Distinct().Count());

        /// <summary>The days on which it takes a place at the base. Who was certified, or withdrew, holds none any longer.</summary>
        [JsonIgnore]
        public DaySpan Stay => new(Enrolment!.From, Certificate is null ? Until : LastDay);

        /// <summary>Whether the trainee was absent on a day.</summary>
        public bool IsAbsent(DateOnly day) => Absences.Any(a => a.Days.Contains(day));
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Enrolled enrolled => State.Initial with { Enrolment = enrolled, Until = enrolled.PlannedUntil, Entries = state.Entries, Withdrawn = state.Withdrawn },
        Event.Extended x => state with { Until = x.Until, Extensions = [.. state.Extensions, new(x.Until, x.Reason, x.RecordedOn)] },
        Event.Absent a => Entered(state, a.Number) with { Absences = [.. state.Absences, new(a.Number, a.From, a.To, a.Reason)] },
        Event.CaseLogged c => Entered(state, c.Number) with { Cases = [.. state.Cases, new(c.Number, c.CaseId, c.Entry, c.RecordedOn)] },
        Event.CareRecorded c => Entered(state, c.Number) with { Cares = [.. state.Cares, new(c.Number, c.On, c.Parts, c.Supervisor)] },
        Event.Tested t => Entered(state, t.Number) with { Tests = [.. state.Tests, new(t.Number, t.Kind, t.On, t.Passed, t.Score)] },
        Event.EntryWithdrawn w => state with
        {
            Withdrawn = [.. state.Withdrawn, w.Number],
            Absences = [.. state.Absences.Where(a => a.Number != w.Number)],
            Cases = [.. state.Cases.Where(c => c.Number != w.Number)],
            Cares = [.. state.Cares.Where(c => c.Number != w.Number)],
            Tests = [.. state.Tests.Where(t => t.Number != w.Number)],
        },
        Event.Evaluated of => state with { Evaluations = [.. state.Evaluations, new(of.On, of.Passed, of.Remark, of.RecordedOn)] },
        Event.Certified c => state with { Certificate = new(c.Certificate, c.CertifiedOn, c.Grounds, null, null) },
        Event.CertificateWithdrawn w => state with { Certificate = state.Certificate! with { WithdrawnOn = w.WithdrawnOn, WithdrawnFor = w.Reason } },
        Event.Ended ended => state with { Until = ended.LastDay, EndedFor = ended.Reason },
        _ => throw new UnreachableException($"a trainee knows no {e.GetType().Name}"),
    };

    private static State Entered(State state, int number) => state with { Entries = number };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>What an enrolment is decided on beside the request.</summary>
    /// <param name="Rule">Of the kind of base.</param>
    /// <param name="Months">Of training at the least.</param>
    /// <param name="Base">As it stands.</param>
    /// <param name="Training">The days on which it may train; <see cref="TrainingBase.State.TrainingSpans"/>.</param>
    /// <param name="Others">The stays of everybody else at the base.</param>
    /// <param name="Own">The physician's other stays for the technique, wherever.</param>
    public sealed record Places(BaseRule Rule, int Months, TrainingBase.State Base, IReadOnlyList<DaySpan> Training, IReadOnlyList<DaySpan> Others, IReadOnlyList<DaySpan> Own);

    /// <summary>
    /// Enrols a physician: the base may train on the first day, and today where that is past; it certifies the level; the plan leaves time for the months; on no day are there more trainees than declared
    /// (NV-TRB-CAPACITY, CI-TRB-CAPACITY); and nobody is in two trainings for a technique at a time. A stay may be entered after it began: training was under way when bases came to this system. The day it was
    /// entered is kept and shown.
    /// </summary>
    public static Decision<Event> Enrol(State state, Event.Enrolled asked, Places places)
    {
        if (state.Enrolment is { } held)
        {
            // One that was ended before it began never was: what was wrong with it may be right now.
            if (!state.Stay.IsEmpty)
                return held with { EnrolledOn = asked.EnrolledOn, By = asked.By } == asked ? Decision<Event>.Nothing : Refusal.Conflict("traineeDiffers");
        }

        var stay = new DaySpan(asked.From, asked.PlannedUntil);
        if (stay.IsEmpty)
            return Refusal.Invalid("endsBeforeItBegins", "/plannedUntil");
        if (asked.PlannedUntil > asked.From.AddYears(LongestStayYears))
            return Refusal.Invalid("stayTooLong", "/plannedUntil", LongestStayYears);
        if (!places.Rule.Certifies(asked.Level))
            return Refusal.Invalid("baseCertifiesOtherLevels", "/level", places.Rule.CertifiesFromLevel, places.Rule.CertifiesToLevel);
        if (asked.PlannedUntil < FirstEnd(asked.From, places.Months))
            return Refusal.Invalid("planTooShort", "/plannedUntil", places.Months, FirstEnd(asked.From, places.Months));
        if (!MayTrain(places.Training, asked.From) || (asked.From < asked.EnrolledOn && !MayTrain(places.Training, asked.EnrolledOn)))
            return Refusal.Conflict("baseMayNotTrain", asked.From);
        if (places.Own.Any(stay.Overlaps))
            return Refusal.Conflict("alreadyInTraining");
        return Full(stay, places, asked.EnrolledOn) is { } day ? Refusal.Conflict("baseFull", day) : asked;
    }

    /// <summary>The first last day of a training of so many months without a day missed.</summary>
    private static DateOnly FirstEnd(DateOnly from, int months) => from.AddMonths(months).AddDays(-1);

    private static bool MayTrain(IReadOnlyList<DaySpan> training, DateOnly day) => training.Any(t => t.Contains(day));

    /// <summary>
    /// The first day of a stay on which the base has no place for one more; null when it has one on each. Nothing changes but on the days looked at. Of days gone by for which nothing was declared nothing is
    /// asked: a base declares nothing backwards.
    /// </summary>
    private static DateOnly? Full(DaySpan stay, Places places, DateOnly today) =>
        places.Others.Select(o => o.From).Concat(places.Base.Capacities.Select(c => c.From)).Append(stay.From).Append(today)
            .Where(day => stay.Contains(day) && (day >= today || places.Base.CapacityOn(day) is not null))
            .Order()
            .Cast<DateOnly?>()
            .FirstOrDefault(day => places.Others.Count(o => o.Contains(day!.Value)) >= (places.Base.CapacityOn(day!.Value) ?? 0));

    /// <summary>Plans a later end: days were missed, or numbers are short. The place must be free.</summary>
    public static Decision<Event> Extend(State state, DateOnly until, string reason, Places places, DateOnly today, Actor by)
    {
        if (Closed(state) is { } closed)
            return closed;
        if (until == state.Until)
            return Decision<Event>.Nothing;
        var enrolment = state.Enrolment!;
        var more = new DaySpan(state.Until.AddDays(1), until);
        return more.IsEmpty ? Refusal.Invalid("notBefore", "/until", state.Until)
            : until > enrolment.From.AddYears(LongestStayYears) ? Refusal.Invalid("stayTooLong", "/until", LongestStayYears)
            : !MayTrain(places.Training, today) ? Refusal.Conflict("baseMayNotTrain", today)
            : places.Own.Any(more.Overlaps) ? Refusal.Conflict("alreadyInTraining")
            : Full(more, places, today) is { } day ? Refusal.Conflict("baseFull", day)
            : new Event.Extended(enrolment.Trainee, until, reason, today, by);
    }

    /// <summary>Records that the trainee was, or will be, away (中断). A day on which a case is logged was not missed.</summary>
    public static Decision<Event> RecordAbsence(State state, DateOnly from, DateOnly to, string reason, DateOnly today, Actor by)
    {
        if (Closed(state) is { } closed)
            return closed;
        var days = new DaySpan(from, to);
        return state.Absences.Any(a => a.From == from && a.To == to) ? Decision<Event>.Nothing
            : days.IsEmpty ? Refusal.Invalid("endsBeforeItBegins", "/to")
            : Outside(state, from) ? OutsideStay(state, "/from")
            : Outside(state, to) ? OutsideStay(state, "/to")
            : state.Cases.Select(c => c.Entry.On).Concat(state.Cares.Select(c => c.On)).Concat(state.Tests.Select(t => t.On)).Where(days.Contains).Order().Cast<DateOnly?>().FirstOrDefault() is { } day
                ? Refusal.Conflict("presentThatDay", day)
            : Numbered(state, 1, n => [new Event.Absent(state.Enrolment!.Trainee, n, from, to, reason, today, by)]);
    }

    /// <summary>Logs cases: all of them, or none. One logged already as it is here is passed over; a case counts in one role (A11), so it is logged once.</summary>
    public static Decision<Event> LogCases(State state, IReadOnlyList<CaseEntry> cases, DateOnly today, Actor by)
    {
        if (Closed(state) is { } closed)
            return closed;
        var enrolment = state.Enrolment!;
        var logged = state.Cases.ToDictionary(c => c.Entry.CaseNumber, c => c.Entry);
        var added = new List<CaseEntry>();
        for (var i = 0; i < cases.Count; i++)
        {
            var (entry, at) = (cases[i], $"/cases/{i}");
            if (logged.TryGetValue(entry.CaseNumber, out var held))
            {
                if (!held.Says(entry))
                    return Refusal.Invalid("caseLoggedAlready", $"{at}/caseNumber");
                continue;
            }

            if (Present(state, entry.On, today, $"{at}/on") is { } refusal)
                return refusal;
            if (entry.Supervisor == enrolment.Physician)
                return Refusal.Invalid("supervisesOneself", $"{at}/supervisor");
            logged.Add(entry.CaseNumber, entry);
            added.Add(entry);
        }

        return added.Count == 0 ? Decision<Event>.Nothing : Numbered(
            state,
            added.Count,
            n => [.. added.Select((entry, i) => new Event.CaseLogged(enrolment.Trainee, n + i, Case.IdOf(enrolment.Base.Institution, entry.CaseNumber), entry, today, by))]);
    }

    /// <summary>Records that the trainee took part in parts of the care of patients, each named at least once (NV-TR-FULLCARE, CI-TR-FULLCARE).</summary>
    public static Decision<Event> RecordCare(State state, DateOnly on, IReadOnlyList<CarePart> parts, string supervisor, DateOnly today, Actor by)
    {
        if (Closed(state) is { } closed)
            return closed;
        IReadOnlyList<CarePart> all = [.. parts.Distinct().Order()];
        return state.Cares.Any(c => c.On == on && c.Supervisor == supervisor && c.Parts.SequenceEqual(all)) ? Decision<Event>.Nothing
            : Present(state, on, today, "/on") is { } refusal ? refusal
            : all.Count == 0 ? Refusal.Invalid("empty", "/parts")
            : supervisor == state.Enrolment!.Physician ? Refusal.Invalid("supervisesOneself", "/supervisor")
            : Numbered(state, 1, n => [new Event.CareRecorded(state.Enrolment.Trainee, n, on, all, supervisor, today, by)]);
    }

    /// <summary>Records a test of theory or of practice during the training (NV-TRB-TESTS, CI-TRB-TESTS).</summary>
    public static Decision<Event> RecordTest(State state, TestKind kind, DateOnly on, bool passed, int? score, DateOnly today, Actor by) =>
        Closed(state) is { } closed ? closed
        : state.Tests.Any(t => t.Kind == kind && t.On == on && t.Passed == passed && t.Score == score) ? Decision<Event>.Nothing
        : Present(state, on, today, "/on") is { } refusal ? refusal
        : Numbered(state, 1, n => [new Event.Tested(state.Enrolment!.Trainee, n, kind, on, passed, score, today, by)]);

    /// <summary>Withdraws an entry made in error; corrected it is entered anew. It stays in the history. Of a training that ended, too: the case may be another trainee's.</summary>
    public static Decision<Event> Withdraw(State state, int number, string reason, DateOnly today, Actor by) =>
        state.Status != TraineeStatus.Ended && Closed(state) is { } closed ? closed
        : state.Withdrawn.Contains(number) ? Decision<Event>.Nothing
        : number < 1 || number > state.Entries ? Refusal.NotFound("noSuchEntry")
        : new Event.EntryWithdrawn(state.Enrolment!.Trainee, number, reason, today, by);

    /// <summary>
    /// Evaluates the trainee at the end (结束后评定). Who fails, or trains on, is evaluated again; the last word counts. The days do not go back.
    /// </summary>
    public static Decision<Event> Evaluate(State state, DateOnly on, bool passed, string remark, DateOnly today, Actor by)
    {
        if (Closed(state) is { } closed)
            return closed;
        var last = state.Evaluations is [.., var of] ? of : null;
        var earliest = last?.On ?? state.Enrolment!.From;
        return last is not null && last.On == on && last.Passed == passed && last.Remark == remark ? Decision<Event>.Nothing
            : on > today ? Refusal.Invalid("futureDay", "/on")
            : on < earliest ? Refusal.Invalid("notBefore", "/on", earliest)
            : new Event.Evaluated(state.Enrolment!.Trainee, on, passed, remark, today, by);
    }

    /// <summary>Gives the certificate, when every clause of the path is met and the examination passed. The tests are asked for whether or not a clause of the path does.</summary>
    /// <param name="dossier">As of today.</param>
    /// <param name="certificatesOfBase">The numbers that the base gave to others, those taken back among them: no two are alike.</param>
    public static Decision<Event> Certify(State state, Dossier dossier, IReadOnlySet<string> certificatesOfBase, string certificate, DateOnly today, Actor by)
    {
        if (state.Certificate is { WithdrawnOn: null } held)
            return held.Number == certificate ? Decision<Event>.Nothing : Refusal.Conflict("certifiedAlready", held.Number);
        if (Closed(state) is { } closed)
            return closed;
        // Something came between the reading and the decision: what is frozen must be what is decided upon.
        if (!dossier.IsOf(state))
            return Refusal.Conflict("conflict");
        return certificatesOfBase.Contains(certificate) ? Refusal.Conflict("certificateNumberTaken", certificate)
            : dossier.Missing.Count > 0 ? Refusal.Conflict("trainingIncomplete", string.Join(", ", dossier.Missing)) : new Event.Certified(state.Enrolment!.Trainee, certificate, today, dossier.Grounds, by);
    }

    /// <summary>Takes the certificate back: what it rests on was found untrue. By a named regulator; the dossier stays as it is.</summary>
    public static Decision<Event> WithdrawCertificate(State state, string reason, DateOnly today, Actor by) => state switch
    {
        { Enrolment: null } => Refusal.NotFound("noSuchTrainee"),
        { Certificate: null } => Refusal.Conflict("notCertified"),
        { Certificate.WithdrawnOn: not null } => Decision<Event>.Nothing,
        _ => new Event.CertificateWithdrawn(state.Enrolment.Trainee, state.Enrolment.Physician, state.Enrolment.Base.Technique, reason, today, by),
    };

    /// <summary>The trainee leaves without a certificate.</summary>
    /// <param name="lastDay">Of the stay: today or earlier. Of one that has not begun it is the day before the first: it never was, and takes no place.</param>
    public static Decision<Event> End(State state, DateOnly lastDay, string reason, DateOnly today, Actor by)
    {
        if (state is { Enrolment.From: var first } && today < first && lastDay <= today)
            lastDay = first.AddDays(-1);
        if (state is { EndedFor: not null } && state.Until == lastDay && state.EndedFor == reason)
            return Decision<Event>.Nothing;
        if (Closed(state) is { } closed)
            return closed;
        return lastDay == state.Enrolment!.From.AddDays(-1) && today < state.Enrolment.From ? new Event.Ended(state.Enrolment.Trainee, lastDay, reason, today, by)
            : lastDay > today ? Refusal.Invalid("futureDay", "/lastDay")
            : Outside(state, lastDay) ? OutsideStay(state, "/lastDay")
            : new Event.Ended(state.Enrolment!.Trainee, lastDay, reason, today, by);
    }

    private static Refusal? Closed(State state) =>
        state.Enrolment is null ? Refusal.NotFound("noSuchTrainee")
        : state.Status == TraineeStatus.Training ? null
        : Refusal.Conflict("trainingClosed");

    private static Refusal? Present(State state, DateOnly on, DateOnly today, string pointer) =>
        on > today ? Refusal.Invalid("futureDay", pointer)
        : Outside(state, on) ? OutsideStay(state, pointer)
        : state.IsAbsent(on) ? Refusal.Invalid("absentThatDay", pointer)
        : null;

    private static bool Outside(State state, DateOnly day) => day < state.Enrolment!.From || day > state.Until;

    private static Refusal OutsideStay(State state, string pointer) => Refusal.Invalid("outsideStay", pointer, state.Enrolment!.From, state.Until);

    private static Decision<Event> Numbered(State state, int count, Func<int, IReadOnlyList<Event>> from) =>
        state.Entries + count > MostEntries ? Refusal.Conflict("dossierFull", MostEntries) : Decision<Event>.Of(from(state.Entries + 1));
}
