using System.Collections.Frozen;
using System.Globalization;
using Compliance.Service.Cases;
using Compliance.Service.Projections;
using Domain = global::Compliance;
using Standings = Compliance.Qualifications;

namespace Compliance.Service.Tests.Reckoning;

/// <summary>Where the decisions that a history asks for are taken: by the running service, or in memory.</summary>
internal interface ISystemUnderHistory
{
    Reference Reference { get; }

    /// <summary>True unless refused.</summary>
    Task<bool> Execute<TState, TEvent>(Aggregate<TState, TEvent> aggregate, string stream, DateOnly today, Func<TState, Domain.Decision<TEvent>> decide)
        where TEvent : notnull;
}

/// <summary>
/// Applies the operations of one history to the system by the ordinary commands. Everything the history names gets a prefix,
/// so that many histories live side by side in one system and know nothing of each other.
/// </summary>
internal sealed class ServiceUnderHistory(ISystemUnderHistory system, string prefix)
{
    private const string Reason = "history";

    private static readonly Domain.Actor By = new("national", "history");

    private readonly HashSet<string> _institutions = [];

    public string Name(string id) => prefix + id;

    public Domain.Qualifications.QualificationId Name(Subject subject, Technique technique) => new(Name(subject), Name(technique));

    public Domain.Subject Name(Subject subject) =>
        subject.Kind == SubjectKind.Institution ? Domain.Subject.Institution(Name(subject.Id)) : Domain.Subject.Physician(Name(subject.Id));

    public static string Name(Technique technique) => technique == Technique.Neurovascular ? "neurovascular" : "comprehensive";

    /// <summary>Applies an operation other than the closing of a day; false when it was refused.</summary>
    public Task<bool> Apply(Timed next)
    {
        var today = next.Day;
        return next.Operation switch
        {
            PutInstitution o => Put(o, today),
            PutCoverage o => !_institutions.Contains(o.Institution) ? Task.FromResult(false) : Execute(
                Aggregates.Institutions, Domain.Registry.Institution.Stream(Name(o.Institution)), today, s => Domain.Registry.Institution.SetCoverage(s, Name(o.Technique), o.From, By)),
            PutPhysician o => Put(o, today),
            EnterLeave o => OnPhysician(o.Physician, today, s => Domain.Registry.Physician.EnterLeave(s, o.From, o.To, o.Reason, By)),
            ConfirmLeave o => OnPhysician(o.Physician, today, s =>
                s.Leaves.ElementAtOrDefault(o.Leave - 1) is { } leave ? Domain.Registry.Physician.ConfirmLeave(s, leave.Id, By) : Nothing("leave")),
            SetEnforcement o => Execute(
                Aggregates.Enforcements, Standings.Enforcement.Stream(Name(o.Technique), Name(o.Province)), today, s => Standings.Enforcement.Decide(s, new(
                    Name(o.Technique), Name(o.Province), Enum.Parse<Standings.EnforcementMode>(o.Mode.ToString()), o.From, Standings.RevocationMode.Confirmed, o.HoldAbove, today, By))),
            ImportQualification o => o.GrantedOn > today
                ? Task.FromResult(false)
                : OnQualification(o.Subject, o.Technique, today, s => Standings.Qualification.GrantIt(s, Name(o.Subject, o.Technique), o.GrantedOn, "import", imported: true, By)),
            ReportCase o => Report(o, today),
            AnnounceProcedure o => Announce(o, today),
            WithdrawAnnouncement o => Withdraw(o, today),
            CorrectCase o => o.Report.CompletedOn > today ? Task.FromResult(false) : OnCase(o.Case, today, s => Correct(s, o)),
            ReportComplication o => OnCase(o.Case, today, s =>
                Domain.Cases.Case.ReportComplication(s, Map(o.Complication, s.Complications.Count + 1), today, By)),
            ReportDeath o => OnCase(o.Case, today, s => Domain.Cases.Case.ReportDeath(s, Map(o.Death), today, By)),
            RecordIncident o => OnCase(o.Case, today, s => Domain.Cases.Case.RecordIncident(s, o.Grade, o.DeterminedOn, Map(o.Relation), By)),
            DeclareRelation o => OnCase(o.Case, today, s => Domain.Cases.Case.DeclareRelation(s, Name(s, o.Of), Map(o.Relation), Reason, By)),
            Withdraw o => OnCase(o.Case, today, s => Domain.Cases.Case.Withdraw(s, Name(s, o.Of), Reason, By)),
            Adjudicate o => OnCase(o.Case, today, s => Domain.Cases.Case.Adjudicate(s, Name(s, o.Of), Map(o.Relation), Reason, By)),
            VoidCase o => OnCase(o.Case, today, s => Domain.Cases.Case.Void(s, Reason, By)),
            DecideRequest o => OnCase(o.Case, today, s =>
                s.Requests.ElementAtOrDefault(o.Request - 1) is { } request ? Domain.Cases.Case.DecideRequest(s, request.Id, o.Agree, Reason, By) : Nothing("request")),
            Suspend o => OnQualification(o.Subject, o.Technique, today, s => s.Standing == Standings.Standing.Suspended
                ? Nothing("suspended")
                : Standings.Qualification.Suspend(s, "00", Reason, RectificationMonths(o.Technique, today), today, By)),
            Lift o => OnQualification(o.Subject, o.Technique, today, s => Standings.Qualification.Lift(s, Reason, today, By)),
            Annul o => OnQualification(o.Subject, o.Technique, today, s => Standings.Qualification.Annul(s, Reason, today, By)),
            Reassess o => OnQualification(o.Subject, o.Technique, today, s => Standings.Qualification.Reassess(s, o.Passed, Reason, HearUntil(o.Technique, today), today, By)),
            DecideProposal o => OnQualification(o.Subject, o.Technique, today, s => s.Proposals.ElementAtOrDefault(o.Proposal - 1) is { } proposal
                ? Standings.Qualification.DecideProposal(s, proposal.Id, o.Agree, Reason, RectificationMonths(o.Technique, today), today, By)
                : Nothing("proposal")),
            Revoke o => OnQualification(o.Subject, o.Technique, today, s => Standings.Qualification.Revoke(s, Reason, today, By)),
            Relinquish o => OnQualification(o.Subject, o.Technique, today, s => Standings.Qualification.Relinquish(s, Reason, today, By)),
            _ => throw new ArgumentOutOfRangeException(nameof(next), next, "no such operation"),
        };
    }

