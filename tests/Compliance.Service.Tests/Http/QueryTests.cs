using Compliance.Service.Http;
using Microsoft.AspNetCore.Http;

namespace Compliance.Service.Tests.Http;

public sealed class QueryTests
{
    private static HttpContext Request(string query) => new DefaultHttpContext { Request = { QueryString = new QueryString(query) } };

    private static string[] Told(string query)
    {
        var read = Query.Of(Request(query));
        read.OptionalText("institution");
        read.OptionalDay("asOf");
        read.OptionalInstant("knownAt");
        read.OptionalChoice<Role>("role");
        read.Limit();
        read.Cursor(keys: 2);
        read.Position();
        read.Flag("flag");
        read.Done();
        return read.Faults.Select(f => $"{f.Pointer} {f.Code}").ToArray();
    }

    [Theory]
    [InlineData("")]
    [InlineData("?institution=H110001&asOf=2026-06-30&role=trainingBase&limit=500&minPosition=91234&flag=true")]
    [InlineData("?knownAt=2026-03-02T14:20:00%2B08:00")]
    [InlineData("?knownAt=2026-03-02T14:20:00+08:00")]
    public void Good_queries(string query) => Told(query).ShouldBeEmpty();

    [Theory]
    [InlineData("?asof=2026-06-30", "query:asof unknownParameter")]
    [InlineData("?AsOf=2026-06-30", "query:AsOf unknownParameter")]
    [InlineData("?asOf=2026-06-30&asOf=2026-06-29", "query:asOf repeatedParameter")]
    [InlineData("?asOf=2026-02-30", "query:asOf invalidDay")]
    [InlineData("?asOf=0001-01-01", "query:asOf outOfRange")]
    [InlineData("?asOf=", "query:asOf empty")]
    [InlineData("?knownAt=2026-03-02", "query:knownAt invalidInstant")]
    [InlineData("?role=Hospital", "query:role unknownValue")]
    [InlineData("?limit=0", "query:limit outOfRange")]
    [InlineData("?limit=501", "query:limit outOfRange")]
    [InlineData("?limit=ten", "query:limit wrongType")]
    [InlineData("?limit=-", "query:limit wrongType")]
    [InlineData("?limit=99999999999999999999", "query:limit outOfRange")]
    [InlineData("?minPosition=-1", "query:minPosition outOfRange")]
    [InlineData("?cursor=%21%21", "query:cursor invalidCursor")]
    [InlineData("?cursor=WyJhIl0", "query:cursor invalidCursor")]
    [InlineData("?cursor=W251bGwsbnVsbF0", "query:cursor invalidCursor")]
    [InlineData("?flag=yes", "query:flag wrongType")]
    [InlineData("?institution=13800138000", "query:institution personalData")]
    [InlineData("?institution=a%00b", "query:institution invalidText")]
    [InlineData("?13800138000=1", "query: personalData")]
    public void Bad_queries(string query, string told) => Told(query).ShouldBe([told]);

    [Fact]
    public void Required_ones_are_missing_once()
    {
        var query = Query.Of(Request("?b=2026-02-30"));
        query.Text("a");
        query.Day("b");
        query.Day("c");
        query.Choice<Role>("d");
        query.Faults.Select(f => $"{f.Pointer} {f.Code}").ShouldBe(["query:a missing", "query:b invalidDay", "query:c missing", "query:d missing"]);
    }

    [Theory]
    [InlineData("H110001", null)]
    [InlineData("a b", "path:id invalidId")]
    [InlineData("%ff", "path:id invalidId")]
    [InlineData("13800138000", "path:id personalData")]
    public void Identifiers_in_the_path_are_read_as_strictly(string id, string? told)
    {
        var http = Request("");
        http.Request.RouteValues["id"] = id;
        var query = Query.Of(http);
        query.PathId("id").ShouldBe(told is null ? id : "");
        query.Faults.Select(f => $"{f.Pointer} {f.Code}").ShouldBe(told is null ? [] : [told]);
    }

    [Fact]
    public void A_cursor_reads_back_as_its_keys() =>
        Query.Of(Request($"?cursor={Page.Cursor("H1", "张/+=")}")).Cursor(keys: 2).ShouldBe(["H1", "张/+="]);
}
