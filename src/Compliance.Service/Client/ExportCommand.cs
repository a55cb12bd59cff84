using System.Buffers;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Http;
using CsvHelper;

namespace Compliance.Service.Client;

/// <summary><c>compliance export</c>: the cases a service shows, as they stand, in the columns that <c>compliance import</c> takes: imported again, they change nothing.</summary>
internal static class ExportCommand
{
    /// <summary>Behind the name of a file until all of it is there.</summary>
    private const string Unfinished = ".part";

    public static Command Make()
    {
        var institution = new Option<string?>("--institution") { HelpName = "ID", Description = "Only cases of this institution." };
        var @operator = new Option<string?>("--operator") { HelpName = "ID", Description = "Only cases of this operator of record." };
        var technique = new Option<string?>("--technique") { HelpName = "NAME", Description = "Only cases of this technique." };
        var from = new Option<string?>("--from") { HelpName = "DAY", Description = "The first day of completion, YYYY-MM-DD." };
        var to = new Option<string?>("--to") { HelpName = "DAY", Description = "The last day of completion, included." };
        var output = new Option<string?>("--output", "-o") { HelpName = "FILE", Description = "Written once all of it is there. Default: the standard output." };
        var service = new ServiceOptions();
        var command = new Taught(
            "export",
            "Writes the cases a service shows as a sheet, in the columns that `import` takes. Voided cases are left out, and told.",
            """
              compliance export --institution H110001 --from 2026-03-01 --to 2026-03-31 --output march.csv
              compliance export --technique neurovascular --language zh-CN > cases.csv
              compliance export --json --output cases.ndjson

            --json: one report a line as JSON, which `import` takes too, instead of CSV; with --output that goes into the file, and {cases, voided, file} to the standard output.
            """)
        {
            institution, @operator, technique, from, to, output,
        };
        command.Asks(service, async (asked, cancellation) =>
        {
            var parsed = asked.Parsed;
            var query = string.Concat(new[] { institution, @operator, technique, from, to }.Where(o => parsed.GetValue(o) is not null).Select(o => $"&{o.Name[2..]}={Uri.EscapeDataString(parsed.GetValue(o)!)}"));
            await Run(asked.Service, query, parsed.GetValue(output), asked.Teller, asked.Language, cancellation);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task Run(ServiceClient service, string query, string? output, Teller teller, Language language, CancellationToken cancellation)
    {
        // How many devices the widest case has is known only once all are here, so they wait in a file of their own, which is gone with the program, however that ends: a file without a name is gone when it is closed.
        await using var waiting = new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        if (!OperatingSystem.IsWindows())
            File.Delete(waiting.Name);
        var (cases, voided, devices, complications) = (0L, 0L, 0, 0);
        string? cursor = null;
        do
        {
            var page = await service.Get($"/api/v1/cases?limit={Query.MaxLimit}{query}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", cancellation);
            foreach (var shown in page.GetProperty("items").EnumerateArray())
            {
                if (shown.GetProperty("status").GetString() != "reported")
                {
                    voided++;
                    continue;
                }

                cases++;
                devices = Math.Max(devices, shown.GetProperty("devices").GetArrayLength());
                complications = Math.Max(complications, shown.GetProperty("complications").GetArrayLength());
                await waiting.WriteAsync(ReportOf(shown), cancellation);
                waiting.WriteByte((byte)'\n');
            }

            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        await waiting.FlushAsync(cancellation);
        waiting.Position = 0;
        if (output is null)
        {
            await using var standard = Console.OpenStandardOutput();
            await Write(waiting, standard, teller.Json, devices, complications, language, cancellation);
        }
        else
        {
            // Nobody takes half an export for a whole one.
            await using (var file = new FileStream(output + Unfinished, FileMode.Create, FileAccess.Write))
                await Write(waiting, file, teller.Json, devices, complications, language, cancellation);
            File.Move(output + Unfinished, output, overwrite: true);
            if (teller.Json)
                teller.Outcome(new { cases, voided, file = output }, () => "");
        }

        teller.Note(Messages.Of(language, "cli.exported", cases, voided));
    }

    private static async Task Write(Stream reports, Stream file, bool json, int devices, int complications, Language language, CancellationToken cancellation)
    {
        if (json)
        {
            await reports.CopyToAsync(file, cancellation);
            return;
        }

        var columns = CaseColumns.Of(devices, complications);
        await using var csv = CsvWriter.Create(file, new() { Injection = CsvInjection.Escape, WriteByteOrderMark = true }, leaveOpen: true);
        foreach (var column in columns)
            csv.WriteField(column.Heading(language));
        await csv.EndRecordAsync(cancellation);
        using var lines = new StreamReader(reports, leaveOpen: true);
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            var report = JsonElement.Parse(line);
            foreach (var column in columns)
                csv.WriteField(ValueOf(report, column) is { } value ? Cells.Show(column, value, language) : "");
            await csv.EndRecordAsync(cancellation);
        }
    }

    private static JsonElement? ValueOf(JsonElement report, CaseColumn column)
    {
        JsonElement? at = report;
        foreach (var member in column.Group is { } group ? [.. group.Pointer.Split('/', StringSplitOptions.RemoveEmptyEntries), (column.Number - 1).ToString(CultureInfo.InvariantCulture), .. column.Path] : column.Path)
        {
            at = at switch
            {
                { ValueKind: JsonValueKind.Object } o when o.TryGetProperty(member, out var value) => value,
                { ValueKind: JsonValueKind.Array } list when int.Parse(member, CultureInfo.InvariantCulture) is var index && index < list.GetArrayLength() => list[index],
                _ => null,
            };
        }

        return at;
    }

    /// <summary>The report that would be sent today for a case as it stands.</summary>
    private static ReadOnlyMemory<byte> ReportOf(JsonElement shown)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        foreach (var name in CaseColumns.Fixed.Select(c => c.Path[0]).Where(name => name != "outcome").Distinct().Append("devices"))
            Copy(json, shown, name);
        var complications = shown.GetProperty("complications");
        var death = shown.GetProperty("death");
        var statement = shown.GetProperty("outcomeStatement");
        if (complications.GetArrayLength() > 0 || death.ValueKind == JsonValueKind.Object || statement.ValueKind == JsonValueKind.Object)
        {
            json.WriteStartObject("outcome");
            json.WriteStartArray("complications");
            foreach (var complication in complications.EnumerateArray())
            {
                json.WriteStartObject();
                foreach (var name in new[] { "code", "severe", "occurredOn", "relation" })
                    Copy(json, complication, name);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (death.ValueKind == JsonValueKind.Object)
            {
                json.WriteStartObject("death");
                foreach (var name in new[] { "occurredOn", "relation" })
                    Copy(json, death, name);
                json.WriteEndObject();
            }

            if (statement.ValueKind == JsonValueKind.Object)
                Copy(json, statement, "aliveOnDay30");
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static void Copy(Utf8JsonWriter json, JsonElement from, string name)
    {
        if (!from.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return;
        json.WritePropertyName(name);
        value.WriteTo(json);
    }
}
