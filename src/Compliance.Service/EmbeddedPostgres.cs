using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Compliance.Service;

public sealed record EmbeddedPostgresOptions
{
    /// <summary>False only for throw-away clusters in tests: a crash of the machine may then destroy the data.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Further lines for postgresql.conf, by setting name.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>A PostgreSQL server of the service's own, run from the installed binaries: made on first use, kept between runs, stopped with the
/// service. It listens on a Unix-domain socket only, in a directory that nobody but its user can enter; that, and no password, is the fence.</summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    /// <summary>Oldest release whose SQL suffices.</summary>
    private const int OldestMajor = 15;

    private const string Superuser = "compliance";
    private const string DatabaseName = "compliance";

    /// <summary>Inside the cluster, written before it is moved into place, so that whatever bears it was made here and completely.</summary>
    private const string MarkerFile = "made-by-compliance";

    /// <summary>The kernel's sockaddr_un holds 108 bytes (104 on some systems), and the socket's own name takes part of it.</summary>
    private const int SocketDirectoryLength = 80;

    /// <summary>Megabytes: the indexes of ten million cases. Beyond, the operating system's cache does as well.</summary>
    private const long MostSharedBuffers = 8_192;

    private const string SocketPrefix = "compliance-socket-";

    /// <summary>Backends of a postmaster that was killed notice within moments and exit; until then a new one refuses to start.</summary>
    private const int StartTries = 20;

    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(500);

    private readonly string _binaries;
    private readonly string _home;
    private readonly string _socket;
    private readonly ServerUser _user;
    private readonly FileStream _lock;
    private readonly ILogger _log;
    private bool _stopped;

    private EmbeddedPostgres(string binaries, string home, string socket, ServerUser user, FileStream lockFile, ILogger log)
    {
        _binaries = binaries;
        _home = home;
        _socket = socket;
        _user = user;
        _lock = lockFile;
        _log = log;
    }

    public string ConnectionString => Connection(DatabaseName);

    /// <summary>Where the data lie: the directory asked for, or its stand-in under the system's state directory.</summary>
    public string Directory => _home;

    private string Data => Path.Combine(_home, "data");

    private string ServerLog => Path.Combine(_home, "run", "postgres.log");

    /// <param name="directory">Made if missing. Run by root, where PostgreSQL's user cannot enter, the data lie under /var/lib/compliance
    /// instead, always in the same place for the same directory, and the log says where.</param>
    /// <exception cref="InvalidOperationException">No PostgreSQL is installed; the directory is in use by another service or holds
    /// a cluster that was not made here; the server does not start. The message says what to do.</exception>
    public static async Task<EmbeddedPostgres> Start(
        string directory, EmbeddedPostgresOptions options, ILogger log, CancellationToken cancellation = default)
    {
        if (OperatingSystem.IsWindows())
            throw new InvalidOperationException("The service starts a PostgreSQL of its own on Linux and macOS only; here, configure a connection string.");

        var user = ServerUser.Current();
        var home = await Home(Path.GetFullPath(directory), user, log, cancellation);
        var lockFile = Lock(home);
        EmbeddedPostgres? postgres = null;
        try
        {
            var data = Path.Combine(home, "data");
            RefuseForeign(home, data);
            var binaries = Binaries(data);
            var socket = await SocketDirectory(home, user, cancellation);
            postgres = new EmbeddedPostgres(binaries, home, socket, user, lockFile, log);
            await postgres.StopLeftover(cancellation);
            if (!System.IO.Directory.Exists(data))
                await postgres.Make(cancellation);
            await postgres.Configure(options, cancellation);
            await postgres.StartServer(cancellation);
            await postgres.MakeDatabase(cancellation);
            log.LogInformation("PostgreSQL runs from {Binaries}, its data lie in {Directory}", binaries, home);
            return postgres;
        }
        catch
        {
            if (postgres is not null)
                await postgres.Stop(CancellationToken.None);
            await lockFile.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether a cluster lies where <see cref="Start"/> would look for one; makes nothing.</summary>
    public static bool IsMade(string directory)
    {
        var wanted = Path.GetFullPath(directory);
        var home = ServerUser.Current().Name is not null && System.IO.Directory.Exists(StandIn(wanted)) ? StandIn(wanted) : wanted;
        return System.IO.Directory.Exists(Path.Combine(home, "data"));
    }

    /// <summary>How to reach the server that another service has started on this directory; null when none is running there.</summary>
    public static async Task<string?> Running(string directory, ILogger log, CancellationToken cancellation = default)
    {
        var home = await Home(Path.GetFullPath(directory), ServerUser.Current(), log, cancellation);
        try
        {
            await Lock(home).DisposeAsync();
            return null;
        }
        catch (InvalidOperationException)
        {
            // The fifth line of the file names the directory of the socket.
            var file = await File.ReadAllLinesAsync(Path.Combine(home, "data", "postmaster.pid"), cancellation);
            return Connection(file[4], DatabaseName);
        }
    }

    /// <summary>Stops the server: open transactions are rolled back, what was committed is flushed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await Stop(CancellationToken.None);
        if (Path.GetDirectoryName(_socket) != _home)
            System.IO.Directory.Delete(_socket, recursive: true);
        await _lock.DisposeAsync();
    }

    /// <summary>Only for tests: what kill -9 does to the service.</summary>
    internal void Abandon()
    {
        _stopped = true;
        _lock.Dispose();
    }

    /// <summary>Prepared statements by default: the service says the same few sentences all day.</summary>
    internal string Connection(string database) => Connection(_socket, database);

    private static string Connection(string socket, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = socket,
        Username = Superuser,
        Database = database,
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
    }.ConnectionString;

    /// <summary>The directory that PostgreSQL's user can work in.</summary>
    private static async Task<string> Home(string wanted, ServerUser user, ILogger log, CancellationToken cancellation)
    {
        if (user.Name is null)
            return System.IO.Directory.CreateDirectory(wanted).FullName;

        var standIn = StandIn(wanted);
        var existing = wanted;
        while (!System.IO.Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing) ?? "/";

        // Where data lie already, they are to be found again, even if the wanted directory has become accessible since.
        if (!System.IO.Directory.Exists(standIn) && (await user.Run("test", ["-x", existing], "/", cancellation)).ExitCode == 0)
            return MakePassable(wanted);

        log.LogWarning("PostgreSQL's user cannot enter {Wanted}; its data lie in {StandIn} instead", wanted, standIn);
        return MakePassable(standIn);
    }

    /// <summary>Where the data of a directory lie that PostgreSQL's user cannot enter.</summary>
    private static string StandIn(string wanted) => Path.Combine("/var/lib/compliance", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..12]);

