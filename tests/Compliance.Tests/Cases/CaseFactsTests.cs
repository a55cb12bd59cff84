using Compliance.Regulations;
using static Compliance.Cases.Tests.Given;

namespace Compliance.Cases.Tests;

public class CaseFactsTests
{
    [Fact]
    public void Severity_comes_from_the_table_and_a_report_only_raises_it()
    {
        var regulation = ShippedRegulations.Set.ReportDefinitions("neurovascular", Day)!;
        regulation.InPractice.IsSevere("ischaemicStroke", declared: null).ShouldBeTrue();
        regulation.InPractice.IsSevere("ischaemicStroke", declared: false).ShouldBeTrue();
        regulation.InPractice.IsSevere("other", declared: null).ShouldBeFalse();
        regulation.InPractice.IsSevere("other", declared: true).ShouldBeTrue();
    }

    [Theory]
    [InlineData(Relation.Related, null, true, true)]
    [InlineData(Relation.Undetermined, null, true, true)]
    [InlineData(Relation.Unrelated, null, false, true)]
    [InlineData(Relation.Unrelated, Relation.Related, true, true)]
    [InlineData(Relation.Unrelated, Relation.Undetermined, true, true)]
    [InlineData(Relation.Related, Relation.Unrelated, false, false)]
    [InlineData(Relation.Unrelated, Relation.Unrelated, false, false)]
    public void Undetermined_counts_until_adjudicated_and_unrelated_stays_possible_until_then(Relation declared, Relation? adjudicated, bool counts, bool possible)
    {
        var state = Reported(With(Death with { Relation = declared }, Stroke with { Relation = declared }));
        if (adjudicated is { } settled)
        {
            state = state.After(s => Case.Adjudicate(s, Case.TheDeath, settled, "r", Regulator)).After(s => Case.Adjudicate(s, s.Complications[0].Id.ToString(), settled, "r", Regulator));
        }

        var facts = CaseFacts.Of(state);
        (facts.Death, facts.PossibleDeath).ShouldBe((counts, possible));
        (facts.Severe, facts.PossibleSevere).ShouldBe((counts, possible));
    }

    [Fact]
    public void A_slight_complication_is_none_of_the_severe() => CaseFacts.Of(Reported(With(null, Haematoma))).PossibleSevere.ShouldBeFalse();
}
