using System.Text.Json;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using static Compliance.Tests.Judging;

namespace Compliance.Tests.Regulations;

/// <summary>New versions of regulations: when they may judge, how they differ, what they would change.</summary>
public class PublishingTests
{
    private static readonly DateOnly Today = new(2026, 3, 2);
    private static readonly Actor Ministry = new("national", "wu");
    private static readonly Regulation Next = Neurovascular with { Version = Neurovascular.Version + 1, EffectiveFrom = Today.AddDays(1), JudgesFrom = Today.AddYears(1) };
    private static readonly PublishedRegulation.State There = new([(Neurovascular.Version, "two")]);

    [Fact]
    public void TheNextVersionIsPublishedOnce()
    {
        var e = Publish(There, Next, "three").Events.ShouldHaveSingleItem();
        (e.Id, e.Version, e.Technique, e.Hash, e.By).ShouldBe(("NV-2012", Next.Version, "neurovascular", "three", Ministry));
        var state = PublishedRegulation.Evolve(There, e);
        Publish(state, Next, "three").Events.ShouldBeEmpty();
        Publish(state, Next, "other").Refusal!.Code.ShouldBe("versionExists");
        Publish(state, Next with { Version = Next.Version + 2 }, "five").Refusal!.Code.ShouldBe("versionNotNext");
    }

    [Fact]
    public void WhatHasBeenJudgedStaysJudged()
    {
        Publish(There, Next with { JudgesFrom = Today }, "three").Refusal!.Code.ShouldBe("judgesFromTooEarly");
        Publish(There, Next with { JudgesFrom = Today.AddDays(1) }, "three").Events.Count.ShouldBe(1);
        // What was coded and what fell due by a rule stays so.
        var refusal = Publish(There, Next with { EffectiveFrom = Today }, "three").Refusal!;
        (refusal.Code, refusal.Pointers.Single()).ShouldBe(("effectiveFromTooEarly", "/effectiveFrom"));
        Publish(There, Next with { EffectiveFrom = new(2012, 7, 9) }, "three").Refusal!.Code.ShouldBe("effectiveFromTooEarly");
        Publish(There, Next with { EffectiveFrom = Today.AddDays(1) }, "three").Events.Count.ShouldBe(1);
        // Nobody was judged before a technique's first regulation.
        Publish(PublishedRegulation.State.Initial, Next with { Id = "PV-2012", Technique = "peripheralVascular", Version = 1, EffectiveFrom = new(2012, 1, 1), JudgesFrom = new(2013, 1, 1) }, "one").Events.Count.ShouldBe(1);
    }

    [Fact]
    public void AVersionSaysWhatItChanges()
    {
        var changed = Next with { EffectiveFrom = Neurovascular.EffectiveFrom, JudgesFrom = Neurovascular.JudgesFrom, Clauses = [.. Neurovascular.Clauses.Select(c => c is Clause.EventRate { Id: "NV-RATE-MORT" } rate ? rate with { BelowPercent = 2 } : c)] };
        RegulationDiff.Between(Neurovascular, changed).Select(d => (d.At, d.From?.ToString(), d.To?.ToString())).ShouldBe([("/version", $"{Neurovascular.Version}", $"{Next.Version}"), ("/clauses/NV-RATE-MORT/belowPercent", "3", "2")]);
        RegulationDiff.Between(Neurovascular, Neurovascular).ShouldBeEmpty();
    }

    [Fact]
    public void AClauseAddedInTheMiddleIsOneDifference()
    {
        var clause = Neurovascular.Clause("NV-INST-NS-BEDS")! with { Id = "NV-INST-X" };
        var more = Neurovascular with { Clauses = [Neurovascular.Clauses[0], clause, .. Neurovascular.Clauses.Skip(1)] };
        var added = RegulationDiff.Between(Neurovascular, more).ShouldHaveSingleItem();
        (added.At, added.From).ShouldBe(("/clauses/NV-INST-X", null));
        RegulationDiff.Between(more, Neurovascular).ShouldHaveSingleItem().To.ShouldBeNull();
    }

