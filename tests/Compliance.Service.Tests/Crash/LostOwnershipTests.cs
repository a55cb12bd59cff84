using System.Collections.Concurrent;
using System.Net;
using Compliance.Service.EventStore;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Compliance.Service.Tests.Scenarios;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Compliance.Service.Tests.Crash;

/// <summary>A node whose lock is taken from it in the middle of a step, and which goes on when another is owner already.</summary>
public sealed class LostOwnershipTests
{
    private static readonly TimeSpan LongestTakeover = TimeSpan.FromSeconds(5);
    private static readonly DateOnly Start = new(2025, 9, 1);

    [Fact]
    public async Task A_projection_that_lost_its_lock_in_the_middle_of_a_step_changes_nothing()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var source = ReadSchema.Connect(database);
        await using var store = new PostgresEventStore(source, EventTable.Types, () => TimeSpan.Zero);
        var log = new HeldLog(store);
        var warnings = new Warnings();
        using var first = new DeafProjection(source, log, new ReadModel(log, source, ReadSchema.Living), warnings);
        await first.StartAsync(CancellationToken.None);
        var ownership = new Ownership(database);
        var owner = await ownership.AnyOwner(Ownership.Projection);
        await using var second = await TestService.Start(Start, database);
        var world = new World(second);
        await world.Hospital("H1");

        // The first has read the next events and is about to write their rows.
        log.Hold(read: e => e.Data is Compliance.Cases.Case.Event.Reported);
        var reported = (await second.Post("cases", World.Case("H1", "1", Start), await world.Regulator)).Expect(HttpStatusCode.Created);
        await log.Reached;
        await ownership.End(owner.Session);
        (await ownership.Takeover(Ownership.Projection, owner.Session)).ShouldBeLessThan(LongestTakeover);
        World.Count(await world.Metrics("H1", minPosition: reported.Position), "cases").ShouldBe(1);
        var rows = await Rows(database);

        log.Release();
        await warnings.Heard(nameof(DeafProjection), "another node moved it");
        (await Rows(database)).ShouldBe(rows);
        await first.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_monitor_that_lost_its_lock_in_the_middle_of_a_decision_sanctions_nobody()
    {
        var database = await TestPostgres.CreateDatabase();
        await using var first = await Node.Start(database, Start);
        var world = new World(first.Service);
        await world.Hospital("H1");
        await world.Enforce(Start);
        await world.Import(World.Year("H1", Start.AddDays(-60), 120, deaths: 8));
        await using var second = await Node.Start(database);
        var ownership = new Ownership(database);
        var owner = await ownership.AnyOwner(Ownership.Monitor);

        // The first has decided to suspend, and is about to say so.
        first.Log.Hold(append: r => r.Stream.StartsWith("qualification-", StringComparison.Ordinal));
        var moving = second.Service.MoveTo(Start.AddDays(1));
        await first.Log.Reached;
        await ownership.End(owner.Session);
        (await ownership.Takeover(Ownership.Monitor, owner.Session)).ShouldBeLessThan(LongestTakeover);
        await moving;
        (await world.History("H1")).Count(e => e["type"]!.GetValue<string>() == "suspended").ShouldBe(1);
        var before = await Decisions(database);

        first.Log.Release();
        await first.Warnings.Heard(nameof(DayMonitor), "pauses");
        (await Decisions(database)).ShouldBe(before);
    }

    private static Task<string> Decisions(string database) => Scalar(database, "select string_agg(seq_id || ' ' || type, ', ' order by seq_id) from events.mt_events where stream_id like 'qualification-%'");

    private static Task<string> Rows(string database) => Scalar(
        database, $"select last_seq_id || ' ' || last_updated from events.mt_event_progression where name = '{ReadSchema.Living.Rows}'");

    private static async Task<string> Scalar(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { Pooling = false });
        await using var command = source.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A service whose log can be held up, and whose warnings are heard.</summary>
    private sealed class Node(TestService service, HeldLog log, Warnings warnings) : IAsyncDisposable
    {
        public Warnings Warnings => warnings;

