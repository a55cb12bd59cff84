using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service.Http;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Compliance.Service.Client;

/// <summary>A command under way: which service it asks, as whom, and how it tells what it learnt.</summary>
/// <param name="Who">What the token says of its bearer, unverified: only to know what to ask for. The service decides.</param>
internal sealed record Asked(ParseResult Parsed, ServiceClient Service, Bearer Who, Language Language, Teller Teller)
{
    public string Say(string code, params object[] args) => Messages.Of(Language, code, args);
}

internal sealed record Bearer(string? Role, string? Institution, string? Physician)
{
    public static Bearer Of(string? token)
    {
        try
        {
            var read = new JsonWebToken(token);
            string? Claim(string name) => read.TryGetPayloadValue<string>(name, out var value) ? value : null;
            return new(Claim("role"), Claim("institution"), Claim("physician"));
        }
        catch (Exception e) when (e is ArgumentException or JsonException)
        {
            // Perhaps no JWT at all: the service will say so.
            return new(null, null, null);
        }
    }
}

/// <summary>Commands that ask a running service, and how it fails: alike for all of them.</summary>
internal static class Question
{
    public static void Asks(this Command command, ServiceOptions service, Func<Asked, CancellationToken, Task<int>> ask)
    {
        service.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (url, token, language) = service.Of(parsed);
            var teller = Teller.Of(parsed);
            using var client = new ServiceClient(url, token, language);
            try
            {
                return await ask(new(parsed, client, Bearer.Of(token), language, teller), cancellation);
            }
            catch (ServiceRefusedException e)
            {
                // Values that the service does not know are misspelt; all else is no fault of the command.
                return teller.Fail(e.Code == "invalid" ? ExitCode.Misspelt : ExitCode.NotDone, e.Code ?? Teller.NotReached, e.Message, e.Faults);
            }
        });
    }

    /// <summary>A path with those of the parameters that have a value.</summary>
    public static string Path(string path, params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}").ToList();
        return given.Count == 0 ? path : $"{path}?{string.Join('&', given)}";
    }

    /// <summary>A list, page by page up to so many rows, as one answer: the last page's, with the items of all.</summary>
    public static async Task<JsonObject> List(this ServiceClient service, string path, int rows, (string Name, string? Value)[] parameters, CancellationToken cancellation)
    {
        var items = new JsonArray();
        string? cursor = null;
        while (true)
        {
            var limit = Math.Min(rows - items.Count, Query.MaxLimit).ToString(CultureInfo.InvariantCulture);
            var page = JsonObject.Create(await service.Get(Path(path, [.. parameters, ("limit", limit), ("cursor", cursor)]), cancellation))!;
            foreach (var item in page["items"]!.AsArray())
                items.Add(item!.DeepClone());
            cursor = page["nextCursor"]?.GetValue<string>();
            if (cursor is not null && items.Count < rows)
                continue;
            page["items"] = items;
            return page;
        }
    }

    public static Option<int> Rows() => AtLeastOne(new("--limit") { HelpName = "N", Description = "Rows at most.", DefaultValueFactory = _ => 100 });

    public static Option<string?> MinPosition() => new("--min-position") { HelpName = "N", Description = "Waits until everything up to this position of the log is in the answer, as import and the API tell it." };

    /// <summary>As it is shown in a cell: nothing for null, yes and no for truth.</summary>
    public static string Cell(this Asked asked, JsonNode? value) => value switch
    {
        null => "",
        JsonValue v when v.GetValueKind() is JsonValueKind.True or JsonValueKind.False => asked.Say(v.GetValue<bool>() ? "cli.yes" : "cli.no"),
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>(),
        _ => value.ToJsonString(),
    };

    /// <summary>Headings, rows, and whether there are more.</summary>
    public static string Table(this Asked asked, JsonObject list, string[] headings, Func<JsonNode, string[]> row)
    {
        var items = list["items"]!.AsArray();
        if (items.Count == 0)
            return asked.Say("cli.nothing");
        var table = TextTable.Of([.. headings.Select(h => asked.Say(h))], items.Select(i => row(i!)));
        return list["nextCursor"] is null ? table : $"{table}\n{asked.Say("cli.furtherRows", items.Count)}";
    }

    private static Option<int> AtLeastOne(Option<int> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0))
                result.AddError($"{option.Name} is a whole number from 1 on.");
        });
        return option;
    }
}
