using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Tests.Scenarios;

namespace Compliance.Service.Tests.Sheets;

/// <summary>A sheet of cases as CSV: in the encodings hospitals have, in the writings spreadsheets have, every mistake named at its cell.</summary>
public sealed class CsvImportTests(SheetService sheets) : IClassFixture<SheetService>
{
    private const string Head = "institution,caseNumber,technique,intent,completedAt,operator";

    private static string Row(string number, string rest = "") => $"H1,{number},neurovascular,therapeutic,2026-03-02 14:20,H1-A{rest}\n";

    [Fact]
    public async Task A_row_with_every_column_is_the_report_it_stands_for()
    {
        var number = sheets.NewNumber();
        var report = BadRequests.Report();
        report["caseNumber"] = number;
        var sheet =
            "caseNumber,institution,technique,procedureCodes,icd9cm3,intent,completedAt,startedAt,operator,trainee,assistants,decidedBy,decidedOn,decidedAt,patient.pseudonym,patient.sex,patient.ageYears,patient.diagnosis,urgency,succeeded,consent,admittedOn,dischargedOn,"
            + "consentDetails.topics,consentDetails.signedAt,consentDetails.patientInformed,consentDetails.familyInformed,consentDetails.approvedBy,"
            + "device3.registration,device3.udi,device3.lot,device3.serial,device3.singleUse,complication2.code,complication2.severe,complication2.occurredOn,complication2.relation,death.occurredOn,death.relation,aliveOnDay30\r\n"
            + $"{number},H1,neurovascular,NV-ANEURYSM-COIL,39.72,therapeutic,2026-03-02T14:20:00+08:00,2026-03-02 12:05,H1-A,T0001,H1-B,H1-A;H1-B,2026-03-01,2026-03-01T08:30:00Z,q83vEjRWeJASNFZ4kBI0VniQ,female,61,I60.1,emergency,yes,signed,2026-03-01,2026-03-09,"
            + "risks;purpose;Aftercare;complications,2026-03-02 09:30,yes,yes,H1-Z,"
            + "国械注准20193130001,(01)06901234567892,L2401,S0009,yes,ischaemicStroke,yes,2026-03-03,related,2026-03-05,undetermined,no\r\n";
        SheetService.Totals(await sheets.Import(sheet)).ShouldBe((1, 0, 0));

        // The report as JSON says the same, to the letter: the service answers that nothing changes.
        (await sheets.Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await sheets.Hospital)).Expect(HttpStatusCode.OK);
        SheetService.Totals(await sheets.Import(sheet)).ShouldBe((0, 1, 0));
    }

    [Fact]
    public async Task Chinese_headings_and_labels_say_the_same()
    {
        var number = sheets.NewNumber();
        var sheet =
            "病例号,医疗机构编号,技术,手术编码,ICD-9-CM-3编码,诊疗目的,完成时间,开始时间,第一术者,受训医师,助手,决策医师,决定日期,决定时间,患者假名,性别,年龄,诊断编码,紧急程度,手术成功,知情同意,入院日期,出院日期,"
            + "知情同意签署时间,已告知患者,已告知家属,告知事项,紧急批准人工号,"
            + "器械1注册证号,器械1唯一标识,器械1批号,器械1序列号,器械1一次性使用,并发症1编码,并发症1严重,并发症1发生日期,并发症1相关性,死亡日期,死亡相关性,术后30日存活\r\n"
            + $"{number},H1,神经血管介入诊疗技术,NV-ANEURYSM-COIL,39.72,治疗,2026年3月2日14时20分,2026/3/2 12:05,H1-A,T0001,H1-B,H1-A；H1-B,2026/3/1,2026年3月1日16时30分,q83vEjRWeJASNFZ4kBI0VniQ,女,61,I60.1,急诊,是,已签署,2026/3/1,2026.3.9,"
            + "2026/3/2 9:30,是,是,手术目的；手术风险；并发症及预防措施；术后注意事项,H1-Z,"
            + "国械注准20193130001,(01)06901234567892,L2401,S0009,是,ischaemicStroke,是,46084,相关,2026年3月5日,未定,否\r\n";
        SheetService.Totals(await sheets.Import(sheet)).ShouldBe((1, 0, 0));
        var report = BadRequests.Report();
        report["caseNumber"] = number;
        (await sheets.Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await sheets.Hospital)).Expect(HttpStatusCode.OK);
    }

    public static TheoryData<string, string?, bool> Encodings => new()
    {
        { "utf-8", null, false },
        { "utf-8", null, true },
        { "utf-8", "utf-8", false },
        // Who has a byte order mark is believed more than who sets a parameter by habit.
        { "utf-8", "gb18030", true },
        { "gb18030", null, false },
        { "gb18030", "gb18030", false },
        { "gb18030", "GBK", false },
        { "gb18030", "\"gb2312\"", false },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Every_encoding_of_hospitals_is_read(string encoding, string? charset, bool mark)
    {
        // 联通 in GB18030 happens to be UTF-8 as well; 𠮷 has four bytes in both.
        var number = $"神介〔2026〕联通 𠮷 {sheets.NewNumber()}";
        var sheet = $"{Head},urgency\nH1,{number},neurovascular,治疗,2026-03-02 14:20,H1-A,急诊\n";
        byte[] bytes = encoding == "gb18030" ? Utf8Sheet.Gb18030.GetBytes(sheet) : [.. mark ? Encoding.UTF8.Preamble : default, .. Encoding.UTF8.GetBytes(sheet)];
        var answer = await sheets.Import(bytes, contentType: charset is null ? "text/csv" : $"text/csv; charset={charset}");
        SheetService.Totals(answer).ShouldBe((1, 0, 0), answer.Body!.ToJsonString());
        (await sheets.Shown(number))!["urgency"]!.GetValue<string>().ShouldBe("emergency");
    }

    [Fact]
    public async Task The_encoding_is_found_where_the_first_chinese_stands_however_far_behind()
    {
        var (prefix, number) = (sheets.NewNumber(), $"神介 {sheets.NewNumber()}");
        var rows = string.Concat(Enumerable.Range(0, 3_000).Select(n => $"H2,{prefix}-{n},neurovascular,therapeutic,2026-03-02 14:20,H2-A\n"));
        var answer = await sheets.Import(Utf8Sheet.Gb18030.GetBytes($"{Head}\n{rows}{Row(number)}"));
        SheetService.Totals(answer).ShouldBe((1, 0, 3_000));
        (await sheets.Shown(number)).ShouldNotBeNull();
        // As many as are told.
        answer.Body!["errors"]!.AsArray().Count.ShouldBe(1_000);
        answer.Body["errorsOmitted"]!.GetValue<int>().ShouldBe(2_000);
    }

    [Fact]
    public async Task What_is_neither_encoding_is_refused_in_its_cell()
    {
        var number = sheets.NewNumber();
        byte[] bytes = [.. Encoding.UTF8.GetBytes($"{Head},trainee\nH1,{number}"), 0xFF, 0xFF, .. Encoding.UTF8.GetBytes(",neurovascular,therapeutic,2026-03-02 14:20,H1-A,T1\n")];
        var answer = await sheets.Import(bytes, contentType: "text/csv; charset=utf-8");
        SheetService.Totals(answer).ShouldBe((0, 0, 1));
        answer.Body!["errors"]![0]!["column"]!.GetValue<string>().ShouldBe("caseNumber");
        answer.Body["errors"]![0]!["code"]!.GetValue<string>().ShouldBe("invalidText");
    }

    [Theory]
    [InlineData(";")]
    [InlineData("\t")]
    public async Task Cells_may_be_parted_as_other_regions_do(string separator)
    {
        var number = sheets.NewNumber();
        SheetService.Totals(await sheets.Import((Head + "\n" + Row(number)).Replace(",", separator, StringComparison.Ordinal))).ShouldBe((1, 0, 0));
    }

    public static TheoryData<string, string> Instants => new()
    {
        { "2026/3/2 14:20", "2026-03-02T14:20:00+08:00" },
        { "2026-03-02 14:20:05", "2026-03-02T14:20:05+08:00" },
        { "2026/03/02 04:20", "2026-03-02T04:20:00+08:00" },
        { "2026.3.2 4:20", "2026-03-02T04:20:00+08:00" },
        { "2026年3月2日 14：20", "2026-03-02T14:20:00+08:00" },
        { "2026年3月2日14时20分5秒", "2026-03-02T14:20:05+08:00" },
        { "46083.5972222222", "2026-03-02T14:20:00+08:00" },
        { "2026-03-02T06:20:00Z", "2026-03-02T14:20:00+08:00" },
        { "  2026-03-02 14:20  ", "2026-03-02T14:20:00+08:00" },
    };

    [Theory]
    [MemberData(nameof(Instants))]
    public async Task Instants_are_read_as_spreadsheets_write_them(string cell, string instant)
    {
        var number = sheets.NewNumber();
        SheetService.Totals(await sheets.Import($"{Head}\nH1,{number},neurovascular,therapeutic,{cell},H1-A\n")).ShouldBe((1, 0, 0));
        DateTimeOffset.Parse((await sheets.Shown(number))!["completedAt"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).ShouldBe(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Column, cell, code, and whether the cell is told again.</summary>
    public static TheoryData<string, string, string, bool> BadCells => new()
    {
        { "completedAt", "2026/3/2", "invalidInstant", true },
        { "completedAt", "46083", "invalidInstant", true },
        { "completedAt", "3/2/2026 14:20", "invalidInstant", true },
        { "completedAt", "2026/2/30 14:20", "invalidInstant", true },
        { "completedAt", "2026-03-11 00:00", "futureDay", true },
        { "completedAt", "", "missing", false },
        { "intent", "palliative", "unknownValue", true },
        { "intent", "姑息", "unknownValue", true },
        { "urgency", "asap", "unknownValue", true },
        { "succeeded", "maybe", "unknownValue", true },
        { "patient.ageYears", "61 years", "wrongType", true },
        { "patient.ageYears", "61.5", "wrongType", true },
        { "patient.ageYears", "200", "outOfRange", true },
        { "admittedOn", "2026-3-32", "invalidDay", true },
        { "admittedOn", "2026/3/1 08:30", "invalidDay", true },
        { "admittedOn", "61", "invalidDay", true },
        { "procedureCodes", "NV-ANEURYSM-COIL;NV-NOTHING", "unknownProcedureCode", true },
        { "assistants", "H1-B;H1-B", "duplicateItem", true },
        { "operator", "Dr House", "invalidId", true },
        { "patient.diagnosis", "stroke", "invalidDiagnosis", true },
        { "patient.diagnosis", "#REF!", "cellError", true },
        // Of an identity-card number a spreadsheet keeps fifteen digits, birth date among them.
        { "caseNumber", "2.02603E+17", "roundedNumber", false },
        { "patient.ageYears", "1.10101199001011E+17", "wrongType", false },
        { "intent", "1.10101199001011E+17", "unknownValue", false },
        { "device1.lot", "1.10101199001011E+17", "roundedNumber", false },
        { "caseNumber", "#SPILL!", "cellError", true },
        { "caseNumber", SheetRow.ExampleCaseNumber, "exampleRow", true },
        { "startedAt", "2026-03-02 14:21", "startedAfterCompleted", true },
        { "decidedOn", "2026/3/11", "futureDay", true },
        { "consentDetails.topics", "手术目的；费用", "unknownValue", true },
        { "consentDetails.patientInformed", "大概", "unknownValue", true },
        { "consentDetails.approvedBy", "H1 Z", "invalidId", false },
        { "technique", "dentistry", "unknownTechnique", true },
        { "device2.serial", "\"a\tb\"", "invalidText", true },
        { "caseNumber", BadRequests.Mobile, "personalData", false },
        { "caseNumber", $"病历 {BadRequests.IdentityCard}", "personalData", false },
        { "assistants", $"H1-B;{BadRequests.Mobile}", "personalData", false },
        { "device2.serial", BadRequests.IdentityCard, "personalData", false },
        { "patient.pseudonym", BadRequests.IdentityCard, "personalData", false },
        // Refused for something else, but no less private.
        { "intent", BadRequests.Mobile, "unknownValue", false },
        { "admittedOn", BadRequests.Mobile, "invalidDay", false },
        { "patient.ageYears", BadRequests.Mobile, "outOfRange", false },
        { "caseNumber", $"{new string('x', 300)} {BadRequests.Mobile}", "tooLong", false },
    };

    [Theory]
    [MemberData(nameof(BadCells))]
    public async Task A_bad_cell_is_named_with_what_stands_in_it(string column, string cell, string code, bool told)
    {
        var cells = new Dictionary<string, string>
        {
            ["institution"] = "H1",
            ["caseNumber"] = sheets.NewNumber(),
            ["technique"] = "neurovascular",
            ["intent"] = "therapeutic",
            ["completedAt"] = "2026-03-02 14:20",
            ["operator"] = "H1-A",
            ["patient.pseudonym"] = "p1",
        };
        cells[column] = cell;
        var sheet = $"{string.Join(',', cells.Keys)}\n{string.Join(',', cells.Values)}\n";
        foreach (var dryRun in new[] { "?dryRun=true", "" })
        {
            var before = await sheets.Head;
            var answer = await sheets.Import(sheet, dryRun);
            SheetService.Totals(answer).ShouldBe((0, 0, 1));
            SheetService.Errors(answer).ShouldBe([$"2 {column} {code} {(told ? cell.Trim('"') : "-")}"]);
            (await sheets.Head).ShouldBe(before);
            foreach (var secret in new[] { BadRequests.Mobile, BadRequests.IdentityCard })
            {
                answer.Body!.ToJsonString().ShouldNotContain(secret);
                string.Join('\n', sheets.Log.Lines).ShouldNotContain(secret);
            }
        }
    }

    [Fact]
    public async Task Values_that_are_allowed_are_told_in_the_words_of_the_language()
    {
        var sheet = $"{Head},succeeded\nH1,{sheets.NewNumber()},neurovascular,姑息,2026/3/2,H1-A,也许\n";
        string[] Said(Answer answer) => [.. answer.Body!["errors"]!.AsArray().Select(e => $"{e!["column"]!.GetValue<string>()}: {e["message"]!.GetValue<string>()}")];
        Said(await sheets.Import(sheet, headers: ("Accept-Language", "zh-CN"))).ShouldBe(
            ["completedAt: 不是有效的日期和时间，请写成 2026-03-02 14:20。", "intent: 未知取值，允许：诊断、治疗。", "succeeded: 未知取值，允许：是、否。"], ignoreOrder: true);
        Said(await sheets.Import(sheet)).ShouldBe(
            ["completedAt: Not a day with its time; write it as 2026-03-02 14:20.", "intent: Unknown value; allowed: diagnostic, therapeutic.", "succeeded: Unknown value; allowed: yes, no."], ignoreOrder: true);
        // Columns are called what the sheet calls them.
        var answer = await sheets.Import($"医疗机构编号,病例号,技术,诊疗目的,完成时间,第一术者,器械2批号\nH1,{sheets.NewNumber()},neurovascular,治疗,2026-03-02 14:20,,{new string('x', 201)}\n");
        SheetService.Errors(answer).Select(e => string.Join(' ', e.Split(' ')[..3])).ShouldBe(["2 第一术者 missing", "2 器械2批号 tooLong"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_heading_nobody_knows_is_refused_with_what_it_may_have_meant()
    {
        var before = await sheets.Head;
        SheetService.Faults(await sheets.Import($"{Head},urgancy,colour,intent,诊疗目的\n{Row(sheets.NewNumber(), ",x,y,therapeutic,治疗")}")).ShouldBe(
            ["unknownColumn column:G urgancy", "unknownColumn column:H colour", "duplicateColumn column:I intent", "duplicateColumn column:J intent"]);
        var misspelt = await sheets.Import($"{Head},urgancy,器械12批次\n");
        misspelt.Body!["errors"]!.AsArray().Select(e => e!["message"]!.GetValue<string>()).ShouldBe(["Nobody knows this heading; did you mean `urgency`?", "Nobody knows this heading; did you mean `器械12批号`?"]);
        SheetService.Faults(await sheets.Import("institution,caseNumber,technique,intent,completedAt\n")).ShouldBe(["missingColumn column:operator"]);
        (await sheets.Head).ShouldBe(before);
    }

    [Fact]
    public async Task A_sheet_without_headings_is_not_repeated_in_the_refusal()
    {
        var answer = await sheets.Import($"H1,张小明,{BadRequests.Mobile},therapeutic,2026-03-02 14:20,H1-A\n");
        answer.Expect(HttpStatusCode.BadRequest);
        foreach (var secret in new[] { "张小明", BadRequests.Mobile })
        {
            answer.Body!.ToJsonString().ShouldNotContain(secret);
        }
    }

    [Fact]
    public async Task Of_a_mixed_sheet_good_rows_are_stored_and_bad_ones_named_by_their_row()
    {
        var (a, b, c) = (sheets.NewNumber(), sheets.NewNumber(), sheets.NewNumber());
        var sheet =
            $"{Head},urgency,errors\n"                                                   // 1
            + Row(a, ",急诊,an old reason")                                               // 2
            + ",,,,,,,\n"                                                                 // 3: blank
            + $"H1,{sheets.NewNumber()},neurovascular,therapeutic,,H1-A,asap,\n"          // 4: two faults
            + $"H1,\"{sheets.NewNumber()},neurovascular,therapeutic,2026-03-02 14:20,H1-A\n" // 5: a quote that is not closed
            + Row(b)                                                                      // 6
            + $"H2,{sheets.NewNumber()},neurovascular,therapeutic,2026-03-02 14:20,H2-A\n" // 7: somebody else's
            + Row(b, ",elective")                                                         // 8: another than in row 6
            + Row(b)                                                                      // 9: the same
            + Row(sheets.NewNumber(), ",elective,,stray")                                 // 10
            + "\n"                                                                        // 11: blank
            + Row(c);                                                                     // 12
        string[] expected =
        [
            "4 completedAt missing -", "4 urgency unknownValue asap", "5 - malformedRow -", "7 institution forbidden H2", "8 urgency caseDiffers elective", "10 I cellOutsideColumns -",
        ];

        // A dry run says it all beforehand.
        var before = await sheets.Head;
        var rehearsed = await sheets.Import(sheet, "?dryRun=true");
        SheetService.Totals(rehearsed).ShouldBe((3, 1, 5));
        SheetService.Errors(rehearsed).ShouldBe(expected, ignoreOrder: true);
        rehearsed.Body!["dryRun"]!.GetValue<bool>().ShouldBeTrue();
        (await sheets.Head).ShouldBe(before);

        var answer = await sheets.Import(sheet);
        SheetService.Totals(answer).ShouldBe((3, 1, 5));
        SheetService.Errors(answer).ShouldBe(expected, ignoreOrder: true);
        (await sheets.Head).ShouldBe(before + 3);

        // And the same file twice does no harm, which a dry run knows too.
        SheetService.Totals(await sheets.Import(sheet, "?dryRun=true")).ShouldBe((0, 4, 5));
        SheetService.Totals(await sheets.Import(sheet)).ShouldBe((0, 4, 5));
        (await sheets.Head).ShouldBe(before + 3);
    }

    [Fact]
    public async Task A_sheet_cut_off_in_its_last_row_keeps_the_whole_ones()
    {
        var (a, b) = (sheets.NewNumber(), sheets.NewNumber());
        var cut = await sheets.Import($"{Head},urgency\n{Row(a, ",elective")}H1,{b},neurovascular,thera");
        SheetService.Totals(cut).ShouldBe((1, 0, 1));
        SheetService.Errors(cut).ShouldBe(["3 - cutOff -"]);
        SheetService.Totals(await sheets.Import($"{Head},urgency\n{Row(a, ",elective")}{Row(b, ",elective").TrimEnd()}")).ShouldBe((1, 1, 0));
    }

    /// <summary>Only a line feed ends a line; a carriage return within one has another row behind it, or the rest of a cell.</summary>
    [Fact]
    public async Task What_stands_behind_a_bare_carriage_return_is_not_lost_in_silence()
    {
        var (a, b, c) = (sheets.NewNumber(), sheets.NewNumber(), sheets.NewNumber());
        var answer = await sheets.Import($"{Head}\r\n{Row(a).TrimEnd()}\r\n{Row(b).TrimEnd()}\r{Row(c).TrimEnd()}\r\r\n{Row(c).TrimEnd()}\r");
        SheetService.Totals(answer).ShouldBe((2, 0, 1));
        SheetService.Errors(answer).ShouldBe(["3 - malformedRow -"]);
        (await sheets.Shown(b)).ShouldBeNull();
    }

    [Theory]
    [InlineData("institution,caseNumber,technique,intent,completedAt,operator\rH1,x,neurovascular,therapeutic,2026-03-02 14:20,H1-A\r")]
    [InlineData("institution,caseNumber,technique,intent,completedAt,\"operator\nH1,x,neurovascular,therapeutic,2026-03-02 14:20,H1-A\n")]
    public async Task A_heading_that_cannot_be_told_apart_from_its_rows_is_refused(string sheet) =>
        SheetService.Faults(await sheets.Import(sheet)).ShouldBe(["malformedRow line:1"]);

    /// <summary>What Excel makes of a text when it opens a CSV file: whether it is another text when it is saved.</summary>
    [Theory]
    [InlineData("0", false)]
    [InlineData("00", true)]
    [InlineData("12345678901", false)]
    [InlineData("123456789012", true)]
    [InlineData("39.72", false)]
    [InlineData("39.70", true)]
    [InlineData("1,234", true)]
    [InlineData("12E5", true)]
    [InlineData("12F5", false)]
    [InlineData("1/2", true)]
    [InlineData("2026-03-01", true)]
    [InlineData("2026年3月", true)]
    [InlineData("SEP2", true)]
    [InlineData("S2", false)]
    [InlineData("(12)", true)]
    [InlineData("(01)06901234567892", false)]
    [InlineData("国械注准20193130001", false)]
    [InlineData("'12", true)]
    public void A_text_that_a_spreadsheet_would_change_is_marked(string text, bool marked)
    {
        Cells.Of(text).ShouldBe(marked ? "'" + text : text);
        Cells.Value(Cells.Of(text)).ShouldBe(text);
        // What stands in a sheet has its mark already.
        Cells.Marked(Cells.Of(text)).ShouldBe(Cells.Of(text));
    }

    [Fact]
    public async Task Bad_rows_keep_their_leading_zeros_in_a_spreadsheet()
    {
        var number = "000" + sheets.NewNumber()[1..];
        var answer = await sheets.Import($"{Head},urgency,device1.lot,admittedOn\nH1,{number},neurovascular,therapeutic,2026-03-02 14:20,H1-A,asap,2026-3-1,2026-3-1\n", headers: ("Accept", "text/csv"));
        var text = await answer.Response.Content.ReadAsStringAsync();
        // A lot is a text; a day is read again however it is written.
        text.ShouldContain($"\r\nH1,'{number},neurovascular,therapeutic,2026-03-02 14:20,H1-A,asap,'2026-3-1,2026-3-1,");
        SheetService.Totals(await sheets.Import(text.Replace("asap", "urgent", StringComparison.Ordinal))).ShouldBe((1, 0, 0));
        (await sheets.Shown(number))!["devices"]![0]!["lot"]!.GetValue<string>().ShouldBe("2026-3-1");
    }

    [Fact]
    public async Task The_bad_rows_come_back_to_be_mended_and_sent_again()
    {
        var (good, bad, hidden, formula) = (sheets.NewNumber(), sheets.NewNumber(), sheets.NewNumber(), "=1+" + sheets.NewNumber());
        var sheet = $"{Head},urgency,trainee\n{Row(good, ",elective,T1")}{Row(bad, ",asap,T1")}{Row(hidden, $",elective,{BadRequests.Mobile}")}{Row(formula, ",asap,T1")}";
        var answer = await sheets.Import(sheet, headers: ("Accept", "text/csv"));
        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.Response.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        new[] { "Accepted", "Unchanged", "Rejected", "Rows-Omitted" }.Select(h => answer.Response.Headers.GetValues($"Import-{h}").Single()).ShouldBe(["1", "0", "3", "0"]);
        var text = await answer.Response.Content.ReadAsStringAsync();
        text.ShouldNotContain(BadRequests.Mobile);
        var lines = text.TrimStart('\uFEFF').Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldBe($"{Head},urgency,trainee,errors");
        lines.Length.ShouldBe(4);
        lines[1].ShouldStartWith($"H1,{bad},neurovascular,therapeutic,2026-03-02 14:20,H1-A,asap,T1,");
        lines[1].ShouldContain("urgency: Unknown value; allowed: elective, urgent, emergency.");
        // The number that was refused is gone, what else the row says is there.
        lines[2].ShouldStartWith($"H1,{hidden},neurovascular,therapeutic,2026-03-02 14:20,H1-A,elective,,");
        // A spreadsheet would run it.
        lines[3].ShouldStartWith($"H1,\"'{formula}\",");

        SheetService.Totals(await sheets.Import(text.Replace("asap", "急诊", StringComparison.Ordinal))).ShouldBe((3, 0, 0));
        (await sheets.Shown(formula))!["caseNumber"]!.GetValue<string>().ShouldBe(formula);
    }

    [Fact]
    public async Task Bad_lines_of_json_have_no_sheet_to_come_back_in() =>
        (await sheets.Import("{}\n", contentType: "application/x-ndjson", headers: ("Accept", "text/csv"))).Expect(HttpStatusCode.NotAcceptable);

    [Fact]
    public async Task A_dry_run_of_json_stores_nothing_either()
    {
        var (number, before) = (sheets.NewNumber(), await sheets.Head);
        var lines = string.Concat(new[] { World.Case("H1", number, BadRequests.Today), World.Case("H1", number, BadRequests.Today), World.Case("H1", number, BadRequests.Today, died: true) }.Select(c => c.ToJsonString() + "\n"));
        var answer = await sheets.Import(lines, "?dryRun=true", "application/x-ndjson");
        SheetService.Totals(answer).ShouldBe((1, 1, 1));
        (await sheets.Head).ShouldBe(before);
    }

    [Theory]
    [InlineData("en", "institution,caseNumber,")]
    [InlineData("zh-CN", "医疗机构编号,病例号,")]
    public async Task The_template_is_a_sheet_whose_example_is_refused(string language, string begins)
    {
        var template = await sheets.Service.Send(HttpMethod.Get, "cases/template.csv", headers: ("Accept-Language", language));
        template.Status.ShouldBe(HttpStatusCode.OK);
        var bytes = await template.Response.Content.ReadAsByteArrayAsync();
        bytes[..3].ShouldBe(Encoding.UTF8.Preamble.ToArray());
        Encoding.UTF8.GetString(bytes[3..]).ShouldStartWith(begins);
        var answer = await sheets.Import(bytes);
        SheetService.Errors(answer).ShouldBe([$"2 {(language == "en" ? "caseNumber" : "病例号")} exampleRow {SheetRow.ExampleCaseNumber}"]);

        // Apart from that it is a good one.
        var number = sheets.NewNumber();
        var mine = Encoding.UTF8.GetString(bytes).Replace(SheetRow.ExampleCaseNumber, number, StringComparison.Ordinal).Replace("H110001", "H1", StringComparison.Ordinal);
        SheetService.Totals(await sheets.Import(mine)).ShouldBe((1, 0, 0));
    }

    [Fact]
    public void The_table_of_columns_has_every_member_of_the_report()
    {
        static IEnumerable<string> Leaves(JsonNode? node, string path) => node switch
        {
            JsonObject o => o.SelectMany(p => Leaves(p.Value, $"{path}/{p.Key}")),
            JsonArray { Count: > 0 } a when a[0] is JsonObject => Leaves(a[0], $"{path}/0"),
            _ => [path],
        };
        var columns = CaseColumns.Of(1, 1).Select(c => c.Group is { } g ? $"{g.Pointer}/0/{c.Path[0]}" : "/" + string.Join('/', c.Path));
        columns.ShouldBe(Leaves(BadRequests.Report(), ""), ignoreOrder: true);
        CaseColumns.Of(CaseColumns.MostInGroup, CaseColumns.MostInGroup).Select(c => CaseColumns.Find(c.Chinese)!.Name).ShouldBeUnique();
    }
}
