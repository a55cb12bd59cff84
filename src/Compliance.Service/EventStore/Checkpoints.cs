using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.EventStore;

/// <summary>Somebody else moved the checkpoint: this node is not the owner it believed to be, and has changed nothing.</summary>
public sealed class CheckpointMovedException(string name, long from)
    : Exception($"The checkpoint '{name}' no longer stands at {from}: another node moved it.");

/// <summary>How far projections and processes have come, in mt_event_progression. A checkpoint that does not exist yet stands at 0.</summary>
public static class Checkpoints
{
    /// <summary>How long a read waits for the position it was asked to show.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    // Most waits are for milliseconds; those that are not must not ask a hundred times a second.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    private const string ReadSql = "select last_seq_id from events.mt_event_progression where name = $1";

    // "insert … on conflict" rather than "update", so that a checkpoint that does not exist yet counts as 0.
    private const string MoveSql = """
        insert into events.mt_event_progression as held (name, last_seq_id, last_updated)
        select move.name, move.target, clock_timestamp()
          from unnest($1::text[], $2::bigint[], $3::bigint[]) as move (name, origin, target)
         where move.origin = 0 or exists (select from events.mt_event_progression known where known.name = move.name)
        on conflict (name) do update set last_seq_id = excluded.last_seq_id, last_updated = excluded.last_updated
         where held.last_seq_id = (select move.origin from unnest($1::text[], $2::bigint[]) as move (name, origin) where move.name = excluded.name)
        """;

    private static readonly CompanionKind Kind = new("checkpoint", MoveSql, NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint)
    {
        // A monitor that decides many things at once asserts its checkpoint with each.
        Shared = true,
    };

    public static async Task<long> Read(NpgsqlDataSource database, string name, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await Read(connection, name, cancellation);
    }

    public static async Task<long> Read(NpgsqlConnection connection, string name, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(ReadSql, connection);
        command.Parameters.Add(new() { Value = name });
        return await command.ExecuteScalarAsync(cancellation) as long? ?? 0;
    }

    /// <summary>Compare-and-set that commits with events: refused unless the checkpoint stands at <paramref name="from"/>.
    /// Equal positions merely assert that nobody else has moved it, i.e. that the caller still owns it.</summary>
    public static Companion Move(string name, long from, long to) => new(Kind, name, from, to);

    /// <summary>Moves a checkpoint in the transaction that writes what it stands for.</summary>
    /// <exception cref="CheckpointMovedException">It does not stand where the caller read it.</exception>
    public static async Task Move(NpgsqlConnection connection, string name, long from, long to, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(MoveSql, connection);
        command.Parameters.Add(new() { Value = new[] { name } });
        command.Parameters.Add(new() { Value = new[] { from } });
        command.Parameters.Add(new() { Value = new[] { to } });
        if (await command.ExecuteNonQueryAsync(cancellation) != 1)
            throw new CheckpointMovedException(name, from);
    }

    /// <summary>Where these checkpoints stand, held there until the transaction ends: nobody else moves them meanwhile.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> Hold(NpgsqlConnection connection, IReadOnlyCollection<string> names, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select name, last_seq_id from events.mt_event_progression where name = any($1) order by name for update", connection);
        command.Parameters.Add(new() { Value = names.ToArray() });
        var held = names.ToDictionary(name => name, _ => 0L);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            held[reader.GetString(0)] = reader.GetInt64(1);
        return held;
    }

    public static async Task Forget(NpgsqlConnection connection, IReadOnlyCollection<string> names, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("delete from events.mt_event_progression where name = any($1)", connection);
        command.Parameters.Add(new() { Value = names.ToArray() });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public static async Task Rename(NpgsqlConnection connection, string name, string newName, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("update events.mt_event_progression set name = $2 where name = $1", connection);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = newName });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>True as soon as the checkpoint has reached the position; false when the time is up.</summary>
    public static async Task<bool> WaitFor(NpgsqlDataSource database, string name, long position, TimeSpan atMost, CancellationToken cancellation)
    {
        var until = TimeProvider.System.GetTimestamp();
        var pause = FirstPause;
        while (await Read(database, name, cancellation) < position)
        {
            if (TimeProvider.System.GetElapsedTime(until) > atMost)
            {
                return false;
            }

            await Task.Delay(pause, cancellation);
            pause = pause < LongestPause ? 2 * pause : LongestPause;
        }

        return true;
    }
}