        public TestService Service => service;

        public HeldLog Log => log;

        public static async Task<Node> Start(string database, DateOnly? today = null)
        {
            HeldLog? held = null;
            var warnings = new Warnings();
            var service = await TestService.Start(today, database, configure: builder =>
            {
                builder.Services.Replace(ServiceDescriptor.Singleton<IEventStore>(s => held = new HeldLog(s.GetRequiredService<PostgresEventStore>())));
                builder.Logging.AddProvider(warnings);
            });
            return new(service, held!, warnings);
        }

        public async ValueTask DisposeAsync()
        {
            log.Release();
            await service.DisposeAsync();
        }
    }

    /// <summary>The projection of a node that does not hear that its lock is gone.</summary>
    private sealed class DeafProjection(NpgsqlDataSource database, IEventStore log, ReadModel rows, ILogger logger) : OwnedProcess(database, Ownership.Projection, logger)
    {
        private long _position;

        protected override async Task<bool> Step(CancellationToken cancellation)
        {
            (_position, var more) = await rows.Advance(CancellationToken.None);
            return more;
        }

        protected override Task Wait(CancellationToken cancellation) => log.WaitForAppend(_position, TimeSpan.FromSeconds(1), cancellation);
    }

    private sealed class Warnings : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public async Task Heard(string process, string what)
        {
            for (var tries = 0; tries < 200; tries++)
            {
                if (Lines.Any(w => w.Contains(process, StringComparison.Ordinal) && w.Contains(what, StringComparison.Ordinal)))
                {
                    return;
                }

                await Task.Delay(50);
            }

            Assert.Fail($"{process} did not say that {what}:\n{string.Join('\n', Lines)}");
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
            // Nothing is held.
        }
    }

    /// <summary>The log, with one of its callers stopped on the way in or out, deaf to cancellation as a stuck thread is.</summary>
    private sealed class HeldLog(IEventStore log) : IEventStore
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Func<RecordedEvent, bool>? _read;
        private Func<AppendRequest, bool>? _append;

        public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(30));

        public void Hold(Func<RecordedEvent, bool>? read = null, Func<AppendRequest, bool>? append = null) => (_read, _append) = (read, append);

        public void Release() => _released.TrySetResult();

        public async Task<AppendResult> Append(AppendRequest request, CancellationToken cancellation = default)
        {
            if (_append?.Invoke(request) == true)
            {
                _reached.TrySetResult();
                await _released.Task;
                // Cancelled or not, what was about to be sent is sent.
                return await log.Append(request, CancellationToken.None);
            }

            return await log.Append(request, cancellation);
        }

        public Task<IReadOnlyList<AppendResult>> AppendEach(IReadOnlyList<AppendRequest> requests, CancellationToken cancellation = default) => log.AppendEach(requests, cancellation);

        public async Task<IReadOnlyList<RecordedEvent>> ReadAll(long afterPosition, int max, CancellationToken cancellation = default)
        {
            var events = await log.ReadAll(afterPosition, max, cancellation);
            if (_read is { } hold && events.Any(hold) && !_released.Task.IsCompleted)
            {
                _reached.TrySetResult();
                await _released.Task;
            }

            return events;
        }

        public Task<IReadOnlyList<RecordedEvent>> ReadStream(string stream, long fromVersion = 1, CancellationToken cancellation = default) => log.ReadStream(stream, fromVersion, cancellation);

        public Task<IReadOnlyList<RecordedEvent>> ReadStreams(IReadOnlyCollection<string> streams, long upToPosition = long.MaxValue, CancellationToken cancellation = default) =>
            log.ReadStreams(streams, upToPosition, cancellation);

        public Task<long> Head(CancellationToken cancellation = default) => log.Head(cancellation);

        public Task WaitForAppend(long afterPosition, TimeSpan atMost, CancellationToken cancellation = default) => log.WaitForAppend(afterPosition, atMost, cancellation);
    }
}
