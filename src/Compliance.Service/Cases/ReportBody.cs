using System.Text.RegularExpressions;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Projections;

namespace Compliance.Service.Cases;

/// <summary>A report as a hospital sent it, read and coded by the regulation of its day.</summary>
/// <param name="Outcome">Empty in a correction, which may not carry one.</param>
/// <param name="Patient">Kept beside the log; the report holds the hash.</param>
public sealed record ReportRead(string Institution, string CaseNumber, CaseReport Report, ReportedOutcome Outcome, Patient? Patient, Regulation Regulation)
{
    public Guid CaseId { get; } = Case.IdOf(Institution, CaseNumber);
}

/// <summary>An announcement as a hospital sent it, read and coded like a report.</summary>
public sealed record AnnouncementRead(string Institution, string CaseNumber, AnnouncedProcedure Said, Regulation Regulation)
{
    public Guid CaseId { get; } = Case.IdOf(Institution, CaseNumber);
}

/// <summary>
/// Reads a report from a body, strictly: every fault with its pointer. <c>POST /cases</c>, every line of an import and every correction are read here, so that none of them lets through what another refuses.
/// </summary>
public static partial class ReportBody
{
    /// <summary>Nobody operated by catheter under these regulations before; a report from then is a typing error.</summary>
    public static readonly DateOnly FirstDay = new(1990, 1, 1);

    /// <summary>An outcome may be dated the day before the case was completed: procedures run past midnight.</summary>
    private const int DaysBeforeCompletion = 1;

    private const int MaxAge = 120;
    private const int CodeLength = 40;
    private const int MaxPeople = 20;

    /// <param name="root">The report; its faults go to <paramref name="body"/>.</param>
    /// <param name="today">The day it was received on: nothing reported happened later.</param>
    /// <param name="withOutcome">False for a correction: outcomes have histories of their own.</param>
    /// <returns>Null when it cannot be coded. What is returned may be used only when the body has no fault.</returns>
    public static ReportRead? Read(Body body, BodyObject root, Reference reference, DateOnly today, bool withOutcome)
    {
        var (institution, caseNumber, technique, completedAt, completedOn, codes, intent, regulation) = Done(body, root, reference, today);
        var patient = root.OptionalObject("patient") is { } p ? PatientOf(p) : null;
        var admittedOn = Past(root, "admittedOn", today);
        var dischargedOn = Past(root, "dischargedOn", today);
        if (dischargedOn < admittedOn)
            root.Fault("dischargedOn", "dischargedBeforeAdmitted");
        var startedAt = PastInstant(root, "startedAt", today);
        if (startedAt > completedAt)
            root.Fault("startedAt", "startedAfterCompleted");
        // A decision or a consent behind the start is irregular, not impossible: it is flagged.
        var (decidedOn, decidedAt) = (Past(root, "decidedOn", today), PastInstant(root, "decidedAt", today));
        if (decidedOn is { } decided && decidedAt is { } instant && decided != Shanghai.DayOf(instant))
            root.Fault("decidedOn", "decidedOnAnotherDay");
        var report = new CaseReport(
            technique,
            codes,
            OtherCodes(body, root),
            intent,
            IsTherapeutic(regulation, intent, codes),
            LevelOf(regulation, codes),
            completedAt ?? default,
            completedOn,
            root.Id("operator"),
            root.OptionalId("trainee"),
            People(body, root, "assistants"),
            People(body, root, "decidedBy"),
            patient?.Hash,
            root.OptionalChoice<Urgency>("urgency"),
            root.OptionalFlag("succeeded"),
            root.OptionalChoice<Consent>("consent"),
            admittedOn,
            dischargedOn,
            Devices(body, root),
            startedAt,
            decidedOn,
            decidedAt,
            root.OptionalObject("consentDetails") is { } details ? Details(body, details, today) : null);
        var outcome = ReportedOutcome.None;
        if (withOutcome)
            outcome = root.OptionalObject("outcome") is { } o ? Outcome(body, o, regulation, completedAt is null ? null : completedOn, today) : outcome;
        else if (root.Has("outcome"))
            root.Fault("outcome", "outcomeNotHere");

        return regulation is null ? null : new(institution, caseNumber, report, outcome, patient, regulation);
    }

    /// <summary>An announcement: of a report what can be said as soon as the procedure is done.</summary>
    /// <returns>Null when it cannot be coded. What is returned may be used only when the body has no fault.</returns>
    public static AnnouncementRead? ReadAnnouncement(Body body, BodyObject root, Reference reference, DateOnly today)
    {
        var (institution, caseNumber, technique, completedAt, completedOn, codes, intent, regulation) = Done(body, root, reference, today);
        var said = new AnnouncedProcedure(
            technique, codes, intent, IsTherapeutic(regulation, intent, codes), LevelOf(regulation, codes), completedAt ?? default, completedOn, root.OptionalId("operator"));
        return regulation is null ? null : new(institution, caseNumber, said, regulation);
    }

