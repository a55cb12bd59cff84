using System.Diagnostics;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>Whose standing an event may change.</summary>
internal sealed class Touched
{
    private readonly HashSet<(Subject Subject, string? Technique)> _subjects = [];
    private readonly HashSet<string> _staffOf = [];
    private readonly HashSet<string> _placesOf = [];

    /// <summary>Everybody: what all judgements rest on has changed, or a day has passed.</summary>
    public bool Everybody { get; private set; }

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
            case Calendar.Published or PublishedRegulation.Published or Enforcement.Set or Day.Closed:
                Everybody = true;
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

    /// <summary>The subjects and techniques that have a standing: those qualified, and those with cases.</summary>
    public async Task<IReadOnlyList<QualificationId>> WithStanding(NpgsqlConnection connection, IEventStore log, CancellationToken cancellation)
    {
        if (!Everybody)
        {
            // A physician's former places lost somebody: they stand in the stream, no longer in the rows.
            foreach (var e in await log.ReadStreams([.. _placesOf.Select(Physician.Stream)], cancellation: cancellation))
            {
                foreach (var registration in (e.Data as Physician.Event.Registered)?.Registrations ?? [])
                {
                    _subjects.Add((Subject.Institution(registration.Institution), null));
                }
            }
        }

        await using var command = new NpgsqlCommand(
            """
            with staff as (
                select distinct 'physician' as kind, physician as subject, null as technique from read.registrations where institution = any($5)
            ), asked as (
                select * from unnest($1::text[], $2::text[], $3::text[]) as a (kind, subject, technique)
                union all
                select * from staff
            ), known as (
                select kind, subject, technique from read.qualifications
                union
                select kind, subject, technique from read.standings where $4
                union
                select kind, subject, technique from read.subject_days where (kind, subject) in (select kind, subject from asked)
            )
            select distinct k.kind, k.subject, k.technique
            from known k
            where $4 or exists (select from asked a where a.kind = k.kind and a.subject = k.subject and (a.technique is null or a.technique = k.technique))
            order by 1, 2, 3
            """,
            connection);
        command.Parameters.Add(new() { Value = _subjects.Select(s => s.Subject.KindName).ToArray() });
        command.Parameters.Add(new() { Value = _subjects.Select(s => s.Subject.Id).ToArray() });
        command.Parameters.Add(new() { Value = _subjects.Select(s => s.Technique).ToArray() });
        command.Parameters.Add(new() { Value = Everybody });
        command.Parameters.Add(new() { Value = _staffOf.ToArray() });
        var found = new List<QualificationId>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var subject = new Subject(reader.GetString(0) == "institution" ? SubjectKind.Institution : SubjectKind.Physician, reader.GetString(1));
            found.Add(new(subject, reader.GetString(2)));
        }

        return found;
    }
}
