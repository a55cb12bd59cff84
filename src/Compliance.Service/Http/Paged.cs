using System.Text.Json;

namespace Compliance.Service.Http;

/// <summary>Pages cut from what was read.</summary>
public static class Paged
{
    /// <summary>A page of at most <paramref name="limit"/> of items read with one more than that: the one more says that there is a next page.</summary>
    /// <param name="keys">What the cursor continues from: the keys of an item, in the order of the list.</param>
    public static Page<T> Cut<T>(IReadOnlyList<T> items, int limit, Func<T, IReadOnlyList<string>> keys) =>
        items.Count > limit ? Page.Of([.. items.Take(limit)], Page.Cursor(keys(items[limit - 1]))) : Page.Of(items, null);
}

public static class Actors
{
    /// <summary>Who is recorded as having done it: role and person.</summary>
    public static Actor Actor(this Caller caller) => new(JsonNamingPolicy.CamelCase.ConvertName(caller.Role.ToString()), caller.Name);
}
