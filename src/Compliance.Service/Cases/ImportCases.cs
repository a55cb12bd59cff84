using System.Globalization;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Headers;
using MediaTypeHeaderValue = Microsoft.Net.Http.Headers.MediaTypeHeaderValue;

namespace Compliance.Service.Cases;

/// <param name="Accepted">Lines stored as new cases; in a dry run those that would be.</param>
/// <param name="Unchanged">Lines that said what was there.</param>
/// <param name="Rejected">Lines at fault; each is named in <paramref name="Errors"/>, by one entry a fault.</param>
/// <param name="LastLine">The last whole line read.</param>
/// <param name="ErrorsOmitted">Faults beyond those listed.</param>
/// <param name="Position">Of the last of these cases; everything in the import is shown by a read that has reached it.</param>
/// <param name="DryRun">True when nothing was stored because nothing was to be.</param>
public sealed record ImportAnswer(
    long Accepted,
    long Unchanged,
    long Rejected,
    long LastLine,
    long Position,
    IReadOnlyList<ImportError> Errors,
    long ErrorsOmitted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? DryRun = null);

/// <param name="Line">Of the file, 1 for the first; in a sheet the row, whose heading is counted.</param>
/// <param name="Pointer">Into the report that the line is, or the row makes.</param>
/// <param name="Column">Of a sheet, as it calls it.</param>
/// <param name="Value">What stands in the cell; never what was refused for privacy.</param>
public sealed record ImportError(
    long Line,
    string Pointer,
    string Code,
    string Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Column = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Value = null);

/// <summary><c>POST /cases/import</c>: reports, a line or a row each, of any number. Good ones are stored, bad ones named, none is lost; sent again, it changes nothing.</summary>
public static class ImportCases
{
    public const string MediaType = "application/x-ndjson";
    public const string Csv = "text/csv";
    public const string Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    /// <summary>What the names of the headers begin with that tell the totals of an import, when its answer is the file of its bad rows.</summary>
    internal const string TotalsHeaders = "Import-";

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/import", Import)
        .Allows(Role.Hospital, Role.Regulator, Role.National)
        .Takes("dryRun")
        .Accepts<ReportDocument>(MediaType, Csv, Workbook)
        .Describes<ImportAnswer>("Reports many cases: JSON, one object a line, or a sheet; bounded memory, any size", 200, 400, 406, 413, 415, 429, 503)
        .WithDescription(string.Create(CultureInfo.InvariantCulture, $"""
            `{MediaType}`: one report a line. `{Csv}`: a sheet of cases, in UTF-8 (with or without byte order mark) or GB18030; `charset` says which, and may be left out. `{Workbook}`: the same as an Excel workbook of at most
            {WorkbookRows.MaxBytes / (1024 * 1024)} MB. What a sheet's columns are is told at `GET /cases/template.csv`, which is one to fill in. With `Accept: text/csv` a sheet is answered with just its bad rows and an `errors` column, to be mended and
            sent again (cells refused for privacy are blank); its totals stand in the headers `Import-Accepted`, `Import-Unchanged`, `Import-Rejected`, `Import-Rows-Omitted` and `Import-Position`. `?dryRun=true` tells what would become of every line and stores
            nothing; a case repeated after more than {CaseImport.MostRehearsed} others is then not compared with its first line.
            """));

    private static async Task<IResult> Import(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type))
            return Problem.Refused(http, "unsupportedMediaType");
        var query = Query.Of(http);
        var dryRun = query.Flag("dryRun");
        if (query.Refused(http) is { } refused)
            return refused;
        await using var source = SourceOf(http, type, out var problem);
        if (source is null)
            return problem!;
        var badRows = WantsCsv(http);
        if (badRows && source is JsonLines)
            return Problem.Refused(http, "notAcceptable");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        return await new CaseImport(http, caller, answers, commands, reads, log, source, dryRun, badRows).Run();
    }

    private static IImportSource? SourceOf(HttpContext http, MediaTypeHeaderValue type, out Problem? problem)
    {
        problem = null;
        switch (type.MediaType.Value?.ToLowerInvariant())
        {
            case MediaType:
                return new JsonLines(http.Request.Body);
            case Csv when Utf8Sheet.TryEncoding(type.Charset.Value?.Trim('"'), out var encoding):
                return new CsvRows(http.Request.Body, encoding);
            case Csv:
                problem = Problem.Refused(http, "unsupportedCharset");
                return null;
            case Workbook:
                return new WorkbookRows(http.Request.Body);
            default:
                problem = Problem.Refused(http, "unsupportedMediaType");
                return null;
        }
    }

    private static bool WantsCsv(HttpContext http)
    {
        var accepted = new RequestHeaders(http.Request.Headers).Accept;
        double Quality(string type) => accepted.Where(a => a.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Select(a => a.Quality ?? 1).DefaultIfEmpty(0).Max();
        return Quality(Csv) > Quality("application/json");
    }
}

