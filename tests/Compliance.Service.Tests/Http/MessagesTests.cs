using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Compliance.Devices;
using Compliance.Service.Devices;
using Compliance.Service.Http;
using Microsoft.AspNetCore.Http;

namespace Compliance.Service.Tests.Http;

public sealed partial class MessagesTests
{
    private static HttpContext Asking(string? acceptLanguage, string path = "/api/v1/cases")
    {
        var http = new DefaultHttpContext { Request = { Path = path } };
        if (acceptLanguage is not null)
            http.Request.Headers.AcceptLanguage = acceptLanguage;
        return http;
    }

    [Fact]
    public void Every_code_has_both_sentences_with_the_same_arguments()
    {
        foreach (var (code, sentence) in Messages.Table)
        {
            sentence.En.ShouldNotBeNullOrWhiteSpace(code);
            sentence.Zh.ShouldNotBeNullOrWhiteSpace(code);
            sentence.Zh.Any(c => c > 0x4E00).ShouldBeTrue(code);
            Placeholders(sentence.Zh).ShouldBe(Placeholders(sentence.En), code);
        }
    }

    /// <summary>Every code in the service's sources stands in the table; a code made up at an endpoint is found here.</summary>
    [Fact]
    public void Every_code_used_has_a_sentence()
    {
        var used = Directory.EnumerateFiles(Sources(), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .SelectMany(f => Codes().Matches(File.ReadAllText(f)))
            .SelectMany(m => m.Groups["code"].Captures.Select(c => c.Value))
            .Distinct()
            .ToList();
        used.Count.ShouldBeGreaterThan(20);
        used.Where(c => !Messages.Table.ContainsKey(c)).ShouldBeEmpty();
    }

    /// <summary>The same of refusals, which the domain decides.</summary>
    [Fact]
    public void Every_refusal_has_a_sentence()
    {
        var used = new[] { Sources(), Path.Combine(Sources(), "..", "Compliance") }
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .SelectMany(f => Refusals().Matches(File.ReadAllText(f)))
            .Select(m => m.Groups["code"].Value)
            .Distinct()
            .ToList();
        used.Count.ShouldBeGreaterThan(40);
        used.Where(c => !Messages.Table.ContainsKey(c)).ShouldBeEmpty();
    }

    /// <summary>What is wrong with a UDI is told with its place, and the identifier where the standard names it.</summary>
    [Fact]
    public void Every_fault_of_a_UDI_has_a_sentence()
    {
        UdiFault.Codes.Where(c => !Messages.Table.ContainsKey(c)).ShouldBeEmpty();
        foreach (var text in new[] { "", "]E00690123456789", "x", "(01)0690123456789", "(01)069012345678921", "(01)0690123456789x", "(01)06901234567892(10)a b", "(01)06901234567893", "(01)06901234567892(17)261301", "(10)a(10)b", "(10)a", "123", "(99999)1", "(77)1" })
        {
            var fault = Udi.Parse(text, new(2026, 3, 10)).Fault.ShouldNotBeNull(text);
            Messages.Of(Language.English, fault.Code, UdiFaults.ArgsOf(fault)).ShouldNotContain("{");
        }
    }

    [Fact]
    public void A_code_without_a_sentence_is_still_answered() => Messages.Of(Language.English, "noSuchCode", "x").ShouldBe("noSuchCode");

    [Theory]
    [InlineData(null, Language.English)]
    [InlineData("zh-CN", Language.Chinese)]
    [InlineData("zh", Language.Chinese)]
    [InlineData("zh-Hans-CN,zh;q=0.9,en;q=0.8", Language.Chinese)]
    [InlineData("en-US,en;q=0.9,zh-CN;q=0.8", Language.English)]
    [InlineData("en;q=0.5,zh-CN;q=0.8", Language.Chinese)]
    [InlineData("fr,de;q=0.5", Language.English)]
    [InlineData("fr,zh;q=0.1", Language.Chinese)]
    [InlineData("*", Language.English)]
    [InlineData("zh;q=0,*", Language.English)]
    [InlineData("en;q=0,*", Language.Chinese)]
    [InlineData("zh, en", Language.Chinese)]
    [InlineData("en, zh", Language.English)]
    [InlineData("zhx", Language.English)]
    [InlineData(";;;q=,", Language.English)]
    public void The_preferred_language_is_chosen(string? header, Language language) => Messages.Preferred(Asking(header)).ShouldBe(language);

    [Fact]
    public void A_problem_is_told_in_the_callers_language()
    {
        var problem = Problem.Invalid(Asking("zh-CN"), new Fault("/text", "tooLong", 10), new Fault("/number", "wrongType", new Term("integer"))).Document;
        problem.Title.ShouldBe("请求有误");
        problem.Type.ShouldBe("urn:compliance:problem:invalid");
        problem.Instance.ShouldBe("/api/v1/cases");
        problem.Errors!.Select(e => e.Message).ShouldBe(["超过 10 个字符。", "类型应为整数。"]);
    }

    [Fact]
    public void What_was_refused_for_privacy_is_not_told_again()
    {
        foreach (var json in new[] { "{\"text\":\"tel 13800138000\"}", "{\"13800138000\":{\"13800138000\":1}}", "{\"id\":\"13800138000\"}", "{\"x13800138000y\":1,\"x13800138000y\":1}", "{\"choice\":\"13800138000\",\"day\":\"13800138000\",\"instant\":\"13800138000\"}", "{\"raw\":{\"13800138000\":\"13800138000\"}}", "{13800138000" })
        {
            var body = Body.Parse(System.Text.Encoding.UTF8.GetBytes(json));
            body.Root.OptionalText("text");
            body.Root.OptionalId("id");
            body.Root.OptionalChoice<Role>("choice");
            body.Root.OptionalDay("day");
            body.Root.OptionalInstant("instant");
            body.Root.OptionalRaw("raw");
            foreach (var language in new[] { "en", "zh-CN" })
            {
                var problem = body.Refused(Asking(language, "/api/v1/institutions/13800138000")).ShouldNotBeNull();
                JsonSerializer.Serialize(problem.Document, Json.Options).ShouldNotContain("13800138000");
            }
        }
    }

    private static string[] Placeholders(string sentence) => Placeholder().Matches(sentence).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal).ToArray();

    private static string Sources([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "src", "Compliance.Service");

    [GeneratedRegex(@"\{\d\}", RegexOptions.None, 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex("""\bRefusal\.(?:Conflict|NotFound|Invalid)\("(?<code>[a-z][A-Za-z]*)"(?! ?\+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Refusals();

    // new Fault(pointer, "code" · .Fault("name", "code" · Problem.Refused(http, "code" · Problem.Of(http, 404, "code" · Add(name, "code"
    [GeneratedRegex("""(?:new (?:Http\.)?Fault\([^;"]*(?:"[^"]*"[^;"]*)?, |\b(?:Path)?Fault\(\s*(?:null|"[^"]*"|\w+), |Problem\.Refused\(\w+, |Problem\.(?:Of|With)\(\w+, \d+, |(?<!\.)\bAdd\((?:\w+|"[^"]*"), )"(?<code>[a-z][A-Za-z]*)"(?! ?\+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Codes();
}
