using System.Security.Cryptography;
using System.Text;
using Compliance.Registry;

namespace Compliance.Qualifications;

/// <summary>Days on which a qualification stands in the register, always in the same standing.</summary>
/// <param name="From">First day.</param>
/// <param name="Until">The first day on which it is no longer so; null while it lasts.</param>
/// <param name="Since">First day of the standing.</param>
public sealed record RegisterSpan(DateOnly From, DateOnly? Until, Standing Standing, DateOnly Since)
{
    public bool Covers(DateOnly day) => From <= day && (Until is null || day < Until);
}

/// <summary>
/// The days on which the register lists a qualification (NV-PUB-LIST, CI3-PUB-LIST): from the grant on, revoked too (NV-REVOKE-PUB), and not
/// once it is relinquished. It shows what is in effect, by what is known now: a suspension from the day after it was decided, one annulled never.
/// </summary>
public static class RegisterSpans
{
    /// <summary>In rising order, without overlaps; gaps where it is not listed.</summary>
    public static IReadOnlyList<RegisterSpan> Of(Qualification.State state)
    {
        // What holds on a day changes only on one of these.
        var days = state.Grants.SelectMany(g => new[] { g.EffectiveOn, g.RelinquishedOn, g.RevokedOn }).OfType<DateOnly>()
            .Concat(state.Steps.Select(s => s.EffectiveOn)).Distinct().Order().ToList();
        var spans = new List<RegisterSpan>();
        for (var i = 0; i < days.Count; i++)
        {
            var until = i + 1 < days.Count ? days[i + 1] : (DateOnly?)null;
            if (state.ValidityOn(days[i]) is not (Validity.Valid or Validity.Revoked) || state.Steps.LastOrDefault(s => s.EffectiveOn <= days[i]) is not { } step)
            {
                continue;
            }

            if (spans is [.., var last] && (last.Until, last.Standing, last.Since) == (days[i], step.Standing, step.EffectiveOn))
            {
                spans[^1] = last with { Until = until };
            }
            else
            {
                spans.Add(new(days[i], until, step.Standing, step.EffectiveOn));
            }
        }

        return spans;
    }
}

/// <summary>One line of the register: all that the public is told.</summary>
/// <param name="Since">First day of the standing.</param>
public sealed record RegisterEntry(string Technique, PublicHolder Holder, Standing Standing, DateOnly Since);

/// <summary>Days on which the register shows the same line.</summary>
/// <param name="From">First day.</param>
/// <param name="Until">The first day on which it is no longer so; null while it lasts.</param>
public sealed record RegisterEntryDays(DateOnly From, DateOnly? Until, RegisterEntry Entry)
{
    public bool Covers(DateOnly day) => From <= day && (Until is null || day < Until);
}

/// <summary>The public register (公示).</summary>
public static class Register
{
    /// <summary>The lines of one qualification: its spans, cut where the holder's name, place or province changes. In rising order, without overlaps.</summary>
    /// <param name="registry">Knows the holder, and of a physician every institution of a main registration.</param>
    public static IReadOnlyList<RegisterEntryDays> Of(Qualification.State state, KnownRegistry registry)
    {
        if (state.Id is not { } id)
        {
            return [];
        }

        var changes = registry.Changes(id.Subject).Distinct().Order().ToList();
        var lines = new List<RegisterEntryDays>();
        foreach (var span in RegisterSpans.Of(state))
        {
            DateOnly[] starts = [span.From, .. changes.Where(day => day > span.From && span.Covers(day))];
            for (var i = 0; i < starts.Length; i++)
            {
                var until = i + 1 < starts.Length ? starts[i + 1] : span.Until;
                if (registry.On(id.Subject, starts[i]) is not { } holder)
                {
                    continue;
                }

                var entry = new RegisterEntry(id.Technique, holder, span.Standing, span.Since);
                if (lines is [.., var last] && last.Until == starts[i] && last.Entry == entry)
                {
                    lines[^1] = last with { Until = until };
                }
                else
                {
                    lines.Add(new(starts[i], until, entry));
                }
            }
        }

        return lines;
    }
}

/// <summary>
/// The canonical text of the register of one technique on one day, of which a snapshot is the digest. One line per entry, each ended by a line
/// feed, in UTF-8. A line is JSON as RFC 8785 prescribes it (no spaces, properties by name, nothing escaped that need not be), with every
/// property, null where there is nothing. Lines stand in the order of their bytes: a physician's id is neither in the text nor behind its order,
/// and equal lines of namesakes change places without a difference.
/// </summary>
public static class RegisterText
{
    /// <summary>The line without its line feed.</summary>
    public static byte[] Line(RegisterEntry entry)
    {
        var holder = entry.Holder;
        var text = new StringBuilder(200);
        text.Append("{\"id\":");
        Append(text, holder.Id);
        text.Append(",\"institution\":");
        if (holder.Place is { } place)
        {
            text.Append("{\"id\":");
            Append(text, place.Id);
            text.Append(",\"name\":");
            Append(text, place.Name);
            text.Append('}');
        }
        else
        {
            text.Append("null");
        }

        text.Append(",\"kind\":");
        Append(text, CamelCaseEnums.Name(holder.Kind));
        text.Append(",\"name\":");
        Append(text, holder.Name);
        text.Append(",\"province\":");
        Append(text, holder.Province);
        text.Append(",\"since\":");
        Append(text, entry.Since.ToString("yyyy-MM-dd"));
        text.Append(",\"standing\":");
        Append(text, CamelCaseEnums.Name(entry.Standing));
        text.Append(",\"technique\":");
        Append(text, entry.Technique);
        text.Append('}');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Puts the lines in their order.</summary>
    public static void Sort(List<byte[]> lines) => lines.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));

    /// <summary>SHA-256 of the text.</summary>
    /// <param name="sorted">The lines in their order.</param>
    public static byte[] Digest(IReadOnlyList<byte[]> sorted)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var line in sorted)
        {
            hash.AppendData(line);
            hash.AppendData("\n"u8);
        }

        return hash.GetHashAndReset();
    }

    private static void Append(StringBuilder text, string? value)
    {
        if (value is null)
        {
            text.Append("null");
            return;
        }

        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append("\\u00").Append(((int)c).ToString("x2")),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