    /// <summary>The server's user must pass through what root makes here, whatever root's umask; what lies within is closed by itself.</summary>
    private static string MakePassable(string directory)
    {
        if (System.IO.Directory.Exists(directory))
            return directory;
        if (Path.GetDirectoryName(directory) is { } parent)
            MakePassable(parent);
        System.IO.Directory.CreateDirectory(directory);
        File.SetUnixFileMode(
            directory,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return directory;
    }

    private static FileStream Lock(string home)
    {
        try
        {
            return new FileStream(Path.Combine(home, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException($"Another service is using the data in {home}. Stop it, or give this one a directory of its own.", e);
        }
    }

    private static void RefuseForeign(string home, string data)
    {
        var foreign = File.Exists(Path.Combine(home, "PG_VERSION"))
            || (System.IO.Directory.Exists(data) && !File.Exists(Path.Combine(data, MarkerFile)));
        if (foreign)
            throw new InvalidOperationException($"{home} holds a PostgreSQL cluster that this service did not make, and will not touch.");
    }

    /// <summary>The newest installed release; for an existing cluster, the release that made it, since no other can open it.</summary>
    private static string Binaries(string data)
    {
        var installed = Candidates()
            .Where(directory => File.Exists(Path.Combine(directory, "initdb")) && File.Exists(Path.Combine(directory, "pg_ctl")))
            .Select(directory => (Directory: directory, Major: Major(directory)))
            .Where(found => found.Major >= OldestMajor)
            .OrderByDescending(found => found.Major)
            .ToArray();
        if (installed.Length == 0)
            throw new InvalidOperationException(
                $"""
                 PostgreSQL {OldestMajor} or newer is not installed. Debian, Ubuntu: apt-get install postgresql. Fedora, RHEL: dnf install postgresql-server.
                 Alpine: apk add postgresql. macOS: brew install postgresql. Elsewhere: put the directory of initdb and pg_ctl on the PATH.
                 Or configure the connection string of a server that runs already.
                 """);

        var versionFile = Path.Combine(data, "PG_VERSION");
        if (!File.Exists(versionFile))
            return installed[0].Directory;

        var major = int.Parse(File.ReadAllText(versionFile).Trim(), NumberStyles.None);
        return installed.FirstOrDefault(found => found.Major == major).Directory
            ?? throw new InvalidOperationException(
                $"The data in {data} were made by PostgreSQL {major}, which is no longer installed (found: {string.Join(", ", installed.Select(found => found.Major))}).");
    }

    private static IEnumerable<string> Candidates()
    {
        (string Parent, string Pattern)[] places =
        [
            ("/usr/lib/postgresql", "*"), // Debian
            ("/usr", "pgsql-*"), // the PGDG packages for Fedora and RHEL
            ("/usr/libexec", "postgresql*"), // Alpine
            ("/opt/homebrew/opt", "postgresql@*"),
            ("/usr/local/opt", "postgresql@*"),
            ("/usr/local", "pgsql*"), // built from source
        ];
        foreach (var (parent, pattern) in places.Where(place => System.IO.Directory.Exists(place.Parent)))
        {
            foreach (var directory in System.IO.Directory.EnumerateDirectories(parent, pattern))
            {
                yield return Path.Combine(directory, "bin");
                yield return directory;
            }
        }

        foreach (var directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            yield return directory;
            // pg_config may be installed on the PATH while the server's programs are not.
            if (File.Exists(Path.Combine(directory, "pg_config")))
                yield return Output(Path.Combine(directory, "pg_config"), "--bindir");
        }
    }

    /// <summary>0 when the program does not run.</summary>
    private static int Major(string directory)
    {
        // "postgres (PostgreSQL) 15.9 (Debian 15.9-1)", "initdb (PostgreSQL) 18beta1"
        var words = Output(Path.Combine(directory, "initdb"), "--version").Split(' ');
        var digits = words.Length > 2 ? string.Concat(words[2].TakeWhile(char.IsAsciiDigit)) : "";
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }

    private static string Output(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return output.Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }

    /// <summary>Beside the data where the path is short enough for a socket, and under the temporary directory otherwise.</summary>
    private static async Task<string> SocketDirectory(string home, ServerUser user, CancellationToken cancellation)
    {
        var run = Path.Combine(home, "run");
        await user.MakePrivate(run, cancellation);
        if (Encoding.UTF8.GetByteCount(run) <= SocketDirectoryLength)
            return run;

        // Made anew with a random name and never reused, so that nobody else can have put it there.
        var temporary = System.IO.Directory.CreateTempSubdirectory(SocketPrefix).FullName;
        await user.MakePrivate(temporary, cancellation);
        return temporary;
    }

    /// <summary>What an earlier service that was killed has left: a running server, or the file that claims one. The exclusive lock on the
    /// directory is held, so nobody else can be using it.</summary>
    private async Task StopLeftover(CancellationToken cancellation)
    {
        // An interrupted initdb.
        if (System.IO.Directory.Exists(Data + ".new"))
            System.IO.Directory.Delete(Data + ".new", recursive: true);

        var pidFile = Path.Combine(Data, "postmaster.pid");
        if (!File.Exists(pidFile))
            return;

        var lines = await File.ReadAllLinesAsync(pidFile, cancellation);
        if (lines.Length > 0 && int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && IsPostmaster(pid, Data))
        {
            _log.LogWarning("An earlier service was killed and left PostgreSQL running (process {Pid}); stopping it", pid);
            await Stop(cancellation);
        }
        else
        {
            // In containers the number soon belongs to some other program, or to the dead one whom nobody has buried, and PostgreSQL would
            // then refuse to start.
            File.Delete(pidFile);
            File.Delete(Path.Combine(_socket, ".s.PGSQL.5432.lock"));
        }

        // Line 5 names its socket directory; one of ours under the temporary directory goes with it.
        if (lines.Length > 4 && lines[4].StartsWith(Path.Combine(Path.GetTempPath(), SocketPrefix), StringComparison.Ordinal)
            && System.IO.Directory.Exists(lines[4]))
            System.IO.Directory.Delete(lines[4], recursive: true);
    }

    /// <summary>Whether the process is the server of this data directory, and not another program that has got its number since.</summary>
    internal static bool IsPostmaster(int pid, string data)
    {
        if (!System.IO.Directory.Exists("/proc/self"))
            return Output("ps", "-p", pid.ToString(), "-o", "command=").Contains(data, StringComparison.Ordinal);

        try
        {
            // A postmaster works in its data directory.
            return new DirectoryInfo($"/proc/{pid}/cwd").ResolveLinkTarget(returnFinalTarget: false)?.FullName == data;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No such process, or another user's.
            return false;
        }
    }

    private async Task Make(CancellationToken cancellation)
    {
        var made = Data + ".new";
        await _user.MakePrivate(made, cancellation);
        await Demand(
            "initdb",
            ["--pgdata", made, "--encoding", "UTF8", "--locale", "C", "--username", Superuser, "--auth", "trust"],
            cancellation);
        await File.AppendAllTextAsync(Path.Combine(made, "postgresql.conf"), "\ninclude 'compliance.conf'\n", cancellation);
        await File.WriteAllTextAsync(Path.Combine(made, MarkerFile), "Made and kept by Compliance; do not edit.\n", cancellation);
        System.IO.Directory.Move(made, Data);
    }

    private async Task Configure(EmbeddedPostgresOptions options, CancellationToken cancellation)
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "",
            ["unix_socket_directories"] = _socket,
            ["unix_socket_permissions"] = "0700",
            ["max_connections"] = "200",
        };
        if (options.Durable)
        {
            // What serves a nation has the machine to itself: the pages in use stay in memory, and checkpoints come by the clock.
            settings["shared_buffers"] = string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 >> 20, 128, MostSharedBuffers)}MB");
            settings["max_wal_size"] = "8GB";
        }
        else
        {
            settings["fsync"] = "off";
            settings["full_page_writes"] = "off";
        }

