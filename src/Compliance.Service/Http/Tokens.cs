using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Compliance.Service.Http;

/// <summary>Section <c>Tokens</c> of the configuration.</summary>
public sealed class TokenOptions
{
    /// <summary>Each a PEM public key (RS256 or ES256), or at least 32 bytes in base64 (HS256).</summary>
    public IList<string> SigningKeys { get; } = [];

    /// <summary>Checked when set.</summary>
    public string? Issuer { get; set; }

    /// <summary>Checked when set; required with an authority, whose tokens for other applications would pass otherwise.</summary>
    public string? Audience { get; set; }

    /// <summary>An OIDC provider; its keys and issuer are read from its discovery document.</summary>
    public string? Authority { get; set; }

    /// <summary>Signs and accepts the tokens of <c>/dev/token</c>, in Development only. Random, and so valid until the service ends, unless given.</summary>
    public byte[]? DevelopmentKey { get; set; }
}

/// <summary>What a token turned out to be. Neither a caller nor unavailable: not valid.</summary>
public sealed record TokenVerdict(Caller? Caller, bool Unavailable, string? Why);

/// <summary>Validates bearer tokens. Lifetimes are judged by the system's clock: the development clock may be years away, and moving it must not expire tokens.</summary>
public sealed class Tokens : IDisposable
{
    private const int MinSymmetricBytes = 32; // HS256 demands a key as long as its digest
    private const string DevelopmentIssuer = "compliance-development";
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DevelopmentLifetime = TimeSpan.FromDays(7);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenValidationParameters _configured;
    private readonly TokenValidationParameters? _development;
    private readonly ConfigurationManager<OpenIdConnectConfiguration>? _authority;
    private readonly HttpClient? _client;
    private readonly SigningCredentials? _developmentCredentials;
    private readonly TimeProvider _clock;

    public Tokens(IOptions<TokenOptions> options, IHostEnvironment environment, ILogger<Tokens> log)
        : this(options.Value, environment.IsDevelopment(), TimeProvider.System, log)
    {
    }

    internal Tokens(TokenOptions options, bool development, TimeProvider systemClock, ILogger log)
    {
        _clock = systemClock;
        var keys = options.SigningKeys.Select(Key).ToList();
        _configured = Parameters(keys);
        _configured.ValidateIssuer = options.Issuer is not null || options.Authority is not null;
        _configured.ValidIssuer = options.Issuer;
        _configured.ValidateAudience = options.Audience is not null;
        _configured.ValidAudience = options.Audience;
        if (options.Authority is { } authority)
        {
            if (options.Audience is null)
                throw new InvalidOperationException("Tokens:Authority needs Tokens:Audience: without it, tokens the provider issued for other applications would be accepted.");
            _client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
            _authority = new ConfigurationManager<OpenIdConnectConfiguration>(
                $"{authority.TrimEnd('/')}/.well-known/openid-configuration",
                new OpenIdConnectConfigurationRetriever(),
                new HttpDocumentRetriever(_client) { RequireHttps = !development });
            _configured.ConfigurationManager = _authority;
        }
        else if (keys.Count == 0 && !development)
        {
            log.LogWarning("Neither Tokens:SigningKeys nor Tokens:Authority is configured: every token will be refused");
        }

        if (development)
        {
            var key = new SymmetricSecurityKey(options.DevelopmentKey ?? RandomNumberGenerator.GetBytes(MinSymmetricBytes));
            _developmentCredentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256);
            _development = Parameters([key]);
            _development.ValidIssuer = DevelopmentIssuer;
            _development.ValidateAudience = false;
        }
    }

    public async Task<TokenVerdict> Validate(string token, CancellationToken cancellation)
    {
        if (_development is not null)
        {
            var own = await _handler.ValidateTokenAsync(token, _development);
            if (own.IsValid)
                return CallerOf(own);
            if (own.Exception is SecurityTokenExpiredException)
                return Invalid(own.Exception);
        }

        if (_authority is not null)
        {
            try
            {
                await _authority.GetConfigurationAsync(cancellation);
            }
            catch (InvalidOperationException)
            {
                // Never reached so far: that is our trouble, not the token's, and a 401 would make callers throw good tokens away.
                return new TokenVerdict(Caller: null, Unavailable: true, "authority unreachable");
            }
        }

        var result = await _handler.ValidateTokenAsync(token, _configured);
        return result.IsValid ? CallerOf(result) : Invalid(result.Exception);
    }

    /// <summary>A token for <c>/dev/token</c>.</summary>
    public string Issue(Caller caller)
    {
        if (_developmentCredentials is null)
            throw new InvalidOperationException("Tokens are issued in Development only.");
        var now = _clock.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object> { ["sub"] = caller.Name, ["role"] = Json.Names<Role>().Single(r => r.Value == caller.Role).Key };
        if (caller.Institution is not null)
            claims["institution"] = caller.Institution;
        if (caller.Physician is not null)
            claims["physician"] = caller.Physician;
        if (caller.Province is not null)
            claims["province"] = caller.Province;
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = DevelopmentIssuer,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + DevelopmentLifetime,
            Claims = claims,
            SigningCredentials = _developmentCredentials,
        });
    }

    public void Dispose() => _client?.Dispose();

    private TokenValidationParameters Parameters(IReadOnlyList<SecurityKey> keys) => new()
    {
        IssuerSigningKeys = keys,
        // Each key type signs its own algorithms only, so a public key cannot be used as an HMAC secret; `none` is in no list.
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256],
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        LifetimeValidator = (notBefore, expires, _, _) =>
        {
            var now = _clock.GetUtcNow().UtcDateTime;
            if (expires is null || expires + Skew < now)
                throw new SecurityTokenExpiredException();
            return notBefore is null || notBefore - Skew <= now;
        },
    };

    private static TokenVerdict CallerOf(TokenValidationResult result)
    {
        var token = (JsonWebToken)result.SecurityToken;
        // A claim that is not one text (a list of roles, a number) names nobody.
        var caller = Claim("role") is { } role && Json.Names<Role>().TryGetValue(role, out var known)
            ? Caller.Of(known, Claim("sub"), Claim("institution"), Claim("physician"), Claim("province"))
            : null;
        return new TokenVerdict(caller, Unavailable: false, caller is null ? "claims" : null);

        string? Claim(string name) => token.TryGetPayloadValue<object>(name, out var value) ? value as string : null;
    }

    // The exception's type says why; its message may quote the token.
    private static TokenVerdict Invalid(Exception e) => new(Caller: null, Unavailable: false, e.GetType().Name);

    private static SecurityKey Key(string text)
    {
        if (!text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            var bytes = new byte[text.Length];
            if (!Convert.TryFromBase64String(text, bytes, out var count) || count < MinSymmetricBytes)
                throw new InvalidOperationException($"An entry of Tokens:SigningKeys is neither a PEM public key nor at least {MinSymmetricBytes} bytes in base64.");
            return new SymmetricSecurityKey(bytes[..count]);
        }

        // Environment variables carry line ends as \n.
        var pem = text.Replace("\\n", "\n", StringComparison.Ordinal);
        try
        {
            var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa);
        }
        catch (CryptographicException)
        {
            var ecdsa = ECDsa.Create();
            ecdsa.ImportFromPem(pem);
            return new ECDsaSecurityKey(ecdsa);
        }
    }
}