    /// <summary>What was done, where and when.</summary>
    /// <param name="CompletedAt">Null when it is at fault; then the day is a harmless one.</param>
    /// <param name="Regulation">By which it is coded; null for an unknown technique.</param>
    private sealed record DoneRead(
        string Institution, string CaseNumber, string Technique, DateTimeOffset? CompletedAt, DateOnly CompletedOn, IReadOnlyList<string> Codes, Intent Intent, Regulation? Regulation);

    private static DoneRead Done(Body body, BodyObject root, Reference reference, DateOnly today)
    {
        var institution = root.Id("institution");
        var caseNumber = root.Text("caseNumber");
        var technique = root.Text("technique");
        var completedAt = Completed(root, today);
        var completedOn = completedAt is { } at ? Shanghai.DayOf(at) : today;
        var regulation = reference.Regulations.Techniques.Contains(technique) ? reference.Regulations.ReportDefinitions(technique, completedOn) : null;
        if (technique.Length > 0 && regulation is null)
            root.Fault("technique", "unknownTechnique");
        return new(institution, caseNumber, technique, completedAt, completedOn, Procedures(body, root, regulation), root.Choice<Intent>("intent"), regulation);
    }

    private static bool IsTherapeutic(Regulation? regulation, Intent intent, IReadOnlyList<string> codes) =>
        regulation?.InPractice.IsTherapeutic(intent == Intent.Therapeutic, codes) ?? false;

    private static int LevelOf(Regulation? regulation, IReadOnlyList<string> codes) => regulation?.InPractice.HighestLevel(codes) ?? 0;

    /// <summary>A complication as the body of its own endpoint, or an item of a report's outcome.</summary>
    /// <param name="completedOn">Null when the day of the procedure is not known, because it was at fault itself.</param>
    public static ReportedComplication Complication(BodyObject c, Regulation? regulation, DateOnly? completedOn, DateOnly today)
    {
        var code = c.Text("code", CodeLength);
        var declared = c.OptionalFlag("severe");
        if (code.Length > 0 && regulation is not null && regulation.InPractice.Complication(code) is null)
            c.Fault("code", "unknownComplicationCode", regulation.Id);
        return new(code, regulation?.InPractice.IsSevere(code, declared) ?? false, OutcomeDay(c, "occurredOn", completedOn, today), c.Choice<Relation>("relation"));
    }

    public static ReportedDeath Death(BodyObject d, DateOnly? completedOn, DateOnly today) =>
        new(OutcomeDay(d, "occurredOn", completedOn, today), d.Choice<Relation>("relation"));

    /// <summary>A day on which something came of the procedure: neither in the future nor before it.</summary>
    public static DateOnly OutcomeDay(BodyObject o, string name, DateOnly? completedOn, DateOnly today)
    {
        // The harmless default of a day that is missing or malformed must not be found fault with a second time.
        var day = o.Has(name) ? o.OptionalDay(name) : o.Day(name);
        if (day > today)
            o.Fault(name, "futureDay");
        else if (o.Has(name) && day < completedOn?.AddDays(-DaysBeforeCompletion))
            o.Fault(name, "beforeProcedure", completedOn.Value);
        return day ?? today;
    }

    private static DateTimeOffset? Completed(BodyObject root, DateOnly today)
    {
        // Only says that it is missing: its default is harmless, and not to be found fault with.
        if (!root.Has("completedAt"))
            root.Instant("completedAt");
        return PastInstant(root, "completedAt", today);
    }

    /// <summary>The codes of what was done, each of the catalogue; required where it is graded.</summary>
    internal static IReadOnlyList<string> Procedures(Body body, BodyObject root, Regulation? regulation)
    {
        // Only the codes give the level of a graded technique: without them nobody knows whether it needs a qualification.
        var graded = regulation?.InPractice.Catalogue.Any(entry => entry.Level > 0) == true;
        var faults = body.Faults.Count;
        var codes = root.Texts("procedureCodes", CodeLength, MaxPeople, required: graded);
        if (body.Faults.Count > faults || regulation is null)
            return codes;
        if (graded && codes.Count == 0)
            root.Fault("procedureCodes", "empty");
        for (var i = 0; i < codes.Count; i++)
        {
            if (regulation.InPractice.Procedure(codes[i]) is null)
                body.Add(new Fault($"{root.Pointer}/procedureCodes/{i}", "unknownProcedureCode", regulation.Id));
        }

        return codes;
    }

    private static IReadOnlyList<string> OtherCodes(Body body, BodyObject root)
    {
        var faults = body.Faults.Count;
        var codes = root.Texts("icd9cm3", CodeLength, MaxPeople);
        for (var i = 0; body.Faults.Count == faults && i < codes.Count; i++)
        {
            if (!Icd9Procedure().IsMatch(codes[i]))
                body.Add(new Fault($"{root.Pointer}/icd9cm3/{i}", "invalidIcd9"));
        }

        return codes;
    }

