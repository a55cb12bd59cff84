using Compliance.Metrics;

namespace Compliance.Qualifications;

/// <summary>How long aid has gone on without a break: NV-SEC-AID, CI3-S-AID.</summary>
public static class AidRecord
{
    /// <summary>
    /// The longest stretch of days that have ended by then, on each of which a tertiary-A hospital with an active qualification aided, and one of those it had seconded had an active one too. Of several as long the first;
    /// null when there is none.
    /// </summary>
    /// <param name="tertiaryA">Whether a hospital is of that level.</param>
    /// <param name="active">The days on which a qualification could be used.</param>
    public static DaySpan? Longest(IReadOnlyList<Application.Aid> aids, Func<string, bool> tertiaryA, Func<Subject, IReadOnlyList<DaySpan>> active, DateOnly asOf)
    {
        var days = aids.Where(a => tertiaryA(a.Hospital)).SelectMany(a =>
            from own in active(Subject.Institution(a.Hospital))
            from seconded in a.Seconded.SelectMany(p => active(Subject.Physician(p)))
            select Both(Both(new(a.From, a.To is { } to && to < asOf ? to : asOf.AddDays(-1)), own), seconded));
        return Joined([.. days.Where(d => !d.IsEmpty)]).OrderByDescending(d => d.To.DayNumber - d.From.DayNumber).Select(d => (DaySpan?)d).FirstOrDefault();
    }

    private static DaySpan Both(DaySpan a, DaySpan b) => new(a.From > b.From ? a.From : b.From, a.To < b.To ? a.To : b.To);

    /// <summary>Spans that overlap or adjoin as one, in rising order.</summary>
    private static List<DaySpan> Joined(IReadOnlyList<DaySpan> spans)
    {
        List<DaySpan> joined = [];
        foreach (var span in spans.OrderBy(s => s.From))
        {
            if (joined is [.., var last] && span.From <= last.To.AddDays(1))
            {
                joined[^1] = new(last.From, span.To > last.To ? span.To : last.To);
            }
            else
            {
                joined.Add(span);
            }
        }

        return joined;
    }
}
