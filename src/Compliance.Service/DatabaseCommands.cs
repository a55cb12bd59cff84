using System.CommandLine;
using System.Globalization;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service;

/// <summary>The commands that work on the database, while others may serve from it: <c>rebuild</c> and <c>verify</c>.</summary>
internal static class DatabaseCommands
{
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    private sealed record Rebuilt(string What, long Position);

    private sealed record Verified(bool Agrees, IReadOnlyList<LogCheck> Checks, IReadOnlyList<TableCompared> Tables);

    private sealed record Progress(string Doing, long Position, long Head, double PerSecond, double? SecondsLeft);

    public static Command Rebuild()
    {
        var rebuild = OnDatabase(
            "rebuild",
            "Builds what is derived from the log anew, beside what serves, and switches over.",
            """
            Interrupted, it goes on where it was. It may run while a service serves, and decides nothing: nobody is suspended by it.

              compliance rebuild
              compliance rebuild standings
              compliance rebuild --ConnectionStrings:Compliance="Host=db;Database=compliance;Username=compliance" --json
            """,
            DatabaseUse.Rebuild,
            RebuildAll);
        // Commands and not an argument, which would take a setting for its value.
        rebuild.Add(OnDatabase("all", "All rows, as rebuild alone does.", "  compliance rebuild all", DatabaseUse.Rebuild, RebuildAll));
        rebuild.Add(OnDatabase("standings", "Only what the dashboards show; whoever serves builds it, now or next.", "  compliance rebuild standings", DatabaseUse.Rebuild, RebuildStandings));
        return rebuild;
    }

    public static Command Verify()
    {
        var closings = new Option<bool>("--closings") { Description = "Judges every day closed again, too, and makes every snapshot of the register anew instead of each technique's last. Takes long once years have gone by." };
        var verify = OnDatabase(
            "verify",
            "Proves the log, the rows derived from it, and the published register; exits with 1 when one is not as it should be.",
            """
            Of the log: versions, positions, times, ids, checkpoints. Of the rows: every table against what the log gives when it is folded again. Of the register: the digests published against texts made anew.
            It changes nothing that is looked at, makes nothing where there is nothing (exit code 3), and may run while a service serves.

              compliance verify
              compliance verify --closings --json
            """,
            DatabaseUse.Look,
            (parsed, teller, log, database, cancellation) => Verify(parsed.GetValue(closings), teller, log, database, cancellation));
        verify.Add(closings);
        return verify;
    }

    private static async Task<int> RebuildAll(ParseResult parsed, Teller teller, IEventStore log, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await new Rebuild(log, database, ReadSchema.Living).Run(Show(teller, "rebuild"), cancellation);
        return Done(teller, new("all", await Checkpoints.Read(database, ReadSchema.Living.Rows, cancellation)));
    }

    private static async Task<int> RebuildStandings(ParseResult parsed, Teller teller, IEventStore log, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await new Standings(log, database, ReadSchema.Living).Restart(cancellation);
        return Done(teller, new("standings", await Checkpoints.Read(database, ReadSchema.Living.Standings, cancellation)));
    }

    private static int Done(Teller teller, Rebuilt rebuilt)
    {
        teller.Outcome(rebuilt, () => "Done.");
        return ExitCode.Done;
    }

    private static async Task<int> Verify(bool closings, Teller teller, IEventStore log, NpgsqlDataSource database, CancellationToken cancellation)
    {
        var checks = new List<LogCheck>(await LogChecks.Run(database, cancellation));
        var tables = await new Reconciliation(new Rebuild(log, database, ReadSchema.Living), database).Run(closings, Show(teller, "verify"), cancellation);
        checks.Add(await RegisterSnapshots.Check(log, database, every: closings, cancellation));
        var verified = new Verified(checks.TrueForAll(c => c.Holds) && tables.All(t => t.Agrees), checks, tables);
        teller.Outcome(verified, () => Text(verified));
        return verified.Agrees ? ExitCode.Done : ExitCode.Findings;
    }

    private static Command OnDatabase(string name, string description, string lesson, DatabaseUse use, Func<ParseResult, Teller, IEventStore, NpgsqlDataSource, CancellationToken, Task<int>> work)
    {
        var command = new Taught(name, description, lesson) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = await ServiceDatabase.Open(WebApplication.CreateBuilder([CommandLine.LogToErrorOutput, .. parsed.UnmatchedTokens]).Configuration, cancellation, use);
            await using var log = new PostgresEventStore(database.Source, EventTable.Types, () => TimeSpan.Zero);
            return await work(parsed, Teller.Of(parsed), log, database.Source, cancellation);
        });
        return command;
    }

    private static Action<RebuildProgress> Show(Teller teller, string doing)
    {
        var shown = 0L;
        return progress =>
        {
            if (shown != 0 && progress.Position < progress.Head && TimeProvider.System.GetElapsedTime(shown) < ProgressEvery)
                return;
            shown = TimeProvider.System.GetTimestamp();
            var share = progress.Head == 0 ? 1 : (double)progress.Position / progress.Head;
            teller.Progress(
                new Progress(doing, progress.Position, progress.Head, progress.Rate, progress.Left?.TotalSeconds),
                () => string.Create(CultureInfo.InvariantCulture, $"{share,6:P1}  {progress.Position} of {progress.Head}  {progress.Rate:F0} a second  {(progress.Left is { } left ? $"{left:hh\\:mm\\:ss} left" : "")}"));
        };
    }

    private static string Text(Verified verified)
    {
        var lines = new List<string>();
        foreach (var check in verified.Checks)
        {
            lines.Add(check.Holds ? $"holds    {check.Rule}" : string.Create(CultureInfo.InvariantCulture, $"BROKEN   {check.Rule}: {check.Broken} times"));
            lines.AddRange(check.Examples.Select(e => "         " + e));
        }

        foreach (var table in verified.Tables)
        {
            lines.Add(string.Create(
                CultureInfo.InvariantCulture, $"{(table.Agrees ? "agrees " : "DIFFERS")}  {table.Table,-28} {table.Rows,12} rows {table.Checksum,24}   by the log {table.RowsOfLog,12} rows {table.ChecksumOfLog,24}"));
            lines.AddRange(table.Examples.Select(e => "         " + e));
        }

        return string.Join('\n', lines);
    }
}
