using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Compliance.Service.Webhooks;

/// <summary>
/// Signatures as Standard Webhooks lays them down: <c>webhook-signature: v1,</c> and, in base64, the HMAC-SHA256 of
/// <c>{webhook-id}.{webhook-timestamp}.{body}</c>. The timestamp is the attempt's, in seconds, and signed with the rest, so
/// that what was overheard cannot be sent again later.
/// </summary>
public static class Signature
{
    /// <summary>A secret that begins so is the base64 of its key; any other is its key, as UTF-8.</summary>
    public const string Prefix = "whsec_";

    /// <summary>Characters of a secret that the receiver chose: 32 of them hold the strength of the digest's half even when they are hexadecimal.</summary>
    public const int ShortestSecret = 32;

    public const int LongestSecret = 200;

    /// <summary>Bytes of a secret made here, as many as the digest has.</summary>
    private const int KeyBytes = 32;

    /// <summary>Bytes a chosen secret in base64 must hold at least: what Standard Webhooks asks for.</summary>
    private const int FewestKeyBytes = 24;

    public static string NewSecret() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));

    public static bool IsSecret(string text) =>
        text.Length is >= ShortestSecret and <= LongestSecret && text.All(c => c is > ' ' and <= '~') && KeyOf(text)?.Length >= FewestKeyBytes;

    public static string Of(string secret, string id, DateTimeOffset sentAt, string body)
    {
        var signed = string.Create(CultureInfo.InvariantCulture, $"{id}.{sentAt.ToUnixTimeSeconds()}.{body}");
        var key = KeyOf(secret) ?? throw new ArgumentException("The secret was refused when it was set.", nameof(secret));
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)));
    }

    private static byte[]? KeyOf(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(secret);
        }

        var key = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[Prefix.Length..], key, out var count) ? key[..count] : null;
    }
}
