using System.Globalization;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Webhooks;

/// <summary>Webhooks of a hospital, a physician, a regulator or national: each sets up its own, and sees no other's.</summary>
public static class WebhookEndpoints
{
    /// <summary>A test system, a production system, a few departments. Each is a copy of every event, kept and sent.</summary>
    public const int MaxPerOwner = 10;

    private const int LongestUrl = 1000;

    private static readonly Role[] Owners = [Role.Hospital, Role.Physician, Role.Regulator, Role.National];

    /// <param name="Secret">32 to 200 printable ASCII characters without spaces; one that begins with <c>whsec_</c> is the base64 of its key. Made here unless given.</param>
    /// <param name="Technique">Only of this one.</param>
    public sealed record WebhookRequest(string Url, string? Secret, string? Technique);

    /// <param name="Pending">Deliveries that wait, now or behind an earlier one of their subject.</param>
    /// <param name="Dead">Deliveries given up, which hold back the later ones of their subjects.</param>
    public sealed record WebhookShown(Guid Id, string Url, string? Technique, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, EndedBecause? EndedBecause, int Pending, int Dead);

    /// <param name="Secret">Shown here and never again.</param>
    /// <param name="Position">What lies behind it in the log is told.</param>
    public sealed record WebhookCreated(Guid Id, string Url, string? Technique, DateTimeOffset CreatedAt, string Secret, long Position);

