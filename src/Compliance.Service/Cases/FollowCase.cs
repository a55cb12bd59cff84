using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

public sealed record FollowUpAnswer(Guid FollowUpId, int? Interval);

/// <summary>What a hospital owes about a case after it was reported: <c>/outcome-statement</c> and <c>/follow-ups</c> (NV-CASE-FOLLOWUP, CI-CASE-FOLLOWUP).</summary>
public static class FollowCase
{
    /// <summary>No follow-up interval is longer: ten years.</summary>
    private const int LongestInterval = 3_660;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/cases/{caseId}/outcome-statement", State)
            .Command<StatementDocument, CaseChanged>("States whether the patient was alive on day 30, and that complications are none or all reported; another statement takes its place", ChangeCase.Writers, 200);
        api.MapPost("/cases/{caseId}/follow-ups", FollowUp)
            .Command<FollowUpDocument, FollowUpAnswer>("Records a follow-up, and takes the place of the one recorded for the same interval; the same again answers 200 and changes nothing", ChangeCase.Writers, 201, 200);
    }

    /// <param name="Complications"><c>none</c>, or <c>reported</c>: all there were stand in the case.</param>
    private sealed record StatementDocument(bool AliveOnDay30, ComplicationsStated Complications);

    /// <param name="On">The day the patient's state was learnt, or sought in vain.</param>
    /// <param name="Interval">Of the regulation, in days after completion; without it the latest that had begun.</param>
    private sealed record FollowUpDocument(DateOnly On, FollowUpStatus Status, int? Interval = null, string? Remark = null);

    private static Task<IResult> State(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var alive = asked.Body.Root.Flag("aliveOnDay30");
            var complications = asked.Body.Root.Choice<ComplicationsStated>("complications");
            return new((state, day) => Case.StateOutcome(state, alive, complications, ReportingDeadline.RuleOf(asked.Reference, state), day, asked.By));
        });

    private static Task<IResult> FollowUp(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var root = asked.Body.Root;
            var interval = root.OptionalInteger("interval", 1, LongestInterval);
            var on = ReportBody.OutcomeDay(root, "on", asked.Found.State.Report!.CompletedOn, asked.Today);
            var status = root.Choice<FollowUpStatus>("status");
            var remark = root.OptionalText("remark", BodyObject.LongText, lines: true);
            return new(
                (state, day) => Case.RecordFollowUp(state, interval, on, status, remark, ReportingDeadline.RuleOf(asked.Reference, state), day, asked.By),
                (state, events) => events.Count > 0
                    ? (StatusCodes.Status201Created, new FollowUpAnswer(state.FollowUps[^1].Id, state.FollowUps[^1].Interval))
                    : (StatusCodes.Status200OK, Again(state.StandingFollowUps.Last(f => (f.On, f.Status, f.Remark) == (on, status, remark) && (interval is null || f.Interval == interval)))));
        });

    private static FollowUpAnswer Again(Case.FollowUp f) => new(f.Id, f.Interval);
}
