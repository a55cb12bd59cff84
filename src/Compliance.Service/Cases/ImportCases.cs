using System.Threading.Channels;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Microsoft.AspNetCore.Http.Features;

namespace Compliance.Service.Cases;

/// <param name="Accepted">Lines stored as new cases.</param>
/// <param name="Unchanged">Lines that said what was there.</param>
/// <param name="Rejected">Lines at fault; each is named in <paramref name="Errors"/>, by one entry a fault.</param>
/// <param name="LastLine">The last whole line read.</param>
/// <param name="ErrorsOmitted">Faults beyond those listed.</param>
/// <param name="Position">Of the last of these cases; everything in the import is shown by a read that has reached it.</param>
public sealed record ImportAnswer(long Accepted, long Unchanged, long Rejected, long LastLine, long Position, IReadOnlyList<ImportError> Errors, long ErrorsOmitted);

public sealed record ImportError(long Line, string Pointer, string Code, string Message);

/// <summary><c>POST /cases/import</c>: reports, a line each, of any number. Good lines are stored, bad ones named, none is lost; sent again, it changes nothing.</summary>
public static class ImportCases
{
    public const string MediaType = "application/x-ndjson";

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/import", Import)
        .Allows(Role.Hospital, Role.Regulator, Role.National)
        .Takes()
        .Accepts<ReportDocument>(MediaType)
        .Describes<ImportAnswer>("Reports many cases, one JSON object a line; bounded memory, any size", 200, 400, 415, 503);

    private static async Task<IResult> Import(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase))
            return Problem.Refused(http, "unsupportedMediaType");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        return await new CaseImport(http, caller, answers, commands, reads, log).Run();
    }
}

