using System.Text.Json;
using Compliance.Cases;
using Compliance.Metrics;
using Compliance.Regulations;
using Compliance.Service.Projections;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>What the system knows of trainings beside their streams: the bases, the reports of the cases, who else was logged as operator, and who could supervise.</summary>
public static class TraineeFacts
{
    /// <summary>A base with the rule of its kind and the regulation that its trainees are held against.</summary>
    /// <param name="Province">Of the institution; null where the registry knows none.</param>
    /// <param name="Qualified">The days on which it is recognised and its qualification can be used.</param>
    /// <param name="Recognised">The days on which it is recognised.</param>
    public sealed record BaseRead(TrainingBase.State State, BaseRule Rule, Regulation Regulation, string? Name, string? Province, IReadOnlyList<DaySpan> Qualified, IReadOnlyList<DaySpan> Recognised)
    {
        /// <summary>The days on which it may train. A base that certifies what needs the qualification trains nobody without, for lower levels neither: what it may not do itself it shows nobody.</summary>
        public IReadOnlyList<DaySpan> Training => Regulation.InPractice.CaseRules.NeedsQualification(Rule.CertifiesToLevel) ? Qualified : Recognised;
    }

    /// <summary>Bases that there are.</summary>
    /// <param name="asOf">Whose version of the regulation.</param>
    public static async Task<IReadOnlyDictionary<TrainingBaseId, BaseRead>> Bases(
        NpgsqlConnection connection, Reference reference, IReadOnlyCollection<TrainingBaseId> ids, DateOnly asOf, CancellationToken cancellation)
    {
        var found = new Dictionary<TrainingBaseId, BaseRead>();
        string[] institutions = [.. ids.Select(i => i.Institution).Distinct()];
        var states = await connection.Documents("select doc from training_bases where institution = any($1)", StoredJson.Default.TrainingBaseState, cancellation, institutions);
        var places = await FactsReader.Institutions(connection, institutions, cancellation);
        var qualifications = await FactsReader.Qualifications(connection, institutions, cancellation);
        foreach (var state in states.Where(s => ids.Contains(s.Id!.Value)))
        {
            var id = state.Id!.Value;
            var entry = places.GetValueOrDefault(id.Institution)?.Entry;
            if (TrainingBaseEndpoints.TrainingOf(reference, id.Technique, asOf)?.Base(id.Kind) is not { } rule)
            {
                continue;
            }

            // As for the base itself: what a province demands beyond it is demanded of the kinds it recognises.
            var regulation = reference.Regulations.ForApplications(id.Technique, asOf, rule.RecognisedBy == BaseAuthority.National ? null : entry?.Province)!;
            var active = qualifications.GetValueOrDefault(new(Subject.Institution(id.Institution), id.Technique))?.ActiveSpans() ?? [];
            found[id] = new(state, rule, regulation, entry?.Name, entry?.Province, state.TrainingSpans(needsQualification: true, active), state.TrainingSpans(needsQualification: false, active));
        }

        return found;
    }

    /// <summary>The dossiers of trainees, in their order; who is at a kind of base that the regulation knows no more is left out.</summary>
    /// <param name="states">Of who is enrolled.</param>
    public static async Task<IReadOnlyList<(Trainee.State State, Dossier Dossier, BaseRead Base)>> Dossiers(
        NpgsqlConnection connection, Reference reference, IReadOnlyList<Trainee.State> states, DateOnly asOf, CancellationToken cancellation)
    {
        var bases = await Bases(connection, reference, [.. states.Select(s => s.Enrolment!.Base).Distinct()], asOf, cancellation);
        states = [.. states.Where(s => bases.ContainsKey(s.Enrolment!.Base))];
        Guid[] cases = [.. states.SelectMany(s => s.Cases).Select(c => c.CaseId).Distinct()];
        var reports = await Reports(connection, cases, cancellation);
        var taken = (await Operators(connection, cases, cancellation)).Where(o => !reports.ContainsKey(o.CaseId)).GroupBy(o => o.CaseId).ToDictionary(g => g.Key, g => g.MinBy(o => o.Position).Trainee);
        var supervisors = new Dictionary<TrainingBaseId, IReadOnlyDictionary<string, SupervisorDays>>();
        foreach (var at in states.GroupBy(s => s.Enrolment!.Base))
        {
            supervisors[at.Key] = await Supervisors(connection, at.Key, [.. at.SelectMany(s => s.Cases.Select(c => c.Entry.Supervisor).Concat(s.Cares.Select(c => c.Supervisor))).Distinct()], cancellation);
        }

        return
        [
            .. states.Select(s =>
            {
                var (enrolment, at) = (s.Enrolment!, bases[s.Enrolment!.Base]);
                var facts = new TrainingFacts(
                    at.State,
                    at.Training,
                    reports,
                    s.Cases.Select(c => c.CaseId).Where(c => taken.TryGetValue(c, out var first) && first != enrolment.Trainee).ToHashSet(),
                    supervisors[enrolment.Base]);
                return (s, Dossier.Of(s, facts, at.Regulation, asOf), at);
            }),
        ];
    }

