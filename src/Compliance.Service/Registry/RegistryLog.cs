using Compliance.Registry;
using Compliance.Service.EventStore;

namespace Compliance.Service.Registry;

/// <summary>
/// Entries of the registry as the log has them. Who may write, and whether something is there at all, is asked here
/// and not of the read models: an entry exists the moment its PUT is answered. The streams are a few events long.
/// </summary>
internal static class RegistryLog
{
    public static async Task<(Institution.State State, long Version)> Institution(this IEventStore log, string id, CancellationToken cancellation)
    {
        var events = await log.ReadStream(Compliance.Registry.Institution.Stream(id), cancellation: cancellation);
        return (Compliance.Registry.Institution.Fold(events.Select(e => (Institution.Event)e.Data)), events.Count);
    }

    public static async Task<(Physician.State State, long Version)> Physician(this IEventStore log, string id, CancellationToken cancellation)
    {
        var events = await log.ReadStream(Compliance.Registry.Physician.Stream(id), cancellation: cancellation);
        return (Compliance.Registry.Physician.Fold(events.Select(e => (Physician.Event)e.Data)), events.Count);
    }

    /// <summary>The province of each of these institutions; the unknown ones are left out.</summary>
    public static async Task<Dictionary<string, string>> Provinces(this IEventStore log, IEnumerable<Registration> registrations, CancellationToken cancellation)
    {
        var streams = registrations.Select(r => Compliance.Registry.Institution.Stream(r.Institution)).Distinct().ToList();
        if (streams.Count == 0)
        {
            return [];
        }

        return (await log.ReadStreams(streams, cancellation: cancellation))
            .GroupBy(e => e.Stream)
            .Select(g => Compliance.Registry.Institution.Fold(g.Select(e => (Institution.Event)e.Data)).Entry!)
            .ToDictionary(e => e.Institution, e => e.Province);
    }

    /// <summary>The province of a physician on a day: that of the main registration, or of the last there was; null when there was none.</summary>
    public static async Task<string?> ProvinceOf(this IEventStore log, Physician.State physician, DateOnly day, CancellationToken cancellation) =>
        physician.LastMainBy(day) is { } main ? (await log.Provinces([main], cancellation)).GetValueOrDefault(main.Institution) : null;
}
