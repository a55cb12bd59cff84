using System.Text;
using Compliance.Service.Http;

namespace Compliance.Service.Tests.Http;

public sealed class BodyTests
{
    private enum Colour
    {
        Red,
        DarkBlue,
    }

    private const string Good = """
        "text":"a","id":"H110001","flag":true,"number":7,"day":"2026-03-02","instant":"2026-03-02T14:20:00+08:00","choice":"darkBlue","device":"L2401","pseudonym":"b64url","one":{"code":"x"}
        """;

    private static Body Read(string json) => Read(Encoding.UTF8.GetBytes(json));

    private static Body Read(byte[] utf8)
    {
        var body = Body.Parse(utf8);
        var root = body.Root;
        root.Text("text", maxLength: 10);
        root.OptionalText("reason", lines: true);
        root.Id("id");
        root.Flag("flag");
        root.Integer("number", 0, 120);
        root.Day("day");
        root.OptionalDay("otherDay");
        root.Instant("instant");
        root.Choice<Colour>("choice");
        root.DeviceText("device");
        root.OpaqueText("pseudonym");
        root.Object("one").Id("code");
        root.Ids("ids", maxItems: 3);
        foreach (var item in root.Objects("items", maxItems: 3))
            item.Integer("a/b", 1, 9);
        root.OptionalRaw("raw");
        root.OptionalUuid("uuid");
        body.Finish();
        return body;
    }

    private static string[] Told(Body body) => body.Faults.Select(f => $"{f.Pointer} {f.Code}").ToArray();

    private static string With(string property) => $"{{{Good.Trim()},{property}}}";

