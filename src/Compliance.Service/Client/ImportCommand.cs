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
            if (failed is not null)
                break;
        }

        if (asked.Teller.Json)
            asked.Teller.Outcome(new ImportedFiles(files, failed?.Message), () => "");
        if (failed is not { } why)
            return files.Exists(f => f.Rejected > 0 || f.Refused is not null) ? ExitCode.Findings : ExitCode.Done;
        if (!asked.DryRun && files[^1] is { Done: > 0 } last)
            asked.Teller.Note(Messages.Of(asked.Language, "cli.goOn", last.Done, last.Rows));
        return asked.Teller.Fail(ExitCode.NotDone, why.Code, why.Message, why.Faults);
    }

    /// <summary>The import of one file.</summary>
    private sealed class Import(Asked asked, string path)
    {
        private readonly List<ImportError> _errors = [];
        private long _omitted;
        private long _lines;
        private long _done;
        private long _accepted;
        private long _unchanged;
        private long _rejected;
        private long _position;
        private long _resumedAfter;
        private string? _refused;

        public ImportedFile Outcome => new(path, _lines, _done, _accepted, _unchanged, _rejected, _position, asked.DryRun, _resumedAfter, _refused, _errors, _omitted);

        public async Task Run(CancellationToken cancellation)
        {
            var (file, faults) = await ImportFile.Open(path, cancellation);
            if (file is null)
            {
                await Refuse(faults.Select(f => (f.Pointer, Messages.Of(asked.Language, f))));
                return;
            }

            _lines = file.Lines;
            var state = asked.DryRun || asked.FromStart ? null : await ImportState.Read(path, file.Sha256, asked.Url, BadRowsPath, cancellation);
            if (state is not null)
            {
                (_done, _accepted, _unchanged, _rejected, _position, _resumedAfter) = (state.Done, state.Accepted, state.Unchanged, state.Rejected, state.Position, state.Done);
                asked.Teller.Note(Messages.Of(asked.Language, "cli.resumed", Path.GetFileName(path), _done, _lines));
            }

            var progress = new ImportProgress(asked.Teller, interactive: !asked.Teller.Json && ReferenceEquals(asked.Teller.Error, Console.Error) && !Console.IsErrorRedirected, Path.GetFileName(path), _lines);
            await using var bad = asked.BadRows is null ? null : new BadRowsFile(asked.BadRows, state?.BadRowsBytes, asked.Language);
            progress.Begin(_done);
            try
            {
                await foreach (var part in file.Parts(_done, cancellation))
                {
                    if (!await Send(part, bad, cancellation))
                        return;
                    _done += part.Lines.Count;
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

            if (!asked.DryRun)
                ImportState.Forget(path);
            if (!asked.Teller.Json)
                await Tell();
        }

        private string? BadRowsPath => asked.BadRows is null ? null : Path.GetFullPath(asked.BadRows);

        private async Task Keep(ImportFile file, long badRowsBytes, CancellationToken cancellation)
        {
            var state = new ImportState(file.Sha256, asked.Url.ToString(), _done, _accepted, _unchanged, _rejected, _position, BadRowsPath, badRowsBytes);
            if (!await state.Write(path, cancellation) && _done <= ImportFile.PartLines)
                asked.Teller.Note(Messages.Of(asked.Language, "cli.notResumable", ImportState.PathFor(path)));
        }

        /// <returns>False when the file as a whole was refused.</returns>
        private async Task<bool> Send(Part part, BadRowsFile? bad, CancellationToken cancellation)
        {
            // What cannot be sent as it stands is refused here, in the words the service has for it.
            var broken = part.Lines.Where(l => l.TooLong || l.Row?.Malformed == true).ToList();
            var whole = broken.Count == 0 ? part : broken.Count == part.Lines.Count ? null : ImportFile.PartOf([.. part.Lines.Except(broken)]);
            var errors = broken.Select(l => ImportErrors.Of(l.Number, l.Row, l.TooLong ? new Fault("", "tooLarge", Body.MaxBytes) : new Fault("", "malformedRow"), asked.Language)).ToList();
            if (whole is not null)
            {
                ImportAnswer answer;
                try
                {
                    answer = await asked.Service.Import(whole, asked.DryRun, cancellation);
                }
                catch (ServiceRefusedException e) when (e.Code == "invalid")
                {
                    await Refuse(e.Faults.Select(f => (f.Pointer, f.Message)));
                    return false;
                }

                _accepted += answer.Accepted;
                _unchanged += answer.Unchanged;
                _rejected += answer.Rejected;
                _position = Math.Max(_position, answer.Position);
                errors.AddRange(answer.ErrorsOmitted == 0 ? Numbered(whole, answer) : await AllErrors(whole, cancellation));
            }

            _rejected += broken.Count;
            errors = [.. errors.OrderBy(e => e.Line)];
            var room = Math.Min(errors.Count, MostTold - _errors.Count);
            _errors.AddRange(errors.Take(room));
            _omitted += errors.Count - room;
            if (bad is not null)
                await bad.Add(part, errors, cancellation);
            return true;
        }

        // An answer lists so many errors and no more. The good rows are stored by now: asked by halves what is wrong with the others, nothing is counted again.
        private async Task<IReadOnlyList<ImportError>> AllErrors(Part part, CancellationToken cancellation)
        {
            var all = new List<ImportError>();
            foreach (var half in part.Lines.Chunk(Math.Max(1, (part.Lines.Count + 1) / 2)))
            {
                var asking = ImportFile.PartOf(half);
                var answer = await asked.Service.Import(asking, dryRun: true, cancellation);
                all.AddRange(answer.ErrorsOmitted == 0 || half.Length == 1 ? Numbered(asking, answer) : await AllErrors(asking, cancellation));
            }

            return all;
        }

        private static IEnumerable<ImportError> Numbered(Part part, ImportAnswer answer) => answer.Errors.Select(e => e with { Line = part.LineAt(e.Line).Number });

        private async Task Refuse(IEnumerable<(string Pointer, string Message)> faults)
        {
            _refused = string.Join('\n', faults.Select(f => f.Pointer.Length == 0 ? f.Message : $"{f.Pointer}: {f.Message}"));
            if (!asked.Teller.Json)
                await asked.Teller.Output.WriteLineAsync($"{Messages.Of(asked.Language, "cli.fileRefused", Path.GetFileName(path))}\n  {_refused.Replace("\n", "\n  ", StringComparison.Ordinal)}");
        }

        private async Task Tell()
        {
            await asked.Teller.Output.WriteLineAsync(Messages.Of(asked.Language, asked.DryRun ? "cli.wouldImport" : "cli.imported", Path.GetFileName(path), _lines, _accepted, _unchanged, _rejected));
            foreach (var error in _errors.Take(MostShown))
                await asked.Teller.Output.WriteLineAsync("  " + Sentence(error));
            if (_errors.Count + _omitted is var all && all > MostShown)
                await asked.Teller.Output.WriteLineAsync("  " + Messages.Of(asked.Language, "cli.more", all - MostShown));
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

        public async Task Add(Part part, IReadOnlyList<ImportError> errors, CancellationToken cancellation)
        {
            if (_file is null)
                Open();
            var lines = part.Lines.ToDictionary(l => l.Number);
            foreach (var of in errors.GroupBy(e => e.Line))
            {
                var line = lines[of.Key];
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
