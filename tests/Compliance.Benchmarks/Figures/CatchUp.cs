using System.Text.Json;
using Compliance.Service;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Benchmarks.Figures;

/// <summary>
/// The projection, stopped while the log was filled, catches up. Each run is one part of the log, the last at full size. The limit: the same events read with one bare SELECT and deserialised.
/// </summary>
/// <remarks>A rebuild is the same work into new tables; its figure, under the name <c>rebuild</c>, belongs here as soon as there is a command for it.</remarks>
internal static class CatchUp
{
    private const double LeastEventsPerSecond = 60_000;

    public static readonly string[] Names = ["catch-up"];

    /// <summary>In any case moves the rows to the end of the log.</summary>
    public static async Task Measure(Bench bench, World world, long cases)
    {
        var from = await Checkpoints.Read(world.Database.Source, ReadModel.Name, bench.Stop);
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

        bench.Report.Add(new("catch-up", "events/s", ours, limit, new Aim(RatioAtLeast: 0.5, AtLeast: LeastEventsPerSecond), cases, Cost.Inverse));
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
