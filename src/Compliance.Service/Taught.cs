using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Compliance.Service;

/// <summary>A command whose help goes on, behind usage and options, with what they are good for.</summary>
/// <param name="lesson">Real examples first. What the exit codes mean is told behind it.</param>
internal sealed class Taught(string name, string description, string lesson) : Command(name, description)
{
    public string Lesson => lesson;
}

/// <summary><c>--help</c> of every command.</summary>
/// <param name="usage">What the library tells by itself.</param>
/// <param name="rootLesson">Of the program as a whole.</param>
internal sealed class Teach(HelpAction usage, string rootLesson) : SynchronousCommandLineAction
{
    // The library takes its name for the program from the file, and for settings has a word that says nothing.
    private static readonly (string From, string To)[] Names = [(RootCommand.ExecutableName, "compliance"), (" [[--] <additional arguments>...]]", " [settings]"), ("Additional Arguments:\n  Arguments passed to the application that is being run.\n", "")];

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter { NewLine = "\n" };
        parseResult.InvocationConfiguration.Output = text;
        usage.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        output.WriteLine(Names.Aggregate(text.ToString(), (told, name) => told.Replace(name.From, name.To, StringComparison.Ordinal)).TrimEnd());
        output.WriteLine();
        if ((parseResult.CommandResult.Command is RootCommand ? rootLesson : (parseResult.CommandResult.Command as Taught)?.Lesson) is { } lesson)
            output.WriteLine(lesson + "\n");
        output.WriteLine(ExitCode.Table);
        return ExitCode.Done;
    }
}
