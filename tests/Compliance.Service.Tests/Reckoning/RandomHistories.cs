namespace Compliance.Service.Tests.Reckoning;

/// <summary>How large and how wild a history is. Bounds are included.</summary>
public sealed record Profile(
    int LeastMonths, int MostMonths, int LeastInstitutions, int MostInstitutions, int LeastPhysicians, int MostPhysicians,
    int MostCasesPerPhysician, double BackfillMonths, double ChangesPerDay)
{
    /// <summary>Hundreds of cases over one to two and a half years, volumes and rates about the limits.</summary>
    public static readonly Profile Normal = new(14, 30, 2, 4, 3, 8, 160, 14, 0.35);

    /// <summary>Some tens of operations over as long a time, to be read by eye.</summary>
    public static readonly Profile Small = new(14, 18, 1, 2, 2, 3, 7, 6, 0.03);

    /// <summary>One institution with about 300 cases of level 3 a year, so that CI3-VOL-INST is crossed too.</summary>
    public static readonly Profile Busy = new(14, 20, 2, 2, 3, 5, 700, 14, 0.4);
}

/// <summary>
/// Random histories from a seed: the same seed and profile give the same history. A reckoner runs along, so that acts mostly
/// fit what stands (a proposal pending, a suspension to lift, a rate near its limit); some are meant to be refused.
/// </summary>
public static class RandomHistories
{
    private const string UnknownPhysician = "PX999";

    public static History Generate(int seed, Profile profile, DateOnly? first = null) => new Run(seed, profile, new Reckoner()).Go(first);

    /// <summary>As the history comes about: each operation, and whether the reckoner that is given, and that it was applied to, accepted it.</summary>
    /// <param name="applied">Called after each operation.</param>
    public static History Generate(int seed, Profile profile, Reckoner reckoner, Action<Timed, bool> applied) => new Run(seed, profile, reckoner, applied).Go(null);

    private sealed class Known
    {
        public required CaseKey Key { get; init; }
        public required CaseReport Report { get; set; }
        public required DateOnly ReceivedOn { get; init; }
        public required DateOnly LastAllowedDay { get; set; }
        public bool Voided { get; set; }
        public bool Dead { get; set; }
        public List<bool> Complications { get; } = [];
        public int Incidents { get; set; }
        public HashSet<Target> Adjudicated { get; } = [];
        public HashSet<Target> Withdrawn { get; } = [];
        public List<Operation> Requests { get; } = [];
        public HashSet<int> Open { get; } = [];

        public bool HasHarm => Dead || Incidents > 0 || Complications.Where((severe, i) => severe && !Withdrawn.Contains(Target.Complication(i + 1))).Any();

        public IEnumerable<Target> Outcomes()
        {
            if (Dead)
            {
                yield return Target.Death;
            }
            for (var i = 1; i <= Complications.Count; i++)
            {
                if (!Withdrawn.Contains(Target.Complication(i)))
                {
                    yield return Target.Complication(i);
                }
            }
        }
    }

    private sealed class Doctor
    {
        public required string Id { get; init; }
        public List<TitleFrom> Titles { get; } = [];
        public List<Registration> Registrations { get; } = [];
        public int Leaves { get; set; }
        public int Confirmed { get; set; }
    }

    private sealed class Run(int seed, Profile profile, Reckoner reckoner, Action<Timed, bool>? applied = null)
    {
        private readonly Random _random = new(seed);

        // Of their own, so that announcements leave the rest of a history as it is.
        private readonly Random _announcing = new(~seed);
        private readonly Reckoner _reckoner = reckoner;
        private readonly List<Timed> _operations = [];
        private readonly List<(DateOnly Day, Operation Operation)> _planned = [];
        private readonly List<string> _provinces = [];
        private readonly List<(string Id, string Province)> _institutions = [];
        private readonly List<Doctor> _doctors = [];
        private readonly List<Known> _cases = [];
        private int _numbers;
        private int _announcements;
        private DateOnly _today;
        private DateOnly _first;
        private DateOnly _last;
        private int _order;

        public History Go(DateOnly? first)
        {
            var drawn = new DateOnly(2023, 2, 1).AddDays(_random.Next(460));
            _first = first ?? drawn;
            _last = _first.AddMonths(_random.Next(profile.LeastMonths, profile.MostMonths + 1));
            _today = _first;
            Register();
            Plan();
            Live();
            return new History(seed, _operations);
        }

        // ------------------------------------------------------------ before anything happens

