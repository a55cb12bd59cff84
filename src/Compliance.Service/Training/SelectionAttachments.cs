using System.Security.Cryptography;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>The files that come with applications: taken whole, bounded, recognised by their first bytes, shown to the operator's scanner, and kept beside the log.</summary>
public sealed class SelectionAttachments(NpgsqlDataSource database, AttachmentScanner scanner) : IDisposable
{
    /// <summary>Bytes of one file: a form of some pages, scanned in colour, has two or three million.</summary>
    public const int MaxBytes = 10 * 1024 * 1024;

    /// <summary>Files held in memory at a time on a node; others wait.</summary>
    private const int AtATime = 4;

    private static readonly CompanionKind Keep = new(
        "selectionAttachment",
        "update compliance.selection_attachments a set kept = true from unnest($1::uuid[]) as k (id) where a.attachment = k.id and not a.kept",
        NpgsqlDbType.Uuid);

    private static readonly CompanionKind Destroy = new(
        "selectionAttachmentDestroyed",
        "delete from compliance.selection_attachments a using unnest($1::uuid[]) as k (id) where a.attachment = k.id",
        NpgsqlDbType.Uuid);

    private readonly SemaphoreSlim _turns = new(AtATime);

    /// <summary>What became of a file that was sent.</summary>
    /// <param name="Attachment">Null where it was refused.</param>
    /// <param name="Refused">The code; null where it was taken.</param>
    public sealed record Taken(Attachment? Attachment, string? Refused, params object[] Args);

    public static Companion Kept(Guid attachment) => new(Keep, attachment);

    public static Companion Destroyed(Guid attachment) => new(Destroy, attachment);

    /// <summary>Reads a file and lays it down; it is not kept before an event names it.</summary>
    /// <param name="formats">Those it may have.</param>
    public async Task<Taken> Take(Stream body, Guid application, string kind, IReadOnlyList<AttachmentFormat> formats, CancellationToken cancellation)
    {
        await _turns.WaitAsync(cancellation);
        try
        {
            if (await Read(body, cancellation) is not { } content)
            {
                return new(null, "tooLarge", MaxBytes);
            }

            if (content.Length == 0)
            {
                return new(null, "emptyBody");
            }

            if (FormatOf(content) is not { } format || !formats.Contains(format))
            {
                return new(null, "unsupportedAttachment", string.Join(", ", formats.Select(f => Http.Json.Name(f))));
            }

            var scanned = await scanner.Scan(content, cancellation);
            if (scanned is Scanned.Infected or Scanned.Unavailable)
            {
                return new(null, scanned == Scanned.Infected ? "attachmentInfected" : "scannerUnavailable");
            }

            var id = Guid.NewGuid();
            await using var connection = await database.OpenConnectionAsync(cancellation);
            // What was laid down and never named, because the event was refused or a node died.
            await connection.Execute("delete from compliance.selection_attachments where not kept and received_at < clock_timestamp() - interval '1 day'", cancellation);
            await connection.Execute("insert into compliance.selection_attachments (attachment, application, content) values ($1, $2, $3)", cancellation, id, application, content);
            return new(new(id, kind, Convert.ToHexStringLower(SHA256.HashData(content)), content.Length, format, scanned == Scanned.Clean), null);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Drops what no event came to name; what one named stays.</summary>
    public async Task Forget(Guid attachment)
    {
        await using var connection = await database.OpenConnectionAsync();
        await connection.Execute("delete from compliance.selection_attachments where attachment = $1 and not kept", CancellationToken.None, attachment);
    }

    /// <summary>The content; null where it was destroyed.</summary>
    public static async Task<byte[]?> Content(NpgsqlConnection connection, Guid attachment, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select content from compliance.selection_attachments where attachment = $1 and kept", connection);
        command.Parameters.Add(new() { Value = attachment });
        return await command.ExecuteScalarAsync(cancellation) as byte[];
    }

    /// <summary>By the first bytes, never by a name or by what the sender says; null for what is none of these.</summary>
    public static AttachmentFormat? FormatOf(ReadOnlySpan<byte> content) =>
        content.StartsWith("%PDF-"u8) ? AttachmentFormat.Pdf
        : content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? AttachmentFormat.Jpeg
        : content.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) ? AttachmentFormat.Png
        : content.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) ? AttachmentFormat.Ole
        // Any archive begins like this; one of Office says within what its parts are.
        : content.StartsWith((ReadOnlySpan<byte>)[0x50, 0x4B, 0x03, 0x04]) && content.IndexOf("[Content_Types].xml"u8) >= 0 ? AttachmentFormat.OpenXml
        : null;

    public static string MediaType(AttachmentFormat format) => format switch
    {
        AttachmentFormat.Pdf => "application/pdf",
        AttachmentFormat.Jpeg => "image/jpeg",
        AttachmentFormat.Png => "image/png",
        _ => "application/octet-stream",
    };

    private static async Task<byte[]?> Read(Stream body, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        var piece = new byte[81_920];
        while (await body.ReadAsync(piece, cancellation) is > 0 and var count)
        {
            if (content.Length + count > MaxBytes)
            {
                return null;
            }

            content.Write(piece, 0, count);
        }

        return content.ToArray();
    }

    public void Dispose() => _turns.Dispose();
}

/// <summary>What a scanner said of a file.</summary>
public enum Scanned
{
    /// <summary>None is configured.</summary>
    NotScanned,
    Clean,
    Infected,

    /// <summary>It did not answer, or not as it should: the file is not taken.</summary>
    Unavailable,
}

/// <summary>
/// The operator's virus scanner, if one is configured: every file is posted to the URL <c>Attachments:Scanner</c> as <c>application/octet-stream</c> before it is kept. Any 2xx is clean, 406 is infected, everything
/// else, and no answer within a minute, is no answer. Without one nothing is scanned, and every attachment says so.
/// </summary>
public sealed class AttachmentScanner(IConfiguration configuration) : IDisposable
{
    private static readonly TimeSpan LongestScan = TimeSpan.FromMinutes(1);

    private readonly Uri? _url = configuration["Attachments:Scanner"] is { Length: > 0 } url ? new(url, UriKind.Absolute) : null;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = LongestScan };

    public async Task<Scanned> Scan(byte[] content, CancellationToken cancellation)
    {
        if (_url is null)
        {
            return Scanned.NotScanned;
        }

        try
        {
            using var body = new ByteArrayContent(content);
            body.Headers.ContentType = new("application/octet-stream");
            using var answer = await _http.PostAsync(_url, body, cancellation);
            return answer.IsSuccessStatusCode ? Scanned.Clean : (int)answer.StatusCode == 406 ? Scanned.Infected : Scanned.Unavailable;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return Scanned.Unavailable;
        }
    }

    public void Dispose() => _http.Dispose();
}
