using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary><c>/corrections</c>: the whole report anew, without outcomes. Taking a grave outcome, or one that a notice tells of, out of the figures in which it counts waits for the regulator.</summary>
public static class CorrectCase
{
    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{caseId}/corrections", Correct)
        .Command<CorrectionDocument, CaseChanged>("Corrects the report; 202 when it waits for the regulator", ChangeCase.Writers, 200, 202);

    private sealed record CorrectionDocument(string Reason, ReportWithoutOutcome Report);

    private static Task<IResult> Correct(HttpContext http, Caller caller, Answers answers, Reads reads, IEventStore log, string caseId) =>
        ChangeCase.Run(http, caller, answers, reads, log, caseId, asked =>
        {
            var reason = ChangeCase.Reason(asked.Body.Root);
            var sent = asked.Body.Root.Object("report");
            var read = ReportBody.Read(asked.Body, sent, asked.Reference, asked.Today, withOutcome: false);
            if (read is null)
                return null;
            // Another institution or number is another case: this one would be voided, and that one reported.
            if (read.Institution.Length > 0 && read.Institution != asked.Found.State.Key!.Institution)
                sent.Fault("institution", "cannotChange");
            if (read.CaseNumber.Length > 0 && read.CaseNumber != asked.Found.State.CaseNumber)
                sent.Fault("caseNumber", "cannotChange");
            return new(
                (state, _) => state.Report is null
                    ? Refusal.NotFound("noSuchCase")
                    : Case.Correct(state, read.Report, ReportingDeadline.Corrected(asked.Reference, read.Regulation, state, read.Report), reason, asked.By, asked.Held.Noticed),
                Awaits: state => read.Report.DifferencesFrom(state.Report!).Count == 0 ? null : ChangeCase.Pending(state, RequestedChange.Correction, of: null),
                Companions: _ => Patients.With(asked.Found.CaseId, read.Patient));
        },
        held: true);
}
