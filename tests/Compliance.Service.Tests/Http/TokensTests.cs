using System.Security.Cryptography;
using System.Text;
using Compliance.Service.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Compliance.Service.Tests.Http;

public sealed class TokensTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("a secret for tests, 32 bytes long");
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Time { get; set; } = Now;

        public override DateTimeOffset GetUtcNow() => Time;
    }

    private static readonly Dictionary<string, object> Hospital = new() { ["sub"] = "his", ["role"] = "hospital", ["institution"] = "H110001" };

    private static string Sign(IDictionary<string, object> claims, SecurityKey? key = null, string algorithm = SecurityAlgorithms.HmacSha256, string? issuer = null, string? audience = null, TimeSpan? age = null) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            Issuer = issuer,
            Audience = audience,
            NotBefore = (Now - (age ?? TimeSpan.Zero)).UtcDateTime,
            Expires = (Now - (age ?? TimeSpan.Zero)).UtcDateTime.AddHours(1),
            SigningCredentials = new SigningCredentials(key ?? new SymmetricSecurityKey(Secret), algorithm),
        });

    private static TokenOptions Configured(params string[] keys)
    {
        var options = new TokenOptions();
        foreach (var key in keys.DefaultIfEmpty(Convert.ToBase64String(Secret)))
            options.SigningKeys.Add(key);
        return options;
    }

    private static async Task<Caller?> Validate(string token, TokenOptions? options = null, bool development = false)
    {
        using var tokens = new Tokens(options ?? Configured(), development, new Clock(), NullLogger.Instance);
        return (await tokens.Validate(token, CancellationToken.None)).Caller;
    }

    [Fact]
    public async Task A_good_token_names_its_caller() => (await Validate(Sign(Hospital))).ShouldBe(new Caller(Role.Hospital, "his", "H110001", Physician: null, Province: null));

    [Fact]
    public async Task Expired_early_or_endless_tokens_are_refused()
    {
        (await Validate(Sign(Hospital, age: TimeSpan.FromHours(1.5)))).ShouldBeNull();
        (await Validate(Sign(Hospital, age: TimeSpan.FromHours(-1)))).ShouldBeNull();
        var endless = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = Hospital,
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(Secret), SecurityAlgorithms.HmacSha256),
        });
        (await Validate(endless)).ShouldBeNull();
    }

    [Fact]
    public async Task Another_key_is_refused() => (await Validate(Sign(Hospital, new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))))).ShouldBeNull();

    [Fact]
    public async Task No_algorithm_is_refused()
    {
        var parts = Sign(Hospital).Split('.');
        var none = Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}");
        (await Validate($"{none}.{parts[1]}.")).ShouldBeNull();
        (await Validate($"{none}.{parts[1]}.{parts[2]}")).ShouldBeNull();
        (await Validate($"{parts[0]}.{parts[1]}.")).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("a.b.c")]
    [InlineData("....")]
    public async Task Rubbish_is_refused(string token) => (await Validate(token)).ShouldBeNull();

    [Fact]
    public async Task A_public_key_is_no_hmac_secret()
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportSubjectPublicKeyInfoPem();
        (await Validate(Sign(Hospital, new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha256), Configured(pem))).ShouldNotBeNull();
        (await Validate(Sign(Hospital, new SymmetricSecurityKey(Encoding.ASCII.GetBytes(pem))), Configured(pem))).ShouldBeNull();
        (await Validate(Sign(Hospital, new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha256), Configured(pem.Replace("\n", "\\n", StringComparison.Ordinal)))).ShouldNotBeNull();
    }

    [Fact]
    public async Task Elliptic_keys_are_read()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await Validate(Sign(Hospital, new ECDsaSecurityKey(ecdsa), SecurityAlgorithms.EcdsaSha256), Configured(ecdsa.ExportSubjectPublicKeyInfoPem()))).ShouldNotBeNull();
    }

    [Fact]
    public async Task Issuer_and_audience_are_checked_when_configured()
    {
        var options = Configured();
        (options.Issuer, options.Audience) = ("https://id.example", "compliance");
        (await Validate(Sign(Hospital, issuer: "https://id.example", audience: "compliance"), options)).ShouldNotBeNull();
        (await Validate(Sign(Hospital, issuer: "https://id.example", audience: "other"), options)).ShouldBeNull();
        (await Validate(Sign(Hospital, issuer: "https://other.example", audience: "compliance"), options)).ShouldBeNull();
        (await Validate(Sign(Hospital), options)).ShouldBeNull();
    }

    [Theory]
    [InlineData("hospital", "institution")]
    [InlineData("physician", "physician")]
    [InlineData("regulator", "province")]
    [InlineData("trainingBase", "institution")]
    public async Task A_role_needs_its_claim(string role, string claim)
    {
        var claims = new Dictionary<string, object> { ["sub"] = "x", ["role"] = role, ["institution"] = "H1", ["physician"] = "P1", ["province"] = "11" };
        (await Validate(Sign(claims))).ShouldNotBeNull();
        claims.Remove(claim);
        (await Validate(Sign(claims))).ShouldBeNull();
        claims[claim] = "";
        (await Validate(Sign(claims))).ShouldBeNull();
        claims[claim] = new[] { "11" };
        (await Validate(Sign(claims))).ShouldBeNull();
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("Hospital")]
    [InlineData("0")]
    public async Task Unknown_roles_are_refused(string role) => (await Validate(Sign(new Dictionary<string, object>(Hospital) { ["role"] = role }))).ShouldBeNull();

    [Fact]
    public async Task Somebody_must_be_named() => (await Validate(Sign(new Dictionary<string, object> { ["role"] = "national" }))).ShouldBeNull();

    [Fact]
    public async Task Development_tokens_are_accepted_in_development_only_and_with_its_key()
    {
        var clock = new Clock();
        var caller = new Caller(Role.Regulator, "dev", Institution: null, Physician: null, Province: "11");
        var options = new TokenOptions { DevelopmentKey = Secret };
        using var development = new Tokens(options, development: true, clock, NullLogger.Instance);
        var token = development.Issue(caller);
        (await development.Validate(token, CancellationToken.None)).Caller.ShouldBe(caller);
        (await Validate(token, options)).ShouldBeNull();
        (await Validate(token, new TokenOptions(), development: true)).ShouldBeNull();
        clock.Time += TimeSpan.FromDays(8);
        (await development.Validate(token, CancellationToken.None)).Caller.ShouldBeNull();
    }

    [Fact]
    public void Weak_or_broken_keys_and_an_authority_without_audience_are_refused_at_once()
    {
        Should.Throw<InvalidOperationException>(() => new Tokens(Configured("c2hvcnQ="), development: false, new Clock(), NullLogger.Instance));
        Should.Throw<InvalidOperationException>(() => new Tokens(Configured("not base64!"), development: false, new Clock(), NullLogger.Instance));
        Should.Throw<InvalidOperationException>(() => new Tokens(new TokenOptions { Authority = "https://id.example" }, development: false, new Clock(), NullLogger.Instance));
    }

    [Fact]
    public async Task An_authority_never_reached_is_unavailable_not_invalid()
    {
        using var tokens = new Tokens(new TokenOptions { Authority = "http://127.0.0.1:1", Audience = "compliance" }, development: true, new Clock(), NullLogger.Instance);
        (await tokens.Validate(Sign(Hospital), CancellationToken.None)).Unavailable.ShouldBeTrue();
    }
}
