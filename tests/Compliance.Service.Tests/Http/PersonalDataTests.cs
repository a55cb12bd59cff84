using Compliance.Service.Http;

namespace Compliance.Service.Tests.Http;

/// <summary>All numbers here are made up; the identity-card numbers are those of the standard's and the trade's examples.</summary>
public sealed class PersonalDataTests
{
    [Theory]
    // identity cards
    [InlineData("11010519491231002X")]
    [InlineData("11010519491231002x")]
    [InlineData("440524188001010014", false)] // born in 1880: nobody alive, and the year is not plausible
    [InlineData("患者身份证11010519491231002X，已核对")]
    [InlineData("ID:11010519491231002X.")]
    [InlineData("110105 19491231 002X")]
    [InlineData("110105-19491231-002X")]
    [InlineData("1101 0519 4912 3100 2X")]
    [InlineData("１１０１０５１９４９１２３１００２Ｘ")]
    [InlineData("110105\u200b19491231\u200b002X")]
    [InlineData("110105194912310021", false)] // wrong check digit
    [InlineData("11010519491331002X", false)] // month 13
    [InlineData("1110105194912310020", false)] // 19 digits
    [InlineData("110105491231002")] // the old form
    [InlineData("110105491331002", false)]
    [InlineData("202600001234567", false)] // no region 20
    [InlineData("no 5 11010519491231002X")]
    // mobile numbers
    [InlineData("13800138000")]
    [InlineData("tel13800138000x")]
    [InlineData("联系13800138000家属")]
    [InlineData("138 0013 8000")]
    [InlineData("138-0013-8000")]
    [InlineData("138 00138000")]
    [InlineData("1380013 8000")]
    [InlineData("1-3-8-0-0-1-3-8-0-0-0")]
    [InlineData("+8613800138000")]
    [InlineData("+86 138 0013 8000")]
    [InlineData("(+86)13800138000")]
    [InlineData("0086-13800138000")]
    [InlineData("8613800138000")]
    [InlineData("013800138000")]
    [InlineData("１３８００１３８０００")]
    [InlineData("١٣٨٠٠١٣٨٠٠٠")] // Arabic-Indic digits
    [InlineData("138\u201000138000")]
    [InlineData("13800138000 13900139000")]
    [InlineData("1.13800138000")]
    [InlineData("12800138000", false)]
    [InlineData("138001380001", false)]
    [InlineData("2138001380001", false)]
    [InlineData("1380013800", false)]
    // landlines
    [InlineData("010-62345678")]
    [InlineData("(010)62345678")]
    [InlineData("（010）6234 5678")]
    [InlineData("01062345678")]
    [InlineData("021 6234 5678")]
    [InlineData("0755-2345678")]
    [InlineData("075523456789")]
    [InlineData("+86 10 62345678")]
    [InlineData("+86-755-23456789")]
    [InlineData("电话：010-62345678转123")]
    // names that say so
    [InlineData("姓名：张三")]
    [InlineData("患者姓名为张三")]
    [InlineData("Patient name: Zhang San")]
    [InlineData("姓名不详", false)]
    // what is none of these
    [InlineData("2026-000123", false)]
    [InlineData("20260000123456", false)]
    [InlineData("2026-03-02T14:20:00+08:00", false)]
    [InlineData("2026-03-02 14:20, 2026-03-09", false)]
    [InlineData("20260302-0001", false)]
    [InlineData("2026-0312-4567890", false)]
    [InlineData("138-20260302", false)]
    [InlineData("I60.1", false)]
    [InlineData("39.7201, 88.4101", false)]
    [InlineData("NV-ANEURYSM-COIL", false)]
    [InlineData("CI-L3-05", false)]
    [InlineData("H110001", false)]
    [InlineData("06901234567892", false)]
    [InlineData("国械注准20193130001", false)]
    [InlineData("血压 180/120 mmHg, 造影剂 150 ml", false)]
    [InlineData("BP 180 120 110 90", false)]
    [InlineData("00000123456", false)]
    [InlineData("Bleeding after 3 days, no surgery.", false)]
    [InlineData("", false)]
    public void Is_found_in_text(string text, bool found = true) => PersonalData.Found(text).ShouldBe(found);

    [Theory]
    [InlineData("(01)06901234567892", false)]
    [InlineData("(01)06901234567892(17)270302(10)13800138000(21)13900139000", false)]
    [InlineData("01069012345678921727030210L2401", false)]
    [InlineData("13800138000", false)]
    [InlineData("L13800138000", false)]
    [InlineData("138-0013-8000", false)]
    [InlineData("01062345678", false)]
    [InlineData("国械注准20193130001", false)]
    [InlineData("S0009", false)]
    [InlineData("110105491231002", false)] // fifteen digits without a check digit: a maker's serial
    [InlineData("+86 13800138000")]
    [InlineData("138 0013 8000")]
    [InlineData("电话13800138000")]
    [InlineData("Tel: 010-62345678")]
    [InlineData("11010519491231002X")]
    [InlineData("(01)06901234567892(21)11010519491231002X")]
    // A wristband scanned instead of the device: AI 7250 to 7259 are a person's birth, sex and name, 8018 his number (GS1 General Specifications, section 3).
    [InlineData("(01)06901234567892(7253)Wang")]
    [InlineData("（８０１８）395212345678901232")]
    [InlineData("x(7256)Wang")]
    [InlineData("]d28018395212345678901232\u001d7254Wei")]
    [InlineData("010690123456789210L1\u001d725019490131")]
    [InlineData("(01)06901234567892(10)7253(21)8018", false)]
    [InlineData("0106901234567892107253Wang", false)] // a lot
    public void Device_fields_are_read_more_narrowly(string text, bool found = true) => PersonalData.FoundInDevice(text).ShouldBe(found);

    [Theory]
    [InlineData("b64url", false)]
    [InlineData("13800138000", true)]
    [InlineData("11010519491231002X", true)]
    [InlineData("a3f13800138000b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6", false)]
    [InlineData("a3f-11010519491231002X-c9d0e1f2a3b4c5d6e7f8", true)]
    public void A_digest_may_hold_eleven_digits_by_chance(string text, bool found) => PersonalData.FoundInOpaque(text).ShouldBe(found);

    [Fact]
    public void No_text_makes_it_slow()
    {
        foreach (var part in new[] { "1 ", "13 ", "0-", "138-", "(0", "+86 ", "姓名 " })
            PersonalData.Found(string.Concat(Enumerable.Repeat(part, 20_000))).ShouldBe(false, part);
    }
}
