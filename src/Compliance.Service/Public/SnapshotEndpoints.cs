using System.Globalization;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Public;

/// <summary>
/// What the register was when a day was closed, with a digest that anybody can compute from the text, and that the text itself is held against: it is folded from the log anew for whoever asks, up to the
/// position of the closing, so that what was learnt later changes nothing in it.
/// </summary>
public static class SnapshotEndpoints
{
    /// <summary>A snapshot never changes; a day, so that one found to be wrong does not live on in caches.</summary>
    private const int CachedForSeconds = 86_400;

    /// <summary>Lines are sent in pieces of about this many bytes.</summary>
    private const int Piece = 64 << 10;

    /// <param name="Day">The day closed.</param>
    /// <param name="Position">Of the closing: what the log held by then was known.</param>
    /// <param name="Entries">Lines of the text.</param>
    /// <param name="Sha256">Of the text, in lower-case hexadecimal.</param>
    public sealed record SnapshotRow(string Technique, DateOnly Day, long Position, int Entries, string Sha256);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/public/register/snapshots", List)
            .AllowsAnyone()
            .Takes("technique", "limit", "cursor", "minPosition")
            .Describes<Page<SnapshotRow>>("The register of every day closed, as it was known then: newest first, each with the digest of its text", 200, 400, 503);
        api.MapGet("/public/register/snapshots/{technique}/{day}", Show)
            .AllowsAnyone()
            .Takes("minPosition")
            .DescribesAs(
                "application/x-ndjson",
                "The text of a snapshot, made anew from the log and held against its digest: one line of JSON (RFC 8785) per entry, each ended by a line feed, in the order of their bytes; SHA-256 in `Repr-Digest`",
                200,
                400,
                404,
                500,
                503);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var technique = query.OptionalText("technique");
        var limit = query.Limit();
        var cursor = query.Cursor(keys: 2);
        var day = DateOnly.MaxValue;
        if (cursor is not null && !BodyObject.TryDay(cursor[0], out day))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        await RegisterEndpoints.Qualifying(query, reads, technique, http.RequestAborted);
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select technique, day, position, entries, sha256
            from register_snapshots
            where ($1 is null or technique = $1) and ($2 is null or day < $3 or (day = $3 and technique > $2))
            order by day desc, technique
            limit $4
            """,
            connection);
        DashboardEndpoints.Add(command, technique);
        DashboardEndpoints.Add(command, cursor?[1]);
        command.Parameters.Add(new() { Value = day });
        command.Parameters.Add(new() { Value = limit + 1 });
        var rows = new List<SnapshotRow>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
            rows.Add(new(reader.GetString(0), reader.GetFieldValue<DateOnly>(1), reader.GetInt64(2), reader.GetInt32(3), reader.GetString(4)));

        http.Response.Headers.CacheControl = $"public, max-age={RegisterEndpoints.CachedForSeconds}";
        return Results.Json(Paged.Cut(rows, limit, r => [r.Day.ToString("yyyy-MM-dd"), r.Technique]), Json.Options);
    }

    private static async Task<IResult> Show(HttpContext http, Reads reads, IEventStore log, SnapshotGate gate, ILogger<SnapshotGate> logger)
    {
        var query = Query.Of(http);
        var technique = query.PathId("technique");
        var day = query.PathDay("day");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        if (await Find(reads, technique, day, http.RequestAborted) is not { } row)
        {
            return Problem.Refused(http, "noSuchSnapshot");
        }

        var tag = $"\"{row.Sha256}\"";
        if (http.Request.GetTypedHeaders().IfNoneMatch.Any(t => t.Tag == tag))
        {
            Cached(http, tag);
            return Results.StatusCode(304);
        }

        using var turn = await gate.Enter(http.RequestAborted);
        if (turn is null)
        {
            return Problem.Refused(http, "snapshotsAtWork").Header("Retry-After", SnapshotGate.LongestWait.TotalSeconds.ToString(CultureInfo.InvariantCulture));
        }

        var lines = await RegisterSnapshots.OfLog(log, technique, await Holders(reads, technique, http.RequestAborted), day, row.Position, http.RequestAborted);
        var digest = Compliance.Qualifications.RegisterText.Digest(lines);
        if (Convert.ToHexStringLower(digest) is var recomputed && recomputed != row.Sha256)
        {
            // Rows tampered with, a log tampered with, or a program that counts otherwise than the one before: somebody has to look, and nobody is to be shown either.
            logger.LogCritical(
                "The register of {Technique} on {Day}, by what was known at position {Position}, has the digest {Recomputed} by the log, and {Published} was published",
                technique,
                day.ToString("yyyy-MM-dd"),
                row.Position,
                recomputed,
                row.Sha256);
            return Problem.Refused(http, "snapshotDiffers", row.Sha256);
        }

        Cached(http, tag);
        http.Response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(digest)}:";
        http.Response.ContentLength = lines.Sum(line => line.Length + 1L);
        return Results.Stream(body => Write(lines, body, http.RequestAborted), "application/x-ndjson");
    }

    private static void Cached(HttpContext http, string tag)
    {
        http.Response.Headers.ETag = tag;
        http.Response.Headers.CacheControl = $"public, max-age={CachedForSeconds}";
    }

    private static async Task Write(List<byte[]> lines, Stream body, CancellationToken cancellation)
    {
        await using var pieces = new BufferedStream(body, Piece);
        foreach (var line in lines)
        {
            await pieces.WriteAsync(line, cancellation);
            await pieces.WriteAsync("\n"u8.ToArray(), cancellation);
        }

        await pieces.FlushAsync(cancellation);
    }

    private static async Task<SnapshotRow?> Find(Reads reads, string technique, DateOnly day, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        await using var command = new NpgsqlCommand("select position, entries, sha256 from register_snapshots where technique = $1 and day = $2", connection);
        command.Parameters.Add(new() { Value = technique });
        command.Parameters.Add(new() { Value = day });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? new(technique, day, reader.GetInt64(0), reader.GetInt32(1), reader.GetString(2)) : null;
    }

    // Only names to look up in the log: what the rows say of them is not used.
    private static async Task<List<Subject>> Holders(Reads reads, string technique, CancellationToken cancellation)
    {
        await using var connection = await reads.Open(cancellation);
        return (await Closings.Qualified(connection, technique, cancellation)).ConvertAll(id => id.Subject);
    }
}

/// <summary>
/// Lets one snapshot at a time be made from the log on a node: a nation's takes seconds and some dozen megabytes, and anybody may ask without a token. Whoever has the text already is told so without one.
/// </summary>
public sealed class SnapshotGate : IDisposable
{
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>To be disposed of when done; null when the time is up.</summary>
    public async Task<IDisposable?> Enter(CancellationToken cancellation) => await _one.WaitAsync(LongestWait, cancellation) ? new Turn(_one) : null;

    public void Dispose() => _one.Dispose();

    private sealed class Turn(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }
}
