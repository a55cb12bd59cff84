using System.Diagnostics;
using System.Text.Json;
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

/// <summary>
/// Turns events into rows, and does nothing else: a rebuild never suspends anybody. All rows move under one
/// checkpoint, so that a closing sees facts, registry and qualifications as of one and the same position.
/// </summary>
public sealed class ReadModel(IEventStore log, NpgsqlDataSource database, ReadSchema schema)
{
    /// <summary>Events taken at a time: enough that a set-based statement pays and that the cases of a day are counted together,
    /// few enough that one transaction stays short.</summary>
    public const int Batch = 10_000;

    /// <summary>False to leave the closings out, and the register's snapshots with them: for a comparison that is not about them.</summary>
    public bool WithClosings { get; init; } = true;

    private Reference? _reference;
    private (long After, Task<IReadOnlyList<RecordedEvent>> Events)? _ahead;

    /// <summary>Applies the next events of the log in one transaction.</summary>
    /// <param name="upTo">The last position to apply (inclusive).</param>
    /// <returns>The checkpoint afterwards, and whether there may be more.</returns>
    /// <exception cref="CheckpointMovedException">Another node owns the projection; nothing was changed.</exception>
    public async Task<(long Position, bool More)> Advance(CancellationToken cancellation, long upTo = long.MaxValue)
    {
        var from = await Checkpoints.Read(database, schema.Rows, cancellation);
        var read = await Next(from, cancellation);
        var events = read.Count > 0 && read[^1].Position > upTo ? [.. read.TakeWhile(e => e.Position <= upTo)] : read;
        if (events.Count == 0)
        {
            return (from, false);
        }

        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await schema.Begin(connection, cancellation);
        await Checkpoints.Move(connection, schema.Rows, from, events[^1].Position, cancellation);
        var start = 0;
        for (var i = 0; i < events.Count; i++)
        {
            // A day closes over the rows as they were at that position, no later: so the closing ends what is applied in one go.
            if (events[i].Data is Day.Closed closed)
            {
                await Apply(connection, events, start, i, cancellation);
                _reference = await Reference.Read(connection, _reference, cancellation);
                if (WithClosings)
                {
                    await Closings.Write(connection, _reference, closed.Date, cancellation);
                    await RegisterSnapshots.Take(connection, [.. _reference.Regulations.Qualifying], closed.Date, events[i].Position, cancellation);
                }

                await ProcedureRows.FallOverdue(connection, closed.Date, cancellation);
                await RegisterSnapshots.Forget(connection, cancellation);
                await connection.Execute("insert into days_closed (day, position) values ($1, $2)", cancellation, closed.Date, events[i].Position);
                start = i + 1;
            }

            // What a round judges is what the rows say at its opening, no later.
            if (events[i].Data is AssessmentRound.Event.Opened or AssessmentRound.Event.Reopened)
            {
                await Apply(connection, events, start, i + 1, cancellation);
                _reference = await Reference.Read(connection, _reference, cancellation);
                await AssessmentRows.Freeze(connection, _reference, (AssessmentRound.Event)events[i].Data, cancellation);
                start = i + 1;
            }
        }

        await Apply(connection, events, start, events.Count, cancellation);
        await transaction.CommitAsync(cancellation);
        return (events[^1].Position, events.Count == Batch);
    }

    // While a full batch is being written the next is read already.
    private async Task<IReadOnlyList<RecordedEvent>> Next(long from, CancellationToken cancellation)
    {
        var ahead = _ahead;
        _ahead = null;
        var events = ahead is { } a && a.After == from ? await a.Events : await log.ReadAll(from, Batch, cancellation);
        if (events.Count == Batch)
        {
            _ahead = (events[^1].Position, Task.Run(() => log.ReadAll(events[^1].Position, Batch, cancellation), cancellation));
        }

        return events;
    }