        private void Register()
        {
            _provinces.AddRange(Chance(0.5) ? ["11"] : ["11", "53"]);
            var institutions = Between(profile.LeastInstitutions, profile.MostInstitutions);
            for (var i = 0; i < institutions; i++)
            {
                var province = Pick(_provinces);
                var id = $"H{province}{i + 1:000}";
                _institutions.Add((id, province));
                Do(new PutInstitution(id, province, Pick(["tertiaryA", "tertiaryB", "tertiary", "secondary"])));
            }
            var doctors = Between(profile.LeastPhysicians, profile.MostPhysicians);
            for (var i = 0; i < doctors; i++)
            {
                var doctor = new Doctor { Id = $"P{i + 1:000}" };
                var home = i < 2 ? _institutions[0].Id : Pick(_institutions).Id;
                if (!Chance(0.05))
                {
                    doctor.Titles.Add(new TitleFrom(Chance(0.7) ? Title.AssociateChief : Pick([Title.Attending, Title.Resident, Title.Chief]), new DateOnly(2016, 9, 1)));
                }
                if (!Chance(0.04))
                {
                    doctor.Registrations.Add(new Registration(home, new DateOnly(2015, 3, 1), null, true));
                    if (Chance(0.3) && _institutions.Count > 1)
                    {
                        var second = Pick(_institutions.Where(x => x.Id != home).ToList()).Id;
                        doctor.Registrations.Add(new Registration(second, _first.AddDays(-_random.Next(600)), null, false));
                    }
                }
                _doctors.Add(doctor);
                Put(doctor);
            }
            foreach (var technique in Enum.GetValues<Technique>())
            {
                foreach (var (id, _) in _institutions)
                {
                    if (Chance(0.85))
                    {
                        Do(new ImportQualification(Subject.Institution(id), technique, Granted()));
                    }
                    if (Chance(0.2))
                    {
                        Do(new PutCoverage(id, technique, _first.AddDays(_random.Next(-400, 1))));
                    }
                }
                foreach (var doctor in _doctors)
                {
                    if (Chance(0.85))
                    {
                        Do(new ImportQualification(Subject.Physician(doctor.Id), technique, Granted()));
                    }
                }
                foreach (var province in _provinces)
                {
                    if (Chance(0.75))
                    {
                        _planned.Add((_first.AddDays(_random.Next(Chance(0.5) ? 5 : 200)), new SetEnforcement(technique, province, Chance(0.65) ? Mode.Enforce : Mode.Confirm, default, Hold())));
                    }
                    for (var more = _random.Next(4); more > 0; more--)
                    {
                        _planned.Add((SomeDay(), new SetEnforcement(technique, province, Pick([Mode.Observe, Mode.Confirm, Mode.Enforce, Mode.Enforce]), default, Hold())));
                    }
                }
            }

            DateOnly Granted() => Chance(0.75) ? new DateOnly(2018, 5, 4).AddDays(_random.Next(900)) : _first.AddDays(-_random.Next(400));

            int? Hold() => Chance(0.6) ? null : _random.Next(4);
        }

        /// <summary>The cases of each physician: volumes about 30 a year, in clusters, rising and falling by phases.</summary>
        private void Plan()
        {
            var start = _first.AddMonths(-(int)profile.BackfillMonths);
            var years = (_last.DayNumber - start.DayNumber) / 365.0;
            var busy = profile.MostCasesPerPhysician > 300;
            var centre = Chance(0.7) ? Technique.Neurovascular : Technique.Comprehensive;
            foreach (var doctor in _doctors)
            {
                foreach (var technique in Enum.GetValues<Technique>())
                {
                    if (Chance(0.3) && !(technique == centre && _doctors.IndexOf(doctor) < 2))
                    {
                        continue;
                    }
                    double wanted = Pick([5, 25, 30, 33, 36, 45, 70]);
                    if (technique == centre && _doctors.IndexOf(doctor) < 2)
                    {
                        wanted = Pick([44, 52, 60]); // two at the first institution: about 100 together
                    }
                    if (busy && doctor == _doctors[0] && technique == Technique.Comprehensive)
                    {
                        wanted = 340;
                    }
                    wanted = Math.Min(wanted, profile.MostCasesPerPhysician / years);
                    var diagnosticShare = Pick([0.0, 0.1, 0.3]);
                    var severe = Pick([0.01, 0.04, 0.055, 0.07]);
                    var deaths = Pick([0.0, 0.005, 0.02, 0.035, 0.06]);
                    var size = Pick([1, 1, 2, 4]);
                    double[] phases = [Phase(), Phase(), Phase(), Phase(), Phase(), Phase(), Phase(), Phase()];
                    for (var day = start; day <= _last; day = day.AddDays(1))
                    {
                        var phase = phases[Math.Min(phases.Length - 1, (day.DayNumber - start.DayNumber) / 180)];
                        var chance = wanted * phase * (1 + diagnosticShare) / 365 / size;
                        if (day is { Month: 2, Day: 29 } or { Month: 2, Day: 28 } || (day.Month == 2 && day.Day is >= 8 and <= 18))
                        {
                            chance *= 2;
                        }
                        if (!Chance(chance))
                        {
                            continue;
                        }
                        for (var n = Between(1, (2 * size) - 1); n > 0; n--)
                        {
                            PlanCase(doctor, technique, day, diagnosticShare, severe, deaths);
                        }
                    }
                }
            }

            double Phase() => Pick([0.0, 0.7, 0.95, 1.0, 1.05, 1.1, 1.5]);
        }

