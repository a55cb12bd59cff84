using Compliance.Assessments;
using Compliance.Qualifications;
using static Compliance.Tests.Judging;
using static Compliance.Tests.Qualifications.Ladder;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>Each state of the ladder and each command: what it comes to. Whatever is accepted is decided again on what came of it, and gives no event.</summary>
public class LadderTests
{
    /// <summary>The day everything is asked on; the closings are of the day before.</summary>
    private static readonly DateOnly Today = AsOf;
    private static readonly DateOnly Yesterday = Today.AddDays(-1);

    private static readonly State Suspended = Granted.Then(s => Closed(s, Today.AddDays(-10), EnforcementMode.Enforce, RateBreached));
    private static readonly State Rectified = Granted.Then(s => Closed(s, new(2026, 2, 1), EnforcementMode.Enforce, RateBreached));
    private static readonly State ToBeRevoked = Rectified.Then(s => Reassess(s, passed: false, Today.AddDays(-3)));
    private static readonly State ToBeHeard = ToBeRevoked.Then(s => AskToBeHeard(s, Yesterday));
    private static readonly State LongToBeRevoked = Rectified.Then(s => Reassess(s, passed: false, Today.AddDays(-20)));
    private static readonly State Warned = Granted.Then(s => Closed(s, Today.AddDays(-10), EnforcementMode.Enforce, VolumeBreached));

    private static readonly IReadOnlyDictionary<string, State> States = new Dictionary<string, State>
    {
        ["never granted"] = State.Initial,
        ["good"] = Granted,
        ["warned"] = Warned,
        ["warned, objected"] = Warned.Then(s => Objection.File(s, against: 2, "not our cases", Yesterday, Today.AddDays(13), Holder)),
        ["warning proposed"] = Granted.Then(s => Closed(s, Today.AddDays(-10), EnforcementMode.Confirm, VolumeBreached)),
        ["suspension proposed"] = Granted.Then(s => Closed(s, Today.AddDays(-10), EnforcementMode.Confirm, RateBreached)),
        // warned meanwhile
        ["held"] = Granted.Then(s => Decide(s, ClosingOf(s, Today.AddDays(-10), RateBreached), held: true)),
        ["failed twice, proposed"] = Granted
            .Then(s => Failed(s, Year(2024), new(2025, 3, 16), EnforcementMode.Confirm))
            .Then(s => Failed(s, Year(2025), Today.AddDays(-3), EnforcementMode.Confirm)),
        ["rectifying"] = Suspended,
        ["rectified"] = Rectified,
        ["undermined"] = Suspended.Then(s => Decide(s, ClosingOf(s, Today.AddDays(-5)) with { GroundsHold = false })),
        ["under review"] = Suspended.Then(s => Qualification.RequestReview(s, "not our cases", Today.AddDays(9), Holder)),
        ["to be revoked"] = ToBeRevoked,
        ["hearing asked for"] = ToBeHeard,
        ["heard"] = ToBeHeard.Then(s => Hear(s, Yesterday, Yesterday)),
        ["not heard in time"] = LongToBeRevoked,
        ["revoked"] = LongToBeRevoked.Then(s => Revoke(s, Today.AddDays(-12))),
        ["given up, suspended"] = Rectified.Then(s => Relinquish(s, Today.AddDays(-5))),
        ["given up"] = Granted.Then(s => Relinquish(s, Today.AddDays(-5))),
    };

