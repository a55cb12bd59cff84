using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Compliance.Service.Http;

/// <summary>
/// Domain types carry the frozen names of the log (PascalCase) in attributes, which any serialiser would obey. The HTTP contract has names of its own: those in C#, in camelCase.
/// </summary>
internal static class ContractNames
{
    private static readonly Assembly Domain = typeof(Actor).Assembly;

    public static void Apply(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.Assembly != Domain)
            return;
        foreach (var property in type.Properties)
        {
            if (property.AttributeProvider is MemberInfo member && member.IsDefined(typeof(JsonPropertyNameAttribute)))
                property.Name = JsonNamingPolicy.CamelCase.ConvertName(member.Name);
        }
    }
}
