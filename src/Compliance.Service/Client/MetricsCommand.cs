using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Compliance.Service.Http;

namespace Compliance.Service.Client;

/// <summary><c>compliance metrics</c>: the counts and rates of a subject's rolling year.</summary>
internal static class MetricsCommand
{
    public static Command Make()
    {
        var subject = new SubjectOptions();
        var technique = new Option<string>("--technique") { HelpName = "NAME", Required = true, Description = "The technique: neurovascular, comprehensive." };
        var asOf = new Option<string?>("--as-of") { HelpName = "DAY", Description = "The last day of the rolling year, YYYY-MM-DD. Default: today." };
        var minPosition = Question.MinPosition();
        var command = new Taught(
            "metrics",
            "Counts and rates of a rolling year, of an institution or of a physician over all institutions.",
            """
              compliance metrics --technique neurovascular                                             a hospital's or a physician's own
              compliance metrics --institution H110001 --technique neurovascular --as-of 2026-03-31
              compliance metrics --physician P0001 --technique comprehensive --json

            --json: the API's answer, GET /api/v1/institutions/ID/metrics.
            """);
        subject.AddTo(command);
        command.Add(technique);
        command.Add(asOf);
        command.Add(minPosition);
        command.Asks(new(), async (asked, cancellation) =>
        {
            if (subject.PathOf(asked) is not { } path)
                return asked.Teller.Fail(ExitCode.Misspelt, Teller.Misspelt, asked.Say("cli.whose"));
            var answer = JsonObject.Create(await asked.Service.Get(
                Question.Path($"{path}/metrics", ("technique", asked.Parsed.GetValue(technique)), ("asOf", asked.Parsed.GetValue(asOf)), ("minPosition", asked.Parsed.GetValue(minPosition))), cancellation))!;
            asked.Teller.Outcome(answer, () => Text(asked, answer));
            return ExitCode.Done;
        });
        return command;
    }

    private static string Text(Asked asked, JsonObject answer)
    {
        var (subject, window) = (answer["subject"]!, answer["window"]!);
        var counts = answer["counts"]!.AsObject().Select(c => (string[])[Label(asked, "cli.count", c.Key), c.Value!.ToJsonString()]);
        var rates = answer["rates"]!.AsObject().Select(r => (string[])[Label(asked, "cli.rate", r.Key), Rate(asked, r.Value!)]);
        return $"{subject["kind"]} {subject["id"]}  {answer["technique"]}  {asked.Say("cli.window", $"{window["from"]}", $"{window["to"]}")}\n\n{TextTable.Of(null, counts.Concat(rates))}";
    }

    // A newer service may count what this program has no word for.
    private static string Label(Asked asked, string group, string name) => Messages.Table.ContainsKey($"{group}.{name}") ? asked.Say($"{group}.{name}") : name;

    private static string Rate(Asked asked, JsonNode rate)
    {
        var text = asked.Say("cli.share", rate["numerator"]!.GetValue<int>(), rate["denominator"]!.GetValue<int>());
        return rate["value"] is { } value ? string.Create(CultureInfo.InvariantCulture, $"{text}  {value.GetValue<decimal>():P2}") : text;
    }
}
