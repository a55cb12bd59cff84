using System.Text.Json;
using Npgsql;

namespace Compliance.Service.EventStore;

/// <summary>The log in PostgreSQL. One instance per node and database: it holds one connection that writes, and one that listens.</summary>
public sealed class PostgresEventStore : IEventStore, IAsyncDisposable
{
    /// <summary>The append lock. Every transaction that writes into mt_events must begin with
    /// <c>select pg_advisory_xact_lock(4859222852578664814)</c>, before it draws its first sequence value; other programs too, or the order
    /// of positions is no longer the order of commits. (The bytes read "Complian".)</summary>
    public const long AppendLockKey = 0x436F_6D70_6C69_616E;

    /// <summary>NOTIFY channel; the payload is the last position committed.</summary>
    public const string NotifyChannel = "compliance_events";

    private const string SelectEvents = "select seq_id, id, stream_id, version, timestamp, type, data from events.mt_events ";

    private readonly NpgsqlDataSource _database;
    private readonly EventTypes _types;
    private readonly AppendSignal _signal;
    private readonly AppendWriter _writer;
    private bool _disposed;

    /// <param name="database">Left open on disposal. The writer prepares its statements by itself; readers profit from Max Auto Prepare.</param>
    /// <param name="clockOffset">Added to the database's clock in every stamp; zero except where a demonstration or test moves time.</param>
    public PostgresEventStore(NpgsqlDataSource database, EventTypes types, Func<TimeSpan> clockOffset)
    {
        _database = database;
        _types = types;
        _signal = new AppendSignal(database);
        _writer = new AppendWriter(database, clockOffset, _signal.Publish);
    }

    /// <summary>Why writes are failing, for health; null when the last one went through. Heals by itself within seconds.</summary>
    public string? Trouble => _writer.Trouble;

    /// <summary>Only for the test that shows what the append lock is for.</summary>
    internal bool WithoutAppendLock
    {
        set => _writer.WithoutAppendLock = value;
    }

    /// <summary>Only for tests: runs in every writing transaction after the positions are drawn and before the rows are sent.</summary>
    internal Func<Task>? BeforeCommit
    {
        set => _writer.BeforeCommit = value;
    }

    public async Task<AppendResult> Append(AppendRequest request, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var (append, refusal) = Prepare(request);
        if (append is null)
            return refusal!;
        await _writer.Append(new PendingCall([append]), cancellation);
        return append.Result!;
    }

    public async Task<IReadOnlyList<AppendResult>> AppendEach(IReadOnlyList<AppendRequest> requests, CancellationToken cancellation = default)
    {
        if (requests.Count > EventStoreLimits.RequestsPerCall)
            throw new ArgumentException($"A call has at most {EventStoreLimits.RequestsPerCall} requests, not {requests.Count}.", nameof(requests));
        cancellation.ThrowIfCancellationRequested();

        var results = new AppendResult[requests.Count];
        var appends = new List<(int Index, PendingAppend Append)>(requests.Count);
        for (var i = 0; i < requests.Count; i++)
        {
            var (append, refusal) = Prepare(requests[i]);
            if (append is null)
                results[i] = refusal!;
            else
                appends.Add((i, append));
        }

        await Task.WhenAll(InGroups([.. appends.Select(of => of.Append)]).Select(call => _writer.Append(call, cancellation)));
        foreach (var (index, append) in appends)
            results[index] = append.Result!;
        return results;
    }

