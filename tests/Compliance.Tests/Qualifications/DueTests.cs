using System.Text.Json;
using Compliance.Qualifications;
using Compliance.Regulations;
using static Compliance.Tests.Judging;
using static Compliance.Tests.Qualifications.Ladder;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>What is owed, from the state alone: there when it arises, gone when it is done.</summary>
public class DueTests
{
    private static readonly DateOnly Day = AsOf;

    /// <summary>Effective 1 July, rectified by the end of 1 October.</summary>
    private static readonly State Suspended = Granted.Then(s => Suspend(s, Day));

    private static readonly DateOnly Reassessable = new(2026, 10, 2);

    private static readonly State ToBeRevoked = Suspended.Then(s => Reassess(s, passed: false, Reassessable));

    private static Due Only(State state, DueKind kind) => Due.Of(state).Where(d => d.What == kind).ShouldHaveSingleItem();

    private static void Gone(State state, DueKind kind) => Due.Of(state).ShouldNotContain(d => d.What == kind);

    private static string LastProposal(State state) => state.Proposals[^1].Id.ToString("D");

    [Fact]
    public void NothingIsOwedInGoodStandingOrWarned()
    {
        Due.Of(State.Initial).ShouldBeEmpty();
        Due.Of(Granted).ShouldBeEmpty();
        Due.Of(Granted.Then(s => Closed(s, Day, EnforcementMode.Enforce, VolumeBreached))).ShouldBeEmpty();
    }

    [Fact]
    public void AReassessmentFromTheDayAfterRectification()
    {
        Due.Of(Suspended).ShouldBe([new Due(DueKind.Reassessment, Reassessable, "11", null)]);
        Gone(Suspended.Then(s => Reassess(s, passed: true, Reassessable)), DueKind.Reassessment);
        Gone(ToBeRevoked, DueKind.Reassessment);
        Gone(Suspended.Then(s => Lift(s, Day)), DueKind.Reassessment);
        Gone(Suspended.Then(s => Annul(s, Day)), DueKind.Reassessment);
        // Declined, the suspension goes on, and so does what is owed.
        Only(ToBeRevoked.Then(DecideLast(ToBeRevoked, agree: false, Reassessable)), DueKind.Reassessment).On.ShouldBe(Reassessable);
    }

    [Fact]
    public void ADecisionOnAProposalFromTheDayItWasJudged()
    {
        foreach (Finding finding in new[] { VolumeBreached, RateBreached })
        {
            State proposed = Granted.Then(s => Closed(s, Day, EnforcementMode.Confirm, finding));
            Due.Of(proposed).ShouldBe([new Due(DueKind.Proposal, Day, "11", LastProposal(proposed))]);
            Gone(proposed.Then(DecideLast(proposed, agree: true, Day)), DueKind.Proposal);
            Gone(proposed.Then(DecideLast(proposed, agree: false, Day)), DueKind.Proposal);
            Gone(proposed.Then(s => Closed(s, Day.AddDays(1), EnforcementMode.Confirm)), DueKind.Proposal);
        }
    }

    [Fact]
    public void ADecisionOnARevocationFromTheDayAfterTheLastToAskForAHearing()
    {
        DateOnly decidable = HearUntil(Reassessable).AddDays(1);
        Due.Of(ToBeRevoked).ShouldBe([new Due(DueKind.Proposal, decidable, "11", LastProposal(ToBeRevoked))]);
        Due.Of(ToBeRevoked.Then(s => Revoke(s, decidable))).ShouldBeEmpty();
    }

    [Fact]
    public void AHearingOnceItWasAskedForAndThenTheDecision()
    {
        State asked = ToBeRevoked.Then(s => AskToBeHeard(s, Reassessable.AddDays(2)));
        Due.Of(asked).ShouldBe([new Due(DueKind.Hearing, Reassessable.AddDays(2), "11", LastProposal(asked))]);
        State heard = asked.Then(s => Hear(s, Reassessable.AddDays(20), Reassessable.AddDays(21)));
        Due.Of(heard).ShouldBe([new Due(DueKind.Proposal, Reassessable.AddDays(20), "11", LastProposal(asked))]);
        Due.Of(heard.Then(s => Revoke(s, Reassessable.AddDays(21)))).ShouldBeEmpty();
    }

    [Fact]
    public void BothProposalsOfOneThatFailedTwice()
    {
        State twice = Granted.Then(s => Failed(s, Year(2024), new(2025, 3, 16), EnforcementMode.Confirm)).Then(s => Failed(s, Year(2025), Day, EnforcementMode.Confirm));
        Due.Of(twice).Select(d => (d.What, d.On)).ShouldBe([(DueKind.Proposal, Day), (DueKind.Proposal, HearUntil(Day).AddDays(1))]);
    }

