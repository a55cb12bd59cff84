namespace Compliance.Cases.Tests;

public class AgreementTests
{
    [Fact]
    public void Kappa_is_what_is_agreed_beyond_chance()
    {
        // Two readers of fifty: 20 both related, 15 both unrelated. Declared related 25, adjudicated related 30: chance is 25·30 + 25·20 = 1250 of 2500, so κ = (0.7 − 0.5) / (1 − 0.5).
        var agreement = Agreement.Of(
        [
            (Relation.Related, Relation.Related, 20), (Relation.Related, Relation.Unrelated, 5),
            (Relation.Unrelated, Relation.Related, 10), (Relation.Unrelated, Relation.Unrelated, 15),
        ]);
        (agreement.Decided, agreement.Agreed, agreement.Chance, agreement.Kappa).ShouldBe((50, 35, 1250, 0.4m));
    }

    [Fact]
    public void Undetermined_is_a_third_word()
    {
        // One agreed of two; declared undetermined and unrelated, adjudicated both unrelated: chance 1·2 of 4, κ = (2·1 − 2) / (4 − 2) = 0.
        var agreement = Agreement.Of([(Relation.Undetermined, Relation.Unrelated, 1), (Relation.Unrelated, Relation.Unrelated, 1)]);
        (agreement.Agreed, agreement.Kappa).ShouldBe((1, 0m));
    }

    [Fact]
    public void Kappa_may_be_negative() =>
        // All reversed: chance 1·1 + 1·1 of 4, κ = (0 − 2) / (4 − 2).
        Agreement.Of([(Relation.Related, Relation.Unrelated, 1), (Relation.Unrelated, Relation.Related, 1)]).Kappa.ShouldBe(-1m);

    [Fact]
    public void Kappa_is_undefined_where_nothing_could_differ()
    {
        Agreement.Of([]).Kappa.ShouldBeNull();
        Agreement.Of([(Relation.Unrelated, Relation.Unrelated, 7)]).Kappa.ShouldBeNull();
    }
}
