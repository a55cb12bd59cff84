using System.Globalization;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.Cases;
using Timeliness = Compliance.Cases.Timeliness;

namespace Compliance.Benchmarks.Generation;

/// <summary>A case as a hospital would report it.</summary>
internal sealed record GeneratedCase(string Institution, string CaseNumber, CaseReport Report, ReportedOutcome Outcome, Patient Patient, DateOnly ReceivedOn)
{
    public Guid CaseId { get; } = Case.IdOf(Institution, CaseNumber);
}

/// <summary>
/// Reports of cases, any number of them: the n-th depends on the seed and n alone, nothing is kept. One in five is diagnostic, three in a hundred have a severe complication, one in a hundred ends in death, two in a hundred are reported late.
/// </summary>
internal sealed class CaseReports(long seed, Nation nation, DateOnly today)
{
    /// <summary>The days before today that cases reported earlier lie on.</summary>
    public const int Days = 730;

    private const double Diagnostic = 0.2;
    private const double Severe = 0.03 / (1 - Diagnostic);
    private const double Minor = 0.02;
    private const double Died = 0.01 / (1 - Diagnostic);
    private const double Late = 0.02;
    private const double Implanted = 0.25;

    private static readonly Actor By = new("hospital", "li.na");

    private static readonly (string Code, string Icd9, string Diagnosis)[] Treatments =
    [
        ("NV-ANEURYSM-COIL", "39.7200x001", "I60.1"), ("NV-ANEURYSM-STENTCOIL", "39.7200x003", "I67.1"), ("NV-THROMBECTOMY", "39.7400x002", "I63.3"),
        ("NV-CAS", "00.6300x003", "I65.2"), ("NV-VAS", "00.6400x007", "I65.0"), ("NV-ICAS-STENT", "00.6500x002", "I66.0"),
        ("NV-AVM-EMBOL", "39.7200x010", "Q28.2"), ("NV-DAVF-EMBOL", "39.7200x012", "I67.1"), ("NV-MMA-EMBOL", "39.7200x015", "S06.5"),
    ];

    private static readonly string[] SevereCodes = ["ischaemicStroke", "intracranialHaemorrhage", "stentThrombosis", "vesselPerforation"];
    private static readonly string[] MinorCodes = ["accessSiteHaematoma", "vasospasm", "contrastReaction"];

    private readonly WorkingCalendar _calendar = ShippedCalendars.All.Aggregate(WorkingCalendar.Empty, (known, shipped) => known.With(shipped.Calendar));
    private readonly Regulation _regulation = ShippedRegulations.All.Last(s => s.Regulation.Technique == Nation.Technique).Regulation;
    private readonly Dictionary<DateOnly, Timeliness> _deadlines = [];

    /// <param name="n">From 0; each is another case.</param>
    /// <param name="receivedOn">The day it is sent on, for cases of the last days; null for one of the two years past.</param>
    public GeneratedCase Number(long n, DateOnly? receivedOn = null)
    {
        var dice = Dice.Of(seed, n);
        var institution = nation.Institution(ref dice);
        var surgeon = nation.Operator(ref dice, institution);
        var daysTaken = dice.Chance(Late) ? dice.Between(25, 60) : dice.Between(1, 8);
        var completedOn = receivedOn?.AddDays(-daysTaken) ?? today.AddDays(-1 - dice.Below(Days));
        var received = receivedOn ?? (completedOn.AddDays(daysTaken) is var day && day < today ? day : today);
        var colleague = ColleagueOf(institution, surgeon);
        var therapeutic = !dice.Chance(Diagnostic);
        var treatment = dice.Of(Treatments);
        var patient = PatientOf(ref dice, treatment.Diagnosis);
        var admitted = completedOn.AddDays(-dice.Below(4));
        var discharged = completedOn.AddDays(dice.Between(1, 6));
        var report = new CaseReport(
            Nation.Technique,
            [therapeutic ? treatment.Code : "NV-DSA-CEREBRAL"],
            dice.Chance(0.5) ? [therapeutic ? treatment.Icd9 : "88.4100x003"] : [],
            therapeutic ? Intent.Therapeutic : Intent.Diagnostic,
            therapeutic,
            Level: 0,
            Shanghai.StartOf(completedOn).AddMinutes(dice.Between(8 * 60, 19 * 60)),
            completedOn,
            nation.Physicians[surgeon],
            Trainee: null,
            dice.Chance(0.5) ? [colleague] : [],
            [nation.Physicians[surgeon], colleague],
            patient.Hash,
            dice.Chance(0.3) ? Urgency.Emergency : Urgency.Elective,
            Succeeded: therapeutic ? !dice.Chance(0.03) : null,
            dice.Chance(0.02) ? Consent.EmergencyApproved : Consent.Signed,
            dice.Chance(0.7) ? admitted : null,
            discharged <= received ? discharged : null,
            DevicesOf(ref dice, therapeutic));
        return new(
            nation.Institutions[institution],
            string.Create(CultureInfo.InvariantCulture, $"{completedOn.Year % 100}-{n:D6}"),
            report,
            therapeutic ? OutcomeOf(ref dice, completedOn, received) : ReportedOutcome.None,
            patient,
            received);
    }

