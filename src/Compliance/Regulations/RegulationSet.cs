using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Compliance.Regulations;

/// <summary>All versions of all regulations that are published, and what provinces demand beyond them. Immutable; it finds the one a question goes to.</summary>
public sealed class RegulationSet
{
    private readonly ImmutableList<Regulation> all;
    private readonly ImmutableList<ProvincialLimits> provincial;
    private readonly ConcurrentDictionary<(Regulation, ProvincialLimits), Regulation> tightened = [];

    private RegulationSet(ImmutableList<Regulation> all, ImmutableList<ProvincialLimits> provincial) => (this.all, this.provincial) = (all, provincial);

    public static RegulationSet Empty { get; } = new([], []);

    /// <summary>Every version, in the order of publication.</summary>
    public IReadOnlyList<Regulation> All => all;

    /// <summary>What provinces demand, every version, in the order of publication.</summary>
    public IReadOnlyList<ProvincialLimits> Provincial => provincial;

    /// <summary>The techniques that are practised and monitored, in the order of their first publication.</summary>
    public IEnumerable<string> Techniques => all.Where(regulation => regulation.Practice is not null).Select(regulation => regulation.Technique).Distinct();

    /// <summary>The techniques, and the programmes beside them: whatever there can be a qualification for.</summary>
    public IEnumerable<string> Qualifying => all.Select(regulation => regulation.Technique).Distinct();

    /// <summary>The set with one version more. A pair of id and version that is there already is left as it is: what was judged by it must stay explainable.</summary>
    public RegulationSet With(Regulation regulation) => Find(regulation.Id, regulation.Version) is null ? new(all.Add(regulation), provincial) : this;

    /// <summary>The set with one version more of what a province demands; one that is there already is left as it is.</summary>
    public RegulationSet With(ProvincialLimits limits) => Find(limits.Regulation, limits.Province, limits.Version) is null ? new(all, provincial.Add(limits)) : this;


    public Regulation? Find(string id, int version) => all.Find(regulation => regulation.Id == id && regulation.Version == version);

    public ProvincialLimits? Find(string id, string province, int version) => provincial.Find(limits => limits.Regulation == id && limits.Province == province && limits.Version == version);

    /// <summary>What keeps a consistent regulation from being published beside those there are; empty when nothing does.</summary>
    public IReadOnlyList<RegulationFault> ValidateNext(Regulation regulation)
    {
        List<RegulationFault> faults = [];
        if (Find(regulation.Id, regulation.Version) is not null)
            faults.Add(new("/version", "versionExists", $"Version {regulation.Version} of {regulation.Id} is published already."));
        else if (all.Where(other => other.Id == regulation.Id).Select(other => other.Version).DefaultIfEmpty(0).Max() + 1 is var next && regulation.Version != next)
            faults.Add(new("/version", "versionNotNext", $"The next version of {regulation.Id} is {next}."));
        if (all.Exists(other => other.Id == regulation.Id && other.Technique != regulation.Technique))
            faults.Add(new("/technique", "techniqueChanged", $"{regulation.Id} is a regulation for another technique."));
        if (all.Exists(other => other.Technique == regulation.Technique && other.Practice is null != regulation.Practice is null))
            faults.Add(new("/practice", "practiceChanged", $"{regulation.Technique} is a technique or a programme, and stays what it is."));
        // A name means the same wherever it stands: what is attested for one regulation is attested for all.
        for (int i = 0; i < regulation.Facts.Count; i++)
        {
            FactDefinition fact = regulation.Facts[i];
            if (all.SelectMany(other => other.Facts).Any(other => other.Name == fact.Name && !other.HoldsTheSameAs(fact)))
                faults.Add(new($"/facts/{i}/type", "factChanged", $"{fact.Name} is of another type in a regulation published already."));
        }

        return faults;
    }

    /// <summary>The version <paramref name="asOf"/> is judged by: the last whose <see cref="Regulation.JudgesFrom"/> is on or before it. Null before the first: then nothing is judged.</summary>
    public Regulation? InForce(string technique, DateOnly asOf) =>
        Of(technique).Where(regulation => regulation.JudgesFrom <= asOf).MaxBy(regulation => (regulation.JudgesFrom, regulation.EffectiveFrom, all.IndexOf(regulation)));

    /// <summary>The same, with the limits a province has tightened by then. Null province: the nation's.</summary>
    public Regulation? InForce(string technique, DateOnly asOf, string? province) => InForce(technique, asOf) is { } regulation ? Over(regulation, asOf, province) : null;

    /// <summary>
    /// The version an application is judged by on a day: the newest in force by its <see cref="Regulation.EffectiveFrom"/>, with what the province demands beyond it. Null for what no regulation knows.
    /// </summary>
    public Regulation? ForApplications(string technique, DateOnly day, string? province) =>
        ReportDefinitions(technique, day) is { } regulation ? Over(regulation, day, province) : null;

    /// <summary>A regulation, published or not, with what a province demands beyond it on a day.</summary>
    public Regulation Over(Regulation regulation, DateOnly asOf, string? province) =>
        provincial.Where(l => l.Regulation == regulation.Id && l.Province == province && l.JudgesFrom <= asOf).MaxBy(l => (l.JudgesFrom, l.Version)) is { } limits
            ? Tightened(regulation, limits)
            : regulation;

    private Regulation Tightened(Regulation regulation, ProvincialLimits limits) => tightened.GetOrAdd((regulation, limits), static of => of.Item2.Over(of.Item1));

    /// <summary>The version whose definitions metrics are shown with: the one in force for judging, and before the first the first. Null for a technique without regulation.</summary>
    public Regulation? ForDefinitions(string technique, DateOnly asOf) => InForce(technique, asOf) ?? First(technique);

    /// <summary>
    /// The version a case completed on <paramref name="day"/> is coded by: the newest in force by its <see cref="Regulation.EffectiveFrom"/>, and before the first the first,
    /// so that older cases can be imported. Null for a technique without regulation.
    /// </summary>
    public Regulation? ReportDefinitions(string technique, DateOnly day) =>
        Of(technique).Where(regulation => regulation.EffectiveFrom <= day).MaxBy(regulation => (regulation.EffectiveFrom, all.IndexOf(regulation))) ?? First(technique);

    private IEnumerable<Regulation> Of(string technique) => all.Where(regulation => regulation.Technique == technique);

    private Regulation? First(string technique) => Of(technique).MinBy(regulation => (regulation.JudgesFrom, regulation.EffectiveFrom, all.IndexOf(regulation)));
}
