namespace Compliance.Cases.Tests;

/// <summary>What is decided about an announced procedure; and that deciding it again gives nothing more.</summary>
public class ProcedureTests
{
    private static readonly Actor Hospital = new("hospital", "angio-room");
    private static readonly Actor Regulator = new("regulator", "officer");

    // Monday 2 March 2026: 3-6, 9-13 and 16 March are the ten working days.
    private static readonly DateOnly Day = new(2026, 3, 2);
    private static readonly DateOnly Deadline = new(2026, 3, 16);
    private static readonly AnnouncedProcedure Coil = new("neurovascular", ["NV-ANEURYSM-COIL"], Intent.Therapeutic, true, 0, new(2026, 3, 2, 14, 20, 0, TimeSpan.FromHours(8)), Day, "P0001");
    private static readonly Timeliness Told = new(Day, Deadline, 4, Provisional: false);

    private static readonly Procedure.State Announced = After(Procedure.State.Initial, s => Announce(s));

    private static Decision<Procedure.Event> Announce(Procedure.State state, AnnouncedProcedure? said = null) => Procedure.Announce(state, "H1", "1", said ?? Coil, Told, Hospital);

    private static Decision<Procedure.Event> Withdraw(Procedure.State state, DateOnly today, bool regulator = false, bool reported = false) =>
        Procedure.Withdraw(state, Deadline, reported, regulator, "in error", today, regulator ? Regulator : Hospital);

    private static Procedure.State After(Procedure.State state, Func<Procedure.State, Decision<Procedure.Event>> decide)
    {
        var decision = decide(state);
        decision.Refusal.ShouldBeNull();
        decision.Events.ShouldHaveSingleItem();
        return decision.Events.Aggregate(state, Procedure.Evolve);
    }

    private static void Nothing(Decision<Procedure.Event> decision)
    {
        decision.Refusal.ShouldBeNull();
        decision.Events.ShouldBeEmpty();
    }

    [Fact]
    public void It_is_announced_once_and_named_like_its_case()
    {
        Announced.Key.ShouldBe(new(Case.IdOf("H1", "1"), "H1", "P0001", "neurovascular", Day));
        (Announced.Stands, Announced.CaseNumber, Announced.Timeliness).ShouldBe((true, "1", Told));
        Nothing(Announce(Announced));
        Nothing(Announce(Announced, Coil with { ProcedureCodes = ["NV-ANEURYSM-COIL"] }));
        Procedure.Stream(Announced.Key!.CaseId).ShouldNotBe(Case.Stream(Announced.Key.CaseId));
    }

    [Fact]
    public void Another_announcement_of_the_number_is_refused_where_it_differs()
    {
        (string Code, string Pointers) Refused(AnnouncedProcedure said) => Announce(Announced, said).Refusal is { } r ? (r.Code, string.Join(' ', r.Pointers)) : ("", "");
        Refused(Coil with { Operator = null }).ShouldBe(("procedureDiffers", "/operator"));
        Refused(Coil with { Technique = "comprehensive", ProcedureCodes = ["CI-L3-05"] }).ShouldBe(("procedureDiffers", "/technique /procedureCodes"));
        Refused(Coil with { Intent = Intent.Diagnostic, CompletedAt = Coil.CompletedAt.AddMinutes(1) }).ShouldBe(("procedureDiffers", "/intent /completedAt"));
    }

    [Fact]
    public void Its_hospital_withdraws_it_until_the_deadline_and_the_regulator_after_it()
    {
        var withdrawn = After(Announced, s => Withdraw(s, Deadline));
        (withdrawn.Stands, withdrawn.Withdrawn).ShouldBe((false, true));
        Nothing(Withdraw(withdrawn, Deadline.AddDays(9)));
        Withdraw(Announced, Deadline.AddDays(1)).Refusal!.Code.ShouldBe("deadlinePassed");
        After(Announced, s => Withdraw(s, Deadline.AddDays(1), regulator: true)).Stands.ShouldBeFalse();
        Withdraw(Announced, Day, reported: true).Refusal!.Code.ShouldBe("procedureReported");
        Withdraw(Procedure.State.Initial, Day).Refusal!.Code.ShouldBe("noSuchProcedure");
        // Where no deadline is, none passes.
        After(Announced, s => Procedure.Withdraw(s, null, reported: false, regulator: false, "in error", Deadline.AddDays(500), Hospital)).Stands.ShouldBeFalse();
    }

    [Fact]
    public void What_was_withdrawn_comes_back_only_as_something_else()
    {
        var withdrawn = After(Announced, s => Withdraw(s, Day));
        Announce(withdrawn).Refusal!.Code.ShouldBe("procedureWithdrawn");
        var anew = After(withdrawn, s => Announce(s, Coil with { Operator = "P0002" }));
        (anew.Stands, anew.Key!.Operator).ShouldBe((true, "P0002"));
        Announce(anew).Refusal!.Code.ShouldBe("procedureDiffers");
    }

    [Fact]
    public void Its_report_falls_overdue_once_when_a_day_after_the_deadline_is_closed()
    {
        Decision<Procedure.Event> Closed(Procedure.State state, DateOnly day, DateOnly? deadline = null) => Procedure.RecordOverdue(state, Announced.Key!, deadline ?? Deadline, day);
        Nothing(Closed(Announced, Deadline));
        var overdue = After(Announced, s => Closed(s, Deadline.AddDays(1)));
        overdue.FellOverdueOn.ShouldBe(Deadline.AddDays(1));
        overdue.Stands.ShouldBeTrue();
        Nothing(Closed(overdue, Deadline.AddDays(1)));
        Nothing(Closed(overdue, Deadline.AddDays(20), Deadline.AddDays(10)));
        // By the closing's own calendar, which may be a later one.
        Nothing(Closed(Announced, Deadline.AddDays(1), Deadline.AddDays(1)));
        Nothing(Closed(After(Announced, s => Withdraw(s, Day)), Deadline.AddDays(1)));
        // What was announced in its place is not what the closing saw.
        var moved = After(After(Announced, s => Withdraw(s, Day)), s => Announce(s, Coil with { CompletedAt = Coil.CompletedAt.AddDays(1), CompletedOn = Day.AddDays(1) }));
        Nothing(Closed(moved, Deadline.AddDays(1)));
        var e = Closed(Announced, new(2026, 3, 31)).Events.ShouldHaveSingleItem().ShouldBeOfType<Procedure.Event.ReportFellOverdue>();
        (e.Deadline, e.Day, e.By).ShouldBe((Deadline, new(2026, 3, 31), Actor.Monitor));
    }
}
