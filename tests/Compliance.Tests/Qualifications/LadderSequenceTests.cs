using Compliance.Assessments;
using Compliance.Metrics;
using Compliance.Qualifications;
using static Compliance.Tests.Qualifications.Ladder;
using Event = Compliance.Qualifications.Qualification.Event;
using State = Compliance.Qualifications.Qualification.State;

namespace Compliance.Tests.Qualifications;

/// <summary>
/// 连续2次评估不合格的和整改不合格的，取消资质 (NV-REVOKE-2X, NV-REVOKE-RECT), reading A6. A sequence is written as clauses.md section 8 writes it:
/// <list type="bullet">
/// <item>P, F, N: the round of the next year is concluded as passed, failed, not assessed.</item>
/// <item>oP, oF: the same while the province only observes; cF: while it confirms; hF: while too many fall at once.</item>
/// <item>~P, ~F: a round opened by hand whose period overlaps the last one's by half a year.</item>
/// <item>r+, r-: reassessed on the first day that may be, passed or failed.</item>
/// <item>L, A: the suspension is lifted, annulled. y, n: a person agrees to the last proposal, or declines it. G: the qualification is given up and granted anew.</item>
/// </list>
/// </summary>
public class LadderSequenceTests
{
    [Theory]

    // clauses.md, section 8
    [InlineData("F r+ P F r+", "active")]
    [InlineData("F r+ F", "revoked")]
    [InlineData("F r-", "revoked")]
    [InlineData("F r+ P", "active")]
    [InlineData("P F", "suspended")]

    // a first failure suspends, and nothing ends by itself
    [InlineData("", "active")]
    [InlineData("P", "active")]
    [InlineData("N", "active")]
    [InlineData("F", "suspended")]
    [InlineData("F r+", "active")]

    // a periodic assessment passed begins the row anew; the reassessment does not
    [InlineData("F r+ P F", "suspended")]
    [InlineData("F r+ P F r+ F", "revoked")]
    [InlineData("F r+ P F r+ P F r+ P F", "suspended")]
    [InlineData("P P P F r+ F", "revoked")]
    [InlineData("F r+ P F r-", "revoked")]

    // one that assessed nothing neither counts nor resets
    [InlineData("N F", "suspended")]
    [InlineData("F r+ N", "active")]
    [InlineData("F r+ N F", "revoked")]
    [InlineData("F r+ N N N F", "revoked")]
    [InlineData("F r+ N P N F", "suspended")]

    // rounds concluded while the province only observed do not enter the row, whichever way they ended
    [InlineData("oF", "active")]
    [InlineData("oF oF oF", "active")]
    [InlineData("oF F", "suspended")]
    [InlineData("F r+ oF", "active")]
    [InlineData("F r+ oP F", "revoked")]
    [InlineData("F r+ oF P F", "suspended")]

    // a lifting has no effect on the row
    [InlineData("F L", "active")]
    [InlineData("F L F", "revoked")]
    [InlineData("F L P F", "suspended")]

    // what was annulled should never have been: it is no failure
    [InlineData("F A", "active")]
    [InlineData("F A F", "suspended")]
    [InlineData("F A F r+ F", "revoked")]
    [InlineData("F r+ F A", "active")]
    [InlineData("F r+ F A F", "revoked")] // the first failure still stands

    // two rounds over overlapping days are one failure
    [InlineData("F r+ ~F", "suspended")]
    [InlineData("F r+ ~F r+ F", "revoked")] // the year after overlaps the round by hand, and not the first
    [InlineData("F r+ ~P F", "suspended")]

    // a new grant begins a clean row
    [InlineData("F r+ G F", "suspended")]
    [InlineData("F r+ G F r+ F", "revoked")]
    [InlineData("oF G F", "suspended")]

    // a revocation declined leaves the suspension and the row
    [InlineData("F r- n", "suspended")]
    [InlineData("F r- n r+", "active")]
    [InlineData("F r- n r-", "revoked")]
    [InlineData("F r+ F n", "suspended")]
    [InlineData("F r+ F n r+", "active")]
    [InlineData("F r+ F n r+ F", "revoked")]
    [InlineData("F r+ F n r+ P F", "suspended")]

