using System.Net;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Tests.Scenarios;
using Compliance.Service.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace Compliance.Service.Tests.Webhooks;

/// <summary>A webhook as its owner has it.</summary>
public sealed record Hook(string Id, string Secret, string Token);

/// <summary>A service whose retries come quickly, and what its webhooks' owners do.</summary>
public sealed class WebhookWorld(TestService service) : IAsyncDisposable
{
    public static readonly DateOnly Today = new(2025, 9, 1);

    public TestService Service => service;

    public World World { get; } = new(service);

    /// <param name="timeout">Of an attempt, in milliseconds.</param>
    public static async Task<WebhookWorld> Start(string? database = null, bool again = false, int attempts = 1_000, int timeout = 2_000) =>
        new(await TestService.Start(again ? null : Today, database, configure: b =>
            b.Services.AddSingleton(new DeliveryTimes(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100), attempts, TimeSpan.FromMilliseconds(timeout)))));

    public Task<long> Head => service.Get<IEventStore>().Head();

    public async Task<Hook> SetUp(string url, string? token = null, string? technique = null)
    {
        token ??= await service.National;
        var made = (await service.Post("webhooks", new { url, technique }, token)).Expect(HttpStatusCode.Created).Body!;
        return new(made["id"]!.GetValue<string>(), made["secret"]!.GetValue<string>(), token);
    }

    public async Task<JsonNode> Show(Hook hook) => (await service.Get($"webhooks/{hook.Id}", hook.Token)).Expect(HttpStatusCode.OK).Body!;

    public async Task<IReadOnlyList<JsonNode>> Deliveries(Hook hook, string? state = null) =>
        [.. (await service.Get($"webhooks/{hook.Id}/deliveries?limit=500&minPosition={await Head}{(state is null ? "" : $"&state={state}")}", hook.Token)).Expect(HttpStatusCode.OK).Body!["items"]!.AsArray().Select(i => i!)];

    public Task<Answer> Resolve(Hook hook, JsonNode delivery, string how) => service.Send(HttpMethod.Post, $"webhooks/{hook.Id}/deliveries/{delivery["deliveryId"]}/{how}", null, hook.Token);

    public async Task Act(string subject, string act, string kind = "institution", string technique = "neurovascular") =>
        (await service.Post($"qualifications/{kind}/{subject}/{technique}/{act}", new { reason = "of its own" }, await World.Regulator)).Expect(HttpStatusCode.OK);

    public ValueTask DisposeAsync() => service.DisposeAsync();
}
