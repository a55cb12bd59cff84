using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using Compliance.Devices;
using Microsoft.Extensions.Primitives;

namespace Compliance.Service.Http;

/// <summary>One page of a list. The cursor continues it; null at its end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

public static class Page
{
    public static Page<T> Of<T>(IReadOnlyList<T> items, string? nextCursor) => new(items, nextCursor);

    /// <summary>A cursor from the keys of the last item shown, to be read back with <see cref="Query.Cursor"/>. Opaque to callers, secret to nobody.</summary>
    public static string Cursor(params IReadOnlyList<string> keys) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(keys, Json.Options));
}

/// <summary>
/// Query parameters and identifiers in the path, read as strictly as bodies. The pointer of a fault is <c>query:name</c> or <c>path:name</c>. Parameters nobody asked for, or given twice, are refused, so that no misspelt filter silently
/// shows everything.
/// </summary>
public sealed class Query
{
    public const int MaxLimit = 500;
    public const int DefaultLimit = 100;

    private const int MaxText = 200;

    /// <summary>The longest has a product and a lot of 200 characters each.</summary>
    private const int MaxCursor = 4000;

    private readonly IQueryCollection _query;
    private readonly RouteValueDictionary _path;
    private readonly HashSet<string> _known = [];
    private readonly List<Fault> _faults = [];
    private bool _done;

    private Query(HttpRequest request)
    {
        _query = request.Query;
        _path = request.RouteValues;
    }

    public IReadOnlyList<Fault> Faults => _faults;

    public bool HasFaults => _faults.Count > 0;

    public static Query Of(HttpContext http) => new(http.Request);

    public static string Pointer(string name) => $"query:{name}";

    public string Text(string name)
    {
        MissingUnlessGiven(name);
        return TextOf(name) ?? "";
    }

    public string? OptionalText(string name) => TextOf(name);

    public string Id(string name)
    {
        MissingUnlessGiven(name);
        return IdOf(name) ?? "";
    }

    public string? OptionalId(string name) => IdOf(name);

    /// <summary>An identifier that stands in the route under this name.</summary>
    public string PathId(string name)
    {
        var text = _path[name] as string ?? "";
        if (PersonalData.FoundInOpaque(text))
            _faults.Add(new Fault($"path:{name}", "personalData"));
        else if (!BodyObject.IsId(text))
            _faults.Add(new Fault($"path:{name}", "invalidId", BodyObject.IdLength));
        else
            return text;
        return "";
    }

    /// <summary>
    /// A UDI, or what names a product, that stands in the route under this name: as it was sent, for a UDI may hold slashes and group separators, and the route's own value leaves an encoded slash encoded.
    /// </summary>
    /// <param name="sent">The text of that segment, decoded.</param>
    public string PathDevice(string name, string sent)
    {
        if (sent.Length > Udi.MostCharacters)
            PathFault(name, "tooLong", Udi.MostCharacters);
        else if (sent.Any(c => (char.IsControl(c) && c != BodyObject.GroupSeparator) || c == '\uFFFD'))
            PathFault(name, "invalidText");
        else if (string.IsNullOrWhiteSpace(sent))
            PathFault(name, "empty");
        else if (PersonalData.FoundInDevice(sent))
            PathFault(name, "personalData");
        else
            return sent;
        return "";
    }

    /// <summary>Lot, serial or registration number: <see cref="PersonalData.FoundInDevice"/> says what is refused there.</summary>
    public string? OptionalDeviceText(string name) => TextOf(name, PersonalData.FoundInDevice);

    /// <summary>A UUID that stands in the route under this name.</summary>
    public Guid PathUuid(string name)
    {
        if (Guid.TryParseExact(_path[name] as string, "D", out var id))
            return id;
        PathFault(name, "invalidUuid");
        return Guid.Empty;
    }

    /// <summary>A day that stands in the route under this name.</summary>
    public DateOnly PathDay(string name)
    {
        if (!BodyObject.TryDay(_path[name] as string ?? "", out var day))
            PathFault(name, "invalidDay");
        else if (day < BodyObject.FirstDay || day > BodyObject.LastDay)
            PathFault(name, "outOfRange", BodyObject.FirstDay, BodyObject.LastDay);
        else
            return day;
        return BodyObject.FirstDay;
    }

    /// <summary>A number without sign that stands in the route under this name; both bounds included.</summary>
    public int PathInteger(string name, int min, int max)
    {
        var text = _path[name] as string ?? "";
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            PathFault(name, "wrongType", new Term("integer"));
        else if (number < min || number > max)
            PathFault(name, "outOfRange", min, max);
        else
            return number;
        return min;
    }

    /// <summary>A fault of the caller's own finding, in the path.</summary>
    public void PathFault(string name, string code, params object[] args) => _faults.Add(new Fault($"path:{name}", code, args));

    public DateOnly Day(string name)
    {
        if (OptionalDay(name) is { } day)
            return day;
        MissingUnlessGiven(name);
        return new DateOnly(2000, 1, 1);
    }

    public DateOnly? OptionalDay(string name)
    {
        if (Take(name) is not { } text)
            return null;
        if (!BodyObject.TryDay(text, out var day))
            Add(name, "invalidDay");
        else if (day < BodyObject.FirstDay || day > BodyObject.LastDay)
            Add(name, "outOfRange", BodyObject.FirstDay, BodyObject.LastDay);
        else
            return day;
        return null;
    }

    public DateTimeOffset? OptionalInstant(string name)
    {
        if (Take(name) is not { } text)
            return null;
        // A plus sign not written %2B arrives as a space, and an instant has no other.
        if (!BodyObject.TryInstant(text.Replace(' ', '+'), out var instant))
            Add(name, "invalidInstant");
        else if (!BodyObject.InRange(instant))
            Add(name, "outOfRange", BodyObject.FirstDay, BodyObject.LastDay);
        else
            return instant;
        return null;
    }

