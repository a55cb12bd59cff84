using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Compliance.Service.Webhooks;

/// <summary>How long and how often a delivery is tried.</summary>
/// <param name="FirstPause">After the first failure; doubled after each.</param>
/// <param name="LongestPause">Where doubling ends.</param>
/// <param name="Attempts">Then it is dead.</param>
/// <param name="Timeout">Of one attempt, from connecting to the head of the answer.</param>
public sealed record DeliveryTimes(TimeSpan FirstPause, TimeSpan LongestPause, int Attempts, TimeSpan Timeout)
{
    /// <summary>Five seconds doubled to an hour take an hour and a half, and 71 hours follow: three days, so that a receiver that fails on a Friday evening can be mended on Monday.</summary>
    public static readonly DeliveryTimes Default = new(TimeSpan.FromSeconds(5), TimeSpan.FromHours(1), 81, TimeSpan.FromSeconds(10));

    /// <summary>The pause after so many failures in a row, 1 or more.</summary>
    public TimeSpan PauseAfter(int failures) => TimeSpan.FromTicks((long)Math.Min(LongestPause.Ticks, FirstPause.Ticks * Math.Pow(2, failures - 1)));
}

/// <summary>What became of an attempt.</summary>
/// <param name="Status">Null when nothing was answered.</param>
/// <param name="Error">Null when delivered; a word of ours, never the receiver's, which may say anything.</param>
public sealed record Attempted(int? Status, string? Error)
{
    public bool Delivered => Error is null;

    /// <summary>410: the receiver wants no more.</summary>
    public bool Gone => Status == (int)HttpStatusCode.Gone;
}

/// <summary>Sends one signed delivery to a receiver it does not trust.</summary>
public sealed class Sender : IDisposable
{
    /// <summary>Also of an attempt's time: a host that does not even take the connection is given up sooner.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Names are looked up anew so often: a receiver that moved is found, one that failed over too.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    /// <summary>Bytes of an answer's body that are read and thrown away to keep the connection; past them, or when they are slow, it is closed.</summary>
    private const int MaxDrained = 8 * 1024;

    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(1);

    /// <summary>KiB; an answer's headers are of no interest.</summary>
    private const int MaxHeaders = 16;

    private readonly DeliveryTimes _times;
    private readonly HttpClient _http;

    public Sender(DeliveryTimes times, IHostEnvironment environment)
    {
        _times = times;
        var handler = new SocketsHttpHandler
        {
            // A redirect would take a signed body to where nobody said it may go.
            AllowAutoRedirect = false,
            // A proxy would connect for us, past the look at the address below.
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            MaxResponseDrainSize = MaxDrained,
            ResponseDrainTimeout = LongestDrain,
            MaxResponseHeadersLength = MaxHeaders,
        };
        if (!environment.IsDevelopment())
        {
            handler.ConnectCallback = Connect;
        }

        _http = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>Never throws but when cancelled: whatever a receiver does is an outcome.</summary>
    public async Task<Attempted> Send(Webhook webhook, string messageId, string body, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_times.Timeout);
        try
        {
            // The receiver judges the time of the attempt by the real clock, whatever a demonstration's says.
            var sentAt = TimeProvider.System.GetUtcNow();
            using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url);
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(CloudEvent.ContentType, "utf-8") } };
            request.Headers.UserAgent.Add(new("Compliance", "1"));
            request.Headers.Add("webhook-id", messageId);
            request.Headers.Add("webhook-timestamp", sentAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
            request.Headers.Add("webhook-signature", Signature.Of(webhook.Secret, messageId, sentAt, body));
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return new((int)response.StatusCode, response.IsSuccessStatusCode ? null : "status");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new(null, "timeout");
        }
        catch (HttpRequestException e)
        {
            return new(null, JsonNamingPolicy.CamelCase.ConvertName(e.HttpRequestError.ToString()));
        }
        catch (Exception e) when (e is IOException or SocketException or NotSupportedException or InvalidOperationException or UriFormatException)
        {
            return new(null, "notSent");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Whose webhook it is chooses where this node connects to: not to itself, and not to what listens only for its
    /// neighbours on the link, such as a cloud's metadata. Private networks are allowed; hospitals are reached over one.
    /// </summary>
    private static async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = (await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation)).Where(IsElsewhere).ToArray();
        if (addresses.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.NameResolutionError, "No address of another host.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A cloud's metadata over IPv6; over IPv4 it is link-local.</summary>
    private static readonly IPAddress Metadata = IPAddress.Parse("fd00:ec2::254");

    internal static bool IsElsewhere(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            // Translated on the way (RFC 6052): what it is translated to counts.
            : address.GetAddressBytes() is [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, .. var inside] ? new IPAddress(inside)
            : address;
        var bytes = plain.GetAddressBytes();
        var linkOrNobody = plain.AddressFamily == AddressFamily.InterNetwork
            ? bytes is [0, ..] or [169, 254, ..] or [>= 224, ..]
            : plain.IsIPv6LinkLocal || plain.IsIPv6Multicast || plain.Equals(IPAddress.IPv6Any);
        return !linkOrNobody && !IPAddress.IsLoopback(plain) && !plain.Equals(Metadata) && !IsOwn(plain);
    }

    private static bool IsOwn(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(address));
}
