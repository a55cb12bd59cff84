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
}