    /// <summary>Proposed by a version of this software that knew no hearing: from the day of reassessment on.</summary>
    [Fact]
    public void ARevocationProposedBeforeHearingsWereKept()
    {
        State old = Qualification.Evolve(Suspended, new Event.RevocationProposed(Id, Guid.Empty, "11", "not mended", null, Regulator));
        Due.Of(old).ShouldBe([new Due(DueKind.Proposal, Reassessable, "11", Guid.Empty.ToString("D"))]);
    }

    [Fact]
    public void ADecisionOnGroundsThatFell()
    {
        State suspended = Granted.Then(s => Closed(s, Day, EnforcementMode.Enforce, RateBreached));
        State undermined = suspended.Then(s => Decide(s, ClosingOf(s, Day.AddDays(3)) with { GroundsHold = false }));
        Only(undermined, DueKind.GroundsDecision).ShouldBe(new Due(DueKind.GroundsDecision, Day.AddDays(11), "11", null));
        Gone(undermined.Then(s => Qualification.Uphold(s, "others weigh the same", Regulator)), DueKind.GroundsDecision);
        Gone(undermined.Then(s => Annul(s, Day.AddDays(5))), DueKind.GroundsDecision);
        Gone(undermined.Then(s => Lift(s, Day.AddDays(5))), DueKind.GroundsDecision);
    }

    [Fact]
    public void AReview()
    {
        State asked = Suspended.Then(s => Qualification.RequestReview(s, "not our cases", Day.AddDays(14), Holder));
        Only(asked, DueKind.Review).ShouldBe(new Due(DueKind.Review, Day.AddDays(14), "11", null));
        Gone(asked.Then(s => Qualification.Uphold(s, "they are", Regulator)), DueKind.Review);
        Gone(asked.Then(s => Annul(s, Day.AddDays(5))), DueKind.Review);
        Gone(asked.Then(s => Lift(s, Day.AddDays(5))), DueKind.Review);
        Gone(asked.Then(s => Reassess(s, passed: true, Reassessable)), DueKind.Review);
    }

    [Fact]
    public void TheAnswerToAnObjection()
    {
        State filed = Granted.Then(s => Objection.File(s, against: 2, "not our cases", Day, Day.AddDays(14), Holder)).Then(s => Objection.File(s, against: 3, "nor these", Day, Day.AddDays(15), Holder));
        Guid first = filed.Objections[0].Id;
        Due.Of(filed).Select(d => (d.What, d.On, d.Reference)).ShouldBe(
            [(DueKind.Objection, Day.AddDays(14), first.ToString("D")), (DueKind.Objection, Day.AddDays(15), filed.Objections[1].Id.ToString("D"))]);
        foreach (bool accepted in new[] { true, false })
            Due.Of(filed.Then(s => Objection.Answer(s, first, accepted, "so it is", Day.AddDays(1), Regulator))).ShouldHaveSingleItem().On.ShouldBe(Day.AddDays(15));
    }

    [Fact]
    public void AnAttestationThatEnds()
    {
        State attested = Attest(Granted, "beds", validUntil: new(2026, 12, 31), heldOn: new(2026, 1, 1));
        Due.Of(attested).ShouldBe([new Due(DueKind.Attestation, new(2026, 12, 31), null, "beds")]);
        Due.Of(Attest(attested, "beds", validUntil: new(2027, 12, 31), heldOn: new(2026, 12, 1))).ShouldBe([new Due(DueKind.Attestation, new(2027, 12, 31), null, "beds")]);
        Due.Of(Attest(attested, "beds", validUntil: null, heldOn: new(2026, 12, 1))).ShouldBeEmpty();
        Due.Of(attested.Then(s => Relinquish(s, Day))).ShouldBeEmpty();
        Due.Of(Attest(State.Initial, "beds", validUntil: new(2026, 12, 31), heldOn: new(2026, 1, 1))).ShouldBeEmpty("an applicant is not qualified yet");
    }

    [Fact]
    public void TheFilingOfAGrantThatWasAppliedFor()
    {
        State applied = Qualification.Evolve(State.Initial, new Application.Event.Submitted(Id, 1, "NV-TRAINED", "NV-2012", Judging.Neurovascular.Version, [], new(2026, 1, 5), Holder));
        State granted = Qualification.Evolve(applied, new Event.Granted(Id, 1, Day, "G-1", Imported: false, Regulator, new(1, "NV-TRAINED", "NV-2012", Judging.Neurovascular.Version, [])));
        Due.Of(granted).ShouldBe([new Due(DueKind.GrantFiling, Day, null, null)]);
        Due.Of(Qualification.Evolve(granted, new Application.Event.GrantFiled(Id, 1, "M-1", Day.AddDays(2), Regulator))).ShouldBeEmpty();
        Due.Of(granted.Then(s => Relinquish(s, Day))).ShouldBeEmpty();
    }

    private static State Attest(State state, string fact, DateOnly? validUntil, DateOnly heldOn) =>
        Qualification.Evolve(state, new Application.Event.FactsAttested(Id, [new(fact, JsonSerializer.SerializeToElement(30), heldOn, validUntil, [])], heldOn, Holder));
}
