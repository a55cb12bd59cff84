using System.Text.Json;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Training;

namespace Compliance.Tests.Training;

/// <summary>An applicant in the round of NC-2024 whose every number lies exactly on the limit of the text, and who meets none of the other conditions.</summary>
internal sealed record Selecting(Regulation Regulation, IReadOnlyDictionary<string, object?> Fields, IReadOnlyList<string> Files, HospitalLevel? Level, DateTimeOffset ReceivedAt)
{
    public static readonly DateTimeOffset Closing = new(2024, 4, 30, 17, 0, 0, TimeSpan.FromHours(8));

    public static readonly Actor National = new("national", "institute");
    public static readonly Actor Hospital = new("hospital", "quality office");

    public static Regulation NC => ShippedRegulations.All.Single(s => s.Regulation.Id == "NC-2024").Regulation;

    public static readonly IReadOnlyList<string> SixForms = ["form2Electronic", "form2StampedPdf", "form3Electronic", "form3StampedPdf", "form4Electronic", "form4StampedPdf"];

    public static readonly Selecting OnTheLimit = new(
        NC,
        new Dictionary<string, object?>
        {
            ["academicStanding"] = "s",
            ["leaderAcademicStanding"] = "s",
            ["trainingStaff"] = true,
            ["trainingEquipment"] = true,
            ["trainingPremises"] = true,
            ["restStudiesSince"] = "2021-04-30",
            ["stressStudiesSince"] = "2021-04-30",
            ["form2SignedOn"] = "2024-04-25",
            ["restStudies2021"] = 0,
            ["stressStudies2021"] = 0,
            ["restStudies2022"] = 0,
            ["stressStudies2022"] = 0,
            ["restStudies2023"] = 150,
            ["stressStudies2023"] = 150,
            ["seniorStaff"] = 2,
            ["fullSeniorStaff"] = 1,
            ["treadmill"] = true,
            ["cycleErgometer"] = false,
            ["defibrillator"] = true,
            ["ecgMonitor"] = true,
            ["dailyTutors"] = new[] { Tutor() },
            ["researchProjects"] = Array.Empty<object>(),
            ["nationalCourses"] = Array.Empty<object>(),
            ["naturalScienceGrants"] = Array.Empty<object>(),
            ["scienceAwards"] = Array.Empty<object>(),
            ["publications"] = Array.Empty<object>(),
            ["hospitalType"] = "general",
            ["institutionAddress"] = "a",
            ["departmentProfile"] = "p",
            ["radiationProtectionEquipment"] = false,
            ["departmentPhysicians"] = 0,
            ["departmentTechnicians"] = 0,
            ["departmentNurses"] = 0,
            ["teachingHospital"] = false,
            ["trainingHardware"] = "h",
            ["figuresOfEnd2023"] = true,
            ["form2Stamp"] = "institution",
            ["form3Stamp"] = "authority",
            ["form4Stamp"] = "institution",
            ["leaderTitle"] = "associateChief",
            ["leaderGoodEthics"] = true,
            ["leaderHealthy"] = true,
            ["leaderOrganises"] = true,
            ["leaderUpright"] = true,
            ["leaderCapable"] = true,
            ["leaderTimeAssured"] = true,
            ["leaderName"] = "n",
            ["leaderAge"] = 50,
            ["leaderSex"] = "female",
            ["leaderEthnicity"] = "e",
            ["leaderPosition"] = "p",
            ["leaderYears"] = 20,
            ["leaderTelephone"] = "t",
            ["leaderEmail"] = "m",
            ["leaderPostalAddress"] = "a",
            ["leaderCareer"] = "c",
            ["form3SignedOn"] = "2024-04-25",
            ["form3StampedOn"] = "2024-04-25",
            ["lecturers"] = new[] { Lecturer(1) },
            ["form4Signed"] = true,
        },
        [.. SixForms, "volumeEvidence", "staffEvidence"],
        HospitalLevel.Tertiary,
        Closing.AddSeconds(-1));

    public static object Tutor(string title = "associateChief", bool physician = true, bool teachesDaily = true) => new { name = "n", title, physician, teachesDaily };

    public static object Lecturer(int number, string title = "associateChief", int age = 40, bool goodEthics = true, bool capable = true, bool timeAssured = true) =>
        new { number, specialty = "s", name = $"n{number}", age, department = "d", title, telephone = "t", email = "m", goodEthics, capable, timeAssured };

    /// <summary>The same, but for one field; null for one left out.</summary>
    public Selecting With(string field, object? value)
    {
        Regulation.Fact(field).ShouldNotBeNull(field);
        return this with { Fields = new Dictionary<string, object?>(Fields) { [field] = value } };
    }

    public Selecting Without(string file)
    {
        Files.ShouldContain(file);
        return this with { Files = [.. Files.Where(f => f != file)] };
    }

    private IReadOnlyList<GivenFact> Given(bool personal) =>
        [.. Fields.Where(f => f.Value is not null && Regulation.Fact(f.Key)!.Personal == personal).Select(f => new GivenFact(f.Key, JsonSerializer.SerializeToElement(f.Value)))];

    public SelectionApplication.State State(string institution = "H1") => SelectionApplication.State.Initial with
    {
        Institution = institution,
        Facts = Given(personal: false),
        PersonsHash = new string('0', 64),
        Attachments = [.. Files.Select(kind => new Attachment(Guid.Empty, kind, kind, 1, AttachmentFormat.Pdf, false))],
    };

    public IReadOnlyList<ConditionResult> Results(string path, SelectionKnown? known = null)
    {
        var entry = Level is { } level ? new Institution.Event.Registered("H1", "Hospital", "11", null, level, null, new(2020, 1, 1), National) : null;
        var book = SelectionFacts.Book(Regulation, State(), Given(personal: true).ToDictionary(f => f.Fact, f => f.Value), known ?? new(entry, ReceivedAt), Compliance.Calendars.Shanghai.DayOf(ReceivedAt));
        return SelectionFacts.Evaluate(Regulation, path, book);
    }

    /// <summary>How one clause stands, wherever it is asked.</summary>
    public ConditionOutcome Of(string clause) => Results(Regulation.Paths.First(p => p.Clauses.Contains(clause)).Id).Single(r => r.Clause == clause).Outcome;

    public bool Meets(string clause) => Of(clause) == ConditionOutcome.Met;

    /// <summary>The clauses that keep this applicant out.</summary>
    public IReadOnlyList<string> KeptOutBy => [.. Results("base").Where(r => !r.IsSatisfied).Select(r => r.Clause)];

    public bool HasPriority => Results("priority").Any(r => r.Outcome == ConditionOutcome.Met);

    /// <summary>As it was received.</summary>
    public SelectionApplication.State Submitted(string institution) => State(institution) with
    {
        Submission = new(Guid.Empty, institution, ReceivedAt, "NC-2024", 2, new string('0', 64), Results("base"), Results("priority"), Hospital),
    };
}
