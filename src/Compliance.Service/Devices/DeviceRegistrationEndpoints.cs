using System.Text.Json;
using Compliance.Devices;
using Compliance.Metrics;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Devices;

/// <summary>The registrations of devices, as the drug authority publishes them: what may be used at all, everywhere. Flags are derived from them as they are, so one that is entered later clears the cases before it.</summary>
public static class DeviceRegistrationEndpoints
{
    /// <summary>A registration covers a maker's range; the largest have some hundreds of products.</summary>
    public const int MostIdentifiers = 1_000;

    /// <param name="SingleUse">Whether it may be used once only; null where the certificate does not say.</param>
    /// <param name="DeviceIdentifiers">The products it covers, as GTINs of 8, 12, 13 or 14 digits.</param>
    /// <param name="ValidFrom">First day.</param>
    /// <param name="ValidTo">Last day, included.</param>
    public sealed record RegistrationEntry(string Number, string Name, string Maker, DateOnly ValidFrom, DateOnly ValidTo, bool? SingleUse = null, IReadOnlyList<string>? DeviceIdentifiers = null);

    public sealed record RegistrationWritten(Guid Id, long Position);

    /// <param name="ValidFrom">First day.</param>
    /// <param name="ValidTo">Last day, included.</param>
    public sealed record RenewalEntry(DateOnly ValidFrom, DateOnly ValidTo);

    /// <param name="CancelledOn">First day without it; before or after today.</param>
    public sealed record CancellationEntry(DateOnly CancelledOn, string Reason);

    public sealed record WithdrawalEntry(string Reason);