    public async Task<IReadOnlyList<RecordedEvent>> ReadStream(
        string stream, long fromVersion = 1, CancellationToken cancellation = default)
    {
        await using var command = _database.CreateCommand(SelectEvents + "where stream_id = $1 and version >= $2 order by version");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = fromVersion });
        return await Read(command, cancellation);
    }

    public async Task<IReadOnlyList<RecordedEvent>> ReadStreams(
        IReadOnlyCollection<string> streams, long upToPosition = long.MaxValue, CancellationToken cancellation = default)
    {
        await using var command = _database.CreateCommand(SelectEvents + "where stream_id = any($1) and seq_id <= $2 order by seq_id");
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. streams] });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upToPosition });
        return await Read(command, cancellation);
    }

    public async Task<IReadOnlyList<RecordedEvent>> ReadAll(long afterPosition, int max, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(max, EventStoreLimits.ReadBatch);
        await using var command = _database.CreateCommand(SelectEvents + "where seq_id > $1 order by seq_id limit $2");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterPosition });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        return await Read(command, cancellation);
    }

    public async Task<long> Head(CancellationToken cancellation = default)
    {
        await using var command = _database.CreateCommand(AppendSignal.SelectHead);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public Task WaitForAppend(long afterPosition, TimeSpan atMost, CancellationToken cancellation = default) =>
        _signal.Wait(afterPosition, atMost, cancellation);

    /// <summary>Answers what is queued, then closes both connections.</summary>
    public async ValueTask DisposeAsync()
    {
        // A container that knows it under two names disposes it twice.
        if (!Interlocked.Exchange(ref _disposed, true))
        {
            await _writer.DisposeAsync();
            await _signal.DisposeAsync();
        }
    }

    /// <summary>Calls that the writer takes up whole: one, unless the events are unusually many or large.</summary>
    private static IEnumerable<PendingCall> InGroups(List<PendingAppend> appends)
    {
        var (first, events, bytes) = (0, 0, 0L);
        for (var i = 0; i < appends.Count; i++)
        {
            if (i > first && (events + appends[i].Events.Length > AppendQueue.GroupEvents || bytes + appends[i].Bytes > AppendQueue.GroupBytes))
            {
                yield return new PendingCall(appends[first..i]);
                (first, events, bytes) = (i, 0, 0);
            }

            events += appends[i].Events.Length;
            bytes += appends[i].Bytes;
        }

        if (appends.Count > 0)
            yield return new PendingCall(appends[first..]);
    }

    private (PendingAppend? Append, AppendResult.Rejected? Refusal) Prepare(AppendRequest request)
    {
        if (request.ExpectedVersion < 0)
            throw new ArgumentException("Versions start at 1, and 0 means a new stream.", nameof(request));
        if (Refusal(request) is { } refusal)
            return (null, new AppendResult.Rejected(refusal));

        var events = new EventRow[request.Events.Count];
        var bytes = 0;
        for (var i = 0; i < events.Length; i++)
        {
            var type = _types.For(request.Events[i].GetType());
            (var json, refusal) = StorableJson.Serialize(request.Events[i], type);
            if (refusal is not null)
                return (null, new AppendResult.Rejected(refusal));
            events[i] = new EventRow(Guid.CreateVersion7(), type, json);
            bytes += json.Length;
        }

        return (new PendingAppend(request, events, bytes), null);
    }

    private static string? Refusal(AppendRequest request)
    {
        if (request.Stream.Length is 0 or > EventStoreLimits.StreamNameLength)
            return $"A stream's name has 1 to {EventStoreLimits.StreamNameLength} characters.";
        if (StorableJson.Refusal(request.Stream) is { } refusal)
            return $"The stream's name {refusal}";
        if (request.Events.Count > EventStoreLimits.EventsPerAppend)
            return $"An append has at most {EventStoreLimits.EventsPerAppend} events.";

        foreach (var companion in request.Companions)
        {
            companion.Kind.Check(companion.Values);
            // Npgsql refuses such text halfway through sending, which would cost the whole group its connection.
            foreach (var value in companion.Values)
            {
                if (value is string text && StorableJson.Refusal(text) is { } reason)
                    return $"Companion '{companion.Kind.Name}' {reason}";
            }
        }

        return null;
    }

    private async Task<IReadOnlyList<RecordedEvent>> Read(NpgsqlCommand command, CancellationToken cancellation)
    {
        var events = new List<RecordedEvent>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            events.Add(Row(reader));
        return events;
    }

    private RecordedEvent Row(NpgsqlDataReader reader)
    {
        var position = reader.GetInt64(0);
        var wireName = reader.GetString(5);
        var type = _types.ForWireName(wireName) ?? throw new UnknownEventTypeException(wireName, position);
        var data = JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(6), type.Json) ?? throw new JsonException($"The event at position {position} is null.");
        return new(position, reader.GetGuid(1), reader.GetString(2), reader.GetInt64(3), reader.GetFieldValue<DateTimeOffset>(4), data);
    }
}
