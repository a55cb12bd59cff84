using System.Security.Cryptography;
using System.Text.Json;

namespace Compliance.Calendars;

/// <summary>A calendar file that comes with the software, and the SHA-256 of its bytes in lower-case hexadecimal.</summary>
public sealed record ShippedCalendar(CalendarYear Calendar, string Sha256);

/// <summary>The calendars that come with the software, from the notices for 2023 to 2026. Later years are published through the API.</summary>
public static class ShippedCalendars
{
    private const string Prefix = "calendars/";

    // Strict: a misspelt member must not be silently lost, a missing list must not read as an empty one.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>All of them, oldest year first.</summary>
    public static IReadOnlyList<ShippedCalendar> All { get; } = Read();

    private static List<ShippedCalendar> Read() =>
        [.. typeof(ShippedCalendars).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(Read)
            .OrderBy(shipped => shipped.Calendar.Year)];

    private static ShippedCalendar Read(string name)
    {
        using Stream stream = typeof(ShippedCalendars).Assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        CalendarYear calendar = JsonSerializer.Deserialize<CalendarYear>(bytes, Json) ?? throw new JsonException($"{name} is empty.");
        return new(calendar, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }
}