/// <summary>
/// One import. While a chunk is being stored the next is read and parsed. Chunks are stored in order, the first lines of all cases of one in a single call to the log; lines of the same case stay in order.
/// </summary>
internal sealed class CaseImport(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
{
    /// <summary>As many as the log commits as one group: fewer waste flushes, more only wait.</summary>
    private const int ChunkLines = EventStoreLimits.RequestsPerCall;

    /// <summary>Reports have about a kilobyte; a chunk of the longest lines there may be must not hold hundreds of megabytes.</summary>
    private const int ChunkBytes = 4 * 1024 * 1024;

    /// <summary>Faults listed in the answer. Who has more has one fault a thousand times.</summary>
    private const int MostErrors = 1_000;

    private sealed record Parsed(long Number, ReportRead Read);

    private sealed record Chunk(IReadOnlyList<Parsed> Lines, Reference Reference, DateOnly ReceivedOn, long LastLine);

    private readonly Language _language = Messages.Preferred(http);
    private readonly Actor _by = caller.Actor();
    private readonly Dictionary<string, Place> _places = [];
    private readonly List<ImportError> _errors = [];
    private readonly Lock _tally = new();
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
        return Results.Json(
            new ImportAnswer(_accepted, _unchanged, _rejected, _lastLine, _position, [.. _errors.OrderBy(e => e.Line)], _omitted), Json.Options);
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
            var lines = new ImportLines(http.Request.Body, Body.MaxBytes);
            while (await ReadChunk(lines, stop) is { } chunk)
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

    private async Task<Chunk?> ReadChunk(ImportLines lines, CancellationToken stop)
    {
        var parsed = new List<Parsed>(ChunkLines);
        Reference? reference = null;
        DateOnly? receivedOn = null;
        var bytes = 0;
        var count = 0;
        while (count < ChunkLines && bytes < ChunkBytes && (_carried ?? await lines.Next(stop)) is { } line)
        {
            // What arrives after midnight is of the new day, and of the next chunk.
            receivedOn ??= answers.Today;
            _carried = receivedOn == answers.Today ? null : line;
            if (_carried is not null)
                break;
            reference ??= await Known(stop);
            count++;
            bytes += line.Text.Length;
            Parse(line, lines.Broken, reference, receivedOn.Value, parsed);
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
            Reject(line.Number, [new Fault("", "tooLarge", Body.MaxBytes)]);
            return;
        }

        var body = Body.Parse(line.Text);
        // The end of a line is what tells that it is whole; a last one without may be so too, if it is JSON and its sender is still there.
        if (!line.Whole && (broken || body.Faults is [{ Code: "invalidJson" or "invalidUtf8" }]))
        {
            Reject(line.Number, [new Fault("", "cutOff", line.Number - 1)]);
            return;
        }

        _lastLine = line.Number;
        var read = ReportBody.Read(body, body.Root, reference, receivedOn, withOutcome: true);
        // Every fault of a line is named at once, the misspelt property that explains the missing one above all.
        if (body.Finish())
            parsed.Add(new(line.Number, read!));
        else
            Reject(line.Number, body.Faults);
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
                .Select(l => (l.Number, Reported: new ReportedCase(l.Read, thereOf.GetValueOrDefault(l.Number), chunk.Reference, chunk.ReceivedOn)))
                .GroupBy(l => l.Reported.Read.CaseId)
                .Select(g => g.ToList())
                .ToList();
            var requests = new List<AppendRequest>(cases.Count);
            // By place in the list of cases, the place of its first line's request; the line that changes nothing or is refused has none.
            var requestOf = new int?[cases.Count];
            for (var i = 0; i < cases.Count; i++)
            {
                var (number, reported) = cases[i][0];
                if (FirstLine(number, reported, streams.GetValueOrDefault(Case.Stream(reported.Read.CaseId)) ?? [], chunk.ReceivedOn) is { } request)
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
                Reject(line.Number, [new Fault("/institution", "forbidden")]);
            else if (place is null)
                Reject(line.Number, [new Fault("/institution", "unknownInstitution")]);
            else
                within.Add(line);
        }

        return within;
    }

    /// <summary>The first line of a case is decided on what was read for the whole chunk, so that a line costs no round trip of its own; whatever comes after, or in between, is decided afresh.</summary>
    /// <returns>Null when there is nothing to write.</returns>
    private AppendRequest? FirstLine(long number, ReportedCase reported, IReadOnlyList<RecordedEvent> events, DateOnly receivedOn)
    {
        var decision = reported.Decide(Case.Fold(events.Select(e => (Case.Event)e.Data)), _by);
        if (decision.Refusal is { } refusal)
        {
            Reject(number, refusal);
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
    private async Task<bool> Finish(IReadOnlyList<(long Number, ReportedCase Reported)> lines, AppendResult? first, DateOnly receivedOn)
    {
        switch (first)
        {
            case null:
                break;
            case AppendResult.Appended appended:
                Tally(ref _accepted, appended.Position);
                break;
            case AppendResult.Conflict:
                if (!await Afresh(lines[0].Number, lines[0].Reported, receivedOn))
                    return false;
                break;
            case AppendResult.Rejected rejected:
                // Validation at the edge lets nothing through that jsonb refuses.
                throw new InvalidOperationException(rejected.Reason);
            default:
                return false;
        }

        foreach (var (again, same) in lines.Skip(1))
        {
            if (!await Afresh(again, same, receivedOn))
                return false;
        }

        return true;
    }

    private async Task<bool> Afresh(long number, ReportedCase reported, DateOnly receivedOn)
    {
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
                Reject(number, refusal);
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

    private void Reject(long line, Refusal refusal)
    {
        IReadOnlyList<string> pointers = refusal.Pointers.Count > 0 ? refusal.Pointers : [""];
        Reject(line, [.. pointers.Select(p => new Fault(p, refusal.Code, refusal.Args))]);
    }

    private void Reject(long line, IReadOnlyList<Fault> faults)
    {
        lock (_tally)
        {
            _rejected++;
            foreach (var fault in faults)
            {
                if (_errors.Count < MostErrors)
                    _errors.Add(new(line, fault.Pointer, fault.Code, Messages.Of(_language, fault)));
                else
                    _omitted++;
            }
        }
    }
}