    private static readonly IReadOnlyDictionary<string, Func<State, Decision<Event>>> Commands = new Dictionary<string, Func<State, Decision<Event>>>
    {
        ["Grant"] = s => Grant(s, Today.AddDays(1)),
        ["Suspend"] = s => Suspend(s, Today),
        ["Lift"] = s => Lift(s, Today),
        ["Annul"] = s => Annul(s, Today),
        ["Uphold"] = s => Qualification.Uphold(s, "they are", Regulator),
        ["RequestReview"] = s => Qualification.RequestReview(s, "not our cases", Today.AddDays(14), Holder),
        ["FileRectificationPlan"] = s => Qualification.FileRectificationPlan(s, "we hire", Today, Holder),
        ["FileRectificationEvidence"] = s => Qualification.FileRectificationEvidence(s, "hired", [new("contract.pdf", "3b1f", Today)], Today, Holder),
        ["Reassess, passed"] = s => Reassess(s, passed: true, Today),
        ["Reassess, failed"] = s => Reassess(s, passed: false, Today),
        ["Hearing.Request"] = s => AskToBeHeard(s, Today),
        ["Hearing.Hold"] = s => Hear(s, Today, Today),
        ["Revoke"] = s => Revoke(s, Today),
        ["Relinquish"] = s => Relinquish(s, Today),
        ["Objection.File"] = s => Objection.File(s, against: 2, "not our cases", Today, Today.AddDays(14), Holder),
        ["Objection.Answer"] = s => Objection.Answer(s, s.Objections.FirstOrDefault()?.Id ?? Guid.Empty, accepted: false, "they are", Today, Regulator),
        ["PeriodicAssessment.Record, failed"] = s => Failed(s, Year(2026), Today),
        ["PeriodicAssessment.Record, passed"] = s => Concluded(s, Year(2026), AssessmentOutcome.Passed, Today),
        ["RecordClosing, breach"] = s => Closed(s, Yesterday, EnforcementMode.Enforce, RateBreached),
        ["RecordClosing, no breach"] = s => Closed(s, Yesterday, EnforcementMode.Enforce, Met("NV-RATE-COMP")),
        ["RecordClosing, grounds fallen"] = s => Decide(s, ClosingOf(s, Yesterday) with { GroundsHold = s.Standing == Standing.Suspended ? false : null }),
    };

    private const string NotSuspended = "good | warned | warned, objected | warning proposed | suspension proposed | held | failed twice, proposed | revoked | given up";

    private const string NoProposal = "never granted | good | warned | warned, objected | rectifying | rectified | undermined | under review | given up, suspended | given up";

