using System.IO.Compression;
using System.Net;
using System.Text;
using Compliance.Service.Cases;
using MiniExcelLibs;

namespace Compliance.Service.Tests.Sheets;

/// <summary>A sheet of cases as an Excel workbook.</summary>
public sealed class WorkbookImportTests(SheetService sheets) : IClassFixture<SheetService>
{
    private static Dictionary<string, object?> Row(string number, object completedAt) => new()
    {
        ["医疗机构编号"] = "H1",
        ["病例号"] = number,
        ["技术"] = "neurovascular",
        ["诊疗目的"] = "治疗",
        ["完成时间"] = completedAt,
        ["第一术者"] = "H1-A",
        ["患者假名"] = "p1",
        ["年龄"] = 61,
        ["入院日期"] = new DateTime(2026, 3, 1),
        ["手术成功"] = true,
    };

    private static byte[] Workbook(object rows)
    {
        using var file = new MemoryStream();
        file.SaveAs(rows);
        return file.ToArray();
    }

    /// <summary>The workbook with the text of its parts changed.</summary>
    private static byte[] Changed(byte[] workbook, string part, Func<string, string> change)
    {
        using var file = new MemoryStream();
        file.Write(workbook);
        using (var archive = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
        {
            var entry = archive.GetEntry(part)!;
            string text;
            using (var reader = new StreamReader(entry.Open()))
            {
                text = reader.ReadToEnd();
            }

            entry.Delete();
            using var writer = new StreamWriter(archive.CreateEntry(part).Open());
            writer.Write(change(text));
        }

        return file.ToArray();
    }

    private Task<Answer> Import(byte[] workbook, params (string, string)[] headers) => sheets.Import(workbook, contentType: ImportCases.Workbook, headers: headers);

    [Fact]
    public async Task Dates_numbers_and_texts_are_read_as_what_they_are()
    {
        var (a, b) = (sheets.NewNumber(), sheets.NewNumber());
        var workbook = Workbook(new[] { Row(a, new DateTime(2026, 3, 2, 14, 20, 0)), Row(b, "2026/3/2 14:20") });
        var answer = await Import(workbook);
        SheetService.Totals(answer).ShouldBe((2, 0, 0), answer.Body!.ToJsonString());
        foreach (var number in new[] { a, b })
        {
            var shown = (await sheets.Shown(number))!;
            DateTimeOffset.Parse(shown["completedAt"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).ShouldBe(new DateTimeOffset(2026, 3, 2, 14, 20, 0, TimeSpan.FromHours(8)));
            shown["admittedOn"]!.GetValue<string>().ShouldBe("2026-03-01");
            shown["patient"]!["ageYears"]!.GetValue<int>().ShouldBe(61);
            shown["succeeded"]!.GetValue<bool>().ShouldBeTrue();
        }

        SheetService.Totals(await Import(workbook)).ShouldBe((0, 2, 0));
    }

    /// <summary>Programs write the parts of a workbook with a prefix for their names, or without one.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bad_cells_are_named_by_row_and_column(bool prefixed)
    {
        var rows = new[] { Row(sheets.NewNumber(), "2026/3/2"), Row(sheets.NewNumber(), "2026/3/2 14:20"), Row(sheets.NewNumber(), "2026/3/2 14:20"), Row(sheets.NewNumber(), "2026/3/2 14:20") };
        rows[2]["第一术者"] = "ERRORCELL";
        rows[2]["诊疗目的"] = "a t=\"e\" b";
        rows[1]["病例号"] = 123_456_789_012_345_678d;
        rows[3]["第一术者"] = "two\nlines";
        var workbook = Changed(Workbook(rows), "xl/worksheets/sheet1.xml", xml =>
        {
            var at = xml.IndexOf("ERRORCELL", StringComparison.Ordinal);
            var (from, to) = (xml.LastIndexOf("<x:c ", at, StringComparison.Ordinal) is var x and >= 0 ? x : xml.LastIndexOf("<c ", at, StringComparison.Ordinal), xml.IndexOf("c>", at, StringComparison.Ordinal) + 2);
            var prefix = xml[from..].StartsWith("<x:c", StringComparison.Ordinal) ? "x:" : "";
            xml = $"{xml[..from]}<{prefix}c r=\"F4\" t=\"e\"><{prefix}v>#REF!</{prefix}v></{prefix}c>{xml[to..]}";
            xml.ShouldContain("<x:c ");
            return prefixed ? xml : xml.Replace("<x:", "<", StringComparison.Ordinal).Replace("</x:", "</", StringComparison.Ordinal).Replace("xmlns:x=", "xmlns=", StringComparison.Ordinal);
        });
        var answer = await Import(workbook);
        SheetService.Totals(answer).ShouldBe((0, 0, 4), answer.Body!.ToJsonString());
        SheetService.Errors(answer).Select(e => string.Join(' ', e.Split(' ')[..3])).ShouldBe(["2 完成时间 invalidInstant", "3 病例号 roundedNumber", "4 诊疗目的 unknownValue", "4 第一术者 cellError", "5 第一术者 invalidId"], ignoreOrder: true);
    }

    [Fact]
    public async Task Its_bad_rows_come_back_as_csv()
    {
        var row = Row(sheets.NewNumber(), new DateTime(2026, 3, 2, 14, 20, 0));
        row["诊疗目的"] = "姑息";
        var answer = await Import(Workbook(new[] { row }), ("Accept", "text/csv"), ("Accept-Language", "zh-CN"));
        var text = await answer.Response.Content.ReadAsStringAsync();
        text.ShouldContain("错误");
        text.ShouldContain("2026-03-02 14:20:00");
        SheetService.Totals(await sheets.Import(text.Replace("姑息", "治疗", StringComparison.Ordinal))).ShouldBe((1, 0, 0));
    }

    [Fact]
    public async Task What_is_no_workbook_is_refused_and_changes_nothing()
    {
        var before = await sheets.Head;
        var good = Workbook(new[] { Row(sheets.NewNumber(), "2026/3/2 14:20") });
        async Task Refused(byte[] bytes, HttpStatusCode status, string code) => (await Import(bytes)).Expect(status).Body!["code"]!.GetValue<string>().ShouldBe(code);
        await Refused(Encoding.UTF8.GetBytes("institution,caseNumber\nH1,1\n"), HttpStatusCode.BadRequest, "notAWorkbook");
        await Refused(good[..^200], HttpStatusCode.BadRequest, "notAWorkbook");
        await Refused(Changed(good, "xl/worksheets/sheet1.xml", xml => xml[..(xml.Length / 2)]), HttpStatusCode.BadRequest, "notAWorkbook");
        await Refused(new byte[17 * 1024 * 1024], HttpStatusCode.RequestEntityTooLarge, "workbookTooLarge");
        // A small archive that unpacks to more than there is room for.
        await Refused(Changed(good, "xl/worksheets/sheet1.xml", _ => new string(' ', 130 * 1024 * 1024)), HttpStatusCode.RequestEntityTooLarge, "workbookTooLarge");
        await Refused(Workbook(new Dictionary<string, object> { ["one"] = new[] { Row("x1", "2026/3/2 14:20") }, ["two"] = new[] { Row("x2", "2026/3/2 14:20") } }), HttpStatusCode.BadRequest, "severalSheets");
        (await Import([])).Expect(HttpStatusCode.BadRequest);
        SheetService.Faults(await Import(Workbook(new[] { new Dictionary<string, object> { ["姓名"] = "x" } }))).ShouldContain("missingColumn column:institution");
        (await sheets.Head).ShouldBe(before);
    }

    [Fact]
    public async Task The_template_is_a_workbook_whose_example_is_refused()
    {
        var template = await sheets.Service.Send(HttpMethod.Get, "cases/template.xlsx", headers: ("Accept-Language", "zh-CN"));
        template.Response.Content.Headers.ContentType!.MediaType.ShouldBe(ImportCases.Workbook);
        var answer = await Import(await template.Response.Content.ReadAsByteArrayAsync());
        SheetService.Errors(answer).Select(e => string.Join(' ', e.Split(' ')[..3])).ShouldBe(["2 病例号 exampleRow"]);
    }
}
