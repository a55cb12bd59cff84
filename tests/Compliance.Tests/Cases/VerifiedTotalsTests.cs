using Compliance.Metrics;
using static Compliance.Cases.VerifiedTotals;

namespace Compliance.Cases.Tests;

/// <summary>Every decision on independently counted totals, and that taking it again gives nothing more.</summary>
public class VerifiedTotalsTests
{
    private static readonly Actor Regulator = new("regulator", "officer");
    private static readonly DateOnly Today = new(2026, 3, 2);
    private static readonly DaySpan January = new(new(2026, 1, 1), new(2026, 1, 31));
    private static readonly DaySpan February = new(new(2026, 2, 1), new(2026, 2, 28));
    private static readonly IndependentCount Ten = new(10, 6, "insurer");

    private static Decision<Event> Enter(State state, DaySpan period, IndependentCount count, string? reason = null) => VerifiedTotals.Enter(state, "H1", "neurovascular", period, count, reason, Today, Regulator);

    private static State After(State state, Func<State, Decision<Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull();
        decision.Events.ShouldNotBeEmpty();
        var after = decision.Events.Aggregate(state, Evolve);
        decide(after).Events.ShouldBeEmpty();
        decide(after).Refusal.ShouldBeNull();
        return after;
    }

    [Fact]
    public void The_same_period_again_takes_the_place_of_what_stands_with_a_reason_and_keeps_it_in_the_history()
    {
        var state = After(State.Initial, s => Enter(s, January, Ten));
        var refusal = Enter(state, January, Ten with { Cases = 12 }).Refusal!;
        (refusal.Kind, refusal.Code).ShouldBe((RefusalKind.Invalid, "missing"));
        refusal.Pointers.ShouldBe(["/reason"]);
        state = After(state, s => Enter(s, January, Ten with { Cases = 12 }, "the insurer corrected it"));
        var total = state.Totals.ShouldHaveSingleItem();
        total.Count.ShouldBe(Ten with { Cases = 12 });
        total.History.Cast<Event.Entered>().Select(e => (e.Count.Cases, e.Before?.Cases, e.Reason)).ShouldBe([(10, null, null), (12, 10, "the insurer corrected it")]);
        // What stands again is no news, whatever reason comes with it.
        Enter(state, January, Ten with { Cases = 12 }, "once more").Events.ShouldBeEmpty();
        // Every part of a count is part of what stands.
        Enter(state, January, new(12, 7, "insurer"), "r").Events.Count.ShouldBe(1);
        Enter(state, January, new(12, null, "insurer"), "r").Events.Count.ShouldBe(1);
        Enter(state, January, new(12, 6, "registry"), "r").Events.Count.ShouldBe(1);
    }

    public static TheoryData<string, string, bool> Periods => new()
    {
        { "2026-02-01", "2026-02-10", false },
        { "2025-12-01", "2025-12-31", false },
        { "2026-01-31", "2026-02-10", true },
        { "2025-12-01", "2026-01-01", true },
        { "2026-01-10", "2026-01-10", true },
        { "2025-12-01", "2026-02-10", true },
        { "2026-01-01", "2026-01-30", true },
    };

    [Theory]
    [MemberData(nameof(Periods))]
    public void Standing_totals_have_no_day_in_common(string from, string to, bool overlaps)
    {
        var state = After(State.Initial, s => Enter(s, January, Ten));
        var period = new DaySpan(DateOnly.Parse(from), DateOnly.Parse(to));
        var decision = Enter(state, period, Ten, "r");
        decision.Refusal?.Code.ShouldBe("verifiedTotalsOverlap");
        (decision.Refusal is not null).ShouldBe(overlaps);
        if (overlaps)
        {
            decision.Refusal!.Args.ShouldBe([January.From, January.To]);
            // Once it is withdrawn its days are free, and not its own any more.
            state = After(state, s => Withdraw(s, IdOf("H1", "neurovascular", January), "another hospital's", Today, Regulator));
            state = After(state, s => Enter(s, period, Ten));
            Enter(state, January, Ten).Refusal!.Code.ShouldBe("verifiedTotalsOverlap");
        }
    }

