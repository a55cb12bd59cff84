using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Webhooks;

/// <summary>The tables of webhooks and deliveries. Times are the database's, so that nodes with different clocks agree on what is due.</summary>
public sealed class WebhookRows(NpgsqlDataSource database)
{
    /// <summary>How long what is settled can be looked up; so long ended webhooks are kept too.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    /// <summary>Rows removed by one statement: it must not hold its locks for minutes after a busy month.</summary>
    private const int RemovedAtOnce = 10_000;

    /// <summary>
    /// Held while the log is turned into deliveries and while a webhook is set up: a webhook is then either among those that
    /// an event is turned for, or begins behind that event. (The bytes read "hooks set".)
    /// </summary>
    private const long SetLock = 0x686f_6f6b_7373_6574;

    private const string Columns = "id, role, owner, url, secret, technique, begins_after, created_at, ended_at, ended_because";

    public static async Task HoldSet(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = SetLock } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Those that have not ended, and how often each was woken.</summary>
    public async Task<IReadOnlyList<(Webhook Webhook, long Wakes)>> Active(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await Active(connection, cancellation);
    }

    public static async Task<IReadOnlyList<(Webhook Webhook, long Wakes)>> Active(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {Columns}, wakes from compliance.webhooks where ended_at is null", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var active = new List<(Webhook, long)>();
        while (await reader.ReadAsync(cancellation))
        {
            active.Add((Row(reader), reader.GetInt64(10)));
        }

        return active;
    }

    /// <summary>The webhook, if it is that owner's and was not deleted.</summary>
    public async Task<Webhook?> Find(Owner owner, Guid id, CancellationToken cancellation) =>
        (await Of(owner, id, null, 1, cancellation)).SingleOrDefault();

    /// <summary>Those of an owner, in the order they were set up, without the deleted ones.</summary>
    public async Task<IReadOnlyList<Webhook>> Of(Owner owner, Guid? id, Guid? after, int max, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
             select {Columns} from compliance.webhooks
             where role = $1 and owner = $2 and ended_because is distinct from 'deleted' and ($3 is null or id = $3) and ($4 is null or id > $4)
             order by id limit $5
             """);
        Add(command, owner);
        command.Parameters.Add(new() { Value = (object?)id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = (object?)after ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = max });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Webhook>();
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(Row(reader));
        }

        return found;
    }

    /// <summary>How many deliveries of each wait, and how many of those are dead.</summary>
    public async Task<IReadOnlyDictionary<Guid, (int Pending, int Dead)>> Unsettled(IReadOnlyCollection<Guid> webhooks, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select webhook, count(*) filter (where state = 'pending')::int, count(*) filter (where state = 'dead')::int
            from compliance.webhook_deliveries where webhook = any($1) and state in ('pending', 'dead') group by webhook
            """);
        command.Parameters.Add(new() { Value = webhooks.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new Dictionary<Guid, (int, int)>();
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(reader.GetGuid(0), (reader.GetInt32(1), reader.GetInt32(2)));
        }

        return found;
    }

    /// <summary>How many of an owner's have not ended.</summary>
    public static async Task<long> Count(NpgsqlConnection connection, Owner owner, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select count(*) from compliance.webhooks where role = $1 and owner = $2 and ended_at is null", connection);
        Add(command, owner);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Sets one up, under <see cref="HoldSet"/>.</summary>
    public static async Task<Webhook> Insert(NpgsqlConnection connection, Owner owner, string url, string secret, string? technique, long beginsAfter, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"insert into compliance.webhooks (role, owner, id, url, secret, technique, begins_after) values ($1, $2, $3, $4, $5, $6, $7) returning {Columns}", connection);
        Add(command, owner);
        command.Parameters.Add(new() { Value = Guid.CreateVersion7() });
        command.Parameters.Add(new() { Value = url });
        command.Parameters.Add(new() { Value = secret });
        command.Parameters.Add(new() { Value = (object?)technique ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = beginsAfter });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return Row(reader);
    }

