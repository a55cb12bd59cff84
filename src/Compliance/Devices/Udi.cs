using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Compliance.Devices;

/// <summary>Why a text is not a UDI.</summary>
/// <param name="Code">A stable English identifier, one of <see cref="Codes"/>; the sentences for it stand in one table.</param>
/// <param name="Position">The character at fault in the text as given, the first being 1; one behind the last where the text ends too early.</param>
/// <param name="Ai">The Application Identifier it is about; null where it is about none.</param>
public sealed record UdiFault(string Code, int Position, string? Ai)
{
    public const string Empty = "udiEmpty";

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
        [Empty, Carrier, NoAi, UnknownAi, ValueShort, ValueLong, NotDigit, Character, CheckDigit, Date, Contradiction, NoProduct, GtinLength];
}

/// <summary>A UDI, or why the text is none: exactly one of the first two.</summary>
/// <param name="Partial">Beside a fault behind a sound product: what stands before the fault, without the elements at fault. A recall must find whoever had that product. Null where no product was read, or nothing is wrong.</param>
public sealed record UdiRead(Udi? Udi, UdiFault? Fault, Udi? Partial);

/// <summary>
/// A unique device identification (医疗器械唯一标识, UDI) in the GS1 system: which product (产品标识, UDI-DI), and which piece or batch of it (生产标识, UDI-PI). NV-DEV-REGISTER, NV-DEV-BARCODE.
/// </summary>
/// <remarks>
/// Read from GS1 element strings (GS1 General Specifications, sections 3 and 7.8), as people write them, every Application Identifier (AI) in brackets, or as a scanner sends them, with the
/// group separator (0x1D) for FNC1; and from a GTIN alone. All Application Identifiers of its tables are known, so that no element hides what stands behind it; all but 8018 and 7250 to 7259, which say
/// who a person is and belong to no device.
/// </remarks>
/// <param name="Di">The GTIN as 14 digits, shorter ones with zeros in front: AI 01.</param>
/// <param name="Lot">Batch or lot (批号), 1 to 20 characters: AI 10.</param>
/// <param name="MadeFrom">The first day on which it may have been made: the first of the month where the label gives no day, and otherwise <paramref name="MadeOn"/>.</param>
/// <param name="MadeOn">Production date: AI 11. Where the label gives no day, the last of the month.</param>
/// <param name="ExpiresOn">The last day it may be used (失效日期): AI 17. Where the label gives no day, the last of the month.</param>
/// <param name="Serial">Serial number (序列号), 1 to 20 characters: AI 21.</param>
/// <param name="AdditionalId">The maker's further product number, 1 to 30 characters: AI 240.</param>
/// <param name="VariableCount">Pieces in a package of varying content: AI 30.</param>
/// <param name="Count">Trade items contained: AI 37.</param>
/// <param name="Canonical">The same for every way of writing it: all elements in brackets, by rising AI, the last day written out. Reading it, on the same day, gives this UDI again.</param>
public sealed partial record Udi(
    string Di, string? Lot, DateOnly? MadeFrom, DateOnly? MadeOn, DateOnly? ExpiresOn, string? Serial, string? AdditionalId, int? VariableCount, int? Count, string Canonical)
{
    /// <summary>Characters of a text that may be reported as one: longer than any label, company use (91 to 99, 90 characters each) included.</summary>
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
    /// <param name="Digits">So many characters are digits, from the first on; the others are of character set 82.</param>
    private sealed record Format(int Least, int Most, int Digits);

    // The Application Identifier tables of the General Specifications, section 3, in their own notation, held against GS1's own syntax dictionary: n digits, x characters, .. at most, what is in brackets may be left out. To add an AI: its row here; LengthOfAi if its
    // first two digits are new.
    private static readonly FrozenDictionary<string, Format> Formats = Tables(
        """
        00 n18
        01-03 n14
        10 x..20
        11-13 n6
        15-17 n6
        20 n2
        21-22 x..20
        235 x..28
        240-241 x..30
        242 n..6
        243 x..20
        250-251 x..30
        253 n13[x..17]
        254 x..20
        255 n13[n..12]
        30 n..8
        3100-3169 n6
        3200-3299 n6
        3300-3379 n6
        3400-3499 n6
        3500-3579 n6
        3600-3699 n6
        37 n..8
        3900-3909 n..15
        3910-3919 n3n..15
        3920-3929 n..15
        3930-3939 n3n..15
        3940-3949 n4
        3950-3959 n6
        400-401 x..30
        402 n17
        403 x..30
        410-417 n13
        420 x..20
        421 n3x..9
        422 n3
        423 n3[n..12]
        424 n3
        425 n3[n..12]
        426 n3
        427 x..3
        4300-4301 x..35
        4302-4306 x..70
        4307 x2
        4308 x..30
        4309 n20
        4310-4311 x..35
        4312-4316 x..70
        4317 x2
        4318 x..20
        4319 x..30
        4320 x..35
        4321-4323 n1
        4324-4325 n10
        4326 n6
        4330-4333 n6[x1]
        7001 n13
        7002 x..30
        7003 n10
        7004 n..4
        7005 x..12
        7006 n6
        7007 n6[n..6]
        7008 x..3
        7009 x..10
        7010 x..2
        7011 n6[n4]
        7020-7022 x..20
        7023 x..30
        7030-7039 n3x..27
        7040 n1x3
        7041 x..4
        710-717 x..20
        7230-7239 x2x..28
        7240 x..20
        7241 n2
        7242 x..25
        8001 n14
        8002 x..20
        8003 n14[x..16]
        8004 x..30
        8005 n6
        8006 n18
        8007 x..34
        8008 n8[n..4]
        8009 x..50
        8010 x..30
        8011 n..12
        8012 x..20
        8013-8014 x..25
        8017 n18
        8019 n..10
        8020 x..25
        8026 n18
        8030 x..90
        8110 x..70
        8111 n4
        8112 x..70
        8200 x..70
        90 x..30
        91-99 x..90
        """);

    /// <summary>Reads a UDI.</summary>
    /// <param name="text">Element strings in brackets, full-width ones included, where <c>\(</c> is a bracket that belongs to a value; element strings as scanned, with or without symbology identifier; or a GTIN of 14, 13, 12 or 8 digits.</param>
    /// <param name="on">The day of use or receipt. Labels give years by two digits: the one meant lies from 49 years before this day's to 50 after it (General Specifications, determination of century).</param>
    public static UdiRead Parse(string text, DateOnly on)
    {
        if (Within(text) is not { Length: > 0 } within)
            return new(null, new(UdiFault.Empty, 1, null), null);
        var reader = new Reader(text, within.Start, within.Start + within.Length);
        var elements = reader.Elements();
        return Of(elements, reader.Fault, on, within.Start + within.Length);
    }

    /// <summary>Whether an element says who a person is (AI 8018, 7250 to 7259): a wristband scanned instead of a device, or a name typed like one.</summary>
    public static bool NamesAPerson(string text)
    {
        if (!text.Contains("725", StringComparison.Ordinal) && !text.Contains("8018", StringComparison.Ordinal))
            return false;
        if (PersonInBrackets().IsMatch(text))
            return true;
        if (Within(text) is not { Length: > 0 } within)
            return false;
        var reader = new Reader(text, within.Start, within.Start + within.Length);
        // A lot may begin with these digits; behind a product, or in a carrier of elements, they are an identifier.
        return (reader.Elements().Any(e => e.Ai == Gtin) || text[within.Start] == ']')
            && reader.Fault is { Code: UdiFault.UnknownAi, Ai: "8018" or ['7', '2', '5', _] };
    }

    [GeneratedRegex(@"[(（](?:8018|725[0-9])[)）]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PersonInBrackets();

    // Before the first element and behind the last a group separator says nothing; .NET does not count it among white space.
    private static (int Start, int Length) Within(string text)
    {
        static bool IsBlank(char c) => char.IsWhiteSpace(c) || c == GroupSeparator;
        var (start, end) = (0, text.Length);
        while (end > 0 && IsBlank(text[end - 1]))
            end--;
        while (start < end && IsBlank(text[start]))
            start++;
        return (start, end - start);
    }

    private static FrozenDictionary<string, Format> Tables(string rows)
    {
        var formats = new Dictionary<string, Format>();
        foreach (var row in rows.Split('\n'))
        {
            var (ais, notation) = (row.Split(' ')[0].Split('-'), row.Split(' ')[1]);
            var (least, most, digits) = (0, 0, 0);
            foreach (Match part in Notation().Matches(notation))
            {
                var length = Number(part.Groups["length"].Value);
                // Digits that are followed by other characters stand at the beginning in every format there is.
                digits += part.Groups["kind"].Value == "n" ? length : 0;
                least += part.Groups["open"].Success ? 0 : part.Groups["most"].Success ? 1 : length;
                most += length;
            }

            for (var ai = Number(ais[0]); ai <= Number(ais[^1]); ai++)
                formats.Add(ai.ToString($"D{ais[0].Length}", CultureInfo.InvariantCulture), new(least, most, digits));
        }

        return formats.ToFrozenDictionary();
    }

    [GeneratedRegex(@"(?<open>\[)?(?<kind>[nx])(?<most>\.\.)?(?<length>[0-9]+)\]?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Notation();

    // The table of predefined lengths, by the first two digits (section 7.8.5): no FNC1 ends these. What is not in it is ended by one, or by the end, even if its length is fixed.
    private static bool IsPredefined(string ai) => Number(ai[..2]) is <= 4 or (>= 11 and <= 20) or (>= 31 and <= 36) or 41;

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

    private static UdiRead Of(IReadOnlyList<Element> elements, UdiFault? fault, DateOnly on, int end)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var days = new Dictionary<string, DateOnly>();
        var spoilt = new HashSet<string>();
        void Spoil(string code, int at, string ai)
        {
            fault ??= new(code, at + 1, ai);
            spoilt.Add(ai);
        }

        foreach (var (ai, value, at) in elements)
        {
            if (!values.TryAdd(ai, value))
            {
                // Scanned from two barcodes of one label, an element may come twice.
                if (values[ai] != value)
                    Spoil(UdiFault.Contradiction, at, ai);
                continue;
            }

            if (ai == Gtin && CheckDigitOf(value) != value[^1])
                Spoil(UdiFault.CheckDigit, at + GtinDigits - 1, ai);
            if (ai is not (MadeOnAi or ExpiryAi))
                continue;
            var (year, month, day) = (Year(Number(value[..2]), on.Year), Number(value[2..4]), Number(value[4..]));
            if (month is < 1 or > 12)
                Spoil(UdiFault.Date, at + 2, ai);
            else if (DateTime.DaysInMonth(year, month) is var last && day > last)
                Spoil(UdiFault.Date, at + 4, ai);
            else
                // Day 00, allowed on labels of before 2025, is the last of the month.
                days[ai] = new(year, month, day == 0 ? last : day);
        }

        if (!values.TryGetValue(Gtin, out var di))
            fault ??= new(UdiFault.NoProduct, end + 1, Gtin);
        else if (di.All(c => c == '0'))
            Spoil(UdiFault.NoProduct, elements.First(e => e.Ai == Gtin).At + GtinDigits - 1, Gtin);
        foreach (var ai in spoilt)
            values.Remove(ai);
        var read = values.ContainsKey(Gtin) ? Of(values, days) : null;
        return fault is null ? new(read, null, null) : new(null, fault, read);
    }

    private static Udi Of(SortedDictionary<string, string> values, Dictionary<string, DateOnly> days)
    {
        int? NumberOf(string ai) => values.TryGetValue(ai, out var value) ? Number(value) : null;
        DateOnly? DayOf(string ai) => values.ContainsKey(ai) ? days[ai] : null;
        var (madeOn, expiresOn) = (DayOf(MadeOnAi), DayOf(ExpiryAi));
        var someDay = madeOn is not null && values[MadeOnAi].EndsWith("00", StringComparison.Ordinal);
        // Of an expiry only the last day counts; when a device was made nobody knows better than the label.
        if (expiresOn is { } expires)
            values[ExpiryAi] = expires.ToString("yyMMdd", CultureInfo.InvariantCulture);
        return new(
            values[Gtin],
            values.GetValueOrDefault("10"),
            someDay ? madeOn!.Value.AddDays(1 - madeOn.Value.Day) : madeOn,
            madeOn,
            expiresOn,
            values.GetValueOrDefault("21"),
            values.GetValueOrDefault("240"),
            NumberOf("30"),
            NumberOf("37"),
            string.Concat(values.Select(v => $"({v.Key}){v.Value.Replace("(", "\\(", StringComparison.Ordinal)}")));
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
        private static int LengthOfAi(ReadOnlySpan<char> begun) => begun switch
        {
            ['2', '3' or '4' or '5', ..] or ['4', '0' or '1' or '2', ..] or ['7', '1', ..] => 3,
            ['3', (>= '1' and <= '6') or '9', ..] or ['4', '3', ..] or ['7', '0' or '2', ..] or ['8', '0' or '1' or '2', ..] => 4,
            _ => 2,
        };

        private Element? Value(string ai)
        {
            var format = Formats[ai];
            if (_bracketed)
                SkipSpaces();
            var (first, value) = (_at, new StringBuilder());
            var predefined = IsPredefined(ai);
            while (!Ended(predefined && value.Length == format.Most))
            {
                var escaped = _bracketed && text[_at] == '\\' && _at + 1 < end && text[_at + 1] is '(' or ')';
                var c = text[escaped ? _at + 1 : _at];
                if (value.Length < format.Digits && !char.IsAsciiDigit(c))
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

        private bool Ended(bool complete)
        {
            if (_at >= end)
                return true;
            if (!_bracketed)
                return text[_at] == GroupSeparator || complete;
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
