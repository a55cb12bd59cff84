using Compliance.Devices;
using Compliance.Service.Http;

namespace Compliance.Service.Devices;

/// <summary>Why a text is not a UDI, as a refusal tells it: the place of the fault, and the identifier it is about where the standard names it.</summary>
internal static class UdiFaults
{
    // An identifier that nobody knows is what the caller wrote, and is not told again.
    public static Fault At(string pointer, UdiFault fault) => new(pointer, fault.Code, ArgsOf(fault));

    public static object[] ArgsOf(UdiFault fault) => fault is { Ai: { } ai } && fault.Code != UdiFault.UnknownAi ? [fault.Position, ai] : [fault.Position];
}
