using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Compliance.Devices;

/// <summary>Why a text is not a UDI.</summary>
/// <param name="Code">A stable English identifier, one of <see cref="Codes"/>; the sentences for it stand in one table.</param>
/// <param name="Position">The character at fault in the text as given, the first being 1; one behind the last where the text ends too early.</param>
/// <param name="Ai">The Application Identifier it is about; null where it is about none.</param>
public sealed record UdiFault(string Code, int Position, string? Ai)
{
    public const string Empty = "udiEmpty";
    public const string TooLong = "udiTooLong";

    /// <summary>The symbology identifier of a barcode that carries no GS1 element strings.</summary>
    public const string Carrier = "udiCarrier";

    /// <summary>An Application Identifier should stand here: two digits, or two to four in brackets.</summary>
    public const string NoAi = "udiNoAi";
    public const string UnknownAi = "udiUnknownAi";

    /// <summary>A value ends before it has the characters its identifier demands.</summary>
    public const string ValueShort = "udiValueShort";
    public const string ValueLong = "udiValueLong";
    public const string NotDigit = "udiNotDigit";

    /// <summary>Outside the GS1 AI encodable character set 82.</summary>
    public const string Character = "udiCharacter";
    public const string CheckDigit = "udiCheckDigit";
    public const string Date = "udiDate";

    /// <summary>The same identifier a second time, with another value.</summary>
    public const string Contradiction = "udiContradiction";

    /// <summary>No GTIN, or one of nothing but zeros, which passes the check and names nothing.</summary>
    public const string NoProduct = "udiNoProduct";

    /// <summary>Digits alone that are neither 8, 12, 13 nor 14.</summary>
    public const string GtinLength = "udiGtinLength";

    public static readonly IReadOnlyList<string> Codes =
        [Empty, TooLong, Carrier, NoAi, UnknownAi, ValueShort, ValueLong, NotDigit, Character, CheckDigit, Date, Contradiction, NoProduct, GtinLength];
}

/// <summary>A UDI, or why the text is none; exactly one of the two.</summary>
public sealed record UdiRead(Udi? Udi, UdiFault? Fault);

