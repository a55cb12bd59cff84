using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service.Cases;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Http;

namespace Compliance.Service.Client;

/// <summary>What became of a file, as <c>--json</c> tells it.</summary>
/// <param name="Rows">Reports in the file.</param>
/// <param name="Done">Of these, those the service has answered for; fewer when the import broke off.</param>
/// <param name="Unchanged">There before, also from an interrupted try.</param>
/// <param name="ResumedAfter">What an earlier run had done; 0 for one that began here.</param>
/// <param name="Refused">Why nothing of the file could be read; null when it could.</param>
/// <param name="Errors">Of this run.</param>
internal sealed record ImportedFile(
    string File,
    long Rows,
    long Done,
    long Accepted,
    long Unchanged,
    long Rejected,
    long Position,
    bool DryRun,
    long ResumedAfter,
    string? Refused,
    IReadOnlyList<ImportError> Errors,
    long ErrorsOmitted);

internal sealed record ImportedFiles(IReadOnlyList<ImportedFile> Files, string? Failed);

/// <summary><c>compliance import FILE…</c>: files are sent to a running service in parts, with progress that counts what the service has answered for.</summary>
internal static class ImportCommand
{
    /// <summary>Reasons shown one by one: more is nobody's reading, and the file of bad rows has all.</summary>
    private const int MostShown = 200;

    /// <summary>Reasons told by --json.</summary>
    private const int MostTold = 10_000;

    private sealed record Asked(ServiceClient Service, Uri Url, Language Language, bool DryRun, bool FromStart, string? BadRows, Teller Teller);