    private static Domain.Refusal Nothing(string what) => Domain.Refusal.NotFound("noSuchOrdinal", what);

    private Task<bool> Execute<TState, TEvent>(Aggregate<TState, TEvent> aggregate, string stream, DateOnly today, Func<TState, Domain.Decision<TEvent>> decide)
        where TEvent : notnull => system.Execute(aggregate, stream, today, decide);

    private Task<bool> OnPhysician(string id, DateOnly today, Func<Domain.Registry.Physician.State, Domain.Decision<Domain.Registry.Physician.Event>> decide) =>
        Execute(Aggregates.Physicians, Domain.Registry.Physician.Stream(Name(id)), today, decide);

    private Task<bool> OnQualification(
        Subject subject, Technique technique, DateOnly today, Func<Standings.Qualification.State, Domain.Decision<Standings.Qualification.Event>> decide) =>
        Execute(Aggregates.Qualifications, Standings.Qualification.Stream(Name(subject, technique)), today, decide);

    private Task<bool> OnCase(CaseKey key, DateOnly today, Func<Domain.Cases.Case.State, Domain.Decision<Domain.Cases.Case.Event>> decide) =>
        Execute(Aggregates.Cases, Domain.Cases.Case.Stream(Domain.Cases.Case.IdOf(Name(key.Institution), key.CaseNumber)), today, decide);

    private Domain.Regulations.ProceedingRules Proceedings(Technique technique, DateOnly today) => system.Reference.Regulations.InForce(Name(technique), today)!.InPractice.Proceedings;

    private int RectificationMonths(Technique technique, DateOnly today) => Proceedings(technique, today).RectificationMonths;

    private DateOnly HearUntil(Technique technique, DateOnly today) => system.Reference.Calendar.AddWorkingDays(today, Proceedings(technique, today).HearingWorkingDays);

    private async Task<bool> Put(PutInstitution o, DateOnly today)
    {
        _institutions.Add(o.Id);
        var entry = new Domain.Registry.Institution.Event.Registered(
            Name(o.Id), "医院", Name(o.Province), null, Enum.Parse<Domain.Registry.HospitalLevel>(o.Level, ignoreCase: true), null, today, By);
        return await Execute(Aggregates.Institutions, Domain.Registry.Institution.Stream(Name(o.Id)), today, s => Domain.Registry.Institution.Register(s, entry));
    }

    private Task<bool> Put(PutPhysician o, DateOnly today)
    {
        var entry = new Domain.Registry.Physician.Event.Registered(
            Name(o.Id), "医师", [.. o.Titles.Select(t => new Domain.Registry.DatedTitle(Enum.Parse<Domain.Registry.Title>(t.Title.ToString()), t.From))], "外科", "神经外科",
            [.. o.Registrations.Select(r => new Domain.Registry.Registration(Name(r.Institution), r.From, r.To, r.Main))], today, By);
        return OnPhysician(o.Id, today, s => Domain.Registry.Physician.Register(s, entry));
    }

