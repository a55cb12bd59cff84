using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.EventStore;

/// <summary>A kind of row that can commit together with events: its statement, written once and run for all rows of a group at once.</summary>
public sealed class CompanionKind
{
    private readonly Column[] _columns;

    /// <param name="name">Answers a refused caller.</param>
    /// <param name="sql">One INSERT, UPDATE or DELETE without RETURNING, set-based over one array parameter per column, e.g.
    /// <c>insert into t (a, b) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing</c>. It must affect exactly one row per
    /// companion, otherwise the caller is refused.</param>
    /// <param name="columns">The element types of $1, $2, …</param>
    /// <exception cref="ArgumentException">A column type that is not supported.</exception>
    public CompanionKind(string name, string sql, params NpgsqlDbType[] columns)
    {
        Name = name;
        _columns = [.. columns.Select(Column.Of)];
        // The count is checked on the server, so that the check and the commit share a round trip: a wrong count divides by zero,
        // and the COMMIT behind it in the pipeline is skipped.
        Sql = $"with done as ({sql} returning 1) select 1 / (count(*) = ${columns.Length + 1})::int from done";
    }

    public string Name { get; }

    internal string Sql { get; }

    /// <summary>Values that do not fit must be found before they share a batch with other callers' rows.</summary>
    internal void Check(object?[] values)
    {
        if (values.Length != _columns.Length)
            throw new ArgumentException($"Companion '{Name}' takes {_columns.Length} values, not {values.Length}.", nameof(values));
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is { } value && value.GetType() != _columns[i].Type)
                throw new ArgumentException($"Value {i + 1} of companion '{Name}' is {value.GetType()}, not {_columns[i].Type}.", nameof(values));
        }
    }

    /// <summary>Equal rows of several callers are one row: for an assertion that all of them make. Otherwise each caller's row is its own.</summary>
    public bool Shared { get; init; }

    internal NpgsqlBatchCommand Command(IReadOnlyList<Companion> given)
    {
        IReadOnlyList<Companion> rows = Shared ? [.. given.DistinctBy(row => string.Join('\u001f', row.Values))] : given;
        var command = new NpgsqlBatchCommand(Sql);
        for (var i = 0; i < _columns.Length; i++)
        {
            var column = i;
            command.Parameters.Add(new NpgsqlParameter
            {
                NpgsqlDbType = NpgsqlDbType.Array | _columns[i].DbType,
                Value = _columns[i].ToArray(rows.Select(row => row.Values[column])),
            });
        }

        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = rows.Count, NpgsqlDbType = NpgsqlDbType.Bigint });
        return command;
    }

    private sealed record Column(NpgsqlDbType DbType, Type Type, Func<IEnumerable<object?>, Array> ToArray)
    {
        public static Column Of(NpgsqlDbType type) => type switch
        {
            NpgsqlDbType.Uuid => OfStruct<Guid>(type),
            NpgsqlDbType.Bigint => OfStruct<long>(type),
            NpgsqlDbType.Integer => OfStruct<int>(type),
            NpgsqlDbType.Smallint => OfStruct<short>(type),
            NpgsqlDbType.Boolean => OfStruct<bool>(type),
            NpgsqlDbType.Date => OfStruct<DateOnly>(type),
            // Npgsql writes only UTC into timestamptz; the instant is what is meant.
            NpgsqlDbType.TimestampTz => new(type, typeof(DateTimeOffset),
                values => values.Select(value => ((DateTimeOffset?)value)?.ToUniversalTime()).ToArray()),
            NpgsqlDbType.Text or NpgsqlDbType.Varchar or NpgsqlDbType.Jsonb => OfClass<string>(type),
            NpgsqlDbType.Bytea => OfClass<byte[]>(type),
            _ => throw new ArgumentException($"Companions have no columns of type {type} yet.", nameof(type)),
        };

        private static Column OfStruct<T>(NpgsqlDbType type)
            where T : struct => new(type, typeof(T), values => values.Select(value => (T?)value).ToArray());

        private static Column OfClass<T>(NpgsqlDbType type)
            where T : class => new(type, typeof(T), values => values.Select(value => (T?)value).ToArray());
    }
}

/// <summary>One row that commits with the events or not at all.</summary>
/// <param name="Values">One per column of the kind, of the column's CLR type (Guid, long, int, short, bool, DateOnly, DateTimeOffset,
/// string, byte[]) or null.</param>
public sealed record Companion(CompanionKind Kind, params object?[] Values);
