using System.Globalization;
using System.Text.Json;
using Compliance.Registry;
using Compliance.Regulations;

namespace Compliance.Training;

/// <summary>What the round itself knows of an application, beside the forms.</summary>
/// <param name="Entry">Of the institution, in the registry; null where it has none.</param>
/// <param name="ReceivedAt">Null before it was submitted.</param>
/// <param name="FraudSubstantiated">NC-FRAUD.</param>
/// <param name="ReviewedOn">The day the committee's scoring was closed (NC-REVIEW); null before.</param>
/// <param name="Outcome">As published; null before.</param>
/// <param name="PublishedOn">NC-PUBLISH; null before.</param>
public sealed record SelectionKnown(
    Institution.Event.Registered? Entry, DateTimeOffset? ReceivedAt, bool FraudSubstantiated = false, DateOnly? ReviewedOn = null, SelectionOutcome? Outcome = null, DateOnly? PublishedOn = null);

/// <summary>The facts of an application in a selection round: NC-*. The forms are its attestations; what the round knows nobody attests.</summary>
public static class SelectionFacts
{
    /// <summary>The fields of the forms: what an applicant attests for the clauses of the application and of the priority.</summary>
    public static IReadOnlyList<FactDefinition> OfTheForms(Regulation regulation) =>
        Attested(regulation, [regulation.Selection!.Application, regulation.Selection.Priority], regulation.Selection.Shown ?? []);

    /// <summary>What a selected base attests of its duties; nothing where the text asks nothing.</summary>
    public static IReadOnlyList<FactDefinition> OfTheDuties(Regulation regulation) => regulation.Selection?.Duties is { } duties ? Attested(regulation, [duties], []) : [];

    private static IReadOnlyList<FactDefinition> Attested(Regulation regulation, IReadOnlyList<string> paths, IReadOnlyList<string> more)
    {
        var asked = paths.SelectMany(path => regulation.Path(path)!.Clauses).SelectMany(clause => Asked(regulation, clause)).Concat(more).ToHashSet();
        return [.. regulation.Facts.Where(f => f.Known is null && f.AttestedBy == Attester.Applicant && asked.Contains(f.Name))];
    }

    private static IEnumerable<string> Asked(Regulation regulation, string clause) =>
        regulation.Clause(clause) is Clause.Condition condition ? condition.Test.Facts.Concat(condition.Test.Named.SelectMany(named => Asked(regulation, named))) : [];

    /// <summary>The kinds of file the clauses ask for, with the formats each may have; any may come as further evidence.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<AttachmentFormat>> Attachments(Regulation regulation) =>
        regulation.Facts.Where(f => f.Known?.Selection == SelectionFact.Attached)
            .ToDictionary(f => f.Known!.Attachment!, f => f.Known!.Formats ?? Enum.GetValues<AttachmentFormat>())
            .Append(new(SelectionApplication.OtherEvidence, Enum.GetValues<AttachmentFormat>()))
            .ToDictionary();

    /// <summary>The facts together: the forms, what they say of persons, and what is known.</summary>
    /// <param name="persons">By fact; what was destroyed is missing.</param>
    public static FactBook Book(Regulation regulation, SelectionApplication.State application, IReadOnlyDictionary<string, JsonElement> persons, SelectionKnown known, DateOnly asOf)
    {
        var attested = application.Facts.Select(f => (f.Fact, f.Value)).Concat(persons.Select(p => (Fact: p.Key, p.Value)))
            .Where(f => regulation.Fact(f.Fact) is { Known: null })
            .ToDictionary(f => f.Fact, f => new AttestedFact(f.Fact, f.Value, asOf, null, []));
        var values = new Dictionary<string, JsonElement>();
        foreach (var fact in regulation.Facts)
        {
            if (Known(fact, application, known) is { } value)
            {
                values[fact.Name] = value;
            }
        }

        return new(asOf, attested, values, new(0, 0, 0));
    }

    private static JsonElement? Known(FactDefinition fact, SelectionApplication.State application, SelectionKnown known) => fact.Known?.Selection switch
    {
        null => KnownFacts.OfRegistry(fact, known.Entry?.Level, null, null, null, new(0, 0, 0)),
        SelectionFact.ReceivedAt => known.ReceivedAt is { } at ? KnownFacts.Text(at.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture)) : null,
        // What is submitted here has reached the project, and the institute with it.
        SelectionFact.Sent => known.ReceivedAt is null ? null : KnownFacts.Flag(true),
        SelectionFact.Attached => KnownFacts.Flag(application.Attachments.Any(a => a.Kind == fact.Known.Attachment)),
        SelectionFact.InstitutionName => known.Entry is { } named ? KnownFacts.Text(named.Name) : null,
        SelectionFact.Province => known.Entry is { } at ? KnownFacts.Text(at.Province) : null,
        SelectionFact.FraudSubstantiated => KnownFacts.Flag(known.FraudSubstantiated),
        SelectionFact.ReviewedOn => Day(known.ReviewedOn),
        SelectionFact.Selected => known.Outcome is { } outcome ? KnownFacts.Text(outcome == SelectionOutcome.Selected ? "selected" : "notSelected") : null,
        SelectionFact.PublishedOn => Day(known.PublishedOn),
        _ => throw new System.Diagnostics.UnreachableException($"no round knows {fact.Known.Selection}"),
    };

    private static JsonElement? Day(DateOnly? day) => day is { } d ? KnownFacts.Text(d.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) : null;

    /// <summary>How the duties stand by what was attested since the last review; what was attested for that one has expired.</summary>
    public static IReadOnlyList<ConditionResult> Duties(Regulation regulation, SelectionApplication.State application, DateOnly asOf) => Evaluate(
        regulation,
        regulation.Selection!.Duties!,
        new(asOf, (application.DutiesAttested?.Facts ?? []).ToDictionary(f => f.Fact, f => new AttestedFact(f.Fact, f.Value, asOf, null, [])), new Dictionary<string, JsonElement>(), new(0, 0, 0)));

    /// <summary>How the clauses of a path stand.</summary>
    public static IReadOnlyList<ConditionResult> Evaluate(Regulation regulation, string path, FactBook book) => Conditions.Evaluate(regulation, regulation.Path(path)!, book);

    /// <summary>Whether the regulation's own clauses on the time of receipt (NC-APP-DEADLINE) are met by an application received at that instant.</summary>
    public static bool Takes(Regulation regulation, DateTimeOffset receivedAt)
    {
        var name = regulation.Facts.FirstOrDefault(f => f.Known?.Selection == SelectionFact.ReceivedAt)?.Name;
        var book = Book(regulation, SelectionApplication.State.Initial, new Dictionary<string, JsonElement>(), new(null, receivedAt), Calendars.Shanghai.DayOf(receivedAt));
        return regulation.Path(regulation.Selection!.Application)!.Clauses.Select(id => regulation.Clause(id)).OfType<Clause.Condition>()
            .Where(c => c.Test.Facts.Any() && c.Test.Facts.All(f => f == name))
            .All(c => Conditions.Judge(regulation, c, book).IsSatisfied);
    }
}
