using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Devices;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Regulations;
using Compliance.Training;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service;

/// <summary>How the events of one aggregate fold: what a command needs to know of it.</summary>
public sealed record Aggregate<TState, TEvent>(TState Initial, Func<TState, TEvent, TState> Evolve);

public static class Aggregates
{
    public static readonly Aggregate<Case.State, Case.Event> Cases = new(Case.State.Initial, Case.Evolve);
    public static readonly Aggregate<Procedure.State, Procedure.Event> Procedures = new(Procedure.State.Initial, Procedure.Evolve);
    public static readonly Aggregate<OutcomeNotice.State, OutcomeNotice.Event> OutcomeNotices = new(OutcomeNotice.State.Initial, OutcomeNotice.Evolve);
    public static readonly Aggregate<Institution.State, Institution.Event> Institutions = new(Institution.State.Initial, Institution.Evolve);
    public static readonly Aggregate<Physician.State, Physician.Event> Physicians = new(Physician.State.Initial, Physician.Evolve);
    public static readonly Aggregate<Qualification.State, Qualification.Event> Qualifications = new(Qualification.State.Initial, Qualification.Evolve);
    public static readonly Aggregate<Enforcement.State, Enforcement.Set> Enforcements = new(Enforcement.State.Initial, Enforcement.Evolve);
    public static readonly Aggregate<PublishedRegulation.State, PublishedRegulation.Published> Regulations = new(PublishedRegulation.State.Initial, PublishedRegulation.Evolve);
    public static readonly Aggregate<PublishedLimits.State, PublishedLimits.Published> ProvincialLimits = new(PublishedLimits.State.Initial, PublishedLimits.Evolve);
    public static readonly Aggregate<AssessmentSchedule.State, AssessmentSchedule.Set> AssessmentSchedules = new(AssessmentSchedule.State.Initial, AssessmentSchedule.Evolve);
    public static readonly Aggregate<AssessmentRound.State, AssessmentRound.Event> AssessmentRounds = new(AssessmentRound.State.Initial, AssessmentRound.Evolve);
    public static readonly Aggregate<DeviceRegistration.State, DeviceRegistration.Event> DeviceRegistrations = new(DeviceRegistration.State.Initial, DeviceRegistration.Evolve);
    public static readonly Aggregate<DeviceReceipt.State, DeviceReceipt.Event> DeviceReceipts = new(DeviceReceipt.State.Initial, DeviceReceipt.Evolve);
    public static readonly Aggregate<VerifiedTotals.State, VerifiedTotals.Event> VerifiedTotals = new(Compliance.Cases.VerifiedTotals.State.Initial, Compliance.Cases.VerifiedTotals.Evolve);
    public static readonly Aggregate<Trainee.State, Trainee.Event> Trainees = new(Trainee.State.Initial, Trainee.Evolve);
    public static readonly Aggregate<TrainingBase.State, TrainingBase.Event> TrainingBases = new(TrainingBase.State.Initial, TrainingBase.Evolve);
    public static readonly Aggregate<SelectionRound.State, SelectionRound.Event> SelectionRounds = new(SelectionRound.State.Initial, SelectionRound.Evolve);
    public static readonly Aggregate<SelectionApplication.State, SelectionApplication.Event> SelectionApplications = new(SelectionApplication.State.Initial, SelectionApplication.Evolve);
    public static readonly Aggregate<CalendarHistory, Calendar.Published> Calendars = new(CalendarHistory.Empty, Calendar.Evolve);
}

/// <summary>What became of a command.</summary>
public abstract record Outcome<TState, TEvent>
{
    private Outcome()
    {
    }

    /// <param name="State">After the events.</param>
    /// <param name="Events">Empty when nothing changed.</param>
    /// <param name="Position">Of the last event of the stream; 0 when there is none.</param>
    public sealed record Done(TState State, IReadOnlyList<TEvent> Events, long Version, long Position) : Outcome<TState, TEvent>;

    public sealed record Refused(Refusal Refusal) : Outcome<TState, TEvent>;

    /// <summary>The version the caller was ready to change is not the present one.</summary>
    public sealed record Moved(long Version) : Outcome<TState, TEvent>;

    /// <summary>A companion row was refused, e.g. the idempotency key was used at the same moment.</summary>
    public sealed record CompanionRefused(string Kind) : Outcome<TState, TEvent>;

    /// <summary>The log cannot be written just now. Nothing was.</summary>
    public sealed record Unavailable(string Reason) : Outcome<TState, TEvent>;
}

/// <summary>An instant before which something is recorded, or not at all.</summary>
/// <param name="At">The first at which it is late: by the log's stamp, whatever this node's clock says.</param>
/// <param name="Refusal">What is answered then.</param>
public sealed record TooLate(DateTimeOffset At, Refusal Refusal);

/// <summary>Loads, folds, decides, appends; and on a conflict decides anew on fresh state, never merely appends again.</summary>
public sealed class Commands(IEventStore log, NpgsqlDataSource database, Clock clock)
{
    /// <summary>A hundred callers of one stream all get through by this; more is a stampede, and 409.</summary>
    private const int Attempts = 200;