/// <summary>
/// One import. While a chunk is being stored the next is read and parsed. Chunks are stored in order, the first lines of all cases of one in a single call to the log; lines of the same case stay in order.
/// </summary>
internal sealed class CaseImport(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log, IImportSource source, bool dryRun, bool badRows)
{
    /// <summary>As many as the log commits as one group: fewer waste flushes, more only wait.</summary>
    private const int ChunkLines = EventStoreLimits.RequestsPerCall;

    /// <summary>Reports have about a kilobyte; a chunk of the longest lines there may be must not hold hundreds of megabytes.</summary>
    private const int ChunkBytes = 4 * 1024 * 1024;

    /// <summary>Faults listed in the answer. Who has more has one fault a thousand times.</summary>
    private const int MostErrors = 1_000;

    /// <summary>Cases a dry run remembers, so that it can tell what a second line of the same case would lead to: some thousand characters each.</summary>
    public const int MostRehearsed = 20_000;

    /// <summary>Bad rows are sent once all are known, for who does not read while it sends would wait for ever. Whoever has more mends these first.</summary>
    private const int BadRowsBytes = 16 * 1024 * 1024;

    private sealed record Parsed(long Number, ReportRead Read, SheetRow? Row);

    private sealed record ToStore(long Number, SheetRow? Row, ReportedCase Reported);

    private sealed record Chunk(IReadOnlyList<Parsed> Lines, Reference Reference, DateOnly ReceivedOn, long LastLine);

    private readonly Language _language = Messages.Preferred(http);
    private readonly Actor _by = caller.Actor();
    private readonly Dictionary<string, Place> _places = [];
    private readonly List<ImportError> _errors = [];
    private readonly Lock _tally = new();
    private readonly Dictionary<Guid, IReadOnlyList<Case.Event>> _rehearsed = [];
    private readonly List<(long Line, SheetRow Row, IReadOnlyList<ImportError> Errors)> _bad = [];
    private long _badBytes;
    private long _badOmitted;
    private long _omitted;
    private long _accepted;
    private long _unchanged;
    private long _rejected;
    private long _position;
    private long _storedUpTo;
    private long _lastLine;
    private ImportLine? _carried;
    private bool _anyLine;

    public async Task<IResult> Run()
    {
        if (await source.Begin(http.RequestAborted) is { Count: > 0 } faults)
            return faults is [{ Pointer: "", Code: not "emptyBody" } whole] ? Problem.Refused(http, whole.Code, whole.Args) : Problem.Invalid(http, faults);
        // Two chunks wait at most: one parsed while one is stored, one ready.
        var chunks = Channel.CreateBounded<Chunk>(1);
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() => ReadAll(chunks.Writer, stop.Token));
        try
        {
            await foreach (var chunk in chunks.Reader.ReadAllAsync(CancellationToken.None))
            {
                if (!await Store(chunk))
                    return Interrupted();
                _storedUpTo = chunk.LastLine;
            }
        }
        catch (Npgsql.NpgsqlException)
        {
            // The reading side, which asks for calendars and regulations, met it first.
            return Interrupted();
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }

