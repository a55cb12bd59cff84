using Compliance.Regulations;

namespace Compliance.Service.Metrics;

/// <summary>Days judged, both included; empty when <paramref name="From"/> lies after <paramref name="To"/>.</summary>
/// <param name="Complete">True when it is a whole rolling year.</param>
public sealed record ObservationShown(DateOnly From, DateOnly To, bool Complete);

public sealed record MeasurementShown(Outcome Outcome, decimal? Actual, int? Numerator, int? Denominator);

/// <summary>A finding as answers and <c>standings</c> hold it.</summary>
/// <param name="Clause">Its id, stable.</param>
/// <param name="Title">Null when the regulation given does not have the clause.</param>
/// <param name="Actual">For people to read; the outcome was decided on the integers.</param>
/// <param name="Since">First day closed of the run of binding breaches it belongs to.</param>
/// <param name="SuspendsOn">The day on whose closing it suspends if nothing changes.</param>
/// <param name="Current">The same clause on the day itself; never binding.</param>
/// <param name="Facts">Of a condition that is not kept, the facts it is for.</param>
/// <param name="Stricter">Whose limit it is where a province demands more than the nation, and the nation's.</param>
/// <param name="Possible">The outcome with every open question answered against the subject; null where that cannot differ.</param>
public sealed record FindingShown(
    string Clause,
    Bilingual? Title,
    Outcome Outcome,
    bool Binding,
    BreachEffect OnBreach,
    int? AfterDays,
    DateOnly JudgedOn,
    ObservationShown Observation,
    decimal? Actual,
    decimal? Limit,
    string Comparison,
    int? Numerator,
    int? Denominator,
    DateOnly? Since,
    DateOnly? SuspendsOn,
    MeasurementShown? Current,
    Outcome? Possible,
    IReadOnlyList<string>? Facts,
    Stricter? Stricter)
{
    /// <param name="regulation">The version the finding was made by; null leaves the title out.</param>
    public static FindingShown Of(Finding finding, Regulation? regulation) => new(
        finding.Clause,
        regulation?.Clauses.FirstOrDefault(c => c.Id == finding.Clause)?.Title,
        finding.Measured.Outcome,
        finding.Binding,
        finding.Effect,
        finding.AfterDays,
        finding.JudgedOn,
        new(finding.Observation.From, finding.Observation.To, finding.Observation.Complete),
        finding.Measured.Actual,
        finding.Limit,
        finding.Comparison,
        finding.Measured.Numerator,
        finding.Measured.Denominator,
        finding.Since,
        finding.SuspendsOn,
        finding.Current is { } current ? new(current.Outcome, current.Actual, current.Numerator, current.Denominator) : null,
        finding.Possible,
        finding.Facts,
        finding.Stricter);

    public static IReadOnlyList<FindingShown> All(IEnumerable<Finding> findings, Regulation? regulation) => [.. findings.Select(f => Of(f, regulation))];
}
