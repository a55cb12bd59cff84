using Microsoft.Extensions.Primitives;

namespace Compliance.Service.Http;

public enum Scope
{
    Within,
    Outside,

    /// <summary>Outside, and its existence must not be told: 404.</summary>
    Hidden,
}

/// <summary>
/// Who may call an endpoint. Every endpoint says so, with <c>.Allows(roles)</c> or <c>.AllowsAnyone()</c>; one that does not keeps the service from starting. What a caller may reach within
/// its role is said by <c>.ScopedTo(…)</c> where the path names it, and otherwise asked of <see cref="Caller"/> by the endpoint (bodies name institutions too).
/// </summary>
/// <param name="Roles">Null: anyone, without a token.</param>
public sealed record Access(IReadOnlySet<Role>? Roles);

/// <summary>Finds whether the resource named by the path is within the caller's reach.</summary>
public sealed record ScopeRule(Func<HttpContext, Caller, ValueTask<Scope>> Of);

/// <summary>The query parameters an endpoint takes. None said: none taken.</summary>
public sealed record QueryParameters(IReadOnlyList<string> Names);

/// <summary>A request header an endpoint heeds; for the OpenAPI document.</summary>
public sealed record HeaderParameter(string Name);

public static class AccessDeclarations
{
    public static TBuilder Allows<TBuilder>(this TBuilder endpoint, params IReadOnlyList<Role> roles)
        where TBuilder : IEndpointConventionBuilder
    {
        if (roles.Count == 0)
            throw new ArgumentException("Name the roles, or say AllowsAnyone.", nameof(roles));
        return endpoint.WithMetadata(new Access(roles.ToHashSet()));
    }

    /// <summary>Any role, with a token.</summary>
    public static TBuilder AllowsEveryRole<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.Allows(Enum.GetValues<Role>());

    public static TBuilder AllowsAnyone<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Access(Roles: null));

    /// <summary>Asked before the endpoint runs, with a caller whose role is allowed. Several are asked in turn.</summary>
    public static TBuilder ScopedTo<TBuilder>(this TBuilder endpoint, Func<HttpContext, Caller, ValueTask<Scope>> scope)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ScopeRule(scope));

    /// <summary>The query parameters of an endpoint: refused are all others, and the OpenAPI document lists these. Well-known names are described in <see cref="OpenApi"/>.</summary>
    public static TBuilder Takes<TBuilder>(this TBuilder endpoint, params IReadOnlyList<string> names)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new QueryParameters(names));

    /// <summary><c>Idempotency-Key</c> or <c>If-Match</c>, for the OpenAPI document.</summary>
    public static TBuilder TakesHeader<TBuilder>(this TBuilder endpoint, string name)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new HeaderParameter(name));
}

/// <summary>The one mechanism that enforces <see cref="Access"/>, <see cref="ScopeRule"/> and <see cref="QueryParameters"/>; stands behind routing.</summary>
public sealed class AccessControl(RequestDelegate next, Tokens tokens, ILogger<AccessControl> log)
{
    /// <summary>Throws when an endpoint says nothing about access; run when the pipeline is built, after all have been mapped.</summary>
    public static void RefuseUnmarked(IEnumerable<Endpoint> endpoints)
    {
        var unmarked = endpoints.Where(e => e.Metadata.GetMetadata<Access>() is null).Select(e => e.DisplayName ?? e.ToString()).ToList();
        if (unmarked.Count > 0)
            throw new InvalidOperationException($"These endpoints say neither Allows nor AllowsAnyone: {string.Join("; ", unmarked)}");
    }

    public async Task InvokeAsync(HttpContext http)
    {
        // No endpoint is 404; one that is no route is routing's own answer of 405 or 415.
        if (http.GetEndpoint() is not RouteEndpoint endpoint)
        {
            await next(http);
            return;
        }

        var refusal = await Decide(http, endpoint);
        if (refusal is not null)
            await refusal.ExecuteAsync(http);
        else
            await next(http);
    }

    private async ValueTask<Problem?> Decide(HttpContext http, RouteEndpoint endpoint)
    {
        // Mapped after the start, and so not seen by the check there: nobody's.
        if (endpoint.Metadata.GetMetadata<Access>() is not { } access)
            return Problem.Forbidden(http);
        if (access.Roles is { } roles)
        {
            var (caller, refusal) = await Authenticate(http);
            if (caller is null)
                return refusal;
            if (!roles.Contains(caller.Role))
                return Problem.Forbidden(http);
            http.Features.Set(caller);
            // What one caller may see no cache may keep for another.
            http.Response.Headers.CacheControl = "no-store";
            foreach (var rule in endpoint.Metadata.GetOrderedMetadata<ScopeRule>())
            {
                switch (await rule.Of(http, caller))
                {
                    case Scope.Within:
                        continue;
                    case Scope.Hidden:
                        return Problem.Hidden(http);
                    default:
                        return Problem.Forbidden(http);
                }
            }
        }

        var unknown = Query.Unknown(http.Request.Query.Keys, endpoint.Metadata.GetMetadata<QueryParameters>()?.Names ?? []).Take(Body.MaxFaults).ToList();
        return unknown.Count > 0 ? Problem.Invalid(http, unknown) : null;
    }

    private async ValueTask<(Caller? Caller, Problem? Refusal)> Authenticate(HttpContext http)
    {
        const string scheme = "Bearer ";
        if (http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            var missing = StringValues.IsNullOrEmpty(http.Request.Headers.Authorization);
            return (null, Problem.Refused(http, missing ? "tokenMissing" : "tokenInvalid").Header("WWW-Authenticate", "Bearer"));
        }

        var verdict = await tokens.Validate(header[scheme.Length..].Trim(), http.RequestAborted);
        if (verdict.Caller is not null)
            return (verdict.Caller, null);
        log.LogInformation("Token refused: {Why}", verdict.Why);
        return (null, verdict.Unavailable
            ? Problem.Refused(http, "identityUnavailable").Header("Retry-After", "5")
            : Problem.Refused(http, "tokenInvalid").Header("WWW-Authenticate", "Bearer error=\"invalid_token\""));
    }
}
