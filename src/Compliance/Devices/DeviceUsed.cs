using Compliance.Cases;

namespace Compliance.Devices;

/// <summary>A device as one line of a standing case names it, its UDI read. What the carrier says outweighs what was typed beside it.</summary>
/// <param name="Technique">The case's.</param>
/// <param name="UsedOn">The day the case counts on.</param>
/// <param name="Line">Its place in the report, from 0.</param>
/// <param name="Udi">In canonical form; null where none was given or it is not to be read.</param>
/// <param name="Product">The GTIN of 14 digits. Of another issuing agency's UDI, and of one that cannot be read, the text itself: the same text is the same product. Null where none was given.</param>
/// <param name="Lot">Null where nobody said.</param>
/// <param name="Serial">Null where nobody said.</param>
/// <param name="MadeOn">As the UDI says.</param>
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
    string? Lot,
    string? Serial,
    DateOnly? MadeOn,
    DateOnly? ExpiresOn,
    string? Registration,
    bool? SingleUse)
{
    // What forms are filled with when there is nothing to say.
    private static readonly HashSet<string> Nothing = new(["无", "N/A", "NA", "NONE", "NULL"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The devices of a case as it stands; none once it is voided.</summary>
    public static IReadOnlyList<DeviceUsed> Of(Case.State state) => state is { Voided: false, Report: { } report, Key: { } key } ? [.. report.Devices.Select((d, i) => Of(key, i, d))] : [];

    public static DeviceUsed Of(CaseKey key, int line, DeviceUse device)
    {
        var text = Said(device.Udi);
        var udi = text is null ? null : Devices.Udi.Parse(text, key.CompletedOn).Udi;
        return new(
            key.CaseId,
            key.Institution,
            key.Technique,
            key.CompletedOn,
            line,
            udi?.Canonical,
            udi?.Di ?? text,
            udi?.Lot ?? Said(device.Lot),
            udi?.Serial ?? Said(device.Serial),
            udi?.MadeOn,
            udi?.ExpiresOn,
            Said(device.Registration) is { } number ? DeviceRegistration.NumberOf(number) : null,
            device.SingleUse);
    }

    /// <summary>The text without spaces around it; null when it says nothing. A stroke typed into every empty field must not make one serial number of a thousand devices.</summary>
    internal static string? Said(string? text) => text?.Trim() is { } said && said.Any(char.IsLetterOrDigit) && !Nothing.Contains(said) ? said : null;
}