    private static string Instead(string name, string value) => $"{{{Good.Trim().Replace($"\"{name}\":", $"\"{name}\":{value},\"-{name}\":", StringComparison.Ordinal)}}}";

    [Fact]
    public void A_good_body_has_no_fault() => Told(Read($"{{{Good}}}")).ShouldBeEmpty();

    [Fact]
    public void A_byte_order_mark_is_passed_over() => Told(Read([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($"{{{Good}}}")])).ShouldBeEmpty();

    [Theory]
    [InlineData("text", "null", "/text missing")]
    [InlineData("text", "5", "/text wrongType")]
    [InlineData("text", "[]", "/text wrongType")]
    [InlineData("text", "\"\"", "/text empty")]
    [InlineData("text", "\" \\u3000 \"", "/text empty")]
    [InlineData("text", "\"12345678901\"", "/text tooLong")]
    [InlineData("text", "\"a\\u0000b\"", "/text invalidText")]
    [InlineData("text", "\"a\\u009fb\"", "/text invalidText")]
    [InlineData("text", "\"a\\nb\"", "/text invalidText")]
    [InlineData("text", "\"\\ud800\"", "/text invalidText")]
    [InlineData("text", "\"\\udc00x\"", "/text invalidText")]
    [InlineData("id", "\"a b\"", "/id invalidId")]
    [InlineData("id", "\"\"", "/id empty")]
    [InlineData("id", "\"../x\"", "/id invalidId")]
    [InlineData("id", "\"13800138000\"", "/id personalData")]
    [InlineData("id", "\"11010119900307002X\"", "/id invalidId,/id personalData")]
    [InlineData("flag", "\"true\"", "/flag wrongType")]
    [InlineData("flag", "1", "/flag wrongType")]
    [InlineData("number", "-1", "/number outOfRange")]
    [InlineData("number", "121", "/number outOfRange")]
    [InlineData("number", "99999999999999999999", "/number outOfRange")]
    [InlineData("number", "6.5", "/number wrongType")]
    [InlineData("number", "1e2", "/number wrongType")]
    [InlineData("number", "\"7\"", "/number wrongType")]
    [InlineData("day", "\"2026-02-30\"", "/day invalidDay")]
    [InlineData("day", "\"2026-3-2\"", "/day invalidDay")]
    [InlineData("day", "\"2026-03-02T00:00:00Z\"", "/day invalidDay")]
    [InlineData("day", "\"0001-01-01\"", "/day outOfRange")]
    [InlineData("day", "20260302", "/day wrongType")]
    [InlineData("instant", "\"2026-03-02T14:20:00\"", "/instant invalidInstant")]
    [InlineData("instant", "\"2026-03-02\"", "/instant invalidInstant")]
    [InlineData("instant", "\"2026-02-30T14:20:00Z\"", "/instant invalidInstant")]
    [InlineData("instant", "\"2026-03-02T25:20:00Z\"", "/instant invalidInstant")]
    [InlineData("instant", "\"2026-03-02T14:20:00+25:00\"", "/instant invalidInstant")]
    [InlineData("instant", "\"9999-12-31T23:59:59-10:00\"", "/instant invalidInstant,/instant outOfRange")]
    [InlineData("instant", "1772432400", "/instant wrongType")]
    [InlineData("choice", "\"blue\"", "/choice unknownValue")]
    [InlineData("choice", "\"DarkBlue\"", "/choice unknownValue")]
    [InlineData("choice", "\"1\"", "/choice unknownValue")]
    [InlineData("choice", "0", "/choice wrongType")]
    [InlineData("one", "[]", "/one wrongType")]
    [InlineData("one", "null", "/one missing")]
    public void A_bad_value_is_named(string name, string value, string allowed)
    {
        var told = Told(Read(Instead(name, value))).Where(t => !t.Contains("/-", StringComparison.Ordinal) && !t.EndsWith("unknownProperty", StringComparison.Ordinal)).ToArray();
        told.Length.ShouldBe(1);
        allowed.Split(',').ShouldContain(told[0]);
    }

    [Theory]
    [InlineData("\"ids\":\"a\"", "/ids wrongType")]
    [InlineData("\"ids\":[\"a\",5]", "/ids/1 wrongType")]
    [InlineData("\"ids\":[\"a\",null]", "/ids/1 wrongType")]
    [InlineData("\"ids\":[\"a\",\"b\",\"c\",\"d\"]", "/ids tooMany")]
    [InlineData("\"items\":[{\"a/b\":0}]", "/items/0/a~1b outOfRange")]
    [InlineData("\"items\":[{\"a/b\":1},{}]", "/items/1/a~1b missing")]
    [InlineData("\"items\":[{\"a/b\":1,\"c\":2}]", "/items/0/c unknownProperty")]
    [InlineData("\"items\":{}", "/items wrongType")]
    [InlineData("\"unknown\":1", "/unknown unknownProperty")]
    [InlineData("\"__proto__\":{\"a\":1}", "/__proto__ unknownProperty")]
    [InlineData("\"text\":\"b\"", "/text duplicateProperty")]
    [InlineData("\"\\ud800\":1", " invalidText")]
    [InlineData("\"raw\":{\"a\":{\"b\":1,\"b\":2}}", "/raw/a/b duplicateProperty")]
    [InlineData("\"raw\":[\"a\",\"tel 138 0013 8000\"]", "/raw/1 personalData")]
    [InlineData("\"raw\":{\"13800138000\":1}", "/raw personalData")]
    [InlineData("\"raw\":\"\\u0000\"", "/raw invalidText")]
    [InlineData("\"uuid\":\"5\"", "/uuid invalidUuid")]
    [InlineData("\"13800138000\":1", " personalData")]
    [InlineData("\"张三\":1", " unknownProperty")]
    [InlineData("\"reason\":\"a\\u0007\"", "/reason invalidText")]
    [InlineData("\"reason\":\"\\ufeff110101 19900307 002X\"", "/reason personalData")]
    public void What_is_added_is_named(string property, string told) => Told(Read(With(property))).ShouldBe(told.Length == 0 ? [] : [told]);

    [Fact]
    public void One_answer_names_every_fault() => Told(Read("""{"text":5,"number":-1,"day":"2026-02-30","one":{"code":""},"items":[{"a/b":0},7]}""")).ShouldBe(
    [
        "/text wrongType", "/id missing", "/flag missing", "/number outOfRange", "/day invalidDay", "/instant missing", "/choice missing", "/device missing", "/pseudonym missing",
        "/one/code empty", "/items/1 wrongType", "/items/0/a~1b outOfRange",
    ]);

    [Theory]
    [InlineData("", "emptyBody")]
    [InlineData("{", "invalidJson")]
    [InlineData("{}{}", "invalidJson")]
    [InlineData("{\"a\":1,}", "invalidJson")]
    [InlineData("{'a':1}", "invalidJson")]
    [InlineData("{\"a\":NaN}", "invalidJson")]
    [InlineData("{\"a\":\"\u0001\"}", "invalidJson")]
    [InlineData("// c\n{}", "invalidJson")]
    [InlineData("[]", "wrongType")]
    [InlineData("null", "wrongType")]
    [InlineData("\"a\"", "wrongType")]
    public void A_broken_body_is_one_fault_at_its_root(string json, string code) => Told(Read(json)).ShouldBe([$" {code}"]);

    [Fact]
    public void Bad_utf8_is_told_with_its_place()
    {
        var fault = Read([(byte)'{', (byte)'"', 0xC3, 0x28, (byte)'"', (byte)'}']).Faults.ShouldHaveSingleItem();
        fault.Code.ShouldBe("invalidUtf8");
        fault.Args.ShouldBe([3]);
    }

    [Fact]
    public void A_syntax_error_is_told_with_line_and_byte_and_nothing_else() => Read("{\n  \"a\": tel13800138000}").Faults.ShouldHaveSingleItem().Args.ShouldBe([2L, 9L]);

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Nesting_is_bounded(char open, char close)
    {
        var inner = open == '{' ? "{\"a\":" : "[";
        Told(Read($"{{\"raw\":{string.Concat(Enumerable.Repeat(inner, 100_000))}")).ShouldBe([" tooDeep"]);
        var deepest = string.Concat(Enumerable.Repeat(inner, Body.MaxDepth - 1)) + "1" + new string(close, Body.MaxDepth - 1);
        Told(Read(With($"\"raw\":{deepest}"))).ShouldBeEmpty();
    }

    [Fact]
    public void Brackets_within_text_are_no_nesting() => Told(Read(With($"\"raw\":\"{new string('[', 100)}\\\"{new string('{', 100)}\""))).ShouldBeEmpty();

    [Fact]
    public void Faults_of_one_answer_are_bounded() =>
        Read($"{{{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"x{i}\":1"))}}}").Faults.Count.ShouldBe(Body.MaxFaults);

    [Theory]
    [InlineData("nubmer", "number")]
    [InlineData("Text", "text")]
    [InlineData("instants", "instant")]
    [InlineData("completelyDifferent", null)]
    public void A_misspelt_name_is_told_the_nearest(string name, string? nearest) =>
        Read(With($"\"{name}\":1")).Faults.ShouldHaveSingleItem().Args.ShouldBe(nearest is null ? [] : [nearest]);

    [Fact]
    public void Defaults_are_harmless()
    {
        var root = Body.Parse("{}"u8.ToArray()).Root;
        root.Day("day").AddYears(-1).Year.ShouldBe(1999);
        root.Instant("instant").AddYears(-1).Year.ShouldBe(1999);
        root.Object("one").Object("two").Text("three").ShouldBe("");
    }

    [Theory]
    [InlineData("2026-03-02T14:20:00Z", "2026-03-02T14:20:00.0000000+00:00")]
    [InlineData("2026-03-02t14:20:00.5z", "2026-03-02T14:20:00.5000000+00:00")]
    [InlineData("2026-03-02T14:20:00.123456789+08:00", "2026-03-02T14:20:00.1234560+08:00")]
    public void Instants_keep_their_offset_and_microseconds(string text, string expected)
    {
        var body = Body.Parse(Encoding.UTF8.GetBytes($"{{\"at\":\"{text}\"}}"));
        body.Root.Instant("at").ToString("O").ShouldBe(expected);
        body.Finish().ShouldBeTrue();
    }

    [Fact]
    public void Values_are_read()
    {
        var body = Body.Parse("""{"t":"张","i":-3,"c":"darkBlue","l":["a","b"],"d":"2024-02-29","n":null,"days":["2026-01-01"]}"""u8.ToArray());
        body.Root.Text("t").ShouldBe("张");
        body.Root.Integer("i", -5, 5).ShouldBe(-3);
        body.Root.Choice<Colour>("c").ShouldBe(Colour.DarkBlue);
        body.Root.Texts("l").ShouldBe(["a", "b"]);
        body.Root.Day("d").ShouldBe(new DateOnly(2024, 2, 29));
        body.Root.OptionalText("n").ShouldBeNull();
        body.Root.OptionalInteger("absent", 0, 1).ShouldBeNull();
        body.Root.Days("days").ShouldBe([new DateOnly(2026, 1, 1)]);
        body.Finish().ShouldBeTrue();
    }
}
