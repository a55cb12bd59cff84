using Compliance.Service.Assessments;
using Compliance.Service.Calendars;
using Compliance.Service.Cases;
using Compliance.Service.Cases.Fhir;
using Compliance.Service.Devices;
using Compliance.Service.Metrics;
using Compliance.Service.Processes;
using Compliance.Service.Public;
using Compliance.Service.Qualifications;
using Compliance.Service.Registry;
using Compliance.Service.Regulations;
using Compliance.Service.Training;
using Compliance.Service.Webhooks;

namespace Compliance.Service;

/// <summary>Every endpoint there is.</summary>
public static class Endpoints
{
    public static void Map(WebApplication app)
    {
        Health.Map(app);
        if (app.Environment.IsDevelopment())
        {
            DevelopmentClock.Map(app);
        }

        var api = app.MapGroup("/api/v1");
        Institutions.Map(api);
        Physicians.Map(api);
        CalendarEndpoints.Map(api);
        RegulationEndpoints.Map(api);
        WhatIfEndpoint.Map(api);
        EnforcementEndpoints.Map(api);
        CaseEndpoints.Map(api);
        FhirEndpoints.Map(api);
        MetricsEndpoints.Map(api);
        ComplianceEndpoints.Map(api);
        DashboardEndpoints.Map(api);
        VerifiedTotalEndpoints.Map(api);
        QualificationEndpoints.Map(api);
        ApplicationEndpoints.Map(api);
        ImportQualifications.Map(api);
        ProposalEndpoints.Map(api);
        ScheduleEndpoints.Map(api);
        RoundEndpoints.Map(api);
        PackEndpoint.Map(api);
        DueEndpoint.Map(api);
        TrainingBaseEndpoints.Map(api);
        TrainingBaseLists.Map(api);
        RegisterEndpoints.Map(api);
        SnapshotEndpoints.Map(api);
        AnnouncementEndpoints.Map(api);
        DeviceRegistrationEndpoints.Map(api);
        DeviceReceiptEndpoints.Map(api);
        DeviceUsesEndpoint.Map(api);
        CaseDevicesEndpoint.Map(api);
        TraineeEndpoints.Map(api);
        TraineeLists.Map(api);
        SelectionRoundEndpoints.Map(api);
        SelectionApplicationEndpoints.Map(api);
        PublicSelectionEndpoint.Map(api);
        SelectedBases.Map(api);
        WebhookEndpoints.Map(api);
    }
}
