using Compliance.Cases;
using Compliance.Cases.Tests;
using Compliance.Devices;
using Case = Compliance.Cases.Case;

namespace Compliance.Tests.Devices;

/// <summary>
/// Any order of reports, corrections and voids gives the same flags, and they are those that a plain reading of the rules gives. Histories are random, from a fixed seed; the plain reading below knows nothing of the program's types
/// but the flags' names, and compares everything with everything.
/// </summary>
public class DeviceOrderTests
{
    private const int Histories = 400;
    private const int Orders = 4;

    private static readonly DateOnly First = new(2026, 1, 1);

    /// <summary>After every day on which a device was used.</summary>
    private static readonly Timeliness Received = Given.OnTime with { ReceivedOn = new(2026, 12, 31) };
    private static readonly string[] Products = ["06901234567892", "09521234543213"];
    private static readonly string[] Numbers = ["N0", "N1", "N2"];

    /// <summary>A device as the plain reading knows it: small numbers, -1 for what is not said.</summary>
    private sealed record Plain(int Product, int Lot, int Serial, int Number, bool? SingleUse, int Expires, int Made);

    private sealed record PlainCase(int Id, int Day, Plain[] Devices);

    /// <param name="Days">Offsets of the first and last day of each validity.</param>
    /// <param name="CancelledOn">-1 when it is not.</param>
    private sealed record PlainRegistration(int Number, bool? SingleUse, int[] Products, (int From, int To)[] Days, int CancelledOn);

    /// <param name="Content">Null for a void.</param>
    private sealed record Step(int Id, PlainCase? Content);

    [Fact]
    public void Any_order_gives_the_flags_of_a_plain_reading()
    {
        var random = new Random(6007);
        var seen = new Dictionary<string, int>();
        for (int history = 0; history < Histories; history++)
        {
            var registrations = Enumerable.Range(0, random.Next(4)).Select(n => RandomRegistration(random, n)).ToList();
            var stories = Enumerable.Range(0, random.Next(2, 9)).Select(id => RandomStory(random, id)).ToList();
            var standing = stories.Where(s => s[^1].Content is not null).Select(s => s[^1].Content!).ToList();
            string expected = Plainly(standing, registrations);
            for (int order = 0; order < Orders; order++)
            {
                var log = Interleaved(random, stories);
                Run(log, registrations, random).ShouldBe(expected, $"history {history}, order {order}");
            }

            // Reported rightly at once, in any order, instead of wrongly and corrected, or not at all instead of voided.
            Run(Interleaved(random, [.. standing.Select(c => new List<Step> { new(c.Id, c) })]), registrations, random).ShouldBe(expected);
            foreach (string flag in expected.Split([' ', ':', ';'], StringSplitOptions.RemoveEmptyEntries))
                seen[flag] = seen.GetValueOrDefault(flag) + 1;
        }

        foreach (string flag in new[] { "unapprovedDevice", "expiredDevice", "reusedDevice" })
            seen[flag].ShouldBeGreaterThan(Histories / 4, "the histories must be worth comparing");
    }

    /// <summary>What the flags of every case are after each single step, for those to whom they are shown in between.</summary>
    [Fact]
    public void So_does_every_moment_in_between()
    {
        var random = new Random(6008);
        for (int history = 0; history < Histories / 4; history++)
        {
            var registrations = Enumerable.Range(0, random.Next(1, 4)).Select(n => RandomRegistration(random, n)).ToList();
            var log = Interleaved(random, [.. Enumerable.Range(0, random.Next(2, 7)).Select(id => RandomStory(random, id))]);
            for (int steps = 1; steps <= log.Count; steps++)
            {
                var now = log.Take(steps).GroupBy(s => s.Id).Select(s => s.Last().Content).Where(c => c is not null).Select(c => c!).ToList();
                Run(log[..steps], registrations, random).ShouldBe(Plainly(now, registrations), $"history {history}, step {steps}");
            }
        }
    }

    /// <summary>The flags of one case need its own devices and the uses of the same ones elsewhere, which is all that the service loads for it.</summary>
    [Fact]
    public void One_case_needs_only_its_neighbours()
    {
        var random = new Random(6009);
        for (int history = 0; history < Histories; history++)
        {
            var registrations = Enumerable.Range(0, random.Next(1, 4)).Select(n => RandomRegistration(random, n)).ToList();
            var states = registrations.ConvertAll(r => Registered(r, random));
            var uses = Enumerable.Range(0, random.Next(2, 9)).SelectMany(id => DeviceUsed.Of(Told(RandomStory(random, id)))).ToList();
            var all = DeviceRules.Find(uses, new(states, kept: true));
            foreach (var own in uses.GroupBy(u => u.CaseId))
            {
                var near = uses.Where(u => u.CaseId == own.Key || (u.Serial is not null && own.Any(o => (o.Product, o.Serial) == (u.Product, u.Serial)))).ToList();
                var known = states.Where(s => near.Exists(u => u.Registration == DeviceRegistration.NumberOf(s.Entry!.Number) || s.Entry.DeviceIdentifiers.Contains(u.Product))).ToList();
                DeviceRules.Find(near, new(known, kept: true)).Where(f => f.Use.CaseId == own.Key).ShouldBe(all.Where(f => f.Use.CaseId == own.Key));
            }
        }
    }