        private void PlanCase(Doctor doctor, Technique technique, DateOnly completedOn, double diagnosticShare, double severe, double deaths)
        {
            var place = doctor.Registrations.Count > 0 && !Chance(0.1) ? Pick(doctor.Registrations).Institution : Pick(_institutions).Id;
            var report = new CaseReport(
                technique, Codes(technique, Chance(diagnosticShare)), Chance(diagnosticShare) ? Intent.Diagnostic : Intent.Therapeutic, completedOn,
                Chance(0.01) ? UnknownPhysician : doctor.Id);
            var deadline = WorkingDays.Deadline(completedOn);
            var received = _random.Next(100) switch
            {
                < 65 => completedOn.AddDays(_random.Next(6)),
                < 85 => completedOn.AddDays(_random.Next(5, 17)),
                < 89 => deadline,
                < 93 => deadline.AddDays(1),
                _ => completedOn.AddDays(_random.Next(20, 70)),
            };
            if (received < _first)
            {
                received = _first.AddDays(_random.Next(8));
            }
            if (received > _last)
            {
                Announce(new CaseKey(place, $"{completedOn.Year}-A{++_announcements}"), report);
                return;
            }
            var key = new CaseKey(place, $"{completedOn.Year}-{++_numbers:00000}");
            if (_announcing.Next(3) == 0)
            {
                Announce(_announcing.Next(8) == 0 ? new CaseKey(place, $"{completedOn.Year}-A{++_announcements}") : key, report);
            }
            var complications = new List<ReportedComplication>();
            ReportedDeath? death = null;
            if (Chance(severe))
            {
                Outcome(late => _planned.Add((late, new ReportComplication(key, Complication(true, completedOn, late)))), () => complications.Add(Complication(true, completedOn, received)));
            }
            if (Chance(0.03))
            {
                Outcome(late => _planned.Add((late, new ReportComplication(key, Complication(false, completedOn, late)))), () => complications.Add(Complication(false, completedOn, received)));
            }
            if (Chance(deaths))
            {
                Outcome(late => _planned.Add((late, new ReportDeath(key, new ReportedDeath(SomeDay(completedOn, late), SomeRelation())))), () => death = new ReportedDeath(SomeDay(completedOn, received), SomeRelation()));
            }
            _planned.Add((received, new ReportCase(key, report, complications, death)));

            void Outcome(Action<DateOnly> later, Action atOnce)
            {
                var late = received.AddDays(_random.Next(60));
                if (Chance(0.5) && late <= _last)
                {
                    later(late);
                }
                else
                {
                    atOnce();
                }
            }
        }

        /// <summary>An announcement, by the case's own number or by one that is never reported; some are withdrawn, some of those announced anew, some sent twice.</summary>
        private void Announce(CaseKey key, CaseReport report)
        {
            var day = Later(report.CompletedOn.AddDays(_announcing.Next(4) == 0 ? _announcing.Next(25) : 0), _first);
            var by = _announcing.Next(10) switch { 0 or 1 => null, 2 => _doctors[_announcing.Next(_doctors.Count)].Id, _ => report.Operator };
            var said = new AnnounceProcedure(key, report.Technique, report.Codes, report.Intent, report.CompletedOn, by);
            Plan(day, said);
            if (_announcing.Next(6) == 0)
            {
                day = day.AddDays(_announcing.Next(20));
                Plan(day, new WithdrawAnnouncement(key, _announcing.Next(3) == 0));
            }

            if (_announcing.Next(6) == 0)
            {
                Plan(day.AddDays(_announcing.Next(5)), _announcing.Next(2) == 0 ? said : said with { Operator = _doctors[_announcing.Next(_doctors.Count)].Id });
            }

            void Plan(DateOnly on, Operation operation)
            {
                if (on <= _last)
                {
                    _planned.Add((on, operation));
                }
            }
        }

