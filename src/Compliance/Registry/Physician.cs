using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Compliance.Metrics;

namespace Compliance.Registry;

/// <summary>职称, in rising order: 住院医师 &lt; 主治医师 &lt; 副主任医师 &lt; 主任医师.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Title>))]
public enum Title
{
    [StoredAs("Resident")] Resident = 1,
    [StoredAs("Attending")] Attending = 2,
    [StoredAs("AssociateChief")] AssociateChief = 3,
    [StoredAs("Chief")] Chief = 4,
}

/// <summary>A title and the first day it was held.</summary>
public sealed record DatedTitle([property: Stored("Title")] Title Title, [property: Stored("From")] DateOnly From);

/// <summary>A place of practice (执业地点).</summary>
/// <param name="From">First day.</param>
/// <param name="To">Last day, included; null while it lasts.</param>
/// <param name="Main">The main registration (主要执业机构): it decides the province and counts as staff.</param>
public sealed record Registration(
    [property: Stored("Institution")] string Institution,
    [property: Stored("From")] DateOnly From,
    [property: Stored("To")] DateOnly? To,
    [property: Stored("Main")] bool Main)
{
    public bool Covers(DateOnly day) => From <= day && (To is null || day <= To);
}

/// <summary>Maternity, illness, secondment abroad: excuses a volume not reached, once the regulator has confirmed it.</summary>
/// <param name="From">First day.</param>
/// <param name="To">Last day, included.</param>
public sealed record Leave(Guid Id, DateOnly From, DateOnly To, string Reason, bool Confirmed);

/// <summary>A physician in the registry, with dated titles, registrations and leaves.</summary>
public static class Physician
{
    public static string Stream(string id) => $"physician-{id}";

    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event([property: Stored("Physician")] string Physician, [property: Stored("By")] Actor By)
    {
        /// <summary>The entry as it stands from now on, whole.</summary>
        public sealed record Registered(
            string Physician,
            [property: Stored("Name")] string Name,
            [property: Stored("Titles")] IReadOnlyList<DatedTitle> Titles,
            [property: Stored("LicenceScope")] string LicenceScope,
            [property: Stored("Specialty")] string Specialty,
            [property: Stored("Registrations")] IReadOnlyList<Registration> Registrations,
            [property: Stored("RecordedOn")] DateOnly RecordedOn,
            Actor By) : Event(Physician, By);

        public sealed record LeaveEntered(
            string Physician,
            [property: Stored("LeaveId")] Guid LeaveId,
            [property: Stored("From")] DateOnly From,
            [property: Stored("To")] DateOnly To,
            [property: Stored("Reason")] string Reason,
            Actor By) : Event(Physician, By);

        public sealed record LeaveConfirmed(string Physician, [property: Stored("LeaveId")] Guid LeaveId, Actor By) : Event(Physician, By);
    }

    public sealed record State(Event.Registered? Entry, IReadOnlyList<DatedName> Names, IReadOnlyList<Leave> Leaves)
    {
        public static readonly State Initial = new(null, [], []);

        /// <summary>The title held on a day; null before the first one known.</summary>
        public Title? TitleOn(DateOnly day) =>
            Entry?.Titles.Where(t => t.From <= day).OrderBy(t => t.From).LastOrDefault()?.Title;

        /// <summary>The lowest title held on any day of the span; null when none was known on one of them. Over no days nothing was lower than the highest.</summary>
        public Title? LowestTitleWithin(DaySpan span)
        {
            if (span.IsEmpty)
            {
                return Title.Chief;
            }

            if (TitleOn(span.From) is not { } lowest)
            {
                return null;
            }

            foreach (var later in Entry!.Titles.Where(t => span.Contains(t.From)))
            {
                lowest = later.Title < lowest ? later.Title : lowest;
            }

            return lowest;
        }

        public IEnumerable<Registration> RegistrationsOn(DateOnly day) => Entry?.Registrations.Where(r => r.Covers(day)) ?? [];

        public Registration? MainOn(DateOnly day) => RegistrationsOn(day).FirstOrDefault(r => r.Main);

        /// <summary>
        /// The main registration that decides the province on a day: the one that covers it, or, between two, the last
        /// before it. Leaving every place of work does not leave the province's reach.
        /// </summary>
        public Registration? LastMainBy(DateOnly day) =>
            MainOn(day) ?? Entry?.Registrations.Where(r => r.Main && r.From <= day).OrderBy(r => r.From).LastOrDefault();
    }

    public static State Evolve(State state, Event e) => e switch
    {
        Event.Registered r => state with
        {
            Entry = r,
            Names = state.Entry?.Name == r.Name ? state.Names : [.. state.Names, new(r.Name, r.RecordedOn)],
        },
        Event.LeaveEntered l => state with { Leaves = [.. state.Leaves, new(l.LeaveId, l.From, l.To, l.Reason, Confirmed: false)] },
        Event.LeaveConfirmed c => state with { Leaves = [.. state.Leaves.Select(l => l.Id == c.LeaveId ? l with { Confirmed = true } : l)] },
        _ => throw new UnreachableException($"a physician knows no {e.GetType().Name}"),
    };

