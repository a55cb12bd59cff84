using System.Text.Json;

namespace Compliance.Regulations;

/// <summary>The versions of a regulation, as they were published to this system.</summary>
public static class PublishedRegulation
{
    public static string Stream(string id) => $"regulation-{id}";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    /// <param name="Document">The regulation file, whole: the log alone decides, not the program that reads it.</param>
    /// <param name="Hash">SHA-256 of the file, in hex: changed content needs a new version.</param>
    public sealed record Published(
        [property: Stored("Id")] string Id,
        [property: Stored("Version")] int Version,
        [property: Stored("Technique")] string Technique,
        [property: Stored("Document")] JsonElement Document,
        [property: Stored("Hash")] string Hash,
        [property: Stored("By")] Actor By);

    /// <param name="Versions">Those there are, with the hashes of their files.</param>
    public sealed record State(IReadOnlyList<(int Version, string Hash)> Versions)
    {
        public static readonly State Initial = new([]);

        /// <summary>The one that comes next.</summary>
        public int Next => Versions.Select(v => v.Version).DefaultIfEmpty(0).Max() + 1;
    }

    public static State Evolve(State state, Published e) => new([.. state.Versions, (e.Version, e.Hash)]);

    /// <summary>
    /// Publishes the next version, from tomorrow at the earliest: what has been judged stays judged, and what was coded and owed by the version before stays coded and owed by it. The first for a technique may reach back, for nobody was
    /// judged before it. The same file sent again changes nothing.
    /// </summary>
    /// <param name="published">All there are.</param>
    public static Decision<Published> Publish(State state, RegulationSet published, Regulation regulation, JsonElement document, string hash, DateOnly today, Actor by)
    {
        if (state.Versions.Any(v => v.Version == regulation.Version))
            return state.Versions.Contains((regulation.Version, hash)) ? Decision<Published>.Nothing : Refusal.Conflict("versionExists", regulation.Version);
        if (regulation.Version != state.Next)
            return Refusal.Conflict("versionNotNext", state.Next);
        if (published.Qualifying.Contains(regulation.Technique))
        {
            if (regulation.JudgesFrom <= today)
                return Refusal.Invalid("judgesFromTooEarly", "/judgesFrom", today.AddDays(1));
            if (regulation.EffectiveFrom <= today)
                return Refusal.Invalid("effectiveFromTooEarly", "/effectiveFrom", today.AddDays(1));
        }

        return new Published(regulation.Id, regulation.Version, regulation.Technique, document, hash, by);
    }
}

/// <summary>What a province demands beyond a regulation, version by version.</summary>
public static class PublishedLimits
{
    public static string Stream(string regulation, string province) => $"provincial-limits-{regulation}-{province}";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    public sealed record Published([property: Stored("Limits")] ProvincialLimits Limits, [property: Stored("By")] Actor By);

    public sealed record State(IReadOnlyList<ProvincialLimits> Versions)
    {
        public static readonly State Initial = new([]);
    }

    public static State Evolve(State state, Published e) => new([.. state.Versions, e.Limits]);

    /// <summary>Publishes the next version, from tomorrow at the earliest. The same sent again changes nothing.</summary>
    public static Decision<Published> Publish(State state, ProvincialLimits limits, DateOnly today, Actor by)
    {
        if (state.Versions.ElementAtOrDefault(limits.Version - 1) is { } present)
            return present.Says(limits) ? Decision<Published>.Nothing : Refusal.Conflict("versionExists", limits.Version);
        if (limits.Version != state.Versions.Count + 1)
            return Refusal.Conflict("versionNotNext", state.Versions.Count + 1);
        if (limits.JudgesFrom <= today)
            return Refusal.Invalid("judgesFromTooEarly", "/judgesFrom", today.AddDays(1));
        return new Published(limits, by);
    }
}