        private ReportedComplication Complication(bool severe, DateOnly from, DateOnly to) => new(severe, SomeDay(from, to), SomeRelation());

        private List<string> Codes(Technique technique, bool diagnostic)
        {
            if (technique == Technique.Neurovascular)
            {
                return [];
            }
            var first = diagnostic ? Pick(["CI-L1-01", "CI-L2-04"]) : Pick(["CI-L3-13", "CI-L3-13", "CI-L4-05"]);
            return Chance(0.1) && first != "CI-L1-01" ? [first, "CI-L1-01"] : [first];
        }

        // ------------------------------------------------------------ day by day

        private void Live()
        {
            var byDay = _planned.Select((p, i) => (p.Day, Rank: p.Operation is ReportCase ? 0 : 1, i, p.Operation))
                .OrderBy(p => p.Day).ThenBy(p => p.Rank).ThenBy(p => p.i).GroupBy(p => p.Day).ToDictionary(g => g.Key, g => g.Select(p => p.Operation).ToList());
            for (_today = _first; _today <= _last; _today = _today.AddDays(1))
            {
                if (_today > _first)
                {
                    _order = 0;
                    Do(new CloseDay(_today.AddDays(-1)));
                }
                foreach (var operation in byDay.GetValueOrDefault(_today) ?? [])
                {
                    Happen(operation);
                }
                Regulate();
                for (var chance = profile.ChangesPerDay; Chance(chance); chance /= 2)
                {
                    Change();
                }
            }
        }

        private void Happen(Operation planned)
        {
            switch (planned)
            {
                case SetEnforcement set:
                    Do(set with { From = _today.AddDays(Chance(0.5) ? 0 : _random.Next(40)) });
                    break;
                case ReportCase report:
                    var known = new Known { Key = report.Case, Report = report.Report, ReceivedOn = _today, LastAllowedDay = _today };
                    foreach (var complication in report.Complications)
                    {
                        known.Complications.Add(complication.Severe);
                        Bound(known, complication.OccurredOn);
                    }
                    if (report.Death is not null)
                    {
                        known.Dead = true;
                        Bound(known, report.Death.OccurredOn);
                    }
                    _cases.Add(known);
                    Do(report);
                    break;
                case AnnounceProcedure or WithdrawAnnouncement:
                    Do(planned);
                    break;
                case ReportComplication complication when Find(complication.Case) is { Voided: false } c && c.Report.CompletedOn <= complication.Complication.OccurredOn:
                    AddComplication(c, complication.Complication);
                    break;
                case ReportDeath death when Find(death.Case) is { Voided: false, Dead: false } c && c.Report.CompletedOn <= death.Death.OccurredOn:
                    AddDeath(c, death.Death);
                    break;
            }
        }

        private void AddComplication(Known c, ReportedComplication complication)
        {
            c.Complications.Add(complication.Severe);
            Bound(c, complication.OccurredOn);
            Do(new ReportComplication(c.Key, complication));
        }

        private void AddDeath(Known c, ReportedDeath death)
        {
            c.Dead = true;
            c.Adjudicated.Remove(Target.Death);
            Bound(c, death.OccurredOn);
            Do(new ReportDeath(c.Key, death));
        }

        private static void Bound(Known c, DateOnly day)
        {
            if (day < c.LastAllowedDay)
            {
                c.LastAllowedDay = day;
            }
        }

