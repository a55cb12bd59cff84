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
    private const string Services = "services";

    private static readonly Lazy<Task<EmbeddedPostgres>> Cluster = new(Start);
    private static readonly SemaphoreSlim Cloning = new(1);
    private static readonly Lazy<string> OwnRoot = new(PrepareRoot);
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
        Directory.CreateDirectory(Path.Combine(OwnRoot.Value, Guid.NewGuid().ToString("N")[..8])).FullName;

    /// <summary>Has a service process killed when this process ends, however it comes to.</summary>
    /// <returns>A file to delete once it has ended by itself.</returns>
    public static string KilledWithUs(int service)
    {
        var mark = Path.Combine(Directory.CreateDirectory(Path.Combine(OwnRoot.Value, Services)).FullName, service.ToString(CultureInfo.InvariantCulture));
        File.Create(mark).Dispose();
        return mark;
    }

    public static async Task Execute(string connectionString, string sql)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<EmbeddedPostgres> Start()
    {
        var cluster = await EmbeddedPostgres.Start(
            NewDirectory(), new EmbeddedPostgresOptions { Durable = false }, NullLogger.Instance);
        await Execute(cluster.Connection("postgres"), $"create database {Template}");
        await using var template = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(cluster.Connection(Template)) { Pooling = false });
        await SchemaRunner.Apply(template);
        await ReadSchema.Living.Create(template, CancellationToken.None);
        return cluster;
    }

    private static string PrepareRoot()
    {
        Sweep();
        CleanUpBehindUs();
        return Root(Environment.ProcessId);
    }

    /// <summary>The test host is killed when the last test has run, before an exit handler could stop a server. So a shell of its own
    /// waits for the end of this process, however it comes.</summary>
    private static void CleanUpBehindUs()
    {
        var id = Environment.ProcessId;
        using var shell = Process.Start("sh", ["-c", $"( while kill -0 {id}; do sleep 1; done; {RemoveAll} ) < /dev/null > /dev/null 2>&1 &", "clean-up", Root(id)]);
        shell.WaitForExit();
    }

    /// <summary>Ends the services and servers that work in a run's directory ($1), unmounts what is mounted there, and removes it.</summary>
    private const string RemoveAll =
        """
        for pid in $(ls "$1/services"); do
          { cat /proc/$pid/cmdline || ps -p $pid -o command=; } | grep -q Compliance.Service.dll && kill -9 $pid
        done
        for pid in $(find "$1" -name postmaster.pid -exec head -n 1 {} \;); do
          { readlink /proc/$pid/cwd || ps -p $pid -o command=; } | grep -q "$1" || continue
          kill -QUIT "$pid"
          tries=0
          while kill -0 "$pid" && [ $((tries += 1)) -lt 100 ]; do sleep 0.2; done
        done
        grep -o " $1/[^ ]*" /proc/mounts | while read mounted; do umount -l "$mounted"; done
        rm -rf "$1"
        """;

    private static string Root(int process) => Path.Combine(Path.GetTempPath(), Prefix + process.ToString(CultureInfo.InvariantCulture));

    /// <summary>A test run that was killed together with its shell leaves its directory, and a server running in it.</summary>
    private static void Sweep()
    {
        foreach (var root in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (!int.TryParse(Path.GetFileName(root)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                || IsRunning(process))
                continue;
            using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", RemoveAll, "sweep", root]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            shell.OutputDataReceived += (_, _) => { };
            shell.ErrorDataReceived += (_, _) => { };
            shell.BeginOutputReadLine();
            shell.BeginErrorReadLine();
            shell.WaitForExit();
        }
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
}