    /// <summary>What is answered when they are used up.</summary>
    public const string TooManyWriters = "tooManyWriters";

    /// <summary>A report received in the last second of a day is of that day, however long it queued; the day is not closed before.</summary>
    public static readonly TimeSpan ReceiptGrace = TimeSpan.FromSeconds(50);

    private static readonly TimeSpan MidnightPause = TimeSpan.FromMilliseconds(50);

    private long _lastReferencePosition;
    private long _lastReferenceShown;

    /// <param name="decide">Given the state and the day it is in Asia/Shanghai. Called again when the state or the day has moved.</param>
    /// <param name="companions">Rows to commit with the events; called once the state after them is known.</param>
    /// <param name="admits">Whether the stream's version is one the caller is ready to change; null for any.</param>
    /// <param name="receivedOn">For what belongs to the day it was received on, that day; else the day of the append binds.</param>
    /// <param name="before">For what is recorded before an instant or not at all; null for any time.</param>
    public async Task<Outcome<TState, TEvent>> Execute<TState, TEvent>(
        Aggregate<TState, TEvent> aggregate,
        string stream,
        Func<TState, DateOnly, Decision<TEvent>> decide,
        CancellationToken cancellation,
        Func<TState, IReadOnlyList<TEvent>, long, IReadOnlyList<Companion>>? companions = null,
        Func<long, bool>? admits = null,
        DateOnly? receivedOn = null,
        TooLate? before = null)
        where TEvent : notnull
    {
        var state = aggregate.Initial;
        long version = 0;
        long position = 0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            foreach (var e in await log.ReadStream(stream, version + 1, cancellation))
            {
                state = aggregate.Evolve(state, (TEvent)e.Data);
                (version, position) = (e.Version, e.Position);
            }

            if (admits is not null && !admits(version))
            {
                return new Outcome<TState, TEvent>.Moved(version);
            }

            var today = receivedOn ?? clock.Today;
            var decision = decide(state, today);
            if (decision.Refusal is { } refusal)
            {
                return new Outcome<TState, TEvent>.Refused(refusal);
            }

            var after = decision.Events.Aggregate(state, aggregate.Evolve);
            var rows = companions?.Invoke(after, decision.Events, version + decision.Events.Count) ?? [];
            if (decision.Events.Count == 0 && rows.Count == 0)
            {
                return new Outcome<TState, TEvent>.Done(state, [], version, position);
            }

            var notAfter = Shanghai.EndOf(today) + (receivedOn is null ? -TimeSpan.FromMicroseconds(1) : ReceiptGrace);
            var request = new AppendRequest(stream, version, [.. decision.Events.Cast<object>()])
            {
                Companions = rows,
                // What is there already is told whenever it is asked for; only what changes can be late.
                NotAfter = before is not null && decision.Events.Count > 0 && before.At <= notAfter ? before.At.AddMicroseconds(-1) : notAfter,
            };
            switch (await log.Append(request, cancellation))
            {
                case AppendResult.Appended appended:
                    return new Outcome<TState, TEvent>.Done(after, decision.Events, appended.Version, decision.Events.Count > 0 ? appended.Position : position);
                case AppendResult.Conflict:
                    continue;
                case AppendResult.Expired expired when before is not null && decision.Events.Count > 0 && expired.Stamp >= before.At:
                    return new Outcome<TState, TEvent>.Refused(before.Refusal);
                case AppendResult.Expired when receivedOn is null:
                    // The database's clock is past midnight and ours is not yet: a moment later both are.
                    await Task.Delay(MidnightPause, cancellation);
                    continue;
                case AppendResult.Expired:
                    return new Outcome<TState, TEvent>.Unavailable("queuedTooLong");
                case AppendResult.CompanionRefused refused:
                    return new Outcome<TState, TEvent>.CompanionRefused(refused.Kind);
                case AppendResult.Unavailable unavailable:
                    return new Outcome<TState, TEvent>.Unavailable(unavailable.Reason);
                case AppendResult.Rejected rejected:
                    // Validation at the edge lets nothing through that jsonb refuses.
                    throw new InvalidOperationException(rejected.Reason);
            }
        }

        return new Outcome<TState, TEvent>.Refused(Refusal.Conflict(TooManyWriters));
    }

    /// <summary>
    /// Remembers that the registry, a qualification or a calendar changed at a position: reports answered by this node
    /// from then on are flagged by what it says.
    /// </summary>
    public void ReferenceWritten(long position)
    {
        long seen;
        while ((seen = Interlocked.Read(ref _lastReferencePosition)) < position && Interlocked.CompareExchange(ref _lastReferencePosition, position, seen) != seen)
        {
        }
    }

    /// <summary>Waits until the rows show every change of the registry this node has written; after five seconds goes on with what they show.</summary>
    public async Task ReferenceShown(CancellationToken cancellation)
    {
        var position = Interlocked.Read(ref _lastReferencePosition);
        if (position > Interlocked.Read(ref _lastReferenceShown)
            && await Checkpoints.WaitFor(database, ReadSchema.Living.Rows, position, Checkpoints.LongestWait, cancellation))
        {
            Interlocked.Exchange(ref _lastReferenceShown, position);
        }
    }
}
