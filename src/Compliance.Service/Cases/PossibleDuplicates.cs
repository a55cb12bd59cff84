using Compliance.Cases;
using Compliance.Service.EventStore;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

/// <summary>Another case that looks like one asked about.</summary>
internal readonly record struct LookAlike(Guid CaseId, string Institution, string Operator);

/// <summary>
/// Finds the cases that look like others by <see cref="CaseFlags.LookAlike"/>, by two short looks for each: at the few cases of its operator and day, and at the few of its patient. Either is bounded whatever stands in a report, so that
/// the cost of a case does not grow with the cases there are.
/// </summary>
internal static class PossibleDuplicates
{
    /// <summary>
    /// More cases than one person has in a life of angiography. A pseudonym with more was filled in by mistake and is no person's: by it alone nothing looks alike, whichever hospitals used it. Its cases are still compared within their
    /// operator's day.
    /// </summary>
    public const int MostOfOnePatient = 100;

    /// <summary>Rows of one pseudonym looked at for cases too new to be projected. A pseudonym with more is no person's, and must not cost more.</summary>
    private const int MostUnprojected = 20;

    /// <summary>The places in the list of those that look like another case not voided.</summary>
    /// <param name="log">For reports just received, of which each sees those before it in the list; null for cases that the rows show already.</param>
    public static async Task<HashSet<int>> Among(NpgsqlConnection connection, IEventStore? log, Reference reference, IReadOnlyList<CircumstancesAsked> asked, CancellationToken cancellation)
    {
        var of = asked.Select((a, i) => (Asked: a, Index: i)).Where(x => x.Asked.Pseudonym is not null).ToList();
        if (of.Count == 0)
            return [];
        var found = new HashSet<int>();
        if (log is not null)
        {
            AddRepeatsWithin(of, found);
            // Before the rows: a case that is projected in between is then found twice, and the other way round not at all.
            await AddUnprojected(connection, log, of, found, cancellation);
        }

        found.UnionWith((await Rows(connection, reference, [.. of.Select(x => x.Asked)], most: 1, cancellation)).Select(x => of[x.At].Index));
        return found;
    }

    /// <summary>The cases that look like one that the rows show; by either look at most so many.</summary>
    public static async Task<IReadOnlyList<LookAlike>> Of(NpgsqlConnection connection, Reference reference, CircumstancesAsked asked, int most, CancellationToken cancellation) =>
        asked.Pseudonym is null ? [] : [.. (await Rows(connection, reference, [asked], most, cancellation)).Select(x => x.Other).Distinct().OrderBy(o => o.CaseId)];

