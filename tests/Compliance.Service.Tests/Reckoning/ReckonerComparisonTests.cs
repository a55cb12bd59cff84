using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Compliance.Metrics;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;
using Xunit.Abstractions;

namespace Compliance.Service.Tests.Reckoning;

/// <summary>
/// Thousands of random histories, lived through by the service and by the reckoner side by side: metrics, findings,
/// standings and decisions are the same. <c>COMPLIANCE_HISTORIES</c> multiplies their number.
/// </summary>
public sealed class ReckonerComparisonTests(ITestOutputHelper output)
{
    private static readonly int Times = int.TryParse(Environment.GetEnvironmentVariable("COMPLIANCE_HISTORIES"), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? Math.Max(1, n) : 1;

    [Fact]
    public Task Without_a_database_small_histories_give_the_same_answers() => Compare(Profile.Small with { LeastMonths = 8, MostMonths = 12 }, firstSeed: 1, 2_000 * Times);

    private const int OnDatabase = 8;

    [Fact]
    public Task Without_a_database_large_histories_give_the_same_answers() => Compare(Profile.Normal, firstSeed: 1, 12 * Times);

    /// <summary>One history among the many that live on the database, with its own names in it.</summary>
    private sealed class Inhabitant(History history, ServiceUnderHistory under)
    {
        private readonly ILookup<DateOnly, Timed> _byDay = history.Operations.Where(o => o.Operation is not CloseDay).ToLookup(o => o.Day);

        public History History { get; } = history;

        public Reckoner Reckoner { get; } = new();

        public void Close(DateOnly day) => Reckoner.Apply(new Timed(day.AddDays(1), 0, new CloseDay(day)));

        public async Task Live(DateOnly day)
        {
            foreach (var next in _byDay[day])
            {
                var accepted = Reckoner.Apply(next);
                (await under.Apply(next)).ShouldBe(accepted, $"{next}\n{History.Describe()}");
            }
        }

        public async Task<int> Compare(RowsUnderHistory rows, DateOnly today, DateOnly past)
        {
            var asked = Comparison.SubjectsOf(Reckoner).SelectMany(s => new[] { (s.Subject, s.Technique, AsOf: today), (s.Subject, s.Technique, AsOf: past) }).ToList();
            var read = await rows.Read([.. asked.Select(a => new FactsAsked(under.Name(a.Subject, a.Technique), a.AsOf))], today.AddDays(-1));
            foreach (var (a, answer) in asked.Zip(read))
            {
                if (Comparison.Difference(Reckoner, a.Subject, a.Technique, a.AsOf, a.AsOf == today, answer) is { } difference)
                {
                    Assert.Fail($"Seed {History.Seed}, after {today:O}: {difference}{History.Describe()}");
                }
            }

            return asked.Count;
        }
    }

    /// <summary>
    /// Many histories share one service and its days: each has names of its own, so none knows of the others.
    /// In the end the rows are built anew from the log alone, and are the same, and say the same.
    /// </summary>
    [Fact]
    public async Task On_the_database_histories_give_the_same_answers_also_after_a_rebuild()
    {
        var first = new DateOnly(2023, 9, 4);
        var random = new Random(1);
        var connectionString = await TestPostgres.CreateDatabase();
        var watch = Stopwatch.StartNew();
        var compared = 0;
        List<Inhabitant> inhabitants;
        DateOnly today;
        Reference reference;
        await using (var service = await TestService.Start(first, connectionString))
        {
            var running = await RunningService.Start(service);
            reference = running.Reference;
            var rows = new RowsUnderHistory(service.Get<NpgsqlDataSource>(), service.Get<IEventStore>(), reference);
            inhabitants = [.. Enumerable.Range(0, OnDatabase * Times).Select(i => new Inhabitant(
                RandomHistories.Generate(
                    100_000 + i, (i % 6 == 0 ? Profile.Normal : Profile.Small) with { LeastMonths = 9, MostMonths = 10 }, first.AddDays(random.Next(20))),
                new ServiceUnderHistory(running, $"{i}-")))];
            var last = inhabitants.Max(i => i.History.LastDay).AddDays(1);
            for (today = first; today <= last; today = today.AddDays(1))
            {
                if (today > first)
                {
                    await service.MoveTo(today);
                }

                var day = today;
                var begun = inhabitants.Where(i => i.History.FirstDay <= day).ToList();
                foreach (var inhabitant in begun.Where(i => i.History.FirstDay < day))
                {
                    inhabitant.Close(day.AddDays(-1));
                }

                await Parallel.ForEachAsync(begun, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await i.Live(day));
                if (today == last || random.Next(70) == 0)
                {
                    await running.Settle();
                    foreach (var inhabitant in begun)
                    {
                        compared += await inhabitant.Compare(rows, today, today.AddDays(-random.Next(1, 200)));
                    }
                }
            }
        }

        output.WriteLine($"{inhabitants.Count} histories over {today.DayNumber - first.DayNumber} days, {compared} answers compared in {watch.Elapsed.TotalSeconds:0.0} s");
        await using var database = ReadSchema.Connect(connectionString);
        await using var log = new PostgresEventStore(database, EventTable.Types, () => TimeSpan.Zero);
        var rebuilt = new RowsUnderHistory(database, log, reference);
        watch.Restart();
        (await rebuilt.DifferencesOfRebuild()).ShouldBeEmpty();
        output.WriteLine($"{await log.Head()} events and their closings built twice more in {watch.Elapsed.TotalSeconds:0.0} s");
        foreach (var inhabitant in inhabitants)
        {
            await inhabitant.Compare(rebuilt, today.AddDays(-1), today.AddDays(-random.Next(2, 200)));
        }
    }

    private async Task Compare(Profile profile, int firstSeed, int count)
    {
        var watch = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        var different = new ConcurrentDictionary<int, string>();
        var compared = 0;
        await OwnThreads.ForEach(Enumerable.Range(firstSeed, count), seed =>
        {
            if (different.Count < 200)
            {
                var lived = LiveThrough(seed, profile);
                Interlocked.Add(ref compared, lived.Compared);
                if (lived.Difference is { } difference)
                {
                    different[seed] = difference;
                }
            }
        });
        output.WriteLine($"{count} histories, {compared} answers compared in {watch.Elapsed.TotalSeconds:0.0} s, {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0} s of processor");
        if (different.IsEmpty)
        {
            return;
        }

        var first = different.Keys.Min();
        var shrunk = Shrink(RandomHistories.Generate(first, profile));
        var others = string.Concat(different.Where(d => d.Key != first).OrderBy(d => d.Key).Take(10).Select(d => $"\nseed {d.Key}: {d.Value}"));
        Assert.Fail($"{different.Count} of {count} histories differ. Seed {first}:\n{LiveThrough(shrunk).Difference}{shrunk.Describe()}{others}");
    }

    /// <summary>The service in memory, living through a history beside a reckoner; on some days all their answers are compared.</summary>
    private sealed class Beside(int seed, Reckoner reckoner)
    {
        private readonly Random _random = new(seed);
        private readonly ServiceInMemory _service = new();
        private ServiceUnderHistory? _under;
        private DateOnly _lookOn;

        public string? Difference { get; private set; }

        public int Compared { get; private set; }

        /// <param name="accepted">What the reckoner said, which has applied it already.</param>
        public void Apply(Timed next, bool accepted)
        {
            if (Difference is not null)
            {
                return;
            }

            _under ??= new(_service, "");
            if (next.Operation is CloseDay close)
            {
                _service.Close(close.Closed).GetAwaiter().GetResult();
            }
            else if (_under.Apply(next).GetAwaiter().GetResult() != accepted)
            {
                Difference = $"{next} was {(accepted ? "accepted" : "refused")} by the reckoner alone\n";
            }

            if (next.Day >= _lookOn && _random.Next(3) == 0)
            {
                _lookOn = next.Day.AddDays(_random.Next(10, 240));
                Compare();
            }
        }

        public void Compare()
        {
            if (_under is null || Difference is not null)
            {
                return;
            }

            var past = reckoner.Today.AddDays(-_random.Next(1, 200));
            foreach (var (subject, technique) in Comparison.SubjectsOf(reckoner))
            {
                foreach (var asOf in new[] { reckoner.Today, past })
                {
                    Compared++;
                    if (Comparison.Difference(reckoner, subject, technique, asOf, asOf == reckoner.Today, Read(_service, _under, subject, technique, asOf)) is { } difference)
                    {
                        Difference = $"after {reckoner.Today:O}: {difference}";
                        return;
                    }
                }
            }
        }
    }

    private static Beside LiveThrough(int seed, Profile profile)
    {
        var reckoner = new Reckoner();
        var beside = new Beside(seed, reckoner);
        RandomHistories.Generate(seed, profile, reckoner, beside.Apply);
        beside.Compare();
        return beside;
    }

    private static Beside LiveThrough(History history)
    {
        var reckoner = new Reckoner();
        var beside = new Beside(history.Seed, reckoner);
        foreach (var next in history.Operations)
        {
            beside.Apply(next, reckoner.Apply(next));
        }

        beside.Compare();
        return beside;
    }

    private static Read Read(ServiceInMemory service, ServiceUnderHistory under, Subject subject, Technique technique, DateOnly asOf)
    {
        var id = under.Name(subject, technique);
        return new(
            service.Read(new(id, asOf)), service.Count(id.Subject, id.Technique, DaySpan.RollingYear(asOf), asOf),
            service.Reference.Regulations.InForce(id.Technique, asOf)!, service.LastClosing(id), service.DecidedOn(id));
    }

    /// <summary>The same history without what it does not need to differ. The closings stay.</summary>
    private static History Shrink(History history)
    {
        var watch = Stopwatch.StartNew();
        var refusal = LiveThrough(history).Difference!.Contains(" by the reckoner alone", StringComparison.Ordinal);
        for (var size = Math.Max(1, history.Operations.Count / 2); size >= 1; size /= 2)
        {
            for (var start = 0; start < history.Operations.Count && watch.Elapsed < TimeSpan.FromSeconds(20); start += size)
            {
                var without = history with { Operations = [.. history.Operations.Where((o, i) => i < start || i >= start + size || o.Operation is CloseDay)] };
                if (without.Operations.Count < history.Operations.Count && without.Operations[0].Operation is not CloseDay && Safely(without)?.Contains(" by the reckoner alone", StringComparison.Ordinal) == refusal)
                {
                    history = without;
                    start -= size;
                }
            }
        }

        return history;

        static string? Safely(History history)
        {
            try
            {
                return LiveThrough(history).Difference;
            }
            catch (Exception e) when (e is InvalidOperationException or NullReferenceException)
            {
                return null;
            }
        }
    }
}
