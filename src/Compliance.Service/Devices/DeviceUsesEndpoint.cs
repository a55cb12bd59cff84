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
/// <c>GET /devices/{udi}/uses</c>: where a device went, or all of a lot for a recall, as much as is asked for. A hospital sees its own uses, a regulator its province's, and of those elsewhere where, when and how many: a device knows no
/// provinces, and whoever reads the cases is in the other one. The national authority sees all.
/// </summary>
public static class DeviceUsesEndpoint
{
    /// <param name="CaseId">Null for what was used in another province: then the item is all uses of a day at an institution, and says nothing else of them.</param>
    /// <param name="Line">Its place in the report, from 0.</param>
    /// <param name="Product">The GTIN of 14 digits, or what stands for one; null where the report gives none.</param>
    /// <param name="Udi">In canonical form; null where the report's cannot be read.</param>
    /// <param name="Certain">False where the report does not say the product, the lot or the serial number that was asked for: in a recall such a patient is called, too. Of several, whether any says it.</param>
    /// <param name="Count">Lines of reports.</param>
    public sealed record DeviceUseShown(
        Guid? CaseId,
        string Institution,
        string? Technique,
        DateOnly UsedOn,
        int? Line,
        string? Product,
        string? Udi,
        string? Lot,
        string? Serial,
        DateOnly? MadeOn,
        DateOnly? ExpiresOn,
        string? Registration,
        bool? SingleUse,
        bool Certain,
        int Count);

    /// <param name="Product">What was looked for.</param>
    /// <param name="Lot">What was looked for; null for all.</param>
    /// <param name="Serial">What was looked for; null for all.</param>
    /// <param name="NotRead">Why the text is no GS1 UDI. What stands before the fault was looked for, and where that is no product the text itself, as it stands in reports. Null when it is one.</param>
    public sealed record DeviceUsesAnswer(string Product, string? Lot, string? Serial, FaultDocument? NotRead, IReadOnlyList<DeviceUseShown> Items, string? NextCursor);

    private sealed record Asked(string Product, string? Lot, string? Serial, UdiFault? Fault);

