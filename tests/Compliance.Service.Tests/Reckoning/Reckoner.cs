namespace Compliance.Service.Tests.Reckoning;

/// <summary>
/// What domain.md says, reckoned the plainest way: facts in lists, every question answered by loops over days and cases, nothing
/// kept in step. It knows no type of the service, its own calendar and its own table of clauses. Operations are applied in the
/// order in which they reach the system; every question is answered with all that was applied until then.
/// </summary>
public sealed class Reckoner(Readings? readings = null)
{
    private enum Effect { Warn, Suspend, SuspendAfter90Days }

    private sealed record Clause(string Id, Effect Effect);

    private sealed class RecordedOutcome
    {
        public required bool Severe { get; init; }
        public required Relation Declared { get; set; }
        public Relation? Adjudicated { get; set; }
        public bool Withdrawn { get; set; }
        public DateOnly DeterminedOn { get; init; }
        public required DateOnly On { get; init; }
        public int Grade { get; init; }

        public bool Counts => !Withdrawn && (Adjudicated ?? Declared) != Relation.Unrelated;

        public bool Possible => !Withdrawn && Adjudicated != Relation.Unrelated;
    }

    private sealed class Request
    {
        public required Operation Wanted { get; init; }
        public bool Decided { get; set; }
    }

    private sealed class CaseFile
    {
        public required CaseKey Key { get; init; }
        public required CaseReport Report { get; set; }
        public required DateOnly ReceivedOn { get; init; }
        public bool Voided { get; set; }
        public List<RecordedOutcome> Complications { get; } = [];
        public List<RecordedOutcome> Deaths { get; } = [];
        public List<RecordedOutcome> IncidentsRecorded { get; } = [];
        public List<Request> Requests { get; } = [];

        public bool Severe => Complications.Any(c => c.Severe && c.Counts);

        public bool PossiblySevere => Complications.Any(c => c.Severe && c.Possible);

        public bool Dead => Deaths.Any(d => d.Counts);

        public bool PossiblyDead => Deaths.Any(d => d.Possible);

        public bool HasHarm => Deaths.Any(d => !d.Withdrawn) || Complications.Any(c => c.Severe && !c.Withdrawn) || IncidentsRecorded.Count > 0;

        public RecordedOutcome? Find(Target of) => of.Kind switch
        {
            OutcomeKind.Death => Deaths.LastOrDefault(d => !d.Withdrawn),
            OutcomeKind.Complication => Complications.ElementAtOrDefault(of.Ordinal - 1),
            _ => IncidentsRecorded.ElementAtOrDefault(of.Ordinal - 1),
        };
    }

    private sealed class Announcement
    {
        public required AnnounceProcedure Said { get; init; }
        public bool Withdrawn { get; set; }
    }

    private sealed class Suspension
    {
        public required DateOnly EffectiveOn { get; init; }
        public required DateOnly? JudgedOn { get; init; }
        public required List<string> Suspending { get; init; }
        public required Standing Before { get; init; }

        /// <summary>First day no longer suspended; null while it lasts.</summary>
        public DateOnly? Until { get; set; }

        public bool Annulled { get; set; }
        public bool Undermined { get; set; }

        /// <summary>What was learnt when the grounds were last found to stand.</summary>
        public int StoodAt { get; set; } = -1;

        public bool Lasted(DateOnly day) => EffectiveOn <= day && (Until is null || day < Until);
    }

    private sealed class Proposal
    {
        public required int Number { get; init; }
        public required ProposalKind Kind { get; init; }
        public required DateOnly? JudgedOn { get; init; }
        public required List<string> Grounds { get; init; }
        public required List<string> Suspending { get; init; }
        public required bool Held { get; init; }
        public required DateOnly ProposedOn { get; init; }
        public ProposalState State { get; set; } = ProposalState.Pending;
        public DateOnly? DecidedOn { get; set; }

        /// <summary>Five working days to ask for a hearing, which nobody here does: until they are over nobody is revoked.</summary>
        public bool MayStillBeHeardOn(DateOnly day) => Kind == ProposalKind.Revocation && day <= WorkingDays.After(ProposedOn, 5);
    }

    private sealed class Grant
    {
        public required DateOnly GrantedOn { get; init; }

        /// <summary>First day no longer valid.</summary>
        public DateOnly? Ended { get; set; }
    }

    private sealed class Qualification
    {
        public required Subject Subject { get; init; }
        public required Technique Technique { get; init; }
        public List<Grant> Grants { get; } = [];
        public List<DateOnly> FreshStarts { get; } = [];
        public Standing Standing { get; set; } = Standing.Good;
        public List<Suspension> Suspensions { get; } = [];
        public List<Proposal> Proposals { get; } = [];

        /// <summary>First closing of each clause's present run of breached and binding closings, as judged then.</summary>
        public Dictionary<string, DateOnly> Runs { get; } = [];

        /// <summary>First closing of the present stretch under confirm or enforce.</summary>
        public DateOnly? EnforcedSince { get; set; }

        public Suspension? StandingSuspension => Standing == Standing.Suspended ? Suspensions[^1] : null;

        public Proposal? Pending(ProposalKind kind) => Proposals.Find(p => p.Kind == kind && p.State == ProposalState.Pending);
    }

    private sealed record Leave(string Physician, DateOnly From, DateOnly To)
    {
        public bool Confirmed { get; set; }
    }

    private readonly Readings _readings = readings ?? Readings.Chosen;
    private readonly Dictionary<string, PutInstitution> _institutions = [];
    private readonly Dictionary<string, PutPhysician> _physicians = [];
    private readonly List<PutCoverage> _coverages = [];
    private readonly List<Leave> _leaves = [];
    private readonly List<SetEnforcement> _enforcements = [];
    private readonly List<CaseFile> _cases = [];
    private readonly Dictionary<CaseKey, CaseFile> _caseByKey = [];
    private readonly Dictionary<CaseKey, Announcement> _announced = [];
    private readonly List<Qualification> _qualifications = [];
    private readonly List<Decision> _decisions = [];
    private readonly Dictionary<DateOnly, DateOnly> _settled = [];
    private readonly Dictionary<(Subject, Technique), List<CaseFile>> _casesOf = [];
    private DateOnly _today;

    /// <summary>Grows with everything that is learnt, so that what was looked at once is looked at again only then.</summary>
    private int _learnt;

    // ---------------------------------------------------------------- the clauses, typed from domain.md

    private static readonly Clause[] NeurovascularInstitution =
    [
        new("NV-VOL-INST", Effect.Warn),
        new("NV-VOL-INST-TX", Effect.SuspendAfter90Days),
        new("NV-RATE-COMP", Effect.Suspend),
        new("NV-RATE-MORT", Effect.Suspend),
        new("NV-MORT-LOWVOL", Effect.Suspend),
        new("NV-INST-PHYS-2", Effect.Warn),
    ];

