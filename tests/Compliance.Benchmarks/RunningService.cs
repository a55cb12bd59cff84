using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Compliance.Service;
using Compliance.Service.EventStore;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Compliance.Benchmarks;

/// <summary>The whole service on a database, with all its processes, answering over the loopback interface.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    /// <summary>What metrics and closings are read from.</summary>
    public static readonly string Rows = ReadSchema.Living.Rows;

    /// <summary>What the monitor has decided on; it follows days, not every event.</summary>
    public const string Monitor = DayMonitor.Name;

    /// <summary>What dashboards show.</summary>
    public static readonly string Standings = ReadSchema.Living.Standings;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Who waits longer than this is told what for.</summary>
    private static readonly TimeSpan Word = TimeSpan.FromSeconds(20);

    private readonly ComplianceService _service;
    private readonly Database _database;

    private RunningService(ComplianceService service, Database database)
    {
        (_service, _database) = (service, database);
        Http = new HttpClient { BaseAddress = new Uri(service.App.Urls.Single()), Timeout = Patience };
    }

    public HttpClient Http { get; }

    public Clock Clock => _service.App.Services.GetRequiredService<Clock>();

    public static async Task<RunningService> Start(Database database, CancellationToken stop)
    {
        var service = await ComplianceService.Build(
            [
                "--urls=http://127.0.0.1:0",
                "--environment=Development",
                $"--ConnectionStrings:Compliance={database.ConnectionString}",
                "--Logging:LogLevel:Default=Warning",
            ],
            // Standard output is for the table.
            builder => builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace),
            stop);
        await service.App.StartAsync(stop);
        var running = new RunningService(service, database);
        var token = await running.Post("/dev/token", new { role = "national" }, stop);
        running.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token["token"]!.GetValue<string>());
        return running;
    }

    public async Task<JsonNode> Post(string path, object body, CancellationToken stop)
    {
        using var response = await Http.PostAsJsonAsync(path, body, stop);
        return await Answer(response, stop);
    }

    public async Task<JsonNode> Post(string path, byte[] body, string type, CancellationToken stop)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        return await Post(path, content, stop);
    }

    public async Task<JsonNode> Post(string path, HttpContent content, CancellationToken stop)
    {
        using var response = await Http.PostAsync(path, content, stop);
        return await Answer(response, stop);
    }

    /// <summary>Reads the answer to the end and looks no further: what a client costs is not the service's.</summary>
    public async Task Get(string path, CancellationToken stop)
    {
        using var response = await Http.GetAsync(path, stop);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync(stop)}");
    }

    /// <summary>Waits until a follower of the log has reached a position.</summary>
    public async Task Reached(string follower, long position, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await Checkpoints.WaitFor(_database.Source, follower, position, Word, stop))
        {
            var at = await Checkpoints.Read(_database.Source, follower, stop);
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new TimeoutException($"'{follower}' has not reached {position} in {Patience}: it stands at {at}.");
            Progress.Say($"waiting for '{follower}': at {at} of {position} after {Stopwatch.GetElapsedTime(started):m\\:ss}");
        }
    }

    private static async Task<JsonNode> Answer(HttpResponseMessage response, CancellationToken stop)
    {
        var text = await response.Content.ReadAsStringAsync(stop);
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{response.RequestMessage!.RequestUri}: {response.StatusCode} {text}");
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _service.App.StopAsync();
        await _service.DisposeAsync();
    }
}
