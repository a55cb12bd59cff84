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

    /// <summary>Whoever wraps a heading in Excel has a line break in it.</summary>
    [Fact]
    public async Task Bad_rows_under_a_wrapped_heading_come_back_as_well()
    {
        var row = Row(sheets.NewNumber(), "2026/3/2 14:20").ToDictionary(c => c.Key == "病例号" ? "病例\n号" : c.Key, c => c.Key == "诊疗目的" ? "姑息" : c.Value);
        var answer = await Import(Workbook(new[] { row }), ("Accept", "text/csv"));
        var text = await answer.Response.Content.ReadAsStringAsync();
        SheetService.Totals(await sheets.Import(text.Replace("姑息", "治疗", StringComparison.Ordinal))).ShouldBe((1, 0, 0));
    }

    [Theory]
    [InlineData("B", "caseNumber", "roundedNumber")]
    [InlineData("D", "intent", "unknownValue")]
    [InlineData("G", "trainee", "roundedNumber")]
    [InlineData("H", "patient.ageYears", "wrongType")]
    [InlineData("I", "admittedOn", "invalidDay")]
    [InlineData("J", "device1.lot", "roundedNumber")]
    public async Task An_identity_number_typed_as_a_number_is_not_repeated(string at, string column, string code)
    {
        foreach (var format in new[] { "0", "000000", "yyyy-mm-dd" })
        {
            var book = new Book("trainee", "patient.ageYears", "admittedOn", "device1.lot", "patient.pseudonym");
            var cell = Book.Number("110101199001011234", book.Format(format));
            var file = book.Row(2, at == "B" ? [("B", cell), ("K", Book.Text("p1"))] : [("B", Book.Text(sheets.NewNumber())), (at, cell), ("K", Book.Text("p1"))]).Bytes();
            var answer = await Import(file);
            SheetService.Errors(answer).ShouldBe([$"2 {column} {code} -"]);
            (await (await Import(file, ("Accept", "text/csv"))).Response.Content.ReadAsStringAsync()).ShouldNotContain("1010119900101");
        }
    }

    [Fact]
    public async Task A_number_is_the_text_that_is_shown_or_is_refused()
    {
        var unique = sheets.NewNumber()[1..];
        var book = new Book("device1.lot", "patient.ageYears", "patient.pseudonym");
        (string Format, string Number, string? Lot)[] cells =
        [
            ("000000", "123", "000123"), ("0", "123", "123"), ("General", "123", "123"), ("@", "123", "123"), ("0.00", "39.7", "39.70"), ("0_ ", "123", "123"), ("00_);(00)", "7", "07"), ("49", "12", "12"),
            ("\"L\"0000", "123", null), ("#,##0", "1234", null), ("0.0", "39.72", null), ("0.00E+00", "1200000", null), ("# ?/?", "0.5", null), ("yyyy-mm-dd", "46082", null), ("31", "46082", null), ("[h]:mm", "1.5", null), ("00;(00)", "-7", null),
        ];
        foreach (var (cell, i) in cells.Select((c, i) => (c, i)))
            book.Row(i + 2, ("B", Book.Text($"f{unique}-{i}")), ("G", Book.Number(cell.Number, book.Format(cell.Format))), ("H", Book.Number("61", book.Format("0 岁"))), ("I", Book.Text("p1")));
        var answer = await Import(book.Bytes());
        SheetService.Errors(answer).Select(e => string.Join(' ', e.Split(' ')[..3])).ShouldBe(cells.Index().Where(c => c.Item.Lot is null).Select(c => $"{c.Index + 2} device1.lot formattedNumber"));
        foreach (var (i, cell) in cells.Index().Where(c => c.Item.Lot is not null))
            (await sheets.Shown($"f{unique}-{i}"))!["devices"]![0]!["lot"]!.GetValue<string>().ShouldBe(cell.Lot);
        // By its case number a case is itself: 000123 and 123 are two.
        var (zeros, number) = (new Book(), $"9{unique}");
        SheetService.Totals(await Import(zeros.Row(2, ("B", Book.Number(number, zeros.Format("0000000000")))).Bytes())).ShouldBe((1, 0, 0));
        (await sheets.Shown(number.PadLeft(10, '0'))).ShouldNotBeNull();
    }

    [Fact]
    public async Task Days_of_1904_are_read_by_their_own_count()
    {
        // 1904 begins 1,462 days after the usual zero: 46,083 is 2 March 2026 there 44,621.
        foreach (var (date1904, day, time) in new[] { (true, "44620", "44621.5972222222"), (false, "46082", "46083.5972222222") })
        {
            var number = sheets.NewNumber();
            var book = new Book("admittedOn", "dischargedOn") { Date1904 = date1904 };
            book.Row(2, ("B", Book.Text(number)), ("E", Book.Number(time)), ("G", Book.Number(day, book.Format("31"))), ("H", Book.Number(day, book.Format("yyyy-mm-dd"))));
            SheetService.Totals(await Import(book.Bytes())).ShouldBe((1, 0, 0));
            var shown = (await sheets.Shown(number))!;
            DateTimeOffset.Parse(shown["completedAt"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).ShouldBe(new DateTimeOffset(2026, 3, 2, 14, 20, 0, TimeSpan.FromHours(8)));
            shown["admittedOn"]!.GetValue<string>().ShouldBe("2026-03-01");
            shown["dischargedOn"]!.GetValue<string>().ShouldBe("2026-03-01");
        }
    }

    [Fact]
    public async Task A_formula_that_was_never_computed_is_no_empty_cell()
    {
        var (a, b) = (sheets.NewNumber(), sheets.NewNumber());
        var book = new Book("death.occurredOn", "death.relation", "device1.lot");
        book.Row(2, ("B", Book.Text(a)), ("G", "><f>DATE(2026,3,3)</f></c>"), ("H", "t=\"b\"><f>1=1</f></c>"));
        // One that was computed, and comes to nothing.
        book.Row(3, ("B", Book.Text(b)), ("G", "t=\"str\"><f>IF(1=1,\"\",1)</f><v></v></c>"), ("I", "><f>6*7</f><v>42</v></c>"));
        var answer = await Import(book.Bytes());
        SheetService.Totals(answer).ShouldBe((1, 0, 1));
        SheetService.Errors(answer).Select(e => string.Join(' ', e.Split(' ')[..3])).ShouldBe(["2 death.occurredOn notComputed", "2 death.relation notComputed"], ignoreOrder: true);
        (await sheets.Shown(b))!["devices"]![0]!["lot"]!.GetValue<string>().ShouldBe("42");
    }

    [Theory]
    [InlineData("G2:G3", true)]
    [InlineData("A1:A2", true)]
    [InlineData("G9:H9", true)]
    [InlineData("I1:J1", false)]
    public async Task Merged_cells_below_the_heading_are_refused(string merged, bool refused)
    {
        var book = new Book("device1.lot", "device1.serial") { Merged = merged };
        var file = book.Row(2, ("B", Book.Text(sheets.NewNumber())), ("G", Book.Text("L1"))).Row(3, ("B", Book.Text(sheets.NewNumber()))).Bytes();
        var answer = await Import(file);
        if (refused)
            SheetService.Faults(answer).ShouldBe([$"mergedCells cell:{merged}"]);
        else
            SheetService.Totals(answer).ShouldBe((2, 0, 0));
    }

    [Fact]
    public async Task A_sheet_larger_than_any_is_refused_at_once()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        // A sheet has 1,048,576 rows.
        (await Import(new Book().Row(2, ("B", Book.Text("x"))).Row(1_048_577, ("B", Book.Text("x"))).Bytes()).WaitAsync(soon.Token)).Expect(HttpStatusCode.BadRequest).Body!["code"]!.GetValue<string>().ShouldBe("notAWorkbook");
        (await Import(new Book().Row(int.MaxValue, ("B", Book.Text("x"))).Bytes()).WaitAsync(soon.Token)).Expect(HttpStatusCode.BadRequest).Body!["code"]!.GetValue<string>().ShouldBe("notAWorkbook");
        // Columns end at XFD, and here at 2,000, which is BXX.
        SheetService.Faults(await Import(new Book().Row(2, ("B", Book.Text("x")), ("BXY", Book.Text("x"))).Bytes()).WaitAsync(soon.Token)).ShouldBe(["tooManyColumns column:BXY"]);
        SheetService.Faults(await Import(new Book().Row(2, ("B", Book.Text("x")), ("ZZZZZ", Book.Text("x"))).Bytes()).WaitAsync(soon.Token)).ShouldBe(["tooManyColumns column:BXY"]);
    }

    [Fact]
    public async Task The_last_moment_a_spreadsheet_knows_is_a_bad_cell_and_no_more()
    {
        var number = sheets.NewNumber();
        var book = new Book("admittedOn");
        // A hundredth of a second before the year 10000.
        book.Row(2, ("B", Book.Text(sheets.NewNumber())), ("G", Book.Number("2958465.9999999", book.Format("yyyy-mm-dd")))).Row(3, ("B", Book.Text(number)));
        var answer = await Import(book.Bytes());
        SheetService.Totals(answer).ShouldBe((1, 0, 1));
        SheetService.Errors(answer).Single().ShouldStartWith("2 admittedOn invalidDay");
        (await sheets.Shown(number)).ShouldNotBeNull();

        // A duration longer than any is found before anything is stored.
        var before = await sheets.Head;
        var longest = new Book("device1.lot");
        longest.Row(2, ("B", Book.Text(sheets.NewNumber()))).Row(3, ("B", Book.Text(sheets.NewNumber())), ("G", Book.Number("1E+300", longest.Format("[h]:mm"))));
        (await Import(longest.Bytes())).Expect(HttpStatusCode.BadRequest).Body!["code"]!.GetValue<string>().ShouldBe("notAWorkbook");
        (await sheets.Head).ShouldBe(before);
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
