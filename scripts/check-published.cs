#:sdk Microsoft.NET.Sdk
#:project ../src/Compliance.Service/Compliance.Service.csproj
#:package CsvHelper
#:property RootNamespace=Compliance.Published
#:property PublishAot=false

// Posts New York State's published table of coronary interventions as case reports and asks for it back: metrics must
// give exactly the published cases, deaths and rates. The table is read from the folder named; it is not part of the
// project. See the README beside it for what is published and how single years and three-year rows belong together.

using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service;
using CsvHelper;

if (args is not [var folder])
{
    Console.Error.WriteLine("usage: scripts/check-published FOLDER");
    return 2;
}

const string AllProcedures = "All PCI";
const string NonEmergency = "Non-Emergency PCI";
const string Emergency = "Emergency PCI";
var checks = 0;

var rows = new List<Row>();
using (var csv = CsvReader.FromFile(Path.Combine(folder, "ny-pci-by-hospital-2008-2014.csv"), CsvReaderOptions.Default, FileOptions.SequentialScan))
{
    while (csv.Read())
    {
        rows.Add(new(
            csv.GetString("Facility ID").PadLeft(4, '0'),
            csv.GetString("Hospital Name"),
            csv.GetString("Procedure"),
            csv.GetString("Year of Hospital Discharge"),
            csv.Parse<int>("Number of Cases"),
            csv.Parse<int>("Number of Deaths"),
            csv.Parse<decimal>("Observed Mortality Rate")));
    }
}

// A hospital's non-emergency cases are reported once more under an id of their own, so that its emergency cases can be
// had as the difference: the metrics themselves do not tell urgency apart.
static string Institution(Row row) => row.Procedure == AllProcedures ? $"NY{row.Facility}" : $"NY{row.Facility}N";

static bool IsSingleYear(Row row) => row.Years.Length == 4 && (row.Procedure == AllProcedures || row.Procedure == NonEmergency);

