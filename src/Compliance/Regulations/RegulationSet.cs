using System.Collections.Immutable;

namespace Compliance.Regulations;

/// <summary>All versions of all regulations that are published. Immutable; it finds the one a question goes to.</summary>
public sealed class RegulationSet
{
    private readonly ImmutableList<Regulation> all;

    private RegulationSet(ImmutableList<Regulation> all) => this.all = all;

    public static RegulationSet Empty { get; } = new([]);

    /// <summary>Every version, in the order of publication.</summary>
    public IReadOnlyList<Regulation> All => all;

    /// <summary>The techniques there are regulations for, in the order of their first publication.</summary>
    public IEnumerable<string> Techniques => all.Select(regulation => regulation.Technique).Distinct();

    /// <summary>The set with one version more. A pair of id and version that is there already is left as it is: what was judged by it must stay explainable.</summary>
    public RegulationSet With(Regulation regulation) => Find(regulation.Id, regulation.Version) is null ? new(all.Add(regulation)) : this;

    public Regulation? Find(string id, int version) => all.Find(regulation => regulation.Id == id && regulation.Version == version);

    /// <summary>What keeps a consistent regulation from being published beside those there are; empty when nothing does.</summary>
    public IReadOnlyList<RegulationFault> ValidateNext(Regulation regulation)
    {
        List<RegulationFault> faults = [];
        if (Find(regulation.Id, regulation.Version) is not null)
            faults.Add(new("/version", "versionExists", $"Version {regulation.Version} of {regulation.Id} is published already."));
        if (all.Exists(other => other.Id == regulation.Id && other.Technique != regulation.Technique))
            faults.Add(new("/technique", "techniqueChanged", $"{regulation.Id} is a regulation for another technique."));
        return faults;
    }

    /// <summary>The version <paramref name="asOf"/> is judged by: the last whose <see cref="Regulation.JudgesFrom"/> is on or before it. Null before the first: then nothing is judged.</summary>
    public Regulation? InForce(string technique, DateOnly asOf) =>
        Of(technique).Where(regulation => regulation.JudgesFrom <= asOf).MaxBy(regulation => (regulation.JudgesFrom, regulation.EffectiveFrom, all.IndexOf(regulation)));

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
