using System.Text.Json;
using Compliance.Calendars;
using Compliance.Regulations;
using Compliance.Service.EventStore;

namespace Compliance.Service.Processes;

/// <summary>A file that comes with the software differs from what the log holds under the same version.</summary>
public sealed class ShippedContentChangedException(string what)
    : Exception($"{what} is in the log with other content than this program ships. What was judged by it must stay explainable: changed content needs a new version.");

/// <summary>
/// Puts what the software ships into the log: calendars, regulations, and the day that a new log begins with. Run at
/// every start and on every node; what is there already is compared by its hash and left alone. A regulation that the log
/// holds in an earlier version is not amended by a release: what was coded and judged by it stays so, and who answers for
/// the rule publishes the new version, with the day from which it is in force.
/// </summary>
public sealed class Seeding(IEventStore log, Clock clock, ILogger<Seeding> logger)
{
    /// <summary>Nodes that start together meet here once or twice; a database just started may need some seconds.</summary>
    private const int Attempts = 30;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly Actor By = new("system", "shipped");

    /// <exception cref="ShippedContentChangedException">A shipped file was edited without raising its version.</exception>
    public async Task Begin(CancellationToken cancellation)
    {
        await Complete(Calendar.Stream, Calendars, cancellation);
        foreach (var id in ShippedRegulations.All.Select(s => s.Regulation.Id).Distinct())
        {
            await Complete(PublishedRegulation.Stream(id), (events, _) => Regulations(id, events), cancellation);
        }

        await Complete(Day.Stream, (events, today) => events.Count > 0 ? [] : [new Day.Closed(today.AddDays(-1))], cancellation);
    }

    private static List<object> Calendars(IReadOnlyList<object> events, DateOnly today)
    {
        var held = events.Cast<Calendar.Published>().ToList();
        var missing = new List<object>();
        foreach (var (year, hash) in ShippedCalendars.All.Select(s => (s.Calendar, s.Sha256)))
        {
            // One without a hash was put through the API before the software shipped that year: it is the log's word and holds.
            if (held.Exists(h => h.Year == year.Year && h.Version == year.Version && h.Hash is not null && h.Hash != hash))
            {
                throw new ShippedContentChangedException($"The calendar of {year.Year}, version {year.Version},");
            }

            if (!held.Exists(h => h.Year == year.Year && h.Version >= year.Version))
            {
                missing.Add(new Calendar.Published(year.Year, year.Version, year.Notice, year.Rest, year.MakeUp, hash, today, By));
            }
        }

        return missing;
    }

    private List<object> Regulations(string id, IReadOnlyList<object> events)
    {
        var held = events.Cast<PublishedRegulation.Published>().ToList();
        var shipped = ShippedRegulations.All.Where(s => s.Regulation.Id == id).ToList();
        if (held.Count == 0)
        {
            return [.. shipped.Select(s => new PublishedRegulation.Published(id, s.Regulation.Version, s.Regulation.Technique, JsonElement.Parse(s.Json), s.Sha256, By))];
        }

        // One that was published through the API before the software shipped it is the log's word and holds.
        if (shipped.Find(s => held.Exists(h => h.By == By && h.Version == s.Regulation.Version && h.Hash != s.Sha256)) is { } changed)
        {
            throw new ShippedContentChangedException($"Regulation {id}, version {changed.Regulation.Version},");
        }

        var newest = held.Max(h => h.Version);
        if (shipped.Exists(s => s.Regulation.Version > newest))
        {
            logger.LogInformation("This release ships a newer version of {Regulation} than version {Version}, which the log holds: it comes into force when it is published", id, newest);
        }

        return [];
    }

    // Another node may do the same at this moment: on a conflict look again, what is missing then may be nothing.
    private async Task Complete(string stream, Func<IReadOnlyList<object>, DateOnly, List<object>> missingFrom, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var events = await log.ReadStream(stream, cancellation: cancellation);
            var today = clock.Today;
            var missing = missingFrom([.. events.Select(e => e.Data)], today);
            if (missing.Count == 0)
            {
                return;
            }

            // Midnight must not pass in between: what is yesterday, and the day of recording, are of the day it was looked at.
            var request = new AppendRequest(stream, events.Count, missing) { NotAfter = Shanghai.EndOf(today) - TimeSpan.FromMicroseconds(1) };
            switch (await log.Append(request, cancellation))
            {
                case AppendResult.Appended:
                    logger.LogInformation("Seeded {Count} events into {Stream}", missing.Count, stream);
                    return;
                case AppendResult.Conflict or AppendResult.Expired or AppendResult.Unavailable when attempt < Attempts:
                    await Task.Delay(Pause, cancellation);
                    break;
                case var result:
                    throw new InvalidOperationException($"The stream {stream} cannot be seeded: {result}");
            }
        }
    }
}
