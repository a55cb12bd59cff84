using System.Globalization;
using Compliance.Cases;
using Compliance.Service.Http;

namespace Compliance.Service.Cases.Sheets;

/// <summary>What a cell of a column holds, and so how it is read and written.</summary>
internal enum CellKind
{
    Text,

    /// <summary>Several texts, parted by <c>;</c> or <c>；</c>; of the column's <see cref="CaseColumn.Choices"/> where it has any.</summary>
    List,

    /// <summary>One of the column's <see cref="CaseColumn.Choices"/>, by its name or its Chinese label.</summary>
    Choice,

    /// <summary>The technique: by its name, or by the Chinese title of its regulation.</summary>
    Technique,
    Flag,
    Integer,
    Day,
    Instant,
}

/// <summary>One allowed value of a column.</summary>
/// <param name="Name">In the HTTP contract.</param>
internal sealed record Choice(string Name, string Chinese);

/// <summary>A column of a sheet of cases, and the member of the report it fills.</summary>
/// <param name="Name">The English heading: the path of the member in the contract; of a numbered group <c>device1.udi</c>.</param>
/// <param name="Chinese">The Chinese heading.</param>
/// <param name="Path">Members from the root of the report, or from the item of the group.</param>
/// <param name="Group">The list it belongs to; null for a member that stands once.</param>
/// <param name="Number">Within the group, 1 for the first.</param>
internal sealed record CaseColumn(string Name, string Chinese, IReadOnlyList<string> Path, CellKind Kind, ColumnGroup? Group = null, int Number = 0)
{
    /// <summary>Without it no row can be stored.</summary>
    public bool Required { get; init; }

    /// <summary>In the order of the contract; empty for what is no choice.</summary>
    public IReadOnlyList<Choice> Choices { get; init; } = [];

    /// <summary>Whether a text in this column holds what must not be kept, read as narrowly as the report's reader does.</summary>
    public Func<string, bool> Personal { get; init; } = PersonalData.Found;

    public string Heading(Language language) => language == Language.Chinese ? Chinese : Name;

    /// <summary>What may stand in it, for a message; null when there is no short list.</summary>
    public string? Allowed(Language language)
    {
        var choices = Kind == CellKind.Flag ? CaseColumns.YesNo : Choices;
        return choices.Count == 0 ? null : string.Join(language == Language.Chinese ? "、" : ", ", choices.Select(c => language == Language.Chinese ? c.Chinese : c.Name));
    }
}

/// <summary>Columns that come numbered, because a report may have several of the thing.</summary>
/// <param name="Name">Before the number in English headings, as in <c>device1.udi</c>.</param>
/// <param name="Chinese">The same in Chinese, as in 器械1批号.</param>
/// <param name="Pointer">JSON pointer of the list in the report.</param>
/// <param name="InTemplate">How many of them the template shows; a sheet may have up to <see cref="CaseColumns.MostInGroup"/>.</param>
internal sealed record ColumnGroup(string Name, string Chinese, string Pointer, int InTemplate)
{
    public string Label(int number, Language language) => string.Create(CultureInfo.InvariantCulture, $"{(language == Language.Chinese ? Chinese : Name)}{number}");
}

/// <summary>
/// The one table of the columns of a sheet of cases. Importing, exporting, the template and the bad rows all go by it. To add a member of the report: a line here, and what reads it in <see cref="ReportBody"/>.
/// </summary>
internal static class CaseColumns
{
    /// <summary>Groups are numbered up to this: as many as the report's lists may hold, so that no report is too large for a sheet.</summary>
    public const int MostInGroup = BodyObject.MaxItems;

    /// <summary>What the column with the reasons is called in a file of bad rows. It is ignored when the file comes back.</summary>
    public const string Errors = "errors";

    public const string ErrorsInChinese = "错误";

    public static readonly IReadOnlyList<Choice> YesNo = [new("yes", "是"), new("no", "否")];

    public static readonly ColumnGroup Devices = new("device", "器械", "/devices", InTemplate: 2);
    public static readonly ColumnGroup Complications = new("complication", "并发症", "/outcome/complications", InTemplate: 2);

    private static readonly Choice[] Relations = Choices<Relation>("相关", "无关", "未定");