    /// <summary>What stands in the log of a case: the report, and an event for each of its outcomes.</summary>
    public IReadOnlyList<Case.Event> Events(GeneratedCase c)
    {
        var timeliness = TimelinessOf(c);
        return Case.ReportCase(Case.State.Initial, c.Institution, c.CaseNumber, c.Report, c.Outcome, timeliness, timeliness.IsLate ? [CaseFlags.Late] : [], By).Events;
    }

    private Timeliness TimelinessOf(GeneratedCase c)
    {
        if (!_regulation.InPractice.HasDeadline(c.Report.Therapeutic, c.Report.Level))
            return new(c.ReceivedOn, Deadline: null, _calendar.Version, Provisional: false);
        // Searching the calendar would cost more than all the rest; there are but few days.
        lock (_deadlines)
        {
            if (!_deadlines.TryGetValue(c.Report.CompletedOn, out var known))
            {
                var deadline = _calendar.Deadline(c.Report.CompletedOn, _regulation.InPractice.Reporting.WorkingDays);
                known = _deadlines[c.Report.CompletedOn] = new(c.ReceivedOn, deadline.On, deadline.CalendarVersion, deadline.Provisional);
            }

            return known with { ReceivedOn = c.ReceivedOn };
        }
    }

    private string ColleagueOf(int institution, int surgeon)
    {
        var (first, count) = nation.Staff(institution).GetOffsetAndLength(nation.Physicians.Count);
        return nation.Physicians[first + ((surgeon - first + 1) % count)];
    }

    private static Patient PatientOf(ref Dice dice, string diagnosis)
    {
        Span<byte> pseudonym = stackalloc byte[32];
        dice.Fill(pseudonym);
        return new(
            System.Buffers.Text.Base64Url.EncodeToString(pseudonym), dice.Chance(0.5) ? Sex.Female : Sex.Male, dice.Between(35, 88), diagnosis);
    }

    // What was implanted is traced; catheters and wires seldom are.
    private static DeviceUse[] DevicesOf(ref Dice dice, bool therapeutic) => therapeutic && dice.Chance(Implanted)
        ?
        [
            new(
                Registration: null,
                string.Create(CultureInfo.InvariantCulture, $"0697{dice.Below(1_000_000):D6}{dice.Below(10_000):D4}"),
                string.Create(CultureInfo.InvariantCulture, $"L{dice.Below(100_000):D5}"),
                string.Create(CultureInfo.InvariantCulture, $"S{dice.Below(1_000_000):D6}"),
                SingleUse: true),
        ]
        : [];

    private static ReportedOutcome OutcomeOf(ref Dice dice, DateOnly completedOn, DateOnly receivedOn)
    {
        var severe = dice.Chance(Severe);
        var minor = dice.Chance(Minor);
        var died = dice.Chance(Died);
        if (!severe && !minor && !died)
            return ReportedOutcome.None;
        var on = completedOn.AddDays(dice.Below(2));
        on = on < receivedOn ? on : receivedOn;
        var complications = new List<ReportedComplication>();
        if (severe)
            complications.Add(new(dice.Of(SevereCodes), Severe: true, on, dice.Chance(0.9) ? Relation.Related : Relation.Undetermined));
        if (minor)
            complications.Add(new(dice.Of(MinorCodes), Severe: false, on, Relation.Related));
        return new(complications, died ? new(on, dice.Chance(0.8) ? Relation.Related : Relation.Unrelated) : null);
    }
}
