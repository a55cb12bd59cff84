namespace Compliance.Service.Http;

public enum Role
{
    Hospital,
    Physician,
    Regulator,
    National,
    TrainingBase,
}

/// <summary>Who asks, from the token. The claim its role needs is there: <see cref="Of"/> makes no other.</summary>
/// <param name="Name">The token's <c>sub</c>; recorded as who decided.</param>
public sealed record Caller(Role Role, string Name, string? Institution, string? Physician, string? Province)
{
    /// <summary>The claim without which a role would reach either nothing or everything; null for a role that needs none.</summary>
    public static string? ClaimNeededBy(Role role) => role switch
    {
        Role.Hospital or Role.TrainingBase => "institution",
        Role.Physician => "physician",
        Role.Regulator => "province",
        _ => null,
    };

    /// <summary>Null when a claim is missing or malformed.</summary>
    public static Caller? Of(Role role, string? name, string? institution, string? physician, string? province)
    {
        var caller = new Caller(role, name ?? "", institution, physician, province);
        var needed = ClaimNeededBy(role) switch
        {
            "institution" => institution,
            "physician" => physician,
            "province" => province,
            _ => "none",
        };
        return needed is not null && name is { Length: > 0 and <= BodyObject.ShortText } && !name.Any(char.IsControl)
            && (institution is null || BodyObject.IsId(institution))
            && (physician is null || BodyObject.IsId(physician))
            && (province is null || IsProvince(province))
            ? caller
            : null;
    }

    public static bool IsProvince(string text) => text.Length == 2 && text.All(char.IsAsciiDigit);

    /// <summary>The caller of this request. Only where the endpoint names roles; one open to all has none.</summary>
    public static Caller From(HttpContext http) =>
        http.Features.Get<Caller>() ?? throw new InvalidOperationException("This endpoint allows anyone, so it has no caller.");

    /// <summary>Lets an endpoint take its caller as a parameter.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext http) => ValueTask.FromResult<Caller?>(From(http));

    // What a caller may reach, given a role the endpoint allows. A province is that of the institution, or of the physician's main registration, on the day in question;
    // null where there is none, which no regulator reaches.

    /// <summary>A regulator of that province, or national.</summary>
    public bool ActsIn(string? province) => Role == Role.National || (Role == Role.Regulator && province is not null && Province == province);

    /// <summary>Its own institution, one in its province, or any for national.</summary>
    public bool MayWriteFor(string institution, string? provinceOfInstitution) => IsOf(institution) || ActsIn(provinceOfInstitution);

    /// <summary>Cases, metrics and obligations of an institution.</summary>
    public bool MayReadInstitution(string institution, string? provinceOfInstitution) => IsOf(institution) || ActsIn(provinceOfInstitution);

    /// <summary>A physician's metrics over all institutions. A hospital sees of every physician the standing, but not this.</summary>
    public bool MayReadPhysician(string physician, string? provinceOfPhysician) => Is(physician) || ActsIn(provinceOfPhysician);

    /// <summary>One case: of its own institution, its own as operator of record, or in its province.</summary>
    public bool MayReadCase(string institution, string? provinceOfInstitution, string @operator) => MayReadInstitution(institution, provinceOfInstitution) || Is(@operator);

    private bool IsOf(string institution) => Role is Role.Hospital or Role.TrainingBase && Institution == institution;

    private bool Is(string physician) => Role == Role.Physician && Physician == physician;
}
