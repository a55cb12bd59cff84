using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Fhir;

/// <summary>The example Bundles, and beside each the report it is to be read as, both written by hand.</summary>
public static class FhirExamples
{
    // Places in aneurysm.json.
    public const int Procedure = 0;
    public const int Patient = 1;
    public const int Condition = 2;
    public const int Encounter = 3;
    public const int Organization = 4;
    public const int Operator = 5;
    public const int Device = 7;
    public const int Event = 8;
    public const int Consent = 9;

    public static JsonObject Bundle(string name) => Read($"{name}.json");

    public static JsonObject Report(string name) => Read($"{name}.report.json");

    /// <summary>The resource of an entry, the first being 0.</summary>
    public static JsonObject At(this JsonObject bundle, int n) => bundle["entry"]![n]!["resource"]!.AsObject();

    public static JsonNode Concept(string system, string code) => new JsonObject { ["coding"] = new JsonArray(new JsonObject { ["system"] = system, ["code"] = code }) };

    private static JsonObject Read(string file)
    {
        using var stream = typeof(FhirExamples).Assembly.GetManifestResourceStream($"fhir/{file}") ?? throw new InvalidOperationException($"There is no example {file}.");
        return JsonNode.Parse(stream)!.AsObject();
    }
}
