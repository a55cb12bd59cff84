namespace Compliance.Service.EventStore;

internal readonly record struct PlannedEvent(string Stream, long Version, EventRow Event);

/// <param name="From">The version it has, or is believed to have.</param>
internal readonly record struct PlannedStream(bool IsNew, long From, long To);

/// <summary>Who may write what, decided in memory: expected versions are checked against the database's (or taken to be right) and, since
/// later requests see what earlier ones of the same group will have written, against each other.</summary>
internal sealed class AppendPlan
{
    private readonly List<PendingAppend> _group;
    private readonly AppendResult?[] _refused;
    private readonly long[] _versions;

    private AppendPlan(List<PendingAppend> group)
    {
        _group = group;
        _refused = new AppendResult[group.Count];
        _versions = new long[group.Count];
        Streams = new(group.Count);
        Events = new(group.Count);
    }

    public int Accepted { get; private set; }

    public Dictionary<string, PlannedStream> Streams { get; }

    public List<PlannedEvent> Events { get; }

    /// <summary>In the order of the requests, by kind; null when there are none.</summary>
    public Dictionary<CompanionKind, List<Companion>>? Companions { get; private set; }

    /// <summary>The stamp must not be later; null for any.</summary>
    public DateTimeOffset? NotAfter { get; private set; }

    /// <summary>As if every expected version were right; whoever contradicts an earlier request of the group is refused, which is true once
    /// that one is written. Null when a request writes companions alone: its version is not written, so that nothing would check it.</summary>
    public static AppendPlan? Assuming(List<PendingAppend> group)
    {
        var plan = new AppendPlan(group);
        for (var i = 0; i < group.Count; i++)
        {
            if (group[i].Events.Length == 0)
                return null;
            var request = group[i].Request;
            plan.Decide(i, request.ExpectedVersion > 0, request.ExpectedVersion);
            if (plan._refused[i] is null && request.NotAfter < (plan.NotAfter ?? DateTimeOffset.MaxValue))
                plan.NotAfter = request.NotAfter;
        }

        return plan;
    }

    /// <param name="versions">Of the streams that exist; null where a stranger has locked the row.</param>
    public static AppendPlan Of(List<PendingAppend> group, Dictionary<string, long?> versions, DateTimeOffset stamp)
    {
        var plan = new AppendPlan(group);
        for (var i = 0; i < group.Count; i++)
        {
            var request = group[i].Request;
            var exists = versions.TryGetValue(request.Stream, out var stored);
            if (exists && stored is null)
                plan._refused[i] = new AppendResult.Unavailable("Another program holds a lock on the stream.");
            else
                plan.Decide(i, exists, stored ?? 0, stamp);
        }

        return plan;
    }

    /// <summary>The answers, in the order of the group, once everything is written.</summary>
    /// <param name="positions">Of the events, in their order.</param>
    public AppendResult[] Results(DateTimeOffset stamp, IReadOnlyList<long> positions)
    {
        var results = new AppendResult[_group.Count];
        var written = 0;
        for (var i = 0; i < results.Length; i++)
        {
            if (_refused[i] is { } refused)
            {
                results[i] = refused;
                continue;
            }

            written += _group[i].Events.Length;
            results[i] = new AppendResult.Appended(_versions[i], _group[i].Events.Length == 0 ? 0 : positions[written - 1], stamp);
        }

        return results;
    }

    private void Decide(int index, bool exists, long stored, DateTimeOffset? stamp = null)
    {
        var append = _group[index];
        var request = append.Request;
        var known = Streams.TryGetValue(request.Stream, out var planned);
        var version = known ? planned.To : stored;
        if (version != request.ExpectedVersion)
        {
            _refused[index] = new AppendResult.Conflict(version);
            return;
        }

        if (request.NotAfter < stamp)
        {
            _refused[index] = new AppendResult.Expired(stamp.Value);
            return;
        }

        foreach (var row in append.Events)
            Events.Add(new PlannedEvent(request.Stream, ++version, row));
        if (append.Events.Length > 0)
            Streams[request.Stream] = known ? planned with { To = version } : new PlannedStream(!exists, stored, version);
        foreach (var companion in request.Companions)
        {
            Companions ??= [];
            if (!Companions.TryGetValue(companion.Kind, out var rows))
                Companions.Add(companion.Kind, rows = []);
            rows.Add(companion);
        }

        _versions[index] = version;
        Accepted++;
    }
}
