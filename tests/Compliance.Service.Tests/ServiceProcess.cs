using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Compliance.Service.Tests;

/// <summary>The service's own program as a process, on a port of its own: what can be killed, and frozen.</summary>
internal sealed class ServiceProcess : IDisposable
{
    /// <summary>Of what the program wrote, the last lines are kept for whoever must explain its end: an hour's progress.</summary>
    private const int LinesKept = 4_000;

    private readonly Process _process;
    private readonly ConcurrentQueue<Line> _lines = new();
    private readonly string _mark;

    private ServiceProcess(Process process, string url)
    {
        _process = process;
        _mark = TestPostgres.KilledWithUs(process.Id);
        Http = new HttpClient { BaseAddress = new Uri(url) };
        process.OutputDataReceived += (_, e) => Keep(e.Data, isError: false);
        process.ErrorDataReceived += (_, e) => Keep(e.Data, isError: true);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public HttpClient Http { get; }

    public bool HasExited => _process.HasExited;

    /// <param name="At">When it arrived here.</param>
    /// <param name="IsError">On the error output.</param>
    public sealed record Line(DateTimeOffset At, bool IsError, string Text);

    public IReadOnlyCollection<Line> Lines => _lines;

    public string Output => string.Join('\n', _lines.Select(l => l.Text));

    /// <summary>An address nobody listens on now.</summary>
    public static string FreeUrl()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
    }

    /// <summary>Launches the program; it may not be able to answer yet, nor ever.</summary>
    /// <param name="command">One of the command line's; to serve, unless given.</param>
    public static ServiceProcess Launch(string database, string? url = null, params string[] command)
    {
        url ??= FreeUrl();
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Compliance.Service.dll"), .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["ASPNETCORE_URLS"] = url;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        start.Environment["ConnectionStrings__Compliance"] = database;
        return new(Process.Start(start)!, url);
    }

    public static async Task<ServiceProcess> Start(string database)
    {
        var started = Launch(database);
        try
        {
            await started.WaitUntilReady(TimeSpan.FromSeconds(60));
            return started;
        }
        catch
        {
            started.Dispose();
            throw;
        }
    }

    public async Task WaitUntilReady(TimeSpan atMost)
    {
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < atMost; await Task.Delay(50))
        {
            if (await IsReady())
            {
                return;
            }

            HasExited.ShouldBeFalse($"the service ended at its start:\n{Output}");
        }

        throw new TimeoutException($"The service is not ready after {atMost}:\n{Output}");
    }

    public async Task<bool> IsReady()
    {
        try
        {
            using var ready = await Http.GetAsync("/health/ready");
            return ready.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Waits until a command has done its work.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> Finished(CancellationToken cancellation = default)
    {
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: no chance to tidy up.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
        File.Delete(_mark);
    }

    /// <summary>Stops it in the middle of whatever it does, with its connections open, as a paused virtual machine is.</summary>
    public void Freeze() => Signal("-STOP");

    public void Thaw() => Signal("-CONT");

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        Http.Dispose();
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        kill.ExitCode.ShouldBe(0);
    }

    private void Keep(string? line, bool isError)
    {
        if (line is not null)
        {
            _lines.Enqueue(new(TimeProvider.System.GetUtcNow(), isError, line));
        }

        while (_lines.Count > LinesKept)
        {
            _lines.TryDequeue(out _);
        }
    }
}
