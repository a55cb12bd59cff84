using System.Text.Json;
using Compliance.Registry;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Registry;

/// <summary>The physicians of the registry. Their leaves stand in <see cref="Leaves"/>.</summary>
public static class Physicians
{
    /// <param name="Registrations">The places of practice, past ones too; exactly one is the main one on any day that has one.</param>
    public sealed record PhysicianEntry(string Name, IReadOnlyList<TitleShown> Titles, string LicenceScope, string Specialty, IReadOnlyList<RegistrationEntry> Registrations);

    /// <param name="To">Last day, included; left out while it lasts.</param>
    public sealed record RegistrationEntry(string Institution, DateOnly From, bool Main, DateOnly? To = null);

    public sealed record PhysicianWritten(string Id, long Position);

    /// <summary>A title and the first day it was held.</summary>
    public sealed record TitleShown(Title Title, DateOnly From);

    /// <param name="To">Last day, included; null while it lasts.</param>
    public sealed record RegistrationShown(string Institution, DateOnly From, DateOnly? To, bool Main);

    /// <param name="To">Last day, included.</param>
    /// <param name="Confirmed">By the regulator; only then it excuses.</param>
    public sealed record LeaveShown(Guid LeaveId, DateOnly From, DateOnly To, string Reason, bool Confirmed);

    /// <param name="Names">Every name here, oldest first; the last is the present one.</param>
    /// <param name="Province">Of the main registration today, or of the last there was; null when there was none.</param>
    public sealed record PhysicianRow(
        string Id,
        string Name,
        IReadOnlyList<Institutions.NameShown> Names,
        IReadOnlyList<TitleShown> Titles,
        string LicenceScope,
        string Specialty,
        IReadOnlyList<RegistrationShown> Registrations,
        string? Province);