        foreach (var (name, value) in options.Settings)
            settings[name] = value;
        var lines = settings.Select(setting => $"{setting.Key} = '{setting.Value.Replace("'", "''", StringComparison.Ordinal)}'\n");
        var file = Path.Combine(Data, "compliance.conf");
        await File.WriteAllTextAsync(file, string.Concat(lines), cancellation);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    private async Task StartServer(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            File.Delete(ServerLog);
            // pg_ctl gives the server a session of its own: Ctrl-C in the terminal reaches the service, which then stops the server in order.
            var (exitCode, output) = await _user.Run(
                Program("pg_ctl"), ["start", "--pgdata", Data, "--wait", "--timeout", "60", "--log", ServerLog], _home, cancellation);
            if (exitCode == 0)
                return;

            var log = File.Exists(ServerLog) ? await File.ReadAllTextAsync(ServerLog, cancellation) : "";
            if (!log.Contains("shared memory", StringComparison.Ordinal) || attempt == StartTries)
                throw new InvalidOperationException($"PostgreSQL does not start in {_home}:\n{output}\n{log}");
            await Task.Delay(StartPause, cancellation);
        }
    }

    private async Task MakeDatabase(CancellationToken cancellation)
    {
        await using var server = NpgsqlDataSource.Create(Connection("postgres"));
        await using var exists = server.CreateCommand($"select exists (select from pg_database where datname = '{DatabaseName}')");
        if (await exists.ExecuteScalarAsync(cancellation) is true)
            return;
        await using var create = server.CreateCommand($"create database {DatabaseName}");
        await create.ExecuteNonQueryAsync(cancellation);
    }

