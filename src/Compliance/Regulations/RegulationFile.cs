using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Compliance.Metrics;

namespace Compliance.Regulations;

/// <summary>A fault of a regulation file: where (a JSON pointer), which (a stable code) and what it means.</summary>
public sealed record RegulationFault(string Pointer, string Code, string Message);

/// <summary>The outcome of reading a regulation: it, or what is wrong with it. Exactly one of the two is there.</summary>
public sealed record ParsedRegulation(Regulation? Regulation, IReadOnlyList<RegulationFault> Faults);

/// <summary>Reading and checking regulation files.</summary>
public static partial class RegulationFile
{
    /// <summary>The highest level there is (四级).</summary>
    private const int HighestGrade = 4;

    // Longer periods and larger numbers than these are typing errors, not regulations; 100,000 cases a year is more than any subject has.
    private const int LargestNumber = 100_000;

    /// <summary>How regulation files are written: camelCase, nothing unknown, nothing missing, nothing twice.</summary>
    public static JsonSerializerOptions Json { get; } = ReadOnly(new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        // In a file written by hand the kind of a clause need not stand first.
        AllowOutOfOrderMetadataProperties = true,
        WriteIndented = true,
        IndentSize = 2,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>Reads a regulation. A body that does not fit the contract gives one fault, the first; one that fits is checked for consistency and gives all.</summary>
    public static ParsedRegulation Parse(string json)
    {
        try
        {
            Regulation? regulation = JsonSerializer.Deserialize<Regulation>(json, Json);
            if (regulation is null)
                return new(null, [new("", "malformed", "The regulation is empty.")]);

            IReadOnlyList<RegulationFault> faults = Validate(regulation);
            return new(faults.Count == 0 ? regulation : null, faults);
        }
        catch (JsonException refused)
        {
            // The place is the pointer, and the names of C# types mean nothing to the reader.
            string message = TypeNames().Replace(refused.Message.Split(" Path: ", 2)[0], "");
            return new(null, [new(Pointer(refused.Path), "malformed", message)]);
        }
        catch (NotSupportedException)
        {
            // The serializer's answer to a clause without a kind.
            return new(null, [new("/clauses", "clauseKindMissing", "Every clause needs its kind.")]);
        }
    }

    /// <summary>What is inconsistent in a regulation; empty when nothing is.</summary>
    public static IReadOnlyList<RegulationFault> Validate(Regulation regulation)
    {
        List<RegulationFault> faults = [];
        if (regulation.AssessmentItems.Contains(null!) || regulation.Catalogue.Contains(null!) || regulation.Complications.Contains(null!)
            || regulation.Clauses.Contains(null!) || regulation.Clauses.Any(clause => clause.Applies.Contains(null!)))
        {
            return [new("", "nullInList", "No list may hold null.")];
        }

        Text(regulation.Id, "/id");
        Number(regulation.Version, 1, "/version");
        Text(regulation.Technique, "/technique");
        Both(regulation.Title, "/title");
        if (regulation.JudgesFrom < regulation.EffectiveFrom)
            faults.Add(new("/judgesFrom", "judgesBeforeEffective", "Nothing is judged by a regulation before it is in force."));
        Number(regulation.GuidelineVolume, 1, "/guidelineVolume");
        Rate(regulation.SevereComplications.Numerator, regulation.SevereComplications.Denominator, "/severeComplications");
        Rate(regulation.Mortality.Numerator, regulation.Mortality.Denominator, "/mortality");

        Number(regulation.Reporting.WorkingDays, 1, "/reporting/workingDays");
        Level(regulation.Reporting.FromLevel, "/reporting/fromLevel");
        Number(regulation.Reporting.OutcomeAfterDays, 1, "/reporting/outcomeAfterDays");
        Number(regulation.Reporting.OutcomeStatementWorkingDays, 1, "/reporting/outcomeStatementWorkingDays");
        Number(regulation.Reporting.LateOutcomeAfterDays, 1, "/reporting/lateOutcomeAfterDays");
        Number(regulation.CaseRules.DecidersAtLeast, 0, "/caseRules/decidersAtLeast");
        Level(regulation.CaseRules.QualificationFromLevel, "/caseRules/qualificationFromLevel");
        if (regulation.CaseRules.Deciders is { } deciders)
            Title(deciders, "/caseRules/deciders");
        if (regulation.CaseRules.Operator is { } operating)
            Title(operating, "/caseRules/operator");
        Number(regulation.Proceedings.RectificationMonths, 1, "/proceedings/rectificationMonths");
        Number(regulation.Proceedings.FailuresToRevoke, 1, "/proceedings/failuresToRevoke");
        Number(regulation.Proceedings.GroundsDecisionWorkingDays, 1, "/proceedings/groundsDecisionWorkingDays");
        Number(regulation.Proceedings.ReviewWorkingDays, 1, "/proceedings/reviewWorkingDays");
        Number(regulation.Proceedings.AssessmentClosesAfterDays, 1, "/proceedings/assessmentClosesAfterDays");

        Each(regulation.AssessmentItems, item => item.Id, "/assessmentItems", "id", (item, at) => Both(item.Title, $"{at}/title"));
        Each(regulation.Catalogue, entry => entry.Code, "/catalogue", "code", (entry, at) =>
        {
            Level(entry.Level, $"{at}/level");
            Both(entry.Title, $"{at}/title");
        });
        // The highest level of a case is meant to be compared, so a catalogue is graded or it is not.
        if (regulation.Catalogue.Any(entry => entry.Level == 0) && regulation.Catalogue.Any(entry => entry.Level > 0))
            faults.Add(new("/catalogue", "catalogueHalfGraded", "Either every procedure has a level from 1 to 4, or none has."));
        Each(regulation.Complications, complication => complication.Code, "/complications", "code", (complication, at) => Both(complication.Title, $"{at}/title"));
        Each(regulation.Clauses, clause => clause.Id, "/clauses", "id", (clause, at) =>
        {
            Both(clause.Title, $"{at}/title");
            Text(clause.Source, $"{at}/source");
            Applications(clause, at);
            Test(clause, at);
        });
        return faults;

        void Text(string text, string at)
        {
            if (string.IsNullOrWhiteSpace(text))
                faults.Add(new(at, "empty", "A text is needed here."));
        }

        void Both(Bilingual text, string at)
        {
            Text(text.Zh, $"{at}/zh");
            Text(text.En, $"{at}/en");
        }

        void Number(int number, int least, string at)
        {
            if (number < least || number > LargestNumber)
                faults.Add(new(at, "numberOutOfRange", $"{number} does not lie between {least} and {LargestNumber}."));
        }

        void Level(int level, string at)
        {
            if (level is < 0 or > HighestGrade)
                faults.Add(new(at, "levelOutOfRange", $"Levels run from 1 to {HighestGrade}; 0 is none."));
        }

        void Known<T>(T value, string at)
            where T : struct, Enum
        {
            // The converter lets numbers through.
            if (!Enum.IsDefined(value))
                faults.Add(new(at, "unknownName", $"{value} names nothing."));
        }

        void Title(TitleRule rule, string at)
        {
            Known(rule.AtLeast, $"{at}/atLeast");
            Level(rule.FromLevel, $"{at}/fromLevel");
        }

        void Rate(CountName numerator, CountName denominator, string at)
        {
            Known(numerator, $"{at}/numerator");
            Known(denominator, $"{at}/denominator");
            if (numerator == denominator)
                faults.Add(new($"{at}/numerator", "rateOfItself", "Numerator and denominator of a rate are different counts."));
        }

        void Each<T>(IReadOnlyList<T> items, Func<T, string> key, string list, string keyName, Action<T, string> check)
        {
            HashSet<string> seen = [];
            for (int i = 0; i < items.Count; i++)
            {
                string at = $"{list}/{i}";
                Text(key(items[i]), $"{at}/{keyName}");
                if (!seen.Add(key(items[i])))
                    faults.Add(new($"{at}/{keyName}", "repeated", $"{key(items[i])} is there already."));
                check(items[i], at);
            }
        }

        void Applications(Clause clause, string at)
        {
            if (clause.Applies.Count == 0)
                faults.Add(new($"{at}/applies", "appliesToNobody", "A clause applies to an institution, a physician or both."));

            HashSet<SubjectKind> subjects = [];
            for (int i = 0; i < clause.Applies.Count; i++)
            {
                Application application = clause.Applies[i];
                string place = $"{at}/applies/{i}";
                Known(application.Subject, $"{place}/subject");
                Known(application.Effect, $"{place}/effect");
                if (!subjects.Add(application.Subject))
                    faults.Add(new($"{place}/subject", "repeated", "A clause applies once to a kind of subject."));
                if ((application.Effect == BreachEffect.WarnThenSuspend) != application.AfterDays.HasValue)
                    faults.Add(new($"{place}/afterDays", "afterDaysMisplaced", "Days until suspension belong to warnThenSuspend, and only there."));
                if (application.AfterDays is { } days)
                    Number(days, 1, $"{place}/afterDays");
                if ((application.Effect == BreachEffect.Show) != clause is Clause.Timeliness)
                    faults.Add(new($"{place}/effect", "effectUnfit", "Timeliness is shown and never binds; every other clause has an effect."));
                if (application.Subject == SubjectKind.Physician && clause is Clause.QualifiedStaff)
                    faults.Add(new($"{place}/subject", "subjectUnfit", "Only an institution has staff."));
            }
        }

        void Test(Clause clause, string at)
        {
            switch (clause)
            {
                case Clause.AnnualVolume volume:
                    Known(volume.Count, $"{at}/count");
                    Number(volume.AtLeast, 1, $"{at}/atLeast");
                    if (volume.UnlessTitleBelow is { } title)
                        Known(title, $"{at}/unlessTitleBelow");
                    // A guideline is not a violation: it may warn, and nothing more.
                    if (volume.GuidelineOnly && volume.Applies.Any(application => application.Effect != BreachEffect.Warn))
                        faults.Add(new($"{at}/guidelineOnly", "effectUnfit", "A guideline (原则上) warns and never suspends."));
                    break;
                case Clause.EventRate rate:
                    Rate(rate.Numerator, rate.Denominator, at);
                    if (rate.BelowPercent is < 1 or > 100)
                        faults.Add(new($"{at}/belowPercent", "numberOutOfRange", "A ceiling lies between 1 and 100 percent."));
                    Number(rate.WhenDenominatorAtLeast, 0, $"{at}/whenDenominatorAtLeast");
                    // Without its counterpart the few cases would be judged by nothing.
                    if (rate.WhenDenominatorAtLeast > 0 && !regulation.Clauses.OfType<Clause.FewCasesMortality>().Any(few => few.InPlaceOf == rate.Id))
                        faults.Add(new($"{at}/whenDenominatorAtLeast", "gapBelow", "No clause stands in place of this one below its denominator."));
                    break;
                case Clause.FewCasesMortality few:
                    Rate(few.Numerator, few.Denominator, at);
                    Number(few.WhenDenominatorBelow, 1, $"{at}/whenDenominatorBelow");
                    Number(few.AtMost, 0, $"{at}/atMost");
                    // The two must meet: no denominator judged twice, none judged by neither.
                    if (regulation.Clauses.OfType<Clause.EventRate>().FirstOrDefault(rate => rate.Id == few.InPlaceOf) is not { } replaced)
                        faults.Add(new($"{at}/inPlaceOf", "unknownClause", $"There is no rate clause {few.InPlaceOf}."));
                    else if (replaced.Numerator != few.Numerator || replaced.Denominator != few.Denominator || replaced.WhenDenominatorAtLeast != few.WhenDenominatorBelow)
                        faults.Add(new($"{at}/inPlaceOf", "doesNotMeet", $"{few.InPlaceOf} must have the same counts and begin where this clause ends."));
                    break;
                case Clause.NoIncidents none:
                    Known(none.Count, $"{at}/count");
                    if (none.Count is not (CountName.Incidents or CountName.SeriousIncidents))
                        faults.Add(new($"{at}/count", "notIncidents", "This kind of clause counts incidents or seriousIncidents."));
                    break;
                case Clause.QualifiedStaff staff:
                    Number(staff.AtLeast, 1, $"{at}/atLeast");
                    if (staff.WithTitle is { } senior)
                    {
                        Number(senior.AtLeast, 1, $"{at}/withTitle/atLeast");
                        Known(senior.Title, $"{at}/withTitle/title");
                        if (senior.AtLeast > staff.AtLeast)
                            faults.Add(new($"{at}/withTitle/atLeast", "moreThanAll", "No more can have the title than are demanded in all."));
                    }

                    break;
                case Clause.Timeliness timeliness:
                    Known(timeliness.Reported, $"{at}/reported");
                    Known(timeliness.Late, $"{at}/late");
                    Known(timeliness.Overdue, $"{at}/overdue");
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    // As in "contained in type 'Compliance.Regulations.Clause'".
    [GeneratedRegex(" (contained in|of|for|to|on) (type )?'?Compliance\\.[^' ]*'?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeNames();

    private static JsonSerializerOptions ReadOnly(JsonSerializerOptions options)
    {
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>The serializer's path, as in <c>$.clauses[3].count</c>, as a JSON pointer.</summary>
    private static string Pointer(string? path)
    {
        StringBuilder pointer = new();
        string rest = path is null ? "" : path.TrimStart('$');
        while (rest.Length > 0)
        {
            // Names with unusual characters stand in brackets and quotes.
            (string open, string close) = rest.StartsWith("['", StringComparison.Ordinal) ? ("['", "']") : rest[0] == '[' ? ("[", "]") : (".", "");
            rest = rest[open.Length..];
            int end = close.Length > 0 ? rest.IndexOf(close, StringComparison.Ordinal) : rest.IndexOfAny(['.', '[']);
            end = end < 0 ? rest.Length : end;
            pointer.Append('/').Append(rest[..end].Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
            rest = rest[Math.Min(rest.Length, end + close.Length)..];
        }

        return pointer.ToString();
    }
}
