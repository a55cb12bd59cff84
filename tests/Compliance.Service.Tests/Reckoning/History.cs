using System.Text;
using System.Text.RegularExpressions;

namespace Compliance.Service.Tests.Reckoning;

// The vocabulary of a history, deliberately the reckoner's own: nothing here is a type of the service.

public enum Technique { Neurovascular, Comprehensive }

public enum SubjectKind { Institution, Physician }

public readonly record struct Subject(SubjectKind Kind, string Id)
{
    public static Subject Institution(string id) => new(SubjectKind.Institution, id);

    public static Subject Physician(string id) => new(SubjectKind.Physician, id);

    public override string ToString() => Id;
}

public enum Intent { Diagnostic, Therapeutic }

public enum Relation { Related, Unrelated, Undetermined }

/// <summary>In ascending order.</summary>
public enum Title { Resident, Attending, AssociateChief, Chief }

public enum Mode { Observe, Confirm, Enforce }

public sealed record TitleFrom(Title Title, DateOnly From);

/// <summary>Both days included; <paramref name="To"/> null: still registered.</summary>
public sealed record Registration(string Institution, DateOnly From, DateOnly? To, bool Main)
{
    public bool Covers(DateOnly day) => From <= day && (To is null || day <= To);
}

/// <summary>A case by institution and the hospital's own number.</summary>
public readonly record struct CaseKey(string Institution, string CaseNumber)
{
    public override string ToString() => $"{Institution}/{CaseNumber}";
}

/// <summary>What a correction may change of a report.</summary>
public sealed record CaseReport(Technique Technique, IReadOnlyList<string> Codes, Intent Intent, DateOnly CompletedOn, string Operator)
{
    public bool SameAs(CaseReport other) =>
        Technique == other.Technique && Codes.SequenceEqual(other.Codes) && Intent == other.Intent
        && CompletedOn == other.CompletedOn && Operator == other.Operator;

    public override string ToString() =>
        $"{Technique} {Intent} [{string.Join(' ', Codes)}] on {CompletedOn:O} by {Operator}";
}

public sealed record ReportedComplication(bool Severe, DateOnly OccurredOn, Relation Relation);

public sealed record ReportedDeath(DateOnly OccurredOn, Relation Relation);

public enum OutcomeKind { Death, Complication, Incident }

/// <summary>
/// An outcome of a case. Complications and incidents count from 1 in the order in which they reached the system, those inside
/// the report first. A death has the ordinal 0: it is always the one that stands.
/// </summary>
public sealed record Target(OutcomeKind Kind, int Ordinal)
{
    public static readonly Target Death = new(OutcomeKind.Death, 0);

    public static Target Complication(int ordinal) => new(OutcomeKind.Complication, ordinal);

    public static Target Incident(int ordinal) => new(OutcomeKind.Incident, ordinal);

    public override string ToString() => Kind == OutcomeKind.Death ? "death" : $"{Kind} {Ordinal}";
}

public abstract record Operation;

public sealed record PutInstitution(string Id, string Province, string Level) : Operation;

public sealed record PutCoverage(string Institution, Technique Technique, DateOnly From) : Operation;

/// <summary>All titles and registrations anew; what was put before is replaced.</summary>
public sealed record PutPhysician(string Id, IReadOnlyList<TitleFrom> Titles, IReadOnlyList<Registration> Registrations) : Operation
{
    public override string ToString() =>
        $"PutPhysician {Id} titles [{string.Join(", ", Titles.Select(t => $"{t.Title} {t.From:O}"))}] registrations [{string.Join(", ", Registrations.Select(r => $"{r.Institution}{(r.Main ? "*" : "")} {r.From:O}..{r.To:O}"))}]";
}

/// <summary>Both days included. Leaves of a physician count from 1 in the order of entering.</summary>
public sealed record EnterLeave(string Physician, DateOnly From, DateOnly To, string Reason) : Operation;

public sealed record ConfirmLeave(string Physician, int Leave) : Operation;

public sealed record ImportQualification(Subject Subject, Technique Technique, DateOnly GrantedOn) : Operation;

public sealed record SetEnforcement(Technique Technique, string Province, Mode Mode, DateOnly From, int? HoldAbove) : Operation;

public sealed record ReportCase(CaseKey Case, CaseReport Report, IReadOnlyList<ReportedComplication> Complications, ReportedDeath? Death) : Operation
{
    public override string ToString() =>
        $"ReportCase {Case} {Report}{string.Concat(Complications.Select(c => $" + complication{(c.Severe ? " severe" : "")} {c.Relation} {c.OccurredOn:O}"))}{(Death is null ? "" : $" + death {Death.Relation} {Death.OccurredOn:O}")}";
}

