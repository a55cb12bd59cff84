using System.Globalization;
using Compliance.Devices;
using Compliance.Service.Cases;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Microsoft.AspNetCore.Http.Features;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Devices;

/// <summary>
/// <c>GET /devices/{udi}/uses</c>: where a device went, or all of a lot for a recall, as much as is asked for. Devices know no provinces: regulators see all uses, a hospital its own.
/// </summary>
public static class DeviceUsesEndpoint
{
    /// <param name="Line">Its place in the report, from 0.</param>
    /// <param name="Product">The GTIN of 14 digits, or the text that stands for one.</param>
    /// <param name="Udi">In canonical form; null where the report's cannot be read.</param>
    /// <param name="Certain">False where the report does not say the lot, or the serial number, that was asked for: in a recall such a patient is called, too.</param>
    public sealed record DeviceUseShown(
        Guid CaseId,
        string Institution,
        string Technique,
        DateOnly UsedOn,
        int Line,
        string Product,
        string? Udi,
        string? Lot,
        string? Serial,
        DateOnly? MadeOn,
        DateOnly? ExpiresOn,
        string? Registration,
        bool? SingleUse,
        bool Certain);

    /// <param name="Product">What was looked for.</param>
    /// <param name="Lot">What was looked for; null for all.</param>
    /// <param name="Serial">What was looked for; null for all.</param>
    /// <param name="NotRead">Why the text is no GS1 UDI, and was taken for the name of a product, as it stands in reports; null when it is one.</param>
    public sealed record DeviceUsesAnswer(string Product, string? Lot, string? Serial, FaultDocument? NotRead, IReadOnlyList<DeviceUseShown> Items, string? NextCursor);

    private sealed record Asked(string Product, string? Lot, string? Serial, UdiFault? Fault);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/devices/{udi}/uses", List)
        .Allows(Role.Hospital, Role.Regulator, Role.National)
        .Takes("lot", "serial", "certain", "limit", "cursor", "minPosition")
        .Describes<DeviceUsesAnswer>(
            "Where a device was used, the oldest use first: by a UDI, percent-encoded, or a GTIN; with `lot` all cases with that lot, those that do not say their lot among them unless `certain=true`", 200, 503);

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, Clock clock)
    {
        var query = Query.Of(http);
        var asked = AskedIn(query, query.PathDevice("udi", Sent(http)), clock.Today);
        var certain = query.Flag("certain");
        var limit = query.Limit();
        var cursor = query.Cursor(3);
        var after = default((DateOnly Day, Guid CaseId, short Line));
        if (cursor is not null
            && !(DateOnly.TryParseExact(cursor[0], "O", out after.Day)
                && Guid.TryParseExact(cursor[1], "D", out after.CaseId)
                && short.TryParse(cursor[2], NumberStyles.None, CultureInfo.InvariantCulture, out after.Line)))
        {
            query.Fault("cursor", "invalidCursor");
        }

        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;

        await using var connection = await reads.Open(http.RequestAborted);
        var uses = await Uses(connection, caller, asked, certain, cursor is null ? null : after, limit + 1, http.RequestAborted);
        var shown = DeviceRules.Trace(uses.Take(limit), asked.Product, asked.Lot, asked.Serial).Select(Shown).ToList();
        // That a patient had the device is patient-level data, too.
        await Patients.NoteReads(connection, caller, shown.Select(s => s.CaseId).Distinct(), http.RequestAborted);
        var notRead = asked.Fault is { } fault ? UdiFaults.At("path:udi", fault) : null;
        return Results.Json(
            new DeviceUsesAnswer(
                asked.Product,
                asked.Lot,
                asked.Serial,
                notRead is null ? null : new(notRead.Pointer, notRead.Code, Messages.Of(Messages.Preferred(http), notRead)),
                shown,
                uses.Count > limit ? Page.Cursor(shown[^1].UsedOn.ToString("O", CultureInfo.InvariantCulture), shown[^1].CaseId.ToString("D"), shown[^1].Line.ToString(CultureInfo.InvariantCulture)) : null),
            Json.Options);
    }

    // The server decodes a path before it is routed, all but slashes: what was sent is the only text that can be decoded rightly.
    private static string Sent(HttpContext http)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0].TrimEnd('/').Split('/');
        return Uri.UnescapeDataString(target[^2]);
    }

    private static Asked AskedIn(Query query, string text, DateOnly today)
    {
        var (lot, serial) = (query.OptionalDeviceText("lot")?.Trim(), query.OptionalDeviceText("serial")?.Trim());
        var read = Udi.Parse(text, today);
        if (read.Udi is not { } udi)
            return new(text.Trim(), lot, serial, read.Fault);
        if (udi.Lot is not null && lot is not null && lot != udi.Lot)
            query.Fault("lot", "contradictsUdi");
        if (udi.Serial is not null && serial is not null && serial != udi.Serial)
            query.Fault("serial", "contradictsUdi");
        return new(udi.Di, udi.Lot ?? lot, udi.Serial ?? serial, null);
    }

    private static async Task<List<DeviceUsed>> Uses(
        NpgsqlConnection connection, Caller caller, Asked asked, bool certain, (DateOnly Day, Guid CaseId, short Line)? after, int count, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand { Connection = connection };
        var where = new List<string>();
        // Conditions are written only where something was asked: each combination is a statement with a plan of its own.
        void Where(string condition, object value, NpgsqlDbType type)
        {
            command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });
            where.Add(string.Format(CultureInfo.InvariantCulture, condition, command.Parameters.Count));
        }

        Where("u.product = ${0}", asked.Product, NpgsqlDbType.Text);
        if (asked.Lot is not null)
            Where(certain ? "u.lot = ${0}" : "(u.lot = ${0} or u.lot is null)", asked.Lot, NpgsqlDbType.Text);
        if (asked.Serial is not null)
            Where(certain ? "u.serial = ${0}" : "(u.serial = ${0} or u.serial is null)", asked.Serial, NpgsqlDbType.Text);
        if (caller.Role == Role.Hospital)
            Where("u.institution = ${0}", caller.Institution!, NpgsqlDbType.Text);
        if (after is { } a)
        {
            command.Parameters.Add(new() { Value = a.Day, NpgsqlDbType = NpgsqlDbType.Date });
            command.Parameters.Add(new() { Value = a.CaseId, NpgsqlDbType = NpgsqlDbType.Uuid });
            command.Parameters.Add(new() { Value = a.Line, NpgsqlDbType = NpgsqlDbType.Smallint });
            where.Add($"(u.used_on, u.case_id, u.line) > (${command.Parameters.Count - 2}, ${command.Parameters.Count - 1}, ${command.Parameters.Count})");
        }

        command.CommandText = $"select {DeviceRows.UseColumns} from device_uses u where {string.Join(" and ", where)} order by u.used_on, u.case_id, u.line limit {count}";
        var uses = new List<DeviceUsed>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            uses.Add(DeviceRows.UseOf(reader));
        return uses;
    }

    private static DeviceUseShown Shown(DeviceTrace trace)
    {
        var u = trace.Use;
        return new(u.CaseId, u.Institution, u.Technique, u.UsedOn, u.Line, u.Product!, u.Udi, u.Lot, u.Serial, u.MadeOn, u.ExpiresOn, u.Registration, u.SingleUse, trace.Certain);
    }
}
