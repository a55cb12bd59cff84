using System.CommandLine;
using System.Text.Json;
using Compliance.Service.Http;

namespace Compliance.Service;

/// <summary>What the program ends with: the same for every command.</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Done, and something was found: rows rejected, or rows and log that differ. What is listed by a command that was asked for a list is its answer and no finding.</summary>
    public const int Findings = 1;

    /// <summary>The command was misspelt, or a value in it makes no sense to the program or to the service. Nothing was done.</summary>
    public const int Misspelt = 2;

    /// <summary>Not done, or not to its end: service or database could not be reached, would not, or broke off.</summary>
    public const int NotDone = 3;

    /// <summary>The table as every help ends with it.</summary>
    public const string Table =
        """
        Exit codes:
          0  done
          1  done, and something was found: rows rejected, or rows and log that differ
          2  nothing done: the command was misspelt, or the service does not know a value in it
          3  not done: service or database could not be reached, would not, or broke off
        """;
}

/// <summary>
/// What a command tells. To people: its outcome on the standard output, the rest on the error output. By <c>--json</c>, to programs: one JSON document on the standard output and nothing else, and on the error output one JSON
/// object a line: <c>{"progress":…}</c>, <c>{"note":…}</c>, or, as the last of a command that failed, <c>{"error":{"exitCode","code","message","errors"}}</c>.
/// </summary>
internal sealed class Teller(TextWriter output, TextWriter error, bool json)
{
    public const string JsonOption = "--json";

    /// <summary>Code of a failure that no service put a name to.</summary>
    public const string Failed = "failed";

    /// <summary>Code of a service or database that did not answer.</summary>
    public const string NotReached = "notReached";

    /// <summary>Code of a command that is none.</summary>
    public const string Misspelt = "misspelt";

    public static Teller Of(ParseResult parsed) => new(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, parsed.GetValue<bool>(JsonOption));

    public bool Json => json;

    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>The outcome: the document to programs, the text to people.</summary>
    public void Outcome<T>(T document, Func<string> text) => output.WriteLine(json ? Line(document) : text());

    public void Note(string sentence) => error.WriteLine(json ? Line(new { note = sentence }) : sentence);

    /// <param name="line">The same, for people.</param>
    public void Progress<T>(T progress, Func<string> line) => error.WriteLine(json ? Line(new { progress }) : line());

    /// <returns>The exit code.</returns>
    public int Fail(int exitCode, string code, string message, IReadOnlyList<FaultDocument>? faults = null)
    {
        faults ??= [];
        error.WriteLine(json
            ? Line(new { error = new { exitCode, code, message, errors = faults } })
            : string.Join('\n', [message, .. faults.Select(f => f.Pointer.Length == 0 ? $"  {f.Message}" : $"  {f.Pointer}: {f.Message}")]));
        return exitCode;
    }

    public static string Line<T>(T document) => JsonSerializer.Serialize(document, Http.Json.Options);
}