        if (!_anyLine)
            return Problem.Invalid(http, new Fault("", "emptyBody"));
        return badRows
            ? await BadRows()
            : Results.Json(new ImportAnswer(_accepted, _unchanged, _rejected, _lastLine, _position, [.. _errors.OrderBy(e => e.Line)], _omitted, dryRun ? true : null), Json.Options);
    }

    private async Task<IResult> BadRows()
    {
        var file = new MemoryStream();
        await using (var rows = await Sheets.BadRows.Begin(file, source.Heading!, _language, http.RequestAborted))
        {
            foreach (var (_, row, errors) in _bad.OrderBy(b => b.Line))
                await rows.Add(row, errors, http.RequestAborted);
        }

        foreach (var (name, count) in new[] { ("Accepted", _accepted), ("Unchanged", _unchanged), ("Rejected", _rejected), ("Rows-Omitted", _badOmitted), ("Position", _position) })
            http.Response.Headers[ImportCases.TotalsHeaders + name] = count.ToString(CultureInfo.InvariantCulture);
        http.Response.Headers.ContentLanguage = Messages.Tag(_language);
        file.Position = 0;
        return Results.File(file, "text/csv; charset=utf-8", "bad-rows.csv");
    }

    // Everything up to the line has been dealt with, and it does no harm to send all of it again.
    private Problem Interrupted() =>
        Problem.With(http, StatusCodes.Status503ServiceUnavailable, "importInterrupted", [new Fault($"line:{_storedUpTo}", "importInterrupted", _storedUpTo, _accepted, _unchanged, _rejected)], _storedUpTo, _accepted, _unchanged, _rejected)
            .Header("Retry-After", "1");

    private async Task ReadAll(ChannelWriter<Chunk> chunks, CancellationToken stop)
    {
        Exception? failure = null;
        try
        {
            // Not the request's own token: when the sender goes away, what it sent is still parsed and stored.
            while (await ReadChunk(stop) is { } chunk)
                await chunks.WriteAsync(chunk, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Storing has failed; nothing more is wanted.
        }
        catch (Exception e)
        {
            failure = e;
        }

        chunks.Complete(failure);
    }

    private async Task<Chunk?> ReadChunk(CancellationToken stop)
    {
        var parsed = new List<Parsed>(ChunkLines);
        Reference? reference = null;
        DateOnly? receivedOn = null;
        var bytes = 0;
        var count = 0;
        while (count < ChunkLines && bytes < ChunkBytes && (_carried ?? await source.Next(stop)) is { } line)
        {
            // What arrives after midnight is of the new day, and of the next chunk.
            receivedOn ??= answers.Today;
            _carried = receivedOn == answers.Today ? null : line;
            if (_carried is not null)
                break;
            reference ??= await Known(stop);
            count++;
            bytes += line.Row?.Cells.Sum(c => c.Length) ?? line.Text.Length;
            Parse(line, source.Broken, reference, receivedOn.Value, parsed);
        }

        return count == 0 ? null : new(parsed, reference!, receivedOn!.Value, _lastLine);
    }

    private async Task<Reference> Known(CancellationToken stop)
    {
        await commands.ReferenceShown(stop);
        return await reads.Reference(stop);
    }

    private void Parse(ImportLine line, bool broken, Reference reference, DateOnly receivedOn, List<Parsed> parsed)
    {
        _anyLine = true;
        if (line.TooLong)
        {
            _lastLine = line.Number;
            Reject(line.Number, null, [new Fault("", "tooLarge", Body.MaxBytes)]);
            return;
        }

        var row = line.Row;
        var body = Body.Parse(row?.Report(reference) ?? line.Text);
        // The end of a line is what tells that it is whole; a last one without may be so too, if it is JSON or has all its cells and its sender is still there.
        if (!line.Whole && (broken || row is not null || body.Faults is [{ Code: "invalidJson" or "invalidUtf8" }]))
        {
            Reject(line.Number, row, [new Fault("", "cutOff", line.Number - 1)]);
            return;
        }

        _lastLine = line.Number;
        var read = ReportBody.Read(body, body.Root, reference, receivedOn, withOutcome: true);
        // Every fault of a line is named at once, the misspelt property that explains the missing one above all.
        if (body.Finish() && row?.HasFaults != true)
            parsed.Add(new(line.Number, read!, row));
        else
            Reject(line.Number, row, row?.FaultsOf(body.Faults) ?? body.Faults);
    }

    /// <summary>False when the log could not be written; then some of the chunk may be stored, and some not.</summary>
    private async Task<bool> Store(Chunk chunk)
    {
        try
        {
            var lines = await WithinReach(chunk.Lines);
            if (lines.Count == 0)
                return true;
            var streams = (await log.ReadStreams([.. lines.Select(l => Case.Stream(l.Read.CaseId)).Distinct()])).GroupBy(e => e.Stream).ToDictionary(g => g.Key, g => g.ToList());
            if (dryRun)
            {
                Rehearse(lines, chunk, streams);
                return true;
            }

            // Flags are for cases that are new: a nightly extract is all repeats, and must not ask the registries about each.
            var fresh = lines.Where(l => !streams.ContainsKey(Case.Stream(l.Read.CaseId))).ToList();
            IReadOnlyList<CaseCircumstances> there;
            await using (var connection = await reads.Open(CancellationToken.None))
            {
                there = await Circumstances.Load(
                    connection, log, chunk.Reference, [.. fresh.Select(l => new CircumstancesAsked(l.Read.CaseId, l.Read.Institution, l.Read.Report, l.Read.Patient?.Pseudonym))], CancellationToken.None);
            }

            var thereOf = fresh.Zip(there).ToDictionary(x => x.First.Number, x => x.Second);
            var cases = lines
                .Select(l => new ToStore(l.Number, l.Row, new ReportedCase(l.Read, thereOf.GetValueOrDefault(l.Number), chunk.Reference, chunk.ReceivedOn)))
                .GroupBy(l => l.Reported.Read.CaseId)
                .Select(g => g.ToList())
                .ToList();
            var requests = new List<AppendRequest>(cases.Count);
            // By place in the list of cases, the place of its first line's request; the line that changes nothing or is refused has none.
            var requestOf = new int?[cases.Count];
            for (var i = 0; i < cases.Count; i++)
            {
                var first = cases[i][0];
                if (FirstLine(first, streams.GetValueOrDefault(Case.Stream(first.Reported.Read.CaseId)) ?? [], chunk.ReceivedOn) is { } request)
                {
                    requestOf[i] = requests.Count;
                    requests.Add(request);
                }
            }

            var results = await log.AppendEach(requests);
            return (await Task.WhenAll(cases.Select((of, i) => Finish(of, requestOf[i] is { } at ? results[at] : null, chunk.ReceivedOn)))).All(stored => stored);
        }
        catch (Exception e) when (e is AppendOutcomeUnknownException or Npgsql.NpgsqlException)
        {
            // The database went away; the sender is told how far it came.
            return false;
        }
    }

    private async Task<List<Parsed>> WithinReach(IReadOnlyList<Parsed> lines)
    {
        // One that is not there may be registered while the import runs, and is asked for again.
        string[] asked = [.. lines.Select(l => l.Read.Institution).Where(i => !_places.ContainsKey(i)).Distinct()];
        if (asked.Length > 0)
        {
            foreach (var (institution, place) in await CaseAccess.PlacesOf(reads, log, asked, CancellationToken.None))
                _places.Add(institution, place);
        }

        var within = new List<Parsed>(lines.Count);
        foreach (var line in lines)
        {
            var institution = line.Read.Institution;
            var place = _places.GetValueOrDefault(institution);
            if (!caller.MayWriteFor(institution, place?.Province) && (place is not null || caller.Role == Role.Hospital))
                Reject(line.Number, line.Row, [new Fault("/institution", "forbidden")]);
            else if (place is null)
                Reject(line.Number, line.Row, [new Fault("/institution", "unknownInstitution")]);
            else
                within.Add(line);
        }

        return within;
    }

    /// <summary>The first line of a case is decided on what was read for the whole chunk, so that a line costs no round trip of its own; whatever comes after, or in between, is decided afresh.</summary>
    /// <returns>Null when there is nothing to write.</returns>
    private AppendRequest? FirstLine(ToStore line, IReadOnlyList<RecordedEvent> events, DateOnly receivedOn)
    {
        var reported = line.Reported;
        var decision = reported.Decide(Case.Fold(events.Select(e => (Case.Event)e.Data)), _by);
        if (decision.Refusal is { } refusal)
        {
            Reject(line.Number, line.Row, refusal);
            return null;
        }

        if (decision.Events.Count == 0)
        {
            Tally(ref _unchanged, events[^1].Position);
            return null;
        }

        return new AppendRequest(Case.Stream(reported.Read.CaseId), events.Count == 0 ? 0 : events[^1].Version, [.. decision.Events])
        {
            Companions = Patients.With(reported.Read.CaseId, reported.Read.Patient),
            NotAfter = Shanghai.EndOf(receivedOn) + Commands.ReceiptGrace,
        };
    }

    /// <param name="first">What became of the first line; null when there was nothing to write.</param>
    private async Task<bool> Finish(IReadOnlyList<ToStore> lines, AppendResult? first, DateOnly receivedOn)
    {
        switch (first)
        {
            case null:
                break;
            case AppendResult.Appended appended:
                Tally(ref _accepted, appended.Position);
                break;
            case AppendResult.Conflict:
                if (!await Afresh(lines[0], receivedOn))
                    return false;
                break;
            case AppendResult.Rejected rejected:
                // Validation at the edge lets nothing through that jsonb refuses.
                throw new InvalidOperationException(rejected.Reason);
            default:
                return false;
        }

        foreach (var again in lines.Skip(1))
        {
            if (!await Afresh(again, receivedOn))
                return false;
        }

        return true;
    }

    private async Task<bool> Afresh(ToStore line, DateOnly receivedOn)
    {
        var reported = line.Reported;
        var outcome = await commands.Execute(
            Aggregates.Cases,
            Case.Stream(reported.Read.CaseId),
            (state, _) => reported.Decide(state, _by),
            CancellationToken.None,
            (_, events, _) => events.Count > 0 ? Patients.With(reported.Read.CaseId, reported.Read.Patient) : [],
            receivedOn: receivedOn);
        switch (outcome)
        {
            case Outcome<Case.State, Case.Event>.Done done:
                if (done.Events.Count > 0)
                    Tally(ref _accepted, done.Position);
                else
                    Tally(ref _unchanged, done.Position);
                return true;
            case Outcome<Case.State, Case.Event>.Refused { Refusal: var refusal }:
                Reject(line.Number, line.Row, refusal);
                return true;
            default:
                return false;
        }
    }

    private void Tally(ref long count, long position)
    {
        lock (_tally)
        {
            count++;
            _position = Math.Max(_position, position);
        }
    }

    /// <summary>Decides on every line as if those before it had been stored, and stores none. Flags decide nothing, so nobody is asked for them.</summary>
    private void Rehearse(IReadOnlyList<Parsed> lines, Chunk chunk, IReadOnlyDictionary<string, List<RecordedEvent>> streams)
    {
        foreach (var line in lines)
        {
            var caseId = line.Read.CaseId;
            var there = streams.GetValueOrDefault(Case.Stream(caseId)) ?? [];
            var before = _rehearsed.GetValueOrDefault(caseId) ?? [.. there.Select(e => (Case.Event)e.Data)];
            var decision = new ReportedCase(line.Read, there: null, chunk.Reference, chunk.ReceivedOn).Rehearse(Case.Fold(before), _by);
            if (decision.Refusal is { } refusal)
            {
                Reject(line.Number, line.Row, refusal);
                continue;
            }

            if (decision.Events.Count == 0)
            {
                Tally(ref _unchanged, there.Count == 0 ? 0 : there[^1].Position);
                continue;
            }

            Tally(ref _accepted, 0);
            if (_rehearsed.Count < MostRehearsed || _rehearsed.ContainsKey(caseId))
                _rehearsed[caseId] = [.. before, .. decision.Events];
        }
    }

    private void Reject(long line, SheetRow? row, Refusal refusal)
    {
        IReadOnlyList<string> pointers = refusal.Pointers.Count > 0 ? refusal.Pointers : [""];
        Reject(line, row, [.. pointers.Select(p => new Fault(p, refusal.Code, refusal.Args))]);
    }

    private void Reject(long line, SheetRow? row, IReadOnlyList<Fault> faults)
    {
        var told = faults.Select(fault => ImportErrors.Of(line, row, fault, _language)).ToList();
        lock (_tally)
        {
            _rejected++;
            if (badRows && row is not null)
                Keep(line, row, told);
            var room = Math.Min(told.Count, MostErrors - _errors.Count);
            _errors.AddRange(told.Take(room));
            _omitted += told.Count - room;
        }
    }

    private void Keep(long line, SheetRow row, IReadOnlyList<ImportError> errors)
    {
        var bytes = 2L * (row.Cells.Sum(c => c.Length) + errors.Sum(e => e.Message.Length + e.Pointer.Length));
        if (_badBytes + bytes > BadRowsBytes)
        {
            _badOmitted++;
            return;
        }

        _badBytes += bytes;
        _bad.Add((line, row, errors));
    }
}

/// <summary>Tells a fault of a line, or of a cell.</summary>
internal static class ImportErrors
{
    public static ImportError Of(long line, SheetRow? row, Fault fault, Language language)
    {
        if (row is null)
            return new(line, fault.Pointer, fault.Code, Messages.Of(language, fault));
        var place = row.PlaceOf(fault.Pointer);
        var told = row.Told(fault, language);
        return new(line, told.Pointer, told.Code, Messages.Of(language, told), place.Column, row.Repeated(place));
    }
}
