using Compliance.Service.EventStore;

namespace Compliance.Service.Processes;

/// <summary>Where a process's checkpoint stands. It commits, unmoved, with everything the process decides, so that one that has lost its place changes nothing.</summary>
public readonly record struct Fence(string Name, long Position)
{
    public Companion Row => Checkpoints.Move(Name, Position, Position);

    /// <summary>Where a process's own command left its stream. It is refused nothing: what can stop it is that it lost its place, or that the log cannot be written just now.</summary>
    /// <exception cref="CheckpointMovedException">Another node has taken over.</exception>
    /// <exception cref="LogUnavailableException">To be tried again.</exception>
    public long PositionOf<TState, TEvent>(Outcome<TState, TEvent> outcome) => outcome switch
    {
        Outcome<TState, TEvent>.Done done => done.Position,
        Outcome<TState, TEvent>.CompanionRefused => throw new CheckpointMovedException(Name, Position),
        Outcome<TState, TEvent>.Unavailable unavailable => throw new LogUnavailableException(unavailable.Reason),
        // Or this node's clock has not reached the day on which it is to be recorded.
        Outcome<TState, TEvent>.Refused { Refusal.Code: Commands.TooManyWriters } => throw new LogUnavailableException(Commands.TooManyWriters),
        _ => throw new InvalidOperationException($"A process was answered with {outcome}."),
    };
}
