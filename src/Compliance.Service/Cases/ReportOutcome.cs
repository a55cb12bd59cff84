using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

public sealed record ComplicationAnswer(Guid ComplicationId);

public sealed record IncidentAnswer(Guid IncidentId);

/// <summary>What came of a procedure after it was reported: <c>/complications</c>, <c>/death</c>, <c>/incidents</c>.</summary>
public static class ReportOutcome
{
    /// <summary>一级 (the worst) to 四级医疗事故.</summary>
    private const int LowestGrade = 4;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/cases/{caseId}/complications", Complication)
            .Command<ComplicationDocument, ComplicationAnswer>("Reports a complication; the same again answers 200 and changes nothing", ChangeCase.Writers, 201, 200);
        api.MapPost("/cases/{caseId}/death", Death)
            .Command<DeathDocument, CaseChanged>("Reports a death; the same again changes nothing", ChangeCase.Writers, 200);
        api.MapPost("/cases/{caseId}/incidents", Incident)
            .Command<IncidentDocument, IncidentAnswer>("Records a malpractice incident as determined; the same again answers 200 and changes nothing", ChangeCase.Writers, 201, 200);
    }

    private sealed record IncidentDocument(int Grade, DateOnly DeterminedOn, Relation Relation);

    private static Task<IResult> Complication(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var state = asked.Found.State;
            var c = ReportBody.Complication(asked.Body.Root, ReportingDeadline.RegulationOf(asked.Reference, state), state.Report!.CompletedOn, asked.Today);
            return new(
                (now, day) => Case.ReportComplication(now, c, day, asked.By),
                (now, events) => Created(events, new ComplicationAnswer(events.OfType<Case.Event.ComplicationReported>().FirstOrDefault()?.ComplicationId ?? Case.Standing(now, c)!.Id)));
        });

    private static Task<IResult> Death(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var death = ReportBody.Death(asked.Body.Root, asked.Found.State.Report!.CompletedOn, asked.Today);
            return new((now, day) => Case.ReportDeath(now, death, day, asked.By));
        });

    private static Task<IResult> Incident(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var root = asked.Body.Root;
            var grade = root.Integer("grade", 1, LowestGrade);
            var determinedOn = ReportBody.OutcomeDay(root, "determinedOn", asked.Found.State.Report!.CompletedOn, asked.Today);
            var relation = root.Choice<Relation>("relation");
            return new(
                (now, _) => Case.RecordIncident(now, grade, determinedOn, relation, asked.By),
                (now, events) => Created(events, new IncidentAnswer(
                    events.OfType<Case.Event.IncidentRecorded>().FirstOrDefault()?.IncidentId
                    ?? now.Incidents.First(i => i.Grade == grade && i.DeterminedOn == determinedOn && i.Declared == relation).Id)));
        });

    private static (int Status, object Body) Created(IReadOnlyList<Case.Event> events, object body) =>
        (events.Count > 0 ? StatusCodes.Status201Created : StatusCodes.Status200OK, body);
}
