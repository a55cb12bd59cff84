using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Compliance.Service.Http;
using Hl7.Fhir.Introspection;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Utility;

namespace Compliance.Service.Cases.Fhir;

/// <summary>What FHIR R4 (4.0.1) itself says of a resource: whether it is one, and what the elements are that the mapping did not ask for.</summary>
internal static partial class R4
{
    /// <summary>In these stand names, addresses, telephone numbers, pictures and whatever else somebody typed. Nothing of a case is read from them, so they are refused wherever they stand.</summary>
    private static readonly HashSet<Type> PersonalTypes = [typeof(HumanName), typeof(Address), typeof(ContactPoint), typeof(Attachment), typeof(Annotation), typeof(Narrative), typeof(Signature), typeof(Hl7.Fhir.Model.Patient.ContactComponent)];

    /// <summary>Members of data types and of every resource that identify, or say again in words what a code says: nothing is lost with them, and nobody is told.</summary>
    private static readonly HashSet<string> Quiet = ["resourceType", "id", "meta", "language", "fullUrl", "display", "version", "userSelected"];

    private static readonly ModelInspector Model = ModelInfo.ModelInspector;

    /// <summary>Where it breaks the standard. The library's own sentences quote what stands there; ours do not.</summary>
    public static IReadOnlyList<Fault> FaultsOf(string json)
    {
        IEnumerable<CodedException> found;
        try
        {
            FhirJsonDeserializer.STRICT.TryDeserializeResource(json, out _, out found);
        }
        catch (InvalidOperationException)
        {
            // half of a surrogate pair, escaped: valid JSON, but no text
            return [new("", "invalidText")];
        }
        catch (JsonException e)
        {
            // The library's reader is stricter than ours; its message quotes what it met, line and byte do not.
            return [new("", "invalidJson", (e.LineNumber ?? 0) + 1, (e.BytePositionInLine ?? 0) + 1)];
        }

        var faults = found.Select(FaultOf).DistinctBy(f => f.Pointer).Take(Body.MaxFaults).ToList();
        // Of what is no resource nothing more can be said.
        return faults.Find(f => f is { Pointer: "", Code: "fhirStructure" }) is { } whole ? [whole] : faults;
    }

    /// <summary>The FHIRPath of a place in a Bundle; null for the whole. What a choice of types is written as (<c>performedDateTime</c>) has no part in it.</summary>
    public static string? Expression(string pointer)
    {
        if (pointer.Length == 0)
            return null;
        var path = new StringBuilder("Bundle");
        foreach (var part in pointer.Split('/').Skip(1))
        {
            if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                path.Append(CultureInfo.InvariantCulture, $"[{index}]");
            else if (Choice().Match(part) is { Success: true } choice)
                path.Append('.').Append(choice.Groups["name"].Value);
            else if (Identifier().IsMatch(part))
                path.Append('.').Append(part);
            else
                break;
        }

        return path.ToString();
    }

    /// <summary>
    /// Judges what nobody asked for. Refused are elements that may carry personal data, and those that would change the meaning of what was read; the others are told as not used.
    /// What was asked for without being looked into is judged too, and told only when it is refused.
    /// </summary>
    /// <param name="bundle">All of it.</param>
    /// <param name="asked">Pointers of the members that were asked for.</param>
    /// <param name="opened">Pointers of the objects they were asked of.</param>
    /// <param name="told">Pointers of what was refused already; of what stands in it no more is told.</param>
    /// <param name="unused">Takes the places of what is left out.</param>
    public static IReadOnlyList<Fault> Judge(JsonElement bundle, IReadOnlySet<string> asked, IReadOnlySet<string> opened, IReadOnlySet<string> told, List<string> unused)
    {
        var faults = new List<Fault>();
        Walk(bundle, "", Model.FindClassMapping(nameof(Bundle)), new(asked, opened, told, faults, unused));
        return faults;
    }

    private static Fault FaultOf(CodedException found)
    {
        var told = found as ExtendedCodedException;
        var pointer = PointerOf(told?.InstancePath ?? "");
        return found.ErrorCode switch
        {
            "PVAL105" => new(pointer, "missing"),
            "PVAL116" => new(pointer, "fhirCode"),
            "PVAL128" => new(pointer, "fhirUnknownElement"),
            "PVAL130" => new(pointer, "fhirResourceType", string.Join(", ", FhirCase.Types)),
            "JSON129" => new(pointer, "duplicateProperty"),
            _ when told?.IssueType == OperationOutcome.IssueType.Structure => new(pointer, "fhirStructure"),
            _ => new(pointer, "fhirValue"),
        };
    }

    // Bundle.entry[0].resource.code → /entry/0/resource/code; it ends before a name the sender made up, if that may not be told.
    private static string PointerOf(string path)
    {
        var pointer = new StringBuilder();
        foreach (var part in path.Split('.').Skip(1))
        {
            var name = part.Split('[')[0];
            if (!Body.MayEcho(name))
                break;
            pointer.Append('/').Append(name);
            if (part.Length > name.Length)
                pointer.Append('/').Append(part.AsSpan()[(name.Length + 1)..^1]);
        }

        return pointer.ToString();
    }

