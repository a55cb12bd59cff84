using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Compliance.Service.Cases.Sheets;

/// <summary>
/// A text file as UTF-8, whatever its sender's program wrote: UTF-8 with or without byte order mark, or GB18030 (and GBK and GB2312, which are parts of it). Unless told, the encoding is found where the first character
/// beyond ASCII stands: what is strictly UTF-8 from there on is UTF-8, everything else is GB18030. Until then both are the same.
/// </summary>
internal sealed class Utf8Sheet : ReadOnce
{
    /// <summary>Looked at to tell one encoding from the other: two Chinese characters of GB18030 may be UTF-8 by chance, some lines of them never are.</summary>
    private const int SampleBytes = 64 * 1024;

    private const int BlockBytes = 16 * 1024;

    public static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    private readonly byte[] _block = new byte[BlockBytes];
    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly Stream _source;
    private Encoding? _told;
    private int _given;
    private Stream _rest;
    private bool _settled;
    private bool _begun;

    /// <param name="told">The encoding the sender named; null when it is to be found.</param>
    public Utf8Sheet(Stream source, Encoding? told) => (_source, _rest, _told) = (source, source, told);

    /// <summary>The encoding of a charset parameter; null, with true, when there is none, and false for one that is not read here.</summary>
    public static bool TryEncoding(string? charset, out Encoding? encoding)
    {
        encoding = charset?.ToLowerInvariant() switch
        {
            "utf-8" or "utf8" => Encoding.UTF8,
            "gb18030" or "gbk" or "gb2312" => Gb18030,
            _ => null,
        };
        return encoding is not null || string.IsNullOrEmpty(charset);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_given == _pending.WrittenCount)
        {
            _pending.ResetWrittenCount();
            _given = 0;
            if (_settled)
                return await _rest.ReadAsync(buffer, cancellationToken);
            await Look(cancellationToken);
        }

        var count = Math.Min(buffer.Length, _pending.WrittenCount - _given);
        _pending.WrittenMemory.Slice(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    // Fills what is pending: with ASCII while there is nothing else, and then, once and for all, decides.
    private async ValueTask Look(CancellationToken cancellation)
    {
        var count = await _source.ReadAtLeastAsync(_block, _begun ? 1 : 3, throwOnEndOfStream: false, cancellation);
        var read = _block.AsMemory(0, count);
        if (!_begun && read.Span.StartsWith("\uFEFF"u8))
        {
            // The mark says it, and says it louder than a parameter set by habit.
            _told = Encoding.UTF8;
            read = read[3..];
        }

        _begun = true;
        if (count == 0 || _told is not null)
        {
            Settle(read, _told);
            return;
        }

        if (!read.Span.ContainsAnyExceptInRange((byte)0, (byte)0x7F))
        {
            _pending.Write(read.Span);
            return;
        }

        var sample = new ArrayBufferWriter<byte>(SampleBytes + BlockBytes);
        sample.Write(read.Span);
        var ended = false;
        while (sample.WrittenCount < SampleBytes && !ended)
        {
            count = await _source.ReadAsync(_block, cancellation);
            sample.Write(_block.AsSpan(0, count));
            ended = count == 0;
        }

        Settle(sample.WrittenMemory, IsUtf8(sample.WrittenSpan, ended) ? Encoding.UTF8 : Gb18030);
    }

    private void Settle(ReadOnlyMemory<byte> read, Encoding? encoding)
    {
        _settled = true;
        if (encoding is null || encoding.CodePage == Encoding.UTF8.CodePage)
        {
            _pending.Write(read.Span);
            return;
        }

        _rest = Encoding.CreateTranscodingStream(new Rejoined(read, _source), encoding, Encoding.UTF8, leaveOpen: true);
    }

    // The sample may end within a character.
    private static bool IsUtf8(ReadOnlySpan<byte> sample, bool ended)
    {
        for (var cut = 0; cut <= (ended ? 0 : 3) && cut <= sample.Length; cut++)
        {
            if (Utf8.IsValid(sample[..^cut]))
                return true;
        }

        return false;
    }

    /// <summary>What was read ahead, and then the rest.</summary>
    private sealed class Rejoined(ReadOnlyMemory<byte> first, Stream rest) : ReadOnce
    {
        private ReadOnlyMemory<byte> _first = first;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_first.IsEmpty)
                return rest.ReadAsync(buffer, cancellationToken);
            var count = Math.Min(buffer.Length, _first.Length);
            _first[..count].CopyTo(buffer);
            _first = _first[count..];
            return ValueTask.FromResult(count);
        }
    }
}

/// <summary>A stream that is read once, from its beginning to its end, and only so: what a <see cref="Stream"/> must have besides.</summary>
internal abstract class ReadOnce : Stream
{
    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
