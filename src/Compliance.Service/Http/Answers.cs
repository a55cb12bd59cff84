using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Http;

/// <summary>Runs a command for an HTTP caller: <c>If-Match</c>, <c>Idempotency-Key</c>, refusals, and the position in the answer.</summary>
public sealed class Answers(Commands commands, IEventStore log, NpgsqlDataSource database, Clock clock)
{
    /// <summary>How long an answer is kept under its key.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    private static readonly CompanionKind KeyRow = new(
        "idempotencyKey",
        """
        insert into compliance.idempotency_keys (caller, path, key, body_hash, status, answer, stream, version)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::int[], $6::jsonb[], $7::text[], $8::bigint[])
        on conflict (caller, path, key) do update set
            body_hash = excluded.body_hash, status = excluded.status, answer = excluded.answer, stream = excluded.stream, version = excluded.version, created_at = clock_timestamp()
        where idempotency_keys.created_at <= clock_timestamp() - interval '7 days'
        """,
        NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Bytea, NpgsqlDbType.Integer, NpgsqlDbType.Jsonb, NpgsqlDbType.Text, NpgsqlDbType.Bigint);

    /// <summary>Decides, appends and answers.</summary>
    /// <param name="body">The request as read; its hash guards the idempotency key.</param>
    /// <param name="answer">Status and body, from the state after the command and its events (none when nothing changed); <c>position</c> is added.</param>
    /// <param name="companions">Rows to commit with the events.</param>
    /// <param name="reference">True for what the flags of reports rest on: registry, qualifications, calendars.</param>
    /// <param name="before">For what is recorded before an instant or not at all.</param>
    public async Task<IResult> Command<TState, TEvent>(
        HttpContext http,
        Caller caller,
        Aggregate<TState, TEvent> aggregate,
        string stream,
        Body body,
        Func<TState, DateOnly, Decision<TEvent>> decide,
        Func<TState, IReadOnlyList<TEvent>, (int Status, object Body)> answer,
        Func<IReadOnlyList<TEvent>, IReadOnlyList<Companion>>? companions = null,
        bool reference = false,
        DateOnly? receivedOn = null,
        TooLate? before = null)
        where TEvent : notnull
    {
        var (expected, malformed) = ETags.IfMatch(http);
        if (malformed is not null)
        {
            return malformed;
        }

        var (key, badKey) = HttpMethods.IsPost(http.Request.Method) ? Idempotency.KeyOf(http) : (null, null);
        if (badKey is not null)
        {
            return badKey;
        }

        var hash = body.Sha256();
        if (key is not null && await Stored(http, caller, key, hash) is { } stored)
        {
            return stored;
        }

        IReadOnlyList<Companion> Rows(TState after, IReadOnlyList<TEvent> events, long version)
        {
            var rows = events.Count > 0 ? companions?.Invoke(events) ?? [] : [];
            if (key is null)
            {
                return rows;
            }

            var (status, content) = answer(after, events);
            return [.. rows, new(KeyRow, caller.Name, http.Request.Path.Value, key, hash, status, JsonSerializer.Serialize(content, Json.Options), stream, version)];
        }

        var outcome = await commands.Execute(
            aggregate, stream, decide, http.RequestAborted, Rows, expected is null ? null : expected.Admits, receivedOn, before);
        switch (outcome)
        {
            case Outcome<TState, TEvent>.Done done:
                if (reference && done.Events.Count > 0)
                {
                    commands.ReferenceWritten(done.Position);
                }

                ETags.Set(http, done.Version);
                var (status, content) = answer(done.State, done.Events);
                return Answer(status, JsonSerializer.SerializeToNode(content, Json.Options)!.AsObject(), done.Position);
            case Outcome<TState, TEvent>.Moved moved:
                return ETags.Moved(http, moved.Version);
            case Outcome<TState, TEvent>.Refused { Refusal: var refusal }:
                return Refused(http, refusal);
            case Outcome<TState, TEvent>.CompanionRefused { Kind: "idempotencyKey" } when key is not null:
                return await Stored(http, caller, key, hash) ?? Unavailable(http);
            default:
                return Unavailable(http);
        }
    }

    /// <summary>A refusal as a problem: the one place where what it means becomes a status.</summary>
    public static Problem Refused(HttpContext http, Refusal refusal)
    {
        var status = refusal.Kind switch { RefusalKind.NotFound => 404, RefusalKind.Conflict => 409, _ => 400 };
        return refusal.Pointers.Count == 0
            ? Problem.Of(http, status, refusal.Code, refusal.Args)
            : Problem.With(http, status, status == 400 ? "invalid" : refusal.Code, [.. refusal.Pointers.Select(p => new Fault(p, refusal.Kind == RefusalKind.Conflict ? "differs" : refusal.Code, refusal.Kind == RefusalKind.Conflict ? [] : refusal.Args))], refusal.Args);
    }

    public static Problem Unavailable(HttpContext http) => Problem.Of(http, 503, "unavailable").Header("Retry-After", "1");

    private static StoredAnswer Answer(int status, JsonObject content, long position)
    {
        content["position"] = position;
        return new(status, content.ToJsonString(Json.Options));
    }

    private async Task<IResult?> Stored(HttpContext http, Caller caller, string key, byte[] hash)
    {
        await using var command = database.CreateCommand(
            """
            select k.body_hash, k.status, k.answer, k.stream, k.version
            from compliance.idempotency_keys k
            where k.caller = $1 and k.path = $2 and k.key = $3 and k.created_at > clock_timestamp() - $4
            """);
        command.Parameters.Add(new() { Value = caller.Name });
        command.Parameters.Add(new() { Value = http.Request.Path.Value });
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = KeptFor });
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        if (!await reader.ReadAsync(http.RequestAborted))
        {
            return null;
        }

        if (!reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(hash))
        {
            return Problem.Of(http, 422, "idempotencyKeyReused");
        }

        var version = reader.GetInt64(4);
        ETags.Set(http, version);
        var at = await log.ReadStream(reader.GetString(3), Math.Max(1, version), http.RequestAborted);
        return Answer(reader.GetInt32(1), JsonNode.Parse(reader.GetString(2))!.AsObject(), at is [var e, ..] ? e.Position : 0);
    }

    /// <summary>Forgets the keys whose time is over; called as days close.</summary>
    public static async Task ForgetOldKeys(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("delete from compliance.idempotency_keys where created_at < clock_timestamp() - $1");
        command.Parameters.Add(new() { Value = KeptFor });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The day it is, for what is received now.</summary>
    public DateOnly Today => clock.Today;
}
