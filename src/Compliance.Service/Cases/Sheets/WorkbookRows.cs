using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;
using Compliance.Service.Http;
using ExcelDataReader;

namespace Compliance.Service.Cases.Sheets;

/// <summary>The rows of an Excel workbook (.xlsx): of its one visible sheet that has any. A workbook is a ZIP archive, which is read from its end, so all of it is in memory; hence the bounds.</summary>
internal sealed class WorkbookRows : IImportSource
{
    /// <summary>A hundred thousand cases have about ten megabytes. Whoever has more saves as CSV, which has no bound.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Unpacked; texts are kept in memory while rows are read. A small archive can unpack to anything.</summary>
    private const int MaxUnpackedBytes = 128 * 1024 * 1024;

    /// <summary>More digits than these a spreadsheet does not keep.</summary>
    private const double ExactIntegers = 1e15;

    private const int BlockBytes = 64 * 1024;

    private readonly Stream _body;
    private MemoryStream? _bytes;
    private IExcelDataReader? _reader;
    private SheetHeading? _heading;
    private long _number;

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
            ShowErrors(bytes);
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
        while (_reader!.Read())
        {
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
        while (_reader.Read())
        {
            _number++;
            var texts = Cells(_reader);
            if (texts.TrueForAll(string.IsNullOrWhiteSpace))
                continue;
            (_heading, var faults) = SheetHeading.Read(texts);
            return faults;
        }

        return [new Fault("", "emptyBody")];
    }

    private static List<string> Cells(IExcelDataReader reader)
    {
        var count = reader.FieldCount;
        var cells = new List<string>(count);
        var filled = 0;
        for (var i = 0; i < count && i <= SheetHeading.MostCells; i++)
        {
            cells.Add(Cell(reader, i));
            if (cells[i].Length > 0)
                filled = i + 1;
        }

        // A sheet is as wide as its widest row.
        cells.RemoveRange(filled, cells.Count - filled);
        return cells;
    }

    private static string Cell(IExcelDataReader reader, int i) => reader.GetValue(i) switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTime at => Text(at, reader.GetNumberFormatString(i)),
        double number => Text(number),
        int number => number.ToString(CultureInfo.InvariantCulture),
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };

    // A cell formatted as a day has no time, and midnight would be made up. Spreadsheets compute in fractions of a day, so seconds are rounded.
    private static string Text(DateTime at, string? format)
    {
        var second = new DateTime((at.Ticks + (TimeSpan.TicksPerSecond / 2)) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, DateTimeKind.Unspecified);
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
    private static bool? Unpacks(MemoryStream bytes)
    {
        bytes.Position = 0;
        using var archive = new ZipArchive(bytes, ZipArchiveMode.Read, leaveOpen: true);
        if (archive.GetEntry("xl/workbook.xml") is null)
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

        return true;
    }

    // The library reads a cell whose formula failed as an empty one, and an optional value would be lost in silence. Told that such a cell is text, it reads what the spreadsheet shows there: #N/A, #REF!.
    private static void ShowErrors(MemoryStream bytes)
    {
        bytes.Position = 0;
        List<string> sheets;
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Read, leaveOpen: true))
            sheets = [.. archive.Entries.Where(e => e.FullName.StartsWith("xl/worksheets/", StringComparison.OrdinalIgnoreCase) && e.FullName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) && HasErrors(e)).Select(e => e.FullName)];
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
                while (reader.Read())
                    Copy(reader, writer);
            }

            entry.Delete();
            using var to = changed.CreateEntry(sheet).Open();
            shown.Position = 0;
            shown.CopyTo(to);
        }
    }

    private static bool HasErrors(ZipArchiveEntry sheet)
    {
        using var unpacked = sheet.Open();
        using var reader = XmlReader.Create(unpacked);
        while (reader.Read())
        {
            if (IsError(reader))
                return true;
        }

        return false;
    }

    private static bool IsError(XmlReader reader) => reader is { NodeType: XmlNodeType.Element, LocalName: "c" } && reader.GetAttribute("t") == "e";

    private static void Copy(XmlReader reader, XmlWriter writer)
    {
        switch (reader.NodeType)
        {
            case XmlNodeType.Element:
                var (empty, error) = (reader.IsEmptyElement, IsError(reader));
                writer.WriteStartElement(reader.Prefix, reader.LocalName, reader.NamespaceURI);
                while (reader.MoveToNextAttribute())
                    writer.WriteAttributeString(reader.Prefix, reader.LocalName, reader.NamespaceURI, error && reader.Name == "t" ? "str" : reader.Value);
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
    }

    private static bool IsBroken(Exception e) =>
        e is InvalidDataException or XmlException or FormatException or ExcelDataReader.Exceptions.ExcelReaderException or NotSupportedException or ArgumentException or KeyNotFoundException or IndexOutOfRangeException or NullReferenceException or OverflowException;
}
