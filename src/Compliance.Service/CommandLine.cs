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

        var name = new Argument<string>("name") { Description = "What to build: all rows, or only the standings that dashboards show.", DefaultValueFactory = _ => "all" };
        name.AcceptOnlyFromAmong("all", "standings");
        var rebuild = new Command("rebuild", "Builds what is derived from the log anew, beside what serves, and switches over. Interrupted, it goes on where it was.") { name };
        rebuild.TreatUnmatchedTokensAsErrors = false;
        rebuild.SetAction((parsed, cancellation) => OnDatabase(
            [.. parsed.UnmatchedTokens],
            async (log, database) =>
            {
                if (parsed.GetValue(name) == "standings")
                    await new Standings(log, database, ReadSchema.Living).Restart(cancellation);
                else
                    await new Rebuild(log, database, ReadSchema.Living).Run(ShowProgress(), cancellation);
                Console.Error.WriteLine("Done.");
                return Success;
            },
            cancellation));
        root.Add(rebuild);

        var closings = new Option<bool>("--closings") { Description = "Judges every day closed again, too. Takes long once years have gone by." };
        var verify = new Command("verify", "Folds the log again and compares rows and checksums of every table. Exit code 1 when they differ.") { closings };
        verify.TreatUnmatchedTokensAsErrors = false;
        verify.SetAction((parsed, cancellation) => OnDatabase(
            [.. parsed.UnmatchedTokens],
            async (log, database) =>
            {
                var reconciliation = new Reconciliation(new Rebuild(log, database, ReadSchema.Living), database);
                var tables = await reconciliation.Run(parsed.GetValue(closings), ShowProgress(), cancellation);
                Show(tables);
                return tables.All(t => t.Agrees) ? Success : Differs;
            },
            cancellation));
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

    private static async Task<int> OnDatabase(string[] settings, Func<IEventStore, NpgsqlDataSource, Task<int>> work, CancellationToken cancellation)
    {
        try
        {
            await using var database = await ServiceDatabase.Open(WebApplication.CreateBuilder(settings).Configuration, cancellation, beside: true);
            await using var log = new PostgresEventStore(database.Source, EventTable.Types, () => TimeSpan.Zero);
            return await work(log, database.Source);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or RebuildRunsException or UnknownEventTypeException)
        {
            Console.Error.WriteLine(e.Message);
            return Failed;
        }
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