/// <summary>A procedure done, its report to follow; <paramref name="Operator"/> null: not said yet.</summary>
public sealed record AnnounceProcedure(CaseKey Case, Technique Technique, IReadOnlyList<string> Codes, Intent Intent, DateOnly CompletedOn, string? Operator) : Operation
{
    public bool SameAs(AnnounceProcedure other) =>
        Technique == other.Technique && Codes.SequenceEqual(other.Codes) && Intent == other.Intent && CompletedOn == other.CompletedOn && Operator == other.Operator;

    public override string ToString() => $"AnnounceProcedure {Case} {Technique} {Intent} [{string.Join(' ', Codes)}] on {CompletedOn:O} by {Operator}";
}

public sealed record WithdrawAnnouncement(CaseKey Case, bool ByRegulator) : Operation;

public sealed record CorrectCase(CaseKey Case, CaseReport Report) : Operation;

public sealed record ReportComplication(CaseKey Case, ReportedComplication Complication) : Operation;

public sealed record ReportDeath(CaseKey Case, ReportedDeath Death) : Operation;

/// <summary>Grade 1 is the worst of 4.</summary>
public sealed record RecordIncident(CaseKey Case, int Grade, DateOnly DeterminedOn, Relation Relation) : Operation;

public sealed record DeclareRelation(CaseKey Case, Target Of, Relation Relation) : Operation;

/// <summary>Of a death or a complication; an incident cannot be withdrawn.</summary>
public sealed record Withdraw(CaseKey Case, Target Of) : Operation;

public sealed record Adjudicate(CaseKey Case, Target Of, Relation Relation) : Operation;

/// <summary>Requests of a case count from 1 in the order in which they came about.</summary>
public sealed record DecideRequest(CaseKey Case, int Request, bool Agree) : Operation;

public sealed record VoidCase(CaseKey Case) : Operation;

public sealed record Suspend(Subject Subject, Technique Technique) : Operation;

public sealed record Lift(Subject Subject, Technique Technique) : Operation;

public sealed record Annul(Subject Subject, Technique Technique) : Operation;

public sealed record Reassess(Subject Subject, Technique Technique, bool Passed) : Operation;

/// <summary>Proposals of a qualification count from 1 over all kinds, in the order of proposing.</summary>
public sealed record DecideProposal(Subject Subject, Technique Technique, int Proposal, bool Agree) : Operation;

public sealed record Revoke(Subject Subject, Technique Technique) : Operation;

public sealed record Relinquish(Subject Subject, Technique Technique) : Operation;

/// <summary>Reaches the system on the day after <paramref name="Closed"/>, before anything else of that day.</summary>
public sealed record CloseDay(DateOnly Closed) : Operation;

/// <summary>An operation with the Shanghai day on which it reaches the system, and its order within that day.</summary>
public sealed record Timed(DateOnly Day, int Order, Operation Operation);

/// <summary>Everything that reaches the system, in order. The day before the first operation counts as closed.</summary>
public sealed partial record History(int Seed, IReadOnlyList<Timed> Operations)
{
    public DateOnly FirstDay => Operations[0].Day;

    public DateOnly LastDay => Operations[^1].Day;

    /// <summary>A line per operation; days closed without anything between them share a line.</summary>
    public string Describe()
    {
        var text = new StringBuilder().Append("history of seed ").Append(Seed).Append('\n');
        for (var i = 0; i < Operations.Count; i++)
        {
            var at = Operations[i];
            if (at.Operation is CloseDay first)
            {
                var last = first;
                while (i + 1 < Operations.Count && Operations[i + 1].Operation is CloseDay next)
                {
                    last = next;
                    i++;
                }
                text.Append($"{at.Day:O}    closed {first.Closed:O}{(last == first ? "" : $" to {last.Closed:O}")}\n");
            }
            else
            {
                text.Append($"{at.Day:O} {at.Order,2} {at.Operation}\n");
            }
        }
        return InvariantDay().Replace(text.ToString(), "${year}-${month}-${day}");
    }

    /// <summary>A day as a record prints it of itself.</summary>
    [GeneratedRegex("(?<month>[0-9]{2})/(?<day>[0-9]{2})/(?<year>[0-9]{4})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InvariantDay();
}
