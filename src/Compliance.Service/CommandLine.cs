using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
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
    private const string HelpCommand = "help";
    private const string HelpOption = "--help";

    private const string Lesson =
        $$"""
          compliance demo                                                     lives through two years of a province, and shows it
          compliance import march.csv --bad-rows march-bad.csv                reports a hospital's month, and writes the rows to be mended
          compliance metrics --institution H110001 --technique neurovascular  its counts and rates

        import, export, metrics, compliance and due speak to a running service, {{ServiceOptions.UrlVariable}}, as whoever the token in {{ServiceOptions.TokenVariable}} says: a hospital, a physician, a regulator or the national authority.
        Who issues tokens is configured with the service; in Development it gives one to whoever asks:

          curl -s {{ServiceOptions.DefaultUrl}}/dev/token -H 'Content-Type: application/json' -d '{"role":"hospital","institution":"H110001"}'
          export {{ServiceOptions.TokenVariable}}=…

        The roles: hospital (with institution), physician (physician), regulator (province, two digits), national.
        serve, demo, rebuild and verify work on the database, and take settings as --Name:Of:Setting=value or --urls=http://0.0.0.0:8080.
        """;

    /// <summary>So that the standard output holds what a command came to, and nothing else.</summary>
    internal const string LogToErrorOutput = "--Logging:Console:LogToStandardErrorThreshold=Trace";

    /// <summary>Between an interruption and the end: an import finishes the part it sends, a service what it answers.</summary>
    private static readonly TimeSpan ToEnd = TimeSpan.FromSeconds(30);

    /// <param name="output">For tests; the console's unless given.</param>
    /// <returns>One of <see cref="ExitCode"/>. A command that is misspelt does nothing.</returns>
    public static async Task<int> Run(string[] args, TextWriter? output = null, TextWriter? error = null)
    {
        // `help import` is `import --help`: one text in one place.
        if (args is [HelpCommand, .. var rest])
            args = [.. rest, HelpOption];
        var parsed = Root().Parse(args);
        var configuration = new InvocationConfiguration { Output = output ?? Console.Out, Error = error ?? Console.Error, ProcessTerminationTimeout = ToEnd, EnableDefaultExceptionHandler = false };
        var teller = new Teller(configuration.Output, configuration.Error, args.Contains(Teller.JsonOption));
        // The root takes settings, and so its commands would take anything.
        var command = parsed.CommandResult.Command;
        if ((command.TreatUnmatchedTokensAsErrors ? parsed.UnmatchedTokens.FirstOrDefault() : NoSetting(parsed.UnmatchedTokens)) is { } unknown)
            return Unknown(teller, parsed, unknown);
        // What takes any number of files would take a misspelt option for one.
        if (parsed.CommandResult.Tokens.FirstOrDefault(t => command.TreatUnmatchedTokensAsErrors && t.Value.StartsWith("--", StringComparison.Ordinal)) is { } option)
            return Unknown(teller, parsed, option.Value);
        if (parsed.Action is ParseErrorAction)
            return teller.Fail(ExitCode.Misspelt, Teller.Misspelt, $"{string.Join('\n', parsed.Errors.Select(e => e.Message).Distinct())}\n{Called(parsed)} {HelpOption} tells how it is used.");
        if (parsed.Action is SynchronousCommandLineAction)
            return await parsed.InvokeAsync(configuration);
        try
        {
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            return teller.Fail(ExitCode.NotDone, Teller.Failed, "Interrupted.");
        }
        catch (Exception e) when (e is NpgsqlException or IOException or UnauthorizedAccessException or InvalidOperationException or RebuildRunsException or UnknownEventTypeException)
        {
            return teller.Fail(ExitCode.NotDone, e is NpgsqlException and not PostgresException ? Teller.NotReached : Teller.Failed, e.Message);
        }
        catch (Exception e)
        {
            // A bug: whoever looks for it needs to know where.
            return teller.Fail(ExitCode.NotDone, Teller.Failed, e.ToString());
        }
    }

    private static int Unknown(Teller teller, ParseResult parsed, string unknown)
    {
        var command = parsed.CommandResult.Command;
        var options = command.Options.Concat(command.Parents.OfType<Command>().SelectMany(p => p.Options.Where(o => o.Recursive)));
        // A setting may have been meant with its value: only the name is compared.
        var name = unknown.Split('=')[0];
        var near = Spelling.Nearest(name, command.Subcommands.Select(c => c.Name).Concat(options.Select(o => o.Name)));
        return teller.Fail(
            ExitCode.Misspelt,
            Teller.Misspelt,
            $"{name}: there is no such {(name.StartsWith('-') ? "option" : "command")}{(near is null ? "." : $"; did you mean {near}?")} {Called(parsed)} {HelpOption} tells what there is.");
    }

    private static string Called(ParseResult parsed)
    {
        var names = new List<string>();
        for (var at = parsed.CommandResult; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
            names.Add(at.Command is RootCommand ? "compliance" : at.Command.Name);
        return string.Join(' ', names.AsEnumerable().Reverse());
    }

    private static RootCommand Root()
    {
        var root = new RootCommand("The system of record for who may go on doing interventional procedures. Without a command it serves.") { TreatUnmatchedTokensAsErrors = false };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new Teach((HelpAction)help.Action!, Lesson);
        root.Add(new Option<bool>(Teller.JsonOption) { Recursive = true, Description = "The outcome as one JSON document on the standard output; on the error output a JSON object a line: progress, note, error." });
        Serves(root);
        root.Add(Serves(new Taught(
            "serve",
            $"Answers requests until it is interrupted, on {ServiceOptions.DefaultUrl} unless --urls or ASPNETCORE_URLS say otherwise.",
            """
              compliance serve --urls=http://0.0.0.0:8080
              compliance serve --ConnectionStrings:Compliance="Host=db;Database=compliance;Username=compliance"

            --json: where it listens, once it does.
            """)
        { TreatUnmatchedTokensAsErrors = false }));
        root.Add(ImportCommand.Make());
        root.Add(ExportCommand.Make());
        root.Add(MetricsCommand.Make());
        root.Add(ComplianceCommand.Make());
        root.Add(DueCommand.Make());
        root.Add(DatabaseCommands.Rebuild());
        root.Add(DatabaseCommands.Verify());
        root.Add(Demo());
        root.Add(new Command(HelpCommand, "Tells how a command is used: compliance help import."));
        return root;
    }

    private static Command Serves(Command command)
    {
        var demo = new Option<bool>("--demo") { Description = "As the command demo does." };
        command.Add(demo);
        command.SetAction((parsed, _) => Serve(Teller.Of(parsed), parsed.GetValue(demo), [.. parsed.UnmatchedTokens]));
        return command;
    }

    private static Command Demo()
    {
        var command = new Taught(
            "demo",
            "Fills an empty database with two years of a province, tells what to look at, and serves until it is interrupted.",
            """
            In Development only: it hands out tokens. A database that is not empty is shown as it stands.

              ASPNETCORE_ENVIRONMENT=Development compliance demo
              scripts/run demo
              ASPNETCORE_ENVIRONMENT=Development COMPLIANCE_DATA=/tmp/demo compliance demo --urls=http://127.0.0.1:9090 --json

            --json: address, tokens and what to look at, once it is there.
            """)
        { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((parsed, _) => Serve(Teller.Of(parsed), demo: true, [.. parsed.UnmatchedTokens]));
        return command;
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

    private static async Task<int> Serve(Teller teller, bool demo, string[] settings)
    {
        if (teller.Json)
            settings = [LogToErrorOutput, .. settings];
        // A demonstration closes seven hundred days: its own progress says enough.
        if (demo)
            settings = ["--Logging:LogLevel:Compliance.Service.Processes=Warning", .. settings];
        if (demo && WebApplication.CreateBuilder(settings).Environment is var environment && !environment.IsDevelopment())
        {
            // Elsewhere there are no tokens for whoever asks, and no clock to turn; and nobody's database is to become a place where there are.
            return teller.Fail(ExitCode.Misspelt, Teller.Misspelt, $"A demonstration runs in Development only, and this is {environment.EnvironmentName}: ASPNETCORE_ENVIRONMENT=Development compliance demo");
        }

        await using var service = await ComplianceService.Build(settings);
        var app = service.App;
        // Where nobody says otherwise, it listens where its own commands look for it.
        if (!new[] { "urls", "http_ports", "https_ports" }.Any(name => app.Configuration[name] is { Length: > 0 }) && !app.Configuration.GetSection("Kestrel:Endpoints").Exists())
            app.Urls.Add(ServiceOptions.DefaultUrl);
        await app.StartAsync();
        if (demo)
        {
            using var demonstration = new Demonstration(app, teller.Json ? teller.Note : teller.Output.WriteLine);
            var shown = await demonstration.Run(app.Lifetime.ApplicationStopping);
            teller.Outcome(shown, () => Demonstration.Text(shown));
        }
        else if (teller.Json)
        {
            teller.Outcome(new { urls = app.Urls }, () => "");
        }

        await app.WaitForShutdownAsync();
        return ExitCode.Done;
    }
}