        /// <summary>What a regulator does about the standings of today.</summary>
        private void Regulate()
        {
            foreach (var (subject, technique) in _reckoner.Qualified.ToList())
            {
                var pending = _reckoner.Proposals(subject, technique).FirstOrDefault(p => p.State == ProposalState.Pending);
                if (pending is not null && Chance(0.06))
                {
                    Do(pending.Kind == ProposalKind.Revocation && Chance(0.3)
                        ? new Revoke(subject, technique)
                        : new DecideProposal(subject, technique, pending.Number, Chance(0.6)));
                    continue;
                }
                if (pending is { Kind: ProposalKind.Revocation } || _reckoner.SuspendedFrom(subject, technique) is not { } from)
                {
                    var free = pending is null && _reckoner.IsValid(subject, technique, _today.AddDays(1))
                        && _reckoner.StandingOf(subject, technique) is Standing.Good or Standing.Warned;
                    if (free && Chance(0.00025))
                    {
                        Do(new Suspend(subject, technique));
                    }
                    else if (free && Chance(0.0001))
                    {
                        Do(new Relinquish(subject, technique));
                    }
                    continue;
                }
                if (_reckoner.IsUndermined(subject, technique) ? Chance(0.1) : Chance(0.002))
                {
                    Do(new Annul(subject, technique));
                }
                else if (Chance(from >= _today ? 0.04 : 0.008))
                {
                    Do(new Lift(subject, technique));
                }
                else if (_today > from.AddMonths(3) ? Chance(0.04) : Chance(_today == from.AddMonths(3) ? 0.5 : 0.001))
                {
                    Do(new Reassess(subject, technique, Chance(0.75)));
                }
            }
        }

        private void Change()
        {
            switch (_random.Next(100))
            {
                case < 22:
                    Nudge();
                    break;
                case < 42:
                    CorrectSome();
                    break;
                case < 50:
                    VoidSome();
                    break;
                case < 58:
                    AdjudicateSome();
                    break;
                case < 64:
                    DeclareSome();
                    break;
                case < 69:
                    WithdrawSome();
                    break;
                case < 82:
                    DecideSome();
                    break;
                case < 86:
                    TakeLeave();
                    break;
                case < 89:
                    Retitle();
                    break;
                case < 92:
                    Move();
                    break;
                case < 93:
                    Do(new PutCoverage(Pick(_institutions).Id, Pick(Enum.GetValues<Technique>()), SomeDay(_today.AddDays(-420), _today)));
                    break;
                case < 94 when Chance(0.5):
                    RecordSomeIncident();
                    break;
                default:
                    AddOutcome(PickCase());
                    break;
            }
        }

        /// <summary>Pushes a rate across its limit, or back: harm for one below, an adjudication for one above.</summary>
        private void Nudge()
        {
            if (!_reckoner.Qualified.Any())
            {
                return;
            }
            var (subject, technique) = Pick(_reckoner.Qualified.ToList());
            var rates = _reckoner.Findings(subject, technique, _today).Where(f => f.Judged.Numerator is not null && f.Judged.Denominator > 0).ToList();
            if (rates.Count == 0)
            {
                return;
            }
            var finding = Pick(rates).Judged;
            var mine = _cases.Where(c => !c.Voided && c.Report.Technique == technique && c.Report.CompletedOn >= finding.Observation.From && c.Report.CompletedOn <= finding.Observation.To
                && (subject.Kind == SubjectKind.Institution ? c.Key.Institution == subject.Id : c.Report.Operator == subject.Id)).ToList();
            if (mine.Count == 0)
            {
                return;
            }
            if (finding.Outcome == Outcome.Breached)
            {
                var harmed = mine.Where(c => c.Outcomes().Any()).ToList();
                if (harmed.Count > 0)
                {
                    var c = Pick(harmed);
                    Settle(c, Pick(c.Outcomes().ToList()), Relation.Unrelated);
                }
            }
            else if (Chance(0.6) && finding.Denominator < 25 * (finding.Numerator + 1))
            {
                AddOutcome(Pick(mine));
            }
        }

        private void AddOutcome(Known? c)
        {
            if (c is null || c.Voided || c.Report.CompletedOn > _today)
            {
                return;
            }
            var occurredOn = SomeDay(c.Report.CompletedOn, Earlier(_today, c.Report.CompletedOn.AddDays(40)));
            if (Chance(0.4) && !c.Dead)
            {
                AddDeath(c, new ReportedDeath(occurredOn, SomeRelation()));
            }
            else if (c.Complications.Count < 4)
            {
                AddComplication(c, new ReportedComplication(Chance(0.8), occurredOn, SomeRelation()));
            }
        }