    /// <param name="Validity">Every period, in the order they were recorded; first and last day included.</param>
    /// <param name="CancelledOn">First day without it; null while it stands.</param>
    public sealed record RegistrationShown(
        Guid Id, string Number, string Name, string Maker, bool? SingleUse, IReadOnlyList<string> DeviceIdentifiers, IReadOnlyList<DaySpan> Validity, DateOnly? CancelledOn);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/device-registrations", Register)
            .Allows(Role.Regulator, Role.National)
            .TakesHeader(Idempotency.Header)
            .TakesHeader("If-Match")
            .Describes<RegistrationEntry, RegistrationWritten>("Enters the registration of a device, or mends the entry of that number; renewals and a cancellation stay", 201, 412, 422)
            .Produces<RegistrationWritten>(200);
        api.MapPost("/device-registrations/{id}/renew", Renew)
            .Command<RenewalEntry>("Records a renewal: a further period of the same number, that ends later than all before it");
        api.MapPost("/device-registrations/{id}/cancel", Cancel)
            .Command<CancellationEntry>("Records a cancellation: from that day nothing of it may be used, whenever it was made");
        api.MapPost("/device-registrations/{id}/withdraw-cancellation", WithdrawCancellation)
            .Command<WithdrawalEntry>("Takes a cancellation back: it never was");
        api.MapGet("/device-registrations/{id}", Get)
            .AllowsEveryRole()
            .Takes("minPosition")
            .Describes<RegistrationShown>("The registration of a device as it stands", 200, 404, 503);
        api.MapGet("/device-registrations", List)
            .AllowsEveryRole()
            .Takes("number", "product", "limit", "cursor", "minPosition")
            .Describes<Page<RegistrationShown>>("Registrations of devices by number; with `number` that one, with `product` those that list the GTIN", 200, 503);
    }

    private static RouteHandlerBuilder Command<TRequest>(this RouteHandlerBuilder endpoint, string summary)
        where TRequest : notnull =>
        endpoint.Allows(Role.Regulator, Role.National).TakesHeader(Idempotency.Header).TakesHeader("If-Match").Describes<TRequest, RegistrationWritten>(summary, 200, 404, 409, 412, 422);

    private static async Task<IResult> Register(HttpContext http, Caller caller, Answers answers)
    {
        var body = await Body.Read(http);
        var root = body.Root;
        var number = root.DeviceText("number");
        var name = root.Text("name");
        var maker = root.Text("maker");
        var singleUse = root.OptionalFlag("singleUse");
        var identifiers = root.DeviceTexts("deviceIdentifiers", MostIdentifiers);
        var (from, to) = (root.Day("validFrom"), root.Day("validTo"));
        if (body.Refused(http) is { } refused)
            return refused;
        var id = DeviceRegistration.IdOf(number);
        var first = false;
        return await answers.Command(
            http,
            caller,
            Aggregates.DeviceRegistrations,
            DeviceRegistration.Stream(id),
            body,
            (state, today) =>
            {
                first = state.Entry is null;
                return DeviceRegistration.Register(state, new(id, number, name, maker, singleUse, identifiers, from, to, today, caller.Actor()));
            },
            (_, events) => (first && events.Count > 0 ? StatusCodes.Status201Created : StatusCodes.Status200OK, new { id }),
            reference: true);
    }

    private static Task<IResult> Renew(HttpContext http, Caller caller, Answers answers) => Change(http, caller, answers, root =>
    {
        var (from, to) = (root.Day("validFrom"), root.Day("validTo"));
        return (state, today) => DeviceRegistration.Renew(state, from, to, today, caller.Actor());
    });

    private static Task<IResult> Cancel(HttpContext http, Caller caller, Answers answers) => Change(http, caller, answers, root =>
    {
        var on = root.Day("cancelledOn");
        var reason = root.Text("reason", BodyObject.LongText, lines: true);
        return (state, today) => DeviceRegistration.Cancel(state, on, reason, today, caller.Actor());
    });

    private static Task<IResult> WithdrawCancellation(HttpContext http, Caller caller, Answers answers) => Change(http, caller, answers, root =>
    {
        var reason = root.Text("reason", BodyObject.LongText, lines: true);
        return (state, today) => DeviceRegistration.WithdrawCancellation(state, reason, today, caller.Actor());
    });

    private static async Task<IResult> Change(
        HttpContext http, Caller caller, Answers answers, Func<BodyObject, Func<DeviceRegistration.State, DateOnly, Decision<DeviceRegistration.Event>>> read)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var body = await Body.Read(http);
        var decide = read(body.Root);
        return query.Refused(http) ?? body.Refused(http)
            ?? await answers.Command(http, caller, Aggregates.DeviceRegistrations, DeviceRegistration.Stream(id), body, decide, (_, _) => (StatusCodes.Status200OK, new { id }), reference: true);
    }

    private static async Task<IResult> Get(HttpContext http, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
            return refused;
        var events = await log.ReadStream(DeviceRegistration.Stream(id), cancellation: http.RequestAborted);
        if (events.Count == 0)
            return Problem.Refused(http, "noSuchDeviceRegistration");
        ETags.Set(http, events[^1].Version);
        return Results.Json(Show(DeviceRegistration.Fold(events.Select(e => (DeviceRegistration.Event)e.Data))), Json.Options);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
        var number = query.OptionalDeviceText("number");
        var product = query.OptionalDeviceText("product");
        var limit = query.Limit();
        var cursor = query.Cursor(1);
        var minPosition = query.Position();
        var gtin = product is null ? null : Udi.Gtin14(product);
        if (product is not null && gtin is null)
            query.Fault("product", "notAGtin");
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
            return refused;

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select r.doc from device_registrations r
            where r.number > $1 and ($2 is null or r.number = $2) and ($3 is null or r.id in (select p.id from device_registration_products p where p.di = $3))
            order by r.number limit $4
            """,
            connection);
        command.Parameters.Add(new() { Value = cursor?[0] ?? "" });
        command.Parameters.Add(new() { Value = (object?)(number is null ? null : DeviceRegistration.NumberOf(number)) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)gtin ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<RegistrationShown>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
            items.Add(Show(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.DeviceRegistrationState)!));
        return Results.Json(Paged.Cut(items, limit, r => [DeviceRegistration.NumberOf(r.Number)]), Json.Options);
    }

    private static RegistrationShown Show(DeviceRegistration.State state) => new(
        state.Entry!.Registration, state.Entry.Number, state.Entry.Name, state.Entry.Maker, state.Entry.SingleUse, state.Entry.DeviceIdentifiers, [.. state.Validity], state.CancelledOn);
}
