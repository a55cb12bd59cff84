using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compliance.Service.Tests.Scenarios;

namespace Compliance.Service.Tests.Crash;

/// <summary>
/// The hospitals' systems: each sends a write until it is acknowledged, to whichever node answers, and moves the
/// development clock when a day is done.
/// </summary>
/// <param name="nodes">Those that there are now; asked anew for each attempt.</param>
/// <param name="abandon">Cancelled when it makes no sense to go on.</param>
internal sealed class Clients(Func<IReadOnlyList<HttpClient>> nodes, Ledger ledger, CancellationToken abandon = default)
{
    private const int AtOnce = 12;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(300);

    /// <summary>Longer than any fault lasts: who waits so long waits for a service that does not come back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(30);

    private string _token = "";
    private int _turn;

    /// <summary>Registers the province and reports what happened before the first day.</summary>
    public async Task Settle(Script script)
    {
        await MoveTo(Script.Start);
        var issued = await Send(HttpMethod.Post, "/dev/token", new JsonObject { ["role"] = "regulator", ["province"] = World.Province });
        _token = issued["token"]!.GetValue<string>();
        string[] hospitals = [.. Script.HospitalNames, Script.ImpatientHospital];
        foreach (var hospital in hospitals)
        {
            await Send(HttpMethod.Put, $"/api/v1/institutions/{hospital}", new JsonObject { ["name"] = $"Hospital {hospital}", ["province"] = World.Province, ["level"] = "tertiaryA" });
        }

        // Another node knows of what was registered when its rows show it.
        await Shown("the institutions");
        foreach (var hospital in hospitals)
        {
            foreach (var physician in new[] { $"{hospital}-A", $"{hospital}-B" })
            {
                await Send(HttpMethod.Put, $"/api/v1/physicians/{physician}", Physician(physician, hospital));
            }
        }

        await Shown("the physicians");
        var granted = Script.HospitalNames.SelectMany(h => new[] { ("institution", h), ("physician", $"{h}-A"), ("physician", $"{h}-B") }).Select(s => new JsonObject
        {
            ["kind"] = s.Item1,
            ["subject"] = s.Item2,
            ["technique"] = "neurovascular",
            ["grantedOn"] = "2020-01-01",
            ["reference"] = "before the system",
        });
        await Send(HttpMethod.Post, "/api/v1/qualifications/import", null, [.. granted]);
        await Send(HttpMethod.Put, $"/api/v1/enforcement/neurovascular/{World.Province}", new JsonObject { ["mode"] = "enforce", ["from"] = World.Text(Script.Start), ["holdAbove"] = 10 });
        await Shown("the qualifications");
        await Write(script.Before());
    }

    /// <summary>Sends all the writes, several at a time, and returns when each is acknowledged or, by the impatient, given up.</summary>
    public async Task Write(IEnumerable<Write> writes)
    {
        using var places = new SemaphoreSlim(AtOnce);
        await Task.WhenAll(writes.Select(async write =>
        {
            await places.WaitAsync();
            try
            {
                await Write(write);
            }
            finally
            {
                places.Release();
            }
        }));
    }

    /// <summary>Closes all days before this one.</summary>
    public async Task MoveTo(DateOnly day)
    {
        var noon = TestService.Noon(day);
        var since = Stopwatch.GetTimestamp();
        await Persist($"the clock at {day:O}", async node =>
        {
            // Ahead of what an attempt whose answer was lost may have set: only an answer tells that the days before are decided.
            using var moved = await node.PostAsJsonAsync("/dev/clock", new { now = noon + (2 * Stopwatch.GetElapsedTime(since)) });
            return moved.IsSuccessStatusCode ? "" : null;
        });
        foreach (var node in nodes())
        {
            await ReachedBy(node, noon);
        }

        await Shown($"the decisions before {day:O}");
    }

    /// <summary>Waits until rows and monitor have dealt with all there is.</summary>
    private Task Shown(string what) => Persist(what, async node =>
    {
        using var health = await node.GetAsync("/health/ready");
        var shown = JsonNode.Parse(await health.Content.ReadAsStringAsync())!;
        return health.IsSuccessStatusCode && shown["judged"]!.GetValue<long>() == shown["head"]!.GetValue<long>() ? "" : null;
    });