    /// <summary>Ends it for good. One that is gone is deleted all the same, so that its owner need not see it any more.</summary>
    public async Task Delete(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update compliance.webhooks set ended_at = coalesce(ended_at, clock_timestamp()), ended_because = 'deleted' where id = $1");
        command.Parameters.Add(new() { Value = id });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Adds deliveries, in the transaction that moves the checkpoint behind their events.</summary>
    public static async Task Add(NpgsqlConnection connection, IReadOnlyList<Delivery> deliveries, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into compliance.webhook_deliveries (webhook, position, n, message_id, subject, type, body)
            select * from unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[])
            """,
            connection);
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.Webhook).ToArray() });
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.Position).ToArray() });
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.N).ToArray() });
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.MessageId).ToArray() });
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.Subject).ToArray() });
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.Type).ToArray() });
        command.Parameters.Add(new() { Value = deliveries.Select(d => d.Body).ToArray() });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// The deliveries that may go out now: of every subject the oldest that is not settled, if it is not dead and its pause
    /// is over.
    /// </summary>
    /// <returns>At most <paramref name="max"/>, and how long it is until the next after these may go; null when there is none.</returns>
    public async Task<(IReadOnlyList<DueDelivery> Due, TimeSpan? Next)> Due(Guid webhook, int max, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select d.position, d.n, d.message_id, d.body, d.attempts, greatest(d.next_attempt_at - clock_timestamp(), interval '0')
            from (select position, n, next_attempt_at
                  from (select distinct on (subject) position, n, state, next_attempt_at
                        from compliance.webhook_deliveries
                        where webhook = $1 and state in ('pending', 'dead')
                        order by subject, position, n) oldest
                  where state = 'pending'
                  order by next_attempt_at, position, n
                  limit $2) o
            join compliance.webhook_deliveries d on d.webhook = $1 and d.position = o.position and d.n = o.n
            order by d.next_attempt_at, d.position, d.n
            """);
        command.Parameters.Add(new() { Value = webhook });
        command.Parameters.Add(new() { Value = max });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var due = new List<DueDelivery>();
        while (await reader.ReadAsync(cancellation))
        {
            var wait = reader.GetTimeSpan(5);
            if (wait > TimeSpan.Zero)
            {
                return (due, wait);
            }

            due.Add(new(reader.GetInt64(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3), reader.GetInt32(4)));
        }