    /// <summary>Every type of event, and what it touches here; an unknown one stops the projection.</summary>
    private async Task Apply(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, int start, int end, CancellationToken cancellation)
    {
        if (start >= end)
        {
            return;
        }

        var cases = new Dictionary<string, List<RecordedEvent>>();
        var procedures = new HashSet<string>();
        var institutions = new HashSet<string>();
        var physicians = new HashSet<string>();
        var qualifications = new HashSet<string>();
        var listed = new RegisterTouched();
        var announced = new List<(RecordedEvent Recorded, QualificationId Qualification, Announcement Announcement)>();
        var enforcements = new HashSet<string>();
        var schedules = new HashSet<string>();
        var rounds = new HashSet<string>();
        var notices = new HashSet<string>();
        var deviceRegistrations = new HashSet<string>();
        var deviceReceipts = new HashSet<string>();
        var verifiedTotals = new HashSet<string>();
        var trainingBases = new HashSet<string>();
        var trainees = new HashSet<string>();
        var selectionRounds = new HashSet<string>();
        var selectionApplications = new HashSet<string>();
        var announcedRounds = new List<(RecordedEvent Recorded, Guid Round, string Technique, string Title, Announcement Announcement)>();
        var changes = new List<(RecordedEvent Recorded, ChangeKind Kind)>();
        var calendars = new List<(RecordedEvent Recorded, Calendar.Published Event)>();
        var regulations = new List<PublishedRegulation.Published>();
        var limits = new List<ProvincialLimits>();
        for (var i = start; i < end; i++)
        {
            var e = events[i];
            switch (e.Data)
            {
                case Case.Event change:
                    (cases.TryGetValue(e.Stream, out var known) ? known : cases[e.Stream] = []).Add(e);
                    if (CaseChange.KindOf(change) is { } kind)
                    {
                        changes.Add((e, kind));
                    }

                    break;
                case Procedure.Event:
                    procedures.Add(e.Stream);
                    break;
                case Institution.Event at:
                    institutions.Add(e.Stream);
                    listed.Add(at);
                    break;
                case Physician.Event of:
                    physicians.Add(e.Stream);
                    listed.Add(of);
                    break;
                case Qualification.Event of:
                    qualifications.Add(e.Stream);
                    listed.Add(of);
                    if (Announcement.Of(of) is { } announcement)
                    {
                        announced.Add((e, of.Qualification, announcement));
                    }

                    break;
                case Enforcement.Set:
                    enforcements.Add(e.Stream);
                    break;
                case AssessmentSchedule.Set:
                    schedules.Add(e.Stream);
                    break;
                case AssessmentRound.Event.Opened or AssessmentRound.Event.Concluded or AssessmentRound.Event.Reopened:
                    rounds.Add(e.Stream);
                    break;
                case AssessmentRound.Event:
                    // What persons say of a subject stands in the stream alone.
                    break;
                case OutcomeNotice.Event:
                    notices.Add(e.Stream);
                    break;
                case DeviceRegistration.Event:
                    deviceRegistrations.Add(e.Stream);
                    break;
                case DeviceReceipt.Event:
                    deviceReceipts.Add(e.Stream);
                    break;
                case VerifiedTotals.Event:
                    verifiedTotals.Add(e.Stream);
                    break;
                case TrainingBase.Event of:
                    trainingBases.Add(e.Stream);
                    if (Announcement.Of(of) is { } told)
                    {
                        announced.Add((e, new(Subject.Institution(of.Base.Institution), of.Base.Technique), told));
                    }

                    break;
                case Trainee.Event:
                    trainees.Add(e.Stream);
                    break;
                case SelectionRound.Event of:
                    selectionRounds.Add(e.Stream);
                    if (Announcement.Of(of) is { } ofRound)
                    {
                        var (technique, title) = of switch { SelectionRound.Event.Published x => (x.Technique, x.Title), SelectionRound.Event.Concluded x => (x.Technique, x.Title), _ => throw new UnreachableException() };
                        announcedRounds.Add((e, of.Round, technique, title, ofRound));
                    }

                    break;
                case SelectionApplication.Event of:
                    selectionApplications.Add(e.Stream);
                    if (of is SelectionApplication.Event.FraudDecided decided && Announcement.Of(of) is { } ofApplication)
                    {
                        announcedRounds.Add((e, of.Round, decided.Technique, decided.Title, ofApplication));
                    }

                    break;
                case Calendar.Published published:
                    calendars.Add((e, published));
                    break;
                case PublishedRegulation.Published published:
                    regulations.Add(published);
                    break;
                case PublishedLimits.Published published:
                    limits.Add(published.Limits);
                    break;
                case Day.Closed:
                    break;
                default:
                    throw new UnreachableException($"the read model knows no {e.Data.GetType().Name}");
            }
        }

        var upTo = events[end - 1].Position;
        await WriteInstitutions(connection, institutions, upTo, cancellation);
        await WritePhysicians(connection, physicians, upTo, cancellation);
        await WriteQualifications(connection, qualifications, upTo, cancellation);
        await RegisterEntries.Write(connection, listed, cancellation);
        await Announcements.Write(connection, log, announced, cancellation);
        await Announcements.WriteRounds(connection, announcedRounds, cancellation);
        await WriteSelections(connection, selectionRounds, selectionApplications, upTo, cancellation);
        await WriteReference(connection, calendars, regulations, limits, enforcements, schedules, upTo, cancellation);
        await WriteRounds(connection, rounds, upTo, cancellation);
        await WriteDevices(connection, deviceRegistrations, deviceReceipts, upTo, cancellation);
        await CaseChangeRows.Write(connection, changes, cancellation);
        if (verifiedTotals.Count > 0)
        {
            await VerifiedTotalRows.Write(connection, [.. (await Streams(verifiedTotals, upTo, cancellation)).Select(g => VerifiedTotals.Fold(g.Select(e => (VerifiedTotals.Event)e.Data)))], cancellation);
        }

        if (cases.Count + procedures.Count + notices.Count + calendars.Count + trainingBases.Count > 0)
        {
            _reference = await Reference.Read(connection, _reference, cancellation);
        }

        if (cases.Count > 0)
        {
            // A case first seen in this batch is folded from it; of an older one the whole stream is read. Nothing is incremented.
            var fresh = cases.Values.Where(of => of[0].Version == 1).Select(CaseRead.Of).ToList();
            var known = await Load([.. cases.Where(c => c.Value[0].Version > 1).Select(c => c.Key)], upTo, cancellation);
            await CaseRows.Write(connection, fresh, known, _reference!, cancellation);
            await ProcedureRows.Reported(connection, [.. fresh.Select(c => c.State.Key!.CaseId)], cancellation);
        }

        if (trainingBases.Count > 0)
        {
            await TrainingBaseRows.Write(
                connection, [.. (await Streams(trainingBases, upTo, cancellation)).Select(g => TrainingBase.Fold(g.Select(e => (TrainingBase.Event)e.Data)))], _reference!, cancellation);
        }

        if (trainees.Count > 0)
        {
            await TraineeRows.Write(connection, await Streams(trainees, upTo, cancellation), cancellation);
        }

        if (procedures.Count > 0)
        {
            await ProcedureRows.Write(
                connection, [.. (await Streams(procedures, upTo, cancellation)).Select(g => Procedure.Fold(g.Select(e => (Procedure.Event)e.Data)))], _reference!, cancellation);
        }

        if (notices.Count > 0)
        {
            await NoticeRows.Write(
                connection, [.. (await Streams(notices, upTo, cancellation)).Select(g => OutcomeNotice.Fold(g.Select(e => (OutcomeNotice.Event)e.Data)))], _reference!, cancellation);
        }

        if (calendars.Count > 0)
        {
            await CaseRows.RecomputeDeadlines(connection, calendars[0].Event.RecordedOn, _reference!, cancellation);
            await ProcedureRows.RecomputeDeadlines(connection, calendars[0].Event.RecordedOn, _reference!, cancellation);
            await NoticeRows.RecomputeDeadlines(connection, _reference!, cancellation);
        }
    }

