using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Compliance.Service.Tests.Events;

/// <summary>The types that stored JSON is made of, by reflection: what no golden file could show, it shows.</summary>
internal static class StoredShape
{
    /// <summary>What stands in stored JSON as one value, or as the document somebody sent. Anything else is a type of the domain, or a mistake.</summary>
    private static readonly HashSet<Type> Values =
        [typeof(string), typeof(bool), typeof(int), typeof(long), typeof(decimal), typeof(Guid), typeof(DateOnly), typeof(DateTimeOffset), typeof(JsonElement)];

    private static readonly NullabilityInfoContext Nullability = new();

    /// <param name="Shape">The type of the value itself: of the items for a list, of the value for a nullable one.</param>
    public sealed record Member(PropertyInfo Property, Type Shape, bool Nullable)
    {
        /// <summary>False for what was added later: events from before it are written as they were.</summary>
        public bool WrittenWhenNull => Property.GetCustomAttribute<JsonIgnoreAttribute>() is not { Condition: JsonIgnoreCondition.WhenWritingNull };

        public string? StoredName => Property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name;

        public override string ToString() => $"{Property.DeclaringType!.FullName}.{Property.Name}";
    }

    /// <summary>The members that are written: all public ones that are not ignored.</summary>
    public static IReadOnlyList<Member> Members(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetCustomAttribute<JsonIgnoreAttribute>() is not { Condition: JsonIgnoreCondition.Always })
            .Select(p => new Member(p, Shape(p.PropertyType), IsNullable(p))),
    ];

    public static bool IsValue(Type type) => Values.Contains(type);

    /// <summary>A type with members of its own.</summary>
    public static bool HasMembers(Type type) => !IsValue(type) && !type.IsEnum;

    /// <summary>The types reachable from these, themselves included.</summary>
    public static IReadOnlySet<Type> Reachable(IEnumerable<Type> roots)
    {
        var found = new HashSet<Type>();
        var waiting = new Stack<Type>(roots);
        while (waiting.TryPop(out var type))
        {
            if (found.Add(type) && HasMembers(type))
            {
                foreach (var member in Members(type))
                {
                    waiting.Push(member.Shape);
                }
            }
        }

        return found;
    }

    /// <summary>Every member of an event and of what it holds, with its path and its value; nothing below a null.</summary>
    public static IEnumerable<(string Path, Member Member, object? Value)> Walk(object of, Type type, string path = "")
    {
        foreach (var member in Members(type))
        {
            var value = member.Property.GetValue(of);
            var at = $"{path}/{member.Property.Name}";
            yield return (at, member, value);
            if (value is null || !HasMembers(member.Shape))
            {
                continue;
            }

            foreach (var item in value is IEnumerable items and not string ? items.Cast<object>() : [value])
            {
                foreach (var below in Walk(item, member.Shape, at))
                {
                    yield return below;
                }
            }
        }
    }

    /// <summary>Changes every object that a type of the domain is stored as; documents that somebody sent are left alone.</summary>
    public static void EachObject(JsonNode? node, Type type, Action<JsonObject, Type> change)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array)
                {
                    EachObject(item, type, change);
                }

                break;
            case JsonObject o when HasMembers(type):
                foreach (var member in Members(type))
                {
                    EachObject(o[member.StoredName!], member.Shape, change);
                }

                change(o, type);
                break;
        }
    }

    private static Type Shape(Type type) =>
        Nullable.GetUnderlyingType(type)
        ?? (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : type);

    private static bool IsNullable(PropertyInfo property) =>
        Nullable.GetUnderlyingType(property.PropertyType) is not null || Nullability.Create(property).ReadState == NullabilityState.Nullable;
}
