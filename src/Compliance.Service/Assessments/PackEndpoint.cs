using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Compliance.Assessments;
using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Qualifications;
using CsvHelper;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Npgsql;

namespace Compliance.Service.Assessments;

/// <summary>
/// Everything about one subject and round in one download: the cases judged as they stood at the opening, the findings, the notice. It is made from the log up to where the round was opened or concluded, with no
/// clock and no compression in it, so that it is the same byte for byte however often and wherever it is made.
/// </summary>
public static class PackEndpoint
{
    /// <summary>Streams of cases read at a time.</summary>
    private const int Chunk = 1_000;

    /// <summary>ZIP knows no time without a zone, and none before this one; a real one would be a clock.</summary>
    private static readonly DateTimeOffset Timeless = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Columns =
        ["caseId", "caseNumber", "institution", "operator", "completedOn", "intent", "level", "procedureCodes", "urgency", "succeeded", "severeComplication", "death", "receivedOn", "deadline", "voided"];

    /// <param name="Outcome">As recorded; null while the round is open.</param>
    public sealed record FindingsFile(
        Guid Round,
        int Sitting,
        string Technique,
        string Province,
        ScheduleEndpoints.PeriodShown Period,
        SubjectShown Subject,
        ComplianceEndpoints.RegulationShown Regulation,
        ObservationShown Observation,
        CountsShown Counts,
        IReadOnlyList<FindingShown> Findings,
        ComputedItems Computed,
        IReadOnlyList<Score> Scores,
        AssessmentOutcome? Outcome);

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/assessment-rounds/{id}/subjects/{kind}/{subject}/pack", Make)
            .Allows(Role.Hospital, Role.Physician, Role.Regulator, Role.National).Takes("sitting", "minPosition")
            .DescribesAs("application/zip", "A ZIP of one subject's assessment: cases.csv, findings.json, and the notice once there is one; the same bytes each time", 200, 400, 403, 404, 503);

