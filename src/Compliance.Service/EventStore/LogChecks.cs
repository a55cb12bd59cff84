using Npgsql;

namespace Compliance.Service.EventStore;

/// <summary>Something that must hold, and whether it does.</summary>
/// <param name="Rule">As a sentence.</param>
/// <param name="Broken">How often it does not.</param>
/// <param name="Examples">Some of these.</param>
public sealed record LogCheck(string Rule, long Broken, IReadOnlyList<string> Examples)
{
    /// <summary>Of each rule.</summary>
    public const int MostExamples = 3;

    public bool Holds => Broken == 0;
}

/// <summary>What holds in every log, whatever its events say: the store's invariants, looked at in what is stored. Reads all of it, in one snapshot, so that it may be written to meanwhile.</summary>
public static class LogChecks
{
    // Each names its offenders, one a row.
    private static readonly (string Rule, string Sql)[] Rules =
    [
        (
            "The versions of a stream run from 1 without holes, in the order of their positions.",
            """
            select format('%s: position %s has version %s, and is its event number %s', stream_id, seq_id, version, n)
            from (select stream_id, seq_id, version, row_number() over (partition by stream_id order by seq_id) as n from events.mt_events) e
            where version <> n
            """),
        (
            "A stream's row has the version of its last event.",
            """
            select format('%s: version %s, and its last event has %s', s.id, s.version, coalesce(e.version::text, 'none'))
            from events.mt_streams s
            left join (select stream_id, max(version) as version from events.mt_events group by stream_id) e on e.stream_id = s.id
            where s.version is distinct from e.version
            """),
        (
            "What was recorded later has the higher position.",
            """
            select format('position %s was recorded at %s, and %s before it at %s', seq_id, timestamp, before, recorded)
            from (select seq_id, timestamp, lag(seq_id) over (order by seq_id) as before, lag(timestamp) over (order by seq_id) as recorded from events.mt_events) e
            where timestamp < recorded
            """),
        (
            "No event is there twice.",
            "select format('%s stands %s times', id, count(*)) from events.mt_events group by id having count(*) > 1"),
        (
            "Positions are drawn from their sequence.",
            "select format('the sequence stands at %s, and the log at %s', s.last_value, e.head) from events.mt_events_sequence s, (select max(seq_id) as head from events.mt_events) e where e.head > s.last_value"),
        (
            "No checkpoint is ahead of the log.",
            "select format('%s stands at %s, and the log at %s', name, last_seq_id, head) from events.mt_event_progression, (select coalesce(max(seq_id), 0) as head from events.mt_events) e where last_seq_id > head"),
    ];

    public static async Task<IReadOnlyList<LogCheck>> Run(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var checks = new List<LogCheck>();
        foreach (var (rule, sql) in Rules)
        {
            await using var command = new NpgsqlCommand($"select example, count(*) over () from ({sql}) broken (example) limit {LogCheck.MostExamples}", connection) { CommandTimeout = 0 };
            var (broken, examples) = (0L, new List<string>());
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                examples.Add(reader.GetString(0));
                broken = reader.GetInt64(1);
            }

            checks.Add(new(rule, broken, examples));
        }

        return checks;
    }
}
