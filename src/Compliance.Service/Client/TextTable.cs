namespace Compliance.Service.Client;

/// <summary>Columns side by side, in letters alone: it looks the same in a terminal, a file and a mail.</summary>
internal static class TextTable
{
    private const string Between = "  ";

    private const char FirstWide = '\u1100';

    /// <param name="headings">Null for a table without.</param>
    public static string Of(IReadOnlyList<string>? headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var all = (headings is null ? rows : rows.Prepend(headings)).ToList();
        var widths = Enumerable.Range(0, all.Count == 0 ? 0 : all.Max(r => r.Count)).Select(c => all.Max(r => c < r.Count ? Width(r[c]) : 0)).ToArray();
        return string.Join('\n', all.Select(r => string.Join(Between, r.Select((cell, c) => cell + new string(' ', widths[c] - Width(cell)))).TrimEnd()));
    }

    /// <summary>In columns of a terminal: Chinese letters are as wide as two others.</summary>
    public static int Width(string text) => text.Sum(c => c >= FirstWide ? 2 : 1);
}
