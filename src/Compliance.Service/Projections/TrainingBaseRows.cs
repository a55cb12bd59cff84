using System.Text.Json;
using Compliance.Regulations;
using Compliance.Training;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Training bases as rows: one for each, and the days on which it is recognised.</summary>
internal static class TrainingBaseRows
{
    /// <summary>Writes bases as their states say.</summary>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<TrainingBase.State> states, Reference reference, CancellationToken cancellation)
    {
        if (states.Count == 0)
        {
            return;
        }

        var ids = states.Select(s => s.Id!.Value).ToList();
        var (kinds, techniques, institutions) = (ids.Select(i => i.Kind).ToArray(), ids.Select(i => i.Technique).ToArray(), ids.Select(i => i.Institution).ToArray());
        await connection.Execute(
            """
            insert into training_bases (kind, technique, institution, status, review_due_on, reviewed_by, doc)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[], $7::jsonb[])
            on conflict (technique, kind, institution) do update set status = excluded.status, review_due_on = excluded.review_due_on, reviewed_by = excluded.reviewed_by, doc = excluded.doc
            """,
            cancellation,
            kinds,
            techniques,
            institutions,
            states.Select(s => Http.Json.Name(s.Status)).ToArray(),
            states.Select(s => s.ReviewDueOn(RulesOf(reference, s)?.ReviewEveryMonths)).ToArray(),
            states.Select(s => RulesOf(reference, s)?.Base(s.Id!.Value.Kind) is { } rule ? Http.Json.Name(rule.RecognisedBy) : null).ToArray(),
            states.Select(s => JsonSerializer.Serialize(s, StoredJson.Default.TrainingBaseState)).ToArray());
        await connection.Execute(
            """
            delete from training_base_spans s using unnest($1::text[], $2::text[], $3::text[]) as k (kind, technique, institution)
            where s.kind = k.kind and s.technique = k.technique and s.institution = k.institution
            """,
            cancellation,
            kinds,
            techniques,
            institutions);
        var spans = states.SelectMany(s => s.Recognitions.Where(r => !r.Days.IsEmpty).Select(r => (Id: s.Id!.Value, r.Days))).ToList();
        await connection.Execute(
            "insert into training_base_spans (kind, technique, institution, from_on, to_on) select * from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[])",
            cancellation,
            spans.Select(x => x.Id.Kind).ToArray(),
            spans.Select(x => x.Id.Technique).ToArray(),
            spans.Select(x => x.Id.Institution).ToArray(),
            spans.Select(x => x.Days.From).ToArray(),
            spans.Select(x => x.Days.To).ToArray());
    }

    /// <summary>By the version in force on the day the last look was recorded: one published later comes into force later, and sets the periods of what is recorded then. Null where nothing is owed.</summary>
    public static TrainingRules? RulesOf(Reference reference, TrainingBase.State state) =>
        state.LookedAtRecordedOn is { } day ? reference.Regulations.ForApplications(state.Id!.Value.Technique, day, province: null)?.Practice?.Training : null;
}
