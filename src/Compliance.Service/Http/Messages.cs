using System.Globalization;
using Microsoft.AspNetCore.Http.Headers;

namespace Compliance.Service.Http;

/// <summary>The languages in which refusals are told.</summary>
public enum Language
{
    English,
    Chinese,
}

/// <summary>A word inside a sentence that differs by language; its text stands in <see cref="Messages"/> under <c>term.Key</c>.</summary>
public sealed record Term(string Key);

/// <summary>
/// Every code a refusal may carry, with the status it is answered with on its own and its sentence in both languages. {0}, {1} are arguments: limits, allowed values, names of the
/// contract, never what the caller wrote, for what was refused for privacy must not come back. A code that has another sentence for another number of arguments has an entry <c>code/n</c>.
/// </summary>
public static class Messages
{
    public sealed record Sentence(int Status, string En, string Zh);

    public static readonly IReadOnlyDictionary<string, Sentence> Table = new Dictionary<string, Sentence>
    {
        // the body as a whole
        ["invalid"] = new(400, "The request breaks the contract; `errors` names every place.", "请求不符合接口约定，详见 `errors`。"),
        ["invalidJson"] = new(400, "The body is not JSON (line {0}, byte {1} of the line).", "请求体不是有效的 JSON（第 {0} 行，该行第 {1} 字节）。"),
        ["invalidUtf8"] = new(400, "The body is not UTF-8 (byte {0}).", "请求体不是有效的 UTF-8（第 {0} 字节）。"),
        ["tooDeep"] = new(400, "Nested more than {0} levels deep.", "嵌套超过 {0} 层。"),
        ["tooLarge"] = new(413, "The body is larger than {0} bytes.", "请求体超过 {0} 字节。"),
        ["emptyBody"] = new(400, "A body is expected.", "缺少请求体。"),
        ["duplicateProperty"] = new(400, "The property stands here more than once.", "属性重复出现。"),
        ["unknownProperty"] = new(400, "An unknown property.", "未知属性。"),
        ["unknownProperty/1"] = new(400, "An unknown property; did you mean `{0}`?", "未知属性，是否应为 `{0}`？"),

        // fields
        ["missing"] = new(400, "A value is required.", "缺少必填值。"),
        ["wrongType"] = new(400, "Expected: {0}.", "类型应为{0}。"),
        ["empty"] = new(400, "Must not be empty.", "不能为空。"),
        ["tooLong"] = new(400, "Longer than {0} characters.", "超过 {0} 个字符。"),
        ["tooMany"] = new(400, "More than {0} items.", "超过 {0} 项。"),
        ["invalidText"] = new(400, "Contains control characters or text that is not Unicode.", "含有控制字符或无效的 Unicode 字符。"),
        ["invalidId"] = new(400, "An identifier has 1 to {0} characters of A-Z, a-z, 0-9, `.`, `_` and `-`.", "标识符为 1 至 {0} 个字符，仅限 A-Z、a-z、0-9、`.`、`_`、`-`。"),
        ["invalidUuid"] = new(400, "Not a UUID.", "不是有效的 UUID。"),
        ["invalidDay"] = new(400, "Not a day of the calendar, written YYYY-MM-DD.", "不是有效的日期，格式为 YYYY-MM-DD。"),
        ["invalidInstant"] = new(400, "Not an RFC 3339 instant with offset, such as 2026-03-02T14:20:00+08:00.", "不是带时区偏移的 RFC 3339 时刻，例如 2026-03-02T14:20:00+08:00。"),
        ["invalidDay/1"] = new(400, "Not a day; write it as {0}.", "不是有效的日期，请写成 {0}。"),
        ["invalidInstant/1"] = new(400, "Not a day with its time; write it as {0}.", "不是有效的日期和时间，请写成 {0}。"),
        ["outOfRange"] = new(400, "Must be between {0} and {1}.", "应在 {0} 与 {1} 之间。"),
        ["invalidProvince"] = new(400, "Not a two-digit province code.", "不是两位省级行政区划代码。"),
        ["unknownValue"] = new(400, "Unknown value; allowed: {0}.", "未知取值，允许：{0}。"),
        ["personalData"] = new(400, "Looks like a person's name, identity-card or telephone number; these are never accepted.", "疑似包含姓名、身份证号或电话号码，一律不予接收。"),

        // sheets
        ["unknownColumn"] = new(400, "Nobody knows this heading.", "未知的列标题。"),
        ["unknownColumn/1"] = new(400, "Nobody knows this heading; did you mean `{0}`?", "未知的列标题，是否应为“{0}”？"),
        ["duplicateColumn"] = new(400, "The same column stands at {0} already.", "与 {0} 列重复。"),
        ["missingColumn"] = new(400, "The column is missing (in Chinese {0}); without it no row can be read.", "缺少“{0}”列，无法读取任何一行。"),
        ["tooManyColumns"] = new(400, "More than {0} columns.", "超过 {0} 列。"),
        ["cellOutsideColumns"] = new(400, "Stands under no heading.", "所在列没有标题。"),
        ["malformedRow"] = new(400, "A quotation mark stands where none may, is not closed on its line, or a cell has a line break, or lines end in a bare carriage return; nobody knows where the cells end.", "引号位置有误、未在本行闭合，或单元格内有换行，或行尾仅为回车符，无法分清各单元格。"),
        ["cellError"] = new(400, "The spreadsheet could not compute this cell.", "单元格为电子表格的计算错误。"),
        ["roundedNumber"] = new(400, "A number of more digits than a spreadsheet keeps; format the column as text and enter it anew.", "数字位数超过电子表格的精度，请将该列设为文本格式后重新录入。"),
        ["formattedNumber"] = new(400, "A number or a day that its format shows as something else; format the column as text and enter it as it should read.", "单元格格式使数字或日期的显示与实际内容不同，请将该列设为文本格式后重新录入。"),
        ["notComputed"] = new(400, "A formula that was never computed; open the workbook in a spreadsheet program and save it.", "公式尚未计算，请用电子表格程序打开工作簿并保存后再导入。"),
        ["mergedCells"] = new(400, "Merged cells: only the first holds a value; undo the merge and fill in each row.", "合并单元格中仅第一格有值，请取消合并并逐行填写。"),
        ["exampleRow"] = new(400, "The example row of the template; delete it.", "这是模板中的示例行，请删除。"),
        ["unsupportedCharset"] = new(415, "Of encodings, UTF-8 and GB18030 (with GBK and GB2312) are read.", "仅支持 UTF-8 与 GB18030（含 GBK、GB2312）编码。"),
        ["notAWorkbook"] = new(400, "Not an Excel workbook (.xlsx), or a damaged one.", "不是有效的 Excel 工作簿（.xlsx），或文件已损坏。"),
        ["workbookTooLarge"] = new(413, "A workbook has at most {0} MB, unpacked {1} MB; save it as CSV, which may have any size.", "工作簿不得超过 {0} MB（解压后 {1} MB）；请另存为 CSV，大小不限。"),
        ["severalSheets"] = new(400, "More than one sheet of the workbook has rows; leave one, or hide the others.", "工作簿中有多张工作表含有数据；请只保留一张，或隐藏其余各张。"),

        // FHIR
        ["unsupportedFhirVersion"] = new(415, "FHIR R4 is taken: `application/fhir+json`, with `fhirVersion=4.0` or without.", "仅支持 FHIR R4：`application/fhir+json`，可带 `fhirVersion=4.0`。"),
        ["fhirNotABundle"] = new(400, "Expected: a Bundle.", "应为 Bundle 资源。"),
        ["fhirBundleType"] = new(400, "A Bundle of type `collection` or `transaction` is taken, one case in each.", "仅接收类型为 `collection` 或 `transaction` 的 Bundle，每个 Bundle 一例。"),
        ["fhirStructure"] = new(400, "Not the structure FHIR R4 gives this element.", "不符合 FHIR R4 规定的结构。"),
        ["fhirValue"] = new(400, "Not a value that FHIR R4 allows here.", "不是 FHIR R4 在此处允许的值。"),
        ["fhirCode"] = new(400, "Not a code of the value set that FHIR R4 binds this element to.", "不在 FHIR R4 为该元素规定的值集内。"),
        ["fhirUnknownElement"] = new(400, "FHIR R4 knows no such element here.", "FHIR R4 在此处没有该元素。"),
        ["fhirResourceType"] = new(400, "No part of a case; a case is made of: {0}.", "不属于病例内容；病例由以下资源组成：{0}。"),
        ["fhirDuplicateEntry"] = new(400, "Another entry has the same fullUrl or id.", "与另一条目的 fullUrl 或 id 重复。"),
        ["fhirConditional"] = new(400, "Conditions on an entry are not supported: a case is reported as a whole.", "不支持条目级条件请求：病例须整体上报。"),
        ["fhirNoProcedure"] = new(400, "A case has a Procedure that is no part of another.", "病例须有一个不从属于其他操作的 Procedure。"),
        ["fhirSeveralProcedures"] = new(400, "Only one Procedure stands alone; the others of the visit say with `partOf` that they are part of it. Another visit is another Bundle.", "只能有一个主 Procedure，同次其余操作须以 `partOf` 指明从属；另一次诊疗请另发 Bundle。"),
        ["fhirSeveralConditions"] = new(400, "Of several Conditions `reasonReference` names the diagnosis.", "有多个 Condition 时，须以 `reasonReference` 指明诊断。"),
        ["fhirOnlyOne"] = new(400, "Only one is taken here ({0}).", "此处只能有一个（{0}）。"),
        ["fhirDangling"] = new(400, "The Bundle has no such entry.", "Bundle 中没有该条目。"),
        ["fhirReferenceType"] = new(400, "A reference to one of these is expected: {0}.", "此处应引用：{0}。"),
        ["fhirOtherPatient"] = new(400, "Not the patient of the procedure.", "不是该操作的患者。"),
        ["fhirNotLinked"] = new(400, "Nothing in the case refers to it.", "病例中没有引用该资源。"),
        ["fhirIdentifier"] = new(400, "An identifier of this system is needed: {0}.", "需要以下系统的标识符：{0}。"),
        ["fhirCodeSystem"] = new(400, "A code of one of these systems is needed: {0}.", "需要以下编码系统之一的编码：{0}。"),
        ["fhirNotPerformed"] = new(400, "Reported is what was done: a Procedure that is `completed` or `stopped`, of an encounter that took place.", "仅上报已实施的操作：Procedure 应为 `completed` 或 `stopped`，且就诊已发生。"),
        ["fhirEnteredInError"] = new(400, "Entered in error, or no longer valid. What was not reported yet is left out; a case that was is voided at /api/v1/cases/(caseId)/void.", "已标为误录或失效。尚未上报的请勿上报；已上报的病例请在 /api/v1/cases/(caseId)/void 作废。"),
        ["fhirComplicationElsewhere"] = new(400, "Complications are reported as AdverseEvent, with day and causality.", "并发症须以 AdverseEvent 上报，并注明日期与相关性。"),
        ["fhirExplanted"] = new(400, "A device taken out is not one used; leave it out.", "取出的器械不是本次使用的器械，请勿列入。"),
        ["fhirModifier"] = new(400, "This would change what the rest means, and is not understood here.", "该元素会改变其他内容的含义，本系统无法识别。"),
        ["fhirContained"] = new(400, "Contained resources are not taken; give each an entry of its own.", "不接收内嵌（contained）资源，请作为单独条目发送。"),
        ["fhirPersonalElement"] = new(400, "Names, contact data, birth dates, pictures, narrative, notes and foreign identifiers of persons are never accepted.", "姓名、联系方式、出生日期、图像、叙述文本、备注及人员的其他标识符一律不予接收。"),
        ["fhirContradicts"] = new(400, "Contradicts {0}.", "与 {0} 矛盾。"),
        ["fhirGivenTwice"] = new(400, "Given twice: by a Consent and by the extension of the Procedure.", "重复给出：Consent 与 Procedure 的扩展只能有其一。"),
        ["fhirNotUsed"] = new(0, "Not used: no part of what was stored.", "未使用：未存入病例。"),
        ["fhirReported"] = new(0, "Reported as case {0}.", "已上报，病例编号 {0}。"),
        ["fhirUnchanged"] = new(0, "Case {0} was reported before; nothing changed.", "病例 {0} 此前已上报，未作更改。"),
        ["fhirFlag"] = new(0, "Accepted, though irregular: {0}.", "已接收，但存在异常：{0}。"),

        // query and headers
        ["unknownParameter"] = new(400, "An unknown query parameter.", "未知查询参数。"),
        ["unknownParameter/1"] = new(400, "An unknown query parameter; did you mean `{0}`?", "未知查询参数，是否应为 `{0}`？"),
        ["repeatedParameter"] = new(400, "The query parameter is given more than once.", "查询参数重复。"),
        ["invalidCursor"] = new(400, "Not a cursor this service gave out for this list.", "不是本列表给出的游标。"),
        ["invalidIdempotencyKey"] = new(400, "Idempotency-Key is given once, with 1 to {0} printable ASCII characters.", "Idempotency-Key 只能出现一次，为 1 至 {0} 个可打印 ASCII 字符。"),
        ["idempotencyKeyReused"] = new(422, "This Idempotency-Key was used with another body.", "该 Idempotency-Key 已用于另一请求体。"),
        ["invalidIfMatch"] = new(400, "If-Match is `*` or a list of entity tags in quotes.", "If-Match 应为 `*` 或带引号的实体标签列表。"),

        // who
        ["tokenMissing"] = new(401, "A bearer token is required.", "需要 Bearer 令牌。"),
        ["tokenInvalid"] = new(401, "The token is not valid, has expired, or lacks a claim its role needs.", "令牌无效、已过期，或缺少其角色所需的声明。"),
        ["identityUnavailable"] = new(503, "The identity provider cannot be reached.", "身份认证服务暂不可用。"),
        ["forbidden"] = new(403, "Not allowed for this role or outside what it may reach.", "该角色无权执行此操作，或超出其权限范围。"),

        // the rest of HTTP
        ["notFound"] = new(404, "There is nothing here.", "未找到。"),
        ["methodNotAllowed"] = new(405, "The method is not allowed here.", "不允许使用该方法。"),
        ["notAcceptable"] = new(406, "None of the accepted media types can be given.", "无法提供所接受的媒体类型。"),
        ["unsupportedMediaType"] = new(415, "The media type of the body is not accepted here.", "不接受该媒体类型。"),
        ["versionMoved"] = new(412, "The resource has changed since; read it again.", "资源已被更新，请重新读取。"),
        ["conflict"] = new(409, "Changed by others at the same time; send it again.", "同时被他人修改，请重试。"),
        ["positionNotReached"] = new(503, "What is shown here has not reached that position yet.", "数据尚未达到所要求的位置。"),
        ["requestRefused"] = new(400, "The request was refused.", "请求被拒绝。"),
        ["internalError"] = new(500, "Something went wrong here; the operators find it under the correlation id.", "服务内部错误，可凭 correlationId 查询。"),
        ["tooManyImports"] = new(429, "{0} imports are under way, which is as many as are taken at a time; try again.", "正在进行的导入已达上限 {0} 个，请稍后重试。"),
        ["tooManyRequests"] = new(503, "{0} requests are under way, which is as many as are taken at a time; try again.", "正在处理的请求已达上限 {0} 个，请稍后重试。"),
        ["unavailable"] = new(503, "Not available at the moment.", "服务暂不可用。"),

        // words within sentences
        ["term.text"] = new(0, "text", "文本"),
        ["term.integer"] = new(0, "an integer", "整数"),
        ["term.boolean"] = new(0, "true or false", "布尔值"),
        ["term.object"] = new(0, "an object", "对象"),
        ["term.array"] = new(0, "a list", "列表"),
        ["term.flag"] = new(0, "true or false", "布尔值"),
        ["term.count"] = new(0, "a whole number, not negative", "非负整数"),
        ["term.quantity"] = new(0, "a number, not negative", "非负数"),
        ["term.list"] = new(0, "a list of objects with the fields of the fact", "由该事项各字段组成的对象列表"),
        ["term.day"] = new(0, "text, a day YYYY-MM-DD", "日期文本 YYYY-MM-DD"),
        ["term.instant"] = new(0, "text, an RFC 3339 instant with offset", "带时区偏移的 RFC 3339 时刻文本"),

        // titles, by status
        ["status.400"] = new(0, "Bad request", "请求有误"),
        ["status.401"] = new(0, "Not authenticated", "未认证"),
        ["status.403"] = new(0, "Forbidden", "无权限"),
        ["status.404"] = new(0, "Not found", "未找到"),
        ["status.405"] = new(0, "Method not allowed", "方法不允许"),
        ["status.406"] = new(0, "Not acceptable", "无法接受"),
        ["status.408"] = new(0, "Request timeout", "请求超时"),
        ["status.409"] = new(0, "Conflict", "冲突"),
        ["status.412"] = new(0, "Precondition failed", "前提条件不满足"),
        ["status.413"] = new(0, "Body too large", "请求体过大"),
        ["status.415"] = new(0, "Unsupported media type", "不支持的媒体类型"),
        ["status.422"] = new(0, "Not processable", "无法处理"),
        ["status.429"] = new(0, "Too many requests", "请求过多"),
        ["status.500"] = new(0, "Internal error", "内部错误"),
        ["status.503"] = new(0, "Unavailable", "服务不可用"),

        // registry, calendars, regulations, enforcement
        ["futureDay"] = new(400, "A day in the future.", "日期晚于今天。"),
        ["notShownYet"] = new(503, "What is shown here has not reached that position yet.", "数据尚未达到所要求的位置。"),
        ["tooManyWriters"] = new(409, "Too many change this at the same time; send it again.", "同时修改者过多，请重试。"),
        ["unknownTechnique"] = new(400, "No regulation knows this technique.", "没有管理规范涉及该技术。"),
        ["unknownInstitution"] = new(400, "The registry knows no such institution.", "登记中没有该医疗机构。"),
        ["noSuchInstitution"] = new(404, "The registry knows no such institution.", "登记中没有该医疗机构。"),
        ["noSuchPhysician"] = new(404, "The registry knows no such physician.", "登记中没有该医师。"),
        ["noSuchLeave"] = new(404, "The physician has no such leave.", "该医师没有此项休假记录。"),
        ["endsBeforeItBegins"] = new(400, "The last day lies before the first.", "结束日期早于开始日期。"),
        ["notOneMainRegistration"] = new(400, "On {0} not exactly one registration is the main one.", "{0} 的主要执业机构不是恰好一个。"),
        ["registeredTwice"] = new(400, "On {0} the same institution is registered twice.", "{0} 同一机构重复登记。"),
        ["twoTitlesFromOneDay"] = new(400, "Two titles begin on {0}.", "{0} 有两个职称同时开始。"),
        ["yearOutOfRange"] = new(400, "The year is out of range.", "年份超出范围。"),
        ["versionOutOfRange"] = new(400, "The version must be 1 or more.", "版本号应不小于 1。"),
        ["noticeMissing"] = new(400, "The notice the days are taken from must be named.", "须注明所依据的放假安排通知。"),
        ["makeUpNotWeekend"] = new(400, "Only Saturdays and Sundays are made up.", "只有周六、周日可以调休上班。"),
        ["restAndMakeUp"] = new(400, "A day cannot be both a rest day and a make-up day.", "同一天不能既放假又上班。"),
        ["dayOutsideYear"] = new(400, "The day lies neither in the year nor in the last week of the year before.", "日期既不在该年内，也不在上一年最后一周内。"),
        ["dayRepeated"] = new(400, "The day stands in the list twice.", "日期重复出现。"),
        ["fromInThePast"] = new(400, "Must be {0} or later: enforcement never reaches back.", "不得早于 {0}：执法设置不溯及既往。"),

        // time
        ["clockRunsForward"] = new(409, "The clock runs forward only, once the log holds anything.", "日志非空后，时钟只能向前调整。"),
        ["closingMissingDays"] = new(503, "Days missed during a standstill are being closed; try again in a moment.", "正在补记停机期间的日期，请稍后再试。"),

        // cases
        ["unknownProcedureCode"] = new(400, "Not a procedure of the catalogue of {0}.", "不在 {0} 的手术目录内。"),
        ["unknownComplicationCode"] = new(400, "Not a complication code of {0}.", "不在 {0} 的并发症编码表内。"),
        ["invalidIcd9"] = new(400, "Not an ICD-9-CM-3 code, such as 39.72.", "不是有效的 ICD-9-CM-3 编码，例如 39.72。"),
        ["invalidDiagnosis"] = new(400, "Not an ICD-10 code, such as I60.1.", "不是有效的 ICD-10 编码，例如 I60.1。"),
        ["afterReport"] = new(400, "Lies after {0}, the day on which the case was first reported.", "晚于该病例首次上报日（{0}）。"),
        ["afterOutcome"] = new(400, "Lies more than a day after an outcome of the case, of {0}.", "晚于该病例已有结局的日期（{0}）一天以上。"),
        ["beforeProcedure"] = new(400, "Lies before the procedure, which was completed on {0}.", "早于操作完成日（{0}）。"),
        ["dischargedBeforeAdmitted"] = new(400, "Lies before the admission.", "早于入院日期。"),
        ["startedAfterCompleted"] = new(400, "Lies after the completion.", "晚于操作完成时间。"),
        ["decidedOnAnotherDay"] = new(400, "Is not the day of `decidedAt`.", "与 `decidedAt` 的日期不一致。"),
        ["duplicateItem"] = new(400, "Stands in the list already.", "列表中已有该项。"),
        ["duplicateDevice"] = new(400, "The same UDI and serial stand in this report already.", "同一 UDI 与序列号在本报告中已出现。"),
        ["outcomeNotHere"] = new(400, "Outcomes are not corrected with the report; report, withdraw or re-declare them one by one.", "结局不能随报告更正，请逐项上报、撤回或更改认定。"),
        ["notAnOutcome"] = new(400, "Expected: `death`, or the id of a complication or an incident.", "应为 `death`，或并发症、医疗事故的编号。"),
        ["cannotChange"] = new(400, "Institution and case number of a case cannot change.", "病例的医疗机构与病例号不能更改。"),
        ["caseVoided"] = new(409, "The case was voided.", "该病例已作废。"),
        ["caseDiffers"] = new(409, "The case is there already and differs in the places named; to correct it, POST to /api/v1/cases/{0}/corrections, and for outcomes to .../complications, .../death, .../relation or .../withdraw.", "该病例已存在且所列各处不同；更正请 POST 至 /api/v1/cases/{0}/corrections，结局请用 .../complications、.../death、.../relation 或 .../withdraw。"),
        ["differs"] = new(409, "Differs from the case.", "与已有病例不同。"),
        ["noSuchProcedure"] = new(404, "No such procedure was announced.", "没有该手术的预报。"),
        ["procedureDiffers"] = new(409, "The procedure is announced already and differs in the places named; withdraw it with POST to /api/v1/procedures/{0}/withdraw and announce it anew.", "该手术已预报且所列各处不同；请 POST 至 /api/v1/procedures/{0}/withdraw 撤回后重新预报。"),
        ["procedureWithdrawn"] = new(409, "This announcement was withdrawn.", "该预报已撤回。"),
        ["procedureReported"] = new(409, "The case has been reported; if that was by mistake, POST to /api/v1/cases/{0}/void.", "该病例已上报；如属误报，请 POST 至 /api/v1/cases/{0}/void。"),
        ["deadlinePassed"] = new(409, "The report is overdue; now only the regulator of the province may withdraw the announcement.", "报告已逾期，预报只能由省级主管部门撤回。"),
        ["tooManyFeeds"] = new(409, "There are {0} calendar feeds already, which is as many as one institution may have; revoke one first.", "已有 {0} 个日历订阅，达到上限，请先撤销一个。"),
        ["noSuchCase"] = new(404, "There is no such case.", "没有该病例。"),
        ["noSuchOutcome"] = new(404, "The case has no such outcome.", "该病例没有此项结局。"),
        ["noSuchRequest"] = new(404, "The case has no such request.", "该病例没有此项申请。"),
        ["requestDecided"] = new(409, "The request was decided the other way.", "该申请已作出相反决定。"),
        ["requestPending"] = new(409, "Another request for the same waits for the regulator: {0}.", "同一事项已有申请等待监管部门决定：{0}。"),
        ["outcomeStillOpen"] = new(400, "Before {0} is over only a patient who has died has an outcome to be stated.", "{0} 结束前，仅对已死亡患者可作结局声明。"),
        ["diedByThen"] = new(400, "The patient died on {0}, as reported.", "患者已于 {0} 死亡（见已上报内容）。"),
        ["deathNotReported"] = new(400, "No death by {0} is reported; report it first, or with this.", "未上报 {0} 及以前的死亡，请先上报或一并上报。"),
        ["complicationsStand"] = new(400, "The case has complications that stand.", "该病例已有并发症记录。"),
        ["noComplicationReported"] = new(400, "The case has no complication that stands.", "该病例没有并发症记录。"),
        ["beforeInterval"] = new(400, "The follow-up of this interval is made on {0} or later.", "该随访期自 {0} 起。"),
        ["afterDeath"] = new(400, "The patient died on {0}, as reported.", "患者已于 {0} 死亡（见已上报内容）。"),
        ["oneOfTwo"] = new(400, "Give either `{0}` or `{1}`, and not both.", "`{0}` 与 `{1}` 应择一填写。"),
        ["ownInstitution"] = new(400, "Outcomes of your own cases are reported with the case.", "本机构病例的结局请直接在病例中上报。"),
        ["caseNeeded"] = new(400, "{0} cases match the notice; name the one in which the outcome stands.", "有 {0} 个病例与该通报相符，请指明结局所属病例。"),
        ["notThatCase"] = new(400, "It is no case of the institution that the notice can be about.", "该病例不是该机构与该通报相符的病例。"),
        ["noSuchNotice"] = new(404, "There is no such outcome notice.", "没有该结局通报。"),
        ["noticeAnswered"] = new(409, "The notice has been answered.", "该结局通报已答复。"),
        ["noticeDecided"] = new(409, "The notice has been decided.", "该结局通报已裁定。"),
        ["noticeNotDue"] = new(409, "The hospital may answer until {0}.", "医疗机构可在 {0} 前答复。"),
        ["deathAlreadyReported"] = new(409, "Another death was reported for this case; withdraw it, or declare its relation anew.", "该病例已上报死亡且内容不同，请先撤回或更改认定。"),
        ["alreadyAdjudicated"] = new(409, "The regulator has settled whether it is related.", "监管部门已认定其相关性。"),
        ["cutOff"] = new(400, "The import ends within this line; the last whole line is {0}.", "导入内容在本行中断，最后完整的一行是第 {0} 行。"),
        ["importInterrupted"] = new(503, "Not available at the moment. Everything up to line {0} has been dealt with ({1} stored now, {2} there before, {3} rejected); send the rest, or all of it, again.", "服务暂不可用。第 {0} 行及之前均已处理（新存 {1}，原有 {2}，拒绝 {3}）；请重新发送其余部分或全部。"),

        // the command line
        ["cli.imported"] = new(0, "{0}: of {1} reports {2} stored, {3} there before, {4} rejected.", "{0}：共 {1} 例，新存 {2}，原有 {3}，拒绝 {4}。"),
        ["cli.wouldImport"] = new(0, "{0}: of {1} reports {2} would be stored, {3} are there, {4} would be rejected. Nothing was stored.", "{0}：共 {1} 例，将新存 {2}，原有 {3}，将拒绝 {4}。未存入任何内容。"),
        ["cli.row"] = new(0, "row {0}", "第 {0} 行"),
        ["cli.more"] = new(0, "and {0} more; --bad-rows FILE writes all of them down.", "另有 {0} 处；用 --bad-rows FILE 可全部写入文件。"),
        ["cli.fileRefused"] = new(0, "{0}: nothing of it can be read.", "{0}：无法读取。"),
        ["cli.resumed"] = new(0, "{0}: goes on behind the {1} reports of {2} that were dealt with before.", "{0}：此前已处理 {1} 例（共 {2} 例），继续导入。"),
        ["cli.goOn"] = new(0, "{0} of {1} reports are dealt with; the same command goes on from there.", "已处理 {0} 例（共 {1} 例）；重新执行同一命令即可继续。"),
        ["cli.notResumable"] = new(0, "{0} cannot be written: interrupted, the import begins anew, which changes nothing but takes its time.", "无法写入 {0}：中断后将从头开始导入，不影响结果。"),
        ["cli.noRows"] = new(0, "No report stands in it.", "文件中没有任何病例。"),
        ["cli.changed"] = new(0, "{0} was changed while it was read; import it again.", "{0} 在读取过程中被修改，请重新导入。"),
        ["cli.unreadable"] = new(0, "{0} cannot be read to its end.", "无法完整读取 {0}。"),
        ["cli.badRowsInUse"] = new(0, "{0} belongs to an import that was interrupted and will be gone on with; a dry run does not write over it.", "{0} 属于已中断、将继续进行的导入，试运行不会覆盖它。"),
        ["cli.lost"] = new(0, "{0}: the service no longer has what it had stored; the import begins anew.", "{0}：服务端已丢失此前存入的内容，将从头开始导入。"),
        ["cli.progress"] = new(0, "{0}, {1} of {2}", "{0}，{1} / {2}"),
        ["cli.rate"] = new(0, ", {0} a second", "，每秒 {0} 例"),
        ["cli.left"] = new(0, ", {0} left", "，剩余 {0}"),
        ["cli.notReached"] = new(0, "{0} cannot be reached: {1}", "无法连接 {0}：{1}"),
        ["cli.noAnswer"] = new(0, "no answer in {0} minutes", "{0} 分钟内没有答复"),
        ["cli.foreign"] = new(0, "{0}: answered {1}, and not as this service does", "{0}：答复为 {1}，不是本服务的答复"),
        ["cli.interrupted"] = new(0, "Interrupted.", "已中断。"),
        ["cli.exported"] = new(0, "{0} cases written, {1} voided ones left out.", "已导出 {0} 例，略去已作废的 {1} 例。"),
        ["cli.whose"] = new(0, "Whose? Say --institution ID or --physician ID; the token of a hospital or a physician says it by itself.", "未指明对象：请用 --institution 或 --physician 指定；医院或医师本人的令牌无需指定。"),
        ["cli.regulatorsOnly"] = new(0, "{0} is for a regulator's list, and not for one institution.", "{0} 仅用于监管部门的清单，不适用于单个医疗机构。"),
        ["cli.window"] = new(0, "{0} to {1}", "{0} 至 {1}"),
        ["cli.share"] = new(0, "{0} of {1}", "{0} / {1}（例）"),
        ["cli.yes"] = new(0, "yes", "是"),
        ["cli.no"] = new(0, "no", "否"),
        ["cli.overdue"] = new(0, "overdue", "已逾期"),
        ["cli.nothing"] = new(0, "Nothing.", "无。"),
        ["cli.notBinding"] = new(0, "{0} (not binding)", "{0}（暂不具约束力）"),
        ["cli.provisional"] = new(0, "{0} (provisional)", "{0}（暂定）"),
        ["cli.furtherRows"] = new(0, "There are more than these {0}; --limit N shows them.", "以上仅前 {0} 条；用 --limit N 可显示更多。"),
        ["cli.rate.severeComplications"] = new(0, "rate of severe complications", "严重并发症发生率"),
        ["cli.rate.mortality"] = new(0, "mortality", "死亡率"),
        ["cli.count.cases"] = new(0, "cases", "病例数"),
        ["cli.count.diagnosticCases"] = new(0, "diagnostic", "诊断性病例"),
        ["cli.count.therapeuticCases"] = new(0, "therapeutic", "治疗性病例"),
        ["cli.count.level3PlusCases"] = new(0, "level 3 and above", "三级及以上手术"),
        ["cli.count.level3PlusTherapeuticCases"] = new(0, "level 3 and above, therapeutic", "三级及以上治疗性手术"),
        ["cli.count.severeComplicationCases"] = new(0, "with severe complications", "严重并发症病例"),
        ["cli.count.therapeuticSevereComplicationCases"] = new(0, "therapeutic, with severe complications", "治疗性严重并发症病例"),
        ["cli.count.deathCases"] = new(0, "deaths", "死亡病例"),
        ["cli.count.therapeuticDeathCases"] = new(0, "therapeutic, deaths", "治疗性死亡病例"),
        ["cli.count.possibleSevereComplicationCases"] = new(0, "with possible severe complications", "可能的严重并发症病例"),
        ["cli.count.possibleDeathCases"] = new(0, "possible deaths", "可能的死亡病例"),
        ["cli.count.incidents"] = new(0, "incidents", "医疗事故"),
        ["cli.count.seriousIncidents"] = new(0, "serious incidents", "严重医疗事故"),
        ["cli.count.lateReports"] = new(0, "reported late", "迟报"),
        ["cli.count.overdueReports"] = new(0, "reports overdue", "逾期未报"),
        ["cli.head.clause"] = new(0, "clause", "条款"),
        ["cli.head.outcome"] = new(0, "outcome", "结果"),
        ["cli.head.actual"] = new(0, "actual", "实际值"),
        ["cli.head.limit"] = new(0, "limit", "限值"),
        ["cli.head.since"] = new(0, "since", "起始日"),
        ["cli.head.suspendsOn"] = new(0, "suspends on", "暂停日"),
        ["cli.head.title"] = new(0, "title", "名称"),
        ["cli.head.kind"] = new(0, "kind", "类别"),
        ["cli.head.id"] = new(0, "id", "编号"),
        ["cli.head.name"] = new(0, "name", "姓名或名称"),
        ["cli.head.technique"] = new(0, "technique", "技术"),
        ["cli.head.province"] = new(0, "province", "省份"),
        ["cli.head.standing"] = new(0, "standing", "资质状态"),
        ["cli.head.overall"] = new(0, "overall", "总体结论"),
        ["cli.head.cases"] = new(0, "cases", "病例数"),
        ["cli.head.deaths"] = new(0, "deaths", "死亡"),
        ["cli.head.breached"] = new(0, "breached", "未达标条款"),
        ["cli.head.validity"] = new(0, "qualification", "资质"),
        ["cli.head.settledDay"] = new(0, "settled up to", "数据截至"),
        ["cli.head.dueOn"] = new(0, "due on", "到期日"),
        ["cli.head.state"] = new(0, "state", "状态"),
        ["cli.head.what"] = new(0, "what", "事项"),
        ["cli.head.caseNumber"] = new(0, "case number", "病例号"),
        ["cli.head.operator"] = new(0, "operator", "第一术者"),
        ["cli.head.completedOn"] = new(0, "completed on", "完成日期"),

        // regulation files: what is wrong is told where it is found
        ["malformed"] = new(400, "{0}", "不符合格式：{0}"),
        ["clauseKindMissing"] = new(400, "{0}", "条款缺少类型：{0}"),
        ["nullInList"] = new(400, "{0}", "列表中不得有空项：{0}"),
        ["numberOutOfRange"] = new(400, "{0}", "数值超出范围：{0}"),
        ["levelOutOfRange"] = new(400, "{0}", "级别超出范围：{0}"),
        ["unknownName"] = new(400, "{0}", "名称不存在：{0}"),
        ["rateOfItself"] = new(400, "{0}", "率的分子与分母相同：{0}"),
        ["repeated"] = new(400, "{0}", "重复出现：{0}"),
        ["appliesToNobody"] = new(400, "{0}", "条款没有适用对象：{0}"),
        ["afterDaysMisplaced"] = new(400, "{0}", "天数与后果不符：{0}"),
        ["effectUnfit"] = new(400, "{0}", "后果与条款类型不符：{0}"),
        ["subjectUnfit"] = new(400, "{0}", "适用对象与条款类型不符：{0}"),
        ["judgesBeforeEffective"] = new(400, "{0}", "判定日早于施行日：{0}"),
        ["catalogueHalfGraded"] = new(400, "{0}", "目录仅部分分级：{0}"),
        ["gapBelow"] = new(400, "{0}", "该分母以下无条款可依：{0}"),
        ["unknownClause"] = new(400, "{0}", "没有该条款：{0}"),
        ["doesNotMeet"] = new(400, "{0}", "两条款不衔接：{0}"),
        ["notIncidents"] = new(400, "{0}", "应以医疗事故计数：{0}"),
        ["moreThanAll"] = new(400, "{0}", "超过总人数要求：{0}"),
        ["choicesMisplaced"] = new(400, "{0}", "选项与类型不符：{0}"),
        ["fieldsMisplaced"] = new(400, "{0}", "字段与类型不符：{0}"),
        ["typeUnfit"] = new(400, "{0}", "类型与来源不符：{0}"),
        ["trainingMisplaced"] = new(400, "{0}", "培训信息与来源不符：{0}"),
        ["countMisplaced"] = new(400, "{0}", "计数与来源不符：{0}"),
        ["titleMisplaced"] = new(400, "{0}", "职称与来源不符：{0}"),
        ["followUpsOutOfOrder"] = new(400, "{0}", "随访期顺序有误：{0}"),
        ["chainOutOfOrder"] = new(400, "{0}", "意见顺序有误：{0}"),
        ["clauseUnfit"] = new(400, "{0}", "条款类型不适用于此处：{0}"),
        ["unused"] = new(400, "{0}", "无处使用：{0}"),
        ["circular"] = new(400, "{0}", "条款循环引用：{0}"),
        ["namesMisplaced"] = new(400, "{0}", "名称列表有误：{0}"),
        ["notOneForm"] = new(400, "{0}", "判定式须恰为一种形式：{0}"),
        ["noSuchFact"] = new(400, "{0}", "没有该事项：{0}"),
        ["testUnfit"] = new(400, "{0}", "该事项不能如此比较：{0}"),
        ["versionExists"] = new(400, "{0}", "版本已存在：{0}"),
        ["versionNotNext"] = new(400, "{0}", "不是下一版本：{0}"),
        ["techniqueChanged"] = new(400, "{0}", "技术不得变更：{0}"),
        ["practiceChanged"] = new(400, "{0}", "技术与项目不得互换：{0}"),
        ["factChanged"] = new(400, "{0}", "事项类型与已发布的不一致：{0}"),
        ["noSuchLimit"] = new(400, "{0}", "没有该限值：{0}"),
        ["notStricter"] = new(400, "{0}", "未比国家规定更严：{0}"),
        ["judgesFromTooEarly"] = new(400, "Must be {0} or later: what has been judged stays judged.", "不得早于 {0}：已作出的判定不变。"),
        ["effectiveFromTooEarly"] = new(400, "Must be {0} or later: what has been coded and has fallen due stays so.", "不得早于 {0}：已编码的病例和已确定的期限不变。"),
        ["oneOf"] = new(400, "Give one of these, and not both: {0}.", "须且仅须给出其一：{0}。"),
        ["notClosed"] = new(404, "No such day has been closed.", "没有已结算的相应日期。"),
        ["notJudged"] = new(404, "No regulation judged that day.", "当日没有据以判定的管理规范。"),

        // applications
        ["unknownFact"] = new(400, "{0} asks for no such fact.", "{0} 未涉及该事项。"),
        ["knownToSystem"] = new(400, "The system knows this itself; it is not attested.", "系统已掌握该事项，无需声明。"),
        ["regulatorAttests"] = new(400, "Only the regulator attests this.", "该事项仅由监管部门认定。"),
        ["unknownPath"] = new(400, "The regulation has no such path; there are: {0}.", "管理规范没有该申请途径，可用：{0}。"),
        ["invalidHash"] = new(400, "A SHA-256 in lower-case hexadecimal, 64 characters.", "应为 64 位小写十六进制的 SHA-256。"),
        ["pathClosed"] = new(409, "The path {0} has been closed since {1}; it only explains old grants.", "{0} 途径自 {1} 起关闭，仅用于说明以往的资质。"),
        ["pathGone"] = new(409, "{1}, version {2}, has no open path {0} any more; the application must be submitted anew.", "{1} 第 {2} 版已没有 {0} 途径，须重新提交申请。"),
        ["applicationOpen"] = new(409, "Application {0} is open already.", "第 {0} 号申请正在办理。"),
        ["applicationNotOpen"] = new(409, "The application is not open for this any more.", "该申请已不在办理中。"),
        ["applicationUnderReview"] = new(409, "Opinions are being given on what was attested; it stands still until then.", "申请正在审核，其间不得变更所声明的事项。"),
        ["noSuchApplication"] = new(409, "There is no such application.", "没有该项申请。"),
        ["notTheNextOpinion"] = new(409, "Somebody else's opinion comes next; none is left out.", "应先由其他环节出具意见，不得跳过。"),
        ["refusalIsTheProvinces"] = new(400, "Only the province refuses; others agree or give back.", "仅省级部门可以不予批准，其他环节只能同意或退回。"),
        ["grantAgrees"] = new(409, "The province agrees by granting, and grants by agreeing.", "省级部门以授予资质表示同意。"),
        ["opinionNeeded"] = new(400, "An application is open: the grant needs the province's opinion on it.", "申请正在办理，授予须附省级部门意见。"),
        ["signedTooEarly"] = new(400, "Signed before the step before it, on {0}: dates do not go back.", "早于上一环节的日期 {0}，日期不得倒置。"),
        ["conditionsNotMet"] = new(409, "Not met: {0}.", "未满足：{0}。"),
        ["grantFiled"] = new(409, "The grant was filed already, as {0}.", "已备案，编号 {0}。"),
        ["aidGoesOn"] = new(409, "Aid by {0} goes on.", "{0} 的技术帮扶尚未结束。"),
        ["aidOverlaps"] = new(400, "Aid was received on that day already.", "该日已有技术帮扶。"),
        ["noAid"] = new(409, "No aid goes on.", "没有正在进行的技术帮扶。"),
        ["aidIsForInstitutions"] = new(409, "Only an institution is aided.", "仅医疗机构可接受技术帮扶。"),
        ["notMonitored"] = new(409, "The programme has no such proceedings.", "该项目不适用此程序。"),

        // the public register
        ["noSuchSnapshot"] = new(404, "No snapshot of the register was taken of that day.", "没有该日的名单快照。"),
        ["snapshotDiffers"] = new(500, "What the log says of that day's register does not have the digest that was published, {0}; neither is shown until this is explained.", "根据日志重新计算的当日名单与已公布的摘要 {0} 不符；查明原因之前不予提供。"),
        ["snapshotsAtWork"] = new(503, "Other snapshots are being made from the log; try again in a moment.", "正在根据日志生成其他快照，请稍后再试。"),

        // metrics, qualifications, proposals
        ["tooManyPoints"] = new(400, "More than {0} days; ask for a shorter span, or for months.", "超过 {0} 个日期；请缩短区间或按月查询。"),
        ["unknownSubject"] = new(400, "The registry knows no such institution or physician.", "登记中没有该医疗机构或医师。"),
        ["effectiveTooEarly"] = new(400, "Must be {0} or later: a grant never reaches back.", "不得早于 {0}：资质授予不溯及既往。"),
        ["noSuchQualification"] = new(404, "There is no such qualification, or it does not hold today.", "没有该项资质，或其目前无效。"),
        ["alreadyGranted"] = new(409, "Granted already, from {0} on.", "已于 {0} 起授予。"),
        ["grantBeforeEnd"] = new(409, "The grant before it ended on {0}; a new one cannot begin earlier.", "前一次资质于 {0} 终止，新的资质不得早于该日生效。"),
        ["proceedingPending"] = new(409, "A proceeding on this qualification is not ended yet.", "该资质的处理程序尚未结束。"),
        ["noSuchProposal"] = new(404, "There is no such proposal.", "没有该项建议。"),
        ["proposalWithdrawn"] = new(409, "The proposal was withdrawn: its grounds fell away, or another decision took its place.", "该建议已撤回：其依据已不成立，或已有其他决定。"),
        ["proposalDecided"] = new(409, "The proposal was decided the other way.", "该建议已作出相反决定。"),
        ["proposalPending"] = new(409, "A proposal to revoke waits for a decision.", "取消资质的建议尚待决定。"),
        ["standingChanged"] = new(409, "The standing has changed, and no longer allows it.", "资质状态已变更，不再允许此操作。"),
        ["notSuspended"] = new(409, "The qualification is not suspended.", "该资质未被暂停。"),
        ["nothingToReview"] = new(409, "Nobody objected, and the grounds still hold: there is nothing to uphold.", "无人提出异议且依据成立，无需维持决定。"),
        ["rectificationNotEnded"] = new(409, "Rectification ends on {0}; reassessed at the earliest the day after.", "整改期至 {0} 届满，最早于次日重新评估。"),
        ["dueInThePast"] = new(400, "The first due date may not lie before {0}.", "首次到期日不得早于 {0}。"),
        ["periodNotSettled"] = new(400, "Reports of the period may still be due: {0} is the last day of which all were.", "该周期的病例报送尚未全部到期；{0} 是全部到期的最后一日。"),
        ["closesTooEarly"] = new(400, "A round may not close before {0}.", "评估不得早于 {0} 结束。"),
        ["noSuchRound"] = new(404, "There is no such round, or nobody of that name in it.", "没有该轮评估，或其中没有该对象。"),
        ["notInRound"] = new(400, "Is not in this round, or was left out of it.", "不在本轮评估之列，或已被排除。"),
        ["roundConcluded"] = new(409, "The round is concluded for this subject.", "该对象的评估已结束。"),
        ["roundNotConcluded"] = new(409, "The round is not concluded; it closes on {0}.", "本轮评估尚未结束，结束日为 {0}。"),
        ["hearingPeriodOpen"] = new(409, "Until the end of {0} the subject may ask to be heard.", "当事人可于 {0}（含当日）前申请听证。"),
        ["hearingPeriodOver"] = new(409, "A hearing could be asked for until {0}.", "听证申请期限已于 {0} 届满。"),
        ["hearingOutstanding"] = new(409, "A hearing was asked for and has not been held.", "听证已申请而尚未举行。"),
        ["noHearingRequested"] = new(409, "Nobody asked for a hearing.", "未曾申请听证。"),
        ["hearingDay"] = new(400, "Must be a day from {0} to {1}.", "应为 {0} 至 {1} 之间的日期。"),
        ["noSuchNotice"] = new(404, "There is no such notice.", "没有该通知书。"),
        ["askForReview"] = new(409, "The suspension stands: ask for a review of it.", "暂停决定现行有效，请申请复核。"),
        ["alreadyObjected"] = new(409, "An objection to this decision was filed on {0}.", "已于 {0} 对该决定提出申诉。"),
        ["noSuchObjection"] = new(404, "There is no such objection.", "没有该申诉。"),
        ["objectionAnswered"] = new(409, "The objection has been answered.", "该申诉已获答复。"),
        ["noRevocationProposed"] = new(409, "No revocation is proposed, and none is made without a proposal.", "尚无取消资质的建议；未经建议不得取消。"),

        // totals counted independently
        ["periodNotOver"] = new(400, "The last day of a period that was counted lies before today.", "已核实总数的统计周期须在今天之前结束。"),
        ["verifiedTotalsOverlap"] = new(409, "A total from {0} to {1} stands, which has days of this period; withdraw it first.", "{0} 至 {1} 的核实总数与该周期重叠，请先撤回。"),
        ["noSuchVerifiedTotal"] = new(404, "No such total was entered for the institution.", "未录入该医疗机构的此项核实总数。"),

        // training bases
        ["noSuchTrainingBase"] = new(404, "The institution is no training base of this kind, and has not applied to be one.", "该医疗机构不是此类培训基地，也未提出申请。"),
        ["trainingBaseRecognised"] = new(409, "Recognised already, from {0} on.", "已自 {0} 起认定为培训基地。"),
        ["trainingBaseApplicationOpen"] = new(409, "Application {0} is open; attest further facts to it.", "第 {0} 次申请正在办理，请向其补充声明。"),
        ["noTrainingBaseApplication"] = new(409, "No application to be a training base is open.", "没有正在办理的培训基地申请。"),
        ["trainingBaseNotRecognised"] = new(409, "It is not recognised as a training base.", "目前未被认定为培训基地。"),
        ["noSuchTrainee"] = new(404, "There is no such trainee.", "没有该培训学员。"),
        ["traineeDiffers"] = new(409, "The physician is enrolled from this day already, differently.", "该医师自该日起的培训已登记，内容不同。"),
        ["stayTooLong"] = new(400, "No training lasts more than {0} years.", "培训时间不超过 {0} 年。"),
        ["baseCertifiesOtherLevels"] = new(400, "A base of this kind trains for levels {0} to {1}.", "此类培训基地培训 {0} 至 {1} 级手术。"),
        ["planTooShort"] = new(400, "The training lasts {0} months at the least: until {1} or later.", "培训不少于 {0} 个月，至少到 {1}。"),
        ["baseMayNotTrain"] = new(409, "The base may not train on {0}: it is not recognised then, or its own qualification cannot be used.", "该基地在 {0} 不得培训：未被认定，或者其自身资质不可使用。"),
        ["alreadyInTraining"] = new(409, "The physician is in training for this technique on days of this stay.", "该医师在此期间已有该技术的培训。"),
        ["baseFull"] = new(409, "On {0} the base has no place for one more trainee than it declared.", "在 {0}，培训人数已达基地申报的培训能力。"),
        ["trainingClosed"] = new(409, "The training has ended; nothing more is entered.", "该培训已结束，不再登记。"),
        ["presentThatDay"] = new(409, "Something is logged for {0}: the trainee was there.", "{0} 已有培训记录，学员在岗。"),
        ["absentThatDay"] = new(400, "The trainee was absent that day.", "学员当日缺勤。"),
        ["outsideStay"] = new(400, "The day lies outside the stay, {0} to {1}.", "日期不在培训期间（{0} 至 {1}）内。"),
        ["caseLoggedAlready"] = new(400, "The case is logged already, differently; a case counts in one role.", "该病例已登记且内容不同；一例只计一种角色。"),
        ["supervisesOneself"] = new(400, "Nobody supervises oneself.", "不得自任上级医师。"),
        ["supervisorUnfit"] = new(400, "The supervisor is not of the base on that day, or not qualified.", "该上级医师当日不属于该基地，或者不具备资质。"),
        ["operatedByAnother"] = new(400, "Another trainee is logged as operator of the case.", "该病例已登记由另一学员作为术者。"),
        ["dossierFull"] = new(409, "A dossier holds {0} entries.", "一份档案最多 {0} 条记录。"),
        ["noSuchEntry"] = new(404, "There is no such entry.", "没有该记录。"),
        ["certifiedAlready"] = new(409, "Certified already, by number {0}.", "已颁发合格证书，编号 {0}。"),
        ["trainingIncomplete"] = new(409, "The training is not complete: {0}.", "培训尚未完成：{0}。"),
        ["notCertified"] = new(409, "No certificate was given.", "未颁发合格证书。"),
        ["ungraded"] = new(400, "The regulation does not grade procedures.", "该规范不分级。"),
        ["notBefore"] = new(400, "Must be {0} or later.", "不得早于 {0}。"),
        ["unknownPhysician"] = new(400, "The registry knows no such physician.", "登记中没有该医师。"),

        // devices: the place is that of the character at fault, the first being 1
        ["udiEmpty"] = new(400, "There is no UDI.", "没有医疗器械唯一标识（UDI）。"),
        ["udiCarrier"] = new(400, "The barcode carries no GS1 element strings (character {0}).", "该条码不是 GS1 数据载体（第 {0} 个字符）。"),
        ["udiNoAi"] = new(400, "An Application Identifier should stand here, such as (01) (character {0}).", "此处应为应用标识符，例如 (01)（第 {0} 个字符）。"),
        ["udiUnknownAi"] = new(400, "Not an Application Identifier known here (character {0}).", "未知的应用标识符（第 {0} 个字符）。"),
        ["udiValueShort"] = new(400, "The value of ({1}) ends too early (character {0}).", "({1}) 的值过短（第 {0} 个字符）。"),
        ["udiValueLong"] = new(400, "The value of ({1}) is too long (character {0}).", "({1}) 的值过长（第 {0} 个字符）。"),
        ["udiNotDigit"] = new(400, "The value of ({1}) has digits only (character {0}).", "({1}) 的值只能是数字（第 {0} 个字符）。"),
        ["udiCharacter"] = new(400, "The value of ({1}) has a character that GS1 does not allow (character {0}).", "({1}) 的值含有 GS1 不允许的字符（第 {0} 个字符）。"),
        ["udiCheckDigit"] = new(400, "The check digit of ({1}) is wrong (character {0}).", "({1}) 的校验码有误（第 {0} 个字符）。"),
        ["udiDate"] = new(400, "The value of ({1}) is not a date, YYMMDD (character {0}).", "({1}) 的值不是有效日期，格式为 YYMMDD（第 {0} 个字符）。"),
        ["udiContradiction"] = new(400, "({1}) stands here again with another value (character {0}).", "({1}) 重复出现且值不同（第 {0} 个字符）。"),
        ["udiNoProduct"] = new(400, "({1}), the product, is missing or nothing but zeros (character {0}).", "缺少产品标识 ({1})，或其值全为零（第 {0} 个字符）。"),
        ["udiGtinLength"] = new(400, "Digits alone are a GTIN of 8, 12, 13 or 14 digits (character {0}, ({1})).", "纯数字应为 8、12、13 或 14 位的 GTIN（第 {0} 个字符，({1})）。"),
        ["contradictsUdi"] = new(400, "The UDI says otherwise.", "与 UDI 所载不符。"),
        ["notAGtin"] = new(400, "Not a GTIN of 8, 12, 13 or 14 digits with a correct check digit.", "不是校验码正确的 8、12、13 或 14 位 GTIN。"),
        ["noSuchDeviceRegistration"] = new(404, "No such registration of a device has been entered.", "未录入该医疗器械注册证。"),
        ["deviceRegistrationCancelled"] = new(409, "The registration was cancelled from {0} on.", "该注册证自 {0} 起已注销或撤销。"),
        ["renewalEndsTooEarly"] = new(400, "A renewal ends later than {0}, when the registration ends already.", "延续注册的有效期应晚于现有效期截止日 {0}。"),
        ["noSuchReceipt"] = new(404, "The ledger has no such line.", "器材登记中没有该记录。"),
        ["receiptVoided"] = new(409, "The line of the ledger was voided.", "该器材登记记录已作废。"),
        ["receiptDiffers"] = new(409, "The ledger has a line of this number that says otherwise; to correct it, POST to its /corrections.", "该编号的器材登记记录已存在且内容不同；更正请 POST 至其 /corrections。"),
        ["quantityNotSerials"] = new(400, "{0} serial numbers are given: the quantity is the same.", "已列出 {0} 个序列号，数量应与之相同。"),

        // webhooks
        ["invalidUrl"] = new(400, "An absolute https address without user information or fragment.", "应为不含用户信息与片段的绝对 https 地址。"),
        ["invalidSecret"] = new(400, "A secret has {0} to {1} printable ASCII characters without spaces; behind `whsec_` stands base64 of 24 bytes or more.", "密钥为 {0} 至 {1} 个不含空格的可打印 ASCII 字符；`whsec_` 之后应为不少于 24 字节的 base64。"),
        ["tooManyWebhooks"] = new(409, "There are {0} webhooks already, which is as many as one may have; delete one first.", "已有 {0} 个 webhook，达到上限，请先删除一个。"),
        ["webhookEnded"] = new(409, "The webhook has ended: its receiver answered 410. Set up a new one.", "该 webhook 已终止：接收方返回 410，请重新设置。"),
        ["deliveryNotDead"] = new(409, "Only a dead delivery is repeated or skipped.", "仅投递失败（dead）的消息可以重发或跳过。"),
    };

