using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Compliance.Training;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Training;

/// <summary>What the forms of an application say of persons: names, ages, telephones, addresses. Beside the log, so that it can be destroyed without touching it.</summary>
/// <param name="Facts">By fact.</param>
/// <param name="Salt">Random, and kept with the text alone: a telephone number or an age by itself is guessed from its hash in seconds.</param>
/// <param name="Text">As it is kept and hashed.</param>
internal sealed record SelectionPersons(IReadOnlyDictionary<string, JsonElement> Facts, string Salt, string Text)
{
    private static readonly SelectionPersons None = new(new Dictionary<string, JsonElement>(), "", "{}");

    private static readonly CompanionKind Row = new(
        "selectionPersons",
        """
        insert into compliance.selection_persons (application, hash, salt, doc)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
        on conflict (application) do update set hash = excluded.hash, salt = excluded.salt, doc = excluded.doc
        """,
        NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text);

    /// <summary>The same text as was kept before keeps its salt, and so its hash: drafted again it is no change.</summary>
    public static SelectionPersons Of(IReadOnlyDictionary<string, JsonElement> facts, SelectionPersons before)
    {
        var text = JsonSerializer.Serialize(facts.OrderBy(f => f.Key, StringComparer.Ordinal).ToDictionary());
        return before.Salt.Length > 0 && before.Text == text ? before : new(facts, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), text);
    }

    /// <summary>SHA-256 of salt and text, in lower-case hexadecimal. It stands in the event and proves what stood here.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Salt + Text)));

    /// <summary>The row that goes with a draft, in place of the one before: nothing is kept of persons who are not named any more.</summary>
    public Companion With(Guid application) => new(Row, application, Hash, Salt, Text);

    /// <summary>As they stand; none where they were destroyed.</summary>
    public static async Task<SelectionPersons> Read(NpgsqlConnection connection, Guid application, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select salt, doc from compliance.selection_persons where application = $1", connection);
        command.Parameters.Add(new() { Value = application });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) && reader.GetString(1) is var text ? new(JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(text)!, reader.GetString(0), text) : None;
    }

    /// <summary>Notes who was shown what an application says of persons, in its forms or in a file. Before the answer goes out: what cannot be noted is not shown.</summary>
    public static Task NoteRead(NpgsqlConnection connection, Caller caller, Guid application, CancellationToken cancellation) =>
        connection.Execute("insert into compliance.selection_reads (caller, role, application) values ($1, $2, $3)", cancellation, caller.Name, caller.Actor().Role, application);
}

/// <summary>
/// How long what applications say of persons, and their files, are kept of those who did not become a base: so many months after the result (<c>Selection:KeepMonths</c>, 12 unless configured), by when every appeal is
/// over. Of a base they stay, since fraud may be found years later; so does what was decided on everybody, which stands in the log without them.
/// </summary>
internal static class SelectionRetention
{
    private const int DefaultMonths = 12;

    private const int MostMonths = 600;

    /// <summary>Asked as the service starts: a wrong number must not show when something is to be destroyed.</summary>
    public static int MonthsIn(IConfiguration configuration) =>
        configuration["Selection:KeepMonths"] is not { Length: > 0 } months ? DefaultMonths
        : int.TryParse(months, NumberStyles.None, CultureInfo.InvariantCulture, out var of) && of is >= 1 and <= MostMonths ? of
        : throw new InvalidOperationException($"Selection:KeepMonths must be a whole number from 1 to {MostMonths}.");

    /// <summary>Destroys them as a day closes: drafts, and whoever was not selected or was cancelled since, from the day after the corresponding day.</summary>
    public static async Task Destroy(NpgsqlDataSource database, DateOnly day, int months, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var applications = new List<Guid>();
        await using (var command = new NpgsqlCommand(
            """
            select a.round, a.institution
            from selection_applications a
            join selection_rounds r on r.round = a.round
            left join selection_outcomes o on o.round = a.round and o.institution = a.institution
            where r.concluded_on + make_interval(months => $2) < $1 and (a.cancelled or o.outcome is distinct from 'selected')
            """,
            connection))
        {
            command.Parameters.Add(new() { Value = day });
            command.Parameters.Add(new() { Value = months });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                applications.Add(SelectionApplication.IdOf(reader.GetGuid(0), reader.GetString(1)));
            }
        }

        if (applications.Count > 0)
        {
            await connection.Execute("delete from compliance.selection_persons where application = any($1)", cancellation, applications.ToArray());
            await connection.Execute("delete from compliance.selection_attachments where application = any($1)", cancellation, applications.ToArray());
        }
    }
}
