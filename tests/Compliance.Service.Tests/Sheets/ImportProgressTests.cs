using Compliance.Service.Client;
using Compliance.Service.Http;

namespace Compliance.Service.Tests.Sheets;

/// <summary>What is shown of an import: to somebody who looks on, and to a file.</summary>
public sealed class ImportProgressTests
{
    [Fact]
    public void A_bar_is_drawn_over_itself_on_one_line()
    {
        using var output = new StringWriter();
        var progress = new ImportProgress(new(TextWriter.Null, output, json: false), interactive: true, Language.English, "三月 [1].csv", 1_000);
        progress.Begin(250);
        progress.Show(500);
        progress.Show(1_000);
        progress.End();
        var drawn = output.ToString().Split("\r\u001b[K", StringSplitOptions.RemoveEmptyEntries);
        drawn.Length.ShouldBe(3);
        drawn[0].ShouldContain("三月 [1].csv");
        drawn[0].ShouldContain("25 %, 250 of 1,000");
        // What an earlier run did is not this one's speed.
        drawn[0].ShouldNotContain("a second");
        drawn[1].ShouldContain("50 %, 500 of 1,000");
        drawn[1].ShouldContain(" left");
        drawn[2].ShouldContain("━━━");
        drawn[2].ShouldNotContain("─");
        output.ToString().TrimEnd().ShouldNotContain("\n");
    }

    [Fact]
    public void A_file_gets_lines_the_first_and_the_last_among_them()
    {
        using var output = new StringWriter();
        var progress = new ImportProgress(new(TextWriter.Null, output, json: false), interactive: false, Language.English, "cases.csv", 1_000);
        progress.Begin(0);
        progress.Show(500);
        progress.Show(1_000);
        progress.End();
        output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
        output.ToString().ShouldContain("cases.csv: 0 %, 0 of 1,000");
        output.ToString().ShouldContain("cases.csv: 100 %, 1,000 of 1,000");
    }
}
