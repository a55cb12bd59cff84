using Compliance.Service.Http;
using Npgsql;

namespace Compliance.Service.Metrics;

/// <summary>Who may read what is counted and found about a subject, and whether there is such a subject at all.</summary>
public static class SubjectAccess
{
    /// <summary>Only where the path's <c>id</c> is an institution: its own, or in the province.</summary>
    public static ValueTask<Scope> Institution(HttpContext http, Caller caller) => Place(http, caller, "id");

    /// <summary>The same where the path names it <c>institution</c>.</summary>
    public static ValueTask<Scope> NamedInstitution(HttpContext http, Caller caller) => Place(http, caller, "institution");

    private static async ValueTask<Scope> Place(HttpContext http, Caller caller, string name)
    {
        var id = http.Request.RouteValues[name] as string ?? "";
        var province = caller.Role == Role.Regulator ? await Reads(http).ProvinceOf(id, http.RequestAborted) : null;
        return caller.MayReadInstitution(id, province) ? Scope.Within : await OutsideOrUnknown(http, caller, Subject.Institution(id));
    }

    /// <summary>Only where the path's <c>id</c> is a physician: himself, or whose main registration is in the province. Hospitals are not allowed: over all institutions his figures are his own.</summary>
    public static async ValueTask<Scope> Physician(HttpContext http, Caller caller)
    {
        var id = http.Request.RouteValues["id"] as string ?? "";
        var province = caller.Role == Role.Regulator ? await Reads(http).ProvinceOfPhysician(id, http.RequestAborted) : null;
        return caller.MayReadPhysician(id, province) ? Scope.Within : await OutsideOrUnknown(http, caller, Subject.Physician(id));
    }

    /// <summary>In the registry, or, for a physician, with a case: reports name operators whom nobody has registered.</summary>
    public static async Task<bool> Exists(NpgsqlConnection connection, Subject subject, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            subject.Kind == SubjectKind.Institution
                ? "select exists (select from institutions where id = $1) or exists (select from case_facts where institution = $1)"
                : "select exists (select from physicians where id = $1) or exists (select from case_facts where operator = $1)",
            connection);
        command.Parameters.Add(new() { Value = subject.Id });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    // A regulator learns that nobody bears the id; whoever sees only himself does not.
    private static async ValueTask<Scope> OutsideOrUnknown(HttpContext http, Caller caller, Subject subject)
    {
        if (caller.Role != Role.Regulator)
        {
            return Scope.Outside;
        }

        await using var connection = await Reads(http).Open(http.RequestAborted);
        return await Exists(connection, subject, http.RequestAborted) ? Scope.Outside : Scope.Hidden;
    }

    private static Reads Reads(HttpContext http) => http.RequestServices.GetRequiredService<Reads>();
}
