using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Compliance.Service.Http;
using Compliance.Service.Tests.Scenarios;

namespace Compliance.Service.Tests.Http;

/// <summary>Past its bounds the service refuses at once, and says when to come again.</summary>
public sealed class CongestionTests
{
    [Fact]
    public async Task An_import_too_many_is_told_to_come_again_and_the_others_end_well()
    {
        await using var service = await TestService.Start(new DateOnly(2025, 9, 1));
        var world = new World(service);
        await world.Hospital("H1");
        var token = await service.National;
        using var goOn = new SemaphoreSlim(0);
        var slow = Enumerable.Range(0, Congestion.Imports).Select(n => Post(service, token, () => new SlowBody(World.Case("H1", $"slow-{n}", new DateOnly(2025, 9, 1)), goOn))).ToList();

        Answer refused;
        var lines = new[] { World.Case("H1", "late", new DateOnly(2025, 9, 1)) };
        // Until all have begun, there is room.
        while ((refused = await service.Import("cases/import", lines)).Status == HttpStatusCode.OK)
        {
            await Task.Delay(20);
        }

        refused.Expect(HttpStatusCode.TooManyRequests).Body!["code"]!.GetValue<string>().ShouldBe("tooManyImports");
        refused.Response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(10));
        (await world.Metrics("H1"))["counts"].ShouldNotBeNull("everything else goes on");

        goOn.Release(10 * Congestion.Imports);
        foreach (var answer in await Task.WhenAll(slow))
        {
            JsonNode.Parse(answer)!["accepted"]!.GetValue<int>().ShouldBe(1);
        }

        (await service.Import("cases/import", lines)).Expect(HttpStatusCode.OK);
    }

    // The probing above may have the last place at the moment.
    private static async Task<string> Post(TestService service, string token, Func<HttpContent> body)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/cases/import") { Content = body() };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await service.Http.SendAsync(request);
            if (response.StatusCode != HttpStatusCode.TooManyRequests)
            {
                return await response.Content.ReadAsStringAsync();
            }
        }
    }

    /// <summary>A sender who pauses in the middle of a line.</summary>
    private sealed class SlowBody : HttpContent
    {
        private readonly byte[] _line;
        private readonly SemaphoreSlim _goOn;

        public SlowBody(JsonObject report, SemaphoreSlim goOn)
        {
            (_line, _goOn) = (Encoding.UTF8.GetBytes(report.ToJsonString() + "\n"), goOn);
            Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_line.AsMemory(0, 10));
            await stream.FlushAsync();
            await _goOn.WaitAsync();
            await stream.WriteAsync(_line.AsMemory(10));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
