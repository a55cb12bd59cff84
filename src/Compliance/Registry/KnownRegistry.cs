namespace Compliance.Registry;

/// <summary>An institution as the public may know it.</summary>
public sealed record PublicPlace(string Id, string Name);

/// <summary>Who holds a qualification, as far as the public may know: of a physician a name and a place of practice, never the id.</summary>
/// <param name="Id">Of an institution; null of a physician.</param>
/// <param name="Place">Of a physician, the institution of the main registration; null without one, and of an institution.</param>
/// <param name="Province">Two-digit code; null of a physician who has never had a main registration.</param>
public sealed record PublicHolder(SubjectKind Kind, string? Id, string Name, PublicPlace? Place, string? Province);

/// <summary>Institutions and physicians as known at one position of the log, asked as of a day.</summary>
public sealed class KnownRegistry(IReadOnlyDictionary<string, Institution.State> institutions, IReadOnlyDictionary<string, Physician.State> physicians)
{
    /// <summary>
    /// Who the subject was on a day. An institution's province is the one known last: registry entries date names, not provinces. Null of
    /// somebody the registry does not know: a physician can be called nothing but the name.
    /// </summary>
    public PublicHolder? On(Subject subject, DateOnly day)
    {
        if (subject.Kind == SubjectKind.Institution)
        {
            return institutions.GetValueOrDefault(subject.Id) is { Entry: { } entry } place ? new(SubjectKind.Institution, subject.Id, place.Names.On(day)!, null, entry.Province) : null;
        }

        return physicians.GetValueOrDefault(subject.Id) is { Entry: not null } person
            ? new(SubjectKind.Physician, null, person.Names.On(day)!, PlaceOn(person.MainOn(day), day), Known(person.LastMainBy(day))?.Entry!.Province)
            : null;
    }

    /// <summary>The days on which <see cref="On"/> may begin to say something else, in no order, some of them perhaps twice.</summary>
    public IEnumerable<DateOnly> Changes(Subject subject)
    {
        if (subject.Kind == SubjectKind.Institution)
        {
            return institutions.GetValueOrDefault(subject.Id)?.Names.Select(n => n.From) ?? [];
        }

        if (physicians.GetValueOrDefault(subject.Id) is not { Entry: { } entry } person)
        {
            return [];
        }

        var mains = entry.Registrations.Where(r => r.Main).ToList();
        return person.Names.Select(n => n.From)
            .Concat(mains.Select(r => r.From))
            .Concat(mains.Where(r => r.To is not null && r.To < DateOnly.MaxValue).Select(r => r.To!.Value.AddDays(1)))
            .Concat(mains.SelectMany(r => Known(r)?.Names.Select(n => n.From) ?? []));
    }

    private PublicPlace? PlaceOn(Registration? main, DateOnly day) => Known(main) is { } place ? new(main!.Institution, place.Names.On(day)!) : null;

    private Institution.State? Known(Registration? at) => at is not null && institutions.GetValueOrDefault(at.Institution) is { Entry: not null } place ? place : null;
}