    private static string Plainly(IReadOnlyList<PlainCase> standing, IReadOnlyList<PlainRegistration> registrations)
    {
        var lines = new List<string>();
        foreach (var c in standing.OrderBy(c => c.Id))
        {
            bool unapproved = false, expired = false, reused = false;
            foreach (var d in c.Devices)
            {
                bool approved = registrations.Count == 0;
                foreach (var r in registrations)
                {
                    if (!Concerns(r, d) || (r.CancelledOn >= 0 && r.CancelledOn <= c.Day))
                        continue;
                    foreach (var (from, to) in r.Days)
                        approved |= (from <= c.Day && c.Day <= to) || (d.Made >= 0 && d.Made <= c.Day && from <= d.Made && d.Made <= to);
                }

                unapproved |= !approved;
                expired |= d.Expires >= 0 && d.Expires < c.Day;
                if (d.Product < 0 || d.Serial < 0)
                    continue;
                bool single = false, registeredSingle = false, registeredOtherwise = false, before = false;
                foreach (var other in standing)
                {
                    foreach (var o in other.Devices)
                    {
                        if (o.Product != d.Product || o.Serial != d.Serial)
                            continue;
                        single |= o.SingleUse == true;
                        foreach (var r in registrations)
                        {
                            registeredSingle |= Concerns(r, o) && r.SingleUse == true;
                            registeredOtherwise |= Concerns(r, o) && r.SingleUse == false;
                        }

                        before |= other.Id != c.Id && other.Day <= c.Day && (o.Lot == d.Lot || o.Lot < 0 || d.Lot < 0);
                    }
                }

                reused |= before && (registeredSingle || (single && !registeredOtherwise));
            }

            lines.Add($"{c.Id}:{(unapproved ? " unapprovedDevice" : "")}{(expired ? " expiredDevice" : "")}{(reused ? " reusedDevice" : "")}");
        }

        return string.Join("; ", lines);
    }

    private static bool Concerns(PlainRegistration r, Plain d) => r.Number == d.Number || (d.Product >= 0 && r.Products.Contains(d.Product));

    /// <summary>The same through the program: decisions on cases, in the order of the log, and the rules over all that stands after it.</summary>
    private static string Run(IReadOnlyList<Step> log, IReadOnlyList<PlainRegistration> registrations, Random random)
    {
        var cases = new Dictionary<int, Case.State>();
        foreach (var step in log)
            cases[step.Id] = Told(step, cases.GetValueOrDefault(step.Id, Case.State.Initial), random);
        var uses = cases.Values.SelectMany(DeviceUsed.Of).ToArray();
        var registered = registrations.Select(r => Registered(r, random)).ToArray();
        random.Shuffle(uses);
        random.Shuffle(registered);
        var findings = DeviceRules.Find(uses, new(registered, kept: registered.Length > 0));
        return string.Join("; ", cases.Where(c => !c.Value.Voided).OrderBy(c => c.Key).Select(c => $"{c.Key}:{string.Concat(DeviceRules.FlagsOf(c.Value.Key!.CaseId, findings).Select(f => $" {f}"))}"));
    }

    private static Case.State Told(List<Step> story) => story.Aggregate(Case.State.Initial, (state, step) => Told(step, state, new(1)));

    private static Case.State Told(Step step, Case.State state, Random random)
    {
        var decision = step.Content is not { } content ? Case.Void(state, "by mistake", Given.Hospital)
            : state.Report is null ? Case.ReportCase(state, $"H{step.Id % 3}", $"{step.Id}", Report(content, random), ReportedOutcome.None, Received, [], Given.Hospital)
            : Case.Correct(state, Report(content, random), Received, "typed wrongly", Given.Hospital);
        decision.Refusal.ShouldBeNull();
        return decision.Events.Aggregate(state, Case.Evolve);
    }