    private async Task Stop(CancellationToken cancellation)
    {
        var (exitCode, output) = await _user.Run(
            Program("pg_ctl"), ["stop", "--pgdata", Data, "--mode", "fast", "--wait", "--timeout", "60"], _home, cancellation);
        if (exitCode == 0 || !File.Exists(Path.Combine(Data, "postmaster.pid")))
            return;
        _log.LogWarning("PostgreSQL does not stop in time and is aborted; it will recover at the next start: {Output}", output);
        await _user.Run(
            Program("pg_ctl"), ["stop", "--pgdata", Data, "--mode", "immediate", "--wait", "--timeout", "30"], _home, cancellation);
    }

    private string Program(string name) => Path.Combine(_binaries, name);

    private async Task Demand(string program, string[] arguments, CancellationToken cancellation)
    {
        var (exitCode, output) = await _user.Run(Program(program), arguments, _home, cancellation);
        if (exitCode != 0)
            throw new InvalidOperationException($"{program} failed in {_home}:\n{output}");
    }

    /// <summary>Who runs the server: the user of this process, but never root, which PostgreSQL refuses.</summary>
    /// <param name="Name">Null for the process's own user.</param>
    private sealed record ServerUser(string? Name)
    {
        public static ServerUser Current() => new(Environment.IsPrivilegedProcess ? "postgres" : null);

        /// <summary>Makes a directory that only this user can enter.</summary>
        public async Task MakePrivate(string directory, CancellationToken cancellation)
        {
            const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            System.IO.Directory.CreateDirectory(directory, mode);
            File.SetUnixFileMode(directory, mode);
            if (Name is null)
                return;
            var (exitCode, output) = await Execute("chown", [$"{Name}:", directory], "/", cancellation);
            if (exitCode != 0)
                throw new InvalidOperationException(
                    $"PostgreSQL does not run as root, and giving {directory} to the user '{Name}' failed: {output} Run the service as an ordinary user, or add that user.");
        }

        public Task<(int ExitCode, string Output)> Run(string program, string[] arguments, string directory, CancellationToken cancellation) =>
            Name is null
                ? Execute(program, arguments, directory, cancellation)
                : Execute("setpriv", ["--reuid", Name, "--regid", Name, "--init-groups", "--", program, .. arguments], directory, cancellation);

        private static async Task<(int ExitCode, string Output)> Execute(
            string program, string[] arguments, string directory, CancellationToken cancellation)
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = directory,
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, (await output + await error).Trim());
        }
    }
}
