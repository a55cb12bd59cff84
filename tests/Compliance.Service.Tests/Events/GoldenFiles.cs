using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;

namespace Compliance.Service.Tests.Events;

/// <summary>
/// What the log may hold, written by hand and never by the program: <c>wire_name.json</c> with every member filled, and
/// <c>wire_name.minimal.json</c> with those left out that may be. A golden file is never edited: what was stored stays stored.
/// </summary>
internal sealed record GoldenFile(string Name, string Text)
{
    private const string Prefix = "golden/";

    public static readonly IReadOnlyList<GoldenFile> All =
    [
        .. typeof(GoldenFile).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => new GoldenFile(name[Prefix.Length..^".json".Length], Read(name))),
    ];

    public string WireName => Name.Split('.')[0];

    public EventType Type => EventTable.Types.ForWireName(WireName) ?? throw new InvalidOperationException($"{Name}.json is golden, but no event is called {WireName}.");

    public JsonElement Json => JsonElement.Parse(Text);

    public object Event => EventOf(Text);

    /// <summary>A fresh, editable copy.</summary>
    public JsonNode Node => JsonNode.Parse(Text)!;

    public static GoldenFile Named(string name) =>
        All.FirstOrDefault(file => file.Name == name) ?? throw new InvalidOperationException($"Events/Golden/{name}.json is missing: write it by hand.");

    public object EventOf(string json) => JsonSerializer.Deserialize(json, Type.Json)!;

    /// <summary>The event as the store would write it.</summary>
    public string Stored(object e)
    {
        var (json, refusal) = StorableJson.Serialize(e, Type);
        refusal.ShouldBeNull();
        return System.Text.Encoding.UTF8.GetString(json.Span);
    }

    /// <summary>Equal as JSON: whatever the order of the members, the spelling of a number or the escapes.</summary>
    public void ShouldBeStoredAs(string json) =>
        JsonElement.DeepEquals(JsonElement.Parse(json), Json).ShouldBeTrue($"{Name}.json:\n{Text}\ncame back as:\n{json}");

    public override string ToString() => Name;

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(GoldenFile).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
