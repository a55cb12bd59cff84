using System.Diagnostics;
using System.Net.Sockets;
using Compliance.Service.EventStore;
using Npgsql;
using static Compliance.Service.Tests.EventStore.EventStoreFixture;

namespace Compliance.Service.Tests.EventStore;

/// <summary>Foreign locks and broken connections.</summary>
public sealed class TroubleTests(EventStoreFixture db) : IClassFixture<EventStoreFixture>
{
    private static readonly string TakeAppendLock = $"select pg_advisory_xact_lock({PostgresEventStore.AppendLockKey})";

    [Fact]
    public async Task While_a_stranger_holds_the_append_lock_writes_are_unavailable_within_two_seconds()
    {
        var store = db.NewStore();
        await db.While(TakeAppendLock, async () =>
        {
            var started = Stopwatch.GetTimestamp();
            var waits = new List<Task<TimeSpan>>();
            // They come in while the writer is already waiting, too.
            for (var i = 0; i < 20; i++)
            {
                waits.Add(Wait());
                await Task.Delay(50);
            }

            (await Task.WhenAll(waits)).ShouldAllBe(wait => wait < TimeSpan.FromSeconds(2));
            store.Trouble.ShouldNotBeNull();
        });

        (await store.Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Appended>();
        store.Trouble.ShouldBeNull();

        async Task<TimeSpan> Wait()
        {
            var started = Stopwatch.GetTimestamp();
            (await store.Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Unavailable>();
            return Stopwatch.GetElapsedTime(started);
        }
    }

    [Fact]
    public async Task Trouble_heals_without_a_caller()
    {
        var store = db.NewStore();
        await db.While(TakeAppendLock, async () => await store.Append(Note(db.NewStream(), 0)));
        for (var waited = 0; store.Trouble is not null && waited < 50; waited++)
            await Task.Delay(100);
        store.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task A_foreign_lock_on_one_streams_row_fails_that_stream_alone()
    {
        var store = db.NewStore();
        var locked = db.NewStream();
        await store.Append(Note(locked, 0));
        await db.While($"select from events.mt_streams where id = '{locked}' for update", async () =>
        {
            var culprit = store.Append(Note(locked, 1));
            var neighbours = Enumerable.Range(0, 20).Select(_ => store.Append(Note(db.NewStream(), 0))).ToArray();
            (await culprit).ShouldBeOfType<AppendResult.Unavailable>();
            (await Task.WhenAll(neighbours)).ShouldAllBe(result => result is AppendResult.Appended);
        });
        (await store.Append(Note(locked, 1))).ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task A_stranger_creating_the_same_stream_without_the_append_lock_fails_that_stream_alone()
    {
        var store = db.NewStore();
        var contended = db.NewStream();
        await db.While($"insert into events.mt_streams (id, version, timestamp, created) values ('{contended}', 1, now(), now())", async () =>
        {
            var culprit = store.Append(Note(contended, 0));
            var neighbours = Enumerable.Range(0, 20).Select(_ => store.Append(Note(db.NewStream(), 0))).ToArray();
            (await culprit).ShouldBeOfType<AppendResult.Unavailable>();
            (await Task.WhenAll(neighbours)).ShouldAllBe(result => result is AppendResult.Appended);
        });
        (await store.Append(Note(contended, 0))).ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task Cancelling_withdraws_what_still_waits()
    {
        var store = db.NewStore();
        var stream = db.NewStream();
        await db.While(TakeAppendLock, async () =>
        {
            var taken = store.Append(Note(db.NewStream(), 0));
            await Task.Delay(100);
            using var cancellation = new CancellationTokenSource(100);
            await store.Append(Note(stream, 0), cancellation.Token).ShouldThrowAsync<OperationCanceledException>();
            await taken;
        });
        (await store.Append(Note(stream, 0))).ShouldBeOfType<AppendResult.Appended>();
    }

    [Fact]
    public async Task When_the_connection_is_killed_around_the_commit_the_answer_is_true_and_nothing_is_doubled()
    {
        const int rounds = 60;
        const int callers = 4;
        var random = new Random(7);
        var store = db.NewStore();
        var (appended, unavailable) = (0, 0);
        for (var round = 0; round < rounds; round++)
        {
            var streams = Enumerable.Range(0, callers).Select(_ => db.NewStream()).ToArray();
            // Some rounds are killed surely between the two round trips, the others at some moment of the transaction.
            store.BeforeCommit = round % 4 == 0 ? Kill : null;
            var appends = streams.Select(stream => store.Append(Note(stream, 0, new Companion(Key, stream)))).ToArray();
            await Task.Delay(TimeSpan.FromMicroseconds(random.Next(4_000)));
            if (round % 4 != 0)
                await Kill();

            var results = await Task.WhenAll(appends);
            for (var i = 0; i < callers; i++)
            {
                var events = (await db.Store.ReadStream(streams[i])).Count;
                var keys = await db.Scalar<long>($"select count(*) from keys where key = '{streams[i]}'");
                (events, keys).ShouldBe(results[i] is AppendResult.Appended ? (1, 1) : (0, 0), results[i].ToString());
                if (results[i] is AppendResult.Appended)
                    appended++;
                else
                    unavailable++;
            }
        }

        appended.ShouldBeGreaterThan(0);
        unavailable.ShouldBeGreaterThan(0);
        store.BeforeCommit = null;
        db.Database.Clear();
        (await store.Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Appended>();

        async Task Kill() => await db.Execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and query not like '%pg_stat_activity%'
            """);
    }

    [Fact]
    public async Task When_the_server_ends_the_connection_within_the_commit_nothing_is_written_and_the_caller_hears_so()
    {
        await db.Execute(
            """
            create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
            create table fatal (key text);
            create constraint trigger die after insert on fatal deferrable initially deferred for each row execute function die();
            """);
        var fatal = new CompanionKind("fatal", "insert into fatal select * from unnest($1::text[])", NpgsqlTypes.NpgsqlDbType.Text);
        var store = db.NewStore();
        var (killed, neighbour) = (db.NewStream(), db.NewStream());
        var results = await Task.WhenAll(
            store.Append(Note(killed, 0, new Companion(fatal, "x"))), store.Append(Note(neighbour, 0)));
        results[0].ShouldBeOfType<AppendResult.Unavailable>();
        results[1].ShouldBeOfType<AppendResult.Appended>();
        (await store.ReadStream(killed)).ShouldBeEmpty();
    }

    [Fact]
    public async Task When_only_the_answer_to_the_commit_is_lost_the_caller_still_hears_that_it_is_done()
    {
        using var wire = new BreakableWire(db.ConnectionString);
        await using var database = NpgsqlDataSource.Create(wire.ConnectionString);
        await using var store = new PostgresEventStore(database, Types, () => TimeSpan.Zero);
        await Warm();
        store.BeforeCommit = BreakOnce;
        var stream = db.NewStream();
        await ShouldStand(stream, (await store.Append(Note(stream, 0, new Companion(Key, stream)))).ShouldBeOfType<AppendResult.Appended>());

        // A companion alone leaves no event to look for.
        await Warm();
        store.BeforeCommit = BreakOnce;
        await store.Append(new AppendRequest("none", 0, []) { Companions = [new Companion(Key, db.NewStream())] })
            .ShouldThrowAsync<AppendOutcomeUnknownException>();
        (await store.Append(Note(stream, 1))).ShouldBeOfType<AppendResult.Appended>();

        // Once whole, so that everything is prepared and the next answer on the wire is the commit's.
        async Task Warm()
        {
            store.BeforeCommit = () => Task.CompletedTask;
            await store.Append(Note(db.NewStream(), 0, new Companion(Key, db.NewStream())));
            await store.Append(new AppendRequest("none", 0, []) { Companions = [new Companion(Key, db.NewStream())] });
        }

        Task BreakOnce()
        {
            store.BeforeCommit = null;
            wire.LoseNextAnswer();
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task When_the_only_answer_of_one_round_trip_is_lost_the_caller_still_hears_that_it_is_done()
    {
        using var wire = new BreakableWire(db.ConnectionString);
        await using var database = NpgsqlDataSource.Create(wire.ConnectionString);
        await using var store = new PostgresEventStore(database, Types, () => TimeSpan.Zero);
        await store.Append(Note(db.NewStream(), 0, new Companion(Key, db.NewStream())));

        wire.LoseNextAnswer();
        var stream = db.NewStream();
        var twice = new AppendRequest(stream, 0, [new Noted("one"), new Noted("two")]) { Companions = [new Companion(Key, stream)] };
        await ShouldStand(stream, (await store.Append(twice)).ShouldBeOfType<AppendResult.Appended>());
    }

    [Fact]
    public async Task A_connection_that_died_while_idle_costs_nobody_an_append()
    {
        var store = db.NewStore();
        await store.Append(Note(db.NewStream(), 0));
        await db.Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
        (await store.Append(Note(db.NewStream(), 0))).ShouldBeOfType<AppendResult.Appended>();
        db.Database.Clear();
    }

    private async Task ShouldStand(string stream, AppendResult.Appended appended)
    {
        var written = (await db.Store.ReadStream(stream))[^1];
        (written.Version, written.Position, written.RecordedAt).ShouldBe((appended.Version, appended.Position, appended.RecordedAt));
    }
}

/// <summary>Stands between a client and PostgreSQL's socket and can lose an answer and the connection with it.</summary>
internal sealed class BreakableWire : IDisposable
{
    private readonly string _directory = TestPostgres.NewDirectory();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint _server;
    private volatile bool _lose;

    public BreakableWire(string connectionString)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        _server = new UnixDomainSocketEndPoint(Path.Combine(server.Host!, ".s.PGSQL.5432"));
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Host = _directory }.ConnectionString;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, ".s.PGSQL.5432")));
        _listener.Listen();
        _ = Accept();
    }

    public string ConnectionString { get; }

    public void LoseNextAnswer() => _lose = true;

    public void Dispose() => _listener.Dispose();

    private async Task Accept()
    {
        while (true)
        {
            var client = await _listener.AcceptAsync();
            var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await server.ConnectAsync(_server);
            _ = Pump(client, server, mayLose: false);
            _ = Pump(server, client, mayLose: true);
        }
    }

    private async Task Pump(Socket from, Socket to, bool mayLose)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                if (mayLose && _lose)
                {
                    _lose = false;
                    break;
                }

                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (SocketException)
        {
            // The other side has gone.
        }

        from.Dispose();
        to.Dispose();
    }
}
