using System.Globalization;
using System.Text.Json;
using Compliance.Devices;
using Compliance.Service.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Devices;

/// <summary>The ledger of an institution's devices (器材登记制度), kept by itself: what arrived, and of which lots more was used than arrived.</summary>
public static class DeviceReceiptEndpoints
{
    /// <summary>Serial numbers of one line: a delivery of more is several lines, and an event stays within a few kilobytes.</summary>
    public const int MostSerials = 1_000;

    /// <summary>Lots of an institution that one page looks through: no more than a year's, however long its ledger. The page may then be short, or empty, and its cursor goes on behind them.</summary>
    private const int MostLots = 1_000;

    /// <param name="Udi">As scanned or typed; says product, lot and serial number where it has them.</param>
    /// <param name="Di">The product as a GTIN of 8, 12, 13 or 14 digits; required without a UDI.</param>
    /// <param name="Serials">Each piece's, where they have one.</param>
    /// <param name="Quantity">Pieces; required without serial numbers.</param>
    /// <param name="Registration">The number of its registration (注册证编号), as on the papers.</param>
    public record GoodsEntry(
        string Supplier, DateOnly ReceivedOn, string? Udi = null, string? Di = null, string? Lot = null, IReadOnlyList<string>? Serials = null, int? Quantity = null, string? Registration = null);

    /// <param name="Number">The institution's own, of the line: a delivery of three lots is three receipts.</param>
    public sealed record ReceiptEntry(
        string Number,
        string Supplier,
        DateOnly ReceivedOn,
        string? Udi = null,
        string? Di = null,
        string? Lot = null,
        IReadOnlyList<string>? Serials = null,
        int? Quantity = null,
        string? Registration = null)
        : GoodsEntry(Supplier, ReceivedOn, Udi, Di, Lot, Serials, Quantity, Registration);

    public sealed record CorrectionEntry(string Reason, GoodsEntry Goods);

    public sealed record VoidEntry(string Reason);

    public sealed record ReceiptWritten(Guid ReceiptId, long Position);

    /// <param name="Di">The product as a GTIN of 14 digits.</param>
    public sealed record ReceiptShown(
        Guid ReceiptId,
        string Number,
        bool Voided,
        string Di,
        string? Lot,
        IReadOnlyList<string> Serials,
        int Quantity,
        string? Registration,
        string Supplier,
        DateOnly ReceivedOn);