var single = rows.Where(r => r.Facility != "0000" && IsSingleYear(r)).ToList();
var data = Directory.CreateTempSubdirectory("compliance-published-");
// PostgreSQL's own user must be able to enter.
File.SetUnixFileMode(data.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
Environment.SetEnvironmentVariable("COMPLIANCE_DATA", Path.Combine(data.FullName, "data"));
try
{
    await using var service = await ComplianceService.Build(["--urls=http://127.0.0.1:0", "--environment=Development", "--Logging:LogLevel:Default=Warning"]);
    await service.App.StartAsync();
    using var http = new HttpClient { BaseAddress = new Uri(service.App.Urls.Single()), Timeout = TimeSpan.FromMinutes(30) };
    await Post("/dev/clock", new { now = "2015-06-30T12:00:00+08:00" });
    var token = (await Post("/dev/token", new { role = "national" }))["token"]!.GetValue<string>();
    http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    foreach (var hospital in single.DistinctBy(Institution))
    {
        using var put = await http.PutAsJsonAsync($"/api/v1/institutions/{Institution(hospital)}", new { name = hospital.Name.Replace('/', ' '), province = "11", level = "tertiary" });
        put.EnsureSuccessStatusCode();
    }

    var reports = Reports(single);
    var started = TimeProvider.System.GetTimestamp();
    var expected = single.Sum(r => r.Cases);
    var content = new PushedContent(reports, expected);
    var imported = await Sent(await http.PostAsync("/api/v1/cases/import", content));
    var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{reports.Count} lines in {seconds:F0} s: {imported["accepted"]} accepted, {imported["unchanged"]} unchanged, {imported["rejected"]} rejected"));
    var faults = 0;
    Check("import", (expected, reports.Count - expected, 0L), (imported["accepted"]!.GetValue<long>(), imported["unchanged"]!.GetValue<long>(), imported["rejected"]!.GetValue<long>()));

    // The rows follow the log: ask for them once they have caught up.
    var position = imported["position"]!.GetValue<long>();
    while ((await http.GetAsync($"/api/v1/institutions/{Institution(single[0])}/metrics?technique=neurovascular&minPosition={position}")).StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
    {
    }

    var known = new Dictionary<(string, string Procedure, string Year), (int Cases, int Deaths)>();
    foreach (var row in single)
    {
        var metrics = await Sent(await http.GetAsync($"/api/v1/institutions/{Institution(row)}/metrics?technique=neurovascular&asOf={row.Years}-12-31"));
        var (cases, deaths) = (metrics["counts"]!["therapeuticCases"]!.GetValue<int>(), metrics["counts"]!["therapeuticDeathCases"]!.GetValue<int>());
        known[(row.Facility, row.Procedure, row.Years)] = (cases, deaths);
        var mortality = metrics["rates"]!["mortality"]!;
        var rate = mortality["numerator"]!.GetValue<decimal>() / Math.Max(1, mortality["denominator"]!.GetValue<decimal>());
        Check($"{row.Facility} {row.Procedure} {row.Years}", (row.Cases, row.Deaths, row.Rate), (cases, deaths, decimal.Round(100 * rate, 2, MidpointRounding.AwayFromZero)));
    }

    // The State's lines: each single year, and the emergencies of three years as all less the others.
    var state = rows.Where(r => r.Facility == "0000").ToList();
    foreach (var line in state.Where(IsSingleYear))
    {
        Check($"State {line.Procedure} {line.Years}", (line.Cases, line.Deaths), Sum(known.Where(k => k.Key.Procedure == line.Procedure && k.Key.Year == line.Years).Select(k => k.Value)));
    }

    foreach (var row in rows.Where(r => r.Procedure == Emergency && (r.Years == "2011-2013" || (r.Years == "2012-2014" && r.Facility != "0000"))))
    {
        var years = Enumerable.Range(int.Parse(row.Years[..4], CultureInfo.InvariantCulture), 3).Select(y => y.ToString(CultureInfo.InvariantCulture)).ToHashSet();
        (int Cases, int Deaths) Of(string procedure) => Sum(known
            .Where(k => k.Key.Procedure == procedure && years.Contains(k.Key.Year) && (row.Facility == "0000" || k.Key.Item1 == row.Facility))
            .Select(k => k.Value));
        var (all, others) = (Of(AllProcedures), Of(NonEmergency));
        Check($"{row.Facility} {row.Procedure} {row.Years}", (row.Cases, row.Deaths), (all.Cases - others.Cases, all.Deaths - others.Deaths));
    }

    Console.WriteLine(faults == 0 ? $"All of {checks} published figures are given back exactly." : $"{faults} of {checks} published figures differ.");
    await service.App.StopAsync();
    return faults == 0 ? 0 : 1;

    void Check<T>(string what, T published, T given)
    {
        checks++;
        if (!Equals(published, given))
        {
            faults++;
            Console.WriteLine($"{what}: published {published}, given {given}");
        }
    }

    async Task<JsonNode> Post(string path, object body) => await Sent(await http.PostAsJsonAsync(path, body));
}
finally
{
    data.Delete(recursive: true);
}

static (int Cases, int Deaths) Sum(IEnumerable<(int Cases, int Deaths)> of) => of.Aggregate((0, 0), (a, b) => (a.Item1 + b.Cases, a.Item2 + b.Deaths));

static async Task<JsonNode> Sent(HttpResponseMessage response)
{
    var text = await response.Content.ReadAsStringAsync();
    return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{response.RequestMessage!.RequestUri}: {response.StatusCode} {text}");
}

// As many therapeutic cases as published, spread over the year, as many of them with a related death; shuffled, and one
// in fifty sent twice.
static List<(Row Row, int Number)> Reports(IEnumerable<Row> rows)
{
    var dice = new Random(2014);
    var once = rows.SelectMany(r => Enumerable.Range(0, r.Cases).Select(n => (r, n))).ToList();
    var lines = once.Concat(once.Where(_ => dice.Next(50) == 0)).ToArray();
    dice.Shuffle(lines);
    return [.. lines];
}

internal sealed record Row(string Facility, string Name, string Procedure, string Years, int Cases, int Deaths, decimal Rate);

/// <summary>The lines of an import, written as they are sent.</summary>
internal sealed class PushedContent : HttpContent
{
    private readonly List<(Row Row, int Number)> _reports;

    public PushedContent(List<(Row Row, int Number)> reports, int expected)
    {
        _reports = reports;
        Console.WriteLine($"Importing {expected} cases, some of them twice");
        Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
    }

    protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
    {
        var sent = 0;
        foreach (var (row, n) in _reports)
        {
            var first = new DateTime(int.Parse(row.Years, CultureInfo.InvariantCulture), 1, 1, 9, 0, 0, DateTimeKind.Unspecified);
            var completed = first.AddDays((int)((long)n * 365 / row.Cases));
            var day = completed.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var dies = n < row.Deaths;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
            {
                institution = row.Procedure == "All PCI" ? $"NY{row.Facility}" : $"NY{row.Facility}N",
                caseNumber = string.Create(CultureInfo.InvariantCulture, $"{row.Years}-{n}"),
                technique = "neurovascular",
                intent = "therapeutic",
                completedAt = $"{day}T09:00:00+08:00",
                @operator = $"NY{row.Facility}-{n % 7}",
                outcome = dies ? new { death = new { occurredOn = day, relation = "related" } } : null,
            }) + "\n"));
            if (++sent % 50_000 == 0)
            {
                Console.WriteLine($"  {sent} of {_reports.Count} lines sent");
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