    private static async Task<IResult> Make(HttpContext http, Caller caller, Reads reads, IEventStore log, IServiceProvider services, ILoggerFactory loggers)
    {
        var (found, refused) = await RoundEndpoints.SubjectOf(http, caller, reads, log);
        if (found is null)
        {
            return refused!;
        }

        var frozen = found.Frozen;
        var entry = found.Round.Entry!;
        var regulations = (await reads.Reference(http.RequestAborted)).Regulations;
        var regulation = frozen.JudgedBy(regulations);
        var qualification = await log.ReadStream(Qualification.Stream(frozen.Qualification), cancellation: http.RequestAborted);
        var recorded = qualification.LastOrDefault(e => e.Data is PeriodicAssessment.Event.Assessed a && a.Round == entry.Round && a.Sitting == frozen.Sitting);

        var content = new MemoryStream();
        using (var zip = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
        {
            await Add(zip, "cases.csv", async stream => await WriteCases(stream, reads, log, caller, frozen, found.FrozenAt, http.RequestAborted));
            await Add(zip, "findings.json", async stream => await JsonSerializer.SerializeAsync(
                stream,
                new FindingsFile(
                    entry.Round,
                    frozen.Sitting,
                    entry.Technique,
                    entry.Province,
                    new(entry.Period.From, entry.Period.To),
                    SubjectShown.Of(frozen.Qualification.Subject),
                    new(regulation.Id, regulation.Version),
                    new(frozen.Facts.Judged.From, frozen.Facts.Judged.To, frozen.Facts.Judged.Complete),
                    CountsShown.Of(frozen.Facts.Counts),
                    FindingShown.All(frozen.Findings, regulation),
                    frozen.Computed,
                    [.. found.Round.SheetOf(frozen.Qualification.Subject).Scores.Select(s => s.Score).OrderBy(s => s.Item, StringComparer.Ordinal)],
                    (recorded?.Data as PeriodicAssessment.Event.Assessed)?.Outcome),
                Json.Options,
                http.RequestAborted));
            if (recorded is not null)
            {
                // As it read when it was given: what has happened to the qualification since is not in it.
                var state = Qualification.Fold(qualification.TakeWhile(e => e.Version <= recorded.Version).Select(e => (Qualification.Event)e.Data));
                var notice = NoticeShown.Of(Notice.Of(recorded)!, await NameAt(log, frozen.Qualification.Subject, recorded.Position, http.RequestAborted), state, regulations);
                foreach (var chinese in (bool[])[true, false])
                {
                    await Add(zip, chinese ? "notice.zh-CN.html" : "notice.en.html", async stream => await stream.WriteAsync(Encoding.UTF8.GetBytes(await Page(services, loggers, notice, chinese)), http.RequestAborted));
                }
            }
        }

        return Results.Bytes(content.ToArray(), "application/zip", $"assessment-{frozen.Qualification.Subject.Id}-{entry.Period.To:yyyy-MM-dd}.zip");
    }

    private static async Task<string> NameAt(IEventStore log, Subject subject, long position, CancellationToken cancellation)
    {
        var events = await log.ReadStreams([subject.Kind == SubjectKind.Institution ? Institution.Stream(subject.Id) : Physician.Stream(subject.Id)], position, cancellation);
        return (subject.Kind == SubjectKind.Institution
            ? Institution.Fold(events.Select(e => (Institution.Event)e.Data)).Entry?.Name
            : Physician.Fold(events.Select(e => (Physician.Event)e.Data)).Entry?.Name) ?? subject.Id;
    }

    // Stored, not compressed: the same text deflated by the next release of a library may be other bytes.
    private static async Task Add(ZipArchive zip, string name, Func<Stream, Task> write)
    {
        var file = zip.CreateEntry(name, CompressionLevel.NoCompression);
        file.LastWriteTime = Timeless;
        await using var stream = await file.OpenAsync();
        await write(stream);
    }

    private static async Task<string> Page(IServiceProvider services, ILoggerFactory loggers, NoticeShown notice, bool chinese)
    {
        await using var renderer = new HtmlRenderer(services, loggers);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<NoticePage>(ParameterView.FromDictionary(new Dictionary<string, object?> { ["Notice"] = notice, ["Chinese"] = chinese }))).ToHtmlString());
    }

    private static async Task WriteCases(Stream stream, Reads reads, IEventStore log, Caller caller, FrozenAssessment frozen, long upTo, CancellationToken cancellation)
    {
        var subject = frozen.Qualification.Subject;
        var cases = new List<Case.State>();
        foreach (var chunk in (await Candidates(reads, subject, frozen.Qualification.Technique, frozen.Facts.Judged.Span, cancellation)).Chunk(Chunk))
        {
            cases.AddRange((await log.ReadStreams([.. chunk.Select(Case.Stream)], upTo, cancellation)).GroupBy(e => e.Stream).Select(g => Case.Fold(g.Select(e => (Case.Event)e.Data))));
        }

        List<Case.State> shown =
        [
            .. cases
                .Where(c => c.Key!.Technique == frozen.Qualification.Technique && frozen.Facts.Judged.Span.Contains(c.Key.CompletedOn)
                    && (subject.Kind == SubjectKind.Institution ? c.Key.Institution : c.Key.Operator) == subject.Id)
                .OrderBy(c => c.Key!.CompletedOn).ThenBy(c => c.Key!.CaseId),
        ];
        if (caller.Role == Role.Regulator)
        {
            // Of a physician's cases those in other provinces are counted in the findings; who did what there is those provinces' to read.
            var provinces = await reads.ProvincesOf([.. shown.Select(c => c.Key!.Institution).Distinct()], cancellation);
            shown = [.. shown.Where(c => caller.MayReadCase(c.Key!.Institution, provinces.GetValueOrDefault(c.Key.Institution), c.Key.Operator))];
        }

        await using (var connection = await reads.Open(cancellation))
        {
            await Patients.NoteReads(connection, caller, shown.Select(c => c.Key!.CaseId), cancellation);
        }

        await using var csv = CsvWriter.Create(stream, new() { Injection = CsvInjection.Escape }, leaveOpen: true);
        foreach (var column in Columns)
        {
            csv.WriteField(column);
        }

        foreach (var state in shown)
        {
            await csv.EndRecordAsync(cancellation);
            var facts = CaseFacts.Of(state);
            foreach (var field in (string?[])
            [
                facts.Key.CaseId.ToString("D"), state.CaseNumber, facts.Key.Institution, facts.Key.Operator, Text(facts.Key.CompletedOn), facts.Therapeutic ? "therapeutic" : "diagnostic",
                facts.Level.ToString(CultureInfo.InvariantCulture), string.Join(' ', state.Report!.ProcedureCodes), state.Report.Urgency is { } urgency ? Json.Name(urgency) : null, Text(facts.Succeeded), Text(facts.Severe),
                Text(facts.Death), Text(facts.Timeliness.ReceivedOn), facts.Timeliness.Deadline is { } deadline ? Text(deadline) : null, Text(facts.Voided),
            ])
            {
                csv.WriteField(field);
            }
        }

        await csv.EndRecordAsync(cancellation);
    }

    // Those that count here now, and those that did before they were corrected: which of them did at the opening their streams tell.
    private static async Task<IReadOnlyList<Guid>> Candidates(Reads reads, Subject subject, string technique, DaySpan judged, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        var column = subject.Kind == SubjectKind.Institution ? "institution" : "operator";
        await using var command = new NpgsqlCommand(
            $"select case_id from case_facts where {column} = $1 and technique = $2 and completed_on between $3 and $4 union select case_id from former_places where {column} = $1 and technique = $2 order by case_id", connection);
        command.Parameters.Add(new() { Value = subject.Id });
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = judged.From });
        command.Parameters.Add(new() { Value = judged.To });
        var ids = new List<Guid>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetGuid(0));
        }

        return ids;
    }

    private static string Text(DateOnly day) => day.ToString("O", CultureInfo.InvariantCulture);

    private static string? Text(bool? value) => value switch { null => null, true => "true", false => "false" };
}
