using System.Security.Cryptography;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Processes;
using Compliance.Service.Projections;
using Compliance.Service.Public;
using Compliance.Service.Training;
using Compliance.Service.Webhooks;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace Compliance.Service;

/// <summary>The service put together: database, log, projections, processes, endpoints.</summary>
public sealed class ComplianceService : IAsyncDisposable
{
    private readonly ServiceDatabase _database;

    private ComplianceService(WebApplication app, ServiceDatabase database) => (App, _database) = (app, database);

    public WebApplication App { get; }

    /// <summary>Brings the database up to date and builds the application; it answers once <see cref="App"/> is started.</summary>
    /// <param name="configure">For tests: changes to the services before the application is built.</param>
    public static async Task<ComplianceService> Build(string[] args, Action<WebApplicationBuilder>? configure = null, CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        if (!builder.Environment.IsDevelopment())
        {
            // Collectors read JSON; people in Development do not.
            builder.Logging.ClearProviders();
            builder.Logging.AddJsonConsole(o => o.UseUtcTimestamp = true);
        }

        var database = await ServiceDatabase.Open(builder.Configuration, cancellation);
        try
        {
            return new ComplianceService(await BuildApp(builder, database.Source, configure, cancellation), database);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private static async Task<WebApplication> BuildApp(WebApplicationBuilder builder, NpgsqlDataSource database, Action<WebApplicationBuilder>? configure, CancellationToken cancellation)
    {
        var clock = new Clock(TimeProvider.System);
        await clock.Load(database, cancellation);
        builder.AddComplianceHttp();
        var services = builder.Services;
        services.AddSingleton(clock);
        services.AddSingleton(database);
        services.AddSingleton(s =>
        {
            var ofTheService = s.GetRequiredService<Clock>();
            return new PostgresEventStore(database, EventTable.Types, () => ofTheService.AheadBy);
        });
        services.AddSingleton<IEventStore>(s => s.GetRequiredService<PostgresEventStore>());
        // Pages are static and protect nothing: no keys are to be written into somebody's home for them.
        services.AddRazorComponents();
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        services.AddSingleton<Commands>();
        services.AddSingleton<Answers>();
        services.AddSingleton<Reads>();
        services.AddSingleton<SnapshotGate>();
        services.AddSingleton<ReferenceCache>();
        services.AddSingleton(s => new ReadModel(s.GetRequiredService<IEventStore>(), database, ReadSchema.Living));
        services.AddSingleton(s => new Standings(s.GetRequiredService<IEventStore>(), database, ReadSchema.Living));
        services.AddSingleton<Seeding>();
        services.AddSingleton<ProjectionProcess>();
        services.AddSingleton(s => new Rebuild(s.GetRequiredService<IEventStore>(), database, ReadSchema.Living));
        services.AddSingleton<Reconciliation>();
        services.AddSingleton<StandingsProcess>();
        services.AddSingleton<ReconciliationProcess>();
        services.AddSingleton<Assessor>();
        services.AddSingleton<OverdueReports>();
        services.AddSingleton<DayMonitor>();
        services.AddSingleton<DayCloser>();
        services.AddSingleton<AttachmentScanner>();
        services.AddSingleton<SelectionAttachments>();
        services.AddSingleton(DeliveryTimes.Default);
        services.AddSingleton<Sender>();
        services.AddSingleton<WebhookRows>();
        services.AddSingleton<WebhookProcess>();
        services.AddHostedService(s => s.GetRequiredService<ProjectionProcess>());
        services.AddHostedService(s => s.GetRequiredService<StandingsProcess>());
        services.AddHostedService(s => s.GetRequiredService<DayMonitor>());
        services.AddHostedService(s => s.GetRequiredService<DayCloser>());
        services.AddHostedService(s => s.GetRequiredService<ReconciliationProcess>());
        services.AddHostedService(s => s.GetRequiredService<WebhookProcess>());
        if (builder.Environment.IsDevelopment())
        {
            var key = await DevelopmentKey(database, cancellation);
            services.PostConfigure<TokenOptions>(o => o.DevelopmentKey = key);
        }

        configure?.Invoke(builder);
        Training.AttachmentScanner.UrlIn(builder.Configuration);
        SelectionRetention.MonthsIn(builder.Configuration);
        var app = builder.Build();
        app.UseComplianceHttp();
        var closer = app.Services.GetRequiredService<DayCloser>();
        var seeding = app.Services.GetRequiredService<Seeding>();
        var log = app.Services.GetRequiredService<IEventStore>();
        if (!app.Environment.IsDevelopment() || await log.Head(cancellation) > 0)
        {
            await seeding.Begin(cancellation);
        }

        await closer.LastClosed(cancellation);
        var begun = false;
        app.Use(async (http, next) =>
        {
            if (http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
            {
                if (!begun)
                {
                    // In Development an empty log waits for its first request, so that its clock can still be set to any time.
                    await seeding.Begin(http.RequestAborted);
                    begun = await Checkpoints.WaitFor(database, ReadSchema.Living.Rows, await log.Head(http.RequestAborted), Checkpoints.LongestWait, http.RequestAborted);
                }

                if (!begun || (!HttpMethods.IsGet(http.Request.Method) && closer.IsBehind))
                {
                    await Problem.Of(http, 503, begun ? "closingMissingDays" : "notShownYet").Header("Retry-After", "5").ExecuteAsync(http);
                    return;
                }
            }

            await next(http);
        });
        Endpoints.Map(app);
        return app;
    }

    private static async Task<byte[]> DevelopmentKey(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with made as (insert into compliance.development_key (key) values ($1) on conflict do nothing returning key)
            select key from made union all select key from compliance.development_key limit 1
            """);
        command.Parameters.Add(new() { Value = RandomNumberGenerator.GetBytes(32) });
        return (byte[])(await command.ExecuteScalarAsync(cancellation))!;
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _database.DisposeAsync();
    }
}
