using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Compliance.Devices;

namespace Compliance.Service.Http;

/// <summary>
/// No name, identity-card or telephone number is accepted in any text field. What can be told from text alone is told here: mainland identity-card numbers, mobile and landline numbers in
/// their usual writings, and names that are labelled as such (a bare name cannot be told from other words; properties for names do not exist, so they are refused as unknown).
/// Full-width and other Unicode digits count as digits, invisible characters as nothing.
/// </summary>
/// <remarks>
/// Device fields (UDI, lot, serial, registration) are read more narrowly, for makers number as they please: eleven digits alone, or parted by hyphens, are a lot there, not a telephone number.
/// Refused are a telephone number that shows itself as one (+86, parted by spaces, or beside a word such as 电话) and an unbroken identity-card number of 18 characters with valid region,
/// birth date and check digit, also as lot or serial inside a GS1 element string: one in some thirty thousand serials of 18 digits passes that test by chance. The old 15-digit form
/// has no check digit and is not looked for there. Refused, too, are the elements of a GS1 label that say who a person is, such as those of a wristband.
/// </remarks>
public static partial class PersonalData
{
    /// <summary>From here on an opaque value may contain eleven digits by chance: one in 150 SHA-256 digests in hexadecimal does, and one in 600 UUIDs.</summary>
    public const int DigestLength = 32;

    private const int FewestDigits = 7; // of a landline without area code

    private const string Gap = @"[ .\-]{1,3}";
    private const string MaybeGap = @"[ .\-]{0,3}";

    // eight digits that are a date: "138-20260302" is a ward and a day, not a telephone
    private const string NotADate = "(?!(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9]))";

    private const string MobileDigits =
        "(?:1[3-9][0-9]{9}"
        + "|1[3-9][0-9]" + Gap + "[0-9]{4}" + Gap + "[0-9]{4}"
        + "|1[3-9][0-9]" + Gap + NotADate + "[0-9]{8}"
        + "|1[3-9][0-9]{5}" + Gap + "[0-9]{4}"
        + "|1[3-9][0-9]{2}" + Gap + "[0-9]{3}" + Gap + "[0-9]{4}"
        + "|1[3-9][0-9]" + Gap + "[0-9]{3}" + Gap + "[0-9]{5}"
        + "|1" + Gap + "[3-9](?:" + Gap + "[0-9]){9})";

    private const string MobileNumber = @"(?<![0-9])(?:\(?(?:\+|00)?86\)?" + MaybeGap + "0?|0)?" + MobileDigits + "(?![0-9])";

    // the area codes that are given out; 0301 or 0201 as month and day are none of them
    private const string Area =
        "(?:10|2[0-9]"
        + "|3(?:1[0-9]|35|49|5[0-9]|7[0-9]|9[1-8])"
        + "|4(?:1[0-9]|2[179]|3[1-9]|5[1-9]|6[4789]|7[0-9]|8[23])"
        + "|5(?:1[0-9]|2[37]|3[0-9]|4[36]|5[0-9]|6[1-6]|7[0-9]|80|9[1-9])"
        + "|6(?:3[1-5]|6[0238]|9[12])"
        + "|7(?:01|1[0-9]|2[248]|3[0-9]|4[3-6]|5[0-9]|6[0-9]|7[0-9]|9[0-9])"
        + "|8(?:1[2-9]|2[5-7]|3[0-9]|5[1-9]|7[0-9]|8[3678]|9[1-8])"
        + "|9(?:0[1-9]|1[0-9]|3[0-9]|4[13]|5[1-5]|7[0-9]|9[0-9]))";

    // a subscriber's number never begins with 0 or 1; "2026-0312-…" is a dated number, hence the second look back
    private const string LandlineNumber =
        @"(?<![0-9])(?<![0-9]-)(?:\(?0" + Area + @"\)?|\(?(?:\+|00)86\)?" + MaybeGap + @"\(?0?\)?" + Area + @"\)?)"
        + MaybeGap + "[2-9][0-9]{2,3}" + MaybeGap + "[0-9]{4}(?![0-9])";

    /// <summary>Whether a text field holds what must not be kept.</summary>
    public static bool Found(string text)
    {
        var plain = Plain(text, out var digits);
        return LabelledName().IsMatch(plain)
            || (digits >= FewestDigits && (Mobile().IsMatch(plain) || Landline().IsMatch(plain) || IdentityCard(plain, spaced: true, oldForm: true)));
    }

    /// <summary>The narrower reading for UDI, lot, serial and registration number; see the remarks of the class.</summary>
    public static bool FoundInDevice(string text)
    {
        var plain = Plain(text, out var digits);
        return LabelledName().IsMatch(plain)
            || Udi.NamesAPerson(plain)
            || Udi.NamesAPerson(text)
            || (digits >= FewestDigits && (PlainlyTelephone().IsMatch(plain) || LabelledTelephone().IsMatch(plain) || IdentityCard(plain, spaced: false, oldForm: false)));
    }

