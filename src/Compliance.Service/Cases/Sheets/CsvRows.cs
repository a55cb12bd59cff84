using System.Text;
using System.Text.Unicode;
using Compliance.Service.Http;
using CsvHelper;

namespace Compliance.Service.Cases.Sheets;

/// <summary>
/// The rows of a CSV file, one a line: no value of a report has a line break in it, and so a quote that is not closed spoils its own line and not all that follow. Memory for one line.
/// </summary>
/// <param name="told">The encoding the sender named; null when it is to be found.</param>
internal sealed class CsvRows(Stream file, Encoding? told) : IImportSource
{
    private static readonly char[] Separators = [',', ';', '\t'];

    private readonly ImportLines _lines = new(new Utf8Sheet(file, told), Body.MaxBytes);
    private SheetHeading? _heading;
    private CsvReaderOptions _options = CsvReaderOptions.Default;
    private bool _malformed;

    public bool Broken => _lines.Broken;

    public SheetHeading Heading => _heading ?? throw new InvalidOperationException("The heading has not been read.");

    public async ValueTask<IReadOnlyList<Fault>> Begin(CancellationToken cancellation)
    {
        if (await _lines.Next(cancellation) is not { } line)
            return [new Fault("", "emptyBody")];
        if (line.TooLong)
            return [new Fault("", "tooLarge", Body.MaxBytes)];
        // Programs set to other regions part cells by semicolons; no heading has one.
        var text = Encoding.UTF8.GetString(line.Text);
        _options = new()
        {
            HasHeader = false,
            Separator = Separators.MaxBy(s => text.Count(c => c == s)),
            AllowLineBreaksInQuotes = false,
            OnMalformedRecord = _ => _malformed = true,
        };
        var cells = Cells(line.Text);
        if (_malformed)
            return [new Fault($"line:{line.Number}", "malformedRow")];
        (_heading, var faults) = SheetHeading.Read(cells);
        return faults;
    }

    public async ValueTask<ImportLine?> Next(CancellationToken cancellation)
    {
        while (await _lines.Next(cancellation) is { } line)
        {
            if (line.TooLong)
                return line;
            var cells = Cells(line.Text);
            var row = new SheetRow(Heading, cells, _malformed);
            // The end of a line tells that it is whole; the last one may lack it, but not cells besides.
            if (!row.IsBlank)
                return line with { Row = row, Whole = line.Whole || (!Broken && cells.Count >= Heading.Texts.Count && !_malformed) };
        }

        return null;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private List<string> Cells(byte[] line)
    {
        var cells = new List<string>(_heading?.Texts.Count ?? 32);
        // To the reader of cells a carriage return ends a row as well, and what stands behind it would be another's.
        _malformed = line.AsSpan().TrimEnd((byte)'\r').Contains((byte)'\r');
        using var csv = CsvReader.Create(line, _options);
        if (!csv.Read())
            return cells;
        for (var i = 0; i < csv.FieldCount && i <= SheetHeading.MostCells; i++)
        {
            var field = csv.GetSpan(i);
            // What is not UTF-8 is refused by the replacement character it becomes.
            cells.Add(Utf8.IsValid(field) ? Encoding.UTF8.GetString(field) : Encoding.UTF8.GetString(field) + '\uFFFD');
        }

        return cells;
    }
}
