using Compliance.Registry;
using Compliance.Service.EventStore;

namespace Compliance.Service.Qualifications;

/// <summary>An institution or a physician of the registry, as the log has it now.</summary>
/// <param name="Province">Of a physician, that of the main registration on the day, or of the last there was; null when there never was one.</param>
/// <param name="Main">Of a physician, the institution of that registration.</param>
public sealed record Holder(Subject Subject, string Name, string? Province, string? Main = null)
{
    /// <summary>Of a physician, every institution of registration on the day.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];
}

/// <summary>Finds holders in the log, not in the rows: who was registered a moment ago can be granted a qualification at once.</summary>
public static class Holders
{
    public static async Task<Holder?> Find(IEventStore log, Subject subject, DateOnly day, CancellationToken cancellation) =>
        (await FindAll(log, [subject], day, cancellation)).GetValueOrDefault(subject);

    /// <summary>Those of the subjects that the registry knows.</summary>
    public static async Task<IReadOnlyDictionary<Subject, Holder>> FindAll(IEventStore log, IReadOnlyCollection<Subject> subjects, DateOnly day, CancellationToken cancellation)
    {
        var people = (await log.ReadStreams([.. Ids(subjects, SubjectKind.Physician).Select(Physician.Stream)], cancellation: cancellation))
            .GroupBy(e => e.Stream)
            .Select(g => Physician.Fold(g.Select(e => (Physician.Event)e.Data)))
            .Where(p => p.Entry is not null)
            .ToList();
        var mains = people.ToDictionary(p => p.Entry!.Physician, p => p.LastMainBy(day)?.Institution);
        var places = (await log.ReadStreams([.. Ids(subjects, SubjectKind.Institution).Concat(mains.Values.OfType<string>()).Distinct().Select(Institution.Stream)], cancellation: cancellation))
            .GroupBy(e => e.Stream)
            .Select(g => Institution.Fold(g.Select(e => (Institution.Event)e.Data)).Entry)
            .OfType<Institution.Event.Registered>()
            .ToDictionary(e => e.Institution);

        var found = new Dictionary<Subject, Holder>();
        foreach (var person in people)
        {
            var province = mains[person.Entry!.Physician] is { } main ? places.GetValueOrDefault(main)?.Province : null;
            found[Subject.Physician(person.Entry.Physician)] = new(Subject.Physician(person.Entry.Physician), person.Entry.Name, province, mains[person.Entry.Physician])
            {
                Places = [.. person.RegistrationsOn(day).Select(r => r.Institution)],
            };
        }

        foreach (var place in places.Values.Where(p => subjects.Contains(Subject.Institution(p.Institution))))
        {
            found[Subject.Institution(place.Institution)] = new(Subject.Institution(place.Institution), place.Name, place.Province);
        }

        return found;
    }

    private static IEnumerable<string> Ids(IEnumerable<Subject> subjects, SubjectKind kind) => subjects.Where(s => s.Kind == kind).Select(s => s.Id).Distinct();
}
