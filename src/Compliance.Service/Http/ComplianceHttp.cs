namespace Compliance.Service.Http;

/// <summary>Wires the HTTP side: refusals, access, documents, development tokens.</summary>
public static class ComplianceHttp
{
    public static WebApplicationBuilder AddComplianceHttp(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.Configure<TokenOptions>(builder.Configuration.GetSection("Tokens"));
        services.AddSingleton<Tokens>();
        services.ConfigureHttpJsonOptions(o => Json.Configure(o.SerializerOptions));
        // Otherwise Development throws where Production answers, and the exception quotes the value.
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = false);
        // The framework's request log writes path and query, where people put what must not be logged.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Http", LogLevel.Warning);
        OpenApi.Add(services);
        return builder;
    }

    /// <summary>First in the pipeline; endpoints are mapped after it. Fails when the service starts if one of them says nothing about access.</summary>
    public static WebApplication UseComplianceHttp(this WebApplication app)
    {
        app.UseMiddleware<Failures>();
        app.Use((http, next) =>
        {
            http.Response.Headers.XContentTypeOptions = "nosniff";
            return next(http);
        });
        OpenApi.Map(app);
        app.UseRouting();
        app.UseMiddleware<AccessControl>();
        app.UseMiddleware<Congestion>();
        app.Use(next =>
        {
            // Runs once, when the pipeline is built at the start, when all endpoints have been mapped.
            AccessControl.RefuseUnmarked(((IEndpointRouteBuilder)app).DataSources.SelectMany(d => d.Endpoints));
            return next;
        });
        if (app.Environment.IsDevelopment())
            app.MapPost("/dev/token", IssueToken).AllowsAnyone().Describes<DevTokenRequest, DevToken>("A token for trying things out; in Development only");
        return app;
    }

    /// <summary>Described only; <see cref="IssueToken"/> reads the body itself.</summary>
    private sealed record DevTokenRequest(Role Role, string? Institution, string? Physician, string? Province);

    private sealed record DevToken(string Token);

    private static async Task<IResult> IssueToken(HttpContext http, Tokens tokens)
    {
        var body = await Body.Read(http);
        var root = body.Root;
        var role = root.Choice<Role>("role");
        var institution = root.OptionalId("institution");
        var physician = root.OptionalId("physician");
        var province = root.OptionalText("province");
        if (province is not null && !Caller.IsProvince(province))
            root.Fault("province", "invalidProvince");
        if (!body.HasFaults && Caller.ClaimNeededBy(role) is { } claim && !root.Has(claim))
            root.Fault(claim, "missing");
        if (body.Refused(http) is { } refused)
            return refused;
        var name = string.Join(':', new[] { "dev", Json.Names<Role>().Single(r => r.Value == role).Key, institution, physician, province }.OfType<string>());
        return Results.Json(new DevToken(tokens.Issue(new Caller(role, name, institution, physician, province))), Json.Options);
    }
}
