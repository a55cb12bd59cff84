using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Compliance.Service.Tests.Webhooks;

/// <summary>One request a receiver got, and what it answered; 0 while it has not.</summary>
public sealed record Received(string Id, string Timestamp, string Signature, string ContentType, string Body, string Path, int Attempt)
{
    public int Answered { get; set; }

    public JsonNode Event { get; } = JsonNode.Parse(Body)!;

    public string Subject => Event["subject"]!.GetValue<string>();

    public string Type => Event["type"]!.GetValue<string>()["compliance.qualification.".Length..];

    /// <summary>Computed here from the words of Standard Webhooks, not by what the service signs with.</summary>
    public bool IsSignedWith(string secret)
    {
        var key = secret.StartsWith("whsec_", StringComparison.Ordinal) ? Convert.FromBase64String(secret[6..]) : Encoding.UTF8.GetBytes(secret);
        using var mac = new HMACSHA256(key);
        return Signature == $"v1,{Convert.ToBase64String(mac.ComputeHash(Encoding.UTF8.GetBytes($"{Id}.{Timestamp}.{Body}")))}";
    }

    public DateTimeOffset SentAt => DateTimeOffset.FromUnixTimeSeconds(long.Parse(Timestamp, CultureInfo.InvariantCulture));
}

/// <summary>A real server on a port of its own that remembers what it was sent, answers as told, and may vanish and come back.</summary>
public sealed class Receiver : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _attempts = [];
    private readonly List<Received> _requests = [];
    private WebApplication? _app;
    private int _port;

    private Receiver()
    {
    }

    /// <summary>What it answers to a request; 200 unless said otherwise.</summary>
    public Func<Received, HttpContext, Task<int>> Answers { get; set; } = (_, _) => Task.FromResult(200);

    public string Url => $"http://127.0.0.1:{_port}/hook";

    /// <summary>In the order they came.</summary>
    public IReadOnlyList<Received> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>What it has taken, each once, in the order it was first taken.</summary>
    public IReadOnlyList<Received> Taken => [.. Requests.Where(r => r.Answered is >= 200 and < 300).DistinctBy(r => r.Id)];

    public static async Task<Receiver> Start(Func<Received, HttpContext, Task<int>>? answers = null)
    {
        var receiver = new Receiver();
        receiver.Answers = answers ?? receiver.Answers;
        await receiver.Appear();
        return receiver;
    }

    public static async Task<Receiver> Answering(Func<Received, int> status) => await Start((r, _) => Task.FromResult(status(r)));

    /// <summary>Starts to listen, on the port it had before.</summary>
    public async Task Appear()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        _app = builder.Build();
        _app.Run(Take);
        await _app.StartAsync();
        _port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    /// <summary>Closes its port; what is under way is cut off.</summary>
    public async Task Vanish()
    {
        if (_app is not null)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async ValueTask DisposeAsync() => await Vanish();

    private async Task Take(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        string Header(string name) => http.Request.Headers[name].ToString();
        var id = Header("webhook-id");
        var request = new Received(
            id, Header("webhook-timestamp"), Header("webhook-signature"), http.Request.ContentType ?? "", body, http.Request.Path, _attempts.AddOrUpdate(id, 1, (_, n) => n + 1));
        lock (_requests)
        {
            _requests.Add(request);
        }

        var status = await Answers(request, http);
        http.Response.StatusCode = status;
        request.Answered = status;
        if (status == (int)HttpStatusCode.Found)
        {
            http.Response.Headers.Location = "/elsewhere";
        }
    }
}

public static class Eventually
{
    /// <summary>A wait that ends as soon as it may, and fails when it lasted too long.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static Task Holds(string what, Func<bool> condition, TimeSpan? within = null) => Holds(what, () => Task.FromResult(condition()), within);

    public static async Task Holds(string what, Func<Task<bool>> condition, TimeSpan? within = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(within ?? Bound, what);
            await Task.Delay(20);
        }
    }
}