    /// <summary>Both bounds included.</summary>
    public int Integer(string name, int min, int max, int byDefault) => OptionalInteger(name, min, max) ?? byDefault;

    public int? OptionalInteger(string name, int min, int max) => (int?)LongOf(name, min, max);

    public bool Flag(string name, bool byDefault = false) => Take(name) switch
    {
        null => byDefault,
        "true" => true,
        "false" => false,
        _ => Add(name, "wrongType", new Term("boolean")) && byDefault,
    };

    public TEnum Choice<TEnum>(string name, IReadOnlyDictionary<string, TEnum> allowed)
        where TEnum : struct
    {
        if (OptionalChoice(name, allowed) is { } value)
            return value;
        MissingUnlessGiven(name);
        return default;
    }

    public TEnum? OptionalChoice<TEnum>(string name, IReadOnlyDictionary<string, TEnum> allowed)
        where TEnum : struct
    {
        if (Take(name) is not { } text)
            return null;
        if (allowed.TryGetValue(text, out var value))
            return value;
        Add(name, "unknownValue", string.Join(", ", allowed.Keys));
        return null;
    }

    public TEnum Choice<TEnum>(string name)
        where TEnum : struct, Enum => Choice(name, Json.Names<TEnum>());

    public TEnum? OptionalChoice<TEnum>(string name)
        where TEnum : struct, Enum => OptionalChoice(name, Json.Names<TEnum>());

    /// <summary><c>limit</c>: items of a page.</summary>
    public int Limit() => Integer("limit", 1, MaxLimit, DefaultLimit);

    /// <summary><c>minPosition</c>: what is shown must have been reached by it.</summary>
    public long? Position() => LongOf("minPosition", 0, long.MaxValue);

    /// <summary><c>cursor</c>, as <see cref="Page.Cursor"/> made it of <paramref name="keys"/> keys; null when the list begins.</summary>
    public IReadOnlyList<string>? Cursor(int keys)
    {
        if (Take("cursor") is not { } text)
            return null;
        if (text.Length <= MaxCursor && Decode(text) is { } decoded && decoded.Count == keys)
            return decoded;
        Add("cursor", "invalidCursor");
        return null;
    }

    public void Fault(string name, string code, params object[] args) => Add(name, code, args);

    /// <summary>Call last: gives the answer if anything was wrong.</summary>
    public Problem? Refused(HttpContext http)
    {
        Done();
        return HasFaults ? Problem.Invalid(http, _faults) : null;
    }

    /// <summary>Refuses parameters nobody asked for, and those given twice.</summary>
    public void Done()
    {
        if (_done)
            return;
        _done = true;
        _faults.AddRange(Unknown(_query.Keys, _known).Take(Body.MaxFaults));
    }

    internal static IEnumerable<Fault> Unknown(IEnumerable<string> given, IReadOnlyCollection<string> known)
    {
        foreach (var name in given.Where(n => !known.Contains(n, StringComparer.Ordinal)))
        {
            if (PersonalData.Found(name))
                yield return new Fault(Pointer(""), "personalData");
            else if (!Body.MayEcho(name))
                yield return new Fault(Pointer(""), "unknownParameter");
            else if (Spelling.Nearest(name, known) is { } near)
                yield return new Fault(Pointer(name), "unknownParameter", near);
            else
                yield return new Fault(Pointer(name), "unknownParameter");
        }
    }

    private static IReadOnlyList<string>? Decode(string text)
    {
        try
        {
            var keys = JsonSerializer.Deserialize<List<string>>(Base64Url.DecodeFromChars(text), Json.Options);
            return keys is not null && !keys.Exists(k => k is null || k.Any(c => char.IsControl(c) && c != BodyObject.GroupSeparator)) ? keys : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private string? Take(string name)
    {
        _known.Add(name);
        // The framework's collection ignores case; the contract does not.
        if (!_query.TryGetValue(name, out StringValues values) || !_query.Keys.Contains(name, StringComparer.Ordinal))
            return null;
        if (values.Count > 1)
        {
            Add(name, "repeatedParameter");
            return null;
        }

        if (!string.IsNullOrEmpty(values[0]))
            return values[0];
        Add(name, "empty");
        return null;
    }

    private string? TextOf(string name) => TextOf(name, PersonalData.Found);

    private string? TextOf(string name, Func<string, bool> personal)
    {
        if (Take(name) is not { } text)
            return null;
        if (text.Length > MaxText)
            Add(name, "tooLong", MaxText);
        else if (text.Any(c => char.IsControl(c) || c == '\uFFFD'))
            Add(name, "invalidText");
        else if (personal(text))
            Add(name, "personalData");
        else
            return text;
        return null;
    }

    private string? IdOf(string name)
    {
        if (TextOf(name) is not { } text)
            return null;
        if (BodyObject.IsId(text))
            return text;
        Add(name, "invalidId", BodyObject.IdLength);
        return null;
    }

    private long? LongOf(string name, long min, long max)
    {
        if (Take(name) is not { } text)
            return null;
        if (text.Length > 20 || text.AsSpan(text[0] == '-' ? 1 : 0) is not { IsEmpty: false } digits || digits.ContainsAnyExceptInRange('0', '9'))
            Add(name, "wrongType", new Term("integer"));
        else if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
            Add(name, "outOfRange", min, max);
        else
            return number;
        return null;
    }

    private void MissingUnlessGiven(string name)
    {
        if (!_query.Keys.Contains(name, StringComparer.Ordinal))
            Add(name, "missing");
    }

    private bool Add(string name, string code, params object[] args)
    {
        _faults.Add(new Fault(Pointer(name), code, args));
        return true;
    }
}
