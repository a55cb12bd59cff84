namespace Compliance.Service.Cases;

/// <summary>Everything under <c>/cases</c>, and what others say of them.</summary>
public static class CaseEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        ReportCase.Map(api);
        ImportCases.Map(api);
        CaseTemplate.Map(api);
        GetCase.Map(api);
        ListCases.Map(api);
        ReportOutcome.Map(api);
        FollowCase.Map(api);
        NoticeEndpoints.Map(api);
        AdjudicationEndpoints.Map(api);
        CorrectCase.Map(api);
        WithdrawOrRedeclare.Map(api);
        DecideOnCase.Map(api);
    }
}
