namespace Compliance.Regulations;

/// <summary>Whose limit stands in a clause where a province is stricter than the nation.</summary>
/// <param name="Version">Of the province's limits.</param>
/// <param name="NationalLimit">What the regulation says, as findings write it: a fraction for rates.</param>
public sealed record Stricter(
    [property: Stored("Province")] string Province,
    [property: Stored("Version")] int Version,
    [property: Stored("NationalLimit")] decimal NationalLimit);

/// <summary>A limit a province tightens.</summary>
/// <param name="Clause">Of the regulation.</param>
/// <param name="Limit">As the regulation writes it: cases, percent, deaths, beds.</param>
/// <param name="Fact">Which of the facts of a condition; null for the clauses that are counted.</param>
public sealed record StricterLimit([property: Stored("Clause")] string Clause, [property: Stored("Limit")] decimal Limit, [property: Stored("Fact")] string? Fact = null);

/// <summary>
/// One version of what a province demands beyond a regulation. The regulation is the least (最低要求): a province may only tighten a limit, and neither loosens, adds nor removes a clause.
/// </summary>
/// <param name="Regulation">Its id; whichever version of it judges a day is tightened.</param>
/// <param name="Province">Two-digit GB/T 2260 code, or 66.</param>
/// <param name="Version">1 upwards.</param>
/// <param name="JudgesFrom">First day judged by it.</param>
/// <param name="Document">Number of the province's document.</param>
public sealed record ProvincialLimits(
    [property: Stored("Regulation")] string Regulation,
    [property: Stored("Province")] string Province,
    [property: Stored("Version")] int Version,
    [property: Stored("JudgesFrom")] DateOnly JudgesFrom,
    [property: Stored("Document")] string Document,
    [property: Stored("Limits")] IReadOnlyList<StricterLimit> Limits)
{
    /// <summary>True when the two say the same.</summary>
    public bool Says(ProvincialLimits other) => this with { Limits = other.Limits } == other && Limits.SequenceEqual(other.Limits);

    /// <summary>What keeps these limits from being laid over a regulation; empty when nothing does.</summary>
    public IReadOnlyList<RegulationFault> Validate(Regulation regulation)
    {
        List<RegulationFault> faults = [];
        if (Limits.Count == 0)
            faults.Add(new("/limits", "empty", "At least one limit is tightened."));
        for (int i = 0; i < Limits.Count; i++)
        {
            StricterLimit limit = Limits[i];
            if (regulation.Clause(limit.Clause) is not { } clause)
                faults.Add(new($"/limits/{i}/clause", "unknownClause", $"There is no clause {limit.Clause}."));
            else if (Limits.Take(i).Any(earlier => (earlier.Clause, earlier.Fact) == (limit.Clause, limit.Fact)))
                faults.Add(new($"/limits/{i}/clause", "repeated", $"{limit.Clause} is tightened already."));
            else if (LimitChange.In(clause, limit) is not { } tightened)
                faults.Add(new($"/limits/{i}", "noSuchLimit", $"{limit.Clause} has no such limit."));
            else if (!tightened.IsStricter)
                faults.Add(new($"/limits/{i}/limit", "notStricter", $"{limit.Limit} is not stricter than the {tightened.National} of the regulation."));
        }

        return faults;
    }

    /// <summary>The regulation with these limits in it. One that no longer is stricter, because the nation has caught up, leaves its clause alone.</summary>
    public Regulation Over(Regulation regulation) => regulation with
    {
        Clauses =
        [
            .. regulation.Clauses.Select(clause => Limits.Where(limit => limit.Clause == clause.Id).Aggregate(
                clause, (of, limit) => LimitChange.In(of, limit) is { IsStricter: true } tightened ? tightened.Clause with { Stricter = new(Province, Version, tightened.Shown) } : of)),
        ],
    };
}

/// <summary>A limit in a clause, replaced by another.</summary>
public static class LimitChange
{
    /// <summary>Whether the regulation has the limit.</summary>
    public static bool Fits(Regulation regulation, StricterLimit limit) => regulation.Clause(limit.Clause) is { } clause && In(clause, limit) is not null;

    /// <summary>The regulation with the limits in it.</summary>
    public static Regulation Over(Regulation regulation, IReadOnlyList<StricterLimit> limits) => regulation with
    {
        Clauses = [.. regulation.Clauses.Select(clause => limits.Where(limit => limit.Clause == clause.Id).Aggregate(clause, (of, limit) => In(of, limit)?.Clause ?? of))],
    };

    /// <param name="National">As the regulation writes it.</param>
    /// <param name="Shown">As findings write it.</param>
    internal sealed record Changed(Clause Clause, decimal National, decimal Shown, bool IsStricter);

    /// <summary>The clause with another limit, looser or stricter; null when it has no such limit.</summary>
    internal static Changed? In(Clause clause, StricterLimit limit)
    {
        bool whole = decimal.IsInteger(limit.Limit) && limit.Limit is >= 0 and <= 100_000;
        return clause switch
        {
            Clause.AnnualVolume c when whole && limit.Fact is null => new(c with { AtLeast = (int)limit.Limit }, c.AtLeast, c.AtLeast, limit.Limit > c.AtLeast),
            Clause.QualifiedStaff c when whole && limit.Fact is null => new(c with { AtLeast = (int)limit.Limit }, c.AtLeast, c.AtLeast, limit.Limit > c.AtLeast),
            Clause.EventRate c when whole && limit.Fact is null => new(c with { BelowPercent = (int)limit.Limit }, c.BelowPercent, c.BelowPercent / 100m, limit.Limit >= 1 && limit.Limit < c.BelowPercent),
            Clause.FewCasesMortality c when whole && limit.Fact is null => new(c with { AtMost = (int)limit.Limit }, c.AtMost, c.AtMost, limit.Limit < c.AtMost),
            Clause.Condition c when limit.Fact is { } fact => Within(c.Test, fact, limit.Limit) is var (test, national, stricter) ? new(c with { Test = test }, national, national, stricter) : null,
            _ => null,
        };
    }

    /// <summary>The test with another limit for the one comparison of a fact with a number; null when there is none.</summary>
    private static (Test Test, decimal National, bool Stricter)? Within(Test test, string fact, decimal limit)
    {
        if ((test.Fact == fact || test.Sum?.Contains(fact) == true) && test.Value is { } national)
        {
            bool? stricter = test.Comparison switch
            {
                Comparison.AtLeast or Comparison.Above => limit > national,
                Comparison.AtMost or Comparison.Below => limit < national,
                _ => null,
            };
            return stricter is { } is_ ? (test with { Value = limit }, national, is_) : null;
        }

        // Only where all of it must hold: in a choice, a stricter branch may be the looser whole.
        for (int i = 0; i < (test.AllOf?.Count ?? 0); i++)
        {
            if (Within(test.AllOf![i], fact, limit) is var (part, of, stricter))
                return (test with { AllOf = [.. test.AllOf.Take(i), part, .. test.AllOf.Skip(i + 1)] }, of, stricter);
        }

        return test.Then is { } then && Within(then, fact, limit) is var (changed, old, isStricter) ? (test with { Then = changed }, old, isStricter) : null;
    }
}
