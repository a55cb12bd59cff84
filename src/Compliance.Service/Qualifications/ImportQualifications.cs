using Compliance.Qualifications;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Compliance.Service.Qualifications;

/// <summary><c>POST /qualifications/import</c>: qualifications granted before the system existed, a line each. Good lines are stored, bad ones named; sent again, it changes nothing.</summary>
public static class ImportQualifications
{
    public const string MediaType = "application/x-ndjson";

    /// <summary>Lines stored side by side: they share the log's commits.</summary>
    private const int Chunk = 200;

    /// <summary>Faults listed in the answer. Who has more has one fault a thousand times.</summary>
    private const int MostErrors = 1_000;

    /// <param name="GrantedOn">First day it was valid; not in the future.</param>
    /// <param name="Reference">The document that granted it.</param>
    public sealed record ImportedQualification(SubjectKind Kind, string Subject, string Technique, DateOnly GrantedOn, string Reference);

    public sealed record LineError(long Line, string Pointer, string Code, string Message);

    /// <param name="Position">Of the last of these qualifications; 0 when no line was good.</param>
    /// <param name="ErrorsOmitted">Faults beyond those listed.</param>
    public sealed record ImportSummary(long Accepted, long Unchanged, long Rejected, long Position, IReadOnlyList<LineError> Errors, long ErrorsOmitted);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/qualifications/import", Import)
        .Allows(Role.Regulator, Role.National).Takes()
        .Accepts<ImportedQualification>(MediaType)
        .Describes<ImportSummary>("Takes over qualifications granted before the system existed, one JSON object a line", 200, 400, 415, 503);

    private sealed record Line(long Number, QualificationId Id, DateOnly GrantedOn, string Reference);

    private sealed class Tally(Language language)
    {
        private readonly Lock _lock = new();
        private readonly List<LineError> _errors = [];
        private long _accepted;
        private long _unchanged;
        private long _rejected;
        private long _omitted;

        public long Position { get; private set; }

        public bool Any => _accepted + _unchanged + _rejected > 0;

        public ImportSummary Summary => new(_accepted, _unchanged, _rejected, Position, [.. _errors.OrderBy(e => e.Line)], _omitted);

        public void Done(bool changed, long position)
        {
            lock (_lock)
            {
                (_accepted, _unchanged) = changed ? (_accepted + 1, _unchanged) : (_accepted, _unchanged + 1);
                Position = Math.Max(Position, position);
            }
        }

        public void Reject(long line, params IReadOnlyList<Fault> faults)
        {
            lock (_lock)
            {
                _rejected++;
                var room = Math.Max(0, MostErrors - _errors.Count);
                _errors.AddRange(faults.Take(room).Select(f => new LineError(line, f.Pointer, f.Code, Messages.Of(language, f))));
                _omitted += Math.Max(0, faults.Count - room);
            }
        }
    }

    private static async Task<IResult> Import(HttpContext http, Caller caller, Commands commands, Reads reads, IEventStore log, Clock clock)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase))
        {
            return Problem.Refused(http, "unsupportedMediaType");
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        var techniques = (await reads.Reference(http.RequestAborted)).Regulations.Techniques.ToHashSet();
        var tally = new Tally(Messages.Preferred(http));
        // Not the request's own token: when the sender goes away, the lines that came whole are stored all the same.
        var lines = new ImportLines(http.Request.Body, Body.MaxBytes);
        var chunk = new List<Line>(Chunk);
        while (await lines.Next(CancellationToken.None) is { } line)
        {
            if (Read(line, lines.Broken, techniques, clock.Today, tally) is { } read)
            {
                chunk.Add(read);
            }

            if (chunk.Count == Chunk)
            {
                if (!await Store(chunk, caller, commands, log, clock.Today, tally))
                {
                    return Interrupted(http, commands, tally);
                }

                chunk.Clear();
            }
        }

        if (!await Store(chunk, caller, commands, log, clock.Today, tally))
        {
            return Interrupted(http, commands, tally);
        }

        commands.ReferenceWritten(tally.Position);
        return tally.Any ? Results.Json(tally.Summary, Json.Options) : Problem.Invalid(http, new Fault("", "emptyBody"));
    }

    // What was stored stays; sent again whole, it is unchanged.
    private static Problem Interrupted(HttpContext http, Commands commands, Tally tally)
    {
        commands.ReferenceWritten(tally.Position);
        return Answers.Unavailable(http);
    }

    private static Line? Read(ImportLine line, bool broken, HashSet<string> techniques, DateOnly today, Tally tally)
    {
        if (line.TooLong)
        {
            tally.Reject(line.Number, new Fault("", "tooLarge", Body.MaxBytes));
            return null;
        }

        var body = Body.Parse(line.Text);
        if (!line.Whole && (broken || body.Faults is [{ Code: "invalidJson" or "invalidUtf8" }]))
        {
            tally.Reject(line.Number, new Fault("", "cutOff", line.Number - 1));
            return null;
        }

        // A line that is no JSON has no fields to be missing.
        if (body.HasFaults)
        {
            tally.Reject(line.Number, body.Faults);
            return null;
        }

        var kind = body.Root.Choice<SubjectKind>("kind");
        var subject = body.Root.Id("subject");
        var technique = body.Root.Text("technique");
        var grantedOn = body.Root.Day("grantedOn");
        var reference = body.Root.Text("reference");
        if (technique.Length > 0 && !techniques.Contains(technique))
        {
            body.Root.Fault("technique", "unknownTechnique");
        }

        if (grantedOn > today)
        {
            body.Root.Fault("grantedOn", "futureDay");
        }

        if (!body.Finish())
        {
            tally.Reject(line.Number, body.Faults);
            return null;
        }

        return new(line.Number, new(new(kind, subject), technique), grantedOn, reference);
    }

    /// <summary>False when the log could not be written.</summary>
    private static async Task<bool> Store(List<Line> lines, Caller caller, Commands commands, IEventStore log, DateOnly today, Tally tally)
    {
        if (lines.Count == 0)
        {
            return true;
        }

        var holders = await Holders.FindAll(log, [.. lines.Select(l => l.Id.Subject).Distinct()], today, CancellationToken.None);
        var within = new List<Line>(lines.Count);
        foreach (var line in lines)
        {
            if (!holders.TryGetValue(line.Id.Subject, out var holder))
            {
                tally.Reject(line.Number, new Fault("/subject", "unknownSubject"));
            }
            else if (!caller.ActsIn(holder.Province))
            {
                tally.Reject(line.Number, new Fault("/subject", "forbidden"));
            }
            else
            {
                within.Add(line);
            }
        }

        // Lines of one qualification keep their order.
        return (await Task.WhenAll(within.GroupBy(l => l.Id).Select(g => Store(g, caller, commands, tally)))).All(stored => stored);
    }

    private static async Task<bool> Store(IEnumerable<Line> lines, Caller caller, Commands commands, Tally tally)
    {
        foreach (var line in lines)
        {
            var outcome = await commands.Execute(
                Aggregates.Qualifications,
                Qualification.Stream(line.Id),
                (state, _) => Qualification.GrantIt(state, line.Id, line.GrantedOn, line.Reference, imported: true, caller.Actor()),
                CancellationToken.None);
            switch (outcome)
            {
                case Outcome<Qualification.State, Qualification.Event>.Done done:
                    tally.Done(done.Events.Count > 0, done.Position);
                    break;
                case Outcome<Qualification.State, Qualification.Event>.Refused { Refusal: var refusal }:
                    tally.Reject(line.Number, new Fault("", refusal.Code, refusal.Args));
                    break;
                default:
                    return false;
            }
        }

        return true;
    }
}
