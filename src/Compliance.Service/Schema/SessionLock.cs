using Npgsql;

namespace Compliance.Service.Schema;

/// <summary>A lock that lasts as long as a database session: whoever dies, or is cut off, loses it within <see cref="LostWithin"/>.</summary>
public sealed class SessionLock : IAsyncDisposable
{
    /// <summary>How soon the server ends the session of a node that does not answer any more. One that is killed loses it at once.</summary>
    public static readonly TimeSpan LostWithin = TimeSpan.FromSeconds(4);

    private readonly NpgsqlConnection _session;
    private readonly long _key;

    private SessionLock(NpgsqlConnection session, long key) => (_session, _key) = (session, key);

    /// <summary>The lock; null when somebody else holds it.</summary>
    /// <param name="longestSilence">The server ends a session that has not been heard for so long, e.g. of a node that is
    /// frozen while its machine still answers: for who calls <see cref="Check"/> more often than that. Null for ever.</param>
    public static async Task<SessionLock?> TryTake(NpgsqlDataSource database, long key, CancellationToken cancellation, TimeSpan? longestSilence = null)
    {
        var session = await database.OpenConnectionAsync(cancellation);
        var taken = false;
        try
        {
            await using var claim = new NpgsqlCommand("select pg_try_advisory_lock($1)", session) { Parameters = { new() { Value = key } } };
            taken = (bool)(await claim.ExecuteScalarAsync(cancellation))!;
            if (taken)
            {
                var seconds = (int)LostWithin.TotalSeconds;
                // Keepalives find a peer that is silent, the time-out one that does not take what it is sent.
                await using var settings = new NpgsqlCommand(
                    $"""
                     set tcp_keepalives_idle = 1; set tcp_keepalives_interval = 1; set tcp_keepalives_count = {seconds - 1}; set tcp_user_timeout = {seconds * 1000};
                     set idle_session_timeout = {(int)(longestSilence ?? TimeSpan.Zero).TotalMilliseconds}
                     """,
                    session);
                await settings.ExecuteNonQueryAsync(cancellation);
            }

            return taken ? new SessionLock(session, key) : null;
        }
        finally
        {
            if (!taken)
                await session.DisposeAsync();
        }
    }

    /// <summary>Asks whether the session, and the lock with it, is still there.</summary>
    /// <exception cref="NpgsqlException">It is gone.</exception>
    public async Task Check()
    {
        // Not to be cancelled: what arrives late would cancel the next statement instead, which may be the release.
        await using var ping = new NpgsqlCommand("select 1", _session) { CommandTimeout = (int)LostWithin.TotalSeconds };
        await ping.ExecuteScalarAsync(CancellationToken.None);
    }

    /// <summary>Lets go at once: a pooled session would keep the lock until it is next used.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await using var release = new NpgsqlBatch(_session) { Timeout = (int)LostWithin.TotalSeconds };
            release.BatchCommands.Add(new NpgsqlBatchCommand("reset all"));
            release.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_unlock($1)") { Parameters = { new() { Value = _key } } });
            await release.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
        {
            // The session is gone, and the lock went with it; if not, it must not go back into the pool as it is.
            NpgsqlConnection.ClearPool(_session);
        }

        await _session.DisposeAsync();
    }
}
