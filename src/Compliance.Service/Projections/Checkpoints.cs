using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Somebody else moved the checkpoint: this node is not the owner it believed to be, and has changed nothing.</summary>
public sealed class CheckpointMovedException(string name, long from)
    : Exception($"The checkpoint '{name}' no longer stands at {from}: another node moved it.");

/// <summary>How far projections and processes have come.</summary>
public static class Checkpoints
{
    /// <summary>How long a read waits for the position it was asked to show.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    // Most waits are for milliseconds; those that are not must not ask a hundred times a second.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    public static async Task<long> Read(NpgsqlDataSource database, string name, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select last_seq_id from events.mt_event_progression where name = $1");
        command.Parameters.Add(new() { Value = name });
        return await command.ExecuteScalarAsync(cancellation) as long? ?? 0;
    }

    /// <summary>Moves a checkpoint in the transaction that writes what it stands for.</summary>
    /// <exception cref="CheckpointMovedException">It does not stand where the caller read it.</exception>
    public static async Task Move(NpgsqlConnection connection, string name, long from, long to, CancellationToken cancellation)
    {
        var moved = await connection.Execute(
            """
            insert into events.mt_event_progression as p (name, last_seq_id, last_updated)
            select $1, $3, clock_timestamp() where $2 = 0 or exists (select from events.mt_event_progression where name = $1)
            on conflict (name) do update set last_seq_id = excluded.last_seq_id, last_updated = excluded.last_updated where p.last_seq_id = $2
            """,
            cancellation,
            name,
            from,
            to);
        if (moved != 1)
        {
            throw new CheckpointMovedException(name, from);
        }
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
