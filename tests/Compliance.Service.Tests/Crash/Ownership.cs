using System.Diagnostics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests.Crash;

/// <summary>Who owns a projection or process: the session that holds its lock.</summary>
internal sealed class Ownership(string connectionString)
{
    /// <summary>The bytes read "project" and "monitor"; each version of the rows has a projection of its own.</summary>
    public const long Projection = 0x70726f_6a656374_00 + ReadSchema.Version;
    public const long Monitor = 0x6d6f6e69746f72;

    private readonly string _connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;

    /// <summary>The node, by its application's name, and the server process of its session; null while nobody is owner.</summary>
    public async Task<(string Node, int Session)?> Owner(long lockKey)
    {
        await using var database = NpgsqlDataSource.Create(_connectionString);
        await using var command = database.CreateCommand(
            """
            select s.application_name, s.pid from pg_locks l join pg_stat_activity s on s.pid = l.pid
            where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
              and (l.classid::bigint << 32) | l.objid::bigint = $1
            """);
        command.Parameters.Add(new() { Value = lockKey });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (reader.GetString(0), reader.GetInt32(1)) : null;
    }

    public async Task<(string Node, int Session)> AnyOwner(long lockKey)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            if (await Owner(lockKey) is { } owner)
            {
                return owner;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException("Nobody becomes owner.");
    }

    /// <summary>How long until another session is owner.</summary>
    public async Task<TimeSpan> Takeover(long lockKey, int from)
    {
        var since = Stopwatch.GetTimestamp();
        while (await Owner(lockKey) is not { } owner || owner.Session == from)
        {
            Stopwatch.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromSeconds(30), "nobody takes over");
            await Task.Delay(20);
        }

        return Stopwatch.GetElapsedTime(since);
    }

    public Task End(int session) => TestPostgres.Execute(_connectionString, $"select pg_terminate_backend({session})");
}
