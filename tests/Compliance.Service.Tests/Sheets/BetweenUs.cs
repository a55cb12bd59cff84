using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Compliance.Service.Tests.Sheets;

/// <summary>Stands between a command and the service, and passes on what is asked, unless the test has something else in mind.</summary>
internal sealed class BetweenUs : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _imports;

    private BetweenUs(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    /// <summary>Asked before an import is passed on, with its number, 1 for the first; true when it has answered itself.</summary>
    public Func<int, HttpContext, Task<bool>> OnImport { get; set; } = (_, _) => Task.FromResult(false);

    public static async Task<BetweenUs> Start(HttpClient service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = null);
        var between = new BetweenUs(builder.Build());
        between._app.Run(http => between.Pass(http, service));
        await between._app.StartAsync();
        return between;
    }

    /// <summary>Answers as no service of this kind does, and so that nobody tries again.</summary>
    public static async Task<bool> BreakOff(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        await http.Response.WriteAsync("<html>");
        return true;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task Pass(HttpContext http, HttpClient service)
    {
        if (http.Request.Path.Value!.EndsWith("/import", StringComparison.Ordinal) && await OnImport(Interlocked.Increment(ref _imports), http))
            return;
        using var request = new HttpRequestMessage(new(http.Request.Method), http.Request.Path + http.Request.QueryString);
        if (http.Request.ContentType is { } type)
        {
            request.Content = new StreamContent(http.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        foreach (var name in new[] { "Authorization", "Accept-Language" })
            request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)http.Request.Headers[name]);
        using var response = await service.SendAsync(request);
        http.Response.StatusCode = (int)response.StatusCode;
        http.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await response.Content.CopyToAsync(http.Response.Body);
    }
}
