using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Compliance.Service.Client;

/// <summary>
/// Shows how far an import has come: a bar where somebody looks on, else a line now and then. Counted is only what the service has answered for; rate and time left are of this run, so that what an earlier one did makes
/// neither look better.
/// </summary>
internal sealed class ImportProgress(TextWriter output, bool interactive, string name, long lines)
{
    private const int BarWidth = 32;

    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(1);

    private readonly IAnsiConsole? _console = interactive ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }) : null;
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private long _before;
    private long _shown;

    /// <param name="before">Lines that an earlier run has dealt with.</param>
    public void Begin(long before)
    {
        _before = before;
        Show(before, always: true);
    }

    /// <param name="done">Lines dealt with, those of earlier runs among them.</param>
    public void Show(long done, bool always = false)
    {
        if (!always && !interactive && done < lines && _shown != 0 && TimeProvider.System.GetElapsedTime(_shown) < LineEvery)
            return;
        _shown = TimeProvider.System.GetTimestamp();
        var text = Text(done);
        if (_console is null)
            output.WriteLine($"{name}: {text}");
        else
            _console.Markup($"\r{Markup.Escape(name)} [green]{Bar(done)}[/] {Markup.Escape(text)}\u001b[K");
    }

    /// <summary>Leaves the bar behind, so that what is written next stands below it.</summary>
    public void End() => _console?.WriteLine();

    private string Text(long done)
    {
        var share = lines == 0 ? 1 : (double)done / lines;
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{share:P0}, {done:N0} of {lines:N0}"));
        var seconds = TimeProvider.System.GetElapsedTime(_began).TotalSeconds;
        if (done > _before && seconds > 0)
        {
            var rate = (done - _before) / seconds;
            text.Append(CultureInfo.InvariantCulture, $", {rate:N0} a second");
            if (done < lines)
                text.Append(CultureInfo.InvariantCulture, $", {TimeSpan.FromSeconds((lines - done) / rate):hh\\:mm\\:ss} left");
        }

        return text.ToString();
    }

    private string Bar(long done)
    {
        var full = lines == 0 ? BarWidth : (int)(BarWidth * done / lines);
        return new string('━', full) + new string('─', BarWidth - full);
    }
}