    /// <summary>The sentence of a code. A code without one is a bug that MessagesTests finds; a caller then still gets an answer.</summary>
    public static string Of(Language language, string code, params IReadOnlyList<object> args)
    {
        var sentence = Table.GetValueOrDefault($"{code}/{args.Count}") ?? Table.GetValueOrDefault(code);
        if (sentence is null)
            return code;
        var words = args.Select(a => a switch
        {
            Term t => (object)Of(language, $"term.{t.Key}"),
            DateOnly d => d.ToString("yyyy-MM-dd"),
            _ => a,
        }).ToArray();
        return string.Format(CultureInfo.InvariantCulture, language == Language.Chinese ? sentence.Zh : sentence.En, words);
    }

    public static string Of(Language language, Fault fault) => Of(language, fault.Code, fault.Args);

    public static string Tag(Language language) => language == Language.Chinese ? "zh-CN" : "en";

    /// <summary>The language the caller prefers. Any Chinese is answered in zh-CN; English where nothing offered is wanted.</summary>
    public static Language Preferred(HttpContext http)
    {
        var ranges = new RequestHeaders(http.Request.Headers).AcceptLanguage;
        var english = Weight(ranges, "en");
        var chinese = Weight(ranges, "zh");
        if (chinese.Quality != english.Quality)
            return chinese.Quality > english.Quality ? Language.Chinese : Language.English;
        return chinese.Quality > 0 && chinese.Index < english.Index ? Language.Chinese : Language.English;
    }

    private static (double Quality, int Index) Weight(IList<Microsoft.Net.Http.Headers.StringWithQualityHeaderValue> ranges, string language)
    {
        (double Quality, int Index)? named = null;
        (double Quality, int Index)? any = null;
        for (var i = 0; i < ranges.Count; i++)
        {
            var range = ranges[i].Value.AsSpan();
            var quality = ranges[i].Quality ?? 1;
            if (range is "*")
                any ??= (quality, i);
            else if (range.StartsWith(language, StringComparison.OrdinalIgnoreCase) && (range.Length == language.Length || range[language.Length] == '-') && (named is null || quality > named.Value.Quality))
                named = (quality, i);
        }

        return named ?? any ?? (0, int.MaxValue);
    }
}