        private void CorrectSome()
        {
            if (PickCase() is not { } c)
            {
                return;
            }
            if (c.Open.Any(i => c.Requests[i - 1] is CorrectCase) && Chance(0.7))
            {
                return;
            }
            var report = c.Report;
            for (var n = Chance(0.3) ? 2 : 1; n > 0; n--)
            {
                switch (_random.Next(6))
                {
                    case 0:
                        report = report with { Operator = Chance(0.03) ? UnknownPhysician : Pick(_doctors).Id };
                        break;
                    case 1:
                        var other = report.Technique == Technique.Neurovascular ? Technique.Comprehensive : Technique.Neurovascular;
                        report = report with { Technique = other, Codes = Codes(other, Chance(0.3)) };
                        break;
                    case 2:
                        report = report with { Intent = report.Intent == Intent.Diagnostic ? Intent.Therapeutic : Intent.Diagnostic };
                        break;
                    case 3:
                        report = report with { Codes = Codes(report.Technique, Chance(0.6)), Intent = Chance(0.4) ? Intent.Diagnostic : report.Intent };
                        break;
                    default:
                        var day = report.CompletedOn.AddDays(Chance(0.7) ? _random.Next(-5, 6) : _random.Next(-60, 61));
                        report = report with { CompletedOn = Earlier(Earlier(day, _today), c.LastAllowedDay) };
                        break;
                }
            }
            if (report.SameAs(c.Report))
            {
                return;
            }
            if (Chance(0.03) && c.ReceivedOn < _today)
            {
                // It had been reported by then: refused.
                Do(new CorrectCase(c.Key, report with { CompletedOn = SomeDay(c.ReceivedOn.AddDays(1), _today) }));
                return;
            }
            var moved = (report.CompletedOn, report.Technique, report.Operator) != (c.Report.CompletedOn, c.Report.Technique, c.Report.Operator);
            if (c.HasHarm && (moved || (Treats(c.Report) && !Treats(report))))
            {
                if (c.Open.Any(i => c.Requests[i - 1] is CorrectCase))
                {
                    return;
                }
                Ask(c, new CorrectCase(c.Key, report));
                return;
            }
            c.Report = report;
            Do(new CorrectCase(c.Key, report));
        }

        private static bool Treats(CaseReport report) => report.Intent == Intent.Therapeutic || report.Codes.Any(code => code is "CI-L3-13" or "CI-L4-05");

        private void Ask(Known c, Operation wanted)
        {
            c.Requests.Add(wanted);
            c.Open.Add(c.Requests.Count);
            Do(wanted);
        }

        private void VoidSome()
        {
            var c = Chance(0.5) ? PickHarmed() : PickCase();
            if (c is null || c.Open.Any(i => c.Requests[i - 1] is VoidCase))
            {
                return;
            }
            if (c.HasHarm)
            {
                Ask(c, new VoidCase(c.Key));
                return;
            }
            if (c.Open.Count > 0)
            {
                return;
            }
            c.Voided = true;
            Do(new VoidCase(c.Key));
        }

        private void AdjudicateSome()
        {
            if (PickHarmed() is { } c && c.Outcomes().ToList() is { Count: > 0 } outcomes)
            {
                Settle(c, Pick(outcomes), Pick([Relation.Related, Relation.Unrelated, Relation.Unrelated, Relation.Undetermined]));
            }
        }

        private void Settle(Known c, Target of, Relation relation)
        {
            c.Adjudicated.Add(of);
            Do(new Adjudicate(c.Key, of, relation));
        }

        private void DeclareSome()
        {
            if (PickHarmed() is not { } c)
            {
                return;
            }
            var targets = c.Outcomes().Where(t => !c.Adjudicated.Contains(t)).Concat(Enumerable.Range(1, c.Incidents).Select(Target.Incident))
                .Where(t => !IsAskedFor(c, t)).ToList();
            if (targets.Count == 0)
            {
                return;
            }
            var of = Pick(targets);
            var declare = new DeclareRelation(c.Key, of, Pick([Relation.Related, Relation.Unrelated, Relation.Undetermined]));
            var declared = DeclaredOf(c.Key, of);
            if (declared == declare.Relation)
            {
                return;
            }
            if (declare.Relation == Relation.Unrelated && (of.Kind != OutcomeKind.Complication || c.Complications[of.Ordinal - 1]))
            {
                Ask(c, declare);
            }
            else
            {
                Do(declare);
            }
        }

