using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Compliance.Service.Http;

namespace Compliance.Service.Cases.Sheets;

/// <summary>How a cell's text becomes a value of the contract, and back. What cannot be read is passed on as it is, so that the report's reader says what is wrong with it.</summary>
internal static partial class Cells
{
    /// <summary>Shown to whoever wrote a day or an instant that cannot be read.</summary>
    public const string DayExample = "2026-03-02";

    public const string InstantExample = "2026-03-02 14:20";

    /// <summary>An offset is not written in spreadsheets: their times are Shanghai's.</summary>
    private const string Offset = "+08:00";

    /// <summary>Shown by a workbook's reader for a formula without a value: the program that wrote it did not compute, and what the cell should hold is not in the file.</summary>
    public const string NotComputed = "#UNCOMPUTED!";

    /// <summary>Before a number in a column of texts whose format shows something else than the number: what its writer saw there is not what is kept.</summary>
    private const string Formatted = "#FORMAT! ";

    /// <summary>Spreadsheets count days from here, because they hold 1900 for a leap year; days before March 1900 are off by one, and refused anyway.</summary>
    private static readonly DateTime SerialZero = new(1899, 12, 30, 0, 0, 0, DateTimeKind.Unspecified);

    /// <summary>Serial numbers below are 1954, above 2173: rather a number typed into the wrong column.</summary>
    private const decimal FirstSerial = 20_000;

    private const decimal EndOfSerials = 100_000;

    private static readonly char[] Separators = [';', '；'];

    /// <summary>The marks a spreadsheet takes for the beginning of a formula. A value that begins with one is written with an apostrophe before it, which says "text" there and is dropped here.</summary>
    private const char TextMark = '\'';

    /// <summary>The text of a cell without what only a spreadsheet needs; null when it is blank.</summary>
    public static string? Value(string cell)
    {
        var text = cell.Trim();
        if (text is [TextMark, ..])
            text = text[1..];
        return text.Length == 0 ? null : text;
    }

    /// <summary>The cell of a value of a text column, so that <see cref="Value"/> gives it back, also after a spreadsheet program has had it. What could be run as a formula is marked when the file is written.</summary>
    public static string Of(string value) => value.AsSpan().TrimStart() is [TextMark, ..] || IsRetyped(value.Trim()) ? TextMark + value : value;

    /// <summary>A cell of a text column as it stands in a sheet, marked as <see cref="Of"/> would unless it is.</summary>
    public static string Marked(string cell) => IsRetyped(cell.Trim()) ? TextMark + cell.Trim() : cell;

    /// <summary>Whether a spreadsheet program wrote here that it could not compute.</summary>
    public static bool IsError(string value) => value is ['#', ..] && Error().IsMatch(value);

    /// <summary>Whether a spreadsheet program wrote a number here that has more digits than it keeps.</summary>
    public static bool IsRounded(string value) => Rounded().IsMatch(value);

    /// <summary>Whether the number here was shown as something else.</summary>
    public static bool IsFormatted(string value) => value.StartsWith(Formatted, StringComparison.Ordinal);

    /// <summary>A number (or a day, which is one) of a spreadsheet in a column of texts, whose format does not show it as it is.</summary>
    public static string AsFormatted(string number) => Formatted + number;

    // Opened and saved, 0012 is 12, 39.70 is 39.7, 3-1 a day in March, and twelve digits are three with an exponent.
    private static bool IsRetyped(string value) => value.Length > 0 && Retyped().IsMatch(value) && !PlainNumber().IsMatch(value);

