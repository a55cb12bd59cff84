using System.Text;
using Compliance.Metrics;
using Compliance.Service.Projections;
using Domain = global::Compliance;
using Standings = Compliance.Qualifications;

namespace Compliance.Service.Tests.Reckoning;

/// <summary>All that the service says of one subject on one day, as it was read.</summary>
internal sealed record Read(
    FactsRead Facts, Counts RollingYear, Domain.Regulations.Regulation Regulation, Standings.Closing? LastClosing, IReadOnlyList<(DateOnly Day, Standings.Qualification.Event Event)> Decided);

/// <summary>The answers of both, as lines of text in the reckoner's words: what does not stand in both is a difference.</summary>
internal static class Comparison
{
    /// <summary>Everybody there is to ask about, those too who have cases and nothing else.</summary>
    public static IEnumerable<(Subject Subject, Technique Technique)> SubjectsOf(Reckoner reckoner) =>
        reckoner.Institutions.Select(Subject.Institution).Concat(reckoner.Physicians.Append("PX999").Select(Subject.Physician))
            .SelectMany(s => Enum.GetValues<Technique>().Select(t => (s, t)));

    /// <param name="now">True when the day is the reckoner's own: then the closings are compared too.</param>
    public static string? Difference(Reckoner reckoner, Subject subject, Technique technique, DateOnly asOf, bool now, Read read)
    {
        var expected = Expected(reckoner, subject, technique, asOf, now);
        var actual = Actual(read, asOf, now, reckoner.StandingOf(subject, technique) is { } standing && standing != Standing.Suspended);
        expected.Sort(StringComparer.Ordinal);
        actual.Sort(StringComparer.Ordinal);
        if (expected.SequenceEqual(actual))
        {
            return null;
        }

        var text = new StringBuilder($"{subject} {technique} on {asOf:O}\n");
        if (expected.ToHashSet().SetEquals(actual))
        {
            // One of them says something twice.
            text.Append($"  reckoner: {string.Join("\n            ", expected)}\n  service : {string.Join("\n            ", actual)}\n");
        }

        foreach (var (line, of) in expected.Except(actual).Select(l => (l, "reckoner")).Concat(actual.Except(expected).Select(l => (l, "service "))).OrderBy(x => x.l, StringComparer.Ordinal))
        {
            text.Append($"  {of}: {line}\n");
        }

        return text.ToString();
    }

    private static List<string> Expected(Reckoner reckoner, Subject subject, Technique technique, DateOnly asOf, bool now)
    {
        var standing = reckoner.StandingOf(subject, technique);
        var lines = new List<string>
        {
            "metrics " + reckoner.Metrics(subject, technique, asOf),
            $"overall {reckoner.Overall(subject, technique, asOf)}",
            $"standing {standing} valid {reckoner.IsValid(subject, technique, asOf)}",
        };
        foreach (var finding in reckoner.Findings(subject, technique, asOf))
        {
            lines.Add(Line(finding.Judged, finding.Current.Outcome));
            if (now && standing is { } s && s != Standing.Suspended && reckoner.IsValid(subject, technique, asOf.AddDays(-1)))
            {
                lines.Add($"since {finding.Judged.Clause} {finding.Since:O}");
            }
        }

        if (now)
        {
            lines.Add($"undermined {reckoner.IsUndermined(subject, technique)} suspended from {reckoner.SuspendedFrom(subject, technique):O}");
            lines.AddRange(reckoner.Proposals(subject, technique).Select(p => $"proposal {p.Number} {p.Kind} {p.State} held {p.Held} judged {p.JudgedOn:O} [{Clauses(p.Grounds)}]"));
            lines.AddRange(reckoner.DecisionsOn(subject, technique).Select(Line));
        }

        return lines;
    }

