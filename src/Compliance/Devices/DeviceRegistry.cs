namespace Compliance.Devices;

/// <summary>The registrations that devices are judged by.</summary>
/// <param name="registrations">At least those that any of the devices judged names by number, or is listed in by product.</param>
/// <param name="kept">Whether anybody has entered a registration at all. Where nobody has, nothing is known to lack one.</param>
public sealed class DeviceRegistry(IReadOnlyCollection<DeviceRegistration.State> registrations, bool kept)
{
    public static readonly DeviceRegistry NotKept = new([], kept: false);

    private readonly ILookup<string, DeviceRegistration.State> _byNumber =
        registrations.Where(r => r.Entry is not null).ToLookup(r => DeviceRegistration.NumberOf(r.Entry!.Number));

    private readonly ILookup<string, DeviceRegistration.State> _byProduct =
        registrations.Where(r => r.Entry is not null).SelectMany(r => r.Entry!.DeviceIdentifiers.Select(d => (d, r))).ToLookup(x => x.d, x => x.r);

    public bool Kept { get; } = kept;

    /// <summary>The registration that a line names, and those that list its product.</summary>
    public IEnumerable<DeviceRegistration.State> Of(DeviceUsed use) =>
        [.. use.Registration is { } number ? _byNumber[number] : [], .. use.Product is { } product ? _byProduct[product] : []];
}