    /// <summary>
    /// What the log tells an application of a physician's trainings for the levels that need the qualification: the last that stands certified by a day; else the last of which the certificate was taken back, or
    /// that goes on or ended without one and overlaps what is attested. Of these it tells that there is no certificate and no examination passed, so that nobody attests one in its place. Empty where the training
    /// was before this system.
    /// </summary>
    /// <param name="attested">What the applicant attests.</param>
    public static async Task<IReadOnlyDictionary<string, JsonElement>> Told(
        NpgsqlConnection connection, Reference reference, Regulation regulation, string physician, IReadOnlyDictionary<string, AttestedFact> attested, DateOnly asOf, CancellationToken cancellation)
    {
        var trainings = await connection.Documents(
            "select doc from trainees where physician = any($1)", StoredJson.Default.TraineeState, cancellation, [physician]);
        DateOnly? Attested(TrainingItem item) => regulation.Facts.FirstOrDefault(f => f.Known?.Training?.Item == item) is { } fact && attested.TryGetValue(fact.Name, out var of)
            ? DateOnly.ParseExact(of.Value.GetString()!, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)
            : null;
        var period = new DaySpan(Attested(TrainingItem.From) ?? DateOnly.MaxValue, Attested(TrainingItem.To) ?? DateOnly.MaxValue);
        var telling = trainings
            .Select(s => (State: s, Rank: s.Status switch
            {
                TraineeStatus.Certified => 3,
                TraineeStatus.CertificateWithdrawn => 2,
                _ => !s.Stay.IsEmpty && s.Stay.Overlaps(period) ? 1 : 0,
            }))
            .Where(t => t.Rank > 0 && t.State.Enrolment!.Base.Technique == regulation.Technique && t.State.Enrolment.Level >= regulation.InPractice.CaseRules.QualificationFromLevel && !(t.State.Certificate?.On > asOf))
            .OrderByDescending(t => t.Rank).ThenByDescending(t => t.State.Certificate?.On).ThenByDescending(t => t.State.Enrolment!.From).Select(t => t.State).FirstOrDefault();
        if (telling is null || await Dossiers(connection, reference, [telling], asOf, cancellation) is not [var (_, dossier, _)])
            return new Dictionary<string, JsonElement>();
        return telling.Status == TraineeStatus.Certified ? dossier.Known : dossier.Known.ToDictionary(
            k => k.Key, k => regulation.Fact(k.Key)?.Known?.Training?.Item is TrainingItem.Certified or TrainingItem.ExamPassed ? KnownFacts.Flag(false) : k.Value);
    }

    /// <summary>The numbers of the certificates that a base gave to everybody else, those taken back among them.</summary>
    public static async Task<IReadOnlySet<string>> Certificates(NpgsqlConnection connection, Trainee.Event.Enrolled enrolment, CancellationToken cancellation) =>
        (await connection.Documents(
            "select doc from trainees where institution = any($1) and certified_on is not null", StoredJson.Default.TraineeState, cancellation, [enrolment.Base.Institution]))
            .Where(s => s.Enrolment!.Base == enrolment.Base && s.Enrolment.Trainee != enrolment.Trainee).Select(s => s.Certificate!.Number).ToHashSet();

