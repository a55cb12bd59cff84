using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Compliance.Devices;

namespace Compliance.Service.Http;

/// <summary>
/// A JSON body, read strictly: what breaks the contract becomes a <see cref="Fault"/> with its pointer, the accessor returns a harmless default and reading goes on, so that one answer names
/// every fault. Nothing read may be used before <see cref="Refused"/> (or, for a line of an import, <see cref="Finish"/>) has said that there is none.
/// </summary>
public sealed partial class Body
{
    /// <summary>A report with every field at its longest is far below; an import is read line by line and has no such bound.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The deepest of our bodies has five levels; deeper nesting is an attack or a mistake.</summary>
    public const int MaxDepth = 32;

    /// <summary>Faults told in one answer: a body of a megabyte can hold a hundred thousand, and its answer must not.</summary>
    public const int MaxFaults = 100;

    private readonly List<Fault> _faults = [];
    private readonly ReadOnlyMemory<byte> _bytes;

    private Body(ReadOnlyMemory<byte> bytes, JsonElement? root)
    {
        _bytes = bytes;
        Element = root ?? default;
        Root = new BodyObject(this, "", root);
    }

    /// <summary>All of it, also what nobody asked for; undefined when it could not be read.</summary>
    internal JsonElement Element { get; }

    public BodyObject Root { get; }

    public IReadOnlyList<Fault> Faults => _faults;

    public bool HasFaults => _faults.Count > 0;

    /// <summary>The whole of it as text, without a byte order mark, for what is parsed elsewhere; call <see cref="HasFaults"/> first.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(WithoutMark(_bytes.Span));

    /// <summary>Of the bytes as sent: the same Idempotency-Key must come with the same.</summary>
    public byte[] Sha256() => SHA256.HashData(_bytes.Span);

    /// <summary>Reads the request's body, of at most <paramref name="maxBytes"/>.</summary>
    public static async Task<Body> Read(HttpContext http, int maxBytes = MaxBytes)
    {
        if (http.Request.ContentLength > maxBytes)
            return Broken(default, "tooLarge", maxBytes);
        var bytes = new ArrayBufferWriter<byte>((int)(http.Request.ContentLength ?? 4096) + 1);
        while (true)
        {
            var count = await http.Request.Body.ReadAsync(bytes.GetMemory(1), http.RequestAborted);
            if (count == 0)
                break;
            bytes.Advance(count);
            if (bytes.WrittenCount > maxBytes)
                return Broken(default, "tooLarge", maxBytes);
        }

        return Parse(bytes.WrittenMemory);
    }