    private static readonly Clause[] NeurovascularPhysician =
    [
        new("NV-PHYS-30", Effect.SuspendAfter90Days),
        new("NV-RATE-COMP", Effect.Warn),
        new("NV-RATE-MORT", Effect.Warn),
        new("NV-MORT-LOWVOL", Effect.Warn),
    ];

    private static readonly Clause[] ComprehensiveInstitution =
    [
        new("CI3-VOL-INST", Effect.Warn),
        new("CI-RATE-COMP", Effect.Suspend),
        new("CI-RATE-MORT", Effect.Suspend),
        new("CI-ACCIDENT-0", Effect.Suspend),
        new("CI3-PHYS-2", Effect.Warn),
    ];

    private static readonly Clause[] ComprehensivePhysician =
    [
        new("CI3-PHYS-30", Effect.SuspendAfter90Days),
        new("CI-RATE-COMP", Effect.Warn),
        new("CI-RATE-MORT", Effect.Warn),
    ];

    private static Clause[] ClausesOf(Subject subject, Technique technique) => (technique, subject.Kind) switch
    {
        (Technique.Neurovascular, SubjectKind.Institution) => NeurovascularInstitution,
        (Technique.Neurovascular, SubjectKind.Physician) => NeurovascularPhysician,
        (Technique.Comprehensive, SubjectKind.Institution) => ComprehensiveInstitution,
        _ => ComprehensivePhysician,
    };

    private static int GuidelineVolume(Technique technique) => technique == Technique.Neurovascular ? 100 : 300;

    // ---------------------------------------------------------------- questions

    /// <summary>The day of the last operation applied.</summary>
    public DateOnly Today => _today;

    /// <summary>The last day closed; null before the first closing.</summary>
    public DateOnly? LastClosed { get; private set; }

    public IEnumerable<string> Institutions => _institutions.Keys;

    public IEnumerable<string> Physicians => _physicians.Keys;

    public IEnumerable<(Subject Subject, Technique Technique)> Qualified => _qualifications.Select(q => (q.Subject, q.Technique));

    /// <summary>Everything decided, in the order of recording; within one closing in no meaningful order across qualifications.</summary>
    public IReadOnlyList<Decision> Decisions => _decisions;

    public IReadOnlyList<Decision> DecisionsOn(Subject subject, Technique technique) =>
        _decisions.Where(d => d.Subject == subject && d.Technique == technique).ToList();

    /// <summary>As last decided, in effect already or not; null without a qualification.</summary>
    public Standing? StandingOf(Subject subject, Technique technique) => Find(subject, technique)?.Standing;

    public bool IsValid(Subject subject, Technique technique, DateOnly day) => Find(subject, technique) is { } q && ValidOn(q, day);

    public IReadOnlyList<ProposalShown> Proposals(Subject subject, Technique technique) =>
        Find(subject, technique)?.Proposals.Select(p => new ProposalShown(p.Number, p.Kind, p.State, p.JudgedOn, p.Held, p.Grounds)).ToList() ?? [];

    /// <summary>The effective day of the suspension that stands; null where none does.</summary>
    public DateOnly? SuspendedFrom(Subject subject, Technique technique) => Find(subject, technique)?.StandingSuspension?.EffectiveOn;

    public bool IsUndermined(Subject subject, Technique technique) => Find(subject, technique)?.StandingSuspension?.Undermined ?? false;

    public Mode EnforcementOn(Subject subject, Technique technique, DateOnly day) => SettingOn(subject, technique, day)?.Mode ?? Mode.Observe;

    public Metrics Metrics(Subject subject, Technique technique, DateOnly asOf)
    {
        var from = FirstOfRollingYear(asOf);
        var t = Count(subject, technique, from, asOf);
        int late = 0, overdue = 0;
        foreach (var c in _cases)
        {
            if (!Belongs(c, subject, technique) || c.Report.CompletedOn < from || c.Report.CompletedOn > asOf || !HasDeadline(c.Report))
            {
                continue;
            }
            var deadline = WorkingDays.Deadline(c.Report.CompletedOn);
            if (c.ReceivedOn > deadline && c.ReceivedOn <= asOf)
            {
                late++;
            }
            if (c.ReceivedOn > asOf && deadline < asOf)
            {
                overdue++;
            }
        }
        foreach (var (key, announcement) in _announced)
        {
            var said = announcement.Said;
            if (!announcement.Withdrawn && !_caseByKey.ContainsKey(key)
                && said.Technique == technique && (subject.Kind == SubjectKind.Institution ? key.Institution : said.Operator) == subject.Id
                && said.CompletedOn >= from && said.CompletedOn <= asOf
                && HasDeadline(AsReport(said)) && WorkingDays.Deadline(said.CompletedOn) < asOf)
            {
                overdue++;
            }
        }
        var neurovascular = technique == Technique.Neurovascular;
        return new Metrics(
            from, asOf, t.Cases, t.Diagnostic, t.Therapeutic, t.Level3Plus, t.Level3PlusTherapeutic,
            t.Severe, t.TherapeuticSevere, t.Deaths, t.TherapeuticDeaths, t.PossiblySevere, t.PossibleDeaths,
            t.Incidents, t.SeriousIncidents, late, overdue,
            neurovascular ? new Ratio(t.TherapeuticSevere, t.Therapeutic) : new Ratio(t.Severe, t.Cases),
            neurovascular ? new Ratio(t.TherapeuticDeaths, t.Therapeutic) : new Ratio(t.Deaths, t.Cases));
    }

    public IReadOnlyList<ShownFinding> Findings(Subject subject, Technique technique, DateOnly asOf)
    {
        var runs = Find(subject, technique)?.Runs;
        return ClausesOf(subject, technique)
            .Select(c => new ShownFinding(
                Judge(c.Id, subject, technique, asOf, current: false),
                Judge(c.Id, subject, technique, asOf, current: true),
                runs is not null && runs.TryGetValue(c.Id, out var since) ? since : null))
            .ToList();
    }

    public Overall Overall(Subject subject, Technique technique, DateOnly asOf)
    {
        var findings = Findings(subject, technique, asOf);
        if (findings.Any(f => f.Judged.BreachedAndBinding))
        {
            return Reckoning.Overall.Breached;
        }
        if (findings.Any(f => f.Judged.Outcome == Outcome.Breached)
            || findings.Any(f => f.Current.Outcome == Outcome.Breached)
            || ClausesOf(subject, technique).Any(c => Judge(c.Id, subject, technique, asOf, current: false, possible: true).Outcome == Outcome.Breached))
        {
            return Reckoning.Overall.AtRisk;
        }
        return findings.All(f => f.Judged.Outcome is Outcome.NotMeasurable or Outcome.NotApplicable)
            ? Reckoning.Overall.NotMeasurable
            : Reckoning.Overall.Compliant;
    }