        /// <summary>The relation last declared and not waiting for a decision; looked up in the history itself.</summary>
        private Relation DeclaredOf(CaseKey key, Target of)
        {
            var seen = 0;
            Relation? declared = null;
            var asked = 0;
            var requests = new List<Operation>();
            var known = Find(key)!;
            foreach (var operation in _operations.Select(o => o.Operation))
            {
                switch (operation)
                {
                    case ReportCase o when o.Case == key:
                        if (of.Kind == OutcomeKind.Death && o.Death is not null)
                        {
                            declared = o.Death.Relation;
                        }
                        if (of.Kind == OutcomeKind.Complication)
                        {
                            foreach (var complication in o.Complications)
                            {
                                declared = ++seen == of.Ordinal ? complication.Relation : declared;
                            }
                        }
                        break;
                    case ReportComplication o when o.Case == key && of.Kind == OutcomeKind.Complication:
                        declared = ++seen == of.Ordinal ? o.Complication.Relation : declared;
                        break;
                    case ReportDeath o when o.Case == key && of.Kind == OutcomeKind.Death:
                        declared = o.Death.Relation;
                        break;
                    case RecordIncident o when o.Case == key && of.Kind == OutcomeKind.Incident:
                        declared = ++seen == of.Ordinal ? o.Relation : declared;
                        break;
                    case DeclareRelation o when o.Case == key && asked < known.Requests.Count && ReferenceEquals(known.Requests[asked], o):
                        asked++;
                        requests.Add(o);
                        break;
                    case DeclareRelation o when o.Case == key && o.Of == of:
                        declared = o.Relation;
                        break;
                    case VoidCase or CorrectCase or Withdraw when asked < known.Requests.Count && ReferenceEquals(known.Requests[asked], operation):
                        asked++;
                        requests.Add(operation);
                        break;
                    case DecideRequest { Agree: true } o when o.Case == key && requests[o.Request - 1] is DeclareRelation d && d.Of == of:
                        declared = Relation.Unrelated;
                        break;
                }
            }
            return declared!.Value;
        }

        private static bool IsAskedFor(Known c, Target target) => c.Open.Any(i => c.Requests[i - 1] switch
        {
            DeclareRelation d => d.Of == target,
            Withdraw w => w.Of == target,
            _ => false,
        });

        private void WithdrawSome()
        {
            if (PickHarmed() is not { } c || c.Outcomes().Where(t => !IsAskedFor(c, t)).ToList() is not { Count: > 0 } targets)
            {
                return;
            }
            var of = Pick(targets);
            var withdraw = new Withdraw(c.Key, of);
            if (of.Kind == OutcomeKind.Death || c.Complications[of.Ordinal - 1])
            {
                Ask(c, withdraw);
                return;
            }
            c.Withdrawn.Add(of);
            Do(withdraw);
        }

        private void DecideSome()
        {
            var open = _cases.Where(c => !c.Voided && c.Open.Count > 0).ToList();
            if (open.Count == 0)
            {
                return;
            }
            var known = Pick(open);
            var number = Pick(known.Open.Order().ToList());
            var agree = Chance(0.6);
            known.Open.Remove(number);
            if (agree)
            {
                switch (known.Requests[number - 1])
                {
                    case CorrectCase correct when correct.Report.CompletedOn > known.LastAllowedDay:
                        agree = false; // an outcome came in that lies before the day asked for
                        break;
                    case CorrectCase correct:
                        known.Report = correct.Report;
                        break;
                    case VoidCase:
                        known.Voided = true;
                        break;
                    case Withdraw { Of.Kind: OutcomeKind.Death }:
                        known.Dead = false;
                        known.Adjudicated.Remove(Target.Death);
                        break;
                    case Withdraw withdraw:
                        known.Withdrawn.Add(withdraw.Of);
                        break;
                    case DeclareRelation declare:
                        known.Adjudicated.Add(declare.Of);
                        break;
                }
            }
            Do(new DecideRequest(known.Key, number, agree));
        }

        private void RecordSomeIncident()
        {
            if (PickCase() is not { } c || c.Report.CompletedOn > _today)
            {
                return;
            }
            var determinedOn = SomeDay(Later(c.Report.CompletedOn, _today.AddDays(-20)), _today);
            c.Incidents++;
            Bound(c, determinedOn);
            Do(new RecordIncident(c.Key, Between(1, 4), determinedOn, SomeRelation()));
        }

        private void TakeLeave()
        {
            var doctor = Pick(_doctors);
            if (doctor.Leaves > doctor.Confirmed && Chance(0.6))
            {
                Do(new ConfirmLeave(doctor.Id, ++doctor.Confirmed));
                return;
            }
            if (doctor.Leaves >= 3)
            {
                return;
            }
            // Leaves of one physician do not overlap: they follow each other in disjoint quarters of the history.
            var from = _today.AddDays(_random.Next(-60, 20));
            var to = from.AddDays(Pick([0, 6, 30, 98]));
            if (_leaveEnds.TryGetValue(doctor.Id, out var end) && from <= end)
            {
                return;
            }
            _leaveEnds[doctor.Id] = to;
            doctor.Leaves++;
            Do(new EnterLeave(doctor.Id, from, to, Pick(["maternity", "illness", "secondment"])));
        }

