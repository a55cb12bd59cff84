using System.Text.Json;
using Compliance.Service.Http;

namespace Compliance.Service.Client;

/// <summary>How far the import of a file has come: written beside it after every answer of the service, so that an interrupted import goes on from there. What is sent a second time changes nothing, so it may lag but never lead.</summary>
/// <param name="Sha256">Of the file; a changed one is begun anew.</param>
/// <param name="Service">Where it went.</param>
/// <param name="Done">Lines dealt with.</param>
/// <param name="BadRows">The file of bad rows, and how long it was: what was written to it since is written again.</param>
internal sealed record ImportState(string Sha256, string Service, long Done, long Accepted, long Unchanged, long Rejected, long Position, string? BadRows, long BadRowsBytes)
{
    public const string Extension = ".importing";

    public static string PathFor(string file) => file + Extension;

    /// <summary>Null when the import of this file was not begun, or cannot be gone on with: of another file, at another service, with another list of bad rows.</summary>
    public static async Task<ImportState?> Read(string file, string sha256, Uri service, string? badRows, CancellationToken cancellation)
    {
        try
        {
            var state = JsonSerializer.Deserialize<ImportState>(await File.ReadAllBytesAsync(PathFor(file), cancellation), Json.Options);
            return state?.Sha256 == sha256 && state.Service == service.ToString() && state.BadRows == badRows && (badRows is null || state.BadRowsBytes <= Length(badRows)) ? state : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Written whole or not at all. False when it cannot be kept here.</summary>
    public async Task<bool> Write(string file, CancellationToken cancellation)
    {
        try
        {
            var next = PathFor(file) + ".new";
            await File.WriteAllBytesAsync(next, JsonSerializer.SerializeToUtf8Bytes(this, Json.Options), cancellation);
            File.Move(next, PathFor(file), overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public static void Forget(string file)
    {
        try
        {
            File.Delete(PathFor(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It could not be written either.
        }
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : -1;
}
