namespace Compliance;

/// <summary>What a refusal means to the caller; mapped to an HTTP status in one place.</summary>
public enum RefusalKind
{
    /// <summary>The thing addressed is not there.</summary>
    NotFound,

    /// <summary>The request contradicts the present state.</summary>
    Conflict,

    /// <summary>The request itself is wrong, whatever the state.</summary>
    Invalid,
}

/// <summary>A command refused: a value, not an exception.</summary>
/// <param name="Kind">What it means to the caller.</param>
/// <param name="Code">A stable English identifier; the sentences for it stand in one table.</param>
/// <param name="Pointers">JSON pointers into the request that the refusal is about.</param>
/// <param name="Args">What the sentence names.</param>
public sealed record Refusal(RefusalKind Kind, string Code, IReadOnlyList<string> Pointers, params object[] Args)
{
    public static Refusal Conflict(string code, params object[] args) => new(RefusalKind.Conflict, code, [], args);

    public static Refusal NotFound(string code, params object[] args) => new(RefusalKind.NotFound, code, [], args);

    public static Refusal Invalid(string code, string pointer, params object[] args) => new(RefusalKind.Invalid, code, [pointer], args);
}

/// <summary>The outcome of a decide function: events to append (none when nothing changes), or a refusal.</summary>
public sealed record Decision<TEvent>(IReadOnlyList<TEvent> Events, Refusal? Refusal)
{
    /// <summary>Nothing changes: the decision was taken before, or there is nothing to decide.</summary>
    public static readonly Decision<TEvent> Nothing = new([], null);

    public static implicit operator Decision<TEvent>(Refusal refusal) => new([], refusal);

    public static implicit operator Decision<TEvent>(TEvent e) => new([e], null);

    public static Decision<TEvent> Of(params IReadOnlyList<TEvent> events) => new(events, null);
}
