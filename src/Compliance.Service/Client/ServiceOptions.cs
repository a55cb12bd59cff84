using System.CommandLine;
using Compliance.Service.Http;

namespace Compliance.Service.Client;

/// <summary>Which service a command speaks to, as whom, and in which language.</summary>
internal sealed class ServiceOptions
{
    public const string UrlVariable = "COMPLIANCE_URL";
    public const string TokenVariable = "COMPLIANCE_TOKEN";

    /// <summary>Where a service listens, and is looked for, unless told otherwise.</summary>
    public const string DefaultUrl = "http://127.0.0.1:8080";

    private readonly Option<string?> _url = new("--url") { HelpName = "URL", Description = $"The service. Default: {UrlVariable} of the environment, or {DefaultUrl}." };
    private readonly Option<string?> _token = new("--token") { HelpName = "TOKEN", Description = $"The bearer token. Default: {TokenVariable} of the environment, which others on this machine do not see." };
    private readonly Option<string?> _language = new("--language") { HelpName = "en|zh-CN", Description = "Of messages and headings. Default: that of the environment (LANG)." };

    public ServiceOptions()
    {
        _language.AcceptOnlyFromAmong(Messages.Tag(Language.English), Messages.Tag(Language.Chinese));
        _url.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && UrlOf(token.Value) is null)
                result.AddError($"--url is the address of a service, such as {DefaultUrl}.");
        });
    }

    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_token);
        command.Add(_language);
    }

    public (Uri Url, string? Token, Language Language) Of(ParseResult parsed)
    {
        var language = parsed.GetValue(_language) ?? Environment.GetEnvironmentVariable("LC_ALL") ?? Environment.GetEnvironmentVariable("LANG") ?? "";
        return (
            UrlOf(parsed.GetValue(_url) ?? Environment.GetEnvironmentVariable(UrlVariable) ?? DefaultUrl) ?? new Uri(DefaultUrl),
            parsed.GetValue(_token) ?? Environment.GetEnvironmentVariable(TokenVariable),
            language.StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? Language.Chinese : Language.English);
    }

    private static Uri? UrlOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
}
