using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.Projections;
using Case = Compliance.Cases.Case;

namespace Compliance.Service.Tests;

/// <summary>
/// The service's own decisions without its database: the same decide and evolve functions, the same evaluation, with the
/// SQL replaced by loops over the facts of the cases.
/// </summary>
internal sealed class ServiceInMemory : Reckoning.ISystemUnderHistory
{
    private static readonly Actor Shipped = new("system", "shipped");
    private static readonly DateOnly LongAgo = new(2022, 1, 1);

    private static readonly CalendarHistory Calendars = ShippedCalendars.All.Aggregate(
        CalendarHistory.Empty, (h, s) => h.With(new(s.Calendar.Year, s.Calendar.Version, s.Calendar.Notice, s.Calendar.Rest, s.Calendar.MakeUp, s.Sha256, LongAgo, Shipped)));

    private static readonly RegulationSet Regulations = ShippedRegulations.All.Aggregate(RegulationSet.Empty, (r, s) => r.With(s.Regulation));

    private readonly Dictionary<string, object> _streams = [];
    private readonly Dictionary<(string, string), Enforcement.State> _enforcement = [];
    private readonly Dictionary<string, Physician.State> _people = [];
    private readonly Dictionary<string, Institution.State> _places = [];
    private readonly Dictionary<QualificationId, Qualification.State> _qualifications = [];
    private readonly Dictionary<QualificationId, List<(DateOnly Day, Qualification.Event Event)>> _decided = [];
    private readonly Dictionary<Guid, CaseFacts> _cases = [];
    private readonly Dictionary<(Subject, string), List<CaseFacts>> _casesOf = [];
    private readonly Dictionary<Guid, Procedure.State> _procedures = [];
    private readonly Dictionary<QualificationId, int> _heldAt = [];
    private Dictionary<QualificationId, Closing> _closings = [];
    private int _changes;

    /// <param name="regulations">Those shipped unless given.</param>
    public ServiceInMemory(RegulationSet? regulations = null) => Reference = new(0, Calendars, regulations ?? Regulations, _enforcement, new Dictionary<(string, string), AssessmentSchedule.State>());

    public IReadOnlyDictionary<QualificationId, Closing> Closed => _closings;

    public Reference Reference { get; }

    public Qualification.State StateOf(QualificationId id) => _qualifications.GetValueOrDefault(id) ?? Qualification.State.Initial;

    public IReadOnlyList<(DateOnly Day, Qualification.Event Event)> DecidedOn(QualificationId id) => _decided.GetValueOrDefault(id) ?? [];

    public Closing? LastClosing(QualificationId id) => _closings.GetValueOrDefault(id);

    public Task<bool> Execute<TState, TEvent>(Aggregate<TState, TEvent> aggregate, string stream, DateOnly today, Func<TState, Decision<TEvent>> decide)
        where TEvent : notnull
    {
        var state = _streams.TryGetValue(stream, out var held) ? (TState)held : aggregate.Initial;
        var decision = decide(state);
        if (decision.Refusal is not null || decision.Events.Count == 0)
        {
            return Task.FromResult(decision.Refusal is null);
        }

        var after = decision.Events.Aggregate(state, aggregate.Evolve);
        _streams[stream] = after!;
        _changes++;
        switch (after)
        {
            case Case.State c:
                _cases[c.Key!.CaseId] = CaseFacts.Of(c);
                _casesOf.Clear();
                break;
            case Procedure.State announced:
                _procedures[announced.Key!.CaseId] = announced;
                break;
            case Physician.State p:
                _people[p.Entry!.Physician] = p;
                break;
            case Institution.State i:
                _places[i.Entry!.Institution] = i;
                break;
            case Enforcement.State e:
                _enforcement[(e.Settings[^1].Technique, e.Settings[^1].Province)] = e;
                break;
            case Qualification.State q:
                var id = q.Id!.Value;
                _qualifications[id] = q;
                (_decided.TryGetValue(id, out var list) ? list : _decided[id] = []).AddRange(decision.Events.Select(e => (today, (Qualification.Event)(object)e)));
                break;
        }

        return Task.FromResult(true);
    }

    /// <summary>What the projection and the monitor do about a day closed, the day after it.</summary>
    public async Task Close(DateOnly day)
    {
        var closings = new Dictionary<QualificationId, Closing>();
        foreach (var technique in Reference.Regulations.Techniques)
        {
            var regulation = Reference.Regulations.InForce(technique, day)!;
            foreach (var (id, state) in _qualifications.Where(q => q.Key.Technique == technique && Monitoring.IsJudged(q.Value, day)))
            {
                closings[id] = Closings.Of(day, Reference, regulation, Read(new(id, day)), BreachRun.Of(_closings.GetValueOrDefault(id)?.Findings ?? []), GroundsHold(id, state));
            }
        }

        _closings = closings;
        var today = day.AddDays(1);
        foreach (var province in closings.Values.GroupBy(c => (c.Qualification.Technique, c.Province)))
        {
            var setting = Reference.EnforcementOf(province.Key.Technique, province.Key.Province).On(day);
            var held = setting is { Mode: EnforcementMode.Enforce } && Enforcement.MustHold(setting, province.Count(c => c.WouldSuspend), province.Count());
            foreach (var closing in province.Where(c => c.AsksForDecision))
            {
                var months = Reference.Regulations.Find(closing.Regulation, closing.RegulationVersion)!.InPractice.Proceedings.RectificationMonths;
                (await Execute(
                    Aggregates.Qualifications, Qualification.Stream(closing.Qualification), today, s => Monitoring.RecordClosing(s, closing, setting, held, months, today, today.AddDays(7)))).ShouldBeTrue();
            }
        }
    }

