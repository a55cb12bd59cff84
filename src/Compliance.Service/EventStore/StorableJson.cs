using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Compliance.Service.EventStore;

/// <summary>Serialises events and refuses, before anything is queued, what jsonb would refuse or what would not come back as it went in.</summary>
internal static class StorableJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = new StrictEncoder(), MaxDepth = EventStoreLimits.EventDepth };

    /// <summary>A buffer that has grown beyond this is not kept: one large event must not cost memory for ever.</summary>
    private const int KeptBytes = 64 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>The UTF-8 JSON, or why it cannot be stored.</summary>
    public static (ReadOnlyMemory<byte> Json, string? Refusal) Serialize(object data, EventType type)
    {
        var buffer = _buffer is { Capacity: <= KeptBytes } kept ? kept : _buffer = new ArrayBufferWriter<byte>(4096);
        buffer.ResetWrittenCount();
        var writer = _writer ??= new Utf8JsonWriter(buffer, Options);
        writer.Reset(buffer);
        try
        {
            JsonSerializer.Serialize(writer, data, type.Json);
            writer.Flush();
        }
        catch (UnstorableTextException e)
        {
            return (default, $"{type.WireName} {e.Message}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // Too deep, NaN, an invalid JsonElement: the writer's own refusals.
            return (default, $"{type.WireName} cannot be written as JSON: {e.Message}");
        }

        return buffer.WrittenCount <= EventStoreLimits.EventBytes
            ? (buffer.WrittenSpan.ToArray(), null)
            : (default, $"{type.WireName} has {buffer.WrittenCount} bytes, more than {EventStoreLimits.EventBytes}.");
    }

    /// <summary>Why PostgreSQL could not store the text, or null when it can.</summary>
    public static string? Refusal(ReadOnlySpan<char> text)
    {
        if (text.Contains('\0'))
            return "contains a NUL character, which PostgreSQL does not store.";

        for (var at = text.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0;)
        {
            if (Rune.DecodeFromUtf16(text[at..], out _, out var consumed) != OperationStatus.Done)
                return "contains half of a surrogate pair, which is not text.";
            text = text[(at + consumed)..];
            at = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        }

        return null;
    }

    private sealed class UnstorableTextException(string message) : Exception(message);

    /// <summary>The serialiser's writer replaces lone surrogates silently, and afterwards nobody can tell. But it shows every string to its
    /// encoder first, and that is where they are caught. Beyond that: no escaping for HTML, since the text goes to jsonb, so Chinese
    /// text takes three bytes per character and not six.</summary>
    private sealed unsafe class StrictEncoder : JavaScriptEncoder
    {
        private static readonly JavaScriptEncoder Inner = UnsafeRelaxedJsonEscaping;

        public override int MaxOutputCharactersPerInputCharacter => Inner.MaxOutputCharactersPerInputCharacter;

        public override int FindFirstCharacterToEncode(char* text, int textLength)
        {
            if (Refusal(new ReadOnlySpan<char>(text, textLength)) is { } refusal)
                throw new UnstorableTextException(refusal);
            return Inner.FindFirstCharacterToEncode(text, textLength);
        }

        public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
        {
            if (utf8Text.Contains((byte)0))
                throw new UnstorableTextException("contains a NUL character, which PostgreSQL does not store.");
            return Inner.FindFirstCharacterToEncodeUtf8(utf8Text);
        }

        public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
            Inner.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);

        public override bool WillEncode(int unicodeScalar) => Inner.WillEncode(unicodeScalar);

        public override OperationStatus Encode(
            ReadOnlySpan<char> source, Span<char> destination, out int charsConsumed, out int charsWritten, bool isFinalBlock = true) =>
            Inner.Encode(source, destination, out charsConsumed, out charsWritten, isFinalBlock);

        public override OperationStatus EncodeUtf8(
            ReadOnlySpan<byte> utf8Source, Span<byte> utf8Destination, out int bytesConsumed, out int bytesWritten, bool isFinalBlock = true) =>
            Inner.EncodeUtf8(utf8Source, utf8Destination, out bytesConsumed, out bytesWritten, isFinalBlock);
    }
}
