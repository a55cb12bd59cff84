using System.Text.Json;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using static Compliance.Tests.Judging;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>From the application through the chain of opinions to the grant, and what may be attested when.</summary>
public class ApplicationTests
{
    private static readonly QualificationId Id = new(Subject.Physician("P1"), "neurovascular");
    private static readonly DateOnly Day = new(2026, 3, 2);
    private static readonly Actor Anna = new("physician", "anna");
    private static readonly Evidence Stamp = new("seal", new('0', 64), Day);

    // One clause is enough to see that all must be met.
    private static readonly Regulation Rules = Neurovascular with
    {
        Paths = [.. Neurovascular.Paths.Select(p => p.Id == "trained" ? p with { Clauses = ["AP-PLEDGE"] } : p)],
    };

    private static readonly QualificationPath Trained = Rules.Path("trained")!;
    private static readonly KnownBook Known = new(Day, new Dictionary<string, JsonElement>(), default, null, new Dictionary<string, DateOnly>());
    private static readonly AttestedFact Pledge = new("pledge", KnownFacts.Flag(true), Day, null, []);

    private static readonly State Submitted = When(State.Initial, s => Application.Submit(s, Id, Rules, Trained, [Pledge], Day, Anna)).After;

    private static readonly State Advised = Steps(Submitted, OpinionStep.Department, OpinionStep.Institution, OpinionStep.LocalAuthority);

    private sealed record Decided(State After, IReadOnlyList<Event> Events, Refusal? Refusal);

    // Every decision is taken again on what it led to: it must change nothing more.
    private static Decided When(State state, Func<State, Decision<Event>> decide)
    {
        var decision = decide(state);
        var after = decision.Events.Aggregate(state, Qualification.Evolve);
        if (decision.Refusal is null)
        {
            decide(after).Events.ShouldBeEmpty();
        }

        return new(after, decision.Events, decision.Refusal);
    }

    private static State Steps(State state, params IReadOnlyList<OpinionStep> steps) => steps.Aggregate(state, (s, step) => When(s, x => Give(x, Of(step))).After);

    private static Opinion Of(OpinionStep step, OpinionDecision decision = OpinionDecision.Agree, DateOnly? signedOn = null) => new(step, decision, "as found", "the head", Stamp, signedOn ?? Day);

    private static Decision<Event> Give(State state, Opinion opinion) => Application.GiveOpinion(state, Rules, opinion, Known, Day.AddDays(9), Regulator);

    private static Decision<Event> Grant(State state, string reference = "G-1") =>
        Application.Grant(state, Rules, Of(OpinionStep.Province), Known, Day.AddDays(10), reference, Day.AddDays(9), Regulator);

    [Fact]
    public void TheChainIsThatOfTheForm() =>
        Trained.Chain.ShouldBe([OpinionStep.Applicant, OpinionStep.Department, OpinionStep.Institution, OpinionStep.LocalAuthority, OpinionStep.Province]);

    [Fact]
    public void WhenAllHaveAgreedTheProvinceGrants()
    {
        var granted = When(Advised, s => Grant(s));
        granted.Events.Count.ShouldBe(2);
        var grant = granted.Events[1].ShouldBeOfType<Event.Granted>();
        (grant.Grant, grant.Reference, grant.Grounds!.Path, grant.Grounds.Regulation, grant.Grounds.Version).ShouldBe((1, "G-1", "trained", "NV-2012", Judging.Neurovascular.Version));
        grant.Grounds.Results.ShouldHaveSingleItem().Outcome.ShouldBe(ConditionOutcome.Met);
        (granted.After.Application!.Status, granted.After.PathOn(Day.AddDays(10)), granted.After.PathOn(Day.AddDays(9))).ShouldBe((ApplicationStatus.Granted, "trained", null));
        Grant(granted.After, "G-2").Refusal!.Code.ShouldBe("alreadyGranted");
    }

