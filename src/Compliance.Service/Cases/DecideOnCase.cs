using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary><c>/requests/{id}/decide</c> and <c>/adjudications</c>: the regulator of the province, or national, by name.</summary>
public static class DecideOnCase
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/cases/{caseId}/requests/{requestId}/decide", Decide)
            .Command<DecisionDocument, CaseChanged>("Agrees to a hospital's request, which then takes effect, or refuses it", ChangeCase.Regulators, 200);
        api.MapPost("/cases/{caseId}/adjudications", Adjudicate)
            .Command<AdjudicationDocument, CaseChanged>("Settles whether an outcome is related to the procedure", ChangeCase.Regulators, 200);
    }

    private sealed record DecisionDocument(bool Agree, string Reason);

    private sealed record AdjudicationDocument(string Of, Relation Relation, string Reason);

    private static Task<IResult> Decide(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId, string requestId) =>
        Guid.TryParseExact(requestId, "D", out var id)
            ? ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
            {
                var agree = asked.Body.Root.Flag("agree");
                var reason = ChangeCase.Reason(asked.Body.Root);
                return new((state, _) => Case.DecideRequest(state, id, agree, reason, asked.By));
            })
            : Task.FromResult<IResult>(Problem.Hidden(http));

    private static Task<IResult> Adjudicate(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var of = ChangeCase.Of(asked.Body.Root);
            var relation = asked.Body.Root.Choice<Relation>("relation");
            var reason = ChangeCase.Reason(asked.Body.Root);
            return new((state, _) => Case.Adjudicate(state, of, relation, reason, asked.By));
        });
}
