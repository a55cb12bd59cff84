using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Compliance.Service.Tests.Crash;

/// <summary>A PostgreSQL that flushes what it commits, on a disk of its own, to be killed, starved and started again.</summary>
internal sealed class DurableCluster : IAsyncDisposable
{
    /// <summary>A small log that is soon recycled, so that the disk stays small and a full one stops the log too.</summary>
    private static readonly EmbeddedPostgresOptions Options = new()
    {
        Settings = new Dictionary<string, string> { ["min_wal_size"] = "32MB", ["max_wal_size"] = "96MB", ["max_connections"] = "150" },
    };

    private readonly SmallDisk _disk;
    private EmbeddedPostgres _server;

    private DurableCluster(SmallDisk disk, EmbeddedPostgres server) => (_disk, _server) = (disk, server);

    public string ConnectionString => new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Pooling = false, Timeout = 5 }.ConnectionString;

    public string Socket => Path.Combine(new NpgsqlConnectionStringBuilder(_server.ConnectionString).Host!, ".s.PGSQL.5432");

    public string Disk => _disk.IsMounted ? "a full file system" : "a limit on the size of files";

    private string Data => Path.Combine(_server.Directory, "data");

    public static async Task<DurableCluster> Start()
    {
        var disk = SmallDisk.Make();
        try
        {
            return new(disk, await EmbeddedPostgres.Start(disk.Directory, Options, NullLogger.Instance));
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    public async Task KillPostmaster()
    {
        if (Postmaster() is { } postmaster)
        {
            Kill(postmaster);
            while (Postmaster() is not null)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>One of the server's processes, a client's or one of its own: the postmaster then ends all others, and recovers.</summary>
    public void KillBackend(Random random)
    {
        if (Postmaster() is { } postmaster && Children(postmaster).ToArray() is { Length: > 0 } children)
        {
            Kill(random.GetItems(children, 1)[0]);
        }
    }

    public void Fill() => _disk.Fill(Processes());

    public void Free() => _disk.Free(Processes());

    /// <summary>Starts the server unless it runs. It may have given up by itself, e.g. when the disk was full.</summary>
    public async Task EnsureStarted()
    {
        if (Postmaster() is null)
        {
            _server.Abandon();
            _server = await EmbeddedPostgres.Start(_disk.Directory, Options, NullLogger.Instance);
        }
    }

    public async Task Terminate(int howMany)
    {
        try
        {
            await TestPostgres.Execute(
                ConnectionString,
                string.Create(CultureInfo.InvariantCulture, $"select pg_terminate_backend(pid) from (select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by random() limit {howMany}) some"));
        }
        catch (NpgsqlException)
        {
            // Not up just now; then there is nothing to terminate.
        }
    }

    public async ValueTask DisposeAsync()
    {
        Free();
        await _server.DisposeAsync();
        await KillPostmaster();
        _disk.Dispose();
    }

    private IEnumerable<int> Processes() => Postmaster() is { } postmaster ? [postmaster, .. Children(postmaster)] : [];

    private int? Postmaster()
    {
        var file = Path.Combine(Data, "postmaster.pid");
        try
        {
            return int.TryParse(File.ReadLines(file).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && EmbeddedPostgres.IsPostmaster(pid, Data) ? pid : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static IEnumerable<int> Children(int parent)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ParentOf(directory) == parent)
            {
                yield return pid;
            }
        }
    }

    private static int? ParentOf(string process)
    {
        try
        {
            // pid (name, which may hold anything) state parent …
            var stat = File.ReadAllText(Path.Combine(process, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended.
            return null;
        }
    }

    private static void Kill(int pid)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }
}
