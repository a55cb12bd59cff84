using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

namespace Compliance.Service.Http;

/// <summary>How answers are written: camelCase, days as YYYY-MM-DD, instants with offset, enums in camelCase, nulls kept.</summary>
public static class Json
{
    public static readonly JsonSerializerOptions Options = Sealed();

    /// <summary>The one place of these settings; also given to the framework's own options, which the OpenAPI document is drawn from.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        // A number in quotes is a mistake of the sender, and the document would have to describe both.
        options.NumberHandling = JsonNumberHandling.Strict;
        // Chinese stays readable in answers; what could break out of HTML is still escaped.
        options.Encoder = JavaScriptEncoder.Create(UnicodeRanges.All);
        // The log's names stand in attributes on the domain's types; they are not the contract's.
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { ContractNames.Apply } };
        options.Converters.Add(new CamelCaseEnums());
    }

    /// <summary>The wire names of an enum, as <see cref="Options"/> writes them.</summary>
    public static IReadOnlyDictionary<string, TEnum> Names<TEnum>()
        where TEnum : struct, Enum => CamelCaseEnums.Names<TEnum>();

    private static JsonSerializerOptions Sealed()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>The wire name of one value.</summary>
    public static string Name<TEnum>(TEnum value)
        where TEnum : struct, Enum => CamelCaseEnums.Name(value);

    /// <summary>The wire names of an enum known at run time only, in the order of its values.</summary>
    internal static IEnumerable<string> Names(Type enumType) => Enum.GetNames(enumType).Select(JsonNamingPolicy.CamelCase.ConvertName);
}
