using System.Globalization;
using System.Text.Json;
using Compliance.Service.Http;
using Compliance.Service.Metrics;
using Compliance.Service.Projections;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>Trainees by progress, and certificates, for whom they concern: a base its own, a physician his or her own, a regulator the bases of the province.</summary>
public static class TraineeLists
{
    private static readonly IReadOnlyList<Role> Readers = [Role.Hospital, Role.TrainingBase, Role.Physician, Role.Regulator, Role.National];

    private enum Progress
    {
        Complete,
        Incomplete,
    }

    /// <param name="Until">Last day of the stay.</param>
    /// <param name="Months">Whole months so far, net of days missed.</param>
    /// <param name="Met">Clauses of the path that are met.</param>
    /// <param name="Of">Clauses of the path.</param>
    public sealed record TraineeItem(
        Guid Trainee,
        TrainingBaseEndpoints.BaseNamed Base,
        string Physician,
        string Name,
        int Level,
        TraineeStatus State,
        DateOnly From,
        DateOnly Until,
        int Months,
        int Met,
        int Of,
        IReadOnlyList<string> Missing,
        bool Complete,
        TraineeEndpoints.CertificateShown? Certificate);

    public sealed record TraineesAnswer(IReadOnlyList<TraineeItem> Items, string? NextCursor, long Position);

    /// <param name="Level">The highest level it is good for; 0 where the regulation does not grade.</param>
    /// <param name="WithdrawnOn">Null while it stands.</param>
    public sealed record CertificateItem(
        string Number, DateOnly On, DateOnly? WithdrawnOn, Guid Trainee, string Physician, string Name, TrainingBaseEndpoints.BaseNamed Base, int Level, DateOnly From, DateOnly LastDay);

    public sealed record CertificatesAnswer(IReadOnlyList<CertificateItem> Items, string? NextCursor, long Position);

