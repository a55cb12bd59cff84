using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Compliance.Service.Http;
using ExcelDataReader;

namespace Compliance.Service.Cases.Sheets;

/// <summary>The rows of an Excel workbook (.xlsx): of its one visible sheet that has any. A workbook is a ZIP archive, which is read from its end, so all of it is in memory; hence the bounds.</summary>
internal sealed partial class WorkbookRows : IImportSource
{
    /// <summary>A hundred thousand cases have about ten megabytes. Whoever has more saves as CSV, which has no bound.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Unpacked; texts are kept in memory while rows are read. A small archive can unpack to anything.</summary>
    private const int MaxUnpackedBytes = 128 * 1024 * 1024;

    /// <summary>More digits than these a spreadsheet does not keep.</summary>
    private const double ExactIntegers = 1e15;

    /// <summary>Of a sheet of any workbook; between two rows all numbers are gone through, so a number beyond is refused at once.</summary>
    private const int MostRows = 1_048_576;

    /// <summary>Days from the zero of the usual count to that of the other one, which workbooks from old Macintoshes have.</summary>
    private const int Days1904 = 1_462;

    private const int BlockBytes = 64 * 1024;

    private readonly Stream _body;
    private MemoryStream? _bytes;
    private IExcelDataReader? _reader;
    private SheetHeading? _heading;
    private long _number;
    private bool _date1904;

    static WorkbookRows() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public WorkbookRows(Stream body) => _body = body;

    public bool Broken { get; private set; }

    public SheetHeading Heading => _heading ?? throw new InvalidOperationException("The heading has not been read.");

    public async ValueTask<IReadOnlyList<Fault>> Begin(CancellationToken cancellation)
    {
        try
        {
            if (await Read(cancellation) is not { } bytes)
                return [new Fault("", "workbookTooLarge", MaxBytes / (1024 * 1024), MaxUnpackedBytes / (1024 * 1024))];
            if (bytes.Length == 0)
                return [new Fault("", "emptyBody")];
            _bytes = bytes;
            if (Unpacks(bytes) is not { } within)
                return [new Fault("", "notAWorkbook")];
            if (!within)
                return [new Fault("", "workbookTooLarge", MaxBytes / (1024 * 1024), MaxUnpackedBytes / (1024 * 1024))];
            ShowMissing(bytes);
            bytes.Position = 0;
            return Open(bytes);
        }
        catch (Exception e) when (e is IOException or BadHttpRequestException or OperationCanceledException)
        {
            Broken = true;
            return [new Fault("", "cutOff", 0)];
        }
        catch (Exception e) when (IsBroken(e))
        {
            return [new Fault("", "notAWorkbook")];
        }
    }

    public ValueTask<ImportLine?> Next(CancellationToken cancellation)
    {
        // What the library cannot read it has met before: it goes through the whole sheet when it opens it.
        while (_reader!.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            _number++;
            var row = new SheetRow(Heading, Cells(_reader), malformed: false);
            if (!row.IsBlank)
                return ValueTask.FromResult<ImportLine?>(new ImportLine(_number, [], TooLong: false, Whole: true, row));
        }

        return ValueTask.FromResult<ImportLine?>(null);
    }

    public async ValueTask DisposeAsync()
    {
        _reader?.Dispose();
        if (_bytes is not null)
            await _bytes.DisposeAsync();
    }

    private IReadOnlyList<Fault> Open(MemoryStream bytes)
    {
        _reader = ExcelReaderFactory.CreateOpenXmlReader(bytes, new ExcelReaderConfiguration { LeaveOpen = true });
        var sheet = -1;
        var at = 0;
        do
        {
            if (!string.Equals(_reader.VisibleState, "visible", StringComparison.OrdinalIgnoreCase) || _reader.RowCount == 0)
                continue;
            // Nothing of a workbook is silently left out.
            if (sheet >= 0)
                return [new Fault("", "severalSheets")];
            sheet = at;
        }
        while (++at > 0 && _reader.NextResult());

        if (sheet < 0)
            return [new Fault("", "emptyBody")];
        _reader.Reset();
        for (var i = 0; i < sheet; i++)
            _reader.NextResult();
        if (_reader.RowCount is < 0 or > MostRows)
            return [new Fault("", "notAWorkbook")];
        if (_reader.FieldCount is < 0 or > SheetHeading.MostCells)
            return [SheetHeading.TooWide];
        while (_reader.Read())
        {
            _number++;
            var texts = Cells(_reader);
            if (texts.TrueForAll(string.IsNullOrWhiteSpace))
                continue;
            (_heading, var faults) = SheetHeading.Read(texts);
            return [.. faults.Concat(Merged(_reader.MergeCells)).Take(Body.MaxFaults)];
        }

        return [new Fault("", "emptyBody")];
    }