    private async Task<List<CaseRead>> Load(HashSet<string> streams, long upTo, CancellationToken cancellation) =>
        [.. (await Streams(streams, upTo, cancellation)).Select(g => CaseRead.Of([.. g]))];

    private async Task<IEnumerable<IGrouping<string, RecordedEvent>>> Streams(HashSet<string> streams, long upTo, CancellationToken cancellation) =>
        streams.Count == 0 ? [] : (await log.ReadStreams(streams, upTo, cancellation)).GroupBy(e => e.Stream);

    private async Task WriteInstitutions(NpgsqlConnection connection, HashSet<string> streams, long upTo, CancellationToken cancellation)
    {
        if (streams.Count == 0)
        {
            return;
        }

        var states = (await Streams(streams, upTo, cancellation)).Select(g => Institution.Fold(g.Select(e => (Institution.Event)e.Data))).ToList();
        await connection.Execute(
            """
            insert into institutions (id, name, province, doc)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[])
            on conflict (id) do update set name = excluded.name, province = excluded.province, doc = excluded.doc
            """,
            cancellation,
            states.Select(s => s.Entry!.Institution).ToArray(),
            states.Select(s => s.Entry!.Name).ToArray(),
            states.Select(s => s.Entry!.Province).ToArray(),
            states.Select(s => JsonSerializer.Serialize(s, StoredJson.Default.InstitutionState)).ToArray());
    }

