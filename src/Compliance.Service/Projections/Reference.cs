using System.Text.Json;
using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Qualifications;
using Compliance.Regulations;
using Npgsql;

namespace Compliance.Service.Projections;

/// <summary>Calendars, regulations and enforcement as the projection has them: small, and needed by everything.</summary>
public sealed record Reference(
    long Position,
    CalendarHistory Calendars,
    RegulationSet Regulations,
    IReadOnlyDictionary<(string Technique, string Province), Enforcement.State> Enforcement,
    IReadOnlyDictionary<(string Technique, string Province), AssessmentSchedule.State> Schedules)
{
    public WorkingCalendar Calendar => Calendars.Latest;

    public Enforcement.State EnforcementOf(string technique, string? province) =>
        province is not null && Enforcement.TryGetValue((technique, province), out var state) ? state : global::Compliance.Qualifications.Enforcement.State.Initial;

    /// <summary>As of the transaction: what is held already, unless it has changed since.</summary>
    public static async Task<Reference> Read(NpgsqlConnection connection, Reference? held, CancellationToken cancellation)
    {
        await using var changed = new NpgsqlCommand("select position from reference_changed", connection);
        return held?.Position == (long)(await changed.ExecuteScalarAsync(cancellation))! ? held : await Read(connection, cancellation);
    }

    private static async Task<Reference> Read(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select position from reference_changed"),
                new("select doc from calendars order by version"),
                new("select doc from regulations order by id, version"),
                new("select doc from provincial_limits order by regulation, province, version"),
                new("select technique, province, doc from enforcement"),
                new("select technique, province, doc from assessment_schedules"),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var position = reader.GetInt64(0);
        await reader.NextResultAsync(cancellation);
        var calendars = CalendarHistory.Empty;
        while (await reader.ReadAsync(cancellation))
        {
            calendars = calendars.With(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.CalendarPublished)!);
        }

        await reader.NextResultAsync(cancellation);
        var regulations = RegulationSet.Empty;
        while (await reader.ReadAsync(cancellation))
        {
            regulations = regulations.With(Parse(reader.GetString(0)));
        }

        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            regulations = regulations.With(JsonSerializer.Deserialize(reader.GetString(0), StoredJson.Default.ProvincialLimits)!);
        }

        await reader.NextResultAsync(cancellation);
        var enforcement = new Dictionary<(string, string), Enforcement.State>();
        while (await reader.ReadAsync(cancellation))
        {
            enforcement[(reader.GetString(0), reader.GetString(1))] = JsonSerializer.Deserialize(reader.GetString(2), StoredJson.Default.EnforcementState)!;
        }

        await reader.NextResultAsync(cancellation);
        var schedules = new Dictionary<(string, string), AssessmentSchedule.State>();
        while (await reader.ReadAsync(cancellation))
        {
            schedules[(reader.GetString(0), reader.GetString(1))] = JsonSerializer.Deserialize(reader.GetString(2), StoredJson.Default.AssessmentScheduleState)!;
        }

        return new(position, calendars, regulations, enforcement, schedules);
    }

    private static Regulation Parse(string document) => RegulationFile.ParseStored(document).Regulation
        ?? throw new InvalidOperationException("A regulation in the log does not parse; it was validated before it was published.");
}

/// <summary>The reference data for readers, read again only when it has changed.</summary>
public sealed class ReferenceCache(NpgsqlDataSource database)
{
    private Reference? _held;

    public async Task<Reference> Get(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return _held = await Reference.Read(connection, _held, cancellation);
    }
}
