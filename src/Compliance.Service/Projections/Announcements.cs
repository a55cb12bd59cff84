using Compliance.Calendars;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>
/// Writes down what is announced. A row is written once and never changed: who it was and where is what the log had known by the event, read from the streams themselves, since the rows may know later
/// events of the same batch already and a rebuild takes other batches.
/// </summary>
internal static class Announcements
{
    /// <summary>Announcements written at a time, with the streams of those they are about in memory.</summary>
    private const int Chunk = 1_000;

    public static async Task Write(
        NpgsqlConnection connection, IEventStore log, IReadOnlyList<(RecordedEvent Recorded, QualificationId Qualification, Announcement Announcement)> announced, CancellationToken cancellation)
    {
        foreach (var chunk in announced.Chunk(Chunk))
        {
            var upTo = chunk[^1].Recorded.Position;
            var subjects = chunk.Select(a => a.Qualification.Subject).Distinct().ToList();
            var people = await Streams(log, subjects.Where(s => s.Kind == SubjectKind.Physician).Select(s => Physician.Stream(s.Id)), upTo, cancellation);
            var mains = people.Values.SelectMany(of => of).Select(e => e.Data).OfType<Physician.Event.Registered>().SelectMany(p => p.Registrations.Where(r => r.Main)).Select(r => r.Institution);
            var places = await Streams(log, subjects.Where(s => s.Kind == SubjectKind.Institution).Select(s => s.Id).Concat(mains).Distinct().Select(Institution.Stream), upTo, cancellation);
            var annulled = await Streams(
                log, chunk.Where(a => a.Announcement.Act == AnnouncedAct.SuspensionAnnulled).Select(a => a.Recorded.Stream).Distinct(), upTo, cancellation);

            var rows = new List<(RecordedEvent Recorded, string Technique, Announcement Announcement, DateOnly Day, PublicHolder Holder, Guid? Withdraws)>();
            foreach (var (recorded, qualification, announcement) in chunk)
            {
                var day = Shanghai.DayOf(recorded.RecordedAt);
                // Somebody the registry has never heard of cannot be named, and is not told of by an id.
                if (Registry(people, places, qualification.Subject, recorded.Position).On(qualification.Subject, day) is { } holder)
                {
                    var withdraws = announcement.Act == AnnouncedAct.SuspensionAnnulled
                        ? annulled[recorded.Stream].LastOrDefault(e => e.Position < recorded.Position && e.Data is Qualification.Event.Suspended)?.Id
                        : null;
                    rows.Add((recorded, qualification.Technique, announcement, day, holder, withdraws));
                }
            }

            await connection.Execute(
                """
                insert into announcements (position, event_id, published, published_on, act, effective_on, technique, province, kind, institution, name, place, place_name, withdraws, base_kind)
                select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::date[], $5::text[], $6::date[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::text[])
                """,
                cancellation,
                rows.Select(r => r.Recorded.Position).ToArray(),
                rows.Select(r => r.Recorded.Id).ToArray(),
                rows.Select(r => r.Recorded.RecordedAt).ToArray(),
                rows.Select(r => r.Day).ToArray(),
                rows.Select(r => Json.Name(r.Announcement.Act)).ToArray(),
                rows.Select(r => r.Announcement.EffectiveOn).ToArray(),
                rows.Select(r => r.Technique).ToArray(),
                rows.Select(r => r.Holder.Province).ToArray(),
                rows.Select(r => Json.Name(r.Holder.Kind)).ToArray(),
                rows.Select(r => r.Holder.Id).ToArray(),
                rows.Select(r => r.Holder.Name).ToArray(),
                rows.Select(r => r.Holder.Place?.Id).ToArray(),
                rows.Select(r => r.Holder.Place?.Name).ToArray(),
                rows.Select(r => r.Withdraws).ToArray(),
                rows.Select(r => r.Announcement.BaseKind).ToArray());
        }
    }

    /// <summary>Of rounds of selection: they are named by their own title.</summary>
    public static Task WriteRounds(
        NpgsqlConnection connection, IReadOnlyList<(RecordedEvent Recorded, Guid Round, string Technique, string Title, Announcement Announcement)> announced, CancellationToken cancellation) =>
        announced.Count == 0 ? Task.CompletedTask : connection.Execute(
            """
            insert into announcements (position, event_id, published, published_on, act, effective_on, technique, kind, institution, name)
            select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::date[], $5::text[], $6::date[], $7::text[], $8::text[], $9::text[], $10::text[])
            """,
            cancellation,
            announced.Select(r => r.Recorded.Position).ToArray(),
            announced.Select(r => r.Recorded.Id).ToArray(),
            announced.Select(r => r.Recorded.RecordedAt).ToArray(),
            announced.Select(r => Shanghai.DayOf(r.Recorded.RecordedAt)).ToArray(),
            announced.Select(r => Json.Name(r.Announcement.Act)).ToArray(),
            announced.Select(r => r.Announcement.EffectiveOn).ToArray(),
            announced.Select(r => r.Technique).ToArray(),
            announced.Select(_ => Json.Name(Public.AnnouncedKind.SelectionRound)).ToArray(),
            announced.Select(r => r.Round.ToString("D")).ToArray(),
            announced.Select(r => r.Title).ToArray());

    private static async Task<Dictionary<string, List<RecordedEvent>>> Streams(IEventStore log, IEnumerable<string> streams, long upTo, CancellationToken cancellation) =>
        streams.ToList() is { Count: > 0 } some ? (await log.ReadStreams(some, upTo, cancellation)).GroupBy(e => e.Stream).ToDictionary(g => g.Key, g => g.ToList()) : [];

    /// <summary>What was known of one subject at a position.</summary>
    private static KnownRegistry Registry(Dictionary<string, List<RecordedEvent>> people, Dictionary<string, List<RecordedEvent>> places, Subject subject, long position)
    {
        Institution.State Place(string id) => Institution.Fold(By(places, Institution.Stream(id), position).Cast<Institution.Event>());

        if (subject.Kind == SubjectKind.Institution)
        {
            return new(new Dictionary<string, Institution.State> { [subject.Id] = Place(subject.Id) }, new Dictionary<string, Physician.State>());
        }

        var person = Physician.Fold(By(people, Physician.Stream(subject.Id), position).Cast<Physician.Event>());
        return new(
            (person.Entry?.Registrations ?? []).Where(r => r.Main).Select(r => r.Institution).Distinct().ToDictionary(id => id, Place),
            new Dictionary<string, Physician.State> { [subject.Id] = person });
    }

    private static IEnumerable<object> By(Dictionary<string, List<RecordedEvent>> streams, string stream, long position) =>
        streams.GetValueOrDefault(stream)?.TakeWhile(e => e.Position < position).Select(e => e.Data) ?? [];
}
