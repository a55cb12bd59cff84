using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Compliance.Training;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>The files that come with applications: taken whole, bounded, recognised by their first bytes, shown to the operator's scanner, and kept beside the log.</summary>
public sealed class SelectionAttachments(NpgsqlDataSource database, AttachmentScanner scanner) : IDisposable
{
    /// <summary>Bytes of one file: a form of some pages, scanned in colour, has two or three million.</summary>
    public const int MaxBytes = 10 * 1024 * 1024;

    /// <summary>Files scanned and laid down at a time on a node; others wait, but not long.</summary>
    private const int AtATime = 4;

    /// <summary>How long a file waits for its turn; tests wait less.</summary>
    internal TimeSpan LongestTurn { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes a second: a file at the bound takes a quarter of an hour. Slower than this is no line, but an attempt to hold one.</summary>
    private static readonly MinDataRate LeastRate = new(10_240, TimeSpan.FromSeconds(10));

    private static readonly CompanionKind Keep = new(
        "selectionAttachment",
        "update compliance.selection_attachments a set kept = true from unnest($1::uuid[]) as k (id) where a.attachment = k.id and not a.kept",
        NpgsqlDbType.Uuid);

    private static readonly CompanionKind Destroy = new(
        "selectionAttachmentDestroyed",
        "delete from compliance.selection_attachments a using unnest($1::uuid[]) as k (id) where a.attachment = k.id",
        NpgsqlDbType.Uuid);

    private readonly SemaphoreSlim _turns = new(AtATime);
    private readonly ConcurrentDictionary<Guid, bool> _underWay = new();

    /// <summary>The code where another file comes first: to be sent again.</summary>
    public const string Busy = "uploadsBusy";

    /// <summary>What became of a file that was sent.</summary>
    /// <param name="Attachment">Null where it was refused.</param>
    /// <param name="Refused">The code; null where it was taken.</param>
    public sealed record Taken(Attachment? Attachment, string? Refused, params object[] Args);

    public static Companion Kept(Guid attachment) => new(Keep, attachment);

    public static Companion Destroyed(Guid attachment) => new(Destroy, attachment);

    /// <summary>
    /// Reads a file and lays it down; it is not kept before an event names it. It is read before it takes a turn, so that a bad line keeps nobody waiting, and one at a time of an application, so that no applicant
    /// fills a node.
    /// </summary>
    /// <param name="formats">Those it may have.</param>
    public async Task<Taken> Take(HttpContext http, Guid application, string kind, IReadOnlyList<AttachmentFormat> formats)
    {
        if (!_underWay.TryAdd(application, true))
        {
            return new(null, Busy);
        }

        try
        {
            if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            {
                rate.MinDataRate = LeastRate;
            }

            if (await Read(http.Request.Body, http.RequestAborted) is not { } content)
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

            if (!await _turns.WaitAsync(LongestTurn, http.RequestAborted))
            {
                return new(null, Busy);
            }

            try
            {
                return await LayDown(content, format, application, kind, http.RequestAborted);
            }
            finally
            {
                _turns.Release();
            }
        }
        finally
        {
            _underWay.TryRemove(application, out _);
        }
    }

    private async Task<Taken> LayDown(byte[] content, AttachmentFormat format, Guid application, string kind, CancellationToken cancellation)
    {
        var scanned = await scanner.Scan(content, cancellation);
        if (scanned is Scanned.Infected or Scanned.Unavailable)
        {
            return new(null, scanned == Scanned.Infected ? "attachmentInfected" : "scannerUnavailable");
        }

        var id = Guid.NewGuid();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.Execute("insert into compliance.selection_attachments (attachment, application, content) values ($1, $2, $3)", cancellation, id, application, content);
        return new(new(id, kind, Convert.ToHexStringLower(SHA256.HashData(content)), content.Length, format, scanned == Scanned.Clean), null);
    }

    /// <summary>Drops what was laid down a day ago and never named, because a node died or the outcome of the append was lost; called as days close.</summary>
    public static async Task Sweep(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.Execute("delete from compliance.selection_attachments where not kept and received_at < clock_timestamp() - interval '1 day'", cancellation);
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

    /// <summary>As a file of the format is called; of Office by what it says within that it is.</summary>
    public static string Extension(AttachmentFormat format, ReadOnlySpan<byte> content) => format switch
    {
        AttachmentFormat.Pdf => ".pdf",
        AttachmentFormat.Jpeg => ".jpg",
        AttachmentFormat.Png => ".png",
        AttachmentFormat.OpenXml => content.IndexOf("word/"u8) >= 0 ? ".docx" : content.IndexOf("xl/"u8) >= 0 ? ".xlsx" : ".zip",
        _ => content.IndexOf(Encoding.Unicode.GetBytes("WordDocument")) >= 0 ? ".doc" : ".xls",
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

    private readonly Uri? _url = UrlIn(configuration);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = LongestScan };

    /// <summary>Null where none is configured. Asked as the service starts: a wrong one must not show at the first upload.</summary>
    public static Uri? UrlIn(IConfiguration configuration) =>
        configuration["Attachments:Scanner"] is not { Length: > 0 } url ? null
        : Uri.TryCreate(url, UriKind.Absolute, out var scanner) && (scanner.Scheme == Uri.UriSchemeHttp || scanner.Scheme == Uri.UriSchemeHttps) ? scanner
        : throw new InvalidOperationException("Attachments:Scanner must be an absolute URL, http or https.");

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
