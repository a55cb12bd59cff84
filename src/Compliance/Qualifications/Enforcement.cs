using System.Text.Json.Serialization;

namespace Compliance.Qualifications;

/// <summary>How far the monitor may act by itself.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EnforcementMode>))]
public enum EnforcementMode
{
    /// <summary>Everything is judged and shown, nothing is recorded as a sanction. The default.</summary>
    [StoredAs("Observe")] Observe,

    /// <summary>The monitor proposes, a regulator decides.</summary>
    [StoredAs("Confirm")] Confirm,

    /// <summary>The monitor warns and suspends by itself.</summary>
    [StoredAs("Enforce")] Enforce,
}

[JsonConverter(typeof(JsonStringEnumConverter<RevocationMode>))]
public enum RevocationMode
{
    /// <summary>A named person decides on the system's proposal. The default.</summary>
    [StoredAs("Confirmed")] Confirmed,
    [StoredAs("Automatic")] Automatic,
}

/// <summary>Enforcement of one technique in one province, dated.</summary>
public static class Enforcement
{
    public static string Stream(string technique, string province) => $"enforcement-{technique}-{province}";

    // This record IS the storage format. Rename freely in C#; never change a stored name or a meaning.
    /// <param name="From">First day judged in this mode; the day it was recorded, or later.</param>
    /// <param name="HoldAbove">More suspensions than this in one closing are held as proposals; null for the greater of 5 and 2 % of the subjects.</param>
    public sealed record Set(
        [property: Stored("Technique")] string Technique,
        [property: Stored("Province")] string Province,
        [property: Stored("Mode")] EnforcementMode Mode,
        [property: Stored("From")] DateOnly From,
        [property: Stored("Revocation")] RevocationMode Revocation,
        [property: Stored("HoldAbove")] int? HoldAbove,
        [property: Stored("RecordedOn")] DateOnly RecordedOn,
        [property: Stored("By")] Actor By);

    /// <summary>The settings in the order they were recorded.</summary>
    public sealed record State(IReadOnlyList<Set> Settings)
    {
        public static readonly State Initial = new([]);

        /// <summary>The setting in force on a day: of those that begin by then, the last recorded. Null means observing.</summary>
        public Set? On(DateOnly day) => Settings.LastOrDefault(s => s.From <= day);

        public EnforcementMode ModeOn(DateOnly day) => On(day)?.Mode ?? EnforcementMode.Observe;

        /// <summary>
        /// The first day of the unbroken stretch of confirming or enforcing that a day lies in; null while observing.
        /// Days closed under <c>observe</c> are never held against anybody, so the ninety days of a clause start here at the earliest.
        /// </summary>
        public DateOnly? ActingSince(DateOnly day)
        {
            DateOnly? since = null;
            foreach (var from in Settings.Select(s => s.From).Where(f => f <= day).Distinct().OrderDescending())
            {
                if (ModeOn(from) == EnforcementMode.Observe)
                {
                    break;
                }

                since = from;
            }

            return since;
        }
    }

    public static State Evolve(State state, Set e) => new([.. state.Settings, e]);

    public static State Fold(IEnumerable<Set> events) => events.Aggregate(State.Initial, Evolve);

    /// <summary>
    /// Sets the mode. It never reaches back: <c>from</c> is the day of recording or later. The same setting sent again
    /// changes nothing, also after its first day has come.
    /// </summary>
    public static Decision<Set> Decide(State state, Set wanted)
    {
        if (state.Settings is [.., var last] && (last with { RecordedOn = wanted.RecordedOn, By = wanted.By }) == wanted)
        {
            return Decision<Set>.Nothing;
        }

        return wanted.From < wanted.RecordedOn ? Refusal.Invalid("fromInThePast", "/from", wanted.RecordedOn) : wanted;
    }

    /// <summary>
    /// True when so many suspensions at once are more likely a fault in the data than so many faults in the hospitals:
    /// more than the province's own number, or by default more than the greater of 5 and 2 % of its subjects.
    /// </summary>
    public static bool MustHold(Set setting, int suspensions, int subjects) =>
        setting.HoldAbove is { } limit ? suspensions > limit : suspensions > 5 && suspensions * 100 > subjects * 2;
}
