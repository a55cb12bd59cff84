using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Compliance.Service.Client;
using Compliance.Service.Tests.Scenarios;
using Microsoft.AspNetCore.Http;

namespace Compliance.Service.Tests.Sheets;

/// <summary>Imports by the command line that do not go as they should: nothing is left out in silence. Exit codes: 0 all stored, 1 rows rejected, 3 broken off.</summary>
public sealed class BrokenOffImportTests(SheetService sheets) : IClassFixture<SheetService>
{
    private const string Head = "institution,caseNumber,technique,intent,completedAt,operator,urgency\n";

    /// <summary>More than two parts, as the command sends them.</summary>
    private const int Rows = (2 * ImportFile.PartLines) + 100;

    private static string Row(string number, string urgency = "elective", string @operator = "H1-A") => $"H1,{number},neurovascular,therapeutic,2026-03-02 14:20,{@operator},{urgency}\n";

    private static async Task<string> Write(string name, IEnumerable<string> rows)
    {
        var file = Path.Combine(TestPostgres.NewDirectory(), name);
        await File.WriteAllTextAsync(file, Head + string.Concat(rows));
        return file;
    }

    private async Task<(int Code, string Output, string Error)> Run(string url, params string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await CommandLine.Run([.. args, "--url", url, "--token", await sheets.Hospital, "--language", "en"], output, error);
        return (code, output.ToString(), error.ToString());
    }

    private string Url => sheets.Service.Http.BaseAddress!.ToString();

    private static JsonNode Of(string json) => JsonNode.Parse(json)!["files"]![0]!;

    private static (long Accepted, long Unchanged, long Rejected) Totals(string json) =>
        (Of(json)["accepted"]!.GetValue<long>(), Of(json)["unchanged"]!.GetValue<long>(), Of(json)["rejected"]!.GetValue<long>());

    private static List<string> Named(string json) => [.. Of(json)["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]?.GetValue<string>() ?? "-"} {e["code"]!.GetValue<string>()}")];

    [Fact]
    public async Task The_reasons_of_rejected_rows_are_told_before_an_import_breaks_off_and_again_after()
    {
        var prefix = sheets.NewNumber();
        var file = await Write("cases.csv", Enumerable.Range(0, Rows).Select(n => n == ImportFile.PartLines + 8 ? Row($"{prefix}-{n}", "asap") : Row($"{prefix}-{n}")));
        // Its row: the heading is counted, and rows from 1 on.
        const string told = "row 2010, urgency \"asap\"";
        await using var between = await BetweenUs.Start(sheets.Service.Http);
        between.OnImport = (n, http) => n == 3 ? BetweenUs.BreakOff(http) : Task.FromResult(false);
        var (code, output, error) = await Run(between.Url, "import", file);
        code.ShouldBe(3);
        output.ShouldContain(told, customMessage: error);
        // It goes on with the part whose row was rejected, so that the row is named again.
        error.ShouldContain("2000 of 4100 reports are dealt with");
        (code, output, error) = await Run(between.Url, "import", file);
        code.ShouldBe(1);
        error.ShouldContain("goes on behind the 2000 reports");
        output.ShouldContain(told);
        output.ShouldContain("of 4100 reports 2100 stored, 1999 there before, 1 rejected");
    }

