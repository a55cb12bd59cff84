using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Compliance.Service.Tests;

public sealed class EmbeddedPostgresTests
{
    private readonly string _directory = TestPostgres.NewDirectory();

    [Fact]
    public async Task Data_outlive_a_restart()
    {
        await using (var first = await Start())
            await TestPostgres.Execute(first.ConnectionString, "create table kept (n int)");
        await using var second = await Start();
        await TestPostgres.Execute(second.ConnectionString, "insert into kept values (1)");
    }

    [Fact]
    public async Task A_second_service_on_the_same_directory_is_refused()
    {
        await using var first = await Start();
        (await Start().ShouldThrowAsync<InvalidOperationException>()).Message.ShouldContain("Another service");
        await TestPostgres.Execute(first.ConnectionString, "select 1");
    }

    [Fact]
    public async Task A_cluster_made_by_others_is_not_touched()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "data"));
        await File.WriteAllTextAsync(Path.Combine(_directory, "data", "PG_VERSION"), "15");
        (await Start().ShouldThrowAsync<InvalidOperationException>()).Message.ShouldContain("did not make");
    }

    [Fact]
    public async Task A_killed_postmaster_is_recovered_from()
    {
        var first = await Start();
        await TestPostgres.Execute(first.ConnectionString, "create table kept (n int)");
        using (var postmaster = Postmaster())
        {
            postmaster.Kill();
            await postmaster.WaitForExitAsync();
        }

        await first.DisposeAsync();
        await using var second = await Start();
        await TestPostgres.Execute(second.ConnectionString, "insert into kept values (1)");
    }

    /// <summary>What a service that was killed leaves: a running server, and a directory whose lock has gone with its process.</summary>
    [Fact]
    public async Task A_server_left_running_is_taken_over()
    {
        var first = await Start();
        await TestPostgres.Execute(first.ConnectionString, "create table kept (n int)");
        first.Abandon();
        using var postmaster = Postmaster();

        await using var second = await Start();
        await postmaster.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(5));
        await TestPostgres.Execute(second.ConnectionString, "insert into kept values (1)");
    }

    [Fact]
    public async Task A_stale_pid_that_is_another_programs_now_is_recovered_from()
    {
        await (await Start()).DisposeAsync();
        await File.WriteAllTextAsync(PidFile, $"{Environment.ProcessId}\n{Path.GetDirectoryName(PidFile)}\n0\n5432\n/nowhere\n\n\n");
        // The socket's lock names a process too.
        await File.WriteAllTextAsync(Path.Combine(_directory, "run", ".s.PGSQL.5432.lock"), $"{Environment.ProcessId}\n{Path.GetDirectoryName(PidFile)}\n0\n5432\n{_directory}/run\n");
        await using var second = await Start();
        await TestPostgres.Execute(second.ConnectionString, "select 1");
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_gets_one_elsewhere()
    {
        var deep = Path.Combine(_directory, new string('x', 90));
        string socket;
        await using (var postgres = await EmbeddedPostgres.Start(deep, new EmbeddedPostgresOptions { Durable = false }, NullLogger.Instance))
        {
            await TestPostgres.Execute(postgres.ConnectionString, "select 1");
            socket = new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Host!;
            socket.Length.ShouldBeLessThan(90);
        }

        Directory.Exists(socket).ShouldBeFalse();
    }

    private string PidFile => Path.Combine(_directory, "data", "postmaster.pid");

    private Process Postmaster() => Process.GetProcessById(int.Parse(File.ReadLines(PidFile).First(), CultureInfo.InvariantCulture));

    private Task<EmbeddedPostgres> Start() =>
        EmbeddedPostgres.Start(_directory, new EmbeddedPostgresOptions { Durable = false }, NullLogger.Instance);
}