    private async Task WritePhysicians(NpgsqlConnection connection, HashSet<string> streams, long upTo, CancellationToken cancellation)
    {
        if (streams.Count == 0)
        {
            return;
        }

        var states = (await Streams(streams, upTo, cancellation)).Select(g => Physician.Fold(g.Select(e => (Physician.Event)e.Data))).ToList();
        var ids = states.Select(s => s.Entry!.Physician).ToArray();
        await connection.Execute(
            """
            insert into physicians (id, name, doc)
            select * from unnest($1::text[], $2::text[], $3::jsonb[])
            on conflict (id) do update set name = excluded.name, doc = excluded.doc
            """,
            cancellation,
            ids,
            states.Select(s => s.Entry!.Name).ToArray(),
            states.Select(s => JsonSerializer.Serialize(s, StoredJson.Default.PhysicianState)).ToArray());

        await connection.Execute("delete from registrations where physician = any($1)", cancellation, ids);
        var registrations = states.SelectMany(s => s.Entry!.Registrations.Select(r => (s.Entry.Physician, r))).ToList();
        await connection.Execute(
            "insert into registrations (physician, institution, from_on, to_on, main) select * from unnest($1::text[], $2::text[], $3::date[], $4::date[], $5::boolean[])",
            cancellation,
            registrations.Select(x => x.Physician).ToArray(),
            registrations.Select(x => x.r.Institution).ToArray(),
            registrations.Select(x => x.r.From).ToArray(),
            registrations.Select(x => x.r.To ?? DateOnly.MaxValue).ToArray(),
            registrations.Select(x => x.r.Main).ToArray());

        await connection.Execute("delete from titles where physician = any($1)", cancellation, ids);
        var titles = states.SelectMany(s => s.Entry!.Titles.Select(t => (s.Entry.Physician, t))).ToList();
        await connection.Execute(
            "insert into titles (physician, rank, from_on) select * from unnest($1::text[], $2::smallint[], $3::date[])",
            cancellation,
            titles.Select(x => x.Physician).ToArray(),
            titles.Select(x => (short)x.t.Title).ToArray(),
            titles.Select(x => x.t.From).ToArray());
    }

    private async Task WriteQualifications(NpgsqlConnection connection, HashSet<string> streams, long upTo, CancellationToken cancellation)
    {
        if (streams.Count == 0)
        {
            return;
        }

        var states = (await Streams(streams, upTo, cancellation))
            .Select(g => (State: Qualification.Fold(g.Select(e => (Qualification.Event)e.Data)), g.Last().Version))
            .ToList();
        var ids = states.ConvertAll(s => s.State.Id!.Value);
        var kinds = ids.Select(id => id.Subject.KindName).ToArray();
        var subjects = ids.Select(id => id.Subject.Id).ToArray();
        var techniques = ids.Select(id => id.Technique).ToArray();
        await connection.Execute(
            """
            insert into qualifications (kind, subject, technique, version, granted, doc)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::jsonb[])
            on conflict (kind, subject, technique) do update set version = excluded.version, granted = excluded.granted, doc = excluded.doc
            """,
            cancellation,
            kinds,
            subjects,
            techniques,
            states.Select(s => s.Version).ToArray(),
            states.Select(s => s.State.Grants.Count > 0).ToArray(),
            states.Select(s => JsonSerializer.Serialize(s.State, StoredJson.Default.QualificationState)).ToArray());

        await connection.Execute(
            """
            delete from active_spans a using unnest($1::text[], $2::text[], $3::text[]) as k (kind, subject, technique)
            where a.kind = k.kind and a.subject = k.subject and a.technique = k.technique
            """,
            cancellation,
            kinds,
            subjects,
            techniques);
        var spans = states.SelectMany(s => s.State.ActiveSpans().Select(span => (Id: s.State.Id!.Value, span))).ToList();
        await connection.Execute(
            "insert into active_spans (kind, subject, technique, from_on, to_on) select * from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[])",
            cancellation,
            spans.Select(x => x.Id.Subject.KindName).ToArray(),
            spans.Select(x => x.Id.Subject.Id).ToArray(),
            spans.Select(x => x.Id.Technique).ToArray(),
            spans.Select(x => x.span.From).ToArray(),
            spans.Select(x => x.span.To).ToArray());

        await WriteProposals(connection, states.ConvertAll(s => s.State), cancellation);
        await WriteDues(connection, states.ConvertAll(s => s.State), cancellation);
        await AssessmentRows.Record(connection, states.ConvertAll(s => s.State), cancellation);
    }

