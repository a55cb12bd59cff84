using System.Text.Json;

namespace Compliance.Regulations;

/// <summary>The versions of a regulation, as they were published to this system.</summary>
public static class PublishedRegulation
{
    public static string Stream(string id) => $"regulation-{id}";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    /// <param name="Document">The regulation file, whole: the log alone decides, not the program that reads it.</param>
    /// <param name="Hash">SHA-256 of the file, in hex: changed content needs a new version.</param>
    public sealed record Published(
        [property: Stored("Id")] string Id,
        [property: Stored("Version")] int Version,
        [property: Stored("Technique")] string Technique,
        [property: Stored("Document")] JsonElement Document,
        [property: Stored("Hash")] string Hash,
        [property: Stored("By")] Actor By);
}
