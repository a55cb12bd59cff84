using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Compliance.Service.EventStore;
using Compliance.Service.Tests.Scenarios;

namespace Compliance.Service.Tests.Sheets;

/// <summary>Two hospitals on 10 March 2026, and everything that is logged.</summary>
public sealed class SheetService : IAsyncLifetime
{
    private int _numbers;

    public CapturedLog Log { get; } = new();

    public TestService Service { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Service = await TestService.Start(BadRequests.Today, configure: Log.Capture);
        World = new(Service);
        await World.Hospital("H1");
        await World.Hospital("H2");
    }

    public async Task DisposeAsync() => await Service.DisposeAsync();

    public Task<string> Hospital => Service.Token("hospital", institution: "H1");

    public Task<long> Head => Service.Get<IEventStore>().Head();

    /// <summary>A case number nobody has used.</summary>
    public string NewNumber() => string.Create(CultureInfo.InvariantCulture, $"s{Interlocked.Increment(ref _numbers)}");

    /// <summary>Imports a sheet in UTF-8 without byte order mark, as text is.</summary>
    public Task<Answer> Import(string sheet, string query = "", string contentType = "text/csv", params (string, string)[] headers) => Import(Encoding.UTF8.GetBytes(sheet), query, contentType, headers);

    public async Task<Answer> Import(byte[] sheet, string query = "", string contentType = "text/csv", params (string, string)[] headers) =>
        await Service.Send(HttpMethod.Post, $"cases/import{query}", sheet, await Hospital, contentType, headers);

    public async Task<JsonNode?> Shown(string number, string institution = "H1")
    {
        var answer = await Service.Get($"cases/{Compliance.Cases.Case.IdOf(institution, number):D}", await Service.National);
        return answer.Status == HttpStatusCode.OK ? answer.Body : null;
    }

    /// <summary>Accepted, unchanged, rejected.</summary>
    public static (int, int, int) Totals(Answer answer)
    {
        var body = answer.Expect(HttpStatusCode.OK).Body!;
        return (body["accepted"]!.GetValue<int>(), body["unchanged"]!.GetValue<int>(), body["rejected"]!.GetValue<int>());
    }

    /// <summary>Each error as <c>line column code value</c>.</summary>
    public static string[] Errors(Answer answer) =>
        [.. answer.Expect(HttpStatusCode.OK).Body!["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]?.GetValue<string>() ?? "-"} {e["code"]!.GetValue<string>()} {e["value"]?.GetValue<string>() ?? "-"}")];

    /// <summary>Each fault of a refused file as <c>code pointer</c>.</summary>
    public static string[] Faults(Answer answer) =>
        [.. answer.Expect(HttpStatusCode.BadRequest).Body!["errors"]!.AsArray().Select(e => $"{e!["code"]!.GetValue<string>()} {e["pointer"]!.GetValue<string>()}")];
}
