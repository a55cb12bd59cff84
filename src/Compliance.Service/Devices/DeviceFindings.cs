using Compliance.Cases;
using Compliance.Devices;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Devices;

/// <summary>What is found about the devices of many cases at once: a handful of rows by index for each, however many cases there are.</summary>
internal static class DeviceFindings
{
    /// <summary>
    /// Uses of one product and serial number that are looked at, the earliest first. What has more is used again and again by design, or no serial number but something typed into every report; either must not cost more.
    /// Which they are depends on the cases alone, so the order of reports still decides nothing.
    /// </summary>
    internal const int MostUses = 100;

    /// <summary>Events behind the rows that are looked through for reports received a moment ago. There are more only during an import; then the answer may miss a flag, and what is shown does not.</summary>
    private const int MostUnprojected = 50;

    private readonly record struct Piece(string Product, string Serial);

    /// <summary>The flags that cases earn by their devices, in the order of the cases.</summary>
    /// <param name="log">As for <see cref="Of"/>.</param>
    public static async Task<IReadOnlyList<IReadOnlyList<string>>> Flags(NpgsqlConnection connection, IEventStore? log, IReadOnlyList<CircumstancesAsked> asked, CancellationToken cancellation) =>
        [.. asked.Zip(await Of(connection, log, asked, cancellation), (a, findings) => DeviceRules.FlagsOf(a.CaseId, findings))];

    /// <param name="log">For reports just received, of which each sees those before it in the list; null for cases that the rows show already.</param>
    /// <returns>In the order of the cases, and of each in that of its report.</returns>
    public static async Task<IReadOnlyList<IReadOnlyList<DeviceFinding>>> Of(NpgsqlConnection connection, IEventStore? log, IReadOnlyList<CircumstancesAsked> asked, CancellationToken cancellation)
    {
        var own = asked.Select(LinesOf).ToList();
        if (own.TrueForAll(lines => lines.Count == 0))
            return [.. asked.Select(_ => Array.Empty<DeviceFinding>())];
        var pieces = own.SelectMany(lines => lines).Select(PieceOf).OfType<Piece>().ToHashSet();
        var elsewhere = pieces.Count == 0 ? [] : await Elsewhere(connection, log, pieces, cancellation);
        if (log is not null)
            elsewhere.AddRange(own.SelectMany(lines => lines));
        var byPiece = elsewhere.Where(u => PieceOf(u) is not null).ToLookup(u => PieceOf(u)!.Value);
        var registry = await RegistryOf(connection, [.. own.SelectMany(lines => lines).Concat(byPiece.Where(g => pieces.Contains(g.Key)).SelectMany(g => g)).Distinct()], cancellation);
        var places = asked.Select((a, i) => (a.CaseId, i)).GroupBy(x => x.CaseId).ToDictionary(g => g.Key, g => g.First().i);
        return
        [
            .. asked.Select((a, i) =>
            {
                // The first of two that come together did not know of the second.
                var uses = own[i].Select(PieceOf).OfType<Piece>().Distinct()
                    .SelectMany(piece => byPiece[piece])
                    .Where(u => u.CaseId != a.CaseId && (log is null || places.GetValueOrDefault(u.CaseId, -1) < i))
                    .Concat(own[i]);
                return DeviceRules.Find(uses, registry).Where(f => f.Use.CaseId == a.CaseId).ToList();
            }),
        ];
    }

    /// <summary>The registrations that any of these names, or that list its product.</summary>
    public static async Task<DeviceRegistry> RegistryOf(NpgsqlConnection connection, IReadOnlyCollection<DeviceUsed> uses, CancellationToken cancellation)
    {
        // Whether anybody keeps the registry comes as a row of its own: an empty one judges nothing.
        await using var command = new NpgsqlCommand(
            """
            (select null::jsonb from device_registrations limit 1)
            union all
            select r.doc from device_registrations r where r.number = any($1)
            union all
            select r.doc from device_registrations r
            where r.id in (select p.id from device_registration_products p where p.di = any($2)) and r.number <> all($1)
            """,
            connection);
        command.Parameters.Add(new() { Value = uses.Select(u => u.Registration).OfType<string>().Distinct().ToArray() });
        command.Parameters.Add(new() { Value = uses.Select(u => u.Product).OfType<string>().Distinct().ToArray() });
        var kept = false;
        var documents = new List<byte[]>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            kept = true;
            if (!await reader.IsDBNullAsync(0, cancellation))
                documents.Add(reader.GetFieldValue<byte[]>(0));
        }

        return kept ? new(Rows.Parse(documents, StoredJson.Default.DeviceRegistrationState), kept: true) : DeviceRegistry.NotKept;
    }

    private static IReadOnlyList<DeviceUsed> LinesOf(CircumstancesAsked a) => a.Voided
        ? []
        : [.. a.Report.Devices.Select((d, line) => DeviceUsed.Of(new CaseKey(a.CaseId, a.Institution, a.Report.Operator, a.Report.Technique, a.Report.CompletedOn), line, d))];

    private static Piece? PieceOf(DeviceUsed use) => use is { Product: { } product, Serial: { } serial } ? new(product, serial) : null;

    /// <summary>The uses of these pieces in all cases, those asked about included.</summary>
    private static async Task<List<DeviceUsed>> Elsewhere(NpgsqlConnection connection, IEventStore? log, HashSet<Piece> pieces, CancellationToken cancellation)
    {
        // Read before the rows: what is behind it in the log they may show or not, and the log decides.
        var shownUpTo = log is null ? 0 : await Checkpoints.Read(connection, ReadSchema.Living.Rows, cancellation);
        var uses = new List<DeviceUsed>();
        await using (var command = new NpgsqlCommand(
            $"""
            select {DeviceRows.UseColumns}
            from unnest($1::text[], $2::text[]) as k (product, serial)
            cross join lateral (
                select * from device_uses d where d.product = k.product and d.serial = k.serial
                order by d.used_on, d.case_id, d.line
                limit {MostUses}) u
            """,
            connection))
        {
            command.Parameters.Add(new() { Value = pieces.Select(p => p.Product).ToArray() });
            command.Parameters.Add(new() { Value = pieces.Select(p => p.Serial).ToArray() });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                uses.Add(DeviceRows.UseOf(reader));
        }

        foreach (var state in log is null ? [] : await Unprojected(log, shownUpTo, cancellation))
        {
            uses.RemoveAll(u => u.CaseId == state.Key!.CaseId);
            uses.AddRange(DeviceUsed.Of(state).Where(u => PieceOf(u) is { } piece && pieces.Contains(piece)));
        }

        return uses;
    }

    /// <summary>The cases that the rows do not show as they stand.</summary>
    private static async Task<IReadOnlyList<Case.State>> Unprojected(IEventStore log, long shownUpTo, CancellationToken cancellation)
    {
        try
        {
            var events = await log.ReadAll(shownUpTo, MostUnprojected + 1, cancellation);
            if (events.Count > MostUnprojected)
                return [];
            var touched = events.Where(e => e.Data is Case.Event).GroupBy(e => e.Stream).ToList();
            var known = touched.Where(g => g.First().Version > 1).Select(g => g.Key).ToList();
            var older = known.Count == 0 ? [] : await log.ReadStreams(known, cancellation: cancellation);
            return
            [
                .. touched.Where(g => g.First().Version == 1).Concat(older.GroupBy(e => e.Stream)).Select(g => Case.Fold(g.Select(e => (Case.Event)e.Data))),
            ];
        }
        catch (UnknownEventTypeException)
        {
            // A node of the next release has written it, and this one's rows stand still before it; reports are taken all the same.
            return [];
        }
    }
}
