namespace Compliance.Service.Http;

/// <summary>An answer kept under its Idempotency-Key, to be given again.</summary>
public sealed record StoredAnswer(int Status, string BodyJson) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = Status;
        httpContext.Response.ContentType = Status >= 400 ? Problem.ContentType : "application/json; charset=utf-8";
        await httpContext.Response.WriteAsync(BodyJson, httpContext.RequestAborted);
    }
}

public static class Idempotency
{
    public const string Header = "Idempotency-Key";
    public const int MaxKey = 128;

    /// <summary>The request's key; null when it has none, with a refusal when it has one that is not 1 to 128 printable ASCII characters.</summary>
    public static (string? Key, Problem? Refusal) KeyOf(HttpContext http)
    {
        var values = http.Request.Headers[Header];
        if (values.Count == 0)
            return (null, null);
        return values is [{ Length: > 0 and <= MaxKey } key] && key.All(c => c is >= ' ' and <= '~') && !string.IsNullOrWhiteSpace(key) && !PersonalData.FoundInOpaque(key)
            ? (key, null)
            : (null, Problem.Invalid(http, new Fault($"header:{Header}", "invalidIdempotencyKey", MaxKey)));
    }
}