    // Ninety days are not judged again where nothing has happened since they last were.
    private bool? GroundsHold(QualificationId id, Qualification.State state)
    {
        if (state.StandingSuspension is null)
        {
            _heldAt.Remove(id);
            return null;
        }

        if (_heldAt.TryGetValue(id, out var at) && at == _changes)
        {
            return true;
        }

        var holds = Closings.GroundsHold(Reference, state, Read);
        if (holds == true)
        {
            _heldAt[id] = _changes;
        }

        return holds;
    }

    public FactsRead Read(FactsAsked asked)
    {
        var prepared = FactsReader.Prepare(asked, Reference, _people, _places, _qualifications.GetValueOrDefault);
        var (subject, technique) = asked.Qualification;
        return prepared.With(
            Count(subject, technique, prepared.Judged.Span, asked.AsOf),
            Count(subject, technique, prepared.Current.Span, asked.AsOf),
            subject.Kind == SubjectKind.Institution ? StaffOf(subject.Id, technique, asked.AsOf) : default);
    }

    private Staff StaffOf(string institution, string technique, DateOnly day)
    {
        int qualified = 0, associates = 0, chiefs = 0;
        foreach (var (id, person) in _people)
        {
            if (person.MainOn(day)?.Institution == institution
                && _qualifications.TryGetValue(new(Subject.Physician(id), technique), out var q)
                && q.ActiveSpans().Any(s => s.Contains(day)))
            {
                qualified++;
                associates += person.TitleOn(day) >= Title.AssociateChief ? 1 : 0;
                chiefs += person.TitleOn(day) >= Title.Chief ? 1 : 0;
            }
        }

        return new(qualified, associates, chiefs);
    }

    public Counts Count(Subject subject, string technique, DaySpan days, DateOnly asOf)
    {
        if (!_casesOf.TryGetValue((subject, technique), out var mine))
        {
            mine = _casesOf[(subject, technique)] = [.. _cases.Values.Where(c =>
                !c.Voided && c.Key.Technique == technique && (subject.Kind == SubjectKind.Institution ? c.Key.Institution : c.Key.Operator) == subject.Id)];
        }

        int cases = 0, therapeutic = 0, high = 0, highTherapeutic = 0, severe = 0, therapeuticSevere = 0, death = 0, therapeuticDeath = 0;
        int possibleSevere = 0, possibleDeath = 0, possibleTherapeuticSevere = 0, possibleTherapeuticDeath = 0, incidents = 0, serious = 0, late = 0, overdue = 0;
        foreach (var c in mine)
        {
            foreach (var (_, grade, _) in c.Incidents.Where(i => days.Contains(i.DeterminedOn)))
            {
                incidents++;
                serious += grade <= 2 ? 1 : 0;
            }

            if (!days.Contains(c.Key.CompletedOn))
            {
                continue;
            }

            cases++;
            therapeutic += One(c.Therapeutic);
            high += One(c.Level >= 3);
            highTherapeutic += One(c.Level >= 3 && c.Therapeutic);
            severe += One(c.Severe);
            therapeuticSevere += One(c.Severe && c.Therapeutic);
            death += One(c.Death);
            therapeuticDeath += One(c.Death && c.Therapeutic);
            possibleSevere += One(c.PossibleSevere);
            possibleDeath += One(c.PossibleDeath);
            possibleTherapeuticSevere += One(c.PossibleSevere && c.Therapeutic);
            possibleTherapeuticDeath += One(c.PossibleDeath && c.Therapeutic);
            late += One(c.Timeliness.IsLate && c.Timeliness.ReceivedOn <= asOf);
            overdue += One(c.Timeliness.ReceivedOn > asOf && c.Timeliness.Deadline < asOf);
        }

        overdue += _procedures.Values.Count(p =>
            p.Stands && !_cases.ContainsKey(p.Key!.CaseId) && p.Timeliness!.Deadline < asOf && days.Contains(p.Key.CompletedOn)
            && p.Key.Technique == technique && (subject.Kind == SubjectKind.Institution ? p.Key.Institution : p.Key.Operator) == subject.Id);
        return new(
            cases, cases - therapeutic, therapeutic, high, highTherapeutic, severe, therapeuticSevere, death, therapeuticDeath,
            possibleSevere, possibleDeath, possibleTherapeuticSevere, possibleTherapeuticDeath, incidents, serious, late, overdue);

        static int One(bool counts) => counts ? 1 : 0;
    }
}
