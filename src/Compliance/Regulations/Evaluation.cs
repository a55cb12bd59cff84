using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>How a subject does under a regulation, in a word.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Overall>))]
public enum Overall
{
    [StoredAs("Compliant")] Compliant,

    /// <summary>A clause is breached that does not bind, or would be today, or with the possible outcomes.</summary>
    [StoredAs("AtRisk")] AtRisk,
    [StoredAs("Breached")] Breached,
    [StoredAs("NotMeasurable")] NotMeasurable,
}

/// <summary>Holds the facts of a subject against the clauses of a regulation. Nothing else compares a metric with a limit.</summary>
public static class Evaluation
{
    /// <summary>A finding for every clause that speaks of this subject, in the order of the regulation.</summary>
    public static IReadOnlyList<Finding> Evaluate(Regulation regulation, SubjectFacts facts) =>
        [.. regulation.Clauses.Where(c => c.For(facts.Subject.Kind) is not null && IsKept(c, regulation, facts)).Select(c => Find(c, c.For(facts.Subject.Kind)!, regulation, facts))];

    // The conditions of a grant stay conditions (NV-MIN), those of the path it was granted by. Of a grant from before this system nobody attested anything:
    // there only what has been attested since is judged. What the log told of the training at the grant is in the application, and does not change by practising: it is no condition kept from day to day.
    private static bool IsKept(Clause clause, Regulation regulation, SubjectFacts facts) =>
        clause is not Clause.Condition condition
        || (facts.Conditions is { } kept
            && !condition.Test.Facts.Any(fact => regulation.Fact(fact)?.Known?.Source == KnownSource.Training && !kept.Attested.Any(a => a.Fact == fact))
            && (kept.Path is { } path && regulation.Path(path) is { } of ? of.Clauses.Contains(clause.Id) : condition.Test.Facts.Any(fact => kept.Attested.Any(a => a.Fact == fact))));

    private static Finding Find(Clause clause, AppliesTo application, Regulation regulation, SubjectFacts facts)
    {
        var possible = facts.Counts.WithPossible();
        Finding Of(
            Measurement measured, Measurement? current, bool binding, Observation observation, decimal? limit, string comparison, Measurement? withPossible = null, IReadOnlyList<string>? missing = null) =>
            new(
                clause.Id, measured, binding, application.Effect, application.AfterDays, observation.To, observation, limit, comparison, null, null, current, withPossible?.Outcome,
                missing is { Count: > 0 } ? missing : null, clause.Stricter);

        return clause switch
        {
            Clause.AnnualVolume c => Of(
                AnnualVolume.Measure(c, facts.Counts, facts.IsPhysician ? facts.LowestTitle : Registry.Title.Chief),
                AnnualVolume.Measure(c, facts.CurrentCounts, facts.IsPhysician ? facts.CurrentLowestTitle : Registry.Title.Chief),
                AnnualVolume.IsBinding(facts),
                facts.Judged,
                c.AtLeast,
                ">="),
            Clause.EventRate c => Of(
                EventRate.Measure(c, facts.Counts, facts.Judged.Complete, regulation.InPractice.GuidelineVolume),
                EventRate.Measure(c, facts.CurrentCounts, facts.Current.Complete, regulation.InPractice.GuidelineVolume),
                binding: true,
                facts.Judged,
                c.BelowPercent / 100m,
                "<",
                EventRate.Measure(c, possible, facts.Judged.Complete, regulation.InPractice.GuidelineVolume)),
            Clause.FewCasesMortality c => Of(
                FewCasesMortality.Measure(c, facts.Counts),
                FewCasesMortality.Measure(c, facts.CurrentCounts),
                binding: true,
                facts.Judged,
                c.AtMost,
                "<=",
                FewCasesMortality.Measure(c, possible)),
            Clause.NoIncidents c => Of(NoIncidents.Measure(c, facts.CurrentCounts), NoIncidents.Measure(c, facts.CurrentCounts), binding: true, facts.Current, 0, "="),
            Clause.QualifiedStaff c => Of(QualifiedStaff.Measure(c, facts.Staff), QualifiedStaff.Measure(c, facts.Staff), binding: true, facts.Current with { From = facts.AsOf }, c.AtLeast, ">="),
            Clause.Timeliness c => Of(Timeliness.Measure(c, facts.Counts), Timeliness.Measure(c, facts.CurrentCounts), binding: false, facts.Judged, null, ">="),
            Clause.Condition c => Conditions.Judge(regulation, c, facts.Conditions!.Book(regulation, facts)) is var r
                ? Of(Measured(r), null, binding: true, facts.Current with { From = facts.AsOf }, r.Limit, r.Comparison is { } comparison ? Conditions.Sign(comparison) : "=", missing: r.Short)
                : throw new UnreachableException(),
            _ => throw new UnreachableException($"no kind of clause is called {clause.GetType().Name}"),
        };
    }

    // What was attested for a time that is over is not kept: whoever keeps it attests it anew. What nobody ever attested cannot be judged.
    private static Measurement Measured(ConditionResult result) => new(
        result.Outcome switch
        {
            ConditionOutcome.Met => Outcome.Met,
            ConditionOutcome.NotMet or ConditionOutcome.Expired => Outcome.Breached,
            ConditionOutcome.NotAttested => Outcome.NotMeasurable,
            _ => Outcome.NotApplicable,
        },
        result.Actual,
        null,
        null);

    /// <summary>
    /// Carries each breach on from the closing before: the same finding breached and binding on every day closed. A
    /// breach that must last some days suspends on the closing of the last of them. Days closed while the province only
    /// observed are not counted: the count begins with the first day on which the monitor might act, and the day it
    /// would end on is carried from closing to closing, so that it travels with a physician who moves.
    /// </summary>
    /// <param name="before">The runs of the closing before; empty when there was none.</param>
    /// <param name="day">The day the findings are about.</param>
    /// <param name="actingSince">
    /// First day of the unbroken stretch in which the monitor may act where the subject belongs now; null when it may not. Only whether there
    /// is one decides: a stretch that began before the subject came here counts from its coming.
    /// </param>
    public static IReadOnlyList<Finding> Continue(IReadOnlyList<Finding> findings, IReadOnlyList<BreachRun> before, DateOnly day, DateOnly? actingSince) =>
        [.. findings.Select(f =>
        {
            if (!f.IsBreach)
            {
                return f;
            }

            var yesterday = before.FirstOrDefault(b => b.Clause == f.Clause);
            DateOnly? suspendsOn = f.Effect == BreachEffect.WarnThenSuspend && actingSince is not null ? yesterday?.SuspendsOn ?? day.AddDays(f.AfterDays!.Value - 1) : null;
            return f with { Since = yesterday?.Since ?? day, SuspendsOn = suspendsOn };
        })];

    /// <summary>Breached if a binding clause is; at risk if anything else points that way; compliant if anything could be judged at all.</summary>
    public static Overall Overall(IReadOnlyList<Finding> findings)
    {
        // Timeliness is shown beside the verdict, not part of it.
        var judged = findings.Where(f => f.Effect != BreachEffect.Show).ToList();
        return judged.Exists(f => f.IsBreach) ? Regulations.Overall.Breached
            : judged.Exists(f => f.Measured.Outcome == Outcome.Breached || f.Current?.Outcome == Outcome.Breached || f.Possible == Outcome.Breached) ? Regulations.Overall.AtRisk
            : judged.Exists(f => f.Measured.Outcome == Outcome.Met) ? Regulations.Overall.Compliant
            : Regulations.Overall.NotMeasurable;
    }
}
