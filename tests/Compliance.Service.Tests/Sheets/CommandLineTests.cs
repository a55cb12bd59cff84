using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.Cases.Sheets;
using Compliance.Service.Client;
using Compliance.Service.Tests.Scenarios;
using MiniExcelLibs;
using Npgsql;

namespace Compliance.Service.Tests.Sheets;

/// <summary>Files imported and exported by the command line, as a quality officer does it.</summary>
public sealed class CommandLineTests(SheetService sheets) : IClassFixture<SheetService>
{
    private const int Month = 500;

    private static readonly string[] Headings =
    [
        "医疗机构编号", "病例号", "技术", "手术编码", "ICD-9-CM-3编码", "诊疗目的", "完成时间", "第一术者", "受训医师", "助手", "决策医师", "患者假名", "性别", "年龄", "诊断编码", "紧急程度", "手术成功", "知情同意", "入院日期", "出院日期",
        "器械1唯一标识", "器械1序列号", "器械2唯一标识", "器械2序列号", "并发症1编码", "并发症1发生日期", "并发症1相关性",
    ];

    /// <summary>Thirty mistakes: the column, what stands there instead, and the code it must be named by.</summary>
    private static readonly (string Column, string Cell, string Code)[] Mistakes =
    [
        ("病例号", "", "missing"),
        ("病例号", $"电话 {BadRequests.Mobile}", "personalData"),
        ("病例号", "1.23457E+17", "roundedNumber"),
        ("医疗机构编号", "H2", "forbidden"),
        ("技术", "dentistry", "unknownTechnique"),
        ("手术编码", "NV-NOTHING", "unknownProcedureCode"),
        ("ICD-9-CM-3编码", "coil", "invalidIcd9"),
        ("诊疗目的", "姑息", "unknownValue"),
        ("完成时间", "2026/2/30 14:20", "invalidInstant"),
        ("完成时间", "2026-12-01 10:00", "futureDay"),
        ("完成时间", "1926-03-02 10:00", "outOfRange"),
        ("第一术者", "", "missing"),
        ("第一术者", "Dr House", "invalidId"),
        ("受训医师", BadRequests.IdentityCard, "personalData"),
        ("助手", "H1-B;H1-B", "duplicateItem"),
        ("决策医师", string.Join(';', Enumerable.Range(0, 21).Select(n => $"D{n}")), "tooMany"),
        ("性别", "F", "unknownValue"),
        ("年龄", "-1", "outOfRange"),
        ("年龄", "六十一", "wrongType"),
        ("诊断编码", "stroke", "invalidDiagnosis"),
        ("诊断编码", "#N/A", "cellError"),
        ("紧急程度", "asap", "unknownValue"),
        ("手术成功", "也许", "unknownValue"),
        ("知情同意", "oral", "unknownValue"),
        ("入院日期", "2026/13/1", "invalidDay"),
        ("出院日期", "2025-12-31", "dischargedBeforeAdmitted"),
        ("器械2序列号", "S-1", "duplicateDevice"),
        ("并发症1编码", "nothing", "unknownComplicationCode"),
        ("并发症1发生日期", "2020-01-01", "beforeProcedure"),
        ("并发症1相关性", "", "missing"),
    ];