    public static Command Make()
    {
        var files = new Argument<string[]>("FILE") { Arity = ArgumentArity.OneOrMore, Description = $"Files of reports: {string.Join(", ", ImportFile.Extensions)}. A sheet's columns are told at GET /api/v1/cases/template.csv." };
        files.Validators.Add(result =>
        {
            foreach (var path in result.Tokens.Select(t => t.Value))
            {
                if (!ImportFile.IsKnown(path))
                    result.AddError($"{path}: what is in a file is told by its name's ending, one of {string.Join(", ", ImportFile.Extensions)}.");
                else if (!File.Exists(path))
                    result.AddError($"{path}: there is no such file.");
            }
        });
        var dryRun = new Option<bool>("--dry-run") { Description = "Tells what would become of each row, and stores nothing." };
        var fromStart = new Option<bool>("--from-start") { Description = "Begins anew where an import was interrupted. Sending again what is there changes nothing." };
        var badRows = new Option<string?>("--bad-rows") { HelpName = "FILE", Description = "Writes just the rejected rows here, with a column of reasons, to be mended and imported. Cells refused for privacy are blank. For one FILE." };
        var service = new ServiceOptions();
        var command = new Taught(
            "import",
            "Reports the cases in files to a running service, and names every row that is at fault.",
            $$"""
            Sent again, a report changes nothing: a file may be imported as often as one likes, and a mended one as a whole. An interrupted import is gone on with by the same command; how far it came stands beside the file, in FILE.importing.

              compliance import march.csv --dry-run                   what would become of each row
              compliance import march.csv --bad-rows march-bad.csv    the good rows are stored, the others written down to be mended
              compliance import march-bad.csv                         once they are
              compliance import 2025-*.xlsx --json                    many files, one JSON document

            A sheet to fill in: curl {{ServiceOptions.DefaultUrl}}/api/v1/cases/template.xlsx -H "Authorization: Bearer ${{ServiceOptions.TokenVariable}}" -o cases.xlsx
            --json: {files: [{file, rows, accepted, unchanged, rejected, position, errors: [{line, pointer, column, value, code, message}], …}], failed}; progress on the error output.
            """)
        {
            files, dryRun, badRows, fromStart,
        };
        service.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(badRows) is not null && result.GetValue(files) is { Length: > 1 })
                result.AddError("--bad-rows is for one FILE at a time: the columns of two may differ.");
            if (result.GetValue(badRows) is not null && result.GetValue(files) is [var only] && Path.GetFullPath(only) == Path.GetFullPath(result.GetValue(badRows)!))
                result.AddError("--bad-rows would overwrite the FILE that is imported.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var (url, token, language) = service.Of(parsed);
            using var client = new ServiceClient(url, token, language);
            var asked = new Asked(client, url, language, parsed.GetValue(dryRun), parsed.GetValue(fromStart), parsed.GetValue(badRows), Teller.Of(parsed));
            return await Run(asked, parsed.GetValue(files)!, cancellation);
        });
        return command;
    }

    private static async Task<int> Run(Asked asked, string[] paths, CancellationToken cancellation)
    {
        var files = new List<ImportedFile>();
        (string Code, string Message, IReadOnlyList<FaultDocument> Faults)? failed = null;
        var goesOnBehind = 0L;
        foreach (var path in paths)
        {
            var import = new Import(asked, path);
            try
            {
                await import.Run(cancellation);
            }
            catch (ServiceRefusedException e)
            {
                failed = (e.Code ?? Teller.NotReached, e.Message, e.Faults);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed = (Teller.Failed, e.Message, []);
            }
            catch (OperationCanceledException)
            {
                failed = (Teller.Failed, Messages.Of(asked.Language, "cli.interrupted"), []);
            }

            files.Add(import.Outcome);
            goesOnBehind = import.GoesOnBehind;
            if (failed is not null)
                break;
        }

        if (asked.Teller.Json)
            asked.Teller.Outcome(new ImportedFiles(files, failed?.Message), () => "");
        if (failed is not { } why)
            return files.Exists(f => f.Rejected > 0 || f.Refused is not null) ? ExitCode.Findings : ExitCode.Done;
        if (goesOnBehind > 0)
            asked.Teller.Note(Messages.Of(asked.Language, "cli.goOn", goesOnBehind, files[^1].Rows));
        return asked.Teller.Fail(ExitCode.NotDone, why.Code, why.Message, why.Faults);
    }

    /// <summary>The import of one file.</summary>
    private sealed class Import(Asked asked, string path)
    {
        private readonly List<ImportError> _errors = [];
        private readonly Dictionary<Guid, ImportLine> _firsts = [];
        private long _omitted;
        private long _told;
        private long _lines;
        private long _done;
        private long _accepted;
        private long _unchanged;
        private long _rejected;
        private long _position;
        private long _resumedAfter;
        private string? _refused;

        public ImportedFile Outcome => new(path, _lines, _done, _accepted, _unchanged, _rejected, _position, asked.DryRun, _resumedAfter, _refused, _errors, _omitted);

        /// <summary>The lines that the same command would pass over; 0 when it would begin anew.</summary>
        public long GoesOnBehind { get; private set; }

        public async Task Run(CancellationToken cancellation)
        {
            var (file, faults) = await ImportFile.Open(path, asked.DryRun, cancellation);
            await using var open = file;
            ShouldBeWhole(file);
            if (file.Lines == 0 || faults.Count > 0)
            {
                await Refuse(faults.Count > 0 ? faults.Select(f => (f.Pointer, Messages.Of(asked.Language, f))) : [("", Messages.Of(asked.Language, "cli.noRows"))]);
                return;
            }

            _lines = file.Lines;
            var state = await StateOf(file, cancellation);
            if (state is not null)
            {
                (_done, _accepted, _unchanged, _rejected, _position, _resumedAfter) = (state.Done, state.Accepted, state.Unchanged, state.Rejected, state.Position, state.Done);
                GoesOnBehind = _done;
                asked.Teller.Note(Messages.Of(asked.Language, "cli.resumed", Path.GetFileName(path), _done, _lines));
            }

            var progress = new ImportProgress(asked.Teller, interactive: !asked.Teller.Json && ReferenceEquals(asked.Teller.Error, Console.Error) && !Console.IsErrorRedirected, asked.Language, Path.GetFileName(path), _lines);
            await using var bad = asked.BadRows is null ? null : new BadRowsFile(asked.BadRows, state?.BadRowsBytes, asked.Language);
            progress.Begin(_done);
            try
            {
                await foreach (var lines in file.Parts(_done, cancellation))
                {
                    if (!await Send(file, lines, bad, progress, cancellation))
                        return;
                    _done += lines.Count;
                    // Kept before it is shown: what was shown is never shown again as undone.
                    if (!asked.DryRun && _done < _lines)
                        await Keep(file, bad is null ? 0 : await bad.Length(cancellation), cancellation);
                    progress.Show(_done);
                }
            }
            finally
            {
                progress.End();
            }

            ShouldBeWhole(file);
            if (!asked.DryRun)
                ImportState.Forget(path);
            if (!asked.Teller.Json)
                await Tell();
        }

        // Rows that nobody read, or that stood there for a moment only, are not answered for.
        private void ShouldBeWhole(ImportFile file)
        {
            if (file.IsBroken || file.IsChanged)
                throw new IOException(Messages.Of(asked.Language, file.IsChanged ? "cli.changed" : "cli.unreadable", path));
        }

        private async Task<ImportState?> StateOf(ImportFile file, CancellationToken cancellation)
        {
            if (await ImportState.Read(path, file.Sha256, asked.Url, BadRowsPath, cancellation) is not { } state)
                return null;
            if (asked.DryRun)
                return asked.BadRows is null ? null : throw new IOException(Messages.Of(asked.Language, "cli.badRowsInUse", asked.BadRows));
            if (asked.FromStart)
                return null;
            // A database restored from before has lost the last of what it had stored, and would store it again.
            var last = (await file.LinesBefore(state.Done, cancellation)).Where(l => FaultOf(l) is null).ToList();
            if (last.Count == 0 || (await asked.Service.Import(ImportFile.PartOf(last), dryRun: true, cancellation)).Accepted == 0)
                return state;
            asked.Teller.Note(Messages.Of(asked.Language, "cli.lost", Path.GetFileName(path)));
            return null;
        }

        private string? BadRowsPath => asked.BadRows is null ? null : Path.GetFullPath(asked.BadRows);

        private async Task Keep(ImportFile file, long badRowsBytes, CancellationToken cancellation)
        {
            // Rows rejected and written down nowhere are sent again, so that they are told again.
            if (_rejected > 0 && asked.BadRows is null)
                return;
            GoesOnBehind = _done;
            var state = new ImportState(file.Sha256, asked.Url.ToString(), _done, _accepted, _unchanged, _rejected, _position, BadRowsPath, badRowsBytes);
            if (!await state.Write(path, cancellation) && _done <= ImportFile.PartLines)
                asked.Teller.Note(Messages.Of(asked.Language, "cli.notResumable", ImportState.PathFor(path)));
        }

        /// <returns>False when the file as a whole was refused.</returns>
        private async Task<bool> Send(ImportFile file, IReadOnlyList<ImportLine> lines, BadRowsFile? bad, ImportProgress progress, CancellationToken cancellation)
        {
            // What cannot be sent as it stands, or would look whole once it is sent, is refused here, in the words the service has for it.
            var broken = lines.Select(l => (Line: l, Fault: FaultOf(l))).Where(l => l.Fault is not null).ToList();
            IReadOnlyList<ImportLine> whole = broken.Count == 0 ? lines : [.. lines.Where(l => FaultOf(l) is null)];
            var errors = broken.Select(l => ImportErrors.Of(l.Line.Number, l.Line.Row, l.Fault!, asked.Language)).ToList();
            _rejected += broken.Count;
            if (whole.Count > 0)
            {
                try
                {
                    errors.AddRange(await Sent(file, whole, cancellation));
                }
                catch (ServiceRefusedException e) when (e.Code == "invalid")
                {
                    await Refuse(e.Faults.Select(f => (f.Pointer, f.Message)));
                    return false;
                }
            }

            errors = [.. errors.OrderBy(e => e.Line)];
            var room = Math.Min(errors.Count, MostTold - _errors.Count);
            _errors.AddRange(errors.Take(room));
            _omitted += errors.Count - room;
            if (bad is not null)
                await bad.Add(lines, errors, cancellation);
            await TellAtOnce(errors, progress);
            return true;
        }

        private static Fault? FaultOf(ImportLine line) => line switch
        {
            { TooLong: true } => new("", "tooLarge", Body.MaxBytes),
            { Row.Malformed: true } => new("", "malformedRow"),
            { Row: not null, Whole: false } => new("", "cutOff", line.Number - 1),
            _ => null,
        };

        private async Task<List<ImportError>> Sent(ImportFile file, IReadOnlyList<ImportLine> lines, CancellationToken cancellation)
        {
            var before = Before(file, lines);
            var part = ImportFile.PartOf([.. before, .. lines]);
            var answer = await asked.Service.Import(part, asked.DryRun, cancellation);
            // The lines put before were counted when their turn was.
            var counted = before.Count == 0 ? null : await asked.Service.Import(ImportFile.PartOf(before), asked.DryRun, cancellation);
            _accepted += answer.Accepted - (counted?.Accepted ?? 0);
            _unchanged += answer.Unchanged - (counted?.Unchanged ?? 0);
            _rejected += answer.Rejected - (counted?.Rejected ?? 0);
            _position = Math.Max(_position, answer.Position);
            return await ErrorsOf(file, lines, part, answer, cancellation);
        }

        // An answer lists so many errors and no more. What is good is stored by now, or put before: asked by halves what is wrong with the others, nothing is counted again.
        private async Task<List<ImportError>> ErrorsOf(ImportFile file, IReadOnlyList<ImportLine> lines, Part part, ImportAnswer answer, CancellationToken cancellation)
        {
            if (answer.ErrorsOmitted > 0 && lines.Count > 1)
            {
                var all = new List<ImportError>();
                foreach (var half in lines.Chunk((lines.Count + 1) / 2))
                {
                    var asking = ImportFile.PartOf([.. Before(file, half), .. half]);
                    all.AddRange(await ErrorsOf(file, half, asking, await asked.Service.Import(asking, dryRun: true, cancellation), cancellation));
                }

                return all;
            }

            var errors = answer.Errors.Select(e => e with { Line = part.LineAt(e.Line).Number }).Where(e => e.Line >= lines[0].Number).ToList();
            var bad = errors.Select(e => e.Line).ToHashSet();
            foreach (var line in lines.Where(l => !bad.Contains(l.Number)))
            {
                if (file.RepeatedCase(line) is { } id)
                    _firsts.TryAdd(id, line);
            }

            return errors;
        }

        // In a dry run nothing is stored that a later line of the same case could be compared with: so the first good one is sent again before it.
        private List<ImportLine> Before(ImportFile file, IReadOnlyList<ImportLine> lines) =>
            [.. lines.Select(file.RepeatedCase).OfType<Guid>().Distinct().Where(_firsts.ContainsKey).Select(id => _firsts[id]).OrderBy(l => l.Number)];

        private async Task Refuse(IEnumerable<(string Pointer, string Message)> faults)
        {
            _refused = string.Join('\n', faults.Select(f => f.Pointer.Length == 0 ? f.Message : $"{f.Pointer}: {f.Message}"));
            if (!asked.Teller.Json)
                await asked.Teller.Output.WriteLineAsync($"{Messages.Of(asked.Language, "cli.fileRefused", Path.GetFileName(path))}\n  {_refused.Replace("\n", "\n  ", StringComparison.Ordinal)}");
        }

        // Each part's before the next is sent: whoever is interrupted has been told what was rejected until then.
        private async Task TellAtOnce(List<ImportError> errors, ImportProgress progress)
        {
            var shown = asked.Teller.Json ? [] : errors.Take((int)Math.Max(0, MostShown - _told)).ToList();
            _told += errors.Count;
            if (shown.Count == 0)
                return;
            progress.Hide();
            foreach (var error in shown)
                await asked.Teller.Output.WriteLineAsync($"{Path.GetFileName(path)}: {Sentence(error)}");
            await asked.Teller.Output.FlushAsync();
        }

        private async Task Tell()
        {
            if (_told > MostShown)
                await asked.Teller.Output.WriteLineAsync(Messages.Of(asked.Language, "cli.more", _told - MostShown));
            await asked.Teller.Output.WriteLineAsync(Messages.Of(asked.Language, asked.DryRun ? "cli.wouldImport" : "cli.imported", Path.GetFileName(path), _lines, _accepted, _unchanged, _rejected));
        }

        private string Sentence(ImportError error)
        {
            var where = error.Column ?? (error.Pointer.Length > 0 ? error.Pointer : null);
            return string.Create(CultureInfo.InvariantCulture, $"{Messages.Of(asked.Language, "cli.row", error.Line)}{(where is null ? "" : $", {where}")}{(error.Value is null ? "" : $" \"{error.Value}\"")}: {error.Message} [{error.Code}]");
        }
    }

    /// <summary>The file of bad rows as it grows: of a sheet as a sheet, of lines of JSON as such lines.</summary>
    private sealed class BadRowsFile(string path, long? goOnAt, Language language) : IAsyncDisposable
    {
        private FileStream? _file;
        private BadRows? _rows;

        public async Task Add(IReadOnlyList<ImportLine> lines, IReadOnlyList<ImportError> errors, CancellationToken cancellation)
        {
            if (_file is null)
                Open();
            var byNumber = lines.ToDictionary(l => l.Number);
            foreach (var of in errors.GroupBy(e => e.Line))
            {
                var line = byNumber[of.Key];
                if (line.Row is { } row)
                {
                    _rows ??= goOnAt > 0 ? BadRows.Continue(_file!) : await BadRows.Begin(_file!, row.Heading, language, cancellation);
                    await _rows.Add(row, [.. of], cancellation);
                }
                else if (WithoutRefused(line, [.. of]) is { } text)
                {
                    await _file!.WriteAsync(text, cancellation);
                    _file.WriteByte((byte)'\n');
                }
            }
        }

        public async Task<long> Length(CancellationToken cancellation)
        {
            if (_rows is not null)
                await _rows.Flush(cancellation);
            if (_file is not null)
                await _file.FlushAsync(cancellation);
            return _file?.Length ?? 0;
        }

        public async ValueTask DisposeAsync()
        {
            // Without a bad row there is an empty file: an older one must not be taken for this one's.
            if (_file is null)
                Open();
            if (_rows is not null)
                await _rows.DisposeAsync();
            await _file!.DisposeAsync();
        }

        private void Open()
        {
            _file = new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            _file.SetLength(goOnAt ?? 0);
            _file.Position = _file.Length;
        }

        // A line of JSON whose refused value cannot be taken out on its own is left out: its number and its reason are told.
        private static byte[]? WithoutRefused(ImportLine line, IReadOnlyList<ImportError> errors)
        {
            var refused = errors.Where(e => e.Code == "personalData").Select(e => e.Pointer).ToList();
            if (refused.Count == 0)
                return line.TooLong ? null : line.Text;
            try
            {
                var report = JsonNode.Parse(line.Text);
                foreach (var pointer in refused)
                {
                    var members = pointer.Split('/', StringSplitOptions.None)[1..].Select(m => m.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToList();
                    JsonNode? at = report;
                    foreach (var member in members.SkipLast(1))
                        at = at is JsonArray list ? list[int.Parse(member, CultureInfo.InvariantCulture)] : at?[member];
                    switch (at)
                    {
                        case JsonArray list:
                            list[int.Parse(members[^1], CultureInfo.InvariantCulture)] = "";
                            break;
                        case JsonObject of when of[members[^1]] is JsonValue:
                            of[members[^1]] = null;
                            break;
                        default:
                            return null;
                    }
                }

                return JsonSerializer.SerializeToUtf8Bytes(report, Json.Options);
            }
            catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or FormatException)
            {
                return null;
            }
        }
    }
}
