using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Training;

/// <summary>An institution by name; null where the registry does not have it any more.</summary>
public sealed record NamedInstitution(string Id, string? Name);

/// <summary>Rounds and applications as the log has them.</summary>
internal static class SelectionLog
{
    public static async Task<SelectionRound.State> Round(this IEventStore log, Guid id, CancellationToken cancellation) =>
        SelectionRound.Fold((await log.ReadStream(SelectionRound.Stream(id), cancellation: cancellation)).Select(e => (SelectionRound.Event)e.Data));

    public static async Task<SelectionApplication.State> Application(this IEventStore log, Guid round, string institution, CancellationToken cancellation) =>
        SelectionApplication.Fold((await log.ReadStream(SelectionApplication.Stream(round, institution), cancellation: cancellation)).Select(e => (SelectionApplication.Event)e.Data));

    /// <summary>Everybody who has applied by now, in the order of their ids. The rows say who, once they have reached the end of the log, and the streams the rest.</summary>
    public static async Task<(IReadOnlyList<SelectionApplication.State> Applications, Problem? Late)> Applications(HttpContext http, Reads reads, IEventStore log, Guid round)
    {
        if (await reads.Shown(http, await log.Head(http.RequestAborted)) is { } late)
        {
            return ([], late);
        }

        var streams = new List<string>();
        await using (var connection = await reads.Open(http.RequestAborted))
        {
            await using var command = new NpgsqlCommand("select institution from selection_applications where round = $1", connection);
            command.Parameters.Add(new() { Value = round });
            await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
            while (await reader.ReadAsync(http.RequestAborted))
            {
                streams.Add(SelectionApplication.Stream(round, reader.GetString(0)));
            }
        }

        return streams.Count == 0
            ? ([], null)
            : ([
                .. (await log.ReadStreams(streams, cancellation: http.RequestAborted)).GroupBy(e => e.Stream)
                    .Select(g => SelectionApplication.Fold(g.Select(e => (SelectionApplication.Event)e.Data)))
                    .OrderBy(a => a.Institution, StringComparer.Ordinal),
            ], null);
    }

    /// <summary>What time the log has it: what it would be stamped with now. No node's clock says who was in time.</summary>
    public static async Task<DateTimeOffset> Now(NpgsqlConnection connection, Clock clock, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        var now = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellation))!, TimeSpan.Zero) + clock.AheadBy;
        // PostgreSQL keeps microseconds; what is judged is what is kept.
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)).ToOffset(TimeSpan.FromHours(8));
    }

    /// <summary>Who was cancelled, as the rows have it.</summary>
    public static async Task<HashSet<string>> Cancelled(Reads reads, Guid round, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        await using var command = new NpgsqlCommand("select institution from selection_applications where round = $1 and cancelled", connection);
        command.Parameters.Add(new() { Value = round });
        var cancelled = new HashSet<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            cancelled.Add(reader.GetString(0));
        }

        return cancelled;
    }

    /// <summary>Where a physician has been registered at any time since a day.</summary>
    public static IReadOnlyList<string> PlacesSince(this Compliance.Registry.Physician.State physician, DateOnly day) =>
        [.. (physician.Entry?.Registrations ?? []).Where(r => r.To is null || r.To >= day).Select(r => r.Institution).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What the registry calls them today.</summary>
    public static async Task<Dictionary<string, string>> Names(Reads reads, IEnumerable<string> institutions, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        await using var command = new NpgsqlCommand("select id, name from institutions where id = any($1)", connection);
        command.Parameters.Add(new() { Value = institutions.Distinct().ToArray() });
        var names = new Dictionary<string, string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            names[reader.GetString(0)] = reader.GetString(1);
        }

        return names;
    }

    public static NamedInstitution Named(this IReadOnlyDictionary<string, string> names, string institution) => new(institution, names.GetValueOrDefault(institution));
}
