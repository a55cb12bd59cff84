using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace Compliance.Service.Http;

/// <summary>The versions a caller is ready to change.</summary>
/// <param name="Any"><c>If-Match: *</c>: whatever is there; where nothing is, the endpoint answers 404 before it asks.</param>
public sealed record Expected(bool Any, IReadOnlyList<long> Versions);

public static class ETags
{
    /// <summary>Strong: a stream at one version has one representation of its own state.</summary>
    public static string Of(long version) => $"\"{version}\"";

    public static void Set(HttpContext http, long version) => http.Response.Headers.ETag = Of(version);

    /// <summary><c>If-Match</c> of the request: null when there is none. Tags that are weak or not ours are valid and match nothing.</summary>
    public static (Expected? Expected, Problem? Refusal) IfMatch(HttpContext http)
    {
        var values = http.Request.Headers.IfMatch;
        if (values.Count == 0)
            return (null, null);
        if (!EntityTagHeaderValue.TryParseStrictList([.. values.OfType<string>()], out var tags))
            return (null, Problem.Invalid(http, new Fault("header:If-Match", "invalidIfMatch")));
        var versions = new List<long>();
        foreach (var tag in tags.Where(t => !t.IsWeak))
        {
            if (long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
                versions.Add(version);
        }

        return (new Expected(tags.Any(t => t.Equals(EntityTagHeaderValue.Any)), versions), null);
    }

    /// <summary>Whether a change may be made to this version; without <c>If-Match</c> (null) to any.</summary>
    public static bool Admits(this Expected? expected, long version) => expected is null || expected.Any || expected.Versions.Contains(version);

    /// <summary>412: it has moved on since.</summary>
    public static Problem Moved(HttpContext http, long version) => Problem.Refused(http, "versionMoved").Header("ETag", Of(version));
}
