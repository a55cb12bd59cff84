using System.Text.Json.Serialization;
using Compliance.Metrics;

namespace Compliance.Regulations;

[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    [StoredAs("Met")] Met,
    [StoredAs("Breached")] Breached,

    /// <summary>There is nothing to measure by, e.g. a rate of no cases.</summary>
    [StoredAs("NotMeasurable")] NotMeasurable,

    /// <summary>The clause does not speak of this subject, or another clause speaks instead.</summary>
    [StoredAs("NotApplicable")] NotApplicable,
}

/// <summary>What a measurement of a clause says.</summary>
/// <param name="Actual">What was measured: a count, or a rate as a fraction, for people to read; the outcome was decided on the integers.</param>
/// <param name="Numerator">Of a rate, else null.</param>
/// <param name="Denominator">Of a rate, as judged: in an incomplete observation at least the guideline volume; else null.</param>
public readonly record struct Measurement(
    [property: Stored("Outcome")] Outcome Outcome,
    [property: Stored("Actual")] decimal? Actual,
    [property: Stored("Numerator")] int? Numerator,
    [property: Stored("Denominator")] int? Denominator)
{
    public static Measurement NotApplicable => new(Outcome.NotApplicable, null, null, null);

    public static Measurement Count(int actual, bool met) => new(met ? Outcome.Met : Outcome.Breached, actual, null, null);

    public static Measurement Rate(int numerator, int denominator, bool met) =>
        new(met ? Outcome.Met : Outcome.Breached, decimal.Round((decimal)numerator / denominator, 6), numerator, denominator);

    public static Measurement NoRate(int numerator) => new(Outcome.NotMeasurable, null, numerator, 0);
}

/// <summary>One clause held against one subject on one day.</summary>
/// <param name="Binding">True when a breach may be held against the subject.</param>
/// <param name="Effect">What a binding breach leads to.</param>
/// <param name="AfterDays">How many days in a row it must have been breached before it suspends; null when at once or never.</param>
/// <param name="JudgedOn">The day of judgement: the settled day for volumes and rates, else the day itself.</param>
/// <param name="Limit">The number of the clause; a fraction for rates.</param>
/// <param name="Comparison">How actual must stand to the limit: <c>&gt;=</c>, <c>&lt;</c>, <c>&lt;=</c>, <c>=</c>.</param>
/// <param name="Since">First day closed of the unbroken run of binding breaches that the finding belongs to; null when it is none.</param>
/// <param name="SuspendsOn">The day on whose closing it suspends if nothing changes; null when it does not.</param>
/// <param name="Current">The same clause on the day itself, never binding; null where that is the day judged.</param>
/// <param name="Possible">The same with every open question answered against the subject, never binding; null where it makes no difference.</param>
/// <param name="Facts">Of a condition that is not kept, the facts it is for; null elsewhere.</param>
/// <param name="Stricter">The province whose limit this is, and the nation's; null where they do not differ.</param>
public sealed record Finding(
    [property: Stored("Clause")] string Clause,
    [property: Stored("Measured")] Measurement Measured,
    [property: Stored("Binding")] bool Binding,
    [property: Stored("Effect")] BreachEffect Effect,
    [property: Stored("AfterDays")] int? AfterDays,
    [property: Stored("JudgedOn")] DateOnly JudgedOn,
    [property: Stored("Observation")] Observation Observation,
    [property: Stored("Limit")] decimal? Limit,
    [property: Stored("Comparison")] string Comparison,
    [property: Stored("Since")] DateOnly? Since,
    [property: Stored("SuspendsOn")] DateOnly? SuspendsOn,
    [property: Stored("Current")] Measurement? Current,
    [property: Stored("Possible")] Outcome? Possible,
    [property: Stored("Facts"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Facts = null,
    [property: Stored("Stricter"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Stricter? Stricter = null)
{
    [JsonIgnore]
    public bool IsBreach => Binding && Measured.Outcome == Outcome.Breached;

    /// <summary>True when a breach of it fails an assessment: it binds, and its effect is to suspend, at once or after some days.</summary>
    [JsonIgnore]
    public bool IsDecisive => Binding && Effect is BreachEffect.Suspend or BreachEffect.WarnThenSuspend;

    [JsonIgnore]
    public bool FailsAssessment => IsBreach && IsDecisive;

    /// <summary>True when the finding, on the closing of the day, demands suspension: at once, or because its days are over.</summary>
    public bool Suspends(DateOnly closing) =>
        IsBreach && Effect switch
        {
            BreachEffect.Suspend => true,
            BreachEffect.WarnThenSuspend => SuspendsOn <= closing,
            _ => false,
        };
}

/// <summary>An unbroken run of binding breaches of a clause, as one closing hands it on to the next.</summary>
/// <param name="Since">Its first day closed.</param>
/// <param name="SuspendsOn">The day on whose closing it suspends if nothing changes; null when it does not.</param>
public sealed record BreachRun(
    [property: Stored("Clause")] string Clause,
    [property: Stored("Since")] DateOnly Since,
    [property: Stored("SuspendsOn")] DateOnly? SuspendsOn)
{
    /// <summary>The runs that these findings of a closing belong to.</summary>
    public static IReadOnlyList<BreachRun> Of(IReadOnlyList<Finding> findings) =>
        [.. findings.Where(f => f.Since is not null).Select(f => new BreachRun(f.Clause, f.Since!.Value, f.SuspendsOn))];
}