    private static async Task ReachedBy(HttpClient node, DateTimeOffset noon)
    {
        for (var waited = 0; waited < 100; waited++)
        {
            try
            {
                // Before anything is written the clock may also be set back.
                if ((await node.GetFromJsonAsync<JsonObject>("/dev/clock"))!["now"]!.GetValue<DateTimeOffset>() - noon is var past && past >= TimeSpan.Zero && past < TimeSpan.FromHours(12))
                {
                    return;
                }
            }
            catch (Exception e) when (IsFailure(e))
            {
                // It is down, and will start with the right time.
                return;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException("A node has not heard of the new time.");
    }

    private async Task Write(Write write)
    {
        if (write.Impatient)
        {
            if (await Attempt(Next(), write) is { } answer)
            {
                ledger.Acknowledged.Enqueue(answer);
            }
            else
            {
                ledger.GivenUp.Enqueue(write);
            }

            return;
        }

        var first = await Persist(write.Path, node => Attempt(node, write));
        ledger.Acknowledged.Enqueue(first);
        // Now and then a client loses its own note of the answer, and asks again.
        if (write.Key is not null && Random.Shared.Next(10) == 0)
        {
            var again = await Persist(write.Path, node => Attempt(node, write));
            ledger.Repeated();
            if ((first.Status, first.Position, first.CaseId) != (again.Status, again.Position, again.CaseId))
            {
                ledger.Wrong.Enqueue($"{write.Key} was answered with {first.Status}, position {first.Position}, and later with {again.Status}, position {again.Position}");
            }
        }
    }

    /// <summary>Null when it was not acknowledged.</summary>
    private async Task<Acknowledged?> Attempt(HttpClient node, Write write)
    {
        try
        {
            using var request = Request(HttpMethod.Post, $"/api/v1/{write.Path}", write.Body, write.Lines);
            if (write.Key is not null)
            {
                request.Headers.Add("Idempotency-Key", write.Key);
            }

            using var patience = new CancellationTokenSource(RequestPatience);
            using var response = await node.SendAsync(request, patience.Token);
            var text = await response.Content.ReadAsStringAsync(patience.Token);
            if (response.IsSuccessStatusCode)
            {
                var body = JsonNode.Parse(text)!.AsObject();
                if (write.Lines is { } lines && body["accepted"]!.GetValue<int>() + body["unchanged"]!.GetValue<int>() != lines.Count)
                {
                    ledger.Wrong.Enqueue($"import: {text}");
                }

                return new(write, (int)response.StatusCode, body["position"]!.GetValue<long>(), body["caseId"]?.GetValue<string>());
            }

            // In trouble the service says 503, with too many imports at a time 429; all else, 500 above all, is an answer nobody should get to these writes.
            if (response.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests))
            {
                ledger.Wrong.Enqueue($"{write.Path} {write.Key}: {(int)response.StatusCode} {text}");
                ((int)response.StatusCode).ShouldBeGreaterThanOrEqualTo(500, ledger.Wrong.Last());
            }
        }
        catch (Exception e) when (IsFailure(e))
        {
            // Nobody answered; it may be done or not.
        }

        ledger.Failed();
        return null;
    }

    /// <summary>Setting up: the same until it succeeds; all of it may be repeated.</summary>
    private Task<JsonObject> Send(HttpMethod method, string path, JsonObject? body, IReadOnlyList<JsonObject>? lines = null) => Persist(path, async node =>
    {
        using var request = Request(method, path, body, lines);
        using var response = await node.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.ServiceUnavailable);
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)!.AsObject() : null;
    });

    private HttpRequestMessage Request(HttpMethod method, string path, JsonObject? body, IReadOnlyList<JsonObject>? lines)
    {
        var content = lines is null ? body!.ToJsonString() : string.Concat(lines.Select(l => l.ToJsonString(JsonSerializerOptions.Web) + "\n"));
        var request = new HttpRequestMessage(method, path) { Content = new StringContent(content, Encoding.UTF8, lines is null ? "application/json" : "application/x-ndjson") };
        request.Headers.Authorization = _token.Length > 0 ? new AuthenticationHeaderValue("Bearer", _token) : null;
        return request;
    }

    private async Task<T> Persist<T>(string what, Func<HttpClient, Task<T?>> attempt)
        where T : class
    {
        using var patience = new CancellationTokenSource(Patience);
        for (var pause = FirstPause; !patience.IsCancellationRequested; pause = pause < LongestPause ? 2 * pause : LongestPause)
        {
            try
            {
                if (await attempt(Next()) is { } done)
                {
                    return done;
                }
            }
            catch (Exception e) when (IsFailure(e))
            {
                // Again, elsewhere.
            }

            await Task.Delay(pause, abandon);
        }

        throw new TimeoutException($"{what} was not acknowledged within {Patience}.");
    }

    private HttpClient Next()
    {
        var there = nodes();
        return there[(int)((uint)Interlocked.Increment(ref _turn) % there.Count)];
    }

    private static bool IsFailure(Exception e) => e is HttpRequestException or OperationCanceledException or IOException or ObjectDisposedException;

    private static JsonObject Physician(string id, string institution) => new()
    {
        ["name"] = $"Doctor {id}",
        ["titles"] = new JsonArray(new JsonObject { ["title"] = "chief", ["from"] = "2010-01-01" }),
        ["licenceScope"] = "surgery",
        ["specialty"] = "neurosurgery",
        ["registrations"] = new JsonArray(new JsonObject { ["institution"] = institution, ["from"] = "2010-01-01", ["main"] = true }),
    };
}