    /// <param name="DeliveryId">To repeat or skip it by.</param>
    /// <param name="MessageId"><c>webhook-id</c> and the CloudEvent's <c>id</c>: the same in every attempt.</param>
    /// <param name="NextAttemptAt">Null unless pending. It waits longer while an earlier one of its subject does.</param>
    /// <param name="LastStatus">What the receiver answered; null when it did not.</param>
    /// <param name="LastError"><c>status</c>, <c>timeout</c>, or what kept the request from being sent.</param>
    /// <param name="SettledAt">When it was delivered or skipped.</param>
    public sealed record DeliveryShown(
        string DeliveryId,
        string MessageId,
        string Subject,
        string Type,
        DeliveryState State,
        int Attempts,
        DateTimeOffset CreatedAt,
        DateTimeOffset? NextAttemptAt,
        DateTimeOffset? LastAttemptAt,
        int? LastStatus,
        string? LastError,
        DateTimeOffset? SettledAt,
        long Position);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/webhooks", Create)
            .Allows(Owners).Takes()
            .TakesHeader(Idempotency.Header)
            .Describes<WebhookRequest, WebhookCreated>("Sets up a webhook, told from now on", 201, 409, 422, 503)
            .WithDescription(
                $"""
                 Standings and what leads to them are POSTed to `url` as CloudEvents 1.0 (`{CloudEvent.ContentType}`): to a hospital its own and the standing of its physicians, to a physician
                 his or her own, to a regulator the province's. They come at least once, and of one `subject` in the order of the log (`sequence`); `id` stays the same when one comes again.

                 Signed as Standard Webhooks lays down: `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `webhook-id`.`webhook-timestamp`.body, the three joined by dots. The key is
                 the secret's text, or of one that begins with `{Signature.Prefix}` the bytes that its base64 stands for. Compare in constant time, and refuse a timestamp more than five minutes off.

                 Any 2xx within 10 seconds is delivered; 410 ends the webhook; all else, a redirect too, is tried again, after 5 seconds doubling to an hour. What was not delivered after three days
                 is dead, and holds back the later ones of its subject until it is repeated or skipped.
                 """);
        api.MapGet("/webhooks", List)
            .Allows(Owners).Takes("limit", "cursor", "minPosition")
            .Describes<Page<WebhookShown>>("The caller's webhooks", 200, 400, 503);
        api.MapGet("/webhooks/{id}", Show)
            .Allows(Owners).Takes("minPosition")
            .Describes<WebhookShown>("One of the caller's webhooks, without its secret", 200, 400, 404, 503);
        api.MapDelete("/webhooks/{id}", Delete)
            .Allows(Owners).Takes()
            .WithSummary("Ends a webhook at once; what was not delivered is not")
            .Produces(204).Produces<ProblemDocument>(404, Problem.ContentType);
        api.MapGet("/webhooks/{id}/deliveries", Deliveries)
            .Allows(Owners).Takes("state", "limit", "cursor", "minPosition")
            .Describes<Page<DeliveryShown>>($"What it was told, or is to be, in the order of the log. What is settled is kept for {WebhookRows.KeptFor.Days} days.", 200, 400, 404, 503);
        api.MapPost("/webhooks/{id}/deliveries/{deliveryId}/repeat", (HttpContext http, Caller caller, WebhookRows rows) => Resolve(http, caller, rows, DeliveryState.Pending))
            .Allows(Owners).Takes()
            .Describes<DeliveryShown>("Sends a dead delivery again; one that is under way already is left so", 200, 400, 404, 409);
        api.MapPost("/webhooks/{id}/deliveries/{deliveryId}/skip", (HttpContext http, Caller caller, WebhookRows rows) => Resolve(http, caller, rows, DeliveryState.Skipped))
            .Allows(Owners).Takes()
            .Describes<DeliveryShown>("Leaves a dead delivery out for ever, so that the later ones of its subject go out", 200, 400, 404, 409);
    }

    private static async Task<IResult> Create(HttpContext http, Caller caller, WebhookRows rows, Reads reads, IEventStore log, IHostEnvironment environment)
    {
        var (key, badKey) = Idempotency.KeyOf(http);
        if (badKey is not null)
        {
            return badKey;
        }

        var reference = await reads.Reference(http.RequestAborted);
        var body = await Body.Read(http);
        // Addresses and secrets may hold eleven digits by chance.
        var url = body.Root.OpaqueText("url", LongestUrl);
        if (url.Length > 0 && !IsReceiver(url, environment.IsDevelopment()))
        {
            body.Root.Fault("url", "invalidUrl");
        }

        var given = body.Root.OptionalOpaqueText("secret", Signature.LongestSecret);
        if (given is not null && !Signature.IsSecret(given))
        {
            body.Root.Fault("secret", "invalidSecret", Signature.ShortestSecret, Signature.LongestSecret);
        }

        var technique = body.Root.OptionalText("technique");
        if (technique is not null && !reference.Regulations.Qualifying.Contains(technique))
        {
            body.Root.Fault("technique", "unknownTechnique");
        }

        if (body.Refused(http) is { } refused)
        {
            return refused;
        }

        var owner = Owner.Of(caller);
        await using var connection = await reads.Open(http.RequestAborted);
        await using var transaction = await connection.BeginTransactionAsync(http.RequestAborted);
        await WebhookRows.HoldSet(connection, http.RequestAborted);
        if (key is not null && await Before(connection, http, caller, key, http.RequestAborted) is { } before)
        {
            await transaction.RollbackAsync(http.RequestAborted);
            return !before.BodyHash.AsSpan().SequenceEqual(body.Sha256()) ? Problem.Refused(http, "idempotencyKeyReused")
                : await rows.Find(owner, before.Webhook, http.RequestAborted) is { } made ? Created(made)
                : Problem.Hidden(http);
        }

        if (await WebhookRows.Count(connection, owner, http.RequestAborted) >= MaxPerOwner)
        {
            return Problem.Refused(http, "tooManyWebhooks", MaxPerOwner);
        }

        var webhook = await WebhookRows.Insert(connection, owner, url, given ?? Signature.NewSecret(), technique, await log.Head(http.RequestAborted), http.RequestAborted);
        if (key is not null)
        {
            await Keep(connection, http, caller, key, body.Sha256(), webhook.Id, http.RequestAborted);
        }

        await transaction.CommitAsync(http.RequestAborted);
        return Created(webhook);
    }

    private static IResult Created(Webhook webhook) =>
        Results.Json(new WebhookCreated(webhook.Id, webhook.Url, webhook.Technique, webhook.CreatedAt, webhook.Secret, webhook.BeginsAfter), Json.Options, statusCode: 201);

    /// <summary>An absolute https address of a host, without user information, which would end in logs, and without fragment. Plain http only where receivers are tried out.</summary>
    internal static bool IsReceiver(string url, bool development) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (development && uri.Scheme == Uri.UriSchemeHttp))
        && uri is { UserInfo: "", Fragment: "", Host.Length: > 0 };

    // The answer is made out anew from the webhook: the secret stands in one table only.
    private static async Task<(byte[] BodyHash, Guid Webhook)?> Before(NpgsqlConnection connection, HttpContext http, Caller caller, string key, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select body_hash, (answer ->> 'id')::uuid from compliance.idempotency_keys
            where caller = $1 and path = $2 and key = $3 and created_at > clock_timestamp() - $4
            """,
            connection);
        AddKey(command, http, caller, key);
        command.Parameters.Add(new() { Value = Answers.KeptFor });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetFieldValue<byte[]>(0), reader.GetGuid(1)) : null;
    }

    private static async Task Keep(NpgsqlConnection connection, HttpContext http, Caller caller, string key, byte[] hash, Guid webhook, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into compliance.idempotency_keys (caller, path, key, body_hash, status, answer, stream, version)
            values ($1, $2, $3, $4, 201, jsonb_build_object('id', $5::text), '', 0)
            on conflict (caller, path, key) do update set body_hash = excluded.body_hash, answer = excluded.answer, created_at = clock_timestamp()
            """,
            connection);
        AddKey(command, http, caller, key);
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = webhook.ToString("D"), NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static void AddKey(NpgsqlCommand command, HttpContext http, Caller caller, string key)
    {
        command.Parameters.Add(new() { Value = caller.Name });
        command.Parameters.Add(new() { Value = http.Request.Path.Value });
        command.Parameters.Add(new() { Value = key });
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, WebhookRows rows, Reads reads)
    {
        var query = Query.Of(http);
        var limit = query.Limit();
        Guid? after = null;
        if (query.Cursor(keys: 1) is [var last])
        {
            after = Guid.TryParseExact(last, "D", out var parsed) ? parsed : null;
            if (after is null)
            {
                query.Fault("cursor", "invalidCursor");
            }
        }

        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var webhooks = await rows.Of(Owner.Of(caller), null, after, limit + 1, http.RequestAborted);
        return Results.Json(Paged.Cut(await Shown(rows, webhooks, http.RequestAborted), limit, w => [w.Id.ToString("D")]), Json.Options);
    }

    private static async Task<IResult> Show(HttpContext http, Caller caller, WebhookRows rows, Reads reads)
    {
        var (webhook, query, refused) = await Own(http, caller, rows);
        if (webhook is null)
        {
            return refused!;
        }

        var minPosition = query.Position();
        return query.Refused(http) ?? await Reached(http, reads, webhook, minPosition) as IResult
            ?? Results.Json((await Shown(rows, [webhook], http.RequestAborted))[0], Json.Options);
    }

    private static async Task<IResult> Delete(HttpContext http, Caller caller, WebhookRows rows)
    {
        var (webhook, query, refused) = await Own(http, caller, rows);
        if ((refused ?? query.Refused(http)) is { } answer)
        {
            return answer;
        }

        await rows.Delete(webhook!.Id, http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> Deliveries(HttpContext http, Caller caller, WebhookRows rows, Reads reads)
    {
        var (webhook, query, missing) = await Own(http, caller, rows);
        if (webhook is null)
        {
            return missing!;
        }

        var state = query.OptionalChoice<DeliveryState>("state");
        var limit = query.Limit();
        (long, int)? after = null;
        if (query.Cursor(keys: 1) is [var last])
        {
            after = Parse(last);
            if (after is null)
            {
                query.Fault("cursor", "invalidCursor");
            }
        }

        var minPosition = query.Position();
        if ((query.Refused(http) ?? await Reached(http, reads, webhook, minPosition)) is { } refused)
        {
            return refused;
        }

        var deliveries = await rows.Deliveries(webhook.Id, state, after, limit + 1, http.RequestAborted);
        return Results.Json(Paged.Cut([.. deliveries.Select(Shown)], limit, d => [d.DeliveryId]), Json.Options);
    }

    private static async Task<IResult> Resolve(HttpContext http, Caller caller, WebhookRows rows, DeliveryState to)
    {
        var (webhook, query, missing) = await Own(http, caller, rows);
        if (webhook is null)
        {
            return missing!;
        }

        var key = Parse(query.PathId("deliveryId"));
        var body = await Body.Read(http);
        // There is nothing to say, so no body is as good as an empty object.
        if ((query.Refused(http) ?? (body.Faults is [{ Code: "emptyBody" }] ? null : body.Refused(http))) is { } refused)
        {
            return refused;
        }

        if (key is not var (position, n))
        {
            return Problem.Hidden(http);
        }

        if (webhook.EndedAt is not null)
        {
            return Problem.Refused(http, "webhookEnded");
        }

        return await rows.Resolve(webhook.Id, position, n, to, http.RequestAborted) switch
        {
            null => Problem.Hidden(http),
            // Asked for again, it is so already.
            { } delivery when delivery.State == to => Results.Json(Shown(delivery), Json.Options),
            _ => Problem.Refused(http, "deliveryNotDead"),
        };
    }

    /// <summary>The webhook of the path; another's is answered like one that is not there.</summary>
    private static async Task<(Webhook? Webhook, Query Query, Problem? Refused)> Own(HttpContext http, Caller caller, WebhookRows rows)
    {
        var query = Query.Of(http);
        var id = query.PathUuid("id");
        if (query.HasFaults)
        {
            return (null, query, Problem.Invalid(http, query.Faults));
        }

        var webhook = await rows.Find(Owner.Of(caller), id, http.RequestAborted);
        return (webhook, query, webhook is null ? Problem.Hidden(http) : null);
    }

    // Up to where it began there was nothing to turn, and once it has ended nothing is.
    private static async Task<Problem?> Reached(HttpContext http, Reads reads, Webhook webhook, long? position) =>
        position <= webhook.BeginsAfter || webhook.EndedAt is not null ? null : await reads.Reached(http, Dispatch.Name, position);

    private static async Task<IReadOnlyList<WebhookShown>> Shown(WebhookRows rows, IReadOnlyList<Webhook> webhooks, CancellationToken cancellation)
    {
        var unsettled = await rows.Unsettled([.. webhooks.Select(w => w.Id)], cancellation);
        return [.. webhooks.Select(w =>
        {
            var (pending, dead) = unsettled.GetValueOrDefault(w.Id);
            return new WebhookShown(w.Id, w.Url, w.Technique, w.CreatedAt, w.EndedAt, w.EndedBecause, pending, dead);
        })];
    }

    private static DeliveryShown Shown(WebhookRows.DeliveryRow d) => new(
        $"{d.Position}-{d.N}",
        d.MessageId,
        d.Subject,
        d.Type,
        d.State,
        d.Attempts,
        d.CreatedAt,
        d.State == DeliveryState.Pending ? d.NextAttemptAt : null,
        d.LastAttemptAt,
        d.LastStatus,
        d.LastError,
        d.SettledAt,
        d.Position);

    private static (long Position, int N)? Parse(string deliveryId) =>
        deliveryId.Split('-') is [var position, var n]
        && long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var p)
        && int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var i)
            ? (p, i)
            : null;
}