    public static State Fold(IEnumerable<Event> events) => events.Aggregate(State.Initial, Evolve);

    public static Decision<Event> Register(State state, Event.Registered entry)
    {
        if ((TitleFault(entry.Titles) ?? RegistrationFault(entry.Registrations)) is { } fault)
        {
            return fault;
        }

        return state.Entry is { } e && e.Name == entry.Name && e.LicenceScope == entry.LicenceScope && e.Specialty == entry.Specialty
            && SameItems(e.Titles, entry.Titles) && SameItems(e.Registrations, entry.Registrations)
            ? Decision<Event>.Nothing
            : entry;
    }

    // Their dates order titles and registrations; the order in which a sender lists them means nothing.
    private static bool SameItems<T>(IReadOnlyList<T> a, IReadOnlyList<T> b) => a.Count == b.Count && a.ToHashSet().SetEquals(b);

    /// <summary>One title begins on a day: of two nobody could say which was held.</summary>
    private static Refusal? TitleFault(IReadOnlyList<DatedTitle> titles)
    {
        var seen = new HashSet<DateOnly>();
        for (var i = 0; i < titles.Count; i++)
        {
            if (!seen.Add(titles[i].From))
            {
                return Refusal.Invalid("twoTitlesFromOneDay", $"/titles/{i}/from", titles[i].From);
            }
        }

        return null;
    }

    /// <summary>
    /// The main registrations whose province may enter or change a physician: that of the present entry (on the day,
    /// or the last before it) and that of the new one (on the day). Where there is none such, the latest counts.
    /// </summary>
    /// <remarks>
    /// Either is enough. With the present one alone nobody could receive a physician who moves; with the new one alone
    /// a province could not correct whom it has, nor let anybody go. Nobody else's physician can be taken without
    /// registering him or her in the own province, which is then on record with who did it; and nothing is escaped by
    /// it, for standing and failures travel along.
    /// </remarks>
    public static IReadOnlyList<Registration> DecidingWhoWrites(State state, IReadOnlyList<Registration> wanted, DateOnly day)
    {
        static Registration? Latest(IEnumerable<Registration> registrations) => registrations.Where(r => r.Main).MaxBy(r => r.From);

        var present = state.LastMainBy(day) ?? Latest(state.Entry?.Registrations ?? []);
        var next = wanted.FirstOrDefault(r => r.Main && r.Covers(day)) ?? Latest(wanted);
        return [.. new[] { present, next }.OfType<Registration>()];
    }

    /// <summary>On any day that has a registration exactly one is the main one, and no place is registered twice.</summary>
    private static Refusal? RegistrationFault(IReadOnlyList<Registration> registrations)
    {
        for (var i = 0; i < registrations.Count; i++)
        {
            if (registrations[i].To < registrations[i].From)
            {
                return Refusal.Invalid("endsBeforeItBegins", $"/registrations/{i}/to");
            }
        }

        // What holds on a day changes only where a registration begins or the day after one ends.
        var days = registrations.Select(r => r.From)
            .Concat(registrations.Where(r => r.To is not null && r.To < DateOnly.MaxValue).Select(r => r.To!.Value.AddDays(1)));
        foreach (var day in days)
        {
            var there = registrations.Where(r => r.Covers(day)).ToList();
            if (there.Count > 0 && there.Count(r => r.Main) != 1)
            {
                return Refusal.Invalid("notOneMainRegistration", "/registrations", day);
            }

            if (there.DistinctBy(r => r.Institution).Count() != there.Count)
            {
                return Refusal.Invalid("registeredTwice", "/registrations", day);
            }
        }

        return null;
    }

    public static Decision<Event> EnterLeave(State state, DateOnly from, DateOnly to, string reason, Actor by)
    {
        if (state.Entry is null)
        {
            return Refusal.NotFound("noSuchPhysician");
        }

        if (to < from)
        {
            return Refusal.Invalid("endsBeforeItBegins", "/to");
        }

        return FindLeave(state, from, to, reason) is not null
            ? Decision<Event>.Nothing
            : new Event.LeaveEntered(state.Entry.Physician, NameBasedId.Of("leave", state.Entry.Physician, (state.Leaves.Count + 1).ToString(CultureInfo.InvariantCulture)), from, to, reason, by);
    }

    /// <summary>The leave of the same days for the same reason, if it was entered before.</summary>
    public static Leave? FindLeave(State state, DateOnly from, DateOnly to, string reason) =>
        state.Leaves.FirstOrDefault(l => l.From == from && l.To == to && l.Reason == reason);

    public static Decision<Event> ConfirmLeave(State state, Guid leaveId, Actor by) =>
        state.Leaves.FirstOrDefault(l => l.Id == leaveId) switch
        {
            null => Refusal.NotFound("noSuchLeave", leaveId),
            { Confirmed: true } => Decision<Event>.Nothing,
            _ => new Event.LeaveConfirmed(state.Entry!.Physician, leaveId, by),
        };
}
