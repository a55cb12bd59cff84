using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;

namespace Compliance.Service.Projections;

internal static class Rows
{
    /// <summary>Runs one statement with positional parameters; arrays are meant for <c>unnest</c>.</summary>
    public static async Task<int> Execute(this NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        // A lone string[] is an object[] too, and the compiler takes it for the list of parameters: it is one parameter.
        object[] parameters = values is string[]? [values] : values;
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>From so many documents on, sharing the parsing among the processors pays.</summary>
    private const int ManyDocuments = 200;

    /// <summary>The documents of a query of one jsonb column with one parameter, in its order; none when the parameter is an empty list.</summary>
    public static async Task<IReadOnlyList<T>> Documents<T>(this NpgsqlConnection connection, string sql, JsonTypeInfo<T> json, CancellationToken cancellation, string[] of)
    {
        if (of.Length == 0)
        {
            return [];
        }

        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = of });
        var documents = new List<byte[]>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                documents.Add(reader.GetFieldValue<byte[]>(0));
            }
        }

        return Parse(documents, json);
    }

    /// <summary>The documents, in their order.</summary>
    public static IReadOnlyList<T> Parse<T>(IReadOnlyList<byte[]> documents, JsonTypeInfo<T> json) => documents.Count < ManyDocuments
        ? [.. documents.Select(d => JsonSerializer.Deserialize(d, json)!)]
        : [.. documents.AsParallel().AsOrdered().Select(d => JsonSerializer.Deserialize(d, json)!)];
}
