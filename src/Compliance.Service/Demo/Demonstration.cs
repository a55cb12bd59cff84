using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Calendars;
using Compliance.Service.EventStore;

namespace Compliance.Service.Demo;

/// <summary>
/// Lives through two years of one province, through the service's own API: twelve institutions, eighty physicians,
/// cases at believable rates, and a few of them going wrong. Then says where to look.
/// </summary>
/// <param name="tell">Takes what is told meanwhile, a line at a time.</param>
public sealed class Demonstration(WebApplication app, Action<string> tell) : IDisposable
{
    private const string Province = "44";
    private const int Institutions = 12;
    private const int Physicians = 80;
    private const int Weeks = 104;

    /// <summary>The first of them is the same every time: what is shown can be talked about.</summary>
    private readonly Random _dice = new(20120709);

    private readonly HttpClient _http = new() { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromMinutes(5) };
    private readonly List<(DateOnly Due, object Report)> _held = [];
    private readonly Dictionary<string, int> _numbers = [];
    private string _regulator = "";

    /// <summary>What there is to look at.</summary>
    /// <param name="Tokens">By the names under which <see cref="Look.As"/> names them.</param>
    public sealed record Shown(string Url, string Docs, string Health, string Province, string Institution, IReadOnlyDictionary<string, string> Tokens, IReadOnlyList<Look> Looks);

    /// <param name="As">Whose token.</param>
    /// <param name="Path">With its query.</param>
    public sealed record Look(string What, string As, string Path);

    public async Task<Shown> Run(CancellationToken cancellation)
    {
        if (await app.Services.GetRequiredService<IEventStore>().Head(cancellation) > 0)
        {
            tell("The database is not empty: the demonstration is shown as it stands.");
            _regulator = await Token(new { role = "regulator", province = Province }, cancellation);
        }
        else
        {
            await Fill(cancellation);
        }

        return await Show(cancellation);
    }

    private async Task Fill(CancellationToken cancellation)
    {
        var until = TimeProvider.System.GetUtcNow();
        var day = Shanghai.DayOf(until).AddDays(-7 * Weeks);
        await Post("/dev/clock", new { now = Shanghai.StartOf(day).AddHours(20) }, cancellation);
        _regulator = await Token(new { role = "regulator", province = Province }, cancellation);
        await Register(day, cancellation);

        for (var week = 0; week < Weeks; week++)
        {
            if (week == 8)
            {
                // After looking on for two months the province lets the system act.
                foreach (var technique in new[] { "neurovascular", "comprehensive" })
                {
                    await Put($"/api/v1/enforcement/{technique}/{Province}", new { mode = "enforce", from = Text(day) }, cancellation);
                }
            }

            await Report(day, week, cancellation);
            day = day.AddDays(7);
            var now = Shanghai.StartOf(day).AddHours(20);
            await Post("/dev/clock", new { now = now < until ? now : until }, cancellation);
            if (week % 8 == 7 || week == Weeks - 1)
            {
                tell(string.Create(CultureInfo.InvariantCulture, $"  {day:yyyy-MM-dd}  {100 * (week + 1) / Weeks,3} %  {_numbers.Values.Sum()} cases"));
            }
        }
    }

    private static string Institution(int i) => string.Create(CultureInfo.InvariantCulture, $"H44{i + 1:D4}");

    private static string Physician(int i) => string.Create(CultureInfo.InvariantCulture, $"P44{i + 1:D4}");

    private static bool DoesComprehensive(int institution) => institution % 2 == 0;

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static int Home(int physician) => physician % Institutions;

    private async Task Register(DateOnly day, CancellationToken cancellation)
    {
        tell($"Registering {Institutions} institutions and {Physicians} physicians");
        var granted = Text(day.AddYears(-3));
        var qualifications = new List<object>();
        for (var i = 0; i < Institutions; i++)
        {
            await Put($"/api/v1/institutions/{Institution(i)}", new { name = $"示范第{i + 1}医院", province = Province, district = "440100", level = "tertiaryA" }, cancellation);
            foreach (var technique in DoesComprehensive(i) ? new[] { "neurovascular", "comprehensive" } : ["neurovascular"])
            {
                await Put($"/api/v1/institutions/{Institution(i)}/coverage/{technique}", new { from = Text(day) }, cancellation);
                qualifications.Add(new { kind = "institution", subject = Institution(i), technique, grantedOn = granted, reference = $"粤卫医〔{day.Year - 3}〕{i + 1}号" });
            }
        }

        for (var p = 0; p < Physicians; p++)
        {
            await Put(
                $"/api/v1/physicians/{Physician(p)}",
                new
                {
                    name = $"示范医师{p + 1}",
                    titles = new[] { new { title = p < 3 * Institutions ? "associateChief" : "attending", from = granted } },
                    licenceScope = "外科",
                    specialty = "神经介入",
                    registrations = new[] { new { institution = Institution(Home(p)), from = granted, main = true } },
                },
                cancellation);
            foreach (var technique in DoesComprehensive(Home(p)) ? new[] { "neurovascular", "comprehensive" } : ["neurovascular"])
            {
                if (p < 3 * Institutions)
                {
                    qualifications.Add(new { kind = "physician", subject = Physician(p), technique, grantedOn = granted, reference = $"粤卫医〔{day.Year - 3}〕{100 + p}号" });
                }
            }
        }

        await Import("/api/v1/qualifications/import", qualifications, cancellation);
    }

