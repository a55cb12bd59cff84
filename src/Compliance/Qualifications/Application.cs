using System.Diagnostics;
using System.Text.Json.Serialization;
using Compliance.Metrics;
using Compliance.Regulations;

namespace Compliance.Qualifications;

[JsonConverter(typeof(JsonStringEnumConverter<ApplicationStatus>))]
public enum ApplicationStatus
{
    /// <summary>Somebody's opinion is awaited.</summary>
    [StoredAs("Open")] Open,

    /// <summary>Given back to be corrected; the applicant submits it again.</summary>
    [StoredAs("Returned")] Returned,
    [StoredAs("Withdrawn")] Withdrawn,
    [StoredAs("Refused")] Refused,
    [StoredAs("Granted")] Granted,
}

[JsonConverter(typeof(JsonStringEnumConverter<OpinionDecision>))]
public enum OpinionDecision
{
    [StoredAs("Agree")] Agree,

    /// <summary>To be corrected.</summary>
    [StoredAs("Return")] Return,

    /// <summary>The province's alone: the others advise.</summary>
    [StoredAs("Refuse")] Refuse,
}

/// <summary>An opinion on an application, with who signed it, whose seal it bears, and its date.</summary>
public sealed record Opinion(
    [property: Stored("Step")] OpinionStep Step,
    [property: Stored("Decision")] OpinionDecision Decision,
    [property: Stored("Text")] string Text,
    [property: Stored("SignedBy")] string SignedBy,
    [property: Stored("Stamp")] Evidence Stamp,
    [property: Stored("SignedOn")] DateOnly SignedOn);

/// <summary>What a grant or a refusal rests on: the path, the version of the regulation, and how each of its clauses stood.</summary>
public sealed record ApplicationGrounds(
    [property: Stored("Number")] int Number,
    [property: Stored("Path")] string Path,
    [property: Stored("Regulation")] string Regulation,
    [property: Stored("Version")] int Version,
    [property: Stored("Results")] IReadOnlyList<ConditionResult> Results);

/// <summary>
/// An application (申请) for a qualification, from the applicant through the chain of opinions to the province, and what stays attested after the grant. It stands in the stream of the qualification,
/// so that a grant and the opinion it rests on are one append.
/// </summary>
public static class Application
{
    // These records ARE the storage format. Rename freely in C#; never change a stored name or a meaning.
    public abstract record Event(QualificationId Qualification, Actor By) : Qualifications.Qualification.Event(Qualification, By)
    {
        /// <param name="Number">1 for the first in the stream; the same when one given back is submitted again.</param>
        /// <param name="Path">Of the regulation.</param>
        /// <param name="Facts">Those attested with it.</param>
        public sealed record Submitted(
            QualificationId Qualification,
            [property: Stored("Number")] int Number,
            [property: Stored("Path")] string Path,
            [property: Stored("Regulation")] string Regulation,
            [property: Stored("Version")] int Version,
            [property: Stored("Facts")] IReadOnlyList<AttestedFact> Facts,
            [property: Stored("SubmittedOn")] DateOnly SubmittedOn,
            Actor By) : Event(Qualification, By);

        public sealed record FactsAttested(
            QualificationId Qualification,
            [property: Stored("Facts")] IReadOnlyList<AttestedFact> Facts,
            [property: Stored("AttestedOn")] DateOnly AttestedOn,
            Actor By) : Event(Qualification, By);

        public sealed record OpinionGiven(
            QualificationId Qualification,
            [property: Stored("Number")] int Number,
            [property: Stored("Opinion")] Opinion Opinion,
            Actor By) : Event(Qualification, By);

        public sealed record Returned(
            QualificationId Qualification,
            [property: Stored("Number")] int Number,
            [property: Stored("Reason")] string Reason,
            [property: Stored("ReturnedOn")] DateOnly ReturnedOn,
            Actor By) : Event(Qualification, By);

        public sealed record Withdrawn(
            QualificationId Qualification,
            [property: Stored("Number")] int Number,
            [property: Stored("Reason")] string Reason,
            [property: Stored("WithdrawnOn")] DateOnly WithdrawnOn,
            Actor By) : Event(Qualification, By);

        public sealed record Refused(
            QualificationId Qualification,
            [property: Stored("Reason")] string Reason,
            [property: Stored("RefusedOn")] DateOnly RefusedOn,
            [property: Stored("Grounds")] ApplicationGrounds Grounds,
            Actor By) : Event(Qualification, By);