        private readonly Dictionary<string, DateOnly> _leaveEnds = [];

        private void Retitle()
        {
            var doctor = Pick(_doctors);
            if (doctor.Titles.Count >= 4)
            {
                doctor.Titles.RemoveAt(_random.Next(doctor.Titles.Count));
            }
            var from = SomeDay(_today.AddDays(-300), _today);
            if (doctor.Titles.Exists(t => t.From == from))
            {
                return;
            }
            doctor.Titles.Add(new TitleFrom(Pick([Title.Attending, Title.AssociateChief, Title.AssociateChief, Title.Chief]), from));
            Put(doctor);
        }

        /// <summary>Another main registration, a gap, or a second place gained or given up; never two main ones on a day, none without a main one.</summary>
        private void Move()
        {
            var doctor = Pick(_doctors);
            var day = _today.AddDays(_random.Next(-30, 10));
            var main = doctor.Registrations.Find(r => r.Main && r.To is null);
            if (main is null)
            {
                var last = doctor.Registrations.Where(r => r.To is not null).Select(r => r.To!.Value).DefaultIfEmpty(day).Max();
                doctor.Registrations.Add(new Registration(Pick(_institutions).Id, Later(day, last.AddDays(1)), null, true));
                Put(doctor);
                return;
            }
            if (main.From >= day)
            {
                return;
            }
            var side = doctor.Registrations.Find(r => !r.Main && r.To is null);
            switch (_random.Next(4))
            {
                case 0 when side is null && _institutions.Count > 1:
                    doctor.Registrations.Add(new Registration(Pick(_institutions.Where(i => i.Id != main.Institution).ToList()).Id, day.AddDays(1), null, false));
                    break;
                case 0 when side is not null && side.From <= day:
                    End(doctor, side, day);
                    break;
                case 1 when Chance(0.4) && (side is null || side.From <= day):
                    End(doctor, main, day);
                    if (side is not null)
                    {
                        End(doctor, side, day);
                    }
                    break;
                default:
                    if (side is not null && side.From > day)
                    {
                        return;
                    }
                    var next = Pick(_institutions).Id;
                    if (next == main.Institution)
                    {
                        return;
                    }
                    End(doctor, main, day);
                    if (side is not null && side.Institution == next)
                    {
                        End(doctor, side, day);
                    }
                    doctor.Registrations.Add(new Registration(next, day.AddDays(1), null, true));
                    break;
            }
            Put(doctor);
        }

        private static void End(Doctor doctor, Registration registration, DateOnly day)
        {
            doctor.Registrations.Remove(registration);
            doctor.Registrations.Add(registration with { To = day });
        }

        private void Put(Doctor doctor) =>
            Do(new PutPhysician(doctor.Id, doctor.Titles.OrderBy(t => t.From).ToList(), doctor.Registrations.OrderBy(r => r.From).ToList()));

        // ------------------------------------------------------------ the dice

        private void Do(Operation operation)
        {
            var next = new Timed(_today, _order++, operation);
            _operations.Add(next);
            var accepted = _reckoner.Apply(next);
            applied?.Invoke(next, accepted);
        }

        private Known? Find(CaseKey key) => _cases.Find(c => c.Key == key);

        private Known? PickCase()
        {
            if (_cases.Count == 0)
            {
                return null;
            }
            var known = Pick(_cases);
            return known.Voided ? null : known;
        }

        private Known? PickHarmed()
        {
            var harmed = _cases.Where(c => !c.Voided && (c.HasHarm || c.Outcomes().Any())).ToList();
            return harmed.Count == 0 ? null : Pick(harmed);
        }

        private Relation SomeRelation() => _random.Next(100) switch { < 60 => Relation.Related, < 80 => Relation.Unrelated, _ => Relation.Undetermined };

        private DateOnly SomeDay() => SomeDay(_first, _last);

        private DateOnly SomeDay(DateOnly from, DateOnly to) => from.AddDays(_random.Next(Math.Max(1, to.DayNumber - from.DayNumber + 1)));

        private static DateOnly Earlier(DateOnly a, DateOnly b) => a < b ? a : b;

        private static DateOnly Later(DateOnly a, DateOnly b) => a > b ? a : b;

        private bool Chance(double probability) => _random.NextDouble() < probability;

        private int Between(int least, int most) => _random.Next(least, most + 1);

        private T Pick<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];
    }
}