    [Fact]
    public void NoStepIsLeftOut()
    {
        Give(Submitted, Of(OpinionStep.Institution)).Refusal!.Code.ShouldBe("notTheNextOpinion");
        Give(Submitted, Of(OpinionStep.Applicant)).Refusal!.Code.ShouldBe("notTheNextOpinion");
        Grant(Submitted).Refusal!.Code.ShouldBe("notTheNextOpinion");
        Give(State.Initial, Of(OpinionStep.Department)).Refusal!.Code.ShouldBe("noSuchApplication");
    }

    [Fact]
    public void DatesDoNotGoBack()
    {
        Give(Submitted, Of(OpinionStep.Department, signedOn: Day.AddDays(-1))).Refusal!.Code.ShouldBe("signedTooEarly");
        var later = When(Submitted, s => Give(s, Of(OpinionStep.Department, signedOn: Day.AddDays(3)))).After;
        Give(later, Of(OpinionStep.Institution, signedOn: Day.AddDays(2))).Refusal!.Pointers.ShouldBe(["/signedOn"]);
        When(later, s => Give(s, Of(OpinionStep.Institution, signedOn: Day.AddDays(3)))).Refusal.ShouldBeNull();
        Give(Submitted, Of(OpinionStep.Department, signedOn: Day.AddDays(10))).Refusal!.Code.ShouldBe("futureDay");
    }

    [Fact]
    public void WhatIsGivenBackIsSubmittedAgainAndAllGiveTheirOpinionsAnew()
    {
        var returned = When(Steps(Submitted, OpinionStep.Department), s => Give(s, Of(OpinionStep.Institution, OpinionDecision.Return)));
        returned.Events.Select(e => e.GetType().Name).ShouldBe(["OpinionGiven", "Returned"]);
        (returned.After.Application!.Status, returned.After.Application.Reason).ShouldBe((ApplicationStatus.Returned, "as found"));
        Give(returned.After, Of(OpinionStep.LocalAuthority)).Refusal!.Code.ShouldBe("applicationNotOpen");
        var again = When(returned.After, s => Application.Submit(s, Id, Rules, Trained, [], Day.AddDays(1), Anna)).After;
        (again.Application!.Number, again.Application.Status, again.Application.Opinions.Count, again.Application.Next(Trained)).ShouldBe((1, ApplicationStatus.Open, 0, OpinionStep.Department));
    }

    [Fact]
    public void OnlyTheProvinceRefusesAndSaysWhy()
    {
        Give(Submitted, Of(OpinionStep.Department, OpinionDecision.Refuse)).Refusal!.Code.ShouldBe("refusalIsTheProvinces");
        var refused = When(Advised, s => Give(s, Of(OpinionStep.Province, OpinionDecision.Refuse)));
        var e = refused.Events[1].ShouldBeOfType<Application.Event.Refused>();
        (e.Reason, e.Grounds.Results.Count).ShouldBe(("as found", 1));
        Grant(refused.After).Refusal!.Code.ShouldBe("applicationNotOpen");
        When(refused.After, s => Application.Submit(s, Id, Rules, Trained, [], Day.AddDays(20), Anna)).After.Application!.Number.ShouldBe(2);
        Give(Advised, Of(OpinionStep.Province)).Refusal!.Code.ShouldBe("grantAgrees");
    }

    [Fact]
    public void NothingIsGrantedWhileAClauseIsNotMet()
    {
        var broken = When(Submitted, s => Application.AttestFacts(s, Id, Rules, [Pledge with { Value = KnownFacts.Flag(false) }], Day, Regulator)).After;
        var refusal = Grant(Steps(broken, OpinionStep.Department, OpinionStep.Institution, OpinionStep.LocalAuthority)).Refusal!;
        (refusal.Code, refusal.Args[0]).ShouldBe(("conditionsNotMet", "AP-PLEDGE"));
    }

