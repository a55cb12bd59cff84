using System.Text.Json.Serialization;
using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Metrics;

/// <summary>Physicians with their main registration at an institution and an active qualification, on one day.</summary>
/// <param name="Qualified">All of them.</param>
/// <param name="AssociateChiefs">Of them, associate chief or higher.</param>
/// <param name="Chiefs">Of them, chief.</param>
public readonly record struct Staff(
    [property: Stored("Qualified")] int Qualified,
    [property: Stored("AssociateChiefs")] int AssociateChiefs,
    [property: Stored("Chiefs")] int Chiefs)
{
    /// <summary>How many hold a title or a higher one; below associate chief all of them are counted.</summary>
    public int AtLeast(Title title) => title switch
    {
        Title.Chief => Chiefs,
        Title.AssociateChief => AssociateChiefs,
        _ => Qualified,
    };
}

/// <summary>Everything about one subject that <see cref="Regulations.Evaluation"/> looks at: the inputs of a decision, whole.</summary>
/// <param name="AsOf">The day it is about.</param>
/// <param name="Judged">The days that bind: they end on the settled day.</param>
/// <param name="Counts">Over the days that bind.</param>
/// <param name="Current">The same up to <paramref name="AsOf"/> itself.</param>
/// <param name="CurrentCounts">Over <paramref name="Current"/>.</param>
/// <param name="Staff">On <paramref name="AsOf"/>; zeros for a physician.</param>
/// <param name="Excused">The days that bind overlap a leave, an own suspension, or the suspension of every place of registration.</param>
/// <param name="LowestTitle">The lowest title held on any day that binds; null when none was known on one of them, and for an institution.</param>
/// <param name="Conditions">What the conditions of the grant are judged by; null where nobody has attested anything.</param>
public sealed record SubjectFacts(
    [property: Stored("Subject")] Subject Subject,
    [property: Stored("Technique")] string Technique,
    [property: Stored("AsOf")] DateOnly AsOf,
    [property: Stored("Judged")] Observation Judged,
    [property: Stored("Counts")] Counts Counts,
    [property: Stored("Current")] Observation Current,
    [property: Stored("CurrentCounts")] Counts CurrentCounts,
    [property: Stored("Staff")] Staff Staff,
    [property: Stored("Excused")] bool Excused,
    [property: Stored("LowestTitle")] Title? LowestTitle,
    [property: Stored("CurrentLowestTitle")] Title? CurrentLowestTitle,
    [property: Stored("Conditions"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ConditionFacts? Conditions = null)
{
    [JsonIgnore]
    public bool IsPhysician => Subject.Kind == SubjectKind.Physician;
}
