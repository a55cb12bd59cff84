using Compliance.Calendars;
using Compliance.Qualifications;
using Compliance.Service.EventStore;
using Compliance.Service.Qualifications;
using Npgsql;

namespace Compliance.Service.Webhooks;

/// <summary>Turns the log into deliveries: rows and checkpoint commit together, so that each event is turned once for each webhook.</summary>
public sealed class Dispatch(NpgsqlDataSource database, IEventStore log)
{
    public const string Name = "webhooks:All";

    /// <summary>Events turned in one transaction: what they tell, and the streams it is read from, fit into memory many times over.</summary>
    private const int Batch = 1_000;

    private long _checkpoint;

    /// <summary>How far it has come.</summary>
    public long Position { get; private set; }

    /// <summary>Takes up where the node that owned it before has left off.</summary>
    public async Task Begin(CancellationToken cancellation) => Position = _checkpoint = await Checkpoints.Read(database, Name, cancellation);

    /// <summary>Turns the next events.</summary>
    /// <param name="from">No webhook is told of events up to this position: a new one begins at the log's head.</param>
    /// <returns>The webhooks that have something to deliver, and whether there is more to turn.</returns>
    /// <exception cref="CheckpointMovedException">Another node is the owner; nothing was written.</exception>
    public async Task<(IReadOnlyCollection<Guid> Webhooks, bool More)> Advance(long from, CancellationToken cancellation)
    {
        Position = Math.Max(_checkpoint, from);
        var batch = await log.ReadAll(Position, Batch, cancellation);
        if (batch.Count == 0)
        {
            return ([], false);
        }

        var messages = await Messages(batch, cancellation);
        var last = batch[^1].Position;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await WebhookRows.HoldSet(connection, cancellation);
        await Checkpoints.Move(connection, Name, _checkpoint, last, cancellation);
        List<Delivery> deliveries = [];
        if (messages.Count > 0)
        {
            // Read under the lock: one set up since begins behind these events, or is among them.
            var webhooks = await WebhookRows.Active(connection, cancellation);
            deliveries.AddRange(
                from message in messages
                from webhook in webhooks.Select(w => w.Webhook)
                where message.Position > webhook.BeginsAfter && webhook.IsTold(message.Telling, message.Places, message.Provinces)
                select new Delivery(webhook.Id, message.Position, message.N, message.Id, message.Telling.Subject, message.Telling.Type, message.Body));
            await WebhookRows.Add(connection, deliveries, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        Position = _checkpoint = last;
        return (deliveries.Select(d => d.Webhook).ToHashSet(), batch.Count == Batch);
    }

    /// <summary>A telling made out: the same body for everybody whom it concerns.</summary>
    private sealed record Message(long Position, int N, string Id, Telling Telling, string Body, IReadOnlyCollection<string> Places, IReadOnlyCollection<string> Provinces);

    private async Task<IReadOnlyList<Message>> Messages(IReadOnlyList<RecordedEvent> batch, CancellationToken cancellation)
    {
        var told = batch.SelectMany(e => Told.Of(e.Data).Select((telling, n) => (Event: e, Telling: telling, N: n))).ToList();
        if (told.Count == 0)
        {
            return [];
        }

        var streams = (await log.ReadStreams([.. told.Where(t => t.Event.Data is Qualification.Event).Select(t => t.Event.Stream).Distinct()], batch[^1].Position, cancellation))
            .ToLookup(e => e.Stream);
        var messages = new List<Message>(told.Count);
        foreach (var day in told.GroupBy(t => Shanghai.DayOf(t.Event.RecordedAt)))
        {
            var holders = await Holders.FindAll(log, [.. day.Select(t => t.Telling.Holder).OfType<Subject>().Distinct()], day.Key, cancellation);
            messages.AddRange(day.Select(t => Make(t.Event, t.Telling, t.N, streams[t.Event.Stream], t.Telling.Holder is { } of ? holders.GetValueOrDefault(of) : null)));
        }

        return messages;
    }

    private static Message Make(RecordedEvent recorded, Telling telling, int n, IEnumerable<RecordedEvent> stream, Holder? holder)
    {
        Qualification.State? before = null, after = null;
        if (recorded.Data is Qualification.Event now)
        {
            before = Qualification.Fold(stream.Where(e => e.Version < recorded.Version).Select(e => (Qualification.Event)e.Data));
            after = Qualification.Evolve(before, now);
        }

        // The province that suspended ends what it began, wherever the holder has gone since; and who proposed hears what became of it.
        string?[] provinces =
        [
            telling.Province, holder?.Province, before?.StandingSuspension?.Province, after?.StandingSuspension?.Province,
            after?.Proposals.FirstOrDefault(p => p.Id == telling.ProposalId)?.Province,
        ];
        var id = n == 0 ? recorded.Id.ToString("D") : $"{recorded.Id:D}-{n}";
        var data = new ToldData(
            telling.Technique,
            after?.Standing,
            telling.JudgedOn,
            telling.EffectiveOn,
            telling.RectificationEndsOn,
            telling.DecisionDueOn,
            telling.ProposalId,
            telling.Sanction,
            telling.Agreed,
            telling.Passed,
            telling.Link,
            recorded.Position);
        return new(recorded.Position, n, id, telling, CloudEvent.Of(id, recorded.RecordedAt, telling, data).Text(), holder?.Places ?? [], [.. provinces.OfType<string>().Where(p => p.Length > 0).Distinct()]);
    }
}
