using System.CommandLine;
using System.Text.Json.Nodes;

namespace Compliance.Service.Client;

/// <summary><c>compliance due</c>: what a hospital owes about its cases, or what a regulator has to do.</summary>
internal static class DueCommand
{
    private static readonly string[] ObligationHeadings = ["cli.head.dueOn", "cli.head.state", "cli.head.what", "cli.head.caseNumber", "cli.head.technique", "cli.head.operator", "cli.head.completedOn"];

    private static readonly string[] DueHeadings = ["cli.head.dueOn", "cli.head.state", "cli.head.what", "cli.head.technique", "cli.head.province", "cli.head.kind", "cli.head.id", "cli.head.name"];

    public static Command Make()
    {
        var institution = new Option<string?>("--institution") { HelpName = "ID", Description = "What this institution owes. Default: the token's, of a hospital." };
        var technique = new Option<string?>("--technique") { HelpName = "NAME", Description = "Only of this technique." };
        var province = new Option<string?>("--province") { HelpName = "CODE", Description = "A regulator's list: only this province, two digits." };
        var until = new Option<string?>("--until") { HelpName = "DAY", Description = "A regulator's list: what is due by this day, YYYY-MM-DD." };
        var rows = Question.Rows();
        var minPosition = Question.MinPosition();
        var command = new Taught(
            "due",
            "What a hospital owes about its cases, or what a regulator has to do; the oldest first.",
            """
            A hospital owes reports, statements of outcome, follow-ups and answers; a regulator has assessments, reassessments, decisions and answers to give.

              compliance due                                        a hospital's own, or a regulator's list
              compliance due --institution H110001 --json
              compliance due --technique neurovascular --until 2026-06-30

            --json: the API's answer, GET /api/v1/institutions/ID/obligations or GET /api/v1/due.
            """)
        {
            institution, technique, province, until, rows, minPosition,
        };
        command.Validators.Add(result =>
        {
            foreach (var option in new[] { province, until })
            {
                if (result.GetValue(institution) is not null && result.GetValue(option) is not null)
                    result.AddError($"{option.Name} is for a regulator's list, and not for one institution.");
            }
        });
        command.Asks(new(), async (asked, cancellation) =>
        {
            var parsed = asked.Parsed;
            (string, string?)[] common = [("technique", parsed.GetValue(technique)), ("minPosition", parsed.GetValue(minPosition))];
            if ((parsed.GetValue(institution) ?? (asked.Who.Role == "hospital" ? asked.Who.Institution : null)) is { } hospital)
            {
                // A list that is not the one asked for would be taken for it.
                if (new[] { province, until }.FirstOrDefault(o => parsed.GetValue(o) is not null) is { } option)
                    return asked.Teller.Fail(ExitCode.Misspelt, Teller.Misspelt, asked.Say("cli.regulatorsOnly", option.Name));
                var owed = await asked.Service.List($"/api/v1/institutions/{Uri.EscapeDataString(hospital)}/obligations", parsed.GetValue(rows), common, cancellation);
                asked.Teller.Outcome(owed, () => asked.Table(owed, ObligationHeadings, item => Obligation(asked, item)));
                return ExitCode.Done;
            }

            var due = await asked.Service.List("/api/v1/due", parsed.GetValue(rows), [.. common, ("province", parsed.GetValue(province)), ("until", parsed.GetValue(until))], cancellation);
            asked.Teller.Outcome(due, () => asked.Table(due, DueHeadings, item => Due(asked, item)));
            return ExitCode.Done;
        });
        return command;
    }

    private static string[] Obligation(Asked asked, JsonNode item) =>
    [
        // A day that rests on a calendar not yet published may still move.
        item["provisional"]!.GetValue<bool>() ? asked.Say("cli.provisional", asked.Cell(item["dueOn"])) : asked.Cell(item["dueOn"]),
        asked.Cell(item["state"]),
        asked.Cell(item["kind"]),
        asked.Cell(item["caseNumber"]),
        asked.Cell(item["technique"]),
        asked.Cell(item["operator"]),
        asked.Cell(item["completedOn"]),
    ];

    private static string[] Due(Asked asked, JsonNode item) =>
    [
        asked.Cell(item["dueOn"]),
        item["overdue"]!.GetValue<bool>() ? asked.Say("cli.overdue") : "",
        asked.Cell(item["what"]),
        asked.Cell(item["technique"]),
        asked.Cell(item["province"]),
        asked.Cell(item["subject"]?["kind"]),
        asked.Cell(item["subject"]?["id"]),
        asked.Cell(item["subject"]?["name"]),
    ];
}