    /// <summary>One week's cases; some reports come weeks late.</summary>
    private async Task Report(DateOnly day, int week, CancellationToken cancellation)
    {
        var lines = _held.Where(h => h.Due <= day).Select(h => h.Report).ToList();
        _held.RemoveAll(h => h.Due <= day);
        for (var i = 0; i < Institutions; i++)
        {
            // The eleventh does too few, the third harms too many in its second year, the seventh loses too many.
            var yearly = i == 10 ? 26 : 110 + (20 * (i % 5));
            for (var n = Drawn(yearly / 52.0); n > 0; n--)
            {
                Add(lines, day, Neurovascular(i, day, complication: i == 2 && week > 52 ? 0.11 : 0.022, death: i == 6 && week > 60 ? 0.06 : 0.008));
            }

            for (var n = DoesComprehensive(i) ? Drawn(340 / 52.0) : 0; n > 0; n--)
            {
                Add(lines, day, Comprehensive(i, day));
            }
        }

        await Import("/api/v1/cases/import", lines, cancellation);
    }

    private void Add(List<object> lines, DateOnly day, object report)
    {
        if (_dice.NextDouble() < 0.01)
        {
            _held.Add((day.AddDays(28), report));
        }
        else
        {
            lines.Add(report);
        }
    }

    private int Drawn(double mean)
    {
        // Poisson, by Knuth's product of uniforms: good for means this small.
        var limit = Math.Exp(-mean);
        var n = 0;
        for (var product = _dice.NextDouble(); product > limit; product *= _dice.NextDouble())
        {
            n++;
        }

        return n;
    }

    private object Neurovascular(int institution, DateOnly day, double complication, double death)
    {
        var therapeutic = _dice.NextDouble() < 0.62;
        var code = therapeutic ? new[] { "NV-ANEURYSM-COIL", "NV-THROMBECTOMY", "NV-CAS" }[_dice.Next(3)] : "NV-DSA-CEREBRAL";
        return Case(
            institution, day, "neurovascular", [code], therapeutic, "I60.1",
            therapeutic && _dice.NextDouble() < complication ? "ischaemicStroke" : null,
            therapeutic && _dice.NextDouble() < death);
    }

    private object Comprehensive(int institution, DateOnly day)
    {
        var code = new[] { "CI-L3-13", "CI-L3-13", "CI-L4-05", "CI-L3-02", "CI-L4-08", "CI-L3-12" }[_dice.Next(6)];
        return Case(institution, day, "comprehensive", [code], therapeutic: true, "C22.0", _dice.NextDouble() < 0.012 ? "nonTargetEmbolisation" : null, _dice.NextDouble() < 0.002);
    }

    private object Case(int institution, DateOnly day, string technique, string[] codes, bool therapeutic, string diagnosis, string? complication, bool death)
    {
        var id = Institution(institution);
        var number = _numbers[id] = _numbers.GetValueOrDefault(id) + 1;
        var completed = Shanghai.StartOf(day.AddDays(-_dice.Next(1, 7))).AddMinutes(_dice.Next(8 * 60, 19 * 60));
        var operators = Enumerable.Range(0, 3).Select(k => Physician(institution + (k * Institutions))).ToArray();

        // The last of each three operates seldom: now and then too seldom.
        var by = _dice.NextDouble() < 0.52 ? operators[0] : _dice.NextDouble() < 0.62 ? operators[1] : operators[2];
        var pseudonym = new byte[32];
        _dice.NextBytes(pseudonym);
        var happened = Text(Shanghai.DayOf(completed));
        return new
        {
            institution = id,
            caseNumber = string.Create(CultureInfo.InvariantCulture, $"{day.Year}-{number:D6}"),
            technique,
            procedureCodes = codes,
            intent = therapeutic ? "therapeutic" : "diagnostic",
            completedAt = completed.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
            @operator = by,
            decidedBy = operators,
            patient = new
            {
                pseudonym = Convert.ToBase64String(pseudonym).Replace('+', '-').Replace('/', '_').TrimEnd('='),
                sex = _dice.Next(2) == 0 ? "female" : "male",
                ageYears = 35 + _dice.Next(50),
                diagnosis,
            },
            urgency = _dice.NextDouble() < 0.3 ? "emergency" : "elective",
            succeeded = true,
            consent = "signed",
            outcome = new
            {
                complications = complication is null ? [] : new[] { new { code = complication, severe = true, occurredOn = happened, relation = "related" } },
                death = death ? new { occurredOn = happened, relation = "related" } : null,
            },
        };
    }