    /// <param name="Names">Every name here, oldest first; the last is the present one.</param>
    /// <param name="Province">Of the main registration today, or of the last there was; null when there was none.</param>
    /// <param name="Leaves">Null for those who may not see them.</param>
    public sealed record PhysicianShown(
        string Id,
        string Name,
        IReadOnlyList<Institutions.NameShown> Names,
        IReadOnlyList<TitleShown> Titles,
        string LicenceScope,
        string Specialty,
        IReadOnlyList<RegistrationShown> Registrations,
        string? Province,
        IReadOnlyList<LeaveShown>? Leaves);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPut("/physicians/{id}", Put)
            .Allows(Role.Regulator, Role.National)
            .TakesHeader("If-Match")
            .Describes<PhysicianEntry, PhysicianWritten>("Registers a physician, or changes the entry; 201 the first time", 201, 409, 412)
            .Produces<PhysicianWritten>(200);
        api.MapGet("/physicians/{id}", Get)
            .AllowsEveryRole()
            .Takes("minPosition")
            .Describes<PhysicianShown>("A physician as the registry has him or her; leaves only for the physician, the hospitals of registration and the regulator", 200, 404, 503);
        api.MapGet("/physicians", List)
            .AllowsEveryRole()
            .Takes("institution", "province", "limit", "cursor", "minPosition")
            .Describes<Page<PhysicianRow>>("The physicians by id: those registered today at an institution, or whose province it is", 200, 503);
        Leaves.Map(api);
    }

    private static async Task<IResult> Put(HttpContext http, Caller caller, Answers answers, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var body = await Body.Read(http);
        var root = body.Root;
        var name = root.Text("name");
        var titles = root.Objects("titles", required: true).Select(t => new DatedTitle(t.Choice<Title>("title"), t.Day("from"))).ToList();
        var licenceScope = root.Text("licenceScope");
        var specialty = root.Text("specialty");
        var places = root.Objects("registrations", required: true);
        var registrations = places.Select(r => new Registration(r.Id("institution"), r.Day("from"), r.OptionalDay("to"), r.Flag("main"))).ToList();
        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        var (present, _) = await log.Physician(id, http.RequestAborted);
        var provinces = await log.Provinces([.. registrations, .. present.Entry?.Registrations ?? []], http.RequestAborted);
        foreach (var (place, registration) in places.Zip(registrations).Where(p => !provinces.ContainsKey(p.Second.Institution)))
        {
            place.Fault("institution", "unknownInstitution");
        }

        if (body.Refused(http) is { } unknown)
        {
            return unknown;
        }

        var allowed = true;
        var first = false;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Physicians,
            Physician.Stream(id),
            body,
            (state, today) =>
            {
                first = state.Entry is null;
                var deciding = Physician.DecidingWhoWrites(state, registrations, today);
                if (deciding.Any(r => !provinces.ContainsKey(r.Institution)))
                {
                    // Somebody changed the entry since the provinces were read.
                    return Refusal.Conflict("conflict");
                }

                allowed = caller.Role == Role.National || deciding.Any(r => caller.ActsIn(provinces[r.Institution]));
                return allowed
                    ? Physician.Register(state, new(id, name, titles, licenceScope, specialty, registrations, today, caller.Actor()))
                    : Refusal.Conflict("forbidden");
            },
            (_, events) => (first && events.Count > 0 ? 201 : 200, new { id }),
            reference: true);
        return allowed ? result : Problem.Forbidden(http);
    }

    private static async Task<IResult> Get(HttpContext http, Caller caller, Reads reads, IEventStore log, Clock clock)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var (state, version) = await log.Physician(id, http.RequestAborted);
        if (state.Entry is null)
        {
            return Problem.Refused(http, "noSuchPhysician");
        }

        var today = clock.Today;
        var row = Row(state, await log.ProvinceOf(state, today, http.RequestAborted));
        ETags.Set(http, version);
        return Results.Json(
            new PhysicianShown(row.Id, row.Name, row.Names, row.Titles, row.LicenceScope, row.Specialty, row.Registrations, row.Province, Leaves.ShownTo(caller, state, row.Province, today)),
            Json.Options);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads, Clock clock)
    {
        var query = Query.Of(http);
        var institution = query.OptionalId("institution");
        var province = query.OptionalText("province");
        var limit = query.Limit();
        var cursor = query.Cursor(1);
        var minPosition = query.Position();
        if (province is not null && !Provinces.IsCode(province))
        {
            query.Fault("province", "invalidProvince");
        }

        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var items = new List<PhysicianRow>();
        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            """
            select p.doc, main.province
            from physicians p
            left join lateral (
                select i.province from registrations r left join institutions i on i.id = r.institution
                where r.physician = p.id and r.main and r.from_on <= $4
                order by r.from_on desc limit 1
            ) main on true
            where p.id > $1
              and ($2 is null or exists (select from registrations r where r.physician = p.id and r.institution = $2 and $4 between r.from_on and r.to_on))
              and ($3 is null or main.province = $3)
            order by p.id limit $5
            """,
            connection);
        command.Parameters.Add(new() { Value = cursor?[0] ?? "" });
        command.Parameters.Add(new() { Value = (object?)institution ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)province ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = clock.Today });
        command.Parameters.Add(new() { Value = limit + 1 });
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            var state = JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.PhysicianState)!;
            items.Add(Row(state, reader.IsDBNull(1) ? null : reader.GetString(1)));
        }

        return Results.Json(Paged.Cut(items, limit, i => [i.Id]), Json.Options);
    }

    private static PhysicianRow Row(Physician.State state, string? province) => new(
        state.Entry!.Physician,
        state.Entry.Name,
        [.. state.Names.Select(n => new Institutions.NameShown(n.Name, n.From))],
        [.. state.Entry.Titles.OrderBy(t => t.From).Select(t => new TitleShown(t.Title, t.From))],
        state.Entry.LicenceScope,
        state.Entry.Specialty,
        [.. state.Entry.Registrations.OrderBy(r => r.From).Select(r => new RegistrationShown(r.Institution, r.From, r.To, r.Main))],
        province);
}