    private Task<bool> Report(ReportCase o, DateOnly today)
    {
        if (o.Report.CompletedOn > today || !_institutions.Contains(o.Case.Institution))
        {
            return Task.FromResult(false);
        }

        var report = Map(o.Report, out var regulation);
        var timeliness = ReportingDeadline.Of(system.Reference, regulation, report, today);
        var outcome = new Domain.Cases.ReportedOutcome([.. o.Complications.Select((c, i) => Map(c, i + 1))], o.Death is null ? null : Map(o.Death));
        return OnCase(o.Case, today, s => Domain.Cases.Case.ReportCase(s, Name(o.Case.Institution), o.Case.CaseNumber, report, outcome, timeliness, [], By));
    }

    private async Task<bool> Announce(AnnounceProcedure o, DateOnly today)
    {
        if (o.CompletedOn > today || !_institutions.Contains(o.Case.Institution))
        {
            return false;
        }

        if (await CaseOf(o.Case, today) is { Report: not null } reported)
        {
            return !reported.Voided;
        }

        var report = Map(new CaseReport(o.Technique, o.Codes, o.Intent, o.CompletedOn, o.Operator ?? "nobody"), out var regulation);
        var said = new Domain.Cases.AnnouncedProcedure(
            report.Technique, report.ProcedureCodes, report.Intent, report.Therapeutic, report.Level, report.CompletedAt, report.CompletedOn, o.Operator is null ? null : report.Operator);
        return await OnProcedure(o.Case, today, s => Domain.Cases.Procedure.Announce(s, Name(o.Case.Institution), o.Case.CaseNumber, said, ReportingDeadline.Of(system.Reference, regulation, said, today), By));
    }

    private async Task<bool> Withdraw(WithdrawAnnouncement o, DateOnly today)
    {
        var reported = (await CaseOf(o.Case, today)).Report is not null;
        return await OnProcedure(o.Case, today, s => Domain.Cases.Procedure.Withdraw(
            s, s.Said is null ? null : ReportingDeadline.Now(system.Reference, s).Deadline, reported, o.ByRegulator, Reason, today, By));
    }

    private async Task<Domain.Cases.Case.State> CaseOf(CaseKey key, DateOnly today)
    {
        var known = Domain.Cases.Case.State.Initial;
        await OnCase(key, today, s =>
        {
            known = s;
            return Domain.Decision<Domain.Cases.Case.Event>.Nothing;
        });
        return known;
    }

    private Task<bool> OnProcedure(CaseKey key, DateOnly today, Func<Domain.Cases.Procedure.State, Domain.Decision<Domain.Cases.Procedure.Event>> decide) =>
        Execute(Aggregates.Procedures, Domain.Cases.Procedure.Stream(Domain.Cases.Case.IdOf(Name(key.Institution), key.CaseNumber)), today, decide);

    private Domain.Decision<Domain.Cases.Case.Event> Correct(Domain.Cases.Case.State state, CorrectCase o)
    {
        if (state.Report is null)
        {
            return Nothing("case");
        }

        var report = Map(o.Report, out var regulation);
        return Domain.Cases.Case.Correct(state, report, ReportingDeadline.Corrected(system.Reference, regulation, state, report), Reason, By);
    }

    private Domain.Cases.CaseReport Map(CaseReport report, out Domain.Regulations.Regulation regulation)
    {
        regulation = system.Reference.Regulations.ReportDefinitions(Name(report.Technique), report.CompletedOn)!;
        var intent = Enum.Parse<Domain.Cases.Intent>(report.Intent.ToString());
        return new(
            Name(report.Technique), report.Codes, [], intent, regulation.InPractice.IsTherapeutic(intent == Domain.Cases.Intent.Therapeutic, report.Codes), regulation.InPractice.HighestLevel(report.Codes),
            TestService.Noon(report.CompletedOn), report.CompletedOn, Name(report.Operator), null, [], [], null, null, null, null, null, null, []);
    }

    // A code of its own for each, so that two alike are two: only a code already there is a repetition.
    private static Domain.Cases.ReportedComplication Map(ReportedComplication c, int ordinal) =>
        new("other" + ordinal.ToString(CultureInfo.InvariantCulture), c.Severe, c.OccurredOn, Map(c.Relation));

    private static Domain.Cases.ReportedDeath Map(ReportedDeath d) => new(d.OccurredOn, Map(d.Relation));

    private static readonly FrozenDictionary<Relation, Domain.Cases.Relation> Relations =
        Enum.GetValues<Relation>().ToFrozenDictionary(r => r, r => Enum.Parse<Domain.Cases.Relation>(r.ToString()));

    private static Domain.Cases.Relation Map(Relation relation) => Relations[relation];

    private static string Name(Domain.Cases.Case.State state, Target of) => of.Kind switch
    {
        OutcomeKind.Death => Domain.Cases.Case.TheDeath,
        OutcomeKind.Complication => state.Complications.ElementAtOrDefault(of.Ordinal - 1)?.Id.ToString("D") ?? "none",
        _ => state.Incidents.ElementAtOrDefault(of.Ordinal - 1)?.Id.ToString("D") ?? "none",
    };
}
