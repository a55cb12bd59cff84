using Compliance.Cases;
using Compliance.Registry;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary>A case as the log has it now.</summary>
public sealed record FoundCase(Case.State State, IReadOnlyList<RecordedEvent> Events)
{
    /// <param name="events">Of the case, at least one.</param>
    public static FoundCase Of(IReadOnlyList<RecordedEvent> events) => new(Case.Fold(events.Select(e => (Case.Event)e.Data)), events);

    public long Version => Events[^1].Version;

    public long Position => Events[^1].Position;

    public Guid CaseId => State.Key!.CaseId;
}

/// <summary>An institution that exists; its province.</summary>
public sealed record Place(string Province);

/// <summary>Finds a case, and whether the caller may see or change it: what is out of reach is not told from what does not exist.</summary>
public static class CaseAccess
{
    /// <summary>Null when there is none, or none the caller may read.</summary>
    public static Task<FoundCase?> ForReading(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId) =>
        Find(http, reads, log, caseId, (key, province) => caller.MayReadCase(key.Institution, province, key.Operator));

    /// <summary>Null when there is none, or none the caller may change.</summary>
    public static Task<FoundCase?> ForWriting(HttpContext http, Caller caller, Reads reads, IEventStore log, string caseId) =>
        Find(http, reads, log, caseId, (key, province) => caller.MayWriteFor(key.Institution, province));

    /// <summary>An institution, also one registered so lately that the rows do not show it yet; null when there is none.</summary>
    public static async Task<Place?> PlaceOf(Reads reads, IEventStore log, string institution, CancellationToken cancellation) =>
        (await PlacesOf(reads, log, [institution], cancellation)).GetValueOrDefault(institution);

    /// <summary>The same for many; those that do not exist are left out.</summary>
    public static async Task<IReadOnlyDictionary<string, Place>> PlacesOf(Reads reads, IEventStore log, IReadOnlyCollection<string> institutions, CancellationToken cancellation)
    {
        var places = (await reads.ProvincesOf(institutions, cancellation)).ToDictionary(p => p.Key, p => new Place(p.Value));
        string[] streams = [.. institutions.Where(i => !places.ContainsKey(i)).Select(Institution.Stream)];
        if (streams.Length == 0)
            return places;
        foreach (var stream in (await log.ReadStreams(streams, cancellation: cancellation)).GroupBy(e => e.Stream))
        {
            var entry = Institution.Fold(stream.Select(e => (Institution.Event)e.Data)).Entry!;
            places.Add(entry.Institution, new(entry.Province));
        }

        return places;
    }

    private static async Task<FoundCase?> Find(HttpContext http, Reads reads, IEventStore log, string caseId, Func<CaseKey, string?, bool> mayReach)
    {
        if (!Guid.TryParseExact(caseId, "D", out var id))
            return null;
        var events = await log.ReadStream(Case.Stream(id), cancellation: http.RequestAborted);
        if (events.Count == 0)
            return null;
        var found = FoundCase.Of(events);
        var place = await PlaceOf(reads, log, found.State.Key!.Institution, http.RequestAborted);
        return mayReach(found.State.Key, place?.Province) ? found : null;
    }
}