    // The first look is by operator and day, not by pseudonym: an operator has a handful of cases a day, a pseudonym filled in by mistake may have a million.
    // The second is by pseudonym, up to a bound; asked as a range in its order, the index is read only that far, and not all of a million entries into a bitmap first.
    // Each is one by one ("offset 0" keeps it so): a planner that may join as it likes reads all cases or all patients when statistics are young.
    private static async Task<List<(int At, LookAlike Other)>> Rows(NpgsqlConnection connection, Reference reference, IReadOnlyList<CircumstancesAsked> asked, int most, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            with k as (select * from unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::text[]) with ordinality as k (case_id, institution, operator, day, pseudonym, ord))
            select k.ord, same.case_id, same.institution, same.operator
            from k cross join lateral (
                select f.case_id, f.institution, f.operator from case_facts f
                where f.operator = k.operator and f.technique = any($6) and f.completed_on = k.day and not f.voided and f.case_id <> k.case_id
                  and (select p.pseudonym from compliance.patients p where p.case_id = f.case_id and p.hash = f.patient_hash) = k.pseudonym
                limit {most}) same
            union all
            select k.ord, same.case_id, same.institution, same.operator
            from k cross join lateral (
                select f.case_id, f.institution, f.operator
                from (select p.case_id, p.hash, count(*) over () as cases
                      from (select p.case_id, p.hash from compliance.patients p
                            where p.pseudonym between k.pseudonym and k.pseudonym order by p.pseudonym limit {MostOfOnePatient + 1}) p) p
                cross join lateral (
                    select f.case_id, f.institution, f.operator from case_facts f
                    where f.case_id = p.case_id and f.patient_hash = p.hash and f.completed_on = k.day and not f.voided and f.institution <> k.institution
                    offset 0) f
                where p.cases <= {MostOfOnePatient} and p.case_id <> k.case_id
                limit {most}) same
            """,
            connection);
        Add(command, asked.Select(a => a.CaseId), NpgsqlDbType.Uuid);
        Add(command, asked.Select(a => a.Institution), NpgsqlDbType.Text);
        Add(command, asked.Select(a => a.Report.Operator), NpgsqlDbType.Text);
        Add(command, asked.Select(a => a.Report.CompletedOn), NpgsqlDbType.Date);
        Add(command, asked.Select(a => a.Pseudonym!), NpgsqlDbType.Text);
        Add(command, reference.Regulations.Techniques, NpgsqlDbType.Text);
        var rows = new List<(int, LookAlike)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add(((int)reader.GetInt64(0) - 1, new(reader.GetGuid(1), reader.GetString(2), reader.GetString(3))));
        return rows;
    }

    // In one import, the second of two that look alike: the first was not there before it.
    private static void AddRepeatsWithin(IReadOnlyList<(CircumstancesAsked Asked, int Index)> of, HashSet<int> found)
    {
        // Of each patient and day the first case of an operator, and the institutions, of which two are enough to tell whether there is another: a chunk of one pseudonym costs no more than any.
        var byOperator = new Dictionary<(string, DateOnly, string), Guid>();
        var institutions = new Dictionary<(string, DateOnly), List<string>>();
        foreach (var (a, index) in of)
        {
            var (pseudonym, day) = (a.Pseudonym!, a.Report.CompletedOn);
            var key = (pseudonym, day, a.Report.Operator);
            if (!byOperator.TryAdd(key, a.CaseId) && byOperator[key] != a.CaseId)
                found.Add(index);
            var seen = institutions.TryGetValue((pseudonym, day), out var known) ? known : institutions[(pseudonym, day)] = [];
            if (seen.Exists(i => i != a.Institution))
                found.Add(index);
            if (seen.Count < 2 && !seen.Contains(a.Institution))
                seen.Add(a.Institution);
        }
    }

    private static async Task AddUnprojected(
        NpgsqlConnection connection, IEventStore log, IReadOnlyList<(CircumstancesAsked Asked, int Index)> of, HashSet<int> found, CancellationToken cancellation)
    {
        var candidates = new List<(int At, Guid CaseId)>();
        await using (var command = new NpgsqlCommand(
            $"""
            select k.ord, c.case_id
            from unnest($1::uuid[], $2::text[]) with ordinality as k (case_id, pseudonym, ord)
            cross join lateral (select p.case_id from compliance.patients p where p.pseudonym = k.pseudonym and p.case_id <> k.case_id limit {MostUnprojected}) c
            where (select true from case_facts f where f.case_id = c.case_id) is null
            """,
            connection))
        {
            Add(command, of.Select(x => x.Asked.CaseId), NpgsqlDbType.Uuid);
            Add(command, of.Select(x => x.Asked.Pseudonym!), NpgsqlDbType.Text);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                candidates.Add(((int)reader.GetInt64(0) - 1, reader.GetGuid(1)));
        }

        if (candidates.Count == 0)
            return;
        var events = await log.ReadStreams([.. candidates.Select(c => Case.Stream(c.CaseId)).Distinct()], cancellation: cancellation);
        var states = events.GroupBy(e => e.Stream).ToDictionary(g => g.Key, g => Case.Fold(g.Select(e => (Case.Event)e.Data)));
        foreach (var (at, caseId) in candidates)
        {
            var (a, index) = of[at];
            if (states.TryGetValue(Case.Stream(caseId), out var other) && !other.Voided
                && CaseFlags.LookAlike(new(a.CaseId, a.Institution, a.Report.Operator, a.Report.Technique, a.Report.CompletedOn), other.Key!))
            {
                found.Add(index);
            }
        }
    }

    private static void Add<T>(NpgsqlCommand command, IEnumerable<T> values, NpgsqlDbType type) => command.Parameters.Add(new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type });
}