    private static string[] Good(string prefix, int n)
    {
        var day = new DateOnly(2026, 2, 1 + (n % 27)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return
        [
            "H1", string.Create(CultureInfo.InvariantCulture, $"{prefix}{n:000}"), "neurovascular", "NV-ANEURYSM-COIL", "39.72", "治疗", $"{day} 14:20", "H1-A", "", "H1-B", "H1-A;H1-B", $"p{n}", "女", "61", "I60.1", "急诊", "是", "已签署", "2026/1/31", "",
            "(01)06901234567892", "S-1", "(01)06901234567892", "S-2", "accessSiteHaematoma", day, "相关",
        ];
    }

    private static string Csv(IEnumerable<IEnumerable<string>> rows) => string.Concat(rows.Select(r => string.Join(',', r) + "\r\n"));

    private static string NewDirectory() => TestPostgres.NewDirectory();

    private async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await CommandLine.Run([.. args, "--url", sheets.Service.Http.BaseAddress!.ToString(), "--token", await sheets.Hospital], output, error);
        return (code, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task A_month_with_thirty_mistakes_is_imported_mended_and_imported_again()
    {
        Mistakes.Length.ShouldBe(30);
        var rows = Enumerable.Range(0, Month).Select(n => Good("month-", n)).ToList();
        // The mistakes stand in every sixteenth row, from the fourth on.
        int RowOf(int mistake) => 3 + (16 * mistake);
        var expected = Mistakes.Select((m, i) => $"{RowOf(i) + 2} {(m.Code == "duplicateDevice" ? "器械2" : m.Column)} {m.Code}").ToList();
        foreach (var (mistake, i) in Mistakes.Select((m, i) => (m, i)))
            rows[RowOf(i)][Array.IndexOf(Headings, mistake.Column)] = mistake.Cell;
        var directory = NewDirectory();
        var (file, bad) = (Path.Combine(directory, "三月.csv"), Path.Combine(directory, "bad.csv"));
        await File.WriteAllBytesAsync(file, Utf8Sheet.Gb18030.GetBytes(Csv(rows.Prepend(Headings))));

        // Looked at first; nothing is stored.
        var before = await sheets.Head;
        var (code, output, _) = await Run("import", file, "--dry-run", "--json");
        code.ShouldBe(ExitCode.Findings);
        Named(output).ShouldBe(expected, ignoreOrder: true);
        (await sheets.Head).ShouldBe(before);

        (code, output, var error) = await Run("import", file, "--bad-rows", bad, "--language", "zh-CN");
        code.ShouldBe(ExitCode.Findings);
        output.ShouldContain("共 500 例，新存 470，原有 0，拒绝 30。");
        output.ShouldContain("第 117 行, 诊疗目的 \"姑息\": 未知取值，允许：诊断、治疗。 [unknownValue]");
        error.ShouldContain("三月.csv: 100 %，500 / 500");
        foreach (var secret in new[] { BadRequests.Mobile, BadRequests.IdentityCard })
        {
            output.ShouldNotContain(secret);
            (await File.ReadAllTextAsync(bad)).ShouldNotContain(secret);
        }

        (await Stored("month-")).ShouldBe(470);

        // Mended: the one cell of each row that was wrong, and nothing else.
        var mended = (await File.ReadAllTextAsync(bad)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(',')).ToList();
        mended.Count.ShouldBe(31);
        mended[0][^1].ShouldBe("错误");
        for (var i = 0; i < Mistakes.Length; i++)
        {
            var column = Array.IndexOf(Headings, Mistakes[i].Column);
            mended[i + 1][column] = Good("month-", RowOf(i))[column];
        }

        await File.WriteAllTextAsync(bad, Csv(mended));
        (code, output, _) = await Run("import", bad);
        code.ShouldBe(ExitCode.Done, output);
        await ShouldBeAsMeant("month-", Month);

        // The same files again: no harm.
        (code, output, _) = await Run("import", bad);
        code.ShouldBe(ExitCode.Done);
        output.ShouldContain("of 30 reports 0 stored, 30 there before, 0 rejected");
        (code, output, _) = await Run("import", file, "--json");
        code.ShouldBe(ExitCode.Findings);
        Named(output).ShouldBe(expected, ignoreOrder: true);
        await ShouldBeAsMeant("month-", Month);
        File.Exists(ImportState.PathFor(file)).ShouldBeFalse();
    }

    [Fact]
    public async Task So_is_a_workbook()
    {
        // Of the same mistakes, those that a cell of text can hold: one in every second row of fifty, from the first on.
        var mistakes = Mistakes.Where(m => m.Code is not ("forbidden" or "roundedNumber" or "cellError")).Take(25).ToList();
        mistakes.Count.ShouldBe(25);
        var rows = Enumerable.Range(0, 50).Select(n => Good("book-", n)).ToList();
        var expected = mistakes.Select((m, i) => $"{(2 * i) + 2} {(m.Code == "duplicateDevice" ? "器械2" : m.Column)} {m.Code}").ToList();
        foreach (var (mistake, i) in mistakes.Select((m, i) => (m, i)))
            rows[2 * i][Array.IndexOf(Headings, mistake.Column)] = mistake.Cell;
        var directory = NewDirectory();
        var (file, bad) = (Path.Combine(directory, "三月.xlsx"), Path.Combine(directory, "bad.csv"));
        await MiniExcel.SaveAsAsync(file, rows.ConvertAll(r => Headings.Zip(r).ToDictionary(c => c.First, c => (object?)c.Second)));

        var (code, output, error) = await Run("import", file, "--bad-rows", bad, "--json");
        code.ShouldBe(ExitCode.Findings, error);
        Named(output).ShouldBe(expected, ignoreOrder: true);
        JsonNode.Parse(output)!["files"]![0]!["accepted"]!.GetValue<int>().ShouldBe(25);
        // By --json the error output is one object a line, and has no control characters either.
        var told = error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!["progress"]!).ToList();
        told[^1]["done"]!.GetValue<int>().ShouldBe(50);
        told[^1]["of"]!.GetValue<int>().ShouldBe(50);

        var mended = (await File.ReadAllTextAsync(bad)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(',')).ToList();
        mended.Count.ShouldBe(26);
        for (var i = 0; i < mistakes.Count; i++)
        {
            var column = Array.IndexOf(Headings, mistakes[i].Column);
            mended[i + 1][column] = Good("book-", 2 * i)[column];
        }

        await File.WriteAllTextAsync(bad, Csv(mended));
        (code, output, _) = await Run("import", bad);
        code.ShouldBe(ExitCode.Done, output);
        await ShouldBeAsMeant("book-", 50);
    }

    [Fact]
    public async Task What_is_exported_is_imported_again_without_a_change()
    {
        var file = Path.Combine(NewDirectory(), "cases.csv");
        // Two devices and a formula, a voided case, one without anything, one with a complication and a death.
        var full = BadRequests.Report();
        full["caseNumber"] = "=export-1";
        full["devices"]!.AsArray().Add(JsonNode.Parse("""{ "udi": "'x", "serial": "-2" }"""));
        full["devices"]!.AsArray().Add(JsonNode.Parse("""{ "udi": " (01)06901234567892 ", "lot": " L1", "serial": "S1 ", "registration": " 'N" }"""));
        var token = await sheets.Hospital;
        foreach (var report in new[] { full, World.Case("H1", "'export-2", new(2026, 3, 3)), World.Case("H1", "export-3", new(2026, 3, 3), complication: true, died: true), World.Case("H1", "export-4", new(2026, 3, 4), therapeutic: false) })
            (await sheets.Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), token)).Expect(HttpStatusCode.Created);
        var voided = (await sheets.Service.Send(HttpMethod.Post, "cases", World.Case("H1", "export-5", new(2026, 3, 4)).ToJsonString(), token)).Expect(HttpStatusCode.Created).Body!["caseId"]!.GetValue<string>();
        var position = (await sheets.Service.Send(HttpMethod.Post, $"cases/{voided}/void", "{\"reason\":\"entered twice\"}", token)).Expect(HttpStatusCode.OK).Position;
        (await sheets.Service.Get($"cases?minPosition={position}", token)).Expect(HttpStatusCode.OK);