        /// <summary>Reported to the ministry for the record (备案).</summary>
        public sealed record GrantFiled(
            QualificationId Qualification,
            [property: Stored("Grant")] int Grant,
            [property: Stored("Reference")] string Reference,
            [property: Stored("FiledOn")] DateOnly FiledOn,
            Actor By) : Event(Qualification, By);

        /// <summary>A qualified hospital sends qualified physicians (派驻) to one that is not yet.</summary>
        /// <param name="From">First day.</param>
        public sealed record AidBegun(
            QualificationId Qualification,
            [property: Stored("Hospital")] string Hospital,
            [property: Stored("Seconded")] IReadOnlyList<string> Seconded,
            [property: Stored("From")] DateOnly From,
            Actor By) : Event(Qualification, By);

        /// <param name="LastDay">Included.</param>
        public sealed record AidEnded(
            QualificationId Qualification,
            [property: Stored("Hospital")] string Hospital,
            [property: Stored("LastDay")] DateOnly LastDay,
            Actor By) : Event(Qualification, By);
    }

    /// <summary>Aid by one hospital with some physicians.</summary>
    /// <param name="To">Last day, included; null while it lasts.</param>
    public sealed record Aid(
        [property: Stored("Hospital")] string Hospital,
        [property: Stored("Seconded")] IReadOnlyList<string> Seconded,
        [property: Stored("From")] DateOnly From,
        [property: Stored("To")] DateOnly? To)
    {
        [JsonIgnore]
        public DaySpan Days => new(From, To ?? DateOnly.MaxValue);
    }

    /// <param name="Opinions">Those given since it was submitted last; the applicant's own is the submission.</param>
    /// <param name="Reason">Why it was given back, withdrawn or refused; null else.</param>
    public sealed record State(
        [property: Stored("Number")] int Number,
        [property: Stored("Path")] string Path,
        [property: Stored("Regulation")] string Regulation,
        [property: Stored("Version")] int Version,
        [property: Stored("Status")] ApplicationStatus Status,
        [property: Stored("SubmittedOn")] DateOnly SubmittedOn,
        [property: Stored("SubmittedBy")] Actor SubmittedBy,
        [property: Stored("Opinions")] IReadOnlyList<Opinion> Opinions,
        [property: Stored("Reason")] string? Reason)
    {
        /// <summary>Whose opinion is awaited; null when nobody's is.</summary>
        public OpinionStep? Next(QualificationPath path) => Status == ApplicationStatus.Open && Opinions.Count + 1 < path.Chain.Count ? path.Chain[Opinions.Count + 1] : null;
    }

    internal static Qualification.State Evolve(Qualification.State state, Event e) => e switch
    {
        Event.Submitted s => Attest(state, s.Facts) with
        {
            Id = s.Qualification,
            Application = new(s.Number, s.Path, s.Regulation, s.Version, ApplicationStatus.Open, s.SubmittedOn, s.By, [], null),
        },
        Event.FactsAttested a => Attest(state, a.Facts) with { Id = a.Qualification },
        Event.OpinionGiven o => Change(state, a => a with { Opinions = [.. a.Opinions, o.Opinion] }),
        Event.Returned r => Change(state, a => a with { Status = ApplicationStatus.Returned, Reason = r.Reason }),
        Event.Withdrawn w => Change(state, a => a with { Status = ApplicationStatus.Withdrawn, Reason = w.Reason }),
        Event.Refused r => Change(state, a => a with { Status = ApplicationStatus.Refused, Reason = r.Reason }),
        Event.GrantFiled f => state with { Grants = [.. state.Grants.Select(g => g.Number == f.Grant ? g with { FiledAs = f.Reference, FiledOn = f.FiledOn } : g)] },
        Event.AidBegun b => state with { Id = b.Qualification, Aids = [.. state.Aids, new(b.Hospital, b.Seconded, b.From, null)] },
        Event.AidEnded b => state with { Aids = [.. state.Aids.Select(a => a.To is null && a.Hospital == b.Hospital ? a with { To = b.LastDay } : a)] },
        _ => throw new UnreachableException($"an application knows no {e.GetType().Name}"),
    };

    private static Qualification.State Attest(Qualification.State state, IReadOnlyList<AttestedFact> facts) => state with { Attested = [.. state.Attested, .. facts] };

    private static Qualification.State Change(Qualification.State state, Func<State, State> change) => state with { Application = change(state.Application!) };

