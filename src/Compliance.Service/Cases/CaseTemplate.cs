using System.Globalization;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Http;
using CsvHelper;
using MiniExcelLibs;

namespace Compliance.Service.Cases;

/// <summary><c>GET /cases/template.csv</c> and <c>.xlsx</c>: the headings of a sheet of cases, and one row that shows what goes under them. Sent back as it is, that row is refused by its case number.</summary>
public static class CaseTemplate
{
    private static readonly IReadOnlyDictionary<string, string> Example = new Dictionary<string, string>
    {
        ["institution"] = "H110001",
        ["caseNumber"] = SheetRow.ExampleCaseNumber,
        ["technique"] = "neurovascular",
        ["procedureCodes"] = "NV-ANEURYSM-COIL",
        ["icd9cm3"] = "39.72",
        ["intent"] = "therapeutic",
        ["completedAt"] = Cells.InstantExample,
        ["startedAt"] = "2026-03-02 12:05",
        ["operator"] = "P0001",
        ["assistants"] = "P0002;P0004",
        ["decidedBy"] = "P0001;P0003",
        ["decidedOn"] = "2026-03-01",
        ["decidedAt"] = "2026-03-01 16:30",
        ["patient.pseudonym"] = "q83vEjRWeJASNFZ4kBI0VniQ",
        ["patient.sex"] = "female",
        ["patient.ageYears"] = "61",
        ["patient.diagnosis"] = "I60.1",
        ["urgency"] = "emergency",
        ["succeeded"] = "yes",
        ["consent"] = "signed",
        ["consentDetails.signedAt"] = "2026-03-02 09:30",
        ["consentDetails.patientInformed"] = "yes",
        ["consentDetails.familyInformed"] = "yes",
        ["consentDetails.topics"] = "purpose;risks;aftercare;complications",
        ["admittedOn"] = "2026-03-01",
        ["dischargedOn"] = "2026-03-09",
        ["device1.registration"] = "国械注准20193130001",
        ["device1.udi"] = "(01)06901234567892",
        ["device1.lot"] = "L2401",
        ["device1.serial"] = "S0009",
        ["device1.singleUse"] = "yes",
        ["complication1.code"] = "ischaemicStroke",
        ["complication1.severe"] = "yes",
        ["complication1.occurredOn"] = "2026-03-03",
        ["complication1.relation"] = "related",
    };

    public static void Map(RouteGroupBuilder api)
    {
        const string summary = "The headings of a sheet of cases and an example row, which is refused when it is sent back; in Chinese for `Accept-Language: zh-CN`";
        api.MapGet("/cases/template.csv", (Delegate)AsCsv).AllowsAnyone().Takes().DescribesAs(ImportCases.Csv, summary).WithDescription(Columns());
        api.MapGet("/cases/template.xlsx", (Delegate)AsWorkbook).AllowsAnyone().Takes().DescribesAs(ImportCases.Workbook, summary).WithDescription(Columns());
    }

    /// <summary>The columns as the OpenAPI document tells them, in one table.</summary>
    public static string Columns()
    {
        var rows = CaseColumns.Of(1, 1).Select(c => $"| `{c.Name}` | {c.Chinese} | {c.Kind switch
        {
            CellKind.List => "several, parted by `;` or `；`" + (c.Choices.Count == 0 ? "" : $", of {Allowed(c)}"),
            CellKind.Flag => "yes, no (是、否)",
            CellKind.Choice => Allowed(c),
            CellKind.Technique => "as in the contract, or the Chinese title of its regulation",
            CellKind.Integer => "a whole number",
            CellKind.Day => $"{Cells.DayExample}, 2026/3/2, 2026年3月2日, or a spreadsheet's serial number",
            CellKind.Instant => $"{Cells.InstantExample} (Shanghai), 2026/3/2 14:20, RFC 3339, or a spreadsheet's serial number",
            _ => "text",
        }}{(c.Required ? "; required" : "")} |");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            A sheet has one heading row, in English or Chinese, its columns in any order; columns that are not needed may be left out. Devices and complications are numbered, up to {CaseColumns.MostInGroup}. Blanks around a value are ignored, and so is one
            apostrophe before it, by which spreadsheets mark text. A column `errors` (错误), as files of bad rows have it, is ignored.

            | heading | 标题 | value |
            | --- | --- | --- |
            {string.Join('\n', rows)}
            """);
    }

    private static string Allowed(CaseColumn column) => string.Join(", ", column.Choices.Select(v => $"{v.Name} ({v.Chinese})"));

    private static async Task<IResult> AsCsv(HttpContext http)
    {
        var file = new MemoryStream();
        // The mark is what makes Excel read UTF-8.
        await using (var csv = CsvWriter.Create(file, new() { Injection = CsvInjection.Escape, WriteByteOrderMark = true }, leaveOpen: true))
        {
            var rows = Rows(Language(http));
            foreach (var row in new[] { rows.Select(r => r.Heading), rows.Select(r => r.Example) })
            {
                foreach (var cell in row)
                    csv.WriteField(cell);
                await csv.EndRecordAsync(http.RequestAborted);
            }
        }

        return File(file, "text/csv; charset=utf-8", "cases.csv");
    }

    private static async Task<IResult> AsWorkbook(HttpContext http)
    {
        var file = new MemoryStream();
        var row = Rows(Language(http)).ToDictionary(r => r.Heading, r => (object)r.Example);
        await file.SaveAsAsync(new[] { row }, sheetName: "cases", cancellationToken: http.RequestAborted);
        return File(file, ImportCases.Workbook, "cases.xlsx");
    }

    private static IResult File(MemoryStream file, string mediaType, string name)
    {
        file.Position = 0;
        return Results.File(file, mediaType, name);
    }

    private static Language Language(HttpContext http)
    {
        var language = Messages.Preferred(http);
        http.Response.Headers.ContentLanguage = Messages.Tag(language);
        http.Response.Headers.Append("Vary", "Accept-Language");
        return language;
    }

    private static IReadOnlyList<(string Heading, string Example)> Rows(Language language) =>
    [
        .. CaseColumns.Of(CaseColumns.Devices.InTemplate, CaseColumns.Complications.InTemplate)
            .Select(c => (c.Heading(language), Example.TryGetValue(c.Name, out var value) ? Labelled(c, value, language) : "")),
    ];

    private static string Labelled(CaseColumn column, string value, Language language) =>
        string.Join(';', (column.Kind == CellKind.List ? Cells.Items(value) : [value])
            .Select(v => (column.Kind == CellKind.Flag ? CaseColumns.YesNo : column.Choices).FirstOrDefault(c => c.Name == v) is { } choice ? Cells.Label(choice, language) : v));
}
