using System.Text.Json;
using System.Text.Json.Serialization;
using Compliance.Regulations;

namespace Compliance;

/// <summary>
/// Enums by the name of the member in camelCase, as regulation files and the HTTP contract write them. The framework's own converter would prefer the names under which the log
/// keeps them (<c>StoredAs</c>), which are frozen there and no part of either. Comparisons are signs everywhere.
/// </summary>
public sealed class CamelCaseEnums : JsonConverterFactory
{
    /// <summary>The values by their names, in their order.</summary>
    public static IReadOnlyDictionary<string, TEnum> Names<TEnum>()
        where TEnum : struct, Enum => Of<TEnum>.Values;

    public static string Name<TEnum>(TEnum value)
        where TEnum : struct, Enum => Of<TEnum>.Names.TryGetValue(value, out string? name) ? name : throw new JsonException();

    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsEnum && typeToConvert != typeof(Comparison);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(ByName<>).MakeGenericType(typeToConvert))!;

    private static class Of<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly Dictionary<string, TEnum> Values = Enum.GetValues<TEnum>().ToDictionary(v => JsonNamingPolicy.CamelCase.ConvertName(v.ToString()));

        public static readonly Dictionary<TEnum, string> Names = Values.ToDictionary(n => n.Value, n => n.Key);
    }

    private sealed class ByName<TEnum> : JsonConverter<TEnum>
        where TEnum : struct, Enum
    {
        public override TEnum Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? Parse(reader.GetString()!) : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, TEnum value, JsonSerializerOptions options) => writer.WriteStringValue(Name(value));

        public override TEnum ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString()!);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, TEnum value, JsonSerializerOptions options) => writer.WritePropertyName(Name(value));

        private static TEnum Parse(string name) => Of<TEnum>.Values.TryGetValue(name, out TEnum value) ? value : throw new JsonException($"{typeof(TEnum).Name} is one of {string.Join(", ", Of<TEnum>.Values.Keys)}.");
    }
}
