using Compliance.Service.EventStore;
using static Compliance.Service.Tests.EventStore.EventStoreFixture;

namespace Compliance.Service.Tests.EventStore;

public sealed class CommitOrderTests(EventStoreFixture db) : IClassFixture<EventStoreFixture>
{
    /// <summary>Two writers and a reader: the first draws its position and is slow to commit, the second is quick, the reader goes on from
    /// the last position it has seen. Without the lock it never sees the first writer's event, which is why the lock exists.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reader_never_skips_a_position_thanks_to_the_append_lock(bool withLock)
    {
        var (slow, quick) = (db.NewStore(), db.NewStore());
        slow.WithoutAppendLock = quick.WithoutAppendLock = !withLock;
        var drawn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.BeforeCommit = () =>
        {
            drawn.SetResult();
            return gate.Task;
        };
        var start = await db.Store.Head();

        var first = slow.Append(Note(db.NewStream(), 0));
        await drawn.Task;
        var second = quick.Append(Note(db.NewStream(), 0));
        // With the lock the second cannot finish, so there is nothing to wait for but a moment in which it could go wrong.
        await Task.WhenAny(second, Task.Delay(300));
        var seen = new List<long>();
        await ReadOn();
        gate.SetResult();
        var firstPosition = (await first).ShouldBeOfType<AppendResult.Appended>().Position;
        var secondPosition = (await second).ShouldBeOfType<AppendResult.Appended>().Position;
        await ReadOn();

        firstPosition.ShouldBeLessThan(secondPosition);
        seen.ShouldBe(withLock ? [firstPosition, secondPosition] : [secondPosition]);

        async Task ReadOn() => seen.AddRange((await db.Store.ReadAll(seen.LastOrDefault(start), 100)).Select(e => e.Position));
    }

    [Fact]
    public async Task Under_load_from_two_nodes_a_reader_sees_every_position()
    {
        var nodes = new[] { db.NewStore(), db.NewStore() };
        var start = await db.Store.Head();
        var writing = Task.WhenAll(Enumerable.Range(0, 16).Select(async caller =>
        {
            for (var i = 0; i < 40; i++)
                (await nodes[caller % 2].Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Appended>();
        }));

        var seen = new List<long>();
        bool done;
        do
        {
            done = writing.IsCompleted;
            seen.AddRange((await db.Store.ReadAll(seen.LastOrDefault(start), 7)).Select(e => e.Position));
        }
        while (!done || seen.LastOrDefault(start) < await db.Store.Head());

        await writing;
        seen.Count.ShouldBe(16 * 40);
        seen.ShouldBe((await db.Store.ReadAll(start, 10_000)).Select(e => e.Position));
    }

    [Fact]
    public async Task Recorded_at_rises_with_the_position_whatever_the_nodes_clocks_say()
    {
        var nodes = new[] { db.NewStore(), db.NewStore(TimeSpan.FromHours(1)), db.NewStore(TimeSpan.FromHours(-1)) };
        var start = await db.Store.Head();
        for (var i = 0; i < 9; i++)
            await nodes[i % 3].Append(Note(db.NewStream(), 0));

        var stamps = (await db.Store.ReadAll(start, 100)).Select(e => e.RecordedAt).ToArray();
        stamps.Length.ShouldBe(9);
        stamps.Zip(stamps.Skip(1)).ShouldAllBe(pair => pair.First < pair.Second);
        (stamps[^1] - DateTimeOffset.UtcNow).ShouldBeGreaterThan(TimeSpan.FromMinutes(59));
    }

    [Fact]
    public async Task A_decision_that_was_good_until_midnight_is_not_recorded_after_it()
    {
        var stream = db.NewStream();
        var last = (await db.Store.Append(Note(stream, 0))).ShouldBeOfType<AppendResult.Appended>().RecordedAt;
        (await db.Store.Append(Note(stream, 1) with { NotAfter = last })).ShouldBeOfType<AppendResult.Expired>().Stamp.ShouldBeGreaterThan(last);
        (await db.Store.ReadStream(stream)).Count.ShouldBe(1);
        (await db.Store.Append(Note(stream, 1) with { NotAfter = last.AddHours(2) })).ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task Another_nodes_append_wakes_who_waits()
    {
        var (node, other) = (db.NewStore(), db.NewStore());
        var head = await node.Head();
        await node.WaitForAppend(head, TimeSpan.FromMilliseconds(300)); // starts listening, and runs out
        for (var round = 0; round < 5; round++)
        {
            var woken = node.WaitForAppend(head, TimeSpan.FromSeconds(30));
            woken.IsCompleted.ShouldBeFalse();
            head = (await other.Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Appended>().Position;
            // Less than the polling interval five times over: it was the notification.
            await woken.WaitAsync(TimeSpan.FromMilliseconds(700));
        }

        await node.WaitForAppend(head - 1, TimeSpan.FromSeconds(30)).WaitAsync(TimeSpan.FromMilliseconds(100));
        using var cancelled = new CancellationTokenSource(50);
        await node.WaitForAppend(head, TimeSpan.FromSeconds(30), cancelled.Token).ShouldThrowAsync<OperationCanceledException>();
    }
}