    /// <summary>Command, what it comes to, and the states in which it does. "nothing": no event and no refusal.</summary>
    private static readonly (string Command, string Result, string States)[] Table =
    [
        ("Grant", "Granted", "never granted | revoked | given up"),
        ("Grant", "alreadyGranted", "good | warned | warned, objected"),
        ("Grant", "proceedingPending", "warning proposed | suspension proposed | held | failed twice, proposed | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | given up, suspended"),

        ("Suspend", "noSuchQualification", "never granted | revoked | given up | given up, suspended"),
        ("Suspend", "Suspended", "good | warned | warned, objected"),
        // a revocation proposed is weightier, and stays
        ("Suspend", "ProposalWithdrawn + Suspended", "warning proposed | suspension proposed | held | failed twice, proposed"),
        ("Suspend", "nothing", "rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time"),

        ("Lift", "noSuchQualification", "never granted"),
        ("Lift", "notSuspended", NotSuspended),
        ("Lift", "SuspensionLifted", "rectifying | rectified | undermined | under review | given up, suspended"),
        ("Lift", "ProposalWithdrawn + SuspensionLifted", "to be revoked | hearing asked for | heard | not heard in time"),

        ("Annul", "noSuchQualification", "never granted"),
        ("Annul", "notSuspended", NotSuspended),
        ("Annul", "SuspensionAnnulled", "rectifying | rectified | undermined | under review | given up, suspended"),
        ("Annul", "ProposalWithdrawn + SuspensionAnnulled", "to be revoked | hearing asked for | heard | not heard in time"),

        ("Uphold", "noSuchQualification", "never granted"),
        ("Uphold", "notSuspended", NotSuspended),
        ("Uphold", "SuspensionUpheld", "undermined | under review"),
        ("Uphold", "nothingToReview", "rectifying | rectified | to be revoked | hearing asked for | heard | not heard in time | given up, suspended"),

        ("RequestReview", "noSuchQualification", "never granted"),
        ("RequestReview", "notSuspended", NotSuspended),
        ("RequestReview", "ReviewRequested", "rectifying | rectified | undermined | to be revoked | hearing asked for | heard | not heard in time | given up, suspended"),
        ("RequestReview", "nothing", "under review"),

        ("FileRectificationPlan", "noSuchQualification", "never granted"),
        ("FileRectificationPlan", "notSuspended", NotSuspended),
        ("FileRectificationPlan", "RectificationPlanFiled", "rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | given up, suspended"),

        ("FileRectificationEvidence", "noSuchQualification", "never granted"),
        ("FileRectificationEvidence", "notSuspended", NotSuspended),
        ("FileRectificationEvidence", "RectificationEvidenceFiled", "rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | given up, suspended"),

        ("Reassess, passed", "noSuchQualification", "never granted"),
        ("Reassess, passed", "notSuspended", NotSuspended),
        ("Reassess, passed", "rectificationNotEnded", "rectifying | undermined | under review"),
        ("Reassess, passed", "Reassessed + Reinstated", "rectified | given up, suspended"),
        ("Reassess, passed", "proposalPending", "to be revoked | hearing asked for | heard | not heard in time"),

        ("Reassess, failed", "noSuchQualification", "never granted"),
        ("Reassess, failed", "notSuspended", NotSuspended),
        ("Reassess, failed", "rectificationNotEnded", "rectifying | undermined | under review"),
        ("Reassess, failed", "Reassessed + RevocationProposed", "rectified | given up, suspended"),
        ("Reassess, failed", "nothing", "to be revoked | hearing asked for | heard | not heard in time"),

        ("Hearing.Request", "noRevocationProposed", NoProposal + " | warning proposed | suspension proposed | held | revoked"),
        ("Hearing.Request", "Requested", "to be revoked | failed twice, proposed"),
        ("Hearing.Request", "nothing", "hearing asked for | heard"),
        ("Hearing.Request", "hearingPeriodOver", "not heard in time"),

        ("Hearing.Hold", "noRevocationProposed", NoProposal + " | warning proposed | suspension proposed | held | revoked"),
        ("Hearing.Hold", "noHearingRequested", "to be revoked | failed twice, proposed | not heard in time"),
        ("Hearing.Hold", "Held", "hearing asked for"),
        ("Hearing.Hold", "nothing", "heard"),

        ("DecideProposal, agree", "noSuchProposal", NoProposal),
        ("DecideProposal, agree", "ProposalDecided + Warned", "warning proposed"),
        ("DecideProposal, agree", "ProposalDecided + Suspended", "suspension proposed | held"),
        ("DecideProposal, agree", "hearingPeriodOpen", "to be revoked | failed twice, proposed"),
        ("DecideProposal, agree", "hearingOutstanding", "hearing asked for"),
        ("DecideProposal, agree", "ProposalDecided + Revoked", "heard | not heard in time"),
        ("DecideProposal, agree", "nothing", "revoked"),

        ("DecideProposal, decline", "noSuchProposal", NoProposal),
        // in the subject's favour at any time
        ("DecideProposal, decline", "ProposalDecided", "warning proposed | suspension proposed | held | to be revoked | failed twice, proposed | hearing asked for | heard | not heard in time"),
        ("DecideProposal, decline", "proposalDecided", "revoked"),

        ("Revoke", "noRevocationProposed", NoProposal + " | warning proposed | suspension proposed | held"),
        ("Revoke", "hearingPeriodOpen", "to be revoked | failed twice, proposed"),
        ("Revoke", "hearingOutstanding", "hearing asked for"),
        ("Revoke", "ProposalDecided + Revoked", "heard | not heard in time"),
        ("Revoke", "nothing", "revoked"),

        ("Relinquish", "noSuchQualification", "never granted"),
        ("Relinquish", "Relinquished", "good | warned | warned, objected | warning proposed | suspension proposed | held | failed twice, proposed | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time"),
        ("Relinquish", "standingChanged", "revoked"),
        ("Relinquish", "nothing", "given up, suspended | given up"),

        ("Objection.File", "noSuchQualification", "never granted"),
        ("Objection.File", "nothing", "warned, objected"),
        ("Objection.File", "Filed", "good | warned | warning proposed | suspension proposed | held | failed twice, proposed | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | revoked | given up, suspended | given up"),

        ("Objection.Answer", "Answered", "warned, objected"),
        ("Objection.Answer", "noSuchObjection", "never granted | good | warned | warning proposed | suspension proposed | held | failed twice, proposed | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | revoked | given up, suspended | given up"),

        ("PeriodicAssessment.Record, failed", "nothing", "never granted"),
        ("PeriodicAssessment.Record, failed", "Assessed + Suspended", "good | warned | warned, objected"),
        // of the one that failed twice the revocation stays proposed; the third failure suspends
        ("PeriodicAssessment.Record, failed", "Assessed + ProposalWithdrawn + Suspended", "warning proposed | suspension proposed | held | failed twice, proposed"),
        // the first failure of these: suspended they are
        ("PeriodicAssessment.Record, failed", "Assessed", "rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | revoked | given up, suspended | given up"),

        ("PeriodicAssessment.Record, passed", "nothing", "never granted"),
        ("PeriodicAssessment.Record, passed", "Assessed", "good | warned | warned, objected | warning proposed | suspension proposed | held | failed twice, proposed | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | revoked | given up, suspended | given up"),

        ("RecordClosing, breach", "Suspended", "good | warned | warned, objected"),
        ("RecordClosing, breach", "ProposalWithdrawn + Suspended", "warning proposed | suspension proposed | failed twice, proposed"),
        ("RecordClosing, breach", "nothing", "never granted | held | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | revoked | given up, suspended | given up"),

        ("RecordClosing, no breach", "WarningLifted", "warned | warned, objected"),
        ("RecordClosing, no breach", "ProposalWithdrawn", "warning proposed | suspension proposed"),
        ("RecordClosing, no breach", "ProposalWithdrawn + WarningLifted", "held"),
        // what rests on an assessment no closing takes back
        ("RecordClosing, no breach", "nothing", "never granted | good | failed twice, proposed | rectifying | rectified | undermined | under review | to be revoked | hearing asked for | heard | not heard in time | revoked | given up, suspended | given up"),

        ("RecordClosing, grounds fallen", "GroundsUndermined", "rectifying | rectified | under review | to be revoked | hearing asked for | heard | not heard in time"),
        ("RecordClosing, grounds fallen", "nothing", "never granted | good | failed twice, proposed | undermined | revoked | given up, suspended | given up"),
        ("RecordClosing, grounds fallen", "WarningLifted", "warned | warned, objected"),
        ("RecordClosing, grounds fallen", "ProposalWithdrawn", "warning proposed | suspension proposed"),
        ("RecordClosing, grounds fallen", "ProposalWithdrawn + WarningLifted", "held"),
    ];