    // Of merged cells the first has a value and the others none: a day of death for three rows would be one row's, and nobody knows whose it is.
    private IEnumerable<Fault> Merged(IEnumerable<CellRange>? merged) => (merged ?? [])
        .Where(m => m.ToRow >= _number)
        .Select(m => new Fault(string.Create(CultureInfo.InvariantCulture, $"cell:{SheetHeading.Letters(m.FromColumn)}{m.FromRow + 1}:{SheetHeading.Letters(m.ToColumn)}{m.ToRow + 1}"), "mergedCells"));

    private List<string> Cells(IExcelDataReader reader)
    {
        var count = reader.FieldCount;
        var cells = new List<string>(count);
        var filled = 0;
        for (var i = 0; i < count; i++)
        {
            cells.Add(Cell(reader, i, _heading?.Columns.ElementAtOrDefault(i)?.Kind));
            if (cells[i].Length > 0)
                filled = i + 1;
        }

        // A sheet is as wide as its widest row.
        cells.RemoveRange(filled, cells.Count - filled);
        return cells;
    }

    private string Cell(IExcelDataReader reader, int i, CellKind? kind) => (reader.GetValue(i), kind) switch
    {
        (null, _) => "",
        (string text, _) => text,
        (bool flag, _) => flag ? "true" : "false",
        // What stands in a column of texts was typed as one, and is a day only to the program: 3-1 as much as 2026-03-01.
        (DateTime at, CellKind.Text or CellKind.List) => Sheets.Cells.AsFormatted(Text(at, reader.GetNumberFormatString(i))),
        (TimeSpan time, CellKind.Text or CellKind.List) => Sheets.Cells.AsFormatted(time.ToString("c", CultureInfo.InvariantCulture)),
        (double number, CellKind.Text or CellKind.List) => Shown(number, reader.GetNumberFormatIndex(i), reader.GetNumberFormatString(i)),
        // The library knows the days of 1904 only under the formats it takes for a day's.
        (double number, CellKind.Day or CellKind.Instant) => Text(_date1904 ? number + Days1904 : number),
        (DateTime at, _) => Text(at, reader.GetNumberFormatString(i)),
        (TimeSpan time, _) => time.ToString("c", CultureInfo.InvariantCulture),
        (double number, _) => Text(number),
        (var other, _) => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };

    // A number as its format shows it, if that fills it up with zeros at most, and shows all of it: 000123 is another case than 123.
    private static string Shown(double number, int index, string? format)
    {
        var plain = Text(number);
        if (Math.Abs(number) >= ExactIntegers)
            return plain;
        // Built in, with no format written to the workbook: days, as Chinese and other eastern programs show them.
        if (index is (>= 27 and <= 36) or (>= 50 and <= 58))
            return Sheets.Cells.AsFormatted(plain);
        if (format is null or "@" or "G/通用格式" || format.Equals("General", StringComparison.OrdinalIgnoreCase))
            return plain;
        if (number < 0 || Zeros().Match(format) is not { Success: true } zeros)
            return Sheets.Cells.AsFormatted(plain);
        var shown = number.ToString(zeros.Groups["zeros"].Value, CultureInfo.InvariantCulture);
        return decimal.Parse(shown, CultureInfo.InvariantCulture) == decimal.Parse(plain, CultureInfo.InvariantCulture) ? shown : Sheets.Cells.AsFormatted(plain);
    }