    public static IReadOnlyList<string> Items(string value) => value.Split(Separators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public static void Write(Utf8JsonWriter json, CaseColumn column, string value, Func<string, string?> technique)
    {
        switch (column.Kind)
        {
            case CellKind.List:
                json.WriteStartArray();
                foreach (var item in Items(value))
                    json.WriteStringValue(NameOf(column, item));
                json.WriteEndArray();
                break;
            case CellKind.Choice:
                json.WriteStringValue(NameOf(column, value));
                break;
            case CellKind.Technique:
                json.WriteStringValue(technique(value) ?? value);
                break;
            case CellKind.Flag when Flag(value) is { } flag:
                json.WriteBooleanValue(flag);
                break;
            case CellKind.Integer when value.Length <= 18 && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                json.WriteNumberValue(number);
                break;
            case CellKind.Day:
                json.WriteStringValue(Day(value) is { } day ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : value);
                break;
            case CellKind.Instant:
                json.WriteStringValue(Instant(value) ?? value);
                break;
            default:
                json.WriteStringValue(value);
                break;
        }
    }

    /// <summary>The cell of a value as it stands in a report.</summary>
    public static string Show(CaseColumn column, JsonElement value, Language language) => value.ValueKind switch
    {
        JsonValueKind.Array => Of(string.Join(';', value.EnumerateArray().Select(v => LabelOf(column, v.GetString()!, language) ?? v.GetString()))),
        JsonValueKind.True => Label(CaseColumns.YesNo[0], language),
        JsonValueKind.False => Label(CaseColumns.YesNo[1], language),
        JsonValueKind.String when value.GetString() is { } text => LabelOf(column, text, language) ?? (column.Kind == CellKind.Text ? Of(text) : text),
        JsonValueKind.Number => value.GetRawText(),
        _ => "",
    };

    public static string Label(Choice choice, Language language) => language == Language.Chinese ? choice.Chinese : choice.Name;

    private static string? LabelOf(CaseColumn column, string name, Language language) => column.Choices.FirstOrDefault(c => c.Name == name) is { } choice ? Label(choice, language) : null;

    private static string NameOf(CaseColumn column, string value) => column.Choices.FirstOrDefault(c => c.Chinese == value || c.Name.Equals(value, StringComparison.OrdinalIgnoreCase))?.Name ?? value;

    public static bool? Flag(string value) => value.ToLowerInvariant() switch
    {
        "是" or "yes" or "y" or "true" or "1" => true,
        "否" or "no" or "n" or "false" or "0" => false,
        _ => null,
    };

    /// <summary>A day in any of the writings of spreadsheets, year first; null when it is none. With a time only if that is midnight.</summary>
    public static DateOnly? Day(string value)
    {
        if (Written(value) is { } at)
            return at.Time is null || at.Time == TimeSpan.Zero ? at.Day : null;
        return Serial(value) is { } serial && serial.TimeOfDay == TimeSpan.Zero ? DateOnly.FromDateTime(serial) : null;
    }

    /// <summary>An instant as RFC 3339: a day with its time in Shanghai, or a serial number with a fraction. Null for what is written otherwise, RFC 3339 itself among it.</summary>
    public static string? Instant(string value)
    {
        if (Written(value) is { Time: { } time } at)
            return string.Create(CultureInfo.InvariantCulture, $"{at.Day:yyyy-MM-dd}T{time:hh\\:mm\\:ss}{Offset}");
        return value.Contains('.', StringComparison.Ordinal) && Serial(value) is { } serial ? string.Create(CultureInfo.InvariantCulture, $"{serial:yyyy-MM-dd'T'HH:mm:ss}{Offset}") : null;
    }

    private static (DateOnly Day, TimeSpan? Time)? Written(string value)
    {
        if (DayAndTime().Match(value.Replace('：', ':')) is not { Success: true } match)
            return null;
        int Part(string name) => match.Groups[name] is { Success: true, Value: var digits } ? int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        var (year, month, day) = (Part("year"), Part("month"), Part("day"));
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
            return null;
        var (hour, minute, second) = (Part("hour"), Part("minute"), Part("second"));
        if (hour > 23 || minute > 59 || second > 59)
            return null;
        return (new(year, month, day), match.Groups["hour"].Success ? new TimeSpan(hour, minute, second) : null);
    }

    private static DateTime? Serial(string value) =>
        SerialNumber().IsMatch(value) && decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var days) && days is >= FirstSerial and < EndOfSerials
            ? SerialZero.AddSeconds((double)decimal.Round(days * 86_400, 0))
            : null;

    private const int TimeoutMilliseconds = 1000; // none can run away; a bound all the same

    // 2026-03-02, 2026/3/2, 2026.3.2, 2026年3月2日; behind it 14:20, 14:20:05, T14:20, 14时20分
    [GeneratedRegex(
        @"^(?<year>[0-9]{4})(?:[-/.](?<month>[0-9]{1,2})[-/.](?<day>[0-9]{1,2})|年(?<month>[0-9]{1,2})月(?<day>[0-9]{1,2})日)(?:(?:[ T]+|(?<=日))(?<hour>[0-9]{1,2})(?::(?<minute>[0-9]{2})(?::(?<second>[0-9]{2}))?|[时點点](?<minute>[0-9]{1,2})分(?:(?<second>[0-9]{1,2})秒)?))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        TimeoutMilliseconds)]
    private static partial Regex DayAndTime();

    [GeneratedRegex(@"^[0-9]{5}(?:\.[0-9]{1,12})?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeoutMilliseconds)]
    private static partial Regex SerialNumber();

    [GeneratedRegex(@"^-?[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeoutMilliseconds)]
    private static partial Regex Rounded();

    [GeneratedRegex(@"^#(?:N/A|GETTING_DATA|[A-Z][A-Z0-9/]*[!?])\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeoutMilliseconds)]
    private static partial Regex Error();

    // What numbers, days, times, shares and amounts are made of, or a month's name beside digits.
    [GeneratedRegex(
        @"^(?=.*[0-9])(?:[0-9 .,/:%$¥￥年月日时分秒Ee+-]+|(?:[0-9]{1,4}[ /.-]*)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}(?:[ /.,-]*[0-9]{1,4})?|[0-9: ]+[ap]m?|\([0-9.,]+\))\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase,
        TimeoutMilliseconds)]
    private static partial Regex Retyped();

    // As it is typed, so it comes back: at most eleven digits, none of them a zero that only fills.
    [GeneratedRegex(@"^(?=[0-9.]{1,11}\z)(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeoutMilliseconds)]
    private static partial Regex PlainNumber();
}
