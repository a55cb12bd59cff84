using System.Diagnostics;
using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Devices;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Whose standing an event may change.</summary>
internal sealed class Touched
{
    private readonly HashSet<(Subject Subject, string? Technique)> _subjects = [];
    private readonly HashSet<string> _staffOf = [];
    private readonly HashSet<string> _placesOf = [];
    private readonly HashSet<Guid> _reported = [];

    /// <summary>Everybody: what all judgements rest on has changed, or a day has passed, or so much has happened that looking for whom it touched does not pay.</summary>
    public bool Everybody { get; set; }

    /// <summary>A round was concluded: what it leads to is shown together with it.</summary>
    public bool Concluded { get; private set; }

    /// <summary>Which subjects an event touches: the one switch.</summary>
    public void Add(object e)
    {
        switch (e)
        {
            case Case.Event.Corrected c:
                Add(c.Case);
                Add(c.Before);
                break;
            case Case.Event c:
                Add(c.Case);
                if (c is Case.Event.Reported)
                {
                    _reported.Add(c.Case.CaseId);
                }

                break;
            case Procedure.Event p:
                Add(p.Procedure);
                break;
            case Institution.Event i:
                // Coverage limits its physicians' observation too, and its province is theirs.
                _subjects.Add((Subject.Institution(i.Institution), null));
                _staffOf.Add(i.Institution);
                break;
            case Physician.Event.Registered p:
                _subjects.Add((Subject.Physician(p.Physician), null));
                _placesOf.Add(p.Physician);
                foreach (var registration in p.Registrations)
                {
                    _subjects.Add((Subject.Institution(registration.Institution), null));
                }

                break;
            case Physician.Event p:
                _subjects.Add((Subject.Physician(p.Physician), null));
                break;
            case Qualification.Event { Qualification: { Subject: var subject, Technique: var technique } }:
                _subjects.Add((subject, technique));
                if (subject.Kind == SubjectKind.Institution)
                {
                    _staffOf.Add(subject.Id);
                }
                else
                {
                    _placesOf.Add(subject.Id);
                }

                break;
            case AssessmentRound.Event.Concluded:
                Concluded = true;
                break;
            case AssessmentRound.Event or AssessmentSchedule.Set:
                // What a round leads to stands in the qualifications.
                break;
            case Calendar.Published or PublishedRegulation.Published or PublishedLimits.Published or Enforcement.Set or Day.Closed:
                Everybody = true;
                break;
            case VerifiedTotals.Event t:
                _subjects.Add((Subject.Institution(t.Institution), t.Technique));
                break;
            case TrainingBase.Event or Trainee.Event:
                // Who may teach is judged by nobody's standing, and who learns operates in nobody's.
                break;
            case DeviceRegistration.Event or DeviceReceipt.Event or OutcomeNotice.Event:
                // They move flags and lists, and no clause judges those; what a notice makes of a case stands in the case.
                break;
            case SelectionRound.Event or SelectionApplication.Event:
                // Nothing is monitored after a selection.
                break;
            default:
                throw new UnreachableException($"nobody said whom {e.GetType().Name} touches");
        }
    }

    private void Add(CaseKey key)
    {
        _subjects.Add((Subject.Institution(key.Institution), key.Technique));
        _subjects.Add((Subject.Physician(key.Operator), key.Technique));
    }

    private void Add(ProcedureKey key)
    {
        _subjects.Add((Subject.Institution(key.Institution), key.Technique));
        if (key.Operator is { } by)
        {
            _subjects.Add((Subject.Physician(by), key.Technique));
        }
    }

