using System.Text.Json.Serialization;

namespace Compliance;

/// <summary>Who can hold a qualification.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SubjectKind>))]
public enum SubjectKind
{
    [StoredAs("Institution")] Institution,
    [StoredAs("Physician")] Physician,
}

/// <summary>An institution (医疗机构) or a physician (医师), by the id the registry knows it by.</summary>
public readonly record struct Subject([property: Stored("Kind")] SubjectKind Kind, [property: Stored("Id")] string Id)
{
    public static Subject Institution(string id) => new(SubjectKind.Institution, id);

    public static Subject Physician(string id) => new(SubjectKind.Physician, id);

    /// <summary>The kind as it stands in stream names, paths and tables.</summary>
    [JsonIgnore]
    public string KindName => Kind == SubjectKind.Institution ? "institution" : "physician";
}

/// <summary>Who or what decided: a person's name and role, or <c>monitor</c>.</summary>
/// <param name="Role">The role of the token, or <c>monitor</c>.</param>
/// <param name="Name">The token's subject: a sanction names a person, not an office.</param>
public sealed record Actor([property: Stored("Role")] string Role, [property: Stored("Name")] string Name)
{
    /// <summary>The system itself, judging a closed day.</summary>
    public static readonly Actor Monitor = new("monitor", "monitor");
}
