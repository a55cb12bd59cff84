using System.Text;
using Compliance.Service.EventStore;
using static Compliance.Service.Tests.EventStore.EventStoreFixture;

namespace Compliance.Service.Tests.EventStore;

public sealed class AppendTests(EventStoreFixture db) : IClassFixture<EventStoreFixture>
{
    private readonly PostgresEventStore _store = db.Store;

    [Fact]
    public async Task Events_come_back_as_they_went_in()
    {
        var stream = db.NewStream();
        var appended = (await _store.Append(new AppendRequest(stream, 0, [new Noted("张三 \"<>\" 😀"), new Noted("two")]))).ShouldBeOfType<AppendResult.Appended>();
        appended.Version.ShouldBe(2);

        var events = await _store.ReadStream(stream);
        events.Select(e => e.Data).ShouldBe([new Noted("张三 \"<>\" 😀"), new Noted("two")]);
        events.Select(e => e.Version).ShouldBe([1, 2]);
        events.ShouldAllBe(e => e.RecordedAt == appended.RecordedAt && e.Stream == stream);
        events[^1].Position.ShouldBe(appended.Position);
        (await _store.ReadStream(stream, 2)).ShouldHaveSingleItem().Version.ShouldBe(2);
        (await _store.ReadAll(events[0].Position, 1)).ShouldHaveSingleItem().Id.ShouldBe(events[1].Id);
        (await _store.Head()).ShouldBeGreaterThanOrEqualTo(appended.Position);
    }

    [Fact]
    public async Task Several_streams_are_read_together_in_position_order()
    {
        var (first, second) = (db.NewStream(), db.NewStream());
        await _store.Append(Note(first, 0));
        await _store.Append(Note(second, 0));
        var last = (await _store.Append(Note(first, 1))).ShouldBeOfType<AppendResult.Appended>().Position;

        (await _store.ReadStreams([second, first])).Select(e => e.Stream).ShouldBe([first, second, first]);
        (await _store.ReadStreams([second, first], last - 1)).Select(e => e.Stream).ShouldBe([first, second]);
    }

