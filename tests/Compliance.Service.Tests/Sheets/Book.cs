using System.Globalization;
using System.IO.Compression;

namespace Compliance.Service.Tests.Sheets;

/// <summary>A workbook of one sheet of cases, written cell by cell as its XML: what a spreadsheet program can write and a library that makes workbooks does not.</summary>
internal sealed class Book
{
    private static readonly (string Column, string Heading)[] Headings =
        [("A", "institution"), ("B", "caseNumber"), ("C", "technique"), ("D", "intent"), ("E", "completedAt"), ("F", "operator")];

    private readonly List<string> _rows = [];
    private readonly List<string> _formats = [];

    /// <param name="further">Headings from column G on.</param>
    public Book(params string[] further) =>
        Add(1, [.. Headings.Select(h => (h.Column, Text(h.Heading))), .. further.Select((h, i) => (((char)('G' + i)).ToString(), Text(h)))]);

    public bool Date1904 { get; init; }

    /// <summary>As <c>G2:G3</c>.</summary>
    public string? Merged { get; init; }

    /// <summary>The place of a number format: its code, or the id of a built-in one.</summary>
    public int Format(string code)
    {
        _formats.Add(code);
        return _formats.Count;
    }

    public static string Text(string text) => $"t=\"inlineStr\"><is><t>{text}</t></is></c>";

    public static string Number(string value, int format = 0) => $"s=\"{format}\"><v>{value}</v></c>";

    /// <summary>A good row, but for the cells told.</summary>
    public Book Row(int number, params (string Column, string Cell)[] cells)
    {
        (string Column, string Cell)[] usual = [("A", Text("H1")), ("C", Text("neurovascular")), ("D", Text("therapeutic")), ("E", Text("2026-03-02 14:20")), ("F", Text("H1-A"))];
        return Add(number, [.. usual.Where(u => cells.All(c => c.Column != u.Column)), .. cells]);
    }

    public byte[] Bytes()
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            const string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
            const string relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
            const string packages = "http://schemas.openxmlformats.org/package/2006/relationships";
            void Part(string name, string xml)
            {
                using var part = new StreamWriter(archive.CreateEntry(name).Open());
                part.Write(xml);
            }

            Part("_rels/.rels", $"<Relationships xmlns=\"{packages}\"><Relationship Id=\"r1\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
            Part("xl/workbook.xml", $"<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\">{(Date1904 ? "<workbookPr date1904=\"1\"/>" : "")}<sheets><sheet name=\"cases\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>");
            Part(
                "xl/_rels/workbook.xml.rels",
                $"<Relationships xmlns=\"{packages}\"><Relationship Id=\"r1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{relations}/styles\" Target=\"styles.xml\"/></Relationships>");
            Part("xl/styles.xml", $"<styleSheet xmlns=\"{main}\">{Styles()}</styleSheet>");
            Part("xl/worksheets/sheet1.xml", $"<worksheet xmlns=\"{main}\"><sheetData>{string.Concat(_rows)}</sheetData>{(Merged is null ? "" : $"<mergeCells count=\"1\"><mergeCell ref=\"{Merged}\"/></mergeCells>")}</worksheet>");
        }

        return file.ToArray();
    }

    private Book Add(int number, (string Column, string Cell)[] cells)
    {
        _rows.Add(string.Create(CultureInfo.InvariantCulture, $"<row r=\"{number}\">{string.Concat(cells.OrderBy(c => c.Column.Length).ThenBy(c => c.Column, StringComparer.Ordinal).Select(c => $"<c r=\"{c.Column}{number.ToString(CultureInfo.InvariantCulture)}\" {c.Cell}"))}</row>"));
        return this;
    }

    // Formats of one's own are numbered from 164 on.
    private string Styles()
    {
        var ids = _formats.Select((f, i) => int.TryParse(f, CultureInfo.InvariantCulture, out var builtIn) && builtIn > 0 && !f.StartsWith('0') ? builtIn : 164 + i).ToList();
        var own = _formats.Zip(ids).Where(f => f.Second >= 164).Select(f => string.Create(CultureInfo.InvariantCulture, $"<numFmt numFmtId=\"{f.Second}\" formatCode=\"{System.Security.SecurityElement.Escape(f.First)}\"/>"));
        return $"<numFmts>{string.Concat(own)}</numFmts><cellXfs><xf numFmtId=\"0\"/>{string.Concat(ids.Select(id => string.Create(CultureInfo.InvariantCulture, $"<xf numFmtId=\"{id}\"/>")))}</cellXfs>";
    }
}