    private static CaseReport Report(PlainCase content, Random random)
    {
        var day = First.AddDays(content.Day);
        return Given.Report with { CompletedOn = day, CompletedAt = new(day, new TimeOnly(12, 0), TimeSpan.FromHours(8)), Devices = [.. content.Devices.Select(d => Line(d, random))] };
    }

    /// <summary>The same device in any of the ways a hospital may write it.</summary>
    private static DeviceUse Line(Plain d, Random random)
    {
        string? number = d.Number < 0 ? null : random.Next(2) == 0 ? Numbers[d.Number] : $" n{d.Number} ";
        string? lot = d.Lot < 0 ? null : $"L{d.Lot}", serial = d.Serial < 0 ? null : $"S{d.Serial}";
        if (d.Product < 0)
            return new(number, null, lot, serial, d.SingleUse);
        var elements = new List<(string Ai, string Value)>();
        if (d.Made >= 0)
            elements.Add(("11", $"{First.AddDays(d.Made):yyMMdd}"));
        if (d.Expires >= 0)
            elements.Add(("17", $"{First.AddDays(d.Expires):yyMMdd}"));
        bool carried = random.Next(2) == 0;
        if (carried && lot is not null)
            elements.Add(("10", lot));
        if (carried && serial is not null)
            elements.Add(("21", serial));
        elements.Add(("01", Products[d.Product]));
        var shuffled = elements.ToArray();
        random.Shuffle(shuffled);
        string udi = random.Next(2) == 0
            ? string.Concat(shuffled.Select(e => $"({e.Ai}){e.Value}"))
            : "]d2" + string.Join("\u001d", shuffled.Select(e => e.Ai + e.Value));
        return new(number, udi, carried ? null : lot, carried ? null : serial, d.SingleUse);
    }

    private static DeviceRegistration.State Registered(PlainRegistration r, Random random)
    {
        var by = Given.Regulator;
        string number = Numbers[r.Number];
        var state = DeviceRegistration.State.Initial;
        void Apply(Decision<DeviceRegistration.Event> decision)
        {
            decision.Refusal.ShouldBeNull();
            state = decision.Events.Aggregate(state, DeviceRegistration.Evolve);
        }

        Apply(DeviceRegistration.Register(state, new(
            DeviceRegistration.IdOf(number), number, "Device", "Maker", r.SingleUse, [.. r.Products.Select(p => Products[p])], First.AddDays(r.Days[0].From), First.AddDays(r.Days[0].To), First, by)));
        foreach (var (from, to) in r.Days.Skip(1))
            Apply(DeviceRegistration.Renew(state, First.AddDays(from), First.AddDays(to), First, by));
        if (random.Next(3) == 0)
        {
            Apply(DeviceRegistration.Cancel(state, First, "by mistake", First, by));
            Apply(DeviceRegistration.WithdrawCancellation(state, "by mistake", First, by));
        }

        if (r.CancelledOn >= 0)
            Apply(DeviceRegistration.Cancel(state, First.AddDays(r.CancelledOn), "recall", First, by));
        return state;
    }

    private static bool? Maybe(Random random) => random.Next(3) switch { 0 => true, 1 => false, _ => null };

    private static PlainRegistration RandomRegistration(Random random, int number)
    {
        int from = random.Next(5), to = from + random.Next(6);
        (int, int)[] days = random.Next(3) == 0 ? [(from, to), (to + 1 + random.Next(3), to + 4 + random.Next(3))] : [(from, to)];
        return new(number, Maybe(random), [.. Enumerable.Range(0, 2).Where(_ => random.Next(3) == 0)], days, random.Next(4) == 0 ? random.Next(10) : -1);
    }

    /// <summary>What happens to one case, in its own order: reported, corrected some times, perhaps voided.</summary>
    private static List<Step> RandomStory(Random random, int id)
    {
        var story = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => new Step(id, new(id, random.Next(10), [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomDevice(random))]))).ToList();
        if (random.Next(5) == 0)
            story.Add(new(id, null));
        return story;
    }

    private static Plain RandomDevice(Random random)
    {
        int product = random.Next(8) == 0 ? -1 : random.Next(2);
        // Days stand in the UDI: a line without one has none.
        int Day() => product < 0 || random.Next(2) == 0 ? -1 : random.Next(12);
        return new(product, random.Next(3) - 1, random.Next(4) - 1, random.Next(4) - 1, Maybe(random), Day(), Day());
    }

    private static List<Step> Interleaved(Random random, IReadOnlyList<List<Step>> stories)
    {
        var turns = stories.SelectMany((s, i) => Enumerable.Repeat(i, s.Count)).ToArray();
        random.Shuffle(turns);
        var next = new int[stories.Count];
        return [.. turns.Select(i => stories[i][next[i]++])];
    }
}
