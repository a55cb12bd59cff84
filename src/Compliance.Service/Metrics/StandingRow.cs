using System.Text.Json;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Metrics;

/// <summary>What a row of <c>standings</c> keeps as its document.</summary>
/// <param name="NeverReported">Of the latest total counted independently; null where there is none.</param>
public sealed record StandingDocument(IReadOnlyList<FindingShown> Findings, NeverReportedShown? NeverReported);

/// <summary>The share never reported (漏报率) of a verified total.</summary>
/// <param name="From">First day counted.</param>
/// <param name="To">Last day counted.</param>
/// <param name="Numerator">Cases counted and not reported.</param>
/// <param name="Denominator">Cases counted.</param>
/// <param name="Value">Rounded to six decimals; null where none were counted.</param>
/// <param name="Surplus">Cases reported beyond those counted; null where there are none.</param>
/// <param name="Settled">False while reports of the period may still be in time: what is missing may only not be due yet.</param>
public sealed record NeverReportedShown(DateOnly From, DateOnly To, int Numerator, int Denominator, decimal? Value, int? Surplus, bool Settled)
{
    /// <param name="settledDay">The last day of which every report was due.</param>
    public static NeverReportedShown Of(TotalReported total, DateOnly settledDay)
    {
        var share = RatioShown.Of(total.Cases.Missing, total.Cases.Verified);
        return new(total.Period.From, total.Period.To, share.Numerator, share.Denominator, share.Value, total.Cases.Surplus > 0 ? total.Cases.Surplus : null, total.Period.To <= settledDay);
    }
}

/// <summary>One subject and technique as the dashboards show it, in the words of the HTTP contract.</summary>
public sealed record StandingRow(
    QualificationId Id,
    string? Province,
    string Name,
    Validity Validity,
    Standing? Standing,
    DateOnly? Since,
    Overall Overall,
    DateOnly AsOf,
    Counts RollingYear,
    int Due,
    RatioShown SevereComplications,
    RatioShown Mortality,
    RatioShown NeverReported,
    StandingDocument Document)
{
    /// <summary>Worst first; what could not be judged stands before what is in order, for somebody has to look.</summary>
    private static readonly Overall[] WorstFirst = [Overall.Breached, Overall.AtRisk, Overall.NotMeasurable, Overall.Compliant];

    /// <param name="read">The facts as of the day shown, with the qualification.</param>
    /// <param name="rollingYear">The counts of the whole rolling year that ends on that day, not cut to the observation.</param>
    /// <param name="totals">The totals counted independently that lie within that year, and the latest of all, by their periods.</param>
    /// <param name="definitions"><see cref="RegulationSet.ForDefinitions"/> of the technique on that day; where a regulation judges, it is the one.</param>
    /// <param name="findings">With their runs; empty where nothing is judged.</param>
    public static StandingRow From(FactsRead read, Counts rollingYear, IReadOnlyList<TotalReported> totals, Regulation definitions, IReadOnlyList<Finding> findings)
    {
        var asOf = read.Facts.AsOf;
        var step = read.Qualification.StepOn(asOf);
        var year = DaySpan.RollingYear(asOf);
        var counted = totals.Where(t => t.Period.From >= year.From && t.Period.To <= year.To).ToList();
        var reported = definitions.Clauses.OfType<Clause.Timeliness>().FirstOrDefault()?.Reported;
        return new(
            new(read.Facts.Subject, read.Facts.Technique),
            read.Province,
            read.Name,
            read.Qualification.ValidityOn(asOf),
            step?.Standing,
            step?.EffectiveOn,
            Evaluation.Overall(findings),
            asOf,
            rollingYear,
            reported is { } count ? rollingYear.Of(count) : 0,
            RatioShown.Of(definitions.InPractice.SevereComplications, rollingYear),
            RatioShown.Of(definitions.InPractice.Mortality, rollingYear),
            RatioShown.Of(counted.Sum(t => t.Cases.Missing), counted.Sum(t => t.Cases.Verified)),
            new(FindingShown.All(findings, definitions), totals is [.., var latest] ? NeverReportedShown.Of(latest, read.Facts.Judged.To) : null));
    }

    /// <summary>Removes the rows of those who have no standing any more: their only cases were another's after all.</summary>
    public static async Task Remove(NpgsqlConnection connection, IReadOnlyList<QualificationId> ids, CancellationToken cancellation)
    {
        if (ids.Count == 0)
        {
            return;
        }

        await connection.Execute(
            """
            delete from standings s using unnest($1::text[], $2::text[], $3::text[]) as k (kind, subject, technique)
            where s.technique = k.technique and s.kind = k.kind and s.subject = k.subject
            """,
            cancellation,
            ids.Select(id => id.Subject.KindName).ToArray(),
            ids.Select(id => id.Subject.Id).ToArray(),
            ids.Select(id => id.Technique).ToArray());
    }

    /// <summary>Writes the rows, each in place of the one before. A subject and technique stands among them once.</summary>
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<StandingRow> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0)
        {
            return;
        }

        T[] Column<T>(Func<StandingRow, T> of) => [.. rows.Select(of)];
        await connection.Execute(
            """
            insert into standings (kind, subject, technique, province, name, validity, standing, since, overall, overall_rank, as_of,
                                        cases, therapeutic, deaths, severe, late, due,
                                        severe_numerator, severe_denominator, death_numerator, death_denominator, never_reported, verified, doc)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::date[], $9::text[], $10::int[], $11::date[],
                                 $12::int[], $13::int[], $14::int[], $15::int[], $16::int[], $17::int[], $18::int[], $19::int[], $20::int[], $21::int[], $22::int[], $23::int[], $24::jsonb[])
            on conflict (technique, kind, subject) do update set
                province = excluded.province, name = excluded.name, validity = excluded.validity, standing = excluded.standing, since = excluded.since,
                overall = excluded.overall, overall_rank = excluded.overall_rank, as_of = excluded.as_of,
                cases = excluded.cases, therapeutic = excluded.therapeutic, deaths = excluded.deaths, severe = excluded.severe, late = excluded.late, due = excluded.due,
                severe_numerator = excluded.severe_numerator, severe_denominator = excluded.severe_denominator,
                death_numerator = excluded.death_numerator, death_denominator = excluded.death_denominator,
                never_reported = excluded.never_reported, verified = excluded.verified, doc = excluded.doc
            """,
            cancellation,
            Column(r => r.Id.Subject.KindName),
            Column(r => r.Id.Subject.Id),
            Column(r => r.Id.Technique),
            Column(r => r.Province),
            Column(r => r.Name),
            Column(r => Json.Name(r.Validity)),
            Column(r => r.Standing is { } standing ? Json.Name(standing) : null),
            Column(r => r.Since),
            Column(r => Json.Name(r.Overall)),
            Column(r => Array.IndexOf(WorstFirst, r.Overall)),
            Column(r => r.AsOf),
            Column(r => r.RollingYear.Cases),
            Column(r => r.RollingYear.TherapeuticCases),
            Column(r => r.RollingYear.DeathCases),
            Column(r => r.RollingYear.SevereComplicationCases),
            Column(r => r.RollingYear.LateReports),
            Column(r => r.Due),
            Column(r => r.SevereComplications.Numerator),
            Column(r => r.SevereComplications.Denominator),
            Column(r => r.Mortality.Numerator),
            Column(r => r.Mortality.Denominator),
            Column(r => r.NeverReported.Numerator),
            Column(r => r.NeverReported.Denominator),
            Column(r => JsonSerializer.Serialize(r.Document, Json.Options)));
    }
}
