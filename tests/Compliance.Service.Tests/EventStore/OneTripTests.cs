using System.Diagnostics;
using Compliance.Service.EventStore;
using static Compliance.Service.Tests.EventStore.EventStoreFixture;

namespace Compliance.Service.Tests.EventStore;

/// <summary>What is written as if every expected version were right, and what becomes of it when one is not.</summary>
public sealed class OneTripTests(EventStoreFixture db) : IClassFixture<EventStoreFixture>
{
    /// <summary>Below and above what is written by COPY.</summary>
    public static readonly TheoryData<int> Sizes = [20, 300];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_wrong_version_is_one_callers_conflict(int neighbours)
    {
        var store = db.NewStore();
        var (ahead, behind, missing) = (db.NewStream(), db.NewStream(), db.NewStream());
        await store.Append(Note(ahead, 0));
        await store.Append(Note(behind, 0));
        await store.Append(Note(behind, 1));

        var results = await db.Grouped(store, [Note(ahead, 0), Note(behind, 1), Note(missing, 4), .. New(neighbours)]);
        results[0].ShouldBe(new AppendResult.Conflict(1));
        results[1].ShouldBe(new AppendResult.Conflict(2));
        results[2].ShouldBe(new AppendResult.Conflict(0));
        results.Skip(3).ShouldAllBe(result => result is AppendResult.Appended);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task An_earlier_request_that_is_wrong_does_not_spoil_a_later_one_of_the_same_stream(int neighbours)
    {
        var store = db.NewStore();
        var stream = db.NewStream();
        await store.Append(Note(stream, 0));
        var results = await db.Grouped(store, [Note(stream, 0), Note(stream, 1), .. New(neighbours)]);
        results[0].ShouldBe(new AppendResult.Conflict(1));
        results[1].ShouldBeOfType<AppendResult.Appended>().Version.ShouldBe(2);
        results.Skip(2).ShouldAllBe(result => result is AppendResult.Appended);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task What_expired_is_refused_alone(int neighbours)
    {
        var store = db.NewStore();
        var last = (await store.Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Appended>().RecordedAt;
        var results = await db.Grouped(store, [Note(db.NewStream(), 0) with { NotAfter = last }, Note(db.NewStream(), 0) with { NotAfter = last.AddHours(1) }, .. New(neighbours)]);
        results[0].ShouldBeOfType<AppendResult.Expired>();
        results.Skip(1).ShouldAllBe(result => result is AppendResult.Appended);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_companion_refused_in_a_group_refuses_its_caller_alone(int neighbours)
    {
        var store = db.NewStore();
        var key = db.NewStream();
        await store.Append(Note(db.NewStream(), 0, new Companion(Key, key)));
        var results = await db.Grouped(store, [Note(db.NewStream(), 0, new Companion(Key, key)), .. New(neighbours)]);
        results[0].ShouldBe(new AppendResult.CompanionRefused("key"));
        results.Skip(1).ShouldAllBe(result => result is AppendResult.Appended);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_strangers_row_lock_costs_its_stream_alone_and_little_time(int neighbours)
    {
        var store = db.NewStore();
        var locked = db.NewStream();
        await store.Append(Note(locked, 0));
        await db.While($"select from events.mt_streams where id = '{locked}' for update", async () =>
        {
            var started = Stopwatch.GetTimestamp();
            var results = await db.Grouped(store, [Note(locked, 1), .. New(neighbours)]);
            results[0].ShouldBeOfType<AppendResult.Unavailable>();
            results.Skip(1).ShouldAllBe(result => result is AppendResult.Appended);
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(2));
        });
        (await store.Append(Note(locked, 1))).ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task Positions_and_stamps_rise_whichever_way_the_events_are_written()
    {
        var nodes = new[] { db.NewStore(), db.NewStore(TimeSpan.FromHours(1)) };
        var start = await db.Store.Head();
        var grown = db.NewStream();
        var expected = 0;
        for (var round = 0; round < 6; round++)
        {
            var store = nodes[round % 2];
            // By COPY, by two round trips, and twice by one.
            (await store.AppendEach(New(200))).ShouldAllBe(result => result is AppendResult.Appended);
            store.BeforeCommit = () => Task.CompletedTask;
            (await store.Append(Note(grown, 2 * round))).ShouldBeOfType<AppendResult.Appended>();
            store.BeforeCommit = null;
            (await store.Append(Note(grown, (2 * round) + 1))).ShouldBeOfType<AppendResult.Appended>();
            (await store.Append(new AppendRequest(db.NewStream(), 0, [new Noted("1"), new Noted("2"), new Noted("3")]))).ShouldBeOfType<AppendResult.Appended>();
            expected += 205;
        }

        var events = await db.Store.ReadAll(start, 10_000);
        events.Count.ShouldBe(expected);
        foreach (var (before, after) in events.Zip(events.Skip(1)))
        {
            before.Position.ShouldBeLessThan(after.Position);
            before.RecordedAt.ShouldBeLessThanOrEqualTo(after.RecordedAt);
        }

        events.GroupBy(e => e.RecordedAt).Count().ShouldBe(6 * 4);
        events.Where(e => e.Stream == grown).Select(e => e.Version).ShouldBe(Enumerable.Range(1, 12).Select(n => (long)n));
    }

    private AppendRequest[] New(int count) => [.. Enumerable.Range(0, count).Select(_ => Note(db.NewStream(), 0))];
}
