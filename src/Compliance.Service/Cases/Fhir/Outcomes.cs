using System.Text.Json.Nodes;
using Compliance.Service.Http;

namespace Compliance.Service.Cases.Fhir;

/// <summary>What FHIR clients are answered: an OperationOutcome, whether the case was taken or not.</summary>
internal static class Outcomes
{
    /// <summary>Below it all answers are FHIR's, those of access and congestion too.</summary>
    public const string Base = "/api/v1/fhir";

    public const string MediaType = "application/fhir+json";

    public const string ContentType = $"{MediaType}; fhirVersion=4.0; charset=utf-8";

    /// <summary>The system of the codes in <c>details</c>: those of this service's refusals.</summary>
    private const string Codes = "urn:compliance:fhir:answer";

    public static bool AreSpokenAt(PathString path) => path.StartsWithSegments(Base, StringComparison.Ordinal);

    /// <summary>Of a refusal whose pointers lead into the Bundle.</summary>
    public static JsonObject Of(ProblemDocument problem)
    {
        var issues = new List<JsonObject>();
        // Of a request that breaks the contract the places say everything.
        if (problem.Errors is null or [] || problem.Code != "invalid")
            issues.Add(Issue(problem.Status >= 500 ? "fatal" : "error", TypeOf(problem.Status, problem.Code), problem.Code, problem.CorrelationId is { } id ? $"{problem.Detail} {id}" : problem.Detail));
        issues.AddRange(problem.Errors?.Select(e => Issue("error", TypeOf(problem.Status == 409 ? 409 : 400, e.Code), e.Code, e.Message, e.Pointer)) ?? []);
        return Of(issues);
    }

    public static JsonObject Of(IEnumerable<JsonObject> issues) => new() { ["resourceType"] = "OperationOutcome", ["issue"] = new JsonArray([.. issues]) };

    /// <param name="type">Of FHIR's value set issue-type.</param>
    /// <param name="code">Of <see cref="Messages.Table"/>, or a flag.</param>
    /// <param name="pointer">Into the Bundle, or <c>header:Name</c>, <c>query:name</c>.</param>
    public static JsonObject Issue(string severity, string type, string code, string sentence, string pointer = "")
    {
        var issue = new JsonObject
        {
            ["severity"] = severity,
            ["code"] = type,
            ["details"] = new JsonObject { ["coding"] = new JsonArray(new JsonObject { ["system"] = Codes, ["code"] = code }) },
            ["diagnostics"] = sentence,
        };
        // Of what is no part of the body R4 says http. and the name.
        if (pointer.Split(':') is ["header" or "query", var name])
            issue["location"] = new JsonArray($"http.{name}");
        else if (R4.Expression(pointer) is { } expression)
            issue["expression"] = new JsonArray(expression);
        return issue;
    }

    private static string TypeOf(int status, string code) => (status, code) switch
    {
        (401, _) => "login",
        (403, _) => "forbidden",
        (404, _) => "not-found",
        (409 or 412 or 422, _) => "conflict",
        (405 or 415, _) => "not-supported",
        (503 or 429, "tooManyRequests") => "throttled",
        (503 or 429, _) => "transient",
        ( >= 500, _) => "exception",
        (_, "missing" or "empty" or "fhirIdentifier" or "fhirNoProcedure") => "required",
        (_, "invalidJson" or "invalidUtf8" or "invalidText" or "emptyBody" or "tooDeep" or "wrongType" or "fhirStructure" or "fhirUnknownElement" or "fhirNotABundle" or "duplicateProperty") => "structure",
        (_, "tooLarge" or "tooLong" or "tooMany") => "too-long",
        (_, "unknownValue" or "unknownTechnique" or "unknownProcedureCode" or "unknownComplicationCode" or "invalidIcd9" or "invalidDiagnosis" or "fhirCode" or "fhirCodeSystem") => "code-invalid",
        (_, "duplicateItem" or "duplicateDevice" or "fhirDuplicateEntry") => "duplicate",
        (_, "fhirDangling" or "unknownInstitution") => "not-found",
        (_, "fhirModifier" or "fhirContained" or "fhirConditional" or "fhirResourceType" or "fhirBundleType") => "not-supported",
        (_, "personalData" or "fhirPersonalElement" or "fhirNotPerformed" or "fhirEnteredInError" or "fhirContradicts" or "fhirGivenTwice" or "fhirOtherPatient" or "fhirNotLinked" or "fhirComplicationElsewhere" or "fhirExplanted" or "fhirOnlyOne" or "fhirSeveralProcedures" or "fhirSeveralConditions") => "business-rule",
        _ => "value",
    };
}
