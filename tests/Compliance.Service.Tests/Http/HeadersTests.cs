using Compliance.Service.Http;
using Microsoft.AspNetCore.Http;

namespace Compliance.Service.Tests.Http;

public sealed class HeadersTests
{
    private static HttpContext With(string name, params string[] values)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers[name] = values;
        return http;
    }

    [Theory]
    [InlineData("\"12\"", 12, true)]
    [InlineData("\"11\"", 12, false)]
    [InlineData("\"11\", \"12\"", 12, true)]
    [InlineData("*", 12, true)]
    [InlineData("W/\"12\"", 12, false)]
    [InlineData("\"abc\"", 12, false)]
    [InlineData("\"-12\"", 12, false)]
    public void If_match_admits(string header, long version, bool admitted)
    {
        var (expected, refusal) = ETags.IfMatch(With("If-Match", header));
        refusal.ShouldBeNull();
        expected.ShouldNotBeNull();
        expected.Admits(version).ShouldBe(admitted);
    }

    [Theory]
    [InlineData("12")]
    [InlineData("\"12")]
    [InlineData("")]
    public void If_match_that_is_none_is_refused(string header) => ETags.IfMatch(With("If-Match", header)).Refusal!.Document.Errors!.Single().Code.ShouldBe("invalidIfMatch");

    [Fact]
    public void Without_if_match_any_version_will_do() => ETags.IfMatch(new DefaultHttpContext()).Expected.Admits(5).ShouldBeTrue();

    [Fact]
    public void A_moved_version_is_412_and_says_which() => ETags.Moved(new DefaultHttpContext(), 7).Document.Status.ShouldBe(412);

    [Fact]
    public void Keys_are_printable_and_bounded()
    {
        Idempotency.KeyOf(new DefaultHttpContext()).ShouldBe((null, null));
        Idempotency.KeyOf(With(Idempotency.Header, "0190f3c2-5a7b-7c1d-8e2f-13800138000a")).Key.ShouldBe("0190f3c2-5a7b-7c1d-8e2f-13800138000a");
        Idempotency.KeyOf(With(Idempotency.Header, new string('k', 128))).Key.ShouldNotBeNull();
        foreach (var bad in new[] { "", " ", new string('k', 129), "a\u0007", "é" })
            Idempotency.KeyOf(With(Idempotency.Header, bad)).Refusal!.Document.Status.ShouldBe(400);
        Idempotency.KeyOf(With(Idempotency.Header, "a", "b")).Refusal.ShouldNotBeNull();
    }
}