    // The judged day and the clauses of a withdrawal or of grounds undermined are said differently on purpose: what counts is that and when.
    private static string Line(Decision d) => d.Kind is DecisionKind.ProposalWithdrawn or DecisionKind.GroundsUndermined
        ? $"decision {d.RecordedOn:O} {d.Kind} proposal {d.Proposal}"
        : $"decision {d.RecordedOn:O} {d.Kind} judged {d.JudgedOn:O} effective {d.EffectiveOn:O} held {d.Held} proposal {d.Proposal} monitor {d.ByMonitor} [{Clauses(d.Grounds)}]";

    private static string Clauses(IEnumerable<string> clauses) => string.Join(' ', clauses.Order(StringComparer.Ordinal));

    private static string Line(Finding f, Outcome current) =>
        $"finding {f.Clause} {f.Outcome} current {current} judged {f.JudgedOn:O} over {f.Observation.From:O} to {f.Observation.To:O} complete {f.Observation.Complete}"
        + (f.Outcome is Outcome.Met or Outcome.Breached ? $" binding {f.Binding} count {f.Count} of {f.Numerator}/{f.Denominator}" : "");

    private static List<string> Actual(Read read, DateOnly asOf, bool now, bool compareRuns)
    {
        var state = read.Facts.Qualification;
        var counts = read.RollingYear;
        var year = DaySpan.RollingYear(asOf);
        Ratio Rate(Domain.Regulations.RateDefinition rate) => new(counts.Of(rate.Numerator), counts.Of(rate.Denominator));
        var findings = Domain.Regulations.Evaluation.Evaluate(read.Regulation, read.Facts.Facts);
        var overall = Domain.Regulations.Evaluation.Overall(findings);
        var lines = new List<string>
        {
            "metrics " + new Metrics(
                year.From, year.To, counts.Cases, counts.DiagnosticCases, counts.TherapeuticCases, counts.Level3PlusCases, counts.Level3PlusTherapeuticCases,
                counts.SevereComplicationCases, counts.TherapeuticSevereComplicationCases, counts.DeathCases, counts.TherapeuticDeathCases,
                counts.PossibleSevereComplicationCases, counts.PossibleDeathCases, counts.Incidents, counts.SeriousIncidents, counts.LateReports, counts.OverdueReports,
                Rate(read.Regulation.InPractice.SevereComplications), Rate(read.Regulation.InPractice.Mortality)),
            $"overall {overall}",
            $"standing {(state.Id is null ? null : state.Standing)} valid {state.ValidityOn(asOf) == Standings.Validity.Valid}",
        };
        foreach (var finding in findings.Where(f => f.Limit is not null))
        {
            var isRate = finding.Clause.Contains("-RATE-", StringComparison.Ordinal);
            lines.Add(Line(
                new Finding(
                    finding.Clause, Enum.Parse<Outcome>(finding.Measured.Outcome.ToString()), finding.Binding, finding.JudgedOn,
                    new(finding.Observation.From, finding.Observation.To, finding.Observation.Complete),
                    isRate ? null : (int?)finding.Measured.Actual, finding.Measured.Numerator, finding.Measured.Denominator),
                Enum.Parse<Outcome>(finding.Current!.Value.Outcome.ToString())));
            if (now && compareRuns && state.ValidityOn(asOf.AddDays(-1)) == Standings.Validity.Valid)
            {
                lines.Add($"since {finding.Clause} {read.LastClosing?.Findings.FirstOrDefault(f => f.Clause == finding.Clause)?.Since:O}");
            }
        }

        if (now)
        {
            lines.Add($"undermined {state.StandingSuspension?.Undermined ?? false} suspended from {state.StandingSuspension?.EffectiveOn:O}");
            lines.AddRange(state.Proposals.Select((p, i) =>
                $"proposal {i + 1} {p.Sanction} {(p.Withdrawn ? ProposalState.Withdrawn : p.Agreed switch { null => ProposalState.Pending, true => ProposalState.Agreed, _ => ProposalState.Declined })} held {p.Held} judged {p.JudgedOn:O} [{(p.Sanction == Standings.Sanction.Revocation ? "" : Clauses(p.Grounds))}]"));
            lines.AddRange(Decisions(read).Select(Line));
        }

        return lines;
    }

