using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Microsoft.Net.Http.Headers;

namespace Compliance.Service.Cases.Fhir;

/// <summary><c>POST /fhir</c>: a case as a Bundle of HL7 FHIR R4, for systems that speak it; and what of FHIR is spoken here.</summary>
public static class FhirEndpoints
{
    private const string Version = "4.0";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/fhir", Report)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes()
            .TakesHeader(Idempotency.Header)
            .Accepts<JsonObject>(Outcomes.MediaType, "application/json")
            .Answers("Reports a case as a Bundle of FHIR R4; the same again answers 200 and changes nothing", 201, 200, 400, 401, 403, 409, 415, 422, 503);
        api.MapGet("/fhir/metadata", Metadata)
            .AllowsAnyone()
            .Takes()
            .Answers("The CapabilityStatement: what of FHIR is spoken here", 200);
    }

    private static void Answers(this RouteHandlerBuilder endpoint, string summary, params IReadOnlyList<int> statuses)
    {
        endpoint.WithSummary(summary);
        foreach (var status in statuses)
            endpoint.Produces<JsonObject>(status, Outcomes.MediaType);
    }

    private static async Task<IResult> Report(HttpContext http, Caller caller, Answers answers, Commands commands, Reads reads, IEventStore log)
    {
        // The report belongs to the day on which it arrived, however long the rest takes.
        var receivedOn = answers.Today;
        if (MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            && type.Parameters.FirstOrDefault(p => p.Name.Equals("fhirVersion", StringComparison.OrdinalIgnoreCase)) is { } said && HeaderUtilities.RemoveQuotes(said.Value) != Version)
        {
            return Problem.Refused(http, "unsupportedFhirVersion");
        }

        var body = await Body.Read(http);
        if (!body.HasFaults)
        {
            foreach (var fault in R4.FaultsOf(body.Text))
                body.Add(fault);
        }

        if (body.RefusedSoFar(http) is { } broken)
            return broken;
        var bundle = FhirCase.Of(body);
        await commands.ReferenceShown(http.RequestAborted);
        var reference = await reads.Reference(http.RequestAborted);
        if (bundle.Report(reference, receivedOn) is not { } report)
            return body.RefusedSoFar(http)!;
        var result = await ReportCase.Run(http, caller, answers, reads, log, reference, report, body, receivedOn);
        return result switch
        {
            Problem refused => refused.At(bundle.PlaceOf),
            StoredAnswer { Status: < 400 } told => Taken(http, told, bundle),
            _ => result,
        };
    }

    /// <summary>That a case was taken, in the words of FHIR: to a collection an OperationOutcome; to a transaction, which clients expect a Bundle for, the same inside one.</summary>
    private static Taken Taken(HttpContext http, StoredAnswer told, FhirCase bundle)
    {
        var language = Messages.Preferred(http);
        var answer = JsonNode.Parse(told.BodyJson)!.AsObject();
        var id = answer["caseId"]!.GetValue<string>();
        var code = told.Status == StatusCodes.Status201Created ? "fhirReported" : "fhirUnchanged";
        var first = Outcomes.Issue("information", "informational", code, Messages.Of(language, code, id));
        first["extension"] = new JsonArray([.. Said(answer, bundle.Unused.Count)]);
        var issues = new List<JsonObject> { first };
        foreach (var flag in answer["flags"]!.AsArray().Select(f => f!.GetValue<string>()))
            issues.Add(Outcomes.Issue("warning", "business-rule", flag, Messages.Of(language, "fhirFlag", flag)));
        issues.AddRange(bundle.Unused.Take(Body.MaxFaults).Select(place => Outcomes.Issue("warning", "not-supported", "fhirNotUsed", Messages.Of(language, "fhirNotUsed"), place)));
        var outcome = Outcomes.Of(issues);
        var location = $"/api/v1/cases/{id}";
        if (!bundle.IsTransaction)
            return new(told.Status, location, language, outcome);
        var status = told.Status == StatusCodes.Status201Created ? "201 Created" : "200 OK";
        var entries = Enumerable.Range(0, bundle.Count).Select(n =>
        {
            var response = new JsonObject { ["status"] = status };
            if (n == bundle.MainAt)
                (response["location"], response["outcome"]) = (location, outcome);
            return (JsonNode)new JsonObject { ["response"] = response };
        });
        return new(StatusCodes.Status200OK, location, language, new JsonObject { ["resourceType"] = "Bundle", ["type"] = "transaction-response", ["entry"] = new JsonArray([.. entries]) });
    }

    // As data what the sentence says as text; and how much was not used, of which no more than so many places are named.
    private static IEnumerable<JsonObject> Said(JsonObject answer, int unused)
    {
        JsonObject Extension(string name, string type, JsonNode value) => new() { ["url"] = $"urn:compliance:fhir:{name}", [type] = value };
        yield return Extension("case-id", "valueUuid", $"urn:uuid:{answer["caseId"]!.GetValue<string>()}");
        yield return Extension("position", "valueDecimal", answer["position"]!.GetValue<long>());
        yield return Extension("timeliness", "valueCode", answer["timeliness"]!.GetValue<string>());
        if (unused > 0)
            yield return Extension("not-used", "valueDecimal", unused);
        if (answer["deadline"] is not { } deadline)
            yield break;
        yield return Extension("deadline", "valueDate", deadline.GetValue<string>());
        yield return Extension("provisional-deadline", "valueBoolean", answer["provisionalDeadline"]!.GetValue<bool>());
    }

    private static Taken Metadata(HttpContext http) => new(StatusCodes.Status200OK, Location: null, Messages.Preferred(http), new JsonObject
    {
        ["resourceType"] = "CapabilityStatement",
        ["status"] = "active",
        // Of the statement, not of the service: raised whenever what it says changes.
        ["date"] = "2026-11-22",
        ["kind"] = "instance",
        ["implementation"] = new JsonObject { ["description"] = "Compliance: case reports of restricted techniques. One Bundle posted to this base is one case." },
        ["fhirVersion"] = "4.0.1",
        ["format"] = new JsonArray(Outcomes.MediaType),
        ["rest"] = new JsonArray(new JsonObject
        {
            ["mode"] = "server",
            ["documentation"] = "A Bundle of type transaction, or collection, with one Procedure that is no part of another. Nothing is kept as a resource; the case is read at /api/v1/cases. Repeating a Bundle changes nothing.",
            ["security"] = new JsonObject { ["description"] = "A bearer token of a hospital, of the regulator of its province, or national." },
            ["interaction"] = new JsonArray(new JsonObject { ["code"] = "transaction" }),
        }),
    });
}

/// <summary>An answer of FHIR that is no refusal.</summary>
internal sealed record Taken(int Status, string? Location, Language Language, JsonObject Resource) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = Outcomes.ContentType;
        response.Headers.ContentLanguage = Messages.Tag(Language);
        response.Headers.Append("Vary", "Accept-Language");
        if (Location is not null)
            response.Headers.Location = Location;
        var bytes = JsonSerializer.SerializeToUtf8Bytes(Resource, Json.Options);
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }
}
