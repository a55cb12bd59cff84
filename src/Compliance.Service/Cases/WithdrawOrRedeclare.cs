using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary>
/// <c>/complications/{id}/withdraw</c>, <c>/death/withdraw</c>, <c>/relation</c> and <c>/void</c>: what a hospital takes back or calls unrelated. Where that would take a grave outcome out of the figures, or out of the reach of a notice, or discharge an announcement past its deadline, it waits for the regulator.
/// </summary>
public static class WithdrawOrRedeclare
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/cases/{caseId}/complications/{complicationId}/withdraw", WithdrawComplication)
            .Command<ReasonDocument, CaseChanged>("Withdraws a complication reported in error; 202 when it waits for the regulator", ChangeCase.Writers, 200, 202);
        api.MapPost("/cases/{caseId}/death/withdraw", WithdrawDeath)
            .Command<ReasonDocument, CaseChanged>("Asks to withdraw a death reported in error; it waits for the regulator", ChangeCase.Writers, 200, 202);
        api.MapPost("/cases/{caseId}/relation", Relate)
            .Command<RelationDocument, CaseChanged>("Declares anew whether an outcome is related; 202 when it waits for the regulator", [Role.Hospital], 200, 202);
        api.MapPost("/cases/{caseId}/void", Void)
            .Command<ReasonDocument, CaseChanged>("Takes back a case that should never have been reported; 202 when it waits for the regulator", ChangeCase.Writers, 200, 202);
    }

    private sealed record ReasonDocument(string Reason);

    private sealed record RelationDocument(string Of, Relation Relation, string Reason);

    private static Task<IResult> WithdrawComplication(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId, string complicationId) =>
        // Anything else, "death" above all, is not the name of a complication.
        Guid.TryParseExact(complicationId, "D", out var id)
            ? Withdraw(http, caller, answers, reads, log, caseId, id.ToString("D"))
            : Task.FromResult<IResult>(Problem.Hidden(http));

    private static Task<IResult> WithdrawDeath(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        Withdraw(http, caller, answers, reads, log, caseId, Case.TheDeath);

    private static Task<IResult> Withdraw(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId, string of) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var reason = ChangeCase.Reason(asked.Body.Root);
            return new((state, _) => Case.Withdraw(state, of, reason, asked.By), Awaits: state => ChangeCase.Pending(state, RequestedChange.Withdrawal, of));
        });

    private static Task<IResult> Relate(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var of = ChangeCase.Of(asked.Body.Root);
            var relation = asked.Body.Root.Choice<Relation>("relation");
            var reason = ChangeCase.Reason(asked.Body.Root);
            return new(
                (state, _) => Case.DeclareRelation(state, of, relation, reason, asked.By),
                // Only to be called unrelated is asked for; what is declared related again simply stands.
                Awaits: state => relation == Relation.Unrelated ? ChangeCase.Pending(state, RequestedChange.Relation, of) : null);
        });

    private static Task<IResult> Void(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var reason = ChangeCase.Reason(asked.Body.Root);
            return new(
                (state, day) => Case.Void(state, reason, asked.By, asked.Held.Noticed, asked.Held.AnnouncedDue < day),
                Awaits: state => state.Voided ? null : ChangeCase.Pending(state, RequestedChange.Void, of: null));
        },
        held: true);
}
