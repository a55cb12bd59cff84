using System.Text.Json;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Tests.Regulations;

/// <summary>
/// An applicant whose every number lies exactly on the limit of the text: one step to the wrong side of any of them, and the clause that says so is not met. Flags are true unless said.
/// </summary>
internal sealed record Applicant(Regulation Regulation, QualificationPath Path, DateOnly AsOf, IReadOnlyDictionary<string, object> Facts, Staff Staff)
{
    public static readonly DateOnly Today = new(2026, 6, 30);

    private static readonly Dictionary<string, object> OnTheLimit = new()
    {
        // institutions
        ["level"] = "tertiaryA",
        ["neurosurgeryBeds"] = 30,
        ["neurologyBeds"] = 40,
        ["icuBeds"] = 6,
        ["icuSmallestBedArea"] = 15.0m,
        ["icuStaff"] = new object[] { Icu("physician", 5), Icu("nurse", 5) },
        ["qualifiedInDistrict"] = 0,
        ["aidMonths"] = 12,
        ["aidBegan"] = "2025-05-01",
        ["capabilityAssessedOn"] = "2026-05-01",
        ["casesBeforeGrant"] = 0,
        ["ciSince"] = "2021-06-30",
        ["ciCases5y"] = 2000,
        ["ciLevel3Plus5y"] = 1000,
        ["qualifiedStaff"] = 2,
        // physicians
        ["licenceScope"] = "外科",
        ["specialty"] = "神经外科",
        ["title"] = "attending",
        ["experienceSince"] = "2023-06-30",
        ["neurologyMonths"] = 9,
        ["imagingMonths"] = 9,
        ["neurosurgeryMonths"] = 9,
        ["trainingFrom"] = "2025-03-01",
        ["trainingTo"] = "2026-02-28",
        ["monthsAttended"] = 12,
        ["trainingBaseLevel"] = "national",
        ["abroadFrom"] = "2025-03-01",
        ["abroadTo"] = "2026-02-28",
        ["applicantName"] = "A",
        ["applicantSex"] = "female",
        ["applicantAge"] = 40,
        ["applicantUnit"] = "H1",
        ["applicantDepartment"] = "神经外科",
        ["specialtyYears"] = 10,
        ["titleYears"] = 5,
        ["trainedSinceYear"] = 2020,
        ["operatingYears"] = 5,
        ["totalCases"] = 100,
        ["casesAsFirstOperator"] = 100,
        ["guidesJuniors"] = "yes",
        ["knownSeriousIncidents"] = 0,
        ["knownAngiographySevere"] = 1,
        ["knownAngiographies"] = 334,
        ["knownDeaths"] = 3,
        ["knownCases"] = 101,
        // the rules for those of before
        ["recommenders"] = new object[] { Recommender("a", "chief", true), Recommender("b", "chief", false), Recommender("c", "chief", false) },
        ["continuousSince"] = "2002-07-08",
        ["treatments5y"] = 150,
        ["angiographySevere3y"] = 1,
        ["angiographies3y"] = 334,
        ["deaths3y"] = 3,
        ["cases3y"] = 101,
        ["seriousIncidents3y"] = 0,
        ["continuousLevel3Since"] = "2002-07-08",
        ["continuousCiSince"] = "2004-07-08",
        ["ciCases5yBefore"] = 500,
        ["ciTherapeuticCases5yBefore"] = 500,
        ["ciLevel3Plus5yBefore"] = 200,
        ["ciSevere5yBefore"] = 24,
        ["ciDeaths5yBefore"] = 4,
        ["seriousIncidents5y"] = 0,
        // the recommendation for endoscopy
        ["sinceStatement"] = "since 2010",
        ["independentCasesYearly"] = 100,
        ["independentCases3y"] = 300,
        ["physiciansTaught"] = 12,
        ["procedure"] = "ERCP",
        ["recommendedOn"] = "2026-06-01",
        ["referees"] = new object[] { Referee("a", "H1"), Referee("b", "H2") },
    };

    public static object Icu(string profession, int years, bool dedicated = true, bool trained = true) => new { profession, years, dedicated, trained };

    public static object Recommender(string name, string title, bool external) => new { name, title, unit = "H", external };

    public static object Referee(string name, string unit) => new { name, title = "chief", position = "director", unit, signedOn = "2026-06-01" };

    public static Applicant On(string regulation, string path)
    {
        var of = ShippedRegulations.Set.All.Single(r => r.Id == regulation);
        var along = of.Path(path)!;
        return new(of, along, along.JudgedOn(Today), OnTheLimit, new(2, 1, 0));
    }

    /// <summary>The same, but for one fact; null for none at all.</summary>
    public Applicant With(string fact, object? value) => this with { Facts = value is null ? Facts.Where(f => f.Key != fact).ToDictionary() : new Dictionary<string, object>(Facts) { [fact] = value } };

    public IReadOnlyDictionary<string, ConditionOutcome> Outcomes => Conditions.Evaluate(Regulation, Path, Book()).ToDictionary(r => r.Clause, r => r.Outcome);

    /// <summary>The clauses that keep this applicant out.</summary>
    public IReadOnlyList<string> KeptOutBy => [.. Outcomes.Where(o => o.Value is not (ConditionOutcome.Met or ConditionOutcome.NotApplicable)).Select(o => o.Key)];

    private FactBook Book()
    {
        var known = new Dictionary<string, JsonElement>();
        var attested = new Dictionary<string, AttestedFact>();
        foreach (var fact in Regulation.Facts)
        {
            if (!Facts.TryGetValue(fact.Name, out var value))
            {
                if (fact.Type != FactType.Flag)
                    continue;
                value = true;
            }

            if (value is Missing)
                continue;
            var element = JsonSerializer.SerializeToElement(value);
            if (fact.Known is not null)
                known[fact.Name] = element;
            else
                attested[fact.Name] = new(fact.Name, element, AsOf.AddDays(-1), null, []);
        }

        return new(AsOf, attested, known, Staff);
    }

    /// <summary>Stands for a flag that nobody attested.</summary>
    public sealed record Missing;
}