    // ---------------------------------------------------------------- counting

    private sealed class Tally
    {
        public int Cases, Diagnostic, Therapeutic, Level3Plus, Level3PlusTherapeutic;
        public int Severe, TherapeuticSevere, Deaths, TherapeuticDeaths;
        public int PossiblySevere, TherapeuticPossiblySevere, PossibleDeaths, TherapeuticPossibleDeaths;
        public int Incidents, SeriousIncidents;
    }

    private static bool Belongs(CaseFile c, Subject subject, Technique technique) =>
        !c.Voided && c.Report.Technique == technique
        && (subject.Kind == SubjectKind.Institution ? c.Key.Institution == subject.Id : c.Report.Operator == subject.Id);

    private static int Level(CaseReport report) => report.Codes.Count == 0 ? 0 : report.Codes.Max(code => code[4] - '0');

    private static bool IsTherapeutic(CaseReport report) =>
        report.Intent == Intent.Therapeutic || report.Codes.Any(code => code is "CI-L3-13" or "CI-L4-05");

    private static CaseReport AsReport(AnnounceProcedure said) => new(said.Technique, said.Codes, said.Intent, said.CompletedOn, said.Operator ?? "");

    private static bool HasDeadline(CaseReport report) =>
        report.Technique == Technique.Neurovascular ? IsTherapeutic(report) : Level(report) >= 3;

    private Tally Count(Subject subject, Technique technique, DateOnly from, DateOnly to)
    {
        var t = new Tally();
        if (!_casesOf.TryGetValue((subject, technique), out var mine))
        {
            _casesOf[(subject, technique)] = mine = _cases.FindAll(c => Belongs(c, subject, technique));
        }
        foreach (var c in mine)
        {
            foreach (var incident in c.IncidentsRecorded)
            {
                if (incident.Counts && from <= incident.DeterminedOn && incident.DeterminedOn <= to)
                {
                    t.Incidents++;
                    t.SeriousIncidents += incident.Grade <= 2 ? 1 : 0;
                }
            }
            if (c.Report.CompletedOn < from || c.Report.CompletedOn > to)
            {
                continue;
            }
            var therapeutic = IsTherapeutic(c.Report) ? 1 : 0;
            var high = Level(c.Report) >= 3 ? 1 : 0;
            t.Cases++;
            t.Therapeutic += therapeutic;
            t.Diagnostic += 1 - therapeutic;
            t.Level3Plus += high;
            t.Level3PlusTherapeutic += high * therapeutic;
            var severe = c.Severe ? 1 : 0;
            t.Severe += severe;
            t.TherapeuticSevere += severe * therapeutic;
            var dead = c.Dead ? 1 : 0;
            t.Deaths += dead;
            t.TherapeuticDeaths += dead * therapeutic;
            var possiblySevere = c.PossiblySevere ? 1 : 0;
            t.PossiblySevere += possiblySevere;
            t.TherapeuticPossiblySevere += possiblySevere * therapeutic;
            var possiblyDead = c.PossiblyDead ? 1 : 0;
            t.PossibleDeaths += possiblyDead;
            t.TherapeuticPossibleDeaths += possiblyDead * therapeutic;
        }
        return t;
    }

    // ---------------------------------------------------------------- judging

    private static DateOnly FirstOfRollingYear(DateOnly last) => last.AddYears(-1).AddDays(1);

    private DateOnly Settled(DateOnly asOf)
    {
        if (!_settled.TryGetValue(asOf, out var settled))
        {
            _settled[asOf] = settled = WorkingDays.SettledDay(asOf);
        }
        return settled;
    }

    private Observation Observe(Subject subject, Technique technique, DateOnly asOf, DateOnly to)
    {
        var first = FirstOfRollingYear(to);
        var from = first;
        if (TookEffect(subject, technique, asOf) is { } tookEffect && tookEffect > from)
        {
            from = tookEffect;
        }
        if (Coverage(subject, technique, asOf) is { } coverage && coverage > from)
        {
            from = coverage;
        }
        return new Observation(from, to, from == first);
    }

    /// <summary>The last grant, lift or reinstatement on or before the day; null where there was none.</summary>
    private DateOnly? TookEffect(Subject subject, Technique technique, DateOnly asOf)
    {
        DateOnly? last = null;
        if (Find(subject, technique) is { } q)
        {
            foreach (var day in q.Grants.Select(g => g.GrantedOn).Concat(q.FreshStarts))
            {
                if (day <= asOf && (last is null || day > last))
                {
                    last = day;
                }
            }
        }
        return last;
    }

    private DateOnly? Coverage(Subject subject, Technique technique, DateOnly asOf)
    {
        if (subject.Kind == SubjectKind.Institution)
        {
            return _coverages.LastOrDefault(c => c.Institution == subject.Id && c.Technique == technique)?.From;
        }
        DateOnly? latest = null;
        foreach (var registration in RegistrationsOn(subject.Id, asOf))
        {
            if (Coverage(Subject.Institution(registration.Institution), technique, asOf) is { } from && (latest is null || from > latest))
            {
                latest = from;
            }
        }
        return latest;
    }

    /// <summary>Kept as long as nothing is learnt: the same day is asked for on every closing of a year.</summary>
    private readonly Dictionary<(string Physician, Technique Technique, DateOnly Day), bool> _keptAway = [];

    private int _keptAwayAt = -1;

    private bool WasKeptAway(string physician, Technique technique, DateOnly day)
    {
        if (_keptAwayAt != _learnt)
        {
            _keptAway.Clear();
            _keptAwayAt = _learnt;
        }
        if (!_keptAway.TryGetValue((physician, technique, day), out var kept))
        {
            var places = RegistrationsOn(physician, day);
            kept = places.Count > 0 && places.TrueForAll(p => SuspensionLasted(Subject.Institution(p.Institution), technique, day));
            _keptAway[(physician, technique, day)] = kept;
        }
        return kept;
    }

    private List<Registration> RegistrationsOn(string physician, DateOnly day) =>
        _physicians.TryGetValue(physician, out var p) ? p.Registrations.Where(r => r.Covers(day)).ToList() : [];

    private Title? TitleOn(string physician, DateOnly day)
    {
        if (!_physicians.TryGetValue(physician, out var p))
        {
            return null;
        }
        TitleFrom? last = null;
        foreach (var title in p.Titles)
        {
            if (title.From <= day && (last is null || title.From > last.From))
            {
                last = title;
            }
        }
        return last?.Title;
    }

