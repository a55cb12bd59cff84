using Compliance.Service.Cases.Sheets;
using Compliance.Service.Http;

namespace Compliance.Service.Cases;

/// <summary>What is imported, report by report: lines of JSON, or rows of a sheet.</summary>
internal interface IImportSource : IAsyncDisposable
{
    /// <summary>Called once, before all else.</summary>
    /// <returns>What is wrong with it as a whole, so that nothing of it can be read; empty when it can.</returns>
    ValueTask<IReadOnlyList<Fault>> Begin(CancellationToken cancellation);

    /// <summary>The next that is not blank; null at the end.</summary>
    ValueTask<ImportLine?> Next(CancellationToken cancellation);

    /// <summary>True when the sender went away, so that the last line is not even known to be there.</summary>
    bool Broken { get; }

    /// <summary>The heading of a sheet; null for lines of JSON.</summary>
    SheetHeading? Heading { get; }
}

/// <summary>Lines of JSON, one report each.</summary>
internal sealed class JsonLines(Stream body) : IImportSource
{
    private readonly ImportLines _lines = new(body, Body.MaxBytes);

    public bool Broken => _lines.Broken;

    public SheetHeading? Heading => null;

    public ValueTask<IReadOnlyList<Fault>> Begin(CancellationToken cancellation) => ValueTask.FromResult<IReadOnlyList<Fault>>([]);

    public ValueTask<ImportLine?> Next(CancellationToken cancellation) => _lines.Next(cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
