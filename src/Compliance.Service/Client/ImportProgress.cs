using System.Globalization;
using System.Text;
using Compliance.Service.Http;
using Spectre.Console;

namespace Compliance.Service.Client;

/// <summary>
/// Shows how far an import has come: a bar where somebody looks on, else a line now and then. Counted is only what the service has answered for; rate and time left are of this run, so that what an earlier one did makes
/// neither look better.
/// </summary>
/// <param name="interactive">Somebody looks on: a terminal, which is drawn on. Elsewhere there are plain lines without control characters.</param>
internal sealed class ImportProgress(Teller teller, bool interactive, Language language, string name, long lines)
{
    private const int WidestBar = 32;
    private const int NarrowestBar = 8;

    /// <summary>Of a name, so that the rest has room beside it.</summary>
    private const int MostOfName = 24;

    /// <summary>To the beginning of the line, and what stood on it away.</summary>
    private static readonly ControlCode Anew = new("\r\u001b[K");

    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(1);

    /// <summary>As <c>--json</c> tells it.</summary>
    /// <param name="Done">Reports that the service has answered for, in this run or an earlier one.</param>
    private sealed record Shown(string File, long Done, long Of, double? PerSecond, double? SecondsLeft);

    private readonly IAnsiConsole? _console = interactive ? AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(teller.Error) }) : null;
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
        if (_console is null)
        {
            var rate = Rate(done);
            teller.Progress(new Shown(name, done, lines, rate, Left(done, rate)?.TotalSeconds), () => $"{name}: {Text(done)}");
            return;
        }

        // On one line, whatever its width: a bar that wraps is written over nowhere.
        var title = name.Length > MostOfName ? $"{name.AsSpan(0, MostOfName)}…" : name;
        var text = Text(done);
        var room = _console.Profile.Width - TextTable.Width($"{title}  {text} ");
        _console.Write(Anew);
        _console.Markup($"{Markup.Escape(title)} [green]{Bar(done, Math.Min(room, WidestBar))}[/] {Markup.Escape(text)}");
    }

    /// <summary>Takes the bar away, so that what is written next stands in its place; it is drawn again below that.</summary>
    public void Hide() => _console?.Write(Anew);

    /// <summary>Leaves the bar behind, so that what is written next stands below it.</summary>
    public void End() => _console?.WriteLine();

    private string Text(long done)
    {
        var share = lines == 0 ? 1 : (double)done / lines;
        static string Number(double number) => number.ToString("N0", CultureInfo.InvariantCulture);
        var text = new StringBuilder(Messages.Of(language, "cli.progress", share.ToString("P0", CultureInfo.InvariantCulture), Number(done), Number(lines)));
        var rate = Rate(done);
        if (rate is { } a)
            text.Append(Messages.Of(language, "cli.rate", Number(a)));
        if (Left(done, rate) is { } left)
            text.Append(Messages.Of(language, "cli.left", left.ToString("hh\\:mm\\:ss", CultureInfo.InvariantCulture)));
        return text.ToString();
    }

    // Of this run: null before its first answer.
    private double? Rate(long done) =>
        TimeProvider.System.GetElapsedTime(_began).TotalSeconds is > 0 and var seconds && done > _before ? (done - _before) / seconds : null;

    private TimeSpan? Left(long done, double? rate) => rate is { } a && done < lines ? TimeSpan.FromSeconds((lines - done) / a) : null;

    private string Bar(long done, int width)
    {
        if (width < NarrowestBar)
            return "";
        var full = lines == 0 ? width : (int)(width * done / lines);
        return new string('━', full) + new string('─', width - full);
    }
}
