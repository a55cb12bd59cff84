using System.Security.Cryptography;
using Compliance.Service.Cases;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Http;
using CsvHelper;

namespace Compliance.Service.Client;

/// <summary>So many lines of a file that they are sent in one request, and what they are numbered in the file.</summary>
internal sealed record Part(IReadOnlyList<ImportLine> Lines, byte[] Body, string MediaType)
{
    /// <summary>The line of the file that the service calls by a number of its own: it sees only this part.</summary>
    public ImportLine LineAt(long number) => Lines[(int)Math.Clamp(number - (MediaType == ImportCases.Csv ? 2 : 1), 0, Lines.Count - 1)];
}

/// <summary>A file of reports on this machine, read as the service reads what it is sent: one code for both. A workbook is sent as CSV, since only a whole workbook is one.</summary>
internal sealed class ImportFile
{
    /// <summary>One answer for so many lines: rare enough to keep the service busy, often enough that progress is seen and little is sent twice after an interruption.</summary>
    public const int PartLines = 2_000;

    private const int PartBytes = 4 * 1024 * 1024;

    private const int BlockBytes = 1024 * 1024;

    private static readonly Dictionary<string, Func<Stream, IImportSource>> Sources = new(StringComparer.OrdinalIgnoreCase)
    {
        [".ndjson"] = file => new JsonLines(file),
        [".jsonl"] = file => new JsonLines(file),
        [".csv"] = file => new CsvRows(file, told: null),
        [".xlsx"] = file => new WorkbookRows(file),
    };

    private readonly string _path;

    private ImportFile(string path, string sha256, long lines) => (_path, Sha256, Lines) = (path, sha256, lines);

    /// <summary>Endings of names, which tell what is in a file.</summary>
    public static IEnumerable<string> Extensions => Sources.Keys;

    /// <summary>Of the whole file: what is gone on with must be what was begun.</summary>
    public string Sha256 { get; }

    /// <summary>Reports in it, good and bad.</summary>
    public long Lines { get; }

    public static bool IsKnown(string path) => Sources.ContainsKey(Path.GetExtension(path));

    /// <summary>Reads the file once, to know how much there is to do.</summary>
    /// <returns>The faults that keep the whole of it from being read; then there is no file.</returns>
    public static async Task<(ImportFile? File, IReadOnlyList<Fault> Faults)> Open(string path, CancellationToken cancellation)
    {
        await using var bytes = Stream(path);
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, cancellation));
        bytes.Position = 0;
        await using var source = Sources[Path.GetExtension(path)](bytes);
        if (await source.Begin(cancellation) is { Count: > 0 } faults)
            return (null, faults);
        var lines = 0L;
        while (await source.Next(cancellation) is not null)
            lines++;
        return (new(path, sha256, lines), []);
    }

    /// <summary>The file in parts, from behind so many lines on.</summary>
    public async IAsyncEnumerable<Part> Parts(long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var bytes = Stream(_path);
        await using var source = Sources[Path.GetExtension(_path)](bytes);
        await source.Begin(cancellation);
        for (var skipped = 0L; skipped < after; skipped++)
        {
            if (await source.Next(cancellation) is null)
                yield break;
        }

        var lines = new List<ImportLine>(PartLines);
        var size = 0;
        while (await source.Next(cancellation) is { } line)
        {
            lines.Add(line);
            size += line.Row?.Cells.Sum(c => 2 * c.Length) ?? line.Text.Length;
            if (lines.Count < PartLines && size < PartBytes)
                continue;
            yield return PartOf(lines);
            lines = new(PartLines);
            size = 0;
        }

        if (lines.Count > 0)
            yield return PartOf(lines);
    }

    /// <summary>A part of these lines, be they of one part or of half of it.</summary>
    public static Part PartOf(IReadOnlyList<ImportLine> lines)
    {
        var body = new MemoryStream();
        if (lines[0].Row is not { } first)
        {
            foreach (var line in lines)
            {
                body.Write(line.Text);
                body.WriteByte((byte)'\n');
            }

            return new(lines, body.ToArray(), ImportCases.MediaType);
        }

        using (var csv = CsvWriter.Create(body, new() { ValidateFieldCount = false }, leaveOpen: true))
        {
            Write(csv, first.Heading.Texts);
            foreach (var line in lines)
                Write(csv, line.Row!.Cells);
        }

        return new(lines, body.ToArray(), ImportCases.Csv);
    }

    private static void Write(CsvWriter csv, IReadOnlyList<string> cells)
    {
        foreach (var cell in cells)
            csv.WriteField(BadRows.OnOneLine(cell));
        csv.EndRecord();
    }

    private static FileStream Stream(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BlockBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
}
