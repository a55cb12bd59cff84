using Compliance.Metrics;
using Compliance.Registry;

namespace Compliance.Qualifications;

/// <summary>What excuses a physician's volume, besides an own suspension.</summary>
public static class Excuses
{
    /// <summary>
    /// True when the span overlaps a confirmed leave, or has a day on which every place of registration was suspended
    /// for the technique: nobody can work where nobody may.
    /// </summary>
    /// <param name="isSuspended">Whether an institution was suspended for the technique on a day.</param>
    /// <param name="suspensionDays">The days on which that can have changed.</param>
    public static bool Apply(Physician.State person, DaySpan span, Func<string, DateOnly, bool> isSuspended, IEnumerable<DateOnly> suspensionDays)
    {
        if (span.IsEmpty)
        {
            return false;
        }

        if (person.Leaves.Any(l => l.Confirmed && new DaySpan(l.From, l.To).Overlaps(span)))
        {
            return true;
        }

        var changes = suspensionDays
            .Concat(person.Entry?.Registrations.SelectMany(r => r.To is { } to && to < DateOnly.MaxValue ? new[] { r.From, to.AddDays(1) } : [r.From]) ?? [])
            .Append(span.From)
            .Where(span.Contains)
            .Distinct();
        return changes.Any(day => person.RegistrationsOn(day).ToList() is { Count: > 0 } places && places.TrueForAll(r => isSuspended(r.Institution, day)));
    }
}
