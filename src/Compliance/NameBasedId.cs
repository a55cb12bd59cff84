using System.Security.Cryptography;
using System.Text;

namespace Compliance;

/// <summary>Name-based UUIDs (RFC 9562, version 5): the same name gives the same id on every node and in every rebuild.</summary>
public static class NameBasedId
{
    private static readonly Guid Namespace = new("5d9f7f0c-5c3a-5b1e-9a44-6f2f1e0a7c21");

    /// <summary>The id of a name; parts are joined by a unit separator, which no part may contain.</summary>
    public static Guid Of(params ReadOnlySpan<string> parts)
    {
        var name = Encoding.UTF8.GetBytes(string.Join('\u001f', parts!));
        var input = new byte[16 + name.Length];
        Namespace.TryWriteBytes(input, bigEndian: true, out _);
        name.CopyTo(input, 16);
#pragma warning disable CA5350 // RFC 9562 names SHA-1 for version 5; it identifies and secures nothing
        var hash = SHA1.HashData(input).AsSpan(0, 16);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash, bigEndian: true);
    }
}
