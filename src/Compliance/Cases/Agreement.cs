namespace Compliance.Cases;

/// <summary>
/// How far what hospitals declared of outcomes agrees with what was adjudicated. Cohen's kappa is κ = (pₒ − pₑ) / (1 − pₑ): pₒ the share decided as declared, pₑ the share to be expected if the two
/// had nothing to do with each other. With N decided, A of them as declared, and E the sum over the three relations of (declared so) × (adjudicated so), that is κ = (N·A − E) / (N² − E).
/// </summary>
/// <param name="Decided">Outcomes adjudicated.</param>
/// <param name="Agreed">Of them, those adjudicated as declared.</param>
/// <param name="Chance">E.</param>
public sealed record Agreement(int Decided, int Agreed, long Chance)
{
    /// <summary>Rounded to six decimals; null where it is undefined: nothing was decided, or all of it was declared and adjudicated the same one thing.</summary>
    public decimal? Kappa
    {
        get
        {
            var denominator = ((long)Decided * Decided) - Chance;
            return denominator == 0 ? null : decimal.Round((((decimal)Decided * Agreed) - Chance) / denominator, 6);
        }
    }

    public static Agreement Of(IReadOnlyList<(Relation Declared, Relation Adjudicated, int Count)> cells) => new(
        cells.Sum(c => c.Count),
        cells.Where(c => c.Declared == c.Adjudicated).Sum(c => c.Count),
        Enum.GetValues<Relation>().Sum(r => (long)cells.Where(c => c.Declared == r).Sum(c => c.Count) * cells.Where(c => c.Adjudicated == r).Sum(c => c.Count)));
}
