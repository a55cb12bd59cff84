using System.Text.Json;
using Compliance.Registry;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Registry;

/// <summary>The institutions of the registry, and from when their cases are all in the system.</summary>
public static class Institutions
{
    public sealed record InstitutionEntry(string Name, string Province, HospitalLevel Level, string? District = null, JsonElement? Facts = null);

    public sealed record InstitutionWritten(string Id, long Position);

    public sealed record CoverageEntry(DateOnly From);

    public sealed record CoverageWritten(string Id, string Technique, DateOnly From, long Position);

    /// <summary>A name and the day from which it stood in the registry.</summary>
    public sealed record NameShown(string Name, DateOnly From);

    /// <summary>The day from which all cases of the technique are in the system.</summary>
    public sealed record CoverageShown(string Technique, DateOnly From);

    /// <param name="Names">Every name it had here, oldest first; the last is the present one.</param>
    /// <param name="Coverage">By technique; a technique that is not named has none set, and its cases are taken as always complete.</param>
    public sealed record InstitutionShown(
        string Id,
        string Name,
        IReadOnlyList<NameShown> Names,
        string Province,
        string? District,
        HospitalLevel Level,
        IReadOnlyList<CoverageShown> Coverage,
        JsonElement? Facts);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPut("/institutions/{id}", Put)
            .Allows(Role.Regulator, Role.National)
            .TakesHeader("If-Match")
            .Describes<InstitutionEntry, InstitutionWritten>("Registers an institution, or changes its entry; 201 the first time", 201, 412)
            .Produces<InstitutionWritten>(200);
        api.MapPut("/institutions/{id}/coverage/{technique}", PutCoverage)
            .Allows(Role.Regulator, Role.National)
            .TakesHeader("If-Match")
            .Describes<CoverageEntry, CoverageWritten>("Says from when all cases of a technique are in the system", 200, 404, 412);
        api.MapGet("/institutions/{id}", Get)
            .AllowsEveryRole()
            .Takes("minPosition")
            .Describes<InstitutionShown>("An institution as it stands", 200, 404, 503);
        api.MapGet("/institutions", List)
            .AllowsEveryRole()
            .Takes("province", "limit", "cursor", "minPosition")
            .Describes<Page<InstitutionShown>>("The institutions by id", 200, 503);
    }

    // A regulator may change what lies in the province and leaves it there: moving an institution is for national.
    private static async Task<IResult> Put(HttpContext http, Caller caller, Answers answers)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var body = await Body.Read(http);
        var root = body.Root;
        var name = root.Text("name");
        var province = root.Text("province");
        var district = root.OptionalText("district");
        var level = root.Choice<HospitalLevel>("level");
        var facts = root.OptionalRaw("facts");
        if (province.Length > 0 && !Provinces.IsCode(province))
        {
            root.Fault("province", "invalidProvince");
        }

        if (facts is { ValueKind: not JsonValueKind.Object })
        {
            root.Fault("facts", "wrongType", new Term("object"));
        }

        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        // Asked inside the decision, so that it is the state written upon that allows it.
        var allowed = true;
        var first = false;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Institutions,
            Institution.Stream(id),
            body,
            (state, today) =>
            {
                first = state.Entry is null;
                allowed = caller.ActsIn(province) && (first || caller.ActsIn(state.Entry!.Province));
                return allowed
                    ? Institution.Register(state, new(id, name, province, district, level, facts, today, caller.Actor()))
                    : Refusal.Conflict("forbidden");
            },
            (_, events) => (first && events.Count > 0 ? 201 : 200, new { id }),
            reference: true);
        return allowed ? result : Problem.Forbidden(http);
    }

    private static async Task<IResult> PutCoverage(HttpContext http, Caller caller, Answers answers, Reads reads)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var technique = query.PathId("technique");
        if (technique.Length > 0 && !(await reads.Reference(http.RequestAborted)).Regulations.Techniques.Contains(technique))
        {
            query.PathFault("technique", "unknownTechnique");
        }

        var body = await Body.Read(http);
        var from = body.Root.Day("from");
        if (from > answers.Today)
        {
            body.Root.Fault("from", "futureDay");
        }

        if ((query.Refused(http) ?? body.Refused(http)) is { } refused)
        {
            return refused;
        }

        var allowed = true;
        var result = await answers.Command(
            http,
            caller,
            Aggregates.Institutions,
            Institution.Stream(id),
            body,
            (state, _) =>
            {
                allowed = state.Entry is null || caller.ActsIn(state.Entry.Province);
                return allowed ? Institution.SetCoverage(state, technique, from, caller.Actor()) : Refusal.Conflict("forbidden");
            },
            (_, _) => (200, new { id, technique, from }),
            reference: true);
        return allowed ? result : Problem.Forbidden(http);
    }

    private static async Task<IResult> Get(HttpContext http, Reads reads, IEventStore log)
    {
        var query = Query.Of(http);
        var id = query.PathId("id");
        var minPosition = query.Position();
        if ((query.Refused(http) ?? await reads.Shown(http, minPosition)) is { } refused)
        {
            return refused;
        }

        var (state, version) = await log.Institution(id, http.RequestAborted);
        if (state.Entry is null)
        {
            return Problem.Refused(http, "noSuchInstitution");
        }

        ETags.Set(http, version);
        return Results.Json(Show(state), Json.Options);
    }

    private static async Task<IResult> List(HttpContext http, Reads reads)
    {
        var query = Query.Of(http);
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

        var items = new List<InstitutionShown>();
        await using var connection = await reads.Open(http.RequestAborted);
        await using var command = new NpgsqlCommand(
            "select doc from institutions where id > $1 and ($2 is null or province = $2) order by id limit $3", connection);
        command.Parameters.Add(new() { Value = cursor?[0] ?? "" });
        command.Parameters.Add(new() { Value = (object?)province ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = limit + 1 });
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            items.Add(Show(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.InstitutionState)!));
        }

        return Results.Json(Paged.Cut(items, limit, i => [i.Id]), Json.Options);
    }

    private static InstitutionShown Show(Institution.State state) => new(
        state.Entry!.Institution,
        state.Entry.Name,
        [.. state.Names.Select(n => new NameShown(n.Name, n.From))],
        state.Entry.Province,
        state.Entry.District,
        state.Entry.Level,
        [.. state.Coverage.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => new CoverageShown(c.Key, c.Value))],
        state.Entry.Facts);
}