    /// <summary>Those that stand once, in the order of the template up to the groups.</summary>
    public static readonly IReadOnlyList<CaseColumn> Fixed =
    [
        new("institution", "医疗机构编号", ["institution"], CellKind.Text) { Required = true },
        new("caseNumber", "病例号", ["caseNumber"], CellKind.Text) { Required = true },
        new("technique", "技术", ["technique"], CellKind.Technique) { Required = true },
        new("procedureCodes", "手术编码", ["procedureCodes"], CellKind.List),
        new("icd9cm3", "ICD-9-CM-3编码", ["icd9cm3"], CellKind.List),
        new("intent", "诊疗目的", ["intent"], CellKind.Choice) { Required = true, Choices = Choices<Intent>("诊断", "治疗") },
        new("completedAt", "完成时间", ["completedAt"], CellKind.Instant) { Required = true },
        new("startedAt", "开始时间", ["startedAt"], CellKind.Instant),
        new("operator", "第一术者", ["operator"], CellKind.Text) { Required = true },
        new("trainee", "受训医师", ["trainee"], CellKind.Text),
        new("assistants", "助手", ["assistants"], CellKind.List),
        new("decidedBy", "决策医师", ["decidedBy"], CellKind.List),
        new("decidedOn", "决定日期", ["decidedOn"], CellKind.Day),
        new("decidedAt", "决定时间", ["decidedAt"], CellKind.Instant),
        new("patient.pseudonym", "患者假名", ["patient", "pseudonym"], CellKind.Text) { Personal = PersonalData.FoundInOpaque },
        new("patient.sex", "性别", ["patient", "sex"], CellKind.Choice) { Choices = Choices<Sex>("女", "男", "其他", "未知") },
        new("patient.ageYears", "年龄", ["patient", "ageYears"], CellKind.Integer),
        new("patient.diagnosis", "诊断编码", ["patient", "diagnosis"], CellKind.Text),
        new("urgency", "紧急程度", ["urgency"], CellKind.Choice) { Choices = Choices<Urgency>("择期", "限期", "急诊") },
        new("succeeded", "手术成功", ["succeeded"], CellKind.Flag),
        new("consent", "知情同意", ["consent"], CellKind.Choice) { Choices = Choices<Consent>("已签署", "紧急批准", "未签署") },
        new("consentDetails.signedAt", "知情同意签署时间", ["consentDetails", "signedAt"], CellKind.Instant),
        new("consentDetails.patientInformed", "已告知患者", ["consentDetails", "patientInformed"], CellKind.Flag),
        new("consentDetails.familyInformed", "已告知家属", ["consentDetails", "familyInformed"], CellKind.Flag),
        new("consentDetails.topics", "告知事项", ["consentDetails", "topics"], CellKind.List) { Choices = Choices<ConsentTopic>("手术目的", "手术风险", "术后注意事项", "并发症及预防措施") },
        new("consentDetails.approvedBy", "紧急批准人工号", ["consentDetails", "approvedBy"], CellKind.Text)
        {
            // Next to a consent stands the name of whoever signed it: here nothing but a staff number is told again.
            Personal = text => !BodyObject.IsId(text.Trim()) || PersonalData.Found(text),
        },
        new("admittedOn", "入院日期", ["admittedOn"], CellKind.Day),
        new("dischargedOn", "出院日期", ["dischargedOn"], CellKind.Day),
        new("death.occurredOn", "死亡日期", ["outcome", "death", "occurredOn"], CellKind.Day),
        new("death.relation", "死亡相关性", ["outcome", "death", "relation"], CellKind.Choice) { Choices = Relations },
        new("aliveOnDay30", "术后30日存活", ["outcome", "aliveOnDay30"], CellKind.Flag),
    ];

    private static readonly IReadOnlyList<CaseColumn> OfDevice =
    [
        new("registration", "注册证号", ["registration"], CellKind.Text, Devices) { Personal = PersonalData.FoundInDevice },
        new("udi", "唯一标识", ["udi"], CellKind.Text, Devices) { Personal = PersonalData.FoundInDevice },
        new("lot", "批号", ["lot"], CellKind.Text, Devices) { Personal = PersonalData.FoundInDevice },
        new("serial", "序列号", ["serial"], CellKind.Text, Devices) { Personal = PersonalData.FoundInDevice },
        new("singleUse", "一次性使用", ["singleUse"], CellKind.Flag, Devices),
    ];

    private static readonly IReadOnlyList<CaseColumn> OfComplication =
    [
        new("code", "编码", ["code"], CellKind.Text, Complications),
        new("severe", "严重", ["severe"], CellKind.Flag, Complications),
        new("occurredOn", "发生日期", ["occurredOn"], CellKind.Day, Complications),
        new("relation", "相关性", ["relation"], CellKind.Choice, Complications) { Choices = Relations },
    ];

