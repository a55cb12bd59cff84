using Compliance.Service.Http;

namespace Compliance.Service.Webhooks;

/// <summary>Whose a webhook is: a role, and the institution, physician or province of it; nothing for national.</summary>
public readonly record struct Owner(Role Role, string Id)
{
    /// <summary>Only of a role that may have webhooks.</summary>
    public static Owner Of(Caller caller) => new(caller.Role, caller.Role switch
    {
        Role.Hospital => caller.Institution!,
        Role.Physician => caller.Physician!,
        Role.Regulator => caller.Province!,
        Role.National => "",
        _ => throw new ArgumentOutOfRangeException(nameof(caller), caller.Role, "has no webhooks"),
    });
}

public enum EndedBecause
{
    /// <summary>By its owner.</summary>
    Deleted,

    /// <summary>The receiver answered 410.</summary>
    Gone,
}

public enum DeliveryState
{
    /// <summary>Goes out, now or after a pause, or once the earlier ones of its subject have.</summary>
    Pending,

    Delivered,

    /// <summary>Given up; holds back the later ones of its subject until its owner repeats or skips it.</summary>
    Dead,

    /// <summary>Never delivered, by its owner's decision.</summary>
    Skipped,
}

/// <param name="BeginsAfter">Position of the log; what lies behind it is told.</param>
public sealed record Webhook(Guid Id, Owner Owner, string Url, string Secret, string? Technique, long BeginsAfter, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, EndedBecause? EndedBecause)
{
    /// <summary>Whether its owner is told: what the owner's role may read, no more.</summary>
    /// <param name="places">Institutions at which the holder, a physician, is registered.</param>
    /// <param name="provinces">Of the regulators whom it concerns.</param>
    public bool IsTold(Telling telling, IReadOnlyCollection<string> places, IReadOnlyCollection<string> provinces) =>
        (Technique is null || Technique == telling.Technique)
        && Owner.Role switch
        {
            Role.National => true,
            Role.Regulator => provinces.Contains(Owner.Id),
            Role.Physician => telling.Holder == Subject.Physician(Owner.Id),
            Role.Hospital => telling.Holder == Subject.Institution(Owner.Id) || (telling.Audience == Audience.Standing && places.Contains(Owner.Id)),
            _ => false,
        };
}

/// <summary>What a webhook is to be told, or was.</summary>
/// <param name="N">Counts what one event tells.</param>
public sealed record Delivery(Guid Webhook, long Position, int N, string MessageId, string Subject, string Type, string Body);

/// <summary>A delivery that may go out.</summary>
/// <param name="Attempts">Made so far; whoever marks the next one asserts that there were no others meanwhile.</param>
public sealed record DueDelivery(long Position, int N, string MessageId, string Body, int Attempts);