    private sealed record Judgement(IReadOnlySet<string> Asked, IReadOnlySet<string> Opened, IReadOnlySet<string> Told, List<Fault> Faults, List<string> Unused)
    {
        public bool IsTold(string pointer)
        {
            for (var at = pointer; at.Length > 0; at = at[..at.LastIndexOf('/')])
            {
                if (Told.Contains(at))
                    return true;
            }

            return false;
        }
    }

    private static void Walk(JsonElement element, string at, ClassMapping? type, Judgement judgement)
    {
        foreach (var property in element.EnumerateObject())
        {
            var pointer = $"{at}/{Body.Escape(property.Name)}";
            if (!judgement.Asked.Contains(pointer))
            {
                Unread(property, pointer, type, judgement.Faults, judgement.Unused);
                continue;
            }

            foreach (var (child, childAt) in Objects(property.Value, pointer))
            {
                var childType = TypeOf(child, type, property.Name);
                if (judgement.Opened.Contains(childAt))
                    Walk(child, childAt, childType, judgement);
                else if (!judgement.IsTold(childAt))
                    Unopened(child, childAt, childType, judgement.Faults);
            }
        }
    }

    private static void Unopened(JsonElement element, string at, ClassMapping? type, List<Fault> faults)
    {
        foreach (var property in element.EnumerateObject())
            Unread(property, $"{at}/{Body.Escape(property.Name)}", type, faults, unused: []);
    }

    private static void Unread(JsonProperty property, string at, ClassMapping? type, List<Fault> faults, List<string> unused)
    {
        var before = faults.Count;
        if (IsModifier(type, property.Name))
            faults.Add(new(at, "fhirModifier"));
        else
            Scan(property, at, type, faults);
        if (faults.Count == before && !Quiet.Contains(property.Name))
            unused.Add(at);
    }

    /// <summary>Looks for personal data in what is not used: by the type of an element, wherever it stands, and in texts.</summary>
    private static void Scan(JsonProperty property, string at, ClassMapping? type, List<Fault> faults)
    {
        var element = ElementOf(type, property.Name);
        var actual = TypeOf(default, type, property.Name);
        if (element?.ImplementingType == typeof(Resource))
        {
            faults.Add(new(at, "fhirContained"));
            return;
        }

        if (IsPersonal(type, property.Name, actual))
        {
            faults.Add(new(at, "fhirPersonalElement"));
            return;
        }

        foreach (var (value, valueAt) in Values(property.Value, at))
        {
            if (value.ValueKind == JsonValueKind.Object)
            {
                foreach (var within in value.EnumerateObject())
                    Scan(within, $"{valueAt}/{Body.Escape(within.Name)}", actual, faults);
            }
            else if (value.ValueKind == JsonValueKind.String && Personal(type)(value.GetString()!))
            {
                faults.Add(new(valueAt, "personalData"));
            }
        }
    }

    // A person's name stands beside references too, and a birth date identifies more than an age.
    private static bool IsPersonal(ClassMapping? type, string name, ClassMapping? actual) =>
        (actual is not null && PersonalTypes.Contains(actual.NativeType))
        || (type?.NativeType == typeof(ResourceReference) && name is "display" or "_display")
        || (name is "birthDate" or "_birthDate");

    private static Func<string, bool> Personal(ClassMapping? type) => type?.NativeType is { } native && (native == typeof(Device) || native.DeclaringType == typeof(Device))
        ? PersonalData.FoundInDevice
        : PersonalData.FoundInOpaque;

    private static bool IsModifier(ClassMapping? type, string name) => ElementOf(type, name.TrimStart('_'))?.IsModifier == true;

    private static PropertyMapping? ElementOf(ClassMapping? type, string name) => type?.FindMappedElementByName(name) ?? type?.FindMappedElementByChoiceName(name);

    private static ClassMapping? TypeOf(JsonElement value, ClassMapping? type, string name)
    {
        if (name.StartsWith('_'))
            return Model.FindClassMapping("Element");
        if (ElementOf(type, name) is not { } element)
            return null;
        if (element.ImplementingType == typeof(Resource))
            return value.ValueKind == JsonValueKind.Object && value.TryGetProperty("resourceType", out var said) ? Model.FindClassMapping(said.GetString()!) : null;
        return element.Name.Length < name.Length ? Model.FindClassMapping(name[element.Name.Length..]) : Model.FindOrImportClassMapping(element.ImplementingType);
    }

    private static IEnumerable<(JsonElement Value, string At)> Objects(JsonElement value, string at) => Values(value, at).Where(v => v.Value.ValueKind == JsonValueKind.Object);

    private static IEnumerable<(JsonElement Value, string At)> Values(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select((item, i) => (item, $"{at}/{i}")) : [(value, at)];

    [GeneratedRegex("^(?<name>performed|deceased|value|onset|abatement|multipleBirth|source)[A-Z][A-Za-z0-9]*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Choice();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Identifier();
}
