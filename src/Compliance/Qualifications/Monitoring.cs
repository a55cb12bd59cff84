using Compliance.Regulations;

namespace Compliance.Qualifications;

/// <summary>What a closed day leads to for a qualification: the monitor's part of the ladder.</summary>
public static class Monitoring
{
    /// <summary>
    /// What the monitor does about one closed day. Nothing under <c>observe</c>, but for the one thing in the
    /// subject's favour: that the grounds of its suspension no longer hold.
    /// </summary>
    /// <param name="held">True when too many would fall at once: then nobody is suspended, it is proposed.</param>
    /// <param name="rectificationMonths">整改期: of the regulation (NV-RECTIFY-3M, CI3-RECTIFY-3M), from the day the suspension takes effect.</param>
    /// <param name="recordedOn">The day of recording; what is decided takes effect the day after.</param>
    /// <param name="decisionDueOn">Five working days after the day of recording.</param>
    /// <param name="revocation">Of the province that proposed to revoke.</param>
    public static Decision<Qualification.Event> RecordClosing(
        Qualification.State state, Closing closing, Enforcement.Set? setting, bool held, int rectificationMonths, DateOnly recordedOn, DateOnly decisionDueOn, RevocationMode revocation = RevocationMode.Confirmed)
    {
        if (!IsJudged(state, closing.Day) || closing.Day <= state.LastJudgedOn)
        {
            return Decision<Qualification.Event>.Nothing;
        }

        var id = state.Id!.Value;
        if (state.Pending.FirstOrDefault(p => p.Sanction == Sanction.Revocation) is { } toRevoke && RevokesUnheard(toRevoke, closing.Day, recordedOn, revocation)
            && closing.GroundsHold != false && state.StandingSuspension is not ({ Undermined: true } or { ReviewPending: true }))
        {
            return Qualification.Revoked(state, toRevoke, "", recordedOn, Actor.Monitor);
        }

        if (state.StandingSuspension is { } suspension)
        {
            return closing.GroundsHold == false && !suspension.UnderminedOnce
                ? new Qualification.Event.GroundsUndermined(id, closing.Day, decisionDueOn, closing.Findings, Actor.Monitor)
                : Decision<Qualification.Event>.Nothing;
        }

        if (setting is null || setting.Mode == EnforcementMode.Observe || StartsAfresh(state, closing.Day))
        {
            return Decision<Qualification.Event>.Nothing;
        }

        var effectiveOn = recordedOn.AddDays(1);
        var breaches = closing.Findings.Where(f => f.IsBreach).ToList();
        var pending = state.Pending.Where(p => StillCalledFor(state, p, closing.Day, breaches)).ToList();
        var events = new List<Qualification.Event>(Qualification.Withdraw(state, p => !pending.Contains(p), closing.Day, Actor.Monitor));
        if (breaches.Count == 0)
        {
            if (state.Standing == Standing.Warned)
            {
                events.Add(new Qualification.Event.WarningLifted(id, closing.Day, effectiveOn, Actor.Monitor));
            }

            return new(events, null);
        }

        // Since the day's rows were written a person may have declined what they ask for: asked again of the state there is.
        var suspends = closing.WouldSuspend && WouldSuspend(state, closing.Day, closing.Findings);
        var grounds = new Grounds(closing.Regulation, closing.RegulationVersion, closing.Facts.Judged, closing.Facts.Counts, breaches);
        if (suspends && setting.Mode == EnforcementMode.Enforce && !held)
        {
            // A revocation proposed is weightier, and stays with the person it waits for.
            events.AddRange(Qualification.Withdraw(state, p => p.Sanction != Sanction.Revocation && pending.Contains(p), closing.Day, Actor.Monitor));
            events.Add(Qualification.SuspendedNow(id, closing.Day, recordedOn, rectificationMonths, setting.Province, null, grounds, null, Actor.Monitor));
            return new(events, null);
        }

        var proposes = suspends && !pending.Exists(p => p.Sanction == Sanction.Suspension);
        var warns = state.Standing == Standing.Good && breaches.Exists(f => !WasDeclined(state, Sanction.Warning, f));
        if (proposes || (warns && setting.Mode == EnforcementMode.Enforce))
        {
            // Something heavier takes the place of a warning proposed.
            events.AddRange(Qualification.Withdraw(state, p => p.Sanction == Sanction.Warning && pending.Contains(p), closing.Day, Actor.Monitor));
        }

        if (proposes)
        {
            events.Add(new Qualification.Event.SuspensionProposed(id, Qualification.NextProposal(state), closing.Day, setting.Province, setting.Mode == EnforcementMode.Enforce, grounds, Actor.Monitor));
        }

        if (warns && setting.Mode == EnforcementMode.Enforce)
        {
            events.Add(new Qualification.Event.Warned(id, closing.Day, effectiveOn, grounds, null, Actor.Monitor));
        }
        else if (warns && !proposes && pending.Count == 0)
        {
            events.Add(new Qualification.Event.WarningProposed(id, Qualification.NextProposal(state), closing.Day, setting.Province, grounds, Actor.Monitor));
        }

        return new(events, null);
    }

