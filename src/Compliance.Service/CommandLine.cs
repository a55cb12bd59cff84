using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using Compliance.Service.Client;
using Compliance.Service.Demo;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
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

    /// <summary>The command could not be carried out, or was misspelt; the reason is on the error output.</summary>
    public const int Failed = 2;

    /// <summary>Between an interruption and the end: an import finishes the part it sends, a service what it answers.</summary>
    private static readonly TimeSpan ToEnd = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    /// <param name="output">For tests; the console's unless given.</param>
    /// <returns>The exit code; each command's help says what its codes mean. A command that is misspelt is <see cref="Failed"/>, and does nothing.</returns>
    public static Task<int> Run(string[] args, TextWriter? output = null, TextWriter? error = null)
    {
        var root = Root();
        var parsed = root.Parse(args);
        var configuration = new InvocationConfiguration { Output = output ?? Console.Out, Error = error ?? Console.Error, ProcessTerminationTimeout = ToEnd, EnableDefaultExceptionHandler = false };
        if (parsed.Action is ParseErrorAction)
            return Misspelt(parsed, configuration);
        if (parsed.Action is SynchronousCommandLineAction)
            return parsed.InvokeAsync(configuration);
        // The root takes settings, and so its commands would take anything.
        var command = parsed.CommandResult.Command;
        if ((command.TreatUnmatchedTokensAsErrors ? parsed.UnmatchedTokens.FirstOrDefault() : NoSetting(parsed.UnmatchedTokens)) is not { } unknown)
            return Carried(parsed, configuration);
        var near = Spelling.Nearest(unknown, command.Subcommands.Select(c => c.Name).Concat(command.Options.Select(o => o.Name)));
        configuration.Error.WriteLine($"{unknown}: there is no such {(unknown.StartsWith('-') ? "option" : "command")}{(near is null ? "." : $"; did you mean {near}?")} --help tells what there is.");
        return Task.FromResult(Failed);
    }

    // The library's own answer to an exception is 1, which says here that rows differ, or were rejected.
    private static async Task<int> Carried(ParseResult parsed, InvocationConfiguration configuration)
    {
        try
        {
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            return ImportCommand.NotDone;
        }
        catch (Exception e)
        {
            await configuration.Error.WriteLineAsync(e.ToString());
            return ImportCommand.NotDone;
        }
    }

    private static RootCommand Root()
    {
        var root = new RootCommand(
            """
            The system of record for who may go on doing interventional procedures. Without a command it serves.

            Settings follow a command as --Name:Of:Setting=value or --urls=http://0.0.0.0:8080. Exit code 2 says that a command was misspelt.
            """)
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        Serves(root);
        root.Add(Serves(new Command("serve", "Answers requests until it is interrupted.") { TreatUnmatchedTokensAsErrors = false }));
        root.Add(ImportCommand.Make());
        root.Add(ExportCommand.Make());

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
        return root;
    }

    private static Command Serves(Command command)
    {
        var demo = new Option<bool>("--demo") { Description = "Fills an empty database with two years of a province, and shows it." };
        command.Add(demo);
        command.SetAction((parsed, _) => Serve(parsed.GetValue(demo), [.. parsed.UnmatchedTokens]));
        return command;
    }

    // A misspelt option is nobody's setting: what is told twice is told once.
    private static async Task<int> Misspelt(ParseResult parsed, InvocationConfiguration configuration)
    {
        await parsed.InvokeAsync(configuration);
        return Failed;
    }

    /// <summary>What is no option of a command must be a setting: <c>--name=value</c>, <c>--name value</c> or <c>name=value</c>.</summary>
    /// <returns>The first that is none: a command or an option misspelt.</returns>
    private static string? NoSetting(IReadOnlyList<string> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Contains('=', StringComparison.Ordinal))
                continue;
            if (!tokens[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == tokens.Count || tokens[i + 1].StartsWith('-') || tokens[i + 1].Contains('=', StringComparison.Ordinal))
                return tokens[i];
            i++;
        }

        return null;
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