    [Fact]
    public async Task Behind_rejected_rows_in_a_file_of_bad_rows_it_goes_on()
    {
        var prefix = sheets.NewNumber();
        var file = await Write("cases.csv", Enumerable.Range(0, Rows).Select(n => n == 8 ? Row($"{prefix}-{n}", "asap") : Row($"{prefix}-{n}")));
        var bad = Path.ChangeExtension(file, ".bad.csv");
        await using var between = await BetweenUs.Start(sheets.Service.Http);
        between.OnImport = (n, http) => n == 3 ? BetweenUs.BreakOff(http) : Task.FromResult(false);
        (await Run(between.Url, "import", file, "--bad-rows", bad)).Code.ShouldBe(3);

        // Looked at meanwhile, the file that will be gone on with is not written over.
        var before = await File.ReadAllTextAsync(bad);
        var (code, _, error) = await Run(between.Url, "import", file, "--bad-rows", bad, "--dry-run");
        code.ShouldBe(3);
        error.ShouldContain(bad);
        (await File.ReadAllTextAsync(bad)).ShouldBe(before);

        (code, _, error) = await Run(between.Url, "import", file, "--bad-rows", bad);
        code.ShouldBe(1);
        error.ShouldContain("goes on behind the 4000 reports");
        (await File.ReadAllLinesAsync(bad)).Count(l => l.Contains("asap", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Theory]
    [InlineData("urgency,death.occurredOn,death.relation", "elective", false)]
    [InlineData("urgency,death.occurredOn,death.relation", "elective,,", true)]
    public async Task A_last_row_cut_off_within_its_cells_is_not_stored(string headings, string cells, bool whole)
    {
        var (a, b) = (sheets.NewNumber(), sheets.NewNumber());
        var file = Path.Combine(TestPostgres.NewDirectory(), "cut.csv");
        await File.WriteAllTextAsync(file, Head.Replace("urgency", headings, StringComparison.Ordinal) + Row(a, "elective,,") + Row(b, cells).TrimEnd());
        var (code, output, _) = await Run(Url, "import", file, "--json");
        code.ShouldBe(whole ? 0 : 1);
        Named(output).ShouldBe(whole ? [] : ["3 - cutOff"]);
        Totals(output).ShouldBe(whole ? (2, 0, 0) : (1, 0, 1));
        (await sheets.Shown(b) is not null).ShouldBe(whole);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\n\n,,,,,,\n")]
    [InlineData("\rH1,x,neurovascular,therapeutic,2026-03-02 14:20,H1-A,elective\r")]
    public async Task A_file_without_rows_is_refused(string rest)
    {
        var file = Path.Combine(TestPostgres.NewDirectory(), "empty.csv");
        await File.WriteAllTextAsync(file, Head.TrimEnd() + rest);
        var (code, output, _) = await Run(Url, "import", file);
        code.ShouldBe(1);
        output.ShouldContain("empty.csv: nothing of it can be read.");
    }

    [Fact]
    public async Task A_dry_run_says_of_a_case_repeated_far_behind_what_the_import_will()
    {
        var prefix = sheets.NewNumber();
        // Rows 2 to 4001 are cases; then the first again as it was, the second with another urgency, and a bad first one whose second is good.
        string[] rows = [Row($"{prefix}-bad", "asap"), .. Enumerable.Range(0, 4_000).Select(n => Row($"{prefix}-{n}")), Row($"{prefix}-0"), Row($"{prefix}-1", "urgent"), Row($"{prefix}-bad", "urgent"), Row($"{prefix}-bad", "elective")];
        foreach (var ending in new[] { ".csv", ".ndjson" })
        {
            var file = await Write("cases.csv", rows);
            if (ending == ".ndjson")
            {
                file = Path.ChangeExtension(file, ending);
                await File.WriteAllLinesAsync(file, rows.Select(r => r.TrimEnd().Split(',')).Select(c =>
                    $$"""{"institution":"H1","caseNumber":"{{c[1]}}","technique":"neurovascular","intent":"therapeutic","completedAt":"2026-03-02T14:20:00+08:00","operator":"H1-A","urgency":"{{c[6]}}"}"""));
            }

            var heading = ending == ".csv" ? 1 : 0;
            string Place(string column) => ending == ".csv" ? column : "-";
            var (code, output, _) = await Run(Url, "import", file, "--dry-run", "--json");
            code.ShouldBe(1);
            Named(output).ShouldBe([$"{1 + heading} {Place("urgency")} unknownValue", $"{4_003 + heading} {Place("urgency")} caseDiffers", $"{4_005 + heading} {Place("urgency")} caseDiffers"]);
            Totals(output).ShouldBe((4_001, 1, 3));
        }

        var (_, imported, _) = await Run(Url, "import", await Write("cases.csv", rows), "--json");
        Totals(imported).ShouldBe((4_001, 1, 3));
        // And again, when all of it is there.
        var (_, again, _) = await Run(Url, "import", await Write("cases.csv", rows), "--json", "--dry-run");
        Totals(again).ShouldBe((0, 4_002, 3));
    }

    [Fact]
    public async Task More_faults_than_an_answer_lists_are_told_row_by_row_in_a_dry_run_too()
    {
        var number = sheets.NewNumber();
        var file = await Write("same.csv", Enumerable.Range(0, 1_500).Select(n => n == 0 ? Row(number) : Row(number, "urgent", "H1-B")));
        var bad = Path.ChangeExtension(file, ".bad.csv");
        var (code, output, _) = await Run(Url, "import", file, "--dry-run", "--json", "--bad-rows", bad);
        code.ShouldBe(1);
        Totals(output).ShouldBe((1, 0, 1_499));
        Of(output)["errors"]!.AsArray().Select(e => e!["line"]!.GetValue<int>()).Distinct().ShouldBe(Enumerable.Range(3, 1_499));
        (await File.ReadAllLinesAsync(bad)).Length.ShouldBe(1_500);
    }

    [Fact]
    public async Task What_the_service_has_lost_since_is_sent_again()
    {
        var prefix = sheets.NewNumber();
        var file = await Write("cases.csv", Enumerable.Range(0, Rows).Select(n => Row($"{prefix}-{n}")));
        // An earlier run was told of 2,000 stored; then the database was restored from before.
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file)));
        (await new ImportState(sha256, Url, 2_000, 2_000, 0, 0, 2_000, null, 0).Write(file, CancellationToken.None)).ShouldBeTrue();
        var (code, output, error) = await Run(Url, "import", file, "--json");
        code.ShouldBe(0, error);
        Totals(output).ShouldBe((Rows, 0, 0));
        (await sheets.Shown($"{prefix}-0")).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_file_that_changes_under_the_import_is_told()
    {
        var prefix = sheets.NewNumber();
        var file = await Write("cases.csv", Enumerable.Range(0, Rows).Select(n => Row($"{prefix}-{n}")));
        await using var between = await BetweenUs.Start(sheets.Service.Http);
        between.OnImport = async (n, _) =>
        {
            if (n == 2)
            {
                await using var writing = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
                await writing.WriteAsync(System.Text.Encoding.UTF8.GetBytes(Row($"{prefix}-late")));
            }

            return false;
        };
        var (code, _, error) = await Run(between.Url, "import", file);
        code.ShouldBe(3);
        error.ShouldContain("was changed while it was read");
        (code, var output, error) = await Run(between.Url, "import", file);
        code.ShouldBe(0, error);
        output.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"of {Rows + 1} reports"));
    }

    [Fact]
    public async Task Who_is_not_this_service_is_told_without_a_stack_trace()
    {
        var file = await Write("cases.csv", [Row(sheets.NewNumber())]);
        await using var between = await BetweenUs.Start(sheets.Service.Http);
        between.OnImport = async (_, http) =>
        {
            http.Response.ContentType = "text/html";
            await http.Response.WriteAsync("<html>Sign in</html>");
            return true;
        };
        var (code, _, error) = await Run(between.Url, "import", file);
        code.ShouldBe(3);
        error.ShouldContain("not as this service does");
        error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Digits_that_a_spreadsheet_would_change_are_marked_in_what_is_written_for_one()
    {
        var number = "000" + sheets.NewNumber()[1..];
        var report = World.Case("H1", number, new(2026, 2, 2));
        report["devices"] = JsonNode.Parse("""[{ "udi": "(01)06901234567892", "lot": "0012", "serial": "12E5" }, { "udi": "(01)06901234567892", "lot": "3-1", "serial": "123456789012" }, { "udi": "(01)06901234567892", "lot": "12", "serial": "MAR12" }]""");
        var posted = (await sheets.Service.Send(HttpMethod.Post, "cases", report.ToJsonString(), await sheets.Hospital)).Expect(System.Net.HttpStatusCode.Created);
        (await sheets.Service.Get($"cases?minPosition={posted.Position}", await sheets.Hospital)).Expect(System.Net.HttpStatusCode.OK);
        var file = Path.Combine(TestPostgres.NewDirectory(), "export.csv");
        (await Run(Url, "export", "--from", "2026-02-02", "--to", "2026-02-02", "--output", file)).Code.ShouldBe(0);
        var cells = (await File.ReadAllLinesAsync(file))[1].Split(',');
        cells.ShouldContain("'" + number);
        foreach (var marked in new[] { "'0012", "'12E5", "'3-1", "'123456789012", "'MAR12" })
            cells.ShouldContain(marked);
        cells.ShouldContain("12");
        var (code, output, _) = await Run(Url, "import", file, "--json");
        code.ShouldBe(0, output);
        Totals(output).ShouldBe((0, 1, 0));
    }
}
