using System.CommandLine;
using System.Text.Json.Nodes;
using Compliance.Regulations;
using Compliance.Service.Http;

namespace Compliance.Service.Client;

/// <summary><c>compliance compliance</c>: one subject held against every clause, or the dashboard of all.</summary>
internal static class ComplianceCommand
{
    private static readonly string[] FindingHeadings = ["cli.head.clause", "cli.head.outcome", "cli.head.actual", "cli.head.limit", "cli.head.since", "cli.head.suspendsOn", "cli.head.title"];

    private static readonly string[] DashboardHeadings =
        ["cli.head.kind", "cli.head.id", "cli.head.name", "cli.head.technique", "cli.head.province", "cli.head.standing", "cli.head.overall", "cli.head.cases", "cli.head.deaths", "cli.head.breached"];

    public static Command Make()
    {
        var subject = new SubjectOptions();
        var technique = new Option<string?>("--technique") { HelpName = "NAME", Description = "The technique; for one subject it must be said." };
        var asOf = new Option<string?>("--as-of") { HelpName = "DAY", Description = "Of one subject: the day judged, YYYY-MM-DD. Default: today." };
        Option<string?>[] filters =
        [
            new("--kind") { HelpName = "institution|physician", Description = "Dashboard: only these." },
            new("--province") { HelpName = "CODE", Description = "Dashboard: only this province, two digits. A regulator sees the own one." },
            new("--standing") { HelpName = "NAME", Description = "Dashboard: good, warned, suspended or revoked." },
            new("--overall") { HelpName = "NAME", Description = "Dashboard: compliant, atRisk, breached or notMeasurable." },
            new("--sort") { HelpName = "NAME", Description = "Dashboard: subject, overall (worst first), deaths or cases (most first)." },
        ];
        var rows = Question.Rows();
        var minPosition = Question.MinPosition();
        var command = new Taught(
            "compliance",
            "Holds a hospital or a physician against every clause; or shows a regulator everybody who is qualified or has cases, with their standing.",
            """
              compliance compliance --technique neurovascular                                   a hospital's or a physician's own
              compliance compliance --institution H110001 --technique neurovascular --as-of 2026-03-31
              compliance compliance --technique neurovascular --overall breached --sort deaths  the dashboard of the province, or of all

            Without a subject, and with a token that is nobody's own, it is the dashboard; so it is with any of its filters.
            --json: the API's answer, GET /api/v1/institutions/ID/compliance or GET /api/v1/dashboards/compliance.
            """);
        subject.AddTo(command);
        command.Add(technique);
        command.Add(asOf);
        foreach (var filter in filters)
            command.Add(filter);
        command.Add(rows);
        command.Add(minPosition);
        command.Validators.Add(result =>
        {
            var filtered = filters.FirstOrDefault(f => result.GetResult(f) is not null);
            if (filtered is not null && subject.Given(result))
                result.AddError($"{filtered.Name} is for the dashboard, and not for one subject.");
            if (filtered is not null && result.GetResult(asOf) is not null)
                result.AddError("--as-of is for one subject: the dashboard shows the latest.");
        });
        command.Asks(new(), async (asked, cancellation) =>
        {
            var parsed = asked.Parsed;
            (string, string?)[] common = [("technique", parsed.GetValue(technique)), ("minPosition", parsed.GetValue(minPosition))];
            if (!filters.Any(f => parsed.GetValue(f) is not null) && subject.PathOf(asked) is { } path)
            {
                var answer = JsonObject.Create(await asked.Service.Get(Question.Path($"{path}/compliance", [.. common, ("asOf", parsed.GetValue(asOf))]), cancellation))!;
                asked.Teller.Outcome(answer, () => Text(asked, answer));
                return ExitCode.Done;
            }

            if (parsed.GetValue(asOf) is not null)
                return asked.Teller.Fail(ExitCode.Misspelt, Teller.Misspelt, asked.Say("cli.whose"));
            var dashboard = await asked.Service.List("/api/v1/dashboards/compliance", parsed.GetValue(rows), [.. common, .. filters.Select(f => (f.Name[2..], parsed.GetValue(f)))], cancellation);
            asked.Teller.Outcome(dashboard, () => asked.Table(dashboard, DashboardHeadings, row => Row(asked, row)));
            return ExitCode.Done;
        });
        return command;
    }

    private static string Text(Asked asked, JsonObject answer)
    {
        var (subject, regulation) = (answer["subject"]!, answer["regulation"]);
        string[][] head =
        [
            [asked.Say("cli.head.validity"), asked.Cell(answer["validity"]!["state"])],
            [asked.Say("cli.head.standing"), $"{asked.Cell(answer["standing"])}  {asked.Cell(answer["standingEffectiveOn"])}"],
            [asked.Say("cli.head.overall"), asked.Cell(answer["overall"])],
            [asked.Say("cli.head.settledDay"), asked.Cell(answer["settledDay"])],
        ];
        var findings = answer["findings"]!.AsArray();
        return $"""
            {subject["kind"]} {subject["id"]}  {answer["technique"]}  {answer["asOf"]}{(regulation is null ? "" : $"  {regulation["id"]} {regulation["version"]}")}

            {TextTable.Of(null, head)}

            {(findings.Count == 0 ? asked.Say("cli.nothing") : TextTable.Of([.. FindingHeadings.Select(h => asked.Say(h))], findings.Select(f => Finding(asked, f!))))}
            """;
    }

    // A breach that does not bind is none yet, and must not look like one.
    private static string[] Finding(Asked asked, JsonNode finding) =>
    [
        asked.Cell(finding["clause"]),
        finding["binding"]!.GetValue<bool>() ? asked.Cell(finding["outcome"]) : asked.Say("cli.notBinding", asked.Cell(finding["outcome"])),
        asked.Cell(finding["actual"]),
        finding["limit"] is null ? "" : $"{finding["comparison"]} {asked.Cell(finding["limit"])}",
        asked.Cell(finding["since"]),
        asked.Cell(finding["suspendsOn"]),
        asked.Cell(finding["title"]?[asked.Language == Language.Chinese ? "zh" : "en"]),
    ];

    private static string[] Row(Asked asked, JsonNode row) =>
    [
        asked.Cell(row["subject"]!["kind"]),
        asked.Cell(row["subject"]!["id"]),
        asked.Cell(row["subject"]!["name"]),
        asked.Cell(row["technique"]),
        asked.Cell(row["province"]),
        asked.Cell(row["standing"]),
        asked.Cell(row["overall"]),
        asked.Cell(row["counts"]!["cases"]),
        asked.Cell(row["counts"]!["deaths"]),
        string.Join(' ', row["findings"]!.AsArray().Where(f => f!["outcome"]!.GetValue<string>() == Json.Name(Outcome.Breached)).Select(f => f!["clause"]!.GetValue<string>())),
    ];
}