    /// <summary>Those touched, each with a technique: whether it has a standing (it is qualified, has cases, or was found to have had some), or only had one.</summary>
    /// <param name="techniques">All there are, for those touched in every one.</param>
    public async Task<IReadOnlyList<(QualificationId Id, bool HasStanding)>> Subjects(
        NpgsqlConnection connection, IEventStore log, IReadOnlyCollection<string> techniques, CancellationToken cancellation)
    {
        if (!Everybody)
        {
            // A physician's former places lost somebody: they stand in the stream, no longer in the rows. So does whom a procedure was announced of that somebody else has reported.
            foreach (var e in await log.ReadStreams([.. _placesOf.Select(Physician.Stream), .. _reported.Select(Procedure.Stream)], cancellation: cancellation))
            {
                if (e.Data is Procedure.Event { Procedure: var announced })
                {
                    Add(announced);
                }

                foreach (var registration in (e.Data as Physician.Event.Registered)?.Registrations ?? [])
                {
                    _subjects.Add((Subject.Institution(registration.Institution), null));
                }
            }
        }

        await using var command = new NpgsqlCommand(Everybody ? EverybodySql : TouchedSql, connection);
        if (Everybody)
        {
            command.Parameters.Add(new() { Value = techniques.ToArray() });
        }
        else
        {
            command.Parameters.Add(new() { Value = _subjects.Select(s => s.Subject.KindName).ToArray() });
            command.Parameters.Add(new() { Value = _subjects.Select(s => s.Subject.Id).ToArray() });
            command.Parameters.Add(new() { Value = _subjects.Select(s => s.Technique).ToArray() });
            command.Parameters.Add(new() { Value = _staffOf.ToArray() });
            command.Parameters.Add(new() { Value = techniques.ToArray() });
        }

        var found = new List<(QualificationId, bool)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var subject = new Subject(reader.GetString(0) == "institution" ? SubjectKind.Institution : SubjectKind.Physician, reader.GetString(1));
            found.Add((new(subject, reader.GetString(2)), reader.GetBoolean(3)));
        }

        return found;
    }

    private const string TouchedSql = """
        with asked as (
            select * from unnest($1::text[], $2::text[], $3::text[]) as a (kind, subject, technique)
            union all
            select distinct 'physician', physician, null from registrations where institution = any($4)
        ), known as (
            select distinct a.kind, a.subject, t.technique,
                   exists (select from qualifications q where q.kind = a.kind and q.subject = a.subject and q.technique = t.technique and q.granted)
                   or a.kind = 'institution' and exists (select from case_facts f where f.institution = a.subject and f.technique = t.technique)
                   or a.kind = 'institution' and exists (select from verified_totals v where v.institution = a.subject and v.technique = t.technique)
                   or a.kind = 'physician' and exists (select from case_facts f where f.operator = a.subject and f.technique = t.technique) as has_standing
            from asked a join unnest($5::text[]) as t (technique) on a.technique is null or a.technique = t.technique
        )
        select k.* from known k
        where has_standing or exists (select from standings s where s.technique = k.technique and s.kind = k.kind and s.subject = k.subject)
        order by kind, subject, technique
        """;

    // Whoever has cases is found by stepping from key to key through an index, not by reading millions of them.
    private const string EverybodySql = """
        with recursive places as (
            (select institution, technique from case_facts order by institution, technique limit 1)
            union all
            select n.* from places p
            cross join lateral (select f.institution, f.technique from case_facts f where (f.institution, f.technique) > (p.institution, p.technique) order by f.institution, f.technique limit 1) n
        ), operators as (
            (select operator, technique from case_facts order by operator, technique limit 1)
            union all
            select n.* from operators o
            cross join lateral (select f.operator, f.technique from case_facts f where (f.operator, f.technique) > (o.operator, o.technique) order by f.operator, f.technique limit 1) n
        ), known as (
            select kind, subject, technique from qualifications where granted and technique = any($1)
            union
            select 'institution', institution, technique from places
            union
            select 'institution', institution, technique from verified_totals
            union
            select 'physician', operator, technique from operators
        )
        select kind, subject, technique, coalesce(k.known, false)
        from (select kind, subject, technique, true as known from known) k
        full join (select kind, subject, technique from standings) s using (kind, subject, technique)
        order by kind, subject, technique
        """;
}