    /// <summary>The applicant submits, or submits again what was given back. What is attested already need not be attested again.</summary>
    /// <param name="facts">Checked against the regulation's facts.</param>
    public static Decision<Qualification.Event> Submit(
        Qualification.State state, QualificationId id, Regulation regulation, QualificationPath path, IReadOnlyList<AttestedFact> facts, DateOnly recordedOn, Actor by)
    {
        if (path.ClosedOn is { } closed)
        {
            return Refusal.Conflict("pathClosed", path.Id, closed);
        }

        if (state.Application is { Status: ApplicationStatus.Open } open)
        {
            return open.Path == path.Id && New(state, facts).Count == 0 ? Decision<Qualification.Event>.Nothing : Refusal.Conflict("applicationOpen", open.Number);
        }

        if (state.Grants is [.., { RevokedOn: null, RelinquishedOn: null } present])
        {
            return Refusal.Conflict("alreadyGranted", present.EffectiveOn);
        }

        if (state.Standing == Standing.Suspended || state.Pending.Any())
        {
            return Refusal.Conflict("proceedingPending");
        }

        var number = state.Application is { Status: ApplicationStatus.Returned } returned ? returned.Number : (state.Application?.Number ?? 0) + 1;
        return new Event.Submitted(id, number, path.Id, regulation.Id, regulation.Version, New(state, facts), recordedOn, by);
    }

    /// <summary>
    /// Attests facts, before the first opinion, while an application is with the applicant, and after the grant: the conditions of a grant stay conditions. While others give their
    /// opinions what they look at stands still; only the regulator adds what is the regulator's to attest.
    /// </summary>
    public static Decision<Qualification.Event> AttestFacts(Qualification.State state, QualificationId id, Regulation regulation, IReadOnlyList<AttestedFact> facts, DateOnly recordedOn, Actor by)
    {
        var added = New(state, facts);
        return added.Count == 0 ? Decision<Qualification.Event>.Nothing
            : state.Application is { Status: ApplicationStatus.Open, Opinions.Count: > 0 } && added.Any(f => regulation.Fact(f.Fact)?.AttestedBy != Attester.Regulator) ? Refusal.Conflict("applicationUnderReview")
            : new Event.FactsAttested(id, added, recordedOn, by);
    }

    // What the last word on a fact says already is not said again.
    private static IReadOnlyList<AttestedFact> New(Qualification.State state, IReadOnlyList<AttestedFact> facts) =>
        [.. facts.Where(f => state.Attested.LastOrDefault(held => held.Fact == f.Fact && held.HeldOn == f.HeldOn)?.Says(f) != true)];