    private sealed record Asked(string? Technique, string? Base, string? Province, string? State, int Limit, (DateOnly Day, Guid Trainee)? After);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/trainees", List)
            .Allows(Readers)
            .Takes("base", "technique", "state", "progress", "province", "limit", "cursor", "minPosition")
            .Describes<TraineesAnswer>("Trainees with what they have done and what is missing, by first day; a page asked for by progress may be short although more follow", 200, 400, 403, 503);
        api.MapGet("/certificates", Certificates)
            .Allows(Readers)
            .Takes("technique", "province", "limit", "cursor", "minPosition")
            .Describes<CertificatesAnswer>("Certificates of training, by their day, those withdrawn among them", 200, 400, 403, 503);
    }

    private static async Task<IResult> List(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var state = query.OptionalChoice<TraineeStatus>("state");
        var progress = query.OptionalChoice<Progress>("progress");
        var (asked, refused) = await Ask(http, caller, reads, query, query.OptionalId("base"), state is { } s ? Json.Name(s) : null);
        if (asked is null)
            return refused!;
        var reference = await reads.Reference(http.RequestAborted);
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        var (states, next) = await Find(snapshot.Connection, caller, asked, certified: false, http.RequestAborted);
        var dossiers = await TraineeFacts.Dossiers(snapshot.Connection, reference, states, reads.Today, http.RequestAborted);
        var names = await Names(snapshot.Connection, states, http.RequestAborted);
        var items = dossiers.Where(d => progress is null || (progress == Progress.Complete) == (d.Dossier.Missing.Count == 0)).Select(d => Item(d.State, d.Dossier, d.Base, names));
        return Results.Json(new TraineesAnswer([.. items], next, snapshot.Position), Json.Options);
    }

    private static TraineeItem Item(Trainee.State state, Dossier dossier, TraineeFacts.BaseRead at, IReadOnlyDictionary<string, string> names)
    {
        var enrolment = state.Enrolment!;
        return new(
            enrolment.Trainee,
            TraineeEndpoints.Named(enrolment.Base, at),
            enrolment.Physician,
            names.GetValueOrDefault(enrolment.Physician, enrolment.Physician),
            enrolment.Level,
            state.Status,
            enrolment.From,
            state.Until,
            dossier.Months,
            dossier.Results.Count(r => r.IsSatisfied),
            dossier.Results.Count,
            dossier.Missing,
            dossier.Missing.Count == 0,
            TraineeEndpoints.CertificateOf(state));
    }

    private static async Task<IResult> Certificates(HttpContext http, Caller caller, Reads reads)
    {
        var query = Query.Of(http);
        var (asked, refused) = await Ask(http, caller, reads, query, at: null, state: null);
        if (asked is null)
            return refused!;
        var reference = await reads.Reference(http.RequestAborted);
        await using var snapshot = await Snapshot.Open(reads, http.RequestAborted);
        var (states, next) = await Find(snapshot.Connection, caller, asked, certified: true, http.RequestAborted);
        var bases = await TraineeFacts.Bases(snapshot.Connection, reference, [.. states.Select(s => s.Enrolment!.Base).Distinct()], reads.Today, http.RequestAborted);
        var names = await Names(snapshot.Connection, states, http.RequestAborted);
        return Results.Json(
            new CertificatesAnswer(
                [
                    .. states.Where(s => bases.ContainsKey(s.Enrolment!.Base)).Select(s => (State: s, Enrolment: s.Enrolment!, Certificate: s.Certificate!)).Select(x => new CertificateItem(
                        x.Certificate.Number,
                        x.Certificate.On,
                        x.Certificate.WithdrawnOn,
                        x.Enrolment.Trainee,
                        x.Enrolment.Physician,
                        names.GetValueOrDefault(x.Enrolment.Physician, x.Enrolment.Physician),
                        TraineeEndpoints.Named(x.Enrolment.Base, bases[x.Enrolment.Base]),
                        x.Enrolment.Level,
                        x.Enrolment.From,
                        x.State.LastDay)),
                ],
                next,
                snapshot.Position),
            Json.Options);
    }

    /// <summary>What both lists take; what is out of the caller's reach is refused.</summary>
    private static async Task<(Asked? Asked, IResult? Refused)> Ask(HttpContext http, Caller caller, Reads reads, Query query, string? at, string? state)
    {
        var technique = query.OptionalText("technique");
        var province = query.OptionalText("province");
        var limit = query.Limit();
        (DateOnly, Guid)? after = null;
        if (query.Cursor(keys: 2) is [var day, var trainee])
        {
            if (DateOnly.TryParseExact(day, "O", out var on) && Guid.TryParseExact(trainee, "D", out var id))
                after = (on, id);
            else
                query.Fault("cursor", "invalidCursor");
        }

        var minPosition = query.Position();
        await MetricsEndpoints.Known(query, reads, technique, http.RequestAborted);
        DashboardEndpoints.CheckProvince(query, province);
        if (query.Refused(http) is { } wrong)
            return (null, wrong);
        if (DashboardEndpoints.OutOfReach(caller, province) || (at is not null && caller.Institution is { } own && caller.Role is Role.Hospital or Role.TrainingBase && own != at))
            return (null, Problem.Forbidden(http));
        return await reads.Shown(http, minPosition) is { } late
            ? (null, late)
            : (new(technique, at, caller.Role == Role.Regulator ? caller.Province : province, state, limit, after), null);
    }

    private static async Task<(IReadOnlyList<Trainee.State> States, string? Next)> Find(NpgsqlConnection connection, Caller caller, Asked asked, bool certified, CancellationToken cancellation)
    {
        var day = certified ? "t.certified_on" : "t.from_on";
        await using var command = new NpgsqlCommand(
            $"""
             select t.doc
             from trainees t
             where ($1::text is null or t.technique = $1) and ($2::text is null or t.institution = $2) and ($3::text is null or t.physician = $3) and ($4::text is null or t.status = $4)
               and ($5::text is null or t.institution in (select i.id from institutions i where i.province = $5))
               and {day} is not null and ($6::date is null or ({day}, t.trainee) > ($6, $7::uuid))
             order by {day}, t.trainee
             limit $8
             """,
            connection);
        DashboardEndpoints.Add(command, asked.Technique);
        DashboardEndpoints.Add(command, caller.Role is Role.Hospital or Role.TrainingBase ? caller.Institution : asked.Base);
        DashboardEndpoints.Add(command, caller.Role == Role.Physician ? caller.Physician : null);
        DashboardEndpoints.Add(command, asked.State);
        DashboardEndpoints.Add(command, asked.Province);
        command.Parameters.Add(new() { Value = asked.After?.Day ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new() { Value = asked.After?.Trainee ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = asked.Limit + 1 });
        var states = new List<Trainee.State>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
                states.Add(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.TraineeState)!);
        }

        var page = Paged.Cut(states, asked.Limit, s => [(certified ? s.Certificate!.On : s.Enrolment!.From).ToString("O", CultureInfo.InvariantCulture), s.Enrolment!.Trainee.ToString("D")]);
        return (page.Items, page.NextCursor);
    }

    private static async Task<IReadOnlyDictionary<string, string>> Names(NpgsqlConnection connection, IReadOnlyList<Trainee.State> states, CancellationToken cancellation) =>
        (await FactsReader.Physicians(connection, [.. states.Select(s => s.Enrolment!.Physician).Distinct()], cancellation)).ToDictionary(p => p.Key, p => p.Value.Entry?.Name ?? p.Key);
}
