using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Service.Http;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Whose lines of the register some events may change.</summary>
internal sealed class RegisterTouched
{
    public HashSet<QualificationId> Qualifications { get; } = [];

    /// <summary>Their own lines, and those of the physicians who work there.</summary>
    public HashSet<string> Institutions { get; } = [];

    public HashSet<string> Physicians { get; } = [];

    public bool Nobody => Qualifications.Count + Institutions.Count + Physicians.Count == 0;

    public void Add(Qualification.Event e) => Qualifications.Add(e.Qualification);

    // Of the registry the register shows names and places: coverage and leaves are nothing to it.
    public void Add(Institution.Event e)
    {
        if (e is Institution.Event.Registered)
        {
            Institutions.Add(e.Institution);
        }
    }

    public void Add(Physician.Event e)
    {
        if (e is Physician.Event.Registered)
        {
            Physicians.Add(e.Physician);
        }
    }
}

/// <summary>
/// Keeps the lines of the public register: each qualification's are made anew, from qualification and registry as the rows have them, whenever an event touches one of the two.
/// </summary>
internal static class RegisterEntries
{
    /// <summary>Qualifications read at a time: the registration of a large institution's renaming, or of a nation, needs no more memory than that.</summary>
    private const int Chunk = 5_000;

    // Each part by its own index.
    private const string TouchedSql = """
        select kind, subject, technique from unnest($1::text[], $2::text[], $3::text[]) as k (kind, subject, technique)
        union
        select q.kind, q.subject, q.technique from qualifications q where q.kind = 'institution' and q.subject = any($4)
        union
        select q.kind, q.subject, q.technique from qualifications q where q.kind = 'physician' and q.subject = any($5)
        union
        select q.kind, q.subject, q.technique
        from registrations r
        join qualifications q on q.kind = 'physician' and q.subject = r.physician
        where r.main and r.institution = any($4)
        order by 1, 2, 3
        """;

    public static async Task Write(NpgsqlConnection connection, RegisterTouched touched, CancellationToken cancellation)
    {
        if (touched.Nobody)
        {
            return;
        }

        foreach (var chunk in (await Read(connection, touched, cancellation)).Chunk(Chunk))
        {
            await Write(connection, chunk, cancellation);
        }
    }

    private static async Task Write(NpgsqlConnection connection, QualificationId[] ids, CancellationToken cancellation)
    {
        var states = await FactsReader.Qualifications(connection, [.. ids.Select(id => id.Subject.Id).Distinct()], cancellation);
        // Until there is a grant there is nothing to list.
        QualificationId[] granted = [.. ids.Where(id => states[id].Grants.Count > 0)];
        if (granted.Length == 0)
        {
            return;
        }

        var people = await FactsReader.Physicians(connection, Ids(granted, SubjectKind.Physician), cancellation);
        var places = await FactsReader.Institutions(
            connection,
            [.. Ids(granted, SubjectKind.Institution).Concat(people.Values.SelectMany(p => p.Entry!.Registrations.Where(r => r.Main).Select(r => r.Institution))).Distinct()],
            cancellation);
        var registry = new KnownRegistry(places, people);
        var lines = granted.SelectMany(id => Register.Of(states[id], registry).Select(line => (Id: id, line.From, To: line.Until ?? DateOnly.MaxValue, line.Entry))).ToList();

        await connection.Execute(
            """
            delete from register_entries e using unnest($1::text[], $2::text[], $3::text[]) as k (kind, subject, technique)
            where e.kind = k.kind and e.subject = k.subject and e.technique = k.technique
            """,
            cancellation,
            granted.Select(id => id.Subject.KindName).ToArray(),
            granted.Select(id => id.Subject.Id).ToArray(),
            granted.Select(id => id.Technique).ToArray());
        await connection.Execute(
            """
            insert into register_entries (technique, kind, subject, from_on, to_on, standing, since, name, province, place, place_name)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[], $6::text[], $7::date[], $8::text[], $9::text[], $10::text[], $11::text[])
            """,
            cancellation,
            lines.Select(l => l.Id.Technique).ToArray(),
            lines.Select(l => l.Id.Subject.KindName).ToArray(),
            lines.Select(l => l.Id.Subject.Id).ToArray(),
            lines.Select(l => l.From).ToArray(),
            lines.Select(l => l.To).ToArray(),
            lines.Select(l => Json.Name(l.Entry.Standing)).ToArray(),
            lines.Select(l => l.Entry.Since).ToArray(),
            lines.Select(l => l.Entry.Holder.Name).ToArray(),
            lines.Select(l => l.Entry.Holder.Province).ToArray(),
            lines.Select(l => l.Entry.Holder.Place?.Id).ToArray(),
            lines.Select(l => l.Entry.Holder.Place?.Name).ToArray());
        await connection.Execute(
            "insert into register_touched (technique) select distinct technique from unnest($1::text[]) as t (technique) on conflict do nothing",
            cancellation,
            granted.Select(id => id.Technique).ToArray());
    }

    private static async Task<List<QualificationId>> Read(NpgsqlConnection connection, RegisterTouched touched, CancellationToken cancellation)
    {
        var found = new List<QualificationId>();
        await using var command = new NpgsqlCommand(TouchedSql, connection);
        command.Parameters.Add(new() { Value = touched.Qualifications.Select(q => q.Subject.KindName).ToArray() });
        command.Parameters.Add(new() { Value = touched.Qualifications.Select(q => q.Subject.Id).ToArray() });
        command.Parameters.Add(new() { Value = touched.Qualifications.Select(q => q.Technique).ToArray() });
        command.Parameters.Add(new() { Value = touched.Institutions.ToArray() });
        command.Parameters.Add(new() { Value = touched.Physicians.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(new(new(Json.Names<SubjectKind>()[reader.GetString(0)], reader.GetString(1)), reader.GetString(2)));
        }

        return found;
    }

    private static string[] Ids(IEnumerable<QualificationId> ids, SubjectKind kind) => [.. ids.Where(id => id.Subject.Kind == kind).Select(id => id.Subject.Id).Distinct()];
}
