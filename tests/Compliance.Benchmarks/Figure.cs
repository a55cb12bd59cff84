namespace Compliance.Benchmarks;

/// <summary>What is to be reached; several parts must all hold.</summary>
internal sealed record Aim(double? RatioAtLeast = null, double? RatioAtMost = null, double? AtLeast = null, double? Below = null)
{
    public bool Met(Figure figure) =>
        !(figure.Ratio < RatioAtLeast) && !(figure.Ratio > RatioAtMost) && !(figure.Value < AtLeast) && !(figure.Value >= Below);

    public override string ToString() => string.Join(
        ", ",
        new[]
        {
            RatioAtLeast is { } r ? $">= {Numbers.Text(r)} x" : null,
            RatioAtMost is { } m ? $"<= {Numbers.Text(m)} x" : null,
            AtLeast is { } v ? $">= {Numbers.Text(v)}" : null,
            Below is { } b ? $"< {Numbers.Text(b)}" : null,
        }.OfType<string>());
}

/// <summary>How the cost of one case follows from a figure, for the question whether it stays flat.</summary>
internal enum Cost
{
    /// <summary>Not asked.</summary>
    None,

    /// <summary>The figure is a rate.</summary>
    Inverse,

    /// <summary>The figure is a time or a size.</summary>
    Itself,
}

/// <summary>One line of the table.</summary>
/// <param name="Name">Stable: what <c>--only</c> takes and what later runs are compared by.</param>
/// <param name="Measured">One value a run.</param>
/// <param name="Limit">Of the same runs, in the same order; empty where nothing bounds it but the aim.</param>
/// <param name="Cases">The size it was measured at; null where the size does not matter.</param>
internal sealed record Figure(string Name, string Unit, IReadOnlyList<double> Measured, IReadOnlyList<double> Limit, Aim? Aim = null, long? Cases = null, Cost Cost = Cost.None, string? Note = null)
{
    public double Value => Numbers.Median(Measured);

    public double? LimitValue => Limit.Count == 0 ? null : Numbers.Median(Limit);

    /// <summary>Run by run, so that what slowed down both sides of a run does not show.</summary>
    public double? Ratio => Limit.Count == 0 ? null
        : Limit.Count == Measured.Count ? Numbers.Median([.. Measured.Zip(Limit, (m, l) => m / l)])
        : Value / LimitValue;

    public bool? IsMet => Aim?.Met(this);
}
