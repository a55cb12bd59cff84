using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
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
