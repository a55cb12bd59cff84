using System.Security.Cryptography;
using System.Text;

namespace Compliance.Regulations;

/// <summary>A regulation file that comes with the software, its text, and the SHA-256 of its bytes in lower-case hexadecimal.</summary>
public sealed record ShippedRegulation(Regulation Regulation, string Json, string Sha256);

/// <summary>The regulations that come with the software. Later ones are published through the API.</summary>
public static class ShippedRegulations
{
    private const string Prefix = "regulations/";

    /// <summary>All of them, by id and version.</summary>
    public static IReadOnlyList<ShippedRegulation> All { get; } =
        [.. typeof(ShippedRegulations).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(Read)
            .OrderBy(shipped => shipped.Regulation.Id, StringComparer.Ordinal)
            .ThenBy(shipped => shipped.Regulation.Version)];

    /// <summary>All of them as a set.</summary>
    public static RegulationSet Set { get; } = All.Aggregate(RegulationSet.Empty, (set, shipped) => set.With(shipped.Regulation));

    private static ShippedRegulation Read(string name)
    {
        using Stream stream = typeof(ShippedRegulations).Assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        string json = Encoding.UTF8.GetString(bytes);
        ParsedRegulation parsed = RegulationFile.Parse(json);
        return parsed.Regulation is { } regulation
            ? new(regulation, json, Convert.ToHexStringLower(SHA256.HashData(bytes)))
            : throw new InvalidDataException($"{name}: {string.Join("; ", parsed.Faults)}");
    }
}