    /// <summary>Also for one line of an import. The bytes must stay as they are while the body is used only if <see cref="Sha256"/> is.</summary>
    public static Body Parse(ReadOnlyMemory<byte> utf8)
    {
        var text = WithoutMark(utf8.Span);
        if (text.IsEmpty)
            return Broken(utf8, "emptyBody");
        if (!Utf8.IsValid(text))
            return Broken(utf8, "invalidUtf8", FirstInvalidByte(text));
        if (DeeperThan(text, MaxDepth))
            return Broken(utf8, "tooDeep", MaxDepth);
        JsonElement root;
        try
        {
            root = JsonElement.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = true });
        }
        catch (JsonException e)
        {
            // The exception's own message quotes what it met; line and byte do not.
            return Broken(utf8, "invalidJson", (e.LineNumber ?? 0) + 1, (e.BytePositionInLine ?? 0) + 1);
        }

        return root.ValueKind == JsonValueKind.Object ? new Body(utf8, root) : Broken(utf8, "wrongType", new Term("object"));
    }

    /// <summary>
    /// For a body that is parsed elsewhere: names within are unique, text is free of control characters and personal data. Gives the answer if anything was wrong.
    /// </summary>
    public Problem? RefusedAsText(HttpContext http)
    {
        Root.CheckRaw();
        return Refused(http);
    }

    /// <summary>Call last: refuses unknown properties at every level, and gives the answer if anything was wrong.</summary>
    public Problem? Refused(HttpContext http)
    {
        Finish();
        return RefusedSoFar(http);
    }

    /// <summary>The answer if anything was wrong up to now; for a body whose unknown properties are judged elsewhere.</summary>
    public Problem? RefusedSoFar(HttpContext http)
    {
        if (!HasFaults)
            return null;
        return _faults is [{ Code: "tooLarge" } tooLarge] ? Problem.Refused(http, tooLarge.Code, tooLarge.Args) : Problem.Invalid(http, _faults);
    }

    /// <summary>Refuses unknown properties at every level; true when there is no fault.</summary>
    public bool Finish()
    {
        Root.Done();
        return !HasFaults;
    }

    /// <summary>Pointers of the properties asked for, and of the objects they were asked of.</summary>
    internal (IReadOnlySet<string> Asked, IReadOnlySet<string> Opened) Asked()
    {
        var (asked, opened) = (new HashSet<string>(), new HashSet<string>());
        Root.Asked(asked, opened);
        return (asked, opened);
    }

    internal void Add(Fault fault)
    {
        if (_faults.Count < MaxFaults)
            _faults.Add(fault);
    }

    internal static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>Whether a name the caller chose may stand in an answer: it looks like a misspelt property, not like content.</summary>
    internal static bool MayEcho(string name) => EchoedName().IsMatch(name) && !PersonalData.Found(name);

    private static Body Broken(ReadOnlyMemory<byte> bytes, string code, params object[] args)
    {
        var body = new Body(bytes, root: null);
        body.Add(new Fault("", code, args));
        return body;
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> utf8) => utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;

    private static int FirstInvalidByte(ReadOnlySpan<byte> text)
    {
        for (var at = 0; at < text.Length;)
        {
            if (System.Text.Rune.DecodeFromUtf8(text[at..], out _, out var consumed) != OperationStatus.Done)
                return at + 1;
            at += consumed;
        }

        return text.Length;
    }

    // The parser stops at the bound too, but only its message tells that from any other error.
    private static bool DeeperThan(ReadOnlySpan<byte> text, int max)
    {
        var depth = 0;
        var inString = false;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'\\' when inString:
                    i++;
                    break;
                case (byte)'"':
                    inString = !inString;
                    break;
                case (byte)'{' or (byte)'[' when !inString:
                    if (++depth > max)
                        return true;
                    break;
                case (byte)'}' or (byte)']' when !inString:
                    depth--;
                    break;
            }
        }

        return false;
    }

    [GeneratedRegex("^[A-Za-z_$][A-Za-z0-9_$.-]{0,63}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EchoedName();
}

/// <summary>
/// One object of a body. A method named after a type requires the property, its <c>Optional…</c> twin takes absence and null for "none". Text is never trimmed, never blank, bounded, free of
/// control characters and of personal data.
/// </summary>
public sealed partial class BodyObject
{
    /// <summary>Characters (UTF-16) of a text that names something.</summary>
    public const int ShortText = 200;

    /// <summary>Characters (UTF-16) of a text that explains something: a reason, a remark.</summary>
    public const int LongText = 4000;

    public const int IdLength = 64;

    /// <summary>Items of a list; the longest of the contract, devices of a case, stays below.</summary>
    public const int MaxItems = 100;

    /// <summary>Days outside are typing errors, and date arithmetic on the first or last day there is would fail.</summary>
    public static readonly DateOnly FirstDay = new(1900, 1, 1);

    public static readonly DateOnly LastDay = new(2199, 12, 31);

    /// <summary>How scanners send FNC1.</summary>
    internal const char GroupSeparator = '\u001d';

    private static readonly DateOnly HarmlessDay = new(2000, 1, 1);

    private readonly Body _body;
    private readonly Dictionary<string, JsonElement>? _properties; // null: broken or of the wrong type, which has been said; every read gives its default
    private readonly HashSet<string> _known = [];
    private readonly List<BodyObject> _children = [];
    private bool _done;

    internal BodyObject(Body body, string pointer, JsonElement? element)
    {
        _body = body;
        Pointer = pointer;
        if (element is not { } e)
            return;
        _properties = [];
        foreach (var property in e.EnumerateObject())
        {
            if (NameOf(property, pointer) is { } name && !_properties.TryAdd(name, property.Value))
                _body.Add(new Fault(Body.MayEcho(name) ? At(name) : pointer, "duplicateProperty"));
        }
    }

    /// <summary>JSON pointer of this object; empty for the root.</summary>
    public string Pointer { get; }

    public bool Has(string name) => Take(name, required: false) is not null;

    public string Text(string name, int maxLength = ShortText, bool lines = false) => TextOf(name, required: true, v => Checked(At(name), v, maxLength, lines, PersonalData.Found)) ?? "";

    public string? OptionalText(string name, int maxLength = ShortText, bool lines = false) => TextOf(name, required: false, v => Checked(At(name), v, maxLength, lines, PersonalData.Found));

    /// <summary>UDI, lot, serial, registration number: <see cref="PersonalData.FoundInDevice"/> says what is refused there.</summary>
    public string DeviceText(string name, int maxLength = ShortText) => TextOf(name, required: true, v => Checked(At(name), v, maxLength, lines: false, PersonalData.FoundInDevice)) ?? "";

    public string? OptionalDeviceText(string name, int maxLength = ShortText) => TextOf(name, required: false, v => Checked(At(name), v, maxLength, lines: false, PersonalData.FoundInDevice));

    /// <summary>Empty when absent.</summary>
    public IReadOnlyList<string> DeviceTexts(string name, int maxItems, int maxLength = ShortText) =>
        ItemsOf(name, maxItems, required: false, (pointer, v) => TextOf(pointer, v) is { } text ? Checked(pointer, text, maxLength, lines: false, PersonalData.FoundInDevice) : null);

    /// <summary>A UDI as it was typed, or as the scanner sent it: with group separators for FNC1, the one control character that belongs there. Of at most <see cref="Udi.MostCharacters"/>.</summary>
    public string? OptionalUdi(string name) =>
        TextOf(name, required: false, v => Checked(At(name), v.Replace(GroupSeparator, ' '), Udi.MostCharacters, lines: false, _ => PersonalData.FoundInDevice(v)) is null ? null : v);

    /// <summary>A digest or pseudonym, which may contain eleven digits by chance.</summary>
    public string OpaqueText(string name, int maxLength = ShortText) => TextOf(name, required: true, v => Checked(At(name), v, maxLength, lines: false, PersonalData.FoundInOpaque)) ?? "";

    public string? OptionalOpaqueText(string name, int maxLength = ShortText) => TextOf(name, required: false, v => Checked(At(name), v, maxLength, lines: false, PersonalData.FoundInOpaque));

    /// <summary>1 to 64 of A-Z, a-z, 0-9, dot, underscore, hyphen.</summary>
    public string Id(string name) => TextOf(name, required: true, v => CheckedId(At(name), v)) ?? "";

    public string? OptionalId(string name) => TextOf(name, required: false, v => CheckedId(At(name), v));

    public Guid Uuid(string name) => UuidOf(name, required: true) ?? Guid.Empty;

    public Guid? OptionalUuid(string name) => UuidOf(name, required: false);

    public bool Flag(string name) => FlagOf(name, required: true) ?? false;

    public bool? OptionalFlag(string name) => FlagOf(name, required: false);

    /// <summary>Both bounds included.</summary>
    public int Integer(string name, int min, int max) => IntegerOf(name, min, max, required: true) ?? min;

    public int? OptionalInteger(string name, int min, int max) => IntegerOf(name, min, max, required: false);

    /// <summary>With decimals or without, both bounds included.</summary>
    public decimal Number(string name, decimal min, decimal max)
    {
        if (Take(name, required: true) is not { } value)
            return min;
        if (value.ValueKind != JsonValueKind.Number || value.GetRawText().AsSpan().ContainsAny("eE"))
            Wrong(At(name), "quantity");
        else if (!value.TryGetDecimal(out var number) || number < min || number > max)
            _body.Add(new Fault(At(name), "outOfRange", min, max));
        else
            return number;
        return min;
    }

    public DateOnly Day(string name) => DayOf(name, required: true) ?? HarmlessDay;

    public DateOnly? OptionalDay(string name) => DayOf(name, required: false);

    public DateTimeOffset Instant(string name) => InstantOf(name, required: true) ?? new DateTimeOffset(HarmlessDay, TimeOnly.MinValue, TimeSpan.Zero);

    public DateTimeOffset? OptionalInstant(string name) => InstantOf(name, required: false);

    public TEnum Choice<TEnum>(string name, IReadOnlyDictionary<string, TEnum> allowed)
        where TEnum : struct => ChoiceOf(name, allowed, required: true) ?? default;

    public TEnum? OptionalChoice<TEnum>(string name, IReadOnlyDictionary<string, TEnum> allowed)
        where TEnum : struct => ChoiceOf(name, allowed, required: false);

    /// <summary>With the wire names of the enum, <see cref="Json.Names"/>.</summary>
    public TEnum Choice<TEnum>(string name)
        where TEnum : struct, Enum => Choice(name, Json.Names<TEnum>());

    public TEnum? OptionalChoice<TEnum>(string name)
        where TEnum : struct, Enum => OptionalChoice(name, Json.Names<TEnum>());

    /// <summary>Empty when absent, unless <paramref name="required"/>.</summary>
    public IReadOnlyList<string> Texts(string name, int maxLength = ShortText, int maxItems = MaxItems, bool required = false) =>
        ItemsOf(name, maxItems, required, (pointer, v) => TextOf(pointer, v) is { } text ? Checked(pointer, text, maxLength, lines: false, PersonalData.Found) : null);

    public IReadOnlyList<string> Ids(string name, int maxItems = MaxItems, bool required = false) =>
        ItemsOf(name, maxItems, required, (pointer, v) => TextOf(pointer, v) is { } text ? CheckedId(pointer, text) : null);

    public IReadOnlyList<DateOnly> Days(string name, int maxItems = MaxItems, bool required = false) =>
        ItemsOf<object>(name, maxItems, required, (pointer, v) => TextOf(pointer, v, "day") is { } text ? CheckedDay(pointer, text) : null).Cast<DateOnly>().ToList();

    public IReadOnlyList<BodyObject> Objects(string name, int maxItems = MaxItems, bool required = false) =>
        ItemsOf(name, maxItems, required, Child);

    /// <summary>Required, and at least one.</summary>
    public IReadOnlyList<BodyObject> SomeObjects(string name)
    {
        if (Take(name, required: false) is { ValueKind: JsonValueKind.Array } value && value.GetArrayLength() == 0)
            _body.Add(new Fault(At(name), "empty"));
        return Objects(name, required: true);
    }

    /// <summary>A missing one is a fault, and reading goes on in one that gives defaults.</summary>
    public BodyObject Object(string name) => ObjectOf(name, required: true) ?? new BodyObject(_body, At(name), element: null);

    public BodyObject? OptionalObject(string name) => ObjectOf(name, required: false);

    /// <summary>Any JSON, for data whose shape is checked elsewhere. Names within are unique, text is free of control characters and personal data; lengths are bounded by the body's.</summary>
    public JsonElement? OptionalRaw(string name)
    {
        if (Take(name, required: false) is not { } value)
            return null;
        return Sound(() => CheckRaw(At(name), value)) ? value : null;
    }

    /// <summary>The same where persons are meant to be named, and kept beside the log: of personal data only an identity-card number is refused.</summary>
    public JsonElement? OptionalPersonal(string name)
    {
        if (Take(name, required: false) is not { } value)
            return null;
        return Sound(() => CheckRaw(At(name), value, PersonalData.FoundIdentityCard)) ? value : null;
    }

    /// <summary>Takes every property as it is; see <see cref="OptionalRaw"/>.</summary>
    internal void CheckRaw()
    {
        foreach (var name in _properties?.Keys ?? Enumerable.Empty<string>())
            OptionalRaw(name);
    }

    /// <summary>Asks for every property without reading any: of an object that is refused as a whole, no more is told.</summary>
    internal void TakeAll() => _known.UnionWith(_properties?.Keys ?? Enumerable.Empty<string>());

    internal void Asked(HashSet<string> asked, HashSet<string> opened)
    {
        opened.Add(Pointer);
        asked.UnionWith(_known.Select(At));
        foreach (var child in _children)
            child.Asked(asked, opened);
    }

    /// <summary>A fault of the caller's own finding, at property <paramref name="name"/>, or at this object when null.</summary>
    public void Fault(string? name, string code, params object[] args) => _body.Add(new Fault(name is null ? Pointer : At(name), code, args));

    /// <summary>Refuses properties nobody asked for, here and in the objects read from here.</summary>
    public void Done()
    {
        if (_done)
            return;
        _done = true;
        foreach (var name in _properties?.Keys.Where(n => !_known.Contains(n)) ?? [])
        {
            if (PersonalData.Found(name))
                _body.Add(new Fault(Pointer, "personalData"));
            else if (!Body.MayEcho(name))
                _body.Add(new Fault(Pointer, "unknownProperty"));
            else if (Spelling.Nearest(name, _known) is { } near)
                _body.Add(new Fault(At(name), "unknownProperty", near));
            else
                _body.Add(new Fault(At(name), "unknownProperty"));
            if (_body.Faults.Count >= Body.MaxFaults)
                return;
        }

        foreach (var child in _children)
            child.Done();
    }

    private string At(string name) => $"{Pointer}/{Body.Escape(name)}";

    private string? NameOf(JsonProperty property, string pointer)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            // half of a surrogate pair, escaped
            _body.Add(new Fault(pointer, "invalidText"));
            return null;
        }
    }

    private JsonElement? Take(string name, bool required)
    {
        _known.Add(name);
        if (_properties is null)
            return null;
        if (_properties.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null)
            return value;
        if (required)
            _body.Add(new Fault(At(name), "missing"));
        return null;
    }

    private string? TextOf(string name, bool required, Func<string, string?> check, string kind = "text") =>
        Take(name, required) is { } value && TextOf(At(name), value, kind) is { } text ? check(text) : null;

    private string? TextOf(string pointer, JsonElement value, string kind = "text")
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Wrong(pointer, kind);
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // half of a surrogate pair, escaped: valid JSON, but no text
            _body.Add(new Fault(pointer, "invalidText"));
            return null;
        }
    }

    private void Wrong(string pointer, string kind) => _body.Add(new Fault(pointer, "wrongType", new Term(kind)));

    private string? Checked(string pointer, string text, int maxLength, bool lines, Func<string, bool> personal)
    {
        Fault? fault = text switch
        {
            _ when text.Length > maxLength => new(pointer, "tooLong", maxLength),
            _ when text.Any(c => char.IsControl(c) && !(lines && c is '\n' or '\r' or '\t')) => new(pointer, "invalidText"),
            _ when string.IsNullOrWhiteSpace(text) => new(pointer, "empty"),
            _ when personal(text) => new(pointer, "personalData"),
            _ => null,
        };
        if (fault is null)
            return text;
        _body.Add(fault);
        return null;
    }

    private string? CheckedId(string pointer, string text)
    {
        if (text.Length > 0 && text.Length <= IdLength && PersonalData.Found(text))
            _body.Add(new Fault(pointer, "personalData"));
        else if (text.Length == 0)
            _body.Add(new Fault(pointer, "empty"));
        else if (!IsId(text))
            _body.Add(new Fault(pointer, "invalidId", IdLength));
        else
            return text;
        return null;
    }

    /// <summary>Whether this may be an identifier; for those in paths too.</summary>
    public static bool IsId(string text) => text.Length is > 0 and <= IdLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private Guid? UuidOf(string name, bool required)
    {
        if (TextOf(name, required, v => v) is not { } text)
            return null;
        if (Guid.TryParseExact(text, "D", out var id))
            return id;
        _body.Add(new Fault(At(name), "invalidUuid"));
        return null;
    }

    private bool? FlagOf(string name, bool required)
    {
        if (Take(name, required) is not { } value)
            return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Wrong(At(name), "boolean");
        return null;
    }

    private int? IntegerOf(string name, int min, int max, bool required)
    {
        if (Take(name, required) is not { } value)
            return null;
        // 1.0 and 1e3 are refused: a sender that writes them computed in floating point
        if (value.ValueKind != JsonValueKind.Number || value.GetRawText().AsSpan().ContainsAny(".eE"))
            Wrong(At(name), "integer");
        else if (!value.TryGetInt32(out var number) || number < min || number > max)
            _body.Add(new Fault(At(name), "outOfRange", min, max));
        else
            return number;
        return null;
    }

    private DateOnly? DayOf(string name, bool required) => TextOf(name, required, v => v, "day") is { } text ? CheckedDay(At(name), text) : null;

    private DateOnly? CheckedDay(string pointer, string text)
    {
        if (!TryDay(text, out var day))
            _body.Add(new Fault(pointer, "invalidDay"));
        else if (day < FirstDay || day > LastDay)
            _body.Add(new Fault(pointer, "outOfRange", FirstDay, LastDay));
        else
            return day;
        return null;
    }

    private DateTimeOffset? InstantOf(string name, bool required)
    {
        if (TextOf(name, required, v => v, "instant") is not { } text)
            return null;
        if (!TryInstant(text, out var instant))
            _body.Add(new Fault(At(name), "invalidInstant"));
        else if (!InRange(instant))
            _body.Add(new Fault(At(name), "outOfRange", FirstDay, LastDay));
        else
            return instant;
        return null;
    }

    internal static bool InRange(DateTimeOffset instant) => DateOnly.FromDateTime(instant.UtcDateTime) is var day && day >= FirstDay && day <= LastDay;

    internal static bool TryDay(string text, out DateOnly day) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day);

    internal static bool TryInstant(string text, out DateTimeOffset instant)
    {
        instant = default;
        if (Rfc3339().Match(text) is not { Success: true } match)
            return false;
        // PostgreSQL keeps microseconds: what it would round is cut here, so that an instant reads back as it was taken.
        var fraction = match.Groups["fraction"].Value;
        var offset = match.Groups["offset"].Value;
        var canonical = $"{match.Groups["second"].Value.ToUpperInvariant()}{(fraction.Length > 7 ? fraction[..7] : fraction)}{(offset is "Z" or "z" ? "+00:00" : offset)}";
        return DateTimeOffset.TryParseExact(canonical, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out instant);
    }

    private TEnum? ChoiceOf<TEnum>(string name, IReadOnlyDictionary<string, TEnum> allowed, bool required)
        where TEnum : struct
    {
        if (TextOf(name, required, v => v) is not { } text)
            return null;
        if (allowed.TryGetValue(text, out var value))
            return value;
        _body.Add(new Fault(At(name), "unknownValue", string.Join(", ", allowed.Keys)));
        return null;
    }

    private List<T> ItemsOf<T>(string name, int maxItems, bool required, Func<string, JsonElement, T?> read)
        where T : class
    {
        if (Take(name, required) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong(At(name), "array");
            return [];
        }

        if (value.GetArrayLength() > maxItems)
        {
            _body.Add(new Fault(At(name), "tooMany", maxItems));
            return [];
        }

        var items = new List<T>();
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            if (read($"{At(name)}/{index}", item) is { } good)
                items.Add(good);
        }

        return items;
    }

    private BodyObject? ObjectOf(string name, bool required) => Take(name, required) is { } value ? Child(At(name), value) : null;

    private BodyObject? Child(string pointer, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            Wrong(pointer, "object");
            return null;
        }

        var child = new BodyObject(_body, pointer, value);
        _children.Add(child);
        return child;
    }

    // Faults beyond the most that are told are not counted.
    private bool Sound(Action check)
    {
        var before = _body.Faults.Count;
        check();
        return _body.Faults.Count == before && before < Body.MaxFaults;
    }

    private void CheckRaw(string pointer, JsonElement value) => CheckRaw(pointer, value, PersonalData.Found);

    private void CheckRaw(string pointer, JsonElement value, Func<string, bool> personal)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String when TextOf(pointer, value) is { } text:
                if (text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
                    _body.Add(new Fault(pointer, "invalidText"));
                else if (personal(text))
                    _body.Add(new Fault(pointer, "personalData"));
                break;
            // jsonb keeps numbers exactly and refuses 1e200000; these it keeps.
            case JsonValueKind.Number when value.GetRawText() is { Length: > 30 } || !value.TryGetDecimal(out _) || value.GetRawText().AsSpan().ContainsAny("eE"):
                _body.Add(new Fault(pointer, "outOfRange", decimal.MinValue, decimal.MaxValue));
                break;
            // Quotes left out do not make a telephone number a quantity.
            case JsonValueKind.Number when personal(value.GetRawText()):
                _body.Add(new Fault(pointer, "personalData"));
                break;
            case JsonValueKind.Array:
                foreach (var (index, item) in value.EnumerateArray().Index())
                    CheckRaw($"{pointer}/{index}", item, personal);
                break;
            case JsonValueKind.Object:
                var seen = new HashSet<string>();
                foreach (var property in value.EnumerateObject())
                {
                    if (NameOf(property, pointer) is not { } name)
                        continue;
                    var echoed = Body.MayEcho(name) ? $"{pointer}/{Body.Escape(name)}" : pointer;
                    if (name.Any(char.IsControl))
                        _body.Add(new Fault(pointer, "invalidText"));
                    if (personal(name))
                        _body.Add(new Fault(pointer, "personalData"));
                    if (!seen.Add(name))
                        _body.Add(new Fault(echoed, "duplicateProperty"));
                    CheckRaw(echoed, property.Value, personal);
                }

                break;
        }
    }

    [GeneratedRegex(@"^(?<second>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(?<fraction>\.[0-9]{1,9})?(?<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rfc3339();
}

/// <summary>What a misspelt name was probably meant to be.</summary>
internal static class Spelling
{
    private const int MostEdits = 2;

    /// <summary>The known name at the fewest edits, case aside; none when it takes more than two, or more than a third of the name.</summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        string? best = null;
        var fewest = Math.Min(MostEdits, Math.Max(1, name.Length / 3)) + 1;
        foreach (var candidate in known)
        {
            if (Math.Abs(candidate.Length - name.Length) < fewest && Edits(name.ToLowerInvariant(), candidate.ToLowerInvariant()) is var edits && edits < fewest)
                (best, fewest) = (candidate, edits);
        }

        return best;
    }

    // optimal string alignment: insertion, deletion, replacement, and two neighbours swapped count one each
    private static int Edits(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                var replaced = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replaced, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }

        return cost[a.Length, b.Length];
    }
}
