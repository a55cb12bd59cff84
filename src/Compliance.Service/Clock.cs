using Compliance.Calendars;
using Npgsql;

namespace Compliance.Service;

/// <summary>
/// The service's clock: the real one, moved ahead (or, on an empty log, back) by what was set in Development. The
/// offset is kept with the data, so that a restarted demonstration goes on where it was.
/// </summary>
public sealed class Clock(TimeProvider time)
{
    // What was read before it was set must not come after it: a day would be decided on as of the day before.
    private readonly SemaphoreSlim _one = new(1);
    private long _aheadByTicks;

    public TimeSpan AheadBy => TimeSpan.FromTicks(Interlocked.Read(ref _aheadByTicks));

    public DateTimeOffset Now => time.GetUtcNow() + AheadBy;

    /// <summary>The calendar day in Asia/Shanghai.</summary>
    public DateOnly Today => Shanghai.DayOf(Now);

    /// <summary>Takes over what another node may have set.</summary>
    public async Task Load(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            await using var command = database.CreateCommand("select ahead_by from compliance.clock");
            Interlocked.Exchange(ref _aheadByTicks, (await command.ExecuteScalarAsync(cancellation) as TimeSpan? ?? TimeSpan.Zero).Ticks);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Makes it now, here and in the database.</summary>
    public async Task Set(NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var aheadBy = now - time.GetUtcNow();
            await using var command = database.CreateCommand(
                "insert into compliance.clock (ahead_by) values ($1) on conflict (one) do update set ahead_by = excluded.ahead_by");
            command.Parameters.Add(new() { Value = aheadBy });
            await command.ExecuteNonQueryAsync(cancellation);
            Interlocked.Exchange(ref _aheadByTicks, aheadBy.Ticks);
        }
        finally
        {
            _one.Release();
        }
    }
}
