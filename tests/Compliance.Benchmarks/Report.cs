using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Compliance.Benchmarks;

/// <summary>What was measured so far: one table, and one file that is written anew with every figure, so that a run that is broken off leaves what it had.</summary>
internal sealed class Report(Options options, Machine machine)
{
    public const string FileName = "bench.json";

    /// <summary>The cost of one case may grow so much from the smallest to the largest size.</summary>
    private const double Flat = 1.3;

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Figure> _figures = [];

    public IReadOnlyList<Figure> Figures => _figures;

    /// <summary>The sizes of one figure stand together.</summary>
    private IEnumerable<Figure> InOrder => _figures.OrderBy(f => Array.IndexOf(Bench.Names, f.Name)).ThenBy(f => f.Cases).Concat(Flatness());

    public void Add(Figure figure)
    {
        // Some figures are a step of another: what was not asked for is not shown.
        if (!options.Wants(figure.Name))
            return;
        _figures.Add(figure);
        Progress.Say($"{figure.Name}: {Numbers.Text(figure.Value)} {figure.Unit}{(figure.Ratio is { } ratio ? $", {Numbers.Text(ratio)} times the limit" : "")}");
        Write();
    }

    public string Table()
    {
        List<string[]> lines = [["figure", "cases", "measured", "limit", "unit", "ratio", "aim", "met", "runs"]];
        lines.AddRange(InOrder.Select(f => new[]
        {
            f.Name,
            f.Cases is { } n ? Numbers.Text(n) : "",
            Numbers.Text(f.Value),
            f.LimitValue is { } limit ? Numbers.Text(limit) : "",
            f.Unit,
            f.Ratio is { } ratio ? Numbers.Text(ratio) : "",
            f.Aim?.ToString() ?? "",
            f.IsMet switch { true => "yes", false => "NO", null => "" },
            Numbers.Text(f.Measured.Count),
        }));
        var widths = Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(l => l[column].Length)).ToArray();
        var text = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            // Names and units to the left, numbers to the right.
            text.AppendLine(string.Join("  ", lines[i].Select((cell, c) => c is 0 or 4 or 6 or 7 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
            if (i == 0)
                text.AppendLine(string.Join("  ", widths.Select(w => new string('-', w))));
        }

        foreach (var note in _figures.Where(f => f.Note is not null).Select(f => $"{f.Name}{(f.Cases is { } n ? $" at {Numbers.Text(n)}" : "")}: {f.Note}").Distinct())
            text.AppendLine(note);
        return text.ToString();
    }

    /// <summary>Cost per case at the largest over the smallest size.</summary>
    private IEnumerable<Figure> Flatness() => _figures
        .Where(f => f is { Cost: not Cost.None, Cases: not null })
        .GroupBy(f => f.Name)
        .Select(g => (Small: g.MinBy(f => f.Cases)!, Large: g.MaxBy(f => f.Cases)!))
        .Where(x => x.Small.Cases < x.Large.Cases)
        .Select(x => new Figure(
            $"flat: {x.Small.Name}",
            "x",
            [x.Small.Cost == Cost.Inverse ? x.Small.Value / x.Large.Value : x.Large.Value / x.Small.Value],
            [],
            new Aim(Below: Flat),
            x.Large.Cases));

    private void Write()
    {
        Directory.CreateDirectory(options.Output);
        var file = Path.Combine(options.Output, FileName);
        var content = new
        {
            machine,
            options = new { options.Cases, options.Runs, options.Seconds, options.Subjects, options.Seed, options.Only },
            figures = InOrder.Select(f => new
            {
                f.Name,
                f.Cases,
                f.Unit,
                f.Value,
                f.LimitValue,
                f.Ratio,
                aim = f.Aim?.ToString(),
                met = f.IsMet,
                f.Measured,
                f.Limit,
                f.Note,
            }),
        };
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(content, Indented));
        File.Move(file + ".new", file, overwrite: true);
    }
}
