using System.CommandLine;

namespace Compliance.Service.Client;

/// <summary>Whose figures are asked for: named, or the token's own.</summary>
internal sealed class SubjectOptions
{
    private readonly Option<string?> _institution = new("--institution") { HelpName = "ID", Description = "Of this institution. Default: the token's, of a hospital." };
    private readonly Option<string?> _physician = new("--physician") { HelpName = "ID", Description = "Of this physician, over all institutions. Default: the token's, of a physician." };

    public void AddTo(Command command)
    {
        command.Add(_institution);
        command.Add(_physician);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_institution) is not null && result.GetValue(_physician) is not null)
                result.AddError("--institution or --physician, not both.");
        });
    }

    public bool Named(ParseResult parsed) => parsed.GetValue(_institution) is not null || parsed.GetValue(_physician) is not null;

    public bool Given(System.CommandLine.Parsing.SymbolResult result) => result.GetResult(_institution) is not null || result.GetResult(_physician) is not null;

    /// <summary>Null when neither the command nor the token says.</summary>
    public string? PathOf(Asked asked)
    {
        var named = Named(asked.Parsed);
        var institution = named ? asked.Parsed.GetValue(_institution) : asked.Who.Role == "hospital" ? asked.Who.Institution : null;
        var physician = named ? asked.Parsed.GetValue(_physician) : asked.Who.Role == "physician" ? asked.Who.Physician : null;
        return institution is not null ? $"/api/v1/institutions/{Uri.EscapeDataString(institution)}"
            : physician is not null ? $"/api/v1/physicians/{Uri.EscapeDataString(physician)}"
            : null;
    }
}