    /// <summary>Who of these could supervise at a base, and when; who is unknown to the registry is missing.</summary>
    public static async Task<IReadOnlyDictionary<string, SupervisorDays>> Supervisors(NpgsqlConnection connection, TrainingBaseId at, string[] physicians, CancellationToken cancellation)
    {
        if (physicians.Length == 0)
        {
            return new Dictionary<string, SupervisorDays>();
        }

        await using var command = new NpgsqlCommand(
            """
            select p.id, 'here', r.from_on, r.to_on from physicians p left join registrations r on r.physician = p.id and r.institution = $2 where p.id = any($1)
            union all
            select a.subject, 'active', a.from_on, a.to_on from active_spans a where a.kind = 'physician' and a.subject = any($1) and a.technique = $3
            """,
            connection);
        command.Parameters.Add(new() { Value = physicians });
        command.Parameters.Add(new() { Value = at.Institution });
        command.Parameters.Add(new() { Value = at.Technique });
        var rows = new List<(string Physician, bool Active, DaySpan? Days)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                rows.Add((reader.GetString(0), reader.GetString(1) == "active", reader.IsDBNull(2) ? null : new(reader.GetFieldValue<DateOnly>(2), reader.GetFieldValue<DateOnly>(3))));
            }
        }

        return rows.GroupBy(r => r.Physician).ToDictionary(
            g => g.Key,
            g => new SupervisorDays([.. g.Where(r => !r.Active && r.Days is not null).Select(r => r.Days!.Value)], [.. g.Where(r => r.Active).Select(r => r.Days!.Value)]));
    }

    /// <summary>Who is logged as operator of these cases.</summary>
    public static async Task<IReadOnlyList<(Guid CaseId, Guid Trainee, long Position)>> Operators(NpgsqlConnection connection, Guid[] cases, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select case_id, trainee, position from trainee_operators where case_id = any($1)", connection);
        command.Parameters.Add(new() { Value = cases });
        var found = new List<(Guid, Guid, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found.Add((reader.GetGuid(0), reader.GetGuid(1), reader.GetInt64(2)));
        }

        return found;
    }

    /// <summary>The reports there are of cases.</summary>
    public static async Task<IReadOnlyDictionary<Guid, CaseAsReported>> Reports(NpgsqlConnection connection, Guid[] cases, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select case_id, technique, completed_on, therapeutic, level, operator, trainee, voided from case_facts where case_id = any($1)", connection);
        command.Parameters.Add(new() { Value = cases });
        var found = new Dictionary<Guid, CaseAsReported>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found[reader.GetGuid(0)] = new(
                reader.GetString(1),
                reader.GetFieldValue<DateOnly>(2),
                reader.GetBoolean(3) ? Intent.Therapeutic : Intent.Diagnostic,
                reader.GetInt16(4),
                reader.GetString(5),
                reader.IsDBNull(6) ? null : reader.GetString(6),
                reader.GetBoolean(7));
        }

        return found;
    }

    /// <summary>The stays of everybody else at a base, and the physician's own for the technique, wherever, that reach beyond a day.</summary>
    /// <param name="trainee">Whose place it is about.</param>
    public static async Task<(IReadOnlyList<DaySpan> Others, IReadOnlyList<DaySpan> Own)> Stays(
        NpgsqlConnection connection, TrainingBaseId at, string physician, Guid trainee, DateOnly from, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select t.physician = $4, t.technique = $1 and t.kind = $2 and t.institution = $3, t.from_on, t.to_on
            from trainees t
            where t.technique = $1 and (t.physician = $4 or (t.kind = $2 and t.institution = $3)) and t.trainee <> $5 and t.to_on >= $6
            """,
            connection);
        command.Parameters.Add(new() { Value = at.Technique });
        command.Parameters.Add(new() { Value = at.Kind });
        command.Parameters.Add(new() { Value = at.Institution });
        command.Parameters.Add(new() { Value = physician });
        command.Parameters.Add(new() { Value = trainee });
        command.Parameters.Add(new() { Value = from, NpgsqlDbType = NpgsqlDbType.Date });
        var (others, own) = (new List<DaySpan>(), new List<DaySpan>());
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var days = new DaySpan(reader.GetFieldValue<DateOnly>(2), reader.GetFieldValue<DateOnly>(3));
            if (reader.GetBoolean(0))
            {
                own.Add(days);
            }

            if (reader.GetBoolean(1))
            {
                others.Add(days);
            }
        }

        return (others, own);
    }
}
