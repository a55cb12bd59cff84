using Compliance.Service.Projections;
using Compliance.Service.Schema;
using Npgsql;

namespace Compliance.Service;

/// <summary>The database that the configuration names, brought up to date: an existing server, or one of the service's own.</summary>
public sealed class ServiceDatabase : IAsyncDisposable
{
    /// <summary>Where the embedded database lies, unless <c>COMPLIANCE_DATA</c> says otherwise: in the working directory.</summary>
    private const string DefaultDataDirectory = ".data";

    private readonly EmbeddedPostgres? _embedded;

    private ServiceDatabase(NpgsqlDataSource source, EmbeddedPostgres? embedded) => (Source, _embedded) = (source, embedded);

    public NpgsqlDataSource Source { get; }

    /// <param name="beside">True for a command that may run while a service serves from the same embedded database.</param>
    public static async Task<ServiceDatabase> Open(IConfiguration configuration, CancellationToken cancellation, bool beside = false)
    {
        using var startup = LoggerFactory.Create(l => l.AddConfiguration(configuration.GetSection("Logging")).AddSimpleConsole(o => o.SingleLine = true));
        EmbeddedPostgres? embedded = null;
        NpgsqlDataSource? source = null;
        try
        {
            var connectionString = configuration.GetConnectionString("Compliance");
            if (string.IsNullOrEmpty(connectionString))
            {
                var directory = Path.GetFullPath(configuration["COMPLIANCE_DATA"] is { Length: > 0 } given ? given : DefaultDataDirectory);
                var logger = startup.CreateLogger<EmbeddedPostgres>();
                connectionString = beside ? await EmbeddedPostgres.Running(directory, logger, cancellation) : null;
                if (connectionString is null)
                {
                    embedded = await EmbeddedPostgres.Start(directory, new EmbeddedPostgresOptions(), logger, cancellation);
                    connectionString = embedded.ConnectionString;
                }
            }

            source = ReadSchema.Connect(connectionString);
            await SchemaRunner.Apply(source, cancellation);
            await ReadSchema.Living.Create(source, cancellation);
            return new ServiceDatabase(source, embedded);
        }
        catch
        {
            if (source is not null)
                await source.DisposeAsync();
            if (embedded is not null)
                await embedded.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        if (_embedded is not null)
            await _embedded.DisposeAsync();
    }
}
