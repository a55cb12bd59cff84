using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Compliance.Service.Tests.Scenarios;
using Npgsql;

namespace Compliance.Service.Tests.Crash;

/// <summary>
/// What a run has led to, to be compared with another's: every event of every stream in its order, sanctions with their
/// grounds among them, and the standing of every subject. Positions, instants and ids of events are aside, and so is
/// the hospital that gives up.
/// </summary>
internal sealed record EndState(IReadOnlyList<string> Events, IReadOnlyList<string> Standings, int Sanctions)
{
    public static async Task<EndState> Read(HttpClient service, string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        var impatient = await Column(database, $"select stream_id from events.mt_events where type = 'case_reported' and data->'Case'->>'Institution' = '{Script.ImpatientHospital}'");
        var events = await Column(database, "select stream_id || ' ' || version || ' ' || type || ' ' || data::text from events.mt_events order by stream_id, version");
        var sanctions = await Column(database, "select stream_id from events.mt_events where type in ('warned', 'suspended', 'revoked', 'warning_proposed', 'suspension_proposed', 'revocation_proposed')");
        var without = impatient.ToHashSet();
        return new([.. events.Where(e => !without.Contains(e[..e.IndexOf(' ', StringComparison.Ordinal)]))], await Shown(service), sanctions.Count);
    }

    /// <summary>What stands on one side only; empty when the two are alike.</summary>
    public IEnumerable<string> Differences(EndState other) =>
    [
        .. Events.Except(other.Events).Select(e => $"here only: {e}"), .. other.Events.Except(Events).Select(e => $"there only: {e}"),
        .. Standings.Except(other.Standings).Select(e => $"here only: {e}"), .. other.Standings.Except(Standings).Select(e => $"there only: {e}"),
    ];

    private static async Task<IReadOnlyList<string>> Shown(HttpClient service)
    {
        using var issued = await service.PostAsJsonAsync("/dev/token", new { role = "regulator", province = World.Province });
        var token = (await issued.Content.ReadFromJsonAsync<JsonObject>())!["token"]!.GetValue<string>();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/dashboards/compliance?limit=500") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var response = await service.SendAsync(request);
        response.EnsureSuccessStatusCode();
        var rows = (await response.Content.ReadFromJsonAsync<JsonObject>())!["items"]!.AsArray();
        rows.Count.ShouldBeGreaterThan(0);
        return [.. rows.Where(r => !r!["subject"]!["id"]!.GetValue<string>().StartsWith(Script.ImpatientHospital, StringComparison.Ordinal)).Select(r => r!.ToJsonString())];
    }

    private static async Task<IReadOnlyList<string>> Column(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }
}
