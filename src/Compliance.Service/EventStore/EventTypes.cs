using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace Compliance.Service.EventStore;

/// <param name="WireName">What mt_events.type holds: snake_case, explicit and frozen; renaming the C# type changes nothing stored.</param>
public sealed record EventType(string WireName, Type Type, JsonTypeInfo Json)
{
    /// <summary>mt_events.mt_dotnet_type, for Marten programs that have not registered the wire name.</summary>
    internal string DotnetType { get; } = $"{Type.FullName}, {Type.Assembly.GetName().Name}";
}

/// <summary>The one table of everything that may stand in the log.</summary>
public sealed partial class EventTypes
{
    private readonly Dictionary<Type, EventType> _byType = [];
    private readonly Dictionary<string, EventType> _byWireName = [];

    /// <exception cref="ArgumentException">A type or wire name occurs twice, a wire name is not snake_case or longer than the column's 500
    /// characters, or the JSON contract is another type's.</exception>
    public EventTypes(IEnumerable<EventType> types)
    {
        foreach (var type in types)
        {
            if (!SnakeCase().IsMatch(type.WireName) || type.WireName.Length > 500)
                throw new ArgumentException($"'{type.WireName}' is not a snake_case wire name of at most 500 characters.", nameof(types));
            if (type.Json.Type != type.Type)
                throw new ArgumentException($"The JSON contract of '{type.WireName}' is that of {type.Json.Type}, not of {type.Type}.", nameof(types));
            if (!_byType.TryAdd(type.Type, type))
                throw new ArgumentException($"{type.Type} is registered twice.", nameof(types));
            if (!_byWireName.TryAdd(type.WireName, type))
                throw new ArgumentException($"The wire name '{type.WireName}' is registered twice.", nameof(types));
        }
    }

    public IReadOnlyCollection<EventType> All => _byWireName.Values;

    /// <exception cref="ArgumentException">The type is not registered.</exception>
    public EventType For(Type type) =>
        _byType.TryGetValue(type, out var found) ? found : throw new ArgumentException($"{type} is not a registered event type.", nameof(type));

    public EventType? ForWireName(string wireName) => _byWireName.GetValueOrDefault(wireName);

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SnakeCase();
}

/// <summary>The log holds an event that this program cannot read: another program's, or a newer release's. Whoever meets it must stop there,
/// since going on would leave its effects out for ever.</summary>
public sealed class UnknownEventTypeException(string wireName, long position)
    : Exception($"The event at position {position} has the type '{wireName}', which this program does not know.")
{
    public string WireName { get; } = wireName;

    public long Position { get; } = position;
}
