using Compliance.Training;
using static Compliance.Tests.Training.Selecting;
using Event = Compliance.Training.SelectionApplication.Event;
using State = Compliance.Training.SelectionApplication.State;

namespace Compliance.Tests.Training;

/// <summary>An application from its draft to its submission, and what becomes of a suspicion. Every decision is taken twice, and the second gives nothing.</summary>
public class SelectionApplicationTests
{
    private static readonly SelectionRound.State Round = SelectionRoundTests.Called;
    private static readonly DateTimeOffset Open = new(2024, 4, 10, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly DateOnly Today = new(2024, 6, 10);

    private static DateOnly InFiveDays(DateOnly told) => told.AddDays(5);

    private static (State After, Refusal? Refusal) When(State state, Func<State, Decision<Event>> decide)
    {
        var decision = decide(state);
        var after = decision.Events.Aggregate(state, SelectionApplication.Evolve);
        if (decision.Refusal is null)
        {
            decide(after).Events.ShouldBeEmpty("the same decision taken twice gives one event");
        }

        return (after, decision.Refusal);
    }

    private static Decision<Event> Draft(State state, DateTimeOffset now, string hash = "h") => SelectionApplication.Draft(state, Round, "H1", OnTheLimit.State().Facts, hash, now, Hospital);

    private static readonly State Drafted = When(State.Initial, s => Draft(s, Open)).After;

    private static Decision<Event> Submit(State state, DateTimeOffset now, bool asItIs = false, Selecting? of = null) =>
        SelectionApplication.Submit(state, Round, _ => ((of ?? OnTheLimit).Results("base"), (of ?? OnTheLimit).Results("priority")), asItIs, now, Hospital);

    private static readonly State Submitted = When(Drafted, s => Submit(s, Closing.AddSeconds(-1))).After;

    [Fact]
    public void A_draft_is_changed_until_the_closing_and_not_before_the_opening()
    {
        Draft(State.Initial, new(2024, 4, 2, 23, 59, 59, TimeSpan.FromHours(8))).Refusal!.Code.ShouldBe("selectionRoundNotOpen");
        When(State.Initial, s => Draft(s, new(2024, 4, 3, 0, 0, 0, TimeSpan.FromHours(8)))).After.PersonsHash.ShouldBe("h");
        When(Drafted, s => Draft(s, Closing.AddMicroseconds(-1), "other")).After.PersonsHash.ShouldBe("other");
        Draft(Drafted, Closing, "other").Refusal!.Code.ShouldBe("selectionRoundClosed");
    }

    /// <summary>NC-APP-DEADLINE: 17:00:00 itself is late.</summary>
    [Fact]
    public void What_is_received_before_five_is_in_time_and_final()
    {
        Submit(Drafted, Closing).Refusal!.Code.ShouldBe("selectionRoundClosed");
        (Submitted.Submission!.ReceivedAt, Submitted.IsEligible, Submitted.HasPriority).ShouldBe((Closing.AddSeconds(-1), true, false));
        Draft(Submitted, Open, "other").Refusal!.Code.ShouldBe("alreadySubmitted");
        SelectionApplication.Attach(Submitted, Round, File(1), Open, Hospital).Refusal!.Code.ShouldBe("alreadySubmitted");
        // Submitted again, also later, it is the one there is.
        Submit(Submitted, Closing.AddDays(1)).ShouldBe(Decision<Event>.Nothing);
        Submit(State.Initial, Open).Refusal!.Code.ShouldBe("formsFirst");
    }

    [Fact]
    public void Nobody_submits_what_is_incomplete_without_saying_so()
    {
        var of = OnTheLimit.With("restStudies2023", 149);
        var refusal = Submit(Drafted, Open, of: of).Refusal!;
        (refusal.Code, refusal.Args.ShouldHaveSingleItem()).ShouldBe(("applicationIncomplete", "NC-BASIC-ALL, NC-B2-VOL"));
        When(Drafted, s => Submit(s, Open, asItIs: true, of)).After.IsEligible.ShouldBeFalse();
    }

    private static Attachment File(int n, string kind = "evidence") => new(new Guid(n, 0, 0, new byte[8]), kind, $"hash {n}", 1, AttachmentFormat.Pdf, false);

    [Fact]
    public void Files_come_and_go_until_it_is_submitted()
    {
        var one = When(Drafted, s => SelectionApplication.Attach(s, Round, File(1), Open, Hospital)).After;
        // The same content again for the same kind is there; for another kind it is another.
        SelectionApplication.Attach(one, Round, File(1) with { Id = Guid.NewGuid() }, Open, Hospital).Events.ShouldBeEmpty();
        SelectionApplication.Attach(one, Round, File(1, "form2StampedPdf"), Open, Hospital).Events.ShouldHaveSingleItem();
        // Sent again when it is late, or submitted, it is the one there is; another is late.
        SelectionApplication.Attach(one, Round, File(1), Closing, Hospital).ShouldBe(Decision<Event>.Nothing);
        SelectionApplication.Attach(one, Round, File(2), Closing, Hospital).Refusal!.Code.ShouldBe("selectionRoundClosed");
        SelectionApplication.Detach(one, Round, File(2).Id, Open, Hospital).Refusal!.Code.ShouldBe("noSuchAttachment");
        SelectionApplication.Detach(one, Round, File(1).Id, Open, Hospital).Events.Aggregate(one, SelectionApplication.Evolve).Attachments.ShouldBeEmpty();
        var full = Drafted with { Attachments = [.. Enumerable.Range(1, SelectionApplication.MostAttachments - 1).Select(n => File(n))] };
        full = When(full, s => SelectionApplication.Attach(s, Round, File(30), Open, Hospital)).After;
        full.Attachments.Count.ShouldBe(30);
        SelectionApplication.Attach(full, Round, File(31), Open, Hospital).Refusal!.Code.ShouldBe("tooManyAttachments");
    }

    /// <summary>NC-FRAUD: suspicion alone cancels nothing; substantiated it does, and nothing is that the applicant was not told of.</summary>
    [Fact]
    public void Fraud_is_suspected_answered_and_decided()
    {
        SelectionApplication.Suspect(Drafted, Round, "s", Today, National).Refusal!.Code.ShouldBe("noSuchSelectionApplication");
        SelectionApplication.DecideFraud(Submitted, Round, true, "f", InFiveDays, Today, National).Refusal!.Code.ShouldBe("noFraudInquiry");
        var suspected = When(Submitted, s => SelectionApplication.Suspect(s, Round, "numbers differ", Today, National)).After;
        suspected.IsCancelled.ShouldBeFalse();
        SelectionApplication.Suspect(suspected, Round, "another", Today, National).Refusal!.Code.ShouldBe("fraudUnderInquiry");
        // Unanswered it is substantiated the day after the last for a statement, and not on that day; dismissed it is at any time.
        SelectionApplication.DecideFraud(suspected, Round, true, "f", InFiveDays, Today.AddDays(5), National).Refusal!.ShouldSatisfyAllConditions(r => r.Code.ShouldBe("applicantNotHeard"), r => r.Args.ShouldBe([Today.AddDays(5)]));
        When(suspected, s => SelectionApplication.DecideFraud(s, Round, true, "f", InFiveDays, Today.AddDays(6), National)).After.IsCancelled.ShouldBeTrue();
        When(suspected, s => SelectionApplication.DecideFraud(s, Round, false, "f", InFiveDays, Today, National)).After.IsCancelled.ShouldBeFalse();
        var answered = When(suspected, s => SelectionApplication.AnswerSuspicion(s, "another way of counting", Today, Hospital)).After;
        answered.Suspicions.ShouldHaveSingleItem().Statement!.Statement.ShouldBe("another way of counting");
        When(answered, s => SelectionApplication.DecideFraud(s, Round, false, "so it is", InFiveDays, Today, National)).After.IsCancelled.ShouldBeFalse();
        var cancelled = When(answered, s => SelectionApplication.DecideFraud(s, Round, true, "made up", InFiveDays, Today, National)).After;
        (cancelled.IsCancelled, cancelled.Cancelled!.By, cancelled.Cancelled.Finding).ShouldBe((true, National, "made up"));
        SelectionApplication.Suspect(cancelled, Round, "more", Today, National).Refusal!.Code.ShouldBe("selectionApplicationCancelled");
        SelectionApplication.AnswerSuspicion(cancelled, "late", Today, Hospital).Refusal!.Code.ShouldBe("noFraudInquiry");
    }
}
