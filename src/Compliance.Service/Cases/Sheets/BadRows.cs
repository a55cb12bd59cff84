using Compliance.Service.Http;
using CsvHelper;

namespace Compliance.Service.Cases.Sheets;

/// <summary>
/// Just the rows that were rejected, with the columns they came with and what is wrong with each: to be mended and sent again. Cells refused for privacy come back blank. UTF-8 with a byte order mark, so that Excel reads it.
/// </summary>
internal sealed class BadRows : IAsyncDisposable
{
    private readonly CsvWriter _csv;

    private BadRows(CsvWriter csv) => _csv = csv;

    /// <summary>Begins a file, with its heading.</summary>
    public static async Task<BadRows> Begin(Stream file, SheetHeading heading, Language language, CancellationToken cancellation)
    {
        var rows = new BadRows(Writer(file, mark: true));
        foreach (var (column, text) in heading.Columns.Zip(heading.Texts))
        {
            if (column is not null)
                rows._csv.WriteField(OnOneLine(text.Trim()));
        }

        rows._csv.WriteField(language == Language.Chinese ? CaseColumns.ErrorsInChinese : CaseColumns.Errors);
        await rows._csv.EndRecordAsync(cancellation);
        return rows;
    }

    /// <summary>Goes on with a file that has its heading.</summary>
    public static BadRows Continue(Stream file) => new(Writer(file, mark: false));

    /// <param name="errors">Of this row, in the language of the file.</param>
    public async Task Add(SheetRow row, IReadOnlyList<ImportError> errors, CancellationToken cancellation)
    {
        foreach (var cell in row.ToMend())
            _csv.WriteField(OnOneLine(cell));
        _csv.WriteField(string.Join(" | ", errors.Select(e => e.Column is null ? e.Message : $"{e.Column}: {e.Message}")));
        await _csv.EndRecordAsync(cancellation);
    }

    public async Task Flush(CancellationToken cancellation) => await _csv.FlushAsync(cancellation);

    public ValueTask DisposeAsync() => _csv.DisposeAsync();

    /// <summary>A line break within a cell would end the row when it is read again: it is kept as the control character it is, and refused as one.</summary>
    public static string OnOneLine(string cell) => cell.AsSpan().ContainsAny('\r', '\n') ? cell.Replace('\r', '\v').Replace('\n', '\v') : cell;

    private static CsvWriter Writer(Stream file, bool mark) => CsvWriter.Create(file, new() { Injection = CsvInjection.Escape, WriteByteOrderMark = mark }, leaveOpen: true);
}
