using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Compliance.Service.Tests.Crash;

/// <summary>Stands between the services and PostgreSQL's socket, and breaks connections where it hurts most.</summary>
internal sealed class Wire : IDisposable
{
    private readonly string _directory = TestPostgres.NewDirectory();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint _server;
    private readonly ConcurrentDictionary<Line, bool> _lines = [];

    public Wire(string serverSocket)
    {
        _server = new UnixDomainSocketEndPoint(serverSocket);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, Path.GetFileName(serverSocket))));
        _listener.Listen();
        _ = Accept();
    }

    /// <summary>What a client connects to as its host.</summary>
    public string Host => _directory;

    public void CutAll() => Each(line => line.Dispose());

    /// <summary>On every connection the next answer does not arrive: what was asked for, a commit too, is done, and nobody hears of it.</summary>
    public void LoseAnswers() => Each(line => line.LoseAnswer = true);

    /// <summary>On every connection only half of what is sent next arrives.</summary>
    public void HalveRequests() => Each(line => line.HalveRequest = true);

    public void Dispose()
    {
        _listener.Dispose();
        CutAll();
    }

    private void Each(Action<Line> action)
    {
        foreach (var line in _lines.Keys)
        {
            action(line);
        }
    }

    private async Task Accept()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = Connect(client);
        }
    }

    private async Task Connect(Socket client)
    {
        var line = new Line(client, new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        _lines[line] = true;
        try
        {
            await line.Server.ConnectAsync(_server);
            await Task.WhenAny(Pump(line, line.Client, line.Server), Pump(line, line.Server, line.Client));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The server is not there.
        }
        finally
        {
            _lines.TryRemove(line, out _);
            line.Dispose();
        }
    }

    private static async Task Pump(Line line, Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                if (from == line.Server && line.LoseAnswer)
                {
                    return;
                }

                if (from == line.Client && line.HalveRequest)
                {
                    await Send(buffer.AsMemory(0, count / 2));
                    return;
                }

                await Send(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Cut, or one side has gone.
        }

        async Task Send(ReadOnlyMemory<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[await to.SendAsync(bytes)..];
            }
        }
    }

    private sealed class Line(Socket client, Socket server) : IDisposable
    {
        private volatile bool _loseAnswer;
        private volatile bool _halveRequest;

        public Socket Client => client;

        public Socket Server => server;

        public bool LoseAnswer
        {
            get => _loseAnswer;
            set => _loseAnswer = value;
        }

        public bool HalveRequest
        {
            get => _halveRequest;
            set => _halveRequest = value;
        }

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }
    }
}
