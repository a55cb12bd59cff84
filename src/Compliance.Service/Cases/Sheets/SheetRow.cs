using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Cases.Sheets;

/// <summary>Where in a sheet a fault lies.</summary>
/// <param name="Column">As the sheet calls it; null when it is the row as a whole.</param>
/// <param name="Cell">Its place in the row; null when the sheet has no such cell.</param>
internal sealed record SheetPlace(string? Column, int? Cell);

/// <summary>One row of a sheet below its heading: the cells, the report they make, and the way back from the report's faults to the cells.</summary>
/// <param name="cells">As they stand in the sheet; as many as there are, be it fewer or more than headings.</param>
/// <param name="malformed">True when its quotes do not pair, or a row seems to end within it, so that nobody knows where its cells end.</param>
internal sealed class SheetRow(SheetHeading heading, IReadOnlyList<string> cells, bool malformed)
{
    /// <summary>The template's example row is told by this case number: sent back with the others, it is refused and named.</summary>
    public const string ExampleCaseNumber = "EXAMPLE-示例";

    /// <summary>Characters of a value that are repeated in an answer: enough to find it, whatever was pasted into the cell.</summary>
    private const int MostRepeated = 100;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The columns of members that are objects of their own.</summary>
    private static readonly IReadOnlyList<IGrouping<string, CaseColumn>> Objects = [.. CaseColumns.Fixed.Where(c => c.Path is [not "outcome", _]).GroupBy(c => c.Path[0])];

    private readonly List<Fault> _faults = [];
    private readonly Dictionary<ColumnGroup, List<int>> _numbers = [];

    public SheetHeading Heading => heading;

    public IReadOnlyList<string> Cells => cells;

    public bool Malformed => malformed;

    /// <summary>What stands in a column, by its English heading; null when nothing does.</summary>
    public string? Text(string name) => CaseColumns.Find(name) is { } column && heading.CellOf(column) is { } at && at < cells.Count ? Sheets.Cells.Value(cells[at]) : null;

    /// <summary>Whether nothing stands in it.</summary>
    public bool IsBlank => !malformed && cells.All(string.IsNullOrWhiteSpace);