    private static string Clauses(Standings.Grounds? grounds) => grounds is null ? "" : Clauses(grounds.Findings.Select(f => f.Clause));

    private static IEnumerable<Decision> Decisions(Read read)
    {
        var proposals = read.Facts.Qualification.Proposals;
        foreach (var (day, e) in read.Decided)
        {
            Decision Of(DecisionKind kind, DateOnly? judgedOn, DateOnly effectiveOn, Standings.Grounds? grounds, Guid? proposal, bool held = false) => new(
                kind, default, default, judgedOn, day, effectiveOn, [.. grounds?.Findings.Select(f => f.Clause) ?? []], [], held,
                proposal is { } id ? proposals.ToList().FindIndex(p => p.Id == id) + 1 : null, e.By == Domain.Actor.Monitor);
            Standings.Qualification.Proposal? Of_(Guid? id) => proposals.FirstOrDefault(p => p.Id == id);
            var next = day.AddDays(1);
            switch (e)
            {
                case Standings.Qualification.Event.Warned w:
                    yield return Of(DecisionKind.Warned, w.JudgedOn, w.EffectiveOn, w.Grounds, w.ProposalId);
                    break;
                case Standings.Qualification.Event.WarningLifted w:
                    yield return Of(DecisionKind.WarningLifted, w.JudgedOn, w.EffectiveOn, null, null);
                    break;
                case Standings.Qualification.Event.WarningProposed w:
                    yield return Of(DecisionKind.WarningProposed, w.JudgedOn, next, w.Grounds, w.ProposalId);
                    break;
                case Standings.Qualification.Event.SuspensionProposed s:
                    yield return Of(DecisionKind.SuspensionProposed, s.JudgedOn, next, s.Grounds, s.ProposalId, s.Held);
                    break;
                case Standings.Qualification.Event.RevocationProposed r:
                    yield return Of(DecisionKind.RevocationProposed, null, next, null, r.ProposalId);
                    break;
                case Standings.Qualification.Event.ProposalWithdrawn w:
                    yield return Of(DecisionKind.ProposalWithdrawn, null, next, null, w.ProposalId);
                    break;
                case Standings.Qualification.Event.ProposalDecided { Agreed: false } d:
                    var declined = Of_(d.ProposalId)!;
                    yield return Of(
                        DecisionKind.ProposalDeclined, declined.JudgedOn, next, declined.Sanction == Standings.Sanction.Revocation ? null : declined.Grounds, d.ProposalId, declined.Held);
                    break;
                case Standings.Qualification.Event.Suspended s:
                    yield return Of(DecisionKind.Suspended, s.Grounds is null ? null : s.JudgedOn, s.EffectiveOn, s.Grounds, s.ProposalId, Of_(s.ProposalId)?.Held ?? false);
                    break;
                case Standings.Qualification.Event.SuspensionLifted l:
                    yield return Of(DecisionKind.Lifted, null, l.EffectiveOn, null, null);
                    break;
                case Standings.Qualification.Event.SuspensionAnnulled a:
                    yield return Of(DecisionKind.Annulled, null, a.EffectiveOn, null, null);
                    break;
                case Standings.Qualification.Event.Reinstated r:
                    yield return Of(DecisionKind.Reinstated, null, r.EffectiveOn, null, null);
                    break;
                case Standings.Qualification.Event.Reassessed { Passed: false }:
                    yield return Of(DecisionKind.ReassessmentFailed, null, next, null, null);
                    break;
                case Standings.Qualification.Event.Revoked r:
                    yield return Of(DecisionKind.Revoked, null, r.EffectiveOn, null, r.ProposalId);
                    break;
                case Standings.Qualification.Event.Relinquished r:
                    yield return Of(DecisionKind.Relinquished, null, r.EffectiveOn, null, null);
                    break;
                case Standings.Qualification.Event.GroundsUndermined g:
                    yield return Of(DecisionKind.GroundsUndermined, g.JudgedOn, next, null, null);
                    break;
            }
        }
    }
}