    /// <param name="Product">The GTIN of 14 digits.</param>
    /// <param name="Techniques">Those they were used for.</param>
    /// <param name="Used">Pieces, in standing cases since the first receipt.</param>
    /// <param name="Received">Pieces, by the ledger.</param>
    public sealed record ExcessShown(string Product, string Lot, IReadOnlyList<string> Techniques, int Used, long Received);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/institutions/{id}/device-receipts", Receive)
            .Allows(Role.Hospital)
            .TakesHeader(Idempotency.Header)
            .TakesHeader("If-Match")
            .Describes<ReceiptEntry, ReceiptWritten>("Enters a line of the ledger of devices; the same again answers 200 and changes nothing", 201, 403, 404, 409, 412, 422)
            .Produces<ReceiptWritten>(200);
        api.MapPost("/institutions/{id}/device-receipts/{receiptId}/corrections", Correct)
            .Allows(Role.Hospital)
            .TakesHeader(Idempotency.Header)
            .TakesHeader("If-Match")
            .Describes<CorrectionEntry, ReceiptWritten>("Puts a line of the ledger anew; what goes back to the supplier is a smaller quantity", 200, 403, 404, 409, 412, 422);
        api.MapPost("/institutions/{id}/device-receipts/{receiptId}/void", Void)
            .Allows(Role.Hospital)
            .TakesHeader(Idempotency.Header)
            .TakesHeader("If-Match")
            .Describes<VoidEntry, ReceiptWritten>("Voids a line of the ledger: nothing of the kind arrived, or all of it went back", 200, 403, 404, 409, 412, 422);
        api.MapGet("/institutions/{id}/device-receipts", List)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes("product", "lot", "from", "to", "limit", "cursor", "minPosition")
            .Describes<Page<ReceiptShown>>("The ledger of an institution's devices, the oldest first, voided lines among them", 200, 403, 404, 503);
        api.MapGet("/institutions/{id}/device-receipts/excesses", Excesses)
            .Allows(Role.Hospital, Role.Regulator, Role.National)
            .Takes("limit", "cursor", "minPosition")
            .Describes<Page<ExcessShown>>("Lots of single-use devices of which more was used than arrived, since the ledger began; a page may be short although more follow", 200, 403, 404, 503);
    }

    private static async Task<IResult> Receive(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var body = await Body.Read(http);
        var number = body.Root.DeviceText("number");
        var goods = Goods(body.Root);
        if ((query.Refused(http) ?? body.Refused(http) ?? await OutOfReach(http, caller.MayWriteFor, reads, log, institution)) is { } refused)
            return refused;
        var id = DeviceReceipt.IdOf(institution, number);
        return await answers.Command(
            http,
            caller,
            Aggregates.DeviceReceipts,
            DeviceReceipt.Stream(id),
            body,
            (state, today) => DeviceReceipt.Receive(state, institution, number, goods, today, caller.Actor()),
            (_, events) => (events.Count > 0 ? StatusCodes.Status201Created : StatusCodes.Status200OK, new { receiptId = id }));
    }

    private static Task<IResult> Correct(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Change(http, caller, answers, reads, log, root =>
    {
        var reason = root.Text("reason", BodyObject.LongText, lines: true);
        var goods = Goods(root.Object("goods"));
        return (state, today) => Within(DeviceReceipt.Correct(state, goods, reason, today, caller.Actor()), "/goods");
    });

    private static Task<IResult> Void(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log) => Change(http, caller, answers, reads, log, root =>
    {
        var reason = root.Text("reason", BodyObject.LongText, lines: true);
        return (state, today) => DeviceReceipt.Void(state, reason, today, caller.Actor());
    });

    private static async Task<IResult> Change(
        HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, Func<BodyObject, Func<DeviceReceipt.State, DateOnly, Decision<DeviceReceipt.Event>>> read)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var id = query.PathUuid("receiptId");
        var body = await Body.Read(http);
        var decide = read(body.Root);
        if ((query.Refused(http) ?? body.Refused(http) ?? await OutOfReach(http, caller.MayWriteFor, reads, log, institution)) is { } refused)
            return refused;
        return await answers.Command(
            http,
            caller,
            Aggregates.DeviceReceipts,
            DeviceReceipt.Stream(id),
            body,
            // A line of another ledger is not there.
            (state, today) => state.First is { } first && first.Institution != institution ? Refusal.NotFound("noSuchReceipt") : decide(state, today),
            (_, _) => (StatusCodes.Status200OK, new { receiptId = id }));
    }

    /// <summary>A refusal of the goods names them where they stand in the body.</summary>
    private static Decision<DeviceReceipt.Event> Within(Decision<DeviceReceipt.Event> decision, string pointer) =>
        decision.Refusal is { } refusal ? refusal with { Pointers = [.. refusal.Pointers.Select(p => pointer + p)] } : decision;

    /// <summary>What arrived. A UDI says what was scanned; what is typed beside it may add to it, and not contradict it.</summary>
    private static DeviceGoods Goods(BodyObject root)
    {
        var receivedOn = root.Day("receivedOn");
        var udi = root.OptionalUdi("udi") is { } text ? Scanned(root, text, receivedOn) : null;
        var typed = root.Has("udi") ? root.OptionalDeviceText("di") : root.DeviceText("di");
        var lot = root.OptionalDeviceText("lot");
        var serials = root.DeviceTexts("serials", MostSerials);
        if (udi is not null && typed is not null && Udi.Gtin14(typed) != udi.Di)
            root.Fault("di", "contradictsUdi");
        if (udi?.Lot is not null && lot is not null && lot.Trim() != udi.Lot)
            root.Fault("lot", "contradictsUdi");
        if (udi?.Serial is { } serial && serials.Count > 0 && !serials.Contains(serial))
            root.Fault("serials", "contradictsUdi");
        serials = serials.Count == 0 && udi?.Serial is { } alone ? [alone] : serials;
        var quantity = serials.Count > 0 ? root.OptionalInteger("quantity", 1, DeviceReceipt.MostPieces) ?? serials.Count : root.Integer("quantity", 1, DeviceReceipt.MostPieces);
        return new(udi?.Di ?? typed ?? "", udi?.Lot ?? lot, serials, quantity, root.OptionalDeviceText("registration"), root.Text("supplier"), receivedOn);
    }

    private static Udi? Scanned(BodyObject root, string text, DateOnly receivedOn)
    {
        var read = Udi.Parse(text, receivedOn);
        if (read.Fault is { } fault)
            root.Fault("udi", fault.Code, UdiFaults.ArgsOf(fault));
        return read.Udi;
    }

    /// <summary>Null when the institution is there and within reach. A hospital is told of no other whether it is there.</summary>
    private static async Task<Problem?> OutOfReach(HttpContext http, Func<string, string?, bool> mayReach, Reads reads, IEventStore log, string institution)
    {
        var place = await CaseAccess.PlaceOf(reads, log, institution, http.RequestAborted);
        return mayReach(institution, place?.Province)
            ? place is null ? Problem.Refused(http, "noSuchInstitution") : null
            : Problem.Forbidden(http);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var product = query.OptionalDeviceText("product");
        var gtin = product is null ? null : Udi.Gtin14(product);
        if (product is not null && gtin is null)
            query.Fault("product", "notAGtin");
        var lot = query.OptionalDeviceText("lot");
        var (from, to) = (query.OptionalDay("from"), query.OptionalDay("to"));
        var limit = query.Limit();
        var cursor = query.Cursor(2);
        var after = default((DateOnly Day, Guid Receipt));
        if (cursor is not null && !(DateOnly.TryParseExact(cursor[0], "O", out after.Day) && Guid.TryParseExact(cursor[1], "D", out after.Receipt)))
            query.Fault("cursor", "invalidCursor");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await OutOfReach(http, caller.MayReadInstitution, reads, log, institution) ?? await reads.Shown(http, minPosition)) is { } refused)
            return refused;

        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select r.doc from device_receipts r
            where r.institution = $1 and ($2 is null or r.di = $2) and ($3 is null or r.lot = $3) and r.received_on between $4 and $5
              and ($6::date is null or (r.received_on, r.receipt) > ($6::date, $7::uuid))
            order by r.received_on, r.receipt
            limit $8
            """,
            connection);
        command.Parameters.Add(new() { Value = institution });
        command.Parameters.Add(new() { Value = (object?)gtin ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)lot?.Trim() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = from ?? BodyObject.FirstDay });
        command.Parameters.Add(new() { Value = to ?? BodyObject.LastDay });
        command.Parameters.Add(new() { Value = cursor is null ? DBNull.Value : after.Day, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = after.Receipt });
        command.Parameters.Add(new() { Value = limit + 1 });
        var items = new List<ReceiptShown>();
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
            items.Add(Show(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.DeviceReceiptState)!));
        return Results.Json(Paged.Cut(items, limit, r => [r.ReceivedOn.ToString("O", CultureInfo.InvariantCulture), r.ReceiptId.ToString("D")]), Json.Options);
    }

    private static ReceiptShown Show(DeviceReceipt.State state)
    {
        var (first, goods) = (state.First!, state.Goods!);
        return new(first.Receipt, first.Number, state.Voided, goods.Di, goods.Lot, goods.Serials, goods.Quantity, goods.Registration, goods.Supplier, goods.ReceivedOn);
    }

    private static async Task<IResult> Excesses(HttpContext http, Caller caller, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var institution = query.PathId("id");
        var limit = query.Limit();
        var cursor = query.Cursor(2);
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await OutOfReach(http, caller.MayReadInstitution, reads, log, institution) ?? await reads.Shown(http, minPosition)) is { } refused)
            return refused;

        await using var connection = await reads.Open(http.RequestAborted);
        var looked = await Lots(connection, institution, cursor, http.RequestAborted);
        var lots = looked.Where(l => l.Overdrawn).Select(l => (l.Product, l.Lot)).ToList();
        (string Product, string Lot)? next = lots.Count > limit ? lots[limit - 1] : looked.Count == MostLots ? (looked[^1].Product, looked[^1].Lot) : null;
        lots = [.. lots.Take(limit)];
        var uses = await UsesOf(connection, institution, lots, http.RequestAborted);
        var receipts = await ReceiptsOf(connection, institution, lots, http.RequestAborted);
        var registry = await DeviceFindings.RegistryOf(connection, uses, http.RequestAborted);
        return Results.Json(
            Page.Of(
                [.. DeviceRules.Excesses(uses, receipts, registry).Select(e => new ExcessShown(e.Product, e.Lot, e.Techniques, e.Used, e.Received))],
                next is { } last ? Page.Cursor(last.Product, last.Lot) : null),
            Json.Options);
    }

    /// <summary>The next lots of an institution, and of each whether the rule may find it: the pieces are counted as it counts them, whether or not they are for single use.</summary>
    private static async Task<List<(string Product, string Lot, bool Overdrawn)>> Lots(NpgsqlConnection connection, string institution, IReadOnlyList<string>? after, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            with begun as (
                select min(r.received_on) as day from device_receipts r where r.institution = $1 and not r.voided
            ), used as (
                select u.product, u.lot,
                       count(distinct (u.case_id, coalesce(u.serial, ''), case when u.serial is null then u.line else 0 end)) filter (where u.used_on >= (select b.day from begun b)) as pieces
                from device_uses u
                where u.institution = $1 and u.product is not null and u.lot is not null and (u.product, u.lot) > ($2, $3)
                group by u.product, u.lot
                order by u.product, u.lot
                limit $4
            )
            select u.product, u.lot, u.pieces > (
                select coalesce(sum(r.quantity), 0) from device_receipts r
                where r.institution = $1 and r.di = u.product and (r.lot = u.lot or r.lot is null) and not r.voided)
            from used u
            order by u.product, u.lot
            """,
            connection);
        command.Parameters.Add(new() { Value = institution });
        command.Parameters.Add(new() { Value = after?[0] ?? "" });
        command.Parameters.Add(new() { Value = after?[1] ?? "" });
        command.Parameters.Add(new() { Value = MostLots });
        var lots = new List<(string, string, bool)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            lots.Add((reader.GetString(0), reader.GetString(1), reader.GetBoolean(2)));
        return lots;
    }

    private static async Task<List<DeviceUsed>> UsesOf(NpgsqlConnection connection, string institution, IReadOnlyList<(string Product, string Lot)> lots, CancellationToken cancellation)
    {
        await using var command = OfLots(
            $"select {DeviceRows.UseColumns} from unnest($2::text[], $3::text[]) as k (product, lot) join device_uses u on u.institution = $1 and u.product = k.product and u.lot = k.lot", connection, institution, lots);
        var uses = new List<DeviceUsed>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            uses.Add(DeviceRows.UseOf(reader));
        return uses;
    }

    /// <summary>The receipts of these products, and the one with which the ledger begins.</summary>
    private static async Task<List<DeviceReceipt.State>> ReceiptsOf(NpgsqlConnection connection, string institution, IReadOnlyList<(string Product, string Lot)> lots, CancellationToken cancellation)
    {
        await using var command = OfLots(
            """
            select r.doc from device_receipts r
            where r.institution = $1 and not r.voided
              and (r.receipt = (select f.receipt from device_receipts f where f.institution = $1 and not f.voided order by f.received_on, f.receipt limit 1)
                   or exists (select from unnest($2::text[], $3::text[]) as k (product, lot) where k.product = r.di and (r.lot is null or r.lot = k.lot)))
            """,
            connection,
            institution,
            lots);
        var receipts = new List<DeviceReceipt.State>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            receipts.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.DeviceReceiptState)!);
        return receipts;
    }

    private static NpgsqlCommand OfLots(string sql, NpgsqlConnection connection, string institution, IReadOnlyList<(string Product, string Lot)> lots)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = institution });
        command.Parameters.Add(new() { Value = lots.Select(l => l.Product).ToArray() });
        command.Parameters.Add(new() { Value = lots.Select(l => l.Lot).ToArray() });
        return command;
    }
}
