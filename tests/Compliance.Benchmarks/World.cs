using System.Threading.Channels;
using Compliance.Benchmarks.Generation;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service;
using Compliance.Service.EventStore;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Microsoft.Extensions.Logging.Abstractions;

namespace Compliance.Benchmarks;

/// <summary>A database with a log of its own, and what is generated into it.</summary>
internal sealed class World : IAsyncDisposable
{
    /// <summary>The day on which it begins, whatever day it is: the last year with a published calendar, so that the same seed makes the same cases for ever.</summary>
    public static readonly DateOnly Today = new(2026, 1, 15);

    /// <summary>Events in one call of the store, and rows in one COPY.</summary>
    public const int BulkEvents = 1_000;

    /// <summary>Batches made ahead of the store while it writes one.</summary>
    private const int BatchesAhead = 4;

    private readonly Bench _bench;

    private World(Bench bench, Database database, Clock clock)
    {
        _bench = bench;
        Database = database;
        Clock = clock;
        Log = new PostgresEventStore(database.Source, EventTable.Types, () => clock.AheadBy);
        Nation = new Nation(bench.Options.Seed, bench.Options.Subjects);
        Reports = new CaseReports(bench.Options.Seed, Nation, Today);
        Rows = new ReadModel(Log, database.Source, ReadSchema.Living);
    }

    public Database Database { get; }

    public Clock Clock { get; }

    public PostgresEventStore Log { get; }

    public Nation Nation { get; }

    public CaseReports Reports { get; }

    /// <summary>The projection, moved by hand while no service runs.</summary>
    public ReadModel Rows { get; }

    /// <summary>How many cases have been generated: the number of the next.</summary>
    public long Cases { get; set; }

    public static async Task<World> Create(Bench bench, string name)
    {
        var database = await bench.Cluster.Create(name, bench.Stop);
        var clock = new Clock(TimeProvider.System);
        // After midnight, so that no day ends by itself for as long as possible.
        await clock.Set(database.Source, Shanghai.StartOf(Today).AddHours(1), bench.Stop);
        return new World(bench, database, clock);
    }

    /// <summary>What the software ships, the registry and the qualifications, in the log and in the rows.</summary>
    public async Task Register()
    {
        await new Seeding(Log, Clock, NullLogger<Seeding>.Instance).Begin(_bench.Stop);
        var progress = new Progress($"{Database.Name}: registering", 2L * _bench.Options.Subjects, "streams");
        foreach (var batch in Nation.Events(Today, Today.AddDays(-CaseReports.Days)).Chunk(BulkEvents))
        {
            await Append(batch);
            progress.Add(batch.Length);
        }

        while ((await Rows.Advance(_bench.Stop)).More)
        {
        }
    }

    /// <summary>One call of the store with many appends. The one place that knows how such a call is made.</summary>
    public async Task Append(IReadOnlyList<AppendRequest> requests)
    {
        var results = await Log.AppendEach(requests, _bench.Stop);
        if (results.FirstOrDefault(r => r is not AppendResult.Appended) is { } failed)
            throw new InvalidOperationException($"A bulk append was answered with {failed}.");
    }

    /// <summary>The next cases as the log takes them, in calls of about a thousand events.</summary>
    public IEnumerable<IReadOnlyList<AppendRequest>> Next(long cases)
    {
        var batch = new List<AppendRequest>();
        var events = 0;
        for (var end = Cases + cases; Cases < end; Cases++)
        {
            var generated = Reports.Number(Cases);
            var request = new AppendRequest(Case.Stream(generated.CaseId), 0, [.. Reports.Events(generated).Cast<object>()]);
            if (events + request.Events.Count > BulkEvents)
            {
                yield return batch;
                (batch, events) = ([], 0);
            }

            batch.Add(request);
            events += request.Events.Count;
        }

        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>Appends the next cases as fast as the store takes them; they are generated meanwhile.</summary>
    public async Task Fill(long cases)
    {
        var ready = Channel.CreateBounded<IReadOnlyList<AppendRequest>>(BatchesAhead);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(_bench.Stop);
        var making = Task.Run(
            async () =>
            {
                foreach (var batch in Next(cases))
                    await ready.Writer.WriteAsync(batch, failed.Token);
                ready.Writer.Complete();
            },
            failed.Token);
        var progress = new Progress($"{Database.Name}: filling", cases, "cases");
        try
        {
            await foreach (var batch in ready.Reader.ReadAllAsync(_bench.Stop))
            {
                await Append(batch);
                progress.Add(batch.Count);
            }
        }
        finally
        {
            await failed.CancelAsync();
            await making.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    public async Task Execute(string sql)
    {
        await using var command = Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(_bench.Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await _bench.Cluster.Drop(Database);
    }
}
