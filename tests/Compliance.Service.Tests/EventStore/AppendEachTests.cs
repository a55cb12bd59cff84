using Compliance.Service.EventStore;
using static Compliance.Service.Tests.EventStore.EventStoreFixture;

namespace Compliance.Service.Tests.EventStore;

public sealed class AppendEachTests(EventStoreFixture db) : IClassFixture<EventStoreFixture>
{
    /// <summary>Enough that they are written by COPY.</summary>
    private const int Many = 400;

    private readonly PostgresEventStore _store = db.Store;

    [Theory]
    [InlineData(0)]
    [InlineData(Many)]
    public async Task Each_request_has_its_own_success_conflict_or_refusal(int neighbours)
    {
        var (known, stale, twice, key) = (db.NewStream(), db.NewStream(), db.NewStream(), db.NewStream());
        await _store.Append(Note(known, 0));
        await _store.Append(Note(stale, 0, new Companion(Key, key)));

        AppendRequest[] requests =
        [
            Note(known, 1),
            Note(stale, 0),
            Note(db.NewStream(), 0, new Companion(Key, key)),
            Note(twice, 0),
            Note(twice, 1, new Companion(Key, twice)),
            Note(twice, 1),
            new AppendRequest(db.NewStream(), 0, [new Noted("\0")]),
            .. Enumerable.Range(0, neighbours).Select(_ => Note(db.NewStream(), 0)),
        ];
        var results = await _store.AppendEach(requests);

        results.Count.ShouldBe(requests.Length);
        results[0].ShouldBeOfType<AppendResult.Appended>().Version.ShouldBe(2);
        results[1].ShouldBe(new AppendResult.Conflict(1));
        results[2].ShouldBe(new AppendResult.CompanionRefused("key"));
        results[3].ShouldBeOfType<AppendResult.Appended>().Version.ShouldBe(1);
        results[4].ShouldBeOfType<AppendResult.Appended>().Version.ShouldBe(2);
        results[5].ShouldBe(new AppendResult.Conflict(2));
        results[6].ShouldBeOfType<AppendResult.Rejected>();
        results.Skip(7).ShouldAllBe(result => result is AppendResult.Appended);
        await ShouldStand(requests, results);
        (await db.Scalar<long>($"select count(*) from keys where key in ('{key}', '{twice}')")).ShouldBe(2);
    }

    [Fact]
    public async Task Many_without_a_quarrel_commit_once()
    {
        AppendRequest[] requests = [.. Enumerable.Range(0, EventStoreLimits.RequestsPerCall).Select(_ => Note(db.NewStream(), 0))];
        var results = await _store.AppendEach(requests);
        results.Cast<AppendResult.Appended>().Select(result => result.RecordedAt).Distinct().ShouldHaveSingleItem();
        await ShouldStand(requests, results);
    }

    [Fact]
    public async Task Unusually_large_ones_are_written_all_the_same()
    {
        AppendRequest[] requests =
            [.. Enumerable.Range(0, 30).Select(i => new AppendRequest(db.NewStream(), 0, [.. Enumerable.Range(0, 100).Select(n => new Noted($"{i} {n} " + new string('x', 5_000)))]))];
        await ShouldStand(requests, await _store.AppendEach(requests));
    }

    [Fact]
    public async Task None_is_nothing_and_too_many_are_a_bug()
    {
        (await _store.AppendEach([])).ShouldBeEmpty();
        var head = await _store.Head();
        await _store.AppendEach([.. Enumerable.Range(0, EventStoreLimits.RequestsPerCall + 1).Select(_ => Note(db.NewStream(), 0))]).ShouldThrowAsync<ArgumentException>();
        (await _store.Head()).ShouldBe(head);
    }

    [Fact]
    public async Task While_a_stranger_holds_the_append_lock_all_are_unavailable_and_the_queue_stays_bounded()
    {
        var store = db.NewStore();
        await db.While($"select pg_advisory_xact_lock({PostgresEventStore.AppendLockKey})", async () =>
        {
            var calls = Enumerable.Range(0, 8).Select(_ => store.AppendEach([.. Enumerable.Range(0, 1_000).Select(_ => Note(db.NewStream(), 0))])).ToArray();
            var results = (await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(4))).SelectMany(result => result).ToArray();
            results.ShouldAllBe(result => result is AppendResult.Unavailable);
            results.ShouldContain(new AppendResult.Unavailable("Too many writes are waiting."));
        });
        (await store.AppendEach([Note(db.NewStream(), 0)])).ShouldHaveSingleItem().ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task One_caller_does_not_wait_behind_all_the_imports()
    {
        var store = db.NewStore();
        var stamps = new List<DateTimeOffset>();
        var (calls, single) = await db.WhileHeld(store, () => (
            Enumerable.Range(0, 4).Select(_ => store.AppendEach([.. Enumerable.Range(0, 1_000).Select(_ => Note(db.NewStream(), 0))])).ToArray(),
            store.Append(Note(db.NewStream(), 0))));
        foreach (var call in calls)
            stamps.Add((await call)[^1].ShouldBeOfType<AppendResult.Appended>().RecordedAt);
        (await single).ShouldBeOfType<AppendResult.Appended>().RecordedAt.ShouldBeLessThan(stamps.Max());
    }

    private async Task ShouldStand(IReadOnlyList<AppendRequest> requests, IReadOnlyList<AppendResult> results)
    {
        foreach (var (request, result) in requests.Zip(results).Where(pair => pair.Second is AppendResult.Appended).TakeLast(50))
        {
            var appended = (AppendResult.Appended)result;
            var written = (await _store.ReadStream(request.Stream, request.ExpectedVersion + 1)).Take(request.Events.Count).ToArray();
            written.Select(e => e.Data).ShouldBe(request.Events);
            (written[^1].Version, written[^1].Position, written[^1].RecordedAt).ShouldBe((appended.Version, appended.Position, appended.RecordedAt));
        }
    }
}