/// <summary>
/// A unique device identification (医疗器械唯一标识, UDI) in the GS1 system: which product (产品标识, UDI-DI), and which piece or batch of it (生产标识, UDI-PI). NV-DEV-REGISTER, NV-DEV-BARCODE.
/// </summary>
/// <remarks>
/// Read from GS1 element strings (GS1 General Specifications, sections 3 and 7.8), as people write them, every Application Identifier (AI) in brackets, or as a scanner sends them, with the
/// group separator (0x1D) for FNC1; and from a GTIN alone. Only what an institution's labels carry is known here; another AI is one row in the table.
/// </remarks>
/// <param name="Di">The GTIN as 14 digits, shorter ones with zeros in front: AI 01.</param>
/// <param name="Lot">Batch or lot (批号), 1 to 20 characters: AI 10.</param>
/// <param name="MadeOn">Production date: AI 11. Where the label gives no day, the last of the month.</param>
/// <param name="ExpiresOn">The last day it may be used (失效日期): AI 17. Where the label gives no day, the last of the month.</param>
/// <param name="Serial">Serial number (序列号), 1 to 20 characters: AI 21.</param>
/// <param name="AdditionalId">The maker's further product number, 1 to 30 characters: AI 240.</param>
/// <param name="VariableCount">Pieces in a package of varying content: AI 30.</param>
/// <param name="Count">Trade items contained: AI 37.</param>
/// <param name="Canonical">The same for every way of writing it: all elements in brackets, by rising AI, days written out. Reading it, on the same day, gives this UDI again.</param>
public sealed record Udi(
    string Di, string? Lot, DateOnly? MadeOn, DateOnly? ExpiresOn, string? Serial, string? AdditionalId, int? VariableCount, int? Count, string Canonical)
{
    /// <summary>Longer than a label with every element known here at its longest, those of company use included (91 to 99, 90 characters each).</summary>
    public const int MostCharacters = 1_000;

    private const char GroupSeparator = '\u001d';
    private const int GtinDigits = 14;
    private const string Gtin = "01";
    private const string MadeOnAi = "11";
    private const string ExpiryAi = "17";

    // GS1-128, GS1 DataMatrix, GS1 QR Code, GS1 DataBar and Composite, GS1 DotCode: the carriers of element strings (General Specifications, symbology identifiers).
    private static readonly FrozenSet<string> Carriers = FrozenSet.Create("]C1", "]d2", "]Q3", "]e0", "]J1");

    /// <param name="Least">Fewest characters.</param>
    /// <param name="Most">Most characters.</param>
    /// <param name="Digits">Digits alone; otherwise character set 82.</param>
    /// <param name="Predefined">Of the table of predefined lengths: no FNC1 ends it. What is not in that table is ended by one, or by the end, even if its length is fixed.</param>
    private sealed record Format(int Least, int Most, bool Digits, bool Predefined);

    // From the Application Identifier tables of the General Specifications. To add an AI: its row here; a longer key than two digits also goes into LengthOfAi.
    private static readonly FrozenDictionary<string, Format> Formats = new Dictionary<string, Format>
    {
        [Gtin] = new(GtinDigits, GtinDigits, Digits: true, Predefined: true),
        ["10"] = new(1, 20, Digits: false, Predefined: false),
        [MadeOnAi] = new(6, 6, Digits: true, Predefined: true),
        [ExpiryAi] = new(6, 6, Digits: true, Predefined: true),
        ["21"] = new(1, 20, Digits: false, Predefined: false),
        ["240"] = new(1, 30, Digits: false, Predefined: false),
        ["30"] = new(1, 8, Digits: true, Predefined: false),
        ["37"] = new(1, 8, Digits: true, Predefined: false),
        ["91"] = CompanyUse,
        ["92"] = CompanyUse,
        ["93"] = CompanyUse,
        ["94"] = CompanyUse,
        ["95"] = CompanyUse,
        ["96"] = CompanyUse,
        ["97"] = CompanyUse,
        ["98"] = CompanyUse,
        ["99"] = CompanyUse,
    }.ToFrozenDictionary();

    private static Format CompanyUse => new(1, 90, Digits: false, Predefined: false);

    /// <summary>Reads a UDI.</summary>
    /// <param name="text">Element strings in brackets, full-width ones included, where <c>\(</c> is a bracket that belongs to a value; element strings as scanned, with or without symbology identifier; or a GTIN of 14, 13, 12 or 8 digits.</param>
    /// <param name="on">The day of use or receipt. Labels give years by two digits: the one meant lies from 49 years before this day's to 50 after it (General Specifications, determination of century).</param>
    public static UdiRead Parse(string text, DateOnly on)
    {
        // A group separator is white space, too: before the first element and behind the last it says nothing.
        var end = text.AsSpan().TrimEnd().Length;
        var start = end - text.AsSpan(0, end).TrimStart().Length;
        if (start == end)
            return new(null, new(UdiFault.Empty, 1, null));
        if (end - start > MostCharacters)
            return new(null, new(UdiFault.TooLong, start + MostCharacters + 1, null));
        var reader = new Reader(text, start, end);
        var elements = reader.Elements();
        return reader.Fault is { } fault ? new(null, fault) : Of(elements, on, end);
    }

    /// <summary>A GTIN of 8, 12, 13 or 14 digits as 14, the check digit verified; null when it is none.</summary>
    public static string? Gtin14(string text) =>
        text.Length is 8 or 12 or 13 or GtinDigits && text.All(char.IsAsciiDigit) && text.PadLeft(GtinDigits, '0') is var gtin && CheckDigitOf(gtin) == gtin[^1] && gtin.Any(c => c != '0') ? gtin : null;

    /// <summary>Modulo 10: the digits before it, from the right, weigh 3 and 1 in turn; the check digit brings their sum to a multiple of ten.</summary>
    private static char CheckDigitOf(ReadOnlySpan<char> gtin14)
    {
        var sum = 0;
        for (var i = 0; i < GtinDigits - 1; i++)
            sum += (gtin14[i] - '0') * (i % 2 == 0 ? 3 : 1);
        return (char)('0' + ((10 - (sum % 10)) % 10));
    }

    /// <param name="At">The place of its first character, or where it would be had a GTIN its leading zeros; values of digits stand there without gaps.</param>
    private sealed record Element(string Ai, string Value, int At);

    private static UdiRead Of(IReadOnlyList<Element> elements, DateOnly on, int end)
    {
        static UdiRead Faulty(string code, int at, string? ai) => new(null, new(code, at + 1, ai));
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var days = new Dictionary<string, DateOnly>();
        foreach (var (ai, value, at) in elements)
        {
            if (!values.TryAdd(ai, value))
            {
                // Scanned from two barcodes of one label, an element may come twice.
                if (values[ai] != value)
                    return Faulty(UdiFault.Contradiction, at, ai);
                continue;
            }

            if (ai == Gtin && CheckDigitOf(value) != value[^1])
                return Faulty(UdiFault.CheckDigit, at + GtinDigits - 1, ai);
            if (ai is not (MadeOnAi or ExpiryAi))
                continue;
            var (year, month, day) = (Year(Number(value[..2]), on.Year), Number(value[2..4]), Number(value[4..]));
            if (month is < 1 or > 12)
                return Faulty(UdiFault.Date, at + 2, ai);
            var last = DateTime.DaysInMonth(year, month);
            if (day > last)
                return Faulty(UdiFault.Date, at + 4, ai);
            // Day 00, allowed on labels of before 2025, is the last of the month.
            days[ai] = new(year, month, day == 0 ? last : day);
        }

        if (!values.TryGetValue(Gtin, out var di))
            return Faulty(UdiFault.NoProduct, end, Gtin);
        if (di.All(c => c == '0'))
            return Faulty(UdiFault.NoProduct, elements.First(e => e.Ai == Gtin).At + GtinDigits - 1, Gtin);
        foreach (var (ai, day) in days)
            values[ai] = day.ToString("yyMMdd", CultureInfo.InvariantCulture);
        int? NumberOf(string ai) => values.TryGetValue(ai, out var value) ? Number(value) : null;
        DateOnly? DayOf(string ai) => days.TryGetValue(ai, out var day) ? day : null;
        return new(
            new(
                di,
                values.GetValueOrDefault("10"),
                DayOf(MadeOnAi),
                DayOf(ExpiryAi),
                values.GetValueOrDefault("21"),
                values.GetValueOrDefault("240"),
                NumberOf("30"),
                NumberOf("37"),
                string.Concat(values.Select(v => $"({v.Key}){v.Value.Replace("(", "\\(", StringComparison.Ordinal)}"))),
            null);
    }

    private static int Number(string digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Of the three centuries around a year, the one that brings two digits nearest to it: 51 or more ahead belong to the one before, 50 or more behind to the next.</summary>
    private static int Year(int twoDigits, int now) => (now / 100 * 100) + twoDigits + ((twoDigits - (now % 100)) switch { >= 51 => -100, <= -50 => 100, _ => 0 });

    /// <summary>Takes a text apart into elements, up to the first fault of form: identifiers, lengths and characters.</summary>
    private sealed class Reader(string text, int start, int end)
    {
        private readonly bool _bracketed = IsOpening(text[start]);
        private readonly bool _digitsAlone = !text.AsSpan(start, end - start).ContainsAnyExceptInRange('0', '9');
        private readonly int _length = end - start;
        private int _at = start;

        public UdiFault? Fault { get; private set; }

        public IReadOnlyList<Element> Elements()
        {
            var elements = new List<Element>();
            // The shortest element string has an identifier before its GTIN.
            if (_digitsAlone && _length <= GtinDigits)
                return Alone();
            SkipStart();
            // At least once: a symbology identifier with nothing behind it is an element that does not begin.
            do
            {
                if (Ai() is { } ai && Value(ai) is { } element)
                    elements.Add(element);
            }
            while (Fault is null && _at < end);
            return elements;
        }

        private static bool IsOpening(char c) => c is '(' or '（';

        private static bool IsClosing(char c) => c is ')' or '）';

        private IReadOnlyList<Element> Alone()
        {
            if (_length is 8 or 12 or 13 or GtinDigits)
                return [new(Gtin, text[_at..end].PadLeft(GtinDigits, '0'), end - GtinDigits)];
            Fail(UdiFault.GtinLength, _at, Gtin);
            return [];
        }

        private void SkipStart()
        {
            if (text[_at] == ']')
            {
                if (end - _at < 3 || !Carriers.Contains(text[_at..(_at + 3)]))
                    Fail(UdiFault.Carrier, _at, null);
                _at = Math.Min(_at + 3, end);
            }

            // Some scanners send the FNC1 at the start, too, which the symbology identifier stands for.
            if (_at < end && text[_at] == GroupSeparator)
                _at++;
        }

        private string? Ai()
        {
            if (Fault is not null)
                return null;
            var from = _at;
            if (_bracketed)
            {
                if (!IsOpening(text[_at]))
                    return Fail(UdiFault.NoAi, _at, null);
                from++;
            }

            var length = 0;
            while (from + length < end && char.IsAsciiDigit(text[from + length]) && length < (_bracketed ? 4 : LengthOfAi(text.AsSpan(from, length))))
                length++;
            if (length < 2 || (_bracketed && (from + length == end || !IsClosing(text[from + length]))))
                return Fail(UdiFault.NoAi, from + length, null);
            var ai = text[from..(from + length)];
            if (!Formats.ContainsKey(ai))
                return Fail(UdiFault.UnknownAi, from, ai);
            _at = from + length + (_bracketed ? 1 : 0);
            return ai;
        }

        // The first two digits say how long an identifier is.
        private static int LengthOfAi(ReadOnlySpan<char> begun) => begun is ['2', '4', ..] ? 3 : 2;

        private Element? Value(string ai)
        {
            var format = Formats[ai];
            if (_bracketed)
                SkipSpaces();
            var (first, value) = (_at, new StringBuilder());
            while (!Ended(format, value.Length))
            {
                var escaped = _bracketed && text[_at] == '\\' && _at + 1 < end && text[_at + 1] is '(' or ')';
                var c = text[escaped ? _at + 1 : _at];
                if (format.Digits && !char.IsAsciiDigit(c))
                    return Failed(UdiFault.NotDigit, _at, ai);
                if (!IsOfSet82(c))
                    return Failed(UdiFault.Character, _at, ai);
                if (value.Length == format.Most)
                    return Failed(UdiFault.ValueLong, _at, ai);
                value.Append(c);
                _at += escaped ? 2 : 1;
            }

            if (value.Length < format.Least)
                return Failed(UdiFault.ValueShort, _at, ai);
            if (_bracketed)
                SkipSpaces();
            else if (_at < end && text[_at] == GroupSeparator)
                // Behind a predefined length it is superfluous, and says nothing else.
                _at++;
            return new(ai, value.ToString(), first);
        }

        private bool Ended(Format format, int length)
        {
            if (_at >= end)
                return true;
            if (!_bracketed)
                return text[_at] == GroupSeparator || (format.Predefined && length == format.Most);
            if (!IsSpace(text[_at]))
                return IsOpening(text[_at]);
            // Spaces between elements are how labels are set; one within a value is a fault.
            var next = _at;
            while (next < end && IsSpace(text[next]))
                next++;
            return next == end || IsOpening(text[next]);
        }

        private void SkipSpaces()
        {
            while (_at < end && IsSpace(text[_at]))
                _at++;
        }

        private static bool IsSpace(char c) => c is ' ' or '\u3000';

        private static bool IsOfSet82(char c) => char.IsAsciiLetterOrDigit(c) || "!\"%&'()*+,-./:;<=>?_".Contains(c);

        private string? Fail(string code, int at, string? ai)
        {
            Fault ??= new(code, at + 1, ai);
            return null;
        }

        private Element? Failed(string code, int at, string ai)
        {
            Fail(code, at, ai);
            return null;
        }
    }
}