    [Fact]
    public async Task Another_version_than_the_expected_one_is_a_conflict()
    {
        var stream = db.NewStream();
        (await _store.Append(Note(stream, 1))).ShouldBe(new AppendResult.Conflict(0));
        await _store.Append(Note(stream, 0));
        (await _store.Append(Note(stream, 0))).ShouldBe(new AppendResult.Conflict(1));
        (await _store.Append(Note(stream, 1))).ShouldBeOfType<AppendResult.Appended>().Version.ShouldBe(2);
        (await _store.ReadStream(stream)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_key_taken_refuses_the_events_with_it()
    {
        var (first, second) = (db.NewStream(), db.NewStream());
        (await _store.Append(Note(first, 0, new Companion(Key, first)))).ShouldBeOfType<AppendResult.Appended>();
        (await _store.Append(Note(second, 0, new Companion(Key, first)))).ShouldBe(new AppendResult.CompanionRefused("key"));
        (await _store.ReadStream(second)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Companions_alone_check_the_version_and_leave_the_stream_alone()
    {
        var stream = db.NewStream();
        var keyOnly = new AppendRequest(stream, 0, []) { Companions = [new Companion(Key, stream)] };
        (await _store.Append(keyOnly with { ExpectedVersion = 3 })).ShouldBe(new AppendResult.Conflict(0));
        var appended = (await _store.Append(keyOnly)).ShouldBeOfType<AppendResult.Appended>();
        (appended.Version, appended.Position).ShouldBe((0, 0));
        (await db.Scalar<long>($"select count(*) from events.mt_streams where id = '{stream}'")).ShouldBe(0);
        (await db.Scalar<long>($"select count(*) from keys where key = '{stream}'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_checkpoint_moves_only_from_where_it_stands()
    {
        async Task<AppendResult> Move(long from, long to) =>
            await _store.Append(new AppendRequest("any", 0, []) { Companions = [Checkpoints.Move("moved:All", from, to)] });

        var refused = new AppendResult.CompanionRefused("checkpoint");
        (await Move(5, 6)).ShouldBe(refused);
        (await Move(0, 5)).ShouldBeOfType<AppendResult.Appended>();
        (await Move(0, 5)).ShouldBe(refused);
        (await Move(5, 5)).ShouldBeOfType<AppendResult.Appended>();
        (await Move(5, 7)).ShouldBeOfType<AppendResult.Appended>();
        (await Move(5, 8)).ShouldBe(refused);
        (await db.Scalar<long>("select last_seq_id from events.mt_event_progression where name = 'moved:All'")).ShouldBe(7);
    }

    [Fact]
    public async Task Of_concurrent_appends_to_one_stream_exactly_one_wins()
    {
        var stream = db.NewStream();
        var other = db.NewStore();
        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? _store : other).Append(Note(stream, 0))));
        results.OfType<AppendResult.Appended>().Count().ShouldBe(1);
        results.OfType<AppendResult.Conflict>().ShouldAllBe(conflict => conflict.ActualVersion == 1);
        (await _store.ReadStream(stream)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task In_a_group_only_the_culprits_are_refused()
    {
        var taken = db.NewStream();
        await _store.Append(Note(taken, 0, new Companion(Key, taken)));
        // What the companion's statement meets only on the server, and what only the server refuses.
        await db.Execute("create table small (n int primary key check (n < 10))");
        var small = new CompanionKind("small", "insert into small (n) select * from unnest($1::int[])", NpgsqlTypes.NpgsqlDbType.Integer);

        var group = await db.Grouped(
            _store,
            Note(taken, 0),
            Note(db.NewStream(), 0, new Companion(Key, taken)),
            Note(db.NewStream(), 0, new Companion(small, 11)),
            Note(db.NewStream(), 0, new Companion(small, 1)),
            new AppendRequest(db.NewStream(), 0, [new Noted("\0")]),
            Note("chained", 0),
            Note("chained", 1),
            Note("chained", 1));

        group[0].ShouldBe(new AppendResult.Conflict(1));
        group[1].ShouldBe(new AppendResult.CompanionRefused("key"));
        group[2].ShouldBe(new AppendResult.CompanionRefused("small"));
        group[3].ShouldBeOfType<AppendResult.Appended>();
        group[4].ShouldBeOfType<AppendResult.Rejected>();
        group[5].ShouldBeOfType<AppendResult.Appended>();
        group[6].ShouldBeOfType<AppendResult.Appended>().Version.ShouldBe(2);
        group[7].ShouldBe(new AppendResult.Conflict(2));
    }

    [Fact]
    public async Task A_group_commits_once()
    {
        var requests = Enumerable.Range(0, 100).Select(_ => Note(db.NewStream(), 0)).ToArray();
        var stamps = (await db.Grouped(_store, requests)).Select(result => result.ShouldBeOfType<AppendResult.Appended>().RecordedAt);
        stamps.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_companion_whose_statement_is_wrong_throws_at_its_caller_alone()
    {
        var wrong = new CompanionKind("wrong", "insert into no_such_table (n) select * from unnest($1::int[])", NpgsqlTypes.NpgsqlDbType.Integer);
        var neighbour = _store.Append(Note(db.NewStream(), 0));
        var culprit = _store.Append(Note(db.NewStream(), 0, new Companion(wrong, 1)));
        (await culprit.ShouldThrowAsync<Npgsql.PostgresException>()).SqlState.ShouldBe("42P01");
        (await neighbour).ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task Text_that_jsonb_cannot_hold_is_rejected()
    {
        // Not [InlineData]: the compiler writes attributes in UTF-8, which has no lone surrogates either.
        foreach (var text in new[] { "NUL \0", "lone high \uD83D", "lone low \uDE00 and on", "reversed \uDE00\uD83D", "\uD83D\uDE00 then \uD83D." })
        {
            (await _store.Append(new AppendRequest(db.NewStream(), 0, [new Noted(text)]))).ShouldBeOfType<AppendResult.Rejected>();
            (await _store.Append(Note(text, 0))).ShouldBeOfType<AppendResult.Rejected>();
            (await _store.Append(Note(db.NewStream(), 0, new Companion(Key, text)))).ShouldBeOfType<AppendResult.Rejected>();
        }
    }

    [Fact]
    public async Task A_replacement_character_is_text_like_any_other()
    {
        var stream = db.NewStream();
        await _store.Append(new AppendRequest(stream, 0, [new Noted("\uFFFD \\u0000")]));
        (await _store.ReadStream(stream)).ShouldHaveSingleItem().Data.ShouldBe(new Noted("\uFFFD \\u0000"));
    }

    [Fact]
    public async Task Size_and_depth_are_bounded()
    {
        var overhead = Encoding.UTF8.GetByteCount("""{"Text":""}""");
        (await _store.Append(new AppendRequest(db.NewStream(), 0, [new Noted(new string('x', EventStoreLimits.EventBytes - overhead))])))
            .ShouldBeOfType<AppendResult.Appended>();
        (await _store.Append(new AppendRequest(db.NewStream(), 0, [new Noted(new string('x', EventStoreLimits.EventBytes))])))
            .ShouldBeOfType<AppendResult.Rejected>();

        (await _store.Append(new AppendRequest(db.NewStream(), 0, [Deep(EventStoreLimits.EventDepth / 2)]))).ShouldBeOfType<AppendResult.Appended>();
        (await _store.Append(new AppendRequest(db.NewStream(), 0, [Deep((EventStoreLimits.EventDepth / 2) + 1)]))).ShouldBeOfType<AppendResult.Rejected>();

        // An object and its list are two levels.
        static Nested Deep(int objects) => new(objects == 1 ? [] : [Deep(objects - 1)]);
    }

    [Fact]
    public async Task An_unknown_wire_name_stops_the_reader_and_is_named()
    {
        var appended = (await _store.Append(new AppendRequest(db.NewStream(), 0, [new Nested([])]))).ShouldBeOfType<AppendResult.Appended>();
        var older = db.NewStore(types: new EventTypes([Types.For(typeof(Noted))]));
        var unknown = await older.ReadAll(appended.Position - 1, 10).ShouldThrowAsync<UnknownEventTypeException>();
        (unknown.WireName, unknown.Position).ShouldBe(("nested", appended.Position));
        await older.Append(new AppendRequest(db.NewStream(), 0, [new Nested([])])).ShouldThrowAsync<ArgumentException>();
    }

    [Fact]
    public void The_table_of_event_types_refuses_doubles()
    {
        var noted = Types.For(typeof(Noted));
        Should.Throw<ArgumentException>(() => new EventTypes([noted, noted with { WireName = "other" }]));
        Should.Throw<ArgumentException>(() => new EventTypes([noted, Types.For(typeof(Nested)) with { WireName = "noted" }]));
        Should.Throw<ArgumentException>(() => new EventTypes([noted with { WireName = "CamelCase" }]));
    }
}
