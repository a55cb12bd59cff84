using System.Globalization;
using System.Text.Json.Nodes;
using Compliance.Service.Tests.Scenarios;
using Case = Compliance.Cases.Case;

namespace Compliance.Service.Tests.Crash;

/// <summary>One write as a hospital's system sends it, under the same key until it is acknowledged.</summary>
/// <param name="Key">The idempotency key; an import has none, its lines are their own.</param>
/// <param name="Lines">Of an import; else null.</param>
/// <param name="Appends">The events that it must leave in the log, each once.</param>
/// <param name="Impatient">Sent once and then given up, acknowledged or not.</param>
internal sealed record Write(string Path, string? Key, JsonObject? Body, IReadOnlyList<JsonObject>? Lines, IReadOnlyList<(Guid Case, string Type)> Appends, bool Impatient = false);

/// <summary>
/// What the hospitals of one province do, day by day: the same for the same seed, whatever happens to the service. The
/// writes of a day touch different cases, so their order decides nothing, and a day ends when all are acknowledged.
/// </summary>
internal sealed class Script(int seed)
{
    public static readonly DateOnly Start = new(2025, 9, 1);

    /// <summary>Calendars are shipped to the end of 2026.</summary>
    public static readonly int MostDays = new DateOnly(2026, 12, 1).DayNumber - Start.DayNumber;

    /// <summary>Its writes are given up at the first failure, so what it leaves is left out of comparisons. It is not qualified: nothing is decided about it.</summary>
    public const string ImpatientHospital = "X";

    private const int Hospitals = 10;
    private const int ReportsADay = 4;
    private const int DeathsAtOnce = 5;

    private readonly List<JsonObject> _eventless = [];
    private readonly Random _random = new(seed);
    private int _numbers;
    private int _day;

    public static IEnumerable<string> HospitalNames => Enumerable.Range(1, Hospitals).Select(n => $"H{n}");

    public static Guid CaseOf(JsonObject report) => Case.IdOf(report["institution"]!.GetValue<string>(), report["caseNumber"]!.GetValue<string>());

    /// <summary>A year of cases before the first day: for most enough of them, for two hospitals too few.</summary>
    public IEnumerable<Write> Before() => HospitalNames.Select(h => Import(World.Year(h, Start.AddDays(-60), h is "H4" or "H8" ? 40 : 120, deaths: 1).Select(WithPatient)));

    /// <summary>The writes of the next day, in any order.</summary>
    public IReadOnlyList<Write> NextDay()
    {
        var today = Start.AddDays(_day++);
        var writes = new List<Write>();
        var changed = _eventless.Count == 0 ? [] : _random.GetItems(_eventless.ToArray(), 9).Distinct().ToList();
        writes.AddRange(changed.Select((report, n) => (n % 3) switch { 0 => Death(report, today), 1 => Correction(report), _ => Complication(report, today) }));
        _eventless.RemoveAll(changed.Contains);

        foreach (var hospital in HospitalNames)
        {
            var reports = Enumerable.Range(0, ReportsADay).Select(_ => New(hospital, today.AddDays(-_random.Next(1, 9)))).ToList();
            _eventless.AddRange(reports);
            writes.AddRange(reports.Select(r => Report(r)));
        }

        // On each day another hospital owns up to old deaths: a suspension, here and there of a physician too.
        var culprit = $"H{(_day % Hospitals) + 1}";
        writes.AddRange(Enumerable.Range(0, DeathsAtOnce).Select(_ => Report(New(culprit, today.AddDays(-70), died: true))));
        var extract = HospitalNames.Where((_, n) => n % 5 == _day % 5).ToList();
        writes.AddRange(extract.Select(h => Import(Enumerable.Range(0, 40).Select(_ => New(h, today.AddDays(-_random.Next(1, 12)))))));
        writes.AddRange(Enumerable.Range(0, 5).Select(_ => Report(New(ImpatientHospital, today.AddDays(-1))) with { Impatient = true }));
        var order = writes.ToArray();
        _random.Shuffle(order);
        return order;
    }

    private JsonObject New(string hospital, DateOnly completedOn, bool died = false) =>
        WithPatient(World.Case(hospital, string.Create(CultureInfo.InvariantCulture, $"n{++_numbers}"), completedOn, by: $"{hospital}-{(_random.Next(2) == 0 ? 'A' : 'B')}", died: died));

    private static JsonObject WithPatient(JsonObject report)
    {
        report["patient"] = new JsonObject { ["pseudonym"] = CaseOf(report).ToString("N") + CaseOf(report).ToString("N"), ["sex"] = "female", ["ageYears"] = 61 };
        return report;
    }

    private static Write Report(JsonObject report) => new("cases", $"report-{report["institution"]}-{report["caseNumber"]}", report, null, Reported(report));

    private static Write Import(IEnumerable<JsonObject> reports)
    {
        var lines = reports.ToList();
        return new("cases/import", null, null, lines, [.. lines.SelectMany(Reported)]);
    }

    private static (Guid Case, string Type)[] Reported(JsonObject report) =>
        report["outcome"]!["death"] is null ? [(CaseOf(report), "case_reported")] : [(CaseOf(report), "case_reported"), (CaseOf(report), "death_reported")];

    private static Write Death(JsonObject report, DateOnly today) =>
        Change(report, "death", new JsonObject { ["occurredOn"] = World.Text(today), ["relation"] = "related" }, "death_reported");

    private static Write Complication(JsonObject report, DateOnly today) =>
        Change(report, "complications", new JsonObject { ["code"] = "ischaemicStroke", ["occurredOn"] = World.Text(today), ["relation"] = "related" }, "complication_reported");

    private static Write Correction(JsonObject report)
    {
        var corrected = report.DeepClone().AsObject();
        var hospital = report["institution"]!.GetValue<string>();
        corrected["operator"] = report["operator"]!.GetValue<string>() == $"{hospital}-A" ? $"{hospital}-B" : $"{hospital}-A";
        corrected.Remove("outcome");
        return Change(report, "corrections", new JsonObject { ["reason"] = "wrong operator", ["report"] = corrected }, "case_corrected");
    }

    private static Write Change(JsonObject report, string what, JsonObject body, string appends) =>
        new($"cases/{CaseOf(report):D}/{what}", $"{what}-{report["institution"]}-{report["caseNumber"]}", body, null, [(CaseOf(report), appends)]);
}