    public static TheoryData<string> AllCommands => [.. Table.Select(row => row.Command).Distinct()];

    [Theory]
    [MemberData(nameof(AllCommands))]
    public void InEachState(string command)
    {
        Dictionary<string, string> expected = Table.Where(row => row.Command == command).SelectMany(row => row.States.Split(" | ").Select(state => (state, row.Result))).ToDictionary(cell => cell.state, cell => cell.Result);
        expected.Keys.ShouldBe(States.Keys, ignoreOrder: true);
        States.Select(state => (state.Key, Was: When(state.Value, Of(command, state.Value)).Result, Expected: expected[state.Key])).Where(cell => cell.Was != cell.Expected).ShouldBeEmpty();
    }

    [Fact]
    public void EveryCommandIsInTheTable() => Table.Select(row => row.Command).Distinct().ShouldBe([.. Commands.Keys, "DecideProposal, agree", "DecideProposal, decline"], ignoreOrder: true);

    // Which proposal is meant is settled before it is decided.
    private static Func<State, Decision<Event>> Of(string command, State state) => command switch
    {
        "DecideProposal, agree" => DecideLast(state, agree: true, Today),
        "DecideProposal, decline" => DecideLast(state, agree: false, Today),
        _ => Commands[command],
    };

    // three months, by the month (NV-RECTIFY-3M, A27): effective on, and the first day of reassessment