    private static IReadOnlyList<string> People(Body body, BodyObject root, string name)
    {
        var faults = body.Faults.Count;
        var people = root.Ids(name, MaxPeople);
        var seen = new HashSet<string>();
        for (var i = 0; body.Faults.Count == faults && i < people.Count; i++)
        {
            if (!seen.Add(people[i]))
                body.Add(new Fault($"{root.Pointer}/{name}/{i}", "duplicateItem"));
        }

        return people;
    }

    private static Patient PatientOf(BodyObject p)
    {
        var pseudonym = p.OpaqueText("pseudonym");
        var sex = p.OptionalChoice<Sex>("sex");
        var age = p.OptionalInteger("ageYears", 0, MaxAge);
        var diagnosis = p.OptionalText("diagnosis", CodeLength);
        if (diagnosis is not null && !Icd10().IsMatch(diagnosis))
            p.Fault("diagnosis", "invalidDiagnosis");
        return new(pseudonym, sex, age > Patient.OldestAge ? Patient.OldestAge : age, diagnosis);
    }

    /// <summary>Null when the object says nothing.</summary>
    private static ConsentDetails? Details(Body body, BodyObject d, DateOnly today)
    {
        var details = new ConsentDetails(PastInstant(d, "signedAt", today), d.OptionalFlag("patientInformed"), d.OptionalFlag("familyInformed"), Topics(body, d), d.OptionalId("approvedBy"));
        return details is { SignedAt: null, PatientInformed: null, FamilyInformed: null, Topics.Count: 0, ApprovedBy: null } ? null : details;
    }

    private static IReadOnlyList<ConsentTopic> Topics(Body body, BodyObject d)
    {
        var names = Json.Names<ConsentTopic>();
        var said = d.Texts("topics", CodeLength, MaxPeople);
        var topics = new SortedSet<ConsentTopic>();
        for (var i = 0; i < said.Count; i++)
        {
            if (!names.TryGetValue(said[i], out var topic))
                body.Add(new Fault($"{d.Pointer}/topics/{i}", "unknownValue", string.Join(", ", names.Keys)));
            else if (!topics.Add(topic))
                body.Add(new Fault($"{d.Pointer}/topics/{i}", "duplicateItem"));
        }

        return [.. topics];
    }

    private static IReadOnlyList<DeviceUse> Devices(Body body, BodyObject root)
    {
        var seen = new HashSet<(string, string)>();
        var devices = new List<DeviceUse>();
        foreach (var d in root.Objects("devices"))
        {
            var faults = body.Faults.Count;
            var device = new DeviceUse(
                d.OptionalDeviceText("registration"), d.OptionalUdi("udi"), d.OptionalDeviceText("lot"), d.OptionalDeviceText("serial"), d.OptionalFlag("singleUse"));
            if (device is { Udi: { } udi, Serial: { } serial } && !seen.Add((udi.Trim(), serial.Trim())))
                d.Fault(null, "duplicateDevice");
            // A sheet has no row for it.
            if (device.IsEmpty && body.Faults.Count == faults)
                d.Fault(null, "empty");
            devices.Add(device);
        }

        return devices;
    }

    private static ReportedOutcome Outcome(Body body, BodyObject o, Regulation? regulation, DateOnly? completedOn, DateOnly today)
    {
        var faults = body.Faults.Count;
        var complications = o.Objects("complications").Select(c => Complication(c, regulation, completedOn, today)).ToList();
        var died = o.OptionalObject("death") is { } death ? Death(death, completedOn, today) : null;
        var alive = o.OptionalFlag("aliveOnDay30");
        // Against a death that is itself at fault nothing is held.
        if (alive is { } said && regulation is not null && completedOn is { } on && body.Faults.Count == faults
            && CaseDuties.StatementFault(on, regulation.InPractice.Reporting, said, died?.OccurredOn, today) is { } fault)
        {
            o.Fault("aliveOnDay30", fault.Code, fault.Args);
        }

        return new(complications, died, alive);
    }

    private static DateOnly? Past(BodyObject root, string name, DateOnly today)
    {
        var day = root.OptionalDay(name);
        if (day > today)
            root.Fault(name, "futureDay");
        return day;
    }

    private static DateTimeOffset? PastInstant(BodyObject root, string name, DateOnly today)
    {
        if (root.OptionalInstant(name) is not { } at)
            return null;
        var on = Shanghai.DayOf(at);
        if (on > today)
            root.Fault(name, "futureDay");
        else if (on < FirstDay)
            root.Fault(name, "outOfRange", FirstDay, today);
        else
            return at;
        return null;
    }

    private const int TimeoutMilliseconds = 1000; // neither can run away; a bound all the same

    // With the extensions of the national clinical editions, as in 39.7200x001 and I60.100x002.
    [GeneratedRegex(@"^[0-9]{2}(\.[0-9]{1,4}(x[0-9]{3})?)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeoutMilliseconds)]
    private static partial Regex Icd9Procedure();

    [GeneratedRegex(@"^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4}(x[0-9]{3})?)?[+*†]?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeoutMilliseconds)]
    private static partial Regex Icd10();
}