    /// <summary>For digests and pseudonyms: a short one is read as any text, a long one only for identity-card numbers with their check digit.</summary>
    public static bool FoundInOpaque(string text) => text.Length < DigestLength ? Found(text) : IdentityCard(Plain(text, out _), spaced: false, oldForm: false);

    /// <summary>An identity-card number, which is never needed, also where a person is named.</summary>
    public static bool FoundIdentityCard(string text) => IdentityCard(Plain(text, out _), spaced: true, oldForm: true);

    private static string Plain(string text, out int digits)
    {
        digits = 0;
        // Most text is ids and codes, which are plain already.
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            foreach (var c in text)
                digits += char.IsAsciiDigit(c) ? 1 : 0;
            return text;
        }

        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.DecimalDigitNumber:
                    plain.Append((char)('0' + (int)Rune.GetNumericValue(rune)));
                    digits++;
                    break;
                case UnicodeCategory.Format:
                    break;
                case UnicodeCategory.SpaceSeparator or UnicodeCategory.Control:
                    plain.Append(' ');
                    break;
                case UnicodeCategory.DashPunctuation:
                    plain.Append('-');
                    break;
                default:
                    if (rune.Value is >= 0xFF01 and <= 0xFF5E)
                        plain.Append((char)(rune.Value - 0xFEE0));
                    else if (rune.Value is 0x2212)
                        plain.Append('-');
                    else if (rune.Value is 0x00B7 or 0x2022 or 0x30FB)
                        plain.Append('.');
                    else
                        plain.Append(rune.ToString());
                    break;
            }
        }

        return plain.ToString();
    }

    private static bool IdentityCard(string text, bool spaced, bool oldForm)
    {
        Span<char> number = stackalloc char[18];
        for (var start = 0; start < text.Length; start++)
        {
            if (!char.IsAsciiDigit(text[start]) || (start > 0 && char.IsAsciiDigit(text[start - 1])))
                continue;
            var count = 0;
            var gap = 0;
            var gaps = false;
            var at = start;
            for (; at < text.Length && count < 18; at++)
            {
                var c = text[at];
                if (char.IsAsciiDigit(c) || (count == 17 && c is 'X' or 'x'))
                {
                    number[count++] = char.ToUpperInvariant(c);
                    gap = 0;
                    if (oldForm && count == 15 && !gaps && !DigitAt(text, at + 1) && IsOldForm(number[..15]))
                        return true;
                }
                else if (spaced && gap < 3 && c is ' ' or '-' or '.')
                {
                    gap++;
                    gaps = true;
                }
                else
                {
                    break;
                }
            }

            if (count == 18 && !DigitAt(text, at) && IsNewForm(number))
                return true;
        }

        return false;
    }

    private static bool DigitAt(string text, int at) => at < text.Length && char.IsAsciiDigit(text[at]);

    private static bool IsNewForm(ReadOnlySpan<char> number)
    {
        if (!IsRegion(number) || !IsBirthDate(number[6..14]))
            return false;
        // ISO 7064 mod 11-2, as GB 11643 lays down
        ReadOnlySpan<int> weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        var sum = 0;
        for (var i = 0; i < weights.Length; i++)
            sum += weights[i] * (number[i] - '0');
        return "10X98765432"[sum % 11] == number[17];
    }

    private static bool IsOldForm(ReadOnlySpan<char> number) => IsRegion(number) && IsBirthDate($"19{number[6..12]}");

    private static bool IsRegion(ReadOnlySpan<char> number) => ((number[0] - '0') * 10 + number[1] - '0') is
        (>= 11 and <= 15) or (>= 21 and <= 23) or (>= 31 and <= 37) or (>= 41 and <= 46) or (>= 50 and <= 54) or (>= 61 and <= 66) or 71 or (>= 81 and <= 83) or 91;

    private static bool IsBirthDate(ReadOnlySpan<char> yyyyMMdd) =>
        DateOnly.TryParseExact(yyyyMMdd, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 1900 and < 2100;

    private const int TimeoutMilliseconds = 1000; // none of these can run away; a bound all the same

    [GeneratedRegex(MobileNumber, RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Mobile();

    [GeneratedRegex(LandlineNumber, RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Landline();

    [GeneratedRegex(@"\+86\)?" + MaybeGap + "0?" + MobileDigits + @"(?![0-9])|(?<![0-9])1[3-9][0-9] {1,3}[0-9]{4} {1,3}[0-9]{4}(?![0-9])", RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex PlainlyTelephone();

    [GeneratedRegex("(?:电话|手机|联系方式|tel|phone|mobile)[^0-9+]{0,6}(?:" + MobileNumber + "|" + LandlineNumber + ")", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, TimeoutMilliseconds)]
    private static partial Regex LabelledTelephone();

    [GeneratedRegex(@"姓名 *[:=是为] *\p{L}|patient(?:'s|’s)? name *(?:is |:|=) *\p{L}", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, TimeoutMilliseconds)]
    private static partial Regex LabelledName();
}
