using System.Text.Json;
using System.Text.Json.Nodes;

namespace Compliance.Regulations;

/// <summary>
/// Regulation files as they were before every clause stood in them: only those monitored, practice at the top, names of enums with a capital. Logs hold them for ever, and what was judged by them
/// must stay explainable; they are read as what they say in the form of today.
/// </summary>
internal static class EarlierRegulationFile
{
    private static readonly string[] Practice =
        ["guidelineVolume", "severeComplications", "mortality", "reporting", "caseRules", "proceedings", "assessmentItems", "catalogue", "complications"];

    /// <summary>The members whose values are names of enums.</summary>
    private static readonly string[] Names = ["subject", "effect", "unlessTitleBelow"];

    public static bool Is(string json)
    {
        try
        {
            JsonElement root = JsonElement.Parse(json);
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("catalogue", out _) && !root.TryGetProperty("practice", out _);
        }
        catch (JsonException)
        {
            // Said by who reads it.
            return false;
        }
    }

    public static JsonObject Raise(string json)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        JsonObject practice = [];
        foreach (string name in Practice)
        {
            if (root.TryGetPropertyValue(name, out JsonNode? member))
            {
                root.Remove(name);
                practice[name] = member;
            }
        }

        // That somebody may be heard before a revocation those files did not say.
        if (practice["proceedings"] is JsonObject proceedings)
            proceedings["hearingWorkingDays"] = 5;
        root["practice"] = practice;
        root["facts"] = new JsonArray();
        root["paths"] = new JsonArray();
        foreach (JsonNode? node in root["clauses"] as JsonArray ?? [])
        {
            if (node is not JsonObject clause)
                continue;
            Lower(clause);
            clause["phrase"] = clause["title"]?.DeepClone();
            clause["nature"] = (string?)clause["kind"] == "timeliness" ? "deadline" : "threshold";
            clause["concerns"] = new JsonArray([.. (clause["applies"] as JsonArray ?? []).Select(applies => applies?["subject"]?.DeepClone())]);
            if (clause["withTitle"] is JsonObject staff)
                LowerValue(staff, "title");
        }

        foreach (string rule in (string[])["deciders", "operator"])
        {
            if (practice["caseRules"]?[rule] is JsonObject title)
                LowerValue(title, "atLeast");
        }

        return root;
    }

    private static void Lower(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (string name in Names)
                    LowerValue(o, name);
                foreach ((_, JsonNode? member) in o)
                    Lower(member);
                break;
            case JsonArray list:
                foreach (JsonNode? item in list)
                    Lower(item);
                break;
        }
    }

    private static void LowerValue(JsonObject of, string name)
    {
        if (of[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String)
            of[name] = JsonNamingPolicy.CamelCase.ConvertName(value.GetValue<string>());
    }
}
