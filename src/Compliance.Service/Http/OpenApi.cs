using System.Text.Json.Nodes;
using Compliance.Cases;
using Microsoft.OpenApi;

namespace Compliance.Service.Http;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c> and the page at <c>/docs</c>. Both need no token.</summary>
public static class OpenApi
{
    public const string DocumentPath = "/openapi/v1.json";

    private const string Bearer = "bearer";

    private sealed record Parameter(string Description, JsonSchemaType Type = JsonSchemaType.String, string? Format = null, int? Maximum = null);

    /// <summary>Query parameters that mean the same everywhere. One that is not here is described as text.</summary>
    private static readonly Dictionary<string, Parameter> Parameters = new()
    {
        ["asOf"] = new("The day that is judged; not in the future. Default: today.", Format: "date"),
        ["knownAt"] = new("Only what the log knew at this instant. Default: now.", Format: "date-time"),
        ["minPosition"] = new("Answer only when everything shown has reached this position of the log; 503 with Retry-After otherwise.", JsonSchemaType.Integer, "int64"),
        ["limit"] = new($"Items of a page, 1 to {Query.MaxLimit}; default {Query.DefaultLimit}.", JsonSchemaType.Integer, "int32", Query.MaxLimit),
        ["cursor"] = new("`nextCursor` of the page before."),
        ["from"] = new("First day, included.", Format: "date"),
        ["to"] = new("Last day, included.", Format: "date"),
        ["step"] = new("`day` or `month`."),
        ["technique"] = new("Technique, such as `neurovascular` or `comprehensive`."),
        ["institution"] = new("Institution."),
        ["operator"] = new("Operator of record."),
        ["province"] = new("Two-digit GB/T 2260 code; 66 is the Production and Construction Corps."),
        ["flag"] = new($"One of {string.Join(", ", CaseFlags.All.Select(f => $"`{f}`"))}."),
        ["kind"] = new("`institution` or `physician`; of announcements also `selectionRound`; of obligations `report`, `outcomeStatement`, `followUp` or `noticeAnswer`; of changes `correction`, `void`, `withdrawal`, `relation`, `adjudication`, `request` or `decision`; of training bases as the regulation names it, such as `national`."),
        ["due"] = new("`overdue`, `dueToday`, `dueSoon` (within three working days) or `dueLater`."),
        ["dryRun"] = new("True to be told what would become of each line, and store nothing.", JsonSchemaType.Boolean),
        ["product"] = new("A GTIN of 8, 12, 13 or 14 digits."),
        ["lot"] = new("Batch or lot (批号), as the UDI says it."),
        ["serial"] = new("Serial number, as the UDI says it."),
        ["number"] = new("The number of a registration (注册证编号), however it is typed."),
        ["certain"] = new("True to leave out the uses whose reports do not say what is asked for.", JsonSchemaType.Boolean),
        ["state"] = new("Of deliveries `pending`, `delivered`, `dead` or `skipped`; of adjudications `pending` or `decided`; of outcome notices `open`, `overdue`, `accepted`, `disputed`, `upheld` or `dismissed`; of training bases `applied`, `refused`, `recognised`, `withdrawn` or `givenUp`; of trainees `training`, `certified`, `certificateWithdrawn` or `ended`."),
        ["base"] = new("The institution of a training base."),
        ["progress"] = new("`complete` for trainings every clause of which is met, `incomplete` for the others."),
        ["against"] = new("`recognition` or `review`: which clauses a training base is held against."),
    };

    private static readonly Dictionary<string, string> Headers = new()
    {
        [Idempotency.Header] = $"1 to {Idempotency.MaxKey} printable ASCII characters, kept for 7 days per caller and path: the same request again gets the same answer, another body 422.",
        ["If-Match"] = "The ETag of the representation the change was made on; 412 when it has moved since.",
    };