    [Fact]
    public void What_was_withdrawn_is_told_and_may_be_entered_anew()
    {
        var id = IdOf("H1", "neurovascular", January);
        var state = After(After(State.Initial, s => Enter(s, January, Ten)), s => Enter(s, February, Ten));
        state = After(state, s => Withdraw(s, id, "another hospital's", Today, Regulator));
        state.Standing.ShouldHaveSingleItem().Period.ShouldBe(February);
        state.Totals.Select(t => t.Period).ShouldBe([January, February]);
        state.Find(id)!.History[^1].ShouldBeOfType<Event.Withdrawn>().Before.ShouldBe(Ten);
        state = After(state, s => Enter(s, January, Ten));
        state.Standing.Count().ShouldBe(2);
        state.Find(id)!.History.Count.ShouldBe(3);
        Withdraw(State.Initial, id, "r", Today, Regulator).Refusal!.Code.ShouldBe("noSuchVerifiedTotal");
    }

    [Fact]
    public void What_is_refused()
    {
        static string Refused(string from, string to, int cases = 10, int? therapeutic = null) =>
            Enter(State.Initial, new(DateOnly.Parse(from), DateOnly.Parse(to)), new(cases, therapeutic, "insurer")).Refusal is { } r ? $"{r.Code} {r.Pointers[0]}" : "";
        Refused("2026-03-01", "2026-03-01").ShouldBe("", "yesterday is over");
        Refused("2026-03-01", "2026-03-02").ShouldBe("periodNotOver /to");
        Refused("2026-04-01", "2026-04-30").ShouldBe("periodNotOver /to");
        Refused("2026-02-02", "2026-02-01").ShouldBe("endsBeforeItBegins /to");
        Refused("2026-02-01", "2026-02-01").ShouldBe("");
        Refused("1989-12-31", "1990-01-31").ShouldBe("outOfRange /from");
        Refused("1990-01-01", "1990-01-31").ShouldBe("");
        Refused("2026-02-01", "2026-02-01", cases: -1).ShouldBe("outOfRange /cases");
        Refused("2026-02-01", "2026-02-01", cases: 0).ShouldBe("", "that there were none is a count too");
        // A thousand a day.
        Refused("2026-02-01", "2026-02-02", cases: 2_000).ShouldBe("");
        Refused("2026-02-01", "2026-02-02", cases: 2_001).ShouldBe("outOfRange /cases");
        Refused("2026-02-01", "2026-02-01", therapeutic: 10).ShouldBe("");
        Refused("2026-02-01", "2026-02-01", therapeutic: 11).ShouldBe("outOfRange /therapeuticCases");
        Refused("2026-02-01", "2026-02-01", therapeutic: -1).ShouldBe("outOfRange /therapeuticCases");
    }

    [Theory]
    [InlineData(10, 8, 2, 0)]
    [InlineData(10, 10, 0, 0)]
    [InlineData(10, 11, 0, 1)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 3, 0, 3)]
    public void What_is_missing_and_what_is_too_much(int verified, int reported, int missing, int surplus) =>
        (new ReportedShare(verified, reported).Missing, new ReportedShare(verified, reported).Surplus).ShouldBe((missing, surplus));

    [Fact]
    public void Institution_technique_and_period_name_a_total()
    {
        Guid[] ids = [IdOf("H1", "neurovascular", January), IdOf("H2", "neurovascular", January), IdOf("H1", "comprehensive", January), IdOf("H1", "neurovascular", February), IdOf("H1", "neurovascular", January with { To = February.To })];
        ids.Distinct().Count().ShouldBe(5);
        IdOf("H1", "neurovascular", January).ShouldBe(ids[0]);
    }
}