    [Fact]
    public void AFileOfTheFirstFormStillSaysWhatItSaid()
    {
        const string first =
            """
            { "id": "CI-2012", "version": 1, "technique": "comprehensive", "title": { "zh": "综合", "en": "Comprehensive" }, "document": "87号", "note": "", "effectiveFrom": "2012-07-09", "judgesFrom": "2013-07-09",
              "guidelineVolume": 300, "severeComplications": { "numerator": "severeComplicationCases", "denominator": "cases" }, "mortality": { "numerator": "deathCases", "denominator": "cases" },
              "reporting": { "workingDays": 10, "therapeuticOnly": false, "fromLevel": 3, "outcomeAfterDays": 30, "outcomeStatementWorkingDays": 10, "lateOutcomeAfterDays": 30 },
              "caseRules": { "decidersAtLeast": 1, "qualificationFromLevel": 3, "deciders": null, "operator": { "atLeast": "AssociateChief", "fromLevel": 3 } },
              "proceedings": { "rectificationMonths": 3, "failuresToRevoke": 2, "groundsDecisionWorkingDays": 5, "reviewWorkingDays": 10, "hearingWorkingDays": 5, "assessmentClosesAfterDays": 60 },
              "assessmentItems": [], "catalogue": [{ "code": "X", "level": 3, "therapeutic": true, "title": { "zh": "甲", "en": "X" } }], "complications": [],
              "clauses": [
                { "id": "CI3-PHYS-30", "kind": "annualVolume", "title": { "zh": "三十", "en": "Thirty" }, "source": "三(七)", "applies": [{ "subject": "Physician", "effect": "WarnThenSuspend", "afterDays": 90 }],
                  "count": "level3PlusTherapeuticCases", "atLeast": 30, "unlessTitleBelow": "AssociateChief" },
                { "id": "CI3-PHYS-2", "kind": "qualifiedStaff", "title": { "zh": "两名", "en": "Two" }, "source": "一(五)2", "applies": [{ "subject": "Institution", "effect": "Warn" }],
                  "atLeast": 2, "withTitle": { "atLeast": 1, "title": "AssociateChief" } } ] }
            """;
        var parsed = RegulationFile.ParseStored(first);
        parsed.Faults.ShouldBeEmpty();
        var regulation = parsed.Regulation!;
        regulation.InPractice.CaseRules.Operator.ShouldBe(new TitleRule(Compliance.Registry.Title.AssociateChief, 3));
        regulation.InPractice.HasDeadline(therapeutic: true, level: 3).ShouldBeTrue();
        var volume = regulation.Clause("CI3-PHYS-30").ShouldBeOfType<Clause.AnnualVolume>();
        (volume.AtLeast, volume.UnlessTitleBelow, volume.For(SubjectKind.Physician), volume.Phrase.En).ShouldBe((30, Compliance.Registry.Title.AssociateChief, new AppliesTo(SubjectKind.Physician, BreachEffect.WarnThenSuspend, 90), "Thirty"));
        regulation.Clause("CI3-PHYS-2").ShouldBeOfType<Clause.QualifiedStaff>().WithTitle.ShouldBe(new StaffTitle(1, Compliance.Registry.Title.AssociateChief));
    }

    [Fact]
    public void TheSchemaNamesWhatAFileMustHave()
    {
        var required = RegulationFile.Schema["required"]!.AsArray().Select(name => (string)name!);
        required.ShouldBe(["id", "version", "technique", "title", "document", "note", "effectiveFrom", "judgesFrom", "facts", "paths", "clauses"], ignoreOrder: true);
        RegulationFile.Schema["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Theory]
    [InlineData(134, 3, 2, Verdict.Clear, Verdict.Suspended)] // 2.24 %
    [InlineData(134, 3, 3, Verdict.Clear, Verdict.Clear)]
    [InlineData(100, 3, 4, Verdict.Suspended, Verdict.Clear)] // exactly 3 %
    public void ALimitMovedMovesThoseBetween(int treated, int deaths, int belowPercent, Verdict before, Verdict after)
    {
        var closing = Closing(InstitutionWith(Treated(treated, deaths: deaths)));
        var draft = LimitChange.Over(Neurovascular, [new("NV-RATE-MORT", belowPercent)]);
        var change = WhatIf.Compare(closing, WhatIf.Judge(draft, Neurovascular, closing));
        (change?.Before ?? before, change?.Verdict ?? before).ShouldBe((before, after));
        change?.Clauses.ShouldBe(["NV-RATE-MORT"]);
    }

    [Fact]
    public void ABreachThatMustLastIsAskedForSinceWhen()
    {
        var closing = Closing(PhysicianWith(Treated(35)));
        var draft = LimitChange.Over(Neurovascular, [new("NV-PHYS-30", 40)]);
        var findings = WhatIf.Judge(draft, Neurovascular, closing);
        WhatIf.OpenRuns(findings).ShouldHaveSingleItem().Clause.ShouldBe("NV-PHYS-30");
        WhatIf.Compare(closing, findings)!.Verdict.ShouldBe(Verdict.Warned);
        IReadOnlyList<Finding> Since(DateOnly day) => [.. findings.Select(f => f.Clause == "NV-PHYS-30" ? f with { Since = day } : f)];
        WhatIf.Compare(closing, Since(AsOf.AddDays(-89)))!.Verdict.ShouldBe(Verdict.Suspended);
        WhatIf.Compare(closing, Since(AsOf.AddDays(-88)))!.Verdict.ShouldBe(Verdict.Warned);
    }

    [Fact]
    public void WhatTheFactsCannotAnswerIsSaid()
    {
        var draft = Neurovascular with { Practice = Neurovascular.InPractice with { Reporting = Neurovascular.InPractice.Reporting with { WorkingDays = 5 }, GuidelineVolume = 50 } };
        WhatIf.NotFollowed(Neurovascular, draft).ShouldBe(["/practice/reporting/workingDays"]);
    }

    private static Decision<PublishedRegulation.Published> Publish(PublishedRegulation.State state, Regulation regulation, string hash) =>
        PublishedRegulation.Publish(state, ShippedRegulations.Set, regulation, JsonElement.Parse("{}"), hash, Today, Ministry);

    private static Closing Closing(SubjectFacts facts) => new(
        AsOf, new(facts.Subject, "neurovascular"), "11", "NV-2012", Judging.Neurovascular.Version, facts, Evaluation.Continue(Evaluation.Evaluate(Neurovascular, facts), [], AsOf, AsOf), Standing.Good, false, false, null);
}
