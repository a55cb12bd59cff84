using System.Text.Json;
using Compliance.Devices;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Projections;

/// <summary>Devices as the lines of standing cases name them, and the registrations and ledgers they are judged by. What is found about them is no row: it is derived whenever it is asked for.</summary>
internal static class DeviceRows
{
    /// <summary>The columns of <c>device_uses u</c>, as <see cref="UseOf"/> reads them.</summary>
    public const string UseColumns =
        "u.case_id, u.institution, u.technique, u.used_on, u.line, u.udi, u.product, u.product_known, u.lot, u.serial, u.made_from, u.made_on, u.expires_on, u.registration, u.single_use";

    /// <summary>Adds the lines of cases that have none here. COPY, because nearly all come with cases just reported.</summary>
    public static async Task InsertUses(NpgsqlConnection connection, List<DeviceUsed> uses, CancellationToken cancellation)
    {
        if (uses.Count == 0)
        {
            return;
        }

        await using var copy = await connection.BeginBinaryImportAsync(
            "copy device_uses (case_id, institution, technique, used_on, line, udi, product, product_known, lot, serial, made_from, made_on, expires_on, registration, single_use) from stdin (format binary)",
            cancellation);
        Task Text(string? value) => value is null ? copy.WriteNullAsync(cancellation) : copy.WriteAsync(value, NpgsqlDbType.Text, cancellation);
        Task Day(DateOnly? value) => value is { } day ? copy.WriteAsync(day, NpgsqlDbType.Date, cancellation) : copy.WriteNullAsync(cancellation);
        foreach (var use in uses)
        {
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(use.CaseId, NpgsqlDbType.Uuid, cancellation);
            await Text(use.Institution);
            await Text(use.Technique);
            await Day(use.UsedOn);
            await copy.WriteAsync((short)use.Line, NpgsqlDbType.Smallint, cancellation);
            await Text(use.Udi);
            await Text(use.Product);
            await copy.WriteAsync(use.ProductKnown, NpgsqlDbType.Boolean, cancellation);
            await Text(use.Lot);
            await Text(use.Serial);
            await Day(use.MadeFrom);
            await Day(use.MadeOn);
            await Day(use.ExpiresOn);
            await Text(use.Registration);
            if (use.SingleUse is { } singleUse)
                await copy.WriteAsync(singleUse, NpgsqlDbType.Boolean, cancellation);
            else
                await copy.WriteNullAsync(cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }

    /// <summary>A row that begins with <see cref="UseColumns"/>.</summary>
    public static DeviceUsed UseOf(NpgsqlDataReader reader)
    {
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        DateOnly? Day(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateOnly>(column);
        return new(
            reader.GetGuid(0),
            reader.GetString(1),
            reader.GetString(2),
            reader.GetFieldValue<DateOnly>(3),
            reader.GetInt16(4),
            Text(5),
            Text(6),
            reader.GetBoolean(7),
            Text(8),
            Text(9),
            Day(10),
            Day(11),
            Day(12),
            Text(13),
            reader.IsDBNull(14) ? null : reader.GetBoolean(14));
    }

    public static async Task WriteRegistrations(NpgsqlConnection connection, List<DeviceRegistration.State> states, CancellationToken cancellation)
    {
        var ids = states.Select(s => s.Entry!.Registration).ToArray();
        await connection.Execute(
            """
            insert into device_registrations (id, number, doc)
            select * from unnest($1::uuid[], $2::text[], $3::jsonb[])
            on conflict (id) do update set number = excluded.number, doc = excluded.doc
            """,
            cancellation,
            ids,
            states.Select(s => DeviceRegistration.NumberOf(s.Entry!.Number)).ToArray(),
            states.Select(s => JsonSerializer.Serialize(s, StoredJson.Default.DeviceRegistrationState)).ToArray());

        await connection.Execute("delete from device_registration_products where id = any($1)", cancellation, ids);
        var products = states.SelectMany(s => s.Entry!.DeviceIdentifiers.Select(di => (di, s.Entry.Registration))).ToList();
        await connection.Execute(
            "insert into device_registration_products (di, id) select * from unnest($1::text[], $2::uuid[])",
            cancellation,
            products.Select(p => p.di).ToArray(),
            products.Select(p => p.Registration).ToArray());
    }

    public static Task WriteReceipts(NpgsqlConnection connection, List<DeviceReceipt.State> states, CancellationToken cancellation) => connection.Execute(
        """
        insert into device_receipts (receipt, institution, di, lot, quantity, received_on, voided, doc)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::date[], $7::boolean[], $8::jsonb[])
        on conflict (receipt) do update set
            di = excluded.di, lot = excluded.lot, quantity = excluded.quantity, received_on = excluded.received_on, voided = excluded.voided, doc = excluded.doc
        """,
        cancellation,
        states.Select(s => s.First!.Receipt).ToArray(),
        states.Select(s => s.First!.Institution).ToArray(),
        states.Select(s => s.Goods!.Di).ToArray(),
        states.Select(s => s.Goods!.Lot).ToArray(),
        states.Select(s => s.Goods!.Quantity).ToArray(),
        states.Select(s => s.Goods!.ReceivedOn).ToArray(),
        states.Select(s => s.Voided).ToArray(),
        states.Select(s => JsonSerializer.Serialize(s, StoredJson.Default.DeviceReceiptState)).ToArray());
}
