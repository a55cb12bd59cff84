using System.Globalization;

namespace Compliance.Benchmarks;

internal static class Numbers
{
    public static double Median(IReadOnlyList<double> values) => Percentile(values, 0.5);

    /// <summary>Between the two nearest values, in proportion.</summary>
    public static double Percentile(IReadOnlyList<double> values, double share)
    {
        if (values.Count == 0)
            return double.NaN;
        var sorted = values.Order().ToArray();
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return below == sorted.Length - 1 ? sorted[below] : sorted[below] + ((at - below) * (sorted[below + 1] - sorted[below]));
    }

    /// <summary>Three digits that count; whole from a hundred on.</summary>
    public static string Text(double value) => Math.Abs(value) switch
    {
        double.NaN => "-",
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        >= 0.1 or 0 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };
}
