using System.Collections.Concurrent;

namespace Compliance.Service.Tests.Reckoning;

/// <summary>
/// Computing for minutes, on threads of its own. On the thread pool's it would starve the services of the tests beside it: the pool adds threads only slowly while the processors are busy, and a request that
/// needs one would wait until a history is lived through.
/// </summary>
internal static class OwnThreads
{
    public static Task ForEach<T>(IEnumerable<T> items, Action<T> action)
    {
        var queue = new ConcurrentQueue<T>(items);
        return Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (queue.TryDequeue(out var item))
                {
                    action(item);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }
}
