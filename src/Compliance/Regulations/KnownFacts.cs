using System.Globalization;
using System.Text.Json;
using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Regulations;

/// <summary>What the system knows, as values of facts.</summary>
public static class KnownFacts
{
    /// <summary>What the registry and the staff of the day say of a fact; null where it is not known from there, or the registry does not say.</summary>
    public static JsonElement? OfRegistry(FactDefinition fact, HospitalLevel? level, Title? title, string? licenceScope, string? specialty, Staff staff) => fact.Known switch
    {
        { Source: KnownSource.Level } => level is { } l ? Text(l) : null,
        { Source: KnownSource.Title } => title is { } t ? Text(t) : null,
        { Source: KnownSource.LicenceScope } => licenceScope is { } scope ? Text(scope) : null,
        { Source: KnownSource.Specialty } => specialty is { } of ? Text(of) : null,
        { Source: KnownSource.Staff, Title: var least } => Number(least is { } counted ? staff.AtLeast(counted) : staff.Qualified),
        _ => null,
    };

    public static JsonElement Number(int number) => JsonElement.Parse(number.ToString(CultureInfo.InvariantCulture));

    public static JsonElement Flag(bool flag) => JsonElement.Parse(flag ? "true" : "false");

    public static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text);

    // As the contract and the regulation files write them: tertiaryA, associateChief.
    private static JsonElement Text<T>(T value)
        where T : struct, Enum => Text(JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));
}

/// <summary>What was attested for a qualification, and what the registry says beside it, on one day.</summary>
/// <param name="Path">The path it was granted by; null where it was granted without an application.</param>
/// <param name="Attested">The last attestation of each fact.</param>
/// <param name="Level">Of an institution.</param>
/// <param name="Title">Of a physician, on the day.</param>
public sealed record ConditionFacts(
    [property: Stored("Path")] string? Path,
    [property: Stored("Attested")] IReadOnlyList<AttestedFact> Attested,
    [property: Stored("Level")] HospitalLevel? Level,
    [property: Stored("Title")] Title? Title,
    [property: Stored("LicenceScope")] string? LicenceScope,
    [property: Stored("Specialty")] string? Specialty)
{
    /// <summary>The facts as the regulation names them. What cannot be said from the registry alone is left out.</summary>
    public FactBook Book(Regulation regulation, SubjectFacts facts)
    {
        var known = new Dictionary<string, JsonElement>();
        foreach (var fact in regulation.Facts)
        {
            if (KnownFacts.OfRegistry(fact, Level, Title, LicenceScope, Specialty, facts.Staff) is { } value)
            {
                known[fact.Name] = value;
            }
        }

        return new(facts.AsOf, Attested.ToDictionary(a => a.Fact), known, facts.Staff);
    }
}
