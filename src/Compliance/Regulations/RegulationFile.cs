using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using Compliance.Metrics;
using Compliance.Training;

namespace Compliance.Regulations;

/// <summary>A fault of a regulation file: where (a JSON pointer), which (a stable code) and what it means.</summary>
public sealed record RegulationFault(string Pointer, string Code, string Message);

/// <summary>The outcome of reading a regulation: it, or what is wrong with it. Exactly one of the two is there.</summary>
public sealed record ParsedRegulation(Regulation? Regulation, IReadOnlyList<RegulationFault> Faults);

/// <summary>Reading and checking regulation files.</summary>
public static partial class RegulationFile
{
    /// <summary>The highest level there is (四级).</summary>
    public const int HighestGrade = 4;

    /// <summary>Months of the longest window there may be: a century.</summary>
    private const int LongestWindow = 1_200;

    /// <summary>Days of the longest run of breaches that may be asked for: a year of closings.</summary>
    private const int LongestRun = 366;

    /// <summary>Comparisons in one clause, with those of the clauses it names.</summary>
    private const long MostComparisons = 1_000;

    // Longer periods and larger numbers than these are typing errors, not regulations; 100,000 cases a year is more than any subject has.
    private const int LargestNumber = 100_000;

    /// <summary>How regulation files are written: camelCase, nothing unknown, nothing missing, nothing twice.</summary>
    public static JsonSerializerOptions Json { get; } = ReadOnly(new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        // In a file written by hand the kind of a clause need not stand first.
        AllowOutOfOrderMetadataProperties = true,
        Converters = { new CamelCaseEnums() },
        WriteIndented = true,
        IndentSize = 2,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>The JSON Schema of a regulation file, drawn from the types it is read into: what it refuses the reading refuses too.</summary>
    public static JsonNode Schema { get; } = Json.GetJsonSchemaAsNode(typeof(Regulation), new()
    {
        TreatNullObliviousAsNonNullable = true,
        // The converter that reads enums is ours, so the exporter cannot know their values.
        TransformSchemaNode = static (context, schema) => (Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type) is { IsEnum: true } type && type != typeof(Comparison)
            ? new JsonObject { ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => (JsonNode)JsonNamingPolicy.CamelCase.ConvertName(name)), .. type == context.TypeInfo.Type ? [] : (JsonNode?[])[null]]) }
            : schema,
    });

    /// <summary>Reads a regulation as a log holds it, in whichever form files had when it was published.</summary>
    public static ParsedRegulation ParseStored(string json) => Parse(EarlierRegulationFile.Is(json) ? EarlierRegulationFile.Raise(json).ToJsonString(Json) : json);

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
        if (HoldsNull(regulation))
        {
            return [new("", "nullInList", "No list may hold null.")];
        }

        bool circular = regulation.Clauses.OfType<Clause.Condition>().Any(Circular);
        Identifier(regulation.Id, "/id");
        Number(regulation.Version, 1, "/version");
        Identifier(regulation.Technique, "/technique");
        Both(regulation.Title, "/title");
        if (regulation.JudgesFrom < regulation.EffectiveFrom)
            faults.Add(new("/judgesFrom", "judgesBeforeEffective", "Nothing is judged by a regulation before it is in force."));
        if (regulation.Practice is { } practice)
            Practised(practice);
        Each(regulation.Facts, fact => fact.Name, "/facts", "name", Fact);
        Each(regulation.Paths, path => path.Id, "/paths", "id", Path);
        if (regulation.Selection is { } selection)
            Selecting(selection);
        Each(regulation.Clauses, clause => clause.Id, "/clauses", "id", (clause, at) =>
        {
            Both(clause.Title, $"{at}/title");
            Both(clause.Phrase, $"{at}/phrase");
            Text(clause.Source, $"{at}/source");
            Known(clause.Nature, $"{at}/nature");
            if (clause.Concerns.Count == 0)
                faults.Add(new($"{at}/concerns", "empty", "A requirement is about somebody or something."));
            for (int i = 0; i < clause.Concerns.Count; i++)
                Known(clause.Concerns[i], $"{at}/concerns/{i}");
            if (clause.Reading is { } reading)
                Both(reading, $"{at}/reading");
            Applications(clause, at);
            Judged(clause, at);
        });
        Unused();
        return faults;

        void Practised(Practice practice)
        {
            Number(practice.GuidelineVolume, 1, "/practice/guidelineVolume");
            Rate(practice.SevereComplications.Numerator, practice.SevereComplications.Denominator, "/practice/severeComplications");
            Rate(practice.Mortality.Numerator, practice.Mortality.Denominator, "/practice/mortality");

            Number(practice.Reporting.WorkingDays, 1, "/practice/reporting/workingDays");
            Level(practice.Reporting.FromLevel, "/practice/reporting/fromLevel");
            Number(practice.Reporting.OutcomeAfterDays, 1, "/practice/reporting/outcomeAfterDays");
            Number(practice.Reporting.OutcomeStatementWorkingDays, 1, "/practice/reporting/outcomeStatementWorkingDays");
            Number(practice.Reporting.LateOutcomeAfterDays, 1, "/practice/reporting/lateOutcomeAfterDays");
            for (int i = 0; i < practice.Reporting.Intervals.Count; i++)
            {
                FollowUpInterval interval = practice.Reporting.Intervals[i];
                Number(interval.Days, 1, $"/practice/reporting/followUps/{i}/days");
                Number(interval.WithinDays, 0, $"/practice/reporting/followUps/{i}/withinDays");
                // Windows that overlap would let one visit answer two.
                if (i > 0 && practice.Reporting.Intervals[i - 1] is var before && interval.Days <= before.Days + before.WithinDays)
                    faults.Add(new($"/practice/reporting/followUps/{i}/days", "followUpsOutOfOrder", "A follow-up begins after the one before it has ended."));
            }

            Number(practice.CaseRules.DecidersAtLeast, 0, "/practice/caseRules/decidersAtLeast");
            Level(practice.CaseRules.QualificationFromLevel, "/practice/caseRules/qualificationFromLevel");
            if (practice.CaseRules.Deciders is { } deciders)
                Title(deciders, "/practice/caseRules/deciders");
            if (practice.CaseRules.Operator is { } operating)
                Title(operating, "/practice/caseRules/operator");
            Number(practice.Proceedings.RectificationMonths, 1, "/practice/proceedings/rectificationMonths");
            Number(practice.Proceedings.FailuresToRevoke, 1, "/practice/proceedings/failuresToRevoke");
            Number(practice.Proceedings.GroundsDecisionWorkingDays, 1, "/practice/proceedings/groundsDecisionWorkingDays");
            Number(practice.Proceedings.ReviewWorkingDays, 1, "/practice/proceedings/reviewWorkingDays");
            Number(practice.Proceedings.HearingWorkingDays, 1, "/practice/proceedings/hearingWorkingDays");
            Number(practice.Proceedings.AssessmentClosesAfterDays, 1, "/practice/proceedings/assessmentClosesAfterDays");

            Each(practice.AssessmentItems, item => item.Id, "/practice/assessmentItems", "id", (item, at) => Both(item.Title, $"{at}/title"));
            Each(practice.Catalogue, entry => entry.Code, "/practice/catalogue", "code", (entry, at) =>
            {
                Level(entry.Level, $"{at}/level");
                Both(entry.Title, $"{at}/title");
            });
            // The highest level of a case is meant to be compared, so a catalogue is graded or it is not.
            if (practice.Catalogue.Any(entry => entry.Level == 0) && practice.Catalogue.Any(entry => entry.Level > 0))
                faults.Add(new("/practice/catalogue", "catalogueHalfGraded", "Either every procedure has a level from 1 to 4, or none has."));
            Each(practice.Complications, complication => complication.Code, "/practice/complications", "code", (complication, at) => Both(complication.Title, $"{at}/title"));
            if (practice.Training is { } training)
                Taught(training);
        }

        void Taught(TrainingRules training)
        {
            Number(training.ReviewEveryMonths, 1, "/practice/training/reviewEveryMonths");
            Number(training.Trainee.Months, 1, "/practice/training/trainee/months");
            Led(training.Trainee.Path, Concern.Trainee, "/practice/training/trainee/path");
            Led(training.Trainee.LowerPath, Concern.Trainee, "/practice/training/trainee/lowerPath");
            Told(training.Trainee.Path, "/practice/training/trainee/path");
            Told(training.Trainee.LowerPath, "/practice/training/trainee/lowerPath");
            if (training.Bases.Count == 0)
                faults.Add(new("/practice/training/bases", "empty", "Somebody trains."));
            Each(training.Bases, rule => rule.Kind, "/practice/training/bases", "kind", (rule, at) =>
            {
                Led(rule.Path, Concern.TrainingBase, $"{at}/path");
                Led(rule.ReviewPath, Concern.TrainingBase, $"{at}/reviewPath");
                Level(rule.CertifiesFromLevel, $"{at}/certifiesFromLevel");
                Level(rule.CertifiesToLevel, $"{at}/certifiesToLevel");
                if (rule.CertifiesToLevel < rule.CertifiesFromLevel)
                    faults.Add(new($"{at}/certifiesToLevel", "levelOutOfRange", "The highest level is not below the lowest."));
                Known(rule.RecognisedBy, $"{at}/recognisedBy");
            });
        }

        // Nobody attests anything for a trainee: a clause that asked for it could never be met.
        void Told(string? path, string at)
        {
            foreach (var fact in path is not null && regulation.Path(path) is { } of ? regulation.FactsOf(of).Where(f => regulation.Fact(f) is { } known && known.Known?.Source != KnownSource.Training) : [])
                faults.Add(new(at, "factNotOfTraining", $"{fact} is not known from the training, and nobody attests it for a trainee."));
        }

        void Led(string? path, Concern concern, string at)
        {
            if (path is not null && regulation.Path(path)?.For != concern)
                faults.Add(new(at, "unknownPath", $"There is no path {path} for a {Name(concern)}."));
        }

        void Fact(FactDefinition fact, string at)
        {
            Known(fact.Type, $"{at}/type");
            Known(fact.AttestedBy, $"{at}/attestedBy");
            Both(fact.Title, $"{at}/title");
            if (fact.Choices is not null && (fact.Type != FactType.Text || fact.Choices.Count == 0))
                faults.Add(new($"{at}/choices", "choicesMisplaced", "Choices are the texts that a text may be, one or more."));
            if ((fact.Type == FactType.List) != fact.Fields is { Count: > 0 })
                faults.Add(new($"{at}/fields", "fieldsMisplaced", "A list, and only a list, says which fields its items have."));
            foreach (var (field, type) in fact.Fields ?? new Dictionary<string, FactType>())
            {
                Known(type, $"{at}/fields/{field}");
                if (type == FactType.List)
                    faults.Add(new($"{at}/fields/{field}", "fieldsMisplaced", "Lists do not hold lists."));
            }

            // A day is not tested where it is not said; anything else left out would fail its test in silence.
            foreach (string lacking in fact.MayLack ?? [])
            {
                if (fact.Fields is null || !fact.Fields.TryGetValue(lacking, out FactType of) || of != FactType.Day)
                    faults.Add(new($"{at}/mayLack", "fieldsMisplaced", "Only a day may be left out of a list's item."));
            }

            if (fact.Personal && (fact.Known is not null || fact.AttestedBy != Attester.Applicant || regulation.Selection is null))
                faults.Add(new($"{at}/personal", "personalMisplaced", "What says who somebody is is asked of applicants in a round of selection, and nowhere else."));
            if (fact.Known is not { } known)
                return;
            Known(known.Source, $"{at}/known/source");
            FactType expected = known.Source switch
            {
                KnownSource.Level or KnownSource.Title or KnownSource.LicenceScope or KnownSource.Specialty or KnownSource.BaseKind => FactType.Text,
                KnownSource.Qualification or KnownSource.BaseRecognition or KnownSource.Procedures => FactType.Flag,
                KnownSource.AidBegan or KnownSource.PractisedSince => FactType.Day,
                KnownSource.Tutors or KnownSource.OperatorYears => FactType.List,
                KnownSource.Training => known.Training?.Item switch
                {
                    TrainingItem.BaseKind => FactType.Text,
                    TrainingItem.From or TrainingItem.To => FactType.Day,
                    TrainingItem.Months or TrainingItem.Cases => FactType.Count,
                    _ => FactType.Flag,
                },
                KnownSource.Trainees => known.Trainees is TraineesItem.InTraining or TraineesItem.TheoryTests or TraineesItem.PracticeTests ? FactType.Count : FactType.Flag,
                KnownSource.Selection => known.Selection switch
                {
                    SelectionFact.ReceivedAt => FactType.Instant,
                    SelectionFact.Sent or SelectionFact.Attached or SelectionFact.FraudSubstantiated => FactType.Flag,
                    SelectionFact.ReviewedOn or SelectionFact.PublishedOn => FactType.Day,
                    _ => FactType.Text,
                },
                _ => FactType.Count,
            };
            if (fact.Type != expected)
                faults.Add(new($"{at}/type", "typeUnfit", $"What is known from there is of type {Name(expected)}."));
            if ((known.Source == KnownSource.Count) != known.Count.HasValue)
                faults.Add(new($"{at}/known/count", "countMisplaced", "A count, and only a count, says what is counted."));
            bool ofCases = known.Source is KnownSource.Count or KnownSource.Procedures or KnownSource.ProcedureTypes or KnownSource.OperatorYears;
            if ((known.Source != KnownSource.Count && known.Minus is not null) || (!ofCases && known.Months is not null)
                || (known.Source is not (KnownSource.Count or KnownSource.OperatorYears or KnownSource.PractisedSince) && known.History))
                faults.Add(new($"{at}/known", "countMisplaced", "Months, history and what is taken away belong to counts."));
            // The list names three years, and its fields are what is counted.
            if (known.Source == KnownSource.OperatorYears && known.Months != 36)
                faults.Add(new($"{at}/known/months", "countMisplaced", "The years of operators are three: 36 months."));
            string[]? fields = known.Source switch
            {
                KnownSource.OperatorYears => ["name", "treatmentsYear1", "treatmentsYear2", "treatmentsYear3"],
                KnownSource.Tutors => ["name", "qualified", "title"],
                _ => null,
            };
            if (fields is not null && fact.Type == FactType.List && !fact.Fields!.Keys.Order(StringComparer.Ordinal).SequenceEqual(fields))
                faults.Add(new($"{at}/fields", "fieldsMisplaced", $"What is known from there has the fields {string.Join(", ", fields)}."));
            if (known.Source is KnownSource.Procedures or KnownSource.ProcedureTypes != known.Procedures is { Count: > 0 })
                faults.Add(new($"{at}/known/procedures", "proceduresMisplaced", "Procedures are named where they are looked for, and only there."));
            if (regulation.Practice is { } practised)
            {
                foreach (string code in practised.UnknownProcedures(known.Procedures ?? []))
                    faults.Add(new($"{at}/known/procedures", "unknownProcedure", $"The catalogue has no {code}."));
            }

            if ((known.Source == KnownSource.PractisedSince) != known.BreakMonths.HasValue || known.BreakMonths is not (null or (>= 1 and <= LongestWindow)))
                faults.Add(new($"{at}/known/breakMonths", "breakMisplaced", $"A break, from 1 to {LongestWindow} months, belongs to practice without one, and only there."));
            if ((known.Source == KnownSource.Training) != (known.Training is not null))
                faults.Add(new($"{at}/known/training", "trainingMisplaced", "What is known of a training, and only that, says what of it."));
            if (known.Training is { } training)
                Trained(training, $"{at}/known/training");
            if ((known.Source == KnownSource.Trainees) != known.Trainees.HasValue)
                faults.Add(new($"{at}/known/trainees", "trainingMisplaced", "What is known of trainees, and only that, says what of them."));
            if (known.Trainees is { } trainees)
                Known(trainees, $"{at}/known/trainees");
            if (known.Source != KnownSource.Staff && known.Title is not null)
                faults.Add(new($"{at}/known/title", "titleMisplaced", "Only staff is counted by title."));
            if ((known.Source == KnownSource.Selection) != known.Selection.HasValue || (known.Source == KnownSource.Selection && regulation.Selection is null))
                faults.Add(new($"{at}/known/selection", "selectionMisplaced", "What a round of selection knows is known where there is one, and says what it is."));
            if (known.Selection is { } selected)
                Known(selected, $"{at}/known/selection");
            if ((known.Selection == SelectionFact.Attached) != known.Attachment is not null || (known.Formats is not null && known.Attachment is null) || known.Formats is { Count: 0 })
                faults.Add(new($"{at}/known/attachment", "selectionMisplaced", "A file, and only a file, says of which kind it is and which formats it may have."));
            if (known.Attachment is { } attached)
            {
                Identifier(attached, $"{at}/known/attachment");
                if (attached == SelectionApplication.OtherEvidence || regulation.Facts.Any(other => other != fact && other.Known?.Attachment == attached))
                    faults.Add(new($"{at}/known/attachment", "repeated", $"{attached} is the name of another kind of file."));
            }

            foreach (AttachmentFormat format in known.Formats ?? [])
                Known(format, $"{at}/known/formats");
            if (known.Months is not (null or (>= 1 and <= LongestWindow)))
                faults.Add(new($"{at}/known/months", "numberOutOfRange", $"{known.Months} does not lie between 1 and {LongestWindow}."));
            if (regulation.Practice is null && known.Source is not (KnownSource.Level or KnownSource.Title or KnownSource.LicenceScope or KnownSource.Specialty or KnownSource.Qualification or KnownSource.Selection))
                faults.Add(new($"{at}/known/source", "typeUnfit", "A programme has no cases, and no staff qualified for them."));
            if (fact.LastDay && fact.Type != FactType.Day)
                faults.Add(new($"{at}/lastDay", "typeUnfit", "Only a day is a last day."));
        }

        void Trained(TrainingFact fact, string at)
        {
            Known(fact.Item, $"{at}/item");
            if (fact.Role is { } role)
                Known(role, $"{at}/role");
            if (fact.Intent is { } intent)
                Known(intent, $"{at}/intent");
            if (fact.Care is { } care)
                Known(care, $"{at}/care");
            Level(fact.FromLevel, $"{at}/fromLevel");
            if ((fact.Item == TrainingItem.Cases) != (fact.Role is not null) || (fact.Item != TrainingItem.Cases && (fact.Intent is not null || fact.FromLevel > 0)) || (fact.Item == TrainingItem.Care) != (fact.Care is not null))
                faults.Add(new(at, "trainingMisplaced", "Cases are told by their role, care by its part, and nothing else by either."));
        }

        void Path(QualificationPath path, string at)
        {
            Known(path.For, $"{at}/for");
            Both(path.Title, $"{at}/title");
            for (int i = 0; i < path.Chain.Count; i++)
            {
                Known(path.Chain[i], $"{at}/chain/{i}");
                if (i > 0 && path.Chain[i] <= path.Chain[i - 1])
                    faults.Add(new($"{at}/chain/{i}", "chainOutOfOrder", "Opinions follow the order of the form, each once."));
            }

            if (path.Chain.Count > 0 && (path.Chain[0] != OpinionStep.Applicant || path.Chain.Count == 1))
                faults.Add(new($"{at}/chain", "chainOutOfOrder", "A chain begins with the applicant, and somebody answers."));
            if (path.Clauses.Count == 0)
                faults.Add(new($"{at}/clauses", "empty", "A path has clauses."));
            for (int i = 0; i < path.Clauses.Count; i++)
            {
                if (regulation.Clause(path.Clauses[i]) is not { } clause)
                    faults.Add(new($"{at}/clauses/{i}", "unknownClause", $"There is no clause {path.Clauses[i]}."));
                else if (clause is not (Clause.Condition or Clause.QualifiedStaff))
                    faults.Add(new($"{at}/clauses/{i}", "clauseUnfit", $"{clause.Id} is not decided by facts."));
                if (path.Clauses.Take(i).Contains(path.Clauses[i]))
                    faults.Add(new($"{at}/clauses/{i}", "repeated", $"{path.Clauses[i]} is there already."));
            }
        }

        void Selecting(SelectionRules selection)
        {
            if (regulation.Practice is not null)
                faults.Add(new("/selection", "effectUnfit", "A programme selects; a technique is granted."));
            foreach ((string name, string? path) in new[] { ("application", selection.Application), ("priority", selection.Priority), ("decision", selection.Decision), ("duties", selection.Duties) })
            {
                if (path is not null && regulation.Path(path) is null)
                    faults.Add(new($"/selection/{name}", "unknownName", $"There is no path {path}."));
            }

            if (selection.Duties is null != selection.ReviewEveryMonths is null)
                faults.Add(new("/selection/reviewEveryMonths", "effectUnfit", "Duties are reviewed, and nothing else is."));
            if (selection.ReviewEveryMonths is { } months)
                Number(months, 1, "/selection/reviewEveryMonths");
            for (int i = 0; i < (selection.Shown?.Count ?? 0); i++)
            {
                if (regulation.Fact(selection.Shown![i]) is not { Known: null, AttestedBy: Attester.Applicant })
                    faults.Add(new($"/selection/shown/{i}", "unknownName", $"No applicant attests {selection.Shown[i]}."));
            }
        }

        // What no test asks for would be attested for nothing; what no path holds would never be looked at.
        void Unused()
        {
            HashSet<string> asked = [.. regulation.Clauses.OfType<Clause.Condition>().SelectMany(clause => clause.Test.Facts), .. regulation.Selection?.Shown ?? []];
            for (int i = 0; i < regulation.Facts.Count; i++)
            {
                if (!asked.Contains(regulation.Facts[i].Name))
                    faults.Add(new($"/facts/{i}/name", "unused", $"No clause asks for {regulation.Facts[i].Name}."));
            }

            HashSet<string> held = [.. regulation.Paths.SelectMany(path => path.Clauses), .. regulation.Clauses.OfType<Clause.Condition>().SelectMany(clause => clause.Test.Named)];
            for (int i = 0; i < regulation.Clauses.Count; i++)
            {
                if (regulation.Clauses[i] is Clause.Condition && !held.Contains(regulation.Clauses[i].Id))
                    faults.Add(new($"/clauses/{i}/id", "unused", $"No path holds {regulation.Clauses[i].Id}."));
            }
        }

        void Text(string text, string at)
        {
            if (string.IsNullOrWhiteSpace(text))
                faults.Add(new(at, "empty", "A text is needed here."));
        }

        // Part of paths and of streams' names.
        void Identifier(string text, string at)
        {
            if (text.Length is 0 or > 64 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
                faults.Add(new(at, "unknownName", "A name has 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'."));
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
                Identifier(key(items[i]), $"{at}/{keyName}");
                if (!seen.Add(key(items[i])))
                    faults.Add(new($"{at}/{keyName}", "repeated", $"{key(items[i])} is there already."));
                check(items[i], at);
            }
        }

        void Applications(Clause clause, string at)
        {
            if (clause.Applies.Count == 0 && clause is not (Clause.Condition or Clause.Enforced))
                faults.Add(new($"{at}/applies", "appliesToNobody", "A clause that is judged day by day applies to an institution, a physician or both."));
            if (clause.Applies.Count > 0 && (clause is Clause.Enforced || regulation.Practice is null))
                faults.Add(new($"{at}/applies", "effectUnfit", "Nothing is judged day by day that the system enforces itself, nor in a programme."));
            if (regulation.Practice is null && clause is not (Clause.Condition or Clause.Enforced))
                faults.Add(new($"{at}/kind", "clauseUnfit", "A programme has no cases to count."));

            HashSet<SubjectKind> subjects = [];
            for (int i = 0; i < clause.Applies.Count; i++)
            {
                AppliesTo application = clause.Applies[i];
                string place = $"{at}/applies/{i}";
                Known(application.Subject, $"{place}/subject");
                Known(application.Effect, $"{place}/effect");
                if (!subjects.Add(application.Subject))
                    faults.Add(new($"{place}/subject", "repeated", "A clause applies once to a kind of subject."));
                if ((application.Effect == BreachEffect.WarnThenSuspend) != application.AfterDays.HasValue)
                    faults.Add(new($"{place}/afterDays", "afterDaysMisplaced", "Days until suspension belong to warnThenSuspend, and only there."));
                if (application.AfterDays is not (null or (>= 1 and <= LongestRun)))
                    faults.Add(new($"{place}/afterDays", "numberOutOfRange", $"{application.AfterDays} does not lie between 1 and {LongestRun}."));
                if ((application.Effect == BreachEffect.Show) != clause is Clause.Timeliness)
                    faults.Add(new($"{place}/effect", "effectUnfit", "Timeliness is shown and never binds; every other clause has an effect."));
                if (application.Subject == SubjectKind.Physician && clause is Clause.QualifiedStaff)
                    faults.Add(new($"{place}/subject", "subjectUnfit", "Only an institution has staff."));
            }
        }

        void Judged(Clause clause, string at)
        {
            // A guideline is not a violation: it may warn, and nothing more.
            if (clause.GuidelineOnly && clause.Applies.Any(application => application.Effect != BreachEffect.Warn))
                faults.Add(new($"{at}/guidelineOnly", "effectUnfit", "A guideline (原则上) warns and never suspends."));
            switch (clause)
            {
                case Clause.AnnualVolume volume:
                    Known(volume.Count, $"{at}/count");
                    Number(volume.AtLeast, 1, $"{at}/atLeast");
                    if (volume.UnlessTitleBelow is { } title)
                        Known(title, $"{at}/unlessTitleBelow");
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
                case Clause.Condition condition:
                    if (condition.Applies.Any(application => application.Effect != BreachEffect.Warn))
                        faults.Add(new($"{at}/applies", "effectUnfit", "A condition not kept warns; who loses a room is not suspended by a form."));
                    if (Circular(condition))
                    {
                        faults.Add(new($"{at}/test", "circular", $"{condition.Id} is tested by itself."));
                        break;
                    }

                    Form(condition.Test, $"{at}/test");
                    // What names a circular clause has no end either.
                    if (circular)
                        break;
                    if (Comparisons(condition.Test, []) > MostComparisons)
                        faults.Add(new($"{at}/test", "circular", $"{condition.Id} comes to more than {MostComparisons} comparisons."));
                    // Day by day only what the registry says is at hand beside what was attested.
                    if (condition.Applies.Count > 0 && AllFacts(condition.Test).Any(name => regulation.Fact(name)?.Known is { Source: not (KnownSource.Level or KnownSource.Title or KnownSource.LicenceScope or KnownSource.Specialty or KnownSource.Staff) }))
                        faults.Add(new($"{at}/applies", "effectUnfit", "What is counted from cases is no condition to be kept day by day."));
                    break;
                case Clause.Enforced enforced:
                    Known(enforced.By, $"{at}/by");
                    IReadOnlyList<string> there = enforced.By == Mechanism.Paths ? [.. regulation.Paths.Select(path => path.Id)] : Mechanisms.Names(enforced.By);
                    if ((there.Count == 0) != (enforced.Names.Count == 0))
                        faults.Add(new($"{at}/names", "namesMisplaced", "What has parts is named by them, what has none by none."));
                    for (int i = 0; i < enforced.Names.Count; i++)
                    {
                        if (!there.Contains(enforced.Names[i]))
                            faults.Add(new($"{at}/names/{i}", "unknownName", $"{enforced.Names[i]} names nothing there."));
                    }

                    break;
                default:
                    throw new UnreachableException();
            }
        }

        IEnumerable<string> AllFacts(Test test) => test.Facts.Concat(test.Named.SelectMany(id => regulation.Clause(id) is Clause.Condition named ? AllFacts(named.Test) : []));

        // Asked only of what is not circular; each clause is counted once.
        long Comparisons(Test test, Dictionary<string, long> counted)
        {
            if (test.Clause is { } id)
            {
                if (!counted.TryGetValue(id, out long count))
                    counted[id] = count = regulation.Clause(id) is Clause.Condition named ? Comparisons(named.Test, counted) : 1;
                return count;
            }

            return test.Parts.Any() ? test.Parts.Sum(part => Math.Min(Comparisons(part, counted), MostComparisons + 1)) : 1;
        }

        bool Circular(Clause.Condition clause)
        {
            HashSet<string> seen = [];
            Queue<string> open = new(clause.Test.Named);
            while (open.TryDequeue(out string? id))
            {
                if (id == clause.Id)
                    return true;
                if (seen.Add(id) && regulation.Clause(id) is Clause.Condition next)
                {
                    foreach (string further in next.Test.Named)
                        open.Enqueue(further);
                }
            }

            return false;
        }

        void Form(Test test, string at)
        {
            string[] forms =
            [
                .. new (string Name, bool Used)[]
                {
                    ("allOf", test.AllOf is not null), ("anyOf", test.AnyOf is not null), ("if", test.If is not null), ("clause", test.Clause is not null),
                    ("recorded", test.Recorded is not null), ("fact", test.Fact is not null), ("sum", test.Sum is not null),
                }.Where(form => form.Used).Select(form => form.Name),
            ];
            if (forms.Length != 1 || (test.If is null) != (test.Then is null))
            {
                faults.Add(new(at, "notOneForm", "A test is one of allOf, anyOf, if with then, clause, recorded, fact and sum."));
                return;
            }

            for (int i = 0; i < (test.AllOf ?? test.AnyOf ?? []).Count; i++)
                Form((test.AllOf ?? test.AnyOf)![i], $"{at}/{forms[0]}/{i}");
            if ((test.AllOf ?? test.AnyOf) is { Count: < 2 })
                faults.Add(new($"{at}/{forms[0]}", "empty", "Two tests at least are combined."));
            if (test.If is not null)
            {
                Form(test.If, $"{at}/if");
                Form(test.Then!, $"{at}/then");
            }

            if (test.Clause is { } id && regulation.Clause(id) is not (Clause.Condition or Clause.QualifiedStaff))
                faults.Add(new($"{at}/clause", "unknownClause", $"There is no condition {id}."));
            string[] unknown = [.. new[] { test.Recorded, test.Fact, test.Of, test.Than, test.Until }.OfType<string>().Concat(test.Sum ?? []).Where(name => regulation.Fact(name) is null)];
            foreach (string name in unknown)
                faults.Add(new(at, "noSuchFact", $"There is no fact {name}."));
            if (unknown.Length == 0 && (test.Fact is not null || test.Sum is not null))
                Comparing(test, at);
            else if (new object?[] { test.Is, test.In, test.Comparison, test.Value, test.Of, test.Than, test.Times, test.Until, test.Instant, test.Where, test.DistinctBy, test.Every }.Any(member => member is not null))
                faults.Add(new(at, "testUnfit", "Only a fact or a sum is compared."));
        }

        // Each type of fact is compared in its own way, and what it is compared with is all there and nothing else.
        void Comparing(Test test, string at)
        {
            string[] has =
            [
                .. new (string Name, bool Used)[]
                {
                    ("is", test.Is is not null), ("in", test.In is not null), ("value", test.Value is not null), ("than", test.Than is not null), ("instant", test.Instant is not null), ("every", test.Every is not null),
                }.Where(member => member.Used).Select(member => member.Name),
            ];
            FactDefinition? fact = test.Fact is { } name ? regulation.Fact(name) : null;
            bool Numeric(string? of) => of is not null && regulation.Fact(of)!.Type is FactType.Count or FactType.Quantity;
            bool fits = has.Length == 1 && fact?.Type switch
            {
                null => has[0] == "value" && test.Sum!.Count > 1 && test.Sum.All(Numeric),
                FactType.Flag => has[0] == "is",
                FactType.Text => has[0] == "in" && test.In!.Count > 0 && (fact.Choices is null || test.In.All(fact.Choices.Contains)),
                FactType.Instant => has[0] == "instant",
                FactType.Day => (has[0] == "value" && test.Unit == Conditions.Months) || (has[0] == "than" && regulation.Fact(test.Than!)!.Type == FactType.Day),
                FactType.List => has[0] is "value" or "every"
                    && (test.Where ?? test.Every ?? new Dictionary<string, ItemTest>()).All(item => fact.Fields!.TryGetValue(item.Key, out FactType type) && type == (item.Value switch
                    {
                        { Is: null, In: null, AtLeast: null, AtMost: null, From: { } from, To: { } to } when from <= to => FactType.Day,
                        { Is: not null, In: null, AtLeast: null, AtMost: null, From: null, To: null } => FactType.Flag,
                        { In: not null, Is: null, AtLeast: null, AtMost: null, From: null, To: null } => FactType.Text,
                        { Is: null, In: null, From: null, To: null, AtLeast: var least, AtMost: var most } when (least ?? most) is not null && !(least > most) => FactType.Count,
                        _ => FactType.List,
                    }))
                    && (test.DistinctBy ?? []).All(fact.Fields!.ContainsKey),
                _ => has[0] == "value" ? test.Of is null || (Numeric(test.Of) && test.Unit is Conditions.Percent or Conditions.PerMille) : has[0] == "than" && Numeric(test.Than),
            };
            bool strays = (test.Of is not null && !(fact?.Type is FactType.Count or FactType.Quantity && test.Value is not null))
                || (test.Times is not null && test.Than is null)
                || (test.Until is not null && !(fact?.Type == FactType.Day && test.Value is not null && regulation.Fact(test.Until)!.Type == FactType.Day))
                || ((test.Where ?? test.Every) is not null && fact?.Type != FactType.List)
                || (test.DistinctBy is not null && (fact?.Type != FactType.List || test.Value is null))
                || ((test.Comparison is null) != (has is ["is"] or ["in"] or ["every"]));
            if (!fits || strays)
                faults.Add(new(at, "testUnfit", "The fact cannot be compared like this."));
            if (test.Comparison is { } comparison)
                Known(comparison, $"{at}/comparison");
            if (test.Value is < 0 or > LargestNumber)
                faults.Add(new($"{at}/value", "numberOutOfRange", $"{test.Value} does not lie between 0 and {LargestNumber}."));
            if (test.Times is { } times)
                Number(times, 1, $"{at}/times");
        }
    }

    // As the file writes it.
    private static string Name<T>(T value)
        where T : struct, Enum => JsonSerializer.Serialize(value, Json).Trim('"');

    // Lists in lists too: the serializer lets null through where a list holds objects.
    private static bool HoldsNull(Regulation regulation)
    {
        static bool Any<T>(IReadOnlyList<T>? list) => list?.Any(item => item is null) == true;
        static bool InTest(Test test) => Any(test.AllOf) || Any(test.AnyOf) || Any(test.Sum) || Any(test.In) || Any(test.DistinctBy)
            || (test.Where ?? test.Every)?.Values.Any(item => item is null || Any(item.In)) == true || test.Parts.Any(InTest);

        return Any(regulation.Facts) || Any(regulation.Paths) || Any(regulation.Clauses)
            || regulation.Facts.Any(fact => Any(fact.Choices) || Any(fact.Known?.Procedures))
            || regulation.Paths.Any(path => Any(path.Clauses))
            || regulation.Clauses.Any(clause => Any(clause.Applies) || (clause is Clause.Condition condition && InTest(condition.Test)) || (clause is Clause.Enforced enforced && Any(enforced.Names)))
            || (regulation.Practice is { } practice && (Any(practice.AssessmentItems) || Any(practice.Catalogue) || Any(practice.Complications) || Any(practice.Reporting.FollowUps) || Any(practice.Training?.Bases)));
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
