using System.Diagnostics;
using System.Globalization;
using Compliance.Service.Projections;
using Compliance.Service.Schema;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Compliance.Service.Tests;

/// <summary>One throw-away PostgreSQL per test run, and in it one database per test class, cloned from a migrated template. Without an
/// installed PostgreSQL the tests fail and say how to get it; they are never skipped.</summary>
public static class TestPostgres
{
    private const string Template = "migrated";
    private const string Prefix = "compliance-tests-";

    private static readonly Lazy<Task<EmbeddedPostgres>> Cluster = new(Start);
    private static readonly SemaphoreSlim Cloning = new(1);
    private static int _databases;

    /// <summary>A migrated, empty database of the caller's own; dropped with the cluster.</summary>
    public static async Task<string> CreateDatabase()
    {
        var cluster = await Cluster.Value;
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        // PostgreSQL copies a template only while nobody uses it, another copy included.
        await Cloning.WaitAsync();
        try
        {
            await Execute(cluster.Connection("postgres"), $"create database {name} template {Template}");
        }
        finally
        {
            Cloning.Release();
        }

        // Short waits for the pool to shrink: many test classes share 200 connections.
        return new NpgsqlConnectionStringBuilder(cluster.Connection(name)) { ConnectionIdleLifetime = 5, ConnectionPruningInterval = 2 }.ConnectionString;
    }

    /// <summary>A new directory under the temporary one that is swept by a later run if this one dies.</summary>
    public static string NewDirectory() =>
        Directory.CreateDirectory(Path.Combine(Root(Environment.ProcessId), Guid.NewGuid().ToString("N")[..8])).FullName;

    public static async Task Execute(string connectionString, string sql)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<EmbeddedPostgres> Start()
    {
        Sweep();
        CleanUpBehindUs();
        var cluster = await EmbeddedPostgres.Start(
            NewDirectory(), new EmbeddedPostgresOptions { Durable = false }, NullLogger.Instance);
        await Execute(cluster.Connection("postgres"), $"create database {Template}");
        await using var template = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(cluster.Connection(Template)) { Pooling = false });
        await SchemaRunner.Apply(template);
        await ReadSchema.Living.Create(template, CancellationToken.None);
        return cluster;
    }

    /// <summary>The test host is killed when the last test has run, before an exit handler could stop a server. So a shell of its own
    /// waits for the end of this process, however it comes.</summary>
    private static void CleanUpBehindUs()
    {
        const string script =
            """
            (
              while kill -0 "$1"; do sleep 1; done
              for pid in $(find "$2" -name postmaster.pid -exec head -n 1 {} \;); do
                kill -QUIT "$pid"
                while kill -0 "$pid"; do sleep 0.2; done
              done
              rm -rf "$2"
            ) < /dev/null > /dev/null 2>&1 &
            """;
        var id = Environment.ProcessId;
        using var shell = Process.Start("sh", ["-c", script, "clean-up", id.ToString(CultureInfo.InvariantCulture), Root(id)]);
        shell.WaitForExit();
    }

    private static string Root(int process) => Path.Combine(Path.GetTempPath(), Prefix + process.ToString(CultureInfo.InvariantCulture));

    /// <summary>A test run that was killed together with its shell leaves its directory, and a server running in it.</summary>
    private static void Sweep()
    {
        foreach (var root in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (!int.TryParse(Path.GetFileName(root)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                || IsRunning(process))
                continue;
            foreach (var pidFile in Directory.EnumerateFiles(root, "postmaster.pid", SearchOption.AllDirectories))
                StopServer(Path.GetDirectoryName(pidFile)!, int.Parse(File.ReadLines(pidFile).First(), CultureInfo.InvariantCulture));
            Remove(root);
        }
    }

    private static void StopServer(string data, int pid)
    {
        if (!EmbeddedPostgres.IsPostmaster(pid, data))
            return;
        using var server = Process.GetProcessById(pid);
        server.Kill();
        server.WaitForExit();
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Remove(string root)
    {
        if (!Directory.Exists(root))
            return;
        try
        {
            Directory.Delete(root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, or still being written to by a dying server: the next run tries again.
        }
    }
}
