using Compliance.Calendars;
using Compliance.Cases;
using Compliance.Service.EventStore;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Where changes to cases stand in the log, and in whose figures they are to be found. What they changed is read from the cases' events, for the few that are shown.</summary>
internal static class CaseChangeRows
{
    /// <summary>Adds the changes among new events: a row for each place, so that a case moved from one operator to another is found with both.</summary>
    public static async Task Write(NpgsqlConnection connection, List<(RecordedEvent Recorded, ChangeKind Kind)> changes, CancellationToken cancellation)
    {
        if (changes.Count == 0)
        {
            return;
        }

        var rows = changes.SelectMany(c => PlacesOf((Case.Event)c.Recorded.Data).Select(place => (c.Recorded, c.Kind, place.CaseId, place.Institution, place.Operator, place.Technique)).Distinct()).ToList();
        await connection.Execute(
            """
            insert into case_changes (position, case_id, institution, operator, technique, kind, day)
            select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[])
            """,
            cancellation,
            rows.Select(r => r.Recorded.Position).ToArray(),
            rows.Select(r => r.CaseId).ToArray(),
            rows.Select(r => r.Institution).ToArray(),
            rows.Select(r => r.Operator).ToArray(),
            rows.Select(r => r.Technique).ToArray(),
            rows.Select(r => Http.Json.Name(r.Kind)).ToArray(),
            rows.Select(r => Shanghai.DayOf(r.Recorded.RecordedAt)).ToArray());
    }

    private static IEnumerable<CaseKey> PlacesOf(Case.Event e) => e is Case.Event.Corrected corrected ? [corrected.Case, corrected.Before] : [e.Case];
}
