using System.Text.Json;

namespace Compliance.Regulations;

/// <summary>One difference between two versions.</summary>
/// <param name="At">Where: names, and the ids of what stands in lists, as in <c>/clauses/NV-RATE-MORT/belowPercent</c>.</param>
/// <param name="From">Null where it was added.</param>
/// <param name="To">Null where it was removed.</param>
public sealed record RegulationChange(string At, JsonElement? From, JsonElement? To);

/// <summary>What differs between two versions of a regulation. Items of lists are told apart by their id, code, name or days, so that one inserted does not change all behind it.</summary>
public static class RegulationDiff
{
    public static IReadOnlyList<RegulationChange> Between(Regulation from, Regulation to)
    {
        List<RegulationChange> changes = [];
        Compare("", JsonSerializer.SerializeToElement(from, RegulationFile.Json), JsonSerializer.SerializeToElement(to, RegulationFile.Json), changes);
        return changes;
    }

    private static void Compare(string at, JsonElement? from, JsonElement? to, List<RegulationChange> changes)
    {
        if (Members(from) is { } before && Members(to) is { } after)
        {
            foreach (string name in before.Keys.Union(after.Keys))
                Compare($"{at}/{name}", before.TryGetValue(name, out JsonElement f) ? f : null, after.TryGetValue(name, out JsonElement t) ? t : null, changes);
        }
        else if (from is not { } a || to is not { } b || !JsonElement.DeepEquals(a, b))
        {
            changes.Add(new(at, from, to));
        }
    }

    /// <summary>An object's members, or a list's items where each has an id of its own; null for everything else.</summary>
    private static Dictionary<string, JsonElement>? Members(JsonElement? element)
    {
        switch (element?.ValueKind)
        {
            case JsonValueKind.Object:
                // What is not said is not there.
                return element.Value.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null).ToDictionary(member => member.Name, member => member.Value);
            case JsonValueKind.Array:
                Dictionary<string, JsonElement> items = [];
                return element.Value.EnumerateArray().All(item => Key(item) is { } key && items.TryAdd(key, item)) ? items : null;
            default:
                return null;
        }
    }

    private static string? Key(JsonElement item) => item.ValueKind != JsonValueKind.Object ? null
        : item.TryGetProperty("id", out JsonElement id) ? id.GetString()
        : item.TryGetProperty("code", out JsonElement code) ? code.GetString()
        : item.TryGetProperty("name", out JsonElement name) ? name.GetString()
        : item.TryGetProperty("subject", out JsonElement subject) ? subject.GetString()
        : item.TryGetProperty("days", out JsonElement days) ? days.GetRawText()
        : null;
}
