using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Http;

/// <summary>What every read does first: its day is not in the future, and what it shows has reached the position asked for.</summary>
public sealed class Reads(NpgsqlDataSource database, Clock clock, ReferenceCache reference, Commands commands, IEventStore log)
{
    /// <summary>With every regulation, calendar and setting this node has published.</summary>
    public async Task<Reference> Reference(CancellationToken cancellation)
    {
        await commands.ReferenceShown(cancellation);
        return await reference.Get(cancellation);
    }

    /// <summary>The day it is in Asia/Shanghai.</summary>
    public DateOnly Today => clock.Today;

    /// <summary><c>asOf</c>, today unless given; a day in the future is refused.</summary>
    public DateOnly AsOf(Query query, string name = "asOf")
    {
        var today = clock.Today;
        var asOf = query.OptionalDay(name) ?? today;
        if (asOf > today)
        {
            query.Fault(name, "futureDay");
        }

        return asOf;
    }

    /// <summary>Null once metrics and lists show the position; else the 503 to answer with.</summary>
    public Task<Problem?> Shown(HttpContext http, long? position) => Reached(http, ReadSchema.Living.Rows, position);

    /// <summary>Null once the monitor, too, has dealt with the position, and the dashboards show it.</summary>
    public Task<Problem?> Judged(HttpContext http, long? position) => Reached(http, ReadSchema.Living.Standings, position);

    /// <summary>Null once that checkpoint has reached the position.</summary>
    public async Task<Problem?> Reached(HttpContext http, string checkpoint, long? position) =>
        // A position nobody has written yet is not waited for: anybody could ask for one.
        position is null || (position <= await log.Head(http.RequestAborted) && await Checkpoints.WaitFor(database, checkpoint, position.Value, Checkpoints.LongestWait, http.RequestAborted))
            ? null
            : Problem.Of(http, 503, "notShownYet").Header("Retry-After", "1");

    /// <summary>Where the rows stand, for <c>position</c> in answers; read before the rows, so that they show at least it.</summary>
    public Task<long> Position(CancellationToken cancellation) => Checkpoints.Read(database, ReadSchema.Living.Rows, cancellation);

    public ValueTask<NpgsqlConnection> Open(CancellationToken cancellation) => database.OpenConnectionAsync(cancellation);

    /// <summary>The province of an institution; null when it is unknown. Whoever has just registered it is within its reach at once.</summary>
    public async Task<string?> ProvinceOf(string institution, CancellationToken cancellation) =>
        (await ProvincesOf([institution], cancellation)).GetValueOrDefault(institution);

    /// <summary>The provinces of many institutions; those that are unknown are left out.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ProvincesOf(IReadOnlyCollection<string> institutions, CancellationToken cancellation)
    {
        await commands.ReferenceShown(cancellation);
        await using var command = database.CreateCommand("select id, province from institutions where id = any($1)");
        command.Parameters.Add(new() { Value = institutions.ToArray() });
        var provinces = new Dictionary<string, string>(institutions.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            provinces.Add(reader.GetString(0), reader.GetString(1));
        return provinces;
    }

    /// <summary>The province of a physician today: that of the main registration, or of the last there was.</summary>
    public async Task<string?> ProvinceOfPhysician(string physician, CancellationToken cancellation)
    {
        await commands.ReferenceShown(cancellation);
        await using var connection = await Open(cancellation);
        var people = await FactsReader.Physicians(connection, [physician], cancellation);
        return people.TryGetValue(physician, out var person) && person.LastMainBy(clock.Today) is { } main ? await ProvinceOf(main.Institution, cancellation) : null;
    }

    public Task<string?> ProvinceOf(Subject subject, CancellationToken cancellation) =>
        subject.Kind == SubjectKind.Institution ? ProvinceOf(subject.Id, cancellation) : ProvinceOfPhysician(subject.Id, cancellation);
}