        foreach (var language in new[] { "en", "zh-CN" })
        {
            var (code, output, error) = await Run("export", "--from", "2026-03-02", "--to", "2026-03-04", "--language", language, "--output", file);
            code.ShouldBe(0, error);
            error.ShouldContain(language == "en" ? "1 voided" : "已作废的 1 例");
            (code, output, error) = await Run("import", file, "--json");
            code.ShouldBe(ExitCode.Done, output + error);
            var imported = JsonNode.Parse(output)!["files"]![0]!;
            imported["accepted"]!.GetValue<int>().ShouldBe(0);
            imported["unchanged"]!.GetValue<int>().ShouldBeGreaterThanOrEqualTo(4);
        }

        (await File.ReadAllTextAsync(file)).ShouldContain("\"'=export-1\"");
        var lines = Path.ChangeExtension(file, ".ndjson");
        (await Run("export", "--from", "2026-03-02", "--to", "2026-03-04", "--json", "--output", lines)).Code.ShouldBe(0);
        (await Run("import", lines)).Code.ShouldBe(ExitCode.Done);
        (await Run("export", "--institution", "H1", "--technique", "neurovascular", "--from", "2026-03-04", "--to", "2026-03-04", "--output", file)).Code.ShouldBe(0);
        (await File.ReadAllTextAsync(file)).ShouldContain("export-4");
    }

    [Fact]
    public async Task Bad_lines_of_json_are_written_to_be_mended()
    {
        var directory = NewDirectory();
        var (file, bad) = (Path.Combine(directory, "cases.ndjson"), Path.Combine(directory, "bad.ndjson"));
        JsonObject Line(string number, string name, JsonNode value)
        {
            var report = World.Case("H1", number, new(2026, 3, 2));
            report[name] = value;
            return report;
        }

        await File.WriteAllLinesAsync(file, [World.Case("H1", "json-1", new(2026, 3, 2)).ToJsonString(), "", Line("json-2", "urgency", "asap").ToJsonString(), Line("json-3", "trainee", BadRequests.Mobile).ToJsonString()]);
        var (code, output, _) = await Run("import", file, "--bad-rows", bad);
        code.ShouldBe(ExitCode.Findings);
        output.ShouldContain("row 3, /urgency: Unknown value");
        output.ShouldContain("row 4, /trainee:");
        var text = await File.ReadAllTextAsync(bad);
        text.ShouldNotContain(BadRequests.Mobile);
        await File.WriteAllTextAsync(bad, text.Replace("asap", "elective", StringComparison.Ordinal));
        (await Run("import", bad)).Code.ShouldBe(ExitCode.Done);
        (await sheets.Shown("json-3")).ShouldNotBeNull();
    }

    [Fact]
    public async Task More_faults_than_an_answer_lists_are_all_told()
    {
        var file = Path.Combine(NewDirectory(), "many.csv");
        await File.WriteAllTextAsync(file, Csv(Enumerable.Range(0, 1_500).Select(n => (string[])["H1", $"many-{n}", "neurovascular", "x", "y", "H1-A"]).Prepend(["institution", "caseNumber", "technique", "intent", "completedAt", "operator"])));
        var (code, output, _) = await Run("import", file, "--json");
        code.ShouldBe(ExitCode.Findings);
        var imported = JsonNode.Parse(output)!["files"]![0]!;
        imported["rejected"]!.GetValue<int>().ShouldBe(1_500);
        imported["errors"]!.AsArray().Count.ShouldBe(3_000);
        imported["errors"]!.AsArray().Select(e => e!["line"]!.GetValue<int>()).Distinct().Count().ShouldBe(1_500);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_row_of_more_than_a_megabyte_is_rejected_and_the_others_are_not(int at)
    {
        var directory = NewDirectory();
        var (file, bad) = (Path.Combine(directory, "long.csv"), Path.Combine(directory, "bad.csv"));
        string[][] rows = [Good($"long-{at}", 0), Good($"long-{at}", 1), Good($"long-{at}", 2)];
        rows[at][1] = new string('n', 1024 * 1024);
        await File.WriteAllTextAsync(file, Csv(rows.Prepend(Headings)));
        var (code, output, error) = await Run("import", file, "--bad-rows", bad, "--json");
        code.ShouldBe(ExitCode.Findings, error);
        var imported = JsonNode.Parse(output)!["files"]![0]!;
        (imported["rows"]!.GetValue<int>(), imported["accepted"]!.GetValue<int>(), imported["rejected"]!.GetValue<int>()).ShouldBe((3, 2, 1));
        imported["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["code"]}").ShouldBe([$"{at + 2} tooLarge"]);
        (await Stored($"long-{at}")).ShouldBe(2);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_as_a_whole_is_told_why()
    {
        var file = Path.Combine(NewDirectory(), "headings.csv");
        await File.WriteAllTextAsync(file, "institution,caseNumbr\nH1,1\n");
        var (code, output, _) = await Run("import", file);
        code.ShouldBe(ExitCode.Findings);
        output.ShouldContain("column:B caseNumbr: Nobody knows this heading; did you mean `caseNumber`?");
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_told()
    {
        var file = Path.Combine(NewDirectory(), "cases.csv");
        await File.WriteAllTextAsync(file, Csv([Headings, Good("nobody-", 1)]));
        await using var error = new StringWriter();
        (await CommandLine.Run(["import", file, "--url", ServiceProcess.FreeUrl()], TextWriter.Null, error)).ShouldBe(ExitCode.NotDone);
        error.ToString().ShouldContain("cannot be reached");
        await using var refused = new StringWriter();
        (await CommandLine.Run(["import", file, "--url", sheets.Service.Http.BaseAddress!.ToString()], TextWriter.Null, refused)).ShouldBe(ExitCode.NotDone);
        refused.ToString().ShouldContain("A bearer token is required.");
    }

    public static TheoryData<string, string> Misspelt => new()
    {
        { "improt cases.csv", "improt: there is no such command; did you mean import?" },
        { "serv", "did you mean serve?" },
        { "nonsense", "nonsense: there is no such command." },
        { "--dmeo", "there is no such option; did you mean --demo?" },
        { "rebuild stadings", "did you mean standings?" },
        { "verify --closing", "did you mean --closings?" },
        { "verify --jsn", "did you mean --json?" },
        { "mertics", "did you mean metrics?" },
        { "help improt", "did you mean import?" },
        { "metrics --techniqe neurovascular", "did you mean --technique?" },
        { "metrics", "--technique" },
        { "due --untl 2026-01-01", "did you mean --until?" },
        { "import --bad-row bad.csv", "did you mean --bad-rows?" },
        { "import", "Required argument missing" },
        { "import nothing.csv", "nothing.csv: there is no such file." },
        { "import cases.docx", "one of .ndjson, .jsonl, .csv, .xlsx" },
        { "import --colour nothing.csv", "--colour" },
        { "export --form 2026-01-01", "--form" },
        { "export --url nowhere", "--url is the address" },
    };

    [Theory]
    [MemberData(nameof(Misspelt))]
    public async Task A_misspelt_command_is_an_error_and_does_nothing(string line, string said)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        (await CommandLine.Run(line.Split(' '), output, error)).ShouldBe(ExitCode.Misspelt);
        $"{output}{error}".ShouldContain(said);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("help")]
    [InlineData("serve --help")]
    [InlineData("import --help")]
    [InlineData("help import")]
    [InlineData("export --help")]
    [InlineData("metrics --help")]
    [InlineData("compliance --help")]
    [InlineData("due --help")]
    [InlineData("rebuild --help")]
    [InlineData("verify --help")]
    [InlineData("demo --help")]
    public async Task Help_teaches_and_is_no_error(string line)
    {
        await using var output = new StringWriter();
        (await CommandLine.Run(line.Split(' '), output, TextWriter.Null)).ShouldBe(ExitCode.Done);
        var help = output.ToString();
        help.ShouldEndWith(ExitCode.Table + "\n");
        help.ShouldContain("--json");
        help.ShouldNotContain("Compliance.Service");
        var command = line.Replace("help", "", StringComparison.Ordinal).Trim(' ', '-');
        // Real examples, not only the line of usage.
        help.Split('\n').Count(l => l.StartsWith($"  compliance {command}".TrimEnd() + " ", StringComparison.Ordinal) || l.Contains($"Development compliance {command}", StringComparison.Ordinal)).ShouldBeGreaterThanOrEqualTo(command is "verify" or "demo" or "serve" ? 2 : 3, help);
        if (command.Length == 0)
        {
            help.ShouldContain("/dev/token");
            help.ShouldContain("COMPLIANCE_TOKEN");
        }
    }

    private static List<string> Named(string json) =>
        [.. JsonNode.Parse(json)!["files"]![0]!["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]?.GetValue<string>()} {e["code"]!.GetValue<string>()}")];

    /// <summary>So many cases, one each in the log and in the list, and each as its row was meant, cell by cell.</summary>
    private async Task ShouldBeAsMeant(string prefix, int count)
    {
        var cases = (await Cases(prefix)).OrderBy(c => c["caseNumber"]!.GetValue<string>(), StringComparer.Ordinal).ToList();
        cases.Select(c => c["caseNumber"]!.GetValue<string>()).ShouldBe(Enumerable.Range(0, count).Select(n => string.Create(CultureInfo.InvariantCulture, $"{prefix}{n:000}")));
        for (var n = 0; n < count; n++)
        {
            var (of, day) = (cases[n], string.Create(CultureInfo.InvariantCulture, $"2026-02-{1 + (n % 27):00}"));
            string Text(string name) => of[name]!.ToJsonString().Trim('"');
            (Text("institution"), Text("technique"), Text("procedureCodes"), Text("icd9cm3"), Text("intent")).ShouldBe(("H1", "neurovascular", """["NV-ANEURYSM-COIL"]""", """["39.72"]""", "therapeutic"));
            of["completedAt"]!.GetValue<DateTimeOffset>().ShouldBe(DateTimeOffset.Parse($"{day}T14:20:00+08:00", CultureInfo.InvariantCulture));
            (Text("operator"), of["trainee"], Text("assistants"), Text("decidedBy")).ShouldBe(("H1-A", null, """["H1-B"]""", """["H1-A","H1-B"]"""));
            var patient = of["patient"]!;
            (patient["pseudonym"]!.GetValue<string>(), patient["sex"]!.GetValue<string>(), patient["ageYears"]!.GetValue<int>(), patient["diagnosis"]!.GetValue<string>())
                .ShouldBe((string.Create(CultureInfo.InvariantCulture, $"p{n}"), "female", 61, "I60.1"));
            (Text("urgency"), Text("succeeded"), Text("consent"), Text("admittedOn"), of["dischargedOn"]).ShouldBe(("emergency", "true", "signed", "2026-01-31", null));
            of["devices"]!.AsArray().Select(d => $"{d!["udi"]} {d["serial"]}").ShouldBe(["(01)06901234567892 S-1", "(01)06901234567892 S-2"]);
            of["complications"]!.AsArray().Select(c => $"{c!["code"]} {c["occurredOn"]} {c["relation"]}").ShouldBe([$"accessSiteHaematoma {day} related"]);
            of["death"].ShouldBeNull();
        }

        await using var command = sheets.Service.Get<NpgsqlDataSource>().CreateCommand("select count(*) from events.mt_events where type = 'case_reported' and data->>'CaseNumber' like $1 || '%'");
        command.Parameters.Add(new() { Value = prefix });
        (await command.ExecuteScalarAsync()).ShouldBe((long)count);
    }

    private async Task<int> Stored(string prefix) => (await Cases(prefix)).Count;

    private async Task<List<JsonNode>> Cases(string prefix)
    {
        var (cursor, cases, position) = ((string?)null, new List<JsonNode>(), await sheets.Head);
        do
        {
            var page = (await sheets.Service.Get($"cases?limit=500&minPosition={position}{(cursor is null ? "" : $"&cursor={cursor}")}", await sheets.Hospital)).Expect(HttpStatusCode.OK).Body!;
            cases.AddRange(page["items"]!.AsArray().Where(c => c!["caseNumber"]!.GetValue<string>().StartsWith(prefix, StringComparison.Ordinal))!);
            cursor = page["nextCursor"]?.GetValue<string>();
        }
        while (cursor is not null);
        return cases;
    }
}
