using Compliance.Assessments;
using Compliance.Qualifications;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>
/// The monitor's part in rounds of assessment: opens those that are due, concludes those whose closing date has come, and writes the outcomes of concluded ones into the qualifications. Whom that concerns is
/// asked of the rows each time; the aggregates decide again whether it is so, so that doing it twice changes nothing.
/// </summary>
public sealed class Assessor(NpgsqlDataSource database, IEventStore log, Commands commands, ILogger<Assessor> logger)
{
    /// <summary>Outcomes recorded side by side: they share the log's commits.</summary>
    private const int AtOnce = 64;

    /// <summary>What a closed day brings: rounds opened whose period is settled, rounds concluded whose closing date it was.</summary>
    /// <returns>A position by which all of it stands in the log; 0 when there was nothing.</returns>
    public async Task<long> OnClosed(DateOnly day, Reference reference, Fence fence, CancellationToken cancellation)
    {
        long position = 0;
        HashSet<Guid> opened;
        IReadOnlyList<Guid> due;
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            opened = [.. await AssessmentRows.All(connection, cancellation)];
            due = await AssessmentRows.RoundsToConclude(connection, day, cancellation);
        }

        foreach (var ((technique, province), schedule) in reference.Schedules.OrderBy(s => s.Key))
        {
            if (reference.Regulations.ForDefinitions(technique, day)?.Practice is not { } practice)
            {
                continue;
            }

            var settled = reference.Calendar.SettledDay(day, practice.Reporting.WorkingDays);
            foreach (var period in schedule.PeriodsEndingBy(settled).Where(p => reference.Regulations.InForce(technique, p.To, province) is not null))
            {
                var id = AssessmentRound.Id(technique, province, period);
                if (opened.Contains(id))
                {
                    continue;
                }

                var openedOn = day.AddDays(1);
                var entry = new AssessmentRound.Event.Opened(
                    id, technique, province, period, openedOn.AddDays(practice.Proceedings.AssessmentClosesAfterDays), Scheduled: true, openedOn, Actor.Monitor);
                position = Math.Max(position, await Decide(id, state => AssessmentRound.Open(state, entry, settled), fence, cancellation));
            }
        }

        foreach (var id in due)
        {
            position = Math.Max(position, await Decide(id, state => state.ClosesOn <= day ? AssessmentRound.Conclude(state, day, Actor.Monitor) : Decision<AssessmentRound.Event>.Nothing, fence, cancellation));
        }

        return position;
    }

    /// <summary>Writes outcomes of concluded rounds into the qualifications, with what follows from them.</summary>
    /// <returns>A position by which they stand in the log; 0 when there was nothing to write.</returns>
    public async Task<long> CarryOut(Func<CancellationToken, Task<Reference>> reference, Fence fence, CancellationToken cancellation)
    {
        long position = 0;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        foreach (var id in await AssessmentRows.RoundsToRecord(connection, cancellation))
        {
            var events = (await log.ReadStream(AssessmentRound.Stream(id), cancellation: cancellation)).Select(e => (AssessmentRound.Event)e.Data).ToList();
            var known = await reference(cancellation);
            foreach (var sitting in (await AssessmentRows.ToRecordOf(connection, id, cancellation)).GroupBy(f => f.Sitting))
            {
                // As it was when that sitting was concluded: opened again since, it says nothing about the others.
                var round = AssessmentRound.AtConclusion(events, sitting.Key);
                var setting = known.EnforcementOf(round.Entry!.Technique, round.Entry.Province).On(round.ConcludedOn!.Value);
                AssessmentResult Result(FrozenAssessment frozen) => frozen.Result(known.Regulations, round);
                var held = false;
                // A person who concludes has seen how many fail; the clock has not.
                if (round.ConcludedBy == Actor.Monitor && setting is { Mode: EnforcementMode.Enforce })
                {
                    var failed = (await AssessmentRows.Of(connection, id, sitting.Key, cancellation)).Count(f => Result(f).Outcome == AssessmentOutcome.Failed);
                    held = Enforcement.MustHold(setting, failed, await AssessmentRows.Assessed(connection, id, cancellation));
                }

                foreach (var chunk in sitting.Chunk(AtOnce))
                {
                    position = Math.Max(position, (await Task.WhenAll(chunk.Select(frozen => Record(frozen, Result(frozen), round, setting, held, known, fence, cancellation)))).Max());
                }
            }
        }

        return position;
    }

    private async Task<long> Record(
        FrozenAssessment frozen, AssessmentResult result, AssessmentRound.State round, Enforcement.Set? setting, bool held, Reference reference, Fence fence, CancellationToken cancellation)
    {
        var entry = round.Entry!;
        var proceedings = frozen.JudgedBy(reference.Regulations).InPractice.Proceedings;
        var outcome = await commands.Execute(
            Aggregates.Qualifications,
            Qualification.Stream(frozen.Qualification),
            (state, today) => PeriodicAssessment.Record(
                state,
                frozen,
                result,
                new(entry.Round, frozen.Sitting, entry.Province, entry.Period, entry.Scheduled, setting, held, proceedings, round.ConcludedOn!.Value, today, reference.Calendar.AddWorkingDays(today, proceedings.HearingWorkingDays), round.ConcludedBy!)),
            cancellation,
            (_, events, _) => events.Count == 0 ? [] : [fence.Row]);
        var position = fence.PositionOf(outcome);
        if (outcome is Outcome<Qualification.State, Qualification.Event>.Done { Events.Count: > 0 } done)
        {
            logger.LogInformation("{Outcome} for {Qualification}, by round {Round}: {Events}", result.Outcome, frozen.Qualification, entry.Round, string.Join(", ", done.Events.Select(e => e.GetType().Name)));
        }

        return position;
    }

    private async Task<long> Decide(Guid round, Func<AssessmentRound.State, Decision<AssessmentRound.Event>> decide, Fence fence, CancellationToken cancellation)
    {
        var outcome = await commands.Execute(
            Aggregates.AssessmentRounds, AssessmentRound.Stream(round), (state, _) => decide(state), cancellation, (_, events, _) => events.Count == 0 ? [] : [fence.Row]);
        return fence.PositionOf(outcome);
    }
}
