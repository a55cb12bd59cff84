using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Crash;

/// <summary>A node as an orchestrator runs it: started again whenever it ends, and asked for its health meanwhile.</summary>
internal sealed class SupervisedService : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly string _database;
    private readonly string _url = ServiceProcess.FreeUrl();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _watching;
    private ServiceProcess _process;
    private bool _killed;
    private bool _wasReady;

    public SupervisedService(string database)
    {
        _database = database;
        _process = ServiceProcess.Launch(database, _url);
        Http = new HttpClient { BaseAddress = new Uri(_url) };
        _watching = Task.Run(Watch);
    }

    /// <summary>The node's address outlives its processes.</summary>
    public HttpClient Http { get; }

    public string Output => _process.Output;

    /// <summary>What no fault excuses: an end that nobody caused, a process or projection that stopped for good.</summary>
    public ConcurrentQueue<string> Wrong { get; } = new();

    public void Kill()
    {
        lock (_lock)
        {
            _killed = true;
            _process.Kill();
        }
    }

    public void Freeze() => _process.Freeze();

    public void Thaw() => _process.Thaw();

    public async Task WaitUntilReady(TimeSpan atMost)
    {
        using var patience = new CancellationTokenSource(atMost);
        while (!await _process.IsReady())
        {
            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"The service is not ready after {atMost}:\n{Output}");
            }

            await Task.Delay(Look);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _process.Dispose();
        Http.Dispose();
        _stop.Dispose();
    }

    private async Task Watch()
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_lock)
            {
                if (_process.HasExited)
                {
                    // One that ends before it was ready did not find its database: as often as it likes.
                    if (!_killed && _wasReady)
                    {
                        Wrong.Enqueue($"the service ended by itself:\n{_process.Output}");
                    }

                    _process.Dispose();
                    _process = ServiceProcess.Launch(_database, _url);
                    (_killed, _wasReady) = (false, false);
                }
            }

            await AskForHealth();
            await Task.Delay(Look, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AskForHealth()
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(TimeSpan.FromSeconds(2));
            using var answer = await Http.GetAsync("/health/ready", patience.Token);
            _wasReady |= answer.IsSuccessStatusCode;
            var reasons = JsonNode.Parse(await answer.Content.ReadAsStringAsync(patience.Token))!["reasons"]!.AsArray().Select(r => r!.GetValue<string>()).ToList();
            if (reasons.Exists(r => r.EndsWith("Stopped", StringComparison.Ordinal)))
            {
                Wrong.Enqueue($"{string.Join(", ", reasons)}:\n{Output}");
                // Started again it goes on, and the run with it.
                Kill();
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // It is down.
        }
    }
}
