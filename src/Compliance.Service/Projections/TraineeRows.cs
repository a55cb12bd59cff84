using System.Text.Json;
using Compliance.Service.EventStore;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Trainees as rows, and the cases they are logged as operators of.</summary>
internal static class TraineeRows
{
    /// <summary>Writes trainees as their streams say.</summary>
    /// <param name="streams">Whole, one for each trainee.</param>
    public static async Task Write(NpgsqlConnection connection, IEnumerable<IGrouping<string, RecordedEvent>> streams, CancellationToken cancellation)
    {
        var read = streams.Select(g => (State: Trainee.Fold(g.Select(e => (Trainee.Event)e.Data)), Events: g.ToList())).ToList();
        var ids = read.Select(r => r.State.Enrolment!.Trainee).ToArray();
        await connection.Execute(
            """
            insert into trainees (trainee, technique, kind, institution, physician, level, from_on, to_on, status, certified_on, doc)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::date[], $8::date[], $9::text[], $10::date[], $11::jsonb[])
            on conflict (trainee) do update set to_on = excluded.to_on, status = excluded.status, certified_on = excluded.certified_on, doc = excluded.doc
            """,
            cancellation,
            ids,
            read.Select(r => r.State.Enrolment!.Base.Technique).ToArray(),
            read.Select(r => r.State.Enrolment!.Base.Kind).ToArray(),
            read.Select(r => r.State.Enrolment!.Base.Institution).ToArray(),
            read.Select(r => r.State.Enrolment!.Physician).ToArray(),
            read.Select(r => (short)r.State.Enrolment!.Level).ToArray(),
            read.Select(r => r.State.Enrolment!.From).ToArray(),
            read.Select(r => r.State.Stay.To).ToArray(),
            read.Select(r => Http.Json.Name(r.State.Status)).ToArray(),
            read.Select(r => r.State.Certificate?.On).ToArray(),
            read.Select(r => JsonSerializer.Serialize(r.State, StoredJson.Default.TraineeState)).ToArray());
        await connection.Execute("delete from trainee_operators where trainee = any($1)", cancellation, ids);
        var operated = read.SelectMany(r => Operated(r.State, r.Events)).ToList();
        await connection.Execute(
            "insert into trainee_operators (case_id, trainee, position) select * from unnest($1::uuid[], $2::uuid[], $3::bigint[])",
            cancellation,
            operated.Select(o => o.CaseId).ToArray(),
            operated.Select(o => o.Trainee).ToArray(),
            operated.Select(o => o.Position).ToArray());
    }

    // Those that stand, each from where it was logged.
    private static IEnumerable<(Guid CaseId, Guid Trainee, long Position)> Operated(Trainee.State state, List<RecordedEvent> events)
    {
        var logged = events.Where(e => e.Data is Trainee.Event.CaseLogged).ToDictionary(e => ((Trainee.Event.CaseLogged)e.Data).Number, e => e.Position);
        return state.Cases.Where(c => c.Entry.Role == TrainingRole.Operator).Select(c => (c.CaseId, state.Enrolment!.Trainee, logged[c.Number]));
    }
}
