using Npgsql;
using Case = Compliance.Cases.Case;

namespace Compliance.Service.Tests.Crash;

/// <summary>What the log holds, held against what the clients were told. Every finding is a sentence; none is what is wanted.</summary>
internal static class Checks
{
    private sealed record Stored(string Stream, long Version, string Type);

    public static async Task<IReadOnlyList<string>> Findings(Ledger ledger, string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 120 });
        var findings = new List<string>(ledger.Wrong);
        var log = await Log(database);
        findings.AddRange(LostOrDoubled(ledger, log));
        foreach (var (what, sql) in Halves)
        {
            await using var command = database.CreateCommand(sql);
            if (await command.ExecuteScalarAsync() is { } found and not DBNull)
            {
                findings.Add($"{what}: {found}");
            }
        }

        return findings;
    }

    private static IEnumerable<string> LostOrDoubled(Ledger ledger, Dictionary<long, Stored> log)
    {
        var expected = ledger.Acknowledged.SelectMany(a => a.Write.Appends).GroupBy(e => (Stream: Case.Stream(e.Case), e.Type)).ToDictionary(g => g.Key, g => g.Count());
        var there = log.Values.Where(e => e.Stream.StartsWith("case-", StringComparison.Ordinal)).GroupBy(e => (e.Stream, e.Type)).ToDictionary(g => g.Key, g => g.Count());
        var givenUp = ledger.GivenUp.SelectMany(w => w.Appends).Select(e => (Case.Stream(e.Case), e.Type)).ToHashSet();
        foreach (var (e, count) in expected)
        {
            if (there.GetValueOrDefault(e) != count)
            {
                yield return $"acknowledged {count} {e.Type} of {e.Stream}, stored {there.GetValueOrDefault(e)}";
            }
        }

        foreach (var (e, count) in there.Where(t => !expected.ContainsKey(t.Key)))
        {
            // What was given up may be there, once; nothing else may.
            if (!givenUp.Contains(e) || count != 1)
            {
                yield return $"{count} {e.Type} of {e.Stream} that nobody was told of";
            }
        }

        foreach (var a in ledger.Acknowledged)
        {
            if (log.GetValueOrDefault(a.Position) is not { } at || !a.Write.Appends.Any(e => Case.Stream(e.Case) == at.Stream))
            {
                yield return $"{a.Write.Path} {a.Write.Key} was acknowledged at position {a.Position}, where something else stands";
            }
        }
    }

    private static async Task<Dictionary<long, Stored>> Log(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("select seq_id, stream_id, version, type from events.mt_events");
        await using var reader = await command.ExecuteReaderAsync();
        var log = new Dictionary<long, Stored>();
        while (await reader.ReadAsync())
        {
            log.Add(reader.GetInt64(0), new(reader.GetString(1), reader.GetInt64(2), reader.GetString(3)));
        }

        return log;
    }

    /// <summary>Each answers with an example, or with nothing.</summary>
    private static readonly (string What, string Sql)[] Halves =
    [
        ("recorded-at falls as the position rises",
            "select min(seq_id) from (select seq_id, timestamp < lag(timestamp) over (order by seq_id) as falls from events.mt_events) e where falls"),
        ("a stream whose versions are not 1 to its last",
            """
            select min(s.id) from events.mt_streams s
            left join (select stream_id, count(*) as n, max(version) as last from events.mt_events group by 1) e on e.stream_id = s.id
            where s.version is distinct from e.n or s.version is distinct from e.last
            """),
        ("a patient's row without its event",
            """
            select min(p.case_id::text) from compliance.patients p
            where not exists (select from events.mt_events e where e.stream_id = 'case-' || p.case_id and e.data->'Report'->>'PatientHash' = p.hash)
            """),
        ("an event without its patient's row",
            """
            select min(e.stream_id) from events.mt_events e
            where e.data->'Report'->>'PatientHash' is not null
              and not exists (select from compliance.patients p where e.stream_id = 'case-' || p.case_id and e.data->'Report'->>'PatientHash' = p.hash)
            """),
        ("a kept answer without its event",
            """
            select min(k.key) from compliance.idempotency_keys k
            where not exists (select from events.mt_events e where e.stream_id = k.stream and e.version = k.version)
            """),
        ("a report of its own without its kept answer",
            $"""
            select min(e.stream_id) from events.mt_events e
            where e.type = 'case_reported' and e.data->>'CaseNumber' like 'n%' and e.data->'Case'->>'Institution' = '{Script.ImpatientHospital}'
              and not exists (select from compliance.idempotency_keys k where k.stream = e.stream_id)
            """),
        ("two closings of one day", "select min(data->>'Date') from events.mt_events where type = 'day_closed' group by data->>'Date' having count(*) > 1"),
        ("a sanction taken twice",
            "select min(stream_id) from events.mt_events where type in ('warned', 'suspended') group by stream_id, type, data->>'JudgedOn' having count(*) > 1"),
    ];
}
