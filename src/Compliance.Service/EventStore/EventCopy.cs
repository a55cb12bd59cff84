using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.EventStore;

/// <summary>Writes the new streams and the events of a large group by binary COPY, within the transaction that is open.</summary>
internal static class EventCopy
{
    public static async Task Write(NpgsqlConnection connection, AppendPlan plan, DateTimeOffset stamp, long[] positions)
    {
        if (plan.Streams.Values.Any(stream => stream.IsNew))
            await WriteStreams(connection, plan, stamp);
        await using var rows = await connection.BeginBinaryImportAsync(AppendStatements.CopyEvents);
        for (var i = 0; i < plan.Events.Count; i++)
        {
            var row = plan.Events[i];
            await rows.StartRowAsync();
            await rows.WriteAsync(positions[i], NpgsqlDbType.Bigint);
            await rows.WriteAsync(row.Event.Id, NpgsqlDbType.Uuid);
            await rows.WriteAsync(row.Stream, NpgsqlDbType.Varchar);
            await rows.WriteAsync(row.Version, NpgsqlDbType.Bigint);
            await rows.WriteAsync(row.Event.Json, NpgsqlDbType.Jsonb);
            await rows.WriteAsync(row.Event.Type.WireName, NpgsqlDbType.Varchar);
            await rows.WriteAsync(row.Event.Type.DotnetType, NpgsqlDbType.Varchar);
            await rows.WriteAsync(stamp, NpgsqlDbType.TimestampTz);
        }

        await rows.CompleteAsync();
    }

    private static async Task WriteStreams(NpgsqlConnection connection, AppendPlan plan, DateTimeOffset stamp)
    {
        await using var rows = await connection.BeginBinaryImportAsync(AppendStatements.CopyStreams);
        foreach (var (id, stream) in plan.Streams)
        {
            if (!stream.IsNew)
                continue;
            await rows.StartRowAsync();
            await rows.WriteAsync(id, NpgsqlDbType.Varchar);
            await rows.WriteAsync(stream.To, NpgsqlDbType.Bigint);
            await rows.WriteAsync(stamp, NpgsqlDbType.TimestampTz);
            await rows.WriteAsync(stamp, NpgsqlDbType.TimestampTz);
        }

        await rows.CompleteAsync();
    }
}