    [Fact]
    public void WhatOthersGiveTheirOpinionOnStandsStill()
    {
        var more = new AttestedFact("guidesJuniors", KnownFacts.Text("yes"), Day, null, []);
        When(Submitted, s => Application.AttestFacts(s, Id, Rules, [more], Day, Anna)).Events.ShouldHaveSingleItem();
        Application.AttestFacts(Advised, Id, Rules, [more], Day, Regulator).Refusal!.Code.ShouldBe("applicationUnderReview");
        var found = new AttestedFact("baseRecognised", KnownFacts.Flag(true), Day, null, []);
        When(Advised, s => Application.AttestFacts(s, Id, Rules, [found], Day, Regulator)).Events.ShouldHaveSingleItem();
        var granted = When(Advised, s => Grant(s)).After;
        When(granted, s => Application.AttestFacts(s, Id, Rules, [more], Day.AddDays(90), Anna)).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void WhatWasAttestedForADayIsWhatCountsOnIt()
    {
        AttestedFact Beds(int beds, DateOnly heldOn) => new("neurosurgeryBeds", KnownFacts.Number(beds), heldOn, null, []);
        var state = When(State.Initial, s => Application.AttestFacts(s, Id, Rules, [Beds(30, Day)], Day, Anna)).After;
        state = When(state, s => Application.AttestFacts(s, Id, Rules, [Beds(28, Day.AddDays(5))], Day.AddDays(6), Anna)).After;
        state = When(state, s => Application.AttestFacts(s, Id, Rules, [Beds(29, Day.AddDays(5))], Day.AddDays(7), Anna)).After; // put right
        int? On(int days) => state.AttestedBy(Day.AddDays(days)).SingleOrDefault()?.Value.GetInt32();
        (On(-1), On(0), On(4), On(5), On(99)).ShouldBe((null, 30, 30, 29, 29));
    }

    [Fact]
    public void AnApplicationIsTakenBack()
    {
        var withdrawn = When(Advised, s => Application.Withdraw(s, "moving", Day, Anna)).After;
        withdrawn.Application!.Status.ShouldBe(ApplicationStatus.Withdrawn);
        Grant(withdrawn).Refusal!.Code.ShouldBe("applicationNotOpen");
        Application.Withdraw(State.Initial, "moving", Day, Anna).Refusal!.Code.ShouldBe("noSuchApplication");
        Application.Withdraw(When(Advised, s => Grant(s)).After, "moving", Day, Anna).Refusal!.Code.ShouldBe("applicationNotOpen");
    }

    [Fact]
    public void OneApplicationAtATimeAndNoneForWhatIsHeld()
    {
        Application.Submit(Submitted, Id, Rules, Rules.Path("abroad")!, [], Day, Anna).Refusal!.Code.ShouldBe("applicationOpen");
        Application.Submit(When(Advised, s => Grant(s)).After, Id, Rules, Trained, [], Day, Anna).Refusal!.Code.ShouldBe("alreadyGranted");
    }

    [Theory]
    [InlineData("transitional1")]
    [InlineData("transitional2")]
    public void TheRulesForThoseOfBeforeAreClosed(string path) => Application.Submit(State.Initial, Id, Neurovascular, Neurovascular.Path(path)!, [], Day, Anna).Refusal!.Code.ShouldBe("pathClosed");

    [Fact]
    public void AGrantIsFiledWithTheMinistryOnce()
    {
        var filed = When(When(Advised, s => Grant(s)).After, s => Application.FileGrant(s, "F-1", Day.AddDays(20), Regulator)).After;
        (filed.Grants[0].FiledAs, filed.Grants[0].FiledOn).ShouldBe(("F-1", Day.AddDays(20)));
        Application.FileGrant(filed, "F-2", Day, Regulator).Refusal!.Code.ShouldBe("grantFiled");
        Application.FileGrant(Advised, "F-1", Day, Regulator).Refusal!.Code.ShouldBe("noSuchQualification");
    }

    [Fact]
    public void AidEndsWithTheGrantAndDoesNotOverlap()
    {
        var id = new QualificationId(Subject.Institution("H2"), "neurovascular");
        var aided = When(State.Initial, s => Application.BeginAid(s, id, "H1", ["P1"], Day, Regulator)).After;
        (aided.AidOn(Day.AddDays(-1)), aided.AidOn(Day)!.Hospital).ShouldBe((null, "H1"));
        Application.BeginAid(aided, id, "H3", ["P3"], Day, Regulator).Refusal!.Code.ShouldBe("aidGoesOn");
        Application.EndAid(aided, Day.AddDays(-1), Regulator).Refusal!.Code.ShouldBe("endsBeforeItBegins");
        var ended = When(aided, s => Application.EndAid(s, Day.AddDays(30), Regulator)).After;
        (ended.AidOn(Day.AddDays(30)) is not null, ended.AidOn(Day.AddDays(31))).ShouldBe((true, null));
        Application.BeginAid(ended, id, "H3", ["P3"], Day.AddDays(30), Regulator).Refusal!.Code.ShouldBe("aidOverlaps");
        var granted = When(aided, s => Qualification.GrantIt(s, id, Day.AddDays(10), "G", imported: false, Regulator)).After;
        (granted.AidOn(Day.AddDays(9)) is not null, granted.AidOn(Day.AddDays(10))).ShouldBe((true, null));
    }

    [Theory]
    [InlineData("2025-01-01", null, "2025-01-01", null, 12)] // to 1 January 2026
    [InlineData("2025-01-02", null, "2025-01-01", null, 11)]
    [InlineData("2025-01-01", "2025-12-31", "2025-01-01", null, 12)]
    [InlineData("2025-01-01", "2025-12-30", "2025-01-01", null, 11)] // ended a day too soon
    [InlineData("2024-01-01", null, "2025-01-01", null, 12)] // nobody seconded was qualified before
    [InlineData("2024-01-01", null, "2024-01-01", "2025-06-30", 18)] // nor after
    public void AidCountsWhileItIsUnbrokenAndByTheQualified(string from, string? to, string qualifiedFrom, string? qualifiedTo, int months)
    {
        static DateOnly? Of(string? day) => day is null ? null : DateOnly.ParseExact(day, "yyyy-MM-dd");
        var spans = new Dictionary<Subject, IReadOnlyList<DaySpan>>
        {
            [Subject.Institution("H1")] = [new(new(2020, 1, 1), DateOnly.MaxValue)],
            [Subject.Physician("P1")] = [new(Of(qualifiedFrom)!.Value, Of(qualifiedTo) ?? DateOnly.MaxValue)],
        };
        var longest = AidRecord.Longest([new("H1", ["P1"], Of(from)!.Value, Of(to))], _ => true, s => spans.GetValueOrDefault(s) ?? [], new(2026, 1, 1))!.Value;
        Compliance.Calendars.Months.Elapsed(longest.From, longest.To.AddDays(1)).ShouldBe(months);
    }

    [Fact]
    public void OneSecondedPhysicianMayTakeOverFromAnother()
    {
        DaySpan first = new(new(2025, 1, 1), new(2025, 6, 30)), second = new(new(2025, 7, 1), DateOnly.MaxValue);
        IReadOnlyList<DaySpan> Active(Subject s) => s.Id switch { "P1" => [first], "P2" => [second], _ => [new(DateOnly.MinValue, DateOnly.MaxValue)] };
        AidRecord.Longest([new("H1", ["P1", "P2"], new(2025, 1, 1), null)], _ => true, Active, new(2026, 1, 1)).ShouldBe(new DaySpan(new(2025, 1, 1), new(2025, 12, 31)));
        AidRecord.Longest([new("H1", ["P1", "P2"], new(2025, 1, 1), null)], _ => false, Active, new(2026, 1, 1)).ShouldBeNull();
    }
}
