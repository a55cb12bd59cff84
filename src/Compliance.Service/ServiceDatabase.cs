using Compliance.Service.Projections;
using Compliance.Service.Schema;
using Npgsql;

namespace Compliance.Service;

/// <summary>What a database is opened for.</summary>
public enum DatabaseUse
{
    /// <summary>To serve from: what is missing is made.</summary>
    Serve,

    /// <summary>To build its rows anew, while a service may serve from it: the log must be there, and the rest is brought up to date.</summary>
    Rebuild,

    /// <summary>To be looked at as it stands, while a service may serve from it: nothing is made or brought up to date, for what was made a moment ago would be found in order.</summary>
    Look,
}

/// <summary>The database that the configuration names, brought up to date: an existing server, or one of the service's own.</summary>
public sealed class ServiceDatabase : IAsyncDisposable
{
    /// <summary>Where the embedded database lies, unless <c>COMPLIANCE_DATA</c> says otherwise: in the working directory.</summary>
    private const string DefaultDataDirectory = ".data";

    private readonly EmbeddedPostgres? _embedded;

    private ServiceDatabase(NpgsqlDataSource source, EmbeddedPostgres? embedded) => (Source, _embedded) = (source, embedded);

    public NpgsqlDataSource Source { get; }

    /// <exception cref="InvalidOperationException">Something is missing that this use does not make. The message says what.</exception>
    public static async Task<ServiceDatabase> Open(IConfiguration configuration, CancellationToken cancellation, DatabaseUse use = DatabaseUse.Serve)
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
                if (use != DatabaseUse.Serve && !EmbeddedPostgres.IsMade(directory))
                    throw new InvalidOperationException($"There are no data in {directory}. COMPLIANCE_DATA names the directory of a service's own database, ConnectionStrings:Compliance a server.");
                var logger = startup.CreateLogger<EmbeddedPostgres>();
                connectionString = use != DatabaseUse.Serve ? await EmbeddedPostgres.Running(directory, logger, cancellation) : null;
                if (connectionString is null)
                {
                    embedded = await EmbeddedPostgres.Start(directory, new EmbeddedPostgresOptions(), logger, cancellation);
                    connectionString = embedded.ConnectionString;
                }
            }

            source = ReadSchema.Connect(connectionString);
            if (use != DatabaseUse.Serve && !await SchemaRunner.IsThere(source, cancellation))
                throw new InvalidOperationException("The database holds no log: no service has served from it yet.");
            if (use == DatabaseUse.Look)
            {
                await SchemaRunner.Demand(source, cancellation);
                if (!await ReadSchema.Living.Exists(source, cancellation))
                    throw new InvalidOperationException($"The database has no rows of this release, {ReadSchema.Living.Name}: `compliance rebuild` of this release fills them.");
            }
            else
            {
                await SchemaRunner.Apply(source, cancellation);
                await ReadSchema.Living.Create(source, cancellation);
            }

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
