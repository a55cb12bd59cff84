using Compliance.Service.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Compliance.Service.Tests.Http;

/// <summary>Past its bounds the service refuses at once, and says when to come again.</summary>
public sealed class CongestionTests
{
    [Theory]
    [InlineData("application/x-ndjson", Congestion.Imports, 429, "10")]
    [InlineData("application/x-ndjson; charset=utf-8", Congestion.Imports, 429, "10")]
    [InlineData("text/csv; charset=gb18030", Congestion.Imports, 429, "10")]
    [InlineData("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Congestion.Workbooks, 429, "10")]
    [InlineData("application/json", Congestion.Requests, 503, "1")]
    public async Task Who_is_one_too_many_is_told_when_to_come_again_and_the_others_end_well(string contentType, int bound, int refusal, string retryAfter)
    {
        var goOn = new TaskCompletionSource();
        using var congestion = new Congestion(async http =>
        {
            await goOn.Task;
            http.Response.StatusCode = 204;
        });
        var within = Enumerable.Range(0, bound).Select(_ => Run(congestion, contentType)).ToList();
        within.ShouldAllBe(w => !w.IsCompleted);

        var refused = await Run(congestion, contentType);
        refused.StatusCode.ShouldBe(refusal);
        refused.Headers.RetryAfter.ToString().ShouldBe(retryAfter);

        // The others, and whoever looks after the service, are not concerned.
        var (other, health) = (Run(congestion, contentType == "application/json" ? "application/x-ndjson" : "application/json"), Run(congestion, contentType, "/health/ready"));
        goOn.SetResult();
        foreach (var answered in within.Append(other).Append(health))
            (await answered).StatusCode.ShouldBe(204);
        (await Run(congestion, contentType)).StatusCode.ShouldBe(204);
    }

    private static async Task<HttpResponse> Run(Congestion congestion, string contentType, string path = "/api/v1/cases/import")
    {
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        (http.Request.Method, http.Request.Path, http.Request.ContentType) = ("POST", path, contentType);
        await congestion.InvokeAsync(http);
        return http.Response;
    }
}