    private static readonly Dictionary<string, CaseColumn> ByHeading = Headings();

    /// <summary>Every heading there is without numbers above one, in both languages: what a misspelt one may have meant.</summary>
    private static readonly IReadOnlyList<string> Spellings =
        [.. Of(1, 1).SelectMany(c => new[] { c.Name, c.Chinese })];

    /// <summary>The columns of a sheet with so many devices and complications.</summary>
    public static IReadOnlyList<CaseColumn> Of(int devices, int complications) => [.. Fixed, .. Numbered(OfDevice, devices), .. Numbered(OfComplication, complications)];

    /// <summary>The column of a heading, in either language; case, blanks and full-width letters make no difference. Null when there is none.</summary>
    public static CaseColumn? Find(string heading) => ByHeading.GetValueOrDefault(Plain(heading));

    /// <summary>Whether it heads the reasons in a file of bad rows.</summary>
    public static bool IsErrors(string heading) => Plain(heading) is Errors or ErrorsInChinese;

    /// <summary>The heading that a misspelt one was probably meant to be; null when none is near.</summary>
    public static string? Nearest(string heading)
    {
        var plain = Plain(heading);
        var digits = new string([.. plain.Where(char.IsAsciiDigit)]);
        // Compared without its number, for device7.uid is as near to device7.udi as to any.
        var near = Spelling.Nearest(plain, Spellings.Select(s => digits.Length is 0 or > 3 ? s : s.Replace("1", digits, StringComparison.Ordinal)));
        return near is not null && Find(near) is not null ? near : null;
    }

    /// <summary>The column that fills a member of the report.</summary>
    /// <param name="pointer">JSON pointer, as in a fault.</param>
    /// <param name="numberOf">The number in the sheet of the item at an index of a group's list: items without a filled cell are left out of the report.</param>
    /// <param name="label">What to call the place when it is no column: a group's item.</param>
    public static CaseColumn? At(string pointer, Func<ColumnGroup, int, int?> numberOf, out (ColumnGroup Group, int Number)? label)
    {
        label = null;
        foreach (var (group, fields) in new[] { (Devices, OfDevice), (Complications, OfComplication) })
        {
            if (!pointer.StartsWith(group.Pointer + "/", StringComparison.Ordinal))
                continue;
            var rest = pointer[(group.Pointer.Length + 1)..].Split('/');
            if (!int.TryParse(rest[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || numberOf(group, index) is not { } number)
                return null;
            label = (group, number);
            return rest.Length > 1 && fields.FirstOrDefault(f => f.Path[0] == rest[1]) is { } field ? Number(field, number) : null;
        }

        var members = pointer.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (members.Length > 1 && members[^1].All(char.IsAsciiDigit))
            members = members[..^1];
        return Fixed.FirstOrDefault(c => c.Path.SequenceEqual(members));
    }

    private static Dictionary<string, CaseColumn> Headings()
    {
        var all = new Dictionary<string, CaseColumn>();
        foreach (var column in Of(MostInGroup, MostInGroup))
        {
            all.Add(Plain(column.Name), column);
            all.Add(Plain(column.Chinese), column);
        }

        return all;
    }

    private static IEnumerable<CaseColumn> Numbered(IReadOnlyList<CaseColumn> fields, int count) => Enumerable.Range(1, count).SelectMany(n => fields.Select(f => Number(f, n)));

    private static CaseColumn Number(CaseColumn field, int number) => field with
    {
        Name = $"{field.Group!.Label(number, Language.English)}.{field.Name}",
        Chinese = $"{field.Group.Label(number, Language.Chinese)}{field.Chinese}",
        Number = number,
    };

    /// <summary>Without blanks, in small letters, full-width signs as their ordinary ones.</summary>
    internal static string Plain(string heading) =>
        string.Concat(heading.Where(c => !char.IsWhiteSpace(c) && c != '\uFEFF').Select(c => char.ToLowerInvariant(c is >= '\uFF01' and <= '\uFF5E' ? (char)(c - 0xFEE0) : c)));

    private static Choice[] Choices<TEnum>(params string[] chinese)
        where TEnum : struct, Enum => [.. Enum.GetValues<TEnum>().Zip(chinese, (value, label) => new Choice(Json.Name(value), label))];
}
