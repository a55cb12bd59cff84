using Compliance.Service.Http;

namespace Compliance.Service.Cases.Sheets;

/// <summary>The heading row of a sheet: which column of the table stands where.</summary>
internal sealed class SheetHeading
{
    /// <summary>Cells of a row. Every column of the table in both languages is far below; a sheet with more is not one of cases.</summary>
    public const int MostCells = 2_000;

    private readonly Dictionary<string, int> _at = [];
    private readonly List<int> _ignored = [];

    private SheetHeading(IReadOnlyList<string> texts) => Texts = texts;

    /// <summary>As they stand in the sheet, one a cell.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>The column of each cell; null where the heading is empty or the cell is ignored.</summary>
    public IReadOnlyList<CaseColumn?> Columns { get; private set; } = [];

    /// <summary>The language of most headings: places without a cell are called in it.</summary>
    public Language Language { get; private set; }

    /// <summary>Cells under the heading for reasons: what an earlier answer said, not what the hospital says.</summary>
    public bool IsIgnored(int cell) => _ignored.Contains(cell);

    /// <summary>Null when the sheet lacks the column.</summary>
    public int? CellOf(CaseColumn column) => _at.TryGetValue(column.Name, out var cell) ? cell : null;

    /// <summary>As the sheet calls it, or would.</summary>
    public string NameOf(CaseColumn column) => column.Heading(CellOf(column) is { } cell && CaseColumns.Plain(Texts[cell]) == CaseColumns.Plain(column.Name) ? Language.English
        : CellOf(column) is null ? Language : Language.Chinese);

    /// <summary>Reads a heading row. With faults, nothing below it can be read.</summary>
    public static (SheetHeading Heading, IReadOnlyList<Fault> Faults) Read(IReadOnlyList<string> texts)
    {
        var faults = new List<Fault>();
        if (texts.Count > MostCells)
            return (new([]), [TooWide]);
        var heading = new SheetHeading(texts);
        var columns = new CaseColumn?[texts.Count];
        var known = texts.Any(t => CaseColumns.Find(t) is not null);
        for (var i = 0; i < texts.Count; i++)
        {
            var text = texts[i].Trim();
            if (text.Length == 0)
                continue;
            if (CaseColumns.IsErrors(text))
                heading._ignored.Add(i);
            else if (CaseColumns.Find(text) is not { } column)
                faults.Add(Unknown(text, i, known));
            else if (!heading._at.TryAdd(column.Name, i))
                faults.Add(new Fault(Pointer(i, column.Name), "duplicateColumn", Letters(heading._at[column.Name])));
            else
                columns[i] = column;
        }

        heading.Columns = columns;
        heading.Language = columns.Where((c, i) => c is not null && CaseColumns.Plain(texts[i]) != CaseColumns.Plain(c.Name)).Count() * 2 > heading._at.Count ? Language.Chinese : Language.English;
        faults.AddRange(CaseColumns.Fixed.Where(c => c.Required && !heading._at.ContainsKey(c.Name)).Select(c => new Fault(Pointer(c.Name), "missingColumn", c.Chinese)));
        return (heading, [.. faults.Take(Body.MaxFaults)]);
    }

    /// <summary>Told at the first cell that is too many.</summary>
    public static Fault TooWide => new(Pointer(MostCells), "tooManyColumns", MostCells);

    /// <summary>The letters a spreadsheet program shows above a column.</summary>
    public static string Letters(int cell)
    {
        var letters = "";
        for (var n = cell + 1; n > 0; n = (n - 1) / 26)
            letters = (char)('A' + ((n - 1) % 26)) + letters;
        return letters;
    }

    private static string Pointer(string name) => $"column:{name}";

    private static string Pointer(int cell, string? name = null) => Pointer(name is null ? Letters(cell) : $"{Letters(cell)} {name}");

    // A sheet without a heading row has a case where the headings should be, and that is not repeated: a heading is told only where others are headings, or if it can be nothing else.
    private static Fault Unknown(string text, int cell, bool amongKnown)
    {
        var echoed = Body.MayEcho(text) || (amongKnown && text.Length <= BodyObject.IdLength && !text.Any(c => char.IsControl(c) || c == '\uFFFD') && !Cells.IsRounded(text) && !PersonalData.Found(text));
        return CaseColumns.Nearest(text) is { } near ? new(Pointer(cell, echoed ? text : null), "unknownColumn", near) : new(Pointer(cell, echoed ? text : null), "unknownColumn");
    }
}
