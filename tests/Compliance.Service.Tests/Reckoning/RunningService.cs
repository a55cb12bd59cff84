using Compliance.Calendars;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Service.EventStore;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Tests;

/// <summary>The whole service on a database, told and asked in process.</summary>
internal sealed class RunningService : Reckoning.ISystemUnderHistory
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TestService _service;
    private readonly Commands _commands;

    private RunningService(TestService service, Reference reference) => (_service, _commands, Reference) = (service, service.Get<Commands>(), reference);

    public Reference Reference { get; }

    public static async Task<RunningService> Start(TestService service)
    {
        await service.Get<Seeding>().Begin(CancellationToken.None);
        await Settle(service);
        await using var connection = await service.Get<NpgsqlDataSource>().OpenConnectionAsync();
        return new(service, await Reference.Read(connection, null, CancellationToken.None));
    }

    public async Task<bool> Execute<TState, TEvent>(Aggregate<TState, TEvent> aggregate, string stream, DateOnly today, Func<TState, Decision<TEvent>> decide)
        where TEvent : notnull =>
        await _commands.Execute(
            aggregate,
            stream,
            (state, day) =>
            {
                day.ShouldBe(today);
                return decide(state);
            },
            CancellationToken.None) switch
        {
            Outcome<TState, TEvent>.Done => true,
            Outcome<TState, TEvent>.Refused => false,
            var other => throw new InvalidOperationException($"{stream}: {other}"),
        };

    public Task Settle() => Settle(_service);

    /// <summary>Waits until rows and monitor have dealt with all there is.</summary>
    private static async Task Settle(TestService service)
    {
        var head = await service.Get<IEventStore>().Head();
        foreach (var name in new[] { ReadSchema.Living.Rows, ReadSchema.Living.Standings })
        {
            (await Checkpoints.WaitFor(service.Get<NpgsqlDataSource>(), name, head, Patience, CancellationToken.None)).ShouldBeTrue($"{name} did not come to {head}");
        }
    }
}

/// <summary>What the rows of a database say, and the decisions in its log.</summary>
internal sealed class RowsUnderHistory(NpgsqlDataSource database, IEventStore log, Reference reference)
{
    /// <param name="asked">In the order of the answers.</param>
    /// <param name="lastClosed">The day whose closings go with the answers.</param>
    public async Task<IReadOnlyList<Reckoning.Read>> Read(IReadOnlyList<FactsAsked> asked, DateOnly lastClosed)
    {
        await using var connection = await database.OpenConnectionAsync();
        var now = await Reference.Read(connection, null, CancellationToken.None);
        var facts = await FactsReader.Read(connection, now, asked, CancellationToken.None);
        var counts = await CountsQuery.Read(
            connection, [.. asked.Select(a => new CountsAsked(a.Qualification.Subject, a.Qualification.Technique, DaySpan.RollingYear(a.AsOf), a.AsOf))], CancellationToken.None);
        var closings = new Dictionary<QualificationId, Closing>();
        foreach (var technique in reference.Regulations.Techniques)
        {
            foreach (var closing in await Closings.On(connection, technique, lastClosed, null, CancellationToken.None))
            {
                closings[closing.Qualification] = closing;
            }
        }

        var decided = (await log.ReadStreams([.. asked.Select(a => Qualification.Stream(a.Qualification)).Distinct()]))
            .GroupBy(e => e.Stream).ToDictionary(g => g.Key, g => g.Select(e => (Shanghai.DayOf(e.RecordedAt), (Qualification.Event)e.Data)).ToList());
        return
        [
            .. asked.Select((a, i) => new Reckoning.Read(
                facts[i], counts[i], reference.Regulations.InForce(a.Qualification.Technique, a.AsOf)!,
                closings.GetValueOrDefault(a.Qualification), decided.GetValueOrDefault(Qualification.Stream(a.Qualification)) ?? [])),
        ];
    }

    /// <summary>Rows that the log does not give back when all of it is folded again, some of each table; then builds all of them anew, and puts those in place.</summary>
    public async Task<IReadOnlyList<string>> DifferencesOfRebuild()
    {
        var rebuild = new Rebuild(log, database, ReadSchema.Living);
        var (_, tables) = await rebuild.Compare(closings: true, static _ => { }, CancellationToken.None);
        tables.Count.ShouldBeGreaterThan(10);
        await rebuild.Run(static _ => { }, CancellationToken.None);
        return [.. tables.Where(t => !t.Agrees).SelectMany(t => t.Examples.Prepend($"{t.Table}: {t.Rows} rows, by the log {t.RowsOfLog}"))];
    }
}
