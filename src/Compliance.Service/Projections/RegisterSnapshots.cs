using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>
/// What the register of a day was when the day was closed, as a digest of its canonical text (<see cref="RegisterText"/>): taken from the rows as the day closes, and made again from
/// the log for whoever asks.
/// </summary>
internal static class RegisterSnapshots
{
    /// <summary>Qualifications folded at a time.</summary>
    private const int Chunk = 1_000;

    // Neither was anything written since the day before was closed, nor does a line begin or end with the day.
    private const string UnchangedSql = """
        insert into register_snapshots (technique, day, position, entries, sha256)
        select s.technique, $1, $2, s.entries, s.sha256
        from register_snapshots s
        where s.technique = any($3) and s.day = $1 - 1
          and not exists (select from register_touched t where t.technique = s.technique)
          and not exists (select from register_entries e where e.from_on = $1 and e.technique = s.technique)
          and not exists (select from register_entries e where e.to_on = $1 and e.to_on < 'infinity' and e.technique = s.technique)
        returning technique
        """;

    /// <summary>Takes those of a day that is being closed, from the rows as they stand.</summary>
    /// <param name="position">Of the closing.</param>
    public static async Task Take(NpgsqlConnection connection, string[] techniques, DateOnly day, long position, CancellationToken cancellation)
    {
        var unchanged = new List<string>();
        await using (var command = new NpgsqlCommand(UnchangedSql, connection))
        {
            command.Parameters.Add(new() { Value = day });
            command.Parameters.Add(new() { Value = position });
            command.Parameters.Add(new() { Value = techniques });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                unchanged.Add(reader.GetString(0));
        }

        foreach (var technique in techniques.Except(unchanged))
        {
            var lines = await Lines(connection, technique, day, cancellation);
            RegisterText.Sort(lines);
            await connection.Execute(
                "insert into register_snapshots (technique, day, position, entries, sha256) values ($1, $2, $3, $4, $5)",
                cancellation,
                technique,
                day,
                position,
                lines.Count,
                Convert.ToHexStringLower(RegisterText.Digest(lines)));
        }
    }

    /// <summary>A day is closed: what was written before it is no longer news to the next.</summary>
    public static Task Forget(NpgsqlConnection connection, CancellationToken cancellation) => connection.Execute("delete from register_touched", cancellation);

    private static async Task<List<byte[]>> Lines(NpgsqlConnection connection, string technique, DateOnly day, CancellationToken cancellation)
    {
        var lines = new List<byte[]>();
        await using var command = new NpgsqlCommand(
            """
            select kind, case when kind = 'institution' then subject end, name, place, place_name, province, standing, since
            from register_entries
            where technique = $1 and from_on <= $2 and to_on > $2
            """,
            connection);
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = day });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
            var holder = new PublicHolder(
                Json.Names<SubjectKind>()[reader.GetString(0)], Text(1), reader.GetString(2), Text(3) is { } place ? new(place, reader.GetString(4)) : null, Text(5));
            lines.Add(RegisterText.Line(new(technique, holder, Json.Names<Standing>()[reader.GetString(6)], reader.GetFieldValue<DateOnly>(7))));
        }

        return lines;
    }

    /// <summary>
    /// The lines of a day, in their order, from the log up to a position and from nothing else: rows of today know more. Some thousand streams are in memory at a time, and of them no more than
    /// their lines are kept.
    /// </summary>
    /// <param name="holders">All who are or ever were qualified for the technique; who was not by then is left out.</param>
    public static async Task<List<byte[]>> OfLog(IEventStore log, string technique, IReadOnlyList<Subject> holders, DateOnly day, long position, CancellationToken cancellation)
    {
        var lines = new List<byte[]>(holders.Count);
        var places = new Dictionary<string, Institution.State>();
        var asked = new HashSet<string>();
        foreach (var chunk in holders.Chunk(Chunk))
        {
            var states = (await Streams(log, chunk.Select(s => Qualification.Stream(new(s, technique))), position, cancellation))
                .Select(g => Qualification.Fold(g.Select(e => (Qualification.Event)e.Data)))
                .Where(q => RegisterSpans.Of(q).Any(s => s.Covers(day)))
                .ToList();
            var listed = states.ConvertAll(q => q.Id!.Value.Subject);
            var people = (await Streams(log, Ids(listed, SubjectKind.Physician).Select(Physician.Stream), position, cancellation))
                .Select(g => Physician.Fold(g.Select(e => (Physician.Event)e.Data)))
                .ToDictionary(p => p.Entry!.Physician);
            var missing = Ids(listed, SubjectKind.Institution).Concat(people.Values.SelectMany(p => p.Entry!.Registrations.Where(r => r.Main).Select(r => r.Institution))).Where(asked.Add);
            foreach (var place in await Streams(log, missing.Select(Institution.Stream), position, cancellation))
            {
                var state = Institution.Fold(place.Select(e => (Institution.Event)e.Data));
                places.Add(state.Entry!.Institution, state);
            }

            var registry = new KnownRegistry(places, people);
            lines.AddRange(states.SelectMany(q => Register.Of(q, registry)).Where(line => line.Covers(day)).Select(line => RegisterText.Line(line.Entry)));
        }

        RegisterText.Sort(lines);
        return lines;
    }

    /// <summary>Makes snapshots anew from the log and holds them against the digests that were published.</summary>
    /// <param name="every">All there are; else each technique's last, which costs the same however many years have gone by.</param>
    public static async Task<LogCheck> Check(IEventStore log, NpgsqlDataSource database, bool every, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var published = new List<(string Technique, DateOnly Day, long Position, string Sha256)>();
        await using (var command = new NpgsqlCommand(
            $"""
            select {(every ? "" : "distinct on (technique)")} technique, day, position, sha256
            from register_snapshots
            order by technique, day desc
            """,
            connection))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                published.Add((reader.GetString(0), reader.GetFieldValue<DateOnly>(1), reader.GetInt64(2), reader.GetString(3)));
        }

        var (broken, examples) = (0L, new List<string>());
        foreach (var of in published.GroupBy(p => p.Technique))
        {
            // Only names to look up in the log: what the rows say of them is not used.
            var holders = (await Closings.Qualified(connection, of.Key, cancellation)).ConvertAll(id => id.Subject);
            foreach (var (technique, day, position, sha256) in of)
            {
                var recomputed = Convert.ToHexStringLower(RegisterText.Digest(await OfLog(log, technique, holders, day, position, cancellation)));
                if (recomputed == sha256)
                    continue;
                broken++;
                if (examples.Count < LogCheck.MostExamples)
                    examples.Add($"{technique} on {day:yyyy-MM-dd}: published {sha256}, by the log {recomputed}");
            }
        }

        return new("A published snapshot of the register is what the log gives again.", broken, examples);
    }

    private static async Task<IEnumerable<IGrouping<string, RecordedEvent>>> Streams(IEventStore log, IEnumerable<string> streams, long position, CancellationToken cancellation) =>
        (await log.ReadStreams([.. streams], position, cancellation)).GroupBy(e => e.Stream);

    private static IEnumerable<string> Ids(IEnumerable<Subject> subjects, SubjectKind kind) => subjects.Where(s => s.Kind == kind).Select(s => s.Id);
}
