using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Compliance.Cases;

namespace Compliance.Devices;

/// <summary>A device as one line of a standing case names it, its UDI read. What the carrier says outweighs what was typed beside it.</summary>
/// <param name="Technique">The case's.</param>
/// <param name="UsedOn">The day the case counts on.</param>
/// <param name="Line">Its place in the report, from 0.</param>
/// <param name="Udi">In canonical form; null where none was given or it is not to be read.</param>
/// <param name="Product">The GTIN of 14 digits, also where only what stands behind it cannot be read. Of another issuing agency's UDI, and of one without a sound GTIN, <see cref="NameOf"/>. Null where none was given.</param>
/// <param name="ProductKnown">Whether it is a GTIN.</param>
/// <param name="Lot">Null where nobody said.</param>
/// <param name="Serial">Null where nobody said.</param>
/// <param name="MadeFrom">The first day on which it may have been made, as the UDI says.</param>
/// <param name="MadeOn">The last such day; the same where the label gives the day.</param>
/// <param name="ExpiresOn">The last day it might be used, as the UDI says.</param>
/// <param name="Registration">The number of its registration as it is compared; null where nobody said.</param>
/// <param name="SingleUse">As the hospital declared it.</param>
public sealed record DeviceUsed(
    Guid CaseId,
    string Institution,
    string Technique,
    DateOnly UsedOn,
    int Line,
    string? Udi,
    string? Product,
    bool ProductKnown,
    string? Lot,
    string? Serial,
    DateOnly? MadeFrom,
    DateOnly? MadeOn,
    DateOnly? ExpiresOn,
    string? Registration,
    bool? SingleUse)
{
    /// <summary>Characters of a text that stands for a product as it is.</summary>
    private const int LongestName = 200;

    // What forms are filled with when there is nothing to say, letters and digits alone.
    private static readonly FrozenSet<string> Nothing = FrozenSet.Create(
        "无", "没有", "暂无", "空", "缺", "不详", "未知", "不明", "不清", "不清楚", "不适用", "未提供", "未填", "未填写", "未标注", "未标识", "无法识别", "无编号", "无序列号", "无批号",
        "NA", "NIL", "NONE", "NULL", "UNK", "UNKNOWN", "NOTAPPLICABLE", "NOTAVAILABLE");

    /// <summary>The devices of a case as it stands; none once it is voided.</summary>
    public static IReadOnlyList<DeviceUsed> Of(Case.State state) => state is { Voided: false, Report: { } report, Key: { } key } ? [.. report.Devices.Select((d, i) => Of(key, i, d))] : [];

    public static DeviceUsed Of(CaseKey key, int line, DeviceUse device)
    {
        var text = Said(device.Udi);
        var read = text is null ? null : Devices.Udi.Parse(text, key.CompletedOn);
        var udi = read?.Udi ?? read?.Partial;
        return new(
            key.CaseId,
            key.Institution,
            key.Technique,
            key.CompletedOn,
            line,
            read?.Udi?.Canonical,
            udi?.Di ?? (text is null ? null : NameOf(text)),
            udi is not null,
            // People type UDIs as they fill forms, and a label that says 0000 tells no two pieces apart either.
            Said(udi?.Lot) ?? Said(device.Lot),
            Said(udi?.Serial) ?? Said(device.Serial),
            udi?.MadeFrom,
            udi?.MadeOn,
            udi?.ExpiresOn,
            Said(device.Registration) is { } number ? DeviceRegistration.NumberOf(number) : null,
            device.SingleUse);
    }

    /// <summary>What stands for a product whose GTIN is not known: the text itself, the same text being the same product; its digest where it is longer than an index may hold.</summary>
    /// <param name="text">Without spaces around it.</param>
    public static string NameOf(string text) => text.Length <= LongestName ? text : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    /// <summary>The text without spaces around it; null when it says nothing: no letter or digit, only zeros, or a word for nothing. A stroke typed into every empty field must not make one serial number of a thousand devices.</summary>
    public static string? Said(string? text)
    {
        if (text?.Trim() is not { } said)
            return null;
        var word = DeviceRegistration.NumberOf(string.Concat(said.Where(char.IsLetterOrDigit)));
        return word.All(c => c == '0') || Nothing.Contains(word) ? null : said;
    }
}