    // Where the province lets the system revoke, it does so once the days to ask for a hearing are over and nobody asked; what was said in a hearing a person weighs. Never while days are caught up with
    // after a standstill, nor on a later closing: whoever could not reach the system could not ask. And never while the suspension itself waits for a person's word.
    private static bool RevokesUnheard(Qualification.Proposal proposal, DateOnly day, DateOnly recordedOn, RevocationMode revocation) =>
        revocation == RevocationMode.Automatic && proposal is { HearUntil: { } until, HearingRequestedOn: null } && until == day && recordedOn == day.AddDays(1);

    /// <summary>
    /// True when a closing demands that the subject be suspended, by the monitor or on its proposal: in good or warned
    /// standing, with a finding whose effect is to suspend, that no person has declined while the same breach lasted.
    /// A proposal held before stays with the person it waits for.
    /// </summary>
    public static bool WouldSuspend(Qualification.State state, DateOnly day, IReadOnlyList<Finding> findings) =>
        IsJudged(state, day)
        && state.Standing is Standing.Good or Standing.Warned
        && !StartsAfresh(state, day)
        && !state.Pending.Any(p => p is { Sanction: Sanction.Suspension, Held: true, Round: null } && StillCalledFor(state, p, day, findings))
        && findings.Any(f => f.Suspends(day) && !WasDeclined(state, Sanction.Suspension, f));

    /// <summary>True when the monitor judges the subject on the day: its qualification has begun and has not ended.</summary>
    public static bool IsJudged(Qualification.State state, DateOnly day) => state.ValidityOn(day) == Validity.Valid;

    // A lifting decided today takes effect tomorrow: today's closing still sees the old observation, and must not suspend upon it again.
    private static bool StartsAfresh(Qualification.State state, DateOnly day) => state.IsSuspendedOn(day) || state.FreshStarts.Any(d => d > day);

    private static bool WasDeclined(Qualification.State state, Sanction sanction, Finding finding) =>
        state.Proposals.Any(p => p.Sanction == sanction && p.Agreed == false && finding.Since <= p.DecidedOn
            && ClausesOf(p).Any(g => g.Clause == finding.Clause));

    /// <summary>A proposal stands as long as one of the breaches it was made for does; others need a proposal of their own. What rests on an assessment no closing takes back.</summary>
    private static bool StillCalledFor(Qualification.State state, Qualification.Proposal p, DateOnly day, IEnumerable<Finding> findings) =>
        p.Sanction == Sanction.Revocation
        || p.Round is not null
        || findings.Any(f => (p.Sanction == Sanction.Suspension ? f.Suspends(day) : f.IsBreach)
            && ClausesOf(p).Any(g => g.Clause == f.Clause) && !WasDeclined(state, p.Sanction, f));

    /// <summary>The findings a standing suspension rests on: of those on record, the ones that demanded it and that nobody had declined.</summary>
    public static IReadOnlyList<Finding> SuspendedFor(Qualification.State state) =>
        state.StandingSuspension is { Grounds: { } grounds, JudgedOn: var judgedOn }
            ? state.StandingSuspension.Round is null
                ? [.. grounds.Findings.Where(f => f.Suspends(judgedOn) && !WasDeclined(state, Sanction.Suspension, f))]
                : [.. grounds.Findings.Where(f => f.FailsAssessment)]
            : [];

    /// <summary>The findings that a warning or a suspension was proposed for; a breach whose days were not over yet was no reason to suspend.</summary>
    private static IEnumerable<Finding> ClausesOf(Qualification.Proposal p) =>
        p.Grounds!.Findings.Where(g => p.Sanction != Sanction.Suspension || p.Round is not null || g.Suspends(p.JudgedOn!.Value));
}
