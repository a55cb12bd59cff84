using System.Data;
using Compliance.Service.EventStore;
using Compliance.Service.Http;
using Compliance.Service.Projections;
using Npgsql;

namespace Compliance.Service.Metrics;

/// <summary>Several statements that read the rows as of one and the same position: between two of them the projection would otherwise move on.</summary>
public sealed class Snapshot : IAsyncDisposable
{
    private readonly NpgsqlTransaction _transaction;

    private Snapshot(NpgsqlConnection connection, NpgsqlTransaction transaction, long position)
    {
        Connection = connection;
        _transaction = transaction;
        Position = position;
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>What the rows show has been reached by them up to here.</summary>
    public long Position { get; }

    /// <param name="checkpoint">Of the rows that are read, where it is not the read model's: that of the standings.</param>
    public static async Task<Snapshot> Open(Reads reads, CancellationToken cancellation, string? checkpoint = null)
    {
        var connection = await reads.Open(cancellation);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
            return new(connection, transaction, await Checkpoints.Read(connection, checkpoint ?? ReadSchema.Living.Rows, cancellation));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
