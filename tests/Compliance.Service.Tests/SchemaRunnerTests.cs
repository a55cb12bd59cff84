using Compliance.Service.Schema;
using Npgsql;

namespace Compliance.Service.Tests;

public sealed class SchemaRunnerTests : IAsyncLifetime
{
    private static readonly SchemaFile[] Files = [new("9001_a.sql", "create table a (n int)"), new("9002_b.sql", "create table b (n int)")];

    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(await TestPostgres.CreateDatabase());
        await Execute("drop table compliance.schema_versions");
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Files_are_applied_once_by_whichever_node_comes_first()
    {
        await Apply(Files[0]);
        await Task.WhenAll(Apply(Files), Apply(Files), Apply(Files));
        await Execute("insert into a select n from b");
    }

    [Fact]
    public async Task A_file_that_fails_leaves_nothing_behind()
    {
        var broken = new SchemaFile("9002_b.sql", "create table b (n int); select 1/0");
        await Apply(Files[0], broken).ShouldThrowAsync<PostgresException>();
        await Apply(Files);
    }

    [Fact]
    public async Task A_changed_file_is_refused()
    {
        await Apply(Files);
        (await Apply(Files[0], Files[1] with { Sql = "create table c (n int)" }).ShouldThrowAsync<InvalidOperationException>())
            .Message.ShouldContain("9002_b.sql");
    }

    [Fact]
    public async Task A_newer_database_is_refused()
    {
        await Apply(Files);
        (await Apply(Files[0]).ShouldThrowAsync<InvalidOperationException>()).Message.ShouldContain("9002");
    }

    private Task Apply(params SchemaFile[] files) => SchemaRunner.Apply(_database, files, CancellationToken.None);

    private async Task Execute(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