    /// <summary>The next in the chain gives an opinion; none is left out, and their dates do not go back. The province grants by granting: here it gives back or refuses.</summary>
    /// <param name="regulation">The version of today.</param>
    /// <param name="known">What the clauses are held against, beside what is attested.</param>
    public static Decision<Qualification.Event> GiveOpinion(Qualification.State state, Regulation regulation, Opinion opinion, KnownBook known, DateOnly recordedOn, Actor by)
    {
        if (state.Application is not { } application)
        {
            return Refusal.Conflict("noSuchApplication");
        }

        if (application.Opinions.Contains(opinion))
        {
            return Decision<Qualification.Event>.Nothing;
        }

        if (Awaited(application, regulation, opinion, recordedOn) is { } refusal)
        {
            return refusal;
        }

        if (opinion.Decision == OpinionDecision.Refuse && opinion.Step != OpinionStep.Province)
        {
            return Refusal.Invalid("refusalIsTheProvinces", "/decision");
        }

        if (opinion is { Decision: OpinionDecision.Agree, Step: OpinionStep.Province })
        {
            return Refusal.Conflict("grantAgrees");
        }

        var id = state.Id!.Value;
        var given = new Event.OpinionGiven(id, application.Number, opinion, by);
        return opinion.Decision switch
        {
            OpinionDecision.Agree => given,
            OpinionDecision.Return => Decision<Qualification.Event>.Of(given, new Event.Returned(id, application.Number, opinion.Text, recordedOn, by)),
            OpinionDecision.Refuse => Decision<Qualification.Event>.Of(given, new Event.Refused(id, opinion.Text, recordedOn, Grounds(state, regulation, known), by)),
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>The province agrees and grants, in one append. Every clause of the path must be met.</summary>
    public static Decision<Qualification.Event> Grant(
        Qualification.State state, Regulation regulation, Opinion opinion, KnownBook known, DateOnly effectiveOn, string reference, DateOnly recordedOn, Actor by)
    {
        var application = state.Application!;
        var id = state.Id!.Value;
        if (application.Status == ApplicationStatus.Granted)
        {
            // Sent again, or too late.
            return Qualification.GrantIt(state, id, effectiveOn, reference, imported: false, by);
        }

        if (Awaited(application, regulation, opinion, recordedOn) is { } refusal)
        {
            return refusal;
        }

        var grounds = Grounds(state, regulation, known);
        if (grounds.Results.Where(r => !r.IsSatisfied).Select(r => r.Clause).ToList() is { Count: > 0 } unmet)
        {
            return Refusal.Conflict("conditionsNotMet", string.Join(", ", unmet));
        }

        var granted = Qualification.GrantIt(state, id, effectiveOn, reference, imported: false, by, grounds);
        return granted.Events.Count == 0 ? granted : new([new Event.OpinionGiven(id, application.Number, opinion, by), .. granted.Events], null);
    }

    private static ApplicationGrounds Grounds(Qualification.State state, Regulation regulation, KnownBook known) => new(
        state.Application!.Number,
        state.Application.Path,
        regulation.Id,
        regulation.Version,
        Conditions.Evaluate(regulation, regulation.Path(state.Application.Path)!, known.With(regulation, state.AttestedBy(known.AsOf))));

    private static Refusal? Awaited(State application, Regulation regulation, Opinion opinion, DateOnly recordedOn)
    {
        if (application.Status != ApplicationStatus.Open)
        {
            return Refusal.Conflict("applicationNotOpen", application.Status);
        }

        if (regulation.Path(application.Path) is not { ClosedOn: null } path)
        {
            return Refusal.Conflict("pathGone", application.Path, regulation.Id, regulation.Version);
        }

        if (application.Next(path) != opinion.Step)
        {
            return Refusal.Conflict("notTheNextOpinion");
        }

        var earliest = application.Opinions is [.., var last] ? last.SignedOn : application.SubmittedOn;
        return opinion.SignedOn < earliest ? Refusal.Invalid("signedTooEarly", "/signedOn", earliest)
            : opinion.SignedOn > recordedOn ? Refusal.Invalid("futureDay", "/signedOn")
            : opinion.Stamp.Date > recordedOn ? Refusal.Invalid("futureDay", "/stamp/date")
            : null;
    }

    /// <summary>The applicant takes the application back.</summary>
    public static Decision<Qualification.Event> Withdraw(Qualification.State state, string reason, DateOnly recordedOn, Actor by) => state.Application switch
    {
        null => Refusal.Conflict("noSuchApplication"),
        { Status: ApplicationStatus.Withdrawn } => Decision<Qualification.Event>.Nothing,
        { Status: ApplicationStatus.Open or ApplicationStatus.Returned } a => new Event.Withdrawn(state.Id!.Value, a.Number, reason, recordedOn, by),
        { } a => Refusal.Conflict("applicationNotOpen", a.Status),
    };

    /// <summary>The last grant is reported to the ministry.</summary>
    public static Decision<Qualification.Event> FileGrant(Qualification.State state, string reference, DateOnly recordedOn, Actor by) =>
        state.Grants is not [.., var last] ? Refusal.NotFound("noSuchQualification")
        : last.FiledAs is { } filed ? filed == reference ? Decision<Qualification.Event>.Nothing : Refusal.Conflict("grantFiled", filed)
        : new Event.GrantFiled(state.Id!.Value, last.Number, reference, recordedOn, by);

    /// <summary>Aid begins: the physicians seconded count as the institution's own until it ends, or until the grant.</summary>
    public static Decision<Qualification.Event> BeginAid(Qualification.State state, QualificationId id, string hospital, IReadOnlyList<string> seconded, DateOnly from, Actor by)
    {
        if (state.Aids.FirstOrDefault(a => a.To is null) is { } present)
        {
            return present.Hospital == hospital && present.From == from && present.Seconded.SequenceEqual(seconded) ? Decision<Qualification.Event>.Nothing : Refusal.Conflict("aidGoesOn", present.Hospital);
        }

        return state.Aids.Any(a => a.To >= from) ? Refusal.Invalid("aidOverlaps", "/from")
            : state.Grants is [.., { RevokedOn: null, RelinquishedOn: null } granted] ? Refusal.Conflict("alreadyGranted", granted.EffectiveOn)
            : new Event.AidBegun(id, hospital, seconded, from, by);
    }

    /// <summary>Aid ends. Days before it began are refused.</summary>
    public static Decision<Qualification.Event> EndAid(Qualification.State state, DateOnly lastDay, Actor by) =>
        state.Aids.FirstOrDefault(a => a.To is null) is { } present
            ? lastDay < present.From ? Refusal.Invalid("endsBeforeItBegins", "/lastDay") : new Event.AidEnded(state.Id!.Value, present.Hospital, lastDay, by)
            : state.Aids.Any(a => a.To == lastDay) ? Decision<Qualification.Event>.Nothing : Refusal.Conflict("noAid");
}
