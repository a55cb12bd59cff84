using Compliance.Service;
using Compliance.Service.Demo;

// A demonstration closes seven hundred days: its own progress says enough.
string[] quietly = args.Contains("--demo") ? ["--Logging:LogLevel:Compliance.Service.Processes=Warning"] : [];
await using var service = await ComplianceService.Build([.. quietly, .. args.Where(a => a != "--demo")]);
await service.App.StartAsync();
if (args.Contains("--demo"))
{
    using var demonstration = new Demonstration(service.App, Console.Out);
    await demonstration.Run(service.App.Lifetime.ApplicationStopping);
}

await service.App.WaitForShutdownAsync();
