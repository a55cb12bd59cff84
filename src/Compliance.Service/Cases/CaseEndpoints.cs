namespace Compliance.Service.Cases;

/// <summary>Everything under <c>/cases</c>, what is owed about them, and what others say of them.</summary>
public static class CaseEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        ReportCase.Map(api);
        ImportCases.Map(api);
        CaseTemplate.Map(api);
        GetCase.Map(api);
        GetDeciders.Map(api);
        ListCases.Map(api);
        CaseChanges.Map(api);
        ListPossibleDuplicates.Map(api);
        ReportOutcome.Map(api);
        FollowCase.Map(api);
        NoticeEndpoints.Map(api);
        AdjudicationEndpoints.Map(api);
        CorrectCase.Map(api);
        WithdrawOrRedeclare.Map(api);
        DecideOnCase.Map(api);
        AnnounceProcedure.Map(api);
        Obligations.Map(api);
        CalendarFeeds.Map(api);
    }
}