    /// <param name="CaseId">Of an item without cases the least there is.</param>
    /// <param name="Line">As the case.</param>
    private sealed record Place(DateOnly Day, string Institution, Guid CaseId, short Line);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/devices/{udi}/uses", List)
        .Allows(Role.Hospital, Role.Regulator, Role.National)
        .Takes("lot", "serial", "certain", "limit", "cursor", "minPosition")
        .Describes<DeviceUsesAnswer>(
            "Where a device was used, the oldest use first: by a UDI, percent-encoded, or a GTIN; with `lot` all cases with that lot, those that do not say their lot, or name only the registration, among them unless `certain=true`; of other provinces institutions, days and counts", 200, 503);

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, Clock clock)
    {
        var query = Query.Of(http);
        var asked = AskedIn(query, query.PathDevice("udi", Sent(http)), clock.Today);
        var certain = query.Flag("certain");
        var limit = query.Limit();
        var cursor = query.Cursor(4);
        var after = cursor is null ? null : PlaceOf(cursor);
        if (cursor is not null && after is null)
            query.Fault("cursor", "invalidCursor");
        var position = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, position)) is { } refused)
            return refused;

        await using var connection = await reads.Open(http.RequestAborted);
        IReadOnlyList<string> registrations = certain ? [] : await RegistrationsOf(connection, asked.Product, http.RequestAborted);
        var uses = await Uses(connection, caller, asked, certain, registrations, after, limit + 1, http.RequestAborted);
        var found = DeviceRules.Trace(uses, asked.Product, asked.Lot, asked.Serial, registrations).Select(Shown).ToList();
        if (caller.Role == Role.Regulator)
            found.AddRange(await Elsewhere(connection, caller, asked, certain, registrations, after, limit + 1, http.RequestAborted));
        var shown = found.OrderBy(s => s.UsedOn).ThenBy(s => s.Institution, StringComparer.Ordinal).ThenBy(s => s.CaseId).ThenBy(s => s.Line).Take(limit).ToList();
        // That a patient had the device is patient-level data, too.
        await Patients.NoteReads(connection, caller, shown.Select(s => s.CaseId).OfType<Guid>().Distinct(), http.RequestAborted);
        var notRead = asked.Fault is { } fault ? UdiFaults.At("path:udi", fault) : null;
        return Results.Json(
            new DeviceUsesAnswer(
                asked.Product,
                asked.Lot,
                asked.Serial,
                notRead is null ? null : new(notRead.Pointer, notRead.Code, Messages.Of(Messages.Preferred(http), notRead)),
                shown,
                found.Count > limit ? CursorOf(shown[^1]) : null),
            Json.Options);
    }

    private static string CursorOf(DeviceUseShown last) => Page.Cursor(
        last.UsedOn.ToString("O", CultureInfo.InvariantCulture), last.Institution, (last.CaseId ?? Guid.Empty).ToString("D"), (last.Line ?? 0).ToString(CultureInfo.InvariantCulture));

    private static Place? PlaceOf(IReadOnlyList<string> cursor) =>
        DateOnly.TryParseExact(cursor[0], "O", out var day)
        && BodyObject.IsId(cursor[1])
        && Guid.TryParseExact(cursor[2], "D", out var caseId)
        && short.TryParse(cursor[3], NumberStyles.None, CultureInfo.InvariantCulture, out var line)
            ? new(day, cursor[1], caseId, line)
            : null;

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
        if ((read.Udi ?? read.Partial) is not { } udi)
            return new(DeviceUsed.NameOf(text.Trim()), lot, serial, read.Fault);
        if (udi.Lot is not null && lot is not null && lot != udi.Lot)
            query.Fault("lot", "contradictsUdi");
        if (udi.Serial is not null && serial is not null && serial != udi.Serial)
            query.Fault("serial", "contradictsUdi");
        return new(udi.Di, udi.Lot ?? lot, udi.Serial ?? serial, read.Fault);
    }

    /// <summary>The numbers of the registrations that list a product: lines that name one of them, and no other product, may be of it.</summary>
    private static async Task<IReadOnlyList<string>> RegistrationsOf(NpgsqlConnection connection, string product, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select r.number from device_registration_products p join device_registrations r on r.id = p.id where p.di = $1", connection);
        command.Parameters.Add(new() { Value = product });
        var numbers = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            numbers.Add(reader.GetString(0));
        return numbers;
    }

    /// <summary>The uses that the caller may read whole, the earliest first.</summary>
    private static async Task<List<DeviceUsed>> Uses(
        NpgsqlConnection connection, Caller caller, Asked asked, bool certain, IReadOnlyList<string> registrations, Place? after, int count, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand { Connection = connection };
        const string order = "u.used_on, u.institution collate \"C\", u.case_id, u.line";
        var reach = caller.Role switch
        {
            Role.Hospital => $" and u.institution = {Parameter(command, caller.Institution!, NpgsqlDbType.Text)}",
            Role.Regulator => $" and exists {InProvince(command, caller)}",
            _ => "",
        };
        var behind = after is null ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $" and ({order}) > ({Parameter(command, after.Day, NpgsqlDbType.Date)}, {Parameter(command, after.Institution, NpgsqlDbType.Text)}, {Parameter(command, after.CaseId, NpgsqlDbType.Uuid)}, {Parameter(command, after.Line, NpgsqlDbType.Smallint)})");
        var parts = Parts(command, asked, certain, registrations, (where, first, _) =>
            $"select {DeviceRows.UseColumns} from device_uses u where {where}{reach}{behind} order by {first}{order} limit {count}");
        command.CommandText = $"select {DeviceRows.UseColumns} from ({parts}) u order by {order} limit {count}";
        var uses = new List<DeviceUsed>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            uses.Add(DeviceRows.UseOf(reader));
        return uses;
    }

    /// <summary>Uses outside a regulator's province: institutions and days, and how many.</summary>
    private static async Task<List<DeviceUseShown>> Elsewhere(
        NpgsqlConnection connection, Caller caller, Asked asked, bool certain, IReadOnlyList<string> registrations, Place? after, int count, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand { Connection = connection };
        const string order = "u.used_on, u.institution collate \"C\"";
        var reach = $" and not exists {InProvince(command, caller)}";
        var behind = after is null ? "" : $" and ({order}) > ({Parameter(command, after.Day, NpgsqlDbType.Date)}, {Parameter(command, after.Institution, NpgsqlDbType.Text)})";
        var parts = Parts(command, asked, certain, registrations, (where, first, says) =>
            $"""
            select u.used_on, u.institution, count(*) as uses, {(says ? "true" : "false")} as certain from device_uses u
            where {where}{reach}{behind} group by {first}u.used_on, u.institution order by {first}{order} limit {count}
            """);
        command.CommandText = $"select u.used_on, u.institution, sum(u.uses)::int, bool_or(u.certain) from ({parts}) u group by u.used_on, u.institution order by {order} limit {count}";
        var days = new List<DeviceUseShown>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            days.Add(new(
                null, reader.GetString(1), null, reader.GetFieldValue<DateOnly>(0), null, null, null, null, null, null, null, null, null, reader.GetBoolean(3), reader.GetInt32(2)));
        }

        return days;
    }

    private static string InProvince(NpgsqlCommand command, Caller caller) =>
        $"(select from institutions i where i.id = u.institution and i.province = {Parameter(command, caller.Province!, NpgsqlDbType.Text)})";

    /// <summary>
    /// What was asked for, and what may be it: a statement for each, so that every one is a stretch of an index, in its order. Conditions are written only where something was asked.
    /// </summary>
    /// <param name="part">Makes a statement of a condition, of the columns that are one and the same under it but for the index's sake stand first in the order, and of whether its rows say all that was asked for.</param>
    private static string Parts(NpgsqlCommand command, Asked asked, bool certain, IReadOnlyList<string> registrations, Func<string, string, bool, string> part)
    {
        (string Condition, bool Says)[] Of(string column, string? value)
        {
            if (value is null)
                return [("", true)];
            var same = ($" and {column} = {Parameter(command, value, NpgsqlDbType.Text)}", true);
            return certain ? [same] : [same, ($" and {column} is null", false)];
        }

        var first = asked.Lot is not null ? "u.lot, " : asked.Serial is not null ? "u.serial, " : "";
        var product = Parameter(command, asked.Product, NpgsqlDbType.Text);
        var parts = new List<string>();
        var said = (from lot in Of("u.lot", asked.Lot) from serial in Of("u.serial", asked.Serial) select (Condition: lot.Condition + serial.Condition, Says: lot.Says && serial.Says)).ToList();
        foreach (var (condition, says) in said)
            parts.Add($"({part($"u.product = {product}{condition}", first, says)})");
        if (registrations.Count == 0)
            return string.Join(" union all ", parts);
        var numbers = Parameter(command, registrations.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text);
        foreach (var (condition, _) in said)
            parts.Add($"(select r.* from unnest({numbers}) as k (number) cross join lateral ({part($"not u.product_known and u.registration = k.number{condition}", first, false)}) r)");
        return string.Join(" union all ", parts);
    }

    private static string Parameter(NpgsqlCommand command, object value, NpgsqlDbType type)
    {
        command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });
        return $"${command.Parameters.Count}";
    }

    private static DeviceUseShown Shown(DeviceTrace trace)
    {
        var u = trace.Use;
        return new(u.CaseId, u.Institution, u.Technique, u.UsedOn, u.Line, u.Product, u.Udi, u.Lot, u.Serial, u.MadeOn, u.ExpiresOn, u.Registration, u.SingleUse, trace.Certain, Count: 1);
    }
}