    /// <summary>
    /// Describes an endpoint that reads its body itself. <typeparamref name="TRequest"/> and <typeparamref name="TResponse"/> are drawn as schemas; neither is bound. Refusals of access are
    /// added from the endpoint's <see cref="Access"/>.
    /// </summary>
    /// <param name="statuses">The first is that of success (200 unless given), the others refusals.</param>
    public static RouteHandlerBuilder Describes<TRequest, TResponse>(this RouteHandlerBuilder endpoint, string summary, params IReadOnlyList<int> statuses)
        where TRequest : notnull => endpoint.Accepts<TRequest>("application/json").Describes<TResponse>(summary, [.. statuses.DefaultIfEmpty(200), 400]);

    /// <summary>The same for an endpoint without a body.</summary>
    public static RouteHandlerBuilder Describes<TResponse>(this RouteHandlerBuilder endpoint, string summary, params IReadOnlyList<int> statuses) =>
        endpoint.Produces<TResponse>(statuses.FirstOrDefault(200)).Refuses(summary, statuses);

    /// <summary>The same for an endpoint that answers with something other than JSON: a page, a feed, a file.</summary>
    public static RouteHandlerBuilder DescribesAs(this RouteHandlerBuilder endpoint, string mediaType, string summary, params IReadOnlyList<int> statuses) =>
        endpoint.Produces<string>(statuses.FirstOrDefault(200), mediaType).Refuses(summary, statuses);

    private static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, string summary, IReadOnlyList<int> statuses)
    {
        endpoint.WithSummary(summary);
        foreach (var status in statuses.Skip(1).Distinct())
            endpoint.Produces<ProblemDocument>(status, Problem.ContentType);
        return endpoint;
    }

    public static void Add(IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Compliance",
                Version = "v1",
                Description = "Case reports of restricted techniques, the metrics computed from them, and the standing that follows. Refusals are `application/problem+json`; "
                    + "the pointer of a fault is a JSON pointer into the body, `query:name`, `path:name` or `header:Name`. Messages follow `Accept-Language` (`en`, `zh-CN`).",
            };
            // The address it was fetched from is no part of the contract.
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT" };
            return Task.CompletedTask;
        });
        // The converter that writes enums is ours, so the framework cannot know their values.
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type) is { IsEnum: true } type)
            {
                schema.Type = JsonSchemaType.String;
                schema.Enum = [.. Json.Names(type).Select(name => (JsonNode)name)];
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancellation) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            foreach (var name in metadata.OfType<QueryParameters>().LastOrDefault()?.Names ?? [])
                (operation.Parameters ??= []).Add(Describe(name));
            foreach (var (name, description) in metadata.OfType<HeaderParameter>().Select(h => (h.Name, Headers.GetValueOrDefault(h.Name))))
                (operation.Parameters ??= []).Add(new OpenApiParameter { Name = name, In = ParameterLocation.Header, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
            if (metadata.OfType<Access>().LastOrDefault()?.Roles is not { } roles)
                return;
            operation.Description = $"{operation.Description}\n\nRoles: {string.Join(", ", Json.Names<Role>().Where(r => roles.Contains(r.Value)).Select(r => $"`{r.Key}`"))}.".Trim();
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
            var problem = await context.GetOrCreateSchemaAsync(typeof(ProblemDocument), parameterDescription: null, cancellation);
            operation.Responses ??= [];
            operation.Responses.TryAdd("401", Refusal("No token, or not a valid one", problem));
            operation.Responses.TryAdd("403", Refusal("Not allowed", problem));
        });
    });

    public static void Map(WebApplication app)
    {
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = "Compliance";
            page.SwaggerEndpoint(DocumentPath, "Compliance v1");
        });
        app.MapOpenApi("/openapi/{documentName}.json").AllowsAnyone();
    }

    private static OpenApiResponse Refusal(string description, IOpenApiSchema problem) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType> { [Problem.ContentType] = new OpenApiMediaType { Schema = problem } },
    };

    private static OpenApiParameter Describe(string name)
    {
        var known = Parameters.GetValueOrDefault(name);
        var schema = new OpenApiSchema { Type = known?.Type ?? JsonSchemaType.String, Format = known?.Format };
        if (known?.Maximum is { } maximum)
            (schema.Minimum, schema.Maximum, schema.Default) = ("1", $"{maximum}", JsonValue.Create(Query.DefaultLimit));
        return new OpenApiParameter { Name = name, In = ParameterLocation.Query, Description = known?.Description, Schema = schema };
    }
}