    private static async Task WriteDues(NpgsqlConnection connection, List<Qualification.State> states, CancellationToken cancellation)
    {
        await connection.Execute(
            """
            delete from dues d using unnest($1::text[], $2::text[], $3::text[]) as k (kind, subject, technique)
            where d.kind = k.kind and d.subject = k.subject and d.technique = k.technique
            """,
            cancellation,
            states.Select(s => s.Id!.Value.Subject.KindName).ToArray(),
            states.Select(s => s.Id!.Value.Subject.Id).ToArray(),
            states.Select(s => s.Id!.Value.Technique).ToArray());
        var dues = states.SelectMany(s => Due.Of(s).Select(due => (Id: s.Id!.Value, due))).ToList();
        if (dues.Count == 0)
        {
            return;
        }

        await connection.Execute(
            """
            insert into dues (kind, subject, technique, province, what, due_on, reference)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[])
            """,
            cancellation,
            dues.Select(x => x.Id.Subject.KindName).ToArray(),
            dues.Select(x => x.Id.Subject.Id).ToArray(),
            dues.Select(x => x.Id.Technique).ToArray(),
            dues.Select(x => x.due.Province).ToArray(),
            dues.Select(x => Http.Json.Name(x.due.What)).ToArray(),
            dues.Select(x => x.due.On).ToArray(),
            dues.Select(x => x.due.Reference).ToArray());
    }

    // A proposal once made never leaves its stream, so rows are only added and changed.
    private static async Task WriteProposals(NpgsqlConnection connection, List<Qualification.State> states, CancellationToken cancellation)
    {
        var proposals = states.SelectMany(s => s.Proposals.Select(p => (Id: s.Id!.Value, p))).ToList();
        if (proposals.Count == 0)
        {
            return;
        }

        await connection.Execute(
            """
            insert into proposals (proposal_id, kind, subject, technique, province, sanction, held, judged_on, pending, doc)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::date[], $9::boolean[], $10::jsonb[])
            on conflict (proposal_id) do update set pending = excluded.pending, doc = excluded.doc
            """,
            cancellation,
            proposals.Select(x => x.p.Id).ToArray(),
            proposals.Select(x => x.Id.Subject.KindName).ToArray(),
            proposals.Select(x => x.Id.Subject.Id).ToArray(),
            proposals.Select(x => x.Id.Technique).ToArray(),
            proposals.Select(x => x.p.Province).ToArray(),
            proposals.Select(x => Http.Json.Name(x.p.Sanction)).ToArray(),
            proposals.Select(x => x.p.Held).ToArray(),
            proposals.Select(x => x.p.JudgedOn).ToArray(),
            proposals.Select(x => x.p.IsPending).ToArray(),
            proposals.Select(x => JsonSerializer.Serialize(x.p, StoredJson.Default.Proposal)).ToArray());
    }

