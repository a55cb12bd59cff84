using System.Diagnostics;
using System.Text.Json;
using Compliance.Service;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// The projection, stopped while the log was filled, catches up. Each run is one part of the log, the last at full size. Then all of it is built anew beside the living rows and switched over. The limit of both: the same events read with one bare SELECT and deserialised.
/// </summary>
internal static class CatchUp
{
    private static readonly Aim Aim = new(RatioAtLeast: 0.5, AtLeast: 60_000);

    /// <summary>Minutes of rebuilding are enough to know; the number of runs is shown.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static readonly string[] Names = ["catch-up", "rebuild"];

    /// <summary>In any case moves the rows to the end of the log.</summary>
    public static async Task Measure(Bench bench, World world, long cases)
    {
        var from = await Checkpoints.Read(world.Database.Source, ReadSchema.Living.Rows, bench.Stop);
        var head = await world.Log.Head(bench.Stop);
        var runs = bench.Options.Runs;
        var (ours, limit) = (new List<double>(), new List<double>());
        var progress = new Progress($"{world.Database.Name}: catching up", head - from, "events");
        for (var run = 1; from < head; run++)
        {
            // Ends with a batch, near where the part ends.
            var end = run >= runs ? head : from + ((head - from) / (runs - run + 1));
            var at = from;
            var seconds = await Load.Seconds(async () =>
            {
                while (at < end)
                {
                    var (position, _) = await world.Rows.Advance(bench.Stop);
                    progress.Add(position - at);
                    at = position;
                }
            });
            var (events, read) = await Read(world.Database.Source, from, at, bench.Stop);
            ours.Add(events / seconds);
            limit.Add(events / read);
            from = at;
        }

        bench.Report.Add(new("catch-up", "events/s", ours, limit, Aim, cases, Cost.Inverse));
    }

    /// <summary>The whole log, with the service running idle beside; what dashboards show is built, too.</summary>
    public static async Task Rebuild(Bench bench, World world, long cases)
    {
        var started = Stopwatch.GetTimestamp();
        var (ours, limit) = (new List<double>(), new List<double>());
        while (ours.Count < bench.Options.Runs && (ours.Count == 0 || Stopwatch.GetElapsedTime(started) < Enough))
        {
            var said = Stopwatch.GetTimestamp();
            // As from the command line: connections of its own, which end with it, and its lock with them.
            await using var database = ReadSchema.Connect(world.Database.ConnectionString);
            var seconds = await Load.Seconds(() => new Rebuild(world.Log, database, ReadSchema.Living).Run(
                at =>
                {
                    if (Stopwatch.GetElapsedTime(said) < Pause)
                        return;
                    said = Stopwatch.GetTimestamp();
                    Progress.Say($"rebuild: at {at.Position:N0} of {at.Head:N0}, {at.Rate:N0} events a second, {at.Left:m\\:ss} left");
                },
                bench.Stop));
            var (events, read) = await Read(world.Database.Source, 0, long.MaxValue, bench.Stop);
            ours.Add(events / seconds);
            limit.Add(events / read);
        }

        bench.Report.Add(new("rebuild", "events/s", ours, limit, Aim, cases, Cost.Inverse, "the registry's events, the standings and the switch included"));
    }

    private static async Task<(long Events, double Seconds)> Read(NpgsqlDataSource database, long from, long to, CancellationToken stop)
    {
        long events = 0;
        var seconds = await Load.Seconds(async () =>
        {
            await using var command = database.CreateCommand(
                "select seq_id, id, stream_id, version, timestamp, type, data from events.mt_events where seq_id > $1 and seq_id <= $2 order by seq_id");
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                var type = EventTable.Types.ForWireName(reader.GetString(5))!;
                GC.KeepAlive(new RecordedEvent(
                    reader.GetInt64(0),
                    reader.GetGuid(1),
                    reader.GetString(2),
                    reader.GetInt64(3),
                    reader.GetFieldValue<DateTimeOffset>(4),
                    JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(6), type.Json)!));
                events++;
            }
        });
        return (events, seconds);
    }
}