    // where a person decides, the suspension waits for that person; the failure counts from the conclusion
    [InlineData("cF", "active")]
    [InlineData("cF y", "suspended")]
    [InlineData("cF y r+ F", "revoked")]
    [InlineData("cF y A F", "suspended")]
    [InlineData("hF", "active")]
    [InlineData("hF y r+ P F", "suspended")]
    [InlineData("hF y r-", "revoked")]
    public void EndsAs(string sequence, string standing)
    {
        Walk walk = new();
        foreach (string act in sequence.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            // A proposal pending is only ever declined, or falls with the failure it rests on.
            (walk.RevocationPending && act is not ("n" or "A")).ShouldBeFalse($"before {act} nobody was to be revoked yet");
            walk.Take(act);
        }

        walk.End().ShouldBe(standing);
    }

    /// <summary>One qualification on its way through the years: each act is taken on its own day, and taken twice.</summary>
    private sealed class Walk
    {
        private State _state = Granted;
        private DateOnly _today = new(2021, 1, 1);
        private DaySpan _lastPeriod = Year(2020);

        public bool RevocationPending => _state.Pending.Any(p => p.Sanction == Sanction.Revocation);

        public void Take(string act)
        {
            switch (act)
            {
                case "P" or "F" or "N" or "oP" or "oF" or "cF" or "hF":
                    Conclude(Year(_lastPeriod.To.AddMonths(6).Year), act);
                    break;
                case "~P" or "~F":
                    Conclude(new(_lastPeriod.From.AddMonths(6), _lastPeriod.To.AddMonths(6)), act);
                    break;
                case "r+" or "r-":
                    // Not a day earlier than the day after three months.
                    _today = _state.StandingSuspension!.RectificationEndsOn > _today ? _state.StandingSuspension.RectificationEndsOn : _today;
                    if (_today == _state.StandingSuspension.RectificationEndsOn)
                        When(_state, s => Reassess(s, passed: act == "r+", _today)).Result.ShouldBe("rectificationNotEnded");
                    Day(s => Reassess(s, passed: act == "r+", _today));
                    break;
                case "L":
                    Day(s => Lift(s, _today));
                    break;
                case "A":
                    Day(s => Annul(s, _today));
                    break;
                case "y" or "n":
                    Func<State, Decision<Event>> decide = DecideLast(_state, agree: act == "y", _today.AddDays(1));
                    Day(decide);
                    break;
                case "G":
                    Day(s => Relinquish(s, _today));
                    Day(s => Ladder.Grant(s, _today.AddDays(1)));
                    break;
                default:
                    throw new ArgumentException($"no act is written {act}", nameof(act));
            }
        }

        /// <summary>How it ends; a revocation proposed is confirmed by a named person once the days to ask for a hearing are over, and not before.</summary>
        public string End()
        {
            if (RevocationPending)
            {
                _today = _state.Pending.Single(p => p.Sanction == Sanction.Revocation).HearUntil!.Value;
                When(_state, s => Revoke(s, _today)).Result.ShouldBe("hearingPeriodOpen");
                Day(s => Revoke(s, _today));
            }

            return _state.Standing switch { Standing.Good => "active", Standing.Suspended => "suspended", Standing.Revoked => "revoked", _ => "warned" };
        }

        private void Conclude(DaySpan period, string act)
        {
            _lastPeriod = period;
            // Concluded in the spring after the period.
            DateOnly concludedOn = period.To.AddDays(75);
            _today = concludedOn > _today ? concludedOn : _today.AddDays(1);
            AssessmentOutcome outcome = act[^1] switch { 'P' => AssessmentOutcome.Passed, 'F' => AssessmentOutcome.Failed, _ => AssessmentOutcome.NotAssessed };
            EnforcementMode mode = act[0] switch { 'o' => EnforcementMode.Observe, 'c' => EnforcementMode.Confirm, _ => EnforcementMode.Enforce };
            _state = _state.Then(s => Concluded(s, period, outcome, _today, mode, held: act[0] == 'h'));
        }

        private void Day(Func<State, Decision<Event>> decide)
        {
            _today = _today.AddDays(1);
            _state = _state.Then(decide);
        }
    }
}