    /// <summary>The first day, and the days on which the title can be another than the day before.</summary>
    private IEnumerable<DateOnly> DaysOfNewTitles(string physician, Observation observation) =>
        observation.From > observation.To ? []
        : _physicians.TryGetValue(physician, out var p) ? p.Titles.Select(t => t.From).Where(d => observation.From < d && d <= observation.To).Prepend(observation.From)
        : [observation.From];

    private bool IsSenior(string physician, DateOnly day) => TitleOn(physician, day) is Title.AssociateChief or Title.Chief;

    private bool IsExcused(Subject subject, Technique technique, DateOnly from, DateOnly to)
    {
        if (from > to)
        {
            return false;
        }
        if (Find(subject, technique) is { } own && own.Suspensions.Exists(s => s.EffectiveOn <= to && (s.Until is null || (from < s.Until && s.EffectiveOn < s.Until))))
        {
            return true;
        }
        if (subject.Kind == SubjectKind.Institution)
        {
            return false;
        }
        if (_leaves.Exists(l => l.Confirmed && l.Physician == subject.Id && l.From <= to && from <= l.To && l.From <= l.To))
        {
            return true;
        }
        foreach (var institution in _qualifications.Where(q => q.Subject.Kind == SubjectKind.Institution && q.Technique == technique))
        {
            foreach (var suspension in institution.Suspensions)
            {
                for (var day = from > suspension.EffectiveOn ? from : suspension.EffectiveOn; day <= to && suspension.Lasted(day); day = day.AddDays(1))
                {
                    if (WasKeptAway(subject.Id, technique, day))
                    {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// <summary>Whether a suspension was in effect that day as matters then stood: one annulled later lasted until then.</summary>
    private bool SuspensionLasted(Subject subject, Technique technique, DateOnly day) =>
        Find(subject, technique) is { } q && q.Suspensions.Exists(s => s.Lasted(day));

    /// <summary>Whether a suspension was in effect that day as matters stand now.</summary>
    private bool SuspendedOn(Qualification q, DateOnly day) =>
        q.Suspensions.Exists(s => s.Lasted(day) && !(s.Annulled && _readings.AnnulledReachesBack));

    private static bool ValidOn(Qualification q, DateOnly day) =>
        q.Grants.Exists(g => g.GrantedOn <= day && (g.Ended is null || day < g.Ended));

    /// <param name="hurried">Only whether the clause is breached and binding will be asked of the finding.</param>
    private Finding Judge(string clause, Subject subject, Technique technique, DateOnly asOf, bool current, bool possible = false, bool hurried = false)
    {
        var day = current ? asOf : Settled(asOf);
        var observation = Observe(subject, technique, asOf, day);
        switch (clause)
        {
            case "NV-VOL-INST":
                return Floor(Counted().Cases, 100);
            case "NV-VOL-INST-TX":
            case "NV-PHYS-30":
                return Floor(Counted().Therapeutic, 30);
            case "CI3-VOL-INST":
                return Floor(Counted().Level3Plus, 300);
            case "CI3-PHYS-30":
                foreach (var d in DaysOfNewTitles(subject.Id, observation))
                {
                    if (!IsSenior(subject.Id, d))
                    {
                        return new Finding(clause, Outcome.NotApplicable, false, day, observation, Counted().Level3PlusTherapeutic, null, null);
                    }
                }
                return Floor(Counted().Level3PlusTherapeutic, 30);

            case "NV-RATE-COMP":
                {
                    var t = Counted();
                    return Rate(possible ? t.TherapeuticPossiblySevere : t.TherapeuticSevere, t.Therapeutic, 6);
                }
            case "NV-RATE-MORT":
                {
                    var t = Counted();
                    var deaths = possible ? t.TherapeuticPossibleDeaths : t.TherapeuticDeaths;
                    return t.Therapeutic < 100
                        ? new Finding(clause, Outcome.NotApplicable, !current, day, observation, null, deaths, t.Therapeutic)
                        : Rate(deaths, t.Therapeutic, 3);
                }
            case "NV-MORT-LOWVOL":
                {
                    var t = Counted();
                    var deaths = possible ? t.TherapeuticPossibleDeaths : t.TherapeuticDeaths;
                    var outcome = t.Therapeutic switch
                    {
                        >= 100 => Outcome.NotApplicable,
                        0 => Outcome.NotMeasurable,
                        _ => deaths <= 3 ? Outcome.Met : Outcome.Breached,
                    };
                    return new Finding(clause, outcome, !current, day, observation, deaths, deaths, t.Therapeutic);
                }
            case "CI-RATE-COMP":
                {
                    var t = Counted();
                    return Rate(possible ? t.PossiblySevere : t.Severe, t.Cases, 5);
                }
            case "CI-RATE-MORT":
                {
                    var t = Counted();
                    return Rate(possible ? t.PossibleDeaths : t.Deaths, t.Cases, 1);
                }
            case "CI-ACCIDENT-0":
                {
                    var year = Observe(subject, technique, asOf, asOf);
                    var incidents = Count(subject, technique, year.From, year.To).Incidents;
                    return new Finding(clause, incidents == 0 ? Outcome.Met : Outcome.Breached, !current, asOf, year, incidents, null, null);
                }
            case "NV-INST-PHYS-2":
                return Staff(oneSenior: false);
            case "CI3-PHYS-2":
                return Staff(oneSenior: true);
            default:
                throw new ArgumentOutOfRangeException(nameof(clause), clause, "no such clause");
        }

        Tally Counted() => Count(subject, technique, observation.From, observation.To);

        Finding Floor(int count, int least)
        {
            var binding = !current && observation.Complete && !(hurried && count >= least) && !IsExcused(subject, technique, observation.From, observation.To);
            return new Finding(clause, count >= least ? Outcome.Met : Outcome.Breached, binding, day, observation, count, null, null);
        }

        Finding Rate(int numerator, int denominator, int percent)
        {
            if (denominator == 0)
            {
                return new Finding(clause, Outcome.NotMeasurable, !current, day, observation, null, numerator, denominator);
            }
            var judged = observation.Complete ? denominator : Math.Max(denominator, GuidelineVolume(technique));
            var met = 100L * numerator < (long)percent * judged;
            return new Finding(clause, met ? Outcome.Met : Outcome.Breached, !current, day, observation, null, numerator, judged);
        }

        Finding Staff(bool oneSenior)
        {
            int active = 0, senior = 0;
            foreach (var physician in _physicians.Keys)
            {
                if (!RegistrationsOn(physician, asOf).Exists(r => r.Main && r.Institution == subject.Id)
                    || Find(Subject.Physician(physician), technique) is not { } q
                    || !ValidOn(q, asOf)
                    || SuspendedOn(q, asOf))
                {
                    continue;
                }
                active++;
                senior += IsSenior(physician, asOf) ? 1 : 0;
            }
            var met = active >= 2 && (!oneSenior || senior >= 1);
            var that = new Observation(asOf, asOf, Observe(subject, technique, asOf, asOf).Complete);
            return new Finding(clause, met ? Outcome.Met : Outcome.Breached, !current, asOf, that, active, null, null);
        }
    }

    // ---------------------------------------------------------------- enforcement

    private string? ProvinceOn(Subject subject, DateOnly day)
    {
        if (subject.Kind == SubjectKind.Institution)
        {
            return _institutions.TryGetValue(subject.Id, out var put) ? put.Province : null;
        }
        if (!_physicians.TryGetValue(subject.Id, out var physician))
        {
            return null;
        }
        Registration? main = null;
        foreach (var registration in physician.Registrations)
        {
            if (registration.Main && registration.Covers(day))
            {
                main = registration;
                break;
            }
            if (registration.Main && registration.From <= day && (main is null || registration.From > main.From))
            {
                main = registration;
            }
        }
        return main is not null && _institutions.TryGetValue(main.Institution, out var institution) ? institution.Province : null;
    }

    private SetEnforcement? SettingOn(Subject subject, Technique technique, DateOnly day) =>
        ProvinceOn(subject, day) is { } province
            ? _enforcements.LastOrDefault(e => e.Technique == technique && e.Province == province && e.From <= day)
            : null;

    // ---------------------------------------------------------------- what happens

    /// <summary>Applies the next operation; false when the system must refuse it, and then nothing changes.</summary>
    public bool Apply(Timed next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.Day < _today)
        {
            throw new InvalidOperationException($"{next} comes before {_today:O}");
        }
        _today = next.Day;
        if (next.Operation is not CloseDay)
        {
            _learnt++;
            _casesOf.Clear();
        }
        return next.Operation switch
        {
            PutInstitution o => Done(() => _institutions[o.Id] = o),
            PutPhysician o => Done(() => _physicians[o.Id] = o),
            PutCoverage o => Done(() => _coverages.Add(o)),
            EnterLeave o => Done(() => _leaves.Add(new Leave(o.Physician, o.From, o.To))),
            ConfirmLeave o => Confirm(o),
            SetEnforcement o => o.From >= _today && Done(() => _enforcements.Add(o)),
            ImportQualification o => Import(o),
            ReportCase o => Report(o),
            AnnounceProcedure o => Announce(o),
            WithdrawAnnouncement o => WithdrawAnnounced(o),
            CorrectCase o => OnCase(o.Case, c => Correct(c, o)),
            ReportComplication o => OnCase(o.Case, c => Done(() => c.Complications.Add(
                new RecordedOutcome { Severe = o.Complication.Severe, Declared = o.Complication.Relation, On = o.Complication.OccurredOn }))),
            ReportDeath o => OnCase(o.Case, c => c.Find(Target.Death) is null && Done(() => c.Deaths.Add(
                new RecordedOutcome { Severe = true, Declared = o.Death.Relation, On = o.Death.OccurredOn }))),
            RecordIncident o => OnCase(o.Case, c => Done(() => c.IncidentsRecorded.Add(
                new RecordedOutcome { Severe = true, Declared = o.Relation, Grade = o.Grade, DeterminedOn = o.DeterminedOn, On = o.DeterminedOn }))),
            DeclareRelation o => OnCase(o.Case, c => Declare(c, o)),
            Withdraw o => OnCase(o.Case, c => WithdrawFrom(c, o)),
            Adjudicate o => OnCase(o.Case, c => c.Find(o.Of) is { Withdrawn: false } outcome && Done(() => outcome.Adjudicated = o.Relation)),
            VoidCase o => OnCase(o.Case, c => Void(c, o)),
            DecideRequest o => OnCase(o.Case, c => Decide(c, o)),
            Suspend o => OnQualification(o.Subject, o.Technique, SuspendByRegulator),
            Lift o => OnQualification(o.Subject, o.Technique, LiftSuspension),
            Annul o => OnQualification(o.Subject, o.Technique, AnnulSuspension),
            Reassess o => OnQualification(o.Subject, o.Technique, q => ReassessSuspended(q, o.Passed)),
            DecideProposal o => OnQualification(o.Subject, o.Technique, q => Decide(q, o)),
            Revoke o => OnQualification(o.Subject, o.Technique, RevokeByRegulator),
            Relinquish o => OnQualification(o.Subject, o.Technique, GiveUp),
            CloseDay o => Done(() => Close(o.Closed)),
            _ => throw new ArgumentOutOfRangeException(nameof(next), next, "no such operation"),
        };
    }

    public static Reckoner After(History history, Readings? readings = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        var reckoner = new Reckoner(readings);
        foreach (var next in history.Operations)
        {
            reckoner.Apply(next);
        }
        return reckoner;
    }

    private static bool Done(Action change)
    {
        change();
        return true;
    }

    private bool Confirm(ConfirmLeave o)
    {
        var leave = _leaves.Where(l => l.Physician == o.Physician).ElementAtOrDefault(o.Leave - 1);
        return leave is not null && Done(() => leave.Confirmed = true);
    }

    // cases

    private bool OnCase(CaseKey key, Func<CaseFile, bool> act) => _caseByKey.TryGetValue(key, out var c) && !c.Voided && act(c);

    private bool Report(ReportCase o)
    {
        if (o.Report.CompletedOn > _today || !_institutions.ContainsKey(o.Case.Institution) || _caseByKey.ContainsKey(o.Case))
        {
            return false;
        }
        var c = new CaseFile { Key = o.Case, Report = o.Report, ReceivedOn = _today };
        foreach (var complication in o.Complications)
        {
            c.Complications.Add(new RecordedOutcome { Severe = complication.Severe, Declared = complication.Relation, On = complication.OccurredOn });
        }
        if (o.Death is not null)
        {
            c.Deaths.Add(new RecordedOutcome { Severe = true, Declared = o.Death.Relation, On = o.Death.OccurredOn });
        }
        _cases.Add(c);
        _caseByKey.Add(o.Case, c);
        return true;
    }

    private bool Announce(AnnounceProcedure o)
    {
        if (o.CompletedOn > _today || !_institutions.ContainsKey(o.Case.Institution))
        {
            return false;
        }
        if (_caseByKey.TryGetValue(o.Case, out var reported))
        {
            return !reported.Voided;
        }
        if (_announced.TryGetValue(o.Case, out var before) && before.Withdrawn == before.Said.SameAs(o))
        {
            // What was withdrawn does not come back as it was; what stands is not replaced.
            return false;
        }
        if (before is null || before.Withdrawn)
        {
            _announced[o.Case] = new Announcement { Said = o };
        }
        return true;
    }

    private bool WithdrawAnnounced(WithdrawAnnouncement o)
    {
        if (!_announced.TryGetValue(o.Case, out var announcement))
        {
            return false;
        }
        if (announcement.Withdrawn)
        {
            return true;
        }
        if (_caseByKey.ContainsKey(o.Case)
            || (!o.ByRegulator && HasDeadline(AsReport(announcement.Said)) && WorkingDays.Deadline(announcement.Said.CompletedOn) < _today))
        {
            return false;
        }
        announcement.Withdrawn = true;
        return true;
    }

    private bool Correct(CaseFile c, CorrectCase o)
    {
        if (o.Report.CompletedOn > _today)
        {
            return false;
        }
        if (o.Report.SameAs(c.Report))
        {
            return true;
        }
        if (c.Requests.FirstOrDefault(r => r is { Decided: false, Wanted: CorrectCase }) is { Wanted: CorrectCase waiting })
        {
            // What waits for the regulator is the whole report: another one beside it would be undone, or undo it.
            return waiting.Report.SameAs(o.Report);
        }
        if (IsImpossible(c, o.Report))
        {
            return false;
        }
        // Harm is moved out of the figures of a day, a technique or an operator no more than out of those of treatments.
        var moved = o.Report.CompletedOn != c.Report.CompletedOn || o.Report.Technique != c.Report.Technique || o.Report.Operator != c.Report.Operator;
        if (c.HasHarm && (moved || (IsTherapeutic(c.Report) && !IsTherapeutic(o.Report))))
        {
            c.Requests.Add(new Request { Wanted = o });
            return true;
        }
        c.Report = o.Report;
        return true;
    }

    /// <summary>Moved behind the day on which it was first reported, or more than a day behind something that came of it.</summary>
    private static bool IsImpossible(CaseFile c, CaseReport corrected) =>
        corrected.CompletedOn != c.Report.CompletedOn
        && (corrected.CompletedOn > c.ReceivedOn
            || c.Complications.Concat(c.Deaths).Concat(c.IncidentsRecorded).Any(outcome => !outcome.Withdrawn && outcome.On.AddDays(1) < corrected.CompletedOn));

    private static bool Declare(CaseFile c, DeclareRelation o)
    {
        if (c.Find(o.Of) is not { Withdrawn: false } outcome)
        {
            return false;
        }
        if (outcome.Declared == o.Relation)
        {
            return true;
        }
        if (outcome.Severe && o.Relation == Relation.Unrelated)
        {
            c.Requests.Add(new Request { Wanted = o });
            return true;
        }
        outcome.Declared = o.Relation;
        return true;
    }

    private static bool WithdrawFrom(CaseFile c, Withdraw o)
    {
        if (o.Of.Kind == OutcomeKind.Incident || c.Find(o.Of) is not { Withdrawn: false } outcome)
        {
            return false;
        }
        if (outcome.Severe)
        {
            c.Requests.Add(new Request { Wanted = o });
            return true;
        }
        outcome.Withdrawn = true;
        return true;
    }

    private static bool Void(CaseFile c, VoidCase o)
    {
        if (c.HasHarm)
        {
            c.Requests.Add(new Request { Wanted = o });
            return true;
        }
        c.Voided = true;
        return true;
    }

    private static bool Decide(CaseFile c, DecideRequest o)
    {
        if (c.Requests.ElementAtOrDefault(o.Request - 1) is not { Decided: false } request)
        {
            return false;
        }
        if (o.Agree && request.Wanted is CorrectCase asked && IsImpossible(c, asked.Report))
        {
            return false;
        }
        request.Decided = true;
        if (!o.Agree)
        {
            return true;
        }
        switch (request.Wanted)
        {
            case CorrectCase correct:
                c.Report = correct.Report;
                break;
            case VoidCase:
                c.Voided = true;
                break;
            case Withdraw withdraw when c.Find(withdraw.Of) is { } outcome:
                outcome.Withdrawn = true;
                break;
            case DeclareRelation declare when c.Find(declare.Of) is { } outcome:
                outcome.Declared = Relation.Unrelated;
                outcome.Adjudicated = Relation.Unrelated;
                break;
        }
        return true;
    }

    // qualifications

    private Qualification? Find(Subject subject, Technique technique) =>
        _qualifications.Find(q => q.Subject == subject && q.Technique == technique);

    private bool OnQualification(Subject subject, Technique technique, Func<Qualification, bool> act) =>
        Find(subject, technique) is { } q && act(q);

    private bool Import(ImportQualification o)
    {
        if (o.GrantedOn > _today)
        {
            return false;
        }
        var q = Find(o.Subject, o.Technique);
        if (q is null)
        {
            q = new Qualification { Subject = o.Subject, Technique = o.Technique };
            _qualifications.Add(q);
        }
        else if (q.Grants[^1].Ended is null || q.Grants[^1].Ended > o.GrantedOn)
        {
            return false;
        }
        q.Grants.Add(new Grant { GrantedOn = o.GrantedOn });
        q.Standing = Standing.Good;
        return true;
    }

    private bool SuspendByRegulator(Qualification q)
    {
        if (q.Standing is Standing.Suspended or Standing.Revoked || q.Grants[^1].Ended is not null)
        {
            return false;
        }
        SuspendNow(q, _today, judgedOn: null, [], [], held: false, proposal: null, byMonitor: false);
        return true;
    }

    private bool LiftSuspension(Qualification q)
    {
        if (q.StandingSuspension is not { } suspension)
        {
            return false;
        }
        EndSuspension(q, suspension, Standing.Good);
        q.FreshStarts.Add(_today.AddDays(1));
        Record(q, DecisionKind.Lifted, _today, null, [], []);
        return true;
    }

    private bool AnnulSuspension(Qualification q)
    {
        if (q.StandingSuspension is not { } suspension)
        {
            return false;
        }
        EndSuspension(q, suspension, suspension.Before);
        suspension.Annulled = true;
        Record(q, DecisionKind.Annulled, _today, null, [], []);
        return true;
    }

    private void EndSuspension(Qualification q, Suspension suspension, Standing standing)
    {
        suspension.Until = _today.AddDays(1);
        q.Standing = standing;
        WithdrawPending(q, ProposalKind.Revocation, _today);
    }

    private bool ReassessSuspended(Qualification q, bool passed)
    {
        if (q.StandingSuspension is not { } suspension || _today <= suspension.EffectiveOn.AddMonths(3))
        {
            return false;
        }
        if (passed)
        {
            EndSuspension(q, suspension, Standing.Good);
            q.FreshStarts.Add(_today.AddDays(1));
            Record(q, DecisionKind.Reinstated, _today, null, [], []);
            return true;
        }
        if (q.Pending(ProposalKind.Revocation) is not null)
        {
            return false;
        }
        Record(q, DecisionKind.ReassessmentFailed, _today, null, [], []);
        Propose(q, ProposalKind.Revocation, _today, judgedOn: null, [], [], held: false, byMonitor: false);
        return true;
    }

    private bool RevokeByRegulator(Qualification q)
    {
        var pending = q.Pending(ProposalKind.Revocation);
        if (q.Standing == Standing.Revoked || (pending is null && _readings.RevokeNeedsProposal) || pending?.MayStillBeHeardOn(_today) == true)
        {
            return false;
        }
        if (pending is not null)
        {
            pending.State = ProposalState.Agreed;
            pending.DecidedOn = _today;
        }
        RevokeNow(q, pending?.Number);
        return true;
    }

    private void RevokeNow(Qualification q, int? proposal)
    {
        var ends = _today.AddDays(1);
        if (q.StandingSuspension is { } suspension)
        {
            suspension.Until = ends;
        }
        q.Standing = Standing.Revoked;
        q.Grants[^1].Ended ??= ends;
        WithdrawPending(q, ProposalKind.Warning, _today);
        WithdrawPending(q, ProposalKind.Suspension, _today);
        Record(q, DecisionKind.Revoked, _today, null, [], [], proposal: proposal);
    }

    private bool GiveUp(Qualification q)
    {
        if (q.Grants[^1].Ended is not null)
        {
            return false;
        }
        q.Grants[^1].Ended = _readings.RelinquishedTheDayAfter ? _today.AddDays(1) : _today;
        Record(q, DecisionKind.Relinquished, _today, null, [], []);
        return true;
    }

    private bool Decide(Qualification q, DecideProposal o)
    {
        if (q.Proposals.ElementAtOrDefault(o.Proposal - 1) is not { State: ProposalState.Pending } proposal || (o.Agree && proposal.MayStillBeHeardOn(_today)))
        {
            return false;
        }
        proposal.DecidedOn = _today;
        if (!o.Agree)
        {
            proposal.State = ProposalState.Declined;
            Record(q, DecisionKind.ProposalDeclined, _today, proposal.JudgedOn, proposal.Grounds, proposal.Suspending, proposal.Held, proposal.Number);
            return true;
        }
        proposal.State = ProposalState.Agreed;
        switch (proposal.Kind)
        {
            case ProposalKind.Warning:
                q.Standing = Standing.Warned;
                Record(q, DecisionKind.Warned, _today, proposal.JudgedOn, proposal.Grounds, [], proposal: proposal.Number);
                break;
            case ProposalKind.Suspension:
                SuspendNow(q, _today, proposal.JudgedOn, proposal.Grounds, proposal.Suspending, proposal.Held, proposal.Number, byMonitor: false);
                break;
            default:
                RevokeNow(q, proposal.Number);
                break;
        }
        return true;
    }

    private void SuspendNow(
        Qualification q, DateOnly recordedOn, DateOnly? judgedOn, List<string> grounds, List<string> suspending, bool held, int? proposal, bool byMonitor)
    {
        q.Suspensions.Add(new Suspension
        {
            EffectiveOn = recordedOn.AddDays(1),
            JudgedOn = judgedOn,
            Suspending = suspending,
            Before = q.Standing,
        });
        q.Standing = Standing.Suspended;
        WithdrawPending(q, ProposalKind.Warning, recordedOn);
        WithdrawPending(q, ProposalKind.Suspension, recordedOn);
        Record(q, DecisionKind.Suspended, recordedOn, judgedOn, grounds, suspending, held, proposal, byMonitor);
    }

    private void Propose(
        Qualification q, ProposalKind kind, DateOnly recordedOn, DateOnly? judgedOn, List<string> grounds, List<string> suspending, bool held, bool byMonitor)
    {
        var proposal = new Proposal
        {
            Number = q.Proposals.Count + 1,
            Kind = kind,
            JudgedOn = judgedOn,
            Grounds = grounds,
            Suspending = suspending,
            Held = held,
            ProposedOn = recordedOn,
        };
        q.Proposals.Add(proposal);
        var recorded = kind switch
        {
            ProposalKind.Warning => DecisionKind.WarningProposed,
            ProposalKind.Suspension => DecisionKind.SuspensionProposed,
            _ => DecisionKind.RevocationProposed,
        };
        Record(q, recorded, recordedOn, judgedOn, grounds, suspending, held, proposal.Number, byMonitor);
    }

    private void WithdrawPending(Qualification q, ProposalKind kind, DateOnly recordedOn)
    {
        if (q.Pending(kind) is { } proposal)
        {
            proposal.State = ProposalState.Withdrawn;
            proposal.DecidedOn = recordedOn;
            Record(q, DecisionKind.ProposalWithdrawn, recordedOn, proposal.JudgedOn, proposal.Grounds, proposal.Suspending, proposal.Held, proposal.Number);
        }
    }

    private void Record(
        Qualification q, DecisionKind kind, DateOnly recordedOn, DateOnly? judgedOn,
        List<string> grounds, List<string> suspending, bool held = false, int? proposal = null, bool byMonitor = false) =>
        Learn(new Decision(
            kind, q.Subject, q.Technique, judgedOn, recordedOn, recordedOn.AddDays(1), grounds, suspending, held, proposal, byMonitor));

    private void Learn(Decision decision)
    {
        _decisions.Add(decision);
        _learnt++;
    }

    // ---------------------------------------------------------------- the monitor

    private sealed record JudgedSubject(Qualification Qualification, SetEnforcement? Setting, List<string> Breached, List<string> Suspending)
    {
        public Mode Mode => Setting?.Mode ?? Mode.Observe;
    }

    private void Close(DateOnly day)
    {
        if (LastClosed is { } last && day != last.AddDays(1))
        {
            throw new InvalidOperationException($"{day:O} closed after {last:O}");
        }
        if (_today != day.AddDays(1))
        {
            throw new InvalidOperationException($"{day:O} closed on {_today:O}");
        }
        LastClosed = day;

        // All are judged before anything is decided: what this closing decides takes effect after the day judged.
        var judged = new List<JudgedSubject>();
        foreach (var q in _qualifications)
        {
            var setting = SettingOn(q.Subject, q.Technique, day);
            q.EnforcedSince = setting is { Mode: not Mode.Observe } ? q.EnforcedSince ?? day : null;
            if (!ValidOn(q, day))
            {
                q.Runs.Clear();
                continue;
            }
            var breached = new List<string>();
            var suspending = new List<string>();
            foreach (var clause in ClausesOf(q.Subject, q.Technique))
            {
                if (!Judge(clause.Id, q.Subject, q.Technique, day, current: false, hurried: true).BreachedAndBinding)
                {
                    q.Runs.Remove(clause.Id);
                    continue;
                }
                q.Runs.TryAdd(clause.Id, day);
                breached.Add(clause.Id);
                if (clause.Effect == Effect.Suspend || (clause.Effect == Effect.SuspendAfter90Days && HasLasted90Days(q, clause.Id, day)))
                {
                    suspending.Add(clause.Id);
                }
            }
            // A breach lasts through a suspension; nothing is decided on it meanwhile, nor on the last day of the old observation.
            if (!SuspendedOn(q, day) && !q.Grants.Exists(g => g.GrantedOn > day) && !q.FreshStarts.Exists(f => f > day))
            {
                judged.Add(new JudgedSubject(q, setting, breached, suspending));
            }
        }

        foreach (var q in _qualifications)
        {
            Undermine(q, day);
        }
        foreach (var technique in new[] { Technique.Neurovascular, Technique.Comprehensive })
        {
            var provinces = judged.Where(j => j.Setting is not null && j.Qualification.Technique == technique).GroupBy(j => j.Setting!.Province);
            foreach (var province in provinces)
            {
                DecideProvince(province.ToList(), day);
            }
        }
    }

    private static bool HasLasted90Days(Qualification q, string clause, DateOnly day)
    {
        var since = q.Runs[clause];
        return q.EnforcedSince is { } enforced && day >= (since > enforced ? since : enforced).AddDays(89);
    }

    private void DecideProvince(List<JudgedSubject> subjects, DateOnly day)
    {
        var wouldFall = subjects.Where(j => j.Mode == Mode.Enforce && WouldBeSuspended(j)).ToList();
        var holdAbove = subjects[0].Setting!.HoldAbove;
        var hold = holdAbove is { } most
            ? wouldFall.Count > most
            : wouldFall.Count > 5 && 100 * wouldFall.Count > 2 * subjects.Count;
        foreach (var j in subjects)
        {
            Decide(j, day, hold && wouldFall.Contains(j));
        }
    }

    private static bool WouldBeSuspended(JudgedSubject j) =>
        j.Qualification.Standing is Standing.Good or Standing.Warned
        && NotDeclined(j.Qualification, ProposalKind.Suspension, j.Suspending).Count > 0
        && !(j.Qualification.Pending(ProposalKind.Suspension) is { Held: true } held && held.Suspending.Exists(j.Suspending.Contains));

    /// <summary>The clauses of the list without those whose present run had begun by the day a proposal resting on them was declined.</summary>
    private static List<string> NotDeclined(Qualification q, ProposalKind kind, List<string> clauses) =>
        clauses.Where(clause => !q.Proposals.Exists(p =>
            p.Kind == kind && p.State == ProposalState.Declined
            && (kind == ProposalKind.Suspension ? p.Suspending : p.Grounds).Contains(clause)
            && q.Runs[clause] <= p.DecidedOn)).ToList();

    private void Decide(JudgedSubject j, DateOnly day, bool hold)
    {
        var q = j.Qualification;
        var recordedOn = day.AddDays(1);
        if (j.Mode == Mode.Observe || q.Standing is not (Standing.Good or Standing.Warned))
        {
            return;
        }

        var suspending = NotDeclined(q, ProposalKind.Suspension, j.Suspending);
        var warning = NotDeclined(q, ProposalKind.Warning, j.Breached);
        if (j.Breached.Count == 0 && q.Standing == Standing.Warned)
        {
            q.Standing = Standing.Good;
            Record(q, DecisionKind.WarningLifted, recordedOn, day, [], [], byMonitor: true);
        }
        if (q.Pending(ProposalKind.Warning) is { } warningPending
            && !(_readings.ProposalFallsWithItsOwnGrounds ? warningPending.Grounds.Exists(warning.Contains) : warning.Count > 0))
        {
            WithdrawPending(q, ProposalKind.Warning, recordedOn);
        }
        if (q.Pending(ProposalKind.Suspension) is { } suspensionPending
            && !(_readings.ProposalFallsWithItsOwnGrounds ? suspensionPending.Suspending.Exists(suspending.Contains) : suspending.Count > 0))
        {
            WithdrawPending(q, ProposalKind.Suspension, recordedOn);
        }

        var pending = q.Pending(ProposalKind.Suspension);
        if (j.Mode == Mode.Enforce)
        {
            if (suspending.Count > 0 && pending is not { Held: true })
            {
                if (!hold)
                {
                    SuspendNow(q, recordedOn, day, j.Breached, suspending, held: false, proposal: null, byMonitor: true);
                    return;
                }
                if (pending is null)
                {
                    Propose(q, ProposalKind.Suspension, recordedOn, day, j.Breached, suspending, held: true, byMonitor: true);
                }
            }
            if (warning.Count > 0 && q.Standing == Standing.Good)
            {
                q.Standing = Standing.Warned;
                Record(q, DecisionKind.Warned, recordedOn, day, j.Breached, [], byMonitor: true);
                WithdrawPending(q, ProposalKind.Warning, recordedOn);
            }
            return;
        }

        if (pending is not null)
        {
            return;
        }
        if (suspending.Count > 0)
        {
            WithdrawPending(q, ProposalKind.Warning, recordedOn);
            Propose(q, ProposalKind.Suspension, recordedOn, day, j.Breached, suspending, held: false, byMonitor: true);
        }
        else if (warning.Count > 0 && q.Standing == Standing.Good && q.Pending(ProposalKind.Warning) is null)
        {
            Propose(q, ProposalKind.Warning, recordedOn, day, j.Breached, [], held: false, byMonitor: true);
        }
    }

    private void Undermine(Qualification q, DateOnly day)
    {
        if (q.StandingSuspension is not { Undermined: false, JudgedOn: { } judgedOn } suspension
            || suspension.Suspending.Count == 0
            || suspension.StoodAt == _learnt
            || !ValidOn(q, day))
        {
            return;
        }
        foreach (var id in suspension.Suspending)
        {
            var clause = Array.Find(ClausesOf(q.Subject, q.Technique), c => c.Id == id)!;
            var first = clause.Effect == Effect.SuspendAfter90Days ? judgedOn.AddDays(-89) : judgedOn;
            var stands = true;
            for (var d = judgedOn; d >= first && stands; d = d.AddDays(-1))
            {
                stands = Judge(id, q.Subject, q.Technique, d, current: false, hurried: true).BreachedAndBinding;
            }
            if (stands)
            {
                suspension.StoodAt = _learnt;
                return;
            }
        }
        suspension.Undermined = true;
        Record(q, DecisionKind.GroundsUndermined, day.AddDays(1), judgedOn, suspension.Suspending, suspension.Suspending, byMonitor: true);
    }
}