        return (due, null);
    }

    /// <summary>Marks an attempt, unless another node has made one meanwhile. Not to be cancelled: what was answered must not be sent again for want of a note.</summary>
    /// <param name="state">After it: delivered, or pending, or dead.</param>
    /// <param name="pause">Until the next attempt.</param>
    /// <param name="gone">True when the receiver wants no more of this webhook.</param>
    public async Task Mark(Guid webhook, DueDelivery delivery, DeliveryState state, int? status, string? error, TimeSpan pause, bool gone)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(
            """
            update compliance.webhook_deliveries
            set state = $5, attempts = attempts + 1, last_attempt_at = clock_timestamp(), last_status = $6, last_error = $7, next_attempt_at = clock_timestamp() + $8,
                settled_at = case when $5 = 'delivered' then clock_timestamp() end
            where webhook = $1 and position = $2 and n = $3 and attempts = $4 and state = 'pending'
            """)
        {
            Parameters =
            {
                new() { Value = webhook },
                new() { Value = delivery.Position },
                new() { Value = delivery.N },
                new() { Value = delivery.Attempts },
                new() { Value = Json.Name(state) },
                new() { Value = (object?)status ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
                new() { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = pause },
            },
        });
        if (gone)
        {
            batch.BatchCommands.Add(new("update compliance.webhooks set ended_at = clock_timestamp(), ended_because = 'gone' where id = $1 and ended_at is null") { Parameters = { new() { Value = webhook } } });
        }

        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>A delivery as its owner sees it.</summary>
    public sealed record DeliveryRow(
        long Position,
        int N,
        string MessageId,
        string Subject,
        string Type,
        DeliveryState State,
        int Attempts,
        DateTimeOffset CreatedAt,
        DateTimeOffset NextAttemptAt,
        DateTimeOffset? LastAttemptAt,
        int? LastStatus,
        string? LastError,
        DateTimeOffset? SettledAt);

    /// <summary>Deliveries in the order of the log.</summary>
    public async Task<IReadOnlyList<DeliveryRow>> Deliveries(Guid webhook, DeliveryState? state, (long Position, int N)? after, int max, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
             {SelectDelivery}
             where webhook = $1 and ($2 is null or state = $2) and (position, n) > ($3, $4)
             order by position, n limit $5
             """);
        command.Parameters.Add(new() { Value = webhook });
        command.Parameters.Add(new() { Value = state is { } s ? Json.Name(s) : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = after?.Position ?? 0L });
        command.Parameters.Add(new() { Value = after?.N ?? 0 });
        command.Parameters.Add(new() { Value = max });
        return await Deliveries(command, cancellation);
    }

    /// <summary>
    /// Sends a dead delivery again, or leaves it out for ever, and wakes the webhook's loop. Done twice it is done once.
    /// </summary>
    /// <returns>The delivery as it then is, also when it was not dead; null when there is none.</returns>
    public async Task<DeliveryRow?> Resolve(Guid webhook, long position, int n, DeliveryState to, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var change = new NpgsqlCommand(
            """
            with resolved as (
                update compliance.webhook_deliveries
                set state = $4, attempts = case when $4 = 'pending' then 0 else attempts end, next_attempt_at = clock_timestamp(), settled_at = case when $4 = 'skipped' then clock_timestamp() end
                where webhook = $1 and position = $2 and n = $3 and state = 'dead'
                returning webhook)
            update compliance.webhooks set wakes = wakes + 1 where id in (select webhook from resolved)
            """,
            connection);
        AddKey(change, webhook, position, n);
        change.Parameters.Add(new() { Value = Json.Name(to) });
        await change.ExecuteNonQueryAsync(cancellation);
        await using var read = new NpgsqlCommand($"{SelectDelivery} where webhook = $1 and position = $2 and n = $3", connection);
        AddKey(read, webhook, position, n);
        var now = (await Deliveries(read, cancellation)).SingleOrDefault();
        await transaction.CommitAsync(cancellation);
        return now;
    }

    /// <summary>Removes what was settled, and what ended, more than <see cref="KeptFor"/> ago.</summary>
    /// <returns>True when there may be more.</returns>
    public async Task<bool> RemoveOld(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            delete from compliance.webhook_deliveries d using (
                select ctid from compliance.webhook_deliveries
                where settled_at < clock_timestamp() - $1 or webhook in (select id from compliance.webhooks where ended_at < clock_timestamp() - $1)
                limit $2) old
            where d.ctid = old.ctid
            """);
        command.Parameters.Add(new() { Value = KeptFor });
        command.Parameters.Add(new() { Value = RemovedAtOnce });
        if (await command.ExecuteNonQueryAsync(cancellation) == RemovedAtOnce)
        {
            return true;
        }

        await using var ended = database.CreateCommand("delete from compliance.webhooks where ended_at < clock_timestamp() - $1");
        ended.Parameters.Add(new() { Value = KeptFor });
        await ended.ExecuteNonQueryAsync(cancellation);
        return false;
    }

    private const string SelectDelivery =
        "select position, n, message_id, subject, type, state, attempts, created_at, next_attempt_at, last_attempt_at, last_status, last_error, settled_at from compliance.webhook_deliveries";

    private static async Task<IReadOnlyList<DeliveryRow>> Deliveries(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<DeliveryRow>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new(
                reader.GetInt64(0),
                reader.GetInt32(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetString(4),
                Json.Names<DeliveryState>()[reader.GetString(5)],
                reader.GetInt32(6),
                reader.GetFieldValue<DateTimeOffset>(7),
                reader.GetFieldValue<DateTimeOffset>(8),
                reader.IsDBNull(9) ? null : reader.GetFieldValue<DateTimeOffset>(9),
                reader.IsDBNull(10) ? null : reader.GetInt32(10),
                reader.IsDBNull(11) ? null : reader.GetString(11),
                reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12)));
        }

        return rows;
    }

    private static Webhook Row(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        new(Json.Names<Role>()[reader.GetString(1)], reader.GetString(2)),
        reader.GetString(3),
        reader.GetString(4),
        reader.IsDBNull(5) ? null : reader.GetString(5),
        reader.GetInt64(6),
        reader.GetFieldValue<DateTimeOffset>(7),
        reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8),
        reader.IsDBNull(9) ? null : Json.Names<EndedBecause>()[reader.GetString(9)]);

    private static void Add(NpgsqlCommand command, Owner owner)
    {
        command.Parameters.Add(new() { Value = Json.Name(owner.Role) });
        command.Parameters.Add(new() { Value = owner.Id });
    }

    private static void AddKey(NpgsqlCommand command, Guid webhook, long position, int n)
    {
        command.Parameters.Add(new() { Value = webhook });
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = n });
    }
}
