using System.Security.Cryptography;
using System.Text.Json;
using Compliance.Cases;
using Compliance.Service.Cases;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Http;
using CsvHelper;

namespace Compliance.Service.Client;

/// <summary>So many lines of a file that they are sent in one request, and what they are numbered in the file.</summary>
internal sealed record Part(IReadOnlyList<ImportLine> Lines, byte[] Body, string MediaType)
{
    /// <summary>The line of the file that the service calls by a number of its own: it sees only this part.</summary>
    public ImportLine LineAt(long number) => Lines[(int)number - (MediaType == ImportCases.Csv ? 2 : 1)];
}

/// <summary>A file of reports on this machine, read as the service reads what it is sent: one code for both. A workbook is sent as CSV, since only a whole workbook is one. It stays open between the first reading and the second.</summary>
internal sealed class ImportFile : IAsyncDisposable
{
    /// <summary>One answer for so many lines: rare enough to keep the service busy, often enough that progress is seen and little is sent twice after an interruption.</summary>
    public const int PartLines = 2_000;

    private const int PartBytes = 4 * 1024 * 1024;

    /// <summary>Looked at to know whether the service still has what was sent: a database restored from before lacks the end.</summary>
    private const int LinesChecked = 100;

    private const int BlockBytes = 1024 * 1024;

    private static readonly Dictionary<string, Func<Stream, IImportSource>> Sources = new(StringComparer.OrdinalIgnoreCase)
    {
        [".ndjson"] = file => new JsonLines(file),
        [".jsonl"] = file => new JsonLines(file),
        [".csv"] = file => new CsvRows(file, told: null),
        [".xlsx"] = file => new WorkbookRows(file),
    };

    private readonly string _path;
    private readonly FileStream _bytes;
    private readonly DateTime _writtenAt;
    private readonly HashSet<Guid> _repeated = [];

    private ImportFile(string path)
    {
        (_path, _bytes) = (path, new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BlockBytes, FileOptions.Asynchronous | FileOptions.SequentialScan));
        _writtenAt = File.GetLastWriteTimeUtc(_bytes.SafeFileHandle);
    }

    /// <summary>Endings of names, which tell what is in a file.</summary>
    public static IEnumerable<string> Extensions => Sources.Keys;

    /// <summary>Of the whole file: what is gone on with must be what was begun.</summary>
    public string Sha256 { get; private set; } = "";

    /// <summary>Reports in it, good and bad.</summary>
    public long Lines { get; private set; }

    /// <summary>Whether somebody wrote to it since it was opened.</summary>
    public bool IsChanged => File.GetLastWriteTimeUtc(_bytes.SafeFileHandle) != _writtenAt;

    /// <summary>True when it could not be read to its end.</summary>
    public bool IsBroken { get; private set; }

    public static bool IsKnown(string path) => Sources.ContainsKey(Path.GetExtension(path));

    /// <summary>Reads the file once, to know how much there is to do.</summary>
    /// <param name="rehearsed">For a dry run, which must know what cases stand in it more than once.</param>
    /// <returns>The file, and the faults that keep the whole of it from being read.</returns>
    public static async Task<(ImportFile File, IReadOnlyList<Fault> Faults)> Open(string path, bool rehearsed, CancellationToken cancellation)
    {
        var file = new ImportFile(path);
        try
        {
            return (file, await file.Look(rehearsed, cancellation));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _bytes.DisposeAsync();

    /// <summary>The case of a line, if it stands in the file more than once and this is a dry run; else null.</summary>
    public Guid? RepeatedCase(ImportLine line) => _repeated.Count > 0 && CaseOf(line) is { } id && _repeated.Contains(id) ? id : null;

    /// <summary>Some lines, the last before a place of the file.</summary>
    public async Task<IReadOnlyList<ImportLine>> LinesBefore(long place, CancellationToken cancellation)
    {
        var lines = new List<ImportLine>();
        var from = Math.Max(0, place - LinesChecked);
        await foreach (var part in Parts(from, cancellation))
        {
            lines.AddRange(part.Take((int)(place - from) - lines.Count));
            if (lines.Count == place - from)
                break;
        }

        return lines;
    }

    private async Task<IReadOnlyList<Fault>> Look(bool rehearsed, CancellationToken cancellation)
    {
        Sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(_bytes, cancellation));
        _bytes.Position = 0;
        await using var source = Sources[Path.GetExtension(_path)](_bytes);
        if (await source.Begin(cancellation) is { Count: > 0 } faults && !source.Broken)
            return faults;
        var seen = new HashSet<Guid>();
        while (!source.Broken && await source.Next(cancellation) is { } line)
        {
            Lines++;
            if (rehearsed && CaseOf(line) is { } id && !seen.Add(id))
                _repeated.Add(id);
        }

        Note(source, cancellation);
        return [];
    }

    private void Note(IImportSource source, CancellationToken cancellation)
    {
        // To the reader of lines, who interrupts is a sender gone away.
        cancellation.ThrowIfCancellationRequested();
        IsBroken |= source.Broken;
    }

    private static Guid? CaseOf(ImportLine line)
    {
        if (line.Row is { } row)
            return row.Text("institution") is { } institution && row.Text("caseNumber") is { } number ? Case.IdOf(institution, number) : null;
        try
        {
            var report = JsonElement.Parse(line.Text);
            return report.ValueKind == JsonValueKind.Object && report.TryGetProperty("institution", out var at) && at.ValueKind == JsonValueKind.String
                && report.TryGetProperty("caseNumber", out var by) && by.ValueKind == JsonValueKind.String ? Case.IdOf(at.GetString()!, by.GetString()!) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No report, which the service will say.
            return null;
        }
    }

    /// <summary>The lines of the file in so many as are sent in one request, from behind so many on; those among them that cannot be sent as they stand, too.</summary>
    public async IAsyncEnumerable<IReadOnlyList<ImportLine>> Parts(long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        _bytes.Position = 0;
        await using var source = Sources[Path.GetExtension(_path)](_bytes);
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
            yield return lines;
            lines = new(PartLines);
            size = 0;
        }

        Note(source, cancellation);
        if (lines.Count > 0)
            yield return lines;
    }

    /// <summary>A part of these lines, be they of one part or of half of it.</summary>
    /// <param name="lines">None of them too long: of a sheet, such a line has no cells.</param>
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
}
