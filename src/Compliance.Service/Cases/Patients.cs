using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Compliance.Service.Cases;

public enum Sex
{
    Female,
    Male,
    Other,
    Unknown,
}

/// <summary>What is kept of a patient: beside the log, so that it can be restricted or destroyed without touching it.</summary>
/// <param name="Pseudonym">Keyed hash of the identity number; the key is the province's.</param>
/// <param name="AgeYears"><see cref="OldestAge"/> for all above 89.</param>
/// <param name="Diagnosis">ICD-10.</param>
public sealed record Patient(string Pseudonym, Sex? Sex, int? AgeYears, string? Diagnosis)
{
    /// <summary>Above 89 an age points to a person, so all are told as this.</summary>
    public const int OldestAge = 90;

    /// <summary>SHA-256, in hex, of the members in this order, parted by what no member may contain. It stands in the event and proves what stood here.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\u001f', Pseudonym, Sex?.ToString().ToLowerInvariant(), AgeYears?.ToString(CultureInfo.InvariantCulture), Diagnosis))));
}

/// <summary>Patients' rows: written with the events that name their hash, and every reading of them is noted.</summary>
public static class Patients
{
    private static readonly CompanionKind Row = new(
        "patient",
        // An equal row may be there from an earlier report; the update touches nothing but makes it count as written, which "do nothing" would not.
        """
        insert into compliance.patients (case_id, hash, pseudonym, sex, age_years, diagnosis)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[])
        on conflict (case_id, hash) do update set hash = excluded.hash
        """,
        NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Integer, NpgsqlDbType.Text);

    /// <summary>The row that goes with a report; none without a patient.</summary>
    public static IReadOnlyList<Companion> With(Guid caseId, Patient? patient) =>
        patient is null ? [] : [new(Row, caseId, patient.Hash, patient.Pseudonym, patient.Sex?.ToString().ToLowerInvariant(), patient.AgeYears, patient.Diagnosis)];

    /// <summary>The patients of these cases as their reports name them; a row that was destroyed is missing.</summary>
    public static async Task<IReadOnlyDictionary<Guid, Patient>> Of(NpgsqlConnection connection, IReadOnlyList<(Guid CaseId, string Hash)> cases, CancellationToken cancellation)
    {
        var found = new Dictionary<Guid, Patient>();
        if (cases.Count == 0)
            return found;
        await using var command = new NpgsqlCommand(
            """
            select p.case_id, p.pseudonym, p.sex, p.age_years, p.diagnosis
            from unnest($1::uuid[], $2::text[]) as k (case_id, hash)
            join compliance.patients p on p.case_id = k.case_id and p.hash = k.hash
            """,
            connection);
        command.Parameters.Add(new() { Value = cases.Select(c => c.CaseId).ToArray() });
        command.Parameters.Add(new() { Value = cases.Select(c => c.Hash).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            found[reader.GetGuid(0)] = new(
                reader.GetString(1),
                await reader.IsDBNullAsync(2, cancellation) ? null : Json.Names<Sex>()[reader.GetString(2)],
                await reader.IsDBNullAsync(3, cancellation) ? null : reader.GetInt32(3),
                await reader.IsDBNullAsync(4, cancellation) ? null : reader.GetString(4));
        }

        return found;
    }

    /// <summary>Notes who was shown which cases. Before the answer goes out: what cannot be noted is not shown.</summary>
    public static Task NoteReads(NpgsqlConnection connection, Caller caller, IEnumerable<Guid> cases, CancellationToken cancellation) =>
        connection.Execute(
            "insert into compliance.patient_reads (caller, role, case_id) select $1, $2, k from unnest($3::uuid[]) as k",
            cancellation,
            caller.Name,
            caller.Actor().Role,
            cases.ToArray());
}
