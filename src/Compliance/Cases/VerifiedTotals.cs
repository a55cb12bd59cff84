using System.Diagnostics;
using System.Globalization;
using Compliance.Metrics;

namespace Compliance.Cases;

/// <summary>What somebody independent of the hospital's reports counted.</summary>
/// <param name="Cases">Of the technique, diagnostic ones among them; 0 or more.</param>
/// <param name="TherapeuticCases">Of those; null where they were not counted apart.</param>
/// <param name="Source">Where the number comes from: the medical insurer's settlements, the log of the angiography room.</param>
public sealed record IndependentCount(
    [property: Stored("Cases")] int Cases,
    [property: Stored("TherapeuticCases")] int? TherapeuticCases,
    [property: Stored("Source")] string Source);

/// <summary>How much of an independent count was reported.</summary>
/// <param name="Verified">Cases counted.</param>
/// <param name="Reported">Cases reported of the same days and not voided, as of now.</param>
public readonly record struct ReportedShare(int Verified, int Reported)
{
    /// <summary>Cases never reported (漏报), 0 when more were reported than counted: of the share never reported (漏报率) the numerator, <see cref="Verified"/> is its denominator.</summary>
    public int Missing => Math.Max(0, Verified - Reported);

    /// <summary>Cases reported beyond those counted. Either the count is wrong, or cases were reported twice.</summary>
    public int Surplus => Math.Max(0, Reported - Verified);
}

/// <summary>
/// How many cases of a technique an institution had, as the regulator of the province, or national, had them counted independently of its reports, and entered by name; an aggregate for each institution and technique.
/// Periods of standing totals have no day in common. The same period again puts another number in place of the standing one, with a reason; what stood before stays in the history.
/// </summary>
/// <remarks>A total says how much was not reported. It is a finding for a person to look into, and neither a clause nor ground for anything by itself.</remarks>
public static class VerifiedTotals
{
    /// <summary>More than any hospital does of one technique in a day by much; a larger number is a typing error.</summary>
    public const int MostCasesADay = 1_000;

    /// <summary>Nobody operated by catheter under these regulations before.</summary>
    public static readonly DateOnly FirstDay = new(1990, 1, 1);

    public static string Stream(string institution, string technique) => $"verified-totals-{institution}-{technique}";

    /// <summary>The id of a total: institution, technique and period, and nothing else, name it.</summary>
    public static Guid IdOf(string institution, string technique, DaySpan period) =>
        NameBasedId.Of("verifiedTotal", institution, technique, period.From.ToString("O", CultureInfo.InvariantCulture), period.To.ToString("O", CultureInfo.InvariantCulture));

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event(
        [property: Stored("TotalId")] Guid TotalId,
        [property: Stored("Institution")] string Institution,
        [property: Stored("Technique")] string Technique,
        [property: Stored("Period")] DaySpan Period,
        [property: Stored("By")] Actor By)
    {
        /// <param name="Before">The count it takes the place of; null where none stood.</param>
        /// <param name="Reason">Why the count changed; null where none stood and nobody gave one.</param>
        public sealed record Entered(
            Guid TotalId,
            string Institution,
            string Technique,
            DaySpan Period,
            [property: Stored("Count")] IndependentCount Count,
            [property: Stored("Before")] IndependentCount? Before,
            [property: Stored("Reason")] string? Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(TotalId, Institution, Technique, Period, By);

        public sealed record Withdrawn(
            Guid TotalId,
            string Institution,
            string Technique,
            DaySpan Period,
            [property: Stored("Before")] IndependentCount Before,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(TotalId, Institution, Technique, Period, By);
    }

    /// <param name="Count">What stands; null once withdrawn.</param>
    /// <param name="History">All that was ever said of the period, the oldest first.</param>
    public sealed record Total(Guid Id, DaySpan Period, IndependentCount? Count, IReadOnlyList<Event> History);

    /// <param name="Totals">By their periods, withdrawn ones among them.</param>
    public sealed record State(string Institution, string Technique, IReadOnlyList<Total> Totals)
    {
        public static readonly State Initial = new("", "", []);

        public IEnumerable<Total> Standing => Totals.Where(t => t.Count is not null);

        public Total? Find(Guid id) => Totals.FirstOrDefault(t => t.Id == id);
    }

    public static State Evolve(State state, Event e)
    {
        var count = e switch
        {
            Event.Entered entered => entered.Count,
            Event.Withdrawn => null,
            _ => throw new UnreachableException($"a verified total knows no {e.GetType().Name}"),
        };
        var total = new Total(e.TotalId, e.Period, count, [.. state.Find(e.TotalId)?.History ?? [], e]);
        return new(e.Institution, e.Technique, [.. state.Totals.Where(t => t.Id != e.TotalId).Append(total).OrderBy(t => t.Period.From).ThenBy(t => t.Period.To)]);
    }

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>Enters the count of a period, both days included. The same count again changes nothing, whatever reason is given with it.</summary>
    /// <param name="reason">Required where another count of the same period stands.</param>
    public static Decision<Event> Enter(State state, string institution, string technique, DaySpan period, IndependentCount count, string? reason, DateOnly today, Actor by)
    {
        if (FaultOf(period, count, today) is { } fault)
            return fault;
        var id = IdOf(institution, technique, period);
        var before = state.Find(id)?.Count;
        if (before == count)
            return Decision<Event>.Nothing;
        if (before is not null && reason is null)
            return Refusal.Invalid("missing", "/reason");
        if (before is null && state.Standing.FirstOrDefault(t => t.Period.Overlaps(period)) is { } other)
            return Refusal.Conflict("verifiedTotalsOverlap", other.Period.From, other.Period.To);
        return new Event.Entered(id, institution, technique, period, count, before, reason, today, by);
    }

    /// <summary>Takes a count back that should not have been entered; its period is free again.</summary>
    public static Decision<Event> Withdraw(State state, Guid id, string reason, DateOnly today, Actor by) => state.Find(id) switch
    {
        null => Refusal.NotFound("noSuchVerifiedTotal"),
        { Count: null } => Decision<Event>.Nothing,
        { Count: { } before } total => new Event.Withdrawn(id, state.Institution, state.Technique, total.Period, before, reason, today, by),
    };

    private static Refusal? FaultOf(DaySpan period, IndependentCount count, DateOnly today)
    {
        if (period.From < FirstDay)
            return Refusal.Invalid("outOfRange", "/from", FirstDay, today);
        if (period.IsEmpty)
            return Refusal.Invalid("endsBeforeItBegins", "/to");
        if (period.To >= today)
            return Refusal.Invalid("periodNotOver", "/to");
        var most = MostCasesADay * (period.To.DayNumber - period.From.DayNumber + 1);
        if (count.Cases < 0 || count.Cases > most)
            return Refusal.Invalid("outOfRange", "/cases", 0, most);
        if (count.TherapeuticCases < 0 || count.TherapeuticCases > count.Cases)
            return Refusal.Invalid("outOfRange", "/therapeuticCases", 0, count.Cases);
        return null;
    }
}
