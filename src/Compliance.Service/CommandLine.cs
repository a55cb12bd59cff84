using System.CommandLine;
using System.Globalization;
using Compliance.Service.Demo;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service;

/// <summary>The program's commands. What is not an option of theirs is configuration, as <c>--urls=…</c>.</summary>
public static class CommandLine
{
    /// <summary>The rows are what the log says, or the command did what it was asked to.</summary>
    public const int Success = 0;

    /// <summary>Rows and log differ.</summary>
    public const int Differs = 1;

    /// <summary>The command could not be carried out; the reason is on the error output.</summary>
    public const int Failed = 2;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    public static Task<int> Run(string[] args)
    {
        var demo = new Option<bool>("--demo") { Description = "Fills an empty database with two years of a province, and shows it." };
        var root = new RootCommand("The system of record for who may go on doing interventional procedures. Without a command it serves.") { demo };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((parsed, _) => Serve(parsed.GetValue(demo), [.. parsed.UnmatchedTokens]));

        var rebuild = OnDatabase("rebuild", "Builds what is derived from the log anew, beside what serves, and switches over. Interrupted, it goes on where it was.", RebuildAll);
        // Commands and not an argument, which would take a setting for its value.
        rebuild.Add(OnDatabase("all", "All rows, as rebuild alone does.", RebuildAll));
        rebuild.Add(OnDatabase("standings", "Only what the dashboards show; whoever serves builds it, now or next.", RebuildStandings));
        root.Add(rebuild);

        var closings = new Option<bool>("--closings") { Description = "Judges every day closed again, too. Takes long once years have gone by." };
        var verify = OnDatabase(
            "verify",
            "Folds the log again and compares rows and checksums of every table. Exit code 1 when they differ.",
            (parsed, log, database, cancellation) => Verify(parsed.GetValue(closings), log, database, cancellation));
        verify.Add(closings);
        root.Add(verify);
        return root.Parse(args).InvokeAsync();
    }

    private static async Task<int> Serve(bool demo, string[] settings)
    {
        // A demonstration closes seven hundred days: its own progress says enough.
        string[] quietly = demo ? ["--Logging:LogLevel:Compliance.Service.Processes=Warning"] : [];
        await using var service = await ComplianceService.Build([.. quietly, .. settings]);
        await service.App.StartAsync();
        if (demo)
        {
            using var demonstration = new Demonstration(service.App, Console.Out);
            await demonstration.Run(service.App.Lifetime.ApplicationStopping);
        }

        await service.App.WaitForShutdownAsync();
        return Success;
    }

    private static async Task<int> RebuildAll(ParseResult parsed, IEventStore log, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await new Rebuild(log, database, ReadSchema.Living).Run(ShowProgress(), cancellation);
        Console.Error.WriteLine("Done.");
        return Success;
    }

    private static async Task<int> RebuildStandings(ParseResult parsed, IEventStore log, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await new Standings(log, database, ReadSchema.Living).Restart(cancellation);
        Console.Error.WriteLine("Done.");
        return Success;
    }

    private static async Task<int> Verify(bool closings, IEventStore log, NpgsqlDataSource database, CancellationToken cancellation)
    {
        var tables = await new Reconciliation(new Rebuild(log, database, ReadSchema.Living), database).Run(closings, ShowProgress(), cancellation);
        Show(tables);
        return tables.All(t => t.Agrees) ? Success : Differs;
    }

    /// <summary>A command that works on the database while others serve from it.</summary>
    private static Command OnDatabase(string name, string description, Func<ParseResult, IEventStore, NpgsqlDataSource, CancellationToken, Task<int>> work)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                await using var database = await ServiceDatabase.Open(WebApplication.CreateBuilder([.. parsed.UnmatchedTokens]).Configuration, cancellation, beside: true);
                await using var log = new PostgresEventStore(database.Source, EventTable.Types, () => TimeSpan.Zero);
                return await work(parsed, log, database.Source, cancellation);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or RebuildRunsException or UnknownEventTypeException)
            {
                Console.Error.WriteLine(e.Message);
                return Failed;
            }
        });
        return command;
    }

    private static Action<RebuildProgress> ShowProgress()
    {
        var shown = 0L;
        return progress =>
        {
            if (shown != 0 && progress.Position < progress.Head && TimeProvider.System.GetElapsedTime(shown) < ProgressEvery)
                return;
            shown = TimeProvider.System.GetTimestamp();
            var share = progress.Head == 0 ? 1 : (double)progress.Position / progress.Head;
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{share,6:P1}  {progress.Position} of {progress.Head}  {progress.Rate:F0} a second  {(progress.Left is { } left ? $"{left:hh\\:mm\\:ss} left" : "")}"));
        };
    }

    private static void Show(IReadOnlyList<TableCompared> tables)
    {
        foreach (var table in tables)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{(table.Agrees ? "agrees " : "DIFFERS")}  {table.Table,-20} {table.Rows,12} rows {table.Checksum,24}   by the log {table.RowsOfLog,12} rows {table.ChecksumOfLog,24}"));
            foreach (var example in table.Examples)
                Console.WriteLine("         " + example);
        }
    }
}
