using System.Buffers;
using Compliance.Service.Cases.Sheets;

namespace Compliance.Service.Cases;

/// <summary>One line of an import.</summary>
/// <param name="Number">1 for the first; blank lines are counted, too, as editors count them.</param>
/// <param name="Text">Without its end; empty when it was <paramref name="TooLong"/>.</param>
/// <param name="Whole">False for a last line without end, which may have been cut off.</param>
/// <param name="Row">Of a sheet; null for a line of JSON.</param>
internal readonly record struct ImportLine(long Number, byte[] Text, bool TooLong, bool Whole, SheetRow? Row = null);

/// <summary>Reads a body line by line with memory for one line, whatever its length: what is longer than the bound is read past and not kept.</summary>
internal sealed class ImportLines(Stream body, int maxBytes)
{
    private const int BlockBytes = 64 * 1024;

    private readonly byte[] _block = new byte[BlockBytes];
    private readonly ArrayBufferWriter<byte> _line = new();
    private int _from;
    private int _to;
    private long _number;
    private bool _tooLong;

    /// <summary>True when the sender went away, so that the last line is not even known to be there.</summary>
    public bool Broken { get; private set; }

    /// <summary>The next line that is not blank; null at the end.</summary>
    public async ValueTask<ImportLine?> Next(CancellationToken cancellation)
    {
        while (true)
        {
            if (_from == _to && !await Fill(cancellation))
                return AtEnd();
            var rest = _block.AsSpan(_from, _to - _from);
            var end = rest.IndexOf((byte)'\n');
            Keep(end < 0 ? rest : rest[..end]);
            _from = end < 0 ? _to : _from + end + 1;
            if (end >= 0 && Take(whole: true) is { } line)
                return line;
        }
    }

    private ImportLine? AtEnd() => _line.WrittenCount > 0 || _tooLong ? Take(whole: false) : null;

    private ImportLine? Take(bool whole)
    {
        _number++;
        var line = new ImportLine(_number, _tooLong ? [] : _line.WrittenSpan.ToArray(), _tooLong, whole);
        _line.ResetWrittenCount();
        _tooLong = false;
        return line.TooLong || line.Text.AsSpan().Trim(" \t\r"u8).Length > 0 ? line : null;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_tooLong)
            return;
        if (_line.WrittenCount + bytes.Length > maxBytes)
        {
            _tooLong = true;
            _line.ResetWrittenCount();
            return;
        }

        _line.Write(bytes);
    }

    private async ValueTask<bool> Fill(CancellationToken cancellation)
    {
        if (Broken)
            return false;
        try
        {
            (_from, _to) = (0, await body.ReadAsync(_block, cancellation));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            // What arrived whole is stored all the same: the sender may have no way to find out how far it came.
            Broken = true;
            (_from, _to) = (0, 0);
        }

        return _to > 0;
    }
}
