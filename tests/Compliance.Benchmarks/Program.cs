using System.Runtime.InteropServices;
using Compliance.Benchmarks;

using var stop = new CancellationTokenSource();

// The cluster is stopped and removed whoever ends the run; a second time is not listened to.
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await Options.Command((options, _) => Bench.Run(options, stop.Token)).Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null }, CancellationToken.None);