    private async Task<Shown> Show(CancellationToken cancellation)
    {
        var root = app.Urls.First();
        var suspended = await First("standing=suspended", cancellation) ?? Institution(2);
        var warned = await First("standing=warned", cancellation) ?? Institution(10);
        var late = (await Get($"/api/v1/cases?institution={Institution(0)}&technique=neurovascular&timeliness=late&limit=1", cancellation))["items"] is JsonArray { Count: > 0 } items
            ? items[0]!["caseId"]!.GetValue<string>()
            : null;
        return new(
            root,
            $"{root}/docs",
            $"{root}/health/ready",
            Province,
            suspended,
            new Dictionary<string, string>
            {
                ["regulator"] = _regulator,
                ["hospital"] = await Token(new { role = "hospital", institution = suspended }, cancellation),
                ["national"] = await Token(new { role = "national" }, cancellation),
            },
            [
                new("A rate, over the rolling year", "hospital", $"/api/v1/institutions/{suspended}/metrics?technique=neurovascular"),
                new("A warning, with the clauses that are not met", "regulator", $"/api/v1/institutions/{warned}/compliance?technique=neurovascular"),
                new("A suspension, with its grounds", "regulator", $"/api/v1/qualifications/institution/{suspended}/neurovascular/history"),
                new("A late report, flagged", "regulator", $"/api/v1/cases{(late is null ? "?timeliness=late&limit=1" : $"/{late}")}"),
                new("The province on one page", "regulator", "/api/v1/dashboards/compliance?technique=neurovascular&kind=institution&sort=overall"),
            ]);
    }

    /// <summary>The same for people, to be copied into a shell.</summary>
    public static string Text(Shown shown) =>
        $"""

        Ready. Documentation of the API: {shown.Docs}    Health: {shown.Health}

        regulator of province {shown.Province}:
          export REGULATOR={shown.Tokens["regulator"]}
        hospital {shown.Institution}:
          export HOSPITAL={shown.Tokens["hospital"]}
        national authority:
          export NATIONAL={shown.Tokens["national"]}

        {string.Join('\n', shown.Looks.Select(look => $"{look.What}:\n  curl -s -H \"Authorization: Bearer ${look.As.ToUpperInvariant()}\" '{shown.Url}{look.Path}'"))}

        The same from the command line:
          COMPLIANCE_TOKEN=$HOSPITAL compliance metrics --technique neurovascular --url {shown.Url}
          COMPLIANCE_TOKEN=$REGULATOR compliance compliance --technique neurovascular --kind institution --sort overall --url {shown.Url}

        """;

    private async Task<string?> First(string filter, CancellationToken cancellation) =>
        (await Get($"/api/v1/dashboards/compliance?technique=neurovascular&kind=institution&{filter}&limit=1", cancellation))["items"] is JsonArray { Count: > 0 } items
            ? items[0]!["subject"]!["id"]!.GetValue<string>()
            : null;

    private async Task<string> Token(object claims, CancellationToken cancellation) => (await Post("/dev/token", claims, cancellation))["token"]!.GetValue<string>();

    private Task<JsonNode> Get(string path, CancellationToken cancellation) => Send(new(HttpMethod.Get, path), cancellation);

    private Task<JsonNode> Post(string path, object body, CancellationToken cancellation) => Send(new(HttpMethod.Post, path) { Content = JsonContent.Create(body) }, cancellation);

    private Task<JsonNode> Put(string path, object body, CancellationToken cancellation) => Send(new(HttpMethod.Put, path) { Content = JsonContent.Create(body) }, cancellation);

    private async Task Import(string path, IEnumerable<object> lines, CancellationToken cancellation)
    {
        var content = new StringContent(string.Concat(lines.Select(l => JsonSerializer.Serialize(l, JsonSerializerOptions.Web) + "\n")), Encoding.UTF8, "application/x-ndjson");
        var answer = await Send(new(HttpMethod.Post, path) { Content = content }, cancellation);
        if (answer["rejected"]!.GetValue<long>() > 0)
        {
            throw new InvalidOperationException($"The service refused its own demonstration: {answer["errors"]}");
        }
    }

    private async Task<JsonNode> Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.Authorization = _regulator.Length > 0 ? new AuthenticationHeaderValue("Bearer", _regulator) : null;
            using var response = await _http.SendAsync(request, cancellation);
            var text = await response.Content.ReadAsStringAsync(cancellation);
            return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{request.RequestUri}: {response.StatusCode} {text}");
        }
    }

    public void Dispose() => _http.Dispose();
}