    /// <summary>The report as a hospital's system would send it. What the cells themselves have wrong is added to by <see cref="FaultsOf"/>.</summary>
    public ReadOnlyMemory<byte> Report(Reference reference)
    {
        _faults.Clear();
        _numbers.Clear();
        if (malformed)
        {
            _faults.Add(new("", "malformedRow"));
            return "{}"u8.ToArray();
        }

        var values = Values();
        var bytes = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes, Writing);
        json.WriteStartObject();
        foreach (var column in CaseColumns.Fixed.Where(c => c.Path.Count == 1))
            Write(json, column, values, reference);
        foreach (var columns in Objects)
            WriteObject(json, columns.Key, columns, values, reference);
        WriteGroup(json, "devices", CaseColumns.Devices, values, reference);
        var death = CaseColumns.Fixed.Where(c => c.Path.Count == 3).ToList();
        var ofOutcome = CaseColumns.Fixed.Where(c => c.Path.Count == 2 && c.Path[0] == "outcome").ToList();
        if (death.Concat(ofOutcome).Any(c => values.ContainsKey(c.Name)) || values.Keys.Any(k => k.StartsWith(CaseColumns.Complications.Name, StringComparison.Ordinal)))
        {
            json.WriteStartObject("outcome");
            WriteGroup(json, "complications", CaseColumns.Complications, values, reference);
            WriteObject(json, "death", death, values, reference);
            foreach (var column in ofOutcome)
                Write(json, column, values, reference);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    /// <summary>The faults of the row: of its cells, and of the report made of them. A value that could not be taken from its cell is not also missing, nor what it is part of empty.</summary>
    public IReadOnlyList<Fault> FaultsOf(IReadOnlyList<Fault> report)
    {
        if (malformed)
            return _faults;
        var told = _faults.Select(f => f.Pointer).ToHashSet();
        return [.. _faults, .. report.Where(f => !(f.Code == "missing" && told.Contains(f.Pointer)) && !(f.Code == "empty" && told.Any(t => t.StartsWith(f.Pointer + "/", StringComparison.Ordinal))))];
    }

    public bool HasFaults => _faults.Count > 0;

    /// <summary>Where the fault at a pointer into the report lies.</summary>
    public SheetPlace PlaceOf(string pointer)
    {
        if (pointer.StartsWith("cell:", StringComparison.Ordinal))
            return new(pointer["cell:".Length..], null);
        if (CaseColumns.At(pointer, NumberOf, out var group) is { } column)
            return new(heading.NameOf(column), heading.CellOf(column));
        return new(group is { } g ? g.Group.Label(g.Number, heading.Language) : null, null);
    }

    /// <summary>A fault as its column wants it told: allowed values by the labels of the sheet, days and instants by how they are written there.</summary>
    public Fault Told(Fault fault, Language language)
    {
        var column = CaseColumns.At(fault.Pointer, NumberOf, out _);
        return fault.Code switch
        {
            "unknownValue" or "wrongType" when column?.Allowed(language) is { } allowed => new(fault.Pointer, "unknownValue", allowed),
            "invalidDay" => new(fault.Pointer, "invalidDay", Sheets.Cells.DayExample),
            "invalidInstant" => new(fault.Pointer, "invalidInstant", Sheets.Cells.InstantExample),
            _ => fault,
        };
    }

    /// <summary>The text of the cell at a place, to be told beside its fault; null when it is empty, or was refused for privacy, or would have been.</summary>
    public string? Repeated(SheetPlace place)
    {
        if (place.Cell is not { } at || at >= cells.Count || MayNotBeTold(at))
            return null;
        var text = cells[at].Trim();
        return text.Length == 0 ? null : text.Length > MostRepeated ? $"{text.AsSpan(0, char.IsHighSurrogate(text[MostRepeated - 1]) ? MostRepeated - 1 : MostRepeated)}…" : text;
    }

    /// <summary>The cells to be mended, without those that are ignored, that no heading stands above, and what must not be kept.</summary>
    public IEnumerable<string> ToMend() => heading.Columns
        .Select((column, i) => (column, i))
        .Where(c => c.column is not null)
        .Select(c => c.i >= cells.Count || MayNotBeTold(c.i) ? "" : c.column!.Kind is CellKind.Text or CellKind.List ? Sheets.Cells.Marked(cells[c.i]) : cells[c.i]);

    private bool MayNotBeTold(int cell)
    {
        if (Sheets.Cells.Value(cells[cell]) is not { } text)
            return false;
        // Of an identity-card number fifteen digits are left, the day of birth among them.
        if (Sheets.Cells.IsRounded(text))
            return true;
        // Without its quotes in pairs a row's cells are not where they seem: then each is read as any text.
        return heading.Columns.ElementAtOrDefault(cell) is { } column && !malformed ? column.Personal(text) : PersonalData.Found(text);
    }

    private Dictionary<string, string> Values()
    {
        var values = new Dictionary<string, string>();
        for (var i = 0; i < cells.Count; i++)
        {
            if (heading.IsIgnored(i) || Sheets.Cells.Value(cells[i]) is not { } value)
                continue;
            if (heading.Columns.ElementAtOrDefault(i) is not { } column)
                _faults.Add(new($"cell:{SheetHeading.Letters(i)}", "cellOutsideColumns"));
            else
                values[column.Name] = value;
        }

        foreach (var column in heading.Columns.Where(c => c?.Group is not null && values.ContainsKey(c.Name)))
        {
            if (!NumbersOf(column!.Group!).Contains(column.Number))
                NumbersOf(column.Group!).Add(column.Number);
        }

        foreach (var numbers in _numbers.Values)
            numbers.Sort();
        foreach (var column in heading.Columns.OfType<CaseColumn>())
        {
            if (values.TryGetValue(column.Name, out var value) && FaultIn(column, value) is { } code)
            {
                values.Remove(column.Name);
                _faults.Add(new(PointerOf(column), code));
            }
        }

        return values;
    }

    private static string? FaultIn(CaseColumn column, string value)
    {
        if (value.Contains('\uFFFD') || HasHalfPair(value))
            return "invalidText";
        if (value == Sheets.Cells.NotComputed)
            return "notComputed";
        if (Sheets.Cells.IsError(value))
            return "cellError";
        if (column.Kind is CellKind.Text or CellKind.List && Sheets.Cells.IsRounded(value))
            return "roundedNumber";
        if (Sheets.Cells.IsFormatted(value))
            return "formattedNumber";
        return column.Name == "caseNumber" && value == ExampleCaseNumber ? "exampleRow" : null;
    }

    private static bool HasHalfPair(string text)
    {
        foreach (var rune in text.AsSpan().EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar)
                return true;
        }

        return false;
    }

    private string PointerOf(CaseColumn column) => column.Group is { } group
        ? $"{group.Pointer}/{NumbersOf(group).IndexOf(column.Number)}/{column.Path[0]}"
        : "/" + string.Join('/', column.Path);

    private List<int> NumbersOf(ColumnGroup group) => _numbers.TryGetValue(group, out var numbers) ? numbers : _numbers[group] = [];

    private int? NumberOf(ColumnGroup group, int index) => NumbersOf(group) is var numbers && index < numbers.Count ? numbers[index] : null;

    private static void Write(Utf8JsonWriter json, CaseColumn column, Dictionary<string, string> values, Reference reference)
    {
        if (!values.TryGetValue(column.Name, out var value))
            return;
        json.WritePropertyName(column.Path[^1]);
        Sheets.Cells.Write(json, column, value, label => TechniqueOf(label, reference));
    }

    private static void WriteObject(Utf8JsonWriter json, string name, IEnumerable<CaseColumn> columns, Dictionary<string, string> values, Reference reference)
    {
        var filled = columns.Where(c => values.ContainsKey(c.Name)).ToList();
        if (filled.Count == 0)
            return;
        json.WriteStartObject(name);
        foreach (var column in filled)
            Write(json, column, values, reference);
        json.WriteEndObject();
    }

    private void WriteGroup(Utf8JsonWriter json, string name, ColumnGroup group, Dictionary<string, string> values, Reference reference)
    {
        if (NumbersOf(group) is not { Count: > 0 } numbers)
            return;
        var columns = heading.Columns.OfType<CaseColumn>().Where(c => c.Group == group).ToLookup(c => c.Number);
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteStartObject();
            foreach (var column in columns[number])
                Write(json, column, values, reference);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // The title of its regulation, as people say it: 神经血管介入诊疗技术管理规范, or without the last word.
    private static string? TechniqueOf(string label, Reference reference) =>
        reference.Regulations.All.FirstOrDefault(r => r.Practice is not null && (r.Title.Zh == label || r.Title.Zh == label + "管理规范"))?.Technique;
}
