using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Compliance.Registry;

/// <summary>医院等级: 三级甲等, 三级乙等, 三级, 二级, 一级.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HospitalLevel>))]
public enum HospitalLevel
{
    [StoredAs("TertiaryA")] TertiaryA,
    [StoredAs("TertiaryB")] TertiaryB,
    [StoredAs("Tertiary")] Tertiary,
    [StoredAs("Secondary")] Secondary,
    [StoredAs("Primary")] Primary,
}

/// <summary>A name and the day from which it stood.</summary>
public sealed record DatedName([property: Stored("Name")] string Name, [property: Stored("From")] DateOnly From);

public static class DatedNames
{
    /// <summary>The name on a day. Before the first one recorded it is that one: nobody has told of another. Null when there is none.</summary>
    /// <param name="names">In the order of their days.</param>
    public static string? On(this IReadOnlyList<DatedName> names, DateOnly day) => (names.LastOrDefault(n => n.From <= day) ?? names.FirstOrDefault())?.Name;
}

/// <summary>An institution in the registry. It keeps its id when it is renamed; names are dated.</summary>
public static class Institution
{
    public static string Stream(string id) => $"institution-{id}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Institution")] string Institution, [property: Stored("By")] Actor By)
    {
        /// <summary>The entry as it stands from now on, whole.</summary>
        /// <param name="Province">Two-digit GB/T 2260 code; 66 for the Xinjiang Production and Construction Corps.</param>
        /// <param name="Facts">Whatever else the regulator keeps on it, as given.</param>
        public sealed record Registered(
            string Institution,
            [property: Stored("Name")] string Name,
            [property: Stored("Province")] string Province,
            [property: Stored("District")] string? District,
            [property: Stored("Level")] HospitalLevel Level,
            [property: Stored("Facts")] JsonElement? Facts,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Institution, By);

        /// <param name="From">The day from which all its cases of the technique are in the system.</param>
        public sealed record CoverageSet(
            string Institution,
            [property: Stored("Technique")] string Technique,
            [property: Stored("From")] DateOnly From,
            Actor By) : Event(Institution, By);
    }

    public sealed record State(Event.Registered? Entry, IReadOnlyList<DatedName> Names, IReadOnlyDictionary<string, DateOnly> Coverage)
    {
        public static readonly State Initial = new(null, [], new Dictionary<string, DateOnly>());
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Registered r => state with
        {
            Entry = r,
            Names = state.Entry?.Name == r.Name ? state.Names : [.. state.Names, new(r.Name, r.RecordedOn)],
        },
        Event.CoverageSet c => state with { Coverage = new Dictionary<string, DateOnly>(state.Coverage) { [c.Technique] = c.From } },
        _ => throw new UnreachableException($"an institution knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    public static Decision<Event> Register(State state, Event.Registered entry) =>
        state.Entry is { } e && (e with { RecordedOn = entry.RecordedOn, By = entry.By, Facts = entry.Facts }) == entry && SameFacts(e.Facts, entry.Facts)
            ? Decision<Event>.Nothing
            : entry;

    private static bool SameFacts(JsonElement? a, JsonElement? b) =>
        a is { } x && b is { } y ? JsonElement.DeepEquals(x, y) : a is null && b is null;

    public static Decision<Event> SetCoverage(State state, string technique, DateOnly from, Actor by) =>
        state.Entry is null ? Refusal.NotFound("noSuchInstitution")
        : state.Coverage.TryGetValue(technique, out var present) && present == from ? Decision<Event>.Nothing
        : new Event.CoverageSet(state.Entry.Institution, technique, from, by);
}