    private async Task WriteReference(
        NpgsqlConnection connection,
        List<(RecordedEvent Recorded, Calendar.Published Event)> calendars,
        List<PublishedRegulation.Published> regulations,
        List<ProvincialLimits> limits,
        HashSet<string> enforcements,
        HashSet<string> schedules,
        long upTo,
        CancellationToken cancellation)
    {
        if (calendars.Count + regulations.Count + limits.Count + enforcements.Count + schedules.Count == 0)
        {
            return;
        }

        foreach (var (recorded, e) in calendars)
        {
            await connection.Execute(
                "insert into calendars (version, doc) values ($1, $2::jsonb)",
                cancellation,
                (int)recorded.Version,
                JsonSerializer.Serialize(e, StoredJson.Default.CalendarPublished));
        }

        foreach (var e in regulations)
        {
            await connection.Execute(
                "insert into regulations (id, version, technique, doc) values ($1, $2, $3, $4::jsonb)", cancellation, e.Id, e.Version, e.Technique, e.Document.GetRawText());
        }

        foreach (var of in limits)
        {
            await connection.Execute(
                "insert into provincial_limits (regulation, province, version, doc) values ($1, $2, $3, $4::jsonb)",
                cancellation,
                of.Regulation,
                of.Province,
                of.Version,
                JsonSerializer.Serialize(of, StoredJson.Default.ProvincialLimits));
        }

        foreach (var stream in await Streams(enforcements, upTo, cancellation))
        {
            var state = Enforcement.Fold(stream.Select(e => (Enforcement.Set)e.Data));
            await WriteSettings(connection, "enforcement", state.Settings[^1].Technique, state.Settings[^1].Province, JsonSerializer.Serialize(state, StoredJson.Default.EnforcementState), cancellation);
        }

        foreach (var stream in await Streams(schedules, upTo, cancellation))
        {
            var state = AssessmentSchedule.Fold(stream.Select(e => (AssessmentSchedule.Set)e.Data));
            await WriteSettings(connection, "assessment_schedules", state.Settings[^1].Technique, state.Settings[^1].Province, JsonSerializer.Serialize(state, StoredJson.Default.AssessmentScheduleState), cancellation);
        }

        await connection.Execute("update reference_changed set position = $1", cancellation, upTo);
    }

    /// <summary>What was set for a technique in a province, as it stands.</summary>
    private static Task WriteSettings(NpgsqlConnection connection, string table, string technique, string province, string document, CancellationToken cancellation) =>
        connection.Execute(
            $"insert into {table} (technique, province, doc) values ($1, $2, $3::jsonb) on conflict (technique, province) do update set doc = excluded.doc", cancellation, technique, province, document);

    private async Task WriteRounds(NpgsqlConnection connection, HashSet<string> streams, long upTo, CancellationToken cancellation)
    {
        if (streams.Count > 0)
        {
            await AssessmentRows.Write(connection, [.. (await Streams(streams, upTo, cancellation)).Select(g => AssessmentRound.Fold(g.Select(e => (AssessmentRound.Event)e.Data)))], cancellation);
        }
    }

    private async Task WriteSelections(NpgsqlConnection connection, HashSet<string> rounds, HashSet<string> applications, long upTo, CancellationToken cancellation)
    {
        if (rounds.Count > 0)
        {
            await SelectionRows.WriteRounds(connection, [.. (await Streams(rounds, upTo, cancellation)).Select(g => SelectionRound.Fold(g.Select(e => (SelectionRound.Event)e.Data)))], cancellation);
        }

        if (applications.Count > 0)
        {
            await SelectionRows.WriteApplications(
                connection, [.. (await Streams(applications, upTo, cancellation)).Select(g => SelectionApplication.Fold(g.Select(e => (SelectionApplication.Event)e.Data)))], cancellation);
        }
    }

    private async Task WriteDevices(NpgsqlConnection connection, HashSet<string> registrations, HashSet<string> receipts, long upTo, CancellationToken cancellation)
    {
        if (registrations.Count > 0)
        {
            await DeviceRows.WriteRegistrations(
                connection, [.. (await Streams(registrations, upTo, cancellation)).Select(g => DeviceRegistration.Fold(g.Select(e => (DeviceRegistration.Event)e.Data)))], cancellation);
        }

        if (receipts.Count > 0)
        {
            await DeviceRows.WriteReceipts(
                connection, [.. (await Streams(receipts, upTo, cancellation)).Select(g => DeviceReceipt.Fold(g.Select(e => (DeviceReceipt.Event)e.Data)))], cancellation);
        }
    }
}
