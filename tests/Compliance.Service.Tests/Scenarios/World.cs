using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Compliance.Service.Tests.Scenarios;

/// <summary>A small province to act in: what tests say, in the words of the field.</summary>
public sealed class World(TestService service)
{
    public const string Province = "11";

    public TestService Service => service;

    public Task<string> Regulator => service.Token("regulator", province: Province);

    public static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>An institution, qualified since 2020 unless said otherwise, with two qualified physicians of its own.</summary>
    public async Task Hospital(string id, string technique = "neurovascular", string grantedOn = "2020-01-01", bool qualified = true, string title = "chief")
    {
        (await service.Put($"institutions/{id}", new { name = $"Hospital {id}", province = Province, level = "tertiaryA" }, await Regulator)).Expect(HttpStatusCode.Created);
        var granted = new List<object>();
        foreach (var physician in new[] { $"{id}-A", $"{id}-B" })
        {
            await Physician(physician, id, title);
            granted.Add(new { kind = "physician", subject = physician, technique, grantedOn, reference = "before the system" });
        }

        granted.Add(new { kind = "institution", subject = id, technique, grantedOn, reference = "before the system" });
        if (qualified)
        {
            Accepted(await service.Import("qualifications/import", granted, await Regulator), granted.Count);
        }
    }

    public async Task Physician(string id, string institution, string title = "chief") =>
        (await service.Put(
            $"physicians/{id}",
            new
            {
                name = $"Doctor {id}",
                titles = new[] { new { title, from = "2010-01-01" } },
                licenceScope = "surgery",
                specialty = "neurosurgery",
                registrations = new[] { new { institution, from = "2010-01-01", main = true } },
            },
            await Regulator)).Expect(HttpStatusCode.Created);

    public async Task Enforce(DateOnly from, string mode = "enforce", string technique = "neurovascular", int? holdAbove = null) =>
        (await service.Put($"enforcement/{technique}/{Province}", new { mode, from = Text(from), holdAbove }, await Regulator)).Expect(HttpStatusCode.OK);

    public static JsonObject Case(string institution, string number, DateOnly completedOn, string? by = null, bool therapeutic = true, string technique = "neurovascular", string? code = null, bool died = false, bool complication = false) => new()
    {
        ["institution"] = institution,
        ["caseNumber"] = number,
        ["technique"] = technique,
        ["procedureCodes"] = code is null ? null : new JsonArray(code),
        ["intent"] = therapeutic ? "therapeutic" : "diagnostic",
        ["completedAt"] = $"{Text(completedOn)}T10:00:00+08:00",
        ["operator"] = by ?? $"{institution}-A",
        ["decidedBy"] = new JsonArray($"{institution}-A", $"{institution}-B"),
        ["consent"] = "signed",
        ["outcome"] = new JsonObject
        {
            ["complications"] = complication ? new JsonArray(new JsonObject { ["code"] = "ischaemicStroke", ["occurredOn"] = Text(completedOn), ["relation"] = "related" }) : new JsonArray(),
            ["death"] = died ? new JsonObject { ["occurredOn"] = Text(completedOn), ["relation"] = "related" } : null,
        },
    };

    /// <summary>So many cases spread evenly over the year that ends on a day, the first of them fatal as asked.</summary>
    public static IEnumerable<JsonObject> Year(string institution, DateOnly endsOn, int cases, int deaths = 0, int complications = 0, string prefix = "y") =>
        Enumerable.Range(0, cases).Select(n => Case(
            institution, $"{prefix}{n}", endsOn.AddDays(-(int)(364L * n / Math.Max(1, cases))), by: $"{institution}-{(n % 2 == 0 ? 'A' : 'B')}", died: n < deaths, complication: n < complications));

    public async Task<long> Import(IEnumerable<JsonObject> cases)
    {
        var lines = cases.ToList();
        return Accepted(await service.Import("cases/import", lines, await Regulator), lines.Count).Position;
    }

    private static Answer Accepted(Answer answer, int count)
    {
        answer.Expect(HttpStatusCode.OK);
        answer.Body!["accepted"]!.GetValue<int>().ShouldBe(count, answer.Body.ToJsonString());
        return answer;
    }

    public async Task<JsonNode> Metrics(string institution, DateOnly? asOf = null, long? minPosition = null, string technique = "neurovascular", string kind = "institutions") =>
        (await service.Get($"{kind}/{institution}/metrics?technique={technique}{(asOf is { } d ? $"&asOf={Text(d)}" : "")}{(minPosition is { } p ? $"&minPosition={p}" : "")}", await Regulator))
        .Expect(HttpStatusCode.OK).Body!;

    public async Task<JsonNode> Compliance(string subject, DateOnly? asOf = null, long? minPosition = null, string technique = "neurovascular", string kind = "institutions") =>
        (await service.Get($"{kind}/{subject}/compliance?technique={technique}{(asOf is { } d ? $"&asOf={Text(d)}" : "")}{(minPosition is { } p ? $"&minPosition={p}" : "")}", await Regulator))
        .Expect(HttpStatusCode.OK).Body!;

    public async Task<string?> Standing(string subject, string kind = "institutions", string technique = "neurovascular") =>
        (await Compliance(subject, kind: kind, technique: technique))["standing"]?.GetValue<string>();

    public async Task<IReadOnlyList<JsonNode>> History(string subject, string kind = "institution", string technique = "neurovascular") =>
        [.. (await service.Get($"qualifications/{kind}/{subject}/{technique}/history", await Regulator)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(e => e!)];

    public static int Count(JsonNode metrics, string count) => metrics["counts"]![count]!.GetValue<int>();
}
