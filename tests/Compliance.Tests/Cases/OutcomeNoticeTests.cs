using Compliance.Regulations;
using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

public class OutcomeNoticeTests
{
    private static readonly Guid Id = new("0197c3a0-5d00-7abc-8def-0123456789ab");
    private static readonly Guid CaseId = Case.IdOf("H110001", "1");
    private static readonly DateOnly Due = new(2026, 4, 16);

    private static readonly OutcomeNotice.State Filed = OutcomeNotice.Evolve(OutcomeNotice.State.Initial, new OutcomeNotice.Event.Filed(
        Id, "H110001", "neurovascular", "1", null, null, OutcomeNotice.Death, new(2026, 3, 20), new Evidence("letter", new string('0', 64), new(2026, 3, 21)), "H110002",
        new(new(2026, 4, 1), Due, 4, Provisional: false), Hospital));

    private static OutcomeNotice.State After(OutcomeNotice.State state, Decision<OutcomeNotice.Event> decision)
    {
        decision.Refusal.ShouldBeNull();
        return decision.Events.Aggregate(state, OutcomeNotice.Evolve);
    }

    private static Decision<OutcomeNotice.Event> Respond(OutcomeNotice.State state, bool accepted) => OutcomeNotice.Respond(state, accepted, CaseId, "r", Due, Hospital);

    private static Decision<OutcomeNotice.Event> Decide(OutcomeNotice.State state, bool upheld, DateOnly? today = null) => OutcomeNotice.Decide(state, upheld, CaseId, "r", Due, today ?? Due, Regulator);

    [Fact]
    public void It_is_answered_once()
    {
        Filed.Stands.ShouldBe(NoticeState.Open);
        var accepted = After(Filed, Respond(Filed, accepted: true));
        (accepted.Stands, accepted.Answer!.CaseId).ShouldBe((NoticeState.Accepted, CaseId));
        Respond(accepted, accepted: true).ShouldBe(Decision<OutcomeNotice.Event>.Nothing);
        Respond(accepted, accepted: false).Refusal!.Code.ShouldBe("noticeAnswered");
        Decide(accepted, upheld: true).Refusal!.Code.ShouldBe("noticeAnswered");
        var disputed = After(Filed, Respond(Filed, accepted: false));
        (disputed.Stands, disputed.Answer!.CaseId).ShouldBe((NoticeState.Disputed, null));
    }

    [Theory]
    [InlineData(true, NoticeState.Upheld)]
    [InlineData(false, NoticeState.Dismissed)]
    public void What_is_disputed_the_regulator_decides_once(bool upheld, NoticeState stands)
    {
        var disputed = After(Filed, Respond(Filed, accepted: false));
        var decided = After(disputed, Decide(disputed, upheld));
        decided.Stands.ShouldBe(stands);
        Decide(decided, upheld).ShouldBe(Decision<OutcomeNotice.Event>.Nothing);
        Decide(decided, !upheld).Refusal!.Code.ShouldBe("noticeDecided");
    }

    [Fact]
    public void One_upheld_without_a_case_is_decided_again_when_there_is_one()
    {
        Decision<OutcomeNotice.Event> Uphold(OutcomeNotice.State state, Guid? caseId, bool upheld = true) => OutcomeNotice.Decide(state, upheld, caseId, "r", Due, Due, Regulator);
        var disputed = After(Filed, Respond(Filed, accepted: false));
        var without = After(disputed, Uphold(disputed, null));
        Uphold(without, null).ShouldBe(Decision<OutcomeNotice.Event>.Nothing);
        Uphold(without, CaseId, upheld: false).Refusal!.Code.ShouldBe("noticeDecided");
        var placed = After(without, Uphold(without, CaseId));
        (placed.Stands, placed.Decision!.CaseId).ShouldBe((NoticeState.Upheld, CaseId));
        Uphold(placed, CaseId).ShouldBe(Decision<OutcomeNotice.Event>.Nothing);
        Uphold(placed, Guid.NewGuid()).ShouldBe(Decision<OutcomeNotice.Event>.Nothing);
        // What was dismissed stays so.
        var dismissed = After(disputed, Uphold(disputed, null, upheld: false));
        Uphold(dismissed, CaseId).Refusal!.Code.ShouldBe("noticeDecided");
    }

    [Fact]
    public void What_is_not_answered_in_time_the_regulator_may_decide()
    {
        Decide(Filed, upheld: true).Refusal!.Code.ShouldBe("noticeNotDue");
        After(Filed, Decide(Filed, upheld: true, Due.AddDays(1))).Stands.ShouldBe(NoticeState.Upheld);
    }

    [Fact]
    public void There_must_be_one()
    {
        Respond(OutcomeNotice.State.Initial, accepted: true).Refusal!.Code.ShouldBe("noSuchNotice");
        Decide(OutcomeNotice.State.Initial, upheld: true).Refusal!.Code.ShouldBe("noSuchNotice");
        OutcomeNotice.File(Filed, Filed.Filed!).ShouldBe(Decision<OutcomeNotice.Event>.Nothing);
    }
}
