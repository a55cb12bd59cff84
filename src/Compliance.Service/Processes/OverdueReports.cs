using Compliance.Cases;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Processes;

/// <summary>
/// The monitor's part in announced procedures: records of each whose report was overdue when a day was closed that it fell overdue. Which those are the
/// closing has listed; a report that came since changes nothing about it.
/// </summary>
public sealed class OverdueReports(NpgsqlDataSource database, Commands commands, ILogger<OverdueReports> logger)
{
    /// <summary>Recorded side by side: they share the log's commits.</summary>
    private const int AtOnce = 64;

    /// <returns>A position by which all of it stands in the log, also when it was recorded before; 0 when there was nothing.</returns>
    public async Task<long> OnClosed(DateOnly day, Fence fence, CancellationToken cancellation)
    {
        IReadOnlyList<(ProcedureKey Procedure, DateOnly Deadline)> fallen;
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            fallen = await ProcedureRows.FellOverdue(connection, day, cancellation);
        }

        long position = 0;
        foreach (var chunk in fallen.Chunk(AtOnce))
        {
            position = Math.Max(position, (await Task.WhenAll(chunk.Select(f => Record(f.Procedure, f.Deadline, day, fence, cancellation)))).Max());
        }

        if (fallen.Count > 0)
        {
            logger.LogInformation("{Count} reports fell overdue when {Day:O} was closed", fallen.Count, day);
        }

        return position;
    }

    private async Task<long> Record(ProcedureKey procedure, DateOnly deadline, DateOnly day, Fence fence, CancellationToken cancellation) => fence.PositionOf(await commands.Execute(
        Aggregates.Procedures,
        Procedure.Stream(procedure.CaseId),
        (state, _) => Procedure.RecordOverdue(state, procedure, deadline, day),
        cancellation,
        (_, events, _) => events.Count == 0 ? [] : [fence.Row]));
}