    [Theory]
    [InlineData("2025-11-30", "2026-03-01")]
    [InlineData("2025-12-31", "2026-04-01")]
    [InlineData("2025-08-31", "2025-12-01")]
    [InlineData("2025-09-15", "2025-12-16")]
    [InlineData("2023-11-30", "2024-03-01")] // the 29th of February is the last day
    [InlineData("2023-11-29", "2024-03-01")]
    [InlineData("2023-11-28", "2024-02-29")]
    public void RectificationRunsThreeMonthsHoweverItBegan(string effectiveOn, string reassessedFrom)
    {
        (DateOnly effective, DateOnly from) = (DateOnly.ParseExact(effectiveOn, "yyyy-MM-dd"), DateOnly.ParseExact(reassessedFrom, "yyyy-MM-dd"));
        DateOnly recorded = effective.AddDays(-1);
        State proposed = Granted.Then(s => Closed(s, recorded.AddDays(-20), EnforcementMode.Confirm, RateBreached));
        State[] suspended =
        [
            Granted.Then(s => Closed(s, recorded.AddDays(-1), EnforcementMode.Enforce, RateBreached)),
            Granted.Then(s => Decide(s, ClosingOf(s, recorded.AddDays(-9), RateBreached), recordedOn: recorded)),
            Granted.Then(s => Failed(s, Year(effective.Year - 1), recorded)),
            Granted.Then(s => Suspend(s, recorded)),
            proposed.Then(DecideLast(proposed, agree: true, recorded)),
        ];
        foreach (State state in suspended)
        {
            state.StandingSuspension!.EffectiveOn.ShouldBe(effective);
            When(state, s => Reassess(s, passed: true, from.AddDays(-1))).Result.ShouldBe("rectificationNotEnded");
            When(state, s => Reassess(s, passed: false, from.AddDays(-1))).Result.ShouldBe("rectificationNotEnded");
            When(state, s => Reassess(s, passed: true, from)).Result.ShouldBe("Reassessed + Reinstated");
            When(state, s => Reassess(s, passed: false, from)).Result.ShouldBe("Reassessed + RevocationProposed");
        }
    }

    /// <summary>No automatic end (NV-REASSESS): a year later it still waits for the reassessment.</summary>
    [Fact]
    public void NothingEndsByItself()
    {
        State closed = Enumerable.Range(0, 400).Aggregate(Suspended, (state, day) => state.Then(s => Closed(s, Today.AddDays(day), EnforcementMode.Enforce)));
        (closed.Standing, closed.IsActiveOn(Today.AddDays(400))).ShouldBe((Standing.Suspended, false));
    }

    /// <summary>The numbers the ladder is built with, as both regulations say.</summary>
    [Fact]
    public void TheNumbersOfTheRegulations()
    {
        Neurovascular.InPractice.Proceedings.ShouldBe(new(RectificationMonths: 3, FailuresToRevoke: 2, GroundsDecisionWorkingDays: 5, ReviewWorkingDays: 10, HearingWorkingDays: 5, AssessmentClosesAfterDays: 60));
        Comprehensive.InPractice.Proceedings.ShouldBe(Neurovascular.InPractice.Proceedings);
    }
}