    // A cell formatted as a day has no time, and midnight would be made up. Spreadsheets compute in fractions of a day, so seconds are rounded.
    private static string Text(DateTime at, string? format)
    {
        var ticks = Math.Min(at.Ticks + (TimeSpan.TicksPerSecond / 2), DateTime.MaxValue.Ticks);
        var second = new DateTime(ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, DateTimeKind.Unspecified);
        var timed = second.TimeOfDay != TimeSpan.Zero || format?.Contains('h', StringComparison.OrdinalIgnoreCase) == true;
        return second.ToString(timed ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    // Beyond fifteen digits in the notation that tells it was rounded.
    private static string Text(double number) => Math.Abs(number) >= ExactIntegers
        ? number.ToString("0.##############E+0", CultureInfo.InvariantCulture)
        : number.ToString("0.###############", CultureInfo.InvariantCulture);

    private async Task<MemoryStream?> Read(CancellationToken cancellation)
    {
        var bytes = new MemoryStream();
        var block = new byte[BlockBytes];
        while (await _body.ReadAsync(block, cancellation) is > 0 and var count)
        {
            if (bytes.Length + count > MaxBytes)
            {
                await bytes.DisposeAsync();
                return null;
            }

            bytes.Write(block, 0, count);
        }

        return bytes;
    }

    // What the archive says of its sizes is the sender's word, so it is unpacked once only to be counted. Null when it is none.
    private bool? Unpacks(MemoryStream bytes)
    {
        bytes.Position = 0;
        using var archive = new ZipArchive(bytes, ZipArchiveMode.Read, leaveOpen: true);
        if (archive.GetEntry("xl/workbook.xml") is not { } workbook)
            return null;
        var block = new byte[BlockBytes];
        var total = 0L;
        foreach (var entry in archive.Entries)
        {
            using var unpacked = entry.Open();
            while (unpacked.Read(block) is > 0 and var count)
            {
                if ((total += count) > MaxUnpackedBytes)
                    return false;
            }
        }

        using var properties = workbook.Open();
        using var reader = XmlReader.Create(properties);
        while (reader.Read())
        {
            if (reader is { NodeType: XmlNodeType.Element, LocalName: "workbookPr" })
                _date1904 = reader.GetAttribute("date1904") is "1" or "true";
        }

        return true;
    }

    // The library reads a cell whose formula failed, or was never computed, as an empty one, and an optional value would be lost in silence. Told that such a cell is text, it reads what the spreadsheet shows there
    // (#N/A, #REF!), or that there is nothing to show.
    private static void ShowMissing(MemoryStream bytes)
    {
        bytes.Position = 0;
        List<string> sheets;
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Read, leaveOpen: true))
            sheets = [.. archive.Entries.Where(e => e.FullName.StartsWith("xl/worksheets/", StringComparison.OrdinalIgnoreCase) && e.FullName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) && HasMissing(e)).Select(e => e.FullName)];
        if (sheets.Count == 0)
            return;
        bytes.Position = 0;
        using var changed = new ZipArchive(bytes, ZipArchiveMode.Update, leaveOpen: true);
        foreach (var sheet in sheets)
        {
            var entry = changed.GetEntry(sheet)!;
            using var shown = new MemoryStream();
            using (var from = entry.Open())
            using (var reader = XmlReader.Create(from))
            using (var writer = XmlWriter.Create(shown))
            {
                reader.Read();
                while (!reader.EOF)
                    Copy(reader, writer);
            }

            entry.Delete();
            using var to = changed.CreateEntry(sheet).Open();
            shown.Position = 0;
            shown.CopyTo(to);
        }
    }

    private static bool HasMissing(ZipArchiveEntry sheet)
    {
        using var unpacked = sheet.Open();
        using var reader = XmlReader.Create(unpacked);
        var (formula, value) = (false, false);
        while (reader.Read())
        {
            switch (reader.NodeType, reader.LocalName)
            {
                case (XmlNodeType.Element, "c") when reader.GetAttribute("t") == "e":
                    return true;
                case (XmlNodeType.Element, "c"):
                    (formula, value) = (false, false);
                    break;
                case (XmlNodeType.Element, "f"):
                    formula = true;
                    break;
                case (XmlNodeType.Element, "v" or "is"):
                    value = true;
                    break;
                case (XmlNodeType.EndElement, "c") when formula && !value:
                    return true;
            }
        }

        return false;
    }

    // Leaves the reader behind what was written.
    private static void Copy(XmlReader reader, XmlWriter writer)
    {
        switch (reader.NodeType)
        {
            case XmlNodeType.Element when reader.LocalName == "c":
                var cell = (XElement)XNode.ReadFrom(reader);
                if (cell.Elements().Any(e => e.Name.LocalName == "f") && !cell.Elements().Any(e => e.Name.LocalName is "v" or "is"))
                {
                    cell.SetAttributeValue("t", "str");
                    cell.Add(new XElement(cell.Name.Namespace + "v", Sheets.Cells.NotComputed));
                }
                else if (cell.Attribute("t")?.Value == "e")
                {
                    cell.SetAttributeValue("t", "str");
                }

                cell.WriteTo(writer);
                return;
            case XmlNodeType.Element:
                var empty = reader.IsEmptyElement;
                writer.WriteStartElement(reader.Prefix, reader.LocalName, reader.NamespaceURI);
                writer.WriteAttributes(reader, defattr: true);
                if (empty)
                    writer.WriteEndElement();
                break;
            case XmlNodeType.EndElement:
                writer.WriteFullEndElement();
                break;
            case XmlNodeType.Text or XmlNodeType.CDATA:
                writer.WriteString(reader.Value);
                break;
            case XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                writer.WriteWhitespace(reader.Value);
                break;
        }

        reader.Read();
    }

    // As many digits as zeros; behind them the width of a sign left blank, and how numbers below zero are shown.
    [GeneratedRegex(@"^(?<zeros>0+(?:\.0+)?)(?:_.)?(?:;.*)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Zeros();

    private static bool IsBroken(Exception e) =>
        e is InvalidDataException or XmlException or FormatException or ExcelDataReader.Exceptions.ExcelReaderException or NotSupportedException or ArgumentException or KeyNotFoundException or IndexOutOfRangeException or NullReferenceException or OverflowException;
}
